# Literals of version 3: text as pairs with value and type, refusals with their message, and printing as the way back.

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, Duration, Property, Timestamp
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.testing.reference import exact
from odata_core.testing.strategies import values_of
from odata_core.uri import V3_GRAMMAR, V4_GRAMMAR, parse_expression
from odata_core.uri.grammars import Grammar
from odata_core.uri.syntax import Literal

LIMITS = Limits()
GUID = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
HALF_PAST_THREE = Timestamp.parse("2013-08-19T15:30:00")


def read(text: str, grammar: Grammar = V3_GRAMMAR) -> tuple[Any, str]:
    """Value and type of a text that is one literal."""
    node = parse_expression(text, grammar, LIMITS)
    assert isinstance(node, Literal)
    return exact(node.value), "null" if node.type is None else node.type.name


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("null", None, "null"),
        ("true", True, "Edm.Boolean"),
        ("false", False, "Edm.Boolean"),
        # Text
        ("''", "", "Edm.String"),
        ("'abc'", "abc", "Edm.String"),
        ("'O''Neil'", "O'Neil", "Edm.String"),
        ("''''", "'", "Edm.String"),
        ("''''''", "''", "Edm.String"),
        ("'\"and\" or (not) freeland'", '"and" or (not) freeland', "Edm.String"),
        ("'guid''1'''", "guid'1'", "Edm.String"),
        ("'tab\tnew\nline\x00'", "tab\tnew\nline\x00", "Edm.String"),
        ("'😀%20+'", "😀%20+", "Edm.String"),
        # Guids: prefixed in any case, braced, without hyphens, bare
        (f"guid'{GUID}'", GUID, "Edm.Guid"),
        (f"Guid'{GUID}'", GUID, "Edm.Guid"),
        (f"GUID'{str(GUID).upper()}'", GUID, "Edm.Guid"),
        (f"guid'{{{GUID}}}'", GUID, "Edm.Guid"),
        (f"guid'{GUID.hex}'", GUID, "Edm.Guid"),
        (str(GUID), GUID, "Edm.Guid"),
        ("00000000-0000-0000-0000-000000000000", UUID(int=0), "Edm.Guid"),
        ("e0000000-0000-0000-0000-00000000000e", UUID("e0000000-0000-0000-0000-00000000000e"), "Edm.Guid"),
        # Moments: seconds, fraction and zone may be missing
        ("datetime'2013-08-19T15:30:00'", HALF_PAST_THREE, "Edm.DateTime"),
        ("DATETIME'2013-08-19T15:30'", HALF_PAST_THREE, "Edm.DateTime"),
        ("DateTime'2013-08-19t15:30:00.0'", HALF_PAST_THREE, "Edm.DateTime"),
        ("datetime'2013-08-19T15:30:00Z'", Timestamp(HALF_PAST_THREE.ticks, 0), "Edm.DateTime"),
        ("datetime'2013-08-19T15:30:00-07:00'", Timestamp(HALF_PAST_THREE.ticks, -420), "Edm.DateTime"),
        ("datetime'2013-08-19T15:30:00 03:00'", Timestamp(HALF_PAST_THREE.ticks, 180), "Edm.DateTime"),
        ("datetime'2013-08-19T15:30:00.1234567'", Timestamp(HALF_PAST_THREE.ticks + 1_234_567), "Edm.DateTime"),
        ("datetime'0001-01-01T00:00:00'", Timestamp(0), "Edm.DateTime"),
        ("datetimeoffset'2013-08-19T15:30:00Z'", Timestamp(HALF_PAST_THREE.ticks, 0), "Edm.DateTimeOffset"),
        ("DateTimeOffset'2013-08-19T15:30+05:30'", Timestamp(HALF_PAST_THREE.ticks, 330), "Edm.DateTimeOffset"),
        ("datetimeoffset'2013-08-19T15:30:00 05:30'", Timestamp(HALF_PAST_THREE.ticks, 330), "Edm.DateTimeOffset"),
        # Spans
        ("time'PT15H30M'", Duration(558_000_000_000), "Edm.Time"),
        ("TIME'PT0.0000001S'", Duration(1), "Edm.Time"),
        ("time'PT0S'", Duration(0), "Edm.Time"),
        # Bytes
        ("binary'00ff'", b"\x00\xff", "Edm.Binary"),
        ("Binary'00FF'", b"\x00\xff", "Edm.Binary"),
        ("X'00Ff'", b"\x00\xff", "Edm.Binary"),
        ("binary''", b"", "Edm.Binary"),
        # Whole numbers take the smallest type that holds them
        ("0", 0, "Edm.Int32"),
        ("-5", -5, "Edm.Int32"),
        ("007", 7, "Edm.Int32"),
        ("2147483647", 2**31 - 1, "Edm.Int32"),
        ("-2147483648", -(2**31), "Edm.Int32"),
        ("2147483648", 2**31, "Edm.Int64"),
        ("-9223372036854775808", -(2**63), "Edm.Int64"),
        ("9223372036854775808", Decimal(2**63), "Edm.Decimal"),
        ("9" * 1000, Decimal("9" * 1000), "Edm.Decimal"),
        ("5L", 5, "Edm.Int64"),
        ("-5l", -5, "Edm.Int64"),
        ("9223372036854775807L", 2**63 - 1, "Edm.Int64"),
        # Decimals keep their digits
        ("1.10M", Decimal("1.10"), "Edm.Decimal"),
        ("-5m", Decimal(-5), "Edm.Decimal"),
        ("79228162514264337593543950335M", Decimal("79228162514264337593543950335"), "Edm.Decimal"),
        # A double without a suffix is kept exact, until it is known what it meets
        ("1.10", Decimal("1.10"), "Edm.Double"),
        ("-0.5", Decimal("-0.5"), "Edm.Double"),
        ("5e5", Decimal("5E+5"), "Edm.Double"),
        ("1.5E-3", Decimal("0.0015"), "Edm.Double"),
        ("1.10d", 1.1, "Edm.Double"),
        ("5D", 5.0, "Edm.Double"),
        ("1e+22D", 1e22, "Edm.Double"),
        ("-0D", -0.0, "Edm.Double"),
        ("INF", float("inf"), "Edm.Double"),
        ("-INF", float("-inf"), "Edm.Double"),
        ("NaN", float("nan"), "Edm.Double"),
        ("INFD", float("inf"), "Edm.Double"),
        # A single has been rounded to one
        ("1.5f", 1.5, "Edm.Single"),
        ("0.1F", 0.10000000149011612, "Edm.Single"),
        ("16777217f", 16777216.0, "Edm.Single"),
        ("-INFf", float("-inf"), "Edm.Single"),
        ("NaNF", float("nan"), "Edm.Single"),
    ],
)
def test_a_literal_has_a_value_and_a_type(text: str, value: Any, kind: str) -> None:
    assert read(text) == (exact(value), kind)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("-1.10m", Decimal("-1.10"), "Edm.Decimal"),
        ("2.50M", Decimal("2.50"), "Edm.Decimal"),
        ("9223372036854775807L", 2**63 - 1, "Edm.Int64"),
        ("0.1f", 0.10000000149011612, "Edm.Single"),
        ("-1.5F", Decimal("-1.5"), "Edm.Decimal"),
        ("3D", Decimal(3), "Edm.Decimal"),
        ("-0.10D", Decimal("-0.10"), "Edm.Decimal"),
        ("1e+21D", Decimal("1e21"), "Edm.Decimal"),
        ("1e 21D", Decimal("1e21"), "Edm.Decimal"),
        ("1e-7F", Decimal("1e-7"), "Edm.Decimal"),
    ],
)
def test_suffixes_that_clients_write_in_version_4(text: str, value: Any, kind: str) -> None:
    assert read(text, V4_GRAMMAR) == (exact(value), kind)


