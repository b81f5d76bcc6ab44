# Every document of the corpora: most describe models, the others are refused, and for what reason.

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odata_core.csdl import read_csdl, read_csdl_file
from odata_core.edm import Model, ModelError
from tests.conformance.corpora import FOLDER, path_of
from tests.csdl.described import described

METADATA = path_of("metadata")
MODELS = METADATA / "models"
VOCABULARIES = METADATA / "csdl-pairs" / "vocab"
FIXTURES = FOLDER.parent / "clients" / "fixture"

XML = '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>{}'
XML += "</edmx:DataServices></edmx:Edmx>"


def small(schema: str) -> bytes:
    """A document with one schema of v4."""
    return XML.format(schema.replace("<Schema ", '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" ')).encode()


# Stand-ins for documents that others refer to and that the corpora lack: what is needed of them.
CAPABILITIES = small(
    '<Schema Namespace="Org.OData.Capabilities.V1"><ComplexType Name="NavigationPropertyRestriction"/></Schema>'
)
BASE = small('<Schema Namespace="Some.Other.Schema"><EntityContainer Name="Base"/></Schema>')


def references() -> dict[str, bytes]:
    """The documents that others refer to, by address."""
    found = {
        f"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{path.name}": path.read_bytes()
        for path in VOCABULARIES.iterdir()
        if "sample" not in path.name
    }
    capabilities = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1"
    found |= {f"{capabilities}.{suffix}": CAPABILITIES for suffix in ("xml", "json")}
    found["http://vocabs.odata.org/core/v1"] = (VOCABULARIES / "Org.OData.Core.V1.xml").read_bytes()
    northwind = METADATA / "v4" / "olingo4-fit-northwindExt-metadata.xml"
    address = "http://localhost:${tomcat.servlet.port}/stub/StaticService/V40/NorthWindExt.svc/$metadata"
    found[address] = northwind.read_bytes()
    found["./People.xml"] = (METADATA / "v4" / "oasis-openapi-People.xml").read_bytes()
    found["./Products.xml"] = (METADATA / "v4" / "oasis-openapi-Products.xml").read_bytes()
    found["SomeOther.xml"] = BASE
    for number in range(1, 5):
        path = MODELS / f"odata.net-HardCodedTestModel-SubModelXml{number}.xml"
        found[f"http://submodel{number}"] = path.read_bytes()
    return found


REFERENCES = references()


def is_csdl(path: Path) -> bool:
    if path.suffix == ".json":
        return "csdl-pairs" in path.parts or path.name.endswith(".csdl.json")
    return path.suffix in (".xml", ".edmx") and "schemas" not in path.parts


def documents() -> Iterator[Path]:
    """Everything that is metadata, wherever it lies."""
    yield from (path for path in sorted(METADATA.rglob("*")) if is_csdl(path))
    yield path_of("trippin-data/trippin.xml")
    yield from sorted(path_of("payloads").rglob("*etadata*.xml"))
    if FIXTURES.exists():
        yield from sorted(FIXTURES.glob("*.xml"))


DOCUMENTS = list(documents())

# Document -> why it describes no model.
REFUSED = {
    "counterexample-annotationtarget1.xml": "is not a path to an element of a model",
    "counterexample-test1.xml": "An entity type has one key",
    "counterexample-test2.xml": "must lead from an entity type to an entity type",
    # Mistakes of official examples, the same in both formats.
    "ex-special-characters.xml": "Key property 'special‿characters.Pc_‿⁀⁔︳︴﹍﹎﹏＿.id' does not exist",
    "ex-special-characters.json": "Key property 'special‿characters.Pc_‿⁀⁔︳︴﹍﹎﹏＿.id' does not exist",
    "miscellaneous2.xml": "'Schema.One.Rejection' has two overloads that nobody can tell apart",
    "oasis-openapi-Products.xml": "the pair 'ProductID' = 'Product/ID' names a property that does not exist",
    "oasis-openapi-People.xml": "the pair 'ProductID' = 'Product/ID' names a property that does not exist",
    # A part of a model, which nobody can read without the others.
    "odata.net-HardCodedTestModel-SubModelXml1.xml": "there is no type 'Fully.Qualified.Namespace.NameType'",
    "odata.net-HardCodedTestModel-SubModelXml2.xml": "there is no type 'Fully.Qualified.Namespace.AddressType'",
    "odata.net-HardCodedTestModel-SubModelXml3.xml": "there is no type 'Fully.Qualified.Namespace.ColorPattern'",
    "odata.net-HardCodedTestModel-SubModelXml4.xml": "there is no type 'Fully.Qualified.Namespace.Painting'",
    "olingo4-client-edmxWithCoreAnnotation.xml": "there is no type 'Microsoft.OData.SampleService.Models.TripPin",
    "soc-ActionWithDerivedType.xml": "has no navigation property 'SalesOrder_OrderClose'",
    # No metadata at all.
    "odata4j-DEMO_BANK.xml": "not a CSDL document of a known version",
    "odata4j-DEMO_FLIGHT.xml": "not a CSDL document of a known version",
    "odata4j-sap_no_property_type.xml": "not a CSDL document of a known version",
    # Broken by hand, to test parsers, or in what they name.
    "odata4j-annotation.xml": "Key property 'Example.Product.ProductID' does not exist",
    "sap-pyodata-metadata.xml": "there is no type 'EXAMPLE_SRV_SETS.TemperatureMeasurement'",
    "soc-Northwind3.xml": "there is no type 'NorthwindModel.Shippers'",
    "olingo4-client-$metadata.xml": "The attribute 'Relationship' is missing",
    "olingo4-client-fromdoc1-metadata.xml": "there is no type 'Self.Length'",
}


