# The store in a file: it gives back what it was given, holds whole units of work, and belongs to one process. What is
# left of a process that stopped between host and store is found out afterwards: nothing is lost, nothing is twice.

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.backend import Context, Query, Row, Writes
from odata_core.errors import BadRequest, Unavailable
from odata_core.testing.model_rows import any_rows
from odata_core.testing.reference import exact
from odata_memory import MemoryBackend
from odata_vmm import VmmService, vmm_model
from odata_vmm.drivers.contract import DriverError
from odata_vmm.drivers.contract import Unavailable as HostUnavailable
from odata_vmm.drivers.simulated import SimulatedDriver
from odata_vmm.sample import MACHINE, STAMP, sample_rows
from odata_vmm.store import RowFile, SqliteStore
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint, small_site

MODEL = vmm_model()


def contents(store: MemoryBackend) -> dict[str, list[Row]]:
    with store.session(Context()) as session:
        return {name: list(session.select(Query(source)).rows) for name, source in MODEL.entity_sets.items()}


def fill(store: MemoryBackend, rows: dict[str, Any]) -> None:
    with store.session(Context()) as session:
        assert isinstance(session, Writes)
        for name, given in rows.items():
            for row in given:
                session.insert(MODEL.entity_sets[name], row)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vmm.sqlite"


# ------------------------------------------------------------ the file


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_row_comes_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = data.draw(st.sampled_from(["VMCheckPoints", "Jobs", "UserRoles", "Clouds"]))
    kind = MODEL.entity_sets[name].type
    rows = data.draw(st.lists(any_rows(kind), max_size=2, unique_by=kind.key_of))
    path = tmp_path_factory.mktemp("store") / "vmm.sqlite"
    store = SqliteStore(MODEL, path)
    fill(store, {name: rows})
    before = contents(store)
    store.close()
    again = SqliteStore(MODEL, path)
    assert exact(contents(again)) == exact(before)
    again.close()


def test_changes_and_deletions_come_back(path: Path) -> None:
    store = SqliteStore(MODEL, path)
    fill(store, sample_rows())
    roles = MODEL.entity_sets["UserRoles"]
    first, second = [row["ID"] for row in sample_rows()["UserRoles"][:2]]
    with store.session(Context()) as session:
        session.update(roles, (first,), {"Name": "new"}, replace=False)
        session.delete(roles, (second,))
    before = contents(store)
    store.close()
    store = SqliteStore(MODEL, path)
    assert contents(store) == before
    assert {row["Name"] for row in before["UserRoles"]} >= {"new"}
    store.close()


def test_a_unit_of_work_is_there_whole_or_not(path: Path) -> None:
    store = SqliteStore(MODEL, path)

    def fail_halfway() -> None:
        with store.session(Context()) as session:
            session.insert(MODEL.entity_sets["UserRoles"], sample_rows()["UserRoles"][0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert contents(store)["UserRoles"] == []
    store.close()
    store = SqliteStore(MODEL, path)
    assert contents(store)["UserRoles"] == []
    store.close()


def test_what_cannot_be_written_is_undone(path: Path) -> None:
    store = SqliteStore(MODEL, path)
    store.close()  # as good as a disk that is full
    with pytest.raises(Unavailable, match="The service's store cannot be written"):
        fill(store, sample_rows())
    assert contents(store)["UserRoles"] == []


def test_a_file_belongs_to_one_process(path: Path) -> None:
    store = SqliteStore(MODEL, path)
    with pytest.raises(BadRequest, match="cannot be opened: database is locked"):
        SqliteStore(MODEL, path)
    store.close()
    store.close()
    SqliteStore(MODEL, path).close()


def execute(path: Path, text: str, *values: Any) -> None:
    connection = sqlite3.connect(path)
    connection.execute(text, values)
    connection.commit()
    connection.close()


def other_database(path: Path) -> None:
    execute(path, "CREATE TABLE t (x)")


def later_format(path: Path) -> None:
    SqliteStore(MODEL, path).close()
    execute(path, "PRAGMA user_version = 99")


def damaged(document: bytes, name: str = "Jobs") -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        SqliteStore(MODEL, path).close()
        execute(path, "INSERT INTO entities VALUES (?, 'k', ?)", name, document)

    return damage


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "file is not a database"),
        (lambda path: path.mkdir(), "unable to open database file"),
        (other_database, "it is a database of another program"),
        (later_format, "it has the format 99, and this version knows formats up to 1"),
        (damaged(b"{}"), "is damaged: 2 properties do not fit"),
        (damaged(b"[" * 100_000), "is damaged: its row 1 cannot be read"),
        (damaged(b'{"ID":"x","StampId":1}'), "is damaged: its row 1 cannot be read"),
        (damaged(b"{}", "Nothing"), "is damaged: its row 1 cannot be read"),
    ],
)
def test_what_is_no_store(path: Path, make: Callable[[Path], None], message: str) -> None:
    make(path)
    with pytest.raises(BadRequest, match=message):
        SqliteStore(MODEL, path)


