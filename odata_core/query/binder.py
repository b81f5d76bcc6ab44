# Expressions: syntax tree -> bound tree. Names become properties, literals take the type of what they meet.
# Every refusal names the member, its type and the nearest right name, with the place in the text.
# Chains of `and` and `or` are flattened, so that the depth of a bound tree is the depth that a person would see.

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn, assert_never

from ..edm import EntityType, EnumType, PrimitiveType, Property, StructuredType, accept_enum, name_of
from ..edm import primitives as edm
from ..errors import BadRequest, NotImplementedHere, suggestion
from ..limits import Limits
from ..uri.dialects import Dialect
from ..uri.literals import read_guid
from ..uri.tree import Binary, Call, Literal, Member, Node, OrderByItem, Unary
from .functions import FUNCTIONS
from .tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path, ValueType

_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_EQUALITY: Final = frozenset({"eq", "ne"})
_MOMENTS: Final = frozenset({edm.DATETIME, edm.DATETIME_OFFSET})
_SPANS: Final = frozenset({edm.TIME, edm.DURATION})
# What can be equal and is neither less nor greater; binary values can still be sorted, byte by byte.
_UNSORTED: Final = frozenset({edm.STREAM, *edm.GEO_TYPES})
_UNORDERED: Final = _UNSORTED | {edm.BINARY}


def type_of(bound: Bound) -> ValueType | None:
    """The type of an expression's value; None for null."""
    match bound:
        case Constant() | Path() | Invoke():
            return bound.type
        case Compare() | Logic() | Not():
            return edm.BOOLEAN
        case _:
            assert_never(bound)


class Binder:
    """Binds expressions over one entity type. `text` is what the positions in the tree refer to."""

    def __init__(self, kind: EntityType, dialect: Dialect, limits: Limits, text: str) -> None:
        self.kind = kind
        self.dialect = dialect
        self.limits = limits
        self.text = text
        self.depth = 0

    def condition(self, node: Node) -> Bound:
        """A boolean expression, for $filter."""
        bound = self.expression(node)
        if type_of(bound) not in (edm.BOOLEAN, None):
            self._fail(f"A condition is expected, but the expression is {_describe(bound)}.", node)
        return bound

    def order(self, items: tuple[OrderByItem, ...]) -> tuple[OrderBy, ...]:
        """The sort keys of $orderby, each of a type that has an order."""
        keys = []
        for item in items:
            bound = self.expression(item.expression)
            kind = type_of(bound)
            if not isinstance(kind, PrimitiveType | EnumType) or kind in _UNSORTED:
                self._fail(f"The result cannot be sorted by {_describe(bound)}.", item.expression)
            keys.append(OrderBy(bound, item.descending))
        return tuple(keys)

    def expression(self, node: Node) -> Bound:
        """Any expression."""
        self.depth += 1
        if self.depth > self.limits.expression_depth:
            self._fail(f"The expression is nested too deeply: the limit is {self.limits.expression_depth}.", node)
        bound = self._bind(node)
        self.depth -= 1
        return bound

    def _bind(self, node: Node) -> Bound:
        match node:
            case Literal(value, kind):
                return Constant(value, kind)
            case Member():
                return self._member(node)
            case Call():
                return self._call(node)
            case Unary("not"):
                return Not(self.condition(node.operand))
            case Binary("and" | "or"):
                operands = tuple(self.condition(operand) for operand in _chain(node))
                return Logic(node.operator, operands)
            case Binary() if node.operator in _COMPARISONS:
                return self._comparison(node)
            case Unary() | Binary():
                raise NotImplementedHere(
                    f"The operator '{node.operator}' is not supported.", text=self.text, position=node.position
                )
            case _:
                assert_never(node)

    def _member(self, node: Member) -> Path:
        kind: StructuredType = self.kind
        properties: list[Property] = []
        for index, name in enumerate(node.names):
            prop = kind.properties.get(name)
            if prop is None:
                self._unknown_member(kind, name, node)
            if prop.is_collection:
                self._unsupported(f"'{name}' is a collection, which cannot be used in an expression.", node)
            properties.append(prop)
            if index + 1 < len(node.names):
                if not isinstance(prop.type, StructuredType):
                    self._fail(f"'{name}' of type {prop.type_name} has no properties.", node)
                kind = prop.type
        return Path(tuple(properties))

    def _unknown_member(self, kind: StructuredType, name: str, node: Member) -> NoReturn:
        if isinstance(kind, EntityType) and name in kind.navigation:
            self._unsupported(f"The navigation property '{name}' cannot be followed in an expression.", node)
        if "." in name:
            self._unsupported(f"The type cast to '{name}' is not supported.", node)
        self._fail(
            f"Could not find a property named '{name}' on type '{kind.qualified_name}'."
            f"{suggestion(name, kind.properties)}",
            node,
        )

    def _call(self, node: Call) -> Invoke:
        spelling = self.dialect.functions.get(node.name)
        if spelling is None:
            self._unsupported(
                f"The function '{node.name}' is not supported.{suggestion(node.name, self.dialect.functions)}", node
            )
        written = [self.expression(argument) for argument in node.arguments]
        arguments = [written[index] for index in spelling.order if index < len(written)]
        function = FUNCTIONS[spelling.canonical]
        if len(arguments) == len(written):
            for parameters in function.signatures:
                fitted = _fit_all(arguments, parameters)
                if fitted is not None:
                    return Invoke(function.name, fitted, function.result)
        given = ", ".join(map(_describe, written))
        self._fail(f"The function '{node.name}' does not take ({given}).", node)

    def _comparison(self, node: Binary) -> Compare:
        left, right = self.expression(node.left), self.expression(node.right)
        pair = comparable(left, right)
        if pair is None or (node.operator not in _EQUALITY and _has_no_order(pair)):
            self._fail(f"'{node.operator}' cannot compare {_describe(left)} with {_describe(right)}.", node)
        return Compare(node.operator, *pair)

    def _fail(self, message: str, node: Node) -> NoReturn:
        raise BadRequest(message, text=self.text, position=node.position)

    def _unsupported(self, message: str, node: Node) -> NoReturn:
        raise NotImplementedHere(message, text=self.text, position=node.position)


