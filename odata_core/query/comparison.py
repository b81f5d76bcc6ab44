# What is equal and what comes first (4.01 Part 2, 5.1.1.1): values in forms that Python compares as OData does.
# Strategy: most primitive values are compared as they are. Others have a form: the number of an enumeration's member,
# the key of an entity, the members of a complex value. The function that makes it is chosen once, by type.
# Numbers of different types are compared by value, exactly, as Python does: "Wherever possible, such comparisons should
# be performed using underlying types of sufficient size" (5.1.1.16, Numeric Promotion), which every promotion to
# double is not. Forms have a hash, so that they can be looked up in sets.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from ..edm import ComplexType, Duration, EntityType, EnumType, PrimitiveType, TimeOfDay, Timestamp
from ..edm import primitives as edm
from ..edm.rows import TYPE
from .relations import key_reader
from .tree import UNTYPED, ValueType

Form = Callable[[Any], Any]

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
# Types whose values can be NaN, which is equal to nothing. Decimals become NaN by `0 divby 0`.
_WITH_NAN: Final = frozenset({edm.SINGLE, edm.DOUBLE, edm.DECIMAL})


def equality_forms(
    left: tuple[ValueType | None, bool], right: tuple[ValueType | None, bool]
) -> tuple[Form | None, Form | None]:
    """The forms in which two operands are compared, each given by its type and whether it is a collection.

    None stands for the value as it is.
    """
    if UNTYPED in (left[0], right[0]):
        return _free_form_beside(left, right[0]), _free_form_beside(right, left[0])
    return equality_form(*left), equality_form(*right)


def equality_form(kind: ValueType | None, is_collection: bool = False) -> Form | None:
    """The form in which values of a type are equal; None for the value as it is. Null has no form."""
    if is_collection:
        return _form_of_items(kind)
    match kind:
        case EnumType():
            return lambda names: enum_number(kind, names)
        case ComplexType():
            return _StructuredForm(kind)
        case EntityType():
            return _entity_form(kind)
        case PrimitiveType() if kind is UNTYPED:
            return free_form
        case _:
            return None


def _free_form_beside(operand: tuple[ValueType | None, bool], other: ValueType | None) -> Form:
    """A dynamic value beside an enumeration may name a member of it; the enumeration itself goes by its number."""
    kind, is_collection = operand
    if isinstance(kind, EnumType) and not is_collection:
        return lambda names: enum_number(kind, names)
    if isinstance(other, EnumType):
        return lambda value: _member_number(other, value)
    return free_form


def _member_number(enum: EnumType, value: Any) -> Any:
    try:
        return enum_number(enum, value) if isinstance(value, str) else object()
    except ValueError:
        return object()  # which is equal to nothing else


# ------------------------------------------------------------------ forms


def free_form(value: Any) -> Any:
    """The form of a value whose type only the value tells: equal values are of one kind, so true is not 1."""
    match value:
        case bool():
            return _BOOLEANS[value]
        case float() | Decimal():
            return value if value == value else object()
        case Mapping():
            return (value.get(TYPE), _members_form(value, {}))
        case list() | tuple():
            return tuple([None if item is None else free_form(item) for item in value])
        case bytearray() | memoryview():
            return bytes(value)
        case _:
            return value


_BOOLEANS: Final = {True: ("true",), False: ("false",)}


def _plain_item(value: Any) -> Any:
    # Python takes an object within a tuple for equal to itself, so a NaN there is replaced by what has no equal.
    return value if value == value else object()


def _form_of_items(kind: ValueType | None) -> Form:
    """Collections are equal when their items are, in their order (5.1.1.1.1); those of entities have none."""
    form = equality_form(kind) if kind is not None else free_form
    if kind in _WITH_NAN:
        form = _plain_item
    elif isinstance(kind, PrimitiveType) and (kind in edm.GEO_TYPES or kind is edm.STREAM):
        form = free_form
    if form is None:
        return tuple
    of_item = form
    if isinstance(kind, EntityType):
        return lambda items: _bag([of_item(item) for item in items if item is not None])
    return lambda items: tuple([None if item is None else of_item(item) for item in items])


