# What one dialect says, said in another: texts that mean the same, what changes on the way, and what is refused.

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odata_core.edm import primitives as edm
from odata_core.errors import NotImplementedHere, ODataError
from odata_core.limits import Limits
from odata_core.testing.trees import expressions_of
from odata_core.testing.url_trees import resource_paths_of, urls_of
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.printer import print_expression
from odata_core.uri.resource_paths import parse_path
from odata_core.uri.syntax import Binary, Literal, Node, Options, Path, Segment
from odata_core.uri.translation import translate
from odata_core.uri.url_printer import print_path, print_url
from odata_core.uri.urls import Url, parse_query, parse_relative
from tests.uri.same import same

LIMITS = Limits(url_length=10**6)


def label(value: object) -> str:
    """The name of a test for a row: texts and dialects say enough."""
    return value.name if isinstance(value, Grammar) else str(value)


GRAMMARS = [V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR]
CALM = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])


def said(text: str, source: Grammar, target: Grammar) -> str:
    """An expression of one dialect in the text of another."""
    return print_expression(translate(parse_expression(text, source, LIMITS), source, target), target)


def url_said(text: str, source: Grammar, target: Grammar) -> str:
    """A URL of one dialect in another; blanks stand for themselves."""
    url = parse_relative(text.replace(" ", "%20"), source, LIMITS)
    return print_url(translate(url, source, target), target).replace("%20", " ")


# ------------------------------------------------------------------ pairs, in both directions

# Version 3, version 4.
EXPRESSIONS = [
    ("substringof('x',Name)", "contains(Name,'x')"),
    ("startswith(Name,'x') eq true", "startswith(Name,'x') eq true"),
    ("substringof(tolower('X'),concat(A,B))", "contains(concat(A,B),tolower('X'))"),
    ("gettotaloffsetminutes(D) eq 60", "totaloffsetminutes(D) eq 60"),
    ("geo.distance(A,B) lt 5", "geo.distance(A,B) lt 5"),
    ("A eq guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda'", "A eq 3499b02c-8dc9-4c0d-aa83-097a1340cbda"),
    ("A eq binary'AB'", "A eq binary'qw'"),
    ("A eq datetimeoffset'2012-01-01T00:00:00+01:00'", "A eq 2012-01-01T00:00:00+01:00"),
    ("A eq time'PT3H'", "A eq 03:00:00"),
    ("A eq 5.5M", "A eq 5.5"),
    ("A eq INFD", "A eq INF"),
    ("A eq 'it''s' or A eq null or A eq true", "A eq 'it''s' or A eq null or A eq true"),
    ("isof('NS.T')", "isof(NS.T)"),
    ("isof(A/B,'NS.T')", "isof(A/B,NS.T)"),
    ("cast(A,'Edm.Time') eq B", "cast(A,Edm.TimeOfDay) eq B"),
    ("cast(A,'Collection(Edm.Int64)') eq B", "cast(A,Collection(Edm.Int64)) eq B"),
    ("Items/any(i:i/Price gt 5 and $it/A eq i/B)", "Items/any(i:i/Price gt 5 and $it/A eq i/B)"),
    ("NS.T/Items/all(i:substringof('x',i/Name))", "NS.T/Items/all(i:contains(i/Name,'x'))"),
    ("NS.F(a=1,b='x')/C eq 1", "NS.F(a=1,b='x')/C eq 1"),
    ("not (A sub (B sub C) gt -D)", "not (A sub (B sub C) gt -D)"),
]


@pytest.mark.parametrize(("v3", "v4"), EXPRESSIONS)
def test_expressions_in_both_directions(v3: str, v4: str) -> None:
    assert said(v3, V3_GRAMMAR, V4_GRAMMAR) == v4
    assert said(v4, V4_GRAMMAR, V3_GRAMMAR) == v3


