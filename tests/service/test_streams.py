# Media entities and stream properties over HTTP: content, parts of it, ETags, and what a refused write leaves.

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from odata_core.backend import Stream
from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"
BYTES = bytes(range(100))


def build() -> Any:
    files = ModelBuilder("Files")
    files.entity(
        "Picture",
        key="ID",
        properties={"ID": prop("Int32", generated=True), "Title": prop("String", nullable=False), "Icon": "Stream"},
        has_stream=True,
    )
    files.entity("Note", key="Name", properties={"Name": "String", "Text": "String"}, has_stream=True)
    files.entity("Plain", key="ID", properties={"ID": "Int32", "Icon": "Stream"})
    files.entity("Album", key="ID", properties={"ID": "Int32"})
    files.navigation("Album", "Pictures", to="Picture", many=True, on={"ID": "ID"})
    files.entity_set("Albums", "Album")
    files.entity_set("Pictures", "Picture")
    files.entity_set("Notes", "Note")
    files.entity_set("Plains", "Plain")
    return files.build()


MODEL = build()


@pytest.fixture
def service() -> Service:
    rows: dict[str, Any] = {
        "Pictures": [{"ID": 1, "Title": "a"}, {"ID": 2, "Title": "b"}],
        "Plains": [{"ID": 1}],
        "Albums": [{"ID": 1}],
    }
    streams = {
        ("Pictures", (1,), None): Stream("image/png", BYTES),
        ("Pictures", (1,), "Icon"): Stream("image/gif", b"icon"),
    }
    return Service(MODEL, MemoryBackend(MODEL, rows, streams=streams))


def send(service: Service, method: str, path: str, body: bytes = b"", **headers: Any) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.handle(Request(method, ROOT, path, "", Headers(named), body))


def told(answer: Response) -> tuple[int, str | None, bytes]:
    return answer.status, answer.header("Content-Type"), answer.body


@pytest.mark.parametrize("version", [{}, {"MaxDataServiceVersion": "3.0"}, {"MaxDataServiceVersion": "2.0"}])
def test_content_is_read_as_it_is(service: Service, version: dict[str, Any]) -> None:
    assert told(send(service, "GET", "Pictures(1)/$value", **version)) == (200, "image/png", BYTES)
    if version != {"MaxDataServiceVersion": "2.0"}:
        assert told(send(service, "GET", "Pictures(1)/Icon", **version)) == (200, "image/gif", b"icon")
    answer = send(service, "GET", "Pictures(1)/$value", Accept="application/json", **version)
    assert told(answer) == (200, "image/png", BYTES)
    assert answer.header("Content-Security-Policy") == "default-src 'none'; sandbox"
    assert answer.header("X-Content-Type-Options") == "nosniff"


PARTS = [
    ("bytes=0-9", 206, BYTES[:10], "bytes 0-9/100"),
    ("bytes=90-", 206, BYTES[90:], "bytes 90-99/100"),
    ("bytes=-5", 206, BYTES[-5:], "bytes 95-99/100"),
    ("bytes=95-500", 206, BYTES[95:], "bytes 95-99/100"),
    ("bytes=0-1,5-6", 200, BYTES, None),
    ("lines=0-1", 200, BYTES, None),
    ("nonsense", 200, BYTES, None),
]


@pytest.mark.parametrize(("wanted", "status", "content", "described"), PARTS)
def test_parts(service: Service, wanted: str, status: int, content: bytes, described: str | None) -> None:
    answer = send(service, "GET", "Pictures(1)/$value", Range=wanted)
    assert (*told(answer), answer.header("Content-Range")) == (status, "image/png", content, described)
    assert answer.header("Accept-Ranges") == "bytes"


def test_a_part_that_is_not_there(service: Service) -> None:
    answer = send(service, "GET", "Pictures(1)/$value", Range="bytes=100-")
    assert (answer.status, answer.header("Content-Range")) == (416, "bytes */100")
    assert json.loads(answer.body)["error"]["target"] == "Range"


