# Isolation: a subscription sees and changes what is its own, by whichever way it comes; and the addresses that name
# the subscription. Two neighbours have one machine, checkpoint, job, role and cloud each.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import EntityType
from odata_core.limits import Limits
from odata_core.query.binder import Binder
from odata_core.query.evaluate import compile_filter
from odata_core.query.scope import Scope
from odata_core.uri import V3_GRAMMAR, parse_expression
from odata_vmm.model import vmm_model
from odata_vmm.sample import (
    ADMIN_SUBSCRIPTION,
    MACHINE,
    OTHER_MACHINE,
    OTHER_SUBSCRIPTION,
    STAMP,
    STOPPED_MACHINE,
    SUBSCRIPTION,
)
from tests.vmm.requests import JSON, Client, checkpoint_path, machine_path, new_checkpoint, role_path

STAR = {"Accept": "*/*"}
UNKNOWN = UUID(int=4)
SETS = ["VirtualMachines", "VMCheckPoints", "Jobs", "UserRoles", "Clouds"]
NAVIGATION = {
    "VirtualMachines": ["VMCheckpoints", "MostRecentTask", "Cloud", "VirtualHardDisks"],
    "VMCheckPoints": ["ParentCheckPoint"],
    "UserRoles": ["Clouds"],
    "Clouds": ["Capacity"],
    "Jobs": [],
}


class Neighbours:
    """Two tenants of one site, and the path of each one's entity in each set; the stranger's checkpoint has a child."""

    def __init__(self) -> None:
        self.mine = Client()
        self.theirs = self.mine.of(OTHER_SUBSCRIPTION)
        self.admin = self.mine.of(ADMIN_SUBSCRIPTION)
        self.my_paths = self._paths(self.mine, MACHINE)
        self.their_paths = self._paths(self.theirs, OTHER_MACHINE)

    def _paths(self, client: Client, machine: UUID) -> dict[str, str]:
        first = self.admin.create(machine, Name="first")
        self.admin.create(machine, Name="second")
        [cloud] = client.get("Clouds").rows
        job = client.read(machine_path(machine))["MostRecentTaskId"]
        return {
            "VirtualMachines": machine_path(machine),
            "VMCheckPoints": checkpoint_path(first["ID"]),
            "Jobs": f"Jobs(ID=guid'{job}',StampId=guid'{STAMP}')",
            "UserRoles": role_path(client.subscription),
            "Clouds": f"Clouds(ID=guid'{cloud['ID']}',StampId=guid'{STAMP}')",
        }


@pytest.fixture(scope="module")
def neighbours() -> Iterator[Neighbours]:
    """Shared by the tests below, which change nothing: each says so."""
    made = Neighbours()
    before = made.mine.photograph()
    yield made
    assert made.mine.photograph() == before


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_everybody_sees_their_own(neighbours: Neighbours, name: str) -> None:
    """The other tests would be worth nothing if nobody saw anything."""
    for client, paths in ((neighbours.mine, neighbours.my_paths), (neighbours.theirs, neighbours.their_paths)):
        entity = client.read(paths[name])
        assert entity in client.get(name).rows
        assert neighbours.admin.read(paths[name]) == entity


@pytest.mark.parametrize("name", sorted(vmm_model().entity_sets))
def test_lists_and_counts_hold_ones_own(neighbours: Neighbours, name: str) -> None:
    mine, theirs, all_of_them = (
        client.get(name).rows for client in (neighbours.mine, neighbours.theirs, neighbours.admin)
    )
    assert [row for row in mine if row in theirs] == []
    assert all(row in all_of_them for row in [*mine, *theirs])
    expected = {
        "VirtualMachines": (2, 1),
        "VMCheckPoints": (2, 2),
        "Jobs": (2, 2),
        "UserRoles": (1, 1),
        "Clouds": (1, 1),
    }
    assert (len(mine), len(theirs)) == expected.get(name, (0, 0))
    for client, rows in ((neighbours.mine, mine), (neighbours.theirs, theirs)):
        assert client.get(f"{name}/$count", headers=STAR).body == str(len(rows)).encode()
        assert client.get(name, "$inlinecount=allpages&$top=0").json["odata.count"] == str(len(rows))
        assert client.get(name, "$filter=true or not true").rows == rows


