# One service, every version: the same entity for an SAP client in verbose JSON, a WCF client in Atom, an SPF client in
# JSON light and Power BI in JSON of version 4; and what each of them writes.

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from odata_core.csdl import read_csdl
from odata_core.edm import ModelBuilder, Timestamp, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build() -> Any:
    shop = ModelBuilder("Shop")
    shop.complex("Size", properties={"Width": "Int32"})
    shop.entity(
        "Product",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Name": "String",
            "Price": "Decimal",
            "Stock": "Int64",
            "Made": "DateTimeOffset",
            "Size": "Size",
            "MakerID": "Int32",
        },
    )
    shop.entity("Maker", key="ID", properties={"ID": prop("Int32", generated=True), "Name": "String"})
    shop.navigation("Product", "Maker", to="Maker", on={"MakerID": "ID"}, partner="Products")
    shop.navigation("Maker", "Products", to="Product", many=True, partner="Maker")
    shop.navigation("Product", "Friends", to="Product", many=True)
    shop.entity_set("Products", "Product", concurrency=("Name",))
    shop.entity_set("Makers", "Maker")
    shop.entity("Label", key="Code", properties={"Code": "String", "Text": "String"})
    shop.entity_set("Labels", "Label")
    shop.singleton("Best", "Maker")
    return shop.build()


MODEL = build()
MADE = Timestamp.parse("2020-01-02T03:04:05Z")
ROWS: dict[str, Any] = {
    "Makers": [{"ID": 1, "Name": "Ann"}, {"ID": 2, "Name": "Bob"}],
    "Products": [
        {"ID": 1, "Name": "Tea", "Price": Decimal("2.50"), "Stock": 2**53 + 1, "Made": MADE, "MakerID": 1},
        {"ID": 2, "Name": "Salt & Oil", "Price": None, "Stock": None, "Size": {"Width": 5}, "MakerID": None},
    ],
    "Best": {"ID": 7, "Name": "Zoe"},
}


@pytest.fixture
def service() -> Service:
    return Service(MODEL, MemoryBackend(MODEL, ROWS), page_size=10)


