# Requests that take their time: `Prefer: respond-async` is answered at once with the URL of a status monitor, and the
# work goes on (4.01 Part 1, 8.2.8.8 and 11.6). A wrapper around any handler; what runs in it is bounded in number, and
# results that nobody fetches are forgotten after a while.

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from http import HTTPStatus
from time import monotonic
from typing import Final

from werkzeug.http import parse_list_header, parse_options_header

from ..errors import MethodNotAllowed, NotFound
from ..protocol.selection import version_of_wrappers
from ..records import record
from .messages import Handler, Headers, Request, Response
from .refusal import answer_whole, refusal

_MONITORS: Final = "$async/"
_LONGEST_WAIT: Final = 30.0  # seconds that a client may have a thread of the server wait


@record
class _Job:
    """A request that is being answered, and when its answer is forgotten."""

    future: Future[Response]
    ends: float


class Asynchronous:
    """Answers requests that prefer so asynchronously, `workers` at a time.

    `most` requests are kept with their answers, each for `keep` seconds; beyond that the preference is not followed,
    and the request is answered as any other.
    """

    def __init__(self, handler: Handler, *, workers: int = 4, most: int = 100, keep: float = 3600) -> None:
        self.handler = handler
        self.most = most
        self.keep = keep
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="odata-async")
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if request.path.startswith(_MONITORS):
            return self._monitor(request, request.path.removeprefix(_MONITORS))
        wish = read_wish(request.headers.get("Prefer", ""))
        if wish is None:
            return self.handler.handle(request)
        return self._start(request, wish)

    def close(self) -> None:
        """Wait for what runs, and start nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, request: Request, wait: float) -> Response:
        with self._lock:
            self._forget()
            full = len(self._jobs) >= self.most
        if full:
            return self.handler.handle(request)
        future = self._pool.submit(answer_whole, self.handler, _without_wish(request))
        try:
            return future.result(wait)
        except NotYet:
            pass
        name = secrets.token_urlsafe(18)
        with self._lock:
            self._jobs[name] = _Job(future, monotonic() + self.keep)
        headers = (("Location", f"{request.root}{_MONITORS}{name}"), ("Preference-Applied", "respond-async"))
        return Response(202, (_version(request), *headers, ("Retry-After", "1")))

    def _forget(self) -> None:
        now = monotonic()
        for name in [name for name, job in self._jobs.items() if job.ends < now and job.future.done()]:
            del self._jobs[name]

    def _monitor(self, request: Request, name: str) -> Response:
        with self._lock:
            self._forget()
            job = self._jobs.get(name)
            if job is not None and request.method == "DELETE":
                del self._jobs[name]
        if job is None:
            return refusal(NotFound("There is no such request, or its answer has been forgotten."), request)
        match request.method:
            case "DELETE":
                job.future.cancel()
                return Response(204, (_version(request),))
            case "GET" | "HEAD":
                return self._state(request, job.future)
        return refusal(
            MethodNotAllowed("A status monitor is read or deleted.", allow=("GET", "HEAD", "DELETE")), request
        )

    def _state(self, request: Request, future: Future[Response]) -> Response:
        if not future.done():
            return Response(202, (_version(request), ("Location", request.root + request.path), ("Retry-After", "1")))
        response = future.result()
        if _wants_message(request):
            told = ("AsyncResult", str(response.status))
            return Response(200, (("Content-Type", "application/http"), _version(request), told), _message(response))
        # 11.6: the answer itself, whose status is in a header of its own.
        return replace(response, status=200, headers=(*response.headers, ("AsyncResult", str(response.status))))


def read_wish(prefer: str) -> float | None:
    """The seconds that a client that prefers an asynchronous answer waits for another one; None where it does not."""
    names: dict[str, str] = {}
    for item in parse_list_header(prefer):
        name, _, value = item.partition(";")[0].partition("=")
        names[name.strip().lower()] = value.strip().strip('"')
    if "respond-async" not in names and "odata.respond-async" not in names:
        return None
    wait = names.get("wait", "")
    return min(float(wait), _LONGEST_WAIT) if wait.isascii() and wait.isdigit() and len(wait) < 10 else 0.0


def _version(request: Request) -> tuple[str, str]:
    """What every answer says (4.01 Part 1, 8.1.5); nothing here is in one version only."""
    return "OData-Version", version_of_wrappers(request.headers)


def _without_wish(request: Request) -> Request:
    """The request with the other preferences: whatever answers it answers as ever."""
    kept = [
        item
        for item in parse_list_header(request.headers.get("Prefer", ""))
        if item.partition(";")[0].strip().lower() not in ("respond-async", "odata.respond-async")
    ]
    pairs = [(name, value) for name, value in request.headers.items() if name != "prefer"]
    return replace(request, headers=Headers([*pairs, *([("prefer", ", ".join(kept))] if kept else [])]))


def _wants_message(request: Request) -> bool:
    """4.0 knows no other form; 4.01 has it for who accepts it by name (11.6)."""
    accepted = [parse_options_header(item)[0].lower() for item in parse_list_header(request.headers.get("Accept", ""))]
    return "application/http" in accepted or request.headers.get("OData-MaxVersion", "").strip() == "4.0"


def _message(response: Response) -> bytes:
    """HTTP-message of the answer (RFC 9112, 2.1), with the length of its body."""
    status = HTTPStatus(response.status)
    fields: Iterable[tuple[str, str]] = (*response.headers, ("Content-Length", str(len(response.body))))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *[f"{name}: {value}" for name, value in fields]]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body
