# Who asks: the user role of the subscription in the URL, what it may do on each stamp, and what it may see.
# A role's permissions are kept as its last PermissionInput for each stamp; the wire shows them joined as Permission.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from odata_core.errors import Forbidden

Row = Mapping[str, Any]

ADMINISTRATOR: Final = "Administrator"
TENANT_ADMIN: Final = "TenantAdmin"
PRINCIPAL_HEADER: Final = "x-ms-principal-id"


@dataclass(frozen=True, slots=True)
class Caller:
    """The role of a subscription, and the user name that the front end vouches for."""

    role: Row
    principal: str

    @property
    def subscription(self) -> UUID:
        subscription: UUID = self.role["ID"]
        return subscription

    @property
    def is_administrator(self) -> bool:
        return bool(self.role["UserRoleProfile"] == ADMINISTRATOR)

    def permissions(self, stamp: UUID) -> frozenset[str]:
        """What the role may do on a stamp."""
        return frozenset(
            name for item in self.role["PermissionInput"] if item["StampId"] == stamp for name in item["Permission"]
        )

    def require(self, stamp: UUID, *any_of: str) -> None:
        """Forbidden unless the role has one of the permissions on the stamp."""
        if not self.permissions(stamp) & set(any_of):
            wanted = " or ".join(f"'{name}'" for name in any_of)
            raise Forbidden(f"The user role '{self.role['Name']}' lacks the permission {wanted} on the stamp {stamp}.")

    def sees_machine(self, machine: Row) -> bool:
        """Whether the role owns the machine or was granted it; an administrator sees all."""
        people = [*([machine["Owner"]] if machine["Owner"] is not None else []), *machine["GrantedToList"]]
        return self.is_administrator or any(person["RoleID"] == self.subscription for person in people)

    def manages_role(self, role: Row) -> bool:
        """Whether the role may be changed: by an administrator, or by the tenant administrator above it."""
        above = self.role["UserRoleProfile"] == TENANT_ADMIN and role["ParentUserRoleId"] == self.subscription
        return self.is_administrator or above

    def sees_role(self, role: Row) -> bool:
        """Its own role, and those that it manages."""
        return bool(role["ID"] == self.subscription) or self.manages_role(role)

    def sees_cloud(self, cloud: Row) -> bool:
        """The cloud of the subscription; an administrator sees all."""
        return self.is_administrator or bool(cloud["UserRoleID"] == self.subscription)


def principal_of(headers: Mapping[str, str], role: Row) -> str:
    """The user name in x-ms-principal-id, which some clients percent-encode; without one, the name of the role."""
    name = "".join([char for char in unquote(headers.get(PRINCIPAL_HEADER, "")) if char.isprintable()])
    return name.strip() or str(role["Name"])


def joined_permissions(inputs: Iterable[Row]) -> list[str]:
    """Every permission of every stamp, each once, in the order in which they were given."""
    return list(dict.fromkeys(name for item in inputs for name in item["Permission"]))


def merged_permissions(current: Iterable[Row], given: Iterable[Row]) -> list[Row]:
    """Each given element replaces the whole list of its stamp; stamps not mentioned stay (spf 5.2)."""
    by_stamp = {item["StampId"]: item for item in current}
    for item in given:
        by_stamp[item["StampId"]] = {**item, "Permission": list(dict.fromkeys(item["Permission"]))}
    return list(by_stamp.values())
