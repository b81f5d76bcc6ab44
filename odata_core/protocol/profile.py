# A profile is what a protocol version is made of, as data: dialect, formats, header names, update verbs.
# Everything that differs between versions is a row here; code elsewhere reads the row and knows no version.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..csdl import write_xml_v3
from ..errors import ODataError, UnsupportedMediaType
from ..query.path_rules import V3_RULES, PathRules
from ..uri import V3_GRAMMAR, Grammar
from . import media
from .media import Format
from .versions import V1_0, V3_0, Version


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
    write_metadata: Callable[..., bytes]


_LIGHT = (media.JSON_MINIMAL, media.JSON_FULL, media.JSON_NONE)

ODATA_3: Final = Profile(
    version=V3_0,
    lowest=V1_0,
    grammar=V3_GRAMMAR,
    rules=V3_RULES,
    options={
        **dict.fromkeys(("$filter", "$orderby", "$select", "$top", "$skip", "$inlinecount", "$format"), True),
        **dict.fromkeys(("$expand", "$skiptoken"), False),
    },
    version_header="DataServiceVersion",
    maximum_header="MaxDataServiceVersion",
    formats={
        "data": _LIGHT,
        "service": (*_LIGHT, media.SERVICE_XML),
        "metadata": (media.XML,),
        "value": (media.TEXT,),
        "binary": (media.BINARY,),
        "count": (media.COUNT,),
        "error": (media.JSON_MINIMAL, media.JSON_FULL, media.JSON_NONE, media.XML_ERROR),
    },
    update_verbs={"PUT": True, "MERGE": False, "PATCH": False},
    preferences={"return-content": True, "return-no-content": False},
    entity_id_header="DataServiceId",
    unacceptable=UnsupportedMediaType,  # WCF Data Services answers 415 for Accept as well as for Content-Type
    write_metadata=write_xml_v3,
)
