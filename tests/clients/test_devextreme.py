# DevExtreme's ODataStore and ODataContext: the program of javascript/. What a data grid asks for, in versions 2, 3 and
# 4: verbose JSON, MERGE or PATCH, and `Accept: application/json;odata=verbose` in version 4, too.

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.clients.conftest import STORES, Services
from tests.clients.programs import Faults, demand_node, run_node

pytestmark = pytest.mark.xdist_group("devextreme")  # one worker runs the program, for all its cases

FILTERS = (
    "equal",
    "not equal",
    "less, or not less",
    "greater, and not greater",
    "not",
    "nested groups",
    "contains",
    "notcontains",
    "startswith",
    "endswith",
    "a quote",
    "an ampersand",
    "a slash",
    "a letter that is not ASCII",
    "a quote, a slash and a plus of a related row",
    "a guid",
    "a date",
    "a 64-bit integer",
    "null",
)
CASES = (
    "all rows, over all pages",
    "a total count beside a page",
    "a count alone",
    *(f"filter: {name}" for name in FILTERS),
    "sort, skip and take",
    "select",
    "select of a related property",
    "expand",
    "byKey, and a key that does not exist",
    "insert, update and remove",
    "an insert that links to another row",
)


@pytest.fixture(scope="module")
def store(services: Services) -> Callable[[str], Faults]:
    """What the client says of all cases, run once for each version."""
    demand_node("devextreme")
    return cache(lambda version: run_node("devextreme.js", services.store(version), version))


@pytest.mark.parametrize("version", STORES)
@pytest.mark.parametrize("case", CASES)
def test_store(store: Callable[[str], Faults], version: str, case: str) -> None:
    fault = store(version)[case]
    assert fault is None, fault


def test_every_case_has_a_test(store: Callable[[str], Faults]) -> None:
    assert tuple(store("2.0")) == CASES
