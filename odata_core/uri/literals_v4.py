# Literals of OData 4.0 and 4.01 (ABNF, section 7), rows like those of v3 in literals.py.
# What the grammar allows and Python cannot hold (the year 0000, a leap second) is read as `Unreadable`: the text is a
# literal, and only who needs its value refuses it.

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec

from ..edm import PRIMITIVE_TYPES, Duration, TimeOfDay, Timestamp
from ..edm import primitives as edm
from ..edm.geo import geo_type, print_geo_literal, read_geo_literal
from ..edm.temporal import TICKS_PER_DAY, TICKS_PER_SECOND
from ..records import record
from .literals import (
    LiteralForm,
    accepted,
    print_float,
    print_string,
    read_float,
    read_string,
    read_whole,
    unsuffixed,
)


@record
class Unreadable:
    """A literal that is well-formed and has no value here, at most one that is `nearest` below."""

    text: str
    reason: str
    nearest: Any = None


def _or_unreadable(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def reader(text: str) -> Any:
        try:
            return read(text)
        except (ValueError, ArithmeticError) as error:
            return Unreadable(text, str(error))

    return reader


# The ABNF allows twelve digits of a second, and a tick of 100 ns has seven.
_TOO_FINE: Final = re.compile(r"(\.[0-9]{7})[0-9]+")


def _in_ticks(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def reader(text: str) -> Any:
        value = read(text)
        if isinstance(value, Unreadable) and _TOO_FINE.search(text):
            nearest = read(_TOO_FINE.sub(r"\1", text))
            return value if isinstance(nearest, Unreadable) else Unreadable(text, value.reason, nearest)
        return value

    return reader


def _quoted(text: str) -> str:
    return text[text.index("'") + 1 : -1]


def read_base64url(text: str) -> bytes:
    """base64url of RFC 4648, 5, with or without padding."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("base64url is expected") from None


def print_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


YEAR: Final = r"-?(?:0[0-9]{3}|[1-9][0-9]{3,})"
DATE: Final = YEAR + r"-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\.[0-9]{1,12})?)?"
ZONE: Final = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
ZONE_IN_URL: Final = ZONE.replace("[+-]", "[+ -]")  # a plus that nobody encoded arrives as a blank
DURATION: Final = r"-?[Pp](?:[0-9]+[Dd])?(?:[Tt](?:[0-9]+[Hh])?(?:[0-9]+[Mm])?(?:[0-9]+(?:\.[0-9]+)?[Ss])?)?"
GUID: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
DECIMAL: Final = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
DECIMAL_IN_URL: Final = DECIMAL.replace("[eE][+-]", "[eE][+ -]")
NAN_INFINITY: Final = r"(?:NaN|-?INF)"
BASE64URL: Final = r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?|[A-Za-z0-9_-][AQgw](?:==)?)?"
NAME: Final = r"[^\W\d]\w{0,127}"
ENUM_VALUE: Final = rf"(?:{NAME}|[+-]?[0-9]{{1,19}})(?:,(?:{NAME}|[+-]?[0-9]{{1,19}}))*"

_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_COORDINATE: Final = rf"(?:{_NUMBER}|(?-i:NaN|-?INF))"
_POINT: Final = rf"\({_COORDINATE}(?: {_COORDINATE}){{1,3}}\)"
_POSITION: Final = _POINT[2:-2]
_LINE: Final = rf"\({_POSITION}(?:,{_POSITION})+\)"
_RING: Final = rf"\({_POSITION}(?:,{_POSITION})*\)"
_POLYGON: Final = rf"\({_RING}(?:,{_RING})*\)"


def _many(item: str) -> str:
    return rf"\((?:{item}(?:,{item})*)?\)"


_SHAPES: Final = {
    "Point": _POINT,
    "LineString": _LINE,
    "Polygon": _POLYGON,
    "MultiPoint": _many(_POINT),
    "MultiLineString": _many(_LINE),
    "MultiPolygon": _many(_POLYGON),
}
_SHAPE: Final = "|".join(f"{name}{data}" for name, data in _SHAPES.items())
# A collection within a collection is allowed by the grammar; regular expressions stop at three levels.
_COLLECTION_1: Final = rf"GeometryCollection\((?:{_SHAPE})(?:,(?:{_SHAPE}))*\)"
_COLLECTION_2: Final = rf"GeometryCollection\((?:{_SHAPE}|{_COLLECTION_1})(?:,(?:{_SHAPE}|{_COLLECTION_1}))*\)"


def geo(shape: str) -> str:
    """The pattern of `SRID=0;Point(142.1 64.1)` for one shape, or for a collection."""
    data = f"(?:{_COLLECTION_2})" if shape == "Collection" else shape + _SHAPES[shape]
    return rf"(?i:SRID=[0-9]{{1,5}};{data})"


GEO: Final = "(?:" + "|".join(geo(shape) for shape in (*_SHAPES, "Collection")) + ")"
_END = r"(?![\w.])"


@_or_unreadable
def _read_decimal(text: str) -> Decimal:
    value: Decimal = edm.DECIMAL.accept(Decimal(text.replace(" ", "+")))
    return value


@cache
def _geo_pattern(plane: str) -> re.Pattern[str]:
    """Compiled when the first literal is read: it takes as long as all other patterns together, and few need it."""
    return re.compile(rf"(?i:{plane})'{GEO}'")


def _geo_form(plane: str) -> LiteralForm:
    """Well-known text, whose shape tells the type. What the ABNF allows and no position can be has no value.

    The ABNF demands the SRID, and many clients leave it out on the globe, where there is little choice: 4326.
    """
    kind, pattern = PRIMITIVE_TYPES[f"Edm.{plane}"], rf"(?i:{plane})'(?:[^']|'')*'"
    strict, on_globe = read_geo_literal(plane), plane == "Geography"
    lenient = _or_unreadable(strict)

    def read(text: str) -> Any:
        well_formed = _geo_pattern(plane).fullmatch
        if well_formed(text) or (on_globe and well_formed(text.replace("'", "'SRID=4326;", 1))):
            return lenient(text)
        value = strict(text)  # says what is wrong
        if text.lower().count("geometrycollection") <= 2:  # deeper than the pattern looks
            raise ValueError("well-known text reads like SRID=0;Point(142.1 64.1)")
        return value

    return LiteralForm(kind, pattern, read, print_geo_literal(plane), lambda value: geo_type(value, plane))


@_in_ticks
@_or_unreadable
def _read_any_moment(text: str) -> Timestamp:
    return Timestamp.parse(text.replace(" ", "+").upper())


def _read_moment(text: str) -> Any:
    """What has the form of Edm.DateTimeOffset; in half the time to the second and in UTC, as clients write it."""
    if len(text) == 20 and text[-1] == "Z":
        try:
            since = datetime.fromisoformat(text[:-1]) - datetime.min
            return Timestamp(since.days * TICKS_PER_DAY + since.seconds * TICKS_PER_SECOND, 0)
        except ValueError:  # a year of seven digits without seconds, or a leap second
            pass
    return _read_any_moment(text)


def _read_guid(text: str) -> UUID:
    return msgspec.convert(text, UUID)  # in half the time that UUID(text) takes


def _read_number(text: str) -> Any:
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


V4_LITERALS: Final = (
    LiteralForm(edm.STRING, r"'(?:[^']|'')*'", read_string, print_string),
    LiteralForm(
        edm.DURATION,
        rf"(?i:duration)'{DURATION}'",
        _in_ticks(_or_unreadable(lambda text: Duration.parse(_quoted(text).upper()))),
        lambda v: f"duration'{v}'",
    ),
    LiteralForm(
        edm.BINARY,
        rf"(?i:binary)'{BASE64URL}'",
        lambda text: read_base64url(_quoted(text)),
        lambda v: f"binary'{print_base64url(v)}'",
    ),
    _geo_form("Geography"),
    _geo_form("Geometry"),
    LiteralForm(
        edm.DATETIME_OFFSET,
        DATE + "[Tt]" + TIME + ZONE_IN_URL + _END,
        _read_moment,
        lambda v: str(v),
    ),
    LiteralForm(edm.GUID, GUID + _END, _read_guid, str),
    LiteralForm(edm.DATE, DATE + _END, _or_unreadable(date.fromisoformat), lambda v: v.isoformat()),
    LiteralForm(edm.TIME_OF_DAY, TIME + _END, _in_ticks(_or_unreadable(TimeOfDay.parse)), str),
    LiteralForm(
        edm.BOOLEAN,
        r"(?i:true|false)" + r"(?![\w.(/'=])",
        lambda text: text.lower() == "true",
        lambda v: str(v).lower(),
    ),
    # Suffixes of version 3, which DevExtreme (m, L, f), odata-query (M) and SAP's Cloud SDK (D, F) write in version 4,
    # too. No grammar of version 4 has them.
    LiteralForm(edm.DECIMAL, r"[+-]?[0-9]+(?:\.[0-9]+)?[mM]" + _END, unsuffixed(accepted(edm.DECIMAL, Decimal))),
    LiteralForm(edm.INT64, r"[+-]?[0-9]+L" + _END, unsuffixed(accepted(edm.INT64, read_whole))),
    LiteralForm(edm.SINGLE, r"[+-]?[0-9]+(?:\.[0-9]+)?f" + _END, unsuffixed(accepted(edm.SINGLE, read_float))),
    LiteralForm(edm.DECIMAL, DECIMAL_IN_URL + "[DF]" + _END, unsuffixed(_read_decimal)),  # exact, like those without
    LiteralForm(edm.INT32, r"[+-]?[0-9]+" + _END, int, str),
    LiteralForm(
        edm.DECIMAL,
        DECIMAL_IN_URL + _END,
        _read_decimal,
        print_float,  # with a point, so that it is not read as a whole number
    ),
    LiteralForm(edm.DOUBLE, NAN_INFINITY + r"(?![\w.(/'=])", read_float, print_float),
)
