# PowerShell sessions of the fake host: PSRP by psrpcore's server side, which was tested against real PowerShell, over
# the fake cmdlets. A session is bytes in, bytes out: who carries them is the endpoint's business.
# Strategy: every pipeline runs in a thread of its own; all that touches the pool happens under the session's condition.

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psrpcore
from psrpcore import types

from .cmdlets import CmdletError, Command, Role, Selected, StateValue, properties, run_pipeline, type_name
from .machines import Site

# Windows PowerShell of Windows Server 2022.
VERSION = {"PSVersionTable": {"PSVersion": types.PSVersion("5.1.20348.1"), "PSEdition": "Desktop"}}

FRAGMENT = 32_768


@types.PSType(["Microsoft.HyperV.PowerShell.VMState"])
class VMState(types.PSEnumBase):
    Other = 1
    Running = 2
    Off = 3
    Stopping = 4
    Saved = 6
    Paused = 9
    Starting = 10


class NothingYet(Exception):
    """A session has had nothing to tell for as long as it was asked to wait."""


class Shell:
    """One runspace pool."""

    def __init__(self, site: Site, role: Role) -> None:
        self._site = site
        self._role = role
        self._pool = psrpcore.ServerRunspacePool(VERSION)
        self._changed = threading.Condition()
        self._waiting: dict[UUID | None, list[bytes]] = defaultdict(list)
        self._done: set[UUID] = set()

    def start(self, pipeline_id: UUID, data: bytes) -> None:
        """A new pipeline, and the first part of its description."""
        with self._changed:
            psrpcore.ServerPipeline(self._pool, pipeline_id)
        self.feed(data, pipeline_id)

    def feed(self, data: bytes, pipeline_id: UUID | None = None) -> None:
        with self._changed:
            self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline_id))
            while (event := self._pool.next_event()) is not None:
                if isinstance(event, psrpcore.CreatePipelineEvent):
                    arguments = self._pool.pipeline_table[event.pipeline_id], event.pipeline
                    threading.Thread(target=self._run, args=arguments, daemon=True).start()
            self._collect()

    def receive(self, pipeline_id: UUID | None, timeout: float) -> tuple[bytes, bool]:
        """What there is to tell, and whether that is all; NothingYet after so many seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while not self._waiting[pipeline_id] and pipeline_id not in self._done:
                if not self._changed.wait(end - time.monotonic()):
                    raise NothingYet
            return b"".join(self._waiting.pop(pipeline_id, [])), pipeline_id in self._done

    def give_back(self, pipeline_id: UUID | None, data: bytes) -> None:
        """Data that could not be delivered: who asks again gets it again."""
        with self._changed:
            self._waiting[pipeline_id].insert(0, data)

    def signal(self, pipeline_id: UUID, *, terminate: bool) -> None:
        with self._changed:
            pipeline = self._pool.pipeline_table.get(pipeline_id)
            if pipeline is None:
                return
            if pipeline.state == types.PSInvocationState.Running:
                pipeline.stop()
                self._done.add(pipeline_id)
                self._collect()
            if terminate:
                pipeline.close()

    def _collect(self) -> None:
        while (payload := self._pool.data_to_send(FRAGMENT)) is not None:
            self._waiting[payload.pipeline_id].append(payload.data)
        self._changed.notify_all()

    def _run(self, pipeline: psrpcore.ServerPipeline, description: Any) -> None:
        with self._changed:
            pipeline.start()
            self._collect()
        output: Sequence[Any] = ()
        failure: CmdletError | None = None

        def write_error(error: CmdletError) -> None:
            with self._changed:
                pipeline.write_error(**_record(error))

        try:
            output = [
                item
                for commands in statements(description)
                for item in run_pipeline(self._site, self._role, commands, write_error)
            ]
        except CmdletError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a mistake of the fake must not look like a silent host
            failure = CmdletError("FakeHostIsWrong", "NotSpecified", repr(error), "System.Exception")
        with self._changed:
            if pipeline.state != types.PSInvocationState.Running:
                return
            for item in output:
                pipeline.write_output(present(self._site, item))
            if failure is None:
                pipeline.complete()
            else:
                # psrpcore has no public way to let a pipeline fail.
                error_record = None if self._site.wordless else types.ErrorRecord(**_named(_record(failure)))
                pipeline._change_state(types.PSInvocationState.Failed, error=error_record)
            self._done.add(pipeline.pipeline_id)
            self._collect()


def statements(description: Any) -> Iterator[list[Command]]:
    """The pipelines that were sent; script text is refused, as a session without a language does."""
    commands: list[Command] = []
    for command in description.commands:
        if command.is_script:
            raise CmdletError(
                "ScriptsNotAllowed",
                "InvalidOperation",
                "The syntax is not supported by this runspace. This might be because it is in no-language mode.",
                "System.Management.Automation.RemoteException",
            )
        commands.append(Command(command.command_text, dict(command.parameters)))
        if command.end_of_statement:
            yield commands
            commands = []
    if commands:
        yield commands


def present(site: Site, item: Any) -> Any:
    """An object of the fake as psrpcore writes it."""
    shown = types.PSCustomObject(**{name: _value(value) for name, value in properties(site, item).items()})
    names = [type_name(item)]
    if not isinstance(item, Selected):
        names.append("Microsoft.HyperV.PowerShell.VirtualizationObject")
    shown.PSObject.type_names = [*names, *shown.PSObject.type_names]
    return shown


def _value(value: Any) -> Any:
    match value:
        case UUID():
            return types.PSGuid(str(value))
        case datetime():
            return types.PSDateTime(value)
        case StateValue():
            return VMState[value.name]
        case int() if not isinstance(value, bool):
            return types.PSInt64(value)
    return value


def _record(error: CmdletError) -> Mapping[str, Any]:
    exception = types.NETException(Message=error.message, HResult=-2146233088)
    exception.PSObject.type_names = [error.exception, *exception.PSTypeNames]
    return {
        "exception": exception,
        "category_info": types.ErrorCategoryInfo(Category=types.ErrorCategory[error.category]),
        "fully_qualified_error_id": error.error_id,
    }


def _named(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same under the names of the record itself."""
    return {
        "Exception": record["exception"],
        "CategoryInfo": record["category_info"],
        "FullyQualifiedErrorId": record["fully_qualified_error_id"],
    }
