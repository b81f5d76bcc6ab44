# What every driver must do, as tests: a driver's author derives from DriverSuite (and PowerSuite) and gives a rig.
# A rig can change and see what is *inside* a machine, so that "restored" is proved and not believed.
# The suite needs pytest, which the extra `testing` brings; nothing else here imports this module.

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

import pytest

from .contract import Driver, NotFound, Power, Rejected, State, Vm, find_vm

# What names must survive: repetition, path separators, markup, a shell's syntax, other scripts, length.
NAMES: Final = ("same", "a/b\\c", "<&>\"'$(rm)`;", "före 检查点 🚀", "x" * 100)

# Hosts count in whole seconds, and their clock is not ours.
CLOCK_TOLERANCE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Rig:
    """A driver with two machines that have no checkpoints.

    `mutate` changes what is inside the first machine, `observe` tells it as text that differs after every `mutate`.
    """

    driver: Driver
    vm: UUID
    other: UUID
    mutate: Callable[[str], None]
    observe: Callable[[], str]
    state: State = "Running"

    @property
    def power(self) -> Power:
        """The driver, where it can switch machines."""
        return cast(Power, self.driver)

    def find(self, vm_id: UUID | None = None) -> Vm:
        """The first machine, or another, as the driver lists it."""
        return next(vm for vm in self.driver.vms() if vm.id == (vm_id or self.vm))

    def tree(self) -> list[tuple[str, str | None]]:
        """The first machine's checkpoints as names, each with its parent's name."""
        checkpoints = self.driver.checkpoints(self.vm)
        names = {checkpoint.id: checkpoint.name for checkpoint in checkpoints}
        return [(item.name, names[item.parent_id] if item.parent_id else None) for item in checkpoints]


