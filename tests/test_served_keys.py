# Keys that servers, proxies and careless decoders break, over the very server that `odata serve` runs: created by
# POST, found by the Location that the service gave, and by a key segment.

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from tests.processes import Server, running

KEYS = [
    "a/b",
    "/",
    "//x//",
    "100%",
    "%2F",
    "%252F",
    "%",
    "O'Brien",
    "''",
    "a+b c",
    "a?b#c&d=e",
    "(1)",
    "A(x='1',y=2)",
    "a,b",
    "é ü 检查点 🚀",
    "$value",
    "$$",
    "tab\there",
    "back\\slash",
    "semi;colon:@",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = ["-m", "odata_core.cli", "serve", "tests.notes:handler", "--port", "0"]
    log = tmp_path_factory.mktemp("served") / "log"
    with running(command, log, r"Listening on http://127\.0\.0\.1:(\d+)/\n") as started:
        yield started


def without_context(entity: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in entity.items() if name != "odata.metadata"}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_survives_the_way_there_and_back(server: Server, key: str) -> None:
    note = {"Name": key, "Text": f"about {key}"}
    page = {"Name": key, "Number": 7, "Text": None}
    for entity_set, entity in (("Notes", note), ("Pages", page)):
        connection_body = msgspec.json.encode(entity)
        status, created = server.get(f"/{entity_set}", "POST", connection_body, Content_Type="application/json")
        assert (status, without_context(created)) == (201, entity)
        status, links = server.get(
            f"/{entity_set}?$filter=Name%20eq%20'{quote(key.replace(chr(39), chr(39) * 2), safe='')}'"
        )
        assert (status, links["value"]) == (200, [entity])
    segment = quote("$" + key if key.startswith("$") else key, safe="")
    status, found = server.get(f"/Notes/{segment}", DataServiceUrlConventions="KeyAsSegment")
    assert (status, without_context(found)) == (200, note)
    status, found = server.get(f"/Pages/{segment}/7", DataServiceUrlConventions="KeyAsSegment")
    assert (status, without_context(found)) == (200, page)
    predicate = quote(key.replace("'", "''"), safe="")
    status, found = server.get(f"/Notes('{predicate}')")
    assert (status, without_context(found)) == (200, note)


@pytest.mark.parametrize("key", KEYS)
def test_the_location_leads_to_the_entity(server: Server, key: str) -> None:
    note = {"Name": f"{key}!", "Text": None}
    full = "application/json;odata=fullmetadata"
    status, created = server.get("/Notes", "POST", msgspec.json.encode(note), Content_Type=full, Accept=full)
    assert status == 201
    assert created["odata.id"].isascii()
    status, found = server.get(urlsplit(created["odata.id"]).path, Accept=full)
    assert (status, found) == (200, created)
