# What a backend left undone of a query, done by the reference evaluator: nothing is dropped, nothing is done twice.
# Strategy: filter, order, count, page, each step only where `Answer.done` does not claim it; without a count and with
# the order already made, rows are only read as far as the page goes, and need not be in memory all at once.
# The result of a query is always in a total order: the order asked for, then the key. A backend that claims ORDER
# or PAGE makes this order itself, also where no order is asked for, so that pages never overlap.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from ..edm import EntityType, Singleton
from ..errors import InternalError
from ..query.evaluate import compile_filter, compile_order
from ..query.relations import Relations
from ..query.tree import OrderBy, Path, Source
from .contract import Answer, Done, Query, Reads, Row, keeps_links


def relations_of(session: Reads) -> Relations:
    """How expressions find related rows: a set or singleton that they lead to is read once, as a whole."""

    def read(source: Source) -> Sequence[Row]:
        if isinstance(source, Singleton):
            row = session.get(source, ())
            return () if row is None else (row,)
        everything = Query(source)
        return complete(session.select(everything), everything)[0]

    return Relations(read, keeps_links=keeps_links(session))


def complete(answer: Answer, query: Query, relations: Relations | None = None) -> tuple[Sequence[Row], int | None]:
    """The rows that a query asks for, and the number of matches before skip and top where it asks for that.

    `relations` are for conditions that lead to other rows.
    """
    rows, total = complete_lazily(answer, query, relations)
    return list(rows), total


def complete_lazily(
    answer: Answer, query: Query, relations: Relations | None = None
) -> tuple[Iterable[Row], int | None]:
    """The same; rows are read from the backend when they are asked for, and once only."""
    kind = query.entity_set.type
    if Done.PAGE in answer.done:
        if query.count and answer.total is None:
            raise InternalError(f"The backend paged '{query.entity_set.name}' without giving the total asked for.")
        return answer.rows, answer.total if query.count else None
    rows: Iterable[Row] = answer.rows
    if query.filter is not None and Done.FILTER not in answer.done:
        rows = filter(compile_filter(query.filter, relations=relations, kind=kind), rows)
    if Done.ORDER not in answer.done:
        rows = compile_order(total_order(query), relations=relations, kind=kind)(rows)
    total = None
    if query.count:
        rows = list(rows)
        total = len(rows)
    stop = None if query.top is None else query.skip + query.top
    return islice(rows, query.skip, stop), total


def total_order(query: Query) -> tuple[OrderBy, ...]:
    """The order asked for, then the key ascending: no two rows are equal in it."""
    return (*query.order, *key_order(query.entity_set.type))


def key_order(kind: EntityType) -> tuple[OrderBy, ...]:
    """The key properties in key order, ascending."""
    return tuple(OrderBy(Path(kind.key_paths.get(name) or (kind.properties[name],))) for name in kind.key)  # type: ignore[arg-type]  # a key leads through properties
