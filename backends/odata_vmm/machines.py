# VirtualMachines: the driver says which machines there are and how they run, the store says whose they are.
# A machine that the store does not know belongs to nobody, so only an administrator sees it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from odata_core.backend import Key, Row
from odata_core.backend.rows import new_row
from odata_core.errors import NotFound, NotImplementedHere, ODataError

from .drivers.contract import DriverError, OutcomeUnknown, Partial, Power, Vm, find_vm
from .drivers.contract import NotFound as MissingOnHost
from .jobs import Job, Target, Task, ask_again, run, wants_answer_now
from .power import STATE_NAMES, PowerOperation, check_state, find_operation
from .sets import ReadOnlySet
from .unit import Unit, told_as

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


# INFERRED: VMM's word for a machine whose host cannot be asked.
_NOT_RESPONDING: Final = {
    "Status": "HostNotResponding",
    "StatusString": "Host Not Responding",
    "VirtualMachineState": "HostNotResponding",
}


def is_silent(machine: Row) -> bool:
    """Whether a machine is only known from before, as its host does not answer."""
    return bool(machine["Status"] == _NOT_RESPONDING["Status"])


class Machines:
    """The machines that a caller may see; the other sets ask here too, so isolation has one place."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.kind = unit.entity_set("VirtualMachines").type

    def visible(self) -> list[Row]:
        """A row for each machine that the caller may see, of all stamps. What hosts do not tell is a warning."""
        stored: dict[UUID, dict[UUID, Row]] = {}
        for row in self.unit.stored_rows("VirtualMachines"):
            stored.setdefault(row["StampId"], {})[row["ID"]] = row
        caller, rows, failing = self.unit.caller, [], {}
        for stamp in self.unit.site.stamps:
            listed, failing[stamp] = self._of_stamp(stamp, stored.get(stamp, {}))
            rows += [row for row in listed if caller.sees_machine(row)]
        answering = {row["ID"] for row in rows if not is_silent(row)}
        # The store may expect a machine on several stamps: it is where it is seen.
        found = [row for row in rows if not is_silent(row) or row["ID"] not in answering]
        silent = {row["StampId"] for row in found if is_silent(row)}
        for stamp, failures in failing.items():
            if stamp in silent or caller.is_administrator:
                for name, failure in failures.items():
                    self.unit.warn(f"The host '{name}' does not answer: {failure}")
        return found

    def _of_stamp(self, stamp: UUID, stored: Mapping[UUID, Row]) -> tuple[list[Row], Mapping[str, DriverError]]:
        """The machines, and the hosts that do not answer.

        A dead host takes nothing out of the list that the store knows; it shows as not responding.
        """
        driver = self.unit.driver(stamp)
        try:
            vms = driver.vms()
        except DriverError as error:
            if len(self.unit.site.stamps) == 1:
                raise told_as(error) from error
            vms, failing = [], dict[str, DriverError]({str(stamp): error})
        else:
            failing = dict[str, DriverError](driver.failing()) if isinstance(driver, Partial) else {}
        rows: list[Row] = [self._row(stamp, vm, stored.get(vm.id)) for vm in vms]
        if failing:
            listed = {vm.id for vm in vms}
            rows += [{**row, **_NOT_RESPONDING} for vm_id, row in stored.items() if vm_id not in listed]
        return rows, failing

    def of(self, vm_id: Any) -> list[Row]:
        """The machines with this id that the caller may see, one at most; no other machine is asked about."""
        known = [row["StampId"] for row in self.unit.stored_rows("VirtualMachines", ID=vm_id)]
        found: list[Row | None] = []
        failures: list[ODataError] = []
        for stamp in [stamp for stamp in known if stamp in self.unit.site.stamps] or self.unit.site.stamps:
            try:
                found.append(self.find(vm_id, stamp))
            except ODataError as error:
                failures.append(error)
        rows = [row for row in found if row is not None]
        if failures and not rows:
            raise failures[0]
        return rows

    def find(self, vm_id: Any, stamp: Any) -> Row | None:
        """One machine that the caller may see, or None."""
        if stamp not in self.unit.site.stamps or not isinstance(vm_id, UUID):
            return None
        try:
            vm = find_vm(self.unit.driver(stamp), vm_id)
        except MissingOnHost:
            return None
        except DriverError as error:
            raise told_as(error) from error
        row = self._row(stamp, vm, self.unit.stored("VirtualMachines", (vm_id, stamp)))
        return row if self.unit.caller.sees_machine(row) else None

    def require(self, vm_id: UUID, stamp: UUID) -> Row:
        """One machine that the caller may see; an unknown one and a stranger's look the same: NotFound."""
        row = self.find(vm_id, stamp)
        if row is None:
            raise NotFound(f"There is no virtual machine {vm_id} on the stamp {stamp}.")
        return row

    def touch(self, machine: Row, **changes: Any) -> Row:
        """Keep changes to a machine in the store."""
        return self.unit.change("VirtualMachines", machine, **changes, ModifiedTime=self.unit.now())

    def _row(self, stamp: UUID, vm: Vm, stored: Row | None) -> dict[str, Any]:
        row = dict(stored) if stored is not None else new_row(self.kind, {"ID": vm.id, "StampId": stamp})
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
        """Only the machine that ID or VMId names is asked about, where a condition names one."""
        named = [wanted[name] for name in ("ID", "VMId") if name in wanted]
        return Machines(self.unit).of(named[0]) if named else Machines(self.unit).visible()

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
        if operation is not None:
            self._check(machine, operation)

        def work(job: Job) -> None:
            if operation is not None:
                self._switch(machine, operation)
                job.is_done = True
            machines.touch(machine, **changes, MostRecentTaskId=job.id)

        later = operation is not None and wants_answer_now(self.unit)
        task = Task(name, cmdlet, machine["StampId"], Target(KIND, machine["ID"], machine["Name"]))
        run(self.unit, task, work, later=later)
        return machines.find(*key) or machine

    def _changes(self, machine: Row, given: Row) -> dict[str, Any]:
        """The changes to keep; 501 for a change that is understood and cannot be made."""
        changes = {}
        for name, value in given.items():
            if name in READ_ONLY or "@" in name or value == machine[name]:  # annotations change nothing
                continue
            if name not in UPDATABLE:
                raise NotImplementedHere(
                    f"Changing '{name}' of a virtual machine is not supported.", target=f"$.{name}"
                )
            changes[name] = value
        return changes

    def _check(self, machine: Row, operation: PowerOperation) -> None:
        if not isinstance(self.unit.driver(machine["StampId"]), Power):
            raise NotImplementedHere(f"The hosts of the stamp {machine['StampId']} do not support {operation.name}.")

    def _switch(self, machine: Row, operation: PowerOperation) -> None:
        """Switch a machine, unless it is in no state for that. Where it is lost what became of that, ask again."""
        driver = self.unit.driver(machine["StampId"])
        assert isinstance(driver, Power), "that was seen before"
        vm = find_vm(driver, machine["ID"])
        check_state(operation, vm.name, vm.state)
        try:
            driver.power(machine["ID"], operation.action)
        except OutcomeUnknown as error:
            ends = {operation.becomes} - {vm.state}  # a state that it was in before proves nothing
            now = ask_again(lambda: find_vm(driver, machine["ID"]), lambda found: found.state in ends)
            if now is None or now.state not in ends:
                told = "it cannot be asked" if now is None else f"the machine is {now.state}"
                raise OutcomeUnknown(f"{error.message} When the host was asked again, {told}.") from error
