# Resource paths: segments -> what they name in the model, by 4.01 Part 2, section 4, and the older conventions.
# Strategy: a walk from left to right over a resource that grows by a step for each segment. What begins with a dollar
# sign is a row of a table (path_endings); everything else is a name (path_members, path_calls) or a key (path_keys).
# What may follow is told by the type that the steps lead to, not by how they were written.

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ..edm import ENTITY_TYPE, ComplexType, EntitySet, Model, NavigationProperty
from ..errors import BadRequest, NotFound, suggestion
from ..limits import Limits
from ..uri.grammars import Grammar
from ..uri.resource_paths import parse_path
from ..uri.syntax import Argument, Options, Path, Segment
from .call_binder import CallBinder
from .path_calls import call_bound, call_import
from .path_endings import ENDINGS
from .path_keys import with_key
from .path_members import after_collection, after_single, cast
from .path_rules import PathRules
from .prepared import ORIGIN_BASE
from .resource import CrossJoin, Kind, Resource
from .scope import Scope
from .walk import Walk, cannot_follow, fail, is_reserved, not_found, shown, written

# Where nothing can follow but /$query.
_ENDS: Final = frozenset(
    {
        *(Kind.ROOT, Kind.METADATA, Kind.BATCH, Kind.ENTITY_ID, Kind.ALL, Kind.CROSSJOIN),
        *(Kind.VALUE, Kind.MEDIA, Kind.COUNT, Kind.LINKS, Kind.ACTION),
    }
)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DOCUMENTS: Final = {"$metadata": Kind.METADATA, "$batch": Kind.BATCH}


class PathBinder:
    """Binds the paths of one service and one family of versions.

    `key_as_segment` says whether keys may be written as segments; `default_namespaces` are those whose operations and
    types come before a key when they are named without their namespace (4.01 Part 1, Default Namespaces). Elsewhere
    every namespace counts, where a name is not ambiguous.
    """

    def __init__(
        self,
        model: Model,
        grammar: Grammar,
        limits: Limits,
        rules: PathRules,
        *,
        key_as_segment: bool = False,
        default_namespaces: Iterable[str] = (),
    ) -> None:
        self.model = model
        self.grammar = grammar
        self.limits = limits
        self.rules = rules
        self.key_as_segment = key_as_segment
        self.default_namespaces = frozenset(default_namespaces)

    def bind(self, segments: Sequence[Segment], options: Options | None = None, *, base: int = 0) -> Resource:
        """The resource, or NotFound for an unknown name, BadRequest for what cannot follow.

        `options` have the values of aliases, and those of parameters that are written as query options. Literals count
        from `base` in the decoded path (walk.decoded_path), and from one ORIGIN_BASE more in each text of the options.
        """
        options = options or Options()
        bases = {name: base + (index + 1) * ORIGIN_BASE for index, name in enumerate(options.texts)}
        texts = {name: (text, bases[name]) for name, text in options.texts.items()}
        scope = Scope(self.model, self.grammar, self.limits, None, aliases=options.aliases, alias_texts=texts)
        calls = CallBinder(scope, dict(options.custom))
        walk = Walk(
            self.model, self.rules, self.key_as_segment, self.default_namespaces, written(segments), scope, calls
        )
        walk.base = base
        if walk.has_more:
            walk.place = _first(walk, walk.take())
        while walk.has_more:
            walk.place = _next(walk, walk.take())
        return walk.place

    def bind_entity_id(self, text: str, root: str, options: Options | None = None) -> Resource:
        """The entity with an id, absolute or relative to the service root (4.01 Part 2, 4.3.4)."""
        path = text.removeprefix(root.removesuffix("/") + "/").partition("?")[0]
        if _SCHEME.match(path) or path.startswith(("/", "..")):
            raise NotFound(f"'{text[:200]}' is no entity of this service, whose root is '{root}'.", target="$id")
        resource = self.bind(parse_path(path, self.grammar, self.limits, key_as_segment=self.key_as_segment), options)
        if resource.kind is not Kind.ENTITY:
            raise BadRequest(f"'{text[:200]}' is no entity but {resource.kind.value}.", target="$id")
        return resource


