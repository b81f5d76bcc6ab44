# Resource paths of version 3: what a raw text names, or why nothing, with keys in parentheses and as segments.

from __future__ import annotations

from typing import Any

import pytest

from odata_core.edm import Model, ModelBuilder, prop
from odata_core.errors import ODataError
from odata_core.query.resource import Resource
from tests.query.paths import OLD_SHOP, bind, shown

ID1, ID2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def cloud() -> Model:
    """Machines with a composite key, roles with a single one, tags whose keys look like anything."""
    builder = ModelBuilder("VMM")
    builder.complex("Owner", properties={"Name": "String", "Roles": "Collection(String)"})
    builder.entity(
        "Machine",
        key=("ID", "StampId"),
        properties={"ID": "Guid", "StampId": "Guid", "Name": "String", "Owner": "Owner", "Disks": "Collection(Int32)"},
    )
    builder.entity("Special", base="Machine", properties={"Extra": "String"})
    builder.entity("Role", key="ID", properties={"ID": "Guid", "Name": "String"})
    builder.entity("Tag", key="Text", properties={"Text": prop("String", max_length=20), "Number": "Int32"})
    builder.entity("Place", key=("A", "B"), properties={"A": "String", "B": "Int32"})
    builder.entity("Hidden", key="ID", properties={"ID": "Int32"})
    for name, kind in (("Machines", "Machine"), ("Roles", "Role"), ("Tags", "Tag"), ("Places", "Place")):
        builder.entity_set(name, kind)
    builder.navigation("Machine", "Role", to="Role")
    builder.navigation("Machine", "Tags", to="Tag", many=True)
    builder.navigation("Role", "Machines", to="Machine", many=True)
    builder.navigation("Role", "Secret", to="Hidden")
    return builder.build()


MODEL = cloud()


def named(path: str, *, key_as_segment: bool) -> Resource:
    return bind(MODEL, path, 3, key_as_segment=key_as_segment)


def by_hops(resource: Resource) -> tuple[str, list[Any], str]:
    """Kind, hops as `set`, `set:navigation`, each with its key where it has one, and the property path."""
    hops: list[Any] = []
    for hop in resource.hops:
        name = hop.entity_set.name if hop.navigation is None else f"{hop.entity_set.name}:{hop.navigation.name}"
        hops.append(name if hop.key is None else (name, *map(str, hop.key)))
    return resource.kind.name, hops, "/".join(prop.name for prop in resource.properties)


MACHINE = ("Machines", ID1, ID2)
ROLE = ("Roles", ID1)
BOTH_KEYS = f"ID=guid'{ID1}',StampId=guid'{ID2}'"

