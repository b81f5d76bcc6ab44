# The WSGI adapter: environ -> Request as a table, and real servers that must deliver the raw path.

from __future__ import annotations

import http.client
import io
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import msgspec
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.test import Client

from odata_core.service.messages import Request, Response
from odata_core.wsgi import WsgiApp
from tests.processes import Server, running
from tests.toy import LIMIT, Echo


def call(environ: Mapping[str, Any], body: bytes = b"", *, watched: bool = True) -> tuple[str, dict[str, str], Any]:
    """Status line, headers and decoded body of one call; the standard library's validator watches both sides."""
    answered: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answered.update(status=status, headers=dict(headers))

    values = {"SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "wsgi.input": io.BytesIO(body), **environ}
    setup_testing_defaults(values)
    application: Any = validator(WsgiApp(Echo())) if watched else WsgiApp(Echo())
    answer = application(values, start_response)
    content = b"".join(answer)
    if watched:
        answer.close()
    return answered["status"], answered["headers"], msgspec.json.decode(content) if content else None


def error_body(message: str) -> dict[str, Any]:
    return {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}}


PATHS = [
    # REQUEST_URI, SCRIPT_NAME, PATH_INFO -> root, path
    ("/a%2Fb", "", "/a/b", "http://127.0.0.1/", "a%2Fb"),
    ("/a%252F?x=/y", "", "/a%2F", "http://127.0.0.1/", "a%252F"),
    ("/m/a%2Fb", "/m", "/a/b", "http://127.0.0.1/m/", "a%2Fb"),
    ("/%6D/a%2Fb", "/m", "/a/b", "http://127.0.0.1/m/", "a%2Fb"),
    ("/m%20n/x", "/m n", "/x", "http://127.0.0.1/m%20n/", "x"),
    ("/m", "/m", "", "http://127.0.0.1/m/", ""),
    ("/m/", "/m", "/", "http://127.0.0.1/m/", ""),
    ("/a%2Fb", "/m", "/a/b", "http://127.0.0.1/m/", "a%2Fb"),  # the server leaves out the mount point
    ("/old/a%2Fb", "", "/new/a/b", "http://127.0.0.1/", "new/a/b"),  # middleware rewrote PATH_INFO
    ("http://proxy:8080/a%2Fb?q", "", "/a/b", "http://127.0.0.1/", "a%2Fb"),
    ("HTTP://proxy", "", "/", "http://127.0.0.1/", ""),
    ("//a", "", "//a", "http://127.0.0.1/", "/a"),
    ("/\xc3\xa9", "", "/\xc3\xa9", "http://127.0.0.1/", "%C3%A9"),  # a client that does not encode
    ("/%ff%zz", "", "/\xff%zz", "http://127.0.0.1/", "%ff%zz"),
    (None, "", "/a/b c'+\xc3\xa9%", "http://127.0.0.1/", "a/b%20c'+%C3%A9%25"),
    (None, "/m", "/Things('a')", "http://127.0.0.1/m/", "Things('a')"),
]


@pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
@pytest.mark.parametrize(("target", "mount", "path_info", "root", "path"), PATHS)
def test_path(name: str, target: str | None, mount: str, path_info: str, root: str, path: str) -> None:
    given = {name: target} if target is not None else {}
    _, _, told = call({"SCRIPT_NAME": mount, "PATH_INFO": path_info, **given})
    assert (told["root"], told["path"]) == (root, path)


def test_query_stays_raw() -> None:
    assert call({"QUERY_STRING": "$filter=a+eq+'%26'&\xe9"})[2]["query"] == "$filter=a+eq+'%26'&%E9"


@pytest.mark.parametrize("host", ["h", "a-b.example:8080", "10.0.0.1", "[::1]:30005", "vm_1"])
def test_host(host: str) -> None:
    assert call({"HTTP_HOST": host, "wsgi.url_scheme": "https"})[2]["root"] == f"https://{host}/"


