# Completion: whatever part of a query a backend has done, the result is the same; and nothing is done twice.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.backend import Answer, Done, Query, Row
from odata_core.backend.completion import complete, total_order
from odata_core.edm import PrimitiveType, Property
from odata_core.edm import primitives as edm
from odata_core.errors import InternalError
from odata_core.query.evaluate import compile_filter, compile_order
from odata_core.query.tree import Compare, Constant, OrderBy, Path
from odata_core.testing.reference import MODEL, ROWS, exact
from odata_core.testing.strategies import queries_of

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRODUCTS = MODEL.entity_set("Products")
ORDERED_KEYS = [-9, 1, 2, 3, 4, 5, 6, 7, 8]


def path(name: str) -> Path:
    return Path((PRODUCTS.type.properties[name],))


def compare(operator: str, name: str, value: Any, kind: PrimitiveType = edm.INT32) -> Compare:
    return Compare(operator, path(name), Constant(value, kind))


def keys(rows: Any) -> list[int]:
    return [row["ID"] for row in rows]


# Each query with its keys and total, and with them what a backend gets that claims a part without doing it: the
# rows as they are stored then show that the part is not done again.
STORED = keys(ROWS["Products"])
IN_STOCK = compare("eq", "Stock", 5)


@pytest.mark.parametrize(
    ("query", "done", "found", "total"),
    [
        (Query(PRODUCTS), Done.NOTHING, ORDERED_KEYS, None),
        (Query(PRODUCTS, count=True), Done.NOTHING, ORDERED_KEYS, 9),
        (Query(PRODUCTS, filter=IN_STOCK, count=True), Done.NOTHING, [4, 7, 8], 3),
        (Query(PRODUCTS, filter=IN_STOCK, skip=1, top=1, count=True), Done.NOTHING, [7], 3),
        (Query(PRODUCTS, filter=IN_STOCK, skip=1, top=1), Done.NOTHING, [7], None),
        (Query(PRODUCTS, skip=7), Done.NOTHING, [7, 8], None),
        (Query(PRODUCTS, skip=99, top=1, count=True), Done.NOTHING, [], 9),
        (Query(PRODUCTS, top=0, count=True), Done.NOTHING, [], 9),
        (Query(PRODUCTS, order=(OrderBy(path("Stock"), True),)), Done.NOTHING, [4, 7, 8, -9, 1, 2, 5, 6, 3], None),
        (Query(PRODUCTS, filter=IN_STOCK, top=2, count=True), Done.FILTER, [-9, 1], 9),
        (Query(PRODUCTS, filter=IN_STOCK, count=True), Done.ORDER, [7, 4, 8], 3),
        (Query(PRODUCTS, filter=IN_STOCK, top=2), Done.ORDER, [7, 4], None),
        (Query(PRODUCTS, filter=IN_STOCK, skip=1, top=2), Done.FILTER | Done.ORDER, STORED[1:3], None),
        (Query(PRODUCTS, filter=IN_STOCK, skip=1, top=2), Done.PAGE, STORED, None),
    ],
)
def test_what_is_undone_is_done_and_no_more(query: Query, done: Done, found: list[int], total: int | None) -> None:
    rows, counted = complete(Answer(iter(ROWS["Products"]), done), query)
    assert (keys(rows), counted) == (found, total)


@CALM
@given(st.data())
def test_any_share_of_the_work_gives_the_same_result(data: st.DataObject) -> None:
    entity_set = MODEL.entity_set(data.draw(st.sampled_from(sorted(ROWS))))
    rows = data.draw(st.permutations(ROWS[entity_set.name]))
    query = data.draw(queries_of(entity_set, rows))
    answers = [Answer(list(rows))]
    matches = [row for row in rows if query.filter is None or compile_filter(query.filter)(row)]
    in_order = compile_order(total_order(query))
    stop = None if query.top is None else query.skip + query.top
    answers.append(Answer(matches, Done.FILTER))
    answers.append(Answer(in_order(rows), Done.ORDER))
    answers.append(Answer(in_order(matches), Done.FILTER | Done.ORDER))
    answers.append(Answer(in_order(matches)[query.skip : stop], Done.PAGE, len(matches)))
    first, *others = [exact(complete(answer, query)) for answer in answers]
    assert others == [first] * 4


def test_a_page_without_the_total_asked_for_is_an_error() -> None:
    with pytest.raises(InternalError, match="'Products' without giving the total"):
        complete(Answer([], Done.PAGE), Query(PRODUCTS, count=True))


def test_a_total_that_nobody_asked_for_is_not_told() -> None:
    assert complete(Answer([], Done.PAGE, 5), Query(PRODUCTS)) == ([], None)


def test_rows_in_order_are_read_as_far_as_the_page_goes() -> None:
    read = []

    def rows() -> Any:
        for row in ROWS["Products"]:
            read.append(row)
            yield row

    complete(Answer(rows(), Done.ORDER), Query(PRODUCTS, skip=1, top=2))
    assert len(read) == 3


def test_the_order_of_a_query_ends_in_its_key() -> None:
    lines = MODEL.entity_set("Lines")
    by_amount = OrderBy(Path((lines.type.properties["Amount"],)), True)
    order = total_order(Query(lines, order=(by_amount,)))
    assert [
        (item.expression.steps[0].name, item.descending)
        for item in order
        if isinstance(item.expression, Path) and isinstance(item.expression.steps[0], Property)
    ] == [
        ("Amount", True),
        ("Order", False),
        ("Text", False),
    ]


def test_a_row_is_handed_on_and_not_copied() -> None:
    rows: list[Row] = ROWS["Lines"]
    found, _ = complete(Answer(rows, Done.PAGE), Query(MODEL.entity_set("Lines")))
    assert all(one is other for one, other in zip(found, rows, strict=True))
