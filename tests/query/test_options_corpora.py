# The URL corpora of others against the binder of query options: what can be asked there can be asked here, and the
# other way round, but for lines that are listed with a reason.

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from odata_core.edm import EntitySet
from odata_core.edm.primitives import INT32
from odata_core.errors import ODataError
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions
from odata_core.query.path_binder import PathBinder
from odata_core.query.resource_options import Use, check_options
from odata_core.query.scope import Scope
from odata_core.query.tree import Follow
from odata_core.uri.urls import parse_query, parse_relative
from tests.conformance.corpora import Line, lines
from tests.query.paths import FAMILIES, LIMITS
from tests.query.test_resource_corpora import DOCUMENTS, model_of

KINDS = frozenset({"apply", "expand", "orderby", "query", "search", "select", "select-expand", "uri"})


def option_lines(version: int) -> list[Line]:
    """The lines of a corpus that have query options and a model."""
    found = [line for line in lines(f"v{version}-uris") if line["kind"] in KINDS and line.get("model") in DOCUMENTS]
    return [line for line in found if "?" in line["uri"] or "context" in line or "$" in line["uri"]]


def bound(line: Line, version: int) -> BoundOptions:
    """What the options of a line ask for, of the resource that its path names or of a type."""
    model = model_of(line["model"])
    grammar, rules = FAMILIES[version]
    if "context" in line:
        query = line["uri"] if line["kind"] == "select-expand" else f"${line['kind']}={line['uri']}"
        options = parse_query(quote(query, safe="$=&,;/()'@*!:-._~+"), grammar, LIMITS)
        kind = next((kind for kind in model.types.values() if kind.name == line["context"]), None)
        source: EntitySet | None = next((found for found in model.entity_sets.values() if found.type is kind), None)
        return bind_options(options, Scope(model, grammar, LIMITS, INT32 if kind is None else kind, source))
    url = parse_relative(line["uri"].removeprefix("/"), grammar, LIMITS)
    resource = PathBinder(model, grammar, LIMITS, rules).bind(url.path, url.options)
    check_options(url.options.system, resource, Use.READ)
    scope = Scope(model, grammar, LIMITS, resource.type, resource.source, resource.prefix)
    return bind_options(url.options, scope)


_PLUS = "+ is a blank in a query (needs of real clients)"
_SEARCH = "$search applies to any collection, also where its items are counted (Part 2, 5.1.7; Part 1, 11.2.10)"
_WORD = "the 4.01 ABNF takes a lone NOT or AND for a word"
OTHERWISE: dict[tuple[int, str], str] = {
    (2, "Employees??"): "a custom option may have any name that begins with neither $ nor @ (4.01 Part 2, 5.2)",
    (2, "Employees?$filter=EmployeeId+eq+%271%27"): _PLUS,
    (2, "Employees?$filter=EmployeeId+eq+%271%27&odata-accept-forms-encoding=asdf"): _PLUS,
    (2, "Managers?$filter=nm_Employees/EmployeeName%20eq%20%27Archana%27"): (
        "a path through a collection has no single value that could be compared (MS-ODATA 2.2.3.6.1.4)"
    ),
    (4, "ESTwoKeyNav?$orderby=PropertyComp desc,PropertyComp/PropertyInt16 eq 1"): (
        "keys are primitive values: 'whose primitive result values are used to sort the items' (Part 1, 11.2.6.2)"
    ),
    (4, "GeographyPoint"): "'Values of type Edm.Stream or any of the Geo types cannot be sorted' (Part 1, 11.2.6.2)",
    (4, "ESCompCollComp(1)/PropertyComp/CollPropertyComp?$search=bla"): _SEARCH,
    (4, "ESCollAllPrim(1)/CollPropertyString/$count?$search=bla"): _SEARCH,
    (4, "AIRTCollCTTwoPrimParam?$search=bla"): _SEARCH,
    (4, "ESMixPrimCollComp?$select=PropertyInt16+"): "clients write blanks around the items of a list",
    (4, "ESTwoKeyNav?$search=NOT"): _WORD,
    (4, "ESTwoKeyNav?$search=AND"): _WORD,
}
CASES = [(version, number) for version in FAMILIES for number in range(len(option_lines(version)))]


def can_be_asked(line: Line, version: int) -> bool:
    try:
        bound(line, version)
    except ODataError:
        return False
    return True


@pytest.mark.parametrize(("version", "number"), CASES)
def test_a_line_can_be_asked_or_not(version: int, number: int) -> None:
    line = option_lines(version)[number]
    wanted = line["ok"] if "class" not in line else line["class"] == "positive"
    known = OTHERWISE.get((version, line["uri"]))
    assert can_be_asked(line, version) is (wanted is (known is None)), (line["uri"], known)


def tree(options: BoundOptions) -> dict[str, Any]:
    """The tree as the corpus writes it: links that are not expanded are null, and left out where all are wanted."""
    selection = options.select
    everything = selection is None or selection.everything
    members = () if selection is None else selection.members
    links: dict[str, Any] = {}
    for member in members:
        if isinstance(member.member, Follow) and not everything:
            links[member.name] = None
    links |= {expansion.name: tree(expansion.options) for expansion in options.expand}
    properties = [] if everything else [member.name for member in members if not isinstance(member.member, Follow)]
    return {"all": everything, "properties": properties, "links": [{name: link} for name, link in links.items()]}


def test_the_list_names_lines() -> None:
    assert set(OTHERWISE) <= {(version, line["uri"]) for version in FAMILIES for line in option_lines(version)}


TREES = [line for line in option_lines(2) if "tree" in line]


@pytest.mark.parametrize("number", range(len(TREES)))
def test_trees_of_v2(number: int) -> None:
    line = TREES[number]
    assert tree(bound(line, 2)) == json.loads(line["tree"]), line["uri"]


def test_there_are_trees() -> None:
    assert len(TREES) > 15
