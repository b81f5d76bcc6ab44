# Small documents of each version against the whole model that they describe, and what is refused, with its place.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from odata_core.csdl import read_csdl
from odata_core.edm import ModelError, Timestamp
from tests.csdl.described import Values, brief, described

V3_NAMESPACES = ("2006/04", "2007/05", "2008/01", "2008/09", "2009/08", "2009/11")


def v3(schemas: str, edm: str = "2009/11") -> str:
    return (
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices m:DataServiceVersion="2.0" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
        'xmlns:annotation="http://schemas.microsoft.com/ado/2009/02/edm/annotation" xmlns:sap="http://www.sap.com/x">'
        + schemas.replace("<Schema ", f'<Schema xmlns="http://schemas.microsoft.com/ado/{edm}/edm" ')
        + "</edmx:DataServices></edmx:Edmx>"
    )


def v4(schemas: str, references: str = "") -> str:
    return (
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        + references
        + "<edmx:DataServices>"
        + schemas.replace("<Schema ", '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" ')
        + "</edmx:DataServices></edmx:Edmx>"
    )


SHOP_V2 = """<Schema Namespace="Shop" Alias="S">
<EntityType Name="Product" m:HasStream="true" sap:label="A product">
  <Documentation><Summary>What is sold</Summary></Documentation>
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Int32" Nullable="false" annotation:StoreGeneratedPattern="Identity"/>
  <Property Name="Name" Type="Edm.String" MaxLength="40" Unicode="true" FixedLength="false" DefaultValue="new"/>
  <Property Name="Price" Type="Edm.Decimal" Precision="9" Scale="2" Nullable="false" DefaultValue="1.50"/>
  <Property Name="Since" Type="Edm.DateTime" DefaultValue="2010-01-02 03:04:05Z"/>
  <Property Name="Stamp" Type="Edm.Binary" MaxLength="Max" ConcurrencyMode="Fixed"/>
  <Property Name="Maker" Type="S.Address" Nullable="false"/>
  <Property Name="CategoryID" Type="Edm.Int16"/>
  <NavigationProperty Name="Category" Relationship="S.InCategory" FromRole="P" ToRole="C"/>
</EntityType>
<EntityType Name="Book" BaseType="S.Product">
  <Property Name="Pages" Type="Edm.Int32"/>
  <NavigationProperty Name="Sequels" Relationship="Shop.Sequel" FromRole="First" ToRole="Next"/>
</EntityType>
<EntityType Name="Category">
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int16"/>
  <NavigationProperty Name="Products" Relationship="Shop.InCategory" FromRole="C" ToRole="P"/>
</EntityType>
<ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
<Association Name="InCategory">
  <End Type="Shop.Product" Role="P" Multiplicity="*"/>
  <End Type="Shop.Category" Role="C" Multiplicity="0..1"><OnDelete Action="Cascade"/></End>
  <ReferentialConstraint>
    <Principal Role="C"><PropertyRef Name="ID"/></Principal>
    <Dependent Role="P"><PropertyRef Name="CategoryID"/></Dependent>
  </ReferentialConstraint>
</Association>
<Association Name="Sequel">
  <End Type="Shop.Book" Role="First" Multiplicity="1"/>
  <End Type="Shop.Book" Role="Next" Multiplicity="*"/>
</Association>
<EntityContainer Name="Other">
  <EntitySet Name="Archive" EntityType="Shop.Book"/>
  <FunctionImport Name="Find" ReturnType="Shop.Book" EntitySet="Archive" m:HttpMethod="GET"/>
</EntityContainer>
<EntityContainer Name="Main" m:IsDefaultEntityContainer="true">
  <EntitySet Name="Products" EntityType="Shop.Product"/>
  <EntitySet Name="Categories" EntityType="Shop.Category"/>
  <AssociationSet Name="A" Association="Shop.InCategory">
    <End Role="P" EntitySet="Products"/><End Role="C" EntitySet="Categories"/>
  </AssociationSet>
  <AssociationSet Name="B" Association="Shop.Sequel">
    <End Role="First" EntitySet="Products"/><End Role="Next" EntitySet="Products"/>
  </AssociationSet>
  <FunctionImport Name="Search" ReturnType="Collection(Shop.Product)" EntitySet="Products" m:HttpMethod="GET">
    <Parameter Name="q" Type="Edm.String" Mode="In" MaxLength="5"/>
  </FunctionImport>
  <FunctionImport Name="Reset" m:HttpMethod="POST"/>
</EntityContainer>
</Schema>"""


