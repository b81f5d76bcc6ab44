# $apply -> text: one row a transformation, beside the table of readers in apply. What a row prints, its reader reads.

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any, Final

from ..errors import BadRequest
from .constructs import unsayable
from .grammars import Grammar
from .printer import print_aggregate, print_expression, print_segment, print_segments
from .split import split_outside
from .syntax import OrderByItem, Rollup, SearchJoin, SearchNot, SearchTerm, Segment, Transformation

Arguments = tuple[Any, ...]
Writer = Callable[[Arguments, Grammar], list[str]]


def print_apply(steps: tuple[Transformation, ...], grammar: Grammar) -> str:
    """transformation *( "/" transformation ); transformation = name [ "(" arguments ")" ]"""
    texts = []
    for step in steps:  # a loop, and none in a function of its own: pipelines nest as deep as the parser lets them
        write = PRINTERS.get(step.name)
        if step.name == "identity":
            texts.append(step.name)
        elif write is None:
            texts.append(print_segment(Segment(step.name, step.arguments), grammar))
        else:
            texts.append(f"{step.name}({','.join(write(step.arguments, grammar))})")
    return "/".join(texts)


# ------------------------------------------------------------------ kinds of arguments


def _expressions(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [print_expression(argument, grammar) for argument in arguments]


def _numbers(arguments: Arguments, _grammar: Grammar) -> list[str]:
    return [str(argument) for argument in arguments]


def _pipelines(arguments: Arguments, grammar: Grammar) -> list[str]:
    return list(map(print_apply, arguments, repeat(grammar)))


def _renamed(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [f"{print_apply(pipeline, grammar)} as {alias}" for pipeline, alias in arguments]


def _aggregates(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [print_aggregate(argument, grammar) for argument in arguments]


def _computed(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [f"{print_expression(item.expression, grammar)} as {item.name}" for item in arguments]


def _ordered(arguments: Arguments, grammar: Grammar) -> list[str]:
    from .option_printer import print_order  # $apply is an option, and is made of what options are made of

    return [print_order(item, grammar) for item in arguments]


def _searched(arguments: Arguments, grammar: Grammar) -> list[str]:
    from .option_printer import print_option

    text = print_option("$search", arguments[0], grammar)
    if isinstance(arguments[0], SearchTerm | SearchNot | SearchJoin):
        _check_search(text, grammar)
    return [text]


def _check_search(text: str, grammar: Grammar) -> None:
    """Refuse words that would end the parentheses around them, or never end."""
    try:
        parts = split_outside(text, ";", 0, len(text))
    except BadRequest as error:
        why = f"its parts do not close: {error.message[:-1]}"
        raise unsayable(f"'{text[:50]}' in search()", why, grammar) from None
    if len(parts) > 1:
        raise unsayable(f"'{text[:50]}' in search()", "a semicolon ends a word", grammar)


def _path_and_pipelines(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [print_segments(arguments[0], grammar), *_pipelines(arguments[1:], grammar)]


def _path_and_renamed(arguments: Arguments, grammar: Grammar) -> list[str]:
    return [print_segments(arguments[0], grammar), *_renamed(arguments[1:], grammar)]


def _joined(arguments: Arguments, grammar: Grammar) -> list[str]:
    path, alias, *pipelines = arguments
    return [f"{print_segments(path, grammar)} as {alias}", *_pipelines(tuple(pipelines), grammar)]


def _hierarchy(arguments: Arguments, grammar: Grammar) -> list[str]:
    """root, qualifier, node path, and then pipelines, a distance, words or keys of an order"""
    root, qualifier, node, *rest = arguments
    paths = [print_segments(path, grammar) for path in (qualifier, node)]
    return [print_expression(root, grammar), *paths, *[_behind_hierarchy(argument, grammar) for argument in rest]]


def _behind_hierarchy(argument: Any, grammar: Grammar) -> str:
    match argument:
        case str() | int():
            return str(argument)
        case OrderByItem():
            return _ordered((argument,), grammar)[0]
        case _:
            return print_apply(argument, grammar)


def _grouped(arguments: Arguments, grammar: Grammar) -> list[str]:
    elements, pipeline = arguments
    group = f"({','.join([_group_element(element, grammar) for element in elements])})"
    return [group, print_apply(pipeline, grammar)] if pipeline else [group]


def _group_element(element: Any, grammar: Grammar) -> str:
    if not isinstance(element, Rollup):
        return print_segments(element, grammar)
    if element.name == "rolluprecursive":
        return f"{element.name}({','.join(_hierarchy(element.arguments, grammar))})"
    return f"{element.name}({','.join([print_segments(path, grammar) for path in element.arguments])})"


PRINTERS: Final[Mapping[str, Writer]] = {
    "aggregate": _aggregates,
    "addnested": _path_and_renamed,
    "ancestors": _hierarchy,
    "bottomcount": _expressions,
    "bottompercent": _expressions,
    "bottomsum": _expressions,
    "compute": _computed,
    "concat": _pipelines,
    "descendants": _hierarchy,
    "expand": _path_and_pipelines,
    "filter": _expressions,
    "groupby": _grouped,
    "join": _joined,
    "nest": _renamed,
    "orderby": _ordered,
    "outerjoin": _joined,
    "search": _searched,
    "skip": _numbers,
    "top": _numbers,
    "topcount": _expressions,
    "toppercent": _expressions,
    "topsum": _expressions,
    "traverse": _hierarchy,
}
"""What prints the arguments of each transformation: the keys of apply.TRANSFORMATIONS."""
