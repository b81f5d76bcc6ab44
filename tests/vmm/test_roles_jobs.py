# UserRoles and Jobs: who may do what, how that is changed, and what is left on record of each write.

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from odata_core.backend import Context, Writes
from odata_vmm import jobs
from odata_vmm.drivers import Denied, DriverError, NotFound, OutcomeUnknown, Rejected, Unavailable
from odata_vmm.sample import ADMIN_SUBSCRIPTION, MACHINE, OTHER_SUBSCRIPTION, STAMP, STOPPED_MACHINE, SUBSCRIPTION
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint, role_path

OTHER_STAMP = UUID(int=9)
UPDATES = ["MERGE", "PATCH", "PUT"]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def admin(client: Client) -> Client:
    return client.of(ADMIN_SUBSCRIPTION)


def permissions(*names: str, stamp: UUID = STAMP) -> dict[str, Any]:
    """One element of PermissionInput as Microsoft's sample sends it."""
    return {"Permission": list(names), "Permission@odata.type": "Collection(Edm.String)", "StampId": str(stamp)}


def inputs(*items: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": str(SUBSCRIPTION),
        "PermissionInput": list(items),
        "PermissionInput@odata.type": "Collection(VMM.UserRolePermission)",
        "odata.type": "VMM.UserRole",
    }


# Roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize("path", [f"UserRoles/{SUBSCRIPTION}", f"UserRoles(ID=Guid'{SUBSCRIPTION}')"])
def test_permissions_are_replaced(client: Client, admin: Client, verb: str, path: str) -> None:
    before = client.read(path)
    answer = admin.send(verb, path, content=inputs(permissions("Start", "Checkpoint", "Start", "Of our own")))
    assert (answer.status, answer.body, answer.headers) == (
        204,
        b"",
        {"DataServiceVersion": "1.0;", "x-ms-request-id": "<guid>"},
    )
    assert client.read(path) == {**before, "Permission": ["Start", "Checkpoint", "Of our own"]}


def test_each_stamp_has_its_own_permissions(client: Client, admin: Client) -> None:
    path = role_path(SUBSCRIPTION)
    steps = [
        ([permissions("Start")], ["Start"]),
        ([permissions("Stop", "Start", stamp=OTHER_STAMP)], ["Start", "Stop"]),
        ([permissions("Shutdown")], ["Shutdown", "Stop", "Start"]),
        ([], ["Shutdown", "Stop", "Start"]),
        ([permissions(stamp=OTHER_STAMP), permissions("Checkpoint")], ["Checkpoint"]),
        ([permissions("Start"), permissions("Stop")], ["Stop"]),
    ]
    for items, joined in steps:
        assert admin.send("MERGE", path, content=inputs(*items)).status == 204
        assert client.read(path)["Permission"] == joined
    # What is allowed elsewhere is not allowed here.
    admin.send("MERGE", path, content=inputs(permissions(), permissions("Checkpoint", stamp=OTHER_STAMP)))
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint()).status == 403


def test_what_is_read_back_can_be_sent_again(client: Client, admin: Client) -> None:
    """The documented way: read Permission, append, send all of it; here in a PUT of the whole entity."""
    path = role_path(SUBSCRIPTION)
    before = client.read(path)
    longer = permissions(*before["Permission"], "RemoteConnect")
    assert admin.send("PUT", path, content={**before, "PermissionInput": [longer]}).status == 204
    assert client.read(path) == {**before, "Permission": [*before["Permission"], "RemoteConnect"]}


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"PermissionInput": [{"Permission": ["Start"]}]}, 400, "needs a StampId"),
        ({"PermissionInput": [{"StampId": None, "Permission": ["Start"]}]}, 400, "needs a StampId"),
        ({"PermissionInput": [{"StampId": str(STAMP)}]}, 400, "needs a StampId and its list Permission"),
        ({"PermissionInput": [{}]}, 400, "needs a StampId"),
        ({"PermissionInput": [None]}, 400, "At $.PermissionInput[0]"),
        ({"PermissionInput": None}, 400, "The value of the property 'PermissionInput' is null."),
        ({"PermissionInput": {"StampId": str(STAMP)}}, 400, "an array"),
        ({"PermissionInput": [{"StampId": str(STAMP), "Permission": None}]}, 400, "'Permission' is null"),
        ({"PermissionInput": [{"StampId": str(STAMP), "Permission": [None]}]}, 400, "PermissionInput[0].Permission[0]"),
        ({"PermissionInput": [{"StampId": str(STAMP), "Permission": "Start"}]}, 400, "an array"),
        ({"PermissionInput": [{"StampId": str(STAMP), "Permision": []}]}, 400, "Did you mean 'Permission'?"),
        ({"AddScope": [{"StampId": str(STAMP)}]}, 501, "Changing a user role by 'AddScope' is not supported."),
        ({"VMNetworkQuota": [{}]}, 501, "'VMNetworkQuota'"),
    ],
)  # fmt: skip
def test_bad_inputs(admin: Client, given: dict[str, Any], status: int, message: str) -> None:
    before = admin.photograph()
    answer = admin.send("MERGE", role_path(SUBSCRIPTION), content={"Name": "new", **given})
    assert answer.status == status
    assert message in answer.message
    assert admin.photograph() == before


