# Operations in paths: overloads, parameters inline and in the query, what may follow, where returned entities live.

from __future__ import annotations

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.edm import primitives as edm
from odata_core.errors import ODataError
from odata_core.query.prepared import constants_of
from odata_core.query.resource import Invocation, Kind, Resource
from odata_core.query.tree import Constant
from tests.query.paths import OLD_SHOP, SHOP, bind, shown

CALLS = [
    ("Products(1)/Shop.Cost()", "RESULT Products(1)/Shop.Product.Cost()->? : Edm.Decimal"),
    ("Products(1)/Shop.Cost", "RESULT Products(1)/Shop.Product.Cost()->? : Edm.Decimal"),
    ("Products(1)/S.Cost(count=2)", "RESULT Products(1)/Shop.Product.Cost(count=2)->? : Edm.Decimal"),
    ("Products(1)/Cost(count=@c)?@c=5", "RESULT Products(1)/Shop.Product.Cost(count=5)->? : Edm.Decimal"),
    ("Products(1)/Shop.Cost?@count=5", "RESULT Products(1)/Shop.Product.Cost(count=5)->? : Edm.Decimal"),
    ("Products(1)/Shop.Book/Shop.Cost()", "RESULT Products(1)/[Book]/Shop.Book.Cost()->? : Edm.Decimal"),
    ("Products(1)/Shop.Comic/Shop.Cost()", "RESULT Products(1)/[Comic]/Shop.Book.Cost()->? : Edm.Decimal"),
    (
        "Products(1)/Shop.Book/Shop.Cost(count=1)",
        "RESULT Products(1)/[Book]/Shop.Product.Cost(count=1)->? : Edm.Decimal",
    ),
    (
        "Products/Shop.Best(n=2)",
        "COLLECTION Products/Collection(Shop.Product).Best(n=2)->Products : Collection(Shop.Product)",
    ),
    ("Products/Best(n=2)(5)", "ENTITY Products/Collection(Shop.Product).Best(n=2)->Products(5) : Shop.Product"),
    (
        "Products/Best(n=2)/$count",
        "COUNT Products/Collection(Shop.Product).Best(n=2)->Products : Collection(Shop.Product)",
    ),
    (
        "Products/Best(n=2,color='Red')",
        "COLLECTION Products/Collection(Shop.Product).Best(n=2,color=Red)->Products : Collection(Shop.Product)",
    ),
    (
        "Products/Best(color=Shop.Color'Red',n=2)/Shop.First()/Name",
        "PROPERTY Products/Collection(Shop.Product).Best(n=2,color=Red)->Products/"
        "Collection(Shop.Product).First()->Products/Name : Edm.String",
    ),
    ("Products/First/Name", "PROPERTY Products/Collection(Shop.Product).First()->Products/Name : Edm.String"),
    (
        "Products/First()/Category",
        "ENTITY Products/Collection(Shop.Product).First()->Products/Category->Categories : Shop.Category",
    ),
    (
        "Products(1)/Maker()/Products",
        "COLLECTION Products(1)/Shop.Product.Maker()->Categories/Products->Products : Collection(Shop.Product)",
    ),
    ("Products(1)/Shop.Any()", "RESULT Products(1)/Edm.EntityType.Any()->? : Edm.Int32"),
    ("Products(1)/Size/Area()", "RESULT Products(1)/Size/Shop.Size.Area()->? : Edm.Int32"),
    ("Products(1)/Size/Box/Area()", "RESULT Products(1)/Size/[Box]/Shop.Box.Area()->? : Edm.Int32"),
    ("Products(1)/Photo/Shop.Bytes()", "RESULT Products(1)/Photo/Edm.Stream.Bytes()->? : Edm.Int64"),
    ("Products(1)/Tags/Longest()/$value", "VALUE Products(1)/Tags/Collection(Edm.String).Longest()->? : Edm.String"),
    ("Products(1)/Shop.Mixed()", "RESULT Products(1)/Shop.Product.Mixed()->? : Edm.Int32"),
    ("Products(1)/Other.Mixed()", "RESULT Products(1)/Shop.Product.Mixed()->? : Edm.Int32"),
    ("Products(1)/Shop.Buy", "ACTION Products(1)/Shop.Product.Buy()->? : Shop.Order"),
    ("Products/Shop.Clear", "ACTION Products/Collection(Shop.Product).Clear()->?"),
    ("Products/Shop.Book/Clear", "ACTION Products/[Book]/Collection(Shop.Book).Clear()->?"),
    ("Products/$filter(ID gt 2)/Clear", "ACTION Products/$filter/Collection(Shop.Product).Clear()->?"),
    ("Cheapest", "ENTITY Cheapest()->Products : Shop.Product"),
    ("Cheapest()", "ENTITY Cheapest()->Products : Shop.Product"),
    ("Cheapest(max=5)", "ENTITY Cheapest(max=5)->Products : Shop.Product"),
    ("Cheapest(max=5.5)/Name", "PROPERTY Cheapest(max=5.5)->Products/Name : Edm.String"),
    ("Cheapest?max=5", "ENTITY Cheapest(max=5)->Products : Shop.Product"),
    ("Cheapest/Name", "PROPERTY Cheapest()->Products/Name : Edm.String"),
    (
        'Find(of=@a,like=@b)?@a=["x","y"]&@b={"Width":1}',
        "COLLECTION Find(of=[x,y],like={Width:1})->Products : Collection(Shop.Product)",
    ),
    ("Find(of=@a,like=null)(5)?@a=[]", "ENTITY Find(of=[],like=None)->Products(5) : Shop.Product"),
    ('Find?of=["x"]&like={"Height":3}', "COLLECTION Find(of=[x],like={Height:3})->Products : Collection(Shop.Product)"),
    (
        'Find?@of=["x"]&@like={"Height":3}',
        "COLLECTION Find(of=[x],like={Height:3})->Products : Collection(Shop.Product)",
    ),
    ("Now()", "RESULT Now()->? : Edm.DateTimeOffset"),
    ("Now", "RESULT Now()->? : Edm.DateTimeOffset"),
    ("Sizes()", "RESULT Sizes()->? : Collection(Shop.Size)"),
    ("Sizes()/0/Width", "PROPERTY Sizes()->?/#0/Width : Edm.Int32"),
    ("Sizes()/Shop.Box", "RESULT Sizes()->?/[Box] : Collection(Shop.Box)"),
    ("Sizes/$count", "COUNT Sizes()->? : Collection(Shop.Size)"),
    ("Logo()", "STREAM Logo()->? : Edm.Stream"),
    ("Reset", "ACTION Reset()->?"),
    ("Make", "ACTION Make()->Products : Collection(Shop.Product)"),
    ("Now()/$query", "RESULT $query Now()->? : Edm.DateTimeOffset"),
    ("Now/$query", "RESULT $query Now()->? : Edm.DateTimeOffset"),
    ("Cheapest/$query?max=5", "ENTITY $query Cheapest(max=5)->Products : Shop.Product"),
    (
        "Products/$filter(ID gt 1)/$each/Shop.Buy",
        "ACTION Products/$filter/$each/Shop.Product.Buy()->? : Collection(Shop.Order)",
    ),
    ("Products/$each/Cost()", "RESULT Products/$each/Shop.Product.Cost()->? : Collection(Edm.Decimal)"),
    ("Products(1)/Shop.Cost(count=null)", "RESULT Products(1)/Shop.Product.Cost(count=None)->? : Edm.Decimal"),
]


