# The entity data model as one value. Made by a builder or a CSDL reader, then left alone.
# This module knows no version and no format.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .annotations import Annotation, Expression, Foreign, Reference
from .associations import NamedAssociation
from .container import EntitySet, Operation, OperationImport, Singleton
from .paths import paths_of
from .types import BUILT_IN_TYPES, NOT_GIVEN, AnyType, ComplexType, EntityType, EnumType, TypeDefinition, type_name


@dataclass(slots=True, eq=False)
class Term:
    """What an annotation may say: a name with the type of its values.

    `absent_type` is the name of the type where it belongs to a document that is not at hand; `type` is any type then.
    """

    namespace: str
    name: str
    type: AnyType
    is_collection: bool = False
    nullable: bool = True
    facets: Mapping[str, Any] = field(default_factory=dict)
    type_definition: TypeDefinition | None = None
    base: str | None = None
    default: Any = NOT_GIVEN
    applies_to: tuple[str, ...] = ()
    absent_type: str = ""

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    @property
    def type_name(self) -> str:
        """The qualified name of the type, such as `Edm.String` or `Collection(Core.Tag)`."""
        return self.absent_type or type_name(self.type_definition or self.type, self.is_collection)


@dataclass(slots=True, eq=False, repr=False)
class Model:
    """A validated model: one container, and all types by qualified name.

    `namespace` is the one of the schema with the container, whose name is empty where there is none. Overloads of an
    operation share a qualified name. `left_out` says, in full sentences, what a document had beyond this model.
    `annotations` and `foreign` are kept by the path of what they are about (edm.paths). `schemas` has the namespaces
    of a document in its order, where `references` has others; it is empty where all are of one document.
    """

    namespace: str
    container: str
    types: Mapping[str, EntityType | ComplexType | EnumType]
    entity_sets: Mapping[str, EntitySet]
    singletons: Mapping[str, Singleton] = field(default_factory=dict)
    operations: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)
    imports: Mapping[str, OperationImport] = field(default_factory=dict)
    type_definitions: Mapping[str, TypeDefinition] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)  # alias -> namespace
    left_out: tuple[str, ...] = ()
    annotations: Mapping[str, tuple[Annotation, ...]] = field(default_factory=dict)
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    schemas: tuple[str, ...] = ()
    containers: Mapping[str, str] = field(default_factory=dict)  # prefix of names -> another container, qualified
    extends: str = ""  # the qualified name of a container of another document, whose children are those `inherited`
    inherited: frozenset[str] = frozenset()
    associations: tuple[NamedAssociation, ...] = ()  # v3: what a document calls them
    _paths: dict[object, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Model {self.namespace}: {len(self.types)} types, {len(self.entity_sets)} entity sets>"

    @property
    def default_container(self) -> str:
        """The qualified name of the container whose children have bare names."""
        return f"{self.namespace}.{self.container}"

    def path_of(self, element: object) -> str:
        """The path by which annotations know an element of this model; KeyError where it is of another."""
        if not self._paths:
            self._paths = dict(paths_of(self))  # all of them at once: other threads may be asking
        return self._paths[element]

    def annotations_of(self, target: object) -> tuple[Annotation, ...]:
        """What annotations say about an element of the model, or about the one that a path leads to.

        Paths are such as `Shop.Product/Name`, `Shop.Container/Products` or `Shop.Near(Edm.Double)/km`, with namespaces
        or aliases. What is said about all overloads of an operation counts for each, after what is said about itself.
        """
        path = self._qualified_path(target) if isinstance(target, str) else self.path_of(target)
        found = self.annotations.get(path, ())
        start, parenthesis, rest = path.partition("(")
        if parenthesis:
            found += self.annotations.get(start + rest.rpartition(")")[2], ())
        return found

    def annotation(self, target: object, term: str, qualifier: str = "") -> Expression | None:
        """The value of a term on an element (see `annotations_of`); None where it is not annotated with it."""
        name = self.qualified(term)
        for annotation in self.annotations_of(target):
            if annotation.term == name and annotation.qualifier == qualifier:
                return annotation.value
        return None

    def _qualified_path(self, path: str) -> str:
        start, parenthesis, types = path.partition("(")
        steps = [self.qualified(step) if "." in step else step for step in start.split("/")]
        return "/".join(steps) + parenthesis + types

    def entity_set(self, name: str) -> EntitySet:
        """The entity set of that name; KeyError when there is none."""
        return self.entity_sets[name]

    def qualified(self, name: str) -> str:
        """`alias.Name` as `Namespace.Name`; any other name as it is."""
        qualifier, dot, last = name.rpartition(".")
        return f"{self.aliases.get(qualifier, qualifier)}{dot}{last}"

    def find_type(self, name: str) -> AnyType | TypeDefinition | None:
        """The type with a qualified name, written with namespace or alias; built-in types among them."""
        full = self.qualified(name)
        return self.types.get(full) or self.type_definitions.get(full) or BUILT_IN_TYPES.get(full)

    def find_operations(self, name: str) -> tuple[Operation, ...]:
        """The overloads with a qualified name, written with namespace or alias, or as v3 does with the container."""
        found = self.operations.get(self.qualified(name))
        if found is not None:
            return found
        qualifier, _, last = name.rpartition(".")
        if qualifier in (self.container, f"{self.namespace}.{self.container}"):
            return self.operations.get(f"{self.namespace}.{last}", ())
        return ()

    def bound_operations(self, kind: AnyType, *, is_collection: bool = False) -> Iterator[Operation]:
        """The operations that can be called on one or many of a type, or of a type it derives from."""
        for overloads in self.operations.values():
            for operation in overloads:
                binding = operation.binding
                if binding is not None and binding.is_collection == is_collection and _fits(kind, binding.type):
                    yield operation


def _fits(kind: AnyType, target: AnyType) -> bool:
    if isinstance(kind, EntityType | ComplexType) and isinstance(target, EntityType | ComplexType):
        return kind.is_a(target)
    return kind is target
