# Conversions of `cast` (4.01 Part 2, 5.1.1.10.1): from a value of one type to one of another, null where it cannot be.
# Strategy: a function is put together once from the two types and the facets of the target; dynamic values find theirs
# by their Python type. The numbers in comments are those of the rules in that section.

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from ..edm import Duration, EnumType, PrimitiveType, TimeOfDay, Timestamp, accept_enum, check_facets, enum_name
from ..edm import primitives as edm
from ..edm.geo import print_geo, read_geo
from ..edm.temporal import MAX_TICKS
from ..uri.literals import print_decimal, print_float
from ..uri.literals_v4 import print_base64url
from ..uri.values import VALUE_READERS
from .comparison import enum_number
from .number_functions import round_decimal, round_double
from .time_functions import date_of, time_of
from .tree import UNTYPED, ValueType

Convert = Callable[[Any], Any]
"""From a value that is not null to the converted one, or None."""

_INTEGERS: Final = frozenset({edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64})
_FLOATS: Final = frozenset({edm.SINGLE, edm.DOUBLE})
_GEO: Final = frozenset(edm.GEO_TYPES)
_TICK_DIGITS: Final = 7


def converter(source: ValueType | None, target: ValueType, facets: Mapping[str, Any] | None = None) -> Convert:
    """What turns values of one type into another; for types that have nothing to do with each other, always null."""
    limits = facets or {}
    if source is UNTYPED or source is None:
        return lambda value: _converted_dynamic(value, target, limits)
    convert = _between(source, target)
    if convert is None:
        return lambda value: None
    made = convert

    def converted(value: Any) -> Any:
        try:
            return _fitted(made(value), limits)
        except (ValueError, ArithmeticError, KeyError, TypeError):
            return None

    return converted


def _converted_dynamic(value: Any, target: ValueType, facets: Mapping[str, Any]) -> Any:
    kind = type_of_value(value)
    return None if kind is None else converter(kind, target, facets)(value)


def _between(source: ValueType, target: ValueType) -> Convert | None:
    if source is target or target is UNTYPED or not isinstance(target, PrimitiveType | EnumType):
        return _same
    if isinstance(target, EnumType):
        return _to_enum(source, target)
    if isinstance(source, EnumType):  # 9
        if target is edm.STRING:
            return _same
        return (lambda names: target.accept(enum_number(source, names))) if target in _INTEGERS else None
    if not isinstance(source, PrimitiveType):
        return None
    if target is edm.STRING:
        return _PRINTERS.get(source, print_geo if source in _GEO else None)
    if source is edm.STRING:
        return _READERS.get(target)
    if source.numeric_rank and target.numeric_rank:
        return lambda number: _as_number(number, target)
    return _OTHERS.get((source, target), _same if _is_general(source, target) else None)


def _same(value: Any) -> Any:
    return value


def _is_general(source: PrimitiveType, target: PrimitiveType) -> bool:
    """Edm.PrimitiveType stands for all types, Edm.Geography for its shapes."""
    if target.name == "Edm.PrimitiveType":
        return True
    return (
        target in _GEO
        and source in _GEO
        and target.name in ("Edm.Geography", "Edm.Geometry")
        and (source.name.startswith(target.name))
    )


# ------------------------------------------------------------------ text: rules 2, 3 and 11


def _read_boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _read_moment(text: str) -> Timestamp:
    """Without a zone it is a time of UTC (11)."""
    moment = Timestamp.parse(text.upper())
    return Timestamp(moment.ticks, 0) if moment.offset is None else moment


def _typed(kind: PrimitiveType) -> Convert:
    read = VALUE_READERS[kind.name]
    return lambda text: kind.accept(read(text))


def _read_place(kind: PrimitiveType, text: str) -> Any:
    plane = "Geography" if kind.name.startswith("Edm.Geography") else "Geometry"
    found, value = read_geo(text, plane)
    return value if kind in (found, edm.PRIMITIVE_TYPES[f"Edm.{plane}"]) else None


_READERS: Final[Mapping[PrimitiveType, Convert]] = {
    **{edm.PRIMITIVE_TYPES[name]: _typed(edm.PRIMITIVE_TYPES[name]) for name in VALUE_READERS},
    edm.BOOLEAN: _read_boolean,
    edm.DATETIME_OFFSET: _read_moment,
    **{kind: partial(_read_place, kind) for kind in edm.GEO_TYPES},
}

_PRINTERS: Final[Mapping[PrimitiveType, Convert]] = {
    **dict.fromkeys(_INTEGERS, str),
    **dict.fromkeys(_FLOATS, print_float),
    edm.DECIMAL: print_decimal,
    edm.BOOLEAN: lambda value: "true" if value else "false",
    edm.BINARY: print_base64url,
    edm.DATE: lambda value: value.isoformat(),
    **dict.fromkeys((edm.GUID, edm.DATETIME, edm.DATETIME_OFFSET, edm.TIME, edm.TIME_OF_DAY, edm.DURATION), str),
}
"""The text of each type in payloads of 4.01 (JSON Format 7.1)."""


