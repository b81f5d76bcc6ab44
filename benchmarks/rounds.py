# Side-by-side timing: every contender in turn, several rounds in one run, so that a machine whose speed drifts treats
# all alike. A ratio is taken within each round; median, minimum and maximum over the rounds are shown.

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7
SECONDS_PER_TURN = 0.4


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


def rate(work: Callable[[], object], seconds: float = SECONDS_PER_TURN) -> float:
    """Calls a second, measured for about `seconds`."""
    calls, batch, started = 0, 1, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for _ in range(batch):
            work()
        calls += batch
        batch = min(batch * 2, 256)
    return calls / elapsed


def compare(title: str, contenders: Mapping[str, Callable[[], object]]) -> None:
    """Print the rate of each contender, and what share of the first one's rate the others reach."""
    for work in contenders.values():
        rate(work, 0.1)  # warm caches
    rounds = [{name: rate(work) for name, work in contenders.items()} for _ in range(ROUNDS)]
    first = next(iter(contenders))
    print(f"{title}")
    for name in contenders:
        speed = Spread.of([turn[name] for turn in rounds])
        share = Spread.of([turn[name] / turn[first] for turn in rounds])
        print(
            f"  {name:<28} {speed.median:>10,.0f}/s  ({speed.low:,.0f} to {speed.high:,.0f})"
            f"   {share.median:.2f} of {first} ({share.low:.2f} to {share.high:.2f})"
        )
