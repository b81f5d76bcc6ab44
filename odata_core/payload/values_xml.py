# Primitive values <-> the text of an XML element, one row a type (MS-ODATA 2.2.6.2.3; XML Schema lexical forms).
# Shapes are no text: they are elements of GML (gml.py).

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..uri.literals import print_decimal, print_float
from .values import V3_LIGHT_CODECS, Codec

_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


def _read_boolean(text: str) -> bool:
    """xs:boolean"""
    folded = text.strip()
    if folded in _TRUE or folded in _FALSE:
        return folded in _TRUE
    raise ValueError("true or false is expected")


def _reader(kind: PrimitiveType) -> Callable[[str], Any]:
    """Text is what JSON light puts into strings; blanks around a value mean nothing."""
    if kind is edm.STRING:
        return lambda text: text
    read = V3_LIGHT_CODECS[kind].read
    return lambda text: read(text.strip())


_WRITERS: Final[Mapping[PrimitiveType, Callable[[Any], str]]] = {
    edm.BINARY: lambda value: base64.b64encode(value).decode("ascii"),
    edm.BOOLEAN: lambda value: "true" if value else "false",
    edm.DECIMAL: print_decimal,
    edm.SINGLE: print_float,
    edm.DOUBLE: print_float,
}
_TYPES: Final = [kind for kind in V3_LIGHT_CODECS if not kind.name.startswith("Edm.Geo")]

XML_CODECS: Final[Mapping[PrimitiveType, Codec]] = {
    **{kind: Codec(_WRITERS.get(kind, str), _reader(kind)) for kind in _TYPES},
    edm.BOOLEAN: Codec(_WRITERS[edm.BOOLEAN], _read_boolean),
}
