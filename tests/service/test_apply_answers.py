# $apply over the wire: rows of several structures in one answer, and what $expand adds to rows that were made.

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from odata_core.service import Headers, Request, Service
from odata_memory import MemoryBackend
from tests.query.sales import DATA, MODEL

ROOT = "http://h/"


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(MODEL, MemoryBackend(MODEL, DATA))


def get(service: Service, url: str, **headers: str) -> Any:
    path, _, query = url.partition("?")
    answer = service.handle(Request("GET", ROOT, path, quote(query, safe="=&$(),'/@"), Headers(headers), b""))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["value"]


def sale(number: int) -> dict[str, Any]:
    row = next(row for row in DATA["Sales"] if row["ID"] == number)
    return {**row, "Amount": int(row["Amount"]), "TimeDate": row["TimeDate"].isoformat()}


def test_rows_of_several_structures_are_whole(service: Service) -> None:
    """Data Aggregation 4.0, 3.2.2: "preserving the structure of each instance in these sets"."""
    found = get(service, "Sales?$apply=concat(topcount(2,Amount),aggregate(Amount with sum as Total))")
    assert found == [sale(3), sale(4), {"Total@odata.type": "Decimal", "Total": 24}]
    found = get(service, "Sales?$apply=concat(concat(filter(ID eq 1),groupby((ProductID))),groupby((CustomerID)))")
    assert found == [
        sale(1),
        *[{"ProductID": name} for name in ("P3", "P1", "P2")],
        *[{"CustomerID": name} for name in ("C1", "C2", "C3")],
    ]


@pytest.mark.parametrize("apply", ["filter(Color eq 'White')", "concat(filter(Color eq 'White'),filter(false))"])
def test_types_that_are_not_the_declared_one_are_told(service: Service, apply: str) -> None:
    found = get(service, f"Products?$apply={apply}&$select=Name")
    assert found == [
        {"@odata.type": "#SalesModel.FoodProduct", "Name": "Sugar"},
        {"@odata.type": "#SalesModel.NonFoodProduct", "Name": "Paper"},
    ]


def test_types_that_are_grouped_by_are_told(service: Service) -> None:
    """7.1, example 77: and those without the property are a group without a type."""
    found = get(service, "Products?$apply=groupby((SalesModel.FoodProduct/Rating))")
    food = "#SalesModel.FoodProduct"
    assert found == [{"@odata.type": food, "Rating": 5}, {"@odata.type": food, "Rating": None}, {}]


# ------------------------------------------------------------------ $expand behind $apply

USA, NETHERLANDS = {"Country": "USA"}, {"Country": "Netherlands"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # what rows were grouped by is what there is of it
        ("groupby((Customer/Country))&$expand=Customer", [{"Customer": USA}, {"Customer": NETHERLANDS}]),
        (
            "groupby((Customer/Country,Customer/Name))&$expand=Customer($select=Name)",
            [{"Customer": {"Name": "Joe"}}, {"Customer": {"Name": "Sue"}}, {"Customer": {"Name": "Sue"}}],
        ),
        # a whole entity can be expanded further
        (
            "groupby((Product),aggregate(Amount with sum as T))/filter(T lt 5)"
            "&$expand=Product($select=ID;$expand=Category($select=ID,Name))",
            [
                {
                    "T@odata.type": "Decimal",
                    "T": 4,
                    "Product": {
                        "@odata.type": "#SalesModel.FoodProduct",
                        "ID": "P1",
                        "Category": {"ID": "PG1", "Name": "Food"},
                    },
                }
            ],
        ),
        # rows that keep what leads to others
        (
            "groupby((CustomerID))&$expand=Customer($select=ID,Name)&$top=1",
            [{"CustomerID": "C1", "Customer": {"ID": "C1", "Name": "Joe"}}],
        ),
        # what was aggregated away is not there, which is not null
        ("aggregate(Amount with sum as T)&$expand=Customer", [{"T@odata.type": "Decimal", "T": 24}]),
        ("groupby((ProductID))&$expand=Customer&$top=1", [{"ProductID": "P3"}]),
        # rows of both kinds
        (
            "concat(filter(ID eq 1),groupby((Customer/Country)),aggregate($count as N))"
            "&$expand=Customer($select=Country)&$select=ID,N",
            [
                {"ID": 1, "Customer": USA},
                {"Customer": USA},
                {"Customer": NETHERLANDS},
                {"N@odata.type": "Decimal", "N": 8},
            ],
        ),
        # what was added stays
        (
            "groupby((Customer))/addnested(Customer,compute(length(Name) as L) as Measured)"
            "&$expand=Customer($select=ID)&$top=1",
            [
                {
                    "Customer": {"ID": "C1"},
                    "Measured": {"ID": "C1", "Name": "Joe", "Country": "USA", "L@odata.type": "Int32", "L": 3},
                }
            ],
        ),
    ],
)
def test_expand(service: Service, query: str, expected: list[Any]) -> None:
    assert get(service, f"Sales?$apply={query}") == expected


@pytest.mark.parametrize(
    ("apply", "context", "expected"),
    [
        (
            "addnested(Sales,filter(Amount gt 3)/compute(Amount mul 2 as D)/groupby((ID,D)) as Big)/top(1)",
            "Customers(Big(ID,D))",
            {"ID": "C1", "Name": "Joe", "Country": "USA", "Big": [{"ID": 3, "D@odata.type": "Decimal", "D": 8}]},
        ),
        (
            "join(Sales as Sold,aggregate(Amount with sum as Total))/top(1)",
            "Customers(Sold(Total))",
            {
                "ID": "C1",
                "Name": "Joe",
                "Country": "USA",
                "Sold": {"Total@odata.type": "Decimal", "Total": 7},
            },
        ),
    ],
)
def test_what_is_added_to_nested_rows_is_told_with_its_type(
    service: Service, apply: str, context: str, expected: dict[str, Any]
) -> None:
    """Data Aggregation 4.0, 3.4.3 and 3.5: members that no model declares."""
    query = quote(f"$apply={apply}", safe="=&$(),'/@")
    answer = service.handle(Request("GET", ROOT, "Customers", query, Headers({}), b""))
    assert json.loads(answer.body) == {"@odata.context": f"{ROOT}$metadata#{context}", "value": [expected]}
