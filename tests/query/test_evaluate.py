# The reference evaluator: complete truth tables, comparisons, functions of text, order.

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.edm import EnumType, PrimitiveType, Property, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.errors import BadRequest
from odata_core.query.evaluate import compile_filter, compile_order, compile_value
from odata_core.query.functions import TEXT_FUNCTIONS, WHITE_SPACE
from odata_core.query.tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path
from odata_core.testing.reference import MODEL, exact
from odata_core.testing.strategies import conditions_of, paths_of, tables_of

from .naive import evaluate as evaluate_again
from .naive import number

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TRUE, FALSE, NULL = Constant(True, edm.BOOLEAN), Constant(False, edm.BOOLEAN), Constant(None, None)
VALUES: dict[bool | None, Constant] = {True: TRUE, False: FALSE, None: NULL}


def evaluate(bound: Bound, row: Any = None) -> Any:
    return compile_value(bound)(row or {})


def constant(value: Any) -> Constant:
    kinds = {int: edm.INT32, str: edm.STRING, float: edm.DOUBLE, Decimal: edm.DECIMAL, bool: edm.BOOLEAN}
    return Constant(value, None if value is None else kinds.get(type(value), edm.DATETIME_OFFSET))


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, None, None, True),
        (False, True, False, True),
        (False, False, False, False),
        (False, None, False, None),
        (None, True, None, True),
        (None, False, False, None),
        (None, None, None, None),
    ],
)
def test_and_or(left: bool | None, right: bool | None, conjunction: bool | None, disjunction: bool | None) -> None:
    operands = (VALUES[left], VALUES[right])
    assert evaluate(Logic("and", operands)) is conjunction
    assert evaluate(Logic("or", operands)) is disjunction


@pytest.mark.parametrize(("value", "negated"), [(True, False), (False, True), (None, None)])
def test_not(value: bool | None, negated: bool | None) -> None:
    assert evaluate(Not(VALUES[value])) is negated


@pytest.mark.parametrize(("value", "kept"), [(True, True), (False, False), (None, False)])
def test_a_filter_keeps_what_is_true(value: bool | None, kept: bool) -> None:
    assert compile_filter(VALUES[value])({}) is kept


NAN, INF = float("nan"), float("inf")
COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")


@pytest.mark.parametrize(
    ("left", "right", *COMPARED),
    [
        (1, 1, True, False, False, True, False, True),
        (1, 2, False, True, True, True, False, False),
        (2, 1, False, True, False, False, True, True),
        (1, None, False, True, False, False, False, False),
        (None, 1, False, True, False, False, False, False),
        (None, None, True, False, False, False, False, False),
        ("B", "a", False, True, True, True, False, False),
        ("a", "ä", False, True, True, True, False, False),
        ("\uffff", "😀", False, True, True, True, False, False),
        ("", None, False, True, False, False, False, False),
        (False, True, False, True, True, True, False, False),
        (False, None, False, True, False, False, False, False),
        (NAN, NAN, False, True, False, False, False, False),
        (NAN, 1.0, False, True, False, False, False, False),
        (NAN, None, False, True, False, False, False, False),
        (NAN, Decimal(1), False, True, False, False, False, False),
        (Decimal(1), NAN, False, True, False, False, False, False),
        (Decimal(1), INF, False, True, True, True, False, False),
        (INF, INF, True, False, False, True, False, True),
        (-INF, INF, False, True, True, True, False, False),
        (-0.0, 0.0, True, False, False, True, False, True),
        (Decimal("0.1"), 0.1, False, True, True, True, False, False),
        (Decimal("0.5"), 0.5, True, False, False, True, False, True),
        (Decimal("1.20"), Decimal("1.2"), True, False, False, True, False, True),
        (2**53 + 1, float(2**53), False, True, False, False, True, True),
        (Timestamp(0, 60), Timestamp(0, 0), False, True, True, True, False, False),
        (Timestamp(36_000_000_000, 60), Timestamp(0, 0), True, False, False, True, False, True),
    ],
)
def test_comparisons(left: Any, right: Any, eq: bool, ne: bool, lt: bool, le: bool, gt: bool, ge: bool) -> None:
    found = [evaluate(Compare(operator, constant(left), constant(right))) for operator in COMPARED]
    assert found == [eq, ne, lt, le, gt, ge]
    assert [evaluate(Not(Compare(name, constant(left), constant(right)))) for name in COMPARED] == [
        not value for value in found
    ]


