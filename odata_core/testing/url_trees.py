# Hypothesis strategies for syntax trees of query options, $apply, resource paths and whole URLs: whatever a dialect can
# say. Strategy: as in `trees`, a tree drawn here is one that the parser could have made.

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..uri.constructs import CONSTRUCTS, OPTIONS, PATH_SEGMENTS, has
from ..uri.grammars import Grammar
from ..uri.query_options import NESTED, READERS, option_name
from ..uri.syntax import (
    Aggregate,
    Argument,
    ComputeItem,
    ExpandItem,
    Node,
    Options,
    OrderByItem,
    Path,
    Rollup,
    Search,
    SearchJoin,
    SearchNot,
    SearchTerm,
    Segment,
    SelectItem,
    Transformation,
)
from ..uri.urls import Url
from .trees import (
    NAMES,
    TYPE_NAMES,
    by_dialect,
    expressions_of,
    has_nested_options,
    literals_of,
    name_segments,
    small_expressions_of,
    tuples_of,
)

# ------------------------------------------------------------------ options


def searches(words: str = r"[a-zä'0-9-]{0,4}[a-z.,]") -> SearchStrategy[Search]:
    """$search, of words that match a pattern and of phrases."""
    term = st.builds(SearchTerm, st.from_regex(words, fullmatch=True).filter(lambda word: not word.startswith("'")))
    phrase = st.builds(SearchTerm, st.from_regex(r"[^\"\\\s][^\"\\]{0,8}", fullmatch=True), st.just(True))
    return st.recursive(
        term | phrase,
        lambda inner: st.builds(SearchNot, inner) | st.builds(SearchJoin, st.sampled_from(["AND", "OR"]), inner, inner),
        max_leaves=5,
    )


_NESTED_SEARCHES: Final = searches(r"[a-zä]{1,4}")
_NUMBERS: Final = st.integers(0, 10**9)
_TEXTS: Final = st.text(min_size=1, max_size=9)


def _orders(grammar: Grammar) -> SearchStrategy[OrderByItem]:
    return st.builds(OrderByItem, small_expressions_of(grammar), st.booleans())


def _computed(grammar: Grammar) -> SearchStrategy[ComputeItem]:
    return st.builds(ComputeItem, small_expressions_of(grammar), NAMES)


def _moments(grammar: Grammar) -> SearchStrategy[Any]:
    return st.sampled_from(["min", "max"]) | literals_of(grammar)


_SELECTED: Final = tuples_of(name_segments(), min_size=1, max_size=2)


def _selects(grammar: Grammar) -> SearchStrategy[Any]:
    names = ["*", "NS.*"] if has(CONSTRUCTS, "function", grammar) else ["*"]
    star = st.sampled_from(names).map(lambda name: SelectItem((Segment(name),)))
    return tuples_of(st.builds(SelectItem, _typed(_SELECTED, grammar)) | star, min_size=1)


def _typed(paths: SearchStrategy[Any], grammar: Grammar) -> SearchStrategy[Any]:
    """Paths, perhaps with a derived type before them."""
    if not has(CONSTRUCTS, "cast", grammar):
        return paths
    return paths | st.builds(lambda name, path: (Segment(name), *path), TYPE_NAMES, paths)


def _expands(grammar: Grammar, depth: int) -> SearchStrategy[Any]:
    items = st.builds(ExpandItem, _typed(_SELECTED, grammar))
    if has_nested_options(grammar):
        tails = st.builds(
            lambda name, tail: (name, Segment(tail)), name_segments(), st.sampled_from(["$ref", "$count"])
        )
        levels = st.builds(lambda n: Options({"$levels": n}), st.integers(1, 9) | st.just("max"))
        items |= st.builds(ExpandItem, tails) | st.builds(ExpandItem, st.just((Segment("*"),)), st.none() | levels)
    if has_nested_options(grammar) and depth:
        items |= st.builds(ExpandItem, _SELECTED, _nested(grammar, depth - 1))
    expanded = tuples_of(items, min_size=1)
    return st.deferred(lambda: expanded)


def _nested(grammar: Grammar, depth: int) -> SearchStrategy[Options]:
    """Options in parentheses, at least one."""
    rows = _rows(grammar, depth) | {"$levels": st.integers(1, 9) | st.just("max"), "$search": _NESTED_SEARCHES}
    allowed = {name: rows[name] for name in sorted(NESTED["expand"])}
    nested = st.fixed_dictionaries({}, optional=allowed).filter(bool).map(Options)
    return st.deferred(lambda: nested)


