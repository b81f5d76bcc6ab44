# Referential integrity in memory: foreign keys and links lead to rows that exist, links are kept in step on both sides,
# and what depends on a deleted row is deleted, set to null, or forbids it (4.01 CSDL, 8.6).
# What happens on delete, least surprise first:
# - a foreign key: what OnDelete says at the side of the deleted row (v4: its navigation property to the dependents; v2
#   and v3: the end of the association), else at the side of the foreign key, where some services write it. Without
#   OnDelete its nullable columns become null; where it has none, as in a key, the row forbids the deletion.
# - SetNull leaves columns alone that are part of another foreign key (8.6); SetDefault must lead somewhere again.
# - a link to the row vanishes. OnDelete of a link that the row itself has: Cascade deletes the targets, None forbids.
# - contained entities and their streams go with their parent; one that depends on a deleted row is treated as a row.
# All that is deleted together is found first, so rows that go as well forbid nothing, and cycles end.
# Who refers to a row is an index of all rows, made when the first row is deleted and kept up to date from then on.

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from odata_core.backend import Key, Row
from odata_core.backend.rows import title_of, type_of
from odata_core.edm import NavigationProperty, Property, StructuredType, default_of
from odata_core.edm.rows import BIND
from odata_core.errors import BadRequest, Conflict, ODataError

from .ends import End, Ends, Level, Way
from .table import Table

Place = tuple[str, Key]
"""The name of a set and the key of a row in it, in the form that `Table.index` gives."""

Store = Callable[[Table, Key, "Row | None"], None]