def shop_v2() -> Values:
    return {
        "namespace": "Shop",
        "container": "Main",
        "aliases": {"S": "Shop"},
        "types": {
            "Shop.Product": {
                "kind": "entity",
                "key": ["ID"],
                "has_stream": True,
                "properties": {
                    "ID": {"type": "Edm.Int32", "nullable": False, "generated": True},
                    "Name": {
                        "type": "Edm.String",
                        "facets": {"MaxLength": 40, "FixedLength": False, "Unicode": True},
                        "default": "new",
                    },
                    "Price": {
                        "type": "Edm.Decimal",
                        "facets": {"Precision": 9, "Scale": 2},
                        "nullable": False,
                        "default": Decimal("1.50"),
                    },
                    "Since": {"type": "Edm.DateTime", "default": Timestamp.parse("2010-01-02T03:04:05")},
                    "Stamp": {"type": "Edm.Binary", "facets": {"MaxLength": "max"}, "token": True},
                    "Maker": {"type": "Shop.Address", "nullable": False},
                    "CategoryID": {"type": "Edm.Int16"},
                },
                "navigation": {"Category": {"to": "Shop.Category", "partner": "Products", "on": {"CategoryID": "ID"}}},
            },
            "Shop.Book": {
                "kind": "entity",
                "base": "Shop.Product",
                "has_stream": True,
                "properties": {"Pages": {"type": "Edm.Int32"}},
                "navigation": {"Sequels": {"to": "Collection(Shop.Book)"}},
            },
            "Shop.Category": {
                "kind": "entity",
                "key": ["ID"],
                "properties": {"ID": {"type": "Edm.Int16", "nullable": False}},
                "navigation": {
                    "Products": {
                        "to": "Collection(Shop.Product)",
                        "partner": "Category",
                        "on": {"ID": "CategoryID"},
                        "on_delete": "Cascade",
                    }
                },
            },
            "Shop.Address": {"kind": "complex", "properties": {"City": {"type": "Edm.String"}}},
        },
        "sets": {
            "Other.Archive": {"type": "Shop.Book", "tokens": ("Stamp",)},
            "Products": {
                "type": "Shop.Product",
                "bindings": {"Category": "Categories", "Shop.Book/Sequels": "Products"},
                "tokens": ("Stamp",),
            },
            "Categories": {"type": "Shop.Category", "bindings": {"Products": "Products"}},
        },
        "operations": {
            "Shop.Other.Find": [
                {
                    "kind": "function",
                    "composable": True,
                    "returns": {"type": "Shop.Book"},
                    "entity_set": "Other.Archive",
                    "always_bindable": False,
                }
            ],
            "Shop.Search": [
                {
                    "kind": "function",
                    "composable": True,
                    "parameters": {"q": {"type": "Edm.String", "facets": {"MaxLength": 5}}},
                    "returns": {"type": "Collection(Shop.Product)", "nullable": False},
                    "entity_set": "Products",
                    "always_bindable": False,
                }
            ],
            "Shop.Reset": [{"kind": "action", "always_bindable": False}],
        },
        "imports": {
            "Other.Find": {
                "operation": "Shop.Other.Find",
                "overloads": 1,
                "entity_set": "Other.Archive",
                "http_method": "GET",
            },
            "Search": {"operation": "Shop.Search", "overloads": 1, "entity_set": "Products", "http_method": "GET"},
            "Reset": {"operation": "Shop.Reset", "overloads": 1, "http_method": "POST"},
        },
    }


