# Recursive hierarchies: what the specification's own examples give, where they agree with its rules.
# Section and example numbers are those of Data Aggregation 4.0, Committee Specification 03.

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm.rows import Row
from odata_core.query.binder import Binder
from odata_core.query.evaluate import compile_filter, compile_value
from odata_core.query.hierarchies import AGGREGATION
from odata_core.query.relations import Relations
from odata_core.query.transform import compile_apply
from odata_core.query.unbinder import unbind
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.printer import print_expression
from tests.query.sales import DATA, LIMITS, applied, bound, read, scope_of

D = Decimal
ORGS = {row["ID"]: row for row in DATA["SalesOrganizations"]}
H = "$root/SalesOrganizations,SalesOrgHierarchy"
NODES = "HierarchyNodes=$root/SalesOrganizations,HierarchyQualifier='SalesOrgHierarchy'"


def orgs(*names: str) -> list[Row]:
    return [ORGS[name] for name in names]


def sales(*numbers: int) -> list[Row]:
    return [row for number in numbers for row in DATA["Sales"] if row["ID"] == number]


def total(name: str, amount: int | None, **more: Any) -> Row:
    return {"SalesOrganization": ORGS[name], "Total": None if amount is None else D(amount), **more}


# ------------------------------------------------------------------ ancestors and descendants

SUBSETS: list[tuple[str, str, list[Row]]] = [
    # 6.2.1, examples 60 to 62
    (
        "SalesOrganizations",
        f"ancestors({H},ID,filter(contains(Name,'East') or contains(Name,'Central')))",
        orgs("Sales", "US", "EMEA"),
    ),
    ("SalesOrganizations", f"descendants({H},ID,filter(Name eq 'US'),keep start)", orgs("US", "US West", "US East")),
    (
        "Sales",
        f"ancestors({H},SalesOrganization/ID,filter(contains(SalesOrganization/Name,'East') or "
        "contains(SalesOrganization/Name,'Central')),keep start)",
        sales(4, 5, 6, 7, 8),
    ),
    # distances
    ("SalesOrganizations", f"descendants({H},ID,filter(ID eq 'Sales'),1)", orgs("US", "EMEA")),
    ("SalesOrganizations", f"descendants({H},ID,filter(ID eq 'Sales'),1,keep start)", orgs("Sales", "US", "EMEA")),
    ("SalesOrganizations", f"ancestors({H},ID,filter(ID eq 'US West'),1)", orgs("US")),
    ("SalesOrganizations", f"ancestors({H},ID,filter(ID eq 'US West'),2)", orgs("Sales", "US")),
    ("SalesOrganizations", f"ancestors({H},ID,filter(ID eq 'US West'),99,keep start)", orgs("Sales", "US", "US West")),
    # a start below another one is reached from it
    ("SalesOrganizations", f"descendants({H},ID,filter(startswith(ID,'US')))", orgs("US West", "US East")),
    ("SalesOrganizations", f"descendants({H},ID,filter(ID eq 'US West'))", []),
    ("SalesOrganizations", f"descendants({H},ID,filter(false),keep start)", []),
    ("SalesOrganizations", f"ancestors({H},ID,identity)", orgs("Sales", "US", "EMEA")),
    # what is not in the input is not in the output, though it is a node
    ("SalesOrganizations", f"filter(ID ne 'US')/ancestors({H},ID,filter(ID eq 'US East'))", orgs("Sales")),
    # one inside the other
    (
        "SalesOrganizations",
        f"descendants({H},ID,ancestors({H},ID,filter(ID eq 'US East'),1),1)",
        orgs("US West", "US East"),
    ),
    # rows that belong to several nodes are there once
    ("Products", f"descendants({H},Sales/SalesOrganization/ID,top(1),keep start)", [*DATA["Products"][:3]]),
    # where no identifier is that of a node
    ("Sales", f"descendants({H},CustomerID,identity,keep start)", []),
]


