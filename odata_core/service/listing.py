# Collections with options: which rows a request gets, in which order, how many there are, and where the rest is.
# Strategy: what a backend can do by itself goes to it as one query; what changes rows first ($apply, $compute, $search)
# takes all of them, and the reference evaluator does the rest. The steps are those of 4.01 Part 1, 11.2.1, in order.
# Pages are cut by keys, never by position: a skip token says behind which row the next page begins, so rows that come
# and go elsewhere are neither doubled nor skipped.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from ..backend import Query, Reads, Row
from ..backend.completion import complete_lazily, key_order
from ..backend.expanding import Expander, computed, narrowed, narrows
from ..edm import EntityType
from ..limits import Limits
from ..query.conditions import both
from ..query.evaluate import Relations, compile_filter, compile_order
from ..query.options import BoundOptions
from ..query.search import compile_search
from ..query.transform import compile_apply
from ..query.tree import OrderBy, Source
from ..records import record
from .etags import tagged
from .finding import Many
from .paging import after, token_of

_BATCH: Final = 2_000  # rows that are expanded at once

Rows = TypeVar("Rows", bound=Iterable[Any])


@record
class Page(Generic[Rows]):
    """Rows of a collection, the number of all that match where that is asked, and the token of the next page."""

    rows: Rows
    total: int | None = None
    next_token: str | None = None


@record
class Lister:
    """Lists collections in one session. `size` is the largest page, None for no paging by the server."""

    session: Reads
    relations: Relations
    limits: Limits
    size: int | None = None

    def page(self, many: Many, options: BoundOptions) -> Page[list[Any]]:
        """The rows that the options ask for, with what they expand."""
        found = self.feed(many, options)
        return Page(list(found.rows), found.total, found.next_token)

    def feed(self, many: Many, options: BoundOptions) -> Page[Iterable[Any]]:
        """The same, but rows are read when they are asked for, where nothing needs all of them at once, and once."""
        if many.is_empty:
            return Page([], 0 if options.count else None)
        identity = () if options.apply is not None else many.identity or _key(many.type)
        size = self.size if identity else None
        limit = options.top if size is None or (options.top is not None and options.top <= size) else size + 1
        order = options.order if size is None else (*options.order, *identity)
        rows, total = self._rows(many, options if size is None else replace(options, top=limit, order=order))
        token = None
        if size is not None and limit == size + 1:
            rows = list(rows)
            if len(rows) > size:
                rows = rows[:size]
                token = token_of(rows[-1], order, many.type, self.relations)
        if _changes(options):
            rows = tagged(rows, many.source)
        if narrows(options.select):
            rows = narrowed(rows, options.select, self.relations)
        return Page(self._expanded(rows, options, many.source) if options.expand else rows, total, token)

    def completed(self, row: Row, kind: Any, options: BoundOptions, home: Source | None) -> Row:
        """A single row of a type, perhaps of a set, with what $compute adds and $expand includes."""
        rows: Iterable[Row] = tagged([row], home) if _changes(options) else [row]
        if options.compute or options.select is not None:
            rows = narrowed(computed(rows, options, kind, self.relations), options.select, self.relations)
        (found,) = self._expanded(rows, options, home) if options.expand else rows
        return found

    def _expanded(self, rows: Iterable[Row], options: BoundOptions, home: Source | None) -> Iterator[Row]:
        """Batch by batch. What cannot be expanded is refused where there are no rows, too."""
        expander, source = Expander(self.session, self.relations, self.limits), iter(rows)
        batch = list(islice(source, _BATCH))
        while True:
            yield from expander.expand(batch, options.expand, home)
            batch = list(islice(source, _BATCH))
            if not batch:
                return

    def count(self, many: Many, options: BoundOptions) -> int:
        """How many items match."""
        wanted = replace(options, top=0, skip=None, count=True, order=(), expand=())
        return self.page(many, wanted).total or 0

    def _rows(self, many: Many, options: BoundOptions) -> tuple[Iterable[Any], int | None]:
        if options.skiptoken is not None:
            return self._rest(many, options, options.skiptoken)
        if many.rows is None and not (options.apply or options.compute or options.search):
            assert many.source is not None, "what is not at hand is stored somewhere"
            condition = both(*many.conditions, options.filter)
            query = Query(many.source, condition, options.order, options.skip or 0, options.top, options.count)
            return complete_lazily(self.session.select(query), query, self.relations)
        return self._evaluated(many, options)

    def _rest(self, many: Many, options: BoundOptions, token: str) -> tuple[Iterable[Any], int | None]:
        """What comes behind a token; the count is that of everything all the same."""
        total = self.count(many, replace(options, skiptoken=None)) if options.count else None
        condition = both(options.filter, after(token, options.order))
        wanted = replace(options, filter=condition, skip=None, skiptoken=None, count=False)
        return self._rows(many, wanted)[0], total

    def _evaluated(self, many: Many, options: BoundOptions) -> tuple[Iterable[Any], int | None]:
        kind: Any = many.type
        rows: Iterable[Any] = self._everything(many)
        if options.apply is not None:
            rows, kind = compile_apply(options.apply, relations=self.relations)(rows), None
        if options.compute:
            rows = computed(rows, options, kind, self.relations)
        if options.search is not None:
            rows = filter(compile_search(options.search), rows)
        if options.filter is not None:
            rows = filter(compile_filter(options.filter, relations=self.relations, kind=kind), rows)
        total = None
        if options.count:
            rows = list(rows)
            total = len(rows)
        if options.order:
            rows = compile_order(options.order, relations=self.relations, kind=kind)(rows)
        start = options.skip or 0
        return islice(rows, start, None if options.top is None else start + options.top), total

    def _everything(self, many: Many) -> Iterable[Any]:
        condition = both(*many.conditions)
        if many.rows is None:
            assert many.source is not None, "what is not at hand is stored somewhere"
            query = Query(many.source, condition)
            return complete_lazily(self.session.select(query), query, self.relations)[0]
        if condition is None:
            return many.rows
        return filter(compile_filter(condition, relations=self.relations, kind=many.type), many.rows)


def _key(kind: Any) -> tuple[OrderBy, ...]:
    """What tells entities apart; nothing for those without a key, and for values."""
    return key_order(kind) if isinstance(kind, EntityType) else ()


def _changes(options: BoundOptions) -> bool:
    """Whether $select and $expand leave rows whose own state cannot be told from them any more."""
    return narrows(options.select) or any(expansion.path for expansion in options.expand)
