# The entity data model as values: types, properties, entity sets. Made by a builder or a CSDL reader, then left alone.
# Types refer to each other directly, so a reader never looks a name up twice; identity is equality.
# This module knows no version and no format.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

from ..errors import ODataError, suggestion
from .primitives import MAX_DECIMAL_EXPONENT, PrimitiveType
from .temporal import Duration, TimeOfDay, Timestamp

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_TICK_DIGITS: Final = 7  # a tick is 100 ns


class ModelError(ODataError):
    """A model that breaks the rules of CSDL; the message lists every broken rule."""


class _NotGiven:
    """The absence of a value where None would mean null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __bool__(self) -> bool:
        return False


NOT_GIVEN: Final = _NotGiven()


@dataclass(slots=True, eq=False)
class EnumType:
    """An enumeration; `members` maps names to integer values."""

    namespace: str
    name: str
    members: Mapping[str, int]
    underlying: PrimitiveType
    is_flags: bool = False

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(slots=True, eq=False)
class Property:
    """A structural property. `default` is NOT_GIVEN unless the model names one."""

    name: str
    type: PrimitiveType | EnumType | ComplexType
    is_collection: bool = False
    nullable: bool = True
    default: Any = NOT_GIVEN
    facets: Mapping[str, Any] = field(default_factory=dict)
    is_generated: bool = False  # the server makes the value when an entity is created

    @property
    def type_name(self) -> str:
        """The qualified name of the type, such as `Edm.Guid` or `Collection(VMM.UserAndRole)`."""
        return f"Collection({name_of(self.type)})" if self.is_collection else name_of(self.type)

    def accept(self, value: Any) -> Any:
        """The value in the Python form of the type, or ValueError with the reason."""
        if self.is_collection:
            if not isinstance(value, list | tuple):
                raise ValueError("a list is expected" if value is not None else "a collection cannot be null")
            return [self._accept_item(item) for item in value]
        if value is None:
            if not self.nullable:
                raise ValueError("the property is not nullable")
            return None
        return self._accept_item(value)

    def _accept_item(self, value: Any) -> Any:
        match self.type:
            case PrimitiveType():
                return check_facets(self.type.accept(value), self.facets)
            case EnumType():
                return accept_enum(self.type, value)
            case ComplexType():
                if not isinstance(value, Mapping):
                    raise ValueError(f"a mapping for {self.type.qualified_name} is expected")
                return self.type.accept(value)


def check_facets(value: Any, facets: Mapping[str, Any]) -> Any:
    """The value itself, or ValueError when it exceeds MaxLength, Precision or Scale (CSDL 7.2)."""
    if not facets:
        return value
    max_length = facets.get("MaxLength")
    if isinstance(max_length, int) and isinstance(value, str | bytes) and len(value) > max_length:
        raise ValueError(f"at most {max_length} characters or bytes are allowed, {len(value)} were given")
    precision = facets.get("Precision")
    if isinstance(value, Decimal):
        _check_decimal(value, precision, facets.get("Scale"))
    elif isinstance(precision, int) and isinstance(value, Timestamp | Duration | TimeOfDay):
        _check_ticks(value.ticks, precision)
    return value


def _check_ticks(ticks: int, precision: int) -> None:
    """Section 7.2.3: the precision of a time is the number of digits in the fraction of its second."""
    if ticks % 10 ** max(0, _TICK_DIGITS - precision):
        raise ValueError(f"at most {precision} digits of a second's fraction are allowed")


_EXACT: Final = Context(prec=2 * MAX_DECIMAL_EXPONENT + 2)  # all digits that a decimal of this library can have


def _check_decimal(value: Any, precision: Any, scale: Any) -> None:
    _sign, digits, exponent = value.normalize(_EXACT).as_tuple()
    places = max(0, -exponent)
    if isinstance(scale, int) and places > scale:
        raise ValueError(f"at most {scale} digits right of the point are allowed")
    whole = max(len(digits) + exponent, 0)
    if isinstance(precision, int) and whole + places > precision:
        raise ValueError(f"at most {precision} digits are allowed")


def accept_enum(enum: EnumType, value: Any) -> str:
    """The member name(s) for a name, a comma-separated list of names (flags) or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return enum_name(enum, value)
    if isinstance(value, str):
        names = [part.strip() for part in value.split(",")]
        if all(name in enum.members for name in names) and (enum.is_flags or len(names) == 1):
            return ",".join(names)
        if _INTEGER.fullmatch(value):
            return enum_name(enum, int(value))
    raise ValueError(f"a member of {enum.qualified_name} is expected: {', '.join(enum.members)}")


