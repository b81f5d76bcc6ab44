# The canonical functions, overload by overload, through the evaluator: a table of cases, null in every place, and that
# no overload is without a case.

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm import PRIMITIVE_TYPES, Duration, PrimitiveType, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest, NotImplementedHere, ODataError
from odata_core.query import geo_functions
from odata_core.query.evaluate import compile_value
from odata_core.query.functions import CANONICAL_FUNCTIONS, Generic, find_overload
from odata_core.query.tree import Bound, Constant, Invoke, ListOf
from odata_core.testing.reference import exact

NAN, INF = float("nan"), float("inf")
MOMENT = Timestamp.parse("2024-02-29T23:04:05.6789012-01:30")
V3_MOMENT = Timestamp.parse("2024-02-29T23:04:05.6789012")
CLOCK = TimeOfDay.parse("23:04:05.6789012")
V3_CLOCK = Duration.parse("PT23H4M5.6789012S")
DAY = date(2024, 2, 29)
KINDS: dict[type, PrimitiveType] = {
    str: edm.STRING,
    int: edm.INT32,
    float: edm.DOUBLE,
    Decimal: edm.DECIMAL,
    bytes: edm.BINARY,
    TimeOfDay: edm.TIME_OF_DAY,
    date: edm.DATE,
    bool: edm.BOOLEAN,
    dict: PRIMITIVE_TYPES["Edm.GeographyPoint"],
}


def point(x: float, y: float, srid: int = 4326) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y], "crs": {"properties": {"name": f"EPSG:{srid}"}}}


def geo(value: dict[str, Any], plane: str = "Geometry") -> Constant:
    return Constant(value, PRIMITIVE_TYPES[f"Edm.{plane}{value['type']}"])


SQUARE = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [3, 1], [3, 3], [1, 3]]],
}
LINE = {"type": "LineString", "coordinates": [[0, 0], [3, 4], [3, 10]]}


def operand(value: Any) -> Bound:
    if isinstance(value, Constant):
        return value
    if isinstance(value, list):
        items = tuple([operand(item) for item in value])
        return ListOf(items, next((item.type for item in items if item.type is not None), edm.INT32))
    if isinstance(value, Timestamp):
        return Constant(value, edm.DATETIME if value.offset is None else edm.DATETIME_OFFSET)
    return Constant(value, None if value is None else KINDS[type(value)])


def v3_time(value: Duration) -> Constant:
    return Constant(value, edm.TIME)


def span(text: str) -> Constant:
    return Constant(Duration.parse(text), edm.DURATION)


