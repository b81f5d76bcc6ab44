# Context URLs: the table of 4.01 Part 1, section 10, row by row, with what it says of version 4.0, and JSON light's.

from __future__ import annotations

from dataclasses import replace

import pytest

from odata_core.limits import Limits
from odata_core.payload.codec import Shape
from odata_core.payload.context_urls import (
    V3_CONTEXTS,
    V4_CONTEXTS,
    V401_CONTEXTS,
    ContextForm,
    entity_context,
    feed_context,
    links_context,
    property_context,
)
from odata_core.uri.contexts import check_context
from tests.payload.json_shop import ROOT, about, address, entity, kind, shape

PREFIX = ROOT + "$metadata"
ORDERS = shape("Orders")
ITEMS = Shape(entity("Item"))

# What is expanded in a customer: as it is, and with a list of its own.
WHOLE = (("Orders", ORDERS),)
PART = (("Orders", shape("Orders", select=("Date",))),)
DEEP = (("Orders", replace(ORDERS, expand=(("Items", replace(ITEMS, select=("Amount",))),))),)
RECURSIVE = (("Orders", shape("Orders", expand=(("Customer", shape("Customers", expand=WHOLE)),))),)
# Each level of `Orders` within `Orders`, as $levels makes them.
LEVELS = (("Orders", shape("Orders", select=("ID",), expand=(("Orders", shape("Orders", select=("ID",))),))),)
WITHIN = (("Address", Shape(address(), select=("City",))),)

# The shape of a customer, and the list of its members in version 3, in 4.0 and in 4.01.
LISTS = {
    "everything": (shape("Customers"), "", "", ""),
    "some": (shape("Customers", select=("ID", "Address")), "&$select=ID,Address", "(ID,Address)", "(ID,Address)"),
    "nothing": (shape("Customers", select=()), "", "", ""),
    "a part of a complex value": (
        shape("Customers", select=("Address",), within=WITHIN),
        "&$select=Address/City",
        "(Address/City)",
        "(Address/City)",
    ),
    "a link": (
        shape("Customers", select=("ID",), links=("Orders",)),
        "&$select=ID,Orders",
        "(ID,Orders)",
        "(ID,Orders)",
    ),
    "everything and a link": (shape("Customers", links=("Orders",)), "&$select=*,Orders", "(*,Orders)", "(*,Orders)"),
    "expanded": (shape("Customers", expand=WHOLE), "", "", "(Orders())"),
    "some, expanded": (
        shape("Customers", select=("ID",), expand=WHOLE),
        "&$select=ID,Orders",
        "(ID)",
        "(ID,Orders())",
    ),
    "some, selected and expanded": (
        shape("Customers", select=("ID",), links=("Orders",), expand=WHOLE),
        "&$select=ID,Orders",
        "(ID,Orders)",
        "(ID,Orders,Orders())",
    ),
    "expanded in part": (shape("Customers", expand=PART), "&$select=Orders/Date", "(Orders(Date))", "(Orders(Date))"),
    "expanded deeply": (
        shape("Customers", expand=DEEP),
        "&$select=Orders/Items/Amount",
        "(Orders(Items(Amount)))",
        "(Orders(Items(Amount)))",
    ),
    "expanded in a circle": (shape("Customers", expand=RECURSIVE), "", "", "(Orders(Customer(Orders())))"),
    "levels": (
        shape("Customers", links=("Orders",), select=("ID",), expand=LEVELS),
        "&$select=ID,Orders,Orders/ID",
        "(ID,Orders,Orders+(ID))",
        "(ID,Orders,Orders+(ID))",
    ),
    "references": (shape("Customers", expand=WHOLE, references=frozenset({"Orders"})), "", "", ""),
    "expanded within a complex value": (
        shape("Customers", select=("ID",), within=(("Address", Shape(address(), expand=WHOLE)),)),
        "&$select=ID",
        "(ID)",
        "(ID,Address/Orders())",
    ),
}
FORMS = {"v3": V3_CONTEXTS, "v4": V4_CONTEXTS, "4.01": V401_CONTEXTS}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("version", FORMS)
def test_lists_of_members(name: str, version: str) -> None:
    """10.7 to 10.10: behind a collection, and before what tells a single entity."""
    form = FORMS[version]
    found, *lists = LISTS[name]
    expected = lists[list(FORMS).index(version)]
    assert feed_context(found, about("Customers"), form) == f"{PREFIX}#Customers{expected}"
    one = f"Customers/@Element{expected}" if version == "v3" else f"Customers{expected}/$entity"
    assert entity_context(found, about("Customers"), form) == f"{PREFIX}#{one}"
    boss = shape(
        "Boss", **{name: getattr(found, name) for name in ("select", "expand", "links", "references", "within")}
    )
    assert entity_context(boss, about("Boss"), form) == f"{PREFIX}#Boss{expected}"


COMPLEX = Shape(address())
TOP = Shape(entity("Product"))

