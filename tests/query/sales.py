# The model and the data of the examples in Data Aggregation 4.0 (sections 2.1 and 2.2), and a short way to run $apply
# over them.

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from odata_core.edm import Model, ModelBuilder
from odata_core.edm.annotations import Path
from odata_core.edm.rows import Row
from odata_core.limits import Limits
from odata_core.query.apply import bind_apply
from odata_core.query.apply_tree import Applied
from odata_core.query.hierarchies import AGGREGATION
from odata_core.query.relations import Relations
from odata_core.query.scope import Scope
from odata_core.query.transform import compile_apply
from odata_core.query.tree import Source
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR

LIMITS = Limits()


def _model() -> Model:
    model = ModelBuilder("SalesModel", container="SalesData")
    model.entity("Currency", key="Code", properties={"Code": "String", "Name": "String"})
    times = {"Date": "Date", "Month": "String", "Quarter": "String", "Year": "Int16"}
    model.entity("Time", key="Date", properties=times)
    model.entity("Category", key="ID", properties={"ID": "String", "Name": "String"})
    organization = {"ID": "String", "Name": "String", "SuperordinateID": "String"}
    model.entity("SalesOrganization", key="ID", properties=organization)
    model.entity("Customer", key="ID", properties={"ID": "String", "Name": "String", "Country": "String"})
    product = {"ID": "String", "Name": "String", "Color": "String", "TaxRate": "Decimal", "CategoryID": "String"}
    model.entity("Product", key="ID", properties=product, abstract=True)
    model.entity("FoodProduct", properties={"Rating": "Byte"}, base="Product")
    model.entity("NonFoodProduct", properties={"RatingClass": "String"}, base="Product")
    foreign = ["CurrencyCode", "SalesOrganizationID", "ProductID", "CustomerID"]
    sale = {"ID": "Int32", "Amount": "Decimal", "TimeDate": "Date", **dict.fromkeys(foreign, "String")}
    model.entity("Sale", key="ID", properties=sale)
    for name in ("SalesOrganization", "Product", "Customer"):
        model.navigation("Sale", name, to=name, partner="Sales", on={f"{name}ID": "ID"})
        model.navigation(name, "Sales", to="Sale", many=True, partner=name)
    model.navigation("Sale", "Time", to="Time", on={"TimeDate": "Date"})
    model.navigation("Sale", "Currency", to="Currency", on={"CurrencyCode": "Code"})
    model.navigation("Product", "Category", to="Category", partner="Products", on={"CategoryID": "ID"})
    model.navigation("Category", "Products", to="Product", many=True, partner="Category")
    model.navigation("SalesOrganization", "Superordinate", to="SalesOrganization", on={"SuperordinateID": "ID"})
    sets = {"Currencies": "Currency", "Time": "Time", "Categories": "Category", "Customers": "Customer"}
    for name, kind in {
        **sets,
        "SalesOrganizations": "SalesOrganization",
        "Products": "Product",
        "Sales": "Sale",
    }.items():
        model.entity_set(name, kind)
    model.annotate(
        "SalesOrganization",
        f"{AGGREGATION}.RecursiveHierarchy",
        {"NodeProperty": Path("ID", "PropertyPath"), "ParentNavigationProperty": Path("Superordinate", "PropertyPath")},
        qualifier="SalesOrgHierarchy",
    )
    leveled: dict[str, tuple[str, ...]] = {"Product": ("ProductHierarchy", "Category/Name", "Name")}
    leveled |= {"Time": ("TimeHierarchy", "Year", "Quarter", "Month"), "Sale": ("Country", "Customer/Country")}
    for kind, (name, *paths) in leveled.items():
        levels = [Path(path, "PropertyPath") for path in paths]
        model.annotate(kind, f"{AGGREGATION}.LeveledHierarchy", levels, qualifier=name)
    model.annotate("Sale", f"{AGGREGATION}.LeveledHierarchy", ["ID", "Nothing"], qualifier="Nowhere")
    model.function(
        "TopCountAndRemainder",
        bound=True,
        parameters={"Rows": "Collection(Sale)", "Count": "Int16", "Property": "String"},
        returns="Collection(Sale)",
    )
    return model.build()


MODEL = _model()


