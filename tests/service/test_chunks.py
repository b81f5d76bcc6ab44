# Large collections: every format is written in pieces while the rows are read, in bounded memory; what fails before the
# first piece is an error, what fails later cuts the body off; and the session is open exactly as long as it is needed.
# What is compiled for a shape is kept within bounds, and threads that write at once do not disturb each other.

from __future__ import annotations

import asyncio
import json
import pkgutil
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from itertools import combinations
from typing import Any
from wsgiref.util import setup_testing_defaults
from xml.etree import ElementTree

import pytest

import odata_core.payload
from odata_core.asgi import AsgiApp
from odata_core.backend import Answer, Context, Done, Key, Query, Reads, Row, Source
from odata_core.edm import Model, ModelBuilder, Timestamp, prop
from odata_core.errors import Conflict
from odata_core.payload.codec import About, Shape
from odata_core.payload.json_codec import json_v4
from odata_core.service import Headers, Request, Response, Service
from odata_core.service.asynchrony import Asynchronous
from odata_core.service.work import BUFFER
from odata_core.wsgi import WsgiApp
from odata_memory import MemoryBackend

ROOT = "http://h/s/"
V3, V4 = {"MaxDataServiceVersion": "3.0"}, {"OData-MaxVersion": "4.0"}

# Every codec that writes collections, by what a client sends to get it.
FORMATS: dict[str, dict[str, str]] = {
    "v4": {**V4, "Accept": "application/json"},
    "v4 full": {**V4, "Accept": "application/json;odata.metadata=full"},
    "v4 none": {**V4, "Accept": "application/json;odata.metadata=none"},
    "v4 strings": {**V4, "Accept": "application/json;IEEE754Compatible=true"},
    "4.01": {"OData-MaxVersion": "4.01", "Accept": "application/json"},
    "v3 light": {**V3, "Accept": "application/json;odata=minimalmetadata"},
    "v3 light full": {**V3, "Accept": "application/json;odata=fullmetadata"},
    "v3 verbose": {**V3, "Accept": "application/json;odata=verbose"},
    "v2 verbose": {"MaxDataServiceVersion": "2.0", "Accept": "application/json"},
    "v3 atom": {**V3, "Accept": "application/atom+xml"},
    "v2 atom": {"MaxDataServiceVersion": "2.0", "Accept": "application/atom+xml"},
}
FAR = 25_000  # rows of which no format can hold back all


def _model() -> Model:
    demo = ModelBuilder("Demo")
    demo.entity(
        "Thing",
        key="ID",
        properties={
            "ID": "Int32",
            "Name": "String",
            "Price": "Decimal",
            "Made": prop("DateTimeOffset", nullable=False),
            "KindID": "Int32",
        },
    )
    demo.entity("Kind", key="ID", properties={"ID": "Int32", "Name": "String"})
    demo.navigation("Thing", "Kind", to="Kind", many=False, on={"KindID": "ID"})
    demo.entity_set("Things", "Thing")
    demo.entity_set("Kinds", "Kind")
    return demo.build()


MODEL = _model()


def thing(number: int) -> Row:
    return {
        "ID": number,
        "Name": f"the thing with the number {number}",
        "Price": Decimal(number) / 100,
        "Made": Timestamp(number * 10_000_000, 0),
        "KindID": number % 3,
    }


@dataclass
class Generated:
    """A backend whose things are made when they are read, up to `count` of them; the one `fails_at` cannot be made.

    `events` tells what became of its sessions; `live` is the largest number of rows that were in use at one time.
    """

    count: int
    fails_at: int | None = None
    error: Exception = field(default_factory=lambda: OSError("a secret"))
    events: list[str] = field(default_factory=list)

    @contextmanager
    def session(self, context: Context) -> Iterator[Reads]:
        self.events.append("opened")
        try:
            yield _Session(self)
        except GeneratorExit:
            self.events.append("given up")
            raise
        except Exception:
            self.events.append("undone")
            raise
        else:
            self.events.append("ended")


@dataclass
class _Session:
    backend: Generated

    def get(self, entity_set: Source, key: Key) -> Row | None:
        return None

    def select(self, query: Query) -> Answer:
        if query.entity_set.name == "Kinds":
            return Answer([{"ID": number, "Name": f"kind {number}"} for number in range(3)])
        return Answer(self._things(), Done.ORDER)

    def _things(self) -> Iterator[Row]:
        for number in range(self.backend.count):
            if number == self.backend.fails_at:
                raise self.backend.error
            yield thing(number)


def request(headers: Mapping[str, str], query: str = "", method: str = "GET") -> Request:
    return Request(method, ROOT, "Things", query, Headers(headers))


def get(backend: Generated, headers: Mapping[str, str], query: str = "", method: str = "GET") -> Response:
    return Service(MODEL, backend).handle(request(headers, query, method))


def is_whole(name: str, body: bytes) -> bool:
    """Whether a body is a document of its format."""
    try:
        if "atom" in name:
            ElementTree.fromstring(body)
        else:
            json.loads(body)
    except (ValueError, ElementTree.ParseError):
        return False
    return True


