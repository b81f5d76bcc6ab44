# What only version 4 can be asked: entities by id, all entities, cross joins, options in a body, many writes in one.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_core.service.calls import Operations
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build() -> Any:
    shop = ModelBuilder("Shop")
    shop.entity(
        "Product", key="ID", properties={"ID": prop("Int32"), "Name": "String", "Price": "Decimal", "MakerID": "Int32"}
    )
    shop.entity("Food", base="Product", properties={"Organic": "Boolean"})
    shop.entity("Maker", key="ID", properties={"ID": prop("Int32"), "Name": "String"})
    shop.navigation("Product", "Maker", to="Maker", on={"MakerID": "ID"}, partner="Products")
    shop.navigation("Maker", "Products", to="Product", many=True, partner="Maker")
    shop.entity_set("Products", "Product")
    shop.entity_set("Makers", "Maker")
    shop.singleton("Best", "Maker")
    shop.function("Twice", parameters={"number": "Int32"}, returns="Int32")
    shop.operation_import("Twice")
    shop.function("Label", parameters={"product": "Product", "before": "String"}, returns="String", bound=True)
    shop.action(
        "Raise",
        parameters={"product": "Product", "by": "Decimal"},
        returns="Product",
        bound=True,
        entity_set_path="product",
    )
    return shop.build()


MODEL = build()
ROWS: dict[str, Any] = {
    "Makers": [{"ID": 1, "Name": "Ann"}, {"ID": 2, "Name": "Bob"}],
    "Products": [
        {"ID": 1, "Name": "Tea", "Price": Decimal(2), "MakerID": 1},
        {"ID": 2, "Name": "Salt", "Price": Decimal(3), "MakerID": 2},
        {"@odata.type": "Shop.Food", "ID": 3, "Name": "Bread", "Price": Decimal(4), "MakerID": 2, "Organic": True},
    ],
    "Best": {"ID": 7, "Name": "Zoe"},
}


@pytest.fixture
def service() -> Service:
    operations = Operations(MODEL)

    @operations("Shop.Twice")
    def twice(number: int) -> int:
        return 2 * number

    @operations("Shop.Label")
    def label(product: Any, before: str) -> str:
        return f"{before}{product['Name']}"

    @operations("Shop.Raise")
    def raise_price(product: Any, by: Decimal, session: Any) -> Any:
        products = MODEL.entity_set("Products")
        return session.update(products, (product["ID"],), {"Price": product["Price"] + by}, replace=False)

    return Service(MODEL, MemoryBackend(MODEL, ROWS), operations=operations)


def send(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.handle(Request(method, ROOT, path, query, Headers(named), content))


def content(answer: Response) -> Any:
    found = json.loads(answer.body)
    return found.get("value", found) if answer.status == 200 else (answer.status, found["error"]["message"])


def names(answer: Response) -> list[str]:
    return [row["Name"] for row in content(answer)]


def stored(service: Service) -> dict[int, tuple[str, int | float | str]]:
    return {row["ID"]: (row["Name"], row["Price"]) for row in content(send(service, "GET", "Products"))}


def test_entity_by_id(service: Service) -> None:
    by_id = send(service, "GET", "$entity?$id=Products(1)")
    assert (by_id.status, by_id.body) == (200, send(service, "GET", "Products(1)").body)
    absolute = send(service, "GET", f"$entity/Shop.Food?$id={ROOT}Products(3)&$select=Organic")
    assert content(absolute) == {
        "@odata.context": f"{ROOT}$metadata#Products/Shop.Food(Organic)/$entity",
        "@odata.id": f"{ROOT}Products(3)",
        "Organic": True,
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("$entity", 400),
        ("$entity?$id=Products(9)", 404),
        ("$entity?$id=Products", 400),
        ("$entity?$id=http://other/Products(1)", 404),
        ("$entity/Shop.Food?$id=Products(1)", 404),
        ("$crossjoin(Products,Nothing)", 404),
        ("$crossjoin(Products,Products)", 400),
        ("$all/Shop.Nothing", 404),
        ("$query", 400),
        ("Products/$query", 405),
    ],
)
def test_refused(service: Service, path: str, status: int) -> None:
    assert send(service, "GET", path).status == status


