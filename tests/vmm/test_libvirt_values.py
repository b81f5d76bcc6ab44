# The parts of the libvirt driver that need neither libvirt nor its binding: its XML, its errors, what is configured.

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_vmm.drivers.contract import Checkpoint, Denied, DriverError, NotFound, Rejected, Unavailable
from odata_vmm.drivers.libvirt import LibvirtDriver, LibvirtHost
from odata_vmm.drivers.libvirt.check import check
from odata_vmm.drivers.libvirt.documents import (
    MOST_TEXT,
    GarbledError,
    Label,
    checkpoint_id,
    obstacles,
    read_label,
    read_snapshot,
    relabel_snapshot,
    write_label,
    write_snapshot,
)
from odata_vmm.drivers.libvirt.failures import Failure, read_failure
from odata_vmm.drivers.libvirt.machines import PASSING, POWER, STATES, read_state

VM = UUID("c9a9a54c-0e4b-4a83-ae0a-66b0ef7a8f31")
OURS = UUID("7f1c7b2e-5d0d-4b51-9a55-2f2f8d3c9a10")

# What XML can hold, and is no line break.
writable = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
names = st.text(writable | st.just("\t"), max_size=30)
descriptions = st.text(writable | st.sampled_from("\t\n"), max_size=60)
snapshots = st.just(str(OURS)) | st.text(writable, min_size=1, max_size=20)


@given(snapshots, names, descriptions)
def test_labels_are_read_as_they_were_written(snapshot: str, name: str, description: str) -> None:
    assert read_label(snapshot, write_label(snapshot, Label(name, description))) == Label(name, description)


@given(names, descriptions)
def test_snapshots_are_read_as_they_were_written(name: str, description: str) -> None:
    root = ElementTree.fromstring(write_snapshot(OURS, Label(name, description)))
    ElementTree.SubElement(root, "creationTime").text = "1376913600"
    created = datetime(2013, 8, 19, 12, tzinfo=UTC)
    expected = Checkpoint(OURS, VM, name, None, created, description)
    assert read_snapshot(VM, ElementTree.tostring(root, encoding="unicode")) == expected


@given(names, st.none() | descriptions)
def test_another_label_changes_nothing_else(name: str, description: str | None) -> None:
    before = DOCUMENT.format(name=OURS, description="<description>old\n\nwhy</description>")
    after = relabel_snapshot(before, name, description)
    kept = "why" if description is None else description
    assert read_snapshot(VM, after) == Checkpoint(OURS, VM, name, uuid5(VM, "<base>"), NOON, kept)
    assert ElementTree.fromstring(after).findtext("domain/title") == "<&>"


NOON = datetime(2013, 8, 19, 12, tzinfo=UTC)
DOCUMENT = """
<domainsnapshot>
  <name>{name}</name>
  {description}
  <parent><name>&lt;base&gt;</name></parent>
  <creationTime>1376913600</creationTime>
  <domain><name>vm1</name><title>&lt;&amp;&gt;</title></domain>
</domainsnapshot>
"""

# Snapshots as they are found: name of the snapshot, its description; id, name and description of the checkpoint.
FOREIGN: list[tuple[str, str, UUID, str, str]] = [
    ("before update", "by hand\nin two lines", uuid5(VM, "before update"), "before update", "by hand\nin two lines"),
    ("1376913600", "", uuid5(VM, "1376913600"), "1376913600", ""),
    ("x", "Name: y\n\nz", uuid5(VM, "x"), "y", "z"),
    ("x", "Name: y", uuid5(VM, "x"), "y", ""),
    (str(OURS), "", OURS, str(OURS), ""),
    (str(OURS), "name\ntext", OURS, "name", "text"),
    (str(OURS), "name\n\n\ntext", OURS, "name", "\ntext"),
    # A GUID in another form is another name: both may be there.
    (str(OURS).upper(), "y", uuid5(VM, str(OURS).upper()), str(OURS).upper(), "y"),
    (OURS.hex, "y", uuid5(VM, OURS.hex), OURS.hex, "y"),
    (f"{{{OURS}}}", "y", uuid5(VM, f"{{{OURS}}}"), f"{{{OURS}}}", "y"),
]


