# `odata serve csdl`: a document and rows become a service, in every version, below any root, with a way back.

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odata_core.cli import command_parser
from odata_core.errors import ODataError
from odata_core.service import Handler, Headers, Request, Response
from odata_memory.serve import handler

DOCUMENT = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Demo" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Note"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
<Property Name="Text" Type="Edm.String"/><Property Name="On" Type="Edm.Date"/></EntityType>
<EntityContainer Name="Container"><EntitySet Name="Notes" EntityType="Demo.Note"/>
<Singleton Name="Last" Type="Demo.Note"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
ROWS: dict[str, Any] = {
    "Notes": [{"ID": n, "Text": f"n{n}", "On": "2020-02-29"} for n in (1, 2, 3)],
    "Last": {"ID": 3, "Text": "x"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "demo.xml").write_text(DOCUMENT)
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    return tmp_path


def served(folder: Path, *words: str) -> Handler:
    arguments = ["serve", "csdl", str(folder / "demo.xml"), "--data", str(folder / "rows.json"), *words]
    return handler(command_parser(handler).parse_args(arguments))


def get(service: Handler, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Response:
    path, _, query = path.partition("?")
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return service.handle(Request(method, "http://h/", path, query, named, body))


def content(response: Response) -> Any:
    return json.loads(response.body)


def test_rows_are_served(folder: Path) -> None:
    service = served(folder, "--page-size", "2")
    page = content(get(service, "Notes", OData_MaxVersion="4.0"))
    assert page["value"] == ROWS["Notes"][:2]
    rest = content(get(service, page["@odata.nextLink"].removeprefix("http://h/")))
    assert rest["value"] == ROWS["Notes"][2:]
    assert "@odata.nextLink" not in rest
    assert content(get(service, "Last"))["Text"] == "x"
    assert b'<EntitySet Name="Notes"' in get(service, "$metadata").body


def test_the_root_and_the_default_version(folder: Path) -> None:
    service = served(folder, "--root", "/v2/demo/", "--default-version", "2.0")
    first = content(get(service, "v2/demo/Notes(1)", Accept="application/json"))
    assert first["d"]["__metadata"] == {"uri": "http://h/v2/demo/Notes(1)", "type": "Demo.Note"}
    assert get(service, "Notes").status == 404


@pytest.mark.parametrize(("told", "header"), [("1.0", "1.0;"), ("2.0", "1.0;"), ("3.0", "3.0;"), (None, "4.01")])
def test_the_version_of_a_document(folder: Path, told: str | None, header: str) -> None:
    """A request that names no version is one of the document's version."""
    if told is not None:
        (folder / "demo.xml").write_text(
            DOCUMENT.replace(
                'Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"',
                'Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"',
            )
            .replace(
                "<edmx:DataServices>",
                f'<edmx:DataServices m:DataServiceVersion="{told}" '
                'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">',
            )
            .replace("http://docs.oasis-open.org/odata/ns/edm", "http://schemas.microsoft.com/ado/2009/11/edm")
            .replace("Edm.Date", "Edm.DateTime")
            .replace('<Singleton Name="Last" Type="Demo.Note"/>', "")
        )
        (folder / "rows.json").write_text('{"Notes": [{"ID": 1}]}')
    answer = get(served(folder), "Notes(1)")
    assert (answer.header("DataServiceVersion") or answer.header("OData-Version"), answer.status) == (header, 200)


def test_an_answer_may_come_later(folder: Path) -> None:
    """4.01 Part 1, 11.6: a client that prefers so gets it from a status monitor."""
    service = served(folder, "--root", "/svc/")
    first = get(service, "svc/Notes(1)", "DELETE", Prefer="respond-async")
    while first.status == 202:
        first = get(service, str(first.header("Location")).removeprefix("http://h/"))
        if first.header("AsyncResult") is not None:
            assert (first.status, first.header("AsyncResult")) == (200, "204")
            break
    assert get(service, "svc/Notes/$count").body == b"2"


def test_the_way_back(folder: Path) -> None:
    service = served(folder, "--reset-path", "/reset")
    assert get(service, "Notes(1)", "DELETE").status == 204
    assert get(service, "Notes/$count").body == b"2"
    assert get(service, "reset", "POST").status == 204
    assert get(service, "Notes/$count").body == b"3"
    assert get(service, "reset", "PUT").status == 405


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("[]", "must hold an object with a member for each entity set"),
        ('{"Notess": []}', "there is no entity set or singleton 'Notess'. Did you mean 'Notes'?"),
        ('{"Notes": [{"ID": "x"}]}', "Notes[0]: At $.ID: a whole number is expected"),
        ('{"Notes": [{"Txt": "x"}]}', "Notes[0]: At $.Txt: the type 'Demo.Note' has no property 'Txt'"),
        ("{", "The body is not valid JSON"),
    ],
)
def test_rows_that_are_none(folder: Path, rows: str, message: str) -> None:
    (folder / "rows.json").write_text(rows)
    with pytest.raises(ODataError) as caught:
        served(folder)
    assert message in caught.value.message
