# ASGI 3 <-> Request and Response. Translates, decides nothing: meaning lives behind `Handler.handle`.
# Strategy: the event loop reads and writes, a bounded pool of threads runs the (blocking) handler. A slow client
# therefore never holds a thread, and a slow handler never holds the loop.

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from .errors import BadRequest, ODataError
from .service.adapter import (
    announced_length,
    decoded,
    encoded,
    on_the_wire,
    refuse,
    rest_to_send,
    service_root,
    target_path,
    too_large,
    visible,
    whole_body,
    without_mount,
)
from .service.messages import Handler, Headers, Request, Response
from .service.refusal import answer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiApp:
    """A handler as an ASGI application; at most `threads` requests are inside the handler at one time."""

    def __init__(self, handler: Handler, threads: int = 16) -> None:
        self.handler = handler
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="odata")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._respond(scope["method"], await self._exchange(scope, receive), send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise ValueError(f"This application serves 'http' and 'lifespan', not '{scope['type']}'.")

    async def _exchange(self, scope: Scope, receive: Receive) -> Response:
        started = perf_counter()
        remote = scope["client"][0] if scope.get("client") else ""
        query = visible(scope["query_string"].decode("latin-1"))
        mount = mount_point(scope)
        path = raw_path(scope, mount)
        headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        try:
            root = service_root(scope.get("scheme", "http"), host(scope, headers), mount)
            body = await read_body(scope, headers, receive, self.handler.max_body)
        except ODataError as error:
            return refuse(error, remote, scope["method"], encoded(mount) + path, query, started)
        request = Request(scope["method"], root, path.removeprefix("/"), query, headers, body, remote)
        return await self._answered(request)

    async def _answered(self, request: Request) -> Response:
        """What the handler answers, in a thread of the pool.

        `run_in_executor` does the same by way of a second future, which takes a third of the time longer.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Response] = loop.create_future()

        def settle(response: Response | None, error: BaseException | None) -> None:
            if answered.done():  # the client has gone, and with it who waited
                return
            if response is None:
                answered.set_exception(error or RuntimeError("The handler gave no answer."))
            else:
                answered.set_result(response)

        def work() -> None:
            response, failure = None, None
            try:
                response = answer(self.handler, request)
            except BaseException as error:  # noqa: BLE001 - who waits must be told, whatever it is
                failure = error
            loop.call_soon_threadsafe(settle, response, failure)

        self._pool.submit(work)
        return await answered

    async def _respond(self, method: str, response: Response, send: Send) -> None:
        """Sends a response; the pieces of a large body are made by the pool, one at a time."""
        if response.rest is None:
            await respond(method, response, send)
            return
        rest = rest_to_send(method, response)
        step = self._pool.submit(next, rest, None)  # while the first piece is sent
        try:
            await respond(method, response, send, is_whole=False)
            while (piece := await asyncio.wrap_future(step)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                step = self._pool.submit(next, rest, None)
            await send({"type": "http.response.body", "body": b""})
        finally:  # the client may have gone in the middle; a step that runs is not disturbed
            step.add_done_callback(lambda _step: response.close())

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await asyncio.to_thread(self._pool.shutdown)
        await send({"type": "lifespan.shutdown.complete"})


async def respond(method: str, response: Response, send: Send, *, is_whole: bool = True) -> None:
    """Sends a response; ASGI wants header names in lower case."""
    fields, body = on_the_wire(method, response)
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": not is_whole})


def mount_point(scope: Scope) -> str:
    """`root_path`, with a character for a byte as in WSGI."""
    mount: str = scope.get("root_path", "")
    return mount.rstrip("/").encode("utf-8").decode("latin-1")


def raw_path(scope: Scope, mount: str) -> str:
    """The path below the mount point, as the client wrote it; some servers leave the mount point out of `raw_path`.

    A server without `raw_path` (it is optional) shows only the decoded path: there, `%2F` is lost.
    """
    target = scope.get("raw_path")
    raw = target_path(target.decode("latin-1")) if target else encoded(scope["path"].encode("utf-8").decode("latin-1"))
    below_mount = f"{decoded(raw)}/".startswith(f"{mount}/")
    return without_mount(raw, mount) if mount and below_mount else raw


def host(scope: Scope, headers: Headers) -> str:
    """The Host header, or where an HTTP/1.0 client sent none, what the server calls itself."""
    given: str | None = headers.get("host")
    if given:
        return given
    name, port = scope.get("server") or ("localhost", None)
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if port else name


async def read_body(scope: Scope, headers: Headers, receive: Receive, limit: int) -> bytes:
    """The body, where there is one: HTTP/1 announces it in a header, HTTP/2 need not."""
    chunked = "transfer-encoding" in headers
    announced = None
    if not chunked and (text := headers.get("content-length")) is not None:
        announced = announced_length(text, limit)
    elif not chunked and scope.get("http_version", "1.1").startswith("1"):
        return b""
    return whole_body(await read_chunks(receive, limit), announced)


async def read_chunks(receive: Receive, limit: int) -> list[bytes]:
    """The chunks of a body that stays within `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The body could not be read to its end.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large(limit)
        more = message.get("more_body", False)
    return chunks
