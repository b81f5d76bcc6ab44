# $apply in memory: bound transformations -> a function from rows to rows (Data Aggregation 4.0). Compiled once; run for
# each request with its literals and relations. Rows that come in are never changed: a step copies what it adds to.
# Strategy: each transformation becomes a step, a function of a run and a list of rows. Orders that the specification
# leaves to the service are those of the input: groups come in the order of their first row.
# What an expression says of all rows at once is computed once a step (`hoisting`). The rows that steps make are
# counted, so that no pipeline grows without bound.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from ..edm.rows import Row
from ..errors import NotImplementedHere
from .apply_run import MOST_ROWS, Budget, Expression, Rows, Run, Step
from .apply_tree import (
    AddNested,
    Aggregate,
    Applied,
    CallModel,
    Compute,
    Concat,
    Filter,
    Find,
    GroupBy,
    Join,
    Nest,
    Rank,
    Relatives,
    RollupRecursive,
    Sort,
    Transform,
    Traverse,
    Window,
)
from .comparison import sort_key
from .evaluate import Value, compile_program
from .ranking import taken
from .relations import Relations
from .search import compile_search
from .shapes import Structured, copy_of
from .transform_groups import compile_aggregate, compile_groupby
from .transform_hierarchies import compile_relatives, compile_rollup, compile_traverse
from .transform_nesting import compile_addnested, compile_join, compile_nest
from .tree import OrderBy


class ApplyProgram:
    """A compiled $apply. It holds no data of a request."""

    def __init__(self, applied: Applied, most_rows: int = MOST_ROWS) -> None:
        self._step = compile_steps(applied.steps, applied.kind)
        self._most_rows = most_rows

    def run(
        self, literals: Mapping[int, Any] | None = None, relations: Relations | None = None
    ) -> Callable[[Iterable[Row]], Rows]:
        """The function that transforms rows, for one request."""
        return lambda rows: self._step(Run(Budget(self._most_rows), literals, relations), list(rows))


def compile_apply(
    applied: Applied, *, relations: Relations | None = None, most_rows: int = MOST_ROWS
) -> Callable[[Iterable[Row]], Rows]:
    """A function that transforms rows."""
    return ApplyProgram(applied, most_rows).run(None, relations)


def compile_steps(steps: Iterable[Transform], kind: Structured) -> Step:
    """One step for a pipeline over rows of a type."""
    compiled: list[Step] = []
    for step in steps:
        compiled.append(compile_step(step, kind))
        if isinstance(step, CallModel) and step.operation.returns is not None:
            returned = step.operation.returns.type
            kind = returned if isinstance(returned, Structured) else kind

    def pipeline(run: Run, rows: Rows) -> Rows:
        for step in compiled:
            rows = step(run, rows)
        return rows

    return pipeline


def compile_step(step: Transform, kind: Structured) -> Step:
    match step:
        case Aggregate():
            return compile_aggregate(step, kind, compile_steps)
        case GroupBy():
            return compile_groupby(step, kind, compile_steps)
        case Concat():
            return _concat(step, kind)
        case Filter():
            return _filter(step, kind)
        case Find():
            matches = compile_search(step.search)
            return lambda run, rows: [row for row in rows if matches(row)]
        case Sort():
            return _sort(step.order, kind)
        case Window(skip, top):
            end = None if top is None else skip + top
            return lambda run, rows: rows[skip:end]
        case Rank():
            return _rank(step, kind)
        case Compute():
            return _compute(step, kind)
        case AddNested():
            return compile_addnested(step, kind, compile_steps)
        case Join():
            return compile_join(step, kind, compile_steps)
        case Nest():
            return compile_nest(step, kind, compile_steps)
        case CallModel():
            return _call(step)
        case Relatives():
            return compile_relatives(step, kind, compile_steps)
        case Traverse():
            return compile_traverse(step, kind, compile_steps)
        case RollupRecursive():
            return compile_rollup(step, kind, compile_steps)
        case _:
            assert_never(step)


# ------------------------------------------------------------------ subsets, orders, computed members


def _filter(step: Filter, kind: Structured) -> Step:
    condition = Expression(step.condition, kind, is_condition=True)

    def keep(run: Run, rows: Rows) -> Rows:
        holds = condition.over(run, rows)
        return [row for row in rows if holds(row)]

    return keep


def _sort(order: tuple[OrderBy, ...], kind: Structured) -> Step:
    """A stable sort (3.1.2); the last key is sorted by first, so the earlier keys prevail."""
    passes = [
        (Expression(item.expression, kind), sort_key(item.expression.type), item.descending) for item in reversed(order)
    ]

    def sort(run: Run, rows: Rows) -> Rows:
        result = list(rows)
        for expression, form, descending in passes:
            value = expression.over(run, rows)
            result.sort(key=_composed(form, value), reverse=descending)
        return result

    return sort


def _composed(form: Callable[[Any], Any], value: Value) -> Callable[[Row], Any]:
    return lambda row: form(value(row))


def _rank(step: Rank, kind: Structured) -> Step:
    """Rows are considered in the order of a value, and those taken stay in the order of the input (3.3.1)."""
    limit, value = Expression(step.limit, kind), Expression(step.value, kind)
    form = sort_key(step.value.type)

    def rank(run: Run, rows: Rows) -> Rows:
        read = value.over(run, rows)
        values = [read(row) for row in rows]
        order = sorted(range(len(rows)), key=lambda index: form(values[index]), reverse=step.is_top)
        count = taken(step.name, step.measure, limit.over(run, rows)({}), [values[index] for index in order])
        return [rows[index] for index in sorted(order[:count])]

    return rank


def _compute(step: Compute, kind: Structured) -> Step:
    """Later expressions see what earlier ones added."""
    items = [(item.name, Expression(item.expression, kind)) for item in step.items]

    def compute(run: Run, rows: Rows) -> Rows:
        values = [(name, expression.over(run, rows)) for name, expression in items]
        result: Rows = []
        for row in rows:
            made = copy_of(row)
            for name, value in values:
                made[name] = value(made)
            result.append(made)
        return result

    return compute


# ------------------------------------------------------------------ several pipelines, and functions of the model


def _concat(step: Concat, kind: Structured) -> Step:
    branches = [compile_steps(branch, kind) for branch in step.branches]

    def concat(run: Run, rows: Rows) -> Rows:
        result: Rows = []
        for branch in branches:
            made = branch(run, rows)
            run.budget.spend(len(made))
            result.extend(made)
        return result

    return concat


def _call(step: CallModel) -> Step:
    """A function of the model, which only the service can evaluate."""
    operation = step.operation
    arguments = [(name, compile_program(value)) for name, value in step.arguments]

    def call(run: Run, rows: Rows) -> Rows:
        evaluate = None if run.relations is None else run.relations.operations.get(operation)
        if evaluate is None:
            raise NotImplementedHere(f"The function '{operation.qualified_name}' cannot be evaluated in $apply here.")
        values = {name: run.start(program)({}) for name, program in arguments}
        made = list(evaluate(rows, **values))
        run.budget.spend(len(made))
        return made

    return call
