# Trees of the whole language printed and read again: the same tree, and the text does not change a second time.

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import Duration, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.errors import NotImplementedHere
from odata_core.limits import Limits
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.option_printer import print_search
from odata_core.uri.printer import print_expression
from odata_core.uri.search import parse_search
from odata_core.uri.syntax import (
    Argument,
    Binary,
    Case,
    EnumLiteral,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Path,
    Search,
    SearchJoin,
    SearchNot,
    SearchTerm,
    Segment,
    Unary,
)

LIMITS = Limits()
NAMES = st.sampled_from(["Name", "Price", "ID", "Übersicht", "_x", "order", "Sales"])
VARIABLES = st.sampled_from(["$it", "$this", "@p", "@alias"])


def literal(values: st.SearchStrategy[Any], kind: edm.PrimitiveType) -> st.SearchStrategy[Node]:
    return st.builds(Literal, values, st.just(kind))


def integer(value: int) -> Literal:
    return Literal(value, edm.INT32 if -(2**31) <= value < 2**31 else edm.INT64)


SHARED = [
    st.just(Literal(None, None)),
    literal(st.text(), edm.STRING),
    literal(st.booleans(), edm.BOOLEAN),
    literal(st.uuids().map(lambda value: UUID(int=value.int)), edm.GUID),
    st.builds(integer, st.integers(-(2**31), 2**31 - 1)),
]
V4_LITERALS = st.one_of(
    *SHARED,
    st.builds(integer, st.integers(-(2**63), 2**63 - 1)),
    literal(st.decimals(allow_nan=False, allow_infinity=False, places=3), edm.DECIMAL),
    literal(st.dates(), edm.DATE),
    literal(st.binary(), edm.BINARY),
    literal(st.integers(0, 863_999_999_999).map(TimeOfDay), edm.TIME_OF_DAY),
    literal(st.integers(-(10**17), 10**17).map(Duration), edm.DURATION),
    literal(st.builds(Timestamp, st.integers(10**16, 10**18), st.integers(-840, 840)), edm.DATETIME_OFFSET),
    st.builds(EnumLiteral, st.just("NS.Colour"), st.sampled_from(["Red", "Red,Green", "-3"])),
)
V3_LITERALS = st.one_of(
    *SHARED,
    literal(st.integers(-(2**63), 2**63 - 1), edm.INT64),
    literal(st.decimals(allow_nan=False, allow_infinity=False, places=3), edm.DECIMAL),
    literal(st.floats(allow_nan=False), edm.DOUBLE),
    literal(st.binary(), edm.BINARY),
)


def paths(expressions: st.SearchStrategy[Node], *, whole: bool) -> st.SearchStrategy[Node]:
    """Paths, calls, and in versions that have them lambdas."""
    name = st.builds(Segment, NAMES)
    call = st.builds(
        Segment,
        st.sampled_from(["contains", "startswith", "NS.Function"]),
        st.lists(st.builds(Argument, expressions), max_size=3).map(tuple),
    )
    forms = [
        st.builds(lambda *s: Path(s), name),
        st.builds(lambda *s: Path(s), name, name),
        call.map(lambda s: Path((s,))),
    ]
    if whole:
        named = st.builds(Argument, expressions, NAMES)
        keyed = st.builds(Segment, NAMES, st.lists(named, min_size=1, max_size=2).map(tuple))
        lambdas = st.builds(Lambda, st.sampled_from(["d", "x"]), expressions).map(lambda body: (Argument(body),))
        quantified = st.builds(Segment, st.sampled_from(["any", "all"]), lambdas)
        forms += [
            st.builds(lambda v, n: Path((Segment(v), n)), VARIABLES, name),
            st.builds(lambda *s: Path(s), keyed, name),
            st.builds(lambda *s: Path(s), name, quantified),
            st.builds(lambda n: Path((n, Segment("$count"))), name),
        ]
    return st.one_of(forms)


