# Recursive hierarchies in the evaluator: the forest of a hierarchy's nodes, and the functions that ask where a node
# stands in it (Data Aggregation 4.0, 5.5.2.1).
# Strategy: the nodes are read, and the ways between them found, once for a request and all that asks for the hierarchy.

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import NotImplementedHere
from .comparison import Form, equality_form, equality_forms
from .compiler import HERE, POOL, RELATIONS, Closure, Compiler, Frame, literal_reader
from .evaluate_conditions import formed
from .evaluate_paths import items_of
from .forest import Forest
from .prepared import constants_of
from .relations import Relations, no_rows
from .tree import Bound, Constant, Hierarchy, HierarchyTest, Root


@dataclass(slots=True)
class _Kept:
    """The forest of one run, when it is there; `keys` are the values of the keys on the way to its nodes."""

    keys: tuple[Any, ...]
    forest: Forest | None = None


def compile_forest(compiler: Compiler, hierarchy: Hierarchy) -> Closure:
    """A function from a frame to the forest, which is the same for all rows."""
    root = hierarchy.nodes.start
    assert isinstance(root, Root), "the binder refuses others"
    grow = _grower(compiler, hierarchy)
    readers = [literal_reader(constant) for constant in constants_of(hierarchy.nodes)]
    place = compiler.prepared(lambda literals: _Kept(tuple([read(literals) for read in readers])))

    def forest(frame: Frame) -> Forest:
        kept: _Kept = frame[POOL][place]
        if kept.forest is None:
            relations: Relations | None = frame[RELATIONS]
            if relations is None:
                raise no_rows(root.source)
            kept.forest = relations.kept((hierarchy, kept.keys), lambda: grow(frame))
        return kept.forest

    return forest


def _grower(compiler: Compiler, hierarchy: Hierarchy) -> Callable[[Frame], Forest]:
    nodes, inner = compiler.value(hierarchy.nodes), compiler.on(hierarchy.nodes.type)
    identifier, parents = inner.value(hierarchy.identifier), inner.value(hierarchy.parents)
    has_many = hierarchy.parents.is_collection
    form = equality_form(hierarchy.identifier.type) or _as_it_is

    def grow(frame: Frame) -> Forest:
        outer, rows, names, above = frame[HERE], [], [], []
        for row in items_of(nodes(frame)):
            frame[HERE] = row
            name = identifier(frame)
            if name is not None:  # what has no identifier is no node
                rows.append(row)
                names.append(name)
                found = parents(frame)
                above.append(items_of(found) if has_many else (found,))
        frame[HERE] = outer
        return Forest(
            hierarchy.qualifier,
            rows,
            names,
            list(map(form, names)),
            [[form(name) for name in found if name is not None] for found in above],
        )

    return grow


def _as_it_is(value: Any) -> Any:
    return value


def node_form(kind: Any, hierarchy: Hierarchy) -> Form:
    """What makes a value of a type the key of a node in the forest."""
    return equality_forms((kind, False), (hierarchy.identifier.type, False))[0] or _as_it_is


# ------------------------------------------------------------------ functions


def compile_hierarchy_test(compiler: Compiler, bound: HierarchyTest) -> Closure:
    """ "If a node identifier passed to the function is null, the function returns null" (the vocabulary)."""
    forest, node = compile_forest(compiler, bound.hierarchy), _key(compiler, bound.node, bound.hierarchy)
    if bound.other is None:
        state = _STATES[bound.name]

        def test(frame: Frame) -> bool | None:
            one = node(frame)
            if one is None:
                return None
            found: Forest = forest(frame)
            number = found.number(one)
            return number is not None and state(found, number)

        return test
    return _compile_relation(bound, forest, node, _key(compiler, bound.other, bound.hierarchy))


def _compile_relation(bound: HierarchyTest, forest: Closure, node: Closure, second: Closure) -> Closure:
    if bound.hierarchy.parents.is_collection and bound.name in _RELATIONS and not isinstance(bound.other, Constant):
        raise NotImplementedHere(
            f"'{bound.name}' cannot ask for a different node in each row where nodes have several parents."
        )
    distance, includes_self = bound.distance, bound.includes_self
    relation = _RELATIONS.get(bound.name)

    def test(frame: Frame) -> bool | None:
        one, other = node(frame), second(frame)
        if one is None or other is None:
            return None
        found: Forest = forest(frame)
        number, beside = found.number(one), found.number(other)
        if number is None or beside is None:
            return False
        if relation is None:
            return found.are_siblings(number, beside)
        return includes_self if number == beside else relation(found, number, beside, distance)

    return test


def _key(compiler: Compiler, value: Bound, hierarchy: Hierarchy) -> Callable[[Frame], Hashable]:
    return formed(compiler, value, node_form(value.type, hierarchy))


_STATES: Final[Mapping[str, Callable[[Forest, int], bool]]] = {
    "isleaf": lambda forest, number: not forest.children[number],
    "isnode": lambda forest, number: True,
    "isroot": lambda forest, number: not forest.parents[number],
}
_RELATIONS: Final[Mapping[str, Callable[[Forest, int, int, int | None], bool]]] = {
    "isancestor": Forest.is_above,
    "isdescendant": Forest.is_below,
}
