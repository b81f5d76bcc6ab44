# Prepared queries: a text is a shape plus literals. What a shape means is found out once and kept; a text with a known
# shape only has its literals read.
# Strategy: one regular expression cuts out what may be literals; what is left is the shape. A literal that became one
# constant of the bound tree is a slot: another literal may stand there, if the lexer would take it for one of the same
# row and it takes the same type. All else that was cut out (the 3 of `$top=3`) is part of the shape. A shape may have
# several plans, as for `Price gt 5` and `Price gt 5.5`. What no plan can read goes the long way, which is always right.

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from itertools import accumulate
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ..errors import ODataError
from ..limits import Limits
from ..records import record
from ..uri.grammars import Grammar
from .literal_readers import Reader, reader_for
from .tree import PINNED, Constant

T = TypeVar("T")
Literals = Mapping[int, Any]
"""The values of a text's literals by their origins, for `Program.run`."""

ORIGIN_BASE: Final = 1 << 24  # more than any text is long


Fill = Callable[[Literals], Any]
"""A value with other literals in their places."""


class Prepared(Struct, Generic[T], frozen=True, gc=False):
    """What texts mean. `value` has the literals of the first texts of this shape, `literals` those of these."""

    value: T
    literals: Literals
    fill: Fill | None = None  # None where the value has the literals of these very texts

    def whole(self) -> T:
        """The value with these texts' literals in their places."""
        found: T = self.value if self.fill is None else self.fill(self.literals)
        return found


@record
class _Plan:
    """What a shape means. `read` takes the parts of a text and gives its literals; None where this is not its plan."""

    value: Any
    fill: Fill | None  # None where nothing is to be filled in
    read: Callable[[Sequence[str]], Literals | None]
    fixed: tuple[int, ...]  # the literals that are part of the shape, by their places among the parts


Slot = tuple[int, int, Reader]
"""A literal's place among the parts of a text, its origin, and what reads it."""


def _all_readers(slots: Sequence[Slot]) -> Callable[[Sequence[str]], Literals | None]:
    if len(slots) == 1:  # most conditions have one literal
        [(place, origin, read)] = slots

        def read_one(parts: Sequence[str]) -> Literals | None:
            try:
                return {origin: read(parts[place])}
            except _MISFITS:
                return None

        return read_one

    def read_all(parts: Sequence[str]) -> Literals | None:
        values = {}
        try:
            for place, origin, read in slots:
                values[origin] = read(parts[place])
        except _MISFITS:
            return None
        return values

    return read_all


@record
class _Variants:
    """Plans of one shape that have the same literals in it, by the texts of these."""

    fixed: tuple[int, ...]  # which literals those are
    plans: dict[tuple[str, ...], list[_Plan]]


