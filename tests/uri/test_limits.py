# The bounds on what a client may send: each is applied where text is parsed, and its refusal names it. Hostile texts of
# 100,000 constructs are refused before they cost anything.

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.uri.apply import parse_apply
from odata_core.uri.expressions import Expressions, parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.resource_paths import parse_path
from odata_core.uri.rules import find_rule
from odata_core.uri.search import parse_search
from odata_core.uri.urls import parse_query, parse_relative, parse_uri

LIMITS = Limits()
# With no bound on the length of texts, the other bounds must hold by themselves.
ANY_LENGTH = replace(LIMITS, text_length=10**9, url_length=10**9)

# The setting, its value, a text that is just within it, and one that is just beyond.
BOUNDS = [
    ("text_length", 6, "$filter=a eq 1", None, "$filter=a eq 12"),
    ("text_length", 5, "$orderby=a,b", None, "$orderby=a,b,cd"),
    ("text_length", 5, "$search=abcde", None, "$search=abcdef"),
    ("text_length", 5, "$select=a,b,c", None, "$select=a,b,c,d"),
    ("text_length", 5, "$expand=a,b,c", None, "$expand=a,b,c,d"),
    ("text_length", 8, "$apply=identity", None, "$apply=identity/identity"),
    ("text_length", 5, "$skip=12345", None, "$skip=123456"),
    ("text_length", 5, "@a=12345", None, "@a=123456"),
    ("expression_depth", 2, "$filter=((a))", None, "$filter=(((a)))"),
    ("expression_depth", 2, "$filter=f(g(a))", None, "$filter=f(g(h(a)))"),
    ("expression_depth", 2, "$filter=not not a", None, "$filter=not not not a"),
    ("expression_depth", 2, "$filter=- -a", None, "$filter=- - -a"),
    ("expression_depth", 2, "@a=[[1]]", None, "@a=[[[1]]]"),
    ("expression_depth", 2, '@a={"a":{"a":1}}', None, '@a={"a":{"a":{"a":1}}}'),
    ("expression_depth", 2, "$filter=case(f():1)", None, "$filter=case(f(g()):1)"),
    ("expression_depth", 2, "$search=((a))", None, "$search=(((a)))"),
    ("expression_depth", 2, "$search=NOT NOT a", None, "$search=NOT NOT NOT a"),
    ("expression_depth", 2, "$expand=A($filter=(b))", None, "$expand=A($filter=((b)))"),
    ("expression_depth", 3, "$filter=A/$count($filter=((b)))", None, "$filter=A/$count($filter=(((b))))"),
    ("expression_nodes", 5, "$filter=a eq 1 and b", None, "$filter=a eq 1 and not b"),
    ("expression_nodes", 5, "$orderby=a,b,c,d,e", None, "$orderby=a,b,c,d,e,f"),
    ("lambda_depth", 1, "$filter=A/any(a:a/B) and A/all(a:a)", None, "$filter=A/any(a:a/B/all(b:b))"),
    ("in_items", 2, "$filter=a in (1,2)", None, "$filter=a in (1,2,3)"),
    ("expand_depth", 1, "$expand=A($expand=B)", None, "$expand=A($expand=B($expand=C))"),
    ("expand_depth", 1, "$select=A($select=B)", None, "$select=A($select=B($select=C))"),
    ("expand_depth", 1, "$filter=A/$count($filter=b)", None, "$filter=A/$count($filter=B/$count($filter=c))"),
    ("expand_depth", 2, "$apply=concat(identity,identity)", None, "$apply=concat(concat(identity,top(1)),top(1))"),
    ("expand_items", 2, "$expand=A,B", None, "$expand=A,B,C"),
    ("select_items", 2, "$select=A,B", None, "$select=A,B,C"),
    ("top", 10, "$top=10", None, "$top=11"),
    ("top", 10, "$expand=A($top=10)", None, "$expand=A($top=11)"),
    ("apply_steps", 2, "$apply=identity/identity", None, "$apply=identity/identity/identity"),
    ("path_segments", 2, "A/B", "path", "A/B/C"),
    ("text_length", 3, "A/B", "path", "A/BC"),
    ("url_length", 6, "A?x=123", "relative", "A?x=1234"),
    ("url_length", 10, "http://h/A", "uri", "http://h/AB"),
]
READERS: dict[str | None, Any] = {None: parse_query, "path": parse_path, "relative": parse_relative, "uri": parse_uri}


@pytest.mark.parametrize(("setting", "value", "within", "entry", "beyond"), BOUNDS)
def test_a_bound(setting: str, value: int, within: str, entry: str | None, beyond: str) -> None:
    limits = replace(LIMITS, **{setting: value})
    READERS[entry](within, V4_GRAMMAR, limits)
    with pytest.raises(BadRequest, match=rf"\blimit {setting}\b") as refusal:
        READERS[entry](beyond, V4_GRAMMAR, limits)
    assert (refusal.value.status, f"{value}" in refusal.value.message) == (400, True)


def test_every_bound_on_parsing_is_tried() -> None:
    """Except those of bodies, which are read elsewhere, and of rows, which evaluation counts."""
    elsewhere = {"body_bytes", "body_depth", "batch_parts", "apply_rows"}
    assert {setting for setting, *_ in BOUNDS} == set(Limits.__dataclass_fields__) - elsewhere


def test_depth_counts_through_nested_options() -> None:
    """Otherwise twelve levels of options with a hundred parentheses each would exhaust the stack."""
    text = "a"
    for _ in range(8):
        text = f"A/$count($filter={'(' * 40}{text}{')' * 40})"
    with pytest.raises(BadRequest, match="expression_depth"):
        parse_expression(text, V4_GRAMMAR, LIMITS)


