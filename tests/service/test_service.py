# The service over a small model in memory: what each kind of resource answers, byte for byte, and what a write does.

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from odata_core.backend import Answer, Context, Key, Query, Reads, Row, Source
from odata_core.edm import Model, ModelBuilder, prop
from odata_core.protocol import ODATA_3
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/odata/"
META = f"{ROOT}$metadata"
LIGHT = "application/json;odata={};streaming=true;charset=utf-8"
XML = "application/xml;charset=utf-8"
M = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"


def _model() -> Model:
    """Makers and their products; one without a maker has `MakerID` null. Labels have a stream and a key of two."""
    builder = ModelBuilder("Shop")
    builder.complex("Size", properties={"Width": "Int32", "Unit": "String"})
    builder.entity("Maker", key="ID", properties={"ID": prop("Int32", generated=True), "Name": "String"})
    builder.entity(
        "Product",
        key="ID",
        properties={
            "ID": prop("Int32", generated=True),
            "Name": prop("String", max_length=10),
            "Price": "Decimal",
            "Stock": prop("Int64", nullable=False, default=1),
            "Size": "Size",
            "Tags": "Collection(String)",
            "Picture": "Binary",
            "MakerID": "Int32",
        },
    )
    builder.entity(
        "Label", key=("Text", "Number"), properties={"Text": "String", "Number": "Int16", "Image": prop("Stream")}
    )
    for name in ("Maker", "Product", "Label"):
        builder.entity_set(f"{name}s", name)
    builder.navigation("Maker", "Products", to="Product", many=True, on={"ID": "MakerID"})
    builder.navigation("Product", "Maker", to="Maker", many=False, on={"MakerID": "ID"})
    builder.navigation("Product", "Labels", to="Label", many=True, on={})
    return builder.build()


MODEL = _model()
ROWS: dict[str, list[Row]] = {
    "Makers": [{"ID": 1, "Name": "Acme"}, {"ID": 2, "Name": None}],
    "Products": [
        {
            "ID": 1,
            "Name": 'Tea & "é"',
            "Price": Decimal("2.50"),
            "Stock": 2**53 + 1,
            "Size": {"Width": 5, "Unit": None},
            "Tags": ["a", "b"],
            "Picture": b"\x00\xff",
            "MakerID": 1,
        },
        {"ID": 2, "Name": "Milk", "MakerID": 1},
        {"ID": 3, "Name": "Salt"},
    ],
    "Labels": [{"Text": "it's/1", "Number": 7, "Image": "image/png"}],
}
LABEL = "Labels(Text='it''s%2F1',Number=7)"

TEA: dict[str, Any] = {
    "ID": 1,
    "Name": 'Tea & "é"',
    "Price": "2.50",
    "Stock": "9007199254740993",
    "Size": {"Width": 5, "Unit": None},
    "Tags": ["a", "b"],
    "Picture": "AP8=",
    "MakerID": 1,
}
MILK: dict[str, Any] = {
    "ID": 2,
    "Name": "Milk",
    "Price": None,
    "Stock": "1",
    "Size": None,
    "Tags": [],
    "Picture": None,
    "MakerID": 1,
}
SALT = {**MILK, "ID": 3, "Name": "Salt", "MakerID": None}


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(MODEL, ROWS)


@pytest.fixture
def service(backend: MemoryBackend) -> Service:
    return Service(MODEL, backend, profile=ODATA_3)


