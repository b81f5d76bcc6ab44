# Microsoft's data.js 1.1: the program of javascript/. Atom, verbose JSON and JSON light in two levels of metadata, a
# batch; and the documented request for a checkpoint.

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.clients.conftest import Services
from tests.clients.programs import Faults, demand_node, run_node

pytestmark = pytest.mark.xdist_group("datajs")  # one worker runs the program, for all its cases

ENTITY_CASES = (
    "an entity by its key",
    "null, Int64, Decimal, Guid and DateTime",
    "all pages",
    "a filter, an order and a count",
    "expanded links to one and to many",
    "an entity that does not exist",
    "insert, MERGE, PUT and DELETE",
    "an old ETag",
)
STORE_CASES = (
    "the metadata document is parsed",
    *(f"service document: {name}" for name in ("Atom", "verbose JSON", "JSON light")),
    *(f"{case}: {format_}" for format_ in ("atom", "verbose", "minimal", "full") for case in ENTITY_CASES),
    "a batch: a query, a change set that refers to its first part, a query that fails",
)
MACHINE_CASES = (
    "the machine is found by its guid",
    "a checkpoint is created as documented",
    "it is read by its Location",
    "it is read by keys that are segments",
)


@pytest.fixture(scope="module")
def store(services: Services) -> Callable[[str], Faults]:
    """What the client says of all cases, run once for each version."""
    demand_node("@openui5/sap.ui.core")
    return cache(lambda version: run_node("datajs.js", services.store(version)))


@pytest.fixture(scope="module")
def machines(services: Services) -> Faults:
    demand_node("@openui5/sap.ui.core")
    return run_node("datajs_machines.js", services.machines())


@pytest.mark.parametrize("version", ["2.0", "3.0"])
@pytest.mark.parametrize("case", STORE_CASES)
def test_store(store: Callable[[str], Faults], version: str, case: str) -> None:
    fault = store(version)[case]
    assert fault is None, fault


@pytest.mark.parametrize("case", MACHINE_CASES)
def test_machines(machines: Faults, case: str) -> None:
    fault = machines[case]
    assert fault is None, fault


def test_every_case_has_a_test(store: Callable[[str], Faults], machines: Faults) -> None:
    assert tuple(store("2.0")) == STORE_CASES
    assert tuple(machines) == MACHINE_CASES
