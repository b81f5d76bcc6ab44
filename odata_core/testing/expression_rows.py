# A small model with everything in it, and strategies for its rows: all primitive types, enumerations, complex values,
# collections, dynamic properties, derived types, related entities inline. Values are few and awkward, so that those of
# rows and of literals meet.

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..edm import Duration, EnumType, Model, ModelBuilder, PrimitiveType, TimeOfDay, Timestamp, prop
from ..edm import primitives as edm
from ..edm.rows import TYPE
from ..edm.types import StructuredType
from ..query.tree import ValueType

_MOMENTS = (Timestamp(0, 0), Timestamp(36_000_000_000, 60), Timestamp.parse("2024-02-29T23:59:59.5+14:00"))
VALUES: Final[Mapping[PrimitiveType, tuple[Any, ...]]] = {
    edm.BINARY: (b"", b"\x00", b"a"),
    edm.BOOLEAN: (True, False),
    edm.BYTE: (0, 1, 255),
    edm.SBYTE: (-128, 0, 1),
    edm.INT16: (-1, 0, 1, 2**15 - 1),
    edm.INT32: (-2, -1, 0, 1, 2, 3, 2**31 - 1),
    edm.INT64: (-(2**63), -1, 0, 1, 2**53 + 1),
    edm.SINGLE: (0.5, -0.0, float("nan"), float("inf"), 0.10000000149011612),
    edm.DOUBLE: (0.5, 1.0, 0.1, -2.5, float("nan"), float("-inf"), float(2**53)),
    edm.DECIMAL: (Decimal("0.5"), Decimal("1.0"), Decimal("-2.50"), Decimal("0.1"), Decimal(10) ** 28),
    edm.STRING: ("", "a", "A", "ab", " ba ", "😀", "1", "true", "0.5", "Red"),
    edm.GUID: (UUID(int=0), UUID(int=1)),
    edm.DATETIME: (Timestamp(0), Timestamp(1)),
    edm.DATETIME_OFFSET: _MOMENTS,
    edm.TIME: (Duration(0), Duration(1)),
    edm.DATE: (date.min, date(2024, 2, 29), date(2024, 3, 1)),
    edm.TIME_OF_DAY: (TimeOfDay(0), TimeOfDay(864_000_000_000 - 1)),
    edm.DURATION: (Duration(0), Duration(-5_000_000), Duration(864_000_000_000)),
}
"""A few values of each primitive type."""


def _model() -> Model:
    builder = ModelBuilder("Trial")
    builder.enum("Color", members={"Red": 3, "Green": 1, "Blue": 2})
    builder.enum("Rights", members={"Read": 1, "Write": 2, "Delete": 4}, flags=True)
    builder.complex("Address", properties={"City": "String", "Zip": "Int32", "Color": "Color"}, open=True)
    builder.complex("Abroad", base="Address", properties={"Country": "String"})
    plain = {kind.short_name: prop(kind.name) for kind in VALUES}
    builder.entity(
        "Item",
        key="ID",
        open=True,
        properties={
            "ID": "Int32",
            **plain,
            "Color": "Color",
            "Rights": "Rights",
            "Home": "Address",
            "Numbers": "Collection(Int32)",
            "Doubles": "Collection(Double)",
            "Words": "Collection(String)",
            "Colors": "Collection(Color)",
            "Homes": "Collection(Address)",
        },
    )
    builder.entity("Special", base="Item", properties={"Bonus": "Int32"})
    builder.entity_set("Items", "Item")
    builder.navigation("Item", "Owner", to="Item")
    builder.navigation("Item", "Parts", to="Item", many=True)
    return builder.build()


MODEL: Final = _model()
ITEM: Final = MODEL.entity_set("Items").type
DERIVED: Final = {
    "Trial.Item": ("Trial.Special",),
    "Trial.Address": ("Trial.Abroad",),
}


def names_of(kind: StructuredType) -> frozenset[str]:
    """The names of a type of the model and of those that derive from it."""
    return frozenset((kind.qualified_name, *DERIVED.get(kind.qualified_name, ())))


# ------------------------------------------------------------------ rows


def values_of(kind: ValueType) -> SearchStrategy[Any]:
    """Values of a type that are not null."""
    match kind:
        case EnumType():
            names = list(kind.members)
            if not kind.is_flags:
                return st.sampled_from(names)
            return st.lists(st.sampled_from(names), min_size=1, unique=True).map(",".join)
        case PrimitiveType():
            return st.sampled_from(VALUES[kind])
        case _:
            return rows(kind, depth=0)


_DYNAMIC_TYPES: Final = (edm.BOOLEAN, edm.INT32, edm.DOUBLE, edm.STRING, edm.DATE)
DYNAMIC: Final = st.one_of(
    st.none(),
    st.sampled_from([value for kind in _DYNAMIC_TYPES for value in VALUES[kind]]),
    st.just([1, None, True]),
    st.just({"City": "a"}),
)
"""Values of dynamic properties."""


@st.composite
def rows(draw: DrawFn, kind: StructuredType = ITEM, depth: int = 2) -> dict[str, Any]:
    """Complete rows with their related ones inline, some of them of a derived type."""
    actual = kind
    row: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0 and kind.qualified_name in DERIVED:
        name = DERIVED[kind.qualified_name][0]
        found = MODEL.types[name]
        assert isinstance(found, StructuredType)
        actual, row[TYPE] = found, name
    # Few members of a row have a value: a generator that draws all of them soon has nothing left to draw with.
    chosen = draw(st.sets(st.sampled_from(list(actual.properties)), max_size=8))
    for name, member in actual.properties.items():
        row[name] = [] if member.is_collection else None
        if name == "ID":
            row[name] = draw(st.integers(0, 2))
        elif name in chosen:
            values = values_of(member.type)
            row[name] = draw(st.lists(st.none() | values, max_size=3) if member.is_collection else values)
    if draw(st.booleans()):
        row["Extra"] = draw(DYNAMIC)
    if kind is ITEM:
        row["Owner"] = draw(st.none() | rows(ITEM, depth - 1)) if depth > 0 else None
        row["Parts"] = draw(st.lists(rows(ITEM, depth - 1), max_size=2)) if depth > 0 else []
    return row
