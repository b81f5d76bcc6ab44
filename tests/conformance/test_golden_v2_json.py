# Answers that a WCF service gave in verbose JSON, made again from the rows behind them: the URL is bound, the rows are
# selected by the reference evaluator, and the codec of the version that the service chose writes them. What is compared
# is the whole parsed body, with one host for all.

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import pytest

from odata_core.csdl import read_csdl_file
from odata_core.edm import EntitySet, EntityType, Model, Timestamp
from odata_core.edm import primitives as edm
from odata_core.limits import Limits
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_verbose import V1, V2, VerboseJson
from odata_core.query.evaluate import Relations, compile_filter, compile_order
from odata_core.query.path_rules import V2_RULES
from odata_core.query.resource import Key
from odata_core.query.tree import Follow, OrderBy, Path
from odata_core.query.urls import BoundUrl, bind_url
from odata_core.uri import V2_GRAMMAR
from odata_core.uri.urls import parse_relative
from tests.conformance.corpora import Line, lines, path_of

LIMITS = Limits()
ROOT = "http://host/service/"
RECORDED_ROOT = re.compile(r"http://services\.odata\.org/northwind/Northwind\.svc/", re.IGNORECASE)
FOLDER = "v2-northwind-golden"
GOLDEN = [line for line in lines(f"{FOLDER}/index") if line.get("file", "").startswith("json/")]
SHAPES = {"v1 array": V1, "v2 results": V2, "entity/other": V2}

# What the recorded service had otherwise than the corpus: its model lacked a navigation property, and the tables, which
# are from another copy of the database, have typing errors in these values.
HIDDEN = {"Customer": {"CustomerDemographics"}}
RECORDED_VALUES: dict[tuple[str, int], dict[str, str]] = {
    ("Orders", 10630): {"ShipName": "Königlich Essen"},
    ("Orders", 10797): {"ShipCity": "Aachen"},
    ("Orders", 10929): {"ShipCity": "München"},
    ("Orders", 10975): {"ShipCity": "Tsawassen"},
}


@lru_cache(maxsize=1)
def northwind() -> Model:
    return read_csdl_file(path_of("metadata/v2/northwind-v2.xml"))


@lru_cache(maxsize=1)
def relations() -> Relations:
    return Relations(lambda source: rows_of(source.name))


def table_of(name: str) -> list[dict[str, Any]]:
    """The rows of a table as the corpus has them."""
    table: list[dict[str, Any]] = json.loads(
        path_of(f"{FOLDER}/data/{name}.json").read_text("utf-8"), parse_float=Decimal
    )
    return table


def rows_of(name: str) -> list[dict[str, Any]]:
    table, kind = table_of(name), northwind().entity_sets[name].type
    rows = [{key: value_of(kind, key, value) for key, value in row.items() if key in kind.properties} for row in table]
    return [{**row, **RECORDED_VALUES.get((name, row[kind.key[0]]), {})} for row in rows]


def value_of(kind: EntityType, name: str, value: Any) -> Any:
    """A value as the database has it in the Python form of its type; money has its scale."""
    prop = kind.properties[name]
    if value is None:
        return None
    if prop.type is edm.DECIMAL:
        return Decimal(value).quantize(Decimal(1).scaleb(-prop.facets["Scale"]))
    if prop.type is edm.DATETIME:
        return Timestamp.parse(value.replace(" ", "T"))
    if prop.type is edm.BINARY:
        return bytes.fromhex(value.removeprefix("0x"))
    return bool(value) if prop.type is edm.BOOLEAN else prop.accept(value)


def bound(uri: str) -> BoundUrl:
    url = parse_relative(quote(uri, safe="$=&,;/()'@*!:-._~?"), V2_GRAMMAR, LIMITS)
    return bind_url(url, northwind(), V2_GRAMMAR, LIMITS, V2_RULES)


def found(url: BoundUrl) -> list[dict[str, Any]]:
    """The rows that a path names."""
    current: list[Any] = []
    for step in url.resource.steps:
        match step:
            case EntitySet():
                current = list(relations().rows(step))
            case Key():
                kind = url.resource.hops[0].entity_set.type
                current = [row for row in current if kind.key_of(row) == step.plain]
            case Follow():
                (row,) = current
                current = list(relations().follow(row, step))
            case _:
                raise AssertionError(f"{step} is in no golden URL")
    return current


def answer(line: Line) -> Any:
    """The parsed body of the answer to a URL."""
    url = bound(line["uri"])
    options, kind, source = url.options, url.resource.entity_type, url.resource.entity_set
    selected = found(url)
    if options.filter is not None:
        keep = compile_filter(options.filter, relations=relations())
        selected = [row for row in selected if keep(row)]
    by_key = tuple([OrderBy(Path((kind.properties[name],)), False) for name in kind.key])
    ordered = compile_order((*options.order, *by_key), relations=relations())(selected)
    page = ordered[options.skip or 0 :][: options.top]
    is_page = len(page) > line["page_size"]
    page = page[: line["page_size"]]
    next_link = None
    if is_page:
        last = page[-1][kind.key[0]]
        next_link = f"{ROOT}{quote(line['uri'], safe='$=&/()?')}&$skiptoken={last}"
    shape = Shape(kind, source, links=tuple(kind.navigation.keys() - HIDDEN.get(kind.name, set())))
    if options.select is not None:
        shape = Shape(kind, source, select=tuple(chosen.name for chosen in options.select.members), links=())
    codec = VerboseJson(SHAPES[line["shape"]], northwind())
    if not url.resource.is_collection:
        return json.loads(codec.write_entity(shape, page[0], About(ROOT)))
    return json.loads(b"".join(codec.write_feed(shape, page, About(ROOT, next_link=next_link))))


def recorded(line: Line) -> str:
    return RECORDED_ROOT.sub(ROOT, path_of(f"{FOLDER}/{line['file']}").read_text("utf-8-sig"))


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: line["name"])
def test_the_answer_is_made_again(line: Line) -> None:
    assert answer(line) == json.loads(recorded(line))


@pytest.mark.parametrize(("name", "key"), RECORDED_VALUES)
def test_the_table_has_another_value_than_the_answer(name: str, key: int) -> None:
    (row,) = [row for row in table_of(name) if row["OrderID"] == key]
    assert all(row[member] != value for member, value in RECORDED_VALUES[name, key].items())


def test_every_kind_of_answer_is_there() -> None:
    assert len(GOLDEN) == 12
    assert {line["shape"] for line in GOLDEN} == set(SHAPES)
    assert any("next" in line for line in GOLDEN)


@pytest.mark.parametrize(
    "line", [line for line in GOLDEN if line["shape"] != "entity/other"], ids=lambda line: line["name"]
)
def test_the_rows_are_read_from_the_recorded_answer(line: Line) -> None:
    """What was recorded, read and without its links, are rows of the database."""
    url = bound(line["uri"])
    feed = VerboseJson(V2).read_feed(
        recorded(line).encode(), url.resource.entity_type, Reading(northwind(), is_request=False)
    )
    table = {url.resource.entity_type.key_of(row): row for row in rows_of(url.resource.entity_set.name)}
    plain = [{name: value for name, value in row.items() if "@" not in name} for row in feed.rows]
    assert plain == [table[url.resource.entity_type.key_of(row)] for row in plain]
    assert (feed.next_link is not None) == ("next" in line)
