# System query options of a request -> one bound value. What is unknown is 400, what is known and not built is 501, what
# does not apply to the resource is 400: no option is ever dropped.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from ..edm import Model
from ..errors import BadRequest, NotImplementedHere
from ..limits import Limits
from ..protocol import Profile
from ..query.option_binder import bind_options
from ..query.options import BoundOptions
from ..query.prepared import ORIGIN_BASE, PreparedQueries
from ..query.resource import Resource
from ..query.resource_options import Use, check_options
from ..query.scope import Scope
from ..records import record
from ..uri import parse_query, split_query
from ..uri.syntax import Options as Syntax

MAX_COUNT: Final = 2**31 - 1  # of $top and $skip: Int32 in every implementation
_NOTHING: Final = BoundOptions()


@record
class Given:
    """The query options of a request as texts: system ones with aliases, and those without `$` or `@`.

    `is_odd` where the query string says more than these: an option given twice, or a fragment.
    """

    system: Mapping[str, str]
    custom: Mapping[str, str]
    is_odd: bool = False

    @property
    def has_aliases(self) -> bool:
        """Whether some are parameter aliases, which the path may use, too."""
        return any(name[0] == "@" for name in self.system)


NOTHING_GIVEN: Final = Given({}, {})


def given_options(query: str, profile: Profile) -> Given:
    """What a raw query string says; names are those of the version, however they are written."""
    if not query:
        return NOTHING_GIVEN
    pairs: Sequence[tuple[str, str]] = split_query(query)
    if profile.grammar.folds_case:
        pairs = [(known_name(name, profile), text) for name, text in pairs]
    system = {name: text for name, text in pairs if name.startswith(("$", "@"))}
    custom = dict([pair for pair in pairs if pair[0] not in system])  # of those given more than once the last counts
    return Given(system, custom, len(system) + len(custom) < len(pairs) or "#" in query)


@record
class Options:
    """The query options of a request; `custom` are those without `$`, which belong to the backend."""

    bound: BoundOptions = _NOTHING
    custom: Mapping[str, str] = field(default_factory=dict)


class OptionBinder:
    """Binds the options of one service's requests; what options of one shape mean is found out once."""

    def __init__(self, model: Model, limits: Limits, prepared: PreparedQueries) -> None:
        self.model = model
        self.limits = limits
        self.prepared = prepared

    def settle(self, query: str, given: Given, resource: Resource, use: Use, profile: Profile) -> BoundOptions:
        """All options of a raw query string, checked against the resource and what is done with it."""
        if not given.system:
            return _NOTHING

        def bind(_texts: Mapping[str, str]) -> BoundOptions:
            # The first text's literals count from 0, as PreparedQueries has it.
            return self.bind(query, resource, use, profile, base=-ORIGIN_BASE)

        if given.is_odd:
            return bind(given.system)  # which refuses an option that is given twice, and a fragment
        place = (profile, resource.kind, resource.type, resource.is_collection, resource.source, resource.prefix, use)
        return self.prepared.prepare(given.system, profile.grammar, place, bind).whole()

    def bind(self, query: str, resource: Resource, use: Use, profile: Profile, *, base: int) -> BoundOptions:
        """The same, the long way; `base` is where the origins of literals count from."""
        syntax: Syntax = parse_query(query, profile.grammar, self.limits, profile.options)
        for name in syntax.system:
            if not profile.options[name]:
                raise NotImplementedHere(f"The query option '{name}' is not supported.", target=name)
        check_options(syntax.system, resource, use)
        for name in ("$top", "$skip"):
            if syntax.system.get(name, 0) > MAX_COUNT:
                raise BadRequest(f"{name} must be a whole number from 0 to {MAX_COUNT}.", target=name)
        scope = Scope(self.model, profile.grammar, self.limits, resource.type, resource.source, resource.prefix)
        return bind_options(syntax, scope, base=base)


def known_name(name: str, profile: Profile) -> str:
    """The name of a system query option however 4.01 lets it be written: in any case, without `$`."""
    if name.startswith("@"):
        return name
    low = name.lower()
    dollar = low if low.startswith("$") else f"${low}"
    return dollar if dollar in profile.options else name
