# Hypothesis strategies for rows of any model, in the form of edm.rows, and for what a request wants of them.
# Strategy: one walk over types; a row is of its type or of one derived from it, holds all that this type has, perhaps
# dynamic properties, and where the shape says so related entities. Depth is bounded: behind it values are null or none.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..edm import ComplexType, EntityType, Property, StructuredType
from ..edm.primitives import GEO_TYPES, STREAM
from ..edm.rows import TYPE
from ..payload.codec import Shape
from ..query.scope import bound_source
from ..query.tree import Source
from .strategies import values_of

MAX_DEPTH: Final = 3
# Names that no type draws (model_names numbers what it repeats), and values whose type their Python form tells.
DYNAMIC_NAMES: Final = ("Dynamic_1", "Dynamic_2")
DYNAMIC_VALUES: Final = st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text("ab c", max_size=4)


def any_rows(kind: StructuredType, *, shape: Shape | None = None) -> SearchStrategy[dict[str, Any]]:
    """Complete rows of a type, or of types derived from it, with the related entities that a shape expands."""
    return _rows(kind, shape, MAX_DEPTH)


def any_shapes(source: Source) -> SearchStrategy[Shape]:
    """Everything that a set's entities have, with some of their navigation properties expanded, up to two deep."""
    return _shapes(source.type, source, 2)


@st.composite
def _shapes(draw: DrawFn, kind: EntityType, source: Source | None, depth: int) -> Shape:
    names = list(kind.navigation) if depth else []
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=2)) if names else []
    expand = []
    for name in chosen:
        way = kind.navigation[name]
        home = None if way.contains_target else bound_source(source, (), way)
        expand.append((name, draw(_shapes(way.target, home, depth - 1))))
    return Shape(kind, source, expand=tuple(expand))


@st.composite
def _rows(draw: DrawFn, declared: StructuredType, shape: Shape | None, depth: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(_concrete(declared)))
    row: dict[str, Any] = {} if kind is declared else {TYPE: kind.qualified_name}
    key = kind.key if isinstance(kind, EntityType) else ()
    for name, prop in kind.properties.items():
        row[name] = draw(_members(prop, depth, is_key=name in key))
    if kind.is_open:
        taken = kind.properties.keys() | kind.navigation.keys()
        for name in draw(st.lists(st.sampled_from(DYNAMIC_NAMES), unique=True)):
            if name not in taken:
                row[name] = draw(DYNAMIC_VALUES)
    for name, inner in shape.expand if shape is not None else ():
        row[name] = draw(_related(kind.navigation[name], inner, depth))
    return row


def _related(navigation: Any, shape: Shape, depth: int) -> SearchStrategy[Any]:
    rows = _rows(navigation.target, shape, depth - 1)
    if navigation.is_collection:
        return st.lists(rows, max_size=2)
    return st.none() | rows if navigation.nullable else rows


def _concrete(kind: StructuredType) -> Sequence[StructuredType]:
    """The types that values of a declared type can be of."""
    return [one for one in (kind, *kind.derived.values()) if not one.is_abstract]


def _members(prop: Property, depth: int, *, is_key: bool) -> SearchStrategy[Any]:
    if not isinstance(prop.type, ComplexType):
        values = values_of(prop)
        return values.map(_told_apart) if is_key else values
    if prop.is_collection:
        return st.lists(_rows(prop.type, None, depth - 1), max_size=2) if depth > 0 else st.just([])
    if depth <= 0 and prop.nullable:
        return st.none()
    rows = _rows(prop.type, None, depth - 1)
    return st.none() | rows if prop.nullable else rows


def _told_apart(value: Any) -> Any:
    """NaN differs from itself, so it is no key."""
    return 0.0 if value != value else value


NO_VALUES: Final = frozenset({STREAM.name, *[kind.name for kind in GEO_TYPES]})
"""Primitive types for which there are no values here."""
