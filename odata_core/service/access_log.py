# The access log: one line a request, through the logger `odata.access`. Never headers, bodies or decoded URLs.
# `AccessLog` belongs outside every other wrapper, so that refusals of those are logged too. What an adapter refuses
# before any handler sees it (no length, too large) it logs itself, with `log_exchange`.

from __future__ import annotations

import logging
from time import perf_counter

from .messages import Handler, Request, Response
from .refusal import answer, printable

ACCESS = logging.getLogger("odata.access")

# RFC 9110, 6.4.1 and 8.6: these have neither a body nor a Content-Length.
BODILESS = frozenset({204, 304})


class AccessLog:
    """Logs every request that passes: peer, method, URL as it was sent, status, bytes of the body, milliseconds."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        started = perf_counter()
        response = answer(self.handler, request)
        mount = request.root[request.root.find("/", request.root.find("://") + 3) :]
        log_exchange(request.remote, request.method, mount + request.path, request.query, response, started)
        return response


def log_exchange(remote: str, method: str, path: str, query: str, response: Response, started: float) -> None:
    """Writes the line of one exchange that began at `started` on the clock of `perf_counter`."""
    if ACCESS.isEnabledFor(logging.INFO):
        target = f"{path}?{query}" if query else path
        size = len(body_to_send(method, response))
        elapsed = (perf_counter() - started) * 1000
        line = "%s %s %s %d %dB %.1fms"
        ACCESS.info(line, remote or "-", printable(method), printable(target), response.status, size, elapsed)


def body_to_send(method: str, response: Response) -> bytes:
    """The body as it goes over the wire: none for HEAD, and none for statuses that have none."""
    return b"" if method == "HEAD" or response.status in BODILESS else response.body
