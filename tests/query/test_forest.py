# Forests and what is done over them, against the sentences of the specification taken literally: each is a recursion
# over sets (Data Aggregation 4.0, 5.5.2 and section 6), here without regard to what it costs.

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import ModelBuilder
from odata_core.edm.rows import BIND, Row
from odata_core.errors import BadRequest
from odata_core.query.apply import bind_apply
from odata_core.query.forest import Forest
from odata_core.query.hierarchies import AGGREGATION
from odata_core.query.relations import Relations
from odata_core.query.scope import Scope
from odata_core.query.transform import compile_apply
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR
from tests.query.sales import LIMITS

Parents = dict[int, list[int]]
UP_PATH = f"@{AGGREGATION}.UpPath#Q"


def grown(parents: Parents, name: str = "Q") -> Forest:
    rows = [{"ID": node} for node in parents]
    return Forest(name, rows, list(parents), list(parents), list(parents.values()))


@st.composite
def hierarchies(draw: st.DrawFn) -> Parents:
    """Nodes in any order, each with parents among those of lower numbers, some of which are no nodes."""
    count = draw(st.integers(0, 9))
    most = draw(st.sampled_from((1, 3)))
    parents = {
        node: draw(st.lists(st.integers(0, node - 1), max_size=most, unique=True)) if node else []
        for node in range(count)
    }
    kept = draw(st.permutations(list(parents)))[: draw(st.integers(0, count))]
    return {node: parents[node] for node in kept}


# ------------------------------------------------------------------ taken literally


def children_of(parents: Parents, node: int) -> list[int]:
    return [child for child, above in parents.items() if node in above]


def below(parents: Parents, node: int, distance: int | None) -> set[int]:
    """ "its child nodes and, if d>1, the descendants of these child nodes with maximum distance d-1" """
    found: set[int] = set()
    for child in children_of(parents, node):
        found.add(child)
        if distance is None or distance > 1:
            found |= below(parents, child, None if distance is None else distance - 1)
    return found


def traversed(parents: Parents, node: int, way: tuple[int, ...], order: Any, is_preorder: bool) -> Iterator[Any]:
    """The recursive formula for R(x)."""
    if is_preorder:
        yield node, way
    for child in sorted(children_of(parents, node), key=order):
        yield from traversed(parents, child, (node, *way), order, is_preorder)
    if not is_preorder:
        yield node, way


# ------------------------------------------------------------------ forests


@given(hierarchies(), st.none() | st.integers(1, 4))
def test_relations(parents: Parents, distance: int | None) -> None:
    forest, nodes = grown(parents), list(parents)
    assert [nodes[number] for number in forest.roots] == [one for one in nodes if not set(parents[one]) & set(nodes)]
    for number, node in enumerate(nodes):
        expected = below(parents, node, distance)
        assert {nodes[one] for one in forest.descendants([number], distance)} == expected
        assert [nodes[one] for one in forest.children[number]] == children_of(parents, node)
        for place, other in enumerate(nodes):
            assert forest.is_below(place, number, distance) is (other in expected)
            assert forest.is_above(number, place, distance) is (other in expected)
            has_common = bool(set(parents[node]) & set(parents[other]) & set(nodes))
            are_roots = place in forest.roots and number in forest.roots
            assert forest.are_siblings(number, place) is (node != other and (has_common or are_roots))


@given(hierarchies(), st.none() | st.integers(1, 4), st.data())
def test_several_starts(parents: Parents, distance: int | None, data: st.DataObject) -> None:
    forest, nodes = grown(parents), list(parents)
    starts = data.draw(st.sets(st.sampled_from(range(len(nodes)))) if nodes else st.just(set()))
    expected = set().union(*[below(parents, nodes[start], distance) for start in starts])
    assert {nodes[one] for one in forest.descendants(starts, distance)} == expected
    above = {node for node in nodes if any(nodes[start] in below(parents, node, distance) for start in starts)}
    assert {nodes[one] for one in forest.ancestors(starts, distance)} == above


@pytest.mark.parametrize(
    ("parents", "node"),
    [
        ({1: [1]}, "1"),
        ({1: [2], 2: [1]}, "2"),
        ({5: [4], 4: [3], 3: [4], 0: []}, "4"),
        ({0: [], 1: [0, 3], 2: [1], 3: [2], 4: [3]}, "3"),
    ],
)
def test_cycles_are_no_hierarchies(parents: Parents, node: str) -> None:
    """ "cycles are forbidden" (5.5.2), be they reached from a root or not."""
    cycle = {one for one in parents if one in below_once(parents, one)}
    with pytest.raises(BadRequest) as caught:
        grown(parents, "Organization")
    found = re.fullmatch(
        r"There is no hierarchy 'Organization': the node '(\d)' is an ancestor of itself\.", caught.value.message
    )
    assert found is not None
    assert int(found[1]) in cycle
    assert int(node) in cycle


def below_once(parents: Parents, node: int) -> set[int]:
    """What is below a node, for links that go in circles."""
    found: set[int] = set()
    pending = [node]
    while pending:
        for child in children_of(parents, pending.pop()):
            if child not in found:
                found.add(child)
                pending.append(child)
    return found


def test_identifiers_are_unique() -> None:
    with pytest.raises(BadRequest, match=r"There is no hierarchy 'Q': two nodes are called 'A'\."):
        Forest("Q", [{}, {}], ["A", "A"], ["A", "A"], [(), ()])


