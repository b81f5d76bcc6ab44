# What a dialect is to the parser: its literals, its operators, and which constructs it has. Data only.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .literals import V3_LITERALS, LiteralForm, printers
from .literals_v4 import V4_LITERALS

# A name: an identifier with or without namespaces, `$it` and its like, `@alias`, `@Term#Qualifier`, `NS.*`.
_NAME = r"[^\W\d]\w{0,127}"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*"
_NAMES: Final = rf"(?P<name>\$[a-z]+|@{_QUALIFIED}(?:\#{_NAME})?|{_QUALIFIED}(?:\.\*)?)"
_ENUM: Final = rf"(?P<enum>{_NAME}(?:\.{_NAME})+'(?:{_NAME}|[+-]?[0-9]{{1,19}})(?:,(?:{_NAME}|[+-]?[0-9]{{1,19}}))*')"
_TEXT: Final = r'(?P<text>"(?:[^"\\]|\\.)*")'


@dataclass(frozen=True)
class Grammar:
    """One dialect's part in parsing expressions. Precedence counts from 1, the weakest."""

    name: str
    literals: tuple[LiteralForm, ...]
    precedence: Mapping[str, int]
    unary_level: int
    folds_case: bool
    has_case: bool
    has_lambda: bool
    is_lenient: bool  # blanks may stand around slashes, before parentheses and at both ends
    tokens: re.Pattern[str] = field(init=False)
    printers: Mapping[str, Callable[[Any], str]] = field(init=False)

    def __post_init__(self) -> None:
        rows = "|".join(f"(?P<L{index}>{form.pattern})" for index, form in enumerate(self.literals))
        pattern = rf"(?P<blank>[ \t]+)|{_ENUM}|{rows}|{_NAMES}|{_TEXT}|(?P<mark>[()\[\]{{}},/=*:;-])"
        object.__setattr__(self, "tokens", re.compile(pattern))
        object.__setattr__(self, "printers", printers(self.literals))


def _levels(*levels: tuple[str, ...]) -> dict[str, int]:
    return {operator: level for level, names in enumerate(levels, 1) for operator in names}


_SHARED: Final = (("or",), ("and",), ("eq", "ne"), ("lt", "gt", "le", "ge"), ("add", "sub"))

V2_GRAMMAR: Final = Grammar(
    "OData 2.0", V3_LITERALS, _levels(*_SHARED, ("mul", "div", "mod")), 7, False, False, False, True
)
V3_GRAMMAR: Final = Grammar(
    "OData 3.0", V3_LITERALS, _levels(*_SHARED, ("mul", "div", "mod")), 7, False, False, True, True
)
# `has` and `in` bind tightest of all (4.01 Part 2, 5.1.1.17): level 7 is that of the unary operators.
V4_GRAMMAR: Final = Grammar(
    "OData 4.01",
    V4_LITERALS,
    {**_levels(*_SHARED, ("mul", "div", "divby", "mod")), "has": 8, "in": 8},
    7,
    True,
    True,
    True,
    False,
)
