# The exchange that started the project, byte for byte over a real socket against `odata serve vmm`: the published
# request goes out as printed, and status, headers and body come back as printed, ids, times and host aside.

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.processes import Server, read_until, running

ROOT = "/97FD50F3-1DC0-41B6-A7C0-2B4FF4C3F7E3/services/systemcenter/vmm/"

BODY = """{
    "odata.type": "VMM.VMCheckPoint",
    "Accessibility": null,
    "AddedTime": null,
    "CheckpointID": null,
    "Confirm": null,
    "Description": "This is a snapshot of the VM taken at 8/19/2013 3:02:33 PM",
    "Enabled": null, "ID": "00000000-0000-0000-0000-000000000000",
    "ModifiedTime": null,
    "Name": "Testing Checkpoint #1",
    "ParentCheckpointID": null,
    "RunAsynchronously": null,
    "StampId": "ba4146fa-fb41-4f59-a193-ad00c52a138c",
    "VMCheckPointAction": null,
    "VMId": "3499b02c-8dc9-4c0d-aa83-097a1340cbda"
}"""

REQUEST_HEAD = f"""POST {ROOT}VMCheckPoints HTTP/1.1
DataServiceVersion: 3.0;NetFx
MaxDataServiceVersion: 3.0;NetFx
Accept: application/json;odata=minimalmetadata
Accept-Charset: UTF-8
DataServiceUrlConventions: KeyAsSegment
User-Agent: Microsoft ADO.NET Data Services
x-ms-principal-id: user@contoso.com
Content-Type: application/json;odata=minimalmetadata
Host: spfn-457:8090
Content-Length: {len(BODY)}
Expect: 100-continue

"""

# The printed response, in the server's order of properties (the page shows them sorted).
PRINTED: dict[str, Any] = {
    "odata.metadata": f"http://spfn-457:8090{ROOT}$metadata#VMCheckPoints/@Element",
    "Accessibility": "Public",
    "CheckpointID": None,
    "Description": "This is a snapshot of the VM taken at 8/19/2013 3:02:33 PM",
    "Enabled": True,
    "ID": "a11cc636-5521-4f88-92b2-cad392911fe0",
    "Name": "Testing Checkpoint #1",
    "ParentCheckpointID": None,
    "VMId": "3499b02c-8dc9-4c0d-aa83-097a1340cbda",
    "AddedTime": "2013-08-19T15:02:36.591591-07:00",
    "ModifiedTime": "2013-08-19T15:02:36.8185926-07:00",
    "StampId": "ba4146fa-fb41-4f59-a193-ad00c52a138c",
    "VMCheckPointAction": None,
    "Confirm": None,
    "RunAsynchronously": None,
}
MADE_BY_THE_SERVER = ("ID", "AddedTime", "ModifiedTime")
GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?-0[78]:00"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A fresh service, whose clock is that of the printed response."""
    command = ["-m", "odata_core.cli", "serve", "vmm", "--port", "0", "--timezone", "America/Los_Angeles"]
    pattern = rf"Listening on http://127\.0\.0\.1:(\d+){ROOT.lower()}\n"
    with running(command, tmp_path / "log", pattern) as started:
        yield started


def exchange(connection: socket.socket, head: str, body: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body; the body is only sent once the server says 100 Continue."""
    connection.sendall(head.replace("\n", "\r\n").encode("ascii"))
    assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 Continue\r\n")
    connection.sendall(body.encode("utf-8"))
    answer = read_until(connection, b"\r\n\r\n").decode("ascii").splitlines()
    headers = dict(line.split(": ", 1) for line in answer[1:-1])
    headers = {name.lower(): value for name, value in headers.items()}
    left = int(headers["content-length"])
    content = b""
    while len(content) < left:
        content += connection.recv(left - len(content))
    return answer[0], headers, content


def test_the_published_exchange(server: Server) -> None:
    with server.connect() as connection:
        status, headers, content = exchange(connection, REQUEST_HEAD, BODY)
    assert status == "HTTP/1.1 201 Created"
    entity = msgspec.json.decode(content)
    assert list(entity) == list(PRINTED)
    assert {name: value for name, value in entity.items() if name not in MADE_BY_THE_SERVER} == {
        name: value for name, value in PRINTED.items() if name not in MADE_BY_THE_SERVER
    }
    assert re.fullmatch(GUID, entity["ID"])
    assert entity["ID"] != "00000000-0000-0000-0000-000000000000"
    assert re.fullmatch(TIME, entity["AddedTime"])
    assert re.fullmatch(TIME, entity["ModifiedTime"])
    assert entity["AddedTime"] < entity["ModifiedTime"]
    key = f"(ID=guid'{entity['ID']}',StampId=guid'ba4146fa-fb41-4f59-a193-ad00c52a138c')"
    made = {name: headers.pop(name) for name in ("x-ms-request-id", "request-id", "date", "server")}
    assert headers == {
        "cache-control": "no-cache",
        "content-length": str(len(content)),
        "content-type": "application/json;odata=minimalmetadata;streaming=true;charset=utf-8",
        "location": f"http://spfn-457:8090{ROOT}VMCheckPoints{key}",
        "x-content-type-options": "nosniff",
        "dataserviceversion": "3.0;",
    }
    assert re.fullmatch(GUID, made["x-ms-request-id"])
    assert re.fullmatch(GUID, made["request-id"])


def test_the_published_life_of_a_checkpoint(server: Server) -> None:
    """Create, read, restore and delete as the three documentation pages show them."""
    with server.connect() as connection:
        _status, headers, content = exchange(connection, REQUEST_HEAD, BODY)
    created = msgspec.json.decode(content)
    path = headers["location"].removeprefix("http://spfn-457:8090")
    status, read = server.get(path, Accept="application/json")
    assert status == 200
    assert re.fullmatch(GUID, read.pop("CheckpointID"))
    created["odata.metadata"] = f"http://127.0.0.1:{server.port}{ROOT}$metadata#VMCheckPoints/@Element"
    assert read == {name: value for name, value in created.items() if name != "CheckpointID"}
    restore = b'{ "VMCheckPointAction": "Restore", "odata.type": "VMM.VMCheckPoint" }'
    json_light = "application/json;odata=minimalmetadata"
    assert server.get(path, "MERGE", restore, Content_Type=json_light, DataServiceVersion="3.0;NetFx") == (204, None)
    assert server.get(path, "DELETE", DataServiceVersion="1.0;NetFx") == (204, None)
    assert server.get(path, Accept="application/json")[0] == 404
    log = server.log.read_text()
    assert [line.split()[2:3] + line.split()[4:5] for line in log.splitlines()] == [
        ["POST", "201"],
        ["GET", "200"],
        ["MERGE", "204"],
        ["DELETE", "204"],
        ["GET", "404"],
    ]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("a%2Fb", "a/b"),
        ("100%25", "100%"),
        ("O%27Brien", "O'Brien"),
        ("O'Brien", "O'Brien"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("%252F", "%2F"),
        ("%C3%A9%20x", "é x"),
    ],
)
def test_keys_arrive_intact(server: Server, key: str, shown: str) -> None:
    """The key is understood once and whole: the server names it in the error of a role that is not there."""
    status, body = server.get(f"{ROOT}UserRoles/{key}", DataServiceUrlConventions="KeyAsSegment")
    message = body["odata.error"]["message"]["value"]
    assert status == 400
    assert message.startswith(f"The segment '{shown}' is not a key value for 'ID' of type Edm.Guid")
