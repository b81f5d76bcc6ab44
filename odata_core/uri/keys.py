# Keys <-> text: `(ID=guid'..',StampId=guid'..')` as a predicate, `/<ID>/<StampId>` as segments.
# Printing is canonical: no name for a single key, model order for many (4.01 URL Conventions 4.3.1).
# What is printed here, the parser reads back: a property test holds both to it for every key type.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..edm import EntityType, EnumType, PrimitiveType, Property
from ..errors import BadRequest
from .encoding import encode_segment
from .grammars import Grammar
from .literals import SEGMENT_PRINTERS, SEGMENT_READERS, print_string


def print_key_literal(prop: Property, value: Any, grammar: Grammar) -> str:
    """One key value as a literal, not yet percent-encoded."""
    if isinstance(prop.type, EnumType):
        # A quoted name, which the parser reads; it does not know `Namespace.Type'Name'` yet.
        return print_string(value)
    assert isinstance(prop.type, PrimitiveType)
    return grammar.printers[prop.type.name](value)


def print_predicate(kind: EntityType, key: tuple[Any, ...], grammar: Grammar) -> str:
    """`(5)` or `(ID=...,StampId=...)`, percent-encoded for a path."""
    parts = [
        print_key_literal(kind.properties[name], value, grammar) for name, value in zip(kind.key, key, strict=True)
    ]
    if len(parts) > 1:
        parts = [f"{name}={part}" for name, part in zip(kind.key, parts, strict=True)]
    return f"({','.join(map(encode_segment, parts))})"


def read_key_segment(prop: Property, text: str, readers: Mapping[str, Callable[[str], Any]] = SEGMENT_READERS) -> Any:
    """A key value from a decoded path segment; BadRequest when it is none of the type. `readers` are the dialect's."""
    if text.startswith("$$"):
        # A key that starts with a dollar sign is written with two (WCF Data Services, key as segment).
        text = text[1:]
    try:
        return prop.accept(readers[prop.type.name](text) if isinstance(prop.type, PrimitiveType) else text)
    except (ValueError, KeyError, ArithmeticError) as error:
        reason = error if isinstance(error, ValueError) else "the text is not understood"
        raise BadRequest(
            f"The segment '{text[:100]}' is not a key value for '{prop.name}' of type {prop.type_name}: {reason}.",
            text=text,
            position=0,
        ) from None


def print_key_segment(prop: Property, value: Any) -> str:
    """A key value as a path segment, percent-encoded.

    ValueError for what no segment can hold: the empty string, which vanishes, and `.` and `..`, which clients and
    proxies resolve (RFC 3986, 5.2.4). Such keys are written as predicates.
    """
    name = prop.type.name if isinstance(prop.type, PrimitiveType) else ""
    text = SEGMENT_PRINTERS.get(name, str)(value)
    if text in ("", ".", ".."):
        raise ValueError(f"the key value '{text}' cannot be a path segment")
    return encode_segment("$" + text if text.startswith("$") else text)
