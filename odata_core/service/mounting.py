# Where a service stands below the root of a server, and what stands beside it: wrappers around handlers.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import MethodNotAllowed, NotFound
from .messages import Handler, Request, Response
from .refusal import refusal


class Mounted:
    """A handler below a path such as `v4/shop/`; everything else is 404."""

    def __init__(self, handler: Handler, path: str) -> None:
        self.handler = handler
        self.path = path.strip("/")

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        mount, path = f"{self.path}/", request.path
        if not self.path:
            return self.handler.handle(request)
        if path == self.path:
            path = mount
        if not path.startswith(mount):
            return refusal(NotFound(f"There is no service here. Its root is {request.root}{mount}"), request)
        return self.handler.handle(replace(request, root=request.root + mount, path=path[len(mount) :]))


class WithReset:
    """A handler that goes back to its initial state when `path` is asked for with GET or POST: for tests."""

    def __init__(self, handler: Handler, path: str, reset: Callable[[], None]) -> None:
        self.handler = handler
        self.path = path.strip("/")
        self.reset = reset

    @property
    def max_body(self) -> int:
        return self.handler.max_body

    def handle(self, request: Request) -> Response:
        if request.path.strip("/") != self.path:
            return self.handler.handle(request)
        if request.method not in ("GET", "POST"):
            error = MethodNotAllowed("The initial state comes back with GET or POST.", allow=("GET", "POST"))
            return refusal(error, request)
        self.reset()
        return Response(204)
