# What a place holds, made ready for a codec: rows with what their members do not say, and what stands around them.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from ..backend import Row
from ..edm import EntityType, Property, StructuredType
from ..edm.rows import BIND, ETAG, ID
from ..payload.codec import About, Shape
from ..payload.links import LinkForm, entity_path
from ..query.relations import constraint_of
from ..query.tree import Source
from ..uri.encoding import encode_segment
from ..uri.keys import print_predicate
from .addresses import address_behind, address_of, context_path
from .complexes import leading, without_keys
from .etags import etag_of
from .finding import One, Place


def told(rows: Iterable[Row], shape: Shape, place: Place, form: LinkForm) -> Iterable[Row]:
    """The rows, as they are read, with what their members do not say: ETags, and ids of entities that live within
    others; and without the keys of links, which are the backend's business."""
    base = _base(place, form)
    if base is not None and not shape.partial:
        kind = place.type
        rows = ({**row, ID: base + print_predicate(kind, kind.key_of(row), form.grammar)} for row in rows)
    if refers_within(shape):
        known = address_of(place, form) if isinstance(place, One) and place.trail else None
        rows = (_referred(row, shape, known or _path_of(row, shape, form), form) for row in rows)
    return _tagged(rows, shape)


@lru_cache(maxsize=512)
def refers_within(shape: Shape) -> bool:
    """Whether references to contained entities are written, which have no set of their own to be named by."""
    return any(
        (inner.source is None and name in shape.references) or refers_within(inner) for name, inner in shape.expand
    )


def _path_of(row: Row, shape: Shape, form: LinkForm) -> str | None:
    known = row.get(ID)
    return known if known is not None or shape.source is None else entity_path(shape.source, row, form)


def _referred(row: Row, shape: Shape, path: str | None, form: LinkForm) -> Row:
    """The row, in which contained entities that are expanded have ids: the path of their parent goes on to them."""
    found = dict(row)
    for name, inner in shape.expand:
        value = row.get(name)
        if isinstance(value, list | tuple):
            found[name] = [_child(item, inner, path, name, form, is_one=False) for item in value]
        elif value is not None:
            found[name] = _child(value, inner, path, name, form, is_one=True)
    return found


def _child(row: Row, shape: Shape, parent: str | None, name: str, form: LinkForm, *, is_one: bool) -> Row:
    kind = shape.type
    if shape.source is not None or parent is None or not isinstance(kind, EntityType):
        return _referred(row, shape, _path_of(row, shape, form), form)
    path = f"{parent}/{encode_segment(name)}"
    if not is_one:
        path += print_predicate(kind, kind.key_of(row), form.grammar)
    return {ID: path, **_referred(row, shape, path, form)}


def _base(place: Place, form: LinkForm) -> str | None:
    """The URL of the collection of contained entities that the rows are of."""
    owner, navigation = place.owner, place.navigation
    if not isinstance(place.type, EntityType) or place.source is not None or owner is None or owner.source is None:
        return None
    if navigation is None or not navigation.is_collection or not place.type.key:
        return None
    return address_behind(owner, navigation.name, form)


def _tagged(rows: Iterable[Row], shape: Shape) -> Iterable[Row]:
    """The rows with their ETags, and those within them; the same rows where no set has any, and no row has links."""
    if not (has_etags(shape) or has_links(shape)):
        return rows
    return (_tag(row, shape) for row in rows)


def _tag(row: Row, shape: Shape) -> Row:
    found = {name: value for name, value in row.items() if not name.endswith(BIND)}
    for name in leading(shape.type):
        if name in found:
            found[name] = without_keys(found[name])
    added = {prop.name for prop in shape.computed}
    etag = etag_of(shape.source, {name: row[name] for name in row if name not in added} if added else row)
    if etag is not None:
        found[ETAG] = etag
    for name, inner in shape.expand:
        value = row.get(name)
        if isinstance(value, list | tuple):
            found[name] = [_tag(item, inner) for item in value]
        elif value is not None:
            found[name] = _tag(value, inner)
    return found


def has_etags(shape: Shape) -> bool:
    """Whether any entity of the shape may have an ETag."""
    own = shape.source is not None and shape.source.concurrency_tokens is not None
    return own or any(has_etags(inner) for _, inner in shape.expand)


def has_links(shape: Shape) -> bool:
    """Whether rows of the shape may hold keys of what they are linked to."""
    return _links(shape.type) or any(has_links(inner) for _, inner in shape.expand)


@lru_cache(maxsize=512)
def _links(kind: StructuredType) -> bool:
    ways = [way for one in (kind, *kind.derived.values()) for way in one.navigation.values()]
    return bool(leading(kind)) or any(not (way.contains_target or constraint_of(way)) for way in ways)


def about_of(root: str, place: Place, form: LinkForm, **more: Any) -> About:
    """What stands around a place in an answer."""
    return About(root=root, path=context_path(place, form), **more)


def property_of(place: One, properties: Sequence[Property], name: str) -> Property:
    """The declared property behind a place, or one that stands for an item, a dynamic property or a result."""
    last = place.trail[-1] if place.trail else None
    if properties and last == properties[-1].name:
        return properties[-1]
    if properties and isinstance(last, int):
        whole = properties[-1]
        return Property(whole.name, whole.type, nullable=whole.nullable, facets=whole.facets)
    kind = place.type
    return Property(name or "value", kind, is_collection=isinstance(place.value, list))


def source_for(place: Place) -> Source | None:
    """The set of what is read; entities within others and complex values have none."""
    if not isinstance(place.type, EntityType) or (isinstance(place, One) and place.trail):
        return None
    return place.source
