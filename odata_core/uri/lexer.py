# Text -> tokens, by one master regular expression a dialect, and a cursor over them. Literals are read here, so that a
# token has its value.

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest
from ..limits import Limits
from .grammars import Grammar
from .literals import LiteralForm


@dataclass(frozen=True, slots=True)
class Token:
    """A lexeme: `literal`, `enum`, `name`, `text` (a JSON string), `mark` or `end`. `gap`: a blank stands before it."""

    kind: str
    text: str
    position: int
    gap: bool = False
    value: Any = None
    type: PrimitiveType | None = None


def tokenize(text: str, grammar: Grammar, limits: Limits, start: int, end: int) -> list[Token]:
    """The tokens of `text[start:end]` without blanks, and behind them two of kind `end`.

    Two, so that the token after the next one can always be looked at.
    """
    tokens: list[Token] = []
    match, forms = grammar.tokens.match, grammar.literals
    position, gap, most = start, False, 2 * limits.expression_nodes
    while position < end:
        if len(tokens) > most:
            raise BadRequest(
                f"The expression is too large: the limit expression_nodes is {limits.expression_nodes}.",
                text=text,
                position=position,
            )
        found = match(text, position, end)
        if found is None:
            raise BadRequest(f"The character '{text[position]}' is not understood here.", text=text, position=position)
        kind = found.lastgroup or ""
        if kind == "blank":
            gap = True
        else:
            if kind[0] == "L":
                tokens.append(_literal(text, found[0], position, gap, forms[int(kind[1:])]))
            else:
                tokens.append(Token(kind, found[0], position, gap))
            gap = False
        position = found.end()
    last = Token("end", "", end, gap)
    return [*tokens, last, last]


def _literal(text: str, lexeme: str, position: int, gap: bool, form: LiteralForm) -> Token:
    try:
        value, kind = form.read(lexeme), form.type
    except ValueError as error:
        raise BadRequest(
            f"'{lexeme[:100]}' is not a literal of {form.type.name}: {error}.", text=text, position=position
        ) from None
    if kind is edm.INT32 and not -(2**31) <= value < 2**31:
        # An integer without suffix takes the smallest type that holds it.
        kind, value = (edm.INT64, value) if -(2**63) <= value < 2**63 else (edm.DECIMAL, Decimal(value))
    return Token("literal", lexeme, position, gap, value, kind)


class Cursor:
    """A stretch of text, and where in its tokens a parser stands. Bounds the depth of nesting."""

    def __init__(self, text: str, grammar: Grammar, limits: Limits, start: int = 0, end: int | None = None) -> None:
        self.text = text
        self.grammar = grammar
        self.limits = limits
        self.tokens = tokenize(text, grammar, limits, start, len(text) if end is None else end)
        self.cursor = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.cursor]

    def take(self, mark: str) -> bool:
        """Step over a mark, if it is next."""
        token = self.tokens[self.cursor]
        if token.kind == "mark" and token.text == mark:
            self.cursor += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        """Step over a mark, which must be next."""
        if not self.take(mark):
            self.fail(f"'{mark}'")

    def word(self, *words: str) -> str | None:
        """Step over one of these words, if it is next and stands by itself."""
        token = self.tokens[self.cursor]
        text = token.text.lower() if self.grammar.folds_case else token.text
        if token.kind == "name" and text in words:
            self.cursor += 1
            return text
        return None

    def name(self, expected: str = "a name") -> str:
        """odataIdentifier, perhaps qualified"""
        token = self.tokens[self.cursor]
        if token.kind != "name":
            self.fail(expected)
        self.cursor += 1
        return token.text

    def finish(self, node: Any) -> Any:
        """The node, if nothing is left behind it."""
        token = self.tokens[self.cursor]
        if token.kind != "end" or (token.gap and not self.grammar.is_lenient):
            self.fail("the end")
        return node

    def fail(self, expected: str) -> NoReturn:
        token = self.tokens[self.cursor]
        found = f"'{token.text[:100]}'" if token.kind != "end" else "the end"
        self.refuse(f"Syntax error: {expected} is expected, but {found} was found.", token.position)

    def refuse(self, message: str, position: int) -> NoReturn:
        raise BadRequest(message, text=self.text, position=position)

    def enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > self.limits.expression_depth:
            self.refuse(
                f"The expression is nested too deeply: the limit expression_depth is {self.limits.expression_depth}.",
                token.position,
            )