def send(
    service: Service, method: str, path: str, query: str = "", content: Any = None, **headers: str | None
) -> Response:
    """One request; `headers` by their names with `_` for `-`, and None for one that is not sent."""
    given = {"Accept": "application/json", "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    sent = Headers({name: value for name, value in given.items() if value is not None})
    body = b"" if content is None else content if isinstance(content, bytes) else msgspec.json.encode(content)
    return service.handle(Request(method, ROOT, path, query, sent, body))


def shown(response: Response) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body, the body as a value where it is JSON; what every answer has is checked and left out."""
    headers = dict(response.headers)
    assert len(headers) == len(response.headers)
    assert (headers.pop("Cache-Control"), headers.pop("X-Content-Type-Options")) == ("no-cache", "nosniff")
    is_json = headers.get("Content-Type", "").startswith("application/json")
    return response.status, headers, msgspec.json.decode(response.body) if is_json else response.body


def typed(content_type: str, version: str = "3.0;") -> dict[str, str]:
    return {"Content-Type": content_type, "DataServiceVersion": version}


def stored(backend: MemoryBackend) -> dict[str, list[Row]]:
    """All rows by set, in the order of their keys."""
    with backend.session(Context()) as session:
        return {
            name: sorted(session.select(Query(where)).rows, key=where.type.key_of)
            for name, where in MODEL.entity_sets.items()
        }


def product(backend: MemoryBackend, key: int) -> Row | None:
    with backend.session(Context()) as session:
        return session.get(MODEL.entity_sets["Products"], (key,))


# Reading ---------------------------------------------------------------------------------------------------------

FULL_MILK = {
    "odata.type": "Shop.Product",
    "odata.id": ROOT + "Products(2)",
    "odata.editLink": "Products(2)",
    "Maker@odata.navigationLinkUrl": "Products(2)/Maker",
    "Maker@odata.associationLinkUrl": "Products(2)/$links/Maker",
    "Labels@odata.navigationLinkUrl": "Products(2)/Labels",
    "Labels@odata.associationLinkUrl": "Products(2)/$links/Labels",
    "ID": 2,
    "Name": "Milk",
    "Price": None,
    "Stock@odata.type": "Edm.Int64",
    "Stock": "1",
    "Size": None,
    "Tags@odata.type": "Collection(Edm.String)",
    "Tags": [],
    "Picture": None,
    "MakerID": 1,
}
ONE = "/@Element"

# path and query -> the fragment of odata.metadata, and the rest of the body at minimal metadata
JSON_GETS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("", "", "", {"value": [{"name": n, "url": n} for n in ("Makers", "Products", "Labels")]}),
    ("Products", "", "Products", {"value": [TEA, MILK, SALT]}),
    ("Products()", "", "Products", {"value": [TEA, MILK, SALT]}),
    ("Products", "$top=1&$skip=1", "Products", {"value": [MILK]}),
    ("Products", "$orderby=Name&$inlinecount=allpages&$top=1", "Products", {"odata.count": "3", "value": [MILK]}),
    ("Products", "$filter=MakerID eq null&$inlinecount=none", "Products", {"value": [SALT]}),
    ("Products", "$select=Name,ID&$filter=ID gt 2", "Products&$select=Name,ID", {"value": [{"ID": 3, "Name": "Salt"}]}),
    ("Products", "$select=*&$filter=false", "Products", {"value": []}),
    ("Products", "$select=Maker&$top=1", "Products&$select=Maker", {"value": [{}]}),
    ("Products", "custom=1&custom=2&x", "Products", {"value": [TEA, MILK, SALT]}),
    ("Products(1)", "", f"Products{ONE}", TEA),
    ("Products(ID=2)/", "", f"Products{ONE}", MILK),
    ("Products(3)", "$select=Tags", f"Products{ONE}&$select=Tags", {"Tags": []}),
    (LABEL, "", f"Labels{ONE}", {"Text": "it's/1", "Number": 7, "Image@odata.mediaContentType": "image/png"}),
    ("Products(1)/Maker", "", f"Makers{ONE}", {"ID": 1, "Name": "Acme"}),
    ("Products(1)/Maker/Products(2)/Maker", "", f"Makers{ONE}", {"ID": 1, "Name": "Acme"}),
    ("Makers(1)/Products", "$orderby=ID desc", "Products", {"value": [MILK, TEA]}),
    ("Makers(2)/Products", "$inlinecount=allpages", "Products", {"odata.count": "0", "value": []}),
    ("Products(1)/Name", "", "Edm.String", {"value": TEA["Name"]}),
    ("Products(1)/Stock", "", "Edm.Int64", {"value": "9007199254740993"}),
    ("Products(1)/Size", "", "Shop.Size", {"Width": 5, "Unit": None}),
    ("Products(1)/Size/Width", "", "Edm.Int32", {"value": 5}),
    ("Products(1)/Size/Unit", "", "Edm.Null", {"odata.null": True}),
    ("Products(1)/Tags", "", "Collection(Edm.String)", {"value": ["a", "b"]}),
    ("Products(2)/Size", "", "Edm.Null", {"odata.null": True}),
    ("Products(1)/$links/Maker", "", f"Products/$links/Maker{ONE}", {"url": ROOT + "Makers(1)"}),
    ("Makers(1)/$links/Products", "$skip=1", "Makers/$links/Products", {"value": [{"url": ROOT + "Products(2)"}]}),
]


@pytest.mark.parametrize(("path", "query", "fragment", "content"), JSON_GETS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_json(service: Service, method: str, path: str, query: str, fragment: str, content: dict[str, Any]) -> None:
    context = META + (f"#{fragment}" if fragment else "")
    expected = {"odata.metadata": context, **content}
    answer = shown(send(service, method, path, query))
    assert answer == (200, typed(LIGHT.format("minimalmetadata")), expected)
    assert list(answer[2]) == list(expected)
    assert shown(send(service, method, path, query, Accept="application/json;odata=nometadata")) == (
        200,
        typed(LIGHT.format("nometadata")),
        {name: value for name, value in content.items() if "@" not in name},
    )
    status, headers, full = shown(send(service, method, path, query, Accept="application/json;odata=fullmetadata"))
    assert (status, headers, full["odata.metadata"]) == (200, typed(LIGHT.format("fullmetadata")), context)
    assert plain(full) == plain(content)


def plain(value: Any) -> Any:
    """JSON without its annotations."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if "odata." not in name}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Products(2)", {"odata.metadata": f"{META}#Products{ONE}", **FULL_MILK}),
        ("Products", {"odata.metadata": f"{META}#Products", "value": [FULL_MILK]}),
        (
            LABEL,
            {
                "odata.metadata": f"{META}#Labels{ONE}",
                "odata.type": "Shop.Label",
                "odata.id": ROOT + LABEL,
                "odata.editLink": LABEL,
                "Text": "it's/1",
                "Number@odata.type": "Edm.Int16",
                "Number": 7,
                "Image@odata.mediaEditLink": f"{LABEL}/Image",
                "Image@odata.mediaReadLink": f"{LABEL}/Image",
                "Image@odata.mediaContentType": "image/png",
            },
        ),
        ("Products(1)/Size", {"odata.metadata": f"{META}#Shop.Size", "odata.type": "Shop.Size", **TEA["Size"]}),
    ],
)
def test_full_metadata(service: Service, path: str, expected: dict[str, Any]) -> None:
    query = "$filter=ID eq 2" if path == "Products" else ""
    response = send(service, "GET", path, query, Accept="application/json;odata=fullmetadata")
    assert shown(response) == (200, typed(LIGHT.format("fullmetadata")), expected)


