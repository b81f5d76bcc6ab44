# Primitive values <-> verbose JSON of versions 1 to 3 (MS-ODATA 2.2.6.3.1), one row a type; a row owns both directions.
# Strategy: the rows of JSON light, but for dates and geography. Where this format has no form for a type of version 4,
# the value travels as the type that stands for it in version 3: Edm.Date as Edm.DateTime, Edm.TimeOfDay as Edm.Time.
#
# A date is "\/Date(ms)\/", with the minutes east of UTC behind it where there is an offset. The specification leaves
# open whether the milliseconds count on the clock of that offset or in UTC; they are on the clock of the offset here,
# as the .NET libraries (5.0 and later), datajs, UI5 and pyodata have it. What the format loses: parts of a millisecond.
# The backslashes mean nothing in JSON, but .NET clients take a string for a date by them: they are always written.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from msgspec import Raw

from ..edm import PRIMITIVE_TYPES, Duration, PrimitiveType, TimeOfDay, Timestamp
from ..edm import primitives as edm
from ..edm.temporal import TICKS_PER_DAY
from .values import V3_LIGHT_CODECS, Codec

_TICKS_PER_MS: Final = 10_000
_EPOCH: Final = (datetime(1970, 1, 1).toordinal() - 1) * TICKS_PER_DAY
_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:([+-])([0-9]{1,4}))?\)/", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LITERAL = re.compile(r"[a-z]{1,20}'([^']*)'", re.ASCII)
_INT32: Final = range(-(2**31), 2**31)


# ---------------------------------------------------------------- dates


def write_date(value: Timestamp) -> Raw:
    r"""`"\/Date(836438400000+0060)\/"`: milliseconds since 1970, negative before; digits below are cut off."""
    ms = (value.ticks - _EPOCH) // _TICKS_PER_MS
    offset = value.offset
    zone = "" if offset is None else f"{'-' if offset < 0 else '+'}{abs(offset):04d}"
    return Raw(f'"\\/Date({ms}{zone})\\/"'.encode())


def read_date(text: str) -> Timestamp | None:
    """The moment that `/Date(836438400000+0060)/` says; None for other texts, ValueError for what is no such day."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    ms, sign, minutes = match.groups()
    offset = None if sign is None else int(sign + minutes)
    return Timestamp(_EPOCH + int(ms) * _TICKS_PER_MS, offset)


def _text(value: Any) -> str:
    """A string; the spelling of URLs, `guid'...'`, is what the specification's grammar has, so it is read, too."""
    if not isinstance(value, str):
        raise ValueError("a string is expected")
    literal = _LITERAL.fullmatch(value)
    return literal[1] if literal else value


def _read_moment(value: Any) -> Timestamp:
    """`/Date(...)/`, or an ISO date, which many clients send."""
    text = _text(value)
    found = read_date(text)
    return Timestamp.parse(text) if found is None else found


def _read_moment_offset(value: Any) -> Timestamp:
    """As above; `/Date(...)/` without an offset is in UTC."""
    moment = _read_moment(value)
    is_ticks = moment.offset is None and _DATE.fullmatch(_text(value))
    return Timestamp(moment.ticks, 0) if is_ticks else moment


def _write_day(value: date) -> Raw:
    return write_date(Timestamp((value.toordinal() - 1) * TICKS_PER_DAY))


def _read_day(value: Any) -> date:
    text = _text(value)
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    moment = _read_moment(text)
    if moment.ticks % TICKS_PER_DAY:
        raise ValueError("a date without a time of day is expected")
    return date.fromordinal(moment.ticks // TICKS_PER_DAY + 1)


def _unquoted(kind: PrimitiveType) -> Codec:
    """The row of JSON light, which also reads the spelling of URLs."""
    light = V3_LIGHT_CODECS[kind]
    return replace(light, read=lambda value: light.read(_text(value)))


# ---------------------------------------------------------------- geography


def _geo_codec(kind: PrimitiveType) -> Codec:
    """GeoJSON, as in JSON light; .NET clients find the type in `__metadata`, as with every object."""
    metadata, read = {"type": kind.name}, V3_LIGHT_CODECS[kind].read

    def read_geo(value: Any) -> Any:
        if isinstance(value, dict):
            value = {name: item for name, item in value.items() if name != "__metadata"}
        return read(value)

    return Codec(lambda value: {"__metadata": metadata, **value}, read_geo)


# ---------------------------------------------------------------- tables


TICKS_CODECS: Final[Mapping[PrimitiveType, Codec]] = {
    **V3_LIGHT_CODECS,
    **{kind: _unquoted(kind) for kind in (edm.GUID, edm.TIME, edm.DURATION, edm.TIME_OF_DAY)},
    edm.DATETIME: Codec(write_date, _read_moment),
    edm.DATETIME_OFFSET: Codec(write_date, _read_moment_offset),
    edm.DATE: Codec(_write_day, _read_day),
    **{kind: _geo_codec(kind) for kind in edm.GEO_TYPES},
}
r"""The rows of the specification: dates are `"\/Date(ms)\/"`."""

ISO_CODECS: Final[Mapping[PrimitiveType, Codec]] = {
    **TICKS_CODECS,
    edm.DATETIME: replace(TICKS_CODECS[edm.DATETIME], write=str),
    edm.DATETIME_OFFSET: replace(TICKS_CODECS[edm.DATETIME_OFFSET], write=str),
    edm.DATE: replace(TICKS_CODECS[edm.DATE], write=V3_LIGHT_CODECS[edm.DATE].write),
}
"""The same with ISO dates, to the tick: what the .NET libraries write in version 3, against the specification."""


# ---------------------------------------------------------------- values whose type no model knows


def write_inferred(value: Any, codecs: Mapping[PrimitiveType, Codec]) -> Any:
    """A value of a dynamic property by its Python type. Numbers beyond 32 bits and decimals are strings, as typed ones.

    The format has no place for the type of a dynamic value: whoever reads a string sees a string.
    """
    kind = inferred_type(value)
    write = None if kind is None else codecs[kind].write
    return value if write is None else write(value)


def inferred_type(value: Any) -> PrimitiveType | None:
    """The primitive type of a Python value; None for null, for objects and for lists."""
    if isinstance(value, int) and not isinstance(value, bool):
        return edm.INT32 if value in _INT32 else edm.INT64
    if isinstance(value, Timestamp):
        return edm.DATETIME if value.offset is None else edm.DATETIME_OFFSET
    return _INFERRED.get(type(value))


_INFERRED: Final[Mapping[type, PrimitiveType]] = {
    bool: edm.BOOLEAN,
    float: edm.DOUBLE,
    Decimal: edm.DECIMAL,
    str: edm.STRING,
    bytes: edm.BINARY,
    UUID: edm.GUID,
    Duration: edm.TIME,
    TimeOfDay: edm.TIME_OF_DAY,
    date: edm.DATE,
}


def read_inferred(value: Any) -> Any:
    """A JSON string, number, truth value or null without a type: a date in its form, a double, or what JSON says."""
    if isinstance(value, str):
        found = read_date(value)
        return value if found is None else found
    if isinstance(value, Decimal):
        return edm.DOUBLE.accept(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return edm.INT64.accept(value)
    return value


def primitive_type(name: str) -> PrimitiveType | None:
    """The primitive type of that name, written `Edm.Int32` or `Int32`."""
    return PRIMITIVE_TYPES.get(name if name.startswith("Edm.") else f"Edm.{name}")