def send(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.handle(Request(method, ROOT, path, query, Headers(named), content))


V2 = {"MaxDataServiceVersion": "2.0", "Accept": "application/json"}
V3 = {"MaxDataServiceVersion": "3.0", "Accept": "application/json"}
V4 = {"OData_MaxVersion": "4.0", "Accept": "application/json"}
ETAG = "W/\\"


def test_one_entity_in_every_version(service: Service) -> None:
    v2 = send(service, "GET", "Products(1)", **V2)
    assert (v2.status, v2.header("DataServiceVersion")) == (200, "2.0;")
    tag = v2.header("ETag")
    assert json.loads(v2.body) == {
        "d": {
            "__metadata": {"uri": f"{ROOT}Products(1)", "type": "Shop.Product", "etag": tag},
            "ID": 1,
            "Name": "Tea",
            "Price": "2.50",
            "Stock": "9007199254740993",
            "Made": "/Date(1577934245000+0000)/",
            "Size": None,
            "MakerID": 1,
            "Maker": {"__deferred": {"uri": f"{ROOT}Products(1)/Maker"}},
            "Friends": {"__deferred": {"uri": f"{ROOT}Products(1)/Friends"}},
        }
    }
    v3 = send(service, "GET", "Products(1)", **V3)
    assert (v3.status, v3.header("DataServiceVersion"), v3.header("ETag")) == (200, "3.0;", tag)
    plain = {"ID": 1, "Name": "Tea", "Price": "2.50", "Stock": "9007199254740993", "Made": "2020-01-02T03:04:05Z"}
    plain |= {"Size": None, "MakerID": 1}
    context = f"{ROOT}$metadata#Products/@Element"
    assert json.loads(v3.body) == {"odata.metadata": context, "odata.etag": tag, **plain}
    v4 = send(service, "GET", "Products(1)", **V4)
    assert (v4.status, v4.header("OData-Version"), v4.header("ETag")) == (200, "4.0", tag)
    context = f"{ROOT}$metadata#Products/$entity"
    numbers = {"Price": 2.5, "Stock": 9007199254740993}
    assert json.loads(v4.body) == {"@odata.context": context, "@odata.etag": tag, **plain, **numbers}
    atom = send(service, "GET", "Products(1)", MaxDataServiceVersion="2.0", Accept="application/atom+xml")
    assert (atom.status, atom.header("DataServiceVersion")) == (200, "1.0;")
    assert b'<d:Stock m:type="Edm.Int64">9007199254740993</d:Stock>' in atom.body
    assert atom.header("Content-Type") == "application/atom+xml;type=entry;charset=utf-8"


WRITES: list[tuple[dict[str, str], str, Any]] = [
    (V2, "application/json", {"Name": "New", "Price": "1.5", "Maker": {"__deferred": {"uri": "Makers(2)"}}}),
    (V3, "application/json", {"Name": "New", "Price": "1.5", "Maker@odata.bind": "Makers(2)"}),
    (V4, "application/json", {"Name": "New", "Price": 1.5, "Maker@odata.bind": f"{ROOT}Makers(2)"}),
    (
        {"MaxDataServiceVersion": "2.0", "Accept": "application/json"},
        "application/atom+xml",
        b'<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
        b'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        b'<link rel="http://schemas.microsoft.com/ado/2007/08/dataservices/related/Maker" href="Makers(2)"/>'
        b'<content type="application/xml"><m:properties><d:Name>New</d:Name><d:Price m:type="Edm.Decimal">1.5</d:Price>'
        b"</m:properties></content></entry>",
    ),
]


@pytest.mark.parametrize(("headers", "kind", "body"), WRITES, ids=["verbose", "light", "v4", "atom"])
def test_what_each_writes(service: Service, headers: dict[str, str], kind: str, body: Any) -> None:
    made = send(service, "POST", "Products", body, **headers, Content_Type=kind)
    assert (made.status, made.header("Location")) == (201, f"{ROOT}Products(3)")
    read = json.loads(send(service, "GET", "Products(3)?$expand=Maker", **V4).body)
    shown = {name: read[name] for name in ("ID", "Name", "Price", "MakerID", "Maker")}
    assert shown == {"ID": 3, "Name": "New", "Price": 1.5, "MakerID": 2, "Maker": {"ID": 2, "Name": "Bob"}}


def test_deep_insert(service: Service) -> None:
    body = {"Name": "Cid", "Products": [{"Name": "A"}, {"Name": "B"}]}
    made = send(service, "POST", "Makers", body, **V4, Content_Type="application/json")
    assert made.status == 201
    read = json.loads(send(service, "GET", "Makers(3)?$expand=Products($select=Name;$orderby=Name desc)", **V4).body)
    assert [row["Name"] for row in read["Products"]] == ["B", "A"]


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("Products(1)/Name", 200, {"@odata.context": f"{ROOT}$metadata#Products(1)/Name", "value": "Tea"}),
        ("Products(2)/Price", 204, None),
        ("Products(2)/Maker", 204, None),
        ("Products(2)/Size/Width", 200, {"@odata.context": f"{ROOT}$metadata#Products(2)/Size/Width", "value": 5}),
        ("Products(1)/Maker/Name", 200, {"@odata.context": f"{ROOT}$metadata#Makers(1)/Name", "value": "Ann"}),
        ("Best", 200, {"@odata.context": f"{ROOT}$metadata#Best", "ID": 7, "Name": "Zoe"}),
        ("Products(1)/Maker/$ref", 200, {"@odata.context": f"{ROOT}$metadata#$ref", "@odata.id": f"{ROOT}Makers(1)"}),
        (
            "Makers?$count=true&$top=0",
            200,
            {"@odata.context": f"{ROOT}$metadata#Makers", "@odata.count": 2, "value": []},
        ),
        (
            "Products?$apply=aggregate(Stock with sum as Total)",
            200,
            {
                "@odata.context": f"{ROOT}$metadata#Products(Total)",
                "value": [{"@odata.id": None, "Total@odata.type": "#Decimal", "Total": 9007199254740993}],
            },
        ),
    ],
)
def test_reading_in_version_4(service: Service, path: str, status: int, content: Any) -> None:
    response = send(service, "GET", path.replace(" ", "%20"), **V4)
    assert (response.status, json.loads(response.body) if response.body else None) == (status, content)


