# Complex values that lead to entities: what they are bound to stands within them, as URLs in what a client sends and as
# keys in rows (4.01 Part 1, 11.4.2.1; CSDL, 8 and 9). Most models have none, so the types are asked first, once.

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..edm import ComplexType, Model, NavigationProperty, StructuredType
from ..edm.rows import BIND, TYPE
from ..errors import NotImplementedHere
from .parts import apart, referring

Bound = Callable[[NavigationProperty, str], Any]
"""The entity that a URL names, where the navigation property can lead to it."""


@lru_cache(maxsize=1024)
def leading(kind: StructuredType) -> Mapping[str, ComplexType]:
    """The properties of a type, and of those derived from it, whose complex values may lead to entities."""
    return {
        name: prop.type
        for one in (kind, *kind.derived.values())
        for name, prop in one.properties.items()
        if isinstance(prop.type, ComplexType) and leads(prop.type)
    }


@lru_cache(maxsize=1024)
def leads(kind: ComplexType) -> bool:
    """Whether values of a complex type, or those within them, may lead to entities."""
    seen, waiting = set[ComplexType](), [kind]
    while waiting:
        one = waiting.pop()
        if one.navigation:
            return True
        seen.add(one)
        inner = [prop.type for prop in one.properties.values()]
        found = [other for other in (*one.derived.values(), *inner) if isinstance(other, ComplexType)]
        waiting += [other for other in found if other not in seen]
    return False


def with_keys(values: Mapping[str, Any], kind: StructuredType, model: Model, bound: Bound) -> dict[str, Any]:
    """What a client sent for a structured value, with keys instead of URLs within its complex values."""
    wanted = leading(kind)
    return {
        name: _keyed(value, wanted[name], model, bound) if name in wanted else value for name, value in values.items()
    }


def _keyed(value: Any, declared: ComplexType, model: Model, bound: Bound) -> Any:
    if isinstance(value, list):
        return [_keyed(item, declared, model, bound) for item in value]
    if not isinstance(value, Mapping):
        return value
    named = model.types.get(str(value.get(TYPE, "")))
    kind = named if isinstance(named, ComplexType) else declared
    parts = referring(apart(kind, value))
    found = with_keys(parts.values, kind, model, bound)
    for navigation, rows in parts.nested.items():
        if rows:
            raise NotImplementedHere(f"New entities within '{navigation.name}' of a complex value are not supported.")
        found[navigation.name + BIND] = [] if navigation.is_collection else None
    for navigation, urls in parts.binds.items():
        keys = [bound(navigation, url).key for url in urls]
        found[navigation.name + BIND] = keys if navigation.is_collection else keys[0] if keys else None
    return found


def without_keys(value: Any) -> Any:
    """A complex value, or a list of them, without the keys of what it leads to, which are the backend's business."""
    if isinstance(value, list | tuple):
        return [without_keys(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {name: without_keys(member) for name, member in value.items() if not name.endswith(BIND)}
