# Verbose JSON, primitive values: what each type looks like, what is read for it, what is refused, and what is lost.

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, Duration, Property, TimeOfDay, Timestamp
from odata_core.errors import BadRequest
from odata_core.payload.codec import Reading
from odata_core.payload.json_verbose import V2, V3_ISO, VerboseForm, VerboseJson
from odata_core.testing.reference import exact
from odata_core.testing.strategies import VALUE_TYPES, values_of
from tests.payload.verbose_shop import ABOUT

GUID = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
POINT = {"type": "Point", "coordinates": [1, 2.5], "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}}


def written(kind: str, value: Any, form: VerboseForm = V2) -> Any:
    body = VerboseJson(form).write_property(Property("P", PRIMITIVE_TYPES[kind]), value, ABOUT)
    return json.loads(body)["d"]["P"]


def read(kind: str, text: str, *, form: VerboseForm = V2) -> Any:
    prop = Property("P", PRIMITIVE_TYPES[kind])
    return VerboseJson(form).read_property(f'{{"d":{{"P":{text}}}}}'.encode(), prop, Reading(None))


def moment(text: str) -> Timestamp:
    return Timestamp.parse(text)


# Written as on the right, and read back as on the left.
BOTH: list[tuple[str, Any, Any]] = [
    ("Edm.Binary", b"\xfb\xff", "+/8="),
    ("Edm.Boolean", True, True),
    ("Edm.Byte", 255, 255),
    ("Edm.SByte", -1, -1),
    ("Edm.Int16", -5, -5),
    ("Edm.Int32", 5, 5),
    ("Edm.Int64", 2**63 - 1, "9223372036854775807"),
    ("Edm.Decimal", Decimal("18.4000"), "18.4000"),
    ("Edm.Decimal", Decimal("1E+3"), "1000"),
    ("Edm.Single", 0.5, 0.5),
    ("Edm.Double", float("inf"), "INF"),
    ("Edm.Double", float("-inf"), "-INF"),
    ("Edm.Double", 1e300, 1e300),
    ("Edm.String", "/Date(1)/", "/Date(1)/"),
    ("Edm.Guid", GUID, str(GUID)),
    ("Edm.DateTime", moment("1996-07-04T00:00:00"), "/Date(836438400000)/"),
    ("Edm.DateTime", moment("1969-12-31T23:59:59.999"), "/Date(-1)/"),
    ("Edm.DateTime", moment("0001-01-01T00:00:00"), "/Date(-62135596800000)/"),
    ("Edm.DateTime", moment("9999-12-31T23:59:59.999"), "/Date(253402300799999)/"),
    ("Edm.DateTime", moment("1970-01-01T01:00:00+01:00"), "/Date(3600000+0060)/"),
    ("Edm.DateTimeOffset", moment("1970-01-01T00:00:00Z"), "/Date(0+0000)/"),
    ("Edm.DateTimeOffset", moment("1969-12-31T22:30:00-01:30"), "/Date(-5400000-0090)/"),
    ("Edm.Time", Duration.parse("PT13H20M0.5S"), "PT13H20M0.5S"),
    ("Edm.Date", date(1969, 12, 31), "/Date(-86400000)/"),
    ("Edm.TimeOfDay", TimeOfDay.parse("13:20:00"), "PT13H20M"),
    ("Edm.Duration", Duration.parse("-P1D"), "-P1D"),
    ("Edm.GeographyPoint", POINT, {"__metadata": {"type": "Edm.GeographyPoint"}, **POINT}),
]


@pytest.mark.parametrize(("kind", "value", "shown"), BOTH)
def test_values(kind: str, value: Any, shown: Any) -> None:
    assert written(kind, value) == shown
    assert exact(read(kind, json.dumps(shown))) == exact(value)


# Read as well.
LENIENT: list[tuple[str, str, Any]] = [
    ("Edm.Int64", "5", 5),
    ("Edm.Int32", '"5"', 5),
    ("Edm.Decimal", "1.10", Decimal("1.10")),
    ("Edm.Decimal", "5", Decimal(5)),
    ("Edm.Double", '"1.5E+2"', 150.0),
    ("Edm.Guid", f"\"guid'{GUID}'\"", GUID),
    ("Edm.Time", "\"time'PT1S'\"", Duration.parse("PT1S")),
    ("Edm.DateTime", r'"\/Date(0)\/"', moment("1970-01-01T00:00:00")),
    ("Edm.DateTime", '"2013-08-19T15:02:36.8185926"', moment("2013-08-19T15:02:36.8185926")),
    ("Edm.DateTime", "\"datetime'2013-08-19T15:02'\"", moment("2013-08-19T15:02:00")),
    ("Edm.DateTimeOffset", '"/Date(0)/"', moment("1970-01-01T00:00:00Z")),
    ("Edm.DateTimeOffset", '"2013-08-19T15:02:36+01:00"', moment("2013-08-19T15:02:36+01:00")),
    ("Edm.Date", '"2013-08-19"', date(2013, 8, 19)),
    ("Edm.Date", '"2013-08-19T00:00:00"', date(2013, 8, 19)),
    ("Edm.TimeOfDay", '"13:20:00"', TimeOfDay.parse("13:20:00")),
    ("Edm.GeographyPoint", '{"type":"Point","coordinates":[]}', {"type": "Point", "coordinates": []}),
]


@pytest.mark.parametrize(("kind", "text", "value"), LENIENT)
def test_values_in_other_forms(kind: str, text: str, value: Any) -> None:
    assert exact(read(kind, text)) == exact(value)


REFUSED = [
    ("Edm.Boolean", '"true"', "true or false is expected"),
    ("Edm.Byte", "256", "the number must be between 0 and 255"),
    ("Edm.Int32", "1.5", "a whole number is expected"),
    ("Edm.Int64", "true", "a whole number is expected"),
    ("Edm.Double", "1e400", "the number is too large for a double"),
    ("Edm.String", "5", "a string is expected"),
    ("Edm.Guid", '"x"', None),
    ("Edm.DateTime", '"/Date(999999999999999)/"', "the year must be between 0001 and 9999"),
    ("Edm.DateTime", '"/Date(1+9999)/"', "the offset must be between -14:00 and +14:00"),
    ("Edm.DateTime", '"/Date(x)/"', "a date and time reads like 2013-08-19T15:02:36.8185926-07:00"),
    ("Edm.DateTime", "0", "a string is expected"),
    ("Edm.DateTimeOffset", '"2013-08-19T15:02:36"', None),
    ("Edm.Date", '"/Date(1)/"', "a date without a time of day is expected"),
    ("Edm.Date", '"2013-02-30"', None),
    ("Edm.Time", '"P1D"', "the time must be from PT0S up to, and without, P1D"),
    ("Edm.GeographyPoint", '{"type":"LineString","coordinates":[]}', "a GeoJSON object of type Point is expected"),
    ("Edm.GeographyPoint", "5", "a GeoJSON object with its type and its coordinates or geometries is expected"),
]


@pytest.mark.parametrize(("kind", "text", "reason"), REFUSED)
def test_what_is_no_value_of_a_type(kind: str, text: str, reason: str | None) -> None:
    with pytest.raises(BadRequest) as error:
        read(kind, text)
    assert error.value.target == "$.d.P"
    if reason is not None:
        assert error.value.message == f"At $.d.P: {reason}, for the type {kind}."


def kept(value: Any) -> Any:
    """What the form with ticks keeps of a value: whole milliseconds of points in time."""
    if isinstance(value, Timestamp):
        return Timestamp(value.ticks // 10_000 * 10_000, value.offset)
    return value


@given(st.data())
@pytest.mark.parametrize("kind", VALUE_TYPES)
def test_any_value_comes_back(kind: str, data: st.DataObject) -> None:
    """But for parts of a millisecond, which ISO dates keep."""
    value = data.draw(values_of(Property("P", PRIMITIVE_TYPES[kind])))
    assert exact(read(kind, json.dumps(written(kind, value)))) == exact(kept(value))
    assert exact(read(kind, json.dumps(written(kind, value, V3_ISO)), form=V3_ISO)) == exact(value)


UNTYPED: list[tuple[str, Any]] = [
    ("null", None),
    ("true", True),
    ("5", 5),
    ("1.5", 1.5),
    ('"x"', "x"),
    ('"/Date(0)/"', moment("1970-01-01T00:00:00")),
    ('{"results":[1,"/Date(0+0000)/"]}', [1, moment("1970-01-01T00:00:00Z")]),
    ("[]", []),
    ('{"a":{"b":null}}', {"a": {"b": None}}),
    (
        '{"__metadata":{"type":"Edm.GeometryPoint"},"type":"Point","coordinates":[1,2]}',
        {"type": "Point", "coordinates": [1, 2]},
    ),
]


@pytest.mark.parametrize(("text", "value"), UNTYPED)
def test_values_whose_type_nobody_knows(text: str, value: Any) -> None:
    found = VerboseJson(V2).read_property(f'{{"P":{text}}}'.encode(), None, Reading(None))
    assert exact(found) == exact(value)


@pytest.mark.parametrize("text", ["9223372036854775808", "1e400", '"/Date(999999999999999)/"'])
def test_values_that_no_type_has(text: str) -> None:
    with pytest.raises(BadRequest, match=r"At \$\.P: "):
        VerboseJson(V2).read_property(f'{{"P":{text}}}'.encode(), None, Reading(None))