@pytest.mark.parametrize(
    ("path", "accept", "version", "content_type", "body"),
    [
        ("Products/$count", "text/plain", "2.0;", "text/plain;charset=utf-8", b"3"),
        ("Products/$count", "application/json", "2.0;", "text/plain;charset=utf-8", b"3"),
        ("Makers(1)/Products/$count", "*/*", "2.0;", "text/plain;charset=utf-8", b"2"),
        ("Products(1)/Name/$value", "text/plain", "1.0;", "text/plain;charset=utf-8", 'Tea & "é"'.encode()),
        ("Products(1)/Price/$value", None, "1.0;", "text/plain;charset=utf-8", b"2.50"),
        ("Products(1)/Size/Width/$value", "*/*", "1.0;", "text/plain;charset=utf-8", b"5"),
        ("Products(1)/Picture/$value", "*/*", "1.0;", "application/octet-stream", b"\x00\xff"),
        ("Products(1)/Maker/Name/$value", "text/*", "1.0;", "text/plain;charset=utf-8", b"Acme"),
    ],
)
def test_raw(service: Service, path: str, accept: str | None, version: str, content_type: str, body: bytes) -> None:
    assert shown(send(service, "GET", path, Accept=accept)) == (200, typed(content_type, version), body)


@pytest.mark.parametrize(
    ("condition", "count"), [("ID gt 1", b"2"), ("MakerID eq 1 and Name eq 'Milk'", b"1"), ("false", b"0")]
)
def test_a_count_respects_the_filter(service: Service, condition: str, count: bytes) -> None:
    assert send(service, "GET", "Products/$count", f"$filter={condition}").body == count


