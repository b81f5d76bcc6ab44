# What is drawn from the grammar is accepted by it: the terminals, which always match as much as they can, do not take
# what the next one needs.

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from odata_core.testing.grammar import reference_parser, texts_of

CALM = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])

RULES = """
    odataUri odataRelativeUri resourcePath queryOptions filter orderby expand select search compute apply format
    commonExpr boolCommonExpr collectionPathExpr primitiveLiteral primitiveValue arrayOrObject enumLiteral
    context header preference
""".split()


@pytest.mark.parametrize("rule", RULES)
@CALM
@given(data=st.data())
def test_a_drawn_text_is_accepted(rule: str, data: st.DataObject) -> None:
    text = data.draw(texts_of(rule))
    assert reference_parser(rule)(text)


NAMES = {"primitiveKeyProperty": ["ID"], "primitiveNonKeyProperty": ["Name"], "customAggregate": []}


@CALM
@given(texts_of("primitiveProperty", NAMES))
def test_names_can_be_given(text: str) -> None:
    assert text in {"ID", "Name"}


@CALM
@given(texts_of("filter", size=1))
def test_the_size_is_a_limit_but_for_the_shortest(text: str) -> None:
    assert reference_parser("filter")(text)
    assert "(" not in re.sub("(%27|').*(%27|')", "", text)


def test_the_shortest_text_is_found() -> None:
    assert find(texts_of("skip"), lambda _: True).lower() in {"skip=0", "$skip=0"}
