# What a service exposes and what can be called: entity sets, singletons, operations and their imports.
# This module knows no version and no format: a v2 service operation, a v3 bindable function import and a v4 bound
# function are the same operation here, and a binder chooses among its overloads.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .types import NOT_GIVEN, AnyType, EntityType, TypeDefinition, type_name


@dataclass(slots=True, eq=False, repr=False)
class EntitySet:
    """A named collection of entities; `bindings` says in which set the targets of a navigation property live.

    A binding's key is the name of the navigation property, or a path to it through complex properties, contained
    entities and derived types (`Shop.Manager/Reports`). `other_bindings` leads to singletons, or gives the path
    of a target within another set as text. A set outside the default container is named `Container.Set`.
    """

    name: str
    type: EntityType
    bindings: dict[str, EntitySet] = field(default_factory=dict)
    other_bindings: dict[str, Singleton | str] = field(default_factory=dict)
    in_service_document: bool = True
    concurrency_tokens: tuple[str, ...] | None = None  # paths; () when some unnamed state, None when no ETag is known

    def __repr__(self) -> str:
        return f"<EntitySet {self.name}: {self.type.qualified_name}>"


@dataclass(slots=True, eq=False, repr=False)
class Singleton:
    """A named single entity, bound like an entity set."""

    name: str
    type: EntityType
    nullable: bool = False
    bindings: dict[str, EntitySet] = field(default_factory=dict)
    other_bindings: dict[str, Singleton | str] = field(default_factory=dict)
    concurrency_tokens: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<Singleton {self.name}: {self.type.qualified_name}>"


@dataclass(slots=True, eq=False)
class ReturnType:
    """What an operation gives."""

    type: AnyType
    is_collection: bool = False
    nullable: bool = True
    facets: Mapping[str, Any] = field(default_factory=dict)
    type_definition: TypeDefinition | None = None

    @property
    def type_name(self) -> str:
        """The qualified name of the type, such as `Edm.Guid` or `Collection(Shop.Product)`."""
        return type_name(self.type_definition or self.type, self.is_collection)


@dataclass(slots=True, eq=False)
class Parameter(ReturnType):
    """What an operation is given; `default` is NOT_GIVEN unless the model names one."""

    name: str = ""
    is_optional: bool = False
    default: Any = NOT_GIVEN


@dataclass(slots=True, eq=False)
class Operation:
    """One overload of an action or a function; the first parameter of a bound one is what it is called on."""

    namespace: str
    name: str
    is_function: bool
    is_bound: bool = False
    is_composable: bool = False
    parameters: tuple[Parameter, ...] = ()
    returns: ReturnType | None = None
    entity_set_path: str | None = None  # from the binding parameter to where returned entities live
    entity_set: EntitySet | None = None  # v3: where the entities live that a bound operation returns
    is_always_bindable: bool = True  # v3: whether every entity of the type has it at every time

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    @property
    def binding(self) -> Parameter | None:
        """What a bound operation is called on."""
        return self.parameters[0] if self.is_bound and self.parameters else None


@dataclass(slots=True, eq=False)
class OperationImport:
    """A name under the service root that calls an unbound operation; a function may have several overloads."""

    name: str
    operations: tuple[Operation, ...]
    entity_set: EntitySet | None = None  # where the returned entities live
    http_method: str | None = None  # v2 and v3 service operations name one; else GET for functions, POST for actions
    in_service_document: bool = False

    @property
    def is_function(self) -> bool:
        return any(operation.is_function for operation in self.operations)
