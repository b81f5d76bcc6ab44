# Records what a real Hyper-V host answers, so that what the tests believe of Windows can be corrected by it:
#     HYPERV_HOST=... HYPERV_USERNAME=... HYPERV_PASSWORD=... python -m odata_vmm.drivers.hyperv.record out.json
# With --vm NAME it also takes, renames, restores and removes checkpoints of that machine, and with --power switches it
# on and off; it must be one that nobody needs. Without, nothing is changed.
# Strategy: the driver is used as it is, over a transport that keeps the bytes of each answer. The messages in them
# (MS-PSRP 2.2.1, 2.2.4) are kept as CLIXML, without what names the host and its machines (scrub.py).

from __future__ import annotations

import argparse
import json
import os
import re
import struct
import sys
import xml.etree.ElementTree as ET
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from pypsrp.messages import MessageType
from pypsrp.wsman import WSMan

from ..contract import DriverError
from .cmdlets import Pipeline, hyper_v, select
from .driver import HyperVDriver
from .host import HyperVHost
from .records import Row
from .scrub import OURS, Scrubber
from .session import Session

# What is kept of an answer, by the type of the message.
KEPT: Final[Mapping[int, str]] = {
    MessageType.APPLICATION_PRIVATE_DATA: "APPLICATION_PRIVATE_DATA",
    MessageType.PIPELINE_OUTPUT: "PIPELINE_OUTPUT",
    MessageType.ERROR_RECORD: "ERROR_RECORD",
    MessageType.WARNING_RECORD: "WARNING_RECORD",
    MessageType.PIPELINE_STATE: "PIPELINE_STATE",
}

ENVIRONMENT: Final[Mapping[str, Callable[[str], Any]]] = {
    "host": str,
    "port": int,
    "username": str,
    "password": str,
    "auth": str,
    "ssl": lambda text: text.lower() in ("1", "true", "yes"),
    "ca_file": str,
    "certificate_file": str,
    "certificate_key_file": str,
    "certificate_key_password": str,
    "configuration_name": str,
}


def host_of(environment: Mapping[str, str]) -> HyperVHost | None:
    """The host that HYPERV_HOST and its companions name, such as HYPERV_AUTH and HYPERV_SSL."""
    options = {
        name: read(environment[f"HYPERV_{name.upper()}"])
        for name, read in ENVIRONMENT.items()
        if environment.get(f"HYPERV_{name.upper()}")
    }
    return HyperVHost(**options) if "host" in options else None


class RecordingSession(Session):
    """A session that keeps what was asked and what was answered."""

    def __init__(self, host: HyperVHost) -> None:
        self.answers: list[bytes] = []
        self.pipelines: list[Pipeline] = []
        answers = self.answers

        class Recorder(WSMan):
            def receive(self, *arguments: Any, **options: Any) -> ET.Element:
                body = super().receive(*arguments, **options)
                answers.extend(_streams(body))
                return body

        super().__init__(host, Recorder)

    def read(self, pipeline: Pipeline) -> list[Row]:
        self.pipelines.append(pipeline)
        return super().read(pipeline)

    def change(self, pipeline: Pipeline) -> list[Row]:
        self.pipelines.append(pipeline)
        return super().change(pipeline)


def record(host: HyperVHost, machine: str | None = None, *, power: bool = False) -> dict[str, Any]:
    """All answers of a host to what the driver asks, without anything that names it."""
    session = RecordingSession(host)
    driver = HyperVDriver(host, session)
    steps: list[dict[str, Any]] = []
    try:
        for name, call in _steps(driver, session, machine, power):
            session.answers.clear()
            session.pipelines.clear()
            failure = None
            try:
                call()
            except DriverError as error:
                failure = type(error).__name__
            steps.append(
                {
                    "step": name,
                    "error": failure,
                    "commands": [
                        [{"name": item.name, "parameters": dict(item.parameters)} for item in pipeline]
                        for pipeline in session.pipelines
                    ],
                    "messages": list(read_messages(b"".join(session.answers))),
                }
            )
    finally:
        driver.close()
    account = re.split(r"[\\@]", host.username or "")
    scrubber = Scrubber((host.host, *host.host.split(".", 1), *account, *host.secrets, machine or ""))
    for step in steps:
        for message in step["messages"]:
            scrubber.learn(message["clixml"])
    return {"steps": [scrubber.scrub_step(step) for step in steps]}


