# The documents that say what a service has: the service document, in the client's format.

from __future__ import annotations

from ..edm import Model
from ..payload.codec import About
from ..payload.service_xml import write_service_xml
from ..protocol import Format
from .work import Reply


def show_service(model: Model, root: str, chosen: Format) -> Reply:
    """The service document: entity sets, and what else a version lists."""
    if chosen.codec is None:
        return Reply(200, write_service_xml(root, model.entity_sets))
    return Reply(200, chosen.codec.write_service(model, About(root)))
