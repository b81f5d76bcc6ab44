# Bound tree -> syntax tree of 4.01: the way back, for links, messages and for asking another OData service.
# What is bound prints as text of any dialect with uri.printer; bound again, it gives an equal tree.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

from ..edm import EnumType, PrimitiveType, Property, enum_name, name_of
from ..edm import primitives as edm
from ..uri import syntax
from ..uri.syntax import Argument, Binary, EnumLiteral, Items, Lambda, Literal, Members, Node, Options, Segment, Unary
from ..uri.syntax import Path as SyntaxPath
from .hierarchies import AGGREGATION, SECOND_NODE
from .tree import (
    UNTYPED,
    Aggregated,
    Arithmetic,
    Bound,
    Call,
    Case,
    Cast,
    Compare,
    Constant,
    Convert,
    Count,
    Dynamic,
    Filtered,
    Follow,
    Has,
    HierarchyTest,
    In,
    Invoke,
    IsOf,
    ListOf,
    Logic,
    Negate,
    Not,
    OrderBy,
    Path,
    Quantifier,
    RecordOf,
    Root,
    Step,
    ValueType,
    Variable,
)


def unbind(bound: Bound) -> Node:
    """The expression as it would be written in 4.01."""
    match bound:
        case Constant():
            return _constant(bound)
        case ListOf(items):
            return Items(tuple(map(unbind, items)), is_json=True)
        case RecordOf(members):
            return Members(tuple([(name, unbind(value)) for name, value in members]))
        case Logic(operator, operands):
            return _chained(operator, [unbind(operand) for operand in operands])
        case Compare(operator, left, right) | Arithmetic(operator, left, right):
            return Binary(operator, unbind(left), unbind(right))
        case In(operand, items):
            return Binary("in", unbind(operand), _listed(items))
        case Has(operand, flags):
            return Binary("has", unbind(operand), unbind(flags))
        case Not(operand):
            return Unary("not", unbind(operand))
        case Negate(operand):
            return Unary("-", unbind(operand))
        case Case(branches):
            return syntax.Case(tuple([(unbind(condition), unbind(value)) for condition, value in branches]))
        case Invoke(name, arguments):
            return _one(Segment(name, tuple([Argument(unbind(argument)) for argument in arguments])))
        case IsOf(operand, target):
            return _typed("isof", operand, target, is_collection=False)
        case Convert(operand, target, is_collection):
            return _typed("cast", operand, target, is_collection=is_collection)
        case Path():
            return SyntaxPath(_path(bound))
        case Count() | Filtered() | Quantifier() | Aggregated():
            return SyntaxPath((*_segments(bound.collection), _ending(bound)))
        case Call():
            return SyntaxPath(_call(bound))
        case HierarchyTest():
            return SyntaxPath((_hierarchy_test(bound),))
        case _:
            assert_never(bound)


def unbind_order(order: tuple[OrderBy, ...]) -> tuple[syntax.OrderByItem, ...]:
    """The items of $orderby."""
    return tuple([syntax.OrderByItem(unbind(item.expression), item.descending) for item in order])


def _listed(items: Bound) -> Node:
    """The right side of `in`: a list in parentheses where its items can stand in one."""
    if isinstance(items, ListOf) and not any(isinstance(item, ListOf | RecordOf) for item in items.items):
        return Items(tuple(map(unbind, items.items)), is_json=False)
    return unbind(items)


def _one(segment: Segment) -> SyntaxPath:
    return SyntaxPath((segment,))


def _chained(operator: str, operands: list[Node]) -> Node:
    node = operands[0]
    for operand in operands[1:]:
        node = Binary(operator, node, operand)
    return node


def _constant(constant: Constant) -> Node:
    value, kind = constant.value, constant.type
    if value is None:
        return Literal(None, None)
    if isinstance(kind, EnumType):
        text = value if isinstance(value, str) else enum_name(kind, value)
        return EnumLiteral(kind.qualified_name, text)
    if kind is UNTYPED:
        return Literal(value, edm.STRING)
    assert isinstance(kind, PrimitiveType), "a structured value is a RecordOf"
    return Literal(value, kind)


