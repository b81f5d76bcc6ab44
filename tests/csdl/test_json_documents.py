# CSDL JSON: what is written is the official document of the same model, made from its XML or from itself; what JSON
# does not tell by itself is told by the types of terms.

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from odata_core.csdl import read_csdl, write_json, write_xml_v4
from odata_core.csdl.markup import read_markup
from odata_core.edm import ModelBuilder, prop
from odata_core.edm.annotations import (
    Apply,
    Calculation,
    Cast,
    Constant,
    EnumValue,
    If,
    IsOf,
    LabeledElement,
    LabeledElementReference,
    Null,
    PropertyValue,
    Record,
    UrlRef,
)
from odata_core.edm.annotations import (
    Path as PathTo,
)
from tests.csdl.canonical import canonical
from tests.csdl.canonical import differences as tree_differences
from tests.csdl.described import described, said
from tests.csdl.test_corpora import PAIRS, REFERENCES, name_of, plain, read


def differences(one: Any, other: Any, path: str = "$") -> Iterator[str]:
    """Where two JSON trees differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *[name for name in other if name not in one]]:
            if name not in one or name not in other:
                yield f"{path}.{name}"
            else:
                yield from differences(one[name], other[name], f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{number}]")
    elif one != other or isinstance(one, bool) != isinstance(other, bool):
        yield path


MISCELLANEOUS = {
    # The numbers of members are Edm.Int32 whether a document says so or not.
    "$.org.example.FileAccess.$UnderlyingType",
    "$.org.example.Pattern.$UnderlyingType",
    # Navigation properties, sets and unbound actions that are not declared: the reader lists them.
    "$.org.example.DemoService.StandardCustomers.$NavigationPropertyBinding",
    "$.org.example.DemoService.PreferredCustomers.$NavigationPropertyBinding",
    "$.org.example.DemoService.Suppliers.$NavigationPropertyBinding",
    "$.org.example.DemoService.Categories34.$NavigationPropertyBinding",
    "$.org.example.DemoService.Categories35.$NavigationPropertyBinding",
    "$.org.example.DemoService.LeaveRequestApproval",
    # Defaults that are no values of their types.
    *[
        f"$.Model1.{kind}PrimitiveTypes.{name}.$DefaultValue"
        for kind in ("Nullable", "NonNullable")
        for name in ("NullValue", "DurationValue", "GuidValue", "ColorEnumValue", "GeographyPoint")
    ],
    # A text that is a number, of a type that is Edm.String by another name.
    "$.Model1.NonNullablePrimitiveTypes.TextValue.$DefaultValue",
    # The only name of that document that its author did not shorten by the alias.
    "$.org.example.$Annotations.self.DynamicExpression.@A.ComparisonAndLogicalOperators[9].$Has[1].$Type",
}
EXTENDING = {
    # A set whose type has no key, and what is bound to it or needs it.
    "$.org.example2.Extending.Waldos",
    "$.org.example2.Extending.CreatedEntities",
    "$.org.example2.Extending.Freds.$NavigationPropertyBinding",
    "$.org.example2.Extending.Bar.$EntitySet",
}
# Vocabularies say where they are published: each format names the other one.
LINKS = {"Org.OData.{}.V1.@Core.Links[0].rel", "Org.OData.{}.V1.@Core.Links[1].rel"}
VOCABULARIES = "Aggregation Authorization Core JSON Measures Repeatability Temporal Validation".split()
KEY = {"$.org.example.odata.salesservice.Currency.Code.$Nullable"}  # a key is never nullable
CORE = {"$.Org.OData.Core.V1.DataModificationOperationKind.$UnderlyingType"}

# Document -> where the JSON that is made from it differs from the official one.
DIFFERS: dict[str, set[str]] = {
    # Carriage returns of the XML document are lost in the official one.
    "ex-miscellaneous.xml": MISCELLANEOUS | {"$.Model1.@A.String#ToBeEscaped"},
    "ex-miscellaneous.json": MISCELLANEOUS,
    "ex-miscellaneous2.xml": EXTENDING,
    "ex-miscellaneous2.json": EXTENDING,
    "Org.OData.Aggregation.V1.SalesModel-sample.xml": KEY,
    "Org.OData.Aggregation.V1.SalesModel-sample.json": KEY,
    # A stream whose media type is JSON is JSON itself in the official document.
    "Org.OData.JSON.V1.Schema-sample.xml": {"$.json.schema.sample.example.CodeDictionary.@JSON.Schema"},
    **{f"Org.OData.{name}.V1.xml": {f"$.{link.format(name)}" for link in LINKS} for name in VOCABULARIES},
    "Org.OData.Core.V1.json": CORE,
}
DIFFERS["Org.OData.Core.V1.xml"] |= CORE


def test_there_are_pairs() -> None:
    assert len(PAIRS) > 20


@pytest.mark.parametrize("path", [*PAIRS, *[path.with_suffix(".json") for path in PAIRS]], ids=name_of)
def test_official_json(path: Path) -> None:
    """The JSON of a model is the official JSON, whichever of the two documents the model comes from."""
    official = json.loads(path.with_suffix(".json").read_text("utf-8-sig"), parse_float=Decimal)
    left_out: list[str] = []
    document = write_json(read(path), version=official["$Version"], left_out=left_out)
    found = set(differences(json.loads(document, parse_float=Decimal), official))
    assert found == DIFFERS.get(path.name, set())
    assert left_out == []


def untold(value: Any) -> Any:
    """A tree without what JSON does not tell of terms that are not at hand: kinds of texts, paths and numbers."""
    name, attributes, children = value
    kinds = ("Binary", "Date", "DateTimeOffset", "Duration", "Guid", "String", "TimeOfDay", "Int", "Decimal", "Float")
    paths = (
        "AnnotationPath",
        "AnyPropertyPath",
        "ModelElementPath",
        "NavigationPropertyPath",
        "PropertyPath",
        "EnumMember",
    )
    kept = frozenset((("value" if key in (*kinds, *paths) else key), _untold(key, text)) for key, text in attributes)
    if name in (*kinds, *paths):
        kept = frozenset({("text()", _untold(name, text)) for _key, text in kept})
        name = "value"
    return name, kept, tuple(sorted([untold(child) for child in children], key=repr))


def _untold(key: str, text: str) -> str:
    if key == "EnumMember":
        return ",".join([part.rpartition("/")[2] for part in text.split()])
    return str(float(text)) if key in ("Int", "Decimal", "Float") else text


# Document -> how many differences there are, and why.
XML_DIFFERS = {
    "ex-miscellaneous.xml": (
        "What the JSON cannot tell of terms that are not at hand, and what both readers leave out (LEAVES_OUT)."
    ),
    "ex-miscellaneous2.xml": "What both readers leave out (LEAVES_OUT).",
    "Org.OData.JSON.V1.Schema-sample.xml": "A stream of JSON is a record in JSON.",
    **{f"Org.OData.{name}.V1.xml": "Each format of a vocabulary names the other." for name in VOCABULARIES},
}


@pytest.mark.parametrize("path", PAIRS, ids=name_of)
def test_official_xml(path: Path) -> None:
    """The XML of a model that comes from JSON is the official XML."""
    version = read_markup(path.read_bytes()).attributes["Version"]
    document = write_xml_v4(read(path.with_suffix(".json")), version=version)
    found = tree_differences(untold(canonical(document)), untold(canonical(path.read_bytes())))
    assert bool(found) == (path.name in XML_DIFFERS), found[:5]


@pytest.mark.parametrize("path", PAIRS, ids=name_of)
def test_json_and_back(path: Path) -> None:
    """Any model comes back from JSON with all that it says, but for what stands in foreign namespaces."""
    model = read(path.with_suffix(".json"))
    others = {address: text for address, text in REFERENCES.items() if path.stem not in address}
    back = read_csdl(write_json(model, version="4.01"), references=others if model.references else {})
    assert plain(described(back)) == plain(described(model))
    assert said(back) == said(model)


# ------------------------------------------------------------------ what the types of terms tell

# Type of the term -> value in JSON, and what it means.
VALUES: list[tuple[str, Any, Any]] = [
    ("Edm.String", "2000-01-01", Constant("String", "2000-01-01")),
    ("Edm.Date", "2000-01-01", Constant("Date", "2000-01-01")),
    ("Edm.Date", "no date", Constant("String", "no date")),
    ("Edm.Guid", "86a96539-871b-45cf-b96b-93dbc235105e", Constant("Guid", "86a96539-871b-45cf-b96b-93dbc235105e")),
    ("Edm.Duration", "P1D", Constant("Duration", "P1D")),
    ("Edm.TimeOfDay", "12:00", Constant("TimeOfDay", "12:00")),
    ("Edm.DateTimeOffset", "2000-01-01T00:00:00Z", Constant("DateTimeOffset", "2000-01-01T00:00:00Z")),
    ("Edm.Binary", "T0RhdGE", Constant("Binary", "T0RhdGE")),
    ("Edm.Int32", 5, Constant("Int", 5)),
    ("Edm.Decimal", 5, Constant("Decimal", Decimal(5))),
    ("Edm.Decimal", "INF", Constant("Decimal", Decimal("Infinity"))),
    ("Edm.Double", 1.5, Constant("Float", 1.5)),
    ("Edm.Double", "-INF", Constant("Float", float("-inf"))),
    ("Edm.Boolean", True, Constant("Bool", True)),
    ("N.Name", "text", Constant("String", "text")),
    ("N.Price", 2, Constant("Decimal", Decimal(2))),
    ("N.Color", "Red", EnumValue("N.Color", ("Red",))),
    ("N.Color", "Red,Blue", EnumValue("N.Color", ("Red", "Blue"))),
    ("N.Color", "Pink", Constant("String", "Pink")),
    ("Edm.PropertyPath", "A/self.T/B", PathTo("A/N.T/B", "PropertyPath")),
    ("Edm.NavigationPropertyPath", "A", PathTo("A", "NavigationPropertyPath")),
    ("Edm.AnnotationPath", "A/@self.Term#q", PathTo("A/@N.Term#q", "AnnotationPath")),
    ("Edm.ModelElementPath", "/self.C/S", PathTo("/N.C/S", "ModelElementPath")),
    ("Edm.AnyPropertyPath", "A/B", PathTo("A/B", "AnyPropertyPath")),
    ("Edm.PrimitiveType", "2000-01-01", Constant("String", "2000-01-01")),
    (
        "N.Point",
        {"X": 1, "Color": "Red"},
        Record((PropertyValue("X", Constant("Float", 1.0)), PropertyValue("Color", EnumValue("N.Color", ("Red",))))),
    ),
    (
        "N.Point",
        {"@type": "#self.Point3", "Z": 1},
        Record((PropertyValue("Z", Constant("Decimal", Decimal(1))),), "N.Point3"),
    ),
    ("N.Point", None, Null()),
    (
        "N.Color",
        {"$If": [{"$Path": "P"}, "Red", "Blue"]},
        If(PathTo("P"), EnumValue("N.Color", ("Red",)), EnumValue("N.Color", ("Blue",))),
    ),
    (
        "Edm.Boolean",
        {"$Eq": [{"$Path": "P"}, {"$Cast": "Red", "$Type": "self.Color"}]},
        Calculation("Eq", (PathTo("P"), EnumValue("N.Color", ("Red",)))),
    ),
    ("Edm.Boolean", {"$Not": {"$Path": "P"}}, Calculation("Not", (PathTo("P"),))),
    (
        "Edm.Boolean",
        {"$IsOf": {"$Path": "P"}, "$Type": "self.T", "$Collection": True},
        IsOf("Collection(N.T)", PathTo("P")),
    ),
    (
        "Edm.Decimal",
        {"$Cast": {"$Path": "P"}, "$Type": "Edm.Decimal", "$Scale": 2},
        Cast("Edm.Decimal", PathTo("P"), {"Scale": 2}),
    ),
    (
        "Edm.String",
        {"$Apply": ["a", {"$Path": "P"}], "$Function": "odata.concat"},
        Apply("odata.concat", (Constant("String", "a"), PathTo("P"))),
    ),
    ("Edm.Date", {"$LabeledElement": "2000-01-01", "$Name": "L"}, LabeledElement("L", Constant("Date", "2000-01-01"))),
    ("Edm.Date", {"$LabeledElementReference": "self.L"}, LabeledElementReference("N.L")),
    ("Edm.Date", {"$UrlRef": "http://x"}, UrlRef(Constant("String", "http://x"))),
]


def document(kind: str, value: Any) -> dict[str, Any]:
    return {
        "$Version": "4.01",
        "N": {
            "$Alias": "self",
            "T": {"$Kind": "ComplexType", "@self.Term": value},
            "Term": {"$Kind": "Term", "$Type": kind, "$Nullable": True},
            "Name": {"$Kind": "TypeDefinition", "$UnderlyingType": "Edm.String"},
            "Price": {"$Kind": "TypeDefinition", "$UnderlyingType": "Edm.Decimal"},
            "Color": {"$Kind": "EnumType", "$IsFlags": True, "Red": 1, "Blue": 2},
            "Point": {"$Kind": "ComplexType", "X": {"$Type": "Edm.Double"}, "Color": {"$Type": "self.Color"}},
            "Point3": {"$Kind": "ComplexType", "$BaseType": "self.Point", "Z": {"$Type": "Edm.Decimal"}},
        },
    }


@pytest.mark.parametrize(("kind", "value", "meant"), VALUES, ids=[f"{kind} {value!r:.40}" for kind, value, _ in VALUES])
def test_values(kind: str, value: Any, meant: Any) -> None:
    model = read_csdl(json.dumps(document(kind, value)), strict=True)
    assert model.annotation("self.T", "self.Term") == meant
    assert json.loads(write_json(model))["N"]["T"]["@self.Term"] == value


def test_what_it_looks_like() -> None:
    shop = ModelBuilder("Shop")
    shop.enum("Color", members={"Red": 1}, flags=True)
    shop.entity(
        "Product", key="ID", properties={"ID": prop("Int32", generated=True), "Price": prop("Decimal", scale=2)}
    )
    shop.entity_set("Products", "Product")
    shop.function("Near", parameters={"km": prop("Double", optional=True, default=1.5)}, returns="Collection(Product)")
    shop.annotate("Product/Price", "Org.OData.Measures.V1.ISOCurrency", "EUR", qualifier="q")
    found = json.loads(write_json(shop.build()))
    assert found["$EntityContainer"] == "Shop.Container"
    assert found["Shop"] == {
        "Color": {"$Kind": "EnumType", "$IsFlags": True, "Red": 1},
        "Product": {
            "$Kind": "EntityType",
            "$Key": ["ID"],
            "ID": {"$Type": "Edm.Int32", "@Org.OData.Core.V1.Computed": True},
            "Price": {
                "$Type": "Edm.Decimal",
                "$Nullable": True,
                "$Scale": 2,
                "@Org.OData.Measures.V1.ISOCurrency#q": "EUR",
            },
        },
        "Near": [
            {
                "$Kind": "Function",
                "$Parameter": [
                    {
                        "$Name": "km",
                        "$Type": "Edm.Double",
                        "$Nullable": True,
                        "@Org.OData.Core.V1.OptionalParameter": {"DefaultValue": "1.5"},
                    }
                ],
                "$ReturnType": {"$Collection": True, "$Type": "Shop.Product"},
            }
        ],
        "Container": {"$Kind": "EntityContainer", "Products": {"$Collection": True, "$Type": "Shop.Product"}},
    }
