# A model with everything that verbose JSON has a form for, and what its rows look like on the wire in version 3.

from __future__ import annotations

from functools import lru_cache
from typing import Any

from odata_core.edm import Model, ModelBuilder, PropertySpec, prop
from odata_core.payload.codec import About, Shape

ROOT = "http://h/s/"
ABOUT = About(ROOT)


@lru_cache(maxsize=1)
def shop() -> Model:
    builder = ModelBuilder("Shop")
    builder.enum("Colour", members={"Red": 0, "Green": 1})
    builder.complex("Size", properties={"Width": prop("Int64", nullable=False), "Unit": "String"})
    builder.complex("Box", base="Size", properties={"Depth": "Decimal"})
    builder.complex("Loose", properties={"Name": "String"}, open=True)
    builder.entity(
        "Product",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Name": prop("String", nullable=False, max_length=5),
            "Price": prop("Decimal", precision=5, scale=2),
            "Colour": "Colour",
            "Size": "Size",
            "Tags": "Collection(String)",
            "Sizes": "Collection(Size)",
        },
    )
    builder.entity("Food", base="Product", properties={"Fat": "Int64"})
    builder.navigation("Product", "Group", to="Group", many=False)
    builder.entity("Group", key="Code", properties={"Code": prop("String"), "Title": "String"})
    builder.navigation("Group", "Products", to="Product", many=True)
    photo: dict[str, str | PropertySpec] = {"ID": prop("Int32"), "Taken": "DateTimeOffset", "Thumb": "Stream"}
    builder.entity("Photo", key="ID", properties=photo, has_stream=True)
    builder.entity("Thing", key="ID", properties={"ID": prop("Int32")}, open=True)
    builder.entity("Idea", key="ID", properties={"ID": prop("Int32")}, abstract=True)
    builder.entity("Plan", base="Idea", properties={})
    for name in ("Product", "Group", "Photo", "Thing", "Idea"):
        builder.entity_set(f"{name}s", name)
    parameters: dict[str, str | PropertySpec] = {
        "on": prop("Product"),
        "By": prop("Decimal", nullable=False),
        "Tags": "Collection(String)",
    }
    optional: dict[str, str | PropertySpec] = {
        "To": prop("Group"),
        "Size": prop("Size"),
        "Note": prop("String", optional=True),
    }
    builder.action("Raise", bound=True, parameters={**parameters, **optional})
    builder.function("Rate", bound=True, parameters={"on": prop("Product")}, returns="Edm.Int32")
    return builder.build()


def shape(name: str, **details: Any) -> Shape:
    """All of a set's entities, or of a complex type's values, but for details."""
    model = shop()
    source = model.entity_sets.get(f"{name}s")
    kind: Any = model.types[f"Shop.{name}"]
    return Shape(kind, source, **details)
