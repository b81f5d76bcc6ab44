# A small model with everything that JSON has a form for: derived types, open types, media, streams, containment.

from __future__ import annotations

from typing import Any, Final

from odata_core.edm import ComplexType, EntityType, Model, ModelBuilder, PropertySpec, StructuredType, prop
from odata_core.payload.codec import About, Shape

ROOT: Final = "http://host/service/"


def _model() -> Model:
    shop = ModelBuilder("Shop")
    shop.enum("Colour", members={"Red": 0, "Green": 1})
    shop.type_definition("Weight", prop("Decimal", scale=3))
    shop.complex("Address", properties={"Street": "String", "City": prop("String", nullable=False)})
    shop.complex("HomeAddress", base="Address", properties={"Family": "String"})
    shop.complex("Abstract", properties={}, abstract=True)
    properties: dict[str, str | PropertySpec] = {
        "ID": prop("Int32", generated=True),
        "Name": "String",
        "Colour": "Colour",
        "Weight": "Weight",
        "Size": "Int64",
        "Tags": "Collection(String)",
    }
    shop.entity("Product", key="ID", properties=properties)
    shop.entity("Food", base="Product", properties={"Calories": "Int64", "Best": "Date"})
    customer = {"ID": "String", "Address": "Address", "Addresses": "Collection(Address)", "Extra": "Untyped"}
    shop.entity("Customer", key="ID", properties=customer, open=True)
    shop.entity("Order", key="ID", properties={"ID": "Int32", "Date": "DateTimeOffset"})
    shop.entity("Item", key="No", properties={"No": "Int32", "Amount": "Int64"})
    shop.entity("Photo", key="ID", properties={"ID": "Int32", "Small": "Stream"}, has_stream=True)
    shop.navigation("Customer", "Orders", to="Order", many=True, partner="Customer")
    shop.navigation("Order", "Customer", to="Customer", partner="Orders")
    shop.navigation("Order", "Items", to="Item", many=True, contains=True)
    shop.navigation("Food", "Maker", to="Customer")
    shop.entity_set("Products", "Product")
    shop.entity_set("Customers", "Customer")
    shop.entity_set("Orders", "Order")
    shop.entity_set("Photos", "Photo")
    shop.singleton("Boss", "Customer")
    shop.function("Top", returns="Collection(Product)", parameters={"count": "Int32"})
    shop.operation_import("Top", entity_set="Products", in_service_document=True)
    parameters: dict[str, str | PropertySpec] = {
        "Count": prop("Int32", nullable=False),
        "Where": "Address",
        "Note": prop("String", optional=True),
    }
    shop.action("Buy", parameters={"Product": "Product", **parameters}, bound=True)
    return shop.build()


MODEL: Final = _model()


def kind(name: str) -> StructuredType:
    found = MODEL.types[f"Shop.{name}"]
    assert isinstance(found, StructuredType)
    return found


def entity(name: str) -> EntityType:
    found = kind(name)
    assert isinstance(found, EntityType)
    return found


def address(name: str = "Address") -> ComplexType:
    found = kind(name)
    assert isinstance(found, ComplexType)
    return found


def shape(set_name: str, **members: Any) -> Shape:
    source = MODEL.entity_sets.get(set_name) or MODEL.singletons[set_name]
    return Shape(source.type, source, **members)


def about(path: str, **around: Any) -> About:
    return About(ROOT, path, **around)
