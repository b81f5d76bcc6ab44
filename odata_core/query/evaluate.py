# The reference evaluator: a bound expression becomes a Python function of a row, once, and then runs per row.
# Strategy: each node is compiled to a closure over the closures of its operands, so no tree is walked per row.
# This is the meaning of a query: a backend that filters or sorts by itself must agree with it, row for row.
# Nothing here knows where rows come from.

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import InvalidOperation
from typing import Any, Final, assert_never

from ..edm import EnumType, Property
from ..edm.primitives import DOUBLE, SINGLE
from .functions import FUNCTIONS
from .tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path, ValueType

Row = Mapping[str, Any]
Value = Callable[[Row], Any]

# 4.01 Part 2, 5.1.1.1.1 and 5.1.1.1.2: null equals itself and only itself, so Python's None does as it is.
_EQUALITY: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"eq": operator.eq, "ne": operator.ne}
# 5.1.1.1.3 to 5.1.1.1.6: "If any operand is null, the operator returns false." That is false, not null: `not` of it
# is true.
_ORDER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
# 5.1.1.1.7 and 5.1.1.1.8: null is unknown; one operand of this value decides whatever the others are.
_DECISIVE: Final[Mapping[str, bool]] = {"and": False, "or": True}


def compile_value(bound: Bound) -> Value:
    """A function from a row to the value of an expression; None is null."""
    match bound:
        case Constant(value):
            return lambda row: value
        case Path(properties):
            return _path(properties)
        case Compare("eq" | "ne"):
            return _equality(_EQUALITY[bound.operator], _comparable(bound.left), _comparable(bound.right))
        case Compare():
            return _order(_ORDER[bound.operator], _comparable(bound.left), _comparable(bound.right))
        case Logic(name, operands):
            return _logic(_DECISIVE[name], tuple([compile_value(operand) for operand in operands]))
        case Not(operand):
            return _negation(compile_value(operand))
        case Invoke(name, arguments):
            return _call(FUNCTIONS[name].evaluate, tuple([compile_value(argument) for argument in arguments]))
        case _:
            assert_never(bound)


def compile_filter(bound: Bound) -> Callable[[Row], bool]:
    """A function that tells whether a condition is true for a row: false and null both leave the row out."""
    value = compile_value(bound)
    return lambda row: bool(value(row))


def compile_order(order: tuple[OrderBy, ...]) -> Callable[[Iterable[Row]], list[Row]]:
    """A function that sorts rows: stable, null first when ascending and last when descending (4.01 Part 1, 11.2.6.2).

    Text is ordered by code points, false comes before true, enumerations go by their numbers, NaN comes before all
    other numbers.
    """
    # The last key is sorted by first: every sort is stable, so the earlier keys prevail.
    passes = [(_sort_key(item.expression), item.descending) for item in reversed(order)]

    def sort(rows: Iterable[Row]) -> list[Row]:
        result = list(rows)
        for key, descending in passes:
            result.sort(key=key, reverse=descending)
        return result

    return sort


def _path(properties: tuple[Property, ...]) -> Value:
    first, *rest = [prop.name for prop in properties]
    if not rest:
        return operator.itemgetter(first)

    def follow(row: Row) -> Any:
        value = row[first]
        for name in rest:
            if value is None:
                return None
            value = value[name]
        return value

    return follow


def _equality(compare: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    return lambda row: compare(left(row), right(row))


def _order(compare: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    def ordered(row: Row) -> bool:
        one, other = left(row), right(row)
        if one is None or other is None:
            return False
        try:
            return bool(compare(one, other))
        except InvalidOperation:  # a Decimal beside NaN, which has no order; floats say False by themselves
            return False

    return ordered


def _logic(decisive: bool, operands: tuple[Value, ...]) -> Value:
    def combine(row: Row) -> bool | None:
        result: bool | None = not decisive
        for operand in operands:
            value = operand(row)
            if value is None:
                result = None
            elif value == decisive:
                return decisive
        return result

    return combine


def _negation(operand: Value) -> Value:
    def negate(row: Row) -> bool | None:
        value = operand(row)
        return None if value is None else not value

    return negate


def _call(evaluate: Callable[..., Any], arguments: tuple[Value, ...]) -> Value:
    def call(row: Row) -> Any:
        values = [argument(row) for argument in arguments]
        return None if None in values else evaluate(*values)

    return call


def _type_of(bound: Bound) -> ValueType | None:
    match bound:
        case Constant() | Path() | Invoke():
            return bound.type
        case _:
            return None


def _comparable(bound: Bound) -> Value:
    """The value in a form that Python compares as OData does: a member of an enumeration as its number."""
    value, kind = compile_value(bound), _type_of(bound)
    if not isinstance(kind, EnumType):
        return value
    if isinstance(bound, Constant):
        number = enum_number(kind, bound.value)
        return lambda row: number
    return lambda row: enum_number(kind, value(row))


def enum_number(enum: EnumType, names: str | None) -> int | None:
    """The number behind the name of a member, or behind several names joined by commas; null stays null."""
    if names is None:
        return None
    if names in enum.members:
        return enum.members[names]
    number = 0
    for name in names.split(","):
        number |= enum.members[name]
    return number


_NULL: Final = (0,)
_NAN: Final = (1,)


def _sort_key(bound: Bound) -> Callable[[Row], tuple[Any, ...]]:
    value = _comparable(bound)

    def key(row: Row) -> tuple[Any, ...]:
        found = value(row)
        return _NULL if found is None else (2, found)

    def key_of_float(row: Row) -> tuple[Any, ...]:
        found = value(row)
        if found is None:
            return _NULL
        return _NAN if found != found else (2, found)  # NaN is what differs from itself

    return key_of_float if _type_of(bound) in (SINGLE, DOUBLE) else key
