# What writers of CSDL XML share: elements whose attributes may be left out, and values as text.

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final
from xml.etree import ElementTree as ET

DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>'
FACETS: Final = ("MaxLength", "FixedLength", "Unicode", "Precision", "Scale", "SRID", "Collation")
_NOT_FINITE: Final = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}

# Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]     (XML 1.0, section 2.2)
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sub_element(parent: ET.Element, tag: str, /, **attributes: str | None) -> ET.Element:
    return ET.SubElement(parent, tag, {name: text for name, text in attributes.items() if text is not None})


def text_of(value: Any) -> str:
    """The value of a facet or a default: bytes in hexadecimal, decimals without exponent."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.hex().upper()
        case float():
            return _NOT_FINITE.get(str(value), str(value))
        case Decimal():
            return f"{value:f}"
    return str(value)


def flag(value: bool) -> str | None:
    return "true" if value else None
