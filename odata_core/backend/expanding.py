# $expand: related rows within rows, one question to the backend for each level of each navigation property, however
# many rows there are (4.01 Part 1, 11.2.5.2).
# Strategy: the keys that the rows of a level name are asked for at once, what comes back is sorted into the rows again,
# and what each row keeps of it (a page) is the next level. Rows are not changed: those that get members are copied.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from ..edm import ComplexType, EntitySet, EntityType, Property, Singleton, StructuredType
from ..edm.rows import BIND, COUNT, MEDIA_CONTENT, MEDIA_TYPE, TYPE
from ..errors import NotImplementedHere
from ..limits import Limits
from ..query.conditions import is_of, is_one_of
from ..query.evaluate import Relations, compile_filter, compile_order, compile_value
from ..query.options import BoundOptions, Expansion, Form, Selected, Selection
from ..query.relations import columns_reader, constraint_of, linked_keys
from ..query.search import compile_search
from ..query.shapes import Record
from ..query.tree import Bound, Cast, Compare, Constant, Follow, In, ListOf, Logic, Path, Source, Step
from ..records import record
from .completion import complete, key_order
from .contract import Query, Reads, Relates, Row, Streams, keeps_links

Rows = Sequence[Row]
MAX_KEYS: Final = 1_000  # of one question; more rows ask more often


