# Rigs for the libvirt driver: libvirt's own pretend hypervisor within the process, and real QEMU behind a libvirtd that
# runs for these tests only, in a folder of its own, in session mode. Nothing of the system's configuration is used.

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from odata_vmm.drivers.contract import State
from odata_vmm.drivers.libvirt import LibvirtDriver, LibvirtHost
from odata_vmm.drivers.suite import Rig
from tests.vmm.optional import require

require("libvirt", extra="libvirt")

import libvirt  # noqa: E402

QEMU = Path(__file__).parent / "qemu"
PROGRAMS = ("libvirtd", "qemu-system-x86_64", "qemu-img", "qemu-io", "as", "ld")
LIBRARIES = ("lib", "lib64", "lib/*-linux-gnu")
PATIENCE = 20.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SECTOR = 512
DOMAIN = "<domain type='test'><name>{}</name><memory>1048576</memory><os><type>hvm</type></os></domain>"
FIRST, LEAST = 1048576, 524288


def pretend_rig(folder: Path, state: State) -> Iterator[Rig]:
    """libvirt's own pretend hypervisor (test:///), whose machines' "inside" is the size of their memory."""
    (folder / "node.xml").write_text("<node>" + "".join(DOMAIN.format(name) for name in ("vm1", "vm2")) + "</node>")
    driver = LibvirtDriver(f"test://{folder / 'node.xml'}")
    first, other = sorted(driver.vms(), key=lambda vm: vm.name)
    link = link_of(driver)
    domain = link.lookupByName("vm1")
    if state == "Off":
        domain.destroy()

    def mutate(text: str) -> None:
        if state == "Off":
            domain.setMaxMemory(LEAST + len(text) * 1024)
        else:
            domain.setMemory(LEAST + len(text) * 1024)

    yield Rig(driver, first.id, other.id, mutate, lambda: str(domain.info()[1:3]), state)
    driver.close()


def link_of(driver: LibvirtDriver) -> Any:
    """The driver's connection, as libvirt's own object."""
    return driver._connections.read(lambda call: call.link)


@dataclass
class Daemon:
    """A libvirtd, and the folder in which it and its machines live."""

    folder: Path
    reaper: subprocess.Popen[bytes]
    owner: tuple[int, int] | None
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def socket(self) -> Path:
        return self.folder / "libvirt" / "libvirt-sock"

    @property
    def uri(self) -> str:
        return f"qemu+unix:///session?socket={self.socket}"

    @property
    def pid(self) -> int:
        return int((self.folder / "libvirt" / "libvirtd.pid").read_text("ascii"))

    def kill(self) -> None:
        """As a crash would; machines run on."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())

    def start(self) -> None:
        """Start it again after `kill`."""
        self.reaper.send_signal(signal.SIGHUP)
        wait_until(self.listens)

    def listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as attempt:
            return attempt.connect_ex(str(self.socket)) == 0

    def connect(self) -> Any:
        return libvirt.open(self.uri)

    def give(self, path: Path) -> Path:
        """Let the account that QEMU runs under have a file."""
        if self.owner is not None:
            os.chown(path, *self.owner)
        return path

    def new(self, suffix: str) -> Path:
        """A path of nothing yet; short, since a socket's path must be."""
        return self.folder / f"{next(self.numbers)}{suffix}"


class Relay:
    """Lets a libvirtd be reached over TCP, by a network that can break or swallow everything."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.swallows = False

    @property
    def uri(self) -> str:
        return f"qemu+tcp://127.0.0.1:{self._listener.getsockname()[1]}/session"

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._daemon.socket))
                self._ends += (client, server)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source:
            while part := source.recv(65536):
                if not self.swallows:
                    target.sendall(part)
            target.shutdown(socket.SHUT_RDWR)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "This has not happened in time."
        time.sleep(0.01)


def missing_programs() -> list[str]:
    """What real machines need and is not installed."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    driver = "libvirt/connection-driver/libvirt_driver_qemu.so"
    if not any(any(Path("/usr").glob(f"{folder}/{driver}")) for folder in LIBRARIES):
        missing.append("libvirt's driver for QEMU")
    return missing


