# The reference model that black-box HTTP suites test against (corpora, v4-compliance-CONTRACT.md), and its rows.

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from odata_core.edm import Duration, Model, ModelBuilder, TimeOfDay, Timestamp, prop
from odata_core.edm.geo import read_geo_literal
from odata_core.edm.rows import BIND, TYPE
from tests.conformance.corpora import FOLDER

NAMESPACE: Final = "ComplianceService"

STATUS: Final = {"None": 0, "InStock": 1, "OnSale": 2, "Discontinued": 4, "Featured": 8}
PRODUCT: Final[dict[str, Any]] = {
    "ID": prop("Guid", generated=True),
    "Name": prop("String", max_length=100, nullable=False),
    "Description": prop("String", max_length=500),
    "Price": prop("Double", nullable=False),
    "Rating": prop("Byte", nullable=False, default=0),
    "Temperature": prop("SByte", nullable=False, default=0),
    "Quantity": prop("Int16", nullable=False, default=0),
    "Weight": prop("Single", nullable=False, default=0.0),
    "Data": "Binary",
    "ReleaseDate": "Date",
    "OpenTime": "TimeOfDay",
    "ShippingTime": "Duration",
    "ProcessingTime": "Duration",
    "Offset": "Duration",
    "CategoryID": "Guid",
    "Status": prop("ProductStatus", nullable=False, default="None"),
    "Version": prop("Int32", nullable=False, default=1, concurrency_token=True),
    "CreatedAt": prop("DateTimeOffset", nullable=False, generated=True),
    "SerialNumber": prop("String", max_length=50),
    "ProductType": prop("String", max_length=50, nullable=False, default="Product"),
    "ShippingAddress": "Address",
    "Dimensions": "Dimensions",
    "Location": "GeographyPoint",
    "Route": "GeographyLineString",
    "Area": "GeographyPolygon",
    "Photo": "Stream",
}
# name, binding (None, "one" or "many"), parameters of each overload, what is returned
FUNCTIONS: Final[tuple[tuple[str, str | None, tuple[dict[str, str], ...], str], ...]] = (
    (
        "GetTopProducts",
        "many",
        ({}, {"count": "Int64"}, {"count": "Int64", "category": "String"}),
        "Collection(Product)",
    ),
    ("GetTotalPrice", "one", ({"taxRate": "Double"},), "Double"),
    ("GetProductStats", "many", ({},), "String"),
    ("GetRelatedProducts", "one", ({},), "Collection(Product)"),
    ("GetAveragePrice", "many", ({},), "Double"),
    ("FindProducts", None, ({"name": "String", "maxPrice": "Double"},), "Collection(Product)"),
    ("Calculate", None, ({"value": "Int64"}, {"a": "Int64", "b": "Int64"}), "Int64"),
    ("Convert", None, ({"input": "String"}, {"number": "Int64"}), "String"),
    ("CalculatePrice", "one", ({"discount": "Double"}, {"discount": "Double", "tax": "Double"}), "Double"),
    ("GetInfo", "one", ({"format": "String"},), "String"),
)
ACTIONS: Final[tuple[tuple[str, str | None, tuple[dict[str, str], ...], str | None], ...]] = (
    ("ApplyDiscount", "one", ({"percentage": "Double"},), "Product"),
    ("IncreasePrice", "one", ({"amount": "Double"},), "Product"),
    ("Activate", "one", ({},), "Product"),
    ("CalculateDiscount", "one", ({"percentage": "Double"},), "Double"),
    ("MarkAllAsReviewed", "many", ({},), "Int32"),
    ("ResetAllPrices", None, ({},), None),
    ("ResetProducts", None, ({},), None),
    ("Process", None, ({"percentage": "Double"}, {"percentage": "Double", "minPrice": "Double"}), None),
    ("Reseed", None, ({},), None),
)