CASES: list[tuple[str, tuple[Any, ...], Any]] = [
    # Text and collections
    ("concat", ("a", ""), "a"),
    ("concat", ([1, 2], [2]), [1, 2, 2]),
    ("contains", ("abc", "bc"), True),
    ("contains", ([1, 2, 3], [2, 3]), True),
    ("contains", ([1, 2, 3], [1, 3]), False),
    ("contains", ([1], []), True),
    ("contains", ([NAN], [NAN]), False),
    ("endswith", ("abc", "bc"), True),
    ("endswith", ([1, 2], [2]), True),
    ("endswith", ([2], [1, 2]), False),
    ("startswith", ("abc", "b"), False),
    ("startswith", ([1, 2], [1]), True),
    ("startswith", ([1, 2], [2]), False),
    ("indexof", ("abcb", "b"), 1),
    ("indexof", ([1, 2, 3], [3]), 2),
    ("indexof", ([1, 2], [3]), -1),
    ("indexof", ([1, None], [None]), 1),
    ("length", ("a😀",), 2),
    ("length", (b"\0\1\2",), 3),
    ("length", ([1, None],), 2),
    ("substring", ("abc", 1), "bc"),
    ("substring", ("abc", 1, 1), "b"),
    ("substring", ([1, 2, 3], 1), [2, 3]),
    ("substring", ([1, 2, 3], -2, 1), [2]),
    # Collections: the examples of 5.1.1.6
    ("hassubset", ([4, 1, 3], [4, 1, 3]), True),
    ("hassubset", ([4, 1, 3], [1, 3, 4]), True),
    ("hassubset", ([4, 1, 3], [3, 1]), True),
    ("hassubset", ([4, 1, 3, 1], [1, 1]), True),
    ("hassubset", ([1, 2], [1, 1, 2]), False),
    ("hassubset", ([1.0, NAN], [NAN]), False),
    ("hassubsequence", ([4, 1, 3], [4, 3]), True),
    ("hassubsequence", ([4, 1, 3, 1], [1, 1]), True),
    ("hassubsequence", ([4, 1, 3], [1, 3, 4]), False),
    ("hassubsequence", ([4, 1, 3], [3, 1]), False),
    ("hassubsequence", ([1, 2], [1, 1, 2]), False),
    # Text
    ("matchesPattern", ("Alfreds", "^A.*s$"), True),
    ("matchesPattern", ("Alfreds", "^a"), False),
    ("replace", ("abcb", "b", "xx"), "axxcxx"),
    ("replace", ("abc", "", "x"), "abc"),
    ("tolower", ("ÄB",), "äb"),
    ("toupper", ("ß",), "SS"),
    ("trim", ("\u2003 a \n",), "a"),
    # Dates and times, on the local clock
    ("date", (MOMENT,), DAY),
    ("time", (MOMENT,), CLOCK),
    ("year", (MOMENT,), 2024),
    ("year", (V3_MOMENT,), 2024),
    ("year", (DAY,), 2024),
    ("month", (MOMENT,), 2),
    ("month", (V3_MOMENT,), 2),
    ("month", (DAY,), 2),
    ("day", (MOMENT,), 29),
    ("day", (V3_MOMENT,), 29),
    ("day", (DAY,), 29),
    *[
        case
        for moment in (MOMENT, V3_MOMENT, CLOCK, v3_time(V3_CLOCK))
        for case in [
            ("hour", (moment,), 23),
            ("minute", (moment,), 4),
            ("second", (moment,), 5),
            ("fractionalseconds", (moment,), Decimal("0.6789012")),
        ]
    ],
    ("totaloffsetminutes", (MOMENT,), -90),
    ("totalseconds", (span("-PT1M0.5S"),), Decimal("-60.5000000")),
    ("mindatetime", (), Timestamp.parse("0001-01-01T00:00:00Z")),
    ("maxdatetime", (), Timestamp.parse("9999-12-31T23:59:59.9999999Z")),
    # Numbers
    ("round", (0.5,), 1.0),
    ("round", (-0.5,), -1.0),
    ("round", (0.49999999999999994,), 0.0),
    ("round", (2,), 2.0),
    ("round", (INF,), INF),
    ("round", (NAN,), NAN),
    ("round", (Decimal("-2.5"),), Decimal(-3)),
    ("floor", (-0.5,), -1.0),
    ("floor", (Decimal("-0.5"),), Decimal(-1)),
    ("ceiling", (-0.5,), -0.0),
    ("ceiling", (Decimal("0.1"),), Decimal(1)),
    # Places
    ("geo.distance", (geo(point(0, 0)), geo(point(3, 4))), 5.0),
    ("geo.distance", (geo(point(5, 5), "Geography"), geo(point(5, 5), "Geography")), 0.0),
    ("geo.length", (geo(LINE),), 11.0),
    ("geo.length", (geo({"type": "LineString", "coordinates": [[1, 1], [1, 1]]}, "Geography"),), 0.0),
    ("geo.intersects", (geo(point(0.5, 0.5)), geo(SQUARE)), True),
    ("geo.intersects", (geo(point(2, 2)), geo(SQUARE)), False),
    ("geo.intersects", (geo(point(4, 2)), geo(SQUARE)), True),
    ("geo.intersects", (geo(point(1, 2)), geo(SQUARE)), True),
    ("geo.intersects", (geo(point(5, 2)), geo(SQUARE)), False),
    *[
        (
            "geo.intersects",
            (geo(point(*place), "Geography"), geo({"type": "Polygon", "coordinates": rings}, "Geography")),
            yes,
        )
        for place, rings, yes in [
            ((0.5, 0.5), SQUARE["coordinates"], True),
            ((2, 2), SQUARE["coordinates"], False),  # in the hole
            ((2, 0), SQUARE["coordinates"], True),  # on the boundary, the equator
            ((5, 2), SQUARE["coordinates"], False),
            ((-178, -2), SQUARE["coordinates"], False),  # the antipode of what lies inside
            # Edges are the shortest ways: north of 40 degrees here, and across the date line there.
            ((40, 41), [[[0, 30], [80, 30], [80, 40], [0, 40], [0, 30]]], True),
            ((180, 0), [[[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]], True),
            ((0, 0), [[[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]], False),
            ((7, 90), [[[0, 80], [90, 80], [180, 80], [270, 80], [0, 80]]], True),
            ((7, 90), [[[0, 80], [270, 80], [180, 80], [90, 80], [0, 80]]], True),
            ((7, -90), [[[0, 80], [90, 80], [180, 80], [270, 80], [0, 80]]], False),
        ]
    ],
]


def call(name: str, arguments: tuple[Any, ...]) -> Any:
    return compile_value(Invoke(name, tuple([operand(value) for value in arguments]), None))({})


@pytest.mark.parametrize(("name", "arguments", "result"), CASES)
def test_functions(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    assert exact(call(name, arguments)) == exact(result)
    for index in range(len(arguments)):
        assert call(name, (*arguments[:index], None, *arguments[index + 1 :])) is None


def test_every_overload_has_a_case() -> None:
    tried = set()
    for name, arguments, _ in CASES:
        kinds = [(bound.type, bound.is_collection) for bound in map(operand, arguments)]
        overload = find_overload(name, kinds)
        assert overload is not None, (name, arguments)
        tried.add((name, overload.parameters))
    rows = {(name, row.parameters) for name, function in CANONICAL_FUNCTIONS.items() for row in function.overloads}
    # Ordered collections stand before others, so the unordered overload of `concat` is never chosen by the evaluator.
    left = {(name, parameters) for name, parameters in rows - tried if parameters != (Generic.COLLECTION,) * 2}
    assert {name for name, _ in left} == {"now", "isdefined"}


def test_a_quarter_of_the_globe() -> None:
    quarter = call("geo.distance", (geo(point(0, 0), "Geography"), geo(point(0, 90), "Geography")))
    assert math.isclose(quarter, geo_functions.EARTH_RADIUS * math.pi / 2)


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("substring", ("abc", 0, -1), BadRequest, "'substring' must not be negative"),
        ("substring", ([1], 0, -1), BadRequest, "'substring' must not be negative"),
        ("replace", ("a" * 2000, "a", "b" * 2000), BadRequest, "'replace' is longer"),
        ("concat", ("a" * 600_000, "a" * 600_000), BadRequest, "'concat' is longer"),
        ("matchesPattern", ("a", "("), BadRequest, "'matchesPattern'"),
        ("matchesPattern", ("a", r"(a)\1"), NotImplementedHere, "'matchesPattern'"),
        ("geo.distance", (geo(point(0, 0)), geo(point(0, 0, 7))), BadRequest, "'geo.distance' needs both"),
        ("geo.length", (geo({"type": "LineString", "coordinates": [5]}),), BadRequest, "'geo.length' was given"),
        ("tolower", (5,), BadRequest, "'tolower' does not take"),
        ("tolower", ("a", "b"), BadRequest, "'tolower' does not take"),
    ],
)
def test_errors_name_the_function(name: str, arguments: tuple[Any, ...], error: type[ODataError], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        call(name, arguments)
