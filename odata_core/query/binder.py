# Expressions: syntax tree -> bound tree. Names become members, literals take the type of what they meet.
# Every refusal names the member, its type and the nearest right name, with the place in the text.
# Chains of `and` and `or` are flattened, so that the depth of a bound tree is the depth that a person would see.
# Paths are bound in `members`, calls in `calls`, and what fits what is decided in `fitting`.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NoReturn, assert_never

from ..edm import EnumType, PrimitiveType, accept_enum
from ..edm import primitives as edm
from ..edm.types import StructuredType
from ..errors import BadRequest, suggestion
from ..uri import syntax
from ..uri.functions import READ_FUNCTIONS
from ..uri.literals_v4 import Unreadable
from ..uri.syntax import Argument, Binary, Case, EnumLiteral, Items, Literal, Members, Node, Segment, Unary
from . import members
from .calls import Calls
from .fitting import UNSORTED, comparable, describe, fit_value, has_order, is_number, meet, settled
from .operators import find_negation, find_operator, promote
from .scope import HERE, IT, Scope
from .tree import (
    UNTYPED,
    Arithmetic,
    Bound,
    Compare,
    Constant,
    Convert,
    Has,
    In,
    ListOf,
    Logic,
    Negate,
    Not,
    OrderBy,
    Path,
    RecordOf,
    ValueType,
    Variable,
)
from .tree import Case as BoundCase

_EQUALITY: Final = frozenset({"eq", "ne"})


