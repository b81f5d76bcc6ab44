# Prepared queries: a text is a shape plus literals. What a shape means is found out once and kept; a text with a known
# shape only has its literals read.
# Strategy: the lexer cuts a text (uri.lexer); its lexemes, with the form of each literal in place of the literal, are
# the shape, and decide how the text is understood. A literal that became one constant of the bound tree is a slot: its
# value may change. Any other (the 3 of `$top=3`) is part of the shape. Whatever is unusual about a literal of a later
# text (another size, another type than before) sends that text the long way, which is always right.

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import ODataError
from ..uri.grammars import Grammar
from ..uri.lexer import read_literal
from ..uri.literals import LiteralForm
from ..uri.literals_v4 import Unreadable
from .fitting import fit, is_number, settled
from .tree import Constant, ValueType

T = TypeVar("T")
Literals = Mapping[int, Any]
"""The values of a text's literals by their origins, for `Program.run`."""

ORIGIN_BASE: Final = 1 << 24  # more than any text is long


class Prepared(Struct, Generic[T], frozen=True):
    """What texts mean. `value` has the literals of the first texts of this shape, `literals` those of these."""

    value: T
    literals: Literals

    def whole(self) -> T:
        """The value with these texts' literals in their places."""
        found: T = substitute(self.value, self.literals)
        return found


Reader = Callable[[str], Any]
"""The value of a literal in a certain place; ValueError where it is not of the kind and type that stood there."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a shape means: for each literal its origin and reader, or None where its text is part of the shape."""

    value: Any
    slots: tuple[tuple[int, Reader] | None, ...]


@dataclass(frozen=True, slots=True)
class _Variants:
    """The plans of one shape by the texts of the literals that are part of it."""

    fixed: tuple[int, ...]  # which literals those are
    plans: dict[tuple[str, ...], _Plan]


class PreparedQueries:
    """A bounded cache of what texts mean, by their shape. Safe to share between threads.

    `size` bounds the number of shapes, and of the variants of each; the oldest goes first. Size 0 keeps none: every
    text goes the long way.
    """

    def __init__(self, size: int = 1_024) -> None:
        self.size = size
        self._shapes: dict[Hashable, _Plan | _Variants] = {}
        self._lock = Lock()

    def prepare(self, texts: Mapping[str, str], grammar: Grammar, key: Hashable, bind: Callable[[], T]) -> Prepared[T]:
        """What texts mean, by `bind` or as texts of the same shape did; `key` stands for all else that decides.

        `bind` gives literals their origins: the position in the text, plus the text's number times ORIGIN_BASE.
        """
        if not self.size:
            return Prepared(bind(), {})
        literals: list[str] = []
        parts: list[Hashable] = [grammar, key]
        for name, text in texts.items():
            parts += (name, shape_of(text, grammar, literals))
        shape = tuple(parts)
        found = self._shapes.get(shape)
        if isinstance(found, _Variants):
            found = found.plans.get(tuple([literals[index] for index in found.fixed]))
        if found is None:
            value = bind()
            self._keep(shape, literals, _plan(value, texts, grammar))
            return Prepared(value, {})
        values: dict[int, Any] = {}
        try:
            for slot, literal in zip(found.slots, literals, strict=True):
                if slot is not None:
                    values[slot[0]] = slot[1](literal)
        except (ValueError, ArithmeticError, ODataError):
            return Prepared(bind(), {})
        return Prepared(found.value, values)

    def _keep(self, shape: Hashable, literals: Sequence[str], plan: _Plan) -> None:
        fixed = tuple([index for index, slot in enumerate(plan.slots) if slot is None])
        with self._lock:
            known = self._shapes.get(shape)
            if known is None:
                _trim(self._shapes, self.size)
                known = self._shapes[shape] = _Variants(fixed, {}) if fixed else plan
            # Texts of one shape have the same literals in it, but for chance: such a text is not kept.
            if isinstance(known, _Variants) and known.fixed == fixed:
                _trim(known.plans, self.size)
                known.plans[tuple([literals[index] for index in fixed])] = plan

    def __len__(self) -> int:
        shapes = list(self._shapes.values())
        return sum([len(found.plans) if isinstance(found, _Variants) else 1 for found in shapes])


def _trim(kept: dict[Any, Any], size: int) -> None:
    while len(kept) >= size:
        del kept[next(iter(kept))]


def _plan(value: Any, texts: Mapping[str, str], grammar: Grammar) -> _Plan:
    """How to read the literals of another text of this shape."""
    found: dict[int, list[Constant]] = {}
    for constant in constants_of(value):
        if constant.origin >= 0:
            found.setdefault(constant.origin, []).append(constant)
    slots: list[tuple[int, Reader] | None] = []
    for number, text in enumerate(texts.values()):
        for position, lexeme, form in _literals(text, grammar):
            origin = number * ORIGIN_BASE + position
            reader = _reader_for(lexeme, form, found.get(origin, []))
            slots.append(None if reader is None else (origin, reader))
    return _Plan(value, tuple(slots))


