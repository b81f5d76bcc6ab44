# VMCheckPoints: create, read, rename, restore, delete (spf 4). The driver holds the checkpoints; the store holds what
# a hypervisor cannot: the description, and times to the tick.
# A checkpoint's ID is made from the stamp and the hypervisor's own id (CheckpointID), so it is stable without a store.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from odata_core.backend import Key, Row
from odata_core.edm import Timestamp
from odata_core.errors import BadRequest, NotFound

from .drivers.contract import Checkpoint, DriverError
from .drivers.contract import NotFound as MissingOnHost
from .machines import KIND as VM_KIND
from .machines import Machines
from .sets import ReadOnlySet
from .unit import Target, Unit, told_as

KIND: Final = "VMCheckpoint"
CREATE: Final = "Checkpoint"
RESTORE: Final = ("Checkpoint", "CheckpointRestoreOnly")
RESTORE_JOB: Final = ("Restore checkpoint", "Restore-SCVMCheckpoint")
CHANGE_JOB: Final = ("Change properties of checkpoint", "Set-SCVMCheckpoint")
_NIL: Final = UUID(int=0)
_FLAGS: Final[Mapping[str, bool]] = {"0": False, "false": False, "1": True, "true": True}


class CheckpointSet(ReadOnlySet):
    """The checkpoints of the machines that a caller may see."""

    def __init__(self, unit: Unit, name: str) -> None:
        super().__init__(unit, name)
        self.machines = Machines(unit)

    # ------------------------------------------------------------ reading

    def get(self, key: Key) -> Row | None:
        found = self._find(key)
        return found[2] if found is not None else None

    def rows(self, wanted: Mapping[str, Any]) -> Iterable[Row]:
        """Only the machine that VMId names is asked, where a condition names one."""
        machines = self.machines.visible()
        if "VMId" in wanted:
            machines = [machine for machine in machines if machine["ID"] == wanted["VMId"]]
        return [row for machine in machines for _checkpoint, row in self._of(machine)]

    def _of(self, machine: Row) -> list[tuple[Checkpoint, Row]]:
        """The checkpoints of a machine with their rows; none when the machine has just gone."""
        try:
            checkpoints = self.unit.site.driver.checkpoints(machine["ID"])
        except MissingOnHost:
            return []
        except DriverError as error:
            raise told_as(error) from error
        return [(checkpoint, self._row(checkpoint)) for checkpoint in checkpoints]

    def _find(self, key: Key) -> tuple[Row, Checkpoint, Row] | None:
        """The machine, the checkpoint and its row. The store knows the machine; without it, all are searched."""
        stored = self.unit.stored(self.name, key)
        wanted = {"VMId": stored["VMId"]} if stored is not None else {}
        for machine in self.machines.visible():
            if wanted.get("VMId", machine["ID"]) != machine["ID"]:
                continue
            for checkpoint, row in self._of(machine):
                if (row["ID"], row["StampId"]) == key:
                    return machine, checkpoint, row
        return None

    def _require(self, key: Key) -> tuple[Row, Checkpoint, Row]:
        found = self._find(key)
        if found is None:
            raise NotFound(f"There is no checkpoint {key[0]} on the stamp {key[1]}.")
        return found

    def _id(self, checkpoint_id: UUID) -> UUID:
        return uuid5(self.unit.site.stamp, str(checkpoint_id))

    def _row(self, checkpoint: Checkpoint) -> dict[str, Any]:
        stamp, checkpoint_id = self.unit.site.stamp, self._id(checkpoint.id)
        stored = self.unit.stored(self.name, (checkpoint_id, stamp)) or {}
        created = Timestamp.of(checkpoint.created.astimezone(self.unit.site.zone))
        parent = checkpoint.parent_id
        return {
            "Accessibility": "Public",
            "CheckpointID": checkpoint.id,
            "Description": stored.get("Description") or checkpoint.description or "",
            "Enabled": True,
            "ID": checkpoint_id,
            "Name": checkpoint.name,
            "ParentCheckpointID": self._id(parent) if parent is not None else None,
            "VMId": checkpoint.vm_id,
            "AddedTime": stored.get("AddedTime") or created,
            "ModifiedTime": stored.get("ModifiedTime") or created,
            "StampId": stamp,
            "VMCheckPointAction": None,
            "Confirm": None,
            "RunAsynchronously": None,
        }

    # ------------------------------------------------------------ writing

    def insert(self, values: Row) -> Row:
        """POST: VMId and StampId are mandatory, ID is ours whatever the client sends (spf 4.1)."""
        _check_flag(self.unit)
        if values.get("VMCheckPointAction") is not None:
            raise BadRequest("A new checkpoint cannot be restored: leave VMCheckPointAction null.")
        machine = self.machines.require(_mandatory(values, "VMId"), _mandatory(values, "StampId"))
        self.unit.caller.require(machine["StampId"], CREATE)
        name = values.get("Name") or f"{machine['Name']} - ({self.unit.now()})"
        description = values.get("Description") or ""
        target = Target(VM_KIND, machine["ID"], machine["Name"])
        with self.unit.job("Create checkpoint", "New-SCVMCheckpoint", target) as job:
            checkpoint = self.unit.site.driver.create(machine["ID"], name, description)
            row = self._row(checkpoint)
            job.made(Target(KIND, row["ID"], name))
            row |= {"Description": description, "ModifiedTime": self.unit.now()}
            self._keep(row)
            self.machines.touch(machine, MostRecentTaskId=job.id)
        # Right after the creation VMM does not know the hypervisor's id yet, and says null.
        return {**row, "CheckpointID": None}

    def update(self, key: Key, values: Row) -> Row:
        """MERGE, PATCH and PUT alike: what is null or not given stays, read-only values are ignored (spf 10).

        Whatever there is to do is one job. What loses the machine's state comes last, when all else has worked.
        """
        _check_flag(self.unit)
        machine, checkpoint, row = self._require(key)
        restores = _is_restore(values.get("VMCheckPointAction"))
        changes = {
            name: values[name]
            for name in ("Name", "Description")
            if values.get(name) is not None and values[name] != row[name]
        }
        if restores:
            self.unit.caller.require(machine["StampId"], *RESTORE)
        if changes or not restores:
            self.unit.caller.require(machine["StampId"], CREATE)
        name, cmdlet = RESTORE_JOB if restores else CHANGE_JOB
        with self.unit.job(name, cmdlet, Target(VM_KIND, machine["ID"], machine["Name"])) as job:
            if changes:
                row = self._rename(machine, checkpoint, {**row, **changes, "ModifiedTime": self.unit.now()})
            job.made(Target(KIND, row["ID"], row["Name"]))
            if restores:
                self.unit.site.driver.restore(machine["ID"], checkpoint.id)
            restored = {"LastRestoredCheckpointId": row["ID"]} if restores else {}
            self.machines.touch(machine, MostRecentTaskId=job.id, **restored)
        return row

    def _rename(self, machine: Row, checkpoint: Checkpoint, row: Row) -> Row:
        renamed = self.unit.site.driver.rename(machine["ID"], checkpoint.id, row["Name"], row["Description"])
        self._keep(row)
        return self._row(renamed)

    def delete(self, key: Key) -> None:
        """Only the named checkpoint goes; its children move to its parent (spf 4.4)."""
        _check_flag(self.unit)
        machine, checkpoint, _row = self._require(key)
        self.unit.caller.require(machine["StampId"], CREATE)
        target = Target(VM_KIND, machine["ID"], machine["Name"])
        with self.unit.job("Remove checkpoint", "Remove-SCVMCheckpoint", target) as job:
            self.unit.site.driver.remove(machine["ID"], checkpoint.id)
            self.unit.forget(self.name, key)
            self.machines.touch(machine, MostRecentTaskId=job.id)

    def _keep(self, row: Row) -> None:
        self.unit.save(self.name, row)


def _mandatory(values: Row, name: str) -> UUID:
    value = values.get(name)
    if not isinstance(value, UUID) or value == _NIL:
        raise BadRequest(f"The property '{name}' is mandatory for a new checkpoint.", target=f"$.{name}")
    return value


def _is_restore(action: str | None) -> bool:
    """`Restore` in any case; `Set` is a plain change of properties; anything else is refused (spf 10, item 3)."""
    word = (action or "set").strip().lower()
    if word not in ("restore", "set"):
        raise BadRequest(
            f"'{(action or '')[:100]}' is no VMCheckPointAction: use Restore.", target="$.VMCheckPointAction"
        )
    return word == "restore"


def _check_flag(unit: Unit) -> None:
    """`?RunAsynchronously=0|1`: the work is done when the answer is given, which satisfies both."""
    value = unit.context.options.get("RunAsynchronously")
    if value is not None and value.strip().lower() not in _FLAGS:
        raise BadRequest(f"RunAsynchronously must be 0 or 1, not '{value[:50]}'.", target="RunAsynchronously")
