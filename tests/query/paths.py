# Paths for tests: how a resource is shown in one line, and a model that has something of everything a path can name.

from __future__ import annotations

from typing import Any

from odata_core.edm import EntitySet, Model, ModelBuilder, Property, PropertySpec, Singleton, name_of, prop
from odata_core.limits import Limits
from odata_core.query.path_binder import PathBinder
from odata_core.query.path_rules import V2_RULES, V3_RULES, V4_RULES, PathRules
from odata_core.query.resource import (
    CrossJoin,
    Each,
    FromSource,
    Invocation,
    Key,
    Ordinal,
    Resource,
    Step,
    Subset,
)
from odata_core.query.tree import Cast, Constant, Dynamic, Follow, ListOf, RecordOf
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from odata_core.uri.urls import parse_relative

LIMITS = Limits()
FAMILIES: dict[int, tuple[Grammar, PathRules]] = {
    2: (V2_GRAMMAR, V2_RULES),
    3: (V3_GRAMMAR, V3_RULES),
    4: (V4_GRAMMAR, V4_RULES),
}


def bind(
    model: Model, url: str, version: int = 4, *, key_as_segment: bool = False, namespaces: tuple[str, ...] = ()
) -> Resource:
    """What the path of a relative URL names."""
    grammar, rules = FAMILIES[version]
    parsed = parse_relative(url, grammar, LIMITS, key_as_segment=key_as_segment)
    binder = PathBinder(model, grammar, LIMITS, rules, key_as_segment=key_as_segment, default_namespaces=namespaces)
    return binder.bind(parsed.path, parsed.options)


def shown(resource: Resource) -> str:
    """`KIND steps : type`, such as `ENTITY Orders(1)/Items->.(1,2) : Shop.Item`.

    Behind an arrow stands where entities live: a set, `.` within what contains them, `?` if nobody knows.
    """
    kind = f" : {_type(resource)}" if resource.type is not None else ""
    steps = "".join(map(_shown_step, resource.steps)).removeprefix("/")
    query = " $query" if resource.is_query else ""
    return f"{resource.kind.name}{query} {steps}{kind}".replace("  ", " ").rstrip()


def _type(resource: Resource) -> str:
    assert resource.type is not None
    name = name_of(resource.type)
    return f"Collection({name})" if resource.is_collection else name


def _shown_step(step: Step) -> str:
    match step:
        case EntitySet(name=name) | Property(name=name):
            return f"/{name}"
        case Singleton(name=name):
            return f"/!{name}"
        case CrossJoin(sets):
            return f"/{'*'.join(one.name for one in sets)}"
        case Key():
            values = list(map(_shown_value, step.values))
            if step.is_alternate:
                values = [f"{name}={value}" for name, value in zip(step.names, values, strict=True)]
            return f"({','.join(values)})"
        case Follow(navigation, target):
            return f"/{navigation.name}->{'.' if navigation.contains_target else target.name if target else '?'}"
        case Dynamic(name):
            return f"/?{name}"
        case Cast():
            return f"/[{step.type.name}]"
        case Invocation():
            arguments = ",".join(f"{name}={_shown_value(value)}" for name, value in step.arguments)
            # The overload by what it is bound to.
            binding = f"{step.operation.binding.type_name}." if step.operation.binding is not None else ""
            return f"/{binding}{step.operation.name}({arguments})->{step.source.name if step.source else '?'}"
        case Subset():
            return "/$filter"
        case Each():
            return "/$each"
        case Ordinal(index):
            return f"/#{index}"


def _shown_value(value: Any) -> str:
    match value:
        case Constant(plain):
            return str(plain)
        case FromSource(name):
            return f"<{name}>"
        case ListOf(items):
            return f"[{','.join(map(_shown_value, items))}]"
        case RecordOf(members):
            return "{" + ",".join(f"{name}:{_shown_value(one)}" for name, one in members) + "}"
        case _:
            return type(value).__name__


def shop() -> Model:
    """A shop of version 4."""
    builder = ModelBuilder("Shop")
    builder.alias("S", "Shop")
    _types(builder)
    _navigation(builder)
    _sets(builder)
    _operations(builder)
    return builder.build()


