# What a dialect cannot say, each with the reason: tables for printing and for translation.

from __future__ import annotations

import pytest

from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest, NotImplementedHere
from odata_core.limits import Limits
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.printer import print_expression
from odata_core.uri.syntax import (
    Aggregate,
    Argument,
    Binary,
    ExpandItem,
    Items,
    Literal,
    Node,
    Options,
    Path,
    SearchTerm,
    Segment,
    SelectItem,
    Transformation,
)
from odata_core.uri.translation import translate
from odata_core.uri.url_printer import print_path, print_query, print_url
from odata_core.uri.urls import Url, parse_relative

LIMITS = Limits()


def label(value: object) -> str:
    """The name of a test for a row: texts and dialects say enough."""
    return value.name if isinstance(value, Grammar) else value if isinstance(value, str) else type(value).__name__


def integer(value: int) -> Literal:
    return Literal(value, edm.INT32)


# ------------------------------------------------------------------ expressions


@pytest.mark.parametrize(
    ("text", "grammar", "message"),
    [
        ("A in (1,2)", V3_GRAMMAR, "the operator 'in': it came with OData 4.01."),
        ("A divby 2", V2_GRAMMAR, "the operator 'divby': it came with OData 4.01."),
        ("A has NS.C'Red'", V3_GRAMMAR, "the operator 'has': it came with OData 4.0."),
        ("A/any(x:x gt 1)", V2_GRAMMAR, "any and all: they came with OData 3.0."),
        ("A eq 2012-09-03", V3_GRAMMAR, "literals of Edm.Date: Edm.Date came with OData 4.0."),
        (
            "A eq duration'PT1S'",
            V3_GRAMMAR,
            "literals of Edm.Duration: Edm.Duration came with OData 4.0, and Edm.Time is a time of day.",
        ),
        (
            "A eq NS.C'Red'",
            V3_GRAMMAR,
            "enumeration literals with their type: "
            "OData 2.0 has no enumerations, and OData 3.0 puts names in quotation marks.",
        ),
        ("case(A:1)", V3_GRAMMAR, "case(): it came with OData 4.01."),
        ("A eq [1,2]", V2_GRAMMAR, "JSON arrays and objects: they came with OData 3.0."),
        ("$it/A eq 1", V2_GRAMMAR, "$it: it came with OData 3.0."),
        ("$this eq 1", V3_GRAMMAR, "$this: it came with OData 4.01."),
        ("$root/A(1)/B eq 1", V3_GRAMMAR, "$root: it came with OData 4.0."),
        ("A eq @p", V2_GRAMMAR, "parameter aliases: they came with OData 3.0."),
        ("A/@NS.T eq 1", V3_GRAMMAR, "annotations in a path: they came with OData 4.0."),
        ("A/$count gt 1", V3_GRAMMAR, "/$count in an expression: it came with OData 4.0."),
        ("NS.T/A eq 1", V2_GRAMMAR, "derived types in a path: they came with OData 3.0."),
        ("NS.F(a=1) eq 1", V2_GRAMMAR, "functions with a namespace: they came with OData 3.0."),
    ],
)
def test_what_an_expression_cannot_say(text: str, grammar: Grammar, message: str) -> None:
    tree = parse_expression(text, V4_GRAMMAR, LIMITS)
    with pytest.raises(NotImplementedHere) as caught:
        print_expression(tree, grammar)
    assert caught.value.message == f"{grammar.name} has no way to write {message}"


A = Path((Segment("A"),))


@pytest.mark.parametrize(
    "tree",
    [
        Items((integer(1),), False),
        Path((Segment("null"),)),
        Binary("in", A, Items((A,), False)),
        Binary("like", A, A),
    ],
    ids=label,
)
def test_trees_that_no_text_gives_are_refused(tree: Node) -> None:
    with pytest.raises(NotImplementedHere, match="has no way to write"):
        print_expression(tree, V4_GRAMMAR)


# ------------------------------------------------------------------ options and paths


