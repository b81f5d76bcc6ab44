# Resource paths and whole URLs -> text, percent-encoded: the inverse of resource_paths and urls.
# Each segment, name and value is encoded by itself, so that a slash in a key and an ampersand in a value survive.

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from ..errors import ODataError
from ..limits import Limits
from .constructs import CONSTRUCTS, PATH_SEGMENTS, require, unsayable
from .encoding import OPEN_STRING, encode_segment
from .grammars import Grammar
from .option_printer import print_options
from .printer import print_segment
from .resource_paths import parse_path
from .syntax import Options, Segment
from .urls import Url

# What may stand unencoded in a query (RFC 3986, 3.4), without what separates options and `+`, which reads as a blank.
_VALUE_SAFE: Final = "!$'()*,;:@/?-._~="
_NAME_SAFE: Final = _VALUE_SAFE.replace("=", "")
_TYPE: Final = re.compile(r"(?:[^\W\d]\w*\.)+[^\W\d]\w*")


def print_path(segments: tuple[Segment, ...], grammar: Grammar) -> str:
    """The raw path of these segments, without a slash before it."""
    texts = [_first_segment(segment, grammar) for segment in segments[:1]]
    texts += [_segment(segment, grammar) for segment in segments[1:]]
    # One slash at the end means nothing, so an empty segment there takes two.
    return "/".join(texts) + ("/" if len(texts) > 1 and not texts[-1] else "")


def _first_segment(segment: Segment, grammar: Grammar) -> str:
    """A name with or without a key; v2 and v3 put the container before it, which is no derived type."""
    container, _dot, name = segment.name.rpartition(".")
    if not container:
        return _segment(segment, grammar)
    require(CONSTRUCTS, "container", grammar)
    return _encoded(f"{container}.", grammar) + _segment(replace(segment, name=name), grammar)


def _segment(segment: Segment, grammar: Grammar) -> str:
    require(PATH_SEGMENTS, segment.name, grammar)
    if segment.arguments is not None or segment.options is not None:
        return _encoded(print_segment(segment, grammar), grammar)
    text = segment.name
    if _TYPE.fullmatch(text):
        require(CONSTRUCTS, "cast", grammar)
    if text in (".", ".."):
        raise unsayable(f"the path segment '{text}'", "clients and proxies resolve it (RFC 3986, 5.2.4)", grammar)
    if _is_call(text, grammar):
        raise unsayable(f"the key '{text[:50]}' as a path segment", "it would be read as a call", grammar)
    if grammar.is_lenient and OPEN_STRING.fullmatch(text):
        raise unsayable(f"the key '{text[:50]}' as a path segment", "it would be read as torn apart", grammar)
    return _encoded(text, grammar)


def _is_call(text: str, grammar: Grammar) -> bool:
    """Whether text of a key would be read as a name with something in parentheses."""
    if "(" not in text:
        return False
    try:
        segments = parse_path(f"X/{encode_segment(text)}", grammar, Limits())
    except ODataError:
        return False
    return segments[-1].arguments is not None


def _encoded(text: str, grammar: Grammar) -> str:
    try:
        return encode_segment(text)
    except UnicodeEncodeError:
        raise unsayable("half of a surrogate pair in a URL", "UTF-8 has no form of it", grammar) from None


def print_query(options: Options, grammar: Grammar) -> str:
    """The raw query of these options, without a question mark before it."""
    try:
        pairs = [
            (quote(name, safe=_NAME_SAFE), quote(value, safe=_VALUE_SAFE))
            for name, value in print_options(options, grammar)
        ]
    except UnicodeEncodeError:
        raise unsayable("half of a surrogate pair in a URL", "UTF-8 has no form of it", grammar) from None
    return "&".join([f"{name}={value}" for name, value in pairs])


def print_url(url: Url, grammar: Grammar) -> str:
    """The URL, relative to the service root."""
    query = print_query(url.options, grammar)
    text = _print_entity(url.path, grammar) if _is_entity(url.path) else print_path(url.path, grammar)
    text += f"?{query}" if query else ""
    if url.fragment is not None:
        require(CONSTRUCTS, "context", grammar)
        text += f"#{url.fragment}"
    return text


def _is_entity(path: tuple[Segment, ...]) -> bool:
    return bool(path) and path[0].name == "$entity"


def _print_entity(path: tuple[Segment, ...], grammar: Grammar) -> str:
    """$entity, or $entity/NS.Type, whose type is kept as it was written"""
    require(PATH_SEGMENTS, "$entity", grammar)
    return "/".join([segment.name for segment in path])
