# Models of one version as documents of another: types by a table, what is said in another way, and what is lost.

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import (
    PRIMITIVE_TYPES,
    Duration,
    Model,
    ModelBuilder,
    ModelError,
    Property,
    TimeOfDay,
    Timestamp,
    prop,
)
from tests.csdl.test_read import v3, v4

# Type and default of a property -> what they are in version 3, and in version 4.
TYPES: list[tuple[str, Any, tuple[str, Any], tuple[str, Any]]] = [
    (
        "Edm.DateTime",
        Timestamp.parse("2000-01-02T03:04:05"),
        ("Edm.DateTime", Timestamp.parse("2000-01-02T03:04:05")),
        ("Edm.DateTimeOffset", Timestamp.parse("2000-01-02T03:04:05Z")),
    ),
    (
        "Edm.Time",
        Duration.parse("PT3H4M"),
        ("Edm.Time", Duration.parse("PT3H4M")),
        ("Edm.Duration", Duration.parse("PT3H4M")),
    ),
    (
        "Edm.Date",
        date(2000, 1, 2),
        ("Edm.DateTime", Timestamp.parse("2000-01-02T00:00:00")),
        ("Edm.Date", date(2000, 1, 2)),
    ),
    (
        "Edm.TimeOfDay",
        TimeOfDay.parse("03:04:00"),
        ("Edm.Time", Duration.parse("PT3H4M")),
        ("Edm.TimeOfDay", TimeOfDay.parse("03:04:00")),
    ),
    (
        "Edm.Duration",
        Duration.parse("PT3H4M"),
        ("Edm.Time", Duration.parse("PT3H4M")),
        ("Edm.Duration", Duration.parse("PT3H4M")),
    ),
    ("Edm.Binary", b"\x00\xff", ("Edm.Binary", b"\x00\xff"), ("Edm.Binary", b"\x00\xff")),
    ("Edm.Int32", 5, ("Edm.Int32", 5), ("Edm.Int32", 5)),
]
RENAMED = {
    "3": {"Edm.Date": "Edm.DateTime", "Edm.TimeOfDay": "Edm.Time", "Edm.Duration": "Edm.Time"},
    "4": {"Edm.DateTime": "Edm.DateTimeOffset", "Edm.Time": "Edm.Duration"},
}


def one_property(kind: str, default: Any) -> Model:
    builder = ModelBuilder("N")
    builder.entity("T", key="ID", properties={"ID": "Int32", "P": prop(kind, default=default)})
    return builder.build()


def found_property(document: bytes) -> Property:
    kind = read_csdl(document, strict=True).types["N.T"]
    found: Property = kind.own_properties["P"]  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize(("kind", "default", "in_v3", "in_v4"), TYPES, ids=[row[0] for row in TYPES])
def test_types(kind: str, default: Any, in_v3: tuple[str, Any], in_v4: tuple[str, Any]) -> None:
    model = one_property(kind, default)
    rows: tuple[tuple[str, Callable[[list[str]], bytes], tuple[str, Any]], ...] = (
        ("3", lambda told: write_xml_v3(model, strict=False, left_out=told), in_v3),
        ("4", lambda told: write_xml_v4(model, left_out=told), in_v4),
        ("4", lambda told: write_json(model, left_out=told), in_v4),
    )
    for version, write, wanted in rows:
        left_out: list[str] = []
        found = found_property(write(left_out))
        assert (found.type_name, found.default) == wanted
        other = RENAMED[version].get(kind)
        reasons = [f"{kind} is written as {other} (1 times)."] if other else []
        if version == "3" and "v3" not in PRIMITIVE_TYPES[kind].families:
            with pytest.raises(ModelError, match=re.escape(f"the type {kind} came with v4.")):
                write_xml_v3(model)
        assert left_out == reasons


def test_every_primitive_type_has_a_place_in_both_versions() -> None:
    """A type that neither table renames is of both versions."""
    for name, kind in PRIMITIVE_TYPES.items():
        assert ("v3" in kind.families) == (name not in RENAMED["3"])
        assert ("v4" in kind.families) == (name not in RENAMED["4"])


def shop() -> Model:
    builder = ModelBuilder("N")
    builder.enum("Color", members={"Red": 1})
    builder.type_definition("Code", prop("String", max_length=5))
    builder.complex("Address", properties={"City": "Code"})
    properties = {"ID": "Int32", "Code": "Code", "Any": "Edm.PrimitiveType", "Colors": "Collection(Color)"}
    builder.entity("Product", key="ID", properties={**properties, "Address": "Address"})
    builder.navigation("Product", "Parts", to="Product", many=True, contains=True)
    builder.navigation("Address", "Product", to="Product")
    builder.entity_set("Products", "Product")
    builder.singleton("Only", "Product")
    builder.action("Do", parameters={"it": "Product", "n": prop("Int32", optional=True)}, bound=True)
    builder.action("Alone")
    builder.function("Calculate", returns="Int32")
    builder.term("Price", "Edm.Decimal")
    return builder.build()


