# $apply against a second, naive implementation of grouping and aggregation, and by what must hold for any rows.

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import Model, ModelBuilder
from odata_core.edm.rows import Row
from odata_core.errors import ODataError
from odata_core.query.apply import bind_apply
from odata_core.query.relations import Relations
from odata_core.query.scope import Scope
from odata_core.query.transform import compile_apply
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR
from tests.query.sales import LIMITS


def _model() -> Model:
    model = ModelBuilder("Shop")
    model.entity("Shelf", key="ID", properties={"ID": "Int32", "Room": "String"})
    model.entity(
        "Item",
        key="ID",
        properties={"ID": "Int32", "Price": "Decimal", "Count": "Int32", "Kind": "String", "ShelfID": "Int32"},
    )
    model.navigation("Item", "Shelf", to="Shelf", on={"ShelfID": "ID"}, partner="Items")
    model.navigation("Shelf", "Items", to="Item", many=True, on={"ID": "ShelfID"}, partner="Shelf")
    model.entity_set("Items", "Item")
    model.entity_set("Shelves", "Shelf")
    return model.build()


MODEL = _model()
SHELVES: list[dict[str, Any]] = [
    {"ID": number, "Room": room} for number, room in [(1, "a"), (2, "b"), (3, "a"), (4, None)]
]
PRICES = st.none() | st.decimals(-1000, 1000, places=2, allow_nan=False)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "Price": PRICES,
            "Count": st.none() | st.integers(-5, 5),
            "Kind": st.none() | st.sampled_from(["x", "y", "z"]),
            "ShelfID": st.none() | st.integers(1, 5),
        }
    ),
    max_size=15,
).map(lambda rows: [{"ID": index, **row} for index, row in enumerate(rows)])


def run(text: str, rows: list[Row], source: str = "Items") -> list[Row]:
    found = MODEL.entity_sets[source]
    applied = bind_apply(
        parse_apply(text, V4_GRAMMAR, LIMITS), Scope(MODEL, V4_GRAMMAR, LIMITS, found.type, found), text
    )
    sets: dict[str, list[Row]] = {"Items": rows, "Shelves": list(SHELVES)}
    return compile_apply(applied, relations=Relations(lambda asked: sets[asked.name]))(sets[source])


# ------------------------------------------------------------------ the naive way


def naive_room(row: Row) -> Any:
    """The room of an item's shelf: 'nowhere' where there is no shelf, which is not the same as a room that is null."""
    found = [shelf["Room"] for shelf in SHELVES if shelf["ID"] == row["ShelfID"]]
    return found[0] if found else "nowhere"


KEYS: dict[str, Callable[[Row], Any]] = {
    "Kind": lambda row: row["Kind"],
    "Count": lambda row: row["Count"],
    "ShelfID": lambda row: row["ShelfID"],
    "Shelf/Room": naive_room,
}


def shown_key(name: str, row: Row) -> Any:
    """A grouping member as it stands in the output."""
    if name != "Shelf/Room":
        return row[name]
    return "nowhere" if row["Shelf"] is None else row["Shelf"]["Room"]


def naive_values(rows: list[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def naive(method: str, rows: list[Row]) -> Any:
    prices = naive_values(rows, "Price")
    match method:
        case "sum":
            return sum(map(Fraction, prices)) if prices else None
        case "average":
            return sum(map(Fraction, prices)) / len(prices) if prices else None
        case "min":
            return min(prices, default=None)
        case "max":
            return max(prices, default=None)
        case "countdistinct":
            return len(set(prices))
    raise AssertionError(method)


METHODS = ("sum", "average", "min", "max", "countdistinct")


@given(ROWS, st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3, unique=True))
def test_groups_as_the_naive_way_makes_them(rows: list[Row], keys: list[str]) -> None:
    measures = ",".join([f"Price with {method} as R{method}" for method in METHODS])
    found = run(f"groupby(({','.join(keys)}),aggregate({measures},$count as N))", rows)
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(KEYS[key](row) for key in keys), []).append(row)
    assert [tuple(shown_key(key, row) for key in keys) for row in found] == list(groups)
    for made, group in zip(found, groups.values(), strict=True):
        assert made["N"] == len(group)
        for method in METHODS:
            expected, given_value = naive(method, group), made[f"R{method}"]
            if method == "average" and expected is not None:
                assert abs(Fraction(given_value) - expected) < Fraction(1, 10**30)
            else:
                assert given_value == expected


