# Rows that nobody changes keep what was written of them: whatever was written before, in whichever form, what is
# written next is what it would be of rows that keep nothing.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_core.edm import ModelBuilder
from odata_core.edm.rows import KeptRow
from odata_core.payload.codec import About, Shape
from odata_core.payload.json_codec import json_v3, json_v4
from odata_core.service import Headers, Request, Service
from odata_core.testing.model_rows import NO_VALUES, any_rows, any_shapes
from odata_core.testing.models import any_models
from odata_memory import MemoryBackend

CODECS = {
    "4.01": json_v4(is_401=True),
    "4.0": json_v4(),
    "4.0 none": json_v4("none"),
    "4.0 strings": json_v4(ieee754=True),
    "4.0 full": json_v4("full"),
    "3.0": json_v3(),
}
ROOTS = ("http://a/", "http://b/")
TEXT = "Nothing is kept of rows that are longer than this bound allows. "


def about(root: str) -> About:
    return About(root, "Set", f"{root}Set")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_kept_rows_are_written_like_others(data: st.DataObject) -> None:
    model = data.draw(any_models("3.0", without=NO_VALUES))
    source = data.draw(st.sampled_from(list(model.entity_sets.values())))
    shapes = [data.draw(any_shapes(source)), Shape(source.type, source)]
    rows = data.draw(st.lists(any_rows(source.type, shape=shapes[0]), min_size=1, max_size=3))
    kept: list[Any] = [KeptRow(row) for row in rows]
    if data.draw(st.booleans()):
        kept[-1] = rows[-1]  # a row that may change, among others
    uses = st.tuples(st.sampled_from(list(CODECS)), st.sampled_from(shapes), st.sampled_from(ROOTS))
    for name, shape, root in data.draw(st.lists(uses, min_size=3, max_size=8)):
        expected = b"".join(CODECS[name].write_feed(shape, rows, about(root)))
        for _ in range(data.draw(st.integers(1, 3))):
            assert b"".join(CODECS[name].write_feed(shape, kept, about(root))) == expected


def shop() -> Any:
    builder = ModelBuilder("Shop")
    builder.entity("Product", key="ID", properties={"ID": "Int32", "Name": "String"})
    builder.entity_set("Products", "Product")
    return builder.build()


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("short", 1, None),  # nobody knows yet whether it is asked for again
        ("short", 2, b'{"ID":1,"Name":"short"}'),
        ("short", 3, b'{"ID":1,"Name":"short"}'),
        (TEXT * 40, 3, None),
    ],
)
def test_what_is_kept(name: str, written: int, kept: bytes | None) -> None:
    source = shop().entity_set("Products")
    row = KeptRow({"ID": 1, "Name": name})
    for _ in range(written):
        list(json_v4().write_feed(Shape(source.type, source), [row], about(ROOTS[0])))
    assert (row.written[1] if row.written[0] else None) == kept


def test_what_is_kept_is_written() -> None:
    """Otherwise keeping it would be for nothing."""
    source = shop().entity_set("Products")
    row = KeptRow({"ID": 1, "Name": "as it was"})

    def written() -> bytes:
        return b"".join(json_v4("none").write_feed(Shape(source.type, source), [row], about(ROOTS[0])))

    assert {written(), written()} == {b'{"value":[{"ID":1,"Name":"as it was"}]}'}
    row["Name"] = "changed, which a row of this kind never is"
    assert written() == b'{"value":[{"ID":1,"Name":"as it was"}]}'


def test_a_store_writes_what_it_holds_now() -> None:
    model = shop()
    service = Service(model, MemoryBackend(model, {"Products": [{"ID": n, "Name": f"p{n}"} for n in range(3)]}))
    headers = Headers({"Content-Type": "application/json", "OData-Version": "4.0", "Accept": "application/json"})

    def names() -> bytes:
        return service.handle(Request("GET", ROOTS[0], "Products", "$select=Name", headers)).body

    before = [names() for _ in range(3)]
    assert before == [before[0]] * 3
    assert service.handle(Request("PATCH", ROOTS[0], "Products(1)", "", headers, b'{"Name":"new"}')).status == 204
    assert [names() for _ in range(3)] == [before[0].replace(b"p1", b"new")] * 3
