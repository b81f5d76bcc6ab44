# A session with one host: one connection, one pool with one runspace, one lock, and pipelines that go through it.
# One lock, because messages are encrypted with keys of the TCP connection: two threads on one pool break it. The
# session stays open, as opening one starts a process on the host; after a silence it is looked at before it is used,
# and opened anew where it is gone.
# Strategy for what is lost: as long as nothing of a command can have been carried out, and always when it only reads,
# it is tried once more on a new session; otherwise the outcome is unknown, and nobody here guesses it.

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from pypsrp.complex_objects import GenericComplexObject, PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import WinRS
from pypsrp.wsman import WSMan

from ..contract import OutcomeUnknown, Unavailable
from .cmdlets import Pipeline
from .host import HyperVHost
from .records import Failure, Row
from .transport import Allowance, Trouble, read_trouble

# How long `is_alive` and the farewell may take.
SHORT: Final = 5
# Answers lost on the way are asked for again, by pypsrp: 5 times, after 1, 3, 7, 15 and 31 times this.
BACKOFF: Final = 0.1
# More rows than this are no answer to anything that is asked here.
MOST_ROWS: Final = 100_000
# So much a host may send for one command.
MOST_BYTES: Final = 128_000_000

FINISHED: Final = (PSInvocationState.COMPLETED, PSInvocationState.FAILED)


class _LostError(Exception):
    """The session broke, or gave no end of an answer; `again` says whether a new one may do better."""

    def __init__(self, trouble: Trouble, *, again: bool = True) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble
        self.again = again


