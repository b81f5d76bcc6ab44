# A service with everything that 4.01 has in requests: contained entities, complex values, collections, open types,
# streams, links without foreign keys, alternate keys, derived types. Its document and its rows are those of a file.

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odata_core.cli import command_parser
from odata_core.service import Handler, Headers, Request, Response
from odata_memory.serve import handler

ROOT = "http://h/"

DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="N.S" Alias="Self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="Color"><Member Name="Red" Value="0"/><Member Name="Green" Value="1"/></EnumType>
  <ComplexType Name="Address" OpenType="true">
    <Property Name="Street" Type="Edm.String"/><Property Name="City" Type="Edm.String"/>
    <Property Name="Geo" Type="Self.Pos"/><NavigationProperty Name="Country" Type="Self.Country"/>
  </ComplexType>
  <ComplexType Name="USAddress" BaseType="Self.Address"><Property Name="Zip" Type="Edm.String"/></ComplexType>
  <ComplexType Name="Pos">
    <Property Name="X" Type="Edm.Double" Nullable="false"/><Property Name="Y" Type="Edm.Double" DefaultValue="0"/>
  </ComplexType>
  <EntityType Name="Country"><Key><PropertyRef Name="Code"/></Key>
    <Property Name="Code" Type="Edm.String" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
  </EntityType>
  <EntityType Name="Category"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
    <NavigationProperty Name="Products" Type="Collection(Self.Product)" Partner="Category"/>
  </EntityType>
  <EntityType Name="Product"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String" Nullable="false"/>
    <Property Name="Price" Type="Edm.Decimal" Scale="2"/><Property Name="Color" Type="Self.Color"/>
    <Property Name="Serial" Type="Edm.String"><Annotation Term="Core.Immutable"/></Property>
    <Property Name="Made" Type="Edm.String"><Annotation Term="Core.Computed"/></Property>
    <Property Name="Spot" Type="Edm.GeographyPoint"/>
    <Property Name="Tags" Type="Collection(Edm.String)" Nullable="false"/>
    <Property Name="Addr" Type="Self.Address"/><Property Name="Addrs" Type="Collection(Self.Address)"/>
    <Property Name="Photo" Type="Edm.Stream"/><Property Name="Ver" Type="Edm.Int32"/>
    <NavigationProperty Name="Category" Type="Self.Category" Partner="Products"/>
    <NavigationProperty Name="Parts" Type="Collection(Self.Part)" ContainsTarget="true"/>
    <NavigationProperty Name="Manual" Type="Self.Manual" ContainsTarget="true"/>
    <NavigationProperty Name="Friends" Type="Collection(Self.Product)"/>
  </EntityType>
  <EntityType Name="Gadget" BaseType="Self.Product"><Property Name="Volts" Type="Edm.Int32"/></EntityType>
  <EntityType Name="Part"><Key><PropertyRef Name="No"/></Key>
    <Property Name="No" Type="Edm.Int32" Nullable="false"/><Property Name="Label" Type="Edm.String"/>
    <NavigationProperty Name="Sub" Type="Collection(Self.Part)" ContainsTarget="true"/>
  </EntityType>
  <EntityType Name="Manual"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Title" Type="Edm.String"/>
  </EntityType>
  <EntityType Name="Open" OpenType="true"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.String" Nullable="false"/>
  </EntityType>
  <EntityType Name="Doc" HasStream="true"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"><Annotation Term="Core.Computed"/></Property>
  </EntityType>
  <EntityType Name="Order"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="ByID" Type="Edm.Int32"/>
    <NavigationProperty Name="By" Type="Self.Customer" Partner="Orders">
      <ReferentialConstraint Property="ByID" ReferencedProperty="ID"/></NavigationProperty>
  </EntityType>
  <EntityType Name="Customer"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
    <NavigationProperty Name="Orders" Type="Collection(Self.Order)" Partner="By"/>
  </EntityType>
  <EntityContainer Name="C">
    <EntitySet Name="Products" EntityType="Self.Product">
      <NavigationPropertyBinding Path="Category" Target="Categories"/>
      <NavigationPropertyBinding Path="Friends" Target="Products"/>
      <NavigationPropertyBinding Path="Addr/Country" Target="Countries"/>
      <Annotation Term="Core.OptimisticConcurrency">
        <Collection><PropertyPath>Ver</PropertyPath></Collection></Annotation>
    </EntitySet>
    <EntitySet Name="Categories" EntityType="Self.Category">
      <NavigationPropertyBinding Path="Products" Target="Products"/></EntitySet>
    <EntitySet Name="Countries" EntityType="Self.Country"/>
    <EntitySet Name="Opens" EntityType="Self.Open"/><EntitySet Name="Docs" EntityType="Self.Doc"/>
    <EntitySet Name="Orders" EntityType="Self.Order">
      <NavigationPropertyBinding Path="By" Target="Customers"/></EntitySet>
    <EntitySet Name="Customers" EntityType="Self.Customer">
      <NavigationPropertyBinding Path="Orders" Target="Orders"/></EntitySet>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>""".replace(
    "<edmx:DataServices>",
    '<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/></edmx:Reference><edmx:DataServices>',
)

ROWS: dict[str, Any] = {
    "Countries": [{"Code": "DE", "Name": "Germany"}, {"Code": "FR", "Name": "France"}],
    "Categories": [{"ID": 1, "Name": "Food"}, {"ID": 2, "Name": "Tools"}],
    "Products": [
        {
            "ID": 1,
            "Name": "Milk",
            "Price": 2.5,
            "Color": "Red",
            "Spot": {"type": "Point", "coordinates": [10.5, 20.0]},
            "Tags": ["a", "b", "c"],
            "Addr": {"Street": "Main", "City": "Rome", "Geo": {"X": 1.5, "Y": 2.5}, "Floor": 3},
            "Addrs": [{"City": "X"}, {"@type": "#N.S.USAddress", "City": "Y", "Zip": "99"}],
            "Category@bind": "Categories(1)",
            "Parts": [{"No": 1, "Label": "p1", "Sub": [{"No": 11, "Label": "s11"}]}, {"No": 2, "Label": "p2"}],
            "Manual": {"ID": 1, "Title": "How"},
            "Friends@bind": ["Products(2)", "Products(3)"],
        },
        {"ID": 2, "Name": "Bread", "Price": 3.75, "Category@bind": "Categories(1)"},
        {"ID": 3, "@type": "#N.S.Gadget", "Name": "Drill", "Price": 99.99, "Volts": 220},
    ],
    "Opens": [{"ID": "o1", "Ratio": 1.5, "List@type": "#Collection(Int32)", "List": [1, 2]}],
    "Docs": [{"ID": 1}],
    "Customers": [{"ID": 1, "Name": "Joe"}],
    "Orders": [{"ID": 1, "ByID": 1}, {"ID": 2, "ByID": 1}, {"ID": 3}],
}


@pytest.fixture
def market(tmp_path: Path) -> Handler:
    """The service in its initial state."""
    (tmp_path / "market.xml").write_text(DOCUMENT)
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    words = ["serve", "csdl", str(tmp_path / "market.xml"), "--data", str(tmp_path / "rows.json")]
    return handler(command_parser(handler).parse_args(words))


def send(service: Handler, method: str, path: str, body: Any = None, **headers: str) -> Response:
    """The answer to a request, whose body is JSON unless it is bytes."""
    path, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return service.handle(Request(method, ROOT, path, query, Headers(named), content))


def read(service: Handler, path: str, **headers: str) -> Any:
    """What a GET gives, without the context URL and ETags; the status where that is not 200."""
    answer = send(service, "GET", path, **headers)
    return without_context(json.loads(answer.body)) if answer.status == 200 else answer.status


def without_context(value: Any) -> Any:
    """JSON without what every answer has."""
    if isinstance(value, list):
        return [without_context(item) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = ("@odata.context", "@odata.etag")
    return {name: without_context(item) for name, item in value.items() if name not in hidden}
