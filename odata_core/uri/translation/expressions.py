# Expressions of one dialect in another: functions by their rows, literals by their types, `in` as comparisons where
# there is none. A chain of operators is walked in a loop, as the printer does.

from __future__ import annotations

from typing import Final, assert_never

from msgspec.structs import replace

from ...edm import primitives as edm
from ...errors import BadRequest
from ...limits import Limits
from ..constructs import CONSTRUCTS, OPERATORS, QUOTED_TYPES, VARIABLES, has, require, unsayable
from ..functions import FUNCTIONS, WITHOUT_MEANING, canonical_order, find_function, written_order
from ..grammars import Grammar
from ..syntax import (
    Aggregate,
    Argument,
    Binary,
    Case,
    EnumLiteral,
    Items,
    Lambda,
    Literal,
    Members,
    Node,
    Path,
    Segment,
    Unary,
)
from .literals import translate_literal, translate_member, translate_type

_MOST_NODES: Final = Limits().expression_nodes
_TYPE_FUNCTIONS: Final = ("cast", "isof")


def translate_expression(node: Node, source: Grammar, target: Grammar) -> Node:
    """The expression with the parts that are written otherwise in the target."""
    match node:
        case Literal():
            return translate_literal(node, target)
        case EnumLiteral():
            return translate_member(node, target)
        case Path(segments):
            return Path(_steps(segments, source, target))
        case Unary(operator, operand, position):
            return Unary(operator, translate_expression(operand, source, target), position)
        case Binary():
            return _chain(node, source, target)
        case Case(branches, position):
            pairs = [
                (translate_expression(a, source, target), translate_expression(b, source, target)) for a, b in branches
            ]
            return Case(tuple(pairs), position)
        case Items(items):
            return replace(node, items=tuple([translate_expression(item, source, target) for item in items]))
        case Members(members, position):
            values = [(name, translate_expression(value, source, target)) for name, value in members]
            return Members(tuple(values), position)
        case _:
            assert_never(node)


# ------------------------------------------------------------------ operators


def _chain(node: Binary, source: Grammar, target: Grammar) -> Node:
    links = [node]
    while isinstance(links[-1].left, Binary):
        links.append(links[-1].left)
    left = translate_expression(links[-1].left, source, target)
    for link in reversed(links):
        right = translate_expression(link.right, source, target)
        if link.operator == "in" and not has(OPERATORS, "in", target):
            left = _alternatives(left, right, link.position, target)
        else:
            left = Binary(link.operator, left, right, link.position)
    return left


def _alternatives(left: Node, right: Node, position: int, target: Grammar) -> Node:
    """`A in (1,2)` as `A eq 1 or A eq 2` (4.01 Part 2, 5.1.1.1.12); in an empty list is nothing."""
    if not isinstance(right, Items):
        raise unsayable("'in' before an expression", "only a list can be written as comparisons", target)
    if not all(isinstance(item, Literal | EnumLiteral) for item in right.items):
        raise unsayable("'in' before a list of expressions", "only literals can be compared one by one", target)
    if _size(left) * len(right.items) > _MOST_NODES:
        raise unsayable("so long a list behind 'in'", f"it would take more than {_MOST_NODES} comparisons", target)
    tests = [Binary("eq", left, item, position) for item in right.items]
    if not tests:
        return Literal(False, edm.BOOLEAN, position)
    chain = tests[0]
    for test in tests[1:]:
        chain = Binary("or", chain, test, position)
    return chain


def _size(node: Node | Lambda | Aggregate) -> int:
    """How many nodes there are in an expression, of those that can be nested."""
    count = 0
    pending: list[object] = [node]
    while pending and count <= _MOST_NODES:
        count += 1
        match pending.pop():
            case Unary(_, operand):
                pending.append(operand)
            case Binary(_, left, right):
                pending += [left, right]
            case Case(branches):
                pending += [part for branch in branches for part in branch]
            case Items(items):
                pending += items
            case Members(members):
                pending += [value for _name, value in members]
            case Path(segments):
                pending += [argument.value for segment in segments for argument in segment.arguments or ()]
            case Lambda(_, body):
                pending.append(body)
    return count