@pytest.mark.parametrize(("snapshot", "text", "id_", "name", "description"), FOREIGN)
def test_snapshots_of_other_tools(snapshot: str, text: str, id_: UUID, name: str, description: str) -> None:
    assert checkpoint_id(VM, snapshot) == id_
    document = DOCUMENT.format(name=snapshot, description=f"<description>{text}</description>" if text else "")
    assert read_snapshot(VM, document) == Checkpoint(id_, VM, name, uuid5(VM, "<base>"), NOON, description)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_rejected(character: str) -> None:
    for label in (Label(f"a{character}", ""), Label("a", f"b{character}")):
        with pytest.raises(Rejected, match=rf"holds the character U\+{ord(character):04X}, unknown to XML"):
            write_snapshot(OURS, label)


def test_what_would_not_come_back_is_rejected() -> None:
    for name in ("a\nb", "a\rb", "x" * (MOST_TEXT + 1)):
        with pytest.raises(Rejected):
            write_snapshot(OURS, Label(name, ""))
    with pytest.raises(Rejected, match="The description of the checkpoint is longer than"):
        write_snapshot(OURS, Label("a", "x" * (MOST_TEXT + 1)))
    assert read_label(str(OURS), write_label(str(OURS), Label("a", "b\r\nc\rd"))) == Label("a", "b\nc\nd")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<domainsnapshot>",
        "<domain/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><domainsnapshot><name>&a;</name></domainsnapshot>",
        DOCUMENT.format(name=OURS, description="").replace("1376913600", "soon"),
        DOCUMENT.format(name=OURS, description="").replace("1376913600", "9" * 30),
    ],
)
def test_garbled_documents_are_named_so(document: str) -> None:
    with pytest.raises(GarbledError):
        read_snapshot(VM, document)


UEFI = "It starts with UEFI firmware: libvirt before 10.10 takes no checkpoints of it, and later only in qcow2."
RAW = "Its disk 'vda' is of the format 'raw': a checkpoint needs qcow2."


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("", []),
        ("<os><loader readonly='yes' type='rom'>/x</loader></os>", []),
        ("<os><loader readonly='yes' type='pflash'>/x</loader><nvram>/y</nvram></os>", [UEFI]),
        ("<os><loader type='pflash'>/x</loader><nvram format='qcow2'>/y</nvram></os>", []),
        ("<os firmware='efi'/>", [UEFI]),
        ("<os firmware='bios'/>", []),
        ("<devices><disk device='disk'><driver type='raw'/><target dev='vda'/></disk></devices>", [RAW]),
        ("<devices><disk><target dev='vda'/></disk></devices>", [RAW]),
        ("<devices><disk><driver type='qcow2'/><target dev='vda'/></disk></devices>", []),
        ("<devices><disk><driver type='raw'/><target dev='vda'/><readonly/></disk></devices>", []),
        ("<devices><disk device='cdrom'><driver type='raw'/><target dev='sda'/></disk></devices>", []),
    ],
)
def test_what_stands_in_the_way_of_checkpoints(inside: str, found: list[str]) -> None:
    assert obstacles(f"<domain>{inside}</domain>") == found


class FakeError(Exception):
    """An error as libvirt-python raises it: code, domain, message, level, three texts, two numbers."""

    def __init__(self, code: int, origin: int, errno: int = -1) -> None:
        super().__init__("Something \n went wrong.")
        self.err = (code, origin, "", 2, "", None, None, errno, -1)


@pytest.mark.parametrize(
    ("error", "failure", "lost", "meaning"),
    [
        (FakeError(42, 10), (42, 10, 0), False, NotFound),
        (FakeError(72, 12), (72, 12, 0), False, NotFound),
        (FakeError(88, 55), (88, 55, 0), False, Denied),
        (FakeError(29, 6), (29, 6, 0), False, Denied),
        (FakeError(45, 7), (45, 7, 0), False, Unavailable),
        (FakeError(38, 7, 111), (38, 7, 111), True, Unavailable),
        (FakeError(38, 10, 13), (38, 10, 13), False, Rejected),
        (FakeError(1, 7), (1, 7, 0), True, Unavailable),
        (FakeError(1, 10), (1, 10, 0), False, Rejected),
        (FakeError(39, 13), (39, 13, 0), True, Unavailable),
        (FakeError(6, 20), (6, 20, 0), True, Unavailable),
        (FakeError(55, 10), (55, 10, 0), False, Rejected),
        (FakeError(67, 10), (67, 10, 0), False, Rejected),
        (FakeError(68, 10), (68, 10, 0), False, Rejected),
        (FakeError(84, 10), (84, 10, 0), False, Rejected),
        (ValueError("Something \n went wrong."), (6, 0, 0), True, Unavailable),
    ],
)
def test_errors_are_told_by_their_numbers(
    error: Exception, failure: tuple[int, int, int], lost: bool, meaning: type[DriverError]
) -> None:
    code, origin, errno = failure
    read = read_failure(error)
    assert read == Failure(code, origin, "Something went wrong", errno)
    assert (read.lost, read.meaning) == (lost, meaning)


