# Names in a path: properties, navigation properties, types and bound operations, in the order of 4.01 Part 2, 4.3.6:
# member, qualified name, unqualified name, and only then a key or a dynamic property.

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NoReturn

from ..edm import ComplexType, EntityType, NavigationProperty, StructuredType, name_of
from ..edm import primitives as edm
from ..errors import NotFound, suggestion
from ..uri.syntax import Segment
from .keys import implied_by
from .members import derived_names
from .overloads import bindings_of
from .path_calls import call_bound
from .path_keys import key_segments, with_key
from .resource import Kind, Ordinal, Resource
from .scope import bound_source
from .tree import UNTYPED, Cast, Dynamic, Follow, Source
from .walk import Walk, cannot_follow, fail, implied_here, not_found, owner_of, shown, text_of, type_text

_ORDINAL: Final = re.compile(r"-?[0-9]{1,18}")


def after_collection(walk: Walk, segment: Segment) -> Resource:
    """A type, a bound operation, a key as a segment, or a place in an ordered collection."""
    place, name = walk.place, segment.name
    takes_key = walk.key_as_segment and place.kind is Kind.COLLECTION
    namespaces = walk.default_namespaces if takes_key else None
    found = named(walk, segment, namespaces)
    if found is not None:
        return found
    if takes_key:
        return key_segments(walk, segment)
    if place.kind is not Kind.COLLECTION and _ORDINAL.fullmatch(name) and segment.arguments is None:
        return replace(place, steps=(*place.steps, Ordinal(int(name))), is_collection=False)
    if "." in name:
        not_found(segment, suggestion(name, [*walk.model.types, *walk.model.operations]))
    if place.kind is not Kind.COLLECTION:
        cannot_follow(place, segment, "only a type, a bound operation, $count or a place in an ordered collection can")
    fail(
        f"The segment '{shown(segment)}' cannot follow the collection '{owner_of(place.steps)}'. Write a key in "
        f"parentheses{walk.rules.how_to_key}.",
        segment,
    )


def after_single(walk: Walk, segment: Segment) -> Resource:
    """A property, a navigation property, a type or a bound operation, of one entity or value."""
    place, name = walk.place, segment.name
    kind = place.type
    if isinstance(kind, StructuredType):
        if name in kind.navigation:
            return navigate(walk, kind.navigation[name], segment)
        if name in kind.properties:
            return _property(walk, kind, segment)
    found = named(walk, segment, None)
    if found is not None:
        return found
    if (kind is UNTYPED or (isinstance(kind, StructuredType) and kind.is_open)) and segment.arguments is None:
        _check_name(walk, segment)
        return replace(place, kind=Kind.PROPERTY, steps=(*place.steps, Dynamic(name)), type=UNTYPED)
    if not isinstance(kind, StructuredType):
        _no_members(walk, segment)
    _no_member(walk, kind, segment)


def named(walk: Walk, segment: Segment, namespaces: Iterable[str] | None) -> Resource | None:
    """A type or a bound operation by its name; None where there is none that fits here."""
    name, kind = segment.name, walk.place.type
    called = call_bound(walk, segment, namespaces)
    if called is not None:
        return called
    if "." in name:
        target: Any = walk.model.types.get(walk.model.qualified(name))  # none of Edm's own, which say nothing
        if isinstance(target, EntityType | ComplexType):
            return cast(walk, walk.place, segment)
        hint = bindings_of(walk.model, name)
        if hint and not (walk.key_as_segment and walk.place.kind is Kind.COLLECTION):
            fail(f"'{name}' is bound to {hint}, and cannot be called on {type_text(walk.place)}.", segment)
        return None
    related = [
        one
        for one in walk.model.types.values()
        if isinstance(one, EntityType | ComplexType)
        and one.name == name
        and isinstance(kind, StructuredType)
        and one.is_a(kind)
        and (namespaces is None or one.namespace in namespaces)
    ]
    return cast(walk, walk.place, segment, related[0]) if len(related) == 1 else None


