# Server processes for tests: started, waited for, asked over a real socket, and always ended.

from __future__ import annotations

import http.client
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

REPOSITORY = Path(__file__).parent.parent
PATIENCE = 30.0


def environment() -> dict[str, str]:
    """The environment of a process that imports this source tree, installed or not."""
    return os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'backends'}"}


def run_odata(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`odata WORDS`, run to its end."""
    command = [sys.executable, "-m", "odata_core.cli", *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=PATIENCE, env=environment(), cwd=REPOSITORY
    )


@dataclass
class Server:
    """A server process that listens; `log` is what it has written to stderr."""

    process: subprocess.Popen[str]
    log: Path
    host: str = "127.0.0.1"
    port: int = 0
    lines: list[str] = field(default_factory=list)

    def get(self, target: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and decoded JSON of one exchange; `target` goes over the wire as it stands."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named, encode_chunked="Transfer-Encoding" in named)
            response = connection.getresponse()
            content = response.read()
            return response.status, msgspec.json.decode(content) if content else None
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def stop(self, number: int) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(command: Sequence[str], log: Path, pattern: str) -> Iterator[Server]:
    """A server process, once a line that it writes matches `pattern`, whose group 1 is the port."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(),
            cwd=REPOSITORY,
        )
    try:
        server = Server(process, log)
        server.port = int(_wait_for(pattern, server)[1])
        yield server
    finally:
        process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def _wait_for(pattern: str, server: Server) -> re.Match[str]:
    deadline = time.monotonic() + PATIENCE
    assert server.process.stdout is not None
    while time.monotonic() < deadline:
        if select.select([server.process.stdout], [], [], 0.02)[0] and (line := server.process.stdout.readline()):
            server.lines.append(line)
        if match := re.search(pattern, "".join(server.lines) + server.log.read_text()):
            return match
        assert server.process.poll() is None, server.log.read_text()
    raise AssertionError(f"Nothing matched {pattern!r} in time.")


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What arrives up to and with `end`."""
    received = b""
    while not received.endswith(end):
        piece = connection.recv(1)
        assert piece, received
        received += piece
    return received
