# Keys as predicates and as segments: what is printed is found again, through percent-encoding, splitting and binding.

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, EntitySet, EntityType, Model, ModelBuilder, PrimitiveType, Timestamp, prop
from odata_core.edm.primitives import DATETIME
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.query.resource import Hop, Kind, Resource
from odata_core.testing.reference import exact
from odata_core.testing.strategies import keys_of, models
from odata_core.uri import V3_GRAMMAR, encode_segment, print_key_segment, print_predicate, read_key_segment
from odata_core.uri.keys import print_key_literal
from tests.query.paths import bind as bind_path

LIMITS = Limits()
V3_TYPES = tuple(name for name in V3_GRAMMAR.printers if PRIMITIVE_TYPES[name].is_key_type)


def one_key(type_name: str, **facets: Any) -> EntityType:
    """An entity type with one key of the given type."""
    builder = ModelBuilder("Test")
    builder.enum("Color", members={"Red": 1, "Green": 2})
    builder.enum("Rights", members={"Read": 1, "Write": 2}, flags=True)
    builder.entity("Thing", key="A", properties={"A": prop(type_name, **facets)})
    builder.entity_set("Things", "Thing")
    return builder.build().entity_set("Things").type


def many_keys() -> Model:
    """An entity type whose key has one part of every type of version 3, enumerations included."""
    builder = ModelBuilder("Test")
    builder.enum("Color", members={"Red": 1, "Green": 2})
    builder.enum("Rights", members={"Read": 1, "Write": 2}, flags=True)
    types = {name.removeprefix("Edm.").lower(): name for name in V3_TYPES} | {"Color": "Color", "Rights": "Rights"}
    builder.entity("Thing", key=tuple(types), properties=types)
    builder.entity_set("Things", "Thing")
    return builder.build()


MANY = many_keys()


def bind(model: Model, path: str, *, key_as_segment: bool = False) -> Resource:
    return bind_path(model, path, 3, key_as_segment=key_as_segment)


def comparable(kind: EntityType, key: tuple[Any, ...] | None, *, with_zone: bool = False) -> list[Any]:
    """A key to compare exactly. The literal of Edm.DateTime has no zone, so of it only the instant counts."""
    assert key is not None
    return [
        value.instant if kind.properties[name].type is DATETIME and not with_zone else exact(value)
        for name, value in zip(kind.key, key, strict=True)
    ]


@pytest.mark.parametrize(
    ("type_name", "key", "predicate"),
    [
        ("String", "O'Neil", "('O''Neil')"),
        ("String", "a/b+c d%", "('a%2Fb%2Bc%20d%25')"),
        ("String", "", "('')"),
        ("String", "..", "('..')"),
        ("String", "Größe", "('Gr%C3%B6%C3%9Fe')"),
        ("Guid", UUID(int=1), "(guid'00000000-0000-0000-0000-000000000001')"),
        ("Int32", -5, "(-5)"),
        ("Byte", 5, "(5)"),
        ("Int64", 5, "(5L)"),
        ("Decimal", Decimal("1.10"), "(1.10M)"),
        ("Double", 1e22, "(1e%2B22D)"),
        ("Boolean", True, "(true)"),
        ("Binary", b"\x00\xff", "(binary'00FF')"),
        ("DateTimeOffset", Timestamp(0, 60), "(datetimeoffset'0001-01-01T00:00:00%2B01:00')"),
        ("Color", "Red", "('Red')"),
        ("Rights", "Read,Write", "('Read,Write')"),
    ],
)
def test_a_single_key_is_printed_without_its_name(type_name: str, key: Any, predicate: str) -> None:
    assert print_predicate(one_key(type_name), (key,), V3_GRAMMAR) == predicate


def test_several_keys_are_printed_with_names_in_model_order() -> None:
    builder = ModelBuilder("VMM")
    builder.entity("Job", key=("StampId", "ID"), properties={"ID": "Guid", "StampId": "Guid", "Name": "String"})
    builder.entity_set("Jobs", "Job")
    kind = builder.build().entity_set("Jobs").type
    assert print_predicate(kind, (UUID(int=1), UUID(int=2)), V3_GRAMMAR) == (
        "(StampId=guid'00000000-0000-0000-0000-000000000001',ID=guid'00000000-0000-0000-0000-000000000002')"
    )


