# Work that goes on after the answer, and work of which a host did not say what came of it.

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from odata_core.backend import Context, Query, Row, Writes
from odata_core.edm import Timestamp
from odata_vmm.drivers.contract import Checkpoint, OutcomeUnknown, Rejected, Unavailable, Vm
from odata_vmm.drivers.simulated import SimulatedDriver
from odata_vmm.sample import MACHINE, STOPPED_MACHINE, SUBSCRIPTION
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint, small_site

LATER = "RunAsynchronously=1"
RESTORE = {"VMCheckPointAction": "Restore"}


class SlowDriver(SimulatedDriver):
    """Waits in every change: before it is done, or after, or it is done and nobody is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = threading.Event(), threading.Event()
        self.began, self.done = threading.Event(), threading.Event()
        self.before.set()
        self.after.set()
        self.lost: Exception | None = None
        self.deaf_after = False

    def _slowly(self, change: Callable[[], Any]) -> Any:
        self.began.set()
        assert self.before.wait(10)
        result = change()
        self.done.set()
        assert self.after.wait(10)
        if self.deaf_after:
            for name in ("vm", "checkpoints") * 2:
                self.fail_with(Unavailable("The host is gone."), on=name)
        if self.lost is not None:
            raise self.lost
        return result

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        made: Checkpoint = self._slowly(lambda: super(SlowDriver, self).create(vm_id, name, description))
        return made

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        self._slowly(lambda: super(SlowDriver, self).restore(vm_id, checkpoint_id))

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        made: Checkpoint = self._slowly(lambda: super(SlowDriver, self).rename(vm_id, checkpoint_id, name, description))
        return made

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        self._slowly(lambda: super(SlowDriver, self).remove(vm_id, checkpoint_id, subtree))

    def power(self, vm_id: UUID, action: str) -> Vm:
        made: Vm = self._slowly(lambda: super(SlowDriver, self).power(vm_id, action))
        return made


@pytest.fixture
def client() -> Iterator[Client]:
    driver = SlowDriver()
    for vm in small_site().vms():
        driver.add_vm(name=vm.name, id=vm.id, state=vm.state, contents="first boot")
    client = Client(driver)
    yield client
    driver.before.set()
    driver.after.set()
    client.service.close()


@pytest.fixture
def driver(client: Client) -> SlowDriver:
    assert isinstance(client.driver, SlowDriver)
    return client.driver


def job_of(client: Client, job_id: str | None) -> tuple[str, int, bool]:
    [job] = client.get("Jobs", f"$filter=ID eq guid'{job_id}'").rows
    return job["Status"], job["ProgressValue"], job["IsCompleted"]


def settle(client: Client, driver: SlowDriver) -> None:
    driver.before.set()
    driver.after.set()
    assert client.service.site.workers.wait(10)


# ------------------------------------------------------------ RunAsynchronously


@pytest.mark.parametrize(("query", "given"), [(LATER, None), ("", True), (LATER, False)])
def test_a_checkpoint_is_taken_after_the_answer(client: Client, driver: SlowDriver, query: str, given: Any) -> None:
    driver.before.clear()
    answer = client.send("POST", "VMCheckPoints", query, new_checkpoint(Description="why", RunAsynchronously=given))
    assert (answer.status, answer.json["CheckpointID"]) == (201, None)
    job = answer.header("x-ms-request-id")
    path = checkpoint_path(answer.json["ID"])
    assert answer.header("Location") == client.root + path
    assert job_of(client, job) == ("Running", 0, False)
    # It can be read all the while, and cannot be changed.
    awaited = client.read(path)
    assert (awaited["ID"], awaited["CheckpointID"], awaited["Description"]) == (answer.json["ID"], None, "why")
    assert client.get("VMCheckPoints").rows == [awaited]
    refused = client.send("MERGE", path, content=RESTORE)
    told = "The checkpoint 'Testing Checkpoint #1' is still being taken."
    assert (refused.status, refused.message) == (409, told)
    assert client.send("DELETE", path).status == 409
    settle(client, driver)
    [checkpoint] = driver.checkpoints(MACHINE)
    taken = client.read(path)
    assert (taken["ID"], taken["CheckpointID"], taken["Description"]) == (awaited["ID"], str(checkpoint.id), "why")
    assert (taken["AddedTime"], answer.json["AddedTime"]) == (awaited["AddedTime"],) * 2
    assert client.get("VMCheckPoints").rows == [taken]
    assert job_of(client, job) == ("Completed", 100, True)


def test_a_checkpoint_that_the_host_lists_already_is_there_once(client: Client, driver: SlowDriver) -> None:
    driver.after.clear()
    answer = client.send("POST", "VMCheckPoints", LATER, new_checkpoint(Description="why"))
    assert driver.done.wait(10)
    [row] = client.get("VMCheckPoints").rows
    [checkpoint] = driver.checkpoints(MACHINE)
    assert (row["ID"], row["CheckpointID"], row["Description"]) == (answer.json["ID"], str(checkpoint.id), "why")
    settle(client, driver)
    assert [one["ID"] for one in client.get("VMCheckPoints").rows] == [row["ID"]]


def test_a_checkpoint_that_is_not_taken_after_all_is_gone(client: Client, driver: SlowDriver) -> None:
    driver.before.clear()
    before = client.photograph(jobs=False)
    driver.fail_with(Rejected("The disk is full."), on="create")
    answer = client.send("POST", "VMCheckPoints", LATER, new_checkpoint())
    settle(client, driver)
    assert client.get(checkpoint_path(answer.json["ID"])).status == 404
    assert client.photograph(jobs=False) == before
    [job] = client.get("Jobs", f"$filter=ID eq guid'{answer.header('x-ms-request-id')}'").rows
    assert (job["Status"], job["ErrorInfo"]["ExceptionDetails"]) == ("Failed", "The disk is full.")


@pytest.mark.parametrize(
    ("method", "place", "body"),
    [
        ("MERGE", "checkpoint", RESTORE),
        ("PUT", "checkpoint", {"Name": "new"}),
        ("PUT", "checkpoint", {"Name": "new", "RunAsynchronously": True}),
        ("DELETE", "checkpoint", None),
        ("PUT", "machine", {"Operation": "Stop"}),
    ],
)
def test_other_writes_go_on_after_the_answer(
    client: Client, driver: SlowDriver, method: str, place: str, body: Any
) -> None:
    path = checkpoint_path(client.create()["ID"]) if place == "checkpoint" else machine_path()
    before = client.photograph(jobs=False)
    driver.before.clear()
    driver.began.clear()
    answer = client.send(method, path, "" if body and "RunAsynchronously" in body else LATER, body)
    assert answer.status == 204
    assert driver.began.wait(10)
    assert client.photograph(jobs=False) == before
    assert job_of(client, answer.header("x-ms-request-id")) == ("Running", 0, False)
    settle(client, driver)
    assert client.photograph(jobs=False) != before
    assert job_of(client, answer.header("x-ms-request-id")) == ("Completed", 100, True)


def test_closing_waits_for_what_runs(client: Client, driver: SlowDriver) -> None:
    driver.before.clear()
    client.send("POST", "VMCheckPoints", LATER, new_checkpoint())
    assert driver.began.wait(10)
    closing = threading.Thread(target=client.service.close)
    closing.start()
    assert closing.is_alive()
    driver.before.set()
    closing.join(10)
    assert [one.name for one in driver.checkpoints(MACHINE)] == ["Testing Checkpoint #1"]


def test_work_has_a_bound(client: Client, driver: SlowDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odata_vmm.workers.MAX_WAITING", 1)
    driver.before.clear()
    first = client.send("POST", "VMCheckPoints", LATER, new_checkpoint(Name="first"))
    second = client.send("POST", "VMCheckPoints", LATER, new_checkpoint(Name="second"))
    assert (first.status, second.status) == (201, 503)
    assert [row["Name"] for row in client.get("VMCheckPoints").rows] == ["first"]
    settle(client, driver)
    assert [job["Status"] for job in client.jobs()] == ["Completed", "Failed"]


def test_one_machine_leaves_room_for_others(
    client: Client, driver: SlowDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("odata_vmm.workers.MOST_FOR_ONE", 2)
    driver.before.clear()
    statuses = [
        client.send("POST", "VMCheckPoints", LATER, new_checkpoint(machine)).status
        for machine in (MACHINE, MACHINE, MACHINE, STOPPED_MACHINE)
    ]
    assert statuses == [201, 201, 503, 201]
    settle(client, driver)


class StuckDriver(SimulatedDriver):
    """A machine that never answers, on a host with others that do."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()

    def power(self, vm_id: UUID, action: str) -> Vm:
        if vm_id == MACHINE:
            assert self.answers.wait(10)
        return super().power(vm_id, action)