def _rows(grammar: Grammar, depth: int) -> dict[str, SearchStrategy[Any]]:
    """The values of each option; `depth` bounds options within options."""
    return {
        "$apply": pipelines_of(grammar),
        "$at": _moments(grammar),
        "$compute": tuples_of(_computed(grammar), min_size=1),
        "$count": st.booleans(),
        "$deltatoken": _TEXTS,
        "$expand": _expands(grammar, depth),
        "$filter": expressions_of(grammar),
        "$format": st.sampled_from(["json", "xml", "atom", "application/json", "text/x;a=b"]),
        "$from": _moments(grammar),
        "$id": _TEXTS,
        "$index": st.integers(-(10**9), 10**9),
        "$inlinecount": st.booleans(),
        "$orderby": tuples_of(_orders(grammar), min_size=1),
        "$schemaversion": st.sampled_from(["*", "1.0-beta"]),
        "$search": searches(),
        "$select": _selects(grammar),
        "$skip": _NUMBERS,
        "$skiptoken": _TEXTS,
        "$to": _moments(grammar),
        "$toinclusive": _moments(grammar),
        "$top": _NUMBERS,
    }


@by_dialect
def options_of(grammar: Grammar) -> SearchStrategy[Options]:
    """The options of a URL: any that the dialect has, aliases and custom ones."""
    system = {name: row for name, row in _rows(grammar, depth=2).items() if has(OPTIONS, name, grammar)}
    aliases = st.dictionaries(st.sampled_from(["@p", "@q", "@ä"]), small_expressions_of(grammar), max_size=2)
    return st.builds(
        Options,
        st.fixed_dictionaries({}, optional=system),
        aliases if has(CONSTRUCTS, "alias", grammar) else st.just({}),
        tuples_of(st.tuples(_TEXTS.filter(lambda name: _is_custom(name, grammar)), st.text(max_size=9)), max_size=2),
    )


def _is_custom(name: str, grammar: Grammar) -> bool:
    return name[0] not in "$@" and option_name(name, grammar, frozenset(READERS)) is None


# ------------------------------------------------------------------ $apply


@by_dialect
def pipelines_of(grammar: Grammar) -> SearchStrategy[Any]:
    """Steps of $apply, each kind of transformation among them."""
    leaves = tuples_of(st.one_of(_leaf_steps(grammar)), min_size=1, max_size=2)
    return st.recursive(
        leaves, lambda inner: tuples_of(st.one_of(_inner_steps(inner)), min_size=1, max_size=2), max_leaves=3
    )


def _step(names: str, arguments: SearchStrategy[Any]) -> SearchStrategy[Transformation]:
    return st.builds(Transformation, st.sampled_from(names.split()), arguments)


def _aggregates(grammar: Grammar) -> SearchStrategy[Aggregate]:
    methods = st.sampled_from(["sum", "min", "max", "average", "countdistinct", "NS.custom"])
    froms = tuples_of(st.tuples(_SELECTED, st.none() | methods), max_size=1)
    values = small_expressions_of(grammar).filter(lambda value: not _is_count(value))
    counts = st.just(Path((Segment("$count"),)))
    return st.builds(Aggregate, values, methods, NAMES, froms) | st.builds(Aggregate, counts, st.none(), NAMES)


def _is_count(value: Node) -> bool:
    """A count is an aggregation by itself and takes no method."""
    return isinstance(value, Path) and value.segments[-1].name == "$count"


def _hierarchies(grammar: Grammar) -> SearchStrategy[Any]:
    return st.tuples(small_expressions_of(grammar), _SELECTED, _SELECTED)