def test_all_entities_have_their_type_and_id(service: Service) -> None:
    found = json.loads(send(service, "GET", "$all").body)
    assert found["@odata.context"] == f"{ROOT}$metadata#Collection(Edm.EntityType)"
    assert [(row["@odata.type"], row["@odata.id"], row["Name"]) for row in found["value"]] == [
        ("#Shop.Product", f"{ROOT}Products(1)", "Tea"),
        ("#Shop.Product", f"{ROOT}Products(2)", "Salt"),
        ("#Shop.Food", f"{ROOT}Products(3)", "Bread"),
        ("#Shop.Maker", f"{ROOT}Makers(1)", "Ann"),
        ("#Shop.Maker", f"{ROOT}Makers(2)", "Bob"),
        ("#Shop.Maker", f"{ROOT}Best", "Zoe"),
    ]
    assert names(send(service, "GET", "$all/Shop.Maker?$filter=Name gt 'B'&$orderby=Name desc")) == ["Zoe", "Bob"]
    assert names(send(service, "GET", "$all/Shop.Product")) == ["Tea", "Salt", "Bread"]


def test_cross_join(service: Service) -> None:
    path = "$crossjoin(Products,Makers)?$filter=Products/MakerID eq Makers/ID&$orderby=Products/Name"
    found = json.loads(send(service, "GET", path.replace(" ", "%20")).body)
    link = "{}@odata.navigationLink".format
    assert found == {
        "@odata.context": f"{ROOT}$metadata#Collection(Edm.ComplexType)",
        "value": [
            {link("Products"): f"{ROOT}Products({product})", link("Makers"): f"{ROOT}Makers({maker})"}
            for product, maker in ((3, 2), (2, 2), (1, 1))
        ],
    }


def test_cross_join_with_entities(service: Service) -> None:
    options = "$expand=Products($select=Name),Makers&$filter=Makers/Name eq 'Ann'&$top=1&$count=true"
    path = f"$crossjoin(Products,Makers)?{options}"
    found = json.loads(send(service, "GET", path.replace(" ", "%20")).body)
    assert found["@odata.count"] == 3
    (row,) = found["value"]
    assert row["Products"]["Name"] == "Tea"
    assert "Price" not in row["Products"]
    assert {name: row["Makers"][name] for name in ("ID", "Name")} == {"ID": 1, "Name": "Ann"}


def test_a_cross_join_is_bounded(service: Service) -> None:
    many = MemoryBackend(
        MODEL, {"Makers": [{"ID": n} for n in range(1_100)], "Products": [{"ID": n} for n in range(1_000)]}
    )
    answer = send(Service(MODEL, many), "GET", "$crossjoin(Products,Makers)")
    assert content(answer) == (
        400,
        "The cross join has 1100000 combinations; the limit apply_rows is 1000000.",
    )


def test_options_in_a_body(service: Service) -> None:
    body = b"$filter=contains(Name,'a')&$orderby=Name desc"
    by_body = send(service, "POST", "Products/$query?$select=Name", body, Content_Type="text/plain")
    by_url = send(service, "GET", "Products?$select=Name&$filter=contains(Name,'a')&$orderby=Name%20desc")
    assert (by_body.status, by_body.body) == (200, by_url.body)
    assert names(by_body) == ["Tea", "Salt", "Bread"]
    assert send(service, "POST", "Products/$query", b"{}", Content_Type="application/json").status == 415
    assert send(service, "POST", "Products/$query", b"$nonsense=1", Content_Type="text/plain").status == 400
    twice = send(service, "POST", "Products/$query?$top=1", b"$top=2", Content_Type="text/plain")
    assert twice.status == 400


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("Twice(number=@n)?@n=21", 42),
        ("Twice(number=@n)?%40n=21", 42),
        ("Twice?number=21", 42),
        ("Twice(number=21)", 42),
    ],
)
def test_parameters_of_functions(service: Service, path: str, given: int) -> None:
    assert content(send(service, "GET", path)) == given


JSON = {"Content_Type": "application/json"}


def test_every_member_is_changed(service: Service) -> None:
    answer = send(service, "PATCH", "Products/$filter(@c)/$each?@c=MakerID%20eq%202", {"Price": 9}, **JSON)
    assert (answer.status, answer.body) == (204, b"")
    assert stored(service) == {1: ("Tea", 2), 2: ("Salt", 9), 3: ("Bread", 9)}