def trees(grammar: Grammar, *, whole: bool) -> st.SearchStrategy[Node]:
    """Any tree that the grammar can say."""
    literals = V4_LITERALS if whole else V3_LITERALS
    operators = sorted(set(grammar.precedence) - {"in", "has"})

    def extend(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        forms: list[st.SearchStrategy[Node]] = [
            st.builds(Binary, st.sampled_from(operators), inner, inner),
            st.builds(Unary, st.sampled_from(["not", "-"]), inner),
            paths(inner, whole=whole),
        ]
        if whole:
            items = st.lists(literals, max_size=3).map(tuple)
            json_items = st.lists(inner, max_size=2).map(tuple)
            forms += [
                st.builds(Binary, st.just("in"), inner, st.builds(Items, items, st.just(False))),
                st.builds(Case, st.lists(st.tuples(inner, inner), min_size=1, max_size=2).map(tuple)),
                st.builds(Items, json_items, st.just(True)),
                st.builds(Members, st.lists(st.tuples(st.text(), inner), max_size=2).map(tuple)),
            ]
        return st.one_of(forms)

    return st.recursive(literals | paths(literals, whole=whole), extend, max_leaves=8)


@given(trees(V4_GRAMMAR, whole=True))
def test_v4_trees_come_back(tree: Node) -> None:
    text = print_expression(tree, V4_GRAMMAR)
    read = parse_expression(text, V4_GRAMMAR, LIMITS)
    assert read == tree
    assert print_expression(read, V4_GRAMMAR) == text


@given(trees(V3_GRAMMAR, whole=False))
def test_v3_trees_come_back(tree: Node) -> None:
    text = print_expression(tree, V3_GRAMMAR)
    read = parse_expression(text, V3_GRAMMAR, LIMITS)
    assert read == tree
    assert print_expression(read, V3_GRAMMAR) == text


@given(
    st.recursive(
        st.builds(SearchTerm, st.from_regex(r"[a-z]{1,5}", fullmatch=True))
        | st.builds(SearchTerm, st.from_regex(r"[a-z ]{1,8}", fullmatch=True), st.just(True)),
        lambda inner: st.builds(SearchNot, inner) | st.builds(SearchJoin, st.sampled_from(["AND", "OR"]), inner, inner),
    )
)
def test_searches_come_back(tree: Search) -> None:
    text = print_search(tree, V4_GRAMMAR)
    assert parse_search(text, LIMITS) == tree


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a eq 1 or b eq 2 and not (c eq 3)", "a eq 1 or b eq 2 and not (c eq 3)"),
        ("((a eq 1))", "a eq 1"),
        ("(a or b) and c", "(a or b) and c"),
        ("a sub (b sub c)", "a sub (b sub c)"),
        ("(a sub b) sub c", "a sub b sub c"),
        ("A EQ 1 AND B In ( 1 , 2 )", "A eq 1 and B in (1,2)"),
        ("- A mul 2", "-A mul 2"),
        ("-(5)", "-(5)"),
        ("not A in ('x')", "not A in ('x')"),
        ("Items/any( d : d/Price gt 5.50 )", "Items/any(d:d/Price gt 5.50)"),
        ("case( A gt 0 : 1 , true : -1 )", "case(A gt 0:1,true:-1)"),
        ("case(A eq 12 : 30)", "case(A eq 12: 30)"),
        ("(not) eq 1", "(not) eq 1"),
        ("(A in B) in C", "(A in B) in C"),
        ("A in B in C", "A in B in C"),
        ("A in (1) in (true)", "A in (1) in (true)"),
        ("(A in B) has NS.C'x'", "(A in B) has NS.C'x'"),
        ("A eq 1e3", "A eq 1000.0"),
        ("A eq 1e99999", "A eq 1e99999"),
        ("A eq +5", "A eq 5"),
        (
            "Products/$count($filter=Price gt 5;$search=a b) gt 2",
            "Products/$count($filter=Price gt 5;$search=a AND b) gt 2",
        ),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert print_expression(parse_expression(text, V4_GRAMMAR, LIMITS), V4_GRAMMAR) == canonical


@pytest.mark.parametrize(
    ("text", "grammar", "message"),
    [
        ("A in (1,2)", V3_GRAMMAR, "the operator 'in': it came with OData 4.01."),
        ("A divby 2", V2_GRAMMAR, "the operator 'divby': it came with OData 4.01."),
        ("A has NS.C'Red'", V3_GRAMMAR, "the operator 'has': it came with OData 4.0."),
        ("A/any(x:x gt 1)", V2_GRAMMAR, "any and all: they came with OData 3.0."),
        ("A eq 2012-09-03", V3_GRAMMAR, "literals of Edm.Date: Edm.Date came with OData 4.0."),
        (
            "A eq duration'PT1S'",
            V3_GRAMMAR,
            "literals of Edm.Duration: Edm.Duration came with OData 4.0, and Edm.Time is a time of day.",
        ),
        (
            "A eq NS.C'Red'",
            V3_GRAMMAR,
            "enumeration literals with their type: "
            "OData 2.0 has no enumerations, and OData 3.0 puts names in quotation marks.",
        ),
        ("case(A:1)", V3_GRAMMAR, "case(): it came with OData 4.01."),
        ("A eq [1,2]", V2_GRAMMAR, "JSON arrays and objects: they came with OData 3.0."),
        ("$it/A eq 1", V2_GRAMMAR, "$it: it came with OData 3.0."),
        ("$this eq 1", V3_GRAMMAR, "$this: it came with OData 4.01."),
        ("$root/A(1)/B eq 1", V3_GRAMMAR, "$root: it came with OData 4.0."),
        ("A eq @p", V2_GRAMMAR, "parameter aliases: they came with OData 3.0."),
        ("A/@NS.T eq 1", V3_GRAMMAR, "annotations in a path: they came with OData 4.0."),
        ("A/$count gt 1", V3_GRAMMAR, "/$count in an expression: it came with OData 4.0."),
        ("NS.T/A eq 1", V2_GRAMMAR, "derived types in a path: they came with OData 3.0."),
        ("NS.F(a=1) eq 1", V2_GRAMMAR, "functions with a namespace: they came with OData 3.0."),
    ],
)
def test_what_an_expression_cannot_say(text: str, grammar: Grammar, message: str) -> None:
    tree = parse_expression(text, V4_GRAMMAR, LIMITS)
    with pytest.raises(NotImplementedHere) as caught:
        print_expression(tree, grammar)
    assert caught.value.message == f"{grammar.name} has no way to write {message}"


A = Path((Segment("A"),))


@pytest.mark.parametrize(
    "tree",
    [
        Items((integer(1),), False),
        Path((Segment("null"),)),
        Binary("in", A, Items((A,), False)),
        Binary("in", A, Binary("add", A, A)),
        Binary("in", A, Path((Segment("not"),))),
        Binary("like", A, A),
    ],
    ids=str,
)
def test_trees_that_no_text_gives_are_refused(tree: Node) -> None:
    with pytest.raises(NotImplementedHere, match="has no way to write"):
        print_expression(tree, V4_GRAMMAR)


def test_long_chains_are_no_deep_recursion() -> None:
    text = " or ".join(["A"] * 1900)
    assert print_expression(parse_expression(text, V4_GRAMMAR, LIMITS), V4_GRAMMAR) == text
    words = " AND ".join(["a"] * 1900)
    assert print_search(parse_search(words, LIMITS), V4_GRAMMAR) == words


def test_a_literal_is_printed_by_its_type() -> None:
    tree = parse_expression(
        "A eq 5M and B eq guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda' and C eq 5L", V3_GRAMMAR, LIMITS
    )
    assert print_expression(tree, V4_GRAMMAR) == "A eq 5.0 and B eq 3499b02c-8dc9-4c0d-aa83-097a1340cbda and C eq 5"