@pytest.mark.parametrize("name", [*V3_TYPES, "Color", "Rights"])
@given(data=st.data())
def test_a_single_key_is_found_again(name: str, data: st.DataObject) -> None:
    kind = one_key(name)
    key = data.draw(keys_of(kind))
    model = Model("Test", "Container", {}, {"Things": EntitySet("Things", kind)})
    raw = f"Things{print_predicate(kind, key, V3_GRAMMAR)}"
    assert raw.isascii()
    assert "/" not in raw
    for path in (raw, f"Things(A={raw.removeprefix('Things(')}"):
        resource = bind(model, path)
        assert (resource.kind, resource.entity_set.name) == (Kind.ENTITY, "Things")
        assert comparable(kind, resource.hops[-1].key) == comparable(kind, key)


@pytest.mark.parametrize("name", [*V3_TYPES, "Color", "Rights"])
@given(data=st.data())
def test_a_key_segment_is_found_again(name: str, data: st.DataObject) -> None:
    kind = one_key(name)
    key = data.draw(keys_of(kind))
    model = Model("Test", "Container", {}, {"Things": EntitySet("Things", kind)})
    assume(key[0] not in ("", ".", "..", b""))
    raw = print_key_segment(kind.properties["A"], key[0])
    assert raw.isascii()
    resource = bind(model, f"Things/{raw}/A", key_as_segment=True)
    assert (resource.kind, resource.properties) == (Kind.PROPERTY, (kind.properties["A"],))
    assert comparable(kind, resource.hops[-1].key, with_zone=True) == comparable(kind, key, with_zone=True)


@given(data=st.data())
def test_the_parts_of_a_key_may_stand_in_any_order(data: st.DataObject) -> None:
    entity_set = MANY.entity_set("Things")
    kind = entity_set.type
    key = data.draw(keys_of(kind))
    assert comparable(kind, bind(MANY, f"Things{print_predicate(kind, key, V3_GRAMMAR)}").hops[0].key) == comparable(
        kind, key
    )
    literals = {
        name: encode_segment(print_key_literal(kind.properties[name], value, V3_GRAMMAR))
        for name, value in zip(kind.key, key, strict=True)
    }
    names = data.draw(st.permutations(kind.key))
    predicate = ",".join(f"{name}={literals[name]}" for name in names)
    assert comparable(kind, bind(MANY, f"Things({predicate})").hops[0].key) == comparable(kind, key)


@given(data=st.data())
def test_keys_of_any_model_are_found_again(data: st.DataObject) -> None:
    model = data.draw(models(types=V3_TYPES))
    entity_set = data.draw(st.sampled_from(list(model.entity_sets.values())))
    key = data.draw(keys_of(entity_set.type))
    resource = bind(model, entity_set.name + print_predicate(entity_set.type, key, V3_GRAMMAR))
    assert (resource.kind, resource.hops) == (Kind.ENTITY, (Hop(entity_set, None, resource.hops[0].key),))
    assert comparable(entity_set.type, resource.hops[0].key) == comparable(entity_set.type, key)