def test_what_was_changed_is_shown_on_request(service: Service) -> None:
    answer = send(service, "PATCH", "Products/$each", {"Name": "x"}, Prefer="return=representation", **JSON)
    assert (answer.header("Preference-Applied"), names(answer)) == ("return=representation", ["x", "x", "x"])


def test_every_member_is_removed(service: Service) -> None:
    assert send(service, "DELETE", "Products/$filter(Price%20gt%202)/$each").status == 204
    assert stored(service) == {1: ("Tea", 2)}


def test_an_action_for_every_member(service: Service) -> None:
    answer = send(service, "POST", "Products/$each/Shop.Raise", {"by": 1}, **JSON)
    assert names(answer) == ["Tea", "Salt", "Bread"]
    assert stored(service) == {1: ("Tea", 3), 2: ("Salt", 4), 3: ("Bread", 5)}


def test_a_collection_is_changed_by_its_differences(service: Service) -> None:
    body = {
        "@context": "#$delta",
        "value": [
            {"ID": 1, "Name": "Green tea"},
            {"@id": "Products(2)", "Price": 7},
            {"ID": 4, "Name": "Oil", "Price": 5, "MakerID": 1},
            {"@removed": {"reason": "deleted"}, "@id": "Products(3)"},
            {"@removed": {"reason": "deleted"}, "@id": "Products(99)"},
        ],
    }
    answer = send(service, "PATCH", "Products", body, **JSON)
    assert (answer.status, answer.body) == (204, b"")
    assert stored(service) == {1: ("Green tea", 2), 2: ("Salt", 7), 4: ("Oil", 5)}


def test_a_collection_is_changed_whole_or_not(service: Service) -> None:
    before = stored(service)
    body = {"@context": "#$delta", "value": [{"ID": 1, "Name": "x"}, {"ID": 2, "Price": "cheap"}]}
    assert send(service, "PATCH", "Products", body, **JSON).status == 400
    body = {"@context": "#$delta", "value": [{"ID": 1, "Name": "x"}, {"@id": "Nowhere(1)", "Name": "y"}]}
    assert send(service, "PATCH", "Products", body, **JSON).status == 400
    assert stored(service) == before


@pytest.mark.parametrize(
    ("path", "headers", "allow"),
    [
        ("Products", {}, "GET, HEAD, POST, PATCH, OPTIONS"),
        ("Products", {"OData_MaxVersion": "4.0"}, "GET, HEAD, POST, OPTIONS"),
        ("Products(1)", {}, "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"),
        ("Products(1)", {"MaxDataServiceVersion": "3.0"}, "GET, HEAD, PUT, MERGE, PATCH, DELETE, OPTIONS"),
        ("$metadata", {}, "GET, HEAD, OPTIONS"),
        ("Products/$each", {}, "PATCH, DELETE, OPTIONS"),
        ("$batch", {}, "POST, OPTIONS"),
    ],
)
def test_methods_are_told(service: Service, path: str, headers: dict[str, str], allow: str) -> None:
    answer = send(service, "OPTIONS", path, **headers)
    assert (answer.status, answer.header("Allow"), answer.body) == (204, allow, b"")
    assert send(service, "OPTIONS", "Nothing").status == 404


@pytest.mark.parametrize(
    "path",
    [
        *("$all", "$all?$top=4&$skip=1", "$all/Shop.Maker?$orderby=Name desc&$count=true", "$all/Shop.Maker?$top=2"),
        *("$crossjoin(Products,Makers)", "$crossjoin(Products,Makers)?$orderby=Makers/Name desc,Products/Price"),
        "$crossjoin(Products,Makers)?$filter=Products/ID ne Makers/ID&$expand=Makers($select=Name)&$count=true&$top=3",
    ],
)
def test_pages_of_everything_are_all_of_it(service: Service, path: str) -> None:
    """Every row once, in one order, ties of which are broken in one way."""
    path = path.replace(" ", "%20")

    def paged(size: int) -> Service:
        return Service(MODEL, service.backend, page_size=size, operations=service.operations)

    whole = json.loads(send(paged(100), "GET", path).body)
    rows: list[Any] = []
    page: dict[str, Any] = {"@odata.nextLink": ROOT + path}
    while (link := page.pop("@odata.nextLink", None)) is not None:
        page = json.loads(send(paged(1), "GET", link.removeprefix(ROOT)).body)
        rows += page.pop("value")
    assert rows == whole.pop("value")
    assert page == whole


