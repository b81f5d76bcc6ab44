# What not every dialect can say: one row a construct, with the dialects that have it and why the others do not.
# The printer asks here before it writes; translation converts what it can and leaves the rest to the printer.
# Whether a service supports what its dialect can say is not known here.

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..edm.primitives import GEO_TYPES
from ..errors import NotImplementedHere
from ..records import record
from .grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar


@record
class Construct:
    """Something that the named dialects can say, and why the others cannot."""

    what: str
    dialects: frozenset[str]
    absent: str


_GEO_NAMES: Final = tuple([kind.name for kind in GEO_TYPES])
_BEFORE_4: Final = frozenset({V2_GRAMMAR.name, V3_GRAMMAR.name})
_SINCE_3: Final = frozenset({V3_GRAMMAR.name, V4_GRAMMAR.name})
_SINCE_4: Final = frozenset({V4_GRAMMAR.name})
_CAME_3: Final = "it came with OData 3.0"
_CAME_4: Final = "it came with OData 4.0"
_CAME_401: Final = "it came with OData 4.01"
_AGGREGATION: Final = "it came with the aggregation extension of OData 4.0"
_TEMPORAL: Final = "it came with the temporal extension of OData 4.0"
_LEVELS: Final = "options of a related resource cannot be told from those of the resource"


def _since_4(what: str, absent: str = _CAME_4) -> Construct:
    return Construct(what, _SINCE_4, absent)


def _since_3(what: str, absent: str = _CAME_3) -> Construct:
    return Construct(what, _SINCE_3, absent)


CONSTRUCTS: Final[Mapping[str, Construct]] = {
    "aggregate": _since_4("aggregations in a path", _AGGREGATION),
    "alias": _since_3("parameter aliases", "they came with OData 3.0"),
    "annotation": _since_4("annotations in a path", "they came with OData 4.0"),
    "case": _since_4("case()", _CAME_401),
    "cast": _since_3("derived types in a path", "they came with OData 3.0"),
    "container": Construct("a set with its container", _BEFORE_4, "a service of OData 4.0 has one container"),
    "context": _since_4("the fragment of a context URL", _CAME_4),
    "count": _since_4("/$count in an expression", _CAME_4),
    "enumeration": _since_4(
        "enumeration literals with their type",
        "OData 2.0 has no enumerations, and OData 3.0 puts names in quotation marks",
    ),
    "expand star": _since_4("* in $expand", _CAME_4),
    "expand tail": _since_4("$ref, $count and $value in $expand", "they came with OData 4.0"),
    "function": _since_3("functions with a namespace", "they came with OData 3.0"),
    "json": _since_3("JSON arrays and objects", "they came with OData 3.0"),
    "key behind call": _since_3("a key behind a function's parameters", "functions came with OData 3.0"),
    "lambda": _since_3("any and all", "they came with OData 3.0"),
    "list": _since_4("lists in parentheses", "they came with OData 4.01"),
    "nested options": _since_4("options within $expand and $select", _LEVELS),
    "select parameters": _since_4("the parameters of a function in $select", "they came with OData 4.0"),
}

OPERATORS: Final[Mapping[str, Construct]] = {
    name: _since_4(f"the operator '{name}'", absent)
    for name, absent in {"divby": _CAME_401, "has": _CAME_4, "in": _CAME_401}.items()
}

VARIABLES: Final[Mapping[str, Construct]] = {
    "$it": _since_3("$it"),
    "$root": _since_4("$root"),
    "$this": _since_4("$this", _CAME_401),
}
"""What may begin the path of an expression, besides names."""

OPTIONS: Final[Mapping[str, Construct]] = {
    **{
        name: _since_4(f"the query option {name}", absent)
        for name, absent in {
            "$apply": _AGGREGATION,
            "$at": _TEMPORAL,
            "$compute": _CAME_401,
            "$count": "there it is called $inlinecount",
            "$deltatoken": _CAME_4,
            "$from": _TEMPORAL,
            "$id": _CAME_4,
            "$index": _CAME_401,
            "$levels": _CAME_4,
            "$schemaversion": _CAME_401,
            "$search": _CAME_4,
            "$to": _TEMPORAL,
            "$toinclusive": _TEMPORAL,
        }.items()
    },
    "$inlinecount": Construct("the query option $inlinecount", _BEFORE_4, "there it is called $count"),
}
"""System query options that not every dialect has, by their names in query_options.READERS."""

PATH_SEGMENTS: Final[Mapping[str, Construct]] = {
    **{
        name: _since_4(f"the path segment {name}", absent)
        for name, absent in {
            "$all": _CAME_4,
            "$crossjoin": _CAME_4,
            "$each": _CAME_401,
            "$entity": _CAME_4,
            "$filter": _CAME_401,
            "$query": _CAME_401,
            "$ref": "there $links stands before the navigation property",
        }.items()
    },
    "$": Construct(
        "the escape segment $", frozenset({V3_GRAMMAR.name}), "it belongs to the keys as segments of OData 3.0"
    ),
    "$links": Construct("the path segment $links", _BEFORE_4, "there $ref stands behind the navigation property"),
}

TYPES: Final[Mapping[str, Construct]] = {
    "Edm.Date": _since_4("literals of Edm.Date", "Edm.Date came with OData 4.0"),
    "Edm.DateTime": Construct("literals of Edm.DateTime", _BEFORE_4, "Edm.DateTime ended with OData 3.0"),
    "Edm.Duration": _since_4(
        "literals of Edm.Duration", "Edm.Duration came with OData 4.0, and Edm.Time is a time of day"
    ),
    "Edm.Time": Construct("literals of Edm.Time", _BEFORE_4, "Edm.Time ended with OData 3.0"),
    "Edm.TimeOfDay": _since_4("literals of Edm.TimeOfDay", "Edm.TimeOfDay came with OData 4.0"),
    **{name: _since_3(f"literals of {name}", f"{name} came with OData 3.0") for name in _GEO_NAMES},
}
"""Primitive types that not every dialect has, by name."""

QUOTED_TYPES: Final = _BEFORE_4
"""Where the type in cast and isof is a string: `cast(A,'NS.T')` (v3 ABNF, castExpr)."""

QUOTED_MEMBERS: Final = frozenset({V3_GRAMMAR.name})
"""Where members of an enumeration are strings: v3 has enumerations, and its ABNF no literals of them."""


def has(table: Mapping[str, Construct], name: str, grammar: Grammar) -> bool:
    """Whether the dialect has the construct. What the table does not name, every dialect has."""
    row = table.get(name)
    return row is None or grammar.name in row.dialects


def require(table: Mapping[str, Construct], name: str, grammar: Grammar) -> None:
    """NotImplementedHere if the dialect lacks the construct. What the table does not name, every dialect has."""
    if not has(table, name, grammar):
        raise unsayable(table[name].what, table[name].absent, grammar)


def unsayable(what: str, why: str, grammar: Grammar) -> NotImplementedHere:
    """The refusal to write something, with the reason."""
    return NotImplementedHere(f"{grammar.name} has no way to write {what}: {why}.")
