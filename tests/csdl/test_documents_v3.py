# Documents of versions 1 to 3 -> model -> document: everything comes back, names of associations and foreign attributes
# (m:, sap: and others) among it.

from __future__ import annotations

from pathlib import Path

import pytest

from odata_core.csdl import read_csdl, write_xml_v3
from tests.csdl.described import described, said
from tests.csdl.test_corpora import DOCUMENTS, REFERENCES, REFUSED, name_of, read
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
