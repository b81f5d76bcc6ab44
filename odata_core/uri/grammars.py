# What a dialect is to the parser: its literals, its operators, and which constructs it has. Data only.
# From these rows one regular expression is made that cuts a text into lexemes (see lexer.py), and another that says
# which literal a lexeme is.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm import primitives as edm
from .literals import V3_LITERALS, LiteralForm, printers
from .literals_v4 import V4_LITERALS

# Nothing that a pattern has matched is given back. A group is repeated as `(?>(?:...)*)`: Python before 3.11.5, and
# Debian 12 has one, may go on at the wrong place behind `(?:...)*+`. Where what must follow forbids it as well, it is
# repeated plainly, which is a little faster.
_NAME: Final = r"[^\W\d]\w{0,127}+"
QUALIFIED_PATTERN: Final = rf"{_NAME}(?:\.{_NAME})*"
# One name of a path: an identifier with or without namespaces, `$it` and its like, `@alias`, `@Term#Qualifier`. What
# follows tells it from a literal: a Guid or a date goes on with a hyphen, `duration'P1D'` with a quotation mark.
STEP_PATTERN: Final = (
    rf"(?:{QUALIFIED_PATTERN}|\$[a-zA-Z]++|@{QUALIFIED_PATTERN}(?>(?:\#{_NAME})?))(?![\w.'~\x80-\U0010ffff-])"
)
_NUMBER: Final = r"[0-9]++(?:\.[0-9]++)?(?![\w.:-])"  # the usual ones; all others are found by their rows
_STRING: Final = r"'[^']*+(?>(?:''[^']*+)*)'"

# The bare value of a key behind a slash, where it does not look like a name (keyPathLiteral).
KEY_PATTERN: Final = rf"/(?!{STEP_PATTERN})[\w.~\x80-\U0010ffff-]++"

ENUM_PATTERN: Final = (
    rf"{_NAME}(?:\.{_NAME})+'(?:{_NAME}|[+-]?[0-9]{{1,19}})(?:,(?:{_NAME}|[+-]?[0-9]{{1,19}}))*'"  # Sales.Color'Red'
)
TEXT_PATTERN: Final = r'"(?>(?:[^"\\]++|\\.)*)"'  # a JSON string

# A path of ASCII names without namespaces: nearly all there are.
_PLAIN: Final = r"[A-Za-z_]\w{0,127}+(?![\w.'~\x80-\U0010ffff-])"

# Words that are literals where a row of the dialect says so. In expressions no member can have such a name.
_WORDS: Final = ("true", "false", *(word + suffix for word in ("INF", "NaN") for suffix in ("", "D", "F", "d", "f")))


# The level of `has` and `in`, stronger than the unary operators (4.01 Part 2, 5.1.1.17). What stands to the right of
# them is no operand like others.
TIGHTEST: Final = 8