def _types(builder: ModelBuilder) -> None:
    builder.enum("Color", members={"Red": 1, "Green": 2})
    builder.complex("Size", properties={"Width": "Int32", "Height": "Int32"})
    builder.complex("Box", base="Size", properties={"Depth": "Int32"})
    builder.complex("Open", open=True, properties={"Known": "String"})
    builder.complex("Place", properties={"City": prop("String", nullable=False)})
    product: dict[str, str | PropertySpec] = {
        "ID": "Int32",
        "Name": prop("String", max_length=20),
        "Size": "Size",
        "Sizes": "Collection(Size)",
        "Tags": "Collection(String)",
        "Photo": "Stream",
        "Color": "Color",
        "Extra": "Open",
        "Place": "Place",
    }
    builder.entity("Product", key="ID", properties=product)
    builder.entity("Book", base="Product", properties={"Pages": "Int32"})
    builder.entity("Comic", base="Book", properties={"Heroes": "Collection(String)"})
    builder.entity("Gadget", key="Code", open=True, properties={"Code": "String"})
    builder.entity("Category", key="Name", properties={"Name": "String"})
    builder.entity("Order", key="ID", properties={"ID": "Int32"})
    builder.entity("Item", key=("OrderID", "No"), properties={"OrderID": "Int32", "No": "Int32", "Count": "Int32"})
    builder.entity(
        "Note", key=("OrderID", "ItemNo", "No"), properties=dict.fromkeys(("OrderID", "ItemNo", "No"), "Int32")
    )
    builder.entity(
        "Person",
        key={"Number": "Number", "Town": "Home/City"},
        properties={
            "Number": "Int32",
            "Home": prop("Place", nullable=False),
            "SSN": "String",
            "First": "String",
            "Last": "String",
        },
        alternate_keys=({"SSN": "SSN"}, {"First": "First", "City": "Home/City"}),
    )
    builder.entity("Picture", key="Color", has_stream=True, properties={"Color": "Color"})
    builder.entity("Moment", key=("At", "Guid"), properties={"At": "DateTimeOffset", "Guid": "Guid"})
    builder.entity("Floating", key="Value", properties={"Value": "Double"})


def _navigation(builder: ModelBuilder) -> None:
    builder.navigation("Product", "Category", to="Category")
    builder.navigation("Category", "Products", to="Product", many=True)
    builder.navigation("Place", "Shops", to="Category", many=True)
    builder.navigation("Book", "Sequels", to="Book", many=True)
    builder.navigation("Order", "Items", to="Item", many=True, contains=True, partner="Order")
    builder.navigation("Item", "Order", to="Order", partner="Items", on={"OrderID": "ID"})
    builder.navigation("Item", "Product", to="Product")
    builder.navigation("Item", "Notes", to="Note", many=True, contains=True, on={"OrderID": "OrderID", "No": "ItemNo"})
    builder.navigation("Person", "Order", to="Order", contains=True)
    builder.navigation("Person", "Lost", to="Gadget", many=True)
    builder.navigation("Person", "Friends", to="Person", many=True)


def _sets(builder: ModelBuilder) -> None:
    builder.entity_set("Products", "Product", bindings={"Place/Shops": "Categories", "Shop.Book/Sequels": "Products"})
    builder.entity_set("Categories", "Category")
    builder.entity_set("Orders", "Order", bindings={"Items/Product": "Products"})
    builder.entity_set("People", "Person")
    builder.entity_set("Pictures", "Picture")
    builder.entity_set("Moments", "Moment")
    builder.entity_set("Gadgets", "Gadget")
    builder.entity_set("MoreGadgets", "Gadget")
    builder.entity_set("Floatings", "Floating")
    builder.singleton("Me", "Person", bindings={"Friends": "People"})


