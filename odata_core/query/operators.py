# The arithmetic operators, one row for each name and pair of types: what comes out, and how it is computed
# (4.01 Part 2, 5.1.1.2). Numbers are promoted to a common type first.
# Strategy: a row is a function of two Python values that is put together once, with the conversions that its types
# need; the evaluator calls it per row of data. Null never arrives here: the evaluator knows that the result is null.
# What a type cannot hold fails by the name of the operator; only floating-point numbers, and `divby`, go to infinity.

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest
from ..records import record
from . import arithmetic as compute

Evaluate = Callable[[Any, Any], Any]
Convert = Callable[[Any], Any]


@record
class Operator:
    """An operator for one pair of types."""

    result: PrimitiveType
    evaluate: Evaluate


@record
class Negation:
    """The unary minus for one type."""

    result: PrimitiveType
    evaluate: Convert


def find_operator(name: str, left: PrimitiveType, right: PrimitiveType) -> Operator | None:
    """The operator `add sub mul div divby mod` for operands of these types; None when there is none."""
    return OPERATORS.get((name, left, right))


def find_negation(kind: PrimitiveType) -> Negation | None:
    """The unary minus for an operand of this type; None when there is none."""
    return NEGATIONS.get(kind)


# "If either operand is Edm.Double, the other operand is converted to type Edm.Double. Otherwise ..." (Numeric
# Promotion). The rules end with Int16 and say nothing of two bytes; here they become Int16, since a byte could hold
# neither their sum nor their difference.
_PROMOTIONS: Final = (edm.DOUBLE, edm.SINGLE, edm.DECIMAL, edm.INT64, edm.INT32, edm.INT16)
INTEGERS: Final = (edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64)
NUMBERS: Final = (*INTEGERS, edm.DECIMAL, edm.SINGLE, edm.DOUBLE)


def promote(left: PrimitiveType, right: PrimitiveType) -> PrimitiveType:
    """The type in which two numbers of these types are computed."""
    return next((kind for kind in _PROMOTIONS if kind in (left, right)), edm.INT16)


_INTEGER: Final[Mapping[str, Evaluate]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": compute.divide_integers,
    "mod": compute.remainder_of_integers,
}
_DECIMAL: Final[Mapping[str, Evaluate]] = {
    "add": compute.add_decimals,
    "sub": compute.subtract_decimals,
    "mul": compute.multiply_decimals,
    "div": compute.divide_decimals,
    "divby": compute.divide_decimals_by_any,
    "mod": compute.remainder_of_decimals,
}
_FLOAT: Final[Mapping[str, Evaluate]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": compute.divide_floats,
    "divby": compute.divide_floats,
    "mod": compute.remainder_of_floats,
}

# Edm.Date and Edm.Duration are of version 4, Edm.DateTime and Edm.Time (a time of day, counted as a span) of 2 and 3.
# Version 3 promises no arithmetic with times; these rows are what version 4 does, said in its types.
_TIMES: Final[tuple[tuple[PrimitiveType, str, PrimitiveType, PrimitiveType, Evaluate], ...]] = (
    (edm.DATETIME_OFFSET, "add", edm.DURATION, edm.DATETIME_OFFSET, compute.add_to_timestamp),
    (edm.DATETIME_OFFSET, "add", edm.TIME, edm.DATETIME_OFFSET, compute.add_to_timestamp),
    (edm.DATETIME, "add", edm.TIME, edm.DATETIME, compute.add_to_timestamp),
    (edm.DATE, "add", edm.DURATION, edm.DATE, compute.add_to_date),
    (edm.DURATION, "add", edm.DURATION, edm.DURATION, compute.add_durations),
    (edm.TIME, "add", edm.TIME, edm.TIME, compute.add_durations),
    (edm.DATETIME_OFFSET, "sub", edm.DURATION, edm.DATETIME_OFFSET, compute.subtract_from_timestamp),
    (edm.DATETIME_OFFSET, "sub", edm.TIME, edm.DATETIME_OFFSET, compute.subtract_from_timestamp),
    (edm.DATETIME, "sub", edm.TIME, edm.DATETIME, compute.subtract_from_timestamp),
    (edm.DATETIME_OFFSET, "sub", edm.DATETIME_OFFSET, edm.DURATION, compute.between_timestamps),
    (edm.DATETIME, "sub", edm.DATETIME, edm.DURATION, compute.between_timestamps),
    (edm.DATE, "sub", edm.DURATION, edm.DATE, compute.subtract_from_date),
    (edm.DATE, "sub", edm.DATE, edm.DURATION, compute.between_dates),
    (edm.DURATION, "sub", edm.DURATION, edm.DURATION, compute.subtract_durations),
    (edm.TIME, "sub", edm.TIME, edm.TIME, compute.subtract_durations),
    *[(edm.DURATION, "mul", number, edm.DURATION, compute.multiply_duration) for number in NUMBERS],
    *[(edm.DURATION, "div", number, edm.DURATION, compute.divide_duration) for number in NUMBERS],
    *[(edm.DURATION, "divby", number, edm.DURATION, compute.divide_duration) for number in NUMBERS],
)


