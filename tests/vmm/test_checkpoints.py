# VMCheckPoints: create, read, rename, restore, delete, and what each does to the machine behind it.

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from odata_vmm.sample import ADMIN_SUBSCRIPTION, MACHINE, OTHER_MACHINE, STAMP, STOPPED_MACHINE
from tests.vmm.requests import (
    JSON_SENT,
    ZERO,
    Client,
    checkpoint_path,
    machine_path,
    new_checkpoint,
    small_site,
)

UPDATES = ["MERGE", "PATCH", "PUT"]


@pytest.fixture
def client() -> Client:
    return Client()


def known(entity: dict[str, Any]) -> dict[str, Any]:
    """An entity without what differs from run to run."""
    return {
        name: value
        for name, value in entity.items()
        if name not in ("ID", "CheckpointID", "AddedTime", "ModifiedTime", "odata.metadata")
    }


FRESH = {
    "Accessibility": "Public",
    "Description": "A snapshot",
    "Enabled": True,
    "Name": "Testing Checkpoint #1",
    "ParentCheckpointID": None,
    "VMId": str(MACHINE),
    "StampId": str(STAMP),
    "VMCheckPointAction": None,
    "Confirm": None,
    "RunAsynchronously": None,
}

# Creating --------------------------------------------------------------------------------------------------------


def test_create(client: Client) -> None:
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint())
    entity = answer.json
    assert (answer.status, answer.headers) == (
        201,
        {
            "Content-Type": JSON_SENT,
            "DataServiceVersion": "3.0;",
            "Location": client.root + checkpoint_path(entity["ID"]),
            "x-ms-request-id": "<guid>",
        },
    )
    assert list(entity) == [
        "odata.metadata",
        *"Accessibility CheckpointID Description Enabled ID Name ParentCheckpointID VMId".split(),
        *"AddedTime ModifiedTime StampId VMCheckPointAction Confirm RunAsynchronously".split(),
    ]
    assert entity["odata.metadata"] == client.root + "$metadata#VMCheckPoints/@Element"
    assert known(entity) == FRESH
    assert entity["CheckpointID"] is None
    assert entity["AddedTime"] <= entity["ModifiedTime"]
    [held] = client.driver.checkpoints(MACHINE)
    assert (held.name, held.description, held.parent_id) == ("Testing Checkpoint #1", "A snapshot", None)
    # From then on the hypervisor's id is known, and nothing else is different.
    assert client.get(checkpoint_path(entity["ID"])).json == {**entity, "CheckpointID": str(held.id)}


@pytest.mark.parametrize(
    "given",
    [
        {"ID": ZERO},
        {"ID": None},
        {"ID": "11111111-2222-3333-4444-555555555555"},
        {"CheckpointID": "11111111-2222-3333-4444-555555555555"},
        {"Accessibility": "Private", "Enabled": False, "Confirm": True, "RunAsynchronously": True},
        {"AddedTime": "2001-01-01T00:00:00", "ModifiedTime": "2001-01-01T00:00:00Z"},
        {"ParentCheckpointID": "11111111-2222-3333-4444-555555555555"},
        {"odata.type": "#VMM.VMCheckPoint"},
    ],
    ids=lambda given: "+".join(given),
)
def test_what_the_server_makes_is_not_the_clients_to_choose(client: Client, given: dict[str, Any]) -> None:
    entity = client.create(**given)
    assert known(entity) == FRESH
    assert entity["ID"] not in (ZERO, "11111111-2222-3333-4444-555555555555")
    assert entity["AddedTime"] > "2020"
    assert entity["ModifiedTime"] >= entity["AddedTime"]


def test_the_least_that_creates(client: Client) -> None:
    answer = client.send("POST", "VMCheckPoints", content={"VMId": str(MACHINE), "StampId": str(STAMP)})
    assert answer.status == 201
    name = answer.json["Name"]
    assert known(answer.json) == {**FRESH, "Description": "", "Name": name}
    assert name.startswith("vm1 - (")


