# VirtualMachines: how they read, the whole table of power operations, what an update keeps, and what it cannot do.

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from odata_vmm.drivers import State
from odata_vmm.drivers.simulated import SimulatedDriver
from odata_vmm.sample import ADMIN_SUBSCRIPTION, MACHINE, OTHER_MACHINE, STAMP, SUBSCRIPTION
from tests.vmm.requests import JSON_SENT, Client, machine_path, role_path, small_site

UPDATES = ["MERGE", "PATCH", "PUT"]
STATES: tuple[State, ...] = ("Off", "Running", "Paused", "Saved", "Other")

# operation -> permission, and the state that each state becomes; a state that is not named forbids the operation.
TABLE: dict[str, tuple[str, dict[str, State]]] = {
    "Start": ("Start", {"Off": "Running", "Saved": "Running"}),
    "Stop": ("Stop", {"Running": "Off", "Paused": "Off", "Saved": "Off"}),
    "Shutdown": ("Shutdown", {"Running": "Off"}),
    "Reset": ("Stop", {"Running": "Running", "Paused": "Running"}),
    "Suspend": ("PauseAndResume", {"Running": "Paused"}),
    "Resume": ("PauseAndResume", {"Paused": "Running"}),
}
# state -> Status, StatusString, VirtualMachineState
WORDS = {
    "Off": ("PowerOff", "Stopped", "PowerOff"),
    "Running": ("Running", "Running", "Running"),
    "Paused": ("Paused", "Paused", "Paused"),
    "Saved": ("Saved", "Saved", "Saved"),
    "Other": ("Unknown", "Unknown", "Unknown"),
}
CELLS = [(operation, state) for operation in TABLE for state in STATES]


def client_in(state: State) -> Client:
    """A client whose first machine is in a state."""
    driver = SimulatedDriver()
    driver.add_vm(name="vm1", id=MACHINE, state=state, contents="contents")
    return Client(driver)


def allow(client: Client, *permissions: str) -> None:
    """Let the client's role have these permissions and no others."""
    body = {"PermissionInput": [{"StampId": str(STAMP), "Permission": list(permissions)}]}
    answer = client.of(ADMIN_SUBSCRIPTION).send("MERGE", role_path(client.subscription), content=body)
    assert answer.status == 204


def state_of(client: Client) -> str:
    return next(vm.state for vm in client.driver.vms() if vm.id == MACHINE)


@pytest.fixture
def client() -> Client:
    return Client()


# Power -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("operation", "state"), CELLS)
def test_power(operation: str, state: State) -> None:
    permission, leads_to = TABLE[operation]
    client = client_in(state)
    allow(client, permission)
    answer = client.send("PUT", machine_path(), content={"Operation": operation})
    machine = client.read(machine_path())
    job = client.jobs()[-1]
    expected = leads_to.get(state)
    if expected is None:
        assert (answer.status, state_of(client), job["Status"]) == (409, state, "Failed")
        allowed = " or ".join(sorted(leads_to))
        assert answer.message == f"The virtual machine 'vm1' is {state}; {operation} needs a machine that is {allowed}."
        assert machine["MostRecentTaskId"] is None
    else:
        assert (answer.status, answer.body, state_of(client), job["Status"]) == (204, b"", expected, "Completed")
        assert answer.headers == {"DataServiceVersion": "1.0;", "x-ms-request-id": "<guid>"}
        assert machine["MostRecentTaskId"] == job["ID"]
    assert job["ID"] == answer.header("x-ms-request-id")
    assert job["Name"] == f"{operation} virtual machine"
    words = WORDS[expected or state]
    assert (machine["Status"], machine["StatusString"], machine["VirtualMachineState"]) == words
    assert machine["Operation"] is None


@pytest.mark.parametrize("operation", TABLE)
def test_power_needs_its_permission(operation: str) -> None:
    needed, leads_to = TABLE[operation]
    names = {permission for permission, _states in TABLE.values()} | {"Create", "Remove", "Checkpoint", "Save"}
    client = client_in(next(iter(leads_to)))  # type: ignore[arg-type]
    allow(client, *(names - {needed}))
    before = client.photograph()
    answer = client.send("MERGE", machine_path(), content={"Operation": operation})
    role = client.read(role_path(SUBSCRIPTION))["Name"]
    assert (answer.status, answer.message) == (
        403,
        f"The user role '{role}' lacks the permission '{needed}' on the stamp {STAMP}.",
    )
    assert client.photograph() == before


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize("operation", ["Suspend", "suspend", "SUSPEND", " Suspend "])
def test_power_by_each_verb(client: Client, verb: str, operation: str) -> None:
    assert client.send(verb, machine_path(), content={"Operation": operation}).status == 204
    assert state_of(client) == "Paused"


