# Sort orders in the evaluator: null first when ascending and last when descending (4.01 Part 1, 11.2.6.2), text by code
# points, false before true, enumerations by their numbers, NaN before all other numbers. Stable.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..edm import EnumType, PrimitiveType
from ..edm.rows import Row
from ..errors import BadRequest
from .comparison import sort_key
from .fitting import UNSORTED
from .relations import Relations
from .tree import OrderBy

Sort = Callable[[Iterable[Row]], list[Row]]
ProgramOf = Callable[[Any], Any]


class OrderProgram:
    """A compiled sort order; `run` gives the function that sorts, with the literals and relations of one request."""

    def __init__(self, order: tuple[OrderBy, ...], compile: ProgramOf) -> None:
        for item in order:
            kind = item.expression.type
            if item.expression.is_collection or (kind is not None and not _has_order(kind)):
                raise BadRequest("The result cannot be sorted by a value that has no order.")
        # The last key is sorted by first: every sort is stable, so the earlier keys prevail.
        self._passes = [
            (compile(item.expression), sort_key(item.expression.type), item.descending) for item in reversed(order)
        ]

    def run(
        self, literals: Mapping[int, Any] | None = None, relations: Relations | None = None, it: Row | None = None
    ) -> Sort:
        passes = [(_key(program.run(literals, relations, it), form), down) for program, form, down in self._passes]

        def sort(rows: Iterable[Row]) -> list[Row]:
            result = list(rows)
            for key, descending in passes:
                result.sort(key=key, reverse=descending)
            return result

        return sort


def _has_order(kind: Any) -> bool:
    return isinstance(kind, PrimitiveType | EnumType) and kind not in UNSORTED


def _key(value: Callable[[Row], Any], form: Callable[[Any], Any]) -> Callable[[Row], Any]:
    return lambda row: form(value(row))
