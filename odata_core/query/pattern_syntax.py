# The syntax of ECMAScript's regular expressions: text -> tree. Productions as in ECMA-262, 22.2.1, without those that
# need more than an automaton: they are valid and 501. Like the browsers (Annex B.1.2), it takes `{` and `]` for
# themselves where they have no other meaning, and a backslash before any mark; a backslash before a letter that has no
# meaning is refused, as with the flag u.

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NoReturn

from ..errors import BadRequest, NotImplementedHere
from ..records import record

MAX_PATTERN: Final = 256
MAX_DEPTH: Final = 32  # groups within each other
MAX_COUNT: Final = 256

Accepts = Callable[[str], bool]


@record
class One:
    """One character out of a set."""

    accepts: Accepts


@record
class Edge:
    """`^` or `$`."""

    at_start: bool


@record
class Boundary:
    """`\\b`, or `\\B` when `expected` is false."""

    expected: bool


@record
class Group:
    """One after the other."""

    items: tuple[Node, ...]


@record
class Any:
    """Any one of several."""

    ways: tuple[Node, ...]


@record
class Loop:
    """From `low` to `high` times; without end when `high` is None. Greedy or not makes no difference here."""

    item: Node
    low: int
    high: int | None


Node = One | Edge | Boundary | Group | Any | Loop

LINE_ENDS: Final = "\n\r\u2028\u2029"
SPACE: Final = frozenset(
    "\t\v\f \xa0\ufeff\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    + LINE_ENDS
)


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _is_space(character: str) -> bool:
    return character in SPACE


def _not(accepts: Accepts) -> Accepts:
    return lambda character: not accepts(character)


def _between(first: str, last: str) -> Accepts:
    return lambda character: first <= character <= last


def _any_of(sets: list[Accepts]) -> Accepts:
    return lambda character: any(accepts(character) for accepts in sets)


_CLASSES: Final[dict[str, Accepts]] = {
    "d": _is_digit,
    "D": _not(_is_digit),
    "w": is_word,
    "W": _not(is_word),
    "s": _is_space,
    "S": _not(_is_space),
}
_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_COUNT: Final = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_GROUP: Final = re.compile(r"\(\?(?::|<[^\W\d][\w$]*>)")
_HEX: Final = "[0-9A-Fa-f]"
_NUMBERED: Final = re.compile(
    rf"c([A-Za-z])|x({_HEX}{{2}})|u([dD][89abAB]{_HEX}{{2}})\\u([dD][c-fC-F]{_HEX}{{2}})|u({_HEX}{{4}})|u\{{({_HEX}{{1,6}})\}}"
)


