# $apply: the transformations of the OData aggregation extension (Data Aggregation 4.0, section 3), parsed whole.
# A transformation is a name and arguments of known kinds: the table says which; any other is a custom function.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import and_
from typing import Any, Final

from ..errors import BadRequest
from ..limits import Limits
from .calls import Calls
from .expressions import Expressions
from .grammars import QUALIFIED_PATTERN, Grammar
from .search import parse_search
from .split import Outline
from .syntax import Aggregate, ComputeItem, Node, OrderByItem, Path, Rollup, Segment, Transformation

_AS: Final = re.compile(r"[ \t]++as[ \t]++([^\W\d]\w{0,127})\Z")
# What no expression is and can be aggregated: entities of a type, and how many there are.
_BARE: Final = re.compile(rf"\$count|(?=[^/]*\.){QUALIFIED_PATTERN}(?:/\$count)?")
MOST_DIGITS: Final = 18  # of a number of rows, so that every backend can hold it
METHODS: Final = frozenset({"sum", "min", "max", "average", "countdistinct"})


class Applying:
    """The text of one $apply."""

    def __init__(self, text: str, grammar: Grammar, limits: Limits, outline: Outline, depth: int = 0) -> None:
        self.text = text
        self.grammar = grammar
        self.limits = limits
        self.outline = outline
        self.depth = depth

    def pipeline(self, start: int, end: int) -> tuple[Transformation, ...]:
        """transformation *( "/" transformation )"""
        self.depth += 1
        if self.depth > self.limits.expand_depth:
            limit = self.limits.expand_depth
            raise self.error(f"$apply is nested too deeply: the limit expand_depth is {limit}.", start)
        parts = self.outline.split("/", start, end)
        if len(parts) > self.limits.apply_steps:
            raise self.error(f"$apply has too many steps: the limit apply_steps is {self.limits.apply_steps}.", start)
        steps = tuple(self.transformation(*part) for part in parts)
        self.depth -= 1
        return steps

    def transformation(self, start: int, end: int) -> Transformation:
        """name [ "(" arguments ")" ]"""
        if self.text[start:end] == "identity":
            return Transformation("identity", (), start)
        frame = self.outline.parenthesized(start, end)
        if frame is None:
            raise self.error("A transformation of $apply is expected.", start)
        name = self.text[start : frame[0]]
        arguments = self.outline.split(",", frame[1], frame[2])
        reader = TRANSFORMATIONS.get(name)
        if reader is not None:
            return Transformation(name, reader(self, arguments), start)
        return self._custom(start, end)

    def _custom(self, start: int, end: int) -> Transformation:
        expressions = self.expressions(start, end)
        segment: Segment = expressions.finish(expressions.segment())
        if segment.arguments is None or "." not in segment.name:
            raise self.error(f"'{segment.name}' is no transformation of $apply.", start)
        return Transformation(segment.name, segment.arguments, start)

    # ------------------------------------------------------------ kinds of arguments

    def expression(self, start: int, end: int) -> Any:
        return self.expressions(start, end).whole()

    def expressions(self, start: int, end: int) -> Expressions:
        return Expressions(self.text, self.grammar, self.limits, *self.trim(start, end), nested=self.depth)

    def path(self, start: int, end: int) -> tuple[Segment, ...]:
        """A path of names, without anything in parentheses"""
        expressions = self.expressions(start, end)
        path: Path = expressions.finish(expressions.path())
        if any(segment.arguments is not None for segment in path.segments):
            raise self.error("A path of names is expected.", start)
        types = ["." in segment.name and segment.name[0] != "@" for segment in path.segments]
        if any(map(and_, types, types[1:])):
            raise self.error("A type cannot be narrowed to a type.", start)
        return path.segments

    def grouping(self, start: int, end: int) -> tuple[Segment, ...]:
        """groupingProperty: a path that ends in a property"""
        path = self.path(start, end)
        if "." in path[-1].name and path[-1].name[0] != "@":
            raise self.error("A path that ends in a property is expected.", start)
        return path

    def inner(self, start: int, end: int) -> tuple[Transformation, ...]:
        return self.pipeline(*self.trim(start, end))

    def renamed(self, start: int, end: int) -> tuple[tuple[Transformation, ...], str]:
        """pipeline "as" alias"""
        stop, alias = self.alias(start, end)
        return self.inner(start, stop), alias

    def alias(self, start: int, end: int) -> tuple[int, str]:
        """Where `as alias` at the end begins, and the alias"""
        found = _AS.search(self.text, start, self.trim(start, end)[1])
        if found is None:
            raise self.error("'as' and a name are expected.", end)
        return found.start(), found[1]

    def aggregate(self, start: int, end: int, *, needs_alias: bool = True) -> Aggregate:
        """aggregateExpr, with its alias"""
        expressions = self.expressions(start, end)
        item = aggregate_item(expressions)
        expressions.finish(item)
        self._check_aggregate(item, start, needs_alias=needs_alias)
        return item

    def _check_aggregate(self, item: Aggregate, start: int, *, needs_alias: bool) -> None:
        names = [segment.name for segment in item.expression.segments] if isinstance(item.expression, Path) else []
        is_count = names[-1:] == ["$count"]
        if is_count and item.method is not None and (len(names) == 1 or "." in names[0]):
            raise self.error("'$count' takes no method.", start)
        if needs_alias and item.alias is None and (item.method is not None or is_count):
            raise self.error("An alias is expected: 'as' and a name.", start)

    def trim(self, start: int, end: int) -> tuple[int, int]:
        """Without the blanks around it."""
        while start < end and self.text[start] in " \t":
            start += 1
        while end > start and self.text[end - 1] in " \t":
            end -= 1
        return start, end

    def error(self, message: str, position: int) -> BadRequest:
        return BadRequest(message, text=self.text, position=position)


