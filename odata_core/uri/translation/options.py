# Query options of one dialect in another. Options that only one dialect has are left to the printer to refuse.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...errors import BadRequest
from ..constructs import CONSTRUCTS, OPTIONS, has, require, unsayable
from ..grammars import Grammar
from ..query_options import READERS, option_name
from ..syntax import Options, OrderByItem
from .expressions import translate_expression
from .formats import translate_format
from .projections import flatten, nest

_SYSTEM: Final = frozenset(READERS)
_RENAMED: Final = {"$inlinecount": "$count", "$count": "$inlinecount"}


def translate_options(options: Options, source: Grammar, target: Grammar) -> Options:
    """The options of a URL, by the names and in the forms of the target."""
    for name in options.system:
        require(OPTIONS, name, source)
    system = {_renamed(n, target): _value(n, v, source, target) for n, v in options.system.items()}
    aliases = {name: translate_expression(value, source, target) for name, value in options.aliases.items()}
    for name, _value_text in options.custom:
        _check_custom(name, target)
    repeated = tuple([_renamed(name, target) for name in options.repeated])
    return Options(_projected(system, source, target), aliases, options.custom, repeated)


def _renamed(name: str, target: Grammar) -> str:
    return name if has(OPTIONS, name, target) else _RENAMED.get(name, name)


def _value(name: str, value: Any, source: Grammar, target: Grammar) -> Any:
    match name:
        case "$filter":
            return translate_expression(value, source, target)
        case "$orderby":
            return tuple([_order(item, source, target) for item in value])
        case "$format":
            return translate_format(value, source, target)
        case _:
            return value


def _order(item: OrderByItem, source: Grammar, target: Grammar) -> OrderByItem:
    return OrderByItem(translate_expression(item.expression, source, target), item.descending)


def _projected(system: Mapping[str, Any], source: Grammar, target: Grammar) -> dict[str, Any]:
    """$select and $expand, as paths or with options in each other."""
    was_nested, is_nested = (has(CONSTRUCTS, "nested options", grammar) for grammar in (source, target))
    if was_nested == is_nested or not ("$select" in system or "$expand" in system):
        return dict(system)
    select, expand = system.get("$select"), system.get("$expand", ())
    select, expand = nest(select, expand, source) if is_nested else flatten(select, expand, target)
    found = {"$select": select, "$expand": expand or None}
    rest = {name: value for name, value in system.items() if name not in found}
    return rest | {name: value for name, value in found.items() if value is not None}


def _check_custom(name: str, target: Grammar) -> None:
    """A custom option must not become a system option: 4.01 knows those without the dollar sign, too."""
    try:
        is_custom = option_name(name, target, _SYSTEM) is None
    except BadRequest:
        is_custom = False
    if not is_custom:
        raise unsayable(f"the custom option '{name[:50]}'", "it would be a system query option", target)
