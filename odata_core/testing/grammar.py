# The reference grammar `uri/odata.lark` at work: is a text in the language, and texts drawn from it.
# Strategy: one Lark object (Earley, no lexer) serves all rules as starts; it takes a quarter of a second to make, so it
# is kept, one for each set of names. Texts are drawn from the rules that Lark compiled: `hypothesis.extra.lark` does
# the same, but cannot be told when to stop.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from math import inf
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from lark import Lark, UnexpectedInput

# Which names a rule may match, as {"entitySetName": ["Products", ...]}; a rule without an entry matches any name.
Names = Mapping[str, Sequence[str]]
_FrozenNames = tuple[tuple[str, tuple[str, ...]], ...]

_RULE: Final = re.compile(r"^([a-z]\w*):", re.MULTILINE)
# These stand for one rule of the ABNF (see N1 and N2 in the grammar), so its names are theirs too.
_TWINS: Final = {"key_path_literal": "key_path_literal_in_query", "parameter_name": "implicit_parameter_name"}
_NOTHING: Final = "(?!)x"

# Drawn otherwise than their pattern would: short blanks, and names that look like something else. `not` is left out:
# the grammar takes it for a member in `not eq 1`, which nobody needs.
_DRAWN: Final[dict[str, SearchStrategy[str]]] = {
    "RWS": st.sampled_from([" ", "%20", "\t", "%09 "]),
    "ODATA_IDENTIFIER": st.sampled_from(
        "Name _ a1 null true INF NaN P e1 eq in has asc as any all case length duration binary geo odata Edm".split()
    )
    | st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,9}\Z"),
    # With its seconds: `case(x:00:00:00)` would be a time and nothing behind it.
    "TIME_OF_DAY_LITERAL": st.from_regex(r"\A(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,12})?\Z"),
}


def reference_parser(rule: str, names: Names | None = None) -> Callable[[str], bool]:
    """Whether a text, percent-encoded as in a URL, matches a rule; `rule` is `odataUri` or `odata_uri`, in any case."""
    grammar, start = _grammar(_frozen(names)), rule_name(rule)

    def accepts(text: str) -> bool:
        try:
            grammar.parse(text, start=start)
        except UnexpectedInput:
            return False
        return True

    return accepts


def texts_of(rule: str, names: Names | None = None, size: int = 30) -> SearchStrategy[str]:
    """Texts that match a rule, of no more than `size` terminals unless the shortest one has more."""
    drawing, start = _drawing(_frozen(names)), rule_name(rule)
    if drawing.least[start] == inf:
        raise ValueError(f"No text matches '{start}': it needs a name that there is not.")
    return _texts(drawing, start, size)


@cache
def rule_name(rule: str) -> str:
    """The grammar's name of a rule of the ABNF, where names are case-insensitive and have hyphens."""
    try:
        return _rule_names()[_plain(rule)]
    except KeyError:
        raise ValueError(f"The grammar has no rule '{rule}'.") from None


def _plain(rule: str) -> str:
    return rule.replace("_", "").replace("-", "").lower()


@cache
def _source() -> str:
    return resources.files("odata_core").joinpath("uri", "odata.lark").read_text("utf-8")


@cache
def _rule_names() -> dict[str, str]:
    return {_plain(name): name for name in _RULE.findall(_source())}


def _frozen(names: Names | None) -> _FrozenNames:
    return tuple(sorted((rule_name(rule), tuple(texts)) for rule, texts in (names or {}).items()))


@cache
def _grammar(names: _FrozenNames) -> Lark:
    source = _source()
    for rule, texts in names:
        source = _restricted(source, rule, texts)
        if rule in _TWINS:
            source = _restricted(source, _TWINS[rule], texts)
    return Lark(
        source,
        start=sorted(_rule_names().values()),
        parser="earley",
        lexer="dynamic",
        ambiguity="forest",  # whether there is a tree is all that matters, not which
        g_regex_flags=re.ASCII,  # otherwise "skip"i takes the long s of Unicode too
    )


def _restricted(source: str, rule: str, texts: tuple[str, ...]) -> str:
    """The grammar, with one rule matching these texts only."""
    longest_first = sorted(texts, key=len, reverse=True)
    pattern = "|".join(re.escape(text).replace("/", r"\/") for text in longest_first) or _NOTHING
    changed, count = re.subn(rf"^{rule}: [^\n]+\n(?![ \t]+\S)", lambda _: f"{rule}: /{pattern}/\n", source, flags=re.M)
    if count != 1:
        raise ValueError(f"The rule '{rule}' is not one of names.")
    return changed


class _Drawing:
    """What drawing needs: expansions by rule, a strategy by terminal, and how many terminals each needs at least."""

    def __init__(self, grammar: Lark) -> None:
        self.terminals: dict[str, SearchStrategy[str]] = {}
        self.expansions: dict[str, list[tuple[str, ...]]] = {}
        self.least: dict[str, float] = {}
        for terminal in grammar.terminals:
            pattern = terminal.pattern.to_regexp()
            any_text = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
            self.terminals[terminal.name] = _DRAWN.get(terminal.name, any_text)
            self.least[terminal.name] = inf if pattern == _NOTHING else 1
        for rule in grammar.rules:
            expansion = tuple(symbol.name for symbol in rule.expansion)
            self.expansions.setdefault(rule.origin.name, []).append(expansion)
            self.least[rule.origin.name] = inf
        changed = True
        while changed:
            changed = False
            for name, expansions in self.expansions.items():
                expansions.sort(key=self.cost)
                if self.cost(expansions[0]) < self.least[name]:
                    self.least[name] = self.cost(expansions[0])
                    changed = True

    def cost(self, expansion: tuple[str, ...]) -> float:
        return sum(self.least[name] for name in expansion)


@cache
def _drawing(names: _FrozenNames) -> _Drawing:
    return _Drawing(_grammar(names))


@st.composite
def _texts(draw: Any, grammar: _Drawing, start: str, size: int) -> str:
    pieces: list[str] = []
    # What is still to be drawn, last first, and how many terminals are still free to be spent on it.
    pending, spare = [start], max(size - grammar.least[start], 0)
    while pending:
        name = pending.pop()
        if name in grammar.terminals:
            pieces.append(draw(grammar.terminals[name]))
            continue
        least = grammar.least[name]
        affordable = [each for each in grammar.expansions[name] if grammar.cost(each) - least <= spare]
        expansion = draw(st.sampled_from(affordable))
        spare -= grammar.cost(expansion) - least
        pending.extend(reversed(expansion))
    return "".join(pieces)