@pytest.mark.parametrize(
    ("path", "condition", "count"),
    [
        ("Products", "Price add 1 gt 3", b"1"),
        ("Products", "ID mod 2 eq 1", b"2"),
        ("Products", "-ID lt -1", b"2"),
        ("Products", "Stock div 2 gt 1000L", b"1"),
        ("Products", "round(Price) eq 3M", b"1"),
        ("Products", "replace(Name,'lk','st') eq 'Mist'", b"1"),
        ("Products", "Size/Width eq 5 and Size/Unit eq null", b"1"),
        ("Products", "not(Name eq 'Milk')", b"2"),
        ("Products", "Tags/any(t:t eq 'b')", b"1"),
        ("Products", "Tags/all(t:t eq 'b')", b"2"),
        ("Products", "isof('Shop.Product')", b"3"),
        ("Products", "cast(ID,'Edm.String') eq '2'", b"1"),
        # Along navigation properties, by what the referential constraints say
        ("Products", "Maker/Name eq 'Acme'", b"2"),
        ("Products", "Maker eq null", b"1"),
        ("Products", "Maker/Products/any(p:p/Name eq 'Milk' and p/ID ne ID)", b"1"),
        ("Makers", "Products/any()", b"1"),
        ("Makers", "Products/any(p:p/Price gt 2M and p/Maker/Name eq Name)", b"1"),
        ("Makers", "Products/all(p:p/ID lt 2)", b"1"),
        ("Makers(1)/Products", "Maker/ID eq 1 and startswith(Name,'M')", b"1"),
    ],
)
def test_the_language_of_conditions(service: Service, path: str, condition: str, count: bytes) -> None:
    assert shown(send(service, "GET", f"{path}/$count", "$filter=" + quote(condition)))[::2] == (200, count)


@pytest.mark.parametrize(
    ("order", "keys"),
    [("Maker/Name desc,ID desc", [2, 1, 3]), ("length(Name) desc,ID", [1, 2, 3]), ("ID mod 2,ID desc", [2, 3, 1])],
)
def test_an_order_may_be_computed(service: Service, order: str, keys: list[int]) -> None:
    feed = msgspec.json.decode(send(service, "GET", "Products", "$orderby=" + quote(order)).body)
    assert [row["ID"] for row in feed["value"]] == keys


def test_metadata(service: Service) -> None:
    for accept in ("application/xml", "application/json", "*/*", None):
        status, headers, body = shown(send(service, "GET", "$metadata", Accept=accept))
        etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        cached = {"ETag": etag, "Vary": "Accept, OData-MaxVersion, MaxDataServiceVersion"}
        assert (status, headers) == (200, {**typed(XML, "1.0;"), **cached})
        assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0"')
        for part in (b'<EntityType Name="Product">', b'<EntitySet Name="Labels"', b'String="KeyAsSegment"'):
            assert part in body
    assert shown(send(service, "GET", "$metadata", "$format=xml"))[0] == 200
    plain_keys = Service(MODEL, MemoryBackend(MODEL), profile=ODATA_3, key_as_segment=False)
    assert b"KeyAsSegment" not in send(plain_keys, "GET", "$metadata").body


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("application/atomsvc+xml", ""),
        ("application/xml", ""),
        ("application/atomsvc+xml;q=0.8, application/json;odata=fullmetadata;q=0.5, */*;q=0.1", ""),
        ("application/json", "$format=xml"),
        ("application/json", "$format=application/atomsvc%2Bxml"),
    ],
)
def test_service_document_as_atompub(service: Service, accept: str, query: str) -> None:
    collections = "".join(
        f'<app:collection href="{name}"><atom:title>{name}</atom:title></app:collection>'
        for name in ("Makers", "Products", "Labels")
    )
    assert shown(send(service, "GET", "", query, Accept=accept)) == (
        200,
        typed("application/atomsvc+xml;charset=utf-8", "1.0;"),
        (
            "<?xml version='1.0' encoding='utf-8'?>\n"
            '<app:service xmlns:app="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom" '
            f'xml:base="{ROOT}"><app:workspace><atom:title>Default</atom:title>{collections}</app:workspace></app:service>'
        ).encode(),
    )


KEYS = {"DataServiceUrlConventions": "KeyAsSegment"}


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("Products/2", "Products(2)"),
        ("Products/1/Maker/Products/2", "Products(2)"),
        ("Products/2/Name", "Products(2)/Name"),
        ("Products/2/$/Name", "Products(2)/Name"),
        ("Products/$count", "Products/$count"),
        ("Labels/it's%2F1/7", LABEL),
    ],
)
def test_keys_as_segments(service: Service, path: str, same: str) -> None:
    assert shown(send(service, "GET", path, **KEYS)) == shown(send(service, "GET", same))


