# Every format and level, for any model: with inheritance, open types, nested values, expanded entities, and names that
# formats keep for themselves. What is written is read back the same, also by way of another format or version, but for
# what a format cannot say: that is listed in FORMS, and shown to be lost.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from odata_core.edm import EntitySet, ModelBuilder, Timestamp
from odata_core.edm.rows import TYPE
from odata_core.errors import NotAcceptable
from odata_core.payload.atom import ATOM_V2, ATOM_V3, Atom
from odata_core.payload.codec import About, Codec, Reading, Shape
from odata_core.payload.json_codec import json_v3, json_v4
from odata_core.payload.json_verbose import V2, V3_ISO, VerboseJson
from odata_core.testing.model_rows import NO_VALUES, any_rows, any_shapes
from odata_core.testing.models import any_models
from odata_core.testing.reference import exact

# Shrinking whole models takes minutes: what fails here is made small by hand.
CALM = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
ABOUT = About("http://h/s/", "Set", "http://h/s/Set", updated="2020-01-01T00:00:00Z")


def each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same with every value within it changed."""
    if isinstance(value, Mapping):
        return {name: each(item, change) for name, item in value.items()}
    return [each(item, change) for item in value] if isinstance(value, list) else change(value)


def without_types(row: Any) -> Any:
    """Without metadata nobody is told of which derived type a row is (4.01 JSON Format, 4.5.1)."""
    if isinstance(row, Mapping):
        return {name: without_types(value) for name, value in row.items() if name != TYPE}
    return [without_types(item) for item in row] if isinstance(row, list) else row


def in_milliseconds(row: Any) -> Any:
    """`/Date(...)/` has milliseconds, and no other parts of a second (MS-ODATA 2.2.6.3.1.1)."""
    return each(row, lambda v: Timestamp(v.ticks // 10_000 * 10_000, v.offset) if isinstance(v, Timestamp) else v)


def with_zones(row: Any) -> Any:
    """Version 4 has no date and time without a zone: Edm.DateTime is Edm.DateTimeOffset in UTC there."""
    return each(row, lambda v: Timestamp(v.ticks, 0) if isinstance(v, Timestamp) and v.offset is None else v)


@dataclass(frozen=True, repr=False)
class Form:
    """A codec, the versions whose models it can write, and what it loses of a row: None for nothing."""

    codec: Codec
    models: tuple[str, ...]
    loses: Callable[[Any], Any] | None = None
    is_xml: bool = False

    def kept(self, row: Any) -> Any:
        return row if self.loses is None else self.loses(row)


V4, V3, V2_ALONE = ("2.0", "3.0", "4.01"), ("2.0", "3.0"), ("2.0",)
FORMS: dict[str, Form] = {
    "4.01 minimal": Form(json_v4(is_401=True), V4, with_zones),
    "4.01 full": Form(json_v4("full", is_401=True), V4, with_zones),
    "4.01 strings": Form(json_v4(is_401=True, ieee754=True), V4, with_zones),
    "4.01 short": Form(json_v4(is_401=True, short_names=True), V4, with_zones),
    "4.0 minimal": Form(json_v4(), V4, with_zones),
    "4.0 full": Form(json_v4("full"), V4, with_zones),
    "3.0 light minimal": Form(json_v3(), V3),
    "3.0 light full": Form(json_v3("full"), V3),
    "3.0 verbose": Form(VerboseJson(V3_ISO), V3),
    "3.0 Atom": Form(Atom(ATOM_V3), V3, is_xml=True),
    "2.0 verbose": Form(VerboseJson(V2), V2_ALONE, in_milliseconds),
    "2.0 Atom": Form(Atom(ATOM_V2), V2_ALONE, is_xml=True),
}


def plain(row: Any) -> Any:
    """A row without what a level of metadata adds to it, its members in the order of their names."""
    if isinstance(row, Mapping):
        return {name: plain(row[name]) for name in sorted(row) if "@" not in name or name == TYPE}
    return [plain(item) for item in row] if isinstance(row, list) else row


@dataclass(frozen=True, repr=False)
class Case:
    """An entity of some model, and what of it is shown."""

    model: Any
    source: EntitySet
    shape: Shape
    row: dict[str, Any]


def case_of(data: st.DataObject, version: str, *, is_xml: bool) -> Case:
    model = data.draw(any_models(version, without=NO_VALUES, plain_names=is_xml))
    source = data.draw(st.sampled_from(list(model.entity_sets.values())))
    shape = data.draw(any_shapes(source))
    return Case(model, source, shape, data.draw(any_rows(source.type, shape=shape)))


def there_and_back(form: Form, case: Case, row: Any) -> Any:
    try:
        body = form.codec.write_entity(case.shape, row, ABOUT)
    except NotAcceptable:
        assert form.is_xml  # a character that XML cannot hold
        assume(False)
    return plain(form.codec.read_entity(body, case.source.type, Reading(case.model)))


@pytest.mark.parametrize("name", FORMS)
@CALM
@given(data=st.data())
def test_any_entity_of_any_model_comes_back(name: str, data: st.DataObject) -> None:
    form = FORMS[name]
    case = case_of(data, form.models[-1], is_xml=form.is_xml)
    expected = plain(form.kept(case.row))
    assert exact(there_and_back(form, case, case.row)) == exact(expected)
    feed = b"".join(form.codec.write_feed(case.shape, [case.row, case.row], ABOUT))
    again = form.codec.read_feed(feed, case.source.type, Reading(case.model)).rows
    assert exact([plain(one) for one in again]) == exact([expected, expected])


@CALM
@given(data=st.data(), names=st.lists(st.sampled_from(list(FORMS)), min_size=2, max_size=4))
def test_by_way_of_other_versions(data: st.DataObject, names: list[str]) -> None:
    """A row loses on its way through formats and versions what each of them loses, and nothing else."""
    forms = [FORMS[name] for name in names]
    versions = set.intersection(*[set(form.models) for form in forms])
    case = case_of(data, max(versions), is_xml=any(form.is_xml for form in forms))
    row, expected = case.row, case.row
    for form in forms:
        row, expected = there_and_back(form, case, row), form.kept(expected)
    assert exact(row) == exact(plain(expected))


def test_what_is_listed_is_lost() -> None:
    """Every loss of the table happens, so that a row which is not needed is seen."""
    builder = ModelBuilder("M")
    builder.entity("T", key="ID", properties={"ID": "Int32", "At": "DateTime"})
    builder.entity_set("Set", "T")
    model = builder.build()
    source = model.entity_set("Set")
    row = {"ID": 1, "At": Timestamp.parse("2020-01-01T00:00:00.1234567")}
    case = Case(model, source, Shape(source.type, source), row)
    lossy = [name for name, form in FORMS.items() if exact(there_and_back(form, case, row)) != exact(plain(row))]
    assert lossy == [name for name, form in FORMS.items() if form.loses is not None]


@pytest.mark.parametrize("codec", [json_v4("none", is_401=True), json_v4("none"), json_v3("none")])
@CALM
@given(data=st.data())
def test_without_metadata_types_are_lost(codec: Codec, data: st.DataObject) -> None:
    """A client that asks for no metadata knows the types, or it is told only what the declared ones say."""
    case = case_of(data, "3.0", is_xml=False)
    row = with_zones(without_types(case.row))
    assume(without_types(case.row) == case.row and not case.source.type.is_open)
    body = codec.write_entity(case.shape, row, ABOUT)
    assert b"odata." not in body
    assert exact(plain(codec.read_entity(body, case.source.type, Reading(case.model)))) == exact(plain(row))
