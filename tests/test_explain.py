# `odata explain` as a person and as a program use it.

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from odata_core.csdl import read_csdl
from odata_core.errors import BadRequest
from odata_core.explain import explain_lines, explain_url, painter, show_url
from odata_core.explain.meaning import Reader
from odata_core.explain.people import show_meaning
from odata_core.limits import Limits
from odata_core.query.path_rules import V4_RULES
from odata_core.uri.grammars import V2_GRAMMAR, V4_GRAMMAR
from tests.processes import run_odata
from tests.query.sales import MODEL as SALES

LIMITS = Limits()


def test_a_url_for_people() -> None:
    done = run_odata("explain", "Products(1)/Category?$filter=not Price in (1,null)&$top=5&$expand=A($top=2)&x=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == """path
  Segment name="Products"
    arguments:
      Argument
        value: Literal value=1 type="Edm.Int32"
  Segment name="Category"
$filter
  Unary operator="not"
    operand: Binary operator="in"
      left: Path
        segments:
          Segment name="Price"
      right: Items is_json=false
        items:
          Literal value=1 type="Edm.Int32"
          Literal value=null
$top
  5
$expand
  ExpandItem
    path:
      Segment name="A"
    options: Options
      $top: 2
x (custom)
  1
"""
    )


def test_a_mistake_is_shown_with_a_caret() -> None:
    done = run_odata("explain", "Products?$filter=Name eq )")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("odata: Syntax error: an expression is expected, but ')' was found.\nName eq )\n        ^\n")


def test_colours_mark_roles_only_where_asked() -> None:
    url = explain_url("P?x=1", V4_GRAMMAR, LIMITS)
    assert show_url(url, painter(colour=True))[0] == "\x1b[1mpath\x1b[0m"
    assert show_url(url, painter(colour=False)) == ["path", '  Segment name="P"', "x (custom)", "  1"]


def answers(*lines: str) -> list[object]:
    return [msgspec.json.decode(line) for line in explain_lines(lines, V4_GRAMMAR, LIMITS)]


def test_lines_for_programs() -> None:
    assert answers(
        '{"rule": "skip", "input": "$skip=0"}',
        '{"rule": "boolean", "input": "tRUe"}',
        '{"rule": "FILTER", "input": "$filter=true"}',
        "",
        '{"rule": "filter", "input": "$filter=Name eq"}',
        '{"rule": "nonsense", "input": ""}',
        "{",
        "[]",
        "[" * 100_000,
    ) == [
        {"ok": True, "tree": 0},
        {"ok": True, "tree": "tRUe"},
        {"ok": True, "tree": {"node": "Literal", "value": True, "type": "Edm.Boolean", "position": 0}},
        {"ok": False, "error": "Syntax error: a blank after 'eq' is expected, but the end was found.", "position": 7},
        {"ok": False, "error": "There is no rule 'nonsense'.", "position": None},
        {"ok": False, "error": "The line is not JSON.", "position": None},
        {"ok": False, "error": "The line must be an object with 'rule' and 'input'.", "position": None},
        {"ok": False, "error": "The line is not JSON.", "position": None},
    ]


@pytest.mark.parametrize("text", ["P?$filter=A in (1)", "P?$filter=A/any(x:x eq 1)"])
def test_the_version_decides(text: str) -> None:
    assert run_odata("explain", text).returncode == 0
    assert run_odata("explain", "--version", "2.0", text).returncode == 2


def test_an_absolute_url() -> None:
    url = explain_url("https://host/service/Products(5)?$inlinecount=allpages", V2_GRAMMAR, LIMITS)
    assert url.options.system == {"$inlinecount": True}


def test_without_a_url() -> None:
    done = run_odata("explain")
    assert (done.returncode, done.stderr) == (
        2,
        "odata: 'odata explain' needs a URL, or '--jsonl' and lines on standard input.\n",
    )


# ------------------------------------------------------------------ with a model

SHOP = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Shop" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Product"><Key><PropertyRef Name="ID"/></Key>
<Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
<Property Name="Price" Type="Edm.Decimal" Scale="variable"/><Property Name="Tags" Type="Collection(Edm.String)"/>
<NavigationProperty Name="Category" Type="Shop.Category"/></EntityType>
<EntityType Name="Category"><Key><PropertyRef Name="ID"/></Key>
<Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String"/>
<NavigationProperty Name="Products" Type="Collection(Shop.Product)"/></EntityType>
<Function Name="Cheapest" IsBound="true" IsComposable="true"><Parameter Name="all" Type="Collection(Shop.Product)"/>
<Parameter Name="limit" Type="Edm.Int32"/><ReturnType Type="Collection(Shop.Product)"/></Function>
<EntityContainer Name="C"><EntitySet Name="Products" EntityType="Shop.Product">
<NavigationPropertyBinding Path="Category" Target="Categories"/></EntitySet>
<EntitySet Name="Categories" EntityType="Shop.Category">
<NavigationPropertyBinding Path="Products" Target="Products"/></EntitySet></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("models") / "shop.xml"
    path.write_text(SHOP, "utf-8")
    return str(path)


MEANINGS = {
    "Categories(1)/Products/Shop.Cheapest(limit=3)?$filter=Price gt 5 and not contains(Name,'x')&$orderby=Name desc"
    "&$top=2&x=1": """resource
  a collection of entities : Collection(Shop.Product)
    EntitySet Categories
    Key ID=1 : Edm.Int32
    Follow Products, in Products
    Invocation Shop.Cheapest
      limit = 3 : Edm.Int32
$filter
  Price gt 5.0 and not contains(Name,'x') : Edm.Boolean
    Price gt 5.0 : Edm.Boolean
      Price : Edm.Decimal
      5.0 : Edm.Decimal
    not contains(Name,'x') : Edm.Boolean
      contains(Name,'x') : Edm.Boolean
        Name : Edm.String
        'x' : Edm.String
$orderby
  Name : Edm.String, descending
$top
  2
x (custom)
  1
""",
    "Products?$select=Name,Tags"
    "&$expand=Category($select=Name;$expand=Products/$count($filter=Tags/any(t:t eq 'new')))": (
        """resource
  a collection of entities : Collection(Shop.Product)
    EntitySet Products
$select
  Name : Edm.String
  Tags : Collection(Edm.String)
$expand
  Category : Shop.Category
    $select
      Name : Edm.String
    $expand
      Products : Collection(Shop.Product), $count
        $filter
          Tags/any(t:t eq 'new') : Edm.Boolean
            Tags : Collection(Edm.String)
            t eq 'new' : Edm.Boolean
              t : Edm.String
              'new' : Edm.String
"""
    ),
    "Products?$apply=groupby((Category/Name),aggregate(Price with sum as Total,$count as Many))/filter(Total gt 9)"
    "&$search=a OR NOT b&$compute=Total mul 2 as Twice&$count=true": """resource
  a collection of entities : Collection(Shop.Product)
    EntitySet Products
$apply
  GroupBy
    Grouping Category
      Grouping Name
    Aggregate
      Measure name=Total method=sum : Edm.Decimal
        Price : Edm.Decimal
      Measure name=Many : Edm.Decimal
  Filter
    Total gt 9.0 : Edm.Boolean
      Total : Edm.Decimal
      9.0 : Edm.Decimal
$compute
  Twice = Total mul 2.0 : Edm.Decimal
    Total : Edm.Decimal
    2.0 : Edm.Decimal
$search
  a OR NOT b
$count
  true
""",
}


@pytest.mark.parametrize("url", MEANINGS)
def test_what_a_url_means_for_people(url: str, shop: str) -> None:
    done = run_odata("explain", "--csdl", shop, url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == MEANINGS[url]


# What is asked -> what stands on stderr.
MISTAKES = {
    "Products?$filter=Name eq 'x' and Prize gt 5": (
        "Could not find a property named 'Prize' on type 'Shop.Product'. Did you mean 'Price'?\n"
        "Name eq 'x' and Prize gt 5\n"
        "                ^"
    ),
    "Products?$filter=Name gt 5": (
        "'gt' cannot compare 'Name' of type Edm.String with the value 5 of type Edm.Int32.\nName gt 5\n     ^"
    ),
    "Product": "Resource not found for the segment 'Product'. Did you mean 'Products'?",
    "Products(1)?$filter=true": "The query option '$filter' cannot be applied to an entity.",
}


@pytest.mark.parametrize("url", MISTAKES)
def test_mistakes_that_only_the_model_shows(url: str, shop: str) -> None:
    assert run_odata("explain", url).returncode == 0
    done = run_odata("explain", "--csdl", shop, url)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"odata: {MISTAKES[url]}\n")


def test_a_literal_that_ended_with_version_3(shop: str, tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text(
        """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices
        m:DataServiceVersion="2.0" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
        <Schema Namespace="Old" xmlns="http://schemas.microsoft.com/ado/2008/09/edm"><EntityType Name="Day"><Key>
        <PropertyRef Name="At"/></Key><Property Name="At" Type="Edm.DateTime" Nullable="false"/>
        <Property Name="Name" Type="Edm.String"/></EntityType><EntityContainer Name="C"
        m:IsDefaultEntityContainer="true"><EntitySet Name="Days" EntityType="Old.Day"/></EntityContainer></Schema>
        </edmx:DataServices></edmx:Edmx>""",
        "utf-8",
    )
    url = "Days?$filter=substringof('x',Name) or At gt datetime'2011-07-31T00:00:00'"
    done = run_odata("explain", "--version", "2.0", "--csdl", str(old), url)
    assert done.stdout.splitlines()[4:] == [
        "  contains(Name,'x') or At gt datetime'2011-07-31T00:00:00' : Edm.Boolean",
        "    contains(Name,'x') : Edm.Boolean",
        "      Name : Edm.String",
        "      'x' : Edm.String",
        "    At gt datetime'2011-07-31T00:00:00' : Edm.Boolean",
        "      At : Edm.DateTime",
        "      datetime'2011-07-31T00:00:00' : Edm.DateTime",
    ]


def test_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.xml")
    done = run_odata("explain", "--csdl", nowhere, "Products")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"odata: The file '{nowhere}' cannot be read.\n")
    wrong = tmp_path / "wrong.xml"
    wrong.write_text(SHOP.replace('Type="Shop.Category"', 'Type="Shop.Categorie"'), "utf-8")
    done = run_odata("explain", "--csdl", str(wrong), "Products")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("odata: The model is not valid:\n- 'wrong.xml', line 6: ")
    assert "there is no type 'Shop.Categorie'. Did you mean 'Shop.Category'?" in done.stderr


PRICE = {"node": "Path", "steps": ["Price"], "type": "Edm.Decimal"}
CHEAP = {
    "node": "Compare",
    "operator": "lt",
    "left": PRICE,
    "right": {"node": "Constant", "value": "5", "type": "Edm.Decimal"},
    "type": "Edm.Boolean",
}
# What a line asks -> the answer.
MEANT: tuple[tuple[dict[str, str], dict[str, object]], ...] = (
    (
        {"rule": "filter", "input": "Price lt 5", "context": "Shop.Product"},
        {"ok": True, "bound": True, "tree": {"node": "BoundOptions", "filter": CHEAP}},
    ),
    (
        {"rule": "orderby", "input": "$orderby=Price desc", "context": "Product"},
        {
            "ok": True,
            "bound": True,
            "tree": {
                "node": "BoundOptions",
                "order": [{"node": "OrderBy", "expression": PRICE, "descending": True}],
            },
        },
    ),
    (
        {"rule": "query", "input": "$filter=Price lt 5&$top=3", "context": "Product"},
        {"ok": True, "bound": True, "tree": {"node": "BoundOptions", "filter": CHEAP, "top": 3}},
    ),
    (
        {"rule": "expression", "input": "Price lt 5", "context": "Product"},
        {"ok": True, "bound": True, "tree": CHEAP},
    ),
    (
        {"rule": "uri", "input": "Products/$count?$filter=Price lt 5"},
        {
            "ok": True,
            "bound": True,
            "tree": {
                "node": "BoundUrl",
                "resource": {
                    "node": "Resource",
                    "kind": "a count",
                    "steps": ["Products"],
                    "type": "Collection(Shop.Product)",
                },
                "options": {"node": "BoundOptions", "filter": CHEAP},
            },
        },
    ),
    ({"rule": "boolean", "input": "true"}, {"ok": True, "bound": False, "tree": "true"}),
    (
        {"rule": "filter", "input": "Name eq 'x' and Prize lt 5", "context": "Product"},
        {
            "ok": False,
            "error": "Could not find a property named 'Prize' on type 'Shop.Product'. Did you mean 'Price'?",
            "position": 16,
        },
    ),
    (
        {"rule": "filter", "input": "Price lt 5"},
        {"ok": False, "error": "The line must name the type of $it in 'context'.", "position": None},
    ),
    (
        {"rule": "filter", "input": "Price lt 5", "context": "Produkt"},
        {"ok": False, "error": "There is no type 'Produkt'. Did you mean 'Product'?", "position": None},
    ),
)


def test_what_lines_mean_for_programs(shop: str) -> None:
    lines = "".join([f"{msgspec.json.encode(asked).decode()}\n" for asked, _answer in MEANT])
    done = run_odata("explain", "--csdl", shop, "--jsonl", stdin=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert [msgspec.json.decode(line) for line in done.stdout.splitlines()] == [answer for _asked, answer in MEANT]


def test_a_context_must_be_a_name() -> None:
    assert answers('{"rule": "filter", "input": "true", "context": 5}') == [
        {"ok": False, "error": "The 'context' of a line must be the name of a type.", "position": None}
    ]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("filter", " and ".join(["Price lt 5"] * 1_000)),
        ("filter", "not " * 99 + "true"),
        ("filter", "(" * 99 + "true" + ")" * 99),
        ("search", " OR ".join(["a"] * 1_900)),
    ],
)
def test_what_is_long_or_deep_is_understood(rule: str, text: str) -> None:
    reader = Reader(read_csdl(SHOP), V4_GRAMMAR, V4_RULES, LIMITS)
    line = msgspec.json.encode({"rule": rule, "input": text, "context": "Product"}).decode()
    for answer in (None, reader.answer):
        [found] = [msgspec.json.decode(line) for line in explain_lines([line], V4_GRAMMAR, LIMITS, answer)]
        assert found["ok"] is True


def test_what_is_too_deep_to_be_shown() -> None:
    url = explain_url(f"P?$filter={' add '.join(['1'] * 1_500)} gt 1", V4_GRAMMAR, LIMITS)
    with pytest.raises(BadRequest, match="its tree is too deep to be shown"):
        show_url(url, painter(colour=False))


def test_hierarchies_are_shown() -> None:
    nodes = "$root/SalesOrganizations,SalesOrgHierarchy"
    test = "HierarchyNodes=$root/SalesOrganizations,HierarchyQualifier='SalesOrgHierarchy',Node=SalesOrganization/ID"
    url = (
        f"Sales?$apply=ancestors({nodes},SalesOrganizationID,top(2),1)/traverse({nodes},SalesOrganization/ID,preorder)"
        f"/groupby((rolluprecursive({nodes},SalesOrganization/ID)),aggregate(Amount with sum as T))"
        f"&$filter=Aggregation.isroot({test})"
    )
    hierarchy = """Related
      Hierarchy qualifier=SalesOrgHierarchy
        $root/SalesOrganizations : Collection(SalesModel.SalesOrganization)
        ID : Edm.String
        Superordinate/ID : Edm.String"""
    meant = Reader(SALES, V4_GRAMMAR, V4_RULES, LIMITS).url(explain_url(url, V4_GRAMMAR, LIMITS))
    lines = show_meaning(meant, painter(colour=False))
    assert (
        "\n".join(lines[3:])
        == f"""$apply
  Relatives name=ancestors distance=1
    {hierarchy}
      SalesOrganizationID : Edm.String
    Window top=2
  Traverse is_preorder=true
    {hierarchy}
      SalesOrganization/ID : Edm.String
    Marking SalesOrganization is_whole=true
  RollupRecursive rollupnode/1
    {hierarchy}
      SalesOrganization/ID : Edm.String
    Marking SalesOrganization is_whole=true
    Aggregate
      Measure name=T method=sum : Edm.Decimal
        Amount : Edm.Decimal
$filter
  Org.OData.Aggregation.V1.isroot({test}) : Edm.Boolean
    SalesOrganization/ID : Edm.String"""
    )
