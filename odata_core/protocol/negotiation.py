# What the headers of a request settle before anything is done: version, formats, key convention, preference.
# All checks come before any write, so that a client that could not read the answer changes nothing.

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from werkzeug.http import parse_list_header

from ..errors import BadRequest, PreconditionFailed, UnsupportedMediaType
from ..records import record
from .media import SHORT_NAMES, XML_ERROR, Format, choose, media_range
from .profile import Profile
from .versions import Version, parse_version

# RFC 9110, 9.1, and the WCF header names; only POST may stand for another method.
TUNNEL_HEADERS = ("X-HTTP-Method", "X-HTTP-Method-Override")
TUNNELLED = frozenset({"PUT", "MERGE", "PATCH", "DELETE"})


@record
class Wishes:
    """What the client prefers (4.01 Part 1, 8.2.8); `words` are its own, which say that a wish was followed."""

    return_content: bool | None = None
    page_size: int | None = None
    tracks_changes: bool = False
    omits_nulls: bool = False
    words: Mapping[str, str] = field(default_factory=dict)

    def with_word(self, name: str, word: str, **wish: Any) -> Wishes:
        """The same with one wish more."""
        return replace(self, words={**self.words, name: word}, **wish)

    def applied(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The header that says that these wishes were followed, as far as the client had them."""
        words = [self.words[name] for name in names if name in self.words]
        return (("Preference-Applied", ", ".join(words)),) if words else ()


@record
class Exchange:
    """What was settled: the profile, the highest version of the answer, and the request's wishes.

    `changes_many`: whether the body may do what Manners says of that. What a client sends is in the version that it
    tells, else in the highest that both can (4.01 Part 1, 8.1.5).
    """

    profile: Profile
    maximum: Version
    method: str
    key_as_segment: bool
    wishes: Wishes
    accept: str | None
    changes_many: bool = False

    @property
    def return_content(self) -> bool | None:
        """Whether a write gives back what it wrote; None where the client did not say."""
        return self.wishes.return_content

    def version_of(self, chosen: Format | None, features: Sequence[str] = ()) -> Version:
        """The lowest version that can say the answer: that of its format and of what it has, or the lowest at all."""
        version = self.profile.lowest if chosen is None else max(self.profile.lowest, chosen.version)
        if features:
            version = max([version, *[self.profile.features.get(name, version) for name in features]])
        if version > self.maximum:
            raise BadRequest(
                f"The {self.profile.maximum_header} '{self.maximum}' is too low for the response. The response needs "
                f"version {version}: raise {self.profile.maximum_header} or accept another format.",
                target=self.profile.maximum_header,
            )
        return version


def negotiate(profile: Profile, method: str, headers: Mapping[str, str], *, key_as_segment: bool) -> Exchange:
    """Settle what the headers say. `key_as_segment` is whether the service offers that convention at all."""
    given = headers.get(profile.version_header)
    if given is not None and parse_version(given, profile.version_header) > profile.version:
        raise BadRequest(
            f"Request version '{given[:50]}' is too high for the server. "
            f"Please specify a request version less than or equal to '{profile.version}'.",
            target=profile.version_header,
        )
    if any(name in headers for name in _ISOLATION):
        raise PreconditionFailed("Isolation is not supported: data may change from one request to the next.")
    highest = headers.get(profile.maximum_header)
    maximum = profile.version if highest is None else parse_version(highest, profile.maximum_header)
    return Exchange(
        profile=profile,
        maximum=min(maximum, profile.version),
        method=_method(method, headers),
        # Compared exactly, as WCF Data Services does.
        key_as_segment=key_as_segment and headers.get("DataServiceUrlConventions") == "KeyAsSegment",
        wishes=_wishes(profile, headers.get("Prefer")),
        accept=headers.get("Accept"),
        changes_many=profile.manners.changes_many
        and (given is None or parse_version(given, profile.version_header) >= profile.version),
    )


def _method(method: str, headers: Mapping[str, str]) -> str:
    for name in TUNNEL_HEADERS:
        meant = headers.get(name)
        if meant is None:
            continue
        if method != "POST":
            raise BadRequest(f"The header {name} is only allowed in a POST request.", target=name)
        if meant.strip().upper() not in TUNNELLED:
            raise BadRequest(
                f"The header {name} must name one of {', '.join(sorted(TUNNELLED))}, not '{meant[:50]}'.", target=name
            )
        return meant.strip().upper()
    return method


def _wishes(profile: Profile, header: str | None) -> Wishes:
    """Of preferences that are given twice the first one counts (RFC 7240, 2); what is not known means nothing."""
    found = Wishes()
    for item in parse_list_header(header or ""):
        word = item.split(";")[0].strip().lower().replace('"', "")  # a value may be quoted
        name, _, value = word.partition("=")
        wish, bare = profile.preferences.get(word), name.strip().removeprefix("odata.")
        if wish is not None and found.return_content is None:
            found = found.with_word("return", word, return_content=wish)
        elif bare not in profile.wishes or bare in found.words:
            continue
        elif bare == "track-changes":
            found = found.with_word(bare, word, tracks_changes=True)
        elif bare == "omit-values" and value.strip() == "nulls":
            found = found.with_word(bare, word, omits_nulls=True)
        elif bare == "maxpagesize" and _SIZE.fullmatch(value.strip()):
            found = found.with_word(bare, word, page_size=int(value))
    return found


_SIZE: Final = re.compile(r"[1-9][0-9]{0,8}")


_ISOLATION: Final = ("Isolation", "OData-Isolation")  # who cannot keep a snapshot refuses (4.01 Part 1, 8.2.6)

DECIDING: Final = (
    *("DataServiceVersion", "MaxDataServiceVersion", "OData-Version", "OData-MaxVersion"),
    *("Accept", "Prefer", "DataServiceUrlConventions", *_ISOLATION, *TUNNEL_HEADERS),
)
"""The headers that `select_profile` and `negotiate` look at."""


def choose_format(exchange: Exchange, content: str, format_option: str | None) -> Format:
    """The format for `content`, a key of `Profile.formats`; $format beats Accept (3.0 URI Conventions 5.1.6)."""
    offered = exchange.profile.formats[content]
    wanted = exchange.accept if format_option is None else _format_option(format_option)
    chosen = choose(wanted, offered)
    if chosen is None and len(offered) == 1 and format_option is None:
        # There is one representation only (a count, $metadata): a client that asks for JSON everywhere still gets it.
        chosen = offered[0]
    if chosen is None:
        types = dict.fromkeys(row.content_type.split(";streaming")[0] for row in offered)
        raise exchange.profile.unacceptable(
            f"Unsupported media type requested. '{(wanted or '')[:200]}' cannot be written here; what can is: "
            f"{', '.join(types)}."
        )
    exchange.version_of(chosen)
    return chosen


def _format_option(value: str) -> str:
    short = SHORT_NAMES.get(value.strip().lower())
    if short is not None:
        return short
    # An unencoded plus sign arrives as a blank: `application/atom xml`.
    text = value.strip().replace(" ", "+")
    if not media_range(text).type:
        raise BadRequest(
            f"'{value[:100]}' is no $format: use {', '.join(SHORT_NAMES)} or a media type.", target="$format"
        )
    return text


def error_format(profile: Profile, headers: Mapping[str, str], format_option: str | None) -> Format:
    """The format for an error body: what the client accepts and its highest version can say, else XML."""
    wanted = headers.get("Accept")
    try:
        if format_option is not None:
            wanted = _format_option(format_option)
        maximum = parse_version(headers.get(profile.maximum_header, str(profile.version)), profile.maximum_header)
    except BadRequest:
        maximum = profile.version  # the error at hand may be about this very header
    offered = profile.formats["error"]
    chosen = choose(wanted, offered)
    if chosen is not None and chosen.version <= maximum:
        return chosen
    return XML_ERROR if XML_ERROR in offered else offered[0]


def check_content_type(profile: Profile, header: str | None) -> Format:
    """The format of a request body, or 415."""
    readable = [row for row in profile.formats["data"] if row.can_read]
    given = media_range(header or "")
    charset = given.parameters.get("charset", "utf-8")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"The charset '{charset[:50]}' cannot be read; send UTF-8.")
    for row in readable:
        told = all(given.parameters.get(name, "") in values for name, values in row.parameters.items())
        if given.type in row.media_types and (told or not profile.minds_parameters):
            return row
    said = f"'{header[:100]}' cannot be read" if header else "The request has a body and no Content-Type"
    raise UnsupportedMediaType(f"Unsupported media type requested. {said}; send {readable[0].content_type}.")
