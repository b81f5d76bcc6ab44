from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from odata_core.edm import EntityType, Model, ModelBuilder, Timestamp, prop
from odata_core.payload.links import (
    V2_LINKS,
    V3_LINKS,
    V4_LINKS,
    LinkForm,
    association_suffix,
    entity_path,
    navigation_suffix,
    type_segment,
)


@pytest.fixture(scope="module")
def model() -> Model:
    builder = ModelBuilder("Shop")
    builder.entity("Product", key="ID", properties={"ID": prop("Edm.Int32")})
    builder.entity("Food", base="Product", properties={"Fat": prop("Edm.Double")})
    builder.entity("Text", key="ID", properties={"ID": prop("Edm.String")})
    builder.entity("Guid", key="ID", properties={"ID": prop("Edm.Guid")})
    builder.entity("Many", key=["b", "a"], properties={"a": prop("Edm.Int64"), "b": prop("Edm.DateTimeOffset")})
    for name in ("Product", "Text", "Guid", "Many"):
        builder.entity_set(f"{name}s", name)
    builder.entity_set("Catalog_Товары", "Product")
    return builder.build()


GUID = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
WHEN = Timestamp.parse("2024-02-29T12:00:00+02:00")

PATHS = [
    ("Products", {"ID": 5}, V2_LINKS, "Products(5)"),
    ("Products", {"ID": -5}, V4_LINKS, "Products(-5)"),
    ("Texts", {"ID": "O'Neil/ä+%"}, V3_LINKS, "Texts('O''Neil%2F%C3%A4%2B%25')"),
    ("Guids", {"ID": GUID}, V2_LINKS, f"Guids(guid'{GUID}')"),
    ("Guids", {"ID": GUID}, V4_LINKS, f"Guids({GUID})"),
    ("Manys", {"a": 1, "b": WHEN}, V3_LINKS, "Manys(b=datetimeoffset'2024-02-29T12:00:00%2B02:00',a=1L)"),
    ("Manys", {"a": 1, "b": WHEN}, V4_LINKS, "Manys(b=2024-02-29T12:00:00%2B02:00,a=1)"),
    ("Catalog_Товары", {"ID": 1}, V3_LINKS, "Catalog_%D0%A2%D0%BE%D0%B2%D0%B0%D1%80%D1%8B(1)"),
]


@pytest.mark.parametrize(("name", "row", "form", "path"), PATHS)
def test_paths_of_entities(model: Model, name: str, row: dict[str, Any], form: LinkForm, path: str) -> None:
    assert entity_path(model.entity_sets[name], row, form) == path


def test_type_segments(model: Model) -> None:
    source, food = model.entity_sets["Products"], model.types["Shop.Food"]
    assert isinstance(food, EntityType)
    assert type_segment(source, food, V3_LINKS) == type_segment(source, "Shop.Food", V4_LINKS) == "/Shop.Food"
    assert type_segment(source, source.type, V4_LINKS) == ""
    assert type_segment(source, food, V2_LINKS) == ""


def test_links_of_navigation() -> None:
    assert navigation_suffix("Nav") == "/Nav"
    assert association_suffix("Nav", V2_LINKS) is None
    assert association_suffix("Nav", V3_LINKS) == "/$links/Nav"
    assert association_suffix("Nav", V4_LINKS) == "/Nav/$ref"
