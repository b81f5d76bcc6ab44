# The bound tree: an expression whose names are members of the model and whose values have types. No version is left in
# it: `substringof('x',Name)` of v3 and `contains(Name,'x')` of v4 are the same Invoke here.
# A closed union of slotted classes; operators and functions are values. Walk it with `match` and `assert_never`.
# Every node has a `type` (None for null, UNTYPED for what only a row can tell) and an `is_collection`.

from __future__ import annotations

from dataclasses import field, replace
from typing import Any, ClassVar, Final

from ..edm import (
    ABSTRACT_TYPES,
    AnyType,
    ComplexType,
    EntitySet,
    EntityType,
    NavigationProperty,
    Operation,
    PrimitiveType,
    Property,
    Singleton,
)
from ..edm.primitives import BOOLEAN, INT64
from ..records import record
from ..uri.syntax import Search

ValueType = AnyType
Source = EntitySet | Singleton
UNTYPED: Final[PrimitiveType] = ABSTRACT_TYPES["Edm.Untyped"]
"""The type of a dynamic property of an open type: its values are compared as they come."""


# ------------------------------------------------------------------ values


PINNED: Final = -2  # what origins of pinned constants count down from


@record
class Constant:
    """A value; `type` is None for null. `origin` counts the literals of the text, -1 for a value that is none.

    The origin of a value for which no other literal may stand counts down from -2 (`pinned`).
    """

    value: Any
    type: ValueType | None
    is_collection: bool = False
    origin: int = field(default=-1, compare=False)

    def pinned(self) -> Constant:
        """The same value, for which no other literal may stand."""
        return replace(self, origin=PINNED - self.origin) if self.origin >= 0 else self


@record
class ListOf:
    """A list of values of one type: `(1,2)` behind `in`, or a JSON array."""

    items: tuple[Bound, ...]
    type: ValueType | None
    is_collection: ClassVar[bool] = True


@record
class RecordOf:
    """A JSON object: a complex value, or an entity, by the names of its members."""

    members: tuple[tuple[str, Bound], ...]
    type: ValueType | None
    is_collection: ClassVar[bool] = False


# ------------------------------------------------------------------ paths


@record
class Variable:
    """A row by name: `$it`, `$this`, or the variable of a lambda. `index` tells apart what is alive at a time."""

    name: str
    index: int
    type: ValueType
    source: Source | None = field(default=None, compare=False)  # where its entities live
    prefix: tuple[str, ...] = field(default=(), compare=False)  # the way from there to the rows
    is_collection: bool = False  # `$these` is all rows


@record
class Root:
    """`$root/Set(key)` or `$root/Singleton`; without a key a whole set."""

    source: Source
    key: tuple[Bound, ...] | None = None

    @property
    def type(self) -> EntityType:
        return self.source.type

    @property
    def is_collection(self) -> bool:
        return isinstance(self.source, EntitySet) and self.key is None


@record
class Follow:
    """A navigation property, the set or singleton where its targets live, and perhaps the key of one of them."""

    navigation: NavigationProperty
    target: Source | None = None
    key: tuple[Bound, ...] | None = None

    @property
    def type(self) -> EntityType:
        return self.navigation.target

    @property
    def is_collection(self) -> bool:
        return self.navigation.is_collection and self.key is None


@record
class Cast:
    """A type segment: values of other types are null, and are left out of a collection.

    `names` are the qualified names of the type and of all that derive from it.
    """

    type: ComplexType | EntityType
    names: frozenset[str] = field(default=frozenset(), compare=False)


@record
class Dynamic:
    """A property that only an open type's instance knows."""

    name: str
    type: ClassVar[PrimitiveType] = UNTYPED
    is_collection: ClassVar[bool] = False


Step = Property | Follow | Cast | Dynamic


@record
class Path:
    """Members in turn: `Owner/RoleID`, `Category/Products`, `d/Price`, `$root/Shops(1)/Name`.

    It begins at `start`: None is the row at hand, anything else a variable, a place under the service root, or the
    value of another expression. A step behind a collection applies to each of its items.
    """

    steps: tuple[Step, ...]
    start: Variable | Root | Bound | None = None

    @property
    def type(self) -> ValueType | None:
        if self.steps:
            return self.steps[-1].type
        assert self.start is not None, "a path without steps needs a start"
        return self.start.type

    @property
    def is_collection(self) -> bool:
        begins = self.start is not None and self.start.is_collection
        return begins or any(not isinstance(step, Cast) and step.is_collection for step in self.steps)


# ------------------------------------------------------------------ conditions


class _Condition:
    __slots__ = ()
    type: ClassVar[PrimitiveType] = BOOLEAN
    is_collection: ClassVar[bool] = False


@record
class Compare(_Condition):
    """`eq ne lt le gt ge` between two operands of comparable types (or null, or UNTYPED)."""

    operator: str
    left: Bound
    right: Bound


@record
class Logic(_Condition):
    """`and` or `or` of two or more conditions, in three-valued logic."""

    operator: str
    operands: tuple[Bound, ...]


@record
class Not(_Condition):
    """The negation of a condition; null stays null."""

    operand: Bound


