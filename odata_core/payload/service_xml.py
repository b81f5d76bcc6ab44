# The service document as AtomPub XML (RFC 5023, 8), which .NET clients and data.js ask for.

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

_APP = "http://www.w3.org/2007/app"
_ATOM = "http://www.w3.org/2005/Atom"
register_namespace("app", _APP)
register_namespace("atom", _ATOM)


def write_service_xml(root: str, names: Iterable[str]) -> bytes:
    """A workspace with one collection for each entity set, relative to the service root."""
    service = Element(f"{{{_APP}}}service", {"{http://www.w3.org/XML/1998/namespace}base": root})
    workspace = SubElement(service, f"{{{_APP}}}workspace")
    SubElement(workspace, f"{{{_ATOM}}}title").text = "Default"
    for name in names:
        collection = SubElement(workspace, f"{{{_APP}}}collection", {"href": name})
        SubElement(collection, f"{{{_ATOM}}}title").text = name
    document: bytes = tostring(service, encoding="utf-8", xml_declaration=True)
    return document