@record
class Expander:
    """Puts related rows into rows, for one request."""

    session: Reads
    relations: Relations
    limits: Limits

    def expand(self, rows: Iterable[Row], expansions: Sequence[Expansion], home: Source | None) -> list[Row]:
        """The rows of a set with what is included in them. Those behind a path of complex properties are copied too.

        `home` is None for rows that live in no set. What cannot be expanded is refused where there are no rows, too.
        """
        found = list(rows)
        streams = [one for one in expansions if one.form in (Form.STREAM, Form.MEDIA)]
        if streams:
            found = list(map(_stream_reader(self.session, streams, home), found))
        for expansion in expansions:
            if expansion.form in (Form.ENTITIES, Form.REFERENCES, Form.COUNT) and isinstance(expansion.step, Follow):
                found = self._within(found, expansion.path, expansion)
        return found

    def _within(self, rows: list[Row], path: Sequence[Step], expansion: Expansion) -> list[Row]:
        """The rows with the expansion applied to what the path leads to within them."""
        if not path:
            return self._include(rows, expansion)
        step, rest = path[0], path[1:]
        if isinstance(step, Cast):
            chosen = [index for index, row in enumerate(rows) if row.get(TYPE) in step.names]
            for index, row in zip(chosen, self._within([rows[i] for i in chosen], rest, expansion), strict=True):
                rows[index] = row
            return rows
        if not isinstance(step, Property):
            raise NotImplementedHere("Expanding behind a dynamic property is not supported.", target="$expand")
        return self._within_property(rows, step, rest, expansion)

    def _within_property(
        self, rows: list[Row], prop: Property, rest: Sequence[Step], expansion: Expansion
    ) -> list[Row]:
        values: list[Row] = []
        for row in rows:
            value = row.get(prop.name)
            values += value if prop.is_collection and value else [value] if value is not None else []
        changed = iter(self._within(list(values), rest, expansion))

        def mended(value: Any) -> Any:
            if value is None:
                return None
            return [next(changed) for _ in value] if prop.is_collection else next(changed)

        return [{**row, prop.name: mended(row.get(prop.name))} for row in rows]

    # ------------------------------------------------------------ one level

    def _include(self, rows: list[Row], expansion: Expansion) -> list[Row]:
        """The rows with what a navigation property leads to. Rows that $apply made may hold it, or nothing of it."""
        step = expansion.step
        assert isinstance(step, Follow)
        if Record not in set(map(type, rows)):
            return self._included(rows, step, expansion)
        found = list(rows)
        for places in _alike(step, rows):
            included = self._included([rows[place] for place in places], step, expansion)
            for place, row in zip(places, included, strict=True):
                found[place] = Record(row, is_transient=getattr(rows[place], "is_transient", False))
        return found

    def _included(self, rows: list[Row], step: Follow, expansion: Expansion) -> list[Row]:
        options = expansion.options
        _check(options)
        groups = self._related(step, rows, _wanted(expansion))
        if options.search is not None:
            matches = compile_search(options.search)
            groups = [list(filter(matches, group)) for group in groups]
        pages = groups if not options.skip and options.top is None else [_page(group, options) for group in groups]
        if expansion.form is not Form.COUNT:
            pages = self._deeper(pages, expansion)
        return _with_members(rows, groups, pages, step, expansion)

    def _deeper(self, pages: list[Rows], expansion: Expansion) -> list[Rows]:
        """The pages with the next level in them: all rows of this level at once."""
        step, nested = expansion.step, list(expansion.options.expand)
        assert isinstance(step, Follow)
        if expansion.levels > 1:
            nested.append(replace(expansion, levels=expansion.levels - 1))
        selection = expansion.options.select
        is_narrowed = narrows(selection)
        if not (nested or expansion.options.compute or is_narrowed):
            return pages
        flat = [row for page in pages for row in page]
        if expansion.options.compute:
            flat = list(computed(flat, expansion.options, _kind(expansion), self.relations))
        if is_narrowed:
            flat = list(narrowed(flat, selection, self.relations))
        changed = iter(self.expand(flat, nested, None if step.navigation.contains_target else step.target))
        return [[next(changed) for _ in page] for page in pages]

    # ------------------------------------------------------------ related rows

    def _related(self, step: Follow, rows: Rows, wanted: _Wanted) -> list[Rows]:
        """For each row those behind a navigation property, filtered and sorted."""
        name = step.navigation.name
        if rows and all(name in row for row in rows):
            return [self._sifted(_listed(row[name]), wanted) for row in rows]
        pairs = constraint_of(step.navigation)
        if pairs and isinstance(step.target, EntitySet) and not any("/" in name for pair in pairs for name in pair):
            return self._by_constraint(step, step.target, pairs, rows, wanted)
        if isinstance(self.session, Relates):
            found = self.session.related(step.navigation, rows)
            return [self._sifted(group, wanted) for group in found]
        if step.navigation.contains_target:
            return [self._sifted(_listed(row.get(name)), wanted) for row in rows]
        if keeps_links(self.session) and step.target is not None:
            return self._by_links(step.target, [linked_keys(row.get(name + BIND)) for row in rows], wanted)
        raise NotImplementedHere(f"The entities behind '{name}' cannot be found here.", target="$expand")

    def _by_constraint(
        self, step: Follow, target: EntitySet, pairs: Sequence[tuple[str, str]], rows: Rows, wanted: _Wanted
    ) -> list[Rows]:
        here, there = tuple([one for one, _ in pairs]), tuple([other for _, other in pairs])
        read_key, read_own = columns_reader(here), columns_reader(there)
        keys = list(map(read_key, rows))
        asked = dict.fromkeys(keys)
        asked.pop(None, None)  # null relates nothing
        index: dict[Any, list[Row]] = {}
        for some in batched(asked):
            query = Query(target, _and(_is_one_of(target.type, there, some), wanted.filter), wanted.order)
            for row in complete(self.session.select(query), query, self.relations)[0]:
                index.setdefault(read_own(row), []).append(row)
        return [index.get(key, ()) for key in keys]

    def _by_links(self, target: Source, keys: Sequence[Sequence[Any]], wanted: _Wanted) -> list[Rows]:
        """What rows refer to by keys, all of it asked for at once."""
        kind = target.type
        asked = dict.fromkeys([key for group in keys for key in group])
        index: dict[Any, Row] = {}
        for some in batched(asked):
            query = Query(target, None if some == [()] else is_one_of(kind, kind.key, some))
            for row in complete(self.session.select(query), query, self.relations)[0]:
                index[() if some == [()] else kind.key_of(row)] = row
        return [self._sifted([index[key] for key in group if key in index], wanted) for group in keys]

    def _sifted(self, rows: Rows, wanted: _Wanted) -> Rows:
        if wanted.filter is not None:
            holds = compile_filter(wanted.filter, relations=self.relations, kind=wanted.kind)
            rows = list(filter(holds, rows))
        if wanted.order:
            order = (*wanted.order, *key_order(wanted.kind))
            rows = list(compile_order(order, relations=self.relations, kind=wanted.kind)(rows))
        return rows


