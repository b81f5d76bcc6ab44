# Which system query options may stand on which resource: by what a request does and by what it gives.

from __future__ import annotations

import pytest

from odata_core.errors import BadRequest
from odata_core.query.resource_options import APPLICABLE, Shape, Use, applicable_options, check_options, shape_of_result
from tests.query.paths import OLD_SHOP, SHOP, bind

SHAPES = [
    ("", Shape.SERVICE),
    ("$metadata", Shape.METADATA),
    ("$batch", Shape.BATCH),
    ("$entity?$id=x", Shape.ENTITY_ID),
    ("$all", Shape.ENTITIES),
    ("$crossjoin(Products,Categories)", Shape.CROSSJOIN),
    ("Products", Shape.ENTITIES),
    ("Products/$each", Shape.ENTITIES),
    ("Products/$filter(ID gt 1)", Shape.ENTITIES),
    ("Products(1)", Shape.ENTITY),
    ("Me", Shape.ENTITY),
    ("Orders(1)/Items", Shape.ENTITIES),
    ("Products(1)/Size", Shape.COMPLEX),
    ("Products(1)/Sizes", Shape.COMPLEXES),
    ("Products(1)/Sizes/0", Shape.COMPLEX),
    ("Products(1)/Name", Shape.VALUE),
    ("Products(1)/Color", Shape.VALUE),
    ("Products(1)/Tags", Shape.VALUES),
    ("Products(1)/Extra/Any", Shape.DYNAMIC),
    ("Products(1)/Photo", Shape.STREAM),
    ("Products(1)/Name/$value", Shape.RAW),
    ("Pictures('Red')/$value", Shape.STREAM),
    ("Products/$count", Shape.COUNT),
    ("Products(1)/Tags/$count", Shape.COUNT),
    ("Products(1)/Category/$ref", Shape.REFERENCE),
    ("Products/$ref", Shape.REFERENCES),
    ("Cheapest()", Shape.ENTITY),
    ("Find(of=@a,like=null)?@a=[]", Shape.ENTITIES),
    ("Now()", Shape.VALUE),
    ("Sizes()", Shape.COMPLEXES),
    ("Logo()", Shape.STREAM),
    ("Make", Shape.ENTITIES),
    ("Reset", Shape.NOTHING),
]


@pytest.mark.parametrize(("url", "expected"), SHAPES)
def test_the_shape_of_what_a_request_gives(url: str, expected: Shape) -> None:
    assert shape_of_result(bind(SHOP, url)) is expected


def test_the_count_of_one_entity_takes_no_options() -> None:
    resource = bind(OLD_SHOP, "Products(1)/$count", 3)
    assert shape_of_result(resource) is Shape.COUNT_OF_ONE
    assert applicable_options(resource, Use.READ) == {"$schemaversion"}


READ = [
    ("", "format schemaversion"),
    ("$metadata", "format schemaversion"),
    (
        "$all",
        "apply at compute count deltatoken expand filter format from inlinecount orderby schemaversion search "
        "select skip skiptoken to toinclusive top",
    ),
    (
        "$crossjoin(Products,Categories)",
        "apply compute count expand filter format inlinecount orderby schemaversion search select skip skiptoken top",
    ),
    (
        "Products",
        "apply at compute count deltatoken expand filter format from inlinecount orderby schemaversion search "
        "select skip skiptoken to toinclusive top",
    ),
    ("Products(1)", "at compute deltatoken expand format from schemaversion select to toinclusive"),
    (
        "Products(1)/Sizes",
        "apply compute count expand filter format inlinecount orderby schemaversion search select skip skiptoken top",
    ),
    ("Products(1)/Size", "compute expand format schemaversion select"),
    ("Products(1)/Tags", "count filter format inlinecount orderby schemaversion search skip skiptoken top"),
    ("Products(1)/Name", "format schemaversion"),
    ("Products(1)/Name/$value", "format schemaversion"),
    ("Products(1)/Photo", "schemaversion"),
    ("Products/$count", "filter schemaversion search"),
    ("Products/$ref", "count filter format inlinecount orderby schemaversion search skip skiptoken top"),
    ("Products(1)/$ref", "format schemaversion"),
    ("$entity?$id=x", "format id schemaversion"),
    ("$entity/Shop.Book?$id=x", "expand format id schemaversion select"),
    ("Reset", "schemaversion"),
    (
        "Make",
        "apply at compute count deltatoken expand filter format from inlinecount orderby schemaversion search "
        "select skip skiptoken to toinclusive top",
    ),
]


@pytest.mark.parametrize(("url", "expected"), READ)
def test_reading(url: str, expected: str) -> None:
    """And calling: what an operation gives is read."""
    assert sorted(name[1:] for name in applicable_options(bind(SHOP, url), Use.READ)) == expected.split()


@pytest.mark.parametrize(
    ("url", "use", "expected"),
    [
        ("Products", Use.INSERT, "$expand $format $index $schemaversion $select"),
        ("Products(1)/Tags", Use.INSERT, "$format $index $schemaversion"),
        ("Products(1)", Use.UPDATE, "$expand $format $schemaversion $select"),
        ("Products", Use.UPDATE, "$expand $filter $format $schemaversion $select"),
        ("Products/$each", Use.UPDATE, "$expand $filter $format $schemaversion $select"),
        ("Products(1)/Name", Use.UPDATE, "$format $schemaversion"),
        ("Pictures('Red')/$value", Use.UPDATE, "$schemaversion"),
        ("Products(1)", Use.DELETE, "$schemaversion"),
        ("Products(1)/Category/$ref", Use.DELETE, "$schemaversion"),
        ("Products/Best(n=1)/$ref", Use.DELETE, "$id $schemaversion"),
    ],
)
def test_writing(url: str, use: Use, expected: str) -> None:
    assert sorted(applicable_options(bind(SHOP, url), use)) == expected.split()


@pytest.mark.parametrize(
    ("url", "use", "name", "message"),
    [
        ("Products(1)", Use.READ, "$top", "The query option '$top' cannot be applied to an entity."),
        ("Products/$count", Use.READ, "$top", "The query option '$top' cannot be applied to a count."),
        (
            "Products(1)",
            Use.DELETE,
            "$select",
            "The query option '$select' cannot be applied to a request to delete an entity.",
        ),
        (
            "Products",
            Use.INSERT,
            "$top",
            "The query option '$top' cannot be applied to a request to add to a collection of entities.",
        ),
        ("Reset", Use.READ, "$select", "The query option '$select' cannot be applied to nothing."),
    ],
)
def test_a_refusal_names_option_and_resource(url: str, use: Use, name: str, message: str) -> None:
    check_options(["$schemaversion"], bind(SHOP, url), use)
    with pytest.raises(BadRequest) as caught:
        check_options(["$schemaversion", name], bind(SHOP, url), use)
    assert (caught.value.message, caught.value.target) == (message, name)


def test_every_shape_has_a_row_for_every_use() -> None:
    assert {use: set(table) for use, table in APPLICABLE.items()} == {use: set(Shape) for use in Use}
