# Expressions -> canonical text, decoded; the same precedence table as the parser's decides where parentheses stand.
# The tree must be of the dialect in which it is printed (uri.translation makes it so): what the dialect cannot say is
# refused with the reason, never left out, and so is a tree whose text would be read as another one.
# A chain of operators is printed in a loop, since `a or b or c ...` is as deep as it is long; whatever else is nested,
# the parser bounds, and here takes four frames of the stack a level.

from __future__ import annotations

import json
from itertools import starmap
from typing import Final, assert_never

import msgspec

from ..edm import primitives as edm
from ..records import record
from .constructs import CONSTRUCTS, OPERATORS, TYPES, VARIABLES, require, unsayable
from .grammars import Grammar
from .literals_v4 import Unreadable
from .syntax import (
    Aggregate,
    Argument,
    Binary,
    Case,
    EnumLiteral,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Path,
    Segment,
    Unary,
)

_ATOM: Final = 100  # the level of what never needs parentheses
_LOOSE: Final = 0  # the level of what always needs them


def print_expression(node: Node, grammar: Grammar) -> str:
    """The canonical text of an expression, not percent-encoded."""
    return Printer(grammar).expression(node)


def print_alias_value(node: Node, grammar: Grammar) -> str:
    """parameterValue: an expression, or JSON where the value has no other form."""
    printer = Printer(grammar)
    match node:
        case Items() | Members():
            return printer.json(node)
        case Literal(str() as value) if not _is_text(value):
            return printer.json(node)
        case _:
            return printer.outside_json(node)


def print_segments(segments: tuple[Segment, ...], grammar: Grammar) -> str:
    """Segments joined by slashes."""
    return "/".join(map(Printer(grammar).segment, segments))


def print_segment(segment: Segment, grammar: Grammar) -> str:
    """A name with what stands in parentheses behind it."""
    return Printer(grammar).segment(segment)


def print_aggregate(item: Aggregate, grammar: Grammar) -> str:
    """`expression with method from path with method as alias`."""
    return Printer(grammar).aggregate(item)


