# The top and bottom transformations of $apply (Data Aggregation 4.0, 3.3.1): how many rows, in order of a value, are
# taken until a count, a sum or a share is reached. Sums are exact; null adds nothing to them.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ..errors import BadRequest


def limit_problem(measure: str, value: Any) -> str | None:
    """What is wrong with the first argument; None where nothing is."""
    number = _number(value)
    if number is None:
        return "needs a number first"
    return _RULES[measure](number)


def _whole_from_one(number: Fraction) -> str | None:
    return None if number.denominator == 1 and number >= 1 else "needs a whole number from 1"


def _share(number: Fraction) -> str | None:
    return None if 0 < number <= 100 else "needs a number above 0, up to 100"


_RULES: Final[Mapping[str, Callable[[Fraction], str | None]]] = {
    "count": _whole_from_one,
    "sum": lambda number: None,
    "percent": _share,
}


def taken(name: str, measure: str, limit: Any, values: Sequence[Any]) -> int:
    """How many of the rows with these values, first to last, are taken: until the limit is reached."""
    problem = limit_problem(measure, limit)
    wanted = _number(limit)
    if problem is not None or wanted is None:
        raise BadRequest(f"'{name}' {problem}.")
    if measure == "count":
        return min(int(wanted), len(values))
    numbers = [_summand(name, value) for value in values]
    goal = wanted if measure == "sum" else wanted * sum(numbers) / 100
    total = Fraction(0)
    for index, number in enumerate(numbers):
        if total >= goal:
            return index
        total += number
    return len(numbers)


def _summand(name: str, value: Any) -> Fraction:
    number = Fraction(0) if value is None else _number(value)
    if number is None:
        raise BadRequest(f"'{name}' needs a finite number for each row.")
    return number


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Fraction(value)
    except (ValueError, OverflowError):  # NaN and the infinite
        return None
