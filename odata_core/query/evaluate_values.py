# Computed values in the evaluator: arithmetic, functions, conversions, lists, and what is counted and aggregated.
# Strategy: operators and overloads are chosen by the types of the operands, once. Only where an operand is dynamic are
# they chosen per row, by the Python types of the values; where none fits, the result is null.

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from ..edm import EntityType, PrimitiveType
from ..edm import primitives as edm
from ..edm.types import StructuredType
from ..errors import BadRequest, NotImplementedHere
from .aggregates import METHODS
from .comparison import equality_form, free_form
from .compiler import HERE, POOL, RELATIONS, Closure, Compiler, Frame, constant_in
from .conversions import converter, type_of_value
from .evaluate_conditions import condition
from .evaluate_paths import compile_defined, items_of, type_test
from .functions import find_overload
from .operators import find_negation, find_operator
from .relations import Relations, key_reader
from .search import compile_search
from .tree import (
    UNTYPED,
    Aggregated,
    Arithmetic,
    Bound,
    Call,
    Case,
    Constant,
    Convert,
    Count,
    Filtered,
    Invoke,
    ListOf,
    Negate,
    Path,
    RecordOf,
    ValueType,
)

# ------------------------------------------------------------------ lists and objects


def compile_list(compiler: Compiler, bound: ListOf) -> Closure:
    items = [compiler.value(item) for item in bound.items]
    return lambda frame: [item(frame) for item in items]


def compile_record(compiler: Compiler, bound: RecordOf) -> Closure:
    members = [(name, compiler.value(value)) for name, value in bound.members]
    return lambda frame: {name: value(frame) for name, value in members}


# ------------------------------------------------------------------ arithmetic: null in, null out (5.1.1.2)


