# `odata serve vmm` and `odata vmm check` over fake Hyper-V hosts, as an administrator uses them: with a file.

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from odata_vmm.sample import STAMP, SUBSCRIPTION
from tests.processes import PATIENCE, REPOSITORY, environment, running
from tests.vmm.hyperv_rigs import PASSWORD, USERNAME, Fake, fake_host

ROOT = f"/{SUBSCRIPTION}/services/systemcenter/vmm/"
JSON = {"Content_Type": "application/json", "x_ms_principal_id": "user@contoso.com"}


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[list[Fake]]:
    """Two hosts, one with messages encrypted by NTLM over HTTP, one with Basic over TLS."""
    with ExitStack() as stack:
        made = []
        for way in ("negotiate", "basic"):
            folder = tmp_path / way
            folder.mkdir()
            made.append(stack.enter_context(fake_host(way, folder)))
        yield made


def configuration(fakes: list[Fake], folder: Path, password: str = PASSWORD) -> Path:
    (folder / "password").write_text(f"{password}\n")
    tables = "".join(
        f"""
        [[stamps.hosts]]
        host = "{name}"
        port = {fake.endpoint.port}
        username = {msgspec.json.encode(USERNAME).decode()}
        password_file = "password"
        auth = "{fake.host.auth}"
        ssl = {str(fake.host.ssl).lower()}
        """
        + (f'ca_file = "{fake.host.ca_file}"\n' if fake.host.ca_file else "")
        for name, fake in zip(("localhost", "127.0.0.1"), fakes, strict=True)
    )
    path = folder / "hosts.toml"
    path.write_text(
        f"""
        [[stamps]]
        id = "{STAMP}"
        driver = "hyperv"
        {tables}
        [[roles]]
        subscription = "{SUBSCRIPTION}"
        name = "Operators"
        """
    )
    return path


def test_two_hosts_as_one_stamp(fakes: list[Fake], tmp_path: Path) -> None:
    path = configuration(fakes, tmp_path)
    command = ["-m", "odata_core.cli", "serve", "vmm", "--config", str(path), "--port", "0"]
    with running(command, tmp_path / "log", r"Listening on http://127\.0\.0\.1:(\d+)/") as server:
        _status, machines = server.get(f"{ROOT}VirtualMachines?$select=ID,Name,VirtualMachineState")
        assert len(machines["value"]) == 4
        for fake in fakes:
            body = {"Name": "first", "Description": "why", "VMId": str(fake.machine.id), "StampId": str(STAMP)}
            status, made = server.get(f"{ROOT}VMCheckPoints", "POST", msgspec.json.encode(body), **JSON)
            assert status == 201
            [snapshot] = fake.machine.snapshots.values()
            _status, read = server.get(f"{ROOT}VMCheckPoints(ID=guid'{made['ID']}',StampId=guid'{STAMP}')")
            assert (read["CheckpointID"], read["Description"]) == (str(snapshot.id), "why")
        fakes[1].endpoint.__exit__()
        _status, left = server.get(f"{ROOT}VMCheckPoints?$select=Name,VMId")
        assert left["value"] == [{"Name": "first", "VMId": str(fakes[0].machine.id)}]
        assert PASSWORD not in (tmp_path / "log").read_text()


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "odata_core.cli", "vmm", "check", "--config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment(), cwd=REPOSITORY)


def test_the_check_says_that_all_is_well(fakes: list[Fake], tmp_path: Path) -> None:
    told = check(configuration(fakes, tmp_path))
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("Everything that was tried works.\n")
    assert "ok      authentication: The host accepts the account (negotiate)." in told.stdout
    assert "ok      cmdlets: The session has all cmdlets that are needed." in told.stdout


def test_the_check_says_what_is_wrong(fakes: list[Fake], tmp_path: Path) -> None:
    told = check(configuration(fakes, tmp_path, password="wrong"))
    assert told.returncode == 1
    assert told.stdout.count("ERROR   authentication: ") == 2
    assert told.stderr == "2 of these are to be put right.\n"
    assert "wrong" not in told.stdout
