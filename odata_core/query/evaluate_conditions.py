# Conditions in the evaluator: comparisons, three-valued logic, membership, lambdas (4.01 Part 2, 5.1.1.1 and 5.1.1.13).
# A condition is True, False or None. Comparisons and lambdas are never None: they say so for null themselves.

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import InvalidOperation
from typing import Any, Final

from ..edm import EntityType, EnumType
from ..edm.types import StructuredType
from .comparison import Form, enum_number, equality_form, equality_forms, kind_of
from .compiler import HERE, POOL, Closure, Compiler, Frame, Literals, constant_in, literal_reader
from .conversions import converter
from .evaluate_paths import items_of, type_test
from .tree import (
    UNTYPED,
    Bound,
    Compare,
    Constant,
    Has,
    In,
    IsOf,
    ListOf,
    Logic,
    Not,
    Path,
    Quantifier,
    Source,
    ValueType,
)

# 5.1.1.1.3 to 5.1.1.1.6: "If any operand is null, the operator returns false." That is false, not null: `not` of it
# is true. `ge` is not "`gt` or `eq`" for null: null equals null, and is neither greater nor less.
_ORDER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
# 5.1.1.1.7 and 5.1.1.1.8: null is unknown; one operand of this value decides whatever the others are.
_DECISIVE: Final[Mapping[str, bool]] = {"and": False, "or": True}


def condition(compiler: Compiler, bound: Bound) -> Closure:
    """A condition; a dynamic value that is no truth value is null."""
    value = compiler.value(bound)
    if bound.type is not UNTYPED:
        return value

    def truth(frame: Frame) -> bool | None:
        found = value(frame)
        return found if found is True or found is False else None

    return truth


# ------------------------------------------------------------------ comparisons


def compile_compare(compiler: Compiler, bound: Compare) -> Closure:
    if bound.operator in _ORDER:
        return _compile_order(compiler, bound)
    forms = equality_forms(_shape(bound.left), _shape(bound.right))
    left, right = formed(compiler, bound.left, forms[0]), formed(compiler, bound.right, forms[1])
    if _are_of_two_sets(bound.left, bound.right):  # two entities are never the same, but both may be null
        is_same: Closure = lambda frame: left(frame) is None and right(frame) is None  # noqa: E731
        return is_same if bound.operator == "eq" else lambda frame: not is_same(frame)
    # 5.1.1.1.1 and 5.1.1.1.2: null equals itself and only itself, so Python's None does as it is.
    if isinstance(bound.right, Constant):
        index = constant_in(compiler, bound.right, forms[1])
        if bound.operator == "eq":
            return lambda frame: left(frame) == frame[POOL][index]
        return lambda frame: left(frame) != frame[POOL][index]
    if bound.operator == "eq":
        return lambda frame: left(frame) == right(frame)
    return lambda frame: left(frame) != right(frame)


def _shape(bound: Bound) -> tuple[ValueType | None, bool]:
    return bound.type, bound.is_collection


def formed(compiler: Compiler, bound: Bound, form: Form | None) -> Closure:
    """The value of an operand in the form in which it is compared; null stays null."""
    if isinstance(bound, Constant):
        return compiler.at(constant_in(compiler, bound, form))
    value = compiler.value(bound)
    if form is None:
        return value

    def in_form(frame: Frame) -> Any:
        found = value(frame)
        return None if found is None else form(found)

    return in_form


def _are_of_two_sets(left: Bound, right: Bound) -> bool:
    if not isinstance(left.type, EntityType) or not isinstance(right.type, EntityType):
        return False
    one, other = _source(left), _source(right)
    return one is not None and other is not None and one is not other and not left.is_collection


def _source(bound: Bound) -> Source | None:
    """Where the entities of a path live, as far as the path says."""
    if not isinstance(bound, Path):
        return None
    for step in reversed(bound.steps):
        target: Source | None = getattr(step, "target", None)
        if target is not None or not isinstance(step.type, EntityType):
            return target
        if hasattr(step, "navigation"):
            return None
    source: Source | None = getattr(bound.start, "source", None)
    return source


