# JSON of version 4 and JSON light, as other implementations write it: every file is read without a model and written
# again, and the trees are equal. What differs is listed with its reason; malformed files are refused.

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from odata_core.edm import PRIMITIVE_TYPES, Model, ModelBuilder, Property
from odata_core.edm.rows import CONTEXT, COUNT, NEXT_LINK
from odata_core.errors import BadRequest
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3, json_v4
from odata_core.payload.json_forms import Level
from odata_core.payload.json_writers import UNTYPED
from tests.conformance.corpora import lines, path_of

FOLDER = path_of("payloads")
READING: Final = Reading(None, is_request=False)

FILES: Final = [line for line in lines("payloads/index") if line["file"].endswith(".json")]
LIGHT: Final = [
    line["file"]
    for line in FILES
    if line["version"] in ("v3", "v4") and line["wellformed"] and line.get("shape") != "verbose"
]
REFUSED: Final = [line["file"] for line in FILES if line["version"] in ("v3", "v4") and not line["wellformed"]]

# Files that are written otherwise than they were: what is changed in the original before the trees are compared.
Change = Callable[[dict[str, Any]], None]


def _hash_before_type(tree: dict[str, Any]) -> None:
    """A type of version 4.0 without the hash sign that the version wants (4.0 JSON Format, 4.5.3)."""
    tree["@odata.type"] = "#" + tree["@odata.type"]


def _one_link(tree: dict[str, Any]) -> None:
    """The context of a single link names it as one of many (3.0 JSON Light, 8)."""
    tree["odata.metadata"] += "/@Element"


def _many_references(tree: dict[str, Any]) -> None:
    """The context of references is `Collection($ref)` (4.0 Part 1, 10.11)."""
    tree["@odata.context"] = tree["@odata.context"].replace("#$ref", "#Collection($ref)")


def _name_of_version_3(tree: dict[str, Any]) -> None:
    """A next link by its name in version 3, which nobody looks for in version 4."""
    del tree["odata.nextLink"]


DIFFERENT: Final[Mapping[str, Change]] = {
    f"v4/olingo4-fit/{name}.full.json": change
    for name, change in {
        "PersonDetails__1__entity": _hash_before_type,
        "Customers__1__links__Company": _one_link,
        "Orders__8__links__": _one_link,
        "Orders__8__links__CustomerForOrder": _one_link,
        "references__Q3VzdG9tZXJzKDEpL09yZGVycw==": _many_references,
        "People__Microsoft.Test.OData.Services.ODataWCFService.Person__feed": _name_of_version_3,
    }.items()
}
# Errors are no answers to read: a client of the codec tells them by the status, and a server writes its own.
ERRORS: Final = frozenset(f"v4/olingo4-fit/{name}.json" for name in ("badRequest", "notFound", "unsupportedMediaType"))
# Values that are none of their declared type.
WRONG: Final = {"v3/webapi3/SingleInJsonFullMetadata.json": "'Infinity' is no name of a number: it is INF"}


def tree_of(name: str) -> Any:
    """The tree, with a whole context: that of some tests of the origin has a root only, `http://localhost/#Edm.Int32`."""
    text = (FOLDER / name).read_text("utf-8-sig")
    return json.loads(text.replace('"http://localhost/#', '"http://localhost/$metadata#'))


def codec_of(tree: Mapping[str, Any], name: str) -> JsonCodec:
    """By the names of control information, wherever they are."""
    text = json.dumps(tree)
    is_v4 = '"@odata.' in text or (name.startswith("v4/") and '"odata.' not in text)
    level: Level = "full" if tree.keys() & {"odata.type", "@odata.type"} else "minimal"
    return json_v4(level) if is_v4 else json_v3(level)


def about(tree: Mapping[str, Any], codec: JsonCodec) -> About:
    """Root and path by the context URL, which then is written again as it was."""
    context = tree.get(codec.form.names.of_object(CONTEXT))
    if context is None:
        return About("")
    root, _metadata, path = context.partition("$metadata")
    return About(root, path.removeprefix("#"))