@dataclass(frozen=True, eq=False)
class Grammar:
    """One dialect's part in parsing expressions. Precedence counts from 1, the weakest."""

    name: str
    literals: tuple[LiteralForm, ...]
    precedence: Mapping[str, int]
    unary_level: int
    constructs: tuple[str, ...]  # names that are no functions although a parenthesis stands behind them
    folds_case: bool
    has_case: bool
    has_lambda: bool
    is_lenient: bool  # blanks may stand around slashes, before parentheses and at both ends
    nests_options: bool  # $select and $expand take options in parentheses; otherwise their paths cross navigation
    mistakes: tuple[tuple[re.Pattern[str], str], ...] = ()  # what clients write that is none of it, and what to say
    # Made from these: the patterns of a lexeme and of a literal, and what a lexeme says by itself.
    lexemes: re.Pattern[str] = field(init=False, repr=False)
    literal: re.Pattern[str] = field(init=False, repr=False)
    operators: Mapping[str, tuple[int, str]] = field(init=False, repr=False)
    words: Mapping[str, tuple[Any, PrimitiveType | None] | str] = field(init=False, repr=False)
    calls: Mapping[str, str] = field(init=False, repr=False)
    fraction: PrimitiveType = field(init=False, repr=False)  # the type of `0.5`
    printers: Mapping[str, Callable[[Any], str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = [form.pattern for form in self.literals]
        literal = re.compile("|".join(f"({row})" for row in rows))
        made = {
            "lexemes": re.compile(_lexemes(self, rows), re.DOTALL),
            "literal": literal,
            "operators": _operators(self.precedence),
            "words": {**_literal_words(self, literal), **_prefix_words(self)},
            "calls": {spelling: name for name in self.constructs for spelling in spellings(name, self.folds_case)},
            "fraction": next(form.type for form in self.literals if re.fullmatch(form.pattern, "0.5")),
            "printers": printers(self.literals),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)


def spellings(word: str, folds_case: bool) -> list[str]:
    """A word in every case, if case does not matter."""
    letters = [{letter.lower(), letter.upper()} if folds_case else {letter} for letter in word]
    return ["".join(spelling) for spelling in product(*letters)]


def _operators(precedence: Mapping[str, int]) -> dict[str, tuple[int, str]]:
    """The level and the name of each operator by its lexeme. What ends an expression binds weakest of all."""
    ends = dict.fromkeys(("", ")", ",", ":", "]", "}"), (0, ""))
    return {f" {name} ": (level, name) for name, level in precedence.items()} | ends


def _literal_words(grammar: Grammar, literal: re.Pattern[str]) -> dict[str, tuple[Any, PrimitiveType | None]]:
    """The value and the type of each literal that looks like a name."""
    words: dict[str, tuple[Any, PrimitiveType | None]] = {"null": (None, None)}
    for spelling in [spelling for word in _WORDS for spelling in spellings(word, grammar.folds_case)]:
        found = literal.fullmatch(spelling)
        if found is not None and found.lastindex is not None:
            form = grammar.literals[found.lastindex - 1]
            words[spelling] = form.read(spelling), form.type
    return words


def _prefix_words(grammar: Grammar) -> dict[str, str]:
    """What looks like a name or a call, and is none: `not` and `case(`, by their spellings."""
    words = ("not", "not(", "case(") if grammar.has_case else ("not", "not(")
    return {spelling: word for word in words for spelling in spellings(word, grammar.folds_case)}


def _lexemes(grammar: Grammar, rows: Iterable[str]) -> str:
    """The pattern of one lexeme: the most frequent kinds first, where the order does not matter."""
    plain, path, opening = (
        rf"{_PLAIN}(?:/{_PLAIN})*(?!/(?:[^\W\d]|[$@]))",
        rf"{STEP_PATTERN}(?:/{STEP_PATTERN})*",
        r"\(?+",
    )
    if grammar.is_lenient:
        path = rf"{STEP_PATTERN}(?>(?:[ \t]*+/[ \t]*+{STEP_PATTERN})*)"
        opening = r"(?>(?:\(|(?<!\bnot)[ \t]++\()?)"
        plain = path
    # An operator is nothing else only where an operand is complete before it.
    operator = rf"[ \t](?<![(,:\[{{-][ \t])%s(?:{'|'.join(grammar.precedence)})%s"
    kinds = (
        plain + opening,
        _STRING,
        _NUMBER,
        operator % ("", r"[ \t](?![ \t])"),
        r"[()\[\]{},=:;]",
        operator % (r"[ \t]*+(?i:" if grammar.folds_case else r"[ \t]*+(?:", r")[ \t]++"),
        r"[ \t]++",
        path + opening,
        *(() if grammar.is_lenient else (KEY_PATTERN,)),
        "/",
        rf"-(?=(?:{_unsigned(grammar)})(?![\w.]))",
        *rows,
        ENUM_PATTERN,
        TEXT_PATTERN,
        "-",
        # What is not understood: a word that something strange follows, what is no mark, all behind an open quotation.
        rf"{_NAME}(?>(?:\.[\w.]*+)?)",
        r"[0-9]\w*+",
        r"""[^\w \t()'"]++""",
        ".+",
    )
    return "|".join(kinds)


def _unsigned(grammar: Grammar) -> str:
    """Literals that take no sign and look like numbers with one: `-12:30` is the negation of a time."""
    return "|".join(form.pattern for form in grammar.literals if form.type in (edm.GUID, edm.TIME_OF_DAY))


def _levels(*levels: tuple[str, ...]) -> dict[str, int]:
    return {operator: level for level, names in enumerate(levels, 1) for operator in names}


_SHARED: Final = (("or",), ("and",), ("eq", "ne"), ("lt", "gt", "le", "ge"), ("add", "sub"))

V2_GRAMMAR: Final = Grammar(
    "OData 2.0", V3_LITERALS, _levels(*_SHARED, ("mul", "div", "mod")), 7, (), False, False, False, True, False
)
V3_GRAMMAR: Final = Grammar(
    "OData 3.0",
    V3_LITERALS,
    _levels(*_SHARED, ("mul", "div", "mod")),
    7,
    ("any", "all"),
    False,
    False,
    True,
    True,
    False,
)
_V4_MISTAKES: Final = (
    (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?![\w:.+-])"),
        "The time '{0}' needs its zone, such as {0}Z.",
    ),
    (
        re.compile(r"(?i)\b(?:datetime|datetimeoffset|time|guid|x)'[^']*'"),
        "{0} is a literal of versions 2 and 3; version 4 has values like 2020-12-31T23:59:59Z as they are.",
    ),
)
V4_GRAMMAR: Final = Grammar(
    "OData 4.01",
    V4_LITERALS,
    {**_levels(*_SHARED, ("mul", "div", "divby", "mod")), "has": TIGHTEST, "in": TIGHTEST},
    7,
    ("any", "all", "cast", "isof", "aggregate"),
    True,
    True,
    True,
    False,
    True,
    _V4_MISTAKES,
)
