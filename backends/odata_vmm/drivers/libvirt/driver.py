# The contract of drivers over one libvirt, by snapshots within qcow2 disks ("internal" ones), with the memory of a
# machine that runs.
# Strategy: libvirt names snapshots once and for all, so the name is the checkpoint's id (documents.py); whatever it can
# tell is asked for and never remembered. The host decides what it can do; only where it refuses, the machine's
# definition is looked at to say why.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from ..contract import Checkpoint, NotFound, Rejected, Vm, parents_first
from .documents import Label, checkpoint_id, obstacles, read_snapshot, relabel_snapshot, write_snapshot
from .failures import NO_DOMAIN, NO_SNAPSHOT, NO_SUPPORT, read_failure
from .host import LibvirtHost
from .machines import POWER, has_saved_memory, read_state

if TYPE_CHECKING:
    from .connections import Call, Connections

# What others change while it is read is read again, so often.
ATTEMPTS: Final = 10


class LibvirtDriver:
    """The virtual machines of one libvirt; offers `Driver` and `Power`."""

    def __init__(self, uri: str | LibvirtHost = "qemu:///system") -> None:
        self.host = uri if isinstance(uri, LibvirtHost) else LibvirtHost(uri)
        self._connections = connect(self.host)

    def vms(self) -> list[Vm]:
        def work(call: Call) -> list[Vm]:
            found = [_unless_gone(call, _read_vm, domain) for domain in call.link.listAllDomains(0)]
            return [vm for vm in found if vm is not None]

        return self._connections.read(work)

    def vm(self, vm_id: UUID) -> Vm:
        """One virtual machine, without asking for the others."""
        return self._connections.read(lambda call: _read_vm(self._domain(call, vm_id)))

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        def work(call: Call) -> list[Checkpoint]:
            return parents_first(_read_checkpoints(call, vm_id, self._domain(call, vm_id)))

        return self._connections.read(work)

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        document = write_snapshot(uuid4(), Label(name, description))

        def work(call: Call) -> Checkpoint:
            domain = self._domain(call, vm_id)
            if read_state(domain) == "Saved":
                text = f"The virtual machine '{domain.name()}' is Saved: a checkpoint would not hold its memory."
                raise Rejected(f"{text} Start it, or discard what is saved.")
            call.begin(f"take a checkpoint of '{domain.name()}'")
            try:
                snapshot = domain.snapshotCreateXML(document, 0)
            except call.api.libvirtError as error:
                raise _explained(error, domain) from error
            return read_snapshot(vm_id, snapshot.getXMLDesc(0))

        return self._connections.change(vm_id, work)

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        def work(call: Call) -> None:
            domain, snapshot = self._find(call, vm_id, checkpoint_id)
            call.begin(f"restore '{domain.name()}' to the checkpoint {checkpoint_id}")
            domain.revertToSnapshot(snapshot, 0)
            if has_saved_memory(domain):
                # It belongs to disks that are no more: the next start would go on with it all the same.
                domain.managedSaveRemove(0)

        self._connections.change(vm_id, work)

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        def work(call: Call) -> Checkpoint:
            domain, snapshot = self._find(call, vm_id, checkpoint_id)
            # With passwords, which would otherwise be lost when the snapshot is defined anew.
            document = snapshot.getXMLDesc(call.api.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
            changed = relabel_snapshot(document, name, description)
            call.begin(f"rename the checkpoint {checkpoint_id} of '{domain.name()}'")
            # libvirt keeps its place in the tree, and whether it is the current one.
            again = domain.snapshotCreateXML(changed, call.api.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
            return read_snapshot(vm_id, again.getXMLDesc(0))

        return self._connections.change(vm_id, work)

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        def work(call: Call) -> None:
            domain, snapshot = self._find(call, vm_id, checkpoint_id)
            doomed = [snapshot]
            if subtree:
                # One by one, leaves first: told to delete children itself, libvirtd 9.0 crashes on a tree of branches.
                flags = call.api.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS | call.api.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
                doomed += snapshot.listAllChildren(flags)
            call.begin(f"remove the checkpoint {checkpoint_id} of '{domain.name()}'")
            for gone, item in enumerate(reversed(doomed)):
                try:
                    # Whoever removed one of them meanwhile did what was to be done.
                    _unless_gone(call, item.delete, 0)
                except call.api.libvirtError as error:
                    failure = read_failure(error)
                    if failure.lost or not gone:
                        raise
                    text = f"Of '{domain.name()}', the checkpoint {item.getName()} was not removed: {failure.text}."
                    raise failure.meaning(f"{text} {gone} of those below {checkpoint_id} are.") from error

        self._connections.change(vm_id, work)

    def power(self, vm_id: UUID, action: str) -> Vm:
        def work(call: Call) -> Vm:
            domain = self._domain(call, vm_id)
            state = read_state(domain)
            act = POWER.get(action, {}).get(state)
            if act is None:
                raise Rejected(f"The virtual machine '{domain.name()}' is {state}: it cannot {action}.")
            call.begin(f"{action} '{domain.name()}'")
            act(domain)
            return _read_vm(domain)

        return self._connections.change(vm_id, work)

    def close(self) -> None:
        self._connections.close()

    def _domain(self, call: Call, vm_id: UUID) -> Any:
        try:
            return call.link.lookupByUUIDString(str(vm_id))
        except call.api.libvirtError as error:
            if read_failure(error).code == NO_DOMAIN:
                raise NotFound(f"The host {self.host.shown} has no virtual machine {vm_id}.") from None
            raise

    def _find(self, call: Call, vm_id: UUID, wanted: UUID) -> tuple[Any, Any]:
        """A machine and its snapshot of that id."""
        domain = self._domain(call, vm_id)
        for snapshot in _snapshots(call, domain):
            if checkpoint_id(vm_id, snapshot.getName()) == wanted:
                return domain, snapshot
        raise NotFound(f"The virtual machine '{domain.name()}' has no checkpoint {wanted}.")


def connect(host: LibvirtHost) -> Connections:
    """Connections, not yet opened. What it needs is imported here, so that other drivers work without it."""
    try:
        from .connections import Connections
    except ImportError as error:
        raise ImportError("The libvirt driver needs libvirt-python: pip install 'odata-core[libvirt]'.") from error
    return Connections(host)


def _read_vm(domain: Any) -> Vm:
    vm_id = UUID(domain.UUIDString())
    return Vm(vm_id, domain.name(), read_state(domain), _read_current(vm_id, domain))


def _read_current(vm_id: UUID, domain: Any) -> UUID | None:
    try:
        return checkpoint_id(vm_id, domain.snapshotCurrent(0).getName())
    except Exception as error:
        if read_failure(error).code in (NO_SNAPSHOT, NO_SUPPORT):
            return None
        raise


def _snapshots(call: Call, domain: Any) -> list[Any]:
    """A machine's snapshots; a hypervisor that knows none has none."""
    try:
        return list(domain.listAllSnapshots(0))
    except call.api.libvirtError as error:
        if read_failure(error).code == NO_SUPPORT:
            return []
        raise


def _read_checkpoints(call: Call, vm_id: UUID, domain: Any) -> list[Checkpoint]:
    """A machine's checkpoints, of which each has its parent among them.

    They are read one after the other. Where a parent has gone meanwhile, its children have another one: they are read
    again.
    """
    snapshots = {checkpoint_id(vm_id, snapshot.getName()): snapshot for snapshot in _snapshots(call, domain)}
    found: dict[UUID, Checkpoint] = {}
    unread = list(snapshots)
    for _ in range(ATTEMPTS):
        for unread_id in unread:
            document = _unless_gone(call, snapshots[unread_id].getXMLDesc, 0)
            if document is None:
                found.pop(unread_id, None)
            else:
                found[unread_id] = read_snapshot(vm_id, document)
        unread = [item.id for item in found.values() if item.parent_id is not None and item.parent_id not in found]
        if not unread:
            break
    return [replace(item, parent_id=None) if item.id in unread else item for item in found.values()]


def _unless_gone(call: Call, ask: Callable[..., Any], *arguments: Any) -> Any:
    """What is told of something that a list named; None where it has gone since."""
    try:
        return ask(*arguments)
    except call.api.libvirtError as error:
        if read_failure(error).meaning is NotFound:
            return None
        raise


def _explained(error: Exception, domain: Any) -> Exception:
    """Why a checkpoint was refused, where the machine's definition shows it."""
    failure = read_failure(error)
    if failure.meaning is not Rejected:
        return error
    reasons: list[str] = obstacles(domain.XMLDesc(0))
    if not reasons:
        return error
    return Rejected(f"Checkpoints of '{domain.name()}' are refused: {failure.text}. {' '.join(reasons)}")
