# Binding of the whole expression language: what each construct means, told by its canonical 4.01 text and its type.
# The text comes from `unbind`, so every row is a round trip as well: bound again, it is the same tree.

from __future__ import annotations

import pytest

from odata_core.edm import ModelBuilder, name_of
from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.query.binder import Binder
from odata_core.query.scope import Scope
from odata_core.query.tree import UNTYPED, Bound
from odata_core.query.unbinder import unbind
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.printer import print_expression
from odata_core.uri.urls import parse_query

LIMITS = Limits()


def shop() -> ModelBuilder:
    builder = ModelBuilder("Shop")
    builder.alias("S", "Shop")
    builder.enum("Color", members={"Red": 1, "Blue": 2, "Green": 4}, flags=True)
    builder.type_definition("Weight", "Double")
    builder.complex("Place", properties={"City": "String", "Zip": "Int32"})
    builder.complex("Office", base="Place", properties={"Floor": "Byte"})
    builder.complex("Bag", properties={"Size": "Int32"}, open=True)
    properties = {
        "ID": "Int32",
        "Name": "String",
        "Price": "Decimal",
        "Rate": "Double",
        "Small": "Byte",
        "Big": "Int64",
    }
    times = {"Made": "DateTimeOffset", "Day": "Date", "At": "TimeOfDay", "Span": "Duration", "Old": "DateTime"}
    others = {"Tags": "Collection(String)", "Color": "Color", "Place": "Place", "Guid": "Guid", "On": "Boolean"}
    more = {
        "Places": "Collection(Place)",
        "Bag": "Bag",
        "Weight": "Weight",
        "Data": "Binary",
        "Numbers": "Collection(Int32)",
    }
    builder.entity("Product", key="ID", properties={**properties, **times, **others, **more})
    builder.entity("Book", base="Product", properties={"Pages": "Int16"})
    builder.entity("Category", key=("A", "B"), properties={"A": "Int32", "B": "String", "Title": "String"})
    builder.navigation("Product", "Category", to="Category")
    builder.navigation("Category", "Products", to="Product", many=True)
    builder.entity_set("Products", "Product")
    builder.entity_set("Categories", "Category")
    builder.singleton("Best", "Product")
    builder.function("Near", parameters={"it": "Product", "km": "Double"}, returns="Collection(Product)", bound=True)
    builder.function("Total", parameters={"them": "Collection(Product)"}, returns="Decimal", bound=True)
    builder.function("Half", parameters={"n": "Int32"}, returns="Decimal")
    builder.operation_import("Half")
    builder.action("Burn", parameters={"it": "Product"}, bound=True)
    return builder


MODEL = shop().build()
PRODUCTS = MODEL.entity_set("Products")


def scope(grammar: Grammar, aliases: str = "") -> Scope:
    options = parse_query(aliases, grammar, LIMITS) if aliases else None
    given = options.aliases if options is not None else {}
    return Scope(MODEL, grammar, LIMITS, PRODUCTS.type, PRODUCTS, aliases=given)


def bind(text: str, grammar: Grammar = V4_GRAMMAR, aliases: str = "") -> Bound:
    return Binder(scope(grammar, aliases), text).expression(parse_expression(text, grammar, LIMITS))


def meaning(bound: Bound) -> tuple[str, str]:
    """The canonical text of an expression, and its type."""
    kind = (
        "null" if bound.type is None else "any" if bound.type is UNTYPED else name_of(bound.type).removeprefix("Edm.")
    )
    return print_expression(unbind(bound), V4_GRAMMAR), f"Collection({kind})" if bound.is_collection else kind


SAME = None

