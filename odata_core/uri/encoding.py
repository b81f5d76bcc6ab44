# Percent escapes: the raw text of a URL <-> decoded text, each part exactly once.
# Splitting comes before decoding: `/` in a path and `&` in a query separate only where they stand unencoded.
# `+` is a blank in the query (the form rule, WHATWG URL 5.1) and a plus in the path (RFC 3986).

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from ..errors import BadRequest

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What may stand unencoded in a path segment (RFC 3986, pchar), without `+`, which some servers read as a blank.
_SEGMENT_SAFE = "!$&'()*,;=:@-._~"
# A name, a parenthesis and an odd number of quotation marks: a string that is still open at the end.
OPEN_STRING = re.compile(r"[^'(]*\([^']*(?:'[^']*'[^']*)*'[^']*")


def decode(raw: str) -> str:
    """Percent-decode once. Bytes that are not UTF-8 and incomplete escapes are 400."""
    if "%" not in raw:
        return raw
    bad = _BAD_ESCAPE.search(raw)
    if bad is not None:
        raise BadRequest("In the URL, '%' must be followed by two hexadecimal digits.", text=raw, position=bad.start())
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeError:
        raise BadRequest(f"The percent-encoded text '{raw[:100]}' is not UTF-8.") from None


def decode_query(raw: str) -> str:
    """Percent-decode one name or value of a query string, where `+` stands for a blank."""
    return decode(raw.replace("+", " "))


def encode_segment(text: str) -> str:
    """Text as it stands in a path segment: only what must be encoded is, and the result is ASCII."""
    return quote(text, safe=_SEGMENT_SAFE)


def split_query(raw: str) -> tuple[tuple[str, str], ...]:
    """The decoded names and values of a raw query string, in their order; a name without `=` has the value ''."""
    pairs = []
    for part in raw.split("&"):
        if part:
            name, _equals, value = part.partition("=")
            pairs.append((decode_query(name), decode_query(value)))
    return tuple(pairs)
