# Trees of the whole language printed and read again: the same tree, and the text does not change a second time.

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.edm import primitives as edm
from odata_core.limits import Limits
from odata_core.testing.trees import expressions_of
from odata_core.testing.url_trees import options_of, pipelines_of, resource_paths_of, searches, urls_of
from odata_core.uri import apply, apply_printer, option_printer, query_options
from odata_core.uri.apply import parse_apply
from odata_core.uri.apply_printer import print_apply
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.option_printer import print_search
from odata_core.uri.printer import print_expression
from odata_core.uri.resource_paths import parse_path
from odata_core.uri.search import parse_search
from odata_core.uri.syntax import (
    Literal,
    Options,
    SearchTerm,
    Segment,
    Transformation,
)
from odata_core.uri.url_printer import print_path, print_query, print_url
from odata_core.uri.urls import parse_query, parse_relative
from tests.uri.same import same

LIMITS = Limits(url_length=10**6)
GRAMMARS = [V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR]
CALM = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

each_dialect = pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)


def integer(value: int) -> Literal:
    return Literal(value, edm.INT32)


# ------------------------------------------------------------------ whatever can be said comes back


@each_dialect
@CALM
@given(data=st.data())
def test_expressions_come_back(grammar: Grammar, data: st.DataObject) -> None:
    tree = data.draw(expressions_of(grammar))
    text = print_expression(tree, grammar)
    read = parse_expression(text, grammar, LIMITS)
    assert same(read, tree), text
    assert print_expression(read, grammar) == text


@each_dialect
@CALM
@given(data=st.data())
def test_options_come_back(grammar: Grammar, data: st.DataObject) -> None:
    options = data.draw(options_of(grammar).filter(lambda options: options != Options()))
    text = print_query(options, grammar)
    read = parse_query(text, grammar, LIMITS)
    assert same(read, options), text
    assert print_query(read, grammar) == text


@each_dialect
@CALM
@given(data=st.data())
def test_paths_come_back(grammar: Grammar, data: st.DataObject) -> None:
    path = data.draw(resource_paths_of(grammar))
    text = print_path(path, grammar)
    assert text.isascii()
    assert same(parse_path(text, grammar, LIMITS), path), text


@each_dialect
@CALM
@given(data=st.data())
def test_urls_come_back(grammar: Grammar, data: st.DataObject) -> None:
    url = data.draw(urls_of(grammar))
    text = print_url(url, grammar)
    assert text.isascii()
    read = parse_relative(text, grammar, LIMITS)
    assert same(read, url), text
    assert print_url(read, grammar) == text


@CALM
@given(pipelines_of(V4_GRAMMAR))
def test_pipelines_come_back(steps: tuple[Transformation, ...]) -> None:
    text = print_apply(steps, V4_GRAMMAR)
    assert same(parse_apply(text, V4_GRAMMAR, LIMITS), steps), text


@given(searches())
def test_searches_come_back(tree: SearchTerm) -> None:
    text = print_search(tree, V4_GRAMMAR)
    assert parse_search(text, LIMITS) == tree


def test_what_is_read_can_be_printed() -> None:
    assert set(option_printer.PRINTERS) == set(query_options.READERS)
    assert set(apply_printer.PRINTERS) == set(apply.TRANSFORMATIONS)


# ------------------------------------------------------------------ canonical texts


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
        ("(A in B) in C", "A in B in C"),
        ("A in (B in C)", "A in (B in C)"),
        ("A in B in C", "A in B in C"),
        ("A in (1) in (true)", "A in (1) in (true)"),
        ("(A in B) has NS.C'x'", "A in B has NS.C'x'"),
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


# ------------------------------------------------------------------ URLs


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Products", "Products"),
        ("Products/", "Products"),
        ("", ""),
        ("Products('a%2Fb''c')", "Products('a%2Fb''c')"),
        ("Products/a%2Fb%20%25", "Products/a%2Fb%20%25"),
        ("Products/%24%24x", "Products/$$x"),
        ("Products(Name='%26')/$value", "Products(Name='&')/$value"),
        ("Products(2012-01-01T00:00:00%2B01:00)", "Products(2012-01-01T00:00:00%2B01:00)"),
        ("Products/$filter(Price%20gt%205)/$count", "Products/$filter(Price%20gt%205)/$count"),
        ("Größe?x=%26%3D%2B+%23", "Gr%C3%B6%C3%9Fe?x=%26=%2B%20%23"),
        ("P?$top=5&$FILTER=A%20eq%20'%26'&skip=2", "P?$filter=A%20eq%20'%26'&$skip=2&$top=5"),
        ("P?$top=5&$top=6", "P?$top=6&$top=6"),
        ("P?@p='x'&$filter=A eq @p&@q=[1,\"a\"]", "P?$filter=A%20eq%20@p&@p='x'&@q=%5B1,%22a%22%5D"),
        ('P?@p="%5Cud800"', "P?@p=%22%5Cud800%22"),
        ("$metadata#Products(Name)", "$metadata#Products(Name)"),
        ("$entity/NS.Type?$id=Products(1)", "$entity/NS.Type?$id=Products(1)"),
        ("$batch", "$batch"),
        ("P?$expand=A($top=1;$select=x),*($levels=2)", "P?$expand=A($select=x;$top=1),*($levels=2)"),
        ("P?$at=2012-01-01&$toInclusive=max", "P?$at=2012-01-01&$toInclusive=max"),
        (
            "P?$apply=groupby((A,B),aggregate(C with sum as D))",
            "P?$apply=groupby((A,B),aggregate(C%20with%20sum%20as%20D))",
        ),
    ],
)
def test_canonical_urls(text: str, canonical: str) -> None:
    assert print_url(parse_relative(text, V4_GRAMMAR, LIMITS), V4_GRAMMAR) == canonical


def test_keys_that_look_like_calls_come_back_where_keys_are_segments() -> None:
    path = (Segment("P"), Segment("a(b"), Segment("c"))
    assert parse_path(print_path(path, V4_GRAMMAR), V4_GRAMMAR, LIMITS, key_as_segment=True) == path
