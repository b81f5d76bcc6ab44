# Several hosts as one driver: machines are those of all hosts, and each call goes to the host of its machine.
# Strategy: where a machine is, is remembered from lists and looked up again when its host does not have it (any more):
# machines move. All hosts are asked at once. One that does not answer takes its machines out of a list and nothing
# else; who lists can ask which hosts those are. However many list at the same time, a host has one question to answer:
# whoever comes meanwhile shares the next one, which begins when they are all there, so that nobody is told old news.

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar
from uuid import UUID

from .contract import Checkpoint, Driver, DriverError, NotFound, Power, Rejected, Unavailable, Vm, find_vm

T = TypeVar("T")
Machines = list[Vm] | DriverError
MAX_AT_ONCE = 64  # questions that are on their way, or wait for the one before: two a host
PATIENCE = 45.0  # seconds that a list waits for a host


class Hosts:
    """Drivers of single hosts by the names of these; offers `Driver`, `Power`, `Finds` and `Partial`."""

    def __init__(self, drivers: Mapping[str, Driver]) -> None:
        if not drivers:
            raise ValueError("There has to be a host.")
        self._drivers = dict(drivers)
        self._places: dict[UUID, str] = {}
        self._failing: dict[str, DriverError] = {}
        self._lock = threading.Lock()
        # The newest question to each host, and the one that it waits for.
        self._asked: dict[str, tuple[Future[Machines], Future[Machines] | None]] = {}
        self._pool = ThreadPoolExecutor(min(2 * len(drivers), MAX_AT_ONCE), thread_name_prefix="odata-vmm-hosts")

    def failing(self) -> Mapping[str, DriverError]:
        with self._lock:
            return dict(self._failing)

    def vms(self) -> list[Vm]:
        """The machines of all hosts that answer; where none does, the error of the first one.

        A machine that two hosts have is on the one that is named first: while it moves, both may list it.
        """
        asked = [(name, self._ask(name)) for name in self._drivers]
        until = time.monotonic() + PATIENCE
        answers = [self._answer(name, question, until) for name, question in asked]
        if all(isinstance(answer, DriverError) for answer in answers):
            raise answers[0]  # type: ignore[misc]  # all of them are errors
        found: dict[UUID, Vm] = {}
        for name, answer in zip(self._drivers, answers, strict=True):
            for vm in () if isinstance(answer, DriverError) else answer:
                if vm.id not in found:
                    found[vm.id] = vm
                    self._places[vm.id] = name
        return list(found.values())

    def _ask(self, name: str) -> Future[Machines]:
        """A question to a host that has not begun before now."""
        with self._lock:
            newest, before = self._asked.get(name, (None, None))
            if newest is not None and before is not None and not before.done():
                return newest
            before = newest if newest is not None and not newest.done() else None
            newest = self._pool.submit(self._list, name, before)
            self._asked[name] = newest, before
            return newest

    def _answer(self, name: str, question: Future[Machines], until: float) -> Machines:
        try:
            return question.result(max(until - time.monotonic(), 0))
        except TimeoutError:
            return self._note(name, Unavailable(f"The host '{name}' has not answered within {PATIENCE:g} s."))

    def _list(self, name: str, before: Future[Machines] | None) -> Machines:
        if before is not None:
            wait([before])
        try:
            machines = self._drivers[name].vms()
        except DriverError as error:
            return self._note(name, error)
        with self._lock:
            self._failing.pop(name, None)
        return machines

    def _note(self, name: str, error: DriverError) -> DriverError:
        with self._lock:
            self._failing[name] = error
        return error

    def vm(self, vm_id: UUID) -> Vm:
        return self._on_host(vm_id, lambda driver: find_vm(driver, vm_id))

    def checkpoints(self, vm_id: UUID) -> list[Checkpoint]:
        return self._on_host(vm_id, lambda driver: driver.checkpoints(vm_id))

    def create(self, vm_id: UUID, name: str, description: str = "") -> Checkpoint:
        return self._on_host(vm_id, lambda driver: driver.create(vm_id, name, description))

    def restore(self, vm_id: UUID, checkpoint_id: UUID) -> None:
        self._on_host(vm_id, lambda driver: driver.restore(vm_id, checkpoint_id))

    def rename(self, vm_id: UUID, checkpoint_id: UUID, name: str, description: str | None = None) -> Checkpoint:
        return self._on_host(vm_id, lambda driver: driver.rename(vm_id, checkpoint_id, name, description))

    def remove(self, vm_id: UUID, checkpoint_id: UUID, subtree: bool = False) -> None:
        self._on_host(vm_id, lambda driver: driver.remove(vm_id, checkpoint_id, subtree))

    def power(self, vm_id: UUID, action: str) -> Vm:
        def switch(driver: Driver) -> Vm:
            if not isinstance(driver, Power):
                raise Rejected("The host of this machine cannot switch machines on or off.")
            return driver.power(vm_id, action)

        return self._on_host(vm_id, switch)

    def close(self) -> None:
        for driver in self._drivers.values():
            driver.close()
        self._pool.shutdown()

    def _on_host(self, vm_id: UUID, call: Callable[[Driver], T]) -> T:
        """Call the driver of a machine's host. NotFound has changed nothing, so the machine may be looked for."""
        known = self._places.get(vm_id)
        if known is not None:
            try:
                return call(self._drivers[known])
            except NotFound:
                if self._look_for(vm_id) == known:
                    raise
        return call(self._drivers[self._require(vm_id)])

    def _look_for(self, vm_id: UUID) -> str | None:
        """The host that has the machine now, of those that answer."""
        self._places.pop(vm_id, None)
        self.vms()
        return self._places.get(vm_id)

    def _require(self, vm_id: UUID) -> str:
        place = self._places.get(vm_id) or self._look_for(vm_id)
        if place is not None:
            return place
        for name, error in self.failing().items():
            raise Unavailable(f"The virtual machine {vm_id} may be on the host '{name}'. {error.message}")
        raise NotFound(f"There is no virtual machine {vm_id}.")