@pytest.mark.parametrize("edm", V3_NAMESPACES)
def test_v2(edm: str) -> None:
    assert brief(read_csdl(v3(SHOP_V2, edm), strict=True)) == shop_v2()


SHOP_V3 = """<Schema Namespace="Shop">
<Using Namespace="Basic" Alias="B"/>
<EntityType Name="Thing" OpenType="true" Abstract="true">
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Guid" Nullable="false"/>
  <Property Name="Colour" Type="B.Colour" DefaultValue="Red"/>
  <Property Name="Tags" Type="Collection(Edm.String)" Nullable="false"/>
  <Property Name="Notes" Type="B.Note" CollectionKind="List"/>
  <Property Name="Place" Type="Edm.GeographyPoint" SRID="Variable"/>
  <Property Name="Photo" Type="Edm.Stream" Nullable="false"/>
</EntityType>
<EntityType Name="Tool" BaseType="Shop.Thing"/>
<EntityContainer Name="Main" m:IsDefaultEntityContainer="true">
  <EntitySet Name="Things" EntityType="Shop.Thing"/>
  <FunctionImport Name="Rate" IsBindable="true" m:IsAlwaysBindable="true">
    <Parameter Name="on" Type="Shop.Thing"/><Parameter Name="stars" Type="Edm.Int32" Nullable="false"/>
  </FunctionImport>
  <FunctionImport Name="Best" IsBindable="true" IsSideEffecting="false" IsComposable="true"
      ReturnType="Shop.Thing" EntitySetPath="on">
    <Parameter Name="on" Type="Collection(Shop.Thing)"/>
  </FunctionImport>
  <FunctionImport Name="Count" IsSideEffecting="false"><ReturnType Type="Edm.Int64"/></FunctionImport>
  <FunctionImport Name="Count" IsSideEffecting="false" ReturnType="Edm.Int64">
    <Parameter Name="of" Type="B.Colour"/>
  </FunctionImport>
</EntityContainer>
</Schema>
<Schema Namespace="Basic">
<EnumType Name="Colour" UnderlyingType="Edm.Byte"><Member Name="Red"/><Member Name="Blue" Value="4"/>
  <Member Name="Green"/></EnumType>
<ComplexType Name="Note"><Property Name="Text" Type="String"/></ComplexType>
</Schema>"""


def test_v3() -> None:
    assert brief(read_csdl(v3(SHOP_V3), strict=True)) == {
        "namespace": "Shop",
        "container": "Main",
        "aliases": {"B": "Basic"},
        "types": {
            "Shop.Thing": {
                "kind": "entity",
                "abstract": True,
                "open": True,
                "key": ["ID"],
                "properties": {
                    "ID": {"type": "Edm.Guid", "nullable": False},
                    "Colour": {"type": "Basic.Colour", "default": "Red"},
                    "Tags": {"type": "Collection(Edm.String)", "nullable": False},
                    "Notes": {"type": "Collection(Basic.Note)", "nullable": False},
                    "Place": {"type": "Edm.GeographyPoint", "facets": {"SRID": "variable"}},
                    "Photo": {"type": "Edm.Stream", "nullable": False},
                },
            },
            "Shop.Tool": {"kind": "entity", "base": "Shop.Thing", "open": True},
            "Basic.Colour": {
                "kind": "enum",
                "members": {"Red": 0, "Blue": 4, "Green": 5},
                "underlying": "Edm.Byte",
            },
            "Basic.Note": {"kind": "complex", "properties": {"Text": {"type": "Edm.String"}}},
        },
        "sets": {"Things": {"type": "Shop.Thing"}},
        "operations": {
            "Shop.Rate": [
                {
                    "kind": "action",
                    "bound": True,
                    "parameters": {"on": {"type": "Shop.Thing"}, "stars": {"type": "Edm.Int32", "nullable": False}},
                }
            ],
            "Shop.Best": [
                {
                    "kind": "function",
                    "bound": True,
                    "composable": True,
                    "parameters": {"on": {"type": "Collection(Shop.Thing)", "nullable": False}},
                    "returns": {"type": "Shop.Thing"},
                    "path": "on",
                    "always_bindable": False,
                }
            ],
            "Shop.Count": [
                {"kind": "function", "returns": {"type": "Edm.Int64"}, "always_bindable": False},
                {
                    "kind": "function",
                    "parameters": {"of": {"type": "Basic.Colour"}},
                    "returns": {"type": "Edm.Int64"},
                    "always_bindable": False,
                },
            ],
        },
        "imports": {"Count": {"operation": "Shop.Count", "overloads": 2}},
    }


