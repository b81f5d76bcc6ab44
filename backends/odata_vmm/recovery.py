# Jobs that an earlier process left open, because it stopped between a host and the store: what became of them is seen
# on the host, and the store is told. Nothing is done a second time.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID

from odata_core.backend import Row
from odata_core.errors import ODataError

from .checkpoints import CREATE_JOB, KIND, REMOVE_JOB, RESTORE_JOB, CheckpointSet
from .drivers.contract import DriverError, NotFound, Unavailable, find_vm
from .jobs import Job, open_jobs
from .machines import Machines
from .unit import Unit, told_as

_STOPPED: Final = "The service was stopped while this job ran."


def recover(unit: Unit, left: Collection[UUID]) -> list[UUID]:
    """End the jobs that an earlier process left open; the ids of those whose hosts, or the store, do not answer."""
    waiting = []
    for row in [row for row in open_jobs(unit) if row["ID"] in left]:
        try:
            Job(unit, dict(row)).end(_outcome(unit, row))
        except (Unavailable, ODataError):
            waiting.append(row["ID"])
    return waiting


def _outcome(unit: Unit, job: Row) -> str | None:
    """Why a job has failed; None where it is seen to have done what it was to do."""
    if job["ResultObjectType"] != KIND or job["StampId"] not in unit.site.stamps:
        return f"{_STOPPED} Its outcome is unknown."
    try:
        return _OUTCOMES.get(job["CmdletName"], _changed)(unit, job)
    except Unavailable:
        raise
    except DriverError as error:
        return f"{_STOPPED} Its outcome is unknown: {told_as(error).message}"


def _taken(unit: Unit, job: Row) -> str | None:
    """A checkpoint that was to be taken: listing the host's joins it with its row."""
    checkpoints = CheckpointSet(unit, "VMCheckPoints")
    key = (job["ResultObjectID"], job["StampId"])
    machine = {"ID": job["TargetObjectID"], "StampId": job["StampId"], "Name": job["Target"]}
    try:
        listed = unit.driver(job["StampId"]).checkpoints(job["TargetObjectID"])
    except NotFound:
        listed = []
    checkpoints.joined(machine, listed)
    stored = unit.stored("VMCheckPoints", key)
    if stored is not None and stored["CheckpointID"] is not None:
        Machines(unit).touch(_known(unit, job), MostRecentTaskId=job["ID"])
        return None
    if stored is not None:
        # The host may be at it still: what turns up later is this one.
        unit.change("VMCheckPoints", stored, Enabled=False)
    return f"{_STOPPED} The host has not taken the checkpoint."


def _removed(unit: Unit, job: Row) -> str | None:
    checkpoint = _host_id(unit, job)
    if checkpoint is None:
        return f"{_STOPPED} Its outcome is unknown."
    try:
        listed = {one.id for one in unit.driver(job["StampId"]).checkpoints(job["TargetObjectID"])}
    except NotFound:
        listed = set()
    if checkpoint in listed:
        return f"{_STOPPED} The checkpoint is still there."
    unit.forget("VMCheckPoints", (job["ResultObjectID"], job["StampId"]))
    return None


def _restored(unit: Unit, job: Row) -> str | None:
    checkpoint = _host_id(unit, job)
    stands_at = find_vm(unit.driver(job["StampId"]), job["TargetObjectID"]).current
    if checkpoint is None or stands_at != checkpoint:
        return f"{_STOPPED} The machine was not restored, or has gone on since."
    return f"{_STOPPED} The machine stands at the checkpoint; whether this job has restored it is unknown."


def _changed(unit: Unit, job: Row) -> str | None:
    return f"{_STOPPED} Whether the change was made is seen in the checkpoint."


_OUTCOMES: Final[Mapping[str, Callable[[Unit, Row], str | None]]] = {
    CREATE_JOB[1]: _taken,
    REMOVE_JOB[1]: _removed,
    RESTORE_JOB[1]: _restored,
}


def _host_id(unit: Unit, job: Row) -> UUID | None:
    """The hypervisor's id of the checkpoint of a job, where the store knows it."""
    stored = unit.stored("VMCheckPoints", (job["ResultObjectID"], job["StampId"]))
    found: UUID | None = None if stored is None else stored["CheckpointID"]
    return found


def _known(unit: Unit, job: Row) -> Row:
    """The machine of a job, as the store has it or will have it."""
    stored = unit.stored("VirtualMachines", (job["TargetObjectID"], job["StampId"]))
    fresh: dict[str, Any] = {"ID": job["TargetObjectID"], "StampId": job["StampId"], "Name": job["Target"]}
    return stored if stored is not None else fresh