def parse_pattern(text: str) -> Node:
    """The tree of a pattern; BadRequest when it is none, 501 when no automaton can match it."""
    reader = _Reader(text)
    node = reader.disjunction()
    if reader.position < len(text):
        reader.fail("there is no '(' for this ')'")
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def fail(self, reason: str) -> NoReturn:
        raise BadRequest(
            f"The pattern of the function 'matchesPattern' is not a regular expression: {reason}, "
            f"at character {self.position + 1}."
        )

    def unsupported(self, what: str) -> NoReturn:
        raise NotImplementedHere(f"Patterns of the function 'matchesPattern' with {what} are not supported.")

    def next_is(self, text: str) -> bool:
        return self.text.startswith(text, self.position)

    def take(self, text: str) -> bool:
        found = self.next_is(text)
        if found:
            self.position += len(text)
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def character(self) -> str:
        if self.position == len(self.text):
            self.fail("it ends too soon")
        self.position += 1
        return self.text[self.position - 1]

    def disjunction(self) -> Node:
        """Disjunction :: Alternative [ "|" Disjunction ]"""
        ways = [self.alternative()]
        while self.take("|"):
            ways.append(self.alternative())
        return ways[0] if len(ways) == 1 else Any(tuple(ways))

    def alternative(self) -> Node:
        """Alternative :: { Term }"""
        items: list[Node] = []
        while self.position < len(self.text) and not self.next_is("|") and not self.next_is(")"):
            items.append(self.term())
        return items[0] if len(items) == 1 else Group(tuple(items))

    def term(self) -> Node:
        """Term :: Assertion / Atom [ Quantifier ]"""
        for text, assertion in _ASSERTIONS.items():
            if self.take(text):
                return assertion
        return self.quantified(self.atom())

    def atom(self) -> Node:
        """Atom :: "." / "(" [ "?:" ] Disjunction ")" / "[" ClassContents "]" / "\\" AtomEscape / PatternCharacter"""
        if self.next_is("("):
            return self.group()
        if self.take("["):
            return self.character_class()
        if self.take("."):
            return One(_not(frozenset(LINE_ENDS).__contains__))
        if self.take("\\"):
            return One(self.escape())
        if self.text[self.position] in "*+?" or _COUNT.match(self.text, self.position):
            self.fail("there is nothing to repeat")
        return One(self.character().__eq__)

    def group(self) -> Node:
        if self.next_is("(?") and not _GROUP.match(self.text, self.position):
            for start, what in _BEYOND.items():
                if self.next_is(start):
                    self.unsupported(what)
            self.fail("this kind of group is unknown")
        if not self.match(_GROUP):
            self.take("(")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"its groups are nested more than {MAX_DEPTH} deep")
        node = self.disjunction()
        self.depth -= 1
        if not self.take(")"):
            self.fail("a ')' is missing")
        return node

    def quantified(self, item: Node) -> Node:
        """Quantifier :: ( "*" / "+" / "?" / "{" Count [ "," [ Count ] ] "}" ) [ "?" ]"""
        low, high = 1, 1
        if self.take("*"):
            node: Node = Loop(item, 0, None)
        elif self.take("+"):
            node = Loop(item, 1, None)
        elif self.take("?"):
            node = Loop(item, 0, 1)
        elif count := self.match(_COUNT):
            low = self.count(count[1])
            high = self.count(count[3]) if count[3] else low
            if high < low:
                self.fail("the numbers of a repetition are out of order")
            node = Loop(item, low, None if count[2] and not count[3] else high)
        else:
            return item
        self.take("?")
        return node

    def count(self, digits: str) -> int:
        if len(digits) > 9 or int(digits) > MAX_COUNT:
            self.fail(f"a repetition of more than {MAX_COUNT} times is too much")
        return int(digits)

    def escape(self) -> Accepts:
        """AtomEscape :: CharacterClassEscape / CharacterEscape"""
        if self.position < len(self.text) and self.text[self.position] in _CLASSES:
            return _CLASSES[self.character()]
        return self.escaped_character().__eq__

    def escaped_character(self) -> str:
        """CharacterEscape :: ControlEscape / "c" Letter / "0" / "x" Hex2 / "u" Hex4 / "u{" Hex "}" / IdentityEscape"""
        if numbered := self.match(_NUMBERED):
            return self.numbered(numbered)
        character = self.character()
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "0" and not _is_digit(self.text[self.position : self.position + 1] or "-"):
            return "\0"
        if _is_digit(character) or character == "k":
            self.unsupported("back references")
        if character in "pP":
            self.unsupported("Unicode properties")
        if character.isalpha():
            self.fail(f"'\\{character}' has no meaning")
        return character

    def numbered(self, found: re.Match[str]) -> str:
        control, byte, high, low, unit, point = found.groups()
        if control:
            return chr(ord(control) % 32)
        if high:
            return chr(0x10000 + (int(high, 16) - 0xD800) * 0x400 + int(low, 16) - 0xDC00)
        code = int(byte or unit or point, 16)
        if code > 0x10FFFF:
            self.fail("there is no such character")
        return chr(code)

    def character_class(self) -> Node:
        """ClassContents :: [ "^" ] { ClassAtom [ "-" ClassAtom ] }"""
        negated = self.take("^")
        sets: list[Accepts] = []
        while not self.take("]"):
            first = self.class_atom()
            if self.next_is("-") and not self.next_is("-]"):
                self.take("-")
                last = self.class_atom()
                if not isinstance(first, str) or not isinstance(last, str) or last < first:
                    self.fail("the range of characters is out of order")
                sets.append(_between(first, last))
            else:
                sets.append(first.__eq__ if isinstance(first, str) else first)
        accepts = _any_of(sets)
        return One(_not(accepts) if negated else accepts)

    def class_atom(self) -> str | Accepts:
        if not self.take("\\"):
            return self.character()
        if self.take("b"):
            return "\b"
        if self.position < len(self.text) and self.text[self.position] in _CLASSES:
            return _CLASSES[self.character()]
        return self.escaped_character()


_ASSERTIONS: Final[dict[str, Node]] = {
    "^": Edge(True),
    "$": Edge(False),
    "\\b": Boundary(True),
    "\\B": Boundary(False),
}
_BEYOND: Final = {
    "(?=": "looking ahead",
    "(?!": "looking ahead",
    "(?<=": "looking behind",
    "(?<!": "looking behind",
    "(?i": "flags within them",
    "(?m": "flags within them",
    "(?s": "flags within them",
    "(?-": "flags within them",
}
