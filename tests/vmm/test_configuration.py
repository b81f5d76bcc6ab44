# What an administrator writes down, and what comes of it: every mistake has one sentence with its place, secrets are
# nowhere shown, and a service over the configured hosts keeps what clients change.

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from odata_core.backend import Context
from odata_core.cli import main
from odata_core.errors import BadRequest
from odata_vmm import VmmService, vmm_model
from odata_vmm.configuration import RolePlan, StampPlan, libvirt_configuration, read_configuration
from odata_vmm.drivers.contract import Unavailable
from odata_vmm.drivers.hosts import Hosts
from odata_vmm.sample import MACHINE, STAMP, STOPPED_MACHINE, SUBSCRIPTION
from odata_vmm.serve import add_arguments, fill_store, handler, open_store, paths, recover_in_background
from tests.processes import REPOSITORY
from tests.vmm.optional import require
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint, role_path, small_site

require("pypsrp")

ADMIN = UUID("12345678-1234-4234-8234-123456789abc")
GOOD = f"""
store = "kept.sqlite"

[[stamps]]
id = "{STAMP}"
driver = "hyperv"
  [[stamps.hosts]]
  host = "hv01.example.org"
  username = "CONTOSO\\\\svc"
  password_file = "hv01.password"
  ca_file = "ca.pem"
  [[stamps.hosts]]
  host = "hv02.example.org"
  username = "CONTOSO\\\\svc"
  password_env = "ODATA_TEST_PASSWORD"

[[roles]]
subscription = "{ADMIN}"
name = "Operators"

[[roles]]
subscription = "{SUBSCRIPTION}"
name = "Contoso"
profile = "TenantAdmin"
members = ["user@contoso.com"]
permissions = ["Checkpoint", "Start"]
machines = ["{MACHINE}"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hv01.password").write_text("a secret\n")
    monkeypatch.setenv("ODATA_TEST_PASSWORD", "another secret")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "hosts.toml"
    path.write_text(text)
    return path


def test_a_configuration(folder: Path) -> None:
    found = read_configuration(written(folder, GOOD))
    [stamp] = found.stamps
    assert (stamp.id, [host.name for host in stamp.hosts]) == (STAMP, ["hv01.example.org", "hv02.example.org"])
    assert found.store == folder / "kept.sqlite"
    operators, contoso = found.roles
    assert (operators.subscription, operators.profile, len(operators.permissions)) == (ADMIN, "Administrator", 14)
    assert contoso.profile == "TenantAdmin"
    assert (contoso.members, contoso.permissions) == (("user@contoso.com",), ("Checkpoint", "Start"))
    assert contoso.machines == (MACHINE,)
    driver = stamp.open()
    assert isinstance(driver, Hosts)
    hosts = {name: one.host for name, one in driver._drivers.items()}  # type: ignore[attr-defined]
    assert [(host.password, host.ca_file) for host in hosts.values()] == [
        ("a secret", str(folder / "ca.pem")),
        ("another secret", None),
    ]
    assert "secret" not in repr(found) + repr(hosts)
    driver.close()


def test_the_example_of_the_manual(folder: Path) -> None:
    require("libvirt", extra="libvirt")
    text = re.search(r"^```toml\n(.*?)^```$", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert text is not None
    found = read_configuration(written(folder, text[1]))
    assert [[host.name for host in stamp.hosts] for stamp in found.stamps] == [
        ["hv01.example.org"],
        ["qemu+ssh://root@kvm01.example.org/system"],
    ]
    assert [role.machines for role in found.roles] == [(MACHINE,)]


CHANGES = [
    ("store = ", "stoer = ", "at the top: 'stoer' is no option here. Did you mean 'store'?"),
    ('store = "kept.sqlite"', "store = 5", "at the top: 'store' is a text."),
    ("[[stamps]]", "[stamps]", "at the top: 'stamps' is written as [[stamps]] tables."),
    ("[[stamps]]", "[[stamps", "is no TOML"),
    ("[[roles]]", "[[role]]", "at the top: 'role' is no option here. Did you mean 'roles'?"),
    (f'id = "{STAMP}"', 'id = "x"', "at stamps[0].id: 'x' is no GUID such as"),
    (f'id = "{STAMP}"', "", "at stamps[0]: 'id' is missing."),
    ('"hyperv"', '"hyper-v"', "at stamps[0].driver: 'hyper-v' is no driver: use hyperv or libvirt."),
    ("hv02.example.org", "hv01.example.org", "at stamps[0].hosts: the host 'hv01.example.org' is there twice."),
    ("hv02.example.org", "http://hv02", "at stamps[0].hosts[1]: The configuration of the Hyper-V host 'http://hv02'"),
    ("ca_file", "ca_fiel", "at stamps[0].hosts[0]: 'ca_fiel' is no option here. Did you mean 'ca_file'?"),
    ("ca_file =", "port =", "at stamps[0].hosts[0]: The configuration of the Hyper-V host"),
    ('"hv01.password"', '"nothing"', "at stamps[0].hosts[0].password_file: the file 'nothing' cannot be read"),
    ('"ODATA_TEST_PASSWORD"', '"ODATA_NO"', "at stamps[0].hosts[1].password_env: there is no environment variable"),
    ('"TenantAdmin"', '"King"', "at roles[1].profile: 'King' is no profile: use Administrator, TenantAdmin or"),
    ('["user@contoso.com"]', '"user"', "at roles[1]: 'members' is a list of texts."),
    (f'["{MACHINE}"]', '["vm1"]', "at roles[1].machines: 'vm1' is no GUID"),
    (str(ADMIN), str(SUBSCRIPTION), f"at roles: there are two with the GUID {SUBSCRIPTION}."),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES, ids=[change[2][:40] for change in CHANGES])
def test_mistakes(folder: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(BadRequest) as raised:
        read_configuration(written(folder, GOOD.replace(old, new)))
    assert message in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no [[stamps]] table"),
        (f'[[stamps]]\nid="{STAMP}"\ndriver="hyperv"', "there is no [[stamps.hosts]] table"),
        ("x" * 2_000_000, "is larger than 1000000 bytes"),
        ("stamps = 1", "'stamps' is written as [[stamps]] tables."),
    ],
)
def test_what_is_no_configuration(folder: Path, text: str, message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        read_configuration(written(folder, text))
    assert message in raised.value.message


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(BadRequest, match=r"cannot be read: No such file or directory\."):
        read_configuration(folder / "nothing.toml")


def test_hosts_are_named_without_what_is_secret(folder: Path) -> None:
    """A URI may hold a password, and what tells two hosts apart may be a path: neither is part of a name."""
    uris = ("qemu+ssh://vmm:letmein@kvm1/system", "qemu:///session?socket=/a", "qemu:///session?socket=/b")
    hosts = "".join(f'[[stamps.hosts]]\nuri = "{uri}"\n' for uri in uris)
    (stamp,) = read_configuration(written(folder, f'[[stamps]]\nid = "{STAMP}"\ndriver = "libvirt"\n{hosts}')).stamps
    assert [host.name for host in stamp.hosts] == [
        *("qemu+ssh://vmm@kvm1/system", "qemu:///session", "qemu:///session (2)")
    ]


# ------------------------------------------------------------ the service


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-body")
    add_arguments(parser)
    return parser.parse_args(words)


def test_what_clients_change_stays(folder: Path) -> None:
    """A second start over the same file and the same store gives no role back what was taken from it."""
    configuration = read_configuration(written(folder, GOOD))
    driver = small_site()

    def started() -> Client:
        store = open_store(configuration.store)
        fill_store(store, configuration, configuration.roles)
        return Client(driver, service=VmmService(driver=driver, stamp=STAMP, store=store), subscription=SUBSCRIPTION)

    client = started()
    assert [row["Name"] for row in client.get("VirtualMachines").rows] == ["vm1"]
    assert client.read(machine_path())["Owner"]["UserName"] == "user@contoso.com"
    made = client.create(Description="why")
    inputs = {"PermissionInput": [{"StampId": str(STAMP), "Permission": ["Start"]}]}
    assert client.of(ADMIN).send("MERGE", role_path(SUBSCRIPTION), content=inputs).status == 204
    client.service.close()

    client = started()
    assert client.read(checkpoint_path(made["ID"])) == made
    assert client.read(role_path(SUBSCRIPTION))["Permission"] == ["Start"]
    assert client.send("POST", "VMCheckPoints", content=new_checkpoint()).status == 403
    client.service.close()


def test_the_simulated_machines_with_a_store(folder: Path) -> None:
    given = options("--store", str(folder / "kept.sqlite"))
    service = handler_of(given)
    made = Client(service=service).create(Name="first")
    assert paths(given) == [f"/{SUBSCRIPTION}/services/systemcenter/vmm/"]
    service.close()
    service = handler_of(options("--store", str(folder / "kept.sqlite")))
    client = Client(service=service)
    assert client.read(role_path(SUBSCRIPTION))["Name"].startswith("user@contoso.com")
    # Simulated machines end with the process, and their checkpoints with them.
    assert client.get(checkpoint_path(made["ID"])).status == 404
    service.close()


def handler_of(given: argparse.Namespace) -> VmmService:
    given.max_body = None
    return handler(given)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--driver", "hyperv"), "The driver 'hyperv' needs '--config FILE', which says where its hosts are."),
        (("--driver", "simulated", "--uri", "test:///default"), "need neither --config nor --uri"),
        (("--config", "x", "--uri", "test:///default"), "use one of them"),
        (("--timezone", "Nowhere"), "There is no time zone 'Nowhere'."),
        (("--store", "/dev/null/x"), "cannot be opened"),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        handler_of(options(*words))
    assert message in raised.value.message


def test_recovery_goes_on_until_hosts_answer(folder: Path) -> None:
    service = Client(driver=small_site()).service
    pauses: list[float] = []
    left = iter([[MACHINE], [MACHINE], []])
    service.recover = lambda: next(left)  # type: ignore[method-assign]
    thread = recover_in_background(service, pauses.append)
    thread.join(10)
    assert (thread.is_alive(), pauses, thread.daemon) == (False, [30.0, 30.0], True)


def test_who_is_taken_out_of_the_file_has_no_access_any_more(folder: Path) -> None:
    driver, store = small_site(), open_store(None)
    client = Client(driver, service=VmmService(driver=driver, stamp=STAMP, store=store), subscription=SUBSCRIPTION)
    operators = client.of(ADMIN)

    def seen() -> list[Any]:
        found = []
        for asking in (client, operators):
            answer = asking.get("VirtualMachines", "$orderby=Name&$select=Name")
            found.append([row["Name"] for row in answer.rows] if answer.status == 200 else answer.status)
        return found

    everything = ["fabrikam-vm", "vm1", "vm2"]
    contoso = GOOD.index('[[roles]]\nsubscription = "' + str(SUBSCRIPTION))
    owned = f'machines = ["{MACHINE}"]'
    for text, expected in [
        (GOOD, [["vm1"], everything]),
        (GOOD.replace(owned, "machines = []"), [[], everything]),
        (GOOD.replace(owned, f'machines = ["{STOPPED_MACHINE}"]'), [["vm2"], everything]),
        (GOOD.replace('"TenantAdmin"', '"Administrator"'), [everything, everything]),
        (GOOD, [["vm1"], everything]),
        (GOOD[:contoso], [403, everything]),
        (GOOD, [["vm1"], everything]),
    ]:
        configuration = read_configuration(written(folder, text))
        fill_store(store, configuration, configuration.roles)
        assert (text, seen()) == (text, expected)


def test_a_stamp_that_is_added_is_open_to_the_roles_of_before(folder: Path) -> None:
    """What a role may do is configured for every stamp, for those that come later as well."""
    configuration = read_configuration(written(folder, GOOD))
    store = open_store(None)
    fill_store(store, configuration, configuration.roles)
    later = UUID(int=9)
    more = replace(configuration, stamps=(*configuration.stamps, StampPlan(later, ())))
    unknown = RolePlan(SUBSCRIPTION, "Contoso", permissions=("Checkpoint",))
    fill_store(store, more, (unknown,))
    with store.session(Context()) as session:
        role = session.get(vmm_model().entity_sets["UserRoles"], (SUBSCRIPTION,))
    assert role is not None
    inputs = {item["StampId"]: item["Permission"] for item in role["PermissionInput"]}
    assert inputs == {STAMP: ["Checkpoint", "Start"], later: ["Checkpoint"]}
    assert role["Permission"] == ["Checkpoint", "Start"]


def test_hosts_of_the_command_line_are_all_there() -> None:
    """Two that are shown alike are two all the same; one that is named twice is a mistake."""
    uris = ["qemu+unix:///session?socket=/a", "qemu+unix:///session?socket=/b"]
    (stamp,) = libvirt_configuration(uris, None).stamps
    assert [(host.name, host.address) for host in stamp.hosts] == [
        ("qemu+unix:///session", uris[0]),
        ("qemu+unix:///session (2)", uris[1]),
    ]
    with pytest.raises(BadRequest, match="The host 'qemu:///system' is there twice"):
        libvirt_configuration(["qemu:///system"] * 2, None)


def test_recovery_ends_with_the_service() -> None:
    service = Client(driver=small_site()).service
    service.recover = lambda: [MACHINE]  # type: ignore[method-assign]
    thread = recover_in_background(service)
    service.close()
    thread.join(10)
    assert not thread.is_alive()


# ------------------------------------------------------------ odata vmm check


def test_check_tells_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(folder, GOOD.replace("hv01.example.org", "no-such-host.invalid").replace("hv02.example.org", "::1"))
    with pytest.raises(SystemExit) as raised:
        main(["vmm", "check", "--config", str(path)])
    assert raised.value.code == 1
    told = capsys.readouterr()
    assert f"no-such-host.invalid (stamp {STAMP})" in told.out
    assert "ERROR   " in told.out
    assert "secret" not in told.out + told.err
    assert "to be put right." in told.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "There is nothing to check: name hosts by '--config FILE' or '--uri URI'."),
        (["--driver", "hyperv"], "needs '--config FILE'"),
        (["--config", "nothing.toml"], "The configuration 'nothing.toml' cannot be read"),
    ],
)
def test_check_needs_hosts(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vmm", "check", *words]) == 2
    assert message in capsys.readouterr().err


def test_an_unavailable_host_is_no_reason_not_to_start() -> None:
    driver = small_site()
    driver.fail_with(Unavailable("The host is gone."), on="vms")
    assert Client(driver).get("Clouds").status == 200