def test_an_id_sent_twice_makes_two_checkpoints(client: Client) -> None:
    mine = "11111111-2222-3333-4444-555555555555"
    assert client.create(ID=mine)["ID"] != client.create(ID=mine)["ID"]


def test_each_checkpoint_is_the_child_of_the_current_one(client: Client) -> None:
    first = client.create(Name="first")
    second = client.create(Name="second")
    third = client.create(Name="third")
    assert [entity["ParentCheckpointID"] for entity in (first, second, third)] == [None, first["ID"], second["ID"]]
    client.send("MERGE", checkpoint_path(first["ID"]), content={"VMCheckPointAction": "Restore"})
    assert client.create(Name="fourth")["ParentCheckpointID"] == first["ID"]


def test_create_through_the_machine(client: Client) -> None:
    path = machine_path(STOPPED_MACHINE) + "/VMCheckpoints"
    answer = client.send("POST", path, content={"Name": "here", "VMId": str(MACHINE)})
    assert answer.status == 201
    assert known(answer.json) == {**FRESH, "Name": "here", "Description": "", "VMId": str(STOPPED_MACHINE)}
    assert answer.header("Location") == client.root + checkpoint_path(answer.json["ID"])
    assert client.driver.checkpoints(MACHINE) == []


@pytest.mark.parametrize(
    ("prefer", "status", "applied", "has_body"),
    [
        (None, 201, None, True),
        ("return-content", 201, "return-content", True),
        ("return-no-content", 204, "return-no-content", False),
        ("Return-No-Content, respond-async", 204, "return-no-content", False),
        ("respond-async", 201, None, True),
    ],
)
def test_create_with_a_preference(
    client: Client, prefer: str | None, status: int, applied: str | None, has_body: bool
) -> None:
    answer = client.send("POST", "VMCheckPoints", content=new_checkpoint(), headers={"Prefer": prefer})
    [row] = client.get("VMCheckPoints").rows
    location = client.root + checkpoint_path(row["ID"])
    assert (answer.status, bool(answer.body)) == (status, has_body)
    assert answer.headers == {
        **({"Content-Type": JSON_SENT} if has_body else {}),
        "DataServiceVersion": "3.0;" if has_body else "1.0;",
        "Location": location,
        **({} if has_body else {"DataServiceId": location}),
        **({"Preference-Applied": applied} if applied else {}),
        "x-ms-request-id": "<guid>",
    }


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "VMCheckPoints(ID=guid'{id}',StampId=guid'{stamp}')",
        "VMCheckPoints(StampId=guid'{stamp}',ID=guid'{id}')",
        "VMCheckPoints(StampId=Guid'{stamp}',ID=GUID'{ID}')",
        "VMCheckPoints(ID=guid'{{{id}}}',StampId=guid'{stamp}')",
        "VMCheckPoints( ID = guid'{id}' , StampId=guid'{stamp}')",
        "VMCheckPoints%28ID%3Dguid%27{id}%27,StampId=guid'{stamp}'%29",
        "VMCheckPoints/{id}/{stamp}",
        "VMCheckPoints/{ID}/{stamp}/",
        "VMCheckPoints()/{id}/{stamp}",
        "VirtualMachines(StampId=guid'{stamp}',ID=guid'{vm}')/VMCheckpoints(ID=guid'{id}',StampId=guid'{stamp}')",
        "VirtualMachines/{vm}/{stamp}/VMCheckpoints/{id}/{stamp}",
    ],
)
def test_read_by_key(client: Client, path: str) -> None:
    entity = client.create()
    client.create(Name="another")
    shown = {"id": entity["ID"], "ID": entity["ID"].upper(), "stamp": STAMP, "vm": MACHINE}
    assert client.read(path.format(**shown)) == entity


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("VMCheckPoints(ID=guid'{id}',StampId=guid'{zero}')", 404),
        ("VMCheckPoints(ID=guid'{zero}',StampId=guid'{stamp}')", 404),
        ("VMCheckPoints(ID=guid'{cp}',StampId=guid'{stamp}')", 404),
        (
            "VirtualMachines(StampId=guid'{stamp}',ID=guid'{vm}')/VMCheckpoints(ID=guid'{id}',StampId=guid'{stamp}')",
            404,
        ),
        ("vmcheckpoints", 404),
        ("VMCheckPoints(guid'{id}')", 400),
        ("VMCheckPoints(guid'{id}',guid'{stamp}')", 400),
        ("VMCheckPoints(ID=guid'{id}')", 400),
        ("VMCheckPoints(ID=guid'{id}',ID=guid'{id}')", 400),
        ("VMCheckPoints(ID=guid'{id}',Stamp=guid'{stamp}')", 400),
        ("VMCheckPoints(ID=guid'{id}',StampId=guid'{stamp}',VMId=guid'{vm}')", 400),
        ("VMCheckPoints(ID=guid'x',StampId=guid'{stamp}')", 400),
        ("VMCheckPoints(ID=1,StampId=guid'{stamp}')", 400),
        ("VMCheckPoints(ID=null,StampId=guid'{stamp}')", 400),
        ("VMCheckPoints/{id}", 400),
        ("VMCheckPoints/{id}/x", 400),
        ("VMCheckPoints(ID=guid'{id}',StampId=guid'{stamp}'", 400),
    ],
)
def test_keys_that_lead_nowhere(client: Client, path: str, status: int) -> None:
    entity = client.create()
    places = {"id": entity["ID"], "cp": entity["CheckpointID"], "stamp": STAMP, "vm": STOPPED_MACHINE, "zero": ZERO}
    answer = client.get(path.format(**places))
    assert (answer.status, bool(answer.message)) == (status, True)


