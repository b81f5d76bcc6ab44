# $apply: transformations in syntax -> transformations with members and types (Data Aggregation 4.0). Each is checked
# against the stage before it and gives the stage behind it; the last one is what the other query options see.
# Strategy: a row a transformation, by its name. Rows stay of the input type through a whole pipeline (3.1.1): what was
# aggregated away can still be named and is null, what was added is found under its alias.
# How a transformation is evaluated is said in `transform`.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from itertools import product
from typing import Any, Final

from ..uri.syntax import OrderByItem, Rollup, Segment, Transformation
from .apply_hierarchies import bind_relatives, bind_rollup_recursive, bind_traverse, is_recursive, with_levels
from .apply_measures import bind_measure, measured
from .apply_models import bind_call
from .apply_nesting import bind_addnested, bind_expand, bind_join, bind_nest
from .apply_paths import Stage, fail, groupings_of, injected, shape_of, stage_of
from .apply_tree import (
    Aggregate,
    Applied,
    Compute,
    Concat,
    Filter,
    Find,
    GroupBy,
    Grouping,
    Rank,
    Sort,
    Transform,
    Window,
)
from .binder import Binder
from .fitting import is_number, settled
from .ranking import limit_problem
from .scope import Scope
from .search import search_of
from .shapes import Field, added, is_primitive
from .tree import UNTYPED, Bound, Computed, Constant, Path

Result = tuple[Transform | None, Stage]
"""The bound transformation, None for `identity`, and the stage behind it."""

_ALIAS: Final = re.compile(r"[^\W\d]\w{0,127}")


def bind_apply(steps: tuple[Transformation, ...], scope: Scope, text: str = "") -> Applied:
    """The steps of $apply over rows of the scope."""
    stage = stage_of(scope)
    if stage is None:
        fail(text, "$apply needs a collection of entities or complex values.", 0)
    applying = Applying(text)
    bound, last = applying.pipeline(stage, steps)
    return Applied(stage.shape.kind, bound, last.shape, last.scope.computed, last.scope.source)