@pytest.mark.parametrize("text", ["1l", "1d", "1DD", "1.D", "1.5L", "9223372036854775808L"])
def test_other_suffixes_are_refused_in_version_4(text: str) -> None:
    with pytest.raises(BadRequest):
        read(text, V4_GRAMMAR)


A_GUID = "a GUID reads like 3499b02c-8dc9-4c0d-aa83-097a1340cbda"
A_MOMENT = "a date and time reads like 2013-08-19T15:02:36.8185926-07:00"
A_SPAN = "a duration reads like P1DT2H3M4.5S, without years and months"
A_TIME = "the time must be from PT0S up to, and without, P1D"
A_CLOCK = "the time of day must be between 00:00:00 and 23:59:59.9999999"
BYTES = "binary data is spelled as pairs of hexadecimal digits"
INT64 = "the number must be between -9223372036854775808 and 9223372036854775807"
MANY_DIGITS = "a number has at most 1000 digits"


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("guid''", "Guid", A_GUID),
        ("guid'1'", "Guid", A_GUID),
        (f"guid'{GUID}0'", "Guid", A_GUID),
        (f"guid' {GUID}'", "Guid", A_GUID),
        (f"guid'{{{GUID}'", "Guid", A_GUID),
        (f"guid'{{{{{GUID}}}}}'", "Guid", A_GUID),
        (f"guid'urn:uuid:{GUID}'", "Guid", A_GUID),
        ("guid'3_99b02c8dc94c0daa83097a1340cbda'", "Guid", A_GUID),
        ("guid'0x99b02c8dc94c0daa83097a1340cbda'", "Guid", A_GUID),
        ("guid'３499b02c-8dc9-4c0d-aa83-097a1340cbda'", "Guid", A_GUID),
        ("datetime''", "DateTime", A_MOMENT),
        ("datetime'2013-8-19'", "DateTime", A_MOMENT),
        ("datetime'2013-8-19T15:30:00'", "DateTime", A_MOMENT),
        ("datetime'/Date(0)/'", "DateTime", A_MOMENT),
        ("datetime'2013-08-19T15:30:00.12345678'", "DateTime", A_MOMENT),
        ("datetime'2013-02-29T00:00:00'", "DateTime", "there is no day 2013-02-29"),
        ("datetime'0000-01-01T00:00:00'", "DateTime", "there is no day 0000-01-01"),
        ("datetime'2013-08-19T24:00:00'", "DateTime", A_CLOCK),
        ("datetime'2013-08-19T23:59:60'", "DateTime", A_CLOCK),
        ("datetime'2013-08-19T15:30:00+14:01'", "DateTime", "the offset must be between -14:00 and +14:00"),
        ("datetime'2013-08-19T15:30:00+01:60'", "DateTime", "the minutes of an offset must be below 60"),
        (
            "datetimeoffset'2013-08-19T15:30:00'",
            "DateTimeOffset",
            "the date and time needs an offset from UTC, such as Z or +01:00",
        ),
        ("time''", "Time", A_SPAN),
        ("time'15:30:00'", "Time", A_SPAN),
        ("time'P1Y'", "Time", A_SPAN),
        ("time'P1D'", "Time", A_TIME),
        ("time'-PT1S'", "Time", A_TIME),
        ("binary'0'", "Binary", BYTES),
        ("X'0g'", "Binary", BYTES),
        ("X'ä'", "Binary", BYTES),
        ("9223372036854775808L", "Int64", INT64),
        ("-9223372036854775809L", "Int64", INT64),
        ("9" * 1001, "Int32", MANY_DIGITS),
        ("9" * 5000, "Int32", MANY_DIGITS),
        ("9" * 5000 + "L", "Int64", MANY_DIGITS),
        ("9" * 1002 + "M", "Decimal", "a decimal number has at most 1000 digits on either side of the point"),
        ("0." + "1" * 1001, "Double", "a decimal number has at most 1000 digits on either side of the point"),
        ("1000E999", "Double", "a decimal number has at most 1000 digits on either side of the point"),
        ("1e400d", "Double", "the number is too large for a double"),
        ("-1e309D", "Double", "the number is too large for a double"),
        ("1e39f", "Single", "the number is too large for a single"),
    ],
)
def test_what_only_looks_like_a_literal_is_refused(text: str, kind: str, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(f"   {text}", V3_GRAMMAR, LIMITS)
    assert (caught.value.message, caught.value.position) == (
        f"'{text[:100]}' is not a literal of Edm.{kind}: {reason}.",
        3,
    )


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("'abc", 0, "The quotation mark ' is not closed."),
        ("'abc''", 5, "The quotation mark ' is not closed."),
        ('5 eq "5"', 5, "Syntax error: an expression is expected, but '\"5\"' was found."),
        ("5x", 0, "Syntax error: an expression is expected, but '5x' was found."),
        ("0x10", 0, "Syntax error: an expression is expected, but '0x10' was found."),
        ("1e", 0, "Syntax error: an expression is expected, but '1e' was found."),
        ("+5", 0, "Syntax error: an expression is expected, but '+' was found."),
        ("٥", 0, "Syntax error: an expression is expected, but '٥' was found."),
    ],
)
def test_what_no_literal_looks_like_is_refused(text: str, position: int, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3_GRAMMAR, LIMITS)
    assert (caught.value.message, caught.value.position) == (message, position)


