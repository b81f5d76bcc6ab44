# Virtual machines that exist in this process only: for trying the service out and for testing it.
# A machine has contents (a text), so that restoring a checkpoint can be seen to restore.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Final
from uuid import UUID, uuid4

from .contract import Checkpoint, DriverError, NotFound, Rejected, State, Vm, parents_first

# Which state each power action leads to, from the states that allow it.
TRANSITIONS: Final[Mapping[str, Mapping[State, State]]] = {
    "start": {State.OFF: State.RUNNING, State.SAVED: State.RUNNING},
    "stop": {State.RUNNING: State.OFF, State.PAUSED: State.OFF, State.SAVED: State.OFF},
    "shutdown": {State.RUNNING: State.OFF},
    "reset": {State.RUNNING: State.RUNNING, State.PAUSED: State.RUNNING},
    "suspend": {State.RUNNING: State.PAUSED},
    "resume": {State.PAUSED: State.RUNNING},
}


@dataclass(slots=True)
class _Machine:
    vm: Vm
    contents: str
    checkpoints: dict[UUID, Checkpoint] = field(default_factory=dict)
    saved: dict[UUID, tuple[State, str]] = field(default_factory=dict)  # what each checkpoint goes back to


class SimulatedDriver:
    """A host of pretended machines. Fulfils `Driver` and `Power`; safe to share between threads."""

    def __init__(self) -> None:
        self._machines: dict[UUID, _Machine] = {}
        self._lock = RLock()
        self._last_time = datetime.min.replace(tzinfo=UTC)
        self._failure: DriverError | None = None

    # What only a simulation has ------------------------------------------------------------------------------

    def add_vm(self, *, name: str, id: UUID | None = None, state: str = "Off", contents: str = "") -> Vm:
        """Put a machine on the host."""
        vm = Vm(id or uuid4(), name, State(state), None)
        with self._lock:
            if vm.id in self._machines:
                raise Rejected(f"There is a virtual machine {vm.id} already.")
            self._machines[vm.id] = _Machine(vm, contents)
        return vm

    def read(self, vm_id: UUID) -> str:
        """What the machine holds now."""
        with self._lock:
            return self._machine(vm_id).contents

    def write(self, vm_id: UUID, contents: str) -> None:
        """Change what the machine holds."""
        with self._lock:
            self._machine(vm_id).contents = contents

    def fail_with(self, error: DriverError) -> None:
        """Let the next call of the contract raise this error, before it does anything."""
        with self._lock:
            self._failure = error

    # The contract --------------------------------------------------------------------------------------------

    def vms(self) -> list[Vm]:
        with self._lock:
            self._fail_if_told()
            return [machine.vm for machine in self._machines.values()]

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        with self._lock:
            self._fail_if_told()
            return parents_first(self._machine(vm_id).checkpoints.values())

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        with self._lock:
            self._fail_if_told()
            machine = self._machine(vm_id)
            checkpoint = Checkpoint(uuid4(), vm_id, name, machine.vm.current, self._next_time(), description)
            machine.checkpoints[checkpoint.id] = checkpoint
            machine.saved[checkpoint.id] = (machine.vm.state, machine.contents)
            machine.vm = replace(machine.vm, current=checkpoint.id)
            return checkpoint

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        with self._lock:
            self._fail_if_told()
            machine = self._machine(vm_id)
            self._checkpoint(machine, checkpoint_id)
            state, machine.contents = machine.saved[checkpoint_id]
            machine.vm = replace(machine.vm, state=state, current=checkpoint_id)

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        with self._lock:
            self._fail_if_told()
            machine = self._machine(vm_id)
            old = self._checkpoint(machine, checkpoint_id)
            kept = old.description if description is None else description
            renamed = machine.checkpoints[checkpoint_id] = replace(old, name=name, description=kept)
            return renamed

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        with self._lock:
            self._fail_if_told()
            machine = self._machine(vm_id)
            parent = self._checkpoint(machine, checkpoint_id).parent_id
            doomed = _subtree(machine, checkpoint_id) if subtree else {checkpoint_id}
            for item in doomed:
                del machine.checkpoints[item], machine.saved[item]
            for child in list(machine.checkpoints.values()):
                if child.parent_id in doomed:
                    machine.checkpoints[child.id] = replace(child, parent_id=parent)
            if machine.vm.current in doomed:
                machine.vm = replace(machine.vm, current=parent)

    def close(self) -> None:
        """There is nothing to let go of."""

    def power(self, vm_id: UUID, action: str) -> Vm:
        with self._lock:
            self._fail_if_told()
            machine = self._machine(vm_id)
            target = TRANSITIONS.get(action, {}).get(machine.vm.state)
            if target is None:
                raise Rejected(f"The virtual machine '{machine.vm.name}' is {machine.vm.state}: it cannot {action}.")
            machine.vm = replace(machine.vm, state=target)
            return machine.vm

    def _fail_if_told(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _machine(self, vm_id: UUID) -> _Machine:
        if vm_id not in self._machines:
            raise NotFound(f"There is no virtual machine {vm_id}.")
        return self._machines[vm_id]

    def _checkpoint(self, machine: _Machine, checkpoint_id: UUID) -> Checkpoint:
        if checkpoint_id not in machine.checkpoints:
            raise NotFound(f"The virtual machine {machine.vm.id} has no checkpoint {checkpoint_id}.")
        return machine.checkpoints[checkpoint_id]

    def _next_time(self) -> datetime:
        """Now, but later than any time before, so that the order of checkpoints is the order of their creation."""
        self._last_time = max(datetime.now(UTC), self._last_time + timedelta(microseconds=1))
        return self._last_time


def _subtree(machine: _Machine, root: UUID) -> set[UUID]:
    doomed = {root}
    for item in parents_first(machine.checkpoints.values()):
        if item.parent_id in doomed:
            doomed.add(item.id)
    return doomed