COLOR, RIGHTS = MODEL.types["Reference.Color"], MODEL.types["Reference.Rights"]


@pytest.mark.parametrize(
    ("kind", "left", "operator", "right", "result"),
    [
        (COLOR, "Green", "lt", "Blue", True),
        (COLOR, "Blue", "lt", "Red", True),
        (COLOR, "Red", "eq", "Red", True),
        (COLOR, None, "lt", "Red", False),
        (COLOR, None, "ne", "Red", True),
        (RIGHTS, "Write,Read", "eq", "Read,Write", True),
        (RIGHTS, "Delete", "gt", "Read,Write", True),
    ],
)
def test_enumerations_go_by_number(kind: EnumType, left: Any, operator: str, right: Any, result: bool) -> None:
    path = Path((Property("P", kind),))
    assert evaluate(Compare(operator, path, Constant(right, kind)), {"P": left}) is result


def test_a_path_through_null_is_null() -> None:
    kind = MODEL.entity_set("Products").type
    maker = kind.properties["Maker"]
    path = Path((maker, maker.type.properties["City"]))  # type: ignore[union-attr]
    found = [evaluate(path, {"Maker": value}) for value in (None, {"City": None}, {"City": "Bern"})]
    assert found == [None, None, "Bern"]


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("contains", ("abc", "bc"), True),
        ("contains", ("abc", "BC"), False),
        ("contains", ("abc", ""), True),
        ("startswith", ("abc", "ab"), True),
        ("startswith", ("abc", "bc"), False),
        ("endswith", ("abc", "bc"), True),
        ("endswith", ("abc", "ab"), False),
        ("length", ("",), 0),
        ("length", ("a😀e\u0301",), 4),
        ("indexof", ("😀abcabc", "bc"), 2),
        ("indexof", ("abc", "x"), -1),
        ("indexof", ("abc", ""), 0),
        ("substring", ("abcdef", 2), "cdef"),
        ("substring", ("abcdef", 6), ""),
        ("substring", ("abcdef", 2**31 - 1), ""),
        ("substring", ("abcdef", -2), "ef"),
        ("substring", ("abcdef", -9), "abcdef"),
        ("substring", ("abcdef", 1, 2), "bc"),
        ("substring", ("abcdef", 1, 0), ""),
        ("substring", ("abcdef", 4, 9), "ef"),
        ("substring", ("abcdef", -2, 1), "e"),
        ("substring", ("abcdef", -9, 2), "ab"),
        ("tolower", ("ÄB",), "äb"),
        ("toupper", ("äß",), "ÄSS"),
        ("trim", (" \t\u2003a b\u3000\n",), "a b"),
        ("trim", ("\x1fa\x1c",), "\x1fa\x1c"),
        ("trim", (WHITE_SPACE,), ""),
        ("concat", ("a", "b"), "ab"),
    ],
)
def test_functions(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    def call(*values: Any) -> Any:
        return evaluate(Invoke(name, tuple(map(constant, values)), TEXT_FUNCTIONS[name].result))

    assert exact(call(*arguments)) == exact(result)
    for index in range(len(arguments)):
        assert call(*arguments[:index], None, *arguments[index + 1 :]) is None


def test_a_negative_length_is_refused() -> None:
    call = Invoke("substring", (constant("abc"), constant(0), constant(-1)), edm.STRING)
    with pytest.raises(BadRequest, match="must not be negative"):
        evaluate(call)


@pytest.mark.parametrize("name", TEXT_FUNCTIONS)
def test_rows_of_the_function_table_are_sound(name: str) -> None:
    function = TEXT_FUNCTIONS[name]
    samples: dict[PrimitiveType, Any] = {edm.STRING: "abc", edm.INT32: 1}
    assert function.name == name
    assert name == name.lower()
    assert len({len(signature) for signature in function.signatures}) == len(function.signatures)
    for signature in function.signatures:
        function.result.accept(function.evaluate(*[samples[kind] for kind in signature]))


def naive(bound: Bound, row: Any) -> Any:
    """The value by the second evaluator; a member of an enumeration as its number."""
    return number(bound.type, evaluate_again(bound, row))


@CALM
@given(st.data())
def test_it_agrees_with_the_second_evaluator(data: st.DataObject) -> None:
    kind = MODEL.entity_set(data.draw(st.sampled_from(sorted(MODEL.entity_sets)))).type
    rows = data.draw(tables_of(kind, max_size=2))
    condition = data.draw(conditions_of(kind, rows))
    value, keep = compile_value(condition), compile_filter(condition)
    assert [value(row) for row in rows] == [naive(condition, row) for row in rows]
    assert [keep(row) for row in rows] == [naive(condition, row) is True for row in rows]


# Order


def ordered(kind: PrimitiveType | EnumType, values: list[Any], *, descending: bool = False) -> list[Any]:
    key = OrderBy(Path((Property("P", kind),)), descending)
    return [row["P"] for row in compile_order((key,))({"P": value} for value in values)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (edm.INT32, [None, -1, 0, 5]),
        (edm.STRING, [None, "", "B", "a", "ab", "ä", "\uffff", "😀"]),
        (edm.BOOLEAN, [None, False, True]),
        (edm.DOUBLE, [None, NAN, -INF, -1.0, 0.0, 1.5, INF]),
        (edm.DECIMAL, [None, Decimal("-1"), Decimal("0.1"), Decimal("0.11")]),
        (edm.GUID, [None, UUID(int=1), UUID(int=2**127)]),
        (edm.DATETIME_OFFSET, [None, Timestamp(0, 60), Timestamp(0, 0), Timestamp(0, -60)]),
        (edm.TIME_OF_DAY, [None, TimeOfDay(0), TimeOfDay(1)]),
        (edm.BINARY, [None, b"", b"\x00", b"\xff"]),
        (COLOR, [None, "Green", "Blue", "Red"]),
    ],
    ids=str,
)
def test_order_of_values(kind: Any, values: list[Any]) -> None:
    expected = [exact(value) for value in values]
    for start in range(len(values)):
        shuffled = values[start:] + values[:start]
        assert [exact(value) for value in ordered(kind, shuffled)] == expected
        assert [exact(value) for value in ordered(kind, shuffled, descending=True)] == expected[::-1]