@pytest.mark.parametrize("name", SETS)
def test_a_strangers_entity_is_like_a_missing_one(neighbours: Neighbours, name: str) -> None:
    stranger, path = neighbours.mine, neighbours.their_paths[name]
    entity = neighbours.theirs.read(path)
    missing = path.replace(entity["ID"], str(UNKNOWN))
    ways = ["", "/ID", "/ID/$value", *(f"/{way}" for way in NAVIGATION[name])]
    ways += [f"/$links/{way}" for way in NAVIGATION[name]] + [
        f"/{way}/$count" for way in NAVIGATION[name] if way[-1] == "s"
    ]
    for way in ways:
        for method in ("GET", "HEAD"):
            answer = stranger.send(method, path + way, headers={"Accept": f"{JSON}, */*;q=0.1"})
            other = stranger.send(method, missing + way, headers={"Accept": f"{JSON}, */*;q=0.1"})
            assert (way, answer.status) == (way, 404)
            assert answer.message.replace(entity["ID"], "") == other.message.replace(str(UNKNOWN), "")
    condition = f"$filter=ID eq guid'{entity['ID']}'"
    assert stranger.get(name, condition).rows == []
    assert stranger.get(f"{name}/$count", condition, headers=STAR).body == b"0"
    assert neighbours.theirs.get(name, condition).rows == [entity]


@pytest.mark.parametrize(
    ("name", "prop"),
    [
        *[(name, "ID") for name in SETS],
        *[(name, "Name") for name in SETS],
        ("VirtualMachines", "VMId"),
        ("VirtualMachines", "CloudId"),
        ("VirtualMachines", "Owner/RoleID"),
        ("VMCheckPoints", "VMId"),
        ("VMCheckPoints", "CheckpointID"),
        ("Jobs", "TargetObjectID"),
        ("Jobs", "ResultObjectID"),
        ("Clouds", "UserRoleID"),
    ],
)
def test_no_condition_reaches_a_strangers_entity(neighbours: Neighbours, name: str, prop: str) -> None:
    entity: Any = neighbours.theirs.read(neighbours.their_paths[name])
    for part in prop.split("/"):
        entity = entity[part]
    literal = f"'{entity}'" if prop == "Name" else f"guid'{entity}'"
    own = neighbours.mine.get(name).rows
    for condition in (f"{prop} eq {literal}", f"{literal} eq {prop} or {prop} eq null", f"not ({prop} ne {literal})"):
        rows = neighbours.mine.get(name, f"$filter={condition}").rows
        assert all(row in own for row in rows)
        assert neighbours.theirs.get(name, f"$filter={condition}").rows != []


def test_navigation_stays_with_ones_own(neighbours: Neighbours) -> None:
    """From my entity by a key of theirs; the key is right, the owner is not."""
    theirs = neighbours.theirs.read(neighbours.their_paths["VMCheckPoints"])["ID"]
    key = f"(ID=guid'{theirs}',StampId=guid'{STAMP}')"
    assert neighbours.mine.get(f"{machine_path(MACHINE)}/VMCheckpoints{key}").status == 404
    assert neighbours.admin.get(f"{machine_path(MACHINE)}/VMCheckpoints{key}").status == 404
    assert neighbours.admin.get(f"{machine_path(OTHER_MACHINE)}/VMCheckpoints{key}").status == 200
    cloud = neighbours.their_paths["Clouds"].removeprefix("Clouds")
    assert neighbours.mine.get(f"{role_path(SUBSCRIPTION)}/Clouds{cloud}").status == 404
    assert neighbours.mine.get(f"{role_path(OTHER_SUBSCRIPTION)}/Clouds{cloud}").status == 404


# Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("method", ["MERGE", "PATCH", "PUT", "DELETE", "X-HTTP-Method"])
def test_a_strangers_entity_cannot_be_changed(neighbours: Neighbours, name: str, method: str) -> None:
    bodies: list[Any] = [{}, {"Name": "stolen"}, {"VMCheckPointAction": "Restore"}, {"Operation": "Stop"}]
    before = neighbours.mine.photograph()
    for body in bodies:
        headers = {"X-HTTP-Method": "DELETE"} if method == "X-HTTP-Method" else {}
        answer = neighbours.mine.send(
            "POST" if headers else method, neighbours.their_paths[name], content=body, headers=headers
        )
        assert answer.status == 404
    assert neighbours.mine.photograph() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("VMCheckPoints", {"VMId": str(OTHER_MACHINE), "StampId": str(STAMP)}),
        (f"{machine_path(OTHER_MACHINE)}/VMCheckpoints", {"Name": "x"}),
        (f"{machine_path(OTHER_MACHINE)}/VMCheckpoints", {"VMId": str(OTHER_MACHINE), "StampId": str(STAMP)}),
    ],
)
def test_no_checkpoint_of_a_strangers_machine(neighbours: Neighbours, path: str, body: Any) -> None:
    before = neighbours.mine.photograph()
    texts = []
    for machine in (OTHER_MACHINE, UNKNOWN):
        values = {**body, "VMId": str(machine)} if "VMId" in body else body
        answer = neighbours.mine.send("POST", path.replace(str(OTHER_MACHINE), str(machine)), content=values)
        assert answer.status == 404
        texts.append(answer.message.replace(str(machine), ""))
    assert texts[0] == texts[1]
    assert neighbours.mine.photograph() == before


def test_a_tenant_cannot_take_a_machine_over(neighbours: Neighbours) -> None:
    before = neighbours.mine.photograph()
    me = {"UserName": "x", "RoleName": "x", "RoleID": str(SUBSCRIPTION)}
    for name, value in (("Owner", me), ("GrantedToList", [me]), ("CloudId", str(UNKNOWN))):
        assert neighbours.mine.send("PUT", machine_path(OTHER_MACHINE), content={name: value}).status == 404
        assert neighbours.theirs.send("PUT", machine_path(OTHER_MACHINE), content={name: value}).status == 501
    assert neighbours.mine.photograph() == before


# Conditions ------------------------------------------------------------------------------------------------------

_MODEL = vmm_model()
_MACHINES = [MACHINE, STOPPED_MACHINE, OTHER_MACHINE, UNKNOWN]


@st.composite
def _atoms(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["VMId", "ID", "StampId", "ParentCheckpointID", "Name", "Enabled", "Description"]))
    if name == "Enabled":
        return draw(st.sampled_from(["Enabled", "Enabled eq true", "false eq Enabled"]))
    if name in ("Name", "Description"):
        literal = draw(st.sampled_from(["'first'", "'second'", "''", "null"]))
    else:
        literal = draw(st.sampled_from([f"guid'{guid}'" for guid in [*_MACHINES, STAMP]] + ["null", "{id0}", "{id1}"]))
    operator = draw(st.sampled_from(["eq", "eq", "eq", "ne"]))
    pair = draw(st.permutations([name, literal]))
    return f"{pair[0]} {operator} {pair[1]}"


