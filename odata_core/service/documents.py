# The documents that say what a service has: the service document and the metadata, in the client's format.

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from ..edm import Model
from ..payload.codec import About
from ..payload.service_xml import write_service_xml
from ..protocol import Format
from .etags import is_unchanged
from .work import Reply

# What a document looks like depends on these.
_VARIES: Final = ("Vary", "Accept, OData-MaxVersion, MaxDataServiceVersion")


def show_service(model: Model, root: str, chosen: Format) -> Reply:
    """The service document: entity sets, and what else a version lists."""
    if chosen.codec is None:
        return Reply(200, write_service_xml(root, model.entity_sets))
    return Reply(200, chosen.codec.write_service(model, About(root)))


def show_metadata(document: bytes, headers: Mapping[str, str]) -> Reply:
    """The metadata document, or 304 for who has it already: clients read it again with every start."""
    tagged = (("ETag", _tag(document)), _VARIES)
    if is_unchanged(headers, tagged[0][1]):
        return Reply(304, headers=tagged, has_body=False)
    return Reply(200, document, tagged)


@lru_cache(maxsize=64)
def _tag(document: bytes) -> str:
    return f'"{blake2b(document, digest_size=12).hexdigest()}"'