def test_name_description_and_members(client: Client, admin: Client) -> None:
    path = role_path(SUBSCRIPTION)
    before = client.read(path)
    body = {
        "Name": "renamed",
        "Description": "described",
        "AddMember": ["b", "a", "b"],
        "RemoveMember": ["user@contoso.com", "nobody"],
        "UserRoleProfile": "Administrator",
        "Profile": "Administrator",
        "ParentUserRoleId": None,
        "Members": ["ignored"],
        "Permission": ["ignored"],
    }
    assert admin.send("PUT", path, content=body).status == 204
    assert client.read(path) == {**before, "Name": "renamed", "Description": "described", "Members": ["b", "a"]}


@pytest.mark.parametrize("verb", UPDATES)
def test_who_may_not_manage_a_role(client: Client, verb: str) -> None:
    before = client.photograph()
    answer = client.send(verb, role_path(SUBSCRIPTION), content=inputs(permissions("Everything")))
    name = client.read(role_path(SUBSCRIPTION))["Name"]
    assert (answer.status, answer.message) == (403, f"The user role '{name}' may not change '{name}'.")
    for other in (OTHER_SUBSCRIPTION, ADMIN_SUBSCRIPTION):
        assert client.send(verb, role_path(other), content=inputs(permissions("Everything"))).status == 404
    assert client.photograph() == before


def test_a_tenant_administrator_manages_the_roles_below() -> None:
    client = Client()
    site = client.service.site
    below = UUID(int=5)
    roles = site.model.entity_sets["UserRoles"]
    with site.store.session(Context()) as session:
        assert isinstance(session, Writes)
        session.insert(
            roles,
            {"ID": below, "Name": "below", "UserRoleProfile": "SelfServiceUser", "ParentUserRoleId": SUBSCRIPTION},
        )
    assert client.of(below).send("POST", "VMCheckPoints", content=new_checkpoint()).status == 404
    assert client.send("MERGE", role_path(below), content=inputs(permissions("Start"))).status == 204
    assert client.read(role_path(below))["Permission"] == ["Start"]
    assert client.of(OTHER_SUBSCRIPTION).send("MERGE", role_path(below), content=inputs()).status == 404
    # Nobody gives what they have not; what the role has already may stay.
    told = (
        f"The user role '{client.read(role_path(SUBSCRIPTION))['Name']}' may not give the permission 'Own' on the stamp"
    )
    refused = client.send("MERGE", role_path(below), content=inputs(permissions("Start", "Own")))
    assert (refused.status, refused.message) == (403, f"{told} {STAMP}, which it has not.")
    elsewhere = client.send("MERGE", role_path(below), content=inputs(permissions("Start", stamp=OTHER_STAMP)))
    assert elsewhere.status == 403
    admin = client.of(ADMIN_SUBSCRIPTION)
    assert admin.send("MERGE", role_path(below), content=inputs(permissions("Start", "Own"))).status == 204
    assert client.send("MERGE", role_path(below), content=inputs(permissions("Stop", "Own"))).status == 204
    assert client.read(role_path(below))["Permission"] == ["Stop", "Own"]
    # Managing goes down only, and only for a tenant administrator.
    assert client.of(below).send("MERGE", role_path(SUBSCRIPTION), content=inputs()).status == 404
    assert client.of(below).send("MERGE", role_path(below), content=inputs()).status == 403


@pytest.mark.parametrize(("method", "path"), [("POST", "UserRoles"), ("DELETE", role_path(SUBSCRIPTION))])
def test_roles_are_neither_made_nor_unmade(admin: Client, method: str, path: str) -> None:
    before = admin.photograph()
    assert admin.send(method, path, content={"Name": "new"} if method == "POST" else None).status == 501
    assert admin.photograph() == before


