# The URL corpora of others against the binder of paths: what names something there does here, and the other way round,
# but for lines that are listed with a reason. And any path over any of their models names something or is refused.

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.csdl import read_csdl
from odata_core.edm import EntityType, Model, StructuredType
from odata_core.errors import ODataError
from odata_core.query.resource import Kind, Resource
from odata_core.query.resource_options import Use, check_options
from odata_core.uri.encoding import encode_segment
from odata_core.uri.urls import parse_relative
from tests.conformance.corpora import Line, lines, path_of
from tests.query.paths import FAMILIES, LIMITS, bind

DOCUMENTS: dict[str, tuple[str, ...]] = {
    "olingo2-RefScenario-mock": ("olingo2-RefScenario-mock.xml",),
    "WebApiV3-ODataRoutingModel": ("webapi3-Routing.xml",),
    "olingo4-TecSvc": ("olingo4-TecSvc.xml",),
    "odata.net-HardCodedTestModel": (
        "odata.net-HardCodedTestModel-MainModelXml.xml",
        *(f"odata.net-HardCodedTestModel-SubModelXml{number}.xml" for number in (1, 2, 3, 4)),
    ),
}
PATH_KINDS = frozenset({"uri", "path", "route"})


@cache
def model_of(name: str) -> Model:
    main, *others = [path_of(f"metadata/models/{file}").read_bytes() for file in DOCUMENTS[name]]
    return read_csdl(main, references={f"http://submodel{number}": text for number, text in enumerate(others, 1)})


def path_lines(version: int) -> list[Line]:
    """The lines of a corpus that are about paths."""
    found = [line for line in lines(f"v{version}-uris") if line["kind"] in PATH_KINDS and line["model"] in DOCUMENTS]
    return found if version > 2 else [{**line, "uri": line["uri"].removeprefix("/")} for line in found]


# What the labels say and the specifications do not.
OTHERWISE = {
    (2, "Employees%28%29"): "decoded after splitting, parentheses are parentheses (needs of real clients)",
    # Clients write suffixes in version 4: 102.0D is the number that 102.0 is, which may be a decimal.
    **dict.fromkeys(((4, "Pet2Set(102.0D)/"), (4, "GetPet2(id=102.0D)"), (4, "GetPet3(id=12M)")), "suffixes"),
    # Their options are refused, not their paths.
    (2, "Employees??"): "options",
    (2, "Employees?$orderby=desc"): "options",
    (2, "Employees?$inlinecount=allpages&$inlinecount=none"): "options",
    (2, "Employees?$filter=EmployeeId+eq+%271%27"): "options",
    (2, "Employees?$filter=EmployeeId+eq+%271%27&odata-accept-forms-encoding=asdf"): "options",
    (2, "Managers('1')?$expand=nm_Employees/EmployeeName"): "options",
    (2, "Managers('1')?$expand=nm_Employees/*"): "options",
    # The document of the model does not have the set.
    **dict.fromkeys(
        (
            (3, "Vehicles/NS.Car"),
            (3, "Cars/NS.Vehicle"),
            (3, "Vehicles(42)/NS.Vehicle"),
            (3, "Vehicles(42)/Wash"),
            (3, "Vehicles(42)/NS.Car/Wash"),
            (3, "Vehicles/WashMultiple"),
        ),
        "not in the model",
    ),
    (4, "People(1)/Fully.Qualified.Namespace.AllMyFriendsDogs(inOffice=true)(1)"): (
        "a key may follow a composable function that gives entities (4.01 ABNF, collectionNavPath)"
    ),
}
CASES = [(version, number) for version in FAMILIES for number in range(len(path_lines(version)))]


def is_named(line: Line, version: int) -> bool:
    try:
        bind(model_of(line["model"]), line["uri"], version)
    except ODataError:
        return False
    return True


@pytest.mark.parametrize(("version", "number"), CASES)
def test_a_line_names_something_or_not(version: int, number: int) -> None:
    line = path_lines(version)[number]
    known = OTHERWISE.get((version, line["uri"]))
    assert is_named(line, version) is (line["ok"] is (known is None)), (line["uri"], known)