@pytest.mark.parametrize("value", ["keyassegment", "KeyAsSegment, x", "", None])
def test_keys_as_segments_are_the_clients_choice(service: Service, value: str | None) -> None:
    assert send(service, "GET", "Products/2", DataServiceUrlConventions=value).status == 400
    plain_keys = Service(MODEL, MemoryBackend(MODEL, ROWS), profile=ODATA_3, key_as_segment=False)
    assert send(plain_keys, "GET", "Products/2", **KEYS).status == 400


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("Products(9)", 404, "Resource not found for the segment 'Products': there is no (9)."),
        ("Products(9)/Name", 404, "Resource not found for the segment 'Products': there is no (9)."),
        ("Products(9)/Maker", 404, "Resource not found for the segment 'Products': there is no (9)."),
        ("Products(3)/Maker", 404, "There is no entity behind 'Maker'."),
        ("Products(3)/Maker/Products", 404, "There is no entity behind 'Maker'."),
        ("Products(3)/$links/Maker", 404, "There is no entity behind 'Maker'."),
        ("Makers(2)/Products(1)", 404, "Resource not found for the segment 'Products': there is no (1)."),
        ("Products(2)/Size/Width", 404, "There is no 'Width': the value that should hold it is null."),
        ("Products(2)/Picture/$value", 404, "The property 'Picture' is null, so it has no raw value."),
        (
            "Products(1)/Tags/$value",
            400,
            "'$value' cannot follow a property of type Collection(Edm.String): only a single primitive value or a "
            "media entity has a raw value. (At character 1 of: $value)",
        ),
        (f"{LABEL}/Image", 404, "The named stream 'Image' has no content here."),
        ("Products(1)/$links", 400, "'$links' must be followed by a navigation property."),
        ("Products(1)/$links/Name", 404, "'Shop.Product' has no navigation property 'Name'."),
    ],
)
def test_what_is_not_there(service: Service, path: str, status: int, message: str) -> None:
    assert shown(send(service, "GET", path)) == (
        status,
        typed(LIGHT.format("minimalmetadata")),
        {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}},
    )


# Methods ---------------------------------------------------------------------------------------------------------

ENTITY_VERBS = "GET, HEAD, PUT, MERGE, PATCH, DELETE"


@pytest.mark.parametrize(
    ("path", "what", "allow"),
    [
        ("", "the service root", "GET, HEAD"),
        ("$metadata", "$metadata", "GET, HEAD"),
        ("$batch", "$batch", "POST"),
        ("Products", "a collection of entities", "GET, HEAD, POST"),
        ("Makers(1)/Products", "a collection of entities", "GET, HEAD, POST"),
        ("Products(1)", "an entity", ENTITY_VERBS),
        ("Products(1)/Maker", "an entity", ENTITY_VERBS),
        ("Products(1)/Name", "a property", ENTITY_VERBS),
        ("Products(1)/Name/$value", "a raw value", ENTITY_VERBS),
        ("Products/$count", "a count", "GET, HEAD"),
        ("Makers(1)/$links/Products", "links", "GET, HEAD, POST, PUT, MERGE, PATCH, DELETE"),
    ],
)
def test_methods(service: Service, backend: MemoryBackend, path: str, what: str, allow: str) -> None:
    before = stored(backend)
    for method in ("GET", "POST", "PUT", "MERGE", "PATCH", "DELETE", "TRACE", "LIST"):
        if method in allow.split(", "):
            continue
        assert shown(send(service, method, path, content={})) == (
            405,
            {**typed(LIGHT.format("minimalmetadata")), "Allow": allow},
            {
                "odata.error": {
                    "code": "",
                    "message": {
                        "lang": "en-US",
                        "value": f"The URI names {what}, which does not support {method} requests.",
                    },
                }
            },
        )
    assert stored(backend) == before


# Writing ---------------------------------------------------------------------------------------------------------


def test_create(service: Service, backend: MemoryBackend) -> None:
    body = {"odata.type": "Shop.Product", "Name": "Oil", "Tags": ["x"], "Stock": "5"}
    made = {**SALT, "ID": 4, "Name": "Oil", "Tags": ["x"], "Stock": "5"}
    assert shown(send(service, "POST", "Products", content=body)) == (
        201,
        {**typed(LIGHT.format("minimalmetadata")), "Location": ROOT + "Products(4)"},
        {"odata.metadata": f"{META}#Products{ONE}", **made},
    )
    assert product(backend, 4) == {**made, "Stock": 5}


