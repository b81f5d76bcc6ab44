# Relations: navigation by referential constraints, from either side, with one read for each set.

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from odata_core.edm import EntitySet, Model, ModelBuilder, prop
from odata_core.edm import primitives as edm
from odata_core.errors import NotImplementedHere
from odata_core.query.evaluate import Relations, compile_filter, compile_value
from odata_core.query.tree import Bound, Compare, Constant, Count, Follow, Path, Quantifier, Root, Source, Variable


def _model() -> Model:
    builder = ModelBuilder("Shop")
    builder.complex("Address", properties={"City": "String", "CountryCode": "String"})
    builder.entity(
        "Country", key={"Code": "Info/Code"}, properties={"Name": "String", "Info": prop("Codes", nullable=False)}
    )
    builder.complex("Codes", properties={"Code": prop("String", nullable=False)})
    builder.entity("Category", key="ID", properties={"ID": "Int32", "Name": "String"})
    builder.entity(
        "Product",
        key="ID",
        properties={"ID": "Int32", "CategoryID": "Int32", "A": "String", "B": "String", "Maker": "Address"},
    )
    builder.entity("Line", key=("A", "B"), properties={"A": "String", "B": "String", "Product": "Int32"})
    builder.navigation("Product", "Category", to="Category", on={"CategoryID": "ID"}, partner="Products")
    builder.navigation("Category", "Products", to="Product", many=True, partner="Category")
    builder.navigation("Product", "Line", to="Line", on={"A": "A", "B": "B"})
    builder.navigation("Product", "Friends", to="Product", many=True)
    builder.navigation("Address", "Country", to="Country", on={"CountryCode": "Info/Code"})
    for name, kind in (
        ("Products", "Product"),
        ("Categories", "Category"),
        ("Lines", "Line"),
        ("Countries", "Country"),
    ):
        builder.entity_set(name, kind)
    builder.singleton("Best", "Product")
    builder.singleton("None", "Product", nullable=True)
    return builder.build()


MODEL = _model()
PRODUCTS, CATEGORIES, LINES = [MODEL.entity_set(name) for name in ("Products", "Categories", "Lines")]
ROWS: dict[str, list[dict[str, Any]]] = {
    "Products": [
        {"ID": 1, "CategoryID": 10, "A": "a", "B": "b", "Maker": {"City": "Bern", "CountryCode": "CH"}},
        {"ID": 2, "CategoryID": 10, "A": "a", "B": None, "Maker": None},
        {"ID": 3, "CategoryID": None, "A": "a", "B": "c", "Maker": {"City": "x", "CountryCode": None}},
        {"ID": 4, "CategoryID": 99, "A": "x", "B": "b", "Maker": {"City": "x", "CountryCode": "XX"}},
    ],
    "Categories": [{"ID": 10, "Name": "Food"}, {"ID": 11, "Name": "Toys"}],
    "Lines": [{"A": "a", "B": "b", "Product": 1}, {"A": "a", "B": None, "Product": 2}],
    "Countries": [{"Name": "Schweiz", "Info": {"Code": "CH"}}, {"Name": "nowhere", "Info": None}],
    "Best": [{"ID": 7, "CategoryID": 11}],
    "None": [],
}


