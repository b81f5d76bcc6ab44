# A request that is wholly understood, what is answered to it, and the URLs that an answer has of the request itself.

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from ..payload.codec import Codec, Reading, Shape
from ..protocol.negotiation import Wishes
from ..protocol.profile import Manners
from ..query.options import BoundOptions
from ..query.resource import Resource
from ..query.tree import Source
from ..records import record
from .messages import Request
from .shapes import shape_of

_NO_WISHES: Final = Wishes()


@record
class Work:
    """A request that is wholly understood. `codec` writes the answer; None where a success has no body.

    `reader` gives the codec of the request's body, or refuses it.
    """

    request: Request
    resource: Resource
    options: BoundOptions
    manners: Manners
    reading: Reading
    codec: Codec | None
    reader: Any
    method: str
    replaces: bool = False
    wishes: Wishes = _NO_WISHES
    needs_etag: bool = False
    changes_many: bool = False
    query: str = ""

    @property
    def writer(self) -> Codec:
        assert self.codec is not None, "only what has a body is written"
        return self.codec

    @property
    def applied(self) -> tuple[tuple[str, str], ...]:
        """What tells the client that its wish for what a write returns was followed."""
        return self.wishes.applied("return")

    def shape(self, kind: Any, source: Source | None) -> Shape:
        """What is written of structured values."""
        found = shape_of(kind, source, self.options, self.reading.model if self.manners.advertises else None)
        return found.without_nulls() if self.omits_nulls else found

    @property
    def omits_nulls(self) -> bool:
        """4.01 Part 1, 8.2.8.6; not in what a write gives back, where a null may be news."""
        return self.wishes.omits_nulls and self.method in ("GET", "HEAD")

    @property
    def root(self) -> str:
        return self.request.root


@record
class Reply:
    """What is answered, before the headers that every answer has."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    rest: Iterator[bytes] | None = None
    content_type: str | None = None  # where it is not that of the chosen format
    has_body: bool = True
    features: Sequence[str] = ()  # what the answer has beyond the lowest version


def in_pieces(
    chunks: Iterable[bytes], status: int = 200, headers: tuple[tuple[str, str], ...] = (), features: Sequence[str] = ()
) -> Reply:
    """A reply that is made now up to a bound: what fails there is still an error."""
    pieces, first, size = iter(chunks), list[bytes](), 0
    for piece in pieces:
        first.append(piece)
        size += len(piece)
        if size >= BUFFER:
            return Reply(status, b"".join(first), headers, pieces, features=features)
    return Reply(status, b"".join(first), headers, features=features)


def within(held: ExitStack, pieces: Iterator[bytes]) -> Generator[bytes]:
    """The pieces; what is held is left behind the last one, and also when something fails or nobody wants more."""

    def following() -> Generator[bytes]:
        with held:
            yield b""
            yield from pieces

    made = following()
    next(made)  # only a generator that has begun has something to leave
    return made


BUFFER: Final = 1 << 20  # bytes of a body that are held back, so that an error can still be an answer
NO_CONTENT = Reply(204, has_body=False)


# ------------------------------------------------------------------ URLs


def url_of(work: Work) -> str:
    """The URL of the request."""
    return work.root + work.request.path + (f"?{work.query}" if work.query else "")


def next_url(work: Work, token: str, size: int, moment: str | None = None) -> str:
    """The URL of the next page: every option of this one, `$top` less what it had, `$skip` done (needs of clients).

    With the moment of the first page, where the last one is to say how to go on from there.
    """
    kept = []
    for pair in work.query.split("&") if work.query else ():
        name, _, value = pair.partition("=")
        name = unquote_plus(name).lower().lstrip("$")
        if name in ("skiptoken", "skip", "deltatoken"):
            continue
        kept.append(f"$top={int(unquote_plus(value)) - size}" if name == "top" else pair)
    if moment is not None:
        kept.append(f"$deltatoken={quote(moment, safe='')}")
    kept.append(f"$skiptoken={quote(token, safe='')}")
    return f"{work.root}{work.request.path}?{'&'.join(kept)}"