class Binder:
    """Binds expressions in one scope. `text` is what the positions in the tree refer to."""

    def __init__(
        self, scope: Scope, text: str = "", *, base: int = 0, depth: int = 0, active: frozenset[str] = frozenset()
    ) -> None:
        self.scope = scope
        self.text = text
        self.base = base  # what the text's first character counts as among the origins of literals
        self.depth = depth
        self.active = active  # the aliases whose values are being bound
        self.calls = Calls(self)

    def nested(self, scope: Scope) -> Binder:
        """A binder of a part of this expression in another scope."""
        return Binder(scope, self.text, base=self.base, depth=self.depth, active=self.active)

    def within(self, kind: ValueType | None, source: Any, prefix: tuple[str, ...]) -> Binder:
        """A binder of a part in which the row at hand is an item of a collection."""
        return self.nested(self.scope.inner(kind, source, prefix))

    # ------------------------------------------------------------ entry points

    def condition(self, node: Node) -> Bound:
        """A boolean expression, for $filter."""
        bound = settled(self.expression(node))
        if bound.is_collection or bound.type not in (edm.BOOLEAN, None, UNTYPED):
            self.fail(f"A condition is expected, but the expression is {describe(bound)}.", node.position)
        return bound

    def order(self, items: tuple[syntax.OrderByItem, ...]) -> tuple[OrderBy, ...]:
        """The sort keys of $orderby, each of a type that has an order."""
        keys = []
        for item in items:
            bound = settled(self.expression(item.expression))
            if bound.is_collection or isinstance(bound.type, StructuredType) or bound.type in (None, *UNSORTED):
                self.fail(f"The result cannot be sorted by {describe(bound)}.", item.expression.position)
            keys.append(OrderBy(bound, item.descending))
        return tuple(keys)

    def expression(self, node: Node) -> Bound:
        """Any expression."""
        self.depth += 1
        if self.depth > self.scope.limits.expression_depth:
            limit = self.scope.limits.expression_depth
            self.fail(f"The expression is nested too deeply: the limit expression_depth is {limit}.", node.position)
        bound = self._bind(node)
        self.depth -= 1
        return bound

    def argument(self, argument: Argument) -> Bound:
        """What stands in parentheses: an expression, and nothing that only some functions take."""
        value = argument.value
        if isinstance(value, syntax.Lambda | syntax.Aggregate):
            self.fail("A value is expected here.", getattr(value, "position", 0))
        return self.expression(value)

    def fail(self, message: str, position: int) -> NoReturn:
        """Refuse the expression, with the place of what is wrong."""
        raise BadRequest(message, text=self.text, position=position)

    # ------------------------------------------------------------ nodes

    def _bind(self, node: Node) -> Bound:
        match node:
            case Literal():
                return self._literal(node)
            case EnumLiteral():
                return self._enum(node)
            case syntax.Path():
                return self._path(node.segments)
            case Unary("not"):
                return Not(self.condition(node.operand))
            case Unary():
                return self._negate(node)
            case Binary():
                return _BINARY[node.operator](self, node)
            case Case():
                return self._case(node)
            case Items():
                return ListOf(tuple(self._json(item, is_json=node.is_json) for item in node.items), None)
            case Members():
                pairs = tuple((name, self._json(value, is_json=True)) for name, value in node.members)
                return RecordOf(pairs, UNTYPED)
            case _:
                assert_never(node)

    def _literal(self, node: Literal) -> Constant:
        if isinstance(node.value, Unreadable):
            if node.value.nearest is not None:
                return Constant(node.value.nearest, node.type)
            self.fail(f"'{node.value.text[:100]}' has no value here: {node.value.reason}.", node.position)
        return Constant(node.value, node.type, origin=self.base + node.position)

    def _json(self, node: Node, *, is_json: bool) -> Bound:
        """An item of a list. The string of a JSON value says nothing of its type."""
        bound = self.expression(node)
        if is_json and isinstance(bound, Constant) and bound.type is edm.STRING:
            return replace(bound, type=UNTYPED)
        return bound

    def _enum(self, node: EnumLiteral) -> Constant:
        kind = self.scope.model.find_type(node.type_name)
        if not isinstance(kind, EnumType):
            known = [name for name, found in self.scope.model.types.items() if isinstance(found, EnumType)]
            self.fail(f"There is no enumeration '{node.type_name}'.{suggestion(node.type_name, known)}", node.position)
        try:
            return Constant(accept_enum(kind, node.text), kind, origin=self.base + node.position)
        except ValueError as error:
            self.fail(f"'{node.text[:100]}' is no value of '{node.type_name}': {error}.", node.position)

    def _negate(self, node: Unary) -> Bound:
        operand = settled(self.expression(node.operand))
        if operand.type is None or operand.type is UNTYPED:
            return Negate(operand, operand.type)
        row = find_negation(operand.type) if isinstance(operand.type, PrimitiveType) else None
        if row is None or operand.is_collection:
            self.fail(f"'-' cannot be applied to {describe(operand)}.", node.position)
        return Negate(operand, row.result)

    def _logic(self, node: Binary) -> Bound:
        return Logic(node.operator, tuple([self.condition(operand) for operand in _chain(node)]))

    def _comparison(self, node: Binary) -> Bound:
        left, right = self.expression(node.left), self.expression(node.right)
        pair = comparable(left, right)
        if pair is None or not (node.operator in _EQUALITY or _have_order(pair)):
            self.fail(f"'{node.operator}' cannot compare {describe(left)} with {describe(right)}.", node.position)
        return Compare(node.operator, *pair)

    def _arithmetic(self, node: Binary) -> Bound:
        left, right = self.expression(node.left), self.expression(node.right)
        left, right = _exact(left, right), _exact(right, left)
        one, other = left.type, right.type
        if left.is_collection or right.is_collection:
            result: ValueType | None = None
        elif None in (one, other) or UNTYPED in (one, other):
            return Arithmetic(node.operator, left, right, UNTYPED if UNTYPED in (one, other) else one or other)
        elif isinstance(one, PrimitiveType) and isinstance(other, PrimitiveType):
            row = find_operator(node.operator, one, other)
            result = None if row is None else row.result
        else:
            result = None
        if result is None:
            self.fail(f"'{node.operator}' cannot compute {describe(left)} with {describe(right)}.", node.position)
        return Arithmetic(node.operator, left, right, result)

    def _in(self, node: Binary) -> Bound:
        """value in collection (4.01 Part 2, 5.1.1.1.12)"""
        operand, items = self.expression(node.left), self.expression(node.right)
        if not (items.is_collection or items.type in (None, UNTYPED)):
            self.fail(f"'in' needs a value and a collection, not {describe(items)}.", node.position)
        if isinstance(items, ListOf):
            return In(settled(operand), self._fitted_list(operand, items, node))
        fitted = comparable(operand, replace_collection(items))
        if fitted is None or operand.is_collection:
            self.fail(f"'in' cannot compare {describe(operand)} with {describe(items)}.", node.position)
        return In(fitted[0], settled(items))

    def _fitted_list(self, operand: Bound, items: ListOf, node: Binary) -> ListOf:
        fitted = []
        for item in items.items:
            pair = comparable(operand, item)
            if pair is None:
                self.fail(f"'in' cannot compare {describe(operand)} with {describe(item)}.", node.position)
            fitted.append(pair[1])
        return ListOf(tuple(fitted), operand.type)

    def _has(self, node: Binary) -> Bound:
        """value has flags (4.01 Part 2, 5.1.1.1.11)"""
        operand, flags = self.expression(node.left), self.expression(node.right)
        flags = meet(flags, operand)
        kind = operand.type
        if isinstance(kind, EnumType) and flags.type is kind and not operand.is_collection:
            return Has(operand, flags)
        if None in (kind, flags.type) or kind is UNTYPED:
            return Has(operand, flags)
        self.fail(
            f"'has' needs values of one enumeration, not {describe(operand)} and {describe(flags)}.", node.position
        )

    def _case(self, node: Case) -> Bound:
        """case(condition:value,...) (4.01 Part 2, 5.1.1.12): all values of one type"""
        branches = [(self.condition(condition), self.expression(value)) for condition, value in node.branches]
        first = _exemplar([value for _, value in branches])
        values = []
        for _, value in branches:
            pair = comparable(value, first)
            if pair is None:
                self.fail(
                    f"The values of 'case' differ in type: {describe(first)} and {describe(value)}.", node.position
                )
            values.append(settled(pair[0]))
        kind = common_type([value.type for value in values])
        conditions = [condition for condition, _ in branches]
        return BoundCase(tuple(zip(conditions, values, strict=True)), kind, first.is_collection)

    # ------------------------------------------------------------ paths

    def _path(self, segments: tuple[Segment, ...]) -> Bound:
        place, rest = self._first(segments)
        if not rest or not isinstance(place.start, Convert):
            return members.follow(self, place, rest)
        place = members.narrowed(self, place)
        bound = members.follow(self, place, rest)
        if isinstance(bound, Path) and isinstance(bound.start, Convert):  # of what never is of the type
            return Constant(None, bound.type)
        return bound

    def _first(self, segments: tuple[Segment, ...]) -> tuple[members.Place, tuple[Segment, ...]]:
        """Where a path begins, and what of it is left to follow."""
        segment, rest = segments[0], segments[1:]
        name = segment.name
        if name == "$root":
            return members.root(self, segments)
        if name.startswith("@"):
            return members.place_of(self._alias(segment)), rest
        if segment.arguments is None:
            variable = self._variable(name)
            if variable is not None:
                return variable, rest
        elif not self._is_member(name):
            called = self._call(segment)
            if called is not None:
                return members.place_of(called), rest
        return self.here(), segments

    def here(self) -> members.Place:
        """The row at hand."""
        scope = self.scope
        return members.Place(None, (), scope.kind, False, scope.source, scope.prefix)

    def _variable(self, name: str) -> members.Place | None:
        scope = self.scope
        variable = scope.variables.get(name)
        if variable is None and name in ("$it", "$this") and scope.kind is not None:
            variable = Variable(name, HERE if name == "$this" else IT, scope.kind, scope.source, scope.prefix)
            if isinstance(scope.kind, StructuredType):  # `$it/Name` is `Name`
                return self.here()
        if variable is None:
            return None
        return members.Place(variable, (), variable.type, variable.is_collection, variable.source, variable.prefix)

    def _is_member(self, name: str) -> bool:
        kind = self.scope.kind
        return isinstance(kind, StructuredType) and (name in kind.navigation or name in kind.properties)

    def _call(self, segment: Segment) -> Bound | None:
        """A canonical function, or one of the model that is called on the row at hand or on nothing."""
        found = self.calls.canonical(segment)
        if found is None:
            found = self.calls.find_bound(self.here(), segment) or self.calls.unbound(segment)
        if found is not None or segment.name in ("any", "all", "aggregate", "$count", "$filter"):
            return found
        model, grammar = self.scope.model, self.scope.grammar
        known = [*READ_FUNCTIONS[grammar.name], *model.operations, *model.imports, "cast", "isof"]
        if segment.name in known:
            self.fail(f"The function '{segment.name}' cannot be called on the row at hand.", segment.position)
        self.fail(
            f"There is no function '{segment.name}' in {grammar.name}.{suggestion(segment.name, known)}",
            segment.position,
        )

    def _alias(self, segment: Segment) -> Bound:
        """@alias (4.01 Part 2, 5.3): its value; null where the URL gives none"""
        name, scope = segment.name, self.scope
        if "." in name or "#" in name:
            self.fail(f"The annotation '{name}' has no value in an expression here.", segment.position)
        if name in self.active:
            self.fail(f"The parameter alias '{name}' refers to itself.", segment.position)
        node = scope.aliases.get(name)
        if node is None:
            return Constant(None, None)
        text, base = scope.alias_texts.get(name, ("", 0))
        inner = Binder(scope, text, base=base, depth=self.depth, active=self.active | {name})
        return inner._json(node, is_json=isinstance(node, Items | Members))


