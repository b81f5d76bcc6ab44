# Changes of checkpoints on a host. Where it is lost what became of one, the host is asked what it has: that it was done
# is only said where it can be seen.

from __future__ import annotations

from uuid import UUID

from .drivers.contract import Checkpoint, Driver, OutcomeUnknown, find_vm
from .jobs import ask_again


def rename(driver: Driver, checkpoint: Checkpoint, name: str, description: str) -> None:
    """Give a checkpoint another name and description."""
    try:
        driver.rename(checkpoint.vm_id, checkpoint.id, name, description)
    except OutcomeUnknown as error:
        now = ask_again(lambda: _now(driver, checkpoint), lambda one: one is not None and one.name == name)
        if now is None or now.name != name or checkpoint.name == name:
            told = "it cannot be told" if now is None else f"its name is '{now.name}'"
            raise _unknown(error, told) from error


def restore(driver: Driver, checkpoint: Checkpoint) -> None:
    """Put the machine back to a checkpoint. Where it stood there before, nothing can be seen of it."""
    before = find_vm(driver, checkpoint.vm_id).current
    try:
        driver.restore(checkpoint.vm_id, checkpoint.id)
    except OutcomeUnknown as error:
        now = ask_again(lambda: find_vm(driver, checkpoint.vm_id), lambda vm: vm.current == checkpoint.id)
        if now is None or now.current != checkpoint.id or before == checkpoint.id:
            told = "it does not answer" if now is None else "it does not tell whether the machine was restored"
            raise _unknown(error, told) from error


def remove(driver: Driver, checkpoint: Checkpoint) -> None:
    """Remove a checkpoint, and none of those below it."""

    def ids() -> list[UUID]:
        return [one.id for one in driver.checkpoints(checkpoint.vm_id)]

    try:
        driver.remove(checkpoint.vm_id, checkpoint.id)
    except OutcomeUnknown as error:
        listed = ask_again(ids, lambda found: checkpoint.id not in found)
        if listed is None or checkpoint.id in listed:
            told = "it does not answer" if listed is None else "the checkpoint is there"
            raise _unknown(error, told) from error


def _now(driver: Driver, checkpoint: Checkpoint) -> Checkpoint | None:
    return next((one for one in driver.checkpoints(checkpoint.vm_id) if one.id == checkpoint.id), None)


def _unknown(error: OutcomeUnknown, told: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error.message} When the host was asked again, {told}.")