def test_the_list_names_lines() -> None:
    assert set(OTHERWISE) <= {(version, line["uri"]) for version in FAMILIES for line in path_lines(version)}


KINDS_OF_URI_TYPES = {
    "URI0": Kind.ROOT,
    "URI1": Kind.COLLECTION,
    "URI2": Kind.ENTITY,
    "URI3": Kind.PROPERTY,
    "URI5": Kind.VALUE,
    "URI6A": Kind.ENTITY,
    "URI6B": Kind.COLLECTION,
    "URI7B": Kind.LINKS,
    "URI10": Kind.ENTITY,
    "URI10a": Kind.COLLECTION,
    "URI12": Kind.RESULT,
    "URI13": Kind.RESULT,
    "URI16": Kind.COUNT,
    "URI50A": Kind.COUNT,
}
FACTS = [line for line in path_lines(2) if line["ok"] and line.get("facts", {}).get("entity_set")]


@pytest.mark.parametrize("line", FACTS, ids=[line["uri"] for line in FACTS])
def test_sets_keys_and_kinds_of_version_2(line: Line) -> None:
    resource, facts = bind(model_of(line["model"]), line["uri"], 2), line["facts"]
    assert resource.entity_set.name.rpartition(".")[2] == facts["entity_set"]
    if "uri_type" in facts:
        assert resource.kind is KINDS_OF_URI_TYPES[facts["uri_type"]]
    for index, text in facts.get("keys", {}).items():
        key = resource.hops[-1].key
        assert key is not None
        assert str(key[int(index)]) == text


OPTION_LINES = [
    line
    for line in lines("v4-uris")
    if line["model"] == "olingo4-TecSvc"
    and "\\" not in line["uri"]  # one, and a URL holds no backslash that is not percent-encoded (RFC 3986)
    and (
        line.get("error_key") == "SYSTEM_QUERY_OPTION_NOT_ALLOWED"
        or (line["class"] == "positive" and "?" in line["uri"])
    )
]
OPTIONS_OTHERWISE = {
    # 4.01 Part 2, 5.1.7: $search on collections of any kind; the labels are of 4.0.
    "ESCompCollComp(1)/PropertyComp/CollPropertyComp?$search=bla",
    "ESCollAllPrim(1)/CollPropertyString/$count?$search=bla",
    "AIRTCollCTTwoPrimParam?$search=bla",
}


@pytest.mark.parametrize("line", OPTION_LINES, ids=[line["uri"] for line in OPTION_LINES])
def test_options_that_may_stand_on_a_resource(line: Line) -> None:
    model, (grammar, _rules) = model_of(line["model"]), FAMILIES[4]
    try:
        resource = bind(model, line["uri"])
        check_options(parse_relative(line["uri"], grammar, LIMITS).options.system, resource, Use.READ)
        allowed = True
    except ODataError:
        allowed = False
    assert allowed is (line["class"] == "positive" or line["uri"] in OPTIONS_OTHERWISE)


# ------------------------------------------------------------------ any path


@cache
def words_of(name: str) -> list[str]:
    """The names of a model, and what else stands in paths."""
    model = model_of(name)
    found = [*model.entity_sets, *model.singletons, *model.imports, *model.operations, *model.types]
    for kind in model.types.values():
        if isinstance(kind, StructuredType):
            found += [*kind.properties, *kind.navigation]
    found += [operation.name for overloads in model.operations.values() for operation in overloads]
    keys = [f"({name}={value})" for name in ("ID", "PropertyInt16", "x") for value in ("1", "'x'", "@p", "null")]
    dollars = [
        "$count",
        "$value",
        "$ref",
        "$links",
        "$each",
        "$query",
        "$all",
        "$entity",
        "$metadata",
        "$batch",
        "$",
        "$$x",
    ]
    calls = ["$filter(true)", "$filter(@p)", "$filter(ID eq 1)", f"$crossjoin({next(iter(model.entity_sets))})"]
    return [*dict.fromkeys(found), *keys, "(1)", "('1')", "()", "()()", "(1)(2)", *dollars, *calls, "1", "-1", "x", ""]


