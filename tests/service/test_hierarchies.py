# Recursive hierarchies over the wire, with the other options around them: $expand behind rows that were made, $select,
# $orderby, $count, aliases, and texts that differ in a literal only.

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from odata_core.service import Headers, Request, Service
from odata_memory import MemoryBackend
from tests.query.sales import DATA, MODEL

ROOT = "http://h/"
H = "$root/SalesOrganizations,SalesOrgHierarchy"
NODES = "HierarchyNodes=$root/SalesOrganizations,HierarchyQualifier='SalesOrgHierarchy'"
UP_PATH = "@Org.OData.Aggregation.V1.UpPath#SalesOrgHierarchy"


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(MODEL, MemoryBackend(MODEL, DATA))


def get(service: Service, url: str) -> Any:
    path, _, query = url.partition("?")
    answer = service.handle(Request("GET", ROOT, path, quote(query, safe="=&$(),'/@"), Headers({}), b""))
    found = json.loads(answer.body)
    return found if answer.status == 200 else (answer.status, found["error"]["message"])


def org(name: str, up: str | None, **more: Any) -> dict[str, Any]:
    return {"ID": name, "Name": name, "SuperordinateID": up, **more}


def ref(name: str) -> dict[str, str]:
    return {"@odata.id": f"{ROOT}SalesOrganizations('{quote(name)}')"}


def test_example_60(service: Service) -> None:
    """The answer of the specification, in the order of keys."""
    condition = "filter(contains(Name,'East') or contains(Name,'Central'))"
    url = f"SalesOrganizations?$apply=ancestors({H},ID,{condition})&$expand=Superordinate/$ref&$count=true"
    assert get(service, url) == {
        "@odata.context": f"{ROOT}$metadata#SalesOrganizations",
        "@odata.count": 3,
        "value": [
            org("EMEA", "Sales", Superordinate=ref("Sales")),
            {"ID": "Sales", "Name": "Corporate Sales", "SuperordinateID": None, "Superordinate": None},
            org("US", "Sales", Superordinate=ref("Sales")),
        ],
    }


def test_example_65(service: Service) -> None:
    pipeline = "aggregate($count as OrgCnt)/compute(OrgCnt sub 1 as SubOrgCnt)"
    url = f"SalesOrganizations?$apply=groupby((rolluprecursive({H},ID)),{pipeline})"
    sizes = [("EMEA", 1, "Sales"), ("EMEA Central", 0, "EMEA"), ("Sales", 5, None), ("US", 2, "Sales")]
    sizes += [("US East", 0, "US"), ("US West", 0, "US")]
    names = {row["ID"]: row["Name"] for row in DATA["SalesOrganizations"]}
    assert get(service, f"{url}&$select=ID,Name,SubOrgCnt&$expand=Superordinate($select=ID)") == {
        "@odata.context": f"{ROOT}$metadata#SalesOrganizations(ID,Name,SubOrgCnt,Superordinate(ID))",
        "value": [
            {
                "ID": name,
                "Name": names[name],
                "SubOrgCnt@odata.type": "Decimal",
                "SubOrgCnt": size,
                "Superordinate": None if up is None else {"ID": up},
            }
            for name, size, up in sizes
        ],
    }


def test_example_107(service: Service) -> None:
    """A related node is expanded by default, and what it leads to on demand."""
    chosen = f"descendants({H},ID,filter(ID eq 'US'),keep start)"
    total = "aggregate(Amount with sum as Total)"
    url = (
        f"Sales?$apply=groupby((rolluprecursive({H},SalesOrganization/ID,{chosen})),{total})"
        "&$expand=SalesOrganization($expand=Superordinate/$ref)&$orderby=Total desc"
    )
    assert get(service, url) == {
        "@odata.context": f"{ROOT}$metadata#Sales(Total,SalesOrganization())",
        "value": [
            {
                "Total@odata.type": "Decimal",
                "Total": 19,
                "SalesOrganization": org("US", "Sales", Superordinate=ref("Sales")),
            },
            {
                "Total@odata.type": "Decimal",
                "Total": 12,
                "SalesOrganization": org("US East", "US", Superordinate=ref("US")),
            },
            {
                "Total@odata.type": "Decimal",
                "Total": 7,
                "SalesOrganization": org("US West", "US", Superordinate=ref("US")),
            },
        ],
    }