PATHS: list[tuple[str, tuple[str, list[Any], str]]] = [
    ("", ("ROOT", [], "")),
    ("$metadata", ("METADATA", [], "")),
    ("%24metadata/", ("METADATA", [], "")),
    ("$batch", ("BATCH", [], "")),
    # Collections
    ("Machines", ("COLLECTION", ["Machines"], "")),
    ("Machines/", ("COLLECTION", ["Machines"], "")),
    ("Machines()", ("COLLECTION", ["Machines"], "")),
    ("Machines%28%29", ("COLLECTION", ["Machines"], "")),
    ("Machines/$count", ("COUNT", ["Machines"], "")),
    ("Machines()/%24count", ("COUNT", ["Machines"], "")),
    # Keys: named in any order, the name of a single one may be left out
    (f"Machines({BOTH_KEYS})", ("ENTITY", [MACHINE], "")),
    (f"Machines(StampId=Guid'{ID2}',ID=GUID'{ID1}')", ("ENTITY", [MACHINE], "")),
    (f"Machines(StampId={ID2},ID='{ID1}')", ("ENTITY", [MACHINE], "")),
    (f"Machines(ID=guid'{{{ID1}}}',StampId=guid'{ID2}')", ("ENTITY", [MACHINE], "")),
    (f"Roles(guid'{ID1}')", ("ENTITY", [ROLE], "")),
    (f"Roles(ID=Guid'{ID1}')", ("ENTITY", [ROLE], "")),
    (f"Roles%28ID%3Dguid%27{ID1}%27%29", ("ENTITY", [ROLE], "")),
    ("Tags('a%2Fb')", ("ENTITY", [("Tags", "a/b")], "")),
    ("Tags('a/b')", ("ENTITY", [("Tags", "a/b")], "")),
    ("Tags('O''Neil')", ("ENTITY", [("Tags", "O'Neil")], "")),
    ("Tags('100%2525')", ("ENTITY", [("Tags", "100%25")], "")),
    ("Tags('a+b')", ("ENTITY", [("Tags", "a+b")], "")),
    ("Tags('')", ("ENTITY", [("Tags", "")], "")),
    ("Tags('(1)')", ("ENTITY", [("Tags", "(1)")], "")),
    ("Places(B=1,A='x')", ("ENTITY", [("Places", "x", "1")], "")),
    ("Places(A=',B=2',B=1)", ("ENTITY", [("Places", ",B=2", "1")], "")),
    # Properties and raw values
    (f"Roles(guid'{ID1}')/Name", ("PROPERTY", [ROLE], "Name")),
    (f"Roles(guid'{ID1}')/Name/$value", ("VALUE", [ROLE], "Name")),
    (f"Machines({BOTH_KEYS})/Owner", ("PROPERTY", [MACHINE], "Owner")),
    (f"Machines({BOTH_KEYS})/Owner/Name", ("PROPERTY", [MACHINE], "Owner/Name")),
    (f"Machines({BOTH_KEYS})/Owner/Name/$value", ("VALUE", [MACHINE], "Owner/Name")),
    (f"Machines({BOTH_KEYS})/Disks", ("PROPERTY", [MACHINE], "Disks")),
    # Navigation
    (f"Machines({BOTH_KEYS})/Role", ("ENTITY", [MACHINE, "Roles:Role"], "")),
    (f"Machines({BOTH_KEYS})/Role/Name", ("PROPERTY", [MACHINE, "Roles:Role"], "Name")),
    (f"Machines({BOTH_KEYS})/Tags", ("COLLECTION", [MACHINE, "Tags:Tags"], "")),
    (f"Machines({BOTH_KEYS})/Tags()", ("COLLECTION", [MACHINE, "Tags:Tags"], "")),
    (f"Machines({BOTH_KEYS})/Tags/$count", ("COUNT", [MACHINE, "Tags:Tags"], "")),
    (f"Machines({BOTH_KEYS})/Tags('x')/Number", ("PROPERTY", [MACHINE, ("Tags:Tags", "x")], "Number")),
    (
        f"Machines({BOTH_KEYS})/Role/Machines({BOTH_KEYS})/Tags",
        ("COLLECTION", [MACHINE, "Roles:Role", ("Machines:Machines", ID1, ID2), "Tags:Tags"], ""),
    ),
    # Links
    (f"Machines({BOTH_KEYS})/$links/Role", ("LINKS", [MACHINE, "Roles:Role"], "")),
    (f"Machines({BOTH_KEYS})/$links/Tags", ("LINKS", [MACHINE, "Tags:Tags"], "")),
    (f"Machines({BOTH_KEYS})/$links/Tags('x')", ("LINKS", [MACHINE, ("Tags:Tags", "x")], "")),
    # Counts of single entities and of links
    (f"Roles(guid'{ID1}')/$count", ("COUNT", [ROLE], "")),
    (f"Machines({BOTH_KEYS})/$links/Tags/$count", ("COUNT", [MACHINE, "Tags:Tags"], "")),
    # The escape segment, where no key could follow anyway
    (f"Roles(guid'{ID1}')/$/Name", ("PROPERTY", [ROLE], "Name")),
    (f"Machines({BOTH_KEYS})/$/Tags", ("COLLECTION", [MACHINE, "Tags:Tags"], "")),
]


