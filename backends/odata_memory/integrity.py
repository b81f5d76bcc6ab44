# Referential integrity in memory: foreign keys lead to rows that exist, links are kept on both sides, and what depends
# on a deleted row is deleted, set to null, or forbids it (4.01 CSDL 8.6).

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odata_core.backend import Key, Row, Source
from odata_core.backend.rows import title_of, type_of
from odata_core.edm import EntitySet, EntityType, Model, NavigationProperty, default_of
from odata_core.edm.rows import BIND
from odata_core.errors import BadRequest, Conflict
from odata_core.query.relations import constraint_of
from odata_core.query.scope import bound_source

from .table import Table

if TYPE_CHECKING:
    from .store import MemorySession

Tables = Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class _Dependent:
    """A set whose rows hold keys of another set's rows."""

    source: Source
    navigation: NavigationProperty
    pairs: tuple[tuple[str, str], ...]
    on_delete: str | None


class Integrity:
    """The rules of one model. `checks` is whether a foreign key must lead somewhere, also after a row is gone."""

    def __init__(self, model: Model, *, checks: bool) -> None:
        self.checks = checks
        self._dependents: dict[str, list[_Dependent]] = {}
        self._linked: dict[str, list[tuple[Source, NavigationProperty]]] = {}
        sources: list[Source] = [*model.entity_sets.values(), *model.singletons.values()]
        for source in sources:
            for navigation in _navigation(source.type):
                target = bound_source(source, (), navigation)
                if target is None or navigation.contains_target:
                    continue
                if navigation.on and {there for _, there in navigation.on} == set(target.type.key):
                    row = _Dependent(source, navigation, navigation.on, _on_delete(navigation))
                    self._dependents.setdefault(target.name, []).append(row)
                elif not constraint_of(navigation):
                    self._linked.setdefault(target.name, []).append((source, navigation))

    # ------------------------------------------------------------ foreign keys

    def check_references(self, tables: Tables, table: Table, row: Row, former: Row | None = None) -> None:
        """BadRequest for a foreign key that leads nowhere."""
        if not self.checks:
            return
        for navigation in type_of(table.kind, row).navigation.values():
            if not navigation.on or navigation.is_collection:
                continue
            target = bound_source(table.source, (), navigation)
            if not isinstance(target, EntitySet) or {there for _, there in navigation.on} != set(target.type.key):
                continue
            key = _foreign_key(row, navigation, target.type)
            if None in key or (former is not None and key == _foreign_key(former, navigation, target.type)):
                continue
            if tables[target.name].index(key) not in tables[target.name].rows:
                raise BadRequest(
                    f"There is no {title_of(target, key)}, which '{navigation.name}' would lead to.",
                    target=navigation.on[0][0],
                )

    def release(self, session: MemorySession, tables: Tables, table: Table, row: Row) -> None:
        """What is to happen before a row goes: to rows that refer to it, and to links."""
        for dependent in self._dependents.get(table.source.name, ()) if self.checks else ():
            for key, other in list(_referring(tables[dependent.source.name], dependent, row)):
                self._release(session, tables, tables[dependent.source.name], dependent, key, other)
        place = table.key_of(row)
        for source, navigation in self._linked.get(table.source.name, ()):
            name = navigation.name + BIND
            other_table = tables[source.name]
            for key, other in list(other_table.rows.items()):
                kept = _without(other.get(name), place)
                if kept is not other.get(name):
                    session.store(other_table, key, {**other, name: kept})

    def _release(
        self, session: MemorySession, tables: Tables, table: Table, dependent: _Dependent, key: Key, row: Row
    ) -> None:
        columns = [table.kind.properties.get(here) for here, _ in dependent.pairs]
        nullable = [prop.name for prop in columns if prop and prop.nullable and prop.name not in table.kind.key]
        if dependent.on_delete == "Cascade":
            session.delete(table.source, key)
        elif dependent.on_delete in ("SetNull", None) and nullable:
            session.store(table, key, {**row, **dict.fromkeys(nullable)})
        elif dependent.on_delete == "SetDefault":
            defaults = {prop.name: default_of(prop) for prop in columns if prop}
            session.store(table, key, {**row, **defaults})
        else:
            raise Conflict(
                f"The entity cannot be deleted: {title_of(table.source, table.kind.key_of(row))} depends on it."
            )

    # ------------------------------------------------------------ links

    def link(self, session: MemorySession, tables: Tables, table: Table, former: Row | None, row: Row) -> None:
        """Bring the other side of changed links into step."""
        place = table.key_of(row)
        for navigation in type_of(table.kind, row).navigation.values():
            name = navigation.name + BIND
            partner = navigation.target.navigation.get(navigation.partner or "")
            if name not in row or constraint_of(navigation):
                continue
            target = bound_source(table.source, (), navigation)
            if target is None:
                continue
            before, now = _keys((former or {}).get(name)), _keys(row[name])
            for key in [key for key in now if key not in before]:
                other = tables[target.name].rows.get(tables[target.name].index(key))
                if other is None:
                    raise BadRequest(f"There is no {title_of(target, key)}, which '{navigation.name}' would lead to.")
                self._mirror(session, tables[target.name], other, partner, place, is_there=True)
            for key in [key for key in before if key not in now]:
                other = tables[target.name].rows.get(tables[target.name].index(key))
                if other is not None:
                    self._mirror(session, tables[target.name], other, partner, place, is_there=False)

    def _mirror(
        self,
        session: MemorySession,
        table: Table,
        row: Row,
        partner: NavigationProperty | None,
        key: Key,
        *,
        is_there: bool,
    ) -> None:
        if partner is None:
            return
        name, current = partner.name + BIND, row.get(partner.name + BIND)
        if partner.is_collection:
            keys = [one for one in _keys(current) if one != key] + ([key] if is_there else [])
            session.store(table, table.key_of(row), {**row, name: keys})
        else:
            session.store(table, table.key_of(row), {**row, name: key if is_there else None})


def _navigation(kind: EntityType) -> Iterator[NavigationProperty]:
    """The navigation properties of a type and of those that derive from it."""
    yield from kind.navigation.values()
    for derived in kind.derived.values():
        yield from derived.own_navigation.values()


def _on_delete(navigation: NavigationProperty) -> str | None:
    """What is said at the end that is deleted, or at the one that depends on it."""
    partner = navigation.target.navigation.get(navigation.partner or "")
    return (partner.on_delete if partner is not None else None) or navigation.on_delete


def _foreign_key(row: Row, navigation: NavigationProperty, target: EntityType) -> Key:
    values = {there: row.get(here) for here, there in navigation.on}
    return tuple([values[name] for name in target.key])


def _referring(table: Table, dependent: _Dependent, row: Row) -> Iterator[tuple[Key, Row]]:
    for key, other in table.rows.items():
        if all(other.get(here) is not None and other[here] == row[there] for here, there in dependent.pairs):
            yield key, other


def _keys(value: Any) -> list[Key]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _without(value: Any, key: Key) -> Any:
    """Links without one; the same value where it is not among them."""
    if isinstance(value, list):
        return [one for one in value if one != key] if key in value else value
    return None if value == key else value
