# Media types: which formats can be read and written, and which one a client's Accept or $format picks.
# A format is a row; parameters that mean nothing to OData (charset, streaming, foreign ones) do not decide.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from werkzeug.http import parse_list_header, parse_options_header

from ..payload.atom import ATOM_V2 as ATOM_V2_FORM
from ..payload.atom import ATOM_V3 as ATOM_V3_FORM
from ..payload.atom import Atom
from ..payload.codec import Codec
from ..payload.json_codec import json_v3, json_v4
from ..payload.json_verbose import V2, V3_ISO, VerboseForm, VerboseJson
from ..records import record
from .versions import V1_0, V2_0, V3_0, V4_0, V4_01, Version


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """A representation that can be written, or read where `can_read`.

    `parameters` lists, for each parameter that tells formats apart, the values that mean this one; "" stands for the
    parameter's absence. `version` is the lowest protocol version that knows the format. `known` are all parameters that
    a client may name; None where those that mean nothing are passed over.
    """

    name: str
    media_types: tuple[str, ...]
    content_type: str
    version: Version
    parameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    metadata: str = ""  # minimal, full or none, for JSON
    can_read: bool = False
    codec: Codec | None = None  # what writes and reads it; None for text, streams and $metadata
    known: frozenset[str] | None = None


# 4.01 Part 1, 8.2.1, and JSON Format, 3: services reject parameters that they do not know, and tell no charset, nor
# anything else, that the client did not ask for.
_V4_PARAMETERS: Final = frozenset(
    {"odata.metadata", "odata.streaming", "ieee754compatible", "exponentialdecimals", "charset"}
)
_TOLD: Final = {("odata.streaming", "true"): ";odata.streaming=true", ("charset", "utf-8"): ";charset=utf-8"}


def _json_light(metadata: str, *names: str) -> Format:
    return Format(
        name=f"json-light-{metadata}",
        media_types=("application/json",),
        content_type=f"application/json;odata={names[0]};streaming=true;charset=utf-8",
        version=V3_0,
        parameters={"odata": frozenset(names)},
        metadata=metadata,
        can_read=True,
        codec=json_v3(metadata),
    )


def _json_v4(metadata: str, *, ieee754: bool, is_401: bool) -> Format:
    """JSON Format 4.01, 3: the level is a parameter, with or without `odata.` before it; without it, minimal."""
    levels = {metadata} | ({""} if metadata == "minimal" else set())
    return Format(
        name=f"json-{'4.01' if is_401 else '4.0'}-{metadata}{'-ieee754' if ieee754 else ''}",
        media_types=("application/json",),
        content_type=f"application/json;odata.metadata={metadata}{';IEEE754Compatible=true' if ieee754 else ''}",
        version=V4_01 if is_401 else V4_0,
        parameters={
            "odata.metadata": frozenset(levels),
            "ieee754compatible": frozenset({"true"} if ieee754 else {"", "false"}),
        },
        metadata=metadata,
        can_read=True,
        codec=json_v4(metadata, ieee754=ieee754, is_401=is_401),
        known=_V4_PARAMETERS,
    )


def _verbose(name: str, form: VerboseForm, version: Version, *values: str) -> Format:
    return Format(
        name=name,
        media_types=("application/json",),
        content_type="application/json;odata=verbose;charset=utf-8"
        if version > V2_0
        else "application/json;charset=utf-8",
        version=version,
        parameters={"odata": frozenset(values)},
        metadata="verbose",
        can_read=True,
        codec=VerboseJson(form),
    )


# OData JSON Format 3.0, section 3: the metadata level is the parameter `odata`; without it, minimal.
JSON_MINIMAL: Final = _json_light("minimal", "minimalmetadata", "light", "")
JSON_FULL: Final = _json_light("full", "fullmetadata")
JSON_NONE: Final = _json_light("none", "nometadata")
# What plain `application/json` means is verbose before version 3, and only said so from then on. In version 3 dates
# are ISO: so do the .NET libraries write them, and data.js reads no others there.
VERBOSE_V2: Final = _verbose("json-verbose-2", V2, V2_0, "verbose", "")
VERBOSE_V3: Final = _verbose("json-verbose-3", V3_ISO, V3_0, "verbose")
JSON_V4: Final = tuple(
    [_json_v4(level, ieee754=ieee, is_401=False) for ieee in (False, True) for level in ("minimal", "full", "none")]
)
JSON_V401: Final = tuple(
    [_json_v4(level, ieee754=ieee, is_401=True) for ieee in (False, True) for level in ("minimal", "full", "none")]
)
_ATOM_V2, _ATOM_V3 = Atom(ATOM_V2_FORM), Atom(ATOM_V3_FORM)


def _atom(name: str, kind: str, codec: Atom) -> Format:
    """RFC 4287; the parameter `type` tells entries from feeds, and decides nothing."""
    types = ("application/atom+xml", "application/xml", "text/xml")
    content_type = f"application/atom+xml;type={kind};charset=utf-8"
    return Format(name, types, content_type, V1_0, can_read=True, codec=codec)