@CALM
@given(st.data())
def test_order_is_total_stable_and_nulls_first(data: st.DataObject) -> None:
    kind = MODEL.entity_set("Everything").type
    rows = data.draw(tables_of(kind, max_size=4))
    keys = data.draw(st.lists(st.builds(OrderBy, st.sampled_from(paths_of(kind)), st.booleans()), max_size=3))
    found = compile_order(tuple(keys))(rows)
    assert sorted(map(id, found)) == sorted(map(id, rows))
    places = {id(row): place for place, row in enumerate(rows)}
    for one, other in pairwise(found):
        assert in_order(one, other, keys, places[id(one)] < places[id(other)])


def in_order(one: Any, other: Any, keys: list[OrderBy], came_first: bool) -> bool:
    for key in keys:
        left, right = naive(key.expression, one), naive(key.expression, other)
        ranks = [0 if value is None else 1 if value != value else 2 for value in (left, right)]
        if ranks[0] == ranks[1] and (ranks[0] < 2 or left == right):
            continue
        ascending = ranks[0] < ranks[1] or (ranks == [2, 2] and left < right)
        return ascending is not key.descending
    return came_first


def test_sorting_leaves_the_rows_as_they_are() -> None:
    rows = [{"P": 2}, {"P": 1}]
    assert compile_order((OrderBy(Path((Property("P", edm.INT32),))),))(rows) == [{"P": 1}, {"P": 2}]
    assert rows == [{"P": 2}, {"P": 1}]
