# Every primitive type as a table: what it accepts, and as what, and what it refuses, and why.

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import (
    PRIMITIVE_TYPES,
    Duration,
    EnumType,
    TimeOfDay,
    Timestamp,
    accept_enum,
    check_facets,
    enum_name,
)
from odata_core.edm.primitives import MAX_DECIMAL_EXPONENT

GUID = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
LOCAL, ZONED = Timestamp.parse("2013-08-19T15:02:36"), Timestamp.parse("2013-08-19T15:02:36-07:00")
POINT: Mapping[str, Any] = {"type": "Point", "coordinates": [1.5, 2]}

ACCEPTED: list[tuple[str, Any, Any]] = [
    ("Binary", b"\x00\xff", b"\x00\xff"),
    ("Binary", bytearray(b"ab"), b"ab"),
    ("Binary", memoryview(b"ab"), b"ab"),
    ("Boolean", True, True),
    ("Boolean", False, False),
    *(("Byte", number, number) for number in (0, 255)),
    *(("SByte", number, number) for number in (-128, 127)),
    *(("Int16", number, number) for number in (-32_768, 32_767)),
    *(("Int32", number, number) for number in (-2_147_483_648, 2_147_483_647)),
    *(("Int64", number, number) for number in (-9_223_372_036_854_775_808, 9_223_372_036_854_775_807)),
    ("Single", 0.5, 0.5),
    ("Single", 0.1, struct.unpack("<f", struct.pack("<f", 0.1))[0]),
    ("Single", math.inf, math.inf),
    ("Single", 16_777_217, 16_777_216.0),
    ("Double", 0.1, 0.1),
    ("Double", -math.inf, -math.inf),
    ("Double", 3, 3.0),
    ("Double", Decimal("0.5"), 0.5),
    ("Decimal", Decimal("-1.50"), Decimal("-1.50")),
    ("Decimal", 7, Decimal(7)),
    ("Decimal", Decimal(f"1E+{MAX_DECIMAL_EXPONENT}"), Decimal(f"1E+{MAX_DECIMAL_EXPONENT}")),
    ("Decimal", Decimal(f"1E-{MAX_DECIMAL_EXPONENT}"), Decimal(f"1E-{MAX_DECIMAL_EXPONENT}")),
    ("String", "", ""),
    ("String", "före 检查点 🚀\0", "före 检查点 🚀\0"),
    ("Guid", GUID, GUID),
    ("Guid", str(GUID).upper(), GUID),
    ("Guid", f"{{{GUID}}}", GUID),
    ("DateTime", LOCAL, LOCAL),
    ("DateTime", ZONED, ZONED),
    ("DateTime", datetime(2013, 8, 19, 15, 2, 36), LOCAL),
    ("DateTimeOffset", ZONED, ZONED),
    ("DateTimeOffset", datetime(2013, 8, 19, 22, 2, 36, tzinfo=UTC), ZONED),
    ("Time", Duration.parse("PT23H59M59.9999999S"), Duration.parse("PT23H59M59.9999999S")),
    ("Time", timedelta(0), Duration(0)),
    ("Date", date(1, 1, 1), date(1, 1, 1)),
    ("TimeOfDay", TimeOfDay(1), TimeOfDay(1)),
    ("TimeOfDay", time(23, 59, 59, 999_999), TimeOfDay.parse("23:59:59.999999")),
    ("Duration", Duration(-1), Duration(-1)),
    ("Duration", timedelta(days=-2, microseconds=1), Duration.parse("-P1DT23H59M59.999999S")),
    ("Stream", None, None),
    ("GeographyPoint", POINT, POINT),
    ("GeometryCollection", POINT, POINT),
]

WHOLE = "a whole number is expected"
REAL = "a number is expected"
EXACT = "a finite decimal number is expected"
ID = "a GUID such as 3499b02c-8dc9-4c0d-aa83-097a1340cbda is expected"
DIGITS = f"a decimal number has at most {MAX_DECIMAL_EXPONENT} digits on either side of the point"
NO_PLACES: tuple[Any, ...] = ({}, {"type": 1}, [], "POINT(1 2)")
CLOCK = "the time must be from PT0S up to, and without, P1D"

