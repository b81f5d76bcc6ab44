# The official OASIS test cases of the ABNF against the parser: every line is accepted or refused as it says, but for
# those that only fail because of what the names mean, which no parser without a model can know.

from __future__ import annotations

import pytest

from odata_core.errors import ODataError
from odata_core.limits import Limits
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.rules import find_rule
from tests.conformance.corpora import Line, lines

LIMITS = Limits()

# Input -> why it is accepted although the case says that it must fail.
ACCEPTED = {
    "Categories/TheBestProduct()": "TheBestProduct is a function import, which only the model tells",
    "TheBestProduct": "a function import without parentheses, which 4.01 allows and 4.0 did not",
    "#Customers(Address/AddressWithLocation,Orders)": "AddressWithLocation is a type, which only the model tells",
    "$apply=aggregate(Amount as Total)": "Amount is no custom aggregate, which only the model tells",
    "$apply=aggregate(Amount from Time with average as DailyAverage)": "Amount is no custom aggregate",
    "$apply=groupby((Product/Price/Quantity))": "Price is primitive, which only the model tells",
}


def refusal(line: Line) -> ODataError | None:
    try:
        find_rule(line["rule"])(line["input"], V4_GRAMMAR, LIMITS)
    except ODataError as error:
        return error
    return None


def is_placed(line: Line, error: ODataError) -> bool:
    """Whether a refusal points to where the case says that matching ends. Positions count in the decoded option."""
    if error.text is None or error.position is None or error.text not in line["input"]:
        return False
    return bool(line["input"].index(error.text) + error.position == line["fail_at"])


@pytest.mark.parametrize(
    ("corpus", "exceptions"), [("abnf-4.01", 2), ("abnf-4.0", 2), ("abnf-aggregation", 3), ("abnf-temporal", 0)]
)
def test_every_case(corpus: str, exceptions: int, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [(line, refusal(line)) for line in lines(corpus)]
    wrong = [(line["rule"], line["input"], line["ok"]) for line, error in cases if line["ok"] is not (error is None)]
    refused = [(line, error) for line, error in cases if error is not None and not line["ok"]]
    with capsys.disabled():
        placed = sum(is_placed(line, error) for line, error in refused)
        print(f"\n{corpus}: {len(cases) - len(wrong)} of {len(cases)} cases", end="")
        print(f", {placed} of {len(refused)} refusals point to the very character")
    assert [case for case in wrong if case[1] not in ACCEPTED or case[2]] == []
    # Strict: a case that has come right must leave the table.
    assert len(wrong) == exceptions
