# Skip tokens: the rows behind a token are those that sort behind the row it was made of, for every type, order and row.

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.backend.completion import key_order
from odata_core.edm import ModelBuilder, prop
from odata_core.errors import BadRequest
from odata_core.query.evaluate import Relations, compile_filter, compile_order
from odata_core.query.tree import OrderBy, Path
from odata_core.service.paging import after, token_of
from odata_core.testing.strategies import values_of

SORTED = """Boolean Byte SByte Int16 Int32 Int64 Single Double Decimal String Guid DateTime DateTimeOffset Time
    Date TimeOfDay Duration Binary""".split()


def build() -> Any:
    builder = ModelBuilder("Test")
    builder.enum("Color", members={"Red": 4, "Green": 2, "Blue": 1})
    properties: dict[str, Any] = {"ID": "Int32", **{name: prop(name) for name in SORTED}, "Color": prop("Color")}
    builder.entity("Thing", key="ID", properties=properties)
    builder.entity_set("Things", "Thing")
    return builder.build()


MODEL = build()
KIND = MODEL.entity_sets["Things"].type
NOTHING = Relations(lambda source: [])


@pytest.mark.parametrize("name", [*SORTED, "Color"])
@given(data=st.data())
def test_pages_are_the_whole(name: str, data: st.DataObject) -> None:
    property_ = KIND.properties[name]
    values = data.draw(st.lists(values_of(property_) | st.none(), max_size=8))
    values = data.draw(st.lists(st.sampled_from(values or [None]), max_size=8))  # with ties
    rows = [{**dict.fromkeys(KIND.properties), "ID": index, name: value} for index, value in enumerate(values)]
    order = (OrderBy(Path((property_,)), data.draw(st.booleans())), *key_order(KIND))
    everything = compile_order(order, relations=NOTHING, kind=KIND)(rows)
    for index, row in enumerate(everything):
        condition = after(token_of(row, order, KIND, NOTHING), order)
        assert condition is not None
        behind = filter(compile_filter(condition, relations=NOTHING, kind=KIND), everything)
        assert [one["ID"] for one in behind] == [one["ID"] for one in everything[index + 1 :]]


@pytest.mark.parametrize(
    "token", ["", "x", "5", "WzFd", "bnVsbA", "W10", "WyJ4Il0", "WyJ4IiwieSIsInoiXQ", "\ud800", "é"]
)
def test_other_tokens_are_refused(token: str) -> None:
    order = (OrderBy(Path((KIND.properties["Int32"],))), *key_order(KIND))
    with pytest.raises(BadRequest, match=r"\$skiptoken is none that this service made"):
        after(token, order)


@given(st.text())
def test_any_text_is_read_or_refused(token: str) -> None:
    with suppress(BadRequest):
        assert after(token, key_order(KIND)) is not None
