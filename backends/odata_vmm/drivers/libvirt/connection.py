# A connection to one libvirt, for all threads, that is opened when it is needed and anew when it was lost.
# libvirt's calls have no time limit. What can be done: libvirt asks the other end whether it is alive, and breaks the
# connection where it is not; for what that does not see (a connection that never comes about, a QEMU that hangs) each
# call runs in a thread of its own, which its caller stops waiting for. Such a thread keeps the machine's turn and one
# of a limited number of slots until libvirt lets go of it.
# Strategy for what is lost: a call announces when it begins to change something. Before that it is tried once more on a
# new connection; after that the outcome is unknown, and nobody here guesses it.

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar
from uuid import UUID

import libvirt

from ..contract import DriverError, OutcomeUnknown, Unavailable
from .documents import GarbledError
from .failures import Failure, read_failure
from .host import LibvirtHost

T = TypeVar("T")

# How many calls may be on their way; libvirtd itself serves 5 of a client at a time and keeps others waiting.
SLOTS: Final = 32
# Calls on one machine take turns; machines share this many.
TURNS: Final = 64

# libvirt prints every error on stderr, unless somebody takes them; they are raised as well.
libvirt.registerErrorHandler(lambda _context, _error: None, None)


class GivenUpError(Exception):
    """The caller has stopped waiting: what has not begun must not begin any more."""


class Call:
    """A call on its way, over one connection."""

    api: Final = libvirt

    def __init__(self, link: Any) -> None:
        self.link = link
        self.change: str | None = None
        self._given_up = False
        self._lock = threading.Lock()

    def begin(self, change: str) -> None:
        """From here on something changes; `change` says what, after "tried to"."""
        with self._lock:
            if self._given_up:
                raise GivenUpError
            self.change = change

    def give_up(self) -> str | None:
        """Let nothing begin any more; what has begun."""
        with self._lock:
            self._given_up = True
            return self.change


