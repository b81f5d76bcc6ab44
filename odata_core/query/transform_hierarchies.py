# The hierarchical transformations of $apply in memory (Data Aggregation 4.0, section 6): rows -> rows by where their
# nodes stand in a hierarchy.
# Strategy: the forest is made once for a request; rows are sorted to their nodes once for a step, so that a step costs
# the nodes and rows that it looks at, which count against the budget where they can be more than there are.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..edm import primitives as edm
from ..edm.rows import TYPE, Row
from .apply_run import Expression, Pipelines, Rows, Run, Step
from .apply_tree import Marking, Related, Relatives, RollupRecursive, Sort, Traverse
from .conversions import converter
from .evaluate import compile_hierarchy
from .evaluate_hierarchies import node_form
from .evaluate_paths import items_of
from .forest import Forest, Links, Trail
from .shapes import Record, Structured
from .tree import Cast, Follow, Hierarchy, Path
from .tree import Step as PathStep


class _Nodes:
    """A hierarchy, and the nodes that rows of a type belong to."""

    def __init__(self, hierarchy: Hierarchy, path: Path, kind: Structured) -> None:
        self._program = compile_hierarchy(hierarchy)
        self._path = Expression(path, kind)
        self._form = node_form(path.type, hierarchy)
        self._is_many = path.is_collection

    def forest(self, run: Run) -> Forest:
        found: Forest = run.start(self._program)({})
        return found

    def of(self, run: Run, forest: Forest, rows: Rows) -> list[list[int]]:
        """The numbers of the nodes of each row, each once."""
        read, form, is_many = self._path.over(run, rows), self._form, self._is_many
        found = []
        for row in rows:
            value = read(row)
            names = items_of(value) if is_many else (value,)
            found.append(forest.numbers([form(name) for name in names if name is not None]))
        return found


def _nodes_of(related: Related, kind: Structured) -> _Nodes:
    return _Nodes(related.hierarchy, related.path, kind)


def _kind_of_nodes(hierarchy: Hierarchy) -> Structured:
    kind = hierarchy.nodes.type
    assert isinstance(kind, Structured), "nodes are entities"
    return kind


# ------------------------------------------------------------------ ancestors and descendants (6.2.1)


def compile_relatives(step: Relatives, kind: Structured, pipelines: Pipelines) -> Step:
    """Rows stay in their order, each as often as it was there."""
    nodes, choose = _nodes_of(step.related, kind), pipelines(step.steps, kind)
    reach = Forest.ancestors if step.name == "ancestors" else Forest.descendants

    def relatives(run: Run, rows: Rows) -> Rows:
        forest = nodes.forest(run)
        starts = {number for found in nodes.of(run, forest, choose(run, rows)) for number in found}
        wanted = reach(forest, starts, step.distance)
        if step.keeps_start:
            wanted |= starts
        return [
            row for row, found in zip(rows, nodes.of(run, forest, rows), strict=True) if not wanted.isdisjoint(found)
        ]

    return relatives


# ------------------------------------------------------------------ traverse (6.2.2)


def compile_traverse(step: Traverse, kind: Structured, pipelines: Pipelines) -> Step:
    """The rows of each node, each with the node, in the order in which a traversal comes to it."""
    hierarchy = step.related.hierarchy
    nodes, node_kind = _nodes_of(step.related, kind), _kind_of_nodes(hierarchy)
    sort = pipelines((Sort(step.order),), node_kind) if step.order else None
    choose = None if step.starts is None else pipelines(step.starts, node_kind)
    own = _Nodes(hierarchy, hierarchy.identifier, node_kind)
    mark = _marker(step.marking, kind)
    told = converter(hierarchy.identifier.type, edm.STRING)

    def traverse(run: Run, rows: Rows) -> Rows:
        forest = nodes.forest(run)
        order = None if sort is None else _places(forest, sort(run, list(forest.rows)))
        children = forest.children if order is None else _sorted(forest.children, order)
        if choose is None:
            starts = forest.roots if order is None else sorted(forest.roots, key=order.__getitem__)
        else:
            chosen = choose(run, list(forest.rows))
            chosen = chosen if sort is None else sort(run, chosen)
            starts = [number for found in own.of(run, forest, chosen) for number in found]
        held = _rows_by_node(nodes.of(run, forest, rows), rows)
        put, result = mark(run), list[Row]()
        for number, trail in forest.walk(starts, children, is_preorder=step.is_preorder):
            found = held.get(number, ())
            run.budget.spend(1 + len(found))
            if found:
                node = _node(step.marking, forest, number)
                if step.trail is not None and step.marking.is_whole:
                    way = [told(forest.identifiers[above]) for above in _climbed(trail, run)]
                    node = {**node, step.trail: way}
                result += [put(row, node) for row in found]
        return result

    return traverse


