# Every line of the URL corpora against parser and binder: what others accept is accepted, what they refuse is refused,
# and the trees, types, keys and places of mistakes that they found are ours too. Where we differ, a table says why; an
# entry that has come right must leave its table.
# A line without a model is only parsed; one that must fail may also fail over rows that have any property, since it is
# about functions and their arguments then.

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import pytest

from odata_core.edm import name_of
from odata_core.errors import ODataError
from odata_core.explain import painter
from odata_core.explain.meaning import plain_meaning
from odata_core.explain.people import show_meaning
from odata_core.query.urls import BoundUrl
from odata_core.uri.syntax import Search
from odata_core.uri.urls import Url
from tests.conformance.corpora import Line, lines
from tests.conformance.models import bind_line, bind_untyped, expression_of, parse_line, syntax_of
from tests.conformance.notations import (
    angled,
    braced,
    facts_as_ours,
    facts_of,
    linq,
    searched,
    segments_of,
    spelled_our_way,
    without_conversions,
)
from tests.query.test_options_corpora import tree

VERSIONS: Final = (2, 3, 4)
Key = tuple[int, str]

# ------------------------------------------------------------------ accepted or not

_PLUS = "+ is a blank in a query (HTML forms; every browser and most client libraries send it so)"
_SEARCH = "$search applies to any collection, also where its items are counted (4.01 Part 2, 5.1.7; Part 1, 11.2.10)"
_WORD = "a lone NOT or AND is a word by the 4.01 ABNF, searchWord"
_NO_SET = "the document of the model does not have the set"
_NO_DOCUMENT = "rests on a model that has no document"
_PROMOTION = "numbers of different types are promoted, Edm.Decimal to Edm.Double too (4.01 Part 2, 5.1.1.16)"

# The label is not followed: a specification contradicts it, or it rests on what the corpus does not have.
_SUFFIX: Final = "clients write suffixes in version 4: 102.0D is the number that 102.0 is, whatever number is meant"
OVERRULED: Final[Mapping[Key, str]] = {
    (2, "Employees%28%29"): "decoded after it was split: encoded parentheses are parentheses (4.01 Part 2, 2)",
    (2, "Employees??"): "a custom option may have any name that begins with neither $ nor @ (4.01 Part 2, 5.2)",
    (2, "Employees?$filter=EmployeeId+eq+%271%27"): _PLUS,
    (2, "Employees?$filter=EmployeeId+eq+%271%27&odata-accept-forms-encoding=asdf"): _PLUS,
    (2, "Managers?$filter=nm_Employees/EmployeeName%20eq%20%27Archana%27"): (
        "a path through a collection has no single value that could be compared (MS-ODATA 2.2.3.6.1.4)"
    ),
    (2, "Complex/Address/City"): "a string is no condition (MS-ODATA 2.2.3.6.1.4, boolCommonExpression)",
    (2, "navProperty lt null"): _NO_DOCUMENT,
    (2, "decimal'2.345'"): "a decimal is written 2.345M (MS-ODATA 2.2.2)",
    **dict.fromkeys(
        (
            (3, "Vehicles/NS.Car"),
            (3, "Cars/NS.Vehicle"),
            (3, "Vehicles(42)/NS.Vehicle"),
            (3, "Vehicles(42)/Wash"),
            (3, "Vehicles(42)/NS.Car/Wash"),
            (3, "Vehicles/WashMultiple"),
        ),
        _NO_SET,
    ),
    (3, "customerid"): _NO_DOCUMENT,
    (3, "$select=IDD"): _NO_DOCUMENT,
    (3, "Products URI"): "the word URI is prose of the page that the line was taken from",
    (
        4,
        "ESTwoKeyNav?$filter=NavPropertyETKeyNavMany(1)/NavPropertyETTwoKeyNavMany(PropertyString='2')"
        "/PropertyString eq 'SomeString'",
    ): ("no referential constraint tells the other part of the key (4.01 Part 2, 4.3.3)"),
    (4, "ESTwoKeyNav?$orderby=PropertyComp desc,PropertyComp/PropertyInt16 eq 1"): (
        "keys are primitive values: 'whose primitive result values are used to sort the items' (Part 1, 11.2.6.2)"
    ),
    (4, "GeographyPoint"): "'Values of type Edm.Stream or any of the Geo types cannot be sorted' (Part 1, 11.2.6.2)",
    (
        4,
        "ESTwoKeyNav?$filter=olingo.odata.test1.BFCESTwoKeyNavRTStringParam(ParameterComp=@p1) eq '0'"
        '&@p1={"PropertyInt16":["1","2","3"],"PropertyString":"1"}',
    ): "a list is no Edm.Int16",
    (4, "ESCompCollComp(1)/PropertyComp/CollPropertyComp?$search=bla"): _SEARCH,
    (4, "ESCollAllPrim(1)/CollPropertyString/$count?$search=bla"): _SEARCH,
    (4, "AIRTCollCTTwoPrimParam?$search=bla"): _SEARCH,
    (4, "ESMixPrimCollComp?$select=PropertyInt16+"): "clients write blanks around the items of a list",
    **dict.fromkeys(
        ((4, "Pet2Set(102.0D)/"), (4, "GetPet2(id=102.0D)"), (4, "GetPet3(id=12M)"), (4, "ID eq 123M")), _SUFFIX
    ),
    (4, "ESTwoKeyNav?$search=NOT"): _WORD,
    (4, "ESTwoKeyNav?$search=AND"): _WORD,
    (4, "DoubleID eq DecimalID"): _PROMOTION,
    (4, "DecimalID add INF eq INF"): _PROMOTION,
    (4, "isof(MyAddress,Fully.Qualified.Namespace.Pet1)"): (
        "an instance that is not assignable to the type makes isof false (4.01 Part 2, 5.1.1.10.2)"
    ),
    (4, "isof(null,Fully.Qualified.Namespace.Person)"): "null can be cast to any type (4.01 Part 2, 5.1.1.10.1)",
    (4, "People(1)/Fully.Qualified.Namespace.AllMyFriendsDogs(inOffice=true)(1)"): (
        "a key may follow a composable function that gives entities (4.01 ABNF, collectionNavPath)"
    ),
}
AIMS: Final = {"positive": 1.0, "syntax-negative": 1.0, "semantic-negative": 0.95, "option-not-allowed": 0.95}