@pytest.mark.parametrize(("source", "text", "expected"), SUBSETS)
def test_ancestors_and_descendants(source: str, text: str, expected: list[Row]) -> None:
    assert applied(source, text) == expected


# ------------------------------------------------------------------ traverse


def test_example_63() -> None:
    text = (
        f"descendants({H},ID,filter(Name eq 'US'),keep start)"
        f"/ancestors({H},ID,filter(contains(Name,'East')),keep start)/traverse({H},ID,preorder)"
    )
    assert applied("SalesOrganizations", text) == orgs("US", "US East")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("preorder", "Sales|US|US West|US East|EMEA|EMEA Central"),
        ("postorder", "US West|US East|US|EMEA Central|EMEA|Sales"),
        ("preorder,Name", "Sales|EMEA|EMEA Central|US|US East|US West"),
        ("postorder,Name desc", "US West|US East|US|EMEA Central|EMEA|Sales"),
        ("preorder,length(Name),Name", "Sales|US|US East|US West|EMEA|EMEA Central"),
    ],
)
def test_orders_of_trees(arguments: str, expected: str) -> None:
    assert applied("SalesOrganizations", f"traverse({H},ID,{arguments})") == orgs(*expected.split("|"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("preorder,filter(ID eq 'US')", [("US",), ("US West", "US"), ("US East", "US")]),
        (
            "postorder,filter(startswith(ID,'US')),ID desc",
            [("US West",), ("US East",), ("US West", "US"), ("US East", "US"), ("US",)],
        ),
        ("preorder,filter(ID eq 'EMEA')/top(1)", [("EMEA",), ("EMEA Central", "EMEA")]),
        ("preorder,filter(false)", []),
    ],
)
def test_starts_and_the_way_from_them(arguments: str, expected: list[tuple[str, ...]]) -> None:
    """6.2.2.2: each node as often as a start leads to it, annotated with the identifiers on the way back."""
    found = applied("SalesOrganizations", f"traverse({H},ID,{arguments})")
    assert found == [{**ORGS[name], f"@{AGGREGATION}.UpPath#SalesOrgHierarchy": way} for name, *way in expected]


def test_rows_of_nodes_in_the_order_of_nodes() -> None:
    """6.2.2, case 2: the node is told in the navigation property that leads to it."""
    found = applied("Sales", f"traverse({H},SalesOrganization/ID,preorder,Name)")
    expected = [(6, "EMEA Central"), (7, "EMEA Central"), (8, "EMEA Central"), (4, "US East"), (5, "US East")]
    expected += [(1, "US West"), (2, "US West"), (3, "US West")]
    assert found == [{**sales(number)[0], "SalesOrganization": ORGS[name]} for number, name in expected]


def test_rows_of_several_nodes_come_several_times() -> None:
    """Example 112, with the nodes that the rule for F(x) gives: those of the sales, not the ones above them."""
    found = applied("Products", f"traverse({H},Sales/SalesOrganization/ID,preorder,Name asc)")
    expected = [("P1", "EMEA Central"), ("P3", "EMEA Central"), ("P2", "US East"), ("P3", "US East")]
    expected += [("P1", "US West"), ("P2", "US West"), ("P3", "US West")]
    products = {row["ID"]: row for row in DATA["Products"]}
    assert found == [{**products[number], "Sales": [{"SalesOrganization": ORGS[name]}]} for number, name in expected]
    shape = bound("Products", f"traverse({H},Sales/SalesOrganization/ID,preorder)").shape
    inner = shape.fields["Sales"].shape
    assert inner is not None
    assert (shape.is_whole, inner.is_whole, list(inner.fields)) == (True, False, ["SalesOrganization"])