CORE = """<edmx:Reference Uri="https://example.org/Core.xml">
  <edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/></edmx:Reference>"""

SHOP_V4 = """<Schema Namespace="Shop" Alias="self">
<EntityType Name="Order" HasStream="true">
  <Key><PropertyRef Name="Info/No" Alias="No"/><PropertyRef Name="Year"/></Key>
  <Property Name="Year" Type="Edm.Int32" Nullable="false"/>
  <Property Name="Info" Type="self.Info" Nullable="false"/>
  <Property Name="Code" Type="self.Code"/>
  <Property Name="Made" Type="Edm.DateTimeOffset" Precision="3"/>
  <Property Name="Taxes" Type="Collection(Edm.Decimal)" Nullable="true" Scale="variable"/>
  <NavigationProperty Name="Lines" Type="Collection(self.Line)" ContainsTarget="true" Partner="Order">
    <OnDelete Action="Cascade"/></NavigationProperty>
  <Annotation Term="Core.AlternateKeys"><Collection><Record><PropertyValue Property="Key"><Collection>
    <Record><PropertyValue Property="Name" PropertyPath="Code"/><PropertyValue Property="Alias" String="C"/></Record>
  </Collection></PropertyValue></Record></Collection></Annotation>
</EntityType>
<EntityType Name="Line">
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false"/>
  <Property Name="ProductID" Type="Edm.Int32"/>
  <NavigationProperty Name="Order" Type="self.Order" Nullable="false"/>
  <NavigationProperty Name="Product" Type="self.Product">
    <ReferentialConstraint Property="ProductID" ReferencedProperty="ID"/></NavigationProperty>
</EntityType>
<EntityType Name="Product" Abstract="true" OpenType="true">
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false"/>
</EntityType>
<EntityType Name="Tool" BaseType="self.Product"/>
<ComplexType Name="Info"><Property Name="No" Type="Edm.Int64" Nullable="false"/></ComplexType>
<EnumType Name="Rights" IsFlags="true" UnderlyingType="Edm.Int64"><Member Name="Read" Value="1"/></EnumType>
<TypeDefinition Name="Code" UnderlyingType="Edm.String" MaxLength="9"/>
<Term Name="Label" Type="Edm.String" AppliesTo="Property Term" DefaultValue="none"/>
<Function Name="Best" IsBound="true" IsComposable="true" EntitySetPath="of/Lines/Product">
  <Parameter Name="of" Type="self.Order"/><Parameter Name="n" Type="Edm.Int32" Nullable="false">
    <Annotation Term="Core.OptionalParameter"/></Parameter>
  <ReturnType Type="self.Product" Nullable="false"/>
</Function>
<Function Name="Now"><ReturnType Type="Edm.Date"/></Function>
<Action Name="Empty"/>
<EntityContainer Name="Main">
  <EntitySet Name="Orders" EntityType="self.Order">
    <NavigationPropertyBinding Path="Lines/Product" Target="self.Main/Products"/></EntitySet>
  <EntitySet Name="Products" EntityType="Shop.Product" IncludeInServiceDocument="false"/>
  <Singleton Name="Tool" Type="self.Tool"/>
  <FunctionImport Name="Today" Function="self.Now" IncludeInServiceDocument="true"/>
  <ActionImport Name="Empty" Action="self.Empty"/>
</EntityContainer>
<Annotations Target="self.Main/Orders"><Annotation Term="Core.OptimisticConcurrency">
  <Collection><PropertyPath>Made</PropertyPath></Collection></Annotation></Annotations>
<Annotations Target="self.Line/ID"><Annotation Term="Core.Computed"/></Annotations>
</Schema>"""