@pytest.mark.parametrize("key_as_segment", [False, True])
@pytest.mark.parametrize(("path", "expected"), PATHS, ids=[path for path, _ in PATHS])
def test_paths_mean_the_same_with_both_conventions(
    path: str, expected: tuple[str, list[Any], str], key_as_segment: bool
) -> None:
    assert by_hops(named(path, key_as_segment=key_as_segment)) == expected


SEGMENT_PATHS: list[tuple[str, tuple[str, list[Any], str]]] = [
    (f"Roles/{ID1}", ("ENTITY", [ROLE], "")),
    (f"Roles/{ID1}/", ("ENTITY", [ROLE], "")),
    (f"Roles()/{ID1}", ("ENTITY", [ROLE], "")),
    (f"Roles/{ID1.upper()}/Name/$value", ("VALUE", [ROLE], "Name")),
    (f"Roles/{ID1}/$/Name", ("PROPERTY", [ROLE], "Name")),
    (f"Roles/{ID1}/Machines", ("COLLECTION", [ROLE, "Machines:Machines"], "")),
    (f"Roles/{ID1}/Machines/$count", ("COUNT", [ROLE, "Machines:Machines"], "")),
    (f"Roles/{ID1}/Machines({BOTH_KEYS})", ("ENTITY", [ROLE, ("Machines:Machines", ID1, ID2)], "")),
    # A composite key stays in parentheses, or takes one segment for each part in model order.
    (f"Machines/{ID1}/{ID2}", ("ENTITY", [MACHINE], "")),
    (f"Machines/{ID1}/{ID2}/Tags/x/Number", ("PROPERTY", [MACHINE, ("Tags:Tags", "x")], "Number")),
    ("Places/x/1", ("ENTITY", [("Places", "x", "1")], "")),
    # The segment is the value, whatever it looks like.
    ("Tags/Text", ("ENTITY", [("Tags", "Text")], "")),
    ("Tags/Number/Number", ("PROPERTY", [("Tags", "Number")], "Number")),
    ("Tags/null", ("ENTITY", [("Tags", "null")], "")),
    ("Tags/'x'", ("ENTITY", [("Tags", "'x'")], "")),
    ("Tags/O'Neil/Number", ("PROPERTY", [("Tags", "O'Neil")], "Number")),
    ("Tags/a%2Fb", ("ENTITY", [("Tags", "a/b")], "")),
    ("Tags/a+b%20c", ("ENTITY", [("Tags", "a+b c")], "")),
    ("Tags/count", ("ENTITY", [("Tags", "count")], "")),
    ("Tags/Tag", ("ENTITY", [("Tags", "Tag")], "")),
    ("Tags/VMM.Nothing", ("ENTITY", [("Tags", "VMM.Nothing")], "")),
    ("Tags/(x)", ("ENTITY", [("Tags", "(x)")], "")),
    ("Tags/a('b/Number", ("PROPERTY", [("Tags", "a('b")], "Number")),
    # Two dollar signs stand for one of the key's own.
    ("Tags/$$count", ("ENTITY", [("Tags", "$count")], "")),
    ("Tags/$$$x", ("ENTITY", [("Tags", "$$x")], "")),
    ("Tags/$$", ("ENTITY", [("Tags", "$")], "")),
    ("Tags/%24%24x/Number", ("PROPERTY", [("Tags", "$x")], "Number")),
    ("Places/$$x/1", ("ENTITY", [("Places", "$x", "1")], "")),
    # `$` alone comes before any key.
    ("Tags/$count", ("COUNT", ["Tags"], "")),
]


@pytest.mark.parametrize(("path", "expected"), SEGMENT_PATHS, ids=[path for path, _ in SEGMENT_PATHS])
def test_keys_as_segments(path: str, expected: tuple[str, list[Any], str]) -> None:
    assert by_hops(named(path, key_as_segment=True)) == expected


