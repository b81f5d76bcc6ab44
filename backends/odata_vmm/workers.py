# Work that goes on after the answer was given: a few threads, which are waited for when the service closes.
# What is about one thing, such as a machine, is done one after the other, in the order in which it was asked for. So a
# machine whose host does not answer keeps one thread, and nobody's work waits for that of somebody else.

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Final

from odata_core.errors import Unavailable

log = logging.getLogger("odata.vmm")

Work = Callable[[], object]

# Pieces of work that have not ended: all of them, and those about one thing.
MAX_WAITING: Final = 1_000
MOST_FOR_ONE: Final = 100


class Workers:
    """Runs work in the background; threads are made when they are needed."""

    def __init__(self, threads: int = 32) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="odata-vmm-job")
        self._queues: dict[Hashable, deque[Work]] = {}  # by what it is about; the first of each is what runs
        self._changed = Condition()
        self._closed = False

    def start(self, about: Hashable, work: Work) -> None:
        """Run work once all that is about the same has been done; Unavailable where too much is waiting."""
        with self._changed:
            if self._closed:
                raise Unavailable("The service is being stopped.")
            queue = self._queues.get(about, deque())
            if len(queue) >= MOST_FOR_ONE or sum(map(len, self._queues.values())) >= MAX_WAITING:
                raise Unavailable("Too many jobs are waiting; try again later.")
            queue.append(work)
            self._queues[about] = queue
            if len(queue) == 1:
                self._pool.submit(self._run, about)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether all that was started ends within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queues, seconds)

    def close(self) -> None:
        """Wait for what runs, and start nothing that has not begun."""
        with self._changed:
            self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, about: Hashable) -> None:
        """One piece of work; the next one about the same has its turn after what else is waiting."""
        queue = self._queues[about]
        try:
            queue[0]()
        except Exception:
            # Errors are told by the job; what is left is for the log.
            log.exception("A job failed.")
        finally:
            with self._changed:
                queue.popleft()
                if not queue:
                    del self._queues[about]
                elif not self._closed:
                    self._pool.submit(self._run, about)
                self._changed.notify_all()
