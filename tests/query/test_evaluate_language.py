# The evaluator beyond comparisons and logic: membership, flags, lambdas, paths, casts, dynamic values, aggregates.

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from odata_core.edm import EnumType, Operation, PrimitiveType, Property, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.edm.container import ReturnType
from odata_core.edm.types import StructuredType
from odata_core.errors import BadRequest, NotImplementedHere
from odata_core.query import evaluate
from odata_core.query.evaluate import Relations, compile_filter, compile_order, compile_program, compile_value
from odata_core.query.tree import (
    UNTYPED,
    Aggregated,
    Arithmetic,
    Bound,
    Call,
    Case,
    Cast,
    Compare,
    Constant,
    Convert,
    Count,
    Dynamic,
    Filtered,
    Follow,
    Has,
    In,
    Invoke,
    IsOf,
    ListOf,
    Logic,
    Negate,
    Not,
    OrderBy,
    Path,
    Quantifier,
    RecordOf,
    ValueType,
    Variable,
)
from odata_core.testing.expression_rows import ITEM, MODEL, names_of
from odata_core.uri.literals_v4 import Unreadable
from odata_core.uri.syntax import SearchTerm

ADDRESS, ABROAD, SPECIAL = MODEL.types["Trial.Address"], MODEL.types["Trial.Abroad"], MODEL.types["Trial.Special"]
COLOR, RIGHTS = MODEL.types["Trial.Color"], MODEL.types["Trial.Rights"]
assert isinstance(COLOR, EnumType)
assert isinstance(RIGHTS, EnumType)
A_COLOR, SOME_RIGHTS = Path((Property("P", COLOR),)), Path((Property("P", RIGHTS),))
KINDS: dict[type, PrimitiveType] = {
    int: edm.INT32,
    float: edm.DOUBLE,
    Decimal: edm.DECIMAL,
    str: edm.STRING,
    bool: edm.BOOLEAN,
    bytes: edm.BINARY,
    date: edm.DATE,
    Timestamp: edm.DATETIME_OFFSET,
}
NAN = float("nan")


def const(value: Any, kind: ValueType | None = None, origin: int = -1) -> Constant:
    return Constant(value, kind or KINDS.get(type(value)), origin=origin)


def listed(*values: Any, kind: ValueType | None = None) -> ListOf:
    items = tuple([const(value, kind if value is not None else None) for value in values])
    return ListOf(items, kind or next((item.type for item in items if item.type is not None), None))


def path(*names: str, start: Any = None) -> Path:
    """A path from an item, or from a variable, by the names of its members."""
    kind: Any = ITEM if start is None else start.type
    steps: list[Any] = []
    for name in names:
        if name in kind.navigation:
            step: Any = Follow(kind.navigation[name])
        else:
            step = kind.properties.get(name) or Dynamic(name)
        steps.append(step)
        kind = step.type
    return Path(tuple(steps), start)


def ask(bound: Bound, row: Any = None, relations: Relations | None = None) -> Any:
    return compile_value(bound, kind=ITEM, relations=relations)(row or {})


def test_every_class_of_the_tree_has_a_compiler() -> None:
    assert set(evaluate._HANDLERS) == set(get_args(Bound))


# Membership and flags


@pytest.mark.parametrize(
    ("value", "items", "found"),
    [
        (1, (1, 2), True),
        (3, (1, 2), False),
        (1, (), False),
        (None, (1, None), True),
        (None, (1,), False),
        (1, (None,), False),
        (NAN, (NAN, 1.0), False),
        (1.0, (NAN, 1.0), True),
        (Decimal("0.5"), (0.5,), True),
        (Decimal("0.1"), (0.1,), False),
        (2**53 + 1, (float(2**53),), False),
        ("a", ("A", "a"), True),
        (Timestamp(36_000_000_000, 60), (Timestamp(0, 0),), True),
    ],
)
def test_in(value: Any, items: tuple[Any, ...], found: bool) -> None:
    assert ask(In(const(value), listed(*items))) is found
    # The same with items that are no constants.
    assert (
        ask(In(const(value), ListOf(tuple([Case(((const(True), const(item)),), None) for item in items]), None)))
        is found
    )
    # And with a collection of the row.
    kind = next((KINDS[type(item)] for item in items if item is not None), edm.INT32)
    numbers = Path((Property("P", kind, is_collection=True),))
    assert ask(In(const(value), numbers), {"P": list(items)}) is found


