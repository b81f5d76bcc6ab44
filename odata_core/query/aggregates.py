# Aggregation methods: what they take, what type comes out, how it is computed, one row each (Data Aggregation 4.0,
# 3.2.1.3), and when two values are the same (3.1.2), which grouping and counting of distinct values rest on.
# The values that arrive here are never null: "the algorithm ensures that no null values occur among the values".
# This module knows no rows' origin and no pipeline.

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, Final

from ..edm import EntityType, EnumType, PrimitiveType
from ..edm import primitives as edm
from ..edm.types import StructuredType
from ..errors import BadRequest
from ..records import record
from .arithmetic import add_decimals, divide_decimals
from .comparison import enum_number, sort_key
from .fitting import UNSORTED
from .relations import key_reader
from .tree import UNTYPED, ValueType

Evaluate = Callable[[Sequence[Any], ValueType | None], Any]
COUNT_TYPE: Final = edm.DECIMAL
"""The type of `$count` and `countdistinct`: "The result property MUST have type Edm.Decimal with Scale 0"."""


@record
class Method:
    """One standard method. `result` gives the type for values of a type, or None where it cannot take them."""

    name: str
    needs: str
    result: Callable[[ValueType], ValueType | None]
    evaluate: Evaluate


# ------------------------------------------------------------------ types

_WIDER: Final[Mapping[PrimitiveType, PrimitiveType]] = {
    **dict.fromkeys((edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32), edm.INT64),
    edm.INT64: edm.DECIMAL,
    edm.DECIMAL: edm.DECIMAL,
    edm.SINGLE: edm.DOUBLE,
    edm.DOUBLE: edm.DOUBLE,
    UNTYPED: UNTYPED,
}
_QUOTIENT: Final[Mapping[PrimitiveType, PrimitiveType]] = {
    kind: UNTYPED if kind is UNTYPED else edm.DOUBLE if kind in (edm.SINGLE, edm.DOUBLE) else edm.DECIMAL
    for kind in _WIDER
}


def _sum_type(kind: ValueType) -> ValueType | None:
    """A type "that is capable of representing the aggregated values": wide enough for any number of rows."""
    return _WIDER.get(kind) if isinstance(kind, PrimitiveType) else None


def _average_type(kind: ValueType) -> ValueType | None:
    """Edm.Double or Edm.Decimal: whole numbers are averaged as decimals, so that nothing is lost."""
    return _QUOTIENT.get(kind) if isinstance(kind, PrimitiveType) else None


def _ordered_type(kind: ValueType) -> ValueType | None:
    """ "The result property will have the same type as the input property"; the type must be ordered."""
    return None if isinstance(kind, StructuredType) or kind in UNSORTED else kind


# ------------------------------------------------------------------ values


def _sum(values: Sequence[Any], kind: ValueType | None) -> Any:
    """The sum, or null where there is nothing to add."""
    if not values:
        return None
    _need_numbers(values, "sum")
    if any(isinstance(value, float) for value in values):
        return _sum_floats([float(value) for value in values])
    if kind in (edm.INT64, edm.DECIMAL) or any(isinstance(value, Decimal) for value in values):
        return _exactly(lambda: reduce(add_decimals, [Decimal(value) for value in values]), "sum")
    return sum(values)


def _sum_floats(values: list[float]) -> float:
    try:
        return math.fsum(values)  # exact, so that the order of rows plays no part
    except (OverflowError, ValueError):
        return sum(values)


def _average(values: Sequence[Any], kind: ValueType | None) -> Any:
    total = _sum(values, kind)
    if total is None:
        return None
    if isinstance(total, float):
        return total / len(values)
    return _exactly(lambda: divide_decimals(Decimal(total), Decimal(len(values))), "average")


def _exactly(compute: Callable[[], Decimal], method: str) -> Decimal:
    try:
        return compute()
    except (ValueError, ArithmeticError, TypeError) as error:
        raise BadRequest(f"'{method}' has no result: {error}.") from None


def _need_numbers(values: Sequence[Any], method: str) -> None:
    """What is untyped in the model shows its type in the row only."""
    if any(isinstance(value, bool) or not isinstance(value, int | Decimal | float) for value in values):
        raise BadRequest(f"'{method}' needs numbers.")


def _least(values: Sequence[Any], kind: ValueType | None) -> Any:
    return _by_order(min, values, kind)


def _greatest(values: Sequence[Any], kind: ValueType | None) -> Any:
    return _by_order(max, values, kind)


def _by_order(choose: Callable[..., Any], values: Sequence[Any], kind: ValueType | None) -> Any:
    if not values:
        return None
    try:
        return choose(values, key=sort_key(kind))
    except TypeError:
        raise BadRequest("Values of different types have no order.") from None


def _distinct(values: Sequence[Any], kind: ValueType | None) -> Decimal:
    return Decimal(len({sameness(value, kind) for value in values}))


METHODS: Final[Mapping[str, Method]] = {
    method.name: method
    for method in (
        Method("sum", "numbers", _sum_type, _sum),
        Method("average", "numbers", _average_type, _average),
        Method("min", "values that have an order", _ordered_type, _least),
        Method("max", "values that have an order", _ordered_type, _greatest),
        Method("countdistinct", "values", lambda kind: COUNT_TYPE, _distinct),
    )
}

# ------------------------------------------------------------------ sameness


def sameness(value: Any, kind: ValueType | None = None) -> Hashable:
    """Something that equals its like where two values are the same, and nothing else.

    Entities are the same when their keys are; without a key, and for complex values, when all members are, "with null
    considered different from absent". Numbers of different types may be equal, true is not 1.
    """
    if isinstance(value, Mapping):
        key = entity_key(value, kind)
        if key is not None:
            return key
        return ("row", frozenset([(name, sameness(member)) for name, member in value.items()]))
    if isinstance(value, list | tuple):
        return ("list", *[sameness(item, kind) for item in value])
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, str) and isinstance(kind, EnumType):
        return ("member", enum_number(kind, value))
    return "NaN" if value != value else ("value", value)


def entity_key(row: Mapping[str, Any], kind: ValueType | None) -> Hashable | None:
    """What identifies an entity; None where the row is none, or has lost its identity in an aggregation."""
    if not isinstance(kind, EntityType) or not kind.key or getattr(row, "is_transient", False):
        return None
    key = key_reader(kind)(row)
    return None if key is None else ("entity", sameness(key))
