# The suite that a backend's test class inherits: what it answers is compared, as whole values, with the reference
# evaluator on the same rows; what it writes is read back through a new session.
# Strategy: fixed questions are the table in cases.py; beside them, a property draws any question.
# The suite knows the contract only: how a backend stores, locks and waits is its own business.

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..backend import Answer, Backend, Context, Query, Row
from ..backend.completion import complete
from ..backend.rows import title_of
from ..edm import Model
from ..errors import BadRequest, Conflict, NotFound
from .cases import READ_CASES, ReadCase
from .reference import MODEL, ROWS, exact
from .strategies import queries_of

_INHERITED: Final = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow]
WAIT_SECONDS: Final = 60  # until a hanging thread fails a test; no test waits that long when all is well


class BackendSuite:
    """What every backend must do. Inherit it, and give it a fixture `backend` that holds `rows` for `model`.

    >>> class TestMine(BackendSuite):
    ...     @pytest.fixture
    ...     def backend(self, model, rows):
    ...         return MyBackend(model, rows)
    """

    writes: ClassVar[bool] = True  # False for a read-only backend: the cases that write are skipped

    @pytest.fixture
    def model(self) -> Model:
        """The model that the backend is to serve."""
        return MODEL

    @pytest.fixture
    def rows(self) -> Mapping[str, list[Row]]:
        """The rows that the backend is to hold, by entity set."""
        return {name: list(rows) for name, rows in ROWS.items()}

    @pytest.fixture
    def store(self, backend: Backend) -> Backend:
        """The backend, where it writes."""
        if not self.writes:
            pytest.skip("This backend is read-only.")
        return backend

    # Reading

    @pytest.mark.parametrize("set_name", list(ROWS))
    def test_get_gives_the_row_with_a_key(self, backend: Backend, set_name: str) -> None:
        entity_set = MODEL.entity_set(set_name)
        with work(backend) as session:
            found = [session.get(entity_set, entity_set.type.key_of(row)) for row in ROWS[set_name]]
        assert exact(found) == exact(ROWS[set_name])

    @pytest.mark.parametrize(
        ("set_name", "key"),
        [("Products", (99,)), ("Lines", (10, "c")), ("Lines", (11, "b")), ("Everything", (UUID(int=9),))],
    )
    def test_get_gives_none_without_a_row(self, backend: Backend, set_name: str, key: tuple[Any, ...]) -> None:
        with work(backend) as session:
            assert session.get(MODEL.entity_set(set_name), key) is None

    @pytest.mark.parametrize("case", READ_CASES, ids=lambda case: case.name)
    def test_select_agrees_with_the_reference(self, backend: Backend, case: ReadCase) -> None:
        assert exact(selected(backend, case.query)) == exact(expected(case.query))

    @settings(suppress_health_check=_INHERITED, deadline=None)
    @given(data=st.data())
    def test_select_agrees_on_any_query(self, backend: Backend, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(ROWS)))
        query = data.draw(queries_of(MODEL.entity_set(name), ROWS[name]))
        assert exact(selected(backend, query)) == exact(expected(query))

    def test_pages_join_to_the_whole(self, backend: Backend) -> None:
        products = MODEL.entity_set("Products")
        pages = [selected(backend, Query(products, skip=skip, top=2))[0] for skip in range(0, 10, 2)]
        assert exact([row for page in pages for row in page]) == exact(selected(backend, Query(products))[0])

    # Writing

    def test_insert_stores_what_it_returns(self, store: Backend) -> None:
        row = inserted(store, "Products", Name="Tea", Discontinued=False, Maker={"City": "Bern"}, Tags=["x"])
        assert exact({**row, "ID": 0}) == exact(
            {"ID": 0, "Name": "Tea", "Price": None, "Weight": None, "Stock": 0, "Discontinued": False, "Color": None,
             "Maker": {"City": "Bern", "Zip": None}, "Tags": ["x"]}
        )  # fmt: skip
        assert exact(stored(store, "Products", row["ID"])) == exact(row)

    @pytest.mark.parametrize("row", ROWS["Everything"], ids=lambda row: str(row["Key"]))
    def test_every_value_comes_back(self, store: Backend, row: Row) -> None:
        copy = inserted(store, "Everything", **{**row, "Key": UUID(int=77)})
        assert exact(stored(store, "Everything", UUID(int=77))) == exact({**row, "Key": UUID(int=77)}) == exact(copy)

    @pytest.mark.parametrize("given_key", [{}, {"ID": None}, {"ID": 0}, {"ID": -1}], ids=str)
    def test_the_server_makes_numbers(self, store: Backend, given_key: dict[str, Any]) -> None:
        keys = [inserted(store, "Products", **given_key, Discontinued=True)["ID"] for _ in range(3)]
        assert len({*keys, *[row["ID"] for row in ROWS["Products"]]}) == 3 + len(ROWS["Products"])
        assert all(isinstance(key, int) and key > 0 for key in keys)

    @pytest.mark.parametrize("given_key", [{}, {"Key": None}, {"Key": UUID(int=0)}], ids=str)
    def test_the_server_makes_guids(self, store: Backend, given_key: dict[str, Any]) -> None:
        keys = [inserted(store, "Everything", **given_key)["Key"] for _ in range(3)]
        assert len({*keys, UUID(int=0)}) == 4
        assert all(isinstance(key, UUID) for key in keys)

    def test_a_key_of_the_client_is_kept(self, store: Backend) -> None:
        assert inserted(store, "Products", ID=1000, Discontinued=True)["ID"] == 1000
        following = inserted(store, "Products", Discontinued=True)["ID"]
        assert following not in {1000, *[row["ID"] for row in ROWS["Products"]]}

    @pytest.mark.parametrize(
        ("set_name", "values"),
        [("Products", {"ID": 7, "Discontinued": True}), ("Lines", {"Order": 10, "Text": "b", "Amount": 1})],
    )
    def test_a_taken_key_is_a_conflict(self, store: Backend, set_name: str, values: dict[str, Any]) -> None:
        self._refused(store, Conflict, lambda session: session.insert(MODEL.entity_set(set_name), values))

    @pytest.mark.parametrize(
        ("values", "target"),
        [
            ({}, "$.Discontinued"),
            ({"Discontinued": None}, "$.Discontinued"),
            ({"Discontinued": True, "Stock": None}, "$.Stock"),
            ({"Discontinued": True, "Name": "x" * 41}, "$.Name"),
            ({"Discontinued": True, "Price": Decimal("0.001")}, "$.Price"),
            ({"Discontinued": True, "Tags": None}, "$.Tags"),
            ({"Discontinued": True, "Nam": "x"}, "$.Nam"),
        ],
        ids=str,
    )
    def test_values_that_do_not_fit_are_refused(self, store: Backend, values: dict[str, Any], target: str) -> None:
        products = MODEL.entity_set("Products")
        error = self._refused(store, BadRequest, lambda session: session.insert(products, values))
        assert error.target == target

    def test_update_changes_what_is_given(self, store: Backend) -> None:
        values = {"Name": None, "Stock": 6, "Color": "Green", "Tags": ["t"]}
        row = updated(store, "Products", 7, values, replace=False)
        assert exact(row) == exact({**_product(7), **values})
        assert exact(stored(store, "Products", 7)) == exact(row)

    def test_update_with_replace_resets_what_is_not_given(self, store: Backend) -> None:
        row = updated(store, "Products", 1, {"Discontinued": False, "Weight": 2.0}, replace=True)
        blank: dict[str, Any] = {"Name": None, "Price": None, "Stock": 0, "Color": None, "Maker": None, "Tags": []}
        assert exact(row) == exact({**_product(1), **blank, "Discontinued": False, "Weight": 2.0})
        assert exact(stored(store, "Products", 1)) == exact(row)

    @pytest.mark.parametrize("replace", [False, True])
    def test_a_key_never_changes(self, store: Backend, replace: bool) -> None:
        row = updated(store, "Products", 7, {"ID": 70, "Discontinued": True}, replace=replace)
        assert (row["ID"], row["Discontinued"]) == (7, True)
        assert stored(store, "Products", 70) is None
        assert exact(stored(store, "Products", 7)) == exact(row)

    @pytest.mark.parametrize(
        ("values", "replace"), [({"Discontinued": None}, False), ({}, True), ({"Stock": "5"}, False)], ids=str
    )
    def test_an_update_that_does_not_fit_is_refused(
        self, store: Backend, values: dict[str, Any], replace: bool
    ) -> None:
        products = MODEL.entity_set("Products")
        self._refused(store, BadRequest, lambda session: session.update(products, (7,), values, replace=replace))

    def test_delete_removes_one_row(self, store: Backend) -> None:
        lines = MODEL.entity_set("Lines")
        with work(store) as session:
            assert session.delete(lines, (10, "b")) is None
        remaining = [row for row in ROWS["Lines"] if lines.type.key_of(row) != (10, "b")]
        assert exact(everything(store)["Lines"]) == exact(complete(Answer(remaining), Query(lines))[0])

    @pytest.mark.parametrize("write", ["delete", "merge", "replace"])
    @pytest.mark.parametrize(
        ("set_name", "key", "values"),
        [("Products", (99,), {"Discontinued": True}), ("Lines", (9, "it's"), {"Amount": 1})],
        ids=["Products", "Lines"],
    )
    def test_what_is_missing_cannot_be_changed(
        self, store: Backend, set_name: str, key: tuple[Any, ...], values: dict[str, Any], write: str
    ) -> None:
        where = MODEL.entity_set(set_name)

        def writes(session: Any) -> None:
            if write == "delete":
                session.delete(where, key)
            else:
                session.update(where, key, values, replace=write == "replace")

        assert self._refused(store, NotFound, writes).message == f"There is no {title_of(where, key)}."

    # Units of work

    def test_a_session_reads_its_own_writes(self, store: Backend) -> None:
        products = MODEL.entity_set("Products")
        with work(store) as session:
            session.delete(products, (7,))
            assert session.get(products, (7,)) is None
            rows, _ = complete(session.select(Query(products)), Query(products))
        assert {row["ID"] for row in rows} == {row["ID"] for row in ROWS["Products"]} - {7}

    def test_an_exception_undoes_the_session(self, store: Backend) -> None:
        before = everything(store)
        with suppress(RuntimeError), work(store) as session:
            write_all_kinds(session)
            raise RuntimeError
        assert exact(everything(store)) == exact(before)

    def test_a_refused_write_undoes_the_session_that_it_ends(self, store: Backend) -> None:
        def writes(session: Any) -> None:
            write_all_kinds(session)
            session.insert(MODEL.entity_set("Products"), {"ID": 2, "Discontinued": True})

        self._refused(store, Conflict, writes)

    def test_a_refused_write_leaves_the_others_in_place(self, store: Backend) -> None:
        products = MODEL.entity_set("Products")
        with work(store) as session:
            row = session.insert(products, {"Discontinued": True})
            with pytest.raises(Conflict):
                session.insert(products, {"ID": 7, "Discontinued": True})
        assert exact(stored(store, "Products", row["ID"])) == exact(row)
        assert exact(stored(store, "Products", 7)) == exact(_product(7))

    @pytest.mark.parametrize("fails", [False, True])
    def test_other_threads_see_all_or_nothing(self, store: Backend, fails: bool) -> None:
        """A backend may let the reader wait, or show it the state before; half of the work it must not show."""
        query = Query(MODEL.entity_set("Products"))
        before, seen = selected(store, query), []
        reader = threading.Thread(target=lambda: seen.append(selected(store, query)), daemon=True)
        with suppress(RuntimeError), work(store) as session:
            session.insert(query.entity_set, {"ID": 50, "Discontinued": True})
            reader.start()
            reader.join(0.05)  # a chance to read too early; nothing depends on how long it takes
            write_all_kinds(session)
            if fails:
                raise RuntimeError
        reader.join(WAIT_SECONDS)
        after = selected(store, query)
        assert exact(seen[0]) in (exact(before), exact(after))
        assert (exact(after) == exact(before)) == fails

    def test_threads_do_not_lose_writes(self, store: Backend) -> None:
        def insert(worker: int) -> list[int]:
            return [inserted(store, "Products", Name=f"{worker}", Discontinued=True)["ID"] for _ in range(20)]

        with ThreadPoolExecutor(8) as pool:
            keys = [key for part in pool.map(insert, range(8), timeout=WAIT_SECONDS) for key in part]
        assert len(set(keys)) == 160
        assert {row["ID"] for row in everything(store)["Products"]} == {*keys, *[row["ID"] for row in ROWS["Products"]]}

    def test_nobody_overwrites_what_he_has_not_read(self, store: Backend) -> None:
        """A session that writes by what it has read lets others wait, or one of the two fails."""
        products = MODEL.entity_set("Products")
        key = inserted(store, "Products", Name="", Discontinued=True)["ID"]
        done: list[str] = []

        def append(letter: str, pause: Callable[[], None]) -> None:
            with suppress(Conflict):
                with work(store, writes=True) as session:
                    name = session.get(products, (key,))["Name"]
                    pause()
                    session.update(products, (key,), {"Name": name + letter}, replace=False)
                done.append(letter)

        def let_the_other_try() -> None:
            other.start()
            other.join(0.05)  # a chance to write in between; nothing depends on how long it takes

        other = threading.Thread(target=append, args=("b", lambda: None), daemon=True)
        append("a", let_the_other_try)
        other.join(WAIT_SECONDS)
        assert sorted(stored(store, "Products", key)["Name"]) == sorted(done) != []

    def _refused(self, store: Backend, error: type[Any], writes: Callable[[Any], Any]) -> Any:
        """Work that ends a session with an error, and leaves everything as it was."""
        before = everything(store)
        with pytest.raises(error) as caught, work(store) as session:
            writes(session)
        assert exact(everything(store)) == exact(before)
        return caught.value


