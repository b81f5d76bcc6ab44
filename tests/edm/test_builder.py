# The model builder: a good model as a whole, and every way to break one with the sentence that says so.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from odata_core.edm import (
    NOT_GIVEN,
    ComplexType,
    EntityType,
    Model,
    ModelBuilder,
    ModelError,
    PropertySpec,
    StructuredType,
    prop,
)
from odata_core.edm.rules import MODEL_RULES

Declare = Callable[[ModelBuilder], None]
Properties = Mapping[str, str | PropertySpec]


def shop() -> Model:
    """Things are products or services; a product belongs to a category and has parts."""
    builder = ModelBuilder("Shop", container="Store")
    builder.entity_set("Products", "Product")
    builder.entity_set("Categories", "Category", bindings={"Featured": "Products"})
    builder.entity_set("Offers", "Product")
    builder.entity("Product", base="Thing", properties={"CategoryID": "Edm.Int32", "Size": "Shop.Size"})
    builder.entity(
        "Thing",
        key=("ID", "Kind"),
        abstract=True,
        properties={
            "ID": prop("Guid", generated=True),
            "Kind": "Kind",
            "Name": prop("String", nullable=False, max_length=40, default="new"),
            "Tags": "Collection(String)",
        },
    )
    builder.entity("Category", key="ID", open=True, properties={"ID": "Int32"})
    builder.complex("Size", base="Length", properties={"Width": prop("Decimal", precision=5, scale=2)})
    builder.complex("Length", abstract=True, properties={"Depth": "Double"})
    builder.enum("Kind", members={"Good": 1, "Service": 2}, underlying="Byte")
    builder.navigation("Thing", "Parts", to="Thing", many=True)
    builder.navigation("Product", "Category", to="Category", partner="Products", on={"CategoryID": "ID"})
    builder.navigation("Category", "Products", to="Product", many=True, partner="Category", on={"ID": "CategoryID"})
    builder.navigation("Category", "Featured", to="Product", nullable=False)
    return builder.build()


def structured(model: Model, name: str) -> StructuredType:
    kind = model.types[name]
    assert isinstance(kind, StructuredType)
    return kind


def entity(model: Model, name: str) -> EntityType:
    kind = model.types[name]
    assert isinstance(kind, EntityType)
    return kind


def test_properties_of_a_good_model() -> None:
    model = shop()
    told = {
        kind.qualified_name: [
            (item.name, item.type_name, item.nullable, item.default, item.facets, item.is_generated)
            for item in kind.properties.values()
        ]
        for kind in model.types.values()
        if isinstance(kind, StructuredType)
    }
    thing: list[tuple[Any, ...]] = [
        ("ID", "Edm.Guid", False, NOT_GIVEN, {}, True),
        ("Kind", "Shop.Kind", False, NOT_GIVEN, {}, False),
        ("Name", "Edm.String", False, "new", {"MaxLength": 40}, False),
        ("Tags", "Collection(Edm.String)", False, NOT_GIVEN, {}, False),
    ]
    length: tuple[Any, ...] = ("Depth", "Edm.Double", True, NOT_GIVEN, {}, False)
    assert told == {
        "Shop.Product": [
            *thing,
            ("CategoryID", "Edm.Int32", True, NOT_GIVEN, {}, False),
            ("Size", "Shop.Size", True, NOT_GIVEN, {}, False),
        ],
        "Shop.Thing": thing,
        "Shop.Category": [("ID", "Edm.Int32", False, NOT_GIVEN, {}, False)],
        "Shop.Size": [length, ("Width", "Edm.Decimal", True, NOT_GIVEN, {"Precision": 5, "Scale": 2}, False)],
        "Shop.Length": [length],
    }
    assert (model.namespace, model.container) == ("Shop", "Store")


def test_inheritance() -> None:
    model = shop()
    thing, product, category = (entity(model, f"Shop.{name}") for name in ("Thing", "Product", "Category"))
    assert (product.base, product.own_key, product.key) == (thing, (), ("ID", "Kind"))
    assert (list(product.own_properties), list(product.navigation)) == (["CategoryID", "Size"], ["Parts", "Category"])
    assert (thing.is_abstract, product.is_abstract, category.is_open, product.is_open) == (True, False, True, False)
    assert [product.is_a(thing), product.is_a(product), thing.is_a(product), product.is_a(category)] == [
        *(True, True),
        *(False, False),
    ]
    assert structured(model, "Shop.Size").is_a(structured(model, "Shop.Length"))


