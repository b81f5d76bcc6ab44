# Shapes on the globe and in the plane as GML within Atom and XML of version 3 (MS-ODATA 2.2.6.2.3: the Simple Features
# profile of GML 3.1.1), from and to GeoJSON, which is their form here.
# Positions on the globe have the latitude first in GML and the longitude first in GeoJSON; those in a plane are x and y
# in both. Strategy: a row a shape says what it is called, and what holds its parts; one walk each writes and reads.

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..csdl.markup import Element
from ..edm import PrimitiveType
from ..records import record
from ..uri.literals import print_float

GML: Final = "http://www.opengis.net/gml"
_CRS: Final = "http://www.opengis.net/def/crs/EPSG/0/"
_SRID: Final = re.compile(r"(?:.*[:/#])?([0-9]{1,6})")
_DEFAULTS: Final = {"Geography": 4326, "Geometry": 0}
MAX_DEPTH: Final = 20  # collections within collections


@record
class _Many:
    """A shape of several others: its element, the elements that hold its parts, and what each part is."""

    element: str
    members: str
    member: str
    part: str  # the GeoJSON type of a part; "" for any


_MANY: Final[Mapping[str, _Many]] = {
    "MultiPoint": _Many("MultiPoint", "pointMembers", "pointMember", "Point"),
    "MultiLineString": _Many("MultiCurve", "curveMembers", "curveMember", "LineString"),
    "MultiPolygon": _Many("MultiSurface", "surfaceMembers", "surfaceMember", "Polygon"),
    "GeometryCollection": _Many("MultiGeometry", "geometryMembers", "geometryMember", ""),
}
_BY_ELEMENT: Final = {row.element: name for name, row in _MANY.items()}


# ------------------------------------------------------------------ writing


def write_gml(kind: PrimitiveType, value: Mapping[str, Any]) -> str:
    """The element of a shape. ValueError for what is no GeoJSON."""
    plane = _plane_of(kind)
    crs = f' xmlns:gml="{GML}" gml:srsName="{_CRS}{_srid_of(value, plane)}"'
    return _write(value, plane == "Geography", crs, 0)


def _plane_of(kind: PrimitiveType) -> str:
    return "Geography" if kind.name.startswith("Edm.Geography") else "Geometry"


def _srid_of(value: Mapping[str, Any], plane: str) -> int:
    crs = value.get("crs")
    name = crs["properties"]["name"] if isinstance(crs, Mapping) else ""
    found = _SRID.fullmatch(str(name))
    return int(found[1]) if found else _DEFAULTS[plane]


def _write(value: Mapping[str, Any], swaps: bool, more: str, depth: int) -> str:
    shape = value.get("type")
    if depth > MAX_DEPTH:
        raise ValueError("a collection lies too deep within others")
    match shape:
        case "Point":
            positions = [value["coordinates"]] if value["coordinates"] else []
            return f"<gml:Point{more}>{_positions(positions, swaps) or '<gml:pos/>'}</gml:Point>"
        case "LineString":
            inner = _positions(value["coordinates"], swaps) or "<gml:posList/>"
            return f"<gml:LineString{more}>{inner}</gml:LineString>"
        case "Polygon":
            names = ["exterior", *["interior"] * len(value["coordinates"])]
            rings = [
                f"<gml:{name}><gml:LinearRing>{_positions(ring, swaps)}</gml:LinearRing></gml:{name}>"
                for name, ring in zip(names, value["coordinates"], strict=False)
            ]
            return f"<gml:Polygon{more}>{''.join(rings)}</gml:Polygon>"
    row = _MANY.get(str(shape))
    if row is None:
        raise ValueError(f"'{shape}' is no shape")
    if row.part:
        parts = [{"type": row.part, "coordinates": part} for part in value["coordinates"]]
    else:
        parts = list(value["geometries"])
    inner = "".join([_write(part, swaps, "", depth + 1) for part in parts])
    held = f"<gml:{row.members}>{inner}</gml:{row.members}>" if inner else ""
    return f"<gml:{row.element}{more}>{held}</gml:{row.element}>"


def _positions(positions: Sequence[Sequence[Any]], swaps: bool) -> str:
    texts = [" ".join([print_float(float(number)) for number in _turned(list(one), swaps)]) for one in positions]
    return "".join([f"<gml:pos>{text}</gml:pos>" for text in texts])


def _turned(position: list[Any], swaps: bool) -> list[Any]:
    """The first two numbers the other way round, where the two forms differ."""
    return [position[1], position[0], *position[2:]] if swaps and len(position) > 1 else position


# ------------------------------------------------------------------ reading


def read_gml(kind: PrimitiveType, holder: Element) -> dict[str, Any]:
    """The GeoJSON of the shape that a property's element holds. ValueError says why it is none of the type."""
    shapes = [child for child in holder.children if child.namespace == GML]
    if len(shapes) != 1:
        raise ValueError("one element of GML is expected")
    plane = _plane_of(kind)
    value = _read(shapes[0], plane == "Geography", 0)
    wanted = kind.short_name.removeprefix(plane)
    if wanted and value["type"] not in (wanted, f"Geometry{wanted}"):
        raise ValueError(f"a {wanted} is expected, not a {value['type']}")
    given = shapes[0].attributes
    name = given.get(f"{GML} srsName") or given.get("srsName", "")
    found = _SRID.fullmatch(name.strip())
    if name and found is None:
        raise ValueError("srsName names no EPSG number")
    srid = int(found[1]) if found else _DEFAULTS[plane]
    return {**value, "crs": {"type": "name", "properties": {"name": f"EPSG:{srid}"}}}


def _read(element: Element, swaps: bool, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise ValueError("a collection lies too deep within others")
    match element.name:
        case "Point":
            positions = _read_positions(element, swaps)
            if len(positions) > 1:
                raise ValueError("a point has one position")
            return {"type": "Point", "coordinates": positions[0] if positions else []}
        case "LineString":
            return {"type": "LineString", "coordinates": _read_positions(element, swaps)}
        case "Polygon":
            rings = [ring for name in ("exterior", "interior") for ring in _named(element, name)]
            coordinates = [_read_positions(line, swaps) for ring in rings for line in _named(ring, "LinearRing")]
            return {"type": "Polygon", "coordinates": coordinates}
    shape = _BY_ELEMENT.get(element.name)
    if shape is None:
        raise ValueError(f"the element '{element.name}' is no shape of the Simple Features profile")
    row = _MANY[shape]
    holders = [*_named(element, row.members), *_named(element, row.member)]
    parts = [_read(child, swaps, depth + 1) for one in holders for child in one.children]
    if not row.part:
        return {"type": shape, "geometries": parts}
    if any(part["type"] != row.part for part in parts):
        raise ValueError(f"the parts of a {shape} are of the type {row.part}")
    return {"type": shape, "coordinates": [part["coordinates"] for part in parts]}


def _named(element: Element, name: str) -> list[Element]:
    return [child for child in element.children if child.namespace == GML and child.name == name]


def _read_positions(element: Element, swaps: bool) -> list[list[float]]:
    found = [_numbers(child.text) for child in _named(element, "pos") if child.text.strip()]
    for child in _named(element, "posList"):
        numbers = _numbers(child.text)
        if len(numbers) % 2:
            raise ValueError("a posList has two numbers for each position")
        found += [numbers[index : index + 2] for index in range(0, len(numbers), 2)]
    if any(len(position) not in (2, 3, 4) for position in found):
        raise ValueError("a position has two to four numbers")
    return [_turned(position, swaps) for position in found]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        raise ValueError("a position is made of numbers") from None