def test_links_without_a_constraint(service: Service) -> None:
    reference = {"@odata.id": f"{ROOT}Products(2)"}
    assert send(service, "POST", "Products(1)/Friends/$ref", reference, Content_Type="application/json").status == 204
    read = json.loads(send(service, "GET", "Products(1)/Friends?$select=ID", **V4).body)
    assert [row["ID"] for row in read["value"]] == [2]
    assert send(service, "DELETE", f"Products(1)/Friends/$ref?$id={ROOT}Products(2)").status == 204
    assert json.loads(send(service, "GET", "Products(1)/Friends", **V4).body)["value"] == []


def test_preconditions(service: Service) -> None:
    tag = send(service, "GET", "Products(1)", **V4).header("ETag") or ""
    assert send(service, "GET", "Products(1)", **V4, If_None_Match=tag).status == 304
    body = {"Name": "Mate"}
    done = send(service, "PATCH", "Products(1)", body, **V4, Content_Type="application/json", If_Match=tag)
    assert (done.status, done.header("ETag") not in (None, tag)) == (204, True)
    stale = send(service, "PATCH", "Products(1)", body, **V4, Content_Type="application/json", If_Match=tag)
    assert stale.status == 412
    strict = Service(MODEL, MemoryBackend(MODEL, ROWS), needs_if_match=True)
    assert send(strict, "DELETE", "Products(1)", **V4).status == 428


@pytest.mark.parametrize("headers", [V2, V3, V4])
@pytest.mark.parametrize("number", [None, 0, -1, -2, -(2**31)])
def test_a_key_that_only_stands_in_is_made_by_the_server(
    service: Service, headers: dict[str, str], number: int | None
) -> None:
    body = {"ID": number, "Name": "New"}
    made = [send(service, "POST", "Makers", body, **headers, Content_Type="application/json") for _ in range(2)]
    assert [one.header("Location") for one in made] == [f"{ROOT}Makers(3)", f"{ROOT}Makers(4)"]
    chosen = send(service, "POST", "Makers", {**body, "ID": 9}, **headers, Content_Type="application/json")
    assert chosen.header("Location") == f"{ROOT}Makers(9)"


def test_upsert_is_of_version_4(service: Service) -> None:
    body = {"Text": "Nine", "Code": "passed over"}
    made = send(service, "PUT", "Labels('i')", body, **V4, Content_Type="application/json")
    assert (made.status, made.header("Location"), made.header("OData-EntityId")) == (
        204,
        f"{ROOT}Labels('i')",
        f"{ROOT}Labels('i')",
    )
    assert json.loads(send(service, "GET", "Labels", **V4).body)["value"] == [{"Code": "i", "Text": "Nine"}]
    assert send(service, "PUT", "Labels('j')", body, **V3, Content_Type="application/json").status == 404


@pytest.mark.parametrize("path", ["Makers(9)", "Makers(0)", "Makers(-1)", "Makers(1)/Products(9)"])
@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_an_update_creates_nothing_whose_key_the_server_makes(service: Service, verb: str, path: str) -> None:
    before = send(service, "GET", "Makers?$expand=Products", **V4).body
    refused = send(service, verb, path, {"Name": "Nine"}, **V4, Content_Type="application/json")
    assert (refused.status, b"POST it to the collection" in refused.body) == (404, True)
    assert send(service, "GET", "Makers?$expand=Products", **V4).body == before


