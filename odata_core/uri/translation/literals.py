# Literals and names of primitive types: what a type is called in another dialect, and its values there.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...edm import Duration, PrimitiveType, TimeOfDay, Timestamp
from ...edm import primitives as edm
from ...records import record
from ..constructs import CONSTRUCTS, QUOTED_MEMBERS, TYPES, has, require, unsayable
from ..grammars import Grammar
from ..literals_v4 import Unreadable
from ..syntax import EnumLiteral, Literal


@record
class Substitute:
    """The type that stands for another where that does not exist, and a value in it."""

    type: PrimitiveType
    value: Callable[[Any], Any]


def _in_utc(value: Timestamp) -> Timestamp:
    return value if value.offset is not None else Timestamp(value.ticks, 0)


SUBSTITUTES: Final[Mapping[str, Substitute]] = {
    "Edm.DateTime": Substitute(edm.DATETIME_OFFSET, _in_utc),
    "Edm.Time": Substitute(edm.TIME_OF_DAY, lambda value: TimeOfDay(value.ticks)),
    "Edm.TimeOfDay": Substitute(edm.TIME, lambda value: Duration(value.ticks)),
}
"""Edm.DateTimeOffset is of all dialects, so that nothing becomes Edm.DateTime."""

_COLLECTION: Final = re.compile(r"Collection\((.*)\)")


def translate_literal(node: Literal, target: Grammar) -> Literal:
    """A literal in the type that the target has for it."""
    if node.type is None:
        return node
    if isinstance(node.value, Unreadable):
        if node.value.nearest is not None and not target.has_case:
            return translate_literal(Literal(node.value.nearest, node.type, node.position), target)
        return _unreadable(node, node.type, node.value, target)
    substitute = SUBSTITUTES.get(node.type.name)
    if has(TYPES, node.type.name, target) or substitute is None:
        return node
    return Literal(substitute.value(node.value), substitute.type, node.position)


def _unreadable(node: Literal, kind: PrimitiveType, value: Unreadable, target: Grammar) -> Literal:
    """Shapes are spelled alike wherever they exist; of other types there is no value to spell."""
    require(TYPES, kind.name, target)
    if not kind.name.startswith("Edm.Geo"):
        raise unsayable(f"the literal '{value.text[:50]}'", value.reason, target)
    return node


def translate_member(node: EnumLiteral, target: Grammar) -> EnumLiteral | Literal:
    """Members of an enumeration: with their type, or as a string where the dialect writes them so."""
    if not has(CONSTRUCTS, "enumeration", target) and target.name in QUOTED_MEMBERS:
        return Literal(node.text, edm.STRING, node.position)
    return node


def translate_type(name: str, target: Grammar) -> str:
    """The name of a type, perhaps `Collection(...)`, in cast and isof."""
    collection = _COLLECTION.fullmatch(name)
    if collection is not None:
        return f"Collection({translate_type(collection[1], target)})"
    if has(TYPES, name, target):
        return name
    if name not in SUBSTITUTES:
        raise unsayable(f"the type {name}", TYPES[name].absent, target)
    return SUBSTITUTES[name].type.name
