# Paths: the name by which annotations and foreign attributes know each element of a model.
# Section 14.2.2 of CSDL 4.01, where `Shop.Product/Name` is a property, `Shop.Container/Products` a set,
# `Shop.Near(Edm.Double)` an overload and `Shop.Near(Edm.Double)/km` its parameter. What the section has no name for
# gets one that begins with a dollar sign: `Shop/$Schema`, `Shop.Product/Category/$OnDelete`.

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .container import Operation, OperationImport
from .types import EnumType, StructuredType

if TYPE_CHECKING:
    from .model import Model


def schema_path(namespace: str) -> str:
    """The target of a schema's own annotations."""
    return f"{namespace}/$Schema"


def return_path(operation: str) -> str:
    """The target of what an operation returns; `operation` is the path of an overload."""
    return f"{operation}/$ReturnType"


def constraint_path(navigation: str, dependent: str) -> str:
    """The target of one pair of a referential constraint; `navigation` is the path of the navigation property."""
    return f"{navigation}/$ReferentialConstraint/{dependent}"


def deletion_path(navigation: str) -> str:
    """The target of what happens on delete."""
    return f"{navigation}/$OnDelete"


def member_path(enumeration: str, member: str) -> str:
    """The target of a member of an enumeration type."""
    return f"{enumeration}/{member}"


def operation_path(operation: Operation) -> str:
    """The path of one overload: an action is told by its binding parameter, a function by all (12.2, 12.4)."""
    told_by = operation.parameters if operation.is_function else operation.parameters[: operation.is_bound]
    return f"{operation.qualified_name}({','.join([parameter.type_name for parameter in told_by])})"


def child_path(model: Model, name: str) -> str:
    """The path of an entity set, singleton or import of whichever container."""
    container, dot, last = name.rpartition(".")
    return f"{model.containers.get(container, container) if dot else model.default_container}/{last}"


def paths_of(model: Model) -> Iterator[tuple[object, str]]:
    """Every element of a model that an annotation can be about, with its path."""
    for kind in model.types.values():
        yield kind, kind.qualified_name
        yield from _members(kind) if not isinstance(kind, EnumType) else ()
    for definition in model.type_definitions.values():
        yield definition, definition.qualified_name
    for term in model.terms.values():
        yield term, term.qualified_name
    for operation in (one for overloads in model.operations.values() for one in overloads):
        path = operation_path(operation)
        yield operation, path
        for parameter in operation.parameters:
            yield parameter, f"{path}/{parameter.name}"
        if operation.returns is not None:
            yield operation.returns, return_path(path)
    imports: dict[str, OperationImport] = dict(model.imports)
    for children in (model.entity_sets, model.singletons, imports):
        for name, child in children.items():
            yield child, child_path(model, name)


def _members(kind: StructuredType) -> Iterator[tuple[object, str]]:
    for members in (kind.own_properties, kind.own_navigation):
        for name, member in members.items():
            yield member, f"{kind.qualified_name}/{name}"