def _reader_for(lexeme: str, form: LiteralForm, constants: Sequence[Constant]) -> Reader | None:
    """What reads another literal in the place of this one, which became these constants; None where nothing can."""
    wanted = {constant.type for constant in constants}
    if len(wanted) != 1 or None in wanted:
        return None
    try:
        _, kind = read_literal(lexeme, form)
        reader = _reader(form, kind, constants[0].type)  # type: ignore[arg-type]  # None is not wanted
        value = reader(lexeme)
    except (ValueError, ArithmeticError, ODataError):  # such as 1e400, which took a type that none of its kind takes
        return None
    return reader if all(_same(value, constant.value) for constant in constants) else None


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or one != one)


def _reader(form: LiteralForm, kind: PrimitiveType, wanted: ValueType) -> Reader:
    """Reads a literal of a form, which was of `kind` and took the type `wanted`."""
    if kind is wanted is edm.STRING:
        return form.read
    convert = _conversion(kind, wanted)
    if form.type is kind is edm.INT32:
        return _integer_reader(Decimal if wanted is edm.DECIMAL else convert)
    if form.type is kind is edm.DECIMAL and wanted is edm.DOUBLE:
        return _double_reader

    def read(text: str) -> Any:
        value, found = read_literal(text, form)
        if found is not kind or isinstance(value, Unreadable):
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    return read


def _integer_reader(convert: Callable[[Any], Any] | None) -> Reader:
    """The same for the most frequent literals: whole numbers that fit into 32 bits."""

    def read(text: str) -> Any:
        value = int(text)
        if not -(2**31) <= value < 2**31:
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    return read


def _double_reader(text: str) -> float:
    """The same for a fraction of v4 that became a double."""
    value = float(text)
    if math.isinf(value):
        raise ValueError("a literal that takes another type")
    return value


def _conversion(kind: PrimitiveType, wanted: ValueType) -> Callable[[Any], Any] | None:
    """What fitting does to a value; None where it does nothing."""
    if kind is wanted and kind is not edm.DOUBLE:
        return None
    if is_number(kind) and is_number(wanted) and kind is not edm.DOUBLE:
        return wanted.accept

    def convert(value: Any) -> Any:
        fitted = settled(fit(Constant(value, kind), wanted) or Constant(value, kind))
        if not isinstance(fitted, Constant) or fitted.type is not wanted:
            raise ValueError("a literal that takes another type")
        return fitted.value

    return convert


# ------------------------------------------------------------------ shapes


def shape_of(text: str, grammar: Grammar, literals: list[str]) -> tuple[str | int, ...]:
    """The lexemes of a text, a number in place of each literal; the literals are put behind the list."""
    lexemes: list[Any] = grammar.lexemes.findall(text)
    of_text, of_digits = _frequent_marks(grammar)
    for index, lexeme in enumerate(lexemes):
        first = lexeme[0]
        if first in _FIRST or lexeme[-1] == "'":
            if first == "'" and not lexeme.count("'") % 2:
                lexemes[index] = of_text
            elif lexeme.isdigit() and lexeme.isascii():
                lexemes[index] = of_digits
            else:
                found = grammar.literal.fullmatch(lexeme)
                if found is None:
                    continue
                lexemes[index] = _mark(found, lexeme)
            literals.append(lexeme)
    return tuple(lexemes)


_FIRST: Final = frozenset("'0123456789+-")


def _mark(found: re.Match[str], lexeme: str) -> int:
    """The number that stands for a literal: its row in the grammar, and whether it has a sign."""
    row = found.lastindex or 0
    return -row if lexeme[0] in "+-" else row


@lru_cache(maxsize=8)
def _frequent_marks(grammar: Grammar) -> tuple[int, int]:
    """The numbers that stand for texts and for whole numbers without a sign, which are known without looking."""
    return _row(grammar, "''"), _row(grammar, "0")


def _row(grammar: Grammar, lexeme: str) -> int:
    found = grammar.literal.fullmatch(lexeme)
    assert found is not None, "every dialect has texts and whole numbers"
    return _mark(found, lexeme)


def _literals(text: str, grammar: Grammar) -> Iterator[tuple[int, str, LiteralForm]]:
    """Every literal that `shape_of` takes out, with its place and form."""
    lexemes = grammar.lexemes.findall(text)
    for start, lexeme in zip(accumulate(map(len, lexemes), initial=0), lexemes, strict=False):
        if lexeme[0] in _FIRST or lexeme[-1] == "'":
            found = grammar.literal.fullmatch(lexeme)
            if found is not None:
                yield start, lexeme, grammar.literals[(found.lastindex or 1) - 1]


# ------------------------------------------------------------------ constants within values


@lru_cache(maxsize=256)
def _parts(kind: Hashable) -> tuple[str, ...]:
    """The fields of a class of the bound tree, of bound options or of paths; none for everything else."""
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__.startswith(__package__):
        return tuple([field.name for field in fields(kind) if field.init])
    return ()


def constants_of(value: Any) -> Iterator[Constant]:
    """Every constant within a bound value."""
    if isinstance(value, Constant):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from constants_of(item)
    else:
        for name in _parts(value.__class__):
            yield from constants_of(getattr(value, name))


def substitute(value: Any, literals: Literals) -> Any:
    """A bound value with other literals in their places; parts without any are shared."""
    if isinstance(value, Constant):
        if value.origin in literals:
            return replace(value, value=literals[value.origin])
        return value
    if isinstance(value, tuple):
        items = tuple([substitute(item, literals) for item in value])
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    changed = {}
    for name in _parts(value.__class__):
        old = getattr(value, name)
        new = substitute(old, literals)
        if new is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value
