# The canonical functions, one row each: the v4 name, what it takes, what it gives, how it is computed.
# Strategy: binder and evaluator read the same row, so a function that binds can always be evaluated.
# How a version spells a function is a row in `uri.dialects`. Null never reaches `evaluate`: where an argument is
# null, so is the result (4.01 Part 2, 5.1.1.5), and the evaluator sees to that.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm.primitives import BOOLEAN, INT32, STRING
from ..errors import BadRequest

# White_Space=yes of the Unicode character database. `str.strip()` would also take the separators U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True, slots=True)
class Function:
    """A canonical function. `signatures` lists its overloads, each a tuple of parameter types."""

    name: str
    signatures: tuple[tuple[PrimitiveType, ...], ...]
    result: PrimitiveType
    evaluate: Callable[..., Any]


def _contains(text: str, part: str) -> bool:
    return part in text


def _substring(text: str, start: int, length: int | None = None) -> str:
    """From `start`, counted from the end when negative; up to `length` characters (4.01 Part 2, 5.1.1.5.7)."""
    if length is not None and length < 0:
        raise BadRequest("The length given to the function 'substring' must not be negative.")
    first = start if start >= 0 else max(len(text) + start, 0)
    return text[first:] if length is None else text[first : first + length]


def _trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def _concat(first: str, second: str) -> str:
    return first + second


_ONE_TEXT: Final = ((STRING,),)
_TWO_TEXTS: Final = ((STRING, STRING),)
_SUBSTRING: Final = ((STRING, INT32), (STRING, INT32, INT32))

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        Function("contains", _TWO_TEXTS, BOOLEAN, _contains),
        Function("startswith", _TWO_TEXTS, BOOLEAN, str.startswith),
        Function("endswith", _TWO_TEXTS, BOOLEAN, str.endswith),
        Function("length", _ONE_TEXT, INT32, len),
        Function("indexof", _TWO_TEXTS, INT32, str.find),
        Function("substring", _SUBSTRING, STRING, _substring),
        Function("tolower", _ONE_TEXT, STRING, str.lower),
        Function("toupper", _ONE_TEXT, STRING, str.upper),
        Function("trim", _ONE_TEXT, STRING, _trim),
        Function("concat", _TWO_TEXTS, STRING, _concat),
    )
}
"""Every function by its v4 name. Characters are code points, comparison is ordinal, case and space are Unicode's."""