def _compile_order(compiler: Compiler, bound: Compare) -> Closure:
    compare = _ORDER[bound.operator]
    kinds = (bound.left.type, bound.right.type)
    left = formed(compiler, bound.left, _order_form(kinds[0]))
    if isinstance(bound.right, Constant) and UNTYPED not in kinds:
        return _order_beside(compare, left, constant_in(compiler, bound.right, _order_form(kinds[1])))
    right = formed(compiler, bound.right, _order_form(kinds[1]))
    if UNTYPED in kinds:
        return _order_of_dynamic(compare, left, right)

    def ordered(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        if one is None or other is None:
            return False
        try:
            return compare(one, other)  # type: ignore[no-any-return]  # no operand here has any but bool
        except InvalidOperation:  # a Decimal beside NaN, which has no order; floats say False by themselves
            return False

    return ordered


def _order_beside(compare: Callable[[Any, Any], Any], left: Closure, index: int) -> Closure:
    """The commonest comparison, that with a constant, without calling for the constant."""

    def ordered(frame: Frame) -> bool:
        one, other = left(frame), frame[POOL][index]
        if one is None or other is None:
            return False
        try:
            return compare(one, other)  # type: ignore[no-any-return]  # as above
        except InvalidOperation:
            return False

    return ordered


def _order_form(kind: ValueType | None) -> Form | None:
    return equality_form(kind) if isinstance(kind, EnumType) else None


def _order_of_dynamic(compare: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    """Values of different kinds have no order, and objects and arrays have none at all."""

    def ordered(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        kind = kind_of(one)
        if kind is None or kind != kind_of(other):
            return False
        try:
            return bool(compare(one, other))
        except InvalidOperation:
            return False

    return ordered


# ------------------------------------------------------------------ logic


def compile_logic(compiler: Compiler, bound: Logic) -> Closure:
    decisive = _DECISIVE[bound.operator]
    operands = tuple([condition(compiler, operand) for operand in bound.operands])

    if len(operands) == 2:
        return _pair(decisive, *operands)

    def combine(frame: Frame) -> bool | None:
        result: bool | None = not decisive
        for operand in operands:
            value: bool | None = operand(frame)
            if value is None:
                result = None
            elif value is decisive:
                return decisive
        return result

    return combine


def _pair(decisive: bool, first: Closure, second: Closure) -> Closure:
    def combine(frame: Frame) -> bool | None:
        one: bool | None = first(frame)
        if one is decisive:
            return decisive
        other: bool | None = second(frame)
        return None if one is None and other is not decisive else other

    return combine


def compile_not(compiler: Compiler, bound: Not) -> Closure:
    operand = condition(compiler, bound.operand)

    def negate(frame: Frame) -> bool | None:
        value = operand(frame)
        return None if value is None else not value

    return negate


# ------------------------------------------------------------------ membership


def compile_in(compiler: Compiler, bound: In) -> Closure:
    """Whether the operand equals an item, as `eq` has it: null is in a list that has null (5.1.1.1.11)."""
    operand, items = bound.operand, bound.items
    if isinstance(items, ListOf):
        return _in_list(compiler, operand, items)
    form, form_of_items = equality_forms(_shape(operand), (items.type, items.is_collection and operand.is_collection))
    value, found = formed(compiler, operand, form), compiler.value(items)

    def is_in(frame: Frame) -> bool:
        wanted = value(frame)
        return any(
            wanted == (item if item is None or form_of_items is None else form_of_items(item))
            for item in items_of(found(frame))
        )

    return is_in


def _in_list(compiler: Compiler, operand: Bound, items: ListOf) -> Closure:
    kinds = {item.type for item in items.items if item.type is not None}
    beside = UNTYPED if UNTYPED in kinds else next(iter(kinds), None)
    value = formed(compiler, operand, equality_forms(_shape(operand), (beside, operand.is_collection))[0])
    forms = [
        equality_forms(_shape(operand), (beside if beside is UNTYPED else item.type, item.is_collection))[1]
        for item in items.items
    ]
    constants = [item for item in items.items if isinstance(item, Constant)]
    if len(constants) == len(items.items):
        index = compiler.prepared(_set_of(constants, forms))
        return lambda frame: value(frame) in frame[POOL][index]
    others = [formed(compiler, item, form) for item, form in zip(items.items, forms, strict=True)]

    def is_in(frame: Frame) -> bool:
        wanted = value(frame)
        return any(wanted == other(frame) for other in others)

    return is_in


def _set_of(constants: list[Constant], forms: list[Form | None]) -> Callable[[Literals], frozenset[Any]]:
    """The set of all values, made once per run. NaN is left out, since it is equal to nothing."""
    readers = [(literal_reader(constant), form) for constant, form in zip(constants, forms, strict=True)]

    def prepare(literals: Literals) -> frozenset[Any]:
        found = set()
        for read, form in readers:
            value = read(literals)
            value = value if value is None or form is None else form(value)
            if value == value:
                found.add(value)
        return frozenset(found)

    return prepare


def compile_has(compiler: Compiler, bound: Has) -> Closure:
    """Whether all flags are set; null where an operand is null (5.1.1.1.10), or no member of the enumeration."""
    kind = next((side.type for side in (bound.operand, bound.flags) if isinstance(side.type, EnumType)), None)
    if kind is None:
        return lambda frame: None
    form = _flags_of(kind)
    operand, flags = formed(compiler, bound.operand, form), formed(compiler, bound.flags, form)

    def has(frame: Frame) -> bool | None:
        value, wanted = operand(frame), flags(frame)
        return None if value is None or wanted is None else bool(value & wanted == wanted)

    return has


def _flags_of(kind: EnumType) -> Form:
    def number(value: Any) -> int | None:
        try:
            return enum_number(kind, value) if isinstance(value, str) else None
        except ValueError:
            return None

    return number


# ------------------------------------------------------------------ lambdas


def compile_quantifier(compiler: Compiler, bound: Quantifier) -> Closure:
    """`any` is true when the condition is true for an item, `all` when it is for every item (5.1.1.13).

    A condition that is null for an item is not true for it. A collection that is null has no items.
    """
    collection = compiler.value(bound.collection)
    if bound.variable is None or bound.condition is None:
        return lambda frame: bool(items_of(collection(frame)))
    index = compiler.reserve(bound.variable.index)
    holds = condition(compiler, bound.condition)
    decisive = bound.name == "any"

    def quantified(frame: Frame) -> bool:
        for item in items_of(collection(frame)):
            frame[index] = item
            if (holds(frame) is True) is decisive:
                return decisive
        return not decisive

    return quantified


# ------------------------------------------------------------------ types


def compile_isof(compiler: Compiler, bound: IsOf) -> Closure:
    """Whether a value could be cast to a type (5.1.1.10.2).

    Null is no instance of any type: "orders of a customer that is a VIPCustomer" leaves out those without a customer.
    """
    value: Closure = (lambda frame: frame[HERE]) if bound.operand is None else compiler.value(bound.operand)
    kind = compiler.here if bound.operand is None else bound.operand.type
    if isinstance(bound.target, StructuredType):
        test = type_test(bound.target, bound.names, kind)
    else:
        convert = converter(kind, bound.target)
        test = lambda item: item is not None and convert(item) is not None  # noqa: E731
    if bound.operand is not None and bound.operand.is_collection:
        return lambda frame: all(test(item) for item in items_of(value(frame)))
    return lambda frame: test(value(frame))