def read(path: Path, *, strict: bool = False) -> Model:
    return read_csdl(path.read_bytes(), references=REFERENCES, strict=strict)


def name_of(path: Path) -> str:
    return str(path.relative_to(FOLDER.parent))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_document(path: Path) -> None:
    reason = REFUSED.get(path.name)
    if reason is None:
        read(path)
        return
    with pytest.raises(ModelError, match=re.escape(reason)) as caught:
        read(path)
    lines = caught.value.message.splitlines()
    assert len(lines) == 1 or all(line.startswith("- ") for line in lines[1:])


def test_every_refusal_is_of_a_document() -> None:
    assert REFUSED.keys() <= {path.name for path in DOCUMENTS}


# Document -> how many things are left out of its model, because it says them wrong: bindings that lead nowhere, sets of
# unknown or keyless types, defaults that are no values. All other documents are read whole.
LEAVES_OUT = {
    "ex-miscellaneous.xml": 14,
    "ex-miscellaneous.json": 12,  # defaults that are null need no reading
    "ex-miscellaneous2.xml": 6,
    "ex-miscellaneous2.json": 6,
    "Org.OData.Aggregation.V1.SalesModel-sample.json": 1,
    "miscellaneous.xml": 14,
    "olingo4-TecSvc.xml": 12,
    "olingo4-TecSvc.csdl.json": 12,
    "soc-Insight.edmx": 5,
    "olingo4-client-metadata_sample.xml": 8,
    "olingo4-fit-openTypeMetadata.xml": 1,
    "openTypeMetadata.xml": 1,
    "soc-Northwind4.xml": 1,
    "soc-Northwind4WithAlternateKeys.xml": 1,
    # Terms that are said twice about one element, and expressions that are none.
    "oasis-openapi-descriptions.xml": 2,
    "olingo4-client-fromdoc3-metadata.xml": 9,
    "olingo4-client-fromdoc4-metadata.xml": 6,
}


def test_what_is_left_out() -> None:
    found = {path.name: len(read(path).left_out) for path in DOCUMENTS if path.name not in REFUSED}
    assert {name: count for name, count in found.items() if count} == LEAVES_OUT


@pytest.mark.parametrize("name", LEAVES_OUT)
def test_nothing_is_left_out_of_a_document_that_is_ours(name: str) -> None:
    path = next(path for path in DOCUMENTS if path.name == name)
    with pytest.raises(ModelError):
        read(path, strict=True)


# What the official conversion spells out, because XML and JSON have other defaults (7.2), or leaves unsaid.
SAME_AS_NOTHING = (("Scale", 0), ("Precision", 0), ("MaxLength", "max"), ("Unicode", True))


def plain(values: Any, *, without: frozenset[str] = frozenset()) -> Any:
    """A description without facets that say the default."""
    if not isinstance(values, dict):
        return [plain(item, without=without) for item in values] if isinstance(values, list) else values
    kept = {
        name: plain(value, without=without)
        for name, value in values.items()
        if name not in without and (isinstance(value, dict | list) or (name, value) not in SAME_AS_NOTHING)
    }
    return {name: value for name, value in kept.items() if name != "facets" or value}


PAIRS = [path for path in DOCUMENTS if path.with_suffix(".json") in DOCUMENTS and path.name not in REFUSED]
PAIRS = [path for path in PAIRS if path.suffix == ".xml"]


@pytest.mark.parametrize("path", PAIRS, ids=name_of)
def test_pair(path: Path) -> None:
    """The XML and the JSON document of one model give one model."""
    assert plain(described(read(path))) == plain(described(read(path.with_suffix(".json"))))


def test_pair_of_olingo() -> None:
    """Olingo writes JSON with the defaults of XML, so nullability and scales differ by the specification."""
    without = frozenset({"nullable", "Scale"})
    xml, json = (described(read(MODELS / f"olingo4-TecSvc.{suffix}")) for suffix in ("xml", "csdl.json"))
    assert plain(xml, without=without) == plain(json, without=without)


def test_a_file_with_its_references(tmp_path: Path) -> None:
    """References are found in the folder of the file; what leads out of it is not read."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.xml").write_bytes(small('<Schema Namespace="Out"><ComplexType Name="T"/></Schema>'))
    shared = small('<Schema Namespace="In"><ComplexType Name="T"/></Schema>')
    (tmp_path / "inside" / "shared.xml").write_bytes(shared)
    main = tmp_path / "inside" / "main.xml"
    text = '<Schema Namespace="Main"><ComplexType Name="T"><Property Name="P" Type="{}.T"/></ComplexType></Schema>'
    reference = '<edmx:Reference Uri="{}"><edmx:Include Namespace="{}"/></edmx:Reference><edmx:DataServices>'
    for address in ("shared.xml", "./shared.xml", "x/../shared.xml", "shared%2Exml"):
        main.write_bytes(
            small(text.format("In")).decode().replace("<edmx:DataServices>", reference.format(address, "In")).encode()
        )
        assert set(read_csdl_file(main).types) == {"Main.T", "In.T"}
    for address in (
        "../outside.xml",
        str(tmp_path / "outside.xml"),
        "..%2Foutside.xml",
        f"file://{tmp_path}/outside.xml",
    ):
        main.write_bytes(
            small(text.format("Out")).decode().replace("<edmx:DataServices>", reference.format(address, "Out")).encode()
        )
        with pytest.raises(ModelError, match=re.escape(f"declared in the document '{address}', which is not at hand")):
            read_csdl_file(main)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_csdl_file(tmp_path / "none.xml")