def aggregate_item(expressions: Calls) -> Aggregate:
    """commonExpr [ "with" method *( "from" path [ "with" method ] ) ] [ "as" alias ]"""
    expressions.skip_blank()
    if _BARE.fullmatch(expressions.lexemes[expressions.cursor]):
        expression: Node = expressions.path()
    else:
        expression = expressions.expression()
    method = _method(expressions)
    froms: list[tuple[tuple[Segment, ...], str | None]] = []
    while expressions.word("from"):
        path = expressions.path()
        froms.append((path.segments, _method(expressions)))
    alias = expressions.identifier() if expressions.word("as") else None
    return Aggregate(expression, method, alias, tuple(froms))


def _method(expressions: Calls) -> str | None:
    """[ RWS "with" RWS aggregateMethod ]"""
    if not expressions.word("with"):
        return None
    position = expressions.position
    method = expressions.name("a method")
    if "." not in method and method not in METHODS:
        raise BadRequest(f"'{method}' is no aggregation method.", text=expressions.text, position=position)
    return method


# What transformations that choose among their input are called; no function of an expression is called so.
_SUBSET: Final = re.compile(
    r"(?:ancestors|(?:bottom|top)(?:count|percent|sum)|descendants|filter|orderby|search|skip|top|traverse)\("
)

Reader = Callable[[Applying, list[tuple[int, int]]], tuple[Any, ...]]