def _leaf_steps(grammar: Grammar) -> list[SearchStrategy[Transformation]]:
    values = small_expressions_of(grammar)
    rollups = tuples_of(_SELECTED, min_size=1).map(lambda paths: Rollup("rollup", paths))
    recursive = _hierarchies(grammar).map(lambda arguments: Rollup("rolluprecursive", arguments))
    groups = tuples_of(_SELECTED | rollups | recursive, min_size=1)
    traversals = st.builds(
        lambda hierarchy, word, orders: (*hierarchy, word, *orders),
        _hierarchies(grammar),
        st.sampled_from(["preorder", "postorder"]),
        tuples_of(_orders(grammar), max_size=1),
    )
    custom = st.builds(Transformation, TYPE_NAMES, tuples_of(st.builds(Argument, values, NAMES), max_size=2))
    return [
        _step("aggregate", tuples_of(_aggregates(grammar), min_size=1)),
        _step("bottomcount bottompercent bottomsum topcount toppercent topsum", st.tuples(values, values)),
        _step("compute", tuples_of(_computed(grammar), min_size=1)),
        _step("filter", st.tuples(values)),
        _step("groupby", st.tuples(groups, st.just(()))),
        _step("identity", st.just(())),
        _step("orderby", tuples_of(_orders(grammar), min_size=1)),
        _step("search", st.tuples(_NESTED_SEARCHES)),
        _step("skip top", st.tuples(_NUMBERS)),
        _step("traverse", traversals),
        custom,
    ]


def _inner_steps(inner: SearchStrategy[Any]) -> list[SearchStrategy[Transformation]]:
    """Transformations with pipelines in them."""
    renamed = st.tuples(inner, NAMES)
    prefixed = st.builds(lambda path, *rest: (path, *rest), _SELECTED, inner)
    root = st.just(Path((Segment("$root"), Segment("Nodes"))))
    hierarchies = st.builds(
        lambda root, a, b, step, rest: (root, a, b, step, *rest),
        root,
        _SELECTED,
        _SELECTED,
        inner,
        tuples_of(st.integers(1, 9) | st.just("keep start"), max_size=2),
    )
    chosen = _step("skip top", st.tuples(_NUMBERS))  # what tells transformations from the keys of an order
    traversals = st.builds(
        lambda root, a, b, word, first, rest: (root, a, b, word, (first, *rest)),
        root,
        _SELECTED,
        _SELECTED,
        st.sampled_from(["preorder", "postorder"]),
        chosen,
        inner,
    )
    return [
        _step("addnested", st.builds(lambda path, nested: (path, *nested), _SELECTED, tuples_of(renamed, min_size=1))),
        _step("ancestors descendants", hierarchies),
        _step("concat", tuples_of(inner, min_size=2)),
        _step("expand", prefixed),
        _step("groupby", st.tuples(tuples_of(_SELECTED, min_size=1), inner)),
        _step("join outerjoin", st.builds(lambda path, alias, step: (path, alias, step), _SELECTED, NAMES, inner)),
        _step("nest", tuples_of(renamed, min_size=1)),
        _step("traverse", traversals),
    ]


# ------------------------------------------------------------------ paths and URLs


@by_dialect
def resource_paths_of(grammar: Grammar) -> SearchStrategy[tuple[Segment, ...]]:
    """Resource paths: sets, keys in parentheses and as segments, calls, derived types, and what may end a path."""
    keys = literals_of(grammar)
    if has(CONSTRUCTS, "alias", grammar):
        keys |= st.just(Path((Segment("@p"),)))
    single = st.tuples(st.builds(Argument, keys))
    predicates = single | tuples_of(st.builds(Argument, keys, NAMES), max_size=2)
    keyed = st.builds(Segment, NAMES, predicates)
    steps: list[SearchStrategy[Segment]] = [name_segments(), keyed, _key_segments()]
    if has(CONSTRUCTS, "cast", grammar):
        steps.append(st.builds(Segment, TYPE_NAMES))
    if has(CONSTRUCTS, "key behind call", grammar):
        steps.append(st.builds(lambda call, key: Segment(call.name, call.arguments, key=key), keyed, single))
    names = ["$count", "$links", "$ref", "$value"]
    tails = st.sampled_from([Segment(name) for name in names if has(PATH_SEGMENTS, name, grammar)])
    return st.builds(
        lambda first, middle, last: (first, *middle, *last),
        name_segments() | keyed,
        tuples_of(st.one_of(steps)),
        tuples_of(tails, max_size=1),
    )


def _key_segments() -> SearchStrategy[Segment]:
    """Keys as segments: any text that is not read as something else."""
    return st.builds(
        Segment, _TEXTS.filter(lambda text: text not in (".", "..") and "(" not in text and text[0] != "$")
    )


@by_dialect
def urls_of(grammar: Grammar) -> SearchStrategy[Url]:
    """URLs relative to the service root."""
    return st.builds(Url, resource_paths_of(grammar) | st.just(()), options_of(grammar))