def _steps(
    driver: HyperVDriver, session: Session, name: str | None, power: bool
) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "machines", driver.vms
    # Which the scrubber has to know: messages call the host so.
    yield "the host's own name", lambda: session.read((hyper_v("Get-VM"), select("ComputerName")))
    yield "no such machine", lambda: driver.checkpoints(uuid4())
    if name is None:
        return
    found = [vm for vm in driver.vms() if vm.name == name]
    if len(found) != 1:
        raise SystemExit(f"There are {len(found)} machines called '{name}'.")
    machine = found[0].id
    yield "checkpoints", lambda: driver.checkpoints(machine)
    yield "no such checkpoint", lambda: driver.restore(machine, uuid4())
    yield from _checkpoint_steps(driver, machine)
    if power:
        for action in ("start", "suspend", "resume", "reset", "stop"):
            yield action, lambda action=action: driver.power(machine, action)  # type: ignore[misc]


def _checkpoint_steps(driver: HyperVDriver, machine: UUID) -> Iterator[tuple[str, Callable[[], object]]]:
    before = {checkpoint.id for checkpoint in driver.checkpoints(machine)}
    yield "create", lambda: driver.create(machine, f"{OURS} 1")
    yield "create below it", lambda: driver.create(machine, f"{OURS} 2")
    made = [checkpoint.id for checkpoint in driver.checkpoints(machine) if checkpoint.id not in before]
    if not made:
        return
    yield "rename", lambda: driver.rename(machine, made[0], f"{OURS} 3")
    yield "restore", lambda: driver.restore(machine, made[0])
    yield "machine after restore", driver.vms
    yield "checkpoints of the machine", lambda: driver.checkpoints(machine)
    yield "remove with children", lambda: driver.remove(machine, made[0], subtree=True)


def _streams(body: ET.Element) -> Iterator[bytes]:
    for stream in body.iter("{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}Stream"):
        if stream.text:
            yield b64decode(stream.text)


def read_messages(data: bytes) -> Iterator[dict[str, str]]:
    """The messages in fragments: object id, fragment id, flags, length; then type and CLIXML after 40 bytes."""
    parts: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        object_id, _number, flags, length = struct.unpack_from(">QQBI", data, position)
        position += 21
        parts[object_id] = parts.get(object_id, b"") + data[position : position + length]
        position += length
        if flags & 2:
            message = parts.pop(object_id)
            (kind,) = struct.unpack_from("<I", message, 4)
            if kind in KEPT:
                yield {"type": KEPT[kind], "clixml": message[40:].decode("utf-8-sig")}


def main(arguments: list[str]) -> int:
    """Record the host that the environment names into a file."""
    parser = argparse.ArgumentParser(prog="python -m odata_vmm.drivers.hyperv.record")
    parser.add_argument("file", type=Path)
    parser.add_argument("--vm", help="a machine that nobody needs, whose checkpoints may be made and removed")
    parser.add_argument("--power", action="store_true", help="also switch that machine on and off")
    options = parser.parse_args(arguments)
    host = host_of(os.environ)
    if host is None:
        parser.error("HYPERV_HOST is not set.")
    recording = record(host, options.vm, power=options.power)
    options.file.write_text(json.dumps(recording, indent=1, ensure_ascii=False), "utf-8")
    print(f"{len(recording['steps'])} steps are in {options.file}. Read it before you pass it on.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