class Session:
    """Any thread may call; a call waits until those before it are done."""

    def __init__(self, host: HyperVHost, transport: type[WSMan] = WSMan) -> None:
        self.host = host
        self._transport = transport
        self._lock = threading.RLock()
        self._wsman: WSMan | None = None
        self._pool: RunspacePool | None = None
        self._used = 0.0
        self._closed_until = 0.0
        self._failure: Trouble | None = None
        self._allowance = Allowance(MOST_BYTES)

    def read(self, pipeline: Pipeline) -> list[Row]:
        """Run what changes nothing."""
        return self._run(pipeline, changes=False)

    def change(self, pipeline: Pipeline) -> list[Row]:
        """Run what changes something; OutcomeUnknown where nobody can tell whether it did."""
        return self._run(pipeline, changes=True)

    def open(self) -> Trouble | None:
        """Sign in, unless that is done; what hinders it, as a value."""
        with self.turn():
            try:
                self._open()
            except _LostError as lost:
                return lost.trouble
        return None

    @contextmanager
    def turn(self, patience: float | None = None) -> Iterator[None]:
        """Several calls that no other call comes between. `patience` is how long others may keep the host busy."""
        if not self._lock.acquire(timeout=self.host.command_timeout if patience is None else patience):
            raise Unavailable(f"The host '{self.host.host}' is busy with other commands of this service.")
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the session, politely where that is quick; a command on the way keeps it until it is done."""
        if not self._lock.acquire(timeout=SHORT):
            return
        try:
            if self._pool is not None and self._wsman is not None:
                self._wsman.transport.read_timeout = self._wsman.transport.connection_timeout = SHORT
                # Whatever goes wrong here: the host ends the session itself when it has been idle.
                with suppress(Exception):
                    self._pool.close()
            self._drop()
        finally:
            self._lock.release()

    def _run(self, pipeline: Pipeline, *, changes: bool) -> list[Row]:
        with self.turn():
            for attempt in range(2):
                try:
                    self._open()
                    return self._invoke(pipeline)
                except _LostError as lost:
                    trouble = lost.trouble
                    if changes and not trouble.refused:
                        unknown = "Whether the command was carried out is unknown."
                        raise OutcomeUnknown(f"{trouble.text} {unknown}") from lost.__cause__
                    if attempt or not lost.again:
                        raise Unavailable(trouble.text) from lost.__cause__
        raise AssertionError("The second attempt either returns or raises.")

    def _open(self) -> None:
        """Make sure that there is a session."""
        self._allowance.renew()
        stale: WinRS | None = None
        if self._pool is not None and time.monotonic() - self._used > self.host.idle_check and not self._is_alive():
            stale = self._pool.shell
            self._drop()
        if self._pool is not None:
            return
        if self._failure is not None and time.monotonic() < self._closed_until:
            raise _LostError(self._failure, again=False)
        unreadable = self.host.unreadable_file()
        if unreadable is not None:
            raise _LostError(Trouble("tls", unreadable, refused=True), again=False)
        try:
            self._wsman = connection(self.host, self._transport, self._allowance)
            pool = RunspacePool(
                self._wsman,
                configuration_name=self.host.configuration_name,
                idle_timeout=self.host.idle_timeout,
            )
            pool.open()
        except Exception as error:
            self._drop()
            # No command has been sent, whatever it is.
            trouble = replace(read_trouble(error, self.host), refused=True)
            wait = self.host.refused_after if trouble.step == "authentication" else self.host.retry_after
            self._failure, self._closed_until = trouble, time.monotonic() + wait
            raise _LostError(trouble, again=False) from error
        self._pool, self._used, self._failure = pool, time.monotonic(), None
        if stale is not None:
            self._bury(stale)

    def _bury(self, shell: WinRS) -> None:
        """End an idle session whose connection broke, over the new one; a host allows an account only so many.

        One in which a command may still run is left alone: ending it would stop the command half-way.
        """
        assert self._wsman is not None
        shell.wsman = self._wsman
        # It may be gone as well as its connection; and should the new one break, the next command will tell.
        with suppress(Exception):
            shell.close()

    def _is_alive(self) -> bool:
        assert self._pool is not None
        try:
            return self._pool.is_alive(timeout=SHORT)
        except WSManFaultError:
            # The connection is sound: it brought an answer. Not every account may ask for the state of its shell.
            return True
        except Exception:  # noqa: BLE001 - a connection that throws anything is not alive
            return False

    def _invoke(self, pipeline: Pipeline) -> list[Row]:
        assert self._pool is not None
        shell = PowerShell(self._pool)
        for cmdlet in pipeline:
            shell.add_cmdlet(cmdlet.name)
            shell.add_parameters({**cmdlet.parameters, "ErrorAction": "Stop"})
        finished = False
        try:
            self._wait(shell)
            finished = True
        finally:
            # An interrupt, too, leaves a pipeline that nobody will collect.
            if not finished:
                self._drop()
        self._used = time.monotonic()
        if shell.streams.error:
            raise _failure(shell.streams.error[-1]).error(self.host.host)
        if shell.state == PSInvocationState.FAILED:
            text = f"The command failed on the host '{self.host.host}', which does not tell why."
            raise _LostError(Trouble("endpoint", text, refused=False), again=False)
        return [read_row(item) for item in shell.output]

    def _wait(self, shell: PowerShell) -> None:
        """Send a pipeline and collect what it tells, until it is over."""
        deadline = time.monotonic() + self.host.command_timeout
        try:
            shell.begin_invoke()
        except Exception as error:
            raise _LostError(read_trouble(error, self.host)) from error
        try:
            while shell.state == PSInvocationState.RUNNING and time.monotonic() < deadline:
                if len(shell.output) > MOST_ROWS:
                    break
                shell.poll_invoke()
        except Exception as error:
            raise _LostError(replace(read_trouble(error, self.host), refused=False)) from error
        if shell.state not in FINISHED:
            limit = f"{self.host.command_timeout} s and {MOST_ROWS} rows"
            text = f"The host '{self.host.host}' has not finished the command within {limit}."
            raise _LostError(Trouble("endpoint", text, refused=False), again=False)
        try:
            shell.close()
        except Exception:  # noqa: BLE001 - the answer is here; the next call opens a new session
            self._drop()

    def _drop(self) -> None:
        """Forget the session. What it may have left on the host goes when it has been idle for `idle_timeout`."""
        wsman, self._wsman, self._pool = self._wsman, None, None
        if wsman is not None:
            with suppress(Exception):
                wsman.close()


def connection(host: HyperVHost, transport: type[WSMan], allowance: Allowance) -> WSMan:
    """The transport to a host; nothing is sent yet."""
    name, port = host.address
    wsman = transport(
        name,
        port=port,
        username=host.username,
        password=host.password,
        ssl=host.ssl,
        auth=host.auth,
        cert_validation=host.ca_file or True,  # type: ignore[arg-type]  # requests takes the path of a file, too
        connection_timeout=host.connect_timeout,
        operation_timeout=host.operation_timeout,
        read_timeout=host.read_timeout,
        reconnection_backoff=BACKOFF,
        # A proxy of the environment is meant for the way out, and it would see Basic's password.
        no_proxy=True,
        certificate_pem=host.certificate_file,
        certificate_key_pem=host.certificate_key_file,
        certificate_key_password=host.certificate_key_password,
    )
    # For neither of these there is an option. Nobody sends us elsewhere to prove there who we are; Windows asks for
    # -AllowRedirection, too.
    session = wsman.transport.session = wsman.transport._build_session()
    session.max_redirects = 0
    allowance.limit(session)
    return wsman


def _failure(record: Any) -> Failure:
    """A record of pypsrp; what is missing in it stays empty."""
    exception = getattr(record, "exception", None)
    message = getattr(exception, "adapted_properties", {}).get("Message")
    text = str(message or record.details_message or record.message or record)
    return Failure(str(record.fq_error or ""), int(record.category or 0), text)


def read_row(item: object) -> Row:
    """An object of pypsrp; enumerations become their names. What Select-Object makes is all extended properties."""
    if not isinstance(item, GenericComplexObject):
        return {}
    properties = {**item.adapted_properties, **item.extended_properties}
    return {name: getattr(value, "to_string", value) for name, value in properties.items()}
