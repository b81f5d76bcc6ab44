# ETags: from rows, and the conditions of requests on them (RFC 9110, 13; 4.01 Part 1, 8.2.4, 8.2.5 and 11.4.1.1).
# Sets have ETags where the model names concurrency tokens. An ETag stands for the whole row, not for the tokens alone:
# whoever changes one property would not like to overwrite another one that changed in the meantime.
# It is weak: the same entity looks different in each format and under each $select. Comparison is therefore weak, too.

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from ..backend import Row
from ..edm.rows import ETAG
from ..errors import BadRequest, PreconditionFailed, PreconditionRequired
from ..query.tree import Source

_TAG: Final = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"|(\*))\s*(?:,|\Z)')


def etag_of(source: Source | None, row: Row) -> str | None:
    """The ETag of an entity; None where its set has none."""
    known = row.get(ETAG)
    if known is not None:
        return str(known)
    tokens = None if source is None else source.concurrency_tokens
    if tokens is None or source is None:
        return None
    own = {name: value for name, value in row.items() if "@" not in name and name not in _navigation(source)}
    digest = hashlib.blake2b(repr(_plain(own)).encode("utf-8", "surrogatepass"), digest_size=12).digest()
    return f'W/"{base64.urlsafe_b64encode(digest).decode("ascii")}"'


def tagged(rows: Iterable[Row], source: Source | None) -> Iterable[Row]:
    """The rows with their ETags, which stay what they are whatever is made of the rows."""
    if source is None or source.concurrency_tokens is None:
        return rows
    return ({**row, ETAG: etag_of(source, row)} for row in rows)


@lru_cache(maxsize=512)
def _navigation(source: Source) -> frozenset[str]:
    """The names of what an entity leads to, which is not its own state."""
    kinds = [source.type, *source.type.derived.values()]
    return frozenset([name for kind in kinds for name in kind.navigation])


def _plain(value: Any) -> Any:
    """A value in a form whose text is the same whenever the value is."""
    if isinstance(value, Mapping):
        return sorted((name, _plain(member)) for name, member in value.items())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if not isinstance(value, str | int | float | bytes | type(None)) else value


def read_tags(header: str, name: str) -> frozenset[str]:
    """The tags of If-Match or If-None-Match without their weakness, or {"*"}. BadRequest for what is none."""
    found: set[str] = set()
    position = 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            raise BadRequest(
                f'The header {name} must be * or hold ETags such as W/"abc", not {header[:100]}.', target=name
            )
        found.add("*" if match[3] else match[2])
        position = match.end()
    return frozenset(found)


def is_unchanged(headers: Mapping[str, str], etag: str | None) -> bool:
    """Whether a GET is answered with 304: the client's If-None-Match names what it would get. PreconditionFailed where
    If-Match names something else (4.01 Part 1, 8.2.4)."""
    if "If-Match" in headers:
        check_write({"If-Match": headers["If-Match"]}, etag, exists=True)
    given = headers.get("If-None-Match")
    if given is None:
        return False
    tags = read_tags(given, "If-None-Match")
    return "*" in tags or (etag is not None and opaque(etag) in tags)


def check_write(headers: Mapping[str, str], etag: str | None, *, exists: bool, is_required: bool = False) -> None:
    """Refuse a write whose preconditions do not hold: 412; or that has none where one is needed: 428."""
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if match is not None:
        tags = read_tags(match, "If-Match")
        if not exists:
            raise PreconditionFailed("The entity does not exist, so no If-Match can hold.")
        if "*" not in tags and (etag is None or opaque(etag) not in tags):
            said = "The entity has no ETag" if etag is None else f"The entity has changed: its ETag is {etag} now"
            raise PreconditionFailed(f"{said}, so If-Match does not hold.")
    if none_match is not None:
        tags = read_tags(none_match, "If-None-Match")
        if exists and ("*" in tags or (etag is not None and opaque(etag) in tags)):
            raise PreconditionFailed("The entity exists, so If-None-Match does not hold.")
    if match is None and none_match is None and exists and is_required and etag is not None:
        raise PreconditionRequired("The entity has an ETag: say in If-Match which state you want to change, or *.")


def check_told(source: Source | None, row: Row | None, given: Mapping[str, object]) -> None:
    """Refuse a change of an entity for which the body tells an ETag that is not its current one: 412 (4.01 Part 1,
    11.4.3). `row` is None for an entity that is not there yet."""
    told = given.get(ETAG)
    if told is None:
        return
    etag = None if row is None else etag_of(source, row)
    tags = read_tags(str(told), ETAG)
    if row is None or ("*" not in tags and (etag is None or opaque(etag) not in tags)):
        raise PreconditionFailed("The ETag of an entity in the body is not its current one.", target=ETAG)


def opaque(etag: str) -> str:
    """What is between the quotation marks."""
    return etag[etag.index('"') + 1 : -1]
