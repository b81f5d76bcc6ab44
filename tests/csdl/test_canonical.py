# XML -> model -> XML gives the same tree as the document: what a tree leaves out is said in canonical.

from __future__ import annotations

from pathlib import Path

import pytest

from odata_core.csdl import write_xml_v3, write_xml_v4
from odata_core.csdl.markup import read_markup
from tests.csdl.canonical import canonical, differences
from tests.csdl.test_corpora import DOCUMENTS, LEAVES_OUT, REFUSED, name_of, read

XML_DOCUMENTS = [path for path in DOCUMENTS if path.suffix != ".json" and path.name not in REFUSED]

NEW_PLACE = "What version 3 says by attributes, in a document of version 4, becomes annotations of version 4."
# Document -> how its tree differs, and why. Documents of which something is left out (LEAVES_OUT) differ in that.
DIFFERS = {
    "odata.net-HardCodedTestModel-MainModelXml.xml": (
        "The documents that it refers to are of the same namespace, so what they declare comes with it."
    ),
    "olingo4-client-metadata.xml": "Types that actions return stand in attributes, as a draft of version 4 had it.",
    "olingo4-client-demo-metadata.xml": NEW_PLACE,
    "olingo4-client-northwind-metadata.xml": NEW_PLACE,
    "olingo4-fit-demoMetadata.xml": NEW_PLACE,
    "demoMetadata.xml": NEW_PLACE,
    "olingo4-fit-northwindExt-metadata.xml": NEW_PLACE,
    "northwindExt-metadata.xml": NEW_PLACE,
    "services.odata.org-odata_demo_metadata.xml": NEW_PLACE,
    "soc-Northwind4.xml": NEW_PLACE,
    "soc-Northwind4WithAlternateKeys.xml": NEW_PLACE,
}


def rewritten(path: Path) -> bytes:
    """The document of the model of a document, in the same version."""
    root = read_markup(path.read_bytes())
    model = read(path)
    if root.namespace.startswith("http://schemas.microsoft.com/"):
        return write_xml_v3(model, strict=False)
    return write_xml_v4(model, version=root.attributes["Version"])


def test_there_are_documents() -> None:
    assert len(XML_DOCUMENTS) > 125


@pytest.mark.parametrize("path", XML_DOCUMENTS, ids=name_of)
def test_tree(path: Path) -> None:
    found = differences(canonical(rewritten(path)), canonical(path.read_bytes()))
    differs = path.name in DIFFERS or path.name in LEAVES_OUT
    assert bool(found) == differs, found[:5]


def test_trees_tell_documents_apart() -> None:
    """A comparison that cannot fail shows nothing."""
    document = (
        b'<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        b'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N"><ComplexType Name="T" OpenType="false">'
        b'<Property Name="P" Type="Edm.Int32"/></ComplexType></Schema></edmx:DataServices></edmx:Edmx>'
    )
    for old, new, same in (
        (b' OpenType="false"', b"", True),
        (b' OpenType="false"', b' OpenType="true"', False),
        (b'Name="P"', b'Name="Q"', False),
        (b'"Edm.Int32"', b'"Edm.Int32" Nullable="true"', True),
        (b'"Edm.Int32"', b'"Edm.Int32" Nullable="false"', False),
        (b'<Property Name="P" Type="Edm.Int32"/>', b"", False),
    ):
        assert (differences(canonical(document.replace(old, new)), canonical(document)) == []) == same
