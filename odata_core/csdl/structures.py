# Types: entity, complex and enumeration types, type definitions, and whatever has a type with facets.
# All versions say these in the same way, so there is one reader for them; sections are those of CSDL 4.01.
# What differs, navigation, stands in associations (v3) and in navigation properties with a type (v4).

from __future__ import annotations

import re
from typing import Any, Final

from ..edm import NOT_GIVEN, PropertySpec
from ..edm.feeds import FeedMapping
from ..edm.specs import Unread
from .annotations import COMPUTED, alternate_keys, is_true
from .feeds import feed_mappings
from .markup import Element, Misread
from .scope import Scope, flag, number, optional_flag, required

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_GENERATED: Final = frozenset({"Identity", "Computed"})


def declare_entity_type(scope: Scope, element: Element) -> None:
    """<EntityType Name BaseType Abstract OpenType HasStream> Key? Property* (section 6)"""
    name = scope.own(required(element, "Name"))
    keys = list(element.each("Key"))
    if len(keys) > 1:
        raise Misread(keys[1], "An entity type has one key; further keys are alternate keys, told by an annotation.")
    key = {part: path for ref in (keys[0].each("PropertyRef") if keys else ()) for part, path in [_key_part(ref)]}
    properties = read_properties(scope, element, name)
    scope.at(element).entity(
        name,
        key=key,
        properties=properties,
        base=_base(scope, element),
        abstract=flag(element, "Abstract"),
        open=flag(element, "OpenType"),
        has_stream=flag(element, "HasStream") or flag(element, "m:HasStream"),
        alternate_keys=alternate_keys(scope, name),
        feed_mappings=_feed_mappings(scope, element),
    )


def _feed_mappings(scope: Scope, element: Element) -> tuple[FeedMapping, ...]:
    """Those of a type; what is wrong with them concerns Atom alone, so it is told, and the model stands."""
    try:
        return feed_mappings(element)
    except Misread as error:
        scope.builder.leave_out(f"{error} The feed customizations of this type are left out.")
        return ()


def _key_part(ref: Element) -> tuple[str, str]:
    """<PropertyRef Name Alias>: an alias is needed, and allowed, where the name is a path (section 6.5)."""
    path = required(ref, "Name")
    alias = ref.attributes.get("Alias")
    if alias is None and "/" in path:
        raise Misread(ref, f"The path '{path}' to a key property needs an alias.")
    return alias or path, path


def _base(scope: Scope, element: Element) -> str | None:
    base = element.attributes.get("BaseType")
    return None if base is None else scope.type_name(element, base)


def declare_complex_type(scope: Scope, element: Element) -> None:
    """<ComplexType Name BaseType Abstract OpenType> Property* (section 9)"""
    name = scope.own(required(element, "Name"))
    properties = read_properties(scope, element, name)
    scope.at(element).complex(
        name,
        properties=properties,
        base=_base(scope, element),
        abstract=flag(element, "Abstract"),
        open=flag(element, "OpenType"),
    )


def declare_enum_type(scope: Scope, element: Element) -> None:
    """<EnumType Name UnderlyingType IsFlags> <Member Name Value>*: without values they count from 0 (section 10)."""
    members: dict[str, int] = {}
    following = 0
    for member in element.each("Member"):
        name = required(member, "Name")
        text = member.attributes.get("Value", str(following))
        if not _INTEGER.fullmatch(text):
            raise Misread(member, f"The attribute 'Value' must be a whole number, not '{text}'.")
        if name in members:
            raise Misread(member, f"The member '{name}' is declared twice.")
        members[name] = int(text)
        following = members[name] + 1
    scope.at(element).enum(
        scope.own(required(element, "Name")),
        members=members,
        underlying=element.attributes.get("UnderlyingType", "Edm.Int32"),
        flags=flag(element, "IsFlags"),
    )


def declare_type_definition(scope: Scope, element: Element) -> None:
    """<TypeDefinition Name UnderlyingType (facets)> (section 11)"""
    spec = read_typed(scope, element, required(element, "UnderlyingType"))
    scope.at(element).type_definition(scope.own(required(element, "Name")), spec)


def read_properties(scope: Scope, owner: Element, owner_name: str) -> dict[str, PropertySpec]:
    """<Property Name Type Nullable DefaultValue (facets)>* (section 7)"""
    found: dict[str, PropertySpec] = {}
    for element in owner.each("Property"):
        name = required(element, "Name")
        if name in found:
            raise Misread(element, f"The property '{name}' is declared twice.")
        generated = element.attributes.get("annotation:StoreGeneratedPattern") in _GENERATED
        found[name] = read_typed(
            scope,
            element,
            _type_of(element),
            generated=generated or is_true(scope, f"{owner_name}/{name}", COMPUTED),
            token=element.attributes.get("ConcurrencyMode") == "Fixed",
        )
    return found


def _type_of(element: Element) -> str:
    """The type; v3 may say `CollectionKind` beside the type of the items."""
    text = required(element, "Type")
    kind = element.attributes.get("CollectionKind", "None")
    return text if kind == "None" or text.startswith("Collection(") else f"Collection({text})"


def read_typed(
    scope: Scope,
    element: Element,
    type_text: str,
    *,
    generated: bool = False,
    token: bool = False,
    optional: bool = False,
    default: Any = NOT_GIVEN,
) -> PropertySpec:
    """What has a type: its name, nullability, facets and default (sections 7.1 and 7.2)."""
    text = element.attributes.get("DefaultValue")
    if text is not None:
        default = Unread(text, scope.read_default)
    facets = {
        "MaxLength": number(element, "MaxLength", "max"),
        "Precision": number(element, "Precision"),
        "Scale": number(element, "Scale", "variable", "floating"),
        "FixedLength": optional_flag(element, "FixedLength"),
        "Unicode": optional_flag(element, "Unicode"),
        "Collation": element.attributes.get("Collation"),
        "SRID": number(element, "SRID", "variable"),
    }
    return PropertySpec(
        type=scope.type_name(element, type_text),
        nullable=optional_flag(element, "Nullable"),
        default=default,
        facets={name: value for name, value in facets.items() if value is not None},
        is_generated=generated,
        is_concurrency_token=token,
        is_optional=optional,
        location=element.place,
    )
