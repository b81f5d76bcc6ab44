# $expand of v4 (4.01 Part 2, 5.1.3), and $select with $expand of v2 and v3, which give the same trees.

from __future__ import annotations

import pytest

from odata_core.errors import BadRequest, NotImplementedHere
from odata_core.limits import Limits
from odata_core.query.options import BoundOptions, Expansion, Form
from odata_core.query.tree import Cast, Follow
from tests.query.people import MODEL, bound, shown

EXPANDED: list[tuple[str, str]] = [
    ("$expand=Boss", "Boss->People"),
    (
        "$expand=Boss,Friends($select=Name;$expand=Boss($select=ID))",
        "Boss->People, Friends(select Name; expand Boss(select ID)->People)->People",
    ),
    (
        "$expand=Friends($filter=Age gt $it/Age;$orderby=Name desc;$skip=1;$top=2;$count=true;$search=x)",
        "Friends(search; filter Age gt $it/Age; order Name desc; skip 1; top 2; count)->People",
    ),
    (
        "$expand=Friends($compute=Age add 1 as Next;$select=Next;$orderby=Next)",
        "Friends(compute Age add 1 as Next; order Next; select Next)->People",
    ),
    (
        "$expand=Friends($apply=aggregate(Age with sum as Total);$filter=Total gt 3)",
        "Friends(apply Aggregate; filter Total gt 3)->People",
    ),
    # forms
    ("$expand=Boss/$ref", "Boss $ref->People"),
    (
        "$expand=Friends/$ref($filter=Age gt 1;$top=2;$orderby=Name)",
        "Friends $ref(filter Age gt 1; order Name; top 2)->People",
    ),
    ("$expand=Friends/$count($filter=Age gt 1;$search=x)", "Friends $count(search; filter Age gt 1)->People"),
    ("$expand=Friends,Friends/$count", "Friends->People, Friends $count->People"),
    ("$expand=Photo", "Photo stream"),
    # types
    (
        "$expand=Friends/People.Employee($select=Salary;$expand=Files)",
        "Friends:Employee(select Salary; expand Files)->People",
    ),
    ("$expand=Friends/People.Employee/$ref", "Friends:Employee $ref->People"),
    ("$expand=Friends/People.Employee/$count($filter=Age gt 1)", "Friends:Employee $count(filter Age gt 1)->People"),
    ("$expand=People.Employee/Files", "Employee/Files"),
    # complex properties
    (
        "$expand=Home/Country,Others/Country($select=Name)",
        "Home/Country->Countries, Others/Country(select Name)->Countries",
    ),
    ("$expand=Home/People.PostBox/Country", "Home/PostBox/Country->Countries"),
    # contained entities live within their source
    ("$expand=Notes($expand=Country)", "Notes(expand Country)"),
    ("$expand=Notes($filter=Anything eq 1 and Text eq $it/Name)", "Notes(filter Anything eq 1 and Text eq $it/Name)"),
    # all
    ("$expand=*", "Boss->People, Friends->People, Notes"),
    ("$expand=*/$ref,Boss", "Boss->People, Friends $ref->People, Notes $ref"),
    ("$expand=Home/*", "Home/Country->Countries"),
    (
        "$expand=*($levels=2)",
        "Boss(expand Boss->People, Friends->People, Notes)->People, "
        "Friends(expand Boss->People, Friends->People, Notes)->People, Notes(expand Country)",
    ),
    # levels
    ("$expand=Boss($levels=1)", "Boss->People"),
    ("$expand=Boss($levels=3)", "Boss x3->People"),
    ("$expand=Boss($levels=max)", "Boss x12->People"),
    ("$expand=Boss($levels=max;$expand=Friends)", "Boss x11(expand Friends->People)->People"),
    ("$expand=Boss($levels=6;$expand=Friends($levels=6))", "Boss x6(expand Friends x6->People)->People"),
    ("$expand=Notes($levels=max)", "Notes"),  # which never leads to a note again
    # aliases in parentheses
    ("$expand=Friends(@m=Age;$filter=@m eq 3)", "Friends(filter Age eq 3)->People"),
    (
        "$expand=Boss(@m=3;$expand=Friends($filter=Age eq @m))",
        "Boss(expand Friends(filter Age eq 3)->People)->People",
    ),
    ("$expand=Friends($filter=Name eq @m)&@m='x'", "Friends(filter Name eq 'x')->People"),
]


