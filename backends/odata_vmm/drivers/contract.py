# The seam between the service and a hypervisor. A driver knows neither OData nor HTTP; it is synchronous and
# thread-safe, and decides nothing about permissions, jobs or descriptions that a host cannot hold.
# Every call names VM and checkpoint, so a checkpoint of another VM is NotFound.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID


class State(StrEnum):
    """How a virtual machine runs."""

    RUNNING = "Running"
    OFF = "Off"
    PAUSED = "Paused"
    SAVED = "Saved"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine; `current` is the checkpoint that its state now branches from."""

    id: UUID
    name: str
    state: State
    current: UUID | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint; `created` is aware, in UTC. `description` None: this hypervisor cannot hold one."""

    id: UUID
    vm_id: UUID
    name: str
    parent_id: UUID | None
    created: datetime
    description: str | None = None


class DriverError(Exception):
    """A failure of a driver; the message is a full sentence."""


class NotFound(DriverError):
    """The VM or the checkpoint is not there (any more)."""


class Denied(DriverError):
    """The host refused the account that the driver uses."""


class Rejected(DriverError):
    """The host refused: not in this state, not with this disk, checkpoints disabled."""


class Unavailable(DriverError):
    """The host cannot be reached or signed in to; nothing was sent."""


class OutcomeUnknown(DriverError):
    """The connection was lost after the command was sent: list again before trying again."""


class Driver(Protocol):
    """The seven calls that every hypervisor offers. Any of them may raise a DriverError."""

    def vms(self) -> list[Vm]:
        """All machines."""

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        """The checkpoints of a machine, parents before children."""

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        """Take a checkpoint of the machine as it is now; its parent is the current one. Names may repeat."""

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        """Roll the machine's contents and state back; all checkpoints stay, this one becomes current."""

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        """Give a checkpoint another name, and another description unless None."""

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        """Remove a checkpoint; its children move to its parent, or go with it where `subtree`."""

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Power(Protocol):
    """What a driver may offer besides: switching machines."""

    def power(self, vm_id: UUID, action: str) -> Vm:
        """Do start, stop, shutdown, reset, suspend or resume; Rejected where the state does not allow it."""


def parents_first(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Parents before children, older before younger; a checkpoint whose parent is unknown counts as a root."""
    left = sorted(checkpoints, key=lambda checkpoint: (checkpoint.created, checkpoint.id))
    known = {checkpoint.id for checkpoint in left}
    placed: dict[UUID, Checkpoint] = {}
    while left:
        ready = [item for item in left if item.parent_id not in known or item.parent_id in placed]
        placed.update({item.id: item for item in ready or left})
        left = [item for item in left if item.id not in placed]
    return list(placed.values())
