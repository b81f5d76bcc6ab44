# The whole way: `odata serve vmm` over HTTP, libvirt, and a real QEMU machine whose guest counts in memory and on disk.
# The published request takes a checkpoint, MERGE goes back to it and DELETE removes it; Microsoft's .NET client does it
# as well, with the C# sample of the manual.

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from odata_vmm.sample import MACHINE, STAMP, SUBSCRIPTION
from tests.clients.programs import FOLDER, PATIENCE, demand, run
from tests.processes import Server, running
from tests.vmm.optional import require
from tests.vmm.test_seed import BODY, GUID, REQUEST_HEAD, ROOT, exchange

require("libvirt", extra="libvirt")

from tests.vmm.libvirt_rigs import Daemon, Guest, new_guest  # noqa: E402

pytestmark = pytest.mark.xdist_group("qemu")  # one worker runs one libvirtd, for all its tests
MERGE_HEADERS = {
    "DataServiceVersion": "3.0;NetFx",
    "x_ms_principal_id": "user@contoso.com",
    "Content_Type": "application/json;odata=minimalmetadata",
}
ASSEMBLY = "System.Data.Services.Client.dll"


@dataclass(frozen=True, slots=True)
class Scene:
    """A running machine, and a service over its host."""

    guest: Guest
    server: Server

    def snapshots(self) -> list[str]:
        return sorted([snapshot.getName() for snapshot in self.guest.domain.listAllSnapshots()])

    def send(self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None) -> int:
        body = None if content is None else msgspec.json.encode(content)
        status, _content = self.server.get(ROOT + path, method, body, **(headers or {}))
        return status


@pytest.fixture
def scene(libvirtd: Daemon, guest_image: Path, tmp_path: Path) -> Iterator[Scene]:
    def with_id(document: str) -> str:
        return document.replace("</name>", f"</name><uuid>{MACHINE}</uuid>", 1)

    (tmp_path / "hosts.toml").write_text(
        f"""
        [[stamps]]
        id = "{STAMP}"
        driver = "libvirt"
          [[stamps.hosts]]
          uri = "{libvirtd.uri}"

        [[roles]]
        subscription = "{SUBSCRIPTION}"
        name = "Contoso"
        profile = "TenantAdmin"
        machines = ["{MACHINE}"]
        """
    )
    command = ["-m", "odata_core.cli", "serve", "vmm", "--config", str(tmp_path / "hosts.toml"), "--port", "0"]
    with new_guest(libvirtd, guest_image, with_id) as guest:
        guest.domain.create()
        with running(command, tmp_path / "log", rf"Listening on http://127\.0\.0\.1:(\d+){ROOT.lower()}\n") as server:
            yield Scene(guest, server)


def test_the_published_exchange_with_a_real_machine(scene: Scene) -> None:
    guest = scene.guest
    guest.count("xxx")
    early = guest.read()
    with scene.server.connect() as connection:
        status, headers, content = exchange(connection, REQUEST_HEAD, BODY)
    made = msgspec.json.decode(content)
    assert status == "HTTP/1.1 201 Created"
    assert re.fullmatch(GUID, headers["x-ms-request-id"])
    assert (made["Name"], made["VMId"], made["StampId"]) == ("Testing Checkpoint #1", str(MACHINE), str(STAMP))
    [name] = scene.snapshots()
    assert re.fullmatch(GUID, name)

    guest.count("xx")
    late = guest.read()
    assert early != late
    path = f"VMCheckPoints(ID=guid'{made['ID']}',StampId=guid'{STAMP}')"
    _status, read = scene.server.get(ROOT + path)
    assert (read["CheckpointID"], read["Description"]) == (name, made["Description"])
    restore = {"VMCheckPointAction": "Restore", "odata.type": "VMM.VMCheckPoint"}
    assert scene.send("MERGE", path, restore, MERGE_HEADERS) == 204
    assert guest.read() == early
    assert scene.send("DELETE", path) == 204
    assert scene.snapshots() == []
    assert guest.read() == early


def test_live_data_is_queried(scene: Scene) -> None:
    headers = {"Content_Type": "application/json", "x_ms_principal_id": "user@contoso.com"}
    for name in ("b", "a", "c"):
        body = {"Name": name, "Description": name * 2, "VMId": str(MACHINE), "StampId": str(STAMP)}
        assert scene.send("POST", "VMCheckPoints", body, headers) == 201
    query = f"$filter=VMId%20eq%20guid'{MACHINE}'%20and%20Name%20ne%20'b'&$orderby=Name%20desc&$select=Name,Description"
    status, found = scene.server.get(f"{ROOT}VMCheckPoints?{query}")
    assert (status, found["value"]) == (
        200,
        [{"Name": "c", "Description": "cc"}, {"Name": "a", "Description": "aa"}],
    )
    machine = f"VirtualMachines(ID=guid'{MACHINE}',StampId=guid'{STAMP}')"
    status, found = scene.server.get(f"{ROOT}{machine}?$expand=VMCheckpoints&$select=VirtualMachineState,VMCheckpoints")
    assert (status, found["VirtualMachineState"], len(found["VMCheckpoints"])) == (200, "Running", 3)
    assert scene.send("MERGE", machine, {"Operation": "Stop"}, headers) == 204
    assert scene.guest.domain.isActive() == 0
    _status, found = scene.server.get(f"{ROOT}{machine}?$select=VirtualMachineState")
    assert found["VirtualMachineState"] == "PowerOff"


def test_the_dotnet_client_with_a_real_machine(scene: Scene, tmp_path: Path) -> None:
    demand(
        {
            "mono": shutil.which("mono") is not None,
            "mcs": shutil.which("mcs") is not None,
            ASSEMBLY: Path("/usr/lib/mono/4.5", ASSEMBLY).is_file(),
        }
    )
    program = str(tmp_path / "client.exe")
    sources = [str(path) for path in sorted((FOLDER / "wcf").glob("*.cs"))]
    command = ["mcs", "-langversion:6", "-codepage:utf8", "-warnaserror", f"-r:{ASSEMBLY}", f"-out:{program}", *sources]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    told = run(["mono", program, "machines", f"http://{scene.server.host}:{scene.server.port}{ROOT}"])
    assert told == dict.fromkeys(told)
    assert len(told) == 4
    assert scene.snapshots() == []
