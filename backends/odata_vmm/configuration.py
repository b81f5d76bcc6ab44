# What an administrator writes down: stamps with their hosts, subscriptions with their roles, and where the store is.
# TOML, checked before anything is asked; what is wrong is one sentence with its place in the file. Secrets may stand in
# files or environment variables of their own, and are never shown.

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from odata_core.errors import BadRequest, suggestion

from .caller import ADMINISTRATOR, TENANT_ADMIN
from .drivers.contract import Driver
from .drivers.findings import Finding
from .drivers.hosts import Hosts

PERMISSIONS: Final = (
    *("Create", "PauseAndResume", "Start", "Stop", "AllowLocalAdmin", "Remove", "Shutdown", "Checkpoint", "Author"),
    *("CanShare", "CanReceive", "CreateFromVHDOrTemplate", "CheckpointRestoreOnly", "AuthorVMNetwork"),
)
"""What a role may do that is given no permissions of its own."""

MAX_FILE: Final = 1_000_000  # bytes of a configuration


@dataclass(frozen=True, slots=True)
class HostPlan:
    """How to reach one host: `open` gives its driver, `check` what is wrong with this, step by step.

    `name` is for people; `address` may say more, and is never shown.
    """

    name: str
    address: str
    open: Callable[[], Driver]
    check: Callable[[], list[Finding]]


@dataclass(frozen=True, slots=True)
class StampPlan:
    """A stamp: its GUID and its hosts."""

    id: UUID
    hosts: tuple[HostPlan, ...]

    def open(self) -> Driver:
        """The driver of the stamp; connections are made when it is first used."""
        drivers = {host.name: host.open() for host in self.hosts}
        return next(iter(drivers.values())) if len(drivers) == 1 else Hosts(drivers)


@dataclass(frozen=True, slots=True)
class RolePlan:
    """A subscription: who it is, what it may do on every stamp, and the machines that are its own."""

    subscription: UUID
    name: str
    profile: str = ADMINISTRATOR
    members: tuple[str, ...] = ()
    permissions: tuple[str, ...] = PERMISSIONS
    machines: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it. `store` is None for a store in memory."""

    stamps: tuple[StampPlan, ...]
    roles: tuple[RolePlan, ...] = ()
    store: Path | None = None


def read_configuration(path: Path, driver: str | None = None) -> Configuration:
    """The configuration of a file; BadRequest says what is wrong with it, and where.

    `driver` is that of stamps that name none.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE + 1)
        if len(text) > MAX_FILE:
            raise BadRequest(f"The configuration '{path}' is larger than {MAX_FILE} bytes.")
        content = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise BadRequest(f"The configuration '{path}' cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The configuration '{path}' is no TOML: {error}.") from error
    try:
        return _configuration(content, path.parent, driver)
    except _Wrong as wrong:
        raise BadRequest(f"The configuration '{path}' is wrong at {wrong.place}: {wrong}") from None


def libvirt_configuration(uris: list[str], store: Path | None) -> Configuration:
    """One stamp of hosts that libvirt drives; its GUID is made from their URIs. BadRequest for what is no URI."""
    try:
        hosts = tuple(_told_apart([_libvirt_host({"uri": uri}, "--uri") for uri in uris], "--uri"))
    except _Wrong as wrong:
        text = str(wrong)
        raise BadRequest(text[:1].upper() + text[1:]) from None
    return Configuration((StampPlan(uuid5(NAMESPACE_URL, " ".join(sorted(uris))), hosts),), store=store)


