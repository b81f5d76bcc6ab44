# The cmdlets of the fake host, and how a pipeline of them runs: parameters are checked by name, prompts fail as nobody
# can answer them, errors end a pipeline or are only written as -ErrorAction says, script text is refused.
# Strategy: one row a cmdlet (parameters as the module's documentation lists them, what it takes from the pipeline, what
# it does), so that a parameter which the driver invents is an error here, too.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .machines import Machine, Refusal, Site, Snapshot

Arguments = Mapping[str, Any]
"""By name in lower letters; a switch is None."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a pipeline, as it came."""

    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class StateValue:
    """A value of the .NET enumeration VMState."""

    name: str


@dataclass(frozen=True, slots=True)
class Selected:
    """What Select-Object makes: chosen properties, null where there is none of that name."""

    type_name: str
    properties: Mapping[str, Any]


class CmdletError(Exception):
    """An error record."""

    def __init__(self, error_id: str, category: str, message: str, exception: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.category = category
        self.message = message
        self.exception = exception


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """`takes` is what it binds from the pipeline; `asks` whether it asks before it acts, unless -Confirm says no."""

    module: str
    name: str
    run: Callable[[Site, Any, Arguments], Iterable[Any]]
    parameters: frozenset[str] = frozenset()
    takes: type | None = None
    asks: bool = False
    changes: bool = False

    @property
    def class_name(self) -> str:
        return f"Microsoft.HyperV.PowerShell.Commands.{self.name.replace('-', '')}"

    def refuse(self, refusal: Refusal) -> CmdletError:
        kind = "Microsoft.HyperV.PowerShell.VirtualizationException"
        return CmdletError(f"{refusal.error_id},{self.class_name}", refusal.category, refusal.message, kind)


COMMON = frozenset({"erroraction", "warningaction"})
CHANGING = frozenset({"confirm", "whatif"})


class Role:
    """What a session may do: everything, or as a constrained endpoint the listed cmdlets (by their full names)."""

    def __init__(self, visible: Iterable[str] | None = None) -> None:
        self.visible = None if visible is None else frozenset(name.lower() for name in visible)

    def find(self, name: str) -> Cmdlet:
        cmdlet = CMDLETS.get(name.lower()) or BY_SHORT_NAME.get(name.lower())
        if cmdlet is None or (self.visible is not None and full_name(cmdlet).lower() not in self.visible):
            raise CmdletError(
                "CommandNotFoundException",
                "ObjectNotFound",
                f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or program.",
                "System.Management.Automation.CommandNotFoundException",
            )
        if self.visible is not None and name.lower() == "select-object":
            # The session's own Select-Object, which knows the properties of commands only.
            raise CmdletError(
                "ParameterArgumentValidationError,Select-Object",
                "InvalidData",
                "Cannot validate argument on parameter 'Property'.",
                "System.Management.Automation.ParameterBindingValidationException",
            )
        return cmdlet


def run_pipeline(
    site: Site, role: Role, commands: Iterable[Command], write_error: Callable[[CmdletError], None]
) -> list[Any]:
    """The objects that come out; a terminating error is raised, another one written."""
    stream: list[Any] | None = None
    for command in commands:
        site.commands.append((command.name, command.arguments))
        cmdlet = role.find(command.name)
        arguments = _bind(cmdlet, command)
        stops = str(arguments.get("erroraction", "Continue")).lower() == "stop" and not site.lenient
        output: list[Any] = []
        for item in [None] if stream is None else stream:
            try:
                output += _invoke(site, cmdlet, item, {**arguments, "$role": role})
            except Refusal as refusal:
                error = cmdlet.refuse(refusal)
                if stops:
                    raise error from refusal
                write_error(error)
        stream = output
    return stream or []


def _bind(cmdlet: Cmdlet, command: Command) -> Arguments:
    known = cmdlet.parameters | COMMON | (CHANGING if cmdlet.changes else frozenset())
    unknown = [name for name in command.arguments if name.lower() not in known]
    if unknown:
        raise CmdletError(
            f"NamedParameterNotFound,{cmdlet.class_name}",
            "InvalidArgument",
            f"A parameter cannot be found that matches parameter name '{unknown[0]}'.",
            "System.Management.Automation.ParameterBindingException",
        )
    return {name.lower(): value for name, value in command.arguments.items()}


def _invoke(site: Site, cmdlet: Cmdlet, item: Any, arguments: Arguments) -> Iterable[Any]:
    if cmdlet.takes is not None and not isinstance(item, cmdlet.takes):
        raise CmdletError(
            f"InputObjectNotBound,{cmdlet.class_name}",
            "InvalidArgument",
            "The input object cannot be bound to any parameters for the command.",
            "System.Management.Automation.ParameterBindingException",
        )
    if cmdlet.asks and arguments.get("confirm") is not False and "force" not in arguments:
        raise CmdletError(
            f"InvalidOperation,{cmdlet.class_name}",
            "InvalidOperation",
            "A command that prompts the user failed because the host program does not support user interaction.",
            "System.Management.Automation.PSInvalidOperationException",
        )
    if cmdlet.module == "Hyper-V":
        site.before(cmdlet.name)
        with site.lock:
            site.check_access()
            return list(cmdlet.run(site, item, arguments))
    return list(cmdlet.run(site, item, arguments))


def _passthru(item: Any, arguments: Arguments) -> list[Any]:
    return [item] if "passthru" in arguments else []


def _get_vm(site: Site, item: Any, arguments: Arguments) -> Iterable[Machine]:
    if "id" in arguments:
        return [site.machine(UUID(arguments["id"]))]
    if "name" in arguments:
        return [machine for machine in site.machines if machine.name.lower() == arguments["name"].lower()]
    return sorted(site.machines, key=lambda machine: machine.name)


def _set_vm(site: Site, item: Machine, arguments: Arguments) -> Iterable[Machine]:
    if item.state != "Off":
        raise Refusal("InvalidState", "InvalidOperation", "The memory of a running machine cannot be changed.")
    item.memory = arguments.get("memorystartupbytes", item.memory)
    return _passthru(item, arguments)


def _get_snapshots(site: Site, item: Machine, arguments: Arguments) -> Iterable[Snapshot]:
    return item.snapshots.values()


def _checkpoint(site: Site, item: Machine, arguments: Arguments) -> Iterable[Snapshot]:
    return _passthru(item.checkpoint(arguments.get("snapshotname", item.name)), arguments)


def _restore(site: Site, item: Snapshot, arguments: Arguments) -> Iterable[Snapshot]:
    item.machine.restore(item)
    return _passthru(item, arguments)


def _remove(site: Site, item: Snapshot, arguments: Arguments) -> Iterable[Snapshot]:
    item.machine.remove(item, subtree="includeallchildsnapshots" in arguments)
    return _passthru(item, arguments)


def _rename(site: Site, item: Snapshot, arguments: Arguments) -> Iterable[Snapshot]:
    item.name = arguments["newname"]
    return _passthru(item, arguments)


def _switch(to: str, *starting_from: str) -> Callable[[Site, Machine, Arguments], Iterable[Machine]]:
    def run(site: Site, item: Machine, arguments: Arguments) -> Iterable[Machine]:
        item.switch(to, starting_from=set(starting_from))
        return _passthru(item, arguments)

    return run


def _stop(site: Site, item: Machine, arguments: Arguments) -> Iterable[Machine]:
    starting_from = {"Running", "Paused"} if "turnoff" in arguments else {"Running"}
    item.switch("Off", starting_from=starting_from)
    return _passthru(item, arguments)


def _restart(site: Site, item: Machine, arguments: Arguments) -> Iterable[Machine]:
    if "force" not in arguments:
        raise Refusal("InvalidOperation", "InvalidOperation", "Nobody can say whether the machine may restart.")
    if item.state != "Running":
        item.switch("Running", starting_from={"Paused"})
    return _passthru(item, arguments)


def _forget_state(site: Site, item: Machine, arguments: Arguments) -> Iterable[Machine]:
    item.switch("Off", starting_from={"Saved"})
    return []


def _get_command(site: Site, item: Any, arguments: Arguments) -> Iterable[Selected]:
    role: Role = arguments["$role"]
    try:
        found = role.find(arguments["name"])
    except CmdletError as error:
        raise CmdletError(
            "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand",
            error.category,
            error.message,
            error.exception,
        ) from error
    return [Selected("System.Management.Automation.CmdletInfo", {"Name": found.name, "ModuleName": found.module})]


def _where(site: Site, item: Any, arguments: Arguments) -> Iterable[Any]:
    value = properties(site, item)[arguments["property"]]
    return [item] if "eq" in arguments and str(value).lower() == str(arguments["value"]).lower() else []


def _select(site: Site, item: Any, arguments: Arguments) -> Iterable[Selected]:
    have = properties(site, item)
    return [Selected(f"Selected.{type_name(item)}", {name: have.get(name) for name in arguments["property"]})]


def type_name(item: Any) -> str:
    """The .NET type of an object."""
    if isinstance(item, Selected):
        return item.type_name
    return "Microsoft.HyperV.PowerShell." + ("VirtualMachine" if isinstance(item, Machine) else "VMSnapshot")


def properties(site: Site, item: Any) -> Mapping[str, Any]:
    """The properties of an object, as far as anyone asks for them."""
    if isinstance(item, Selected):
        return item.properties
    state = StateValue(item.state)
    if isinstance(item, Machine):
        parents = {"ParentCheckpointId": item.current, "ParentSnapshotId": item.current}
        more = {"MemoryStartup": item.memory, "ComputerName": site.name, "CheckpointType": item.checkpoint_type}
        return {
            "Id": item.id,
            "VMId": item.id,
            "Name": item.name,
            "VMName": item.name,
            "State": state,
            **parents,
            **more,
        }
    parents = {"ParentCheckpointId": item.parent, "ParentSnapshotId": item.parent}
    owner = {"VMId": item.machine.id, "VMName": item.machine.name}
    return {"Id": item.id, "Name": item.name, "State": state, "CreationTime": item.created, **owner, **parents}


def _changing(
    name: str, run: Callable[[Site, Any, Arguments], Iterable[Any]], takes: type, *more: str, asks: bool = False
) -> Cmdlet:
    parameters = frozenset({"passthru", "asjob", *more})
    return Cmdlet("Hyper-V", name, run, parameters, takes=takes, asks=asks, changes=True)


ALL = (
    Cmdlet("Hyper-V", "Get-VM", _get_vm, frozenset({"id", "name", "computername"})),
    Cmdlet("Hyper-V", "Get-VMSnapshot", _get_snapshots, frozenset({"name", "snapshottype"}), takes=Machine),
    _changing("Set-VM", _set_vm, Machine, "memorystartupbytes", "notes"),
    _changing("Checkpoint-VM", _checkpoint, Machine, "snapshotname"),
    _changing("Restore-VMSnapshot", _restore, Snapshot, asks=True),
    _changing("Remove-VMSnapshot", _remove, Snapshot, "includeallchildsnapshots", asks=True),
    _changing("Rename-VMSnapshot", _rename, Snapshot, "newname"),
    _changing("Start-VM", _switch("Running", "Off", "Saved", "Paused"), Machine),
    _changing("Stop-VM", _stop, Machine, "turnoff", "force", "save", asks=True),
    _changing("Restart-VM", _restart, Machine, "force", "type"),
    _changing("Suspend-VM", _switch("Paused", "Running"), Machine),
    _changing("Resume-VM", _switch("Running", "Paused"), Machine),
    _changing("Remove-VMSavedState", _forget_state, Machine),
    Cmdlet("Microsoft.PowerShell.Core", "Get-Command", _get_command, frozenset({"name"})),
    Cmdlet("Microsoft.PowerShell.Core", "Where-Object", _where, frozenset({"property", "value", "eq"}), takes=object),
    Cmdlet("Microsoft.PowerShell.Utility", "Select-Object", _select, frozenset({"property"}), takes=object),
)


def full_name(cmdlet: Cmdlet) -> str:
    return f"{cmdlet.module}\\{cmdlet.name}"


CMDLETS = {full_name(cmdlet).lower(): cmdlet for cmdlet in ALL}
BY_SHORT_NAME = {cmdlet.name.lower(): cmdlet for cmdlet in ALL}