def test_the_way_to_a_node_is_an_annotation(service: Service) -> None:
    """6.2.2.2: of the node, be it the row or what the row leads to."""
    found = get(service, f"SalesOrganizations?$apply=traverse({H},ID,preorder,filter(ID eq 'US'),Name)")
    assert found["value"] == [
        {UP_PATH: [], **org("US", "Sales")},
        {UP_PATH: ["US"], **org("US East", "US")},
        {UP_PATH: ["US"], **org("US West", "US")},
    ]
    found = get(service, f"Sales?$apply=filter(ID le 1)/traverse({H},SalesOrganization/ID,preorder,filter(ID eq 'US'))")
    assert [row["SalesOrganization"] for row in found["value"]] == [{UP_PATH: ["US"], **org("US West", "US")}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # 5.5.3, examples 57 and 58
        (
            f"SalesOrganizations?$filter=Aggregation.isleaf({NODES},Node=ID)&$expand=Superordinate($select=ID)"
            "&$select=ID",
            [
                {"ID": name, "Superordinate": {"ID": up}}
                for name, up in [("EMEA Central", "EMEA"), ("US East", "US"), ("US West", "US")]
            ],
        ),
        (
            f"Sales?$select=ID&$filter=Aggregation.isdescendant({NODES},Node=SalesOrganization/ID,Ancestor='EMEA')",
            [{"ID": 6}, {"ID": 7}, {"ID": 8}],
        ),
        # of the same shape, with other literals
        (
            f"Sales?$select=ID&$filter=Aggregation.isdescendant({NODES},Node=SalesOrganization/ID,Ancestor='US East')",
            [],
        ),
        (
            f"SalesOrganizations?$select=ID&$filter=Aggregation.isancestor({NODES},Node=ID,Descendant='US East',"
            "MaxDistance=1)",
            [{"ID": "US"}],
        ),
        (
            f"SalesOrganizations?$select=ID&$filter=Aggregation.isancestor({NODES},Node=ID,Descendant='US East',"
            "MaxDistance=2)",
            [{"ID": "Sales"}, {"ID": "US"}],
        ),
        (
            f"SalesOrganizations?$compute=Aggregation.issibling({NODES},Node=ID,Other='US') as S&$select=ID,S"
            "&$orderby=S desc,ID&$top=2",
            [{"ID": "EMEA", "S": True}, {"ID": "EMEA Central", "S": False}],
        ),
        (
            "SalesOrganizations?$select=ID&$filter=Aggregation.isroot(HierarchyNodes=@n,HierarchyQualifier=@q,Node=ID)"
            "&@n=$root/SalesOrganizations&@q='SalesOrgHierarchy'",
            [{"ID": "Sales"}],
        ),
        (
            "Customers?$select=ID&$filter=Sales/any(s:Aggregation.isdescendant("
            f"{NODES},Node=s/SalesOrganization/ID,Ancestor='US'))",
            [{"ID": "C1"}, {"ID": "C2"}],
        ),
    ],
)
def test_functions(service: Service, query: str, expected: list[Any]) -> None:
    assert get(service, query)["value"] == expected


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        (f"SalesOrganizations?$filter=Aggregation.isroot({NODES.replace('SalesOrgH', 'h')},Node=ID)", 400, "'hierarch"),
        (f"SalesOrganizations?$apply=descendants({H}x,ID,identity)", 400, "Did you mean 'SalesOrgHierarchy'?"),
        (f"SalesOrganizations?$apply=groupby((Name,rolluprecursive({H},ID)))", 501, "is not supported"),
    ],
)
def test_refusals(service: Service, query: str, status: int, message: str) -> None:
    for _again in range(2):  # as for a shape that is known
        found = get(service, query)
        assert found[0] == status
        assert message in found[1]


def test_what_clients_do_to_a_hierarchy_is_seen_at_once() -> None:
    """7.10: a node gets another parent, and then one that would make it an ancestor of itself."""
    service = Service(MODEL, MemoryBackend(MODEL, DATA))
    url = f"SalesOrganizations?$select=ID&$filter=Aggregation.isdescendant({NODES},Node=ID,Ancestor='US')"
    assert [row["ID"] for row in get(service, url)["value"]] == ["US East", "US West"]
    assert _move(service, "EMEA", "US East") == 204
    assert [row["ID"] for row in get(service, url)["value"]] == ["EMEA", "EMEA Central", "US East", "US West"]
    assert _move(service, "US", "EMEA") == 204
    status, message = get(service, url)
    assert status == 400
    assert message.startswith("There is no hierarchy 'SalesOrgHierarchy': the node '")


def _move(service: Service, name: str, up: str) -> int:
    body = json.dumps({"SuperordinateID": up}).encode()
    headers = Headers({"Content-Type": "application/json"})
    return service.handle(Request("PATCH", ROOT, f"SalesOrganizations('{quote(name)}')", "", headers, body)).status
