# The reference model of the compliance contract: what black-box suites rely on holds, statement by statement.

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odata_core.csdl import read_csdl
from odata_core.service import Headers, Request, Response, Service
from tests.conformance.compliance_model import NAMESPACE
from tests.conformance.compliance_service import compliance_service
from tests.processes import running

ROOT = "http://h/"
NOBODY = "00000000-0000-0000-0000-00000000000a"


@pytest.fixture
def service() -> Service:
    return compliance_service()


def send(service: Service, method: str, path: str, body: Any = None, **headers: Any) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return service.handle(Request(method, ROOT, path, query.replace(" ", "%20"), Headers(named), content))


def value(service: Service, path: str) -> Any:
    answer = send(service, "GET", path)
    assert answer.status == 200, answer.body
    content = json.loads(answer.body)
    return content.get("value", content)


def names(service: Service, path: str) -> list[str]:
    return sorted([row["Name"] for row in value(service, path)])


def product(service: Service, name: str) -> str:
    (row,) = value(service, f"Products?$filter=Name eq '{name}'&$select=ID")
    return f"Products({row['ID']})"


ALL = [
    "Coffee Mug", "Gaming Mouse Ultra", "Laptop", "Office Chair", "Premium Laptop Pro", "Smartphone", "Wireless Mouse",
]  # fmt: skip


def test_documents(service: Service) -> None:
    listed = {item["name"]: item["kind"] for item in value(service, "")}
    sets = "Products Categories ProductDescriptions MediaItems ReadOnlyItems DecimalSamples".split()
    assert {name: listed.get(name) for name in [*sets, "Company"]} == {
        **dict.fromkeys(sets, "EntitySet"),
        "Company": "Singleton",
    }
    xml, as_json = send(service, "GET", "$metadata"), send(service, "GET", "$metadata?$format=json")
    assert (xml.header("Content-Type") or "").startswith("application/xml")
    assert (as_json.header("Content-Type") or "").startswith("application/json")
    for document in (xml.body, as_json.body):
        model = read_csdl(document, strict=True)
        assert model.namespace == NAMESPACE
        assert model.types[f"{NAMESPACE}.SpecialProduct"].base.name == "Product"  # type: ignore[union-attr]
        number = model.types[f"{NAMESPACE}.Product"].properties["SerialNumber"]  # type: ignore[union-attr]
        assert model.annotation(number, "Org.OData.Core.V1.Immutable") is not None


@pytest.mark.parametrize("path", ["", "$metadata", "Products"])
def test_no_other_version_has_words_for_the_model(service: Service, path: str) -> None:
    answer = send(service, "GET", path, Accept="application/atom+xml")
    assert (answer.status, answer.header("OData-Version")) == (406, "4.01")
    assert send(service, "GET", path, MaxDataServiceVersion="3.0").header("OData-Version") == "4.01"


def test_seed(service: Service) -> None:
    assert names(service, "Products") == ALL
    assert names(service, "Categories") == ["Electronics", "Furniture", "Kitchen"]
    special = names(service, f"Products/{NAMESPACE}.SpecialProduct")
    assert special == ["Gaming Mouse Ultra", "Laptop", "Premium Laptop Pro"]
    assert names(service, "ReadOnlyItems") == ["Read-only item A", "Read-only item B"]
    prices = {row["Name"]: row["Price"] for row in value(service, "Products")}
    assert prices == {
        "Laptop": 999.99, "Wireless Mouse": 29.99, "Coffee Mug": 15.5, "Office Chair": 249.99, "Smartphone": 799.99,
        "Premium Laptop Pro": 1999.99, "Gaming Mouse Ultra": 149.99,
    }  # fmt: skip
    company = value(service, "Company")
    assert (company["Name"], company["CEO"], company["Founded"]) == ("TechStore Inc.", "Sarah Johnson", 2010)
    assert b"123.450000000000000000" in send(service, "GET", "DecimalSamples").body
    laptop = product(service, "Laptop")
    keys = [row["LanguageKey"] for row in value(service, f"{laptop}/Descriptions?$orderby=LanguageKey")]
    assert keys == ["DE", "EN"]
    whole = value(service, laptop)
    full = ("ShippingAddress", "Dimensions", "Location", "Route", "Area", "ShippingTime", "ProcessingTime")
    assert [name for name in full if whole[name] is None] == []


