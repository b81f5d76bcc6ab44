# The suite on a backend that filters, sorts and pages by itself, and evidence that it does.

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

import pytest

from odata_core.backend import Answer, Backend, Context, Done, Query, Row
from odata_core.edm import Model
from odata_core.query.tree import Compare, Constant, Path
from odata_core.testing.cases import READ_CASES
from odata_core.testing.reference import MODEL, ROWS
from odata_core.testing.suite import BackendSuite, selected
from tests.backends.sqlite_backend import SqliteBackend

EVERYTHING = Done.FILTER | Done.ORDER | Done.PAGE


class TestSqlite(BackendSuite):
    writes = False

    @pytest.fixture
    def backend(self, model: Model, rows: Mapping[str, list[Row]], tmp_path: FilePath) -> Backend:
        return SqliteBackend(model, rows, tmp_path / "rows.db")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """What the backend itself answers to every case of the suite."""
    backend = SqliteBackend(MODEL, ROWS, tmp_path_factory.mktemp("sqlite") / "rows.db")
    with backend.session(Context()) as session:
        return {case.name: session.select(case.query) for case in READ_CASES}


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("all Products", EVERYTHING),
        ("Name lt Milk", EVERYTHING),
        ("contains(Name,'%')", EVERYTHING),
        ("Everything by -DateTimeOffset", EVERYTHING),
        ("skip 2 top 3 with count ordered", EVERYTHING),
        ("Products by Price", Done.FILTER),
        ("ordered by a function", Done.FILTER),
        ("Price lt 1.2", Done.NOTHING),
        ("Color eq Blue", Done.NOTHING),
        ("trim", Done.NOTHING),
    ],
)
def test_what_sql_does_and_what_is_left(answers: dict[str, Answer], name: str, done: Done) -> None:
    assert answers[name].done == done


def test_sql_does_most_of_the_cases(answers: dict[str, Answer]) -> None:
    paged = [name for name, answer in answers.items() if answer.done == EVERYTHING]
    assert len(paged) > len(answers) / 2


@pytest.mark.parametrize("text", ["' OR '1'='1", "x'; DROP TABLE Products; --", "?", "{}", '"Name"'])
def test_a_value_is_a_parameter_and_never_sql(tmp_path: FilePath, text: str) -> None:
    backend = SqliteBackend(MODEL, ROWS, tmp_path / "rows.db")
    products = MODEL.entity_set("Products")
    name = products.type.properties["Name"]
    condition = Compare("eq", Path((name,)), Constant(text, name.type))
    assert selected(backend, Query(products, filter=condition)) == ([], None)
    assert len(selected(backend, Query(products))[0]) == len(ROWS["Products"])
