# Default values of the geographic and geometric types: well-known text in XML, GeoJSON in JSON, in every version.

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import Model, ModelBuilder, prop


def place(kind: str, content: Any, srid: int = 4326) -> dict[str, Any]:
    name = "geometries" if kind == "GeometryCollection" else "coordinates"
    return {"type": kind, name: content, "crs": {"type": "name", "properties": {"name": f"EPSG:{srid}"}}}


PLACES = [
    ("GeographyPoint", place("Point", [142.1, 64.1]), "SRID=4326;Point(142.1 64.1)"),
    ("Geography", place("Point", [142.1, 64.1]), "SRID=4326;Point(142.1 64.1)"),
    ("GeometryPoint", place("Point", [1.0, -2.5], 0), "SRID=0;Point(1 -2.5)"),
    ("GeometryLineString", place("LineString", [[0.0, 0.0], [1.0, 1.0]], 7), "SRID=7;LineString(0 0,1 1)"),
    (
        "GeographyCollection",
        place("GeometryCollection", [{"type": "Point", "coordinates": [1.0, 2.0]}]),
        "SRID=4326;GeometryCollection(Point(1 2))",
    ),
]


def model_of(kind: str, default: Any) -> Model:
    builder = ModelBuilder("N")
    builder.entity("T", key="ID", properties={"ID": "Int32", "Place": prop(kind, default=default)})
    return builder.build()


def default_of(document: bytes) -> tuple[Any, tuple[str, ...]]:
    model = read_csdl(document)
    kind = model.types["N.T"]
    return getattr(kind, "properties")["Place"].default, model.left_out  # noqa: B009  # an entity type


@pytest.mark.parametrize(("kind", "value", "text"), PLACES, ids=[row[0] for row in PLACES])
def test_a_place_comes_back(kind: str, value: Any, text: str) -> None:
    model = model_of(kind, value)
    for document in (write_xml_v3(model), write_xml_v4(model)):
        assert f'DefaultValue="{text}"'.encode() in document
        assert default_of(document) == (value, ())
    document = write_json(model)
    assert json.loads(document)["N"]["T"]["Place"]["$DefaultValue"] == value
    assert default_of(document) == (value, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SRID=0;LineString(0 0,1 1)", "is a value of the type Edm.GeographyLineString"),
        ("Point(1)", "a position of two to four numbers is expected"),
        ("somewhere", "the name of a shape, such as Point, is expected"),
    ],
)
def test_what_is_no_place_is_told(text: str, why: str) -> None:
    document = write_xml_v4(model_of("GeographyPoint", place("Point", [0.0, 0.0])))
    document = document.replace(b"SRID=4326;Point(0 0)", text.encode())
    default, [told] = default_of(document)
    assert "Place" in told
    assert why in told
    assert default != place("Point", [0.0, 0.0])


def test_json_that_is_no_place() -> None:
    document = json.loads(write_json(model_of("GeographyPoint", place("Point", [0.0, 0.0]))))
    document["N"]["T"]["Place"]["$DefaultValue"] = {"type": "Nowhere"}
    with pytest.raises(Exception, match=r"'\$DefaultValue' is no place: a GeoJSON object is expected\."):
        read_csdl(json.dumps(document).encode())
