# Whole URLs: path, query and their parts, by the grammar of odataUri (4.01 ABNF).

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from ..errors import BadRequest, ODataError
from ..limits import Limits
from ..records import record
from .contexts import check_context
from .encoding import decode, decode_query
from .grammars import QUALIFIED_PATTERN, Grammar
from .query_options import READERS, Piece, check_alias, option_name, read_alias, read_option
from .resource_paths import parse_path
from .search import check_semicolons
from .syntax import Options, Segment

_ROOT: Final = re.compile(r"https?://[^/?#]+/", re.IGNORECASE)
# Characters that no URL holds unencoded (RFC 3986); what JSON is made of and what clients send is let through.
_ILLEGAL: Final = re.compile(r"[<>^`\x00-\x08\x0a-\x1f\x7f]")

# What makes a path more than its text: escapes, empty segments, and what does not belong to a path.
_SPECIAL: Final = re.compile(rf"%|\A/|//|[#?]|{_ILLEGAL.pattern}")

_TYPE: Final = re.compile(QUALIFIED_PATTERN)

_DOCUMENT_OPTIONS: Final = frozenset({"$format"})
_ENTITY_OPTIONS: Final = frozenset({"$format", "$id"})


@record
class Url:
    """A URL taken apart. `path` is empty for the service root; `fragment` is the context behind `#`, of $metadata."""

    path: tuple[Segment, ...]
    options: Options
    fragment: str | None = None


def parse_query(raw: str, grammar: Grammar, limits: Limits, known: Collection[str] | None = None) -> Options:
    """queryOptions: names and values of a raw query string. `known` narrows the system options that may stand here."""
    if "#" in raw:
        raise BadRequest("'#' must be written %23 in a query.", text=raw, position=raw.index("#"))
    names = frozenset(READERS if known is None else known) - {"$levels"}
    system: dict[str, Any] = {}
    aliases: dict[str, Any] = {}
    custom: list[tuple[str, str]] = []
    repeated: list[str] = []
    texts: dict[str, str] = {}
    for part in raw.split("&"):
        raw_name, _equals, raw_value = part.partition("=")
        name, value = decode_query(raw_name), decode_query(raw_value)
        piece = Piece(value, 0, len(value), grammar, limits, 0)
        if name.startswith("@"):
            check_alias(name)
            if name in aliases:
                raise BadRequest(f"The parameter alias '{name[:100]}' is given more than once.", target=name[:100])
            aliases[name], texts[name] = read_alias(piece), value
            continue
        canonical = option_name(name, grammar, names)
        if canonical is None:
            if not name:
                raise BadRequest("A query option needs a name.", text=raw, position=0)
            custom.append((name, value))
            continue
        if canonical == "$search":
            check_semicolons(raw_value)
        if canonical in system:
            repeated.append(canonical)
        system[canonical], texts[canonical] = read_option(canonical, piece), value
    return Options(system, aliases, tuple(custom), tuple(repeated), texts)


def parse_relative(
    raw: str,
    grammar: Grammar,
    limits: Limits,
    *,
    key_as_segment: bool = False,
    known: Collection[str] | None = None,
) -> Url:
    """odataRelativeUri: a path below the service root, with its query. `known` as with `parse_query`."""
    _check_length(raw, limits)
    bad = _ILLEGAL.search(raw)
    if bad is not None:
        raise BadRequest(f"The character {bad[0]!r} must be percent-encoded in a URL.", text=raw, position=bad.start())
    head, hash_mark, fragment = raw.partition("#")
    path, mark, query = head.partition("?")
    plain = decode(path).removesuffix("/")
    if hash_mark and plain != "$metadata":
        raise BadRequest("Only $metadata has a fragment.", text=raw, position=len(head))
    if plain in ("$batch", "$metadata"):
        options = parse_query(query, grammar, limits, sorted(_DOCUMENT_OPTIONS)) if query else Options()
        if hash_mark:
            check_context(f"#{decode(fragment)}", limits)
        return Url((Segment(plain),), options, fragment if hash_mark else None)
    if plain == "$entity" or plain.startswith("$entity/"):
        return _parse_entity(plain, query, grammar, limits)
    options = parse_query(query, grammar, limits, known) if mark and query else Options()
    return Url(parse_path(path, grammar, limits, key_as_segment=key_as_segment) if path else (), options)


def is_plain(raw: str) -> bool:
    """Whether a raw path is its own decoded form, and its slashes are those between segments, none within a string."""
    if _SPECIAL.search(raw) is not None:
        return False
    return "'" not in raw or not any("/" in text for text in raw.split("'")[1::2])


def _parse_entity(path: str, query: str, grammar: Grammar, limits: Limits) -> Url:
    """$entity?$id=..., with a type also $select and $expand (4.01 Part 2, 4.4)"""
    has_type = path != "$entity"
    if has_type and not _TYPE.fullmatch(path, len("$entity/")):
        raise BadRequest("The name of an entity type is expected behind $entity.", text=path, position=len("$entity/"))
    known = _ENTITY_OPTIONS | ({"$select", "$expand"} if has_type else set())
    options = parse_query(query, grammar, limits, sorted(known))
    if "$id" not in options.system:
        raise BadRequest("$entity needs the query option $id.")
    return Url((Segment("$entity"), *([Segment(path.partition("/")[2])] if has_type else [])), options)


def parse_uri(raw: str, grammar: Grammar, limits: Limits) -> Url:
    """odataUri: an absolute URL. The text does not say where the root ends: the longest path that parses is taken."""
    root = _ROOT.match(raw)
    if root is None:
        raise BadRequest("An absolute URL with http or https is expected.", text=raw, position=0)
    _check_length(raw, limits)
    path = re.split(r"[?#]", raw[root.end() :], maxsplit=1)[0]
    starts = [0, *(found.end() for found in re.finditer("/", path))]
    for start in starts[-limits.path_segments - 1 :]:
        if _is_path(path[start:], grammar, limits):
            return parse_relative(raw[root.end() + start :], grammar, limits)
    return parse_relative(raw[root.end() :], grammar, limits)


def _is_path(path: str, grammar: Grammar, limits: Limits) -> bool:
    if path in ("", "$batch", "$metadata", "$entity") or path.startswith("$entity/"):
        return True
    try:
        parse_path(path, grammar, limits)
    except ODataError:
        return False
    return True


def _check_length(raw: str, limits: Limits) -> None:
    if len(raw) - ("?" in raw) > limits.url_length:
        raise BadRequest(f"The URL is too long: the limit url_length is {limits.url_length}.")