FILTERS = [
    ("Price gt 100", ["Gaming Mouse Ultra", "Laptop", "Office Chair", "Premium Laptop Pro", "Smartphone"]),
    ("contains(Name,'Laptop')", ["Laptop", "Premium Laptop Pro"]),
    ("Status has 'Discontinued'", ["Office Chair"]),
    (f"Status has {NAMESPACE}.ProductStatus'Discontinued'", ["Office Chair"]),
    ("Category/Name eq 'Kitchen'", ["Coffee Mug"]),
    (f"isof({NAMESPACE}.SpecialProduct) and Price lt 200", ["Gaming Mouse Ultra"]),
    ("startswith(Name,'Gaming') or endswith(Name,'Mug')", ["Coffee Mug", "Gaming Mouse Ultra"]),
    ("Name in ('Laptop','Smartphone')", ["Laptop", "Smartphone"]),
    ("ShippingAddress/City eq 'Seattle'", ["Laptop"]),
    ("Descriptions/any(d:d/LanguageKey eq 'DE')", ["Laptop"]),
    ("geo.length(Route) gt 0 and Name eq 'Laptop'", ["Laptop"]),
    ("ShippingTime eq duration'P1D' and Name eq 'Laptop'", ["Laptop"]),
]


@pytest.mark.parametrize(("condition", "expected"), FILTERS)
def test_filters(service: Service, condition: str, expected: list[str]) -> None:
    assert names(service, f"Products?$filter={condition}") == expected
    assert send(service, "GET", f"Products/$count?$filter={condition}").body == str(len(expected)).encode()


def test_functions(service: Service) -> None:
    laptop = product(service, "Laptop")
    assert names(service, f"Products/{NAMESPACE}.GetTopProducts(count=2)") == ["Laptop", "Premium Laptop Pro"]
    assert len(value(service, f"Products/{NAMESPACE}.GetTopProducts()")) == 3
    assert names(service, f"Products/{NAMESPACE}.GetTopProducts(count=1,category='Kitchen')") == ["Coffee Mug"]
    assert value(service, f"{laptop}/{NAMESPACE}.GetTotalPrice(taxRate=0.5)") == pytest.approx(1499.985)
    assert value(service, f"{laptop}/GetTotalPrice(taxRate=@t)?@t=0") == 999.99
    assert value(service, "Calculate(value=5)") != value(service, "Calculate(a=5,b=7)") == 12
    assert value(service, "Convert(input='5')") == "5"
    assert value(service, "Convert(number=5)") == "5"
    assert names(service, "FindProducts(name='Laptop',maxPrice=1000)") == ["Laptop"]
    assert value(service, f"{laptop}/{NAMESPACE}.CalculatePrice(discount=10,tax=5)") > 0
    assert isinstance(value(service, f"Products/{NAMESPACE}.GetProductStats()"), str)
    assert value(service, f"Products/{NAMESPACE}.GetAveragePrice()") == pytest.approx(606.49142857)
    assert names(service, f"{laptop}/{NAMESPACE}.GetRelatedProducts()") != []
    assert "Laptop" in value(service, f"{laptop}/{NAMESPACE}.GetInfo(format='json')")
    assert send(service, "GET", "Calculate(a=5)").status == 400