class Store:
    """Rows by the name of their set, and how often each was read."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()

    def read(self, source: Source) -> list[dict[str, Any]]:
        self.reads[source.name] += 1
        return ROWS[source.name]


def follow(kind: Any, name: str, target: EntitySet | None = None, key: tuple[Bound, ...] | None = None) -> Follow:
    return Follow(kind.navigation[name], target, key)


PRODUCT, CATEGORY = PRODUCTS.type, CATEGORIES.type
TO_CATEGORY = follow(PRODUCT, "Category", CATEGORIES)
NAME = CATEGORY.properties["Name"]


def ask(bound: Bound, row: Any, store: Store | None = None) -> Any:
    return compile_value(bound, relations=Relations((store or Store()).read))(row)


def test_to_one_by_its_own_constraint() -> None:
    found = [ask(Path((TO_CATEGORY, NAME)), row) for row in ROWS["Products"]]
    assert found == ["Food", "Food", None, None]


def test_to_many_by_the_constraint_of_its_partner() -> None:
    products = Path((follow(CATEGORY, "Products", PRODUCTS), PRODUCT.properties["ID"]))
    assert [ask(products, row) for row in ROWS["Categories"]] == [[1, 2], []]


def test_there_and_back() -> None:
    siblings = Path((TO_CATEGORY, follow(CATEGORY, "Products", PRODUCTS), PRODUCT.properties["ID"]))
    assert [ask(siblings, row) for row in ROWS["Products"]] == [[1, 2], [1, 2], None, None]


def test_several_columns_and_null_in_one_of_them() -> None:
    line = Path((follow(PRODUCT, "Line", LINES), LINES.type.properties["Product"]))
    assert [ask(line, row) for row in ROWS["Products"]] == [1, None, None, None]


def test_from_a_complex_value_to_a_property_within_one() -> None:
    address = MODEL.types["Shop.Address"]
    country = follow(address, "Country", MODEL.entity_set("Countries"))
    path = Path((PRODUCT.properties["Maker"], country, MODEL.entity_set("Countries").type.properties["Name"]))
    assert [ask(path, row) for row in ROWS["Products"]] == ["Schweiz", None, None, None]


def test_a_key_narrows() -> None:
    def product(key: Any) -> Path:
        return Path((follow(CATEGORY, "Products", PRODUCTS, (Constant(key, edm.INT32),)), PRODUCT.properties["A"]))

    food = ROWS["Categories"][0]
    assert [ask(product(key), food) for key in (1, 3, None)] == ["a", None, None]


def test_an_inline_value_is_used_first() -> None:
    store = Store()
    row = {"CategoryID": 10, "Category": {"ID": 5, "Name": "inline"}}
    assert ask(Path((TO_CATEGORY, NAME)), row, store) == "inline"
    assert not store.reads


def test_one_read_for_each_set() -> None:
    store = Store()
    x = Variable("x", 4, PRODUCT)
    same = Compare("eq", Path((TO_CATEGORY, NAME), x), Path((TO_CATEGORY, NAME)))
    condition = Quantifier("any", Path((TO_CATEGORY, follow(CATEGORY, "Products", PRODUCTS))), x, same)
    keep = compile_filter(condition, relations=Relations(store.read))
    assert [keep(row) for row in ROWS["Products"]] == [True, True, False, False]
    assert store.reads == {"Products": 1, "Categories": 1}


def test_root() -> None:
    best, nothing = MODEL.singletons["Best"], MODEL.singletons["None"]
    assert ask(Path((PRODUCT.properties["ID"],), Root(best)), {}) == 7
    assert ask(Path((PRODUCT.properties["ID"],), Root(nothing)), {}) is None
    assert ask(Count(Path((), Root(PRODUCTS))), {}) == 4
    assert ask(Path((PRODUCT.properties["ID"],), Root(PRODUCTS)), {}) == [1, 2, 3, 4]
    key = Path((PRODUCT.properties["ID"],))
    assert ask(Path((PRODUCT.properties["A"],), Root(PRODUCTS, (key,))), {"ID": 4}) == "x"
    assert ask(Path((PRODUCT.properties["A"],), Root(PRODUCTS, (key,))), {"ID": 5}) is None
    assert ask(Path((PRODUCT.properties["A"],), Root(PRODUCTS, (key,))), {"ID": None}) is None
    line = Root(LINES, (Constant("a", edm.STRING), Constant("b", edm.STRING)))
    assert ask(Path((LINES.type.properties["Product"],), line), {}) == 1
    country = Root(MODEL.entity_set("Countries"), (Constant("CH", edm.STRING),))
    assert ask(Path((MODEL.entity_set("Countries").type.properties["Name"],), country), {}) == "Schweiz"


def test_entities_of_two_sets_are_never_the_same() -> None:
    best = Path((), Root(MODEL.singletons["Best"]))
    nothing = Path((), Root(MODEL.singletons["None"]))
    one = Path((), Root(PRODUCTS, (Constant(1, edm.INT32),)))
    again = Path((), Root(PRODUCTS, (Constant(1, edm.INT32),)))
    missing = Path((), Root(PRODUCTS, (Constant(9, edm.INT32),)))
    pairs = [(one, again), (one, best), (missing, nothing), (one, nothing)]
    assert [ask(Compare("eq", *pair), {}) for pair in pairs] == [True, False, True, False]
    assert [ask(Compare("ne", *pair), {}) for pair in pairs] == [False, True, False, True]


@pytest.mark.parametrize(
    "bound",
    [
        Path((follow(PRODUCT, "Friends", PRODUCTS),)),
        Path((follow(PRODUCT, "Category"),)),
    ],
)
def test_without_a_constraint_or_a_set_nothing_is_known(bound: Bound) -> None:
    with pytest.raises(NotImplementedHere, match=r"navigation property '(Friends|Category)'"):
        ask(bound, ROWS["Products"][0])


def test_without_relations_the_name_is_told() -> None:
    with pytest.raises(NotImplementedHere, match="navigation property 'Category'"):
        compile_value(Path((TO_CATEGORY, NAME)))(ROWS["Products"][0])
    with pytest.raises(NotImplementedHere, match="entity set 'Products'"):
        compile_value(Path((), Root(PRODUCTS)))({})
