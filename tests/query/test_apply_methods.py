# Aggregation methods over values of all kinds: null, NaN, large numbers, enumerations; and groups of them.

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm.rows import Row
from tests.query.sales import applied, numbers, run

D = Decimal

# ------------------------------------------------------------------ null, NaN, types of results

NUMBERS: list[tuple[str, str, list[Any], Any]] = [
    ("Int32", "sum", [1, None, 2], 3),
    ("Int32", "sum", [None, None], None),
    ("Int32", "sum", [], None),
    ("Int32", "sum", [2**31 - 1] * 4, 4 * (2**31 - 1)),
    ("Int64", "sum", [2**63 - 1] * 3, D(3 * (2**63 - 1))),
    ("Int32", "average", [1, 2, None], D("1.5")),
    ("Int32", "average", [None], None),
    ("Decimal", "sum", [D("0.1")] * 10, D("1.0")),
    ("Decimal", "average", [D(1), D(1), D(2)], D("1.3333333333333333333333333333333333")),
    ("Double", "sum", [0.1] * 10, 1.0),
    ("Double", "average", [1.0, 2.0], 1.5),
    ("Double", "sum", [float("inf"), 1.0], float("inf")),
    ("Double", "max", [float("nan"), 1.0], 1.0),
    ("String", "min", ["b", "a", None], "a"),
    ("String", "max", ["b", "a", None], "b"),
    ("String", "max", [None], None),
    ("Boolean", "max", [False, True], True),
    ("String", "countdistinct", ["a", "b", "a", None], 2),
    ("Double", "countdistinct", [float("nan"), float("nan"), 1.0], 2),
    ("Decimal", "countdistinct", [D("1.0"), D("1.00"), D(2)], 2),
    ("Int32", "countdistinct", [], 0),
]


@pytest.mark.parametrize(("kind", "method", "values", "expected"), NUMBERS)
def test_methods(kind: str, method: str, values: list[Any], expected: Any) -> None:
    rows: list[Row] = [{"ID": index, "V": value} for index, value in enumerate(values)]
    (found,) = run(numbers(kind), f"aggregate(V with {method} as R)", rows)
    assert found == {"R": expected}
    assert type(found["R"]) is type(expected) or method == "countdistinct"


def test_enumerations_are_ordered_and_counted_by_number() -> None:
    rows: list[Row] = [{"ID": index, "V": value} for index, value in enumerate(["High", "Low", "Middle"])]
    text = "aggregate(V with max as Most,V with min as Least,V with countdistinct as N)"
    assert run(numbers("Level"), text, rows) == [{"Most": "High", "Least": "Low", "N": 2}]


def test_groups_of_null_and_nan() -> None:
    values = [None, float("nan"), 1.0, None, float("nan")]
    rows: list[Row] = [{"ID": index, "V": value} for index, value in enumerate(values)]
    found = run(numbers("Double"), "groupby((V),aggregate($count as N))", rows)
    assert [(str(row["V"]), row["N"]) for row in found] == [("None", 2), ("nan", 2), ("1.0", 1)]


def test_null_on_the_way_is_not_a_null_value() -> None:
    """3.2.3.1: the projection of a null entity is null; that of an entity with a null property is a row."""
    text = "groupby((Superordinate/SuperordinateID))"
    assert applied("SalesOrganizations", text) == [
        {"Superordinate": None},
        {"Superordinate": {"SuperordinateID": None}},
        {"Superordinate": {"SuperordinateID": "Sales"}},
    ]


@pytest.mark.parametrize("measure", ["topcount(2,V)", "topsum(3,V)", "toppercent(60,V)"])
def test_null_comes_last_from_the_top_and_adds_nothing(measure: str) -> None:
    rows: list[Row] = [{"ID": index, "V": value} for index, value in enumerate([None, 2, 1, None])]
    assert [row["V"] for row in run(numbers("Int32"), measure, rows)] == ([2, 1] if "60" not in measure else [2])