def compliance_model() -> Model:
    """The model with its operations."""
    model = ModelBuilder(NAMESPACE)
    model.enum("ProductStatus", members=STATUS, flags=True)
    texts = {"Street": 100, "City": 50, "State": 2, "PostalCode": 10, "Country": 50}
    model.complex("Address", properties={name: prop("String", max_length=size) for name, size in texts.items()})
    sizes = dict.fromkeys(("Length", "Width", "Height"), "Double")
    model.complex("Dimensions", properties={**sizes, "Unit": prop("String", max_length=10)})
    model.entity("Product", key="ID", properties=PRODUCT)
    special = {"SpecialProperty": prop("String", max_length=200), "SpecialFeature": prop("String", max_length=100)}
    model.entity("SpecialProduct", base="Product", properties=special)
    named = {"ID": prop("Guid", generated=True), "Name": prop("String", max_length=100, nullable=False)}
    model.entity("Category", key="ID", properties={**named, "Description": prop("String", max_length=500)})
    model.entity(
        "ProductDescription",
        key=("ProductID", "LanguageKey"),
        properties={
            "ProductID": "Guid",
            "LanguageKey": prop("String", max_length=2),
            "Description": prop("String", max_length=500, nullable=False),
            "LongText": prop("String", max_length=2000),
            "CustomName": "String",
        },
    )
    model.entity(
        "MediaItem",
        key="ID",
        has_stream=True,
        properties={"ID": prop("Guid", generated=True), "Name": "String", "ContentType": "String", "Size": "Int64"},
    )
    model.entity("ReadOnlyItem", key="ID", properties=named)
    model.entity("DecimalSample", key="ID", properties={**named, "Amount": prop("Decimal", precision=38, scale=18)})
    company: dict[str, Any] = {
        **dict.fromkeys(("Name", "CEO", "HeadQuarter", "Website"), "String"),
        **dict.fromkeys(("ID", "Founded"), "Int32"),
        "Logo": "Binary",
        "Version": prop("Int32", nullable=False, default=1),
        "UpdatedAt": "DateTimeOffset",
    }
    model.entity("CompanyInfo", key="ID", properties=company)
    _relations(model)
    _operations(model)
    _annotations(model)
    return model.build()


def _relations(model: ModelBuilder) -> None:
    model.navigation("Product", "Category", to="Category", on={"CategoryID": "ID"}, partner="Products")
    model.navigation("Category", "Products", to="Product", many=True, partner="Category")
    model.navigation("Product", "Descriptions", to="ProductDescription", many=True, partner="Product")
    model.navigation("ProductDescription", "Product", to="Product", on={"ProductID": "ID"}, partner="Descriptions")
    model.navigation("Product", "RelatedProducts", to="Product", many=True)
    for name, kind in {
        "Products": "Product",
        "Categories": "Category",
        "ProductDescriptions": "ProductDescription",
        "MediaItems": "MediaItem",
        "ReadOnlyItems": "ReadOnlyItem",
        "DecimalSamples": "DecimalSample",
    }.items():
        model.entity_set(name, kind, concurrency=("Version",) if kind == "Product" else None)
    model.singleton("Company", "CompanyInfo", concurrency=("Version",))


def _annotations(model: ModelBuilder) -> None:
    core, capabilities = "Org.OData.Core.V1.", "Org.OData.Capabilities.V1."
    for name, text in {"Name": "What it is called", "Description": "What it is", "SerialNumber": "Its number"}.items():
        model.annotate(f"{NAMESPACE}.Product/{name}", core + "Description", text)
    model.annotate(f"{NAMESPACE}.Product/SerialNumber", core + "Immutable", True)
    model.annotate(f"{NAMESPACE}.CompanyInfo/Logo", core + "MediaType", "image/svg+xml")
    read_only = f"{NAMESPACE}.{model.container}/ReadOnlyItems"
    for term, member in {"Insert": "Insertable", "Update": "Updatable", "Delete": "Deletable"}.items():
        model.annotate(read_only, f"{capabilities}{term}Restrictions", {member: False})
    model.annotate(f"{NAMESPACE}.{model.container}/Products", capabilities + "ChangeTracking", {"Supported": True})


