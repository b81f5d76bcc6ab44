# Prepared queries over all options and all kinds of literals: a text of a known shape means, and makes of rows, what it
# does by itself.

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.query.binder import Binder
from odata_core.query.evaluate import compile_program, prepare_order
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions
from odata_core.query.prepared import ORIGIN_BASE, Prepared, PreparedQueries, constants_of, substitute
from odata_core.query.scope import Scope
from odata_core.query.tree import Bound, Constant
from odata_core.query.unbinder import unbind
from odata_core.testing.expression_rows import ITEM, MODEL, rows, values_of
from odata_core.testing.expressions import conditions
from odata_core.testing.trees import literals_of
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.printer import print_expression
from odata_core.uri.urls import parse_query
from tests.query.test_binder_language import scope as product_scope
from tests.query.test_evaluate_properties import shown
from tests.query.test_prepared import NEW, OLD, without_origins

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
LIMITS = Limits()
Texts = Mapping[str, str]


def bind(grammar: Grammar, texts: Texts) -> BoundOptions:
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in texts.items())
    return bind_options(parse_query(query, grammar, LIMITS), product_scope(grammar), base=-ORIGIN_BASE)


def outcome(run: Any) -> Any:
    """What texts mean, as it is shown without origins, or why they are refused."""
    try:
        return without_origins(repr(run()))
    except ODataError as error:
        return error.status, error.message, error.position


class Counting:
    """A cache, and how often it had to bind."""

    def __init__(self, size: int = 1_024) -> None:
        self.queries = PreparedQueries(size)
        self.bound = 0

    def prepare(self, grammar: Grammar, texts: Texts) -> Prepared[BoundOptions]:
        def find_out(given: Texts) -> BoundOptions:
            self.bound += 1
            return bind(grammar, given)

        return self.queries.prepare(texts, grammar, "here", find_out)

    def whole(self, grammar: Grammar, texts: Texts) -> BoundOptions:
        return self.prepare(grammar, texts).whole()


# ------------------------------------------------------------------ whole options

OF_ALL: tuple[Texts, ...] = (
    {"$filter": "ID eq {} and Name ne {}", "$orderby": "Price add {} desc,Name"},
    {"$filter": "({} lt Rate or Small ge {}) and not (Big eq {})", "$top": "3", "$skip": "4"},
    {"$orderby": "ID mul {},substring(Name,{})", "$filter": "concat(Name,{}) eq 'x'"},
    {"$filter": "--{} lt ID or -{} lt Small or - {} lt Price"},
    {"$filter": "Guid eq {} or Made gt {} or Old lt {}"},
    {"$top": "{}", "$skip": "{}", "$filter": "ID eq {}"},
    {"$filter": "Name eq 'it''s 5 o''clock' and ID eq {}and Small eq {}"},
    {"$filter": "cast({},'Edm.String') eq Name and ID eq {}"},
)
OF_V4: tuple[Texts, ...] = (
    *OF_ALL,
    {"$filter": "ID in ({},{},{})", "$count": "true"},
    {"$filter": "@p eq ID and Name eq @q", "@p": "{}", "@q": "{}"},
    {"$filter": "@p eq ID or @p eq Small or Price lt @p", "@p": "{}"},
    {"$filter": "@p eq ID or @p eq Small", "@p": "{}"},
    {"$filter": 'Place eq {{"City":"a 5 \'b","Zip":{}}} or {} in Numbers'},
    {"$filter": "Place eq @p", "@p": '{{"City":"5","Zip":{}}}'},
    {"$filter": "$root/Products({})/ID eq {} or $root/Products/5/ID eq {}"},
    {"$filter": "$root/Products/{}/Name eq {} or $root/Categories(A={},B='x')/A eq 1"},
    {"$filter": "case(ID eq {}:{},true:{}) eq Small"},
    {"$filter": "Half(n={}) eq Price and Near(km={})/any(p:p/ID eq {})"},
    {"$expand": "Category($filter=A eq {};$expand=Products($top=3;$filter=Name eq {};$orderby=ID add {}))"},
    {"$select": "ID,Places($top=2;$filter=Zip eq {})", "$expand": "Category($expand=Products($skip={}))"},
    {"$compute": "ID add {} as More,More mul {} as Most", "$filter": "Most gt {}"},
    {"$apply": "filter(ID gt {})/compute(Price add {} as P)/topcount({},P)"},
    {"$search": "a {} b", "$filter": "ID eq {}"},
    {"$filter": "Tags/any(t:t eq {}) and Places/any(p:p/Zip gt {} and $it/ID lt {})"},
)
GRAMMARS = [(V4_GRAMMAR, OF_V4, NEW), (V3_GRAMMAR, OF_ALL, OLD), (V2_GRAMMAR, OF_ALL, OLD)]


