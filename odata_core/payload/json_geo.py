# Shapes on the globe and in the plane as JSON: GeoJSON (RFC 7946) with the `crs` of its draft, which OData keeps.
# Strategy: a shape is its own value; reading checks that it is one of the type it stands for, and keeps all of it.
# Numbers that have a point become doubles: coordinates are no decimals.

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm import primitives as edm
from .json_untyped import plain

# How deep the arrays of a shape's coordinates lie within each other, above the position itself.
_LEVELS: Final[Mapping[str, int]] = {
    "Point": 0,
    "LineString": 1,
    "MultiPoint": 1,
    "Polygon": 2,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}
_COLLECTION: Final = "GeometryCollection"


def geo_reader(kind: PrimitiveType) -> Callable[[Any], dict[str, Any]]:
    """What reads a value of a geographic or geometric type; ValueError says why it is none."""
    shape = kind.short_name.removeprefix("Geography").removeprefix("Geometry")
    wanted = _COLLECTION if shape == "Collection" else shape or None

    def read(value: Any) -> dict[str, Any]:
        found = _read_shape(value)
        if wanted is not None and found["type"] != wanted:
            raise ValueError(f"a GeoJSON object of type {wanted} is expected")
        return found

    return read


def _read_shape(value: Any) -> dict[str, Any]:
    shape = value.get("type") if isinstance(value, dict) else None
    if shape == _COLLECTION and isinstance(value.get("geometries"), list):
        return {**plain(value), "geometries": [_read_shape(item) for item in value["geometries"]]}
    if isinstance(shape, str) and shape in _LEVELS and isinstance(value.get("coordinates"), list):
        return {**plain(value), "coordinates": _read_coordinates(value["coordinates"], _LEVELS[shape])}
    raise ValueError("a GeoJSON object with its type and its coordinates or geometries is expected")


def _read_coordinates(value: Any, level: int) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("coordinates are arrays of numbers, nested as the type of the GeoJSON object wants")
    if level:
        return [_read_coordinates(item, level - 1) for item in value]
    return [_read_number(item) for item in value]


def _read_number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("a coordinate is a number")
    return value if isinstance(value, int) else float(edm.DOUBLE.accept(value))
