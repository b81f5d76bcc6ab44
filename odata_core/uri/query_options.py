# Query options: names and values -> one Options value. Options within parentheses (of $expand, $select, /$count) are
# the same options with other separators and a narrower choice, so one table serves all places.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from operator import and_
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from ..errors import BadRequest, suggestion
from ..limits import Limits
from .apply import MOST_DIGITS, parse_apply
from .expressions import Expressions
from .grammars import Grammar
from .search import parse_search
from .split import Outline
from .syntax import Argument, ComputeItem, ExpandItem, Options, OrderByItem, Path, Segment, SelectItem

_IDENTIFIER: Final = re.compile(r"[^\W\d]\w{0,127}")
_QUALIFIED: Final = re.compile(r"[^\W\d]\w{0,127}(?:\.[^\W\d]\w{0,127})*")
_TERM: Final = re.compile(r"@[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:#[^\W\d]\w*)?")
_TAILS: Final = frozenset({"$ref", "$count", "$value"})


class Piece(Struct, frozen=True):
    """The value of one option: a stretch of text, and how deep it is nested."""

    text: str
    start: int
    end: int
    grammar: Grammar
    limits: Limits
    depth: int  # of options within options
    nesting: int = 0  # of expressions around it
    outline: Outline | None = None

    @property
    def value(self) -> str:
        return self.text[self.start : self.end]

    def part(self, start: int, end: int) -> Piece:
        return replace(self, start=start, end=end)

    def outlined(self) -> Outline:
        """Where its brackets are; whoever works on parts of it takes the same outline."""
        if self.outline is not None:
            return self.outline
        self.limits.check_length(self.text, self.start, self.end)
        return Outline(self.text, self.limits, self.start, self.end)

    def parts(self, separator: str) -> list[Piece]:
        outline = self.outlined()
        spans = outline.split(separator, self.start, self.end)
        return [replace(self, start=start, end=end, outline=outline) for start, end in spans]

    def items(self) -> list[Piece]:
        """The parts between commas. People write blanks behind these, which no grammar of version 4 has."""
        return [part.trimmed() for part in self.parts(",")]

    def trimmed(self) -> Piece:
        start, end = self.start, self.end
        while start < end and self.text[start] in " \t":
            start += 1
        while end > start and self.text[end - 1] in " \t":
            end -= 1
        return self.part(start, end)

    def expressions(self) -> Expressions:
        return Expressions(self.text, self.grammar, self.limits, self.start, self.end, self.nesting, self.depth)

    def error(self, message: str, position: int | None = None) -> BadRequest:
        return BadRequest(message, text=self.text, position=self.start if position is None else position)


def _filter(piece: Piece) -> Any:
    return piece.expressions().whole()


def _orderby(piece: Piece) -> tuple[OrderByItem, ...]:
    """orderby = orderbyItem *( COMMA orderbyItem )"""
    expressions = piece.expressions()
    expressions.begin()
    items = []
    while True:
        expression = expressions.expression()
        items.append(OrderByItem(expression, expressions.word("asc", "desc") == "desc"))
        if not expressions.take(","):
            break
    expressions.skip_blank()  # SAP's Cloud SDK leaves one where no direction is said
    order: tuple[OrderByItem, ...] = expressions.finish(tuple(items))
    return order


def _compute(piece: Piece) -> tuple[ComputeItem, ...]:
    """compute = computeItem *( COMMA computeItem ); computeItem = commonExpr RWS "as" RWS name"""
    expressions = piece.expressions()
    expressions.begin()
    items = []
    while True:
        expression = expressions.expression()
        if not expressions.word("as"):
            expressions.fail("'as'")
        items.append(ComputeItem(expression, expressions.identifier()))
        if not expressions.take(","):
            break
    computed: tuple[ComputeItem, ...] = expressions.finish(tuple(items))
    return computed


