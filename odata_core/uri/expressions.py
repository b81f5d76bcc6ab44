# Expressions: tokens -> syntax tree, by precedence climbing.
# Depth and node count are bounded, so no input can exhaust the stack or the clock.
# The text is already percent-decoded; a parser may work on a part of it, so that positions are those of the whole.

from __future__ import annotations

import json

from ..edm import primitives as edm
from ..limits import Limits
from .grammars import Grammar
from .lexer import Cursor, Token
from .syntax import (
    Argument,
    Binary,
    Case,
    EnumLiteral,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Options,
    Path,
    Segment,
    Unary,
)


class Expressions(Cursor):
    """A parser of one stretch of text. A method's docstring is its production."""

    # ------------------------------------------------------------ expressions

    def whole(self) -> Node:
        """commonExpr, and nothing before or behind it"""
        if self.tokens[0].gap and not self.grammar.is_lenient:
            self.fail("an expression without a blank before it")
        node: Node = self.finish(self.expression())
        return node

    def expression(self, weakest: int = 1) -> Node:
        """commonExpr: operands joined by operators that bind at least as strongly as `weakest`"""
        left = self.operand()
        levels, folds = self.grammar.precedence, self.grammar.folds_case
        while True:
            token = self.tokens[self.cursor]
            if token.kind != "name" or not token.gap:
                return left
            operator = token.text.lower() if folds else token.text
            level = levels.get(operator, 0)
            if level < weakest or not level:
                return left
            self.cursor += 1
            if not self.tokens[self.cursor].gap:
                self.fail(f"a blank after '{token.text}'")
            right = self._list_or_operand() if operator == "in" else self.expression(level + 1)
            left = Binary(operator, left, right, token.position)

    def operand(self) -> Node:
        """A literal, a path or call, or an expression with a sign, `not` or parentheses around it"""
        token = self.tokens[self.cursor]
        if token.kind == "literal":
            self.cursor += 1
            return Literal(token.value, token.type, token.position)
        self.enter(token)
        node = self._nested(token)
        self.depth -= 1
        return node

    def _nested(self, token: Token) -> Node:
        match token.kind, token.text:
            case "mark", "(":
                self.cursor += 1
                node = self.expression()
                self.expect(")")
                return node
            case "mark", "-":
                self.cursor += 1
                return Unary("-", self.expression(self.grammar.unary_level), token.position)
            case "mark", "{" | "[":
                return self.json_value()
            case "enum", _:
                self.cursor += 1
                type_name, _quote, text = token.text[:-1].partition("'")
                return EnumLiteral(type_name, text, token.position)
            case "name", _:
                return self._name_first(token)
        self.fail("an expression")

    def _name_first(self, token: Token) -> Node:
        following = self.tokens[self.cursor + 1]
        word = token.text.lower() if self.grammar.folds_case else token.text
        if word == "not" and (following.gap or following.text == "(") and following.text not in ("/", ",", ")", ""):
            self.cursor += 1
            # Binds tighter than any operator that computes or compares (4.01 Part 2, 5.1.1.17).
            return Unary("not", self.expression(self.grammar.unary_level), token.position)
        if token.text == "null" and following.text not in ("(", "/"):
            self.cursor += 1
            return Literal(None, None, token.position)
        if word == "case" and self.grammar.has_case and following.text == "(":
            return self._case(token)
        path = self.path()
        first = path.segments[0]
        if len(path.segments) == 1 and first.arguments is None and "." in first.name and first.name[0] != "@":
            # A qualified name by itself is a type, and a type is no value; cast and isof read theirs as such.
            self.refuse(f"'{first.name}' by itself is no expression.", first.position)
        return path

    def _case(self, token: Token) -> Case:
        """case = "case" "(" branch *( "," branch ) ")"; branch = boolCommonExpr ":" commonExpr"""
        self.cursor += 2
        branches = [self._branch()]
        while self.take(","):
            branches.append(self._branch())
        self.expect(")")
        return Case(tuple(branches), token.position)

    def _branch(self) -> tuple[Node, Node]:
        condition = self.expression()
        self.expect(":")
        return condition, self.expression()

    def _list_or_operand(self) -> Node:
        """listExpr = "(" [ primitiveLiteral *( "," primitiveLiteral ) ] ")" / commonExpr"""
        token = self.tokens[self.cursor]
        if token.text != "(" or token.kind != "mark":
            return self.expression(self.grammar.unary_level + 1)
        self.cursor += 1
        items: list[Node] = []
        if not self.take(")"):
            items.append(self._list_item())
            while self.take(","):
                items.append(self._list_item())
            self.expect(")")
        return Items(tuple(items), is_json=False, position=token.position)

    def _list_item(self) -> Node:
        node = self.operand()
        if not isinstance(node, Literal | EnumLiteral):
            self.refuse("A list holds literals only.", node.position)
        return node

    # ------------------------------------------------------------ paths and calls

    def path(self) -> Path:
        """segment *( "/" segment )"""
        segments = [self.segment()]
        while self.take("/"):
            if self.token.gap and not self.grammar.is_lenient:
                self.fail("a name without a blank before it")
            segments.append(self.segment(rooted=segments[0].name == "$root"))
        return Path(tuple(segments))

    def segment(self, *, rooted: bool = False) -> Segment:
        """segment = name [ "(" arguments ")" ]; below $root also the bare value of a key"""
        token = self.tokens[self.cursor]
        if token.kind == "literal" and (rooted or token.text.lower() in ("true", "false", "nan", "inf")):
            self.cursor += 1
            return Segment(token.text, position=token.position)
        if token.kind != "name":
            self.fail("a name")
        self.cursor += 1
        opening = self.tokens[self.cursor]
        if opening.kind != "mark" or opening.text != "(" or (opening.gap and not self.grammar.is_lenient):
            return Segment(token.text, position=token.position)
        self.enter(token)
        if token.text == "$count":
            segment = Segment("$count", None, self._count_options(opening), token.position)
        else:
            self.cursor += 1
            arguments = self._arguments(token)
            key = self._arguments(token) if self.take("(") else None
            segment = Segment(token.text, arguments, None, token.position, key)
        self.depth -= 1
        return segment

    def _count_options(self, opening: Token) -> Options:
        from .query_options import parse_nested_options  # options are made of expressions, and expressions of options

        closing = self._matching(self.cursor)
        start, end = opening.position + 1, self.tokens[closing].position
        options = parse_nested_options(self.text, start, end, "count", self.grammar, self.limits, self.depth)
        self.cursor = closing + 1
        return options

    def _matching(self, opening: int) -> int:
        """The index of the parenthesis that closes the one at `opening`."""
        depth = 0
        for index in range(opening, len(self.tokens)):
            token = self.tokens[index]
            if token.kind == "mark":
                depth += (token.text == "(") - (token.text == ")")
                if depth == 0:
                    return index
        self.cursor = len(self.tokens) - 1
        self.fail("')'")

    def _arguments(self, owner: Token) -> tuple[Argument, ...]:
        """ "(" [ argument *( "," argument ) ] ")", the opening one already taken"""
        if self.take(")"):
            if owner.text == "all" and self.grammar.has_lambda:
                self.refuse("'all' needs a variable and a condition: all(x:...).", owner.position)
            return ()
        if owner.text.lower() in ("cast", "isof") and self.grammar.has_case:
            arguments = self._type_arguments()
        elif owner.text in ("any", "all") and self.grammar.has_lambda and self.tokens[self.cursor + 1].text == ":":
            arguments = [Argument(self._lambda())]
        elif owner.text == "aggregate" and self.grammar.has_case:
            arguments = self._aggregates()
        else:
            arguments = [self._argument()]
            while self.take(","):
                arguments.append(self._argument())
        self.expect(")")
        return tuple(arguments)

    def _type_arguments(self) -> list[Argument]:
        """[ commonExpr "," ] optionallyQualifiedTypeName"""
        arguments = []
        following = self.tokens[self.cursor + 1]
        if self.token.kind != "name" or (following.text != ")" and self.token.text != "Collection"):
            arguments.append(self._argument())
            self.expect(",")
        arguments.append(Argument(self._type()))
        return arguments

    def _type(self) -> Path:
        """optionallyQualifiedTypeName = name / "Collection" "(" name ")" """
        position = self.token.position
        name = self.name("the name of a type")
        if name != "Collection" or not self.take("("):
            return Path((Segment(name, position=position),))
        item = Path((Segment(self.name("the name of a type"), position=position),))
        self.expect(")")
        return Path((Segment(name, (Argument(item),), None, position),))

    def _aggregates(self) -> list[Argument]:
        """The arguments of /aggregate(...) in a path (Data Aggregation 4.0, 5.2.2)"""
        from .apply import aggregate_item  # $apply is made of expressions, and expressions of its aggregations

        arguments = [Argument(aggregate_item(self))]
        while self.take(","):
            arguments.append(Argument(aggregate_item(self)))
        return arguments

    def _lambda(self) -> Lambda:
        """lambdaVariable ":" boolCommonExpr"""
        position = self.token.position
        variable = self.name("a variable")
        self.expect(":")
        return Lambda(variable, self.expression(), position)

    def _argument(self) -> Argument:
        """argument = [ name "=" ] commonExpr"""
        token, following = self.tokens[self.cursor], self.tokens[self.cursor + 1]
        if token.kind == "name" and following.kind == "mark" and following.text == "=":
            self.cursor += 2
            return Argument(self.expression(), token.text)
        return Argument(self.expression())

    # ------------------------------------------------------------ JSON

    def json_value(self) -> Node:
        """arrayOrObject / stringInUrl / commonExpr"""
        token = self.tokens[self.cursor]
        if token.kind == "text":
            self.cursor += 1
            return Literal(self._json_text(token), edm.STRING, token.position)
        if token.kind != "mark" or token.text not in "[{":
            return self.expression()
        self.enter(token)
        self.cursor += 1
        node = self._json_array(token) if token.text == "[" else self._json_object(token)
        self.depth -= 1
        return node

    def _json_array(self, token: Token) -> Items:
        items: list[Node] = []
        if not self.take("]"):
            items.append(self.json_value())
            while self.take(","):
                items.append(self.json_value())
            self.expect("]")
        return Items(tuple(items), is_json=True, position=token.position)

    def _json_object(self, token: Token) -> Members:
        members: list[tuple[str, Node]] = []
        if not self.take("}"):
            members.append(self._json_member())
            while self.take(","):
                members.append(self._json_member())
            self.expect("}")
        return Members(tuple(members), token.position)

    def _json_member(self) -> tuple[str, Node]:
        token = self.token
        if token.kind != "text":
            self.fail("a name in double quotation marks")
        self.cursor += 1
        self.expect(":")
        return self._json_text(token), self.json_value()

    def _json_text(self, token: Token) -> str:
        try:
            text: str = json.loads(token.text, strict=False)
        except ValueError:
            self.refuse("The JSON string is not well-formed.", token.position)
        return text


def parse_expression(text: str, grammar: Grammar, limits: Limits, start: int = 0, end: int | None = None) -> Node:
    """The tree of a common expression."""
    return Expressions(text, grammar, limits, start, end).whole()
