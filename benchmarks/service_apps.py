# One shop of 10,000 products and 100 categories, three times, each as a WSGI application: by hand, with this library,
# with odatapy. The one by hand is the floor: it knows its six requests by heart, and does no more than read and encode.

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from odata_core.edm import Model, ModelBuilder, PropertySpec, Timestamp, prop
from odata_core.service import Service
from odata_core.wsgi import WsgiApp
from odata_memory import MemoryBackend

PRODUCTS = 10_000
CATEGORIES = 100
JSON = "application/json;odata.metadata=minimal"
Environ = dict[str, Any]
Application = Callable[..., Iterable[bytes]]


def model() -> Model:
    """Products of seven properties, and their categories."""
    builder = ModelBuilder("Shop")
    columns: dict[str, str | PropertySpec] = {
        "ID": prop("Int32", generated=True),
        "Name": "String",
        "Description": "String",
        "Price": prop("Decimal", precision=10, scale=2),
        "Rating": "Int16",
        "ReleaseDate": "DateTimeOffset",
        "CategoryID": "Int32",
    }
    builder.entity("Product", key="ID", properties=columns)
    builder.entity("Category", key="ID", properties={"ID": "Int32", "Name": "String"})
    builder.navigation("Product", "Category", to="Category", on={"CategoryID": "ID"}, partner="Products")
    builder.navigation("Category", "Products", to="Product", many=True, partner="Category")
    builder.entity_set("Products", "Product")
    builder.entity_set("Categories", "Category")
    return builder.build()


def product(number: int) -> dict[str, Any]:
    """A row; no two have the same name, price or date."""
    return {
        "ID": number,
        "Name": f"Product {number}",
        "Description": None if number % 3 else f"What there is to say about number {number}",
        "Price": Decimal(number) + Decimal("0.95"),
        "Rating": number % 6,
        "ReleaseDate": Timestamp.parse(f"2020-{number % 12 + 1:02d}-{number % 28 + 1:02d}T10:00:{number % 60:02d}Z"),
        "CategoryID": number % CATEGORIES + 1,
    }


def ready(number: int) -> dict[str, Any]:
    """The same with the date as the text that JSON has."""
    row = product(number)
    return {**row, "ReleaseDate": str(row["ReleaseDate"])}


def category(number: int) -> dict[str, Any]:
    return {"ID": number, "Name": f"Category {number}"}


NEW = b'{"Name":"New","Description":null,"Price":1.95,"Rating":5,"ReleaseDate":"2020-01-02T03:04:05Z","CategoryID":7}'
BATCH = msgspec.json.encode(
    {"requests": [{"id": str(n), "method": "GET", "url": f"Products({n})"} for n in range(1, 101)]}
)
# method, target, body, status
REQUESTS: dict[str, tuple[str, str, bytes, int]] = {
    "read by key": ("GET", "/Products(500)", b"", 200),
    "filtered page": ("GET", "/Products?$filter=Rating%20eq%203&$orderby=ID&$top=20", b"", 200),
    "$top=1000": ("GET", "/Products?$top=1000", b"", 200),
    "create": ("POST", "/Products", NEW, 201),
    "$expand": ("GET", "/Products?$expand=Category&$top=20", b"", 200),
    "batch of 100": ("POST", "/$batch", BATCH, 200),
}


def library() -> Application:
    """The library over its memory backend."""
    shop = model()
    rows = {
        "Products": [product(number) for number in range(1, PRODUCTS + 1)],
        "Categories": [category(number) for number in range(1, CATEGORIES + 1)],
    }
    return WsgiApp(Service(shop, MemoryBackend(shop, rows)))


def floor() -> Application:
    """By hand: rows in a list and a dictionary, encoded by msgspec from Python values."""
    rows = [ready(number) for number in range(1, PRODUCTS + 1)]
    by_path = {f"/Products({row['ID']})": row for row in rows}
    categories = {number: category(number) for number in range(1, CATEGORIES + 1)}
    numbers = itertools.count(PRODUCTS + 1)
    encoder = msgspec.json.Encoder(decimal_format="number")
    decoder = msgspec.json.Decoder()
    root = "http://localhost/$metadata#Products"

    def one(path: str) -> dict[str, Any]:
        return {"@odata.context": root + "/$entity", **by_path[path]}

    def answer(environ: Environ) -> tuple[str, Any]:
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        if environ["REQUEST_METHOD"] == "POST":
            given = decoder.decode(environ["wsgi.input"].read())
            if path == "/$batch":
                inner = [
                    {"id": each["id"], "status": 200, "body": one("/" + each["url"])} for each in given["requests"]
                ]
                return "200 OK", {"responses": inner}
            row = {"ID": next(numbers), **given}
            by_path[f"/Products({row['ID']})"] = row
            return "201 Created", {"@odata.context": root + "/$entity", **row}
        if path != "/Products":
            return "200 OK", one(path)
        if "filter" in query:
            found = list(itertools.islice((row for row in rows if row["Rating"] == 3), 20))
        elif "expand" in query:
            found = [{**row, "Category": categories[row["CategoryID"]]} for row in rows[:20]]
        else:
            found = rows[:1000]
        return "200 OK", {"@odata.context": root, "value": found}

    def application(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        status, content = answer(environ)
        body = encoder.encode(content)
        start_response(status, [("Content-Type", JSON), ("Content-Length", str(len(body)))])
        return [body]

    return application


def odatapy() -> Application:
    """odatapy over its own in-memory store, filled by its own POST."""
    from odatapy.edm import csdl
    from odatapy.server import OData, ServiceMetadata
    from odatapy.server.adapters import ODataWSGIApp
    from odatapy.server.inmemory import InMemoryDataStore, InMemoryProcessor

    def plain(name: str, kind: str, **facets: Any) -> Any:
        return csdl.CsdlProperty(name=name, type=f"Edm.{kind}", **facets)

    columns = [
        *(plain("ID", "Int32", nullable=False), plain("Name", "String"), plain("Description", "String")),
        *(plain("Price", "Decimal", precision=10, scale=2), plain("Rating", "Int16")),
        *(plain("ReleaseDate", "DateTimeOffset"), plain("CategoryID", "Int32")),
    ]
    key = [csdl.CsdlPropertyRef(name="ID")]
    way = csdl.CsdlNavigationProperty(name="Category", type="Shop.Category")
    product_type = csdl.CsdlEntityType(name="Product", key=key, properties=columns, navigation_properties=[way])
    category_type = csdl.CsdlEntityType(name="Category", key=key, properties=[columns[0], columns[1]])
    bound = csdl.CsdlNavigationPropertyBinding(path="Category", target="Categories")
    container = csdl.CsdlEntityContainer(
        name="Container",
        entity_sets=[
            csdl.CsdlEntitySet(name="Products", type="Shop.Product", navigation_property_bindings=[bound]),
            csdl.CsdlEntitySet(name="Categories", type="Shop.Category"),
        ],
    )
    schema = csdl.CsdlSchema(namespace="Shop", entity_types=[product_type, category_type], entity_container=container)

    class Provider(csdl.CsdlAbstractEdmProvider):
        def get_schemas(self) -> list[Any]:
            return [schema]

    odata = OData.new_instance()
    handler = odata.create_handler(ServiceMetadata(odata.create_edm(Provider())))
    store = InMemoryDataStore()
    store.declare_key_auto_generating("Products")
    handler.register(InMemoryProcessor(store))
    application: Application = ODataWSGIApp(handler)
    return application
