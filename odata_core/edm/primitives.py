# The primitive types of OData 2.0 to 4.01, one row a type: which Python values it holds, its range, its facets.
# A row's `accept` turns what a backend or a user may give into the one Python form of the type, or says why not.
# How a value is spelled in a URL is the business of `uri`, in a body that of `payload`.

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from .temporal import TICKS_PER_DAY, TICKS_PER_MICROSECOND, Duration, TimeOfDay, Timestamp

V3: Final = frozenset({"v3"})
V4: Final = frozenset({"v4"})
BOTH: Final = V3 | V4


@dataclass(frozen=True, slots=True, eq=False)
class PrimitiveType:
    """One primitive type. `accept(value)` returns the value in the type's Python form or raises ValueError."""

    name: str
    python: type
    accept: Callable[[Any], Any]
    families: frozenset[str] = BOTH
    facets: frozenset[str] = frozenset()
    numeric_rank: int = 0  # 0: not a number; otherwise the order of promotion
    is_key_type: bool = True

    @property
    def short_name(self) -> str:
        return self.name.removeprefix("Edm.")

    def __repr__(self) -> str:
        return self.name


def _instance(python: type, what: str) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        if type(value) is python:
            return value
        if isinstance(value, python) and not isinstance(value, bool):
            return value
        raise ValueError(f"{what} is expected")

    return accept


