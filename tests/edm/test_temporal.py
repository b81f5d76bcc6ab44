# Points and spans of time: exact to the tick through text, ordered by instant, strict about what they read.

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm import Duration, TimeOfDay, Timestamp
from odata_core.edm.temporal import (
    MAX_DURATION_TICKS,
    MAX_OFFSET_MINUTES,
    MAX_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)

OFFSETS = st.none() | st.integers(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES)
TIMESTAMPS = st.builds(Timestamp, st.integers(0, MAX_TICKS - 1), OFFSETS)
DURATIONS = st.builds(Duration, st.integers(-MAX_DURATION_TICKS, MAX_DURATION_TICKS))
TIMES = st.builds(TimeOfDay, st.integers(0, TICKS_PER_DAY - 1))


@given(TIMESTAMPS)
def test_a_timestamp_comes_back_from_text(moment: Timestamp) -> None:
    again = Timestamp.parse(str(moment))
    assert (again.ticks, again.offset) == (moment.ticks, moment.offset)


@given(DURATIONS)
def test_a_duration_comes_back_from_text(span: Duration) -> None:
    assert Duration.parse(str(span)) == span


@given(TIMES)
def test_a_time_of_day_comes_back_from_text(moment: TimeOfDay) -> None:
    assert TimeOfDay.parse(str(moment)) == moment


@given(TIMESTAMPS, TIMESTAMPS)
def test_order_is_by_instant(one: Timestamp, other: Timestamp) -> None:
    compared = (one < other, one <= other, one == other, one != other, one >= other, one > other)
    left, right = one.instant, other.instant
    assert compared == (left < right, left <= right, left == right, left != right, left >= right, left > right)


@pytest.mark.parametrize(
    "text",
    ["2013-08-19T15:02:36Z", "2013-08-19T15:02:36", "2013-08-19T15:02:36.5Z", "2013-08-19T15:02:36.8185926"],
)
def test_a_known_date_is_read_like_a_new_one(text: str) -> None:
    slow = Timestamp._parse(text)
    known = Timestamp.parse(text)
    assert (known.ticks, known.offset, str(known)) == (slow.ticks, slow.offset, text)
    assert (repr(known), str(Timestamp(slow.ticks, slow.offset))) == (repr(slow), text)


@pytest.mark.parametrize("ending", ["", "0", "00000", "\u0661", "Z0", "5ZZ", "5z", "12345678", "+", "5+1"])
@pytest.mark.parametrize("separator", [".", "", " "])
def test_a_known_date_with_any_ending_is_read_like_a_new_one(separator: str, ending: str) -> None:
    def outcome(read: Callable[[str], Timestamp]) -> object:
        try:
            moment = read(f"2013-08-19T15:02:36{separator}{ending}")
        except ValueError as error:
            return str(error)
        return (moment.ticks, moment.offset, str(moment))

    Timestamp._parse("2013-08-19T15:02:36")
    assert outcome(Timestamp.parse) == outcome(Timestamp._parse)


def outcome(read: Callable[[], list[Timestamp]]) -> object:
    try:
        return [(moment.ticks, moment.offset, str(moment)) for moment in read()]
    except ValueError as error:
        return str(error)


