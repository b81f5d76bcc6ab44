# Error bodies: the same failure in each format's shape. No traceback, path or secret is ever part of one.

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from ..errors import ODataError
from .json_text import encode_json

_METADATA = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
register_namespace("m", _METADATA)


def error_text(error: ODataError) -> str:
    """The message, and for a syntax error the place: people read error bodies, and programs log them."""
    if error.text is None or error.position is None:
        return error.message
    return f"{error.message} (At character {error.position + 1} of: {error.text[:200]})"


def write_json_error(error: ODataError) -> bytes:
    """JSON Format 3.0, section 9 (JSON light)."""
    # A lone surrogate, as in a file name of a driver's message, is no text that UTF-8 can say.
    text = error_text(error).encode("utf-8", "replace").decode("utf-8")
    return encode_json({"odata.error": {"code": error.code, "message": {"lang": "en-US", "value": text}}})


def write_xml_error(error: ODataError) -> bytes:
    """Atom Format 3.0, section 9: m:error. Characters that XML cannot hold are replaced."""
    root = Element(f"{{{_METADATA}}}error")
    SubElement(root, f"{{{_METADATA}}}code").text = error.code
    message = SubElement(root, f"{{{_METADATA}}}message")
    message.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    message.text = _NOT_XML.sub("\ufffd", error_text(error))
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