def test_navigation_and_bindings() -> None:
    model = shop()
    ways = {
        way.name: (way.target.name, way.is_collection, way.nullable, way.partner, way.on)
        for kind in model.types.values()
        if isinstance(kind, EntityType)
        for way in kind.own_navigation.values()
    }
    assert ways == {
        "Parts": ("Thing", True, True, None, ()),
        "Category": ("Category", False, True, "Products", (("CategoryID", "ID"),)),
        "Products": ("Product", True, True, "Category", (("ID", "CategoryID"),)),
        "Featured": ("Product", False, False, None, ()),
    }
    # Parts leads to no set's type, Products to that of two sets: both stay unbound.
    assert {
        name: {way: target.name for way, target in entity_set.bindings.items()}
        for name, entity_set in model.entity_sets.items()
    } == {
        "Products": {"Category": "Categories"},
        "Categories": {"Featured": "Products"},
        "Offers": {"Category": "Categories"},
    }


def test_rows_are_completed_in_model_order() -> None:
    model = shop()
    size = structured(model, "Shop.Size").accept({"Width": 1})
    assert (size, list(size)) == ({"Depth": None, "Width": 1}, ["Depth", "Width"])
    category = entity(model, "Shop.Category")
    assert category.accept({"More": 7, "ID": 1}) == {"ID": 1, "More": 7}
    assert category.key_of({"ID": 1}) == (1,)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("Shop.Size", {"Depht": 1}, "Shop.Size has no property 'Depht'. Did you mean 'Depth'?"),
        ("Shop.Size", {"Depth": "1"}, "property 'Depth': a number is expected"),
        ("Shop.Category", {}, "property 'ID': the property is not nullable"),
        ("Shop.Product", {"ID": "x"}, "property 'ID': a GUID such as 3499b02c-8dc9-4c0d-aa83-097a1340cbda is expected"),
    ],
)
def test_rows_that_do_not_fit(name: str, given: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        structured(shop(), name).accept(given)
    assert str(caught.value) == reason


def thing(properties: Properties, **options: Any) -> Declare:
    """Declares an entity type with a key and these properties."""
    return lambda builder: builder.entity("Thing", key="ID", properties={"ID": "Int32", **properties}, **options)


def both(*declarations: Declare) -> Declare:
    def declare(builder: ModelBuilder) -> None:
        for declaration in declarations:
            declaration(builder)

    return declare


def derived(properties: Properties, **options: Any) -> Declare:
    return lambda builder: builder.entity("Special", base="Thing", properties=properties, **options)


def way(name: str, *, source: str = "Thing", to: str = "Thing", **options: Any) -> Declare:
    return lambda builder: builder.navigation(source, name, to=to, **options)


def holds(name: str, kind: str, **options: Any) -> Declare:
    return lambda builder: builder.entity_set(name, kind, **options)


def complex_type(name: str, properties: Properties, **options: Any) -> Declare:
    return lambda builder: builder.complex(name, properties=properties, **options)


def enum(members: Mapping[str, int], **options: Any) -> Declare:
    return lambda builder: builder.enum("Kind", members=members, **options)


def identifier(what: str, name: str) -> str:
    return f"The {what} name '{name}' is not an identifier: letters, digits and underscores, up to 128."


LONG = "x" * 129
PLAIN = thing({})

# Rule by rule, in the order of MODEL_RULES.
BROKEN: dict[str, list[tuple[Declare, list[str]]]] = {
    "names_are_identifiers": [
        (thing({"my name": "String"}), [identifier("property", "my name")]),
        (thing({"": "String"}), [identifier("property", "")]),
        (complex_type("1st", {}), [identifier("type", "1st")]),
        (both(PLAIN, way("a-b")), [identifier("navigation property", "a-b")]),
        (both(PLAIN, holds(LONG, "Thing")), [identifier("entity set", LONG)]),
    ],
    "property_names_are_unique": [
        (
            both(thing({"Name": "String"}), derived({"Name": "String"})),
            ["Property 'Shop.Special.Name' is already declared by a base type."],
        ),
        (
            both(PLAIN, way("Part"), derived({"Part": "String"})),
            ["Property 'Shop.Special.Part' is already declared by a base type."],
        ),
        (
            both(PLAIN, way("Part"), derived({}), way("Part", source="Special")),
            ["Property 'Shop.Special.Part' is already declared by a base type."],
        ),
        (
            both(thing({"Part": "String"}), way("Part")),
            ["'Shop.Thing.Part' is both a property and a navigation property."],
        ),
    ],
    "entity_types_have_keys": [
        (
            both(
                lambda builder: builder.entity("Thing", properties={"ID": "Int32"}),
                lambda builder: builder.navigation("Thing", "Parts", to="Thing", many=True, contains=True),
            ),
            ["Entity type 'Shop.Thing' needs a key, because 'Shop.Thing.Parts' contains many of it."],
        ),
        (
            both(PLAIN, derived({"No": "Int32"}, key="No")),
            ["Entity type 'Shop.Special' declares a key, but its base type has one."],
        ),
    ],
    "keys_are_primitive": [
        (
            lambda builder: builder.entity("Thing", key="Id", properties={"ID": "Int32"}),
            ["Key property 'Shop.Thing.Id' does not exist."],
        ),
        (
            thing({"ID": "Collection(Int32)"}),
            ["Key property 'Shop.Thing.ID' has type Collection(Edm.Int32), which cannot be a key."],
        ),
        (
            both(complex_type("Size", {}), thing({"ID": "Size"})),
            ["Key property 'Shop.Thing.ID' has type Shop.Size, which cannot be a key."],
        ),
        (
            thing({"ID": "GeographyPoint"}),
            ["Key property 'Shop.Thing.ID' has type Edm.GeographyPoint, which cannot be a key."],
        ),
        (thing({"ID": prop("Int32", nullable=True)}), ["Key property 'Shop.Thing.ID' must not be nullable."]),
    ],
    "enums_are_integers": [
        (enum({"A": 1}, underlying="String"), ["Enumeration 'Shop.Kind' cannot be based on Edm.String."]),
        (
            enum({"A": 255, "B": 256}, underlying="Byte"),
            ["Enumeration member 'Shop.Kind.B': the number must be between 0 and 255."],
        ),
    ],
    "facets_fit_types": [
        (
            thing({"Count": prop("Int32", max_length=3)}),
            ["Property 'Shop.Thing.Count' of type Edm.Int32 cannot have MaxLength."],
        ),
        (
            both(enum({"A": 1}), thing({"Kinds": prop("Collection(Kind)", scale=1)})),
            ["Property 'Shop.Thing.Kinds' of type Collection(Shop.Kind) cannot have Scale."],
        ),
    ],
    "defaults_are_values": [
        (
            thing({"Name": prop("String", max_length=2, default="new")}),
            [
                "The default of property 'Shop.Thing.Name' does not fit: "
                "at most 2 characters or bytes are allowed, 3 were given."
            ],
        ),
        (
            thing({"Name": prop("String", nullable=False, default=None)}),
            ["The default of property 'Shop.Thing.Name' does not fit: the property is not nullable."],
        ),
        (
            thing({"Tags": prop("Collection(String)", default=None)}),
            ["The default of property 'Shop.Thing.Tags' does not fit: a collection cannot be null."],
        ),
        (
            thing({"Tags": prop("Collection(String)", default="new")}),
            ["The default of property 'Shop.Thing.Tags' does not fit: a list is expected."],
        ),
        (
            both(complex_type("Size", {}), thing({"Size": prop("Size", default=1)})),
            ["The default of property 'Shop.Thing.Size' does not fit: a mapping for Shop.Size is expected."],
        ),
        (
            both(enum({"A": 1}), thing({"Kind": prop("Kind", default="B")})),
            ["The default of property 'Shop.Thing.Kind' does not fit: a member of Shop.Kind is expected: A."],
        ),
    ],
    "navigation_is_sound": [
        (
            both(PLAIN, way("Part", partner="Whole")),
            ["Navigation 'Shop.Thing.Part': 'Shop.Thing' has no navigation property 'Whole'."],
        ),
        (
            both(
                PLAIN,
                lambda builder: builder.entity("Other", key="ID", properties={"ID": "Int32"}),
                way("Part", partner="Away"),
                way("Away", to="Other"),
            ),
            ["Navigation 'Shop.Thing.Part': its partner 'Away' does not lead back."],
        ),
        (
            both(PLAIN, way("Part", on={"PartID": "ID"})),
            ["Navigation 'Shop.Thing.Part': the pair 'PartID' = 'ID' names a property that does not exist."],
        ),
        (
            both(thing({"PartID": "Int64"}), way("Part", on={"PartID": "ID"})),
            ["Navigation 'Shop.Thing.Part': 'PartID' and 'ID' differ in type."],
        ),
        (
            both(thing({"PartIDs": "Collection(Int32)"}), way("Part", on={"PartIDs": "ID"})),
            ["Navigation 'Shop.Thing.Part': 'PartIDs' and 'ID' differ in type."],
        ),
    ],
    "sets_have_keys": [
        (
            both(lambda builder: builder.entity("Thing", abstract=True, properties={}), holds("Things", "Thing")),
            ["Entity set 'Things' has the type 'Shop.Thing', which has no key."],
        ),
    ],
    "container_names_are_unique": [
        (
            both(PLAIN, holds("Things", "Thing"), lambda builder: builder.singleton("Things", "Thing")),
            ["The singleton 'Things' is declared twice.", "The name 'Things' under the service root is taken."],
        ),
        (
            both(
                both(PLAIN, holds("Things", "Thing")),
                lambda builder: builder.action("Sell"),
                lambda builder: builder.operation_import("Things", "Sell"),
            ),
            ["The name 'Things' under the service root is taken."],
        ),
    ],
    "operations_are_sound": [
        (
            lambda builder: builder.action("Sell", bound=True),
            ["Action 'Shop.Sell' is bound, so it needs a parameter to be bound to."],
        ),
        (
            both(
                lambda builder: builder.function("Count", returns="Int32", parameters={"Of": "String"}),
                lambda builder: builder.function("Count", returns="Int64", parameters={"Of": "String"}),
            ),
            ["Function 'Shop.Count' has two overloads that nobody can tell apart."],
        ),
        (
            both(
                lambda builder: builder.function("Count", returns="Int32"),
                lambda builder: builder.action("Count", parameters={"Of": "String"}),
            ),
            ["'Shop.Count' is both an action and a function."],
        ),
    ],
}

# What the builder itself cannot resolve.
UNRESOLVED: list[tuple[Declare, list[str]]] = [
    (both(PLAIN, complex_type("Thing", {})), ["The type 'Shop.Thing' is declared twice."]),
    (
        thing({"Name": "Sting"}),
        ["Property 'Shop.Thing.Name': there is no type 'Sting'. Did you mean 'String'?"],
    ),
    (thing({"Name": "xyzzy"}), ["Property 'Shop.Thing.Name': there is no type 'xyzzy'."]),
    (
        thing({"Part": "Thing"}),
        ["Property 'Shop.Thing.Part': 'Thing' is an entity type; use navigation."],
    ),
    (
        derived({}, key=()),
        [
            "Type 'Shop.Special': there is no type 'Thing'. Did you mean 'String'?",
        ],
    ),
    (
        both(complex_type("Thing", {}), derived({"ID": "Int32"}, key="ID")),
        ["Type 'Shop.Special' cannot derive from 'Thing', which is of another kind."],
    ),
    (complex_type("Size", {}, base="Size"), ["Type 'Shop.Size' derives from itself."]),
    (
        both(complex_type("A", {}, base="B"), complex_type("B", {}, base="A")),
        ["Type 'Shop.A' derives from itself."],
    ),
    (enum({}, underlying="Int33"), ["Enumeration 'Kind': there is no primitive type 'Int33'."]),
    (
        both(PLAIN, way("Part", to="Nothing")),
        ["Navigation 'Thing.Part': there is no type 'Nothing'. Did you mean 'Thing'?"],
    ),
    (
        both(PLAIN, way("Part", to="String")),
        ["Navigation 'Thing.Part' must lead from an entity type to an entity type."],
    ),
    (both(PLAIN, way("Part"), way("Part")), ["Navigation 'Thing.Part' is declared twice."]),
    (holds("Things", "xyzzy"), ["Entity set 'Things': there is no type 'xyzzy'."]),
    (
        both(complex_type("Size", {}), holds("Sizes", "Size")),
        ["Entity set 'Sizes': 'Size' is not an entity type."],
    ),
    (both(PLAIN, holds("Things", "Thing"), holds("Things", "Thing")), ["The entity set 'Things' is declared twice."]),
    (
        both(PLAIN, way("Part"), holds("Things", "Thing", bindings={"Part": "Parts", "Prat": "Things"})),
        [
            "Entity set 'Things' cannot bind 'Part' to 'Parts': unknown name.",
            "Entity set 'Things' cannot bind 'Prat' to 'Things': unknown name.",
        ],
    ),
    (
        both(
            both(PLAIN, lambda builder: builder.entity("Other", key="ID", properties={"ID": "Int32"}), way("Part")),
            both(holds("Others", "Other"), holds("Things", "Thing", bindings={"Part": "Others"})),
        ),
        ["Entity set 'Things' cannot bind 'Part' to 'Others': types differ."],
    ),
    # Every mistake is told at once, the builder's first.
    (
        thing({"Name": "xyzzy", "Count": prop("Int32", default="many")}),
        [
            "Property 'Shop.Thing.Name': there is no type 'xyzzy'.",
            "The default of property 'Shop.Thing.Count' does not fit: a whole number is expected.",
        ],
    ),
]


def sentences(declare: Declare) -> list[str]:
    builder = ModelBuilder("Shop")
    declare(builder)
    with pytest.raises(ModelError) as caught:
        builder.build()
    first, *lines = caught.value.message.splitlines()
    assert first == "The model is not valid:"
    return [line.removeprefix("- ") for line in lines]


@pytest.mark.parametrize(("declare", "expected"), [case for cases in BROKEN.values() for case in cases])
def test_broken_rules(declare: Declare, expected: list[str]) -> None:
    assert sentences(declare) == expected


@pytest.mark.parametrize(("declare", "expected"), UNRESOLVED)
def test_what_cannot_be_resolved(declare: Declare, expected: list[str]) -> None:
    assert sentences(declare) == expected


def test_every_rule_is_broken_by_a_model() -> None:
    assert list(BROKEN) == [rule.__name__ for rule in MODEL_RULES]


@pytest.mark.parametrize(
    ("namespace", "container", "expected"),
    [
        ("My Shop", "Store", identifier("namespace part", "My Shop")),
        ("Shop..Model", "Store", identifier("namespace part", "")),
        ("Shop", "The-Store", identifier("container", "The-Store")),
    ],
)
def test_names_of_model_and_container(namespace: str, container: str, expected: str) -> None:
    with pytest.raises(ModelError) as caught:
        ModelBuilder(namespace, container=container).build()
    assert caught.value.message == f"The model is not valid:\n- {expected}"


@pytest.mark.parametrize(
    "declare",
    [
        thing({"ПриветΩ_1": "String", "x" * 128: "String"}),
        lambda builder: builder.entity("Thing", abstract=True, properties={}),
        both(enum({"A": 1}), thing({"ID": "Kind"})),
        both(PLAIN, derived({}), way("Part", to="Special", partner="Whole"), way("Whole")),
        both(PLAIN, derived({}), way("Owner", source="Special", partner="Owned"), way("Owned", many=True)),
        both(PLAIN, derived({}), way("Part", to="Special"), holds("Things", "Thing", bindings={"Part": "Things"})),
        complex_type("Tree", {"Branches": "Collection(Tree)", "Parent": "Shop.Tree"}),
        both(complex_type("String", {}), thing({"Own": "String", "Plain": "Edm.String"})),
    ],
)
def test_what_looks_odd_and_is_allowed(declare: Declare) -> None:
    builder = ModelBuilder("Shop")
    declare(builder)
    assert isinstance(builder.build(), Model)


def test_a_type_of_the_model_hides_a_primitive_type() -> None:
    builder = ModelBuilder("Shop")
    both(complex_type("String", {}), thing({"Own": "String", "Plain": "Edm.String"}))(builder)
    properties = structured(builder.build(), "Shop.Thing").properties
    assert isinstance(properties["Own"].type, ComplexType)
    assert properties["Plain"].type_name == "Edm.String"


def test_a_type_knows_what_derives_from_it() -> None:
    shop = ModelBuilder("Shop")
    shop.entity("Best", base="Better", properties={})
    shop.entity("Good", key="ID", properties={"ID": "Int32"})
    shop.entity("Better", base="Good", properties={})
    types = shop.build().types
    derived = {name: list(kind.derived) for name, kind in types.items()}  # type: ignore[union-attr]
    assert derived == {"Shop.Best": [], "Shop.Good": ["Shop.Better", "Shop.Best"], "Shop.Better": ["Shop.Best"]}
    assert types["Shop.Good"].derived["Shop.Best"] is types["Shop.Best"]  # type: ignore[union-attr]
