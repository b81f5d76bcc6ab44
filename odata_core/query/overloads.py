# Overloads of the model's operations: which of them can be called here, which one a call means, and what its parameters
# take. Paths and expressions call operations alike, so both ask here (4.01 Part 1, 11.5.4.2).
# This module knows no text: whoever binds one says where in it the mistake is.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..edm import (
    ABSTRACT_TYPES,
    NOT_GIVEN,
    Model,
    Operation,
    Parameter,
    PrimitiveType,
    StructuredType,
    check_facets,
    name_of,
)
from ..errors import BadRequest
from .fitting import describe, fit_value, settled
from .tree import UNTYPED, Bound, Constant, ValueType

_ANY_PRIMITIVE = (ABSTRACT_TYPES["Edm.PrimitiveType"], UNTYPED)


# ------------------------------------------------------------------ candidates


def find_bound(
    model: Model,
    name: str,
    kind: ValueType | None,
    *,
    is_collection: bool,
    namespaces: Iterable[str] | None = None,
) -> list[Operation]:
    """The overloads of a name that can be called on a value of a type, or on many.

    A qualified name is that of its namespace, alias or container. An unqualified one may be of any of `namespaces`, or
    of any namespace at all where that is None.
    """
    if "." in name:
        found = list(model.find_operations(name))
    else:
        allowed = None if namespaces is None else set(namespaces)
        found = [
            operation
            for overloads in model.operations.values()
            for operation in overloads
            if operation.name == name and (allowed is None or operation.namespace in allowed)
        ]
    return [operation for operation in found if _binds(operation, kind, is_collection=is_collection)]


def _binds(operation: Operation, kind: ValueType | None, *, is_collection: bool) -> bool:
    binding = operation.binding
    if binding is None or kind is None or binding.is_collection is not is_collection:
        return False
    if isinstance(kind, StructuredType):
        return isinstance(binding.type, StructuredType) and kind.is_a(binding.type)
    return binding.type is kind or (binding.type in _ANY_PRIMITIVE and isinstance(kind, PrimitiveType))


def _by_depth(operations: Sequence[Operation]) -> list[list[Operation]]:
    """Groups of operations that are bound to one type, the most derived first; unbound ones are one group."""
    groups: dict[int, list[Operation]] = {}
    for operation in operations:
        kind = operation.binding.type if operation.binding is not None else None
        depth = 0
        while isinstance(kind, StructuredType):
            kind, depth = kind.base, depth + 1
        groups.setdefault(depth, []).append(operation)
    return [groups[depth] for depth in sorted(groups, reverse=True)]


def bindings_of(model: Model, name: str) -> str:
    """What the operations of a qualified name are bound to, for a message; '' where there is none."""
    kinds = [
        f"Collection({name_of(one.binding.type)})" if one.binding.is_collection else name_of(one.binding.type)
        for one in model.find_operations(name)
        if one.binding is not None
    ]
    return " or ".join(dict.fromkeys(kinds))


# ------------------------------------------------------------------ the one that is meant


def most_derived(operations: Sequence[Operation]) -> Operation:
    """The first of those that are bound to the most derived type."""
    return _by_depth(operations)[0][0]


Arguments = tuple[tuple[str, Bound], ...]


def resolve(functions: Sequence[Operation], given: Mapping[str, Bound], name: str) -> tuple[Operation, Arguments]:
    """The overload of the function `name` that is meant, and its arguments; BadRequest where there is none."""
    chosen = _choose(functions, given.keys(), name)
    return chosen, arguments_of(chosen, given, name)


def _choose(functions: Sequence[Operation], names: Iterable[str], name: str) -> Operation:
    """The overload that has exactly these parameters, or the one that is satisfied by them."""
    given = set(names)
    for group in _by_depth(functions):
        exact = [one for one in group if {parameter.name for parameter in free_parameters(one)} == given]
        fitting = exact or [one for one in group if _accepts(one, given)]
        if len(fitting) > 1:
            raise BadRequest(f"The call of '{name}' is ambiguous: name more of its parameters.")
        if fitting:
            return fitting[0]
    sets = [f"({', '.join(parameter.name for parameter in free_parameters(one))})" for one in functions]
    shown = ", ".join(sorted(given)) or "no parameters"
    raise BadRequest(f"'{name}' cannot be called with {shown}: it takes {' or '.join(dict.fromkeys(sets))}.")


def free_parameters(operation: Operation) -> tuple[Parameter, ...]:
    """The parameters that a call gives: all but what the operation is bound to."""
    return operation.parameters[1:] if operation.is_bound else operation.parameters


def _accepts(operation: Operation, names: set[str]) -> bool:
    parameters = free_parameters(operation)
    needed = {parameter.name for parameter in parameters if not parameter.is_optional}
    return needed <= names <= {parameter.name for parameter in parameters}


# ------------------------------------------------------------------ values of parameters


def arguments_of(operation: Operation, given: Mapping[str, Bound], name: str) -> Arguments:
    """The values in the types of the parameters, in their order; what is optional may be missing."""
    arguments = []
    for parameter in free_parameters(operation):
        value = given.get(parameter.name)
        if value is None and (parameter.is_optional or parameter.default is not NOT_GIVEN):
            continue
        arguments.append((parameter.name, _accepted(value or Constant(None, None), parameter, name)))
    return tuple(arguments)


def _accepted(value: Bound, parameter: Parameter, name: str) -> Bound:
    """A value as that of a parameter of the operation `name`; BadRequest where it cannot be."""
    what = f"The parameter '{parameter.name}' of '{name}', of type {parameter.type_name},"
    if isinstance(value, Constant) and value.value is None:
        if not parameter.nullable or parameter.is_collection:
            raise BadRequest(f"{what} must be given and not be null.")
        return value
    fitted = fit_value(value, parameter.type)
    if fitted is None or fitted.is_collection is not parameter.is_collection or not _is_of(fitted, parameter.type):
        raise BadRequest(f"{what} cannot be {describe(value)}.")
    fitted = settled(fitted)
    if isinstance(fitted, Constant):
        try:
            check_facets(fitted.value, parameter.facets)
        except ValueError as error:
            raise BadRequest(f"The value of the parameter '{parameter.name}' does not fit: {error}.") from None
    return fitted


def _is_of(value: Bound, wanted: ValueType) -> bool:
    """Whether a fitted value is of a parameter's type; a constant that could not be fitted kept its own."""
    kind = value.type
    if kind is None or kind is UNTYPED or kind is wanted or wanted in _ANY_PRIMITIVE:
        return True
    if isinstance(kind, StructuredType) and isinstance(wanted, StructuredType):
        return kind.is_a(wanted)
    return not isinstance(value, Constant) and isinstance(kind, PrimitiveType) and isinstance(wanted, PrimitiveType)