@pytest.mark.parametrize(
    ("operation", "status", "message"),
    [
        ("Repair", 501, "The operation 'Repair' is not supported."),
        ("Explode", 400, None),
        ("", 400, None),
        ("start;stop", 400, None),
        ("x" * 1000, 400, None),
    ],
)
def test_other_operations(client: Client, operation: str, status: int, message: str | None) -> None:
    before = client.photograph()
    answer = client.send("PUT", machine_path(), content={"Operation": operation, "Description": "new"})
    unknown = (
        f"'{operation[:100]}' is no operation of a virtual machine: use Start, Stop, Shutdown, Reset, Suspend, Resume."
    )
    assert (answer.status, answer.message) == (status, message or unknown)
    assert client.photograph() == before


def test_power_with_content_returned(client: Client) -> None:
    """As Microsoft's PowerShell client does: everything null but the key and the operation, by PUT."""
    machine = client.read(machine_path())
    body = {
        name: value if name in ("ID", "StampId") or isinstance(value, list) else None
        for name, value in machine.items()
        if "@" not in name
    }
    answer = client.send(
        "PUT", machine_path(), content={**body, "Operation": "Stop"}, headers={"Prefer": "return-content"}
    )
    assert (answer.status, answer.headers) == (
        200,
        {
            "Content-Type": JSON_SENT,
            "DataServiceVersion": "3.0;",
            "Preference-Applied": "return-content",
            "x-ms-request-id": "<guid>",
        },
    )
    stopped = {"Status": "PowerOff", "StatusString": "Stopped", "VirtualMachineState": "PowerOff"}
    assert answer.json == {
        "odata.metadata": client.root + "$metadata#VirtualMachines/@Element",
        **machine,
        **stopped,
        "ModifiedTime": answer.json["ModifiedTime"],
        "MostRecentTaskId": answer.header("x-ms-request-id"),
    }


@pytest.mark.parametrize("value", ["0", "1"])
def test_power_asynchronously(client: Client, value: str) -> None:
    answer = client.settled("PUT", machine_path(), f"RunAsynchronously={value}", {"Operation": "Stop"})
    assert (answer.status, state_of(client)) == (204, "Off")


# Reading ---------------------------------------------------------------------------------------------------------


def test_the_machines_of_a_subscription(client: Client) -> None:
    rows = client.get("VirtualMachines", "$orderby=Name&$select=Name,VirtualMachineState,CloudId").rows
    cloud = client.get("Clouds").rows[0]["ID"]
    assert rows == [
        {"CloudId": cloud, "Name": "vm1", "VirtualMachineState": "Running"},
        {"CloudId": cloud, "Name": "vm2", "VirtualMachineState": "PowerOff"},
    ]


def test_a_machine_reads_as_published(client: Client) -> None:
    machine = client.read(machine_path())
    given = {name: value for name, value in machine.items() if value not in (None, [])}
    role = client.read(role_path(SUBSCRIPTION))["Name"]
    assert given == {
        "AddedTime": "2013-08-06T23:17:18.4061005Z",
        "CloudId": client.get("Clouds").rows[0]["ID"],
        "CPUCount": 2,
        "CreationTime": "2013-08-06T23:17:18.4061005Z",
        "Enabled": True,
        "ID": str(MACHINE),
        "Memory": 2048,
        "ModifiedTime": "2013-08-06T23:17:18.4061005Z",
        "Name": "vm1",
        "OperatingSystemInstance": {
            "Name": "Windows Server 2012 R2 Standard",
            "Description": None,
            "Version": None,
            "Architecture": None,
            "Edition": None,
            "OSType": "WindowsServer2012R2",
            "ProductType": None,
        },
        "Owner": {"UserName": "user@contoso.com", "RoleName": role, "RoleID": str(SUBSCRIPTION)},
        "StartAction": "NeverAutoTurnOnVM",
        "Status": "Running",
        "StatusString": "Running",
        "StopAction": "SaveVM",
        "TotalSize": "0",
        "VirtualizationPlatform": "HyperV",
        "VMId": str(MACHINE),
        "StampId": str(STAMP),
        "VirtualMachineState": "Running",
        "Generation": 1,
    }


def test_a_machine_leads_to_its_cloud_and_its_task(client: Client) -> None:
    assert client.read(machine_path() + "/Cloud")["Name"] == "Contoso Cloud"
    assert client.get(machine_path() + "/MostRecentTask").status == 404
    job = client.send("PUT", machine_path(), content={"Operation": "Stop"}).header("x-ms-request-id")
    assert client.read(machine_path() + "/MostRecentTask")["ID"] == job
    for (
        name
    ) in "VirtualNetworkAdapters VirtualSCSIAdapters VirtualHardDisks VirtualDVDDrives VirtualDiskDrives".split():
        assert client.get(f"{machine_path()}/{name}").rows == []