@pytest.mark.parametrize(("query", "expected"), EXPANDED)
def test_expand(query: str, expected: str) -> None:
    assert shown(bound(query)) == f"expand {expected}"


def test_whole_values() -> None:
    kind, people = MODEL.entity_sets["People"].type, MODEL.entity_sets["People"]
    employee = MODEL.types["People.Employee"]
    (found,) = bound("$expand=Friends/People.Employee/$ref($top=1)").expand
    assert found == Expansion(
        Follow(kind.navigation["Friends"], people),
        cast=Cast(employee),  # type: ignore[arg-type]
        form=Form.REFERENCES,
        options=BoundOptions(top=1),
    )
    assert bound("$expand=$value", name="Files").expand == (Expansion(None, form=Form.MEDIA),)


def test_what_apply_added_can_be_expanded() -> None:
    query = "$apply=join(Friends as Friend)&$expand="
    assert shown(bound(f"{query}Friend($select=Name)")) == "apply Join; expand Friend(select Name)->People"
    assert shown(bound(f"{query}*/$ref")).endswith("Notes $ref, Friend $ref->People")


REFUSED: list[tuple[str, str]] = [
    ("$expand=Frends", "Did you mean 'Friends'?"),
    ("$expand=Name", "'Name' is no navigation property and no stream, so it cannot be expanded."),
    ("$expand=Home", "'Home' is no navigation property and no stream, so it cannot be expanded."),
    ("$expand=Home/City", "'City' is no navigation property and no stream, so it cannot be expanded."),
    ("$expand=Boss/Boss", "what is behind a navigation property is expanded by its own options"),
    ("$expand=People.Employee", "'People.Employee' is a type: what is expanded must stand before or behind it."),
    ("$expand=People.Country/Name", "What is here cannot be a 'People.Country'."),
    ("$expand=People.Nothing/Name", "There is no structured type 'People.Nothing'."),
    ("$expand=Friends/People.Country", "What is here cannot be a 'People.Country'."),
    ("$expand=Boss,Boss", "'Boss' is expanded more than once."),
    ("$expand=Boss,Boss/$ref", "'Boss' is expanded more than once."),
    ("$expand=*,*", "'*' is expanded more than once."),
    ("$expand=$value", "'$value' needs a media entity."),
    ("$expand=Photo($top=1)", "The stream 'Photo' takes no options."),
    ("$expand=Boss/$count", "'Boss' leads to one entity, which cannot be counted."),
    ("$expand=Boss($filter=true)", "'$filter' cannot stand behind 'Boss'"),
    ("$expand=Boss($apply=groupby((Name)))", "'$apply' cannot stand behind 'Boss'"),
    ("$expand=Boss/$ref($top=1)", "'$top' cannot stand behind 'Boss': it takes no options."),
    ("$expand=Notes($levels=2)", "'Notes' leads to 'People.Note'."),
    ("$expand=Boss($levels=13)", "the limit expand_depth is 12"),
    ("$expand=Boss($levels=7;$expand=Friends($levels=6))", "the limit expand_depth is 12"),
    ("$expand=Boss($levels=12;$expand=Friends)", "the limit expand_depth is 12"),
    ("$expand=*($levels=13)", "the limit expand_depth is 12"),
    ("$expand=*($levels=12)", "the limit expand_items is 100"),
    ("$expand=Friends(@m=1;$filter=Age eq @m)&@m=2", "The parameter alias '@m' is given more than once."),
]


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_refusals(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(query)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$expand=@My.Term", "The annotation '@My.Term' cannot be expanded here."),
        ("$expand=Friends($at=2020-01-01)", "The query option '$at' is not supported."),
        ("$expand=Friends/People.Employee($levels=2)", "$levels behind a type is not supported."),
        # The value is that of another row, which is not at hand where it is used.
        ("$expand=Boss(@m=Age;$expand=Friends($filter=Age eq @m))", "'@m' cannot be used on another level"),
        ("$expand=Friends($filter=Name eq @m)&@m=Name", "'@m' cannot be used on another level"),
    ],
)
def test_what_is_not_supported_is_named(query: str, message: str) -> None:
    with pytest.raises(NotImplementedHere) as caught:
        bound(query)
    assert message in caught.value.message


