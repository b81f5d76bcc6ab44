# Models as OpenAPI 3.1: valid for every document of the corpora, whole for a small shop, bounded where models cycle.

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import openapi_spec_validator
import pytest
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from odata_core.csdl.openapi import write_openapi
from odata_core.edm import Model, ModelBuilder, ModelError, prop
from odata_core.testing.strategies import models
from tests.csdl.test_corpora import DOCUMENTS, REFUSED, name_of, read

READABLE = [path for path in DOCUMENTS if path.name not in REFUSED]
MAX_SIZE = 100_000  # bytes of a document that the validator looks at: it takes seconds for larger ones
# The schema of OpenAPI 3.1, which the validator applies as well, for documents of every size.
RESOURCES = Path(openapi_spec_validator.__file__).parent / "resources" / "schemas"
SCHEMA = jsonschema_rs.Draft202012Validator(json.loads((RESOURCES / "v3.1" / "schema.json").read_bytes()))

CAPABILITIES, CORE = "Org.OData.Capabilities.V1.", "Org.OData.Core.V1."


def written(model: Model, **options: Any) -> Any:
    return json.loads(write_openapi(model, **options))


def check(document: Any, *, is_whole: bool) -> None:
    """What holds for every document, the schema of OpenAPI first; `is_whole`: the validator looks at it as well."""
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text)):
        assert reference in document["components"]["schemas"]
    operations = [
        (path, method, operation, item.get("parameters", []) + operation.get("parameters", []))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    names = [operation["operationId"] for _, _, operation, _ in operations]
    assert len(set(names)) == len(names)
    for path, _method, _operation, parameters in operations:
        inside = [parameter["name"] for parameter in parameters if parameter["in"] == "path"]
        assert sorted(re.findall(r"\{([^{}]+)\}", path)) == sorted(inside), path
        assert len({(one["name"], one["in"]) for one in parameters}) == len(parameters)
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    if is_whole:
        assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_every_document_of_the_corpora(path: Path) -> None:
    text = write_openapi(read(path))
    check(json.loads(text), is_whole=len(text) < MAX_SIZE)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_any_model(model: Model) -> None:
    check(written(model), is_whole=True)


# ------------------------------------------------------------------ a small shop


def shop() -> ModelBuilder:
    builder = ModelBuilder("Shop")
    builder.enum("Colour", members={"Red": 1, "Green": 2})
    builder.complex("Size", properties={"Width": prop("Int32", nullable=False)})
    builder.entity(
        "Product",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Name": prop("String", nullable=False, max_length=40),
            "Price": prop("Decimal", precision=5, scale=2),
            "Colour": "Colour",
            "Size": "Size",
            "Tags": "Collection(String)",
            "Made": prop("DateTimeOffset", nullable=False),
        },
    )
    builder.entity("Food", base="Product", properties={"Organic": "Boolean"})
    builder.entity("Maker", key="Name", properties={"Name": "String"})
    builder.navigation("Product", "Maker", to="Maker", partner="Products")
    builder.navigation("Maker", "Products", to="Product", many=True, partner="Maker")
    builder.entity_set("Products", "Product")
    builder.entity_set("Makers", "Maker")
    builder.annotate("Shop.Product/ID", CORE + "Computed", True)
    builder.annotate("Shop.Product/Made", CORE + "Immutable", True)
    return builder


def test_schemas() -> None:
    document = written(shop().build())
    schemas = document["components"]["schemas"]
    name = {"type": "string", "maxLength": 40}
    price = {
        "type": ["number", "string", "null"],
        "format": "decimal",
        "multipleOf": 0.01,
        "minimum": -999.99,
        "maximum": 999.99,
    }
    several = {
        "Price": price,
        "Colour": {"anyOf": [{"$ref": "#/components/schemas/Shop.Colour"}, {"type": "null"}]},
        "Size": {"anyOf": [{"$ref": "#/components/schemas/Shop.Size"}, {"type": "null"}]},
        "Tags": {"type": "array", "items": {"type": "string"}},
    }
    made = {"type": "string", "format": "date-time"}
    maker = {"anyOf": [{"$ref": "#/components/schemas/Shop.Maker"}, {"type": "null"}]}
    assert schemas["Shop.Product"] == {
        "type": "object",
        "title": "Product",
        "properties": {
            "ID": {"type": "integer", "format": "int32"},
            "Name": name,
            **several,
            "Made": made,
            "Maker": maker,
        },
    }
    assert schemas["Shop.Product-create"] == {
        "type": "object",
        "title": "Product (for create)",
        "properties": {
            "Name": name,
            **several,
            "Made": made,
            "Maker": {"anyOf": [{"$ref": "#/components/schemas/Shop.Maker-create"}, {"type": "null"}]},
        },
        "required": ["Name", "Made"],
    }
    assert schemas["Shop.Product-update"] == {
        "type": "object",
        "title": "Product (for update)",
        "properties": {"Name": name, **several},
    }
    assert schemas["Shop.Colour"] == {"type": "string", "enum": ["Red", "Green"]}
    assert schemas["Shop.Maker"]["properties"] == {
        "Name": {"type": "string"},
        "Products": {"type": "array", "items": {"$ref": "#/components/schemas/Shop.Product"}},
        "Products@count": {"$ref": "#/components/schemas/count"},
    }