def test_in_with_members_of_an_enumeration() -> None:
    flags = In(SOME_RIGHTS, listed("Read,Write", "Delete", kind=RIGHTS))
    assert [ask(flags, {"P": value}) for value in ("Write,Read", "Delete", "Read", None)] == [True, True, False, False]


def test_in_a_collection_that_is_null() -> None:
    assert ask(In(const(None), path("Home", "Extra")), {"Home": None}) is False


def test_lists_in_lists() -> None:
    pair = ListOf((path("String"), path("Int32")), UNTYPED)
    pairs = ListOf((listed("a", 1), listed("b", 2)), UNTYPED)
    found = [ask(In(pair, pairs), {"String": text, "Int32": number}) for text, number in (("a", 1), ("a", 2), ("b", 2))]
    assert found == [True, False, True]


@pytest.mark.parametrize(
    ("value", "flags", "found"),
    [
        ("Read,Write", "Read", True),
        ("Read,Write", "Write,Read", True),
        ("Read", "Read,Write", False),
        ("Read", "8", False),
        ("8", "8", True),
        (None, "Read", None),
        ("Read", None, None),
        (None, None, None),
    ],
)
def test_has(value: Any, flags: Any, found: Any) -> None:
    assert ask(Has(const(value, RIGHTS), const(flags, RIGHTS))) is found


def test_has_with_dynamic_values() -> None:
    has = Has(path("Extra"), const("Read", RIGHTS))
    assert [ask(has, {"Extra": value}) for value in ("Read,Write", "Write", "x", 1, None)] == [
        *(True, False, None, None, None)
    ]


# Lambdas

X = Variable("x", 4, edm.INT32)
POSITIVE = Compare("gt", Path((), X), const(0))


@pytest.mark.parametrize(
    ("numbers", "any_item", "any_positive", "all_positive"),
    [
        ([], False, False, True),
        (None, False, False, True),
        ([1], True, True, True),
        ([0], True, False, False),
        ([0, 1], True, True, False),
        ([None], True, False, False),
        ([None, 1], True, True, False),
    ],
)
def test_any_and_all(numbers: Any, any_item: bool, any_positive: bool, all_positive: bool) -> None:
    row = {"Numbers": numbers}
    assert ask(Quantifier("any", path("Numbers")), row) is any_item
    assert ask(Quantifier("any", path("Numbers"), X, POSITIVE), row) is any_positive
    assert ask(Quantifier("all", path("Numbers"), X, POSITIVE), row) is all_positive


def test_a_condition_that_is_null_is_not_true() -> None:
    unknown = Logic("and", (const(None), const(True)))
    row = {"Numbers": [1]}
    assert ask(Quantifier("any", path("Numbers"), X, unknown), row) is False
    assert ask(Quantifier("all", path("Numbers"), X, unknown), row) is False


def test_lambdas_within_lambdas_see_outer_variables_and_the_row() -> None:
    part, inner = Variable("p", 4, ITEM), Variable("n", 5, edm.INT32)
    same = Logic(
        "and",
        (
            Compare("eq", Path((), inner), path("Int32", start=part)),
            Compare("eq", path("ID"), path("ID", start=part)),
        ),
    )
    numbers = Quantifier("any", path("Numbers", start=part), inner, same)
    found = Quantifier("any", path("Parts"), part, numbers)
    parts = [{"ID": 1, "Int32": 5, "Numbers": [4]}, {"ID": 2, "Int32": 7, "Numbers": [6, 7]}]
    assert [ask(found, {"ID": number, "Parts": parts}) for number in (1, 2)] == [False, True]


def test_it_is_the_row_at_hand_or_the_one_given() -> None:
    it = Variable("$it", 1, ITEM)
    condition = Compare("eq", path("Int32"), path("Int32", start=it))
    within = Count(path("Parts"), condition)
    row = {"Int32": 1, "Parts": [{"Int32": 1}, {"Int32": 2}, {"Int32": 1}]}
    assert ask(within, row) == 2
    program = compile_program(condition, kind=ITEM, is_condition=True)
    assert [program.run(it={"Int32": 2})(part) for part in row["Parts"]] == [False, True, False]  # type: ignore[attr-defined]


