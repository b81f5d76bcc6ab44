# $expand over a backend: what is in the rows, and how often the backend is asked.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from odata_core.backend import Answer, Query, Row, Source
from odata_core.backend.completion import relations_of
from odata_core.backend.expanding import Expander, computed
from odata_core.edm import Model, ModelBuilder
from odata_core.errors import NotImplementedHere
from odata_core.limits import Limits
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions
from odata_core.query.scope import Scope
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.urls import parse_query

LIMITS = Limits()


def build() -> Model:
    shop = ModelBuilder("Shop")
    shop.complex("Place", properties={"City": "String"})
    shop.entity("Customer", key="ID", properties={"ID": "Int32", "Name": "String", "BossID": "Int32", "At": "Place"})
    shop.entity("Order", key="ID", properties={"ID": "Int32", "CustomerID": "Int32", "Total": "Int32"})
    shop.entity("Line", key=("OrderID", "Number"), properties={"OrderID": "Int32", "Number": "Int32", "What": "String"})
    shop.entity_set("Customers", "Customer")
    shop.entity_set("Orders", "Order")
    shop.entity_set("Lines", "Line")
    shop.navigation("Customer", "Orders", to="Order", many=True, on={"ID": "CustomerID"})
    shop.navigation("Customer", "Boss", to="Customer", on={"BossID": "ID"})
    shop.navigation("Order", "Customer", to="Customer", on={"CustomerID": "ID"})
    shop.navigation("Order", "Lines", to="Line", many=True, on={"ID": "OrderID"})
    shop.navigation("Order", "Friends", to="Order", many=True)
    return shop.build()


MODEL = build()
DATA: Mapping[str, list[Row]] = {
    "Customers": [
        {"ID": 1, "Name": "Ann", "BossID": None, "At": {"City": "Ulm"}},
        {"ID": 2, "Name": "Bob", "BossID": 1, "At": None},
        {"ID": 3, "Name": "Cid", "BossID": 2, "At": None},
    ],
    "Orders": [
        {"ID": 10, "CustomerID": 1, "Total": 5},
        {"ID": 11, "CustomerID": 1, "Total": 9},
        {"ID": 12, "CustomerID": 2, "Total": 7},
        {"ID": 13, "CustomerID": None, "Total": 1},
    ],
    "Lines": [
        {"OrderID": 10, "Number": 1, "What": "a"},
        {"OrderID": 10, "Number": 2, "What": "b"},
        {"OrderID": 12, "Number": 1, "What": "c"},
    ],
}


class Session:
    """Rows, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, entity_set: Source, key: tuple[Any, ...]) -> Row | None:
        raise AssertionError("an expansion never asks for single rows")

    def select(self, query: Query) -> Answer:
        self.asked.append(query.entity_set.name)
        return Answer(DATA[query.entity_set.name])


def options(query: str, name: str) -> BoundOptions:
    entity_set = MODEL.entity_sets[name]
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, entity_set.type, entity_set)
    return bind_options(parse_query(query, V4_GRAMMAR, LIMITS), scope)


def expanded(query: str, name: str) -> tuple[list[Row], list[str]]:
    session = Session()
    bound = options(query, name)
    expander = Expander(session, relations_of(session), LIMITS)
    return expander.expand(DATA[name], bound.expand, MODEL.entity_sets[name]), session.asked


ANN, BOB, CID = DATA["Customers"]
TEN, ELEVEN, TWELVE, THIRTEEN = DATA["Orders"]
LINES = DATA["Lines"]


def test_one_question_a_level() -> None:
    rows, asked = expanded("$expand=Orders($expand=Lines,Customer)", "Customers")
    assert rows == [
        {
            **ANN,
            "Orders": [{**TEN, "Lines": LINES[:2], "Customer": ANN}, {**ELEVEN, "Lines": [], "Customer": ANN}],
        },
        {**BOB, "Orders": [{**TWELVE, "Lines": LINES[2:], "Customer": BOB}]},
        {**CID, "Orders": []},
    ]
    assert asked == ["Orders", "Lines", "Customers"]


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ("$expand=Orders($filter=Total gt 6)", [[ELEVEN], [TWELVE], []]),
        ("$expand=Orders($orderby=Total desc)", [[ELEVEN, TEN], [TWELVE], []]),
        ("$expand=Orders($orderby=Total desc;$top=1)", [[ELEVEN], [TWELVE], []]),
        ("$expand=Orders($skip=1)", [[ELEVEN], [], []]),
        ("$expand=Orders($top=0)", [[], [], []]),
    ],
)
def test_nested_options_hold_for_each_row(query: str, orders: list[list[Row]]) -> None:
    rows, asked = expanded(query, "Customers")
    assert rows == [{**row, "Orders": found} for row, found in zip(DATA["Customers"], orders, strict=True)]
    assert asked == ["Orders"]


def test_counts() -> None:
    rows, _ = expanded("$expand=Orders($count=true;$top=1)", "Customers")
    assert [row["Orders@odata.count"] for row in rows] == [2, 1, 0]
    assert [row["Orders"] for row in rows] == [[TEN], [TWELVE], []]
    rows, _ = expanded("$expand=Orders/$count($filter=Total gt 6)", "Customers")
    assert rows == [
        {**ANN, "Orders@odata.count": 1},
        {**BOB, "Orders@odata.count": 1},
        {**CID, "Orders@odata.count": 0},
    ]


def test_one_or_none() -> None:
    rows, asked = expanded("$expand=Boss", "Customers")
    assert rows == [{**ANN, "Boss": None}, {**BOB, "Boss": ANN}, {**CID, "Boss": BOB}]
    assert asked == ["Customers"]
    rows, asked = expanded("$expand=Customer", "Orders")
    assert [row["Customer"] for row in rows] == [ANN, ANN, BOB, None]


def test_levels() -> None:
    rows, asked = expanded("$expand=Boss($levels=2)", "Customers")
    assert rows[2] == {**CID, "Boss": {**BOB, "Boss": ANN}}
    assert rows[1] == {**BOB, "Boss": {**ANN, "Boss": None}}
    assert asked == ["Customers", "Customers"]


def test_what_is_computed_shows() -> None:
    bound = options("$compute=Total mul 2 as Twice,Twice add 1 as More", "Orders")
    assert list(computed([TEN], bound, MODEL.entity_sets["Orders"].type, relations_of(Session()))) == [
        {**TEN, "Twice": 10, "More": 11}
    ]


def test_a_navigation_property_without_data_is_refused() -> None:
    with pytest.raises(NotImplementedHere, match="'Friends' cannot be found here"):
        expanded("$expand=Friends", "Orders")
