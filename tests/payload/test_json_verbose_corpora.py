# The verbose JSON files that others wrote: each is read and written again, and the trees are equal but for what is
# listed with a reason; what is malformed on purpose is refused. Read without a model, they say the same.

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from odata_core.csdl import read_csdl_file
from odata_core.edm import EntityType, Model, ModelBuilder, StructuredType, prop
from odata_core.edm.rows import LINK, REMOVED, TYPE
from odata_core.errors import BadRequest
from odata_core.payload.codec import About, Feed, Reading, Shape
from odata_core.payload.json_verbose import V2, V3, VerboseForm, VerboseJson
from tests.conformance.corpora import lines, path_of

FILES = [line["file"] for line in lines("payloads/index") if line.get("shape") == "verbose"]
NAMED_TWICE = "v2/olingo2/JsonInvalidTeamDoubleNameProperty.json"
MALFORMED = [NAMED_TWICE, "v2/olingo2/invalidSvcDocJson.json", "v2/olingo2/InvalidSvcDocJson2.json"]
SERVICE = "v2/olingo2/svcDocJson.json"
ENTITIES = [file for file in FILES if file not in MALFORMED and file != SERVICE]

# What is not written again as it was read, and why.
NO_D = "answers are written in `d`, whether or not the text was"
ARRAYS = "collections are written with `results` since version 2, clients may send arrays"
NO_METADATA = "what is written always says its type"
NO_WHEN = "rows do not have the moment when an entity was deleted"
MENDED: dict[str, set[str]] = {
    "JsonBuildingWithoutD": {NO_D},
    "JsonTeamsWithoutD": {NO_D},
    "JsonTeamsWithCountWithoutD": {NO_D},
    "JsonBuildingWithInlineRoomsClientCase": {ARRAYS},
    "JsonBuildingWithInlineRoomsFeedToEmployees": {ARRAYS, NO_METADATA},
    "JsonEmployeeContentOnly": {NO_METADATA},
    "JsonEmployeeContentOnlyWithAdditionalLink": {NO_METADATA},
    "JsonRoomContentOnly": {NO_METADATA},
    "JsonRoomContentOnlyWithAdditionalLink": {NO_METADATA},
    "JsonEmployeeInlineRoomBuildingWithoutMetadata": {NO_METADATA},
    "JsonRoom_InlineEmployeesToTeamWithoutMetadata": {NO_METADATA},
    "JsonWithDeletedEntries": {NO_WHEN},
    "jsonEmployeesWithDifferentInlines": {NO_D, NO_METADATA},
}


NAMED_OTHERWISE = {
    "JsonInlineRoomWithInlineBuilding": "Employee",
    "JsonInlineRoomWithInlineNull": "Employee",
    "JsonRoomsToEmployeesWithInlineTeams": "Employee",
    "JsonWithDeletedEntries": "Room",
    "jsonEmployeesWithDifferentInlines": "Room",
}


def name_of(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".json")


def people() -> Model:
    builder = ModelBuilder("System.Web.Http.OData.Formatter")
    builder.complex("FormatterOrder", properties={"OrderAmount": "Int32", "OrderName": "String"})
    members = {"Age": "Int32", "MyGuid": "Guid", "Name": "String", "Order": "FormatterOrder"}
    builder.entity("FormatterPerson", key="PerId", properties={"PerId": prop("Int32"), **members})
    builder.entity_set("People", "FormatterPerson")
    return builder.build()


@lru_cache(maxsize=2)
def model_of(version: str) -> Model:
    return people() if version == "v3" else read_csdl_file(path_of("metadata/models/olingo2-RefScenario.xml"))


def codec_of(file: str) -> tuple[VerboseJson, Model]:
    model = model_of(file[:2])
    form: VerboseForm = {"v2": V2, "v3": V3}[file[:2]]
    return VerboseJson(form, model), model


def kind_of(file: str, model: Model) -> EntityType:
    """The type that the name of a file begins with, unless it lies."""
    name = name_of(file)
    name = NAMED_OTHERWISE.get(name, name.removeprefix("Json"))
    kinds = [kind for kind in model.types.values() if isinstance(kind, EntityType)]
    (kind,) = [kind for kind in kinds if name.startswith(kind.name.removeprefix("Formatter"))]
    return kind


def body_of(file: str) -> bytes:
    return path_of(f"payloads/{file}").read_bytes()


def tree_of(file: str) -> Any:
    return json.loads(body_of(file).decode("utf-8-sig"))


def is_feed(tree: Any) -> bool:
    content = tree.get("d", tree)
    return isinstance(content, list) or "results" in content


