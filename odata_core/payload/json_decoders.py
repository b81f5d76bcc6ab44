# Plain bodies -> rows, fast: objects that have members of their type only, all of those that the fast way was made for.
# Strategy: for each type a msgspec Struct that says of each member what JSON may hold, so that the decoder checks types,
# ranges, lengths and names while it parses, and one generated function that makes rows of the Structs, which mends what
# JSON cannot say. Whatever is not plain, or wrong, gives None: then the general reader (json_readers) reads the body
# again and knows the rules, or what to say. Both give the same rows: a property test holds them to it.
# What is generated is made of positions only; names and functions are handed in, so no text of a model is ever code.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Clamped, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Rounded, Subnormal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Optional, Union
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..edm import EnumType, PrimitiveType, Property, StructuredType, Timestamp
from ..edm import primitives as edm
from ..edm.rows import CONTEXT, COUNT, DELTA_LINK, ETAG, NEXT_LINK
from .codec import Feed, Reading
from .json_forms import JsonForm

_BLANK_COLON = re.compile(rb'"[ \t\r\n]++:')
_MAX_DEPTH: Final = 8  # of complex values within each other; deeper ones are the general reader's

RowsMaker = Callable[[list[Any]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a type is decoded with: the Struct, what makes rows of many, and how many members a Struct has in all."""

    struct: type
    rows: RowsMaker
    members: Callable[[list[Any]], int]


@dataclass(frozen=True, slots=True)
class _Decoders:
    entity: msgspec.json.Decoder[Any]
    feed: msgspec.json.Decoder[Any]
    made: _Made


def fast_entity(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> dict[str, Any] | None:
    """The row of a plain body; None for all others."""
    decoders = _decoders(kind, form, reading.is_request)
    if decoders is None or not _separates_plainly(body):
        return None
    try:
        found = decoders.entity.decode(body)
        if body.count(b'":') != decoders.made.members([found]) + (found.context is not UNSET):
            return None
        return decoders.made.rows([found])[0]
    except _FAILURES:
        return None


def fast_feed(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> Feed | None:
    """The rows of a plain collection; None for all others."""
    decoders = _decoders(kind, form, reading.is_request)
    if decoders is None or not _separates_plainly(body):
        return None
    try:
        found = decoders.feed.decode(body)
        own = 1 + sum(value is not UNSET for value in (found.context, found.count, found.next, found.delta))
        if body.count(b'":') != own + decoders.made.members(found.value):
            return None
        rows = decoders.made.rows(found.value)
    except _FAILURES:
        return None
    count = found.count
    return Feed(rows, None if count is UNSET else int(count), _link(found.next), _link(found.delta))


def _link(value: Any) -> str | None:
    return None if value is UNSET else value


_FAILURES: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError, DecimalException)


def _separates_plainly(body: bytes) -> bool:
    """Whether a colon stands right behind the name of each member.

    The decoder lets a name be given twice. Members are counted to find that: as many `":` as there are members can only
    be if none is given twice, and if no other colon stands apart from its name. Within strings there may be more of
    them, then the general reader counts.
    """
    return not any(blank in body for blank in _BLANKS) or _BLANK_COLON.search(body) is None


_BLANKS: Final = (b" :", b"\n:", b"\t:", b"\r:")


# ---------------------------------------------------------------- made once for a type


@lru_cache(maxsize=256)
def _decoders(kind: StructuredType, form: JsonForm, is_request: bool) -> _Decoders | None:
    made = _make(kind, form, is_request, 0)
    if made is None:
        return None
    names = form.names
    fields = [
        ("value", list[made.struct]),  # type: ignore[name-defined]
        *((name, Union[str, UnsetType], UNSET) for name in ("context", "next", "delta")),  # noqa: UP007
        ("count", Union[_WHOLE_64, UnsetType], UNSET),  # noqa: UP007
    ]
    wire = {"context": CONTEXT, "next": NEXT_LINK, "delta": DELTA_LINK, "count": COUNT}
    rename = {field: names.of_object(control) for field, control in wire.items()}
    feed = msgspec.defstruct("PlainFeed", fields, rename=rename, forbid_unknown_fields=True, gc=False)
    single = msgspec.defstruct(
        "PlainEntity",
        [("context", Union[str, UnsetType], UNSET)],  # noqa: UP007
        bases=(made.struct,),
        rename={**_renamed(made.struct), "context": names.of_object(CONTEXT)},
        forbid_unknown_fields=True,
        gc=False,
    )
    return _Decoders(msgspec.json.Decoder(single), msgspec.json.Decoder(feed), made)


def _renamed(struct: type) -> dict[str, str]:
    return {field.name: field.encode_name for field in msgspec.structs.fields(struct)}


def _make(kind: StructuredType, form: JsonForm, is_request: bool, depth: int) -> _Made | None:
    """The Struct of a type and what makes rows of it; None where the type has members for the general reader only."""
    if kind.is_open or kind.is_abstract or depth > _MAX_DEPTH:
        return None
    globs: dict[str, Any] = {"UNSET": UNSET}
    fields: list[Any] = []
    parts: list[str] = []
    counts: list[str] = []
    for index, prop in enumerate(kind.properties.values()):
        globs[f"n{index}"] = prop.name
        field = _field(prop, index, form, is_request, depth, globs)
        if field is None:
            return None
        fields.append((f"p{index}", Union[field.type, UnsetType], UNSET))  # noqa: UP007
        parts.append(field.expression)
        counts.append(field.count)
    struct = msgspec.defstruct(
        "Plain",
        fields,
        rename={f"p{index}": name for index, name in enumerate(kind.properties)},
        forbid_unknown_fields=True,
        gc=False,
    )
    rows, members = _compile(len(fields), parts, counts, globs)
    return _Made(struct, rows, members)
