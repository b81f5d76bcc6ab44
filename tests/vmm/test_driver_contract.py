# The simulated driver under the suite that all drivers share, and what is its own: power table, failures, order.

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import cast, get_args
from uuid import UUID, uuid4

import pytest

from odata_vmm.drivers import (
    Action,
    Checkpoint,
    Denied,
    Driver,
    DriverError,
    NotFound,
    OutcomeUnknown,
    Power,
    Rejected,
    State,
    Unavailable,
    Vm,
    parents_first,
)
from odata_vmm.drivers.simulated import POWER, SimulatedDriver
from odata_vmm.drivers.suite import DriverSuite, PowerSuite, Rig

NOON = datetime(2013, 8, 19, 12, tzinfo=UTC)


def make_rig(state: State) -> Rig:
    driver = SimulatedDriver()
    vm, other = driver.add_vm(name="vm1", state=state), driver.add_vm(name="vm2")
    return Rig(driver, vm.id, other.id, lambda text: driver.write(vm.id, text), lambda: driver.read(vm.id), state)


class TestRunning(DriverSuite):
    @pytest.fixture
    def rig(self) -> Rig:
        return make_rig("Running")


class TestOff(DriverSuite):
    @pytest.fixture
    def rig(self) -> Rig:
        return make_rig("Off")


class TestPower(PowerSuite):
    @pytest.fixture
    def rig(self) -> Rig:
        return make_rig("Off")


# What becomes of a machine; a dot is a refusal.
POWER_TABLE = """
           Running  Off      Paused   Saved    Other
start      .        Running  .        Running  .
stop       Off      .        Off      Off      .
shutdown   Off      .        .        .        .
reset      Running  .        Running  .        .
suspend    Paused   .        .        .        .
resume     .        .        Running  .        .
"""


def power_rows() -> Iterator[tuple[str, str, str]]:
    header, *rows = [line.split() for line in POWER_TABLE.strip().splitlines()]
    for action, *results in rows:
        yield from ((action, state, result) for state, result in zip(header, results, strict=True))


@pytest.mark.parametrize(("action", "state", "result"), list(power_rows()))
def test_power_table(action: str, state: State, result: str) -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1", state=state)
    if result == ".":
        with pytest.raises(Rejected, match=f"The virtual machine 'vm1' is {state}: it cannot {action}."):
            driver.power(vm.id, action)
        assert driver.vms() == [vm]
    else:
        switched = replace(vm, state=cast(State, result))
        assert (driver.power(vm.id, action), driver.vms()) == (switched, [switched])


def test_power_table_is_complete() -> None:
    rows = [(action, state) for action, state, _result in power_rows()]
    assert rows == list(product(get_args(Action), get_args(State)))
    assert tuple(POWER) == get_args(Action)


def test_it_offers_both_protocols() -> None:
    driver: Driver = SimulatedDriver()
    assert isinstance(driver, Power)


def test_restoring_brings_the_saved_state_back_after_power_actions() -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1", state="Running", contents="first boot")
    checkpoint = driver.create(vm.id, "running", "why")
    driver.write(vm.id, "changed")
    driver.power(vm.id, "stop")
    driver.restore(vm.id, checkpoint.id)
    assert (driver.vms(), driver.read(vm.id)) == ([Vm(vm.id, "vm1", "Running", checkpoint.id)], "first boot")


def test_times_increase_though_the_clock_stands_still_or_goes_back() -> None:
    moments = iter([NOON, NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)])
    driver = SimulatedDriver(clock=lambda: next(moments))
    vm = driver.add_vm(name="vm1")
    created = [driver.create(vm.id, name).created - NOON for name in "abcd"]
    microsecond = timedelta(microseconds=1)
    assert created == [timedelta(0), microsecond, 2 * microsecond, timedelta(seconds=1)]


def test_calls_from_many_threads_never_overlap() -> None:
    busy, overlaps, everybody = threading.Lock(), [], threading.Barrier(4)

    def clock() -> datetime:
        """Called in the middle of `create`, where it lingers and looks whether another call is there too."""
        if not busy.acquire(blocking=False):
            overlaps.append(threading.current_thread().name)
            return NOON
        time.sleep(0.01)
        busy.release()
        return NOON

    driver = SimulatedDriver(clock=clock)
    vm = driver.add_vm(name="vm1")

    def create() -> None:
        everybody.wait()
        driver.create(vm.id, "a")

    threads = [threading.Thread(target=create) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (overlaps, len(driver.checkpoints(vm.id))) == ([], 4)


def test_description_is_kept_changed_and_emptied() -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1")
    checkpoint = driver.create(vm.id, "a", "why")
    said = [driver.rename(vm.id, checkpoint.id, "b", text).description for text in (None, "because", "")]
    assert (checkpoint.description, said) == ("why", ["why", "because", ""])


@pytest.mark.parametrize("kind", [NotFound, Denied, Rejected, Unavailable, OutcomeUnknown])
def test_a_failure_strikes_once_and_before_anything_is_done(kind: type[DriverError]) -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1")
    driver.fail_with(kind("The host said no."))
    with pytest.raises(kind) as caught:
        driver.create(vm.id, "a")
    assert (type(caught.value), caught.value.message, str(caught.value)) == (kind, *["The host said no."] * 2)
    assert (driver.checkpoints(vm.id), driver.vms()) == ([], [vm])


def test_a_failure_waits_for_its_call() -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1")
    driver.fail_with(Denied("Not you."), on="restore")
    checkpoint = driver.create(vm.id, "a")
    with pytest.raises(Denied):
        driver.restore(vm.id, checkpoint.id)
    driver.restore(vm.id, checkpoint.id)


def test_two_machines_cannot_share_an_id() -> None:
    driver = SimulatedDriver()
    vm = driver.add_vm(name="vm1", id=uuid4())
    with pytest.raises(ValueError, match=f"There is a virtual machine {vm.id} already."):
        driver.add_vm(name="vm2", id=vm.id)


def test_contents_of_a_missing_machine_are_not_found() -> None:
    missing = uuid4()
    with pytest.raises(NotFound, match=f"There is no virtual machine {missing}."):
        SimulatedDriver().read(missing)


def checkpoint(number: int, parent: int | None, second: int) -> Checkpoint:
    parent_id = None if parent is None else UUID(int=parent)
    return Checkpoint(UUID(int=number), UUID(int=99), str(number), parent_id, NOON + timedelta(seconds=second))


@pytest.mark.parametrize(
    ("items", "order"),
    [
        ([], ""),
        ([checkpoint(3, 2, 3), checkpoint(2, 1, 2), checkpoint(1, None, 1)], "123"),
        ([checkpoint(1, 2, 5), checkpoint(2, None, 5)], "21"),  # one second: the tree decides
        ([checkpoint(1, 2, 0), checkpoint(2, None, 5)], "21"),  # a clock that went back
        ([checkpoint(1, None, 1), checkpoint(2, 1, 9), checkpoint(3, None, 5)], "132"),  # time goes across branches
        ([checkpoint(1, 7, 2), checkpoint(2, None, 1)], "21"),  # an unknown parent
        ([checkpoint(1, 2, 2), checkpoint(2, 1, 1), checkpoint(3, None, 9)], "321"),  # a circle
    ],
)
def test_parents_first(items: list[Checkpoint], order: str) -> None:
    assert "".join(item.name for item in parents_first(items)) == order
