# Query options: syntax -> bound options, in the order in which they apply: what $apply and $compute add has a name in
# all that come after them (4.01 Part 1, 11.2.1).
# Which options may stand on a resource is not decided here (`resource_options`), nor which stand in parentheses (the
# parser).

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ..edm.types import StructuredType
from ..errors import BadRequest, NotImplementedHere
from ..uri.syntax import ComputeItem, Options, Segment, Tree
from .apply import bind_apply, computed_field
from .expansions import bind_expand
from .fitting import settled
from .options import BoundOptions, Level
from .prepared import ORIGIN_BASE
from .projections import bind_projection
from .scope import Scope
from .search import search_of
from .selections import bind_select
from .tree import Computed

# Options whose value is taken as it is, and where it goes.
_PLAIN: Final[Mapping[str, str]] = {
    "$count": "count",
    "$inlinecount": "count",
    "$skip": "skip",
    "$top": "top",
    "$skiptoken": "skiptoken",
    "$deltatoken": "deltatoken",
    "$format": "format",
    "$id": "id",
    "$index": "index",
    "$schemaversion": "schemaversion",
}
_MOMENTS: Final = ("$at", "$from", "$to", "$toinclusive")


def bind_options(options: Options, scope: Scope, *, base: int = 0) -> BoundOptions:
    """The query options of a resource. Parameter aliases among them are known in all expressions.

    Literals count from one ORIGIN_BASE more in each text of the options, as they do where paths are bound.
    """
    if options.repeated:
        name = options.repeated[0]
        raise BadRequest(f"The query option '{name}' is given more than once.", target=name)
    texts = {name: (text, base + (index + 1) * ORIGIN_BASE) for index, (name, text) in enumerate(options.texts.items())}
    aliases = {**scope.aliases, **options.aliases}
    alias_texts = {**scope.alias_texts, **{name: texts[name] for name in options.aliases if name in texts}}
    known = replace(scope, aliases=aliases, alias_texts=alias_texts)
    return _bind(options, Level(known, 0, texts))


def _bind(options: Options, level: Level) -> BoundOptions:
    system = options.system
    for name in _MOMENTS:
        if name in system:
            raise NotImplementedHere(f"The query option '{name}' is not supported.", target=name)
    found: dict[str, Any] = {field: system[name] for name, field in _PLAIN.items() if name in system}
    for name, field, bind in _IN_ORDER:
        if name in system:
            _refuse_these(name, system[name], level.at(name))
            found[field], level = bind(system[name], level, level.at(name))
    if level.scope.grammar.nests_options:
        if "$select" in system:
            found["select"] = bind_select(system["$select"], level.at("$select"), bind_nested)
        if "$expand" in system:
            found["expand"] = bind_expand(system["$expand"], level.at("$expand"), bind_nested)
    else:
        found["select"], found["expand"] = bind_projection(
            system.get("$select"), system.get("$expand", ()), level.at("$select"), level.at("$expand")
        )
    return BoundOptions(**found, custom=options.custom)


def bind_nested(options: Options, level: Level) -> BoundOptions:
    """The options in parentheses behind a member. Their own aliases are known in them and further within."""
    scope = level.scope
    again = next((name for name in options.aliases if name in scope.aliases), None)
    if again is not None:
        level.fail(f"The parameter alias '{again}' is given more than once.", options.aliases[again].position)
    _refuse_foreign(options, level)
    if options.aliases:
        texts = dict.fromkeys(options.aliases, level.around)
        aliases = {**scope.aliases, **options.aliases}
        scope = replace(scope, aliases=aliases, alias_texts={**scope.alias_texts, **texts})
    return _bind(options, replace(level, scope=scope))


def _refuse_foreign(options: Options, level: Level) -> None:
    """An alias of an outer level is "evaluated relative to the resource context" there, whose row is not at hand here.

    A constant is the same everywhere.
    """
    known = level.scope.aliases
    used = {segment.name: segment.position for segment in _segments(options.system) if segment.name in known}
    for name, position in used.items():
        if any(not segment.name.startswith("@") for segment in _segments(known[name])):
            level.unsupported(f"The value of the parameter alias '{name}' cannot be used on another level.", position)


def _refuse_these(name: str, value: Any, level: Level) -> None:
    """`$these` may also stand in other options (Data Aggregation 4.0, 3.6); only $apply has all rows at hand here."""
    found = None if name == "$apply" else next((part for part in _segments(value) if part.name == "$these"), None)
    if found is not None:
        level.unsupported(f"'$these' is not supported in {name}, only in $apply.", found.position)


def _segments(value: Any) -> Iterator[Segment]:
    """All segments of paths within a piece of syntax, in order; in a loop, since a chain is as deep as it is long."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, Segment):
            yield part
        if isinstance(part, Tree):
            pending += [getattr(part, name) for name in reversed(part.__struct_fields__)]
        elif isinstance(part, tuple | list):
            pending += reversed(part)
        elif isinstance(part, Mapping):
            pending += reversed(tuple(part.values()))


Bind = Callable[[Any, Level, Level], tuple[Any, Level]]
"""From an option's value, the level and the level of its text: what it means, and the level of the options after it."""


def _apply(value: Any, level: Level, at: Level) -> tuple[Any, Level]:
    applied = bind_apply(value, level.scope, at.around[0])
    scope = replace(level.scope, kind=applied.kind_after, source=applied.source, computed=dict(applied.computed))
    return applied, replace(level, scope=scope)


def _compute(value: tuple[ComputeItem, ...], level: Level, at: Level) -> tuple[Any, Level]:
    """expression as name,...: later expressions may use the earlier names (Part 2, 5.1.9)"""
    scope = level.scope
    items: list[Computed] = []
    for item in value:
        _check_name(item, scope, at)
        bound = settled(replace(at, scope=scope).binder().expression(item.expression))
        items.append(Computed(item.name, bound))
        scope = replace(scope, computed={**scope.computed, item.name: computed_field(item.name, bound).step})
    return tuple(items), replace(level, scope=scope)


def _check_name(item: ComputeItem, scope: Scope, at: Level) -> None:
    """ "This name MUST differ from the names of declared or dynamic properties of the identified resources"."""
    kind, name = scope.kind, item.name
    known = {*kind.properties, *kind.navigation} if isinstance(kind, StructuredType) else set()
    if name in known or name in scope.computed:
        at.fail(f"'{name}' is the name of another property already.", item.expression.position)
    if "." in name or name.startswith(("$", "@")):
        at.fail(f"'{name}' cannot be the name of a computed property.", item.expression.position)


def _search(value: Any, level: Level, at: Level) -> tuple[Any, Level]:
    return search_of(value, level.scope.limits), level


def _filter(value: Any, level: Level, at: Level) -> tuple[Any, Level]:
    return at.binder().condition(value), level


def _order(value: Any, level: Level, at: Level) -> tuple[Any, Level]:
    return at.binder().order(value), level


_IN_ORDER: Final[tuple[tuple[str, str, Bind], ...]] = (
    ("$apply", "apply", _apply),
    ("$compute", "compute", _compute),
    ("$search", "search", _search),
    ("$filter", "filter", _filter),
    ("$orderby", "order", _order),
)