def test_a_machine_that_the_store_does_not_know_is_the_administrators() -> None:
    driver = small_site()
    fresh = driver.add_vm(name="fresh", id=UUID(int=77))
    client = Client(driver)
    admin = client.of(ADMIN_SUBSCRIPTION)
    assert client.get(machine_path(fresh.id)).status == 404
    assert admin.read(machine_path(fresh.id))["StatusString"] == "Stopped"
    assert admin.send("PUT", machine_path(fresh.id), content={"Operation": "Start", "Tag": "x"}).status == 204
    after = admin.read(machine_path(fresh.id))
    assert (after["StatusString"], after["Tag"], after["Owner"]) == ("Running", "x", None)
    assert client.get(machine_path(fresh.id)).status == 404


def test_a_machine_that_the_host_does_not_know_is_not_there() -> None:
    driver = SimulatedDriver()
    driver.add_vm(name="vm1", id=MACHINE)
    client = Client(driver)
    assert [row["Name"] for row in client.get("VirtualMachines").rows] == ["vm1"]
    assert client.of(ADMIN_SUBSCRIPTION).get(machine_path(OTHER_MACHINE)).status == 404


# Changing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"Description": "d", "Tag": "t", "CostCenter": "c"}, {"Description": "d", "Tag": "t", "CostCenter": "c"}),
        ({"Description": "d", "Tag": None}, {"Description": "d"}),
        ({"Description": ""}, {"Description": ""}),
        ({"odata.type": "VMM.VirtualMachine", "ModifiedTime": "2013-08-06T23:17:18-07:00", "Tag": "t"}, {"Tag": "t"}),
        ({"Name": None, "Owner": None}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_what_an_update_keeps(client: Client, verb: str, given: dict[str, Any], changes: dict[str, Any]) -> None:
    assert client.send("MERGE", machine_path(), content={"CostCenter": "kept"}).status == 204
    before = client.read(machine_path())
    answer = client.send(verb, machine_path(), content=given)
    after = client.read(machine_path())
    assert answer.status == 204
    assert after == {
        **before,
        **changes,
        "ModifiedTime": after["ModifiedTime"],
        "MostRecentTaskId": answer.header("x-ms-request-id"),
    }
    assert after["ModifiedTime"] > before["ModifiedTime"]
    assert state_of(client) == "Running"


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize("level", ["minimalmetadata", "fullmetadata", "nometadata"])
def test_an_echo_of_everything_is_accepted(client: Client, verb: str, level: str) -> None:
    before = client.read(machine_path())
    echo = client.get(machine_path(), headers={"Accept": f"application/json;odata={level}"}).json
    assert client.send("PUT", machine_path(), content={"Operation": "Stop"}).status == 204
    # The echo is of a moment that has passed: what changed meanwhile is nothing that the client could have set.
    answer = client.send(verb, machine_path(), content={**echo, "Tag": "echoed"})
    after = client.read(machine_path())
    assert answer.status == 204
    assert after == {
        **before,
        "Tag": "echoed",
        "ModifiedTime": after["ModifiedTime"],
        "MostRecentTaskId": answer.header("x-ms-request-id"),
        "Status": "PowerOff",
        "StatusString": "Stopped",
        "VirtualMachineState": "PowerOff",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Name", "other"),
        ("Memory", 4096),
        ("CPUCount", 4),
        ("Owner", {"UserName": "x", "RoleName": "y", "RoleID": str(SUBSCRIPTION)}),
        ("GrantedToList", [{"UserName": "x"}]),
        ("CloudId", str(MACHINE)),
        ("StartVM", True),
        ("Agent", True),
        ("Password", "secret"),
        ("TotalSize", "1"),
    ],
)
def test_changes_that_cannot_be_made(client: Client, name: str, value: Any) -> None:
    before = client.photograph()
    answer = client.send("PUT", machine_path(), content={"Tag": "t", "Operation": "Stop", name: value})
    if name == "TotalSize":  # read-only: whatever is said of it is an echo
        assert (answer.status, state_of(client)) == (204, "Off")
        return
    assert (answer.status, answer.message) == (501, f"Changing '{name}' of a virtual machine is not supported.")
    assert client.photograph() == before


@pytest.mark.parametrize(
    ("method", "path", "content", "message"),
    [
        ("POST", "VirtualMachines", {"StampId": str(STAMP), "Name": "new"}, "Creating virtual machines"),
        ("DELETE", machine_path(), None, "Deleting virtual machines"),
    ],
)
def test_machines_are_neither_made_nor_unmade(
    client: Client, method: str, path: str, content: Any, message: str
) -> None:
    before = client.photograph()
    answer = client.send(method, path, content=content)
    assert (answer.status, answer.message) == (501, f"{message} is not supported.")
    assert client.photograph() == before


def test_a_rename_on_the_host_shows_at_once(client: Client) -> None:
    """The store must not outlive what the host says, even after the service has kept something of the machine."""
    assert client.send("MERGE", machine_path(), content={"Tag": "t"}).status == 204
    client.driver.power(MACHINE, "suspend")
    machine = client.read(machine_path())
    assert (machine["StatusString"], machine["Tag"]) == ("Paused", "t")
