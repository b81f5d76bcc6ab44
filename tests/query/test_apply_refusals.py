# $apply: what is refused and why, what is not supported by name, and what bounds hostile texts.

from __future__ import annotations

import pytest

from odata_core.edm.rows import Row
from odata_core.errors import BadRequest, NotImplementedHere, ODataError
from odata_core.limits import Limits
from odata_core.query.apply import bind_apply
from odata_core.query.scope import Scope
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR
from tests.query.sales import LIMITS, MODEL, applied, bound, numbers, run

# ------------------------------------------------------------------ refusals

REFUSED: list[tuple[str, str, str]] = [
    # names
    ("Sales", "groupby((Nothing))", "Could not find a property named 'Nothing' on type 'SalesModel.Sale'."),
    ("Sales", "groupby((Customer/Nmae))", "Did you mean 'Name'?"),
    ("Sales", "groupby((Amount/Cents))", "'Cents' cannot stand behind a value that has no properties."),
    ("Sales", "groupby((SalesModel.Nothing/ID))", "There is no type 'SalesModel.Nothing'."),
    ("Sales", "groupby((SalesModel.Customer/ID))", "not related by inheritance"),
    ("Sales", "aggregate(Amount with sum as T)/filter(Gone eq 1)", "Could not find a property named 'Gone'"),
    ("Sales", "compute(1 as x)/aggregate(Amount with sum as T)/filter(x eq 1)", "Could not find a property named 'x'"),
    # collections and types
    ("Products", "groupby((Sales/Amount))", "A collection cannot be grouped by."),
    ("Products", "groupby((SalesModel.FoodProduct))", "A path that ends in a property is expected."),
    ("Sales", "aggregate(Customer/Name with sum as N)", "'sum' needs numbers."),
    ("Sales", "aggregate(TimeDate with average as N)", "'average' needs numbers."),
    ("Sales", "aggregate(Customer with max as N)", "'max' needs values that have an order."),
    ("Sales", "aggregate($count as N from Time with sum)", "is expected"),
    ("Sales", "aggregate(Amount gt 1 with sum as N)", "'sum' needs numbers."),
    ("Sales", "filter(Amount)", "A condition is expected"),
    ("Sales", "orderby(Customer)", "cannot be sorted"),
    # aliases
    ("Sales", "aggregate(Amount with sum as T,Amount with max as T)", "The alias 'T' is the name of another property"),
    ("Sales", "aggregate(Amount with sum as Amount)", "The alias 'Amount' is the name of another property already."),
    ("Sales", "aggregate(Amount with sum as Customer)", "The alias 'Customer' is the name of another property"),
    ("Sales", "compute(1 as x)/compute(2 as x)", "The alias 'x' is the name of another property already."),
    ("Sales", "aggregate(Amount with sum as T)/aggregate(T with max as T)", "The alias 'T' is the name of another"),
    ("Customers", "join(Sales as Name)", "The alias 'Name' is the name of another property already."),
    ("Customers", "addnested(Sales,top(1) as a,top(2) as a)", "The alias 'a' is the name of another property already."),
    ("Sales", "nest(top(1) as Amount)", "The alias 'Amount' is the name of another property already."),
    # arguments
    ("Sales", "topcount(0,Amount)", "'topcount' needs a whole number from 1."),
    ("Sales", "topcount(1.5,Amount)", "'topcount' needs a whole number from 1."),
    ("Sales", "topcount('2',Amount)", "'topcount' needs a number first."),
    ("Sales", "topcount(Amount,Amount)", "so 'Amount' cannot follow it"),
    ("Sales", "topcount(2,Customer)", "'topcount' needs a number for each row."),
    ("Sales", "topsum(2,Customer/Name)", "'topsum' needs a number for each row."),
    ("Sales", "toppercent(101,Amount)", "'toppercent' needs a number above 0, up to 100."),
    ("Sales", "toppercent(0,Amount)", "'toppercent' needs a number above 0, up to 100."),
    ("Sales", "concat(identity)", "At least 2 arguments are expected."),
    ("Sales", "join(Customer as C)", "'join' needs a collection of the row."),
    ("Sales", "join(Amount as C)", "'join' needs a navigation property or a complex property, not 'Amount'."),
    ("Sales", "addnested(Customer,filter(true) as C)", "A single value can only go through"),
    ("Sales", "addnested(Customer/Sales,top(1) as C)", "cannot lead on behind a navigation property"),
    ("Sales", "addnested(Customer)", "'addnested' needs a path, and transformations with 'as' and a name."),
    # functions of the model
    ("Sales", "SalesModel.Nothing()", "There is no function 'SalesModel.Nothing' to transform rows with."),
    ("Sales", "SalesModel.TopCountAndRemainder(Count=1)", "cannot be called with (Count)"),
    ("Sales", "SalesModel.TopCountAndRemainder(Count='x',Property='Amount')", "cannot be"),
    ("Customers", "SalesModel.TopCountAndRemainder(Count=1,Property='Amount')", "does not turn a collection"),
]