def test_what_version_3_cannot_say() -> None:
    left_out: list[str] = []
    document = write_xml_v3(shop(), strict=False, left_out=left_out)
    assert left_out == [
        "CSDL v3 cannot say the property 'N.Product.Any': the type Edm.PrimitiveType came with v4.",
        "Version 3 has no containment, as 'N.Product/Parts' is.",
        "Version 3 has no navigation from complex types, as 'Address/Product' is.",
        "Version 3 has no place for 'N.Alone', which nothing imports.",
        "Version 3 has no singletons, as 'N.Container/Only' is.",
        "Version 3 has no optional parameters, as 'N.Container/Do/n' is.",
        "Version 3 does not declare the term 'N.Price'.",
    ]
    back = read_csdl(document, strict=True)
    product = back.types["N.Product"].own_properties  # type: ignore[union-attr]
    assert {name: (found.type_name, found.facets) for name, found in product.items()} == {
        "ID": ("Edm.Int32", {}),
        "Code": ("Edm.String", {"MaxLength": 5}),
        "Colors": ("Collection(N.Color)", {}),
        "Address": ("N.Address", {}),
    }
    assert [(one.is_bound, len(one.parameters)) for one in back.operations["N.Do"]] == [(True, 2)]


def test_what_version_2_cannot_say_either() -> None:
    left_out: list[str] = []
    document = write_xml_v3(shop(), version="2.0", strict=False, left_out=left_out)
    assert b'm:DataServiceVersion="2.0"' in document
    assert b'xmlns="http://schemas.microsoft.com/ado/2008/09/edm"' in document
    assert {
        "CSDL v2 has no enumerations, as 'N.Color' is.",
        "CSDL v2 has no collections, as the property 'N.Product.Colors' is.",
        "Version 2 has no bound operations, as 'N.Do' is.",
    } <= {*left_out}
    builder = ModelBuilder("N")
    builder.entity("T", key="ID", properties={"ID": "Int32", "Place": "GeographyPoint", "Photo": "Stream"})
    with pytest.raises(ModelError, match=r"CSDL v2 cannot say the property 'N\.T\.Place'\.\n.*'N\.T\.Photo'\."):
        write_xml_v3(builder.build(), version="2.0")


SERVICE = v3(
    """
<Schema Namespace="N">
 <EntityType Name="T"><Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false" ConcurrencyMode="Fixed"/>
  <Property Name="Name" Type="Edm.String" FixedLength="true" Collation="x"/></EntityType>
 <EntityContainer Name="C" m:IsDefaultEntityContainer="true">
  <EntitySet Name="S" EntityType="N.T" sap:label="Things" xmlns:sap="http://www.sap.com/Protocols/SAPData"/>
  <FunctionImport Name="Get" ReturnType="Collection(N.T)" EntitySet="S" m:HttpMethod="GET"/>
  <FunctionImport Name="Put" m:HttpMethod="PUT"/>
  <FunctionImport Name="Bound" IsBindable="true" EntitySet="S" ReturnType="N.T"><Parameter Name="it" Type="N.T"/>
  </FunctionImport>
 </EntityContainer>
</Schema>"""
)


def test_what_version_4_says_in_another_way() -> None:
    left_out: list[str] = []
    model = read_csdl(SERVICE, strict=True)
    back = read_csdl(write_xml_v4(model, left_out=left_out), strict=True)
    assert back.entity_sets["S"].concurrency_tokens == ("ID",)
    assert {name: found.is_function for name, found in back.imports.items()} == {"Get": True, "Put": False}
    assert back.foreign["N.C/S"] == model.foreign["N.C/S"]
    assert left_out == [
        "CSDL v4 has no facet FixedLength.",
        "CSDL v4 has no facet Collation.",
        "Version 4 cannot say that 'N.Bound(N.T)' returns entities of one set.",
        "Version 4 has no place for 'N.Bound(N.T)' not being bindable at every time.",
        "Version 4 cannot say that 'N.C/Put' is called by PUT.",
    ]


def test_what_json_has_no_place_for() -> None:
    left_out: list[str] = []
    write_json(read_csdl(SERVICE, strict=True), left_out=left_out)
    assert "'N.C/S' has what CSDL JSON has no place for: http://www.sap.com/Protocols/SAPData label." in left_out


def test_all_the_way_round() -> None:
    """What version 3 says in associations, and version 4 on navigation properties, comes back by way of the other."""
    document = v4(
        """
<Schema Namespace="N">
 <EntityType Name="A"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
  <Property Name="BID" Type="Edm.Int32" Nullable="false"/>
  <NavigationProperty Name="B" Type="N.B" Nullable="false" Partner="As">
   <ReferentialConstraint Property="BID" ReferencedProperty="ID"/></NavigationProperty></EntityType>
 <EntityType Name="B"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
  <NavigationProperty Name="As" Type="Collection(N.A)" Partner="B"><OnDelete Action="Cascade"/></NavigationProperty>
 </EntityType>
 <EntityContainer Name="C">
  <EntitySet Name="As" EntityType="N.A"><NavigationPropertyBinding Path="B" Target="Bs"/></EntitySet>
  <EntitySet Name="Bs" EntityType="N.B"><NavigationPropertyBinding Path="As" Target="As"/></EntitySet>
 </EntityContainer>
</Schema>""",
        "",
    )
    model = read_csdl(document, strict=True)
    by_way = read_csdl(write_xml_v3(model), strict=True)
    assert write_xml_v4(read_csdl(write_xml_v4(by_way), strict=True)) == write_xml_v4(by_way)
    way = by_way.types["N.A"].own_navigation["B"]  # type: ignore[union-attr]
    assert (way.type_name, way.partner, dict(way.on), way.nullable) == ("N.B", "As", {"BID": "ID"}, False)
    back = by_way.types["N.B"].own_navigation["As"]  # type: ignore[union-attr]
    assert (back.type_name, back.partner, back.on_delete) == ("Collection(N.A)", "B", "Cascade")
