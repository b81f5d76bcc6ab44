# Paths of version 4: what each construct names.

from __future__ import annotations

import pytest

from tests.query.paths import SHOP, bind, shown

PATHS = [
    ("", "ROOT"),
    ("$metadata", "METADATA"),
    ("$metadata?$format=json", "METADATA"),
    ("$batch", "BATCH"),
    ("$all", "ALL : Collection(Edm.EntityType)"),
    ("$all/Shop.Product", "ALL [Product] : Collection(Shop.Product)"),
    ("$all/S.Product", "ALL [Product] : Collection(Shop.Product)"),
    ("$crossjoin(Products,Categories)", "CROSSJOIN Products*Categories : Collection(Edm.ComplexType)"),
    ("$crossjoin(Products)/$query", "CROSSJOIN $query Products : Collection(Edm.ComplexType)"),
    ("$entity?$id=Products(1)", "ENTITY_ID : Edm.EntityType"),
    ("$entity/Shop.Book?$id=Products(1)", "ENTITY_ID [Book] : Shop.Book"),
    ("Products", "COLLECTION Products : Collection(Shop.Product)"),
    ("Products/", "COLLECTION Products : Collection(Shop.Product)"),
    ("Products()", "COLLECTION Products : Collection(Shop.Product)"),
    ("Products(1)", "ENTITY Products(1) : Shop.Product"),
    ("Products(ID=1)", "ENTITY Products(1) : Shop.Product"),
    ("Products(@p)?@p=1", "ENTITY Products(1) : Shop.Product"),
    ("Products(ID=@p)?@p=1", "ENTITY Products(1) : Shop.Product"),
    ("Products%281%29", "ENTITY Products(1) : Shop.Product"),
    ("Products/$count", "COUNT Products : Collection(Shop.Product)"),
    ("Products()/$count", "COUNT Products : Collection(Shop.Product)"),
    ("Products/$ref", "LINKS Products : Collection(Shop.Product)"),
    ("Products/$query", "COLLECTION $query Products : Collection(Shop.Product)"),
    ("Products/$count/$query", "COUNT $query Products : Collection(Shop.Product)"),
    ("Products(1)/$ref", "LINKS Products(1) : Shop.Product"),
    ("Products(1)/$query", "ENTITY $query Products(1) : Shop.Product"),
    ("Products(1)/Name", "PROPERTY Products(1)/Name : Edm.String"),
    ("Products(1)/Name/$value", "VALUE Products(1)/Name : Edm.String"),
    ("Products(1)/Size", "PROPERTY Products(1)/Size : Shop.Size"),
    ("Products(1)/Size/Width", "PROPERTY Products(1)/Size/Width : Edm.Int32"),
    ("Products(1)/Size/Shop.Box", "PROPERTY Products(1)/Size/[Box] : Shop.Box"),
    ("Products(1)/Size/Shop.Box/Depth", "PROPERTY Products(1)/Size/[Box]/Depth : Edm.Int32"),
    ("Products(1)/Size/Box/Depth", "PROPERTY Products(1)/Size/[Box]/Depth : Edm.Int32"),
    ("Products(1)/Sizes", "PROPERTY Products(1)/Sizes : Collection(Shop.Size)"),
    ("Products(1)/Sizes/$count", "COUNT Products(1)/Sizes : Collection(Shop.Size)"),
    ("Products(1)/Sizes/0", "PROPERTY Products(1)/Sizes/#0 : Shop.Size"),
    ("Products(1)/Sizes/-1", "PROPERTY Products(1)/Sizes/#-1 : Shop.Size"),
    ("Products(1)/Sizes/0/Width", "PROPERTY Products(1)/Sizes/#0/Width : Edm.Int32"),
    ("Products(1)/Sizes/Shop.Box", "PROPERTY Products(1)/Sizes/[Box] : Collection(Shop.Box)"),
    ("Products(1)/Sizes/Shop.Box/0/Depth", "PROPERTY Products(1)/Sizes/[Box]/#0/Depth : Edm.Int32"),
    ("Products(1)/Tags", "PROPERTY Products(1)/Tags : Collection(Edm.String)"),
    ("Products(1)/Tags/$count", "COUNT Products(1)/Tags : Collection(Edm.String)"),
    ("Products(1)/Tags/3", "PROPERTY Products(1)/Tags/#3 : Edm.String"),
    ("Products(1)/Tags/3/$value", "VALUE Products(1)/Tags/#3 : Edm.String"),
    ("Products(1)/Photo", "STREAM Products(1)/Photo : Edm.Stream"),
    ("Products(1)/Color", "PROPERTY Products(1)/Color : Shop.Color"),
    ("Products(1)/Color/$value", "VALUE Products(1)/Color : Shop.Color"),
    ("Products(1)/Extra/Known", "PROPERTY Products(1)/Extra/Known : Edm.String"),
    ("Products(1)/Extra/Unknown", "PROPERTY Products(1)/Extra/?Unknown : Edm.Untyped"),
    ("Products(1)/Extra/Unknown/Deeper/$value", "VALUE Products(1)/Extra/?Unknown/?Deeper : Edm.Untyped"),
    ("Products(1)/Category", "ENTITY Products(1)/Category->Categories : Shop.Category"),
    (
        "Products(1)/Category/Products",
        "COLLECTION Products(1)/Category->Categories/Products->Products : Collection(Shop.Product)",
    ),
    (
        "Products(1)/Category/Products(2)/Name",
        "PROPERTY Products(1)/Category->Categories/Products->Products(2)/Name : Edm.String",
    ),
    ("Products(1)/Category/$ref", "LINKS Products(1)/Category->Categories : Shop.Category"),
    ("Products(1)/Place/Shops", "COLLECTION Products(1)/Place/Shops->Categories : Collection(Shop.Category)"),
    ("Products(1)/Place/Shops('x')/Name", "PROPERTY Products(1)/Place/Shops->Categories(x)/Name : Edm.String"),
    ("Products/Shop.Book", "COLLECTION Products/[Book] : Collection(Shop.Book)"),
    ("Products/S.Book", "COLLECTION Products/[Book] : Collection(Shop.Book)"),
    ("Products/Book", "COLLECTION Products/[Book] : Collection(Shop.Book)"),
    ("Products/Shop.Book/$count", "COUNT Products/[Book] : Collection(Shop.Book)"),
    ("Products/Shop.Book(1)", "ENTITY Products/[Book](1) : Shop.Book"),
    ("Products(1)/Shop.Book", "ENTITY Products(1)/[Book] : Shop.Book"),
    ("Products(1)/Shop.Book/Pages", "PROPERTY Products(1)/[Book]/Pages : Edm.Int32"),
    ("Products(1)/Book/Pages", "PROPERTY Products(1)/[Book]/Pages : Edm.Int32"),
    ("Products(1)/Shop.Product", "ENTITY Products(1)/[Product] : Shop.Product"),
    ("Products/Shop.Book(1)/Shop.Product/Name", "PROPERTY Products/[Book](1)/[Product]/Name : Edm.String"),
    ("Products/Shop.Book(1)/Sequels", "COLLECTION Products/[Book](1)/Sequels->Products : Collection(Shop.Book)"),
    (
        "Products/Shop.Comic(1)/Sequels(2)/Shop.Comic/Heroes",
        "PROPERTY Products/[Comic](1)/Sequels->Products(2)/[Comic]/Heroes : Collection(Edm.String)",
    ),
    ("Products(1)/Shop.Comic/Sequels", "COLLECTION Products(1)/[Comic]/Sequels->Products : Collection(Shop.Book)"),
    ("Gadgets('a')/Anything", "PROPERTY Gadgets(a)/?Anything : Edm.Untyped"),
    ("Gadgets('a')/Anything/$value", "VALUE Gadgets(a)/?Anything : Edm.Untyped"),
    ("Orders(1)/Items", "COLLECTION Orders(1)/Items->. : Collection(Shop.Item)"),
    ("Orders(1)/Items(2)", "ENTITY Orders(1)/Items->.(1,2) : Shop.Item"),
    ("Orders(1)/Items(OrderID=1,No=2)", "ENTITY Orders(1)/Items->.(1,2) : Shop.Item"),
    ("Orders(1)/Items(No=2)", "ENTITY Orders(1)/Items->.(1,2) : Shop.Item"),
    ("Orders(1)/Items(No=2,OrderID=7)", "ENTITY Orders(1)/Items->.(7,2) : Shop.Item"),
    ("Orders(1)/Items(2)/Product", "ENTITY Orders(1)/Items->.(1,2)/Product->Products : Shop.Product"),
    ("Orders(1)/Items(2)/Product/Name", "PROPERTY Orders(1)/Items->.(1,2)/Product->Products/Name : Edm.String"),
    ("Orders(1)/Items(2)/Notes(3)", "ENTITY Orders(1)/Items->.(1,2)/Notes->.(1,2,3) : Shop.Note"),
    ("Orders(1)/Items(2)/Notes(No=3,ItemNo=2)", "ENTITY Orders(1)/Items->.(1,2)/Notes->.(1,2,3) : Shop.Note"),
    ("Orders(1)/Items(2)/Order", "ENTITY Orders(1)/Items->.(1,2)/Order->? : Shop.Order"),
    ("Me", "ENTITY !Me : Shop.Person"),
    ("Me/First", "PROPERTY !Me/First : Edm.String"),
    ("Me/Order", "ENTITY !Me/Order->. : Shop.Order"),
    ("Me/Order/Items(5)", "ENTITY !Me/Order->./Items->.(<ID>,5) : Shop.Item"),
    ("Me/Friends(Number=1,Town='x')", "ENTITY !Me/Friends->People(1,x) : Shop.Person"),
    ("Me/Lost", "COLLECTION !Me/Lost->? : Collection(Shop.Gadget)"),
    ("Me/Lost('x')", "ENTITY !Me/Lost->?(x) : Shop.Gadget"),
    ("People(Number=1,Town='x')", "ENTITY People(1,x) : Shop.Person"),
    ("People(Town='x',Number=1)", "ENTITY People(1,x) : Shop.Person"),
    ("People(SSN='123')", "ENTITY People(SSN=123) : Shop.Person"),
    ("People(City='x',First='y')", "ENTITY People(First=y,City=x) : Shop.Person"),
    ("People(SSN=@s)/Last?@s='1'", "PROPERTY People(SSN=1)/Last : Edm.String"),
    ("Pictures(Shop.Color'Red')", "ENTITY Pictures(Red) : Shop.Picture"),
    ("Pictures('Red')", "ENTITY Pictures(Red) : Shop.Picture"),
    ("Pictures(Color='Green')", "ENTITY Pictures(Green) : Shop.Picture"),
    ("Pictures('Red')/$value", "MEDIA Pictures(Red) : Shop.Picture"),
    (
        "Moments(At=2020-01-01T00:00:00Z,Guid=11111111-1111-1111-1111-111111111111)",
        "ENTITY Moments(2020-01-01T00:00:00Z,11111111-1111-1111-1111-111111111111) : Shop.Moment",
    ),
    (
        "Moments(Guid='11111111-1111-1111-1111-111111111111',At=2020-01-01T00:00:00%2B01:00)",
        "ENTITY Moments(2020-01-01T00:00:00+01:00,11111111-1111-1111-1111-111111111111) : Shop.Moment",
    ),
    ("Floatings(1)", "ENTITY Floatings(1.0) : Shop.Floating"),
    ("Floatings(-1.5e3)", "ENTITY Floatings(-1500.0) : Shop.Floating"),
    ("Floatings(INF)", "ENTITY Floatings(inf) : Shop.Floating"),
    ("Products/$filter(ID gt 1)", "COLLECTION Products/$filter : Collection(Shop.Product)"),
    ("Products/$filter(@c)?@c=Size/Width gt 1", "COLLECTION Products/$filter : Collection(Shop.Product)"),
    (
        "Products/$filter(Size/Width gt 1)/$filter(ID lt 9)/$count",
        "COUNT Products/$filter/$filter : Collection(Shop.Product)",
    ),
    ("Products/$filter(ID gt 1)(5)", "ENTITY Products/$filter(5) : Shop.Product"),
    ("Products/Shop.Book/$filter(Pages gt 5)/$each", "EACH Products/[Book]/$filter/$each : Collection(Shop.Book)"),
    ("Products/$each", "EACH Products/$each : Collection(Shop.Product)"),
    ("Products(1)/Tags/$filter($it eq 'x')/$count", "COUNT Products(1)/Tags/$filter : Collection(Edm.String)"),
    ("Orders(1)/Items/$filter(Count gt 1)", "COLLECTION Orders(1)/Items->./$filter : Collection(Shop.Item)"),
    ("Products/$filter(ID gt 1)(5)", "ENTITY Products/$filter(5) : Shop.Product"),
    ("Orders(1)/Items/$filter(Count gt 1)(5)", "ENTITY Orders(1)/Items->./$filter(1,5) : Shop.Item"),
    ("Products//$count", "COUNT Products : Collection(Shop.Product)"),
]