def test_if_range(service: Service) -> None:
    etag = send(service, "GET", "Pictures(1)/$value").header("ETag") or ""
    same = send(service, "GET", "Pictures(1)/$value", Range="bytes=0-1", If_Range=etag)
    other = send(service, "GET", "Pictures(1)/$value", Range="bytes=0-1", If_Range='"other"')
    assert (told(same), told(other)) == ((206, "image/png", BYTES[:2]), (200, "image/png", BYTES))


def test_what_is_known_is_not_sent_again(service: Service) -> None:
    etag = send(service, "GET", "Pictures(1)/Icon").header("ETag") or ""
    answer = send(service, "GET", "Pictures(1)/Icon", If_None_Match=etag)
    assert (*told(answer), answer.header("ETag")) == (304, None, b"", etag)


def test_put_replaces(service: Service) -> None:
    before = send(service, "GET", "Pictures(1)/$value").header("ETag") or ""
    answer = send(service, "PUT", "Pictures(1)/$value", b"new", Content_Type="text/plain", If_Match=before)
    now = send(service, "GET", "Pictures(1)/$value")
    assert (told(answer), answer.header("ETag")) == ((204, None, b""), now.header("ETag"))
    assert told(now) == (200, "text/plain", b"new")
    refused = send(service, "PUT", "Pictures(1)/$value", b"late", Content_Type="text/plain", If_Match=before)
    assert (refused.status, send(service, "GET", "Pictures(1)/$value").body) == (412, b"new")
    entity = json.loads(send(service, "GET", "Pictures(1)", Accept="application/json;odata.metadata=full").body)
    assert entity["@odata.mediaContentType"] == "text/plain"
    assert entity["@odata.mediaEtag"] == now.header("ETag")


def test_delete_leaves_none(service: Service) -> None:
    assert send(service, "DELETE", "Pictures(1)/Icon").status == 204
    assert send(service, "GET", "Pictures(1)/Icon").status == 204  # 11.4.8.2
    assert send(service, "GET", "Pictures(1)/$value").body == BYTES


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", "Pictures(1)/$value", 405, "GET, HEAD, PUT, DELETE"),
        ("DELETE", "Plains(1)/$value", 400, None),
        ("DELETE", "Pictures(3)/$value", 404, None),
        ("POST", "Pictures(1)/Icon", 405, "GET, HEAD, PUT, DELETE"),
        ("PATCH", "Pictures(1)/Icon", 405, "GET, HEAD, PUT, DELETE"),
        ("GET", "Pictures(2)/$value", 404, None),
        ("GET", "Pictures(3)/$value", 404, None),
        ("PUT", "Pictures(3)/$value", 404, None),
        ("GET", "Plains(1)/$value", 400, None),
    ],
)
def test_refused(service: Service, method: str, path: str, status: int, allow: str | None) -> None:
    answer = send(service, method, path, b"x")
    assert (answer.status, answer.header("Allow")) == (status, allow)


def test_a_media_entity_is_made_of_its_content(service: Service) -> None:
    answer = send(service, "POST", "Pictures", b"GIF89a", Content_Type="image/gif")
    assert (answer.status, answer.header("Location")) == (201, ROOT + "Pictures(3)")
    assert json.loads(answer.body) == {
        "@odata.context": ROOT + "$metadata#Pictures/$entity",
        "@odata.mediaContentType": "image/gif",
        "@odata.mediaEtag": send(service, "GET", "Pictures(3)/$value").header("ETag"),
        "ID": 3,
        "Title": "",
    }
    assert told(send(service, "GET", "Pictures(3)/$value")) == (200, "image/gif", b"GIF89a")
    assert send(service, "DELETE", "Pictures(3)").status == 204
    assert send(service, "GET", "Pictures(3)/$value").status == 404


def test_slug_is_a_key_of_text(service: Service) -> None:
    answer = send(service, "POST", "Notes", b"x", Content_Type="text/plain", Slug="todo")
    assert (answer.status, answer.header("Location")) == (201, ROOT + "Notes('todo')")
    made = send(service, "POST", "Notes", b"y", Content_Type="text/plain")
    assert (made.status, len(json.loads(made.body)["Name"])) == (201, 32)