class Integrity:
    """The rules of one model over its tables. With `checks` false, foreign keys may lead anywhere; links never do."""

    def __init__(self, tables: Mapping[str, Table], *, checks: bool) -> None:
        self._tables = tables
        self._checks = checks
        self._ends = Ends()
        self._referrers: dict[Place, dict[Place, None]] | None = None

    # ------------------------------------------------------------ who refers to whom

    def changed(self, table: Table, key: Key, former: Row | None, row: Row | None) -> None:
        """Take note of what every write does to a place."""
        if self._referrers is None:
            return
        here = (table.source.name, key)
        before = set() if former is None else {place for place, _ in self._places(table, former)}
        now = set() if row is None else {place for place, _ in self._places(table, row)}
        for place in before - now:
            who = self._referrers[place]
            del who[here]
            if not who:
                del self._referrers[place]
        for place in now - before:
            self._referrers.setdefault(place, {})[here] = None

    def forget(self) -> None:
        """Other rows are there altogether."""
        self._referrers = None

    def _who(self, place: Place) -> Iterable[Place]:
        if self._referrers is None:
            self._referrers = {}
            for table in self._tables.values():
                for key, row in table.rows.items():
                    self.changed(table, key, None, row)
        return list(self._referrers.get(place, ()))

    def _places(self, table: Table, row: Row) -> Iterator[tuple[Place, End]]:
        """Where a row refers to."""
        for end, holder in self._ends.walk(table.source, row):
            if self._checks or end.is_link:
                for key in end.keys(holder):
                    yield self._place(end, key), end

    def _place(self, end: End, key: Key) -> Place:
        return end.target.name, self._tables[end.target.name].index(key)

    def _row(self, place: Place) -> Row | None:
        return self._tables[place[0]].rows.get(place[1])

    # ------------------------------------------------------------ writing

    def check(self, table: Table, row: Row, former: Row | None = None) -> None:
        """BadRequest for a foreign key or a link that leads nowhere, unless the former row had it already."""
        for navigation in self._level(table, row).homeless:
            if row.get(navigation.name + BIND):
                raise BadRequest(
                    f"The entities behind '{navigation.name}' live in no entity set, so none can be linked.",
                    target=f"$.{navigation.name}",
                )
        before = None
        for place, end in self._places(table, row):
            if end.loose or self._leads(end, place):
                continue
            if before is None:
                before = set() if former is None else {known for known, _ in self._places(table, former)}
            if place not in before:
                self._refuse(end, place)

    def _leads(self, end: End, place: Place) -> bool:
        found = self._row(place)
        target = self._tables[place[0]].kind
        return found is not None and (
            target.is_a(end.navigation.target) or type_of(target, found).is_a(end.navigation.target)
        )

    def _refuse(self, end: End, place: Place) -> None:
        title, name = title_of(end.target, place[1]), end.navigation.name
        what = f"There is no {title}, which '{name}' would lead to."
        if self._row(place) is not None:
            what = f"'{name}' leads to a '{end.navigation.target.qualified_name}', and {title} is none."
        raise BadRequest(what, target=f"$.{name if end.is_link else end.columns[0]}")

    def link(self, store: Store, table: Table, key: Key, former: Row | None) -> None:
        """Bring the other side of the links of a row into step."""
        row = table.rows[key]
        for end in self._level(table, row).ends:
            if not end.is_link or end.partner is None:
                continue
            before = {} if former is None else {self._place(end, one)[1]: one for one in end.keys(former)}
            now = {self._place(end, one)[1]: one for one in end.keys(row)}
            other = self._tables[end.target.name]
            for place in [place for place in now if place not in before]:
                self._join(store, end, table, key, other, place)
            for place in [place for place in before if place not in now]:
                if place in other.rows:
                    _drop(store, other, place, _bound(end.partner), end.partner.is_collection, table, key)

    def _join(self, store: Store, end: End, table: Table, key: Key, other: Table, place: Key) -> None:
        """A link back. Where the other side can have one only, it leaves the one that it had."""
        assert end.partner is not None, "it is the partner that is kept in step"
        name, row = _bound(end.partner), other.rows[place]
        mine = () if table.is_single else table.kind.key_of(table.rows[key])
        if end.partner.is_collection:
            keys = row.get(name) or []
            if all(table.index(one) != key for one in keys):
                store(other, place, {**row, name: [*keys, mine]})
            return
        old = None if row.get(name) is None else table.index(row[name])
        if old == key:
            return
        store(other, place, {**row, name: mine})
        if old is not None and old in table.rows:
            _drop(store, table, old, end.member, end.navigation.is_collection, other, place)

    # ------------------------------------------------------------ deleting

    def release(self, store: Store, start: Place) -> list[Place]:
        """Everything that goes with a row, after what stays has been changed; Conflict where something forbids it."""
        doomed = self._doomed(start)
        changed = dict.fromkeys([who for place in doomed for who in self._who(place) if who not in doomed])
        for name, key in changed:
            table = self._tables[name]
            row = table.rows[key]
            store(table, key, self._freed(table, self._level(table, row), (), row, doomed, row) or row)
        for place in doomed:
            store(self._tables[place[0]], place[1], None)
        for name, key in changed:
            self._check_default(self._tables[name], key)
        return list(doomed)

    def _doomed(self, start: Place) -> dict[Place, None]:
        """The row and all that is to be deleted with it."""
        found = [start]
        known = {start: None}
        for place in found:  # which grows
            for other in [*self._dependent(place), *self._owned(place)]:
                if other not in known:
                    known[other] = None
                    found.append(other)
        for place in found:
            self._check_links(place, known)
        return known

    def _dependent(self, place: Place) -> Iterator[Place]:
        """The rows with a foreign key to a place that go with it."""
        for who in self._who(place):
            table, row = self._tables[who[0]], self._row(who)
            assert row is not None, "who refers to something is there"
            for end in self._level(table, row).ends:
                if not end.is_link and end.on_delete == "Cascade" and self._refers(end, row, (place,)):
                    yield who

    def _owned(self, place: Place) -> Iterator[Place]:
        """The rows that a link with OnDelete Cascade leads to."""
        for end, row in self._links(place):
            if end.on_delete == "Cascade":
                yield from [self._place(end, key) for key in end.keys(row)]

    def _check_links(self, place: Place, doomed: Container[Place]) -> None:
        for end, row in self._links(place):
            if end.on_delete == "None" and any(self._place(end, key) not in doomed for key in end.keys(row)):
                name = end.navigation.name
                raise Conflict(f"{title_of(*self._named(place))} cannot be deleted: '{name}' still leads to others.")

    def _links(self, place: Place) -> Iterator[tuple[End, Row]]:
        table, row = self._tables[place[0]], self._row(place)
        if row is not None:
            for end in self._level(table, row).ends:
                if end.is_link:
                    yield end, row

    def _refers(self, end: End, holder: Row, places: Container[Place]) -> bool:
        return any(self._place(end, key) in places for key in end.keys(holder))

    def _named(self, place: Place) -> tuple[Any, Key]:
        """The set of a place and the key as the row tells it."""
        table, row = self._tables[place[0]], self._row(place)
        return table.source, place[1] if row is None or table.is_single else table.kind.key_of(row)

    def _freed(self, table: Table, level: Level, way: Way, row: Row, doomed: Container[Place], root: Row) -> Row | None:
        """A row that refers to nothing doomed; None where it goes with it, as a contained entity may."""
        changes: dict[str, Any] = {}
        for end in level.ends:
            if not self._refers(end, row, doomed):
                continue
            if end.is_link:
                kept = [key for key in end.keys(row) if self._place(end, key) not in doomed]
                changes[end.member] = kept if end.navigation.is_collection else None
            elif way and end.on_delete == "Cascade":
                return None
            elif not end.loose:
                changes = _unset(end, level, row, changes, table.title(root))
        for name, kind, further in level.inner:
            value = row.get(name)
            items = value if isinstance(value, list) else [] if value is None else [value]
            levels = [self._ends.level(table.source, further, kind, item) for item in items]
            freed = [
                self._freed(table, one, further, item, doomed, root) for one, item in zip(levels, items, strict=True)
            ]
            if any(new is not item for new, item in zip(freed, items, strict=True)):
                changes[name] = [item for item in freed if item is not None] if isinstance(value, list) else freed[0]
        return {**row, **changes} if changes else row

    def _check_default(self, table: Table, key: Key) -> None:
        """Conflict where a default that was set leads nowhere."""
        row = table.rows.get(key)
        try:
            if row is not None:
                self.check(table, row)
        except ODataError as error:
            raise Conflict(
                f"The entity cannot be deleted: {table.title(row or {})} depends on it. {error.message}"
            ) from None

    def _level(self, table: Table, row: Row) -> Level:
        return self._ends.level(table.source, (), table.kind, row)


