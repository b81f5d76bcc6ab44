# The CSDL v3 writer against documents written out by hand in the style of WCF Data Services.

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from odata_core.csdl import read_csdl, write_xml_v3
from odata_core.edm import EntityType, Model, ModelBuilder, ModelError, PropertySpec, StructuredType, prop
from odata_vmm.model import vmm_model
from tests.csdl.described import described

EDM = "{http://schemas.microsoft.com/ado/2009/11/edm}"
METADATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"

SHOP = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
  <edmx:DataServices m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0"
                     xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
    <Schema Namespace="Shop" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">
      <EntityType Name="Thing" Abstract="true">
        <Key><PropertyRef Name="ID"/></Key>
        <Property Name="ID" Type="Edm.Int32" Nullable="false" annotation:StoreGeneratedPattern="Identity"
                  xmlns:annotation="http://schemas.microsoft.com/ado/2009/02/edm/annotation"/>
      </EntityType>
      <EntityType Name="Product" BaseType="Shop.Thing" OpenType="true" m:HasStream="true">
        <Property Name="Name" Type="Edm.String" Nullable="false" DefaultValue="&lt;new&gt; &quot;&amp;&quot;"
                  MaxLength="40"/>
        <Property Name="Price" Type="Edm.Decimal" DefaultValue="100" Precision="9" Scale="2"/>
        <Property Name="OnSale" Type="Edm.Boolean" DefaultValue="false"/>
        <Property Name="Colour" Type="Shop.Colour" DefaultValue="Red"/>
        <Property Name="Tags" Type="Collection(Edm.String)" Nullable="false"/>
        <Property Name="Maker" Type="Shop.Address"/>
        <Property Name="Photo" Type="Edm.Stream" Nullable="false"/>
        <Property Name="CategoryID" Type="Edm.Int32"/>
        <NavigationProperty Name="Category" Relationship="Shop.Product_Category_Category_Products"
                            ToRole="Category_Products" FromRole="Product_Category"/>
        <NavigationProperty Name="Related" Relationship="Shop.Product_Related"
                            ToRole="Related" FromRole="Product"/>
      </EntityType>
      <EntityType Name="Category">
        <Key><PropertyRef Name="ID"/></Key>
        <Property Name="ID" Type="Edm.Int32" Nullable="false"/>
        <NavigationProperty Name="Products" Relationship="Shop.Product_Category_Category_Products"
                            ToRole="Product_Category" FromRole="Category_Products"/>
      </EntityType>
      <ComplexType Name="Address">
        <Property Name="City" Type="Edm.String"/>
      </ComplexType>
      <EnumType Name="Colour">
        <Member Name="Red" Value="1"/>
        <Member Name="Blue" Value="2"/>
      </EnumType>
      <EnumType Name="Rights" IsFlags="true" UnderlyingType="Edm.Int64">
        <Member Name="Read" Value="1"/>
      </EnumType>
      <Association Name="Product_Category_Category_Products">
        <End Type="Shop.Product" Role="Product_Category" Multiplicity="*"/>
        <End Type="Shop.Category" Role="Category_Products" Multiplicity="0..1"/>
        <ReferentialConstraint>
          <Principal Role="Category_Products"><PropertyRef Name="ID"/></Principal>
          <Dependent Role="Product_Category"><PropertyRef Name="CategoryID"/></Dependent>
        </ReferentialConstraint>
      </Association>
      <Association Name="Product_Related">
        <End Type="Shop.Product" Role="Product" Multiplicity="*"/>
        <End Type="Shop.Product" Role="Related" Multiplicity="*"/>
      </Association>
      <EntityContainer Name="Container" m:IsDefaultEntityContainer="true">
        <EntitySet Name="Products" EntityType="Shop.Product"/>
        <EntitySet Name="Categories" EntityType="Shop.Category"/>
        <AssociationSet Name="Products_Category_Categories" Association="Shop.Product_Category_Category_Products">
          <End Role="Product_Category" EntitySet="Products"/>
          <End Role="Category_Products" EntitySet="Categories"/>
        </AssociationSet>
        <AssociationSet Name="Products_Related_Products" Association="Shop.Product_Related">
          <End Role="Product" EntitySet="Products"/>
          <End Role="Related" EntitySet="Products"/>
        </AssociationSet>
        <ValueAnnotation Term="Com.Microsoft.Data.Services.Conventions.V1.UrlConventions" String="KeyAsSegment"/>
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>"""


def shop() -> Model:
    builder = ModelBuilder("Shop")
    builder.entity("Thing", key="ID", properties={"ID": prop("Int32", generated=True)}, abstract=True)
    builder.entity(
        "Product",
        base="Thing",
        open=True,
        properties={
            "Name": prop("String", nullable=False, default='<new> "&"', max_length=40),
            "Price": prop("Decimal", default=Decimal("1E+2"), precision=9, scale=2),
            "OnSale": prop("Boolean", default=False),
            "Colour": prop("Colour", default="Red"),
            "Tags": prop("Collection(String)", default=["new"]),
            "Maker": "Address",
            "Photo": "Stream",
            "CategoryID": "Int32",
        },
    )
    builder.entity("Category", key="ID", properties={"ID": "Int32"})
    builder.complex("Address", properties={"City": "String"})
    builder.enum("Colour", members={"Red": 1, "Blue": 2})
    builder.enum("Rights", members={"Read": 1}, underlying="Int64", flags=True)
    builder.navigation("Product", "Category", to="Category", partner="Products", on={"CategoryID": "ID"})
    builder.navigation("Category", "Products", to="Product", many=True, partner="Category", on={"ID": "CategoryID"})
    builder.navigation("Product", "Related", to="Product", many=True)
    builder.entity_set("Products", "Product")
    builder.entity_set("Categories", "Category")
    model = builder.build()
    product = model.types["Shop.Product"]
    assert isinstance(product, EntityType)
    product.has_stream = True
    return model


def tree(element: ET.Element) -> tuple[str, list[tuple[str, str]], list[Any]]:
    """Everything that an element says, attributes in their order, without the blanks between elements."""
    return element.tag, list(element.attrib.items()), [tree(child) for child in element]


def test_the_whole_document() -> None:
    document = write_xml_v3(shop(), key_as_segment=True)
    assert tree(ET.fromstring(document)) == tree(ET.fromstring(SHOP))


def test_it_is_written_as_old_clients_expect_it() -> None:
    """Declaration, prefixes and the places of their declarations, as text."""
    document = write_xml_v3(shop()).decode()
    assert document.startswith(
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        '<Schema Namespace="Shop" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">'
    )
    assert 'DefaultValue="&lt;new&gt; &quot;&amp;&quot;"' in document
    assert "ValueAnnotation" not in document


def small(properties: dict[str, str | PropertySpec]) -> Model:
    """A model of one entity type with a key and these properties."""
    builder = ModelBuilder("Shop")
    builder.entity("Thing", key="ID", properties={"ID": "Int32", **properties})
    return builder.build()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (prop("Binary", default=b"\xca\xfe", max_length=2), {"DefaultValue": "CAFE", "MaxLength": "2"}),
        (prop("Boolean", default=True), {"DefaultValue": "true"}),
        (prop("Byte", default=255), {"DefaultValue": "255"}),
        (prop("Double", default=float("-inf")), {"DefaultValue": "-INF"}),
        (prop("Single", default=0.5), {"DefaultValue": "0.5"}),
        (prop("Decimal", default=Decimal("0.0000001")), {"DefaultValue": "0.0000001"}),
        (
            prop("Guid", default="3499B02C-8DC9-4C0D-AA83-097A1340CBDA"),
            {"DefaultValue": "3499b02c-8dc9-4c0d-aa83-097a1340cbda"},
        ),
        (prop("String", default=None), {}),
        (prop("String", default="a\nb"), {"DefaultValue": "a\nb"}),
        (prop("DateTime", precision=3), {"Precision": "3"}),
        *((name, {}) for name in ("SByte", "Int16", "Int64", "DateTimeOffset", "Time", "GeographyPoint", "Geometry")),
        (
            prop("GeographyPoint", default={"type": "Point", "coordinates": [0, 0]}),
            {"DefaultValue": "SRID=4326;Point(0 0)"},
        ),
    ],
)
def test_property(spec: str | PropertySpec, expected: dict[str, str]) -> None:
    written = ET.fromstring(write_xml_v3(small({"P": spec}))).findall(f".//{EDM}Property")[1]
    type_name = f"Edm.{spec if isinstance(spec, str) else spec.type}"
    assert written.attrib == {"Name": "P", "Type": type_name, **expected}


@pytest.mark.parametrize("name", ["Date", "TimeOfDay", "Duration"])
@pytest.mark.parametrize("form", ["{}", "Collection({})"])
def test_a_type_of_v4_is_refused(name: str, form: str) -> None:
    with pytest.raises(ModelError) as caught:
        write_xml_v3(small({"P": form.format(name)}))
    message = f"CSDL v3 cannot say the property 'Shop.Thing.P': the type Edm.{name} came with v4."
    assert caught.value.message == message


def test_a_default_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        write_xml_v3(small({"P": prop("String", default="\0")}))
    assert caught.value.message == "The default of the property 'Shop.Thing.P' has a character that XML cannot hold."


def test_an_open_complex_type_is_refused() -> None:
    builder = ModelBuilder("Shop")
    builder.complex("Bag", properties={}, open=True)
    with pytest.raises(ModelError) as caught:
        write_xml_v3(builder.build())
    assert caught.value.message == "CSDL v3 cannot say that the complex type 'Shop.Bag' is open."


def pair(
    *,
    foreign: dict[str, str | PropertySpec],
    key: tuple[str, ...] = ("ID",),
    there: dict[str, Any] | None = None,
    back: dict[str, Any] | None = None,
) -> list[str]:
    """The one association between Order(ID, `foreign`) and Customer(`key`), in short."""
    builder = ModelBuilder("Shop")
    builder.entity("Order", key="ID", properties={"ID": "Int32", **foreign})
    builder.entity("Customer", key=key, properties=dict.fromkeys(key, "Int32"))
    if there is not None:
        builder.navigation("Order", "Customer", to="Customer", **there)
    if back is not None:
        builder.navigation("Customer", "Orders", to="Order", **back)
    builder.entity_set("Orders", "Order")
    builder.entity_set("Customers", "Customer")
    root = ET.fromstring(write_xml_v3(builder.build()))
    (association,) = root.findall(f".//{EDM}Association")
    (association_set,) = root.findall(f".//{EDM}AssociationSet")
    short = [f"{end.get('Role')} {end.get('Multiplicity')}" for end in association.findall(f"{EDM}End")]
    assert [end.get("Role") for end in association_set] == [text.split()[0] for text in short]
    for side in association.findall(f"{EDM}ReferentialConstraint/*"):
        names = [ref.get("Name", "") for ref in side]
        short += [" ".join([side.tag.removeprefix(EDM), side.get("Role", ""), *names])]
    return short


REQUIRED = prop("Int32", nullable=False)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param(
            {"foreign": {"C": "Int32"}, "there": {"on": {"C": "ID"}}},
            ["Order *", "Customer 0..1", "Principal Customer ID", "Dependent Order C"],
            id="to one, nullable",
        ),
        pytest.param(
            {"foreign": {"C": REQUIRED}, "there": {"on": {"C": "ID"}}},
            ["Order *", "Customer 1", "Principal Customer ID", "Dependent Order C"],
            id="not nullable: the principal is always there",
        ),
        pytest.param(
            {"foreign": {"C": "Int32"}, "back": {"many": True, "on": {"ID": "C"}}},
            ["Customer 0..1", "Orders *", "Principal Customer ID", "Dependent Orders C"],
            id="to many",
        ),
        pytest.param(
            {"foreign": {"C": "Int32"}, "back": {"many": True}}, ["Customer *", "Orders *"], id="no constraint known"
        ),
        pytest.param(
            {"foreign": {"C": "Int32"}, "there": {"nullable": False}}, ["Order *", "Customer 1"], id="required"
        ),
        pytest.param(
            {"foreign": {"A": "Int32", "B": REQUIRED}, "key": ("X", "Y"), "there": {"on": {"B": "Y", "A": "X"}}},
            ["Order *", "Customer 0..1", "Principal Customer X Y", "Dependent Order A B"],
            id="in key order",
        ),
        pytest.param(
            {"foreign": {"A": "Int32"}, "key": ("X", "Y"), "there": {"on": {"A": "X"}}},
            ["Order *", "Customer 0..1"],
            id="half a key is no constraint",
        ),
        pytest.param(
            {"foreign": {}, "there": {"on": {"ID": "ID"}}},
            ["Order 0..1", "Customer 1", "Principal Customer ID", "Dependent Order ID"],
            id="shared key",
        ),
        pytest.param(
            {"foreign": {}, "back": {"many": True, "on": {"ID": "ID"}}},
            ["Customer 0..1", "Orders *"],
            id="many by a whole key: v3 has no such constraint",
        ),
        pytest.param(
            {
                "foreign": {"C": "Int32"},
                "there": {"partner": "Orders"},
                "back": {"many": True, "on": {"ID": "C"}},
            },
            [
                "Order_Customer *",
                "Customer_Orders 0..1",
                "Principal Customer_Orders ID",
                "Dependent Order_Customer C",
            ],
            id="partners, told by one, constrained by the other",
        ),
    ],
)
def test_association(case: dict[str, Any], expected: list[str]) -> None:
    assert pair(**case) == expected


def test_a_navigation_named_like_its_type_has_two_roles() -> None:
    builder = ModelBuilder("Shop")
    builder.entity("Thing", key="ID", properties={"ID": "Int32"})
    builder.navigation("Thing", "Thing", to="Thing")
    root = ET.fromstring(write_xml_v3(builder.build()))
    assert [end.get("Role") for end in root.iter(f"{EDM}End")] == ["Thing", "Thing1"]


def test_partners_that_do_not_meet_have_associations_of_their_own() -> None:
    """The partner leads to the base type, so one pair of ends cannot type both."""
    builder = ModelBuilder("Shop")
    builder.entity("Thing", key="ID", properties={"ID": "Int32"})
    builder.entity("Product", base="Thing", properties={})
    builder.navigation("Product", "Owner", to="Thing", partner="Owned")
    builder.navigation("Thing", "Owned", to="Thing", many=True)
    root = ET.fromstring(write_xml_v3(builder.build()))
    assert [item.get("Name") for item in root.iter(f"{EDM}Association")] == ["Thing_Owned", "Product_Owner"]


def test_two_sets_of_a_type_have_an_association_set_each() -> None:
    builder = ModelBuilder("Shop")
    builder.entity("Order", key="ID", properties={"ID": "Int32"})
    builder.entity("Line", key="ID", properties={"ID": "Int32"})
    builder.navigation("Order", "Lines", to="Line", many=True)
    for name in ("Orders", "OldOrders"):
        builder.entity_set(name, "Order")
    builder.entity_set("Lines", "Line")
    root = ET.fromstring(write_xml_v3(builder.build()))
    assert [item.attrib for item in root.iter(f"{EDM}AssociationSet")] == [
        {"Name": "Orders_Lines_Lines", "Association": "Shop.Order_Lines"},
        {"Name": "OldOrders_Lines_Lines", "Association": "Shop.Order_Lines"},
    ]


def test_vmm_document() -> None:
    model = vmm_model()
    root = ET.fromstring(write_xml_v3(model, key_as_segment=True))
    written = {
        element.get("Name"): [(prop.get("Name"), prop.get("Type")) for prop in element.findall(f"{EDM}Property")]
        for tag in ("EntityType", "ComplexType")
        for element in root.iter(f"{EDM}{tag}")
    }
    assert written == {
        kind.name: [(prop.name, prop.type_name) for prop in kind.properties.values()]
        for kind in model.types.values()
        if isinstance(kind, StructuredType)
    }
    (container,) = root.iter(f"{EDM}EntityContainer")
    assert container.attrib == {"Name": "VMM", f"{METADATA}IsDefaultEntityContainer": "true"}
    assert [item.get("Name") for item in container.findall(f"{EDM}EntitySet")] == list(model.entity_sets)


def test_vmm_references_resolve() -> None:
    """Every navigation property names an association and its roles; every end a type or an entity set."""
    root = ET.fromstring(write_xml_v3(vmm_model()))
    associations = {
        f"VMM.{item.get('Name')}": {end.get("Role"): end.get("Type") for end in item.findall(f"{EDM}End")}
        for item in root.iter(f"{EDM}Association")
    }
    owners = {
        (navigation.get("Relationship"), navigation.get("FromRole")): f"VMM.{kind.get('Name')}"
        for kind in root.iter(f"{EDM}EntityType")
        for navigation in kind.findall(f"{EDM}NavigationProperty")
    }
    assert len(owners) == len(associations) == 16
    assert all(associations[name or ""][role] == owner for (name, role), owner in owners.items())
    sets = {item.get("Name"): item.get("EntityType") for item in root.iter(f"{EDM}EntitySet")}
    for item in root.iter(f"{EDM}AssociationSet"):
        ends = {end.get("Role"): sets[end.get("EntitySet")] for end in item}
        assert ends == associations[item.get("Association") or ""]


def test_the_vmm_document_is_read_as_it_was_written() -> None:
    """Every type, property, key, navigation, set and binding comes back, but for what v3 cannot say."""
    written = described(vmm_model())
    written["types"]["VMM.VirtualMachine"]["properties"]["VMConnection"]["nullable"] = False  # every named stream
    del written["types"]["VMM.Cloud"]["navigation"]["Capacity"]["on"]  # many by a whole key
    assert described(read_csdl(write_xml_v3(vmm_model()), strict=True)) == written
