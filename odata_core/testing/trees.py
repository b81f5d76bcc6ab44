# Hypothesis strategies for syntax trees of expressions: whatever a dialect can say. Those of whole URLs are url_trees.
# Strategy: a tree drawn here is one that the parser could have made, so printing it and reading it again must give it
# back. Names lean towards words of the language; texts are all of Unicode.

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..edm import Duration, PrimitiveType, TimeOfDay, Timestamp
from ..edm import primitives as edm
from ..edm.temporal import MAX_TICKS, TICKS_PER_DAY
from ..uri.constructs import CONSTRUCTS, TYPES, has
from ..uri.functions import READ_FUNCTIONS
from ..uri.grammars import Grammar
from ..uri.syntax import (
    Argument,
    Binary,
    Case,
    EnumLiteral,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Options,
    Path,
    Segment,
    Unary,
)

NAMES: Final = st.sampled_from(
    "Name Price ID _x Übersicht order asc as with from eq mod div has Sum INFO nullable".split()
)
TYPE_NAMES: Final = st.sampled_from(["NS.Type", "A.B.Derived", "NS.Größe"])
_FEW: Final = 3
Drawn = TypeVar("Drawn")


def tuples_of(items: SearchStrategy[Any], *, min_size: int = 0, max_size: int = _FEW) -> SearchStrategy[Any]:
    """Tuples of items; deferred, as in `by_dialect`."""
    found = st.lists(items, min_size=min_size, max_size=max_size).map(tuple)
    return st.deferred(lambda: found)


def by_dialect(make: Callable[[Grammar], SearchStrategy[Drawn]]) -> Callable[[Grammar], SearchStrategy[Drawn]]:
    """A strategy that is made once a dialect; deferred, since its own text would be as long as the language."""
    made: dict[str, SearchStrategy[Drawn]] = {}

    @wraps(make)
    def strategy_of(grammar: Grammar) -> SearchStrategy[Drawn]:
        if grammar.name not in made:
            found = make(grammar)
            made[grammar.name] = st.deferred(lambda: found)
        return made[grammar.name]

    return strategy_of


def has_nested_options(grammar: Grammar) -> bool:
    return has(CONSTRUCTS, "nested options", grammar)


# ------------------------------------------------------------------ literals


def _whole_number(value: int) -> Literal:
    """A number without suffix takes the smallest type that holds it."""
    small = -(2**31) <= value < 2**31
    return Literal(value, edm.INT32 if small else edm.INT64)


def _point_in_time(offsets: SearchStrategy[int | None]) -> SearchStrategy[Timestamp]:
    return st.builds(Timestamp, st.integers(TICKS_PER_DAY, MAX_TICKS - TICKS_PER_DAY - 1), offsets)


_WHOLE: Final = st.integers(-(2**63), 2**63 - 1)
_OFFSETS: Final = st.integers(-840, 840)
_DECIMALS: Final = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers(-(10**25), 10**25).map(
    Decimal
)
_VALUES: Final[Mapping[PrimitiveType, SearchStrategy[Any]]] = {
    edm.STRING: st.text(max_size=20),
    edm.BOOLEAN: st.booleans(),
    edm.GUID: st.uuids(allow_nil=True).map(lambda value: UUID(int=value.int)),
    edm.BINARY: st.binary(max_size=12),
    edm.DECIMAL: _DECIMALS,
    edm.DATETIME: _point_in_time(st.none()),
    edm.DATETIME_OFFSET: _point_in_time(_OFFSETS),
    edm.TIME: st.integers(0, TICKS_PER_DAY - 1).map(Duration),
    edm.DATE: st.dates(),
    edm.TIME_OF_DAY: st.integers(0, TICKS_PER_DAY - 1).map(TimeOfDay),
    edm.DURATION: st.integers(-(10**17), 10**17).map(Duration),
}
# Types that the suffixes of v2 and v3 tell from each other; v4 writes all of them as plain numbers.
_SUFFIXED: Final[Mapping[PrimitiveType, SearchStrategy[Any]]] = {
    edm.INT64: _WHOLE,
    edm.SINGLE: st.floats(width=32, allow_nan=False),
    edm.DOUBLE: st.floats(allow_nan=False) | st.decimals(-(10**9), 10**9, places=2),
}
_ENUMERATIONS: Final = st.builds(EnumLiteral, TYPE_NAMES, st.sampled_from(["Red", "Red,Green", "-3", "1,Blue"]))


@by_dialect
def literals_of(grammar: Grammar) -> SearchStrategy[Node]:
    """Literals as the dialect reads them, null and enumeration members among them."""
    values = {kind: values for kind, values in _VALUES.items() if has(TYPES, kind.name, grammar)}
    if has_nested_options(grammar):
        extremes = st.sampled_from([Literal(float("inf"), edm.DOUBLE), Literal(float("-inf"), edm.DOUBLE)])
    else:
        values |= _SUFFIXED
        extremes = st.nothing()
    forms: list[SearchStrategy[Node]] = [st.builds(Literal, drawn, st.just(kind)) for kind, drawn in values.items()]
    forms += [st.just(Literal(None, None)), _WHOLE.map(_whole_number), extremes]
    return st.one_of(forms + ([_ENUMERATIONS] if has(CONSTRUCTS, "enumeration", grammar) else []))