_CONDITIONS = st.recursive(
    _atoms(),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("({}) eq {}".format, inner, st.sampled_from(["true", "false"])),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(condition=_CONDITIONS, who=st.sampled_from([SUBSCRIPTION, OTHER_SUBSCRIPTION, ADMIN_SUBSCRIPTION]))
def test_conditions_agree_with_the_reference_on_the_whole_list(condition: str, who: UUID) -> None:
    _agree(condition, who)


@pytest.mark.parametrize(
    "condition",
    [
        f"VMId eq guid'{MACHINE}' or VMId eq guid'{STOPPED_MACHINE}'",
        f"VMId eq guid'{MACHINE}' and VMId eq guid'{STOPPED_MACHINE}'",
        f"VMId eq guid'{STOPPED_MACHINE}' and VMId eq guid'{MACHINE}'",
        f"VMId eq guid'{MACHINE}' and VMId eq guid'{OTHER_MACHINE}'",
        f"not (VMId eq guid'{MACHINE}')",
        f"not (VMId eq guid'{MACHINE}' and Name eq 'first')",
        f"VMId ne guid'{MACHINE}'",
        f"(VMId eq guid'{MACHINE}') eq false",
        f"VMId eq guid'{MACHINE}' or Name eq 'second'",
        f"(VMId eq guid'{MACHINE}' and Name eq 'first') or Name eq 'second'",
        f"VMId eq guid'{OTHER_MACHINE}' or true",
        f"VMId eq '{MACHINE}'",
        f"VMId eq guid'{str(MACHINE).upper()}'",
        "VMId eq VMId",
        "VMId eq ID",
        "VMId ge guid'00000000-0000-0000-0000-000000000000'",
    ],
)
@pytest.mark.parametrize("who", [SUBSCRIPTION, OTHER_SUBSCRIPTION, ADMIN_SUBSCRIPTION])
def test_conditions_on_the_machine(condition: str, who: UUID) -> None:
    _agree(condition, who)


_SITE: list[Neighbours] = []


def _agree(condition: str, who: UUID) -> None:
    """Filtering by the service is filtering its whole list by the reference evaluator."""
    if not _SITE:
        _SITE.append(Neighbours())
    client = _SITE[0].mine.of(who)
    everything = client.get("VMCheckPoints").rows
    text = condition.replace("{id0}", f"guid'{everything[0]['ID']}'").replace("{id1}", f"guid'{everything[-1]['ID']}'")
    scope = Scope(_MODEL, V3_GRAMMAR, Limits(), _kind(), _MODEL.entity_set("VMCheckPoints"))
    holds = compile_filter(Binder(scope, text).condition(parse_expression(text, V3_GRAMMAR, Limits())))
    guids = {name for name, prop in _kind().properties.items() if prop.type_name == "Edm.Guid"}
    typed = [{name: UUID(v) if name in guids and v else v for name, v in row.items()} for row in everything]
    wanted = [row for row, values in zip(everything, typed, strict=True) if holds(values)]
    assert client.get("VMCheckPoints", "$filter=" + text).rows == wanted
    path = f"{machine_path(MACHINE)}/VMCheckpoints"
    if who != OTHER_SUBSCRIPTION:
        of_machine = [row for row in wanted if row["VMId"] == str(MACHINE)]
        assert client.get(path, "$filter=" + text).rows == of_machine


def _kind() -> EntityType:
    return _MODEL.entity_sets["VMCheckPoints"].type


# Addresses -------------------------------------------------------------------------------------------------------

_SUB = str(SUBSCRIPTION)
_LONG = "Microsoft.Management.Odata.svc"


@pytest.mark.parametrize(
    "root",
    [
        f"{_SUB}/services/systemcenter/vmm/",
        f"{_SUB.upper()}/services/systemcenter/VMM/",
        f"{_SUB}/SERVICES/SystemCenter/Vmm/",
        f"{_SUB}/services/systemcenter/VMM/{_LONG}/",
        f"{_SUB}/services/systemcenter/vmm/{_LONG.upper()}/",
        f"SC2012R2/VMM/{_SUB}/{_LONG}/",
        f"SC2012/VMM/{_SUB}/{_LONG}/",
        f"sc2012r2/vmm/{_SUB.upper()}/{_LONG.lower()}/",
        f"{_SUB}/services/systemcenter/SC2012R2/VMM/{_LONG}/",
        f"{_SUB}/services/systemcenter/SC2012/VMM/{_LONG}/",
    ],
)
def test_routes(root: str) -> None:
    client = Client()
    for path, at in (("", root), ("", root.rstrip("/")), ("/", root)):
        answer = client.get(path, at=at)
        assert (answer.status, answer.json["odata.metadata"]) == (200, f"https://wapserver:30005/{root}$metadata")
    answer = client.send("POST", "VMCheckPoints", content={"VMId": str(MACHINE), "StampId": str(STAMP)}, at=root)
    assert answer.header("Location") == f"https://wapserver:30005/{root}{checkpoint_path(answer.json['ID'])}"
    assert answer.json["odata.metadata"] == f"https://wapserver:30005/{root}$metadata#VMCheckPoints/@Element"
    assert [row["Name"] for row in client.get("VirtualMachines", "$orderby=Name", at=root).rows] == ["vm1", "vm2"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "favicon.ico",
        "$metadata",
        "VMCheckPoints",
        _SUB,
        f"{_SUB}/",
        f"{_SUB}/services/systemcenter/",
        f"{_SUB}/services/systemcenter/vmmm/VMCheckPoints",
        f"{_SUB}/services/systemcenter/vm/VMCheckPoints",
        f"{_SUB}/services/vmm/VMCheckPoints",
        f"/{_SUB}/services/systemcenter/vmm/",
        f"x/{_SUB}/services/systemcenter/vmm/",
        f"{_SUB[:-1]}/services/systemcenter/vmm/",
        f"{_SUB}0/services/systemcenter/vmm/",
        f"{{{_SUB}}}/services/systemcenter/vmm/",
        f"{_SUB.replace('-', '')}/services/systemcenter/vmm/",
        f"{_SUB[:-1]}\u0664/services/systemcenter/vmm/",
        f"{_SUB}/services/syſtemcenter/vmm/",
        f"{_SUB}%2Fservices/systemcenter/vmm/",
        f"SC2012R2/VMM/{_LONG}/",
        f"SC2012R2/VMM/{_LONG}/VirtualMachines",
        f"services/systemcenter/SC2012R2/VMM/{_LONG}/",
        f"SC2012R2/Admin/{_LONG}/",
        f"SC2012R2/VMM/{_SUB}/",
        f"SC2016/VMM/{_SUB}/{_LONG}/",
        f"{_SUB}/services/systemcenter/SC2012R2/VMM/",
    ],
)
def test_no_routes(path: str) -> None:
    client = Client()
    before = client.photograph()
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = client.send(method, path, content={}, at="")
        assert answer.status == 404
        assert answer.message.startswith("There is no service here.")
    assert client.photograph() == before