# operation -> the statuses with these permissions: none, CheckpointRestoreOnly, Checkpoint
@pytest.mark.parametrize(
    ("method", "body", "statuses"),
    [
        ("POST", new_checkpoint(), (403, 403, 201)),
        ("MERGE", {"VMCheckPointAction": "Restore"}, (403, 204, 204)),
        ("MERGE", {"Name": "new"}, (403, 403, 204)),
        ("MERGE", {"Description": "new"}, (403, 403, 204)),
        ("MERGE", {"VMCheckPointAction": "Restore", "Name": "new"}, (403, 403, 204)),
        ("MERGE", {"VMCheckPointAction": "Restore", "Name": "Testing Checkpoint #1"}, (403, 204, 204)),
        ("PUT", {"VMCheckPointAction": "Set"}, (403, 403, 204)),
        ("PUT", {}, (403, 403, 204)),
        ("DELETE", None, (403, 403, 204)),
    ],
)
def test_permissions_for_checkpoints(
    client: Client, admin: Client, method: str, body: Any, statuses: tuple[int, ...]
) -> None:
    entity = client.create()
    path = "VMCheckPoints" if method == "POST" else checkpoint_path(entity["ID"])
    for names, status in zip((["Start"], ["CheckpointRestoreOnly"], ["Checkpoint"]), statuses, strict=True):
        assert admin.send("MERGE", role_path(SUBSCRIPTION), content=inputs(permissions(*names))).status == 204
        before = client.photograph()
        answer = client.send(method, path, content=body)
        assert (names, answer.status) == (names, status)
        assert (client.photograph() == before) is (status == 403)


# Jobs ------------------------------------------------------------------------------------------------------------

RESTORE = {"VMCheckPointAction": "Restore"}
WRITES: list[tuple[str, str, str, Any, str, str]] = [
    # name, method, path, body, name of the job, cmdlet
    ("create", "POST", "VMCheckPoints", new_checkpoint(), "Create checkpoint", "New-SCVMCheckpoint"),
    ("rename", "PUT", "checkpoint", {"Name": "n"}, "Change properties of checkpoint", "Set-SCVMCheckpoint"),
    ("same name", "PUT", "checkpoint", {}, "Change properties of checkpoint", "Set-SCVMCheckpoint"),
    ("restore", "MERGE", "checkpoint", RESTORE, "Restore checkpoint", "Restore-SCVMCheckpoint"),
    ("remove", "DELETE", "checkpoint", None, "Remove checkpoint", "Remove-SCVMCheckpoint"),
    ("power", "PUT", "machine", {"Operation": "Shutdown"}, "Shutdown virtual machine", "Stop-SCVirtualMachine"),
    ("tag", "PUT", "machine", {"Tag": "x"}, "Change properties of virtual machine", "Set-SCVirtualMachine"),
    ("same tag", "PUT", "machine", {}, "Change properties of virtual machine", "Set-SCVirtualMachine"),
]  # fmt: skip


def place(client: Client, path: str) -> str:
    """A path of the table above, for a machine that has one checkpoint."""
    checkpoint = client.get("VMCheckPoints", f"$filter=VMId eq guid'{MACHINE}'").rows[0]["ID"]
    return {"checkpoint": checkpoint_path(checkpoint), "machine": machine_path()}.get(path, path)


@pytest.mark.parametrize(
    ("method", "path", "body", "name", "cmdlet"), [row[1:] for row in WRITES], ids=[row[0] for row in WRITES]
)
def test_each_write_is_one_job(client: Client, method: str, path: str, body: Any, name: str, cmdlet: str) -> None:
    client.create()
    earlier = client.jobs()
    answer = client.send(method, place(client, path), content=body)
    assert answer.status in (201, 204)
    [job] = [job for job in client.jobs() if job not in earlier]
    told = {key: value for key, value in job.items() if value not in (None, [])}
    changing = ("StartTime", "EndTime", "ResultObjectID", "ResultName", "ResultObjectType")
    assert {key: value for key, value in told.items() if key not in changing} == {
        "ID": answer.header("x-ms-request-id"),
        "Name": name,
        "CmdletName": cmdlet,
        "IsCompleted": True,
        "IsRestartable": False,
        "IsStoppable": False,
        "IsVisible": True,
        "Owner": "user@contoso.com",
        "ProgressValue": 100,
        "Progress": "100 %",
        "Status": "Completed",
        "StatusString": "Completed",
        "Target": "vm1",
        "TargetObjectID": str(MACHINE),
        "TargetObjectType": "VM",
        "Description": {**dict.fromkeys(told["Description"]), "Name": name},
        "StampId": str(STAMP),
        "ErrorInfo": {
            **dict.fromkeys(told["ErrorInfo"]),
            "ErrorCodeString": "Success",
            "ErrorType": "Info",
            "IsSuccess": True,
            "IsTerminating": False,
        },
    }
    assert told["StartTime"] <= told["EndTime"]
    # As Microsoft's client polls: by ID alone, and by key.
    assert client.get("Jobs", f"$filter=ID eq guid'{job['ID']}'").rows == [job]
    assert client.read(f"Jobs(StampId=guid'{STAMP}',ID=guid'{job['ID']}')") == job


