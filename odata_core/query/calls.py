# Calls in expressions: canonical functions, `cast` and `isof`, and functions of the model.
# Strategy: a canonical function is a row of overloads (query.functions) whose name in the dialect is a row as well
# (uri.functions); the first overload that the arguments fit is meant. A model's function is chosen by what it is called
# on and by the names of its parameters.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ..edm import PRIMITIVE_TYPES, Operation, PrimitiveType, TypeDefinition
from ..edm.primitives import ABSTRACT_TYPES, STRING
from ..edm.types import StructuredType
from ..errors import BadRequest, suggestion
from ..uri.functions import find_function
from ..uri.syntax import Argument, Literal, Path, Segment
from .fitting import describe, fit_value, settled
from .functions import CANONICAL_FUNCTIONS, Generic, Overload, Parameter
from .hierarchies import bind_hierarchy_call
from .members import Place, derived_names
from .overloads import find_bound, resolve
from .tree import PINNED, UNTYPED, Bound, Call, Constant, Convert, Invoke, IsOf, ValueType, Variable
from .tree import Path as BoundPath

if TYPE_CHECKING:
    from .binder import Binder

_TYPED: Final = frozenset({"cast", "isof"})


class Calls:
    """Binds the calls of one binder's expression."""

    def __init__(self, binder: Binder) -> None:
        self.binder = binder

    # ------------------------------------------------------------ canonical functions

    def canonical(self, segment: Segment) -> Bound | None:
        """A call of a canonical function, `cast` or `isof`; None where the dialect has none of that name."""
        grammar = self.binder.scope.grammar
        name = segment.name.lower() if grammar.folds_case else segment.name
        if name in _TYPED:
            return self._typed(name, segment)
        spelling = find_function(segment.name, grammar)
        if spelling is None:
            return None
        if any(argument.name is not None for argument in segment.arguments or ()):
            self.binder.fail(f"The function '{segment.name}' takes its arguments without names.", segment.position)
        written = [self.binder.argument(argument) for argument in segment.arguments or ()]
        arguments = [written[index] for index in spelling.order if index < len(written)]
        arguments += written[len(spelling.order) :]  # too many, which no overload fits
        for overload in CANONICAL_FUNCTIONS[spelling.canonical].overloads:
            fitted = fit_all(arguments, overload.parameters)
            if fitted is not None:
                return self._invoke(spelling.canonical, overload, fitted)
            if len(arguments) == len(overload.parameters):
                arguments = list(map(_refused, arguments, overload.parameters))
        given = ", ".join(map(describe, written))
        self.binder.fail(f"The function '{segment.name}' does not take ({given}).", segment.position)

    def _invoke(self, name: str, overload: Overload, arguments: tuple[Bound, ...]) -> Invoke:
        result = overload.result
        if isinstance(result, Generic):
            return Invoke(name, arguments, arguments[0].type, is_collection=True)
        return Invoke(name, arguments, result)

    # ------------------------------------------------------------ cast and isof

    def _typed(self, name: str, segment: Segment) -> Bound:
        """cast([value,]Type), isof([value,]Type) (4.01 Part 2, 5.1.1.10); v3 quotes the type

        Where a value can never be of the type, the cast is null and isof is false: that is no mistake.
        """
        given = segment.arguments or ()
        if len(given) not in (1, 2):
            self.binder.fail(f"'{segment.name}' takes a value, which may be left out, and a type.", segment.position)
        target, is_collection, facets = self._type_argument(given[-1], segment)
        operand = self.binder.argument(given[0]) if len(given) == 2 else None
        names = self._names(target)
        if name == "isof":
            return IsOf(operand, target, names)
        return Convert(operand, target, is_collection, names, facets)

    def _names(self, target: ValueType) -> frozenset[str]:
        if isinstance(target, StructuredType):
            return derived_names(self.binder.scope.model, target)
        return frozenset()

    def _type_argument(self, argument: Argument, segment: Segment) -> tuple[ValueType, bool, Any]:
        match argument.value:
            case Literal(str() as text, kind) if kind is STRING:
                name, is_collection = text, text.startswith("Collection(") and text.endswith(")")
                name = text[11:-1] if is_collection else text
            case Path((Segment("Collection", (Argument(Path((Segment(name, None),))),)),)):
                is_collection = True
            case Path((Segment(name, None),)):
                is_collection = False
            case _:
                self.binder.fail(f"'{segment.name}' needs the name of a type.", segment.position)
        model = self.binder.scope.model
        found = model.find_type(name) or model.find_type(f"Edm.{name}")
        if isinstance(found, TypeDefinition):
            return found.underlying, is_collection, tuple(found.facets.items())
        if found is None or found in ABSTRACT_TYPES.values():
            self.binder.fail(
                f"There is no type '{name[:100]}'.{suggestion(name[:100], [*model.types, *PRIMITIVE_TYPES])}",
                segment.position,
            )
        return found, is_collection, ()

    # ------------------------------------------------------------ functions of the model

    def unbound(self, segment: Segment) -> Bound | None:
        """A function that is called on nothing, by its qualified name or by its import; None when there is none."""
        model = self.binder.scope.model
        if "." in segment.name:
            found = bind_hierarchy_call(self.binder, segment)
            if found is not None:
                return found
        overloads = [operation for operation in model.find_operations(segment.name) if not operation.is_bound]
        imported = model.imports.get(segment.name)
        if not overloads and imported is not None:
            overloads = list(imported.operations)
        return self._call(overloads, None, segment) if overloads else None

    def find_bound(self, place: Place, segment: Segment) -> Bound | None:
        """A function that is called on what a path leads to; None when there is none of that name."""
        if place.type is None or place.type is UNTYPED:
            return None
        fitting = find_bound(self.binder.scope.model, segment.name, place.type, is_collection=place.is_collection)
        if not fitting:
            return None
        return self._call(fitting, place.bound() if place.steps or place.start is not None else self._here(), segment)

    def _here(self) -> Bound:
        kind = self.binder.scope.kind
        assert kind is not None, "without a type there are no bound functions"
        return BoundPath((), Variable("$this", 0, kind))

    def _call(self, overloads: Sequence[Operation], binding: Bound | None, segment: Segment) -> Bound:
        functions = [operation for operation in overloads if operation.is_function]
        if not functions:
            self.binder.fail(f"'{segment.name}' is an action, which no expression can call.", segment.position)
        given = {str(argument.name): self.binder.argument(argument) for argument in segment.arguments or ()}
        if len(given) != len(segment.arguments or ()) or any(one.name is None for one in segment.arguments or ()):
            self.binder.fail(f"The arguments of '{segment.name}' need names, each once.", segment.position)
        try:
            return Call(*resolve(functions, given, segment.name), binding)
        except BadRequest as error:
            self.binder.fail(error.message, segment.position)