# The row of the table, the shape and the path -> the fragment for one and for many, in version 4 and in version 3.
ROWS: dict[str, tuple[Shape, str, str | None, str | None, str | None]] = {
    "10.2 10.3 collection and entity": (ORDERS, "Orders", "Orders/$entity", "Orders", "Orders/@Element"),
    "10.3 contained": (ITEMS, "Orders(4711)/Items", "Orders(4711)/Items/$entity", "Orders(4711)/Items", None),
    "10.4 singleton": (shape("Boss"), "Boss", "Boss", None, "Boss"),
    "10.5 10.6 derived": (
        replace(shape("Products"), type=kind("Food")),
        "Products/Shop.Food",
        "Products/Shop.Food/$entity",
        "Products/Shop.Food",
        "Products/Shop.Food/@Element",
    ),
    "10.3 no set": (TOP, "Shop.Product", "Shop.Product", None, "Shop.Product"),
    "10.2 no set": (TOP, "Collection(Shop.Product)", None, "Collection(Shop.Product)", None),
    "10.13 property": (COMPLEX, "Customers('A')/Address", "Customers('A')/Address", None, None),
    "10.13 10.14 property of many": (COMPLEX, "Customers('A')/Addresses", None, "Customers('A')/Addresses", None),
    "10.14 collection of complex": (COMPLEX, "Collection(Shop.Address)", None, "Collection(Shop.Address)", None),
    "10.15 complex": (COMPLEX, "Shop.Address", "Shop.Address", None, "Shop.Address"),
    "10.17 delta": (shape("Customers"), "Customers/$delta", None, "Customers/$delta", None),
    "10.17 delta of some": (shape("Customers", select=("ID",)), "Customers/$delta", None, "Customers(ID)/$delta", None),
    "10.19 all": (Shape(entity("Product")), "Collection(Edm.EntityType)", None, "Collection(Edm.EntityType)", None),
    "10.20 crossjoin": (COMPLEX, "Collection(Edm.ComplexType)", None, "Collection(Edm.ComplexType)", None),
    "no context": (ORDERS, "", "", "", ""),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_the_table(name: str) -> None:
    found, path, one, many, v3_one = ROWS[name]

    def url(fragment: str) -> str | None:
        return f"{PREFIX}#{fragment}" if fragment else None

    for form in (V4_CONTEXTS, V401_CONTEXTS):
        if one is not None:
            assert entity_context(found, about(path), form) == url(one)
        if many is not None:
            assert feed_context(found, about(path), form) == url(many)
    if v3_one is not None:
        assert entity_context(found, about(path), V3_CONTEXTS) == url(v3_one)


@pytest.mark.parametrize(
    ("form", "path", "type_name", "expected"),
    [
        (V4_CONTEXTS, "Customers('A')/Name", "Edm.String", "Customers('A')/Name"),
        (V4_CONTEXTS, "Edm.String", "Edm.String", "Edm.String"),
        (V4_CONTEXTS, "Collection(Edm.String)", "Collection(Edm.String)", "Collection(Edm.String)"),
        (V3_CONTEXTS, "Customers('A')/Name", "Edm.String", "Edm.String"),
        (V3_CONTEXTS, "Customers('A')/Address", "Shop.Address", "Shop.Address"),
    ],
)
def test_properties_and_results(form: ContextForm, path: str, type_name: str, expected: str) -> None:
    """10.13 to 10.16; JSON light tells the type."""
    assert property_context(type_name, about(path), form) == f"{PREFIX}#{expected}"
    assert property_context(type_name, about(""), form) is None


def test_references() -> None:
    """10.11 and 10.12; JSON Light 3.0, 8."""
    path = about("Customers/$links/Orders")
    assert links_context(path, V4_CONTEXTS, is_collection=False) == f"{PREFIX}#$ref"
    assert links_context(path, V401_CONTEXTS, is_collection=True) == f"{PREFIX}#Collection($ref)"
    assert links_context(path, V3_CONTEXTS, is_collection=True) == f"{PREFIX}#Customers/$links/Orders"
    assert links_context(path, V3_CONTEXTS, is_collection=False) == f"{PREFIX}#Customers/$links/Orders/@Element"
    assert links_context(about(""), V4_CONTEXTS, is_collection=True) is None


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("version", ["v4", "4.01"])
def test_the_grammar_knows_the_fragments(name: str, version: str) -> None:
    url = entity_context(LISTS[name][0], about("Customers"), FORMS[version])
    assert url is not None
    check_context(url[len(PREFIX) :], Limits())


def test_a_service_may_list_what_is_expanded_whole() -> None:
    """The switch for clients of 4.0 that want to see what is expanded, and know no empty parentheses."""
    form = replace(V4_CONTEXTS, bare_expansion="{}")
    found = shape("Customers", select=("ID",), expand=WHOLE)
    assert feed_context(found, about("Customers"), form) == f"{PREFIX}#Customers(ID,Orders)"
