# The recorder of a real host's answers, tried on the fake one: what it keeps, that it keeps no names and no secrets,
# and that what it keeps can be read. Recordings of real hosts, where there are any, are read as the driver reads.

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pypsrp.serializer import Serializer

from odata_vmm.drivers.contract import Checkpoint, Vm
from odata_vmm.drivers.hyperv import HyperVHost
from odata_vmm.drivers.hyperv.record import host_of, main, record
from odata_vmm.drivers.hyperv.records import Row, read_checkpoint, read_vm
from odata_vmm.drivers.hyperv.scrub import Scrubber
from odata_vmm.drivers.hyperv.session import read_row
from tests.vmm.hyperv_rigs import PASSWORD, USERNAME, fake_host

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))

STEPS = """machines, the host's own name, no such machine, checkpoints, no such checkpoint, create, create below it,
rename, restore, machine after restore, checkpoints of the machine, remove with children""".replace("\n", " ").split(
    ", "
)


def rows(step: dict[str, Any]) -> list[Row]:
    """The objects that a step's messages hold, as the driver reads them."""
    output = [message["clixml"] for message in step["messages"] if message["type"] == "PIPELINE_OUTPUT"]
    return [read_row(Serializer().deserialize(clixml)) for clixml in output]


def test_everything_the_driver_asks_is_recorded_and_nothing_that_names_anybody(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        site, machine = fake.endpoint.site, fake.machine
        site.name, machine.name, site.machines[1].name = "NODE-7", "Buchhaltung", "web & mail"
        machine.checkpoint("before the update")
        recording = record(fake.host, "Buchhaltung", power=True)
        assert [snapshot.name for snapshot in machine.snapshots.values()] == ["before the update"]
        ids = [*machine.snapshots, *(item.id for item in site.machines)]

    steps = {step["step"]: step for step in recording["steps"]}
    assert list(steps) == [*STEPS, "start", "suspend", "resume", "reset", "stop"]
    assert {name: step["error"] for name, step in steps.items() if step["error"]} == {
        "no such machine": "NotFound",
        "no such checkpoint": "NotFound",
        "start": "Rejected",
    }
    text = json.dumps(recording, ensure_ascii=False)
    named = ["NODE-7", "Buchhaltung", "web &", "before the update", "127.0.0.1", USERNAME, PASSWORD, *map(str, ids)]
    assert [name for name in named if name in text] == []
    assert "5.1.20348.1" in text
    assert "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM" in text


def test_what_is_recorded_still_hangs_together(tmp_path: Path) -> None:
    with fake_host("basic", tmp_path) as fake:
        recording = record(fake.host, "vm1")
    steps = {step["step"]: step for step in recording["steps"]}
    machine = next(vm for vm in map(read_vm, rows(steps["machines"])) if vm.state == "Running")
    first, second = (read_checkpoint(rows(steps[name])[-1]) for name in ("create", "create below it"))
    assert [(item.name, item.vm_id, item.parent_id) for item in (first, second)] == [
        ("recorded checkpoint 1", machine.id, None),
        ("recorded checkpoint 2", machine.id, first.id),
    ]
    restored = {vm.id: vm.current for vm in map(read_vm, rows(steps["machine after restore"]))}
    assert restored[machine.id] == first.id
    chosen = steps["restore"]["commands"][1][2]["parameters"]
    assert chosen == {"Property": "Id", "EQ": None, "Value": str(first.id)}


def test_a_name_within_an_id_is_none() -> None:
    scrubber = Scrubber(["beef"])
    text = scrubber.scrub_text("Beef is dead1234-beef-4bee-8bee-beefbeefbeef, not 'beef-4'")
    assert text == "NAME1 is 00000000-0000-0000-0000-000000000001, not 'NAME1-4'"


def test_without_a_machine_nothing_is_changed(tmp_path: Path) -> None:
    with fake_host("basic", tmp_path) as fake:
        recording = record(fake.host)
        sent = {name for name, _parameters in fake.endpoint.site.commands}
    assert [step["step"] for step in recording["steps"]] == STEPS[:3]
    assert {name for name in sent if not re.search(r"\\(Get|Select|Where)-", name)} == set()


def test_a_machine_that_is_not_there(tmp_path: Path) -> None:
    with fake_host("basic", tmp_path) as fake, pytest.raises(SystemExit, match="There are 0 machines called 'vm9'"):
        record(fake.host, "vm9")


def test_the_command_reads_the_environment_and_writes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    with fake_host("negotiate", tmp_path) as fake:
        variables = {"HOST": "127.0.0.1", "PORT": str(fake.endpoint.port), "SSL": "false"}
        for name, value in {**variables, "USERNAME": USERNAME, "PASSWORD": PASSWORD}.items():
            monkeypatch.setenv(f"HYPERV_{name}", value)
        assert main([str(out)]) == 0
    assert capsys.readouterr().out == f"3 steps are in {out}. Read it before you pass it on.\n"
    assert len(json.loads(out.read_text("utf-8"))["steps"]) == 3


def test_the_environment_names_a_host() -> None:
    assert host_of({"HYPERV_USERNAME": "svc"}) is None
    environment = {"HYPERV_HOST": "hv01", "HYPERV_PORT": "80", "HYPERV_SSL": "no", "HYPERV_AUTH": "kerberos"}
    assert host_of({**environment, "HYPERV_CA_FILE": ""}) == HyperVHost(
        host="hv01", port=80, ssl=False, auth="kerberos"
    )


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("HV01 and hv01.example.org", "NAME1 and NAME2"),
        ("S-1-5-21-1-2-3-500 at 10.1.2.3", "S-1-5-21 at 192.0.2.1"),
        ("see C:\\Users\\me\\x.txt", "see C:\\PATH"),
        ("see \\\\server\\share\\x", "see \\\\SERVER\\PATH"),
        ("machine 'a b' is off", "machine 'QUOTED' is off"),
        ("the host's own, isn't it", "the host's own, isn't it"),
        ("00000000-0000-0000-0000-0000000000FF", "00000000-0000-0000-0000-000000000001"),
        ("vm", "vm"),
        ("x", "NAME3"),
        ("recorded checkpoint 1", "recorded checkpoint 1"),
    ],
)
def test_what_is_taken_out(text: str, scrubbed: str) -> None:
    assert Scrubber(("hv01", "hv01.example.org", "x", "")).scrub_text(text) == scrubbed


@pytest.mark.skipif(not RECORDINGS, reason="Nobody has recorded a real Hyper-V host yet.")
def test_recordings_of_real_hosts_are_understood() -> None:
    for path in RECORDINGS:
        steps = {step["step"]: step for step in json.loads(path.read_text("utf-8"))["steps"]}
        assert all(isinstance(read_vm(row), Vm) for row in rows(steps["machines"]))
        for name in ("create", "create below it", "checkpoints of the machine"):
            assert all(isinstance(read_checkpoint(row), Checkpoint) for row in rows(steps.get(name, {"messages": []})))
        assert steps["no such machine"]["error"] == "NotFound"
