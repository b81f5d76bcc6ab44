# The transformations of $apply that nest rows in rows: addnested, join, outerjoin, nest (Data Aggregation 4.0, 3.4.3
# and 3.5), and `expand` of the first editions, which is addnested under the property's own name.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..edm import ComplexType, Property
from ..records import record
from ..uri.syntax import Segment, Transformation
from .apply_paths import Stage, data_path, fail, stage_of
from .apply_tree import AddNested, Branch, Compute, Join, Nest, Transform
from .members import Place
from .scope import Scope
from .shapes import Added, Field, Shape, Structured, added, typed_by
from .tree import Cast, Dynamic, Follow, Step

if TYPE_CHECKING:
    from .apply import Applying

Pipeline = tuple[Transformation, ...]


@record
class _Target:
    """What the first argument leads to: the steps with the last member at their end, and a type cast behind it."""

    place: Place
    steps: tuple[Step, ...]
    cast: Cast | None

    @property
    def last(self) -> Property | Follow:
        step = self.steps[-1]
        assert isinstance(step, Property | Follow), "_target refuses others"
        return step


def _target(applying: Applying, stage: Stage, segments: tuple[Segment, ...], name: str) -> _Target:
    place = data_path(stage, segments, applying.text)
    steps, last = place.steps, place.steps[-1]
    cast = last if isinstance(last, Cast) else None
    if cast is not None:
        steps = steps[:-1]
    if not steps or isinstance(steps[-1], Cast | Dynamic) or not isinstance(place.type, Structured):
        fail(
            applying.text,
            f"'{name}' needs a navigation property or a complex property, not '{segments[-1].name}'.",
            segments[-1].position,
        )
    if any(isinstance(step, Follow) for step in steps[:-1]):
        fail(applying.text, f"'{name}' cannot lead on behind a navigation property.", segments[0].position)
    return _Target(place, steps, cast)


def _inner(stage: Stage, place: Place) -> Stage:
    """The stage of pipelines that work on what a place holds; `$it` stays the outermost row."""
    last = place.steps[-1] if not isinstance(place.steps[-1], Cast) else place.steps[-2]
    kind = place.type
    assert isinstance(kind, Structured), "_target refuses others"
    scope: Scope = stage.scope.inner(kind, place.source, place.prefix)
    # What was added to the items by an earlier step is part of their type: see `typed_by`.
    known = stage.shape.fields.get(last.navigation.name if isinstance(last, Follow) else last.name)  # type: ignore[union-attr]
    inner = stage_of(scope)
    assert inner is not None, "the type is structured"
    if len(place.steps) == 1 and known is not None and known.shape is not None:
        return replace(inner, shape=replace(known.shape, kind=kind))
    return inner


def _branch(applying: Applying, stage: Stage, steps: Pipeline, name: str) -> tuple[Branch, Stage]:
    bound, after = applying.pipeline(stage, steps)
    return Branch(bound, name), after


def _field(name: str, after: Stage, *, is_collection: bool, is_expanded: bool = True, is_sure: bool = True) -> Field:
    """The member that holds the output of a pipeline."""
    kind = typed_by(after.shape, after.scope.computed)
    step = added(name, kind, is_collection=is_collection, source=after.scope.source)
    is_plain = after.shape.is_whole and not after.shape.fields
    expanded = is_expanded or isinstance(step, Property)
    return Field(step, None if is_plain else after.shape, is_sure, expanded)


# ------------------------------------------------------------------ addnested and expand

_ONE_TO_ONE: Final = (Compute, AddNested)


