# Literals: text <-> Python value, one row per Edm primitive type and dialect.
# Strategy: a row owns its pattern, its reader and its printer, so the three cannot drift apart.
# This module knows nothing about models: whether 5 may meet Edm.Byte is the binder's business.

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..edm import PRIMITIVE_TYPES, Duration, PrimitiveType, Timestamp
from ..edm import primitives as edm
from ..edm.geo import geo_type, print_geo_literal, read_geo_literal
from ..edm.temporal import MAX_TICKS
from ..records import record


@record
class LiteralForm:
    """How values of one type are spelled; `read` raises ValueError with a reason."""

    type: PrimitiveType
    pattern: str
    read: Callable[[str], Any]
    print: Callable[[Any], str] | None = None  # None: another row of the type prints
    type_of: Callable[[Any], PrimitiveType] | None = None  # the type by the value, where the spelling is of several


def _quoted(text: str) -> str:
    """What stands between the quotation marks of `prefix'...'`."""
    return text[text.index("'") + 1 : -1]


def read_string(text: str) -> str:
    """SQUOTE-in-string = SQUOTE SQUOTE: a quotation mark inside is doubled."""
    return _quoted(text).replace("''", "'")


def print_string(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def read_guid(text: str) -> UUID:
    """`3499b02c-...`, also in braces or without hyphens, as .NET reads it. Python's UUID takes much more."""
    if not _GUID_TEXT.fullmatch(text):
        raise ValueError("a GUID reads like 3499b02c-8dc9-4c0d-aa83-097a1340cbda")
    return UUID(text)


def read_binary(text: str) -> bytes:
    """Pairs of hexadecimal digits."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        raise ValueError("binary data is spelled as pairs of hexadecimal digits") from None


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_timestamp(text: str) -> Timestamp:
    # A plus sign that a client forgot to encode arrives as a blank: `T00:00:00 03:00`. JavaScript clients leave the
    # time of day out (DevExtreme), and WCF Data Services takes that.
    text = text.strip().replace(" ", "+")
    return Timestamp.parse(f"{text}T00:00:00" if _DAY.fullmatch(text) else text)


def _read_datetime_offset(text: str) -> Timestamp:
    moment: Timestamp = edm.DATETIME_OFFSET.accept(_read_timestamp(text))
    return moment


def _print_datetime(value: Timestamp) -> str:
    """Edm.DateTime literals have no zone (v3 ABNF, dateTimeLiteral): a value with an offset is shifted to UTC.

    Where that would leave the years 0001 to 9999 the offset stays, which the reader understands.
    """
    is_in_range = 0 <= value.instant < MAX_TICKS
    return f"datetime'{Timestamp(value.instant) if is_in_range else value}'"


def read_whole(text: str) -> int:
    """A whole number, short enough to be a decimal, too."""
    if len(text) > edm.MAX_DECIMAL_EXPONENT:
        raise ValueError(f"a number has at most {edm.MAX_DECIMAL_EXPONENT} digits")
    return int(text)


def read_float(text: str) -> float:
    """A double; INF, -INF and NaN by these names."""
    number = float(text.replace("INF", "inf").replace(" ", "+"))  # a plus that nobody encoded arrives as a blank
    if math.isinf(number) and "INF" not in text:
        raise ValueError("the number is too large for a double")
    return number


_PLAIN: Final = (1e-4, 1e16)  # where the shortest text of a double has no exponent


def print_float(value: float | Decimal) -> str:
    """The shortest text that reads back as the same number, and not as a whole one: it has a point or an exponent.

    Numbers that were kept exact keep their digits; very large and very small ones are written as the double they equal.
    """
    if isinstance(value, Decimal):
        digits = print_decimal(value)
        plain = digits if "." in digits else f"{digits}.0"
        nearest = float(value)
        if not value or _PLAIN[0] <= abs(nearest) < _PLAIN[1] or Decimal(repr(nearest)) != value:
            return plain
        return repr(nearest)
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return "NaN" if math.isnan(value) else repr(value)


def print_decimal(value: Decimal) -> str:
    """Digits without exponent."""
    return format(value, "f")


def _print_double(value: float | Decimal) -> str:
    """With a suffix, but for a number that was written with a point and without one: it was kept exact."""
    return print_float(value) if isinstance(value, Decimal) else f"{print_float(value)}D"


def _unwrapped(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(_quoted(text))


def unsuffixed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What `read` gives of the text before a suffix of one letter."""
    return lambda text: read(text[:-1])


def accepted(kind: PrimitiveType, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What `read` gives, in the range and the Python form of the type."""
    return lambda text: kind.accept(read(text))


def _geo_form(plane: str) -> LiteralForm:
    """Well-known text, whose shape tells the type."""
    kind, pattern = PRIMITIVE_TYPES[f"Edm.{plane}"], rf"(?i:{plane})'[^']*'"
    return LiteralForm(
        kind, pattern, read_geo_literal(plane), print_geo_literal(plane), lambda value: geo_type(value, plane)
    )


_GUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_GUID_TEXT = re.compile(rf"{_GUID}|\{{{_GUID}\}}|[0-9A-Fa-f]{{32}}")
_FLOAT = r"-?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][+ -]?[0-9]+)?|INF\b|INF(?=[DdFf]\b)|NaN\b|NaN(?=[DdFf]\b))"
_END = r"(?![\w.])"

# OData 3.0 ABNF, primitiveLiteral. Prefixes are read in any case, as WCF Data Services reads them.
# The order is that of the lexer: the first row whose pattern matches wins.
V3_LITERALS: Final = (
    LiteralForm(edm.STRING, r"'(?:[^']|'')*'", read_string, print_string),
    LiteralForm(edm.GUID, r"(?i:guid)'[^']*'", _unwrapped(read_guid), lambda v: f"guid'{v}'"),
    LiteralForm(edm.GUID, _GUID + _END, read_guid),
    LiteralForm(edm.DATETIME, r"(?i:datetime)'[^']*'", _unwrapped(_read_timestamp), _print_datetime),
    LiteralForm(
        edm.DATETIME_OFFSET,
        r"(?i:datetimeoffset)'[^']*'",
        _unwrapped(_read_datetime_offset),
        lambda v: f"datetimeoffset'{v}'",
    ),
    LiteralForm(edm.TIME, r"(?i:time)'[^']*'", _unwrapped(accepted(edm.TIME, Duration.parse)), lambda v: f"time'{v}'"),
    LiteralForm(
        edm.BINARY, r"(?:X|(?i:binary))'[^']*'", _unwrapped(read_binary), lambda v: f"binary'{v.hex().upper()}'"
    ),
    _geo_form("Geography"),
    _geo_form("Geometry"),
    LiteralForm(edm.BOOLEAN, r"(?:true|false)" + _END, lambda text: text == "true", lambda v: "true" if v else "false"),
    LiteralForm(
        edm.DECIMAL,
        r"-?[0-9]+(?:\.[0-9]+)?[mM]" + _END,
        unsuffixed(accepted(edm.DECIMAL, Decimal)),
        lambda v: f"{print_decimal(v)}M",
    ),
    LiteralForm(edm.INT64, r"-?[0-9]+[lL]" + _END, unsuffixed(accepted(edm.INT64, read_whole)), lambda v: f"{v}L"),
    LiteralForm(
        edm.SINGLE,
        _FLOAT + "[fF]" + _END,
        unsuffixed(accepted(edm.SINGLE, read_float)),
        lambda v: f"{print_float(v)}f",
    ),
    LiteralForm(edm.DOUBLE, _FLOAT + "[dD]" + _END, unsuffixed(read_float), _print_double),
    LiteralForm(edm.INT32, r"-?[0-9]+" + _END, read_whole, str),
    # A number with a point and no suffix is a double by the letter; it is kept exact, so that it can also be a decimal.
    LiteralForm(edm.DOUBLE, r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?" + _END, accepted(edm.DECIMAL, Decimal)),
    LiteralForm(edm.DOUBLE, r"(?:-?INF|NaN)" + _END, read_float),
)

# Types without a row of their own are written like these.
_PRINTED_AS: Final[Mapping[str, str]] = {
    "Edm.Byte": "Edm.Int32",
    "Edm.SByte": "Edm.Int32",
    "Edm.Int16": "Edm.Int32",
    "Edm.Int64": "Edm.Int32",
    "Edm.Single": "Edm.Double",
    **{
        kind.name: next(name for name in ("Edm.Geography", "Edm.Geometry") if name in kind.name)
        for kind in edm.GEO_TYPES
    },
}


def printers(forms: tuple[LiteralForm, ...]) -> Mapping[str, Callable[[Any], str]]:
    """The printer of each type, by the type's name."""
    table = {form.type.name: form.print for form in forms if form.print is not None}
    return {name: table[alias] for name, alias in _PRINTED_AS.items() if alias in table} | table


_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?|-?INF|NaN")


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("a whole number is expected")
    return read_whole(text)


def _number(text: str) -> str:
    """Python's number readers also take `1_000`, blanks and foreign digits; OData does not."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number reads like 5, -5 or 5.25")
    return text


# A key segment (`Products/5`) holds the bare value: no quotation marks, prefixes or suffixes.
SEGMENT_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "Edm.String": str,
    "Edm.Guid": read_guid,
    "Edm.DateTime": Timestamp.parse,
    "Edm.DateTimeOffset": lambda text: edm.DATETIME_OFFSET.accept(Timestamp.parse(text)),
    "Edm.Time": Duration.parse,
    "Edm.Binary": read_binary,
    "Edm.Boolean": lambda text: {"true": True, "false": False}[text],
    "Edm.Decimal": lambda text: Decimal(_number(text)),
    "Edm.Double": lambda text: read_float(_number(text)),
    "Edm.Single": lambda text: read_float(_number(text)),
    **{f"Edm.{name}": _read_integer for name in ("Byte", "SByte", "Int16", "Int32", "Int64")},
}

SEGMENT_PRINTERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "Edm.Binary": lambda value: value.hex().upper(),
    "Edm.Boolean": lambda value: "true" if value else "false",
    "Edm.Decimal": print_decimal,
    "Edm.Double": print_float,
    "Edm.Single": print_float,
}
