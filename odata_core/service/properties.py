# Writing one property of an entity, or a part of it: complex values and what they hold, collections and their items,
# dynamic properties (4.01 Part 1, 11.4.9 and 11.4.10). The preconditions are those of the entity.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..edm import Property
from ..edm import primitives as edm
from ..errors import BadRequest, MethodNotAllowed
from ..query.resource import Kind
from ..query.tree import Dynamic
from ..uri.values import VALUE_READERS
from .actions import single
from .etags import check_write, etag_of
from .finding import One
from .reading import property_of
from .trails import GONE
from .unit import Unit
from .work import Reply, Work
from .writing import fixed_names


def write_property(work: Work, unit: Unit) -> Reply:
    """PUT or PATCH of a property, its raw value included; DELETE makes it null, empties a collection, or takes an item
    out of one (11.4.9 and 11.4.10)."""
    place = _settable_place(work, unit)
    _check_entity(work, unit, place)
    _check_settable(work, unit)
    prop = property_of(place, work.resource.properties, str(place.trail[-1]))
    if work.method == "DELETE":
        value: Any = GONE if isinstance(place.trail[-1], int) else [] if prop.is_collection else None
    else:
        value = _new_value(work, place, prop)
    if value is None and not prop.nullable:
        raise BadRequest(f"The property '{prop.name}' is not nullable.", target=prop.name)
    unit.writer.set_value(place, value, is_whole=work.replaces and isinstance(value, Mapping))
    unit.renew()
    if work.codec is None:
        return Reply(204, headers=work.applied, has_body=False)
    reply = single(work, unit, unit.finder.one(work.resource))
    return replace(reply, headers=(*reply.headers, *work.applied))


def _settable_place(work: Work, unit: Unit) -> One:
    """Where a value is to be put. A dynamic property that is not there is one that is null (11.4.9.2)."""
    steps = work.resource.steps
    owner = unit.finder.follow(steps[:-1])
    last = steps[-1]
    if isinstance(last, Dynamic) and isinstance(owner, One) and isinstance(owner.value, Mapping):
        value = owner.value.get(last.name)
        return replace(owner, value=value, type=last.type, trail=(*owner.trail, last.name))
    return unit.finder.one(work.resource)


def _check_settable(work: Work, unit: Unit) -> None:
    """A property that no update changes has nothing to be set (11.4.9.1)."""
    properties, hops = work.resource.properties, work.resource.hops
    kind = hops[-1].type if hops else None
    if not properties or kind is None:
        return
    fixed = fixed_names(unit.model, kind, is_update=True) | set(kind.key)
    if properties[0].name in fixed:
        raise MethodNotAllowed(f"The property '{properties[0].name}' cannot be changed.", allow=("GET", "HEAD"))


def _new_value(work: Work, place: One, prop: Property) -> Any:
    if work.resource.kind is Kind.VALUE:
        return _from_raw(work, prop)
    value = work.reader().read_property(work.request.body, prop, work.reading)
    merges = not work.replaces and isinstance(value, Mapping) and isinstance(place.value, Mapping)
    return {**place.value, **value} if merges else value


def _from_raw(work: Work, prop: Property) -> Any:
    if prop.type is edm.BINARY:
        return work.request.body
    try:
        text = work.request.body.decode("utf-8")
        return prop.accept(VALUE_READERS[prop.type.name](text) if prop.type is not edm.STRING else text)
    except (ValueError, KeyError, ArithmeticError) as error:
        raise BadRequest(f"The body is no raw value of type {prop.type_name}: {error}.") from None


def _check_entity(work: Work, unit: Unit, place: One) -> None:
    """The preconditions of a write to a part of an entity are those of the entity."""
    if place.source is None or place.root is None:
        raise MethodNotAllowed("What is not stored cannot be changed.", allow=("GET", "HEAD"))
    etag = etag_of(place.source, place.root)
    check_write(work.request.headers, etag, exists=True, is_required=work.needs_etag)