def _search(piece: Piece) -> Any:
    """search = "$search" EQ BWS ( searchExpr / searchExpr-incomplete )"""
    blanks = len(piece.value) - len(piece.value.lstrip(" \t"))
    piece = piece.part(piece.start + blanks, piece.end)
    if piece.value.startswith("'") and piece.value.endswith("'") and len(piece.value) > 1:
        return piece.expressions().whole()  # searchExpr-incomplete: a string that the service makes sense of
    return parse_search(piece.text, piece.limits, piece.start, piece.end)


def _apply(piece: Piece) -> Any:
    return parse_apply(piece.text, piece.grammar, piece.limits, piece.start, piece.end, piece.depth, piece.outline)


def _digits(name: str, piece: Piece) -> int:
    if not (piece.value.isascii() and piece.value.isdigit() and len(piece.value.lstrip("0")) <= MOST_DIGITS):
        raise piece.error(f"{name} must be a whole number from 0, not '{piece.value[:50]}'.")
    return int(piece.value.lstrip("0") or "0")


def _top(piece: Piece) -> int:
    top = _digits("$top", piece)
    if top > piece.limits.top:
        raise piece.error(f"$top is too large: the limit top is {piece.limits.top}.")
    return top


def _index(piece: Piece) -> int:
    digits = piece.value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= MOST_DIGITS):
        raise piece.error(f"$index must be a whole number, not '{piece.value[:50]}'.")
    return int(piece.value)


def _boolean(piece: Piece) -> bool:
    text = piece.value.lower() if piece.grammar.folds_case else piece.value
    if text not in ("true", "false"):
        raise piece.error(f"$count must be true or false, not '{piece.value[:50]}'.")
    return text == "true"


def _inline_count(piece: Piece) -> bool:
    text = piece.value.lower()  # as WCF and Web API read it; in an ABNF case does not count (RFC 5234, 2.3)
    if text not in ("allpages", "none"):
        raise piece.error(f"$inlinecount must be allpages or none, not '{piece.value[:50]}'.")
    return text == "allpages"


def _levels(piece: Piece) -> int | str:
    if piece.value.lower() == "max":
        return "max"
    if not re.fullmatch(r"[1-9][0-9]{0,17}", piece.value):
        raise piece.error("$levels must be 'max' or a number from 1, without leading zeros.")
    return int(piece.value)


def _moment(piece: Piece) -> Any:
    """$at, $from, $to, $toInclusive (Temporal Data 4.0, 4.2): a date, a time, a path, or min and max."""
    return piece.value if piece.value in ("min", "max") else piece.expressions().whole()


def _text(piece: Piece) -> str:
    if not piece.value:
        raise piece.error("A value is expected.")
    return piece.value


def _format(piece: Piece) -> str:
    text = piece.value
    kind, slash, subtype = text.partition("/")
    if text.lower() not in ("atom", "json", "xml") and not (kind and slash and subtype):
        raise piece.error(f"'{text[:50]}' is no $format: use json, xml, atom or a media type.")
    return text


def _schema_version(piece: Piece) -> str:
    if not re.fullmatch(r"\*|[A-Za-z0-9._~-]+", piece.value):
        raise piece.error("$schemaversion must be * or a version.")
    return piece.value


# ------------------------------------------------------------------ $select and $expand


def _segments(piece: Piece) -> tuple[Segment, ...]:
    """Names joined by slashes; an annotation term begins with @."""
    segments, position = [], piece.start
    for name in piece.value.split("/"):
        if piece.grammar.folds_case and name.lower() == "$value":
            name = "$value"  # the one of its kind that the ABNF takes in any case
        if not (_QUALIFIED.fullmatch(name) or _TERM.fullmatch(name) or name in ("*", *_TAILS) or _is_schema(name)):
            raise piece.error(f"A name is expected, not '{name[:50]}'.", position)
        segments.append(Segment(name, position=position))
        position += len(name) + 1
    return tuple(segments)


def _is_schema(name: str) -> bool:
    return name.endswith(".*") and _QUALIFIED.fullmatch(name[:-2]) is not None


def _select(piece: Piece) -> tuple[SelectItem, ...]:
    items = piece.items()
    if len(items) > piece.limits.select_items:
        raise piece.error(f"$select has too many items: the limit select_items is {piece.limits.select_items}.")
    return tuple(_select_item(item) for item in items)