# ------------------------------------------------------------------ expressions


@by_dialect
def expressions_of(grammar: Grammar) -> SearchStrategy[Node]:
    """Any expression that the dialect can say."""
    return _recursive(grammar, max_leaves=8)


@by_dialect
def small_expressions_of(grammar: Grammar) -> SearchStrategy[Node]:
    """Expressions as parts of something larger."""
    return _recursive(grammar, max_leaves=2)


def _recursive(grammar: Grammar, max_leaves: int) -> SearchStrategy[Node]:
    leaves = literals_of(grammar) | _plain_paths(grammar)
    return st.recursive(leaves, lambda inner: _extended(inner, grammar), max_leaves=max_leaves)


def _extended(inner: SearchStrategy[Node], grammar: Grammar) -> SearchStrategy[Node]:
    operators = sorted(set(grammar.precedence) - {"has", "in"})  # which want lists and enumerations on their right
    forms: list[SearchStrategy[Node]] = [
        st.builds(Binary, st.sampled_from(operators), inner, inner),
        st.builds(Unary, st.sampled_from(["not", "-"]), inner),
        _calls(inner, grammar),
    ]
    if has(CONSTRUCTS, "lambda", grammar):
        forms.append(_quantified(inner))
    if has(CONSTRUCTS, "json", grammar):
        forms += [
            st.builds(Items, tuples_of(inner, max_size=2), st.just(True)),
            st.builds(Members, tuples_of(st.tuples(st.text(max_size=9), inner), max_size=2)),
        ]
    if has_nested_options(grammar):
        forms += _v4_forms(inner, grammar)
    return st.one_of(forms)


def _v4_forms(inner: SearchStrategy[Node], grammar: Grammar) -> list[SearchStrategy[Node]]:
    lists = st.builds(Items, tuples_of(literals_of(grammar)), st.just(False))
    types = TYPE_NAMES.map(lambda name: Path((Segment(name),)))
    collections = types.map(lambda item: Path((Segment("Collection", (Argument(item),)),)))
    cast = st.builds(
        lambda name, before, kind: Path((Segment(name, (*map(Argument, before), Argument(kind))),)),
        st.sampled_from(["cast", "isof"]),
        tuples_of(inner, max_size=1),
        types | collections,
    )
    counted = st.builds(
        lambda name, condition: Path((name, Segment("$count", None, Options({"$filter": condition})))),
        name_segments(),
        inner,
    )
    return [
        st.builds(Binary, st.just("has"), inner, _ENUMERATIONS),
        st.builds(Binary, st.just("in"), inner, lists | tuples_of(name_segments(), min_size=1).map(Path)),
        st.builds(Case, tuples_of(st.tuples(inner, inner), min_size=1, max_size=2)),
        cast,
        counted,
    ]


def name_segments() -> SearchStrategy[Segment]:
    return st.builds(Segment, NAMES)


def _plain_paths(grammar: Grammar) -> SearchStrategy[Node]:
    """Properties, with what may stand before and between them."""
    steps: list[SearchStrategy[Any]] = [tuples_of(name_segments(), min_size=1), st.just((Segment("not"),))]
    if has(CONSTRUCTS, "cast", grammar):
        steps.append(st.tuples(st.builds(Segment, TYPE_NAMES), name_segments()))
    if has(CONSTRUCTS, "alias", grammar):
        steps += [st.tuples(st.just(Segment("@p"))), st.tuples(st.just(Segment("$it")), name_segments())]
    if has_nested_options(grammar):
        steps += [
            st.tuples(st.just(Segment("$this")), name_segments()),
            st.tuples(st.just(Segment("$root")), name_segments(), st.sampled_from([Segment("5"), Segment("a-b~1")])),
            st.tuples(name_segments(), st.just(Segment("$count"))),
            st.tuples(name_segments(), st.just(Segment("@NS.Term#Qualifier"))),
        ]
    return st.one_of(steps).map(Path)


def _calls(inner: SearchStrategy[Node], grammar: Grammar) -> SearchStrategy[Node]:
    """Calls of canonical functions and of others, with any number of arguments: the grammar does not count them."""
    names = st.sampled_from(sorted(READ_FUNCTIONS[grammar.name]))
    plain = st.builds(lambda name, values: Segment(name, tuple(map(Argument, values))), names, tuples_of(inner))
    calls: list[SearchStrategy[Any]] = [plain.map(lambda call: (call,))]
    if has(CONSTRUCTS, "function", grammar):
        named = st.builds(Segment, TYPE_NAMES, tuples_of(st.builds(Argument, inner, NAMES), max_size=2))
        calls += [st.tuples(name_segments(), named), st.tuples(named, name_segments())]
    return st.one_of(calls).map(Path)


def _quantified(inner: SearchStrategy[Node]) -> SearchStrategy[Node]:
    body = st.builds(Lambda, st.sampled_from(["d", "x"]), inner)
    quantifier = st.builds(lambda name, body: Segment(name, (Argument(body),)), st.sampled_from(["any", "all"]), body)
    return st.builds(lambda name, last: Path((name, last)), name_segments(), quantifier | st.just(Segment("any", ())))
