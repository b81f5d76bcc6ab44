# Many requests at a time: what one has checked, no other one changes before it is done.

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from odata_core.edm import EntitySet, Model, ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

WORKERS = 8
ROUNDS = 40
SECONDS = 60


@pytest.fixture
def service() -> Service:
    builder = ModelBuilder("Shop")
    builder.entity("Product", key="ID", properties={"ID": prop("Int32"), "Stock": "Int32"})
    builder.entity_set("Products", "Product", concurrency=["Stock"])
    model = builder.build()
    return Service(model, MemoryBackend(model, {"Products": [{"ID": 1, "Stock": 0}]}))


@pytest.fixture(autouse=True)
def _many_switches() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def send(service: Service, method: str, path: str, content: object = None, **headers: str) -> Response:
    named = {"OData-MaxVersion": "4.01", "Content-Type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = b"" if content is None else msgspec.json.encode(content)
    return service.handle(Request(method, "http://h/", path, "", Headers(named), body))


def change(service: Service, etag: str, stock: int) -> int:
    return send(service, "PATCH", "Products(1)", {"Stock": stock}, If_Match=etag).status


def change_in_a_batch(service: Service, etag: str, stock: int) -> int:
    part = {"id": "1", "atomicityGroup": "g", "method": "PATCH", "url": "Products(1)", "body": {"Stock": stock}}
    part["headers"] = {"If-Match": etag, "Content-Type": "application/json"}
    found = msgspec.json.decode(send(service, "POST", "$batch", {"requests": [part]}).body)
    return int(found["responses"][0]["status"])


@pytest.mark.parametrize("write", [change, change_in_a_batch])
def test_of_all_who_have_read_the_same_one_may_write(service: Service, write: object) -> None:
    """4.01 Part 1, 8.2.4: nobody's change is overwritten by who has not seen it."""
    assert callable(write)
    start = threading.Barrier(WORKERS)

    def attempt(worker: int, etag: str, number: int) -> int:
        start.wait(SECONDS)
        return int(write(service, etag, number * WORKERS + worker + 1))

    with ThreadPoolExecutor(WORKERS) as pool:
        for number in range(ROUNDS):
            etag = send(service, "GET", "Products(1)").header("ETag")
            given = [(worker, etag, number) for worker in range(WORKERS)]
            statuses = Counter(pool.map(lambda one: attempt(*one), given, timeout=SECONDS))
            assert statuses == {204: 1, 412: WORKERS - 1}


def test_of_all_who_create_the_same_one_does(service: Service) -> None:
    """An upsert that may only create (If-None-Match: *), 4.01 Part 1, 11.4.4."""
    start = threading.Barrier(WORKERS)

    def attempt(key: int) -> int:
        start.wait(SECONDS)
        return send(service, "PATCH", f"Products({key})", {"Stock": 1}, If_None_Match="*").status

    with ThreadPoolExecutor(WORKERS) as pool:
        for number in range(ROUNDS):
            statuses = Counter(pool.map(attempt, [number + 100] * WORKERS, timeout=SECONDS))
            assert statuses[201] + statuses[204] == 1, statuses


def test_the_paths_of_a_model_are_there_for_all_at_once() -> None:
    """Whoever asks for the first time while others do, too, finds all elements or none yet."""
    for _ in range(ROUNDS):
        builder = ModelBuilder("Shop")
        for number in range(40):
            builder.entity(f"Product{number}", key="ID", properties={"ID": prop("Int32"), "Stock": "Int32"})
            builder.entity_set(f"Products{number}", f"Product{number}")
        model = builder.build()
        wanted = list(model.entity_sets.values())[-1]
        start = threading.Barrier(WORKERS)

        def attempt(_worker: int, model: Model = model, wanted: EntitySet = wanted) -> str:
            start.wait(SECONDS)  # noqa: B023 - of this very round
            return model.path_of(wanted)

        with ThreadPoolExecutor(WORKERS) as pool:
            assert set(pool.map(attempt, range(WORKERS))) == {"Shop.Container/Products39"}
