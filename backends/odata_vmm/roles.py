# UserRoles and Jobs: who may do what, and what has been done.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from odata_core.backend import Key, Row
from odata_core.errors import BadRequest, Conflict, Forbidden, NotFound, NotImplementedHere

from .caller import Caller, joined_permissions, merged_permissions
from .jobs import Target, Task, run
from .sets import ReadOnlySet

KIND: Final = "UserRole"

# Inputs that are documented and not supported: anything but an empty list is refused, so that nothing is lost silently.
NOT_BUILT: Final = (
    "AddResource",
    "AddScope",
    "AddCloudResourceExtension",
    "CloudPermissionInput",
    "RemoveResource",
    "RemoveScope",
    "RemoveCloudResourceExtension",
    "UserRoleDataPath",
    "VMNetworkQuota",
)


class RoleSet(ReadOnlySet):
    """UserRoles: each caller's own, and those that it manages."""

    def is_visible(self, row: Row) -> bool:
        return self.unit.caller.sees_role(row)

    def shown(self, row: Row) -> Row:
        """Input collections read back empty (spf 3.5)."""
        return {**row, "PermissionInput": []}

    def insert(self, values: Row) -> Row:
        raise NotImplementedHere("Creating user roles is not supported.")

    def delete(self, key: Key) -> None:
        raise NotImplementedHere("Deleting user roles is not supported.")

    def update(self, key: Key, values: Row) -> Row:
        """Permissions, members, name and description; read-only properties are ignored, null means unchanged."""
        role = self.unit.stored(self.name, key)
        if role is None or not self.is_visible(role):
            raise NotFound(f"There is no user role {key[0]}.")
        for name in NOT_BUILT:
            if values.get(name):
                raise NotImplementedHere(f"Changing a user role by '{name}' is not supported.", target=f"$.{name}")
        if not self.unit.caller.manages_role(role):
            raise Forbidden(f"The user role '{self.unit.caller.role['Name']}' may not change '{role['Name']}'.")
        changes = _changes(role, values)
        self._check_grants(role, values.get("PermissionInput") or [])
        target = Target(KIND, role["ID"], role["Name"])
        stamp = next(iter(self.unit.site.stamps))  # jobs live on a stamp, and roles on none
        task = Task("Change properties of user role", "Set-SCUserRole", stamp, target)
        saved = run(self.unit, task, lambda _job: self.unit.save(self.name, {**role, **changes}), later=False)
        assert saved is not None, "only work that is done later has no result"
        return self.shown(saved)

    def _check_grants(self, role: Row, inputs: Iterable[Row]) -> None:
        """Nobody but an administrator gives what they have not themselves; what a role has may stay."""
        caller, holder = self.unit.caller, Caller(role, "")
        for stamp, names in [(item["StampId"], set(item["Permission"])) for item in inputs]:
            beyond = names - caller.permissions(stamp) - holder.permissions(stamp)
            if beyond and not caller.is_administrator:
                told = f"'{min(beyond)}' on the stamp {stamp}, which it has not"
                raise Forbidden(f"The user role '{caller.role['Name']}' may not give the permission {told}.")


def _changes(role: Row, values: Row) -> dict[str, Any]:
    changes: dict[str, Any] = {name: values[name] for name in ("Name", "Description") if values.get(name) is not None}
    inputs = values.get("PermissionInput") or []
    if any(item.get("StampId") is None or "Permission" not in item for item in inputs):
        raise BadRequest(
            "Each element of PermissionInput needs a StampId and its list Permission.", target="$.PermissionInput"
        )
    if inputs:
        merged = merged_permissions(role["PermissionInput"], inputs)
        changes |= {"PermissionInput": merged, "Permission": joined_permissions(merged)}
    leaving = set(values.get("RemoveMember") or [])
    members = [name for name in [*role["Members"], *(values.get("AddMember") or [])] if name not in leaving]
    return changes | {"Members": list(dict.fromkeys(members))}


class JobSet(ReadOnlySet):
    """Jobs: visible to whoever may see what they worked on."""

    entity_verbs = ("GET", "HEAD", "PUT", "MERGE", "PATCH")

    def is_visible(self, row: Row) -> bool:
        caller, target = self.unit.caller, row["TargetObjectID"]
        if caller.is_administrator:
            return True
        if row["TargetObjectType"] == KIND:
            role = self.unit.stored("UserRoles", (target,))
            return role is not None and caller.sees_role(role)
        machine = self.unit.stored("VirtualMachines", (target, row["StampId"]))
        return machine is not None and caller.sees_machine(machine)

    def update(self, key: Key, values: Row) -> Row:
        """Updating a job restarts it (spf 3.4), which none of these jobs can be."""
        job = self.get(key)
        if job is None:
            raise NotFound(f"There is no job {key[0]}.")
        raise Conflict(f"The job '{job['Name']}' is {job['Status']} and cannot be restarted.")