@contextmanager
def running_daemon() -> Iterator[Daemon]:
    """A libvirtd as an account without rights; skipped, or failed under continuous integration, where none can be."""
    missing = missing_programs()
    if missing:
        reason = f"Not installed: {', '.join(missing)}. This installs them: bash tests/vmm/qemu/install.sh"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="kvm-", dir="/tmp"))
    folder.chmod(0o711)
    owner = None
    command = [shutil.which("libvirtd", path=PATH) or "libvirtd", "-t", "0"]
    if os.getuid() == 0:
        # QEMU with its tests needs no rights, so it gets none.
        owner = (65534, 65534)
        os.chown(folder, *owner)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    places = {"XDG_RUNTIME_DIR": "", "HOME": "", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
    environment = {"PATH": PATH} | {name: str(folder / place) for name, place in places.items()}
    with (folder / "log").open("wb") as log:
        reaper = subprocess.Popen(
            [sys.executable, str(QEMU / "reaper.py"), *command], cwd=folder, env=environment, stdout=log, stderr=log
        )
    daemon = Daemon(folder, reaper, owner)
    try:
        try:
            wait_until(daemon.listens)
        except AssertionError:
            pytest.fail(f"libvirtd does not start: {(folder / 'log').read_text('utf-8', 'replace')}")
        yield daemon
    finally:
        reaper.terminate()
        reaper.wait(PATIENCE)
        shutil.rmtree(folder)


def build_guest(folder: Path) -> Path:
    """The disk image of the guest without an operating system."""
    boot, image = folder / "boot.o", folder / "boot.raw"
    run("as", "--32", str(QEMU / "boot.S"), "-o", str(boot))
    run("ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", str(boot), "-o", str(image))
    os.truncate(image, 1 << 20)
    disk = folder / "boot.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(image), str(disk))
    return disk


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout


@dataclass(frozen=True, slots=True)
class Guest:
    """A machine with the guest on its disk."""

    domain: Any
    disk: Path
    serial: Path

    @property
    def id(self) -> UUID:
        return UUID(self.domain.UUIDString())

    def ask(self, commands: str) -> str:
        """What the running guest answers to each letter, in one line; QEMU is another one after each restoring."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as line:
                    # What arrives while it boots is lost; asking changes nothing.
                    line.settimeout(1)
                    line.connect(str(self.serial))
                    _ask(line, "p")
                    line.settimeout(PATIENCE)
                    return "".join(_ask(line, command) for command in commands)
            except OSError:
                assert time.monotonic() < deadline, "The guest does not answer."
                time.sleep(0.02)

    def count(self, text: str = "x") -> None:
        """Count up in memory and on disk, for each character."""
        self.ask("iw" * len(text))

    def read(self) -> str:
        """Both counters."""
        return self.ask("p")

    def write_sector(self, text: str) -> None:
        """Change the disk of a machine that is off."""
        run("qemu-io", "-f", "qcow2", "-c", f"write -P {len(text)} {SECTOR} {SECTOR}", str(self.disk))

    def read_sector(self) -> str:
        """What `write_sector` wrote."""
        return run("qemu-io", "-f", "qcow2", "-c", f"read -v {SECTOR} 16", str(self.disk)).partition("  ")[2][:47]


def _ask(line: socket.socket, command: str) -> str:
    line.sendall(command.encode("ascii"))
    answer = b""
    while not answer.endswith(b"\n"):
        part = line.recv(64)
        if not part:
            raise ConnectionResetError
        answer += part
    return answer.replace(b"!", b"").strip().decode("ascii")


@contextmanager
def new_guest(daemon: Daemon, image: Path, change: Callable[[str], str] = str) -> Iterator[Guest]:
    """A machine that is off, with a copy of a disk image; `change` may change its definition."""
    disk = daemon.give(shutil.copyfile(image, daemon.new(".qcow2")))
    serial = daemon.new(".sock")
    values = {"NAME": f"vm{disk.stem}", "DISK": str(disk), "SERIAL": str(serial)}
    document = (QEMU / "domain.xml").read_text("utf-8")
    for name, value in values.items():
        document = document.replace(f"@{name}@", value)
    guest = Guest(daemon.connect().defineXML(change(document)), disk, serial)
    try:
        yield guest
    finally:
        # The daemon may be another one now.
        domain = daemon.connect().lookupByUUID(guest.id.bytes)
        with suppress(libvirt.libvirtError):
            domain.destroy()
        domain.undefineFlags(
            libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
        )


def raw_disk(disk: Path) -> Callable[[str], str]:
    def change(document: str) -> str:
        run("truncate", "-s", "1M", str(disk))
        return document.replace('type="qcow2"', 'type="raw"')

    return change


def flash(daemon: Daemon) -> Callable[[str], str]:
    """Firmware in flash memory, as UEFI is; what is in it does not matter, as the machine never starts."""
    firmware = daemon.new(".fd")
    firmware.write_bytes(bytes(1 << 20))
    loader = f'<loader readonly="yes" type="pflash">{firmware}</loader><nvram>{firmware}.vars</nvram>'

    def change(document: str) -> str:
        return document.replace("</os>", f"{loader}</os><features><acpi/></features>")

    return change


def qemu_rig(daemon: Daemon, image: Path, state: State) -> Iterator[Rig]:
    """A real machine, off or running, and another one that is off."""
    with new_guest(daemon, image) as guest, new_guest(daemon, image) as other:
        driver = LibvirtDriver(LibvirtHost(daemon.uri, retry_after=0))
        if state == "Running":
            guest.domain.create()
            yield Rig(driver, guest.id, other.id, guest.count, guest.read, state)
        else:
            yield Rig(driver, guest.id, other.id, guest.write_sector, guest.read_sector, state)
        driver.close()
