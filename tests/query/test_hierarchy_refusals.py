# Recursive hierarchies: what is refused and why, and what is not supported by name.

from __future__ import annotations

import pytest

from odata_core.edm import ModelBuilder
from odata_core.errors import BadRequest, NotImplementedHere
from odata_core.query.apply import bind_apply
from odata_core.query.hierarchies import AGGREGATION
from odata_core.query.scope import Scope
from odata_core.uri.apply import parse_apply
from odata_core.uri.grammars import V4_GRAMMAR
from tests.query.sales import LIMITS, applied, bound

H = "$root/SalesOrganizations,SalesOrgHierarchy"
NODES = "HierarchyNodes=$root/SalesOrganizations,HierarchyQualifier='SalesOrgHierarchy'"

REFUSED: list[tuple[str, str, str]] = [
    ("Sales", "ancestors(Customer,Q,ID,top(1))", "The nodes of a hierarchy are a collection that begins with $root."),
    ("Sales", "ancestors(Customer/ID eq 'x',Q,ID,top(1))", "The nodes of a hierarchy are a collection"),
    ("Sales", "ancestors($root/Sales(1),Q,ID,top(1))", "The nodes of a hierarchy are a collection that begins with"),
    ("Sales", "ancestors($root/Sales(1)/Product/Sales/Amount,Q,ID,top(1))", "The nodes of a hierarchy are entities."),
    ("Sales", "ancestors($root/Nowhere,Q,ID,top(1))", "There is no entity set or singleton 'Nowhere'."),
    ("Sales", "ancestors($root/Sales,Q,ID,top(1))", "There is no recursive hierarchy 'Q' of entities of the type"),
    (
        "SalesOrganizations",
        "ancestors($root/SalesOrganizations,SalesHierarchy,ID,top(1))",
        "There is no recursive hierarchy 'SalesHierarchy' of entities of the type 'SalesModel.SalesOrganization'. "
        "Did you mean 'SalesOrgHierarchy'?",
    ),
    ("Sales", f"descendants({H},Customer,top(1))", "must end with a primitive property"),
    ("Sales", f"descendants({H},Customer/Nmae,top(1))", "Did you mean 'Name'?"),
    (
        "Sales",
        f"descendants({H},Amount,top(1))",
        "The path to a node cannot name a node of 'SalesOrgHierarchy': 'Amount' of type Edm.Decimal does not compare "
        "with 'ID' of type Edm.String.",
    ),
    ("SalesOrganizations", f"descendants({H},ID,aggregate($count as N))", "Only transformations that leave rows out"),
    ("SalesOrganizations", f"descendants({H},ID)", "needs transformations that tell where to begin"),
    ("SalesOrganizations", f"descendants({H},ID,1)", "needs transformations that tell where to begin"),
    ("SalesOrganizations", f"descendants({H},ID,top(1),0)", "The distance of 'descendants' is a whole number from 1."),
    ("SalesOrganizations", f"descendants({H},ID,top(1),top(1))", "takes nothing but transformations, a distance and"),
    ("SalesOrganizations", f"descendants({H},ID,top(1),keep start,1)", "in this order"),
    ("SalesOrganizations", f"descendants({H},ID,top(1),1,2)", "in this order"),
    ("SalesOrganizations", f"descendants({H},ID,top(1),preorder)", "in this order"),
    ("SalesOrganizations", f"traverse({H},ID,preorder,aggregate($count as N))", "'$count' cannot stand here"),
    ("SalesOrganizations", f"traverse({H},ID,preorder,Name,filter(ID eq 'US'))", "There is no function 'filter'"),
    ("SalesOrganizations", f"traverse({H},ID,preorder,filter(ID eq 'US')/aggregate($count as N))", "leave rows out"),
    ("SalesOrganizations", f"traverse({H},ID,preorder,Nmae)", "Did you mean 'Name'?"),
    ("SalesOrganizations", f"traverse({H},ID,preorder,Superordinate)", "cannot be sorted"),
    ("Sales", f"groupby((rolluprecursive({H},SalesOrganization/ID,keep start)))", "rolluprecursive takes nothing but"),
    ("Sales", f"groupby((rolluprecursive({H},SalesOrganization/ID,top(1),top(1))))", "rolluprecursive takes nothing"),
    ("Sales", f"groupby((rolluprecursive({H},SalesOrganization/ID)))/filter(Amount eq 1)/filter(N eq 1)", "named 'N'"),
    ("Sales", "filter(Aggregation.rollupnode()/ID eq 'US')", "There is no node 1 here"),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID)),filter(Aggregation.rollupnode(Position=2)/ID eq 'US'))",
        "There is no node 2 here",
    ),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID),rolluprecursive({H},CustomerID)),"
        f"groupby((rolluprecursive({H},ProductID)),filter(Aggregation.rollupnode(Position=2)/ID eq 'US')))",
        "There is no node 2 here",
    ),
    # leveled hierarchies
    ("Sales", "groupby((rollup(ProductHierarchy)))", "There is no leveled hierarchy 'ProductHierarchy' of the type"),
    ("Products", "groupby((rollup(ProductHierarchie)))", "Did you mean 'ProductHierarchy'?"),
    ("Sales", "groupby((rollup(Customer/Country)))", "rollup needs two paths or more, or the name of a leveled"),
    # functions
    ("Sales", "filter(Aggregation.isroot(Node=ID))", "needs the parameter 'HierarchyNodes'."),
    ("Sales", f"filter(Aggregation.issibling({NODES},Node=CustomerID))", "needs the parameter 'Other'."),
    ("Sales", f"filter(Aggregation.isroot({NODES},Node=CustomerID,Other='US'))", "has no parameter 'Other'."),
    ("Sales", f"filter(Aggregation.isroot({NODES},Node='1',Node='2'))", "need names, each once."),
    ("Sales", f"filter(Aggregation.isroot({NODES},Node=Amount))", "'Amount' of type Edm.Decimal does not compare"),
    ("Sales", "filter(Aggregation.isroot(HierarchyNodes=Customer,HierarchyQualifier='Q',Node='1'))", "$root."),
    (
        "Sales",
        f"filter(Aggregation.isroot({NODES.replace('SalesOrgH', 'H')},Node='1'))",
        "no recursive hierarchy 'Hier",
    ),
    ("Sales", f"filter(Aggregation.isroot({NODES.split(',')[0]},HierarchyQualifier=5,Node='1'))", "is a text"),
    (
        "Sales",
        f"filter(Aggregation.isdescendant({NODES},Node='1',Ancestor='2',MaxDistance=0))",
        "MaxDistance is a whole number from 1 to 32767.",
    ),
    ("Sales", f"filter(Aggregation.isdescendant({NODES},Node='1',Ancestor='2',MaxDistance=32768))", "32767."),
    ("Sales", f"filter(Aggregation.isdescendant({NODES},Node='1',Ancestor='2',IncludeSelf=1))", "true or false."),
    ("Sales", "filter(Aggregation.isgrandchild(Node='1'))", "There is no function 'Aggregation.isgrandchild'"),
]


