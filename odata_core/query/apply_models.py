# Functions of the model as transformations of $apply (Data Aggregation 4.0, section 3): bound to a collection of the
# rows, and with a collection of structured values as their result.

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..edm import Operation
from ..errors import BadRequest, suggestion
from ..uri.syntax import Argument, Transformation
from .apply_paths import Stage, fail
from .apply_tree import CallModel, Transform
from .fitting import accept_as
from .shapes import Shape, Structured
from .tree import Bound

if TYPE_CHECKING:
    from .apply import Applying


def bind_call(applying: Applying, stage: Stage, step: Transformation) -> tuple[Transform, Stage]:
    """NS.Function(name=value,...)"""
    given = {argument.name: argument for argument in step.arguments}
    if None in given or len(given) != len(step.arguments):
        fail(applying.text, f"The arguments of '{step.name}' need names, each once.", step.position)
    operation = _chosen(applying, stage, step, {str(name) for name in given})
    arguments = tuple(
        [
            (parameter.name, _accepted(applying, stage, given[parameter.name], parameter))
            for parameter in operation.parameters[1:]
            if parameter.name in given
        ]
    )
    assert operation.returns is not None, "_chosen refuses others"
    kind = operation.returns.type
    assert isinstance(kind, Structured), "_chosen refuses others"
    source = stage.scope.source if kind.is_a(stage.shape.kind) else operation.entity_set
    scope = replace(stage.scope, kind=kind, source=source, prefix=(), computed={})
    return CallModel(operation, arguments), Stage(scope, Shape(kind))


def _chosen(applying: Applying, stage: Stage, step: Transformation, names: set[str]) -> Operation:
    model = stage.scope.model
    overloads = [operation for operation in model.find_operations(step.name) if operation.is_function]
    if not overloads:
        known = suggestion(step.name, model.operations)
        fail(applying.text, f"There is no function '{step.name}' to transform rows with.{known}", step.position)
    fitting = [operation for operation in overloads if _takes_rows(operation, stage.shape.kind)]
    if not fitting:
        kind = stage.shape.kind.qualified_name
        fail(
            applying.text,
            f"'{step.name}' does not turn a collection of '{kind}' into a collection of structured values.",
            step.position,
        )
    for operation in fitting:
        needed = {parameter.name for parameter in operation.parameters[1:] if not parameter.is_optional}
        if needed <= names <= {parameter.name for parameter in operation.parameters[1:]}:
            return operation
    fail(applying.text, f"'{step.name}' cannot be called with ({', '.join(sorted(names))}).", step.position)


def _takes_rows(operation: Operation, kind: Structured) -> bool:
    binding, returns = operation.binding, operation.returns
    return (
        binding is not None
        and binding.is_collection
        and isinstance(binding.type, Structured)
        and kind.is_a(binding.type)
        and returns is not None
        and returns.is_collection
        and isinstance(returns.type, Structured)
    )


def _accepted(applying: Applying, stage: Stage, argument: Argument, parameter: Any) -> Bound:
    binder = stage.binder(applying.text)
    value = binder.argument(argument)
    try:
        return accept_as(value, parameter)
    except BadRequest as error:
        fail(applying.text, error.message, getattr(argument.value, "position", 0))