class FakeDomain:
    """A machine in a state."""

    def __init__(self, state: int, reason: int = 0, saved: bool | None = False) -> None:
        self._state, self._saved = (state, reason), saved

    def state(self) -> tuple[int, int]:
        return self._state

    def hasManagedSaveImage(self, _flags: int) -> bool:  # noqa: N802 - libvirt's name
        if self._saved is None:
            raise FakeError(3, 0)
        return self._saved


@pytest.mark.parametrize(
    ("domain", "state"),
    [
        (FakeDomain(0), "Other"),
        (FakeDomain(1), "Running"),
        (FakeDomain(2), "Running"),
        (FakeDomain(3, 1), "Paused"),
        (FakeDomain(3, 5), "Paused"),
        (FakeDomain(3, 9), "Other"),
        (FakeDomain(4), "Running"),
        (FakeDomain(5), "Off"),
        (FakeDomain(5, saved=True), "Saved"),
        (FakeDomain(5, saved=None), "Off"),
        (FakeDomain(6), "Other"),
        (FakeDomain(7), "Saved"),
        (FakeDomain(99), "Other"),
    ],
)
def test_states(domain: Any, state: str) -> None:
    assert read_state(domain) == state


def test_every_state_can_be_left() -> None:
    known = {*STATES.values(), "Saved", "Other"} - {"Off"}
    assert {state for state in known if state in POWER["stop"]} == known
    assert 0 not in PASSING
    assert "Other" not in POWER["start"]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("qemu:///system", "qemu:///system"),
        ("qemu+ssh://root:secret@hv01:22/system?no_tty=1&keyfile=/x", "qemu+ssh://root@hv01:22/system"),
        ("qemu+unix:///session?socket=/x", "qemu+unix:///session"),
        ("qemu+tls://[::1]/system", "qemu+tls://[::1]/system"),
    ],
)
def test_messages_show_no_secrets(uri: str, shown: str) -> None:
    assert LibvirtHost(uri).shown == shown


@pytest.mark.parametrize("uri", ["qemu+ssh://vmm:letmein@h\u2100st/system", "qemu+ssh://vmm@kvm1:letmein/system"])
def test_what_is_wrong_with_a_uri_is_said_without_it(uri: str) -> None:
    with pytest.raises(ValueError) as raised:
        LibvirtHost(uri)
    assert "letmein" not in str(raised.value)


def test_configurations_that_cannot_be_meant() -> None:
    wrong: list[dict[str, Any]] = [
        {"uri": ""},
        {"uri": 5},
        {"uri": "qemu+tls://hv01:port/system"},
        {"uri": "qemu+tls://[hv01/system"},
        {"open_timeout": 0},
        {"read_timeout": -1},
        {"change_timeout": "9"},
        {"change_timeout": float("nan")},
        {"retry_after": float("inf")},
        {"keepalive_interval": 1.5},
        {"keepalive_count": True},
    ]
    for options in wrong:
        with pytest.raises(ValueError, match=r"libvirt"):
            LibvirtHost(**options)
    LibvirtHost(retry_after=0, open_timeout=1, read_timeout=0.5)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    monkeypatch.delitem(sys.modules, "odata_vmm.drivers.libvirt.connections", raising=False)
    text = "The libvirt driver needs libvirt-python: pip install 'odata-core[libvirt]'."
    with pytest.raises(ImportError) as caught:
        LibvirtDriver("qemu:///system")
    assert str(caught.value) == text
    (finding,) = check("qemu:///system")
    assert (finding.step, finding.severity, finding.text) == ("packages", "error", text)