def test_the_row_at_hand_comes_back_after_a_collection() -> None:
    counted = Count(path("Parts"), Compare("gt", path("Int32"), const(1)))
    both = Logic("and", (Compare("eq", counted, const(1)), Compare("eq", path("Int32"), const(0))))
    assert ask(both, {"Int32": 0, "Parts": [{"Int32": 2}, {"Int32": 1}]}) is True


# Paths

CITY = path("Home", "City")


def test_paths_through_null_and_what_is_not_there() -> None:
    rows: list[Any] = [{"Home": {"City": "Bern"}}, {"Home": {"City": None}}, {"Home": None}, {"Home": {}}, {}]
    assert [ask(CITY, row) for row in rows] == ["Bern", None, None, None, None]


def test_steps_behind_a_collection_flatten() -> None:
    row = {
        "Parts": [
            {"ID": 1, "Numbers": [1, 2], "Owner": {"ID": 8}, "Home": {"City": "a"}},
            {"ID": 2, "Numbers": [], "Owner": None, "Home": None},
            {"ID": 3, "Numbers": [3], "Owner": {"ID": 9}, "Home": {"City": None}},
        ]
    }
    assert ask(path("Parts", "ID"), row) == [1, 2, 3]
    assert ask(path("Parts", "Numbers"), row) == [1, 2, 3]
    assert ask(path("Parts", "Owner"), row) == [{"ID": 8}, {"ID": 9}]  # "contributes nothing" where nobody is related
    assert ask(path("Parts", "Home", "City"), row) == ["a", None, None]
    assert ask(Count(path("Parts", "Owner")), row) == 2


def test_dynamic_properties() -> None:
    inner = Path((Dynamic("Extra"), Dynamic("deep")))
    rows: list[Any] = [{"Extra": {"deep": 5}}, {"Extra": {}}, {"Extra": 5}, {"Extra": [1]}, {"Extra": "deep"}, {}]
    assert [ask(inner, row) for row in rows] == [5, None, None, None, None, None]


def cast_to(kind: Any) -> Cast:
    return Cast(kind, names_of(kind))


def test_type_casts_by_the_member_that_tells_the_type() -> None:
    bonus = Path((cast_to(SPECIAL), SPECIAL.properties["Bonus"]))  # type: ignore[union-attr]
    special = {"@odata.type": "Trial.Special", "Bonus": 5}
    assert [ask(bonus, row) for row in (special, {"Bonus": 5}, {"@odata.type": "Trial.Other", "Bonus": 5})] == [
        *(5, None, None)
    ]
    assert ask(Path((Follow(ITEM.navigation["Parts"]), cast_to(SPECIAL))), {"Parts": [special, {}, special]}) == [
        *(special, special)
    ]
    # A row that tells nothing is of the declared type, to which every row can be cast.
    assert ask(Path((cast_to(ITEM), ITEM.properties["Int32"])), {"Int32": 5}) == 5
    assert ask(IsOf(None, ITEM, names_of(ITEM)), {}) is True
    assert ask(IsOf(None, SPECIAL, names_of(SPECIAL)), {}) is False  # type: ignore[arg-type,unused-ignore]
    assert ask(IsOf(None, SPECIAL, names_of(SPECIAL)), special) is True  # type: ignore[arg-type,unused-ignore]
    home = IsOf(path("Home"), ABROAD, names_of(ABROAD))  # type: ignore[arg-type,unused-ignore]
    assert [ask(home, {"Home": value}) for value in (None, {}, {"@odata.type": "Trial.Abroad"})] == [False, False, True]


# Equality of structured values


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"City": "a", "Zip": None}, {"City": "a"}, True),
        ({"City": "a", "Zip": 1}, {"City": "a", "Zip": 1}, True),
        ({"City": "a", "Zip": 1}, {"City": "a", "Zip": 2}, False),
        ({"City": "a"}, {"City": "a", "x": 1}, False),
        ({"City": "a", "@odata.type": "Trial.Address"}, {"City": "a"}, True),
        ({"City": "a", "@odata.type": "Trial.Abroad"}, {"City": "a"}, False),
        ({"City": "a", "note@x.y": 1}, {"City": "a"}, True),
        ({"x": NAN}, {"x": NAN}, False),
        ({"x": True}, {"x": 1}, False),
        ({"x": [1, {"y": 2}]}, {"x": [1.0, {"y": Decimal(2)}]}, True),
        (None, {}, False),
        (None, None, True),
    ],
)
def test_complex_values(left: Any, right: Any, same: bool) -> None:
    home = path("Home")
    other = Path((ITEM.properties["Home"],), Variable("y", 1, ITEM))
    program = compile_program(Compare("eq", home, other), kind=ITEM)
    assert program.run(it={"Home": right})({"Home": left}) is same


