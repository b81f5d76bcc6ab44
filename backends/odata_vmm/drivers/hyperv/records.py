# What PowerShell answers, as values: error records become the contract's errors, rows become machines and checkpoints.
# Strategy: a record is judged by its FullyQualifiedErrorId, such as
#     InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM
# and its category, never by its message, which is in the host's language and only shown to people.
# This module knows no transport: whatever reads an answer hands over plain texts and numbers.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from ..contract import Checkpoint, Denied, DriverError, NotFound, Rejected, State, Unavailable, Vm

Row = Mapping[str, object]
Read = TypeVar("Read")

# ErrorCategory.PermissionDenied (MS-PSRP 2.2.3.9).
PERMISSION_DENIED: Final = 18

# Whatever has no row here is a refusal. A command's name counts where the same id means different things: there is no
# machine of that id; the host's management service does not run, or shows this account nothing.
ERRORS: Final[Mapping[tuple[str, str], type[DriverError]]] = {
    ("InvalidParameter", "GetVM"): NotFound,
    ("ObjectNotFound", "GetVM"): Unavailable,
    ("ObjectNotFound", ""): NotFound,
    ("AccessDenied", ""): Denied,
    # A constrained session answers so for what its role does not list.
    ("CommandNotFoundException", ""): Denied,
}

# Microsoft.HyperV.PowerShell.VMState has more of them; all others pass or are critical.
STATES: Final[Mapping[str, State]] = {"Running": "Running", "Off": "Off", "Paused": "Paused", "Saved": "Saved"}

# A host's text goes into our messages, shortened and on one line.
LONGEST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """An ErrorRecord: what it is for a program, and for a person."""

    error_id: str
    category: int
    text: str

    def error(self, host: str) -> DriverError:
        """The error of the contract that this is."""
        name, _, command = self.error_id.partition(",")
        # Windows Server 2012 has "...Commands.GetVMCommand".
        command = command.rpartition(".")[2].removesuffix("Command")
        kind = ERRORS.get((name, command)) or ERRORS.get((name, ""))
        if kind is None:
            kind = Denied if self.category == PERMISSION_DENIED else Rejected
        return kind(f"The host '{host}' answers: {one_line(self.text)} ({name or 'no error id'})")


def one_line(text: str) -> str:
    """A foreign text as a part of a sentence."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return words if len(words) <= LONGEST_TEXT else words[: LONGEST_TEXT - 1] + "…"


def understand(read: Callable[[Row], Read], row: Row, error: type[DriverError]) -> Read:
    """Read a row; the given error where it does not hold what was asked for."""
    try:
        return read(row)
    except (KeyError, TypeError, ValueError) as problem:
        held = ", ".join(name for name, value in row.items() if value is not None) or "nothing"
        raise error(f"The host's answer is incomplete: it holds {one_line(held)}.") from problem


def read_vm(row: Row) -> Vm:
    """A machine from a row of `VM_PROPERTIES`."""
    state = STATES.get(str(row["State"]), "Other")
    return Vm(read_id(row["Id"]), str(row["Name"]), state, read_parent(row))


def read_checkpoint(row: Row) -> Checkpoint:
    """A checkpoint from a row of `CHECKPOINT_PROPERTIES`. The host keeps no description that a cmdlet could set."""
    created = read_moment(row["CreationTime"])
    return Checkpoint(read_id(row["Id"]), read_id(row["VMId"]), str(row["Name"]), read_parent(row), created)


def read_id(value: object) -> UUID:
    """A Guid, which comes as one or as its text."""
    return value if isinstance(value, UUID) else UUID(str(value))


def read_parent(row: Row) -> UUID | None:
    """The parent, under its newer or its older name; the empty Guid is none."""
    value = row.get("ParentCheckpointId") or row.get("ParentSnapshotId")
    parent = read_id(value) if value else None
    return parent if parent and parent.int else None


def read_moment(value: object) -> datetime:
    """A DateTime in UTC: hosts tell local time with its offset, to 100 ns, of which we keep microseconds.

    One without an offset says not where it was read; it counts as UTC. So does the beginning or the end of time, by
    which Windows means none.
    """
    moment = datetime.fromisoformat(str(value))
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)