@pytest.mark.parametrize(
    ("type_name", "key", "segment"),
    [
        ("String", "ALFKI", "ALFKI"),
        ("String", "it's", "it's"),
        ("String", "a/b", "a%2Fb"),
        ("String", "$count", "$$count"),
        ("String", "$$x", "$$$x"),
        ("String", "$", "$$"),
        ("String", "a$", "a$"),
        ("String", "...", "..."),
        ("String", " ", "%20"),
        ("Guid", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("Int64", 5, "5"),
        ("Decimal", Decimal("1.10"), "1.10"),
        ("Double", 1.5, "1.5"),
        ("Single", float("-inf"), "-INF"),
        ("Boolean", False, "false"),
        ("Binary", b"\x00\xff", "00FF"),
        ("DateTime", Timestamp(0), "0001-01-01T00:00:00"),
        ("DateTimeOffset", Timestamp(0, 0), "0001-01-01T00:00:00Z"),
        ("Rights", "Read,Write", "Read,Write"),
    ],
)
def test_a_key_segment_is_the_bare_value(type_name: str, key: Any, segment: str) -> None:
    assert print_key_segment(one_key(type_name).properties["A"], key) == segment


@pytest.mark.parametrize(
    ("type_name", "key", "text"),
    [("String", "", ""), ("String", ".", "."), ("String", "..", ".."), ("Binary", b"", "")],
)
def test_what_no_segment_can_hold_is_not_printed(type_name: str, key: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        print_key_segment(one_key(type_name).properties["A"], key)
    assert str(caught.value) == f"the key value '{text}' cannot be a path segment"


A_GUID = "a GUID reads like 3499b02c-8dc9-4c0d-aa83-097a1340cbda"


@pytest.mark.parametrize(
    ("type_name", "text", "reason"),
    [
        ("Guid", "1", A_GUID),
        ("Guid", f"guid'{UUID(int=1)}'", A_GUID),
        ("Int32", "", "a whole number is expected"),
        ("Int32", "5.0", "a whole number is expected"),
        ("Int32", "1_0", "a whole number is expected"),
        ("Int32", " 5", "a whole number is expected"),
        ("Int32", "+5", "a whole number is expected"),
        ("Int32", "٥", "a whole number is expected"),
        ("Int32", "2147483648", "the number must be between -2147483648 and 2147483647"),
        ("Int64", "9" * 5000, "a number has at most 1000 digits"),
        ("Byte", "256", "the number must be between 0 and 255"),
        ("Decimal", "1,5", "a number reads like 5, -5 or 5.25"),
        ("Decimal", "NaN", "a finite decimal number is expected"),
        ("Decimal", "INF", "a finite decimal number is expected"),
        ("Double", "1e400", "the number is too large for a double"),
        ("Double", "Infinity", "a number reads like 5, -5 or 5.25"),
        ("Single", "1e39", "the number is too large for a single"),
        ("Boolean", "True", "the text is not understood"),
        ("Boolean", "1", "the text is not understood"),
        ("Binary", "0", "binary data is spelled as pairs of hexadecimal digits"),
        ("DateTime", "2013-08-19", "a date and time reads like 2013-08-19T15:02:36.8185926-07:00"),
        (
            "DateTimeOffset",
            "2013-08-19T00:00:00",
            "the date and time needs an offset from UTC, such as Z or +01:00",
        ),
        ("Time", "P1D", "the time must be from PT0S up to, and without, P1D"),
        ("Color", "Blue", "a member of Test.Color is expected: Red, Green"),
        ("Color", "Red,Green", "a member of Test.Color is expected: Red, Green"),
        ("Color", "5", "no member of Test.Color has the value 5"),
    ],
)
def test_a_segment_that_is_no_key_is_refused(type_name: str, text: str, reason: str) -> None:
    key = one_key(type_name).properties["A"]
    with pytest.raises(BadRequest) as caught:
        read_key_segment(key, text)
    assert caught.value.message == (
        f"The segment '{text[:100]}' is not a key value for 'A' of type {key.type_name}: {reason}."
    )


def test_a_key_segment_obeys_the_facets_of_its_property() -> None:
    builder = ModelBuilder("Test")
    builder.entity("Thing", key="A", properties={"A": prop("String", max_length=3)})
    builder.entity_set("Things", "Thing")
    model = builder.build()
    assert bind(model, "Things/abc", key_as_segment=True).hops[0].key == ("abc",)
    for path in ("Things/abcd", "Things('abcd')"):
        with pytest.raises(BadRequest) as caught:
            bind(model, path, key_as_segment=True)
        assert "at most 3 characters or bytes are allowed, 4 were given." in caught.value.message


@pytest.mark.parametrize("name", [*V3_TYPES, "Color", "Rights"])
@given(text=st.text() | st.text(alphabet="0123456789-+.eEPTZ:{}INFa"))
def test_any_segment_is_a_key_or_refused(name: str, text: str) -> None:
    key = one_key(name).properties["A"]
    try:
        value = read_key_segment(key, text)
    except BadRequest:
        return
    assert isinstance(value, key.type.python if isinstance(key.type, PrimitiveType) else str)
    assert exact(key.accept(value)) == exact(value)
