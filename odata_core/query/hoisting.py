# What an expression says of `$these` is the same for all rows, where it names no other row: `$these/$count`, or
# `$these/aggregate(Amount with sum)`. It is computed once for a step of $apply, not once for each row.
# Strategy: such parts are taken out of the expression, and variables stand for them.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final, get_args

from ..records import record
from .scope import THESE
from .tree import Aggregated, Bound, Count, OrderBy, Path, Variable

_NODES: Final = (*get_args(Bound), OrderBy)


@record
class Hoisted:
    """An expression with variables for the parts that were taken out, and those parts by the variables' indexes."""

    expression: Bound
    parts: tuple[tuple[int, Bound], ...] = ()

    @property
    def looks_at_all(self) -> bool:
        """Whether the expression still looks at all rows for each of them."""
        return any(variable.index == THESE for variable in _variables(self.expression))


def hoist(bound: Bound) -> Hoisted:
    """Take out what is the same for all rows."""
    parts: list[tuple[int, Bound]] = []
    first = max([THESE, *[variable.index for variable in _variables(bound)]]) + 1
    expression = _without(bound, first, parts)
    return Hoisted(expression, tuple(parts)) if parts else Hoisted(bound)


def _without(value: Any, first: int, parts: list[tuple[int, Bound]]) -> Any:
    if isinstance(value, Aggregated | Count) and _is_about_these(value) and value.type is not None:
        index = first + len(parts)
        parts.append((index, value))
        return Path((), Variable("$these", index, value.type))
    if isinstance(value, tuple):
        return tuple([_without(item, first, parts) for item in value])
    if not isinstance(value, _NODES):
        return value
    changes = {}
    for field in fields(value):
        old = getattr(value, field.name)
        new = _without(old, first, parts)
        if new is not old and new != old:
            changes[field.name] = new
    return replace(value, **changes) if changes else value


def _is_about_these(value: Aggregated | Count) -> bool:
    """Whether it is of `$these` itself, and names nothing but the items of it."""
    collection = value.collection
    if not (isinstance(collection, Path) and isinstance(collection.start, Variable)):
        return False
    return collection.start.index == THESE and all(variable.index == THESE for variable in _variables(value))


def _variables(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _variables(item)
    elif isinstance(value, _NODES):
        for field in fields(value):
            yield from _variables(getattr(value, field.name))
