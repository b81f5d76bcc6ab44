# Canonical functions of dates and times (4.01 Part 2, 5.1.1.8). All parts are those of the local clock: "evaluated in
# the time zone of the DateTimeOffset parameter value".
# Strategy: every value that has a clock counts ticks, so a part is one division; nothing goes through datetime.

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal
from typing import Final

from ..edm.temporal import (
    MAX_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Duration,
    TimeOfDay,
    Timestamp,
)

# With Z, as clients write them. With -14:00 and +14:00 the last and the first moment would lie 14 hours further out,
# but no client could read them: on its clock they are outside of the years 1 to 9999.
MIN_DATETIME: Final = Timestamp(0, 0)
MAX_DATETIME: Final = Timestamp(MAX_TICKS - 1, 0)

Clock = Timestamp | TimeOfDay | Duration  # Duration: Edm.Time of v3, a time of day
_SECONDS: Final = Context(prec=40)


def date_of(moment: Timestamp) -> date:
    return date.fromordinal(moment.ticks // TICKS_PER_DAY + 1)


def time_of(moment: Timestamp) -> TimeOfDay:
    return TimeOfDay(moment.ticks % TICKS_PER_DAY)


def _date(value: Timestamp | date) -> date:
    return date_of(value) if isinstance(value, Timestamp) else value


def year(value: Timestamp | date) -> int:
    return _date(value).year


def month(value: Timestamp | date) -> int:
    return _date(value).month


def day(value: Timestamp | date) -> int:
    return _date(value).day


def hour(value: Clock) -> int:
    return value.ticks % TICKS_PER_DAY // (60 * TICKS_PER_MINUTE)


def minute(value: Clock) -> int:
    return value.ticks // TICKS_PER_MINUTE % 60


def second(value: Clock) -> int:
    return value.ticks // TICKS_PER_SECOND % 60


def fractionalseconds(value: Clock) -> Decimal:
    return _in_seconds(value.ticks % TICKS_PER_SECOND)


def totalseconds(value: Duration) -> Decimal:
    return _in_seconds(value.ticks)


def _in_seconds(ticks: int) -> Decimal:
    return Decimal(ticks).scaleb(-7, _SECONDS)


def totaloffsetminutes(moment: Timestamp) -> int:
    return moment.offset or 0


def mindatetime() -> Timestamp:
    return MIN_DATETIME


def maxdatetime() -> Timestamp:
    return MAX_DATETIME