def _is_text(value: str) -> bool:
    """Whether UTF-8, and so a URL, can hold the string."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_string(value: str) -> str:
    # Half of a surrogate pair can only be said by an escape.
    return msgspec.json.encode(value).decode() if _is_text(value) else json.dumps(value)


def _is_list(node: Node) -> bool:
    return isinstance(node, Items) and not node.is_json


@record
class Printer:
    """Prints expressions in one dialect."""

    grammar: Grammar

    def expression(self, node: Node, weakest: int = 1) -> str:
        """An expression, in parentheses where its operator binds less than `weakest`."""
        text, level = self._levelled(node)
        return f"({text})" if level < weakest else text

    def _levelled(self, node: Node) -> tuple[str, int]:
        match node:
            case Literal():
                return self.literal(node), _ATOM
            case EnumLiteral(type_name, text):
                require(CONSTRUCTS, "enumeration", self.grammar)
                return f"{type_name}'{text}'", _ATOM
            case Path(segments):
                self._check_path(segments)
                text = "/".join(map(self.segment, segments))
                return text, self._level_of_path(text)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._chain(node)
            case Case(branches):
                require(CONSTRUCTS, "case", self.grammar)
                return f"case({','.join(starmap(self._branch, branches))})", _ATOM
            case Items(_, is_json):
                if not is_json:
                    raise unsayable("a list in parentheses", "it can only stand behind 'in'", self.grammar)
                return self.json(node), _ATOM
            case Members():
                return self.json(node), _ATOM
            case _:
                assert_never(node)

    def literal(self, node: Literal) -> str:
        """A literal in the dialect's spelling."""
        if node.value is None or node.type is None:
            return "null"
        require(TYPES, node.type.name, self.grammar)
        if isinstance(node.value, Unreadable):
            return node.value.text
        write = self.grammar.printers.get(node.type.name)
        if write is None:
            raise unsayable(f"a value of {node.type.name}", "the type has no literals", self.grammar)
        text: str = write(node.value)
        return text

    # ------------------------------------------------------------ operators

    def _unary(self, node: Unary) -> tuple[str, int]:
        level = self.grammar.unary_level
        operand = self.expression(node.operand, level)
        if node.operator == "-":
            # A sign that touches digits would be read as theirs.
            is_number = operand[0].isdigit() or operand.startswith(("INF", "-"))
            return f"-({operand})" if is_number else f"-{operand}", level
        return f"{node.operator} {operand}", level

    def _chain(self, node: Binary) -> tuple[str, int]:
        """Operators that have each other at their left, since they are read left to right."""
        links = [node]
        while isinstance(links[-1].left, Binary):
            links.append(links[-1].left)
        text, level = self._levelled(links[-1].left)
        for link in reversed(links):
            binding = self._binding(link.operator)
            if level < binding:
                text = f"({text})"
            text = f"{text} {link.operator} {self._right(link, binding)}"
            level = binding
        return text, level

    def _binding(self, operator: str) -> int:
        require(OPERATORS, operator, self.grammar)
        level = self.grammar.precedence.get(operator)
        if level is None:
            raise unsayable(f"the operator '{operator}'", "there is none of that name", self.grammar)
        return level

    def _right(self, link: Binary, binding: int) -> str:
        if link.operator == "in" and isinstance(link.right, Items) and _is_list(link.right):
            return self._list(link.right)
        return self.expression(link.right, binding + 1)

    def _list(self, node: Items) -> str:
        """listExpr: literals in parentheses"""
        require(CONSTRUCTS, "list", self.grammar)
        if not all(isinstance(item, Literal | EnumLiteral) for item in node.items):
            raise unsayable("a list of expressions", "it can only hold literals", self.grammar)
        return f"({','.join(map(self.expression, node.items))})"

    def _branch(self, condition: Node, result: Node) -> str:
        before, behind = self.expression(condition), self.expression(result)
        # `12:30` is a time of day.
        blank = " " if before[-2:].isdigit() and behind[:2].isdigit() else ""
        return f"{before}:{blank}{behind}"

    # ------------------------------------------------------------ JSON

    def json(self, node: Node) -> str:
        """A value in JSON: strings in double quotation marks; what JSON does not have stays an expression."""
        match node:
            case Items(items, True):
                require(CONSTRUCTS, "json", self.grammar)
                return f"[{','.join(map(self.json, items))}]"
            case Members(members):
                require(CONSTRUCTS, "json", self.grammar)
                return f"{{{','.join([f'{_json_string(name)}:{self.json(value)}' for name, value in members])}}}"
            case Literal(str() as value, kind) if kind is edm.STRING:
                return _json_string(value)
            case _:
                return self.outside_json(node)

    def outside_json(self, node: Node) -> str:
        """An expression where JSON is expected: what begins like JSON is taken for it, so a parenthesis comes first."""
        text = self.expression(node)
        return f"({text})" if text.startswith(("[", "{")) else text

    # ------------------------------------------------------------ paths

    def _level_of_path(self, text: str) -> int:
        """A property with the name `not` would be read as the operator."""
        if text == "null":
            raise unsayable("a property called null", "it would be the literal", self.grammar)
        return _LOOSE if (text.lower() if self.grammar.folds_case else text) == "not" else _ATOM

    def _check_path(self, segments: tuple[Segment, ...]) -> None:
        first = segments[0].name
        require(VARIABLES, first, self.grammar)
        if first.startswith("@") and "." not in first:
            require(CONSTRUCTS, "alias", self.grammar)
        for segment in segments:
            if segment.name == "$count":
                require(CONSTRUCTS, "count", self.grammar)

    def segment(self, segment: Segment) -> str:
        """A name with what stands in parentheses behind it."""
        self._check_name(segment)
        text = segment.name
        if segment.options is not None:
            # Options are made of expressions, and expressions of options.
            from .option_printer import print_nested_options

            text += f"({print_nested_options(segment.options, self.grammar)})"
        if segment.arguments is not None:
            text += f"({','.join(map(self._argument, segment.arguments))})"
        if segment.key is not None:
            require(CONSTRUCTS, "key behind call", self.grammar)
            text += f"({','.join(map(self._argument, segment.key))})"
        return text

    def _check_name(self, segment: Segment) -> None:
        name = segment.name
        if name.startswith("@"):
            if "." in name:
                require(CONSTRUCTS, "annotation", self.grammar)
        elif "." in name:
            is_type = segment.arguments is None and not name.endswith(".*")
            require(CONSTRUCTS, "cast" if is_type else "function", self.grammar)
        elif name in ("any", "all") and segment.arguments is not None:
            require(CONSTRUCTS, "lambda", self.grammar)

    def _argument(self, argument: Argument) -> str:
        match argument.value:
            case Lambda(variable, body):
                require(CONSTRUCTS, "lambda", self.grammar)
                text = f"{variable}:{self.expression(body)}"
            case Aggregate():
                require(CONSTRUCTS, "aggregate", self.grammar)
                text = self.aggregate(argument.value)
            case value:
                text = self.expression(value)
        return text if argument.name is None else f"{argument.name}={text}"

    def aggregate(self, item: Aggregate) -> str:
        """`expression with method from path with method as alias`."""
        parts = [self.expression(item.expression)] if item.expression is not None else []
        parts += [f"with {item.method}"] if item.method is not None else []
        for path, method in item.from_items:
            parts.append(
                f"from {'/'.join(map(self.segment, path))}" + (f" with {method}" if method is not None else "")
            )
        parts += [f"as {item.alias}"] if item.alias is not None else []
        return " ".join(parts)