def test_actions(service: Service) -> None:
    laptop = product(service, "Laptop")
    before = send(service, "GET", laptop).header("ETag")
    cheaper = send(service, "POST", f"{laptop}/{NAMESPACE}.ApplyDiscount", {"percentage": 10})
    assert json.loads(cheaper.body)["Price"] == pytest.approx(899.991)
    assert send(service, "GET", laptop).header("ETag") != before
    assert json.loads(send(service, "POST", f"{laptop}/{NAMESPACE}.IncreasePrice", {"amount": 1}).body)["Price"] > 900
    assert send(service, "POST", f"{laptop}/{NAMESPACE}.ApplyDiscount", {}).status == 400
    assert send(service, "POST", f"{laptop}/{NAMESPACE}.ApplyDiscount", {"percentage": "x"}).status == 400
    assert send(service, "GET", f"{laptop}/{NAMESPACE}.ApplyDiscount").status == 405
    assert send(service, "POST", f"{laptop}/{NAMESPACE}.Activate").status == 200
    assert send(service, "POST", f"Products/{NAMESPACE}.MarkAllAsReviewed").status == 200
    for body in ({"percentage": 5}, {"percentage": 5, "minPrice": 100}):
        assert send(service, "POST", "Process", body).status == 204
    assert send(service, "POST", "ResetAllPrices").status == 204
    assert {row["Price"] for row in value(service, "Products")} == {0}
    assert send(service, "POST", "Reseed").status == 204
    assert value(service, laptop)["Price"] == 999.99


def test_actions_on_condition(service: Service) -> None:
    """4.01 Part 1, 11.4.1.1: an action on an entity minds If-Match; 8.2.8.7: and what the client wants back."""
    laptop = product(service, "Laptop")
    action, etag = f"{laptop}/{NAMESPACE}.IncreasePrice", send(service, "GET", laptop).header("ETag")
    assert send(service, "POST", action, {"amount": 1}, If_Match='W/"old"').status == 412
    assert send(service, "GET", laptop).header("ETag") == etag
    assert send(service, "POST", action, {"amount": 1}, If_Match=str(etag)).status == 200
    answer = send(service, "POST", action, {"amount": 1}, Prefer="return=minimal")
    assert (answer.status, answer.header("Preference-Applied"), answer.body) == (204, "return=minimal", b"")
    answer = send(service, "POST", action, {"amount": 1}, Prefer="return=representation")
    assert (answer.status, answer.header("Preference-Applied")) == (200, "return=representation")


def test_capabilities(service: Service) -> None:
    item = f"ReadOnlyItems({value(service, 'ReadOnlyItems')[0]['ID']})"
    for method, path in (("POST", "ReadOnlyItems"), ("PATCH", item), ("PUT", item), ("DELETE", item)):
        answer = send(service, method, path, {"Name": "x"})
        assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD")
    assert names(service, "ReadOnlyItems") == ["Read-only item A", "Read-only item B"]


def test_computed_and_immutable(service: Service) -> None:
    given = {"Name": "New", "Price": 1, "CreatedAt": "2000-01-01T00:00:00Z", "SerialNumber": "A"}
    made = json.loads(send(service, "POST", "Products", given).body)
    assert (made["SerialNumber"], made["CreatedAt"][:4] > "2000") == ("A", True)
    place = f"Products({made['ID']})"
    change = {"SerialNumber": "B", "CreatedAt": "2000-01-01T00:00:00Z", "Price": 2}
    assert send(service, "PATCH", place, change).status == 204
    after = value(service, place)
    assert {name: after[name] for name in change} == {
        "SerialNumber": "A", "CreatedAt": made["CreatedAt"], "Price": 2,
    }  # fmt: skip


def test_each_update_counts(service: Service) -> None:
    """The version, which the ETag is made of, also goes up when a client sends one of its own."""
    laptop = product(service, "Laptop")
    first = value(service, laptop)["Version"]
    for change in ({"Name": "Lap"}, {"Rating": 1, "Version": 77}):
        assert send(service, "PATCH", laptop, change).status == 204
    assert send(service, "PUT", f"{laptop}/Name", {"value": "Laptop"}).status == 204
    assert value(service, laptop)["Version"] == first + 3
    before = send(service, "GET", "Company")
    assert send(service, "PATCH", "Company", {"CEO": "Ann"}, If_Match=before.header("ETag") or "").status == 204
    assert send(service, "PATCH", "Company", {"CEO": "Bob"}, If_Match=before.header("ETag") or "").status == 412
    assert value(service, "Company")["Version"] == json.loads(before.body)["Version"] + 1


