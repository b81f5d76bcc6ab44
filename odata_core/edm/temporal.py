# Points and spans of time with 100-nanosecond ticks, as OData counts them.
# Python's datetime and timedelta hold microseconds, so a 7-digit fraction would not come back as it went in.
# A value is one integer of ticks (and an offset), so comparison and arithmetic are integer arithmetic.
# This module knows nothing of literals or JSON: text here is the lexical form of XML Schema, which all formats share.

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import repeat

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

TICKS_PER_MICROSECOND = 10
TICKS_PER_SECOND = 10_000_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
TICKS_PER_DAY = 24 * 60 * TICKS_PER_MINUTE
MAX_OFFSET_MINUTES = 14 * 60
MAX_TICKS = 3_652_059 * TICKS_PER_DAY  # 0001-01-01 to 9999-12-31
_EPOCH = datetime(1970, 1, 1)
_EPOCH_TICKS = (_EPOCH.toordinal() - 1) * TICKS_PER_DAY

# dateTime of the v3 ABNF: seconds and fraction may be missing; the zone may be missing for Edm.DateTime only.
_TIMESTAMP = re.compile(
    r"((\d{4}-\d\d-\d\d)T(\d\d):\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.(\d{1,7})0*)?(Z|[+-]\d\d:\d\d)?",
    re.ASCII | re.IGNORECASE,
)
# dayTimeDuration of XML Schema: no years and no months, whose length is not fixed.
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,8})D)?(?:T(?:(\d{1,10})H)?(?:(\d{1,12})M)?(?:(\d{1,14})(?:\.(\d{1,7})0*)?S)?)?", re.ASCII
)
_TIME_OF_DAY = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7})0*)?)?", re.ASCII)
MAX_DURATION_TICKS = 2**63 - 1


def _fraction_ticks(digits: str | None) -> int:
    return int(digits.ljust(7, "0")) if digits else 0


def _print_fraction(ticks: int) -> str:
    """`.` and the fraction without trailing zeros, as .NET prints it; nothing for a whole second."""
    fraction = ticks % TICKS_PER_SECOND
    return "." + f"{fraction:07d}".rstrip("0") if fraction else ""


# Rows of one feed are near each other in time: remembering dates, and all times of day, more than halves the cost of
# printing and of reading them. Both ways a date has its `T` with it.
class _DateTexts(dict[int, str]):
    """The text of a date, by its number."""

    def __missing__(self, days: int) -> str:
        if len(self) >= _MAX_DATES:
            self.clear()
        text = self[days] = f"{datetime.fromordinal(days + 1).date().isoformat()}T"
        return text


_MINUTES_PER_DAY = 24 * 60
_MINUTE_TEXTS = tuple([f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(_MINUTES_PER_DAY)])
_SECOND_TEXTS = tuple([f":{second:02d}" for second in range(60)])
_WHOLE_SECONDS = {second * TICKS_PER_SECOND: text for second, text in enumerate(_SECOND_TEXTS)}
_MINUTES = {text: minute * TICKS_PER_MINUTE for minute, text in enumerate(_MINUTE_TEXTS)}
_SECONDS = {text: second * TICKS_PER_SECOND for second, text in enumerate(_SECOND_TEXTS)}
_MAX_DATES = 16_384
_DATES: dict[str, int] = {}
_DATE_TEXTS = _DateTexts()


def _seconds(ticks: int) -> str:
    """The seconds of a minute with their fraction, which has no trailing zeros, as .NET prints it."""
    second, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{_SECOND_TEXTS[second]}.{fraction:07d}".rstrip("0") if fraction else _SECOND_TEXTS[second]


def _clock(ticks: int) -> str:
    minute, rest = divmod(ticks, TICKS_PER_MINUTE)
    return _MINUTE_TEXTS[minute] + _seconds(rest)


# Texts of many moments are checked at once: these characters stand in the same places of each (the others are digits),
# and the decoder of msgspec says whether each is a moment of the calendar. It is more lenient about the characters.
_SEPARATORS = ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z"))
_CALENDAR = msgspec.json.Decoder(list[datetime])
_encode = msgspec.json.Encoder().encode


def _are_alike(texts: Sequence[str], size: int) -> bool:
    """Whether all texts are moments of whole seconds, with `Z` or without a zone: of 20 characters, or 19."""
    joined, count = "".join(texts), len(texts)
    if len(joined) != size * count:
        return False
    if any(joined[place::size] != separator * count for place, separator in _SEPARATORS if place < size):
        return False
    try:
        _CALENDAR.decode(_encode(texts))
    except (msgspec.ValidationError, UnicodeEncodeError):
        return False
    return True


