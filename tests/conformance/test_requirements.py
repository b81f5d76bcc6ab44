# The table of requirements is traced to tests that there are, and has no row that says nothing.

from __future__ import annotations

import ast

import pytest

from tests.conformance.requirements import REQUIREMENTS, Requirement
from tests.processes import REPOSITORY


def names_in(file: str) -> set[str]:
    """The tests of a module: functions, and names of the machine."""
    tree = ast.parse((REPOSITORY / "tests" / file).read_text("utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in functions | assigned if name.lower().startswith("test")}


@pytest.mark.parametrize("row", REQUIREMENTS, ids=lambda row: f"{row.level} {row.number}")
def test_a_requirement_is_shown_or_a_gap(row: Requirement) -> None:
    assert bool(row.tests) is not bool(row.gap)
    for test in row.tests:
        file, _, name = test.partition("::")
        known = names_in(file)
        assert known if name == "*" else name in known, test


def test_numbers_are_told_once() -> None:
    keys = [(row.level, row.number) for row in REQUIREMENTS]
    assert len(set(keys)) == len(keys)
