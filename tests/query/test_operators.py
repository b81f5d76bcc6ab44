# Arithmetic: a table of cases per operator and pair of types, what fails and how it says so, and properties.

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import Duration, PrimitiveType, Timestamp
from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest
from odata_core.query.evaluate import compile_value
from odata_core.query.operators import INTEGERS, NUMBERS, OPERATORS, find_negation, find_operator, promote
from odata_core.query.tree import Arithmetic, Constant, Negate
from odata_core.testing.reference import exact

NAN, INF = float("nan"), float("inf")
DAY = 864_000_000_000
NOON = Timestamp.parse("2024-02-29T12:00:00+01:00")
LEAP_DAY = date(2024, 2, 29)


def compute(name: str, left: Any, one: PrimitiveType, right: Any, other: PrimitiveType) -> Any:
    row = find_operator(name, one, other)
    assert row is not None
    return compile_value(Arithmetic(name, Constant(left, one), Constant(right, other), row.result))({})


@pytest.mark.parametrize(
    ("left", "one", "name", "right", "other", "result", "kind"),
    [
        (1, edm.INT32, "add", 2, edm.INT32, 3, edm.INT32),
        (200, edm.BYTE, "add", 100, edm.BYTE, 300, edm.INT16),
        (2**31 - 1, edm.INT32, "add", 1, edm.INT64, 2**31, edm.INT64),
        (1, edm.INT32, "sub", Decimal("0.1"), edm.DECIMAL, Decimal("0.9"), edm.DECIMAL),
        (Decimal("0.1"), edm.DECIMAL, "add", 0.2, edm.DOUBLE, 0.1 + 0.2, edm.DOUBLE),
        (1, edm.INT64, "mul", 0.5, edm.SINGLE, 0.5, edm.SINGLE),
        (0.10000000149011612, edm.SINGLE, "add", 0.20000000298023224, edm.SINGLE, 0.30000001192092896, edm.SINGLE),
        (3e38, edm.SINGLE, "mul", 10, edm.INT32, INF, edm.SINGLE),
        # div: whole numbers toward zero; divby: never
        (7, edm.INT32, "div", 2, edm.INT32, 3, edm.INT32),
        (-7, edm.INT32, "div", 2, edm.INT32, -3, edm.INT32),
        (7, edm.INT32, "divby", 2, edm.INT32, Decimal("3.5"), edm.DECIMAL),
        (5, edm.INT32, "divby", 0, edm.INT32, Decimal("Infinity"), edm.DECIMAL),
        (-5, edm.INT32, "divby", 0, edm.INT32, Decimal("-Infinity"), edm.DECIMAL),
        (Decimal(1), edm.DECIMAL, "div", 3, edm.INT32, Decimal("0." + "3" * 35), edm.DECIMAL),
        (1.0, edm.DOUBLE, "div", 0, edm.INT32, INF, edm.DOUBLE),
        (-1.0, edm.DOUBLE, "div", 0, edm.INT32, -INF, edm.DOUBLE),
        (0.0, edm.DOUBLE, "div", 0, edm.INT32, NAN, edm.DOUBLE),
        # mod: the sign of the left operand
        (-7, edm.INT32, "mod", 2, edm.INT32, -1, edm.INT32),
        (7, edm.INT32, "mod", -2, edm.INT32, 1, edm.INT32),
        (Decimal("-7.5"), edm.DECIMAL, "mod", 2, edm.INT32, Decimal("-1.5"), edm.DECIMAL),
        (-7.5, edm.DOUBLE, "mod", 2, edm.INT32, -1.5, edm.DOUBLE),
        (INF, edm.DOUBLE, "mod", 2, edm.INT32, NAN, edm.DOUBLE),
        # Times
        (NOON, edm.DATETIME_OFFSET, "add", Duration(DAY), edm.DURATION, Timestamp(NOON.ticks + DAY, 60),
         edm.DATETIME_OFFSET),
        (NOON, edm.DATETIME_OFFSET, "sub", Timestamp(NOON.instant, 0), edm.DATETIME_OFFSET, Duration(0), edm.DURATION),
        (LEAP_DAY, edm.DATE, "add", Duration(DAY - 1), edm.DURATION, LEAP_DAY, edm.DATE),
        (LEAP_DAY, edm.DATE, "sub", Duration(1), edm.DURATION, date(2024, 2, 28), edm.DATE),
        (date(2024, 3, 1), edm.DATE, "sub", LEAP_DAY, edm.DATE, Duration(DAY), edm.DURATION),
        (Duration(3), edm.DURATION, "mul", 0.5, edm.DOUBLE, Duration(2), edm.DURATION),
        (3, edm.INT32, "mul", Duration(-3), edm.DURATION, Duration(-9), edm.DURATION),
        (Duration(3), edm.DURATION, "div", 2, edm.INT32, Duration(2), edm.DURATION),
        (Duration(1), edm.TIME, "add", Duration(1), edm.TIME, Duration(2), edm.TIME),
    ],
)  # fmt: skip
def test_operators(
    left: Any, one: PrimitiveType, name: str, right: Any, other: PrimitiveType, result: Any, kind: PrimitiveType
) -> None:
    row = find_operator(name, one, other)
    assert row is not None
    assert row.result is kind
    assert exact(compute(name, left, one, right, other)) == exact(result)
    assert compute(name, None, one, right, other) is None
    assert compute(name, left, one, None, other) is None


