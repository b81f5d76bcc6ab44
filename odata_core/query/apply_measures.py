# The aggregate expressions of $apply (Data Aggregation 4.0, 3.2.1): which rows they look at, what they compute of them,
# and of what type that is.

from __future__ import annotations

from ..uri import syntax
from ..uri.syntax import Aggregate, Node, Segment
from .aggregates import COUNT_TYPE, METHODS
from .apply_paths import (
    Stage,
    data_path,
    fail,
    groupings_of,
    path_or_none,
    split_at_entities,
    unsupported,
)
from .apply_tree import Aggregate as BoundAggregate
from .apply_tree import GroupBy, Measure, Staged
from .fitting import settled
from .shapes import Field, Shape, added
from .tree import UNTYPED, Path, ValueType

_STAGED = "$staged"  # the name between the steps that `from` stands for; no property can be called so


def bind_measure(stage: Stage, item: Aggregate, text: str) -> Measure | Staged:
    """One aggregate expression with its alias."""
    if item.from_items:
        return _staged(stage, item, text)
    segments = _names(item.expression)
    if segments and segments[-1].name == "$count":
        return _count(stage, item, segments, text)
    if item.method is None:
        return _custom_aggregate(stage, item, segments, text)
    if "." in item.method:
        unsupported(text, f"The aggregation method '{item.method}' is not supported.", _position(item))
    if segments:
        return _of_path(stage, item, segments, text)
    assert item.expression is not None, "an item without an expression is a count"
    value = settled(stage.binder(text).expression(item.expression))
    if value.is_collection:
        fail(text, "An expression that is aggregated must have one value for each row.", _position(item))
    return Measure(_alias(item, text), None, value, item.method, _result(item, value.type, text))


def _names(node: Node | None) -> tuple[Segment, ...]:
    """The segments of a path of mere names, perhaps with `/$count` at its end; () for any other expression."""
    if not isinstance(node, syntax.Path):
        return ()
    first, *_, last = (*node.segments, node.segments[-1])
    rest = node.segments[:-1] if last.name == "$count" else node.segments
    if any(segment.arguments is not None or segment.name.startswith("$") for segment in rest):
        return ()
    return () if first.name.startswith("@") else node.segments


def _of_path(stage: Stage, item: Aggregate, segments: tuple[Segment, ...], text: str) -> Measure:
    """Type 1: the values that a path leads to, of entities that are looked at once each."""
    place = data_path(stage, segments, text)
    entities, value = split_at_entities(place.steps)
    result = _result(item, place.type, text)
    return Measure(_alias(item, text), path_or_none(entities), path_or_none(value), item.method, result)


def _count(stage: Stage, item: Aggregate, segments: tuple[Segment, ...], text: str) -> Measure:
    """Type 3: how many entities or values a path leads to; without a path, how many rows there are."""
    if segments[-1].options is not None:
        fail(text, "'$count' takes no options in an aggregate expression.", segments[-1].position)
    if item.method is not None:
        fail(text, "'$count' takes no method.", segments[-1].position)
    steps = data_path(stage, segments[:-1], text).steps if len(segments) > 1 else ()
    entities, value = split_at_entities(steps)
    return Measure(_alias(item, text), path_or_none(entities), path_or_none(value), None, COUNT_TYPE)


def _custom_aggregate(stage: Stage, item: Aggregate, segments: tuple[Segment, ...], text: str) -> Measure:
    """Type 4: the name of a custom aggregate, which only an annotation can declare."""
    if not segments:
        fail(text, "An aggregation method is expected: 'with' and its name.", _position(item))
    data_path(stage, segments[:-1], text)
    name = segments[-1].name
    unsupported(
        text,
        f"There is no custom aggregate '{name}'; a property needs a method, as in '{name} with sum as Total'.",
        segments[-1].position,
    )


def _staged(stage: Stage, item: Aggregate, text: str) -> Staged:
    """`A from p with g`: `groupby((p),aggregate(A as A1))/aggregate(A1 with g as D)` (3.2.1.5, rule 1)

    Several `from` nest: the last one groups all rows, those before it the rows of each group.
    """
    *before, (segments, method) = item.from_items
    if method is None:
        unsupported(text, "'from' without 'with' needs a custom aggregate, and there is none.", segments[0].position)
    inner = bind_measure(stage, Aggregate(item.expression, item.method, _STAGED, tuple(before)), text)
    keys = groupings_of(stage, [segments], text)
    result = _result(Aggregate(item.expression, method, None), inner.type, text)
    last = Measure(_STAGED, None, Path((added(_STAGED, inner.type),)), method, result)
    steps = (GroupBy((keys,), (BoundAggregate((inner,)),)), BoundAggregate((last,)))
    return Staged(_alias(item, text), steps, result)


def _result(item: Aggregate, kind: ValueType | None, text: str) -> ValueType | None:
    assert item.method is not None, "the caller asks only where there is a method"
    method = METHODS.get(item.method)
    if method is None:
        fail(text, f"'{item.method}' is no aggregation method.", _position(item))
    result = method.result(UNTYPED if kind is None else kind)
    if result is None:
        fail(text, f"'{item.method}' needs {method.needs}.", _position(item))
    return result


def _alias(item: Aggregate, text: str) -> str:
    if item.alias is None:
        fail(text, "An alias is expected: 'as' and a name.", _position(item))
    return item.alias


def _position(item: Aggregate) -> int:
    return item.expression.position if item.expression is not None else 0


def measured(stage: Stage, items: tuple[Measure | Staged, ...]) -> Stage:
    """The stage behind `aggregate`: one row with the aggregated values and nothing else."""
    fields = {item.name: Field(added(item.name, item.type)) for item in items}
    steps = {name: found.step for name, found in fields.items()}
    return stage.reduced(Shape(stage.shape.kind, False, fields), steps)