def fit_all(arguments: Sequence[Bound], parameters: tuple[Parameter, ...]) -> tuple[Bound, ...] | None:
    """The arguments in the types of an overload's parameters; None where they do not fit."""
    if len(arguments) != len(parameters):
        return None
    fitted = [_fit(argument, wanted) for argument, wanted in zip(arguments, parameters, strict=True)]
    return None if None in fitted else tuple([argument for argument in fitted if argument is not None])


def _refused(argument: Bound, wanted: Parameter) -> Bound:
    """An argument that an overload did not take, pinned where its value alone is why: another literal might fit."""
    if not isinstance(argument, Constant) or isinstance(wanted, Generic):
        return argument
    found = fit_value(argument, wanted)
    return found if isinstance(found, Constant) and found.origin <= PINNED and found.type is argument.type else argument


def _fit(argument: Bound, wanted: Parameter) -> Bound | None:
    if wanted is Generic.ANY:
        return argument
    if isinstance(wanted, Generic):
        return settled(argument) if argument.is_collection else None
    if argument.is_collection:
        return None
    if argument.type is None or argument.type is UNTYPED:
        return settled(fit_value(argument, wanted) or argument) if isinstance(argument, Constant) else argument
    if isinstance(argument, Constant):
        found = fit_value(argument, wanted)
        argument = found if found is not None and found.type is wanted else argument
    kind = argument.type
    if kind is wanted or (isinstance(kind, PrimitiveType) and 0 < kind.numeric_rank <= wanted.numeric_rank):
        return argument
    return None