# ------------------------------------------------------------------ what fails


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("row", [0, 1, 500])
def test_what_fails_before_the_first_piece_is_an_error(name: str, row: int) -> None:
    backend = Generated(1_000, fails_at=row)
    response = get(backend, FORMATS[name])
    assert (response.status, response.rest, backend.events) == (500, None, ["opened", "undone"])
    assert b"secret" not in response.body
    assert is_whole("atom" if b"xml" in response.header("Content-Type").encode() else name, response.body)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["v4", "v2 atom"])
def test_an_error_of_the_protocol_keeps_its_status(name: str) -> None:
    backend = Generated(1_000, fails_at=500, error=Conflict("The rows are at odds."))
    response = get(backend, FORMATS[name])
    assert (response.status, b"The rows are at odds." in response.body) == (409, True)


@pytest.mark.parametrize("name", FORMATS)
def test_what_fails_later_cuts_the_body_off(name: str) -> None:
    backend = Generated(FAR, fails_at=FAR - 1)
    response = get(backend, FORMATS[name])
    assert (response.status, backend.events) == (200, ["opened"])
    assert response.rest is not None
    sent = [response.body]
    with pytest.raises(OSError, match="a secret"):
        sent.extend(response.rest)
    assert backend.events == ["opened", "undone"]
    assert not is_whole(name, b"".join(sent))
    assert not any(f"number {FAR - 1}".encode() in piece for piece in sent)


@pytest.mark.parametrize("name", FORMATS)
def test_what_does_not_fail_is_whole(name: str) -> None:
    backend = Generated(FAR)
    response = get(backend, FORMATS[name])
    assert backend.events == ["opened"]
    assert BUFFER <= len(response.body) < BUFFER + 2**18
    body = response.whole().body
    assert is_whole(name, body)
    assert (body.count(b"the thing with the number "), backend.events) == (FAR, ["opened", "ended"])


def test_a_small_body_is_in_one_piece_and_the_session_has_ended() -> None:
    backend = Generated(100)
    response = get(backend, FORMATS["v4"])
    assert (response.rest, backend.events) == (None, ["opened", "ended"])


# ------------------------------------------------------------------ who does not want the rest


def test_a_response_that_is_closed_ends_the_session() -> None:
    backend = Generated(FAR)
    response = get(backend, FORMATS["v4"])
    response.close()
    assert backend.events == ["opened", "given up"]
    response.close()


def test_a_response_that_is_dropped_ends_the_session() -> None:
    backend = Generated(FAR)
    get(backend, FORMATS["v4"])
    assert backend.events == ["opened", "given up"]


def wsgi(backend: Generated, method: str = "GET") -> Any:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": "/Things", "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    environ |= {"HTTP_ACCEPT": "application/json", "HTTP_ODATA_MAXVERSION": "4.0"}
    return WsgiApp(Service(MODEL, backend))(environ, lambda *_: lambda _: None)


def test_a_wsgi_server_that_stops_ends_the_session() -> None:
    backend = Generated(FAR)
    body = wsgi(backend)
    assert next(iter(body))
    body.close()
    assert backend.events == ["opened", "given up"]


def test_head_ends_the_session() -> None:
    backend = Generated(FAR)
    assert list(wsgi(backend, "HEAD")) == [b""]
    assert backend.events == ["opened", "given up"]


def asgi(backend: Generated, send: Callable[[Any], None]) -> None:
    app = AsgiApp(Service(MODEL, backend))
    headers = [(b"host", b"h"), (b"accept", b"application/json"), (b"odata-maxversion", b"4.0")]
    scope = {"type": "http", "method": "GET", "path": "/Things", "query_string": b"", "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def sending(message: Any) -> None:
        send(message)

    asyncio.run(app(scope, receive, sending))


@pytest.mark.parametrize("last", [1, 2, 4])
def test_an_asgi_client_that_goes_ends_the_session(last: int) -> None:
    backend, sent = Generated(FAR), list[Any]()

    def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == last:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asgi(backend, send)
    deadline = time.monotonic() + 10
    while len(backend.events) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)  # a piece that is being made is made to its end
    assert backend.events == ["opened", "given up"]


def test_an_asgi_body_is_cut_off() -> None:
    backend, sent = Generated(FAR, fails_at=FAR - 1), list[Any]()
    with pytest.raises(OSError, match="a secret"):
        asgi(backend, sent.append)
    assert (sent[-1]["more_body"], backend.events) == (True, ["opened", "undone"])


# ------------------------------------------------------------------ who answers later, and who writes


def batch(backend: Generated) -> list[Any]:
    """The answers of a batch that reads things first, and kinds then."""
    requests = [{"id": name, "method": "GET", "url": name} for name in ("Things", "Kinds")]
    headers = {**V4, "Accept": "application/json", "Content-Type": "application/json"}
    body = json.dumps({"requests": requests}).encode()
    response = Service(MODEL, backend).handle(Request("POST", ROOT, "$batch", "", Headers(headers), body))
    answers: list[Any] = json.loads(response.body)["responses"]
    return answers