def _property(walk: Walk, kind: StructuredType, segment: Segment) -> Resource:
    place, prop = walk.place, kind.properties[segment.name]
    if segment.arguments is not None:
        fail(f"The property '{segment.name}' takes no parentheses.", segment)
    is_complex = isinstance(prop.type, ComplexType)
    return replace(
        place,
        kind=Kind.STREAM if prop.type is edm.STREAM else Kind.PROPERTY,
        steps=(*place.steps, prop),
        type=prop.type,
        is_collection=prop.is_collection,
        prefix=(*place.prefix, prop.name) if is_complex else place.prefix,
    )


def navigate(walk: Walk, navigation: NavigationProperty, segment: Segment) -> Resource:
    """The entities behind a navigation property, or the one with the key in parentheses."""
    place = walk.place
    assert isinstance(place.type, StructuredType)
    target = _target(place, navigation)
    implied = implied_by(place.steps, place.type, navigation) if walk.rules.implies_keys else {}
    kind = Kind.COLLECTION if navigation.is_collection else Kind.ENTITY
    steps = (*place.steps, Follow(navigation, target))
    reached = Resource(kind, steps, navigation.target, navigation.is_collection, target)
    if navigation.contains_target:
        reached = replace(reached, source=place.source, prefix=(*place.prefix, navigation.name))
    if not navigation.is_collection and segment.arguments is not None:
        fail(f"'{navigation.name}' leads to one entity and takes no key.", segment)
    return with_key(walk, reached, segment, navigation.name, implied)


def _target(place: Resource, navigation: NavigationProperty) -> Source | None:
    """Where the targets of a navigation property live; the type cast of a binding may be to a base of the one here."""
    found = bound_source(place.source, place.prefix, navigation)
    kind: Any = place.type
    if place.prefix and "." in place.prefix[-1]:
        while found is None and kind.base is not None:
            kind = kind.base
            found = bound_source(place.source, (*place.prefix[:-1], kind.qualified_name), navigation)
    return found


def cast(walk: Walk, place: Resource, segment: Segment, target: Any = None) -> Resource:
    """A type segment: the same type, a derived one, or a base of it (4.11)."""
    kind = place.type
    target = target or walk.model.find_type(segment.name)
    if not isinstance(target, EntityType | ComplexType) or not isinstance(kind, StructuredType):
        not_found(segment, suggestion(segment.name, walk.model.types))
    if not (target.is_a(kind) or kind.is_a(target)):
        fail(
            f"'{kind.qualified_name}' and '{target.qualified_name}' are not related by inheritance, so "
            f"'{shown(segment)}' cannot stand here.",
            segment,
        )
    if place.steps and isinstance(place.steps[-1], Cast):
        fail(f"A type cannot follow another one: '{shown(segment)}' alone is enough.", segment)
    if not place.is_collection and segment.arguments is not None:
        fail(f"'{segment.name}' follows a single value and takes no key.", segment)
    step = Cast(target, derived_names(walk.model, target))
    way = place.prefix[:-1] if place.prefix and "." in place.prefix[-1] else place.prefix  # the last type is the one
    prefix = (*way, target.qualified_name)
    narrowed = replace(place, steps=(*place.steps, step), type=target, prefix=prefix)
    return with_key(walk, narrowed, segment, segment.name, implied_here(place.steps))


def _no_members(walk: Walk, segment: Segment) -> NoReturn:
    place = walk.place
    last = place.steps[-1] if place.steps else None
    name = getattr(last, "name", None)
    kind = name_of(place.type) if place.type is not None else "null"
    what = f"the property '{name}'" if place.kind is Kind.PROPERTY and name else place.kind.value
    ending = "a bound operation" if place.kind is Kind.STREAM else "$value"
    raise NotFound(f"Nothing can follow {what} of type {kind} but {ending}.", text=text_of(segment), position=0)


def _no_member(walk: Walk, kind: StructuredType, segment: Segment) -> NoReturn:
    name = segment.name if segment.arguments is not None else shown(segment)
    known = [*walk.model.types, *walk.model.operations] if "." in name else [*kind.properties, *kind.navigation]
    raise NotFound(
        f"Resource not found for the segment '{name}': '{kind.qualified_name}' has no such property."
        f"{suggestion(name, known)}",
        text=text_of(segment),
        position=0,
    )


def _check_name(walk: Walk, segment: Segment) -> None:
    """Dynamic properties have names like others (4.01 ABNF, odataIdentifier)."""
    if not segment.name.isidentifier() or len(segment.name) > 128:
        not_found(segment)
