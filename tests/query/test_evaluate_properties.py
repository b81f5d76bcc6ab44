# Properties of the evaluator over random typed trees and rows: agreement with the second evaluator, the laws of logic,
# and that a program compiled once serves other literals.

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odata_core.edm import primitives as edm
from odata_core.errors import ODataError
from odata_core.query.evaluate import compile_filter, compile_program, compile_value
from odata_core.query.prepared import constants_of, substitute
from odata_core.query.tree import Bound, Compare, Constant, Logic, Not, Quantifier
from odata_core.testing.expression_rows import ITEM, VALUES, rows, values_of
from odata_core.testing.expressions import conditions, expressions, quantifiers
from odata_core.testing.reference import exact

from .naive import evaluate

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
SMALL_ROWS = rows(depth=1)


def outcome(compute: Any) -> Any:
    """A value, or that the request is refused. Any other exception is a bug and passes."""
    try:
        return shown(compute())
    except ODataError:
        return "refused"


def shown(value: Any) -> Any:
    """A value in a form equal to that of the same value only: true is not 1, NaN is NaN, a moment has its offset."""
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return "NaN" if value != value else ("number", value)
    return exact(value)


@CALM
@given(conditions(), SMALL_ROWS)
def test_conditions_agree_with_the_second_evaluator(condition: Bound, row: Any) -> None:
    assert outcome(lambda: compile_value(condition, kind=ITEM)(row)) == outcome(lambda: evaluate(condition, row, ITEM))


@CALM
@given(expressions(), SMALL_ROWS)
def test_values_agree_with_the_second_evaluator(expression: Bound, row: Any) -> None:
    found = outcome(lambda: compile_value(expression, kind=ITEM)(row))
    assert found == outcome(lambda: evaluate(expression, row, ITEM))


@CALM
@given(conditions(), st.lists(SMALL_ROWS, max_size=3))
def test_a_condition_and_its_negation_divide_the_rows(condition: Bound, table: list[Any]) -> None:
    def divided() -> list[int]:
        value = compile_value(condition, kind=ITEM)
        kept, left = compile_filter(condition, kind=ITEM), compile_filter(Not(condition), kind=ITEM)
        return [kept(row) + left(row) - (value(row) is not None) for row in table]

    assert outcome(divided) in ("refused", [shown(0)] * len(table))


@CALM
@given(conditions(2), conditions(2), st.sampled_from(["and", "or"]), SMALL_ROWS)
def test_de_morgan(one: Bound, other: Bound, operator: str, row: Any) -> None:
    left = Not(Logic(operator, (one, other)))
    right = Logic({"and": "or", "or": "and"}[operator], (Not(one), Not(other)))
    assert outcome(lambda: compile_value(left, kind=ITEM)(row)) == outcome(lambda: compile_value(right, kind=ITEM)(row))


@CALM
@given(quantifiers(), SMALL_ROWS)
def test_any_and_all_are_dual(bound: Bound, row: Any) -> None:
    """Where the condition is never null: `all(p)` is `not any(not p)`. A condition that is null is made false."""
    assert isinstance(bound, Quantifier)
    assume(bound.condition is not None)
    assert bound.condition is not None
    true = Compare("eq", bound.condition, Constant(True, edm.BOOLEAN))
    everything = Quantifier("all", bound.collection, bound.variable, true)
    no_exception = Not(Quantifier("any", bound.collection, bound.variable, Not(true)))
    assert outcome(lambda: compile_value(everything, kind=ITEM)(row)) == outcome(
        lambda: compile_value(no_exception, kind=ITEM)(row)
    )


@CALM
@given(conditions() | expressions(), SMALL_ROWS, st.data())
def test_a_program_serves_other_literals(bound: Bound, row: Any, data: st.DataObject) -> None:
    program = compile_program(bound, kind=ITEM)
    literals = {
        constant.origin: data.draw(values_of(constant.type))
        for constant in constants_of(bound)
        if constant.origin >= 0 and constant.type is not None
    }
    found = outcome(lambda: program.run(literals)(row))
    assert found == outcome(lambda: compile_value(substitute(bound, literals), kind=ITEM)(row))
    assert outcome(lambda: program.run()(row)) == outcome(lambda: compile_value(bound, kind=ITEM)(row))


def test_the_trials_have_all_types() -> None:
    families = {kind for kind in edm.PRIMITIVE_TYPES.values() if kind is not edm.STREAM and kind not in edm.GEO_TYPES}
    assert set(VALUES) == families
