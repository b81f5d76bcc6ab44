# Text -> lexemes, and a cursor over them.
# Strategy: one regular expression a dialect cuts a text in one call, so that a lexeme costs a tenth of a microsecond
# and no Python code. A lexeme is no more than its text; where it begins is kept beside it, and what it is is seen from
# its first or last character. To have few of them, a path of plain names is one lexeme, with the parenthesis behind
# it (`Lines/any(`), and so is an operator with the blanks around it (` eq `).

from __future__ import annotations

import re
from decimal import Decimal
from itertools import accumulate, islice
from typing import Any, Final, NoReturn

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest
from ..limits import Limits
from .grammars import QUALIFIED_PATTERN, Grammar
from .literals import LiteralForm

BLANKS: Final = (" ", "\t")
_QUALIFIED: Final = re.compile(QUALIFIED_PATTERN)
_PUNCTUATION: Final = frozenset("()[]{},/=:;")


def read_literal(text: str, form: LiteralForm) -> tuple[Any, PrimitiveType]:
    """The value and the type of a literal; ValueError with a reason where it has none."""
    value = form.read(text)
    kind = form.type if form.type_of is None else form.type_of(value)
    if kind is edm.INT32 and not -(2**31) <= value < 2**31:
        # An integer without suffix takes the smallest type that holds it.
        return (value, edm.INT64) if -(2**63) <= value < 2**63 else (Decimal(value), edm.DECIMAL)
    return value, kind


