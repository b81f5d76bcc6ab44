# Following a collection: a client that adds up all deltas always has what a full read gives it.

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import odata_memory.history
from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build() -> Any:
    shop = ModelBuilder("Shop")
    shop.entity("Product", key="ID", properties={"ID": "Int32", "Name": "String", "Price": "Int32", "MakerID": "Int32"})
    shop.entity("Maker", key="ID", properties={"ID": "Int32", "Name": prop("String")})
    shop.navigation("Product", "Maker", to="Maker", on={"MakerID": "ID"}, partner="Products")
    shop.navigation("Maker", "Products", to="Product", many=True, partner="Maker")
    shop.entity_set("Products", "Product")
    shop.entity_set("Makers", "Maker")
    shop.singleton("Best", "Maker")
    return shop.build()


MODEL = build()
TRACK = {"Prefer": "track-changes"}


def shop(page_size: int | None = None) -> Service:
    rows: dict[str, Any] = {
        "Makers": [{"ID": 1, "Name": "Ann"}, {"ID": 2, "Name": "Bob"}],
        "Products": [{"ID": n, "Name": f"n{n}", "Price": n, "MakerID": 1 + n % 2} for n in range(1, 6)],
        "Best": {"ID": 9, "Name": "Zoe"},
    }
    return Service(MODEL, MemoryBackend(MODEL, rows), page_size=page_size)


def send(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Response:
    path, _, query = path.removeprefix(ROOT).partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return service.handle(Request(method, ROOT, path, query.replace(" ", "%20"), Headers(named), content))


def test_a_delta() -> None:
    service = shop()
    first = send(service, "GET", "Products?$filter=Price gt 2&$select=Name&$orderby=Name desc&$top=9", **TRACK)
    link = json.loads(first.body)["@odata.deltaLink"]
    assert first.header("Preference-Applied") == "track-changes"
    assert link.startswith(ROOT + "Products?$filter=Price%20gt%202&$select=Name&$deltatoken=")
    assert json.loads(send(service, "GET", link).body)["value"] == []
    send(service, "PATCH", "Products(3)", {"Name": "three"})
    send(service, "PATCH", "Products(4)", {"Price": 0})
    send(service, "PATCH", "Products(1)", {"Price": 100})
    send(service, "DELETE", "Products(5)")
    send(service, "POST", "Products", {"ID": 6, "Name": "six", "Price": 1, "MakerID": 1})
    send(service, "PATCH", "Makers(1)", {"Name": "Anna"})
    answer = json.loads(send(service, "GET", link, OData_MaxVersion="4.01").body)
    following = answer.pop("@odata.deltaLink")
    assert answer == {
        "@odata.context": f"{ROOT}$metadata#Products(Name)/$delta",
        "value": [
            {"@odata.id": f"{ROOT}Products(3)", "Name": "three"},
            {"@odata.id": f"{ROOT}Products(1)", "Name": "n1"},
            {"@odata.removed": {"reason": "changed"}, "@odata.id": f"{ROOT}Products(4)"},
            {"@odata.removed": {"reason": "deleted"}, "@odata.id": f"{ROOT}Products(5)"},
            {"@odata.removed": {"reason": "changed"}, "@odata.id": f"{ROOT}Products(6)"},
        ],
    }
    old = json.loads(send(service, "GET", link, OData_MaxVersion="4.0").body)
    assert old["value"][3] == {
        "@odata.context": "#Products/$deletedEntity",
        "id": f"{ROOT}Products(5)",
        "reason": "deleted",
    }
    assert json.loads(send(service, "GET", following).body)["value"] == []


@pytest.mark.parametrize(
    "path",
    [
        "Products?$expand=Maker",
        "Products?$filter=Maker/Name eq 'Ann'",
        "Products?$apply=aggregate(Price with sum as S)",
        "Best/Products",
        "Products(1)/Maker/Products",
        "Products(1)",
        "Products?$compute=Maker/Name as N&$select=N",
    ],
)
def test_what_is_not_tracked(path: str) -> None:
    answer = send(shop(), "GET", path, **TRACK)
    assert answer.header("Preference-Applied") is None
    assert b"deltaLink" not in answer.body


def test_what_belongs_to_an_entity_is_tracked() -> None:
    service = shop()
    link = json.loads(send(service, "GET", "Makers(1)/Products?$select=ID", **TRACK).body)["@odata.deltaLink"]
    send(service, "PATCH", "Products(1)", {"MakerID": 1})
    send(service, "PATCH", "Products(2)", {"MakerID": 2})
    answer = json.loads(send(service, "GET", link).body)
    assert answer["value"] == [
        {"ID": 1},
        {"@odata.removed": {"reason": "changed"}, "@odata.id": f"{ROOT}Products(2)"},
    ]


def test_version_3_has_no_deltas() -> None:
    answer = send(shop(), "GET", "Products", MaxDataServiceVersion="3.0", **TRACK)
    assert (answer.status, answer.header("Preference-Applied")) == (200, None)
    assert send(shop(), "GET", "Products?$deltatoken=x", MaxDataServiceVersion="3.0").status == 400


@pytest.mark.parametrize("token", ["x", "", "a-1", "-1"])
def test_a_token_of_nobody(token: str) -> None:
    assert send(shop(), "GET", f"Products?$deltatoken={token}").status in (400, 410)


def test_a_reset_ends_all_links() -> None:
    service = shop()
    link = json.loads(send(service, "GET", "Products", **TRACK).body)["@odata.deltaLink"]
    assert isinstance(service.backend, MemoryBackend)
    service.backend.reset()
    gone = send(service, "GET", link)
    assert (gone.status, gone.header("Location")) == (410, f"{ROOT}Products")


def test_the_count_of_a_page_is_not_followed() -> None:
    service = shop()
    asked = "Products?$count=true&$filter=Price%20gt%204&$top=3"
    link = json.loads(send(service, "GET", asked, **TRACK).body)["@odata.deltaLink"]
    assert link.partition("&$deltatoken=")[0] == f"{ROOT}Products?$filter=Price%20gt%204"
    assert isinstance(service.backend, MemoryBackend)
    service.backend.reset()
    gone = send(service, "GET", link)
    assert (gone.status, gone.header("Location")) == (410, f"{ROOT}Products?$filter=Price%20gt%204")


def test_what_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odata_memory.history, "MOST", 2)
    service = shop()
    links = []
    for number in range(1, 4):
        links.append(json.loads(send(service, "GET", "Products", **TRACK).body)["@odata.deltaLink"])
        send(service, "PATCH", f"Products({number})", {"Price": 7})
    assert [send(service, "GET", link).status for link in links] == [410, 200, 200]


