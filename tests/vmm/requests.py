# A client of the VMM service without a socket: requests as Microsoft's samples send them, answers as values.
# The whole state behind the service (store and simulated hosts) can be photographed and compared.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from dateutil import tz

from odata_core.backend import Context, Query, Row
from odata_core.limits import Limits
from odata_core.service import Headers, Request, Response
from odata_vmm import VmmService, sample_service
from odata_vmm.drivers.simulated import SimulatedDriver
from odata_vmm.sample import (
    ADMIN_SUBSCRIPTION,
    MACHINE,
    OTHER_MACHINE,
    STAMP,
    STOPPED_MACHINE,
    SUBSCRIPTION,
)

ROOT: Final = "https://wapserver:30005/"
JSON: Final = "application/json;odata=minimalmetadata"
JSON_SENT: Final = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
HEADERS: Final = {
    "DataServiceVersion": "3.0;NetFx",
    "MaxDataServiceVersion": "3.0;NetFx",
    "Accept": JSON,
    "Accept-Charset": "UTF-8",
    "DataServiceUrlConventions": "KeyAsSegment",
    "x-ms-principal-id": "user@contoso.com",
    "Content-Type": JSON,
}
ZERO: Final = "00000000-0000-0000-0000-000000000000"


def small_site() -> SimulatedDriver:
    """The three machines of the sample, none of them with a checkpoint."""
    driver = SimulatedDriver()
    driver.add_vm(name="vm1", id=MACHINE, state="Running", contents="first boot")
    driver.add_vm(name="vm2", id=STOPPED_MACHINE, state="Off", contents="installed")
    driver.add_vm(name="fabrikam-vm", id=OTHER_MACHINE, state="Running", contents="private")
    return driver


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `json` is its body."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def body(self) -> bytes:
        return self.response.body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.response.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The entities of a feed."""
        rows: list[dict[str, Any]] = self.json["value"]
        return rows

    @property
    def message(self) -> str:
        """What an error says."""
        message: str = self.json["odata.error"]["message"]["value"]
        return message

    def header(self, name: str) -> str | None:
        return self.response.header(name)

    @property
    def headers(self) -> dict[str, str]:
        """All headers but those that every answer has; ids as `<guid>`."""
        always = ("Cache-Control", "X-Content-Type-Options", "request-id")
        return {
            name: "<guid>" if name == "x-ms-request-id" else value
            for name, value in self.response.headers
            if name not in always
        }


class Client:
    """Sends requests to one service. `subscription` is that of a request which names no other."""

    def __init__(
        self,
        driver: SimulatedDriver | None = None,
        *,
        subscription: UUID = SUBSCRIPTION,
        limits: Limits | None = None,
        service: VmmService | None = None,
    ) -> None:
        self.driver = driver or small_site()
        self.service = service or sample_service(
            driver=self.driver, zone=tz.gettz("America/Los_Angeles"), limits=limits
        )
        self.subscription = subscription

    def of(self, subscription: UUID) -> Client:
        """A client of the same service for another subscription."""
        return Client(self.driver, subscription=subscription, service=self.service)

    @property
    def base(self) -> str:
        return f"{str(self.subscription).upper()}/services/systemcenter/vmm/"

    @property
    def root(self) -> str:
        return ROOT + self.base

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        content: Any = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        at: str | None = None,
    ) -> Answer:
        """One request below the service root, or below `at`. `content` becomes JSON; a header of None is left out."""
        if path.startswith(self.root):
            path = path.removeprefix(self.root)
        sent = {name: value for name, value in {**HEADERS, **(headers or {})}.items() if value is not None}
        data = body if body is not None else b"" if content is None else msgspec.json.encode(content)
        base = self.base if at is None else at
        return Answer(self.service.handle(Request(method, ROOT, base + path, query, Headers(sent), data)))

    def get(self, path: str, query: str = "", **more: Any) -> Answer:
        return self.send("GET", path, query, **more)

    def settled(self, method: str, path: str, query: str = "", content: Any = None) -> Answer:
        """One request, and all that goes on after its answer."""
        answer = self.send(method, path, query, content)
        assert self.service.site.workers.wait(10), "a job does not end"
        return answer

    def create(self, machine: UUID = MACHINE, **values: Any) -> dict[str, Any]:
        """Take a checkpoint and return it as it reads afterwards."""
        answer = self.send("POST", "VMCheckPoints", content=new_checkpoint(machine, **values))
        assert answer.status == 201, answer.body
        return self.read(checkpoint_path(answer.json["ID"]))

    def read(self, path: str, query: str = "") -> dict[str, Any]:
        """An entity that must be there, without its context."""
        answer = self.get(path, query)
        assert answer.status == 200, answer.body
        entity: dict[str, Any] = answer.json
        del entity["odata.metadata"]
        return entity

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that the administrator sees, the oldest first."""
        return self.of(ADMIN_SUBSCRIPTION).get("Jobs", "$orderby=StartTime").rows

    def photograph(self, *, jobs: bool = True) -> Any:
        """Everything that there is: the rows of the store, the machines, their contents and checkpoints."""
        site = self.service.site
        with site.store.session(Context()) as session:
            rows: dict[str, list[Row]] = {
                name: list(session.select(Query(entity_set)).rows)
                for name, entity_set in site.model.entity_sets.items()
                if jobs or name != "Jobs"
            }
        vms = self.driver.vms()
        return (
            rows,
            [(vm, self.driver.read(vm.id)) for vm in vms],
            {vm.id: self.driver.checkpoints(vm.id) for vm in vms},
        )


def new_checkpoint(machine: UUID = MACHINE, **values: Any) -> dict[str, Any]:
    """The body of the published request that creates a checkpoint, with other values where given."""
    return {
        "odata.type": "VMM.VMCheckPoint",
        "Accessibility": None,
        "AddedTime": None,
        "CheckpointID": None,
        "Confirm": None,
        "Description": "A snapshot",
        "Enabled": None,
        "ID": ZERO,
        "ModifiedTime": None,
        "Name": "Testing Checkpoint #1",
        "ParentCheckpointID": None,
        "RunAsynchronously": None,
        "StampId": str(STAMP),
        "VMCheckPointAction": None,
        "VMId": str(machine),
        **values,
    }


def machine_path(machine: UUID = MACHINE) -> str:
    return f"VirtualMachines(StampId=guid'{STAMP}',ID=guid'{machine}')"


def checkpoint_path(checkpoint: str | UUID, stamp: UUID = STAMP) -> str:
    return f"VMCheckPoints(ID=guid'{checkpoint}',StampId=guid'{stamp}')"


def role_path(role: UUID) -> str:
    return f"UserRoles(guid'{role}')"
