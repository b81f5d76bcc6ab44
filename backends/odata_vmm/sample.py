# Sample data to try the service with: the stamp, machine and subscription of Microsoft's documentation, a second tenant
# that may only look, and an administrator. Everything is simulated and lives in memory.

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final
from uuid import UUID

from odata_core.edm import Timestamp
from odata_core.limits import Limits
from odata_memory import MemoryBackend

from .caller import ADMINISTRATOR, TENANT_ADMIN
from .drivers.contract import Driver
from .drivers.simulated import SimulatedDriver
from .model import vmm_model
from .service import VmmService

STAMP: Final = UUID("ba4146fa-fb41-4f59-a193-ad00c52a138c")
SUBSCRIPTION: Final = UUID("97fd50f3-1dc0-41b6-a7c0-2b4ff4c3f7e3")
OTHER_SUBSCRIPTION: Final = UUID("ae122d5f-3aab-4d75-ad48-d6593246a49e")
ADMIN_SUBSCRIPTION: Final = UUID("ba4146fa-fb41-41b6-a7c0-2b4ff4c3f7e3")
MACHINE: Final = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
STOPPED_MACHINE: Final = UUID("24089301-fe61-4f87-932c-4e78c3b0f1cb")
OTHER_MACHINE: Final = UUID("f11b61fa-b5c7-4807-93b4-f9b371896c6f")

_PERMISSIONS: Final = (
    "Create PauseAndResume Start Stop AllowLocalAdmin Remove Shutdown Checkpoint Author CanShare CanReceive "
    "CreateFromVHDOrTemplate CheckpointRestoreOnly AuthorVMNetwork"
).split()
_ADDED: Final = Timestamp.parse("2013-08-06T23:17:18.4061005Z")


def _role(subscription: UUID, login: str, profile: str, permissions: list[str]) -> dict[str, Any]:
    return {
        "ID": subscription,
        "Name": f"{login}_{subscription}",
        "Description": "",
        "Members": [login],
        "Profile": profile,
        "UserRoleProfile": profile,
        "Permission": permissions,
        "PermissionInput": [{"StampId": STAMP, "Permission": permissions}],
        "ParentUserRoleId": None if profile == ADMINISTRATOR else ADMIN_SUBSCRIPTION,
    }


def _machine(machine: UUID, name: str, owner: dict[str, Any], cloud: UUID) -> dict[str, Any]:
    return {
        "ID": machine,
        "StampId": STAMP,
        "Name": name,
        "Owner": {"UserName": owner["Members"][0], "RoleName": owner["Name"], "RoleID": owner["ID"]},
        "CloudId": cloud,
        "CPUCount": 2,
        "Memory": 2048,
        "AddedTime": _ADDED,
        "CreationTime": _ADDED,
        "ModifiedTime": _ADDED,
        "Generation": 1,
        "TotalSize": 0,
        "VirtualizationPlatform": "HyperV",
        "StartAction": "NeverAutoTurnOnVM",
        "StopAction": "SaveVM",
        "OperatingSystemInstance": {"Name": "Windows Server 2012 R2 Standard", "OSType": "WindowsServer2012R2"},
    }


def sample_rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of the store, by entity set."""
    tenant = _role(SUBSCRIPTION, "user@contoso.com", TENANT_ADMIN, _PERMISSIONS)
    other = _role(OTHER_SUBSCRIPTION, "guest@fabrikam.com", TENANT_ADMIN, ["Start", "Stop"])
    admin = _role(ADMIN_SUBSCRIPTION, "admin@hoster.example", ADMINISTRATOR, _PERMISSIONS)
    clouds = [
        {
            "ID": UUID(int=role["ID"].int ^ 1),
            "StampId": STAMP,
            "Name": name,
            "Description": "",
            "UserRoleID": role["ID"],
        }
        for name, role in (("Contoso Cloud", tenant), ("Fabrikam Cloud", other))
    ]
    return {
        "UserRoles": [tenant, other, admin],
        "Clouds": clouds,
        "VirtualMachines": [
            _machine(MACHINE, "vm1", tenant, clouds[0]["ID"]),
            _machine(STOPPED_MACHINE, "vm2", tenant, clouds[0]["ID"]),
            _machine(OTHER_MACHINE, "fabrikam-vm", other, clouds[1]["ID"]),
        ],
    }


def sample_driver() -> SimulatedDriver:
    """Three machines that exist in this process only; the second has a checkpoint."""
    driver = SimulatedDriver()
    driver.add_vm(name="vm1", id=MACHINE, state="Running", contents="first boot")
    driver.add_vm(name="vm2", id=STOPPED_MACHINE, state="Off", contents="installed")
    driver.add_vm(name="fabrikam-vm", id=OTHER_MACHINE, state="Running", contents="private")
    driver.create(STOPPED_MACHINE, "Before the update", "Made with the sample data")
    return driver


def sample_service(
    *, driver: Driver | None = None, zone: tzinfo | None = None, limits: Limits | None = None
) -> VmmService:
    """The VMM service on sample data: `Handler` for any adapter.

    Pass a `driver` of your own to keep hold of it, or to serve other machines under the sample's user roles.
    """
    store = MemoryBackend(vmm_model(), sample_rows(), check_references=False)
    return VmmService(driver=driver or sample_driver(), store=store, stamp=STAMP, zone=zone, limits=limits)
