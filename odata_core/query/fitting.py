# Types meeting types: what compares with what, and constants that take the type of what they meet: 5 becomes an
# Edm.Byte beside a byte, '3499b02c-...' an Edm.Guid beside one, {"City":"X"} an address.
# A fitted constant keeps its origin, so that a prepared query can fit another literal in its place.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, TypeGuard

from ..edm import EnumType, PrimitiveType, Property, TimeOfDay, accept_enum, name_of
from ..edm import primitives as edm
from ..edm.temporal import Duration
from ..edm.types import StructuredType
from ..errors import BadRequest
from ..uri.literals import read_guid
from ..uri.values import VALUE_READERS
from .tree import UNTYPED, Bound, Constant, ListOf, Path, RecordOf, ValueType, Variable

_MOMENTS: Final = frozenset({edm.DATETIME, edm.DATETIME_OFFSET})
_SPANS: Final = frozenset({edm.TIME, edm.DURATION})
# What can be equal and is neither less nor greater; binary values can still be sorted, byte by byte.
UNSORTED: Final = frozenset({edm.STREAM, *edm.GEO_TYPES})
_UNORDERED: Final = UNSORTED | {edm.BINARY}


def is_number(kind: ValueType | None) -> TypeGuard[PrimitiveType]:
    return isinstance(kind, PrimitiveType) and kind.numeric_rank > 0


def can_compare(one: ValueType | None, other: ValueType | None) -> bool:
    """Whether values of these types can be equal at all (4.01 Part 2, 5.1.1.1.1)."""
    if one is other or one is None or other is None or UNTYPED in (one, other):
        return True
    if isinstance(one, StructuredType) and isinstance(other, StructuredType):
        return one.is_a(other) or other.is_a(one)
    if is_number(one) and is_number(other):
        return True
    return {one, other} <= _MOMENTS or {one, other} <= _SPANS or _is_geo_pair(one, other)


def _is_geo_pair(one: ValueType, other: ValueType) -> bool:
    return one in edm.GEO_TYPES and other in edm.GEO_TYPES and name_of(one)[:8] == name_of(other)[:8]


def has_order(kind: ValueType | None) -> bool:
    """Whether `lt` and its like have a meaning for the type."""
    return kind is None or (not isinstance(kind, StructuredType) and kind not in _UNORDERED)


def comparable(left: Bound, right: Bound) -> tuple[Bound, Bound] | None:
    """Both operands in forms that compare, constants fitted to the other side's type; None when there are none."""
    left, right = settled(meet(left, right)), settled(meet(right, left))
    if left.is_collection is not right.is_collection and None not in (left.type, right.type):
        return None
    return (left, right) if can_compare(left.type, right.type) else None


def meet(value: Bound, other: Bound) -> Bound:
    """A value in the type of the other one, where it is a constant and can be so."""
    if isinstance(value, Constant | ListOf | RecordOf) and other.type is not None:
        return fit_value(value, other.type) or value
    return value


def fit_value(value: Bound, wanted: ValueType | None) -> Bound | None:
    """A value as one of type `wanted`; None when it cannot be."""
    match value:
        case Constant():
            return fit(value, wanted)
        case ListOf(items):
            fitted = [fit_value(item, wanted) for item in items]
            return None if None in fitted else ListOf(tuple([item for item in fitted if item is not None]), wanted)
        case RecordOf() if isinstance(wanted, StructuredType):
            return _fit_record(value, wanted)
        case _:
            return value if can_compare(value.type, wanted) else None


def _fit_record(record: RecordOf, wanted: StructuredType) -> RecordOf | None:
    members: list[tuple[str, Bound]] = []
    for name, value in record.members:
        prop = wanted.properties.get(name)
        navigation = wanted.navigation.get(name)
        if prop is None and navigation is None and not wanted.is_open:
            return None
        member: ValueType | None = prop.type if prop is not None else navigation.target if navigation else None
        fitted = value if member is None else fit_value(value, member)
        if fitted is None:
            return None
        members.append((name, typed(fitted)))
    return RecordOf(tuple(members), wanted)  # type: ignore[arg-type]  # every structured type is complex or an entity


