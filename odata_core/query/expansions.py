# $expand of v4: items -> what is included in line, each with its own options (4.01 Part 2, 5.1.3; Part 1, 11.2.5.2).
# `*` becomes one expansion for each navigation property that no item names. The tree is bounded in depth and size.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..edm import ComplexType, EntityType, Property
from ..edm.primitives import STREAM
from ..edm.types import StructuredType
from ..errors import suggestion
from ..records import record
from ..uri.syntax import ExpandItem, Options, Segment
from .options import BoundOptions, Expansion, Form, Level
from .scope import Scope, bound_source
from .selections import cast_to, check_allowed, find_member
from .tree import Cast, Dynamic, Follow, Step

BindOptions = Callable[[Options, Level], BoundOptions]

_TAILS: Final[Mapping[str, Form]] = {"$ref": Form.REFERENCES, "$count": Form.COUNT}
_ONE: Final = frozenset({"$select", "$expand", "$compute", "$levels"})
_ITEMS: Final = frozenset({"$filter", "$search", "$orderby", "$skip", "$top", "$count", "$apply"})
_MOMENTS: Final = frozenset({"$at", "$from", "$to", "$toinclusive"})
# What may stand behind a navigation property, by the form and whether it leads to many (11.2.5.2.1).
_ALLOWED: Final[Mapping[tuple[Form, bool], frozenset[str]]] = {
    (Form.ENTITIES, True): _ONE | _ITEMS | _MOMENTS,
    (Form.ENTITIES, False): _ONE | _MOMENTS,
    (Form.REFERENCES, True): _ITEMS - {"$apply"},
    (Form.REFERENCES, False): frozenset(),
    (Form.COUNT, True): frozenset({"$filter", "$search"}),
}


@record
class _Place:
    """Where a path of $expand has arrived, within the entity or complex value it began at."""

    scope: Scope
    steps: tuple[Step, ...]
    kind: StructuredType | None
    cast: Cast | None = None  # a type that the path has just named

    def into(self, prop: Property, kind: ComplexType) -> _Place:
        prefix = (*self.scope.prefix, *([] if self.cast is None else [self.cast.type.qualified_name]), prop.name)
        return _Place(self.scope.inner(kind, self.scope.source, prefix), (*self.steps, prop), kind)


def bind_expand(items: tuple[ExpandItem, ...], level: Level, bind: BindOptions) -> tuple[Expansion, ...]:
    """What the items of $expand include, in their order, and what `*` adds behind it."""
    found: list[Expansion] = []
    stars: list[tuple[ExpandItem, _Place, Form]] = []
    taken: set[tuple[Any, ...]] = set()
    for item in items:
        names, form = list(item.path), Form.ENTITIES
        if names[-1].name in _TAILS:
            form = _TAILS[names.pop().name]
        if names[-1].name == "*":
            star = (item, _walk(tuple(names[:-1]), level)[0], form)
            _claim(taken, ("*", *_names(star[1].steps)), names[-1], level)
            stars.append(star)
            continue
        expansion = _media(names[0], level) if names[0].name == "$value" else _item(item, names, form, level, bind)
        _claim(taken, _key(expansion), names[-1], level)
        found.append(expansion)
    named = {(_names(expansion.path), expansion.name) for expansion in found}
    for item, place, form in stars:
        found.extend(_star(item, place, form, level, named))
    return tuple(found)


def _key(expansion: Expansion) -> tuple[Any, ...]:
    """ "A path MUST NOT appear in more than one expand item"; entities and their number do not clash."""
    return (expansion.form is Form.COUNT, *_names(expansion.path), expansion.name)


