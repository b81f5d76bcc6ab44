# Hostile documents that describe models all the same: whatever could be read is written in every format, or there is an
# error with a sentence.

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.csdl import read_csdl, write_json, write_xml_v3, write_xml_v4
from odata_core.edm import Model, ModelBuilder, ModelError
from tests.csdl.test_fuzz_read import outcome, spoiled_attributes, spoiled_objects, spoiled_texts


def written(model: Model) -> list[bytes]:
    """The documents of a model in every format that can say it."""
    found = []
    for write in (write_xml_v3, write_xml_v4, write_json):
        left_out: list[str] = []
        try:
            found.append(write(model, strict=False, left_out=left_out))
        except ModelError as error:
            left_out.append(error.message)
        assert all(sentence.endswith(".") for sentence in left_out)
    return found


@settings(max_examples=300)
@given(st.one_of(spoiled_texts(), spoiled_attributes(), spoiled_objects()))
def test_whatever_is_read_is_written(document: str) -> None:
    model = outcome(document, strict=False)
    if isinstance(model, Model):
        for again in written(model):
            outcome(again, strict=False)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\ufffe", "\x0b"])
def test_characters_that_xml_cannot_hold(text: str) -> None:
    """JSON can say them all but halves of pairs; XML says which element has one."""
    builder = ModelBuilder("N")
    builder.complex("T", properties={})
    builder.annotate("T", "X.A", text)
    model = builder.build()
    for write in (write_xml_v3, write_xml_v4):
        with pytest.raises(ModelError, match=r"Schema N, ComplexType T, .*: It has a character that XML cannot hold\."):
            write(model)
    if text == "\ud800":
        with pytest.raises(ModelError, match="half of a surrogate pair"):
            write_json(model)
    else:
        assert read_csdl(write_json(model)).annotations == model.annotations


def test_json_is_bounded() -> None:
    """Depth and number of values, as depth and number of elements in XML."""
    deep = "[" * 150 + "]" * 150
    with pytest.raises(ModelError, match="nested more than 100 deep"):
        read_csdl('{"$Version": "4.01", "N": {"@X.A": ' + deep + "}}")
    many = ", ".join(["1"] * 500_001)
    with pytest.raises(ModelError, match="more than 500000 values"):
        read_csdl('{"$Version": "4.01", "N": {"@X.A": [' + many + "]}}")
