# What stands around a service: proxies, pages of other origins, tokens against forgery, answers that come later.

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_core.service.asynchrony import Asynchronous, read_wish
from odata_core.service.browsers import Cors, CsrfTokens
from odata_core.service.messages import Handler
from odata_core.service.mounting import Mounted
from odata_core.service.proxies import Forwarded, PublicRoot, forwarded
from odata_core.service.refusal import answer
from odata_core.service.security import BadSetting
from odata_memory import MemoryBackend

ROOT = "http://inside:8000/app/"


def service(page_size: int | None = None) -> Service:
    shop = ModelBuilder("Shop")
    shop.entity("Product", key="ID", properties={"ID": prop("Int32", generated=True), "Name": "String"})
    shop.entity_set("Products", "Product")
    model = shop.build()
    rows = [{"ID": n, "Name": f"n{n}"} for n in (1, 2, 3)]
    return Service(model, MemoryBackend(model, {"Products": rows}), page_size=page_size)


def send(handler: Handler, method: str, path: str, body: Any = None, *, remote: str = "", **headers: str) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return handler.handle(Request(method, ROOT, path, query, Headers(named), content, remote))


JSON = {"Content_Type": "application/json"}


def every_url(handler: Handler, **more: str) -> list[str]:
    """The base of every URL that a service writes: Location, context, id, next link, and those of a batch."""
    told: dict[str, Any] = dict(more)
    made = send(
        handler, "POST", "Products", {"Name": "new"}, Accept="application/json;odata.metadata=full", **JSON, **told
    )
    assert made.status == 201
    entity = json.loads(made.body)
    page = json.loads(send(handler, "GET", "Products", **told).body)
    batch = {
        "requests": [
            {
                "id": "1",
                "method": "POST",
                "url": "Products",
                "headers": {"content-type": "application/json"},
                "body": {"Name": "b"},
            }
        ]
    }
    (inner,) = json.loads(send(handler, "POST", "$batch", batch, **JSON, **told).body)["responses"]
    headers = {name.lower(): value for name, value in inner["headers"].items()}
    return [
        (made.header("Location") or "").partition("Products")[0],
        entity["@odata.context"].partition("$metadata")[0],
        entity["@odata.id"].partition("Products")[0],
        page["@odata.nextLink"].partition("Products")[0],
        headers["location"].partition("Products")[0],
        inner["body"]["@odata.context"].partition("$metadata")[0],
    ]


@pytest.mark.parametrize(
    ("root", "shown"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://example.org:8443/o%20data/v4", "https://example.org:8443/o%20data/v4/"),
    ],
)
def test_a_public_root_is_everywhere(root: str, shown: str) -> None:
    assert every_url(PublicRoot(service(2), root)) == [shown] * 6


@pytest.mark.parametrize("root", ["example.org", "ftp://example.org/", "http:///x", "https://a/?x=1", "https://a b/"])
def test_a_public_root_is_a_url(root: str) -> None:
    with pytest.raises(BadSetting):
        PublicRoot(service(), root)


PROXIED = [
    ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "shop.example"}, "https://shop.example/app/"),
    ({"X_Forwarded_Prefix": "/o/data/"}, "http://inside:8000/o/data/app/"),
    ({"X_Forwarded_Host": "far.example:81, near.example"}, "http://far.example:81/app/"),
    (
        {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "a.example:80", "X_Forwarded_Port": "443"},
        "https://a.example/app/",
    ),
    ({"X_Forwarded_Port": "8443"}, "http://inside:8443/app/"),
    ({"Forwarded": 'for=1.2.3.4;proto=https;host="shop.example:444"'}, "https://shop.example:444/app/"),
    ({"Forwarded": 'host=far.example;for="[::1]:9", host=near.example'}, "http://far.example/app/"),
    ({"Forwarded": "proto=https", "X_Forwarded_Host": "mixed.example"}, "https://inside:8000/app/"),
    ({}, "http://inside:8000/app/"),
]