ERRORS = [
    ("Machine", 404, "Resource not found for the segment 'Machine'. Did you mean 'Machines'?"),
    ("machines", 404, "Resource not found for the segment 'machines'. Did you mean 'Machines'?"),
    ("Xyzzy/1", 404, "Resource not found for the segment 'Xyzzy'."),
    ("$count", 400, "A path cannot begin with '$count'."),
    ("$", 400, "A path cannot begin with '$'."),
    ("VMM.Machine", 404, "Resource not found for the segment 'VMM.Machine'. Did you mean 'Machines'?"),
    ("$metadata/x", 404, "Nothing can stand before or behind '$metadata' in a path."),
    ("$batch/$batch", 404, "Nothing can stand before or behind '$batch' in a path."),
    (
        f"Roles(guid'{ID1}')/Nam",
        404,
        "Resource not found for the segment 'Nam': 'VMM.Role' has no such property. Did you mean 'Name'?",
    ),
    (
        f"Roles(guid'{ID1}')/Machine",
        404,
        "Resource not found for the segment 'Machine': 'VMM.Role' has no such property. Did you mean 'Machines'?",
    ),
    (
        f"Machines({BOTH_KEYS})/Owner/Nam",
        404,
        "Resource not found for the segment 'Nam': 'VMM.Owner' has no such property. Did you mean 'Name'?",
    ),
    (
        f"Machines(guid'{ID1}')",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Machines': ID, StampId.",
    ),
    (
        f"Machines(ID=guid'{ID1}')",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Machines': ID, StampId.",
    ),
    (f"Roles(ID=guid'{ID1}',Name='x')", 400, "'Name' is no key of 'Roles'."),
    (
        f"Roles(guid'{ID1}',guid'{ID1}')",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource 'Roles': ID.",
    ),
    (
        f"Machines(guid'{ID1}',guid'{ID2}')",
        400,
        "Segments with multiple key values must specify them in 'name=value' form.",
    ),
    (
        f"Machines(ID=guid'{ID1}',guid'{ID2}')",
        400,
        "Either all arguments have names or none has.",
    ),
    (f"Machines(ID=guid'{ID1}',ID=guid'{ID2}')", 400, "The key 'ID' is given twice."),
    (
        f"Machines(ID=guid'{ID1}',Stampid=guid'{ID2}')",
        400,
        "'Stampid' is no key of 'Machines'. Did you mean 'StampId'?",
    ),
    (f"Machines(ID=guid'{ID1}',Name='x')", 400, "'Name' is no key of 'Machines'."),
    ("Roles(Name='x')", 400, "'Name' is no key of 'Roles'."),
    ("Roles(1)", 400, "The key 'ID' of type Edm.Guid was given a value of type Edm.Int32."),
    ("Roles('x')", 400, "The key 'ID' of type Edm.Guid was given a value of type Edm.String."),
    ("Tags(1)", 400, "The key 'Text' of type Edm.String was given a value of type Edm.Int32."),
    ("Places(A='x',B=1.0)", 400, "The key 'B' of type Edm.Int32 was given a value of type Edm.Double."),
    ("Places(A='x',B=2147483648)", 400, "The key 'B' of type Edm.Int32 was given a value of type Edm.Int64."),
    (
        "Tags('123456789012345678901')",
        400,
        "The value of the key 'Text' of type Edm.String does not fit: at most 20 characters or bytes are "
        "allowed, 21 were given.",
    ),
    (
        "Roles(guid'1')",
        400,
        "'guid'1'' is not a literal of Edm.Guid: a GUID reads like 3499b02c-8dc9-4c0d-aa83-097a1340cbda.",
    ),
    ("Roles(null)", 400, "The key 'ID' of type Edm.Guid was given a value of type null."),
    ("Roles(ID)", 400, "A literal or a parameter alias is expected."),
    ("Roles(", 400, "Syntax error: an expression is expected, but the end was found."),
    ("Roles()()", 400, "The value of a key is expected."),
    ("Tags('x", 400, "The quotation mark ' is not closed."),
    ("5", 400, "Syntax error: a name is expected, but '5' was found."),
    (f"Roles(guid'{ID1}')/$metadata", 404, "Nothing can stand before or behind '$metadata' in a path."),
    (f"Roles(guid'{ID1}')/$", 404, "Resource not found for the segment '$'."),
    (f"Roles(guid'{ID1}')/$/$/Name", 404, "Resource not found for the segment '$'."),
    (f"Roles(guid'{ID1}')/$value", 404, "'VMM.Role' is not a media entity and has no $value."),
    (f"Roles(guid'{ID1}')/Name('x')", 400, "The property 'Name' takes no parentheses."),
    (f"Roles(guid'{ID1}')/Name()", 400, "The property 'Name' takes no parentheses."),
    (f"Roles(guid'{ID1}')/Name/x", 404, "Nothing can follow the property 'Name' of type Edm.String but $value."),
    (f"Roles(guid'{ID1}')/Name/$value/x", 400, "'x' cannot follow '$value' in a path."),
    (
        f"Machines({BOTH_KEYS})/Owner/$value",
        400,
        "'$value' cannot follow a property of type VMM.Owner: only a single primitive value or a media entity "
        "has a raw value.",
    ),
    (
        f"Machines({BOTH_KEYS})/Disks/$value",
        400,
        "'$value' cannot follow a property of type Collection(Edm.Int32): only a single primitive value or a "
        "media entity has a raw value.",
    ),
    (
        f"Machines({BOTH_KEYS})/Owner/$count",
        400,
        "'$count' cannot follow a property of type VMM.Owner: '$count' needs a collection.",
    ),
    (f"Machines({BOTH_KEYS})/Role(guid'{ID1}')", 400, "'Role' leads to one entity and takes no key."),
    (f"Machines({BOTH_KEYS})/Role()", 400, "'Role' leads to one entity and takes no key."),
    ("Machines/$count/x", 400, "'x' cannot follow '$count' in a path."),
    (
        "Machines/$value",
        400,
        "'$value' cannot follow a collection of entities of type Collection(VMM.Machine): only a single "
        "primitive value or a media entity has a raw value.",
    ),
    (
        "Machines/$links/Role",
        400,
        "'$links' cannot follow a collection of entities of type Collection(VMM.Machine): '$links' needs a "
        "single entity.",
    ),
    ("Machines/$/Name", 404, "Resource not found for the segment '$'."),
    (f"Machines({BOTH_KEYS})/$links", 400, "'$links' must be followed by a navigation property."),
    (f"Machines({BOTH_KEYS})/$links/Name", 404, "'VMM.Machine' has no navigation property 'Name'."),
    (f"Machines({BOTH_KEYS})/$links/Tag", 404, "'VMM.Machine' has no navigation property 'Tag'. Did you mean 'Tags'?"),
    (f"Machines({BOTH_KEYS})/$links/Role/Name", 400, "Nothing can follow links in a path, but 'Name' does."),
]


