# Default values: the text of a DefaultValue <-> a Python value of its type.
# Section 7.2.7 of CSDL 4.01: the text is the value as in JSON without quotation marks, which is the lexical form of
# XML Schema; v3 ([MC-CSDL], 2.2.1) differs in bytes (hexadecimal) and may put a blank between date and time.

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ..edm import PRIMITIVE_TYPES, AnyType, Duration, EnumType, PrimitiveType, TimeOfDay, Timestamp, accept_enum
from ..edm.geo import plane_of, print_geo, read_geo
from ..edm.primitives import GEO_TYPES

Reader = Callable[[str], Any]
ReadDefault = Callable[[str, AnyType], Any]
WriteDefault = Callable[[Any, AnyType], str]

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_HEXADECIMAL = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})*)")
_BASE64 = re.compile(r"[A-Za-z0-9_+/-]*={0,2}")
_NOT_FINITE: Final = {"INF": "inf", "-INF": "-inf", "NaN": "nan"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _boolean(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise ValueError(f"'{text}' is not true or false")
    return text in ("true", "1")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"'{text}' is not a number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None


def _double(text: str) -> float:
    return float(_NOT_FINITE[text]) if text in _NOT_FINITE else float(_decimal(text))


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(f"'{text}' is not a date")
    return date.fromisoformat(text)


def print_base64url(value: bytes) -> str:
    """Bytes as version 4 writes them in text (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _base64(text: str) -> bytes:
    if not _BASE64.fullmatch(text):
        raise ValueError(f"'{text}' is not base64url")
    body = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def _hexadecimal(text: str) -> bytes:
    match = _HEXADECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not hexadecimal")
    return bytes.fromhex(match[1])


def _v3_datetime(text: str) -> Timestamp:
    return Timestamp.parse(text.replace(" ", "T").removesuffix("Z"))


def _place(kind: PrimitiveType) -> Reader:
    """Well-known text, as literals have it between their quotation marks (4.01 ABNF, fullPointLiteral)."""

    def read(text: str) -> Mapping[str, Any]:
        found, value = read_geo(text, plane_of(kind))
        if kind not in (found, PRIMITIVE_TYPES[f"Edm.{plane_of(kind)}"]):
            raise ValueError(f"'{text[:100]}' is a value of the type {found.name}")
        return value

    return read


_COMMON: Final[Mapping[str, Reader]] = {
    "Edm.Boolean": _boolean,
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), _integer),
    **dict.fromkeys(("Edm.Single", "Edm.Double"), _double),
    "Edm.Decimal": _decimal,
    **dict.fromkeys(("Edm.String", "Edm.Guid", "Edm.PrimitiveType", "Edm.Untyped"), str),
    "Edm.DateTimeOffset": lambda text: Timestamp.parse(text.replace(" ", "T")),
    "Edm.Date": _date,
    "Edm.TimeOfDay": TimeOfDay.parse,
    "Edm.Duration": Duration.parse,
    **{kind.name: _place(kind) for kind in GEO_TYPES},
}
_V4: Final = {**_COMMON, "Edm.Binary": _base64}
_V3: Final = {**_COMMON, "Edm.Binary": _hexadecimal, "Edm.DateTime": _v3_datetime, "Edm.Time": Duration.parse}


def _read(text: str, kind: AnyType, readers: Mapping[str, Reader]) -> Any:
    if isinstance(kind, EnumType):
        return accept_enum(kind, text)
    reader = readers.get(kind.name) if isinstance(kind, PrimitiveType) else None
    if reader is None:
        raise ValueError("a value of this type has no text in CSDL")
    assert isinstance(kind, PrimitiveType)
    return kind.accept(reader(text))


def read_default_v3(text: str, kind: AnyType) -> Any:
    """The value of a DefaultValue in CSDL 1.0 to 3.0; ValueError with the reason when the text is none."""
    return _read(text, kind, _V3)


def read_default_v4(text: str, kind: AnyType) -> Any:
    """The value of a DefaultValue in CSDL 4.0 and 4.01; ValueError with the reason when the text is none."""
    return _read(text, kind, _V4)


# ------------------------------------------------------------------ writing

_WORDS: Final = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}


def _write_binary_v4(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _write_moment_v4(value: Timestamp) -> str:
    """A moment has an offset; one of v3 without is UTC."""
    return f"{value}Z" if value.offset is None else str(value)


def _write(value: Any, kind: AnyType) -> str:
    """The text of a value that all versions write alike; ValueError where CSDL has none."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _WORDS.get(str(value), str(value))
        case Decimal():
            return f"{value:f}"
        case Mapping() if kind in GEO_TYPES:
            return print_geo(value)
        case list() | Mapping():
            raise ValueError("CSDL has no text for collections and complex values")
    return str(value)


def write_default_v3(value: Any, kind: AnyType) -> str:
    """The DefaultValue of a value in CSDL 1.0 to 3.0; ValueError with the reason where there is none."""
    if isinstance(value, Timestamp) and kind.name == "Edm.DateTime":
        return str(value).removesuffix("Z")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, TimeOfDay):
        return str(Duration(value.ticks))
    return value.hex().upper() if isinstance(value, bytes) else _write(value, kind)


def write_default_v4(value: Any, kind: AnyType) -> str:
    """The DefaultValue of a value in CSDL 4.0 and 4.01; ValueError with the reason where there is none."""
    if isinstance(value, Timestamp):
        return _write_moment_v4(value)
    return _write_binary_v4(value) if isinstance(value, bytes) else _write(value, kind)
