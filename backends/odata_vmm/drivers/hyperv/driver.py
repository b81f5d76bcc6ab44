# The contract of drivers over cmdlets of one Hyper-V host.
# Strategy: objects are found by id and handed on within the pipeline, since names repeat; what a pipeline that finds
# nothing would pass over in silence is looked for first. What becomes of a machine depends on the kind of its
# checkpoints and on what it was doing, so its state is read back and never assumed.

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ..contract import Checkpoint, NotFound, OutcomeUnknown, Rejected, State, Unavailable, Vm, parents_first
from .cmdlets import (
    CHECKPOINT_PROPERTIES,
    QUIET,
    SWITCH,
    VM_PROPERTIES,
    Cmdlet,
    checkpoint,
    hyper_v,
    machine,
    select,
)
from .host import HyperVHost
from .records import read_checkpoint, read_vm, understand

if TYPE_CHECKING:
    from .session import Session

_START: Final = hyper_v("Start-VM", QUIET)
_TURN_OFF: Final = hyper_v("Stop-VM", {"TurnOff": SWITCH, **QUIET})
# With -Force nothing is asked: programs with unsaved data have five minutes, a locked machine none.
_SHUT_DOWN: Final = hyper_v("Stop-VM", {"Force": SWITCH, **QUIET})
_RESET: Final = hyper_v("Restart-VM", {"Force": SWITCH, **QUIET})
_SUSPEND: Final = hyper_v("Suspend-VM", QUIET)
_RESUME: Final = hyper_v("Resume-VM", QUIET)
_FORGET_STATE: Final = hyper_v("Remove-VMSavedState", QUIET)

# What carries out an action in a state; a state that is not listed forbids it. The table is ours because Hyper-V only
# warns when it has nothing to do, and Start-VM would wake a paused machine.
POWER: Final[Mapping[str, Mapping[State, Cmdlet]]] = MappingProxyType(
    {
        "start": {"Off": _START, "Saved": _START},
        "stop": {"Running": _TURN_OFF, "Paused": _TURN_OFF, "Saved": _FORGET_STATE},
        "shutdown": {"Running": _SHUT_DOWN},
        "reset": {"Running": _RESET, "Paused": _RESET},
        "suspend": {"Running": _SUSPEND},
        "resume": {"Paused": _RESUME},
    }
)

# Who lists all machines waits no longer for a host that is busy with one of them: others are on other hosts.
PATIENCE: Final = 30

_SELECT_VM: Final = select(*VM_PROPERTIES)
_SELECT_CHECKPOINT: Final = select(*CHECKPOINT_PROPERTIES)


class HyperVDriver:
    """The virtual machines of one host; offers `Driver` and `Power`."""

    def __init__(self, host: HyperVHost, session: Session | None = None) -> None:
        self.host = host
        self._session = session or open_session(host)

    def vms(self) -> list[Vm]:
        with self._session.turn(PATIENCE):
            rows = self._session.read((hyper_v("Get-VM"), _SELECT_VM))
        return [understand(read_vm, row, Unavailable) for row in rows]

    def vm(self, vm_id: UUID) -> Vm:
        return self._vm(vm_id)

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        rows = self._session.read((machine(vm_id), hyper_v("Get-VMSnapshot"), _SELECT_CHECKPOINT))
        return parents_first(understand(read_checkpoint, row, Unavailable) for row in rows)

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        """The description is for the caller to keep: no cmdlet gives a checkpoint one."""
        take = hyper_v("Checkpoint-VM", {"SnapshotName": _writable(name), "Passthru": SWITCH, **QUIET})
        rows = self._session.change((machine(vm_id), take, _SELECT_CHECKPOINT))
        if not rows:
            raise OutcomeUnknown(f"The host '{self.host.host}' does not tell which checkpoint it has taken.")
        return understand(read_checkpoint, rows[-1], OutcomeUnknown)

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        with self._session.turn():
            self._require(vm_id, checkpoint_id)
            self._session.change((*checkpoint(vm_id, checkpoint_id), hyper_v("Restore-VMSnapshot", QUIET)))
            if self._read_back(vm_id).current != checkpoint_id:
                self._require(vm_id, checkpoint_id)
                raise OutcomeUnknown(f"The machine {vm_id} does not stand at the checkpoint {checkpoint_id}.")

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        rename = hyper_v("Rename-VMSnapshot", {"NewName": _writable(name), "Passthru": SWITCH, **QUIET})
        with self._session.turn():
            self._require(vm_id, checkpoint_id)
            rows = self._session.change((*checkpoint(vm_id, checkpoint_id), rename, _SELECT_CHECKPOINT))
            if not rows:
                # It has gone since it was looked for.
                self._require(vm_id, checkpoint_id)
                raise OutcomeUnknown(f"The host '{self.host.host}' does not tell what it has renamed.")
            return understand(read_checkpoint, rows[-1], OutcomeUnknown)

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        """The host goes on merging disks after this returns."""
        children = {"IncludeAllChildSnapshots": SWITCH} if subtree else {}
        with self._session.turn():
            self._require(vm_id, checkpoint_id)
            remove = hyper_v("Remove-VMSnapshot", {**children, **QUIET})
            self._session.change((*checkpoint(vm_id, checkpoint_id), remove))

    def power(self, vm_id: UUID, action: str) -> Vm:
        with self._session.turn():
            vm = self._vm(vm_id)
            cmdlet = POWER.get(action, {}).get(vm.state)
            if cmdlet is None:
                raise Rejected(f"The virtual machine '{vm.name}' is {vm.state}: it cannot {action}.")
            self._session.change((machine(vm_id), cmdlet))
            return self._read_back(vm_id)

    def close(self) -> None:
        self._session.close()

    def _vm(self, vm_id: UUID) -> Vm:
        rows = self._session.read((machine(vm_id), _SELECT_VM))
        if not rows:
            raise NotFound(f"The host '{self.host.host}' has no virtual machine {vm_id}.")
        return understand(read_vm, rows[0], Unavailable)

    def _read_back(self, vm_id: UUID) -> Vm:
        """The machine after a change: now that something was done, a host that is gone leaves us ignorant of it."""
        try:
            return self._vm(vm_id)
        except Unavailable as error:
            raise OutcomeUnknown(f"{error.message} What became of the machine is unknown.") from error

    def _require(self, vm_id: UUID, checkpoint_id: UUID) -> Checkpoint:
        """The checkpoint; NotFound where the machine has none of that id."""
        rows = self._session.read((*checkpoint(vm_id, checkpoint_id), _SELECT_CHECKPOINT))
        if not rows:
            raise NotFound(f"The virtual machine {vm_id} has no checkpoint {checkpoint_id}.")
        return understand(read_checkpoint, rows[0], Unavailable)


def open_session(host: HyperVHost) -> Session:
    """A session, not yet opened. What it needs is imported here, so that other drivers work without it."""
    try:
        from .session import Session
    except ImportError as error:
        raise ImportError("The Hyper-V driver needs pypsrp: pip install 'odata-core[vmm]'.") from error
    return Session(host)


def _writable(name: str) -> str:
    """A name that can be sent; Rejected for half a character, which no encoding can write."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Rejected("The name of the checkpoint holds half of a surrogate pair.") from None
    return name