def test_jobs_of_a_machine_are_done_in_their_order_and_keep_no_others() -> None:
    driver = StuckDriver()
    driver.add_vm(name="vm1", id=MACHINE, state="Running")
    driver.add_vm(name="vm2", id=STOPPED_MACHINE, state="Off")
    client = Client(driver)
    for number in range(40):  # more than there are threads
        operation = {"Operation": "Start" if number % 2 else "Stop"}
        assert client.send("PUT", machine_path(), LATER, operation).status == 204
    other = client.send("PUT", machine_path(STOPPED_MACHINE), LATER, {"Operation": "Start"})
    deadline = time.monotonic() + 10
    while not job_of(client, other.header("x-ms-request-id"))[2]:
        assert time.monotonic() < deadline
    assert driver.vm(STOPPED_MACHINE).state == "Running"
    driver.answers.set()
    assert client.service.site.workers.wait(10)
    # Each one found the machine as the one before had left it.
    assert {job["Status"] for job in client.jobs()} == {"Completed"}
    client.service.close()


class TwinDriver(SimulatedDriver):
    """Takes the first one of two checkpoints after the second one."""

    def __init__(self) -> None:
        super().__init__()
        self.first_is_asked, self.second_is_there, self.list_was_read, self.second_is_told = (
            threading.Event() for _ in range(4)
        )

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        if description == "first":
            self.first_is_asked.set()
            assert self.second_is_told.wait(10)
            return super().create(vm_id, name, description)
        made = super().create(vm_id, name, description)
        self.second_is_there.set()
        assert self.list_was_read.wait(10)
        return made


