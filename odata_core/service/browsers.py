# What browsers need: wrappers for requests from pages of other origins (CORS, the Fetch standard), and against requests
# that a page makes in the name of a user who knows nothing of it (CSRF tokens, as SAP's clients fetch them).

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from werkzeug.http import parse_cookie

from ..errors import Forbidden
from .messages import Handler, Request, Response
from .refusal import refusal
from .security import BadSetting

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, MERGE, DELETE, OPTIONS"
_READ_BY_PAGES: Final = (
    "OData-Version, DataServiceVersion, OData-EntityId, DataServiceId, Location, Content-Location, ETag, "
    "Preference-Applied, Retry-After, AsyncResult, Content-Range, Accept-Ranges, X-CSRF-Token"
)
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\s*,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+|null")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Cors:
    """Lets pages of these origins read what the service answers; `*` are all of them.

    With `credentials` the browser sends cookies and passwords along, which `*` does not go with.
    """

    def __init__(
        self, handler: Handler, origins: Iterable[str], *, credentials: bool = False, max_age: int = 600
    ) -> None:
        self.handler = handler
        self.origins = frozenset(origins)
        for origin in self.origins - {"*"}:
            if not _ORIGIN.fullmatch(origin):
                raise BadSetting(f"'{origin}' is no origin such as 'https://example.org', without a path.")
        if credentials and "*" in self.origins:
            raise BadSetting("Credentials are for origins that are named, not for '*'.")
        self.credentials = credentials
        self.max_age = max_age

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        origin = request.headers.get("Origin")
        allowed = origin is not None and ("*" in self.origins or origin in self.origins)
        if allowed and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(204, self._preflight(request, str(origin)))
        response = self.handler.handle(request)
        told = (*self._told(str(origin)), ("Access-Control-Expose-Headers", _READ_BY_PAGES)) if allowed else ()
        # Caches must not give one origin what another one was told.
        headers = response.headers if "*" in self.origins else _varying(response.headers)
        return replace(response, headers=(*headers, *told))

    def _told(self, origin: str) -> tuple[tuple[str, str], ...]:
        allowed = ("Access-Control-Allow-Origin", "*" if "*" in self.origins else origin)
        return (allowed, ("Access-Control-Allow-Credentials", "true")) if self.credentials else (allowed,)

    def _preflight(self, request: Request, origin: str) -> tuple[tuple[str, str], ...]:
        """Every header may be sent: what it means, the service checks all the same."""
        wanted = request.headers.get("Access-Control-Request-Headers", "").strip()
        names = (("Access-Control-Allow-Headers", wanted),) if _NAMES.fullmatch(wanted) else ()
        return (
            *self._told(origin),
            ("Access-Control-Allow-Methods", _METHODS),
            *names,
            ("Access-Control-Max-Age", str(self.max_age)),
            ("Vary", "Origin, Access-Control-Request-Headers"),
        )


def _varying(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The headers, which say that the answer is another one for another origin."""
    varies = [value for name, value in headers if name == "Vary"]
    return (*[one for one in headers if one[0] != "Vary"], ("Vary", ", ".join([*varies, "Origin"])))


_COOKIE: Final = "odata-csrf"
_HEADER: Final = "X-CSRF-Token"


class CsrfTokens:
    """Takes writes only with a token that was fetched before: `X-CSRF-Token: Fetch` with a GET or HEAD gives one.

    The token fits a cookie that comes with it, which a page of another origin can make the browser send and cannot
    read. A write without both is 403 with `X-CSRF-Token: Required`, after which clients fetch a token and try again.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._key = secrets.token_bytes(32)

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        cookie = parse_cookie(request.headers.get("Cookie", "")).get(_COOKIE, "")
        given = request.headers.get(_HEADER, "")
        if request.method not in _SAFE:
            if cookie and hmac.compare_digest(self._token(cookie).encode(), given.encode("utf-8", "replace")):
                return self.handler.handle(request)
            refused = refusal(Forbidden("A write needs the header X-CSRF-Token: fetch one with a GET."), request)
            return replace(refused, headers=(*refused.headers, (_HEADER, "Required")))
        response = self.handler.handle(request)
        if given.lower() != "fetch":
            return response
        more: tuple[tuple[str, str], ...] = ()
        if not cookie:
            cookie = secrets.token_urlsafe(24)
            secure = "; Secure" if request.root.startswith("https:") else ""
            more = (("Set-Cookie", f"{_COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}"),)
        return replace(response, headers=(*response.headers, *more, (_HEADER, self._token(cookie))))

    def _token(self, cookie: str) -> str:
        return hmac.new(self._key, cookie.encode("utf-8", "replace"), "sha256").hexdigest()