class _Wrong(Exception):
    """What is wrong, and where."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text)
        self.place = place


def _configuration(content: Mapping[str, Any], folder: Path, driver: str | None) -> Configuration:
    _check_names(content, ("store", "stamps", "roles"), "the top")
    stamps = _tables(content, "stamps", "the top")
    if not stamps:
        raise _Wrong("the top", "there is no [[stamps]] table, so there are no hosts.")
    plans = tuple([_stamp(stamp, f"stamps[{index}]", folder, driver) for index, stamp in enumerate(stamps)])
    roles = tuple([_role(role, f"roles[{index}]") for index, role in enumerate(_tables(content, "roles", "the top"))])
    for name, ids in (("stamps", [one.id for one in plans]), ("roles", [one.subscription for one in roles])):
        twice = next((one for one in ids if ids.count(one) > 1), None)
        if twice is not None:
            raise _Wrong(name, f"there are two with the GUID {twice}.")
    store = _text(content, "store", "the top", "vmm.sqlite")
    return Configuration(plans, roles, folder / store)


def _stamp(table: Mapping[str, Any], place: str, folder: Path, driver: str | None) -> StampPlan:
    _check_names(table, ("id", "driver", "hosts"), place)
    name = _text(table, "driver", place, driver)
    make = _HOSTS.get(name)
    if make is None:
        raise _Wrong(f"{place}.driver", f"'{name[:100]}' is no driver: use {' or '.join(_HOSTS)}.")
    hosts = _tables(table, "hosts", place)
    if not hosts:
        raise _Wrong(place, "there is no [[stamps.hosts]] table.")
    made = [
        make(_with_secrets(host, f"{place}.hosts[{i}]", folder), f"{place}.hosts[{i}]") for i, host in enumerate(hosts)
    ]
    return StampPlan(_guid(table, "id", place), tuple(_told_apart(made, f"{place}.hosts")))


def _told_apart(hosts: Sequence[HostPlan], place: str) -> list[HostPlan]:
    """The hosts, each with a name of its own; a host may be there once."""
    found: dict[str, HostPlan] = {}
    for host in hosts:
        if host.address in {other.address for other in found.values()}:
            raise _Wrong(place, f"the host '{host.name}' is there twice.")
        alike = sum(other.name == host.name for other in hosts[: len(found)])
        name = f"{host.name} ({alike + 1})" if alike else host.name
        found[name] = replace(host, name=name)
    return list(found.values())


def _hyperv_host(options: Mapping[str, Any], place: str) -> HostPlan:
    from .drivers.hyperv import HyperVDriver, HyperVHost

    _check_names(options, [option.name for option in fields(HyperVHost)], place)
    try:
        host = HyperVHost(**{"host": "", **options})
    except ValueError as error:
        raise _Wrong(place, str(error)) from None

    def check() -> list[Finding]:
        from .drivers.hyperv.check import check as check_host

        return list(check_host(host))

    return HostPlan(host.host, host.host, lambda: _installed(lambda: HyperVDriver(host)), check)


def _libvirt_host(options: Mapping[str, Any], place: str) -> HostPlan:
    from .drivers.libvirt import LibvirtDriver, LibvirtHost

    _check_names(options, [option.name for option in fields(LibvirtHost)], place)
    try:
        host = LibvirtHost(**{"uri": "", **options})
    except (ValueError, TypeError) as error:
        raise _Wrong(place, str(error)) from None

    def check() -> list[Finding]:
        from .drivers.libvirt.check import check as check_host

        return list(check_host(host))

    return HostPlan(host.shown, host.uri, lambda: _installed(lambda: LibvirtDriver(host)), check)


_HOSTS: Final[Mapping[str, Callable[[Mapping[str, Any], str], HostPlan]]] = {
    "hyperv": _hyperv_host,
    "libvirt": _libvirt_host,
}


def _installed(make: Callable[[], Driver]) -> Driver:
    try:
        return make()
    except ImportError as error:
        raise BadRequest(str(error)) from error


def _with_secrets(table: Mapping[str, Any], place: str, folder: Path) -> dict[str, Any]:
    """The options of a host; `NAME_file` and `NAME_env` say where a secret is, so that it stands in no other file."""
    options = dict(table)
    for name in ("password", "certificate_key_password"):
        file, variable = options.pop(f"{name}_file", None), options.pop(f"{name}_env", None)
        if file is not None:
            try:
                options[name] = (folder / str(file)).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise _Wrong(f"{place}.{name}_file", f"the file '{file}' cannot be read: {error}.") from None
        if variable is not None:
            if str(variable) not in os.environ:
                raise _Wrong(f"{place}.{name}_env", f"there is no environment variable '{variable}'.")
            options[name] = os.environ[str(variable)]
    for name in ("ca_file", "certificate_file", "certificate_key_file"):
        if isinstance(options.get(name), str):
            options[name] = str(folder / options[name])
    return options


def _role(table: Mapping[str, Any], place: str) -> RolePlan:
    _check_names(table, ("subscription", "name", "profile", "members", "permissions", "machines"), place)
    profile = _text(table, "profile", place, ADMINISTRATOR)
    if profile not in (ADMINISTRATOR, TENANT_ADMIN, "SelfServiceUser"):
        told = f"{ADMINISTRATOR}, {TENANT_ADMIN} or SelfServiceUser"
        raise _Wrong(f"{place}.profile", f"'{profile[:100]}' is no profile: use {told}.")
    return RolePlan(
        subscription=_guid(table, "subscription", place),
        name=_text(table, "name", place),
        profile=profile,
        members=_texts(table, "members", place, ()),
        permissions=_texts(table, "permissions", place, PERMISSIONS),
        machines=tuple([_as_guid(text, f"{place}.machines") for text in _texts(table, "machines", place, ())]),
    )


def _check_names(table: Mapping[str, Any], known: Any, place: str) -> None:
    for name in table:
        if name not in known:
            raise _Wrong(place, f"'{name[:100]}' is no option here.{suggestion(name[:100], known)}")


def _tables(table: Mapping[str, Any], name: str, place: str) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _Wrong(place, f"'{name}' is written as [[{name}]] tables.")
    return found


def _text(table: Mapping[str, Any], name: str, place: str, default: str | None = None) -> str:
    found = table.get(name, default)
    if not isinstance(found, str) or not found:
        raise _Wrong(place, f"'{name}' is missing." if found is None else f"'{name}' is a text.")
    return found


def _texts(table: Mapping[str, Any], name: str, place: str, default: tuple[str, ...]) -> tuple[str, ...]:
    found = table.get(name)
    if found is None:
        return default
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _Wrong(place, f"'{name}' is a list of texts.")
    return tuple(found)


def _guid(table: Mapping[str, Any], name: str, place: str) -> UUID:
    return _as_guid(_text(table, name, place), f"{place}.{name}")


def _as_guid(text: str, place: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _Wrong(place, f"'{text[:100]}' is no GUID such as ba4146fa-fb41-4f59-a193-ad00c52a138c.") from None