def test_paths() -> None:
    document = written(shop().build(), server="https://example.org/shop/", title="The shop", version="7")
    assert document["info"] == {
        "title": "The shop",
        "description": "This service is located at https://example.org/shop/",
        "version": "7",
    }
    assert document["servers"] == [{"url": "https://example.org/shop"}]
    methods = {path: [name for name in item if name != "parameters"] for path, item in document["paths"].items()}
    assert methods == {
        "/$batch": ["post"],
        "/Makers": ["get", "post"],
        "/Makers('{Name}')": ["get", "patch", "delete"],
        "/Makers('{Name}')/Products": ["get", "post"],
        "/Makers('{Name}')/Products/$count": ["get"],
        "/Makers/$count": ["get"],
        "/Products": ["get", "post"],
        "/Products({ID})": ["get", "patch", "delete"],
        "/Products({ID})/Maker": ["get"],
        "/Products/$count": ["get"],
    }
    item = document["paths"]["/Products({ID})"]
    assert item["parameters"] == [
        {
            "name": "ID",
            "in": "path",
            "required": True,
            "description": "Key: ID",
            "schema": {"type": "integer", "format": "int32"},
        }
    ]
    assert item["patch"] == {
        "tags": ["Products"],
        "operationId": "Update-Products-ID",
        "summary": "Update Product",
        "responses": {
            "200": {
                "description": "Changed entity",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shop.Product"}}},
            },
            "204": {"description": "Success"},
            "4XX": {"$ref": "#/components/responses/error"},
        },
        "requestBody": {
            "required": True,
            "description": "New values",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shop.Product-update"}}},
        },
    }
    options = [one["name"] for one in document["paths"]["/Products"]["get"]["parameters"]]
    assert options == ["$top", "$skip", "$search", "$filter", "$count", "$orderby", "$select", "$expand"]


RESTRICTED: list[tuple[str, Any, str, list[str], list[str]]] = [
    ("InsertRestrictions", {"Insertable": False}, "/Products", ["get"], []),
    ("ReadRestrictions", {"Readable": False}, "/Products", ["post"], []),
    ("ReadRestrictions", {"ReadByKeyRestrictions": {"Readable": False}}, "/Products({ID})", ["patch", "delete"], []),
    ("UpdateRestrictions", {"Updatable": False}, "/Products({ID})", ["get", "delete"], []),
    ("DeleteRestrictions", {"Deletable": False}, "/Products({ID})", ["get", "patch"], []),
    ("IndexableByKey", False, "/Products({ID})", [], []),
    ("CountRestrictions", {"Countable": False}, "/Products/$count", [], ["$count"]),
    ("TopSupported", False, "/Products", ["get", "post"], ["$top"]),
    ("SkipSupported", False, "/Products", ["get", "post"], ["$skip"]),
    ("SearchRestrictions", {"Searchable": False}, "/Products", ["get", "post"], ["$search"]),
    ("FilterRestrictions", {"Filterable": False}, "/Products", ["get", "post"], ["$filter"]),
    ("SortRestrictions", {"Sortable": False}, "/Products", ["get", "post"], ["$orderby"]),
    ("SelectSupport", {"Supported": False}, "/Products", ["get", "post"], ["$select"]),
    ("ExpandRestrictions", {"Expandable": False}, "/Products", ["get", "post"], ["$expand"]),
    (
        "NavigationRestrictions",
        {"RestrictedProperties": [{"NavigationProperty": "Maker", "ReadRestrictions": {"Readable": False}}]},
        "/Products({ID})/Maker",
        [],
        [],
    ),
]


@pytest.mark.parametrize("where", ["Shop.Container/Products", "Shop.Container"])
@pytest.mark.parametrize(("term", "value", "path", "methods", "lacking"), RESTRICTED)
def test_capabilities(where: str, term: str, value: Any, path: str, methods: list[str], lacking: list[str]) -> None:
    builder = shop()
    builder.annotate(where, CAPABILITIES + term, value)
    document = written(builder.build())
    check(document, is_whole=True)
    assert [name for name in document["paths"].get(path, {}) if name != "parameters"] == methods
    read_options = document["paths"]["/Products"].get("get", {}).get("parameters", [])
    for name in lacking:
        assert name not in [one["name"] for one in read_options]


