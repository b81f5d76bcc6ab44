# Entities a second, written and read in each format, side by side with the encoders that do nothing but JSON (json,
# orjson, msgspec: on dictionaries that are ready to be written) and with the peers that know OData (payload_peers).
# Run: `python -m benchmarks.payloads`, with the extra `bench`. What is written and read: payload_rows.
#
# Rows are written in three states. *Rows of a store* are those of the backend in memory, which were written before:
# they keep their JSON at the levels that add nothing, and their moments their text in all other formats. *Rows of a
# driver* are new each time; their moments come from datetimes, and know their text. *Rows that were computed* are new,
# and their moments know nothing but numbers. What is read is new each time: no text was seen before.
#
# In each round the contenders take turns, so that a machine whose speed drifts treats all alike; a yardstick that never
# changes runs between them and shows how much it drifts. What a contender needs before its turn, such as values that it
# has never seen, is made outside of the time.

from __future__ import annotations

import gc
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from itertools import count
from typing import Any, Final

import msgspec
import orjson

from benchmarks.expressions import yardstick
from benchmarks.payload_peers import ODATAPY, PYODATA, odatapy_reader, odatapy_writer, pyodata_reader
from benchmarks.payload_rows import ENTITIES, FORMATS, V2_VERBOSE, V3, V4, Format, Row, computed, ready
from benchmarks.rounds import Spread
from odata_core.edm.rows import KeptRow

ROUNDS: Final = 9
TURNS: Final = 10
CALLS: Final = 5  # of a turn
MSGSPEC: Final = f"msgspec {version('msgspec')}"
ORJSON: Final = f"orjson {version('orjson')}"
JSON: Final = "json"


@dataclass(frozen=True, slots=True)
class Contender:
    """`work` is timed; what it is given is made before."""

    work: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


