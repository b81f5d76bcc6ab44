# The reference evaluator: a bound expression becomes a Python function of a row, once, and then runs per row.
# Strategy: each node is compiled to a closure over the closures of its operands, so no tree is walked per row.
# This is the meaning of a query: a backend that filters or sorts by itself must agree with it, row for row.
# Nothing here knows where rows come from: related ones are inline, or `relations` finds them.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..edm.rows import Row
from ..errors import BadRequest
from . import evaluate_conditions as conditions
from . import evaluate_values as values
from .comparison import enum_number
from .compiler import FIRST_VARIABLE, Closure, Compiler, Handler, compile_constant
from .evaluate_hierarchies import compile_forest, compile_hierarchy_test
from .evaluate_paths import compile_path
from .ordering import OrderProgram
from .relations import Relations
from .tree import (
    Aggregated,
    Arithmetic,
    Bound,
    Call,
    Case,
    Compare,
    Constant,
    Convert,
    Count,
    Filtered,
    Has,
    Hierarchy,
    HierarchyTest,
    In,
    Invoke,
    IsOf,
    ListOf,
    Logic,
    Negate,
    Not,
    OrderBy,
    Path,
    Quantifier,
    RecordOf,
    ValueType,
)

__all__ = [
    "OrderProgram",
    "Program",
    "Relations",
    "Row",
    "compile_filter",
    "compile_hierarchy",
    "compile_order",
    "compile_program",
    "compile_value",
    "enum_number",
    "prepare_order",
]

Value = Callable[[Row], Any]

_HANDLERS: Final[Mapping[type, Handler]] = {
    Constant: compile_constant,
    ListOf: values.compile_list,
    RecordOf: values.compile_record,
    Path: compile_path,
    Compare: conditions.compile_compare,
    Logic: conditions.compile_logic,
    Not: conditions.compile_not,
    In: conditions.compile_in,
    Has: conditions.compile_has,
    Quantifier: conditions.compile_quantifier,
    IsOf: conditions.compile_isof,
    Arithmetic: values.compile_arithmetic,
    Negate: values.compile_negate,
    Invoke: values.compile_invoke,
    Convert: values.compile_convert,
    Case: values.compile_case,
    Count: values.compile_count,
    Filtered: values.compile_filtered,
    Call: values.compile_call,
    Aggregated: values.compile_aggregated,
    HierarchyTest: compile_hierarchy_test,
}
"""The compiler of each class of the bound tree; a test holds it to be complete."""


class Program:
    """A compiled expression. It holds no data of a request, so that it can be kept and shared between threads."""

    def __init__(self, value: Closure, compiler: Compiler, is_condition: bool) -> None:
        self._value = value
        self._pool = tuple(compiler.shared.pool)
        self._blank = (None,) * (compiler.shared.size - FIRST_VARIABLE)
        self._is_condition = is_condition

    def run(
        self,
        literals: Mapping[int, Any] | None = None,
        relations: Relations | None = None,
        it: Row | None = None,
        variables: Mapping[int, Any] | None = None,
    ) -> Value:
        """The expression as a function of a row, for one request.

        `literals` are the values of constants by their origin, where they are others than those compiled; `it` is the
        row that `$it` means, where that is not the row at hand; `variables` are the values of others that are the same
        for all rows, by index. One run is one moment: `now()` stays the same.
        """
        given = literals or {}
        value, blank = self._value, self._blank
        if variables:
            blank = tuple([variables.get(index) for index in range(FIRST_VARIABLE, FIRST_VARIABLE + len(blank))])
        pool = tuple([prepare(given) for prepare in self._pool])
        if it is not None or blank:
            plain: Value = lambda row: value([row, row if it is None else it, pool, relations, *blank])  # noqa: E731
            return (lambda row: plain(row) is True) if self._is_condition else plain
        if self._is_condition:
            return lambda row: value([row, row, pool, relations]) is True
        return lambda row: value([row, row, pool, relations])


def compile_program(bound: Bound, *, kind: ValueType | None = None, is_condition: bool = False) -> Program:
    """An expression for many requests.

    `kind` is the type of the row at hand, which type casts need for rows that do not tell theirs. The value of a
    condition is a bool: false and null both leave a row out.
    """
    compiler = Compiler(_HANDLERS, kind)
    try:
        compile = conditions.condition if is_condition else Compiler.value
        return Program(compile(compiler, bound), compiler, is_condition)
    except RecursionError:
        raise BadRequest("The expression is nested too deeply.") from None


def compile_hierarchy(hierarchy: Hierarchy) -> Program:
    """What makes the forest of a hierarchy, whatever row is at hand."""
    compiler = Compiler(_HANDLERS)
    return Program(compile_forest(compiler, hierarchy), compiler, is_condition=False)


def compile_value(bound: Bound, *, relations: Relations | None = None, kind: ValueType | None = None) -> Value:
    """A function from a row to the value of an expression; None is null."""
    return compile_program(bound, kind=kind).run(None, relations)


def compile_filter(
    bound: Bound, *, relations: Relations | None = None, kind: ValueType | None = None
) -> Callable[[Row], bool]:
    """A function that tells whether a condition is true for a row: false and null both leave the row out."""
    return compile_program(bound, kind=kind, is_condition=True).run(None, relations)


def prepare_order(order: tuple[OrderBy, ...], *, kind: ValueType | None = None) -> OrderProgram:
    """A sort order for many requests."""
    return OrderProgram(order, lambda bound: compile_program(bound, kind=kind))


def compile_order(
    order: tuple[OrderBy, ...], *, relations: Relations | None = None, kind: ValueType | None = None
) -> Callable[[Iterable[Row]], list[Row]]:
    """A function that sorts rows, in the order that `ordering` describes."""
    return prepare_order(order, kind=kind).run(None, relations)