def test_the_deepest_of_all_is_read() -> None:
    """Whatever the bounds allow fits on Python's stack."""
    depth = LIMITS.expression_depth
    options = LIMITS.expand_depth
    parse_expression("f(" * depth + "a" + ")" * depth, V4_GRAMMAR, LIMITS)
    parse_expression("-" * depth + "a", V4_GRAMMAR, LIMITS)
    parse_query(f"@a={'[' * depth}1{']' * depth}", V4_GRAMMAR, LIMITS)
    parse_search("(" * depth + "a" + ")" * depth, LIMITS)
    inner = "f(" * (depth - options) + "a" + ")" * (depth - options)
    parse_query(f"$expand={'A($expand=' * (options - 1)}A($filter={inner}){')' * (options - 1)}", V4_GRAMMAR, LIMITS)
    pipeline = "concat(" * (options - 1) + f"filter({inner})" + ",identity)" * (options - 1)
    parse_apply(pipeline, V4_GRAMMAR, LIMITS)


# ------------------------------------------------------------------ hostile texts

MANY = 100_000
HOSTILE = [
    "$filter=" + "(" * MANY,
    "$filter=" + "(" * MANY + "a" + ")" * MANY,
    "$filter=" + "not " * MANY,
    "$filter=" + "not(" * MANY,
    "$filter=" + "not eq eq " * MANY,
    "$filter=" + "-" * MANY,
    "$filter=" + "- " * MANY,
    "$filter=a" + "-1" * MANY,
    "$filter=" + "f(" * MANY,
    "$filter=" + "f(x=" * MANY,
    "$filter=" + "A/any(x:" * MANY,
    "$filter=" + "case(true:" * MANY,
    "$filter=" + "cast(" * MANY,
    "$filter=" + "A/$count($filter=" * MANY,
    "$filter=" + "A/$count($filter=" * MANY + "a" + ")" * MANY,
    "$filter=" + "A/$filter(" * MANY,
    "$filter=" + "a or " * MANY + "a",
    "$filter=a in (" + "1," * MANY + "1)",
    "$filter=" + "'" * (MANY + 1),
    "$filter=" + "a'" * MANY,
    "$filter=" + "a." * MANY,
    "$filter=" + "a / " * MANY,
    "$filter=" + "12345678-1234-" * MANY,
    "$filter=a" + " " * MANY + "b",
    "$filter=" + "~" * MANY,
    "@a=" + "[" * MANY,
    "@a=" + "{" * MANY,
    "@a=" + '{"a":' * MANY,
    "@a=" + '"\\"' * MANY,
    "$orderby=" + "a," * MANY,
    "$compute=" + "a as b," * MANY,
    "$expand=" + "a($expand=" * MANY,
    "$expand=" + "a($expand=" * MANY + "a" + ")" * MANY,
    "$expand=" + "a," * MANY,
    "$expand=" + "a($expand=" * 11 + "a," * MANY + "a" + ")" * 11,
    "$select=" + "a($select=" * MANY,
    "$select=" + "a," * MANY,
    "$search=" + "(" * MANY,
    "$search=" + "NOT " * MANY,
    "$apply=" + "concat(" * MANY,
    "$apply=" + "concat(" * MANY + "identity" + ")" * MANY,
    "$apply=" + "concat(" * 12 + "identity," * MANY + "identity" + ")" * 12,
    "$apply=" + "identity/" * MANY,
    "$apply=aggregate(a with sum" + " from eq" * MANY + ")",
]


def shown(text: str) -> str:
    return text[:24]


@pytest.mark.parametrize("limits", [LIMITS, ANY_LENGTH], ids=["default", "any length"])
@pytest.mark.parametrize("grammar", [V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR], ids=lambda grammar: grammar.name)
@pytest.mark.parametrize("text", HOSTILE, ids=shown)
def test_a_hostile_option_is_refused(text: str, grammar: Grammar, limits: Limits) -> None:
    with pytest.raises(BadRequest):
        parse_query(text, grammar, limits)


@pytest.mark.parametrize("limits", [LIMITS, ANY_LENGTH], ids=["default", "any length"])
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("resourcePath", "A/$filter(" * MANY),
        ("resourcePath", "A(" * MANY),
        ("resourcePath", "A('" * MANY),
        ("resourcePath", "A(" + "1," * MANY + "1)"),
        ("resourcePath", "A/$filter(a" + "/b" * MANY),
        ("odataUri", "http://h/" + "A('/" * MANY + "("),
        ("context", "#" + "A(" * MANY),
        ("context", "#A(" + "B(" * MANY + "C" + ")" * MANY + ")"),
        ("context", "#A" + "(1)/B" * MANY + "!"),
        ("context", "#A" + "(1)/B" * 1_000 + "!"),
        ("prefer", "Prefer: " + "return=minimal," * MANY),
    ],
    ids=shown,
)
def test_hostile_text_is_refused(rule: str, text: str, limits: Limits) -> None:
    with pytest.raises(ODataError):
        find_rule(rule)(text, V4_GRAMMAR, limits)


def test_lexing_stops_early() -> None:
    """What is far beyond the bound on nodes is not cut into lexemes to its end."""
    with pytest.raises(BadRequest, match="expression_nodes") as refusal:
        Expressions("(" * MANY, V4_GRAMMAR, ANY_LENGTH)
    assert refusal.value.position is not None
    assert refusal.value.position <= 8 * LIMITS.expression_nodes
