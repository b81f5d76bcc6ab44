# Headers of requests and answers of version 4 (4.01 Part 1, 8): what is told, what is minded, what is refused.

from __future__ import annotations

import json

import pytest

from odata_core.edm import ModelBuilder
from odata_core.service import Handler, Headers, Request, Service
from odata_memory import MemoryBackend
from tests.service.market import market, send

__all__ = ["market"]

MINIMAL = "application/json;odata.metadata=minimal"


@pytest.mark.parametrize(
    ("path", "accept", "told"),
    [
        # 8.2.1: nothing that the client did not ask for, above all no charset.
        ("Products", None, MINIMAL),
        ("Products", "application/json", MINIMAL),
        ("Products", "*/*", MINIMAL),
        ("", "application/json", MINIMAL),
        ("Products", "application/json;metadata=none", "application/json;odata.metadata=none"),
        ("Products", "application/json;IEEE754Compatible=true", f"{MINIMAL};IEEE754Compatible=true"),
        ("Products", "application/json;charset=utf-8", f"{MINIMAL};charset=utf-8"),
        ("Products", "application/json;odata.streaming=true", f"{MINIMAL};odata.streaming=true"),
        ("Products", "application/json;streaming=false;ExponentialDecimals=true", MINIMAL),
        ("$metadata", None, "application/xml"),
        ("$metadata?$format=json", None, "application/json"),
        # Parameters that nobody knows are no format of this service.
        ("Products", "application/json;odata=verbose,*/*;q=0.1", MINIMAL),
        (
            "Products?$format=application/json;odata.metadata=full",
            "application/xml",
            "application/json;odata.metadata=full",
        ),
    ],
)
def test_formats(market: Handler, path: str, accept: str | None, told: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = send(market, "GET", path, **headers)
    assert (answer.status, answer.header("Content-Type")) == (200, told)


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("Products", "application/json;version=1"),
        ("Products", "application/json;odata.metadata=some"),
        ("Products", "application/json;x=y"),
        ("Products?$format=application/json;x=y", "application/json"),
        ("$metadata", "application/xml;x=y"),
    ],
)
def test_formats_that_are_none(market: Handler, path: str, accept: str) -> None:
    answer = send(market, "GET", path, Accept=accept)
    assert (answer.status, answer.header("Content-Type")) == (406, MINIMAL)


@pytest.mark.parametrize("name", ["Isolation", "OData_Isolation"])
def test_isolation_is_refused(market: Handler, name: str) -> None:
    """8.2.6: who keeps no snapshots does not process the request."""
    assert send(market, "GET", "Products", **{name: "snapshot"}).status == 412
    assert send(market, "DELETE", "Products(1)", **{name: "snapshot"}).status == 412
    assert send(market, "GET", "Products(1)").status == 200


def test_reads_on_condition(market: Handler) -> None:
    """8.2.4: a request with If-Match is only processed if that is the current ETag, reads too."""
    etag = str(send(market, "GET", "Products(1)").header("ETag"))
    for value, status in ((etag, 200), ("*", 200), ('W/"old"', 412)):
        assert send(market, "GET", "Products(1)", If_Match=value).status == status
    assert send(market, "GET", "Products(1)", If_Match=etag, If_None_Match=etag).status == 304


def test_caches(market: Handler) -> None:
    """8.3.8: an answer names the headers that it depends on."""
    varies = "Accept, OData-MaxVersion, MaxDataServiceVersion"
    assert send(market, "GET", "Products").header("Vary") == varies
    assert send(market, "GET", "$metadata").header("Vary") == varies
    assert send(market, "GET", "Products(1)", Prefer="omit-values=nulls").header("Vary") == f"{varies}, Prefer"
    etag = str(send(market, "GET", "Products(1)").header("ETag"))
    assert send(market, "GET", "Products(1)", If_None_Match=etag).header("Vary") == varies
    assert send(market, "PATCH", "Products(1)", {"Name": "n"}).header("Vary") is None
    assert json.loads(send(market, "GET", "Products(1)/Name").body)["value"] == "n"


def test_a_version_without_words_for_the_model_is_not_acceptable() -> None:
    """Part 1, 8.2.1: dates by themselves came with version 4, so no older metadata document can tell them."""
    model = ModelBuilder("Shop")
    model.entity("Day", key="On", properties={"On": "Date"})
    model.entity_set("Days", "Day")
    built = model.build()
    service = Service(built, MemoryBackend(built, {}))
    for headers in ({"Accept": "application/atom+xml"}, {"MaxDataServiceVersion": "3.0", "Accept": "application/xml"}):
        answer = service.handle(Request("GET", "http://h/", "$metadata", "", Headers(headers)))
        assert answer.status == 406
        assert b"the type Edm.Date came with v4" in answer.body