EXPRESSIONS: list[tuple[str, str | None, str]] = [
    # Arithmetic (5.1.1.2) and promotion (5.1.1.16)
    ("Price add 1", "Price add 1.0", "Decimal"),
    ("Small add Small", SAME, "Int16"),
    ("Small sub 1", SAME, "Int32"),
    ("Big mul Small", SAME, "Int64"),
    ("Rate div Price", SAME, "Double"),
    ("ID divby 2", SAME, "Decimal"),
    ("ID mod 2", SAME, "Int32"),
    ("-Price", SAME, "Decimal"),
    ("-Small", SAME, "Int16"),
    ("-(5)", SAME, "Int32"),
    ("Weight add 1", "Weight add 1.0", "Double"),
    ("null add 1", SAME, "Int32"),
    # ... of dates and times
    ("Made add Span", SAME, "DateTimeOffset"),
    ("Made sub Made", SAME, "Duration"),
    ("Day add duration'P1D'", SAME, "Date"),
    ("Day sub Day", SAME, "Duration"),
    ("Span add 'PT1S'", "Span add duration'PT1S'", "Duration"),
    ("Span mul 2", SAME, "Duration"),
    ("2 mul Span", SAME, "Duration"),
    ("-Span", SAME, "Duration"),
    # Precedence (5.1.1.17): printed with the parentheses that are needed, and no others
    ("(Price add 1) mul 2", "(Price add 1.0) mul 2.0", "Decimal"),
    ("Price add (1 mul 2)", "Price add 1 mul 2", "Decimal"),
    ("not (On and On)", SAME, "Boolean"),
    ("On or On and not On", SAME, "Boolean"),
    ("(On or On) and On", SAME, "Boolean"),
    ("ID eq 1 eq On", SAME, "Boolean"),
    # Keywords in any case (4.01)
    ("NOT On AND ID EQ 5", "not On and ID eq 5", "Boolean"),
    ("CONTAINS(Name,'x')", "contains(Name,'x')", "Boolean"),
    # Literals take the type of what they meet
    ("Guid eq '3499b02c-8dc9-4c0d-aa83-097a1340cbda'", "Guid eq 3499b02c-8dc9-4c0d-aa83-097a1340cbda", "Boolean"),
    ("Span lt 'PT5M'", "Span lt duration'PT5M'", "Boolean"),
    ("Color eq 'Red'", "Color eq Shop.Color'Red'", "Boolean"),
    ("Color eq S.Color'Red,Blue'", "Color eq Shop.Color'Red,Blue'", "Boolean"),
    ("Color eq 4", "Color eq Shop.Color'Green'", "Boolean"),
    ("Made gt 2020-01-01T00:00:00Z", "Made gt 2020-01-01T00:00:00Z", "Boolean"),
    ("At lt 12:30:00", SAME, "Boolean"),
    ("Rate eq NaN", SAME, "Boolean"),
    ("Data eq binary'AAEC'", SAME, "Boolean"),
    ('Place eq {"City":"Ulm","Zip":89073}', SAME, "Boolean"),
    ("Category eq null", SAME, "Boolean"),
    # has, in (5.1.1.1.11, 5.1.1.1.12)
    ("Color has 'Red'", "Color has Shop.Color'Red'", "Boolean"),
    ("Color has Shop.Color'Red,Blue'", SAME, "Boolean"),
    ("Name in ('a','b')", SAME, "Boolean"),
    ("Name in ()", SAME, "Boolean"),
    ('Name in ["a","b"]', "Name in ('a','b')", "Boolean"),
    ("Price in (1,2.5,null)", "Price in (1.0,2.5,null)", "Boolean"),
    ("'x' in Tags", SAME, "Boolean"),
    ("Color in ('Red','Blue')", "Color in (Shop.Color'Red',Shop.Color'Blue')", "Boolean"),
    ("ID in Numbers", SAME, "Boolean"),
    ('[Name,Place/City] in [["a","b"],["c","d"]]', SAME, "Boolean"),  # example 105
    # Functions of text (5.1.1.5, 5.1.1.7)
    ("concat(Name,'x')", SAME, "String"),
    ("concat(concat(Name,', '),'x')", SAME, "String"),
    ("endswith(Name,'x')", SAME, "Boolean"),
    ("indexof(Name,'x')", SAME, "Int32"),
    ("length(Name)", SAME, "Int32"),
    ("startswith(Name,'x')", SAME, "Boolean"),
    ("substring(Name,1)", SAME, "String"),
    ("substring(Name,1,2)", SAME, "String"),
    ("matchesPattern(Name,'^A')", SAME, "Boolean"),
    ("matchespattern(Name,'^A')", "matchesPattern(Name,'^A')", "Boolean"),
    ("tolower(toupper(trim(Name)))", SAME, "String"),
    # ... and of collections (5.1.1.5, 5.1.1.6)
    ("concat(Tags,Tags)", SAME, "Collection(String)"),
    ("contains(Tags,Tags)", SAME, "Boolean"),
    ("length(Places)", SAME, "Int32"),
    ("substring(Numbers,1)", SAME, "Collection(Int32)"),
    ("hassubset(Tags,['a'])", 'hassubset(Tags,["a"])', "Boolean"),
    ("hassubsequence(Numbers,[1,2])", SAME, "Boolean"),
    # ... of dates and times (5.1.1.8)
    ("year(Made)", SAME, "Int32"),
    ("year(Day)", SAME, "Int32"),
    ("hour(At)", SAME, "Int32"),
    ("fractionalseconds(Made)", SAME, "Decimal"),
    ("date(Made)", SAME, "Date"),
    ("time(Made)", SAME, "TimeOfDay"),
    ("totalseconds(Span)", SAME, "Decimal"),
    ("totaloffsetminutes(Made)", SAME, "Int32"),
    ("now() sub duration'P1D'", SAME, "DateTimeOffset"),
    ("mindatetime()", SAME, "DateTimeOffset"),
    # ... of numbers (5.1.1.9)
    ("round(Price)", SAME, "Decimal"),
    ("floor(Rate)", SAME, "Double"),
    ("ceiling(ID)", SAME, "Double"),
    # cast and isof (5.1.1.10)
    ("cast(ID,Edm.String)", SAME, "String"),
    ("Shop.Book/Pages", SAME, "Int16"),
    ("isof(Shop.Book)", SAME, "Boolean"),
    ("isof(Name,Edm.String)", SAME, "Boolean"),
    ("isof(Shop.Category)", SAME, "Boolean"),
    ("cast(Place,Edm.String)", SAME, "String"),
    ("cast(Name,S.Color)", "cast(Name,Shop.Color)", "Shop.Color"),
    ("cast(Tags,Collection(Edm.String))", SAME, "Collection(String)"),
    ("cast(Rate,S.Weight)", "cast(Rate,Edm.Double)", "Double"),
    ("cast(null,Edm.Int32)", SAME, "Int32"),
    # case (5.1.1.12)
    ("case(On:1,true:2)", SAME, "Int32"),
    ("case(On:1,true:2.5)", SAME, "Decimal"),
    ("case(On:null,ID gt 5:Name)", SAME, "String"),
    ("case(On:'Red',true:Color)", "case(On:Shop.Color'Red',true:Color)", "Shop.Color"),
    # Paths
    ("Place/City", SAME, "String"),
    ("Category/Title", SAME, "String"),
    ("Category/Products", SAME, "Collection(Shop.Product)"),
    ("Category/Products/Name", SAME, "Collection(String)"),
    ("Category/Products(5)/Name", SAME, "String"),
    ("Category/Products(ID=5)/Name", "Category/Products(5)/Name", "String"),
    ("Shop.Book/Pages", SAME, "Int16"),
    ("S.Book/Pages", "Shop.Book/Pages", "Int16"),
    ("Place/Shop.Office/Floor", SAME, "Byte"),
    ("Bag/Anything", SAME, "any"),
    ("Bag/Anything/Deeper eq 5", SAME, "Boolean"),
    ("Bag/Size", SAME, "Int32"),
    ("$it/Name", "Name", "String"),
    ("$this/Name", "Name", "String"),
    ("$root/Best/Name", SAME, "String"),
    ("$root/Products(1)/Name", SAME, "String"),
    ("$root/Products/1/Name", "$root/Products(1)/Name", "String"),
    ("$root/Categories(B='x',A=1)/Title", "$root/Categories(A=1,B='x')/Title", "String"),
    # any, all (5.1.1.13)
    ("Tags/any()", SAME, "Boolean"),
    ("Tags/any(t:t eq 'x')", SAME, "Boolean"),
    ("Tags/all(t:length(t) gt 1)", SAME, "Boolean"),
    ("Places/any(p:p/City eq Name)", SAME, "Boolean"),
    ("Category/Products/any(p:p/Category/Products/all(q:q/Price lt p/Price))", SAME, "Boolean"),
    ("Places/any(p:p/Shop.Office/Floor eq 1)", SAME, "Boolean"),
    ("Places/Shop.Office/any(p:p/Floor eq 1)", SAME, "Boolean"),
    ("Category/Products/any(p:p/Price gt $it/Price)", "Category/Products/any(p:p/Price gt Price)", "Boolean"),
    # $count and $filter (5.1.1.15), aggregate
    ("Tags/$count", SAME, "Int64"),
    (
        "Category/Products/$count($filter=Price gt 5;$search=bike)",
        "Category/Products/$count($filter=Price gt 5.0;$search=bike)",
        "Int64",
    ),
    ("Category/Products/$count($filter=Price gt $it/Price)", SAME, "Int64"),
    ("Category/Products/$filter(On)/$count", SAME, "Int64"),
    ("Numbers/$count($filter=$this gt 5)", SAME, "Int64"),
    ("Category/Products/aggregate(Price with sum)", SAME, "Decimal"),
    ("Category/Products/aggregate(ID with average)", SAME, "Decimal"),
    ("Category/Products/aggregate(Name with countdistinct)", SAME, "Decimal"),
    ("Category/Products/aggregate($count)", SAME, "Decimal"),
    # Functions of the model (5.1.1.4)
    ("Shop.Near(km=5)", "Shop.Near(km=5.0)", "Collection(Shop.Product)"),
    ("S.Near(km=5)/Name", "Shop.Near(km=5.0)/Name", "Collection(String)"),
    ("Near(km=5.5)/$count", "Shop.Near(km=5.5)/$count", "Int64"),
    ("Category/Products/Shop.Total()", SAME, "Decimal"),
    ("Shop.Half(n=3)", SAME, "Decimal"),
    ("Half(n=ID)", "Shop.Half(n=ID)", "Decimal"),
    ("Half(n=@p)", "Shop.Half(n=null)", "Decimal"),
]