def test_entities_are_the_same_by_their_key() -> None:
    same = Compare("eq", path("Owner"), Path((Follow(ITEM.navigation["Owner"]), Follow(ITEM.navigation["Owner"]))))
    assert ask(same, {"Owner": {"ID": 1, "Int32": 1, "Owner": {"ID": 1, "Int32": 2}}}) is True
    assert ask(same, {"Owner": {"ID": 1, "Owner": {"ID": 2}}}) is False
    assert ask(same, {"Owner": {"ID": 1, "Owner": None}}) is False
    assert ask(same, {"Owner": None}) is True
    assert ask(Compare("eq", path("Owner"), const(None)), {"Owner": None}) is True


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ([], [], True),
        ([None], [None], True),
        ([NAN], [NAN], False),
        (None, [], False),
    ],
)
def test_collections_are_equal_in_their_order(left: Any, right: Any, same: bool) -> None:
    one = Path((Property("A", edm.DOUBLE, is_collection=True),))
    other = Path((Property("B", edm.DOUBLE, is_collection=True),))
    row = {"A": left, "B": right}
    assert ask(Compare("eq", one, other), row) is same
    assert ask(Compare("ne", one, other), row) is not same


# Dynamic values

EXTRA = path("Extra")


@pytest.mark.parametrize(
    ("value", "other", "eq", "less"),
    [
        (1, 1, True, False),
        (1, 2.5, False, True),
        (1, True, False, False),
        (True, True, True, False),
        (False, True, False, True),
        ("a", "b", False, True),
        ("1", 1, False, False),
        (None, 1, False, False),
        ([1], 1, False, False),
        ({"a": 1}, "a", False, False),
        (date(2024, 1, 1), Timestamp(0, 0), False, False),
        (NAN, 1.0, False, False),
        (Decimal("1.0"), 1, True, False),
    ],
)
def test_dynamic_values_compare_within_their_kind(value: Any, other: Any, eq: bool, less: bool) -> None:
    row = {"Extra": value}
    assert ask(Compare("eq", EXTRA, const(other)), row) is eq
    assert ask(Compare("ne", EXTRA, const(other)), row) is not eq
    assert ask(Compare("lt", EXTRA, const(other)), row) is less
    assert ask(Compare("gt", const(other), EXTRA), row) is less
    assert ask(In(EXTRA, listed(other, None, "z")), row) is (eq or value is None)


def test_dynamic_values_beside_an_enumeration() -> None:
    same = Compare("eq", EXTRA, const("Write,Read", RIGHTS))
    assert [ask(same, {"Extra": value}) for value in ("Read,Write", "Read", "x", 3)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("bound", "value", "result"),
    [
        (Invoke("tolower", (EXTRA,), edm.STRING), "A", "a"),
        (Invoke("tolower", (EXTRA,), edm.STRING), 5, None),
        (Invoke("length", (EXTRA,), edm.INT32), "abc", 3),
        (Invoke("length", (EXTRA,), edm.INT32), [1, 2], 2),
        (Invoke("length", (EXTRA,), edm.INT32), {"a": 1}, None),
        (Invoke("round", (EXTRA,), edm.DOUBLE), 2, 2.0),
        (Invoke("round", (EXTRA,), edm.DOUBLE), Decimal("2.5"), Decimal(3)),
        (Invoke("contains", (EXTRA, const("b")), edm.BOOLEAN), "abc", True),
        (Invoke("contains", (EXTRA, const("b")), edm.BOOLEAN), None, None),
        (Invoke("contains", (EXTRA, listed(1)), edm.BOOLEAN), [True, 1], True),
        (Invoke("contains", (EXTRA, listed(1)), edm.BOOLEAN), [True], False),
        (Arithmetic("add", EXTRA, const(1), UNTYPED), 2, 3),
        (Arithmetic("add", EXTRA, const(1), UNTYPED), 2.5, 3.5),
        (Arithmetic("add", EXTRA, const(1), UNTYPED), "2", None),
        (Arithmetic("add", EXTRA, const(1), UNTYPED), True, None),
        (Arithmetic("add", EXTRA, const(1), UNTYPED), 2**70, None),
        (Negate(EXTRA, UNTYPED), 5, -5),
        (Negate(EXTRA, UNTYPED), "5", None),
        (Not(EXTRA), True, False),
        (Not(EXTRA), 1, None),
        (Logic("or", (EXTRA, const(False))), "true", None),
        (Convert(EXTRA, edm.STRING), 5, "5"),
        (Convert(EXTRA, edm.INT32), "5", 5),
        (Convert(EXTRA, edm.INT32), [5], None),
        (Quantifier("any", EXTRA), [0], True),
        (Quantifier("any", EXTRA), 5, False),
        (Count(EXTRA), [1, 2], 2),
        (Count(EXTRA), "ab", 0),
    ],
)
def test_dynamic_values_where_types_matter(bound: Bound, value: Any, result: Any) -> None:
    found = ask(bound, {"Extra": value})
    assert (type(found), found) == (type(result), result)


