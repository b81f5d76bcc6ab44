# Canonical functions of text (4.01 Part 2, 5.1.1.5 and 5.1.1.7). Characters are code points, comparison is ordinal,
# case and white space are Unicode's. `matchesPattern` has a module of its own.

from __future__ import annotations

import operator
from typing import Final

from ..errors import BadRequest

# White_Space=yes of the Unicode character database. `str.strip()` would also take the separators U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# Functions within each other multiply what they are given: five of `replace` would fill any memory, and so would forty
# of `concat` by way of parameter aliases.
MAX_TEXT: Final = 1_000_000


contains = operator.contains  # the text, then the part


def substring(text: str, start: int, length: int | None = None) -> str:
    """From `start`, counted from the end when negative; up to `length` characters (5.1.1.5.7)."""
    first, last = span(len(text), start, length)
    return text[first:last]


def span(size: int, start: int, length: int | None) -> tuple[int, int]:
    """The part of `size` characters or items that `substring` gives; a start before the first is the first."""
    if length is not None and length < 0:
        raise BadRequest("The length given to the function 'substring' must not be negative.")
    first = start if start >= 0 else max(size + start, 0)
    return first, size if length is None else first + length


def trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def concat(first: str, second: str) -> str:
    if len(first) + len(second) > MAX_TEXT:
        raise BadRequest(f"The result of the function 'concat' is longer than {MAX_TEXT} characters.")
    return first + second


def replace(text: str, old: str, new: str) -> str:
    """Every `old` replaced by `new` (v2 and v3 only). Where there is nothing to look for, the text stays as it is."""
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise BadRequest(f"The result of the function 'replace' is longer than {MAX_TEXT} characters.")
    return text.replace(old, new)
