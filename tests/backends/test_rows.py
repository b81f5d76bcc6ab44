# Rows as a store keeps them: what is new, what changes, what the server makes, what is refused.

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.backend.rows import changed_row, generated, missing, new_row, title_of
from odata_core.edm import ModelBuilder, Timestamp, prop
from odata_core.errors import BadRequest
from odata_core.testing.reference import MODEL, exact
from odata_core.testing.strategies import models, rows_of

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _types() -> Any:
    builder = ModelBuilder("Test")
    builder.complex("Inner", properties={"X": "Int32", "Y": prop("Int32", nullable=False, default=7)})
    builder.complex("Outer", properties={"Inner": "Inner", "Text": "String"})
    builder.entity(
        "Entity",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Stamp": prop("Guid", generated=True, nullable=False),
            "Made": prop("DateTimeOffset", generated=True),
            "Need": prop("String", nullable=False),
            "Rest": prop("Decimal", default=1),
            "List": prop("Collection(Int32)"),
            "Outer": "Outer",
        },
    )
    builder.entity("Open", key="ID", properties={"ID": "Int32", "A": "String"}, open=True)
    builder.entity("Float", key="ID", properties={"ID": "Double"})
    builder.entity_set("Entities", "Entity")
    return builder.build().types


TYPES = _types()
ENTITY, OPEN = TYPES["Test.Entity"], TYPES["Test.Open"]
STAMP, OTHER = UUID(int=1), UUID(int=2)
ROW: dict[str, Any] = {
    "ID": 1,
    "Stamp": STAMP,
    "Made": Timestamp(0, 0),
    "Need": "n",
    "Rest": Decimal(2),
    "List": [1],
    "Outer": {"Inner": {"X": 1, "Y": 2}, "Text": "t"},
}


def test_a_new_row_is_complete_and_in_model_order() -> None:
    row = new_row(ENTITY, {"Outer": {"Inner": {"X": 3}}, "Need": "n", "Stamp": str(STAMP), "ID": 1})
    assert exact(row) == exact(
        {
            "ID": 1,
            "Stamp": STAMP,
            "Made": None,
            "Need": "n",
            "Rest": Decimal(1),
            "List": [],
            "Outer": {"Inner": {"X": 3, "Y": 7}, "Text": None},
        }
    )


MISSING = "The property '{}' is missing: it is not nullable and has no default."
UNFIT = "The value of property '{}' does not fit: {}."


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        ({"Need": ...}, "$.Need", MISSING.format("Need")),
        ({"ID": ...}, "$.ID", MISSING.format("ID")),
        ({"Need": None}, "$.Need", UNFIT.format("Need", "the property is not nullable")),
        ({"List": None}, "$.List", UNFIT.format("List", "a collection cannot be null")),
        ({"Rest": "1"}, "$.Rest", UNFIT.format("Rest", "a finite decimal number is expected")),
        ({"Outer": {"Text": 1}}, "$.Outer", UNFIT.format("Outer", "property 'Text': a string is expected")),
        ({"need": "n"}, "$.need", "The type 'Test.Entity' has no property 'need'. Did you mean 'Need'?"),
    ],
)
def test_a_new_row_that_does_not_do(change: dict[str, Any], target: str, message: str) -> None:
    values = {name: value for name, value in {**ROW, **change}.items() if value is not ...}
    with pytest.raises(BadRequest) as caught:
        new_row(ENTITY, values)
    assert (caught.value.target, caught.value.message) == (target, message)


def test_a_key_cannot_be_nan() -> None:
    with pytest.raises(BadRequest, match="cannot be NaN"):
        new_row(TYPES["Test.Float"], {"ID": float("nan")})


BLANK = {"Inner": {"X": None, "Y": 7}, "Text": None}
RESET = {"Rest": Decimal(1), "List": [], "Outer": None}