@pytest.mark.parametrize(
    ("query", "accept", "level", "expected"),
    [
        ("$select=Name", None, "minimal", {"odata.metadata": f"{META}#Makers{ONE}&$select=Name", "Name": "New"}),
        ("$format=json", "text/plain", "minimal", {"odata.metadata": f"{META}#Makers{ONE}", "ID": 3, "Name": "New"}),
        ("", "application/json;odata=nometadata", "no", {"ID": 3, "Name": "New"}),
    ],
)
def test_create_in_a_shape(
    service: Service, query: str, accept: str | None, level: str, expected: dict[str, Any]
) -> None:
    assert shown(send(service, "POST", "Makers", query, {"Name": "New"}, Accept=accept)) == (
        201,
        {**typed(LIGHT.format(f"{level}metadata")), "Location": ROOT + "Makers(3)"},
        expected,
    )


def test_create_without_an_answer(service: Service, backend: MemoryBackend) -> None:
    label = {"Text": "ü/'", "Number": 1}
    url = ROOT + "Labels(Text='%C3%BC%2F''',Number=1)"
    assert shown(send(service, "POST", "Labels", content=label, Prefer="return-no-content", Accept="image/png")) == (
        204,
        {
            "DataServiceVersion": "1.0;",
            "Location": url,
            "DataServiceId": url,
            "Preference-Applied": "return-no-content",
        },
        b"",
    )
    assert len(stored(backend)["Labels"]) == 2
    assert send(service, "GET", url.removeprefix(ROOT)).status == 200


def test_create_through_navigation_relates(service: Service, backend: MemoryBackend) -> None:
    response = send(service, "POST", "Makers(2)/Products", content={"Name": "Oil", "MakerID": 1})
    assert (response.status, response.header("Location")) == (201, ROOT + "Products(4)")
    assert msgspec.json.decode(response.body)["MakerID"] == 2
    assert send(service, "POST", "Makers(9)/Products", content={"Name": "Oil"}).status == 404
    assert len(stored(backend)["Products"]) == 4


@pytest.mark.parametrize(
    ("path", "content", "status", "message"),
    [
        ("Makers", {"ID": 1}, 409, "There is already Makers(1)."),
        ("Labels", {"Text": "x"}, 400, "The property 'Number' is missing: it is not nullable and has no default."),
        ("Labels", {"Text": None, "Number": 1}, 400, "At $.Text: the property 'Text' is not nullable."),
        (
            "Products",
            {"Name": "a name too long"},
            400,
            "At $.Name: at most 10 characters or bytes are allowed, 15 were given, for the type Edm.String.",
        ),
        ("Products", {"Stock": None}, 400, "At $.Stock: the property 'Stock' is not nullable."),
        (
            "Products",
            {"Size": {"Width": "wide"}},
            400,
            "At $.Size.Width: a whole number is expected, for the type Edm.Int32.",
        ),
        (
            "Products",
            {"Size": {"Thickness": 1}},
            400,
            "At $.Size.Thickness: the type 'Shop.Size' has no property 'Thickness'.",
        ),
        ("Products", {"Tags": ["a", 5]}, 400, "At $.Tags[1]: a string is expected, for the type Edm.String."),
        ("Products", {"Maker": {"Xyz": "x"}}, 400, "At $.Maker.Xyz: the type 'Shop.Maker' has no property 'Xyz'."),
    ],
)
def test_what_is_not_created(
    service: Service, backend: MemoryBackend, path: str, content: Any, status: int, message: str
) -> None:
    before = stored(backend)
    assert shown(send(service, "POST", path, content=content)) == (
        status,
        typed(LIGHT.format("minimalmetadata")),
        {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}},
    )
    assert stored(backend) == before


