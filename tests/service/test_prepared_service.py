# A service that keeps the meaning of queries by their shape answers as one that finds it out each time.

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from odata_core.protocol import ODATA_3
from odata_core.service import Headers, Request, Service
from odata_memory import MemoryBackend
from tests.service.test_service import MODEL, ROWS

BACKEND = MemoryBackend(MODEL, ROWS)
KEEPING = Service(MODEL, BACKEND, profile=ODATA_3, prepared=8)
FORGETTING = Service(MODEL, BACKEND, profile=ODATA_3, prepared=0)

NUMBERS = st.sampled_from(
    ["0", "1", "2", "3", "-1", "2L", "2.5M", "2.50", "1e1", "9007199254740993", "2147483648", "x", "'1'"]
)
TEXTS = st.sampled_from(["'Milk'", "'Salt'", "''", "'it''s'", "'$top'", "null", "5", "datetime'2020-01-01T00:00:00'"])
TEMPLATES = (
    ("Products", "$filter=ID eq {n}"),
    ("Products", "$filter=Price gt {n} or Stock lt {n}&$orderby=ID add {n} desc,Name"),
    ("Products", "$filter=Name eq {t} and not startswith(Name,{t})"),
    ("Products", "$filter=Tags/any(t:t eq {t}) or Maker/ID eq {n}&$select=ID,Name"),
    ("Products", "$filter=substring(Name,{n}) ne {t}&$top={n}&$skip={n}&x={t}"),
    ("Products/$count", "$filter=ID gt {n}"),
    ("Makers({n})/Products", "$filter=ID gt {n}&$inlinecount=allpages"),
    ("Products", "$top={n}&$top={n}"),
)


@st.composite
def urls(draw: Any) -> tuple[str, str]:
    path, query = draw(st.sampled_from(TEMPLATES))

    def filled(text: str) -> str:
        while "{" in text:
            text = text.replace("{n}", draw(NUMBERS), 1).replace("{t}", draw(TEXTS), 1)
        return text

    name_values = [part.partition("=") for part in filled(query).split("&")]
    return quote(filled(path)), "&".join(f"{name}={quote(value)}" for name, _, value in name_values)


@given(st.lists(urls(), min_size=1, max_size=12))
def test_answers_are_the_same(requests: list[tuple[str, str]]) -> None:
    for path, query in requests:
        request = Request("GET", "http://localhost/", path, query, Headers())
        assert KEEPING.handle(request) == FORGETTING.handle(request)


def test_a_known_shape_is_not_bound_again() -> None:
    service = Service(MODEL, BACKEND, profile=ODATA_3, prepared=8)
    for number in range(20):
        request = Request(
            "GET", "http://localhost/", "Products", f"$filter=ID%20eq%20{number}%20or%20Name%20eq%20'{number}'"
        )
        assert service.handle(request).status == 200
    assert len(service._settler._options.prepared) == 1