@pytest.mark.parametrize(("url", "expected"), CALLS)
def test_a_call_names(url: str, expected: str) -> None:
    assert shown(bind(SHOP, url)) == expected


REFUSED = [
    (
        "Products/$each/Shop.Clear",
        400,
        "'Shop.Clear' cannot follow each member of a collection of type Collection(Shop.Product): only a bound "
        "operation can.",
    ),
    (
        "Products(1)/Shop.Clear",
        400,
        "'Shop.Clear' is bound to Collection(Shop.Product) or Collection(Shop.Book), and cannot be called on "
        "Shop.Product.",
    ),
    (
        "Products/Shop.Buy",
        400,
        "'Shop.Buy' is bound to Shop.Product, and cannot be called on Collection(Shop.Product).",
    ),
    ("Products(1)/Mixed()", 400, "'Mixed' is ambiguous: write Shop.Mixed, Other.Mixed."),
    (
        "Products(1)/Shop.Buy()",
        400,
        "'Shop.Buy' is an action and takes no parentheses: its parameters are in the body.",
    ),
    ("Products(1)/Shop.Buy/Items", 400, "Nothing can follow a call of an action in a path, but 'Items' does."),
    ("Products(1)/Shop.Cost(1)", 400, "The parameters of 'Shop.Cost' must be given as name=value."),
    ("Products(1)/Shop.Cost(number=1)", 400, "'Shop.Cost' cannot be called with number: it takes () or (count)."),
    (
        "Products(1)/Shop.Cost(count='x')",
        400,
        "The parameter 'count' of 'Shop.Cost', of type Edm.Int32, cannot be the value x of type Edm.String.",
    ),
    ("Products(1)/Shop.Cost(count=1,count=2)", 400, "The parameter 'count' is given twice."),
    (
        "Products(1)/Shop.Cost()/$value",
        400,
        "The function 'Shop.Cost' is not composable, so '$value' cannot follow it.",
    ),
    ("Products(1)/Shop.Cost()(1)", 400, "The function 'Shop.Cost' is not composable, so no key can follow it."),
    ("Products/Best()", 400, "'Best' cannot be called with no parameters: it takes (n, color)."),
    (
        "Products/Best(n=2,color='Blue')",
        400,
        "The parameter 'color' of 'Best', of type Shop.Color, cannot be the value Blue of type Edm.String.",
    ),
    ("Products/First()(1)", 400, "'First' is no collection of entities, so it takes no key."),
    (
        "Cheapest(max=null)",
        400,
        "The parameter 'max' of 'Cheapest', of type Edm.Decimal, must be given and not be null.",
    ),
    ("Cheapest(min=1)", 400, "'Cheapest' cannot be called with min: it takes (max) or ()."),
    ("Cheapest?max=abc", 400, "The parameter 'max' must be a literal, such as 5 or 'text', not abc."),
    (
        "Cheapest?max='x'",
        400,
        "The parameter 'max' of 'Cheapest', of type Edm.Decimal, cannot be the value x of type Edm.String.",
    ),
    (
        'Find(of=@a,like=@b)?@a=5&@b={"Width":1}',
        400,
        "The parameter 'of' of 'Find', of type Collection(Edm.String), cannot be the value 5 of type Edm.Int32.",
    ),
    (
        'Find(of=@a,like=@b)?@a=[]&@b={"Depth":1}',
        400,
        "The parameter 'like' of 'Find', of type Shop.Size, cannot be a value of type Edm.Untyped.",
    ),
    ("Find(of=@a)", 400, "'Find' cannot be called with of: it takes (of, like)."),
    ("Now()/x", 400, "The function 'Now' is not composable, so 'x' cannot follow it."),
    ("Now(5)", 400, "The parameters of 'Now' must be given as name=value."),
    ("Logo()/x", 400, "The function 'Logo' is not composable, so 'x' cannot follow it."),
    ("Reset()", 400, "'Reset' is an action and takes no parentheses: its parameters are in the body."),
    ("Reset/x", 400, "Nothing can follow a call of an action in a path, but 'x' does."),
    ("Make(1)", 400, "'Make' is an action and takes no parentheses: its parameters are in the body."),
    (
        "Make/$query",
        400,
        "'$query' cannot follow a call of an action of type Collection(Shop.Product): it needs something that "
        "can be read.",
    ),
    ("Products(1)/Shop.Cost?count=5", 400, "$count must be true or false, not '5'."),
]


