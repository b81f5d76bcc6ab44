# The strategies draw what they promise, and the reference model and cases leave nothing out.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, ComplexType, EnumType, PrimitiveType, Property, Timestamp
from odata_core.edm.temporal import TICKS_PER_SECOND
from odata_core.query.functions import TEXT_FUNCTIONS
from odata_core.query.tree import Bound, Compare, Constant, Invoke, Logic, Not, Path
from odata_core.testing.cases import READ_CASES
from odata_core.testing.reference import MODEL, ROWS, exact
from odata_core.testing.strategies import VALUE_TYPES, conditions_of, keys_of, models, rows_of, tables_of, values_of

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_every_type_has_values_but_streams_and_shapes() -> None:
    without = {name for name in PRIMITIVE_TYPES if name.startswith(("Edm.Geo", "Edm.Stream"))}
    assert set(VALUE_TYPES) == set(PRIMITIVE_TYPES) - without


FACETS: list[tuple[str, dict[str, Any]]] = [
    *[(name, {}) for name in VALUE_TYPES],
    ("Edm.String", {"MaxLength": 3}),
    ("Edm.Binary", {"MaxLength": 0}),
    ("Edm.Decimal", {"Precision": 5, "Scale": 2}),
    ("Edm.Decimal", {"Precision": 3}),
    ("Edm.Decimal", {"Precision": 3, "Scale": "variable"}),
]


@pytest.mark.parametrize(("name", "facets"), FACETS, ids=str)
@CALM
@given(data=st.data())
def test_values_are_accepted_as_they_are(name: str, facets: dict[str, Any], data: st.DataObject) -> None:
    collection, nullable = data.draw(st.booleans()), data.draw(st.booleans())
    prop = Property("P", PRIMITIVE_TYPES[name], collection, nullable and not collection, facets=facets)
    value = data.draw(values_of(prop))
    assert exact(prop.accept(value)) == exact(value)


@CALM
@given(st.data(), st.integers(0, 7))
def test_moments_have_no_more_digits_than_precision(data: st.DataObject, precision: int) -> None:
    prop = Property("P", PRIMITIVE_TYPES["Edm.DateTimeOffset"], nullable=False, facets={"Precision": precision})
    moment = data.draw(values_of(prop))
    assert isinstance(moment, Timestamp)
    assert moment.ticks * 10**precision % TICKS_PER_SECOND == 0


@CALM
@given(st.data())
def test_rows_and_keys_fit_their_model(data: st.DataObject) -> None:
    model = data.draw(models())
    kind = data.draw(st.sampled_from([entity_set.type for entity_set in model.entity_sets.values()]))
    row = data.draw(rows_of(kind))
    assert exact(kind.accept(row)) == exact(row)
    key = data.draw(keys_of(kind))
    assert len(key) == len(kind.key)
    assert {key: 1}[tuple(kind.properties[name].accept(part) for name, part in zip(kind.key, key, strict=True))] == 1
    rows = data.draw(tables_of(kind))
    assert len({kind.key_of(row) for row in rows}) == len(rows)


@CALM
@given(st.data())
def test_models_keep_to_the_types_asked_for(data: st.DataObject) -> None:
    model = data.draw(models(types=["Edm.Int32", "Edm.String"]))
    used = {
        prop.type
        for kind in model.types.values()
        if not isinstance(kind, EnumType)
        for prop in kind.properties.values()
    }
    assert {kind.name for kind in used if isinstance(kind, PrimitiveType)} <= {"Edm.Int32", "Edm.String"}


def parts(bound: Bound | None) -> list[Bound]:
    """An expression and all expressions in it."""
    match bound:
        case None:
            return []
        case Compare(_, left, right):
            return [bound, *parts(left), *parts(right)]
        case Logic(_, operands) | Invoke(_, operands):
            return [bound, *[part for operand in operands for part in parts(operand)]]
        case Not(operand):
            return [bound, *parts(operand)]
        case _:
            return [bound]


ASKED = [
    part
    for case in READ_CASES
    for bound in (case.query.filter, *[key.expression for key in case.query.order])
    for part in parts(bound)
]


def test_the_reference_model_has_every_type() -> None:
    properties = list(MODEL.entity_set("Everything").type.properties.values())
    assert {prop.type_name for prop in properties} >= set(VALUE_TYPES)
    assert any(isinstance(prop.type, EnumType) and prop.type.is_flags for prop in properties)
    assert any(isinstance(prop.type, ComplexType) and prop.is_collection for prop in properties)
    for prop in properties:
        values = [row[prop.name] for row in ROWS["Everything"]]
        assert any(value not in (None, []) for value in values), prop.name
        assert any(value in (None, []) for value in values) or prop.name == "Key", prop.name


def test_the_cases_ask_for_everything() -> None:
    assert {part.function for part in ASKED if isinstance(part, Invoke)} == set(TEXT_FUNCTIONS)
    assert {part.operator for part in ASKED if isinstance(part, Compare)} == {"eq", "ne", "lt", "le", "gt", "ge"}
    assert {part.operator for part in ASKED if isinstance(part, Logic)} == {"and", "or"}
    assert any(isinstance(part, Not) for part in ASKED)
    assert len({case.name for case in READ_CASES}) == len(READ_CASES)


@CALM
@given(st.data())
def test_constants_have_the_type_of_what_they_meet(data: st.DataObject) -> None:
    kind = MODEL.entity_set("Lines").type
    for part in parts(data.draw(conditions_of(kind, ROWS["Lines"]))):
        if isinstance(part, Compare) and isinstance(part.right, Constant) and isinstance(part.left, Path):
            assert part.right.value is None or part.right.type is part.left.type