def _typed(name: str, operand: Bound | None, target: ValueType, *, is_collection: bool) -> SyntaxPath:
    kind = _one(Segment(name_of(target)))
    written = _one(Segment("Collection", (Argument(kind),))) if is_collection else kind
    arguments = [] if operand is None else [Argument(unbind(operand))]
    return _one(Segment(name, (*arguments, Argument(written))))


# ------------------------------------------------------------------ paths


def _segments(bound: Bound) -> tuple[Segment, ...]:
    """An expression as the beginning of a path."""
    node = unbind(bound)
    assert isinstance(node, SyntaxPath), "only paths and calls can be gone on from"
    return node.segments


def _path(path: Path) -> tuple[Segment, ...]:
    steps = tuple([_step(step) for step in path.steps])
    match path.start:
        case None:
            return steps
        case Variable(name):
            return (Segment(name), *steps)
        case Root(source, key):
            return (Segment("$root"), Segment(source.name, _key(source.type.key, key)), *steps)
        case start:
            return (*_segments(start), *steps)


def _step(step: Step) -> Segment:
    match step:
        case Property():
            return Segment(step.name)
        case Dynamic(name):
            return Segment(name)
        case Cast(kind):
            return Segment(kind.qualified_name)
        case Follow(navigation, _, key):
            return Segment(navigation.name, _key(navigation.target.key, key))
        case _:
            assert_never(step)


def _key(names: tuple[str, ...], key: tuple[Bound, ...] | None) -> tuple[Argument, ...] | None:
    if key is None:
        return None
    if len(key) == 1:
        return (Argument(unbind(key[0])),)
    return tuple([Argument(unbind(value), name) for name, value in zip(names, key, strict=True)])


def _ending(bound: Count | Filtered | Quantifier | Aggregated) -> Segment:
    match bound:
        case Count(_, condition, search):
            given: Mapping[str, Any] = {
                **({} if condition is None else {"$filter": unbind(condition)}),
                **({} if search is None else {"$search": search}),
            }
            return Segment("$count", None, Options(given) if given else None)
        case Filtered(_, condition):
            return Segment("$filter", (Argument(unbind(condition)),))
        case Quantifier(name, _, None):
            return Segment(name, ())
        case Quantifier(name, _, variable, condition):
            assert variable is not None
            assert condition is not None, "a variable comes with its condition"
            return Segment(name, (Argument(Lambda(variable.name, unbind(condition))),))
        case Aggregated(_, None):
            return Segment("aggregate", (Argument(syntax.Aggregate(_COUNT, None, None)),))
        case Aggregated(_, expression, method):
            assert expression is not None, "only the count has no expression"
            return Segment("aggregate", (Argument(syntax.Aggregate(unbind(expression), method, None)),))


_COUNT: Final = SyntaxPath((Segment("$count"),))


def _call(call: Call) -> tuple[Segment, ...]:
    arguments = tuple([Argument(unbind(value), name) for name, value in call.arguments])
    segment = Segment(call.operation.qualified_name, arguments)
    if call.binding is None or (isinstance(call.binding, Path) and _is_here(call.binding)):
        return (segment,)
    return (*_segments(call.binding), segment)


def _hierarchy_test(test: HierarchyTest) -> Segment:
    hierarchy = test.hierarchy
    given: dict[str, Node | None] = {
        "HierarchyNodes": unbind(hierarchy.nodes),
        "HierarchyQualifier": Literal(hierarchy.qualifier, edm.STRING),
        "Node": unbind(test.node),
        SECOND_NODE.get(test.name, ""): None if test.other is None else unbind(test.other),
        "MaxDistance": None if test.distance is None else Literal(test.distance, edm.INT32),
        "IncludeSelf": Literal(True, edm.BOOLEAN) if test.includes_self else None,
    }
    arguments = [Argument(value, name) for name, value in given.items() if value is not None]
    return Segment(f"{AGGREGATION}.{test.name}", tuple(arguments))


def _is_here(path: Path) -> bool:
    return not path.steps and isinstance(path.start, Variable) and path.start.name == "$this"