FAILURES: list[tuple[type[DriverError], int]] = [
    (NotFound, 404),
    (Denied, 403),
    (Rejected, 409),
    (Unavailable, 503),
    (OutcomeUnknown, 502),
]
# What is told when nothing came of a command of which the host did not say what came of it.
ASKED_AGAIN = {
    "create": " When the host was asked again, it had no checkpoint 'Testing Checkpoint #1': "
    "look again before you retry.",
    "rename": " When the host was asked again, its name is 'Testing Checkpoint #1'.",
    "restore": " When the host was asked again, it does not tell whether the machine was restored.",
    "remove": " When the host was asked again, the checkpoint is there.",
    "power": " When the host was asked again, the machine is Running.",
}
CALLS = ("create", "rename", "restore", "remove", "power")  # of the driver, and names in the table above


@pytest.mark.parametrize(("kind", "status"), FAILURES)
@pytest.mark.parametrize("write", [row for row in WRITES if row[0] in CALLS], ids=lambda row: str(row[0]))
def test_a_driver_that_fails(
    client: Client, kind: type[DriverError], status: int, write: tuple[str, str, str, Any, str, str]
) -> None:
    call, method, path, body, name, cmdlet = write
    client.create()
    client.driver.write(MACHINE, "later")
    target = place(client, path)
    earlier, before = client.jobs(), client.photograph(jobs=False)
    client.driver.fail_with(kind("The host said no."), on=call)
    answer = client.send(method, target, content=body)
    told = "The host said no." + (ASKED_AGAIN[call] if kind is OutcomeUnknown else "")
    assert (answer.status, answer.message) == (status, told)
    if (call, kind) == ("create", OutcomeUnknown):
        lost = [row for row in client.photograph()[0]["VMCheckPoints"] if not row["Enabled"]]
        assert [(row["Name"], row["CheckpointID"]) for row in lost] == [("Testing Checkpoint #1", None)]
    else:
        assert client.photograph(jobs=False) == before
    [job] = [job for job in client.jobs() if job not in earlier]
    assert job["ID"] == answer.header("x-ms-request-id")
    keys = "Name CmdletName Status StatusString IsCompleted ProgressValue Progress".split()
    assert [job[key] for key in keys] == [name, cmdlet, "Failed", "Failed", True, 0, "0 %"]
    assert {key: value for key, value in job["ErrorInfo"].items() if value is not None} == {
        "ErrorCodeString": "Failed",
        "ErrorType": "Error",
        "ExceptionDetails": told,
        "IsSuccess": False,
        "IsTerminating": True,
        "Problem": told,
    }
    # It can be done again, and then works.
    assert client.send(method, target, content=body).status in (201, 204)


@pytest.mark.parametrize(("kind", "status"), FAILURES)
@pytest.mark.parametrize("call", ["vms", "checkpoints"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "VMCheckPoints", None),
        ("GET", "VMCheckPoints/$count", None),
        ("GET", "checkpoint", None),
        ("MERGE", "checkpoint", {"Name": "new"}),
        ("DELETE", "checkpoint", None),
    ],
)
def test_a_driver_that_cannot_be_asked(
    client: Client, kind: type[DriverError], status: int, call: str, method: str, path: str, body: Any
) -> None:
    """Nothing was begun, so there is no job. A machine that has just gone has no checkpoints, and that is no error."""
    client.create()
    target = place(client, path)
    before = client.photograph()
    # Who names one machine has only that one asked about.
    client.driver.fail_with(kind("The host said no."), on="vm" if (call, path) == ("vms", "checkpoint") else call)
    answer = client.send(method, target, content=body)
    gone = kind is NotFound and call == "checkpoints"
    assert answer.status == (200 if gone and "VMCheckPoints" in path else status)
    assert answer.header("x-ms-request-id") is None
    assert client.photograph() == before


