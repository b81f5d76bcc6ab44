# The nodes of a recursive hierarchy and the ways between them (Data Aggregation 4.0, 5.5.2), numbered from 0.
# Strategy: nodes and links are looked at a bounded number of times each, without recursion, so that neither large nor
# deep hierarchies cost more than their size. Where no node has several parents, a traversal gives each an interval that
# encloses those of its descendants, and whether one is below another is a comparison of numbers.
# A node may have several parents; what leads back to itself is no hierarchy and refused.

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from ..edm.rows import Row
from ..errors import BadRequest

Links = Sequence[Sequence[int]]
Trail = tuple[int, "Trail"] | None
"""The parent by which a traversal came to a node, and the trail of that parent; None for where it began."""


class Forest:
    """The rows of nodes, the identifier of each, and the numbers of its parents and children, in the order of rows.

    `keys` are the identifiers in the form in which they are equal.
    """

    __slots__ = (
        *("children", "identifiers", "is_tree", "parents", "roots", "rows"),
        *("_above", "_below", "_numbers", "_spans"),
    )

    def __init__(
        self,
        name: str,
        rows: Sequence[Row],
        identifiers: Sequence[Any],
        keys: Sequence[Hashable],
        parent_keys: Sequence[Iterable[Hashable]],
    ) -> None:
        self.rows, self.identifiers = rows, identifiers
        self._numbers: dict[Hashable, int] = {}
        for number, key in enumerate(keys):
            if self._numbers.setdefault(key, number) != number:
                raise BadRequest(f"There is no hierarchy '{name}': two nodes are called '{identifiers[number]!s:.50}'.")
        self.parents: Links = [self.numbers(above) for above in parent_keys]
        below: list[list[int]] = [[] for _ in keys]
        for number, above in enumerate(self.parents):
            for parent in above:
                below[parent].append(number)
        self.children: Links = below
        self.roots = [number for number, above in enumerate(self.parents) if not above]
        self.is_tree = all(len(above) < 2 for above in self.parents)
        self._spans: tuple[list[int], list[int], list[int]] | None = None
        self._above: tuple[Any, set[int]] | None = None
        self._below: tuple[Any, set[int]] | None = None
        self._refuse_cycles(name)

    def _refuse_cycles(self, name: str) -> None:
        """Take away nodes whose parents are all gone: those of a cycle stay."""
        waiting = [len(above) for above in self.parents]
        free = list(self.roots)
        while free:
            for child in self.children[free.pop()]:
                waiting[child] -= 1
                if not waiting[child]:
                    free.append(child)
        number = next((number for number, count in enumerate(waiting) if count), None)
        if number is None:
            return
        seen: set[int] = set()
        while number not in seen:  # upwards, since what is left may only hang from a cycle
            seen.add(number)
            number = next(parent for parent in self.parents[number] if waiting[parent])
        which = f"{self.identifiers[number]!s:.50}"
        raise BadRequest(f"There is no hierarchy '{name}': the node '{which}' is an ancestor of itself.")

    # ------------------------------------------------------------ nodes

    def number(self, key: Hashable) -> int | None:
        """The number of the node with an identifier; None where there is no such node."""
        return self._numbers.get(key)

    def numbers(self, keys: Iterable[Hashable]) -> list[int]:
        """The numbers of the nodes with these identifiers, each once."""
        known = self._numbers
        return list(dict.fromkeys([known[key] for key in keys if key in known]))

    # ------------------------------------------------------------ relatives

    def descendants(self, starts: Iterable[int], distance: int | None = None) -> set[int]:
        """All that are below one of the starts, at most so many steps."""
        return _reached(self.children, starts, distance)

    def ancestors(self, starts: Iterable[int], distance: int | None = None) -> set[int]:
        """All that are above one of the starts, at most so many steps."""
        return _reached(self.parents, starts, distance)

    def is_below(self, node: int, top: int, distance: int | None) -> bool:
        """Whether a node is a descendant of another.

        Where nodes have several parents, what is below `top` is kept, so that `top` had better stay the same.
        """
        if not self.is_tree:
            if self._below is None or self._below[0] != (top, distance):
                self._below = (top, distance), self.descendants([top], distance)
            return node in self._below[1]
        begins, ends, depths = self._spans or self._made_spans()
        return begins[top] < begins[node] < ends[top] and (distance is None or depths[node] - depths[top] <= distance)

    def is_above(self, node: int, bottom: int, distance: int | None) -> bool:
        """Whether a node is an ancestor of another; `bottom` had better stay the same, as above."""
        if self.is_tree:
            return self.is_below(bottom, node, distance)
        if self._above is None or self._above[0] != (bottom, distance):
            self._above = (bottom, distance), self.ancestors([bottom], distance)
        return node in self._above[1]

    def are_siblings(self, one: int, other: int) -> bool:
        """ "Two nodes with a common parent node are sibling nodes and so are two root nodes"."""
        above, beside = self.parents[one], self.parents[other]
        if one == other or not above or not beside:
            return one != other and not above and not beside
        return not set(above).isdisjoint(beside)

    def _made_spans(self) -> tuple[list[int], list[int], list[int]]:
        """Where a traversal comes to each node, where it has seen all below it, and how many steps are above it."""
        count = len(self.rows)
        begins, ends, depths = [0] * count, [0] * count, [0] * count
        for place, (number, trail) in enumerate(self.walk(self.roots)):
            begins[number] = place
            depths[number] = 0 if trail is None else depths[trail[0]] + 1
        clock = 0
        for number, _trail in self.walk(self.roots, is_preorder=False):
            clock = max(clock, begins[number] + 1)
            ends[number] = clock
        self._spans = begins, ends, depths
        return self._spans

    # ------------------------------------------------------------ traversal

    def walk(
        self, starts: Sequence[int], children: Links | None = None, *, is_preorder: bool = True
    ) -> Iterator[tuple[int, Trail]]:
        """Each start with all that is below it, as often as a way leads there, before it or behind it (6.2.2)."""
        below = self.children if children is None else children
        pending: list[tuple[int, Trail, bool]] = [(start, None, is_preorder) for start in reversed(starts)]
        while pending:
            number, trail, is_next = pending.pop()
            if is_next:
                yield number, trail
                if not is_preorder:
                    continue
            else:
                pending.append((number, trail, True))
            pending += [(child, (number, trail), is_preorder) for child in reversed(below[number])]


def _reached(links: Links, starts: Iterable[int], distance: int | None) -> set[int]:
    """What links lead to from somewhere in at most so many steps; the starts only where a link leads to them, too."""
    first = set(starts)
    reached: set[int] = set()
    edge, steps = first, 0
    while edge and (distance is None or steps < distance):
        found = {number for origin in edge for number in links[origin]} - reached
        reached |= found
        edge, steps = found - first, steps + 1  # from the starts all links were followed already
    return reached
