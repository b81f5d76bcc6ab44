# Microsoft's .NET client of WCF Data Services, on Mono: the program of wcf/, compiled here. Atom and XML, versions 1
# and 2, LINQ to URLs, ETags, links, multipart batches; and the C# sample of Service Provider Foundation's manual.

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.clients.conftest import Services
from tests.clients.programs import FOLDER, PATIENCE, Faults, demand, run

pytestmark = pytest.mark.xdist_group("wcf")  # one worker compiles and runs the program, for all its cases
ASSEMBLY = "System.Data.Services.Client.dll"

STORE_CASES = (
    "all pages are read by their continuations",
    "a key in Where is a key in the path, and values are typed",
    "decimal, datetime, guid and bool literals, orderby, Skip and Take",
    "methods of strings and dates become functions",
    "a quote and an ampersand in a string",
    "a comparison with null",
    "Expand of one entity",
    "Expand of a collection",
    "a projection becomes $select",
    "IncludeTotalCount counts what Take leaves out",
    "Count asks $count",
    "LoadProperty follows a link to one entity",
    "LoadProperty follows a link to many",
    "properties are read by their paths",
    "an entity that does not exist is 404",
    "a query that the service does not understand is 400",
    "insert, merge, replace and delete, each with the ETag of the write before",
    "an old ETag is 412",
    "SetLink sets a link, and takes it away",
    "AddLink and DeleteLink change a collection",
    "AddRelatedObject creates below another entity",
    "an update is tunnelled through POST",
    "a write that waits for 100 Continue",
    "one change set of two inserts, and of two deletions",
    "a change set links two entities that it creates",
    "a change set with a fault changes nothing",
    "a batch of two queries",
)
MACHINE_CASES = (
    "the documented sample creates a checkpoint",
    "the checkpoint is read back by its two keys",
    "the machine is restored to the checkpoint",
    "the checkpoint is deleted",
)


class Client(Protocol):
    def __call__(self, kind: str, version: str = "") -> Faults: ...


@pytest.fixture(scope="module")
def client(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """What the client says of all cases of a kind, run once for each version."""
    demand(
        {
            "mono": shutil.which("mono") is not None,
            "mcs": shutil.which("mcs") is not None,
            ASSEMBLY: Path("/usr/lib/mono/4.5", ASSEMBLY).is_file(),
        }
    )
    program = str(tmp_path_factory.mktemp("wcf") / "client.exe")
    sources = [str(path) for path in sorted((FOLDER / "wcf").glob("*.cs"))]
    command = ["mcs", "-langversion:6", "-codepage:utf8", "-warnaserror", f"-r:{ASSEMBLY}", f"-out:{program}", *sources]
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr

    @cache
    def told(kind: str, version: str = "") -> Faults:
        return run(["mono", program, kind, services.store(version) if version else services.machines()])

    return told


@pytest.mark.parametrize("version", ["2.0", "3.0"])
@pytest.mark.parametrize("case", STORE_CASES)
def test_store(client: Client, version: str, case: str) -> None:
    fault = client("store", version)[case]
    assert fault is None, fault


@pytest.mark.parametrize("case", MACHINE_CASES)
def test_machines(client: Client, case: str) -> None:
    fault = client("machines")[case]
    assert fault is None, fault


def test_every_case_has_a_test(client: Client) -> None:
    assert tuple(client("store", "2.0")) == STORE_CASES
    assert tuple(client("machines")) == MACHINE_CASES