def written(name: str, body: bytes, tree: Mapping[str, Any], codec: JsonCodec) -> Any:
    """The tree after reading and writing."""
    around = about(tree, codec)
    kind = _shape_of(tree, codec)
    if "services" in name:
        out = codec.write_service(_model(codec.read_feed(body, None, READING).rows), around)
    elif kind == "links":
        urls = codec.read_links(body, READING)
        around = replace(around, next_link=tree.get(codec.form.names.of_object(NEXT_LINK)))
        out = codec.write_links(urls, around, is_collection="value" in tree)
    elif kind == "feed":
        feed = codec.read_feed(body, None, READING)
        count = tree.get(codec.form.names.of_object(COUNT))
        assert feed.count == (None if count is None else int(count))
        around = About(around.root, around.path, count=feed.count, next_link=feed.next_link, delta_link=feed.delta_link)
        out = b"".join(codec.write_feed(Shape(UNTYPED), [*feed.rows, *feed.links], around))
    elif kind == "property":
        type_name = tree.get("odata.type") or around.path or _name_of_python(tree.get("value"))
        prop = _property(type_name)
        value = codec.read_property(body, prop, READING)
        assert codec.read_property(body, None, READING) == value
        out = codec.write_property(prop, value, around)
    else:
        row = codec.read_entity(body, None, READING)
        out = codec.write_entity(Shape(UNTYPED), row, around)
    return json.loads(out)


def _model(items: list[dict[str, Any]]) -> Model:
    """A model with the names of a service document."""
    builder = ModelBuilder("Test")
    builder.entity("Thing", key="ID", properties={"ID": "Int32"})
    builder.function("Do", returns="Int32")
    for item in items:
        match item["kind"]:
            case "EntitySet":
                builder.entity_set(item["name"], "Thing")
            case "Singleton":
                builder.singleton(item["name"], "Thing")
            case _:
                builder.operation_import(item["name"], "Do", in_service_document=True)
    return builder.build()


def _shape_of(tree: Mapping[str, Any], codec: JsonCodec) -> str:
    urls = tree.get("value", [tree])
    if isinstance(urls, list) and urls and all(_is_link(item, codec) for item in urls):
        return "links"
    if isinstance(tree.get("value"), list) and all(isinstance(item, dict) for item in tree["value"]):
        return "feed"
    return "property" if "value" in tree or tree.get("odata.null") else "entity"


def _is_link(item: Any, codec: JsonCodec) -> bool:
    control = {codec.form.names.of_object("@odata.context"), codec.form.names.of_object("@odata.nextLink")}
    return isinstance(item, dict) and item.keys() - control == {codec.form.reference}


def _property(name: str) -> Property:
    inner = name.removeprefix("Collection(").removesuffix(")")
    kind = PRIMITIVE_TYPES.get(inner, PRIMITIVE_TYPES["Edm.String"])
    return Property("value", kind, is_collection=inner != name)


def _name_of_python(value: Any) -> str:
    return {bool: "Edm.Boolean", int: "Edm.Int32", str: "Edm.String"}.get(type(value), "Edm.String")


def sorted_items(tree: Any) -> Any:
    """The links of a delta are apart from its entities when they were read, so their places are not kept."""
    return {**tree, "value": sorted(tree["value"], key=json.dumps)}


@pytest.mark.parametrize("name", [name for name in LIGHT if name not in ERRORS and name not in WRONG])
def test_what_is_read_is_written_again(name: str) -> None:
    tree = tree_of(name)
    codec = codec_of(tree, name)
    found = written(name, (FOLDER / name).read_bytes(), tree, codec)
    expected = tree
    if name in DIFFERENT:
        assert found != tree, "the file is no exception any more"
        DIFFERENT[name](expected)
    if "delta" in name:
        found, expected = sorted_items(found), sorted_items(expected)
    assert found == expected


@pytest.mark.parametrize("name", WRONG)
def test_values_of_another_type_are_refused(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    with pytest.raises(BadRequest):
        json_v3().read_property(body, None, READING)


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_files_are_refused(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    for codec in (json_v3(), json_v4()):
        with pytest.raises(BadRequest):
            codec.read_entity(body, None, READING)
        with pytest.raises(BadRequest):
            codec.read_feed(body, None, READING)


def test_every_file_is_accounted_for() -> None:
    assert len(LIGHT) == 83
    assert len(REFUSED) == 1
    assert {*DIFFERENT, *ERRORS, *WRONG} <= set(LIGHT)