# ------------------------------------------------------------------ numbers: rule 4


def _as_number(number: int | float | Decimal, target: PrimitiveType) -> Any:
    """Rounded where needed, mid-points away from zero as `round` does; ValueError where it does not fit."""
    if target in _INTEGERS:
        if isinstance(number, float):
            number = round_double(number)
        elif isinstance(number, Decimal):
            number = round_decimal(number)
        return target.accept(int(number))  # an infinity and NaN raise
    if target is edm.DECIMAL and isinstance(number, float):
        return target.accept(Decimal(repr(number)))  # the shortest decimal that means this double
    if target in _FLOATS and isinstance(number, Decimal) and not number.is_finite():
        return float(number)
    return target.accept(number)


# ------------------------------------------------------------------ enumerations: rules 9 and 10


def _to_enum(source: ValueType, target: EnumType) -> Convert | None:
    if source is edm.STRING:
        return lambda text: accept_enum(target, text)
    if source in _INTEGERS:
        return lambda number: _member_of(target, number)
    return None


def _member_of(target: EnumType, number: int) -> str | None:
    """The member with that number; for flags any number that the underlying type can hold."""
    try:
        return enum_name(target, number)
    except ValueError:
        return str(target.underlying.accept(number)) if target.is_flags else None


# ------------------------------------------------------------------ times

_OTHERS: Final[Mapping[tuple[PrimitiveType, PrimitiveType], Convert]] = {
    # The standard lists no casts of moments to their parts; they are what `date` and `time` give (5.1.1.8).
    (edm.DATETIME_OFFSET, edm.DATE): date_of,
    (edm.DATETIME_OFFSET, edm.TIME_OF_DAY): time_of,
    (edm.DATETIME, edm.DATE): date_of,
    (edm.DATETIME, edm.TIME_OF_DAY): time_of,
    # Version 3: Edm.DateTime has no zone and counts as UTC, Edm.Time is a time of day.
    (edm.DATETIME, edm.DATETIME_OFFSET): lambda moment: Timestamp(moment.instant, 0),
    (edm.DATETIME_OFFSET, edm.DATETIME): lambda moment: Timestamp(moment.instant),
    (edm.TIME, edm.TIME_OF_DAY): lambda span: TimeOfDay(span.ticks),
    (edm.TIME_OF_DAY, edm.TIME): lambda clock: Duration(clock.ticks),
    (edm.TIME, edm.DURATION): _same,
    (edm.DURATION, edm.TIME): edm.TIME.accept,
}


# ------------------------------------------------------------------ facets


def _fitted(value: Any, facets: Mapping[str, Any]) -> Any:
    """A value within the facets of the target: rounded to its scale or precision, ValueError where it is too long."""
    if value is None or not facets:
        return value
    if isinstance(value, Decimal) and value.is_finite():
        value = _scaled(value, facets.get("Scale", 0 if "Precision" in facets else None))
    elif isinstance(value, Timestamp | Duration | TimeOfDay) and isinstance(facets.get("Precision"), int):
        value = _rounded_ticks(value, facets["Precision"])
    elif isinstance(value, str) and facets.get("Unicode") is False and not value.isascii():  # 6
        return None
    return check_facets(value, facets)


def _scaled(number: Decimal, scale: Any) -> Decimal:
    exponent = number.as_tuple().exponent
    if not isinstance(scale, int) or not isinstance(exponent, int) or -exponent <= scale:
        return number
    context = decimal.Context(prec=2 * edm.MAX_DECIMAL_EXPONENT + 2)
    return number.quantize(Decimal(1).scaleb(-scale), decimal.ROUND_HALF_UP, context)


def _rounded_ticks(value: Timestamp | Duration | TimeOfDay, precision: int) -> Any:
    """Rule 5: the nearest value with so many digits of a second."""
    unit = 10 ** max(0, _TICK_DIGITS - precision)
    ticks = (abs(value.ticks) + unit // 2) // unit * unit
    ticks = -ticks if value.ticks < 0 else ticks
    if isinstance(value, Timestamp):
        return Timestamp(min(ticks, MAX_TICKS), value.offset)
    return type(value)(ticks)


# ------------------------------------------------------------------ dynamic values

_PYTHON: Final[tuple[tuple[type, PrimitiveType], ...]] = (
    (bool, edm.BOOLEAN),
    (float, edm.DOUBLE),
    (Decimal, edm.DECIMAL),
    (str, edm.STRING),
    (Duration, edm.DURATION),
    (TimeOfDay, edm.TIME_OF_DAY),
    (date, edm.DATE),
    (UUID, edm.GUID),
    (bytes, edm.BINARY),
)


def type_of_value(value: Any) -> PrimitiveType | None:
    """The primitive type of a dynamic value; None for objects, arrays and what no type can hold."""
    if isinstance(value, int) and not isinstance(value, bool):
        return edm.INT64 if -(2**63) <= value < 2**63 else None
    if isinstance(value, Timestamp):
        return edm.DATETIME if value.offset is None else edm.DATETIME_OFFSET
    return next((kind for python, kind in _PYTHON if isinstance(value, python)), None)
