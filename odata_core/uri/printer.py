# Expressions -> canonical text, decoded; the same precedence table as the parser's decides where parentheses stand.
# The tree must be of the dialect in which it is printed (uri.translation makes it so): what the dialect cannot say is
# refused with the reason, never left out, and so is a tree whose text would be read as another one.
# A chain of operators is printed in a loop, since `a or b or c ...` is as deep as it is long.

from __future__ import annotations

import json
from typing import Final, assert_never

import msgspec

from ..edm import primitives as edm
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
    return _bracketed(node, grammar, 1)


def _bracketed(node: Node, grammar: Grammar, weakest: int) -> str:
    """An expression, in parentheses where its operator binds less than `weakest`."""
    text, level = _levelled(node, grammar)
    return f"({text})" if level < weakest else text


def _levelled(node: Node, grammar: Grammar) -> tuple[str, int]:
    match node:
        case Literal():
            return print_literal(node, grammar), _ATOM
        case EnumLiteral(type_name, text):
            require(CONSTRUCTS, "enumeration", grammar)
            return f"{type_name}'{text}'", _ATOM
        case Path():
            return _path(node, grammar)
        case Unary():
            return _unary(node, grammar)
        case Binary():
            return _chain(node, grammar)
        case Case(branches):
            require(CONSTRUCTS, "case", grammar)
            return f"case({','.join([_branch(*branch, grammar) for branch in branches])})", _ATOM
        case Items(_, is_json):
            if not is_json:
                raise unsayable("a list in parentheses", "it can only stand behind 'in'", grammar)
            return print_json(node, grammar), _ATOM
        case Members():
            return print_json(node, grammar), _ATOM
        case _:
            assert_never(node)


def print_literal(node: Literal, grammar: Grammar) -> str:
    """A literal in the dialect's spelling."""
    if node.value is None or node.type is None:
        return "null"
    require(TYPES, node.type.name, grammar)
    if isinstance(node.value, Unreadable):
        return node.value.text
    write = grammar.printers.get(node.type.name)
    if write is None:
        raise unsayable(f"a value of {node.type.name}", "the type has no literals", grammar)
    text: str = write(node.value)
    return text


# ------------------------------------------------------------------ operators


def _unary(node: Unary, grammar: Grammar) -> tuple[str, int]:
    level = grammar.unary_level
    operand = _bracketed(node.operand, grammar, level)
    if node.operator == "-":
        # A sign that touches digits would be read as theirs.
        is_number = operand[0].isdigit() or operand.startswith(("INF", "-"))
        return f"-({operand})" if is_number else f"-{operand}", level
    return f"{node.operator} {operand}", level


def _chain(node: Binary, grammar: Grammar) -> tuple[str, int]:
    """Operators that have each other at their left: all but `in` before an expression are read from left to right."""
    links = [node]
    while isinstance(links[-1].left, Binary):
        links.append(links[-1].left)
    text, level = _levelled(links[-1].left, grammar)
    takes_all = False
    for link in reversed(links):
        binding = _binding(link.operator, grammar)
        if level < binding or (takes_all and binding > grammar.unary_level):
            text = f"({text})"
        text = f"{text} {link.operator} {_right(link, binding, grammar)}"
        level, takes_all = binding, link.operator == "in" and not _is_list(link.right)
    return text, level


def _binding(operator: str, grammar: Grammar) -> int:
    require(OPERATORS, operator, grammar)
    level = grammar.precedence.get(operator)
    if level is None:
        raise unsayable(f"the operator '{operator}'", "there is none of that name", grammar)
    return level


def _is_list(node: Node) -> bool:
    return isinstance(node, Items) and not node.is_json


def _right(link: Binary, binding: int, grammar: Grammar) -> str:
    if link.operator != "in":
        return _bracketed(link.right, grammar, binding + 1)
    if isinstance(link.right, Items) and not link.right.is_json:
        return _list(link.right, grammar)
    # Behind `in` a parenthesis begins a list, so no other expression can have one there.
    text, level = _levelled(link.right, grammar)
    if level < grammar.unary_level or text.startswith("("):
        raise unsayable("an expression in parentheses behind 'in'", "it would be a list", grammar)
    return text


def _list(node: Items, grammar: Grammar) -> str:
    """listExpr: literals in parentheses"""
    require(CONSTRUCTS, "list", grammar)
    for item in node.items:
        if not isinstance(item, Literal | EnumLiteral):
            raise unsayable("a list of expressions", "it can only hold literals", grammar)
    return f"({','.join([print_expression(item, grammar) for item in node.items])})"


def _branch(condition: Node, result: Node, grammar: Grammar) -> str:
    before, behind = print_expression(condition, grammar), print_expression(result, grammar)
    # `12:30` is a time of day.
    blank = " " if before[-2:].isdigit() and behind[:2].isdigit() else ""
    return f"{before}:{blank}{behind}"


