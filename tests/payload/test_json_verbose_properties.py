# Verbose JSON: whatever the model and the rows, what is written is read back the same, but for what is listed below;
# whatever the bytes, reading gives a value or an ODataError.

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from odata_core.edm import PRIMITIVE_TYPES, Duration, EntityType, Model, Timestamp
from odata_core.edm.rows import TYPE
from odata_core.errors import ODataError
from odata_core.payload.codec import About, Feed, Reading, Shape
from odata_core.payload.json_verbose import V1, V2, V3, V3_ISO, VerboseForm, VerboseJson
from odata_core.testing.reference import exact
from odata_core.testing.strategies import VALUE_TYPES, models, rows_of
from tests.payload.verbose_shop import ABOUT, shop

FORMS = {"V1": V1, "V2": V2, "V3": V3, "V3_ISO": V3_ISO}
V3_TYPES = [name for name in VALUE_TYPES if "v3" in PRIMITIVE_TYPES[name].families]

# What the format cannot say. Declared values lose parts of a millisecond (`kept`), except with ISO dates. Dynamic ones
# lose their type unless JSON or the form of the text tells it; streams and operations are for version 3 alone.
DYNAMIC_LOSSES: list[tuple[Any, Any]] = [
    (2**40, "1099511627776"),
    (Decimal("1.5"), "1.5"),
    (b"\x00", "AA=="),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Duration.parse("PT1S"), "PT1S"),
    (float("nan"), "NaN"),
    (date(1970, 1, 1), Timestamp.parse("1970-01-01T00:00:00")),
    ("/Date(0)/", Timestamp.parse("1970-01-01T00:00:00")),
]
DYNAMIC_KEPT: list[Any] = [None, True, 5, -(2**31), 1.0, 1e300, "x", [1, "x"], Timestamp.parse("1970-01-01T00:00:00Z")]


@pytest.mark.parametrize(("value", "again"), [*DYNAMIC_LOSSES, *[(value, value) for value in DYNAMIC_KEPT]])
def test_what_dynamic_values_become(value: Any, again: Any) -> None:
    kind = shop().types["Shop.Thing"]
    assert isinstance(kind, EntityType)
    body = VerboseJson(V3).write_entity(Shape(kind), {"ID": 1, "Dyn": value}, ABOUT)
    assert exact(VerboseJson(V3).read_entity(body, kind, Reading(shop()))["Dyn"]) == exact(again)


@pytest.mark.parametrize("version", FORMS)
def test_streams_and_operations_are_for_version_3(version: str) -> None:
    kind, offer = shop().types["Shop.Photo"], {"title": "t", "target": "u"}
    assert isinstance(kind, EntityType)
    row = {"ID": 1, "Taken": None, "Thumb": "image/png", "#C.Raise": [offer]}
    body = VerboseJson(FORMS[version]).write_entity(Shape(kind), row, ABOUT)
    again = VerboseJson(V3).read_entity(body, kind, Reading(shop(), is_request=False))
    lost = {"Thumb", "#C.Raise"} if version in ("V1", "V2") else set()
    assert again == {name: value for name, value in row.items() if name not in lost}


