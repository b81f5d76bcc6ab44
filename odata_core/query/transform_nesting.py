# Nested rows in $apply, in memory: addnested, join, outerjoin, nest (Data Aggregation 4.0, 3.4.3 and 3.5).

from __future__ import annotations

from collections.abc import Callable

from ..edm.rows import Row
from .apply_run import Expression, Pipelines, Rows, Run, Step
from .apply_tree import AddNested, Join, Nest
from .evaluate_paths import items_of, type_test
from .shapes import Record, Structured, copy_of
from .tree import Cast, Follow, Path
from .tree import Step as PathStep


def compile_nest(step: Nest, kind: Structured, pipelines: Pipelines) -> Step:
    branches = [(branch.name, pipelines(branch.steps, kind)) for branch in step.branches]
    return lambda run, rows: [Record({name: pipeline(run, rows) for name, pipeline in branches}, is_transient=True)]


def _inner_kind(step: PathStep, cast: PathStep | None) -> Structured:
    kind = step.type if cast is None else cast.type
    assert isinstance(kind, Structured), "the binder refuses others"
    return kind


def _items(step: PathStep, cast: PathStep | None, kind: Structured) -> Expression:
    """What a row holds under a member, of the type of a cast."""
    return Expression(Path((step,) if cast is None else (step, cast)), kind)


def compile_join(step: Join, kind: Structured, pipelines: Pipelines) -> Step:
    """Each row with each of the items (3.5.1)"""
    items = _items(step.step, step.cast, kind)
    pipeline = pipelines(step.branch.steps, _inner_kind(step.step, step.cast))
    name = step.branch.name

    def join(run: Run, rows: Rows) -> Rows:
        read, result = items.over(run, rows), list[Row]()
        for row in rows:
            found: list[Row | None] = [*pipeline(run.within(row), list(items_of(read(row))))]
            if not found and step.is_outer:
                found.append(None)
            run.budget.spend(len(found))
            for item in found:
                made = copy_of(row)
                made[name] = item
                result.append(made)
        return result

    return join


def compile_addnested(step: AddNested, kind: Structured, pipelines: Pipelines) -> Step:
    """Related or nested values, transformed, beside those that they come from (3.4.3)"""
    add = _adder(step.steps, step, kind, pipelines)
    return lambda run, rows: [add(run.within(row), row) for row in rows]


Add = Callable[[Run, Row], Row]


def _adder(steps: tuple[PathStep, ...], step: AddNested, kind: Structured, pipelines: Pipelines) -> Add:
    """A function that copies a value as far as the steps lead, and adds to what is there."""
    first, *rest = steps
    if not rest:
        return _leaf_adder(first, step, kind, pipelines)
    inner = _adder(tuple(rest), step, _inner_kind(first, None), pipelines)
    if isinstance(first, Cast):
        is_of = type_test(first.type, first.names, kind)
        return lambda run, row: inner(run, row) if is_of(row) else row
    name = first.navigation.name if isinstance(first, Follow) else first.name

    def add(run: Run, row: Row) -> Row:
        held = row.get(name)
        if held is None:
            return row
        made = copy_of(row)
        made[name] = [inner(run, item) for item in held] if isinstance(held, list | tuple) else inner(run, held)
        return made

    return add


def _leaf_adder(last: PathStep, step: AddNested, kind: Structured, pipelines: Pipelines) -> Add:
    items = _items(last, step.cast, kind)
    is_collection = not isinstance(last, Cast) and last.is_collection
    inner = _inner_kind(last, step.cast)
    branches = [(branch.name, pipelines(branch.steps, inner)) for branch in step.branches]

    own = last.navigation.name if isinstance(last, Follow) else ""
    nothing = {name: None for name, _pipeline in branches if name == own}  # `expand`: null in line is null

    def add(run: Run, row: Row) -> Row:
        held = items.over(run, (row,))(row)
        if held is None and not is_collection:
            return Record({**row, **nothing}, is_transient=getattr(row, "is_transient", False)) if nothing else row
        made = copy_of(row)
        for name, pipeline in branches:
            result = pipeline(run, list(items_of(held)) if is_collection else [held])
            run.budget.spend(len(result))
            made[name] = result if is_collection else result[0]
        return made

    return add
