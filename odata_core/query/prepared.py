# Prepared queries: a text is a shape plus literals. What a shape means is found out once and kept; a text with a known
# shape only has its literals read.
# Strategy: one regular expression cuts out what may be literals; what is left is the shape. A literal that became one
# constant of the bound tree is a slot: another literal may stand there, if the lexer would take it for one of the same
# row and it takes the same type. All else that was cut out (the 3 of `$top=3`) is part of the shape. A shape may have
# several plans, as for `Price gt 5` and `Price gt 5.5`. What no plan can read goes the long way, which is always right.

from __future__ import annotations

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
from ..limits import Limits
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

    def read(self, literals: Sequence[str]) -> Literals | None:
        """The values of a text's literals; None where this is not their plan."""
        values = {}
        try:
            for index, origin, read in self.slots:
                values[origin] = read(literals[index])
        except (ValueError, ArithmeticError, ODataError):
            return None
        return values


@dataclass(frozen=True, slots=True)
class _Variants:
    """Plans of one shape that have the same literals in it, by the texts of these."""

    fixed: tuple[int, ...]  # which literals those are
    plans: dict[tuple[str, ...], list[_Plan]]


MAX_PLANS: Final = 8  # of one variant, and variants of one shape: each is tried in turn


class PreparedQueries:
    """A bounded cache of what texts mean, by their shape. Safe to share between threads.

    `size` bounds the number of plans; those of the oldest shape go first. Size 0 keeps none: every text goes the long
    way. So does a text of more than `longest` characters, which `bind` may refuse for that alone.
    """

    def __init__(self, size: int = 1_024, longest: int = Limits().text_length) -> None:
        self.size = size
        self.longest = longest
        self._shapes: dict[Hashable, list[_Variants]] = {}
        self._count = 0  # of plans
        self._lock = Lock()

    def prepare(self, texts: Mapping[str, str], grammar: Grammar, key: Hashable, bind: Callable[[], T]) -> Prepared[T]:
        """What texts mean, by `bind` or as texts of the same shape did; `key` stands for all else that decides.

        `bind` gives literals their origins: the position in the text, plus the text's number times ORIGIN_BASE.
        """
        shape: tuple[Hashable, ...]
        if len(texts) == 1:  # nearly always; what lists cost is felt here
            [text] = texts.values()
            parts = cut(text)
            shape, literals, size = (grammar, key, *texts, *parts[::2]), parts[1::2], len(text)
        else:
            cuts = [cut(text) for text in texts.values()]
            shape = (grammar, key, *texts, *[tuple(parts[::2]) for parts in cuts])
            literals, size = (
                [literal for parts in cuts for literal in parts[1::2]],
                max(map(len, texts.values()), default=0),
            )
        if size > self.longest or not self.size:
            return Prepared(bind(), {})
        for variants in self._shapes.get(shape, ()):
            fixed = tuple([literals[index] for index in variants.fixed]) if variants.fixed else ()
            for plan in variants.plans.get(fixed, ()):
                values = plan.read(literals)
                if values is not None:
                    return Prepared(plan.value, values)
        value = bind()
        self._keep(shape, literals, _plan(value, texts, grammar))
        return Prepared(value, {})

    def _keep(self, shape: Hashable, literals: Sequence[str], plan: _Plan) -> None:
        with self._lock:
            known = self._shapes.setdefault(shape, [])
            variants = next((one for one in known if one.fixed == plan.fixed), None)
            if variants is None:
                if len(known) == MAX_PLANS:
                    return
                variants = _Variants(plan.fixed, {})
                known.append(variants)
            plans = variants.plans.setdefault(tuple([literals[index] for index in plan.fixed]), [])
            # Another thread may have met the same shape in the meantime.
            if len(plans) == MAX_PLANS or any(one.read(literals) is not None for one in plans):
                return
            plans.append(plan)
            self._count += 1
            while self._count > self.size:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        shape, known = next(iter(self._shapes.items()))
        plans = known[0].plans
        self._count -= len(plans.pop(next(iter(plans))))
        if not plans:
            del known[0]
        if not known:
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
        starts = list(accumulate(map(len, parts), initial=number * ORIGIN_BASE))
        for place in range(1, len(parts), 2):
            before, literal = parts[place - 1], parts[place]
            prefix = _prefix(before) if literal[0] == "'" else ""
            origin, index = starts[place] - len(prefix), len(slots) + len(fixed)
            # A key behind a slash (`/-5`) is a literal only by chance: it is spelled by rules of its own.
            constants = [] if before.endswith("/") else found.get(origin, [])
            reader = _reader_for(prefix, literal, grammar, constants)
            if reader is None:
                fixed.append(index)
            else:
                slots.append((index, origin, reader))
    return _Plan(value, tuple(slots), tuple(fixed))


