# Containers of CSDL 1.0 to 3.0 as elements, and what has a type within function imports. Sections are those of
# [MC-CSDL]. Operations of a model are function imports; bound ones are in the container whose namespace they have.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..edm import Operation, OperationImport, Parameter, PrimitiveType, ReturnType
from ..edm.paths import child_path, return_path
from ..records import record
from .associations import Associations
from .markup import Element
from .writing import Parts, Writing, flag

URL_CONVENTIONS: Final = "Com.Microsoft.Data.Services.Conventions.V1.UrlConventions"


@record
class Wishes:
    """What a caller wants besides the document of the model as it is."""

    key_as_segment: bool
    strict: bool
    imports_by_method: bool  # version 2 tells operations by the verb that calls them, and has no bound ones


def typed_of(writing: Writing, typed: Any) -> dict[str, str | None] | None:
    """Type and facets, with those of type definitions, which version 3 has not; None where it has no such type."""
    kind = typed.type
    name = kind.name if isinstance(kind, PrimitiveType) else kind.qualified_name
    try:
        here = writing.type_name(f"Collection({name})" if typed.is_collection else name)
    except ValueError:
        return None
    known = kind.facets if isinstance(kind, PrimitiveType) else frozenset()
    return {"Type": here, **writing.facets({name: value for name, value in typed.facets.items() if name in known})}


def write_parameters(writing: Writing, parent: Element, parameters: Iterable[Parameter], path: str) -> None:
    """<Parameter Name Type Nullable (facets)>* (2.1.21)"""
    for parameter in parameters:
        typed = typed_of(writing, parameter)
        if typed is None:
            writing.wrong.append(f"{writing.language.name} cannot say the parameter '{path}/{parameter.name}'.")
            continue
        required = "false" if not parameter.nullable and not parameter.is_collection else None
        kind = typed.pop("Type")
        element = parent.add("Parameter", Name=parameter.name, Type=kind, Nullable=required, **typed)
        writing.beside(element, f"{path}/{parameter.name}")
        if parameter.is_optional:
            writing.lost.append(f"Version 3 has no optional parameters, as '{path}/{parameter.name}' is.")


def write_return(writing: Writing, parent: Element, returns: ReturnType, path: str) -> None:
    """The attribute ReturnType, or an element where there are facets or something is said about it (2.1.20)"""
    typed = typed_of(writing, returns)
    if typed is None:
        writing.wrong.append(f"{writing.language.name} cannot say the result '{path}'.")
        return
    required = "false" if not returns.nullable and not returns.is_collection else None
    alone = not returns.facets and required is None and path not in writing.model.foreign
    if alone and path not in writing.model.annotations:
        parent.attributes["ReturnType"] = str(typed["Type"])
        return
    kind = typed.pop("Type")
    writing.beside(parent.add("ReturnType", Type=kind, Nullable=required, **typed), path)


class Containers:
    """The containers of a schema."""

    def __init__(
        self,
        writing: Writing,
        schema: Element,
        namespace: str,
        parts: Parts,
        associations: Associations,
        wishes: Wishes,
    ) -> None:
        self.writing = writing
        self.model = writing.model
        self.schema = schema
        self.namespace = namespace
        self.parts = parts
        self.associations = associations
        self.wishes = wishes

    def write(self) -> None:
        """<EntityContainer Name m:IsDefaultEntityContainer> EntitySet* AssociationSet* FunctionImport* (2.1.14)"""
        for prefix, name in self.parts.containers.get(self.namespace, ()):
            container = self.schema.add("EntityContainer", Name=name.rpartition(".")[2])
            if not prefix:
                container.attributes["m:IsDefaultEntityContainer"] = "true"
            self._children(container, name, prefix)
            self.writing.beside(container, name)
            if self.wishes.key_as_segment and not prefix:
                container.add("ValueAnnotation", Term=URL_CONVENTIONS, String="KeyAsSegment")

    def _children(self, container: Element, path: str, prefix: str) -> None:
        for entity_set in self.parts.sets.get(prefix, ()):
            name = entity_set.name.rpartition(".")[2]
            element = container.add("EntitySet", Name=name, EntityType=entity_set.type.qualified_name)
            self.writing.beside(element, child_path(self.model, entity_set.name))
        for singleton in self.parts.singletons.get(prefix, ()):
            name = singleton.name.rpartition(".")[2]
            self.writing.lost.append(f"Version 3 has no singletons, as '{path}/{name}' is.")
        for bound in self.associations.sets.get(path, ()):
            element = container.add("AssociationSet", Name=bound.name, Association=bound.association.qualified_name)
            for end, name in zip(bound.association.ends, bound.sets, strict=True):
                made = element.add("End", Role=end.role, EntitySet=name.rpartition(".")[2])
                self.writing.beside(made, f"{path}/{bound.name}/$End/{end.role}")
            self.writing.beside(element, f"{path}/{bound.name}")
        for imported in self.parts.imports.get(prefix, ()):
            for operation in imported.operations:
                self._import(container, operation, path, imported)
        for operation in self._bound(path, prefix):
            self._import(container, operation, path, None)

    def _bound(self, path: str, prefix: str) -> list[Operation]:
        """The bound operations of a container; the default one takes those whose namespace is that of no other."""
        if prefix:
            return [one for one in self.parts.operations.get(path, ()) if one.is_bound]
        others = set(self.model.containers.values())
        namespaces = [name for name in self.parts.operations if name not in others]
        found = [one for name in namespaces for one in self.parts.operations[name] if one.is_bound]
        for operation in found:
            if operation.namespace != self.namespace:
                name = operation.qualified_name
                self.writing.lost.append(f"'{name}' has the namespace of the container in version 3.")
        return found

    def _import(self, container: Element, operation: Operation, path: str, imported: OperationImport | None) -> None:
        """<FunctionImport Name ReturnType EntitySet EntitySetPath IsBindable IsSideEffecting IsComposable> (2.1.20)"""
        name = (imported.name if imported is not None else operation.name).rpartition(".")[2]
        method = imported.http_method if imported is not None else None
        if self.wishes.imports_by_method and (imported is None or method is None):
            if imported is None:
                self.writing.lost.append(f"Version 2 has no bound operations, as '{operation.qualified_name}' is.")
                return
            method = "GET" if operation.is_function else "POST"
        where = f"{path}/{name}"
        entity_set = imported.entity_set if imported is not None else operation.entity_set
        element = container.add("FunctionImport", Name=name)
        if operation.returns is not None:
            write_return(self.writing, element, operation.returns, return_path(where))
        given: Mapping[str, str | None] = {
            "EntitySet": None if entity_set is None else entity_set.name.rpartition(".")[2],
            "EntitySetPath": operation.entity_set_path,
            "IsBindable": flag(operation.is_bound),
            "IsSideEffecting": "false" if operation.is_function and method is None else None,
            "IsComposable": flag(operation.is_composable and method is None),
            "m:HttpMethod": method,
            "m:IsAlwaysBindable": flag(operation.is_bound and operation.is_always_bindable),
        }
        element.attributes |= {key: text for key, text in given.items() if text is not None}
        write_parameters(self.writing, element, operation.parameters, where)
        self.writing.beside(element, where)