WHOLE_SECONDS = st.integers(0, MAX_TICKS // TICKS_PER_SECOND - 1).map(lambda second: second * TICKS_PER_SECOND)
CHANGES = st.tuples(st.integers(0, 20), st.sampled_from([*"0129-:TtZz +.", "٣", "\ud800", '"', "", "Z", "00"]))


@given(
    st.lists(WHOLE_SECONDS, max_size=5),
    st.sampled_from([(0,), (None,), (0, None), (0, 60)]),
    st.none() | st.tuples(st.integers(0, 4), CHANGES),
)
def test_many_texts_are_read_like_each(
    ticks: list[int], offsets: tuple[int | None, ...], change: tuple[int, tuple[int, str]] | None
) -> None:
    """Texts of one form, which are read at once; then one of them is spoiled in one place."""
    texts = [str(Timestamp(one, offsets[index % len(offsets)])) for index, one in enumerate(ticks)]
    if change is not None and change[0] < len(texts):
        index, (place, character) = change
        texts[index] = texts[index][:place] + character + texts[index][place + 1 :]
    assert outcome(lambda: Timestamp.parse_all(texts)) == outcome(lambda: [Timestamp.parse(text) for text in texts])


@pytest.mark.parametrize(
    "texts",
    [
        ["2013-08-19T15:02:36Z", "2013-02-29T15:02:36Z"],
        ["2013-08-19T15:02:36Z", "2013-08-19T24:00:00Z"],
        ["2013-08-19T15:02:36Z0", "013-08-19T15:02:36Z"],  # of 20 characters on the average
        ["2013-08-19 15:02:36Z"],
        ["0000-01-01T00:00:00"],
        ["2013-08-19T15:02:60"],
    ],
)
def test_texts_that_are_refused_one_by_one_are_refused_together(texts: list[str]) -> None:
    with pytest.raises(ValueError, match=r"reads like|there is no day|must be between"):
        Timestamp.parse_all(texts)


@given(st.datetimes(timezones=st.none() | st.timezones()), st.sampled_from([0, 120_000, None]))
def test_a_datetime_is_the_same_however_it_is_held(moment: datetime, microsecond: int | None) -> None:
    """Some are held as text, some as ticks: what is asked for first makes no difference."""
    moment = moment if microsecond is None else moment.replace(microsecond=microsecond)
    try:
        held = Timestamp.of(moment)
    except ValueError:  # an offset moved it out of the calendar
        return
    made = Timestamp(Timestamp.of(moment).ticks, held.offset)
    assert (str(held), held.ticks, held.instant) == (str(made), made.ticks, made.instant)
    assert (held, hash(held), repr(held)) == (made, hash(made), repr(made))
    wall = moment.replace(tzinfo=None)
    if moment.utcoffset() is None or moment.utcoffset() % timedelta(minutes=1) == timedelta():  # type: ignore[operator]
        assert held.to_datetime().replace(tzinfo=None) == wall


def test_what_was_read_can_be_copied_and_taken_apart() -> None:
    (moment,) = Timestamp.parse_all(["2013-08-19T15:02:36Z"])
    assert pickle.loads(pickle.dumps(moment)) == copy.deepcopy(moment) == moment
    match moment:
        case Timestamp(ticks, offset):
            assert (ticks, offset) == (Timestamp.parse("2013-08-19T15:02:36Z").ticks, 0)


@given(st.integers(TICKS_PER_DAY, MAX_TICKS - TICKS_PER_DAY), OFFSETS, OFFSETS)
def test_one_instant_is_one_value_in_every_zone(instant: int, here: int | None, there: int | None) -> None:
    one, other = (Timestamp(instant + (offset or 0) * TICKS_PER_MINUTE, offset) for offset in (here, there))
    assert (one, hash(one), one.instant) == (other, hash(other), instant)


@given(st.datetimes() | st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_comes_back(moment: datetime) -> None:
    again = Timestamp.of(moment).to_datetime()
    assert (again, again.utcoffset()) == (moment, moment.utcoffset())


@given(st.timedeltas(min_value=timedelta(days=-10_000_000), max_value=timedelta(days=10_000_000)))
def test_a_timedelta_comes_back(span: timedelta) -> None:
    assert Duration.of(span).to_timedelta() == span


@pytest.mark.parametrize(
    ("text", "ticks", "offset", "printed"),
    [
        ("0001-01-01T00:00:00", 0, None, None),
        ("0001-01-01T00:00", 0, None, "0001-01-01T00:00:00"),
        ("0001-01-01T00:00:00.0000001Z", 1, 0, None),
        ("0001-01-01T00:00:00.1000000000Z", 1_000_000, 0, "0001-01-01T00:00:00.1Z"),
        ("0001-01-02t01:02:03z", TICKS_PER_DAY + 3723 * TICKS_PER_SECOND, 0, "0001-01-02T01:02:03Z"),
        ("0001-01-01T00:00:00-00:00", 0, 0, "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", 0, 840, None),
        ("0001-01-01T00:00:00-07:30", 0, -450, None),
        ("9999-12-31T23:59:59.9999999", MAX_TICKS - 1, None, None),
        # A wire sample: date(2013, 8, 19).toordinal() days, then the time of day.
        (
            "2013-08-19T15:02:36.8185926-07:00",
            (date(2013, 8, 19).toordinal() - 1) * TICKS_PER_DAY + 54_156 * TICKS_PER_SECOND + 8_185_926,
            -420,
            None,
        ),
    ],
)
def test_timestamp_texts(text: str, ticks: int, offset: int | None, printed: str | None) -> None:
    moment = Timestamp.parse(text)
    assert (moment.ticks, moment.offset, str(moment)) == (ticks, offset, printed or text)


SHAPE = "a date and time reads like 2013-08-19T15:02:36.8185926-07:00"
CLOCK = "the time of day must be between 00:00:00 and 23:59:59.9999999"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", SHAPE),
        ("2013-08-19", SHAPE),
        ("2013-08-19 15:02", SHAPE),
        ("2013-8-19T15:02", SHAPE),
        ("13-08-19T15:02", SHAPE),
        ("-2013-08-19T15:02", SHAPE),
        ("12013-08-19T15:02", SHAPE),
        ("2013-08-19T15", SHAPE),
        ("2013-08-19T15:02:36.", SHAPE),
        ("2013-08-19T15:02:36.12345678", SHAPE),
        ("2013-08-19T15:02.5", SHAPE),
        ("2013-08-19T15:02:36+0700", SHAPE),
        ("2013-08-19T15:02:36 Z", SHAPE),
        ("2013-08-19T15:02:36Z\n", SHAPE),
        ("２０１３-08-19T15:02:36Z", SHAPE),
        ("0000-01-01T00:00:00Z", "there is no day 0000-01-01"),
        ("2013-02-29T00:00:00Z", "there is no day 2013-02-29"),
        ("2013-13-01T00:00:00Z", "there is no day 2013-13-01"),
        ("2013-08-19T24:00:00Z", CLOCK),
        ("2013-08-19T15:60:00Z", CLOCK),
        ("2013-08-19T15:02:60Z", CLOCK),
        ("2013-08-19T15:02:36+14:01", "the offset must be between -14:00 and +14:00"),
        ("2013-08-19T15:02:36-23:00", "the offset must be between -14:00 and +14:00"),
        ("2013-08-19T15:02:36+01:60", "the minutes of an offset must be below 60"),
    ],
)
def test_refused_timestamps(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        Timestamp.parse(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(("ticks", "offset"), [(-1, None), (MAX_TICKS, None), (0, 841), (0, -841)])
def test_timestamps_out_of_range(ticks: int, offset: int | None) -> None:
    with pytest.raises(ValueError):
        Timestamp(ticks, offset)


@pytest.mark.parametrize(
    ("text", "ticks", "printed"),
    [
        ("PT0S", 0, None),
        ("P0D", 0, "PT0S"),
        ("-PT0S", 0, "PT0S"),
        ("PT0.0000001S", 1, None),
        ("-PT0.5S", -TICKS_PER_SECOND // 2, None),
        ("+PT1.5000000000S", 15_000_000, "PT1.5S"),
        ("P1D", TICKS_PER_DAY, None),
        ("P1DT2H3M4.5S", TICKS_PER_DAY + 7384 * TICKS_PER_SECOND + 5_000_000, None),
        ("PT25H", 25 * 60 * TICKS_PER_MINUTE, "P1DT1H"),
        ("PT90S", 90 * TICKS_PER_SECOND, "PT1M30S"),
        ("PT60M", 60 * TICKS_PER_MINUTE, "PT1H"),
        ("P10675199DT2H48M5.4775807S", MAX_DURATION_TICKS, None),
    ],
)
def test_duration_texts(text: str, ticks: int, printed: str | None) -> None:
    span = Duration.parse(text)
    assert (span.ticks, str(span)) == (ticks, printed or text)


SPAN_SHAPE = "a duration reads like P1DT2H3M4.5S, without years and months"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, SPAN_SHAPE) for text in ("", "P", "-P", "PT", "P1DT", "1D", "P1Y", "P1M", "P1W", "PT1D", "P1H")),
        *((text, SPAN_SHAPE) for text in ("p1d", "P-1D", "--P1D", "P1.5D", "PT.5S", "PT5.S", "PT1M1H", "PT1S ")),
        *((text, SPAN_SHAPE) for text in ("PT0.12345678S", "P١D", "P1D\n")),
        ("P10675199DT2H48M5.4775808S", "a duration must be shorter than 29,228 years"),
        ("-P99999999D", "a duration must be shorter than 29,228 years"),
    ],
)
def test_refused_durations(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        Duration.parse(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "ticks", "printed"),
    [
        ("00:00:00", 0, None),
        ("00:00", 0, "00:00:00"),
        ("00:00:00.0000001", 1, None),
        ("15:02:36.8185926", 54_156 * TICKS_PER_SECOND + 8_185_926, None),
        ("23:59:59.9999999", TICKS_PER_DAY - 1, None),
    ],
)
def test_time_of_day_texts(text: str, ticks: int, printed: str | None) -> None:
    moment = TimeOfDay.parse(text)
    assert (moment.ticks, str(moment)) == (ticks, printed or text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "a time of day reads like 15:02:36.8185926") for text in ("", "15", "1:02", "15:02:36.", "15:02Z")),
        ("15:02:36.12345678", "a time of day reads like 15:02:36.8185926"),
        *((text, CLOCK) for text in ("24:00:00", "15:60", "15:02:60")),
    ],
)
def test_refused_times_of_day(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        TimeOfDay.parse(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("moment", "printed"),
    [
        (datetime(2013, 8, 19, 15, 2, 36, 818592), "2013-08-19T15:02:36.818592"),
        (datetime(2013, 8, 19, 15, 2, tzinfo=timezone(timedelta(hours=-7))), "2013-08-19T15:02:00-07:00"),
        # Local mean time: the offset is told in whole minutes, and the instant stays what it was.
        (datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "1889-12-31T23:59:32+00:53"),
        (datetime(1890, 1, 1, tzinfo=timezone(-timedelta(minutes=4, seconds=20))), "1889-12-31T23:59:20-00:05"),
    ],
)
def test_timestamp_of_a_datetime(moment: datetime, printed: str) -> None:
    assert str(Timestamp.of(moment)) == printed
    if moment.tzinfo is not None:
        assert Timestamp.of(moment) == Timestamp.of(moment.astimezone(UTC))


def test_the_seventh_digit_is_lost_downwards() -> None:
    assert Timestamp.parse("2013-08-19T15:02:36.8185929").to_datetime() == datetime(2013, 8, 19, 15, 2, 36, 818592)
    assert Duration(-1).to_timedelta() == timedelta(microseconds=-1)


def test_now_is_this_moment_on_the_clock_of_the_zone() -> None:
    zone = timezone(timedelta(hours=-7))
    before, now, after = Timestamp.of(datetime.now(UTC)), Timestamp.now(zone), Timestamp.of(datetime.now(UTC))
    assert now.offset == -420
    assert before.instant <= now.instant <= after.instant + 9  # a datetime drops the last digit


def test_kinds_of_values_are_never_equal() -> None:
    values: list[object] = [Timestamp(0), Duration(0), TimeOfDay(0), 0, time(0)]
    assert [values.index(value) for value in values] == [0, 1, 2, 3, 4]