@pytest.mark.parametrize("key_as_segment", [False, True])
@pytest.mark.parametrize(("path", "status", "message"), ERRORS, ids=[path for path, _, _ in ERRORS])
def test_refusals_are_the_same_with_both_conventions(
    path: str, status: int, message: str, key_as_segment: bool
) -> None:
    with pytest.raises(ODataError) as caught:
        named(path, key_as_segment=key_as_segment)
    assert (caught.value.status, caught.value.message) == (status, message)


SEGMENT_ERRORS = [
    (
        "Roles/x",
        400,
        "The segment 'x' is not a key value for 'ID' of type Edm.Guid: a GUID reads like "
        "3499b02c-8dc9-4c0d-aa83-097a1340cbda.",
    ),
    (
        f"Roles/guid'{ID1}'",
        400,
        f"The segment 'guid'{ID1}'' is not a key value for 'ID' of type Edm.Guid: a GUID reads like "
        f"3499b02c-8dc9-4c0d-aa83-097a1340cbda.",
    ),
    (
        "Roles/Machines",
        400,
        "The segment 'Machines' is not a key value for 'ID' of type Edm.Guid: a GUID reads like "
        "3499b02c-8dc9-4c0d-aa83-097a1340cbda.",
    ),
    (f"Roles/{ID1}/{ID2}", 404, f"Resource not found for the segment '{ID2}': 'VMM.Role' has no such property."),
    ("Places/x/y", 400, "The segment 'y' is not a key value for 'B' of type Edm.Int32: a whole number is expected."),
    (
        f"Machines/{ID1}",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Machines': ID, StampId.",
    ),
    (
        f"Machines/{ID1}/$count",
        400,
        "The number of keys specified in the URI does not match number of key properties for the resource "
        "'Machines': ID, StampId.",
    ),
    ("Places/x/$metadata", 404, "Nothing can stand before or behind '$metadata' in a path."),
    (
        f"Machines/{ID1}/Name",
        400,
        "The segment 'Name' is not a key value for 'StampId' of type Edm.Guid: a GUID reads like "
        "3499b02c-8dc9-4c0d-aa83-097a1340cbda.",
    ),
    ("Tags/$x", 404, "Resource not found for the segment '$x'."),
    ("Tags/$", 404, "Resource not found for the segment '$'."),
    ("Tags/x/$x", 404, "Resource not found for the segment '$x'."),
]