def _bag(items: list[Any]) -> frozenset[tuple[Any, int]]:
    """Items in no order, with how often each is there."""
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return frozenset(counts.items())


class _StructuredForm:
    """Complex values are equal with "the same structure and same values" (5.1.1.1.1), null where a member is missing.

    The forms of the members are found when they are first needed, since a type may contain itself.
    """

    __slots__ = ("declared", "forms", "kind")

    def __init__(self, kind: ComplexType) -> None:
        self.kind = kind
        self.declared = kind.qualified_name
        self.forms: dict[str, Form | None] | None = None

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return free_form(value)
        if self.forms is None:
            self.forms = {
                name: free_form if prop.type in edm.GEO_TYPES else equality_form(prop.type, prop.is_collection)
                for name, prop in self.kind.properties.items()
            }
        return (value.get(TYPE, self.declared), _members_form(value, self.forms))


def _members_form(value: Mapping[str, Any], forms: Mapping[str, Form | None]) -> frozenset[tuple[str, Any]]:
    members = []
    for name, member in value.items():
        if member is not None and "@" not in name:
            form = forms.get(name, free_form)
            members.append((name, _plain_item(member) if form is None else form(member)))
    return frozenset(members)


def _entity_form(kind: EntityType) -> Form:
    """Entities are equal when they are the same, which their keys tell."""
    if not kind.key:
        return id
    read_key = key_reader(kind)

    def form(row: Any) -> Any:
        key = read_key(row) if isinstance(row, Mapping) else None
        return object() if key is None else key

    return form


# ------------------------------------------------------------------ enumerations


def enum_number(enum: EnumType, names: str) -> int:
    """The number behind the name of a member, or behind several joined by commas; a numeral stands for itself."""
    number = enum.members.get(names)
    return number if number is not None else _number_of_names(enum, names)


@lru_cache(maxsize=1024)
def _number_of_names(enum: EnumType, names: str) -> int:
    number = 0
    for name in names.split(","):
        member = enum.members.get(name.strip())
        if member is None:
            if not _NUMBER.fullmatch(name.strip()):
                raise ValueError(f"'{name:.50}' is no member of {enum.qualified_name}")
            member = int(name)
        number |= member
    return number


# ------------------------------------------------------------------ order

_NULL: Final = (0,)
_NAN: Final = (1,)
_VALUE: Final = 2

# Values whose kind only they tell are first sorted by kind.
_KINDS: Final[tuple[tuple[type, ...], ...]] = (
    (bool,),
    (int, float, Decimal),
    (str,),
    (date,),
    (Timestamp,),
    (TimeOfDay,),
    (Duration,),
    (UUID,),
    (bytes,),
)


def kind_of(value: Any) -> int | None:
    """Which of the kinds that have an order a value is of; values of one kind can be compared with each other."""
    return next((index for index, types in enumerate(_KINDS) if isinstance(value, types)), None)


def sort_key(kind: ValueType | None) -> Form:
    """The key that sorts values of a type: null first, then NaN, then the others in their order."""
    if isinstance(kind, EnumType):
        return lambda value: _NULL if value is None else (_VALUE, enum_number(kind, value))
    if kind is UNTYPED or kind is None:
        return _free_key
    if kind in _WITH_NAN:
        return _number_key
    return lambda value: _NULL if value is None else (_VALUE, value)


def _number_key(value: Any) -> tuple[Any, ...]:
    if value is None:
        return _NULL
    return _NAN if value != value else (_VALUE, value)  # NaN is what differs from itself


def _free_key(value: Any) -> tuple[Any, ...]:
    if value is None:
        return _NULL
    kind = kind_of(value)
    if kind is None:
        return (_VALUE, len(_KINDS))  # objects and arrays have no order among themselves
    if value != value:
        return (_VALUE, kind, 0)
    return (_VALUE, kind, 1, value)