def bind_addnested(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """addnested(path,pipeline as name,...) (3.4.3)"""
    segments, *given = step.arguments
    if not given:
        fail(applying.text, "'addnested' needs a path, and transformations with 'as' and a name.", step.position)
    target = _target(applying, stage, segments, step.name)
    _claim_names(applying, stage, target, [name for _, name in given], step.position)
    inner = _inner(stage, target.place)
    branches, fields = [], {}
    for steps, name in given:
        branch, after = _branch(applying, inner, steps, name)
        _check_one_to_one(applying, target, branch, step)
        branches.append(branch)
        # Where there is no single value, nothing is added.
        many = target.last.is_collection
        fields[name] = _field(name, after, is_collection=many, is_sure=many)
    bound = AddNested(target.steps, target.cast, tuple(branches))
    return bound, stage.adding(_within(stage, target.steps[:-1], fields))


def _claim_names(applying: Applying, stage: Stage, target: _Target, names: list[str], position: int) -> None:
    """The names "MUST differ from names already in" what the last but one segment leads to."""
    if len(target.steps) == 1:
        applying.claim(stage, names, position)
        return
    holder = target.steps[-2].type
    assert isinstance(holder, Structured), "what has members is structured"
    applying.claim(Stage(stage.scope.inner(holder, None), Shape(holder)), names, position)


def _check_one_to_one(applying: Applying, target: _Target, branch: Branch, step: Transformation) -> None:
    if not target.last.is_collection and not all(isinstance(inner, _ONE_TO_ONE) for inner in branch.steps):
        fail(
            applying.text,
            "A single value can only go through identity, compute and addnested.",
            step.position,
        )


def _within(stage: Stage, way: tuple[Step, ...], fields: Mapping[str, Field]) -> Mapping[str, Field]:
    """The members of a row of which the innermost got new ones: complex properties on the way change with them."""
    if not way:
        return fields
    first, *rest = way
    if not isinstance(first, Property) or not isinstance(first.type, ComplexType):
        return {}  # behind a type cast; what is added there has no name later on
    inner = _within(Stage(stage.scope.inner(first.type, None), Shape(first.type)), tuple(rest), fields)
    shape = Shape(first.type).adding(inner)
    kind = typed_by(shape, {name: found.step for name, found in inner.items()})
    assert isinstance(kind, ComplexType), "made of a complex type"
    return {first.name: Field(Property(first.name, kind, first.is_collection), shape)}


def bind_expand(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """expand(navigation,filter(...),expand(...),...): related entities, filtered, and expanded in turn"""
    segments, *given = step.arguments
    target = _target(applying, stage, segments, step.name)
    if len(target.steps) > 1 or not isinstance(target.last, Follow):
        fail(applying.text, "'expand' needs a navigation property.", step.position)
    inner = [transformation for pipeline in given for transformation in pipeline]
    if any(transformation.name not in ("expand", "filter") for transformation in inner):
        fail(applying.text, "'expand' takes filter(...) and expand(...) only.", step.position)
    if not target.last.is_collection and any(transformation.name == "filter" for transformation in inner):
        fail(applying.text, "'expand' can filter a collection only.", step.position)
    name = target.last.navigation.name
    branch, after = _branch(applying, _inner(stage, target.place), tuple(inner), name)
    field = _field(name, after, is_collection=target.last.is_collection)
    return AddNested(target.steps, target.cast, (branch,)), stage.adding({name: field})


# ------------------------------------------------------------------ join and nest


def bind_join(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """join(collection as name,pipeline) and outerjoin (3.5.1)"""
    segments, name, *pipelines = step.arguments
    target = _target(applying, stage, segments, step.name)
    if len(target.steps) > 1 or not target.last.is_collection:
        fail(applying.text, f"'{step.name}' needs a collection of the row.", segments[0].position)
    if len(pipelines) > 1:
        fail(applying.text, f"'{step.name}' takes a collection and one sequence of transformations.", step.position)
    applying.claim(stage, [name], step.position)
    branch, after = _branch(applying, _inner(stage, target.place), pipelines[0] if pipelines else (), name)
    field = _field(name, after, is_collection=False, is_expanded=False)
    bound = Join(target.last, target.cast, branch, step.name == "outerjoin")
    return bound, stage.adding({name: field})


def bind_nest(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """nest(pipeline as name,...) (3.5.2)"""
    applying.claim(stage, [name for _, name in step.arguments], step.position)
    branches, fields = [], {}
    for steps, name in step.arguments:
        branch, after = _branch(applying, stage, steps, name)
        branches.append(branch)
        fields[name] = _field(name, after, is_collection=True)
    computed: dict[str, Added] = {name: field.step for name, field in fields.items()}
    return Nest(tuple(branches)), stage.reduced(Shape(stage.shape.kind, False, fields), computed)
