# Declarations: what a builder was told, with types still as names. The linker makes the model of them.
# Each remembers where it was made, in the words of whoever reads a document, so that a problem can be placed.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..records import record
from .kept import Kept
from .types import NOT_GIVEN, AnyType, ComplexType, EntityType, EnumType, TypeDefinition


@record
class PropertySpec:
    """What `prop` returns: a property, parameter or return type whose type is still a name."""

    type: str
    nullable: bool | None
    default: Any
    facets: Mapping[str, Any]
    is_generated: bool
    is_concurrency_token: bool = False
    is_optional: bool = False
    location: str = ""


@record
class Unread:
    """A default of which only the text is known as long as its type is a name; ValueError when the text is none."""

    text: str
    read: Callable[[str, AnyType], Any]


def prop(
    type: str,
    *,
    nullable: bool | None = None,
    default: Any = NOT_GIVEN,
    generated: bool = False,
    max_length: int | str | None = None,
    precision: int | None = None,
    scale: int | str | None = None,
    fixed_length: bool | None = None,
    unicode: bool | None = None,
    collation: str | None = None,
    srid: int | str | None = None,
    concurrency_token: bool = False,
    optional: bool = False,
) -> PropertySpec:
    """A property, parameter or return type with more to say than its type.

    `type` is `"String"`, `"Edm.String"`, `"Namespace.Type"` or any of them in `"Collection(...)"`. Key properties and
    collections are never nullable, others are unless `nullable=False`. `generated` marks a value that the server
    makes on creation, `concurrency_token` one that is part of the ETag, `optional` a parameter that may be left out.
    `max_length` may be `"max"`, `scale` `"variable"` or `"floating"`, `srid` `"variable"`.
    """
    facets = {
        "MaxLength": max_length,
        "Precision": precision,
        "Scale": scale,
        "FixedLength": fixed_length,
        "Unicode": unicode,
        "Collation": collation,
        "SRID": srid,
    }
    given = {name: value for name, value in facets.items() if value is not None}
    return PropertySpec(type, nullable, default, given, generated, concurrency_token, optional)


def spec_of(type: str | PropertySpec) -> PropertySpec:
    """A bare type name stands for a property with nothing more to say."""
    return type if isinstance(type, PropertySpec) else prop(type)


Properties = Mapping[str, str | PropertySpec]


@record
class NavigationSpec:
    source: str
    name: str
    target: str
    is_collection: bool
    nullable: bool
    partner: str | None
    on: tuple[tuple[str, str], ...]
    contains_target: bool
    on_delete: str | None
    location: str


@record
class SourceSpec:
    """An entity set or a singleton."""

    is_singleton: bool
    name: str
    type: str
    nullable: bool
    bindings: Mapping[str, str]
    concurrency: tuple[str, ...] | None
    in_service_document: bool
    location: str

    @property
    def kind(self) -> str:
        return "singleton" if self.is_singleton else "entity set"


@record
class OperationSpec:
    name: str
    is_function: bool
    is_bound: bool
    is_composable: bool
    parameters: Properties
    returns: str | PropertySpec | None
    entity_set_path: str | None
    entity_set: str | None
    is_always_bindable: bool
    location: str


@record
class ImportSpec:
    name: str
    operation: str
    entity_set: str | None
    http_method: str | None
    in_service_document: bool
    location: str


@record
class TermSpec:
    name: str
    type: PropertySpec
    base: str | None
    applies_to: tuple[str, ...]
    location: str
    absent_type: str = ""


@dataclass(slots=True)
class Declarations:
    """Everything that a builder was told, in order. Names without a dot belong to `namespace`."""

    namespace: str
    container: str
    binds_unasked: bool
    leaves_out: bool = False
    aliases: dict[str, str] = field(default_factory=dict)
    types: dict[str, EntityType | ComplexType | EnumType] = field(default_factory=dict)
    type_definitions: dict[str, TypeDefinition] = field(default_factory=dict)
    properties: dict[str, Properties] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    navigation: list[NavigationSpec] = field(default_factory=list)
    sources: list[SourceSpec] = field(default_factory=list)
    operations: list[OperationSpec] = field(default_factory=list)
    imports: list[ImportSpec] = field(default_factory=list)
    terms: list[TermSpec] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)
    locations: dict[object, str] = field(default_factory=dict)  # of types, and later of what is made of the rest

    def split(self, name: str) -> tuple[str, str]:
        """Namespace and last part of a name."""
        namespace, dot, last = name.rpartition(".")
        return (self.aliases.get(namespace, namespace), last) if dot else (self.namespace, last)

    def qualified(self, name: str) -> str:
        return ".".join(self.split(name))

    def path(self, path: str) -> str:
        """A path of an annotation's target; a name without a dot at its start belongs to `namespace`."""
        start, parenthesis, rest = path.partition("(")
        first, slash, steps = start.partition("/")
        others = "/".join([self.qualified(step) if "." in step else step for step in steps.split("/")])
        return f"{self.qualified(first)}{slash}{others}{parenthesis}{rest}"

    def report(self, sentence: str, location: str = "") -> None:
        self.problems.append(f"{location}: {sentence}" if location else sentence)

    def leave_out(self, sentence: str, location: str = "") -> None:
        """Something that a model can do without: a problem, unless such things are left out."""
        found = self.left_out if self.leaves_out else self.problems
        found.append(f"{location}: {sentence}" if location else sentence)


def as_tuple(names: str | Iterable[str]) -> tuple[str, ...]:
    """One name, or several in order."""
    return (names,) if isinstance(names, str) else tuple(names)
