# Initial rows -> tables. Rows come in any order and may hold entities of other sets, or their keys; so everything is
# put into its table first, and only then links are made and references looked at.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from odata_core.backend import Key, Row, Source
from odata_core.backend.rows import type_of
from odata_core.edm import EntityType, ModelError, NavigationProperty
from odata_core.edm.primitives import STREAM
from odata_core.edm.rows import BIND, MEDIA_TYPE, TYPE
from odata_core.errors import ODataError, suggestion
from odata_core.query.relations import constraint_of, key_columns
from odata_core.query.scope import bound_source

from .integrity import Integrity
from .table import Table

Data = Mapping[str, "Iterable[Row] | Row | None"]


def load(tables: Mapping[str, Table], integrity: Integrity, data: Data) -> None:
    """Fill the tables. ModelError for unknown names and for rows that refer to what is not there."""
    Loader(tables, integrity).load(data)


class Loader:
    """Takes rows apart into those of single sets."""

    def __init__(self, tables: Mapping[str, Table], integrity: Integrity) -> None:
        self._tables = tables
        self._integrity = integrity
        self._ties: list[tuple[Table, Key, NavigationProperty, dict[str, Any]]] = []

    def load(self, data: Data) -> None:
        rows = {name: _rows(given) for name, given in data.items()}
        for name, given in rows.items():
            if name not in self._tables:
                raise ModelError(f"There is no entity set '{name}'.{suggestion(name, self._tables)}")
            self._tables[name].count_from(given)  # the server's numbers go on after those that are given
        for name, given in rows.items():
            for values in given:
                self._add(self._tables[name], values)
        for table, key, navigation, values in self._ties:
            self._tie(table, key, navigation, values)
        for table in self._tables.values():
            for key in list(table.rows):
                self._relate(table, key)

    def _add(self, table: Table, values: Row) -> Row:
        """A row in its table, and those that it holds in theirs."""
        kind = type_of(table.kind, values)
        own = dict(values)
        later: list[tuple[NavigationProperty, list[Row]]] = []
        links: list[tuple[NavigationProperty, list[Key]]] = []
        for navigation in kind.navigation.values():
            if navigation.contains_target:
                continue
            rows = _listed(own.pop(navigation.name, None))
            if constraint_of(navigation):
                links.append((navigation, _listed(own.pop(navigation.name + BIND, None))))
            if not rows:
                continue
            if _holds_key(navigation):
                target = self._add(self._home(table, kind, navigation), rows[0])
                own |= {here: target[there] for here, there in navigation.on}
            else:
                later.append((navigation, rows))
        return self._put(table, kind, own, links, later)

    def _put(
        self,
        table: Table,
        kind: EntityType,
        own: dict[str, Any],
        links: list[tuple[NavigationProperty, list[Key]]],
        later: list[tuple[NavigationProperty, list[Row]]],
    ) -> Row:
        for navigation, keys in links:
            if keys and _holds_key(navigation):
                parts = dict(zip(key_columns(navigation.target), keys[0], strict=True))
                own |= {here: parts[there] for here, there in navigation.on}
        key, row = table.new(own)
        media = {name for name, prop in kind.properties.items() if prop.type is STREAM}
        row = {**row, **{name: value for name, value in own.items() if name in media or name == MEDIA_TYPE}}
        table.put(key, row)
        for navigation, keys in links:
            if keys and not _holds_key(navigation):
                ties = {there: row[here] for here, there in constraint_of(navigation)}
                self._ties += [(self._home(table, kind, navigation), one, navigation, ties) for one in keys]
        for navigation, rows in later:
            self._add_related(table, kind, key, navigation, rows)
        return table.rows[key]

    def _add_related(
        self, table: Table, kind: EntityType, key: Key, navigation: NavigationProperty, rows: list[Row]
    ) -> None:
        """Entities that are to be related to one that is there: they get its key, or it gets theirs as links."""
        row, home = table.rows[key], self._home(table, kind, navigation)
        ties = {there: row[here] for here, there in constraint_of(navigation)}
        typed = (
            {}
            if navigation.target.is_a(home.kind) is False or navigation.target is home.kind
            else {TYPE: navigation.target.qualified_name}
        )
        added = [self._add(home, {**typed, **one, **ties}) for one in rows]
        if ties:
            return
        name = navigation.name + BIND
        keys = [() if home.is_single else home.kind.key_of(one) for one in added]
        row = table.rows[key]
        table.put(key, {**row, name: [*(row.get(name) or ()), *keys] if navigation.is_collection else keys[0]})

    def _tie(self, table: Table, key: Key, navigation: NavigationProperty, values: dict[str, Any]) -> None:
        row = table.rows.get(table.index(key))
        if row is None:
            raise ModelError(
                f"The initial rows of '{table.source.name}' lack the key {key}, which '{navigation.name}' names."
            )
        table.put(table.index(key), {**row, **values})

    def _home(self, table: Table, kind: EntityType, navigation: NavigationProperty) -> Table:
        target = _target(table.source, kind, navigation)
        if target is None:
            raise ModelError(
                f"The initial rows of '{table.source.name}': the entities behind '{navigation.name}' live in no set."
            )
        return self._tables[target.name]

    def _relate(self, table: Table, key: Key) -> None:
        """See that a row leads somewhere, and link what it links the other way round."""
        row = table.rows[key]
        try:
            self._integrity.check(table, row)
        except ODataError as error:
            raise ModelError(f"The initial row {table.title(row)}: {error.message}") from None
        self._integrity.link(_store, table, key, None)


def _store(table: Table, key: Key, row: Row | None) -> None:
    table.put(key, row)


def _rows(given: Iterable[Row] | Row | None) -> list[Row]:
    return [] if given is None else [given] if isinstance(given, Mapping) else list(given)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _holds_key(navigation: NavigationProperty) -> bool:
    """Whether the row itself holds the foreign key."""
    return not navigation.is_collection and {there for _, there in navigation.on} == set(key_columns(navigation.target))


def _target(source: Source, kind: EntityType, navigation: NavigationProperty) -> Source | None:
    return bound_source(source, (kind.qualified_name,), navigation)