@record
class _Wanted:
    """What is asked of the related rows, before pages are cut."""

    kind: EntityType
    filter: Bound | None
    order: tuple[Any, ...]


def _wanted(expansion: Expansion) -> _Wanted:
    step, options = expansion.step, expansion.options
    assert isinstance(step, Follow)
    kind, condition = step.navigation.target, options.filter
    if expansion.cast is not None:  # 4.01 Part 2, 5.1.3: only those of the type; a row without one is of the declared
        condition = _and(is_of(expansion.cast.type, expansion.cast.names), condition)
    if step.key is not None:
        parts = zip(kind.key, step.key, strict=True)
        condition = _and(*[Compare("eq", Path((kind.properties[name],)), value) for name, value in parts], condition)
    return _Wanted(kind, condition, options.order)


def _kind(expansion: Expansion) -> EntityType:
    """The type of what is expanded."""
    found = expansion.step.navigation.target if expansion.cast is None else expansion.cast.type  # type: ignore[union-attr]  # a navigation property
    assert isinstance(found, EntityType)
    return found


def _alike(step: Follow, rows: Sequence[Row]) -> list[list[int]]:
    """The places of rows that hold what is asked for, and of those that tell what leads to it.

    What was aggregated away in all others is not there, which is not null (Data Aggregation 4.0, 3.1.1).
    """
    name, pairs = step.navigation.name, constraint_of(step.navigation)
    needed = [here.partition("/")[0] for here, _ in pairs] or [name + BIND]
    holding: list[int] = []
    leading: list[int] = []
    for place, row in enumerate(rows):
        if name in row:
            holding.append(place)
        elif not getattr(row, "is_transient", False) or all(column in row for column in needed):
            leading.append(place)
    return [places for places in (holding, leading) if places]


def _check(options: BoundOptions) -> None:
    if options.apply is not None:
        raise NotImplementedHere("$apply within $expand is not supported.", target="$expand")


def _listed(value: Any) -> Rows:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else [value]


def _and(*conditions: Bound | None) -> Bound | None:
    parts = tuple([condition for condition in conditions if condition is not None])
    return None if not parts else parts[0] if len(parts) == 1 else Logic("and", parts)


