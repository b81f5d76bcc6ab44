# The canonical functions by dialect: what is written is read, in any case where case plays no part.

from __future__ import annotations

import pytest

from odata_core.query.functions import CANONICAL_FUNCTIONS
from odata_core.uri.functions import FUNCTIONS, READ_FUNCTIONS, find_function
from odata_core.uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar


def test_every_function_is_known_to_those_who_compute() -> None:
    assert set(FUNCTIONS) == set(CANONICAL_FUNCTIONS)


def test_every_dialect_reads_what_it_writes() -> None:
    for canonical, row in FUNCTIONS.items():
        for dialect, written in row.written.items():
            spelling = READ_FUNCTIONS[dialect][written.name]
            assert (spelling.canonical, spelling.order) == (canonical, written.order)
        assert row.absent or set(row.written) == set(READ_FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "grammar", "canonical"),
    [
        ("substringof", V2_GRAMMAR, "contains"),
        ("Substringof", V3_GRAMMAR, None),
        ("contains", V3_GRAMMAR, None),
        ("MATCHESPATTERN", V4_GRAMMAR, "matchesPattern"),
        ("replace", V4_GRAMMAR, None),
        ("minutes", V3_GRAMMAR, "minute"),
        ("minutes", V2_GRAMMAR, None),
    ],
)
def test_finding_functions(name: str, grammar: Grammar, canonical: str | None) -> None:
    found = find_function(name, grammar)
    assert (found.canonical if found is not None else None) == canonical
