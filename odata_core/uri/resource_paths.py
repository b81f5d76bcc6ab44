# Resource paths: raw text -> segments, by the structure alone; what a name means is the binder's business.
# A path is split at its slashes before anything is decoded, with one exception that the grammar makes: a condition in
# `$filter(...)` may hold slashes of its own.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from ..errors import BadRequest, NotFound
from ..limits import Limits
from .calls import is_key_value
from .encoding import OPEN_STRING, decode
from .expressions import Expressions
from .grammars import Grammar
from .syntax import Segment

_NAME: Final = re.compile(r"[^\W\d]\w{0,127}")
_CALL: Final = re.compile(r"(?:[^\W\d]\w{0,127}\.)*[^\W\d]\w{0,127}\(.*\)", re.DOTALL)
_QUALIFIED: Final = re.compile(r"(?:[^\W\d]\w{0,127}\.)*[^\W\d]\w{0,127}")

_FILTER: Final = re.compile(r"(?:\$|%24)filter(?:\(|%28)")

# What may follow each segment that begins with a dollar sign; None: anything, (): nothing.
FOLLOWERS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "$": None,  # v3: what follows is no key
    "$all": None,
    "$count": ("$query",),
    "$crossjoin": ("$query",),
    "$each": None,
    "$filter": None,
    "$links": None,
    "$query": (),
    "$ref": ("$query",),
    "$value": (),
}
ROOTS: Final = frozenset({"$all", "$crossjoin"})
LAST: Final = frozenset({"$query", "$value"})


def parse_path(raw: str, grammar: Grammar, limits: Limits, *, key_as_segment: bool = False) -> tuple[Segment, ...]:
    """The segments of a raw path without a leading slash; BadRequest where its structure breaks the grammar.

    With `key_as_segment`, text that only looks like a call, such as `a(b`, may be a key: it is left to the binder.
    """
    limits.check_length(raw)
    if "#" in raw:
        raise BadRequest("'#' must be written %23 in a path.", text=raw, position=raw.index("#"))
    parts = _split(raw, limits)
    segments: list[Segment] = []
    for index, part in enumerate(_mended(parts) if grammar.is_lenient else parts):
        text = decode(part)
        try:
            segment = replace(_segment(text, grammar, limits, is_first=index == 0), text=text)
        except BadRequest:
            if not key_as_segment or index == 0 or _is_reserved(text):
                raise
            segment = Segment(text, text=text)
        _check_follows(segments, segment)
        segments.append(segment)
    return tuple(segments)


def _split(raw: str, limits: Limits) -> list[str]:
    parts: list[str] = []
    held: list[str] = []  # the parts of a condition that is still open
    level, quoted = 0, False
    for part in raw.removesuffix("/").split("/"):
        if not held and not _FILTER.match(part):
            parts.append(part)
            continue
        held.append(part)
        for index, piece in enumerate(decode(part).split("'")):
            quoted ^= index > 0
            level += 0 if quoted else piece.count("(") - piece.count(")")
        if not quoted and level <= 0:
            parts.append("/".join(held))
            held, level = [], 0
    if held:
        parts.append("/".join(held))
    if len(parts) > limits.path_segments:
        raise BadRequest(f"The path has more than {limits.path_segments} segments (limit path_segments).")
    return parts


def _mended(parts: list[str]) -> list[str]:
    """Servers that decode a path before they hand it over tear a quoted key apart at its slash: `Tags('a/b')`.

    A segment that opens a quotation within parentheses is joined with what follows until it closes. One that never
    closes was not torn.
    """
    mended: list[str] = []
    torn: list[str] = []
    for part in parts:
        if torn:
            torn.append(part)
            if decode(part).count("'") % 2:
                mended.append("/".join(torn))
                torn = []
        elif OPEN_STRING.fullmatch(decode(part)):
            torn = [part]
        else:
            mended.append(part)
    return mended + torn


def _is_reserved(text: str) -> bool:
    """Whether a segment begins with one dollar sign; two stand for one of a key's own."""
    return text.startswith("$") and not text.startswith("$$")


def _segment(text: str, grammar: Grammar, limits: Limits, *, is_first: bool) -> Segment:
    """A name, a call, a segment with a dollar sign, or (not at first) the text of a key"""
    if _is_reserved(text):
        return _reserved(text, grammar, limits)
    if _CALL.fullmatch(text):
        expressions = Expressions(text, grammar, limits)
        segment: Segment = expressions.finish(expressions.segment())
        if is_first and "." in segment.name and not grammar.is_lenient:
            raise BadRequest("A path begins with an unqualified name.", text=text, position=0)
        _check_arguments(segment, text)
        return segment
    if is_first:
        # v2 and v3 name sets outside the default container `Container.Set` (MS-ODATA 2.2.3.1).
        if not (_QUALIFIED if grammar.is_lenient else _NAME).fullmatch(text):
            Expressions(text, grammar, limits).segment()  # says what is wrong with it, if it can
            raise BadRequest("A path begins with the name of a resource.", text=text, position=0)
        return Segment(text)
    if "(" in text and _QUALIFIED.match(text) and text.index("(") == _QUALIFIED.match(text).end():  # type: ignore[union-attr]
        Expressions(text, grammar, limits).segment()
    return Segment(text)


def _reserved(text: str, grammar: Grammar, limits: Limits) -> Segment:
    name = text.partition("(")[0]
    if text in ("$batch", "$metadata"):
        raise NotFound(f"Nothing can stand before or behind '{text}' in a path.")
    if name not in FOLLOWERS or (name == "$" and not grammar.is_lenient):
        raise NotFound(f"Resource not found for the segment '{text[:100]}'.")
    if name not in ("$filter", "$crossjoin"):
        if text != name:
            raise BadRequest(f"'{name}' takes no parentheses in a path.", text=text, position=len(name))
        return Segment(name)
    expressions = Expressions(text, grammar, limits)
    segment: Segment = expressions.finish(expressions.segment())
    if not segment.arguments or (name == "$filter" and len(segment.arguments) != 1):
        raise BadRequest(f"'{name}' needs something in parentheses.", text=text, position=0)
    return segment


def _check_arguments(segment: Segment, text: str) -> None:
    """Key values and parameters in a path are literals or parameter aliases."""
    for argument in segment.arguments or ():
        if not is_key_value(argument.value):
            position = getattr(argument.value, "position", 0)
            raise BadRequest("A literal or a parameter alias is expected.", text=text, position=position)


def _check_follows(segments: list[Segment], segment: Segment) -> None:
    if not segments:
        if segment.name.startswith("$") and segment.name not in ROOTS:
            raise BadRequest(f"A path cannot begin with '{segment.name}'.", text=segment.name, position=0)
        return
    if segment.name in ROOTS:
        raise BadRequest(f"'{segment.name}' can only begin a path.", text=segment.name, position=0)
    if segments[0].name == "$all" and not (len(segments) == 1 and _QUALIFIED.fullmatch(segment.name)):
        raise BadRequest("Only the name of a type can follow '$all'.", text=segment.name, position=0)
    followers = FOLLOWERS.get(segments[-1].name)
    if followers is not None and segment.name not in followers:
        raise BadRequest(
            f"'{segment.name[:100]}' cannot follow '{segments[-1].name}' in a path.", text=segment.name, position=0
        )