def test_links_are_expanded(service: Service) -> None:
    laptop, mouse = product(service, "Laptop"), product(service, "Wireless Mouse")
    assert send(service, "POST", f"{laptop}/RelatedProducts/$ref", {"@odata.id": mouse}).status == 204
    rows = value(service, "Products?$expand=RelatedProducts($select=Name)&$select=Name&$orderby=Name")
    related = {row["Name"]: [one["Name"] for one in row["RelatedProducts"]] for row in rows}
    assert related == {**{name: [] for name in ALL}, "Laptop": ["Wireless Mouse"]}
    assert send(service, "GET", "Products?$expand=*").status == 200
    assert send(service, "DELETE", f"{laptop}/RelatedProducts/$ref?$id={mouse}").status == 204


def test_media(service: Service) -> None:
    image = next(row for row in value(service, "MediaItems") if row["Name"] == "Sample Image")
    answer = send(service, "GET", f"MediaItems({image['ID']})/$value")
    assert (answer.status, answer.header("Content-Type"), answer.body) == (200, "image/png", b"fake-png-binary-data")
    made = send(service, "POST", "MediaItems", b"\x89PNG", Content_Type="image/png")
    place = (made.header("Location") or "").removeprefix(ROOT) + "/$value"
    answer = send(service, "GET", place)
    assert (answer.status, answer.header("Content-Type"), answer.body) == (200, "image/png", b"\x89PNG")
    made_of = value(service, place.removesuffix("/$value"))
    assert (made_of["ContentType"], made_of["Size"]) == ("image/png", 4)
    logo = send(service, "GET", "Company/Logo/$value")  # what it is, the model says (4.01 Part 1, 11.2.4.2)
    assert (logo.header("Content-Type"), logo.body[:4]) == ("image/svg+xml", b"<svg")
    assert (send(service, "DELETE", "Company").status, value(service, "Company")["ID"]) == (405, 1)
    lasting = {method: send(service, method, "Company").header("Allow") for method in ("POST", "DELETE", "OPTIONS")}
    assert lasting == {
        "POST": "GET, HEAD, PATCH, PUT",
        "DELETE": "GET, HEAD, PATCH, PUT",
        "OPTIONS": "GET, HEAD, PATCH, PUT, OPTIONS",
    }
    photo = product(service, "Laptop") + "/Photo"
    assert send(service, "PUT", photo, b"jpeg", Content_Type="image/jpeg").status == 204
    assert send(service, "GET", photo).body == b"jpeg"


def test_changes_are_tracked(service: Service) -> None:
    first = json.loads(send(service, "GET", "Products?$select=Name", Prefer="odata.track-changes").body)
    link = first["@odata.deltaLink"]
    laptop = product(service, "Laptop")
    send(service, "PATCH", laptop, {"Name": "Lap"})
    (row,) = json.loads(send(service, "GET", link.removeprefix(ROOT)).body)["value"]
    told = (row["@odata.type"], row["@odata.id"], row["Name"])
    assert told == (f"#{NAMESPACE}.SpecialProduct", ROOT + laptop, "Lap")


def test_the_command(tmp_path: Path) -> None:
    command = ["tests/conformance/compliance_service.py", "--port", "0"]
    with running(command, tmp_path / "log", r"Listening on http://127\.0\.0\.1:(\d+)") as server:
        status, content = server.get("/Products?$orderby=Name&$select=Name")
        assert (status, [row["Name"] for row in content["value"]]) == (200, ALL)
        status, _ = server.get("/Nothing")
        assert status == 404
