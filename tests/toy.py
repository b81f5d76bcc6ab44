# A handler that tells what reached it, for tests of adapters, wrappers and the command.

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from odata_core.errors import Conflict
from odata_core.service.messages import Request, Response
from odata_core.wsgi import WsgiApp

LIMIT = 1000


class Echo:
    """Answers with the request as JSON; some paths make it misbehave."""

    max_body = LIMIT

    def handle(self, request: Request) -> Response:
        if request.path == "raise":
            raise RuntimeError("a secret detail")
        if request.path == "conflict":
            raise Conflict("The name is taken.")
        if request.path == "bad-header":
            return Response(200, (("X-Name", "a\r\nSet-Cookie: b"),), b"{}")
        if request.path == "nothing":
            return Response(204, (("OData-Version", "4.0"),))
        return Response(200, (("Content-Type", "application/json"),), msgspec.json.encode(told(request)))


def told(request: Request) -> dict[str, Any]:
    """What the echo tells of a request: everything but the headers, and of these one."""
    return {
        "method": request.method,
        "root": request.root,
        "path": request.path,
        "query": request.query,
        "x-name": request.headers.get("x-name"),
        "body": request.body.decode("latin-1"),
    }


def handler(arguments: argparse.Namespace) -> Echo:
    """The toy as `odata serve tests.toy:handler`."""
    return Echo()


def _add_arguments(parser: Any) -> None:
    parser.add_argument("--colour", default="red")


def _paths(arguments: argparse.Namespace) -> list[str]:
    return [f"/{arguments.colour}/", "/other/"]


handler.add_arguments = _add_arguments  # type: ignore[attr-defined]
handler.paths = _paths  # type: ignore[attr-defined]

wsgi_app = WsgiApp(Echo())
