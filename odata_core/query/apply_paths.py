# Paths in $apply: data aggregation paths (Data Aggregation 4.0, 1.2.1), which may lead through collections, and what a
# pipeline knows where one stands in it. Names without parentheses only; what a path means is said by who asks for it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from ..edm import Property
from ..errors import BadRequest, NotImplementedHere
from ..records import record
from ..uri.syntax import Segment
from . import members
from .apply_tree import Grouping
from .binder import Binder
from .members import Place
from .scope import Scope
from .shapes import Added, Field, Shape, Structured, typed_by
from .tree import Cast, Dynamic, Follow, Path, Step


@record
class Stage:
    """A point in a pipeline: the scope of its expressions, the shape of its rows, the aliases of its first input."""

    scope: Scope
    shape: Shape
    first: frozenset[str] = frozenset()

    def binder(self, text: str) -> Binder:
        """The binder of expressions that are evaluated on each row."""
        return Binder(self.scope.with_these(self.row_type), text)

    @property
    def row_type(self) -> Structured:
        """The type of the rows with what was added to them."""
        return typed_by(self.shape, self.scope.computed)

    def adding(self, fields: Mapping[str, Field]) -> Stage:
        """The stage behind a step that adds members to each row."""
        steps = {name: found.step for name, found in fields.items()}
        computed = {**self.scope.computed, **steps}
        return replace(self, scope=replace(self.scope, computed=computed), shape=self.shape.adding(fields))

    def reduced(self, shape: Shape, computed: Mapping[str, Added]) -> Stage:
        """The stage behind a step that leaves nothing but what `shape` says."""
        return replace(self, scope=replace(self.scope, computed=dict(computed)), shape=shape)


def stage_of(scope: Scope) -> Stage | None:
    """Where a pipeline begins over rows of the scope; None where they are not structured."""
    if not isinstance(scope.kind, Structured):
        return None
    return Stage(scope, Shape(scope.kind), frozenset(scope.computed))


def fail(text: str, message: str, position: int) -> NoReturn:
    raise BadRequest(message, text=text, position=position)


def unsupported(text: str, message: str, position: int) -> NoReturn:
    raise NotImplementedHere(message, text=text, position=position)


def data_path(stage: Stage, segments: tuple[Segment, ...], text: str) -> Place:
    """The place that a data aggregation path leads to, from the row at hand."""
    binder = Binder(stage.scope, text)
    place = binder.here()
    for segment in segments:
        name, kind = segment.name, place.type
        if name.startswith("@"):
            unsupported(text, f"The annotation '{name}' is not supported in $apply.", segment.position)
        if name.startswith("$"):
            fail(text, f"'{name}' cannot stand in this path.", segment.position)
        if "." in name:
            target = stage.scope.model.find_type(name)
            if target is None:
                fail(text, f"There is no type '{name}'.", segment.position)
            place = members.cast(binder, place, target, segment)
            continue
        if not isinstance(kind, Structured):
            fail(text, f"'{name}' cannot stand behind a value that has no properties.", segment.position)
        found = members.find_member(binder, place, segment)
        if found is None:
            members.unknown_member(binder, kind, segment)
        place = found
    return place


def split_at_entities(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps up to the last navigation property, with a type cast behind it, and the others (3.2.1.1)."""
    last = max([index for index, step in enumerate(steps) if isinstance(step, Follow)], default=-1)
    end = last + 1
    if last >= 0 and end < len(steps) and isinstance(steps[end], Cast):
        end += 1
    return steps[:end], steps[end:]


def path_or_none(steps: tuple[Step, ...]) -> Path | None:
    return Path(steps) if steps else None


# ------------------------------------------------------------------ grouping


@dataclass(slots=True)
class _Branch:
    step: Added | Dynamic
    cast: Cast | None
    inner: dict[tuple[str, str], _Branch]
    is_whole: bool = False  # the value itself is a grouping property, not only members of it


def groupings_of(stage: Stage, paths: Iterable[tuple[Segment, ...]], text: str) -> tuple[Grouping, ...]:
    """The tree of several grouping paths. Their segments are single-valued, and the last one is no type cast."""
    root: dict[tuple[str, str], _Branch] = {}
    for segments in paths:
        place = data_path(stage, segments, text)
        if place.is_collection:
            fail(text, "A collection cannot be grouped by.", segments[0].position)
        _insert(root, place.steps, segments, text)
    return _freeze(root)


def _insert(
    level: dict[tuple[str, str], _Branch], steps: tuple[Step, ...], segments: tuple[Segment, ...], text: str
) -> None:
    cast: Cast | None = None
    branch: _Branch | None = None
    for step in steps:
        if isinstance(step, Cast):
            cast = step
            continue
        name = step.navigation.name if isinstance(step, Follow) else step.name
        key = ("" if cast is None else cast.type.qualified_name, name)
        branch = level.setdefault(key, _Branch(step, cast, {}))
        level, cast = branch.inner, None
    if branch is None or cast is not None:
        fail(text, "A path to group by ends with a property, not with a type.", segments[-1].position)
    branch.is_whole = True


def _freeze(level: Mapping[tuple[str, str], _Branch]) -> tuple[Grouping, ...]:
    """Behind a value that is a grouping property itself, further paths say nothing new."""
    return tuple(
        [
            Grouping(branch.step, branch.cast, () if branch.is_whole else _freeze(branch.inner))
            for branch in level.values()
        ]
    )


def shape_of(shape: Shape, groupings: Iterable[Grouping]) -> Shape:
    """The shape of rows that hold nothing but what rows of a shape are grouped by."""
    fields: dict[str, Field] = {}
    for grouping in groupings:
        name, step = grouping.name, members_step(grouping)
        known, inner = shape.fields.get(name), _structured(step)
        is_sure = known.is_sure if known is not None else shape.is_whole and _declares(shape.kind, name)
        nested = None
        if grouping.inner and inner is not None:
            nested = shape_of((known.shape if known is not None else None) or Shape(inner), grouping.inner)
        fields[name] = Field(step, nested, is_sure=is_sure and grouping.cast is None)
    return Shape(shape.kind, False, fields)


def _declares(kind: Structured, name: str) -> bool:
    return name in kind.properties or name in kind.navigation


def members_step(grouping: Grouping) -> Added:
    """The step as a member; a dynamic property becomes one whose type only the row knows."""
    step = grouping.step
    return Property(step.name, step.type) if isinstance(step, Dynamic) else step


def _structured(step: Added) -> Structured | None:
    return step.type if isinstance(step.type, Structured) else None


def injected(shape: Shape, keys: Shape) -> Shape:
    """The shape of rows into which grouping members are put (3.2.3.1, the transformation Pi)."""
    fields = dict(shape.fields)
    for name, key in keys.fields.items():
        known = fields.get(name)
        if key.shape is not None and known is not None and known.shape is not None:
            fields[name] = replace(key, shape=injected(known.shape, key.shape))
        else:
            fields[name] = key
    return replace(shape, fields=fields)
