# Jobs: each write is recorded before it is done, and how it ended afterwards (spf 6). A write waits for its job, unless
# the client wants the answer at once: then the job goes on, and tells by itself how it ends.
# A job is saved before the host is asked, with what it is about to make or change. So what was interrupted between host
# and store is known afterwards (recovery).

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from odata_core.backend import Row
from odata_core.errors import BadGateway, BadRequest, ODataError

from .drivers.contract import DriverError, OutcomeUnknown
from .unit import Unit, told_as

T = TypeVar("T")
log = logging.getLogger("odata.vmm")

JOB_HEADER: Final = "x-ms-request-id"
MAX_JOBS: Final = 10_000
ASK_AGAIN: Sequence[float] = (0, 1, 3)  # seconds to wait before each question
_FLAGS: Final[Mapping[str, bool]] = {"0": False, "false": False, "1": True, "true": True}


@dataclass(frozen=True, slots=True)
class Target:
    """What a job works on."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a job does, in SCVMM's words: its name, the cmdlet, the stamp and what it works on.

    `result` is what it makes or changes, which is known beforehand.
    """

    name: str
    cmdlet: str
    stamp: UUID
    target: Target
    result: Target | None = None


class Job:
    """A job under way. `is_done` once the host has done all that it was asked to."""

    is_done = False

    def __init__(self, unit: Unit, row: dict[str, Any]) -> None:
        self.unit = unit
        self.row = row

    @property
    def id(self) -> UUID:
        job_id: UUID = self.row["ID"]
        return job_id

    def reached(self, percent: int) -> None:
        """Tell how far it is."""
        self.row |= {"ProgressValue": percent, "Progress": f"{percent} %"}
        self.unit.save("Jobs", self.row)

    def end(self, failure: str | None) -> None:
        """Record that it is over: completed, or failed for that reason."""
        self.unit.save("Jobs", {**self.row, **_ending(self.unit, failure)})


def wants_answer_now(unit: Unit, given: bool | None = None) -> bool:
    """`?RunAsynchronously=0|1`, or the property of that name (spf 6); 400 for any other value."""
    value = unit.context.options.get("RunAsynchronously")
    if value is None:
        return given is True
    if value.strip().lower() not in _FLAGS:
        raise BadRequest(f"RunAsynchronously must be 0 or 1, not '{value[:50]}'.", target="RunAsynchronously")
    return _FLAGS[value.strip().lower()]


def _nothing() -> None:
    pass


def run(
    unit: Unit,
    task: Task,
    work: Callable[[Job], T],
    *,
    later: bool,
    prepare: Callable[[], object] = _nothing,
    undo: Callable[[], None] = _nothing,
) -> T | None:
    """Do work as a job. Its id goes into the answer's x-ms-request-id; a driver's error becomes what a client is told.

    With `later` the work is done after this returns, which is None then. `prepare` is done first of all, when the job
    is saved: what it leaves behind is always some job's. `undo` takes that back, where nothing else has been done.
    """
    job = Job(unit, _started(unit, task))
    unit.context.response_headers[JOB_HEADER] = str(job.id)
    try:
        prepare()
        if later:
            unit.site.workers.start(task.target.id, lambda: _done(job, work, undo, is_told=False))
            return None
    except ODataError as error:
        _quietly(undo)
        told = error.message
        _quietly(lambda: job.end(told))
        raise
    return _done(job, work, undo)


def _done(job: Job, work: Callable[[Job], T], undo: Callable[[], None], *, is_told: bool = True) -> T | None:
    try:
        result = work(job)
        job.end(None)
    except DriverError as error:
        if not isinstance(error, OutcomeUnknown):
            _quietly(undo)
        told, cause = told_as(error), error
    except ODataError as error:
        told, cause = (_half_done(error) if job.is_done else error), None
    except Exception:
        _quietly(lambda: job.end("The service failed."))
        raise
    else:
        return result
    _quietly(lambda: job.end(told.message))
    if is_told:
        raise told from cause
    return None


def _half_done(error: ODataError) -> ODataError:
    return BadGateway(f"The host has done what it was asked to, but the service could not record that: {error.message}")


def _quietly(call: Callable[[], None]) -> None:
    """Do what is to be done after a failure; that failure is what the client is told."""
    try:
        call()
    except ODataError as error:
        log.warning("A failed job could not be recorded: %s", error.message)


def _started(unit: Unit, task: Task) -> dict[str, Any]:
    result = task.result
    row = {
        "ID": uuid4(),
        "StampId": task.stamp,
        "Name": task.name,
        "CmdletName": task.cmdlet,
        "Description": {"Name": task.name},
        "Owner": unit.caller.principal,
        "StartTime": unit.now(),
        "Status": "Running",
        "StatusString": "Running",
        "IsCompleted": False,
        "IsRestartable": False,
        "IsStoppable": False,
        "IsVisible": True,
        "ProgressValue": 0,
        "Progress": "0 %",
        "Target": task.target.name,
        "TargetObjectID": task.target.id,
        "TargetObjectType": task.target.kind,
        "ResultObjectID": None if result is None else result.id,
        "ResultName": None if result is None else result.name,
        "ResultObjectType": None if result is None else result.kind,
    }
    saved = dict(unit.save("Jobs", row))
    _count(unit, saved)
    return saved


def _count(unit: Unit, row: Row) -> None:
    """Count a job among those that are kept, and forget the oldest ones that are too many."""
    for key in unit.site.job_keys.add((row["ID"], row["StampId"]), MAX_JOBS):
        unit.forget("Jobs", key)


def _ending(unit: Unit, failure: str | None) -> dict[str, Any]:
    succeeded = failure is None
    status = "Completed" if succeeded else "Failed"
    progress = {"ProgressValue": 100, "Progress": "100 %"} if succeeded else {}
    return progress | {
        "Status": status,
        "StatusString": status,
        "IsCompleted": True,
        "EndTime": unit.now(),
        "ErrorInfo": {
            "ErrorType": "Info" if succeeded else "Error",
            "IsSuccess": succeeded,
            "IsTerminating": not succeeded,
            "Problem": failure,
            "ExceptionDetails": failure,
            "ErrorCodeString": "Success" if succeeded else "Failed",
        },
    }


def ask_again(ask: Callable[[], T], is_done: Callable[[T], bool]) -> T | None:
    """What a host says after it was lost what became of a command: a few times, until it is seen to be done.

    The last answer; None where the host does not answer.
    """
    answer: T | None = None
    for seconds in ASK_AGAIN:
        time.sleep(seconds)
        try:
            answer = ask()
        except DriverError:
            continue
        if is_done(answer):
            break
    return answer


def open_jobs(unit: Unit) -> list[Row]:
    """The jobs of the store that have not ended, the oldest first."""
    return sorted(unit.stored_rows("Jobs", IsCompleted=False), key=lambda row: row["StartTime"])


def remember_jobs(unit: Unit) -> None:
    """Count the jobs that the store has from before among those that are kept."""
    for row in sorted(unit.stored_rows("Jobs"), key=lambda row: row["StartTime"]):
        _count(unit, row)