@pytest.mark.parametrize("text", ["1.", "1.2.3"])
def test_a_point_needs_digits_on_both_sides(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_expression(text, V3_GRAMMAR, LIMITS)


@pytest.mark.parametrize("text", ["x'00'", "true'1'", "int'5'", "guid 'a'", ".5", "5 5"])
def test_what_is_no_literal_as_a_whole_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_expression(text, V3_GRAMMAR, LIMITS)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("Edm.String", "O'Neil", "'O''Neil'"),
        ("Edm.Guid", GUID, f"guid'{GUID}'"),
        ("Edm.DateTime", HALF_PAST_THREE, "datetime'2013-08-19T15:30:00'"),
        # No zone in this literal: shifted to UTC, and only where that cannot be said the zone stays.
        ("Edm.DateTime", Timestamp(HALF_PAST_THREE.ticks, -420), "datetime'2013-08-19T22:30:00'"),
        ("Edm.DateTime", Timestamp(0, 60), "datetime'0001-01-01T00:00:00+01:00'"),
        ("Edm.DateTimeOffset", Timestamp(1, 60), "datetimeoffset'0001-01-01T00:00:00.0000001+01:00'"),
        ("Edm.Time", Duration(1), "time'PT0.0000001S'"),
        ("Edm.Binary", b"\x00\xab", "binary'00AB'"),
        ("Edm.Boolean", True, "true"),
        ("Edm.Boolean", False, "false"),
        ("Edm.Decimal", Decimal("1.10"), "1.10M"),
        ("Edm.Decimal", Decimal("1E+3"), "1000M"),
        ("Edm.Decimal", Decimal("-0.0000001"), "-0.0000001M"),
        ("Edm.Byte", 255, "255"),
        ("Edm.SByte", -128, "-128"),
        ("Edm.Int16", -5, "-5"),
        ("Edm.Int32", 5, "5"),
        ("Edm.Int64", 5, "5L"),
        ("Edm.Single", 1.5, "1.5f"),
        ("Edm.Single", float("-inf"), "-INFf"),
        ("Edm.Double", 1e22, "1e+22D"),
        ("Edm.Double", float("nan"), "NaND"),
    ],
)
def test_a_value_is_printed_in_one_way(kind: str, value: Any, text: str) -> None:
    assert V3_GRAMMAR.printers[kind](value) == text