@pytest.mark.parametrize(
    ("left", "one", "name", "right", "other"),
    [
        *[(1, edm.INT32, name, 0, edm.INT32) for name in ("div", "mod")],
        *[(Decimal(1), edm.DECIMAL, name, 0, edm.INT32) for name in ("div", "mod")],
        (1.0, edm.DOUBLE, "mod", 0.0, edm.DOUBLE),
        (2**31 - 1, edm.INT32, "add", 1, edm.INT32),
        (-(2**63), edm.INT64, "div", -1, edm.INT64),
        (Decimal(10) ** 999, edm.DECIMAL, "mul", Decimal(1000), edm.DECIMAL),
        (Decimal("1e400"), edm.DECIMAL, "add", 1.0, edm.DOUBLE),
        (Timestamp(0, 0), edm.DATETIME_OFFSET, "sub", Duration(1), edm.DURATION),
        (date.max, edm.DATE, "add", Duration(DAY), edm.DURATION),
        (Duration(1), edm.DURATION, "mul", NAN, edm.DOUBLE),
        (Duration(1), edm.DURATION, "div", 0, edm.INT32),
        (Duration(0), edm.TIME, "sub", Duration(1), edm.TIME),
    ],
)
def test_what_has_no_result_fails_by_the_operator(
    left: Any, one: PrimitiveType, name: str, right: Any, other: PrimitiveType
) -> None:
    with pytest.raises(BadRequest, match=f"The operator '{name}' failed: "):
        compute(name, left, one, right, other)


@pytest.mark.parametrize(
    ("value", "kind", "result"),
    [
        (5, edm.INT32, -5),
        (5, edm.BYTE, -5),
        (0.0, edm.DOUBLE, -0.0),
        (Decimal("1.5"), edm.DECIMAL, Decimal("-1.5")),
        (Duration(5), edm.DURATION, Duration(-5)),
        (None, edm.INT32, None),
    ],
)
def test_negation(value: Any, kind: PrimitiveType, result: Any) -> None:
    assert exact(compile_value(Negate(Constant(value, kind), kind))({})) == exact(result)


def test_negation_may_leave_the_range() -> None:
    with pytest.raises(BadRequest, match="The operator '-' failed"):
        compile_value(Negate(Constant(-(2**63), edm.INT64), edm.INT64))({})
    assert find_negation(edm.STRING) is None


def test_types_without_operators_are_refused() -> None:
    assert find_operator("add", edm.STRING, edm.STRING) is None
    with pytest.raises(BadRequest, match="'add'"):
        compile_value(Arithmetic("add", Constant("a", edm.STRING), Constant("b", edm.STRING), None))


def test_all_pairs_of_numbers_have_all_operators() -> None:
    for left in NUMBERS:
        for right in NUMBERS:
            for name in ("add", "sub", "mul", "div", "divby", "mod"):
                row = OPERATORS[name, left, right]
                exactly = promote(left, right)
                assert row.result is (edm.DECIMAL if name == "divby" and exactly in INTEGERS else exactly)


SMALL = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6)


@given(SMALL, SMALL)
def test_decimals_are_exact(left: Decimal, right: Decimal) -> None:
    def found(name: str) -> Fraction:
        return Fraction(compute(name, left, edm.DECIMAL, right, edm.DECIMAL))

    one, other = Fraction(left), Fraction(right)
    assert (found("add"), found("sub"), found("mul")) == (one + other, one - other, one * other)
    if right:
        assert abs(found("div") - one / other) <= abs(one / other) * Fraction(1, 10**30)
        quotient = int(one / other)
        assert found("mod") == one - other * quotient


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1).filter(bool))
def test_quotient_and_rest_make_the_whole(left: int, right: int) -> None:
    quotient = compute("div", left, edm.INT64, right, edm.INT64)
    rest = compute("mod", left, edm.INT64, right, edm.INT64)
    assert quotient * right + rest == left
    assert abs(rest) < abs(right)
