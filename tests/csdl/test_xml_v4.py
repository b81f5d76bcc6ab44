# Models as CSDL XML of version 4: what is written is read back as the same model, whatever document it came from.

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from odata_core.csdl import read_csdl, write_xml_v4
from odata_core.edm import Annotation, Model, ModelBuilder, prop
from odata_core.edm.annotations import Constant, Foreign
from odata_core.testing.strategies import models
from tests.conformance.corpora import FOLDER
from tests.csdl.described import described, said
from tests.csdl.test_corpora import REFERENCES, REFUSED, read

DOCUMENTS = sorted(
    path
    for folder in ("metadata/v4", "metadata/csdl-pairs", "metadata/models", "metadata/v3", "metadata/v2")
    for path in (FOLDER / folder).glob("*.xml")
    if "HardCodedTestModel" not in path.name and path.name not in REFUSED
)
# Version 4 has these types under other names.
RENAMED = {"Edm.DateTime": "Edm.DateTimeOffset", "Edm.Time": "Edm.Duration"}
MEANT = {f"Org.OData.Core.V1.{name}#" for name in ("AlternateKeys", "Computed", "OptimisticConcurrency")}
MEANT.add("Org.OData.Core.V1.OptionalParameter#")


def comparable(model: Model) -> Any:
    """A model without what version 4 says otherwise, or not at all."""
    found = described(model) | said(model)
    own = {*model.schemas} or {kind.namespace for kind in model.types.values()} | {model.namespace}
    own |= {*model.containers.values()}  # operations of containers that are not the default one
    for operations in found["operations"].values():
        for operation in operations:
            # Only version 3 says where the entities live that an operation returns, and that it may not be offered.
            operation.pop("entity_set", None)
            operation.pop("always_bindable", None)
    # What these terms say, the model says itself; of a document of version 3 they are new.
    for target, values in list(found["annotations"].items()):
        found["annotations"][target] = {
            name: one.replace("borrowed=True", "borrowed=False") for name, one in values.items() if name not in MEANT
        }
        if not found["annotations"][target]:
            del found["annotations"][target]
    found["aliases"] = {alias: name for alias, name in found["aliases"].items() if name in own}
    del found["associations"], found["references"]
    for part in ("types", "type definitions", "operations", "terms", "annotations", "foreign"):
        found[part] = {name: value for name, value in found[part].items() if is_own(name, own)}
    return _mended(found)


NO_PLACE = "What is said in foreign namespaces about '{}' has no place."


def with_descriptions(model: Model, left_out: list[str]) -> Model:
    """The model as version 4 says it: its documentation is said by terms, except where it is told to have no place."""
    foreign, annotations = dict(model.foreign), dict(model.annotations)
    for path, one in model.foreign.items():
        if NO_PLACE.format(path) in left_out:
            continue
        documentation = [element for element in one.elements if element.name == "Documentation"]
        foreign[path] = replace(one, elements=tuple([each for each in one.elements if each not in documentation]))
        known = {annotation.term for annotation in annotations.get(path, ())}
        parts = [part for element in documentation for part in element.children]
        added = [Annotation(TERMS[part.name], Constant("String", part.text)) for part in parts]
        annotations[path] = (*annotations.get(path, ()), *[each for each in added if each.term not in known])
    return replace(
        model,
        foreign={path: one for path, one in foreign.items() if one != Foreign()},
        annotations={path: one for path, one in annotations.items() if one},
    )


TERMS = {"Summary": "Org.OData.Core.V1.Description", "LongDescription": "Org.OData.Core.V1.LongDescription"}


def is_own(name: str, own: set[str]) -> bool:
    """Whether something belongs to the document itself."""
    first = name.partition("(")[0].partition("/")[0]
    return first in own or first.rpartition(".")[0] in own