def test_of_two_of_a_name_that_are_on_their_way_each_has_its_own() -> None:
    driver = TwinDriver()
    driver.add_vm(name="vm1", id=MACHINE, state="Running")
    client = Client(driver)
    with ThreadPoolExecutor(2) as pool:
        first, second = (
            pool.submit(client.send, "POST", "VMCheckPoints", content=new_checkpoint(Description=text))
            for text in ("first", "second")
        )
        assert driver.first_is_asked.wait(10)
        assert driver.second_is_there.wait(10)
        assert len(client.get("VMCheckPoints").rows) == 2
        driver.list_was_read.set()
        made = second.result(10).json["ID"]
        # The first one is still on its way.
        rows = client.get("VMCheckPoints").rows
        assert sorted([(row["Description"], row["CheckpointID"] is None) for row in rows]) == [
            ("first", True),
            ("second", False),
        ]
        driver.second_is_told.set()
        assert client.read(checkpoint_path(first.result(10).json["ID"]))["Description"] == "first"
    assert client.read(checkpoint_path(made))["Description"] == "second"


class RenamingDriver(SimulatedDriver):
    """Takes its time to call a checkpoint "new"."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may = threading.Event(), threading.Event()

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        if name == "new":
            self.began.set()
            assert self.may.wait(10)
        return super().rename(vm_id, checkpoint_id, name, description)


def test_two_who_change_different_things_change_both() -> None:
    driver = RenamingDriver()
    driver.add_vm(name="vm1", id=MACHINE, state="Running")
    client = Client(driver)
    path = checkpoint_path(client.create(Name="old", Description="old")["ID"])
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.send, "MERGE", path, content={"Name": "new"})
        assert driver.began.wait(10)
        assert client.send("MERGE", path, content={"Description": "changed"}).status == 204
        driver.may.set()
        assert first.result(10).status == 204
    row = client.read(path)
    assert (row["Name"], row["Description"]) == ("new", "changed")


# ------------------------------------------------------------ outcome unknown

LOST = OutcomeUnknown("The connection was cut.")


def write(client: Client, name: str) -> tuple[str, str, Any]:
    path = machine_path() if name == "stop" else checkpoint_path(client.create()["ID"])
    return {
        "create": ("POST", "VMCheckPoints", new_checkpoint(Name="second", Description="why")),
        "rename": ("PUT", path, {"Name": "new", "Description": "why"}),
        "restore": ("MERGE", path, RESTORE),
        "remove": ("DELETE", path, None),
        "stop": ("PUT", path, {"Operation": "Stop"}),
    }[name]


@pytest.mark.parametrize("name", ["create", "rename", "restore", "remove", "stop"])
def test_what_was_done_is_seen_when_the_host_is_asked_again(client: Client, driver: SlowDriver, name: str) -> None:
    if name == "restore":
        first = client.create(Name="first")
        client.create(Name="later")
        method, path, body = "MERGE", checkpoint_path(first["ID"]), RESTORE
    else:
        method, path, body = write(client, name)
    driver.lost = LOST
    answer = client.send(method, path, content=body)
    assert answer.status == (201 if name == "create" else 204)
    assert job_of(client, answer.header("x-ms-request-id")) == ("Completed", 100, True)
    if name in ("create", "rename"):
        assert client.get("VMCheckPoints", "$filter=Description eq 'why'").rows[0]["Name"] == body["Name"]


@pytest.mark.parametrize("name", ["create", "rename", "restore", "remove", "stop"])
def test_a_host_that_cannot_be_asked_leaves_it_unknown(client: Client, driver: SlowDriver, name: str) -> None:
    method, path, body = write(client, name)
    driver.lost, driver.deaf_after = LOST, True
    answer = client.send(method, path, content=body)
    assert answer.status == 502
    assert answer.message.startswith("The connection was cut. ")
    assert job_of(client, answer.header("x-ms-request-id")) == ("Failed", 0, True)


def test_a_lost_checkpoint_turns_up_once_and_whole(client: Client, driver: SlowDriver) -> None:
    """Nothing of what the client said is lost, and nothing is there twice, also when it is taken again."""
    driver.lost, driver.deaf_after = LOST, True
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint(Description="why")).status == 502
    driver.lost, driver.deaf_after = None, False
    driver._failures.clear()  # the host is back
    [row] = client.get("VMCheckPoints").rows
    assert (row["Name"], row["Description"]) == ("Testing Checkpoint #1", "why")
    assert client.read(checkpoint_path(row["ID"])) == row
    client.create(Description="again")
    assert sorted([one["Description"] for one in client.get("VMCheckPoints").rows]) == ["again", "why"]
    assert client.send("DELETE", checkpoint_path(row["ID"])).status == 204
    assert [one["Description"] for one in client.get("VMCheckPoints").rows] == ["again"]


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(minutes=50), True), (timedelta(minutes=70), False)])
def test_a_lost_checkpoint_is_awaited_for_an_hour(
    client: Client, driver: SlowDriver, age: timedelta, is_kept: bool
) -> None:
    driver.fail_with(LOST, on="create")
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint()).status == 502
    site = client.service.site
    source = site.model.entity_sets["VMCheckPoints"]

    def lost() -> list[Row]:
        with site.store.session(Context()) as session:
            return [row for row in session.select(Query(source)).rows if not row["Enabled"]]

    with site.store.session(Context()) as session:
        assert isinstance(session, Writes)
        [row] = session.select(Query(source)).rows
        moment = Timestamp.of(datetime.now(UTC) - age)  # in another zone than that of the service
        session.update(source, source.type.key_of(row), {"AddedTime": moment}, replace=False)
    client.create(Name="next")
    assert bool(lost()) is is_kept
    assert client.get("VMCheckPoints", "$select=Name").rows == [{"Name": "next"}]


def test_a_tenant_does_not_see_the_jobs_of_others(client: Client) -> None:
    client.create()
    assert client.of(SUBSCRIPTION).get("Jobs").rows != []
    assert client.of(UUID("ae122d5f-3aab-4d75-ad48-d6593246a49e")).get("Jobs").rows == []


def test_a_checkpoint_that_is_taken_again_before_the_lost_one_turned_up(client: Client, driver: SlowDriver) -> None:
    """Whoever lists the second one before the service is told of it takes it for the first one: it is the second's."""
    driver.fail_with(LOST, on="create")
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint(Description="lost")).status == 502
    driver.after.clear()
    answer = client.send("POST", "VMCheckPoints", LATER, new_checkpoint(Description="again"))
    assert driver.done.wait(10)
    assert len(client.get("VMCheckPoints").rows) == 2  # the one that is there, and the one that is awaited
    settle(client, driver)
    [row] = client.get("VMCheckPoints").rows
    assert (row["ID"], row["Description"]) == (answer.json["ID"], "again")
    [checkpoint] = driver.checkpoints(MACHINE)
    source = client.service.site.model.entity_sets["VMCheckPoints"]
    with client.service.site.store.session(Context()) as session:
        kept = {one["Description"]: one["CheckpointID"] for one in session.select(Query(source)).rows}
    assert kept == {"lost": None, "again": checkpoint.id}