def test_read_many(client: Client) -> None:
    one = client.create(Name="one")
    two = client.create(Name="two", Description="the second")
    three = client.create(STOPPED_MACHINE, Name="three")
    by_id = {entity["ID"]: entity for entity in (one, two, three)}
    everything = client.get("VMCheckPoints()").json
    assert everything == {
        "odata.metadata": client.root + "$metadata#VMCheckPoints",
        "value": [by_id[key] for key in sorted(by_id)],
    }
    table: list[tuple[str, list[dict[str, Any]]]] = [
        (f"VMId eq guid'{MACHINE}'", [one, two]),
        (f"VMId eq guid'{STOPPED_MACHINE}' and Name eq 'three'", [three]),
        (f"VMId eq guid'{STOPPED_MACHINE}' and Name eq 'one'", []),
        (f"VMId eq guid'{OTHER_MACHINE}'", []),
        (f"VMId eq guid'{ZERO}'", []),
        ("VMId eq null", []),
        (f"ID eq guid'{two['ID']}'", [two]),
        (f"guid'{two['ID']}' eq ID", [two]),
        (f"ParentCheckpointID eq guid'{one['ID']}'", [two]),
        ("ParentCheckpointID eq null", [one, three]),
        (f"CheckpointID eq guid'{three['CheckpointID']}'", [three]),
        ("substringof('sec',Description)", [two]),
        (f"AddedTime gt datetime'{one['AddedTime']}'", [two, three]),
        ("Enabled", [one, two, three]),
        ("not Enabled", []),
        ("VMCheckPointAction eq null and Accessibility eq 'Public'", [one, two, three]),
    ]
    for condition, wanted in table:
        found = client.get("VMCheckPoints", f"$filter={condition}&$orderby=AddedTime")
        assert (condition, found.rows) == (condition, wanted)
        counted = client.get("VMCheckPoints/$count", f"$filter={condition}", headers={"Accept": "text/plain"})
        assert (condition, counted.body) == (condition, str(len(wanted)).encode())
    path = machine_path() + "/VMCheckpoints"
    assert client.get(path, "$orderby=AddedTime desc").rows == [two, one]
    assert client.get(path, f"$filter=VMId eq guid'{STOPPED_MACHINE}'").rows == []
    assert client.get(path, f"$filter=VMId eq guid'{STOPPED_MACHINE}' or true&$orderby=Name").rows == [one, two]
    assert client.get(path, "$orderby=Name&$skip=1&$top=1&$inlinecount=allpages&$select=Name").json == {
        "odata.metadata": client.root + "$metadata#VMCheckPoints&$select=Name",
        "odata.count": "2",
        "value": [{"Name": "two"}],
    }


