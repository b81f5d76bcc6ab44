# Where a text may be split: brackets and separators that stand outside quotation marks, the frame of nested options.
# One scan finds them all, and every question is answered from what it found, so that nesting costs no second scan:
# hostile text costs time in its length only.

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from ..errors import BadRequest
from ..limits import Limits

_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSE: Final = frozenset(_OPEN.values())
_MARK: Final = re.compile(r"""'[^']*+'|"(?>(?:[^"\\]++|\\.)*)"|[()\[\]{},;/'"]""", re.DOTALL)


class Outline:
    """The brackets and separators of a stretch of text. BadRequest if brackets or quotation marks do not close."""

    def __init__(self, text: str, limits: Limits, start: int = 0, end: int | None = None) -> None:
        self.text = text
        self.limits = limits
        self._separators: dict[tuple[str, int], list[int]] = {}  # by mark and depth
        self._closings: dict[int, int] = {}  # where what opens somewhere closes
        self._turns: list[int] = [start]  # where the depth changes, and to what
        self._depths: list[int] = [0]
        self._scan(start, len(text) if end is None else end)

    def _scan(self, start: int, end: int) -> None:
        stack: list[tuple[str, int]] = []
        for found in _MARK.finditer(self.text, start, end):
            mark, position = found[0], found.start()
            if mark in _OPEN:
                stack.append((_OPEN[mark], position))
                if len(stack) > self.limits.expression_depth:
                    limit = self.limits.expression_depth
                    self._refuse(f"The text is nested too deeply: the limit expression_depth is {limit}.", position)
                self._turn(position + 1, len(stack))
            elif mark in _CLOSE:
                if not stack or stack[-1][0] != mark:
                    self._refuse(f"'{mark}' closes nothing.", position)
                self._closings[stack.pop()[1]] = position
                self._turn(position, len(stack))
            elif mark in ",;/":
                self._separators.setdefault((mark, len(stack)), []).append(position)
            elif len(mark) == 1:
                self._refuse(f"The quotation mark {mark} is not closed.", position)
        if stack:
            self._refuse(f"'{stack[-1][0]}' is missing.", end)

    def _turn(self, position: int, depth: int) -> None:
        self._turns.append(position)
        self._depths.append(depth)

    def _refuse(self, message: str, position: int) -> None:
        raise BadRequest(message, text=self.text, position=position)

    def _depth(self, position: int) -> int:
        return self._depths[bisect_left(self._turns, position + 1) - 1]

    def split(self, separator: str, start: int, end: int) -> list[tuple[int, int]]:
        """The stretches of `text[start:end]` between separators, as pairs of positions. Its brackets are balanced."""
        found = self._separators.get((separator, self._depth(start)), [])
        stops = found[bisect_left(found, start) : bisect_left(found, end)]
        return list(zip([start, *(stop + 1 for stop in stops)], [*stops, end], strict=True))

    def parenthesized(self, start: int, end: int) -> tuple[int, int, int] | None:
        """Of `name(inside)`: where the name ends, where the inside begins and ends; None without parentheses."""
        opening = self.text.find("(", start, end)
        if opening < 0:
            return None
        if self._closings.get(opening) != end - 1:
            self._refuse("')' is expected at the end.", end)
        return opening, opening + 1, end - 1


def split_outside(text: str, separator: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of `text[start:end]` between separators that stand outside brackets and quotation marks."""
    return Outline(text, Limits(), start, end).split(separator, start, end)
