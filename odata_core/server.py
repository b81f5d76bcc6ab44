# Runs an application in granian until a signal comes. Knows sockets and signals; nothing of OData or of options.
# Strategy: granian's embedded server. Everything happens in one process, because stores live in memory: the
# application is built here, not pickled into a worker, no child can be left behind, and it is as fast as a worker
# process. ASGI, since granian's WSGI interface does not tell the raw path (see wsgi.py).
#
# Three things granian does not do, done here: granian listens with SO_REUSEPORT, so a second server on the same port
# would silently get half of the requests (the port is tried first); it does not tell when it listens (it is asked); and
# it waits for stalled clients forever when it stops (it gets GRACE seconds).

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from .asgi import AsgiApp
from .service.security import BadSetting

GRACE = 5.0
LINGER = 1.0
STOPPING = (signal.SIGTERM, signal.SIGINT)


def run_server(app: AsgiApp, address: str, port: int, announce: Callable[[int], None]) -> None:
    """Serves `app` until SIGTERM or SIGINT. `announce` gets the port once connections are accepted."""
    port = free_port(address, port)
    asyncio.run(_serve(app, address, port, announce))


def resolve(host: str) -> str:
    """The address behind a host name; addresses stay as they are, IPv6 ones may be given in brackets."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadSetting(f"The host '{host}' is unknown: {error.strerror or error}.") from error
    return str(found[0][4][0])


def free_port(address: str, port: int) -> int:
    """The port if it is free, and any free one for 0."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Elsewhere than on Windows this means: ports in TIME_WAIT are free, ports that are listened on are not.
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise BadSetting(f"Cannot listen on {authority(address, port)}: {error.strerror}.") from error
        bound: int = probe.getsockname()[1]
        return bound


def authority(address: str, port: int) -> str:
    """host ":" port, as in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


async def _serve(app: AsgiApp, address: str, port: int, announce: Callable[[int], None]) -> None:
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_enabled=False,
    )
    stopped = _stop_signal()
    serving = asyncio.ensure_future(server.serve())
    listening = asyncio.ensure_future(_listening(address, port))
    await asyncio.wait({serving, listening, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if listening.done():
        announce(port)
    listening.cancel()
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=GRACE)
    if serving.done():
        await serving
        # What has just been answered is over in a moment. Cancelled now, it would be reported as a failure.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=LINGER)
        # What the service has still to do may take long: who asks a second time is not kept waiting for it.
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        return
    # A client that stalls, or a handler that hangs in a thread: neither can be interrupted any other way.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _stop_signal() -> asyncio.Future[None]:
    """A future that SIGTERM or SIGINT completes."""
    loop = asyncio.get_running_loop()
    stopped = loop.create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    for number in STOPPING:
        # Not loop.add_signal_handler, which Windows does not have.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    return stopped


async def _listening(address: str, port: int) -> None:
    """Returns once a connection is accepted."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    while True:
        try:
            _, writer = await asyncio.open_connection(reachable, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
