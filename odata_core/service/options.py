# System query options: decoded pairs -> one bound value. What is unknown is 400, what is known and not built is 501,
# what does not apply to the resource is 400: no option is ever dropped.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..edm import EntityType
from ..errors import BadRequest, NotImplementedHere, suggestion
from ..limits import Limits
from ..query.binder import Binder
from ..query.resource import Kind, Resource
from ..query.tree import Bound, OrderBy
from ..uri import Dialect, parse_expression, parse_order, parse_select

MAX_COUNT: Final = 2**31 - 1  # of $top and $skip: Int32 in every implementation

_ENTITY_OPTIONS: Final = frozenset({"$select", "$format"})
_FORMAT_ONLY: Final = frozenset({"$format"})
APPLICABLE: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.ROOT: _FORMAT_ONLY,
    Kind.METADATA: _FORMAT_ONLY,
    Kind.BATCH: frozenset(),
    Kind.COLLECTION: frozenset({"$filter", "$orderby", "$top", "$skip", "$inlinecount", *_ENTITY_OPTIONS}),
    Kind.ENTITY: _ENTITY_OPTIONS,
    Kind.PROPERTY: _FORMAT_ONLY,
    Kind.VALUE: frozenset(),
    # /$count respects what chooses entities and refuses what only shapes a page (Protocol 3.0, 10.2.5).
    Kind.COUNT: frozenset({"$filter"}),
    Kind.LINKS: frozenset({"$filter", "$orderby", "$top", "$skip", "$format"}),
}
"""The system query options that may be given for each kind of resource."""

WRITE_OPTIONS: Final = _ENTITY_OPTIONS


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


def split_options(pairs: Sequence[tuple[str, str]], dialect: Dialect) -> tuple[dict[str, str], dict[str, str]]:
    """System and custom options by name. A system option may be given once; of custom ones the last counts."""
    system: dict[str, str] = {}
    custom: dict[str, str] = {}
    for name, value in pairs:
        if not name.startswith("$"):
            custom[name] = value
        elif name not in dialect.options:
            raise BadRequest(
                f"The query parameter '{name[:100]}' begins with a system-reserved '$' character but is not recognized."
                f"{suggestion(name[:100], dialect.options)}",
                target=name[:100],
            )
        elif name in system:
            raise BadRequest(f"The query option '{name}' is given more than once.", target=name)
        else:
            system[name] = value
    return system, custom


def bind_options(
    pairs: Sequence[tuple[str, str]], resource: Resource, dialect: Dialect, limits: Limits, *, is_write: bool
) -> Options:
    """All options, checked against the resource."""
    system, custom = split_options(pairs, dialect)
    allowed = APPLICABLE[resource.kind] & WRITE_OPTIONS if is_write else APPLICABLE[resource.kind]
    for name in system:
        if not dialect.options[name]:
            raise NotImplementedHere(f"The query option '{name}' is not supported.", target=name)
        if name not in allowed:
            what = f"a request that writes {resource.kind.value}" if is_write else resource.kind.value
            raise BadRequest(f"The query option '{name}' cannot be applied to {what}.", target=name)
    if not system:
        return Options(custom=custom)
    kind = resource.entity_type if resource.hops else None
    return Options(
        filter=_bind_filter(system, kind, dialect, limits),
        order=_bind_order(system, kind, dialect, limits),
        select=_bind_select(system, kind, dialect, limits),
        top=_read_count(system, "$top"),
        skip=_read_count(system, "$skip") or 0,
        count=_read_inline_count(system, dialect),
        format=system.get("$format"),
        custom=custom,
    )


def _bind_filter(system: Mapping[str, str], kind: EntityType | None, dialect: Dialect, limits: Limits) -> Bound | None:
    text = system.get("$filter")
    if text is None or kind is None:
        return None
    return Binder(kind, dialect, limits, text).condition(parse_expression(text, dialect, limits))


def _bind_order(
    system: Mapping[str, str], kind: EntityType | None, dialect: Dialect, limits: Limits
) -> tuple[OrderBy, ...]:
    text = system.get("$orderby")
    if text is None or kind is None:
        return ()
    return Binder(kind, dialect, limits, text).order(parse_order(text, dialect, limits))


def _bind_select(
    system: Mapping[str, str], kind: EntityType | None, dialect: Dialect, limits: Limits
) -> tuple[str, ...] | None:
    """The selected names in the client's order, each once; None for everything."""
    text = system.get("$select")
    if text is None or kind is None:
        return None
    names = tuple(dict.fromkeys(parse_select(text, dialect, limits)))
    for name in names:
        if name not in kind.properties and name not in kind.navigation and name != "*":
            raise BadRequest(
                f"Could not find a property named '{name}' on type '{kind.qualified_name}'."
                f"{suggestion(name, [*kind.properties, *kind.navigation])}",
                target="$select",
            )
    return None if "*" in names else names


def _read_count(system: Mapping[str, str], name: str) -> int | None:
    text = system.get(name)
    if text is None:
        return None
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and int(digits) <= MAX_COUNT):
        raise BadRequest(f"{name} must be a whole number from 0 to {MAX_COUNT}, not '{text[:50]}'.", target=name)
    return int(digits)


def _read_inline_count(system: Mapping[str, str], dialect: Dialect) -> bool:
    text = system.get("$inlinecount")
    if text is None:
        return False
    if text not in dialect.count_values:
        raise BadRequest(
            f"$inlinecount must be one of {', '.join(dialect.count_values)}, not '{text[:50]}'.", target="$inlinecount"
        )
    return dialect.count_values[text]