def _mended(value: Any) -> Any:
    if isinstance(value, dict):
        # Tokens are those of sets, facets of v3 that v4 has not are gone, service operations are any others.
        gone = {"token", "FixedLength", "Collation", "http_method"}
        if str(value.get("to", "")).startswith("Collection(") and "partner" in value:
            gone.add("on")  # the partner says it
        return {name: _mended(item) for name, item in value.items() if name not in gone}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, str):
        for old, new in RENAMED.items():
            value = new if value == old else value.replace(f"({old})", f"({new})")
    return value


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where two trees differ first: those of whole models are too large to be shown side by side."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *[name for name in other if name not in one]]
        name = next((name for name in names if one.get(name) != other.get(name)), None)
        return None if name is None else difference(one.get(name), other.get(name), f"{path}/{name}")
    return None if one == other else f"{path}: {one!r:.200} is not {other!r:.200}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_of_others(path: Path) -> None:
    model = read(path)
    others = {address: text for address, text in REFERENCES.items() if path.stem not in address}
    left_out: list[str] = []
    back = comparable(read_csdl(write_xml_v4(model, left_out=left_out), references=others if model.references else {}))
    wanted = comparable(with_descriptions(model, left_out))
    # Associations and function imports of version 3 are no elements of version 4: what is said about them is told.
    for target in [target for target in wanted["foreign"] if target not in back["foreign"]]:
        assert NO_PLACE.format(target) in left_out
        del wanted["foreign"][target]
    assert difference(back, wanted) is None


@settings(deadline=None)
@given(models())
def test_any_model_comes_back(model: Model) -> None:
    assert comparable(read_csdl(write_xml_v4(model))) == comparable(model)


@pytest.mark.parametrize("nullable", [True, False])
def test_whether_items_may_be_null_is_said_of_all_collections_but_of_entities(nullable: bool) -> None:
    shop = ModelBuilder("Shop")
    tags = prop("Collection(String)", nullable=nullable)
    shop.complex("Size", properties={"Marks": tags})
    shop.entity("Product", key="ID", properties={"ID": "Int32", "Tags": tags})
    shop.function("Near", parameters={"tags": tags}, returns="Collection(Product)")
    shop.function("Tags", returns=tags)
    written = write_xml_v4(shop.build(), version="4.01").decode()
    said = f'Type="Collection(Edm.String)" Nullable="{str(nullable).lower()}"'
    assert (written.count('"Collection('), written.count(said)) == (5, 4)
    assert '<ReturnType Type="Collection(Shop.Product)" />' in written


def test_what_it_looks_like() -> None:
    shop = ModelBuilder("Shop")
    shop.enum("Color", members={"Red": 1}, flags=True)
    shop.entity("Product", key="ID", properties={"ID": prop("Int32", generated=True), "Made": "DateTime"})
    shop.entity_set("Products", "Product", concurrency=("Made",))
    shop.function("Near", parameters={"km": prop("Double", optional=True)}, returns="Collection(Product)")
    assert write_xml_v4(shop.build(), version="4.01").decode() == (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        '<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml">'
        '<edmx:Include Namespace="Org.OData.Core.V1" /></edmx:Reference>'
        '<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1.xml">'
        '<edmx:Include Namespace="Org.OData.Capabilities.V1" /></edmx:Reference><edmx:DataServices>'
        '<Schema Namespace="Shop" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        '<EnumType Name="Color" IsFlags="true"><Member Name="Red" Value="1" /></EnumType>'
        '<EntityType Name="Product"><Key><PropertyRef Name="ID" /></Key>'
        '<Property Name="ID" Type="Edm.Int32" Nullable="false">'
        '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true" /></Property>'
        '<Property Name="Made" Type="Edm.DateTimeOffset" /></EntityType>'
        '<Function Name="Near"><Parameter Name="km" Type="Edm.Double">'
        '<Annotation Term="Org.OData.Core.V1.OptionalParameter"><Record /></Annotation></Parameter>'
        '<ReturnType Type="Collection(Shop.Product)" /></Function><EntityContainer Name="Container">'
        '<EntitySet Name="Products" EntityType="Shop.Product">'
        '<Annotation Term="Org.OData.Core.V1.OptimisticConcurrency"><Collection><PropertyPath>Made</PropertyPath>'
        "</Collection></Annotation></EntitySet></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )
