# WSGI (PEP 3333) <-> Request and Response. Translates, decides nothing: meaning lives behind `Handler.handle`.
# Strategy: plain dictionary look-ups. No Werkzeug Request or Response is built (they cost as much as a small query).
#
# For gunicorn, waitress, uWSGI, mod_wsgi, Werkzeug's development server and wsgiref. Not for granian, whose WSGI
# interface tells only the decoded PATH_INFO, in which `%2F` and `/` cannot be told apart; its ASGI interface tells the
# raw path, so `odata serve` runs asgi.py there, although granian's WSGI interface is the faster of the two.
# Behind a proxy, wrap the application in werkzeug.middleware.proxy_fix.ProxyFix to learn scheme, host and peer.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .errors import BadRequest, LengthRequired, ODataError
from .service.adapter import (
    announced_length,
    decoded,
    encoded,
    on_the_wire,
    refuse,
    rest_to_send,
    service_root,
    target_path,
    too_large,
    visible,
    whole_body,
    without_mount,
)
from .service.messages import Handler, Headers, Request, Response
from .service.refusal import answer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_CHUNK = 1 << 20


class WsgiApp:
    """A handler as a WSGI application."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = perf_counter()
        method = environ["REQUEST_METHOD"]
        remote = environ.get("REMOTE_ADDR") or ""
        query = visible(environ.get("QUERY_STRING", ""))
        path = raw_path(environ)
        try:
            root = service_root(environ["wsgi.url_scheme"], host(environ), environ.get("SCRIPT_NAME", ""))
            body = read_body(environ, self.handler.max_body)
        except ODataError as error:
            mount = encoded(environ.get("SCRIPT_NAME", ""))
            response = refuse(error, remote, method, mount + path, query, started)
        else:
            request = Request(method, root, path.removeprefix("/"), query, headers(environ), body, remote)
            response = answer(self.handler, request)
        fields, sent = on_the_wire(method, response)
        start_response(_STATUS_LINES.get(response.status) or f"{response.status} Unknown", fields)
        if response.rest is None:
            return [sent] if sent else []
        return _Pieces(method, sent, response)


class _Pieces:
    """The pieces of a large body. The server closes them, also when the client has gone (PEP 3333)."""

    def __init__(self, method: str, first: bytes, response: Response) -> None:
        self._response = response
        self._pieces = chain((first,), rest_to_send(method, response))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._response.close()


def raw_path(environ: WSGIEnvironment) -> str:
    """The path below the mount point, as the client wrote it.

    REQUEST_URI and RAW_URI are no part of PEP 3333, but most servers give one. It is believed only where it agrees with
    PATH_INFO, with or without the mount point before it: middleware may have rewritten the path. Otherwise PATH_INFO is
    encoded again, and `%2F` is lost.
    """
    mount: str = environ.get("SCRIPT_NAME", "")
    path: str = environ.get("PATH_INFO", "")
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if target:
        raw = target_path(target)
        shown = decoded(raw)
        if shown == mount + path:
            return without_mount(raw, mount)
        if shown == path:
            return raw
    return encoded(path)


def host(environ: WSGIEnvironment) -> str:
    """The Host header, or where an HTTP/1.0 client sent none, what the server calls itself."""
    return environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"


def headers(environ: WSGIEnvironment) -> Headers:
    """The request headers; CGI keeps two of them apart from the others."""
    found = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            found[name] = environ[key]
    return Headers.of_folded(found)


def read_body(environ: WSGIEnvironment, limit: int) -> bytes:
    """The body, where there is one: as long as announced, or up to its end where the server marks the end."""
    terminated = bool(environ.get("wsgi.input_terminated"))
    if "HTTP_TRANSFER_ENCODING" in environ and not terminated:
        raise LengthRequired("This server cannot read a body without a Content-Length header.")
    announced = environ.get("CONTENT_LENGTH")
    if announced and "HTTP_TRANSFER_ENCODING" not in environ:
        length = announced_length(announced, limit)
        return whole_body(read_chunks(environ["wsgi.input"], length), length)
    if not terminated:
        return b""
    body = whole_body(read_chunks(environ["wsgi.input"], limit + 1), None)
    if len(body) > limit:
        raise too_large(limit)
    return body


def read_chunks(stream: Any, wanted: int) -> list[bytes]:
    """Up to `wanted` bytes: fewer where the stream ends before."""
    chunks: list[bytes] = []
    try:
        while wanted > 0 and (chunk := stream.read(min(wanted, _CHUNK))):
            chunks.append(chunk)
            wanted -= len(chunk)
    except OSError as error:
        raise BadRequest("The body could not be read to its end.") from error
    return chunks
