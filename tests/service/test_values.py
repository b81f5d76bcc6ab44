# Properties that are collections of values: what options choose of them, over HTTP (4.01 Part 1, 11.2.4 and 11.2.6).

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.edm import ModelBuilder
from odata_core.service import Headers, Request, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build() -> Any:
    tours = ModelBuilder("Tours")
    tours.complex("Stop", properties={"City": "String", "Nights": "Int32", "Note": "String"})
    tours.entity(
        "Tour", key="ID", properties={"ID": "Int32", "Tags": "Collection(String)", "Stops": "Collection(Stop)"}
    )
    tours.entity_set("Tours", "Tour")
    return tours.build()


MODEL = build()
ULM, BERN, ROME = (
    {"City": "Ulm", "Nights": 2, "Note": None},
    {"City": "Bern", "Nights": 1, "Note": "old town"},
    {"City": "Rome", "Nights": 5, "Note": None},
)
SERVICE = Service(
    MODEL, MemoryBackend(MODEL, {"Tours": [{"ID": 1, "Tags": ["b", "a", "c", "a"], "Stops": [ULM, BERN, ROME]}]})
)


def asked(path: str, version: str = "4.01", accept: str = "application/json") -> Any:
    path, _, query = path.partition("?")
    header = "OData-MaxVersion" if version > "4" else "MaxDataServiceVersion"
    headers = Headers({header: version, "Accept": accept})
    answer = SERVICE.handle(Request("GET", ROOT, path, query.replace(" ", "%20"), headers))
    return json.loads(answer.body) if answer.status == 200 else answer.status


@pytest.mark.parametrize(
    ("options", "context", "expected"),
    [
        ("Tags", "Tags", {"value": ["b", "a", "c", "a"]}),
        ("Tags?$count=true", "Tags", {"@odata.count": 4, "value": ["b", "a", "c", "a"]}),
        ("Tags?$count=true&$filter=$it ne 'c'&$top=2", "Tags", {"@odata.count": 3, "value": ["b", "a"]}),
        ("Tags?$orderby=$it desc&$skip=1", "Tags", {"value": ["b", "a", "a"]}),
        ("Tags?$search=c", "Tags", {"value": ["c"]}),
        ("Stops?$select=City", "Stops(City)", {"value": [{"City": "Ulm"}, {"City": "Bern"}, {"City": "Rome"}]}),
        (
            "Stops?$select=City,Nights&$filter=Nights gt 1&$orderby=Nights desc&$count=true&$top=1",
            "Stops(City,Nights)",
            {"@odata.count": 2, "value": [{"City": "Rome", "Nights": 5}]},
        ),
        ("Stops?$count=true&$skip=2", "Stops", {"@odata.count": 3, "value": [ROME]}),
        ("Stops?$search=town", "Stops", {"value": [BERN]}),
        (
            "Stops?$compute=Nights mul 2 as Meals&$select=Meals&$filter=Meals lt 5",
            "Stops(Meals)",
            {"value": [{"Meals@odata.type": "Int32", "Meals": 4}, {"Meals@odata.type": "Int32", "Meals": 2}]},
        ),
        (
            "Stops?$apply=aggregate(Nights with sum as All)",
            "Stops(All)",
            {"value": [{"All@odata.type": "Int64", "All": 8}]},
        ),
    ],
)
def test_what_options_choose(options: str, context: str, expected: Any) -> None:
    found = asked(f"Tours(1)/{options}")
    assert found.pop("@odata.context") == f"{ROOT}$metadata#Tours(1)/{context}"
    assert found == expected


def test_nulls_are_left_out_of_what_a_collection_holds() -> None:
    headers = Headers({"OData-MaxVersion": "4.01", "Prefer": "omit-values=nulls"})
    answer = SERVICE.handle(Request("GET", ROOT, "Tours(1)/Stops", "$top=1", headers))
    assert (json.loads(answer.body)["value"], answer.header("Preference-Applied")) == (
        [{"City": "Ulm", "Nights": 2}],
        "omit-values=nulls",
    )


@pytest.mark.parametrize(
    ("path", "version", "accept", "expected"),
    [
        ("Tours(1)/Tags?$inlinecount=allpages", "3.0", "application/json;odata=verbose", 501),
        ("Tours(1)/Tags?$inlinecount=allpages", "3.0", "application/xml", 501),
        ("Tours(1)/Tags?$skiptoken=x", "4.0", "application/json", 400),
        ("Tours(1)/Tags?$select=City", "4.0", "application/json", 400),
        ("Tours(1)/Stops?$select=Town", "4.0", "application/json", 400),
    ],
)
def test_what_cannot_be_chosen_is_told(path: str, version: str, accept: str, expected: int) -> None:
    assert asked(path, version, accept) == expected
