# Canonical functions of places (4.01 Part 2, 5.1.1.11). A value is a GeoJSON object with the coordinates x (longitude)
# and y (latitude); a height or a measure after them plays no part.
# Geometry is a plane, in the unit of its coordinates. Geography is a sphere with the mean radius of the earth, in
# metres: at most 0.6 % off the ellipsoid, which would need an iterative solver that does not always converge.

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NoReturn

from ..errors import BadRequest

EARTH_RADIUS: Final = 6_371_008.8  # metres, mean radius R1 of WGS 84

Place = Mapping[str, Any]
Position = tuple[float, float]
Vector = tuple[float, float, float]

_SLACK: Final = 1e-9  # of the radius of the sphere: what rounding may do to a point on an edge


def distance_on_plane(one: Place, other: Place) -> float:
    _same_system("geo.distance", one, other)
    return math.dist(_point("geo.distance", one), _point("geo.distance", other))


def distance_on_globe(one: Place, other: Place) -> float:
    _same_system("geo.distance", one, other)
    return _haversine(_point("geo.distance", one), _point("geo.distance", other))


def length_on_plane(line: Place) -> float:
    return sum([math.dist(*step) for step in pairwise(_line("geo.length", line))], 0.0)


def length_on_globe(line: Place) -> float:
    return sum([_haversine(*step) for step in pairwise(_line("geo.length", line))], 0.0)


def intersects_on_plane(point: Place, polygon: Place) -> bool:
    """Whether a point lies in the interior or on the boundary of a polygon, not in a hole (5.1.1.11.2)."""
    _same_system("geo.intersects", point, polygon)
    x, y = map(Fraction, _point("geo.intersects", point))
    inside = False
    # A ray to the right crosses the rings an odd number of times exactly when it starts inside. Fractions, since on a
    # boundary a rounding error would decide.
    for ring in _polygon("geo.intersects", polygon):
        for (x1, y1), (x2, y2) in pairwise([(Fraction(a), Fraction(b)) for a, b in ring]):
            side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
            if side == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
                return True
            if (y1 > y) != (y2 > y) and (side > 0) == (y2 > y1):
                inside = not inside
    return inside


def intersects_on_globe(point: Place, polygon: Place) -> bool:
    """The same on the sphere, where edges are parts of great circles, for rings that fit into a hemisphere: the
    smaller side of a ring is its interior, whichever way round it is written."""
    _same_system("geo.intersects", point, polygon)
    here = _direction(_point("geo.intersects", point))
    turns = 0.0
    for ring in _polygon("geo.intersects", polygon):
        corners = [_direction(position) for position in ring]
        if any(_is_between(here, start, end) for start, end in pairwise(corners)):
            return True
        # Seen from a point inside, the corners go once around; its antipode sees the same, so the side must be right.
        if math.fsum([_dot(here, corner) for corner in corners]) > 0:
            turns += abs(math.fsum([_turn(here, start, end) for start, end in pairwise(corners)])) / math.tau
    return round(turns) % 2 == 1


def _direction(position: Position) -> Vector:
    """A position as a vector of length 1 from the centre of the sphere."""
    lon, lat = map(math.radians, position)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: Vector, other: Vector) -> Vector:
    (a, b, c), (x, y, z) = one, other
    return b * z - c * y, c * x - a * z, a * y - b * x


def _is_between(here: Vector, start: Vector, end: Vector) -> bool:
    """Whether a point lies on the edge between two corners, by about a centimetre."""
    around = _dot(start, end)
    normal = _cross(start, end)
    size = math.hypot(*normal)
    if size == 0:
        return math.dist(here, start) < _SLACK
    off = abs(_dot(here, normal)) / size
    return off < _SLACK and min(_dot(here, start), _dot(here, end)) >= around - _SLACK


def _turn(here: Vector, start: Vector, end: Vector) -> float:
    """The angle at a point from one corner to the next one, to the left being positive."""
    one, other = _cross(here, start), _cross(here, end)
    return math.atan2(_dot(here, _cross(one, other)), _dot(one, other))


def _haversine(one: Position, other: Position) -> float:
    (lon1, lat1), (lon2, lat2) = one, other
    across = math.sin(math.radians(lat2 - lat1) / 2) ** 2
    across += math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(max(across, 0.0), 1.0)))


def _same_system(function: str, one: Place, other: Place) -> None:
    first, second = _system(one), _system(other)
    if first and second and first != second:
        raise BadRequest(
            f"The function '{function}' needs both values in one coordinate reference system, "
            f"but they are in {first:.50} and {second:.50}."
        )


def _system(place: Place) -> str | None:
    """The name of the reference system, such as `EPSG:4326`; None for none and for SRID 0, which fit all others."""
    crs = place.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return name if isinstance(name, str) and name != "EPSG:0" else None


def _point(function: str, place: Place) -> Position:
    return _position(function, _coordinates(function, place, "Point"))


def _line(function: str, place: Place) -> list[Position]:
    return [_position(function, item) for item in _coordinates(function, place, "LineString")]


def _polygon(function: str, place: Place) -> list[list[Position]]:
    rings = []
    for ring in _coordinates(function, place, "Polygon"):
        if not isinstance(ring, list | tuple):
            _malformed(function)
        positions = [_position(function, item) for item in ring]
        rings.append([*positions, *positions[:1]])  # closed already or not, it is closed now
    return rings


def _coordinates(function: str, place: Place, shape: str) -> Sequence[Any]:
    coordinates = place.get("coordinates")
    if place.get("type") != shape or not isinstance(coordinates, list | tuple):
        _malformed(function)
    return coordinates


def _position(function: str, value: Any) -> Position:
    if not isinstance(value, list | tuple) or len(value) < 2:
        _malformed(function)
    return (_number(function, value[0]), _number(function, value[1]))


def _number(function: str, value: Any) -> float:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            number = float(value)
        except (OverflowError, ValueError):  # a whole number beyond all doubles, a signalling NaN
            _malformed(function)
        if math.isfinite(number):
            return number
    _malformed(function)


def _malformed(function: str) -> NoReturn:
    raise BadRequest(f"The function '{function}' was given a value without proper coordinates of its type.")
