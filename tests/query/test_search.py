# $search by default: which rows match which expression.

from __future__ import annotations

from typing import Any

import pytest

from odata_core.limits import Limits
from odata_core.query.search import compile_search, search_of
from odata_core.uri import syntax
from odata_core.uri.search import parse_search

ROW: dict[str, Any] = {
    "Name": "Blue Mountain Bike",
    "Price": 42,
    "Home": {"City": "Köln", "Lines": ["Gate 3", None]},
    "Name@odata.note": "secret",
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("bike", True),
        ("BIKE", True),
        ("ountai", True),  # a part of a word
        ("blue bike", True),  # both, anywhere
        ("blue AND car", False),
        ("blue OR car", True),
        ("NOT car", True),
        ("NOT bike", False),
        ("NOT (bike OR car)", False),
        ("(car OR bike) AND NOT red", True),
        ('"mountain bike"', True),
        ('"blue bike"', False),  # a phrase stands as it is
        ("köln", True),
        ("KÖLN", True),
        ("gate", True),
        ("42", False),  # no text
        ("secret", False),  # an annotation
    ],
)
def test_search(text: str, matches: bool) -> None:
    assert compile_search(parse_search(text, Limits()))(ROW) is matches


@pytest.mark.parametrize(
    ("text", "matches"), [("bike", True), ("mountain bi", True), ('"mountain', True), ("(car", False)]
)
def test_what_is_still_being_typed(text: str, matches: bool) -> None:
    assert compile_search(search_of(syntax.Literal(text, None), Limits()))(ROW) is matches


def test_long_chains() -> None:
    text = " OR ".join(["car"] * 1_500 + ["bike"])
    assert compile_search(parse_search(text, Limits()))(ROW)