class Applying:
    """Binds the transformations of one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def pipeline(self, stage: Stage, steps: Iterable[Transformation]) -> tuple[tuple[Transform, ...], Stage]:
        """Transformations one after the other."""
        bound: list[Transform] = []
        for step in steps:
            binder = BINDERS.get(step.name, bind_call)
            transform, stage = binder(self, stage, step)
            if transform is not None:
                bound.append(transform)
        return tuple(bound), stage

    def claim(self, stage: Stage, names: Iterable[str], position: int, taken: Iterable[str] = ()) -> None:
        """Refuse aliases that are no simple names, or are those of other members (3.1.1)."""
        kind = stage.shape.kind
        known = {*kind.properties, *kind.navigation, *stage.scope.computed, *stage.shape.fields, *stage.first, *taken}
        for name in names:
            if not _ALIAS.fullmatch(name):
                fail(self.text, f"'{name}' cannot be an alias: a simple name is expected.", position)
            if name in known:
                fail(self.text, f"The alias '{name}' is the name of another property already.", position)
            known.add(name)


# ------------------------------------------------------------------ aggregation


def _aggregate(applying: Applying, stage: Stage, step: Transformation) -> Result:
    """aggregate(expressions) (3.2.1)"""
    items = tuple([bind_measure(stage, item, applying.text) for item in step.arguments])
    applying.claim(stage, [item.name for item in items], step.position)
    return Aggregate(items), measured(stage, items)


def _groupby(applying: Applying, stage: Stage, step: Transformation) -> Result:
    """groupby((paths and rollups),pipeline) (3.2.3)"""
    given, inner = step.arguments
    elements = with_levels(applying, stage, given)
    if any(map(is_recursive, elements)):
        return bind_rollup_recursive(applying, stage, Transformation(step.name, (elements, inner), step.position))
    groupings = tuple([groupings_of(stage, paths, applying.text) for paths in _combinations(applying, stage, elements)])
    steps, after = applying.pipeline(stage, inner) if inner else (None, stage)
    return GroupBy(groupings, steps), grouped(stage, after, groupings, is_plain=not inner)


def grouped(stage: Stage, after: Stage, groupings: tuple[tuple[Grouping, ...], ...], *, is_plain: bool) -> Stage:
    """The stage behind a groupby whose own pipeline ends in `after`."""
    keys = [shape_of(stage.shape, grouping) for grouping in groupings]
    shapes = keys if is_plain else [injected(after.shape, key) for key in keys]
    shape = reduce(lambda one, other: one.merged(other), shapes)
    computed = {} if is_plain else dict(after.scope.computed)
    computed |= {name: step for name, step in stage.scope.computed.items() if name in shape.fields}
    return stage.reduced(shape, computed)


def _combinations(applying: Applying, stage: Stage, elements: tuple[Any, ...]) -> list[list[tuple[Segment, ...]]]:
    """What `rollup` stands for: groupings with all levels of each hierarchy, then with one less, ... (3.2.3.2)"""
    choices: list[list[list[tuple[Segment, ...]]]] = []
    count, limit = 1, stage.scope.limits.apply_steps
    for element in elements:
        if not isinstance(element, Rollup):
            choices.append([[element]])
            continue
        levels = list(element.arguments)
        count *= len(levels)
        if count > limit:
            fail(applying.text, f"rollup makes too many groupings: the limit apply_steps is {limit}.", 0)
        choices.append([levels[:end] for end in range(len(levels), 0, -1)])
    return [[path for part in parts for path in part] for parts in product(*choices)]


def _concat(applying: Applying, stage: Stage, step: Transformation) -> Result:
    """concat(pipeline,pipeline,...) (3.2.2): two or more"""
    if len(step.arguments) < 2:
        fail(applying.text, "concat needs two pipelines or more.", step.position)
    branches, ends = zip(*[applying.pipeline(stage, branch) for branch in step.arguments], strict=True)
    shape = reduce(lambda one, other: one.merged(other), [end.shape for end in ends])
    computed = {name: shape.fields[name].step for end in ends for name in end.scope.computed if name in shape.fields}
    return Concat(branches), stage.reduced(shape, computed)


# ------------------------------------------------------------------ subsets and orders


def _filter(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return Filter(stage.binder(applying.text).condition(step.arguments[0])), stage


def _search(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return Find(search_of(step.arguments[0], stage.scope.limits)), stage


def _orderby(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return Sort(stage.binder(applying.text).order(step.arguments)), stage


def _top(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return Window(top=step.arguments[0]), stage


def _skip(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return Window(skip=step.arguments[0]), stage


_MEASURES: Final = ("count", "sum", "percent")


def _rank(applying: Applying, stage: Stage, step: Transformation) -> Result:
    """topcount(limit,value) and its relatives (3.3.1)"""
    side, measure = next(
        (name, step.name.removeprefix(name)) for name in ("top", "bottom") if step.name.startswith(name)
    )
    # "without reference to an individual instance": nothing but $these has a name in the first argument.
    whole = stage.scope.with_these(stage.row_type)
    limit = settled(Binder(replace(whole, kind=None, computed={}), applying.text).expression(step.arguments[0]))
    value = settled(stage.binder(applying.text).expression(step.arguments[1]))
    position = step.arguments[0].position
    if not _can_be_number(limit):
        fail(applying.text, f"'{step.name}' needs a number first.", position)
    if isinstance(limit, Constant):
        problem = limit_problem(measure, limit.value)
        if problem is not None:
            fail(applying.text, f"'{step.name}' {problem}.", position)
        limit = limit.pinned()  # another one might have a problem
    if value.is_collection or not is_primitive(value.type) or (measure != "count" and not _can_be_number(value)):
        fail(applying.text, f"'{step.name}' needs a number for each row.", step.arguments[1].position)
    if measure == "count":
        stage.binder(applying.text).order((OrderByItem(step.arguments[1]),))  # refuses what has no order
    return Rank(step.name, measure, side == "top", limit, value), stage


def _can_be_number(bound: Bound) -> bool:
    return not bound.is_collection and (is_number(bound.type) or bound.type is UNTYPED)


# ------------------------------------------------------------------ one to one


def _identity(applying: Applying, stage: Stage, step: Transformation) -> Result:
    return None, stage


def _compute(applying: Applying, stage: Stage, step: Transformation) -> Result:
    """compute(expression as name,...) (3.4.2); later expressions may use the earlier names"""
    items = []
    for item in step.arguments:
        applying.claim(stage, [item.name], item.expression.position)
        value = settled(stage.binder(applying.text).expression(item.expression))
        items.append(Computed(item.name, value))
        stage = stage.adding({item.name: computed_field(item.name, value)})
    return Compute(tuple(items)), stage


def computed_field(name: str, value: Bound) -> Field:
    """The member that holds the value of an expression under a name."""
    last = value.steps[-1] if isinstance(value, Path) and value.steps else None
    source = getattr(last, "target", None)
    return Field(added(name, value.type, is_collection=value.is_collection, source=source))


BINDERS: Final[Mapping[str, Callable[[Applying, Stage, Transformation], Result]]] = {
    "addnested": bind_addnested,
    "aggregate": _aggregate,
    "ancestors": bind_relatives,
    "bottomcount": _rank,
    "bottompercent": _rank,
    "bottomsum": _rank,
    "compute": _compute,
    "concat": _concat,
    "descendants": bind_relatives,
    "expand": bind_expand,
    "filter": _filter,
    "groupby": _groupby,
    "identity": _identity,
    "join": bind_join,
    "nest": bind_nest,
    "orderby": _orderby,
    "outerjoin": bind_join,
    "search": _search,
    "skip": _skip,
    "top": _top,
    "topcount": _rank,
    "toppercent": _rank,
    "topsum": _rank,
    "traverse": bind_traverse,
}
