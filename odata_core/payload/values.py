# Primitive values <-> JSON, one row a type and dialect of JSON. A row owns both directions.
# `write` is None where the JSON encoder takes the Python value as it is, so that the hot path skips it.
# Readers get what a JSON decoder gives: str, bool, int, Decimal (for numbers with a point or exponent), list, dict.

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from msgspec import Raw

from ..edm import Duration, PrimitiveType, TimeOfDay, Timestamp
from ..edm import primitives as edm
from ..edm.geo import print_geo
from ..records import record
from ..uri.literals import print_decimal, print_float, read_guid
from .json_geo import geo_reader


@record
class Codec:
    """Both directions of one type; `read` raises ValueError with the reason."""

    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any]
    is_inferred: bool = False  # whether JSON itself tells the type, so that full metadata need not


_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_MAX_SINGLE: Final = 3.4028234e38
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def _read_integer(value: Any) -> int:
    """A JSON number without fraction, or the same as a string: .NET clients quote long integers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, Decimal) and abs(value.adjusted()) < 40 and value == value.to_integral_value():
        return int(value)
    raise ValueError("a whole number is expected")


def read_decimal(value: Any) -> Decimal:
    """A JSON number, or a string with one. Whether Edm.Decimal can hold it is for the type to say."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        try:
            return Decimal(value)
        except InvalidOperation:
            pass
    raise ValueError("a decimal number is expected")


def _read_float(value: Any) -> float:
    """A JSON number, a quoted one, or INF, -INF, NaN."""
    if value in ("INF", "-INF", "NaN"):
        return float(value.replace("INF", "inf"))
    number = float(read_decimal(value))
    if math.isinf(number):
        raise ValueError("the number is too large for a double")
    return number


def _write_float(value: float) -> float | str:
    return value if math.isfinite(value) else print_float(value)


def _write_single(value: float) -> float | str:
    """The shortest number that is the same one in 32 bits: 3.24 rather than 3.240000009536743."""
    if not math.isfinite(value):
        return print_float(value)
    for digits in (6, 7, 8):
        shorter = float(f"{value:.{digits}g}")
        if abs(shorter) < _MAX_SINGLE and struct.pack("<f", shorter) == struct.pack("<f", value):
            return shorter
    return value


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("a string is expected")


def _read_guid(value: Any) -> UUID:
    return read_guid(_read_text(value).strip())


def _read_base64(value: Any) -> bytes:
    """Base64, also in the URL alphabet and without padding, as clients send it."""
    text = _read_text(value).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("base64 is expected") from None


def _write_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii")


def write_number(value: Decimal) -> Decimal | Raw:
    """A JSON number in long notation: Python prints very large and very small decimals with an exponent."""
    return Raw(print_decimal(value).encode("ascii")) if "E" in str(value) else value


