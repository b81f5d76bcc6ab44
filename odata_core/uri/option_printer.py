# Query options -> text: one row an option, beside the table of readers in query_options. Options in parentheses have
# the same rows and other separators.
# What would be read otherwise in its place, such as a word of $search with a semicolon, is refused.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from ..errors import BadRequest
from .apply_printer import print_apply
from .constructs import CONSTRUCTS, OPTIONS, require, unsayable
from .grammars import Grammar
from .printer import print_alias_value, print_expression, print_segment, print_segments
from .split import split_outside
from .syntax import ComputeItem, ExpandItem, Options, OrderByItem, Search, SearchJoin, SearchNot, SearchTerm, SelectItem

# ------------------------------------------------------------------ $search

_WORD: Final = re.compile(r"""[^\s()";'][^\s()"]*""")
_PHRASE: Final = re.compile(r'[^"]+')
_LEVELS: Final = {"OR": 1, "AND": 2}
_NOT_LEVEL: Final = 3


def print_search(node: Search, grammar: Grammar) -> str:
    """$search in canonical form: AND written out, parentheses only where needed."""
    return _search_at(node, grammar, 1)


def _search_at(node: Search, grammar: Grammar, weakest: int) -> str:
    match node:
        case SearchTerm(text, is_phrase):
            if not (_PHRASE if is_phrase else _WORD).fullmatch(text):
                kind = "phrase" if is_phrase else "word"
                raise unsayable(f"the {kind} '{text[:50]}' of $search", "a character in it ends it", grammar)
            return f'"{text}"' if is_phrase else text
        case SearchNot(operand):
            return f"NOT {_search_at(operand, grammar, _NOT_LEVEL)}"
        case SearchJoin():
            text, level = _search_chain(node, grammar)
            return f"({text})" if level < weakest else text
        case _:
            assert_never(node)


def _search_chain(node: SearchJoin, grammar: Grammar) -> tuple[str, int]:
    """Terms that are joined to the left, in a loop: the chain is as deep as it is long."""
    links = [node]
    while isinstance(links[-1].left, SearchJoin):
        links.append(links[-1].left)
    text, level = _search_at(links[-1].left, grammar, _NOT_LEVEL), _NOT_LEVEL
    for link in reversed(links):
        binding = _LEVELS[link.operator]
        text = f"({text})" if level < binding else text
        text = f"{text} {link.operator} {_search_at(link.right, grammar, binding + 1)}"
        level = binding
    return text, level


def _search(value: Any, grammar: Grammar) -> str:
    if isinstance(value, SearchTerm | SearchNot | SearchJoin):
        return print_search(value, grammar)
    return print_expression(value, grammar)  # searchExpr-incomplete: a string


# ------------------------------------------------------------------ $select and $expand


def _select(value: tuple[SelectItem, ...], grammar: Grammar) -> str:
    return ",".join([_select_item(item, grammar) for item in value])


def _select_item(item: SelectItem, grammar: Grammar) -> str:
    if item.path[-1].arguments is not None:
        require(CONSTRUCTS, "select parameters", grammar)
    return print_segments(item.path, grammar) + _options_behind(item.options, grammar)


def _expand(value: tuple[ExpandItem, ...], grammar: Grammar) -> str:
    return ",".join([_expand_item(item, grammar) for item in value])


def _expand_item(item: ExpandItem, grammar: Grammar) -> str:
    if item.path[0].name == "*":
        require(CONSTRUCTS, "expand star", grammar)
    if item.path[-1].name.startswith("$"):
        require(CONSTRUCTS, "expand tail", grammar)
    return "/".join([print_segment(segment, grammar) for segment in item.path]) + _options_behind(item.options, grammar)


def _options_behind(options: Options | None, grammar: Grammar) -> str:
    if options is None:
        return ""
    require(CONSTRUCTS, "nested options", grammar)
    return f"({print_nested_options(options, grammar)})"


# ------------------------------------------------------------------ the table


def _orderby(value: tuple[OrderByItem, ...], grammar: Grammar) -> str:
    return ",".join([print_order(item, grammar) for item in value])


def print_order(item: OrderByItem, grammar: Grammar) -> str:
    """One key of $orderby; ascending is not written."""
    return print_expression(item.expression, grammar) + (" desc" if item.descending else "")