def _operations(model: ModelBuilder) -> None:
    binding = {"one": {"product": "Product"}, "many": {"products": "Collection(Product)"}, None: {}}
    for name, bound, overloads, returns in FUNCTIONS:
        for parameters in overloads:
            path = next(iter(binding[bound]), None) if "Product" in returns else None
            model.function(
                name,
                returns=returns,
                parameters={**binding[bound], **parameters},
                bound=bound is not None,
                composable=True,
                entity_set_path=path,
            )
        if bound is None:
            model.operation_import(name, entity_set="Products" if "Product" in returns else None)
    for name, bound, overloads, result in ACTIONS:
        # An unbound action has no overloads: parameters that only some calls have are optional.
        parameters = {key: kind for overload in overloads for key, kind in overload.items()}
        optional = {key for key in parameters if any(key not in overload for overload in overloads)}
        declared = {key: prop(kind, nullable=False, optional=key in optional) for key, kind in parameters.items()}
        path = next(iter(binding[bound]), None) if result == "Product" else None
        model.action(
            name,
            returns=result,
            parameters={**binding[bound], **declared},
            bound=bound is not None,
            entity_set_path=path,
        )
        if bound is None:
            model.operation_import(name)


# ------------------------------------------------------------------ rows

LOGO: Final = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
_READERS: Final[dict[str, Any]] = {
    "Data": lambda value: base64.b64decode(value["base64"]),
    "Logo": lambda value: LOGO,
    "Amount": Decimal,
    "ReleaseDate": date.fromisoformat,
    "OpenTime": TimeOfDay.parse,
    **dict.fromkeys(("ShippingTime", "ProcessingTime", "Offset"), Duration.parse),
    "CreatedAt": Timestamp.parse,
    "UpdatedAt": lambda value: Timestamp.parse("2024-01-01T00:00:00Z"),  # the seed says: when it was made
    **dict.fromkeys(
        ("Location", "Route", "Area"),
        lambda text: read_geo_literal("Geography")(f"geography'SRID=4326;{text.replace(', ', ',')}'"),
    ),
}


def compliance_rows() -> dict[str, Any]:
    """The rows that tests assert, with the same ids each time."""
    seed = json.loads((FOLDER / "v4-compliance-seed.json").read_text("utf-8"))
    rows = {
        name: [_row(name, index, row) for index, row in enumerate(found)]
        for name, found in seed.items()
        if not name.startswith("_") and isinstance(found, list)
    }
    for index, row in enumerate(rows["Products"]):
        category = seed["_categoryOf"][index]
        row["CategoryID"] = None if category is None else _id("Categories", category)
        if row["ProductType"] == "SpecialProduct":
            row[TYPE] = f"{NAMESPACE}.SpecialProduct"
    for row, product in zip(rows["ProductDescriptions"], seed["_descriptionOf"], strict=True):
        row["ProductID"] = _id("Products", product)
    rows["Products"][0][f"RelatedProducts{BIND}"] = [(_id("Products", 1),)]
    return {**rows, "Company": _values({"ID": 1, **seed["Company"]})}


def compliance_streams() -> dict[UUID, tuple[str, bytes]]:
    """The media type and content of each media item by its key."""
    seed = json.loads((FOLDER / "v4-compliance-seed.json").read_text("utf-8"))
    items = enumerate(seed["MediaItems"])
    return {_id("MediaItems", index): (row["ContentType"], row["_content"].encode()) for index, row in items}


def _row(name: str, index: int, row: dict[str, Any]) -> dict[str, Any]:
    keyed = {} if name == "ProductDescriptions" else {"ID": _id(name, index)}
    return {**keyed, **_values({key: value for key, value in row.items() if key not in ("ProductID", "_content")})}


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _READERS[name](value) if name in _READERS and value is not None else value for name, value in row.items()
    }


def _id(name: str, index: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{name}/{index}")
