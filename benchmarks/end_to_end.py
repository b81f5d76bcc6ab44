# Requests a second through WSGI in one process and one thread, no sockets: read by key, list of 1,000, create.
# The floor is a WSGI callable written for this one model: a dictionary look-up and msgspec on ready-made dictionaries,
# with no URL parsed, no option checked, no header read. No library can be faster than it.

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from benchmarks.rounds import compare
from odata_core.edm import Model, ModelBuilder, PropertySpec, prop
from odata_core.service import Service
from odata_core.wsgi import WsgiApp
from odata_memory import MemoryBackend
from odata_vmm import sample_service

ROWS = 1_000
JSON = "application/json;odata=minimalmetadata"
VMM_ROOT = "/97fd50f3-1dc0-41b6-a7c0-2b4ff4c3f7e3/services/systemcenter/vmm/"
Environ = dict[str, Any]
Application = Callable[..., Iterable[bytes]]


def shop() -> Model:
    """Products of seven properties."""
    builder = ModelBuilder("Shop")
    properties: dict[str, str | PropertySpec] = {
        "ID": prop("Int32", generated=True),
        "Name": "String",
        "Description": "String",
        "Price": "Decimal",
        "Quantity": "Int64",
        "ReleaseDate": "DateTime",
        "Discontinued": "Boolean",
    }
    builder.entity("Product", key="ID", properties=properties)
    builder.entity_set("Products", "Product")
    return builder.build()


def product(number: int) -> dict[str, Any]:
    """A product as JSON light has it."""
    return {
        "ID": number,
        "Name": f"Product {number}",
        "Description": None if number % 3 else "What there is to say about it",
        "Price": f"{number}.95",
        "Quantity": str(2**40 + number),
        "ReleaseDate": f"2013-08-19T15:02:{number % 60:02d}.8185926",
        "Discontinued": number % 2 == 0,
    }


def environ(method: str, target: str, body: bytes = b"") -> Environ:
    """What a WSGI server hands over."""
    path, _mark, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": JSON,
        "CONTENT_TYPE": JSON,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": "127.0.0.1",
    }


def asked(application: Application, expected: int, method: str, target: str, body: bytes = b"") -> Callable[[], object]:
    """A call of the application that fails where it does not answer as expected."""

    def start_response(status: str, _headers: list[tuple[str, str]], *_exc_info: object) -> None:
        assert int(status[:3]) == expected, status

    return lambda: b"".join(application(environ(method, target, body), start_response))


def floor() -> Application:
    """The hard-coded callable."""
    rows = {f"/Products({number})": product(number) for number in range(1, ROWS + 1)}
    numbers = itertools.count(ROWS + 1)
    encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder()
    root = "http://localhost/$metadata#Products"

    def application(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            row = decoder.decode(environ["wsgi.input"].read())
            row["ID"] = next(numbers)
            rows[f"/Products({row['ID']})"] = row
            status, content = "201 Created", {"odata.metadata": root + "/@Element", **row}
        elif path == "/Products":
            everything = list(itertools.islice(rows.values(), ROWS))
            status, content = "200 OK", {"odata.metadata": root, "value": everything}
        else:
            status, content = "200 OK", {"odata.metadata": root + "/@Element", **rows[path]}
        body = encoder.encode(content)
        start_response(status, [("Content-Type", JSON), ("Content-Length", str(len(body)))])
        return [body]

    return application


def library() -> Application:
    """The same products behind the library."""
    model = shop()
    backend = MemoryBackend(model)
    application = WsgiApp(Service(model, backend))
    for number in range(1, ROWS + 1):
        asked(application, 201, "POST", "/Products", msgspec.json.encode(product(number)))()
    return application


def main() -> None:
    body = msgspec.json.encode(product(0))
    create = ("POST", "/Products", body)
    floor_app, library_app = floor(), library()
    for title, expected, request in (
        ("Read by key", 200, ("GET", "/Products(500)", b"")),
        (f"List of {ROWS:,}", 200, ("GET", "/Products?$top=1000", b"")),
        ("Create", 201, create),
    ):
        compare(
            title,
            {"floor": asked(floor_app, expected, *request), "odata-core": asked(library_app, expected, *request)},
        )
    vmm = WsgiApp(sample_service())
    key = "(ID=guid'3499b02c-8dc9-4c0d-aa83-097a1340cbda',StampId=guid'ba4146fa-fb41-4f59-a193-ad00c52a138c')"
    compare("VMM service: read a machine", {"odata-vmm": asked(vmm, 200, "GET", f"{VMM_ROOT}VirtualMachines{key}")})


if __name__ == "__main__":
    main()
