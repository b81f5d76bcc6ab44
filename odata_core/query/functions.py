# The canonical functions, one row each: the v4 name and its overloads, each with what it takes, what it gives, how it
# is computed. The computing itself is in the modules named for what they compute with: text, numbers, time, places.
# Strategy: binder and evaluator read the same row, so a function that binds can always be evaluated.
# How a version spells a function is a row in `uri.functions`. Null never reaches `evaluate`: where an argument is
# null, so is the result (4.01 Part 2, 5.1.1.4), and the evaluator sees to that; `takes_null` marks the exception.
# `cast`, `isof` and `case` are no rows: they take types and conditions, which are the binder's business.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from ..edm import NOT_GIVEN, PRIMITIVE_TYPES, PrimitiveType, Timestamp
from ..edm import primitives as edm
from ..records import record
from . import collection_functions, geo_functions, number_functions, text_functions, time_functions
from .patterns import matches_pattern
from .text_functions import WHITE_SPACE

__all__ = [
    "CANONICAL_FUNCTIONS",
    "TEXT_FUNCTIONS",
    "WHITE_SPACE",
    "Function",
    "Generic",
    "Overload",
    "Parameter",
    "find_overload",
]


class Generic(Enum):
    """What stands for many types in a signature. As a result: the type of the first argument."""

    COLLECTION = "Collection"
    ORDERED = "OrderedCollection"
    ANY = "any value"


Parameter = PrimitiveType | Generic


@record
class Overload:
    """One signature of a function. Overloads are tried in their order: the first that fits is meant."""

    parameters: tuple[Parameter, ...]
    result: Parameter
    evaluate: Callable[..., Any]
    takes_null: bool = False


@record
class Function:
    """A canonical function and its overloads."""

    name: str
    overloads: tuple[Overload, ...]

    @property
    def signatures(self) -> tuple[tuple[PrimitiveType, ...], ...]:
        """The parameters of the overloads that take primitive values only."""
        primitive = [[kind for kind in row.parameters if isinstance(kind, PrimitiveType)] for row in self.overloads]
        pairs = zip(primitive, self.overloads, strict=True)
        return tuple([tuple(kinds) for kinds, row in pairs if len(kinds) == len(row.parameters)])

    @property
    def result(self) -> PrimitiveType:
        """The type of the result of the first overload."""
        result = self.overloads[0].result
        assert isinstance(result, PrimitiveType), f"'{self.name}' begins with an overload for collections"
        return result

    @property
    def evaluate(self) -> Callable[..., Any]:
        """How the first overload is computed."""
        return self.overloads[0].evaluate


def _is_defined(value: Any) -> bool:
    return value is not NOT_GIVEN


def _row(parameters: tuple[Parameter, ...], result: Parameter, evaluate: Callable[..., Any]) -> tuple[Overload, ...]:
    """One overload, in a form that adds up."""
    return (Overload(parameters, result, evaluate),)


def _each(kinds: tuple[Parameter, ...], result: Parameter, evaluate: Callable[..., Any]) -> tuple[Overload, ...]:
    """Overloads with one parameter, for several types that are computed alike."""
    return tuple([Overload((kind,), result, evaluate) for kind in kinds])


_TEXT: Final = edm.STRING
_PAIR: Final = (_TEXT, _TEXT)
_COLLECTIONS: Final = (Generic.COLLECTION, Generic.COLLECTION)
_ORDERED: Final = (Generic.ORDERED, Generic.ORDERED)

# Moments have a date and a clock. Edm.DateTime and Edm.Time are those of v2 and v3.
_MOMENTS: Final = (edm.DATETIME_OFFSET, edm.DATETIME)
_DATES: Final = (*_MOMENTS, edm.DATE)
_CLOCKS: Final = (*_MOMENTS, edm.TIME_OF_DAY, edm.TIME)


def _geo(*shapes: str) -> tuple[PrimitiveType, ...]:
    return tuple([PRIMITIVE_TYPES[f"Edm.{shape}"] for shape in shapes])


