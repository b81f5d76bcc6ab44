# The canonical functions as the versions spell them: one row a function, by its 4.01 name.
# Strategy: a row says how each dialect calls the function and where it writes each 4.01 argument; the binder reads the
# table by the dialect's name, translation by the canonical one. `cast`, `isof`, `any`, `all` and `case` are grammar.
# Sources: 4.01 Part 2, 5.1.1.5 to 5.1.1.11; v3 URL Conventions, 5.1.2.4, and v3 ABNF, methodCallExpr; MS-ODATA,
# 2.2.3.6.1.1, for v2.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from ..errors import BadRequest
from ..records import record
from .grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar

Item = TypeVar("Item")


@record
class Spelling:
    """A function as a dialect calls it: the 4.01 name it stands for, and where each 4.01 argument is written."""

    canonical: str
    order: tuple[int, ...]


@record
class Written:
    """A 4.01 function in a dialect: its name there, and where each 4.01 argument is written."""

    name: str
    order: tuple[int, ...]


@record
class Row:
    """A canonical function in each dialect by the dialect's name, and why it is missing in the others."""

    written: Mapping[str, Written]
    absent: str


_IN_ORDER: Final = (0, 1, 2)
_V2, _V3, _V4 = V2_GRAMMAR.name, V3_GRAMMAR.name, V4_GRAMMAR.name
_SINCE_3: Final = "it came with OData 3.0"
_SINCE_4: Final = "it came with OData 4.0"
_SINCE_401: Final = "it came with OData 4.01"


def _rows(names: str, dialects: tuple[str, ...], absent: str = "") -> dict[str, Row]:
    """Functions that are spelled alike wherever they exist."""
    return {name: Row({dialect: Written(name, _IN_ORDER) for dialect in dialects}, absent) for name in names.split()}


_SUBSTRING_OF: Final = Written("substringof", (1, 0))

FUNCTIONS: Final[Mapping[str, Row]] = {
    **_rows(
        """concat endswith indexof length startswith substring tolower toupper trim
        year month day hour minute second round floor ceiling""",
        (_V2, _V3, _V4),
    ),
    "contains": Row({_V2: _SUBSTRING_OF, _V3: _SUBSTRING_OF, _V4: Written("contains", _IN_ORDER)}, ""),
    **_rows("replace", (_V2, _V3), "it ended with OData 3.0"),
    **_rows("geo.distance geo.intersects geo.length", (_V3, _V4), _SINCE_3),
    "totaloffsetminutes": Row(
        {_V3: Written("gettotaloffsetminutes", _IN_ORDER), _V4: Written("totaloffsetminutes", _IN_ORDER)}, _SINCE_3
    ),
    **_rows("date time fractionalseconds totalseconds now mindatetime maxdatetime", (_V4,), _SINCE_4),
    **_rows("hassubset hassubsequence matchesPattern", (_V4,), _SINCE_401),
    **_rows("isdefined", (_V4,), "it came with the aggregation extension of OData 4.0"),
}
"""Every canonical function by its 4.01 name."""

# v3 has names of its own for the parts of an Edm.Time; 4.01 does not tell them from those of a point in time.
_TIMES: Final = {name + "s": Spelling(name, _IN_ORDER) for name in ("hour", "minute", "second")}

# Parts of an Edm.Time that a time of day, which it became in v4, does not have.
WITHOUT_MEANING: Final[Mapping[str, frozenset[str]]] = {
    _V2: frozenset(),
    _V3: frozenset({"days", "months", "years"}),
    _V4: frozenset(),
}
"""Canonical functions that no 4.01 function stands for, by dialect."""


RESERVED: Final[Mapping[str, frozenset[str]]] = {
    _V2: frozenset(),
    _V3: frozenset(),
    _V4: frozenset({"aggregate", "case", "cast", "isof"}),
}
"""Names before a parenthesis, in lower case, behind which the dialect reads no arguments but something of its own."""


def _reading(dialect: str) -> dict[str, Spelling]:
    written = {name: row.written[dialect] for name, row in FUNCTIONS.items() if dialect in row.written}
    return {there.name: Spelling(name, there.order) for name, there in written.items()}


READ_FUNCTIONS: Final[Mapping[str, Mapping[str, Spelling]]] = {
    _V2: _reading(_V2),
    _V3: {**_reading(_V3), **_TIMES},
    _V4: _reading(_V4),
}
"""By dialect and by the name there."""

_FOLDED: Final = {
    dialect: {name.lower(): spelling for name, spelling in table.items()} for dialect, table in READ_FUNCTIONS.items()
}


def find_function(name: str, grammar: Grammar) -> Spelling | None:
    """The canonical function that a dialect calls `name`; 4.01 takes its name in any case (Part 2, 5.1.1.4)."""
    if grammar.folds_case:
        return _FOLDED[grammar.name].get(name.lower())
    return READ_FUNCTIONS[grammar.name].get(name)


def canonical_order(spelling: Spelling, name: str, arguments: Sequence[Item]) -> tuple[Item, ...]:
    """Arguments as written, in the order of the 4.01 function."""
    if spelling.order == _IN_ORDER:
        return tuple(arguments)
    if len(arguments) != len(spelling.order):
        raise BadRequest(f"'{name}' takes {len(spelling.order)} arguments, not {len(arguments)}.")
    return tuple([arguments[place] for place in spelling.order])


def written_order(written: Written, arguments: Sequence[Item]) -> tuple[Item, ...]:
    """The arguments of the 4.01 function in the order in which a dialect writes them."""
    if written.order == _IN_ORDER:
        return tuple(arguments)
    if len(arguments) != len(written.order):
        raise BadRequest(f"'{written.name}' takes {len(written.order)} arguments, not {len(arguments)}.")
    return tuple([arguments[written.order.index(place)] for place in range(len(arguments))])