def test_the_parent(client: Client) -> None:
    parent = client.create(Name="parent")
    child = client.create(Name="child")
    assert client.read(checkpoint_path(child["ID"]) + "/ParentCheckPoint") == parent
    assert client.read(checkpoint_path(child["ID"]) + "/ParentCheckPoint/Name")["value"] == "parent"
    assert client.get(checkpoint_path(child["ID"]) + "/$links/ParentCheckPoint").json == {
        "odata.metadata": client.root + "$metadata#VMCheckPoints/$links/ParentCheckPoint/@Element",
        "url": client.root + checkpoint_path(parent["ID"]),
    }
    assert client.get(checkpoint_path(parent["ID"]) + "/ParentCheckPoint").status == 404
    assert client.get(checkpoint_path(parent["ID"]) + "/$links/ParentCheckPoint").status == 404


def test_checkpoints_that_the_service_did_not_make(client: Client) -> None:
    held = client.driver.create(MACHINE, "by hand", "with the manager")
    [row] = client.get("VMCheckPoints").rows
    assert known(row) == {**FRESH, "Name": "by hand", "Description": "with the manager"}
    assert (row["CheckpointID"], row["AddedTime"]) == (str(held.id), row["ModifiedTime"])
    assert client.read(checkpoint_path(row["ID"])) == row


# Changing --------------------------------------------------------------------------------------------------------

NOTHING: dict[str, Any] = {}
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Name": "new"}, {"Name": "new"}),
    ({"Description": "new"}, {"Description": "new"}),
    ({"Description": ""}, {"Description": ""}),
    ({"Name": "n", "Description": "d", "odata.type": "VMM.VMCheckPoint"}, {"Name": "n", "Description": "d"}),
    ({"Name": "Größe 😀 'x'"}, {"Name": "Größe 😀 'x'"}),
    ({"Name": "new", "VMCheckPointAction": "Set"}, {"Name": "new"}),
    ({"Name": "new", "VMCheckPointAction": "sET "}, {"Name": "new"}),
    ({"Name": "new", "RunAsynchronously": True, "Confirm": False}, {"Name": "new"}),
    ({"Name": None, "Description": None}, NOTHING),
    (NOTHING, NOTHING),
    ({"VMCheckPointAction": "Set"}, NOTHING),
    ({"Name": "Testing Checkpoint #1"}, NOTHING),
]


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize(("given", "changes"), CHANGES)
def test_change(client: Client, verb: str, given: dict[str, Any], changes: dict[str, Any]) -> None:
    before = client.create()
    bystander = client.create(Name="bystander")
    answer = client.send(verb, checkpoint_path(before["ID"]), content=given)
    assert (answer.status, answer.body, answer.headers) == (
        204,
        b"",
        {"DataServiceVersion": "1.0;", "x-ms-request-id": "<guid>"},
    )
    after = client.read(checkpoint_path(before["ID"]))
    modified = after["ModifiedTime"] if changes else before["ModifiedTime"]
    assert after == {**before, **changes, "ModifiedTime": modified}
    assert (after["ModifiedTime"] > before["ModifiedTime"]) is bool(changes)
    assert client.read(checkpoint_path(bystander["ID"])) == bystander
    held = client.driver.checkpoints(MACHINE)[0]
    assert (held.name, held.description) == (after["Name"], after["Description"])


