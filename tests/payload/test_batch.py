# Batch bodies: what real clients send is read, whatever their line ends; answers are strict MIME.

from __future__ import annotations

import json
from contextlib import suppress
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.payload.batch import BatchAnswer, BatchRequest
from odata_core.payload.batch_json import read_json_batch, write_json_batch
from odata_core.payload.batch_multipart import read_multipart, write_multipart

LIMITS = Limits()
TYPE = "multipart/mixed; boundary=batch_1"
BATCH = """--batch_1
Content-Type: application/http
Content-Transfer-Encoding: binary

GET Products(1)?$select=Name HTTP/1.1
Accept: application/json


--batch_1
Content-Type: multipart/mixed; boundary="change set"

--change set
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

POST http://host/Categories HTTP/1.1
Content-Type: application/json
Content-Length: 12

{"Name":"X"}
--change set
Content-Type: application/http

PUT $1/Products/$links/Category HTTP/1.1
Content-ID: 2
Content-Type: application/json

{"url":"$1"}

--change set--
--batch_1--
"""
REQUESTS = [
    BatchRequest("GET", "Products(1)?$select=Name", {"accept": "application/json"}),
    BatchRequest(
        "POST", "http://host/Categories", {"content-type": "application/json"}, b'{"Name":"X"}', "1", "changeset 2"
    ),
    BatchRequest(
        "PUT",
        "$1/Products/$links/Category",
        {"content-type": "application/json"},
        b'{"url":"$1"}',
        "2",
        "changeset 2",
    ),
]


def trimmed(requests: list[BatchRequest]) -> list[tuple[Any, ...]]:
    return [(r.method, r.url, dict(r.headers), r.body.strip(), r.id, r.group) for r in requests]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\r\n" + text.replace("\n", "\r\n"),
        lambda text: text.replace("--batch_1\n", "--batch_1  \n"),
        lambda text: "preamble\n" + text + "epilogue",
        lambda text: text.replace("Content-Transfer-Encoding: binary\n", ""),
        lambda text: text.replace(" HTTP/1.1", ""),
        lambda text: text.replace("Content-ID", "Content-Id"),
    ],
    ids=["lf", "crlf", "leading crlf", "blanks", "around", "few headers", "no version", "case"],
)
def test_what_clients_write(change: Any) -> None:
    assert trimmed(read_multipart(change(BATCH).encode(), TYPE, LIMITS)) == trimmed(REQUESTS)


