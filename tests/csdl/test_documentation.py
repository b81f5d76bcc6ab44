# Documentation of older versions becomes descriptions of the Core vocabulary in version 4, in XML and in JSON.

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import Model
from odata_core.edm.annotations import value_of

DOCUMENT = """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
<edmx:DataServices m:DataServiceVersion="3.0" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
<Schema Namespace="N" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">
 <EntityType Name="T">
  <Documentation><Summary>A thing</Summary><LongDescription>In many words</LongDescription></Documentation>
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false">
   <Documentation><Summary>Its number</Summary></Documentation>
   {known}
  </Property>
  <Property Name="Odd" Type="Edm.String">
   <Documentation by="me"><Summary>Not plain</Summary></Documentation>
  </Property>
 </EntityType>
 <EntityContainer Name="C" m:IsDefaultEntityContainer="true"><EntitySet Name="S" EntityType="N.T">
  <Documentation><Summary>All things</Summary></Documentation></EntitySet></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
CORE = "Org.OData.Core.V1."


def model(known: str = "") -> Model:
    return read_csdl(DOCUMENT.replace("{known}", known).encode(), strict=True)


def said(found: Model, target: str) -> tuple[object, object]:
    short, long = [value_of(found.annotation(target, CORE + term)) for term in ("Description", "LongDescription")]
    return short, long


@pytest.mark.parametrize("write", [write_xml_v4, write_json])
def test_documentation_becomes_descriptions(write: Callable[[Model], bytes]) -> None:
    found = read_csdl(write(model()), strict=True)
    assert said(found, "N.T") == ("A thing", "In many words")
    assert said(found, "N.T/ID") == ("Its number", None)
    assert said(found, "N.C/S") == ("All things", None)
    assert said(found, "N.T/Odd") == (None, None)


def test_what_the_model_says_itself_goes_before() -> None:
    known = f'<ValueAnnotation Term="{CORE}Description" String="Known"/>'
    assert said(read_csdl(write_xml_v4(model(known)), strict=True), "N.T/ID") == ("Known", None)


def test_only_what_is_lost_is_told() -> None:
    lost: list[str] = []
    document = json.loads(write_json(model(), left_out=lost))
    assert document["N"]["T"][f"@{CORE}Description"] == "A thing"
    assert [text for text in lost if "Documentation" in text] == [
        "'N.T/Odd' has what CSDL JSON has no place for: Documentation."
    ]


def test_older_versions_keep_it_as_it_was() -> None:
    first = model()
    again = read_csdl(write_xml_v3(first), strict=True)
    assert again.foreign == first.foreign
    assert again.annotations == first.annotations
