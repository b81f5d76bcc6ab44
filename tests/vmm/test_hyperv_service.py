# The VMM service with the Hyper-V driver behind it: what clients of SPF send becomes cmdlets on the fake host, and what
# goes wrong there becomes a status.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from odata_vmm import sample_service
from odata_vmm.sample import MACHINE, OTHER_MACHINE
from tests.vmm.hyperv_rigs import Fake, fake_host
from tests.vmm.requests import Client, checkpoint_path, new_checkpoint


@dataclass(frozen=True, slots=True)
class Scene:
    """A fake host with two machines of the sample, and a client of the service before it."""

    fake: Fake
    client: Client


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with fake_host("negotiate", tmp_path) as fake:
        fake.machine.id, fake.endpoint.site.machines[1].id = MACHINE, OTHER_MACHINE
        driver = fake.driver()
        yield Scene(fake, Client(service=sample_service(driver=driver)))
        driver.close()


def test_a_checkpoint_is_taken_restored_and_removed(scene: Scene) -> None:
    client, machine = scene.client, scene.fake.machine
    machine.contents = "before the update"
    made = client.create(Name="first", Description="why")
    (snapshot,) = machine.snapshots.values()
    assert (made["Name"], made["Description"], made["CheckpointID"]) == ("first", "why", str(snapshot.id))
    machine.contents = "after the update"
    path = checkpoint_path(made["ID"])
    assert client.send("MERGE", path, content={"VMCheckPointAction": "Restore"}).status == 204
    assert machine.contents == "before the update"
    assert client.send("DELETE", path).status == 204
    assert machine.snapshots == {}


def test_a_list_of_one_machines_checkpoints_asks_no_other_machine_for_its(scene: Scene) -> None:
    scene.client.create()
    site = scene.fake.endpoint.site
    site.commands.clear()
    answer = scene.client.get("VMCheckPoints", f"$filter=VMId eq guid'{MACHINE}'")
    assert len(answer.rows) == 1
    names = [name for name, _parameters in site.commands]
    asked = [site.commands[index - 1][1]["Id"] for index, name in enumerate(names) if name == "Hyper-V\\Get-VMSnapshot"]
    assert asked == [str(MACHINE)]


@pytest.mark.parametrize(
    ("fault", "status"), [("denied", 403), ("disabled", 409), ("stopped service", 503), ("gone", 503)]
)
def test_what_goes_wrong_on_the_host_is_a_status(scene: Scene, fault: str, status: int) -> None:
    endpoint = scene.fake.endpoint
    endpoint.site.denied = fault == "denied"
    endpoint.site.service_runs = fault != "stopped service"
    scene.fake.machine.checkpoint_type = "Disabled" if fault == "disabled" else "Standard"
    if fault == "gone":
        endpoint.__exit__()
    answer = scene.client.send("POST", "VMCheckPoints", content=new_checkpoint())
    assert (answer.status, scene.fake.machine.snapshots) == (status, {})
