# Rigs for the Hyper-V driver: the fake endpoint with a fake host behind it, in each way that a client may sign in.

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from odata_vmm.drivers.contract import NotFound, State
from odata_vmm.drivers.hyperv import HyperVDriver, HyperVHost
from odata_vmm.drivers.hyperv.cmdlets import QUIET, hyper_v, machine, select
from odata_vmm.drivers.suite import Rig
from tests.vmm.optional import require

require("pypsrp", "psrpcore")

from odata_vmm.drivers.hyperv.session import Session  # noqa: E402
from tests.vmm.fake_hyperv.certificates import KEY_PASSWORD, Certificate, make_certificate  # noqa: E402
from tests.vmm.fake_hyperv.cmdlets import Role  # noqa: E402
from tests.vmm.fake_hyperv.endpoint import PASSWORD, USERNAME, Endpoint, account  # noqa: E402
from tests.vmm.fake_hyperv.machines import Machine, Site  # noqa: E402

Way = Literal["basic", "certificate", "negotiate", "negotiate over TLS"]
WAYS: tuple[Way, ...] = ("basic", "certificate", "negotiate", "negotiate over TLS")
SERVER: Mapping[Way, Literal["Basic", "Certificate"]] = {"basic": "Basic", "certificate": "Certificate"}


@dataclass(frozen=True, slots=True)
class Fake:
    """A fake host that listens, its first machine, and how to reach it."""

    endpoint: Endpoint
    machine: Machine
    host: HyperVHost

    def changed(self, **changes: Any) -> HyperVHost:
        """The configuration, with some things otherwise."""
        return replace(self.host, **changes)

    def driver(self, **changes: Any) -> HyperVDriver:
        """A driver, with some things configured otherwise."""
        return HyperVDriver(self.changed(**changes))


__all__ = [
    "KEY_PASSWORD",
    "PASSWORD",
    "USERNAME",
    "WAYS",
    "Fake",
    "Role",
    "Way",
    "fake_host",
    "fake_rig",
    "make_certificate",
    "settings_rig",
]


@contextmanager
def fake_host(
    way: Way, folder: Path, state: State = "Running", *, address: str = "127.0.0.1", **endpoint: Any
) -> Iterator[Fake]:
    """A host with two machines; the second is off. Its certificate, where it has one, is for `address`."""
    certificate = None if way == "negotiate" else make_certificate(folder, address)
    first = Machine("vm1", state)
    site = Site([first, Machine("vm2")])
    server = Endpoint(site, auth=SERVER.get(way, "Negotiate"), certificate=certificate, **endpoint)
    with account(folder), server as running:
        yield Fake(
            running,
            first,
            HyperVHost(
                host="127.0.0.1",
                port=running.port,
                **_client(way, certificate),
                ssl=certificate is not None,
                ca_file=str(certificate.authority) if certificate else None,
                connect_timeout=2,
                operation_timeout=2,
                read_timeout=4,
                command_timeout=20,
                idle_check=30,
                retry_after=0,
                refused_after=0,
            ),
        )


def _client(way: Way, certificate: Certificate | None) -> Mapping[str, Any]:
    """How the driver signs in."""
    if way == "certificate" and certificate is not None:
        return {
            "auth": "certificate",
            "certificate_file": str(certificate.client),
            "certificate_key_file": str(certificate.client_key),
            "certificate_key_password": KEY_PASSWORD,
        }
    return {"auth": "basic" if way == "basic" else "negotiate", "username": USERNAME, "password": PASSWORD}


def settings_rig(host: HyperVHost, name: str, other: str) -> Iterator[Rig]:
    """A rig for any host, a real one too, with two machines of these names that nobody needs, both switched off.

    Its driver's account must also be allowed Set-VM. What is "inside" the machine is its memory's size: a checkpoint
    holds the settings, and no guest is needed to change them.
    """
    driver = HyperVDriver(host)
    session = Session(host)
    ids = {vm.name: vm.id for vm in driver.vms() if vm.name in (name, other)}
    vm, second = ids[name], ids[other]

    def clear() -> None:
        for machine_id in (vm, second):
            for checkpoint in driver.checkpoints(machine_id):
                with suppress(NotFound):
                    driver.remove(machine_id, checkpoint.id, subtree=True)
            if next(item for item in driver.vms() if item.id == machine_id).state != "Off":
                driver.power(machine_id, "stop")

    def mutate(text: str) -> None:
        size = (256 + 2 * len(text)) << 20
        session.change((machine(vm), hyper_v("Set-VM", {"MemoryStartupBytes": size, **QUIET})))

    def observe() -> str:
        return str(session.read((machine(vm), select("MemoryStartup")))[0]["MemoryStartup"])

    clear()
    yield Rig(driver, vm, second, mutate, observe, "Off")
    clear()
    driver.close()
    session.close()


def fake_rig(way: Way, folder: Path, state: State) -> Iterator[Rig]:
    """A rig for the suites that all drivers share."""
    with fake_host(way, folder, state) as fake:
        first, other = fake.endpoint.site.machines
        driver = fake.driver()

        def write(text: str) -> None:
            first.contents = text

        yield Rig(driver, first.id, other.id, write, lambda: first.contents, state)
        driver.close()


@contextmanager
def stranger(answer: bytes) -> Iterator[int]:
    """Something that answers everything with the same, on a port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65_536):
                self.request.sendall(answer)
                if not answer.startswith(b"HTTP") or b"600" in answer:
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