def _select_item(piece: Piece) -> SelectItem:
    """selectItem: a path, with options or a function's parameter names in parentheses; * and NS.*"""
    frame = piece.outlined().parenthesized(piece.start, piece.end)
    head = piece if frame is None else piece.part(piece.start, frame[0])
    path = _segments(head)
    # v2 and v3 select within what they expand by a path: `Category/*`.
    types = ["." in segment.name and segment.name[0] != "@" for segment in path]
    if len(path) > 2 and any(map(and_, types, types[1:])):
        raise piece.error("A type cannot be narrowed to a type.")
    stars = path[:-1] if not piece.grammar.nests_options else path if len(path) > 1 else ()
    if any(s.name in _TAILS for s in path) or any(s.name == "*" for s in stars):
        raise piece.error(f"'{head.value[:50]}' cannot be selected.")
    if frame is None:
        return SelectItem(path)
    inner = piece.part(frame[1], frame[2])
    if "=" not in inner.value:
        names = [name.strip() for name in inner.value.split(",")]
        if len(path) > 2 or not all(_IDENTIFIER.fullmatch(name) for name in names):
            raise piece.error("Options or the names of parameters are expected in parentheses.", frame[1])
        last = path[-1]
        arguments = tuple(Argument(Path((Segment(name),))) for name in names)
        return SelectItem((*path[:-1], Segment(last.name, arguments, None, last.position)))
    return SelectItem(path, nested_options(inner, "select"))


def _expand(piece: Piece) -> tuple[ExpandItem, ...]:
    items = piece.items()
    if len(items) > piece.limits.expand_items:
        raise piece.error(f"$expand has too many items: the limit expand_items is {piece.limits.expand_items}.")
    return tuple(_expand_item(item) for item in items)


def _expand_item(piece: Piece) -> ExpandItem:
    """expandItem: a path, its last segment perhaps $ref or $count, with options in parentheses"""
    frame = piece.outlined().parenthesized(piece.start, piece.end)
    path = _segments(piece if frame is None else piece.part(piece.start, frame[0]))
    names = [segment.name for segment in path]
    if any(name in _TAILS for name in names[:-1]) or any(_is_schema(name) for name in names):
        raise piece.error("$ref, $count and $value can only stand at the end.")
    if "*" in names[:-2] or (names[-2:-1] == ["*"] and names[-1] != "$ref"):
        raise piece.error("* can only be followed by /$ref.")
    if names[-1] == "$value" and len(names) > 1:
        raise piece.error("$value stands by itself in $expand.")
    if "." in names[-1] and names[-1][0] != "@" and (len(names) < 2 or ("." in names[-2] and names[-2][0] != "@")):
        raise piece.error(f"'{names[-1][:50]}' is a type: what is expanded must stand before or behind it.")
    if frame is None:
        return ExpandItem(path)
    context = {"$ref": "ref", "$count": "count", "*": "star"}.get(names[-1], "expand")
    if names[-2:] == ["*", "$ref"]:
        raise piece.error("*/$ref takes no options.", frame[1])
    return ExpandItem(path, nested_options(piece.part(frame[1], frame[2]), context))


# ------------------------------------------------------------------ the table

Reader = Callable[[Piece], Any]

READERS: Final[Mapping[str, Reader]] = {
    "$apply": _apply,
    "$at": _moment,
    "$compute": _compute,
    "$count": _boolean,
    "$deltatoken": _text,
    "$expand": _expand,
    "$filter": _filter,
    "$format": _format,
    "$from": _moment,
    "$id": _text,
    "$index": _index,
    "$inlinecount": _inline_count,
    "$levels": _levels,
    "$orderby": _orderby,
    "$schemaversion": _schema_version,
    "$search": _search,
    "$select": _select,
    "$skip": partial(_digits, "$skip"),
    "$skiptoken": _text,
    "$to": _moment,
    "$toinclusive": _moment,
    "$top": _top,
}

