# VirtualMachines: the driver says which machines there are and how they run, the store says whose they are.
# A machine that the store does not know belongs to nobody, so only an administrator sees it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from odata_core.backend import Key, Row
from odata_core.backend.rows import new_row
from odata_core.errors import NotFound, NotImplementedHere

from .drivers.contract import DriverError, Power, Vm
from .power import STATE_NAMES, PowerOperation, check_state, find_operation
from .sets import ReadOnlySet
from .unit import Target, Unit, told_as

KIND: Final = "VM"
UPDATABLE: Final = ("Description", "CostCenter", "Tag")

# What clients echo in updates and nobody can set: accepted whatever it says (spf 4.3), as it may have changed since.
READ_ONLY: Final = frozenset(
    """AddedTime CPUUtilization CreationTime DeploymentErrorInfo DiskIO DynamicMemoryDemandMB Enabled
    FailedJobID FullName HasPassthroughDisk HasSavedState HasVMAdditions ID IsFaultTolerant IsHighlyAvailable
    IsUndergoingLiveMigration LastRestoredCheckpointId Location MemoryAssignedMB MemoryAvailablePercentage
    ModifiedTime MostRecentTaskId NetworkUtilization PerfCPUUtilization PerfDiskBytesRead PerfDiskBytesWrite
    PerfNetworkBytesRead PerfNetworkBytesWrite SourceObjectType StampId Status StatusString TotalSize VMCPath
    VMHostName VMId VirtualMachineState VMConnection VirtualizationPlatform""".split()
)


class Machines:
    """The machines that a caller may see; the other sets ask here too, so isolation has one place."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.kind = unit.entity_set("VirtualMachines").type

    def visible(self) -> list[Row]:
        """A row for each machine that the caller may see."""
        try:
            vms = self.unit.site.driver.vms()
        except DriverError as error:
            raise told_as(error) from error
        stamp = self.unit.site.stamp
        stored = {row["ID"]: row for row in self.unit.stored_rows("VirtualMachines") if row["StampId"] == stamp}
        rows = [self._row(vm, stored.get(vm.id)) for vm in vms]
        return [row for row in rows if self.unit.caller.sees_machine(row)]

    def find(self, vm_id: Any, stamp: Any) -> Row | None:
        """One machine that the caller may see, or None."""
        if stamp != self.unit.site.stamp:
            return None
        return next((row for row in self.visible() if row["ID"] == vm_id), None)

    def require(self, vm_id: UUID, stamp: UUID) -> Row:
        """One machine that the caller may see; an unknown one and a stranger's look the same: NotFound."""
        row = self.find(vm_id, stamp)
        if row is None:
            raise NotFound(f"There is no virtual machine {vm_id} on the stamp {stamp}.")
        return row

    def touch(self, machine: Row, **changes: Any) -> Row:
        """Keep changes to a machine in the store."""
        stored = self.unit.stored("VirtualMachines", (machine["ID"], machine["StampId"])) or machine
        return self.unit.save("VirtualMachines", {**stored, **changes, "ModifiedTime": self.unit.now()})

    def _row(self, vm: Vm, stored: Row | None) -> dict[str, Any]:
        row = dict(stored) if stored is not None else new_row(self.kind, {"ID": vm.id, "StampId": self.unit.site.stamp})
        names = STATE_NAMES.get(vm.state, STATE_NAMES["Other"])
        row |= {
            "Name": vm.name,
            "Enabled": True,
            "VMId": vm.id,
            "Status": names.status,
            "StatusString": names.status_string,
            "VirtualMachineState": names.machine_state,
        }
        return row


class MachineSet(ReadOnlySet):
    """VirtualMachines: read, annotated, and switched on and off."""

    def get(self, key: Key) -> Row | None:
        return Machines(self.unit).find(*key)

    def rows(self, wanted: Mapping[str, Any]) -> Iterable[Row]:
        return Machines(self.unit).visible()

    def insert(self, values: Row) -> Row:
        raise NotImplementedHere("Creating virtual machines is not supported.")

    def delete(self, key: Key) -> None:
        raise NotImplementedHere("Deleting virtual machines is not supported.")

    def update(self, key: Key, values: Row) -> Row:
        """Null means unchanged, for PUT too: clients send whole entities full of nulls (spf 10, item 2)."""
        machines = Machines(self.unit)
        machine = machines.require(*key)
        given = {name: value for name, value in values.items() if value is not None}
        command = given.pop("Operation", None)
        operation = find_operation(command) if command is not None else None
        changes = self._changes(machine, given)
        if operation is not None:
            self.unit.caller.require(machine["StampId"], operation.permission)
        cmdlet = operation.cmdlet if operation is not None else "Set-SCVirtualMachine"
        name = f"{operation.name} virtual machine" if operation is not None else "Change properties of virtual machine"
        with self.unit.job(name, cmdlet, Target(KIND, machine["ID"], machine["Name"])) as job:
            if operation is not None:
                self._switch(machine, operation)
            machines.touch(machine, **changes, MostRecentTaskId=job.id)
        return machines.require(*key)

    def _changes(self, machine: Row, given: Row) -> dict[str, Any]:
        """The changes to keep; 501 for a change that is understood and cannot be made."""
        changes = {}
        for name, value in given.items():
            if name in READ_ONLY or value == machine[name]:
                continue
            if name not in UPDATABLE:
                raise NotImplementedHere(
                    f"Changing '{name}' of a virtual machine is not supported.", target=f"$.{name}"
                )
            changes[name] = value
        return changes

    def _switch(self, machine: Row, operation: PowerOperation) -> None:
        driver = self.unit.site.driver
        if not isinstance(driver, Power):
            raise NotImplementedHere(f"The hosts of the stamp {machine['StampId']} do not support {operation.name}.")
        vm = next((vm for vm in driver.vms() if vm.id == machine["ID"]), None)
        if vm is not None:
            check_state(operation, vm.name, vm.state)
        driver.power(machine["ID"], operation.action)
