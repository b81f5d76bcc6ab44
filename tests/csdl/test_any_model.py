# Any model -> document -> the same model, in every format: types, operations, containers, and annotations with every
# form of expression. What a format cannot tell is not drawn for it.

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import PRIMITIVE_TYPES, Annotation, EntityType, Model, ModelBuilder, PropertySpec, prop
from odata_core.edm.annotations import (
    OPERATORS,
    PATHS,
    Apply,
    Calculation,
    Cast,
    Collection,
    Constant,
    EnumValue,
    If,
    IsOf,
    LabeledElement,
    LabeledElementReference,
    Null,
    Path,
    PropertyValue,
    Record,
    UrlRef,
)
from odata_core.testing.models import any_models
from odata_core.testing.strategies import VALUE_TYPES, models
from tests.csdl.described import described, said
from tests.csdl.test_corpora import plain

V4_TYPES = [name for name in VALUE_TYPES if "v4" in PRIMITIVE_TYPES[name].families]
TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\r\t", exclude_characters="\ufffe\uffff"
    ),
    max_size=8,
)
NAMES = st.sampled_from(["A", "b", "Größe", "_x"])
TERMS = st.sampled_from(["Some.Term", "Test.Other", "Org.OData.Core.V1.Description"])
# What JSON tells by itself: a decimal with a fraction is none other than a decimal.
TOLD = st.one_of(
    st.builds(Constant, st.just("Bool"), st.booleans()),
    st.builds(Constant, st.just("Int"), st.integers(-(2**63), 2**63 - 1)),
    st.builds(Constant, st.just("String"), TEXTS),
    st.builds(lambda n: Constant("Decimal", Decimal(n) / 8 + Decimal("0.0625")), st.integers(-1000, 1000)),
    st.builds(Path, st.sampled_from(["A", "A/b", "A/Test.T/b", "A/@Some.Term#q", "@Some.Term/A", "A/$count"])),
)
UNTOLD = st.sampled_from(
    [
        Constant("Binary", "T0RhdGE"),
        Constant("Date", "2000-01-01"),
        Constant("DateTimeOffset", "2000-01-01T00:00:00Z"),
        Constant("Duration", "P1DT2H"),
        Constant("Float", 1.5),
        Constant("Float", float("-inf")),
        Constant("Guid", "86a96539-871b-45cf-b96b-93dbc235105e"),
        Constant("TimeOfDay", "12:00:00"),
        EnumValue("Test.Color", ("Red", "Blue")),
        *[Path("A/Test.T/b", kind) for kind in PATHS[1:]],
    ]
)


