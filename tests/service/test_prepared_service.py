# A service that keeps the meaning of queries by their shape answers as one that finds it out each time.

from __future__ import annotations

import gc
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.protocol import ODATA_3
from odata_core.service import Headers, Request, Service
from odata_memory import MemoryBackend
from tests.service.test_service import MODEL, ROWS

BACKEND = MemoryBackend(MODEL, ROWS)
SAFE = "/'()=,:@!$&*+;"  # what a URL may hold as it is: a path with nothing else is its own decoded form
KEEPING = Service(MODEL, BACKEND, profile=ODATA_3, prepared=8)
FORGETTING = Service(MODEL, BACKEND, profile=ODATA_3, prepared=0)

KEEPING_4 = Service(MODEL, BACKEND, prepared=8)
FORGETTING_4 = Service(MODEL, BACKEND, prepared=0)
SEGMENTS = ("Products/", "Makers/")

NUMBERS = st.sampled_from(
    ["0", "1", "2", "3", "-1", "2L", "2.5M", "2.50", "1e1", "9007199254740993", "2147483648", "x", "'1'"]
)
TEXTS = st.sampled_from(
    [
        "'a/b'",
        "'<'",
        "'#'",
        "'%2F'",
        "'Milk'",
        "'Salt'",
        "''",
        "'it''s'",
        "'$top'",
        "null",
        "5",
        "datetime'2020-01-01T00:00:00'",
    ]
)
TEMPLATES = (
    ("Products", "$filter=ID eq {n}"),
    ("Products", "$filter=Price gt {n} or Stock lt {n}&$orderby=ID add {n} desc,Name"),
    ("Products", "$filter=Name eq {t} and not startswith(Name,{t})"),
    ("Products", "$filter=Tags/any(t:t eq {t}) or Maker/ID eq {n}&$select=ID,Name"),
    ("Products", "$filter=substring(Name,{n}) ne {t}&$top={n}&$skip={n}&x={t}"),
    ("Products/$count", "$filter=ID gt {n}"),
    ("Makers({n})/Products", "$filter=ID gt {n}&$inlinecount=allpages"),
    ("Products", "$top={n}&$top={n}"),
    ("Products({n})", ""),
    ("Products({n})", "$select=Name"),
    ("Products(ID={n})/Maker/Name/$value", ""),
    ("Products({t})", ""),
    ("Labels(Text={t},Number=7)", ""),
    ("Labels(Text={t},Number={n})/Number", ""),
    ("Makers({n})/Products({n})", ""),
    ("Makers({n})//Products({n})", ""),
    ("/Products({n})", ""),
    ("Products({n})/", ""),
    ("Products/{n}", ""),
    ("Makers/{n}/Products/{n}/Name", ""),
    ("Products({n})", "ID={n}"),
)


@st.composite
def urls(draw: Any) -> tuple[str, str]:
    path, query = draw(st.sampled_from(TEMPLATES))

    def filled(text: str) -> str:
        while "{" in text:
            text = text.replace("{n}", draw(NUMBERS), 1).replace("{t}", draw(TEXTS), 1)
        return text

    name_values = [part.partition("=") for part in filled(query).split("&")]
    quoted = quote(filled(path), draw(st.sampled_from([SAFE, "/", SAFE + "<#"])))
    return quoted, "&".join(f"{name}={quote(value)}" for name, _, value in name_values)


@given(st.lists(urls(), min_size=1, max_size=12))
def test_answers_are_the_same(requests: list[tuple[str, str]]) -> None:
    for path, query in requests:
        headers = Headers({"DataServiceUrlConventions": "KeyAsSegment"} if path.startswith(SEGMENTS) else {})
        request = Request("GET", "http://localhost/", path, query, headers)
        assert KEEPING.handle(request) == FORGETTING.handle(request)


@given(st.lists(urls(), min_size=1, max_size=12))
def test_answers_of_version_4_are_the_same(requests: list[tuple[str, str]]) -> None:
    for path, query in requests:
        headers = Headers({"OData-MaxVersion": "4.01"})
        request = Request("GET", "http://localhost/", path, query.replace("$inlinecount=allpages", ""), headers)
        assert KEEPING_4.handle(request) == FORGETTING_4.handle(request)


@pytest.mark.parametrize("other", ["'a/b'", "'a<b'", "'a%2Fb'", "'a''b'", "'a%23b'", "''", "'a#b'", "'a'/'b'"])
def test_paths_that_only_look_alike(other: str) -> None:
    for keeping, forgetting in ((KEEPING, FORGETTING), (KEEPING_4, FORGETTING_4)):
        for text in ("'a'", other):
            request = Request("GET", "http://localhost/", f"Labels(Text={text},Number=7)/Text", "", Headers())
            assert keeping.handle(request) == forgetting.handle(request)


def test_a_known_path_is_not_bound_again() -> None:
    service = Service(MODEL, BACKEND, prepared=8)
    found = [
        service.handle(Request("GET", "http://localhost/", f"Products({number})/Name/$value", "", Headers())).body
        for number in (1, 2, 3)
    ]
    assert found == ['Tea & "é"'.encode(), b"Milk", b"Salt"]
    assert len(service._settler._meanings) == 1


def test_a_known_shape_is_not_bound_again() -> None:
    service = Service(MODEL, BACKEND, profile=ODATA_3, prepared=8)
    for number in range(20):
        request = Request(
            "GET", "http://localhost/", "Products", f"$filter=ID%20eq%20{number}%20or%20Name%20eq%20'{number}'"
        )
        assert service.handle(request).status == 200
    assert len(service._settler._meanings) == 1


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "Products(1)", "", b""),
        ("GET", "Products", "$filter=ID%20gt%201&$orderby=Name&$count=true", b""),
        ("GET", "Products", "$expand=Maker", b""),
        ("GET", "$crossjoin(Products,Makers)", "$top=1", b""),
        ("PATCH", "Products(2)", "", b'{"Name": "Milk"}'),
        ("POST", "$batch", "", b'{"requests": [{"id": "1", "method": "GET", "url": "Products(1)"}]}'),
        ("GET", "Products(99)", "", b""),
    ],
)
def test_a_request_leaves_nothing_to_the_garbage_collector(method: str, path: str, query: str, body: bytes) -> None:
    """Nothing that a request makes refers to itself: it is gone at once, and no pause looks through all rows."""
    headers = Headers({"OData-MaxVersion": "4.01", "Content-Type": "application/json"})
    service = Service(MODEL, MemoryBackend(MODEL, ROWS))
    found: list[tuple[int, bool]] = []
    for _ in range(2):  # what is kept is made the first time
        gc.collect()
        gc.disable()
        try:
            response = service.handle(Request(method, "http://localhost/", path, query, headers, body))
            is_expected = response.status in (200, 204, 404)
            del response
            found.append((gc.collect(), is_expected))
        finally:
            gc.enable()
    assert found[1] == (0, True)
