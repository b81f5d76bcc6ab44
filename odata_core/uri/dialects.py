# A dialect is the version's way to write the language: rows of literals, operators, functions and options.
# Parser and printer take a dialect; nothing else here knows that there is more than one.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .literals import V3_LITERALS, LiteralForm, printers


@dataclass(frozen=True, slots=True)
class Spelling:
    """A canonical function in a dialect: the v4 name it stands for, and where each v4 argument is written."""

    canonical: str
    order: tuple[int, ...]


@dataclass(frozen=True)
class Dialect:
    """One dialect. `options` maps each system query option to whether this library can carry it out."""

    literals: tuple[LiteralForm, ...]
    precedence: Mapping[str, int]
    functions: Mapping[str, Spelling]
    options: Mapping[str, bool]
    count_values: Mapping[str, bool]  # of $inlinecount
    tokens: re.Pattern[str] = field(init=False)
    print_literal: Mapping[str, Callable[[Any], str]] = field(init=False)

    def __post_init__(self) -> None:
        rows = "|".join(f"(?P<L{index}>{form.pattern})" for index, form in enumerate(self.literals))
        pattern = rf"(?P<blank>[ \t]+)|{rows}|(?P<name>[^\W\d][\w.]*)|(?P<mark>[(),/=*:-])"
        object.__setattr__(self, "tokens", re.compile(pattern))
        object.__setattr__(self, "print_literal", printers(self.literals))


# Operator precedence, weakest first (OData 3.0 URL Conventions, 5.1.2.1; unchanged since 2.0).
_LEVELS: Final = (("or",), ("and",), ("eq", "ne"), ("lt", "gt", "le", "ge"), ("add", "sub"), ("mul", "div", "mod"))

V3: Final = Dialect(
    literals=V3_LITERALS,
    precedence={operator: level for level, names in enumerate(_LEVELS, 1) for operator in names},
    functions={
        "substringof": Spelling("contains", (1, 0)),
        "startswith": Spelling("startswith", (0, 1)),
        "endswith": Spelling("endswith", (0, 1)),
        "indexof": Spelling("indexof", (0, 1)),
        "length": Spelling("length", (0,)),
        "substring": Spelling("substring", (0, 1, 2)),
        "tolower": Spelling("tolower", (0,)),
        "toupper": Spelling("toupper", (0,)),
        "trim": Spelling("trim", (0,)),
        "concat": Spelling("concat", (0, 1)),
    },
    options={
        "$filter": True,
        "$orderby": True,
        "$select": True,
        "$top": True,
        "$skip": True,
        "$inlinecount": True,
        "$format": True,
        "$expand": False,
        "$skiptoken": False,
    },
    count_values={"allpages": True, "none": False},
)
