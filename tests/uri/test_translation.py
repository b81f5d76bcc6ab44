# What one dialect says, said in another: texts that mean the same, what changes on the way, and what is refused.

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest, NotImplementedHere, ODataError
from odata_core.limits import Limits
from odata_core.testing.trees import expressions_of
from odata_core.testing.url_trees import resource_paths_of, urls_of
from odata_core.uri.expressions import parse_expression
from odata_core.uri.functions import FUNCTIONS, READ_FUNCTIONS, find_function
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.printer import print_expression
from odata_core.uri.resource_paths import parse_path
from odata_core.uri.syntax import Binary, Literal, Node, Options, Path, Segment
from odata_core.uri.translation import translate
from odata_core.uri.url_printer import print_path, print_url
from odata_core.uri.urls import Url, parse_query, parse_relative
from tests.uri.same import same

LIMITS = Limits(url_length=10**6)
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


@pytest.mark.parametrize(("text", "source", "target", "there"), ONE_WAY, ids=str)
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


@pytest.mark.parametrize(("text", "source", "target", "there"), URLS_ONE_WAY, ids=str)
def test_urls_one_way(text: str, source: Grammar, target: Grammar, there: str) -> None:
    assert url_said(text, source, target) == there


def test_types_stay_though_v4_does_not_write_them() -> None:
    tree = parse_expression("A eq 5L or A eq 5M or A eq 5f", V3_GRAMMAR, LIMITS)
    assert translate(tree, V3_GRAMMAR, V4_GRAMMAR) == tree


# ------------------------------------------------------------------ refusals

REFUSED: list[tuple[str, Grammar, Grammar, str]] = [
    ("replace(A,'x','y') eq 'z'", V3_GRAMMAR, V4_GRAMMAR, "the function 'replace': it ended with OData 3.0."),
    (
        "contains(A,'x')",
        V3_GRAMMAR,
        V4_GRAMMAR,
        "a function of the model called 'contains': it would be the canonical function.",
    ),
    (
        "Cast(A,'x') eq 1",
        V3_GRAMMAR,
        V4_GRAMMAR,
        "a function of the model called 'Cast': it would be part of the language.",
    ),
    (
        "A/case(B) eq 1",
        V3_GRAMMAR,
        V4_GRAMMAR,
        "a function of the model called 'case': it would be part of the language.",
    ),
    ("days(A) eq 1", V3_GRAMMAR, V4_GRAMMAR, "the function 'days': a time of day has no such part."),
    ("now() gt A", V4_GRAMMAR, V3_GRAMMAR, "the function 'now': it came with OData 4.0."),
    ("matchesPattern(A,'x')", V4_GRAMMAR, V2_GRAMMAR, "the function 'matchesPattern': it came with OData 4.01."),
    ("geo.length(A) gt 1", V4_GRAMMAR, V2_GRAMMAR, "the function 'geo.length': it came with OData 3.0."),
    ("f(A) eq 1", V4_GRAMMAR, V2_GRAMMAR, "functions with a namespace: they came with OData 3.0."),
    ("A eq 2012-01-01", V4_GRAMMAR, V3_GRAMMAR, "literals of Edm.Date: Edm.Date came with OData 4.0."),
    (
        "A eq duration'PT1H'",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "literals of Edm.Duration: Edm.Duration came with OData 4.0, and Edm.Time is a time of day.",
    ),
    (
        "A eq 2012-01-01T00:00:60Z",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "the literal '2012-01-01T00:00:60Z': the time of day must be between 00:00:00 and 23:59:59.9999999.",
    ),
    (
        "A eq geometry'SRID=0;Point(1 1)'",
        V4_GRAMMAR,
        V2_GRAMMAR,
        "literals of Edm.GeometryPoint: Edm.GeometryPoint came with OData 3.0.",
    ),
    ("cast(A,Edm.Date) eq B", V4_GRAMMAR, V3_GRAMMAR, "the type Edm.Date: Edm.Date came with OData 4.0."),
    (
        "cast(A,Edm.GeographyPoint) eq B",
        V4_GRAMMAR,
        V2_GRAMMAR,
        "the type Edm.GeographyPoint: Edm.GeographyPoint came with OData 3.0.",
    ),
    (
        "A eq NS.Colour'Red'",
        V4_GRAMMAR,
        V2_GRAMMAR,
        "enumeration literals with their type: "
        "OData 2.0 has no enumerations, and OData 3.0 puts names in quotation marks.",
    ),
    ("A in B", V4_GRAMMAR, V3_GRAMMAR, "'in' before an expression: only a list can be written as comparisons."),
    (
        "A in [[1]]",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "'in' before a list of expressions: only literals can be compared one by one.",
    ),
    ("A has NS.C'Red'", V4_GRAMMAR, V3_GRAMMAR, "the operator 'has': it came with OData 4.0."),
    ("A divby B eq 1", V4_GRAMMAR, V3_GRAMMAR, "the operator 'divby': it came with OData 4.01."),
    ("case(A:1,true:2) eq 1", V4_GRAMMAR, V3_GRAMMAR, "case(): it came with OData 4.01."),
    ("Items/$count gt 1", V4_GRAMMAR, V3_GRAMMAR, "/$count in an expression: it came with OData 4.0."),
    ("Items/any(i:i eq 1)", V3_GRAMMAR, V2_GRAMMAR, "any and all: they came with OData 3.0."),
    ("$it eq 1", V4_GRAMMAR, V2_GRAMMAR, "$it: it came with OData 3.0."),
    ("$root/A(1)/B eq 1", V4_GRAMMAR, V3_GRAMMAR, "$root: it came with OData 4.0."),
    ("A eq @p", V4_GRAMMAR, V2_GRAMMAR, "parameter aliases: they came with OData 3.0."),
]