_COUNT: Final = frozenset({"$filter", "$search"})
_REF: Final = _COUNT | {"$orderby", "$skip", "$top", "$count"}
_SELECT: Final = _REF | {"$compute", "$select"}
NESTED: Final[Mapping[str, frozenset[str]]] = {
    "count": _COUNT,
    "ref": _REF,
    "select": _SELECT,
    "expand": _SELECT | {"$expand", "$levels", "$apply", "$at", "$from", "$to", "$toinclusive"},
    "star": frozenset({"$levels"}),
}
ALWAYS_DOLLAR: Final = frozenset({"$at", "$deltatoken", "$from", "$skiptoken", "$to", "$toinclusive"})


def option_name(name: str, grammar: Grammar, known: frozenset[str]) -> str | None:
    """The canonical name of a system query option; None for a custom one, BadRequest for an unknown `$` name.

    4.01 takes names in any case and with or without the dollar sign (Part 1, 11.2.1).
    """
    if grammar.folds_case:
        folded = name.lower()
        canonical = folded if folded.startswith("$") else f"${folded}"
        if canonical in known and (name.startswith("$") or canonical not in ALWAYS_DOLLAR):
            return canonical
    elif name in known:
        return name
    if name.startswith("$"):
        raise BadRequest(
            f"The query parameter '{name[:100]}' begins with a system-reserved '$' character but is not recognized."
            f"{suggestion(name[:100], known)}",
            target=name[:100],
        )
    return None


def read_option(name: str, piece: Piece) -> Any:
    """The value of a system query option."""
    piece.limits.check_length(piece.text, piece.start, piece.end)
    return READERS[name](piece)


def check_alias(name: str) -> None:
    """parameterAlias = AT odataIdentifier"""
    if not _IDENTIFIER.fullmatch(name, 1):
        raise BadRequest(
            f"The name of a parameter alias is expected behind '@', not '{name[1:100]}'.", target=name[:100]
        )


def read_alias(piece: Piece) -> Any:
    """parameterValue = arrayOrObject / commonExpr"""
    expressions = piece.expressions()
    return expressions.finish(expressions.json_value())


def nested_options(piece: Piece, context: str) -> Options:
    """The options in parentheses, separated by semicolons."""
    if piece.depth >= piece.limits.expand_depth:
        raise piece.error(f"Options are nested too deeply: the limit expand_depth is {piece.limits.expand_depth}.")
    system: dict[str, Any] = {}
    aliases: dict[str, Any] = {}
    for part in _options_of(piece):
        raw_name, equals, _value = part.value.partition("=")
        value = replace(part, start=part.start + len(raw_name) + 1, depth=piece.depth + 1)
        if context == "star" and not equals:
            # STAR OPEN levels CLOSE; OData 4.0 also wrote the bare number.
            system["$levels"] = _levels(part)
            continue
        if not equals:
            raise part.error("An option is expected: a name, '=' and a value.")
        if raw_name.startswith("@"):
            check_alias(raw_name)
            if raw_name in aliases:
                raise part.error(f"The parameter alias '{raw_name[:50]}' is given more than once.")
            aliases[raw_name] = read_alias(value)
            continue
        name = option_name(raw_name, piece.grammar, NESTED[context])
        if name is None:
            raise part.error(f"'{raw_name[:50]}' is no option that can stand here.")
        if name in system:
            raise part.error(f"The option '{name}' is given more than once.")
        system[name] = read_option(name, value)
    return Options(system, aliases)


_OPTION_START: Final = re.compile(r"(?:\$?[A-Za-z]+|@[^\W\d]\w*)=")


def _options_of(piece: Piece) -> list[Piece]:
    """The parts between semicolons. One that no option follows was percent-encoded and belongs to the value before."""
    parts: list[Piece] = []
    for part in piece.parts(";"):
        if parts and not _OPTION_START.match(part.text, part.start, part.end):
            parts[-1] = piece.part(parts[-1].start, part.end)
        else:
            parts.append(part)
    return parts


def parse_nested_options(
    text: str, start: int, end: int, context: str, grammar: Grammar, limits: Limits, depth: int, nested: int
) -> Options:
    """The options in parentheses behind `$count` in an expression."""
    return nested_options(Piece(text, start, end, grammar, limits, nested, depth), context)