def test_what_leads_to_a_node_keeps_its_members() -> None:
    """The function a: the node is put into what the row holds on the way to it."""
    found = applied("Sales", f"filter(ID le 2)/traverse({H},SalesOrganization/Superordinate/ID,preorder)")
    told = {**ORGS["US West"], "Superordinate": ORGS["US"]}
    assert found == [{**row, "SalesOrganization": told} for row in sales(1, 2)]
    shape = bound("Sales", f"traverse({H},SalesOrganization/Superordinate/ID,preorder)").shape
    inner = shape.fields["SalesOrganization"].shape
    assert inner is not None
    assert (inner.is_whole, list(inner.fields)) == (True, ["Superordinate"])


def test_only_the_identifier_where_no_navigation_leads_to_the_node() -> None:
    """6.2.2, case 3."""
    found = applied("Sales", f"traverse({H},SalesOrganizationID,postorder,Name)")
    assert found == sales(6, 7, 8, 4, 5, 1, 2, 3)


# ------------------------------------------------------------------ rolluprecursive

ROLLUPS: list[tuple[str, str, list[Any]]] = [
    # 6.3, example 65: the node itself is told in its row
    (
        "SalesOrganizations",
        f"groupby((rolluprecursive({H},ID)),aggregate($count as OrgCnt)/compute(OrgCnt sub 1 as SubOrgCnt))",
        [
            {**ORGS[name], "OrgCnt": D(count), "SubOrgCnt": D(count - 1)}
            for name, count in zip(ORGS, [6, 3, 1, 1, 2, 1], strict=True)
        ],
    ),
    # example 66
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,descendants({H},ID,filter(ID eq 'US'),keep start))),"
        "compute(case(SalesOrganization eq Aggregation.rollupnode():Amount) as Excl)"
        "/aggregate(Amount with sum as Total,Excl with sum as TotalExcl))",
        [total("US", 19, TotalExcl=None), total("US West", 7, TotalExcl=D(7)), total("US East", 12, TotalExcl=D(12))],
    ),
    # example 67: actual and visual totals
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,ancestors({H},ID,filter(ID eq 'US East'),keep start))),"
        "aggregate(Amount with sum as Total))",
        [total("Sales", 24), total("US", 19), total("US East", 12)],
    ),
    (
        "Sales",
        f"ancestors({H},SalesOrganization/ID,filter(SalesOrganization/ID eq 'US East'),keep start)"
        f"/groupby((rolluprecursive({H},SalesOrganization/ID,ancestors({H},ID,filter(ID eq 'US East'),keep start))),"
        "aggregate(Amount with sum as Total))",
        [total("Sales", 12), total("US", 12), total("US East", 12)],
    ),
    # example 68: no row belongs to any node
    (
        "Sales",
        f"groupby((rolluprecursive({H},CustomerID)),aggregate(Amount with sum as Total))",
        [{"CustomerID": name, "Total": None} for name in ORGS],
    ),
    # 7.9, example 107, with the nodes that the rule gives: all of them
    (
        "Sales",
        f"descendants({H},SalesOrganization/ID,filter(SalesOrganization/Name eq 'US'),keep start)"
        f"/groupby((rolluprecursive({H},SalesOrganization/ID)),aggregate(Amount with sum as Total))",
        [total(name, None) for name in ORGS],
    ),
    # example 108
    (
        "Sales",
        "filter(Product/Name eq 'Paper')"
        f"/groupby((rolluprecursive({H},SalesOrganization/ID)),aggregate($count as Total))",
        [total(name, count) for name, count in zip(ORGS, [4, 2, 1, 1, 2, 2], strict=True)],
    ),
    # example 110, both ways
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID)),aggregate(Amount with sum as Total))"
        f"/filter(Aggregation.isdescendant({NODES},Node=SalesOrganization/ID,Ancestor='EMEA',MaxDistance=2,"
        f"IncludeSelf=true))/orderby(SalesOrganization/Name)/traverse({H},SalesOrganization/ID,preorder)",
        [total("EMEA", 5), total("EMEA Central", 5)],
    ),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,descendants({H},ID,filter(ID eq 'EMEA'),2,keep start))),"
        f"aggregate(Amount with sum as Total))/orderby(SalesOrganization/Name)/traverse({H},SalesOrganization/ID,"
        "preorder)",
        [total("EMEA", 5), total("EMEA Central", 5)],
    ),
    # example 111
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,descendants({H},ID,filter(ID eq 'US'),keep start))),"
        f"aggregate(Amount with sum as Total))/traverse({H},SalesOrganization/ID,preorder,Name asc)",
        [total("US", 19), total("US East", 12), total("US West", 7)],
    ),
    # example 113, with a count for the method of the service
    (
        "Products",
        f"groupby((rolluprecursive({H},Sales/SalesOrganization/ID)),aggregate($count as SoldProducts))",
        [
            {"Sales": [{"SalesOrganization": ORGS[name]}], "SoldProducts": D(count)}
            for name, count in zip(ORGS, [3, 3, 3, 2, 2, 2], strict=True)
        ],
    ),
    # without transformations: the nodes
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID)))",
        [{"SalesOrganization": row} for row in ORGS.values()],
    ),
    # beside other paths, and beside rollup
    (
        "Sales",
        f"groupby((Customer/Country,rolluprecursive({H},SalesOrganization/ID,filter(ID eq 'Sales' or ID eq 'US'))),"
        "aggregate(Amount with sum as Total))",
        [
            total("Sales", 19, Customer={"Country": "USA"}),
            total("Sales", 5, Customer={"Country": "Netherlands"}),
            total("US", 19, Customer={"Country": "USA"}),
        ],
    ),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,filter(ID eq 'US')),rollup(Customer/Country,Customer/ID)),"
        "aggregate(Amount with sum as Total))",
        [
            total("US", 7, Customer={"Country": "USA", "ID": "C1"}),
            total("US", 12, Customer={"Country": "USA", "ID": "C2"}),
            total("US", 19, Customer={"Country": "USA"}),
        ],
    ),
    # rows that stay
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,filter(ID eq 'US'))),topcount(1,Amount))",
        [{**sales(4)[0], "SalesOrganization": ORGS["US"]}],
    ),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,orderby(Name desc)/top(2))),aggregate(Amount with max as "
        "Total))",
        [total("US West", 4), total("US East", 8)],
    ),
    # rollupnode() in a pipeline of a pipeline, and of the innermost groupby
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID,filter(ID eq 'US'))),"
        f"groupby((rolluprecursive({H},SalesOrganizationID,filter(ID eq 'US East'))),"
        "filter(Aggregation.rollupnode(Position=1)/Name eq 'US East')/aggregate($count as Total)))",
        [total("US", 2, SalesOrganizationID="US East")],
    ),
]


