# What the WSGI and the ASGI adapter share: rules about targets, hosts, lengths and response headers. No I/O.
# Strategy: both adapters bring what their server tells into one shape, text in which a character is a byte (latin-1, as
# in WSGI); from there on the path stays raw, and only the mount point is ever compared decoded.

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ..errors import BadRequest, ODataError, PayloadTooLarge
from .access_log import BODILESS, body_to_send, log_exchange
from .messages import Response
from .refusal import refusal

# Host = uri-host [ ":" port ]   (RFC 9110, 7.2), narrowed to DNS names, IPv4 and bracketed IPv6: the value goes into
# the URLs that the service writes, so reg-name's percent-encoding and sub-delims are not let in. "_" is (containers).
_HOST = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

# absolute-form = absolute-URI   (RFC 9112, 3.2.2): what a client sends to a proxy. Origin servers must take it too.
_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")

_NOT_VISIBLE = re.compile(r"[^\x21-\x7e]")
_ENCODED_BYTE = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)

# pchar and "/", so that a decoded path is encoded again as the RFC 3986 writes it.
_PATH_SAFE = "/:@!$&'()*+,;=~"


def visible(text: str) -> str:
    """Raw text with every byte that must not stand in a URL percent-encoded, as the client should have done."""
    return _NOT_VISIBLE.sub(lambda match: f"%{ord(match[0]):02X}", text)


def target_path(target: str) -> str:
    """The raw path of a request target in origin-form or absolute-form."""
    if not target.startswith("/"):
        target = _ABSOLUTE.sub("", target, count=1) or "/"
    return visible(target.partition("?")[0])


def decoded(raw: str) -> str:
    """A raw path as WSGI shows it: decoded once, a character for a byte."""
    return unquote_to_bytes(raw).decode("latin-1") if "%" in raw else raw


def encoded(path: str) -> str:
    """A decoded path encoded again. `%2F` is lost: it has become `/` and stays `/`."""
    return quote_from_bytes(path.encode("latin-1", "replace"), _PATH_SAFE)


def without_mount(raw: str, mount: str) -> str:
    """A raw path whose decoded form begins with `mount`, from there on. One token of the regex decodes to one byte."""
    if raw.startswith(mount):
        return raw[len(mount) :]
    tokens = _ENCODED_BYTE.finditer(raw)
    end = 0
    for _ in mount:
        end = next(tokens).end()
    return raw[end:]


def service_root(scheme: str, host: str, mount: str) -> str:
    """The absolute URL of the service: what a Host header says, if it can be trusted to be no more than a host."""
    if not _HOST.fullmatch(host):
        raise BadRequest("The Host header is not a host name or address with an optional port.", target="Host")
    return f"{scheme}://{host}{encoded(mount.rstrip('/'))}/"


def announced_length(text: str, limit: int) -> int:
    """Content-Length = 1*DIGIT, refused when there will be more than `limit` bytes."""
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("The Content-Length header is not a number.", target="Content-Length")
    # Twenty digits are more than any limit, and int() of thousands of them is slow.
    length = int(text) if len(text) < 20 else limit + 1
    if length > limit:
        raise too_large(limit)
    return length


def too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than the {limit} bytes that this service accepts.")


def whole_body(chunks: Sequence[bytes], announced: int | None) -> bytes:
    """The chunks as one body, unless the client promised more than it sent."""
    body = b"".join(chunks)
    if announced is not None and len(body) < announced:
        raise BadRequest(f"The body ended after {len(body)} of {announced} bytes.", target="Content-Length")
    return body


def refuse(error: ODataError, remote: str, method: str, path: str, query: str, started: float) -> Response:
    """The answer to a request that does not reach the handler; logged here, since no wrapper sees it."""
    response = refusal(error)
    log_exchange(remote, method, path, query, response, started)
    return response


def on_the_wire(method: str, response: Response) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body, or its first piece, as they are sent.

    Content-Length is that of the GET body also where HEAD sends none; a body in pieces has none.
    """
    headers = [pair for pair in response.headers if pair[0].lower() != "content-length"]
    if response.status not in BODILESS and response.rest is None:
        headers.append(("Content-Length", str(len(response.body))))
    return headers, body_to_send(method, response)


def rest_to_send(method: str, response: Response) -> Iterator[bytes]:
    """The pieces of the body behind the first one, as they are sent."""
    if method == "HEAD" or response.status in BODILESS or response.rest is None:
        response.close()
        return iter(())
    return response.rest
