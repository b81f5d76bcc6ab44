# Recursive hierarchies whose nodes have several parents, and several hierarchies at once (Data Aggregation 4.0,
# 6.2.2.2, 6.3 and 7.10).

from __future__ import annotations

from typing import Any

import pytest

from odata_core.edm import ModelBuilder
from odata_core.edm.rows import BIND, Row
from odata_core.errors import NotImplementedHere
from odata_core.query.apply import bind_apply
from odata_core.query.hierarchies import AGGREGATION
from odata_core.query.relations import Relations
from odata_core.query.scope import Scope
from odata_core.query.transform import compile_apply
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR
from tests.query.sales import LIMITS


def _several_parents() -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    """7.10, example 117: the relation from a node to its parents is an entity of its own, with a link to the parent."""
    model = ModelBuilder("M")
    model.entity("Relation", key="Number", properties={"Number": "Int32", "Weight": "Decimal"})
    model.entity("Org", key="ID", properties={"ID": "String"})
    model.entity("Sale", key="ID", properties={"ID": "Int32", "OrgID": "String", "KindID": "Int32"})
    model.entity("Kind", key="ID", properties={"ID": "Int32", "UpID": "Int32"})
    model.navigation("Org", "Relations", to="Relation", many=True, contains=True)
    model.navigation("Relation", "Superordinate", to="Org")
    model.navigation("Sale", "Org", to="Org", on={"OrgID": "ID"})
    model.navigation("Sale", "Kind", to="Kind", on={"KindID": "ID"})
    model.navigation("Kind", "Up", to="Kind", on={"UpID": "ID"})
    for name in ("Org", "Sale", "Kind"):
        model.entity_set(f"{name}s", name)
    term = f"{AGGREGATION}.RecursiveHierarchy"
    relations = {"NodeProperty": "ID", "ParentNavigationProperty": "Relations/Superordinate"}
    model.annotate("Org", term, relations, qualifier="Multi")
    model.annotate("Kind", term, {"NodeProperty": "ID", "ParentNavigationProperty": "Up"}, qualifier="Kinds")
    parents = {"Sales": "", "US": "Sales", "EMEA": "Sales", "EMEA Central": "EMEA", "Atlantis": "US EMEA"}
    parents |= {"AtlantisChild": "Atlantis", "Mars": "", "Phobos": "Mars"}
    orgs = [
        {
            "ID": name,
            "Relations": [
                {"Number": number, "Superordinate" + BIND: (one,)} for number, one in enumerate(above.split())
            ],
        }
        for name, above in parents.items()
    ]
    sales = [("US", 1), ("Atlantis", 2), ("EMEA Central", 2), ("Atlantis", 3), ("Phobos", 1)]
    data: dict[str, list[dict[str, Any]]] = {
        "Orgs": orgs,
        "Sales": [{"ID": index, "OrgID": org, "KindID": kind} for index, (org, kind) in enumerate(sales)],
        "Kinds": [{"ID": 1, "UpID": None}, {"ID": 2, "UpID": 1}, {"ID": 3, "UpID": 1}],
    }
    return model.build(), data


MULTI, MULTI_DATA = _several_parents()
MULTI_ORGS = {row["ID"]: row for row in MULTI_DATA["Orgs"]}


def multi(source: str, text: str) -> list[Row]:
    found = MULTI.entity_sets[source]
    text = text.replace("H,", "$root/Orgs,Multi,").replace("K,", "$root/Kinds,Kinds,")
    scope = Scope(MULTI, V4_GRAMMAR, LIMITS, found.type, found)
    apply = bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), scope, text)
    relations = Relations(lambda source: MULTI_DATA[source.name], keeps_links=True)
    return compile_apply(apply, relations=relations)(MULTI_DATA[source])


WAYS = [
    *[["Sales"], ["US", "Sales"], ["Atlantis", "US", "Sales"], ["AtlantisChild", "Atlantis", "US", "Sales"]],
    *[["EMEA", "Sales"], ["EMEA Central", "EMEA", "Sales"], ["Atlantis", "EMEA", "Sales"]],
    ["AtlantisChild", "Atlantis", "EMEA", "Sales"],
]


