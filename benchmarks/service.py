# Requests a second of a whole service: in one process through WSGI, and over loopback HTTP with one connection to
# granian, next to an application written by hand (the floor) and to odatapy; then start-up and resident memory.
# Run: python -m benchmarks.service

from __future__ import annotations

import http.client
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.rounds import compare
from benchmarks.service_apps import (
    CATEGORIES,
    JSON,
    PRODUCTS,
    REQUESTS,
    Application,
    category,
    floor,
    library,
    odatapy,
    ready,
)

PEERS: dict[str, Callable[[], Application]] = {"floor": floor, "odata-core": library, "odatapy": odatapy}


def environ(method: str, target: str, body: bytes = b"") -> dict[str, Any]:
    """What a WSGI server hands over."""
    path, _mark, query = target.partition("?")
    return {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_URI": target,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": JSON, "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip


def call(application: Application, method: str, target: str, body: bytes, expected: int) -> Callable[[], object]:
    """A call of the application that fails where it does not answer as expected."""

    def start_response(status: str, _headers: list[tuple[str, str]], *_exc_info: object) -> None:
        assert int(status[:3]) == expected, (status, method, target)

    return lambda: b"".join(application(environ(method, target, body), start_response))


def filled(application: Application) -> Application:
    """odatapy's store is empty at first."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    for number in range(1, CATEGORIES + 1):
        call(application, "POST", "/Categories", encoder.encode(category(number)), 201)()
    for number in range(1, PRODUCTS + 1):
        call(application, "POST", "/Products", encoder.encode(ready(number)), 201)()
    return application


@contextmanager
def served(name: str) -> Any:
    """The port of a granian process that serves an application, or `odata serve` for the library."""
    code = f"from benchmarks.service import serve; serve({name!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[-1]), process.pid
    finally:
        process.terminate()
        process.wait(10)


def serve(name: str) -> None:
    """An application in granian: the library as `odata serve` runs it (ASGI), others as WSGI."""
    from odata_core.asgi import AsgiApp
    from odata_core.server import free_port, run_server

    if name == "odata-core":
        handler = library().handler  # type: ignore[attr-defined]
        run_server(AsgiApp(handler, 16), "127.0.0.1", 0, lambda port: print("port", port, flush=True))
        return
    import asyncio

    from granian.constants import Interfaces
    from granian.server.embed import Server

    application = PEERS[name]()
    port = free_port("127.0.0.1", 0)

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        """The WSGI application on the event loop: nothing of it waits."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        told: list[Any] = []
        given = environ(scope["method"], scope["path"] + "?" + scope["query_string"].decode(), body)
        content = b"".join(application(given, lambda status, headers, *_: told.extend([status, headers])))
        headers = [(key.lower().encode(), value.encode()) for key, value in told[1]]
        await send({"type": "http.response.start", "status": int(told[0][:3]), "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def run() -> None:
        server = Server(wrapped, address="127.0.0.1", port=port, interface=Interfaces.ASGINL)
        print("port", port, flush=True)
        await server.serve()

    asyncio.run(run())


def asked(port: int, method: str, target: str, body: bytes, expected: int) -> Callable[[], object]:
    """A request over one connection that stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Accept": JSON, "Content-Type": "application/json"}

    def ask() -> bytes:
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == expected, (answer.status, content[:200])
        return content

    return ask


def resident(pid: int) -> float:
    """MiB of memory of a process (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def start_up() -> None:
    """From the start of the interpreter until a service over a small model can answer."""
    code = """
from benchmarks.service_apps import model
from odata_core.service import Service
from odata_memory import MemoryBackend
shop = model()
Service(shop, MemoryBackend(shop))
"""
    # As it is installed: with bytecode that was written before.
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], check=True, env=given)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=given)
        times.append(time.perf_counter() - started)
    print(f"Start-up: {sorted(times)[2]:.2f} s ({min(times):.2f} to {max(times):.2f}), the interpreter included")


def main() -> None:
    start_up()
    applications = {"floor": floor(), "odata-core": library()}
    print("odatapy's store is being filled ...", flush=True)
    applications["odatapy"] = filled(odatapy())
    for title, request in REQUESTS.items():
        compare(f"WSGI: {title}", {name: call(one, *request) for name, one in applications.items()})
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(name)) for name in ("floor", "odata-core")}
        time.sleep(1)
        for title, request in REQUESTS.items():
            compare(f"HTTP: {title}", {name: asked(port, *request) for name, (port, _) in ports.items()})
        for name, (_, pid) in ports.items():
            print(f"Resident memory of {name}: {resident(pid):.0f} MiB with {PRODUCTS:,} products and what was created")


if __name__ == "__main__":
    main()