@cache
def starts_of(name: str) -> list[str]:
    model = model_of(name)
    return [*model.entity_sets, *model.singletons, *model.imports, "$all", ""]


def fitting_words(model: Model, resource: Resource) -> list[str]:
    """What may well follow a resource: its members, its types, its operations, its keys."""
    kind = resource.type
    found = ["$count", "$ref", "$value", "$each", "$query", "$filter(true)", "$filter(@p)", "0"]
    if isinstance(kind, StructuredType):
        found += [
            one.qualified_name for one in model.types.values() if isinstance(one, StructuredType) and one.is_a(kind)
        ]
        found += [*kind.properties, *kind.navigation, *(f"$links/{name}" for name in kind.navigation)]
    if isinstance(kind, EntityType) and resource.is_collection and kind.key:
        found += [f"({_key_text(kind)})"] * 3
        found += [f"{one.qualified_name}({_key_text(kind)})" for one in model.types.values() if one is kind]
    if kind is not None:
        found += [one.qualified_name for one in model.bound_operations(kind, is_collection=resource.is_collection)]
    return found


def _key_text(kind: EntityType) -> str:
    samples = {"Edm.String": "'1'", "Edm.Boolean": "true"}
    parts = [f"{name}={samples.get(kind.key_property(name).type_name, '1')}" for name in kind.key]
    return ",".join(parts)


@st.composite
def urls(draw: Any, name: str, version: int) -> str:
    """A path that leads somewhere for a while, mostly of words that fit, with options behind it."""
    model, path = model_of(name), draw(st.sampled_from(starts_of(name)))
    other = st.sampled_from(words_of(name)) | st.text(max_size=8).map(encode_text)
    for _ in range(draw(st.integers(0, 6))):
        try:
            words = fitting_words(model, bind(model, path, version))
        except ODataError:
            words = words_of(name)
        word = draw(other if draw(st.integers(0, 5)) == 0 else st.sampled_from(words))
        path += word if word.startswith("(") else f"/{word}"
    queries = ["", "?@p=1", "?@p=true", "?ParameterInt16=1", "?@p=[1,2]", '?@p={"a":1}', "?q='x'"]
    url: str = path.removeprefix("/") + draw(st.sampled_from(queries))
    return url


def encode_text(text: str) -> str:
    return encode_segment(text if text.isprintable() else repr(text))


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data(), version=st.sampled_from(list(FAMILIES)), key_as_segment=st.booleans())
def test_any_path_names_something_or_is_refused(
    name: str, data: st.DataObject, version: int, key_as_segment: bool
) -> None:
    url = data.draw(urls(name, version))
    try:
        resource = bind(model_of(name), url, version, key_as_segment=key_as_segment)
    except ODataError as error:
        refusal = error
    else:
        check(resource)
        return
    assert 400 <= refusal.status < 500 or refusal.status == 501
    assert refusal.position is None or (refusal.text is not None and 0 <= refusal.position <= len(refusal.text))


def check(resource: Resource) -> None:
    """A resource hangs together: single entities all the way, and a type that goes with its kind."""
    _ = resource.beyond_hops, resource.hops, resource.properties
    if resource.kind in (Kind.ENTITY, Kind.COLLECTION, Kind.LINKS, Kind.MEDIA):
        assert isinstance(resource.type, EntityType)
    if resource.kind in (Kind.ENTITY, Kind.VALUE, Kind.MEDIA, Kind.STREAM):
        assert not resource.is_collection
    if resource.kind in (Kind.COLLECTION, Kind.EACH, Kind.ALL, Kind.CROSSJOIN):
        assert resource.is_collection
    for hop, following in zip(resource.hops, resource.hops[1:], strict=False):
        if following.navigation is not None and not resource.beyond_hops:
            assert hop.is_single
