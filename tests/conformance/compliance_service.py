# The reference service that black-box HTTP suites test against, with its operations.
# Run: python tests/conformance/compliance_service.py --port 9090

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from odata_core.backend import Key, Query, Reads, Row, Source, Stream
from odata_core.errors import BadRequest
from odata_core.service import Handler, Service
from odata_core.service.asynchrony import Asynchronous
from odata_core.service.calls import Operations
from odata_memory import MemoryBackend
from odata_memory.store import MemorySession
from tests.conformance.compliance_model import NAMESPACE, compliance_model, compliance_rows, compliance_streams

F = TypeVar("F", bound=Callable[..., Any])

MODEL = compliance_model()
PRODUCTS = MODEL.entity_sets["Products"]


class CountingSession(MemorySession):
    """Each update makes another version, which the ETag is made of; and media items know what they hold."""

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        former = self.get(entity_set, key) if "Version" in entity_set.type.properties else None
        counted = values if former is None else {**values, "Version": former["Version"] + 1}
        return super().update(entity_set, key, counted, replace=replace)

    def write_stream(self, entity_set: Source, key: Key, name: str | None, stream: Stream | None) -> None:
        """A media item tells what its content is."""
        super().write_stream(entity_set, key, name, stream)
        if name is None and stream is not None and "ContentType" in entity_set.type.properties:
            told = {"ContentType": stream.content_type, "Size": len(stream.content)}
            self.update(entity_set, key, told, replace=False)


class ComplianceBackend(MemoryBackend):
    kind_of_session = CountingSession


def compliance_service() -> Service:
    """A service with the rows of the contract, which `Reseed` brings back."""
    streams: dict[tuple[str, tuple[Any, ...], str | None], Stream] = {
        ("MediaItems", (key,), None): Stream(kind, content) for key, (kind, content) in compliance_streams().items()
    }
    backend = ComplianceBackend(MODEL, compliance_rows(), streams=streams)
    return Service(MODEL, backend, operations=operations(backend), versions=("4.0", "4.01"), default_version="4.01")


def operations(backend: MemoryBackend) -> Operations:
    """What the contract's functions and actions do; it leaves most of that to the service."""
    found = Operations(MODEL)

    def operation(name: str) -> Callable[[F], F]:
        return found(f"{NAMESPACE}.{name}")

    @operation("GetTopProducts")
    def top_products(products: list[Row], count: int = 3, category: str | None = None, *, session: Reads) -> list[Row]:
        if count < 1:
            raise BadRequest("The parameter 'count' must be positive.")
        names = {row["ID"]: row["Name"] for row in session.select(Query(MODEL.entity_sets["Categories"])).rows}
        kept = [row for row in products if category is None or names.get(row["CategoryID"]) == category]
        return sorted(kept, key=lambda row: -row["Price"])[:count]

    @operation("GetTotalPrice")
    def total_price(product: Row, taxRate: float) -> float:  # noqa: N803  # the model's name
        return float(product["Price"] * (1 + taxRate))

    @operation("GetProductStats")
    def product_stats(products: list[Row]) -> str:
        return f"{len(products)} products, {sum(row['Price'] for row in products):.2f} in all"

    @operation("GetRelatedProducts")
    def related_products(product: Row, *, session: Reads) -> list[Row]:
        rows = session.select(Query(PRODUCTS)).rows
        return [row for row in rows if row["CategoryID"] == product["CategoryID"] and row["ID"] != product["ID"]]

    @operation("GetAveragePrice")
    def average_price(products: list[Row]) -> float:
        return float(sum(row["Price"] for row in products) / len(products)) if products else 0.0

    @operation("FindProducts")
    def find_products(name: str, maxPrice: float, *, session: Reads) -> list[Row]:  # noqa: N803
        rows = session.select(Query(PRODUCTS)).rows
        return [row for row in rows if name.lower() in row["Name"].lower() and row["Price"] <= maxPrice]

    @operation("Calculate")
    def calculate(value: int = 0, a: int | None = None, b: int = 0) -> int:
        return value * 2 if a is None else a + b

    @operation("Convert")
    def convert(input: str | None = None, number: int = 0) -> str:
        return str(number) if input is None else input.upper()

    @operation("CalculatePrice")
    def calculate_price(product: Row, discount: float, tax: float = 0.0) -> float:
        return float(product["Price"] * (1 - discount / 100) * (1 + tax / 100))

    @operation("GetInfo")
    def info(product: Row, format: str) -> str:
        text = f"{product['Name']}: {product['Price']}"
        return f'{{"info": "{text}"}}' if format == "json" else text

    def changed(session: Any, product: Row, **values: Any) -> Row:
        updated: Row = session.update(PRODUCTS, (product["ID"],), values, replace=False)
        return updated

    @operation("ApplyDiscount")
    def apply_discount(product: Row, percentage: float, *, session: Reads) -> Row:
        if not 0 <= percentage <= 100:
            raise BadRequest("The parameter 'percentage' must be from 0 to 100.")
        return changed(session, product, Price=product["Price"] * (1 - percentage / 100))

    @operation("IncreasePrice")
    def increase_price(product: Row, amount: float, *, session: Reads) -> Row:
        return changed(session, product, Price=product["Price"] + amount)

    @operation("Activate")
    def activate(product: Row, *, session: Reads) -> Row:
        return changed(session, product, Status="InStock")

    @operation("CalculateDiscount")
    def calculate_discount(product: Row, percentage: float) -> float:
        return float(product["Price"] * percentage / 100)

    @operation("MarkAllAsReviewed")
    def mark_all(products: list[Row]) -> int:
        return len(products)

    @operation("ResetAllPrices")
    def reset_prices(*, session: Reads) -> None:
        for row in list(session.select(Query(PRODUCTS)).rows):
            changed(session, row, Price=0.0)

    @operation("Process")
    def process(percentage: float, minPrice: float = 0.0, *, session: Reads) -> None:  # noqa: N803
        for row in list(session.select(Query(PRODUCTS)).rows):
            if row["Price"] >= minPrice:
                changed(session, row, Price=row["Price"] * (1 + percentage / 100))

    @operation("ResetProducts")
    @operation("Reseed")
    def reseed() -> None:
        backend.reset()

    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the reference model of the compliance contract.")
    parser.add_argument("--port", type=int, default=9090)
    given = parser.parse_args()
    serve(Asynchronous(compliance_service()), given.port)


def serve(handler: Handler, port: int) -> None:
    """Serve until interrupted, on loopback."""
    from odata_core.asgi import AsgiApp
    from odata_core.server import run_server

    def ready(port: int) -> None:
        print(f"Listening on http://127.0.0.1:{port}/", flush=True)

    run_server(AsgiApp(handler), "127.0.0.1", port, ready)


if __name__ == "__main__":
    main()