def test_nodes_with_several_parents_are_told_by_the_way_to_them() -> None:
    """6.2.2.2, example 64; with a start (example 117) others are orphans."""
    told = [{**MULTI_ORGS[name], f"@{AGGREGATION}.UpPath#Multi": way} for name, *way in WAYS]
    assert multi("Orgs", "traverse(H,ID,preorder,filter(ID eq 'Sales'))") == told
    mars = [("Mars", []), ("Phobos", ["Mars"])]
    others = [{**MULTI_ORGS[name], f"@{AGGREGATION}.UpPath#Multi": way} for name, way in mars]
    assert multi("Orgs", "traverse(H,ID,preorder)") == told + others


def test_relatives_with_several_parents() -> None:
    found = multi("Orgs", "ancestors(H,ID,filter(ID eq 'AtlantisChild'),2)")
    assert [row["ID"] for row in found] == ["US", "EMEA", "Atlantis"]
    found = multi("Orgs", "descendants(H,ID,filter(ID eq 'EMEA'))")
    assert [row["ID"] for row in found] == ["EMEA Central", "Atlantis", "AtlantisChild"]
    nodes = "HierarchyNodes=$root/Orgs,HierarchyQualifier='Multi'"
    found = multi("Orgs", f"filter(Aggregation.isancestor({nodes},Node=ID,Descendant='AtlantisChild',MaxDistance=3))")
    assert [row["ID"] for row in found] == ["Sales", "US", "EMEA", "Atlantis"]
    found = multi("Orgs", f"filter(Aggregation.isdescendant({nodes},Node=ID,Ancestor='US'))")
    assert [row["ID"] for row in found] == ["Atlantis", "AtlantisChild"]
    found = multi("Orgs", f"filter(Aggregation.issibling({nodes},Node=ID,Other='Atlantis'))")
    assert [row["ID"] for row in found] == ["EMEA Central"]
    found = multi("Orgs", f"filter(Aggregation.issibling({nodes},Node=ID,Other='Mars'))")
    assert [row["ID"] for row in found] == ["Sales"]


def test_totals_with_several_parents() -> None:
    """Each sale counts once in a total, however many ways lead to it; the order of a traversal stays (6.3)."""
    found = multi("Sales", "groupby((rolluprecursive(H,Org/ID)),aggregate($count as N))")
    assert [(row["Org"]["ID"], int(row["N"])) for row in found] == [
        *[("Sales", 4), ("US", 3), ("EMEA", 3), ("EMEA Central", 1)],
        *[("Atlantis", 2), ("AtlantisChild", 0), ("Mars", 1), ("Phobos", 1)],
    ]
    text = "groupby((rolluprecursive(H,Org/ID,traverse(H,ID,preorder,filter(ID eq 'Sales')))),aggregate($count as N))"
    found = multi("Sales", text)
    assert [[row["Org"]["ID"], *row["Org"][f"@{AGGREGATION}.UpPath#Multi"]] for row in found] == WAYS


def test_two_hierarchies_at_once() -> None:
    """6.3: the transformations are applied to what belongs to a node of the one and to a node of the other."""
    text = (
        "groupby((rolluprecursive(H,Org/ID,filter(ID eq 'EMEA' or ID eq 'US')),rolluprecursive(K,Kind/ID)),"
        "compute(Aggregation.rollupnode(Position=2)/UpID as Up)/filter(Aggregation.rollupnode()/ID ne 'Mars')"
        "/aggregate($count as N,Up with max as Up2))"
    )
    found = multi("Sales", text)
    assert [(row["Org"]["ID"], row["Kind"]["ID"], int(row["N"]), row["Up2"]) for row in found] == [
        *[("US", 1, 3, None), ("US", 2, 1, 1), ("US", 3, 1, 1)],
        *[("EMEA", 1, 3, None), ("EMEA", 2, 2, 1), ("EMEA", 3, 1, 1)],
    ]


def test_one_hierarchy_chooses_for_another() -> None:
    """Example 114: `traverse` of another hierarchy chooses the nodes with which to begin."""
    text = "descendants(H,Org/ID,traverse(K,Kind/ID,preorder,filter(ID eq 3)),keep start)"
    assert [row["ID"] for row in multi("Sales", text)] == [1, 3]


def test_a_different_node_for_each_row_needs_one_parent() -> None:
    text = "filter(Aggregation.isdescendant(HierarchyNodes=$root/Orgs,HierarchyQualifier='Multi',Node=ID,Ancestor=ID))"
    with pytest.raises(NotImplementedHere, match="'isdescendant' cannot ask for a different node in each row"):
        multi("Orgs", text)
