# Paths of version 4 that name nothing: why, and where.

from __future__ import annotations

import pytest

from odata_core.errors import ODataError
from tests.query.paths import SHOP, bind

REFUSED = [
    ("products", 404, "Resource not found for the segment 'products'. Did you mean 'Products'?"),
    ("Productz(1)", 404, "Resource not found for the segment 'Productz'. Did you mean 'Products'?"),
    ("Shop.Product", 400, "A path begins with the name of a resource."),
    ("$count", 400, "A path cannot begin with '$count'."),
    ("$value", 400, "A path cannot begin with '$value'."),
    ("$links", 400, "A path cannot begin with '$links'."),
    ("$", 404, "Resource not found for the segment '$'."),
    ("$metadata/x", 404, "Nothing can stand before or behind '$metadata' in a path."),
    ("$batch/$ref", 404, "Nothing can stand before or behind '$batch' in a path."),
    ("$all/x", 404, "Resource not found for the segment 'x'."),
    ("$all/$count", 400, "Only the name of a type can follow '$all'."),
    (
        "$all/Shop.Size",
        400,
        "'Edm.EntityType' and 'Shop.Size' are not related by inheritance, so 'Shop.Size' cannot stand here.",
    ),
    ("$all/Shop.Product/Name", 400, "Only the name of a type can follow '$all'."),
    ("$crossjoin(Products,Productz)", 404, "There is no entity set 'Productz'. Did you mean 'Products'?"),
    ("$crossjoin(Products,Products)", 400, "'$crossjoin' names the set 'Products' twice."),
    ("$crossjoin(1)", 400, "'$crossjoin' takes the names of entity sets, such as $crossjoin(Products,Sales)."),
    ("$crossjoin(Products)(1)", 400, "A cross join has no key."),
    ("$crossjoin(Products)/$count", 400, "'$count' cannot follow '$crossjoin' in a path."),
    ("$entity", 400, "A query option needs a name."),
    (
        "$entity/Shop.Nothing?$id=x",
        404,
        "Resource not found for the segment 'Shop.Nothing'. Did you mean 'Shop.Floating'?",
    ),
    (
        "$entity/Shop.Book/Name?$id=x",
        400,
        "The name of an entity type is expected behind $entity.",
    ),
    ("Products(1)(2)", 400, "'Products' takes one pair of parentheses."),
    (
        "Products(1,2)",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Products': ID.",
    ),
    ("Products(null)", 400, "The key 'ID' of type Edm.Int32 was given a value of type null."),
    ("Products(@p)", 400, "The key 'ID' of type Edm.Int32 was given a value of type null."),
    ("Products(ID=1,ID=2)", 400, "The key 'ID' is given twice."),
    ("Products(Name='x')", 400, "'Name' is no key of 'Products'."),
    ("Products(Id=1)", 400, "'Id' is no key of 'Products'. Did you mean 'ID'?"),
    ("Products('x')", 400, "The key 'ID' of type Edm.Int32 was given a value of type Edm.String."),
    ("Products(2147483648)", 400, "The key 'ID' of type Edm.Int32 was given a value of type Edm.Int64."),
    ("Products(1.5)", 400, "The key 'ID' of type Edm.Int32 was given a value of type Edm.Decimal."),
    ("Products(@p)?@p=Name", 400, "the row at hand has no properties, so 'Name' cannot follow it."),
    ("Products(@p)?@p=@q&@q=@p", 400, "The parameter alias '@p' refers to itself."),
    ("Pictures('Blue')", 400, "The key 'Color' of type Shop.Color was given a value of type Edm.String."),
    ("Pictures(Shop.Colour'Red')", 400, "There is no enumeration 'Shop.Colour'. Did you mean 'Shop.Color'?"),
    (
        "Moments(At=2020-01-01T00:00:00Z)",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Moments': At, Guid.",
    ),
    ("Moments(1,2)", 400, "Segments with multiple key values must specify them in 'name=value' form."),
    ("Items(1)", 404, "Resource not found for the segment 'Items'. Did you mean 'Pictures'?"),
    ("Orders(1)/Items(1,2)", 400, "Segments with multiple key values must specify them in 'name=value' form."),
    (
        "Orders(1)/Items(OrderID=1)",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Items': OrderID, No.",
    ),
    (
        "People(1)",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    (
        "People('x')",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    (
        "People(First='x')",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    ("People(SSN=5)", 400, "The key 'SSN' of type Edm.String was given a value of type Edm.Int32."),
    (
        "People(SSN='1',Number=1)",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    ("Me(1)", 400, "'Me' is a single entity and takes no key."),
    ("Me()", 400, "'Me' is a single entity and takes no key."),
    ("Products/Name", 400, "The segment 'Name' cannot follow the collection 'Products'. Write a key in parentheses."),
    ("Products/1", 400, "The segment '1' cannot follow the collection 'Products'. Write a key in parentheses."),
    (
        "Products/Nothing",
        400,
        "The segment 'Nothing' cannot follow the collection 'Products'. Write a key in parentheses.",
    ),
    ("Products/Shop.Nothing", 404, "Resource not found for the segment 'Shop.Nothing'. Did you mean 'Shop.Floating'?"),
    (
        "Products/Shop.Order",
        400,
        "'Shop.Product' and 'Shop.Order' are not related by inheritance, so 'Shop.Order' cannot stand here.",
    ),
    (
        "Products/$value",
        400,
        "'$value' cannot follow a collection of entities of type Collection(Shop.Product): only a single "
        "primitive value or a media entity has a raw value.",
    ),
    ("Products/$ref/$count", 400, "'$count' cannot follow '$ref' in a path."),
    ("Products/$links/Category", 404, "Resource not found for the segment '$links'."),
    (
        "Products/$each/Name",
        400,
        "'Name' cannot follow each member of a collection of type Collection(Shop.Product): only a bound "
        "operation can.",
    ),
    (
        "Products/$each/$count",
        400,
        "'$count' cannot follow each member of a collection of type Collection(Shop.Product): '$count' needs a "
        "collection.",
    ),
    ("Products/$filter(Nothing eq 1)", 400, "Could not find a property named 'Nothing' on type 'Shop.Product'."),
    ("Products/$filter(ID)", 400, "A condition is expected, but the expression is 'ID' of type Edm.Int32."),
    ("Products/$filter(@c)", 400, "'$filter(@c)' needs a condition: add the query option @c=..."),
    (
        "Products(1)/$filter(ID gt 1)",
        400,
        "'$filter(ID gt 1)' cannot follow an entity of type Shop.Product: '$filter' needs a collection.",
    ),
    ("Products(1)/$each", 400, "'$each' cannot follow an entity of type Shop.Product: '$each' needs a collection."),
    (
        "Products(1)/Nam",
        404,
        "Resource not found for the segment 'Nam': 'Shop.Product' has no such property. Did you mean 'Name'?",
    ),
    ("Products(1)/Name()", 400, "The property 'Name' takes no parentheses."),
    ("Products(1)/Name/x", 404, "Nothing can follow the property 'Name' of type Edm.String but $value."),
    (
        "Products(1)/Name/$count",
        400,
        "'$count' cannot follow a property of type Edm.String: '$count' needs a collection.",
    ),
    (
        "Products(1)/Name/$ref",
        404,
        "'$ref' cannot follow a property of type Edm.String: only entities have references.",
    ),
    ("Products(1)/Name/$value/x", 400, "'x' cannot follow '$value' in a path."),
    (
        "Products(1)/Size/$value",
        400,
        "'$value' cannot follow a property of type Shop.Size: only a single primitive value or a media entity "
        "has a raw value.",
    ),
    (
        "Products(1)/Size/$count",
        400,
        "'$count' cannot follow a property of type Shop.Size: '$count' needs a collection.",
    ),
    ("Products(1)/Size/$ref", 404, "'$ref' cannot follow a property of type Shop.Size: only entities have references."),
    (
        "Products(1)/Size/Shop.Product",
        400,
        "'Shop.Size' and 'Shop.Product' are not related by inheritance, so 'Shop.Product' cannot stand here.",
    ),
    (
        "Products(1)/Sizes/$value",
        400,
        "'$value' cannot follow a property of type Collection(Shop.Size): only a single primitive value or a "
        "media entity has a raw value.",
    ),
    (
        "Products(1)/Sizes/Width",
        400,
        "'Width' cannot follow a property of type Collection(Shop.Size): only a type, a bound operation, $count "
        "or a place in an ordered collection can.",
    ),
    (
        "Products(1)/Sizes/x",
        400,
        "'x' cannot follow a property of type Collection(Shop.Size): only a type, a bound operation, $count or "
        "a place in an ordered collection can.",
    ),
    (
        "Products(1)/Tags/$value",
        400,
        "'$value' cannot follow a property of type Collection(Edm.String): only a single primitive value or a "
        "media entity has a raw value.",
    ),
    ("Products(1)/Tags/0/x", 404, "Nothing can follow a property of type Edm.String but $value."),
    (
        "Products(1)/Photo/$value",
        400,
        "'$value' cannot follow a stream of type Edm.Stream: only a single primitive value or a media entity "
        "has a raw value.",
    ),
    ("Products(1)/Photo/x", 404, "Nothing can follow a stream of type Edm.Stream but a bound operation."),
    ("Products(1)/$value", 400, "'Shop.Product' is not a media entity and has no $value."),
    ("Products(1)/$count", 400, "'$count' cannot follow an entity of type Shop.Product: '$count' needs a collection."),
    ("Products(1)/Category(1)", 400, "'Category' leads to one entity and takes no key."),
    ("Products(1)/Category()", 400, "'Category' leads to one entity and takes no key."),
    (
        "Products(1)/Shop.Order",
        400,
        "'Shop.Product' and 'Shop.Order' are not related by inheritance, so 'Shop.Order' cannot stand here.",
    ),
    ("Products(1)/Shop.Book(2)", 400, "'Shop.Book' follows a single value and takes no key."),
    ("Products(1)/Shop.Book/Shop.Comic", 400, "A type cannot follow another one: 'Shop.Comic' alone is enough."),
    ("Gadgets('a')/1x", 404, "Resource not found for the segment '1x'."),
    ("Gadgets('a')/x()", 404, "Resource not found for the segment 'x': 'Shop.Gadget' has no such property."),
]


@pytest.mark.parametrize(("url", "status", "message"), REFUSED)
def test_a_path_is_refused(url: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind(SHOP, url)
    assert (caught.value.status, caught.value.message) == (status, message)


REFUSED_SEGMENTS = [
    (
        "Products/Book",
        400,
        "The segment 'Book' is not a key value for 'ID' of type Edm.Int32: a whole number is expected.",
    ),
    (
        "Categories/Shop.Book",
        400,
        "'Shop.Category' and 'Shop.Book' are not related by inheritance, so 'Shop.Book' cannot stand here.",
    ),
    (
        "Products/First",
        400,
        "The segment 'First' is not a key value for 'ID' of type Edm.Int32: a whole number is expected.",
    ),
    (
        "Products/First()",
        400,
        "The segment 'First()' is not a key value for 'ID' of type Edm.Int32: a whole number is expected.",
    ),
    (
        "Products/Best(n=2)/5",
        400,
        "The segment 'Best(n=2)' is not a key value for 'ID' of type Edm.Int32: a whole number is expected.",
    ),
    ("Orders/1/Items/1/2", 404, "Resource not found for the segment '2': 'Shop.Item' has no such property."),
    (
        "People/1",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    (
        "People/1/$count",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'People': Number, Town or SSN or First, City.",
    ),
    (
        "Pictures/Blue",
        400,
        "The segment 'Blue' is not a key value for 'Color' of type Shop.Color: a member of Shop.Color is "
        "expected: Red, Green.",
    ),
    ("Products/x", 400, "The segment 'x' is not a key value for 'ID' of type Edm.Int32: a whole number is expected."),
    ("Products/1/$/Name", 404, "Resource not found for the segment '$'."),
]


@pytest.mark.parametrize(("url", "status", "message"), REFUSED_SEGMENTS)
def test_a_key_as_a_segment_is_refused(url: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind(SHOP, url, key_as_segment=True)
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(
    ("url", "text", "position"),
    [
        ("Products(ID=1,Nam=2)", "Products(ID=1,Nam=2)", 18),
        ("Moments(At=2020-01-01T00:00:00Z,Guid=5)", "Moments(At=2020-01-01T00:00:00Z,Guid=5)", 37),
        ("Products(1)/Size/Widht", "Widht", 0),
        ("Products/$filter(ID gt 1 and Nam eq 'x')", "$filter(ID gt 1 and Nam eq 'x')", 20),
        ("Products/$filter(@c)?@c=ID gt 1 and Nam eq 'x'", "ID gt 1 and Nam eq 'x'", 12),
    ],
)
def test_a_refusal_shows_the_place(url: str, text: str, position: int) -> None:
    with pytest.raises(ODataError) as caught:
        bind(SHOP, url)
    assert (caught.value.text, caught.value.position) == (text, position)