def _prefix(before: str) -> str:
    """What belongs to the literal that a quotation mark begins: the `duration` of `duration'P1D'`."""
    found = _PREFIX.search(before)
    return "" if found is None else found[0]


def _reader_for(prefix: str, literal: str, grammar: Grammar, constants: Sequence[Constant]) -> Reader | None:
    """What reads another literal in the place of this one, which became these constants; None where nothing can."""
    wanted = {constant.type for constant in constants}
    row = _row(grammar, prefix + literal)
    if len(wanted) != 1 or None in wanted or row is None:
        return None
    try:
        value, kind = read_literal(prefix + literal, grammar.literals[row])
        if kind is edm.DOUBLE:
            kind.accept(value)  # 1e400 of v3 is none, and took another type
        reader = _reader(grammar, prefix, row, kind, constants[0].type)  # type: ignore[arg-type]  # None is not wanted
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


def _reader(grammar: Grammar, prefix: str, row: int, kind: PrimitiveType, wanted: ValueType) -> Reader:
    """Reads what follows the prefix of a literal of a row, which was of `kind` and took the type `wanted`."""
    if kind is wanted is edm.STRING:
        return _read_text
    form, convert = grammar.literals[row], _conversion(kind, wanted)
    matches = re.compile(form.pattern).fullmatch
    is_several = form.type.numeric_rank > 0  # a number may be of several rows, of which the first one counts
    if kind is wanted and not is_several and form.type_of is None:
        return _form_reader(prefix, matches, form.read)

    def read(text: str) -> Any:
        text = prefix + text
        if not matches(text) or (is_several and _row(grammar, text) != row):
            raise ValueError("another kind of literal")
        value, found = read_literal(text, form)
        if found is not kind or isinstance(value, Unreadable):
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    if form.type is kind is edm.INT32:
        return _digits_reader(Decimal if wanted is edm.DECIMAL else convert, read)
    if kind is edm.DECIMAL and wanted in (edm.DECIMAL, edm.DOUBLE) and row == _row(grammar, "0.5"):
        return _fraction_reader(Decimal if wanted is edm.DECIMAL else float, read)
    return read


def _form_reader(prefix: str, matches: Callable[[str], Any], read: Reader) -> Reader:
    """Reads literals whose spelling alone decides on their type, which is the one that they take."""

    def read_form(text: str) -> Any:
        text = prefix + text
        value = read(text) if matches(text) else None
        if value is None or value.__class__ is Unreadable:
            raise ValueError("another kind of literal")
        return value

    return read_form


def _read_text(text: str) -> str:
    """A string. What has no quotation marks is none."""
    if text[0] != "'":
        raise ValueError("another kind of literal")
    return text[1:-1].replace("''", "'")


MAX_DIGITS: Final = 9  # which every number of 32 bits can have


def _digits_reader(convert: Callable[[Any], Any] | None, read: Reader) -> Reader:
    """Reads the most frequent numbers by itself: a few digits, no sign. `read` reads the others."""
    convert = convert or int

    def read_digits(text: str) -> Any:
        return convert(int(text)) if len(text) <= MAX_DIGITS and text.isdigit() and text.isascii() else read(text)

    return read_digits


MAX_PLAIN: Final = 100  # digits that every type of numbers can have


def _fraction_reader(convert: Callable[[str], Any], read: Reader) -> Reader:
    """Reads the most frequent fractions by itself: digits around a point, no sign. `read` reads the others."""

    def read_fraction(text: str) -> Any:
        whole, _, digits = text.partition(".")
        is_plain = whole.isdigit() and digits.isdigit() and len(text) <= MAX_PLAIN and text.isascii()
        return convert(text) if is_plain else read(text)

    return read_fraction


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


_HEX: Final = "[0-9A-Fa-f]"
_REST_OF_GUID: Final = rf"{_HEX}{{7}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
# What a literal can begin with comes first and by itself: only then is the rest of a text skipped at full speed. What
# goes before a quotation mark stays in the shape.
_LITERAL: Final = re.compile(
    rf"""(['0-9+A-Fa-f-](?:
        (?<=') [^']*+ (?:''[^']*+)*+ '
        | (?<![\w.'].) (?: {_REST_OF_GUID} | (?:(?<=[0-9])|(?<=[+-])(?=[0-9])) [\w.:+-]*+ ) (?![\w.:+'-])
    ))""",
    re.VERBOSE,
)
_PREFIX: Final = re.compile(r"(?<![\w.])[\w.]++\Z")


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