SHOP_JSON: dict[str, Any] = {
    "$Version": "4.01",
    "$EntityContainer": "Shop.Main",
    "$Reference": {
        "https://example.org/Core.json": {"$Include": [{"$Namespace": "Org.OData.Core.V1", "$Alias": "Core"}]}
    },
    "Shop": {
        "$Alias": "self",
        "Order": {
            "$Kind": "EntityType",
            "$HasStream": True,
            "$Key": [{"No": "Info/No"}, "Year"],
            "Year": {"$Type": "Edm.Int32"},
            "Info": {"$Type": "self.Info"},
            "Code": {"$Type": "self.Code", "$Nullable": True},
            "Made": {"$Type": "Edm.DateTimeOffset", "$Nullable": True, "$Precision": 3},
            "Taxes": {"$Collection": True, "$Type": "Edm.Decimal", "$Nullable": True},
            "Lines": {
                "$Kind": "NavigationProperty",
                "$Collection": True,
                "$Type": "self.Line",
                "$ContainsTarget": True,
                "$Partner": "Order",
                "$OnDelete": "Cascade",
                "$OnDelete@Core.Description": "All lines go",
            },
            "@Core.AlternateKeys": [{"Key": [{"Name": "Code", "Alias": "C"}]}],
        },
        "Line": {
            "$Kind": "EntityType",
            "$Key": ["ID"],
            "ID": {"$Type": "Edm.Int32"},
            "ProductID": {"$Type": "Edm.Int32", "$Nullable": True},
            "Order": {"$Kind": "NavigationProperty", "$Type": "self.Order"},
            "Product": {
                "$Kind": "NavigationProperty",
                "$Type": "self.Product",
                "$Nullable": True,
                "$ReferentialConstraint": {"ProductID": "ID"},
            },
        },
        "Product": {
            "$Kind": "EntityType",
            "$Abstract": True,
            "$OpenType": True,
            "$Key": ["ID"],
            "ID": {"$Type": "Edm.Int32"},
        },
        "Tool": {"$Kind": "EntityType", "$BaseType": "self.Product"},
        "Info": {"$Kind": "ComplexType", "No": {"$Type": "Edm.Int64"}},
        "Rights": {"$Kind": "EnumType", "$IsFlags": True, "$UnderlyingType": "Edm.Int64", "Read": 1},
        "Code": {"$Kind": "TypeDefinition", "$UnderlyingType": "Edm.String", "$MaxLength": 9},
        "Label": {
            "$Kind": "Term",
            "$Nullable": True,
            "$AppliesTo": ["Property", "Term"],
            "$DefaultValue": "none",
        },
        "Best": [
            {
                "$Kind": "Function",
                "$IsBound": True,
                "$IsComposable": True,
                "$EntitySetPath": "of/Lines/Product",
                "$Parameter": [
                    {"$Name": "of", "$Type": "self.Order", "$Nullable": True},
                    {"$Name": "n", "$Type": "Edm.Int32", "@Core.OptionalParameter": {}},
                ],
                "$ReturnType": {"$Type": "self.Product"},
            }
        ],
        "Now": [{"$Kind": "Function", "$ReturnType": {"$Type": "Edm.Date", "$Nullable": True}}],
        "Empty": [{"$Kind": "Action"}],
        "Main": {
            "$Kind": "EntityContainer",
            "Orders": {
                "$Collection": True,
                "$Type": "self.Order",
                "$NavigationPropertyBinding": {"Lines/Product": "self.Main/Products"},
            },
            "Products": {"$Collection": True, "$Type": "Shop.Product", "$IncludeInServiceDocument": False},
            "Tool": {"$Type": "self.Tool"},
            "Today": {"$Function": "self.Now", "$IncludeInServiceDocument": True},
            "Empty": {"$Action": "self.Empty"},
        },
        "$Annotations": {
            "self.Main/Orders": {"@Core.OptimisticConcurrency": ["Made"]},
            "self.Line/ID": {"@Core.Computed": True},
        },
    },
}

