# System query options of a request -> one bound value. What is unknown is 400, what is known and not built is 501, what
# does not apply to the resource is 400: no option is ever dropped.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..edm import Model
from ..errors import BadRequest, NotImplementedHere
from ..limits import Limits
from ..protocol import Profile
from ..query.option_binder import bind_options
from ..query.options import BoundOptions, Selection
from ..query.prepared import ORIGIN_BASE, PreparedQueries
from ..query.resource import Resource
from ..query.resource_options import Use, check_options
from ..query.scope import Scope
from ..query.tree import Bound, OrderBy
from ..uri import parse_query, split_query
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


class OptionBinder:
    """Binds the options of one service's requests; what options of one shape mean is found out once."""

    def __init__(self, model: Model, profile: Profile, limits: Limits, prepared: PreparedQueries) -> None:
        self.model = model
        self.profile = profile
        self.limits = limits
        self.prepared = prepared

    def settle(self, query: str, resource: Resource, use: Use) -> Options:
        """All options of a raw query string, checked against the resource and what is done with it."""
        pairs = split_query(query)
        texts = {name: text for name, text in pairs if name.startswith(("$", "@"))}
        custom = tuple([pair for pair in pairs if pair[0] not in texts])
        if not texts:
            return Options(custom=dict(custom))  # of those given more than once the last counts

        def bind(_texts: Mapping[str, str]) -> BoundOptions:
            grammar, known = self.profile.grammar, self.profile.options
            syntax = parse_query(query, grammar, self.limits, known)
            return _bind(syntax, resource, self.model, self.profile, self.limits, use)

        if len(texts) + len(custom) < len(pairs):
            return _options(bind(texts), custom)  # which refuses an option that is given twice
        place = (resource.kind, resource.type, resource.is_collection, resource.source, resource.prefix, use)
        return _options(self.prepared.prepare(texts, self.profile.grammar, place, bind).whole(), custom)


def _bind(syntax: Syntax, resource: Resource, model: Model, profile: Profile, limits: Limits, use: Use) -> BoundOptions:
    for name in syntax.system:
        if not profile.options[name]:
            raise NotImplementedHere(f"The query option '{name}' is not supported.", target=name)
    check_options(syntax.system, resource, use)
    for name in ("$top", "$skip"):
        if syntax.system.get(name, 0) > MAX_COUNT:
            raise BadRequest(f"{name} must be a whole number from 0 to {MAX_COUNT}.", target=name)
    scope = Scope(model, profile.grammar, limits, resource.type, resource.source, resource.prefix)
    # The first text's literals count from 0, as PreparedQueries has it.
    return bind_options(syntax, scope, base=-ORIGIN_BASE)


def _options(bound: BoundOptions, custom: Sequence[tuple[str, str]]) -> Options:
    return Options(
        bound.filter,
        bound.order,
        None if bound.select is None else _selected(bound, bound.select),
        bound.top,
        bound.skip or 0,
        bound.count,
        bound.format,
        dict(custom),
    )


def _selected(bound: BoundOptions, select: Selection) -> tuple[str, ...] | None:
    """The selected names in the client's order, each once; None for everything."""
    if bound.expand or any(item.cast or item.selection or item.options for item in select.members):
        raise NotImplementedHere("A path in $select is not supported.", target="$select")
    if select.operations or select.schemas or select.annotations:
        raise NotImplementedHere("Selecting operations is not supported.", target="$select")
    return None if select.everything else tuple([item.name for item in select.members])