class Connection:
    """Any thread may call; calls that change one machine wait for each other."""

    def __init__(self, host: LibvirtHost) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._link: Any = None
        self._opening: Future[Any] | None = None
        self._opening_until = 0.0
        self._failure: Failure | None = None
        self._closed_until = 0.0
        self._slots = threading.BoundedSemaphore(SLOTS)
        self._turns = [threading.Lock() for _ in range(TURNS)]

    def read(self, work: Callable[[Call], T]) -> T:
        """Carry out what changes nothing."""
        return self._run(work, self.host.read_timeout, [])

    def change(self, vm_id: UUID, work: Callable[[Call], T]) -> T:
        """Carry out what changes a machine, alone."""
        turn = self._turns[vm_id.int % TURNS]
        if not turn.acquire(timeout=self.host.change_timeout):
            raise Unavailable(f"The virtual machine {vm_id} is still busy with earlier calls of this service.")
        return self._run(work, self.host.change_timeout, [turn])

    def open(self) -> Failure | None:
        """Connect, unless that is done; what hinders it, as a value."""
        with suppress(Unavailable):
            self._connect()
            return None
        return self._failure or Failure(0, 0, f"There is no answer within {self.host.open_timeout:g} s")

    def close(self) -> None:
        with self._lock:
            link, self._link, self._opening = self._link, None, None
        if link is not None:
            # One that broke cannot be closed politely, and need not be.
            with suppress(libvirt.libvirtError):
                link.close()

    def _run(self, work: Callable[[Call], T], timeout: float, held: list[threading.Lock]) -> T:
        running: Future[T] | None = None
        locks: list[threading.Lock | threading.Semaphore] = [*held]
        try:
            if not self._slots.acquire(timeout=timeout):
                raise Unavailable(f"The host {self.host.shown} leaves {SLOTS} earlier calls without an answer.")
            locks.append(self._slots)
            for last in (False, True):
                call = Call(self._connect())
                running = start(work, call)
                try:
                    return running.result(timeout)
                except TimeoutError:
                    raise self._overdue(call, timeout) from None
                except libvirt.libvirtError as error:
                    failure = read_failure(error)
                    if failure.lost:
                        self._drop(call.link)
                    if not failure.lost or call.change is not None or last:
                        raise self._error(failure, call.change) from error
                except GarbledError as error:
                    raise (Unavailable if call.change is None else OutcomeUnknown)(str(error)) from error
            raise AssertionError("The second attempt either returns or raises.")
        finally:
            # What is held is let go of by whoever ends last.
            if running is None:
                _release(locks)
            else:
                running.add_done_callback(lambda _done: _release(locks))

    def _connect(self) -> Any:
        """The connection; Unavailable where there is none within `open_timeout`."""
        with self._lock:
            if self._process != os.getpid():
                # A connection does not survive a fork; closing it here would end the parent's.
                self._process, self._link, self._opening = os.getpid(), None, None
            if self._link is not None and self._link.isAlive():
                return self._link
            now = time.monotonic()
            if self._opening is None:
                if self._failure is not None and now < self._closed_until:
                    raise self._unreachable(self._failure.text)
                self._failure = None
                self._opening, self._opening_until = start(self._dial), now + self.host.open_timeout
            opening, wait = self._opening, max(self._opening_until - now, 0)
        try:
            link = opening.result(wait)
        except TimeoutError:
            raise self._unreachable(f"there is no answer within {self.host.open_timeout:g} s") from None
        except libvirt.libvirtError as error:
            failure = read_failure(error)
            with self._lock:
                if self._opening is opening:
                    self._opening, self._failure = None, failure
                    self._closed_until = time.monotonic() + self.host.retry_after
            raise self._unreachable(failure.text) from error
        with self._lock:
            if self._opening is opening:
                self._link, self._opening = link, None
        return link

    def _dial(self) -> Any:
        start_events()
        link = libvirt.open(self.host.uri)
        # Drivers within this process have no other end to ask.
        with suppress(libvirt.libvirtError):
            link.setKeepAlive(self.host.keepalive_interval, self.host.keepalive_count)
        return link

    def _drop(self, link: Any) -> None:
        with self._lock:
            if self._link is link:
                self._link = None

    def _unreachable(self, text: str) -> Unavailable:
        return Unavailable(f"The host {self.host.shown} cannot be reached: {text}.")

    def _overdue(self, call: Call, timeout: float) -> DriverError:
        begun = call.give_up()
        if begun is None:
            return Unavailable(f"The host {self.host.shown} has not answered within {timeout:g} s.")
        text = f"The host {self.host.shown} was told to {begun}, and has not answered within {timeout:g} s."
        return OutcomeUnknown(f"{text} Whether that is done, or will be, is unknown.")

    def _error(self, failure: Failure, change: str | None) -> DriverError:
        if change is None:
            return failure.meaning(f"The host {self.host.shown} does not answer as it should: {failure.text}.")
        if failure.lost:
            text = f"The connection to {self.host.shown} broke when the host was told to {change}: {failure.text}."
            return OutcomeUnknown(f"{text} Whether that was done is unknown.")
        return failure.meaning(f"The host {self.host.shown} did not {change}: {failure.text}.")


def start(work: Callable[..., T], *arguments: object) -> Future[T]:
    """Do something in a thread of its own, which does not keep the program from ending."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            result = work(*arguments)
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name="libvirt-call", daemon=True).start()
    return done


def _release(locks: list[threading.Lock | threading.Semaphore]) -> None:
    for lock in locks:
        lock.release()


_events_lock: Final = threading.Lock()
_events_process = 0


def start_events() -> None:
    """Let a thread serve libvirt's events, once a process: keepalive needs it, and it must be there before an open."""
    global _events_process
    with _events_lock:
        if _events_process == os.getpid():
            return
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_serve_events, name="libvirt-events", daemon=True).start()
        _events_process = os.getpid()


def _serve_events() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            time.sleep(1)
