# What the versions of JSON differ in, at each level of metadata, as one row: JSON light of version 3, 4.0 and 4.01.
# Writers and readers are the same for all; they ask the row.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from ..edm import PRIMITIVE_TYPES, PrimitiveType
from ..edm.rows import ETAG
from ..errors import InternalError
from .context_urls import V3_CONTEXTS, V4_CONTEXTS, V401_CONTEXTS, ContextForm
from .json_names import IN_REQUESTS, V3_NAMES, V4_NAMES, V401_NAMES, Names
from .links import V3_LINKS, V4_LINKS, LinkForm
from .values import V3_LIGHT_CODECS, V4_CODECS, V4_STRING_CODECS, V401_CODECS, Codec

Level = Literal["minimal", "full", "none"]

_EDM: Final = "Edm."
_OPENING: Final = "Collection("


@dataclass(frozen=True, eq=False)
class JsonForm:
    """One version of JSON at one level of metadata."""

    names: Names
    codecs: Mapping[PrimitiveType, Codec]
    contexts: ContextForm
    links: LinkForm
    level: Level
    substitutes: Mapping[str, str]  # names of types that stand for others
    hash_before: tuple[str, str]  # before the names of built-in types, and of others
    short_built_in: bool  # whether built-in types are named without `Edm.`
    native_int: range  # whole numbers that need no type to be told
    decimal_format: Literal["number", "string"]
    counts_are_strings: bool
    tells_missing_keys: bool  # whether an entity without its key has its id in minimal metadata, too
    tells_transient: bool  # whether entities that live nowhere have the id null
    removed_as_object: bool  # 4.01: deleted entities have `@removed`; in 4.0 a context tells them
    reference: str  # the name of an entity reference's URL
    null_context: str | None  # the context of a null; None: that of its property
    null_body: Mapping[str, Any]
    has_kinds: bool  # whether service documents list more than entity sets, and say what each is
    error: str  # the name around an error
    error_has_language: bool
    in_requests: frozenset[str]  # the control information that a request may have; the rest is for answers

    @property
    def has_metadata(self) -> bool:
        return self.level != "none"

    @property
    def is_full(self) -> bool:
        return self.level == "full"

    def type_text(self, name: str) -> str:
        """`Edm.Guid`, `Shop.Food`, `Collection(Edm.Int32)` as the value of type control information."""
        if "://" in name:
            return name
        inner = name.removeprefix(_OPENING).removesuffix(")") if name.startswith(_OPENING) else name
        substitute = self.substitutes.get(inner, inner)
        is_built_in = substitute.startswith(_EDM)
        shown = substitute.removeprefix(_EDM) if is_built_in and self.short_built_in else substitute
        text = f"{_OPENING}{shown})" if inner is not name else shown
        return self.hash_before[0 if is_built_in else 1] + text

    def context_type(self, name: str) -> str:
        """The name of a type in a context URL: whole, whatever the version."""
        inner = item_name(name)
        if inner is not None:
            return f"{_OPENING}{self.substitutes.get(inner, inner)})"
        return self.substitutes.get(name, name)

    def count(self, value: int) -> int | str:
        """The number of entities, an Edm.Int64."""
        return str(value) if self.counts_are_strings else value

    def encode(self, value: Any) -> bytes:
        """JSON, of what writers made; InternalError for values that are none of their types."""
        try:
            return _ENCODERS[self.decimal_format].encode(value)
        except _UNENCODABLE as error:
            raise InternalError(f"A value of the answer cannot be written as JSON: {error}.") from error

    def encode_into(self, text: bytearray, value: Any) -> None:
        """The same, in the place of a text that was there before: its memory serves again."""
        try:
            _ENCODERS[self.decimal_format].encode_into(value, text)
        except _UNENCODABLE as error:
            raise InternalError(f"A value of the answer cannot be written as JSON: {error}.") from error


_UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError)
_ENCODERS: Final = {
    "number": msgspec.json.Encoder(decimal_format="number"),
    "string": msgspec.json.Encoder(decimal_format="string"),
}


def qualified_name(text: str) -> str:
    """`#Int32`, `Edm.Int32`, `#Collection(Shop.Food)`, `http://host/$metadata#Shop.Food` as the name in a model."""
    name = text.rpartition("#")[2]
    if name.startswith(_OPENING):
        return f"{_OPENING}{_qualified(name[len(_OPENING) :].removesuffix(')'))})"
    return _qualified(name)


def _qualified(name: str) -> str:
    return name if "." in name else f"{_EDM}{name}"


def item_name(name: str) -> str | None:
    """`Shop.Food` for `Collection(Shop.Food)`; None where it is no collection."""
    return name[len(_OPENING) : -1] if name.startswith(_OPENING) else None


def built_in(name: str) -> PrimitiveType | None:
    """A primitive type by its qualified name."""
    return PRIMITIVE_TYPES.get(name)


_V4_SUBSTITUTES: Final = {"Edm.DateTime": "Edm.DateTimeOffset", "Edm.Time": "Edm.TimeOfDay"}
_V3_SUBSTITUTES: Final = {"Edm.Date": "Edm.DateTime", "Edm.TimeOfDay": "Edm.Time", "Edm.Duration": "Edm.Time"}


def v3_form(level: Level) -> JsonForm:
    """OData JSON Format 3.0 (JSON light)."""
    return JsonForm(
        names=V3_NAMES,
        codecs=V3_LIGHT_CODECS,
        contexts=V3_CONTEXTS,
        links=V3_LINKS,
        level=level,
        substitutes=_V3_SUBSTITUTES,
        hash_before=("", ""),
        short_built_in=False,
        native_int=range(-(2**31), 2**31),
        decimal_format="string",
        counts_are_strings=True,
        tells_missing_keys=False,
        tells_transient=False,
        removed_as_object=False,
        reference="url",
        null_context="Edm.Null",
        null_body={"odata.null": True},
        has_kinds=False,
        error="odata.error",
        error_has_language=True,
        in_requests=IN_REQUESTS - {ETAG},  # before version 4 only If-Match tells which state a client has seen
    )


def v4_form(level: Level, *, ieee754: bool, short_names: bool, is_401: bool) -> JsonForm:
    """OData JSON Format 4.0 and 4.01."""
    names = V401_NAMES if short_names else V4_NAMES
    numbers = V401_CODECS if is_401 else V4_CODECS
    return JsonForm(
        names=names,
        codecs=V4_STRING_CODECS if ieee754 else numbers,
        contexts=V401_CONTEXTS if is_401 else V4_CONTEXTS,
        links=V4_LINKS,
        level=level,
        substitutes=_V4_SUBSTITUTES,
        hash_before=("" if is_401 else "#", "#"),
        short_built_in=True,
        native_int=range(0),
        decimal_format="string" if ieee754 else "number",
        counts_are_strings=ieee754,
        tells_missing_keys=True,
        tells_transient=not is_401,  # 4.01 JSON Format, 4.5.8
        removed_as_object=is_401,
        reference=names.of_object("@odata.id"),
        null_context=None,
        # The specification has 204 instead of a body; this is what .NET writes, and no value that a client may mistake.
        null_body={names.of_object("@odata.null"): True},
        has_kinds=True,
        error="error",
        error_has_language=False,
        in_requests=IN_REQUESTS,
    )
