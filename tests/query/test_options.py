# Query options bound: what each asks for in one line, what is refused and why, and what must hold for any text.
# `shown` in people.py tells how to read the lines.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.errors import BadRequest, NotImplementedHere, ODataError
from odata_core.limits import Limits
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions, Selected, Selection
from odata_core.query.scope import Scope
from odata_core.query.tree import Compare, Computed, Constant, Dynamic, Follow, OrderBy, Path
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.syntax import SearchJoin, SearchTerm
from odata_core.uri.urls import parse_query
from tests.query.people import LIMITS, MODEL, bound, scope_of, shown

SELECTED: list[tuple[str, str]] = [
    ("$select=*", "select *"),
    ("$select=Name,Age,Name", "select Name Age"),
    ("$select=*,Name,Boss", "select * Name ->Boss"),
    ("$select=Boss,Photo,Tags", "select ->Boss Photo Tags"),
    # within complex values; the union of what all items name
    ("$select=Home/City", "select Home{City}"),
    ("$select=Home/City,Home/Street/Name", "select Home{City Street{Name}}"),
    ("$select=Home/City,Home", "select Home"),
    ("$select=Home,Home/City", "select Home"),
    ("$select=Home($select=City,Street/No)", "select Home{City Street{No}}"),
    ("$select=Home($select=City),Home/Street", "select Home{City Street}"),
    ("$select=Home/City,Others/City", "select Home{City} Others{City}"),
    # derived types
    ("$select=People.Employee/Salary,Name", "select Employee:Salary Name"),
    ("$select=P.Employee/Salary,People.Employee/Salary", "select Employee:Salary"),
    ("$select=People.Employee/Files", "select Employee:->Files"),
    ("$select=Home/People.PostBox/Box,Home/City", "select Home{PostBox:Box City}"),
    # options of a property
    (
        "$select=Others($filter=City eq 'X';$top=2;$orderby=Street/No desc;$count=true;$skip=1;$search=x)",
        "select Others(search; filter City eq 'X'; order Street/No desc; skip 1; top 2; count)",
    ),
    ("$select=Others($filter=City eq $it/Name)", "select Others(filter City eq $it/Name)"),
    (
        "$select=Others($compute=length(City) as L;$select=L,City;$filter=L gt 2)",
        "select Others{?L City}(compute length(City) as L; filter L gt 2)",
    ),
    ("$select=Tags($filter=startswith($this,'a');$top=1)", "select Tags(filter startswith($this,'a'); top 1)"),
    # operations and annotations
    ("$select=People.Rank,People.Rank(by),People.Fire", "select People.Rank People.Rank(by) People.Fire"),
    ("$select=P.Rank,P.*,People.*", "select People.Rank People.*"),
    ("$select=@Core.Messages,Home/@My.Note", "select Home{@My.Note} @Core.Messages"),
]

OTHERS: list[tuple[str, str]] = [
    (
        "$top=5&$skip=3&$count=true&$format=json&$skiptoken=abc&foo=bar&$schemaversion=1.0",
        "skip 3; top 5; skiptoken abc; format json; schemaversion 1.0; count",
    ),
    ("$count=false", ""),
    ("$index=-1&$id=People(1)&$deltatoken=x", "deltatoken x; id People(1); index -1"),
    ("$filter=Age gt 3&$orderby=Name desc,Age", "filter Age gt 3; order Name desc, Age"),
    # parameter aliases (Part 2, 5.3; Part 1, 11.2.6.1.3)
    ("$filter=Name eq @p&@p='x'", "filter Name eq 'x'"),
    ("$filter=Name eq @p", "filter Name eq null"),
    ("$filter=Age eq @p&@p=@q&@q=Age", "filter Age eq Age"),
    # $compute adds names (Part 2, 5.1.9)
    (
        "$compute=Age add 1 as Next&$select=Next,Name&$filter=Next gt 2&$orderby=Next desc,Name",
        "compute Age add 1 as Next; filter Next gt 2; order Next desc, Name; select Next Name",
    ),
    ("$compute=Age add 1 as Next,Next mul 2 as Twice", "compute Age add 1 as Next, Next mul 2 as Twice"),
    ("$compute=Boss as Chief&$filter=Chief/Name eq 'x'", "compute Boss as Chief; filter Chief/Name eq 'x'"),
    ("$compute=Age add 1 as Next&$filter=$it/Next gt 1", "compute Age add 1 as Next; filter Next gt 1"),
    # ... and so does $apply
    (
        "$apply=groupby((Home/City),aggregate(Age with sum as Total))"
        "&$filter=Total gt 3&$select=Total,Home/City&$orderby=Total&$compute=Total add 1 as More",
        "apply GroupBy; compute Total add 1 as More; filter Total gt 3; order Total; select Total Home{City}",
    ),
]


