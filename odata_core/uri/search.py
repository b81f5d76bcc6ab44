# $search: words, phrases, AND, OR, NOT (4.01 Part 2, 5.1.7). Operators are words in capitals; between two terms
# without an operator stands an AND. OR binds weaker than AND, AND weaker than NOT.

from __future__ import annotations

import re
from typing import Final

from ..errors import BadRequest
from ..limits import Limits
from .syntax import Search, SearchJoin, SearchNot, SearchTerm

# searchWord: no blank, parenthesis or double quotation mark; may not begin with a single one.
_TOKEN: Final = re.compile(r"""(?P<blank>[ \t]+)|(?P<mark>[()])|(?P<phrase>"[^"]+")|(?P<word>[^ \t()"'][^ \t()"]*)""")


# What may stand before a semicolon in words and phrases: raw, since a word holds it only percent-encoded.
_OPEN_SEMICOLON: Final = re.compile(r"""(?>(?:[^";%]|%(?!22)|(?:"|%22)(?>(?:(?!"|%22).)*)(?:"|%22))*);""", re.DOTALL)

_QUOTED: Final = re.compile(r"(?>(?:[ \t+]|%20|%09)*)(?:'|%27)")


def check_semicolons(raw: str) -> None:
    """BadRequest for a search, not yet decoded, with a semicolon in a word (searchChar does not hold it)."""
    found = _OPEN_SEMICOLON.match(raw)
    if found is not None and not _QUOTED.match(raw):
        raise BadRequest("A semicolon must be written %3B in a word of $search.", text=raw, position=found.end() - 1)


class _Parser:
    def __init__(self, text: str, limits: Limits, start: int, end: int) -> None:
        limits.check_length(text, start, end)
        self.text = text
        self.limits = limits
        self.end = end
        self.gaps: set[int] = set()  # the tokens that a blank stands before
        self.tokens = self._tokenize(start)
        self.cursor = 0
        self.depth = 0

    def _tokenize(self, start: int) -> list[tuple[str, str, int]]:
        tokens: list[tuple[str, str, int]] = []
        position = start
        while position < self.end:
            found = _TOKEN.match(self.text, position, self.end)
            if found is None:
                raise BadRequest(
                    f"The character '{self.text[position]}' cannot stand here in $search.",
                    text=self.text,
                    position=position,
                )
            if found.lastgroup == "blank":
                self.gaps.add(len(tokens))
            else:
                tokens.append((found.lastgroup or "", found[0], position))
            if len(tokens) > 2 * self.limits.expression_nodes:
                raise BadRequest(f"$search is too long: the limit is {self.limits.expression_nodes} terms.")
            position = found.end()
        tokens.append(("end", "", self.end))
        return tokens

    def whole(self) -> Search:
        """searchExpr, and nothing behind it"""
        node = self.either()
        if self.cursor in self.gaps:
            raise BadRequest("$search ends in a blank.", text=self.text, position=self.end)
        self._expect("end", "the end")
        return node

    def either(self) -> Search:
        """searchOrExpr"""
        node = self.both()
        while self._take_word("OR"):
            node = SearchJoin("OR", node, self.both())
        return node

    def both(self) -> Search:
        """searchAndExpr, with or without AND"""
        node = self.term()
        while True:
            kind, text, _position = self.tokens[self.cursor]
            if kind == "end" or text == ")" or (text == "OR" and kind == "word" and self._is_operator()):
                return node
            if self.cursor not in self.gaps:
                raise self._error("a blank")
            if text == "AND" and kind == "word" and self._is_operator():
                self.cursor += 1
            node = SearchJoin("AND", node, self.term())

    def term(self) -> Search:
        """searchParenExpr / searchNegateExpr / searchPhrase / searchWord"""
        kind, text, position = self.tokens[self.cursor]
        self.cursor += 1
        if kind == "mark" and text == "(":
            self._enter(position)
            node = self.either()
            self._expect(")", "')'")
            self.depth -= 1
            return node
        if kind == "word" and text == "NOT" and self._is_gap_before_term():
            self._enter(position)
            negated = SearchNot(self.term())
            self.depth -= 1
            return negated
        if kind == "phrase":
            return SearchTerm(text[1:-1], is_phrase=True, position=position)
        if kind == "word":
            return SearchTerm(text, position=position)
        self.cursor -= 1
        raise self._error("a word or a phrase")

    def _is_operator(self) -> bool:
        """AND and OR are operators where a term follows them; at the end they are words."""
        self.cursor += 1
        is_operator = self._is_gap_before_term()
        self.cursor -= 1
        return is_operator

    def _is_gap_before_term(self) -> bool:
        kind, text, _position = self.tokens[self.cursor]
        return self.cursor in self.gaps and (kind in ("word", "phrase") or text == "(")

    def _take_word(self, word: str) -> bool:
        kind, text, _position = self.tokens[self.cursor]
        if kind == "word" and text == word and self._is_operator():
            self.cursor += 1
            return True
        return False

    def _expect(self, wanted: str, expected: str) -> None:
        kind, text, _position = self.tokens[self.cursor]
        if wanted not in (kind, text) or (kind == "word" and wanted != kind):
            raise self._error(expected)
        self.cursor += 1

    def _enter(self, position: int) -> None:
        self.depth += 1
        if self.depth > self.limits.expression_depth:
            raise BadRequest(
                f"$search is nested too deeply: the limit expression_depth is {self.limits.expression_depth}.",
                text=self.text,
                position=position,
            )

    def _error(self, expected: str) -> BadRequest:
        _kind, text, position = self.tokens[self.cursor]
        found = f"'{text[:100]}'" if text else "the end"
        return BadRequest(
            f"Syntax error in $search: {expected} is expected, but {found} was found.",
            text=self.text,
            position=position,
        )


def parse_search(text: str, limits: Limits, start: int = 0, end: int | None = None) -> Search:
    """The tree of a $search expression. A semicolon in a word was percent-encoded, which `check_semicolons` sees to."""
    return _Parser(text, limits, start, len(text) if end is None else end).whole()
