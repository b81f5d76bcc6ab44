# matchesPattern: regular expressions of ECMAScript in linear time, against Python's where both mean the same.

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import BadRequest, NotImplementedHere, ODataError
from odata_core.query.patterns import matches_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("", ["", "a"], []),
        ("b", ["b", "abc"], ["", "a"]),
        ("^A.*e$", ["Ae", "Apple"], ["apple", "Apples"]),
        ("a|bc", ["a", "xbc"], ["b", "c"]),
        ("^(ab)+$", ["ab", "abab"], ["", "aba"]),
        ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a?$", ["", "a"], ["aa"]),
        ("^[a-c]$", ["a", "b", "c"], ["d", "-"]),
        ("^[^a-c]$", ["d", "\n"], ["a"]),
        (r"^\d\w\s$", ["1a ", "0_\u3000"], ["aa ", "1- "]),
        (r"^[\d-]+$", ["1-2"], ["a"]),
        (r"\bcat\b", ["a cat", "cat"], ["cats", "concat"]),
        (r"^.$", ["a", "😀"], ["\n", "ab", ""]),
        (r"^\u0041\x42\t$", ["AB\t"], ["ab\t"]),
        (r"^a.c$", ["abc"], ["a\nc"]),
        (r"^(?:a|b)*?c$", ["c", "abac"], ["ab"]),
        (r"\.", ["a.b"], ["ab"]),
        (r"^\/$", ["/"], ["\\"]),
    ],
)
def test_patterns(pattern: str, matching: list[str], others: list[str]) -> None:
    assert [text for text in matching if not matches_pattern(text, pattern)] == []
    assert [text for text in others if matches_pattern(text, pattern)] == []


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a**", "*", "a{2,1}", "[b-a]", "\\", "a" * 10_000, "(a{99}){99}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadRequest, match="'matchesPattern'"):
        matches_pattern("a", pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b"])
def test_what_no_automaton_can_do_is_named(pattern: str) -> None:
    with pytest.raises(NotImplementedHere, match="'matchesPattern'"):
        matches_pattern("a", pattern)


@pytest.mark.parametrize("pattern", ["(a|a)*b", "a*a*a*a*a*b", "(a*)*b", "(a|b|ab)*c", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    start = time.monotonic()
    assert matches_pattern("a" * 16_000, pattern) is False
    assert time.monotonic() - start < 5


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", "$", r"\w", r"\b", r"\d"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "*?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text(alphabet="ab1 -", max_size=6))
def test_as_python_has_it(pattern: str, text: str) -> None:
    # Without line ends, `$` of both is the end of the text.
    assert matches_pattern(text, pattern) is (re.search(pattern, text, re.ASCII) is not None)


@given(st.text(alphabet="ab()[]{}|*+?^$\\.-,123dwsbu:=!<") | st.text(), st.text(max_size=5))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        matches_pattern(text, pattern)
    except ODataError as error:
        assert "'matchesPattern'" in error.message  # noqa: PT017
