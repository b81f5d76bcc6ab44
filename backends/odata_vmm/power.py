# What `VirtualMachine.Operation` may say, as a table: the permission it needs, the states it starts from, the cmdlet
# whose name the job carries. Operations are compared in any case (spf 5.1; permissions are inferred from their names).

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from odata_core.errors import BadRequest, Conflict, NotImplementedHere


@dataclass(frozen=True, slots=True)
class PowerOperation:
    """One operation. `action` is the driver's word for it, `states` those it starts from, `becomes` the one after."""

    name: str
    action: str
    permission: str
    states: frozenset[str]
    becomes: str
    cmdlet: str


def _row(name: str, permission: str, cmdlet: str, becomes: str, *states: str) -> PowerOperation:
    return PowerOperation(name, name.lower(), permission, frozenset(states), becomes, f"{cmdlet}-SCVirtualMachine")


OPERATIONS: Final[Mapping[str, PowerOperation]] = {
    row.action: row
    for row in (
        _row("Start", "Start", "Start", "Running", "Off", "Saved"),
        _row("Stop", "Stop", "Stop", "Off", "Running", "Paused", "Saved"),
        _row("Shutdown", "Shutdown", "Stop", "Off", "Running"),
        _row("Reset", "Stop", "Reset", "Running", "Running", "Paused"),
        _row("Suspend", "PauseAndResume", "Suspend", "Paused", "Running"),
        _row("Resume", "PauseAndResume", "Resume", "Running", "Paused"),
    )
}
NOT_BUILT: Final = frozenset({"repair"})


@dataclass(frozen=True, slots=True)
class StateNames:
    """How a driver's state reads in the three properties of a virtual machine that tell it."""

    status: str
    status_string: str
    machine_state: str


# Running, Stopped and PowerOff are seen on the wire (spf 3.3); the other words are inferred.
STATE_NAMES: Final[Mapping[str, StateNames]] = {
    "Running": StateNames("Running", "Running", "Running"),
    "Off": StateNames("PowerOff", "Stopped", "PowerOff"),
    "Paused": StateNames("Paused", "Paused", "Paused"),
    "Saved": StateNames("Saved", "Saved", "Saved"),
    "Other": StateNames("Unknown", "Unknown", "Unknown"),
}


def find_operation(text: str) -> PowerOperation:
    """The operation of that name; 400 for an unknown one, 501 for one that is known and not supported."""
    name = text.strip().lower()
    if name in NOT_BUILT:
        raise NotImplementedHere(f"The operation '{text}' is not supported.", target="$.Operation")
    if name not in OPERATIONS:
        names = ", ".join(row.name for row in OPERATIONS.values())
        raise BadRequest(f"'{text[:100]}' is no operation of a virtual machine: use {names}.", target="$.Operation")
    return OPERATIONS[name]


def check_state(operation: PowerOperation, machine: str, state: str) -> None:
    """Conflict where the machine's state does not allow the operation."""
    if state not in operation.states:
        allowed = " or ".join(sorted(operation.states))
        raise Conflict(
            f"The virtual machine '{machine}' is {state}; {operation.name} needs a machine that is {allowed}."
        )
