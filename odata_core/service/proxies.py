# Where a service seems to stand to its clients, when something stands in front of it: wrappers that put another root
# into each request. Everything that a service writes (Location, contexts, ids, next links, the answers of a batch)
# begins with the root of the request, so it is the same base everywhere.

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from werkzeug.http import parse_options_header

from ..errors import BadRequest
from .adapter import decoded, service_root
from .messages import Handler, Request, Response
from .refusal import refusal
from .security import BadSetting, TrustedNetworks


class PublicRoot:
    """A handler whose clients see it at a fixed URL, such as `https://example.org/odata/`, whatever they asked for.

    The URL stands for what the server sees as its own root: a path below it is passed on unchanged.
    """

    def __init__(self, handler: Handler, root: str) -> None:
        parts = urlsplit(root)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadSetting(f"'{root}' is no absolute URL of a service, such as 'https://example.org/odata/'.")
        try:
            self.root = service_root(parts.scheme, parts.netloc, decoded(parts.path))
        except BadRequest:
            raise BadSetting(f"'{root}' does not name a host that clients can be sent to.") from None
        self.handler = handler

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        return self.handler.handle(replace(request, root=self.root))


class Forwarded:
    """A handler behind proxies that say how they were called: Forwarded (RFC 7239), or else X-Forwarded-Proto, -Host,
    -Port, -Prefix and -For.

    Only what comes from `trusted` addresses or networks is believed; from others these headers mean nothing. Of
    several values the first one counts, which is what the client itself asked for. So the outermost proxy has to
    replace these headers in what it gets, rather than add to them: else clients choose what they are told.
    """

    def __init__(self, handler: Handler, trusted: Iterable[str]) -> None:
        self.handler = handler
        self._trusts = lru_cache(1024)(TrustedNetworks(trusted).__contains__)

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if not self._trusts(request.remote):
            return self.handler.handle(request)
        try:
            told = forwarded(request.headers)
            root = _root_of(request.root, told)
        except BadRequest as error:
            return refusal(error, request)
        return self.handler.handle(replace(request, root=root, remote=told.get("for", request.remote)))


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """What the outermost proxy says of its request: proto, host, port, prefix and for, as far as it does."""
    standard = headers.get("Forwarded")
    found: dict[str, str] = {}
    if standard is not None:
        found = {name.lower(): value for name, value in parse_options_header(f"x;{_first(standard)}")[1].items()}
        found = {name: found[name] for name in ("proto", "host", "for") if found.get(name)}
    for name in ("proto", "host", "port", "prefix", "for"):
        given = headers.get(f"X-Forwarded-{name}")
        if given is not None and (standard is None or name == "prefix"):
            found[name] = given.partition(",")[0].strip()
    if "for" in found:
        found["for"] = _address(found["for"])
    return {name: value for name, value in found.items() if value}


def _first(header: str) -> str:
    """forwarded-element *( "," forwarded-element ), a comma within quotation marks not counted: the first element"""
    quoted = False
    for index, character in enumerate(header):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            return header[:index]
    return header


def _address(node: str) -> str:
    """node = nodename [ ":" node-port ]; an IPv6 address stands in brackets (RFC 7239, 6)."""
    if node.startswith("["):
        return node[1 : node.find("]")]
    return node.partition(":")[0] if node.count(":") == 1 else node


def _root_of(root: str, told: Mapping[str, str]) -> str:
    parts = urlsplit(root)
    scheme = told.get("proto", parts.scheme).lower()
    if scheme not in ("http", "https"):
        raise BadRequest("The proxy names a scheme that is neither http nor https.", target="X-Forwarded-Proto")
    prefix = told.get("prefix", "").strip("/")
    mount = (f"/{prefix}" if prefix else "") + parts.path
    return service_root(scheme, _host_of(scheme, told.get("host", parts.netloc), told.get("port")), decoded(mount))


def _host_of(scheme: str, host: str, port: str | None) -> str:
    """The host with its port, unless it is the usual one of the scheme; X-Forwarded-Port beats that of the host."""
    name, _, own = host.rpartition(":") if _PORT.search(host) else (host, "", "")
    port = port or own
    return name if port in ("", _USUAL[scheme]) else f"{name}:{port}"


_PORT: Final = re.compile(r":[0-9]+\Z")
_USUAL: Final = {"http": "80", "https": "443"}
