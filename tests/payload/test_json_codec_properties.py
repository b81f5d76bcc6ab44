# JSON of version 4 and JSON light: what is written is read back the same, at every level and in every form; the fast
# ways give what the general ones give; whatever comes in gives a value or an error.

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, ComplexType, EntityType, EnumType, Model, Property, rows
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.payload.codec import About, Codec, Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3, json_v4
from odata_core.payload.json_decoders import fast_entity, fast_feed
from odata_core.payload.json_readers import JsonReader
from odata_core.payload.json_text import decode_json
from odata_core.payload.json_writers import row_writer
from odata_core.testing.reference import exact
from odata_core.testing.strategies import VALUE_TYPES, models, rows_of, tables_of

ROOT = "http://h/s/"
V3_TYPES = [name for name in VALUE_TYPES if "v3" in PRIMITIVE_TYPES[name].families]
V4_TYPES = [name for name in VALUE_TYPES if "v4" in PRIMITIVE_TYPES[name].families]

V4_CODECS: dict[str, JsonCodec] = {
    "v4": json_v4(),
    "v4 full": json_v4("full"),
    "v4 none": json_v4("none"),
    "v4 strings": json_v4(ieee754=True),
    "4.01": json_v4(is_401=True),
    "4.01 short": json_v4(is_401=True, short_names=True),
    "4.01 short full": json_v4("full", is_401=True, short_names=True),
}
V3_CODECS: dict[str, JsonCodec] = {"v3": json_v3(), "v3 full": json_v3("full"), "v3 none": json_v3("none")}
CODECS = V4_CODECS | V3_CODECS


def types_of(name: str) -> list[str]:
    return V4_TYPES if name in V4_CODECS else V3_TYPES


def shape_of(model: Model, name: str) -> Shape:
    entity_set = model.entity_set(name)
    return Shape(entity_set.type, entity_set)


