# Segments that begin with a dollar sign, one row each: aspects of what the segments before name, and parts of it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ..edm import EntityType, StructuredType
from ..errors import BadRequest, NotFound, suggestion
from ..uri.syntax import Path, Segment
from .binder import Binder
from .path_keys import pick
from .path_members import after_single, named, navigate
from .resource import Each, Kind, Resource, Subset
from .walk import Walk, cannot_follow, fail, implied_here, is_reserved, not_found, owner_of, shown, text_of

_QUERYABLE: Final = frozenset(Kind) - {Kind.ROOT, Kind.METADATA, Kind.BATCH, Kind.ENTITY_ID, Kind.ACTION, Kind.EACH}


def _count(walk: Walk, segment: Segment) -> Resource:
    """/$count (4.8); of a single entity it is 1 (MS-ODATA 2.2.3.5, URI16)"""
    place = walk.place
    is_entity = walk.rules.counts_entities and place.kind is Kind.ENTITY
    if not (place.is_collection or is_entity) or place.kind in (Kind.ALL, Kind.EACH):
        cannot_follow(walk.place, segment, "'$count' needs a collection")
    return replace(place, kind=Kind.COUNT)


def _value(walk: Walk, segment: Segment) -> Resource:
    """/$value of a primitive property (4.7), or of a media entity (4.14)"""
    place = walk.place
    if place.kind is Kind.ENTITY and isinstance(place.type, EntityType):
        if place.type.has_stream:
            return replace(place, kind=Kind.MEDIA)
        raise walk.rules.without_media(f"'{place.type.qualified_name}' is not a media entity and has no $value.")
    is_value = place.kind in (Kind.PROPERTY, Kind.RESULT) and not isinstance(place.type, StructuredType)
    if not is_value or place.is_collection:
        cannot_follow(walk.place, segment, "only a single primitive value or a media entity has a raw value")
    return replace(place, kind=Kind.VALUE)


def _ref(walk: Walk, segment: Segment) -> Resource:
    """/$ref (4.4); what has no references is not found (4.01 Part 1, 11.2.8)"""
    if walk.place.kind not in (Kind.COLLECTION, Kind.ENTITY):
        try:
            cannot_follow(walk.place, segment, "only entities have references")
        except BadRequest as error:
            raise NotFound(error.message, text=error.text, position=error.position) from None
    return replace(walk.place, kind=Kind.LINKS)


def _links(walk: Walk, segment: Segment) -> Resource:
    """/$links/Navigation, perhaps with a key, and /$count behind it (MS-ODATA 2.2.3.5, URI7 and URI50)"""
    place = walk.place
    if place.kind is not Kind.ENTITY or not isinstance(place.type, EntityType):
        cannot_follow(walk.place, segment, "'$links' needs a single entity")
    if not walk.has_more:
        raise BadRequest("'$links' must be followed by a navigation property.")
    following = walk.take()
    navigation = place.type.navigation.get(following.name)
    if navigation is None:
        raise NotFound(
            f"'{place.type.qualified_name}' has no navigation property '{shown(following)}'."
            f"{suggestion(following.name, place.type.navigation)}"
        )
    target = navigate(walk, navigation, following)
    if walk.next_name == "$count":
        walk.take()
        return replace(target, kind=Kind.COUNT)
    return replace(target, kind=Kind.LINKS)


def _filter(walk: Walk, segment: Segment) -> Resource:
    """/$filter(condition) or /$filter(@alias) (4.12), perhaps with the key of one that meets it"""
    place = walk.place
    if not place.is_collection or place.kind in (Kind.ALL, Kind.EACH):
        cannot_follow(walk.place, segment, "'$filter' needs a collection")
    node = (segment.arguments or ())[0].value
    if isinstance(node, Path) and node.segments[0].name.startswith("@"):
        alias = node.segments[0].name
        if alias not in walk.scope.aliases:
            fail(f"'$filter({alias})' needs a condition: add the query option {alias}=...", segment)
    scope = replace(walk.scope, kind=place.type, source=place.source, prefix=place.prefix)
    condition = Binder(scope, text_of(segment), base=walk.origin).condition(node)  # type: ignore[arg-type]  # no lambda by itself
    subset = replace(place, steps=(*place.steps, Subset(condition)))
    return pick(walk, subset, segment.key, segment, owner_of(place.steps), implied_here(place.steps))


def _each(walk: Walk, segment: Segment) -> Resource:
    """/$each (4.13)"""
    if not walk.place.is_collection or walk.place.kind in (Kind.ALL, Kind.EACH):
        cannot_follow(walk.place, segment, "'$each' needs a collection")
    return replace(walk.place, kind=Kind.EACH, steps=(*walk.place.steps, Each()))


def _query(walk: Walk, segment: Segment) -> Resource:
    """/$query: the body of a POST holds query options (4.17)"""
    if walk.place.kind not in _QUERYABLE:
        cannot_follow(walk.place, segment, "it needs something that can be read")
    return replace(walk.place, is_query=True)


def _escape(walk: Walk, segment: Segment) -> Resource:
    """/$/: what follows is no key (key as segment, as WCF Data Services has it)"""
    if not walk.has_more or is_reserved(walk.segments[walk.at]):
        not_found(segment)
    following = walk.take()
    if walk.place.is_collection:
        return named(walk, following, None) or not_found(segment)
    return after_single(walk, following)


ENDINGS: Final[Mapping[str, Callable[[Walk, Segment], Resource]]] = {
    "$": _escape,
    "$count": _count,
    "$each": _each,
    "$filter": _filter,
    "$links": _links,
    "$query": _query,
    "$ref": _ref,
    "$value": _value,
}
