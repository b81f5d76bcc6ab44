# Names for whole models: everything that an identifier of OData may be, with a leaning towards what trips programs up.
# Strategy: most names come from a short list, so that names of different kinds meet and begin alike; some are any text
# of the characters that identifiers may have. Who needs a name that is not taken gets one with a number behind it.
# Names that begin with two underscores are not drawn: verbose JSON keeps `__metadata` and its like for itself.

from __future__ import annotations

from collections.abc import Container
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

MAX_LENGTH: Final = 128  # odataIdentifier of the ABNF

USUAL: Final = ("ID", "Name", "Price", "Owner", "Items", "State", "Kind", "A", "b")
# Names that begin alike, or differ in case only, or in how a letter is composed.
ALIKE: Final = ("Name", "name", "Nam", "NameName", "Name_", "Name1", "_Name", "Gr\u00f6\u00dfe", "Gro\u0308\u00dfe")
# Operators, literals, options and types of URLs; members that formats have; names that Python or JavaScript mind.
KEYWORDS: Final = (
    *(
        "and",
        "or",
        "not",
        "eq",
        "in",
        "has",
        "null",
        "true",
        "INF",
        "NaN",
        "it",
        "any",
        "root",
        "asc",
        "desc",
        "select",
    ),
    *("filter", "datetime", "guid", "binary", "duration", "Edm", "String", "Collection", "Int32"),
    *(
        "value",
        "d",
        "results",
        "uri",
        "type",
        "id",
        "etag",
        "error",
        "url",
        "element",
        "reason",
        "coordinates",
        "count",
    ),
    *("class", "None", "self", "constructor"),
)
ODD: Final = (
    "_",
    "\u540d\u524d",
    "\u0416",
    "\u00aa",
    "e\u0301",
    "a\u200db",
    "\U00010400",
    "x\u203fy",
    "Long" * 32,
    "L\u00e4" * 64,
)

NAMES: Final = tuple(dict.fromkeys((*USUAL, *ALIKE, *KEYWORDS, *ODD)))
NAMESPACES: Final = ("Test", "Contoso.Test", "\u00c4.b", "value", "System.Data", "N" * 40 + "." + "\u540d" * 40)

_START: Final = st.characters(categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Nl"))
_REST: Final = st.characters(categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Nd", "Mn", "Mc", "Pc", "Cf"))


def names(*, plain: bool = False) -> SearchStrategy[str]:
    """Simple identifiers (4.01 CSDL, 17.2): of the list, or any; `plain` ones are names in any edition of XML 1.0."""
    if plain:
        return st.sampled_from([*USUAL, *ALIKE, *KEYWORDS, "_", "\u0416", "Long" * 32])
    listed = st.sampled_from(NAMES)
    free = st.builds(lambda first, rest: first + rest, _START, st.text(_REST, max_size=8))
    return st.one_of(listed, listed, listed, free)


def new_name(draw: DrawFn, taken: Container[str], *, plain: bool = False) -> str:
    """A name that is not taken yet."""
    name = draw(names(plain=plain))
    number = 2
    wanted = name
    while name in taken:
        name = f"{wanted[: MAX_LENGTH - 3]}{number}"
        number += 1
    return name