def _read_date(value: Any) -> date:
    text = _read_text(value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("a date reads like 2013-08-19")


def _read_midnight(value: Any) -> date:
    """A date as version 3 has it: the moment at which it begins."""
    text = _read_text(value)
    return _read_date(text.removesuffix("T00:00:00"))


def _read_clock(value: Any) -> TimeOfDay:
    """A time of day in either version's form, `PT15H2M` or `15:02:00`."""
    text = _read_text(value)
    return TimeOfDay(Duration.parse(text).ticks) if text.startswith("P") else TimeOfDay.parse(text)


def _in_utc(value: Timestamp) -> str:
    """With a zone, which is UTC where there is none; from the text that the value remembers."""
    return str(value) if value.offset is not None else f"{value}Z"


_WHOLE: Final = Codec(None, _read_integer)
_MOMENT: Final = Codec(str, lambda value: Timestamp.parse(_read_text(value)))
_SPAN: Final = Codec(str, lambda value: Duration.parse(_read_text(value)))

_GEO: Final[Mapping[PrimitiveType, Codec]] = {kind: Codec(None, geo_reader(kind)) for kind in edm.GEO_TYPES}
_LONG: Final = Codec(str, _read_integer)
_DIGITS: Final = Codec(print_decimal, read_decimal)

# OData JSON Format 3.0 (JSON light), section 4.2.1 primitive values: Int64 and Decimal travel as strings.
# The types of version 4 travel as those that stand for them: Edm.DateTime for a date, Edm.Time for the others.
V3_LIGHT_CODECS: Final[Mapping[PrimitiveType, Codec]] = {
    edm.BINARY: Codec(lambda value: base64.b64encode(value).decode("ascii"), _read_base64),
    edm.BOOLEAN: Codec(None, edm.BOOLEAN.accept, is_inferred=True),
    edm.BYTE: _WHOLE,
    edm.SBYTE: _WHOLE,
    edm.INT16: _WHOLE,
    edm.INT32: Codec(None, _read_integer, is_inferred=True),
    edm.INT64: _LONG,
    edm.SINGLE: Codec(_write_single, _read_float),
    edm.DOUBLE: Codec(_write_float, _read_float, is_inferred=True),
    edm.DECIMAL: _DIGITS,
    edm.STRING: Codec(None, _read_text, is_inferred=True),
    edm.GUID: Codec(str, _read_guid),
    edm.DATETIME: _MOMENT,
    edm.DATETIME_OFFSET: _MOMENT,
    edm.TIME: _SPAN,
    edm.DURATION: _SPAN,
    edm.DATE: Codec(lambda value: f"{value.isoformat()}T00:00:00", _read_midnight),
    edm.TIME_OF_DAY: Codec(lambda value: str(Duration(value.ticks)), lambda value: _read_clock(_read_text(value))),
    **_GEO,
}

# OData JSON Format 4.01, section 7.1: numbers are numbers, bytes are base64url, times have their own forms. The types
# of version 3 travel as those that stand for them: Edm.DateTimeOffset in UTC, and Edm.TimeOfDay.
_V4: Final[Mapping[PrimitiveType, Codec]] = {
    **V3_LIGHT_CODECS,
    edm.BINARY: Codec(_write_base64url, _read_base64),
    edm.INT32: _WHOLE,
    edm.INT64: _WHOLE,
    edm.DATETIME: Codec(_in_utc, _MOMENT.read),
    edm.TIME: Codec(lambda value: str(TimeOfDay(value.ticks)), lambda value: Duration(_read_clock(value).ticks)),
    edm.DATE: Codec(str, _read_date),
    edm.TIME_OF_DAY: Codec(str, lambda value: TimeOfDay.parse(_read_text(value))),
}

V401_CODECS: Final[Mapping[PrimitiveType, Codec]] = {**_V4, edm.DECIMAL: Codec(None, read_decimal)}
"""Version 4.01: decimals may have exponents (4.01 JSON Format, 3.2)."""

V4_CODECS: Final[Mapping[PrimitiveType, Codec]] = {**_V4, edm.DECIMAL: Codec(write_number, read_decimal)}
"""Version 4.0: decimals are written in long notation."""

V4_STRING_CODECS: Final[Mapping[PrimitiveType, Codec]] = {**_V4, edm.INT64: _LONG, edm.DECIMAL: _DIGITS}
"""With IEEE754Compatible=true: what a double cannot hold is a string."""


def raw_text(kind: PrimitiveType, value: Any) -> str:
    """A value as text/plain, for `$value` (Protocol 3.0, 8.1.3: the literal without prefix and quotation marks)."""
    return _RAW.get(kind, str)(value)


_RAW: Final[Mapping[PrimitiveType, Callable[[Any], str]]] = {
    edm.BOOLEAN: lambda value: "true" if value else "false",
    edm.DECIMAL: print_decimal,
    edm.SINGLE: print_float,
    edm.DOUBLE: print_float,
    **dict.fromkeys(edm.GEO_TYPES, print_geo),  # well-known text (4.01 Part 1, 11.2.5.1)
}