_TABLE: Final[Mapping[str, tuple[Overload, ...]]] = {
    # Text and collections, 5.1.1.5
    "concat": (
        *_row(_PAIR, _TEXT, text_functions.concat),
        *_row(_ORDERED, Generic.ORDERED, collection_functions.concat),
        *_row(_COLLECTIONS, Generic.COLLECTION, collection_functions.concat),
    ),
    "contains": (
        *_row(_PAIR, edm.BOOLEAN, text_functions.contains),
        *_row(_ORDERED, edm.BOOLEAN, collection_functions.contains),
    ),
    "endswith": (
        *_row(_PAIR, edm.BOOLEAN, str.endswith),
        *_row(_ORDERED, edm.BOOLEAN, collection_functions.endswith),
    ),
    "indexof": (
        *_row(_PAIR, edm.INT32, str.find),
        *_row(_ORDERED, edm.INT32, collection_functions.indexof),
    ),
    # No version lists bytes; a service that has them can count them all the same.
    "length": _each((_TEXT, edm.BINARY, Generic.COLLECTION), edm.INT32, len),
    "startswith": (
        *_row(_PAIR, edm.BOOLEAN, str.startswith),
        *_row(_ORDERED, edm.BOOLEAN, collection_functions.startswith),
    ),
    "substring": (
        *_row((_TEXT, edm.INT32), _TEXT, text_functions.substring),
        *_row((_TEXT, edm.INT32, edm.INT32), _TEXT, text_functions.substring),
        *_row((Generic.ORDERED, edm.INT32), Generic.ORDERED, collection_functions.substring),
        *_row((Generic.ORDERED, edm.INT32, edm.INT32), Generic.ORDERED, collection_functions.substring),
    ),
    # Collections, 5.1.1.6
    "hassubset": _row(_COLLECTIONS, edm.BOOLEAN, collection_functions.hassubset),
    "hassubsequence": _row(_ORDERED, edm.BOOLEAN, collection_functions.hassubsequence),
    # Text, 5.1.1.7; `replace` is of v2 and v3
    "matchesPattern": _row(_PAIR, edm.BOOLEAN, matches_pattern),
    "replace": _row((_TEXT, _TEXT, _TEXT), _TEXT, text_functions.replace),
    "tolower": _row((_TEXT,), _TEXT, str.lower),
    "toupper": _row((_TEXT,), _TEXT, str.upper),
    "trim": _row((_TEXT,), _TEXT, text_functions.trim),
    # Dates and times, 5.1.1.8
    "date": _row((edm.DATETIME_OFFSET,), edm.DATE, time_functions.date_of),
    "time": _row((edm.DATETIME_OFFSET,), edm.TIME_OF_DAY, time_functions.time_of),
    "year": _each(_DATES, edm.INT32, time_functions.year),
    "month": _each(_DATES, edm.INT32, time_functions.month),
    "day": _each(_DATES, edm.INT32, time_functions.day),
    "hour": _each(_CLOCKS, edm.INT32, time_functions.hour),
    "minute": _each(_CLOCKS, edm.INT32, time_functions.minute),
    "second": _each(_CLOCKS, edm.INT32, time_functions.second),
    "fractionalseconds": _each(_CLOCKS, edm.DECIMAL, time_functions.fractionalseconds),
    "totaloffsetminutes": _row((edm.DATETIME_OFFSET,), edm.INT32, time_functions.totaloffsetminutes),
    "totalseconds": _row((edm.DURATION,), edm.DECIMAL, time_functions.totalseconds),
    "now": _row((), edm.DATETIME_OFFSET, Timestamp.now),
    "mindatetime": _row((), edm.DATETIME_OFFSET, time_functions.mindatetime),
    "maxdatetime": _row((), edm.DATETIME_OFFSET, time_functions.maxdatetime),
    # Numbers, 5.1.1.9. Double comes first: whole numbers are promoted to it, as v2 and v3 clients expect.
    "round": (
        *_row((edm.DOUBLE,), edm.DOUBLE, number_functions.round_double),
        *_row((edm.DECIMAL,), edm.DECIMAL, number_functions.round_decimal),
    ),
    "floor": (
        *_row((edm.DOUBLE,), edm.DOUBLE, number_functions.floor_double),
        *_row((edm.DECIMAL,), edm.DECIMAL, number_functions.floor_decimal),
    ),
    "ceiling": (
        *_row((edm.DOUBLE,), edm.DOUBLE, number_functions.ceiling_double),
        *_row((edm.DECIMAL,), edm.DECIMAL, number_functions.ceiling_decimal),
    ),
    # Places, 5.1.1.11
    "geo.distance": (
        *_row(_geo("GeographyPoint", "GeographyPoint"), edm.DOUBLE, geo_functions.distance_on_globe),
        *_row(_geo("GeometryPoint", "GeometryPoint"), edm.DOUBLE, geo_functions.distance_on_plane),
    ),
    "geo.intersects": (
        *_row(_geo("GeographyPoint", "GeographyPolygon"), edm.BOOLEAN, geo_functions.intersects_on_globe),
        *_row(_geo("GeometryPoint", "GeometryPolygon"), edm.BOOLEAN, geo_functions.intersects_on_plane),
    ),
    "geo.length": (
        *_row(_geo("GeographyLineString"), edm.DOUBLE, geo_functions.length_on_globe),
        *_row(_geo("GeometryLineString"), edm.DOUBLE, geo_functions.length_on_plane),
    ),
    # Data Aggregation 4.0, `isdefined`: a property that grouping took away is not given, which is not null.
    "isdefined": (Overload((Generic.ANY,), edm.BOOLEAN, _is_defined, takes_null=True),),
}

CANONICAL_FUNCTIONS: Final[Mapping[str, Function]] = {name: Function(name, rows) for name, rows in _TABLE.items()}
"""Every function by its 4.01 name, with all overloads."""

_INTEGERS: Final = frozenset({edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64})
_ABSTRACT_GEO: Final = frozenset(_geo("Geography", "Geometry"))


def find_overload(name: str, arguments: Sequence[tuple[object, bool]]) -> Overload | None:
    """The overload of a function for arguments of these types, each with whether it is a collection."""
    overloads: tuple[Overload, ...] = CANONICAL_FUNCTIONS[name].overloads
    for overload in overloads:
        parameters = overload.parameters
        if len(parameters) == len(arguments) and all(map(_takes, parameters, arguments)):
            return overload
    return None


def _takes(parameter: Parameter, argument: tuple[object, bool]) -> bool:
    kind, is_collection = argument
    if isinstance(parameter, Generic):
        return is_collection or parameter is Generic.ANY
    if is_collection or not isinstance(kind, PrimitiveType):
        return False
    if kind.numeric_rank and parameter.numeric_rank:
        return kind in _INTEGERS if parameter in _INTEGERS else kind.numeric_rank <= parameter.numeric_rank
    # The value of a property of a general type shows its shape only when the function is called.
    return kind is parameter or (kind in _ABSTRACT_GEO and parameter.name.startswith(kind.name))


TEXT_FUNCTIONS: Final[Mapping[str, Function]] = {
    name: Function(name, tuple([row for row in _TABLE[name] if row.parameters[0] is _TEXT]))
    for name in (
        *("contains", "startswith", "endswith", "length", "indexof"),
        *("substring", "tolower", "toupper", "trim", "concat"),
    )
}
"""The functions of text that version 3 and 4 have in common, with their overloads for text."""