def fit(constant: Constant, wanted: ValueType | None) -> Constant | None:
    """A constant as a value of `wanted`: 5 as Edm.Byte, 1.5 as Edm.Decimal, a quoted GUID; None when it cannot be."""
    value, kind = constant.value, constant.type
    if value is None or wanted is None or wanted is UNTYPED:
        return constant
    if kind is UNTYPED:  # the text of a JSON string, which says nothing of its type
        return _fit_text(constant, wanted)
    if isinstance(wanted, EnumType):
        return _accepted(constant, wanted, lambda text: accept_enum(wanted, text)) if _names(kind) else None
    if not isinstance(wanted, PrimitiveType) or not isinstance(kind, PrimitiveType):
        return constant if kind is wanted else None
    if kind.numeric_rank and wanted.numeric_rank:
        return _fit_number(constant, kind, wanted)
    reader = _READ_TEXT.get(wanted) if kind is edm.STRING else None
    if reader is not None:
        return _accepted(constant, wanted, reader)
    if kind is edm.TIME_OF_DAY and wanted is edm.TIME:  # what v3 calls a time is a time of day
        return replace(constant, value=Duration(value.ticks), type=wanted)
    if kind is edm.DURATION and wanted is edm.TIME_OF_DAY:
        return _accepted(constant, wanted, lambda span: TimeOfDay(span.ticks))
    return replace(constant, type=wanted) if can_compare(kind, wanted) else None


def _names(kind: ValueType | None) -> bool:
    """Whether a literal of this type may name a member of an enumeration, by its name or its number."""
    return kind is edm.STRING or isinstance(kind, EnumType) or kind in (edm.INT32, edm.INT64)


def _fit_number(constant: Constant, kind: PrimitiveType, wanted: PrimitiveType) -> Constant:
    """Numeric promotion (4.01 Part 2, 5.1.1.16). A number that the narrower type cannot hold keeps its own type."""
    if kind is edm.DOUBLE and wanted is edm.SINGLE and isinstance(constant.value, float):
        return constant  # `0.1d` of v3 is a double, and a single becomes one beside it
    try:
        return replace(constant, value=wanted.accept(constant.value), type=wanted)
    except ValueError:
        return constant.pinned()  # another literal might fit, so none can take its place


# 4.01 lets the prefix of a duration and the type of an enumeration's member go; quoted GUIDs are sent by JavaScript
# clients of all versions.
_READ_TEXT: Final[Mapping[PrimitiveType, Any]] = {edm.GUID: read_guid, edm.DURATION: Duration.parse}


def _fit_text(constant: Constant, wanted: ValueType) -> Constant | None:
    if isinstance(wanted, EnumType):
        return _accepted(constant, wanted, lambda text: accept_enum(wanted, text))
    reader = VALUE_READERS.get(wanted.name) if isinstance(wanted, PrimitiveType) else None
    return None if reader is None else _accepted(constant, wanted, reader)


def _accepted(constant: Constant, wanted: ValueType, read: Any) -> Constant | None:
    try:
        return replace(constant, value=read(constant.value), type=wanted)
    except (ValueError, KeyError, ArithmeticError, AttributeError):
        return None


def typed(value: Bound) -> Bound:
    """A value with a type of its own: the text of a JSON string that met nothing is a string."""
    match value:
        case Constant(str(), kind) if kind is UNTYPED:
            return replace(value, type=edm.STRING)
        case ListOf(items, kind):
            return ListOf(tuple(map(typed, items)), kind)
        case RecordOf(members, kind):
            return RecordOf(tuple([(name, typed(member)) for name, member in members]), kind)
        case _:
            return value


def settled(value: Bound) -> Bound:
    """A value to compute with. An unsuffixed 1.5 of v3, exact so far, is a double after all; 1E400 cannot be one."""
    if isinstance(value, Constant) and value.type is edm.DOUBLE and isinstance(value.value, Decimal):
        try:
            return replace(value, value=edm.DOUBLE.accept(value.value))
        except ValueError:
            return replace(value, type=edm.DECIMAL)
    if isinstance(value, ListOf):
        return ListOf(tuple(map(settled, value.items)), value.type)
    return typed(value)


def accept_as(value: Bound, prop: Property) -> Bound:
    """A value as one of a property or parameter; BadRequest when it cannot be, or breaks a facet."""
    fitted = fit_value(value, prop.type)
    if fitted is None or (fitted.type is not None and not can_compare(fitted.type, prop.type)):
        raise BadRequest(f"'{prop.name}' of type {prop.type_name} cannot be {describe(value)}.")
    return settled(fitted)


def describe(bound: Bound) -> str:
    """An operand, for a message."""
    what = "null" if bound.type is None else name_of(bound.type)
    what = f"Collection({what})" if bound.is_collection else what
    match bound:
        case Path(steps, start) if steps or isinstance(start, Variable):
            names = [start.name] if isinstance(start, Variable) else []
            names += [step.name if hasattr(step, "name") else _step_name(step) for step in steps]
            return f"'{'/'.join(names)}' of type {what}"
        case Constant(value) if isinstance(value, str | int | Decimal):
            return f"the value {value!s:.50} of type {what}"
        case _:
            return f"a value of type {what}"


def _step_name(step: Any) -> str:
    return str(step.navigation.name) if hasattr(step, "navigation") else name_of(step.type)