def test_in_a_batch_what_fails_late_is_an_error_of_its_part() -> None:
    backend = Generated(FAR, fails_at=FAR - 1)
    things, kinds = batch(backend)
    assert (things["status"], kinds["status"], len(kinds["body"]["value"])) == (500, 200, 3)
    assert backend.events == ["opened", "undone", "opened", "ended"]


def test_in_a_batch_a_large_part_is_whole() -> None:
    things, _kinds = batch(Generated(FAR))
    assert (things["status"], len(things["body"]["value"])) == (200, FAR)


def test_an_answer_that_is_fetched_later_is_whole_or_an_error() -> None:
    for fails_at, status in ((None, 200), (FAR - 1, 500)):
        handler = Asynchronous(Service(MODEL, Generated(FAR, fails_at)))
        response = handler.handle(request({**FORMATS["v4"], "Prefer": "respond-async,wait=30"}))
        handler.close()
        assert (response.status, response.rest) == (status, None)


def test_the_answer_of_a_write_comes_when_its_session_has_ended() -> None:
    """A large answer of PATCH is sent in pieces, but others may write meanwhile."""
    things = [{**thing(number), "KindID": None} for number in range(16_000)]
    store = MemoryBackend(MODEL, {"Things": things})
    service = Service(MODEL, store)
    headers = {**V4, "Accept": "application/json", "Content-Type": "application/json"}
    change = Headers({**headers, "Prefer": "return=representation", "OData-MaxVersion": "4.01"})
    response = service.handle(Request("PATCH", ROOT, "Things/$each", "", change, b'{"Name":"new"}'))
    assert (response.status, response.rest is not None) == (200, True)
    deletion = Request("DELETE", ROOT, "Things(7)", "", Headers(headers))
    other = threading.Thread(target=service.handle, args=(deletion,), daemon=True)
    other.start()
    other.join(10)
    assert not other.is_alive()
    assert len(json.loads(response.whole().body)["value"]) == 16_000


# ------------------------------------------------------------------ memory


def peak_of(headers: Mapping[str, str], count: int, query: str = "") -> int:
    """The most bytes that were in use while a collection was read and sent."""
    service = Service(MODEL, Generated(count))
    tracemalloc.start()
    try:
        response = service.handle(request(headers, query))
        for _piece in response.rest or ():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# What is held: the first piece, once in parts and once joined, a batch of rows and the piece that is made of it.
BOUND = 2 * BUFFER + 2**21


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 200_000), ("$filter=ID ge 0", 200_000), ("$expand=Kind", 40_000), ("$filter=Kind/Name ne 'x'", 40_000)],
)
def test_memory_does_not_grow_with_the_rows(query: str, count: int) -> None:
    """Rows of 700 bytes: all at once they would take 140 MB, or 28."""
    headers = FORMATS["v4"]
    assert peak_of(headers, count, query.replace(" ", "%20")) < peak_of(headers, 2_000) + BOUND


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "v4"])
def test_memory_is_bounded_in_every_format(name: str) -> None:
    """A tenth of that is enough to see: the rows alone would take 14 MB."""
    assert peak_of(FORMATS[name], 20_000) < peak_of(FORMATS[name], 2_000) + BOUND


# ------------------------------------------------------------------ what is kept


def test_everything_that_is_kept_is_bounded() -> None:
    """Whatever functions of payloads remember has a bound, which is smaller than what clients can ask for."""
    found = {}
    for module in pkgutil.iter_modules(odata_core.payload.__path__, "odata_core.payload."):
        for name, value in vars(import_module(module.name)).items():
            if hasattr(value, "cache_parameters"):
                found[name] = value.cache_parameters()["maxsize"]
    assert {"struct_builders", "row_writer", "_decoders"} <= set(found)
    assert all(size is not None and size <= 4096 for size in found.values())


def _shapes(count: int) -> list[Shape]:
    source = MODEL.entity_set("Things")
    names = [*source.type.properties]
    kept = [subset for size in range(2, len(names) + 1) for subset in combinations(names, size) if "ID" in subset]
    shown = [("Kind", Shape(MODEL.entity_set("Kinds").type, None, select)) for select in (None, ("ID",), ("Name",))]
    every = [
        Shape(source.type, source, select, expand) for select in kept for expand in ((), *[(one,) for one in shown])
    ]
    return every[:count]


def test_threads_that_write_at_once_write_what_one_alone_writes() -> None:
    rows = [{**thing(number), "Kind": {"ID": number, "Name": "kind"}} for number in range(20)]

    def write(shape: Shape) -> bytes:
        return b"".join(json_v4().write_feed(shape, rows, About(ROOT, "Things")))

    shapes = _shapes(60)
    assert len(set(shapes)) == 60
    together: list[bytes] = []
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            together += pool.map(write, [*shapes, *reversed(shapes)])
    alone = [write(shape) for shape in shapes]
    assert together == [*alone, *reversed(alone)] * 3
