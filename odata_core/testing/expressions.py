# Hypothesis strategies for typed expressions of the whole language, over the rows of `expression_rows`.
# Strategy: one function draws an expression of a wanted type from what has such a type. Every literal has an origin, so
# that others can be put in its place.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..edm import EnumType, PrimitiveType
from ..edm import primitives as edm
from ..edm.types import StructuredType
from ..query.functions import CANONICAL_FUNCTIONS, Generic
from ..query.operators import NUMBERS, OPERATORS
from ..query.tree import (
    UNTYPED,
    Aggregated,
    Arithmetic,
    Bound,
    Case,
    Cast,
    Compare,
    Constant,
    Convert,
    Count,
    Dynamic,
    Filtered,
    Follow,
    Has,
    In,
    Invoke,
    IsOf,
    ListOf,
    Logic,
    Negate,
    Not,
    Path,
    Quantifier,
    Step,
    ValueType,
    Variable,
)
from .expression_rows import DERIVED, ITEM, MODEL, VALUES, names_of, values_of

# ------------------------------------------------------------------ expressions


@dataclass(frozen=True)
class Place:
    """What has a name where an expression stands."""

    here: ValueType
    variables: tuple[Variable, ...]
    origins: Any  # counts literals

    def roots(self) -> list[tuple[Variable | None, ValueType]]:
        return [(None, self.here), *[(variable, variable.type) for variable in self.variables]]


COMPARABLE: Final = tuple(kind for kind in VALUES if kind is not edm.BINARY)
_COLLECTIONS: Final = (edm.INT32, edm.DOUBLE, edm.STRING)


def conditions(depth: int = 3) -> SearchStrategy[Bound]:
    """Conditions over the rows of this module."""
    return _built(lambda draw, place: _condition(draw, place, depth))


def expressions(depth: int = 3) -> SearchStrategy[Bound]:
    """Expressions of any primitive type."""
    return _built(lambda draw, place: _value(draw, place, draw(st.sampled_from(list(VALUES))), depth))


def quantifiers(depth: int = 3) -> SearchStrategy[Bound]:
    """`any` and `all` over the collections of a row."""
    return _built(lambda draw, place: _quantified(draw, place, depth))


def _built(build: Callable[[DrawFn, Place], Bound]) -> SearchStrategy[Bound]:
    return st.composite(lambda draw: build(draw, Place(ITEM, (), count())))()


def _constant(draw: DrawFn, place: Place, kind: ValueType) -> Bound:
    if draw(st.integers(0, 9)) == 0:
        return Constant(None, None)
    return Constant(draw(values_of(kind)), kind, origin=next(place.origins))


def _path(draw: DrawFn, place: Place, kind: ValueType, many: bool = False) -> Bound | None:
    """A path to members of a type, perhaps by way of others; None where a place has none."""
    roots = [(root, start) for root, start in place.roots() if isinstance(start, StructuredType)]
    direct = [root for root, start in place.roots() if start is kind]
    if not many and direct and (not roots or draw(st.booleans())):
        root = draw(st.sampled_from(direct))
        return Path((), root or Variable("$this", 0, kind))
    if not roots:
        return None
    root, start = draw(st.sampled_from(roots))
    steps: list[Step] = []
    at: StructuredType = start
    passed = False
    for _ in range(draw(st.integers(0, 2))):
        step = draw(st.sampled_from(_ways(at, many)))
        steps.append(step)
        passed = passed or (not isinstance(step, Cast) and step.is_collection)
        at = step.type  # type: ignore[assignment]
    ends = [member for member in at.properties.values() if member.type is kind]
    ends = [member for member in ends if (member.is_collection or passed) is many]
    if not ends:
        steps, at = [], start
        ends = [m for m in at.properties.values() if m.type is kind and m.is_collection is many]
    return Path((*steps, draw(st.sampled_from(ends))), root) if ends else None


