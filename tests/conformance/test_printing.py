# Every text of the corpora that parses is printed and read again: the same tree, and the same text a second time.
# The ABNF cases are printed by what their rule describes, the URI corpora by their kind.

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from odata_core.errors import ODataError
from odata_core.explain import explain_rule
from odata_core.limits import Limits
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.syntax import Options
from odata_core.uri.url_printer import print_url
from odata_core.uri.urls import Url, parse_relative
from tests.conformance.corpora import Line, lines
from tests.uri.same import same

LIMITS = Limits(url_length=10**6)

# A text of the rule or kind -> a URL that holds it, where it is none by itself.
_OPTIONS = frozenset(
    """apply compute deltatoken expand filter format id orderby schemaversion search select skip skiptoken
    top index inlinecount""".split()
)
_QUERIES = frozenset({"queryoptions", "systemqueryoption", "aliasandvalue", "customqueryoption", "nameandvalue"})
_PATHS = frozenset({"resourcepath", "odatarelativeuri"})
_EXPRESSIONS = frozenset(
    """commonexpr boolcommonexpr primitiveliteral rootexpr firstmemberexpr memberexpr propertypathexpr
    notexpr negateexpr isofexpr castexpr functionexpr boundfunctionexpr methodcallexpr boolmethodcallexpr parenexpr
    annotationexpr anyexpr allexpr inscopevariableexpr keypropertyvalue""".split()
)
_VALUES = frozenset({"arrayorobject", "parametervalue", "stringinurl"})


def url_of(line: Line, rule: str) -> str | None:
    """A URL with the text of an ABNF case; None for rules that URLs do not have."""
    text: str = line["input"].replace("\\", "%5C")
    if rule in _PATHS:
        return text
    if rule in _QUERIES or rule in _OPTIONS:
        return f"X?{text}"
    if rule in ("anyexpr", "allexpr"):
        return f"X?$filter=Items/{text}"
    if rule in _EXPRESSIONS:
        return f"X?$filter={text}"
    if rule in _VALUES:
        return f"X?@p={text}"
    return f"X?$search={text}" if rule == "searchexpr" else None


def comes_back(raw: str, grammar: Grammar) -> None:
    """Printed and read again, a URL has the same tree; printed once more, the same text."""
    url = parse_relative(raw, grammar, LIMITS)
    text = print_url(url, grammar)
    again = parse_relative(text, grammar, LIMITS)
    assert same(again, url), (raw, text)
    assert print_url(again, grammar) == text


@pytest.mark.parametrize("corpus", ["abnf-4.01", "abnf-4.0", "abnf-aggregation", "abnf-temporal"])
def test_every_abnf_case_comes_back(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed, unreadable = 0, []
    for line in lines(corpus):
        raw = url_of(line, line["rule"].lower()) if line["ok"] else None
        if raw is None:
            continue
        try:
            parse_relative(raw, V4_GRAMMAR, LIMITS)
        except ODataError as error:
            unreadable.append((line["rule"], raw, error.message))
            continue
        comes_back(raw, V4_GRAMMAR)
        printed += 1
    with capsys.disabled():
        print(f"\n{corpus}: {printed} texts printed and read again")
    assert unreadable == []


GRAMMARS: Mapping[str, Grammar] = {"v2-uris": V2_GRAMMAR, "v3-uris": V3_GRAMMAR, "v4-uris": V4_GRAMMAR}


def understood(line: Line, grammar: Grammar) -> Url | None:
    """The text of a line as a URL; None if it does not parse."""
    try:
        tree = explain_rule(line["kind"], line["uri"], grammar, LIMITS)
    except ODataError:
        return None
    return tree if isinstance(tree, Url) else Url((), as_options(line["kind"], tree))


def as_options(kind: str, tree: Any) -> Options:
    if isinstance(tree, Options):
        return tree
    return Options({"$filter" if kind == "expression" else f"${kind}": tree})


@pytest.mark.parametrize("corpus", GRAMMARS)
def test_every_uri_comes_back(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    grammar, counts = GRAMMARS[corpus], Counter[str]()
    for line in lines(corpus):
        url = understood(line, grammar)
        if url is None:
            counts["not understood"] += 1
            continue
        text = print_url(url, grammar)
        again = parse_relative(text, grammar, LIMITS)
        assert same(again, url), (line["uri"], text)
        assert print_url(again, grammar) == text
        counts["printed"] += 1
    with capsys.disabled():
        print(f"\n{corpus}: {dict(counts)}")