def _plain_xml(name: str, codec: Atom) -> Format:
    return Format(
        name,
        ("application/xml", "text/xml", "application/atom+xml"),
        "application/xml;charset=utf-8",
        V1_0,
        codec=codec,
    )


ATOM_V2: Final = {kind: _atom(f"atom-2-{kind}", kind, _ATOM_V2) for kind in ("entry", "feed")}
ATOM_V3: Final = {kind: _atom(f"atom-3-{kind}", kind, _ATOM_V3) for kind in ("entry", "feed")}
XML_V2: Final = _plain_xml("xml-2", _ATOM_V2)
XML_V3: Final = _plain_xml("xml-3", _ATOM_V3)
XML: Final = Format("xml", ("application/xml", "text/xml"), "application/xml;charset=utf-8", V1_0)
XML_V4: Final = replace(XML, content_type="application/xml", known=frozenset({"charset"}))
# CSDL JSON came with 4.01, which leaves the XML to whoever asks for no other (4.01 Part 1, 11.1.2).
CSDL_JSON: Final = Format("csdl-json", ("application/json",), "application/json", V4_01, known=_V4_PARAMETERS)
SERVICE_XML: Final = Format(
    "service-xml",
    ("application/atomsvc+xml", "application/xml", "text/xml"),
    "application/atomsvc+xml;charset=utf-8",
    V1_0,
)
XML_ERROR: Final = Format(
    "xml-error", ("application/xml", "text/xml", "application/atom+xml", "application/atomsvc+xml"),
    "application/xml;charset=utf-8", V1_0,
)  # fmt: skip
TEXT: Final = Format("text", ("text/plain",), "text/plain;charset=utf-8", V1_0)
COUNT: Final = Format("count", ("text/plain",), "text/plain;charset=utf-8", V2_0)
BINARY: Final = Format("binary", ("application/octet-stream",), "application/octet-stream", V1_0)

# $format's short names (URI Conventions 3.0, 5.1.6); anything with a slash is a media type.
SHORT_NAMES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "atom": "application/atom+xml",
    "xml": "application/xml",
}


NO_QUALITY: Final = -1.0  # of a range whose `q` is no number: it neither accepts nor refuses


@record
class MediaRange:
    """One item of an Accept header."""

    type: str
    parameters: Mapping[str, str]
    quality: float

    def matches(self, offered: Format) -> bool:
        """Whether the format is in this range and its telling parameters agree."""
        if not any(_covers(self.type, media_type) for media_type in offered.media_types):
            return False
        if "*" in self.type:
            return True
        if offered.known is not None and not offered.known.issuperset(self.parameters):
            return False
        return all(self.parameters.get(name, "") in values for name, values in offered.parameters.items())

    def told(self, chosen: Format) -> Format:
        """The format with what the client wants to be told of it."""
        told = [text for (name, value), text in _TOLD.items() if self.parameters.get(name) == value]
        return replace(chosen, content_type=chosen.content_type + "".join(told)) if told and chosen.known else chosen

    def refuses(self, offered: Format) -> bool:
        """Whether the quality 0 of a type takes the format away: `application/json;q=0` means JSON in all its forms."""
        if self.quality != 0 or "*" in self.type or self.type not in offered.media_types:
            return False
        return all(self.parameters.get(name) in (None, *values) for name, values in offered.parameters.items())


def _spelled(name: str) -> str:
    """4.01 lets the prefix of its parameters go."""
    low = name.lower()
    return f"odata.{low}" if low in ("metadata", "streaming") else low


def _covers(pattern: str, media_type: str) -> bool:
    if pattern == "*/*" or pattern == media_type:
        return True
    return pattern.endswith("/*") and media_type.startswith(pattern[:-1])


def media_range(text: str) -> MediaRange:
    """One media type or range with its parameters, names and values in lower case; `type` is '' when it is none."""
    kind, options = parse_options_header(text.strip())
    parameters = {_spelled(name): value.strip().lower() for name, value in options.items()}
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        quality = NO_QUALITY
    kind = kind.strip().lower() if "/" in kind else ""
    return MediaRange(kind, parameters, quality if quality >= 0 else NO_QUALITY)  # NaN is no quality, either


@lru_cache(maxsize=256)
def accepted(header: str) -> tuple[MediaRange, ...]:
    """The ranges of an Accept header, best first: by quality, then the more precise, then in the client's order."""
    usable = [item for item in map(media_range, parse_list_header(header)) if item.type]
    return tuple(sorted(usable, key=lambda item: (-item.quality, item.type.count("*"))))


@lru_cache(maxsize=512)
def choose(header: str | None, offered: tuple[Format, ...]) -> Format | None:
    """The offered format that suits the client best, the first one when it does not say; None when nothing fits."""
    if header is None or not header.strip():
        return offered[0]
    ranges = accepted(header)
    for item in ranges:
        for candidate in offered:
            if item.quality > 0 and item.matches(candidate) and not any(other.refuses(candidate) for other in ranges):
                return item.told(candidate)
    return None
