# SAP's pyodata: the metadata document drives everything; verbose JSON of version 2, asked for by a plain
# `Accept: application/json`, keys with encoded parentheses, MERGE, multipart batches.

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest

from tests.clients.conftest import Services
from tests.clients.programs import demand

ROW_ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def client(services: Services) -> Iterator[Any]:
    """A client that has read the metadata document, of a store with its first rows."""
    demand({name: find_spec(name) is not None for name in ("pyodata", "requests")}, "pip install -e '.[dev]'")
    import pyodata
    import requests
    from pyodata.v2.model import Config

    with requests.Session() as session:
        # Without retain_null, pyodata makes up a value for each null.
        yield pyodata.Client(services.store("2.0"), session, config=Config(retain_null=True))


@pytest.fixture
def products(client: Any) -> Any:
    return client.entity_sets.Products


def keys(rows: Any) -> list[int]:
    return [row.ID for row in rows]


def test_metadata(client: Any) -> None:
    assert {entity_set.name for entity_set in client.schema.entity_sets} == {"Categories", "Products"}
    product = client.schema.entity_type("Product")
    assert {prop.name: prop.typ.name for prop in product.proprties()} == {
        "ID": "Edm.Int32",
        "Name": "Edm.String",
        "Description": "Edm.String",
        "Price": "Edm.Decimal",
        "Quantity": "Edm.Int64",
        "ReleaseDate": "Edm.DateTime",
        "Discontinued": "Edm.Boolean",
        "RowId": "Edm.Guid",
        "CategoryID": "Edm.Int32",
    }
    assert [(link.name, link.typ.name) for link in product.nav_proprties] == [("Category", "Category")]


def test_entity_by_key(products: Any) -> None:
    row = products.get_entity(1).execute()
    assert (row.ID, row.Name, row.Description, row.Discontinued) == (1, "Chai", None, False)
    assert (Decimal(row.Price), row.Quantity) == (Decimal(18), 9007199254740993)
    assert row.ReleaseDate == datetime(2020, 1, 1, 12, 30, tzinfo=UTC)
    assert row.RowId == "00000000-0000-0000-0000-000000000001"


def test_list(products: Any) -> None:
    assert keys(products.get_entities().execute()) == [1, 2, 3]


def test_pages(products: Any) -> None:
    page = products.get_entities().execute()
    pages = [keys(page)]
    while page.next_url is not None:
        page = products.get_entities().next_url(page.next_url).execute()
        pages.append(keys(page))
    assert pages == [[1, 2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name eq 'Bob''s Milk'", [2]),
        ("Name eq 'Bread & Butter'", [3]),
        ("Name eq 'Água'", [5]),
        ("Price gt 2.5M and ReleaseDate lt datetime'2020-01-04T00:00:00'", [1, 3]),
        ("substringof('T',Name) or Category/Name eq null", [4, 5]),
        ("RowId eq guid'00000000-0000-0000-0000-000000000004'", [4]),
    ],
)
def test_filter(products: Any, text: str, found: list[int]) -> None:
    assert keys(products.get_entities().filter(text).execute()) == found


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"Name": "Chai"}, [1]),
        ({"Name__startswith": "B", "Price__gt": "3.00"}, [3]),
        ({"Name__contains": "ea"}, [3, 4]),
        ({"ID__gte": 2, "ID__lt": 5}, [2, 3, 4]),
        ({"ID__in": [1, 5]}, [1, 5]),
    ],
)
def test_fluent_filter(products: Any, criteria: dict[str, Any], found: list[int]) -> None:
    assert keys(products.get_entities().filter(**criteria).execute()) == found


def test_top_skip_order_select(products: Any) -> None:
    rows = products.get_entities().top(2).skip(1).order_by("Name desc").select("ID,Name").execute()
    assert [(row.ID, row.Name) for row in rows] == [(4, "Tea/Time"), (1, "Chai")]


def test_expand(client: Any, products: Any) -> None:
    assert products.get_entity(1).expand("Category").execute().Category.Name == "Beverages"
    category = client.entity_sets.Categories.get_entity(2).expand("Products").execute()
    assert keys(category.Products) == [3, 4]


def test_navigation(client: Any, products: Any) -> None:
    assert products.get_entity(1).nav("Category").execute().Name == "Beverages"
    assert keys(client.entity_sets.Categories.get_entity(2).nav("Products").get_entities().execute()) == [3, 4]


def test_count(products: Any) -> None:
    assert products.get_entities().count().execute() == 5
    assert products.get_entities().filter("ID gt 3").count().execute() == 2


def test_inline_count(products: Any) -> None:
    rows = products.get_entities().top(1).count(inline=True).execute()
    assert (keys(rows), rows.total_count) == ([1], 5)


def test_create_merge_delete(products: Any) -> None:
    made = products.create_entity().set(Name="new", Price="1.5", RowId=ROW_ID).execute()
    assert (made.ID, made.Name, made.CategoryID) == (6, "new", None)
    products.update_entity(6, method="MERGE").set(Name="merged").execute()
    row = products.get_entity(6).execute()
    assert (row.Name, Decimal(row.Price), row.RowId) == ("merged", Decimal("1.5"), ROW_ID)
    products.delete_entity(6).execute()
    assert keys(products.get_entities().skip(3).execute()) == [4, 5]


def test_batch(client: Any, products: Any) -> None:
    changes = client.create_changeset()
    for name in ("one", "two"):
        changes.add_request(products.create_entity().set(Name=name, RowId=ROW_ID))
    changes.add_request(products.update_entity(2, method="MERGE").set(Name="three"))
    batch = client.create_batch()
    batch.add_request(products.get_entities().top(1))
    batch.add_request(changes)
    batch.add_request(products.get_entity(2))
    listed, changed, read = batch.execute()
    assert keys(listed) == [1]
    assert [row.Name for row in changed[:2]] == ["one", "two"]
    assert read.Name == "three"
    assert products.get_entities().count().execute() == 7


def test_missing_entity(products: Any) -> None:
    from pyodata.exceptions import HttpError

    with pytest.raises(HttpError) as caught:
        products.get_entity(99999).execute()
    assert caught.value.response.status_code == 404
