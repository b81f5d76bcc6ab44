# Several hosts as one stamp, and several stamps as one service: each machine is asked where it is, and a host that is
# gone takes nothing else with it.

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from odata_core.backend import Context, Writes
from odata_memory import MemoryBackend
from odata_vmm import VmmService, vmm_model
from odata_vmm.drivers import hosts as hosts_module
from odata_vmm.drivers.contract import Denied, NotFound, Unavailable, Vm
from odata_vmm.drivers.hosts import Hosts
from odata_vmm.drivers.simulated import SimulatedDriver
from odata_vmm.drivers.suite import DriverSuite, PowerSuite, Rig
from odata_vmm.sample import (
    ADMIN_SUBSCRIPTION,
    MACHINE,
    OTHER_MACHINE,
    OTHER_SUBSCRIPTION,
    STAMP,
    STOPPED_MACHINE,
    SUBSCRIPTION,
    sample_rows,
)
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint

SECOND_STAMP = UUID("11111111-2222-4333-8444-555555555555")
GONE = Unavailable("The host does not answer.")


class Watched(SimulatedDriver):
    """Notes what it is asked, and can be switched off."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Any, ...]] = []
        self.is_gone = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in ("vms", "vm", "checkpoints", "create", "restore", "rename", "remove", "power"):
            return found

        def watched(*given: Any, **more: Any) -> Any:
            self.asked.append((name, *given[:1]))
            if self.is_gone:
                raise GONE
            return found(*given, **more)

        return watched


def two_hosts() -> tuple[Watched, Watched]:
    """vm1 on the first one, vm2 and the machine of somebody else on the second one."""
    first, second = Watched(), Watched()
    first.add_vm(name="vm1", id=MACHINE, state="Running", contents="first boot")
    second.add_vm(name="vm2", id=STOPPED_MACHINE, state="Off", contents="installed")
    second.add_vm(name="fabrikam-vm", id=OTHER_MACHINE, state="Running", contents="private")
    return first, second


# ------------------------------------------------------------ the driver of several hosts


def rig_of(state: Any) -> Iterator[Rig]:
    first, second = SimulatedDriver(), SimulatedDriver()
    vm = second.add_vm(name="vm", state=state, contents="a").id
    other = first.add_vm(name="other").id
    hosts = Hosts({"hv01": first, "hv02": second})
    yield Rig(hosts, vm, other, lambda text: second.write(vm, second.read(vm) + text), lambda: second.read(vm), state)


class TestHosts(DriverSuite):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        yield from rig_of("Running")


class TestPowerOfHosts(PowerSuite):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        yield from rig_of("Off")


def test_a_call_goes_to_one_host() -> None:
    first, second = two_hosts()
    hosts = Hosts({"hv01": first, "hv02": second})
    hosts.vms()
    first.asked.clear()
    second.asked.clear()
    hosts.create(MACHINE, "a")
    hosts.checkpoints(STOPPED_MACHINE)
    assert (first.asked, second.asked) == ([("create", MACHINE)], [("checkpoints", STOPPED_MACHINE)])


def test_a_machine_that_moves_is_followed() -> None:
    first, second = two_hosts()
    hosts = Hosts({"hv01": first, "hv02": second})
    assert hosts.vm(MACHINE).name == "vm1"
    del first._machines[MACHINE]
    second.add_vm(name="vm1", id=MACHINE, state="Running")
    assert hosts.create(MACHINE, "a").vm_id == MACHINE
    assert [one.name for one in second.checkpoints(MACHINE)] == ["a"]
    del second._machines[MACHINE]
    with pytest.raises(NotFound):
        hosts.checkpoints(MACHINE)


def test_a_machine_on_two_hosts_is_there_once() -> None:
    first, second = two_hosts()
    second.add_vm(name="vm1", id=MACHINE, state="Saved")
    assert [vm.state for vm in Hosts({"hv01": first, "hv02": second}).vms() if vm.id == MACHINE] == ["Running"]


def test_a_host_that_is_gone() -> None:
    first, second = two_hosts()
    hosts = Hosts({"hv01": first, "hv02": second})
    second.is_gone = True
    assert [vm.name for vm in hosts.vms()] == ["vm1"]
    assert hosts.failing() == {"hv02": GONE}
    with pytest.raises(Unavailable, match="may be on the host 'hv02'"):
        hosts.vm(STOPPED_MACHINE)
    second.is_gone = False
    assert len(hosts.vms()) == 3
    assert hosts.failing() == {}
    first.is_gone = second.is_gone = True
    with pytest.raises(Unavailable):
        hosts.vms()


class Waiting(Watched):
    """Answers a list when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def vms(self) -> list[Vm]:
        found = super().vms()
        assert self.may.wait(10)
        return found


