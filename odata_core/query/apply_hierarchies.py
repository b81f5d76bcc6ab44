# The hierarchical transformations of $apply (Data Aggregation 4.0, section 6), bound: the hierarchy, the path from a
# row to its node, what each transformation adds, and where in its output a node is told.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..edm import Property
from ..errors import BadRequest
from ..uri.syntax import OrderByItem, Path, Rollup, Segment, Transformation
from .apply_paths import Stage, data_path, fail, groupings_of, stage_of, unsupported
from .apply_tree import (
    Aggregate,
    CallModel,
    Filter,
    Find,
    Marking,
    Rank,
    Related,
    Relatives,
    RollupRecursive,
    Sort,
    Transform,
    Traverse,
    Window,
)
from .binder import Binder
from .hierarchies import ROLLUP_NODE, hierarchy_of, in_aggregation, levels_of, related_to, source_of
from .scope import THESE
from .shapes import Field, Shape, Structured, is_primitive
from .tree import Cast, Dynamic, Follow, OrderBy, Step, Variable
from .tree import Path as BoundPath

if TYPE_CHECKING:
    from .apply import Applying

# Section 6.1: what may stand in the sequences T and S gives some of its input.
_SUBSETS: Final = (Filter, Find, Sort, Window, Rank, Relatives, Traverse, CallModel)
_ORDERS: Final = ("preorder", "postorder")
_KEEP: Final = "keep start"


# ------------------------------------------------------------------ ancestors, descendants, traverse (6.2)