def test_a_filter_by_a_dynamic_value() -> None:
    keep = compile_filter(EXTRA)
    assert [keep({"Extra": value}) for value in (True, False, None, 1, "true")] == [True, False, False, False, False]


def test_dynamic_values_are_sorted_by_kind() -> None:
    values: list[Any] = [None, False, True, NAN, -1, 0.5, Decimal(2), "a", "b", date.min, b"\0"]
    order = compile_order((OrderBy(EXTRA),))
    rows = [{"Extra": value} for value in values[::-1]]
    assert [str(row["Extra"]) for row in order(rows)] == [str(value) for value in values]
    assert [str(row["Extra"]) for row in compile_order((OrderBy(EXTRA, True),))(rows)] == list(map(str, values[::-1]))


# Casts


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        # 1: null
        (None, edm.STRING, edm.INT32, None),
        # 2: text as in payloads
        (True, edm.BOOLEAN, edm.STRING, "true"),
        (-5, edm.INT64, edm.STRING, "-5"),
        (1.5, edm.DOUBLE, edm.STRING, "1.5"),
        (float("-inf"), edm.DOUBLE, edm.STRING, "-INF"),
        (NAN, edm.DOUBLE, edm.STRING, "NaN"),
        (Decimal("1E+2"), edm.DECIMAL, edm.STRING, "100"),
        (Decimal("1.20"), edm.DECIMAL, edm.STRING, "1.20"),
        (b"\xff\x00", edm.BINARY, edm.STRING, "_wA"),
        (date(2024, 2, 29), edm.DATE, edm.STRING, "2024-02-29"),
        (Timestamp(1, 60), edm.DATETIME_OFFSET, edm.STRING, "0001-01-01T00:00:00.0000001+01:00"),
        (TimeOfDay(10_000_000), edm.TIME_OF_DAY, edm.STRING, "00:00:01"),
        ("Read,Write", RIGHTS, edm.STRING, "Read,Write"),
        (
            {"type": "Point", "coordinates": [1, 2.5]},
            edm.PRIMITIVE_TYPES["Edm.GeographyPoint"],
            edm.STRING,
            "SRID=4326;Point(1 2.5)",
        ),
        # 3: text of a literal
        ("true", edm.STRING, edm.BOOLEAN, True),
        ("yes", edm.STRING, edm.BOOLEAN, None),
        ("-5", edm.STRING, edm.INT32, -5),
        ("5.0", edm.STRING, edm.INT32, None),
        ("1_000", edm.STRING, edm.INT32, None),
        ("300", edm.STRING, edm.BYTE, None),
        ("1e2", edm.STRING, edm.DOUBLE, 100.0),
        ("INF", edm.STRING, edm.DOUBLE, float("inf")),
        ("1e999", edm.STRING, edm.DOUBLE, None),
        ("0.10", edm.STRING, edm.DECIMAL, Decimal("0.10")),
        ("2024-02-30", edm.STRING, edm.DATE, None),
        ("2024-02-29", edm.STRING, edm.DATE, date(2024, 2, 29)),
        ("00:00:01", edm.STRING, edm.TIME_OF_DAY, TimeOfDay(10_000_000)),
        ("_wA", edm.STRING, edm.BINARY, b"\xff\x00"),
        ("Blue", edm.STRING, COLOR, "Blue"),
        ("2", edm.STRING, COLOR, "Blue"),
        ("Pink", edm.STRING, COLOR, None),
        ("", edm.STRING, edm.GUID, None),
        ("Point(1 2)", edm.STRING, edm.PRIMITIVE_TYPES["Edm.GeographyPolygon"], None),
        # 4: numbers
        (2.5, edm.DOUBLE, edm.INT32, 3),
        (-2.5, edm.DOUBLE, edm.INT32, -3),
        (NAN, edm.DOUBLE, edm.INT32, None),
        (float("inf"), edm.DOUBLE, edm.DECIMAL, None),
        (0.1, edm.DOUBLE, edm.DECIMAL, Decimal("0.1")),
        (Decimal("255.4"), edm.DECIMAL, edm.BYTE, 255),
        (Decimal("255.5"), edm.DECIMAL, edm.BYTE, None),
        (2**31, edm.INT64, edm.INT32, None),
        (2**53 + 1, edm.INT64, edm.DOUBLE, float(2**53)),
        (1e300, edm.DOUBLE, edm.SINGLE, None),
        (5, edm.INT32, edm.DECIMAL, Decimal(5)),
        # 9 and 10: enumerations
        ("Blue", COLOR, edm.BYTE, 2),
        ("Read,Delete", RIGHTS, edm.INT64, 5),
        ("Blue", COLOR, edm.DOUBLE, None),
        (2, edm.INT32, COLOR, "Blue"),
        (7, edm.INT32, COLOR, None),
        (5, edm.INT32, RIGHTS, "Read,Delete"),
        (8, edm.INT32, RIGHTS, "8"),
        (2**31, edm.INT64, RIGHTS, None),
        # 11 and times
        ("2024-01-01T00:00:00", edm.STRING, edm.DATETIME_OFFSET, Timestamp.parse("2024-01-01T00:00:00Z")),
        (Timestamp.parse("2024-01-01T23:00:00-02:00"), edm.DATETIME_OFFSET, edm.DATE, date(2024, 1, 1)),
        (Timestamp(10_000_000, 0), edm.DATETIME_OFFSET, edm.TIME_OF_DAY, TimeOfDay(10_000_000)),
        # What has nothing to do with each other
        (True, edm.BOOLEAN, edm.INT32, None),
        (date.min, edm.DATE, edm.INT32, None),
    ],
)
def test_cast(value: Any, source: ValueType, target: ValueType, result: Any) -> None:
    found = ask(Convert(const(value, source), target))
    assert (type(found), found) == (type(result), result)
    assert ask(IsOf(const(value, source), target)) is (result is not None)