def is_accepted(line: Line, version: int) -> bool:
    try:
        bound = bind_line(line, version)
        if bound is None and not line["ok"] and line["kind"] in ("filter", "orderby"):
            bind_untyped(line, version)
    except ODataError:
        return False
    return True


def class_of(line: Line) -> str:
    """The class of a line of v4; v2 and v3 have kinds only."""
    return str(line.get("class", line["kind"]))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_line(version: int, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = lines(f"v{version}-uris")
    wrong = [line for line in corpus if is_accepted(line, version) is not line["ok"]]
    known = {text for there, text in OVERRULED if there == version}
    assert [(line["ok"], line["uri"]) for line in wrong if line["uri"] not in known] == []
    assert known - {line["uri"] for line in wrong} == set()
    total, off = Counter(map(class_of, corpus)), Counter(map(class_of, wrong))
    counted = [line for line in corpus if (version, line["uri"]) not in OVERRULED]
    fair, short = Counter(map(class_of, counted)), Counter([class_of(line) for line in wrong if line in counted])
    with capsys.disabled():
        print(f"\nv{version}-uris: {_score(len(corpus), len(wrong), len(counted), sum(short.values()))}")
        for name in total:
            print(f"  {name}: {_score(total[name], off[name], fair[name], short[name])}")
    if version < 4:
        assert sum(short.values()) <= 0.01 * len(counted)
    else:
        assert {name: 1 - short[name] / fair[name] >= aim for name, aim in AIMS.items()} == dict.fromkeys(AIMS, True)


def _score(total: int, wrong: int, fair: int, short: int) -> str:
    overruled = f", {fair - short} of {fair} without labels that are overruled" if fair < total else ""
    return f"{total - wrong} of {total} as labelled{overruled}"


def test_what_is_positive_is_grammatical() -> None:
    for line in lines("v4-uris"):
        if line["class"] == "positive":
            parse_line(line, 4)


# ------------------------------------------------------------------ trees


def compare(
    version: int,
    member: str,
    ours: Callable[[Line], Any],
    differences: Mapping[str, str],
    theirs: Callable[[Any], Any] = lambda value: value,
) -> int:
    """How many lines with this member agree; every other one must be in the table."""
    given = [line for line in lines(f"v{version}-uris") if member in line]
    answers = {line["uri"]: (_answer(ours, line), theirs(line[member])) for line in given}
    differ = {text: found for text, (found, wanted) in answers.items() if found != wanted}
    assert {text: found for text, found in differ.items() if text not in differences} == {}
    assert set(differences) - set(differ) == set()
    return len(given) - len([line for line in given if line["uri"] in differ])


def _answer(ours: Callable[[Line], Any], line: Line) -> Any:
    try:
        return ours(line)
    except ODataError as error:
        return f"refused: {error.message}"


def test_trees_of_v2() -> None:
    assert compare(2, "serialized", lambda line: braced(syntax_of(line, 2)), {}, spelled_our_way) == 111


def test_trees_of_v3() -> None:
    assert compare(3, "linq", lambda line: linq(expression_of(line, 3)), {}, without_conversions) == 32


def test_trees_of_v4() -> None:
    assert compare(4, "ast", lambda line: angled(expression_of(line, 4)), {}, lambda text: "".join(text.split())) == 82


def search_of(line: Line) -> Search:
    url = parse_line(line, 4)
    assert isinstance(url, Url)
    search: Search = url.options.system["$search"]
    return search


def test_searches_of_v4() -> None:
    assert compare(4, "search_ast", lambda line: searched(search_of(line)), {}) == 14


_ENDS_EARLY = "the origin's test looks at the first segments only"
SEGMENTS: Final = {
    "ESTwoKeyNav(PropertyInt16=1,PropertyString='2')/PropertyComp"
    "/olingo.odata.test1.BFCCTPrimCompRTESTwoKeyNav()/$count": _ENDS_EARLY,
    "ESTwoKeyNav/olingo.odata.test1.BFCESTwoKeyNavRTCollCTTwoPrim()/$count": _ENDS_EARLY,
    "FICRTCollCTTwoPrimTwoParam(ParameterInt16=1,ParameterString='2')/olingo.odata.test1.CTBase": _ENDS_EARLY,
}


def test_segments_of_v4() -> None:
    assert compare(4, "segments", lambda line: segments_of(url_of(line, 4).resource), SEGMENTS) == 56


def url_of(line: Line, version: int) -> BoundUrl:
    bound = bind_line(line, version)
    assert isinstance(bound, BoundUrl)
    return bound


_REFUSED = "Managers?$filter=nm_Employees/EmployeeName%20eq%20%27Archana%27"
FACTS: Final = {
    _REFUSED: OVERRULED[(2, _REFUSED)],
    "SetEmployee": "called with POST, so it is an action here",
}


def test_facts_of_v2() -> None:
    """Sets, imports, kinds of resources, values of keys and of options."""
    assert compare(2, "facts", lambda line: facts_of(url_of(line, 2), line["facts"]), FACTS, facts_as_ours) == 37


def test_selections_of_v2() -> None:
    assert compare(2, "tree", lambda line: tree(url_of(line, 2).options), {}, json.loads) == 20


# ------------------------------------------------------------------ types and places

TYPES: Final = {
    "concat('a','b','c')": "refused: concat takes two strings (MS-ODATA, concatMethodCallExpression)",
    "null gt X'1234567890ABCDEF'": "refused: binary values have no order",
}


def type_of(line: Line) -> str:
    kind = bind_untyped(line, 2).type
    return "Edm.Null" if kind is None else name_of(kind)


def least_as_int32(name: str) -> str:
    """The origin gives a whole number the least type that holds it; MS-ODATA 2.2.2 knows no literals below Int32."""
    return "Edm.Int32" if name in ("Edm.SByte", "Edm.Byte", "Edm.Int16") else name


def test_types_of_v2() -> None:
    assert compare(2, "edm_type", type_of, TYPES, least_as_int32) == 46


_END = "the place where something is missing, not the last character or bracket before it"
PLACES: Final = {
    **dict.fromkeys(("String asc,", "concat(", "concat('a' 'b')", "(123", "(123 add (456"), _END),
    "'A' and concat('A')": "'A' is no condition, which is seen first",
}


def place_of(line: Line) -> int | None:
    """Where we see the mistake, counted from 1 as the origin does."""
    try:
        _ = bind_line(line, 2) or bind_untyped(line, 2)
    except ODataError as error:
        return None if error.position is None else error.position + 1
    return None


def test_places_of_mistakes_in_v2() -> None:
    assert compare(2, "error_position", place_of, PLACES) == 16


# ------------------------------------------------------------------ explanations


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_understood_can_be_explained(version: int) -> None:
    """For people with all parts of expressions, and as JSON."""
    for line in lines(f"v{version}-uris"):
        bound = bind_line(line, version) if line["ok"] and (version, line["uri"]) not in OVERRULED else None
        if isinstance(bound, BoundUrl):
            assert show_meaning(bound, painter(colour=False))[0] == "resource"
        msgspec.json.encode(plain_meaning(bound))
