# A hypervisor in memory, for tests and demonstrations: machines have contents, and restoring really brings them back.
# One lock guards everything, so that callers on many threads see whole operations only.

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid4

from .contract import Checkpoint, DriverError, NotFound, Rejected, State, Vm, parents_first

# What each action makes of a state; a state that is not listed forbids the action.
POWER: Final[Mapping[str, Mapping[State, State]]] = MappingProxyType(
    {
        "start": {"Off": "Running", "Saved": "Running"},
        "stop": {"Running": "Off", "Paused": "Off", "Saved": "Off"},
        "shutdown": {"Running": "Off"},
        "reset": {"Running": "Running", "Paused": "Running"},
        "suspend": {"Running": "Paused"},
        "resume": {"Paused": "Running"},
    }
)

_TICK: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class _Snapshot:
    """A checkpoint and what it keeps."""

    checkpoint: Checkpoint
    state: State
    contents: str


@dataclass(slots=True)
class _Machine:
    vm: Vm
    contents: str
    snapshots: dict[UUID, _Snapshot] = field(default_factory=dict)


def _now() -> datetime:
    return datetime.now(UTC)


class SimulatedDriver:
    """Virtual machines that exist as long as the driver does; offers `Driver` and `Power`."""

    def __init__(self, *, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self._machines: dict[UUID, _Machine] = {}
        self._failures: list[tuple[DriverError, str | None]] = []
        self._lock = threading.RLock()

    def add_vm(self, *, name: str, id: UUID | None = None, state: State = "Off", contents: str = "") -> Vm:
        """Put a new machine on the host."""
        with self._lock:
            vm = Vm(id or uuid4(), name, state, None)
            if vm.id in self._machines:
                raise ValueError(f"There is a virtual machine {vm.id} already.")
            self._machines[vm.id] = _Machine(vm, contents)
            return vm

    def write(self, vm_id: UUID, contents: str) -> None:
        """Change what is inside a machine, as its user would."""
        with self._lock:
            self._machine(vm_id).contents = contents

    def read(self, vm_id: UUID) -> str:
        """What is inside a machine."""
        with self._lock:
            return self._machine(vm_id).contents

    def fail_with(self, error: DriverError, *, on: str | None = None) -> None:
        """Let the next call fail, or the next call of the method named `on`, before it does anything."""
        with self._lock:
            self._failures.append((error, on))

    def vms(self) -> list[Vm]:
        with self._call("vms"):
            return [machine.vm for machine in self._machines.values()]

    def vm(self, vm_id: UUID) -> Vm:
        with self._call("vm"):
            return self._machine(vm_id).vm

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        with self._call("checkpoints"):
            return parents_first(snapshot.checkpoint for snapshot in self._machine(vm_id).snapshots.values())

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        with self._call("create"):
            machine = self._machine(vm_id)
            checkpoint = Checkpoint(uuid4(), vm_id, name, machine.vm.current, self._next_moment(), description)
            machine.snapshots[checkpoint.id] = _Snapshot(checkpoint, machine.vm.state, machine.contents)
            machine.vm = replace(machine.vm, current=checkpoint.id)
            return checkpoint

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        with self._call("restore"):
            machine, snapshot = self._snapshot(vm_id, checkpoint_id)
            machine.contents = snapshot.contents
            machine.vm = replace(machine.vm, state=snapshot.state, current=checkpoint_id)

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        with self._call("rename"):
            _machine, snapshot = self._snapshot(vm_id, checkpoint_id)
            kept = snapshot.checkpoint.description if description is None else description
            snapshot.checkpoint = replace(snapshot.checkpoint, name=name, description=kept)
            return snapshot.checkpoint

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        with self._call("remove"):
            machine, snapshot = self._snapshot(vm_id, checkpoint_id)
            parent_id = snapshot.checkpoint.parent_id
            doomed = _descendants(machine, checkpoint_id) if subtree else {checkpoint_id}
            for doomed_id in doomed:
                del machine.snapshots[doomed_id]
            for other in machine.snapshots.values():
                if other.checkpoint.parent_id in doomed:
                    other.checkpoint = replace(other.checkpoint, parent_id=parent_id)
            if machine.vm.current in doomed:
                machine.vm = replace(machine.vm, current=parent_id)

    def power(self, vm_id: UUID, action: str) -> Vm:
        with self._call("power"):
            machine = self._machine(vm_id)
            state = POWER.get(action, {}).get(machine.vm.state)
            if state is None:
                raise Rejected(f"The virtual machine '{machine.vm.name}' is {machine.vm.state}: it cannot {action}.")
            machine.vm = replace(machine.vm, state=state)
            return machine.vm

    def close(self) -> None:
        """Nothing to let go of: the machines stay."""

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        """One call of the contract: alone, and failing where `fail_with` asked for it."""
        with self._lock:
            for index, (error, on) in enumerate(self._failures):
                if on in (None, name):
                    del self._failures[index]
                    raise error
            yield

    def _machine(self, vm_id: UUID) -> _Machine:
        if vm_id not in self._machines:
            raise NotFound(f"There is no virtual machine {vm_id}.")
        return self._machines[vm_id]

    def _snapshot(self, vm_id: UUID, checkpoint_id: UUID) -> tuple[_Machine, _Snapshot]:
        machine = self._machine(vm_id)
        if checkpoint_id not in machine.snapshots:
            raise NotFound(f"The virtual machine '{machine.vm.name}' has no checkpoint {checkpoint_id}.")
        return machine, machine.snapshots[checkpoint_id]

    def _next_moment(self) -> datetime:
        """Now, yet later than any moment before, so that the order of checkpoints is that of their making."""
        self._last = max(self._clock(), self._last + _TICK)
        return self._last


def _descendants(machine: _Machine, checkpoint_id: UUID) -> set[UUID]:
    """A checkpoint and all below it: parents come first, so that one pass finds them."""
    found = {checkpoint_id}
    for checkpoint in parents_first(snapshot.checkpoint for snapshot in machine.snapshots.values()):
        if checkpoint.parent_id in found:
            found.add(checkpoint.id)
    return found
