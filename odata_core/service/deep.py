# Deep updates: entities and references within a changed entity say what it is related to (4.01 Part 1, 11.4.3.1).
# What stands under the name of a navigation property is all of it; what stands under that name and @delta is what is
# different. Entities that exist are changed like the one around them, others are created, references only relate.
# Strategy: contained entities are part of the row of their parent, so they become one new member of it; all others are
# written by themselves and linked. One request is one session, so all of it is done, or nothing.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as record_replace
from typing import Any, Final

from ..backend import Row
from ..backend.rows import changed_row, completed_row, numbers_after, type_of
from ..edm import EntityType, NavigationProperty, Property
from ..edm.rows import CONTEXT, ETAG, ID, REMOVED
from ..errors import BadRequest, Conflict, NotImplementedHere
from ..query.options import BoundOptions, Expansion
from ..query.relations import constraint_of
from ..query.scope import bound_source
from ..query.tree import Follow, Source
from .etags import check_told
from .finding import Many, One, key_of
from .parts import Parts, apart
from .reading import source_for
from .unit import Unit
from .writing import holds_key

_ABOUT: Final = frozenset({ID, CONTEXT, ETAG, REMOVED})


def change_deeply(unit: Unit, place: One, given: Mapping[str, Any], *, replaces: bool) -> One:
    """A changed entity, with everything that it is related to as the body says."""
    check_told(source_for(place), place.value, given)
    parts = apart(place.entity_type, given)
    if not (parts.nested or parts.changes):
        return unit.writer.change(place, given, replaces=replaces)
    names = {navigation.name for navigation in parts.nested}
    own = {name: value for name, value in given.items() if name not in names and name not in parts.deltas}
    one = unit.writer.change(place, own, replaces=replaces)
    for navigation, rows, is_delta in _related(parts, replaces):
        unit.renew()
        one = _current(unit, one)
        if navigation.contains_target:
            unit.writer.change_member(
                one, navigation.name, _contained(unit, one, navigation, rows, replaces=replaces, is_delta=is_delta)
            )
        else:
            _relate(unit, one, navigation, rows, replaces=replaces, is_delta=is_delta)
    unit.renew()
    return _current(unit, one)


def _related(parts: Parts, replaces: bool) -> list[tuple[NavigationProperty, list[dict[str, Any]], bool]]:
    """What is said of each navigation property, and whether that is all of it or what is different."""
    if replaces and parts.changes:
        raise BadRequest("Differences are told by PATCH; PUT says what there is.")
    both = next((one.name for one in parts.nested if one in parts.changes or one in parts.binds), None)
    if both is not None:
        raise BadRequest(f"'{both}' is told more than once.", target=f"$.{both}")
    whole = [(navigation, rows, False) for navigation, rows in parts.nested.items()]
    return [*whole, *[(navigation, rows, True) for navigation, rows in parts.changes.items()]]


def _current(unit: Unit, one: One) -> One:
    return unit.writer.again(one)


