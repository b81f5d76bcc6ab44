# Who may ask: wrappers that let a request through to the handler inside, or refuse it. They nest in any order.
# Strategy: everything an operator can get wrong is found when a wrapper is made (`BadSetting`); what a client gets
# wrong is answered with 401 or 403 and not explained any further.
# Nothing here is encrypted: off the loopback interface, a proxy with TLS belongs in front.

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.security import check_password_hash, generate_password_hash

from ..errors import Forbidden, ODataError, Unauthorized
from .messages import Handler, Request, Response
from .refusal import refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What generate_password_hash writes: method "$" salt "$" hex digits.
_HASH = re.compile(r"(?:scrypt:\d+:\d+:\d+|pbkdf2:\w+(?::\d+)?)\$[^$\s]+\$[0-9a-f]+")

# user-id = any text without ":" and control characters   (RFC 7617, 2)
_USER = re.compile(r"[^:\x00-\x1f\x7f]+")

_REMEMBERED = 1024


class BadSetting(ODataError):
    """The operator's settings cannot be used. Told when the service starts, never to a client."""


def read_user_file(path: str | Path) -> dict[str, str]:
    """User names and password hashes from lines `name:hash`; blank lines and lines that begin with `#` mean nothing."""
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadSetting(f"The user file '{path}' cannot be read: {reason}.") from error
    users: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if user_of(line) is None:
            continue
        name, _, digest = line.strip().partition(":")
        if not _USER.fullmatch(name) or not _HASH.fullmatch(digest):
            raise BadSetting(f"Line {number} of the user file '{path}' does not read 'name:hash'.")
        if name in users:
            raise BadSetting(f"Line {number} of the user file '{path}' names a user for the second time.")
        users[name] = digest
    return users


def user_of(line: str) -> str | None:
    """The name on a line of a user file; None for comments and blank lines."""
    text = line.strip()
    return None if not text or text.startswith("#") else text.partition(":")[0]


def print_user(name: str, password: str) -> str:
    """The line of a user file for a user with this password."""
    if not _USER.fullmatch(name) or name != name.strip() or name.startswith("#"):
        raise BadSetting(f"The user name {name!r} cannot be used: no ':', no leading '#', no spaces around it.")
    if not password:
        raise BadSetting("The password is empty.")
    return f"{name}:{generate_password_hash(password)}"


class BasicAuth:
    """Lets in who gives a user name and password of `users` (RFC 7617).

    Password hashes are slow on purpose, so credentials that were right once are remembered: as digests under a key of
    this process, in a bounded dictionary, never in clear. Wrong ones are hashed each time; an unknown user is checked
    against a hash that fits nobody, so that the time of an answer does not tell which names exist.
    """

    def __init__(self, handler: Handler, users: Mapping[str, str], realm: str = "OData") -> None:
        self.handler = handler
        self._users = dict(users)
        self._challenge = f'Basic realm="{realm}", charset="UTF-8"'
        method = next(iter(self._users.values()), "scrypt$").partition("$")[0]
        self._nobody = generate_password_hash(secrets.token_hex(), method)
        self._key = secrets.token_bytes(32)
        self._verified: dict[bytes, None] = {}

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if self._known(request.headers.get("authorization", "")):
            return self.handler.handle(request)
        return refusal(
            Unauthorized("This service wants a user name and a password.", challenge=self._challenge), request
        )

    def _known(self, authorization: str) -> bool:
        credentials = read_basic(authorization)
        if credentials is None:
            return False
        digest = hmac.digest(self._key, credentials, "sha256")
        if digest in self._verified:
            return True
        if not self._right(credentials):
            return False
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[digest] = None
        return True

    def _right(self, credentials: bytes) -> bool:
        name, _, password = credentials.decode("utf-8", "replace").partition(":")
        expected = self._users.get(name)
        right = check_password_hash(expected or self._nobody, password)
        return right and expected is not None


def read_basic(authorization: str) -> bytes | None:
    """credentials = "Basic" 1*SP token68, decoded to `user-id ":" password`; None for anything else."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        credentials = base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return credentials if b":" in credentials else None


class TrustedProxy:
    """Lets in only what comes from a proxy that has already authenticated the user and names it in a header.

    The proxy must replace that header in what it passes on, or its clients choose their own names.
    """

    def __init__(self, handler: Handler, addresses: Iterable[str], user_header: str = "X-Remote-User") -> None:
        self.handler = handler
        self._user_header = user_header
        self._trusted = lru_cache(1024)(TrustedNetworks(addresses).__contains__)

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if not self._trusted(request.remote):
            return refusal(Forbidden("This service answers only to its proxy."), request)
        if not request.headers.get(self._user_header, "").strip():
            return refusal(Forbidden(f"The proxy did not name a user in the {self._user_header} header."), request)
        return self.handler.handle(request)


class TrustedNetworks:
    """A set of addresses and networks, such as `10.0.0.7` and `10.1.0.0/16`."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(read_network(text) for text in networks)

    def __contains__(self, address: str) -> bool:
        try:
            peer = plain_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._networks)


def read_network(text: str) -> Network:
    """An address or a network; one with host bits set is refused, since it may trust more than was meant."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise BadSetting(f"'{text}' is neither an address nor a network such as '10.1.0.0/16'.") from error


def plain_address(text: str) -> Address:
    """An address; an IPv4 peer that a dual-stack socket shows as `::ffff:10.0.0.7` is that IPv4 address."""
    address = ipaddress.ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


class LocalNames:
    """Lets a browser in only where it calls this machine `localhost` or by a loopback address.

    For a service that asks nobody who he is and therefore listens on loopback only: a web page whose DNS name its owner
    points to 127.0.0.1 has the user's browser send requests here, but their Host header names the page (DNS rebinding).
    Other programs may call the service what they like: the documented requests to SPF carry the Host of another server.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if is_local_root(request.root) or not is_browser(request.headers):
            return self.handler.handle(request)
        return refusal(
            Forbidden("This service has no authentication: it answers a browser only where the Host is 'localhost'."),
            request,
        )


def is_browser(headers: Mapping[str, str]) -> bool:
    """Every browser calls itself Mozilla; pages cannot have it keep that, or an Origin, to itself."""
    return headers.get("User-Agent", "").startswith("Mozilla/") or "Origin" in headers or "Sec-Fetch-Site" in headers


@lru_cache(256)
def is_local_root(root: str) -> bool:
    """Whether the host of a service root is this machine, and says so."""
    return is_loopback(urlsplit(root).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return plain_address(name).is_loopback
    except ValueError:
        return False


class BodyLimit:
    """A handler with another limit for bodies than its own."""

    def __init__(self, handler: Handler, max_body: int) -> None:
        self.handler = handler
        self._max_body = max_body

    @property
    def max_body(self) -> int:
        return self._max_body

    def handle(self, request: Request) -> Response:
        return self.handler.handle(request)