@pytest.mark.parametrize("host", ["a/b", "a b", "a@b", "h:port", "h, h", "[::1", 'a"b', "<a>", "h:123456", "é"])
def test_bad_host(host: str) -> None:
    status, _, told = call({"HTTP_HOST": host})
    assert status == "400 Bad Request"
    assert told == error_body("The Host header is not a host name or address with an optional port.")


def test_no_host() -> None:
    environ = {"HTTP_HOST": "", "SERVER_NAME": "me", "SERVER_PORT": "81"}
    assert call(environ)[2]["root"] == "http://me:81/"


BODIES = [
    # environ, what the stream holds -> status, body
    ({"CONTENT_LENGTH": "3"}, b"abcdef", "200 OK", "abc"),
    ({"CONTENT_LENGTH": ""}, b"", "200 OK", ""),
    ({}, b"abc", "200 OK", ""),
    ({"CONTENT_LENGTH": "0"}, b"", "200 OK", ""),
    ({"CONTENT_LENGTH": str(LIMIT)}, b"x" * LIMIT, "200 OK", "x" * LIMIT),
    ({"wsgi.input_terminated": True}, b"abc", "200 OK", "abc"),
    ({"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}, b"abc", "200 OK", "abc"),
    ({"wsgi.input_terminated": True}, b"x" * LIMIT, "200 OK", "x" * LIMIT),
]


@pytest.mark.parametrize(("environ", "stream", "status", "body"), BODIES)
def test_body(environ: dict[str, Any], stream: bytes, status: str, body: str) -> None:
    answered, _, told = call({"REQUEST_METHOD": "POST", **environ}, stream)
    assert (answered, told["body"]) == (status, body)


TOO_LARGE = f"The body is larger than the {LIMIT} bytes that this service accepts."
NOT_A_NUMBER = "The Content-Length header is not a number."
NO_LENGTH = "This server cannot read a body without a Content-Length header."
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
REFUSED = [
    ({"CONTENT_LENGTH": str(LIMIT + 1)}, b"", "413 Request Entity Too Large", TOO_LARGE),
    ({"CONTENT_LENGTH": "9" * 5000}, b"", "413 Request Entity Too Large", TOO_LARGE),
    ({"wsgi.input_terminated": True}, b"x" * (LIMIT + 1), "413 Request Entity Too Large", TOO_LARGE),
    ({"CONTENT_LENGTH": "4"}, b"abc", "400 Bad Request", "The body ended after 3 of 4 bytes."),
    ({"CONTENT_LENGTH": "+3"}, b"abc", "400 Bad Request", NOT_A_NUMBER),
    ({"CONTENT_LENGTH": "\xb2"}, b"abc", "400 Bad Request", NOT_A_NUMBER),
    (CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", "411 Length Required", NO_LENGTH),
    (CHUNKED | {"CONTENT_LENGTH": "3"}, b"3\r\nabc\r\n0\r\n\r\n", "411 Length Required", NO_LENGTH),
]


@pytest.mark.parametrize(("environ", "stream", "status", "message"), REFUSED)
def test_refused_body(environ: dict[str, Any], stream: bytes, status: str, message: str) -> None:
    answered, _, told = call({"REQUEST_METHOD": "POST", **environ}, stream, watched=False)
    assert answered.split()[0] == status.split()[0]
    assert told == error_body(message)


def test_broken_stream() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    environ = {"wsgi.input": Broken(), "CONTENT_LENGTH": "3"}
    assert call(environ)[2] == error_body("The body could not be read to its end.")


def test_head_has_the_length_of_get() -> None:
    status, headers, told = call({"REQUEST_METHOD": "HEAD", "PATH_INFO": "/a"})
    get_length = int(call({"REQUEST_METHOD": "GET", "PATH_INFO": "/a"})[1]["Content-Length"])
    assert (status, told) == ("200 OK", None)
    # The echo tells the method, and HEAD is a letter longer than GET.
    assert headers == {"Content-Type": "application/json", "Content-Length": str(get_length + 1)}


def test_no_content_has_no_length() -> None:
    assert call({"PATH_INFO": "/nothing"}) == ("204 No Content", {"OData-Version": "4.0"}, None)


def test_request_headers_reach_the_handler() -> None:
    assert call({"HTTP_X_NAME": "v"})[2]["x-name"] == "v"


@pytest.mark.parametrize("path", ["/raise", "/bad-header"])
def test_failure_is_logged_and_not_told(path: str, caplog: pytest.LogCaptureFixture) -> None:
    status, _, told = call({"PATH_INFO": path})
    assert (status, told) == ("500 Internal Server Error", error_body("The service failed. Its log tells why."))
    assert [(record.name, record.levelno, bool(record.exc_info)) for record in caplog.records] == [
        ("odata.service", logging.ERROR, True)
    ]


def test_error_that_escapes_keeps_its_status() -> None:
    assert call({"PATH_INFO": "/conflict"})[::2] == ("409 Conflict", error_body("The name is taken."))


def test_mounted_beside_another_application() -> None:
    def other(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    client = Client(DispatcherMiddleware(other, {"/m": WsgiApp(Echo())}))
    told = client.get("/m/a%2Fb").json
    assert told is not None
    assert (told["root"], told["path"]) == ("http://localhost/m/", "a%2Fb")


# Real servers ----------------------------------------------------------------------------------------------------

RAW = ["a%2Fb", "a%25b", "a'b", "a+b", "%C3%A9", "(x='1%2F2')"]


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = ["-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "2", "tests.toy:wsgi_app"]
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    with running(command, log, r"Listening at: http://[^:]+:(\d+)[\s\S]*Booting worker") as server:
        yield server


@pytest.mark.parametrize("path", RAW)
def test_gunicorn_keeps_the_raw_path(gunicorn: Server, path: str) -> None:
    status, told = gunicorn.get(f"/{path}?{path}")
    assert (status, told["path"], told["query"]) == (200, path, path)


def test_gunicorn_chunked_body(gunicorn: Server) -> None:
    status, told = gunicorn.get("/", "POST", iter([b"ab", b"c"]), Transfer_Encoding="chunked")
    assert (status, told["body"]) == (200, "abc")


def test_gunicorn_refuses_large_bodies(gunicorn: Server) -> None:
    assert gunicorn.get("/", "POST", b"x" * (LIMIT + 1)) == (413, error_body(TOO_LARGE))
    chunks = iter([b"x" * LIMIT, b"x"])
    assert gunicorn.get("/", "POST", chunks, Transfer_Encoding="chunked") == (413, error_body(TOO_LARGE))


@pytest.mark.parametrize("path", RAW)
def test_development_server_keeps_the_raw_path(path: str) -> None:
    server = make_server("127.0.0.1", 0, WsgiApp(Echo()))
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", f"/{path}")
        assert msgspec.json.decode(connection.getresponse().read())["path"] == path
        connection.close()
    finally:
        thread.join(30)
        server.server_close()


# ------------------------------------------------------------------ bodies in pieces


class InPieces:
    """Answers with a body in pieces; the last one fails where the path says so."""

    max_body = LIMIT

    def handle(self, request: Request) -> Response:
        return Response(200, (("Content-Type", "text/plain"),), b"one ", self._rest(request.path))

    def _rest(self, path: str) -> Iterator[bytes]:
        yield b"two "
        if path == "fail":
            raise OSError("the store is gone")
        yield b"three"


def pieces(method: str, path: str) -> Iterator[Any]:
    """The headers, then each piece as it is sent."""
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        seen.append(dict(headers))

    values = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    setup_testing_defaults(values)
    answer = WsgiApp(InPieces())(values, start_response)
    yield seen[0]
    yield from answer


def test_a_body_in_pieces_has_no_length() -> None:
    assert list(pieces("GET", "/")) == [{"Content-Type": "text/plain"}, b"one ", b"two ", b"three"]
    assert list(pieces("HEAD", "/")) == [{"Content-Type": "text/plain"}, b""]


def test_a_piece_that_fails_cuts_the_body_off() -> None:
    sent = pieces("GET", "/fail")
    assert [next(sent), next(sent), next(sent)] == [{"Content-Type": "text/plain"}, b"one ", b"two "]
    with pytest.raises(OSError, match="the store is gone"):
        next(sent)
