# Geographic and geometric literals: well-known text <-> GeoJSON, as `geography'SRID=4326;Point(142.1 64.1)'` has it
# between its quotation marks. A value is a mapping with `type`, `coordinates` (or `geometries`) and `crs`.
# Version 4 (4.01 ABNF, fullPointLiteral and its like) demands the SRID and writes the shapes in mixed case; version 3
# lets the SRID go, which then is 4326 for geography and 0 for geometry, and is WKT as other systems print it: in
# capitals, with blanks, `EMPTY`, and points of a MULTIPOINT without their parentheses. The reader takes all of that.
# Strategy: one regular expression cuts tokens, one row a shape says how deep its parentheses are. Depth is bounded.

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from .primitives import PRIMITIVE_TYPES, PrimitiveType

MAX_DEPTH: Final = 20  # collections within collections
DEFAULT_SRID: Final[Mapping[str, int]] = {"Geography": 4326, "Geometry": 0}

# How many parentheses stand around the positions of a shape, which is how deep its coordinates are nested.
_LEVELS: Final[Mapping[str, int]] = {
    "Point": 0,
    "LineString": 1,
    "MultiPoint": 1,
    "Polygon": 2,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}
_BY_NAME: Final[Mapping[str, str]] = {
    **{name.lower(): name for name in _LEVELS},
    "geometrycollection": "GeometryCollection",
    "collection": "GeometryCollection",  # 4.0
}
_LEAST: Final[Mapping[str, int]] = {"LineString": 2, "MultiLineString": 2}  # positions in a row

_NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|NaN|-?INF"
_TOKEN = re.compile(rf" *(?:({_NUMBER})(?![\w.])|([A-Za-z]+)|([(),;=]))", re.ASCII)
_SRID = re.compile(r" *SRID *= *([0-9]{1,5}) *;", re.IGNORECASE | re.ASCII)
_EPSG = re.compile(r"EPSG:([0-9]{1,5})", re.ASCII)


def read_geo(text: str, plane: str) -> tuple[PrimitiveType, dict[str, Any]]:
    """The type and the value of well-known text; `plane` is Geography or Geometry. ValueError with the reason."""
    found = _SRID.match(text)
    srid = int(found[1]) if found else DEFAULT_SRID[plane]
    reader = _Reader(text, found.end() if found else 0)
    value = reader.shape(0)
    reader.end()
    value["crs"] = {"type": "name", "properties": {"name": f"EPSG:{srid}"}}
    return geo_type(value, plane), value


def plane_of(kind: PrimitiveType) -> str:
    """Geography or Geometry, which a type is of."""
    return "Geography" if kind.name.startswith("Edm.Geography") else "Geometry"


def geo_type(value: Any, plane: str) -> PrimitiveType:
    """The type of a GeoJSON value, such as Edm.GeographyPoint; Edm.Geography itself for what is none."""
    shape = value.get("type") if isinstance(value, Mapping) else None
    return PRIMITIVE_TYPES.get(f"Edm.{plane}{str(shape).removeprefix('Geometry')}", PRIMITIVE_TYPES[f"Edm.{plane}"])


def read_geo_literal(plane: str) -> Callable[[str], dict[str, Any]]:
    """The reader of literals: `geography'...'` or `geometry'...'`."""
    return lambda text: read_geo(text[text.index("'") + 1 : -1].replace("''", "'"), plane)[1]