# ------------------------------------------------------------------ JSON


def print_json(node: Node, grammar: Grammar) -> str:
    """A value in JSON: strings in double quotation marks; what JSON does not have stays an expression."""
    match node:
        case Items(items, True):
            require(CONSTRUCTS, "json", grammar)
            return f"[{','.join([print_json(item, grammar) for item in items])}]"
        case Members(members):
            require(CONSTRUCTS, "json", grammar)
            return f"{{{','.join([f'{_json_string(name)}:{print_json(v, grammar)}' for name, v in members])}}}"
        case Literal(str() as value, kind) if kind is edm.STRING:
            return _json_string(value)
        case _:
            return _outside_json(node, grammar)


def _outside_json(node: Node, grammar: Grammar) -> str:
    """An expression where JSON is expected: what begins like JSON is taken for it, so a parenthesis comes first."""
    text = print_expression(node, grammar)
    return f"({text})" if text.startswith(("[", "{")) else text


def _json_string(value: str) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        return json.dumps(value)


def print_alias_value(node: Node, grammar: Grammar) -> str:
    """parameterValue: an expression, or JSON where the value has no other form."""
    match node:
        case Items() | Members():
            return print_json(node, grammar)
        case Literal(str()) if not _is_text(node):
            return print_json(node, grammar)
        case _:
            return _outside_json(node, grammar)


def _is_text(node: Node) -> bool:
    """Whether UTF-8, and so a URL, can hold the string."""
    try:
        return isinstance(node, Literal) and node.value.encode() is not None
    except UnicodeEncodeError:
        return False


# ------------------------------------------------------------------ paths


def _path(node: Path, grammar: Grammar) -> tuple[str, int]:
    """A path of an expression, and its level: a property with the name `not` would be read as the operator."""
    _check_path(node.segments, grammar)
    text = print_segments(node.segments, grammar)
    name = text.lower() if grammar.folds_case else text
    if text == "null":
        raise unsayable("a property called null", "it would be the literal", grammar)
    return text, _LOOSE if name == "not" else _ATOM


def _check_path(segments: tuple[Segment, ...], grammar: Grammar) -> None:
    first = segments[0].name
    require(VARIABLES, first, grammar)
    if first.startswith("@") and "." not in first:
        require(CONSTRUCTS, "alias", grammar)
    for segment in segments:
        if segment.name == "$count":
            require(CONSTRUCTS, "count", grammar)


def print_segments(segments: tuple[Segment, ...], grammar: Grammar) -> str:
    """Segments joined by slashes."""
    return "/".join([print_segment(segment, grammar) for segment in segments])


def print_segment(segment: Segment, grammar: Grammar) -> str:
    """A name with what stands in parentheses behind it."""
    from .option_printer import print_nested_options  # options are made of expressions, and expressions of options

    _check_name(segment, grammar)
    text = segment.name
    if segment.options is not None:
        text += f"({print_nested_options(segment.options, grammar)})"
    if segment.arguments is not None:
        text += _arguments(segment.arguments, grammar)
    if segment.key is not None:
        require(CONSTRUCTS, "key behind call", grammar)
        text += _arguments(segment.key, grammar)
    return text


def _check_name(segment: Segment, grammar: Grammar) -> None:
    name = segment.name
    if name.startswith("@"):
        if "." in name:
            require(CONSTRUCTS, "annotation", grammar)
    elif "." in name:
        is_type = segment.arguments is None and not name.endswith(".*")
        require(CONSTRUCTS, "cast" if is_type else "function", grammar)
    elif name in ("any", "all") and segment.arguments is not None:
        require(CONSTRUCTS, "lambda", grammar)


def _arguments(arguments: tuple[Argument, ...], grammar: Grammar) -> str:
    return f"({','.join([_argument(argument, grammar) for argument in arguments])})"


def _argument(argument: Argument, grammar: Grammar) -> str:
    match argument.value:
        case Lambda(variable, body):
            require(CONSTRUCTS, "lambda", grammar)
            text = f"{variable}:{print_expression(body, grammar)}"
        case Aggregate():
            require(CONSTRUCTS, "aggregate", grammar)
            text = print_aggregate(argument.value, grammar)
        case value:
            text = print_expression(value, grammar)
    return text if argument.name is None else f"{argument.name}={text}"


def print_aggregate(item: Aggregate, grammar: Grammar) -> str:
    """`expression with method from path with method as alias`."""
    parts = [print_expression(item.expression, grammar)] if item.expression is not None else []
    parts += [f"with {item.method}"] if item.method is not None else []
    for path, method in item.from_items:
        parts.append(f"from {print_segments(path, grammar)}" + (f" with {method}" if method is not None else ""))
    parts += [f"as {item.alias}"] if item.alias is not None else []
    return " ".join(parts)
