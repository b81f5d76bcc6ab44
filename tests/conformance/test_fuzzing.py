# Any text, for any start rule, gives a tree or an ODataError; and what is a URL is printed and read again, or refused.
# Texts are those of the corpora with mistakes in them: parts cut out, doubled, exchanged with parts of others.

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odata_core.errors import ODataError
from odata_core.limits import Limits
from odata_core.testing.grammar import texts_of
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.rules import RENAMED, RULES, find_rule
from odata_core.uri.translation import translate
from odata_core.uri.url_printer import print_url
from odata_core.uri.urls import parse_relative
from tests.conformance.corpora import lines
from tests.conformance.test_printing import comes_back, url_of

LIMITS = Limits(url_length=10**6)
CALM = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
GRAMMARS = [V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR]
MARKS = "'\"()[]{},;:/=$@*+-.% &#?!\\~^|<>\x00\n\t²٣ßé😀eEIN01a_"


def texts_by_rule() -> dict[str, list[str]]:
    """The inputs of the ABNF cases, good and bad, by their start rule."""
    texts = defaultdict(list)
    for corpus in ("abnf-4.01", "abnf-4.0", "abnf-aggregation", "abnf-temporal"):
        for line in lines(corpus):
            rule = line["rule"].lower()
            texts[RENAMED.get(rule, rule)].append(line["input"])
    return texts


TEXTS = texts_by_rule()
ALL_TEXTS = sorted({text for texts in TEXTS.values() for text in texts})
URLS = sorted({line["uri"] for corpus in ("v2-uris", "v3-uris", "v4-uris") for line in lines(corpus)})


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> str:
    """A text with up to three mistakes."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 8)))
        filling = st.sampled_from(["", text[start:end] * 2]) | st.text(MARKS, max_size=3) | st.sampled_from(texts)
        text = text[:start] + draw(filling) + text[end:]
    return text


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
@pytest.mark.parametrize("rule", sorted(RULES))
@CALM
@given(data=st.data())
def test_any_text_is_read_or_refused(rule: str, grammar: Grammar, data: st.DataObject) -> None:
    text = data.draw(damaged(TEXTS.get(rule) or ALL_TEXTS) | st.text(MARKS, max_size=20))
    with suppress(ODataError):
        find_rule(rule)(text, grammar, LIMITS)


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
@settings(CALM, max_examples=300)
@given(damaged(URLS) | damaged(ALL_TEXTS).map(lambda text: f"X?$filter={text}"))
@example("P?$apply=descendants($root/A,B,C,²)")
@example("P?$filter=A eq 1e9999999999999999999")
@example("P?$filter=A in B in C in D")
def test_what_is_read_is_printed(grammar: Grammar, raw: str) -> None:
    try:
        url = parse_relative(raw, grammar, LIMITS)
        print_url(url, grammar)
    except ODataError:
        return
    comes_back(raw, grammar)


@pytest.mark.parametrize("target", GRAMMARS, ids=lambda grammar: grammar.name)
@pytest.mark.parametrize("source", GRAMMARS, ids=lambda grammar: grammar.name)
@settings(CALM, max_examples=100)
@given(raw=damaged(URLS))
def test_what_is_read_is_translated_or_refused(source: Grammar, target: Grammar, raw: str) -> None:
    try:
        translated = translate(parse_relative(raw, source, LIMITS), source, target)
        text = print_url(translated, target)
    except ODataError:
        return
    assert print_url(parse_relative(text, target, LIMITS), target) == text


@pytest.mark.parametrize(
    "rule", ["odataRelativeUri", "filter", "expand", "select", "orderby", "search", "apply", "compute"]
)
@CALM
@given(data=st.data())
def test_texts_of_the_grammar_come_back(rule: str, data: st.DataObject) -> None:
    raw = url_of({"input": data.draw(texts_of(rule))}, rule.lower())
    assert raw is not None
    try:
        url = parse_relative(raw, V4_GRAMMAR, LIMITS)
        print_url(url, V4_GRAMMAR)
    except ODataError:
        return
    comes_back(raw, V4_GRAMMAR)


NESTED = [
    ("P?$filter=", "not ("),
    ("P?$filter=", "-("),
    ("P?$filter=", "f("),
    ("P?$filter=", "["),
    ("P?$filter=", '{"a":'),
    ("P?$filter=", "case(true:"),
    ("P?$filter=A/", "any(x:B/"),
    ("P?$search=", "NOT ("),
    ("P?$search=", "(a OR "),
    ("P?$apply=", "concat("),
    ("P?$expand=", "A($expand="),
    ("P?$filter=", "A in "),
    ("P?$filter=A/$count(", "$filter=A/$count("),
]


@pytest.mark.parametrize(("before", "opening"), NESTED, ids=str)
def test_deep_texts_are_printed_or_refused(before: str, opening: str) -> None:
    """At every depth: what the limits let through, the printer and translation can walk."""
    closing = {"(": ")", "[": "]", "{": "}"}
    for depth in (1, 5, 10, 20, 40, 60, 80, 99, 150, 900):
        core = "identity" if "apply" in before else "A($top=1)" if "expand" in before else "A"
        core = "$filter=A" if "count" in before else core
        ends = "".join(closing[mark] for mark in reversed(opening * depth) if mark in closing)
        raw = (before + opening * depth + core + ends + (")" if "count" in before else "")).replace(" ", "%20")
        try:
            url = parse_relative(raw, V4_GRAMMAR, LIMITS)
        except ODataError:
            continue
        print_url(url, V4_GRAMMAR)
        try:
            translate(url, V4_GRAMMAR, V3_GRAMMAR)
        except ODataError:
            continue