@record
class In(_Condition):
    """Whether a value equals an item of a collection."""

    operand: Bound
    items: Bound


@record
class Has(_Condition):
    """Whether all flags of an enumeration's value are set."""

    operand: Bound
    flags: Bound


@record
class Quantifier(_Condition):
    """`any` or `all` over a collection. Without a variable: whether there is an item at all."""

    name: str
    collection: Bound
    variable: Variable | None = None
    condition: Bound | None = None


@record
class IsOf(_Condition):
    """Whether a value (None: the row at hand) is of a type; `names` as with Cast."""

    operand: Bound | None
    target: ValueType
    names: frozenset[str] = field(default=frozenset(), compare=False)


# ------------------------------------------------------------------ computed values


@record
class Arithmetic:
    """`add sub mul div divby mod`; the types of the operands decide how (query.operators)."""

    operator: str
    left: Bound
    right: Bound
    type: ValueType | None
    is_collection: ClassVar[bool] = False


@record
class Negate:
    """The unary minus."""

    operand: Bound
    type: ValueType | None
    is_collection: ClassVar[bool] = False


@record
class Invoke:
    """A canonical function by its 4.01 name; the types of the arguments tell the overload (query.functions)."""

    function: str
    arguments: tuple[Bound, ...]
    type: ValueType | None
    is_collection: bool = False


@record
class Convert:
    """`cast(value,Type)`: null where the value cannot be of that type. `operand` None: the row at hand."""

    operand: Bound | None
    type: ValueType
    is_collection: bool = False
    names: frozenset[str] = field(default=frozenset(), compare=False)
    facets: tuple[tuple[str, Any], ...] = ()


@record
class Case:
    """`case(condition:value,...)`: the value of the first condition that is true, else null."""

    branches: tuple[tuple[Bound, Bound], ...]
    type: ValueType | None
    is_collection: bool = False


@record
class Count:
    """`/$count`: how many items a collection has, of those that meet the condition and the search.

    In `condition` the row at hand is the item.
    """

    collection: Bound
    condition: Bound | None = None
    search: Search | None = None
    type: ClassVar[PrimitiveType] = INT64
    is_collection: ClassVar[bool] = False


@record
class Filtered:
    """The items of a collection that meet a condition, in which the row at hand is the item."""

    collection: Bound
    condition: Bound

    @property
    def type(self) -> ValueType | None:
        return self.collection.type

    is_collection: ClassVar[bool] = True


@record
class Call:
    """A function of the model, bound to a value or not; only a service that has it can evaluate it."""

    operation: Operation
    arguments: tuple[tuple[str, Bound], ...]
    binding: Bound | None = None

    @property
    def type(self) -> ValueType | None:
        return None if self.operation.returns is None else self.operation.returns.type

    @property
    def is_collection(self) -> bool:
        return self.operation.returns is not None and self.operation.returns.is_collection


@record
class Aggregated:
    """`collection/aggregate(expression with method)`: one value out of many; in `expression` the row is the item.

    `method` is sum, min, max, average, countdistinct, a custom one's qualified name, or None for `$count`.
    """

    collection: Bound
    expression: Bound | None
    method: str | None
    type: ValueType | None
    is_collection: ClassVar[bool] = False


# ------------------------------------------------------------------ recursive hierarchies


@record
class Hierarchy:
    """A recursive hierarchy (Data Aggregation 4.0, 5.5.2), as the annotation of its nodes' type with a qualifier says.

    `nodes` begins with `$root`; from a node, `identifier` leads to what tells it from the others, and `parents` to the
    identifiers of its parents. Whatever is not among the nodes is no parent.
    """

    qualifier: str
    nodes: Path
    identifier: Path
    parents: Path


@record
class HierarchyTest(_Condition):
    """`Aggregation.isdescendant(...)` and its relatives (5.5.2.1), by name; `other` is a second node's identifier."""

    name: str
    hierarchy: Hierarchy
    node: Bound
    other: Bound | None = None
    distance: int | None = None
    includes_self: bool = False


Bound = (
    Constant
    | ListOf
    | RecordOf
    | Path
    | Compare
    | Logic
    | Not
    | In
    | Has
    | Quantifier
    | IsOf
    | Arithmetic
    | Negate
    | Invoke
    | Convert
    | Case
    | Count
    | Filtered
    | Call
    | Aggregated
    | HierarchyTest
)


@record
class OrderBy:
    """One key of a sort order; null comes first when ascending (URL Conventions 5.1.4)."""

    expression: Bound
    descending: bool = False


@record
class Computed:
    """A property that a query adds to each row: `expression as name`."""

    name: str
    expression: Bound


def equalities(condition: Bound | None) -> dict[str, Any]:
    """What a condition demands of single properties: `{"VMId": ...}` for `VMId eq ... and ...`.

    A backend may use it to look in fewer places; the whole condition must still hold.
    """
    match condition:
        case Compare("eq", Path((Property() as prop,), None), Constant(value)) | Compare(
            "eq", Constant(value), Path((Property() as prop,), None)
        ):
            return {prop.name: value}
        case Logic("and", operands):
            found: dict[str, Any] = {}
            for operand in operands:
                found.update(equalities(operand))
            return found
        case _:
            return {}