@given(ROWS, st.sampled_from(sorted(KEYS)))
def test_sums_of_groups_are_the_sum(rows: list[Row], key: str) -> None:
    parts = run(f"groupby(({key}),aggregate(Price with sum as S,$count as N))", rows)
    (both,) = run(
        f"groupby(({key}),aggregate(Price with sum as S,$count as N))/aggregate(S with sum as T,N with sum as M)", rows
    )
    (whole,) = run("aggregate(Price with sum as T,$count as M)", rows)
    assert both["T"] == whole["T"]
    assert (both["M"] or 0) == whole["M"] == len(rows)
    assert sum(part["N"] for part in parts) == len(rows)


@given(ROWS)
def test_distinct_groups_of_groups_are_the_groups(rows: list[Row]) -> None:
    once = run("groupby((Kind,Count))", rows)
    assert run("groupby((Kind,Count))/groupby((Kind,Count))", rows) == once
    assert run("groupby((Kind,Count))/aggregate($count as N)", rows) == [{"N": len(once)}]


@given(ROWS)
def test_rollup_is_its_groupings(rows: list[Row]) -> None:
    """3.2.3.2: the equivalence that defines rollup."""
    steps = "aggregate(Price with sum as S)"
    rolled = run(f"groupby((rollup(Kind,Count,ShelfID)),{steps})", rows)
    apart = [run(f"groupby(({keys}),{steps})", rows) for keys in ("Kind,Count,ShelfID", "Kind,Count", "Kind")]
    assert rolled == [row for found in apart for row in found]


@given(ROWS)
def test_from_is_two_steps(rows: list[Row]) -> None:
    """3.2.1.5, rule 1"""
    short = run("aggregate(Price with sum from Kind with average as A)", rows)
    assert short == run("groupby((Kind),aggregate(Price with sum as S))/aggregate(S with average as A)", rows)


@given(ROWS, st.integers(1, 8))
def test_top_and_bottom_are_sorted_and_cut(rows: list[Row], count: int) -> None:
    top = run(f"topcount({count},Price)", rows)
    expected = sorted(rows, key=lambda row: (row["Price"] is not None, row["Price"] or 0), reverse=True)[:count]
    assert top == [row for row in rows if row in expected]
    assert run(f"orderby(Price desc)/top({count})", rows) == expected
    assert run(f"bottomcount({count},Price)", rows) == [
        row
        for row in rows
        if row in sorted(rows, key=lambda row: (row["Price"] is not None, row["Price"] or 0))[:count]
    ]


@given(ROWS, st.decimals(-50, 500, places=1))
def test_topsum_takes_no_more_than_it_needs(rows: list[Row], limit: Decimal) -> None:
    taken = run(f"topsum({limit},Price)", rows)
    values = sorted(naive_values(taken, "Price"), reverse=True)
    assert len(taken) == len(rows) or sum(values) >= limit
    assert not taken or sum(values[:-1]) < limit or len(values) < len(taken)


@given(ROWS)
def test_join_undoes_what_navigation_groups(rows: list[Row]) -> None:
    """Every item of a shelf once, by way of the shelves."""
    joined = run("join(Items as Item)/groupby((Item/ID))", rows, "Shelves")
    shelved = [row["ID"] for shelf in SHELVES for row in rows if row["ShelfID"] == shelf["ID"]]
    assert [row["Item"]["ID"] for row in joined] == shelved
    outer = run("outerjoin(Items as Item)/aggregate($count as N)", rows, "Shelves")
    empty = [shelf for shelf in SHELVES if all(row["ShelfID"] != shelf["ID"] for row in rows)]
    assert outer == [{"N": len(shelved) + len(empty)}]


