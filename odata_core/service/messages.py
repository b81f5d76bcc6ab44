# The HTTP exchange as values: what an adapter gives to a service and what it gets back. No sockets, no environ.
# Adapters (wsgi.py, asgi.py) only translate; everything that means something happens behind `Handler.handle`.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Protocol

from ..records import record


class Headers(Mapping[str, str]):
    """Request headers: names match in any case, repeated ones are joined by a comma (RFC 9110, 5.3)."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            folded = name.lower()
            self._values[folded] = f"{self._values[folded]}, {value}" if folded in self._values else value

    @classmethod
    def of_folded(cls, values: dict[str, str]) -> Headers:
        """Headers of which each is there once, with its name in lower case."""
        made = cls.__new__(cls)
        made._values = values
        return made

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def get(self, name: str, default: Any = None) -> Any:  # what every request asks a dozen times
        return self._values.get(name.lower(), default)

    def chosen(self, folded: Sequence[str]) -> tuple[str | None, ...]:
        """The values of several headers, whose names are in lower case."""
        values = self._values
        return tuple([values.get(name) for name in folded])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@record
class Request:
    """One request as it came over the wire.

    `root` is the absolute URL under which the handler is mounted, with a slash at its end. `path` and `query` are what
    follows it, raw: still percent-encoded, without a leading slash or question mark. `remote` is the peer's address
    where the adapter knows it.
    """

    method: str
    root: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    remote: str = ""


@record
class Response:
    """One response; `headers` in the order in which they are sent. Content-Length is the adapter's business.

    A large body comes in pieces: `body` is the first one, and `rest` gives the others as they are sent. What fails
    there can only cut the body off, so that no client takes a part for the whole. Who does not read `rest` to its end
    closes the response: a session of the backend may be waiting for it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    rest: Iterator[bytes] | None = None

    def whole(self) -> Response:
        """The same with all of its body in one piece; what fails in `rest` fails here."""
        if self.rest is None:
            return self
        return replace(self, body=b"".join((self.body, *self.rest)), rest=None)

    def close(self) -> None:
        """Give up what has not been read of `rest`."""
        close = getattr(self.rest, "close", None)
        if close is not None:
            close()

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None when it is not there."""
        folded = name.lower()
        return next((value for key, value in self.headers if key.lower() == folded), None)


class Handler(Protocol):
    """Whatever answers requests: a service, or a wrapper around one. `max_body` bounds what an adapter reads."""

    @property
    def max_body(self) -> int: ...

    def handle(self, request: Request) -> Response: ...
