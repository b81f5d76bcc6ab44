# Verbose JSON, read: rows of requests and of answers, in every spelling, and what is refused, with its place.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm import NOT_GIVEN, Property
from odata_core.edm.rows import (
    ASSOCIATION,
    BIND,
    COUNT,
    EDIT_LINK,
    ETAG,
    ID,
    LINK,
    MEDIA_EDIT_LINK,
    MEDIA_ETAG,
    MEDIA_READ_LINK,
    MEDIA_TYPE,
    NEXT_LINK,
    REMOVED,
    TYPE,
)
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.payload.codec import Feed, Reading
from odata_core.payload.json_verbose import V2, VerboseJson
from tests.payload.verbose_shop import shop

CODEC = VerboseJson(V2)
REQUEST, ANSWER = Reading(shop()), Reading(shop(), is_request=False)


def kind(name: str) -> Any:
    return shop().types[f"Shop.{name}"]


def entity(name: str, content: Any, reading: Reading = REQUEST) -> dict[str, Any]:
    return CODEC.read_entity(json.dumps(content).encode(), kind(name), reading)


# ---------------------------------------------------------------- requests


METADATA = {"type": "Shop.Product", "uri": "Products(1)", "etag": "1", "media_src": 5}
REQUESTS: list[tuple[str, Any, dict[str, Any]]] = [
    ("Product", {}, {}),
    ("Product", {"d": {"Name": "x"}}, {"Name": "x"}),
    ("Product", {"Name": "x", "__metadata": METADATA}, {"Name": "x"}),
    ("Product", {"ID": None, "Price": None}, {"Price": None}),
    ("Product", {"Price": 1, "Colour": 1}, {"Price": Decimal(1), "Colour": "Green"}),
    ("Product", {"Fat": "5", "__metadata": {"type": "Shop.Food"}}, {TYPE: "Shop.Food", "Fat": 5}),
    ("Product", {"Size": {"Width": "1"}}, {"Size": {"Width": 1}}),
    ("Product", {"Size": {"__metadata": {"type": "Shop.Box"}, "Depth": "1"}}, {"Size": {TYPE: "Shop.Box", "Depth": 1}}),
    ("Product", {"Tags": ["a"]}, {"Tags": ["a"]}),
    ("Product", {"Tags": {"results": []}}, {"Tags": []}),
    ("Product", {"Tags": {"__metadata": {"type": "Collection(Edm.String)"}, "results": ["a"]}}, {"Tags": ["a"]}),
    ("Product", {"Sizes": [{"Width": 1, "Unit": None}]}, {"Sizes": [{"Width": 1, "Unit": None}]}),
    ("Photo", {"ID": 1, "Thumb": {"__mediaresource": {"edit_media": "x"}}}, {"ID": 1}),
    # What is related: bound where only its URL is given, made where it is given itself.
    ("Product", {"Group": None}, {"Group": None}),
    ("Product", {"Group": {"__deferred": {"uri": "Groups('a')"}}}, {"Group" + BIND: "Groups('a')"}),
    ("Product", {"Group": {"__metadata": {"uri": "$1"}}}, {"Group" + BIND: "$1"}),
    ("Product", {"Group": {"__metadata": {"type": "Shop.Group"}}}, {"Group": {}}),
    ("Product", {"Group": {"__metadata": {"uri": "$1"}, "Code": "a"}}, {"Group": {"Code": "a"}}),
    ("Group", {"Products": []}, {"Products": []}),
    ("Group", {"Products": [{"Name": "x"}]}, {"Products": [{"Name": "x"}]}),
    ("Group", {"Products": {"results": [{"Name": "x"}]}}, {"Products": [{"Name": "x"}]}),
    ("Group", {"Products": {"__deferred": {"uri": "u"}}}, {"Products" + BIND: ["u"]}),
    ("Group", {"Products": [{"__metadata": {"uri": "u"}}]}, {"Products" + BIND: ["u"]}),
    (
        "Group",
        {"Products": [{"__deferred": {"uri": "u"}}, {"Name": "x"}]},
        {"Products": [{"Name": "x"}], "Products" + BIND: ["u"]},
    ),
    # Dynamic properties of an open type.
    ("Thing", {"A": None, "B": 1.5, "C": ["x"]}, {"A": None, "B": 1.5, "C": ["x"]}),
    ("Thing", {"A": {"__metadata": {"type": "Shop.Size"}, "Width": "1"}}, {"A": {TYPE: "Shop.Size", "Width": 1}}),
    (
        "Thing",
        {"A": {"__metadata": {"type": "Edm.GeometryPoint"}, "type": "Point", "coordinates": [1]}},
        {"A": {"type": "Point", "coordinates": [1]}, "A" + TYPE: "Edm.GeometryPoint"},
    ),
]