@pytest.mark.parametrize(("path", "status", "message"), SEGMENT_ERRORS, ids=[path for path, _, _ in SEGMENT_ERRORS])
def test_refusals_of_keys_as_segments(path: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        named(path, key_as_segment=True)
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(("text", "name"), [(ID1, "Roles"), ("x", "Tags"), ("$$x", "Tags"), ("Name", "Roles")])
def test_a_key_segment_needs_the_convention(text: str, name: str) -> None:
    with pytest.raises(ODataError) as caught:
        named(f"{name}/{text}", key_as_segment=False)
    assert (caught.value.status, caught.value.message) == (
        400,
        f"The segment '{text}' cannot follow the collection '{name}'. Write a key in parentheses, or send the header "
        "DataServiceUrlConventions: KeyAsSegment.",
    )


def test_entity_set_and_type_are_those_of_the_last_hop() -> None:
    resource = named(f"Machines({BOTH_KEYS})/Role", key_as_segment=False)
    assert (resource.entity_set, resource.entity_type.name) == (MODEL.entity_set("Roles"), "Role")
    assert [hop.is_single for hop in resource.hops] == [True, True]
    assert [hop.is_single for hop in named("Machines", key_as_segment=False).hops] == [False]
    assert (resource.beyond_hops, named("Machines/VMM.Special", key_as_segment=True).beyond_hops) == (
        (),
        ("the type cast 'VMM.Special' in a path",),
    )


OLD_PATHS = [
    ("Products(1)", "ENTITY Products(1) : Old.Product"),
    ("Products(1L)", "ENTITY Products(1) : Old.Product"),
    ("Products(ID=1)/Name/$value", "VALUE Products(1)/Name : Edm.String"),
    ("Products(1)/$count", "COUNT Products(1) : Old.Product"),
    ("Products(1)/Category/$count", "COUNT Products(1)/Category->Categories : Old.Category"),
    ("Products(1)/$links/Category", "LINKS Products(1)/Category->Categories : Old.Category"),
    (
        "Categories(guid'11111111-1111-1111-1111-111111111111')/$links/Products",
        "LINKS Categories(11111111-1111-1111-1111-111111111111)/Products->Products : Collection(Old.Product)",
    ),
    (
        "Categories(guid'11111111-1111-1111-1111-111111111111')/$links/Products(5)",
        "LINKS Categories(11111111-1111-1111-1111-111111111111)/Products->Products(5) : Old.Product",
    ),
    (
        "Categories(guid'11111111-1111-1111-1111-111111111111')/$links/Products/$count",
        "COUNT Categories(11111111-1111-1111-1111-111111111111)/Products->Products : Collection(Old.Product)",
    ),
    (
        "Categories(guid'11111111-1111-1111-1111-111111111111')/$links/Products(5)/$count",
        "COUNT Categories(11111111-1111-1111-1111-111111111111)/Products->Products(5) : Old.Product",
    ),
    (
        "Categories(guid'11111111-1111-1111-1111-111111111111')/$value",
        "MEDIA Categories(11111111-1111-1111-1111-111111111111) : Old.Category",
    ),
    ("Products(1)/Photo", "STREAM Products(1)/Photo : Edm.Stream"),
    ("Products/Old.Book", "COLLECTION Products/[Book] : Collection(Old.Book)"),
    ("Products(1)/Old.Book/Pages", "PROPERTY Products(1)/[Book]/Pages : Edm.Int32"),
    ("Products/Old.Book(1)/$links/Category", "LINKS Products/[Book](1)/Category->Categories : Old.Category"),
]


@pytest.mark.parametrize(("url", "expected"), OLD_PATHS)
def test_types_media_links_and_counts(url: str, expected: str) -> None:
    assert shown(bind(OLD_SHOP, url, 3)) == expected


OLD_REFUSED = [
    ("Products(1)/$ref", 404, "Resource not found for the segment '$ref'."),
    ("Products(1)/$value", 404, "'Old.Product' is not a media entity and has no $value."),
    ("Products/$filter(ID gt 1)", 404, "Resource not found for the segment '$filter'."),
    ("$all", 404, "Resource not found for the segment '$all'."),
    ("$crossjoin(Products)", 404, "Resource not found for the segment '$crossjoin'."),
    ("$entity?$id=Products(1)", 404, "Resource not found for the segment '$entity'."),
    ("Products/$query", 404, "Resource not found for the segment '$query'."),
    ("Products(1)/$links", 400, "'$links' must be followed by a navigation property."),
    ("Products(1)/$links/Name", 404, "'Old.Product' has no navigation property 'Name'."),
    ("Products(1)/$links/Category/Name", 400, "Nothing can follow links in a path, but 'Name' does."),
    ("Products(1)/$links/Category/$count/x", 400, "'x' cannot follow '$count' in a path."),
    (
        "Products/$links/Category",
        400,
        "'$links' cannot follow a collection of entities of type Collection(Old.Product): '$links' needs a "
        "single entity.",
    ),
    (
        "Products(1)/Old.Category",
        400,
        "'Old.Product' and 'Old.Category' are not related by inheritance, so 'Old.Category' cannot stand here.",
    ),
]


@pytest.mark.parametrize(("url", "status", "message"), OLD_REFUSED)
def test_what_version_3_does_not_have(url: str, status: int, message: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind(OLD_SHOP, url, 3)
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Products/$/Old.Book", "COLLECTION Products/[Book] : Collection(Old.Book)"),
        ("Products/1/$/Name", "PROPERTY Products(1)/Name : Edm.String"),
        ("Products(1)/$/Category/$count", "COUNT Products(1)/Category->Categories : Old.Category"),
    ],
)
def test_the_escape_segment(url: str, expected: str) -> None:
    assert shown(bind(OLD_SHOP, url, 3, key_as_segment=True)) == expected


def test_version_2_has_no_escape_segment() -> None:
    with pytest.raises(ODataError) as caught:
        bind(OLD_SHOP, "Products(1)/$/Name", 2)
    assert (caught.value.status, caught.value.message) == (404, "Resource not found for the segment '$'.")