def kept(value: Any, form: VerboseForm) -> Any:
    """What the form keeps of a row."""
    match value:
        case Timestamp() if form is not V3_ISO:
            return Timestamp(value.ticks // 10_000 * 10_000, value.offset)
        case dict():
            return {name: kept(item, form) for name, item in value.items()}
        case list():
            return [kept(item, form) for item in value]
        case _:
            return value


def plain(row: Any) -> Any:
    """Without control information."""
    if isinstance(row, dict):
        return {name: plain(item) for name, item in row.items() if "@" not in name}
    return [plain(item) for item in row] if isinstance(row, list) else row


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("is_request", [True, False])
@pytest.mark.parametrize("version", FORMS)
def test_any_entity_of_any_model_comes_back(version: str, is_request: bool, data: st.DataObject) -> None:
    form, model = FORMS[version], data.draw(models(types=V3_TYPES))
    codec = VerboseJson(form, model)
    for source in model.entity_sets.values():
        row = data.draw(rows_of(source.type))
        body = codec.write_entity(Shape(source.type, source), row, ABOUT)
        again = codec.read_entity(body, source.type, Reading(model, is_request=is_request))
        assert exact(plain(again)) == exact(kept(row, form))


@settings(max_examples=30, deadline=None)
@given(st.data())
@pytest.mark.parametrize("version", FORMS)
def test_values_of_version_4_come_back(version: str, data: st.DataObject) -> None:
    """As those that stand for them in version 3. Keys of such types have no literals in URLs, so no source is given."""
    form, model = FORMS[version], data.draw(models())
    codec = VerboseJson(form, model)
    for source in model.entity_sets.values():
        row = data.draw(rows_of(source.type))
        body = codec.write_entity(Shape(source.type), row, ABOUT)
        assert exact(plain(codec.read_entity(body, source.type, Reading(model)))) == exact(kept(row, form))


@settings(max_examples=30, deadline=None)
@given(st.data())
@pytest.mark.parametrize("version", FORMS)
def test_feeds_come_back_with_what_is_expanded(version: str, data: st.DataObject) -> None:
    form, model = FORMS[version], data.draw(models(types=V3_TYPES))
    codec = VerboseJson(form, model)
    for source in model.entity_sets.values():
        kind = source.type
        expand = {name: navigation for name, navigation in kind.navigation.items() if data.draw(st.booleans())}
        rows = data.draw(st.lists(rows_of(kind), max_size=3))
        for row in rows:
            for name, navigation in expand.items():
                related = rows_of(navigation.target)
                row[name] = data.draw(
                    st.lists(related, max_size=2) if navigation.is_collection else st.none() | related
                )
        inner = [(name, Shape(found.target, source.bindings.get(name))) for name, found in expand.items()]
        about = ABOUT if form is V1 else About("http://h/s/", count=data.draw(st.integers(0, 9)), next_link="n")
        body = b"".join(codec.write_feed(Shape(kind, source, expand=tuple(inner)), rows, about))
        feed = codec.read_feed(body, kind, Reading(model, is_request=False))
        assert exact([plain(row) for row in feed.rows]) == exact([kept(row, form) for row in rows])
        assert (feed.count, feed.next_link) == (about.count, about.next_link)


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("version", FORMS)
def test_what_a_service_says_is_written_again(version: str, data: st.DataObject) -> None:
    """Read from an answer, with its links, and written: the same bytes, wherever the service may be now."""
    form, model = FORMS[version], data.draw(models(types=V3_TYPES))
    codec = VerboseJson(form, model)
    for source in model.entity_sets.values():
        shape = Shape(source.type, source)
        body = codec.write_entity(shape, data.draw(rows_of(source.type)), ABOUT)
        row = codec.read_entity(body, source.type, Reading(model, is_request=False))
        assert codec.write_entity(shape, row, About("http://elsewhere/")) == body


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_properties_come_back(data: st.DataObject) -> None:
    model = data.draw(models(types=V3_TYPES))
    for source in model.entity_sets.values():
        row = data.draw(rows_of(source.type))
        for name, prop in source.type.properties.items():
            for form in FORMS.values():
                codec = VerboseJson(form, model)
                body = codec.write_property(prop, row[name], ABOUT)
                assert exact(codec.read_property(body, prop, Reading(model))) == exact(kept(row[name], form))


@given(st.lists(st.text()))
def test_links_come_back(urls: list[str]) -> None:
    for form in FORMS.values():
        codec = VerboseJson(form)
        assert codec.read_links(codec.write_links(urls, ABOUT, is_collection=True), Reading(None)) == urls
        for url in urls[:1]:
            assert codec.read_links(codec.write_links([url], ABOUT, is_collection=False), Reading(None)) == [url]


# ---------------------------------------------------------------- hostile bodies

CONTROL = ["d", "results", "__metadata", "__deferred", "__mediaresource", "__count", "__next", "uri", "type", "etag"]
CONTROL += ["properties", "actions", "functions", "associationuri", "@odata.context", "id", TYPE, "#X", "coordinates"]
MEMBERS = [name for kind in shop().types.values() if isinstance(kind, EntityType) for name in kind.properties]
TEXTS = [
    *shop().types,
    "Edm.GeographyPoint",
    "Edm.Int32",
    "Collection(Edm.String)",
    "/Date(0)/",
    "/Date(9e9)/",
    "Point",
]
TEXTS += ["/Date(-99999999999999+9999)/", "$metadata#X/$deletedEntity", "P1D", "INF", "1", "x", "2013-02-30T00:00:00"]


def bodies() -> SearchStrategy[Any]:
    """JSON of names and texts that mean something, in places where they may mean nothing."""
    names = st.sampled_from([*CONTROL, *MEMBERS, "Group", "Products"])
    numbers = st.sampled_from([0, -1, 2**31, 2**63, 1.5, 1e308])
    leaves = st.none() | st.booleans() | numbers | st.sampled_from(TEXTS)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5))


def outcomes(body: bytes, kind: Any, model: Model | None) -> None:
    codec = VerboseJson(V3, shop())
    (operation,) = shop().operations["Shop.Raise"]
    prop = None if kind is None else next(iter(kind.properties.values()))
    for is_request in (True, False):
        reading = Reading(model, is_request=is_request)
        for read in (
            lambda: codec.read_entity(body, kind, reading),  # noqa: B023
            lambda: codec.read_feed(body, kind, reading),  # noqa: B023
            lambda: codec.read_property(body, prop, reading),  # noqa: B023
            lambda: codec.read_links(body, reading),  # noqa: B023
            lambda: codec.read_parameters(body, operation, reading),  # noqa: B023
            lambda: codec.read_service(body, reading),  # noqa: B023
        ):
            try:
                found = read()
            except ODataError:
                continue
            assert isinstance(found, dict | list | Feed | str | int | float | Timestamp | None)


@settings(max_examples=400, deadline=None)
@given(bodies(), st.sampled_from(["Product", "Group", "Photo", "Thing", "Idea"]))
def test_any_json_gives_a_value_or_an_error(content: Any, name: str) -> None:
    body = json.dumps(content).encode()
    outcomes(body, shop().types[f"Shop.{name}"], shop())
    outcomes(body, None, None)
    outcomes(body, shop().types[f"Shop.{name}"], None)


@given(st.binary(max_size=50))
def test_any_bytes_give_a_value_or_an_error(body: bytes) -> None:
    outcomes(body, shop().types["Shop.Thing"], shop())