class Timestamp(Struct, frozen=True, eq=False, gc=False):  # made three times as fast as a frozen dataclass
    """A date and time of day, with or without an offset from UTC: the value of Edm.DateTime and Edm.DateTimeOffset.

    `Timestamp(ticks, offset)` counts 100 ns of the *local* clock since 0001-01-01T00:00:00; the offset is minutes east
    of UTC, or None. It is kept for printing; order and equality compare instants, with UTC where there is no offset.
    A value knows its ticks or its text, whichever it was made from; the other is made when somebody asks, and kept:
    most rows go from a store to a client or back, and nobody counts; and those of a store are printed again and again.
    """

    _ticks: int | None  # None only beside a text, for those in this module who know it
    offset: int | None = None
    _text: str | None = None  # what `str` gives, for those who know it; everybody else leaves it out

    __match_args__ = ("ticks", "offset")

    def __post_init__(self) -> None:
        ticks = self._ticks
        if ticks is None:
            return
        if not 0 <= ticks < MAX_TICKS:
            raise ValueError("the year must be between 0001 and 9999")
        offset = self.offset
        if offset and not -MAX_OFFSET_MINUTES <= offset <= MAX_OFFSET_MINUTES:
            raise ValueError("the offset must be between -14:00 and +14:00")

    @property
    def ticks(self) -> int:
        """100 ns of the local clock since 0001-01-01T00:00:00."""
        ticks = self._ticks
        if ticks is None:
            assert self._text is not None, "a value knows its ticks or its text"
            ticks = Timestamp.parse(self._text).ticks
            force_setattr(self, "_ticks", ticks)
        return ticks

    @classmethod
    def parse_all(cls, texts: Sequence[str]) -> list[Timestamp]:
        """The same as `parse` of each, in less time for many texts of one form."""
        if _are_alike(texts, 20):
            return list(map(cls, repeat(None), repeat(0), texts))
        if _are_alike(texts, 19):
            return list(map(cls, repeat(None), repeat(None), texts))
        return list(map(cls.parse, texts))

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read `2013-08-19T15:02:36.8185926-07:00`; seconds, fraction and zone may be missing."""
        try:
            ticks = _DATES[text[:11]] + _MINUTES[text[11:16]] + _SECONDS[text[16:19]]
        except KeyError:
            return cls._parse(text)
        zone = text[19:]
        if zone == "Z":
            return cls(ticks, 0, text)
        if not zone:
            return cls(ticks, None, text)
        digits = zone[1:].removesuffix("Z")
        if zone[0] == "." and len(digits) <= 7 and digits.isascii() and digits.isdigit():
            ticks += int(digits.ljust(7, "0"))
            return cls(ticks, 0 if zone[-1] == "Z" else None, None if digits[-1] == "0" else text)
        return cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> Timestamp:
        """Any text, slowly: the date is new, or the form is a rare one."""
        match = _TIMESTAMP.fullmatch(text)
        if match is None:
            raise ValueError("a date and time reads like 2013-08-19T15:02:36.8185926-07:00")
        clock, day, hour, fraction, zone = match.groups()
        try:
            moment = datetime.fromisoformat(clock) - datetime.min
        except ValueError:
            raise ValueError(_misdated(day)) from None
        if hour == "24":  # which newer versions of Python take for midnight
            raise ValueError(_misdated(day))
        if len(_DATES) >= _MAX_DATES:
            _DATES.clear()
        _DATES[f"{day}T"] = moment.days * TICKS_PER_DAY
        ticks = moment.days * TICKS_PER_DAY + moment.seconds * TICKS_PER_SECOND
        if fraction is not None:
            ticks += _fraction_ticks(fraction)
        return cls(ticks, 0 if zone == "Z" else _parse_offset(zone))

    @classmethod
    def of(cls, value: datetime) -> Timestamp:
        """The same point in time as a datetime, with its offset where it has one."""
        offset = value.utcoffset()
        if not offset and not value.microsecond and type(value) is datetime:
            return cls(None, None if offset is None else 0, _encode(value)[1:-1].decode())
        ticks = (value.toordinal() - 1) * TICKS_PER_DAY
        ticks += ((value.hour * 60 + value.minute) * 60 + value.second) * TICKS_PER_SECOND
        ticks += value.microsecond * TICKS_PER_MICROSECOND
        if not offset:
            return cls(ticks, None if offset is None else 0)
        minutes, rest = divmod(offset, timedelta(minutes=1))  # before 1900 many zones were off by odd seconds
        return cls(ticks - rest // timedelta(microseconds=1) * TICKS_PER_MICROSECOND, minutes)

    @classmethod
    def now(cls, zone: tzinfo = UTC) -> Timestamp:
        """This moment to the tick, on the clock of `zone`."""
        since_epoch = time.time_ns() // 100
        moment = datetime.fromtimestamp(since_epoch // TICKS_PER_SECOND, zone)
        offset = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
        return cls(_EPOCH_TICKS + since_epoch + offset * TICKS_PER_MINUTE, offset)

    @property
    def instant(self) -> int:
        """Ticks since 0001-01-01T00:00:00Z."""
        return self.ticks - (self.offset or 0) * TICKS_PER_MINUTE

    def to_datetime(self) -> datetime:
        """The datetime nearest below: the seventh digit of the fraction is lost."""
        moment = datetime.min + timedelta(microseconds=self.ticks // TICKS_PER_MICROSECOND)
        return moment if self.offset is None else moment.replace(tzinfo=timezone(timedelta(minutes=self.offset)))

    def __eq__(self, other: object) -> bool:
        return self.instant == other.instant if isinstance(other, Timestamp) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return self.instant != other.instant if isinstance(other, Timestamp) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.instant < other.instant if isinstance(other, Timestamp) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.instant <= other.instant if isinstance(other, Timestamp) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.instant)

    def __repr__(self) -> str:
        return f"Timestamp(ticks={self.ticks!r}, offset={self.offset!r})"

    def __str__(self) -> str:
        text = self._text
        if text is None:
            ticks = self._ticks
            assert ticks is not None, "a value knows its ticks or its text"
            minutes, rest = divmod(ticks, TICKS_PER_MINUTE)
            days, minute = divmod(minutes, _MINUTES_PER_DAY)
            seconds = _WHOLE_SECONDS[rest] if rest in _WHOLE_SECONDS else _seconds(rest)
            zone = "Z" if self.offset == 0 else _print_offset(self.offset)
            text = f"{_DATE_TEXTS[days]}{_MINUTE_TEXTS[minute]}{seconds}{zone}"
            force_setattr(self, "_text", text)
        return text


def _misdated(day: str) -> str:
    """Why a date with a time is none."""
    try:
        datetime.fromisoformat(day)
    except ValueError:
        return f"there is no day {day}"
    return "the time of day must be between 00:00:00 and 23:59:59.9999999"


def _parse_offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if minutes > 59:
        raise ValueError("the minutes of an offset must be below 60")
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _print_offset(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in ticks of 100 ns: the value of Edm.Duration (v4) and Edm.Time (v1 to v3)."""

    ticks: int

    def __post_init__(self) -> None:
        if abs(self.ticks) > MAX_DURATION_TICKS:
            raise ValueError("a duration must be shorter than 29,228 years")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `P1DT2H3M4.5S`."""
        match = _DURATION.fullmatch(text)
        if match is None or not any(match.groups()[1:]) or text.endswith("T"):
            raise ValueError("a duration reads like P1DT2H3M4.5S, without years and months")
        sign, days, hours, minutes, seconds, fraction = match.groups()
        total = ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
        ticks = total * TICKS_PER_SECOND + _fraction_ticks(fraction)
        return cls(-ticks if sign == "-" else ticks)

    @classmethod
    def of(cls, value: timedelta) -> Duration:
        """The same span as a timedelta."""
        return cls(value // timedelta(microseconds=1) * TICKS_PER_MICROSECOND)

    def to_timedelta(self) -> timedelta:
        """The timedelta nearest below: the seventh digit of the fraction is lost."""
        return timedelta(microseconds=self.ticks // TICKS_PER_MICROSECOND)

    def __str__(self) -> str:
        days, ticks = divmod(abs(self.ticks), TICKS_PER_DAY)
        seconds = ticks // TICKS_PER_SECOND
        parts = [
            f"{seconds // 3600}H" if seconds >= 3600 else "",
            f"{seconds // 60 % 60}M" if seconds // 60 % 60 else "",
            f"{seconds % 60}{_print_fraction(ticks)}S" if ticks % TICKS_PER_MINUTE or not self.ticks else "",
        ]
        clock = "".join(parts)
        return f"{'-' if self.ticks < 0 else ''}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


@dataclass(frozen=True, slots=True, order=True)
class TimeOfDay:
    """A time of day in ticks of 100 ns since midnight: the value of Edm.TimeOfDay (v4)."""

    ticks: int

    def __post_init__(self) -> None:
        if not 0 <= self.ticks < TICKS_PER_DAY:
            raise ValueError("the time of day must be between 00:00:00 and 23:59:59.9999999")

    @classmethod
    def parse(cls, text: str) -> TimeOfDay:
        """Read `15:02:36.8185926`; seconds and fraction may be missing."""
        match = _TIME_OF_DAY.fullmatch(text)
        if match is None:
            raise ValueError("a time of day reads like 15:02:36.8185926")
        hour, minute, second, fraction = match.groups()
        if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
            raise ValueError("the time of day must be between 00:00:00 and 23:59:59.9999999")
        seconds = (int(hour) * 60 + int(minute)) * 60 + int(second or 0)
        return cls(seconds * TICKS_PER_SECOND + _fraction_ticks(fraction))

    def __str__(self) -> str:
        return _clock(self.ticks)
