# Prepared queries: a text of a known shape means what it would mean by itself, whatever its literals are.

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import ODataError
from odata_core.query.binder import Binder
from odata_core.query.prepared import PreparedQueries
from odata_core.query.tree import Bound
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from tests.query.test_binder_language import LIMITS, scope

GUIDS = ("3499b02c-8dc9-4c0d-aa83-097a1340cbda", "a499b02c-8dc9-4c0d-aa83-097a1340cbda")
NEW = (
    *("0", "5", "-5", "+5", "255", "256", "-129", "2147483647", "2147483648", "9223372036854775808", "05"),
    *("5.5", "-0.5", "5.", "1e5", "1e400", "1E-400", "INF", "NaN", "-INF", "null", "true", "false", "5:1", "9" * 120),
    *("'x'", "''", "'it''s'", "'it's'", "'5'", "'PT1S'", "'PT1X'", "'Red'", "'Red,Blue'", "'Pink'", "Shop.Color'Red'"),
    *(*GUIDS, *[f"'{guid}'" for guid in GUIDS], "duration'PT5M'", "duration'P1Y'", "12:30:00", "12:60:00"),
    *("2020-02-29", "2021-02-29", "0000-01-01", "2020-02-29T12:00:00Z", "2020-02-29T12:00:00+15:00", "binary'AAEC'"),
    *("\ue001", '"x"', "[1,2]", "Name", "@a", "1 eq 1"),
)
OLD = (
    *("0", "5", "-5", "256", "2147483648", "9223372036854775808", "5.5", "5.5M", "5M", "5L", "1.5d", "1.5f", "1e5"),
    *("1e400", "1e400d", "INF", "NaN", "null", "true", "'x'", "'it''s'", "'Red'", "'5'", f"guid'{GUIDS[0]}'", GUIDS[1]),
    *(f"'{GUIDS[0]}'", "datetime'2020-02-29T12:00:00'", "datetime'2021-02-29T12:00:00'", "time'PT1S'", "time'P2D'"),
    *("datetimeoffset'2020-02-29T12:00:00Z'", "X'00FF'", "binary'0'", "\ue001", "Name"),
)
SHAPES = (
    *("ID eq {}", "Small lt {}", "Price gt {}", "Rate ge {}", "Big ne {}", "Name eq {}", "Guid eq {}", "On eq {}"),
    *("Made gt {}", "Span lt {}", "Day eq {}", "At eq {}", "Color eq {}", "Data eq {}", "Old lt {}", "{} eq {}"),
    *("ID add {} gt {}", "substring(Name,{}) eq {}", "round({}) eq Price", "{}", "not {}", "contains(Name,{})"),
    *("ID in ({},{})", "Color has {}", "case(On:{},true:{}) eq {}", "Tags/any(t:t eq {})", "ID eq {} or ID eq {}"),
    *("Place/Zip eq {} and Category/Title ne {}", "concat({},{}) eq Name", "-{} lt ID", "cast({},Edm.String) eq Name"),
)


def bind(grammar: Grammar, text: str) -> Bound:
    return Binder(scope(grammar), text).condition(parse_expression(text, grammar, LIMITS))


def outcome(run: Any) -> Any:
    """What a text means, as it is shown: NaN differs from itself. Or why it is refused."""
    try:
        return repr(run())
    except ODataError as error:
        return error.status, error.message, error.position


def meaning(queries: PreparedQueries, grammar: Grammar, text: str) -> Bound:
    return queries.prepare({"$filter": text}, grammar, "here", lambda _: bind(grammar, text)).whole()