def test_pages_join_to_the_whole() -> None:
    rows = {"Makers": [{"ID": n, "Name": [None, "x", "y"][n % 3]} for n in range(1, 12)]}
    service = Service(MODEL, MemoryBackend(MODEL, rows), page_size=3)
    path, found = "Makers?$orderby=Name desc&$count=true", []
    while path:
        page = json.loads(send(service, "GET", path.replace(" ", "%20"), **V4).body)
        assert page["@odata.count"] == 11
        found += [row["ID"] for row in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix(ROOT)
    assert found == [2, 5, 8, 11, 1, 4, 7, 10, 3, 6, 9]


BATCH = """--b
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: application/http
Content-ID: 1

POST Makers HTTP/1.1
Content-Type: application/json

{"Name":"Eve"}
--c
Content-Type: application/http
Content-ID: 2

POST $1/Products HTTP/1.1
Content-Type: application/json

{"Name":"%s"}
--c--
--b
Content-Type: application/http

GET Makers/$count HTTP/1.1

--b--
"""


@pytest.mark.parametrize(("name", "statuses", "count"), [("Fig", [201, 201, 200], 3), ('x","Nope":"', [400, 200], 2)])
def test_a_change_set_is_done_or_not(service: Service, name: str, statuses: list[int], count: int) -> None:
    response = send(
        service, "POST", "$batch", (BATCH % name).encode(), Content_Type="multipart/mixed; boundary=b", **V3
    )
    assert (response.status, response.header("DataServiceVersion")) == (202, "1.0;")
    lines = response.body.decode().split("\r\n")
    assert [int(line.split()[1]) for line in lines if line.startswith("HTTP/1.1")] == statuses
    assert json.loads(send(service, "GET", "Makers?$count=true", **V4).body)["@odata.count"] == count


@pytest.mark.parametrize(
    ("path", "headers", "status", "shape"),
    [
        ("Nope", V4, 404, "error"),
        ("Nope", V3, 404, "odata.error"),
        ("Nope", V2, 404, "error"),
        ("Products?$filter=Nmae eq 1", V4, 400, "error"),
        ("Products(1)", {"OData_MaxVersion": "3.0"}, 400, "error"),
        ("Products", {**V4, "Accept": "text/html"}, 406, "error"),
    ],
)
def test_errors_in_each_shape(service: Service, path: str, headers: dict[str, str], status: int, shape: str) -> None:
    response = send(service, "GET", path.replace(" ", "%20"), **headers)
    assert (response.status, list(json.loads(response.body))) == (status, [shape])


def test_all_faults_are_told_at_once() -> None:
    strict = ModelBuilder("Strict")
    strict.entity("Thing", key="ID", properties={n: prop("Int32", nullable=False) for n in ("ID", "A", "B")})
    strict.entity_set("Things", "Thing")
    model = strict.build()
    answer = send(Service(model, MemoryBackend(model)), "POST", "Things", {"ID": 1}, Content_Type="application/json")
    lacking = "The property '{}' is missing: it is not nullable and has no default."
    assert json.loads(answer.body) == {
        "error": {
            "code": "400",
            "message": "2 properties do not fit: $.A, $.B.",
            "details": [{"code": "400", "message": lacking.format(name), "target": f"$.{name}"} for name in ("A", "B")],
        }
    }


@pytest.mark.parametrize(
    ("path", "headers", "status", "content_type"),
    [
        ("$metadata", {}, 200, "application/xml"),
        ("$metadata", {"Accept": "application/json"}, 200, "application/json"),
        ("$metadata?$format=json", {"Accept": "application/xml"}, 200, "application/json"),
        ("$metadata", {"Accept": "application/json", "OData_MaxVersion": "4.0"}, 200, "application/xml"),
        ("$metadata?$format=json", {"OData_MaxVersion": "4.0"}, 406, "application/json;odata.metadata=minimal"),
        ("$metadata", {"Accept": "application/json", **V2}, 200, "application/xml;charset=utf-8"),
        ("$metadata", {"Accept": "application/xml"}, 200, "application/xml"),
        ("$metadata", {"Accept": "text/html"}, 406, "application/json;odata.metadata=minimal"),
    ],
)
def test_metadata_in_both_forms(
    service: Service, path: str, headers: dict[str, str], status: int, content_type: str
) -> None:
    answer = send(service, "GET", path, **headers)
    assert (answer.status, answer.header("Content-Type")) == (status, content_type)
    if content_type.startswith("application/json;charset"):
        assert read_csdl(answer.body).entity_sets.keys() == MODEL.entity_sets.keys()


def test_metadata_is_sent_once(service: Service) -> None:
    first = send(service, "GET", "$metadata")
    again = send(service, "GET", "$metadata", If_None_Match=first.header("ETag") or "")
    assert (again.status, again.body, again.header("ETag")) == (304, b"", first.header("ETag"))
    assert first.header("Vary") == "Accept, OData-MaxVersion, MaxDataServiceVersion"
    other = send(service, "GET", "$metadata", If_None_Match=first.header("ETag") or "", **V3)
    assert (other.status, other.header("ETag") == first.header("ETag")) == (200, False)


READ_AND_SENT: list[tuple[dict[str, str], str]] = [
    (V2, "application/json"),
    (V3, "application/json;odata=verbose"),
    (V3, "application/json;odata=fullmetadata"),
    (V2, "application/atom+xml"),
    (V4, "application/json;odata.metadata=full"),
]


@pytest.mark.parametrize(("headers", "kind"), READ_AND_SENT)
@pytest.mark.parametrize("path", ["Products(1)", "Products(2)", "Makers(1)", "Products(1)/Maker", "Best"])
@pytest.mark.parametrize("replaces", [True, False])
def test_an_entity_is_sent_back_as_it_was_read(
    service: Service, headers: dict[str, str], kind: str, path: str, replaces: bool
) -> None:
    """With all its links: to one entity, to many, and to nothing."""
    headers = {**headers, "Accept": kind}
    read = send(service, "GET", path, **headers)
    verb = "PUT" if replaces else "PATCH" if headers["Accept"].endswith("metadata=full") else "MERGE"
    sent = send(service, verb, path, read.body, **headers, Content_Type=kind, If_Match="*")
    again = send(service, "GET", path, **headers)
    assert (read.status, sent.status, _timeless(again.body)) == (200, 204, _timeless(read.body))


def _timeless(body: bytes) -> bytes:
    """An answer without the moment at which an Atom entry was written."""
    return re.sub(rb"<updated>[^<]*</updated>", b"", body)


CHANGED: list[tuple[str, str, str | None]] = [
    ("Products(1)", f"{ROOT}Products(1)/Maker", "Bob"),  # its own relation: the foreign key decides
    ("Products(2)", "Products(2)/Maker", "Bob"),
    ("Makers(1)/Products(1)", "Products(1)/Maker", "Bob"),
    ("Products(1)", "Makers(2)", "Bob"),
    ("Products(1)", "Makers(1)", "Ann"),  # a bind goes before the foreign key
    ("Products(2)", "Products(1)/Maker", "Ann"),  # where the relation of another one leads
    ("Products(2)", "Products(9)/Maker", None),
    ("Products(2)", ROOT, None),
    ("Products(2)", "$metadata", None),
]


@pytest.mark.parametrize(("path", "url", "maker"), CHANGED)
def test_a_link_in_an_update_repeats_or_binds(service: Service, path: str, url: str, maker: str | None) -> None:
    body = {"MakerID": 2, "Maker": {"__deferred": {"uri": url}}}
    sent = send(service, "MERGE", path, body, **V2, Content_Type="application/json", If_Match="*")
    assert sent.status == (204 if maker else 400)
    if maker:
        read = json.loads(send(service, "GET", f"{path.rpartition('/')[2]}/Maker", **V4).body)
        assert read["Name"] == maker


def test_a_link_that_repeats_binds_nothing_anew(service: Service) -> None:
    """Only what an answer said is passed over: in version 4 a bind is always one."""
    body = {"Maker@odata.bind": "Products(2)/Maker"}
    sent = send(service, "PATCH", "Products(2)", body, **V4, Content_Type="application/json", If_Match="*")
    assert (sent.status, b"does not exist" in sent.body) == (400, True)


@pytest.mark.parametrize("path", ["", "Products", "Products(1)/Name", "$metadata", "Products?$top=1&$count=true"])
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_a_slash_behind_that_of_the_root_says_nothing(service: Service, path: str, slashes: str) -> None:
    """Clients join a root that ends in a slash and a path that begins with one."""
    plain = send(service, "GET", path, **V4)
    assert (send(service, "GET", slashes + path, **V4), plain.status) == (plain, 200)
    assert send(service, "GET", f"Products/{slashes}Name", **V4).status == 400