@pytest.mark.parametrize(("url", "expected"), PATHS)
def test_a_path_names(url: str, expected: str) -> None:
    assert shown(bind(SHOP, url)) == expected


KEYS_AS_SEGMENTS = [
    ("Products/1", "ENTITY Products(1) : Shop.Product"),
    ("Products/1/Name", "PROPERTY Products(1)/Name : Edm.String"),
    ("Products/1/Category/Products/2", "ENTITY Products(1)/Category->Categories/Products->Products(2) : Shop.Product"),
    ("Products()/1", "ENTITY Products(1) : Shop.Product"),
    ("Products/Shop.Book", "COLLECTION Products/[Book] : Collection(Shop.Book)"),
    ("Products/Shop.Book/1/Pages", "PROPERTY Products/[Book](1)/Pages : Edm.Int32"),
    ("Categories/Book", "ENTITY Categories(Book) : Shop.Category"),
    ("Categories/Shop.Nothing", "ENTITY Categories(Shop.Nothing) : Shop.Category"),
    ("Categories/First", "ENTITY Categories(First) : Shop.Category"),
    ("Categories/$$x", "ENTITY Categories($x) : Shop.Category"),
    ("Categories/a%2Fb", "ENTITY Categories(a/b) : Shop.Category"),
    ("Categories/O'Neil", "ENTITY Categories(O'Neil) : Shop.Category"),
    ("Categories/a('b/Name", "PROPERTY Categories(a('b)/Name : Edm.String"),
    ("Categories/f(x)", "ENTITY Categories(f(x)) : Shop.Category"),
    ("Categories/First()", "ENTITY Categories(First()) : Shop.Category"),
    ("Products/Shop.First/Name", "PROPERTY Products/Collection(Shop.Product).First()->Products/Name : Edm.String"),
    ("Categories/Category", "ENTITY Categories(Category) : Shop.Category"),
    ("Orders/1/Items/2", "ENTITY Orders(1)/Items->.(1,2) : Shop.Item"),
    ("Orders/1/Items/2/Notes/3", "ENTITY Orders(1)/Items->.(1,2)/Notes->.(1,2,3) : Shop.Note"),
    ("Me/Order/Items/5", "ENTITY !Me/Order->./Items->.(<ID>,5) : Shop.Item"),
    ("Me/Friends/1/x", "ENTITY !Me/Friends->People(1,x) : Shop.Person"),
    ("People/1/x", "ENTITY People(1,x) : Shop.Person"),
    ("People/1/x/First", "PROPERTY People(1,x)/First : Edm.String"),
    ("Pictures/Red", "ENTITY Pictures(Red) : Shop.Picture"),
    ("Pictures/1", "ENTITY Pictures(Red) : Shop.Picture"),
    (
        "Moments/2020-01-01T00:00:00Z/11111111-1111-1111-1111-111111111111",
        "ENTITY Moments(2020-01-01T00:00:00Z,11111111-1111-1111-1111-111111111111) : Shop.Moment",
    ),
    ("Floatings/INF", "ENTITY Floatings(inf) : Shop.Floating"),
    ("Floatings/1e3", "ENTITY Floatings(1000.0) : Shop.Floating"),
    ("Products/$count", "COUNT Products : Collection(Shop.Product)"),
    ("Products/1/Sizes/0", "PROPERTY Products(1)/Sizes/#0 : Shop.Size"),
    ("Products/$filter(ID gt 1)/5", "ENTITY Products/$filter(5) : Shop.Product"),
]


@pytest.mark.parametrize(("url", "expected"), KEYS_AS_SEGMENTS)
def test_keys_as_segments(url: str, expected: str) -> None:
    assert shown(bind(SHOP, url, key_as_segment=True)) == expected


DEFAULT_NAMESPACE = [
    ("Products/First", "ENTITY Products/Collection(Shop.Product).First()->Products : Shop.Product"),
    ("Products/Book", "COLLECTION Products/[Book] : Collection(Shop.Book)"),
    ("Categories/Book", "ENTITY Categories(Book) : Shop.Category"),
    ("Products/Book/1", "ENTITY Products/[Book](1) : Shop.Book"),
    ("Products/First/Name", "PROPERTY Products/Collection(Shop.Product).First()->Products/Name : Edm.String"),
    ("Products/Shop.Book/1", "ENTITY Products/[Book](1) : Shop.Book"),
]


@pytest.mark.parametrize(("url", "expected"), DEFAULT_NAMESPACE)
def test_names_of_a_default_namespace_come_before_keys(url: str, expected: str) -> None:
    assert shown(bind(SHOP, url, key_as_segment=True, namespaces=("Shop",))) == expected