def _places(forest: Forest, rows: Iterable[Row]) -> dict[int, int]:
    """Where in sorted rows each node is; these are the very rows that the forest has."""
    numbers = {id(row): number for number, row in enumerate(forest.rows)}
    return {numbers[id(row)]: place for place, row in enumerate(rows)}


def _sorted(children: Links, order: Mapping[int, int]) -> Links:
    return [sorted(below, key=order.__getitem__) for below in children]


def _rows_by_node(nodes: Iterable[Iterable[int]], rows: Rows) -> dict[int, Rows]:
    held: dict[int, Rows] = {}
    for row, found in zip(rows, nodes, strict=True):
        for number in found:
            held.setdefault(number, []).append(row)
    return held


def _climbed(trail: Trail, run: Run) -> list[int]:
    """The nodes on the way back to the start, the parent first."""
    found = []
    while trail is not None:
        number, trail = trail
        found.append(number)
    run.budget.spend(len(found))
    return found


def _node(marking: Marking, forest: Forest, number: int) -> Any:
    return forest.rows[number] if marking.is_whole else forest.identifiers[number]


# ------------------------------------------------------------------ rolluprecursive (6.3)


def compile_rollup(step: RollupRecursive, kind: Structured, pipelines: Pipelines) -> Step:
    """For each node a pipeline over the rows of the node and of all below it. Rows keep their order in it."""
    hierarchy = step.related.hierarchy
    nodes, node_kind = _nodes_of(step.related, kind), _kind_of_nodes(hierarchy)
    choose = None if step.nodes is None else pipelines(step.nodes, node_kind)
    own = _Nodes(hierarchy, hierarchy.identifier, node_kind)
    pipeline, mark = pipelines(step.steps, kind), _marker(step.marking, kind)

    def rollup(run: Run, rows: Rows) -> Rows:
        forest = nodes.forest(run)
        chosen = list(forest.rows) if choose is None else choose(run, list(forest.rows))
        held: dict[int, list[int]] = {}
        for place, found in enumerate(nodes.of(run, forest, rows)):
            for number in found:
                held.setdefault(number, []).append(place)
        put, result = mark(run), list[Row]()
        for node, numbers in zip(chosen, own.of(run, forest, chosen), strict=True):
            below = forest.descendants(numbers).union(numbers)
            places = sorted({place for number in below for place in held.get(number, ())})
            run.budget.spend(len(below) + len(places))
            told = node if step.marking.is_whole else forest.identifiers[numbers[0]]
            made = pipeline(run.knowing(step.variable, node), [rows[place] for place in places])
            result += [put(row, told) for row in made]
        return result

    return rollup


# ------------------------------------------------------------------ telling a row's node (6.2.2, the function a)

Put = Callable[[Row, Any], Row]


def _marker(marking: Marking, kind: Structured) -> Callable[[Run], Put]:
    """What puts a node, or its identifier, into rows of a type; rows are copied."""
    if not marking.steps:
        return lambda run: lambda row, node: Record({**row, **node})
    return _putter(marking.steps, kind)


def _putter(steps: tuple[PathStep, ...], kind: Structured) -> Callable[[Run], Put]:
    cast = steps[0] if isinstance(steps[0], Cast) else None
    step, rest = (steps[0], steps[1:]) if cast is None else (steps[1], steps[2:])
    assert not isinstance(step, Cast), "types are not narrowed twice"
    name, is_many = step.navigation.name if isinstance(step, Follow) else step.name, step.is_collection
    if not rest:
        return lambda run: lambda row, value: _with(row, name, [value] if is_many else value, cast)
    holder, inner_kind = kind if cast is None else cast.type, step.type
    assert isinstance(inner_kind, Structured), "the path leads on"
    inner, read = _putter(rest, inner_kind), Expression(Path((step,)), holder)
    narrowed = {TYPE: rest[0].type.qualified_name} if isinstance(rest[0], Cast) else {}

    def start(run: Run) -> Put:
        put, value_of = inner(run), read.over(run, ())

        def into(row: Row, value: Any) -> Row:
            held = None if is_many else value_of(row)
            made = put(held if isinstance(held, Mapping) else Record(narrowed, is_transient=True), value)
            return _with(row, name, [made] if is_many else made, cast)

        return into

    return start


def _with(row: Row, name: str, value: Any, cast: Cast | None) -> Row:
    is_transient = getattr(row, "is_transient", False)
    kind = {TYPE: cast.type.qualified_name} if cast is not None and is_transient and TYPE not in row else {}
    return Record({**row, **kind, name: value}, is_transient=is_transient)