def filled(shape: str, literals: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(literals, min_size=3, max_size=3).map(lambda chosen: shape.format(*chosen))


@pytest.mark.parametrize(("grammar", "literals"), [(V4_GRAMMAR, NEW), (V3_GRAMMAR, OLD), (V2_GRAMMAR, OLD)])
@given(data=st.data())
def test_a_known_shape_means_what_the_text_means(grammar: Grammar, literals: tuple[str, ...], data: Any) -> None:
    """Whichever texts of the shape came before."""
    shape = data.draw(st.sampled_from(SHAPES))
    texts = data.draw(st.lists(filled(shape, st.sampled_from(literals)), min_size=2, max_size=12))
    queries = PreparedQueries()
    for text in texts:
        found, wanted = outcome(partial(meaning, queries, grammar, text)), outcome(partial(bind, grammar, text))
        assert without_origins(found) == without_origins(wanted), text


def test_a_number_too_large_for_a_double_says_nothing_of_others() -> None:
    """Alone it becomes a decimal, which 5.5 does not."""
    queries = PreparedQueries()
    for text in ("round(1e400) eq Price", "round(5.5) eq Price", "round(1e400) eq Price"):
        found, wanted = meaning(queries, V4_GRAMMAR, text), bind(V4_GRAMMAR, text)
        assert without_origins(repr(found)) == without_origins(repr(wanted))


def without_origins(shown: Any) -> Any:
    """Where a literal stands differs between texts of one shape."""
    if not isinstance(shown, str):
        return shown
    parts = shown.split("origin=")
    return [parts[0], *[part.lstrip("-0123456789") for part in parts[1:]]]


def test_a_shape_is_bound_once() -> None:
    queries, bound = PreparedQueries(), []

    def binds(text: str) -> Bound:
        bound.append(text)
        return bind(V4_GRAMMAR, text)

    def prepare(text: str) -> Bound:
        return queries.prepare({"$filter": text}, V4_GRAMMAR, "here", lambda _: binds(text)).whole()

    assert prepare("Price eq 5 and Name eq 'a'") == bind(V4_GRAMMAR, "Price eq 5 and Name eq 'a'")
    assert prepare("Price eq 77 and Name eq 'it''s'") == bind(V4_GRAMMAR, "Price eq 77 and Name eq 'it''s'")
    assert prepare("Price eq -5 and Name eq ''") == bind(V4_GRAMMAR, "Price eq -5 and Name eq ''")
    assert bound == ["Price eq 5 and Name eq 'a'"]
    # A literal of another kind is another plan of the same shape, and both are kept.
    prepare("Price eq 5.5 and Name eq 'a'")
    prepare("Price eq 7.5 and Name eq 'b'")
    prepare("Price eq 8 and Name eq 'b'")
    assert bound == ["Price eq 5 and Name eq 'a'", "Price eq 5.5 and Name eq 'a'"]
    assert len(queries) == 2


def test_what_else_decides_is_part_of_the_key() -> None:
    queries = PreparedQueries()

    def told(grammar: Grammar, key: str, text: str, value: str) -> str:
        return queries.prepare({"$filter": text}, grammar, key, lambda _: (value, bind(grammar, text))).value[0]

    assert told(V4_GRAMMAR, "a", "ID eq 5", "first") == "first"
    assert told(V4_GRAMMAR, "a", "ID eq 6", "second") == "first"
    assert told(V4_GRAMMAR, "b", "ID eq 6", "third") == "third"
    assert told(V3_GRAMMAR, "a", "ID eq 6", "fourth") == "fourth"


def test_a_literal_that_no_constant_came_of_is_part_of_the_shape() -> None:
    queries = PreparedQueries()
    for top in ("5", "6", "5"):
        texts = {"$filter": "ID eq 5", "$top": top}
        assert queries.prepare(texts, V4_GRAMMAR, "here", lambda _: top).value == top  # noqa: B023
    assert len(queries) == 2


@given(st.lists(st.tuples(st.sampled_from(SHAPES), st.sampled_from(NEW)), max_size=40), st.integers(0, 5))
def test_no_more_is_kept_than_allowed(texts: list[tuple[str, str]], size: int) -> None:
    queries = PreparedQueries(size)
    for shape, literal in texts:
        outcome(partial(meaning, queries, V4_GRAMMAR, shape.format(literal, literal, literal)))
        assert len(queries) <= size


def test_threads_share_it() -> None:
    queries = PreparedQueries(16)
    texts = [shape.format(*[str(number)] * 3) for number in range(40) for shape in SHAPES]
    wanted = [without_origins(outcome(partial(bind, V4_GRAMMAR, text))) for text in texts]

    def work(start: int) -> None:
        for index in range(start, len(texts)):
            found = outcome(partial(meaning, queries, V4_GRAMMAR, texts[index]))
            assert without_origins(found) == wanted[index]

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, start) for start in range(8)]:
            done.result()