def _table(names: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def _sale(number: int, customer: str, day: str, product: str, organization: str, amount: int) -> dict[str, Any]:
    return {
        "ID": number,
        "Amount": Decimal(amount),
        "TimeDate": date.fromisoformat(day),
        "CurrencyCode": "EUR" if customer == "C3" else "USD",
        "SalesOrganizationID": organization,
        "ProductID": product,
        "CustomerID": customer,
    }


_FOOD, _OTHER = "SalesModel.FoodProduct", "SalesModel.NonFoodProduct"
_LIGHT, _HEAVY = Decimal("0.06"), Decimal("0.14")
DATA: Mapping[str, list[dict[str, Any]]] = {
    "Sales": [
        _sale(1, "C1", "2022-01-03", "P3", "US West", 1),
        _sale(2, "C1", "2022-04-10", "P1", "US West", 2),
        _sale(3, "C1", "2022-08-07", "P2", "US West", 4),
        _sale(4, "C2", "2022-01-03", "P2", "US East", 8),
        _sale(5, "C2", "2022-11-09", "P3", "US East", 4),
        _sale(6, "C3", "2022-04-01", "P1", "EMEA Central", 2),
        _sale(7, "C3", "2022-08-06", "P3", "EMEA Central", 1),
        _sale(8, "C3", "2022-11-22", "P3", "EMEA Central", 2),
    ],
    "Products": [
        {**row, "@odata.type": kind, name: value}
        for row, (kind, name, value) in zip(
            _table(
                "ID CategoryID Name Color TaxRate",
                ("P1", "PG1", "Sugar", "White", _LIGHT),
                ("P2", "PG1", "Coffee", "Brown", _LIGHT),
                ("P3", "PG2", "Paper", "White", _HEAVY),
                ("P4", "PG2", "Pencil", "Black", _HEAVY),
            ),
            [
                (_FOOD, "Rating", 5),
                (_FOOD, "Rating", None),
                (_OTHER, "RatingClass", "average"),
                (_OTHER, "RatingClass", None),
            ],
            strict=True,
        )
    ],
    "Categories": _table("ID Name", ("PG1", "Food"), ("PG2", "Non-Food")),
    "Customers": _table(
        "ID Name Country",
        ("C1", "Joe", "USA"),
        ("C2", "Sue", "USA"),
        ("C3", "Sue", "Netherlands"),
        ("C4", "Luc", "France"),
    ),
    "SalesOrganizations": _table(
        "ID SuperordinateID Name",
        ("Sales", None, "Corporate Sales"),
        ("US", "Sales", "US"),
        ("US West", "US", "US West"),
        ("US East", "US", "US East"),
        ("EMEA", "Sales", "EMEA"),
        ("EMEA Central", "EMEA", "EMEA Central"),
    ),
    "Currencies": _table("Code Name", ("USD", "US Dollar"), ("EUR", "Euro")),
    "Time": [
        {"Date": date.fromisoformat(day), "Month": day[:7], "Quarter": f"2022-{quarter}", "Year": 2022}
        for day, quarter in {
            "2022-01-03": 1,
            "2022-04-01": 2,
            "2022-04-10": 2,
            "2022-08-06": 3,
            "2022-08-07": 3,
            "2022-11-09": 4,
            "2022-11-22": 4,
        }.items()
    ],
}


def read(source: Source) -> list[dict[str, Any]]:
    return DATA[source.name]


def scope_of(name: str) -> Scope:
    found = MODEL.entity_sets[name]
    return Scope(MODEL, V4_GRAMMAR, LIMITS, found.type, found)


def bound(name: str, text: str) -> Applied:
    """$apply over an entity set, bound."""
    return bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), scope_of(name), text)


def applied(name: str, text: str, rows: list[Row] | None = None) -> list[Row]:
    """The rows that $apply makes of an entity set."""
    transform = compile_apply(bound(name, text), relations=Relations(read))
    return transform(DATA[name] if rows is None else rows)


def numbers(kind: str) -> Scope:
    builder = ModelBuilder("Numbers")
    builder.enum("Level", members={"High": 2, "Low": 1, "Middle": 1})
    builder.entity("Row", key="ID", properties={"ID": "Int32", "V": kind})
    builder.entity_set("Rows", "Row")
    model = builder.build()
    return Scope(model, V4_GRAMMAR, LIMITS, model.entity_sets["Rows"].type, model.entity_sets["Rows"])


def run(scope: Scope, text: str, rows: list[Row], most_rows: int = 1_000) -> list[Row]:
    return compile_apply(bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), scope, text), most_rows=most_rows)(rows)