@pytest.mark.parametrize(("name", "content", "row"), REQUESTS)
def test_what_clients_send(name: str, content: Any, row: dict[str, Any]) -> None:
    assert entity(name, content) == row


# ---------------------------------------------------------------- answers


def test_answers_keep_their_control_information() -> None:
    media = {"media_src": "m", "content_type": "image/png", "edit_media": "n", "media_etag": "2"}
    offer = {"title": "Raise", "target": "t"}
    content = {
        "Thumb": {"__mediaresource": {"content-type": "a/b", "media_src": "p", "edit_media": "q", "media_etag": "3"}},
        "__metadata": {"id": "i", "uri": "u", "type": "Shop.Photo", "etag": "1", **media}
        | {"properties": {"Thumb": {"associationuri": "v"}}}
        | {"actions": {"http://h/s/$metadata#C.Raise": [offer]}, "functions": {"#C.Rate": [offer]}},
        "ID": 1,
    }
    assert entity("Photo", content, ANSWER) == {
        ID: "i",
        EDIT_LINK: "u",
        ETAG: "1",
        MEDIA_READ_LINK: "m",
        MEDIA_TYPE: "image/png",
        MEDIA_EDIT_LINK: "n",
        MEDIA_ETAG: "2",
        "Thumb" + ASSOCIATION: "v",
        "#C.Raise": [offer],
        "#C.Rate": [{**offer, "isFunction": True}],
        "Thumb": "a/b",
        "Thumb" + MEDIA_READ_LINK: "p",
        "Thumb" + MEDIA_EDIT_LINK: "q",
        "Thumb" + MEDIA_ETAG: "3",
        "ID": 1,
    }
    assert entity("Photo", {"Thumb": {"__mediaresource": {"edit_media": "q"}}}, ANSWER)["Thumb"] is None
    assert entity("Photo", {"Thumb": {"__mediaresource": {"media_src": "q"}}}, ANSWER)["Thumb"] == ""


ANSWERS: list[tuple[str, Any, dict[str, Any]]] = [
    ("Product", {"ID": 1, "Group": {"__deferred": {"uri": "u"}}}, {"ID": 1, "Group" + LINK: "u"}),
    ("Product", {"Group": {"__metadata": {"uri": "u"}}}, {"Group": {EDIT_LINK: "u"}}),
    ("Group", {"Products": {"__deferred": {"uri": "u"}}}, {"Products" + LINK: "u"}),
    (
        "Group",
        {"Products": {"results": [{"ID": 1}], "__count": "3", "__next": "n"}},
        {"Products": [{"ID": 1}], "Products" + COUNT: 3, "Products" + NEXT_LINK: "n"},
    ),
]


@pytest.mark.parametrize(("name", "content", "row"), ANSWERS)
def test_what_services_answer(name: str, content: Any, row: dict[str, Any]) -> None:
    assert entity(name, content, ANSWER) == row


FEEDS: list[tuple[Any, Feed]] = [
    ({"d": []}, Feed([])),
    ({"d": [{"ID": 1}]}, Feed([{"ID": 1}])),
    ([{"ID": 1}], Feed([{"ID": 1}])),
    ({"results": []}, Feed([])),
    ({"d": {"results": [], "__count": "5", "__next": "n"}}, Feed([], 5, "n")),
    ({"d": {"__count": 5, "results": [], "__delta": "d"}}, Feed([], 5, None, "d")),
    ([{"@odata.context": "$metadata#X/$deletedEntity", "id": "i"}], Feed([{ID: "i", REMOVED: "deleted"}])),
]


@pytest.mark.parametrize(("content", "feed"), FEEDS)
def test_feeds(content: Any, feed: Feed) -> None:
    assert CODEC.read_feed(json.dumps(content).encode(), kind("Product"), ANSWER) == feed


def test_rows_without_a_model() -> None:
    content = {
        "__metadata": {"type": "X.Y", "uri": "u"},
        "Many": {"results": [{"a": 1}], "__count": "1"},
        "One": {"__deferred": {"uri": "v"}},
        "Stream": {"__mediaresource": {"content_type": "a/b"}},
        "Tags": {"__metadata": {"type": "Collection(Edm.String)"}, "results": ["x"]},
        "Size": {"__metadata": {"type": "X.Size"}, "Width": 1},
    }
    untyped = Reading(None, is_request=False)
    assert CODEC.read_entity(json.dumps(content).encode(), None, untyped) == {
        TYPE: "X.Y",
        EDIT_LINK: "u",
        "Many": [{"a": 1}],
        "Many" + COUNT: 1,
        "One" + LINK: "v",
        "Stream": "a/b",
        "Tags": ["x"],
        "Tags" + TYPE: "Collection(Edm.String)",
        "Size": {TYPE: "X.Size", "Width": 1},
    }


