# Verbose JSON: the names that control information has in it, and what sets the versions apart, as rows of data.
# Sections are those of MS-ODATA, which is the normative text for versions 1 to 3.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..edm import PrimitiveType
from ..edm.rows import EDIT_LINK, ETAG, ID, MEDIA_EDIT_LINK, MEDIA_ETAG, MEDIA_READ_LINK, MEDIA_TYPE
from .links import V1_LINKS, V2_LINKS, V3_LINKS, LinkForm
from .values import Codec
from .values_verbose import ISO_CODECS, TICKS_CODECS

METADATA: Final = "__metadata"
DEFERRED: Final = "__deferred"
MEDIA_RESOURCE: Final = "__mediaresource"
RESULTS: Final = "results"
COUNT: Final = "__count"
NEXT: Final = "__next"
DELTA: Final = "__delta"  # SAP's and Olingo's extension: the link to what changed since
CONTEXT: Final = "@odata.context"  # and, for what is gone, `$metadata#Rooms/$deletedEntity`, as version 4 has it
DELETED: Final = "/$deletedEntity"

ENTITY_METADATA: Final[Mapping[str, str]] = {"id": ID, "uri": EDIT_LINK, "etag": ETAG}
"""2.2.6.3.3: what `__metadata` says of an entity -> where a row has it."""

MEDIA_METADATA: Final[Mapping[str, str]] = {
    "media_src": MEDIA_READ_LINK,
    "content_type": MEDIA_TYPE,
    "edit_media": MEDIA_EDIT_LINK,
    "media_etag": MEDIA_ETAG,
}
"""2.2.6.3.3: the same of a media entity's stream; in `__mediaresource` of a named one (2.2.6.3.11)."""

OPERATIONS: Final[Mapping[str, bool]] = {"actions": False, "functions": True}
"""2.2.6.3.3.1: the operations that an entity offers -> whether they are functions."""


@dataclass(frozen=True, eq=False)
class VerboseForm:
    """What a version writes. Readers take the forms of all versions."""

    links: LinkForm
    codecs: Mapping[PrimitiveType, Codec]
    has_results: bool  # collections are objects with `results`, which have room for a count and a next link
    has_ids: bool  # entities say their id beside their uri
    has_collection_types: bool  # collections of values say their type (2.2.6.3.7)
    has_streams: bool  # named streams
    has_operations: bool  # what can be called on an entity


V1: Final = VerboseForm(
    V1_LINKS,
    TICKS_CODECS,
    has_results=False,
    has_ids=False,
    has_collection_types=False,
    has_streams=False,
    has_operations=False,
)
V2: Final = replace(V1, links=V2_LINKS, has_results=True)
V3: Final = replace(V2, links=V3_LINKS, has_ids=True, has_collection_types=True, has_streams=True, has_operations=True)
V3_ISO: Final = replace(V3, codecs=ISO_CODECS)
"""Version 3 as the .NET libraries write it: dates are ISO dates, and keep their last four digits."""
