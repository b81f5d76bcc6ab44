# Work that goes on after the answer was given: a few threads, which are waited for when the service closes.

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, Final

from odata_core.errors import Unavailable

log = logging.getLogger("odata.vmm")

MAX_WAITING: Final = 1_000  # pieces of work that have not ended


class Workers:
    """Runs work in the background, so much at a time; threads are made when they are needed."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="odata-vmm-job")
        self._running: set[Future[Any]] = set()
        self._lock = Lock()

    def start(self, work: Callable[[], object]) -> None:
        """Run work some time soon; Unavailable where too much is waiting."""
        with self._lock:
            if len(self._running) >= MAX_WAITING:
                raise Unavailable("Too many jobs are waiting; try again later.")
            try:
                future = self._pool.submit(_logged, work)
            except RuntimeError as error:
                raise Unavailable("The service is being stopped.") from error
            self._running.add(future)
        future.add_done_callback(self._ended)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether all that was started ends within so many seconds."""
        with self._lock:
            running = set(self._running)
        return not wait(running, seconds).not_done

    def close(self) -> None:
        """Wait for what runs, and start nothing that has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ended(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)


def _logged(work: Callable[[], object]) -> None:
    """Errors are told by the job; what is left is for the log."""
    try:
        work()
    except Exception:
        log.exception("A job failed.")