def test_deep_hierarchies_cost_no_more_than_their_size() -> None:
    count = 100_000
    forest = grown({node: [node - 1] if node else [] for node in range(count)})
    assert len(forest.descendants([0])) == len(forest.ancestors([count - 1])) == count - 1
    assert all(forest.is_below(node, 0, None) for node in range(1, count))
    assert [number for number, _trail in forest.walk([0], is_preorder=False)] == list(range(count))[::-1]


# ------------------------------------------------------------------ transformations


def _model() -> Any:
    model = ModelBuilder("M")
    model.entity("Node", key="ID", properties={"ID": "Int32", "Rank": "Int32"})
    model.entity("Item", key="ID", properties={"ID": "Int32", "NodeIDs": "Collection(Int32)", "V": "Int32"})
    model.navigation("Node", "Up", to="Node", many=True)
    model.entity_set("Nodes", "Node")
    model.entity_set("Items", "Item")
    record = {"NodeProperty": "ID", "ParentNavigationProperty": "Up"}
    model.annotate("Node", f"{AGGREGATION}.RecursiveHierarchy", record, qualifier="Q")
    return model.build()


MODEL = _model()


class Data:
    """Nodes with ranks, and items of some of them."""

    def __init__(self, parents: Parents, ranks: list[int], items: list[tuple[list[int], int]]) -> None:
        self.parents = parents
        self.ranks = dict(zip(parents, ranks, strict=False))
        self.nodes: list[Row] = [
            {"ID": node, "Rank": self.ranks[node], "Up" + BIND: [(one,) for one in above]}
            for node, above in parents.items()
        ]
        self.items: list[Row] = [
            {"ID": index, "NodeIDs": nodes, "V": value} for index, (nodes, value) in enumerate(items)
        ]

    def apply(self, text: str) -> list[Row]:
        found = MODEL.entity_sets["Items"]
        text = text.replace("H,", "$root/Nodes,Q,NodeIDs,").replace("H)", "$root/Nodes,Q,NodeIDs)")
        applied = bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), Scope(MODEL, V4_GRAMMAR, LIMITS, found.type, found))
        read: dict[str, list[Row]] = {"Nodes": self.nodes, "Items": self.items}
        relations = Relations(lambda source: read[source.name], keeps_links=True)
        return compile_apply(applied, relations=relations)(self.items)

    def of(self, nodes: set[int]) -> list[Row]:
        return [row for row in self.items if nodes & set(row["NodeIDs"])]


ITEMS = st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=3), st.integers(0, 3)), max_size=8)
DATA = st.builds(Data, hierarchies(), st.lists(st.integers(0, 2), min_size=9, max_size=9), ITEMS)


@given(DATA, st.none() | st.integers(1, 3), st.booleans(), st.sampled_from(["ancestors", "descendants"]))
def test_relatives(data: Data, distance: int | None, keeps_start: bool, name: str) -> None:
    more = f"{'' if distance is None else f',{distance}'}{',keep start' if keeps_start else ''}"
    starts = {node for row in data.items if row["V"] == 1 for node in row["NodeIDs"] if node in data.parents}
    reached = {
        node
        for node in data.parents
        for start in starts
        if (
            node in below(data.parents, start, distance)
            if name == "descendants"
            else start in below(data.parents, node, distance)
        )
        or (keeps_start and node == start)
    }
    assert data.apply(f"{name}(H,filter(V eq 1){more})") == data.of(reached)


@given(DATA, st.booleans(), st.booleans(), st.booleans())
def test_traverse(data: Data, is_preorder: bool, is_sorted: bool, has_starts: bool) -> None:
    nodes = list(data.parents)
    places = {node: place for place, node in enumerate(nodes)}
    order = (lambda node: (-data.ranks[node], places[node])) if is_sorted else places.__getitem__
    roots = [node for node in nodes if not set(data.parents[node]) & set(nodes)]
    starts = [node for node in nodes if data.ranks[node] == 1] if has_starts else roots
    word = "preorder" if is_preorder else "postorder"
    text = f"traverse(H,{word}{',filter(Rank eq 1)' if has_starts else ''}{',Rank desc' if is_sorted else ''})"
    visited = [
        node
        for start in sorted(starts, key=order)
        for node, _way in traversed(data.parents, start, (), order, is_preorder)
    ]
    expected = [{**row, "NodeIDs": [node]} for node in visited for row in data.of({node})]
    assert data.apply(text) == expected


@given(DATA, st.booleans())
def test_rolluprecursive(data: Data, has_nodes: bool) -> None:
    nodes = [node for node in data.parents if not has_nodes or data.ranks[node] == 1]
    expected = []
    for node in nodes:
        rows = data.of({node} | below(data.parents, node, None))
        expected.append({"NodeIDs": [node], "N": len(rows), "S": sum(row["V"] for row in rows) if rows else None})
    chosen = ",filter(Rank eq 1)" if has_nodes else ""
    assert data.apply(f"groupby((rolluprecursive(H{chosen})),aggregate($count as N,V with sum as S))") == expected


def test_ways_are_bounded() -> None:
    """In a ladder of diamonds, 2**n ways lead down: the budget ends such a traversal."""
    parents: Parents = {0: []}
    for step in range(25):
        top = 3 * step
        parents |= {top + 1: [top], top + 2: [top], top + 3: [top + 1, top + 2]}
    data = Data(parents, [0] * len(parents), [([0], 1)])
    with pytest.raises(BadRequest, match="the limit apply_rows is 1000000"):
        data.apply("traverse(H,preorder)")
    assert data.apply("descendants(H,identity,keep start)") == data.items
    assert len(data.apply("groupby((rolluprecursive(H)),aggregate($count as N))")) == len(parents)
