# Resource paths: decoded segments -> what they name in the model. The result is version-free and storage-free.
# A path is a chain of hops, each a set narrowed by a key or reached by navigation, and a kind: what of it is meant.

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NoReturn

from ..edm import EntitySet, EntityType, Model, NavigationProperty, Property, StructuredType
from ..errors import BadRequest, NotFound, NotImplementedHere, suggestion
from ..limits import Limits
from ..uri import Dialect, parse_segment, read_key_segment
from ..uri.tree import Literal, Segment
from .binder import bind_key_values


class Kind(Enum):
    """What a path names."""

    ROOT = "the service root"
    METADATA = "$metadata"
    BATCH = "$batch"
    COLLECTION = "a collection of entities"
    ENTITY = "an entity"
    PROPERTY = "a property"
    VALUE = "a raw value"
    COUNT = "a count"
    LINKS = "links"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step: a set at first (`navigation` is None), then targets of navigation; `key` narrows it to one entity."""

    entity_set: EntitySet
    navigation: NavigationProperty | None = None
    key: tuple[Any, ...] | None = None

    @property
    def is_single(self) -> bool:
        return self.key is not None or (self.navigation is not None and not self.navigation.is_collection)


@dataclass(frozen=True, slots=True)
class Resource:
    """A bound path. `properties` are those behind the last hop, for the kinds PROPERTY and VALUE."""

    kind: Kind
    hops: tuple[Hop, ...] = ()
    properties: tuple[Property, ...] = ()

    @property
    def entity_set(self) -> EntitySet:
        return self.hops[-1].entity_set

    @property
    def entity_type(self) -> EntityType:
        return self.hops[-1].entity_set.type


_ROOTS = {"$metadata": Kind.METADATA, "$batch": Kind.BATCH}


class PathBinder:
    """Binds one path. `key_as_segment` says whether the client may write keys as segments."""

    def __init__(self, model: Model, dialect: Dialect, limits: Limits, *, key_as_segment: bool) -> None:
        self.model = model
        self.dialect = dialect
        self.limits = limits
        self.key_as_segment = key_as_segment

    def bind(self, segments: tuple[str, ...]) -> Resource:
        """The resource, or NotFound for an unknown name, BadRequest for what cannot follow."""
        if not segments:
            return Resource(Kind.ROOT)
        if segments[0] in _ROOTS:
            if len(segments) > 1:
                raise NotFound(f"Nothing can follow '{segments[0]}' in a path.")
            return Resource(_ROOTS[segments[0]])
        resource = self._first(segments[0])
        rest = list(segments[1:])
        while rest:
            resource = self._next(resource, rest)
        return resource

    def _first(self, text: str) -> Resource:
        segment = self._segment(text)
        entity_set = self.model.entity_sets.get(segment.name)
        if entity_set is None:
            raise NotFound(
                f"Resource not found for the segment '{segment.name}'."
                f"{suggestion(segment.name, self.model.entity_sets)}"
            )
        return self._with_predicate(Resource(Kind.COLLECTION, (Hop(entity_set),)), segment)

    def _next(self, resource: Resource, rest: list[str]) -> Resource:
        """The resource after one more segment (a composite key takes several); taken segments leave `rest`."""
        text = rest.pop(0)
        match resource.kind:
            case Kind.COLLECTION:
                return self._after_collection(resource, text, rest)
            case Kind.ENTITY:
                return self._after_entity(resource, text, rest)
            case Kind.PROPERTY:
                return self._after_property(resource, text)
            case _:
                raise NotFound(f"Nothing can follow {resource.kind.value} in a path, but '{text}' does.")

    def _after_collection(self, resource: Resource, text: str, rest: list[str]) -> Resource:
        if text == "$count":
            return replace(resource, kind=Kind.COUNT)
        if _is_type_name(text, self.model):
            raise NotImplementedHere(f"The type cast '{text}' in a path is not supported.")
        if _is_reserved(text):
            raise NotFound(f"Resource not found for the segment '{text}'.")
        if not self.key_as_segment:
            raise BadRequest(
                f"The segment '{text}' cannot follow the collection '{resource.entity_set.name}'. Write a key in "
                f"parentheses, or send the header DataServiceUrlConventions: KeyAsSegment."
            )
        kind = resource.entity_type
        texts = [text, *rest[: len(kind.key) - 1]]
        if len(texts) < len(kind.key) or any(map(_is_reserved, texts)):
            _wrong_key_count(resource.entity_set)
        del rest[: len(kind.key) - 1]
        key = [read_key_segment(kind.properties[name], part) for name, part in zip(kind.key, texts, strict=True)]
        return _narrow(resource, tuple(key))

    def _after_entity(self, resource: Resource, text: str, rest: list[str]) -> Resource:
        if text == "$links":
            if not rest:
                raise BadRequest("'$links' must be followed by a navigation property.")
            target = self._navigate(resource, self._segment(rest.pop(0)))
            if rest == ["$count"]:
                raise NotImplementedHere("The count of links is not supported.")
            return replace(target, kind=Kind.LINKS)
        if text == "$value":
            raise NotFound(f"'{resource.entity_type.qualified_name}' is not a media entity and has no $value.")
        if text == "$":
            # `/$/` escapes what follows from being read as a key; after an entity it is one already.
            if not rest:
                raise NotFound("Resource not found for the segment '$'.")
            text = rest.pop(0)
        if _is_type_name(text, self.model):
            raise NotImplementedHere(f"The type cast '{text}' in a path is not supported.")
        segment = self._segment(text)
        if segment.name in resource.entity_type.navigation:
            return self._navigate(resource, segment)
        return self._property(resource, resource.entity_type, segment)

    def _after_property(self, resource: Resource, text: str) -> Resource:
        last = resource.properties[-1]
        if text == "$value":
            if isinstance(last.type, StructuredType) or last.is_collection:
                raise BadRequest(f"'{last.name}' of type {last.type_name} has no raw value.")
            return replace(resource, kind=Kind.VALUE)
        if not isinstance(last.type, StructuredType) or last.is_collection:
            raise NotFound(f"Nothing can follow the property '{last.name}' of type {last.type_name} but $value.")
        return self._property(resource, last.type, self._segment(text))

    def _property(self, resource: Resource, kind: StructuredType, segment: Segment) -> Resource:
        prop = kind.properties.get(segment.name)
        if prop is None:
            names = [*kind.properties, *(kind.navigation if isinstance(kind, EntityType) else ())]
            raise NotFound(
                f"Resource not found for the segment '{segment.name}': '{kind.qualified_name}' has no such property."
                f"{suggestion(segment.name, names)}"
            )
        if segment.predicate is not None:
            raise BadRequest(f"The property '{segment.name}' takes no parentheses.")
        return replace(resource, kind=Kind.PROPERTY, properties=(*resource.properties, prop))

    def _navigate(self, resource: Resource, segment: Segment) -> Resource:
        nav = resource.entity_type.navigation.get(segment.name)
        if nav is None:
            raise NotFound(
                f"'{resource.entity_type.qualified_name}' has no navigation property '{segment.name}'."
                f"{suggestion(segment.name, resource.entity_type.navigation)}"
            )
        target = resource.entity_set.bindings.get(nav.name)
        if target is None:
            raise NotImplementedHere(f"The entities behind '{nav.name}' are in no entity set of this service.")
        kind = Kind.COLLECTION if nav.is_collection else Kind.ENTITY
        reached = Resource(kind, (*resource.hops, Hop(target, nav)))
        if not nav.is_collection and segment.predicate is not None:
            raise BadRequest(f"'{nav.name}' leads to one entity and takes no key.")
        return self._with_predicate(reached, segment)

    def _with_predicate(self, resource: Resource, segment: Segment) -> Resource:
        if not segment.predicate:  # `Set` and `Set()` both name the whole set
            return resource
        kind = resource.entity_type
        if len(segment.predicate) != len(kind.key):
            _wrong_key_count(resource.entity_set)
        if len(kind.key) == 1 and segment.predicate[0].name is None:
            values = {kind.key[0]: segment.predicate[0].value}
        else:
            values = _named_values(segment, kind)
        return _narrow(resource, bind_key_values(kind, values))

    def _segment(self, text: str) -> Segment:
        if text.startswith("$"):
            raise NotFound(f"Resource not found for the segment '{text}'.")
        return parse_segment(text, self.dialect, self.limits)


def _named_values(segment: Segment, kind: EntityType) -> dict[str, Literal]:
    values: dict[str, Literal] = {}
    for part in segment.predicate or ():
        if part.name is None:
            raise BadRequest("Segments with multiple key values must specify them in 'name=value' form.")
        if part.name not in kind.key:
            raise BadRequest(f"'{part.name}' is no key of '{segment.name}'.{suggestion(part.name, kind.key)}")
        if part.name in values:
            raise BadRequest(f"The key '{part.name}' is given twice.")
        values[part.name] = part.value
    return values


def _narrow(resource: Resource, key: tuple[Any, ...]) -> Resource:
    hop = replace(resource.hops[-1], key=key)
    return Resource(Kind.ENTITY, (*resource.hops[:-1], hop))


def _wrong_key_count(entity_set: EntitySet) -> NoReturn:
    raise BadRequest(
        "The number of keys specified in the URI does not match number of key properties for the resource "
        f"'{entity_set.name}': {', '.join(entity_set.type.key)}."
    )


def _is_reserved(text: str) -> bool:
    """Whether a segment begins with one dollar sign, and so is never a key; two stand for one of the key's own."""
    return text.startswith("$") and not text.startswith("$$")


def _is_type_name(text: str, model: Model) -> bool:
    return text in model.types