def _fixed(*kinds: Callable[[Applying, int, int], Any], optional: int = 0) -> Reader:
    """Arguments of these kinds, the last `optional` of which may be missing."""

    def read(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
        if not len(kinds) - optional <= len(parts) <= len(kinds):
            raise applying.error(f"{len(kinds) - optional} arguments are expected, not {len(parts)}.", parts[0][0])
        return tuple(kind(applying, *applying.trim(*part)) for kind, part in zip(kinds, parts, strict=False))

    return read


def _each(kind: Callable[[Applying, int, int], Any], least: int = 1) -> Reader:
    """Arguments of one kind, not fewer than `least`."""

    def read(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
        if len(parts) < least:
            raise applying.error(f"At least {least} arguments are expected.", parts[0][0])
        return tuple(kind(applying, *applying.trim(*part)) for part in parts)

    return read


def _search(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    start, end = applying.trim(parts[0][0], parts[-1][1])
    if applying.text[start : start + 1] == "'":
        # A search that is not well-formed may be given as a string (searchExpr-incomplete).
        return (applying.expression(start, end),)
    return (parse_search(applying.text, applying.limits, start, end),)


def _number(applying: Applying, start: int, end: int) -> int:
    digits = applying.text[start:end]
    if not (digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= MOST_DIGITS):
        raise applying.error("A whole number is expected.", start)
    return int(digits.lstrip("0") or "0")


def _order(applying: Applying, start: int, end: int) -> OrderByItem:
    expressions = applying.expressions(start, end)
    expression = expressions.expression()
    direction = expressions.word("asc", "desc")
    item: OrderByItem = expressions.finish(OrderByItem(expression, direction == "desc"))
    return item


def _compute(applying: Applying, start: int, end: int) -> ComputeItem:
    expressions = applying.expressions(start, end)
    expression = expressions.expression()
    if not expressions.word("as"):
        expressions.fail("'as'")
    item: ComputeItem = expressions.finish(ComputeItem(expression, expressions.identifier()))
    return item


def _group_element(applying: Applying, start: int, end: int) -> Any:
    for name, reader in (("rollup", _each(Applying.grouping)), ("rolluprecursive", _hierarchy)):
        if applying.text.startswith(f"{name}(", start, end):
            _name_end, first, last = applying.outline.parenthesized(start, end) or (0, 0, 0)
            return Rollup(name, reader(applying, applying.outline.split(",", first, last)))
    return applying.grouping(start, end)


def _groupby(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    """groupby((elements)[,pipeline])"""
    start, end = applying.trim(*parts[0])
    if len(parts) > 2 or applying.text[start : start + 1] != "(" or applying.text[end - 1] != ")":
        raise applying.error("groupby takes a list in parentheses and, perhaps, transformations.", start)
    elements = applying.outline.split(",", start + 1, end - 1)
    grouped = tuple(_group_element(applying, *applying.trim(*part)) for part in elements)
    return (grouped, applying.inner(*parts[1]) if len(parts) == 2 else ())


def _hierarchy(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    """root, qualifier, node path, then what the transformation adds: a pipeline, a distance, `keep start`"""
    if len(parts) < 3:
        raise applying.error("A hierarchy needs its nodes, its qualifier and a path.", parts[0][0])
    read: list[Any] = [applying.expression(*parts[0]), *(applying.path(*part) for part in parts[1:3])]
    for part in parts[3:]:
        start, end = applying.trim(*part)
        text = applying.text[start:end]
        if text in ("preorder", "postorder", "keep start"):
            read.append(text)
        elif text.isascii() and text.isdigit():
            read.append(_number(applying, start, end))
        else:
            read.append(applying.inner(start, end))
    return tuple(read)


def _traverse(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    """root, qualifier, node path, preorder or postorder, perhaps transformations, and the order of siblings"""
    if len(parts) < 4 or applying.text[slice(*applying.trim(*parts[3]))] not in ("preorder", "postorder"):
        raise applying.error("traverse needs a hierarchy and 'preorder' or 'postorder'.", parts[0][0])
    end = 5 if len(parts) > 4 and _SUBSET.match(applying.text, applying.trim(*parts[4])[0]) else 4
    order = tuple(_order(applying, *applying.trim(*part)) for part in parts[end:])
    return (*_hierarchy(applying, parts[:end]), *order)


def _addnested(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    return (applying.path(*parts[0]), *(applying.renamed(*part) for part in parts[1:]))


def _join(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    start, end = parts[0]
    stop, alias = applying.alias(start, end)
    return (applying.path(start, stop), alias, *(applying.inner(*part) for part in parts[1:]))


def _expand(applying: Applying, parts: list[tuple[int, int]]) -> tuple[Any, ...]:
    return (applying.path(*parts[0]), *(applying.inner(*part) for part in parts[1:]))


_TOP: Final = _fixed(Applying.expression, Applying.expression)

TRANSFORMATIONS: Final[Mapping[str, Reader]] = {
    "aggregate": _each(Applying.aggregate),
    "addnested": _addnested,
    "ancestors": _hierarchy,
    "bottomcount": _TOP,
    "bottompercent": _TOP,
    "bottomsum": _TOP,
    "compute": _each(_compute),
    "concat": _each(Applying.inner, 2),
    "descendants": _hierarchy,
    "expand": _expand,
    "filter": _fixed(Applying.expression),
    "groupby": _groupby,
    "join": _join,
    "nest": _each(Applying.renamed),
    "orderby": _each(_order),
    "outerjoin": _join,
    "search": _search,
    "skip": _fixed(_number),
    "top": _fixed(_number),
    "topcount": _TOP,
    "toppercent": _TOP,
    "topsum": _TOP,
    "traverse": _traverse,
}


def parse_apply(
    text: str,
    grammar: Grammar,
    limits: Limits,
    start: int = 0,
    end: int | None = None,
    depth: int = 0,
    outline: Outline | None = None,
) -> tuple[Transformation, ...]:
    """The steps of $apply."""
    limits.check_length(text, start, end)
    outline = outline or Outline(text, limits, start, end)
    return Applying(text, grammar, limits, outline, depth).pipeline(start, len(text) if end is None else end)
