# The ASGI adapter: scope -> Request as a table, without a server. tests/test_cli.py runs it in granian.

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest

from odata_core.asgi import AsgiApp, Message
from odata_core.service.messages import Request, Response
from tests.test_wsgi import InPieces
from tests.toy import LIMIT, Echo

HOST = [(b"host", b"h")]
TOO_LARGE = f"The body is larger than the {LIMIT} bytes that this service accepts."


def exchange(app: AsgiApp, scope: Mapping[str, Any], messages: Iterable[Message] = ()) -> list[Message]:
    """What the application sends for one scope; it must not ask for more messages than there are."""
    given = iter(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(given)

    async def send(message: Message) -> None:
        sent.append(message)

    http = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": HOST}
    asyncio.run(app({**http, **scope}, receive, send))
    return sent


def call(scope: Mapping[str, Any], *messages: Message) -> tuple[int, dict[bytes, bytes], Any]:
    """Status, headers and decoded body."""
    start, body = exchange(AsgiApp(Echo()), scope, messages)
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    return start["status"], dict(start["headers"]), msgspec.json.decode(body["body"]) if body["body"] else None


def part(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def error_body(message: str) -> dict[str, Any]:
    return {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}}


PATHS = [
    # raw_path, path, root_path -> root, path
    (b"/a%2Fb", "/a/b", "", "http://h/", "a%2Fb"),
    (b"/m/a%2Fb", "/m/a/b", "/m", "http://h/m/", "a%2Fb"),
    (b"/%6D/a%2Fb", "/m/a/b", "/m", "http://h/m/", "a%2Fb"),
    (b"/a%2Fb", "/a/b", "/m", "http://h/m/", "a%2Fb"),
    (b"/mn/a", "/mn/a", "/m", "http://h/m/", "mn/a"),
    (b"/m", "/m", "/m", "http://h/m/", ""),
    (b"/%C3%A9/x", "/é/x", "/é", "http://h/%C3%A9/", "x"),
    (b"/\xc3\xa9", "/é", "", "http://h/", "%C3%A9"),
    (b"/%25%27'+", "/%''+", "", "http://h/", "%25%27'+"),
    (b"http://proxy/a", "/a", "", "http://h/", "a"),
    (None, "/a/b é%", "", "http://h/", "a/b%20%C3%A9%25"),
]


@pytest.mark.parametrize(("raw_path", "decoded", "root_path", "root", "path"), PATHS)
def test_path(raw_path: bytes | None, decoded: str, root_path: str, root: str, path: str) -> None:
    _, _, told = call({"raw_path": raw_path, "path": decoded, "root_path": root_path})
    assert (told["root"], told["path"]) == (root, path)


def test_query_and_headers_and_scheme() -> None:
    headers = [*HOST, (b"x-name", b"a"), (b"X-Name", b"\xe9")]
    _, _, told = call({"query_string": b"a=%26+\xe9", "headers": headers, "scheme": "https"})
    assert told == {
        "method": "GET",
        "root": "https://h/",
        "path": "",
        "query": "a=%26+%E9",
        "x-name": "a, é",
        "body": "",
    }


@pytest.mark.parametrize(
    ("server", "root"),
    [(("::1", 81), "http://[::1]:81/"), (("me", 81), "http://me:81/"), (None, "http://localhost/")],
)
def test_no_host(server: Any, root: str) -> None:
    assert call({"headers": [(b"host", b"")], "server": server})[2]["root"] == root


@pytest.mark.parametrize("headers", [[(b"host", b"a/b")], [(b"host", b"a"), (b"host", b"b")]])
def test_bad_host(headers: list[tuple[bytes, bytes]]) -> None:
    message = "The Host header is not a host name or address with an optional port."
    assert call({"headers": headers})[::2] == (400, error_body(message))


def sized(length: bytes) -> dict[str, Any]:
    return {"method": "POST", "headers": [*HOST, (b"content-length", length)]}


CHUNKED = {"method": "POST", "headers": [*HOST, (b"transfer-encoding", b"chunked")]}
BODIES = [
    # scope, messages -> body
    ({}, [], ""),
    ({"http_version": "2"}, [part(b"abc")], "abc"),
    (sized(b"3"), [part(b"abc")], "abc"),
    (sized(b"3"), [part(b"a", True), part(b"bc", True), part(b"")], "abc"),
    (CHUNKED, [part(b"a", True), part(b"bc")], "abc"),
    (CHUNKED, [part(b"x" * LIMIT)], "x" * LIMIT),
    (CHUNKED, [{"type": "http.request"}], ""),
]


@pytest.mark.parametrize(("scope", "messages", "body"), BODIES)
def test_body(scope: dict[str, Any], messages: list[Message], body: str) -> None:
    status, _, told = call(scope, *messages)
    assert (status, told["body"]) == (200, body)


CUT = "The body could not be read to its end."
REFUSED = [
    (sized(str(LIMIT + 1).encode()), [], 413, TOO_LARGE),
    (CHUNKED, [part(b"x" * LIMIT, True), part(b"x", True)], 413, TOO_LARGE),
    (sized(b"x"), [], 400, "The Content-Length header is not a number."),
    (sized(b"4"), [part(b"abc")], 400, "The body ended after 3 of 4 bytes."),
    (sized(b"4"), [part(b"abc", True), {"type": "http.disconnect"}], 400, CUT),
    (CHUNKED, [part(b"abc", True), {"type": "http.disconnect"}], 400, CUT),
]


@pytest.mark.parametrize(("scope", "messages", "status", "message"), REFUSED)
def test_refused_body(scope: dict[str, Any], messages: list[Message], status: int, message: str) -> None:
    assert call(scope, *messages)[::2] == (status, error_body(message))


def test_head_has_the_length_of_get() -> None:
    get_length = int(call({})[1][b"content-length"])
    # The echo tells the method, and HEAD is a letter longer than GET.
    expected = {b"content-type": b"application/json", b"content-length": str(get_length + 1).encode()}
    assert call({"method": "HEAD"}) == (200, expected, None)


def test_no_content_has_no_length() -> None:
    assert call({"raw_path": b"/nothing"}) == (204, {b"odata-version": b"4.0"}, None)


@pytest.mark.parametrize("path", [b"/raise", b"/bad-header"])
def test_failure_is_not_told(path: bytes) -> None:
    assert call({"raw_path": path})[::2] == (500, error_body("The service failed. Its log tells why."))


def test_lifespan_ends_the_threads() -> None:
    app = AsgiApp(Echo())
    call_in_thread = exchange(app, {})
    sent = exchange(app, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert call_in_thread[0]["status"] == 200
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    with pytest.raises(RuntimeError, match="after shutdown"):
        exchange(app, {})


def test_other_scopes_are_refused() -> None:
    with pytest.raises(ValueError, match="not 'websocket'"):
        exchange(AsgiApp(Echo()), {"type": "websocket"})


def test_at_most_so_many_threads_are_inside_the_handler() -> None:
    class Counting:
        max_body = LIMIT

        def __init__(self) -> None:
            self.inside = 0
            self.most = 0
            self.lock = threading.Lock()
            self.both = threading.Barrier(2, timeout=30)

        def handle(self, request: Request) -> Response:
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            self.both.wait()
            with self.lock:
                self.inside -= 1
            return Response(204)

    handler = Counting()
    app = AsgiApp(handler, threads=2)
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": HOST}

    async def receive() -> Message:
        return part(b"")

    async def send(message: Message) -> None:
        pass

    async def six() -> None:
        await asyncio.gather(*(app(dict(scope), receive, send) for _ in range(6)))

    asyncio.run(six())
    assert handler.most == 2


def test_a_body_in_pieces() -> None:
    messages = sent_by(AsgiApp(InPieces()), "/")
    assert messages == [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]},
        {"type": "http.response.body", "body": b"one ", "more_body": True},
        {"type": "http.response.body", "body": b"two ", "more_body": True},
        {"type": "http.response.body", "body": b"three", "more_body": True},
        {"type": "http.response.body", "body": b""},
    ]


def test_a_piece_that_fails_cuts_the_body_off() -> None:
    sent: list[Any] = []
    with pytest.raises(OSError, match="the store is gone"):
        sent_by(AsgiApp(InPieces()), "/fail", sent)
    assert [message.get("body") for message in sent] == [None, b"one ", b"two "]


def sent_by(application: AsgiApp, path: str, sent: list[Any] | None = None) -> list[Any]:
    """Every message that is sent, also where sending fails."""
    messages = [] if sent is None else sent

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"h")]}
    asyncio.run(application(scope, receive, send))
    return messages