def test_max_is_what_fits_the_limits() -> None:
    def size(expansions: tuple[Expansion, ...]) -> int:
        return sum(1 + size(expansion.options.expand) for expansion in expansions)

    sizes = [size(bound("$expand=*($levels=max)", limits=Limits(expand_items=most)).expand) for most in (3, 9, 99, 999)]
    assert sizes == [3, 3, 52, 892]  # 3, 10, 24, 52, 108, ... with each level more


# ------------------------------------------------------------------ v2 and v3

PROJECTED: list[tuple[str, str]] = [
    ("$expand=Boss/Friends,Boss/Boss", "expand Boss(expand Friends->People, Boss->People)->People"),
    ("$expand=Boss,Boss,Boss/Boss", "expand Boss(expand Boss->People)->People"),  # redundant paths mean nothing more
    ("$select=Boss", "select ->Boss"),
    ("$select=Name&$expand=Boss", "select Name"),
    ("$select=*&$expand=Boss", "select * ->*"),
    ("$select=*,Boss/*&$expand=Boss/Friends", "select * ->* ->Boss; expand Boss(select * ->*)->People"),
    ("$select=Boss/Name , Name&$expand= Boss", "select ->Boss Name; expand Boss(select Name)->People"),
    ("$select=Boss/Name,Boss&$expand=Boss", "select ->Boss; expand Boss->People"),
    (
        "$select=Boss/Friends/Name&$expand=Boss/Friends",
        "select ->Boss; expand Boss(select ->Friends; expand Friends(select Name)->People)->People",
    ),
    ("$select=Boss/Boss/Name", "select ->Boss"),
    ("$select=Home/City", "select Home{City}"),
    ("$inlinecount=allpages&$top=1", "top 1; count"),
    ("$inlinecount=none", ""),
    # types and operations are of v3
    (
        "$select=People.Employee/Salary,People.Employee/Files/ID&$expand=People.Employee/Files",
        "select Employee:Salary Employee:->Files; expand Employee/Files(select ID)",
    ),
    ("$select=People.Rank,Container.*,Container.Fire", "select People.Rank People.Fire Container.*"),
]


@pytest.mark.parametrize(("query", "expected"), PROJECTED)
def test_projections(query: str, expected: str) -> None:
    assert shown(bound(query, version=3)) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$expand=Boss($select=Name)", "'Boss' takes no options in this version of the protocol."),
        ("$select=Boss($select=Name)", "'Boss' takes no options in this version of the protocol."),
        ("$expand=*", "Could not find a property named '*'"),
        ("$expand=Boss/$ref", "Could not find a property named '$ref'"),
        ("$expand=Home/Country", "'Home' is no navigation property, so it cannot be expanded."),
        ("$expand=People.Employee", "'People.Employee' is a type: what is expanded must stand before or behind it."),
        ("$expand=People.Nothing/Files", "There is no entity type 'People.Nothing'."),
        ("$select=Boss/Nmae", "Did you mean 'Name'?"),
        ("$select=Boss/Nmae&$expand=Boss", "Did you mean 'Name'?"),
        ("$select=*/Name", "'*/Name' cannot be selected."),
        ("$expand=" + "/".join(["Boss"] * 13), "the limit expand_depth is 12"),
        ("$expand=Boss&$expand=Friends", "The query option '$expand' is given more than once."),
    ],
)
def test_projections_refused(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        bound(query, version=3)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$select=Name,Boss/Name&$expand=Boss", "$select=Name,Boss&$expand=Boss($select=Name)"),
        ("$expand=Boss/Friends", "$expand=Boss($expand=Friends)"),
        (
            "$select=Boss/Name,Boss/Friends&$expand=Boss/Friends",
            "$select=Boss&$expand=Boss($select=Name,Friends;$expand=Friends)",
        ),
    ],
)
def test_old_and_new_say_the_same(old: str, new: str) -> None:
    assert bound(old, version=2) == bound(new, version=4)