# ---------------------------------------------------------------- what is refused


NO_ITEMS = "an array, or an object with the array 'results', is expected for"
NO_COLOUR = "a member of Shop.Colour is expected: Red, Green, for the type Colour."
ABSTRACT = "the type 'Shop.Idea' is abstract: nothing is of it alone."
TOO_LONG = "at most 5 characters or bytes are allowed, 6 were given, for the type Edm.String."
NO_MEMBER = "the type 'Shop.Product' has no property"
REFUSED: list[tuple[str, Any, str]] = [
    ("Product", [], "At $: an object of type Shop.Product is expected."),
    ("Product", {"d": [1]}, "At $.d: an object of type Shop.Product is expected."),
    ("Product", {"Nane": 1}, f"At $.Nane: {NO_MEMBER} 'Nane'. Did you mean 'Name'?"),
    ("Product", {"@odata.type": "x"}, f"At $['@odata.type']: {NO_MEMBER} '@odata.type'."),
    ("Product", {"__count": "1"}, f"At $.__count: {NO_MEMBER} '__count'."),
    ("Product", {"Name": None}, "At $.Name: the property 'Name' is not nullable."),
    ("Product", {"Name": "abcdef"}, f"At $.Name: {TOO_LONG}"),
    ("Product", {"d": {"Size": 5}}, "At $.d.Size: an object of type Shop.Size is expected."),
    ("Product", {"Size": {"Width": "x"}}, "At $.Size.Width: a whole number is expected, for the type Edm.Int64."),
    ("Product", {"Tags": None}, "At $.Tags: the property 'Tags' is a collection, which cannot be null."),
    ("Product", {"Tags": "x"}, f"At $.Tags: {NO_ITEMS} Collection(Edm.String)."),
    ("Product", {"Tags": ["x", None]}, "At $.Tags[1]: a string is expected, for the type Edm.String."),
    (
        "Product",
        {"Sizes": {"results": [{}, {"Width": None}]}},
        "At $.Sizes.results[1].Width: the property 'Width' is not nullable.",
    ),
    (
        "Product",
        {"Tags": {"__metadata": {"type": "Collection(Edm.Int32)"}, "results": []}},
        "At $.Tags.__metadata.type: 'Tags' is of type Collection(Edm.String), not Collection(Edm.Int32).",
    ),
    ("Product", {"Colour": "Blue"}, f"At $.Colour: {NO_COLOUR}"),
    ("Product", {"__metadata": 5}, "At $.__metadata: an object is expected."),
    ("Product", {"__metadata": {"type": 5}}, "At $.__metadata.type: the name of a type is expected."),
    (
        "Product",
        {"__metadata": {"type": "Shop.Group"}},
        "At $.__metadata.type: 'Shop.Group' is not Shop.Product or a type derived from it.",
    ),
    ("Idea", {"__metadata": {"type": "Shop.Idea"}}, f"At $.__metadata.type: {ABSTRACT}"),
    ("Product", {"Group": {"__deferred": {}}}, "At $.Group.__deferred: the string 'uri' is expected."),
    ("Product", {"Group": []}, "At $.Group: an object of type Shop.Group is expected."),
    ("Group", {"Products": None}, f"At $.Products: {NO_ITEMS} Products."),
    ("Group", {"Products": [{}, {"X": 1}]}, f"At $.Products[1].X: {NO_MEMBER} 'X'."),
    ("Thing", {"a@odata.type": "x"}, "At $['a@odata.type']: no property can be called so."),
    ("Thing", {"@odata.etag": "x"}, "At $['@odata.etag']: no property can be called so."),
    ("Thing", {"#X.Y": {}}, "At $['#X.Y']: no property can be called so."),
    ("Thing", {"A": {"x y": 1}}, "At $.A['x y']: no property can be called so."),
    (
        "Thing",
        {"A": {"__metadata": {"type": "Shop.Nothing"}}},
        "At $.A.__metadata.type: 'Shop.Nothing' is not a structured type of the model.",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), REFUSED)