@pytest.mark.parametrize(("url", "status", "message"), REFUSED)
def test_a_call_is_refused(url: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind(SHOP, url)
    assert (caught.value.status, caught.value.message) == (status, message)


OLD_CALLS = [
    ("ByColor?color='red'&most=5", "COLLECTION ByColor(color=red,most=5)->Products : Collection(Old.Product)"),
    ("ByColor?most=5", "COLLECTION ByColor(color=None,most=5)->Products : Collection(Old.Product)"),
    ("ByColor()?most=5&other=x", "COLLECTION ByColor(color=None,most=5)->Products : Collection(Old.Product)"),
    ("ByColor(5)?most=5", "ENTITY ByColor(color=None,most=5)->Products(5) : Old.Product"),
    ("ByColor()(5)?most=5", "ENTITY ByColor(color=None,most=5)->Products(5) : Old.Product"),
    ("ByColor/$count?most=5", "COUNT ByColor(color=None,most=5)->Products : Collection(Old.Product)"),
    ("ByColor(5)/Name/$value?most=1", "VALUE ByColor(color=None,most=1)->Products(5)/Name : Edm.String"),
    ("Total", "RESULT Total()->? : Edm.Decimal"),
    ("Total()", "RESULT Total()->? : Edm.Decimal"),
    ("Total/$value", "VALUE Total()->? : Edm.Decimal"),
    ("Largest/Width/$value", "VALUE Largest()->?/Width : Edm.Int32"),
    ("Restock?at=datetime'2012-01-01T00:00:00'", "ACTION Restock(at=2012-01-01T00:00:00)->Products : Old.Product"),
    ("Restock", "ACTION Restock(at=None)->Products : Old.Product"),
    ("Products(1)/Entities.Discount", "ACTION Products(1)/Old.Product.Discount()->Products : Old.Product"),
    ("Products(1)/Old.Entities.Discount", "ACTION Products(1)/Old.Product.Discount()->Products : Old.Product"),
    ("Products(1)/Discount", "ACTION Products(1)/Old.Product.Discount()->Products : Old.Product"),
    ("Products(1)/Old.Discount", "ACTION Products(1)/Old.Product.Discount()->Products : Old.Product"),
    ("Products(1)/Old.Book/Discount", "ACTION Products(1)/[Book]/Old.Product.Discount()->Products : Old.Product"),
    ("Products(1)/Rate(by=1.5)", "RESULT Products(1)/Old.Product.Rate(by=1.5)->? : Edm.Double"),
    ("Products(1)/Rate?by=1.5d", "RESULT Products(1)/Old.Product.Rate(by=1.5)->? : Edm.Double"),
    ("Products(1)/Rate?@by=1.5", "RESULT Products(1)/Old.Product.Rate(by=1.5)->? : Edm.Double"),
    ("Products(1)/Entities.Next/Name", "PROPERTY Products(1)/Old.Product.Next()->Products/Name : Edm.String"),
    (
        "Products(1)/Next()/Category",
        "ENTITY Products(1)/Old.Product.Next()->Products/Category->Categories : Old.Category",
    ),
    ("Products/Move", "ACTION Products/Collection(Old.Product).Move()->?"),
]


@pytest.mark.parametrize(("url", "expected"), OLD_CALLS)
def test_operations_of_versions_2_and_3(url: str, expected: str) -> None:
    assert shown(bind(OLD_SHOP, url, 3)) == expected


OLD_REFUSED = [
    ("ByColor", 400, "The parameter 'most' of 'ByColor', of type Edm.Int32, must be given and not be null."),
    (
        "ByColor?most='x'",
        400,
        "The parameter 'most' of 'ByColor', of type Edm.Int32, cannot be the value x of type Edm.String.",
    ),
    ("ByColor?most=null", 400, "The parameter 'most' of 'ByColor', of type Edm.Int32, must be given and not be null."),
    ("ByColor?most=x", 400, "The parameter 'most' must be a literal, such as 5 or 'text', not x."),
    ("ByColor?most=5&color=red", 400, "The parameter 'color' must be a literal, such as 5 or 'text', not red."),
    ("ByColor(color='red',most=5)", 400, "'ByColor' takes its parameters as query options, such as ?name=value."),
    ("Total(5)", 400, "'Total' takes its parameters as query options, such as ?name=value."),
    ("Total/x", 404, "Nothing can follow the result of a function of type Edm.Decimal but $value."),
    ("Restock/Name", 400, "Nothing can follow a call of an action in a path, but 'Name' does."),
    ("Restock(1)", 400, "'Restock' takes its parameters as query options, such as ?name=value."),
    ("Products(1)/Next()(1)", 400, "'Next' is no collection of entities, so it takes no key."),
]


@pytest.mark.parametrize(("url", "status", "message"), OLD_REFUSED)
def test_operations_of_versions_2_and_3_are_refused(url: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind(OLD_SHOP, url, 3)
    assert (caught.value.status, caught.value.message) == (status, message)


def test_an_invocation_is_a_whole_value() -> None:
    imported = OLD_SHOP.imports["ByColor"]
    resource = bind(OLD_SHOP, "ByColor?most=5", 3)
    products = OLD_SHOP.entity_sets["Products"]
    arguments = (("color", Constant(None, None)), ("most", Constant(5, edm.INT32)))
    call = Invocation(imported.operations[0], arguments, imported, products, is_service_operation=True)
    assert resource == Resource(Kind.COLLECTION, (call,), products.type, True, products)
    assert (call.is_service_operation, call.name) == (True, "ByColor")


def test_values_of_custom_options_have_no_origin() -> None:
    """They are in no text whose literals count, so a prepared query must not exchange them."""
    assert [constant.origin < 0 for constant in constants_of(bind(OLD_SHOP, "ByColor?most=5&color='x'", 3))] == [
        True,
        True,
    ]


def test_an_ambiguous_overload_is_refused() -> None:
    builder = ModelBuilder("M")
    for name in ("A", "B"):
        parameters = {"x": prop("Int32"), name: prop("Int32", optional=True)}
        builder.function("F", returns="Int32", parameters=parameters)
    builder.operation_import("F")
    with pytest.raises(ODataError) as caught:
        bind(builder.build(), "F(x=1)")
    assert (caught.value.status, caught.value.message) == (
        400,
        "The call of 'F' is ambiguous: name more of its parameters.",
    )
    assert shown(bind(builder.build(), "F(x=1,B=2)")) == "RESULT F(x=1,B=2)->? : Edm.Int32"