def _names(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(
        [
            step.type.qualified_name
            if isinstance(step, Cast)
            else step.navigation.name
            if isinstance(step, Follow)
            else step.name
            for step in steps
        ]
    )


def _claim(taken: set[tuple[Any, ...]], key: tuple[Any, ...], segment: Segment, level: Level) -> None:
    if key in taken:
        level.fail(f"'{segment.name}' is expanded more than once.", segment.position)
    taken.add(key)


def _media(segment: Segment, level: Level) -> Expansion:
    kind = level.scope.kind
    if not isinstance(kind, EntityType) or not kind.has_stream:
        level.fail("'$value' needs a media entity.", segment.position)
    return Expansion(None, form=Form.MEDIA)


# ------------------------------------------------------------------ paths


def _walk(segments: tuple[Segment, ...], level: Level) -> tuple[_Place, Cast | None]:
    """The place that complex properties and type casts lead to."""
    kind = level.scope.kind
    place = _Place(level.scope, (), kind if isinstance(kind, StructuredType) else None)
    for index, segment in enumerate(segments):
        if "." in segment.name and not segment.name.startswith("@"):
            place = _cast(place, segment, level)
            continue
        member = find_member(place.kind, segment, level.within(place.scope), is_first=index == 0)
        if isinstance(member, Follow | Dynamic) or not isinstance(member.type, ComplexType):
            level.fail(
                f"'{segment.name}' cannot stand within a path of $expand: what is behind a navigation property is "
                f"expanded by its own options, as in {segment.name}($expand=...).",
                segment.position,
            )
        place = place.into(member, member.type)
    return place, place.cast


def _cast(place: _Place, segment: Segment, level: Level) -> _Place:
    target = level.scope.model.find_type(segment.name)
    kind = place.kind
    if not isinstance(target, EntityType | ComplexType):
        known = suggestion(segment.name, level.scope.model.types)
        level.fail(f"There is no structured type '{segment.name}'.{known}", segment.position)
    if kind is None or not (target.is_a(kind) or kind.is_a(target)):
        level.fail(f"What is here cannot be a '{target.qualified_name}'.", segment.position)
    step = cast_to(target, level.scope.model)
    return _Place(place.scope, (*place.steps, step), target, step)


def _item(item: ExpandItem, names: list[Segment], form: Form, level: Level, bind: BindOptions) -> Expansion:
    """A navigation property or a stream property, with what stands before, behind and around it."""
    cast_segment = names[-1] if "." in names[-1].name and len(names) > 1 else None
    if cast_segment is not None:
        names = names[:-1]
    segment = names[-1]
    place, _cast_before = _walk(tuple(names[:-1]), level)
    if segment.name.startswith("@"):
        level.unsupported(f"The annotation '{segment.name}' cannot be expanded here.", segment.position)
    if "." in segment.name:
        level.fail(f"A navigation property is expected behind the type '{segment.name}'.", segment.position)
    member = find_member(place.kind, segment, level.within(place.scope), is_first=len(names) == 1)
    can_be_stream = cast_segment is None and form is Form.ENTITIES and not place.scope.grammar.is_lenient
    if can_be_stream and isinstance(member, Property) and member.type is STREAM:
        if item.options is not None and item.options.system:
            level.fail(f"The stream '{segment.name}' takes no options.", segment.position)
        return Expansion(member, place.steps, form=Form.STREAM)
    if isinstance(member, Dynamic):
        level.unsupported(f"The dynamic property '{segment.name}' cannot be expanded.", segment.position)
    if not isinstance(member, Follow):
        level.fail(
            f"'{segment.name}' is no navigation property and no stream, so it cannot be expanded.", segment.position
        )
    target = _Place(place.scope, (), member.type)
    cast = None if cast_segment is None else _cast(target, cast_segment, level).cast
    follow = _bound(member, place)
    return _expansion(follow, place, cast, form, item.options, segment, level, bind)


def _bound(member: Follow, place: _Place) -> Follow:
    """With the set where the entities live, found by the path that was taken."""
    scope = place.scope
    prefix = scope.prefix if place.cast is None else (*scope.prefix, place.cast.type.qualified_name)
    return Follow(member.navigation, member.target or bound_source(scope.source, prefix, member.navigation))


def _expansion(
    step: Follow,
    place: _Place,
    cast: Cast | None,
    form: Form,
    options: Options | None,
    segment: Segment,
    level: Level,
    bind: BindOptions,
) -> Expansion:
    allowed = _ALLOWED.get((form, step.is_collection))
    if allowed is None:
        level.fail(f"'{segment.name}' leads to one entity, which cannot be counted.", segment.position)
    given = Options() if options is None else options
    check_allowed(given.system, allowed, segment, level)
    if "$levels" in given.system and cast is not None:
        level.unsupported("$levels behind a type is not supported.", segment.position)
    levels = _levels(given, step, place, segment, level)
    scope = _entity_scope(step, place, cast)
    without = {name: value for name, value in given.system.items() if name != "$levels"}
    bound = (
        bind(Options(without, given.aliases), level.within(scope, levels)) if options is not None else BoundOptions()
    )
    return Expansion(step, place.steps, cast, form, bound, levels)


def _entity_scope(step: Follow, place: _Place, cast: Cast | None) -> Scope:
    """The scope of the entities behind a navigation property; contained ones live within their source."""
    kind = step.type if cast is None else cast.type
    scope = place.scope
    if step.navigation.contains_target:
        return scope.inner(kind, scope.source, (*scope.prefix, step.navigation.name))
    return scope.inner(kind, step.target)


# ------------------------------------------------------------------ $levels


def _levels(options: Options, step: Follow, place: _Place, segment: Segment, level: Level) -> int:
    """How many times a navigation property is expanded (11.2.5.2.1.1): only where it leads to entities that have it."""
    wanted = options.system.get("$levels", 1)
    limit = level.scope.limits.expand_depth
    room = limit - level.depth
    is_cyclic = place.kind is not None and (step.type.is_a(place.kind) or place.kind.is_a(step.type))
    if wanted == "max":
        return max(1, room - _height(options)) if is_cyclic else 1
    if wanted > room:
        level.fail(f"$expand is nested too deeply: the limit expand_depth is {limit}.", segment.position)
    if wanted > 1 and not is_cyclic:
        level.fail(
            f"$levels above 1 needs a navigation property that leads back to its own type; '{segment.name}' leads to "
            f"'{step.type.qualified_name}'.",
            segment.position,
        )
    return int(wanted)


def _height(options: Options) -> int:
    """How many levels the $expand within some options has at least."""
    items = options.system.get("$expand", ())
    heights = []
    for item in items:
        inner = Options() if item.options is None else item.options
        levels = inner.system.get("$levels", 1)
        heights.append((levels if isinstance(levels, int) else 1) + _height(inner))
    return max(heights, default=0)


# ------------------------------------------------------------------ *


def _star(
    item: ExpandItem, place: _Place, form: Form, level: Level, named: set[tuple[tuple[str, ...], str]]
) -> list[Expansion]:
    """All navigation properties of what is here but the named ones, which "take precedence over the star operator"."""
    kind, segment = place.kind, item.path[-1]
    if kind is None:
        level.fail("'*' needs entities or complex values.", segment.position)
    if form is Form.COUNT:
        level.fail("'*' can only be followed by /$ref.", segment.position)
    wanted = 1 if item.options is None else item.options.system.get("$levels", 1)
    levels = _star_levels(kind, wanted, segment, level)
    found = _all_of(place, form, levels)
    return [expansion for expansion in found if (_names(place.steps), expansion.name) not in named]


def _star_levels(kind: StructuredType, wanted: Any, segment: Segment, level: Level) -> int:
    """The number of levels, which must fit the limits; `max` is what fits them."""
    limits = level.scope.limits
    room = max(1, limits.expand_depth - level.depth)
    counts: dict[tuple[StructuredType, int], int] = {}
    if wanted == "max":
        fitting = [levels for levels in range(1, room + 1) if _count(kind, levels, counts) <= limits.expand_items]
        return max(fitting, default=1)
    if wanted > room:
        level.fail(f"$expand is nested too deeply: the limit expand_depth is {limits.expand_depth}.", segment.position)
    if wanted > 1 and _count(kind, wanted, counts) > limits.expand_items:
        level.fail(f"$expand has too many items: the limit expand_items is {limits.expand_items}.", segment.position)
    return int(wanted)


def _count(kind: StructuredType, levels: int, counts: dict[tuple[StructuredType, int], int]) -> int:
    """How many expansions `*` makes of a type on so many levels."""
    if not levels:
        return 0
    if (kind, levels) not in counts:
        counts[kind, levels] = sum(
            [1 + _count(navigation.target, levels - 1, counts) for navigation in kind.navigation.values()]
        )
    return counts[kind, levels]


def _all_of(place: _Place, form: Form, levels: int) -> list[Expansion]:
    found = []
    assert place.kind is not None, "_star refuses what has no members"
    steps = [Follow(navigation) for navigation in place.kind.navigation.values()]
    if not place.steps:
        steps += [step for step in place.scope.computed.values() if isinstance(step, Follow)]
    for step in steps:
        bound = _bound(step, place)
        options = BoundOptions()
        if levels > 1:
            inner = _Place(_entity_scope(bound, place, None), (), bound.type)
            options = BoundOptions(expand=tuple(_all_of(inner, form, levels - 1)))
        found.append(Expansion(bound, place.steps, None, form, options))
    return found
