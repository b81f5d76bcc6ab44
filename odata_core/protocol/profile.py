# A profile is what a protocol version is made of, as data: dialect, formats, header names, update verbs.
# Everything that differs between versions is a row here; code elsewhere reads the row and knows no version.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from ..csdl import write_json, write_xml_v3, write_xml_v4
from ..errors import NotAcceptable, ODataError, UnsupportedMediaType
from ..payload.links import V2_LINKS, V3_LINKS, V4_LINKS, LinkForm
from ..query.path_rules import V2_RULES, V3_RULES, V4_RULES, PathRules
from ..records import record
from ..uri import V3_GRAMMAR, Grammar
from ..uri.grammars import V2_GRAMMAR, V4_GRAMMAR
from . import media
from .media import Format
from .versions import V1_0, V2_0, V3_0, V4_0, V4_01, Version


@record
class Manners:
    """What versions do differently with the same meaning.

    `null_is_empty`: a null property or single relation is 204, without a body (4.01 Part 1, 11.2.4.1); before version 4
    a null property has a body of its own, and a null relation is 404. `needs_etag`: a write to an entity with an ETag
    must say If-Match (11.4.1.1). `upserts`: an update of what is not there creates it (11.4.4). `id_in_mime`: where the
    answers of a batch have their Content-ID; `batch_status` is that of the whole. `advertises`: $select may name
    operations, which are shown then (11.2.5.1). `changes_many`: PATCH changes a whole collection (11.4.13), and what
    an entity is related to with it (11.4.3.1). `shows_inserted`: an insert of related entities gives them back with the
    one that they belong to (11.4.2.2). `repeats_links`: a link in a body may be a bind or what an answer said (MS-ODATA
    2.2.6.3.9).
    """

    null_is_empty: bool
    needs_etag: bool
    upserts: bool
    id_header: str
    id_in_mime: bool
    batch_status: int
    advertises: bool
    changes_many: bool = False
    shows_inserted: bool = False
    repeats_links: bool = False


