# Splitting text at separators that stand outside quotation marks and parentheses: the frame of nested query options.
# One scan by a regular expression, so hostile text costs time in its length only.

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ..errors import BadRequest

_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSE: Final = frozenset(_OPEN.values())


@lru_cache(maxsize=16)
def _scanner(separator: str) -> re.Pattern[str]:
    return re.compile(rf"""'[^']*'|"(?:[^"\\]|\\.)*"|[()\[\]{{}}{re.escape(separator)}'"]""")


def split_outside(text: str, separator: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of `text[start:end]` between separators, as pairs of positions."""
    parts: list[tuple[int, int]] = []
    stack: list[str] = []
    begin = start
    for found in _scanner(separator).finditer(text, start, end):
        mark = found[0]
        if mark == separator and not stack:
            parts.append((begin, found.start()))
            begin = found.end()
        elif mark in _OPEN:
            stack.append(_OPEN[mark])
        elif mark in _CLOSE:
            if not stack or stack.pop() != mark:
                raise BadRequest(f"'{mark}' closes nothing.", text=text, position=found.start())
        elif mark in ("'", '"'):
            raise BadRequest(f"The quotation mark {mark} is not closed.", text=text, position=found.start())
    if stack:
        raise BadRequest(f"'{stack[-1]}' is missing.", text=text, position=end)
    parts.append((begin, end))
    return parts


def parenthesized(text: str, start: int, end: int) -> tuple[int, int, int] | None:
    """For `name(inside)`: where the name ends, where the inside begins and where it ends; None without parentheses."""
    opening = text.find("(", start, end)
    if opening < 0:
        return None
    if text[end - 1] != ")":
        raise BadRequest("')' is expected at the end.", text=text, position=end)
    return opening, opening + 1, end - 1
