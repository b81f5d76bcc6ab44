# What JSON may hold for each primitive type in its usual form, as the decoder of msgspec is told, and what makes the
# Python values of a column of it. One row a type; a type without a row, and every unusual form, is the general reader's
# business.

from __future__ import annotations

import decimal
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from ..edm import EnumType, PrimitiveType, Timestamp, accept_enum, check_facets
from ..edm import primitives as edm
from ..records import record
from .json_forms import JsonForm
from .values import read_decimal

FAILURES: Final = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    ValueError,
    TypeError,
    KeyError,
    RecursionError,
    decimal.DecimalException,
)
"""What shows that a body is not plain."""

ReadColumn = Callable[[list[Any]], Iterable[Any] | None]


@record
class Field:
    """How one type is decoded.

    `is_text` says whether JSON has a string for it. `read` makes the values of what the decoder gives, of many rows at
    once; with None as its result they are good as they are, and so are all where `read` is None.
    """

    type: Any
    is_text: bool
    read: ReadColumn | None = None


class Remembered(dict[str, Any]):
    """Texts with their values. Rows have the same dates, prices and members of enumerations again and again.

    One in eight of the texts that are not known is remembered: those that come back will be, sooner or later, and
    those that never do cost little.
    """

    __slots__ = ("read", "unknown")

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self.read = read
        self.unknown = 0

    def __missing__(self, text: str) -> Any:
        value = self.read(text)
        self.unknown = unknown = self.unknown + 1
        if not unknown & 7 and len(text) <= _MAX_TEXT:
            if len(self) >= _MAX_REMEMBERED:
                self.clear()
            self[text] = value
        return value


_MAX_TEXT: Final = 64
_MAX_REMEMBERED: Final = 8_192

Facets = tuple[tuple[str, Any], ...]


def field_of(kind: PrimitiveType | EnumType, facets: Mapping[str, Any], form: JsonForm) -> Field | None:
    """The row of a type with these facets; None where there is none."""
    return _field(kind, tuple(facets.items()), form)


@lru_cache(maxsize=1024)
def _field(kind: PrimitiveType | EnumType, facets: Facets, form: JsonForm) -> Field | None:
    """One for all properties alike, so that they remember together."""
    if isinstance(kind, EnumType):
        return Field(str, True, _each(Remembered(lambda text: accept_enum(kind, text)).__getitem__))
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return Field(Annotated[int, Meta(ge=low, le=high)], False)
    make = _FIELDS.get(kind)
    return None if make is None else make(kind, dict(facets), form)


def _each(read: Callable[[Any], Any]) -> ReadColumn:
    return lambda column: list(map(read, column))


def _all_pass(check: Callable[[Any], Any]) -> ReadColumn:
    """Values that are kept if `check` raises nothing."""

    def read(column: list[Any]) -> None:
        deque(map(check, column), 0)  # the loop that costs least

    return read


def _reader(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Callable[[Any], Any]:
    read, accept = form.codecs[kind].read, kind.accept
    if "Precision" not in facets and "MaxLength" not in facets and "Scale" not in facets:
        return lambda value: accept(read(value))
    return lambda value: check_facets(accept(read(value)), facets)


def _remembered(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    return Field(str, True, _each(Remembered(_reader(kind, facets, form)).__getitem__))


def _moment(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    needs_offset, is_bounded = kind is edm.DATETIME_OFFSET, "Precision" in facets

    def read(texts: list[str]) -> list[Timestamp]:
        moments = Timestamp.parse_all(texts)
        if needs_offset and [moment for moment in moments if moment.offset is None]:
            raise ValueError("an offset is missing")
        if is_bounded:
            for text, moment in zip(texts, moments, strict=True):
                if "." in text:
                    check_facets(moment, facets)
        return moments

    return Field(str, True, read)


def _text(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    limit = facets.get("MaxLength")
    return Field(Annotated[str, Meta(max_length=limit)] if isinstance(limit, int) else str, True)


def _binary(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    return Field(str, True, _each(_reader(kind, facets, form)))


def _single(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    return Field(float, False, _each(kind.accept))


def _long(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    if form.codecs[kind].write is str:
        return Field(str, True, _each(_reader(kind, facets, form)))
    return Field(Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)], False)


def _decimal(kind: PrimitiveType, facets: Mapping[str, Any], form: JsonForm) -> Field:
    # NaN and infinity pass the checks, but they are strings in JSON, and the decoder is told of numbers: whoever counts
    # quotation marks finds them.
    check = _all_pass(_decimal_check(kind, facets))
    if form.decimal_format == "number":
        return Field(Decimal, False, check)

    def read(texts: list[str]) -> list[Decimal]:
        if not _is_plain_number("".join(texts)):
            return [read_decimal(text) for text in texts if check([read_decimal(text)]) is None]
        numbers = list(map(Decimal, texts))
        check(numbers)
        return numbers

    return Field(str, True, read)


def _is_plain_number(text: str) -> bool:
    """Whether there are digits, points and signs only: of these, Decimal reads what the grammar allows, no more."""
    return text.isascii() and text.replace(".", "").replace("-", "").isdigit()


def _decimal_check(kind: PrimitiveType, facets: Mapping[str, Any]) -> Callable[[Decimal], Any]:
    """What raises an error for a finite number that is none of the type."""
    precision, scale = facets.get("Precision"), facets.get("Scale")
    if not isinstance(precision, int) and not isinstance(scale, int):
        return _BOUNDED.plus
    if not isinstance(precision, int) or not isinstance(scale, int) or not 0 < precision <= _MAX_DIGITS:
        return lambda value: check_facets(kind.accept(value), facets)
    fits, unit = Context(prec=precision, traps=_TRAPS), Decimal(1).scaleb(-scale)

    def check(value: Decimal) -> Any:
        try:
            _BOUNDED.plus(value)
            return fits.quantize(value, unit)
        except decimal.DecimalException:  # a value with less to the right than it may have can have more to the left
            return check_facets(kind.accept(value), facets)

    return check


_TRAPS: Final = [
    decimal.Inexact,
    decimal.InvalidOperation,
    decimal.Overflow,
    decimal.Subnormal,
    decimal.Clamped,
]
_MAX_DIGITS: Final = 200
# Well within what Edm.Decimal can hold here, so that whatever passes is one, unless it is NaN or infinity.
_BOUNDED: Final = Context(prec=_MAX_DIGITS, Emin=-400, Emax=400, traps=_TRAPS)

_RANGES: Final[Mapping[PrimitiveType, tuple[int, int]]] = {
    edm.BYTE: (0, 2**8 - 1),
    edm.SBYTE: (-(2**7), 2**7 - 1),
    edm.INT16: (-(2**15), 2**15 - 1),
    edm.INT32: (-(2**31), 2**31 - 1),
}

_FIELDS: Final[Mapping[PrimitiveType, Callable[[PrimitiveType, Mapping[str, Any], JsonForm], Field]]] = {
    edm.BOOLEAN: lambda kind, facets, form: Field(bool, False),
    edm.STRING: _text,
    edm.GUID: lambda kind, facets, form: Field(UUID, True),
    edm.DOUBLE: lambda kind, facets, form: Field(float, False),
    edm.SINGLE: _single,
    edm.INT64: _long,
    edm.DECIMAL: _decimal,
    edm.BINARY: _binary,
    **dict.fromkeys((edm.DATETIME, edm.DATETIME_OFFSET), _moment),
    **dict.fromkeys((edm.DATE, edm.TIME, edm.TIME_OF_DAY, edm.DURATION), _remembered),
}