@pytest.mark.parametrize(("source", "text", "expected"), ROLLUPS)
def test_rolluprecursive(source: str, text: str, expected: list[Any]) -> None:
    assert applied(source, text) == expected


def test_what_the_other_options_see_behind_rolluprecursive() -> None:
    text = f"groupby((rolluprecursive({H},SalesOrganization/ID)),aggregate(Amount with sum as Total))"
    shape = bound("Sales", text).shape
    assert (shape.is_whole, sorted(shape.fields)) == (False, ["SalesOrganization", "Total"])
    assert shape.fields["SalesOrganization"].shape is None
    nodes = bound("SalesOrganizations", f"groupby((rolluprecursive({H},ID)),aggregate($count as N))").shape
    assert (nodes.is_whole, sorted(nodes.fields)) == (True, ["N"])


# ------------------------------------------------------------------ functions

FUNCTIONS: list[tuple[str, str]] = [
    ("isnode(N,Node=ID)", "Sales|US|US West|US East|EMEA|EMEA Central"),
    ("isnode(N,Node=concat(ID,'!'))", ""),
    ("isroot(N,Node=ID)", "Sales"),
    ("isleaf(N,Node=ID)", "US West|US East|EMEA Central"),
    ("isleaf(N,Node=SuperordinateID)", ""),
    # 5.5.3, examples 54 and 55
    ("isdescendant(N,Node=ID,Ancestor='EMEA')", "EMEA Central"),
    ("isdescendant(N,Node=ID,Ancestor='Sales',MaxDistance=1)", "US|EMEA"),
    ("isdescendant(N,Node=ID,Ancestor='Sales')", "US|US West|US East|EMEA|EMEA Central"),
    ("isdescendant(N,Node=ID,Ancestor='US',IncludeSelf=true)", "US|US West|US East"),
    ("isdescendant(N,Node=ID,Ancestor='US',IncludeSelf=false)", "US West|US East"),
    ("isdescendant(N,Node=ID,Ancestor='Nowhere',IncludeSelf=true)", ""),
    ("isdescendant(N,Node=ID,Ancestor=SuperordinateID,MaxDistance=1)", "US|US West|US East|EMEA|EMEA Central"),
    ("isancestor(N,Node=ID,Descendant='US West')", "Sales|US"),
    ("isancestor(N,Node=ID,Descendant='US West',MaxDistance=1)", "US"),
    ("isancestor(N,Node=ID,Descendant='US West',MaxDistance=1,IncludeSelf=true)", "US|US West"),
    ("isancestor(N,Node=SuperordinateID,Descendant=ID)", "US|US West|US East|EMEA|EMEA Central"),
    ("issibling(N,Node=ID,Other='US')", "EMEA"),
    ("issibling(N,Node=ID,Other='US West')", "US East"),
    ("issibling(N,Node=ID,Other='Sales')", ""),
]