@pytest.mark.parametrize(("query", "expected"), [*SELECTED, *OTHERS])
def test_options(query: str, expected: str) -> None:
    assert shown(bound(query)) == expected


def test_whole_values() -> None:
    kind = MODEL.entity_sets["People"].type
    age, name = kind.properties["Age"], kind.properties["Name"]
    found = bound("$compute=Age add 1 as Next&$filter=Age eq 3&$orderby=Name desc&$search=a b&$select=Boss,Name&x=y")
    (computed,) = found.compute
    assert isinstance(computed, Computed)
    assert found == BoundOptions(
        compute=(computed,),
        search=SearchJoin("AND", SearchTerm("a"), SearchTerm("b")),
        filter=Compare("eq", Path((age,)), Constant(3, age.type)),
        order=(OrderBy(Path((name,)), descending=True),),
        select=Selection(
            members=(Selected(Follow(kind.navigation["Boss"], MODEL.entity_sets["People"])), Selected(name))
        ),
        custom=(("x", "y"),),
    )


def test_dynamic_properties_of_an_open_type() -> None:
    kind = MODEL.types["People.Note"]
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, kind)
    found = bind_options(parse_query("$select=Text,Anything&$orderby=Other", V4_GRAMMAR, LIMITS), scope)
    assert found.select is not None
    assert found.select.members[1] == Selected(Dynamic("Anything"))
    assert found.order == (OrderBy(Path((Dynamic("Other"),))),)


def test_positions_of_literals_are_told_apart() -> None:
    """Each literal has an origin of its own, whichever option it stands in."""
    found = bound("$filter=Age eq 3&$orderby=Age add 3&$compute=Age add 3 as x")
    literals = [constant.origin for constant in _constants((found.filter, found.order, found.compute))]
    assert len(set(literals)) == len(literals) == 3


def _constants(value: Any) -> list[Constant]:
    if isinstance(value, Constant):
        return [value]
    if isinstance(value, tuple):
        return [found for item in value for found in _constants(item)]
    if hasattr(value, "__dataclass_fields__") and type(value).__module__.endswith("query.tree"):
        return [found for name in value.__dataclass_fields__ for found in _constants(getattr(value, name))]
    return []


REFUSED: list[tuple[str, str]] = [
    ("$top=1&$top=2", "The query option '$top' is given more than once."),
    ("$select=Nmae", "Could not find a property named 'Nmae' on type 'People.Person'. Did you mean 'Name'?"),
    ("$select=Name/City", "'Name' has no properties."),
    ("$select=Boss/Name", "'Boss' is a navigation property: select from it within $expand=Boss(...)."),
    ("$select=Boss($select=Name)", "Options of a navigation property belong to $expand."),
    ("$select=Home($select=City),Home($select=Street)", "'Home' has options in more than one place."),
    ("$select=Home($top=1)", "'$top' cannot stand behind 'Home': it takes $compute, $select."),
    ("$select=Name($top=1)", "'$top' cannot stand behind 'Name': it takes no options."),
    ("$select=Tags($select=Name)", "'$select' cannot stand behind 'Tags'"),
    ("$select=*($top=1)", "Options can only stand behind a property."),
    ("$select=People.Employee", "A property is expected behind the type 'People.Employee'."),
    ("$select=People.Country/Name", "'People.Person' cannot be a 'People.Country'."),
    ("$select=People.Nothing/Name", "There is no structured type 'People.Nothing'."),
    ("$select=People.Nothing", "'People.Nothing' is neither a type nor an operation."),
    ("$select=People.Rank(x)", "No overload of 'People.Rank' has the parameters (x)."),
    ("$select=Nobody.*", "There is no schema 'Nobody'."),
    ("$select=Home/City/Deep", "'City' has no properties."),
    ("$compute=Age as Name", "'Name' is the name of another property already."),
    ("$compute=Age as x,Name as x", "'x' is the name of another property already."),
    ("$compute=Age as a.b", "a name without namespace is expected, but 'a.b' was found."),
    ("$filter=Age", "A condition is expected"),
    ("$orderby=Boss", "cannot be sorted"),
    ("$orderby=Tags", "cannot be sorted"),
    ("$orderby=Photo", "cannot be sorted"),
    ("$filter=@p&@p=@q&@q=@p", "The parameter alias '@p' refers to itself."),
    ("$filter=Next gt 1&$select=Next", "Could not find a property named 'Next'"),
    ("$apply=groupby((Name))&$filter=Total gt 1", "Could not find a property named 'Total'"),
    ("$apply=aggregate(Age with sum as Age)", "The alias 'Age' is the name of another property already."),
]


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_refusals(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(query)
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["$at", "$from", "$to", "$toInclusive"])
def test_moments_are_not_supported(name: str) -> None:
    with pytest.raises(NotImplementedHere, match=rf"'\{name.lower()}'"):
        bound(f"{name}=2020-01-01")


