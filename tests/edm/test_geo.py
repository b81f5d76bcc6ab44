# Geographic literals: well-known text against GeoJSON, in both directions and both dialects.

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES
from odata_core.edm.geo import MAX_DEPTH, print_geo, print_geo_literal, read_geo
from odata_core.uri.literals import V3_LITERALS, LiteralForm
from odata_core.uri.literals_v4 import V4_LITERALS, Unreadable


def place(kind: str, content: Any, srid: int = 0) -> dict[str, Any]:
    member = "geometries" if kind == "GeometryCollection" else "coordinates"
    return {"type": kind, member: content, "crs": {"type": "name", "properties": {"name": f"EPSG:{srid}"}}}


RING = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("SRID=0;Point(142.1 64.1)", "Point", place("Point", [142.1, 64.1])),
        ("SRID=4326;Point(-1e2 INF 10.5 -3)", "Point", place("Point", [-100.0, float("inf"), 10.5, -3.0], 4326)),
        ("SRID=0;LineString(1 2,3 4)", "LineString", place("LineString", [[1.0, 2.0], [3.0, 4.0]])),
        ("SRID=0;Polygon((1 1,2 2,3 3,1 1))", "Polygon", place("Polygon", [RING])),
        ("SRID=0;MultiPoint((1 2),(3 4))", "MultiPoint", place("MultiPoint", [[1.0, 2.0], [3.0, 4.0]])),
        ("SRID=0;MultiPoint()", "MultiPoint", place("MultiPoint", [])),
        ("SRID=0;MultiLineString((1 2,3 4))", "MultiLineString", place("MultiLineString", [[[1.0, 2.0], [3.0, 4.0]]])),
        ("SRID=0;MultiPolygon(((1 1,2 2,3 3,1 1)))", "MultiPolygon", place("MultiPolygon", [[RING]])),
        (
            "SRID=0;GeometryCollection(Point(1 2),Collection(LineString(1 2,3 4)))",
            "Collection",
            place(
                "GeometryCollection",
                [
                    {"type": "Point", "coordinates": [1.0, 2.0]},
                    {
                        "type": "GeometryCollection",
                        "geometries": [{"type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}],
                    },
                ],
            ),
        ),
    ],
)
def test_shapes(text: str, kind: str, value: dict[str, Any]) -> None:
    for plane in ("Geography", "Geometry"):
        assert read_geo(text, plane) == (PRIMITIVE_TYPES[f"Edm.{plane}{kind}"], value)
    assert read_geo(print_geo(value), "Geography")[1] == value


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("POINT (-122.1 47.6)", "SRID=4326;Point(-122.1 47.6)"),
        (" Point(-122.1 47.6)", "SRID=4326;Point(-122.1 47.6)"),
        ("srid=7 ; POINT Z ( 1  2  3 )", "SRID=7;Point(1 2 3)"),
        ("MULTIPOINT(1 2, 3 4)", "SRID=4326;MultiPoint((1 2),(3 4))"),
        ("POINT EMPTY", "SRID=4326;Point EMPTY"),
        ("GEOMETRYCOLLECTION EMPTY", "SRID=4326;GeometryCollection()"),
    ],
)
def test_well_known_text_of_other_systems(text: str, like: str) -> None:
    assert read_geo(text, "Geography") == read_geo(like, "Geography")


def test_the_system_of_a_plane_without_srid() -> None:
    assert read_geo("Point(1 2)", "Geometry")[1] == place("Point", [1.0, 2.0], 0)


@pytest.mark.parametrize(
    "text",
    [
        *("", "SRID=0;", "SRID=123456;Point(1 2)", "Circle(1 2)", "Point", "Point(1)", "Point(1 2", "Point(1,2)"),
        *("Point(1 2))", "Point(a b)", "LineString(1 2)", "Polygon(1 2,3 4)", "Point(1 2 3 4 5)", "Point(1e999 0)"),
        *("MultiPoint((1 2)", "GeometryCollection(1 2)", "Point(١ ٢)", "Point(1_0 2)", "Point(1 2)\x00", "Point(1 2);"),
        "GeometryCollection(" * (MAX_DEPTH + 1) + "Point(1 2)" + ")" * (MAX_DEPTH + 1),
        "GeometryCollection(" * 5000,
        "Polygon(" * 5000,
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_geo(text, "Geography")


@pytest.mark.parametrize(
    "value",
    [
        *({}, {"type": "Point"}, {"type": "Point", "coordinates": 5}, {"type": "Point", "coordinates": [1]}),
        *({"type": [], "coordinates": []}, {"type": "LineString", "coordinates": [5]}),
        {"type": "Point", "coordinates": ["1", None]},
        {"type": "Polygon", "coordinates": [[1, 2]]},
        {"type": "GeometryCollection", "geometries": [5]},
    ],
)
def test_what_is_no_geojson_is_not_printed(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        print_geo(value)


@pytest.mark.parametrize("forms", [V3_LITERALS, V4_LITERALS], ids=["v3", "v4"])
def test_rows_of_the_dialects(forms: tuple[LiteralForm, ...]) -> None:
    form = next(form for form in forms if form.type.name == "Edm.Geometry")
    value = form.read("geometry'SRID=5;POINT(1 2)'")
    assert value == place("Point", [1.0, 2.0], 5)
    assert form.type_of is not None
    assert form.type_of(value).name == "Edm.GeometryPoint"
    assert form.print is not None
    assert form.print(value) == "geometry'SRID=5;Point(1 2)'"


def test_what_has_no_value_in_version_4() -> None:
    form = next(form for form in V4_LITERALS if form.type.name == "Edm.Geography")
    assert isinstance(form.read("geography'SRID=0;Point(1e999 2)'"), Unreadable)
    with pytest.raises(ValueError, match="Circle"):
        form.read("geography'SRID=0;Circle(1 2)'")


NUMBERS = st.floats(allow_nan=False)
POSITIONS = st.lists(NUMBERS, min_size=2, max_size=4)
LINES = st.lists(POSITIONS, min_size=2, max_size=3)
SHAPES = st.one_of(
    st.builds(lambda c: {"type": "Point", "coordinates": c}, POSITIONS),
    st.builds(lambda c: {"type": "LineString", "coordinates": c}, LINES),
    st.builds(lambda c: {"type": "Polygon", "coordinates": c}, st.lists(LINES, max_size=2)),
    st.builds(lambda c: {"type": "MultiPoint", "coordinates": c}, st.lists(POSITIONS, max_size=2)),
    st.builds(lambda c: {"type": "MultiLineString", "coordinates": c}, st.lists(LINES, max_size=2)),
    st.builds(lambda c: {"type": "MultiPolygon", "coordinates": c}, st.lists(st.lists(LINES, max_size=2), max_size=2)),
)
PLACES = st.recursive(
    SHAPES,
    lambda inner: st.builds(
        lambda items: {"type": "GeometryCollection", "geometries": items}, st.lists(inner, max_size=2)
    ),
    max_leaves=4,
)


@given(PLACES, st.integers(0, 99_999))
def test_what_is_printed_is_read_back(shape: dict[str, Any], srid: int) -> None:
    value = {**shape, "crs": {"type": "name", "properties": {"name": f"EPSG:{srid}"}}}
    assert read_geo(print_geo(value), "Geometry")[1] == value
    assert print_geo_literal("Geometry")(value) == f"geometry'{print_geo(value)}'"


@given(st.text(alphabet="SRID=0;PointLineStringPolygonMultiGeometryCollection(), 1-.e\u0661'") | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        read_geo(text, "Geography")
