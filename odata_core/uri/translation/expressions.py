# Expressions of one dialect in another: functions by their rows, literals by their types, `in` as comparisons where
# there is none. A chain of operators is walked in a loop, as the printer does.

from __future__ import annotations

from typing import Final, assert_never

from msgspec.structs import replace

from ...edm import primitives as edm
from ...errors import BadRequest, NotImplementedHere
from ...limits import Limits
from ...records import record
from ..constructs import CONSTRUCTS, OPERATORS, QUOTED_TYPES, VARIABLES, has, require, unsayable
from ..functions import FUNCTIONS, RESERVED, WITHOUT_MEANING, Spelling, canonical_order, find_function, written_order
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

Arguments = tuple[Argument, ...]


@record
class Translator:
    """Turns expressions of one dialect into those of another."""

    source: Grammar
    target: Grammar

    def expression(self, node: Node) -> Node:
        """The expression with the parts that are written otherwise in the target."""
        match node:
            case Literal():
                return translate_literal(node, self.target)
            case EnumLiteral():
                return translate_member(node, self.target)
            case Path(segments):
                return Path(self._steps(segments))
            case Unary(operator, operand, position):
                return Unary(operator, self.expression(operand), position)
            case Binary():
                return self._chain(node)
            case Case(branches, position):
                return Case(
                    tuple([(self.expression(when), self.expression(then)) for when, then in branches]), position
                )
            case Items(items):
                return replace(node, items=tuple(map(self.expression, items)))
            case Members(members, position):
                return Members(tuple([(name, self.expression(value)) for name, value in members]), position)
            case _:
                assert_never(node)

    # ------------------------------------------------------------ operators

    def _chain(self, node: Binary) -> Node:
        links = [node]
        while isinstance(links[-1].left, Binary):
            links.append(links[-1].left)
        left = self.expression(links[-1].left)
        for link in reversed(links):
            right = self.expression(link.right)
            if link.operator == "in" and not has(OPERATORS, "in", self.target):
                left = _alternatives(left, right, link.position, self.target)
            else:
                left = Binary(link.operator, left, right, link.position)
        return left

    # ------------------------------------------------------------ paths and calls

    def _steps(self, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        if len(segments) > 1 and segments[0].name == "$it" and not has(VARIABLES, "$it", self.target):
            segments = segments[1:]  # without any and all, every path begins at the row
        return (self._first(segments[0]), *map(self.step, segments[1:]))

    def step(self, segment: Segment) -> Segment:
        """A segment by the same name."""
        if segment.arguments is None:
            return segment
        name = segment.name.lower() if self.target.folds_case else segment.name
        if name in RESERVED[self.target.name]:
            raise _model_function(segment.name, "it would be part of the language", self.target)
        key = None if segment.key is None else self._arguments(segment.key)
        return replace(segment, arguments=self._arguments(segment.arguments), key=key)

    def _arguments(self, arguments: Arguments) -> Arguments:
        """Key values, parameters, or what any and all apply to."""
        translated = []
        for argument in arguments:
            value = argument.value
            if isinstance(value, Lambda):
                value = Lambda(value.variable, self.expression(value.body), value.position)
            elif not isinstance(value, Aggregate):  # aggregations are of one dialect only
                value = self.expression(value)
            translated.append(Argument(value, argument.name))
        return tuple(translated)

    def _first(self, segment: Segment) -> Segment:
        """A property, a variable, or a call: of cast and isof, of a canonical function, of one of the model"""
        if segment.arguments is None:
            return segment
        name = segment.name.lower() if self.source.folds_case else segment.name
        spelling = find_function(segment.name, self.source)
        if name in _TYPE_FUNCTIONS:
            arguments = segment.arguments
            typed = self._type_argument(name, arguments)
            return replace(segment, name=name, arguments=(*self._arguments(arguments[:-1]), typed))
        if spelling is None:
            self._check_model_function(segment.name)
            return self.step(segment)
        return self._canonical(segment, spelling, self._arguments(segment.arguments))

    def _canonical(self, segment: Segment, spelling: Spelling, arguments: Arguments) -> Segment:
        row = FUNCTIONS[spelling.canonical]
        written = row.written.get(self.target.name)
        if written is None:
            raise unsayable(f"the function '{spelling.canonical}'", row.absent, self.target)
        ordered = written_order(written, canonical_order(spelling, segment.name, arguments))
        return replace(segment, name=written.name, arguments=ordered)

    def _check_model_function(self, name: str) -> None:
        """What is no canonical function in the source must be none in the target."""
        if name in ("any", "all"):
            return
        if name in WITHOUT_MEANING[self.source.name]:
            raise unsayable(f"the function '{name}'", "a time of day has no such part", self.target)
        if find_function(name, self.target) is not None:
            raise _model_function(name, "it would be the canonical function", self.target)
        require(CONSTRUCTS, "function", self.target)

    def _type_argument(self, function: str, arguments: Arguments) -> Argument:
        """The last argument of cast and isof: a type"""
        name = _type_name(arguments[-1].value, self.source) if arguments else None
        if name is None:
            raise BadRequest(f"The last argument of '{function}' must be the name of a type.")
        translated = translate_type(name, self.target)
        return Argument(Literal(translated, edm.STRING) if self.target.name in QUOTED_TYPES else _type_path(translated))


def translate_expression(node: Node, source: Grammar, target: Grammar) -> Node:
    """The expression with the parts that are written otherwise in the target."""
    return Translator(source, target).expression(node)


def _model_function(name: str, why: str, target: Grammar) -> NotImplementedHere:
    return unsayable(f"a function of the model called '{name[:50]}'", why, target)


# ------------------------------------------------------------------ lists


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


def _size(node: Node) -> int:
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


# ------------------------------------------------------------------ types


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


def _type_path(name: str) -> Path:
    item = name.removeprefix("Collection(").removesuffix(")")
    path = Path((Segment(item),))
    return path if item == name else Path((Segment("Collection", (Argument(path),)),))
