# VMCheckPoints: create, read, rename, restore, delete (spf 4). Drivers hold the checkpoints; the store holds what a
# hypervisor cannot: ids of ours, descriptions, and times to the tick.
# A checkpoint that was made here has the ID that it got then, before the hypervisor had one for it; any other has one
# that is made from the stamp and the hypervisor's own id (CheckpointID), so it is stable without a store.
#
# A row without CheckpointID is *awaited*: the host was or will be asked for it. When the host lists a checkpoint of the
# same name that nobody knows and that is not older, that is the one. So it has one row, whoever sees it first, and also
# when the service stopped, or lost the host, in between.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from odata_core.backend import Key, Row
from odata_core.edm import Timestamp
from odata_core.errors import BadRequest, Conflict, NotFound

from .changes import remove, rename, restore
from .drivers.contract import Checkpoint, DriverError, OutcomeUnknown, Partial, Unavailable
from .drivers.contract import NotFound as MissingOnHost
from .jobs import Job, Target, Task, ask_again, open_jobs, run, wants_answer_now
from .machines import KIND as VM_KIND
from .machines import Machines, is_silent
from .sets import ReadOnlySet
from .unit import Unit, told_as

KIND: Final = "VMCheckpoint"
CREATE: Final = "Checkpoint"
RESTORE: Final = ("Checkpoint", "CheckpointRestoreOnly")
CREATE_JOB: Final = ("Create checkpoint", "New-SCVMCheckpoint")
RESTORE_JOB: Final = ("Restore checkpoint", "Restore-SCVMCheckpoint")
CHANGE_JOB: Final = ("Change properties of checkpoint", "Set-SCVMCheckpoint")
REMOVE_JOB: Final = ("Remove checkpoint", "Remove-SCVMCheckpoint")
# Clocks of hosts differ from ours, and some hosts count in whole seconds.
CLOCKS_DIFFER: Final = timedelta(minutes=5)
# So long a checkpoint of which it is not known whether it was taken may still turn up.
LOST_AFTER: Final = timedelta(hours=1)
_NIL: Final = UUID(int=0)