# Places have values in the tests of geo_literals.
PRINTED_TYPES = sorted(name for name in V3_GRAMMAR.printers if not name.startswith("Edm.Geo"))


def test_every_type_of_version_3_has_a_printer() -> None:
    with_literals = {name for name, kind in PRIMITIVE_TYPES.items() if "v3" in kind.families and name != "Edm.Stream"}
    assert set(V3_GRAMMAR.printers) == with_literals


@pytest.mark.parametrize("name", PRINTED_TYPES)
@given(data=st.data())
def test_what_is_printed_is_read_back(name: str, data: st.DataObject) -> None:
    kind = PRIMITIVE_TYPES[name]
    value = data.draw(values_of(Property("A", kind, nullable=False)))
    node = parse_expression(V3_GRAMMAR.printers[name](value), V3_GRAMMAR, LIMITS)
    assert isinstance(node, Literal)
    assert node.type is not None
    if name == "Edm.DateTime":  # the same instant; the offset is not part of the literal
        value, found = value.instant, node.value.instant
    else:
        found = kind.accept(node.value)
    assert exact(found) == exact(value)


ZONE = "The time '2020-01-03T12:30:00' needs its zone, such as 2020-01-03T12:30:00Z."
APOSTROPHE = (
    "A string ends before '{}': an operator must follow it, behind a blank, and an apostrophe within a string is "
    "written twice, as in 'O''Neil'."
)
OLD = "is a literal of versions 2 and 3; version 4 has values like 2020-12-31T23:59:59Z as they are."


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("A ge 2020-01-03T12:30:00", 5, ZONE),
        ("(A ge 2020-01-03T12:30:00) or B", 6, ZONE),
        ("A in (2020-01-03T12:30:00,1)", 6, ZONE),
        ("f(a=2020-01-03T12:30:00)", 4, ZONE),
        ("A eq datetime'2020-01-03T12:30:00'", 5, f"datetime'2020-01-03T12:30:00' {OLD}"),
        ("A eq Guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda'", 5, f"Guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda' {OLD}"),
        ("A eq X'01' and B", 5, f"X'01' {OLD}"),
        ("A eq 'O'Neil'", 8, APOSTROPHE.format("Neil")),
        ("contains(A,'O'Neil')", 14, APOSTROPHE.format("Neil")),
        ("A eq 'x'and B", 8, APOSTROPHE.format("and")),
        # These are somewhere else, or within something else.
        ("A ge 2020-01-03T12:30:00Z 5", 26, "Syntax error: the end is expected, but '5' was found."),
        ("A eq 'time''x''' 5", 17, "Syntax error: the end is expected, but '5' was found."),
    ],
)
def test_what_clients_write_and_must_not_is_explained(text: str, position: int, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V4_GRAMMAR, LIMITS)
    assert (caught.value.message, caught.value.position) == (message, position)