def test_a_host_that_never_answers_keeps_no_list_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "PATIENCE", 0.2)
    first, stuck = two_hosts()[0], Waiting()
    hosts = Hosts({"hv01": first, "hv02": stuck})
    start = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        lists = [pool.submit(hosts.vms) for _ in range(20)]
        assert [[vm.name for vm in one.result(10)] for one in lists] == [["vm1"]] * 20
    assert time.monotonic() - start < 5
    assert [str(error) for error in hosts.failing().values()] == ["The host 'hv02' has not answered within 0.2 s."]
    stuck.may.set()
    hosts.close()
    assert len(stuck.asked) == 2


def test_a_list_begins_when_it_is_asked_for() -> None:
    """What was asked before may not know what has changed since; whoever waits meanwhile shares one question."""
    slow = Waiting()
    slow.add_vm(name="vm1", id=MACHINE, state="Running")
    hosts = Hosts({"hv01": slow})
    with ThreadPoolExecutor(9) as pool:
        before = pool.submit(hosts.vms)
        while not slow.asked:
            time.sleep(0.001)
        hosts._places[MACHINE] = "hv01"
        hosts.power(MACHINE, "stop")
        after = [pool.submit(hosts.vms) for _ in range(8)]
        slow.may.set()
        assert [vm.state for vm in before.result(10)] == ["Running"]
        assert [[vm.state for vm in one.result(10)] for one in after] == [["Off"]] * 8
    hosts.close()


def test_there_has_to_be_a_host() -> None:
    with pytest.raises(ValueError, match="There has to be a host"):
        Hosts({})


# ------------------------------------------------------------ the service


def service_of(**parts: Any) -> Client:
    rows = sample_rows()
    roles = rows["UserRoles"]
    for role in roles:
        role["PermissionInput"] = [
            {"StampId": stamp, "Permission": role["Permission"]} for stamp in (STAMP, SECOND_STAMP)
        ]
    if "stamps" in parts:
        rows["VirtualMachines"][1]["StampId"] = rows["VirtualMachines"][2]["StampId"] = SECOND_STAMP
    store = MemoryBackend(vmm_model(), rows, check_references=False)
    return Client(SimulatedDriver(), service=VmmService(store=store, **parts), subscription=SUBSCRIPTION)


def test_only_the_machine_that_is_named_is_asked_about() -> None:
    first, second = two_hosts()
    client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP)
    made = client.create(Name="a")
    client.get("VMCheckPoints")
    questions = [
        ("VMCheckPoints", f"$filter=VMId eq guid'{MACHINE}'", [("vm", MACHINE), ("checkpoints", MACHINE)]),
        (
            *("VMCheckPoints", f"$filter=startswith(Name,'a') and VMId eq guid'{MACHINE}'&$orderby=Name&$top=1"),
            [("vm", MACHINE), ("checkpoints", MACHINE)],
        ),
        ("VMCheckPoints()", f"$filter=ID eq guid'{made['ID']}'&$top=1", [("vm", MACHINE), ("checkpoints", MACHINE)]),
        ("VirtualMachines", f"$filter=ID eq guid'{MACHINE}'&$select=Name", [("vm", MACHINE)]),
        (machine_path(), "", [("vm", MACHINE)]),
        (checkpoint_path(made["ID"]), "", [("vm", MACHINE), ("checkpoints", MACHINE)]),
        (f"{machine_path()}/VMCheckpoints", "", [("vm", MACHINE)] * 2 + [("checkpoints", MACHINE)]),
    ]
    for path, query, asked in questions:
        first.asked.clear()
        second.asked.clear()
        assert client.get(path, query).status == 200
        assert (path, query, first.asked, second.asked) == (path, query, asked, [])


