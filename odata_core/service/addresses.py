# Addresses: the URL of what a place is, relative to the service root, and the path that a context URL names for it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..edm import EntityType, StructuredType, name_of
from ..edm.rows import TYPE
from ..payload.links import LinkForm, entity_path
from ..uri.encoding import encode_segment
from ..uri.keys import print_predicate
from .finding import Many, One, Place


def address_of(place: One, form: LinkForm) -> str:
    """The canonical URL of an entity or of a value within one: `Orders(1)/Lines(2)/Price`."""
    assert place.source is not None, "only what is stored has an address"
    assert place.root is not None, "only what is stored has an address"
    path = entity_path(place.source, place.root, form)
    kind: Any = place.source.type
    value: Any = place.root
    for number, part in enumerate(place.trail, 1):
        if isinstance(part, tuple):
            path += print_predicate(kind, part, form.grammar)
            if number < len(place.trail):  # only what follows asks what the entity is
                value = next((row for row in value or () if kind.key_of(row) == part), None)
        elif isinstance(part, str):
            path += _suffix(kind, value, part, form)
            kind = _member(_holder(kind, value, part), part)
            value = value.get(part) if isinstance(value, Mapping) else None
        else:
            path += f"/{part}"
            value = value[part] if isinstance(value, list | tuple) and part < len(value) else None
    return path


def address_behind(owner: One, name: str, form: LinkForm) -> str:
    """The URL of a member of what has an address."""
    return address_of(replace(owner, trail=(*owner.trail, name)), form)


def _suffix(kind: Any, value: Any, name: str, form: LinkForm) -> str:
    """What leads to a member of a value, behind a cast where a type derived from `kind` has it (4.01 Part 1, 10.14)."""
    holder = _holder(kind, value, name)
    cast = "" if holder is kind or not form.has_casts else f"/{encode_segment(holder.qualified_name)}"
    return f"{cast}/{encode_segment(name)}"


def _holder(kind: Any, value: Any, name: str) -> Any:
    """The type itself, or the one that declares the member of those that the value is of."""
    if not isinstance(kind, StructuredType) or _has(kind, name) or not isinstance(value, Mapping):
        return kind
    found: Any = kind.derived.get(str(value.get(TYPE)))
    if found is None or not _has(found, name):
        return kind
    while _has(found.base, name):
        found = found.base
    return found


def _has(kind: Any, name: str) -> bool:
    return name in kind.properties or name in kind.navigation


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
        return address_behind(owner, place.navigation.name, form)
    if isinstance(place, One) and place.source is not None:
        return address_of(place, form)
    name = name_of(kind) if kind is not None else "Edm.Null"
    is_many = isinstance(place, Many) or isinstance(place.value, list | tuple)
    return f"Collection({name})" if is_many else name
