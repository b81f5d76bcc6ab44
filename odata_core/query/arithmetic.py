# Arithmetic with the Python values of the primitive types: whole numbers, decimals, floating point, dates and times.
# What has no result raises ValueError with the reason; who calls knows the operator and says its name.
# Decimals are computed exactly, with any number of digits that Edm.Decimal may have; only quotients are rounded.

from __future__ import annotations

import math
import struct
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

from ..edm.primitives import MAX_DECIMAL_EXPONENT
from ..edm.temporal import TICKS_PER_DAY, Duration, Timestamp

QUOTIENT_DIGITS: Final = 34  # as IEEE 754's decimal128; so many more than the dividend has


def _context(digits: int) -> Context:
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


_EXACT: Final = _context(8 * MAX_DECIMAL_EXPONENT)  # twice what the product of two longest decimals needs
_FINEST: Final = Decimal(1).scaleb(-MAX_DECIMAL_EXPONENT, _EXACT)
_ZERO_DIVISOR: Final = "the right operand is zero"


# Whole numbers


def divide_integers(left: int, right: int) -> int:
    """How often `right` fits into `left` as a whole: towards zero, where Python goes down (5.1.1.2.5)."""
    if not right:
        raise ValueError(_ZERO_DIVISOR)
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def remainder_of_integers(left: int, right: int) -> int:
    """The rest of that division, with the sign of `left`, where Python takes that of `right` (5.1.1.2.6)."""
    if not right:
        raise ValueError(_ZERO_DIVISOR)
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


# Decimals. `divby` zero gives infinities and NaN, so they may come back as operands.


def add_decimals(left: Decimal, right: Decimal) -> Decimal:
    return _bounded(_EXACT.add(left, right))


def subtract_decimals(left: Decimal, right: Decimal) -> Decimal:
    return _bounded(_EXACT.subtract(left, right))


def multiply_decimals(left: Decimal, right: Decimal) -> Decimal:
    return _bounded(_EXACT.multiply(left, right))


def divide_decimals(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ValueError(_ZERO_DIVISOR)
    return _bounded(_context(QUOTIENT_DIGITS + len(left.as_tuple().digits)).divide(left, right))


def divide_decimals_by_any(left: Decimal, right: Decimal) -> Decimal:
    """As `divide_decimals`, and by zero "-INF, INF, or NaN depending on the sign of the left operand" (5.1.1.2.5)."""
    if right:
        return divide_decimals(left, right)
    return Decimal("Infinity").copy_sign(left) if left and not left.is_nan() else Decimal("NaN")


def remainder_of_decimals(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ValueError(_ZERO_DIVISOR)
    return _bounded(_EXACT.remainder(left, right))


def _bounded(number: Decimal) -> Decimal:
    """A result as Edm.Decimal may hold it: not too large, and without the digits that are too small."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):  # an infinity or NaN
        return number
    if number and number.adjusted() > MAX_DECIMAL_EXPONENT:
        raise ValueError(f"the result has more than {MAX_DECIMAL_EXPONENT} digits before the point")
    if not number and exponent > MAX_DECIMAL_EXPONENT:
        return Decimal(0)
    return _EXACT.quantize(number, _FINEST) if exponent < -MAX_DECIMAL_EXPONENT else number


# Floating point, as IEEE 754 has it: nothing overflows but into the infinite.


def divide_floats(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder_of_floats(left: float, right: float) -> float:
    """With the sign of `left`. By zero it fails for all types: "If the right operand is zero, the request fails"."""
    if not right:
        raise ValueError(_ZERO_DIVISOR)
    return math.nan if math.isinf(left) else math.fmod(left, right)


def to_double(number: int | float | Decimal) -> float:
    result = float(number)
    if math.isinf(result) and isinstance(number, Decimal) and number.is_finite():
        raise ValueError("an operand is too large for a floating-point number")
    return result


def to_single(number: int | float | Decimal) -> float:
    """The nearest number of 32 bits. Rounding the result in 64 bits once more is exact for the five operators."""
    result = to_double(number)
    try:
        return float(struct.unpack("<f", struct.pack("<f", result))[0])
    except OverflowError:
        return math.copysign(math.inf, result)


# Dates and times, in ticks of 100 ns. Their constructors know what is too far away.


def add_to_timestamp(moment: Timestamp, span: Duration) -> Timestamp:
    return Timestamp(moment.ticks + span.ticks, moment.offset)


def subtract_from_timestamp(moment: Timestamp, span: Duration) -> Timestamp:
    return Timestamp(moment.ticks - span.ticks, moment.offset)


def between_timestamps(left: Timestamp, right: Timestamp) -> Duration:
    return Duration(left.instant - right.instant)


def add_to_date(day: date, span: Duration) -> date:
    return _shifted(day, span.ticks)


def subtract_from_date(day: date, span: Duration) -> date:
    return _shifted(day, -span.ticks)


def _shifted(day: date, ticks: int) -> date:
    """From midnight by so many ticks, and the day of that: a tick before today is yesterday (5.1.1.2.1)."""
    ordinal = day.toordinal() + ticks // TICKS_PER_DAY
    if not 1 <= ordinal <= date.max.toordinal():
        raise ValueError("the year must be between 0001 and 9999")
    return date.fromordinal(ordinal)


def between_dates(left: date, right: date) -> Duration:
    return Duration((left.toordinal() - right.toordinal()) * TICKS_PER_DAY)


def add_durations(left: Duration, right: Duration) -> Duration:
    return Duration(left.ticks + right.ticks)


def subtract_durations(left: Duration, right: Duration) -> Duration:
    return Duration(left.ticks - right.ticks)


def multiply_duration(span: Duration, factor: int | float | Decimal) -> Duration:
    return _nearest(span.ticks * _fraction(factor))


def divide_duration(span: Duration, divisor: int | float | Decimal) -> Duration:
    """A fraction of a duration; it has no infinity, so that zero fails with `div` and `divby`, whatever zero it is."""
    if not divisor:
        raise ValueError(_ZERO_DIVISOR)
    return _nearest(span.ticks / _fraction(divisor))


def negate_duration(span: Duration) -> Duration:
    return Duration(-span.ticks)


def _fraction(number: int | float | Decimal) -> Fraction:
    if not math.isfinite(number):
        raise ValueError("a duration takes a finite number")
    return Fraction(number)


def _nearest(ticks: Fraction) -> Duration:
    """Rounded to the tick, the mid-point away from zero, as `round` does (5.1.1.9.3)."""
    whole = math.floor(abs(ticks) + Fraction(1, 2))
    return Duration(whole if ticks > 0 else -whole)
