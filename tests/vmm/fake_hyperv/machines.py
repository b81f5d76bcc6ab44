# A pretended Hyper-V host: machines with contents, their checkpoints, and what becomes of a machine's state.
# This module knows neither cmdlets nor the wire. What it believes of Hyper-V comes from the public documentation of the
# module Hyper-V; nothing of it has been compared with a Windows host.

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

MEGABYTE = 1 << 20

# A host tells local time with its offset.
ZONE = timezone(timedelta(hours=1))


class Refusal(Exception):
    """An error record in the making: what a Hyper-V cmdlet finds wrong."""

    def __init__(self, error_id: str, category: str, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.category = category
        self.message = message


@dataclass(slots=True)
class Snapshot:
    machine: Machine
    name: str
    parent: UUID | None
    state: str
    contents: str
    memory: int
    id: UUID = field(default_factory=uuid4)
    created: datetime = field(default_factory=lambda: datetime.now(ZONE))


@dataclass(slots=True, eq=False)
class Machine:
    """`contents` stands for disk and memory, so that a test sees whether a restore rolled them back."""

    name: str
    state: str = "Off"
    contents: str = ""
    checkpoint_type: str = "Standard"
    memory: int = 512 * MEGABYTE
    id: UUID = field(default_factory=uuid4)
    current: UUID | None = None
    snapshots: dict[UUID, Snapshot] = field(default_factory=dict)

    def checkpoint(self, name: str) -> Snapshot:
        if self.checkpoint_type == "Disabled":
            message = "Checkpoint operation failed. Checkpoints have been disabled for this virtual machine."
            raise Refusal("OperationFailed", "NotSpecified", message)
        # A production checkpoint holds the disks only.
        state = "Off" if self.checkpoint_type.startswith("Production") else self.state
        snapshot = Snapshot(self, name, self.current, state, self.contents, self.memory)
        self.snapshots[snapshot.id] = snapshot
        self.current = snapshot.id
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        self.contents, self.state, self.memory = snapshot.contents, snapshot.state, snapshot.memory
        self.current = snapshot.id

    def remove(self, snapshot: Snapshot, *, subtree: bool) -> None:
        doomed = {snapshot.id}
        while subtree:
            below = {item.id for item in self.snapshots.values() if item.parent in doomed} - doomed
            if not below:
                break
            doomed |= below
        for snapshot_id in doomed:
            del self.snapshots[snapshot_id]
        for item in self.snapshots.values():
            if item.parent in doomed:
                item.parent = snapshot.parent
        if self.current in doomed:
            self.current = snapshot.parent

    def switch(self, to: str, *, starting_from: set[str]) -> bool:
        """Change the state; false, and only a warning on a real host, where the machine is there already."""
        if self.state == to:
            return False
        if self.state not in starting_from:
            message = "The operation cannot be performed while the object is in its current state."
            raise Refusal("InvalidState", "InvalidOperation", message)
        self.state = to
        return True


@dataclass(slots=True)
class Site:
    """The host. A `denied` account may sign in and do nothing; `service_runs` tells of virtual machine management.

    What is in `hooks` under a cmdlet's name happens before that cmdlet does anything: a pause, an accident. A `lenient`
    host ends no pipeline because of an error, whatever -ErrorAction says, and a `wordless` one does not tell the error.
    `commands` are all that it was given.
    """

    machines: list[Machine]
    name: str = "HV01"
    denied: bool = False
    service_runs: bool = True
    lenient: bool = False
    wordless: bool = False
    commands: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    hooks: dict[str, Callable[[], None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def before(self, cmdlet: str) -> None:
        self.hooks.get(cmdlet, lambda: None)()

    def check_access(self) -> None:
        if self.denied:
            message = (
                "You do not have the required permission to complete this task. Contact the administrator of the "
                f"authorization policy for the computer '{self.name}'."
            )
            raise Refusal("AccessDenied", "PermissionDenied", message)
        if not self.service_runs:
            message = (
                f"Hyper-V encountered an error trying to access an object on computer '{self.name}' because the object "
                "was not found. The object might have been deleted, or you might not have permission to perform the "
                "task. Verify that the Virtual Machine Management service on the computer is running."
            )
            raise Refusal("ObjectNotFound", "ObjectNotFound", message)

    def machine(self, machine_id: UUID) -> Machine:
        for machine in self.machines:
            if machine.id == machine_id:
                return machine
        message = f'Hyper-V was unable to find a virtual machine with id "{machine_id}".'
        raise Refusal("InvalidParameter", "InvalidArgument", message)