@pytest.mark.parametrize(
    ("verb", "content", "after"),
    [
        ("MERGE", {"Name": "new"}, {**TEA, "Name": "new"}),
        ("PATCH", {"Name": "new"}, {**TEA, "Name": "new"}),
        ("PUT", {"Name": "new"}, {**SALT, "ID": 1, "Name": "new"}),
        ("PUT", {}, {**SALT, "ID": 1, "Name": None}),
        ("MERGE", {}, TEA),
        ("MERGE", {"Name": None, "Tags": []}, {**TEA, "Name": None, "Tags": []}),
        ("MERGE", {"Size": {"Unit": "mm"}}, {**TEA, "Size": {"Width": 5, "Unit": "mm"}}),
        ("PUT", {"Size": {"Unit": "mm"}}, {**SALT, "ID": 1, "Name": None, "Size": {"Width": None, "Unit": "mm"}}),
        ("MERGE", {"Size": None}, {**TEA, "Size": None}),
        ("MERGE", {"ID": 99, "Name": "new"}, {**TEA, "Name": "new"}),
        ("PUT", {**TEA, "ID": None}, TEA),
    ],
)
def test_update(
    service: Service, backend: MemoryBackend, verb: str, content: dict[str, Any], after: dict[str, Any]
) -> None:
    """PUT resets what is not given, MERGE and PATCH keep it; the key stays."""
    assert shown(send(service, verb, "Products(1)", content=content)) == (204, {"DataServiceVersion": "1.0;"}, b"")
    expected = {"odata.metadata": f"{META}#Products{ONE}", **after}
    assert shown(send(service, "GET", "Products(1)"))[2] == expected
    assert shown(send(service, verb, "Products(1)", content=content, Prefer="return-content")) == (
        200,
        {**typed(LIGHT.format("minimalmetadata")), "Preference-Applied": "return-content"},
        expected,
    )
    assert shown(send(service, "GET", "Products"))[2]["value"][1:] == [MILK, SALT]
    assert len(stored(backend)["Products"]) == 3


def test_write_through_navigation(service: Service, backend: MemoryBackend) -> None:
    assert send(service, "MERGE", "Products(1)/Maker", content={"Name": "Emca"}).status == 204
    assert send(service, "MERGE", "Makers(2)/Products(1)", content={"Name": "x"}).status == 404
    assert send(service, "DELETE", "Makers(1)/Products(2)").status == 204
    rows = stored(backend)
    assert ([row["Name"] for row in rows["Makers"]], [row["ID"] for row in rows["Products"]]) == (
        ["Emca", None],
        [1, 3],
    )


def test_delete(service: Service, backend: MemoryBackend) -> None:
    assert shown(send(service, "DELETE", "Products(1)")) == (204, {"DataServiceVersion": "1.0;"}, b"")
    assert [row["ID"] for row in stored(backend)["Products"]] == [2, 3]
    assert send(service, "DELETE", "Products(1)").status == 404


# Errors ----------------------------------------------------------------------------------------------------------

_JSON_ERROR = {
    "odata.error": {"code": "", "message": {"lang": "en-US", "value": "Resource not found for the segment 'x'."}}
}
_XML_ERROR = (
    "<?xml version='1.0' encoding='utf-8'?>\n"
    f'<m:error xmlns:m="{M}"><m:code /><m:message xml:lang="en-US">'
    "Resource not found for the segment 'x'.</m:message></m:error>"
).encode()


@pytest.mark.parametrize(
    ("accept", "maximum", "query", "headers"),
    [
        ("application/json", None, "", typed(LIGHT.format("minimalmetadata"))),
        ("application/json;odata=fullmetadata", None, "", typed(LIGHT.format("fullmetadata"))),
        ("application/json;odata=nometadata", "3.0;NetFx", "", typed(LIGHT.format("nometadata"))),
        ("*/*", None, "", typed(LIGHT.format("minimalmetadata"))),
        (None, None, "", typed(LIGHT.format("minimalmetadata"))),
        ("application/xml", None, "", typed(XML, "1.0;")),
        ("application/atom+xml,application/xml", None, "", typed(XML, "1.0;")),
        ("image/png", None, "", typed(XML, "1.0;")),
        ("nonsense", None, "", typed(XML, "1.0;")),
        ("application/json", "2.0", "", typed(XML, "1.0;")),
        ("application/json", None, "$format=xml", typed(XML, "1.0;")),
        ("application/xml", None, "$format=json", typed(LIGHT.format("minimalmetadata"))),
    ],
)
def test_the_format_of_an_error(
    service: Service, accept: str | None, maximum: str | None, query: str, headers: dict[str, str]
) -> None:
    body = _XML_ERROR if headers["Content-Type"] == XML else _JSON_ERROR
    answer = send(service, "GET", "x", query, Accept=accept, MaxDataServiceVersion=maximum)
    assert shown(answer) == (404, headers, body)


