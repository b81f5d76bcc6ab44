# Following a collection: what has changed in it since a client last asked (4.01 Part 1, 11.3). A delta link is the URL
# of the collection with the moment that the backend told; what changed since comes as entities, and as ids of those
# that are gone or do not belong to the collection any more.

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote_plus

from ..backend import Row, Tracks
from ..edm import EntitySet
from ..edm.rows import ID, REMOVED
from ..errors import Gone, NotImplementedHere
from ..payload.links import entity_path
from ..query.conditions import leads_elsewhere
from ..query.relations import constraint_of
from .finding import Many
from .reading import about_of, told
from .shapes import shape_of
from .unit import Unit
from .work import Reply, Work, in_pieces, url_of


def tracked_moment(work: Work, unit: Unit, place: Many) -> str | None:
    """The moment from which a collection can be followed, where the client wants that and it can be done (11.3).

    What is expanded, or chosen by other entities, may change while the entities themselves do not: such a collection
    is not tracked, and the client sees that in the preference not having been applied.
    """
    options, session = work.options, unit.session
    if options.deltatoken is not None:
        return options.deltatoken  # that of the first page
    if not work.wishes.tracks_changes or not isinstance(session, Tracks) or not isinstance(place.source, EntitySet):
        return None
    if options.apply is not None or options.expand or leads_elsewhere((options.filter, options.compute)):
        return None
    return session.moment() if _is_told_by_members(place) else None


def _is_told_by_members(place: Many) -> bool:
    """Whether entities enter and leave a collection only by being written themselves: those of a set do, and those
    behind one by its key; what another entity leads to by anything else, that other one may change."""
    owner, navigation = place.owner, place.navigation
    if place.rows is not None or place.is_empty:
        return False
    if owner is None or navigation is None:
        return True
    pairs = constraint_of(navigation)
    is_fixed = owner.owner is None and not owner.trail and isinstance(owner.source, EntitySet)
    return is_fixed and bool(pairs) and {here for here, _ in pairs} <= set(owner.entity_type.key)


def delta_url(work: Work, moment: str) -> str:
    """The URL of what changes from a moment on: the options that define the collection, not those of its pages."""
    kept = [*_defining(work), f"$deltatoken={quote(moment, safe='')}"]
    return f"{work.root}{work.request.path}?{'&'.join(kept)}"


# Neither what cuts and orders pages, nor their count is part of what is followed (11.3.1).
_OF_PAGES: Final = frozenset({"skiptoken", "deltatoken", "skip", "top", "orderby", "count"})


def _defining(work: Work) -> list[str]:
    """The options that say which collection a request is about."""
    pairs = work.query.split("&") if work.query else []
    names = [unquote_plus(pair.partition("=")[0]).lower().lstrip("$") for pair in pairs]
    return [pair for pair, name in zip(pairs, names, strict=True) if name not in _OF_PAGES]


def changes_of(work: Work, unit: Unit, place: Many) -> Reply:
    """What has changed in a collection since a moment, and from when on the next changes are (11.3.2)."""
    options, session, links = work.options, unit.session, unit.language.links
    if not isinstance(session, Tracks) or not isinstance(place.source, EntitySet):
        raise NotImplementedHere("Changes of this collection are not tracked.", target="$deltatoken")
    moment = session.moment()
    found = session.changes(place.source, str(options.deltatoken))
    if found is None:
        defining = "&".join(_defining(work))
        whole = f"{work.root}{work.request.path}{'?' if defining else ''}{defining}"
        raise Gone("The delta link is none of this service, or too old: read the collection again.", instead=whole)
    rows = [row for row, is_gone in found if not is_gone]
    asked = replace(options, order=(), skip=None, top=None, deltatoken=None, count=False)
    kept = unit.lister.page(replace(place, rows=rows), asked).rows
    keys = {place.type.key_of(row) for row in kept}
    gone = [(row, is_gone) for row, is_gone in found if is_gone or place.type.key_of(row) not in keys]
    removed: list[Row] = [
        {REMOVED: "deleted" if is_gone else "changed", ID: work.root + entity_path(place.source, row, links)}
        for row, is_gone in gone
    ]
    about = about_of(work.root, place, links, delta_link=delta_url(work, moment), url=url_of(work))
    about = replace(about, path=f"{about.path}/$delta", count=len(kept) + len(removed) if options.count else None)
    shape = shape_of(place.type, place.source, options, unit.model)
    return in_pieces(work.writer.write_feed(shape, [*told(kept, shape, place, links), *removed], about))