@given(ROWS)
def test_an_entity_counts_once_however_often_it_is_reached(rows: list[Row]) -> None:
    (found,) = run("aggregate(Shelf/$count as N,Shelf/ID with sum as S)", rows)
    reached = {row["ShelfID"] for row in rows if row["ShelfID"] in (1, 2, 3, 4)}
    assert found == {"N": len(reached), "S": sum(reached) if reached else None}


@given(ROWS)
def test_concat_keeps_all(rows: list[Row]) -> None:
    both = run("concat(filter(Kind eq 'x'),filter(Kind ne 'x'))", rows)
    assert sorted(row["ID"] for row in both) == [row["ID"] for row in rows]
    assert run("concat(identity,identity)", rows) == rows + rows


NAMES = ["Kind", "Count", "Price", "ID", "Shelf", "Shelf/Room", "Items", "S", "T", "null", "1", "$it", "$these/$count"]
EXPRESSIONS = st.sampled_from([*NAMES, "Count add 1", "Price gt 1", "$these/aggregate(Price with sum)", "Kind eq 'x'"])
PATHS = st.sampled_from([name for name in NAMES if name[0].isupper()])
STEPS: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.just("identity"),
        st.builds("aggregate({} with {} as {})".format, EXPRESSIONS, st.sampled_from(METHODS), st.sampled_from("STU")),
        st.builds("aggregate({}/$count as S)".format, PATHS),
        st.builds("groupby(({},{}))".format, PATHS, PATHS),
        st.builds("groupby(({}),{})".format, PATHS, STEPS),
        st.builds("groupby((rollup({},{})),{})".format, PATHS, PATHS, STEPS),
        st.builds("filter({})".format, EXPRESSIONS),
        st.builds("compute({} as {})".format, EXPRESSIONS, st.sampled_from("STU")),
        st.builds("concat({},{})".format, STEPS, STEPS),
        st.builds("orderby({})".format, EXPRESSIONS),
        st.builds("top{}({},{})".format, st.sampled_from(["count", "sum", "percent"]), EXPRESSIONS, EXPRESSIONS),
        st.builds("top({})".format, st.integers(0, 3)),
        st.builds("search({})".format, st.sampled_from(["x", "NOT x", "x OR y"])),
        st.builds("addnested({},{} as {})".format, PATHS, STEPS, st.sampled_from("STU")),
        st.builds("join({} as {},{})".format, PATHS, st.sampled_from("STU"), STEPS),
        st.builds("nest({} as {})".format, STEPS, st.sampled_from("STU")),
        st.builds("{}/{}".format, STEPS, STEPS),
    )
)


@settings(max_examples=300)
@given(ROWS, STEPS, st.sampled_from(["Items", "Shelves"]))
def test_any_pipeline_gives_rows_or_a_refusal(rows: list[Row], text: str, source: str) -> None:
    """... and what it gives has the members that the shape says."""
    found = MODEL.entity_sets[source]
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, found.type, found)
    sets: dict[str, list[Row]] = {"Items": rows, "Shelves": list(SHELVES)}
    try:
        applied = bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), scope, text)
        made = compile_apply(applied, relations=Relations(lambda asked: sets[asked.name]), most_rows=500)(sets[source])
    except ODataError:
        return
    declared = set(found.type.properties) if applied.shape.is_whole else set()
    sure = declared | {name for name, field in applied.shape.fields.items() if field.is_sure}
    possible = {*found.type.properties, *applied.shape.fields}
    for row in made:
        assert sure <= set(row), (text, row)
        assert set(row) <= possible, (text, row)