@pytest.mark.parametrize("verb", UPDATES)
def test_echoes_of_read_only_properties_are_ignored(client: Client, verb: str) -> None:
    before = client.create()
    foreign = "11111111-2222-3333-4444-555555555555"
    echo = {
        **before,
        "odata.type": "VMM.VMCheckPoint",
        "Accessibility": "Private",
        "AddedTime": "2014-08-28T14:19:48.883-07:00",
        "CheckpointID": foreign,
        "Enabled": False,
        "ID": foreign,
        "ModifiedTime": "2014-09-04T05:15:58.733-07:00",
        "ParentCheckpointID": foreign,
        "StampId": foreign,
        "VMId": foreign,
        "Name": "echoed",
    }
    assert client.send(verb, checkpoint_path(before["ID"]), content=echo).status == 204
    after = client.read(checkpoint_path(before["ID"]))
    assert after == {**before, "Name": "echoed", "ModifiedTime": after["ModifiedTime"]}


@pytest.mark.parametrize("verb", UPDATES)
def test_all_null_but_the_key(client: Client, verb: str) -> None:
    before = client.create()
    nulls = {name: before[name] if name in ("ID", "StampId") else None for name in before}
    assert client.send(verb, checkpoint_path(before["ID"]), content=nulls).status == 204
    assert client.read(checkpoint_path(before["ID"])) == before


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize(
    ("prefer", "status"), [("return-content", 200), ("return-no-content", 204), (None, 204), ("x", 204)]
)
def test_change_with_a_preference(client: Client, verb: str, prefer: str | None, status: int) -> None:
    path = checkpoint_path(client.create()["ID"])
    answer = client.send(verb, path, content={"Name": "new"}, headers={"Prefer": prefer})
    has_body = status == 200
    applied = prefer if prefer in ("return-content", "return-no-content") else None
    assert (answer.status, answer.headers) == (
        status,
        {
            **({"Content-Type": JSON_SENT} if has_body else {}),
            "DataServiceVersion": "3.0;" if has_body else "1.0;",
            **({"Preference-Applied": applied} if applied else {}),
            "x-ms-request-id": "<guid>",
        },
    )
    after = client.read(path)
    context = {"odata.metadata": client.root + "$metadata#VMCheckPoints/@Element"}
    assert (answer.json if has_body else None) == ({**context, **after} if has_body else None)
    assert after["Name"] == "new"


# Restoring -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize("action", ["Restore", "restore", "RESTORE", " Restore "])
def test_restore(client: Client, verb: str, action: str) -> None:
    client.driver.write(MACHINE, "good")
    before = client.create()
    client.driver.write(MACHINE, "bad")
    client.driver.power(MACHINE, "stop")
    later = client.create(Name="later")
    body = {"VMCheckPointAction": action, "odata.type": "VMM.VMCheckPoint"}
    answer = client.send(verb, checkpoint_path(before["ID"]), content=body)
    assert (answer.status, answer.body) == (204, b"")
    assert client.driver.read(MACHINE) == "good"
    machine = client.read(machine_path())
    assert [machine[name] for name in ("Status", "StatusString", "VirtualMachineState")] == ["Running"] * 3
    assert machine["LastRestoredCheckpointId"] == before["ID"]
    assert machine["MostRecentTaskId"] == answer.header("x-ms-request-id")
    # All checkpoints stay as they are, the later ones too; the action is a command and reads back null.
    assert client.get("VMCheckPoints", "$orderby=AddedTime").rows == [before, later]


