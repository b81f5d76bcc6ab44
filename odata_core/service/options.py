# System query options of a request -> one bound value. What is unknown is 400, what is known and not built is 501, what
# does not apply to the resource is 400: no option is ever dropped.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..edm import Model
from ..errors import BadRequest, NotImplementedHere
from ..limits import Limits
from ..protocol import Profile
from ..query.option_binder import bind_options
from ..query.options import BoundOptions, Selection
from ..query.resource import Resource
from ..query.resource_options import Use, check_options
from ..query.scope import Scope
from ..query.tree import Bound, OrderBy
from ..uri.syntax import Options as Syntax

MAX_COUNT: Final = 2**31 - 1  # of $top and $skip: Int32 in every implementation


@dataclass(frozen=True, slots=True)
class Options:
    """The query options of a request; `custom` are those without `$`, which belong to the backend."""

    filter: Bound | None = None
    order: tuple[OrderBy, ...] = ()
    select: tuple[str, ...] | None = None
    top: int | None = None
    skip: int = 0
    count: bool = False
    format: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)


def settle_options(
    syntax: Syntax, resource: Resource, model: Model, profile: Profile, limits: Limits, use: Use
) -> Options:
    """All options, checked against the resource and what is done with it."""
    custom = dict(syntax.custom)  # of those given more than once the last counts
    if not syntax.system:
        return Options(custom=custom)
    for name in syntax.system:
        if not profile.options[name]:
            raise NotImplementedHere(f"The query option '{name}' is not supported.", target=name)
    check_options(syntax.system, resource, use)
    for name in ("$top", "$skip"):
        if syntax.system.get(name, 0) > MAX_COUNT:
            raise BadRequest(f"{name} must be a whole number from 0 to {MAX_COUNT}.", target=name)
    scope = Scope(model, profile.grammar, limits, resource.type, resource.source, resource.prefix)
    bound = bind_options(syntax, scope)
    return Options(
        bound.filter,
        bound.order,
        None if bound.select is None else _selected(bound, bound.select),
        bound.top,
        bound.skip or 0,
        bound.count,
        bound.format,
        custom,
    )


def _selected(bound: BoundOptions, select: Selection) -> tuple[str, ...] | None:
    """The selected names in the client's order, each once; None for everything."""
    if bound.expand or any(item.cast or item.selection or item.options for item in select.members):
        raise NotImplementedHere("A path in $select is not supported.", target="$select")
    if select.operations or select.schemas or select.annotations:
        raise NotImplementedHere("Selecting operations is not supported.", target="$select")
    return None if select.everything else tuple([item.name for item in select.members])