SHOP_V4_MODEL: Values = {
    "namespace": "Shop",
    "container": "Main",
    "aliases": {"self": "Shop", "Core": "Org.OData.Core.V1"},
    "types": {
        "Shop.Order": {
            "kind": "entity",
            "key": ["No", "Year"],
            "key_paths": {"No": "Info/No"},
            "alternate_keys": [{"C": "Code"}],
            "has_stream": True,
            "properties": {
                "Year": {"type": "Edm.Int32", "nullable": False},
                "Info": {"type": "Shop.Info", "nullable": False},
                "Code": {"type": "Shop.Code", "facets": {"MaxLength": 9}},
                "Made": {"type": "Edm.DateTimeOffset", "facets": {"Precision": 3}},
                "Taxes": {"type": "Collection(Edm.Decimal)", "facets": {"Scale": "variable"}},
            },
            "navigation": {
                "Lines": {
                    "to": "Collection(Shop.Line)",
                    "partner": "Order",
                    "contains": True,
                    "on_delete": "Cascade",
                }
            },
        },
        "Shop.Line": {
            "kind": "entity",
            "key": ["ID"],
            "properties": {
                "ID": {"type": "Edm.Int32", "nullable": False, "generated": True},
                "ProductID": {"type": "Edm.Int32"},
            },
            "navigation": {
                "Order": {"to": "Shop.Order", "nullable": False},
                "Product": {"to": "Shop.Product", "on": {"ProductID": "ID"}},
            },
        },
        "Shop.Product": {
            "kind": "entity",
            "abstract": True,
            "open": True,
            "key": ["ID"],
            "properties": {"ID": {"type": "Edm.Int32", "nullable": False}},
        },
        "Shop.Tool": {"kind": "entity", "base": "Shop.Product", "open": True},
        "Shop.Info": {"kind": "complex", "properties": {"No": {"type": "Edm.Int64", "nullable": False}}},
        "Shop.Rights": {"kind": "enum", "members": {"Read": 1}, "underlying": "Edm.Int64", "flags": True},
    },
    "type definitions": {"Shop.Code": {"type": "Edm.String", "facets": {"MaxLength": 9}}},
    "terms": {"Shop.Label": {"type": "Edm.String", "applies_to": ["Property", "Term"], "default": "none"}},
    "sets": {
        "Orders": {"type": "Shop.Order", "bindings": {"Lines/Product": "Products"}, "tokens": ("Made",)},
        "Products": {"type": "Shop.Product", "listed": False},
    },
    "singletons": {"Tool": {"type": "Shop.Tool"}},
    "operations": {
        "Shop.Best": [
            {
                "kind": "function",
                "bound": True,
                "composable": True,
                "parameters": {
                    "of": {"type": "Shop.Order"},
                    "n": {"type": "Edm.Int32", "nullable": False, "optional": True},
                },
                "returns": {"type": "Shop.Product", "nullable": False},
                "path": "of/Lines/Product",
            }
        ],
        "Shop.Now": [{"kind": "function", "returns": {"type": "Edm.Date"}}],
        "Shop.Empty": [{"kind": "action"}],
    },
    "imports": {
        "Today": {"operation": "Shop.Now", "overloads": 1, "listed": True},
        "Empty": {"operation": "Shop.Empty", "overloads": 1},
    },
}


@pytest.mark.parametrize(
    "document",
    [v4(SHOP_V4, CORE), json.dumps(SHOP_JSON), "\ufeff " + json.dumps(SHOP_JSON, indent=1)],
    ids="xml json bom".split(),
)
@pytest.mark.parametrize("encode", [False, True])
def test_v4(document: str, encode: bool) -> None:
    assert brief(read_csdl(document.encode() if encode else document, strict=True)) == SHOP_V4_MODEL


