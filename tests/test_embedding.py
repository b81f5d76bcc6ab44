# The README's examples of a service within Flask, Django, Starlette and Werkzeug's dispatcher: run as they stand there.

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from odata_core.service import Headers, Request
from odata_core.service.messages import Handler
from tests.processes import REPOSITORY

BLOCKS = re.findall(r"^```python\n(.*?)^```$", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


def example(word: str) -> str:
    """The one Python example of the README that has a word."""
    found: str
    (found,) = [block for block in BLOCKS if word in block and "run_simple" not in block]
    return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "shop.py").write_text(example("MemoryBackend(model"), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("shop", None)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "README.md", "exec"), names)  # the README is ours
    return names


BREAD = {"@odata.context": "http://localhost/odata/$metadata#Products/$entity", "ID": 1, "Name": "Bread", "Price": 250}


def assert_served(app: Any) -> None:
    client = Client(app)
    found = client.get("/odata/Products(1)")
    assert (found.status_code, json.loads(found.get_data())) == (200, BREAD)
    made = client.post("/odata/Products", data=b'{"Name": "a/b"}', content_type="application/json")
    assert (made.status_code, made.headers["Location"]) == (201, "http://localhost/odata/Products(2)")
    quoted = client.get("/odata/Products?$filter=Name eq 'a/b'&$select=ID")
    assert json.loads(quoted.get_data())["value"] == [{"ID": 2}]


@pytest.mark.usefixtures("shop")
def test_flask() -> None:
    app = run(example("from flask"))["app"]
    app.add_url_rule("/hello", view_func=lambda: "Hello")
    assert_served(app)
    assert Client(app).get("/hello").get_data() == b"Hello"


@pytest.mark.usefixtures("shop")
def test_django() -> None:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(ROOT_URLCONF="tests.django_urls", SECRET_KEY="x", ALLOWED_HOSTS=["*"], DEBUG=False)
        django.setup()
    app = run(example("get_wsgi_application"))["application"]
    assert_served(app)
    assert Client(app).get("/hello").get_data() == b"Hello"


@pytest.mark.usefixtures("shop")
def test_starlette() -> None:
    app = run(example("from starlette"))["app"]
    assert asked(app, "/odata/Products(1)") == (200, BREAD)
    assert asked(app, "/nothing")[0] == 404


def asked(app: Any, path: str) -> tuple[int, Any]:
    """Status and JSON of a GET to an ASGI application."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join([message.get("body", b"") for message in sent])
    status = sent[0]["status"]
    return status, json.loads(body) if status == 200 else body


@pytest.mark.usefixtures("shop")
def test_wrappers() -> None:
    handler: Handler = run(example("Forwarded(Cors("))["handler"]
    headers = Headers({"X-Forwarded-Host": "shop.example", "Origin": "https://portal.example"})
    answer = handler.handle(Request("GET", "http://inside/", "Products(1)", headers=headers, remote="10.0.0.7"))
    assert json.loads(answer.body)["@odata.context"] == "http://shop.example/$metadata#Products/$entity"
    assert answer.header("Access-Control-Allow-Origin") == "https://portal.example"
    assert import_module("shop").service is not handler