def test_an_xml_error_holds_any_text(service: Service) -> None:
    body = send(service, "GET", "%3C&%01%EF%BF%BF%5D%5D%3E", Accept="application/xml").body.decode()
    assert "&lt;" in body
    assert "\x01" not in body


class Faulty:
    """A backend whose sessions do their work and then break, or break at what they answer."""

    def __init__(self, inner: MemoryBackend, error: Exception | None = None) -> None:
        self.inner = inner
        self.error = error

    @contextmanager
    def session(self, context: Context) -> Iterator[Reads]:
        with self.inner.session(context) as session:
            yield FaultySession(session, self.error)


class FaultySession:
    def __init__(self, inner: Any, error: Exception | None) -> None:
        self.inner = inner
        self.error = error

    def get(self, entity_set: Source, key: Key) -> Row | None:
        row: Row | None = self.inner.get(entity_set, key)
        return row

    def select(self, query: Query) -> Answer:
        if self.error is not None:
            raise self.error
        answer: Answer = self.inner.select(query)
        return answer

    def _broken(self, row: Row) -> Row:
        if self.error is not None:
            raise self.error
        return {name: value for name, value in row.items() if name != "Name"}  # cannot be written as an entity

    def insert(self, entity_set: Source, values: Row) -> Row:
        return self._broken(self.inner.insert(entity_set, values))

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        return self._broken(self.inner.update(entity_set, key, values, replace=replace))

    def delete(self, entity_set: Source, key: Key) -> None:
        self.inner.delete(entity_set, key)
        raise self.error or RuntimeError("a secret")


@pytest.mark.parametrize("error", [RuntimeError("a secret"), KeyError("a secret"), RecursionError("a secret"), None])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "Products"),
        ("POST", "Products"),
        ("PUT", "Products(1)"),
        ("MERGE", "Products(1)"),
        ("DELETE", "Products(1)"),
    ],
)
def test_a_backend_that_breaks(
    backend: MemoryBackend, caplog: pytest.LogCaptureFixture, error: Exception | None, method: str, path: str
) -> None:
    """500 without details, which are in the log; what was written is undone."""
    if method == "GET" and error is None:
        error = ZeroDivisionError("a secret")
    before = stored(backend)
    content = {"Name": "new"} if method in ("POST", "PUT", "MERGE") else None
    with caplog.at_level(logging.WARNING, "odata.service"):
        response = send(
            Service(MODEL, Faulty(backend, error), profile=ODATA_3),
            method,
            path,
            content=content,
            Prefer="return-content",
        )
    assert shown(response) == (
        500,
        typed(LIGHT.format("minimalmetadata")),
        {
            "odata.error": {
                "code": "",
                "message": {"lang": "en-US", "value": "The service failed to answer this request."},
            }
        },
    )
    assert stored(backend) == before
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_a_backend_that_only_reads(backend: MemoryBackend) -> None:
    class ReadOnlySession:
        def __init__(self, inner: Reads) -> None:
            self.get = inner.get
            self.select = inner.select

    class ReadOnly:
        @contextmanager
        def session(self, context: Context) -> Iterator[Reads]:
            with backend.session(context) as session:
                yield ReadOnlySession(session)

    service = Service(MODEL, ReadOnly(), profile=ODATA_3)
    assert send(service, "GET", "Products(1)").status == 200
    for method, path in (("POST", "Products"), ("PUT", "Products(1)"), ("DELETE", "Products(1)")):
        response = send(service, method, path, content={})
        assert (response.status, response.header("Allow")) == (405, "GET, HEAD")


def test_another_backend_for_one_request(service: Service) -> None:
    request = Request("GET", ROOT, "Products/$count", "", Headers())
    assert service.handle(request, backend=MemoryBackend(MODEL)).body == b"0"
    assert service.handle(request).body == b"3"


def test_a_backend_may_tell_the_client_something(backend: MemoryBackend) -> None:
    class Telling:
        @contextmanager
        def session(self, context: Context) -> Iterator[Reads]:
            context.response_headers["x-told"] = context.options.get("x", "") + context.headers.get("X-Asked", "")
            with backend.session(context) as session:
                yield session

    service = Service(MODEL, Telling(), profile=ODATA_3)
    for path, status in (("Products(1)", 200), ("Products(9)", 404)):
        response = send(service, "GET", path, "x=a&x=b%20c", X_Asked="!")
        assert (response.status, response.header("x-told")) == (status, "b c!")
