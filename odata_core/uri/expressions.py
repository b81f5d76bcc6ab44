# Expressions: lexemes -> syntax tree, by precedence climbing.
# Depth and node count are bounded, so no input can exhaust the stack or the clock.
# The text is already percent-decoded; a parser may work on a part of it, so that positions are those of the whole.
# Strategy: tables tell from the first character of a lexeme, or the name before a parenthesis, which method reads on.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from string import ascii_letters, digits
from typing import Final

from ..edm import primitives as edm
from ..limits import Limits
from .calls import PATH_LEXEME
from .grammars import TIGHTEST, Grammar
from .json_values import JsonValues
from .lexer import BLANKS
from .literals_v4 import ENUM_VALUE
from .syntax import (
    Binary,
    Case,
    EnumLiteral,
    Items,
    Literal,
    Node,
    Path,
    Segment,
    Unary,
)

_MEMBERS: Final = re.compile(ENUM_VALUE)
_ENUM: Final = re.compile(r"([^\W\d][\w.]*\.\w+)'(.*)'", re.DOTALL)


class Expressions(JsonValues):
    """A parser of one stretch of text. A method's docstring is its production."""

    __slots__ = ()

    # ------------------------------------------------------------ expressions

    def whole(self) -> Node:
        """commonExpr, and nothing before or behind it"""
        self.begin()
        node = self.expression()
        if self.lexemes[self.cursor]:
            self.finish(node)
        return node

    def expression(self, weakest: int = 1) -> Node:
        """commonExpr: operands joined by operators that bind at least as strongly as `weakest`"""
        lexemes = self.lexemes
        lexeme = lexemes[self.cursor]
        try:
            read = _OPERANDS[lexeme[:1]]
        except KeyError:
            read = Expressions._other
        left = read(self, lexeme)
        while True:
            cursor = self.cursor
            level, name = self.operators.get(lexemes[cursor]) or self._unusual_operator()
            if level < weakest:
                return left
            self.cursor = cursor + 1
            right = self.expression(level + 1) if level < TIGHTEST else _RIGHT[name](self)
            left = Binary(name, left, right, self.starts[cursor] + 1)

    def _unusual_operator(self) -> tuple[int, str]:
        """The level and the name of an operator with other blanks around it or in other case; level 0 for none."""
        lexeme = self.lexemes[self.cursor]
        word = lexeme.strip(" \t").lower()
        if lexeme[0] in BLANKS and word:
            self.starts[self.cursor] += len(lexeme) - len(lexeme.lstrip(" \t")) - 1
            return self.operators[f" {word} "]
        following = self.lexemes[self.cursor + 1]
        if f" {following} " in self.operators:
            self.cursor += 2
            self.fail(f"a blank after '{following}'")
        return 0, ""

    def operand(self) -> Node:
        """A literal, a path or call, or an expression with a sign, `not` or parentheses around it"""
        lexeme = self.lexemes[self.cursor]
        return _OPERANDS.get(lexeme[:1], Expressions._other)(self, lexeme)

    def _blank(self, lexeme: str) -> Node:
        """BWS, where the lexeme before it is no operator"""
        if lexeme.strip(" \t"):
            self.fail("an expression")
        self.cursor += 1
        return self.operand()

    def _string(self, lexeme: str) -> Node:
        """string = SQUOTE *( SQUOTE-in-string / pchar-no-SQUOTE ) SQUOTE"""
        if lexeme.count("'") % 2:
            self.fail("an expression")
        position = self.starts[self.cursor]
        self.cursor += 1
        return Literal(lexeme[1:-1].replace("''", "'"), edm.STRING, position)

    def _number(self, lexeme: str) -> Node:
        """A literal that begins with a digit or a sign: a number, a Guid, a date, a time"""
        position = self.starts[self.cursor]
        if len(lexeme) < 20 and lexeme.isascii():
            # The two kinds that most are; what is left takes ten times as long.
            whole, point, fraction = lexeme.partition(".")
            if fraction.isdigit() and whole.isdigit():
                self.cursor += 1
                return Literal(Decimal(lexeme), self.grammar.fraction, position)
            if whole.isdigit() and not point and len(lexeme) < 10:
                self.cursor += 1
                return Literal(int(lexeme), edm.INT32, position)
        found = self.literal(lexeme, position)
        if found is None:
            self.fail("an expression")
        self.cursor += 1
        return Literal(found[0], found[1], position)

    def _prefixed(self, lexeme: str) -> Node:
        """A literal with a prefix and quotation marks, or a Guid that begins with a letter"""
        position = self.starts[self.cursor]
        enum = _ENUM.fullmatch(lexeme)
        if enum is None:
            return self._number(lexeme)
        self.cursor += 1
        return EnumLiteral(enum[1], enum[2], position)

    def _minus(self, lexeme: str) -> Node:
        """negateExpr = "-" BWS commonExpr, or a negative number"""
        if lexeme != "-":
            return self._number(lexeme)
        position = self.starts[self.cursor]
        self.enter(position)
        self.cursor += 1
        node = Unary("-", self.expression(self.grammar.unary_level), position)
        self.depth -= 1
        return node

    def _parenthesized(self, _lexeme: str) -> Node:
        """parenExpr = OPEN BWS commonExpr BWS CLOSE"""
        self.enter(self.starts[self.cursor])
        self.cursor += 1
        node = self.expression()
        if self.lexemes[self.cursor] == ")":
            self.cursor += 1
        else:
            self.expect(")")
        self.depth -= 1
        return node

    def _enumeration(self) -> Node:
        """hasExpr = RWS "has" RWS enumLiteral"""
        node = self.operand()
        is_enum = isinstance(node, EnumLiteral)
        if not is_enum and not (
            isinstance(node, Literal) and node.type is edm.STRING and _MEMBERS.fullmatch(node.value)
        ):
            self.refuse("A literal of an enumeration is expected behind 'has'.", node.position)
        return node

    def _list_or_operand(self) -> Node:
        """listExpr = OPEN BWS [ primitiveLiteral BWS *( COMMA BWS primitiveLiteral BWS ) ] CLOSE / commonExpr"""
        if self.lexemes[self.cursor] != "(":
            return self.operand()
        position = self.starts[self.cursor]
        self.enter(position)
        self.cursor += 1
        items: list[Node] = []
        if not self.take(")"):
            items.append(self.expression())
            while self.take(","):
                self.skip_blank()
                items.append(self.operand())
            self.expect(")")
        self.depth -= 1
        strange = next((item for item in items if not isinstance(item, Literal | EnumLiteral)), None)
        if strange is not None:
            if len(items) > 1:
                self.refuse("A list holds literals only.", strange.position)
            return strange  # no list but an expression in parentheses, whose value is a collection
        if len(items) > self.limits.in_items:
            self.refuse(f"The list has too many items: the limit in_items is {self.limits.in_items}.", position)
        return Items(tuple(items), False, position)

    # ------------------------------------------------------------ names

    def _named(self, lexeme: str) -> Node:
        """A path, a call, or a literal that begins with a letter"""
        if lexeme in self.words:
            return self._word(lexeme)
        if lexeme.isidentifier():
            position = self.starts[self.cursor]
            self.cursor += 1
            if self.lexemes[self.cursor][:1] != "/":
                return Path((Segment(lexeme, None, None, position),))
            self.cursor -= 1
        last = lexeme[-1]
        if last == "(":
            return self._called(lexeme)
        if last == "'" or "-" in lexeme:
            return self._prefixed(lexeme)
        return self._path(lexeme)

    def _path(self, lexeme: str) -> Path:
        """A path of names, perhaps with a call in it"""
        position = self.starts[self.cursor]
        if "." in lexeme and not PATH_LEXEME.fullmatch(lexeme):
            self.fail("an expression")
        segments = self._steps(lexeme, position)
        self.cursor += 1
        if self.lexemes[self.cursor][:1] == "/":
            self._continue(segments)
        if "." in lexeme or "$" in lexeme:
            self.check_path(segments)
        return Path(tuple(segments))

    def _word(self, lexeme: str) -> Node:
        """null / booleanValue / nanInfinity, notExpr, caseExpr"""
        word = self.words[lexeme]
        position = self.starts[self.cursor]
        if isinstance(word, tuple):
            self.cursor += 1
            return Literal(word[0], word[1], position)
        if word == "case(":
            return self._called(lexeme) if self.has_parameters(self.cursor + 1) else self._case(position)
        if word == "not(":
            # Clients write it; the grammar wants a blank between.
            self.lexemes[self.cursor], self.starts[self.cursor] = "(", position + 3
        elif not self._negates():
            return self._path(lexeme)
        return self._not(position)

    def _negates(self) -> bool:
        """Whether `not` is an operator: something follows behind a blank. Otherwise it is a name."""
        following = self.lexemes[self.cursor + 1]
        if not following.startswith(BLANKS) or self.lexemes[self.cursor + 2] in (")", ",", "/", ""):
            return False
        self.cursor += 1
        self.skip_to_name()
        first, second, third = self.lexemes[self.cursor + 1 : self.cursor + 4]
        if following.strip(" \t") and f" {second.lower()} " in self.operators and third and not third.strip(" \t"):
            # `not eq eq 1`: the lexer found the operator one word too early.
            self.lexemes[self.cursor + 1 : self.cursor + 4] = (first + second + third,)
            del self.starts[self.cursor + 2 : self.cursor + 4]
        return True

    def _not(self, position: int) -> Node:
        """notExpr = "not" RWS boolCommonExpr"""
        self.enter(position)
        # Binds tighter than any operator that computes or compares (4.01 Part 2, 5.1.1.17).
        node = Unary("not", self.expression(self.grammar.unary_level), position)
        self.depth -= 1
        return node

    def _variable(self, lexeme: str) -> Node:
        """`$it` and its like, a parameter alias, an annotation"""
        if not PATH_LEXEME.fullmatch(lexeme):
            self.fail("an expression")
        return self._called(lexeme) if lexeme[-1] == "(" else self._path(lexeme)

    def _other(self, lexeme: str) -> Node:
        """A name that begins with no ASCII letter, or nothing"""
        if not lexeme[:1].isalpha():
            self.fail("an expression")
        return self._named(lexeme)

    def _case(self, position: int) -> Case:
        """case = "case" OPEN BWS branch *( "," BWS branch ) CLOSE"""
        self.enter(position)
        self.cursor += 1
        branches = [self._branch()]
        while self.take(","):
            branches.append(self._branch())
        self.expect(")")
        self.depth -= 1
        return Case(tuple(branches), position)

    def _branch(self) -> tuple[Node, Node]:
        """branch = boolCommonExpr BWS ":" BWS commonExpr BWS"""
        condition = self.expression()
        self.expect(":")
        return condition, self.expression()


# An operator that binds tightest -> who reads what stands to its right.
_RIGHT: Final[Mapping[str, Callable[[Expressions], Node]]] = {
    "has": Expressions._enumeration,
    "in": Expressions._list_or_operand,
}
# A lexeme's first character -> who reads the operand that it begins.
_OPERANDS: Final[Mapping[str, Callable[[Expressions, str], Node]]] = {
    **dict.fromkeys(ascii_letters + "_", Expressions._named),
    **dict.fromkeys(digits + "+", Expressions._number),
    **dict.fromkeys("$@", Expressions._variable),
    **dict.fromkeys(BLANKS, Expressions._blank),
    "'": Expressions._string,
    "-": Expressions._minus,
    "(": Expressions._parenthesized,
    "[": Expressions.array,
    "{": Expressions.object,
}


def parse_expression(text: str, grammar: Grammar, limits: Limits, start: int = 0, end: int | None = None) -> Node:
    """The tree of a common expression."""
    return Expressions(text, grammar, limits, start, end).whole()
