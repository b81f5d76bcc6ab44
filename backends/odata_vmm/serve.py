# `odata serve vmm`: the options of the command, and the handler that they make.
# Without a driver, sample data over simulated machines; with one, real machines and a store in a file.

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from dateutil import tz

from odata_core.backend import Backend, Context, Query, Reads, Writes
from odata_core.edm import Model
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_memory import MemoryBackend

from .caller import ADMINISTRATOR, joined_permissions, merged_permissions
from .configuration import Configuration, RolePlan, libvirt_configuration, read_configuration
from .model import vmm_model
from .routes import tenant_root
from .sample import STAMP, SUBSCRIPTION, sample_driver, sample_rows
from .service import VmmService
from .store import SqliteStore

log = logging.getLogger("odata.vmm")

SIMULATED: Final = "simulated"
RECOVERY_PAUSE: Final = 30.0  # seconds between two questions to a host that does not answer


def handler(arguments: argparse.Namespace) -> VmmService:
    """The VMM service that the options ask for; `arguments.subscription` becomes one that may use it."""
    limits = replace(Limits(), body_bytes=arguments.max_body) if arguments.max_body else Limits()
    zone = _zone(arguments.timezone)
    driver = arguments.driver or ("libvirt" if arguments.uri else SIMULATED if not arguments.config else None)
    make = _simulated if driver == SIMULATED else _real
    service = make(arguments, driver, zone, limits)
    recover_in_background(service)
    return service


def _real(arguments: argparse.Namespace, driver: str | None, zone: tzinfo | None, limits: Limits) -> VmmService:
    configuration = configuration_of(arguments, driver)
    store = open_store(arguments.store or configuration.store)
    roles = configuration.roles or (_administrator(arguments.subscription, store),)
    arguments.subscription = roles[0].subscription
    fill_store(store, configuration, roles)
    stamps = {stamp.id: stamp.open() for stamp in configuration.stamps}
    return VmmService(stamps=stamps, store=store, zone=zone, limits=limits)


def _zone(name: str | None) -> tzinfo | None:
    zone = tz.gettz(name) if name else None
    if name and zone is None:
        raise BadRequest(f"There is no time zone '{name}'. Use a name such as America/Los_Angeles.")
    return zone


def _simulated(arguments: argparse.Namespace, _driver: str | None, zone: tzinfo | None, limits: Limits) -> VmmService:
    if arguments.config or arguments.uri:
        raise BadRequest("The simulated machines need neither --config nor --uri.")
    store = open_store(arguments.store)
    arguments.subscription = arguments.subscription or SUBSCRIPTION
    if not _has_rows(store):
        _insert(store, sample_rows())
    return VmmService(driver=sample_driver(), store=store, stamp=STAMP, zone=zone, limits=limits)


def configuration_of(arguments: argparse.Namespace, driver: str | None) -> Configuration:
    """What --config, --driver and --uri say together; BadRequest where that is not enough, or too much."""
    if arguments.config and arguments.uri:
        raise BadRequest("--uri and --config both say which hosts there are: use one of them.")
    if arguments.config:
        return read_configuration(Path(arguments.config), driver)
    if driver == "libvirt":
        return libvirt_configuration(arguments.uri or ["qemu:///system"], Path("vmm.sqlite"))
    raise BadRequest(f"The driver '{driver}' needs '--config FILE', which says where its hosts are.")


def open_store(path: Path | str | None) -> MemoryBackend:
    """The store of a file, which is made where it is not there; without a path, one in memory."""
    model = vmm_model()
    return MemoryBackend(model, check_references=False) if path is None else SqliteStore(model, Path(path))


def _administrator(subscription: UUID | None, store: Backend) -> RolePlan:
    """Where no role is configured there is one that may do everything: the one of the store, or a new one."""
    if subscription is None:
        with store.session(Context()) as session:
            known = [row["ID"] for row in _rows(session, "UserRoles") if row["UserRoleProfile"] == ADMINISTRATOR]
        subscription = known[0] if known else uuid4()
    return RolePlan(subscription, "Administrator")


def fill_store(store: Backend, configuration: Configuration, roles: tuple[RolePlan, ...]) -> None:
    """Roles and whose the machines are, as configured; what clients can change, and have changed, stays.

    Where roles are configured, there are no others: who is taken out of the file has no access any more.
    """
    model = vmm_model()
    stamps = [stamp.id for stamp in configuration.stamps]
    with store.session(Context()) as session:
        assert isinstance(session, Writes)
        if configuration.roles:
            _revoke(session, model, roles)
        for role in roles:
            _grant(session, model, role, stamps)
            for machine in role.machines:
                _own(session, model, machine, stamps, role)