def printed(grammar: Grammar) -> st.SearchStrategy[str]:
    """Literals of all types that the dialect has."""
    return literals_of(grammar).map(lambda node: print_expression(node, grammar))


def filled(texts: Texts, literals: list[str]) -> Texts:
    rest = iter(literals)
    return {name: text.format(*[next(rest) for _ in range(text.count("{}"))]) for name, text in texts.items()}


@pytest.mark.parametrize(("grammar", "templates", "few"), GRAMMARS)
@CALM
@given(data=st.data())
def test_options_mean_what_they_mean_by_themselves(
    grammar: Grammar, templates: tuple[Texts, ...], few: tuple[str, ...], data: Any
) -> None:
    """Many texts of one shape, whichever came first; and each of them once more is known."""
    template = data.draw(st.sampled_from(templates))
    literals = st.lists(st.sampled_from(few) | printed(grammar) | st.integers().map(str), min_size=4, max_size=4)
    cache = Counting()
    for chosen in data.draw(st.lists(literals, min_size=2, max_size=6)):
        texts = filled(template, chosen)
        wanted = outcome(partial(bind, grammar, texts))
        assert outcome(partial(cache.whole, grammar, texts)) == wanted, texts
        before = cache.bound
        assert outcome(partial(cache.whole, grammar, texts)) == wanted, texts
        assert cache.bound == before + isinstance(wanted, tuple), texts


@pytest.mark.parametrize("grammar", [V4_GRAMMAR, V3_GRAMMAR, V2_GRAMMAR])
def test_other_literals_of_the_same_types_are_not_bound(grammar: Grammar) -> None:
    cache, rng = Counting(), random.Random(7)
    for _ in range(200):
        texts = {
            "$filter": f"ID eq {rng.randrange(10**6)} and Name ne '{rng.random()}' or Big lt {rng.randrange(9)}",
            "$orderby": f"ID add {rng.randrange(100)}",
        }
        assert outcome(partial(cache.whole, grammar, texts)) == outcome(partial(bind, grammar, texts))
    assert (cache.bound, len(cache.queries)) == (1, 1)


KINDS: list[tuple[Grammar, str, tuple[str, ...]]] = [
    (V4_GRAMMAR, "ID eq {}", ("5", "0", "-5", "+7", "2147483647", "-2147483648", "1234567890")),
    (V4_GRAMMAR, "Price gt {}", ("0.5", "-0.5", "+1.25", "100000000000000000000.1", "1e5")),
    (V4_GRAMMAR, "Rate gt {}", ("0.5", "-0.0", "7.5e-3")),
    (V4_GRAMMAR, "Span lt {}", ("duration'P1D'", "duration'-PT5.5S'")),
    (V4_GRAMMAR, "Span lt {}", ("'P1D'", "'-PT5.5S'")),
    (V4_GRAMMAR, "Color has {}", ("'Red'", "'Green'")),
    (V4_GRAMMAR, "Guid ne {}", ("3499b02c-8dc9-4c0d-aa83-097a1340cbda", "a499b02c-8dc9-4c0d-aa83-097a1340cbda")),
    (V4_GRAMMAR, "Made ne {}", ("2020-02-29T12:00:00Z", "2020-02-29T12:00:00.1234567+01:00")),
    (V4_GRAMMAR, "Day ne {}", ("2020-02-29", "1999-12-31")),
    (V4_GRAMMAR, "At ne {}", ("12:00", "23:59:59.5")),
    (V4_GRAMMAR, "Data ne {}", ("binary'AAEC'", "binary''")),
    (
        V3_GRAMMAR,
        "Guid ne {}",
        (f"guid'{'a' * 8}-8dc9-4c0d-aa83-097a1340cbda'", "guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda'"),
    ),
    (V3_GRAMMAR, "Old ne {}", ("datetime'2020-02-29T12:00:00'", "datetime'1999-12-31T00:00'")),
    (V2_GRAMMAR, "Price gt {}", ("5M", "-2.50M", "0m")),
    (V2_GRAMMAR, "Rate gt {}", ("5d", "-2.50D", "1e5d")),
    (V2_GRAMMAR, "Rate gt {}", ("0.5", "-2.50", "1e5")),
    (V2_GRAMMAR, "Big gt {}", ("5L", "-3l")),
]