@pytest.mark.parametrize("kind", ["hosts", "stamps"])
def test_a_host_that_refuses_the_account_is_told_like_one_that_is_gone(kind: str) -> None:
    first, second = two_hosts()
    if kind == "hosts":
        client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP)
    else:
        client = service_of(stamps={STAMP: first, SECOND_STAMP: second})
    second.fail_with(Denied("The account may not."), on="vms")
    machines = client.get("VirtualMachines", "$orderby=Name&$select=Name")
    assert [row["Name"] for row in machines.rows] == ["vm1", "vm2"]
    assert "The account may not." in (machines.header("Warning") or "")
    second.fail_with(Denied("The account may not."), on="checkpoints")
    checkpoints = client.get("VMCheckPoints")
    assert (checkpoints.status, checkpoints.rows) == (200, [])
    assert "The checkpoints of 'vm2' are missing" in (checkpoints.header("Warning") or "")


@pytest.mark.parametrize("kind", ["hosts", "stamps"])
def test_a_host_that_is_gone_takes_only_its_own_machines(kind: str) -> None:
    first, second = two_hosts()
    if kind == "hosts":
        client, stamp = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP), STAMP
    else:
        client, stamp = service_of(stamps={STAMP: first, SECOND_STAMP: second}), SECOND_STAMP
    client.create(Name="a")
    assert (
        client.send("POST", "VMCheckPoints", content=new_checkpoint(STOPPED_MACHINE, StampId=str(stamp))).status == 201
    )
    whole = client.get("VMCheckPoints")
    assert (len(whole.rows), whole.header("Warning")) == (2, None)

    second.is_gone = True
    machines = client.get("VirtualMachines", "$orderby=Name&$select=Name,StatusString,StampId")
    assert [(row["Name"], row["StatusString"]) for row in machines.rows] == [
        ("vm1", "Running"),
        ("vm2", "Host Not Responding"),
    ]
    name = "hv02" if kind == "hosts" else str(SECOND_STAMP)
    assert machines.header("Warning") == f"199 - \"The host '{name}' does not answer: The host does not answer.\""
    left = client.get("VMCheckPoints")
    assert [row["Name"] for row in left.rows] == ["a"]
    assert "The checkpoints of 'vm2' are missing: The host does not answer." in (left.header("Warning") or "")
    # What is about that host alone is no part of an answer, but none.
    assert client.get("VMCheckPoints", f"$filter=VMId eq guid'{STOPPED_MACHINE}'").status == 503
    assert client.get(f"VirtualMachines(ID=guid'{STOPPED_MACHINE}',StampId=guid'{stamp}')").status == 503
    refused = client.send("POST", "VMCheckPoints", content=new_checkpoint(STOPPED_MACHINE, StampId=str(stamp)))
    assert refused.status == 503
    assert client.create(Name="b")["Name"] == "b"


def test_stamps_have_machines_and_checkpoints_of_their_own() -> None:
    first, second = two_hosts()
    client = service_of(stamps={STAMP: first, SECOND_STAMP: second})
    rows = client.get("VirtualMachines", "$orderby=Name").rows
    assert [(row["Name"], row["StampId"]) for row in rows] == [("vm1", str(STAMP)), ("vm2", str(SECOND_STAMP))]
    # A machine is only found on its own stamp.
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint(STOPPED_MACHINE)).status == 404
    body = new_checkpoint(STOPPED_MACHINE, StampId=str(SECOND_STAMP), Name="second")
    made = client.send("POST", "VMCheckPoints", content=body).json
    assert made["StampId"] == str(SECOND_STAMP)
    assert client.get(checkpoint_path(made["ID"], SECOND_STAMP)).status == 200
    assert client.get(checkpoint_path(made["ID"], STAMP)).status == 404
    assert client.get(checkpoint_path(made["ID"], UUID(int=4))).status == 404
    assert [one.name for one in second.checkpoints(STOPPED_MACHINE)] == ["second"]