def test_references_bring_types_and_containers() -> None:
    """Aliases hold within their document; a container takes over what the extended one has."""
    base = v4("""<Schema Namespace="Base" Alias="X"><EntityType Name="T"><Key><PropertyRef Name="ID"/></Key>
        <Property Name="ID" Type="Edm.Int32" Nullable="false"/><NavigationProperty Name="Next" Type="X.T"/></EntityType>
        <EntityContainer Name="C"><EntitySet Name="Ts" EntityType="X.T">
        <NavigationPropertyBinding Path="Next" Target="X.C/Ts"/></EntitySet></EntityContainer></Schema>""")
    reference = '<edmx:Reference Uri="http://base"><edmx:Include Namespace="Base" Alias="B"/></edmx:Reference>'
    main = v4(
        """<Schema Namespace="Main" Alias="X"><ComplexType Name="T"/>
        <EntityContainer Name="D" Extends="B.C"><EntitySet Name="Us" EntityType="B.T">
        <NavigationPropertyBinding Path="Next" Target="Ts"/></EntitySet></EntityContainer></Schema>""",
        reference,
    )
    model = read_csdl(main, references={"http://base": base.encode()}, strict=True)
    assert described(model)["sets"] == {
        "Ts": {"type": "Base.T", "bindings": {"Next": "Ts"}},
        "Us": {"type": "Base.T", "bindings": {"Next": "Ts"}},
    }
    assert (model.namespace, model.container, list(model.types)) == ("Main", "D", ["Main.T", "Base.T"])


def test_documents_that_refer_to_each_other() -> None:
    reference = '<edmx:Reference Uri="{}"><edmx:Include Namespace="{}"/></edmx:Reference>'
    one = v4(
        '<Schema Namespace="One"><ComplexType Name="T"><Property Name="P" Type="Two.T"/></ComplexType></Schema>',
        reference.format("two", "Two"),
    )
    two = v4(
        '<Schema Namespace="Two"><ComplexType Name="T"><Property Name="P" Type="One.T"/></ComplexType></Schema>',
        reference.format("one", "One"),
    )
    model = read_csdl(one, references={"one": one.encode(), "two": two.encode()}, strict=True)
    assert list(model.types) == ["One.T", "Two.T"]


def test_bombs_are_refused_at_once() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    for document in (
        f'<!DOCTYPE a [<!ENTITY e0 "0123456789">{entities}]><a>&e8;</a>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>',
    ):
        with pytest.raises(ModelError, match=r"line 1: A document type is not allowed here"):
            read_csdl(document)
    with pytest.raises(ModelError, match="nested more than 100 deep"):
        read_csdl("<a>" * 100_000)
    with pytest.raises(ModelError, match="more than 500000 elements"):
        read_csdl("<a>" + "<b/>" * 500_001 + "</a>")
    with pytest.raises(ModelError, match="more than 16777216 bytes"):
        read_csdl(b" " * 20_000_000)
    with pytest.raises(ModelError, match="nested too deep"):
        read_csdl('{"a":' * 200_000)


# Document -> the message, from its place on.
REFUSALS = [
    ("", "line 1: The document is not well-formed XML: no element found (column 1)."),
    ("<a", "line 1: The document is not well-formed XML: unclosed token (column 1)."),
    ("<a/>", "line 1: a: This is not a CSDL document of a known version: Edmx 1.0, 4.0 or 4.01 is expected."),
    (v4(""), "line 1: Edmx: The document has no schema."),
    (
        "{",
        "line 1: The document is not well-formed JSON: Expecting property name enclosed in double quotes (column 2).",
    ),
    ("{}", "Edmx: '$Version' must be a string."),
    ('{"a":1,"a":2}', "The document is not well-formed JSON: the name 'a' has two values in one object."),
    ('{"$Version":NaN}', "The document is not well-formed JSON: 'NaN' is no value of JSON."),
    ('{"$Version":"4.0","N":{"T":{"$Kind":"EntityType","P":[]}}}', "Schema N, EntityType T: 'P' must be an object."),
    (
        '{"$Version":"4.0","N":{"T":[{"$Kind":"Term"}]}}',
        "Schema N: 'T' is an array, so each of its items must be an Action or a Function.",
    ),
    (v4("<Schema/>"), None),
    (
        v3('<Schema Namespace="N"/>').replace("2009/11", "2004/01"),
        "The schema is of a version that the document is not of",
    ),
]