def _have_order(pair: tuple[Bound, Bound]) -> bool:
    return all(has_order(operand.type) and not operand.is_collection for operand in pair)


def replace_collection(items: Bound) -> Bound:
    """Something of the type of a collection's items, to compare with."""
    if items.type is None or items.type is UNTYPED:
        return Constant(None, items.type)
    return Path((), Variable("item", HERE, items.type))


def _exact(value: Bound, other: Bound) -> Bound:
    """A constant in the type in which it is computed with: exact beside a decimal, else as promotion has it."""
    if not isinstance(value, Constant) or value.type is None or other.type is None:
        return settled(value)
    if value.type is edm.DOUBLE and isinstance(value.value, Decimal) and other.type is edm.DECIMAL:
        return fit_value(value, edm.DECIMAL) or settled(value)
    if value.type is edm.STRING and other.type is edm.DURATION:
        return fit_value(value, edm.DURATION) or value
    if is_number(value.type) and is_number(other.type) and promote(value.type, other.type) is other.type:
        return settled(fit_value(value, other.type) or value)
    return settled(value)


def _exemplar(values: list[Bound]) -> Bound:
    """The value whose type the others take: no constant, and not null, where there is such a one."""
    typed = [value for value in values if value.type is not None]
    return next((value for value in typed if not isinstance(value, Constant)), (typed or values)[0])


def common_type(kinds: list[ValueType | None]) -> ValueType | None:
    """The one type of several values: numbers are promoted."""
    result: ValueType | None = None
    for kind in kinds:
        if result is None or kind is result:
            result = kind if kind is not None else result
        elif isinstance(kind, PrimitiveType) and isinstance(result, PrimitiveType):
            result = promote(kind, result) if kind.numeric_rank and result.numeric_rank else result
    return result


def _chain(node: Binary) -> list[Node]:
    """The operands of `a and b and c`, in order, however long the chain is."""
    operands: list[Node] = []
    rest: Node = node
    while isinstance(rest, Binary) and rest.operator == node.operator:
        operands.append(rest.right)
        rest = rest.left
    operands.append(rest)
    return operands[::-1]


_BINARY: Final[Mapping[str, Callable[[Binder, Binary], Bound]]] = {
    **dict.fromkeys(("and", "or"), Binder._logic),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), Binder._comparison),
    **dict.fromkeys(("add", "sub", "mul", "div", "divby", "mod"), Binder._arithmetic),
    "has": Binder._has,
    "in": Binder._in,
}