def test_a_machine_that_may_be_on_several_stamps_is_where_it_is_seen() -> None:
    """A configuration says whose a machine is and not where: the store has a row of it for each stamp."""
    first, second = two_hosts()
    client = service_of(stamps={STAMP: first, SECOND_STAMP: second})
    machines = client.service.site.model.entity_sets["VirtualMachines"]
    with client.service.site.store.session(Context()) as session:
        assert isinstance(session, Writes)
        row = session.get(machines, (MACHINE, STAMP))
        assert row is not None
        session.insert(machines, {**row, "StampId": SECOND_STAMP})
    second.is_gone = True
    seen = [("vm1", "Running", str(STAMP)), ("vm2", "Host Not Responding", str(SECOND_STAMP))]
    rows = client.get("VirtualMachines", "$orderby=Name").rows
    assert [(row["Name"], row["StatusString"], row["StampId"]) for row in rows] == seen
    only = client.get("VirtualMachines", f"$filter=ID eq guid'{MACHINE}'&$select=Name,StampId")
    assert (only.status, only.rows) == (200, [{"Name": "vm1", "StampId": str(STAMP)}])
    client.create(Name="a")
    assert [row["Name"] for row in client.get("VMCheckPoints", f"$filter=VMId eq guid'{MACHINE}'").rows] == ["a"]
    first.is_gone = True
    assert client.get("VirtualMachines", f"$filter=ID eq guid'{MACHINE}'").status == 503


def test_a_checkpoint_may_be_on_the_host_that_does_not_answer() -> None:
    """Only a host that answers can say that there is none."""
    first, second = two_hosts()
    client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP)
    second.create(STOPPED_MACHINE, "made by somebody else")
    [row] = client.get("VMCheckPoints").rows
    path = checkpoint_path(row["ID"])
    second.is_gone = True
    answer = client.get(path)
    assert (answer.status, answer.message) == (503, "The host does not answer.")
    assert client.send("DELETE", path).status == 503
    second.is_gone = False
    assert client.read(path) == row


def test_a_host_that_does_not_answer_is_asked_once_for_a_list() -> None:
    first, second = two_hosts()
    client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP)
    second.is_gone = True
    answer = client.of(ADMIN_SUBSCRIPTION).get("VMCheckPoints")
    assert (answer.status, answer.rows) == (200, [])
    assert (first.asked, second.asked) == ([("vms",), ("checkpoints", MACHINE)], [("vms",)])


def test_who_lacks_nothing_is_told_nothing() -> None:
    """Which hosts there are is not the business of a tenant who has no machine there."""
    first, second = two_hosts()
    client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP)
    stranger, admin = client.of(OTHER_SUBSCRIPTION), client.of(ADMIN_SUBSCRIPTION)
    first.is_gone = True
    assert [row["Name"] for row in stranger.get("VirtualMachines").rows] == ["fabrikam-vm"]
    assert [stranger.get(name).header("Warning") for name in ("VirtualMachines", "VMCheckPoints")] == [None] * 2
    told = "199 - \"The host 'hv01' does not answer: The host does not answer.\""
    assert [asking.get("VirtualMachines").header("Warning") for asking in (client, admin)] == [told] * 2


def test_a_warning_is_no_longer_than_clients_take() -> None:
    first, second = two_hosts()
    for number in range(200):
        first.add_vm(name=f"machine {number}")
    client = service_of(driver=Hosts({"hv01": first, "hv02": second}), stamp=STAMP).of(ADMIN_SUBSCRIPTION)
    client.get("VirtualMachines")
    for _ in range(201):
        first.fail_with(GONE, on="checkpoints")
    answer = client.get("VMCheckPoints")
    warning = answer.header("Warning") or ""
    assert (answer.status, len(warning) < 5_000) == (200, True)
    assert warning.startswith("199 - \"The checkpoints of 'vm1' are missing: The host does not answer.\", 199 - ")
    assert warning.endswith(', 199 - "There is more that is missing."')
    assert warning.count("There is more") == 1


def test_a_service_needs_hosts() -> None:
    with pytest.raises(TypeError, match="needs a driver"):
        service_of()