@pytest.mark.parametrize(("headers", "shown"), PROXIED)
def test_trusted_proxies_say_how_they_were_called(headers: dict[str, str], shown: str) -> None:
    handler = Forwarded(service(2), ["10.0.0.0/8"])
    assert every_url(handler, remote="10.1.2.3", **headers) == [shown] * 6
    assert every_url(handler, remote="192.168.0.1", **headers) == [ROOT] * 6


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_Proto": "javascript"},
        {"X_Forwarded_Host": "a/b"},
        {"X_Forwarded_Host": "a@b"},
        {"Forwarded": 'host="a b"'},
        {"X_Forwarded_Port": "x"},
    ],
)
def test_what_a_proxy_cannot_mean(headers: dict[str, str]) -> None:
    told: dict[str, Any] = dict(headers)
    assert send(Forwarded(service(), ["10.0.0.1"]), "GET", "Products", remote="10.0.0.1", **told).status == 400


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", {"for": "192.0.2.60", "proto": "http"}),
        ('For="[2001:db8:cafe::17]:4711"', {"for": "2001:db8:cafe::17"}),
        ("for=192.0.2.43, for=198.51.100.17", {"for": "192.0.2.43"}),
        ('for="a,b";host=c', {"for": "a,b", "host": "c"}),
    ],
)
def test_forwarded(header: str, found: dict[str, str]) -> None:
    assert forwarded(Headers({"Forwarded": header})) == found


def test_the_user_behind_a_proxy_is_the_remote() -> None:
    seen: list[str] = []

    class Inner:
        max_body = 100

        def handle(self, request: Request) -> Response:
            seen.append(request.remote)
            return Response(204)

    send(Forwarded(Inner(), ["::1"]), "GET", "x", remote="::1", X_Forwarded_For="6.6.6.6, 1.2.3.4")
    assert seen == ["6.6.6.6"]


# ------------------------------------------------------------------ pages of other origins

PAGE = "https://page.example"


def test_a_page_may_ask_first() -> None:
    answer = send(
        Cors(service(), [PAGE]), "OPTIONS", "Products", Origin=PAGE,
        Access_Control_Request_Method="PATCH", Access_Control_Request_Headers="content-type, if-match",
    )  # fmt: skip
    assert (answer.status, dict(answer.headers)) == (
        204,
        {
            "Access-Control-Allow-Origin": PAGE,
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, MERGE, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "content-type, if-match",
            "Access-Control-Max-Age": "600",
            "Vary": "Origin, Access-Control-Request-Headers",
        },
    )


def test_a_page_reads_the_answer_and_errors() -> None:
    handler = Cors(service(), [PAGE], credentials=True)
    for path, status in (("Products", 200), ("Nothing", 404)):
        answer = send(handler, "GET", path, Origin=PAGE)
        assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (status, PAGE)
        assert answer.header("Access-Control-Allow-Credentials") == "true"
        assert "ETag" in (answer.header("Access-Control-Expose-Headers") or "")
        others = "Accept, OData-MaxVersion, MaxDataServiceVersion, " if status == 200 else ""
        assert answer.header("Vary") == f"{others}Origin"


def test_other_pages_are_told_nothing() -> None:
    answer = send(Cors(service(), [PAGE]), "GET", "Products", Origin="https://other.example")
    assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
    asked = send(
        Cors(service(), [PAGE]), "OPTIONS", "Products", Origin="https://other.example",
        Access_Control_Request_Method="PATCH",
    )  # fmt: skip
    assert asked.header("Access-Control-Allow-Origin") is None
    anyone = send(Cors(service(), ["*"]), "GET", "Products", Origin="https://other.example")
    assert anyone.header("Access-Control-Allow-Origin") == "*"


def test_settings_of_origins() -> None:
    with pytest.raises(BadSetting):
        Cors(service(), ["https://a/path"])
    with pytest.raises(BadSetting):
        Cors(service(), ["*"], credentials=True)


