# Reading the parts of entities: items, dynamic members, collections of values with options, references, raw values.

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.service import Handler
from tests.service.market import market, read, send

__all__ = ["market"]

US_ADDRESS = {"@odata.type": "#N.S.USAddress", "Street": None, "City": "Y", "Geo": None, "Zip": "99"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Products(1)/Addrs/0", {"Street": None, "City": "X", "Geo": None}),
        ("Products(1)/Addrs/-1", US_ADDRESS),
        ("Products(1)/Addrs/-1/City", {"value": "Y"}),
        ("Products(1)/Tags/1", {"value": "b"}),
        ("Products(1)/Addr/Floor", {"value": 3}),
        ("Opens('o1')/List", {"value": [1, 2]}),
        # Part 2, 4.11: a cast leaves the values of its type.
        ("Products(1)/Addrs/N.S.USAddress", {"value": [US_ADDRESS]}),
        # Part 1, 11.2.6: options of collections of values.
        ("Products(1)/Tags?$count=true&$top=1&$orderby=$it desc", {"@odata.count": 3, "value": ["c"]}),
        ("Products(1)/Tags?$filter=$it gt 'a'&$skip=1", {"value": ["c"]}),
        (
            "Products(1)/Addrs?$select=City&$count=true",
            {"@odata.count": 2, "value": [{"City": "X"}, {"@odata.type": "#N.S.USAddress", "City": "Y"}]},
        ),
        ("Products(1)/Addrs?$filter=City eq 'X'&$select=City", {"value": [{"City": "X"}]}),
        # Part 1, 11.2.5.1: options of selected collections.
        (
            "Products(1)?$select=ID,Tags($filter=$this gt 'a';$count=true;$orderby=$this desc;$top=1)",
            {"ID": 1, "Tags@odata.count": 2, "Tags": ["c"]},
        ),
        ("Products(1)?$select=ID,Addrs($filter=City eq 'X';$select=City)", {"ID": 1, "Addrs": [{"City": "X"}]}),
        (
            "Products(2)?$select=ID&$expand=Category($select=ID;$expand=Products($select=ID,Tags($top=1)))",
            {
                "ID": 2,
                "Category": {"ID": 1, "Products": [{"ID": 1, "Tags": ["a"]}, {"ID": 2, "Tags": []}]},
            },
        ),
        # Part 1, 11.2.5.3: what $compute adds, of one entity too.
        (
            "Products(1)?$compute=Price mul 2 as Twice&$select=ID,Twice",
            {"ID": 1, "Twice@odata.type": "Decimal", "Twice": 5.0},
        ),
        # What is not selected has no type to tell, either.
        ("Opens?$select=ID", {"value": [{"ID": "o1"}]}),
        # Contained entities are referred to by their own paths.
        (
            "Products(1)?$select=ID&$expand=*/$ref",
            {
                "ID": 1,
                "Category": {"@odata.id": "http://h/Categories(1)"},
                "Parts": [{"@odata.id": "Products(1)/Parts(1)"}, {"@odata.id": "Products(1)/Parts(2)"}],
                "Manual": {"@odata.id": "Products(1)/Manual"},
                "Friends": [{"@odata.id": "http://h/Products(2)"}, {"@odata.id": "http://h/Products(3)"}],
            },
        ),
        (
            "Products(1)/Parts(1)?$select=No&$expand=Sub/$ref",
            {"No": 1, "Sub": [{"@odata.id": "Products(1)/Parts(1)/Sub(11)"}]},
        ),
        # Part 2, 5.1.3: within $expand a type cast and $search choose what is included.
        (
            "Products(1)?$select=ID&$expand=Friends/N.S.Gadget($select=ID,Volts;$filter=Volts gt 5;$orderby=Volts)",
            {"ID": 1, "Friends": [{"@odata.type": "#N.S.Gadget", "ID": 3, "Volts": 220}]},
        ),
        ("Products(1)?$select=ID&$expand=Parts($search=p2)", {"ID": 1, "Parts": [{"No": 2, "Label": "p2"}]}),
        # A number with a point of a file of rows is a number.
        ("Opens('o1')?$select=ID,Ratio", {"ID": "o1", "Ratio": 1.5}),
    ],
)
def test_parts(market: Handler, path: str, expected: Any) -> None:
    assert read(market, path) == expected


def test_what_expands_leaves_the_rest(market: Handler) -> None:
    """Options within a selected value of a selected value are refused, rather than left out."""
    answer = send(market, "GET", "Products?$select=Addrs($compute=City as C;$select=C)")
    assert answer.status == 501


@pytest.mark.parametrize(
    ("path", "text"),
    [
        # Part 1, 11.2.4.1: places are well-known text.
        ("Products(1)/Spot/$value", "SRID=4326;Point(10.5 20)"),
        ("Products(1)/Addr/Floor/$value", "3"),
        ("Products(1)/Addrs/N.S.USAddress/$count", "1"),
    ],
)
def test_raw(market: Handler, path: str, text: str) -> None:
    answer = send(market, "GET", path)
    assert (answer.status, answer.body.decode(), answer.header("Content-Type")) == (
        200, text, "text/plain;charset=utf-8",
    )  # fmt: skip


def test_a_json_batch_keeps_numbers(market: Handler) -> None:
    """4.01 JSON Format, 19: the body of a request is JSON as it stands there."""
    row = {"ID": 9, "Name": "n", "Price": 1.25}
    headers = {"content-type": "application/json"}
    batch = {
        "requests": [
            {"id": "1", "method": "POST", "url": "Products", "headers": headers, "body": row},
            {"id": "2", "method": "PATCH", "url": "Opens('o1')", "headers": headers, "body": {"Ratio": 2.5}},
        ]
    }
    answers = json.loads(send(market, "POST", "$batch", batch, Accept="application/json").body)["responses"]
    assert [answer["status"] for answer in answers] == [201, 204]
    assert read(market, "Opens('o1')?$select=Ratio") == {"@odata.id": "http://h/Opens('o1')", "Ratio": 2.5}