@pytest.mark.parametrize(("source", "text", "message"), REFUSED)
def test_refusals(source: str, text: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(source, text)
    assert message in caught.value.message


UNSUPPORTED: list[tuple[str, str, str]] = [
    ("Sales", "groupby((rollup(Country)))", "The leveled hierarchy 'Country' cannot be used: it needs two paths or"),
    ("Sales", "groupby((rollup(Nowhere)))", "The leveled hierarchy 'Nowhere' cannot be used here: Could not find"),
    (
        "SalesOrganizations",
        "ancestors($root/SalesOrganizations/$filter(ID ne 'US'),SalesOrgHierarchy,ID,identity)",
        "'$filter'",
    ),
    (
        "SalesOrganizations",
        f"filter(Aggregation.isroot({NODES.replace('SalesOrganizations', 'Customers(ID)/Sales')},Node=ID))",
        "keys before them must be literals",
    ),
    (
        "Sales",
        f"filter(Aggregation.isdescendant({NODES},Node='1',Ancestor='2',MaxDistance=ID))",
        "MaxDistance must be a literal here.",
    ),
    (
        "Sales",
        f"groupby((SalesOrganization/Name,rolluprecursive({H},SalesOrganization/ID)))",
        "Grouping by other members of what rolluprecursive tells in 'SalesOrganization' is not supported.",
    ),
    ("SalesOrganizations", f"groupby((Name,rolluprecursive({H},ID)))", "Grouping by other members of what"),
    (
        "Sales",
        f"groupby((rolluprecursive({H},SalesOrganization/ID),rolluprecursive({H},SalesOrganization/ID)))",
        "Grouping by other members of what rolluprecursive tells in 'SalesOrganization'",
    ),
]


@pytest.mark.parametrize(("source", "text", "message"), UNSUPPORTED)
def test_what_is_not_supported_is_named(source: str, text: str, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        applied(source, text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"ParentNavigationProperty": "Up"}, "its NodeProperty is no path"),
        ({"NodeProperty": "ID"}, "its ParentNavigationProperty is no path"),
        ({"NodeProperty": "Nothing", "ParentNavigationProperty": "Up"}, "its NodeProperty 'Nothing' leads nowhere"),
        ({"NodeProperty": "Up", "ParentNavigationProperty": "Up"}, "its NodeProperty is no single primitive property"),
        ({"NodeProperty": "Tags", "ParentNavigationProperty": "Up"}, "its NodeProperty is no single primitive"),
        ({"NodeProperty": "ID", "ParentNavigationProperty": "ID"}, "does not lead to entities of the same type"),
        ({"NodeProperty": "ID", "ParentNavigationProperty": "Other"}, "does not lead to entities of the same type"),
    ],
)
def test_annotations_that_say_nothing_usable(record: dict[str, str], message: str) -> None:
    model = ModelBuilder("M")
    model.entity("Node", key="ID", properties={"ID": "Int32", "UpID": "Int32", "Tags": "Collection(String)"})
    model.entity("Leaf", key="ID", properties={"ID": "Int32"})
    model.navigation("Node", "Up", to="Node", on={"UpID": "ID"})
    model.navigation("Node", "Other", to="Leaf", on={"UpID": "ID"})
    model.entity_set("Nodes", "Node")
    model.entity_set("Leaves", "Leaf")
    model.annotate("Node", f"{AGGREGATION}.RecursiveHierarchy", record, qualifier="Q")
    built = model.build()
    text = "descendants($root/Nodes,Q,ID,identity)"
    found = built.entity_sets["Nodes"]
    scope = Scope(built, V4_GRAMMAR, LIMITS, found.type, found)
    with pytest.raises(NotImplementedHere) as caught:
        bind_apply(parse_apply(text, V4_GRAMMAR, LIMITS), scope, text)
    assert caught.value.message.startswith("The recursive hierarchy 'Q' cannot be used: ")
    assert message in caught.value.message