# ------------------------------------------------------------------ tokens against forgery


class Breaking:
    """A handler that fails."""

    max_body = 1_000

    def handle(self, request: Request) -> Response:
        raise RuntimeError("secret")


NEEDS_TOKEN = "A write needs the header X-CSRF-Token: fetch one with a GET."
FAILED = "The service failed. Its log tells why."


@pytest.mark.parametrize(
    ("handle", "status", "message"),
    [
        (CsrfTokens(service()).handle, 403, NEEDS_TOKEN),
        (lambda request: answer(Breaking(), request), 500, FAILED),
    ],
)
@pytest.mark.parametrize("name", ["OData-Version", "OData-MaxVersion", "DataServiceVersion", "Accept"])
def test_a_refusal_is_in_the_form_of_the_version_that_the_request_names(
    handle: Callable[[Request], Response], status: int, message: str, name: str
) -> None:
    answered = handle(Request("POST", ROOT, "Products", "", Headers({name: "4.0"}), b"{}"))
    content = json.loads(answered.body)
    if name.startswith("OData-"):
        told: Any = {"error": {"code": str(status), "message": message}}
    else:
        told = {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}}
    assert (answered.status, content) == (status, told)
    assert answered.header("OData-Version") == ("4.0" if name.startswith("OData-") else None)


def test_the_dance_of_tokens() -> None:
    handler = CsrfTokens(service())
    refused = send(handler, "POST", "Products", {"Name": "x"}, **JSON)
    assert (refused.status, refused.header("X-CSRF-Token")) == (403, "Required")
    fetched = send(handler, "GET", "Products", X_CSRF_Token="Fetch")
    token, cookie = fetched.header("X-CSRF-Token") or "", (fetched.header("Set-Cookie") or "").partition(";")[0]
    assert "HttpOnly; SameSite=Lax" in (fetched.header("Set-Cookie") or "")
    assert send(handler, "POST", "Products", {"Name": "x"}, Cookie=cookie, X_CSRF_Token=token, **JSON).status == 201
    assert send(handler, "POST", "Products", {"Name": "x"}, X_CSRF_Token=token, **JSON).status == 403
    assert send(handler, "POST", "Products", {"Name": "x"}, Cookie=cookie, **JSON).status == 403
    other = send(handler, "GET", "Products", X_CSRF_Token="fetch").header("X-CSRF-Token") or ""
    assert send(handler, "DELETE", "Products(1)", Cookie=cookie, X_CSRF_Token=other).status == 403
    again = send(handler, "GET", "Products", X_CSRF_Token="Fetch", Cookie=cookie)
    assert (again.header("X-CSRF-Token"), again.header("Set-Cookie")) == (token, None)
    assert send(handler, "GET", "Products").header("X-CSRF-Token") is None


# ------------------------------------------------------------------ answers that come later


class Slow:
    """A handler that waits until it is let go."""

    def __init__(self, inner: Handler) -> None:
        self.inner = inner
        self.go = threading.Event()

    @property
    def max_body(self) -> int:
        return self.inner.max_body

    def handle(self, request: Request) -> Response:
        assert self.go.wait(10)
        return self.inner.handle(request)


@pytest.fixture
def slow() -> Any:
    found = Slow(service())
    handler = Asynchronous(found, workers=2, most=3)
    yield found, handler
    found.go.set()
    handler.close()


def finished(handler: Handler, url: str, **headers: str) -> Response:
    """The answer of a monitor, once it has one."""
    told: dict[str, Any] = dict(headers)
    for _ in range(2_000):
        answer = send(handler, "GET", url.removeprefix(ROOT), **told)
        if answer.status != 202:
            return answer
        threading.Event().wait(0.005)
    raise AssertionError("It does not end.")


