# One request's work on a site: who asks, what the store says, what time it is, and the job that records a write.
# The store is any backend of the core over the VMM model. It keeps what a hypervisor cannot: owners, descriptions,
# roles, jobs. Its sessions are short: no driver call is ever made inside one.

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final
from uuid import UUID, uuid4

from odata_core.backend import Backend, Context, Query, Row, Writes
from odata_core.edm import EntitySet, Model, Timestamp
from odata_core.errors import BadGateway, Conflict, Forbidden, InternalError, NotFound, ODataError, Unavailable

from .caller import Caller
from .drivers.contract import Denied, Driver, DriverError, OutcomeUnknown, Rejected
from .drivers.contract import NotFound as MissingOnHost
from .drivers.contract import Unavailable as HostUnavailable

JOB_HEADER: Final = "x-ms-request-id"
MAX_JOBS: Final = 10_000

# What a driver's failure means to a client.
DRIVER_ERRORS: Final[tuple[tuple[type[DriverError], type[ODataError]], ...]] = (
    (MissingOnHost, NotFound),
    (Denied, Forbidden),
    (Rejected, Conflict),
    (HostUnavailable, Unavailable),
    (OutcomeUnknown, BadGateway),
)


@dataclass(slots=True)
class Site:
    """What the service stands on: one stamp of hosts behind a driver, and a store. `zone` is that of printed times."""

    model: Model
    driver: Driver
    store: Backend
    stamp: UUID
    zone: tzinfo
    job_keys: deque[tuple[UUID, UUID]] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Target:
    """What a job works on."""

    kind: str
    id: UUID
    name: str


@dataclass(slots=True)
class Job:
    """A job under way; `result` may be set to what it made."""

    row: dict[str, Any]

    @property
    def id(self) -> UUID:
        job_id: UUID = self.row["ID"]
        return job_id

    def made(self, target: Target) -> None:
        """Note the object that the job made or changed."""
        self.row |= {"ResultObjectID": target.id, "ResultName": target.name, "ResultObjectType": target.kind}


@dataclass(frozen=True, slots=True)
class Unit:
    """A request's view of the site."""

    site: Site
    caller: Caller
    context: Context

    def entity_set(self, name: str) -> EntitySet:
        """An entity set of the model."""
        return self.site.model.entity_sets[name]

    def now(self) -> Timestamp:
        """This moment on the site's clock."""
        return Timestamp.now(self.site.zone)

    def stored(self, set_name: str, key: tuple[Any, ...]) -> Row | None:
        """A row of the store, or None."""
        with self.site.store.session(self.context) as session:
            return session.get(self.entity_set(set_name), key)

    def stored_rows(self, set_name: str) -> list[Row]:
        """All rows that the store has of a set."""
        with self.site.store.session(self.context) as session:
            return list(session.select(Query(self.entity_set(set_name))).rows)

    def save(self, set_name: str, row: Row) -> Row:
        """Insert a row or replace the one with its key."""
        entity_set = self.entity_set(set_name)
        key = entity_set.type.key_of(row)
        with self.site.store.session(self.context) as session:
            assert isinstance(session, Writes)
            if session.get(entity_set, key) is None:
                return session.insert(entity_set, row)
            return session.update(entity_set, key, row, replace=True)

    def forget(self, set_name: str, key: tuple[Any, ...]) -> None:
        """Remove a row where there is one."""
        entity_set = self.entity_set(set_name)
        with self.site.store.session(self.context) as session:
            assert isinstance(session, Writes)
            if session.get(entity_set, key) is not None:
                session.delete(entity_set, key)

    @contextmanager
    def job(self, name: str, cmdlet: str, target: Target) -> Iterator[Job]:
        """Record a write as a job: running, then completed or failed. Its id goes into the answer's x-ms-request-id.

        A driver's error becomes the error that a client is told.
        """
        job = Job(self._new_job(name, cmdlet, target))
        self.context.response_headers[JOB_HEADER] = str(job.id)
        try:
            yield job
        except DriverError as error:
            told = told_as(error)
            self._end_job(job, "Failed", told.message)
            raise told from error
        except ODataError as error:
            self._end_job(job, "Failed", error.message)
            raise
        except Exception:
            self._end_job(job, "Failed", "The service failed.")
            raise
        self._end_job(job, "Completed", None)

    def _new_job(self, name: str, cmdlet: str, target: Target) -> dict[str, Any]:
        row = {
            "ID": uuid4(),
            "StampId": self.site.stamp,
            "Name": name,
            "CmdletName": cmdlet,
            "Description": {"Name": name},
            "Owner": self.caller.principal,
            "StartTime": self.now(),
            "Status": "Running",
            "StatusString": "Running",
            "IsCompleted": False,
            "IsRestartable": False,
            "IsStoppable": False,
            "IsVisible": True,
            "ProgressValue": 0,
            "Progress": "0 %",
            "Target": target.name,
            "TargetObjectID": target.id,
            "TargetObjectType": target.kind,
        }
        saved = dict(self.save("Jobs", row))
        self._forget_old_jobs((saved["ID"], saved["StampId"]))
        return saved

    def _end_job(self, job: Job, status: str, failure: str | None) -> None:
        succeeded = failure is None
        job.row |= {
            "Status": status,
            "StatusString": status,
            "IsCompleted": True,
            "EndTime": self.now(),
            "ProgressValue": 100 if succeeded else job.row["ProgressValue"],
            "Progress": "100 %" if succeeded else job.row["Progress"],
            "ErrorInfo": {
                "ErrorType": "Info" if succeeded else "Error",
                "IsSuccess": succeeded,
                "IsTerminating": not succeeded,
                "Problem": failure,
                "ExceptionDetails": failure,
                "ErrorCodeString": "Success" if succeeded else "Failed",
            },
        }
        self.save("Jobs", job.row)

    def _forget_old_jobs(self, newest: tuple[UUID, UUID]) -> None:
        keys = self.site.job_keys
        keys.append(newest)
        while len(keys) > MAX_JOBS:
            self.forget("Jobs", keys.popleft())


def told_as(error: DriverError) -> ODataError:
    """The error of the service for a driver's."""
    for kind, told in DRIVER_ERRORS:
        if isinstance(error, kind):
            return told(str(error))
    return InternalError("The hypervisor driver failed.")