def test_pages_are_tracked_from_the_first_one() -> None:
    service = shop(2)
    page = json.loads(send(service, "GET", "Products", **TRACK).body)
    send(service, "PATCH", "Products(1)", {"Price": 50})
    while "@odata.nextLink" in page:
        page = json.loads(send(service, "GET", page["@odata.nextLink"]).body)
    changes = json.loads(send(service, "GET", page["@odata.deltaLink"]).body)["value"]
    assert [(row["ID"], row["Price"]) for row in changes] == [(1, 50)]


def test_pages_as_large_as_the_client_wants() -> None:
    answer = send(shop(4), "GET", "Products", Prefer="odata.maxpagesize=3")
    assert answer.header("Preference-Applied") == "odata.maxpagesize=3"
    assert [row["ID"] for row in json.loads(answer.body)["value"]] == [1, 2, 3]
    larger = send(shop(4), "GET", "Products", Prefer="maxpagesize=100")
    assert (larger.header("Preference-Applied"), len(json.loads(larger.body)["value"])) == (None, 4)


WRITES = st.one_of(
    st.tuples(st.just("DELETE"), st.integers(1, 8), st.none()),
    st.tuples(st.just("PUT"), st.integers(1, 8), st.integers(0, 9)),
    st.tuples(st.just("PATCH"), st.integers(1, 8), st.integers(0, 9)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(WRITES, max_size=4), max_size=4))
def test_all_deltas_add_up(rounds: list[list[tuple[str, int, int | None]]]) -> None:
    service, path = shop(), "Products?$filter=Price lt 5"
    answer = json.loads(send(service, "GET", path, **TRACK).body)
    mine = {row["ID"]: row for row in answer["value"]}
    for writes in rounds:
        for method, key, price in writes:
            send(service, method, f"Products({key})", None if price is None else {"Price": price})
        answer = json.loads(send(service, "GET", answer["@odata.deltaLink"]).body)
        for row in answer["value"]:
            if "@odata.removed" in row:
                mine.pop(int(row["@odata.id"].partition("(")[2][:-1]), None)
            else:
                mine[row["ID"]] = row
        full = json.loads(send(service, "GET", path).body)["value"]
        assert sorted(mine.values(), key=lambda row: row["ID"]) == full