@pytest.mark.parametrize("query", ["$filter=$these/$count gt 1", "$orderby=Age div $these/aggregate(Age with sum)"])
def test_all_rows_are_not_at_hand(query: str) -> None:
    with pytest.raises(NotImplementedHere, match=r"'\$these' is not supported in"):
        bound(query)


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("$select=Name,Nmae", 5),
        ("$select=Home($select=City,Ctiy)", 18),
        ("$filter=Age eq 1 and Nmae eq 'x'", 13),
        ("$filter=@p eq 1&@p=Age add Nmae", 8),
        ("$expand=Boss,Friends($filter=Age eq 1;$select=Nmae)", 38),
        ("$compute=Age as x,Nmae as y", 9),
    ],
)
def test_refusals_know_the_place(query: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(query)
    assert caught.value.position == position
    assert caught.value.text is not None
    assert caught.value.text in query


def test_a_resource_without_properties() -> None:
    scope = Scope(MODEL, V4_GRAMMAR, LIMITS, None)
    options = parse_query("$select=*", V4_GRAMMAR, LIMITS)
    assert bind_options(options, scope) == BoundOptions(select=Selection(everything=True))
    with pytest.raises(BadRequest):
        bind_options(parse_query("$select=Name", V4_GRAMMAR, LIMITS), scope)


# ------------------------------------------------------------------ any text

NAMES = st.sampled_from(
    "Name Age Home Home/City Others Tags Boss Friends Notes Photo * People.Employee/Salary People.Rank @a.b $value Next"
    " Friends/$ref Friends/$count Friends/People.Employee Home/Country Nothing".split()
)
VALUES: Mapping[str, st.SearchStrategy[str]] = {
    "$filter": st.sampled_from(["Age gt 1", "Boss/Name eq 'x'", "Next eq 1", "$it/Age eq 2", "$this/Age eq 1", "@p"]),
    "$orderby": NAMES,
    "$compute": st.sampled_from(["Age add 1 as Next", "Name as Next", "Boss as Next", "Age as Name"]),
    "$top": st.just("1"),
    "$count": st.just("true"),
    "$search": st.just("x"),
    "$levels": st.sampled_from(["1", "2", "max", "20"]),
    "$apply": st.sampled_from(["groupby((Name))", "aggregate(Age with sum as Next)", "join(Friends as Next)"]),
}


def _options(nested: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(st.builds("{}{}".format, NAMES, st.just("") | nested.map("({})".format)), min_size=1, max_size=2)
    values = {**VALUES, "$select": items.map(",".join), "$expand": items.map(",".join)}
    parts = st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=3, unique=True)
    return parts.flatmap(lambda names: st.tuples(*[values[name].map(f"{name}={{}}".format) for name in names])).map(
        ";".join
    )


NESTED = st.recursive(st.just("$top=1"), _options, max_leaves=4)


@settings(max_examples=300)
@given(NESTED, st.sampled_from([2, 3, 4]))
def test_any_options_are_bound_or_refused(text: str, version: int) -> None:
    query = "&".join([quote(part, safe="=$()',;/*@ ") for part in text.split(";")]) if "(" not in text else text
    try:
        found = bound(query.replace(" ", "%20"), version=version)
    except ODataError:
        return
    assert isinstance(found, BoundOptions)
    assert hash(found.select) == hash(found.select)


def test_select_is_quick() -> None:
    """Many items cost no more than their number."""
    limits = Limits(url_length=10**6, text_length=10**6, select_items=10**5)
    query = "$select=" + ",".join(["Home/Street/Name", "Home/City", "Others/City"] * 5_000)
    assert shown(bound(query, limits=limits)) == "select Home{Street{Name} City} Others{City}"
    assert scope_of().kind is MODEL.entity_sets["People"].type
