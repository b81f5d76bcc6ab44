# Verbose JSON, written: whole bodies of each version, as trees and where it matters as bytes.

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from odata_core.edm import EntityType, Property, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.edm.rows import (
    ASSOCIATION,
    COUNT,
    EDIT_LINK,
    ETAG,
    ID,
    LINK,
    MEDIA_ETAG,
    MEDIA_TYPE,
    NEXT_LINK,
    REMOVED,
    TYPE,
)
from odata_core.errors import BadRequest, InternalError
from odata_core.payload.codec import About, Shape
from odata_core.payload.json_verbose import V1, V2, V3, V3_ISO, VerboseForm, VerboseJson
from tests.payload.verbose_shop import ABOUT, ROOT, shape, shop

FORMS = {"V1": V1, "V2": V2, "V3": V3}
PRODUCT = {
    "ID": 1,
    "Name": "Tea",
    "Price": Decimal("1.50"),
    "Colour": "Red",
    "Size": {"Width": 2**40, "Unit": None},
    "Tags": ["a", "b"],
    "Sizes": [{"Width": 1, "Unit": "m"}],
}
GROUP = {"Code": "O'N", "Title": None}


def written(form: VerboseForm, wanted: Shape, row: Any, about: About = ABOUT) -> Any:
    return json.loads(VerboseJson(form, shop()).write_entity(wanted, row, about))["d"]


def feed(form: VerboseForm, wanted: Shape, rows: Any, about: About = ABOUT) -> Any:
    return json.loads(b"".join(VerboseJson(form, shop()).write_feed(wanted, rows, about)))


def size(width: str, unit: str | None) -> Any:
    return {"__metadata": {"type": "Shop.Size"}, "Width": width, "Unit": unit}


def collection(form: VerboseForm, kind: str, items: list[Any]) -> Any:
    if form is V1:
        return items
    return {"results": items} if form is V2 else {"__metadata": {"type": f"Collection({kind})"}, "results": items}


@pytest.mark.parametrize("version", FORMS)
def test_an_entity(version: str) -> None:
    form = FORMS[version]
    uri = f"{ROOT}Products(1)"
    metadata: dict[str, Any] = {"uri": uri, "type": "Shop.Product", "etag": 'W/"1"'}
    if form is V3:
        associations = {"Group": {"associationuri": f"{uri}/$links/Group"}}
        metadata |= {"id": uri, "properties": associations}
    assert written(form, shape("Product"), {**PRODUCT, ETAG: 'W/"1"'}) == {
        "__metadata": metadata,
        "ID": 1,
        "Name": "Tea",
        "Price": "1.50",
        "Colour": "Red",
        "Size": size("1099511627776", None),
        "Tags": collection(form, "Edm.String", ["a", "b"]),
        "Sizes": collection(form, "Shop.Size", [size("1", "m")]),
        "Group": {"__deferred": {"uri": f"{uri}/Group"}},
    }


def test_what_a_row_knows_of_its_links_is_said() -> None:
    row = {**GROUP, ID: "urn:1", EDIT_LINK: "Groups(9)", "Products" + LINK: "u1", "Products" + ASSOCIATION: "u2"}
    assert written(V3, shape("Group", select=("Code",)), row) == {
        "__metadata": {
            "id": "urn:1",
            "uri": "Groups(9)",
            "type": "Shop.Group",
            "properties": {"Products": {"associationuri": "u2"}},
        },
        "Code": "O'N",
        "Products": {"__deferred": {"uri": "u1"}},
    }
    del row["Products" + LINK], row["Products" + ASSOCIATION]
    assert written(V2, shape("Group", select=()), row) == {
        "__metadata": {"id": "urn:1", "uri": "Groups(9)", "type": "Shop.Group"},
        "Products": {"__deferred": {"uri": "Groups(9)/Products"}},
    }


def test_links_that_are_not_wanted_are_not_written() -> None:
    uri = f"{ROOT}Groups('O''N')"
    wanted = shape("Group", select=("Title",), links=())
    assert written(V2, wanted, GROUP) == {"__metadata": {"uri": uri, "type": "Shop.Group"}, "Title": None}


@pytest.mark.parametrize(
    ("version", "uri"),
    [("V2", "Products(1)"), ("V3", "Products(1)/Shop.Food")],
)
def test_an_entity_of_a_derived_type(version: str, uri: str) -> None:
    """The edit link of version 3 has the type, and links begin with it."""
    out = written(FORMS[version], shape("Product", select=("ID", "Fat")), {**PRODUCT, "Fat": 2, TYPE: "Shop.Food"})
    assert out["__metadata"]["uri"] == ROOT + uri
    assert out["__metadata"]["type"] == "Shop.Food"
    assert out["Group"] == {"__deferred": {"uri": f"{ROOT}{uri}/Group"}}
    assert {name: out[name] for name in out if not isinstance(out[name], dict)} == {"ID": 1, "Fat": "2"}