@pytest.mark.parametrize(
    ("value", "target", "facets", "result"),
    [
        ("abc", edm.STRING, {"MaxLength": 2}, None),
        ("abc", edm.STRING, {"MaxLength": 3}, "abc"),
        ("é", edm.STRING, {"Unicode": False}, None),
        ("e", edm.STRING, {"Unicode": False}, "e"),
        (Decimal("1.25"), edm.DECIMAL, {"Precision": 3, "Scale": 1}, Decimal("1.3")),
        (Decimal("123.4"), edm.DECIMAL, {"Precision": 2, "Scale": 1}, None),
        (Decimal("1.5"), edm.DECIMAL, {"Precision": 3}, Decimal(2)),
        (Timestamp(15_000_000, 0), edm.DATETIME_OFFSET, {"Precision": 0}, Timestamp(20_000_000, 0)),
        (TimeOfDay(864_000_000_000 - 1), edm.TIME_OF_DAY, {"Precision": 0}, None),
    ],
)
def test_cast_with_facets(value: Any, target: PrimitiveType, facets: dict[str, Any], result: Any) -> None:
    assert ask(Convert(const(value, target), target, facets=tuple(facets.items()))) == result


def test_casts_of_collections_and_structures() -> None:
    texts = Convert(listed("1", "x", None), edm.INT32, is_collection=True)
    assert ask(texts) == [1, None, None]
    assert ask(Convert(listed("1"), edm.INT32)) is None
    assert ask(Convert(const("1"), edm.INT32, is_collection=True)) is None
    special = {"@odata.type": "Trial.Special"}
    narrowed = Convert(None, SPECIAL, names=names_of(SPECIAL))  # type: ignore[arg-type,unused-ignore]
    assert [ask(narrowed, special), ask(narrowed, {"ID": 1})] == [special, None]


# Case, lists, records


def test_case_takes_the_first_true_condition() -> None:
    sign = Case(
        (
            (Compare("gt", path("Int32"), const(0)), const(1)),
            (const(None), const(7)),
            (Compare("lt", path("Int32"), const(0)), const(-1)),
        ),
        edm.INT32,
    )
    assert [ask(sign, {"Int32": value}) for value in (5, -5, 0, None)] == [1, -1, None, None]


