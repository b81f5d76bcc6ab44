# The one exception tree: what a client did wrong, or what the service cannot do, with its HTTP status.
# Whatever raises here becomes an OData error body; anything else that escapes is a bug and answers 500.
# This module knows nothing of formats: how an error looks on the wire is the payload layer's business.

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class ODataError(Exception):
    """A failure with an HTTP status that may be told to a client.

    `message` is a full sentence. `target` names the part of the request that is at fault (a header, a query
    option, a JSON path such as `$.Name`). `text` and `position` place a syntax error: `position` counts
    characters of `text` from 0. `details` are the single failures where there are several.
    """

    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        target: str | None = None,
        text: str | None = None,
        position: int | None = None,
        details: Iterable[ODataError] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.target = target
        self.text = text
        self.position = position
        self.details = tuple(details)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers that HTTP demands beside this status, such as Allow with 405."""
        return ()

    def render(self) -> str:
        """The message, and where a position is known the text with a caret under the fault."""
        if self.text is None or self.position is None:
            return self.message
        return f"{self.message}\n{caret(self.text, self.position)}"


class BadRequest(ODataError):
    """The request breaks the grammar, the types or the rules of the protocol."""

    status = 400


class Unauthorized(ODataError):
    """The caller did not say who it is, or was not believed."""

    status = 401

    def __init__(self, message: str, *, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("WWW-Authenticate", self.challenge),)


class Forbidden(ODataError):
    """The caller is known and may not do this."""

    status = 403


class NotFound(ODataError):
    """There is no such resource (any more)."""

    status = 404


class MethodNotAllowed(ODataError):
    """The resource exists and does not support this method."""

    status = 405

    def __init__(self, message: str, *, allow: Iterable[str]) -> None:
        super().__init__(message)
        self.allow = tuple(allow)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("Allow", ", ".join(self.allow)),)


class NotAcceptable(ODataError):
    """None of the formats that the client accepts can be written here."""

    status = 406


class Conflict(ODataError):
    """The state of the resource forbids this, or the key is taken."""

    status = 409


class Gone(ODataError):
    """There was such a resource, and it will not come back; `instead` is the URL of what there is."""

    status = 410

    def __init__(self, message: str, *, instead: str | None = None) -> None:
        super().__init__(message)
        self.instead = instead

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return () if self.instead is None else (("Location", self.instead),)


class LengthRequired(ODataError):
    """The server cannot tell where the body ends."""

    status = 411


class PreconditionFailed(ODataError):
    """If-Match or If-None-Match does not hold."""

    status = 412


class PreconditionRequired(ODataError):
    """A write needs If-Match (RFC 6585, 3)."""

    status = 428


class PayloadTooLarge(ODataError):
    """The body exceeds the limit of the service."""

    status = 413


class UriTooLong(ODataError):
    """The URL exceeds the limit of the service."""

    status = 414


class RangeNotSatisfiable(ODataError):
    """The part that is asked for lies outside of the content."""

    status = 416

    def __init__(self, message: str, *, length: int) -> None:
        super().__init__(message, target="Range")
        self.length = length

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("Content-Range", f"bytes */{self.length}"),)


class UnsupportedMediaType(ODataError):
    """The body is in a format that the service cannot read."""

    status = 415


class InternalError(ODataError):
    """The service failed; the details are in its log, never in the answer."""

    status = 500


class NotImplementedHere(ODataError):
    """Understood, valid, and not supported by this service."""

    status = 501


class BadGateway(ODataError):
    """A system behind the service failed while it worked: whether the work was done is unknown."""

    status = 502


class Unavailable(ODataError):
    """A system behind the service cannot be reached; nothing was done."""

    status = 503


def caret(text: str, position: int) -> str:
    """The line of `text` around `position`, at most 100 characters of it, and a caret below the position."""
    start = max(0, position - 60)
    window = text[start : start + 100].replace("\n", " ").replace("\t", " ")
    lead = "..." if start else ""
    return f"{lead}{window}\n{' ' * (len(lead) + position - start)}^"


def suggestion(name: str, candidates: Iterable[str]) -> str:
    """` Did you mean 'X'?` with the candidate nearest to `name`, or nothing when none is near."""
    by_fold = {candidate.casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean '{by_fold[near[0]]}'?" if near else ""