def _ways(kind: StructuredType, many: bool) -> list[Step]:
    """Steps from a structured type to another."""
    ways: list[Step] = [
        member
        for member in kind.properties.values()
        if isinstance(member.type, StructuredType) and (many or not member.is_collection)
    ]
    ways += [Follow(way) for way in kind.navigation.values() if many or not way.is_collection]
    for name in DERIVED.get(kind.qualified_name, ()):
        target = MODEL.types[name]
        ways.append(Cast(target, names_of(target)))  # type: ignore[arg-type]
    return ways or [Cast(kind, names_of(kind))]  # type: ignore[arg-type]


def _structured(draw: DrawFn, place: Place, many: bool) -> Bound | None:
    """A path to entities or complex values."""
    roots = [(root, start) for root, start in place.roots() if isinstance(start, StructuredType)]
    if not roots:
        return None
    root, start = draw(st.sampled_from(roots))
    ways = [way for way in _ways(start, many=True) if isinstance(way, Cast) or way.is_collection is many]
    if many:
        ways = [way for way in ways if not isinstance(way, Cast)]
    return Path((draw(st.sampled_from(ways)),), root) if ways else None


def _value(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    """An expression of a type."""
    if kind is edm.BOOLEAN:
        return _condition(draw, place, depth) if depth > 0 else _leaf(draw, place, depth)
    path = _path(draw, place, kind)
    if depth > 0 and draw(st.integers(0, 3)):
        make: Callable[..., Bound] = draw(st.sampled_from([make for make, kinds in _MAKERS if kind in kinds]))
        return make(draw, place, kind, depth)
    return path if path is not None and draw(st.booleans()) else _constant(draw, place, kind)


_OPERATORS: Final[Mapping[PrimitiveType, list[tuple[str, PrimitiveType, PrimitiveType]]]] = {
    kind: [
        key
        for key, row in OPERATORS.items()
        if row.result is kind and key[0] != "divby" and not (key[0] == "div" and kind is edm.DECIMAL)
    ]
    for kind in VALUES
}
"""The operators by the type of their result, without those whose result is rounded."""


def _arithmetic(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    name, left, right = draw(st.sampled_from(_OPERATORS[kind]))
    return Arithmetic(name, _value(draw, place, left, depth - 1), _value(draw, place, right, depth - 1), kind)


def _negation(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    return Negate(_value(draw, place, kind, depth - 1), kind)


_UNTESTED: Final = frozenset({"now", "matchesPattern", "isdefined", "geo.distance", "geo.intersects", "geo.length"})
_FUNCTIONS: Final[Mapping[PrimitiveType, list[tuple[str, tuple[Any, ...]]]]] = {
    kind: [
        (function.name, row.parameters)
        for function in CANONICAL_FUNCTIONS.values()
        for row in function.overloads
        if row.result is kind and function.name not in _UNTESTED
    ]
    for kind in VALUES
}


def _function(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    name, parameters = draw(st.sampled_from(_FUNCTIONS[kind]))
    item = draw(st.sampled_from(_COLLECTIONS))
    arguments = [
        _collection(draw, place, item, depth - 1)
        if isinstance(parameter, Generic)
        else _value(draw, place, parameter, depth - 1)
        for parameter in parameters
    ]
    return Invoke(name, tuple(arguments), kind)


def _collection(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    """A collection of values of a type."""
    path = _path(draw, place, kind, many=True)
    if path is not None and draw(st.integers(0, 3)):
        if depth > 0 and draw(st.booleans()):
            inner = replace(place, here=kind)
            return Filtered(path, _condition(draw, inner, depth - 1))
        return path
    items = [_value(draw, place, kind, depth - 1) for _ in range(draw(st.integers(0, 3)))]
    return ListOf(tuple(items), kind)


def _any_collection(draw: DrawFn, place: Place, depth: int) -> Bound:
    if draw(st.booleans()):
        found = _structured(draw, place, many=True)
        if found is not None:
            return found
    return _collection(draw, place, draw(st.sampled_from(_COLLECTIONS)), depth)


def _counted(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    collection = _any_collection(draw, place, depth - 1)
    if draw(st.booleans()) or collection.type is None:
        return Count(collection)
    return Count(collection, _condition(draw, replace(place, here=collection.type), depth - 1))


def _aggregated(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    collection = _structured(draw, place, many=True)
    if collection is None or collection.type is None:
        return _constant(draw, place, kind)
    inner = replace(place, here=collection.type)
    if kind is edm.DECIMAL and draw(st.booleans()):
        counted = draw(st.sampled_from((edm.STRING, edm.DOUBLE, edm.DATETIME_OFFSET)))
        return Aggregated(collection, _value(draw, inner, counted, depth - 1), "countdistinct", kind)
    method = draw(st.sampled_from(("min", "max") if kind is edm.INT32 else ("min", "max", "sum")))
    if kind is edm.DOUBLE and method == "sum":
        method = "max"
    return Aggregated(collection, _value(draw, inner, kind, depth - 1), method, kind)


def _case(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    branches = [
        (_condition(draw, place, depth - 1), _value(draw, place, kind, depth - 1))
        for _ in range(draw(st.integers(1, 2)))
    ]
    return Case(tuple(branches), kind)


_CASTS: Final = (*NUMBERS, edm.STRING, edm.BOOLEAN, edm.DATE, edm.DATETIME_OFFSET)


def _cast(draw: DrawFn, place: Place, kind: PrimitiveType, depth: int) -> Bound:
    source = draw(st.sampled_from(_CASTS))
    # How many zeros a computed decimal ends with is nobody's business, and would show in its text.
    is_text = kind is edm.STRING and source is edm.DECIMAL
    return Convert(_value(draw, place, source, 0 if is_text else depth - 1), kind)


_NEGATED: Final = (edm.INT16, edm.INT32, edm.INT64, edm.DOUBLE, edm.SINGLE, edm.DECIMAL, edm.DURATION)
_MAKERS: Final[tuple[tuple[Callable[..., Bound], Collection[PrimitiveType]], ...]] = (
    (_case, VALUES),
    (_cast, _CASTS),
    (_arithmetic, [kind for kind in VALUES if _OPERATORS[kind]]),
    (_function, [kind for kind in VALUES if _FUNCTIONS[kind]]),
    (_negation, _NEGATED),
    (_counted, (edm.INT64,)),
    (_aggregated, (edm.INT32, edm.DECIMAL, edm.DOUBLE)),
)
"""What can make values of which types."""


def _condition(draw: DrawFn, place: Place, depth: int) -> Bound:
    makers = [_compare, _compare, _flags, _is_null, _untyped, _types, _leaf]
    if depth > 0:
        makers += [_logic, _logic, _negated, _membership, _quantified, _quantified, _tested, _collections_equal, _sized]
    return draw(st.sampled_from(makers))(draw, place, depth)


def _leaf(draw: DrawFn, place: Place, depth: int) -> Bound:
    path = _path(draw, place, edm.BOOLEAN)
    return path if path is not None and draw(st.booleans()) else _constant(draw, place, edm.BOOLEAN)


_OPERATOR_NAMES: Final = ("eq", "ne", "lt", "le", "gt", "ge")


def _compare(draw: DrawFn, place: Place, depth: int) -> Bound:
    kind = draw(st.sampled_from(COMPARABLE))
    other = draw(st.sampled_from(NUMBERS)) if kind in NUMBERS else kind
    left, right = _value(draw, place, kind, depth - 1), _value(draw, place, other, depth - 1)
    return Compare(draw(st.sampled_from(_OPERATOR_NAMES)), left, right)


def _enum(draw: DrawFn, place: Place, kind: EnumType) -> Bound:
    path = _path(draw, place, kind)
    return path if path is not None and draw(st.booleans()) else _constant(draw, place, kind)


def _flags(draw: DrawFn, place: Place, depth: int) -> Bound:
    kind = MODEL.types[draw(st.sampled_from(("Trial.Color", "Trial.Rights")))]
    assert isinstance(kind, EnumType)
    left, right = _enum(draw, place, kind), _enum(draw, place, kind)
    if draw(st.booleans()):
        return Has(left, right)
    return Compare(draw(st.sampled_from(_OPERATOR_NAMES)), left, right)


def _is_null(draw: DrawFn, place: Place, depth: int) -> Bound:
    left = _structured(draw, place, many=False)
    if left is None:
        return _leaf(draw, place, depth)
    right = _structured(draw, place, many=False) if draw(st.booleans()) else None
    operand = right if right is not None and right.type is left.type else Constant(None, None)
    return Compare(draw(st.sampled_from(("eq", "ne"))), left, operand)


def _untyped(draw: DrawFn, place: Place, depth: int) -> Bound:
    roots = [root for root, start in place.roots() if isinstance(start, StructuredType)]
    if not roots:
        return _leaf(draw, place, depth)
    extra = Path((Dynamic("Extra"),), draw(st.sampled_from(roots)))
    kind = draw(st.sampled_from((edm.BOOLEAN, edm.INT32, edm.DOUBLE, edm.STRING, edm.DATE)))
    other = draw(st.sampled_from((extra, _constant(draw, place, kind))))
    if draw(st.integers(0, 3)) == 0:
        other = Invoke("tolower", (extra,), edm.STRING)
    if draw(st.integers(0, 3)) == 0:
        other = Arithmetic("add", extra, _constant(draw, place, edm.INT32), UNTYPED)
    return Compare(draw(st.sampled_from(_OPERATOR_NAMES)), extra, other)


def _types(draw: DrawFn, place: Place, depth: int) -> Bound:
    operand = _structured(draw, place, many=False)
    if operand is None or not isinstance(operand.type, StructuredType):
        return _leaf(draw, place, depth)
    derived = DERIVED.get(operand.type.qualified_name, ())
    target = MODEL.types[draw(st.sampled_from((operand.type.qualified_name, *derived)))]
    assert isinstance(target, StructuredType)
    return IsOf(operand, target, names_of(target))


def _logic(draw: DrawFn, place: Place, depth: int) -> Bound:
    operands = [_condition(draw, place, depth - 1) for _ in range(draw(st.integers(2, 3)))]
    return Logic(draw(st.sampled_from(("and", "or"))), tuple(operands))


def _negated(draw: DrawFn, place: Place, depth: int) -> Bound:
    return Not(_condition(draw, place, depth - 1))


def _membership(draw: DrawFn, place: Place, depth: int) -> Bound:
    kind = draw(st.sampled_from(COMPARABLE))
    operand = _value(draw, place, kind, depth - 1)
    if kind in _COLLECTIONS and draw(st.booleans()):
        return In(operand, _collection(draw, place, kind, depth - 1))
    if draw(st.booleans()):
        items = [_constant(draw, place, draw(st.sampled_from(NUMBERS)) if kind in NUMBERS else kind) for _ in range(3)]
    else:
        items = [_value(draw, place, kind, depth - 1) for _ in range(2)]
    return In(operand, ListOf(tuple(items), kind))


def _quantified(draw: DrawFn, place: Place, depth: int) -> Bound:
    collection = _any_collection(draw, place, depth - 1)
    if collection.type is None or draw(st.integers(0, 5)) == 0:
        return Quantifier("any", collection)
    variable = Variable(f"x{len(place.variables)}", 4 + len(place.variables), collection.type)
    inner = replace(place, variables=(*place.variables, variable))
    return Quantifier(draw(st.sampled_from(("any", "all"))), collection, variable, _condition(draw, inner, depth - 1))


def _tested(draw: DrawFn, place: Place, depth: int) -> Bound:
    return _function(draw, place, edm.BOOLEAN, depth)


def _collections_equal(draw: DrawFn, place: Place, depth: int) -> Bound:
    kind = draw(st.sampled_from(_COLLECTIONS))
    left, right = _collection(draw, place, kind, depth - 1), _collection(draw, place, kind, depth - 1)
    return Compare(draw(st.sampled_from(("eq", "ne"))), left, right)


def _sized(draw: DrawFn, place: Place, depth: int) -> Bound:
    size = Constant(draw(st.integers(0, 2)), edm.INT64, origin=next(place.origins))
    return Compare(draw(st.sampled_from(_OPERATOR_NAMES)), _counted(draw, place, edm.INT64, depth), size)