OPTION_TREES: list[tuple[Options, Grammar, str]] = [
    (Options({"$search": SearchTerm("a b")}), V4_GRAMMAR, "the word 'a b' of $search: a character in it ends it."),
    (Options({"$search": SearchTerm("a;b")}), V4_GRAMMAR, "the word 'a;b' of $search: a semicolon in it ends it."),
    (Options({"$search": SearchTerm('"', True)}), V4_GRAMMAR, "the phrase '\"' of $search: a character in it ends it."),
    (
        Options({"$expand": (ExpandItem((Segment("A"),), Options({"$search": SearchTerm("don't")})),)}),
        V4_GRAMMAR,
        "'$search=don't' in parentheses: its parts do not close: The quotation mark ' is not closed.",
    ),
    (
        Options({"$expand": (ExpandItem((Segment("A"),), Options({"$search": SearchTerm("a;top=5")})),)}),
        V4_GRAMMAR,
        "'$search=a;top=5' in parentheses: it would be read as several options.",
    ),
    (
        Options({"$apply": (Transformation("search", (SearchTerm("don't"),)),)}),
        V4_GRAMMAR,
        "'don't' in search(): its parts do not close: The quotation mark ' is not closed.",
    ),
    (
        Options({"$apply": ()}),
        V3_GRAMMAR,
        "the query option $apply: it came with the aggregation extension of OData 4.0.",
    ),
    (Options({"$compute": ()}), V3_GRAMMAR, "the query option $compute: it came with OData 4.01."),
    (Options({"$count": True}), V3_GRAMMAR, "the query option $count: there it is called $inlinecount."),
    (Options({"$inlinecount": True}), V4_GRAMMAR, "the query option $inlinecount: there it is called $count."),
    (Options({"$search": SearchTerm("a")}), V2_GRAMMAR, "the query option $search: it came with OData 4.0."),
    (Options({}, {"@p": integer(1)}), V2_GRAMMAR, "parameter aliases: they came with OData 3.0."),
    (
        Options({"$expand": (ExpandItem((Segment("A"),), Options({"$top": 1})),)}),
        V3_GRAMMAR,
        "options within $expand and $select: options of a related resource cannot be told from those of the resource.",
    ),
    (Options({"$expand": (ExpandItem((Segment("*"),)),)}), V3_GRAMMAR, "* in $expand: it came with OData 4.0."),
    (
        Options({"$expand": (ExpandItem((Segment("A"), Segment("$ref"))),)}),
        V3_GRAMMAR,
        "$ref, $count and $value in $expand: they came with OData 4.0.",
    ),
    (
        Options({"$select": (SelectItem((Segment("NS.F", (Argument(A),)),)),)}),
        V3_GRAMMAR,
        "the parameters of a function in $select: they came with OData 4.0.",
    ),
    (
        Options({"$filter": Path((Segment("S"), Segment("aggregate", (Argument(Aggregate(A, "sum", "T")),))))}),
        V3_GRAMMAR,
        "aggregations in a path: it came with the aggregation extension of OData 4.0.",
    ),
    (
        Options({"$filter": Literal("\ud800", edm.STRING)}),
        V4_GRAMMAR,
        "half of a surrogate pair in a URL: UTF-8 has no form of it.",
    ),
]


@pytest.mark.parametrize(("options", "grammar", "message"), OPTION_TREES, ids=label)
def test_what_options_cannot_say(options: Options, grammar: Grammar, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        print_query(options, grammar)
    assert caught.value.message == f"{grammar.name} has no way to write {message}"


PATH_TREES: list[tuple[tuple[Segment, ...], Grammar, str]] = [
    (
        (Segment("P"), Segment("..")),
        V4_GRAMMAR,
        "the path segment '..': clients and proxies resolve it (RFC 3986, 5.2.4).",
    ),
    ((Segment("P"), Segment("f(1)")), V4_GRAMMAR, "the key 'f(1)' as a path segment: it would be read as a call."),
    ((Segment("P"), Segment("O('N")), V3_GRAMMAR, "the key 'O('N' as a path segment: it would be read as torn apart."),
    (
        (Segment("P"), Segment("$links"), Segment("A")),
        V4_GRAMMAR,
        "the path segment $links: there $ref stands behind the navigation property.",
    ),
    (
        (Segment("P"), Segment("A"), Segment("$ref")),
        V3_GRAMMAR,
        "the path segment $ref: there $links stands before the navigation property.",
    ),
    (
        (Segment("P"), Segment("$")),
        V4_GRAMMAR,
        "the escape segment $: it belongs to the keys as segments of OData 3.0.",
    ),
    ((Segment("$all"),), V3_GRAMMAR, "the path segment $all: it came with OData 4.0."),
    ((Segment("$crossjoin", (Argument(A),)),), V2_GRAMMAR, "the path segment $crossjoin: it came with OData 4.0."),
    ((Segment("P"), Segment("$each")), V3_GRAMMAR, "the path segment $each: it came with OData 4.01."),
    ((Segment("P"), Segment("$query")), V3_GRAMMAR, "the path segment $query: it came with OData 4.01."),
    ((Segment("P"), Segment("NS.T")), V2_GRAMMAR, "derived types in a path: they came with OData 3.0."),
    ((Segment("C.Set"),), V4_GRAMMAR, "a set with its container: a service of OData 4.0 has one container."),
    (
        (Segment("F", (Argument(integer(1), "a"),), key=(Argument(integer(2)),)),),
        V2_GRAMMAR,
        "a key behind a function's parameters: functions came with OData 3.0.",
    ),
]


@pytest.mark.parametrize(("path", "grammar", "message"), PATH_TREES, ids=label)
def test_what_paths_cannot_say(path: tuple[Segment, ...], grammar: Grammar, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        print_path(path, grammar)
    assert caught.value.message == f"{grammar.name} has no way to write {message}"


def test_fragments_are_of_version_4() -> None:
    url = Url((Segment("$metadata"),), Options(), "Products")
    with pytest.raises(NotImplementedHere, match="the fragment of a context URL: it came with"):
        print_url(url, V3_GRAMMAR)


# ------------------------------------------------------------------ translation


def said(text: str, source: Grammar, target: Grammar) -> str:
    """An expression of one dialect in the text of another."""
    return print_expression(translate(parse_expression(text, source, LIMITS), source, target), target)


def url_said(text: str, source: Grammar, target: Grammar) -> str:
    url = parse_relative(text.replace(" ", "%20"), source, LIMITS)
    return print_url(translate(url, source, target), target)


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


@pytest.mark.parametrize(("text", "source", "target", "message"), REFUSED, ids=label)
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


@pytest.mark.parametrize(("text", "source", "target", "message"), REFUSED_URLS, ids=label)
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
