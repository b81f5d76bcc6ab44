# The model and the rows that every backend is tried on: each primitive type, nulls, ties, awkward text, extremes.
# Strategy: small enough to read, and complete: a test holds the model to all primitive types, so that a new type
# cannot be forgotten.

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..backend import Row
from ..backend.rows import new_row
from ..edm import Duration, Model, ModelBuilder, TimeOfDay, Timestamp, prop
from ..edm.temporal import MAX_DURATION_TICKS, MAX_TICKS, TICKS_PER_DAY
from .strategies import VALUE_TYPES


def _model() -> Model:
    builder = ModelBuilder("Reference")
    builder.enum("Color", members={"Red": 3, "Green": 1, "Blue": 2})
    builder.enum("Rights", members={"Read": 1, "Write": 2, "Delete": 4}, flags=True)
    builder.complex("Address", properties={"City": "String", "Zip": "Int32"})
    builder.entity(
        "Product",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Name": prop("String", max_length=40),
            "Price": prop("Decimal", precision=10, scale=2),
            "Weight": "Double",
            "Stock": prop("Int32", nullable=False, default=0),
            "Discontinued": prop("Boolean", nullable=False),
            "Color": "Color",
            "Maker": "Address",
            "Tags": "Collection(String)",
        },
    )
    builder.entity("Line", key=("Order", "Text"), properties={"Order": "Int32", "Text": "String", "Amount": "Int64"})
    builder.entity(
        "Everything",
        key="Key",
        properties={
            "Key": prop("Guid", generated=True),
            **{name.removeprefix("Edm."): name for name in VALUE_TYPES},
            "Color": "Color",
            "Rights": "Rights",
            "Address": "Address",
            "Numbers": "Collection(Int32)",
            "Addresses": "Collection(Address)",
        },
    )
    for name, kind in (("Products", "Product"), ("Lines", "Line"), ("Everything", "Everything")):
        builder.entity_set(name, kind)
    return builder.build()


MODEL: Final = _model()

_PRODUCTS: Final[tuple[dict[str, Any], ...]] = (
    {"ID": 7, "Name": "Milk", "Price": Decimal("1.20"), "Stock": 5, "Discontinued": False, "Color": "Blue"},
    {"ID": 2, "Name": "milk", "Price": Decimal("1.2"), "Weight": 1.5, "Discontinued": True, "Color": "Red"},
    {"ID": 3, "Name": None, "Price": None, "Stock": -3, "Discontinued": False, "Tags": ["a", ""]},
    {"ID": 4, "Name": "", "Price": Decimal("0"), "Weight": float("nan"), "Stock": 5, "Discontinued": True},
    {"ID": 5, "Name": 'O\'Neil 100% / + & "x"', "Weight": float("-inf"), "Discontinued": False, "Color": "Green"},
    {"ID": 6, "Name": " Müller\u2003", "Price": Decimal("-99999999.99"), "Weight": -0.0, "Discontinued": False},
    {"ID": 1, "Name": "😀 a_b%c", "Weight": 1.5, "Discontinued": True, "Maker": {"City": "Bern", "Zip": 3000}},
    {"ID": 8, "Name": "\uffff", "Stock": 5, "Discontinued": False, "Maker": {"City": None, "Zip": 1}},
    {"ID": -9, "Name": "a\x00b", "Weight": 0.1, "Discontinued": False, "Maker": {"City": "Basel", "Zip": None}},
)

_LINES: Final[tuple[dict[str, Any], ...]] = (
    {"Order": 10, "Text": "b", "Amount": 2**63 - 1},
    {"Order": 9, "Text": "b", "Amount": None},
    {"Order": 10, "Text": "B", "Amount": -(2**63)},
    {"Order": 10, "Text": "", "Amount": 0},
    {"Order": 10, "Text": "it's", "Amount": 2**53 + 1},
)

_EVERYTHING: Final[tuple[dict[str, Any], ...]] = (
    {"Key": UUID(int=2)},
    {
        "Key": UUID(int=1),
        "Binary": b"",
        "Boolean": False,
        "Byte": 0,
        "SByte": -128,
        "Int16": -(2**15),
        "Int32": -(2**31),
        "Int64": -(2**63),
        "Single": 0.5,
        "Double": -0.0,
        "Decimal": Decimal("-79228162514264337593543950335"),
        "String": "",
        "Guid": UUID(int=0),
        "DateTime": Timestamp(0),
        "DateTimeOffset": Timestamp(0, 840),
        "Time": Duration(0),
        "Date": date.min,
        "TimeOfDay": TimeOfDay(0),
        "Duration": Duration(-MAX_DURATION_TICKS),
        "Color": "Red",
        "Rights": "Read",
        "Address": {"City": None, "Zip": None},
        "Numbers": [],
        "Addresses": [{"City": "Bern", "Zip": 1}, {"City": None, "Zip": None}],
    },
    {
        "Key": UUID("f0000000-0000-4000-8000-00000000000a"),
        "Binary": bytes(range(256)),
        "Boolean": True,
        "Byte": 255,
        "SByte": 127,
        "Int16": 2**15 - 1,
        "Int32": 2**31 - 1,
        "Int64": 2**63 - 1,
        "Single": float("inf"),
        "Double": float("nan"),
        "Decimal": Decimal("0.0000000000000000000000000001"),
        "String": "\ufeffé e\u0301 \x00\x7f \U0010ffff",
        "Guid": UUID(int=2**128 - 1),
        "DateTime": Timestamp(MAX_TICKS - 1),
        "DateTimeOffset": Timestamp(MAX_TICKS - 1, -840),
        "Time": Duration(TICKS_PER_DAY - 1),
        "Date": date.max,
        "TimeOfDay": TimeOfDay(TICKS_PER_DAY - 1),
        "Duration": Duration(MAX_DURATION_TICKS),
        "Color": "Blue",
        "Rights": "Read,Delete",
        "Address": {"City": "Zürich", "Zip": 8000},
        "Numbers": [3, 1, 2, 1],
        "Addresses": [],
    },
    # Two moments that are one instant on different clocks, and one a tick later.
    {"Key": UUID(int=5), "DateTimeOffset": Timestamp.parse("2013-08-19T15:02:36.8185926-07:00"), "Int32": 1},
    {"Key": UUID(int=4), "DateTimeOffset": Timestamp.parse("2013-08-19T22:02:36.8185926Z"), "Int32": 1},
    {"Key": UUID(int=3), "DateTimeOffset": Timestamp.parse("2013-08-19T22:02:36.8185927Z"), "Int32": 1},
)

ROWS: Final[Mapping[str, list[Row]]] = {
    name: [new_row(MODEL.entity_set(name).type, values) for values in rows]
    for name, rows in (("Products", _PRODUCTS), ("Lines", _LINES), ("Everything", _EVERYTHING))
}
"""The rows of each entity set, complete and in no order."""


def exact(value: Any) -> Any:
    """A value in a form that is equal only to itself: with the offset of a moment, the sign of a zero, and NaN."""
    match value:
        case Timestamp():
            return (value.ticks, value.offset)
        case float():
            return value.hex()
        case bool() | int() | Decimal():
            return (type(value).__name__, value)
        case Mapping():
            return [(name, exact(item)) for name, item in value.items()]
        case list() | tuple():
            return [exact(item) for item in value]
        case _:
            return value