@contextmanager
def work(backend: Backend, *, writes: bool = False) -> Iterator[Any]:
    """A session; what it offers beside reading is for the test to know."""
    with backend.session(Context(writes=writes)) as session:
        yield session


def selected(backend: Backend, query: Query) -> Any:
    """What a backend answers, completed by the core."""
    with work(backend) as session:
        return complete(session.select(query), query)


def expected(query: Query) -> Any:
    """What the reference evaluator makes of the same rows."""
    return complete(Answer(ROWS[query.entity_set.name]), query)


def everything(backend: Backend) -> dict[str, Any]:
    """All rows of all sets, in the order of their keys."""
    return {name: selected(backend, Query(entity_set))[0] for name, entity_set in MODEL.entity_sets.items()}


def inserted(backend: Backend, set_name: str, **values: Any) -> Any:
    """The row that an insert returns."""
    with work(backend) as session:
        return session.insert(MODEL.entity_set(set_name), values)


def updated(backend: Backend, set_name: str, key: Any, values: Row, *, replace: bool) -> Any:
    """The row that an update returns."""
    with work(backend) as session:
        return session.update(MODEL.entity_set(set_name), (key,), values, replace=replace)


def stored(backend: Backend, set_name: str, key: Any) -> Any:
    """The row with a key, in a new session."""
    with work(backend) as session:
        return session.get(MODEL.entity_set(set_name), (key,))


def write_all_kinds(session: Any) -> None:
    """Insert, change, change again, delete, and insert what was deleted."""
    products, lines = MODEL.entity_set("Products"), MODEL.entity_set("Lines")
    session.insert(products, {"ID": 51, "Discontinued": True})
    session.update(products, (7,), {"Name": "changed"}, replace=False)
    session.update(products, (7,), {"Discontinued": True}, replace=True)
    session.update(products, (51,), {"Name": "new"}, replace=False)
    session.delete(products, (1,))
    session.delete(lines, (10, "b"))
    session.insert(lines, {"Order": 10, "Text": "b", "Amount": 0})
    session.delete(lines, (9, "b"))


def _product(key: int) -> Row:
    return next(row for row in ROWS["Products"] if row["ID"] == key)