# Schema -> what is wrong with it, for XML of v4.
WRONG = [
    (
        '<EntityTyp Name="T"/>',
        "line 2: Schema N, EntityTyp T: A schema has no element 'EntityTyp'. Did you mean 'EntityType'?",
    ),
    ("<EntityType/>", "line 2: Schema N, EntityType: The attribute 'Name' is missing."),
    (
        '<ComplexType Name="T"><Property Name="P"/></ComplexType>',
        "line 2: Schema N, ComplexType T, Property P: The attribute 'Type' is missing.",
    ),
    (
        '<ComplexType Name="T">\n<Property Name="P" Type="Edm.Sting"/></ComplexType>',
        "line 3: Schema N, ComplexType T, Property P: Property 'N.T.P': "
        "there is no type 'Edm.Sting'. Did you mean 'Edm.String'?",
    ),
    (
        '<ComplexType Name="T"><Property Name="P" Type="Edm.String" Nullable="yes"/></ComplexType>',
        "line 2: Schema N, ComplexType T, Property P: The attribute 'Nullable' must be true or false, not 'yes'.",
    ),
    (
        '<ComplexType Name="T"><Property Name="P" Type="Edm.String" MaxLength="-1"/></ComplexType>',
        "line 2: Schema N, ComplexType T, Property P: "
        "The attribute 'MaxLength' must be a whole number or 'max', not '-1'.",
    ),
    (
        '<ComplexType Name="T"><Property Name="P" Type="Edm.Int32" DefaultValue="x"/></ComplexType>',
        "line 2: Schema N, ComplexType T, Property P: "
        "The default of property 'N.T.P' cannot be read: 'x' is not a whole number.",
    ),
    (
        '<ComplexType Name="T"><Property Name="P" Type="Edm.Byte"/><Property Name="P" Type="Edm.Byte"/></ComplexType>',
        "line 2: Schema N, ComplexType T, Property P: The property 'P' is declared twice.",
    ),
    (
        '<EnumType Name="E"><Member Name="A" Value="x"/></EnumType>',
        "line 2: Schema N, EnumType E, Member A: The attribute 'Value' must be a whole number, not 'x'.",
    ),
    ('<Function Name="F"/>', "line 2: Schema N, Function F: A function needs a return type."),
    (
        '<EntityType Name="T"><Key><PropertyRef Name="A/B"/></Key></EntityType>',
        "line 2: Schema N, EntityType T, Key, PropertyRef A/B: The path 'A/B' to a key property needs an alias.",
    ),
    (
        '<EntityContainer Name="C" Extends="N.C"/>',
        "line 2: Schema N, EntityContainer C: The container extends itself.",
    ),
    (
        '<EntityContainer Name="C"><EntitySet Name="S" EntityType="N.T"/></EntityContainer>',
        "line 2: Schema N, EntityContainer C, EntitySet S: Entity set 'S': there is no type 'N.T'.",
    ),
]


@pytest.mark.parametrize(("document", "message"), REFUSALS)
def test_refusal(document: str, message: str | None) -> None:
    with pytest.raises(ModelError) as caught:
        read_csdl(document)
    assert message is None or message in caught.value.message


@pytest.mark.parametrize(("elements", "message"), WRONG)
def test_wrong_element(elements: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_csdl(v4(f'<Schema Namespace="N">\n{elements}</Schema>'), strict=True)
    assert caught.value.message == f"The model is not valid:\n- {message}"


def test_the_place_names_the_document() -> None:
    reference = '<edmx:Reference Uri="http://two"><edmx:Include Namespace="Two"/></edmx:Reference>'
    with pytest.raises(ModelError) as caught:
        read_csdl(
            v4('<Schema Namespace="One"/>', reference),
            references={"http://two": v4('<Schema Namespace="Two"><ComplexType/></Schema>').encode()},
        )
    place = "'http://two', line 1: Schema Two, ComplexType"
    assert caught.value.message == f"The model is not valid:\n- {place}: The attribute 'Name' is missing."
