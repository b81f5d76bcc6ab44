# The hierarchical transformations of $apply (Data Aggregation 4.0, section 6), bound: nodes, qualifier, the path to a
# row's node, and what each transformation adds. Which property holds the parent of a node is said by an annotation, so
# only a service that reads it can evaluate them.

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ..uri.syntax import OrderByItem, Path, Rollup, Transformation
from .apply_paths import Stage, data_path, fail, groupings_of, injected, shape_of, stage_of
from .apply_tree import CallModel, Filter, Find, Grouping, Hierarchical, Rank, RollupRecursive, Sort, Transform, Window
from .binder import Binder
from .shapes import Structured, is_primitive
from .tree import Path as BoundPath
from .tree import Root

if TYPE_CHECKING:
    from .apply import Applying

_ORDERS: Final = ("preorder", "postorder")
# Section 6.1: what may stand in the sequences T and S keeps the structure of its input.
_SUBSETS: Final = (Filter, Find, Sort, Window, Rank, Hierarchical, CallModel)


def bind_hierarchy(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """ancestors, descendants, traverse (6.2)"""
    hierarchy = _hierarchy(applying, stage, step.name, step.arguments, step.position)
    if step.name != "traverse" and not any(isinstance(extra, tuple) for extra in step.arguments[3:]):
        fail(applying.text, f"'{step.name}' needs transformations that tell where to begin.", step.position)
    return hierarchy, stage


def _hierarchy(applying: Applying, stage: Stage, name: str, arguments: tuple[Any, ...], position: int) -> Hierarchical:
    text = applying.text
    node, qualifier, path, *extras = arguments
    nodes, inner = _nodes(applying, stage, node)
    if len(qualifier) != 1:
        fail(text, "The qualifier of a hierarchy is a simple name.", position)
    place = data_path(stage, path, text)
    if not is_primitive(place.type):
        fail(text, "The path to a node must end with a primitive property.", path[-1].position)
    pipelines = [extra for extra in extras if isinstance(extra, tuple)]
    start, subset = _pipelines(name, pipelines)
    if len(pipelines) > 2 or (name == "rolluprecursive" and len(pipelines) > 1):
        fail(text, f"'{name}' has too many arguments.", position)
    distances = [extra for extra in extras if isinstance(extra, int)]
    if len(distances) > 1 or 0 in distances or (distances and name not in ("ancestors", "descendants")):
        fail(text, "One distance from 1 may be given.", position)
    items = tuple([extra for extra in extras if isinstance(extra, OrderByItem)])
    return Hierarchical(
        name,
        nodes,
        qualifier[0].name,
        BoundPath(place.steps),
        _subset(applying, stage, start, position),
        _subset(applying, inner, subset, position),
        distances[0] if distances else None,
        "keep start" in extras,
        inner.binder(text).order(items),
        "postorder" not in extras,
    )


def _pipelines(name: str, pipelines: list[tuple[Transformation, ...]]) -> tuple[Any, Any]:
    """The sequence T of ancestors and descendants, and the sequence S of all."""
    given = [*pipelines, (), ()]
    return ((), given[0]) if name in ("traverse", "rolluprecursive") else (given[0], given[1])


def _nodes(applying: Applying, stage: Stage, node: Any) -> tuple[BoundPath, Stage]:
    """The collection of nodes: "an expression of type Collection(Edm.EntityType) starting with $root" (6.1)"""
    bound = Binder(stage.scope, applying.text).expression(node) if isinstance(node, Path) else None
    if not isinstance(bound, BoundPath) or not isinstance(bound.start, Root) or not bound.is_collection:
        fail(applying.text, "The nodes of a hierarchy are a collection that begins with $root.", node.position)
    kind = bound.type
    source = bound.start.source if not bound.steps else getattr(bound.steps[-1], "target", None)
    inner = stage_of(stage.scope.inner(kind, source)) if isinstance(kind, Structured) else None
    if inner is None:
        fail(applying.text, "The nodes of a hierarchy are entities.", node.position)
    return bound, inner


def _subset(applying: Applying, stage: Stage, steps: Iterable[Transformation], position: int) -> tuple[Transform, ...]:
    bound, _after = applying.pipeline(stage, steps)
    if not all(isinstance(step, _SUBSETS) for step in bound):
        fail(applying.text, "Only transformations that leave rows out can stand within a hierarchy.", position)
    return bound


def bind_rollup_recursive(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """groupby((rolluprecursive(nodes,qualifier,path),paths),pipeline) (6.3)"""
    elements, inner = step.arguments
    recursive = [element for element in elements if isinstance(element, Rollup) and element.name == "rolluprecursive"]
    paths = [element for element in elements if not isinstance(element, Rollup)]
    if len(recursive) > 1 or len(recursive) + len(paths) < len(elements):
        fail(applying.text, "One rolluprecursive can stand beside paths, and no rollup.", step.position)
    hierarchy = _hierarchy(applying, stage, "rolluprecursive", recursive[0].arguments, step.position)
    # The output holds the node in the path's navigation property, or else the node's identifier (6.2.2, cases 2 and 3).
    groupings: tuple[Grouping, ...] = groupings_of(stage, paths, applying.text)
    steps, after = applying.pipeline(stage, inner) if inner else (None, stage)
    shape = shape_of(stage.shape, groupings)
    node = recursive[0].arguments[2]
    place = data_path(stage, node, applying.text)
    if not place.is_collection:
        shape = injected(shape, shape_of(stage.shape, groupings_of(stage, [node], applying.text)))
    shape = injected(after.shape, shape) if inner else shape
    return RollupRecursive(hierarchy, groupings, steps), stage.reduced(shape, after.scope.computed if inner else {})
