# The types of a model as values: enumerations, complex and entity types, their properties and navigation properties.
# Made by a builder or a CSDL reader, then left alone. Types refer to each other directly, so nobody looks a name up
# twice; identity is equality. This module knows no version and no format.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

from ..errors import ODataError, suggestion
from .feeds import FeedMapping
from .primitives import ABSTRACT_TYPES, MAX_DECIMAL_EXPONENT, PRIMITIVE_TYPES, PrimitiveType
from .rows import TYPE
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
class TypeDefinition:
    """Another name for a primitive type with facets; what is typed by it has the primitive type and its facets."""

    namespace: str
    name: str
    underlying: PrimitiveType
    facets: Mapping[str, Any] = field(default_factory=dict)

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
    type_definition: TypeDefinition | None = None  # the name by which the model gives `type`, where it has one
    is_concurrency_token: bool = False  # v3 ConcurrencyMode="Fixed": the value is part of the ETag

    @property
    def type_name(self) -> str:
        """The qualified name of the type, such as `Edm.Guid` or `Collection(VMM.UserAndRole)`."""
        return type_name(self.type_definition or self.type, self.is_collection)

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


@dataclass(slots=True, eq=False, repr=False)
class StructuredType:
    """What complex and entity types share: named properties and navigation properties, perhaps a base type."""

    namespace: str
    name: str
    base: Any = None
    is_abstract: bool = False
    is_open: bool = False
    own_properties: dict[str, Property] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)  # inherited ones first; filled by `seal`
    own_navigation: dict[str, NavigationProperty] = field(default_factory=dict)
    navigation: dict[str, NavigationProperty] = field(default_factory=dict)  # inherited ones first; filled by `seal`
    derived: dict[str, StructuredType] = field(default_factory=dict)  # by qualified name, however far; filled by `seal`

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.qualified_name}>"

    @property
    def qualified_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    def seal(self) -> None:
        """Gather what is inherited, and tell all bases; the builder calls it, bases first."""
        base = ancestor = self.base
        while ancestor is not None:
            ancestor.derived[self.qualified_name] = self
            ancestor = ancestor.base
        self.properties = {**base.properties, **self.own_properties} if base is not None else dict(self.own_properties)
        self.navigation = {**base.navigation, **self.own_navigation} if base is not None else dict(self.own_navigation)
        self.is_open = self.is_open or (base is not None and base.is_open)

    def is_a(self, other: StructuredType) -> bool:
        """Whether this type is `other` or derives from it; every type derives from the abstract one of its kind."""
        kind: StructuredType | None = self
        while kind is not None:
            if kind is other:
                return True
            kind = kind.base
        return other.namespace == "Edm" and isinstance(self, type(other))

    def members(self, path: str) -> tuple[Member, ...] | None:
        """The members that a path such as `Address/Country/Name` goes through; None where one is not there."""
        kind: StructuredType | None = self
        found: list[Member] = []
        for name in path.split("/"):
            member = None if kind is None else kind.properties.get(name) or kind.navigation.get(name)
            if member is None:
                return None
            found.append(member)
            target = member.target if isinstance(member, NavigationProperty) else member.type
            kind = target if isinstance(target, StructuredType) else None
        return tuple(found)

    def accept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All properties in model order in their Python form: what is missing becomes its default, null or [].

        Values of a derived type name it (edm.rows.TYPE), and are of that type.
        """
        named = values.get(TYPE)
        if named is not None and named != self.qualified_name:
            derived = self.derived.get(named)
            if derived is None:
                raise ValueError(f"'{named}' is not {self.qualified_name} or a type derived from it")
            own = derived.accept({name: value for name, value in values.items() if name != TYPE})
            return {TYPE: named, **own}
        values = {name: value for name, value in values.items() if name != TYPE} if named is not None else values
        unknown = next((name for name in values if name not in self.properties), None)
        if unknown is not None and not self.is_open:
            raise ValueError(
                f"{self.qualified_name} has no property '{unknown}'.{suggestion(unknown, self.properties)}"
            )
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


@dataclass(slots=True, eq=False, repr=False)
class ComplexType(StructuredType):
    """A structured type without a key."""


@dataclass(slots=True, eq=False, repr=False)
class NavigationProperty:
    """A way from an entity or a complex value to one entity (`is_collection` false) or to many.

    `on` pairs a property here with the property there that must equal it: the referential constraint, from either
    side. A navigation without pairs can only be followed by a backend that keeps links itself.
    """

    name: str
    target: EntityType
    is_collection: bool = False
    nullable: bool = True
    partner: str | None = None  # a name, or a path where the partner belongs to a complex property
    on: tuple[tuple[str, str], ...] = ()
    contains_target: bool = False  # the entities behind it exist only within this one
    on_delete: str | None = None  # Cascade, None, SetNull or SetDefault

    def __repr__(self) -> str:
        return f"<NavigationProperty {self.name}: {self.type_name}>"

    @property
    def type_name(self) -> str:
        """The qualified name of the target, such as `Shop.Product` or `Collection(Shop.Product)`."""
        return type_name(self.target, self.is_collection)


Member = Property | NavigationProperty


@dataclass(slots=True, eq=False, repr=False)
class EntityType(StructuredType):
    """A structured type with a key; `key` has the names of its parts in key order, as URLs say them.

    A part is a property of the type itself, or stands in `key_paths` as the way to a property within a complex
    or related value. An alternate key maps such names to the ways to their values as well.
    """

    own_key: tuple[str, ...] = ()
    key: tuple[str, ...] = ()  # inherited where there is a base; filled by `seal`
    has_stream: bool = False
    own_key_paths: Mapping[str, str] = field(default_factory=dict)
    key_paths: dict[str, tuple[Member, ...]] = field(default_factory=dict)  # filled by `seal`, as the next one
    own_alternate_keys: tuple[Mapping[str, str], ...] = ()
    alternate_keys: tuple[Mapping[str, tuple[Member, ...]], ...] = ()
    own_feed_mappings: tuple[FeedMapping, ...] = ()  # of versions 1 to 3
    feed_mappings: tuple[FeedMapping, ...] = ()  # with those of the base, which come first; filled by `seal`

    def seal(self) -> None:
        """Gather what is inherited and follow the paths of keys; the builder calls it, bases first."""
        StructuredType.seal(self)
        inherited = self.base.feed_mappings if isinstance(self.base, EntityType) else ()
        self.feed_mappings = (*inherited, *self.own_feed_mappings)
        base: EntityType | None = self.base
        self.key = self.own_key or (base.key if base is not None else ())
        self.has_stream = self.has_stream or (base is not None and base.has_stream)
        self.key_paths = (dict(base.key_paths) if base is not None else {}) | self._ways(self.own_key_paths)
        own = tuple([self._ways(key) for key in self.own_alternate_keys])
        self.alternate_keys = (*(base.alternate_keys if base is not None else ()), *own)

    def _ways(self, paths: Mapping[str, str]) -> dict[str, tuple[Member, ...]]:
        return {name: way for name, path in paths.items() if (way := self.members(path)) is not None}

    def key_property(self, name: str) -> Property:
        """The property behind a name of the key; KeyError when there is none."""
        way = self.key_paths.get(name)
        last = way[-1] if way else None
        return last if isinstance(last, Property) else self.properties[name]

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The key values of a row, in key order."""
        if self.key_paths:
            return tuple([self._part_of(row, name) for name in self.key])
        return tuple([row[name] for name in self.key])

    def _part_of(self, row: Any, name: str) -> Any:
        way = self.key_paths.get(name)
        for member in way or ():
            row = row[member.name]
        return row if way else row[name]


AnyType = PrimitiveType | EnumType | ComplexType | EntityType

ENTITY_TYPE: Final = EntityType("Edm", "EntityType", is_abstract=True)
COMPLEX_TYPE: Final = ComplexType("Edm", "ComplexType", is_abstract=True)

BUILT_IN_TYPES: Final[Mapping[str, AnyType]] = {
    **PRIMITIVE_TYPES,
    **ABSTRACT_TYPES,
    "Edm.EntityType": ENTITY_TYPE,
    "Edm.ComplexType": COMPLEX_TYPE,
}
"""Every type that no model needs to declare, by its qualified name."""


def name_of(kind: AnyType | TypeDefinition | StructuredType) -> str:
    """The qualified name of any type."""
    return kind.name if isinstance(kind, PrimitiveType) else kind.qualified_name


def type_name(kind: AnyType | TypeDefinition | StructuredType, is_collection: bool) -> str:
    """The name as it stands in CSDL and in payloads: `Shop.Product` or `Collection(Shop.Product)`."""
    return f"Collection({name_of(kind)})" if is_collection else name_of(kind)