# ------------------------------------------------------------ power loss


class Stopped(BaseException):
    """The process ends here."""


class StoppingDriver(SimulatedDriver):
    """Lets the process end before or after it has done what it was asked to."""

    ends = ""
    when = "after"

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name != object.__getattribute__(self, "ends"):
            return found

        def stopping(*given: Any, **more: Any) -> None:
            if self.when == "after":
                found(*given, **more)
            raise Stopped

        return stopping


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    driver = StoppingDriver()
    for vm in small_site().vms():
        driver.add_vm(name=vm.name, id=vm.id, state=vm.state, contents="first boot")
    store = SqliteStore(MODEL, path)
    fill(store, sample_rows())
    yield Client(driver, service=VmmService(driver=driver, store=store, stamp=STAMP))
    store.close()


def restarted(client: Client, path: Path) -> Client:
    """A new process over what is on the disk now, as after a loss of power."""
    copy = path.parent / "after the power loss.sqlite"
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    object.__setattr__(client.driver, "ends", "")
    return Client(client.driver, service=VmmService(driver=client.driver, store=SqliteStore(MODEL, copy), stamp=STAMP))


def stop_in(client: Client, call: str, when: str, method: str, place: str, body: Any) -> None:
    object.__setattr__(client.driver, "ends", call)
    object.__setattr__(client.driver, "when", when)
    with pytest.raises(Stopped):
        client.send(method, place, content=body)


def last_job(client: Client) -> tuple[str, bool, str | None]:
    job = client.jobs()[-1]
    return job["Status"], job["IsCompleted"], (job["ErrorInfo"] or {}).get("Problem")


def test_everything_survives_a_restart(client: Client, path: Path) -> None:
    made = client.create(Name="a", Description="why")
    machine = client.read(machine_path())
    jobs = client.jobs()
    again = restarted(client, path)
    assert again.read(checkpoint_path(made["ID"])) == made
    assert again.read(machine_path()) == machine
    assert again.jobs() == jobs
    assert again.service.recover() == []
    assert again.jobs() == jobs


STOPPED = "The service was stopped while this job ran."


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_checkpoint_that_was_being_taken(client: Client, path: Path, when: str) -> None:
    stop_in(client, "create", when, "POST", "VMCheckPoints", new_checkpoint(Description="why"))
    again = restarted(client, path)
    [job] = again.jobs()
    assert job["Status"] == "Running"
    assert again.service.recover() == []
    rows = again.get("VMCheckPoints").rows
    if when == "before":
        assert rows == []
        assert last_job(again) == ("Failed", True, f"{STOPPED} The host has not taken the checkpoint.")
    else:
        [row] = rows
        shown = (row["Name"], row["Description"], row["CheckpointID"])
        assert shown == ("Testing Checkpoint #1", "why", str(client.driver.checkpoints(MACHINE)[0].id))
        assert job["ResultObjectID"] == row["ID"]
        assert last_job(again) == ("Completed", True, None)
        assert again.read(machine_path())["MostRecentTaskId"] == job["ID"]
    # It works as ever, and nothing turns up twice.
    again.create(Name="next")
    names = sorted([row["Name"] for row in again.get("VMCheckPoints").rows])
    assert names == sorted([*[row["Name"] for row in rows], "next"])


@pytest.mark.parametrize(
    ("call", "when", "method", "body", "status", "told", "is_left"),
    [
        ("remove", "before", "DELETE", None, "Failed", f"{STOPPED} The checkpoint is still there.", True),
        ("remove", "after", "DELETE", None, "Completed", None, False),
        (
            *("restore", "before", "MERGE", {"VMCheckPointAction": "Restore"}, "Failed"),
            *(f"{STOPPED} The machine stands at the checkpoint; whether this job has restored it is unknown.", True),
        ),
        (
            *("rename", "after", "MERGE", {"Name": "new"}, "Failed"),
            *(f"{STOPPED} Whether the change was made is seen in the checkpoint.", True),
        ),
    ],
)
def test_other_jobs_that_were_running(
    client: Client,
    path: Path,
    call: str,
    when: str,
    method: str,
    body: Any,
    status: str,
    told: str | None,
    is_left: bool,
) -> None:
    made = client.create(Description="why")
    stop_in(client, call, when, method, checkpoint_path(made["ID"]), body)
    again = restarted(client, path)
    assert again.service.recover() == []
    assert last_job(again) == (status, True, told)
    rows = again.get("VMCheckPoints").rows
    assert [(row["ID"], row["Description"]) for row in rows] == ([(made["ID"], "why")] if is_left else [])