@pytest.mark.parametrize(("call", "expected"), FUNCTIONS)
def test_functions(call: str, expected: str) -> None:
    condition = _condition(f"Aggregation.{call}")
    keep = compile_filter(condition, relations=Relations(read))
    assert [row["ID"] for row in DATA["SalesOrganizations"] if keep(row)] == [
        name for name in expected.split("|") if name
    ]
    again = _condition(print_expression(unbind(condition), V4_GRAMMAR))
    assert again == condition


def _condition(text: str) -> Any:
    text = text.replace("(N,", f"({NODES},")
    return Binder(scope_of("SalesOrganizations"), text).condition(parse_expression(text, V4_GRAMMAR, LIMITS))


@pytest.mark.parametrize(
    "call",
    [
        *("isroot(N,Node=null)", "isleaf(N,Node=SuperordinateID)", "issibling(N,Node=ID,Other=null)"),
        *("isdescendant(N,Node=ID,Ancestor=SuperordinateID)", "isancestor(N,Node=SuperordinateID,Descendant=ID)"),
    ],
)
def test_null_is_null(call: str) -> None:
    """ "If a node identifier passed to the function is null, the function returns null." """
    value = compile_value(_condition(f"{AGGREGATION}.{call}"), relations=Relations(read))
    assert value(ORGS["Sales"]) is None


class Counting(Relations):
    """Counts what is made of rows."""

    made = 0

    def kept(self, name: Any, make: Any) -> Any:
        def counted() -> Any:
            self.made += 1
            return make()

        return super().kept(name, counted)


def test_a_forest_is_made_once_for_a_request() -> None:
    relations = Counting(read)
    text = f"Aggregation.isleaf({NODES},Node=ID) or Aggregation.isroot({NODES},Node=ID)"
    keep = compile_filter(_condition(text), relations=relations)
    assert sum(map(keep, DATA["SalesOrganizations"])) == 4
    apply = bound("SalesOrganizations", f"descendants({H},ID,identity)/traverse({H},ID,preorder)")
    assert len(compile_apply(apply, relations=relations)(DATA["SalesOrganizations"])) == 5
    assert relations.made == 1