@pytest.mark.parametrize("media_type", ["nonsense", "ä/b"])
def test_a_stream_has_a_media_type(service: Service, media_type: str) -> None:
    assert send(service, "POST", "Pictures", b"x", Content_Type=media_type).status == 415
    assert send(service, "GET", "Pictures/$count").body == b"2"


# ------------------------------------------------------------ streams in $expand (4.01 Part 2, 5.1.3; JSON Format, 9)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("image/gif", b"\xff\xfeicon", "__5pY29u"),
        ("text/plain", "Grüße".encode(), "Grüße"),
        ("text/plain;charset=latin-1", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain", b"\xff", "_w"),
        ("text/plain;charset=nonsense", b"a", "YQ"),
        ("application/json", b'{"a":[1,null]}', {"a": [1, None]}),
        ("application/problem+json", b"5", 5),
        ("application/json", b"{", "ew"),
        ("image/gif", b"", ""),
    ],
)
def test_a_stream_is_expanded(service: Service, kind: str, content: bytes, expected: Any) -> None:
    assert send(service, "PUT", "Pictures(1)/Icon", content, Content_Type=kind, If_Match="*").status == 204
    one = read(service, "Pictures(1)?$expand=Icon&$select=ID")
    assert (one["ID"], one["Icon@odata.mediaContentType"], one["Icon"]) == (1, kind, expected)
    assert "Title" not in one
    many = read(service, "Pictures?$expand=Icon&$orderby=ID desc")["value"]
    assert [(row["Title"], row["Icon"]) for row in many] == [("b", None), ("a", expected)]
    assert "Icon" not in read(service, "Pictures(1)")


def test_the_stream_of_a_media_entity_is_expanded(service: Service) -> None:
    """4.01 JSON Format, 10: as base64url, whatever it is."""
    assert send(service, "PUT", "Pictures(2)/$value", "Grüße".encode(), Content_Type="text/plain").status == 204
    expected = {1: base64.urlsafe_b64encode(BYTES).decode().rstrip("="), 2: "R3LDvMOfZQ"}
    for level in ("minimal", "full", "none"):
        page = read(service, f"Pictures?$expand=$value&$select=ID&$format=application/json;odata.metadata={level}")
        assert {row["ID"]: row["$value"] for row in page["value"]} == expected
        assert "@odata.mediaContent" not in page["value"][0]
    one = read(service, "Pictures(2)?$expand=$value,Icon&$select=Title")
    assert (one["$value"], one["Icon"], one["Title"]) == (expected[2], None, "b")


def test_streams_of_what_is_expanded(service: Service) -> None:
    album = read(service, "Albums(1)?$expand=Pictures($expand=Icon,$value;$select=ID)")
    (picture,) = album["Pictures"]
    assert (picture["Icon"], picture["$value"][:8]) == ("aWNvbg", "AAECAwQF")
    assert read(service, "Albums?$filter=ID gt 5&$expand=Pictures($expand=$value)")["value"] == []


@pytest.mark.parametrize(
    ("path", "version", "status"),
    [
        ("Plains?$expand=$value", "4.01", 400),
        ("Pictures?$expand=$value", "3.0", 400),
        ("Albums(1)/Pictures?$expand=Icon", "4.01", 200),
        ("Pictures?$expand=Icon", "3.0", 400),
    ],
)
def test_what_cannot_be_expanded_is_told(service: Service, path: str, version: str, status: int) -> None:
    path, _, query = path.partition("?")
    header = "OData-MaxVersion" if version > "4" else "MaxDataServiceVersion"
    request = Request("GET", ROOT, path, query, Headers({header: version}))
    assert service.handle(request).status == status


def read(service: Service, path: str) -> Any:
    path, _, query = path.partition("?")
    query = query.replace(" ", "%20")
    answer = service.handle(Request("GET", ROOT, path, query, Headers({"OData-MaxVersion": "4.01"})))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)
