# Connections to one libvirt, for all threads, that are opened when they are needed and anew when they were lost.
# A connection carries one call at a time: where it breaks while two threads wait on it, libvirt's client library wakes
# only one of them, and crashes when the connection is closed (seen with 9.0).
# libvirt's calls have no time limit. What can be done: libvirt asks the other end whether it is alive, and breaks the
# connection where it is not; for what that does not see (a connection that never comes about, a QEMU that hangs) each
# call runs in a thread of its own, which its caller stops waiting for. Such a thread keeps the machine's turn, its
# connection and one of a limited number of slots until libvirt lets go of it.
# Strategy for what is lost: a call announces when it begins to change something. Before that it is tried once more on a
# new connection; after that the outcome is unknown, and nobody here guesses it.

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

import libvirt

from ..contract import DriverError, OutcomeUnknown, Unavailable
from .documents import GarbledError
from .failures import Failure, read_failure
from .host import LibvirtHost

T = TypeVar("T")

# How many calls may be on their way, and how many connections are kept when nobody needs them.
SLOTS: Final = 32
MOST_IDLE: Final = 4
# How many attempts to connect may hang.
MOST_HANGING: Final = 4
# Calls that change one machine take turns; machines share this many.
TURNS: Final = 64

# libvirt prints every error on stderr, unless somebody takes them; they are raised as well.
libvirt.registerErrorHandler(lambda _context, _error: None, None)


class GivenUpError(Exception):
    """The caller has stopped waiting: what has not begun must not begin any more."""


class Call:
    """A call on its way, over a connection of its own."""

    api: Final = libvirt

    def __init__(self, link: Any) -> None:
        self.link = link
        self.change: str | None = None
        self._given_up = False
        self._lock = threading.Lock()

    def begin(self, change: str) -> None:
        """From here on something changes; `change` says what, after "told to"."""
        with self._lock:
            if self._given_up:
                raise GivenUpError
            self.change = change

    def give_up(self) -> str | None:
        """Let nothing begin any more; what has begun."""
        with self._lock:
            self._given_up = True
            return self.change


class Connections:
    """Any thread may call; calls that change one machine wait for each other."""

    def __init__(self, host: LibvirtHost) -> None:
        self.host = host
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._idle: list[Any] = []
        self._generation = 0
        self._overdue_openings: list[Future[Any]] = []
        self._failure: Failure | None = None
        self._closed_until = 0.0
        self._slots = threading.BoundedSemaphore(1 if host.is_pretended else SLOTS)
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
        try:
            self._give_back(self._take(), self._generation)
        except Unavailable as error:
            return self._failure or Failure(0, 0, error.message)
        return None

    def close(self) -> None:
        """Close all connections; those that carry a call when it has ended."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._generation += 1
        for link in idle:
            _close(link)

    def _run(self, work: Callable[[Call], T], timeout: float, held: list[threading.Lock]) -> T:
        running: Future[T] | None = None
        locks: list[threading.Lock | threading.Semaphore] = [*held]
        try:
            if not self._slots.acquire(timeout=timeout):
                raise Unavailable(f"The host {self.host.shown} leaves {SLOTS} earlier calls without an answer.")
            locks.append(self._slots)
            for last in (False, True):
                call = Call(self._take())
                running = start(self._carry_out, work, call, self._generation)
                try:
                    return running.result(timeout)
                except TimeoutError:
                    raise self._overdue(call, timeout) from None
                except libvirt.libvirtError as error:
                    failure = read_failure(error)
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

    def _carry_out(self, work: Callable[[Call], T], call: Call, generation: int) -> T:
        try:
            return work(call)
        finally:
            self._give_back(call.link, generation)

    def _take(self) -> Any:
        """A connection that carries no call; Unavailable where there is none within `open_timeout`."""
        with self._lock:
            if self._process != os.getpid():
                # A connection does not survive a fork; closing it here would end the parent's.
                self._process, self._idle, self._overdue_openings = os.getpid(), [], []
            while self._idle:
                link = self._idle.pop()
                if _is_alive(link):
                    return link
            if self._failure is not None and time.monotonic() < self._closed_until:
                raise self._unreachable(self._failure)
            self._overdue_openings = [opening for opening in self._overdue_openings if not opening.done()]
            if len(self._overdue_openings) >= MOST_HANGING:
                raise Unavailable(f"The host {self.host.shown} cannot be reached: earlier attempts still hang.")
        opening = start(self._dial)
        try:
            link = opening.result(self.host.open_timeout)
        except TimeoutError:
            # Should it come about after all, it is closed again, as nobody keeps it.
            with self._lock:
                self._overdue_openings.append(opening)
            text = f"there is no answer within {self.host.open_timeout:g} s"
            raise self._unreachable(self._keep(Failure(0, 0, text))) from None
        except libvirt.libvirtError as error:
            raise self._unreachable(self._keep(read_failure(error))) from error
        self._failure = None
        return link

    def _dial(self) -> Any:
        start_events()
        link = libvirt.open(self.host.uri)
        # Drivers within this process have no other end to ask.
        with suppress(libvirt.libvirtError):
            link.setKeepAlive(self.host.keepalive_interval, self.host.keepalive_count)
        return link

    def _give_back(self, link: Any, generation: int) -> None:
        with self._lock:
            if generation == self._generation and len(self._idle) < MOST_IDLE and _is_alive(link):
                self._idle.append(link)
                return
        _close(link)

    def _keep(self, failure: Failure) -> Failure:
        """Remember for a while that the host cannot be reached. libvirt may tell it by the whole URI."""
        failure = replace(failure, text=failure.text.replace(self.host.uri, self.host.shown))
        with self._lock:
            self._failure, self._closed_until = failure, time.monotonic() + self.host.retry_after
        return failure

    def _unreachable(self, failure: Failure) -> Unavailable:
        return Unavailable(f"The host {self.host.shown} cannot be reached: {failure.text}.")

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


def _is_alive(link: Any) -> bool:
    try:
        return bool(link.isAlive())
    except libvirt.libvirtError:
        return False


def _close(link: Any) -> None:
    # One that broke cannot be closed politely, and need not be.
    with suppress(libvirt.libvirtError):
        link.close()


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