def _compute(value: tuple[ComputeItem, ...], grammar: Grammar) -> str:
    return ",".join([f"{print_expression(item.expression, grammar)} as {item.name}" for item in value])


def _moment(value: Any, grammar: Grammar) -> str:
    return value if isinstance(value, str) else print_expression(value, grammar)


def _boolean(value: bool, _grammar: Grammar) -> str:
    return "true" if value else "false"


def _inline_count(value: bool, _grammar: Grammar) -> str:
    return "allpages" if value else "none"


def _plain(value: int | str, _grammar: Grammar) -> str:
    return str(value)


PRINTERS: Final[Mapping[str, Callable[[Any, Grammar], str]]] = {
    "$apply": print_apply,
    "$at": _moment,
    "$compute": _compute,
    "$count": _boolean,
    "$deltatoken": _plain,
    "$expand": _expand,
    "$filter": print_expression,
    "$format": _plain,
    "$from": _moment,
    "$id": _plain,
    "$index": _plain,
    "$inlinecount": _inline_count,
    "$levels": _plain,
    "$orderby": _orderby,
    "$schemaversion": _plain,
    "$search": _search,
    "$select": _select,
    "$skip": _plain,
    "$skiptoken": _plain,
    "$to": _moment,
    "$toinclusive": _moment,
    "$top": _plain,
}
"""What prints the value of each system query option: the keys of query_options.READERS."""

_WRITTEN: Final = {"$toinclusive": "$toInclusive"}  # as the temporal extension writes it


def print_option(name: str, value: Any, grammar: Grammar) -> str:
    """The value of a system query option, by its name in the table."""
    require(OPTIONS, name, grammar)
    return PRINTERS[name](value, grammar)


def print_options(options: Options, grammar: Grammar) -> list[tuple[str, str]]:
    """Names and values of the options of a URL: system options by name, aliases, then custom options; not encoded."""
    system = sorted(options.system.items()) + [(name, options.system[name]) for name in options.repeated]
    pairs = [(_WRITTEN.get(name, name), print_option(name, value, grammar)) for name, value in system]
    search = options.system.get("$search")
    if isinstance(search, SearchTerm | SearchNot | SearchJoin):
        _check_words(search, grammar)
    if options.aliases:
        require(CONSTRUCTS, "alias", grammar)
    pairs += [(name, print_alias_value(value, grammar)) for name, value in options.aliases.items()]
    return pairs + list(options.custom)


def _check_words(node: Search, grammar: Grammar) -> None:
    """Outside parentheses no word has a semicolon."""
    pending = [node]
    while pending:
        match pending.pop():
            case SearchTerm(text, False) if ";" in text:
                raise unsayable(f"the word '{text[:50]}' of $search", "a semicolon in it ends it", grammar)
            case SearchTerm():
                pass
            case SearchNot(operand):
                pending.append(operand)
            case SearchJoin(_, left, right):
                pending += [left, right]


# ------------------------------------------------------------------ options in parentheses

_OPTION_START: Final = re.compile(r"(?:\$?[A-Za-z]+|@[^\W\d]\w*)=")


def print_nested_options(options: Options, grammar: Grammar) -> str:
    """Options in parentheses, by name, with semicolons between them."""
    pairs = [(_WRITTEN.get(name, name), print_option(name, v, grammar)) for name, v in sorted(options.system.items())]
    pairs += [(name, print_alias_value(value, grammar)) for name, value in options.aliases.items()]
    texts = [f"{name}={value}" for name, value in pairs]
    for text in texts:
        _check_nested(text, grammar)
    return ";".join(texts)


def _check_nested(text: str, grammar: Grammar) -> None:
    """Refuse what would not be read as one option: its value ends at a parenthesis or semicolon, or never."""
    try:
        parts = split_outside(text, ";", 0, len(text))
    except BadRequest as error:
        why = f"its parts do not close: {error.message[:-1]}"
        raise unsayable(f"'{text[:50]}' in parentheses", why, grammar) from None
    if not _OPTION_START.match(text) or any(_OPTION_START.match(text, start) for start, _end in parts[1:]):
        raise unsayable(f"'{text[:50]}' in parentheses", "it would be read as several options", grammar)