def test_records_compare_with_complex_values() -> None:
    record = RecordOf((("City", const("Bern")), ("Zip", path("Int32"))), ADDRESS)  # type: ignore[arg-type,unused-ignore]
    same = Compare("eq", path("Home"), record)
    assert ask(record, {"Int32": 5}) == {"City": "Bern", "Zip": 5}
    assert [ask(same, {"Int32": 5, "Home": {"City": "Bern", "Zip": zip}}) for zip in (5, 6)] == [True, False]


# Counting and aggregating


def test_count_and_filter() -> None:
    big = Compare("gt", Path((), Variable("$this", 0, edm.INT32)), const(1))
    row = {"Numbers": [1, 2, None, 3], "Words": ["Apfel", "Birne", None]}
    assert ask(Count(path("Numbers")), row) == 4
    assert ask(Count(path("Numbers"), big), row) == 2
    assert ask(Filtered(path("Numbers"), big), row) == [2, 3]
    assert ask(Count(path("Words"), search=SearchTerm("apf")), row) == 1
    assert ask(Count(path("Numbers")), {"Numbers": None}) == 0


def aggregate(method: str | None, name: str, values: Iterable[Any], result: PrimitiveType) -> Any:
    parts = [{"ID": index, name: value} for index, value in enumerate(values)]
    expression = None if method is None else path(name)
    return ask(Aggregated(path("Parts"), expression, method, result), {"Parts": parts})


@pytest.mark.parametrize(
    ("method", "name", "values", "result"),
    [
        ("sum", "Int32", [1, None, 2], 3),
        ("sum", "Int32", [2**31 - 1, 1], 2**31),
        ("sum", "Int32", [None], None),
        ("sum", "Decimal", [Decimal("0.1"), Decimal("0.2")], Decimal("0.3")),
        ("sum", "Double", [0.5, 1.0], 1.5),
        ("average", "Int32", [1, 2, None], Decimal("1.5")),
        ("average", "Double", [], None),
        ("min", "Double", [1.0, -1.0, None], -1.0),
        ("max", "String", ["b", "a", None], "b"),
        ("min", "Color", ["Red", "Blue"], "Blue"),
        ("max", "DateTimeOffset", [Timestamp(0, 0), Timestamp(0, -1)], Timestamp(0, -1)),
        ("countdistinct", "Double", [1.0, 1.0, None, 2.0], 2),
        (None, "Int32", [1, None, 1], 3),
    ],
)
def test_aggregates(method: str | None, name: str, values: list[Any], result: Any) -> None:
    assert aggregate(method, name, values, edm.DECIMAL) == result


def test_an_entity_that_is_reached_twice_counts_once() -> None:
    twice = {"ID": 1, "Int32": 5}
    row = {"Parts": [{"ID": 7, "Owner": twice}, {"ID": 8, "Owner": twice}, {"ID": 9, "Owner": None}]}
    assert ask(Aggregated(path("Parts", "Owner"), path("Int32"), "sum", edm.INT64), row) == 5
    assert ask(Aggregated(path("Parts", "Owner"), None, None, edm.INT64), row) == 1


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(NotImplementedHere, match=r"'Custom\.median'"):
        ask(Aggregated(path("Parts"), path("Int32"), "Custom.median", edm.INT32), {"Parts": []})


# isdefined, now, functions of the model


def test_isdefined_tells_null_from_what_is_not_there() -> None:
    defined = Invoke("isdefined", (CITY,), edm.BOOLEAN)
    rows: list[Any] = [{"Home": {"City": None}}, {"Home": {}}, {"Home": None}, {}]
    assert [ask(defined, row) for row in rows] == [True, False, True, False]


def test_one_run_is_one_moment() -> None:
    now = Invoke("now", (), edm.DATETIME_OFFSET)
    program = compile_program(now)
    first = program.run()
    assert first({}) == first({})
    assert ask(Compare("eq", now, now)) is True
    assert first({}) < program.run()({}) or first({}) == program.run()({})