def test_derived_types_without_a_model() -> None:
    """Their own properties are written by their Python types: 2 is no Int64 then."""
    row = {**PRODUCT, "Fat": 2, TYPE: "Shop.Food"}
    out = json.loads(VerboseJson(V2).write_entity(shape("Product"), row, ABOUT))["d"]
    assert (out["__metadata"]["type"], out["Fat"]) == ("Shop.Food", 2)


def test_a_row_of_a_type_that_is_none() -> None:
    with pytest.raises(InternalError, match=r"'Shop\.Nothing'"):
        written(V2, shape("Product"), {**PRODUCT, TYPE: "Shop.Nothing"})


def test_a_complex_value_of_a_derived_type() -> None:
    box = {"Width": 1, "Unit": None, "Depth": Decimal("2.0"), TYPE: "Shop.Box"}
    out = written(V2, shape("Product"), {**PRODUCT, "Size": box})
    assert out["Size"] == {"__metadata": {"type": "Shop.Box"}, "Width": "1", "Unit": None, "Depth": "2.0"}


def test_a_part_of_a_complex_value() -> None:
    wanted = shape("Product", select=("Size",), links=(), within=(("Size", shape("Size", select=("Unit",))),))
    assert written(V2, wanted, PRODUCT)["Size"] == {"__metadata": {"type": "Shop.Size"}, "Unit": None}


# ---------------------------------------------------------------- expanding


def test_related_entities() -> None:
    inner = shape("Product", select=("ID",), links=())
    wanted = shape("Group", expand=(("Products", inner),), links=())
    row = {**GROUP, "Products": [PRODUCT], "Products" + COUNT: 7, "Products" + NEXT_LINK: "more"}
    product = {"__metadata": {"uri": f"{ROOT}Products(1)", "type": "Shop.Product"}, "ID": 1}
    assert written(V2, wanted, row)["Products"] == {"__count": "7", "results": [product], "__next": "more"}
    assert written(V2, wanted, {**GROUP, "Products": []})["Products"] == {"results": []}
    assert written(V1, wanted, {**GROUP, "Products": [PRODUCT]})["Products"] == [product]


@pytest.mark.parametrize("group", [GROUP, None])
def test_a_related_entity(group: Any) -> None:
    wanted = shape("Product", select=(), expand=(("Group", shape("Group", links=())),))
    shown = {"__metadata": {"uri": f"{ROOT}Groups('O''N')", "type": "Shop.Group"}, **GROUP} if group else None
    assert written(V2, wanted, {**PRODUCT, "Group": group})["Group"] == shown


def test_references_show_where_an_entity_is_and_no_more() -> None:
    wanted = shape("Group", expand=(("Products", shape("Product")),), references=frozenset({"Products"}))
    out = written(V3, wanted, {**GROUP, "Products": [{**PRODUCT, ETAG: "1"}]})
    uri = f"{ROOT}Products(1)"
    assert out["Products"]["results"] == [{"__metadata": {"id": uri, "uri": uri, "type": "Shop.Product", "etag": "1"}}]


# ---------------------------------------------------------------- media, streams, operations


def test_a_media_entity() -> None:
    row = {"ID": 1, "Taken": None, "Thumb": "image/png", "Thumb" + MEDIA_ETAG: "2", MEDIA_TYPE: "image/jpeg"}
    uri = f"{ROOT}Photos(1)"
    media = {"media_src": f"{uri}/$value", "edit_media": f"{uri}/$value", "content_type": "image/jpeg"}
    metadata = {"uri": uri, "type": "Shop.Photo", **media}
    thumb = {"edit_media": f"{uri}/Thumb", "media_src": f"{uri}/Thumb", "content_type": "image/png", "media_etag": "2"}
    assert written(V2, shape("Photo"), row) == {"__metadata": metadata, "ID": 1, "Taken": None}
    assert written(V3, shape("Photo"), row) == {
        "__metadata": {"id": uri, **metadata},
        "ID": 1,
        "Taken": None,
        "Thumb": {"__mediaresource": thumb},
    }
    nothing = {"__mediaresource": {"edit_media": f"{uri}/Thumb"}}
    assert written(V3, shape("Photo"), {"ID": 1, "Taken": None, "Thumb": None})["Thumb"] == nothing