@pytest.mark.parametrize(
    ("values", "replace", "changes"),
    [
        ({}, False, {}),
        ({"Rest": None}, False, {"Rest": None}),
        ({"Rest": 5, "List": (1, 2)}, False, {"Rest": Decimal(5), "List": [1, 2]}),
        ({"ID": 9, "Stamp": OTHER}, False, {"Stamp": OTHER}),
        ({"ID": None}, False, {}),
        ({"Outer": {"Text": "u"}}, False, {"Outer": {"Inner": {"X": 1, "Y": 2}, "Text": "u"}}),
        ({"Outer": {"Inner": {"X": None}}}, False, {"Outer": {"Inner": {"X": None, "Y": 2}, "Text": "t"}}),
        ({"Outer": {"Inner": None}}, False, {"Outer": {"Inner": None, "Text": "t"}}),
        ({"Outer": None}, False, {"Outer": None}),
        ({"Need": "m"}, True, {**RESET, "Need": "m"}),
        ({"ID": 9, "Need": "m", "Made": None}, True, {**RESET, "Need": "m", "Made": None}),
        ({"Need": "m", "Outer": {"Inner": {}}}, True, {**RESET, "Need": "m", "Outer": BLANK}),
    ],
)
def test_a_changed_row(values: dict[str, Any], replace: bool, changes: dict[str, Any]) -> None:
    before = exact(ROW)
    assert exact(changed_row(ENTITY, ROW, values, replace=replace)) == exact({**ROW, **changes})
    assert exact(ROW) == before


@pytest.mark.parametrize(
    ("values", "replace", "target"),
    [
        ({"Need": None}, False, "$.Need"),
        ({}, True, "$.Need"),
        ({"Stamp": None}, False, "$.Stamp"),
        ({"X": 1}, False, "$.X"),
    ],
)
def test_a_changed_row_that_does_not_do(values: dict[str, Any], replace: bool, target: str) -> None:
    with pytest.raises(BadRequest) as caught:
        changed_row(ENTITY, ROW, values, replace=replace)
    assert caught.value.target == target


def test_an_open_type_keeps_what_its_model_does_not_name() -> None:
    row = new_row(OPEN, {"Z": 1, "ID": 5, "Y": None})
    assert exact(row) == exact({"ID": 5, "A": None, "Z": 1, "Y": None})
    assert exact(changed_row(OPEN, row, {"Y": 2}, replace=False)) == exact({"ID": 5, "A": None, "Z": 1, "Y": 2})
    assert exact(changed_row(OPEN, row, {"Y": 2}, replace=True)) == exact({"ID": 5, "A": None, "Y": 2})


@pytest.mark.parametrize("blank", [{}, {"ID": None, "Stamp": None}, {"ID": 0, "Stamp": UUID(int=0)},
                                   {"ID": -1, "Stamp": "00000000-0000-0000-0000-000000000000"}])  # fmt: skip
def test_the_server_makes_what_is_blank(blank: Mapping[str, Any]) -> None:
    numbers = count(41)
    made = [generated(ENTITY, {**blank, "Need": "n"}, lambda prop: next(numbers)) for _ in range(2)]
    assert [row["ID"] for row in made] == [41, 42]
    assert len({UUID(int=0), *[row["Stamp"] for row in made]}) == 3
    assert all(row["Need"] == "n" for row in made)
    assert Timestamp.now().ticks - 600 * 10**7 < made[0]["Made"].ticks <= made[1]["Made"].ticks <= Timestamp.now().ticks


@pytest.mark.parametrize("values", [{"ID": 5, "Stamp": STAMP}, {"ID": -2, "Stamp": str(STAMP)}])
def test_the_server_keeps_what_the_client_chose(values: Mapping[str, Any]) -> None:
    chosen = {**values, "Made": Timestamp(0)}
    assert generated(ENTITY, chosen, lambda prop: 1) == chosen


@CALM
@given(st.data())
def test_a_complete_row_stays_as_it_is(data: st.DataObject) -> None:
    model = data.draw(models())
    kind = data.draw(st.sampled_from([entity_set.type for entity_set in model.entity_sets.values()]))
    row, other = data.draw(rows_of(kind)), data.draw(rows_of(kind))
    assert exact(new_row(kind, row)) == exact(row)
    assert exact(changed_row(kind, row, {}, replace=False)) == exact(row)
    kept = {name: row[name] for name in kind.key}
    assert exact(changed_row(kind, row, other, replace=True)) == exact({**other, **kept})
    assert exact(changed_row(kind, row, other, replace=False)) == exact({**other, **kept})


@pytest.mark.parametrize(
    ("set_name", "key", "title"),
    [
        ("Products", (1,), "Products(1)"),
        ("Lines", (1, "a'b"), "Lines(Order=1,Text='a''b')"),
        ("Everything", (STAMP,), "Everything(00000000-0000-0000-0000-000000000001)"),
        ("Everything", (b"\x01\xff",), "Everything(01ff)"),
    ],
)
def test_titles(set_name: str, key: tuple[Any, ...], title: str) -> None:
    assert title_of(MODEL.entity_set(set_name), key) == title
    assert missing(MODEL.entity_set(set_name), key).message == f"There is no {title}."
