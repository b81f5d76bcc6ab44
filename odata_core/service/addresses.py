# Addresses: the URL of what a place is, relative to the service root, and the path that a context URL names for it.

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..edm import EntityType, StructuredType, name_of
from ..payload.links import LinkForm, entity_path
from ..uri.encoding import encode_segment
from ..uri.keys import print_predicate
from .finding import Many, One, Place


def address_of(place: One, form: LinkForm) -> str:
    """The canonical URL of an entity or of a value within one: `Orders(1)/Lines(2)/Price`."""
    assert place.source is not None, "only what is stored has an address"
    assert place.root is not None, "only what is stored has an address"
    path, kind = entity_path(place.source, place.root, form), place.source.type
    found: Any = kind
    for part in place.trail:
        if isinstance(part, tuple):
            path += print_predicate(found, part, form.grammar)
        elif isinstance(part, str):
            path += "/" + encode_segment(part)
            found = _member(found, part)
        else:
            path += f"/{part}"
    return path


def _member(kind: Any, name: str) -> Any:
    """The type behind a member, for the keys that may follow it."""
    if not isinstance(kind, StructuredType):
        return None
    navigation = kind.navigation.get(name)
    prop = kind.properties.get(name)
    return navigation.target if navigation is not None else prop.type if prop is not None else None


_name = lru_cache(maxsize=1_024)(encode_segment)  # of names of the model only, of which there are so many and no more


def context_path(place: Place, form: LinkForm) -> str:
    """What the context URL of a place names (4.01 Part 1, 10): a set, a path to what an entity holds, or a type."""
    kind = place.type
    is_entity = isinstance(kind, EntityType)
    if is_entity and place.source is not None and not (isinstance(place, One) and place.trail):
        cast = "" if kind is place.source.type else f"/{kind.qualified_name}"
        return _name(place.source.name) + cast
    owner = place.owner
    if is_entity and owner is not None and place.navigation is not None and owner.source is not None:
        return f"{address_of(owner, form)}/{encode_segment(place.navigation.name)}"
    if isinstance(place, One) and place.source is not None:
        return address_of(place, form)
    name = name_of(kind) if kind is not None else "Edm.Null"
    is_many = isinstance(place, Many) or isinstance(place.value, list | tuple)
    return f"Collection({name})" if is_many else name