def test_restricted_properties() -> None:
    builder = shop()
    for term, value in (
        ("SortRestrictions", {"NonSortableProperties": ["Name"]}),
        ("ExpandRestrictions", {"NonExpandableProperties": ["Maker"]}),
        ("UpdateRestrictions", {"Description": "Mend it"}),
    ):
        builder.annotate("Shop.Container/Products", CAPABILITIES + term, value)
    document = written(builder.build())
    options = {one["name"]: one for one in document["paths"]["/Products"]["get"]["parameters"]}
    assert "Name" not in options["$orderby"]["schema"]["items"]["enum"]
    assert "$expand" not in options
    assert document["paths"]["/Products({ID})"]["patch"]["summary"] == "Mend it"


def test_keys_as_segments() -> None:
    builder = shop()
    builder.annotate("Shop.Container", CAPABILITIES + "KeyAsSegmentSupported", True)
    builder.annotate("Shop.Container", CAPABILITIES + "BatchSupported", False)
    paths = written(builder.build())["paths"]
    assert {"/Makers/{Name}/Products", "/Products/{ID}"} <= paths.keys()
    assert "/$batch" not in paths


def test_operations() -> None:
    builder = shop()
    builder.function("Near", parameters={"at": "Size", "km": "Int32", "name": "String"}, returns="Collection(Product)")
    builder.operation_import("Near", entity_set="Products")
    builder.action("Raise", parameters={"product": "Product", "by": "Decimal"}, bound=True)
    builder.function("Label", parameters={"products": "Collection(Product)"}, returns="String", bound=True)
    document = written(builder.build())
    check(document, is_whole=True)
    near = document["paths"]["/Near(at=@at,km={km},name='{name}')"]
    assert near["get"]["operationId"] == "Call-Near-at-at-km-km-name-name"
    alias, number, text = near["parameters"]
    assert alias == {
        "name": "@at",
        "in": "query",
        "content": {
            "application/json": {"schema": {"anyOf": [{"$ref": "#/components/schemas/Shop.Size"}, {"type": "null"}]}}
        },
    }
    assert (number["name"], number["in"], text["name"]) == ("km", "path", "name")
    action = document["paths"]["/Products({ID})/Shop.Raise"]["post"]
    assert action["requestBody"]["content"]["application/json"]["schema"]["properties"].keys() == {"by"}
    assert action["responses"].keys() == {"204", "4XX"}
    assert "/Products/Shop.Label()" in document["paths"]


def test_texts() -> None:
    builder = shop()
    builder.annotate("Shop.Product/Name", CORE + "Description", "What it is called")
    builder.annotate("Shop.Product", CORE + "LongDescription", "A thing.")
    builder.annotate("Shop.Container/Products", CORE + "Description", "All things")
    document = written(builder.build())
    product = document["components"]["schemas"]["Shop.Product"]
    assert product["description"] == "A thing."
    assert product["properties"]["Name"]["description"] == "What it is called"
    assert {"name": "Products", "description": "All things"} in document["tags"]


def test_names_are_ascii() -> None:
    builder = ModelBuilder("Größe")
    builder.entity("Ding", key="ID", properties={"ID": "Int32"})
    builder.entity_set("Dinge", "Ding")
    document = written(builder.build())
    check(document, is_whole=True)
    assert "Gr_xF6__xDF_e.Ding" in document["components"]["schemas"]


def cyclic(count: int) -> Model:
    """Types that contain each other, all in all ways."""
    builder = ModelBuilder("Net")
    for number in range(count):
        builder.entity(f"T{number}", key="ID", properties={"ID": "Int32"})
    for number in range(count):
        for other in range(count):
            builder.navigation(f"T{number}", f"To{other}", to=f"T{other}", many=True, contains=True)
        builder.entity_set(f"S{number}", f"T{number}")
    return builder.build()


def test_cycles_end() -> None:
    document = written(cyclic(10))
    check(document, is_whole=False)
    assert len(document["paths"]) == 2_000
    left = re.search(r"(\d+) paths behind navigation properties are left out", document["info"]["description"])
    assert left is not None
    assert int(left[1]) > 0
    assert len(written(cyclic(3), max_depth=1)["paths"]) == 1 + 3 * 3 + 9 * 3


def test_too_many_sets() -> None:
    with pytest.raises(ModelError, match="have more than 5 paths"):
        write_openapi(cyclic(3), max_paths=5)
