# Primitive values <-> JSON, one row a type and dialect of JSON. A row owns both directions.
# `write` is None where the JSON encoder takes the Python value as it is, so that the hot path skips it.
# Readers get what a JSON decoder gives: str, bool, int, Decimal (for numbers with a point or exponent), list, dict.

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from ..edm import PRIMITIVE_TYPES, Duration, PrimitiveType, Timestamp
from ..edm import primitives as edm
from ..uri.literals import print_decimal, print_float, read_guid


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one type; `read` raises ValueError with the reason."""

    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any]
    is_inferred: bool = False  # whether JSON itself tells the type, so that full metadata need not


_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
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


def _read_decimal(value: Any) -> Decimal:
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
    number = float(_read_decimal(value))
    if math.isinf(number):
        raise ValueError("the number is too large for a double")
    return number


def _write_float(value: float) -> float | str:
    return value if math.isfinite(value) else print_float(value)


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


def _unsupported(_value: Any) -> Any:
    raise ValueError("values of this type are not supported")


_WHOLE: Final = Codec(None, _read_integer)
_MOMENT: Final = Codec(str, lambda value: Timestamp.parse(_read_text(value)))
_SPAN: Final = Codec(str, lambda value: Duration.parse(_read_text(value)))
_FLOAT: Final = Codec(_write_float, _read_float)

# OData JSON Format 3.0 (JSON light), section 4.2.1 primitive values: Int64 and Decimal travel as strings.
V3_LIGHT_CODECS: Final[Mapping[PrimitiveType, Codec]] = {
    edm.BINARY: Codec(lambda value: base64.b64encode(value).decode("ascii"), _read_base64),
    edm.BOOLEAN: Codec(None, edm.BOOLEAN.accept, is_inferred=True),
    edm.BYTE: _WHOLE,
    edm.SBYTE: _WHOLE,
    edm.INT16: _WHOLE,
    edm.INT32: Codec(None, _read_integer, is_inferred=True),
    edm.INT64: Codec(str, _read_integer),
    edm.SINGLE: _FLOAT,
    edm.DOUBLE: Codec(_write_float, _read_float, is_inferred=True),
    edm.DECIMAL: Codec(print_decimal, _read_decimal),
    edm.STRING: Codec(None, _read_text, is_inferred=True),
    edm.GUID: Codec(str, _read_guid),
    edm.DATETIME: _MOMENT,
    edm.DATETIME_OFFSET: _MOMENT,
    edm.TIME: _SPAN,
    **{PRIMITIVE_TYPES[name]: Codec(None, _unsupported) for name in PRIMITIVE_TYPES if name.startswith("Edm.Geo")},
}


def raw_text(kind: PrimitiveType, value: Any) -> str:
    """A value as text/plain, for `$value` (Protocol 3.0, 8.1.3: the literal without prefix and quotation marks)."""
    return _RAW.get(kind, str)(value)


_RAW: Final[Mapping[PrimitiveType, Callable[[Any], str]]] = {
    edm.BOOLEAN: lambda value: "true" if value else "false",
    edm.DECIMAL: print_decimal,
    edm.SINGLE: print_float,
    edm.DOUBLE: print_float,
}