@pytest.mark.parametrize(("source", "text", "message"), REFUSED)
def test_refusals(source: str, text: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(source, text)
    assert message in caught.value.message


UNSUPPORTED: list[tuple[str, str, str]] = [
    ("Sales", "aggregate(Product/Name with Custom.concat as P)", "'Custom.concat'"),
    ("Sales", "aggregate(Forecast)", "There is no custom aggregate 'Forecast'"),
    ("Sales", "aggregate(Forecast from Time as F)", "needs a custom aggregate"),
    ("Sales", "aggregate(Amount/@Measures.ISOCurrency with min as M)", "'@Measures.ISOCurrency'"),
    ("Sales", "SalesModel.TopCountAndRemainder(Count=1,Property='Amount')", "'SalesModel.TopCountAndRemainder'"),
]


@pytest.mark.parametrize(("source", "text", "message"), UNSUPPORTED)
def test_what_is_not_supported_is_named(source: str, text: str, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        applied(source, text)
    assert message in caught.value.message


# ------------------------------------------------------------------ bounds


def test_rows_are_bounded() -> None:
    text = "/".join(["concat(identity,identity)"] * 50)
    with pytest.raises(BadRequest, match="the limit apply_rows is 100"):
        run(numbers("Int32"), text, [{"ID": 1, "V": 1}], most_rows=100)


@pytest.mark.parametrize(
    "text",
    [
        "groupby((" + ",".join(["rollup(ID,V)"] * 40) + "))",
        "concat(" * 101 + "identity" + ",identity)" * 101,
        "/".join(["identity"] * 51),
    ],
)
def test_texts_are_bounded(text: str) -> None:
    with pytest.raises(ODataError, match="limit"):
        run(numbers("Int32"), text, [])


def test_all_rows_for_each_row_are_bounded() -> None:
    """... where they cannot be looked at once, since the row at hand has a part in it."""
    rows: list[Row] = [{"ID": index, "V": 1} for index in range(20)]
    text = "filter($these/aggregate(V add $it/V with sum) eq 40)"
    assert run(numbers("Int32"), text, rows, most_rows=400) == rows
    with pytest.raises(BadRequest, match="the limit apply_rows is 399"):
        run(numbers("Int32"), text, rows, most_rows=399)


def test_totals_are_computed_once() -> None:
    """What an expression says of `$these` alone is not computed again for each row."""
    rows: list[Row] = [{"ID": index, "V": 1} for index in range(20_000)]
    found = run(numbers("Int32"), "compute(V div $these/aggregate(V with sum) as P)/topcount(1,P)", rows)
    assert len(found) == 1


def test_apply_needs_structured_values() -> None:
    scope = Scope(MODEL, V4_GRAMMAR, Limits(), None)
    with pytest.raises(BadRequest, match="needs a collection of entities or complex values"):
        bind_apply(parse_apply("identity", V4_GRAMMAR, LIMITS), scope)