def _operations(builder: ModelBuilder) -> None:
    one, many = {"it": "Product"}, {"them": "Collection(Product)"}
    builder.function("Cost", bound=True, parameters=one, returns="Decimal")
    builder.function("Cost", bound=True, parameters={**one, "count": "Int32"}, returns="Decimal")
    builder.function("Cost", bound=True, parameters={"it": "Book"}, returns="Decimal")
    builder.function(
        "Best",
        bound=True,
        composable=True,
        parameters={**many, "n": "Int32", "color": prop("Color", optional=True)},
        returns="Collection(Product)",
        entity_set_path="them",
    )
    builder.function("First", bound=True, composable=True, parameters=many, returns="Product", entity_set_path="them")
    builder.function(
        "Maker", bound=True, composable=True, parameters=one, returns="Category", entity_set_path="it/Category"
    )
    builder.function("Area", bound=True, parameters={"it": "Size"}, returns="Int32")
    builder.function("Area", bound=True, parameters={"it": "Box"}, returns="Int32")
    builder.function("Bytes", bound=True, parameters={"it": "Stream"}, returns="Int64")
    builder.function(
        "Longest", bound=True, composable=True, parameters={"them": "Collection(String)"}, returns="String"
    )
    builder.function("Mixed", bound=True, parameters=one, returns="Int32")
    builder.function("Other.Mixed", bound=True, parameters=one, returns="Int32")
    builder.function("Any", bound=True, parameters={"it": "Edm.EntityType"}, returns="Int32")
    builder.action("Buy", bound=True, parameters={**one, "count": "Int32"}, returns="Order")
    builder.action("Clear", bound=True, parameters=many)
    builder.action("Clear", bound=True, parameters={"them": "Collection(Book)"})
    builder.function(
        "Cheapest", composable=True, parameters={"max": prop("Decimal", nullable=False)}, returns="Product"
    )
    builder.function("Cheapest", composable=True, returns="Product")
    builder.operation_import("Cheapest", entity_set="Products")
    builder.function(
        "Find", composable=True, parameters={"of": "Collection(String)", "like": "Size"}, returns="Collection(Product)"
    )
    builder.operation_import("Find", entity_set="Products")
    builder.function("Now", returns="DateTimeOffset")
    builder.operation_import("Now")
    builder.function("Sizes", composable=True, returns="Collection(Size)")
    builder.operation_import("Sizes")
    builder.function("Logo", returns="Stream")
    builder.operation_import("Logo")
    builder.action("Reset", parameters={"hard": "Boolean"})
    builder.operation_import("Reset")
    builder.action("Make", returns="Collection(Product)")
    builder.operation_import("Make", entity_set="Products")


SHOP = shop()


def old_shop() -> Model:
    """A shop of version 3, with the service operations of version 2."""
    builder = ModelBuilder("Old", container="Entities")
    builder.complex("Size", properties={"Width": "Int32"})
    builder.entity("Product", key="ID", properties={"ID": "Int32", "Name": "String", "Size": "Size", "Photo": "Stream"})
    builder.entity("Book", base="Product", properties={"Pages": "Int32"})
    builder.entity("Category", key="ID", properties={"ID": "Guid", "Name": "String"}, has_stream=True)
    builder.navigation("Product", "Category", to="Category")
    builder.navigation("Category", "Products", to="Product", many=True)
    builder.entity_set("Products", "Product")
    builder.entity_set("Categories", "Category")
    colored: dict[str, str | PropertySpec] = {"color": "String", "most": prop("Int32", nullable=False)}
    builder.function("ByColor", returns="Collection(Product)", parameters=colored)
    builder.operation_import("ByColor", entity_set="Products", http_method="GET")
    builder.function("Total", returns="Decimal")
    builder.operation_import("Total", http_method="GET")
    builder.function("Largest", returns="Size")
    builder.operation_import("Largest", http_method="GET")
    builder.action("Restock", returns="Product", parameters={"at": "DateTime"})
    builder.operation_import("Restock", entity_set="Products", http_method="POST")
    bound = {"it": "Product"}
    builder.action(
        "Discount", bound=True, parameters={**bound, "percent": "Int32"}, returns="Product", entity_set="Products"
    )
    builder.function("Rate", bound=True, parameters={**bound, "by": "Double"}, returns="Double")
    builder.function("Next", bound=True, composable=True, parameters=bound, returns="Product", entity_set="Products")
    builder.action("Move", bound=True, parameters={"them": "Collection(Product)"})
    return builder.build()


OLD_SHOP = old_shop()
