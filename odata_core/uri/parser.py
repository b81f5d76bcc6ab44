# Expressions and predicates: text -> syntax tree. One master regular expression makes tokens, precedence climbing
# makes the tree. Depth and node count are bounded, so no input can exhaust the stack or the clock.
# The text is already percent-decoded; positions are those of the decoded text.

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest
from ..limits import Limits
from .dialects import Dialect
from .tree import Binary, Call, KeyPart, Literal, Member, Node, OrderByItem, Segment, Unary


@dataclass(frozen=True, slots=True)
class Token:
    """A lexeme; `kind` is `literal`, `name`, `mark` or `end`. Literals carry their value and type."""

    kind: str
    text: str
    position: int
    value: Any = None
    type: PrimitiveType | None = None


def tokenize(text: str, dialect: Dialect, limits: Limits) -> list[Token]:
    """The tokens of an expression without blanks, with one of kind `end` at the end."""
    tokens: list[Token] = []
    position, match, most = 0, dialect.tokens.match, 2 * limits.expression_nodes
    while position < len(text):
        if len(tokens) > most:
            raise BadRequest(f"The expression is too large: the limit expression_nodes is {limits.expression_nodes}.")
        found = match(text, position)
        if found is None:
            raise BadRequest(f"The character '{text[position]}' is not understood here.", text=text, position=position)
        kind = found.lastgroup or ""
        if kind[0] == "L":
            tokens.append(_literal_token(text, position, found[0], dialect.literals[int(kind[1:])]))
        elif kind != "blank":
            tokens.append(Token(kind, found[0], position))
        position = found.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def _literal_token(text: str, position: int, lexeme: str, form: Any) -> Token:
    try:
        value = form.read(lexeme)
    except ValueError as error:
        raise BadRequest(
            f"'{lexeme[:100]}' is not a literal of {form.type.name}: {error}.", text=text, position=position
        ) from None
    kind: PrimitiveType = form.type
    if kind is edm.INT32 and not -(2**31) <= value < 2**31:
        # An integer without suffix takes the smallest type that holds it.
        kind, value = (edm.INT64, value) if -(2**63) <= value < 2**63 else (edm.DECIMAL, Decimal(value))
    return Token("literal", lexeme, position, value, kind)