def batched(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """As many keys as one question may have, until all were asked for."""
    source = iter(keys)
    while some := list(islice(source, MAX_KEYS)):
        yield some


def _is_one_of(kind: StructuredType, names: Sequence[str], keys: Sequence[Any]) -> Bound:
    """Rows with these values; for several columns, at least those with each value in one of the rows."""
    conditions = []
    columns = [keys] if len(names) == 1 else [dict.fromkeys(column) for column in zip(*keys, strict=True)]
    for name, given in zip(names, columns, strict=True):
        prop = kind.properties[name]
        values = tuple([Constant(value, prop.type) for value in given])
        column = Path((prop,))
        conditions.append(
            Compare("eq", column, values[0]) if len(values) == 1 else In(column, ListOf(values, prop.type))
        )
    found = _and(*conditions)
    assert found is not None, "a referential constraint has a pair"
    return found


def _page(rows: Rows, options: BoundOptions) -> Rows:
    start = options.skip or 0
    return (
        rows[start : None if options.top is None else start + options.top] if start or options.top is not None else rows
    )


def _with_members(
    rows: Rows, groups: Sequence[Rows], pages: Sequence[Rows], step: Follow, expansion: Expansion
) -> list[Row]:
    """The rows with what was found for each: all of it, and the page that is shown."""
    name, number = step.navigation.name, f"{step.navigation.name}{COUNT}"
    if expansion.form is Form.COUNT:
        return [{**row, number: len(group)} for row, group in zip(rows, groups, strict=True)]
    if not step.navigation.is_collection:
        return [{**row, name: page[0] if page else None} for row, page in zip(rows, pages, strict=True)]
    if expansion.options.count:
        found = zip(rows, groups, pages, strict=True)
        return [{**row, number: len(group), name: list(page)} for row, group, page in found]
    return [{**row, name: list(page)} for row, page in zip(rows, pages, strict=True)]


def computed(
    rows: Iterable[Row], options: BoundOptions, kind: EntityType | ComplexType | None, relations: Relations
) -> Iterable[Row]:
    """The rows with what $compute adds (4.01 Part 1, 11.2.5.3), as they are read; later ones may use earlier ones."""
    for item in options.compute:
        rows = map(_adder(item.name, compile_value(item.expression, relations=relations, kind=kind)), rows)
    return rows


def narrows(selection: Selection | None) -> bool:
    """Whether $select asks for a part of collections only."""
    return selection is not None and any(
        member.options is not None or narrows(member.selection) for member in selection.members
    )


def narrowed(rows: Iterable[Row], selection: Selection | None, relations: Relations) -> Iterable[Row]:
    """The rows with no more of their collections than $select asks for (4.01 Part 1, 11.2.5.1), as they are read."""
    for member in selection.members if selection is not None else ():
        if narrows(member.selection):
            raise NotImplementedHere("Options within a selected property are not supported.", target="$select")
        if member.options is not None:
            rows = map(_narrower(member, member.options, relations), rows)
    return rows


def _narrower(member: Selected, options: BoundOptions, relations: Relations) -> Callable[[Row], Row]:
    name, kind = member.name, member.member.type
    if options.compute:
        raise NotImplementedHere("$compute within $select is not supported.", target="$select")
    tests: list[Callable[[Any], Any]] = []
    if options.search is not None:
        tests.append(compile_search(options.search))
    if options.filter is not None:
        tests.append(compile_filter(options.filter, relations=relations, kind=kind))
    order = compile_order(options.order, relations=relations, kind=kind) if options.order else None

    def narrow(row: Row) -> Row:
        if row.get(name) is None:
            return row
        items = [item for item in row[name] if all(test(item) for test in tests)]
        counted = {f"{name}{COUNT}": len(items)} if options.count else {}
        return {**row, **counted, name: list(_page(items if order is None else list(order(items)), options))}

    return narrow


def _adder(name: str, value: Callable[[Row], Any]) -> Callable[[Row], Row]:
    return lambda row: {**row, name: value(row)}


def _stream_reader(session: Reads, expansions: Sequence[Expansion], home: Source | None) -> Callable[[Row], Row]:
    """What puts the contents of streams into a row of a set (4.01 Part 2, 5.1.3)."""
    if home is None or not isinstance(session, Streams) or any(one.path for one in expansions):
        raise NotImplementedHere("These streams cannot be expanded here.", target="$expand")
    names = [one.step.name if isinstance(one.step, Property) else None for one in expansions]
    kind, is_single = home.type, isinstance(home, Singleton)

    def read(row: Row) -> Row:
        key = () if is_single else kind.key_of(row)
        found = {
            (name or "") + MEDIA_CONTENT: session.read_stream(home, key, name)
            for name in names
            if row.get(name or MEDIA_TYPE) is not None
        }
        return {**row, **{name: one.content for name, one in found.items() if one is not None}}

    return read
