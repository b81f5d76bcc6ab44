# Regular expressions of `matchesPattern` (4.01 Part 2, 5.1.1.7.1): the syntax of ECMAScript, matched in linear time.
# Strategy: a client writes the pattern and picks the text, so Python's `re` is out of the question: it backtracks, and
# `(a|a)*b` takes for ever. Refusing nested quantifiers would not do, since `a*a*a*a*b` is slow without any. A pattern
# becomes a nondeterministic automaton of bounded size, and the text is read once, all states side by side; the sets of
# states that occur are remembered, so that a common text costs one dictionary look-up per character.
# What no automaton can do (back references, looking ahead and behind) is 501 by name. Characters are code points, as
# with ECMAScript's flag u; `^` and `$` are the ends of the text.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, assert_never

from ..errors import BadRequest
from .pattern_syntax import MAX_PATTERN, Any, Boundary, Edge, Group, Loop, Node, One, is_word, parse_pattern

MAX_STATES: Final = 256
MAX_TEXT: Final = 16_384
MAX_REMEMBERED: Final = 4_096  # sets of states times characters, per pattern


def matches_pattern(text: str, pattern: str) -> bool:
    """Whether a part of `text` matches `pattern`."""
    if len(pattern) > MAX_PATTERN:
        raise BadRequest(f"A pattern of the function 'matchesPattern' may have at most {MAX_PATTERN} characters.")
    if len(text) > MAX_TEXT:
        raise BadRequest(f"The function 'matchesPattern' takes texts of at most {MAX_TEXT} characters.")
    return _compile(pattern).search(text)


class Kind(Enum):
    """What assertions see of a character; EDGE stands before the first and after the last one."""

    EDGE = 0
    WORD = 1
    OTHER = 2


@dataclass(slots=True)
class Step:
    """Reads one character."""

    accepts: Callable[[str], bool]
    then: int


@dataclass(slots=True)
class Split:
    """Goes on in all ways at once."""

    ways: tuple[int, ...]


@dataclass(slots=True)
class Check:
    """Goes on when the characters before and after say so."""

    holds: Callable[[Kind, Kind], bool]
    then: int


State = Step | Split | Check
_MATCHED: Final = 0


class Automaton:
    """The states of one pattern; state 0 is the end. Built back to front: a state knows where it leads."""

    def __init__(self, root: Node) -> None:
        self.states: list[State] = [Split(())]
        self.budget = MAX_STATES
        self.start = self._add(root, _MATCHED)
        self.remembered: dict[tuple[frozenset[int], Kind, str], frozenset[int]] = {}

    def _spend(self) -> None:
        """Copies of nothing count as well: `((){99}){99}` has no states and would still take its time."""
        self.budget -= 1
        if self.budget < 0:
            raise BadRequest(
                "The pattern of the function 'matchesPattern' is too large with its repetitions written out."
            )

    def _append(self, state: State) -> int:
        self._spend()
        self.states.append(state)
        return len(self.states) - 1

    def _add(self, node: Node, then: int) -> int:
        """The state in which the reading of `node` begins, when `then` follows it."""
        match node:
            case One(accepts):
                return self._append(Step(accepts, then))
            case Edge(at_start):
                return self._append(Check(_at_start if at_start else _at_end, then))
            case Boundary(expected):
                return self._append(Check(_on_boundary if expected else _off_boundary, then))
            case Group(items):
                for item in reversed(items):
                    then = self._add(item, then)
                return then
            case Any(ways):
                return self._append(Split(tuple([self._add(way, then) for way in ways])))
            case Loop(item, low, high):
                return self._repeat(item, low, high, then)
            case _:
                assert_never(node)

    def _repeat(self, item: Node, low: int, high: int | None, then: int) -> int:
        if high is None:
            loop = Split((then,))
            then = self._append(loop)
            loop.ways = (self._add(item, then), *loop.ways)
        else:
            end = then
            for _ in range(high - low):
                self._spend()
                then = self._append(Split((self._add(item, then), end)))
        for _ in range(low):
            self._spend()
            then = self._add(item, then)
        return then

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in `text`: a new match begins before every character."""
        active: frozenset[int] = frozenset()
        before = Kind.EDGE
        for character in text:
            key = (active, before, character)
            found = self.remembered.get(key)
            if found is None:
                if len(self.remembered) >= MAX_REMEMBERED:
                    self.remembered.clear()
                self.remembered[key] = found = self._advance(*key)
            if _MATCHED in found:
                return True
            active, before = found, _kind(character)
        return _MATCHED in self._reach(active, before, Kind.EDGE)

    def _advance(self, active: frozenset[int], before: Kind, character: str) -> frozenset[int]:
        """The states after `character`; the end is among them when a match is complete, before or after it."""
        reached = self._reach(active, before, _kind(character))
        if _MATCHED in reached:
            return frozenset((_MATCHED,))
        steps = [state for index in reached if isinstance(state := self.states[index], Step)]
        return frozenset([step.then for step in steps if step.accepts(character)])

    def _reach(self, active: frozenset[int], before: Kind, after: Kind) -> set[int]:
        """All states that are reached without reading, from the active ones and from the start."""
        reached: set[int] = set()
        waiting = [self.start, *active]
        while waiting:
            index = waiting.pop()
            if index in reached:
                continue
            reached.add(index)
            match self.states[index]:
                case Split(ways):
                    waiting.extend(ways)
                case Check(holds, then) if holds(before, after):
                    waiting.append(then)
        return reached


@lru_cache(maxsize=128)
def _compile(pattern: str) -> Automaton:
    return Automaton(parse_pattern(pattern))


def _kind(character: str) -> Kind:
    return Kind.WORD if is_word(character) else Kind.OTHER


def _at_start(before: Kind, after: Kind) -> bool:
    return before is Kind.EDGE


def _at_end(before: Kind, after: Kind) -> bool:
    return after is Kind.EDGE


def _on_boundary(before: Kind, after: Kind) -> bool:
    return (before is Kind.WORD) is not (after is Kind.WORD)


def _off_boundary(before: Kind, after: Kind) -> bool:
    return not _on_boundary(before, after)