def test_an_answer_comes_later(slow: tuple[Slow, Asynchronous]) -> None:
    inner, handler = slow
    first = send(handler, "POST", "Products", {"Name": "late"}, Prefer="respond-async", **JSON)
    url = first.header("Location") or ""
    assert (first.status, first.body, first.header("Preference-Applied")) == (202, b"", "respond-async")
    assert first.header("OData-Version") == "4.01"
    waiting = send(handler, "GET", url.removeprefix(ROOT))
    assert (waiting.status, waiting.header("Location"), waiting.header("Retry-After")) == (202, url, "1")
    inner.go.set()
    answer = finished(handler, url)
    assert (answer.status, answer.header("AsyncResult"), answer.header("Location")) == (
        200,
        "201",
        ROOT + "Products(4)",
    )
    assert json.loads(answer.body)["Name"] == "late"


@pytest.mark.parametrize("headers", [{"Accept": "application/http"}, {"OData_MaxVersion": "4.0"}])
def test_an_answer_as_a_message(slow: tuple[Slow, Asynchronous], headers: dict[str, str]) -> None:
    inner, handler = slow
    first = send(handler, "GET", "Products(1)/Name/$value", Prefer="respond-async,wait=0")
    inner.go.set()
    answer = finished(handler, first.header("Location") or "", **headers)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/http")
    assert answer.header("OData-Version") == headers.get("OData_MaxVersion", "4.01")
    head, _, body = answer.body.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"n1")
    assert b"Content-Length: 2" in head.split(b"\r\n")


def test_who_waits_may_get_it_at_once(slow: tuple[Slow, Asynchronous]) -> None:
    inner, handler = slow
    inner.go.set()
    answer = send(handler, "GET", "Products(1)/Name/$value", Prefer="respond-async, wait=20")
    assert (answer.status, answer.body) == (200, b"n1")


def test_a_request_is_cancelled(slow: tuple[Slow, Asynchronous]) -> None:
    _inner, handler = slow
    urls = [
        (send(handler, "DELETE", f"Products({n})", Prefer="respond-async").header("Location") or "").removeprefix(ROOT)
        for n in (1, 2, 3)
    ]
    assert send(handler, "DELETE", urls[2]).status == 204
    assert send(handler, "GET", urls[2]).status == 404
    assert send(handler, "POST", urls[0]).status == 405
    _inner.go.set()
    assert finished(handler, ROOT + urls[0]).header("AsyncResult") == "204"
    assert finished(handler, ROOT + urls[1]).header("AsyncResult") == "204"
    assert send(handler.handler, "GET", "Products/$count").body == b"1"


def test_too_many_are_answered_as_ever(slow: tuple[Slow, Asynchronous]) -> None:
    inner, handler = slow
    for _ in range(3):
        assert send(handler, "GET", "Products", Prefer="respond-async").status == 202
    inner.go.set()
    answer = send(handler, "GET", "Products/$count", Prefer="respond-async")
    assert (answer.status, answer.body) == (200, b"3")


@pytest.mark.parametrize(
    ("prefer", "wish"),
    [
        ("", None),
        ("return=minimal, wait=5", None),
        ("respond-async", 0.0),
        ("odata.respond-async; x=1, wait=5", 5.0),
        ("Respond-Async,wait=99999", 30.0),
        ("respond-async,wait=soon", 0.0),
    ],
)
def test_wishes(prefer: str, wish: float | None) -> None:
    assert read_wish(prefer) == wish


def test_a_wrapper_keeps_the_bound_of_bodies() -> None:
    inner = service()
    wrappers: list[Callable[[Handler], Handler]] = [
        lambda handler: PublicRoot(handler, "http://a/"),
        lambda handler: Forwarded(handler, ["::1"]),
        lambda handler: Cors(handler, ["*"]),
        CsrfTokens,
        Asynchronous,
        lambda handler: Mounted(handler, "x"),
    ]
    assert [wrap(inner).max_body for wrap in wrappers] == [inner.max_body] * len(wrappers)
    assert replace(inner.limits).body_bytes == inner.max_body