@pytest.mark.parametrize(("text", "source", "target", "message"), REFUSED, ids=str)
def test_what_cannot_be_translated(text: str, source: Grammar, target: Grammar, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        said(text, source, target)
    assert caught.value.message == f"{target.name} has no way to write {message}"


NO_LINKS = "references that are no links: $links stands between an entity and a property of it."
REFUSED_URLS: list[tuple[str, Grammar, Grammar, str]] = [
    ("P?filter=x", V3_GRAMMAR, V4_GRAMMAR, "the custom option 'filter': it would be a system query option."),
    ("P?Top=x", V2_GRAMMAR, V4_GRAMMAR, "the custom option 'Top': it would be a system query option."),
    (
        "P?$format=application/json;odata=verbose",
        V3_GRAMMAR,
        V4_GRAMMAR,
        "the parameter 'odata=verbose' of $format: it is one of OData 3.0.",
    ),
    ("C.P(1)", V3_GRAMMAR, V4_GRAMMAR, "a set with its container: a service of OData 4.0 has one container."),
    ("P/$/A", V3_GRAMMAR, V4_GRAMMAR, "the escape segment $: it belongs to the keys as segments of OData 3.0."),
    (
        "P(1)/$links",
        V3_GRAMMAR,
        V4_GRAMMAR,
        "this path of links: a navigation property, and a key or $count, must follow $links.",
    ),
    ("P?$search=a", V4_GRAMMAR, V3_GRAMMAR, "the query option $search: it came with OData 4.0."),
    (
        "P?$apply=identity",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "the query option $apply: it came with the aggregation extension of OData 4.0.",
    ),
    ("P?$compute=A as B", V4_GRAMMAR, V3_GRAMMAR, "the query option $compute: it came with OData 4.01."),
    ("P?$at=max", V4_GRAMMAR, V3_GRAMMAR, "the query option $at: it came with the temporal extension of OData 4.0."),
    ("P?@p=1", V4_GRAMMAR, V2_GRAMMAR, "parameter aliases: they came with OData 3.0."),
    (
        "P?$expand=A($top=1)",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "$top within $expand: options of a related resource cannot be told from those of the resource.",
    ),
    ("P?$expand=A/$ref", V4_GRAMMAR, V3_GRAMMAR, "$ref, $count and $value in $expand: they came with OData 4.0."),
    ("P?$expand=*", V4_GRAMMAR, V3_GRAMMAR, "* in $expand: it came with OData 4.0."),
    (
        "P?$expand=Address/Country",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "a path through a complex property in $expand: it would be read as a path of navigation properties.",
    ),
    (
        "P?$select=A($top=1)",
        V4_GRAMMAR,
        V3_GRAMMAR,
        "options within $expand and $select: options of a related resource cannot be told from those of the resource.",
    ),
    ("P?$select=@NS.T", V4_GRAMMAR, V3_GRAMMAR, "annotations in a path: they came with OData 4.0."),
    ("P?$expand=NS.T/A", V3_GRAMMAR, V2_GRAMMAR, "derived types in a path: they came with OData 3.0."),
    ("P/$ref", V4_GRAMMAR, V3_GRAMMAR, NO_LINKS),
    ("P(1)/$ref", V4_GRAMMAR, V3_GRAMMAR, NO_LINKS),
    ("P/abc/A/$ref", V4_GRAMMAR, V3_GRAMMAR, NO_LINKS),
    ("Me/A/$ref", V4_GRAMMAR, V3_GRAMMAR, NO_LINKS),
    ("P(1)/A/$ref/$query", V4_GRAMMAR, V3_GRAMMAR, "$query behind $ref: nothing can follow links."),
    ("$all", V4_GRAMMAR, V3_GRAMMAR, "the path segment $all: it came with OData 4.0."),
    ("$crossjoin(A,B)", V4_GRAMMAR, V3_GRAMMAR, "the path segment $crossjoin: it came with OData 4.0."),
    ("P/$filter(A eq 1)", V4_GRAMMAR, V3_GRAMMAR, "the path segment $filter: it came with OData 4.01."),
    ("$entity?$id=P(1)", V4_GRAMMAR, V3_GRAMMAR, "the query option $id: it came with OData 4.0."),
    ("$metadata#P", V4_GRAMMAR, V3_GRAMMAR, "the fragment of a context URL: it came with OData 4.0."),
]


@pytest.mark.parametrize(("text", "source", "target", "message"), REFUSED_URLS, ids=str)
def test_what_urls_cannot_say(text: str, source: Grammar, target: Grammar, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        url_said(text, source, target)
    assert caught.value.message == f"{target.name} has no way to write {message}"


def test_options_that_the_source_lacks_are_refused() -> None:
    with pytest.raises(NotImplementedHere, match="has no way to write the query option"):
        translate(Options({"$count": True}), V3_GRAMMAR, V4_GRAMMAR)


@pytest.mark.parametrize("text", ["substringof('x')", "substringof('x',A,B)", "cast()", "cast(A)", "isof(A,5)"])
def test_calls_with_wrong_arguments_are_bad(text: str) -> None:
    with pytest.raises(BadRequest):
        said(text, V3_GRAMMAR, V4_GRAMMAR)


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


# ------------------------------------------------------------------ the table of functions


def test_every_dialect_reads_what_it_writes() -> None:
    for canonical, row in FUNCTIONS.items():
        for dialect, written in row.written.items():
            spelling = READ_FUNCTIONS[dialect][written.name]
            assert (spelling.canonical, spelling.order) == (canonical, written.order)
        assert row.absent or set(row.written) == set(READ_FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "grammar", "canonical"),
    [
        ("substringof", V2_GRAMMAR, "contains"),
        ("Substringof", V3_GRAMMAR, None),
        ("contains", V3_GRAMMAR, None),
        ("MATCHESPATTERN", V4_GRAMMAR, "matchesPattern"),
        ("replace", V4_GRAMMAR, None),
        ("minutes", V3_GRAMMAR, "minute"),
        ("minutes", V2_GRAMMAR, None),
    ],
)
def test_finding_functions(name: str, grammar: Grammar, canonical: str | None) -> None:
    found = find_function(name, grammar)
    assert (found.canonical if found is not None else None) == canonical


def test_the_same_dialect_is_no_translation() -> None:
    tree = Binary("eq", Path((Segment("A"),)), Literal(1, edm.INT32))
    assert translate(tree, V3_GRAMMAR, V3_GRAMMAR) is tree
    url = Url((Segment("P"),), Options())
    assert translate(url, V3_GRAMMAR, V2_GRAMMAR) == url
