# Syntax tree -> canonical text, decoded; the same precedence table as the parser's decides where parentheses stand.
# What a dialect cannot say is refused with the reason, never left out.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

import msgspec

from ..edm import primitives as edm
from ..errors import NotImplementedHere
from .grammars import Grammar
from .literals_v4 import Unreadable
from .syntax import (
    Aggregate,
    Argument,
    Binary,
    Case,
    ComputeItem,
    EnumLiteral,
    ExpandItem,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Options,
    OrderByItem,
    Path,
    Search,
    SearchJoin,
    SearchNot,
    SearchTerm,
    Segment,
    SelectItem,
    Unary,
)

_ATOM: Final = 100  # the level of what never needs parentheses


class Printer:
    """Prints trees in one dialect."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    def expression(self, node: Node, weakest: int = 1) -> str:
        """An expression, in parentheses where its operator binds less than `weakest`."""
        text, level = self._levelled(node)
        return f"({text})" if level < weakest else text

    def _levelled(self, node: Node) -> tuple[str, int]:
        match node:
            case Literal():
                return self.literal(node), _ATOM
            case EnumLiteral():
                self._need(self.grammar.has_case, "enumeration literals")
                return f"{node.type_name}'{node.text}'", _ATOM
            case Path():
                return self.path(node.segments), _ATOM
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Case():
                self._need(self.grammar.has_case, "case()")
                branches = (f"{self.expression(a)}:{self.expression(b)}" for a, b in node.branches)
                return f"case({','.join(branches)})", _ATOM
            case Items():
                self._need(self.grammar.has_case, "lists")
                return self._items(node), _ATOM
            case Members():
                self._need(self.grammar.has_case, "JSON objects")
                return self._json(node), _ATOM
            case _:
                assert_never(node)

    def _unary(self, node: Unary) -> tuple[str, int]:
        level = self.grammar.unary_level
        operand = self.expression(node.operand, level)
        if node.operator == "-":
            # A sign that touches digits would be read as theirs.
            is_number = operand[0].isdigit() or operand.startswith(("INF", "-"))
            return f"-({operand})" if is_number else f"-{operand}", level
        return f"{node.operator} {operand}", level

    def _binary(self, node: Binary) -> tuple[str, int]:
        level = self.grammar.precedence.get(node.operator)
        if level is None:
            raise self._unsayable(f"the operator '{node.operator}'")
        left = self.expression(node.left, level)
        if node.operator == "in" and isinstance(node.right, Items) and not node.right.is_json:
            return f"{left} in {self._items(node.right)}", level
        return f"{left} {node.operator} {self.expression(node.right, level + 1)}", level

    def _items(self, node: Items) -> str:
        if node.is_json:
            return self._json(node)
        return f"({','.join(self.expression(item) for item in node.items)})"

    def _json(self, node: Node) -> str:
        match node:
            case Items(items, True):
                return f"[{','.join(map(self._json, items))}]"
            case Members(members):
                pairs = (f"{msgspec.json.encode(name).decode()}:{self._json(value)}" for name, value in members)
                return f"{{{','.join(pairs)}}}"
            case Literal(value, kind) if kind is edm.STRING:
                return msgspec.json.encode(value).decode()
            case _:
                return self.expression(node)

    def literal(self, node: Literal) -> str:
        """A literal in the dialect's spelling."""
        if node.value is None or node.type is None:
            return "null"
        if isinstance(node.value, Unreadable):
            return node.value.text
        write = self.grammar.printers.get(node.type.name)
        if write is None:
            raise self._unsayable(f"literals of {node.type.name}")
        text: str = write(node.value)
        return text

    # ------------------------------------------------------------ paths

    def path(self, segments: tuple[Segment, ...]) -> str:
        """Segments joined by slashes."""
        return "/".join(map(self.segment, segments))

    def segment(self, segment: Segment) -> str:
        """A name with what stands in parentheses behind it."""
        text = segment.name
        if segment.options is not None:
            text += f"({self.options(segment.options)})"
        if segment.arguments is not None:
            text += f"({','.join(map(self._argument, segment.arguments))})"
        if segment.key is not None:
            text += f"({','.join(map(self._argument, segment.key))})"
        return text

    def _argument(self, argument: Argument) -> str:
        match argument.value:
            case Lambda(variable, body):
                self._need(self.grammar.has_lambda, "any and all")
                text = f"{variable}:{self.expression(body)}"
            case Aggregate():
                text = self._aggregate(argument.value)
            case value:
                text = self.expression(value)
        return text if argument.name is None else f"{argument.name}={text}"

    def _aggregate(self, item: Aggregate) -> str:
        parts = [self.expression(item.expression)] if item.expression is not None else []
        parts += [f"with {item.method}"] if item.method is not None else []
        for path, method in item.from_items:
            parts.append(f"from {self.path(path)}" + (f" with {method}" if method is not None else ""))
        parts += [f"as {item.alias}"] if item.alias is not None else []
        return " ".join(parts)

    # ------------------------------------------------------------ options

    def options(self, options: Options, separator: str = ";") -> str:
        """Options in the order of their names."""
        parts = [f"{name}={self.option(name, value)}" for name, value in sorted(options.system.items())]
        parts += [f"{name}={self._json(value)}" for name, value in options.aliases.items()]
        return separator.join(parts)

    def option(self, name: str, value: Any) -> str:
        """The value of one option; $apply is not printed yet."""
        match name:
            case "$orderby":
                return ",".join(map(self._order, value))
            case "$compute":
                return ",".join(map(self._computed, value))
            case "$select" | "$expand":
                return ",".join(map(self._item, value))
            case "$search" if isinstance(value, SearchTerm | SearchNot | SearchJoin):
                return print_search(value)
            case "$filter" | "$search":
                return self.expression(value)
            case "$inlinecount":
                return "allpages" if value else "none"
            case "$apply":
                raise NotImplementedHere("Printing $apply is not supported.")
            case _:
                text: str = _SCALARS.get(type(value), str)(value)
                return text

    def _order(self, item: OrderByItem) -> str:
        return self.expression(item.expression) + (" desc" if item.descending else "")

    def _computed(self, item: ComputeItem) -> str:
        return f"{self.expression(item.expression)} as {item.name}"

    def _item(self, item: SelectItem | ExpandItem) -> str:
        options = f"({self.options(item.options)})" if item.options is not None else ""
        self._need(not options or self.grammar.has_case, "options within $expand and $select")
        return self.path(item.path) + options

    def _need(self, has: bool, what: str) -> None:
        if not has:
            raise self._unsayable(what)

    def _unsayable(self, what: str) -> NotImplementedHere:
        return NotImplementedHere(f"{self.grammar.name} has no way to write {what}.")


_SCALARS: Final[Mapping[type, Any]] = {bool: lambda value: "true" if value else "false"}


def print_search(node: Search, weakest: int = 1) -> str:
    """$search in canonical form: AND written out, parentheses only where needed."""
    match node:
        case SearchTerm(text, is_phrase):
            return f'"{text}"' if is_phrase else text
        case SearchNot(operand):
            return f"NOT {print_search(operand, 3)}"
        case SearchJoin(operator, left, right):
            level = 1 if operator == "OR" else 2
            text = f"{print_search(left, level)} {operator} {print_search(right, level + 1)}"
            return f"({text})" if level < weakest else text
        case _:
            assert_never(node)


def print_expression(node: Node, grammar: Grammar) -> str:
    """The canonical text of an expression, not percent-encoded."""
    return Printer(grammar).expression(node)