def test_what_can_be_called_on_an_entity() -> None:
    action = {"title": "Raise", "target": "Groups('x')/Raise"}
    function = {"title": "Rate", "target": "Groups('x')/Rate", "isFunction": True}
    row = {**GROUP, "#C.Raise": action, "#C.Rate": [function, function]}
    metadata = written(V3, shape("Group"), row)["__metadata"]
    told = {"title": "Rate", "target": "Groups('x')/Rate"}
    assert metadata["actions"] == {f"{ROOT}$metadata#C.Raise": [action]}
    assert metadata["functions"] == {f"{ROOT}$metadata#C.Rate": [told, told]}
    assert "actions" not in written(V2, shape("Group"), row)["__metadata"]


# ---------------------------------------------------------------- dynamic properties


DYNAMIC: list[tuple[Any, str | None, Any]] = [
    (None, None, None),
    (True, None, True),
    ("x", None, "x"),
    (5, None, 5),
    (2**31, None, "2147483648"),
    (5, "Edm.Int64", "5"),
    (1.5, None, 1.5),
    (float("inf"), None, "INF"),
    (Decimal("1.10"), None, "1.10"),
    (b"\x00", None, "AA=="),
    (UUID(int=1), None, "00000000-0000-0000-0000-000000000001"),
    (Timestamp.parse("1969-12-31T23:59:59.999"), None, "/Date(-1)/"),
    (date(1970, 1, 2), None, "/Date(86400000)/"),
    (TimeOfDay(0), None, "PT0S"),
    ({"Width": 1, TYPE: "Shop.Size", "Unit": None}, None, size("1", None)),
    ({"a": 1, TYPE: "Other.Type"}, None, {"__metadata": {"type": "Other.Type"}, "a": 1}),
    ({"a": {"b": [1]}}, None, {"a": {"b": {"results": [1]}}}),
    ([1, 2], None, {"results": [1, 2]}),
    ([1], "Collection(Edm.Int64)", {"__metadata": {"type": "Collection(Edm.Int64)"}, "results": ["1"]}),
    (
        {"type": "Point", "coordinates": [1, 2]},
        "Edm.GeographyPoint",
        {"__metadata": {"type": "Edm.GeographyPoint"}, "type": "Point", "coordinates": [1, 2]},
    ),
]


@pytest.mark.parametrize(("value", "told", "shown"), DYNAMIC)
def test_dynamic_properties(value: Any, told: str | None, shown: Any) -> None:
    row = {"ID": 1, "Dyn": value} | ({} if told is None else {"Dyn" + TYPE: told})
    out = written(V3, shape("Thing"), row)
    assert {name: out[name] for name in out if name != "__metadata"} == {"ID": 1, "Dyn": shown}


def test_dynamic_properties_that_are_selected() -> None:
    row = {"ID": 1, "A": 1, "B": 2}
    out = written(V2, shape("Thing", select=("B", "C")), row)
    assert out == {"__metadata": {"uri": f"{ROOT}Things(1)", "type": "Shop.Thing"}, "B": 2}


def test_closed_types_have_no_dynamic_properties() -> None:
    out = written(V2, shape("Group", links=()), {**GROUP, "More": 1})
    assert out.keys() == {"__metadata", "Code", "Title"}


def test_partial_and_computed() -> None:
    """After $apply a row has what it has, and where it lives may not be known."""
    total = Property("Total", edm.INT64)
    wanted = replace(shape("Group", links=()), computed=(total,), partial=True)
    assert written(V2, wanted, {"Title": "x", "Total": 5}) == {
        "__metadata": {"type": "Shop.Group"},
        "Title": "x",
        "Total": "5",
    }


# ---------------------------------------------------------------- feeds


def test_feeds_of_each_version() -> None:
    about = About(ROOT, count=5, next_link=f"{ROOT}Groups?$skiptoken='x'")
    wanted = shape("Group", select=("Code",), links=())
    item = {"__metadata": {"uri": f"{ROOT}Groups('O''N')", "type": "Shop.Group"}, "Code": "O'N"}
    assert feed(V1, wanted, [GROUP, GROUP]) == {"d": [item, item]}
    assert feed(V2, wanted, [GROUP, GROUP]) == {"d": {"results": [item, item]}}
    told = {"__count": "5", "results": [item], "__next": about.next_link}
    assert feed(V2, wanted, [GROUP], about) == {"d": told}
    assert feed(V1, wanted, []) == {"d": []}
    assert feed(V3, wanted, []) == {"d": {"results": []}}


@pytest.mark.parametrize("about", [About(ROOT, count=1), About(ROOT, next_link="x"), About(ROOT, delta_link="x")])
def test_version_1_has_no_place_for_counts_and_links(about: About) -> None:
    with pytest.raises(InternalError, match="version 1"):
        feed(V1, shape("Group"), [], about)
    with pytest.raises(InternalError, match="version 1"):
        written(
            V1,
            shape("Group", expand=(("Products", shape("Product")),)),
            {**GROUP, "Products": [], "Products" + COUNT: 1},
        )


