# $search by default: a term matches a row when a text of the row contains it, whatever the case of the letters. The
# texts are the string properties of the row and of the complex values in it, dynamic ones among them; those of related
# entities are not looked at. "The definition of what it means to match is dependent upon the implementation" (4.01 Part
# 1, 11.2.6.6), so a backend with an index of its own may do otherwise.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from ..errors import BadRequest
from ..limits import Limits
from ..uri.search import parse_search
from ..uri.syntax import Literal, Search, SearchJoin, SearchNot, SearchTerm

_DEPTH = 20  # complex values within each other that are looked into

Test = Callable[[list[str]], bool]


def search_of(node: Any, limits: Limits) -> Search:
    """A search expression. A string, which holds one that is still being typed, is read as far as it can be."""
    if not isinstance(node, Literal):
        found: Search = node
        return found
    text = str(node.value)
    try:
        return parse_search(text, limits)
    except BadRequest:
        return SearchTerm(text.strip().strip('"'), is_phrase=True, position=node.position)


def compile_search(search: Search) -> Callable[[Mapping[str, Any]], bool]:
    """A function that tells whether a row matches."""
    test = _test(search)
    return lambda row: test([text.casefold() for text in _texts(row, _DEPTH)])


def _test(search: Search) -> Test:
    match search:
        case SearchTerm(text):
            wanted = text.casefold()
            return lambda texts: any(wanted in text for text in texts)
        case SearchNot(operand):
            inner = _test(operand)
            return lambda texts: not inner(texts)
        case SearchJoin():
            return _join(search)
        case _:
            assert_never(search)


def _join(search: SearchJoin) -> Test:
    """A chain of one operator is tested as a list, so that its length does not become depth."""
    operands: list[Test] = []
    rest: Search = search
    while isinstance(rest, SearchJoin) and rest.operator == search.operator:
        operands.append(_test(rest.right))
        rest = rest.left
    operands.append(_test(rest))
    tests = tuple(operands[::-1])
    if search.operator == "AND":
        return lambda texts: all(test(texts) for test in tests)
    return lambda texts: any(test(texts) for test in tests)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for name, member in value.items():
            if "@" not in name:
                yield from _texts(member, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, depth - 1)