@pytest.mark.parametrize(("text", "canonical", "kind"), EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_expressions(text: str, canonical: str | None, kind: str) -> None:
    bound = bind(text)
    assert meaning(bound) == (canonical or text, kind)
    assert bind(canonical or text) == bound


@pytest.mark.parametrize(
    ("grammar", "text", "canonical"),
    [
        (V3_GRAMMAR, "substringof('x',Name)", "contains(Name,'x')"),
        (V2_GRAMMAR, "substringof(Name,'x')", "contains('x',Name)"),
        (V3_GRAMMAR, "Price eq 5.25M and Big eq 7L", "Price eq 5.25 and Big eq 7"),
        (V2_GRAMMAR, "Price add 1.5 eq 2.5", "Price add 1.5 eq 2.5"),
        (V3_GRAMMAR, "Rate add 1.5 eq 2f", "Rate add 1.5 eq 2.0"),
        (
            V3_GRAMMAR,
            "Guid eq guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda'",
            "Guid eq 3499b02c-8dc9-4c0d-aa83-097a1340cbda",
        ),
        (V3_GRAMMAR, "Made gt datetimeoffset'2020-01-01T00:00:00Z'", "Made gt 2020-01-01T00:00:00Z"),
        (V3_GRAMMAR, "Color eq 'Red'", "Color eq Shop.Color'Red'"),
        (V3_GRAMMAR, "isof('Shop.Book')", "isof(Shop.Book)"),
        (V3_GRAMMAR, "isof(Name,'Edm.String')", "isof(Name,Edm.String)"),
        (V3_GRAMMAR, "cast(ID,'Edm.Int64') gt 5", "cast(ID,Edm.Int64) gt 5"),
        (V3_GRAMMAR, "Category/Products/any(p: p/Price gt 5M)", "Category/Products/any(p:p/Price gt 5.0)"),
        (V2_GRAMMAR, "year(Old) eq 2020 and Category/Title ne null", "year(Old) eq 2020 and Category/Title ne null"),
        (V2_GRAMMAR, "indexof(toupper(Name),'X') ge 0", "indexof(toupper(Name),'X') ge 0"),
        (V3_GRAMMAR, "Shop.Book/Pages gt 5", "Shop.Book/Pages gt 5"),
        (V3_GRAMMAR, "cast('Shop.Book')/Pages gt 5", "Shop.Book/Pages gt 5"),
        (V3_GRAMMAR, "cast(Category,'Shop.Category')/Title eq 'x'", "Category/Shop.Category/Title eq 'x'"),
    ],
)
def test_older_versions_mean_the_same(grammar: Grammar, text: str, canonical: str) -> None:
    bound = bind(text, grammar)
    assert meaning(bound)[0] == canonical
    assert bind(canonical) == bound


@pytest.mark.parametrize(
    ("text", "aliases", "canonical"),
    [
        ("Name eq @a", "@a='x'", "Name eq 'x'"),
        ("Name in @a", '@a=["x","y"]', "Name in ('x','y')"),
        ("Place eq @a", '@a={"City":"Ulm"}', 'Place eq {"City":"Ulm"}'),
        ("Name eq @a", "@b='x'", "Name eq null"),
        ("Price gt @a", "@a=@b&@b=Price mul 2", "Price gt Price mul 2.0"),
        ("Guid in @a", '@a=["3499b02c-8dc9-4c0d-aa83-097a1340cbda"]', "Guid in (3499b02c-8dc9-4c0d-aa83-097a1340cbda)"),
        ("Day in @a", '@a=["2020-02-29"]', "Day in (2020-02-29)"),
    ],
)
def test_parameter_aliases(text: str, aliases: str, canonical: str) -> None:
    """4.01 Part 2, 5.3: an alias stands for its value, and for null where the URL gives none."""
    assert meaning(bind(text, aliases=aliases))[0] == canonical


REFUSALS: list[tuple[str, str, int]] = [
    ("Price add 'x'", "'add' cannot compute 'Price' of type Edm.Decimal with the value x of type Edm.String.", 6),
    (
        "Made add Made",
        "'add' cannot compute 'Made' of type Edm.DateTimeOffset with 'Made' of type Edm.DateTimeOffset.",
        5,
    ),
    ("Tags add 1", "'add' cannot compute 'Tags' of type Collection(Edm.String) with the value 1 of type Edm.Int32.", 5),
    ("-Name", "'-' cannot be applied to 'Name' of type Edm.String.", 0),
    (
        "Tags eq 'x'",
        "'eq' cannot compare 'Tags' of type Collection(Edm.String) with the value x of type Edm.String.",
        5,
    ),
    ("Place lt Place", "'lt' cannot compare 'Place' of type Shop.Place with 'Place' of type Shop.Place.", 6),
    ("Place eq Category", "'eq' cannot compare 'Place' of type Shop.Place with 'Category' of type Shop.Category.", 6),
    (
        "Color has 'Pink'",
        "'has' needs values of one enumeration, not 'Color' of type Shop.Color and the value Pink of type Edm.String.",
        6,
    ),
    ("Name has 1", "A literal of an enumeration is expected behind 'has'.", 9),
    ("Color eq Shop.Colour'Red'", "There is no enumeration 'Shop.Colour'. Did you mean 'Shop.Color'?", 9),
    (
        "Color eq Shop.Color'Pink'",
        "'Pink' is no value of 'Shop.Color': a member of Shop.Color is expected: Red, Blue, Green.",
        9,
    ),
    ("ID in ('x')", "'in' cannot compare 'ID' of type Edm.Int32 with the value x of type Edm.String.", 3),
    ("ID in 5", "'in' needs a value and a collection, not the value 5 of type Edm.Int32.", 3),
    (
        "Tags in ('x')",
        "'in' cannot compare 'Tags' of type Collection(Edm.String) with the value x of type Edm.String.",
        5,
    ),
    (
        "Name in Numbers",
        "'in' cannot compare 'Name' of type Edm.String with 'Numbers' of type Collection(Edm.Int32).",
        5,
    ),
    ("startwith(Name,'x')", "There is no function 'startwith' in OData 4.01. Did you mean 'startswith'?", 0),
    ("substringof('x',Name)", "There is no function 'substringof' in OData 4.01. Did you mean 'substring'?", 0),
    ("length(5)", "The function 'length' does not take (the value 5 of type Edm.Int32).", 0),
    ("length(s=Name)", "The function 'length' takes its arguments without names.", 0),
    ("isof(Shop.Nope)", "There is no type 'Shop.Nope'. Did you mean 'Shop.Place'?", 0),
    ("Shop.Category/Title", "'Shop.Product' and 'Shop.Category' are not related by inheritance.", 0),
    ("Name/Shop.Place", "'Name' of type Edm.String cannot be a 'Shop.Place'.", 5),
    ("Place/Cty", "Could not find a property named 'Cty' on type 'Shop.Place'. Did you mean 'City'?", 6),
    ("Name/any(x:x eq 1)", "'any' needs a collection, but 'Name' of type Edm.String is a single value.", 5),
    ("Place/$count", "'$count' needs a collection, but 'Place' of type Shop.Place is a single value.", 6),
    ("Tags/any(t:t/x eq 1)", "'t' of type Edm.String has no properties, so 'x' cannot follow it.", 13),
    ("Tags/any(t:Tags/any(t:t eq 'x'))", "The variable 't' is in use already.", 20),
    ("Tags/any(t:t)", "A condition is expected, but the expression is 't' of type Edm.String.", 11),
    ("Tags/$count/x", "'$count' cannot stand here in a path.", 5),
    ("Category/Products(A=5)/Name", "The key of 'Shop.Product' is ID, which 'Products' must give.", 9),
    ("Category(1)/Title", "'Category' leads to one entity and takes no key.", 0),
    ("$root/Nope/x", "There is no entity set or singleton 'Nope'.", 6),
    ("$root/Best(1)/Name", "'Best' is a single entity and takes no key.", 6),
    ("Shop.Burn()", "'Shop.Burn' is an action, which no expression can call.", 0),
    ("Shop.Near(x=5)", "'Shop.Near' cannot be called with x: it takes (km).", 0),
    ("Shop.Near(5)", "The arguments of 'Shop.Near' need names, each once.", 0),
    (
        "Shop.Near(km='x')",
        "The parameter 'km' of 'Shop.Near', of type Edm.Double, cannot be the value x of type Edm.String.",
        0,
    ),
    (
        "case(On:1,On:'x')",
        "The values of 'case' differ in type: the value 1 of type Edm.Int32 and the value x of type Edm.String.",
        0,
    ),
    ("0000-01-01 eq Day", "'0000-01-01' has no value here: year 0 is out of range.", 0),
    ("@a", "The parameter alias '@a' refers to itself.", 0),
    ("Category/Products/aggregate(Name with sum)", "'sum' needs numbers.", 18),
    ("@Core.Description eq 'x'", "The annotation '@Core.Description' has no value in an expression here.", 0),
]


@pytest.mark.parametrize(("text", "message", "position"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refusals_name_what_is_wrong_and_where(text: str, message: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        bind(text, aliases="@a=@a")
    assert (caught.value.message, caught.value.position) == (message, position)


@pytest.mark.parametrize("text", ["contains(Name,'x')", "now() gt Made", "Tags/any()"])
def test_what_a_version_does_not_have(text: str) -> None:
    with pytest.raises(ODataError):
        bind(text, V2_GRAMMAR)