def content_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What an entity in a body says of its own state: all but what it is, and what is to become of it."""
    return {name: value for name, value in values.items() if name not in _ABOUT}


def showing(options: BoundOptions, one: One, given: Row) -> BoundOptions:
    """The options of an insert, which shows at least the entities that it made (11.4.2.2)."""
    known = {expansion.name for expansion in options.expand}
    made = [expansion for expansion in _made(one.entity_type, one.source, [given]) if expansion.name not in known]
    return record_replace(options, expand=(*options.expand, *made)) if made else options


def _made(kind: EntityType, source: Source | None, rows: Sequence[Row]) -> list[Expansion]:
    """What shows the entities within some others; references made nothing."""
    found: dict[NavigationProperty, list[Row]] = {}
    for row in rows:
        for navigation, inner in apart(type_of(kind, row), row).nested.items():
            found.setdefault(navigation, []).extend([one for one in inner if content_of(one)])
    expansions = []
    for navigation, new in found.items():
        if new:
            target = bound_source(source, (), navigation)
            nested = tuple(_made(navigation.target, target, new))
            expansions.append(Expansion(Follow(navigation, target), options=BoundOptions(expand=nested)))
    return expansions


# ------------------------------------------------------------------ contained entities


def _contained(
    unit: Unit, owner: One, navigation: NavigationProperty, given: Sequence[Row], *, replaces: bool, is_delta: bool
) -> Any:
    """What the navigation property is to hold: complete rows, or one, or None."""
    now = owner.value.get(navigation.name)
    if not navigation.is_collection:
        if not given:
            return None
        values = given[0]
        key = _told_key(unit, owner, navigation, values)
        is_same = now is not None and (key is None or key == navigation.target.key_of(now))
        before = now if is_same else None
        return _entity(unit, owner, navigation, before, values, 0, numbers_after(given), replaces=replaces)
    kind = navigation.target
    known = {kind.key_of(row): row for row in now or ()}
    numbers = numbers_after([*known.values(), *given])
    found: dict[Any, Row] = dict(known) if is_delta else {}
    told: set[Any] = set()
    for index, values in enumerate(given):
        key = _told_key(unit, owner, navigation, values)
        if REMOVED in values:
            if not is_delta:
                raise BadRequest("What is removed is told by a delta.", target=f"$.{navigation.name}[{index}]")
            found.pop(key or (), None)
            continue
        row = _entity(unit, owner, navigation, known.get(key or ()), values, index, numbers, replaces=replaces)
        if (key := kind.key_of(row)) in told:
            raise Conflict(f"There would be two entities with the same key in '{navigation.name}'.")
        told.add(key)
        found[key] = row
    return list(found.values())


def _entity(
    unit: Unit,
    owner: One,
    navigation: NavigationProperty,
    before: Row | None,
    values: Row,
    index: int,
    numbers: Callable[[Property], int],
    *,
    replaces: bool,
) -> Row:
    """A contained entity: what there was before with what is given, or a new one."""
    content = content_of(values)
    kind = type_of(navigation.target, before or content)
    content = dict(unit.writer.settable(kind, content, is_update=before is not None))
    parts = apart(kind, content)
    linked = next((one.name for one in [*parts.nested, *parts.changes, *parts.binds] if not one.contains_target), None)
    if linked is not None:
        raise NotImplementedHere(f"Relating a contained entity by '{linked}' within its parent is not supported.")
    if before is None:
        if parts.changes:
            raise BadRequest("A new entity has nothing that could be different.", target=f"$.{navigation.name}")
        if ID in values and not content:
            raise BadRequest(f"'{navigation.name}' has no such entity.", target=f"$.{navigation.name}")
        return completed_row(navigation, content, index, numbers)
    if not content and ID in values:
        return before
    check_told(None, before, values)
    here = One(before, kind, owner.source, owner.key, owner.root, (*owner.trail, navigation.name), owner, navigation)
    own = {name: value for name, value in content.items() if name not in parts.deltas}
    for inner, rows, is_delta in _related(parts, replaces):
        own[inner.name] = _contained(unit, here, inner, rows, replaces=replaces, is_delta=is_delta)
    return changed_row(navigation.target, before, own, replace=replaces)


# ------------------------------------------------------------------ entities of their own


def _relate(
    unit: Unit, owner: One, navigation: NavigationProperty, given: Sequence[Row], *, replaces: bool, is_delta: bool
) -> None:
    if owner.trail:
        raise NotImplementedHere(f"Relating a contained entity by '{navigation.name}' is not supported.")
    step = Follow(navigation, bound_source(owner.source, (), navigation))
    kept = set()
    for index, values in enumerate(given):
        if REMOVED in values:
            if not is_delta:
                raise BadRequest("What is removed is told by a delta.", target=f"$.{navigation.name}[{index}]")
            _release(unit, owner, step, values)
        else:
            target = _upsert(unit, owner, step, values, replaces=replaces)
            unit.writer.link(_current(unit, owner), navigation, target)
            kept.add(target.key)
        unit.renew()
    if is_delta or (not navigation.is_collection and kept):
        return
    for other in _those_related(unit, owner, step):
        if other.key not in kept:
            unit.writer.unlink(_current(unit, owner), navigation, other)
            unit.renew()


def _those_related(unit: Unit, owner: One, step: Follow) -> list[One]:
    found = unit.finder.related(_current(unit, owner), step)
    if isinstance(found, One):
        return [found]
    return [unit.finder.entity(found, row) for row in unit.finder.rows(found)]


def _release(unit: Unit, owner: One, step: Follow, values: Row) -> None:
    """Related no more, and with the reason `deleted` there no more either; what is gone already stays so."""
    target = _existing(unit, owner, step, values)
    if target is None:
        return
    check_told(source_for(target), target.value, values)
    if values[REMOVED] == "deleted":
        unit.writer.remove(target)
    elif any(one.key == target.key for one in _those_related(unit, owner, step)):
        unit.writer.unlink(_current(unit, owner), step.navigation, target)


def _upsert(unit: Unit, owner: One, step: Follow, values: Row, *, replaces: bool) -> One:
    """The entity that is to be related: one that exists, as the body changes it, or a new one."""
    navigation = step.navigation
    target, content = _existing(unit, owner, step, values), content_of(values)
    if target is None:
        check_told(None, None, values)
        if step.target is None:
            raise NotImplementedHere(f"The entities behind '{navigation.name}' live in no entity set of this service.")
        pairs = () if holds_key(navigation) else constraint_of(navigation)
        ties = {there: owner.value[here] for here, there in pairs}
        return unit.writer.insert(Many(navigation.target, step.target), {**content, **ties})
    if not target.entity_type.is_a(navigation.target):
        raise BadRequest(f"'{navigation.name}' cannot lead to this entity.", target=f"$.{navigation.name}")
    if not content:
        return target
    return change_deeply(unit, target, {**content, **_told_etag(values)}, replaces=replaces)


def _told_etag(values: Row) -> Mapping[str, Any]:
    return {ETAG: values[ETAG]} if ETAG in values else {}


def _existing(unit: Unit, owner: One, step: Follow, values: Row) -> One | None:
    """The entity that an id or key values name; None where there is none with this key, or no key."""
    named = _by_id(unit, values)
    kind, source = step.navigation.target, step.target
    if source is None or any(values.get(name) is None for name in kind.key):
        return named
    key = kind.key_of(values)
    if named is not None:
        if named.key != key:
            raise BadRequest("The id and the key of an entity name different ones.", target=f"$.{step.navigation.name}")
        return named
    row = unit.session.get(source, key)
    return None if row is None else unit.finder.entity(Many(kind, source), row)


def _by_id(unit: Unit, values: Row) -> One | None:
    if ID not in values:
        return None
    try:
        return unit.resolve(str(values[ID]))
    except BadRequest:
        if REMOVED in values:
            return None
        raise


def _told_key(unit: Unit, owner: One, navigation: NavigationProperty, values: Row) -> tuple[Any, ...] | None:
    """The key of a contained entity by its id or its key values; None where it has none."""
    kind = navigation.target
    if any(values.get(name) is None for name in kind.key):
        named = _by_id(unit, values)
        if named is None:
            return None
        if named.root is None or named.key != owner.key or named.trail[: len(owner.trail)] != owner.trail:
            raise BadRequest(f"'{values[ID]}' is not within '{navigation.name}' of this entity.")
        return key_of(kind, named.value)
    return kind.key_of(values)
