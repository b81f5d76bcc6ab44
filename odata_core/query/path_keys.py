# Keys in a path: in parentheses behind the name of a collection, or as segments of their own (4.01 Part 2, 4.3).

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..edm import EntityType
from ..uri.syntax import Argument, Segment
from .binder import Binder
from .keys import Implied, KeyBinder
from .resource import Key, Kind, Resource
from .walk import Walk, fail, implied_here, is_reserved, owner_of, text_of


def with_key(walk: Walk, place: Resource, segment: Segment, owner: str, implied: Implied | None = None) -> Resource:
    """The entity with the key in parentheses; without one, and with `()`, the whole collection."""
    if segment.key is not None:
        fail(f"'{segment.name}' takes one pair of parentheses.", segment)
    return pick(walk, place, segment.arguments, segment, owner, implied or {})


def pick(
    walk: Walk, place: Resource, arguments: Sequence[Argument] | None, segment: Segment, owner: str, implied: Implied
) -> Resource:
    """The entity of a collection with a key; the whole collection where there is none."""
    if not arguments:
        return place
    if place.kind is not Kind.COLLECTION or not isinstance(place.type, EntityType):
        fail(f"'{segment.name}' is no collection of entities, so it takes no key.", segment)
    binder = Binder(walk.scope, text_of(segment), base=walk.origin)
    return _narrow(place, KeyBinder(place.type, owner, binder, implied).predicate(arguments))


def key_segments(walk: Walk, segment: Segment) -> Resource:
    """A key as bare segments, one for each part that nothing else tells (4.3.6)."""
    place = walk.place
    assert isinstance(place.type, EntityType)
    binder = Binder(walk.scope, text_of(segment), base=walk.origin)
    implied = implied_here(place.steps) if walk.rules.implies_keys else {}
    keys = KeyBinder(place.type, owner_of(walk.place.steps), binder, implied)
    texts = [text_of(segment)]
    while len(texts) < len(keys.segment_names) and walk.has_more and not is_reserved(walk.segments[walk.at]):
        texts.append(text_of(walk.take()))
    return _narrow(place, keys.segments(texts, walk.rules.key_readers))


def _narrow(place: Resource, key: Key) -> Resource:
    return replace(place, kind=Kind.ENTITY, steps=(*place.steps, key), is_collection=False)