class CheckpointSet(ReadOnlySet):
    """The checkpoints of the machines that a caller may see."""

    def __init__(self, unit: Unit, name: str) -> None:
        super().__init__(unit, name)
        self.machines = Machines(unit)
        self._failures: list[DriverError] = []

    # ------------------------------------------------------------ reading

    def get(self, key: Key) -> Row | None:
        found = self._find(key)
        return found[2] if found is not None else None

    def rows(self, wanted: Mapping[str, Any]) -> Iterable[Row]:
        """Only one machine is asked, where a condition names it by VMId, or by ID one of its checkpoints."""
        if "VMId" in wanted:
            return [row for machine in self.machines.of(wanted["VMId"]) for _checkpoint, row in self._of(machine)]
        kept = self.unit.stored_rows(self.name, ID=wanted["ID"]) if "ID" in wanted else []
        if kept:
            found = [self.machines.find(row["VMId"], row["StampId"]) for row in kept]
            return [row for machine in found if machine is not None for _checkpoint, row in self._of(machine)]
        return [row for machine in self.machines.visible() for _checkpoint, row in self._among_others(machine)]

    def _among_others(self, machine: Row) -> list[tuple[Checkpoint | None, Row]]:
        """The checkpoints of one machine of many: a host that does not answer takes away its own, with a warning."""
        driver = self.unit.driver(machine["StampId"])
        is_one_of_many = isinstance(driver, Partial) or len(self.unit.site.stamps) > 1
        try:
            if is_silent(machine):
                raise Unavailable("The host does not answer.")
            return self._listed(machine)
        except DriverError as error:
            if not is_one_of_many:
                raise told_as(error) from error
            self._failures.append(error)
            self.unit.warn(f"The checkpoints of '{machine['Name']}' are missing: {error}")
            return []

    def _of(self, machine: Row) -> list[tuple[Checkpoint | None, Row]]:
        try:
            return self._listed(machine)
        except DriverError as error:
            raise told_as(error) from error

    def _listed(self, machine: Row) -> list[tuple[Checkpoint | None, Row]]:
        """The checkpoints of a machine with their rows, and rows that are awaited; none when the machine has gone."""
        try:
            checkpoints = self.unit.driver(machine["StampId"]).checkpoints(machine["ID"])
        except MissingOnHost:
            return []
        return self.joined(machine, checkpoints)

    def joined(self, machine: Row, checkpoints: Iterable[Checkpoint]) -> list[tuple[Checkpoint | None, Row]]:
        """Checkpoints of a machine with what the store has of them."""
        stored = self.unit.stored_rows(self.name, VMId=machine["ID"], StampId=machine["StampId"])
        known = {row["CheckpointID"]: row for row in stored if row["CheckpointID"] is not None}
        awaited = sorted([row for row in stored if row["CheckpointID"] is None], key=lambda row: row["AddedTime"])
        found: list[tuple[Checkpoint, Row | None]] = []
        for checkpoint in checkpoints:
            row = known.get(checkpoint.id)
            if row is None:
                row = next((one for one in awaited if _is_the_one(one, checkpoint)), None)
                if row is not None:
                    awaited.remove(row)
                    row = self.unit.change(self.name, row, CheckpointID=checkpoint.id, Enabled=True)
            found.append((checkpoint, row))
        stamp = machine["StampId"]
        ids = {one: row["ID"] for one, row in known.items()}
        ids |= {one.id: row["ID"] if row is not None else uuid5(stamp, str(one.id)) for one, row in found}
        rows: list[tuple[Checkpoint | None, Row]] = [(one, self._row(stamp, one, ids, row or {})) for one, row in found]
        return rows + [(None, {**row, **_COMMANDS}) for row in awaited if row["Enabled"]]

    def _find(self, key: Key) -> tuple[Row, Checkpoint | None, Row] | None:
        """The machine, the checkpoint and its row. The store knows the machine; without it, all are searched."""
        checkpoint_id, stamp = key
        if stamp not in self.unit.site.stamps:
            return None
        stored = self.unit.stored(self.name, key)
        if stored is not None:
            machine = self.machines.find(stored["VMId"], stamp)
            found = [] if machine is None else [(machine, self._of(machine))]
        else:
            machines = [machine for machine in self.machines.visible() if machine["StampId"] == stamp]
            found = [(machine, self._among_others(machine)) for machine in machines]
        for machine, listed in found:
            for checkpoint, row in listed:
                if row["ID"] == checkpoint_id:
                    return machine, checkpoint, row
        if self._failures:
            # It may be one of those that are missing.
            raise told_as(self._failures[0])
        return None

    def _require(self, key: Key) -> tuple[Row, Checkpoint, Row]:
        found = self._find(key)
        if found is None:
            raise NotFound(f"There is no checkpoint {key[0]} on the stamp {key[1]}.")
        machine, checkpoint, row = found
        if checkpoint is None:
            raise Conflict(f"The checkpoint '{row['Name']}' is still being taken.")
        return machine, checkpoint, row

    def _row(self, stamp: UUID, checkpoint: Checkpoint, ids: Mapping[UUID, UUID], stored: Row) -> dict[str, Any]:
        created = Timestamp.of(_in_zone(checkpoint.created, self.unit.site.zone))
        parent = checkpoint.parent_id
        return {
            "Accessibility": "Public",
            "CheckpointID": checkpoint.id,
            "Description": stored.get("Description") or checkpoint.description or "",
            "Enabled": True,
            "ID": ids[checkpoint.id],
            "Name": checkpoint.name,
            "ParentCheckpointID": None if parent is None else ids.get(parent) or uuid5(stamp, str(parent)),
            "VMId": checkpoint.vm_id,
            "AddedTime": stored.get("AddedTime") or created,
            "ModifiedTime": stored.get("ModifiedTime") or created,
            "StampId": stamp,
            **_COMMANDS,
        }

    # ------------------------------------------------------------ writing

    def insert(self, values: Row) -> Row:
        """POST: VMId and StampId are mandatory, ID is ours whatever the client sends (spf 4.1)."""
        later = wants_answer_now(self.unit, values.get("RunAsynchronously"))
        if values.get("VMCheckPointAction") is not None:
            raise BadRequest("A new checkpoint cannot be restored: leave VMCheckPointAction null.")
        machine = self.machines.require(_mandatory(values, "VMId"), _mandatory(values, "StampId"))
        self.unit.caller.require(machine["StampId"], CREATE)
        row = self._awaited(machine, values)
        result = Target(KIND, row["ID"], row["Name"])
        task = Task(*CREATE_JOB, machine["StampId"], Target(VM_KIND, machine["ID"], machine["Name"]), result)
        self._forget_lost(machine)
        made = run(
            self.unit,
            task,
            lambda job: self._take(job, machine, row),
            later=later,
            prepare=lambda: self.unit.save(self.name, row),
            undo=lambda: self.unit.forget(self.name, (row["ID"], row["StampId"])),
        )
        # Right after the creation VMM does not know the hypervisor's id yet, and says null.
        return {**(made or row), "CheckpointID": None}

    def _awaited(self, machine: Row, values: Row) -> dict[str, Any]:
        """The row of a checkpoint that the host is to be asked for."""
        now = self.unit.now()
        return {
            "Accessibility": "Public",
            "CheckpointID": None,
            "Description": values.get("Description") or "",
            "Enabled": True,
            "ID": uuid4(),
            "Name": values.get("Name") or f"{machine['Name']} - ({now})",
            "ParentCheckpointID": None,
            "VMId": machine["ID"],
            "AddedTime": now,
            "ModifiedTime": now,
            "StampId": machine["StampId"],
            **_COMMANDS,
        }

    def _take(self, job: Job, machine: Row, row: Row) -> Row:
        """Have the checkpoint taken. Where it is lost what became of that, the host is asked what it has."""
        driver = self.unit.driver(machine["StampId"])
        try:
            checkpoint = driver.create(machine["ID"], row["Name"], row["Description"])
        except OutcomeUnknown as error:
            found = self._taken(machine, row)
            if isinstance(found, str):
                self.unit.change(self.name, row, Enabled=False)
                raise OutcomeUnknown(f"{error.message} {found}") from error
            checkpoint = found
        except DriverError:
            raise
        except Exception:
            # What a driver did that broke, nobody knows.
            self.unit.change(self.name, row, Enabled=False)
            raise
        job.is_done = True
        for other in self.unit.stored_rows(self.name, VMId=machine["ID"], CheckpointID=checkpoint.id):
            if other["ID"] != row["ID"]:
                # Whoever listed it before we were told took it for another of that name, lost or on its way.
                is_coming = other["ID"] in [one["ResultObjectID"] for one in open_jobs(self.unit)]
                self.unit.change(self.name, other, CheckpointID=None, Enabled=is_coming)
        # The time is ours, as it was told with the answer: some hosts count in whole seconds.
        self.unit.change(self.name, row, CheckpointID=checkpoint.id, ModifiedTime=self.unit.now())
        self.machines.touch(machine, MostRecentTaskId=job.id)
        return self._as_listed(machine, checkpoint)

    def _as_listed(self, machine: Row, checkpoint: Checkpoint) -> Row:
        """The row of a new checkpoint. The host is asked once more: its parent may be one that was awaited as well."""
        try:
            listed = self.unit.driver(machine["StampId"]).checkpoints(machine["ID"])
        except DriverError:
            listed = []
        pairs = self.joined(machine, [*[one for one in listed if one.id != checkpoint.id], checkpoint])
        return next(shown for one, shown in pairs if one is checkpoint)

    def _taken(self, machine: Row, row: Row) -> Checkpoint | str:
        """The checkpoint that is awaited, or what can be told of it."""

        def ask() -> list[Checkpoint]:
            pairs = self.joined(machine, self.unit.driver(machine["StampId"]).checkpoints(machine["ID"]))
            return [one for one, shown in pairs if one is not None and shown["ID"] == row["ID"]]

        found = ask_again(ask, bool)
        if found is None:
            return "The host cannot be asked what it has: look before you retry."
        if found:
            return found[0]
        return f"When the host was asked again, it had no checkpoint '{row['Name']}': look again before you retry."

    def update(self, key: Key, values: Row) -> Row:
        """MERGE, PATCH and PUT alike: what is null or not given stays, read-only values are ignored (spf 10).

        Whatever there is to do is one job. What loses the machine's state comes last, when all else has worked.
        """
        later = wants_answer_now(self.unit, values.get("RunAsynchronously"))
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
        if changes:
            changes["ModifiedTime"] = self.unit.now()
        changed = {**row, **changes}
        driver = self.unit.driver(machine["StampId"])

        def work(job: Job) -> None:
            if changes:
                rename(driver, checkpoint, changed["Name"], changed["Description"])
                self.unit.change(self.name, row, **changes)
            if restores:
                if changes:
                    job.reached(50)
                restore(driver, checkpoint)
            job.is_done = True
            restored = {"LastRestoredCheckpointId": row["ID"]} if restores else {}
            self.machines.touch(machine, MostRecentTaskId=job.id, **restored)

        result = Target(KIND, row["ID"], changed["Name"])
        target = Target(VM_KIND, machine["ID"], machine["Name"])
        task = Task(*(RESTORE_JOB if restores else CHANGE_JOB), machine["StampId"], target, result)
        run(self.unit, task, work, later=later)
        return changed

    def delete(self, key: Key) -> None:
        """Only the named checkpoint goes; its children move to its parent (spf 4.4)."""
        later = wants_answer_now(self.unit)
        machine, checkpoint, row = self._require(key)
        self.unit.caller.require(machine["StampId"], CREATE)

        def work(job: Job) -> None:
            remove(self.unit.driver(machine["StampId"]), checkpoint)
            job.is_done = True
            self.unit.forget(self.name, key)
            self.machines.touch(machine, MostRecentTaskId=job.id)

        target, result = Target(VM_KIND, machine["ID"], machine["Name"]), Target(KIND, row["ID"], row["Name"])
        run(self.unit, Task(*REMOVE_JOB, machine["StampId"], target, result), work, later=later)

    def _forget_lost(self, machine: Row) -> None:
        """Rows of checkpoints that did not turn up in a long time."""
        limit = self.unit.now().to_datetime() - LOST_AFTER
        for row in self.unit.stored_rows(self.name, VMId=machine["ID"]):
            if row["CheckpointID"] is None and not row["Enabled"] and row["AddedTime"].to_datetime() < limit:
                self.unit.forget(self.name, (row["ID"], row["StampId"]))


# What a client sends to have something done is no state, and reads back null (spf 4.3).
_COMMANDS: Final = dict.fromkeys(("VMCheckPointAction", "Confirm", "RunAsynchronously"))


def _is_the_one(awaited: Row, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint that nobody knows is one that is awaited."""
    earliest = awaited["AddedTime"].to_datetime() - CLOCKS_DIFFER
    return bool(checkpoint.name == awaited["Name"] and checkpoint.created >= earliest)


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A moment as it is printed. Hosts may say that something was made in the year 1, which is year 0 elsewhere."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


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
