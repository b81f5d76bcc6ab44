# Operations in a path: which overload a name means, and the values of its parameters (4.01 Part 1, 11.5).
# Strategy: the name and what stands before it give the candidates, the names of the given parameters choose among them,
# bound to a derived type before bound to its base; then the values are fitted to the parameters' types.
# Values stand in parentheses, or in the query: for service operations of v2 and v3, and for implicit aliases of 4.01.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ..edm import (
    ABSTRACT_TYPES,
    NOT_GIVEN,
    Model,
    Operation,
    OperationImport,
    Parameter,
    PrimitiveType,
    StructuredType,
    check_facets,
    name_of,
)
from ..errors import BadRequest
from ..uri.query_options import Piece, read_alias
from ..uri.syntax import EnumLiteral, Items, Literal, Members, Node, Path, Segment
from .binder import Binder
from .calls import accepts, free_parameters
from .fitting import describe, fit_value, settled
from .prepared import ORIGIN_BASE
from .scope import Scope
from .tree import UNTYPED, Bound, Constant, ValueType

_ANY_PRIMITIVE = (ABSTRACT_TYPES["Edm.PrimitiveType"], UNTYPED)


@dataclass(frozen=True, slots=True)
class CallBinder:
    """Binds calls in one path. `scope` has the aliases of the URL, `custom` its other options by name."""

    scope: Scope
    custom: Mapping[str, str]

    def imported(
        self, imported: OperationImport, segment: Segment, base: int, *, is_last: bool
    ) -> tuple[Operation, tuple[tuple[str, Bound], ...]]:
        """The overload that an import calls, and its arguments."""
        if imported.http_method is not None:
            return self._service_operation(imported, segment)
        return self.called(imported.operations, segment, base, is_last=is_last)

    def called(
        self, candidates: Sequence[Operation], segment: Segment, base: int, *, is_last: bool
    ) -> tuple[Operation, tuple[tuple[str, Bound], ...]]:
        """The overload that a call means, and its arguments."""
        functions = [operation for operation in candidates if operation.is_function]
        if not functions:
            return self._action(candidates, segment), ()
        given = self._inline(segment, base)
        if segment.arguments is None and is_last:
            given = self._implicit(functions)
        chosen = _choose(functions, given.keys(), segment)
        return chosen, self._arguments(chosen, given, segment)

    def _action(self, candidates: Sequence[Operation], segment: Segment) -> Operation:
        """Actions have no overloads but for what they are bound to, and take their parameters from the body."""
        if segment.arguments is not None:
            _fail(f"'{segment.name}' is an action and takes no parentheses: its parameters are in the body.", segment)
        return by_depth(candidates)[0][0]

    # ------------------------------------------------------------ where values stand

    def _inline(self, segment: Segment, base: int) -> dict[str, Bound]:
        """Name=value pairs in parentheses (11.5.4.1.1)"""
        given: dict[str, Bound] = {}
        binder = Binder(self.scope, segment.text, base=base)
        for argument in segment.arguments or ():
            if argument.name is None:
                _fail(f"The parameters of '{segment.name}' must be given as name=value.", segment)
            if argument.name in given:
                _fail(f"The parameter '{argument.name}' is given twice.", segment)
            given[argument.name] = binder.argument(argument)
        return given

    def _implicit(self, functions: Sequence[Operation]) -> dict[str, Bound]:
        """Parameters as query options by their names, with or without @, for a call without parentheses."""
        given: dict[str, Bound] = {}
        for name in dict.fromkeys(parameter.name for one in functions for parameter in free_parameters(one)):
            if f"@{name}" in self.scope.aliases:
                given[name] = Binder(self.scope).expression(Path((Segment(f"@{name}"),)))
            elif name in self.custom:
                given[name] = self._from_query(name)
        return given

    def _from_query(self, name: str) -> Bound:
        text = self.custom[name]
        node: Node = read_alias(Piece(text, 0, len(text), self.scope.grammar, self.scope.limits, 0))
        is_value = isinstance(node, Literal | EnumLiteral | Items | Members)
        if not is_value and not (isinstance(node, Path) and node.segments[0].name.startswith(("@", "$root"))):
            raise BadRequest(
                f"The parameter '{name}' must be a literal, such as 5 or 'text', not {text[:50]}.",
                target=name,
                text=text,
                position=0,
            )
        # The text is none of those whose literals count, so their origins are below 0.
        return Binder(self.scope, text, base=-ORIGIN_BASE).expression(node)

    def _service_operation(
        self, imported: OperationImport, segment: Segment
    ) -> tuple[Operation, tuple[tuple[str, Bound], ...]]:
        """Its parameters are options of the query; one that is not there is null (MS-ODATA 2.2.3.6.3)."""
        if segment.arguments:
            _fail(f"'{segment.name}' takes its parameters as query options, such as ?name=value.", segment)
        operation = imported.operations[0]
        names = [parameter.name for parameter in operation.parameters]
        given = {name: self._from_query(name) for name in names if name in self.custom}
        return operation, self._arguments(operation, given, segment)

    # ------------------------------------------------------------ values and parameters

    def _arguments(
        self, operation: Operation, given: Mapping[str, Bound], segment: Segment
    ) -> tuple[tuple[str, Bound], ...]:
        """The values in the types of the parameters, in their order; what is optional may be missing."""
        arguments = []
        for parameter in free_parameters(operation):
            value = given.get(parameter.name)
            if value is None and (parameter.is_optional or parameter.default is not NOT_GIVEN):
                continue
            arguments.append((parameter.name, _accepted(value or Constant(None, None), parameter, segment)))
        return tuple(arguments)


