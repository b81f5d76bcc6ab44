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
from odata_core.uri.printer import print_expression, print_search
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
    text = print_search(tree)
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
        (
            "Products/$count($filter=Price gt 5;$search=a b) gt 2",
            "Products/$count($filter=Price gt 5;$search=a AND b) gt 2",
        ),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert print_expression(parse_expression(text, V4_GRAMMAR, LIMITS), V4_GRAMMAR) == canonical


@pytest.mark.parametrize(
    ("text", "grammar", "what"),
    [
        ("A in (1,2)", V3_GRAMMAR, "OData 3.0 has no way to write the operator 'in'."),
        ("A divby 2", V2_GRAMMAR, "OData 2.0 has no way to write the operator 'divby'."),
        ("A/any(x:x gt 1)", V2_GRAMMAR, "OData 2.0 has no way to write any and all."),
        ("A eq 2012-09-03", V3_GRAMMAR, "OData 3.0 has no way to write literals of Edm.Date."),
        ("A eq NS.C'Red'", V3_GRAMMAR, "OData 3.0 has no way to write enumeration literals."),
        ("case(A:1)", V3_GRAMMAR, "OData 3.0 has no way to write case()."),
    ],
)
def test_what_a_dialect_cannot_say(text: str, grammar: Grammar, what: str) -> None:
    tree = parse_expression(text, V4_GRAMMAR, LIMITS)
    with pytest.raises(NotImplementedHere) as caught:
        print_expression(tree, grammar)
    assert caught.value.message == what


def test_the_same_literals_in_two_dialects() -> None:
    tree = parse_expression("A eq 5M and B eq guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda'", V3_GRAMMAR, LIMITS)
    assert print_expression(tree, V4_GRAMMAR) == "A eq 5 and B eq 3499b02c-8dc9-4c0d-aa83-097a1340cbda"
