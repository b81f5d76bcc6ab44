# The grammar `odata.lark` against the test cases of the OASIS ABNF: each case is classified as the ABNF does.
# Cases come with the names that a rule may match. What is classified otherwise, with these names or without them, is
# listed with the reason, and the lists are exact: a case in them that is classified right is a failure, too.

from __future__ import annotations

from functools import cache

import pytest

from odata_core.testing.grammar import reference_parser, rule_name, texts_of
from tests.conformance.corpora import Line, constraints, lines

# Rules that a corpus restricts and the grammar does not have.
UNKNOWN_RULES = {
    "abnf-4.0": {"enumMemberValue"},  # 4.0: the numbers in an enumeration literal; 4.01 takes any int64Value
}

# Refused by 4.0, and accepted here: 4.01 is the wider language.
NEWER = {
    ("abnf-4.0", "TheBestProduct"): "4.01: a function import without parameters needs no parentheses",
    ("abnf-4.0", "Categories/TheBestProduct()"): "4.01: a key may be a path segment, and 4.0 names no keys",
}

# Refused for the names in it only, so accepted where every identifier is a name.
REFUSED_FOR_NAMES = {
    ("abnf-4.01", "Categories/TheBestProduct()"): "TheBestProduct is a function import, not a bound function or a key",
    ("abnf-4.01", "Products/all()"): "all is no function, so it must be the lambda operator, which needs a condition",
    ("abnf-4.01", "#Customers(Address/AddressWithLocation,Orders)"): "AddressWithLocation is a type, not a property",
    ("abnf-4.0", "Products/all()"): "all is no function, so it must be the lambda operator, which needs a condition",
    ("abnf-aggregation", "$apply=aggregate(Amount as Total)"): "Amount is a property, not a custom aggregate",
    (
        "abnf-aggregation",
        "$apply=aggregate(Amount from Time with average as DailyAverage)",
    ): "Amount is a property, not a custom aggregate",
    ("abnf-aggregation", "$apply=groupby((Product/Price/Quantity))"): "Price is primitive, so nothing follows it",
}

CORPORA = ("abnf-4.01", "abnf-4.0", "abnf-aggregation")
CASES = [(corpus, number) for corpus in CORPORA for number in range(len(lines(corpus)))]


@cache
def cases_of(corpus: str) -> list[Line]:
    return lines(corpus)


@cache
def names_of(corpus: str) -> dict[str, list[str]]:
    unknown = UNKNOWN_RULES.get(corpus, set())
    return {rule: names for rule, names in constraints(corpus).items() if rule not in unknown}


@cache
def is_right(corpus: str, number: int, named: bool) -> bool:
    case = cases_of(corpus)[number]
    names = names_of(corpus) if named else None
    return reference_parser(case["rule"], names)(case["input"]) is case["ok"]


def key_of(corpus: str, number: int) -> tuple[str, str]:
    return corpus, cases_of(corpus)[number]["input"]


def name_of(value: object) -> str:
    return str(value)


@pytest.mark.parametrize(("corpus", "number"), CASES, ids=name_of)
def test_a_case_with_its_names(corpus: str, number: int) -> None:
    known = NEWER.get(key_of(corpus, number))
    assert is_right(corpus, number, named=True) is (known is None), (cases_of(corpus)[number], known)


@pytest.mark.parametrize(("corpus", "number"), CASES, ids=name_of)
def test_a_case_with_any_names(corpus: str, number: int) -> None:
    key = key_of(corpus, number)
    known = NEWER.get(key) or REFUSED_FOR_NAMES.get(key)
    assert is_right(corpus, number, named=False) is (known is None), (cases_of(corpus)[number], known)


def test_the_lists_name_cases() -> None:
    assert {*NEWER, *REFUSED_FOR_NAMES} <= {key_of(*case) for case in CASES}


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_restricted_rule_exists(corpus: str) -> None:
    assert all(rule_name(rule) for rule in names_of(corpus))


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="no rule 'nonsense'"):
        reference_parser("nonsense")
    with pytest.raises(ValueError, match="'operand' is not one of names"):
        reference_parser("filter", {"operand": ["x"]})
    with pytest.raises(ValueError, match="No text matches 'entity_set_name'"):
        texts_of("entitySetName", {"entitySetName": []})


def test_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for corpus in CORPORA:
        numbers = range(len(cases_of(corpus)))
        named, bare = (sum(is_right(corpus, number, named=named) for number in numbers) for named in (True, False))
        rows.append(f"{corpus}: {named} of {len(numbers)} with names, {bare} without")
    with capsys.disabled():
        print("\n" + "\n".join(rows))