# Version 2 and 3, version 4.
URLS = [
    ("Products(1)/$links/Items", "Products(1)/Items/$ref"),
    ("Products(1)/$links/Items(5)", "Products(1)/Items(5)/$ref"),
    ("Products(1)/Category/$links/Products", "Products(1)/Category/Products/$ref"),
    ("Products/1/$links/Items", "Products/1/Items/$ref"),
    ("Products/1/$links/Items/5", "Products/1/Items/5/$ref"),
    ("Products/$count?$filter=substringof('x',A)", "Products/$count?$filter=contains(A,'x')"),
    ("Products(1)/Name/$value", "Products(1)/Name/$value"),
    ("P(a=guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda',b='x')", "P(a=3499b02c-8dc9-4c0d-aa83-097a1340cbda,b='x')"),
    ("P?$inlinecount=allpages&$top=5", "P?$count=true&$top=5"),
    ("P?$inlinecount=none", "P?$count=false"),
    ("P?$orderby=A desc,length(B)", "P?$orderby=A desc,length(B)"),
    ("P?$skiptoken='x,1'&x=y", "P?$skiptoken='x,1'&x=y"),
    ("P?$expand=A", "P?$expand=A"),
    ("P?$expand=A/B,A/C,D", "P?$expand=A($expand=B,C),D"),
    ("P?$select=Name,Address/City", "P?$select=Name,Address/City"),
    ("P?$expand=A&$select=*,A/x", "P?$expand=A($select=x)&$select=*,A"),
    ("P?$expand=A/B&$select=Name,A/x,A/B/y", "P?$expand=A($expand=B($select=y);$select=x,B)&$select=Name,A"),
    ("P?$expand=A&$select=A,Name", "P?$expand=A&$select=A,Name"),
    ("P?$expand=A&$select=*", "P?$expand=A&$select=*"),
    ("P?$format=json", "P?$format=json"),
    ("", ""),
    ("$metadata", "$metadata"),
    ("$batch", "$batch"),
]


@pytest.mark.parametrize("older", [V2_GRAMMAR, V3_GRAMMAR], ids=lambda grammar: grammar.name)
@pytest.mark.parametrize(("old", "v4"), URLS)
def test_urls_in_both_directions(older: Grammar, old: str, v4: str) -> None:
    assert url_said(old, older, V4_GRAMMAR) == v4
    assert url_said(v4, V4_GRAMMAR, older) == old


V3_URLS = [
    (
        "P?$expand=NS.T/A/NS.U/B&$select=NS.T/A/NS.U/B/z,Id",
        "P?$expand=NS.T/A($expand=NS.U/B($select=z);$select=NS.U/B)&$select=NS.T/A,Id",
    ),
    ("P?$select=NS.*,NS.T/A", "P?$select=NS.*,NS.T/A"),
    ("P(1)/NS.T/$links/Items", "P(1)/NS.T/Items/$ref"),
    ("F(a=@p)?@p='x'", "F(a=@p)?@p='x'"),
    ("P?$format=application/json;odata=fullmetadata", "P?$format=application/json;odata.metadata=full"),
]


@pytest.mark.parametrize(("v3", "v4"), V3_URLS)
def test_urls_of_version_3_in_both_directions(v3: str, v4: str) -> None:
    assert url_said(v3, V3_GRAMMAR, V4_GRAMMAR) == v4
    assert url_said(v4, V4_GRAMMAR, V3_GRAMMAR) == v3


# ------------------------------------------------------------------ one way