def _rows() -> Iterator[tuple[tuple[str, PrimitiveType, PrimitiveType], Operator]]:
    for left in NUMBERS:
        for right in NUMBERS:
            for name in _DECIMAL:
                yield (name, left, right), _numeric(name, left, right)
    for left, name, right, result, evaluate in _TIMES:
        accepted = result.accept if result is edm.TIME else None  # the constructors know the range of the others
        yield (name, left, right), Operator(result, _named(name, evaluate, accepted))
    for number in NUMBERS:  # "multiplying a Duration value with a numeric value", either of them first
        swapped = _named("mul", lambda factor, span: compute.multiply_duration(span, factor))
        yield ("mul", number, edm.DURATION), Operator(edm.DURATION, swapped)


def _numeric(name: str, left: PrimitiveType, right: PrimitiveType) -> Operator:
    kind = promote(left, right)
    if kind in (edm.SINGLE, edm.DOUBLE):
        convert = compute.to_single if kind is edm.SINGLE else compute.to_double
        result = convert if kind is edm.SINGLE else None
        return Operator(kind, _named(name, _converted(_FLOAT[name], left, right, kind, convert), result))
    if kind is edm.DECIMAL or name == "divby":
        evaluate = _converted(_DECIMAL[name], left, right, edm.DECIMAL, Decimal)
        return Operator(edm.DECIMAL, _named(name, evaluate))
    return Operator(kind, _named(name, _INTEGER[name], kind.accept))


def _converted(
    evaluate: Evaluate, left: PrimitiveType, right: PrimitiveType, kind: PrimitiveType, convert: Convert
) -> Evaluate:
    """`evaluate` with both operands as values of `kind`."""
    if left is right is kind:
        return evaluate
    if left is kind:
        return lambda one, other: evaluate(one, convert(other))
    if right is kind:
        return lambda one, other: evaluate(convert(one), other)
    return lambda one, other: evaluate(convert(one), convert(other))


def _named(name: str, evaluate: Evaluate, finish: Convert | None = None) -> Evaluate:
    """`evaluate`, its result passed through `finish`, with errors that name the operator."""

    def named(left: Any, right: Any) -> Any:
        try:
            result = evaluate(left, right)
            return result if finish is None else finish(result)
        except ValueError as error:
            raise BadRequest(f"The operator '{name}' failed: {error}.") from None

    return named


OPERATORS: Final[Mapping[tuple[str, PrimitiveType, PrimitiveType], Operator]] = dict(_rows())
"""Every operator by its name and the types of its operands."""


def _negations() -> Iterator[tuple[PrimitiveType, Negation]]:
    for kind in NUMBERS:
        result = promote(kind, kind)
        # Decimals are negated without the rounding to 28 digits of Python's minus.
        negate = Decimal.copy_negate if kind is edm.DECIMAL else operator.neg
        yield kind, Negation(result, _negated(negate, result.accept if kind in INTEGERS else None))
    yield edm.DURATION, Negation(edm.DURATION, compute.negate_duration)


def _negated(negate: Convert, finish: Convert | None) -> Convert:
    two_sided = _named("-", lambda value, _: negate(value), finish)
    return lambda value: two_sided(value, None)


NEGATIONS: Final[Mapping[PrimitiveType, Negation]] = dict(_negations())
"""The unary minus by the type of its operand. Bytes become Int16, as with the other operators."""