def compile_arithmetic(compiler: Compiler, bound: Arithmetic) -> Closure:
    left, right = compiler.value(bound.left), compiler.value(bound.right)
    kinds = bound.left.type, bound.right.type
    evaluate = _dynamic_operator(bound.operator) if UNTYPED in kinds else _operator(bound.operator, *kinds)

    def compute(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        return None if one is None or other is None else evaluate(one, other)

    return compute


def _operator(name: str, left: ValueType | None, right: ValueType | None) -> Callable[[Any, Any], Any]:
    if left is None or right is None:
        return lambda one, other: None
    row = (
        find_operator(name, left, right)
        if isinstance(left, PrimitiveType) and isinstance(right, PrimitiveType)
        else None
    )
    if row is None:
        raise BadRequest(f"The operator '{name}' cannot compute values of these types.")
    return row.evaluate


def _dynamic_operator(name: str) -> Callable[[Any, Any], Any]:
    def evaluate(one: Any, other: Any) -> Any:
        left, right = type_of_value(one), type_of_value(other)
        row = None if left is None or right is None else find_operator(name, left, right)
        return None if row is None else row.evaluate(one, other)

    return evaluate


def compile_negate(compiler: Compiler, bound: Negate) -> Closure:
    operand, kind = compiler.value(bound.operand), bound.operand.type
    row = find_negation(kind) if isinstance(kind, PrimitiveType) else None
    if row is None and kind is not None and kind is not UNTYPED:
        raise BadRequest("The operator '-' cannot compute a value of this type.")

    def negate(frame: Frame) -> Any:
        value = operand(frame)
        if value is None:
            return None
        found = row if row is not None else _dynamic_negation(value)
        return None if found is None else found.evaluate(value)

    return negate


def _dynamic_negation(value: Any) -> Any:
    kind = type_of_value(value)
    return None if kind is None else find_negation(kind)


# ------------------------------------------------------------------ functions: null in, null out (5.1.1.4)


def compile_invoke(compiler: Compiler, bound: Invoke) -> Closure:
    name, arguments = bound.function, bound.arguments
    if name == "now":
        return compiler.now()
    if name == "isdefined":
        argument = arguments[0]
        return compile_defined(compiler, argument) if isinstance(argument, Path) else lambda frame: True
    values = [compiler.value(argument) for argument in arguments]
    kinds = [(argument.type, argument.is_collection) for argument in arguments]
    if any(kind is UNTYPED for kind, _ in kinds):
        return _call(name, values, _dynamic_function(name))
    if any(kind is None and not is_collection for kind, is_collection in kinds):
        return lambda frame: None
    overload = find_overload(name, kinds)
    if overload is None:
        raise BadRequest(f"The function '{name}' does not take values of these types.")
    if isinstance(overload.result, PrimitiveType):
        values = [
            _comparable_items(value, kind) if many else value for value, (kind, many) in zip(values, kinds, strict=True)
        ]
    if len(arguments) == 2 and isinstance(arguments[1], Constant) and not arguments[1].is_collection:
        return _call_beside(name, values[0], constant_in(compiler, arguments[1], None), overload.evaluate)
    return _call(name, values, overload.evaluate)


def _comparable_items(value: Closure, kind: ValueType | None) -> Closure:
    """A collection that a function only compares: its items in the form in which they are equal."""
    form = equality_form(kind)
    if form is None:
        return value
    of_item = form

    def items(frame: Frame) -> Any:
        found = value(frame)
        return None if found is None else [None if item is None else of_item(item) for item in found]

    return items


def _call(name: str, values: list[Closure], evaluate: Callable[..., Any]) -> Closure:
    """A function of values; null where one of them is null."""
    if len(values) == 1:
        only = values[0]

        def call_one(frame: Frame) -> Any:
            value = only(frame)
            try:
                return None if value is None else evaluate(value)
            except (ValueError, ArithmeticError) as error:
                raise _failed(name, error) from None

        return call_one
    if len(values) == 2:
        first, second = values

        def call_two(frame: Frame) -> Any:
            one, other = first(frame), second(frame)
            try:
                return None if one is None or other is None else evaluate(one, other)
            except (ValueError, ArithmeticError) as error:
                raise _failed(name, error) from None

        return call_two

    def call(frame: Frame) -> Any:
        found = [value(frame) for value in values]
        try:
            return None if any(value is None for value in found) else evaluate(*found)
        except (ValueError, ArithmeticError) as error:
            raise _failed(name, error) from None

    return call


def _call_beside(name: str, first: Closure, index: int, evaluate: Callable[..., Any]) -> Closure:
    """The commonest call, with a constant behind a value, without calling for the constant."""

    def call(frame: Frame) -> Any:
        one, other = first(frame), frame[POOL][index]
        try:
            return None if one is None or other is None else evaluate(one, other)
        except (ValueError, ArithmeticError) as error:
            raise _failed(name, error) from None

    return call


def _failed(name: str, error: Exception) -> BadRequest:
    return BadRequest(f"The function '{name}' failed: {error}.")


def _dynamic_function(name: str) -> Callable[..., Any]:
    """A function whose overload is chosen by the values: null where there is none for their types."""

    def evaluate(*values: Any) -> Any:
        kinds = [_kind_of(value) for value in values]
        overload = find_overload(name, kinds)
        if overload is None:
            return None
        if isinstance(overload.result, PrimitiveType):
            values = tuple([free_form(value) if isinstance(value, list | tuple) else value for value in values])
        return overload.evaluate(*values)

    return evaluate


def _kind_of(value: Any) -> tuple[ValueType | None, bool]:
    return (UNTYPED, True) if isinstance(value, list | tuple) else (type_of_value(value), False)


# ------------------------------------------------------------------ types and cases


def compile_convert(compiler: Compiler, bound: Convert) -> Closure:
    """`cast`, item by item for collections; null where it fails (5.1.1.10.1)."""
    value: Closure = (lambda frame: frame[HERE]) if bound.operand is None else compiler.value(bound.operand)
    kind = compiler.here if bound.operand is None else bound.operand.type
    many = bound.operand is not None and bound.operand.is_collection
    convert = _conversion(bound, kind)
    if many is not bound.is_collection and kind is not UNTYPED:
        return lambda frame: None

    def converted(item: Any) -> Any:
        return None if item is None else convert(item)

    if not bound.is_collection:
        return lambda frame: converted(value(frame))

    def converted_items(frame: Frame) -> Any:
        found = value(frame)
        return [converted(item) for item in found] if isinstance(found, list | tuple) else None

    return converted_items


def _conversion(bound: Convert, kind: ValueType | None) -> Callable[[Any], Any]:
    if not isinstance(bound.type, StructuredType):
        return converter(kind, bound.type, dict(bound.facets))
    is_of = type_test(bound.type, bound.names, kind)
    return lambda value: value if is_of(value) else None


def compile_case(compiler: Compiler, bound: Case) -> Closure:
    """The value of the first condition that is true (5.1.1.12.1)."""
    branches = tuple([(condition(compiler, test), compiler.value(value)) for test, value in bound.branches])

    def choose(frame: Frame) -> Any:
        for test, value in branches:
            if test(frame) is True:
                return value(frame)
        return None

    return choose


# ------------------------------------------------------------------ collections, in whose conditions an item is at hand


def _with_each(compiler: Compiler, collection: Bound, inner: Callable[[Compiler], Closure]) -> Closure:
    """Pairs of an item and what `inner` makes of it while it is at hand."""
    items = compiler.value(collection)
    value = inner(compiler.on(collection.type))

    def pairs(frame: Frame) -> list[tuple[Any, Any]]:
        outer, found = frame[HERE], []
        for item in items_of(items(frame)):
            frame[HERE] = item
            found.append((item, value(frame)))
        frame[HERE] = outer
        return found

    return pairs


def compile_filtered(compiler: Compiler, bound: Filtered) -> Closure:
    pairs = _with_each(compiler, bound.collection, lambda inner: condition(inner, bound.condition))
    return lambda frame: [item for item, holds in pairs(frame) if holds is True]


def compile_count(compiler: Compiler, bound: Count) -> Closure:
    """How many items there are; none where the collection is null."""
    collection = bound.collection if bound.condition is None else Filtered(bound.collection, bound.condition)
    items = compiler.value(collection)
    if bound.search is None:
        return lambda frame: len(items_of(items(frame)))
    matches = compile_search(bound.search)
    return lambda frame: sum(matches(item) for item in items_of(items(frame)))


def compile_aggregated(compiler: Compiler, bound: Aggregated) -> Closure:
    """One value out of many, null ones left out (Data Aggregation 4.0, 3.2.1). Each entity is considered once."""
    method, expression, collection = bound.method, bound.expression, bound.collection
    if method is not None and method not in METHODS:
        raise NotImplementedHere(f"The aggregation method '{method}' is not supported.")
    once = _each_once(collection)
    if method is None or expression is None:
        items = compiler.value(collection)
        return lambda frame: _counted(len(once(items_of(items(frame)))), bound.type)
    kind, evaluate = expression.type, METHODS[method].evaluate
    inner = compiler.on(collection.type)
    items, value = compiler.value(collection), inner.value(expression)

    def aggregate(frame: Frame) -> Any:
        outer, values = frame[HERE], []
        for item in once(items_of(items(frame))):
            frame[HERE] = item
            found = value(frame)
            if found is not None:
                values.append(found)
        frame[HERE] = outer
        result = evaluate(values, kind)
        return _counted(int(result), bound.type) if method == "countdistinct" else result

    return aggregate


def _counted(count: int, kind: ValueType | None) -> int | Decimal:
    return Decimal(count) if kind is edm.DECIMAL else count


def _each_once(collection: Bound) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Leaves out the repetitions of an entity that a path through several collections reaches more than once."""
    if not isinstance(collection.type, EntityType) or not collection.type.key:
        return lambda items: items
    read_key = key_reader(collection.type)

    def once(items: Sequence[Any]) -> Sequence[Any]:
        found: dict[Any, Any] = {}
        for index, item in enumerate(items):
            key = read_key(item)
            found.setdefault(("no key", index) if key is None else (key,), item)
        return list(found.values())

    return once


# ------------------------------------------------------------------ functions of the model


def compile_call(compiler: Compiler, bound: Call) -> Closure:
    operation = bound.operation
    binding = None if bound.binding is None else compiler.value(bound.binding)
    parameters = [(name, compiler.value(value)) for name, value in bound.arguments]

    def call(frame: Frame) -> Any:
        relations: Relations | None = frame[RELATIONS]
        evaluate = None if relations is None else relations.operations.get(operation)
        if evaluate is None:
            raise NotImplementedHere(f"The function '{operation.qualified_name}' cannot be evaluated in an expression.")
        bound_to = () if binding is None else (binding(frame),)
        return evaluate(*bound_to, **{name: value(frame) for name, value in parameters})

    return call
