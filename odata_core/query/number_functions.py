# Canonical functions of numbers (4.01 Part 2, 5.1.1.9): to the nearest whole number, upwards and downwards.
# An infinity and NaN are their own results. The sign of a zero stays, as IEEE 754 has it.

from __future__ import annotations

import decimal
import math
from decimal import Decimal


def round_double(number: float) -> float:
    """The mid-point between two integers goes away from zero (5.1.1.9.3)."""
    if not math.isfinite(number):
        return number
    whole = float(math.trunc(number))
    if abs(number - whole) >= 0.5:  # exact; adding a half first would round 0.49999999999999994 up
        whole += math.copysign(1.0, number)
    return math.copysign(whole, number)


def floor_double(number: float) -> float:
    return math.copysign(math.floor(number), number) if math.isfinite(number) else number


def ceiling_double(number: float) -> float:
    return math.copysign(math.ceil(number), number) if math.isfinite(number) else number


def round_decimal(number: Decimal) -> Decimal:
    """The mid-point between two integers goes away from zero, which Python calls half up."""
    return Decimal(number).to_integral_value(decimal.ROUND_HALF_UP)


def floor_decimal(number: Decimal) -> Decimal:
    return Decimal(number).to_integral_value(decimal.ROUND_FLOOR)


def ceiling_decimal(number: Decimal) -> Decimal:
    return Decimal(number).to_integral_value(decimal.ROUND_CEILING)
