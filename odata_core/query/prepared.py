# Prepared queries: a text is a shape plus literals. What a shape means is found out once and kept; a text with a known
# shape only has its literals read.
# Strategy: one regular expression cuts out what may be literals; what is left is the shape. A literal that became one
# constant of the bound tree is a slot: another literal may stand there, if the lexer would take it for one of the same
# row and it takes the same type. All else that was cut out (the 3 of `$top=3`) is part of the shape. A shape may have
# several plans, as for `Price gt 5` and `Price gt 5.5`. What no plan can read goes the long way, which is always right.

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, islice
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import ODataError
from ..uri.grammars import Grammar
from ..uri.lexer import read_literal
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
    """What a shape means. A slot is the number of a literal, its origin, and what reads it."""

    value: Any
    slots: tuple[tuple[int, int, Reader], ...]
    fixed: tuple[int, ...]  # the literals that are part of the shape


@dataclass(frozen=True, slots=True)
class _Variants:
    """The plans of one shape, by the texts of the literals that are part of it."""

    fixed: tuple[int, ...]  # which literals those are
    plans: dict[tuple[str, ...], list[_Plan]]


MAX_PLANS: Final = 8  # of one variant: each is tried in turn


class PreparedQueries:
    """A bounded cache of what texts mean, by their shape. Safe to share between threads.

    `size` bounds the number of plans; those of the oldest shape go first. Size 0 keeps none: every text goes the long
    way.
    """

    def __init__(self, size: int = 1_024) -> None:
        self.size = size
        self._shapes: dict[Hashable, _Variants] = {}
        self._count = 0  # of plans
        self._lock = Lock()

    def prepare(self, texts: Mapping[str, str], grammar: Grammar, key: Hashable, bind: Callable[[], T]) -> Prepared[T]:
        """What texts mean, by `bind` or as texts of the same shape did; `key` stands for all else that decides.

        `bind` gives literals their origins: the position in the text, plus the text's number times ORIGIN_BASE.
        """
        if not self.size:
            return Prepared(bind(), {})
        literals: list[str] = []
        shape: tuple[Hashable, ...] = (grammar, key)
        for name, text in texts.items():
            parts = cut(text)
            literals += parts[1::2]
            shape += (name, len(parts), *parts[::2])
        known = self._shapes.get(shape)
        if known is not None:
            fixed = tuple([literals[index] for index in known.fixed]) if known.fixed else ()
            for plan in known.plans.get(fixed, ()):
                values: dict[int, Any] = {}
                try:
                    for index, origin, read in plan.slots:
                        values[origin] = read(literals[index])
                except (ValueError, ArithmeticError, ODataError):
                    continue
                return Prepared(plan.value, values)
        value = bind()
        self._keep(shape, literals, _plan(value, texts, grammar))
        return Prepared(value, {})

    def _keep(self, shape: Hashable, literals: Sequence[str], plan: _Plan) -> None:
        with self._lock:
            known = self._shapes.setdefault(shape, _Variants(plan.fixed, {}))
            if known.fixed != plan.fixed:
                return  # texts of one shape have the same literals in it, but for chance: such a text is not kept
            plans = known.plans.setdefault(tuple([literals[index] for index in plan.fixed]), [])
            if len(plans) < MAX_PLANS:
                plans.append(plan)
                self._count += 1
            while self._count > self.size:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        shape, known = next(iter(self._shapes.items()))
        texts = next(iter(known.plans))
        self._count -= len(known.plans.pop(texts))
        if not known.plans:
            del self._shapes[shape]

    def __len__(self) -> int:
        return self._count


def _plan(value: Any, texts: Mapping[str, str], grammar: Grammar) -> _Plan:
    """How to read the literals of another text of this shape."""
    found: dict[int, list[Constant]] = {}
    for constant in constants_of(value):
        if constant.origin >= 0:
            found.setdefault(constant.origin, []).append(constant)
    slots: list[tuple[int, int, Reader]] = []
    fixed: list[int] = []
    for number, text in enumerate(texts.values()):
        parts = cut(text)
        starts = accumulate(map(len, parts), initial=number * ORIGIN_BASE)
        for origin, literal in islice(zip(starts, parts, strict=False), 1, None, 2):
            reader, index = _reader_for(literal, grammar, found.get(origin, [])), len(slots) + len(fixed)
            if reader is None:
                fixed.append(index)
            else:
                slots.append((index, origin, reader))
    return _Plan(value, tuple(slots), tuple(fixed))