def _integer(low: int, high: int) -> Callable[[Any], int]:
    def accept(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("a whole number is expected")
        if not low <= value <= high:
            raise ValueError(f"the number must be between {low} and {high}")
        return value

    return accept


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false is expected")


MAX_DECIMAL_EXPONENT: Final = 1_000  # 1E+999999999 is ten characters, and a gigabyte when printed in full


def _decimal(value: Any) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("a finite decimal number is expected")
    exponent = value.as_tuple().exponent
    if abs(value.adjusted()) > MAX_DECIMAL_EXPONENT or abs(int(exponent)) > MAX_DECIMAL_EXPONENT:
        raise ValueError(f"a decimal number has at most {MAX_DECIMAL_EXPONENT} digits on either side of the point")
    return value


def _double(value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):  # a whole number raises, a Decimal becomes infinite
            raise ValueError("the number is too large for a double")
        return number
    raise ValueError("a number is expected")


def _single(value: Any) -> float:
    """A double rounded to the nearest single, so that what is stored is what 32 bits can say."""
    number = _double(value)
    if not math.isfinite(number):
        return number
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        raise ValueError("the number is too large for a single") from None


def _binary(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise ValueError("bytes are expected")


def _guid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            pass
    raise ValueError("a GUID such as 3499b02c-8dc9-4c0d-aa83-097a1340cbda is expected")


def _datetime(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, datetime):
        return Timestamp.of(value)
    raise ValueError("a date and time is expected")


def _datetime_offset(value: Any) -> Timestamp:
    moment = _datetime(value)
    if moment.offset is None:
        raise ValueError("the date and time needs an offset from UTC, such as Z or +01:00")
    return moment


def _duration(value: Any) -> Duration:
    if isinstance(value, timedelta):
        return Duration.of(value)
    if isinstance(value, Duration):
        return value
    raise ValueError("a duration is expected")


def _v3_time(value: Any) -> Duration:
    duration = _duration(value)
    if not 0 <= duration.ticks < TICKS_PER_DAY:
        raise ValueError("the time must be from PT0S up to, and without, P1D")
    return duration


def _time_of_day(value: Any) -> TimeOfDay:
    if isinstance(value, TimeOfDay):
        return value
    if isinstance(value, time):
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return TimeOfDay((seconds * 1_000_000 + value.microsecond) * TICKS_PER_MICROSECOND)
    raise ValueError("a time of day is expected")


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("a date is expected")


def _geo(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and isinstance(value.get("type"), str):
        return value
    raise ValueError("a GeoJSON object is expected")


_LENGTH: Final = frozenset({"MaxLength", "FixedLength"})
_TEXT: Final = frozenset({"MaxLength", "FixedLength", "Unicode", "Collation"})
_PRECISION: Final = frozenset({"Precision"})

BINARY = PrimitiveType("Edm.Binary", bytes, _binary, facets=_LENGTH)
BOOLEAN = PrimitiveType("Edm.Boolean", bool, _boolean)
BYTE = PrimitiveType("Edm.Byte", int, _integer(0, 2**8 - 1), numeric_rank=1)
SBYTE = PrimitiveType("Edm.SByte", int, _integer(-(2**7), 2**7 - 1), numeric_rank=1)
INT16 = PrimitiveType("Edm.Int16", int, _integer(-(2**15), 2**15 - 1), numeric_rank=2)
INT32 = PrimitiveType("Edm.Int32", int, _integer(-(2**31), 2**31 - 1), numeric_rank=3)
INT64 = PrimitiveType("Edm.Int64", int, _integer(-(2**63), 2**63 - 1), numeric_rank=4)
SINGLE = PrimitiveType("Edm.Single", float, _single, numeric_rank=5)
DOUBLE = PrimitiveType("Edm.Double", float, _double, numeric_rank=6)
DECIMAL = PrimitiveType("Edm.Decimal", Decimal, _decimal, facets=frozenset({"Precision", "Scale"}), numeric_rank=7)
STRING = PrimitiveType("Edm.String", str, _instance(str, "a string"), facets=_TEXT)
GUID = PrimitiveType("Edm.Guid", UUID, _guid)
DATETIME = PrimitiveType("Edm.DateTime", Timestamp, _datetime, V3, _PRECISION)
DATETIME_OFFSET = PrimitiveType("Edm.DateTimeOffset", Timestamp, _datetime_offset, BOTH, _PRECISION)
TIME = PrimitiveType("Edm.Time", Duration, _v3_time, V3, _PRECISION)
DATE = PrimitiveType("Edm.Date", date, _date, V4)
TIME_OF_DAY = PrimitiveType("Edm.TimeOfDay", TimeOfDay, _time_of_day, V4, _PRECISION)
DURATION = PrimitiveType("Edm.Duration", Duration, _duration, V4, _PRECISION)
STREAM = PrimitiveType("Edm.Stream", object, lambda value: value, facets=_LENGTH, is_key_type=False)

_GEO_SHAPES = ("", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "Collection")
GEO_TYPES: Final = tuple(
    PrimitiveType(f"Edm.{plane}{shape}", dict, _geo, facets=frozenset({"SRID"}), is_key_type=False)
    for plane in ("Geography", "Geometry")
    for shape in _GEO_SHAPES
)

PRIMITIVE_TYPES: Final[Mapping[str, PrimitiveType]] = {
    primitive.name: primitive
    for primitive in (
        *(BINARY, BOOLEAN, BYTE, SBYTE, INT16, INT32, INT64, SINGLE, DOUBLE, DECIMAL, STRING, GUID),
        *(DATETIME, DATETIME_OFFSET, TIME, DATE, TIME_OF_DAY, DURATION, STREAM),
        *GEO_TYPES,
    )
}
"""Every primitive type by its qualified name, such as `Edm.Int32`."""

# Types that stand for others, or for paths, in vocabularies and signatures (CSDL 4.01, sections 4.4 to 4.6).
ABSTRACT_TYPES: Final[Mapping[str, PrimitiveType]] = {
    name: PrimitiveType(name, object, lambda value: value, V4, is_key_type=False)
    for name in (
        "Edm.PrimitiveType",
        "Edm.Untyped",
        "Edm.AnnotationPath",
        "Edm.AnyPropertyPath",
        "Edm.ModelElementPath",
        "Edm.NavigationPropertyPath",
        "Edm.PropertyPath",
    )
}
"""What a model may name as a type without saying which values it has."""