def test_restore_and_rename_at_once_are_one_job(client: Client) -> None:
    client.driver.write(MACHINE, "good")
    before = client.create()
    client.driver.write(MACHINE, "bad")
    earlier = len(client.jobs())
    body = {**before, "VMCheckPointAction": "Restore", "Name": "restored"}
    answer = client.send("PUT", checkpoint_path(before["ID"]), content=body, headers={"Prefer": "return-content"})
    assert (answer.status, answer.json["Name"], client.driver.read(MACHINE)) == (200, "restored", "good")
    assert [job["ID"] for job in client.jobs()[earlier:]] == [answer.header("x-ms-request-id")]


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize("action", ["Delete", "Restore!", "Re store", "x" * 1000])
def test_unknown_action(client: Client, verb: str, action: str) -> None:
    entity = client.create()
    before = client.photograph()
    answer = client.send(verb, checkpoint_path(entity["ID"]), content={"VMCheckPointAction": action, "Name": "new"})
    assert (answer.status, answer.message) == (400, f"'{action[:100]}' is no VMCheckPointAction: use Restore.")
    assert client.photograph() == before


# Deleting --------------------------------------------------------------------------------------------------------


def test_delete_moves_children_to_the_parent(client: Client) -> None:
    root, middle = client.create(Name="root"), client.create(Name="middle")
    leaf = client.create(Name="leaf")
    client.send("MERGE", checkpoint_path(middle["ID"]), content={"VMCheckPointAction": "Restore"})
    other_leaf = client.create(Name="other leaf")
    answer = client.send("DELETE", checkpoint_path(middle["ID"]))
    assert (answer.status, answer.body, answer.headers) == (
        204,
        b"",
        {"DataServiceVersion": "1.0;", "x-ms-request-id": "<guid>"},
    )
    assert client.get("VMCheckPoints", "$orderby=AddedTime").rows == [
        root,
        {**leaf, "ParentCheckpointID": root["ID"]},
        {**other_leaf, "ParentCheckpointID": root["ID"]},
    ]
    assert client.get(checkpoint_path(middle["ID"])).status == 404
    assert client.send("DELETE", checkpoint_path(root["ID"])).status == 204
    assert [row["ParentCheckpointID"] for row in client.get("VMCheckPoints").rows] == [None, None]


