# What the service asks of a hypervisor: virtual machines, their trees of checkpoints, and five ways to fail.
# A driver knows neither OData nor HTTP: ids are UUIDs, times are aware and in UTC, everything is synchronous, and any
# thread may call at any time. What a hypervisor cannot hold (owners, permissions, jobs) is the service's business.
# Every call names the virtual machine and the checkpoint, so that the checkpoint of another machine is not found.

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID

State = Literal["Running", "Off", "Paused", "Saved", "Other"]
"""What a virtual machine is doing. Other is for all that passes, such as starting or merging a disk."""

Action = Literal["start", "stop", "shutdown", "reset", "suspend", "resume"]
"""What `Power.power` can do. `stop` pulls the plug; `shutdown` asks the guest."""


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine. `current` is the checkpoint from which its state now branches."""

    id: UUID
    name: str
    state: State
    current: UUID | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A point to which a virtual machine can go back. `description` is None where the hypervisor cannot hold one."""

    id: UUID
    vm_id: UUID
    name: str
    parent_id: UUID | None
    created: datetime
    description: str | None = None


class DriverError(Exception):
    """A hypervisor did not do what it was asked; `message` is a full sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(DriverError):
    """There is no such virtual machine or checkpoint (any more)."""


class Denied(DriverError):
    """The host does not allow this to the driver's account."""


class Rejected(DriverError):
    """The host will not do this: the state forbids it, a disk cannot, checkpoints are switched off."""


class Unavailable(DriverError):
    """The host cannot be reached or signed in to; nothing was done."""


class OutcomeUnknown(DriverError):
    """The connection was lost after the command was sent: list again before any retry."""


class Driver(Protocol):
    """One or more hosts under one account."""

    def vms(self) -> list[Vm]:
        """All virtual machines."""
        ...

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        """All checkpoints of a machine, parents before children."""
        ...

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        """Take a checkpoint below the machine's current one and make it the current one. Names may repeat."""
        ...

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        """Put the machine back to a checkpoint, which becomes the current one. All checkpoints stay."""
        ...

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        """Give a checkpoint another name, and another description unless it is None."""
        ...

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        """Remove a checkpoint: its children move to its parent, or go with it where `subtree` is true.

        The machine's own state does not change; where its current checkpoint goes, the parent becomes the current one.
        """
        ...

    def close(self) -> None:
        """Let go of all connections; closing twice does no harm."""
        ...


@runtime_checkable
class Power(Protocol):
    """What a driver offers beside `Driver` where it can switch machines on and off."""

    def power(self, vm_id: UUID, action: str) -> Vm:
        """Carry out an `Action` and return the machine as it is then; Rejected where its state forbids it."""
        ...


@runtime_checkable
class Finds(Protocol):
    """What a driver offers where it can find one machine without asking for all."""

    def vm(self, vm_id: UUID) -> Vm:
        """One virtual machine."""
        ...


@runtime_checkable
class Partial(Protocol):
    """What a driver of several hosts offers: a list of machines lacks those of hosts that do not answer."""

    def failing(self) -> Mapping[str, DriverError]:
        """The hosts that did not answer when they were last asked, and why."""
        ...


def find_vm(driver: Driver, vm_id: UUID) -> Vm:
    """One virtual machine of any driver."""
    if isinstance(driver, Finds):
        return driver.vm(vm_id)
    found = next((vm for vm in driver.vms() if vm.id == vm_id), None)
    if found is None:
        raise NotFound(f"There is no virtual machine {vm_id}.")
    return found


def parents_first(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """By time of creation, yet never before the parent: hosts that count in whole seconds confuse the two.

    A checkpoint whose parent is not among them counts as a root; what hangs on itself comes last.
    """
    waiting = {checkpoint.id: checkpoint for checkpoint in checkpoints}
    children: dict[UUID | None, list[Checkpoint]] = {}
    for checkpoint in waiting.values():
        parent = checkpoint.parent_id if checkpoint.parent_id in waiting else None
        children.setdefault(parent, []).append(checkpoint)
    ordered: list[Checkpoint] = []
    ready = [(*_age(checkpoint), checkpoint) for checkpoint in children.get(None, ())]
    heapq.heapify(ready)
    while ready:
        checkpoint = heapq.heappop(ready)[-1]
        ordered.append(waiting.pop(checkpoint.id))
        for child in children.get(checkpoint.id, ()):
            heapq.heappush(ready, (*_age(child), child))
    return ordered + sorted(waiting.values(), key=_age)


def _age(checkpoint: Checkpoint) -> tuple[datetime, UUID]:
    return checkpoint.created, checkpoint.id