def test_what_is_gone() -> None:
    about = About(ROOT, delta_link="later")
    out = feed(V2, shape("Group"), [{ID: "u", REMOVED: "deleted"}], about)
    assert out["d"] == {
        "results": [{"@odata.context": "$metadata#Groups/$deletedEntity", "id": "u"}],
        "__delta": "later",
    }


def test_large_feeds_come_in_chunks() -> None:
    """Each is a little larger than the bound, none waits for the last row, and together they are the whole."""
    taken = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for index in range(20_000):
            taken += 1
            yield {"Code": str(index), "Title": "x" * 50}

    chunks = VerboseJson(V2).write_feed(shape("Group"), rows(), ABOUT)
    first = next(chunks)
    assert (taken < 1_000, 64 * 1024 <= len(first) < 96 * 1024) == (True, True)
    rest = list(chunks)
    assert len(rest) > 50
    assert max(map(len, rest)) < 96 * 1024
    codes = [item["Code"] for item in json.loads(first + b"".join(rest))["d"]["results"]]
    assert codes == [str(index) for index in range(20_000)]


def test_an_error_in_the_first_rows_comes_before_the_first_chunk() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield GROUP
        raise BadRequest("No.")

    chunks = VerboseJson(V2).write_feed(shape("Group"), rows(), ABOUT)
    with pytest.raises(BadRequest):
        next(chunks)


# ---------------------------------------------------------------- the rest


def test_dates_have_their_backslashes() -> None:
    """.NET clients tell dates from other strings by them."""
    row = {"ID": 1, "Taken": Timestamp.parse("1970-01-01T01:00:00.5+01:00"), "Thumb": None}
    assert rb'"Taken":"\/Date(3600500+0060)\/"' in VerboseJson(V2).write_entity(shape("Photo"), row, ABOUT)
    assert b'"Taken":"1970-01-01T01:00:00.5+01:00"' in VerboseJson(V3_ISO).write_entity(shape("Photo"), row, ABOUT)


PROPERTIES = [
    ("Name", "Tea", "V2", {"Name": "Tea"}),
    ("Price", None, "V1", {"Price": None}),
    ("Size", {"Width": 1, "Unit": None}, "V1", {"Size": size("1", None)}),
    ("Tags", ["a"], "V1", {"Tags": ["a"]}),
    ("Tags", ["a"], "V2", {"Tags": {"results": ["a"]}}),
    ("Tags", [], "V3", {"Tags": {"__metadata": {"type": "Collection(Edm.String)"}, "results": []}}),
]


@pytest.mark.parametrize(("name", "value", "version", "shown"), PROPERTIES)
def test_properties(name: str, value: Any, version: str, shown: Any) -> None:
    kind = shop().types["Shop.Product"]
    assert isinstance(kind, EntityType)
    body = VerboseJson(FORMS[version]).write_property(kind.properties[name], value, ABOUT)
    assert json.loads(body) == {"d": shown}


def test_results_of_operations() -> None:
    values = Property("", edm.INT64, is_collection=True)
    bodies = {name: VerboseJson(form).write_property(values, [1], ABOUT) for name, form in FORMS.items()}
    assert {name: json.loads(body)["d"] for name, body in bodies.items()} == {
        "V1": ["1"],
        "V2": {"results": ["1"]},
        "V3": {"__metadata": {"type": "Collection(Edm.Int64)"}, "results": ["1"]},
    }


def test_links() -> None:
    def links(form: VerboseForm, *urls: str, about: About = ABOUT, many: bool = True) -> Any:
        return json.loads(VerboseJson(form).write_links(urls, about, is_collection=many))

    assert links(V2, "u", many=False) == {"d": {"uri": "u"}}
    assert links(V1, "u", "v") == {"d": [{"uri": "u"}, {"uri": "v"}]}
    about = About(ROOT, count=3, next_link="n")
    assert links(V2, "u", about=about) == {"d": {"__count": "3", "results": [{"uri": "u"}], "__next": "n"}}
    assert links(V3) == {"d": {"results": []}}


def test_the_service_document() -> None:
    body = VerboseJson(V2).write_service(shop(), ABOUT)
    assert json.loads(body) == {"d": {"EntitySets": ["Products", "Groups", "Photos", "Things", "Ideas"]}}


def test_errors() -> None:
    body = VerboseJson(V2).write_error(BadRequest("No \ud800.", code="E1"))
    assert json.loads(body) == {"error": {"code": "E1", "message": {"lang": "en-US", "value": "No ?."}}}
