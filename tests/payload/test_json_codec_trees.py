# Whole trees of entities: derived types, dynamic properties with their types, expansions within expansions and control
# information are read as they were written, in both versions and at both levels that tell types.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from odata_core.edm import PRIMITIVE_TYPES, EntityType, Property, StructuredType
from odata_core.payload.codec import Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3, json_v4
from odata_core.payload.json_writers import row_writer
from odata_core.testing.strategies import VALUE_TYPES, values_of
from tests.payload.json_shop import MODEL, ROOT, about, kind, shape

CODECS: dict[str, JsonCodec] = {
    "v3": json_v3(),
    "v3 full": json_v3("full"),
    "v4": json_v4(),
    "v4 full": json_v4("full"),
    "v4 strings": json_v4(ieee754=True),
    "4.01 short": json_v4(is_401=True, short_names=True),
    "4.01 full": json_v4("full", is_401=True),
}

# What full metadata adds to rows: it is not compared.
ADDED = ("@odata.id", "@odata.editLink", "@odata.navigationLink", "@odata.associationLink", "@odata.mediaEditLink",
         "@odata.mediaReadLink")  # fmt: skip
EXPANSIONS = {"Customer": ("Orders",), "Order": ("Customer", "Items"), "Food": ("Maker",)}


def without(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {name: without(value) for name, value in row.items() if not name.endswith(ADDED)}
    return [without(item) for item in row] if isinstance(row, list) else row


def dynamic_types(family: str) -> list[str]:
    """What a dynamic property can be, where its Python value tells the type: not the types of the other version."""
    others = {"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Single", "Edm.Time", "Edm.Date", "Edm.TimeOfDay"}
    return [name for name in VALUE_TYPES if family in PRIMITIVE_TYPES[name].families and name not in others]


@st.composite
def rows(draw: st.DrawFn, declared: StructuredType, family: str, depth: int) -> dict[str, Any]:
    """A row of a type or of one that derives from it, with what belongs to its entity and what is related."""
    found = draw(st.sampled_from([declared, *declared.derived.values()]))
    row: dict[str, Any] = {} if found is declared else {"@odata.type": found.qualified_name}
    if isinstance(found, EntityType) and draw(st.booleans()):
        row["@odata.etag"] = draw(st.text(max_size=5))
    for name, prop in found.properties.items():
        if isinstance(prop.type, StructuredType):
            row[name] = draw(_complex(prop, family, depth))
        elif prop.type_name not in ("Edm.Untyped", "Edm.Stream"):
            row[name] = draw(values_of(prop))
        else:
            row[name] = None
    if found.is_open:
        for name in draw(st.lists(st.sampled_from(["Free", "Offen", "自由"]), unique=True)):
            row |= {name: draw(_dynamic(family))}
    for name in EXPANSIONS.get(found.name, ()) if depth else ():
        navigation = found.navigation[name]
        related = rows(navigation.target, family, depth - 1)
        row[name] = draw(st.lists(related, max_size=2) if navigation.is_collection else st.none() | related)
        if navigation.is_collection and draw(st.booleans()):
            row |= {name + "@odata.count": draw(st.integers(0, 10**12)), name + "@odata.nextLink": "?$skiptoken=1"}
    return row


def _complex(prop: Property, family: str, depth: int) -> SearchStrategy[Any]:
    assert isinstance(prop.type, StructuredType)
    items = rows(prop.type, family, depth)
    return st.lists(items, max_size=2) if prop.is_collection else st.none() | items


def _dynamic(family: str) -> SearchStrategy[Any]:
    properties = [Property("X", PRIMITIVE_TYPES[name], nullable=False) for name in dynamic_types(family)]
    return st.sampled_from(properties).flatmap(values_of)


def expanding(declared: StructuredType, depth: int) -> tuple[tuple[str, Shape], ...]:
    names = EXPANSIONS.get(declared.name, ()) if depth else ()
    sets = {"Customer": "Customers", "Order": "Orders"}
    found = []
    for name in names:
        target = declared.navigation[name].target
        inner = expanding(target, depth - 1)
        found.append((name, shape(sets[target.name], expand=inner) if target.name in sets else Shape(target)))
    return tuple(found)


@pytest.mark.parametrize("set_name", ["Customers", "Orders", "Products"])
@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_trees_come_back(name: str, set_name: str, data: st.DataObject) -> None:
    codec = CODECS[name]
    declared = kind(set_name.removesuffix("s"))
    depth = data.draw(st.integers(0, 2))
    expand = expanding(kind("Food") if set_name == "Products" else declared, depth)
    table = data.draw(st.lists(rows(declared, name[:2] if name[0] == "v" else "v4", depth), max_size=3))
    found = shape(set_name, expand=expand)
    body = b"".join(codec.write_feed(found, table, about("")))
    write = row_writer(found, codec.form).write
    assert body == b'{"value":' + codec.form.encode([write(row, ROOT) for row in table]) + b"}"
    feed = codec.read_feed(body, declared, Reading(MODEL, is_request=False))
    assert repr_of(without(feed.rows)) == repr_of(table)
    for row in table:
        one = codec.write_entity(found, row, about(set_name))
        assert repr_of(without(codec.read_entity(one, declared, Reading(MODEL, is_request=False)))) == repr_of(row)


def repr_of(value: Any) -> Any:
    """In a form in which the order of members does not count, and NaN is equal to itself."""
    if isinstance(value, Mapping):
        return sorted((name, repr_of(item)) for name, item in value.items())
    return [repr_of(item) for item in value] if isinstance(value, list) else repr(value)