def test_a_machine_that_was_being_switched(client: Client, path: Path) -> None:
    stop_in(client, "power", "after", "PUT", machine_path(), {"Operation": "Stop"})
    again = restarted(client, path)
    assert again.service.recover() == []
    assert last_job(again) == ("Failed", True, f"{STOPPED} Its outcome is unknown.")
    assert again.read(machine_path())["VirtualMachineState"] == "PowerOff"


def test_a_host_that_cannot_be_asked_is_asked_later(client: Client, path: Path) -> None:
    stop_in(client, "create", "after", "POST", "VMCheckPoints", new_checkpoint(Description="why"))
    again = restarted(client, path)
    gone: DriverError = HostUnavailable("The host is gone.")
    client.driver.fail_with(gone, on="checkpoints")
    waiting = again.service.recover()
    assert waiting == [UUID(again.jobs()[-1]["ID"])]
    assert last_job(again)[:2] == ("Running", False)
    assert again.service.recover() == []
    assert last_job(again)[:2] == ("Completed", True)


def test_jobs_of_before_count(client: Client, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odata_vmm.jobs.MAX_JOBS", 3)
    for name in "abc":
        client.create(Name=name)
    again = restarted(client, path)
    again.create(Name="d")
    assert [job["ResultName"] for job in again.jobs()] == ["b", "c", "d"]


def test_a_checkpoint_that_the_host_was_still_taking(client: Client, path: Path) -> None:
    """The host goes on with what an earlier process asked for: what turns up later is what the client was promised."""
    stop_in(client, "create", "before", "POST", "VMCheckPoints", new_checkpoint(Description="why"))
    again = restarted(client, path)
    [job] = again.jobs()
    assert again.service.recover() == []
    assert again.get("VMCheckPoints").rows == []
    client.driver.create(MACHINE, "Testing Checkpoint #1")
    [row] = again.get("VMCheckPoints").rows
    assert (row["ID"], row["Description"]) == (job["ResultObjectID"], "why")


def test_no_checkpoint_is_awaited_without_a_job(client: Client, path: Path) -> None:
    """Wherever a process ends, what it leaves behind is some job's, which the next one looks into."""
    write = RowFile.write
    for last in range(3):
        written: list[Any] = []

        def stop(file: RowFile, changes: Any, last: int = last, written: list[Any] = written) -> None:
            if len(written) == last:
                raise Stopped
            written.append(changes)
            write(file, changes)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RowFile, "write", stop)
            with pytest.raises(Stopped):
                client.send("POST", "VMCheckPoints", content=new_checkpoint(Name=f"{last}"))
    again = restarted(client, path)
    assert again.service.recover() == []
    rows = again.get("VMCheckPoints").rows
    assert [(row["Name"], row["CheckpointID"] is None) for row in rows] == [("2", False)]
    assert [(job["ResultName"], job["Status"]) for job in again.jobs()] == [("1", "Failed"), ("2", "Completed")]


def test_a_store_that_does_not_answer_is_asked_later(client: Client, path: Path) -> None:
    stop_in(client, "create", "after", "POST", "VMCheckPoints", new_checkpoint())
    again = restarted(client, path)
    file = again.service.site.store._file  # type: ignore[attr-defined]

    def full(_changes: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "write", full)
        assert again.service.recover() == [UUID(again.jobs()[-1]["ID"])]
    assert again.service.recover() == []
    assert last_job(again)[:2] == ("Completed", True)


def test_a_full_disk_is_called_so(path: Path) -> None:
    """SQLite may have rolled back already; that there is nothing left to roll back is not what went wrong."""
    store = SqliteStore(MODEL, path)
    connection = store._file._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    rows = sample_rows()
    rows["UserRoles"][0]["Description"] = "x" * 1_000_000
    with pytest.raises(Unavailable, match="cannot be written: database or disk is full"):
        fill(store, rows)
    assert contents(store)["UserRoles"] == []
    store.close()


def test_a_store_that_cannot_be_written_says_what_was_done(client: Client) -> None:
    """The host has taken the checkpoint, the store does not know: the client is not told that nothing happened."""
    driver, store = client.driver, client.service.site.store
    create = driver.create

    def create_and_break(*given: Any) -> Any:
        made = create(*given)
        store._file.close()  # type: ignore[attr-defined]
        return made

    driver.create = create_and_break  # type: ignore[assignment, method-assign]
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint())
    why = "The service's store cannot be written: Cannot operate on a closed database."
    told = f"The host has done what it was asked to, but the service could not record that: {why}"
    assert (answer.status, answer.message) == (502, told)