# What has a form of its own in the source only: text, source, target, text there.
ONE_WAY: list[tuple[str, Grammar, Grammar, str]] = [
    ("A eq datetime'2012-01-01T00:00:00'", V3_GRAMMAR, V4_GRAMMAR, "A eq 2012-01-01T00:00:00Z"),
    ("cast(A,'Edm.DateTime') eq B", V3_GRAMMAR, V4_GRAMMAR, "cast(A,Edm.DateTimeOffset) eq B"),
    ("A eq 5L", V3_GRAMMAR, V4_GRAMMAR, "A eq 5"),
    ("A eq 1.5f", V3_GRAMMAR, V4_GRAMMAR, "A eq 1.5"),
    ("A eq 1.5", V3_GRAMMAR, V4_GRAMMAR, "A eq 1.5"),
    ("A eq X'AB'", V3_GRAMMAR, V2_GRAMMAR, "A eq binary'AB'"),
    ("hours(T) eq 3", V3_GRAMMAR, V4_GRAMMAR, "hour(T) eq 3"),
    ("A eq 5.5", V4_GRAMMAR, V3_GRAMMAR, "A eq 5.5M"),
    ("A in (1,2)", V4_GRAMMAR, V3_GRAMMAR, "A eq 1 or A eq 2"),
    ("B and A in ('x',null)", V4_GRAMMAR, V2_GRAMMAR, "B and (A eq 'x' or A eq null)"),
    ("not (A in [1,2])", V4_GRAMMAR, V3_GRAMMAR, "not (A eq 1 or A eq 2)"),
    ("A in (1)", V4_GRAMMAR, V3_GRAMMAR, "A eq 1"),
    ("A in ()", V4_GRAMMAR, V3_GRAMMAR, "false"),
    ("A in (1) in (true)", V4_GRAMMAR, V3_GRAMMAR, "A eq 1 eq true"),
    ("A eq NS.Colour'Red,Green'", V4_GRAMMAR, V3_GRAMMAR, "A eq 'Red,Green'"),
    ("CONTAINS(A,'x')", V4_GRAMMAR, V3_GRAMMAR, "substringof('x',A)"),
    ("Cast(A,Edm.Int32) eq 1", V4_GRAMMAR, V3_GRAMMAR, "cast(A,'Edm.Int32') eq 1"),
    ("$it/A eq 1", V4_GRAMMAR, V2_GRAMMAR, "A eq 1"),
    (
        "geo.intersects(A,geography'SRID=0;Polygon((1 1,2 2,3 3,1 1))')",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "geo.intersects(A,geography'SRID=0;Polygon((1 1,2 2,3 3,1 1))')",
    ),
]


@pytest.mark.parametrize(("text", "source", "target", "there"), ONE_WAY, ids=label)
def test_one_way(text: str, source: Grammar, target: Grammar, there: str) -> None:
    assert said(text, source, target) == there


URLS_ONE_WAY: list[tuple[str, Grammar, Grammar, str]] = [
    # v3 prunes with $select what $expand brought in; v4 does not.
    ("P?$expand=A&$select=Name", V3_GRAMMAR, V4_GRAMMAR, "P?$select=Name"),
    ("P?$expand=A/B&$select=A/x", V3_GRAMMAR, V4_GRAMMAR, "P?$expand=A($select=x)&$select=A"),
    ("P?$expand=A&$select=Name", V4_GRAMMAR, V3_GRAMMAR, "P?$expand=A&$select=Name,A"),
    ("P?$expand=A($select=x),B", V4_GRAMMAR, V3_GRAMMAR, "P?$expand=A,B&$select=*,A/x"),
    ("P?$expand=A($expand=B($select=y))", V4_GRAMMAR, V3_GRAMMAR, "P?$expand=A/B&$select=*,A/*,A/B/y"),
    # Named whole and in part is named whole.
    ("P?$expand=A&$select=A,A/x", V3_GRAMMAR, V4_GRAMMAR, "P?$expand=A&$select=A"),
    ("P?$expand=A,A/B", V3_GRAMMAR, V4_GRAMMAR, "P?$expand=A($expand=B)"),
    ("P(1)/$links/Items/$count", V3_GRAMMAR, V4_GRAMMAR, "P(1)/Items/$count"),
    ("P(5L)", V3_GRAMMAR, V4_GRAMMAR, "P(5)"),
    ("P(datetime'2012-01-01T00:00:00')", V2_GRAMMAR, V4_GRAMMAR, "P(2012-01-01T00:00:00Z)"),
    ("P(NS.Colour'Red')", V4_GRAMMAR, V3_GRAMMAR, "P('Red')"),
]


@pytest.mark.parametrize(("text", "source", "target", "there"), URLS_ONE_WAY, ids=label)
def test_urls_one_way(text: str, source: Grammar, target: Grammar, there: str) -> None:
    assert url_said(text, source, target) == there


def test_types_stay_though_v4_does_not_write_them() -> None:
    tree = parse_expression("A eq 5L or A eq 5M or A eq 5f", V3_GRAMMAR, LIMITS)
    assert translate(tree, V3_GRAMMAR, V4_GRAMMAR) == tree


# ------------------------------------------------------------------ bounds


