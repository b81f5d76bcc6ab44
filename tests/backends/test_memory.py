# The memory backend: the suite that every backend passes, and what only this one promises.

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.backend import Backend, Context, Done, Query, Reads, Row, Writes, load_backend
from odata_core.backend.completion import complete
from odata_core.edm import Model, ModelBuilder, ModelError, prop
from odata_core.errors import BadRequest, Conflict
from odata_core.query.tree import Compare, Constant, In, ListOf, Path
from odata_core.testing.reference import MODEL, ROWS, exact
from odata_core.testing.suite import WAIT_SECONDS, BackendSuite, everything, inserted, work, write_all_kinds
from odata_memory import MemoryBackend


class TestMemory(BackendSuite):
    @pytest.fixture
    def backend(self, model: Model, rows: Mapping[str, list[Row]]) -> Backend:
        return MemoryBackend(model, rows)


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(MODEL, ROWS)


def test_a_session_reads_and_writes(backend: MemoryBackend) -> None:
    with backend.session(Context()) as session:
        assert isinstance(session, Reads)
        assert isinstance(session, Writes)


def test_nothing_is_needed_but_a_model() -> None:
    assert everything(MemoryBackend(MODEL)) == {"Products": [], "Lines": [], "Everything": []}


def test_initial_rows_are_completed() -> None:
    backend = MemoryBackend(MODEL, {"Products": iter([{"Discontinued": True}, {"Discontinued": False}])})
    assert [(row["ID"], row["Stock"], row["Tags"]) for row in everything(backend)["Products"]] == [
        (1, 0, []),
        (2, 0, []),
    ]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"Product": []}, ModelError, "There is no entity set 'Product'. Did you mean 'Products'?"),
        (
            {"Products": [{}]},
            BadRequest,
            "The property 'Discontinued' is missing: it is not nullable and has no default.",
        ),
        ({"Lines": [{"Order": 1, "Text": "a'b"}] * 2}, Conflict, "There is already Lines(Order=1,Text='a''b')."),
    ],
)
def test_initial_rows_must_do(data: Mapping[str, list[Row]], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        MemoryBackend(MODEL, data)
    assert str(caught.value) == message


def test_reset_restores_the_initial_rows(backend: MemoryBackend) -> None:
    before = everything(backend)
    with work(backend) as session:
        write_all_kinds(session)
    assert exact(everything(backend)) != exact(before)
    backend.reset()
    assert exact(everything(backend)) == exact(before)


def test_numbers_go_on_after_the_highest_and_pass_over_what_is_taken(backend: MemoryBackend) -> None:
    assert inserted(backend, "Products", Discontinued=True)["ID"] == 9
    inserted(backend, "Products", ID=10, Discontinued=True)
    inserted(backend, "Products", ID=2**31 - 1, Discontinued=True)
    assert inserted(backend, "Products", Discontinued=True)["ID"] == 11


def test_rows_are_replaced_and_not_changed(backend: MemoryBackend) -> None:
    with work(backend) as session:
        before = session.get(MODEL.entity_set("Products"), (7,))
        copy = exact(before)
        session.update(MODEL.entity_set("Products"), (7,), {"Name": "x"}, replace=False)
    assert exact(before) == copy


@pytest.mark.parametrize(("value", "keys"), [(7, [7]), (99, []), (None, [])])
def test_a_demanded_key_is_looked_up(backend: MemoryBackend, value: int | None, keys: list[int]) -> None:
    products = MODEL.entity_set("Products")
    demand = Compare("eq", Path((products.type.properties["ID"],)), Constant(value, None))
    with backend.session(Context()) as session:
        answer = session.select(Query(products, filter=demand))
    assert ([row["ID"] for row in answer.rows], answer.done) == (keys, Done.ORDER)


def test_a_session_that_fails_frees_the_lock(backend: MemoryBackend) -> None:
    def fail() -> None:
        with work(backend) as session:
            write_all_kinds(session)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with ThreadPoolExecutor(1) as pool:  # the lock would let its own thread in again
        assert pool.submit(inserted, backend, "Products", Discontinued=True).result(WAIT_SECONDS)["ID"] == 9


def test_a_key_of_flags_has_one_form() -> None:
    builder = ModelBuilder("Test")
    builder.enum("Flags", members={"A": 1, "B": 2, "Both": 3}, flags=True)
    builder.entity("Entity", key=("Flags", "ID"), properties={"Flags": "Flags", "ID": prop("Guid", generated=True)})
    builder.entity_set("Entities", "Entity")
    model = builder.build()
    where, nil = model.entity_set("Entities"), UUID(int=1)
    backend = MemoryBackend(model, {"Entities": [{"Flags": "B,A", "ID": nil}]})
    with backend.session(Context()) as session:
        assert session.get(where, ("A,B", nil)) == session.get(where, ("Both", nil)) == {"Flags": "B,A", "ID": nil}
        assert session.get(where, ("A", nil)) is None


def test_it_is_found_by_name() -> None:
    try:
        distribution("odata-core")
    except PackageNotFoundError:
        pytest.skip("Entry points need the package to be installed.")
    assert load_backend("memory") is MemoryBackend


@given(
    ratings=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    wanted=st.sets(st.integers(0, 3), min_size=1, max_size=3),
    skip=st.integers(0, 5),
    top=st.none() | st.integers(0, 20),
    count=st.booleans(),
)
def test_a_page_of_a_column_is_the_same_however_it_is_found(
    ratings: list[int], wanted: set[int], skip: int, top: int | None, count: bool
) -> None:
    """Few rows are looked up and sorted; a page of many is found among all rows in their order."""
    builder = ModelBuilder("Shop")
    builder.entity("Product", key="ID", properties={"ID": "Int32", "Rating": "Int16"})
    builder.entity_set("Products", "Product")
    model = builder.build()
    source = model.entity_set("Products")
    numbers = list(enumerate(ratings))[::-1]
    backend = MemoryBackend(model, {"Products": [{"ID": n, "Rating": rating} for n, rating in numbers]})
    rating = source.type.properties["Rating"]
    condition = In(Path((rating,)), ListOf(tuple([Constant(one, rating.type) for one in sorted(wanted)]), rating.type))
    query = Query(source, condition, (), skip, top, count)
    with backend.session(Context()) as session:
        rows, total = complete(session.select(query), query)
    matching = [n for n, one in enumerate(ratings) if one in wanted]
    assert [row["ID"] for row in rows] == matching[skip : None if top is None else skip + top]
    assert total == (len(matching) if count else None)
