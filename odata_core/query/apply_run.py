# What the steps of $apply share while they run: the request's literals and relations, the count of rows that were made,
# and expressions that are evaluated on each row of a list.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..edm.rows import Row
from ..errors import BadRequest
from ..limits import Limits
from ..records import record
from .apply_tree import Transform
from .evaluate import Program, Value, compile_program
from .hoisting import hoist
from .relations import Relations
from .scope import THESE
from .shapes import Structured
from .tree import Bound, Variable

Rows = list[Row]
Step = Callable[["Run", Rows], Rows]
MOST_ROWS: Final = Limits().apply_rows


@dataclass(slots=True)
class Budget:
    """How many rows the steps of one run may make, or look at for each row, and how many they did."""

    limit: int
    made: int = 0

    def spend(self, count: int) -> None:
        self.made += count
        if self.made > self.limit:
            raise BadRequest(f"$apply handles too many rows: the limit apply_rows is {self.limit}.")


@record
class Run:
    """One request: its literals, where related rows come from, and what `$it` means in a nested pipeline.

    `variables` are values that a whole pipeline shares, by index: the nodes that `rolluprecursive` is at work for.
    """

    budget: Budget
    literals: Mapping[int, Any] | None = None
    relations: Relations | None = None
    it: Row | None = None
    variables: Mapping[int, Any] = field(default_factory=dict)

    def within(self, row: Row) -> Run:
        """The run of a pipeline that works on what a row holds; `$it` stays the outermost row."""
        return self if self.it is not None else replace(self, it=row)

    def start(self, program: Program, variables: Mapping[int, Any] | None = None) -> Value:
        given = {**self.variables, **(variables or {})} if self.variables else variables
        return program.run(self.literals, self.relations, self.it, given)

    def knowing(self, variable: Variable, value: Any) -> Run:
        """The run of a pipeline in which a variable has a value."""
        return replace(self, variables={**self.variables, variable.index: value})


Pipelines = Callable[[Iterable[Transform], Structured], Step]
"""What compiles a pipeline over rows of a type: `transform.compile_steps`."""


class Expression:
    """An expression that is evaluated on rows of a type, with `$these` for all of them."""

    __slots__ = ("_looks_at_all", "_parts", "_program")

    def __init__(self, bound: Bound, kind: Structured, *, is_condition: bool = False) -> None:
        hoisted = hoist(bound)
        self._program = compile_program(hoisted.expression, kind=kind, is_condition=is_condition)
        self._looks_at_all = hoisted.looks_at_all
        self._parts = [(index, compile_program(part, kind=kind)) for index, part in hoisted.parts]

    def over(self, run: Run, rows: Sequence[Row]) -> Value:
        """The expression as a function of one of these rows."""
        if self._looks_at_all:
            run.budget.spend(len(rows) ** 2)
        variables: dict[int, Any] = {THESE: rows}
        for index, program in self._parts:
            variables[index] = run.start(program, {THESE: rows})({})
        return run.start(self._program, variables)