def shape_of(kind: StructuredType, rows: Iterable[Mapping[str, Any]]) -> Shape:
    """The shape that has just what is in the rows."""
    found = list(rows)
    names = {name for row in found for name in row}
    expand = []
    for name in [name for name in kind.navigation if name in names]:
        related = [item for row in found for item in listed(row.get(name))]
        expand.append((name, shape_of(kind.navigation[name].target, related)))
    links = tuple(name for name in kind.navigation if name + LINK in names)
    select = tuple(name for name in kind.properties if name in names)
    return Shape(kind, None, select, tuple(expand), links, partial=True)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def read(file: str, kind: EntityType | None) -> Feed:
    codec, model = codec_of(file)
    reading = Reading(None if kind is None else model, is_request=False)
    if is_feed(tree_of(file)):
        return codec.read_feed(body_of(file), kind, reading)
    return Feed([codec.read_entity(body_of(file), kind, reading)])


def written(file: str) -> Any:
    codec, model = codec_of(file)
    kind = kind_of(file, model)
    feed = read(file, kind)
    shape = shape_of(kind, feed.rows)
    if not is_feed(tree_of(file)):
        return json.loads(codec.write_entity(shape, feed.rows[0], About("http://unused/")))
    if any(REMOVED in row for row in feed.rows):
        shape = replace(shape, source=next(found for found in model.entity_sets.values() if found.type is kind))
    about = About("http://unused/", count=feed.count, next_link=feed.next_link, delta_link=feed.delta_link)
    return json.loads(b"".join(codec.write_feed(shape, feed.rows, about)))


# ---------------------------------------------------------------- mending what was read


def with_results(tree: Any) -> Any:
    """Arrays that are values of members, in objects with `results`; those in `results` stay."""
    if not isinstance(tree, dict):
        return tree
    return {name: mended_member(name, value) for name, value in tree.items()}


def mended_member(name: str, value: Any) -> Any:
    if isinstance(value, list):
        items = [with_results(item) for item in value]
        return items if name == "results" else {"results": items}
    return with_results(value)


def without(member: str, tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: without(member, value) for name, value in tree.items() if name != member}
    return [without(member, item) for item in tree] if isinstance(tree, list) else tree


def mended(tree: Any, reasons: set[str]) -> Any:
    if NO_D in reasons:
        tree = {"d": tree}
    if ARRAYS in reasons:
        tree = with_results(tree)
    if NO_WHEN in reasons:
        tree = without("when", tree)
    return tree


@pytest.mark.parametrize("file", ENTITIES)
def test_what_is_read_is_written_again(file: str) -> None:
    reasons = MENDED.get(name_of(file), set())
    tree, again = tree_of(file), written(file)
    assert is_same(again, tree, reasons)
    needless = {reason for reason in reasons if is_same(again, tree, reasons - {reason})}
    assert not needless, "the file is no exception any more"


def is_same(again: Any, tree: Any, reasons: set[str]) -> bool:
    expected = mended(tree, reasons)
    if NO_METADATA in reasons:
        assert "__metadata" not in tree.get("d", tree)
        again, expected = without("__metadata", again), without("__metadata", expected)
    return bool(again == expected)


def test_every_file_was_read() -> None:
    assert (len(FILES), len(ENTITIES)) == (34, 32)
    assert set(MENDED) <= {name_of(file) for file in ENTITIES}


@pytest.mark.parametrize("file", ENTITIES)
def test_files_say_the_same_without_a_model(file: str) -> None:
    typed, untyped = read(file, kind_of(file, codec_of(file)[1])), read(file, None)
    assert without(TYPE, plain(untyped.rows)) == plain(typed.rows)
    assert (untyped.count, untyped.next_link, untyped.delta_link) == (typed.count, typed.next_link, typed.delta_link)


def plain(rows: Any) -> Any:
    """Values that look the same with a model and without: a Guid is text."""
    if isinstance(rows, dict):
        return {name: plain(value) for name, value in rows.items()}
    if isinstance(rows, list):
        return [plain(item) for item in rows]
    return rows if rows is None or isinstance(rows, bool) else str(rows)


@pytest.mark.parametrize("file", MALFORMED)
def test_what_is_malformed_is_refused(file: str) -> None:
    codec, model = codec_of(file)
    with pytest.raises(BadRequest, match="not valid JSON"):
        codec.read_service(body_of(file), Reading(model))


def test_a_property_that_is_there_twice_is_refused() -> None:
    codec, model = codec_of(NAMED_TWICE)
    with pytest.raises(BadRequest, match="two members of the same name"):
        codec.read_entity(body_of(NAMED_TWICE), kind_of("JsonTeam", model), Reading(model))


def test_the_service_document_is_read() -> None:
    names = VerboseJson(V2).read_service(body_of(SERVICE), Reading(None))
    assert {"d": {"EntitySets": names}} == tree_of(SERVICE)
