# Documents of versions 1 to 3 -> model -> document: everything comes back, names of associations and foreign attributes
# (m:, sap: and others) among it.

from __future__ import annotations

from pathlib import Path

import pytest

from odata_core.csdl import read_csdl, write_xml_v3
from tests.csdl.canonical import canonical, differences
from tests.csdl.described import described, said
from tests.csdl.test_corpora import DOCUMENTS, REFERENCES, REFUSED, name_of, read
from tests.csdl.test_read import v3
from tests.csdl.test_xml_v4 import difference

V3_DOCUMENTS = [path for path in DOCUMENTS if b"2007/06/edmx" in path.read_bytes() and path.name not in REFUSED]


def test_there_are_documents() -> None:
    assert len(V3_DOCUMENTS) > 40


@pytest.mark.parametrize("path", V3_DOCUMENTS, ids=name_of)
def test_document_comes_back(path: Path) -> None:
    model = read(path)
    left_out: list[str] = []
    back = read_csdl(write_xml_v3(model, strict=False, left_out=left_out), references=REFERENCES)
    assert left_out == []
    assert difference(described(back) | said(back), described(model) | said(model)) is None


# An attribute of a foreign namespace wherever one can stand.
EVERYWHERE = """
<Schema Namespace="N" xmlns:x="http://x" x:a="schema">
 <EntityType Name="T" x:a="type"><Key><PropertyRef Name="ID" x:a="ref"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false" x:a="property"/>
  <NavigationProperty Name="W" Relationship="N.A" FromRole="R1" ToRole="R2" x:a="way"/></EntityType>
 <ComplexType Name="C" x:a="complex"><Property Name="P" Type="Edm.Int32" x:a="property"/></ComplexType>
 <EnumType Name="E" x:a="enum"><Member Name="M" Value="0" x:a="member"/></EnumType>
 <Association Name="A" x:a="association"><End Type="N.T" Role="R1" Multiplicity="0..1" x:a="end"/>
  <End Type="N.T" Role="R2" Multiplicity="*" x:a="end"/></Association>
 <Function Name="F" ReturnType="Edm.Int32" x:a="function"><Parameter Name="p" Type="Edm.Int32" x:a="parameter"/>
 </Function>
 <EntityContainer Name="Main" m:IsDefaultEntityContainer="true" x:a="container">
  <EntitySet Name="S" EntityType="N.T" x:a="set"/>
  <AssociationSet Name="AS" Association="N.A" x:a="association set"><End Role="R1" EntitySet="S" x:a="end"/>
   <End Role="R2" EntitySet="S" x:a="end"/></AssociationSet>
  <FunctionImport Name="I" ReturnType="N.T" EntitySet="S" m:HttpMethod="GET" x:a="import">
   <Parameter Name="p" Type="Edm.Int32" x:a="parameter"/></FunctionImport>
  <FunctionImport Name="J" IsBindable="true" x:a="bound"><Parameter Name="it" Type="N.T" x:a="parameter"/>
   <ReturnType Type="Edm.String" MaxLength="5" x:a="result"/></FunctionImport>
 </EntityContainer>
 <EntityContainer Name="Other" x:a="other"><EntitySet Name="S" EntityType="N.T" x:a="set"/></EntityContainer>
</Schema>"""


def test_foreign_attributes_everywhere() -> None:
    document = v3(EVERYWHERE).replace('IsDefaultEntityContainer="true"', 'IsDefaultEntityContainer="true" ').encode()
    left_out: list[str] = []
    model = read_csdl(document, strict=True)
    assert differences(canonical(write_xml_v3(model, left_out=left_out)), canonical(document)) == []
    assert left_out == []
    assert len(model.foreign) == EVERYWHERE.count("x:a=") + 1  # and the version