def test_what_is_refused(name: str, content: Any, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        entity(name, content)
    assert error.value.message == message
    assert message.startswith(f"At {error.value.target}: ")


BAD_ANSWERS = [
    ({"__metadata": {"uri": 5}}, "At $.__metadata.uri: a string is expected."),
    ({"__metadata": {"properties": {"Group": 5}}}, "At $.__metadata.properties.Group: an object is expected."),
    ({"__metadata": {"properties": {"a@b": {}}}}, "At $.__metadata.properties['a@b']: no property can be called so."),
    ({"__metadata": {"actions": []}}, "At $.__metadata.actions: an object is expected."),
    (
        {"__metadata": {"actions": {"#A": [{"title": "x"}]}}},
        "At $.__metadata.actions['#A'][0].target: a string is expected.",
    ),
]


@pytest.mark.parametrize(("content", "message"), BAD_ANSWERS)
def test_answers_that_are_refused(content: Any, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        entity("Product", content, ANSWER)
    assert error.value.message == message


@pytest.mark.parametrize(
    "content", [5, {}, {"d": {"results": 5}}, {"results": [], "__count": "x"}, {"results": [], "__next": 1}]
)
def test_feeds_that_are_none(content: Any) -> None:
    with pytest.raises(BadRequest):
        CODEC.read_feed(json.dumps(content).encode(), kind("Product"), ANSWER)


def test_depth_is_bounded() -> None:
    body = b'{"A":' * 60 + b"1" + b"}" * 60
    with pytest.raises(BadRequest, match="body_depth"):
        CODEC.read_entity(body, kind("Thing"), REQUEST)
    assert CODEC.read_entity(body, kind("Thing"), Reading(shop(), Limits(body_depth=70)))


# ---------------------------------------------------------------- properties, links, parameters


def prop(name: str) -> Property:
    found: Property = kind("Product").properties[name]
    return found


PROPERTIES: list[tuple[str, Any, Any]] = [
    ("Name", {"d": {"Name": "x"}}, "x"),
    ("Name", {"Name": "x"}, "x"),
    ("Price", {"Price": None}, None),
    ("Size", {"d": {"Size": {"Width": 1}}}, {"Width": 1}),
    ("Size", {"Width": 1, "Unit": None}, {"Width": 1, "Unit": None}),
    ("Tags", {"d": {"Tags": {"results": ["a"]}}}, ["a"]),
    ("Tags", {"d": {"results": ["a"]}}, ["a"]),
    ("Tags", ["a"], ["a"]),
]


@pytest.mark.parametrize(("name", "content", "value"), PROPERTIES)
def test_properties(name: str, content: Any, value: Any) -> None:
    assert CODEC.read_property(json.dumps(content).encode(), prop(name), REQUEST) == value


@pytest.mark.parametrize(
    ("name", "content"), [("Name", "x"), ("Name", {"value": "x"}), ("Tags", {"Name": []}), ("Size", 5)]
)
def test_properties_that_are_none(name: str, content: Any) -> None:
    with pytest.raises(BadRequest):
        CODEC.read_property(json.dumps(content).encode(), prop(name), REQUEST)


@pytest.mark.parametrize(
    ("content", "urls"),
    [
        ({"uri": "a"}, ["a"]),
        ({"d": {"uri": "a"}}, ["a"]),
        ([{"uri": "a"}, {"uri": "b"}], ["a", "b"]),
        ({"d": {"results": [{"uri": "a"}]}}, ["a"]),
        ({"d": {"results": []}}, []),
    ],
)
def test_links(content: Any, urls: list[str]) -> None:
    assert CODEC.read_links(json.dumps(content).encode(), REQUEST) == urls


@pytest.mark.parametrize("content", ["a", {}, {"url": "a"}, [{"uri": "a"}, 5], {"uri": 5}])
def test_links_that_are_none(content: Any) -> None:
    with pytest.raises(BadRequest):
        CODEC.read_links(json.dumps(content).encode(), REQUEST)


def parameters(body: bytes) -> dict[str, Any]:
    (operation,) = shop().operations["Shop.Raise"]
    assert operation.parameters[-1].default is NOT_GIVEN
    return CODEC.read_parameters(body, operation, REQUEST)


def test_parameters() -> None:
    """What is not given is null (2.2.3.6.5), unless it is optional."""
    assert parameters(b'{"By":"1.5","Tags":[]}') == {"By": Decimal("1.5"), "Tags": [], "To": None, "Size": None}
    given = b'{"By":1,"Tags":{"results":["a"]},"To":{"__metadata":{"uri":"u"}},"Size":{"Width":1},"Note":"n"}'
    told = {"By": Decimal(1), "Tags": ["a"], "To" + BIND: "u", "Size": {"Width": 1}, "Note": "n"}
    assert parameters(given) == told


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "At $.By: the property 'By' is not nullable."),
        (b'{"By":1}', "At $.Tags: the property 'Tags' is a collection, which cannot be null."),
        (b'{"Bye":1}', "At $: there is no parameter 'Bye'. Did you mean 'By'?"),
        (b"[]", "At $: an object with the parameters by name is expected."),
    ],
)
def test_parameters_that_are_refused(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parameters(body)
    assert error.value.message == message