# ------------------------------------------------------------------ paths and calls


def _steps(segments: tuple[Segment, ...], source: Grammar, target: Grammar) -> tuple[Segment, ...]:
    if len(segments) > 1 and segments[0].name == "$it" and not has(VARIABLES, "$it", target):
        segments = segments[1:]  # without any and all, every path begins at the row
    return (_first(segments[0], source, target), *[_step(segment, source, target) for segment in segments[1:]])


def _step(segment: Segment, source: Grammar, target: Grammar) -> Segment:
    return replace(
        segment,
        arguments=translate_arguments(segment.arguments, source, target),
        key=translate_arguments(segment.key, source, target),
    )


def translate_arguments(
    arguments: tuple[Argument, ...] | None, source: Grammar, target: Grammar
) -> tuple[Argument, ...] | None:
    """Key values, parameters or what any and all apply to."""
    if arguments is None:
        return None
    return tuple([Argument(_argument(argument.value, source, target), argument.name) for argument in arguments])


def _argument(value: Node | Lambda | Aggregate, source: Grammar, target: Grammar) -> Node | Lambda | Aggregate:
    match value:
        case Lambda(variable, body, position):
            return Lambda(variable, translate_expression(body, source, target), position)
        case Aggregate():
            return value  # of one dialect only
        case _:
            return translate_expression(value, source, target)


def _first(segment: Segment, source: Grammar, target: Grammar) -> Segment:
    """A property, a variable, or a call: of cast and isof, of a canonical function, of one of the model"""
    name = segment.name.lower() if source.folds_case else segment.name
    if segment.arguments is None:
        return segment
    if name in _TYPE_FUNCTIONS:
        return _type_function(replace(segment, name=name), segment.arguments, source, target)
    spelling = find_function(segment.name, source)
    if spelling is None:
        _check_model_function(segment.name, source, target)
        return _step(segment, source, target)
    row = FUNCTIONS[spelling.canonical]
    written = row.written.get(target.name)
    if written is None:
        raise unsayable(f"the function '{spelling.canonical}'", row.absent, target)
    arguments = translate_arguments(segment.arguments, source, target) or ()
    ordered = written_order(written, canonical_order(spelling, segment.name, arguments))
    return replace(segment, name=written.name, arguments=ordered)


def _check_model_function(name: str, source: Grammar, target: Grammar) -> None:
    """What is no canonical function in the source must be none in the target."""
    if name in ("any", "all"):
        return
    if name in WITHOUT_MEANING[source.name]:
        raise unsayable(f"the function '{name}'", "a time of day has no such part", target)
    if find_function(name, target) is not None:
        raise unsayable(f"a function of the model called '{name}'", "it would be the canonical function", target)
    require(CONSTRUCTS, "function", target)


def _type_function(segment: Segment, arguments: tuple[Argument, ...], source: Grammar, target: Grammar) -> Segment:
    """cast and isof, whose last argument is a type"""
    if not arguments:
        raise BadRequest(f"'{segment.name}' needs the name of a type.")
    name = _type_name(arguments[-1].value, source)
    if name is None:
        raise BadRequest(f"The last argument of '{segment.name}' must be the name of a type.")
    before = translate_arguments(arguments[:-1], source, target) or ()
    return replace(segment, arguments=(*before, Argument(_type_argument(translate_type(name, target), target))))


def _type_name(value: Node | Lambda | Aggregate, source: Grammar) -> str | None:
    """The type that an argument names: a string in some dialects, a path in others."""
    match value:
        case Literal(str() as text, kind) if kind is edm.STRING and source.name in QUOTED_TYPES:
            return text
        case Path((Segment("Collection", (Argument(Path((Segment(name),))),)),)) if source.name not in QUOTED_TYPES:
            return f"Collection({name})"
        case Path((Segment(name, None),)) if source.name not in QUOTED_TYPES:
            return name
    return None


def _type_argument(name: str, target: Grammar) -> Node:
    if target.name in QUOTED_TYPES:
        return Literal(name, edm.STRING)
    item = name.removeprefix("Collection(").removesuffix(")")
    path = Path((Segment(item),))
    return path if item == name else Path((Segment("Collection", (Argument(path),)),))