def _reader_for(literal: str, grammar: Grammar, constants: Sequence[Constant]) -> Reader | None:
    """What reads another literal in the place of this one, which became these constants; None where nothing can."""
    wanted = {constant.type for constant in constants}
    row = _row(grammar, literal)
    if len(wanted) != 1 or None in wanted or row is None:
        return None
    try:
        value, kind = read_literal(literal, grammar.literals[row])
        if kind is edm.DOUBLE:
            kind.accept(value)  # 1e400 of v3 is none, and took another type
        reader = _reader(grammar, row, kind, constants[0].type)  # type: ignore[arg-type]  # None is not wanted
        value = reader(literal)
    except (ValueError, ArithmeticError, ODataError):
        return None
    return reader if all(_same(value, constant.value) for constant in constants) else None


def _row(grammar: Grammar, literal: str) -> int | None:
    """The row of the grammar that the lexer takes a text for; None for what is no literal."""
    found = grammar.literal.fullmatch(literal)
    return None if found is None or found.lastindex is None else found.lastindex - 1


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or one != one)


def _reader(grammar: Grammar, row: int, kind: PrimitiveType, wanted: ValueType) -> Reader:
    """Reads a literal of a row, which was of `kind` and took the type `wanted`."""
    form, convert = grammar.literals[row], _conversion(kind, wanted)
    if kind is wanted is edm.STRING:
        return _read_text
    if form.type is kind is edm.INT32:
        return _integer_reader(Decimal if wanted is edm.DECIMAL else convert)
    if kind is edm.DECIMAL and wanted in (edm.DECIMAL, edm.DOUBLE) and row == _row(grammar, "0.5"):
        return _fraction_reader(Decimal if wanted is edm.DECIMAL else _finite)

    def read(text: str) -> Any:
        if _row(grammar, text) != row:
            raise ValueError("another kind of literal")
        value, found = read_literal(text, form)
        if found is not kind or isinstance(value, Unreadable):
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    return read


def _read_text(text: str) -> str:
    """A string. What begins with a name (`duration'P1D'`) is none."""
    if text[0] != "'":
        raise ValueError("another kind of literal")
    return text[1:-1].replace("''", "'")


def _integer_reader(convert: Callable[[Any], Any] | None) -> Reader:
    """Reads the most frequent literals: whole numbers that fit into 32 bits."""

    def read(text: str) -> Any:
        if not (text.isascii() and (text.isdigit() or text[1:].isdigit())):
            raise ValueError("another kind of literal")
        value = int(text)
        if not -(2**31) <= value < 2**31:
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    return read


MAX_PLAIN: Final = 100  # digits that every type of numbers can have


def _fraction_reader(convert: Callable[[str], Any]) -> Reader:
    """Reads fractions of v4 without an exponent."""

    def read(text: str) -> Any:
        whole, point, digits = text.partition(".")
        is_plain = point and digits.isdigit() and (whole.isdigit() or whole[1:].isdigit()) and text.isascii()
        if not is_plain or len(text) > MAX_PLAIN:
            raise ValueError("another kind of literal")
        return convert(text)

    return read


def _finite(text: str) -> float:
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


_GUID: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_LITERAL: Final = re.compile(
    rf"((?<![\w.'])(?:[A-Za-z][\w.]*+)?'[^']*+(?:''[^']*+)*+'|(?<![\w.'])(?:{_GUID}|[+-]?[0-9][\w.:+-]*+)(?![\w.:+'-]))"
)


cut: Final[Callable[[str], list[str]]] = _LITERAL.split
"""What stands around literals and, in the odd places, what may be literals."""


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