def test_a_rename_that_works_before_a_restore_that_fails(client: Client) -> None:
    entity = client.create()
    client.driver.write(MACHINE, "later")
    client.driver.fail_with(Rejected("The host said no."), on="restore")
    body = {"Name": "new", "VMCheckPointAction": "Restore"}
    assert client.send("MERGE", checkpoint_path(entity["ID"]), content=body).status == 409
    assert client.driver.read(MACHINE) == "later"
    assert client.jobs()[-1]["Status"] == "Failed"


@pytest.mark.parametrize("status", ["Completed", "Failed"])
@pytest.mark.parametrize("verb", UPDATES)
def test_no_job_can_be_restarted(client: Client, verb: str, status: str) -> None:
    client.send("PUT", machine_path(), content={"Operation": "Stop"})
    client.send("PUT", machine_path(), content={"Operation": "Stop"})
    [job] = client.get("Jobs", f"$filter=Status eq '{status}'").rows
    before = client.photograph()
    answer = client.send(verb, f"Jobs(ID=guid'{job['ID']}',StampId=guid'{STAMP}')", content={"UserName": "x"})
    assert (answer.status, answer.message) == (
        409,
        f"The job 'Stop virtual machine' is {status} and cannot be restarted.",
    )
    assert client.photograph() == before


@pytest.mark.parametrize(
    ("method", "path", "message", "allow"),
    [
        ("POST", "Jobs", "'Jobs' cannot be added to.", "GET, HEAD"),
        ("DELETE", "job", "'Jobs' cannot be deleted from.", "GET, HEAD, PUT, MERGE, PATCH"),
        ("POST", "Clouds", "'Clouds' cannot be added to.", "GET, HEAD"),
        ("PUT", "cloud", "'Clouds' cannot be changed.", "GET, HEAD"),
        ("DELETE", "cloud", "'Clouds' cannot be deleted from.", "GET, HEAD"),
    ],
)
def test_what_is_read_only(client: Client, method: str, path: str, message: str, allow: str) -> None:
    client.send("PUT", machine_path(), content={"Operation": "Stop"})
    places = {
        name.lower().removesuffix("s"): f"{name}(ID=guid'{client.get(name).rows[0]['ID']}',StampId=guid'{STAMP}')"
        for name in ("Jobs", "Clouds")
    }
    before = client.photograph()
    body = {"ID": str(UUID(int=1)), "StampId": str(STAMP), "Name": "x"}
    answer = client.send(method, places.get(path, path), content=None if method == "DELETE" else body)
    assert (answer.status, answer.message, answer.header("Allow")) == (405, message, allow)
    assert client.photograph() == before


def test_old_jobs_are_forgotten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_JOBS", 3)
    ids = [
        client.send("PUT", machine_path(STOPPED_MACHINE), content={"Tag": str(number)}).header("x-ms-request-id")
        for number in range(10)
    ]
    assert [job["ID"] for job in client.jobs()] == ids[-3:]
    assert client.get(machine_path(STOPPED_MACHINE) + "/MostRecentTask").status == 200


def test_times_of_jobs_are_on_the_clock_of_the_site(client: Client) -> None:
    client.create()
    [job] = client.jobs()
    assert job["StartTime"][-6:] in ("-07:00", "-08:00")
    assert job["EndTime"][-6:] in ("-07:00", "-08:00")


# ------------------------------------------------------------ what a client is told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Failed to open '/var/lib/libvirt/images/vm1.qcow2': No space", "Failed to open 'vm1.qcow2': No space"),
        ("Cannot open C:\\ClusterStorage\\Volume 1\\vm1.vhdx.", "Cannot open vm1.vhdx."),
        ("Cannot open \\\\files\\vm share\\vm1.vhdx.", "Cannot open vm1.vhdx."),
        ("The host qemu+ssh://root@kvm01/system said 1/2 and/or no.",) * 2,
        ("The account CONTOSO\\svc may not; see http://a/b/c.",) * 2,
    ],
)
def test_where_things_are_on_a_host_is_no_clients_business(client: Client, said: str, told: str) -> None:
    client.driver.fail_with(Rejected(said), on="create")
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint())
    [job] = client.get("Jobs").rows
    assert (answer.status, answer.message, job["ErrorInfo"]["Problem"]) == (409, told, told)
