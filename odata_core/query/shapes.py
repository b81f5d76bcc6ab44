# The shape of rows within $apply: what a row of the input type still has, and what was added to it.
# All rows of a pipeline are of the input type (Data Aggregation 4.0, 3.1.1): some members are aggregated away, which
# means null in an expression, and others are added under an alias. A shape is that difference, as a value.
# Records are the rows themselves; they know whether they have an identity.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from ..edm import ComplexType, EntityType, EnumType, NavigationProperty, PrimitiveType, Property
from ..records import record
from .tree import UNTYPED, Follow, Source, ValueType

Structured = ComplexType | EntityType
Added = Property | Follow
"""A step to what a query added to a row."""


class Record(dict[str, Any]):
    """A row that a query made. A member that it lacks was aggregated away, and reads as null."""

    __slots__ = ("is_transient",)

    def __init__(self, members: Mapping[str, Any] = {}, *, is_transient: bool = False) -> None:
        super().__init__(members or {})
        self.is_transient = is_transient  # an entity without identity

    def __missing__(self, name: str) -> None:
        return None


def copy_of(row: Mapping[str, Any]) -> Record:
    """A record with the members of a row, and its identity."""
    return Record(row, is_transient=getattr(row, "is_transient", False))


@record
class Field:
    """A member that rows have. `shape` is that of a structured value, None for the whole value as the model has it.

    `is_sure`: every row has it, not only some. `is_expanded`: a navigation property that is part of the result though
    no $expand names it.
    """

    step: Added
    shape: Shape | None = None
    is_sure: bool = True
    is_expanded: bool = True


@record
class Shape:
    """What rows of a type have: all declared properties (`is_whole`) or not, and the named fields.

    `is_mixed`: some rows have all declared properties, and others have not.
    """

    kind: Structured
    is_whole: bool = True
    fields: Mapping[str, Field] = field(default_factory=dict)
    is_mixed: bool = False

    def adding(self, fields: Mapping[str, Field]) -> Shape:
        """The same rows with more members."""
        return replace(self, fields={**self.fields, **fields})

    def merged(self, other: Shape) -> Shape:
        """The shape of rows of either shape."""
        names = [*self.fields, *[name for name in other.fields if name not in self.fields]]
        fields = {name: _either(name, self, other) for name in names}
        is_whole = self.is_whole and other.is_whole
        has_whole = any(one.is_whole or one.is_mixed for one in (self, other))
        return Shape(self.kind, is_whole, fields, has_whole and not is_whole)


def _either(name: str, one: Shape, other: Shape) -> Field:
    left, right = one.fields.get(name), other.fields.get(name)
    if left is None or right is None:
        found = left or right
        assert found is not None, "the name is from one of the two"
        without = other if left is not None else one
        return replace(found, is_sure=found.is_sure and without.is_whole and name in without.kind.properties)
    step = left.step if _type_and_count(left.step) == _type_and_count(right.step) else Property(name, UNTYPED)
    shape = left.shape if left.shape is None or right.shape is None else left.shape.merged(right.shape)
    if (left.shape is None) is not (right.shape is None):
        shape = None
    return Field(step, shape, left.is_sure and right.is_sure, left.is_expanded or right.is_expanded)


def _type_and_count(step: Added) -> tuple[Any, bool]:
    return (step.navigation.target if isinstance(step, Follow) else step.type, step.is_collection)


def added(name: str, kind: ValueType | None, *, is_collection: bool = False, source: Source | None = None) -> Added:
    """A step to a value of a type under an alias: a navigation property for entities, else a property."""
    if isinstance(kind, EntityType):
        return Follow(NavigationProperty(name, kind, is_collection), source)
    return Property(name, kind if kind is not None else UNTYPED, is_collection)


def typed_by(shape: Shape, steps: Mapping[str, Added]) -> Structured:
    """A type with the added members as well, for values that stand under an alias; not registered in any model."""
    kind = shape.kind
    if not steps:
        return kind
    properties = {name: step for name, step in steps.items() if isinstance(step, Property)}
    navigation = {name: step.navigation for name, step in steps.items() if isinstance(step, Follow)}
    if isinstance(kind, EntityType):
        made: Structured = EntityType(kind.namespace, kind.name, kind)
    else:
        made = ComplexType(kind.namespace, kind.name, kind)
    made.own_properties, made.own_navigation = properties, navigation
    made.seal()
    return made


def is_primitive(kind: ValueType | None) -> bool:
    """Whether values are single and unstructured, as far as the model tells."""
    return kind is None or isinstance(kind, PrimitiveType | EnumType)
