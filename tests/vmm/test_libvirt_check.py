# What a check of a libvirt configuration tells: one test for each way to go wrong that can be had here.

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odata_vmm.drivers.findings import Finding, Severity, Step
from odata_vmm.drivers.libvirt import LibvirtHost
from odata_vmm.drivers.libvirt.check import JOIN, MOST_TOLD, check, knows_snapshots
from tests.vmm.optional import require

require("libvirt", extra="libvirt")

import libvirt  # noqa: E402

from tests.vmm.libvirt_rigs import DOMAIN, Daemon, flash, new_guest, raw_disk  # noqa: E402

qemu = pytest.mark.xdist_group("qemu")  # one worker runs one libvirtd, for all its tests

Told = list[tuple[Step, Severity]]


def told(findings: list[Finding]) -> Told:
    """Steps and severities; whatever is not good comes with advice, and everything is a sentence."""
    for finding in findings:
        assert bool(finding.advice) == (finding.severity != "ok"), finding
        assert finding.text.endswith("."), finding
        assert finding.advice == "" or finding.advice.endswith("."), finding
    return [(finding.step, finding.severity) for finding in findings]


def last(uri: str | LibvirtHost, step: Step, severity: Severity = "error") -> Finding:
    """The last finding, which is of that step."""
    findings = check(uri)
    assert told(findings)[-1] == (step, severity), findings
    return findings[-1]


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port that accepts connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("system", "The URI of libvirt begins with no name of a hypervisor."),
        ("///system", "The URI of libvirt begins with no name of a hypervisor."),
        ("qemu+pigeon://hv01/system", "The URI of libvirt names an unknown way to a host, 'pigeon'."),
        ("qemu:///sytem", "For QEMU, the path in the URI is '/system' or '/session', not '/sytem'."),
    ],
)
def test_uris_that_cannot_be_meant(uri: str, text: str) -> None:
    findings = check(uri)
    assert told(findings) == [("uri", "error")]
    assert findings[0].text == text
    assert "qemu:///system" in findings[0].advice


@pytest.mark.parametrize(
    ("uri", "severity", "text"),
    [
        ("qemu+tcp://127.0.0.1:1/system", "warning", "nothing proves that this is the host"),
        ("qemu+tls://127.0.0.1:1/system", "ok", "The URI means qemu by tls."),
        ("qemu://127.0.0.1:1/system", "ok", "The URI means qemu by tls."),
        ("xen+tls://127.0.0.1:1/", "warning", "With the hypervisor 'xen' nobody has tried this."),
    ],
)
def test_uris_and_what_they_mean(uri: str, severity: Severity, text: str) -> None:
    first, *_rest, final = check(uri)
    assert (first.step, first.severity) == ("uri", severity)
    assert text in first.text
    assert final.text == "Nothing listens on port 1 of '127.0.0.1'."


def test_a_name_that_nobody_knows() -> None:
    finding = last("qemu+tls://hv01.invalid/system", "name")
    assert finding.text == "The name 'hv01.invalid' cannot be resolved."


def test_a_port_where_nobody_listens(closed_port: int) -> None:
    assert "Nothing listens" in last(f"qemu+tcp://127.0.0.1:{closed_port}/system", "port").text


def test_a_host_that_says_nothing(open_port: int) -> None:
    finding = last(LibvirtHost(f"qemu+tcp://127.0.0.1:{open_port}/system", open_timeout=0.3), "connection")
    assert "there is no answer within 0.3 s" in finding.text
    assert "libvirtd-tcp.socket" in finding.advice


def test_certificates_that_are_missing(open_port: int) -> None:
    finding = last(f"qemu+tls://127.0.0.1:{open_port}/system?pkipath=/nowhere", "connection")
    assert "cacert.pem" in finding.advice


def test_ssh_that_does_not_get_in(closed_port: int) -> None:
    first, final = check(f"qemu+ssh://127.0.0.1:{closed_port}/system")
    assert (first.severity, first.advice) == ("warning", "Add '?no_tty=1' to the URI.")
    assert (final.step, "authorized_keys" in final.advice) == ("connection", True)


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    finding = last(f"qemu+unix:///session?socket={tmp_path}/none", "connection")
    assert "No such file or directory" in finding.text
    assert "systemctl enable --now libvirtd.socket" in finding.advice


def test_a_socket_where_nobody_listens(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
    finding = last(f"qemu+unix:///session?socket={tmp_path}/s", "connection")
    assert "Connection refused" in finding.text
    assert finding.advice.startswith("Its socket is there, yet nobody listens.")


def test_a_socket_that_one_may_not_use() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with socket.create_server(str(folder / "s"), family=socket.AF_UNIX):
            (folder / "s").chmod(0)
            told = without_rights(lambda: last(f"qemu+unix:///session?socket={folder}/s", "connection").advice)
    assert told == JOIN


def without_rights(ask: Callable[[], str]) -> str:
    """What an account that is not root is told."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os.write(writing, ask().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        told = answer.read().decode()
    os.waitpid(pid, 0)
    return told


def test_machines_that_are_pretended(tmp_path: Path) -> None:
    for machines, severity in ((DOMAIN.format("vm1"), "ok"), ("", "warning")):
        (tmp_path / "node.xml").write_text(f"<node>{machines}</node>")
        findings = check(f"test://{tmp_path}/node.xml")
        assert told(findings) == [("uri", "warning"), ("hypervisor", "ok"), ("rights", severity)]


def test_many_machines_are_told_shortly(tmp_path: Path) -> None:
    disk = "<devices><disk type='file'><source file='/x'/><target dev='vda'/></disk></devices>"
    machine = "<domain type='test'><name>vm{}</name><memory>1024</memory><os><type>hvm</type></os>{}</domain>"
    (tmp_path / "node.xml").write_text(f"<node>{''.join(machine.format(i, disk) for i in range(30))}</node>")
    findings = [finding for finding in check(f"test://{tmp_path}/node.xml") if finding.step == "machines"]
    assert len(findings) == MOST_TOLD + 1
    assert findings[-1].text == "So it is with 10 others."


class Plain:
    """A machine of a hypervisor without snapshots; none of those is to be had here."""

    def listAllSnapshots(self, _flags: int) -> list[object]:  # noqa: N802 - libvirt's name
        error = libvirt.libvirtError("x")
        error.err = (libvirt.VIR_ERR_NO_SUPPORT, 0, "", 2, "", None, None, -1, -1)
        raise error


def test_a_hypervisor_without_snapshots() -> None:
    assert not knows_snapshots(Plain())


@qemu
def test_real_machines(libvirtd: Daemon, guest_image: Path, tmp_path: Path) -> None:
    changes: list[Callable[[str], str]] = [str, raw_disk(tmp_path / "x"), flash(libvirtd)]
    with (
        new_guest(libvirtd, guest_image, changes[0]),
        new_guest(libvirtd, guest_image, changes[1]) as raw,
        new_guest(libvirtd, guest_image, changes[2]) as uefi,
    ):
        findings = check(libvirtd.uri)
        good: Told = [("uri", "ok"), ("hypervisor", "ok"), ("rights", "ok")]
        assert told(findings) == [*good, ("machines", "warning"), ("machines", "warning")]
        texts = sorted(finding.text for finding in findings[3:])
        assert texts == sorted(
            [
                f"'{raw.domain.name()}' may not take checkpoints. "
                "Its disk 'vda' is of the format 'raw': a checkpoint needs qcow2.",
                f"'{uefi.domain.name()}' may not take checkpoints. It starts with UEFI firmware: libvirt before 10.10 "
                "takes no checkpoints of it, and later only in qcow2.",
            ]
        )