@pytest.mark.parametrize(("grammar", "shape", "literals"), KINDS)
def test_literals_of_one_kind_are_bound_once(grammar: Grammar, shape: str, literals: tuple[str, ...]) -> None:
    cache = Counting()
    for literal in literals:
        texts = {"$filter": f"Name ne 'x' and {shape.format(literal)}"}
        assert outcome(partial(cache.whole, grammar, texts)) == outcome(partial(bind, grammar, texts))
    assert cache.bound == 1


# What is written so in one text must not be taken for the same in another.
ALIKE: list[tuple[Grammar, str, str]] = [
    (V3_GRAMMAR, "ID eq 5", "ID eq +5"),
    (V3_GRAMMAR, "ID eq 5", "ID eq 5L"),
    (V3_GRAMMAR, "Rate eq 1E400", "Rate eq 0.1"),
    (V4_GRAMMAR, "Rate eq 1e400", "Rate eq 0.1"),
    (V4_GRAMMAR, f"Rate eq {'9' * 400}", f"Rate eq {'9' * 30}"),
    (V4_GRAMMAR, "Small eq 300", "Small eq 5"),
    (V4_GRAMMAR, "ID eq 5000000000", "ID eq 3"),
    (V4_GRAMMAR, "$root/Products/5/ID eq 1", "$root/Products/+5/ID eq 1"),
    (V4_GRAMMAR, "$root/Products/5/ID eq 1", "$root/Products/5.0/ID eq 1"),
    (V4_GRAMMAR, "ID eq 5", "ID eq ٣"),
    (V4_GRAMMAR, "ID eq 5", "ID eq 5٣"),
    (V4_GRAMMAR, "ID eq 5", "ID eq 5²"),
    (V4_GRAMMAR, "ID eq 5", "ID eq 1_0"),
    (V4_GRAMMAR, "Price eq 0.5", "Price eq 0.1_0"),
    (V4_GRAMMAR, "Price eq 0.5", "Price eq 0.٣"),
    (V4_GRAMMAR, "Name eq 'a'", "Name eq 'a\x00\u2028\U0001f600'"),
    (V4_GRAMMAR, "Name eq 'a'", "Name eq '\n'' or 1 eq 1 or '''"),
    (V4_GRAMMAR, "Name eq 'a' or Name eq 'b'", "Name eq 'a'' or Name eq 'b'"),
    (V4_GRAMMAR, "Span eq duration'P1D'", "Span eq duration'P1Y'"),
    (V4_GRAMMAR, "Span eq duration'P1D'", "Span eq duration'it''s'"),
    (V4_GRAMMAR, "Data eq binary'AAEC'", "Data eq binary'A'"),
    (V4_GRAMMAR, "Color eq Shop.Color'Red'", "Color eq Shop.Color'Pink'"),
    (V4_GRAMMAR, "Day eq 2020-02-29", "Day eq 2021-02-29"),
    (V4_GRAMMAR, "Name eq 'x' or Größe'x' eq 1", "Name eq 'y' or Größe'x' eq 1"),
    (V4_GRAMMAR, "matchesPattern(Name,'a')", "matchesPattern(Name,'(')"),
    (V4_GRAMMAR, "On eq true", "On eq 'true'"),
]


@pytest.mark.parametrize(("grammar", "one", "other"), ALIKE)
def test_what_only_looks_alike(grammar: Grammar, one: str, other: str) -> None:
    for pair in ((one, other), (other, one)):
        cache = Counting()
        for text in pair * 2:
            texts = {"$filter": text}
            assert outcome(partial(cache.whole, grammar, texts)) == outcome(partial(unquoted, grammar, text))


@pytest.mark.parametrize(("name", "fine", "wrong"), [("topcount", "5", "0"), ("bottompercent", "5", "101")])
def test_what_a_limit_must_be_is_told_whichever_came_first(name: str, fine: str, wrong: str) -> None:
    cache = Counting()
    for limit in (fine, wrong, fine, wrong):
        texts = {"$apply": f"{name}({limit},Price)"}
        assert outcome(partial(cache.whole, V4_GRAMMAR, texts)) == outcome(partial(bind, V4_GRAMMAR, texts))


def unquoted(grammar: Grammar, text: str) -> BoundOptions:
    return bind(grammar, {"$filter": text})


@pytest.mark.parametrize(("text", "is_known"), [("Products/6", True), ("Products/-6", True), ("Products/+6", False)])
def test_keys_behind_slashes_are_part_of_the_shape(text: str, is_known: bool) -> None:
    """They are spelled by rules of their own, which have no plus sign."""
    queries = PreparedQueries()

    def segment(text: str) -> Constant:
        if "+" in text:
            raise BadRequest("A key reads like 5.")
        return Constant(int(text.partition("/")[2]), edm.INT32, origin=9)

    queries.prepare({"path": "Products/5"}, V4_GRAMMAR, "here", lambda _: segment("Products/5"))
    found = outcome(lambda: queries.prepare({"path": text}, V4_GRAMMAR, "here", lambda _: segment(text)).whole())
    assert isinstance(found, list) is is_known
    assert found == outcome(partial(segment, text))


def test_a_text_that_is_too_long_is_refused_however_well_known_its_shape_is() -> None:
    def prepare(text: str) -> Bound:
        limits = Limits(text_length=30)
        return queries.prepare({"$filter": text}, V4_GRAMMAR, "here", lambda _: binds(V4_GRAMMAR, text, limits)).whole()

    queries = PreparedQueries(longest=30)
    prepare("Name eq 'a'")
    prepare(f"Name eq '{'a' * 20}'")
    with pytest.raises(ODataError, match="text_length"):
        prepare(f"Name eq '{'a' * 21}'")


def binds(grammar: Grammar, text: str, limits: Limits) -> Bound:
    scope = product_scope(grammar)
    return Binder(scope, text).condition(parse_expression(text, grammar, limits))


def test_an_alias_is_a_slot_only_where_any_value_fits_everywhere() -> None:
    """0.001 is no whole number: beside ID it stays what it is, so no other literal may stand for it anywhere."""
    cache = Counting()
    for value in ("0.000", "0.001", "7", "0.002", "8"):
        texts = {"$filter": "@p eq ID or Price lt @p", "@p": value}
        assert outcome(partial(cache.whole, V4_GRAMMAR, texts)) == outcome(partial(bind, V4_GRAMMAR, texts))


def test_names_and_texts_are_told_apart() -> None:
    queries = PreparedQueries()
    many: list[Texts] = [{"a": "b"}, {"a": "", "b": ""}, {"a": "b", "c": ""}, {"a": "", "b": "c"}, {}, {"": ""}]
    for texts in many * 2:
        assert queries.prepare(texts, V4_GRAMMAR, "here", lambda given: given).value == texts


# ------------------------------------------------------------------ what it makes of rows


def bind_item(text: str) -> Bound:
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, ITEM, MODEL.entity_set("Items"))
    return Binder(scope, text).condition(parse_expression(text, V4_GRAMMAR, LIMITS))


def result(compute: Any) -> Any:
    try:
        return shown(compute())
    except ODataError as error:
        return error.message


@CALM
@given(conditions(), st.lists(rows(depth=1), min_size=1, max_size=3), st.data())
def test_rows_are_seen_alike(condition: Bound, table: list[Any], data: st.DataObject) -> None:
    """Texts of random conditions, their literals exchanged for others of their types."""
    queries = PreparedQueries()
    for _ in range(3):
        literals = {
            constant.origin: data.draw(values_of(constant.type))
            for constant in constants_of(condition)
            if constant.origin >= 0 and constant.type is not None
        }
        try:
            text = print_expression(unbind(substitute(condition, literals)), V4_GRAMMAR)
        except (ODataError, AssertionError):  # such as a list of expressions, which has no text
            reject()

        def prepared(row: Any, text: str = text) -> Any:
            found = queries.prepare({"$filter": text}, V4_GRAMMAR, "items", lambda _: bind_item(text))
            return compile_program(found.value, kind=ITEM).run(found.literals)(row)

        for row in table:
            fresh = partial(lambda text, row: compile_program(bind_item(text), kind=ITEM).run()(row), text, row)
            assert result(partial(prepared, row)) == result(fresh), text


ORDERS = ("ID add {}", "substring(String,{}) desc", "Int32 mul {} desc,Double add {}", "concat({},String),ID sub {}")
SORTED_BY = st.sampled_from(["0", "1", "-1", "5.5", "'a'", "'it''s'", "3000000000", "0.1", "null"])


@CALM
@given(st.sampled_from(ORDERS), st.lists(st.lists(SORTED_BY, min_size=2, max_size=2), min_size=2), st.data())
def test_rows_are_sorted_alike(shape: str, literals: list[list[str]], data: st.DataObject) -> None:
    queries, table = PreparedQueries(), data.draw(st.lists(rows(depth=0), max_size=4))
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, ITEM, MODEL.entity_set("Items"))
    for chosen in literals:
        query = f"$orderby={quote(shape.format(*chosen))}"

        def fresh(query: str = query) -> BoundOptions:
            return bind_options(parse_query(query, V4_GRAMMAR, LIMITS), scope, base=-ORIGIN_BASE)

        def known(text: str = shape.format(*chosen), fresh: Any = fresh) -> Any:
            found = queries.prepare({"$orderby": text}, V4_GRAMMAR, "items", lambda _: fresh())
            return prepare_order(found.value.order, kind=ITEM).run(found.literals)(table)

        wanted = result(lambda fresh=fresh: prepare_order(fresh().order, kind=ITEM).run(None)(table))
        assert result(known) == wanted


# ------------------------------------------------------------------ many at once


def test_threads_with_literals_of_their_own() -> None:
    cache = Counting(size=6)

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(150):
            grammar, templates, literals = rng.choice(GRAMMARS)
            texts = filled(rng.choice(templates[:4]), [rng.choice(literals) for _ in range(4)])
            assert outcome(partial(cache.whole, grammar, texts)) == outcome(partial(bind, grammar, texts)), texts
            assert len(cache.queries) <= 6 + 8  # one that is being put in, for each thread

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()
    assert len(cache.queries) <= 6


def test_the_oldest_shape_goes_first() -> None:
    cache = Counting(size=2)
    for text in ("ID eq 1", "Big eq 1", "Small eq 1", "Big eq 2", "Small eq 2"):
        cache.prepare(V4_GRAMMAR, {"$filter": text})
    assert (cache.bound, len(cache.queries)) == (3, 2)
    cache.prepare(V4_GRAMMAR, {"$filter": "ID eq 2"})
    assert (cache.bound, len(cache.queries)) == (4, 2)


def test_nothing_is_kept_where_the_size_is_0() -> None:
    cache = Counting(size=0)
    for _ in range(3):
        cache.prepare(V4_GRAMMAR, {"$filter": "ID eq 1"})
    assert (cache.bound, len(cache.queries)) == (3, 0)
