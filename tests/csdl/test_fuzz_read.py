# Hostile documents: whatever is done to a real one, there is a model or an error with a full sentence, and never more.

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.csdl import read_csdl
from odata_core.edm import Model, ModelError
from tests.conformance.corpora import path_of
from tests.csdl.test_read import CORE, SHOP_JSON, SHOP_V2, SHOP_V3, SHOP_V4, v3, v4

OWN = [v3(SHOP_V2), v3(SHOP_V3), v4(SHOP_V4, CORE)]
REAL = (
    "v2/odata4j-edmx.xml",
    "v2/odata4j-sap_ds_sample_edmx.xml",
    "v3/webapi3-ProductsCSDL.xml",
    "v3/oasis-openapi-odata-rw-v3.xml",
    "v4/oasis-openapi-example.xml",
    "csdl-pairs/ex-csdl-16.1.xml",
    "models/olingo2-RefScenario-mock.xml",
)
DOCUMENTS = OWN + [(path_of("metadata") / name).read_text("utf-8") for name in REAL]
WORDS = sorted({word for document in OWN for word in re.findall(r"[\w.:/()]+", document)})
PIECE = st.one_of(st.text(max_size=5), st.sampled_from(WORDS), st.sampled_from(list("<>&\"'/=")), st.just("]]>"))


def outcome(document: bytes | str, strict: bool) -> Model | str:
    """The model, or why there is none."""
    try:
        return read_csdl(document, strict=strict)
    except ModelError as error:
        return error.message


def survives(document: bytes | str) -> None:
    for strict in (False, True):
        found = outcome(document, strict)
        assert isinstance(found, Model) or found.endswith((".", "?"))


@st.composite
def spoiled_texts(draw: st.DrawFn) -> str:
    """A document with some spans replaced."""
    text = draw(st.sampled_from(DOCUMENTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        text = text[:start] + draw(PIECE) + text[end:]
    return text


@st.composite
def spoiled_attributes(draw: st.DrawFn) -> str:
    """A document, still well-formed, with attributes renamed, removed or given other values, and elements lost."""
    text = draw(st.sampled_from(DOCUMENTS))
    for _ in range(draw(st.integers(1, 5))):
        spans = [match.span() for match in re.finditer(r' [A-Z]\w*="[^"]*"', text)]
        start, end = draw(st.sampled_from(spans))
        name = text[start:].partition("=")[0]
        value = draw(st.one_of(st.sampled_from(WORDS), st.text("a.,/()$@0 true-", max_size=12)))
        text = text[:start] + draw(st.sampled_from(["", f'{name}="{value}"'])) + text[end:]
    if draw(st.booleans()):
        spans = [match.span() for match in re.finditer(r"<[A-Z][^>]*/>", text)]
        start, end = draw(st.sampled_from(spans))
        text = text[:start] + draw(st.sampled_from(["", text[start:end] * 2])) + text[end:]
    return text


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoiled_objects(draw: st.DrawFn) -> str:
    """A CSDL JSON document with some values replaced by anything."""
    content: Any = json.loads(json.dumps(SHOP_JSON))
    for _ in range(draw(st.integers(1, 3))):
        inside: Any = content
        while isinstance(inside, dict | list) and inside:
            key = draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
            if not isinstance(inside[key], dict | list) or draw(st.integers(0, 3)) == 0:
                inside[key] = draw(ANYTHING)
                break
            inside = inside[key]
    return json.dumps(content)


@given(spoiled_texts())
def test_spoiled_text(document: str) -> None:
    survives(document)


@settings(max_examples=300)
@given(spoiled_attributes())
def test_spoiled_attributes(document: str) -> None:
    survives(document)


@settings(max_examples=300)
@given(spoiled_objects())
def test_spoiled_objects(document: str) -> None:
    survives(document)


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"<", b"{", b"<?xml version='1.0' encoding='", b"\xff\xfe", b"\xfe\xff<"]),
)
def test_any_bytes(content: bytes, start: bytes) -> None:
    survives(start + content)


@given(
    st.sampled_from(
        ["rot13", "hex", "utf-7", "utf-16", "utf-32", "latin-1", "idna", "punycode", "zlib", "none", "cp037"]
    )
)
def test_any_encoding(name: str) -> None:
    document = OWN[0]
    survives(f'<?xml version="1.0" encoding="{name}"?>{document}'.encode())
    survives(f'<?xml version="1.0" encoding="{name}"?>{document}')


MANY = 20_000
THING = '<EntityType Name="T">{}<Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32"/></EntityType>'


def many(element: str) -> str:
    return "".join([element.format(n, n + 1) for n in range(MANY)])


LARGE = {
    "bases": v4(
        f"""<Schema Namespace="N">{
            many('<ComplexType Name="T{0}" BaseType="N.T{1}"><Property Name="P{0}" Type="Edm.Byte"/></ComplexType>')
        }</Schema>"""
    ),
    "unknown types": v4(
        f"""<Schema Namespace="N">{
            many('<ComplexType Name="Type{0}"><Property Name="P" Type="N.Tipe{0}"/></ComplexType>')
        }</Schema>"""
    ),
    "overloads": v4(
        f"""<Schema Namespace="N">{
            many('<Function Name="F"><Parameter Name="p{0}" Type="Edm.Byte"/><ReturnType Type="Edm.Byte"/></Function>')
        }</Schema>"""
    ),
    "bindings": v4(
        f"""<Schema Namespace="N">{THING.format("")}<EntityContainer Name="C">{
            many(
                '<EntitySet Name="S{0}" EntityType="N.T"><NavigationPropertyBinding Path="x" Target="S1"/></EntitySet>'
            )
        }</EntityContainer></Schema>"""
    ),
    "association sets": v3(f"""<Schema Namespace="N">{
        THING.format(many('<NavigationProperty Name="W{0}" Relationship="N.A" FromRole="a" ToRole="b"/>'))
    }<Association Name="A"><End Role="a" Type="N.T" Multiplicity="*"/><End Role="b" Type="N.T" Multiplicity="*"/>
    </Association><EntityContainer Name="C">{
        many(
            '<EntitySet Name="S{0}" EntityType="N.T"/><AssociationSet Name="A{0}" Association="N.A">'
            '<End Role="a" EntitySet="S{0}"/><End Role="b" EntitySet="S{0}"/></AssociationSet>'
        )
    }</EntityContainer></Schema>"""),
    "aliases": v4(many('<Schema Namespace="N{0}" Alias="A{0}"/>')),
}


@pytest.mark.parametrize("name", LARGE)
def test_large(name: str) -> None:
    """Time and messages grow with the document, not with its square: what takes a second here would take hours."""
    found = outcome(LARGE[name], True)
    assert isinstance(found, Model) or len(found) < 50_000