def test_members_of_derived_types_are_told_with_them(market: Handler) -> None:
    """Part 1, 10: a context URL names the type that declares a member, where that is not the type of the set."""
    answer = json.loads(send(market, "GET", "Products(3)?$select=ID,N.S.Gadget/Volts").body)
    assert answer["@odata.context"] == "http://h/$metadata#Products(ID,N.S.Gadget/Volts)/$entity"
    answer = json.loads(send(market, "GET", "Products/N.S.Gadget?$select=Volts").body)
    assert answer["@odata.context"] == "http://h/$metadata#Products/N.S.Gadget(Volts)"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("Products(3)/N.S.Gadget/Volts", "Products(3)/N.S.Gadget/Volts"),
        ("Products(3)/N.S.Gadget/Name", "Products(3)/Name"),
        ("Products(1)/Addrs/1/N.S.USAddress/Zip", "Products(1)/Addrs/1/N.S.USAddress/Zip"),
    ],
)
def test_paths_to_members_of_derived_types_have_casts(market: Handler, path: str, named: str) -> None:
    """Part 1, 10.14: the path "MUST include cast segments for properties defined on types derived from"."""
    assert json.loads(send(market, "GET", path).body)["@odata.context"] == f"http://h/$metadata#{named}"


def test_what_is_told_of_a_member_stands_before_it(market: Handler) -> None:
    """4.01 JSON Format, 4.4: so that a client can read an answer as it comes."""
    answer = json.loads(
        send(market, "GET", "Products(1)?$expand=Friends($count=true)", Accept="application/json;metadata=full").body
    )
    names = list(answer)
    place = names.index("Friends")
    assert [name.partition("@odata.")[0] for name in names[place - 3 :]] == ["Friends"] * 4


def test_etags_are_those_of_the_whole(market: Handler) -> None:
    """Part 1, 8.3.1: whatever a request asks of an entity, its ETag is the same."""
    etag = send(market, "GET", "Products(1)").header("ETag")
    for options in (
        "$compute=Price mul 2 as Twice", "$select=Tags($top=1)", "$expand=Addr/Country", "$select=ID", "$expand=Parts",
    ):  # fmt: skip
        for path in ("Products(1)", "Products"):
            answer = json.loads(send(market, "GET", f"{path}?{options}").body)
            row = answer["value"][0] if "value" in answer else answer
            assert row["@odata.etag"] == etag, (path, options)


def test_aggregates_have_no_ids(market: Handler) -> None:
    assert read(market, "Products(1)/Parts?$apply=aggregate($count as N)") == {
        "value": [{"N@odata.type": "Decimal", "N": 2}]
    }


def test_complex_values_lead_to_entities(market: Handler) -> None:
    """Part 1, 11.4.2.1 and 11.4.6: they are bound like entities, and nobody sees how the service keeps that."""
    body = {"ID": 5, "Name": "n", "Addr": {"City": "c", "Country@bind": "Countries('DE')"}}
    assert json.loads(send(market, "POST", "Products", body).body)["Addr"] == {"Street": None, "City": "c", "Geo": None}
    assert read(market, "Products(5)/Addr/Country") == {"Code": "DE", "Name": "Germany"}
    assert read(market, "Products(5)/Addr") == {"Street": None, "City": "c", "Geo": None}
    assert read(market, "Products(5)?$select=ID&$expand=Addr/Country") == {
        "ID": 5, "Addr": {"Country": {"Code": "DE", "Name": "Germany"}},
    }  # fmt: skip
    assert send(market, "PUT", "Products(5)/Addr/Country/$ref", {"@id": "Countries('FR')"}).status == 204
    assert read(market, "Products(5)/Addr?$select=City&$expand=Country($select=Name)") == {
        "City": "c", "Country": {"@odata.id": "http://h/Countries('FR')", "Name": "France"},
    }  # fmt: skip
    for country in ({"@id": "Countries('DE')"}, None):
        assert send(market, "PATCH", "Products(5)", {"Addr": {"Country": country}}).status == 204
        assert read(market, "Products(5)/Addr/Country/$ref") == (
            204 if country is None else {"@odata.id": "http://h/Countries('DE')"}
        )
    for wrong in ({"Country@bind": "Categories(1)"}, {"Country@bind": "Countries('XX')"}):
        assert send(market, "PATCH", "Products(5)", {"Addr": wrong}).status == 400
    assert [row["ID"] for row in read(market, "Products?$filter=Addr/Country ne null&$select=ID")["value"]] == []


def test_dynamic_properties_keep_their_types(market: Handler) -> None:
    """4.01 JSON Format, 4.6.3: a type that the value does not tell is told."""
    typed = {
        "Col@odata.type": "#N.S.Color", "Col": "Red", "L@odata.type": "#Collection(N.S.Color)", "L": ["Red"],
        "I@odata.type": "Int32", "I": 5, "D@odata.type": "Date", "D": "2020-01-01",
        "Inf@odata.type": "Double", "Inf": "INF",
    }  # fmt: skip
    plain = {"N@odata.type": "Double", "N": 1.5, "S@odata.type": "String", "S": "x"}
    assert send(market, "POST", "Opens", {"ID": "o2", **typed, **plain}).status == 201
    assert read(market, "Opens('o2')") == {"ID": "o2", **typed, "N": 1.5, "S": "x"}