REFUSED: list[tuple[str, Any, str]] = [
    *(("Binary", value, "bytes are expected") for value in ("ab", None, [1])),
    *(("Boolean", value, "true or false is expected") for value in (0, 1, "true", None)),
    *(
        (name, value, WHOLE)
        for name in ("Byte", "SByte", "Int16", "Int32", "Int64")
        for value in (True, 1.0, "1", None)
    ),
    *(("Byte", number, "the number must be between 0 and 255") for number in (-1, 256)),
    *(("SByte", number, "the number must be between -128 and 127") for number in (-129, 128)),
    *(("Int16", number, "the number must be between -32768 and 32767") for number in (-32_769, 32_768)),
    *(("Int32", number, "the number must be between -2147483648 and 2147483647") for number in (-(2**31) - 1, 2**31)),
    *(
        ("Int64", number, "the number must be between -9223372036854775808 and 9223372036854775807")
        for number in (-(2**63) - 1, 2**63)
    ),
    *((name, value, REAL) for name in ("Single", "Double") for value in (True, "1", None)),
    *(("Single", value, "the number is too large for a single") for value in (1e39, Decimal("-1E39"))),
    *((name, 10**400, "the number is too large for a double") for name in ("Single", "Double")),
    ("Double", Decimal("-1E+400"), "the number is too large for a double"),
    *(("Decimal", value, EXACT) for value in (1.5, True, "1", None, Decimal("NaN"), Decimal("-Infinity"))),
    *(("Decimal", Decimal(text), DIGITS) for text in ("1E+1001", "1E-1001", f"0.{'0' * 1000}1", "0E+9999")),
    ("Decimal", 10**1001, DIGITS),
    *(("String", value, "a string is expected") for value in (b"ab", 1, None)),
    *(("Guid", value, ID) for value in ("", str(GUID)[:-1], GUID.bytes, 7, None)),
    *(("DateTime", value, "a date and time is expected") for value in ("2013-08-19T15:02:36", date(2013, 8, 19), None)),
    *(
        ("DateTimeOffset", value, "the date and time needs an offset from UTC, such as Z or +01:00")
        for value in (LOCAL, datetime(2013, 8, 19))
    ),
    *(("Time", value, CLOCK) for value in (Duration(-1), timedelta(days=1))),
    *((name, value, "a duration is expected") for name in ("Time", "Duration") for value in ("PT1S", 1, time(1), None)),
    ("Duration", timedelta.max, "a duration must be shorter than 29,228 years"),
    *(("Date", value, "a date is expected") for value in (datetime(2013, 8, 19), "2013-08-19", None)),
    *(("TimeOfDay", value, "a time of day is expected") for value in ("15:02", timedelta(0), None)),
    *(("GeometryPoint", value, "a GeoJSON object is expected") for value in (*NO_PLACES, None)),
]


@pytest.mark.parametrize(("name", "given", "expected"), ACCEPTED)
def test_accepted(name: str, given: Any, expected: Any) -> None:
    accepted = PRIMITIVE_TYPES[f"Edm.{name}"].accept(given)
    assert (type(accepted), accepted) == (type(expected), expected)


