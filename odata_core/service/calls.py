# Operations: actions and functions of the model as Python functions, and what calling one gives.
#
#   operations = Operations(model)
#
#   @operations("Shop.Cheapest")
#   def cheapest(products, top):             # bound to a collection of products, with one parameter
#       return sorted(products, key=lambda row: row["Price"])[:top]
#
# A bound operation is given first what it is called on: a row, a list of rows, or a value. Parameters come by name, in
# the Python forms of their types; one that the caller leaves out is missing, so it may have a default. A function that
# has a parameter `session` is given the session of the request, to read and write entities with.

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ..backend import Reads
from ..edm import EntityType, Model, ModelError, Operation
from ..errors import InternalError, NotImplementedHere, suggestion
from ..query.evaluate import Relations, compile_value
from ..query.overloads import free_parameters
from ..query.resource import Invocation
from ..records import record
from .finding import Finder, Many, One, Place, key_of

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


class Operations(Mapping[Operation, Function]):
    """What carries out the operations of a model. An operation without a function answers 501."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._functions: dict[Operation, Function] = {}

    def __call__(self, name: str, *, parameters: Iterable[str] | None = None) -> Callable[[F], F]:
        """Register the function that follows for an operation, by its qualified name or that of its import.

        `parameters` picks one overload by the names of its parameters; without it all overloads are meant.
        """
        imported = self.model.imports.get(name)
        found = imported.operations if imported is not None else self.model.find_operations(name)
        if parameters is not None:
            wanted = set(parameters)
            found = tuple([one for one in found if {item.name for item in free_parameters(one)} == wanted])
        if not found:
            known = [*self.model.operations, *self.model.imports]
            raise ModelError(f"There is no operation '{name}' to carry out.{suggestion(name, known)}")

        def register(function: F) -> F:
            self._functions.update(dict.fromkeys(found, function))
            return function

        return register

    def __getitem__(self, operation: Operation) -> Function:
        return self._functions[operation]

    def __iter__(self) -> Any:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


@record
class Caller:
    """Calls operations within one session."""

    operations: Mapping[Operation, Function]
    session: Reads
    relations: Relations

    def function(self, step: Invocation, place: Place | None, finder: Finder) -> Place:
        """What a function gives, called where a path has it."""
        return self.call(step, place, self.arguments(step), finder)

    def arguments(self, step: Invocation) -> dict[str, Any]:
        """What the URL says of the parameters."""
        return {name: compile_value(value, relations=self.relations)({}) for name, value in step.arguments}

    def call(self, step: Invocation, place: Place | None, arguments: Mapping[str, Any], finder: Finder) -> Place:
        """What an operation gives for these arguments, as a place to go on from."""
        operation = step.operation
        function = self.operations.get(operation)
        if function is None:
            raise NotImplementedHere(f"The operation '{step.name}' is not carried out by this service.")
        if step.is_each and isinstance(place, Many):
            return self._each(step, place, arguments, finder)
        given = [] if operation.binding is None or place is None else [_binding(place, finder)]
        more = {"session": self.session} if _takes_session(function) else {}
        return self._result(step, function(*given, **arguments, **more))

    def _each(self, step: Invocation, place: Many, arguments: Mapping[str, Any], finder: Finder) -> Place:
        """The results of an operation for every member of a collection, as one collection (4.01 Part 2, 4.13)."""
        one = replace(step, is_each=False)
        found = [self.call(one, finder.entity(place, row), arguments, finder) for row in finder.rows(place)]
        values = [
            item for result in found for item in (result.rows or () if isinstance(result, Many) else [result.value])
        ]
        kind = step.type
        if isinstance(kind, EntityType):
            return Many(kind, step.source, (), [value for value in values if value is not None])
        return One(values, kind)

    def _result(self, step: Invocation, value: Any) -> Place:
        returns = step.operation.returns
        if returns is None:
            return One(None, None)
        kind, source = returns.type, step.source
        if returns.is_collection and isinstance(kind, EntityType):
            return Many(kind, source, (), list(value or ()))
        if returns.is_collection:
            return One(list(value or ()), kind)
        if value is None and not returns.nullable:
            raise InternalError(f"The operation '{step.name}' gave nothing, and it must give something.")
        if isinstance(kind, EntityType) and value is not None and source is not None:
            return One(value, kind, source, key_of(kind, value), value)
        return One(value, kind)


def _binding(place: Place, finder: Finder) -> Any:
    return list(finder.rows(place)) if isinstance(place, Many) else place.value


def _takes_session(function: Function) -> bool:
    return "session" in inspect.signature(function).parameters