class Cursor:
    """A stretch of text, and where in its lexemes a parser stands. Bounds size and depth.

    Behind the last lexeme stand three empty ones, so that the two after the next can always be looked at.
    """

    __slots__ = (
        "calls",
        "cursor",
        "depth",
        "grammar",
        "lambdas",
        "lexemes",
        "limits",
        "nested",
        "operators",
        "starts",
        "text",
        "words",
    )

    def __init__(
        self,
        text: str,
        grammar: Grammar,
        limits: Limits,
        start: int = 0,
        end: int | None = None,
        depth: int = 0,
        nested: int = 0,
    ) -> None:
        """`depth` is that of expressions around the text, `nested` that of options within options."""
        limits.check_length(text, start, end)
        self.text = text
        self.grammar = grammar
        self.limits = limits
        self.lexemes = self._cut(start, len(text) if end is None else end)
        self.starts = list(accumulate(map(len, self.lexemes), initial=start))
        self.lexemes += ("", "", "")
        self.operators = grammar.operators
        self.words = grammar.words
        self.calls = grammar.calls
        self.cursor = 0
        self.depth = depth
        self.nested = nested
        self.lambdas = 0
        if len(self.lexemes) > limits.expression_nodes:
            self._count_nodes()

    def _cut(self, start: int, end: int) -> list[str]:
        """The lexemes of a stretch. One that may hold too many is not cut to its end."""
        most = 8 * self.limits.expression_nodes  # marks and blanks are no nodes
        if end - start <= most:
            return self.grammar.lexemes.findall(self.text, start, end)
        found = self.grammar.lexemes.finditer(self.text, start, end)
        lexemes = [lexeme[0] for lexeme in islice(found, most)]
        for lexeme in found:
            self._refuse_size(lexeme.start())
        return lexemes

    def _refuse_size(self, position: int) -> NoReturn:
        limit = self.limits.expression_nodes
        self.refuse(f"The expression is too large: the limit expression_nodes is {limit}.", position)

    def _count_nodes(self) -> None:
        nodes = 0
        for lexeme, start in zip(self.lexemes, self.starts, strict=False):
            nodes += lexeme not in _PUNCTUATION and bool(lexeme.strip(" \t"))
            if nodes > self.limits.expression_nodes:
                self._refuse_size(start)

    @property
    def position(self) -> int:
        """Where the next lexeme begins that is not a blank."""
        lexeme = self.lexemes[self.cursor]
        return self.starts[self.cursor] + len(lexeme) - len(lexeme.lstrip(" \t"))

    def is_at_blank(self) -> bool:
        """Whether a blank is next; an operator is none, in spite of the blanks around it."""
        lexeme = self.lexemes[self.cursor]
        return lexeme != "" and not lexeme.strip(" \t")

    def skip_blank(self) -> None:
        """Step over a blank, if it is next."""
        self.cursor += self.is_at_blank()

    def take(self, mark: str) -> bool:
        """Step over a mark, if it is next, perhaps behind a blank."""
        cursor = self.cursor
        if self.lexemes[cursor] == mark:
            self.cursor = cursor + 1
            return True
        if self.lexemes[cursor + 1] == mark and self.is_at_blank():
            self.cursor = cursor + 2
            return True
        return False

    def expect(self, mark: str) -> None:
        """Step over a mark, which must be next."""
        if self.lexemes[self.cursor] == mark:
            self.cursor += 1
        elif not self.take(mark):
            self.fail(f"'{mark}'")

    def word(self, *words: str) -> str | None:
        """Step over one of these words behind a blank, if it is next."""
        if not self.is_at_blank():
            return None
        text: str = self.lexemes[self.cursor + 1]
        folded = text.lower() if self.grammar.folds_case else text
        if folded not in words:
            return None
        self.cursor += 2
        return folded

    def name(self, expected: str = "a name") -> str:
        """odataIdentifier, perhaps qualified"""
        self.skip_to_name()
        lexeme: str = self.lexemes[self.cursor]
        if not _QUALIFIED.fullmatch(lexeme):
            self.fail(expected)
        self.cursor += 1
        return lexeme

    def identifier(self) -> str:
        """odataIdentifier"""
        name = self.name()
        if "." in name:
            self.cursor -= 1
            self.fail("a name without namespace")
        return name

    def begin(self) -> None:
        """Step to an expression that no blank may stand before"""
        if self.is_at_blank():
            # But the brackets of JSON bring blanks of their own: begin-array = BWS "[" BWS.
            if not self.grammar.is_lenient and self.lexemes[self.cursor + 1] not in ("[", "{"):
                self.fail("an expression without a blank before it")
            self.cursor += 1

    def skip_to_name(self) -> None:
        """Step over a blank where a name must follow: one that is an operator's is none here."""
        lexeme = self.lexemes[self.cursor]
        if lexeme.startswith(BLANKS):
            word, start = lexeme.strip(" \t"), self.starts[self.cursor]
            if word:
                begin = lexeme.index(word)
                self.lexemes[self.cursor : self.cursor + 1] = (lexeme[:begin], word, lexeme[begin + len(word) :])
                self.starts[self.cursor : self.cursor + 1] = (start, start + begin, start + begin + len(word))
            self.cursor += 1

    def finish(self, node: Any) -> Any:
        """The node, if nothing is left behind it."""
        if self.grammar.is_lenient:
            self.skip_blank()
        if self.lexemes[self.cursor]:
            self.fail("the end")
        return node

    def fail(self, expected: str) -> NoReturn:
        """Refuse what comes next, where something else is expected."""
        position = self.position
        for pattern, message in self.grammar.mistakes:
            for mistake in pattern.finditer(self.text):
                if mistake.start() < position < mistake.end():
                    self.refuse(message.format(mistake[0][:100]), mistake.start())
        found = self.lexemes[self.cursor + self.is_at_blank()].strip(" \t")
        if found[:1] in ("'", '"') and not found.endswith(found[0], 1):
            self.refuse(f"The quotation mark {found[0]} is not closed.", position)
        if found and not (found[0] in "_$@'\"-+" or found[0].isalnum() or found[0] in _PUNCTUATION):
            self.refuse(f"The character '{found[0]}' is not understood here.", position)
        if found[:1].isalnum() and self.text[:position].endswith("'"):
            self.refuse(
                f"A string ends before '{found[:100]}': an operator must follow it, behind a blank, and an apostrophe "
                "within a string is written twice, as in 'O''Neil'.",
                position,
            )
        shown = f"'{found[:100]}'" if found else "the end"
        self.refuse(f"Syntax error: {expected} is expected, but {shown} was found.", position)

    def refuse(self, message: str, position: int) -> NoReturn:
        raise BadRequest(message, text=self.text, position=position)

    def enter(self, position: int) -> None:
        """One level deeper; who enters also leaves, by `depth -= 1`."""
        self.depth += 1
        if self.depth > self.limits.expression_depth:
            self.refuse(
                f"The expression is nested too deeply: the limit expression_depth is {self.limits.expression_depth}.",
                position,
            )

    def literal(self, lexeme: str, position: int) -> tuple[Any, PrimitiveType] | None:
        """The value and the type of a literal; None if it is none."""
        found = self.grammar.literal.fullmatch(lexeme)
        if found is None:
            return None
        form = self.grammar.literals[(found.lastindex or 1) - 1]
        try:
            return read_literal(lexeme, form)
        except (ValueError, ArithmeticError) as error:
            self.refuse(f"'{lexeme[:100]}' is not a literal of {form.type.name}: {error}.", position)