Contenders = Mapping[str, Contender]
Rates = dict[str, float]  # entities a second
Rounds = Sequence[Rates]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a contender has to reach: at most so many times the time of another one, or at least its rate."""

    title: str
    name: str
    peer: str
    most: float | None = None
    least: float | None = None

    def verdict(self, rounds: Rounds) -> str:
        if self.most is not None:
            times = Spread.of([one[self.peer] / one[self.name] for one in rounds])
            what, is_met = f"at most {self.most:g} times the time of {self.peer}", times.median <= self.most
        else:
            times = Spread.of([one[self.name] / one[self.peer] for one in rounds])
            what, is_met = f"at least {self.least:g} times the rate of {self.peer}", times.median >= (self.least or 0)
        figures = f"{times.median:.2f} ({times.low:.2f} to {times.high:.2f})"
        return f"  {'met' if is_met else 'missed':<7} {self.title}, {self.name}: {what}: {figures}"


# ------------------------------------------------------------------ contenders


def _encoders(rows: list[Row]) -> Contenders:
    """What only encodes, on dictionaries that are ready."""
    dictionaries = ready(rows)
    return {
        MSGSPEC: Contender(lambda _given: msgspec.json.encode(dictionaries)),
        JSON: Contender(lambda _given: json.dumps(dictionaries).encode()),
        ORJSON: Contender(lambda _given: orjson.dumps(dictionaries)),
    }


def _kept(form: Format) -> Contender:
    rows: list[Row] = [KeptRow(row) for row in form.rows(1)]
    for _ in range(2):
        form.write(rows)
    return Contender(lambda _given: form.write(rows))


def writers() -> Contenders:
    """Rows of a store, in every format."""
    own = {name: _kept(form) for name, form in FORMATS.items()}
    return {**_encoders(V4.rows(1)), **own, ODATAPY: Contender(odatapy_writer(V4.rows(1)))}


def _new(form: Format, change: Callable[[list[Row]], list[Row]]) -> Contender:
    seeds = count(2)
    return Contender(form.write, lambda: change(form.rows(next(seeds))))


def writers_of_new(change: Callable[[list[Row]], list[Row]]) -> Contenders:
    """Rows that are new each time."""
    own = {name: _new(FORMATS[name], change) for name in ("v4", "v3 light", "v2 verbose")}
    return {**_encoders(V4.rows(1)), **own}


def _reader(read: Callable[[bytes], object], form: Format) -> Contender:
    """Each body is new: the rows of another seed."""
    seeds = count(2)
    return Contender(read, lambda: form.body(form.rows(next(seeds))))


def readers() -> Contenders:
    """Bytes to rows of Python values, checked against the model; the others give what JSON has, of version 4."""
    own = {name: _reader(form.read, form) for name, form in FORMATS.items()}
    return {
        MSGSPEC: _reader(msgspec.json.decode, V4),
        JSON: _reader(json.loads, V4),
        ORJSON: _reader(orjson.loads, V4),
        **own,
        ODATAPY: _reader(odatapy_reader(), V4),
        PYODATA: _reader(pyodata_reader(), V2_VERBOSE),
    }


# ------------------------------------------------------------------ measuring


def check() -> None:
    """What is written is read back, and is what the peers read and write."""
    for form in FORMATS.values():
        rows = form.rows(1)
        read = [{name: row[name] for name in rows[0]} for row in form.read(form.body(rows))]
        assert read == rows
        for name in rows[0]:
            assert name == "Rating" or len({row[name] for row in rows if row[name] is not None}) > ENTITIES / 3 - 1
    assert json.loads(V4.body(computed(V4.rows(1))))["value"] == ready(V4.rows(1))
    written = json.loads(odatapy_writer(V4.rows(1))(None))
    assert len(written["value"]) == ENTITIES
    assert len(odatapy_reader()(V4.body(V4.rows(1))).entities) == ENTITIES
    entities = pyodata_reader()(V2_VERBOSE.body(V2_VERBOSE.rows(1)))
    prices = [row["Price"] for row in V3.rows(1)]
    assert [Decimal(entity.Price) for entity in entities] == prices  # which pyodata leaves as text


def turns(contenders: Contenders, marks: list[float]) -> Rates:
    """Entities a second of each contender, turn by turn; slow ones take fewer turns."""
    seconds = dict.fromkeys(contenders, 0.0)
    calls = dict.fromkeys(contenders, 0)
    gc.collect()
    for number in range(TURNS):
        marks.append(yardstick())
        for name, contender in contenders.items():
            if number and seconds[name] > 0.2:
                continue
            given = [contender.prepare() for _ in range(CALLS if number else 1)]
            contender.work(contender.prepare())  # what the others have left in the processor's caches makes way
            started = time.perf_counter()
            for one in given:
                contender.work(one)
            seconds[name] += time.perf_counter() - started
            calls[name] += len(given)
    return {name: ENTITIES * calls[name] / spent for name, spent in seconds.items()}


def report(title: str, contenders: Contenders) -> Rounds:
    """Print the rates, and how many times the time of msgspec, and the rate of json, that is."""
    marks: list[float] = []
    turns(contenders, [])  # warm caches
    gc.collect()
    gc.freeze()  # what one contender holds is not looked through in another's time
    rounds = [turns(contenders, marks) for _ in range(ROUNDS)]
    print(f"\n{title}: median of {ROUNDS} rounds (lowest to highest)")
    print(f"  {'':<22} {'entities a second':>40} {'times the time of msgspec':>30} {'times the rate of json':>27}")
    for name in contenders:
        rate = Spread.of([one[name] for one in rounds])
        times = Spread.of([one[MSGSPEC] / one[name] for one in rounds])
        faster = Spread.of([one[name] / one[JSON] for one in rounds])
        print(
            f"  {name:<22} {rate.median:>13,.0f} {f'({rate.low:,.0f} to {rate.high:,.0f})':>26}"
            f" {times.median:>11.2f} {f'({times.low:.2f} to {times.high:.2f})':>18}"
            f" {faster.median:>10.2f} {f'({faster.low:.2f} to {faster.high:.2f})':>16}"
        )
    tenths = statistics.quantiles(marks, n=10)
    print(
        f"  noise: the yardstick took {statistics.median(marks) * 1e6:.0f} us, "
        f"8 of 10 times between {tenths[0] * 1e6:.0f} and {tenths[-1] * 1e6:.0f}"
    )
    return rounds


def main() -> None:
    print(f"Python {platform.python_version()} on {platform.machine()}")
    print(f"{ENTITIES:,} entities; each has its own name, description, dates and price")
    check()
    kept = report("Writing rows of a store", writers())
    new = report("Writing rows of a driver", writers_of_new(lambda rows: rows))
    report("Writing rows that were computed", writers_of_new(computed))
    read = report("Reading", readers())
    print("\nBounds")
    for name in ("v4", "v3 light"):
        print(Bound("writing", name, MSGSPEC, most=2).verdict(kept))
        print(Bound("writing", name, JSON, least=5).verdict(kept))
        print(Bound("writing", name, ODATAPY, least=50).verdict(kept))
        print(Bound("writing new rows", name, MSGSPEC, most=2).verdict(new))
        print(Bound("writing new rows", name, JSON, least=5).verdict(new))
        print(Bound("reading", name, MSGSPEC, most=3).verdict(read))


if __name__ == "__main__":
    main()