@pytest.mark.parametrize(("name", "given", "reason"), REFUSED)
def test_refused(name: str, given: Any, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        PRIMITIVE_TYPES[f"Edm.{name}"].accept(given)
    assert str(caught.value) == reason


@pytest.mark.parametrize("name", ["Single", "Double"])
def test_not_a_number_is_a_number(name: str) -> None:
    assert math.isnan(PRIMITIVE_TYPES[f"Edm.{name}"].accept(math.nan))


GEO = [name for name in PRIMITIVE_TYPES if name.startswith("Edm.Geo")]


def test_every_type_is_in_both_tables() -> None:
    plain = set(PRIMITIVE_TYPES) - set(GEO)
    assert {f"Edm.{name}" for name, _given, _expected in ACCEPTED} - set(GEO) == plain
    assert {f"Edm.{name}" for name, _given, _reason in REFUSED} - set(GEO) == plain - {"Edm.Stream"}


@given(st.floats(allow_nan=False))
def test_a_single_is_what_32_bits_say(number: float) -> None:
    single = PRIMITIVE_TYPES["Edm.Single"].accept
    try:
        expected = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        with pytest.raises(ValueError):
            single(number)
    else:
        assert (single(number), single(single(number))) == (expected, expected)


# Name, versions, facets, whether a key may have it.
TYPES = """
    Binary          v3 v4  FixedLength MaxLength                    key
    Boolean         v3 v4                                           key
    Byte            v3 v4                                           key
    SByte           v3 v4                                           key
    Int16           v3 v4                                           key
    Int32           v3 v4                                           key
    Int64           v3 v4                                           key
    Single          v3 v4                                           key
    Double          v3 v4                                           key
    Decimal         v3 v4  Precision Scale                          key
    String          v3 v4  Collation FixedLength MaxLength Unicode  key
    Guid            v3 v4                                           key
    DateTime        v3     Precision                                key
    DateTimeOffset  v3 v4  Precision                                key
    Time            v3     Precision                                key
    Date            v4                                              key
    TimeOfDay       v4     Precision                                key
    Duration        v4     Precision                                key
    Stream          v3 v4  FixedLength MaxLength
"""


def test_versions_facets_and_keys() -> None:
    found = [
        [kind.short_name, *sorted(kind.families), *sorted(kind.facets), *(["key"] if kind.is_key_type else [])]
        for kind in PRIMITIVE_TYPES.values()
        if kind.name not in GEO
    ]
    assert found == [line.split() for line in TYPES.strip().splitlines()]
    assert len(GEO) == 16
    assert {(*sorted(PRIMITIVE_TYPES[name].families), *PRIMITIVE_TYPES[name].facets) for name in GEO} == {
        ("v3", "v4", "SRID")
    }


def test_numbers_are_promoted_in_this_order() -> None:
    ranks = {kind.short_name: kind.numeric_rank for kind in PRIMITIVE_TYPES.values() if kind.numeric_rank}
    assert ranks == {"Byte": 1, "SByte": 1, "Int16": 2, "Int32": 3, "Int64": 4, "Single": 5, "Double": 6, "Decimal": 7}


@pytest.mark.parametrize(
    ("value", "facets"),
    [
        ("abc", {"MaxLength": 3}),
        ("a" * 5000, {"MaxLength": "Max"}),
        ("abc", {}),
        ("🚀🚀", {"MaxLength": 2}),
        (b"abc", {"MaxLength": 3}),
        (Decimal("123.45"), {"Precision": 5, "Scale": 2}),
        (Decimal("123.4500"), {"Precision": 5, "Scale": 2}),
        (Decimal("0.05"), {"Precision": 2, "Scale": 2}),
        (Decimal("0.00"), {"Precision": 1, "Scale": 0}),
        (Decimal("1E+3"), {"Precision": 4, "Scale": 0}),
        (Decimal("1.5"), {"Scale": "variable"}),
        (Timestamp.parse("2013-08-19T15:02:36.591"), {"Precision": 3}),
        (Timestamp.parse("2013-08-19T15:02:36.8185926"), {"Precision": 7}),
        (Timestamp.parse("2013-08-19T15:02:36.8185926"), {"Precision": 12}),
        (Duration.parse("-PT1S"), {"Precision": 0}),
        (TimeOfDay.parse("15:02:36.5"), {"Precision": 1}),
        (1.23456, {"Precision": 1}),
    ],
)
def test_facets_allow(value: Any, facets: Mapping[str, Any]) -> None:
    assert check_facets(value, facets) is value


@pytest.mark.parametrize(
    ("value", "facets", "reason"),
    [
        ("abcd", {"MaxLength": 3}, "at most 3 characters or bytes are allowed, 4 were given"),
        (b"abcd", {"MaxLength": 3}, "at most 3 characters or bytes are allowed, 4 were given"),
        (Decimal("1234.56"), {"Precision": 5, "Scale": 2}, "at most 5 digits are allowed"),
        (Decimal("1E+5"), {"Precision": 5}, "at most 5 digits are allowed"),
        (Decimal("-0.005"), {"Precision": 5, "Scale": 2}, "at most 2 digits right of the point are allowed"),
        (Decimal("0." + "1" * 40), {"Scale": 28}, "at most 28 digits right of the point are allowed"),
        (
            Timestamp.parse("2013-08-19T15:02:36.5915"),
            {"Precision": 3},
            "at most 3 digits of a second's fraction are allowed",
        ),
        (Duration(-1), {"Precision": 6}, "at most 6 digits of a second's fraction are allowed"),
        (TimeOfDay(1), {"Precision": 0}, "at most 0 digits of a second's fraction are allowed"),
    ],
)
def test_facets_refuse(value: Any, facets: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_facets(value, facets)
    assert str(caught.value) == reason


INT32 = PRIMITIVE_TYPES["Edm.Int32"]
COLOUR = EnumType("Shop", "Colour", {"Red": 1, "Blue": 2, "Crimson": 1}, INT32)
RIGHTS = EnumType("Shop", "Rights", {"None": 0, "Read": 1, "Write": 2, "Both": 3, "Own": 4}, INT32, is_flags=True)
GAPS = EnumType("Shop", "Gaps", {"Left": 3, "Right": 6}, INT32, is_flags=True)


@pytest.mark.parametrize(
    ("enum", "given", "expected"),
    [
        (COLOUR, "Red", "Red"),
        (COLOUR, "Crimson", "Crimson"),
        (COLOUR, 2, "Blue"),
        (COLOUR, "1", "Red"),
        (RIGHTS, "Write,Own", "Write,Own"),
        (RIGHTS, " Write , Own ", "Write,Own"),
        (RIGHTS, 0, "None"),
        (RIGHTS, 3, "Both"),
        (RIGHTS, 5, "Read,Own"),
        (RIGHTS, 7, "Both,Own"),
        (GAPS, 7, "Left,Right"),
    ],
)
def test_enumerations_accept(enum: EnumType, given: str | int, expected: str) -> None:
    assert accept_enum(enum, given) == expected


ANY_COLOUR = "a member of Shop.Colour is expected: Red, Blue, Crimson"
ANY_RIGHT = "a member of Shop.Rights is expected: None, Read, Write, Both, Own"


@pytest.mark.parametrize(
    ("enum", "given", "reason"),
    [
        *((COLOUR, value, ANY_COLOUR) for value in ("red", "", "Red,Blue", "--1", "1.0", "²", True, 1.0, None)),
        *((RIGHTS, value, ANY_RIGHT) for value in ("Read,", "Read,Fly", "Read;Own", "9" * 20)),
        (COLOUR, 3, "no member of Shop.Colour has the value 3"),
        (COLOUR, "-1", "no member of Shop.Colour has the value -1"),
        (RIGHTS, 8, "no member of Shop.Rights has the value 8"),
        (RIGHTS, -1, "no member of Shop.Rights has the value -1"),
        (GAPS, 0, "no member of Shop.Gaps has the value 0"),
        (GAPS, 2, "no member of Shop.Gaps has the value 2"),
    ],
)
def test_enumerations_refuse(enum: EnumType, given: Any, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        accept_enum(enum, given)
    assert str(caught.value) == reason


@given(st.integers(0, 7))
def test_flags_say_their_number(number: int) -> None:
    names = enum_name(RIGHTS, number).split(",")
    assert sum(RIGHTS.members[name] for name in names) == number
