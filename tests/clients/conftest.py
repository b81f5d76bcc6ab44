# The services that the clients are tried on, as processes of their own on free ports: the store of fixture/ in the
# three versions that clients speak, in pages of three rows, and the VMM service.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from odata_vmm.routes import tenant_root
from odata_vmm.sample import SUBSCRIPTION
from tests.processes import Server, running

FIXTURE = Path(__file__).parent / "fixture"
STORES = {"2.0": "store-v3.xml", "3.0": "store-v3.xml", "4.01": "store-v4.xml"}
"""The versions that the store is served in, and the document of each."""


class Services:
    """Services that are started when they are first asked for, and run until all tests are done."""

    def __init__(self, logs: Path, stack: ExitStack) -> None:
        self._logs = logs
        self._stack = stack
        self._stores: dict[str, Server] = {}

    def store(self, version: str) -> str:
        """The root of the store, with the rows that it has in the file."""
        if version not in self._stores:
            words = [str(FIXTURE / STORES[version]), "--data", str(FIXTURE / "store.json"), "--page-size", "3"]
            self._stores[version] = self._start("csdl", *words, "--reset-path", "/reset", "--default-version", version)
        server = self._stores[version]
        server.get("/reset", "POST")
        return f"http://{server.host}:{server.port}/"

    def machines(self) -> str:
        """The root of a VMM service that nobody has changed."""
        server = self._start("vmm")
        return f"http://{server.host}:{server.port}/{tenant_root(SUBSCRIPTION)}"

    def _start(self, *words: str) -> Server:
        log = self._logs / f"{len(list(self._logs.iterdir()))}.log"
        command = ["-m", "odata_core.cli", "serve", *words, "--port", "0"]
        return self._stack.enter_context(running(command, log, r"Listening on http://127\.0\.0\.1:(\d+)/"))


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path_factory.mktemp("services"), stack)