class DriverSuite:
    """The contract of `Driver`."""

    @pytest.fixture
    def rig(self) -> Any:
        """A `Rig`, made anew for each test."""
        raise NotImplementedError("A suite for a driver overrides the fixture 'rig'.")

    def test_machines_are_listed(self, rig: Rig) -> None:
        assert {rig.vm, rig.other} <= {vm.id for vm in rig.driver.vms()}
        assert (rig.find().state, rig.find().current) == (rig.state, None)
        assert rig.driver.checkpoints(rig.vm) == []

    def test_one_machine_is_found(self, rig: Rig) -> None:
        assert find_vm(rig.driver, rig.vm) == rig.find()
        with pytest.raises(NotFound):
            find_vm(rig.driver, uuid4())

    def test_a_checkpoint_hangs_below_the_current_one(self, rig: Rig) -> None:
        before = datetime.now(UTC)
        first = rig.driver.create(rig.vm, "first", "why")
        second = rig.driver.create(rig.vm, "second")
        assert rig.driver.checkpoints(rig.vm) == [first, second]
        assert (first.vm_id, first.name, first.parent_id) == (rig.vm, "first", None)
        assert (second.vm_id, second.name, second.parent_id) == (rig.vm, "second", first.id)
        assert first.description in ("why", None)
        assert before - CLOCK_TOLERANCE <= first.created <= datetime.now(UTC) + CLOCK_TOLERANCE
        assert first.created.utcoffset() == timedelta(0)
        assert rig.find().current == second.id

    def test_machines_have_checkpoints_of_their_own(self, rig: Rig) -> None:
        rig.driver.create(rig.vm, "first")
        assert rig.driver.checkpoints(rig.other) == []
        assert rig.find(rig.other).current is None

    def test_restoring_brings_contents_and_state_back(self, rig: Rig) -> None:
        rig.mutate("x")
        early = rig.observe()
        first = rig.driver.create(rig.vm, "first")
        rig.mutate("xxx")
        late = rig.observe()
        second = rig.driver.create(rig.vm, "second")
        assert early != late

        rig.driver.restore(rig.vm, first.id)
        assert (rig.observe(), rig.find().current, rig.find().state) == (early, first.id, rig.state)
        rig.driver.restore(rig.vm, second.id)
        assert (rig.observe(), rig.find().current, rig.find().state) == (late, second.id, rig.state)

    def test_the_tree_branches_where_the_machine_was_restored(self, rig: Rig) -> None:
        first = rig.driver.create(rig.vm, "first")
        rig.driver.create(rig.vm, "second")
        rig.driver.restore(rig.vm, first.id)
        rig.driver.create(rig.vm, "third")
        assert rig.tree()[0] == ("first", None)
        assert sorted(rig.tree()[1:]) == [("second", "first"), ("third", "first")]

    def test_renaming_keeps_identity_and_tree(self, rig: Rig) -> None:
        first, second = rig.driver.create(rig.vm, "a", "why"), rig.driver.create(rig.vm, "b")
        renamed = [rig.driver.rename(rig.vm, first.id, "A"), rig.driver.rename(rig.vm, second.id, "B", "because")]
        assert [(item.id, item.name, item.parent_id) for item in renamed] == [
            (first.id, "A", None),
            (second.id, "B", first.id),
        ]
        assert renamed[0].description == first.description
        assert renamed[1].description in ("because", None)
        assert rig.driver.checkpoints(rig.vm) == renamed
        assert rig.find().current == second.id

    @pytest.mark.parametrize("name", NAMES)
    def test_any_name_may_be_given_twice(self, rig: Rig, name: str) -> None:
        first, second = rig.driver.create(rig.vm, name), rig.driver.create(rig.vm, name)
        assert first.id != second.id
        assert rig.tree() == [(name, None), (name, name)]

    def test_children_of_a_removed_checkpoint_move_up(self, rig: Rig) -> None:
        first, middle, last = (rig.driver.create(rig.vm, name) for name in "abc")
        rig.driver.remove(rig.vm, middle.id)
        assert rig.tree() == [("a", None), ("c", "a")]
        rig.driver.remove(rig.vm, first.id)
        assert rig.tree() == [("c", None)]
        assert rig.find().current == last.id

    def test_removing_the_current_checkpoint_keeps_the_contents(self, rig: Rig) -> None:
        rig.mutate("x")
        first, second = rig.driver.create(rig.vm, "a"), rig.driver.create(rig.vm, "b")
        rig.mutate("xxx")
        inside = rig.observe()
        rig.driver.remove(rig.vm, second.id)
        assert (rig.observe(), rig.find().current) == (inside, first.id)

    def test_a_subtree_is_removed_with_all_its_branches(self, rig: Rig) -> None:
        root, branch, _twig, _leaf = (rig.driver.create(rig.vm, name) for name in "abcd")
        rig.driver.restore(rig.vm, branch.id)
        rig.driver.create(rig.vm, "e")
        rig.driver.restore(rig.vm, root.id)
        rig.driver.create(rig.vm, "f")
        rig.driver.remove(rig.vm, branch.id, subtree=True)
        assert rig.tree() == [("a", None), ("f", "a")]
        rig.driver.remove(rig.vm, root.id, subtree=True)
        assert (rig.tree(), rig.find().current) == ([], None)

    def test_what_is_missing_is_not_found(self, rig: Rig) -> None:
        nobody, kept = uuid4(), rig.driver.create(rig.vm, "a")
        calls: dict[str, Callable[[], object]] = {
            "checkpoints of no machine": lambda: rig.driver.checkpoints(nobody),
            "create on no machine": lambda: rig.driver.create(nobody, "x"),
            "restore on no machine": lambda: rig.driver.restore(nobody, kept.id),
            "restore no checkpoint": lambda: rig.driver.restore(rig.vm, nobody),
            "rename no checkpoint": lambda: rig.driver.rename(rig.vm, nobody, "x"),
            "remove no checkpoint": lambda: rig.driver.remove(rig.vm, nobody),
            "remove no subtree": lambda: rig.driver.remove(rig.vm, nobody, subtree=True),
            "restore another machine's": lambda: rig.driver.restore(rig.other, kept.id),
            "rename another machine's": lambda: rig.driver.rename(rig.other, kept.id, "x"),
            "remove another machine's": lambda: rig.driver.remove(rig.other, kept.id),
        }
        assert [name for name, call in calls.items() if not _raises_not_found(call)] == []
        assert rig.driver.checkpoints(rig.vm) == [kept]

    def test_threads_make_one_chain(self, rig: Rig) -> None:
        failures: list[BaseException] = []
        start = threading.Barrier(8)

        def create(name: str) -> None:
            start.wait()
            try:
                rig.driver.create(rig.vm, name)
            except BaseException as error:  # noqa: BLE001 - a thread's error would be lost otherwise
                failures.append(error)

        threads = [threading.Thread(target=create, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        names = [name for name, _parent in rig.tree()]
        assert sorted(names) == sorted("01234567")
        assert rig.tree() == list(zip(names, [None, *names[:-1]], strict=True))

    def test_closing_twice_does_no_harm(self, rig: Rig) -> None:
        rig.driver.close()
        rig.driver.close()


class PowerSuite:
    """The contract of `Power`; the rig's first machine is off."""

    @pytest.fixture
    def rig(self) -> Any:
        """A `Rig`, made anew for each test."""
        raise NotImplementedError("A suite for a driver overrides the fixture 'rig'.")

    def test_a_machine_goes_through_its_states(self, rig: Rig) -> None:
        actions = ("start", "suspend", "resume", "reset", "stop")
        told = [rig.power.power(rig.vm, action) for action in actions]
        assert [vm.state for vm in told] == ["Running", "Paused", "Running", "Running", "Off"]
        assert rig.find() == told[-1]

    @pytest.mark.parametrize("action", ["stop", "shutdown", "reset", "suspend", "resume", "dance"])
    def test_what_a_stopped_machine_cannot_do_is_rejected(self, rig: Rig, action: str) -> None:
        before = rig.find()
        with pytest.raises(Rejected):
            rig.power.power(rig.vm, action)
        assert rig.find() == before

    def test_a_running_machine_cannot_start(self, rig: Rig) -> None:
        rig.power.power(rig.vm, "start")
        with pytest.raises(Rejected):
            rig.power.power(rig.vm, "start")

    def test_a_missing_machine_is_not_found(self, rig: Rig) -> None:
        with pytest.raises(NotFound):
            rig.power.power(uuid4(), "start")


def _raises_not_found(call: Callable[[], object]) -> bool:
    try:
        call()
    except NotFound:
        return True
    return False