_MISFITS: Final = (ValueError, ArithmeticError, ODataError)  # what readers raise
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

    def prepare(
        self, texts: Mapping[str, str], grammar: Grammar, key: Hashable, bind: Callable[[Mapping[str, str]], T]
    ) -> Prepared[T]:
        """What texts mean, by `bind` or as texts of the same shape did; `key` stands for all else that decides.

        `bind` gives literals their origins: the position in the text, plus the text's number times ORIGIN_BASE.
        """
        shape: tuple[Hashable, ...]
        if len(texts) == 1:  # nearly always; what lists cost is felt here
            (name,) = texts
            text = texts[name]
            parts, size = cut(text), len(text)
            shape = (grammar, key, name, tuple(parts[::2]))
        else:
            cuts = [cut(text) for text in texts.values()]
            parts, size = [part for one in cuts for part in one], max(map(len, texts.values()), default=0)
            shape = (grammar, key, *texts, *[tuple(one[::2]) for one in cuts])
        if size > self.longest:
            return Prepared(bind(texts), {})
        for variants in self._shapes.get(shape, ()):
            fixed = tuple([parts[place] for place in variants.fixed]) if variants.fixed else ()
            for plan in variants.plans.get(fixed, ()):
                literals = plan.read(parts)
                if literals is not None:
                    return Prepared(plan.value, literals, plan.fill)
        value = bind(texts)
        if self.size:
            self._keep(shape, parts, _plan(value, texts, grammar))
        return Prepared(value, {})

    def _keep(self, shape: Hashable, parts: Sequence[str], plan: _Plan) -> None:
        with self._lock:
            known = self._shapes.setdefault(shape, [])
            variants = next((one for one in known if one.fixed == plan.fixed), None)
            if variants is None:
                if len(known) == MAX_PLANS:
                    return
                variants = _Variants(plan.fixed, {})
                known.append(variants)
            plans = variants.plans.setdefault(tuple([parts[place] for place in plan.fixed]), [])
            # Another thread may have met the same shape in the meantime.
            if len(plans) == MAX_PLANS or any(one.read(parts) is not None for one in plans):
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
    pinned: set[int] = set()
    for constant in constants_of(value):
        if constant.origin >= 0:
            found.setdefault(constant.origin, []).append(constant)
        else:
            pinned.add(PINNED - constant.origin)
    slots: list[Slot] = []
    fixed: list[int] = []
    first = 0  # of the parts of a text, among the parts of all
    for number, text in enumerate(texts.values()):
        parts = cut(text)
        starts = list(accumulate(map(len, parts), initial=number * ORIGIN_BASE))
        for place in range(1, len(parts), 2):
            before, literal = parts[place - 1], parts[place]
            prefix = _prefix(before) if literal[0] == "'" else ""
            origin = starts[place] - len(prefix)
            # A key behind a slash (`/-5`) is a literal only by chance: it is spelled by rules of its own.
            constants = [] if before.endswith("/") or origin in pinned else found.get(origin, [])
            reader = reader_for(prefix, literal, grammar, constants)
            if reader is None:
                fixed.append(first + place)
            else:
                slots.append((first + place, origin, reader))
        first += len(parts)
    fill = filler(value, frozenset([origin for _place, origin, _read in slots]))
    return _Plan(value, fill, _all_readers(slots), tuple(fixed))


def _prefix(before: str) -> str:
    """What belongs to the literal that a quotation mark begins: the `duration` of `duration'P1D'`."""
    found = _PREFIX.search(before)
    return "" if found is None else found[0]


# ------------------------------------------------------------------ shapes


_HEX: Final = "[0-9A-Fa-f]"
_REST_OF_GUID: Final = rf"{_HEX}{{7}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
# What a literal can begin with comes first and by itself: only then is the rest of a text skipped at full speed. What
# goes before a quotation mark stays in the shape.
_LITERAL: Final = re.compile(
    rf"""(['0-9+A-Fa-f-](?:
        (?<=') [^']*+ (?:''[^']*+)* ' (?!')
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


def filler(value: Any, origins: Collection[int]) -> Fill | None:
    """What makes a bound value with other literals of these origins; parts without any are shared. None for none."""
    if isinstance(value, Constant):
        return partial(_with_value, value) if value.origin in origins else None
    if isinstance(value, tuple):
        fills = [(place, fill) for place, item in enumerate(value) if (fill := filler(item, origins)) is not None]
        return partial(_with_items, value, fills) if fills else None
    members = [getattr(value, name) for name in _parts(value.__class__)]
    changes = [(place, fill) for place, item in enumerate(members) if (fill := filler(item, origins)) is not None]
    return partial(_with_members, value.__class__, members, changes) if changes else None


def _with_value(constant: Constant, literals: Literals) -> Constant:
    return Constant(literals[constant.origin], constant.type, constant.is_collection, constant.origin)


def _with_items(items: tuple[Any, ...], fills: Sequence[tuple[int, Fill]], literals: Literals) -> tuple[Any, ...]:
    changed = list(items)
    for place, fill in fills:
        changed[place] = fill(literals)
    return tuple(changed)


def _with_members(
    kind: Callable[..., Any], members: list[Any], changes: Sequence[tuple[int, Fill]], literals: Literals
) -> Any:
    changed = members.copy()
    for place, fill in changes:
        changed[place] = fill(literals)
    return kind(*changed)


def substitute(value: Any, literals: Literals) -> Any:
    """A bound value with other literals in their places."""
    fill = filler(value, literals)
    return value if fill is None else fill(literals)