@pytest.mark.parametrize(
    "path", ["", "$metadata", "VMCheckPoints", "Nothing", "VMCheckPoints/$count", machine_path(), "a" * 20_000]
)
@pytest.mark.parametrize("subscription", [UUID(int=0), UNKNOWN, MACHINE, STAMP])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_subscription_is_refused_whatever_it_asks(method: str, subscription: UUID, path: str) -> None:
    client = Client(subscription=subscription)
    before = client.photograph()
    answer = client.send(method, path)
    assert (answer.status, answer.message) == (403, f"There is no user role for the subscription {subscription}.")
    assert client.photograph() == before


def test_every_answer_has_an_activity_id() -> None:
    client = Client()
    answers = [client.get("", at=""), client.get(""), client.of(UNKNOWN).get(""), client.get("x")]
    ids = {UUID(answer.header("request-id") or "") for answer in answers}
    assert [answer.status for answer in answers] == [404, 200, 403, 404]
    assert len(ids) == len(answers)


# What others write ------------------------------------------------------------------------------------------------

ATOM = {"Accept": "application/atom+xml"}


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "VMCheckPoints", new_checkpoint(Name="a\x01")),
        ("POST", "VMCheckPoints", new_checkpoint(Description="\x0b")),
        ("MERGE", machine_path(), {"Tag": "\uffff"}),
        ("MERGE", role_path(SUBSCRIPTION), {"AddMember": ["a", "b\0"]}),
    ],
)
def test_nobody_can_write_what_spoils_the_lists_of_others(method: str, path: str, content: Any) -> None:
    client = Client()
    admin = client.of(ADMIN_SUBSCRIPTION)
    before = client.photograph()
    answer = (admin if "UserRoles" in path else client).send(method, path, content=content)
    assert answer.status == 400
    assert "is unknown to XML" in answer.message
    assert client.photograph() == before
    named = client.send("POST", "VMCheckPoints", content=new_checkpoint(), headers={"x-ms-principal-id": "a%00%0Ab"})
    assert named.status == 201
    assert [job["Owner"] for job in client.jobs()] == ["ab"]
    for name in SETS:
        assert admin.get(name, headers=ATOM).status == 200
