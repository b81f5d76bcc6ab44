# The compiler of bound trees: what all parts of the evaluator share while they turn nodes into closures.
# A closure takes a frame, a list: the row at hand, the row of `$it`, the literals of this run, the relations, and then
# the variables of lambdas by their index. A frame is made for each row, so that closures can be shared by threads.
# Literals: what depends on nothing but literals is prepared once per run and kept in the frame's pool, so that a
# program compiled once for the shape of a query serves requests with other literals.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from ..edm import Timestamp
from ..edm import primitives as edm
from ..errors import BadRequest
from ..records import record
from ..uri.literals_v4 import Unreadable
from .arithmetic import to_double
from .scope import FIRST_VARIABLE, HERE, IT
from .tree import Bound, Constant, ValueType

__all__ = ["FIRST_VARIABLE", "HERE", "IT", "POOL", "RELATIONS", "Closure", "Compiler", "Frame", "Literals"]

POOL: Final = 2
RELATIONS: Final = 3

Frame = list[Any]
Closure = Callable[[Frame], Any]
Literals = Mapping[int, Any]
"""The values of literals by `Constant.origin`; a constant whose origin is not there has its own."""
Prepare = Callable[[Literals], Any]
Handler = Callable[["Compiler", Any], Closure]

_FLOATS: Final = (edm.SINGLE, edm.DOUBLE)


@dataclass(slots=True)
class Shared:
    """What a whole program has once: the entries of its pool and the size of its frames."""

    pool: list[Prepare] = field(default_factory=list)
    size: int = FIRST_VARIABLE
    moment: int | None = None  # where in the pool `now()` is


@record
class Compiler:
    """Turns bound nodes into closures, by the handlers of their classes. `here` is the type of the row at hand."""

    handlers: Mapping[type, Handler]
    here: ValueType | None = None
    shared: Shared = field(default_factory=Shared)

    def value(self, bound: Bound) -> Closure:
        """A function from a frame to the value of an expression; None is null."""
        return self.handlers[type(bound)](self, bound)

    def on(self, here: ValueType | None) -> Compiler:
        """The compiler of an expression in which another row is at hand."""
        return replace(self, here=here)

    def reserve(self, index: int) -> int:
        """A place in the frame for a variable."""
        self.shared.size = max(self.shared.size, index + 1)
        return index

    def prepared(self, prepare: Prepare) -> int:
        """The place in the pool of what `prepare` makes of the literals, once per run."""
        self.shared.pool.append(prepare)
        return len(self.shared.pool) - 1

    def at(self, index: int) -> Closure:
        """What is at a place in the pool."""
        return lambda frame: frame[POOL][index]

    def now(self) -> Closure:
        """One moment for a whole run, so that all rows are compared with the same."""
        if self.shared.moment is None:
            self.shared.moment = self.prepared(lambda literals: Timestamp.now())
        return self.at(self.shared.moment)


def literal_reader(constant: Constant) -> Prepare:
    """A function from the literals of a run to the value of a constant, in the Python form of its type."""
    own, kind, origin = constant.value, constant.type, constant.origin
    is_float = kind in _FLOATS and not constant.is_collection

    def read(literals: Literals) -> Any:
        value = literals.get(origin, own)
        if isinstance(value, Unreadable):
            raise BadRequest(f"The literal '{value.text:.100}' has no value: {value.reason}.")
        # A number that v3 spells without a suffix is a double by its type and a decimal by its value.
        if is_float and isinstance(value, int | Decimal):
            return _float(value)
        return value

    return read


def _float(number: int | Decimal) -> float:
    try:
        return to_double(number)
    except (ValueError, OverflowError):
        raise BadRequest(f"The number {number!s:.50} is too large for a double.") from None


def compile_constant(compiler: Compiler, bound: Constant) -> Closure:
    return compiler.at(constant_in(compiler, bound, None))


def constant_in(compiler: Compiler, bound: Constant, form: Callable[[Any], Any] | None) -> int:
    """The place in the pool of a constant, passed through `form` where it is not null."""
    read = literal_reader(bound)
    return compiler.prepared(read if form is None else _formed(read, form))


def _formed(read: Prepare, form: Callable[[Any], Any]) -> Prepare:
    def prepare(literals: Literals) -> Any:
        value = read(literals)
        return None if value is None else form(value)

    return prepare
