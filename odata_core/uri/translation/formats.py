# $format of one dialect in another: the parameter of JSON that says how much metadata there is (v3 JSON Light, 3; 4.01
# JSON, 3.1). Other parameters and other formats have one spelling.

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..constructs import unsayable
from ..grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar

_METADATA: Final = {
    "odata=nometadata": "odata.metadata=none",
    "odata=minimalmetadata": "odata.metadata=minimal",
    "odata=fullmetadata": "odata.metadata=full",
}
_PARAMETERS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    (V3_GRAMMAR.name, V4_GRAMMAR.name): _METADATA,
    (V4_GRAMMAR.name, V3_GRAMMAR.name): {there: here for here, there in _METADATA.items()},
}
# What only one dialect says, by the beginning of the parameter.
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    V2_GRAMMAR.name: (),
    V3_GRAMMAR.name: ("odata=",),
    V4_GRAMMAR.name: ("odata.", "metadata=", "streaming=", "ieee754compatible="),
}


def translate_format(text: str, source: Grammar, target: Grammar) -> str:
    """A media type or the short name of one."""
    media_type, *parameters = [part.strip() for part in text.split(";")]
    return ";".join([media_type, *[_parameter(parameter, source, target) for parameter in parameters]])


def _parameter(text: str, source: Grammar, target: Grammar) -> str:
    folded = text.lower()
    spelled = _PARAMETERS.get((source.name, target.name), {}).get(folded)
    if spelled is not None:
        return spelled
    if folded.startswith(_OWN[source.name]):
        raise unsayable(f"the parameter '{text[:50]}' of $format", f"it is one of {source.name}", target)
    return text
