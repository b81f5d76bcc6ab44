# Feed customizations: properties that show as elements of an Atom entry, in documents of versions 1 to 3 and in
# entries, written and read.

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.csdl import read_csdl, write_xml_v3
from odata_core.edm import EntityType, Model, ModelBuilder, ModelError, Timestamp
from odata_core.edm.feeds import SYNDICATION, FeedMapping
from odata_core.payload.atom import ATOM_V2, ATOM_V3, Atom
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_codec import json_v3
from odata_core.service import Headers, Request, Service
from odata_core.testing.reference import exact
from odata_memory import MemoryBackend
from tests.conformance.corpora import FOLDER

ABOUT = About("http://h/s/", "Things", "http://h/s/Things", updated="2020-01-01T00:00:00Z")

DOCUMENT = """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
<edmx:DataServices m:DataServiceVersion="2.0" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
<Schema Namespace="N" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
 <ComplexType Name="Person"><Property Name="Name" Type="Edm.String"/></ComplexType>
 <EntityType Name="Thing" {of_type}>
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Int32" Nullable="false"/>
  <Property Name="Name" Type="Edm.String" {of_name}/>
  <Property Name="Text" Type="Edm.String" m:FC_TargetPath="SyndicationSummary" m:FC_ContentKind="html"/>
  <Property Name="At" Type="Edm.DateTime" m:FC_TargetPath="SyndicationUpdated" m:FC_KeepInContent="false"/>
  <Property Name="Price" Type="Edm.Decimal" m:FC_TargetPath="more/price/@amount" m:FC_NsUri="http://x" m:FC_NsPrefix="x"
   m:FC_KeepInContent="false"/>
  <Property Name="Unit" Type="Edm.String" m:FC_TargetPath="more/price" m:FC_NsUri="http://x" m:FC_NsPrefix="x"/>
  <Property Name="Maker" Type="N.Person" Nullable="false"/>
 </EntityType>
 <EntityContainer Name="C" m:IsDefaultEntityContainer="true"><EntitySet Name="Things" EntityType="N.Thing"/>
 </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
OF_TYPE = """m:FC_SourcePath="Maker/Name" m:FC_TargetPath="SyndicationAuthorName"
 m:FC_SourcePath_1="ID" m:FC_TargetPath_1="number" m:FC_NsUri_1="http://y" """
OF_NAME = 'm:FC_TargetPath="SyndicationTitle" m:FC_KeepInContent="false"'
ROW: dict[str, Any] = {
    "ID": 1,
    "Name": "Tea & more",
    "Text": "<b>good</b>",
    "At": Timestamp.parse("2012-03-04T05:06:07"),
    "Price": Decimal("2.50"),
    "Unit": "EUR",
    "Maker": {"Name": "Ann"},
}


def document(of_type: str = OF_TYPE, of_name: str = OF_NAME) -> bytes:
    return DOCUMENT.replace("{of_type}", of_type).replace("{of_name}", of_name).encode()


def thing(model: Model) -> EntityType:
    kind = model.types["N.Thing"]
    assert isinstance(kind, EntityType)
    return kind


def shape_of(model: Model) -> Shape:
    source = model.entity_sets["Things"]
    return Shape(source.type, source)


def test_the_mappings_of_a_document() -> None:
    model = read_csdl(document(), strict=True)
    assert thing(model).feed_mappings == (
        FeedMapping(("Maker", "Name"), ("author", "name")),
        FeedMapping(("ID",), ("number",), namespace="http://y"),
        FeedMapping(("Name",), ("title",), keeps=False),
        FeedMapping(("Text",), ("summary",), kind="html"),
        FeedMapping(("At",), ("updated",), keeps=False),
        FeedMapping(("Price",), ("more", "price", "@amount"), False, "http://x", "x"),
        FeedMapping(("Unit",), ("more", "price"), True, "http://x", "x"),
    )
    again = read_csdl(write_xml_v3(model), strict=True)
    assert thing(again).feed_mappings == thing(model).feed_mappings


@pytest.mark.parametrize(
    ("of_type", "of_name", "told"),
    [
        ("", 'm:FC_TargetPath="Nowhere"', "'Nowhere' is no FC_TargetPath: use SyndicationAuthorName"),
        ("", 'm:FC_TargetPath="a b" m:FC_NsUri="http://x"', "'a b' is no FC_TargetPath"),
        ("", 'm:FC_TargetPath="@a" m:FC_NsUri="http://x"', "'@a' is no FC_TargetPath"),
        ("", 'm:FC_TargetPath="SyndicationTitle" m:FC_ContentKind="xhtml"', "'xhtml' is no FC_ContentKind here"),
        ("", 'm:FC_TargetPath="SyndicationSummary"', "Two properties are mapped to the element 'summary'."),
        ('m:FC_TargetPath="SyndicationTitle"', "", "of a type needs an 'FC_SourcePath'"),
    ],
)
def test_a_mapping_that_means_nothing_is_told(of_type: str, of_name: str, told: str) -> None:
    model = read_csdl(document(of_type, of_name))
    [sentence] = model.left_out
    assert told in sentence
    assert sentence.endswith("The feed customizations of this type are left out.")
    assert thing(model).feed_mappings == ()
    with pytest.raises(ModelError, match="feed customizations"):
        read_csdl(document(of_type, of_name), strict=True)


def test_an_entry() -> None:
    model = read_csdl(document(), strict=True)
    body = Atom(ATOM_V2).write_entity(shape_of(model), ROW, ABOUT).decode()
    entry = body[body.index("<title") :]
    assert entry == (
        '<title type="text">Tea &amp; more</title><summary type="html">&lt;b&gt;good&lt;/b&gt;</summary>'
        "<updated>2012-03-04T05:06:07</updated><author><name>Ann</name></author>"
        '<content type="application/xml"><m:properties><d:ID m:type="Edm.Int32">1</d:ID>'
        "<d:Text>&lt;b&gt;good&lt;/b&gt;</d:Text><d:Unit>EUR</d:Unit>"
        '<d:Maker m:type="N.Person"><d:Name>Ann</d:Name></d:Maker></m:properties></content>'
        '<f:number xmlns:f="http://y">1</f:number>'
        '<x:more xmlns:x="http://x"><x:price x:amount="2.50">EUR</x:price></x:more></entry>'
    )


def test_null_is_said_among_the_properties() -> None:
    model = read_csdl(document(), strict=True)
    row = {**ROW, "Name": None, "At": None, "Price": None, "Unit": None}
    body = Atom(ATOM_V2).write_entity(shape_of(model), row, ABOUT).decode()
    assert "<title/>" in body
    assert "<updated>2020-01-01T00:00:00Z</updated>" in body
    assert re.findall(r"<d:(\w+)[^>]* m:null", body) == ["Name", "At", "Price", "Unit"]
    assert "http://x" not in body


def test_other_formats_do_not_mind() -> None:
    model = read_csdl(document(), strict=True)
    plain = read_csdl(re.sub(rb' m:FC_\w+="[^"]*"', b"", document()), strict=True)
    codec = json_v3()
    assert codec.write_entity(shape_of(model), ROW, ABOUT) == codec.write_entity(shape_of(plain), ROW, ABOUT)


TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6).filter(
    lambda text: "\ufffe" not in text and "\uffff" not in text
)
ROWS = st.fixed_dictionaries(
    {
        "ID": st.integers(-9, 9),
        "Name": TEXTS,
        "Text": TEXTS,
        "At": st.none() | st.just(ROW["At"]),
        "Price": st.none() | st.just(Decimal("2.50")),
        "Unit": TEXTS,
        "Maker": st.fixed_dictionaries({"Name": TEXTS}),
    }
)
TARGETS = st.sampled_from(sorted(set(SYNDICATION.values()) - {("published",), ("updated",)}))
OWN = st.sampled_from([("a",), ("b", "c"), ("b", "@d"), ("b", "e", "@f")])


@st.composite
def mappings(draw: Any) -> list[FeedMapping]:
    """Any of the texts to any element of Atom, and any property to elements of its own."""
    texts = st.sampled_from([("Name",), ("Text",), ("Unit",), ("Maker", "Name")])
    found = draw(st.dictionaries(TARGETS, texts, max_size=4))
    made = [FeedMapping(source, target, draw(st.booleans())) for target, source in found.items()]
    if draw(st.booleans()):
        made.append(FeedMapping(("At",), draw(st.sampled_from([("published",), ("updated",)])), draw(st.booleans())))
    anything = st.sampled_from([("ID",), ("Price",), ("Unit",), ("At",), ("Maker", "Name")])
    own = draw(st.dictionaries(OWN, anything, max_size=3))
    prefix = st.sampled_from(["x", "", "d", "xml", "??"])
    made += [FeedMapping(source, way, draw(st.booleans()), "http://x", draw(prefix)) for way, source in own.items()]
    return made


@pytest.mark.parametrize("form", [ATOM_V2, ATOM_V3], ids=["2.0", "3.0"])
@settings(max_examples=150, deadline=None)
@given(mapped=mappings(), row=ROWS)
def test_any_entry_of_any_mapping_comes_back(form: Any, mapped: list[FeedMapping], row: dict[str, Any]) -> None:
    builder = ModelBuilder("N")
    builder.complex("Person", properties={"Name": "String"})
    columns = {
        "ID": "Int32",
        "Name": "String",
        "Text": "String",
        "At": "DateTime",
        "Price": "Decimal",
        "Unit": "String",
    }
    builder.entity("Thing", key="ID", properties={**columns, "Maker": "Person"}, feed_mappings=mapped)
    builder.entity_set("Things", "Thing")
    model = builder.build()
    codec = Atom(form)
    body = codec.write_entity(shape_of(model), row, ABOUT)
    for is_request in (True, False):
        read = codec.read_entity(body, thing(model), Reading(model, is_request=is_request))
        found = {name: read[name] for name in read if "@" not in name}
        assert exact({name: found[name] for name in row}) == exact(row)


def test_what_derives_has_the_mappings_of_its_base() -> None:
    builder = ModelBuilder("N")
    builder.entity(
        "Thing",
        key="ID",
        properties={"ID": "Int32", "Name": "String"},
        feed_mappings=[FeedMapping(("Name",), ("title",))],
    )
    builder.entity("Special", base="Thing", properties={"More": "String"})
    kind = builder.build().types["N.Special"]
    assert isinstance(kind, EntityType)
    assert kind.feed_mappings == (FeedMapping(("Name",), ("title",)),)


def test_a_request_without_a_title_says_nothing_of_it() -> None:
    """Every entry has a title, and most clients leave it empty."""
    model = read_csdl(document(), strict=True)
    service = Service(model, MemoryBackend(model, {"Things": [ROW]}), default_version="2.0")
    entry = (
        '<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><title/><author><name/></author>'
        '<content type="application/xml"><m:properties><d:Unit>USD</d:Unit></m:properties></content></entry>'
    )
    headers = Headers({"Content-Type": "application/atom+xml", "Accept": "application/json", "X-HTTP-Method": "MERGE"})
    assert service.handle(Request("POST", "http://h/", "Things(1)", "", headers, entry.encode())).status == 204
    found = service.handle(Request("GET", "http://h/", "Things(1)/Name/$value", "", Headers())).body
    assert found == b"Tea & more"
    titled = entry.replace("<title/>", '<title type="text">New</title>')
    assert service.handle(Request("POST", "http://h/", "Things(1)", "", headers, titled.encode())).status == 204
    found = service.handle(Request("GET", "http://h/", "Things(1)/Name/$value", "", Headers())).body
    assert found == b"New"


@pytest.mark.parametrize(
    "name", ["v2/olingo2-refScenario.edmx", "v2/oasis-openapi-odata-rw-v2.xml", "v3/odatajclient-metadata.xml"]
)
def test_documents_of_others_have_mappings(name: str) -> None:
    model = read_csdl((FOLDER / "metadata" / name).read_bytes())
    kinds = [kind for kind in model.types.values() if isinstance(kind, EntityType)]
    assert [kind.name for kind in kinds if kind.feed_mappings]