def _revoke(session: Any, model: Model, roles: tuple[RolePlan, ...]) -> None:
    """Remove what is not configured any more: roles, and owners of machines."""
    configured = {role.subscription for role in roles}
    for row in _rows(session, "UserRoles"):
        if row["ID"] not in configured:
            session.delete(model.entity_sets["UserRoles"], (row["ID"],))
    owned = {machine for role in roles for machine in role.machines}
    for row in _rows(session, "VirtualMachines"):
        if row["Owner"] is not None and row["ID"] not in owned:
            key = (row["ID"], row["StampId"])
            session.update(model.entity_sets["VirtualMachines"], key, {"Owner": None}, replace=False)


def _grant(session: Any, model: Model, role: RolePlan, stamps: list[UUID]) -> None:
    """A role: its profile as configured, its permissions on stamps that it does not know yet."""
    entity_set = model.entity_sets["UserRoles"]
    configured = role_row(role, stamps)
    known = session.get(entity_set, (role.subscription,))
    if known is None:
        session.insert(entity_set, configured)
        return
    inputs = merged_permissions(configured["PermissionInput"], known["PermissionInput"])
    changes = {name: configured[name] for name in ("Profile", "UserRoleProfile")}
    changes |= {"PermissionInput": inputs, "Permission": joined_permissions(inputs)}
    session.update(entity_set, (role.subscription,), changes, replace=False)


def role_row(role: RolePlan, stamps: list[UUID]) -> dict[str, Any]:
    """A role as the store keeps it."""
    permissions = list(role.permissions)
    return {
        "ID": role.subscription,
        "Name": role.name,
        "Description": "",
        "Members": list(role.members),
        "Profile": role.profile,
        "UserRoleProfile": role.profile,
        "Permission": permissions,
        "PermissionInput": [{"StampId": stamp, "Permission": permissions} for stamp in stamps],
        "ParentUserRoleId": None,
    }


def _own(session: Any, model: Model, machine: UUID, stamps: list[UUID], role: RolePlan) -> None:
    """A configured machine belongs to its role, on whichever stamp it is."""
    entity_set = model.entity_sets["VirtualMachines"]
    person = role.members[0] if role.members else role.name
    owner = {"UserName": person, "RoleName": role.name, "RoleID": role.subscription}
    for stamp in stamps:
        if session.get(entity_set, (machine, stamp)) is None:
            session.insert(entity_set, {"ID": machine, "StampId": stamp, "Owner": owner})
        else:
            session.update(entity_set, (machine, stamp), {"Owner": owner}, replace=False)


def _rows(session: Reads, name: str) -> list[Any]:
    return list(session.select(Query(vmm_model().entity_sets[name])).rows)


def _has_rows(store: Backend) -> bool:
    with store.session(Context()) as session:
        return bool(_rows(session, "UserRoles"))


def _insert(store: Backend, rows: dict[str, list[dict[str, Any]]]) -> None:
    with store.session(Context()) as session:
        assert isinstance(session, Writes)
        for name, given in rows.items():
            for row in given:
                session.insert(vmm_model().entity_sets[name], row)


def recover_in_background(service: VmmService, pause: Callable[[float], Any] | None = None) -> threading.Thread:
    """Find out what became of the jobs of an earlier process, while requests are answered already.

    `pause` waits between two attempts, and says whether to give up.
    """
    wait = pause or service.closing.wait

    def work() -> None:
        while service.recover():
            log.warning("Jobs of an earlier run wait for a host that does not answer.")
            if wait(RECOVERY_PAUSE):
                return

    thread = threading.Thread(target=work, name="odata-vmm-recovery", daemon=True)
    thread.start()
    return thread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that only this service has."""
    parser.add_argument(
        "--timezone", metavar="NAME", help="zone of the times in answers, such as America/Los_Angeles (this machine's)"
    )
    add_host_arguments(parser)
    parser.add_argument(
        "--store", metavar="FILE", help="SQLite file of what hosts cannot keep (vmm.sqlite; memory when simulated)"
    )
    parser.add_argument(
        "--subscription", metavar="GUID", type=_subscription, help="of the administrator, where no role is configured"
    )


def add_host_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which hosts there are."""
    parser.add_argument(
        "--driver", choices=(SIMULATED, "hyperv", "libvirt"), help="what drives the machines (simulated)"
    )
    parser.add_argument("--config", metavar="FILE", help="TOML file with stamps, hosts and roles")
    parser.add_argument(
        "--uri",
        metavar="URI",
        action="append",
        help="a libvirt host, such as qemu:///system; more than one may be given",
    )


def _subscription(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text[:100]}' is no GUID") from None


def paths(arguments: argparse.Namespace) -> list[str]:
    """The service roots to show to the user."""
    return ["/" + tenant_root(arguments.subscription or SUBSCRIPTION)]


handler.add_arguments = add_arguments  # type: ignore[attr-defined]
handler.paths = paths  # type: ignore[attr-defined]