def test_functions_of_the_model() -> None:
    operation = Operation("Trial", "Twice", True, returns=ReturnType(edm.INT32))
    call = Call(operation, (("n", path("Int32")),), path("Owner"))
    with pytest.raises(NotImplementedHere, match=r"'Trial\.Twice'"):
        ask(call, {})
    relations = Relations(lambda source: [], {operation: lambda owner, n: owner["ID"] + 2 * n})
    assert ask(call, {"Int32": 4, "Owner": {"ID": 1}}, relations) == 9


# Prepared programs


def test_literals_take_the_place_of_constants() -> None:
    condition = Logic(
        "and",
        (
            Compare("eq", A_COLOR, const("Red", COLOR, origin=3)),
            In(path("Int32"), ListOf((const(1, origin=7), const(NAN, edm.DOUBLE, origin=9)), edm.INT32)),
        ),
    )
    program = compile_program(condition, is_condition=True)
    row = {"P": "Blue", "Int32": 5}
    assert program.run()(row) is False
    assert program.run({3: "Blue", 7: 5})(row) is True
    assert program.run({3: "Blue", 7: 5, 9: 1.0})({"P": "Blue", "Int32": 1}) is True
    assert program.run({7: 5})(row) is False


def test_a_literal_without_a_value_is_refused() -> None:
    program = compile_program(Compare("eq", path("Date"), const(date.min, edm.DATE, origin=1)))
    with pytest.raises(BadRequest, match="'0000-01-01' has no value"):
        program.run({1: Unreadable("0000-01-01", "the year")})


def test_a_v3_number_without_suffix_is_a_double() -> None:
    assert ask(Constant(Decimal("0.1"), edm.DOUBLE)) == 0.1
    with pytest.raises(BadRequest, match="too large"):
        compile_value(Constant(Decimal("1E+400"), edm.DOUBLE))


# Hostile trees


def test_deep_trees() -> None:
    depth = 100  # Limits.expression_depth
    condition: Bound = const(True)
    number: Bound = path("Int32")
    collection: Bound = path("Numbers")
    text: Bound = path("String")
    for _ in range(depth):
        condition = Not(condition)
        number = Negate(number, edm.INT32)
        collection = Filtered(collection, const(True))
        text = Case(((const(True), Invoke("concat", (text, const("x")), edm.STRING)),), edm.STRING)
    row = {"Int32": 5, "Numbers": [1], "String": ""}
    found = [ask(bound, row) for bound in (condition, number, collection, text)]
    assert found == [True, 5, [1], "x" * depth]


def test_trees_deeper_than_any_limit_are_refused() -> None:
    condition: Bound = const(True)
    for _ in range(100_000):
        condition = Not(condition)
    with pytest.raises(BadRequest, match="too deeply"):
        compile_value(condition)


def test_nested_lambdas_as_deep_as_they_go() -> None:
    condition: Bound = const(True)
    for index in range(100, 3, -1):
        condition = Quantifier("any", path("Numbers"), Variable(f"x{index}", index, edm.INT32), condition)
    assert ask(condition, {"Numbers": [1]}) is True


def test_results_are_bounded() -> None:
    text: Bound = path("String")
    for _ in range(40):
        text = Invoke("concat", (text, text), edm.STRING)
        if _ > 12:
            break
    row = {"String": "x" * 1_000}
    with pytest.raises(BadRequest, match="'concat'"):
        ask(text, row)
    items: Bound = path("Numbers")
    for _ in range(12):
        items = Invoke("concat", (items, items), edm.INT32, is_collection=True)
    with pytest.raises(BadRequest, match="'concat'"):
        ask(items, {"Numbers": [1] * 100})


def test_what_has_no_order_cannot_be_sorted_by() -> None:
    for bound in (path("Home"), path("Numbers")):
        with pytest.raises(BadRequest, match="cannot be sorted"):
            compile_order((OrderBy(bound),))


def test_order_by_expressions_and_relations() -> None:
    rows = [{"String": text, "Parts": parts} for text, parts in (("b", [1]), ("A", []), ("c", [1, 2]))]
    by_text = compile_order((OrderBy(Invoke("tolower", (path("String"),), edm.STRING)),))
    by_count = compile_order((OrderBy(Count(path("Parts")), descending=True),))
    assert [row["String"] for row in by_text(rows)] == ["A", "b", "c"]
    assert [row["String"] for row in by_count(rows)] == ["c", "b", "A"]


def test_structured_types_of_the_trials_are_as_expected() -> None:
    assert all(isinstance(kind, StructuredType) for kind in (ADDRESS, ABROAD, SPECIAL))