def enum_name(enum: EnumType, number: int) -> str:
    """The member with this number, or for flags the fewest of them, joined by commas; ValueError where none has it."""
    for name, value in enum.members.items():
        if value == number:
            return name
    if enum.is_flags:
        bits = {name: value for name, value in enum.members.items() if value and number & value == value}
        for name in tuple(bits):
            others = [value for other, value in bits.items() if other != name]
            if others and reduce(or_, others) == number:
                del bits[name]
        if bits and reduce(or_, bits.values()) == number:
            return ",".join(bits)
    raise ValueError(f"no member of {enum.qualified_name} has the value {number}")


@dataclass(slots=True, eq=False)
class StructuredType:
    """What complex and entity types share: named properties, perhaps a base type."""

    namespace: str
    name: str
    base: Any = None
    is_abstract: bool = False
    is_open: bool = False
    own_properties: dict[str, Property] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)  # inherited ones first; filled by `seal`

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    def seal(self) -> None:
        """Gather inherited properties; the builder calls it once, bases first."""
        inherited = self.base.properties if self.base is not None else {}
        self.properties = {**inherited, **self.own_properties}

    def is_a(self, other: StructuredType) -> bool:
        """Whether this type is `other` or derives from it."""
        kind: StructuredType | None = self
        while kind is not None:
            if kind is other:
                return True
            kind = kind.base
        return False

    def accept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All properties in model order in their Python form: what is missing becomes its default, null or []."""
        unknown = next((name for name in values if name not in self.properties), None)
        if unknown is not None and not self.is_open:
            raise ValueError(f"{self.qualified_name} has no property '{unknown}'{suggestion(unknown, self.properties)}")
        row = {name: _accept_member(prop, values.get(name, NOT_GIVEN)) for name, prop in self.properties.items()}
        if self.is_open:
            row.update({name: value for name, value in values.items() if name not in row})
        return row


def _accept_member(prop: Property, value: Any) -> Any:
    try:
        return prop.accept(default_of(prop) if value is NOT_GIVEN else value)
    except ValueError as error:
        raise ValueError(f"property '{prop.name}': {error}") from None


def default_of(prop: Property) -> Any:
    """The value of a property that nobody gave: the model's default, [] for a collection, else null."""
    if prop.default is not NOT_GIVEN:
        return prop.default
    return [] if prop.is_collection else None


@dataclass(slots=True, eq=False)
class ComplexType(StructuredType):
    """A structured type without a key."""


@dataclass(slots=True, eq=False)
class NavigationProperty:
    """A way from an entity to one other (`is_collection` false) or to many.

    `on` pairs a property here with the property there that must equal it: the referential constraint, from either
    side. A navigation without pairs can only be followed by a backend that keeps links itself.
    """

    name: str
    target: EntityType
    is_collection: bool = False
    nullable: bool = True
    partner: str | None = None
    on: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class EntityType(StructuredType):
    """A structured type with a key; `key` names its properties in key order."""

    own_key: tuple[str, ...] = ()
    own_navigation: dict[str, NavigationProperty] = field(default_factory=dict)
    key: tuple[str, ...] = ()  # inherited where there is a base; filled by `seal`
    navigation: dict[str, NavigationProperty] = field(default_factory=dict)
    has_stream: bool = False

    def seal(self) -> None:
        """Gather inherited properties, navigation and key; the builder calls it once, bases first."""
        StructuredType.seal(self)
        inherited = self.base.navigation if self.base is not None else {}
        self.navigation = {**inherited, **self.own_navigation}
        self.key = self.own_key or (self.base.key if self.base is not None else ())

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The key values of a row, in key order."""
        return tuple([row[name] for name in self.key])


@dataclass(slots=True, eq=False)
class EntitySet:
    """A named collection of entities; `bindings` says in which set the targets of a navigation property live."""

    name: str
    type: EntityType
    bindings: dict[str, EntitySet] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Model:
    """A validated model: one container, and all types by qualified name."""

    namespace: str
    container: str
    types: Mapping[str, EntityType | ComplexType | EnumType]
    entity_sets: Mapping[str, EntitySet]

    def entity_set(self, name: str) -> EntitySet:
        """The entity set of that name; KeyError when there is none."""
        return self.entity_sets[name]


def name_of(kind: PrimitiveType | EnumType | StructuredType) -> str:
    """The qualified name of any type."""
    return kind.name if isinstance(kind, PrimitiveType) else kind.qualified_name