def bind_relatives(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """ancestors and descendants: nodes, qualifier, path, where to begin, a distance, `keep start` (6.2.1)"""
    text, name = applying.text, step.name
    start, *rest = step.arguments[3:] or (None,)
    if not isinstance(start, tuple):
        fail(text, f"'{name}' needs transformations that tell where to begin.", step.position)
    distance = rest.pop(0) if rest and isinstance(rest[0], int) else None
    keeps_start = rest[:1] == [_KEEP]
    if rest[keeps_start:]:
        fail(
            text,
            f"'{name}' takes nothing but transformations, a distance and '{_KEEP}' behind the path, in this order.",
            step.position,
        )
    if distance == 0:
        fail(text, f"The distance of '{name}' is a whole number from 1.", step.position)
    related = _related(applying, stage, step.arguments)
    steps = _subset(applying, stage, start, step.position)
    return Relatives(name, related, steps, distance, keeps_start), stage


def bind_traverse(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """traverse: nodes, qualifier, path, preorder or postorder, where to begin, the order of siblings (6.2.2)"""
    related = _related(applying, stage, step.arguments)
    word, *rest = step.arguments[3:]
    starts = rest.pop(0) if rest and isinstance(rest[0], tuple) else None
    if word not in _ORDERS or not all(isinstance(item, OrderByItem) for item in rest):
        fail(
            applying.text,
            "traverse takes 'preorder' or 'postorder', transformations that tell where to begin, and an order.",
            step.position,
        )
    inner = _at_nodes(applying, stage, related)
    has_trail = starts is not None or related.hierarchy.parents.is_collection
    qualifier = related.hierarchy.qualifier
    marking = marking_of(related)
    traverse = Traverse(
        related,
        marking,
        word == "preorder",
        None if starts is None else _subset(applying, inner, starts, step.position),
        _order(applying, inner, rest),
        f"@{in_aggregation(stage.scope.model, 'UpPath')}#{qualifier}" if has_trail else None,
    )
    return traverse, replace(stage, shape=_marked(stage.shape, marking.steps))


def _related(applying: Applying, stage: Stage, arguments: tuple[Any, ...]) -> Related:
    """The three parameters that all have in common (6.1)."""
    node, qualifier, path = arguments[:3]
    text = applying.text
    binder = Binder(stage.scope, text)
    if not isinstance(node, Path):
        fail(text, "The nodes of a hierarchy are a collection that begins with $root.", node.position)
    nodes = binder.expression(node)
    if len(qualifier) != 1:
        fail(text, "The qualifier of a hierarchy is a simple name.", qualifier[0].position)
    hierarchy = hierarchy_of(binder, nodes, qualifier[0].name, qualifier[0].position)
    place = data_path(stage, path, text)
    if not is_primitive(place.type):
        fail(text, "The path to a node must end with a primitive property.", path[-1].position)
    if place.type is not None:
        name = "/".join([segment.name for segment in path])
        item = BoundPath((), Variable(name, THESE, place.type))  # one of the values, where the path leads to many
        related_to(binder, item, hierarchy, "The path to a node", path[0].position)
    return Related(hierarchy, BoundPath(place.steps))


def _at_nodes(applying: Applying, stage: Stage, related: Related) -> Stage:
    """The stage of pipelines over the nodes themselves."""
    nodes = related.hierarchy.nodes
    inner = stage_of(stage.scope.inner(nodes.type, source_of(nodes)))
    assert inner is not None, "nodes are entities"
    return inner


def _subset(applying: Applying, stage: Stage, steps: Iterable[Transformation], position: int) -> tuple[Transform, ...]:
    bound, _after = applying.pipeline(stage, steps)
    if not all(isinstance(step, _SUBSETS) for step in bound):
        fail(applying.text, "Only transformations that leave rows out can stand within a hierarchy.", position)
    return bound


def _order(applying: Applying, stage: Stage, items: Sequence[OrderByItem]) -> tuple[OrderBy, ...]:
    return stage.binder(applying.text).order(tuple(items))


# ------------------------------------------------------------------ where a node is told (6.2.2)


def marking_of(related: Related) -> Marking:
    """The three cases: the rows are nodes, or a navigation property leads to them, or only identifiers are equal.

    "Paths are considered equal if their non-type-cast segments refer to the same model elements".
    """
    steps = related.path.steps
    own, tail = _elements(steps), _elements(related.hierarchy.identifier.steps)
    if _are_same(own, tail):
        return Marking((), is_whole=True)
    before = len(own) - len(tail)
    if before > 0 and _are_same(own[before:], tail) and isinstance(own[before - 1], Follow):
        # Up to that navigation property; a type cast behind it says nothing more of where the node stands.
        end = [index for index, step in enumerate(steps) if not isinstance(step, Cast)][before - 1]
        return Marking(steps[: end + 1], is_whole=True)
    return Marking(steps, is_whole=False)


def _elements(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if not isinstance(step, Cast)]


def _are_same(one: Sequence[Step], other: Sequence[Step]) -> bool:
    return len(one) == len(other) and all(map(_is_same, one, other))


def _is_same(one: Step, other: Step) -> bool:
    if isinstance(one, Follow) and isinstance(other, Follow):
        return one.navigation is other.navigation
    return one is other


def _marked(shape: Shape, steps: Sequence[Step]) -> Shape:
    """The shape of rows in which a node is put at the end of the steps; a collection gets one item, with that only."""
    if not steps:  # the node becomes one with the row
        kind = shape.kind
        added = {name: item for name, item in shape.fields.items() if name not in kind.properties}
        return replace(shape, is_whole=True, is_mixed=False, fields=added)
    cast = isinstance(steps[0], Cast)
    step, rest = (steps[1], steps[2:]) if cast else (steps[0], steps[1:])
    assert not isinstance(step, Cast), "types are not narrowed twice"
    member = Property(step.name, step.type) if isinstance(step, Dynamic) else step
    name = member.navigation.name if isinstance(member, Follow) else member.name
    nested = None
    if rest and isinstance(member.type, Structured):
        known = shape.fields.get(name)
        held = Shape(member.type, known is not None or shape.is_whole) if known is None or known.shape is None else None
        nested = _marked(
            Shape(member.type, False) if member.is_collection else held or known.shape,  # type: ignore[union-attr,arg-type]  # held is None only where a shape is known
            rest,
        )
    return shape.adding({name: Field(member, nested, is_sure=not cast)})


# ------------------------------------------------------------------ groupings


def with_levels(applying: Applying, stage: Stage, elements: Sequence[Any]) -> tuple[Any, ...]:
    """Grouping elements with the paths of leveled hierarchies for their names (3.2.3.2)"""
    return tuple([_with_levels(applying, stage, element) for element in elements])


def _with_levels(applying: Applying, stage: Stage, element: Any) -> Any:
    if not isinstance(element, Rollup) or is_recursive(element) or len(element.arguments) > 1:
        return element
    name = element.arguments[0]
    if len(name) > 1 or "." in name[0].name:
        fail(applying.text, "rollup needs two paths or more, or the name of a leveled hierarchy.", name[0].position)
    qualifier, kind = name[0].name, stage.shape.kind
    levels = levels_of(stage.scope.model, kind, qualifier, applying.text, name[0].position)
    paths = [tuple([Segment(part) for part in level.split("/")]) for level in levels]
    try:
        for path in paths:
            groupings_of(stage, [path], applying.text)
    except BadRequest as error:
        message = f"The leveled hierarchy '{qualifier}' cannot be used here: {error.message}"
        unsupported(applying.text, message, name[0].position)
    return Rollup("rollup", tuple(paths))


# ------------------------------------------------------------------ rolluprecursive (6.3)


def is_recursive(element: Any) -> bool:
    return isinstance(element, Rollup) and element.name == "rolluprecursive"


def bind_rollup_recursive(
    applying: Applying, stage: Stage, step: Transformation, number: int = 1
) -> tuple[Transform, Stage]:
    """groupby((rolluprecursive(nodes,qualifier,path,S),...),pipeline): one recursion for each of them"""
    elements, inner = step.arguments
    first = next(index for index, element in enumerate(elements) if is_recursive(element))
    arguments, rest = elements[first].arguments, (*elements[:first], *elements[first + 1 :])
    related = _related(applying, stage, arguments)
    marking = marking_of(related)
    _refuse_overlap(applying, arguments, marking, rest, step.position, is_inner=number > 1)
    nodes = arguments[3] if len(arguments) > 3 else None
    if len(arguments) > 4 or not (nodes is None or isinstance(nodes, tuple)):
        fail(
            applying.text,
            "rolluprecursive takes nothing but transformations of the nodes behind the path.",
            step.position,
        )
    at_nodes = _at_nodes(applying, stage, related)
    variable = _rollup_node(stage, related, number)
    within = replace(stage, scope=_knowing(stage, variable, number))
    remaining = Transformation("groupby", (rest, inner), step.position)
    if any(map(is_recursive, rest)):
        bound, after = bind_rollup_recursive(applying, within, remaining, number + 1)
        steps: tuple[Transform, ...] = (bound,)
    elif rest:
        steps, after = applying.pipeline(within, (remaining,))
    elif inner:
        steps, after = applying.pipeline(within, inner)
    else:  # "a single transformation whose output set consists of a single instance without properties" (3.2.3)
        steps, after = (Aggregate(()),), stage.reduced(Shape(stage.shape.kind, False), {})
    rollup = RollupRecursive(
        related, marking, None if nodes is None else _subset(applying, at_nodes, nodes, step.position), steps, variable
    )
    return rollup, stage.reduced(_marked(after.shape, marking.steps), after.scope.computed)


def _rollup_node(stage: Stage, related: Related, number: int) -> Variable:
    nodes = related.hierarchy.nodes
    assert nodes.type is not None, "nodes are entities"
    index = max(stage.scope.next_index, THESE + 1)
    return Variable(f"{ROLLUP_NODE}/{number}", index, nodes.type, source_of(nodes))


def _knowing(stage: Stage, variable: Variable, number: int) -> Any:
    """The scope of what is done for a node. `rollupnode()` "refers to the innermost one" where groupby is nested."""
    scope = stage.scope
    if number == 1:
        kept = {name: one for name, one in scope.variables.items() if not name.startswith(f"{ROLLUP_NODE}/")}
        scope = replace(scope, variables=kept)
    return scope.with_variable(variable)


def _refuse_overlap(
    applying: Applying,
    arguments: tuple[Any, ...],
    marking: Marking,
    rest: Sequence[Any],
    position: int,
    *,
    is_inner: bool,
) -> None:
    """What rows are grouped by beside a node must not stand where the node is told: which prevails is of no use."""
    own = _first_name(arguments[2])
    taken = [name for element in rest for name in _first_names(element)]
    if own in taken or (not marking.steps and (rest or is_inner)):
        unsupported(
            applying.text,
            f"Grouping by other members of what rolluprecursive tells in '{own}' is not supported.",
            position,
        )


def _first_names(element: Any) -> list[str]:
    if not isinstance(element, Rollup):
        return [_first_name(element)]
    return [_first_name(element.arguments[2])] if is_recursive(element) else [_first_name(p) for p in element.arguments]


def _first_name(path: tuple[Segment, ...]) -> str:
    """The member with which a path begins, behind a type."""
    return next((segment.name for segment in path if "." not in segment.name), "")