def _bound(navigation: NavigationProperty) -> str:
    return navigation.name + BIND


def _drop(store: Store, table: Table, place: Key, name: str, is_collection: bool, target: Table, key: Key) -> None:
    """A link less in a row."""
    row = table.rows[place]
    keys = row.get(name)
    if is_collection:
        store(table, place, {**row, name: [one for one in keys or () if target.index(one) != key]})
    elif keys is not None and target.index(keys) == key:
        store(table, place, {**row, name: None})


def _unset(end: End, level: Level, row: Row, changes: dict[str, Any], title: str) -> dict[str, Any]:
    """The changes with a foreign key that leads nowhere any more; Conflict where it cannot be unset."""
    columns = {column: _column(level.kind, column) for column in end.columns}
    fixed = set(getattr(level.kind, "key", ())) | level.shared
    values: dict[str, Any] = {}
    if end.on_delete == "SetDefault":
        values = {column: default_of(prop) for column, prop in columns.items() if column not in fixed}
        values = {name: value for name, value in values.items() if value is not None or columns[name].nullable}
    elif end.on_delete != "None":
        values = {column: None for column, prop in columns.items() if column not in fixed and prop.nullable}
    if not values:
        raise Conflict(f"The entity cannot be deleted: {title} depends on it.")
    found = {**row, **changes}
    for column, value in values.items():
        found = _with(found, column.split("/"), value)
    return {name: value for name, value in found.items() if name not in row or value is not row[name]}


def _column(kind: StructuredType, path: str) -> Property:
    last = (kind.members(path) or (None,))[-1]
    assert isinstance(last, Property), "the rules of the model say so"
    return last


def _with(row: Row, path: list[str], value: Any) -> dict[str, Any]:
    """A row with another value at the end of a path."""
    name, rest = path[0], path[1:]
    return {**row, name: _with(row[name], rest, value) if rest else value}