def test_a_body_is_as_long_as_it_says() -> None:
    assert read_multipart(BATCH.encode(), TYPE, LIMITS)[1].body == b'{"Name":"X"}'


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (BATCH, "multipart/mixed", "needs a boundary"),
        (BATCH, "application/json", "is sent as multipart/mixed"),
        (BATCH, "multipart/mixed; boundary=other", "The boundary 'other' is nowhere in the body."),
        (BATCH.replace("--batch_1--", ""), TYPE, "ends without the closing boundary 'batch_1--'"),
        (BATCH.replace("GET Products", "Products"), TYPE, "In part 1 of the batch, 'Products(1)?$select=Name HTTP"),
        (
            BATCH.replace("Accept: a", "Accept a"),
            TYPE,
            "In part 1 of the batch, 'Accept application/json' is no header",
        ),
        (BATCH.replace("application/http\n\nPUT", "text/plain\n\nPUT"), TYPE, "In part 2, change set, part 2 of the"),
    ],
)
def test_multipart_refusals(body: str, content_type: str, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        read_multipart(body.encode(), content_type, LIMITS)
    assert message in caught.value.message


def test_the_number_of_requests_is_bounded() -> None:
    with pytest.raises(BadRequest, match="batch_parts is 2"):
        read_multipart(BATCH.encode(), TYPE, Limits(batch_parts=2))
    body = json.dumps({"requests": [{"id": str(n), "method": "GET", "url": "X"} for n in range(3)]}).encode()
    with pytest.raises(BadRequest, match="batch_parts is 2"):
        read_json_batch(body, Limits(batch_parts=2))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for text in (body, b"--batch_1\r\n" + body + b"\r\n--batch_1--"):
        with suppress(ODataError):
            read_multipart(text, TYPE, LIMITS)
        with suppress(ODataError):
            read_json_batch(text, LIMITS)


ANSWERS = [
    BatchAnswer(200, (("Content-Type", "application/json"), ("OData-Version", "4.0")), b'{"value":1}', "1"),
    BatchAnswer(201, (("Location", "http://host/X(1)"),), b"", "2", "changeset 2"),
    BatchAnswer(204, (), b"", "3", "changeset 2"),
    BatchAnswer(404, (("Content-Type", "application/xml"),), b"<error/>", None),
]


@pytest.mark.parametrize("id_in_mime", [True, False])
def test_answers_are_mime(id_in_mime: bool) -> None:
    body = write_multipart(ANSWERS, "x", id_in_mime=id_in_mime)
    assert b"\n" not in body.replace(b"\r\n", b"")
    message = message_from_bytes(b"Content-Type: multipart/mixed; boundary=batchresponse_x\r\n\r\n" + body)
    parts: Any = message.get_payload()
    first, changes, last = parts
    headers = [("Content-Type", "application/http"), ("Content-Transfer-Encoding", "binary")]
    own = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nOData-Version: 4.0\r\n%sContent-Length: 11\r\n\r\n"
    assert first.items() == [*headers, *([("Content-ID", "1")] if id_in_mime else [])]
    assert first.get_payload() == own % ("" if id_in_mime else "Content-ID: 1\r\n") + '{"value":1}'
    assert [part.get_payload().splitlines()[0] for part in changes.get_payload()] == [
        "HTTP/1.1 201 Created",
        "HTTP/1.1 204 No Content",
    ]
    assert changes.get_boundary() == "changesetresponse_x-2"
    assert last.items() == headers
    assert body.endswith(b"--batchresponse_x--\r\n")


JSON = {
    "requests": [
        {"id": "a", "method": "get", "url": "Products(1)"},
        {"id": "b", "method": "POST", "url": "X", "headers": {"Content-Type": "application/json"}, "body": {"N": 1},
         "atomicityGroup": "g"},
        {"id": "c", "method": "PUT", "url": "$b/N/$value", "headers": {"content-type": "text/plain"}, "body": "é",
         "atomicityGroup": "g", "dependsOn": ["b"]},
        {"id": "d", "method": "PUT", "url": "Y/$value", "headers": {"content-type": "image/png"}, "body": "AAEC",
         "dependsOn": ["g"]},
    ]
}  # fmt: skip


def test_json_requests() -> None:
    assert read_json_batch(json.dumps(JSON).encode(), LIMITS) == [
        BatchRequest("GET", "Products(1)", {}, b"", "a"),
        BatchRequest("POST", "X", {"content-type": "application/json"}, b'{"N":1}', "b", "g"),
        BatchRequest("PUT", "$b/N/$value", {"content-type": "text/plain"}, "é".encode(), "c", "g", ("b",)),
        BatchRequest("PUT", "Y/$value", {"content-type": "image/png"}, b"\0\1\2", "d", None, ("g",)),
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda requests: requests[1].update(id="a"), "$.requests[1].id"),
        (lambda requests: requests[1].pop("id"), "$.requests[1].id"),
        (lambda requests: requests[0].update(method=5), "$.requests[0].method"),
        (lambda requests: requests[0].update(headers=[]), "$.requests[0].headers"),
        (lambda requests: requests[0].update(verb="x"), "$.requests[0].verb"),
        (lambda requests: requests[2].update(dependsOn=["d"]), "$.requests[2].dependsOn"),
        (lambda requests: requests[3].update(body="!"), "$.requests[3].body"),
        (lambda requests: requests[2].update(body={}), "$.requests[2].body"),
        (lambda requests: requests.insert(2, {"id": "e", "method": "GET", "url": "Z"}), "$.requests[3].atomicityGroup"),
        (lambda requests: requests.insert(0, 5), "$.requests[0]"),
    ],
)
def test_json_refusals(change: Any, path: str) -> None:
    content = json.loads(json.dumps(JSON))
    change(content["requests"])
    with pytest.raises(BadRequest) as caught:
        read_json_batch(json.dumps(content).encode(), LIMITS)
    assert caught.value.target == path


def test_json_answers() -> None:
    assert json.loads(write_json_batch(ANSWERS)) == {
        "responses": [
            {
                "id": "1",
                "status": 200,
                "headers": {"content-type": "application/json", "odata-version": "4.0"},
                "body": {"value": 1},
            },
            {"id": "2", "atomicityGroup": "changeset 2", "status": 201, "headers": {"location": "http://host/X(1)"}},
            {"id": "3", "atomicityGroup": "changeset 2", "status": 204},
            {"id": None, "status": 404, "headers": {"content-type": "application/xml"}, "body": "<error/>"},
        ]
    }