def test_a_host_that_goes_when_the_checkpoint_is_taken(client: Client, driver: SlowDriver) -> None:
    """All was done: that the host cannot be listed any more is no failure."""
    parent = client.create(Name="first")
    driver.deaf_after = True
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint(Name="second", Description="why"))
    assert (answer.status, answer.json["Description"]) == (201, "why")
    assert answer.json["ParentCheckpointID"] == parent["ID"]
    assert job_of(client, answer.header("x-ms-request-id")) == ("Completed", 100, True)


def test_a_driver_that_breaks_leaves_nothing_behind(client: Client, driver: SlowDriver) -> None:
    driver.lost = RuntimeError("a bug")
    driver.deaf_after = True
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint(Description="why"))
    assert (answer.status, job_of(client, answer.header("x-ms-request-id"))) == (500, ("Failed", 0, True))
    driver._failures.clear()
    # It was taken all the same, and is the one that was asked for.
    [row] = client.get("VMCheckPoints").rows
    assert (row["Description"], row["CheckpointID"]) == ("why", str(driver.checkpoints(MACHINE)[0].id))
    driver.fail_with(RuntimeError("a bug"), on="create")  # type: ignore[arg-type]
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint(Name="other")).status == 500
    assert client.get("VMCheckPoints").rows == [row]


def test_a_service_that_is_closed_takes_no_work(client: Client, driver: SlowDriver) -> None:
    before = client.photograph(jobs=False)
    client.service.close()
    answer = client.send("POST", "VMCheckPoints", LATER, new_checkpoint())
    assert (answer.status, answer.message) == (503, "The service is being stopped.")
    assert client.photograph(jobs=False) == before
    assert job_of(client, answer.header("x-ms-request-id")) == ("Failed", 0, True)
