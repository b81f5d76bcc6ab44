# Writing many entities in one request: PATCH of a collection with what is different in it, and the same change or the
# deletion of every member (4.01 Part 1, 11.4.12 to 11.4.14). One request is one session: all of it is done, or nothing.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..edm import EntityType
from ..edm.rows import ID, REMOVED
from ..errors import BadRequest, MethodNotAllowed, NotFound
from .actions import collection_of
from .deep import change_deeply
from .etags import check_told
from .finding import Many, One
from .unit import Unit
from .work import NO_CONTENT, Reply, Work


def update_each(work: Work, unit: Unit) -> Reply:
    """PATCH of /$each: the same change to every member."""
    place = _members(work, unit)
    given = work.reader().read_entity(work.request.body, place.type, work.reading)
    changed = [change_deeply(unit, unit.finder.entity(place, row), given, replaces=False) for row in _rows(unit, place)]
    return _changed(work, unit, place, changed)


def delete_each(work: Work, unit: Unit) -> Reply:
    """DELETE of /$each: every member goes."""
    place = _members(work, unit)
    for row in _rows(unit, place):
        one = unit.finder.entity(place, row)
        if unit.session.get(one.source, one.key) is not None:  # type: ignore[arg-type]  # it may have gone with another
            unit.writer.remove(one)
    unit.renew()
    return NO_CONTENT


def _members(work: Work, unit: Unit) -> Many:
    place = unit.finder.find(work.resource)
    if not isinstance(place, Many) or not isinstance(place.type, EntityType) or place.source is None:
        raise MethodNotAllowed("Only entities of an entity set can be changed one by one.", allow=("GET",))
    return place


def _rows(unit: Unit, place: Many) -> list[Any]:
    return list(unit.finder.rows(place))


def update_many(work: Work, unit: Unit) -> Reply:
    """PATCH of a collection: entities that are changed, new ones, removed ones, and links (11.4.13)."""
    place = _members(work, unit)
    feed = work.reader().read_feed(work.request.body, place.type, work.reading)
    changed = [one for row in feed.rows if (one := _settle_one(unit, place, row)) is not None]
    for link in feed.links:
        _settle_link(unit, link)
    return _changed(work, unit, place, changed)


def _settle_one(unit: Unit, place: Many, row: Mapping[str, Any]) -> One | None:
    """One entity as the body has it: gone, changed or new. What is gone already may be removed again."""
    one = _named(unit, place, row)
    if REMOVED in row:
        if one is not None:
            check_told(one.source, one.value, row)
            unit.writer.remove(one)
            unit.renew()
        return None
    values = {name: value for name, value in row.items() if name != ID}
    if one is None:
        check_told(None, None, values)
        made = unit.writer.insert(place, values)
    else:
        made = change_deeply(unit, one, values, replaces=False)
    unit.renew()
    return made


def _named(unit: Unit, place: Many, row: Mapping[str, Any]) -> One | None:
    """The entity that an id or key values name; None where there is none yet."""
    if ID in row:
        try:
            return unit.resolve(str(row[ID]))
        except BadRequest:
            if REMOVED in row:
                return None
            raise
    kind = place.type
    if any(row.get(name) is None for name in kind.key):
        if REMOVED in row:
            raise BadRequest("What is removed needs an id or its key.")
        return None
    key = kind.key_of(row)
    found = None if place.source is None else unit.session.get(place.source, key)
    return None if found is None else unit.finder.entity(place, found)


def _settle_link(unit: Unit, link: Mapping[str, Any]) -> None:
    """A link that is added or deleted: `source`, `relationship` and `target` (4.01 JSON Format, 15.4 and 15.5)."""
    source = unit.resolve(str(link.get("source", "")))
    name = str(link.get("relationship", ""))
    navigation = source.entity_type.navigation.get(name)
    if navigation is None:
        raise NotFound(f"'{source.entity_type.qualified_name}' has no navigation property '{name[:100]}'.")
    target = unit.writer.bound(navigation, str(link.get("target", "")))
    if str(link.get("@odata.context", "")).endswith("/$deletedLink"):
        unit.writer.unlink(source, navigation, target)
    else:
        unit.writer.link(source, navigation, target)
    unit.renew()


def _changed(work: Work, unit: Unit, place: Many, changed: list[One]) -> Reply:
    """204, or what became of the entities where the client wants to see it."""
    unit.renew()
    if work.codec is None:
        return Reply(204, headers=work.applied, has_body=False)
    rows = [unit.writer.again(one).value for one in changed]
    return collection_of(work, unit, Many(place.type, place.source, (), rows), work.applied)