class Parser:
    """One text and a cursor. A method's docstring is its production."""

    def __init__(self, text: str, dialect: Dialect, limits: Limits) -> None:
        self.text = text
        self.dialect = dialect
        self.limits = limits
        self.tokens = tokenize(text, dialect, limits)
        self.cursor = 0
        self.depth = 0

    def whole_expression(self) -> Node:
        """commonExpr, and nothing behind it"""
        node = self.expression()
        self._expect_end()
        return node

    def whole_order(self) -> tuple[OrderByItem, ...]:
        """orderby = orderbyItem *( COMMA orderbyItem )"""
        items = [self.order_by_item()]
        while self._take(","):
            items.append(self.order_by_item())
        self._expect_end()
        return tuple(items)

    def order_by_item(self) -> OrderByItem:
        """orderbyItem = commonExpr [ RWS ( "asc" / "desc" ) ]"""
        expression = self.expression()
        token = self.tokens[self.cursor]
        if token.kind == "name" and token.text in ("asc", "desc"):
            self.cursor += 1
            return OrderByItem(expression, token.text == "desc")
        return OrderByItem(expression, False)

    def whole_select(self) -> tuple[str, ...]:
        """select = selectItem *( COMMA selectItem ); selectItem = star / name"""
        names = [self._select_item()]
        while self._take(","):
            names.append(self._select_item())
        self._expect_end()
        return tuple(names)

    def _select_item(self) -> str:
        if self._take("*"):
            return "*"
        names = [self._name("a property name or *")]
        while self._take("/"):
            names.append(self._name("a property name"))
        return "/".join(names)

    def whole_segment(self) -> Segment:
        """segment = name [ "(" [ keyPart *( COMMA keyPart ) ] ")" ]"""
        name = self._name("a name")
        predicate = None
        if self._take("("):
            predicate = self._key_parts()
        self._expect_end()
        return Segment(name, predicate)

    def _key_parts(self) -> tuple[KeyPart, ...]:
        parts: list[KeyPart] = []
        if not self._take(")"):
            parts.append(self._key_part())
            while self._take(","):
                parts.append(self._key_part())
            self._expect(")")
        return tuple(parts)

    def _key_part(self) -> KeyPart:
        """keyPart = [ name EQ ] primitiveLiteral"""
        token = self.tokens[self.cursor]
        name = None
        if token.kind == "name" and self.tokens[self.cursor + 1].text == "=":
            name = token.text
            self.cursor += 2
            token = self.tokens[self.cursor]
        if token.kind != "literal":
            self._fail("a literal", token)
        self.cursor += 1
        return KeyPart(name, Literal(token.value, token.type, token.position))

    def expression(self, weakest: int = 1) -> Node:
        """commonExpr: operands joined by operators that bind at least as strongly as `weakest`"""
        left = self.operand()
        while True:
            token = self.tokens[self.cursor]
            level = self.dialect.precedence.get(token.text, 0) if token.kind == "name" else 0
            if level < weakest or not level:
                return left
            self.cursor += 1
            left = Binary(token.text, left, self.expression(level + 1), token.position)

    def operand(self) -> Node:
        """operand = "not" operand / "-" operand / "(" commonExpr ")" / literal / "null" / call / member path"""
        token = self.tokens[self.cursor]
        if token.kind == "literal":
            self.cursor += 1
            return Literal(token.value, token.type, token.position)
        self._enter(token)
        node = self._nested_operand(token)
        self.depth -= 1
        return node

    def _nested_operand(self, token: Token) -> Node:
        self.cursor += 1
        if token.text == "(":
            node = self.expression()
            self._expect(")")
            return node
        if token.text == "-" or (token.text == "not" and self.tokens[self.cursor].text not in (",", ")", "/", "")):
            # `not` binds tighter than any infix operator (5.1.2.1), so it takes one operand.
            return Unary(token.text, self.operand(), token.position)
        if token.kind != "name":
            self._fail("an expression", token)
        if token.text == "null":
            return Literal(None, None, token.position)
        if self._take("("):
            return Call(token.text, self._arguments(), token.position)
        return self._member(token)

    def _arguments(self) -> tuple[Node, ...]:
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self.expression())
            while self._take(","):
                arguments.append(self.expression())
            self._expect(")")
        return tuple(arguments)

    def _member(self, first: Token) -> Member:
        names = [first.text]
        while self._take("/"):
            names.append(self._name("a property name"))
        return Member(tuple(names), first.position)

    def _take(self, mark: str) -> bool:
        token = self.tokens[self.cursor]
        if token.kind == "mark" and token.text == mark:
            self.cursor += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            self._fail(f"'{mark}'", self.tokens[self.cursor])

    def _expect_end(self) -> None:
        token = self.tokens[self.cursor]
        if token.kind != "end":
            self._fail("the end", token)

    def _name(self, expected: str) -> str:
        token = self.tokens[self.cursor]
        if token.kind != "name":
            self._fail(expected, token)
        self.cursor += 1
        return token.text

    def _enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > self.limits.expression_depth:
            raise BadRequest(
                f"The expression is nested too deeply: the limit expression_depth is {self.limits.expression_depth}.",
                text=self.text,
                position=token.position,
            )

    def _fail(self, expected: str, token: Token) -> NoReturn:
        found = f"'{token.text[:100]}'" if token.kind != "end" else "the end"
        raise BadRequest(
            f"Syntax error: {expected} is expected, but {found} was found.", text=self.text, position=token.position
        )


def parse_expression(text: str, dialect: Dialect, limits: Limits) -> Node:
    """The tree of a $filter or any other common expression."""
    return Parser(text, dialect, limits).whole_expression()


def parse_order(text: str, dialect: Dialect, limits: Limits) -> tuple[OrderByItem, ...]:
    """The items of $orderby."""
    return Parser(text, dialect, limits).whole_order()


def parse_select(text: str, dialect: Dialect, limits: Limits) -> tuple[str, ...]:
    """The items of $select: names, paths with `/`, or `*`."""
    return Parser(text, dialect, limits).whole_select()


def parse_segment(text: str, dialect: Dialect, limits: Limits) -> Segment:
    """A decoded path segment as a name with, perhaps, a predicate."""
    return Parser(text, dialect, limits).whole_segment()