def _first(walk: Walk, segment: Segment) -> Resource:
    """A set, a singleton, an import, or what the protocol itself has under the root."""
    name = segment.name
    if name.startswith("$"):
        return _first_reserved(walk, segment)
    entity_set = walk.model.entity_sets.get(name)
    if entity_set is not None:
        start = Resource(Kind.COLLECTION, (entity_set,), entity_set.type, True, entity_set)
        return with_key(walk, start, segment, name)
    singleton = walk.model.singletons.get(name)
    if singleton is not None:
        if segment.arguments is not None:
            fail(f"'{name}' is a single entity and takes no key.", segment)
        return Resource(Kind.ENTITY, (singleton,), singleton.type, False, singleton)
    imported = walk.model.imports.get(name)
    if imported is not None:
        return call_import(walk, imported, segment)
    known = [*walk.model.entity_sets, *walk.model.singletons, *walk.model.imports]
    not_found(segment, suggestion(name, known))


def _first_reserved(walk: Walk, segment: Segment) -> Resource:
    name = segment.name
    if name not in walk.rules.reserved:
        not_found(segment)
    match name:
        case "$entity":
            return _entity_id(walk)
        case "$all":
            start = Resource(Kind.ALL, (), ENTITY_TYPE, True)
            return cast(walk, start, walk.take()) if walk.has_more and not walk.is_last else start
        case "$crossjoin":
            return _cross_join(walk, segment)
        case _ if name in _DOCUMENTS:
            return Resource(_DOCUMENTS[name])
    not_found(segment)


def _entity_id(walk: Walk) -> Resource:
    """$entity, perhaps with a type; $id names the entity (4.01 Part 1, 11.2.9)."""
    place = Resource(Kind.ENTITY_ID, (), ENTITY_TYPE)
    return cast(walk, place, walk.take()) if walk.has_more else place


def _cross_join(walk: Walk, segment: Segment) -> Resource:
    """$crossjoin(A,B): its rows are values of a virtual type with a navigation property to each set (4.15)."""
    if segment.key is not None:
        fail("A cross join has no key.", segment)
    sets: dict[str, EntitySet] = {}
    for argument in segment.arguments or ():
        name = _plain_name(argument)
        entity_set = walk.model.entity_sets.get(name)
        if entity_set is None:
            raise NotFound(f"There is no entity set '{name}'.{suggestion(name, walk.model.entity_sets)}")
        if name in sets:
            fail(f"'$crossjoin' names the set '{name}' twice.", segment)
        sets[name] = entity_set
    text = f"$crossjoin({','.join(sets)})"
    virtual = ComplexType("Edm", "ComplexType", is_abstract=True)
    virtual.navigation = {name: NavigationProperty(name, one.type, nullable=False) for name, one in sets.items()}
    joined = EntitySet(text, ENTITY_TYPE, dict(sets))
    return Resource(Kind.CROSSJOIN, (CrossJoin(tuple(sets.values()), virtual),), virtual, True, joined)


def _next(walk: Walk, segment: Segment) -> Resource:
    """What one more segment makes of the place."""
    name, place = segment.name, walk.place
    if is_reserved(segment):
        ending = ENDINGS.get(name)
        if ending is None or name not in walk.rules.reserved:
            not_found(segment)
        if name != "$query":
            _check_open(walk, segment)
        return ending(walk, segment)
    _check_open(walk, segment)
    if place.kind is Kind.EACH:
        return call_bound(walk, segment) or cannot_follow(place, segment, "only a bound operation can")
    if place.is_collection:
        return after_collection(walk, segment)
    return after_single(walk, segment)


def _check_open(walk: Walk, segment: Segment) -> None:
    """Refuses whatever stands behind the end of a path."""
    place = walk.place
    if place.kind in _ENDS:
        fail(f"Nothing can follow {place.kind.value} in a path, but '{shown(segment)}' does.", segment)
    call = place.invocation
    if call is not None and not (call.operation.is_composable or call.is_service_operation):
        fail(f"The function '{call.name}' is not composable, so '{shown(segment)}' cannot follow it.", segment)


def _plain_name(argument: Argument) -> str:
    value = argument.value
    if argument.name is None and isinstance(value, Path) and len(value.segments) == 1:
        first = value.segments[0]
        if first.arguments is None:
            return first.name
    raise BadRequest("'$crossjoin' takes the names of entity sets, such as $crossjoin(Products,Sales).")