V3_MANNERS: Final = Manners(False, False, False, "DataServiceId", False, 202, False, repeats_links=True)
V4_MANNERS: Final = Manners(True, True, True, "OData-EntityId", True, 200, True, shows_inserted=True)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One protocol version. `formats` lists, for each kind of content, what can be written, the default first."""

    version: Version
    lowest: Version
    grammar: Grammar
    rules: PathRules
    options: Mapping[str, bool]  # system query option -> whether this library carries it out
    version_header: str
    maximum_header: str
    formats: Mapping[str, tuple[Format, ...]]
    update_verbs: Mapping[str, bool]  # verb -> whether it replaces
    preferences: Mapping[str, bool]  # what Prefer may say -> whether the entity comes back
    entity_id_header: str
    unacceptable: type[ODataError]  # when nothing that the client accepts can be written
    write_metadata: Mapping[str, Callable[..., bytes]]  # by the name of the format
    links: LinkForm = V3_LINKS
    manners: Manners = V3_MANNERS
    wishes: frozenset[str] = frozenset()  # other preferences that it has
    minds_parameters: bool = True  # whether the parameters of a body's media type must be known ones
    version_suffix: str = ";"  # behind the version in the answer's header
    tells_caches: bool = False  # whether answers to reads say what they depend on (4.01 Part 1, 8.3.8)
    features: Mapping[str, Version] = field(
        default_factory=dict
    )  # what an answer has -> the lowest version that can say it


_LIGHT = (media.JSON_MINIMAL, media.JSON_FULL, media.JSON_NONE)
_V3_DATA = (*_LIGHT, media.VERBOSE_V3)
# Counts, links to next pages and projections came with version 2 (MS-ODATA 2.2.3.7).
_FEATURES: Final = dict.fromkeys(("count", "next", "select"), V2_0)
_BEFORE_V4 = dict.fromkeys(
    ("$filter", "$orderby", "$select", "$top", "$skip", "$inlinecount", "$format", "$expand", "$skiptoken"), True
)


def _data(
    json: tuple[Format, ...], atom: Mapping[str, Format], xml: Format, *, atom_first: bool = False
) -> dict[str, tuple[Format, ...]]:
    """The formats of entities, feeds, and of what is neither; "data" are those that can be read."""

    def ordered(other: Format) -> tuple[Format, ...]:
        return (other, *json) if atom_first else (*json, other)

    return {
        "entity": ordered(atom["entry"]),
        "feed": ordered(atom["feed"]),
        "property": ordered(xml),
        "data": (*json, atom["entry"]),
    }


ODATA_3: Final = Profile(
    version=V3_0,
    lowest=V1_0,
    grammar=V3_GRAMMAR,
    rules=V3_RULES,
    options=_BEFORE_V4,
    version_header="DataServiceVersion",
    maximum_header="MaxDataServiceVersion",
    formats={
        **_data(_V3_DATA, media.ATOM_V3, media.XML_V3),
        "service": (*_V3_DATA, media.SERVICE_XML),
        "metadata": (media.XML,),
        "value": (media.TEXT,),
        "binary": (media.BINARY,),
        "count": (media.COUNT,),
        "error": (*_V3_DATA, media.XML_ERROR),
    },
    update_verbs={"PUT": True, "MERGE": False, "PATCH": False},
    preferences={"return-content": True, "return-no-content": False},
    entity_id_header="DataServiceId",
    unacceptable=UnsupportedMediaType,  # WCF Data Services answers 415 for Accept as well as for Content-Type
    write_metadata={media.XML.name: write_xml_v3},
    features=_FEATURES,
)


def _others() -> dict[str, tuple[Format, ...]]:
    return {
        "metadata": (media.XML,),
        "value": (media.TEXT,),
        "binary": (media.BINARY,),
        "count": (media.COUNT,),
        "batch": (),
    }


ODATA_2: Final = Profile(
    version=V2_0,
    lowest=V1_0,
    grammar=V2_GRAMMAR,
    rules=V2_RULES,
    options=_BEFORE_V4,
    version_header="DataServiceVersion",
    maximum_header="MaxDataServiceVersion",
    formats={
        **_others(),
        **_data((media.VERBOSE_V2,), media.ATOM_V2, media.XML_V2, atom_first=True),
        "service": (media.SERVICE_XML, media.VERBOSE_V2),
        "error": (media.VERBOSE_V2, media.XML_ERROR),
    },
    update_verbs={"PUT": True, "MERGE": False, "PATCH": False},
    preferences={"return-content": True, "return-no-content": False},
    entity_id_header="DataServiceId",
    unacceptable=UnsupportedMediaType,
    write_metadata={media.XML.name: write_xml_v3},
    links=V2_LINKS,
    features=_FEATURES,
)

_JSON_KINDS: Final = ("data", "entity", "feed", "property", "service", "error")
_V4_OPTIONS: Final = (
    *("$filter", "$orderby", "$select", "$expand", "$top", "$skip", "$count", "$search", "$compute", "$apply"),
    *("$format", "$skiptoken", "$deltatoken", "$id", "$index", "$schemaversion"),
)
ODATA_4: Final = Profile(
    version=V4_0,
    lowest=V4_0,
    grammar=V4_GRAMMAR,
    rules=V4_RULES,
    options={
        **dict.fromkeys(_V4_OPTIONS, True),
        "$levels": False,
    },
    version_header="OData-Version",
    maximum_header="OData-MaxVersion",
    formats={**_others(), **dict.fromkeys(_JSON_KINDS, media.JSON_V4), "metadata": (media.XML_V4,)},
    update_verbs={"PATCH": False, "PUT": True},
    preferences={"return=representation": True, "return=minimal": False},
    entity_id_header="OData-EntityId",
    unacceptable=NotAcceptable,
    write_metadata={media.XML_V4.name: write_xml_v4},
    links=V4_LINKS,
    manners=V4_MANNERS,
    wishes=frozenset({"maxpagesize", "track-changes"}),
    minds_parameters=False,
    version_suffix="",
    tells_caches=True,
)
ODATA_401: Final = replace(
    ODATA_4,
    version=V4_01,
    lowest=V4_01,
    manners=replace(V4_MANNERS, changes_many=True),
    wishes=ODATA_4.wishes | {"omit-values"},
    write_metadata={media.XML.name: partial(write_xml_v4, version="4.01"), media.CSDL_JSON.name: write_json},
    formats={
        **_others(),
        **dict.fromkeys(_JSON_KINDS, media.JSON_V401),
        "metadata": (media.XML_V4, media.CSDL_JSON),
    },
)

PROFILES: Final[Mapping[str, Profile]] = {"2.0": ODATA_2, "3.0": ODATA_3, "4.0": ODATA_4, "4.01": ODATA_401}
"""Every version that a general service can speak, by its name."""

DOCUMENTS: Final[Mapping[str, str]] = {"1.0": "2.0", "2.0": "2.0", "3.0": "3.0"}
"""The version in which a document is served, by its DataServiceVersion (MS-ODATA); one without is of version 4."""
