# Operations in a path: where the values of their parameters stand (4.01 Part 1, 11.5); which overload is meant is for
# query.overloads to say. Values stand in parentheses, or in the query: for service operations of v2 and v3, and for
# implicit aliases of 4.01.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from ..edm import Operation, OperationImport
from ..errors import BadRequest
from ..records import record
from ..uri.query_options import Piece, read_alias
from ..uri.syntax import EnumLiteral, Items, Literal, Members, Node, Path, Segment
from .binder import Binder
from .overloads import Arguments, arguments_of, free_parameters, most_derived, resolve
from .prepared import ORIGIN_BASE
from .scope import Scope
from .tree import Bound


@record
class CallBinder:
    """Binds calls in one path. `scope` has the aliases of the URL, `custom` its other options by name."""

    scope: Scope
    custom: Mapping[str, str]

    def called(
        self, candidates: Sequence[Operation], segment: Segment, base: int, *, is_last: bool
    ) -> tuple[Operation, Arguments]:
        """The overload that a call means, and its arguments."""
        functions = [operation for operation in candidates if operation.is_function]
        if not functions:
            return self._action(candidates, segment), ()
        given = self._inline(segment, base)
        if segment.arguments is None and is_last:
            given = self._implicit(functions)
        return _resolved(functions, given, segment)

    def _action(self, candidates: Sequence[Operation], segment: Segment) -> Operation:
        """Actions have no overloads but for what they are bound to, and take their parameters from the body."""
        if segment.arguments is not None:
            _fail(f"'{segment.name}' is an action and takes no parentheses: its parameters are in the body.", segment)
        return most_derived(candidates)

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

    def service_operation(self, imported: OperationImport, segment: Segment) -> tuple[Operation, Arguments]:
        """Parameters are options of the query; one that is not there is null (MS-ODATA 2.2.3.6.3)."""
        if segment.arguments:
            _fail(f"'{segment.name}' takes its parameters as query options, such as ?name=value.", segment)
        operation = imported.operations[0]
        names = [parameter.name for parameter in operation.parameters]
        given = {name: self._from_query(name) for name in names if name in self.custom}
        try:
            return operation, arguments_of(operation, given, segment.name)
        except BadRequest as error:
            _fail(error.message, segment)


def _resolved(
    operations: Sequence[Operation], given: Mapping[str, Bound], segment: Segment
) -> tuple[Operation, Arguments]:
    try:
        return resolve(operations, given, segment.name)
    except BadRequest as error:
        _fail(error.message, segment)


def _fail(message: str, segment: Segment) -> NoReturn:
    raise BadRequest(message, text=segment.text or segment.name, position=segment.position)