def test_what_is_expanded_is_narrowed_by_type_and_search(service: Service) -> None:
    """4.01 Part 2, 5.1.3: a type behind a navigation property lets only its entities through."""
    food = {"@odata.type": "#Shop.Food", "ID": 3, "Name": "Bread", "Price": 4, "MakerID": 2, "Organic": True}
    found = json.loads(send(service, "GET", "Makers?$expand=Products/Shop.Food").body)["value"]
    assert [row["Products"] for row in found] == [[], [food]]
    path = "Makers?$expand=Products/Shop.Food($select=Organic;$filter=Organic;$count=true)&$filter=ID eq 2"
    page = json.loads(send(service, "GET", path.replace(" ", "%20")).body)
    assert page["@odata.context"] == f"{ROOT}$metadata#Makers(Products(Shop.Food/Organic))"
    (row,) = page["value"]
    assert (row["Products@odata.count"], row["Products"]) == (
        1,
        [{"@odata.type": "#Shop.Food", "@odata.id": f"{ROOT}Products(3)", "Organic": True}],
    )
    searched = json.loads(send(service, "GET", "Makers?$expand=Products($search=salt OR tea)".replace(" ", "%20")).body)
    assert [[product["Name"] for product in row["Products"]] for row in searched["value"]] == [["Tea"], ["Salt"]]
    one = json.loads(send(service, "GET", "Products(3)/Maker?$expand=Products/Shop.Food/$count").body)
    assert one["Products@odata.count"] == 1


@pytest.mark.parametrize(
    ("path", "context", "expected"),
    [
        ("Products?$select=Name,Shop.Raise&$top=1", "Products(Name,Shop.Raise)", {"Name": "Tea", "#Shop.Raise": {}}),
        ("Products(1)?$select=Shop.Raise", "Products(Shop.Raise)/$entity", {"#Shop.Raise": {}}),
        (
            "Products(1)?$select=Name,Shop.*",
            "Products(Name,Shop.Label,Shop.Raise)/$entity",
            {"Name": "Tea", "#Shop.Label": {}, "#Shop.Raise": {}},
        ),
        (
            "Products(1)?$select=Name,Shop.Label(before),Shop.Raise&$format=application/json;odata.metadata=full",
            "Products(Name,Shop.Label,Shop.Raise)/$entity",
            {
                "Name": "Tea",
                "#Shop.Label": {"title": "Label", "target": "Products(1)/Shop.Label(before=@before)"},
                "#Shop.Raise": {"title": "Raise", "target": "Products(1)/Shop.Raise"},
            },
        ),
        ("Products(1)?$select=Name,Shop.Twice", "Products(Name)/$entity", {"Name": "Tea"}),
        (
            "Makers(1)?$select=Name&$expand=Products($select=ID,Shop.Raise)",
            "Makers(Name,Products(ID,Shop.Raise))/$entity",
            {"Name": "Ann", "Products": [{"ID": 1, "#Shop.Raise": {}}]},
        ),
    ],
)
def test_selected_operations_are_shown(service: Service, path: str, context: str, expected: dict[str, Any]) -> None:
    """4.01 Part 1, 11.2.5.1; JSON Format, 16 and 17: those that can be called on the entity."""
    found = json.loads(send(service, "GET", path).body)
    assert found["@odata.context"] == f"{ROOT}$metadata#{context}"
    (row,) = found.get("value", [found])
    assert {name: value for name, value in row.items() if "@" not in name} == expected


def test_operations_are_not_shown_before_version_4(service: Service) -> None:
    headers = Headers({"MaxDataServiceVersion": "3.0"})
    answer = service.handle(Request("GET", ROOT, "Products", "$select=Name,Shop.Raise", headers))
    assert answer.status == 501
    headers = Headers({"OData-Version": "4.0", "Accept": "application/json;odata.metadata=none"})
    answer = service.handle(Request("GET", ROOT, "Products(1)", "$select=Name,Shop.Raise", headers))
    assert json.loads(answer.body) == {"Name": "Tea"}