def expressions(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Expressions of every form above those leaves."""

    def above(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        few = st.lists(inner, max_size=2).map(tuple)
        notes = st.lists(st.builds(Annotation, TERMS, inner), max_size=1).map(tuple)
        values = st.dictionaries(NAMES, st.tuples(inner, notes), max_size=2).map(
            lambda given: tuple([PropertyValue(name, value, said) for name, (value, said) in given.items()])
        )
        types = st.sampled_from(["Edm.Decimal", "Edm.String", "Test.T", "Collection(Edm.Int32)"])
        facets = st.sampled_from([{}, {"Precision": 5, "Scale": 2}, {"MaxLength": 5}, {"SRID": "variable"}])
        return st.one_of(
            st.builds(Collection, few),
            st.builds(Record, values, st.sampled_from(["", "Test.T", "Far.T"]), notes),
            st.builds(Apply, st.just("odata.concat"), few, notes),
            st.builds(Cast, types, inner, facets, notes),
            st.builds(IsOf, types, inner, facets, notes),
            st.builds(If, inner, inner, st.none() | inner, notes),
            st.builds(LabeledElement, NAMES, inner, notes),
            st.builds(LabeledElementReference, st.just("Test.Label")),
            st.builds(UrlRef, inner, notes),
            st.builds(Null, notes),
            st.sampled_from(sorted(OPERATORS)).flatmap(
                lambda name: st.builds(Calculation, st.just(name), st.tuples(*[inner] * OPERATORS[name]), notes)
            ),
        )

    return st.recursive(leaves, above, max_leaves=6)


TARGETS = (
    "Test.Product",
    "Test.Product/ID",
    "Test.Product/Parts",
    "Test.Product/Parts/$OnDelete",
    "Test.Color",
    "Test.Color/Red",
    "Test.T",
    "Test.Code",
    "Test.Price",
    "Test/$Schema",
    "Test.Container",
    "Test.Container/Products",
    "Test.Container/Only",
    "Test.Container/Near",
    "Test.Near(Edm.Double)",
    "Test.Near(Edm.Double)/km",
    "Test.Near(Edm.Double)/$ReturnType",
    "Test.Near",
    "Test.Product/Name/@Some.Term",
    "Far.Away/Name",
)


@st.composite
def annotated(draw: st.DrawFn, leaves: st.SearchStrategy[Any]) -> Model:
    """A model with something of everything, and annotations anywhere, within their targets or apart from them."""
    builder = ModelBuilder("Test")
    builder.enum("Color", members={"Red": 1, "Blue": 2}, flags=draw(st.booleans()))
    builder.type_definition("Code", prop("String", max_length=draw(st.integers(1, 9))))
    builder.complex(
        "T", properties={"X": prop("Color", nullable=False)}, open=draw(st.booleans()), abstract=draw(st.booleans())
    )
    builder.complex("U", base="T", properties={"Y": "Collection(Edm.Int32)"})
    media = draw(st.booleans())
    name = prop("Code", nullable=draw(st.booleans()))
    properties: dict[str, str | PropertySpec] = {
        "ID": prop("Int32", generated=draw(st.booleans())),
        "Name": name,
        "T": "Collection(T)",
    }
    builder.entity("Product", key="ID", properties=properties, has_stream=media)
    builder.entity("Part", key={"Code": "T/X"}, properties={"T": prop("T", nullable=False)}) if draw(
        st.booleans()
    ) else builder.entity("Part", key="A", properties={"A": "Guid", "B": "TimeOfDay"})
    builder.entity("Special", base="Part", properties={"C": "Date"}, open=draw(st.booleans()))
    builder.navigation("Product", "Parts", to="Part", many=True, contains=draw(st.booleans()), on_delete="Cascade")
    builder.navigation("Part", "Product", to="Product", nullable=draw(st.booleans()))
    builder.entity_set("Products", "Product", in_service_document=draw(st.booleans()))
    builder.entity_set("Parts", "Part", concurrency=draw(st.sampled_from([None, (), ("T",)])))
    builder.singleton("Only", "Product", nullable=draw(st.booleans()))
    builder.function(
        "Near", parameters={"km": prop("Double", optional=draw(st.booleans()))}, returns="Collection(Product)"
    )
    builder.function("Near", parameters={}, returns=prop("String", max_length=5), composable=draw(st.booleans()))
    builder.action("Do", parameters={"it": "Product", "n": prop("Int16", nullable=False)}, bound=True)
    builder.operation_import("Near", entity_set="Products", in_service_document=draw(st.booleans()))
    builder.term("Price", prop("Decimal", scale=2), applies_to=("Property",))
    values = st.builds(Annotation, TERMS, expressions(leaves), st.sampled_from(["", "q"]))
    chosen = draw(st.dictionaries(st.sampled_from(TARGETS), st.lists(values, max_size=2), max_size=4))
    for target, drawn in chosen.items():
        # What has no element to stand in is always said apart.
        is_apart = target.startswith(("Far", "Test.Product/Name/@")) or target == "Test.Near" or draw(st.booleans())
        known = {(one.term, one.qualifier): one for one in drawn}
        for one in known.values():
            builder.add_annotation(target, replace(one, apart="Test" if is_apart else ""))
    return builder.build()


def whole(model: Model) -> Any:
    """Everything that a model says; what follows from flags may be annotated as well."""
    found = described(model) | said(model)
    for target, values in list(found["annotations"].items()):
        found["annotations"][target] = {name: one for name, one in values.items() if name not in MEANT}
        if not found["annotations"][target]:
            del found["annotations"][target]
    del found["references"]
    return plain(found)


MEANT = {f"Org.OData.Core.V1.{name}#" for name in ("Computed", "OptimisticConcurrency", "OptionalParameter")}


@settings(max_examples=60)
@given(annotated(TOLD | UNTOLD))
def test_xml_v4(model: Model) -> None:
    left_out: list[str] = []
    assert whole(read_csdl(write_xml_v4(model, left_out=left_out), strict=True)) == whole(model)
    assert left_out == []


@settings(max_examples=60)
@given(annotated(TOLD))
def test_json(model: Model) -> None:
    left_out: list[str] = []
    assert whole(read_csdl(write_json(model, left_out=left_out), strict=True)) == whole(model)
    assert left_out == []


@settings(max_examples=30)
@given(annotated(TOLD | UNTOLD))
def test_xml_v3_keeps_annotations(model: Model) -> None:
    """Annotations of version 4 have a place in documents of version 3, in the vocabulary of either."""

    def values(of: Model) -> Any:
        return {
            target: {(one.term, one.qualifier): repr(one.value) for one in annotations}
            for target, annotations in of.annotations.items()
            # Operations, terms and type definitions have no elements of those paths, so they are said apart.
        }

    part = model.types["Test.Part"]
    assume(isinstance(part, EntityType) and not part.own_key_paths)  # version 3 has no keys that are paths
    back = read_csdl(write_xml_v3(model, strict=False))
    assert values(back) == values(model)


@given(models(types=V4_TYPES))
def test_small_models(model: Model) -> None:
    for document in (write_xml_v4(model), write_json(model)):
        assert plain(described(read_csdl(document, strict=True))) == plain(described(model))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_models("4.01"))
def test_whole_models(model: Model) -> None:
    """With inheritance, keys in complex values, partners, containment, singletons, bindings and operations."""
    for write in (write_xml_v4, write_json):
        left_out: list[str] = []
        assert plain(described(read_csdl(write(model, left_out=left_out), strict=True))) == plain(described(model))
        assert left_out == []


@pytest.mark.parametrize("version", ["2.0", "3.0"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whole_models_of_older_versions(version: str, data: st.DataObject) -> None:
    """What is written can be read, and says the same when it is written again.

    The first time, associations make some things explicit: a pair of partners is bound at both ends, constraints are
    those of whole keys, and operations are what their methods tell. Types, their properties, and sets are the same.
    """
    model = data.draw(any_models(version))
    first = read_csdl(write_xml_v3(model, version=version), strict=True)
    for part in ("types", "sets"):
        assert plain(structure(first)[part]) == plain(structure(model)[part])
    left_out: list[str] = []
    again = read_csdl(write_xml_v3(first, version=version, left_out=left_out), strict=True)
    assert plain(described(again)) == plain(described(first))
    assert left_out == []


def structure(model: Model) -> Any:
    """Types with their properties and ways, and the types of sets: what associations do not touch."""
    found = described(model)
    for kind in found["types"].values():
        for one in kind.get("properties", {}).values():
            if one["type"].startswith("Collection(") or one["type"] == "Edm.Stream":
                one.pop("nullable", None)  # of items, which version 3 does not tell; streams are never nullable there
        kind["navigation"] = {name: way["to"] for name, way in kind.get("navigation", {}).items()}
    found["sets"] = {name: one["type"] for name, one in found["sets"].items()}
    return found


def test_ends_that_are_bound_apart() -> None:
    """An association set ties both ends of an association: what contradicts it is not bound, and told."""
    builder = ModelBuilder("N")
    for name in ("A", "B"):
        builder.entity(name, key="ID", properties={"ID": "Int32"})
    builder.navigation("A", "B", to="B", partner="A")
    builder.navigation("B", "A", to="A", many=True, partner="B")
    builder.entity_set("As", "A", bindings={"B": "Bs"})
    builder.entity_set("Others", "A")
    builder.entity_set("Bs", "B", bindings={"A": "Others"})
    left_out: list[str] = []
    model = read_csdl(write_xml_v3(builder.build(), left_out=left_out), strict=True)
    assert left_out == ["Version 3 ties both ends of 'A_B_B_A' at once, so 'As_B_Bs' is not bound."]
    bindings = {name: {way: to.name for way, to in one.bindings.items()} for name, one in model.entity_sets.items()}
    assert bindings == {"As": {}, "Others": {"B": "Bs"}, "Bs": {"A": "Others"}}