def test_lists_that_would_grow_too_large_are_refused() -> None:
    text = "A in (1,2)" + " in (true,false)" * 40
    with pytest.raises(NotImplementedHere, match="so long a list"):
        said(text, V4_GRAMMAR, V3_GRAMMAR)


def test_long_chains_are_no_deep_recursion() -> None:
    text = " or ".join(["contains(A,'x')"] * 400)
    assert said(text, V4_GRAMMAR, V3_GRAMMAR) == " or ".join(["substringof('x',A)"] * 400)


# ------------------------------------------------------------------ whatever is drawn


@CALM
@given(expressions_of(V3_GRAMMAR))
def test_there_and_back(tree: Node) -> None:
    assume(not mentions(tree, "datetime'", "hours(", "minutes(", "seconds("))  # these are one way
    try:
        there = translate(tree, V3_GRAMMAR, V4_GRAMMAR)
    except ODataError:
        assume(False)
    assert same(translate(there, V4_GRAMMAR, V3_GRAMMAR), tree)


def mentions(tree: Node, *words: str) -> bool:
    text = print_expression(tree, V3_GRAMMAR)
    return any(word in text for word in words)


@pytest.mark.parametrize("source", GRAMMARS, ids=lambda grammar: grammar.name)
@pytest.mark.parametrize("target", GRAMMARS, ids=lambda grammar: grammar.name)
@CALM
@given(data=st.data())
def test_what_is_translated_is_of_the_target(source: Grammar, target: Grammar, data: st.DataObject) -> None:
    url = data.draw(urls_of(source))
    try:
        translated = translate(url, source, target)
    except ODataError:
        return
    text = print_url(translated, target)
    assert print_url(parse_relative(text, target, LIMITS), target) == text


@CALM
@given(resource_paths_of(V3_GRAMMAR))
def test_paths_there_and_back(path: tuple[Segment, ...]) -> None:
    try:
        there = translate(path, V3_GRAMMAR, V4_GRAMMAR)
        back = translate(there, V4_GRAMMAR, V3_GRAMMAR)
    except ODataError:
        assume(False)
    text = print_path(back, V3_GRAMMAR)
    assert print_path(
        translate(parse_path(text, V3_GRAMMAR, LIMITS), V3_GRAMMAR, V4_GRAMMAR), V4_GRAMMAR
    ) == print_path(there, V4_GRAMMAR)


def projections() -> st.SearchStrategy[str]:
    """$expand and $select of v3, over a few names, so that they meet."""
    names = st.lists(st.sampled_from("ABC"), min_size=1, max_size=3).map("/".join)
    chosen = st.lists(names | st.sampled_from(["*", "A/*", "A/x", "x", "A/B/*"]), max_size=3).map(",".join)
    return st.builds(
        lambda expand, select: "&".join([f"$expand={expand}"] * bool(expand) + [f"$select={select}"] * bool(select)),
        st.lists(names, max_size=3).map(",".join),
        chosen,
    ).filter(bool)


@given(projections())
def test_projections_settle(text: str) -> None:
    """What v4 says of a v3 projection comes back as one that v4 says in the same way."""
    there = translate(parse_query(text, V3_GRAMMAR, LIMITS), V3_GRAMMAR, V4_GRAMMAR)
    back = translate(there, V4_GRAMMAR, V3_GRAMMAR)
    assert normal(translate(back, V3_GRAMMAR, V4_GRAMMAR)) == normal(there)


def normal(options: Options) -> object:
    """Without the order of what is selected, nor what a star makes needless: naming an expansion beside it."""
    expand = options.system.get("$expand", ())
    select = options.system.get("$select")
    expanded = {tuple(s.name for s in item.path): normal(item.options or Options()) for item in expand}
    names = None if select is None else {tuple(s.name for s in item.path) for item in select}
    if names is not None:
        # An expansion is there whether it is named or not, and a star is all the rest.
        names -= set(expanded)
    return expanded, names


def test_the_same_dialect_is_no_translation() -> None:
    tree = Binary("eq", Path((Segment("A"),)), Literal(1, edm.INT32))
    assert translate(tree, V3_GRAMMAR, V3_GRAMMAR) is tree
    url = Url((Segment("P"),), Options())
    assert translate(url, V3_GRAMMAR, V2_GRAMMAR) == url
