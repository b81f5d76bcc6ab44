# What the driver says to PowerShell: cmdlets and their parameters as values, never script text, so that no name can be
# code and a session without a language (JEA) is enough.
# Names carry their module: other products have a Get-VM, too, and a constrained session replaces Select-Object by one
# that selects nothing of interest unless it is asked for by its full name (about_Session_Configuration_Files; JEA role
# capabilities). Every cmdlet gets -ErrorAction Stop, as errors that do not end a pipeline are easily overlooked.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

# A switch is a parameter without a value.
SWITCH: Final = None

Argument = str | bool | int | list[str] | None

# The properties that are read. ParentCheckpointId is called ParentSnapshotId before Windows Server 2016.
VM_PROPERTIES: Final = ("Id", "Name", "State", "ParentCheckpointId", "ParentSnapshotId")
CHECKPOINT_PROPERTIES: Final = ("Id", "Name", "VMId", "ParentCheckpointId", "ParentSnapshotId", "CreationTime")

# Every cmdlet that changes something asks, where the host is set up so, and nobody is there to answer.
QUIET: Final[Mapping[str, Argument]] = MappingProxyType({"Confirm": False})


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """One command of a pipeline."""

    name: str
    parameters: Mapping[str, Argument] = field(default_factory=dict)


Pipeline = tuple[Cmdlet, ...]


def hyper_v(name: str, parameters: Mapping[str, Argument] = MappingProxyType({})) -> Cmdlet:
    """A cmdlet of the module Hyper-V."""
    return Cmdlet(f"Hyper-V\\{name}", parameters)


def select(*properties: str) -> Cmdlet:
    """Ends a pipeline that is read: whole objects have tens of properties, some slow to compute."""
    return Cmdlet("Microsoft.PowerShell.Utility\\Select-Object", {"Property": list(properties)})


def machine(vm_id: UUID) -> Cmdlet:
    """One machine; an error where there is none."""
    return hyper_v("Get-VM", {"Id": str(vm_id)})


def checkpoint(vm_id: UUID, checkpoint_id: UUID) -> Pipeline:
    """One checkpoint by its id, through its machine; nothing where there is none.

    Cmdlets take a checkpoint's name, which may repeat, or the object. Get-VMSnapshot -Id is no way: its documentation
    says that it is the id of a machine.
    """
    chosen = {"Property": "Id", "EQ": SWITCH, "Value": str(checkpoint_id)}
    return machine(vm_id), hyper_v("Get-VMSnapshot"), Cmdlet("Microsoft.PowerShell.Core\\Where-Object", chosen)


# What an account must be allowed to run; `check` looks for them, and the README's role capability lists them.
NEEDED: Final = (
    "Microsoft.PowerShell.Utility\\Select-Object",
    "Microsoft.PowerShell.Core\\Where-Object",
    "Hyper-V\\Get-VM",
    "Hyper-V\\Get-VMSnapshot",
    "Hyper-V\\Checkpoint-VM",
    "Hyper-V\\Restore-VMSnapshot",
    "Hyper-V\\Rename-VMSnapshot",
    "Hyper-V\\Remove-VMSnapshot",
)
NEEDED_FOR_POWER: Final = (
    "Hyper-V\\Start-VM",
    "Hyper-V\\Stop-VM",
    "Hyper-V\\Restart-VM",
    "Hyper-V\\Suspend-VM",
    "Hyper-V\\Resume-VM",
    "Hyper-V\\Remove-VMSavedState",
)
