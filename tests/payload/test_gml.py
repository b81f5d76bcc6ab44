# Shapes in Atom: GML there, GeoJSON here, and the axes the right way round.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, Property
from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest, InternalError
from odata_core.payload.atom import ATOM_V3, Atom
from odata_core.payload.codec import About, Reading

CODEC, ABOUT, READING = Atom(ATOM_V3), About("http://h/"), Reading(None, is_request=False)
GML = 'xmlns:gml="http://www.opengis.net/gml"'
SRS = "http://www.opengis.net/def/crs/EPSG/0/"


def with_crs(value: dict[str, Any], srid: int) -> dict[str, Any]:
    return {**value, "crs": {"type": "name", "properties": {"name": f"EPSG:{srid}"}}}


def written(name: str, value: Any) -> str:
    body = CODEC.write_property(Property("P", PRIMITIVE_TYPES[name]), value, ABOUT).decode()
    return body[body.index(">", body.index("<d:P")) + 1 : body.index("</d:P>")]


def read(name: str, inner: str) -> Any:
    data = "http://schemas.microsoft.com/ado/2007/08/dataservices"
    body = f'<d:P xmlns:d="{data}" {GML}>{inner}</d:P>'.encode()
    return CODEC.read_property(body, Property("P", PRIMITIVE_TYPES[name]), READING)


POINT = {"type": "Point", "coordinates": [142.1, 64.1]}
LINE = {"type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.0, 5.0]]}
RINGS = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [1.0, 2.0]], [[1.5, 2.0], [2.0, 2.5], [1.5, 2.5], [1.5, 2.0]]]
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("GeographyPoint", POINT, "<gml:Point{crs}><gml:pos>64.1 142.1</gml:pos></gml:Point>"),
    ("GeometryPoint", POINT, "<gml:Point{crs}><gml:pos>142.1 64.1</gml:pos></gml:Point>"),
    ("GeographyPoint", {"type": "Point", "coordinates": []}, "<gml:Point{crs}><gml:pos/></gml:Point>"),
    (
        "GeographyLineString",
        LINE,
        "<gml:LineString{crs}><gml:pos>2.0 1.0</gml:pos><gml:pos>4.0 3.0 5.0</gml:pos></gml:LineString>",
    ),
    (
        "GeometryPolygon",
        {"type": "Polygon", "coordinates": [RINGS[0][:2]]},
        "<gml:Polygon{crs}><gml:exterior><gml:LinearRing><gml:pos>1.0 2.0</gml:pos><gml:pos>3.0 4.0</gml:pos>"
        "</gml:LinearRing></gml:exterior></gml:Polygon>",
    ),
    (
        "GeometryMultiPoint",
        {"type": "MultiPoint", "coordinates": [[1.0, 2.0]]},
        "<gml:MultiPoint{crs}><gml:pointMembers><gml:Point><gml:pos>1.0 2.0</gml:pos></gml:Point></gml:pointMembers>"
        "</gml:MultiPoint>",
    ),
    (
        "GeometryCollection",
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1.0, 2.0]}]},
        "<gml:MultiGeometry{crs}><gml:geometryMembers><gml:Point><gml:pos>1.0 2.0</gml:pos></gml:Point>"
        "</gml:geometryMembers></gml:MultiGeometry>",
    ),
]


@pytest.mark.parametrize(("name", "value", "markup"), CASES)
def test_shapes(name: str, value: dict[str, Any], markup: str) -> None:
    srid = 4326 if name.startswith("Geography") else 0
    told = markup.replace("{crs}", f' {GML} gml:srsName="{SRS}{srid}"')
    kind = f"Edm.{name}"
    assert written(kind, value) == told
    assert written(kind, with_crs(value, 25832)) == told.replace(f"0/{srid}", "0/25832")
    assert read(kind, told) == with_crs(value, srid)
    assert read(kind, told.replace(f"0/{srid}", "0/25832")) == with_crs(value, 25832)


@pytest.mark.parametrize(
    ("markup", "value"),
    [
        ("<gml:LineString><gml:posList>2 1 4 3</gml:posList></gml:LineString>", [[1.0, 2.0], [3.0, 4.0]]),
        ('<gml:LineString srsName="EPSG:4326"><gml:pos>2 1</gml:pos></gml:LineString>', [[1.0, 2.0]]),
    ],
)
def test_what_others_write(markup: str, value: Any) -> None:
    assert read("Edm.GeographyLineString", markup) == with_crs({"type": "LineString", "coordinates": value}, 4326)


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "text",
        "<gml:Point/><gml:Point/>",
        "<gml:Curve/>",
        "<gml:LineString><gml:pos>1 2</gml:pos></gml:LineString>",
        "<gml:Point><gml:pos>1 x</gml:pos></gml:Point>",
        "<gml:Point><gml:pos>1</gml:pos></gml:Point>",
        "<gml:Point><gml:pos>1 2</gml:pos><gml:pos>1 2</gml:pos></gml:Point>",
        '<gml:Point srsName="nowhere"><gml:pos>1 2</gml:pos></gml:Point>',
        "<gml:MultiGeometry><gml:geometryMembers>" * 15 + "</gml:geometryMembers></gml:MultiGeometry>" * 15,
    ],
)
def test_what_is_no_point(markup: str) -> None:
    with pytest.raises(BadRequest):
        read("Edm.GeographyPoint", markup)


def test_what_is_no_shape_is_not_written() -> None:
    for value in ({"type": "Circle"}, {}, {"type": "Point"}, {"type": "MultiPoint", "coordinates": 5}):
        with pytest.raises(InternalError):
            written("Edm.GeographyPoint", value)


NUMBERS = st.floats(-180, 180)
POSITIONS = st.lists(NUMBERS, min_size=2, max_size=4)
PAIRS = st.lists(POSITIONS, min_size=1, max_size=3)


def shaped(name: str, coordinates: Any) -> Any:
    return st.builds(lambda value: {"type": name, "coordinates": value}, coordinates)


PLAIN = st.one_of(
    shaped("Point", POSITIONS),
    shaped("LineString", PAIRS),
    shaped("Polygon", st.lists(PAIRS, min_size=1, max_size=2)),
    shaped("MultiPoint", PAIRS),
    shaped("MultiLineString", st.lists(PAIRS, min_size=1, max_size=2)),
    shaped("MultiPolygon", st.lists(st.lists(PAIRS, min_size=1, max_size=2), min_size=1, max_size=2)),
)
SHAPES = st.recursive(
    PLAIN,
    lambda inner: st.builds(
        lambda parts: {"type": "GeometryCollection", "geometries": parts}, st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=100)
@given(SHAPES, st.sampled_from(["Geography", "Geometry"]), st.integers(1, 99_999))
def test_any_shape_comes_back(value: dict[str, Any], plane: str, srid: int) -> None:
    prop = Property("P", PRIMITIVE_TYPES[f"Edm.{plane}"])
    body = CODEC.write_property(prop, with_crs(value, srid), ABOUT)
    assert CODEC.read_property(body, prop, READING) == with_crs(value, srid)
    assert prop.type is not edm.STRING