def _accepted(value: Bound, parameter: Parameter, segment: Segment) -> Bound:
    what = f"The parameter '{parameter.name}' of '{segment.name}', of type {parameter.type_name},"
    if isinstance(value, Constant) and value.value is None:
        if not parameter.nullable or parameter.is_collection:
            _fail(f"{what} must be given and not be null.", segment)
        return value
    fitted = fit_value(value, parameter.type)
    if fitted is None or fitted.is_collection is not parameter.is_collection or not _is_of(fitted, parameter.type):
        _fail(f"{what} cannot be {describe(value)}.", segment)
    fitted = settled(fitted)
    if isinstance(fitted, Constant):
        try:
            check_facets(fitted.value, parameter.facets)
        except ValueError as error:
            _fail(f"The value of the parameter '{parameter.name}' does not fit: {error}.", segment)
    return fitted


def _is_of(value: Bound, wanted: ValueType) -> bool:
    """Whether a fitted value is of a parameter's type; a constant that could not be fitted kept its own."""
    kind = value.type
    if kind is None or kind is UNTYPED or kind is wanted or wanted in _ANY_PRIMITIVE:
        return True
    if isinstance(kind, StructuredType) and isinstance(wanted, StructuredType):
        return kind.is_a(wanted)
    return not isinstance(value, Constant) and isinstance(kind, PrimitiveType) and isinstance(wanted, PrimitiveType)


# ------------------------------------------------------------------ candidates and overloads


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


def by_depth(operations: Sequence[Operation]) -> list[list[Operation]]:
    """Groups of operations that are bound to one type, the most derived first; unbound ones are one group."""
    groups: dict[int, list[Operation]] = {}
    for operation in operations:
        kind = operation.binding.type if operation.binding is not None else None
        depth = 0
        while isinstance(kind, StructuredType):
            kind, depth = kind.base, depth + 1
        groups.setdefault(depth, []).append(operation)
    return [groups[depth] for depth in sorted(groups, reverse=True)]


def _choose(functions: Sequence[Operation], names: Iterable[str], segment: Segment) -> Operation:
    """Function overload resolution (4.01 Part 1, 11.5.4.2): the exact match, or the one overload that is satisfied."""
    given = set(names)
    for group in by_depth(functions):
        exact = [one for one in group if {parameter.name for parameter in free_parameters(one)} == given]
        fitting = exact or [one for one in group if accepts(one, given)]
        if len(fitting) > 1:
            _fail(f"The call of '{segment.name}' is ambiguous: name more of its parameters.", segment)
        if fitting:
            return fitting[0]
    sets = [f"({', '.join(parameter.name for parameter in free_parameters(one))})" for one in functions]
    shown = ", ".join(sorted(given)) or "no parameters"
    _fail(f"'{segment.name}' cannot be called with {shown}: it takes {' or '.join(dict.fromkeys(sets))}.", segment)


def bindings_of(model: Model, name: str) -> str:
    """What the operations of a qualified name are bound to, for a message; '' where there is none."""
    kinds = [
        f"Collection({name_of(one.binding.type)})" if one.binding.is_collection else name_of(one.binding.type)
        for one in model.find_operations(name)
        if one.binding is not None
    ]
    return " or ".join(dict.fromkeys(kinds))


def _fail(message: str, segment: Segment) -> NoReturn:
    raise BadRequest(message, text=segment.text or segment.name, position=segment.position)
