# Resources as whole values: their steps, what goes beyond hops, where literals stand, and entity-ids.

from __future__ import annotations

import pytest

from odata_core.edm import ComplexType, EntitySet
from odata_core.edm import primitives as edm
from odata_core.errors import ODataError
from odata_core.query.path_binder import PathBinder
from odata_core.query.path_rules import V4_RULES
from odata_core.query.prepared import ORIGIN_BASE, constants_of
from odata_core.query.resource import FromSource, Key, Kind, Resource, Subset
from odata_core.query.tree import Compare, Constant, Follow, Path
from odata_core.query.walk import decoded_path
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.urls import parse_relative
from tests.query.paths import LIMITS, SHOP, bind, shown


def test_steps_are_whole_values() -> None:
    orders = SHOP.entity_sets["Orders"]
    items = orders.type.navigation["Items"]
    item = items.target
    count = item.properties["Count"]
    condition = Compare("gt", Path((count,)), Constant(1, edm.INT32))
    assert bind(SHOP, "Orders(1)/Items/$filter(Count gt 1)(2)") == Resource(
        Kind.ENTITY,
        (
            orders,
            Key(("ID",), (Constant(1, edm.INT32),)),
            Follow(items),
            Subset(condition),
            Key(("OrderID", "No"), (Constant(1, edm.INT32), Constant(2, edm.INT32))),
        ),
        item,
        source=orders,
        prefix=("Items",),
    )


def test_a_key_may_be_known_only_at_run_time() -> None:
    resource = bind(SHOP, "Me/Order/Items(5)")
    assert resource.steps[-1] == Key(("OrderID", "No"), (FromSource("ID"), Constant(5, edm.INT32)))
    assert [hop.key for hop in resource.hops] == [None, None, None]
    assert resource.beyond_hops == (
        "the singleton 'Me'",
        "the contained entities behind 'Order'",
        "the contained entities behind 'Items'",
        "a key that leaves out what the path before it says",
    )


def test_a_cross_join_has_rows_of_a_virtual_type() -> None:
    resource = bind(SHOP, "$crossjoin(Products,Categories)")
    products, categories = SHOP.entity_sets["Products"], SHOP.entity_sets["Categories"]
    assert isinstance(resource.type, ComplexType)
    ways = [(name, way.target, way.is_collection, way.nullable) for name, way in resource.type.navigation.items()]
    assert ways == [("Products", products.type, False, False), ("Categories", categories.type, False, False)]
    assert isinstance(resource.source, EntitySet)
    assert resource.source.bindings == {"Products": products, "Categories": categories}
    assert resource.beyond_hops == ("'$crossjoin'",)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("Products(1)/Category/Products(2)/Size/Width/$value", ()),
        ("Products(1)/Category/$ref", ()),
        ("Products/$ref", ("'$ref' without a navigation property",)),
        ("Products/Shop.Book", ("the type cast 'Shop.Book' in a path",)),
        ("Products/$filter(ID gt 1)/$count", ("'$filter' in a path",)),
        ("Products/$each", ("'$each' in a path",)),
        ("Products/$query", ("'$query' in a path",)),
        ("Products/Best(n=1)", ("the operation 'Shop.Best'",)),
        ("Cheapest()", ("the operation 'Cheapest'",)),
        ("Products(1)/Sizes/0", ("a place in an ordered collection",)),
        ("Products(1)/Extra/Any", ("the dynamic property 'Any'",)),
        ("People(SSN='1')", ("the alternate key (SSN)",)),
        ("Me/Lost", ("the singleton 'Me'", "the navigation property 'Lost', whose entities are in no entity set,")),
        ("Pictures('Red')/$value", ("the media stream of an entity",)),
        ("$all", ("'$all'",)),
        ("$entity?$id=x", ("'$entity'",)),
    ],
)
def test_what_goes_beyond_hops_has_a_name(url: str, words: tuple[str, ...]) -> None:
    assert bind(SHOP, url).beyond_hops == words


def test_where_no_set_is_the_hop_refuses() -> None:
    with pytest.raises(ODataError) as caught:
        _ = bind(SHOP, "Me/Lost").entity_set
    assert (caught.value.status, caught.value.message) == (
        501,
        "The entities behind 'Lost' are in no entity set of this service.",
    )


@pytest.mark.parametrize("key_as_segment", [False, True])
def test_literals_keep_their_place(key_as_segment: bool) -> None:
    """Origins count in the decoded path, and in the texts of aliases behind it."""
    url = "Orders/%31/Items(@no)/Notes(12)" if key_as_segment else "Orders(%31)/Items(@no)/Notes(12)"
    url += "?$format=json&@no=345"
    parsed = parse_relative(url, V4_GRAMMAR, LIMITS, key_as_segment=key_as_segment)
    binder = PathBinder(SHOP, V4_GRAMMAR, LIMITS, V4_RULES, key_as_segment=key_as_segment)
    resource = binder.bind(parsed.path, parsed.options, base=1000)
    texts = {1000: decoded_path(parsed.path)}
    texts |= {1000 + (n + 1) * ORIGIN_BASE: text for n, text in enumerate(parsed.options.texts.values())}
    found = []
    for constant in constants_of(resource):
        base = max(base for base in texts if base <= constant.origin)
        start = constant.origin - base
        found.append((constant.value, texts[base][start : start + len(str(constant.value))]))
    assert found == [(1, "1"), (1, "1"), (345, "345"), (1, "1"), (345, "345"), (12, "12")]


ROOT = "https://host/service/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROOT}Products(1)", "ENTITY Products(1) : Shop.Product"),
        ("Products(1)", "ENTITY Products(1) : Shop.Product"),
        ("Products(1)/Shop.Book", "ENTITY Products(1)/[Book] : Shop.Book"),
        ("Categories('https%3A%2F%2Fx')", "ENTITY Categories(https://x) : Shop.Category"),
        ("Orders(1)/Items(2)", "ENTITY Orders(1)/Items->.(1,2) : Shop.Item"),
        ("Me", "ENTITY !Me : Shop.Person"),
    ],
)
def test_an_entity_id_is_resolved(text: str, expected: str) -> None:
    assert shown(PathBinder(SHOP, V4_GRAMMAR, LIMITS, V4_RULES).bind_entity_id(text, ROOT)) == expected


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (
            "https://other/Products(1)",
            404,
            f"'https://other/Products(1)' is no entity of this service, whose root is '{ROOT}'.",
        ),
        ("urn:x:1", 404, f"'urn:x:1' is no entity of this service, whose root is '{ROOT}'."),
        ("../Products(1)", 404, f"'../Products(1)' is no entity of this service, whose root is '{ROOT}'."),
        ("Products", 400, "'Products' is no entity but a collection of entities."),
        ("Products(1)/Name", 400, "'Products(1)/Name' is no entity but a property."),
        ("Productz(1)", 404, "Resource not found for the segment 'Productz'. Did you mean 'Products'?"),
    ],
)
def test_what_is_no_entity_id(text: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        PathBinder(SHOP, V4_GRAMMAR, LIMITS, V4_RULES).bind_entity_id(text, ROOT)
    assert (caught.value.status, caught.value.message) == (status, message)
