# What the benchmark of payloads writes and reads: 1,000 entities of the Product that all OData services show, seven
# properties, one of them null for two of three. As in a real table, no two rows have the same name, description, date
# or price (only ratings repeat), and no two seeds have a date or a price in common more often than by chance.

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from odata_core.edm import Model, ModelBuilder, PropertySpec, StructuredType, Timestamp, prop
from odata_core.payload.codec import About, Codec, Reading, Shape
from odata_core.payload.json_codec import json_v3, json_v4
from odata_core.payload.json_verbose import V2, VerboseJson

ENTITIES: Final = 1_000
ROOT: Final = "http://localhost/service/"
_FIRST: Final = datetime(1992, 1, 1)
_SECONDS: Final = 12_000 * 24 * 60 * 60

Row = dict[str, Any]


def product_model(moment: str) -> Model:
    """The model, with one or the other type of moments."""
    demo = ModelBuilder("ODataDemo")
    properties: dict[str, str | PropertySpec] = {
        "ID": "Int32",
        "Name": "String",
        "Description": "String",
        "ReleaseDate": prop(moment, nullable=False),
        "DiscontinuedDate": moment,
        "Rating": prop("Int16", nullable=False),
        "Price": prop("Decimal", nullable=False),
    }
    demo.entity("Product", key="ID", properties=properties)
    demo.entity_set("Products", "Product")
    return demo.build()


def products(seed: int, zone: Any) -> list[Row]:
    """Rows as a database driver gives them: the moments are datetimes, which are now kept as moments."""
    chance = random.Random(seed)
    seconds = iter(chance.sample(range(_SECONDS), 2 * ENTITIES))
    cents = chance.sample(range(1_000_000), ENTITIES)

    def moment() -> Timestamp:
        return Timestamp.of((_FIRST + timedelta(seconds=next(seconds))).replace(tzinfo=zone))

    return [
        {
            "ID": number,
            "Name": f"Product {number}",
            "Description": f"What people say of product {number}, in some words",
            "ReleaseDate": moment(),
            "DiscontinuedDate": None if number % 3 else moment(),
            "Rating": number % 6,
            "Price": Decimal(cents[number]) / 100,
        }
        for number in range(ENTITIES)
    ]


def computed(rows: list[Row]) -> list[Row]:
    """The same rows with moments that nobody has printed yet, as those that are calculated."""
    return [
        {
            name: Timestamp(value.ticks, value.offset) if isinstance(value, Timestamp) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def ready(rows: list[Row]) -> list[Row]:
    """What a JSON encoder can write: dates as text, prices as floats."""
    moments = ("ReleaseDate", "DiscontinuedDate")
    texts = [{name: None if row[name] is None else str(row[name]) for name in moments} for row in rows]
    return [{**row, **text, "Price": float(row["Price"])} for row, text in zip(rows, texts, strict=True)]


@dataclass(frozen=True, slots=True)
class Format:
    """A format with its model and what a table has in it."""

    codec: Codec
    model: Model
    zone: Any

    @property
    def kind(self) -> StructuredType:
        return self.model.entity_set("Products").type

    def rows(self, seed: int) -> list[Row]:
        return products(seed, self.zone)

    def chunks(self, rows: list[Row]) -> Iterator[bytes]:
        """A feed; its shape is new each time, as it is for each request."""
        products = self.model.entity_set("Products")
        about = About(ROOT, "Products", updated="2024-01-01T00:00:00Z")
        return self.codec.write_feed(Shape(products.type, products), rows, about)

    def write(self, rows: list[Row]) -> None:
        """Write a feed as a server does, which forgets a chunk when it was sent."""
        for _chunk in self.chunks(rows):
            pass

    def body(self, rows: list[Row]) -> bytes:
        return b"".join(self.chunks(rows))

    def read(self, body: bytes) -> list[Row]:
        """The rows of an answer, checked against the model."""
        return self.codec.read_feed(body, self.kind, Reading(self.model, is_request=False)).rows


_V4: Final = product_model("DateTimeOffset")
_V3: Final = product_model("DateTime")

V4: Final = Format(json_v4(), _V4, UTC)
V3: Final = Format(json_v3(), _V3, None)
V2_VERBOSE: Final = Format(VerboseJson(V2, _V3), _V3, None)
FORMATS: Final[Mapping[str, Format]] = {
    "v4": V4,
    "v4, strings (IEEE754)": Format(json_v4(ieee754=True), _V4, UTC),
    "v4, no metadata": Format(json_v4("none"), _V4, UTC),
    "v4, full metadata": Format(json_v4("full"), _V4, UTC),
    "v3 light": V3,
    "v3 light, full": Format(json_v3("full"), _V3, None),
    "v2 verbose": V2_VERBOSE,
}