def properties(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what full metadata adds, also within it."""
    return {name: _inner(value) for name, value in row.items() if "@" not in name}


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return properties(value)
    return [_inner(item) for item in value] if isinstance(value, list) else value


def feed_of(codec: Codec, shape: Shape, table: list[dict[str, Any]], about: About) -> bytes:
    return b"".join(codec.write_feed(shape, table, about))


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_entity_of_any_model_comes_back(name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    for set_name in model.entity_sets:
        shape = shape_of(model, set_name)
        row = data.draw(rows_of(shape.type))
        body = codec.write_entity(shape, row, About(ROOT, set_name))
        for reading in (Reading(model), Reading(model, is_request=False)):
            found = codec.read_entity(body, shape.type, reading)
            assert exact(properties(found)) == exact(row)
            assert reading.is_request <= ("@odata.editLink" not in found)


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_feed_comes_back(name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    set_name = data.draw(st.sampled_from(list(model.entity_sets)))
    shape = shape_of(model, set_name)
    table = data.draw(tables_of(model.entity_set(set_name).type))
    links: dict[str, Any] = {"next_link": "Next?a=b"} if data.draw(st.booleans()) else {"delta_link": "Delta"}
    count = data.draw(st.none() | st.integers(0, 2**63 - 1))
    body = feed_of(codec, shape, table, About(ROOT, set_name, count=count, **links))
    feed = codec.read_feed(body, shape.type, Reading(model, is_request=False))
    assert [exact(properties(row)) for row in feed.rows] == [exact(row) for row in table]
    assert (feed.count, feed.next_link, feed.delta_link) == (count, links.get("next_link"), links.get("delta_link"))


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_property_comes_back(name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    kind = next(iter(model.entity_sets.values())).type
    row = data.draw(rows_of(kind))
    for prop in kind.properties.values():
        body = codec.write_property(prop, row[prop.name], About(ROOT, f"Set0(1)/{prop.name}"))
        nullable = Property(prop.name, prop.type, prop.is_collection, facets=prop.facets)
        found = codec.read_property(body, nullable, Reading(model, is_request=False))
        assert exact(_inner(found)) == exact(row[prop.name])


# ---------------------------------------------------------------- the fast ways and the general ones


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_both_writers_give_the_same(name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    for entity_set in model.entity_sets.values():
        names = data.draw(st.none() | st.lists(st.sampled_from(list(entity_set.type.properties)), unique=True))
        shape = Shape(entity_set.type, entity_set, select=None if names is None else tuple(names))
        table = data.draw(tables_of(entity_set.type))
        if data.draw(st.booleans()):
            table = [{rows.ETAG: 'W/"1"', **row} for row in table]
        write = row_writer(shape, codec.form).write
        expected = codec.form.encode([write(row, ROOT) for row in table])
        body = feed_of(codec, shape, table, About(ROOT))
        assert body == b'{"value":' + expected + b"}"


def general_feed(codec: JsonCodec, body: bytes, kind: EntityType, reading: Reading) -> Any:
    """The rows and the count, or the refusal."""
    try:
        content = decode_json(body, reading.limits)
        reader = JsonReader(codec.form, reading)
        return [reader.row(item, kind, "$.value[0]") for item in content["value"]]
    except (BadRequest, KeyError, TypeError) as error:
        return error


def unordered(row: Any) -> Any:
    """In a form in which the order of members does not count."""
    if isinstance(row, Mapping):
        return sorted((name, repr(unordered(value))) for name, value in row.items())
    return [unordered(item) for item in row] if isinstance(row, list) else exact(row)


# What somebody could do to a body: the first occurrence of a text becomes another.
CHANGES = (
    (b",", b" ,\n"),
    (b":", b" : "),
    (b'"', b"\\u0041"),
    (b'"', b'"\\"'),
    (b"{", b'{"Extra":1,'),
    *[
        (b"{", f'{{"{name}":{value},'.encode())
        for name in ("ID", "Name", "A", "b")
        for value in ('"x"', "1", "null", "[]")
    ],
    (b"{", b'{"@odata.etag":"W/1",'),
    (b"{", b'{"@odata.type":"#Test.Entity0",'),
    (b"null", b'"null"'),
    (b"true", b'"true"'),
    (b"0", b"0.0"),
    (b"1", b'"1"'),
    (b"1", b"1e0"),
    (b"1", b"10000000000000000000000000"),
    (b"1", b"null"),
    (b"1", b"200"),
    (b"1", b"40000"),
    (b"0", b"-40000"),
    (b"0", b"3000000000"),
    (b"[", b"[null,"),
    (b"-", b""),
    (b":", b':":",'),
    (b'"', b'":"'),
    (b"2", b"1e999999"),
    (b"T", b" "),
    (b"T", b"t"),
    (b"Z", b"z"),
    (b"Z", b"+0000"),
    (b"Z", b".0000001Z"),
    (b"Z", b""),
    (b'Z"', b'Z","2013-08-19T15:02:36Z"'),
    (b"}", b',"value":[]}'),
)


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_both_readers_give_the_same(name: str, data: st.DataObject) -> None:
    """Where the fast one gives anything, the general one gives the same: never rows that it would refuse."""
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    set_name = data.draw(st.sampled_from(list(model.entity_sets)))
    kind = model.entity_set(set_name).type
    body = feed_of(codec, shape_of(model, set_name), data.draw(tables_of(kind, max_size=3)), About(ROOT, set_name))
    for old, new in data.draw(st.lists(st.sampled_from(CHANGES), max_size=2)):
        place = data.draw(st.integers(0, max(0, body.count(old) - 1)))
        parts = body.split(old)
        body = old.join(parts[: place + 1]) + new + old.join(parts[place + 1 :])
    for reading in (Reading(model), Reading(model, is_request=False)):
        fast = fast_feed(body, kind, codec.form, reading)
        if fast is not None:
            assert unordered(fast.rows) == unordered(general_feed(codec, body, kind, reading))


@pytest.mark.parametrize("name", ["v4", "v4 strings", "4.01", "4.01 short", "v3", "v4 none"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_plain_bodies_are_read_the_fast_way(name: str, data: st.DataObject) -> None:
    """What is written at these levels is plain, but for numbers that are words."""
    codec = CODECS[name]
    model = data.draw(models(types=[kind for kind in types_of(name) if kind not in ("Edm.Single", "Edm.Double")]))
    set_name = data.draw(st.sampled_from(list(model.entity_sets)))
    kind = model.entity_set(set_name).type
    body = feed_of(codec, shape_of(model, set_name), data.draw(tables_of(kind, max_size=3)), About(ROOT, set_name))
    reading = Reading(model, is_request=False)
    assert fast_feed(body, kind, codec.form, reading) is not None


POWERS = [2**power for power in (7, 8, 15, 16, 31, 32, 63, 64, 200)]
LITERALS = [
    *[str(sign * power + step) for power in POWERS for sign in (1, -1) for step in (-1, 0, 1)],
    *[f'"{bound}"' for bound in (2**63 - 1, 2**63, -(2**63) - 1)],
    *"""0 1 -0 -0.0 1.0 1.5 1e2 1E400 1e-400 1e-1001 1e1001 0e-1001 12345.678 true null [] {} "true" "" "1_0" "١" "+1"
        "1." "1e5" "NaN" "Infinity" "INF" "2013-08-19" "2013-02-30" "2013-08-19T15:02:36Z" "2013-08-19T15:02:36"
        "2013-08-19T15:02:36.12345678Z" "2013-08-19T24:00:00Z" "2013-08-19t15:02Z" "15:02:36" "15:02" "24:00:00"
        "P1DT1S" "PT25H" "P1Y" "AA==" "AA" "A" "-_8=" "+/8=" "Green" "Green,Red" "0" "abc" "abcdef"
        "3499b02c8dc94c0daa83097a1340cbda" "{3499b02c-8dc9-4c0d-aa83-097a1340cbda}" "34-99b02c8dc94c0daa83097a1340cbda"
        "3499B02C-8dc9-4c0d-aa83-097a1340cbda" """.split(),
    *['" 1"', '" 3499b02c-8dc9-4c0d-aa83-097a1340cbda"'],
]


@pytest.mark.parametrize("name", ["v3", "v4", "v4 strings", "4.01"])
@pytest.mark.parametrize("facets", [{}, {"MaxLength": 3, "Precision": 5, "Scale": 2}, {"Precision": 3}, {"Scale": 0}])
@pytest.mark.parametrize("type_name", [*VALUE_TYPES, "Enum"])
def test_both_readers_agree_on_every_literal(type_name: str, facets: dict[str, int], name: str) -> None:
    """Of each type, whatever is near to a value of it."""
    kind: Any = EnumType("Test", "Enum", {"Red": 0, "Green": 1}, PRIMITIVE_TYPES["Edm.Int32"])
    prop = Property("P", PRIMITIVE_TYPES.get(type_name, kind), facets=facets)
    holder = ComplexType("Test", "Holder", own_properties={"P": prop, "Q": Property("Q", prop.type, True, False)})
    holder.seal()
    form, reading = CODECS[name].form, Reading(None)
    fast_ones = 0
    for literal in LITERALS:
        for body in (f'{{"P":{literal}}}'.encode(), f'{{"Q":[{literal}]}}'.encode()):
            fast = fast_entity(body, holder, form, reading)
            if fast is not None:
                fast_ones += 1
                general = JsonReader(form, reading).row(decode_json(body, reading.limits), holder)
                assert (literal, unordered(fast)) == (literal, unordered(general))
    assert fast_ones, "no value of the type goes the fast way"


def test_a_member_given_twice_is_never_read_the_fast_way() -> None:
    kind = EntityType(
        "Test", "Thing", own_key=("ID",), own_properties={"ID": Property("ID", PRIMITIVE_TYPES["Edm.Int32"])}
    )
    kind.seal()
    form, reading = json_v4().form, Reading(None)
    assert fast_entity(b'{"ID":1}', kind, form, reading) == {"ID": 1}
    assert fast_entity(b'{"ID":1,"ID":2}', kind, form, reading) is None
    assert fast_entity(b'{"ID":null,"ID":null,"ID":2}', kind, form, reading) is None
    assert fast_entity(b'{"ID":1,"Other":{"a":1}}', kind, form, reading) is None


# ---------------------------------------------------------------- whatever comes in

NAMES = st.sampled_from(
    [
        *(
            "value",
            "ID",
            "Name",
            "A",
            "b",
            "url",
            "@odata.id",
            "@id",
            "odata.type",
            "@odata.type",
            "@type",
            "A@odata.type",
        ),
        *(
            "@odata.context",
            "@removed",
            "To1",
            "To1@odata.bind",
            "To1@delta",
            "To1@odata.count",
            "@odata.count",
            "#NS.Do",
        ),
        *("@Core.Term", "A@Core.Term", "@", "@odata.", "", "odata.null", "b@odata.type", "@odata.nextLink", "reason"),
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["INF", "#Edm.Int32"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["v4", "4.01 short full", "v3"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_json_gives_a_value_or_an_error(name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    model = data.draw(models(types=types_of(name)))
    kind = data.draw(st.none() | st.sampled_from([found.type for found in model.entity_sets.values()]))
    content = data.draw(st.dictionaries(NAMES, JSON, max_size=4) | JSON)
    body = json.dumps(content).encode()
    reading = Reading(data.draw(st.none() | st.just(model)), Limits(), ROOT, data.draw(st.booleans()))
    prop = None if kind is None else next(iter(kind.properties.values()))
    for read in (
        lambda: codec.read_entity(body, kind, reading),
        lambda: codec.read_feed(body, kind, reading),
        lambda: codec.read_property(body, prop, reading),
        lambda: codec.read_links(body, reading),
    ):
        assert message_of(read).endswith((".", "?"))


def message_of(read: Callable[[], object]) -> str:
    """A sentence: that of the refusal, if there is one. Everything else that is raised is a bug."""
    try:
        read()
    except BadRequest as error:
        return error.message
    return "."


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_an_error(body: bytes) -> None:
    for codec in (json_v3(), json_v4()):
        with contextlib.suppress(BadRequest):
            codec.read_entity(body, None, Reading(None))