class _Reader:
    """A cursor over the tokens of one text."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, str]] = []
        position = start
        while position < len(text.rstrip(" ")):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"'{text[position : position + 20]}' is not understood in well-known text")
            self.tokens.append((match[1] or "", match[2] or "", match[3] or ""))
            position = match.end()
        self.index = 0

    def peek(self, kind: int) -> str:
        return self.tokens[self.index][kind] if self.index < len(self.tokens) else ""

    def take(self, mark: str) -> bool:
        if self.peek(2) == mark:
            self.index += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.take(mark):
            self.fail(f"'{mark}'")

    def end(self) -> None:
        if self.index < len(self.tokens):
            self.fail("the end")

    def fail(self, expected: str) -> NoReturn:
        shown = "".join(self.tokens[self.index]) if self.index < len(self.tokens) else ""
        raise ValueError(f"{expected} is expected, but {repr(shown) if shown else 'the end'} was found")

    def word(self) -> str:
        word = self.peek(1)
        self.index += word != ""
        return word.lower()

    def shape(self, depth: int) -> dict[str, Any]:
        """geoLiteral = collectionLiteral / lineStringLiteral / ... ; an empty shape of WKT has no coordinates"""
        name = _BY_NAME.get(self.word())
        if name is None:
            self.index = max(self.index - 1, 0)
            self.fail("the name of a shape, such as Point,")
        while self.peek(1).upper() in ("Z", "M", "ZM"):  # WKT may say which coordinates follow
            self.index += 1
        if self.peek(1).upper() == "EMPTY":
            self.index += 1
            return _made(name, [])
        if name != "GeometryCollection":
            return _made(name, self.coordinates(name, _LEVELS[name]))
        if depth >= MAX_DEPTH:
            raise ValueError(f"collections may be nested {MAX_DEPTH} times")
        return _made(name, self.listed(lambda: self.shape(depth + 1)))

    def coordinates(self, name: str, level: int) -> list[Any]:
        if level == 0:
            self.expect("(")
            position = self.position()
            self.expect(")")
            return position
        if level > 1:
            return self.listed(lambda: self.coordinates(name, level - 1))
        found = self.listed(self.pointed if name == "MultiPoint" else self.position)
        if len(found) < _LEAST.get(name, 0):
            raise ValueError(f"a {name} needs two positions at least")
        return found

    def listed(self, item: Callable[[], Any]) -> list[Any]:
        """OPEN [ item *( COMMA item ) ] CLOSE"""
        self.expect("(")
        found: list[Any] = []
        if self.take(")"):
            return found
        while True:
            found.append(item())
            if not self.take(","):
                self.expect(")")
                return found

    def pointed(self) -> list[float]:
        """pointData = OPEN positionLiteral CLOSE; WKT also lets the parentheses go"""
        is_open = self.take("(")
        position = self.position()
        if is_open:
            self.expect(")")
        return position

    def position(self) -> list[float]:
        """positionLiteral = longitude SP latitude [ SP altitude [ SP measure ] ]"""
        found: list[float] = []
        while self.peek(0) and len(found) < 4:
            found.append(_number(self.peek(0)))
            self.index += 1
        if len(found) < 2:
            self.fail("a position of two to four numbers")
        return found


def _number(text: str) -> float:
    number = float(text.replace("INF", "inf"))
    if math.isinf(number) and "INF" not in text:
        raise ValueError("a coordinate is too large for a double")
    return number


def _made(name: str, content: list[Any]) -> dict[str, Any]:
    return {"type": name, "geometries" if name == "GeometryCollection" else "coordinates": content}


# ------------------------------------------------------------------ printing


def print_geo(value: Mapping[str, Any]) -> str:
    """The well-known text of a GeoJSON value, with its SRID; ValueError where it is none."""
    return f"SRID={_srid_of(value)};{_print_shape(value, 0)}"


def print_geo_literal(plane: str) -> Callable[[Mapping[str, Any]], str]:
    """The printer of literals: `geography'...'` or `geometry'...'`."""

    def write(value: Mapping[str, Any]) -> str:
        srid = _srid_of(value, DEFAULT_SRID[plane])
        return f"{plane.lower()}'SRID={srid};{_print_shape(value, 0)}'"

    return write


def _srid_of(value: Mapping[str, Any], default: int = 4326) -> int:
    crs = value.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    match = _EPSG.fullmatch(name) if isinstance(name, str) else None
    return int(match[1]) if match else default


def _print_shape(value: Any, depth: int) -> str:
    name = value.get("type") if isinstance(value, Mapping) else None
    if depth > MAX_DEPTH or not isinstance(name, str) or name not in {*_LEVELS, "GeometryCollection"}:
        raise ValueError("a GeoJSON object is expected")
    content = value.get("geometries" if name == "GeometryCollection" else "coordinates")
    if not isinstance(content, list | tuple):
        raise ValueError("a GeoJSON object with coordinates is expected")
    if name == "GeometryCollection":
        return f"GeometryCollection({','.join([_print_shape(item, depth + 1) for item in content])})"
    if not content:
        return f"{name}()" if name.startswith("Multi") else f"{name} EMPTY"  # 4.01 ABNF, fullMultiPointLiteral
    return name + _print_coordinates(content, _LEVELS[name], name == "MultiPoint")


def _print_coordinates(content: Any, level: int, are_points: bool) -> str:
    if level == 0:
        return f"({_print_position(content)})"
    if not isinstance(content, list | tuple):
        raise ValueError("coordinates are lists of positions")
    if level == 1 and not are_points:
        return f"({','.join([_print_position(item) for item in content])})"
    return f"({','.join([_print_coordinates(item, level - 1, are_points) for item in content])})"


def _print_number(number: float) -> str:
    if math.isfinite(number):
        return repr(number).removesuffix(".0")
    return "NaN" if math.isnan(number) else "INF" if number > 0 else "-INF"


def _print_position(position: Sequence[Any]) -> str:
    if not isinstance(position, list | tuple) or not 2 <= len(position) <= 4:
        raise ValueError("a position has two to four numbers")
    try:
        return " ".join([_print_number(float(number)) for number in position])
    except (TypeError, OverflowError):
        raise ValueError("a position has two to four numbers") from None
