# Following a path through a backend: hops -> entities. Navigation is answered by referential constraints, so a
# backend only ever sees sets, keys and conditions; it is asked once a hop.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..backend import Query, Reads, Row
from ..backend.completion import complete
from ..edm import EntitySet, NavigationProperty
from ..errors import NotFound, NotImplementedHere
from ..query.resource import Hop, Resource
from ..query.tree import Bound, Compare, Constant, Logic, Path
from ..uri import Grammar, print_predicate


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a path has led: a set, and what its entities must hold. `conditions` None: no entity can match."""

    entity_set: EntitySet
    conditions: Mapping[str, Any] | None

    def condition(self, also: Bound | None = None) -> Bound | None:
        """The conditions as an expression, joined with another one."""
        kind = self.entity_set.type
        parts: list[Bound] = [
            Compare("eq", Path((kind.properties[name],)), Constant(value, kind.properties[name].type))
            for name, value in (self.conditions or {}).items()
        ]
        if also is not None:
            parts.append(also)
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts)) if parts else None


class Walker:
    """Follows the hops of a resource in one session."""

    def __init__(self, session: Reads, grammar: Grammar) -> None:
        self.session = session
        self.grammar = grammar

    def selection(self, resource: Resource) -> Selection:
        """Where the last hop leads, before its key narrows it; NotFound when an entity on the way is missing."""
        first, *rest = resource.hops
        selection = Selection(first.entity_set, {})
        previous = first
        for hop in rest:
            row = self._entity(selection, previous)
            assert hop.navigation is not None
            selection = Selection(hop.entity_set, _conditions(hop.navigation, row))
            previous = hop
        return selection

    def entity(self, resource: Resource) -> Row:
        """The single entity that the path names, or NotFound."""
        return self._entity(self.selection(resource), resource.hops[-1])

    def _entity(self, selection: Selection, hop: Hop) -> Row:
        row = self._find(selection, hop)
        if row is None:
            raise NotFound(self._missing(hop))
        return row

    def _find(self, selection: Selection, hop: Hop) -> Row | None:
        conditions, kind = selection.conditions, selection.entity_set.type
        if conditions is None:
            return None
        key = hop.key
        if key is None and all(name in conditions for name in kind.key):
            key = tuple([conditions[name] for name in kind.key])
        if key is None:
            query = Query(selection.entity_set, selection.condition(), top=1)
            rows, _total = complete(self.session.select(query), query)
            return rows[0] if rows else None
        row = self.session.get(selection.entity_set, key)
        if row is None or any(row[name] != value for name, value in conditions.items()):
            return None
        return row

    def _missing(self, hop: Hop) -> str:
        if hop.key is None:
            return f"There is no entity behind '{hop.navigation.name if hop.navigation else hop.entity_set.name}'."
        predicate = print_predicate(hop.entity_set.type, hop.key, self.grammar)
        return f"Resource not found for the segment '{hop.entity_set.name}': there is no {predicate}."


def _conditions(nav: NavigationProperty, row: Row) -> Mapping[str, Any] | None:
    if not nav.on:
        raise NotImplementedHere(f"'{nav.name}' has no referential constraint, so it cannot be followed here.")
    pairs = {there: row[here] for here, there in nav.on}
    return None if any(value is None for value in pairs.values()) else pairs
