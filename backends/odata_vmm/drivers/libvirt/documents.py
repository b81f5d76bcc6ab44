# libvirt's XML: snapshots written and read, machines read.
# A checkpoint's id is the name of its snapshot, since such names are unique and cannot change; its own name and its
# description stand in the snapshot's <description>, the name in the first line. Snapshots of other tools keep their
# names, which give an id that stays the same; where such a one is renamed, its <description> opens with "Name: ".

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

from ..contract import Checkpoint, Rejected

MOST_TEXT: Final = 100_000
RENAMED: Final = "Name: "

# What XML 1.0 cannot hold (section 2.2, Char), and the carriage return, which its readers make a line feed of.
UNWRITABLE: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class GarbledError(ValueError):
    """libvirt gave what is no XML, or not the XML that it documents."""


@dataclass(frozen=True, slots=True)
class Label:
    """What people read of a checkpoint."""

    name: str
    description: str


def checkpoint_id(vm_id: UUID, snapshot: str) -> UUID:
    """The id of a snapshot; one of other tools has one by its name within its machine."""
    return UUID(snapshot) if _is_ours(snapshot) else uuid5(vm_id, snapshot)


def write_label(snapshot: str, label: Label) -> str:
    """The <description> of a snapshot; Rejected where libvirt could not give it back."""
    description = label.description.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in label.name:
        raise Rejected("The name of a checkpoint is a single line; this one holds a line break.")
    for what, text in (("name", label.name), ("description", description)):
        found = UNWRITABLE.search(text)
        if found:
            raise Rejected(f"The {what} of the checkpoint holds the character U+{ord(found[0]):04X}, unknown to XML.")
        if len(text) > MOST_TEXT:
            raise Rejected(f"The {what} of the checkpoint is longer than {MOST_TEXT} characters.")
    name = label.name if _is_ours(snapshot) else RENAMED + label.name
    # An empty element would be left out, so that the name would be that of the snapshot.
    return f"{name}\n\n{description}" if description or not name else name


def read_label(snapshot: str, text: str) -> Label:
    """What `write_label` wrote, or other tools."""
    if not _is_ours(snapshot):
        if not text.startswith(RENAMED):
            return Label(snapshot, text)
        text = text.removeprefix(RENAMED)
    elif not text:
        return Label(snapshot, "")
    name, _, description = text.partition("\n")
    return Label(name, description.removeprefix("\n"))


def write_snapshot(snapshot: UUID, label: Label) -> str:
    """A new snapshot of everything, for snapshotCreateXML."""
    root = ElementTree.Element("domainsnapshot")
    ElementTree.SubElement(root, "name").text = str(snapshot)
    ElementTree.SubElement(root, "description").text = write_label(str(snapshot), label)
    return ElementTree.tostring(root, encoding="unicode")


def relabel_snapshot(document: str, name: str, description: str | None) -> str:
    """A snapshot that is there, with another name and, unless it is None, another description."""
    root = _parse(document, "domainsnapshot")
    snapshot, element = _text(root, "name"), root.find("description")
    old = read_label(snapshot, _text(root, "description"))
    if element is None:
        element = ElementTree.SubElement(root, "description")
    element.text = write_label(snapshot, Label(name, old.description if description is None else description))
    return ElementTree.tostring(root, encoding="unicode")


def read_snapshot(vm_id: UUID, document: str) -> Checkpoint:
    """A snapshot as a checkpoint."""
    root = _parse(document, "domainsnapshot")
    snapshot, parent = _text(root, "name"), _text(root, "parent/name")
    label = read_label(snapshot, _text(root, "description"))
    return Checkpoint(
        id=checkpoint_id(vm_id, snapshot),
        vm_id=vm_id,
        name=label.name,
        parent_id=checkpoint_id(vm_id, parent) if parent else None,
        created=_moment(_text(root, "creationTime")),
        description=label.description,
    )


def obstacles(document: str) -> list[str]:
    """What in a machine's definition may keep libvirt from taking checkpoints within its disks, as sentences."""
    return list(_obstacles(_parse(document, "domain")))


def _obstacles(root: ElementTree.Element) -> Iterator[str]:
    # libvirt 10.9 takes and 10.10 restores them, where the firmware's variables are in qcow2, too.
    flash = root.find("os/loader[@type='pflash']") is not None or root.find("os[@firmware='efi']") is not None
    if flash and root.find("os/nvram[@format='qcow2']") is None:
        yield "It starts with UEFI firmware: libvirt before 10.10 takes no checkpoints of it, and later only in qcow2."
    for disk in root.iterfind("devices/disk"):
        driver, target = disk.find("driver"), disk.find("target")
        kind = (driver.get("type") if driver is not None else None) or "raw"
        if kind == "qcow2" or disk.get("device") in ("cdrom", "floppy") or disk.find("readonly") is not None:
            continue
        name = target.get("dev") if target is not None else "?"
        yield f"Its disk '{name}' is of the format '{kind}': a checkpoint needs qcow2."


def _is_ours(snapshot: str) -> bool:
    """Whether a snapshot's name is a GUID as we write it; whoever writes another form means another name."""
    try:
        return str(UUID(snapshot)) == snapshot
    except ValueError:
        return False


def _parse(document: str, tag: str) -> ElementTree.Element:
    """libvirt writes no document types, so that there are no entities to run away with."""
    if "<!DOCTYPE" in document:
        raise GarbledError("libvirt gave XML with a document type.")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314
    except ElementTree.ParseError as error:
        raise GarbledError(f"libvirt gave XML that cannot be read ({error}).") from error
    if root.tag != tag:
        raise GarbledError(f"libvirt gave <{root.tag}> where <{tag}> belongs.")
    return root


def _text(root: ElementTree.Element, path: str) -> str:
    return root.findtext(path) or ""


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise GarbledError(f"libvirt gave '{seconds}' as the time of a snapshot.") from error