def test_delete_twice(client: Client) -> None:
    path = checkpoint_path(client.create()["ID"])
    headers = {"DataServiceVersion": "1.0;NetFx", "Content-Length": "0"}
    assert [client.send("DELETE", path, headers=headers).status for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("method", [*UPDATES, "DELETE"])
@pytest.mark.parametrize("body", [{"Name": "new"}, {"Nmae": 5}])
def test_a_missing_entity_is_missed_before_the_body_is_judged(client: Client, method: str, body: Any) -> None:
    before = client.photograph()
    assert client.send(method, checkpoint_path(UUID(int=5)), content=body).status == 404
    assert client.photograph() == before


def test_change_and_delete_through_the_machine(client: Client) -> None:
    entity = client.create()
    path = machine_path() + f"/VMCheckpoints(ID=guid'{entity['ID']}',StampId=guid'{STAMP}')"
    assert client.send("MERGE", path, content={"Name": "new"}).status == 204
    assert client.read(path)["Name"] == "new"
    wrong = path.replace(str(MACHINE), str(STOPPED_MACHINE))
    assert client.send("DELETE", wrong).status == 404
    assert client.send("DELETE", path).status == 204
    assert client.get("VMCheckPoints").rows == []


def test_change_the_parent_through_the_child(client: Client) -> None:
    parent, child = client.create(Name="parent"), client.create(Name="child")
    path = checkpoint_path(child["ID"]) + "/ParentCheckPoint"
    assert client.send("PATCH", path, content={"Name": "renamed"}).status == 204
    assert client.read(checkpoint_path(parent["ID"]))["Name"] == "renamed"


# Headers and options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-HTTP-Method", "x-http-method", "X-HTTP-Method-Override"])
@pytest.mark.parametrize("verb", [*UPDATES, "DELETE", "merge"])
def test_tunnelling(client: Client, name: str, verb: str) -> None:
    path = checkpoint_path(client.create()["ID"])
    content = None if verb == "DELETE" else {"Name": "new"}
    assert client.send("POST", path, content=content, headers={name: verb}).status == 204
    assert [row["Name"] for row in client.get("VMCheckPoints").rows] == ([] if verb == "DELETE" else ["new"])


@pytest.mark.parametrize(
    ("method", "verb", "status"),
    [
        ("GET", "DELETE", 400),
        ("PUT", "DELETE", 400),
        ("DELETE", "MERGE", 400),
        ("POST", "GET", 400),
        ("POST", "POST", 400),
        ("POST", "", 400),
        ("POST", "DELETE, MERGE", 400),
    ],
)
def test_what_cannot_be_tunnelled(client: Client, method: str, verb: str, status: int) -> None:
    path = checkpoint_path(client.create()["ID"])
    before = client.photograph()
    answer = client.send(method, path, content={"Name": "new"}, headers={"X-HTTP-Method": verb})
    assert (answer.status, client.photograph() == before) == (status, True)


@pytest.mark.parametrize(
    ("value", "is_known"),
    [("0", True), ("1", True), ("true", True), ("False", True), ("", False), ("2", False), ("yes", False)],
)
def test_run_asynchronously(client: Client, value: str, is_known: bool) -> None:
    path = checkpoint_path(client.create()["ID"])
    option = f"RunAsynchronously={value}"
    before = client.photograph()
    answers = [
        client.settled("POST", "VMCheckPoints", option, new_checkpoint(Name="second")),
        client.settled("PUT", path, option, {"Name": "new"}),
        client.settled("DELETE", path, option),
    ]
    assert [answer.status for answer in answers] == ([201, 204, 204] if is_known else [400, 400, 400])
    if is_known:
        assert [row["Name"] for row in client.get("VMCheckPoints").rows] == ["second"]
    else:
        assert {answer.message for answer in answers} == {f"RunAsynchronously must be 0 or 1, not '{value}'."}
        assert client.photograph() == before


@pytest.mark.parametrize("method", [*UPDATES, "DELETE"])
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-Match", "*", 204),
        ("If-Match", " * ", 204),
        ("If-Match", 'W/"1"', 412),
        ("If-Match", "", 412),
        ("If-None-Match", "*", 412),
        ("If-None-Match", '"1"', 204),
    ],
)
def test_preconditions(client: Client, method: str, header: str, value: str, status: int) -> None:
    path = checkpoint_path(client.create()["ID"])
    before = client.photograph()
    content = None if method == "DELETE" else {"Name": "new"}
    answer = client.send(method, path, content=content, headers={header: value})
    assert (answer.status, client.photograph() == before) == (status, status == 412)


def test_the_caller_is_the_owner_of_the_job(client: Client) -> None:
    client.send("POST", "VMCheckPoints", content=new_checkpoint(), headers={"x-ms-principal-id": "anna%40contoso.com"})
    client.send("POST", "VMCheckPoints", content=new_checkpoint(), headers={"x-ms-principal-id": None})
    role = client.read(f"UserRoles(guid'{client.subscription}')")["Name"]
    assert [job["Owner"] for job in client.jobs()] == ["anna@contoso.com", role]


def test_an_administrator_works_on_every_machine(client: Client) -> None:
    admin = client.of(ADMIN_SUBSCRIPTION)
    entity = admin.create(OTHER_MACHINE)
    assert known(entity) == {**FRESH, "VMId": str(OTHER_MACHINE)}
    assert client.get("VMCheckPoints").rows == []


def test_a_host_may_say_that_a_checkpoint_is_as_old_as_time() -> None:
    """Windows says the year 1 where it knows no time. West of Greenwich that is before the first year there is."""
    beginning = datetime(1, 1, 1, tzinfo=UTC)
    driver = small_site()
    checkpoint = driver.create(MACHINE, "old")
    snapshot = driver._machines[MACHINE].snapshots[checkpoint.id]
    snapshot.checkpoint = replace(checkpoint, created=beginning)
    [row] = Client(driver).get("VMCheckPoints", "$select=Name,AddedTime").rows
    assert row == {"Name": "old", "AddedTime": "0001-01-01T00:00:00Z"}