def _chain(node: Binary) -> list[Node]:
    """The operands of `a and b and c`, in order, however long the chain is."""
    operands: list[Node] = []
    rest: Node = node
    while isinstance(rest, Binary) and rest.operator == node.operator:
        operands.append(rest.right)
        rest = rest.left
    operands.append(rest)
    return operands[::-1]


def comparable(left: Bound, right: Bound) -> tuple[Bound, Bound] | None:
    """Both operands in forms that compare, constants fitted to the other side's type; None when there are none."""
    if isinstance(right, Constant):
        right = fit(right, type_of(left)) or right
    if isinstance(left, Constant):
        left = fit(left, type_of(right)) or left
    left_type, right_type = type_of(left), type_of(right)
    if isinstance(left_type, StructuredType) or isinstance(right_type, StructuredType):
        return None
    if left_type is None or right_type is None or left_type is right_type:
        return (left, right)
    return (left, right) if _alike(left_type, right_type) else None


def _alike(one: ValueType, other: ValueType) -> bool:
    """Types whose Python values compare with each other: all numbers, both kinds of moment, both kinds of span."""
    if not isinstance(one, PrimitiveType) or not isinstance(other, PrimitiveType):
        return False
    if one.numeric_rank and other.numeric_rank:
        return True
    return {one, other} <= _MOMENTS or {one, other} <= _SPANS


def _has_no_order(pair: tuple[Bound, Bound]) -> bool:
    return any(type_of(operand) in _UNORDERED for operand in pair)


def fit(constant: Constant, wanted: ValueType | None) -> Constant | None:
    """A constant as a value of `wanted`: 5 as Edm.Byte, 1.5 as Edm.Decimal, a quoted GUID; None when it cannot be."""
    value, kind = constant.value, constant.type
    if value is None or wanted is None:
        return constant
    if isinstance(wanted, EnumType):
        return _fit_enum(value, wanted)
    if not isinstance(wanted, PrimitiveType) or not isinstance(kind, PrimitiveType):
        return None
    if kind.numeric_rank and wanted.numeric_rank:
        return _fit_number(value, kind, wanted)
    if wanted is edm.GUID and kind is edm.STRING:
        return _fit_guid(value)
    return Constant(value, wanted) if kind is wanted or _alike(kind, wanted) else None


def _fit_number(value: Any, kind: PrimitiveType, wanted: PrimitiveType) -> Constant:
    """Numeric promotion (4.01 Part 2, 5.1.1.16). A number that the narrower type cannot hold keeps its own type."""
    try:
        return Constant(wanted.accept(value), wanted)
    except ValueError:
        return Constant(value, kind)


def _fit_guid(text: str) -> Constant | None:
    try:
        return Constant(read_guid(text), edm.GUID)
    except ValueError:
        return None


def _fit_enum(value: Any, wanted: EnumType) -> Constant | None:
    try:
        return Constant(accept_enum(wanted, value), wanted)
    except ValueError:
        return None


def _fit_all(arguments: list[Bound], parameters: tuple[PrimitiveType, ...]) -> tuple[Bound, ...] | None:
    if len(arguments) != len(parameters):
        return None
    fitted: list[Bound] = []
    for argument, wanted in zip(arguments, parameters, strict=True):
        if isinstance(argument, Constant):
            argument = fit(argument, wanted) or argument
        kind = type_of(argument)
        promotes = isinstance(kind, PrimitiveType) and 0 < kind.numeric_rank <= wanted.numeric_rank
        if kind is not None and kind is not wanted and not promotes:
            return None
        fitted.append(argument)
    return tuple(fitted)


def _describe(bound: Bound) -> str:
    kind = type_of(bound)
    what = "null" if kind is None else name_of(kind)
    match bound:
        case Path(properties):
            return f"'{'/'.join(prop.name for prop in properties)}' of type {what}"
        case Constant(value) if isinstance(value, str | int | Decimal):
            return f"the value {value!s:.50} of type {what}"
        case _:
            return f"a value of type {what}"


def bind_key_values(kind: EntityType, values: Mapping[str, Literal]) -> tuple[Any, ...]:
    """Key values in key order, each literal fitted to its property; BadRequest when one does not fit."""
    key = []
    for name in kind.key:
        literal = values[name]
        prop = kind.properties[name]
        fitted = fit(Constant(literal.value, literal.type), prop.type)
        if fitted is None or fitted.type is not prop.type or fitted.value is None:
            found = literal.type.name if literal.type is not None else "null"
            raise BadRequest(f"The key '{name}' of type {prop.type_name} was given a value of type {found}.")
        try:
            key.append(prop.accept(fitted.value))
        except ValueError as error:
            raise BadRequest(f"The value of the key '{name}' of type {prop.type_name} does not fit: {error}.") from None
    return tuple(key)
