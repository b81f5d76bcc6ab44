# The canonical functions as the versions spell them: one row a function, by its 4.01 name.
# Strategy: a row says how each dialect calls the function and where it writes each 4.01 argument; the binder reads the
# table by the dialect's name, the printer by the canonical one. `cast`, `isof`, `any`, `all` and `case` are grammar.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR


@dataclass(frozen=True, slots=True)
class Spelling:
    """A function as a dialect calls it: the 4.01 name it stands for, and where each 4.01 argument is written."""

    canonical: str
    order: tuple[int, ...]


_IN_ORDER: Final = (0, 1, 2)
_V2: Final = """endswith startswith indexof length replace substring tolower toupper trim concat
    year month day hour minute second round floor ceiling""".split()
_V3: Final = ["geo.distance", "geo.intersects", "geo.length"]
_V4: Final = """contains hassubset hassubsequence matchesPattern date time fractionalseconds totaloffsetminutes
    totalseconds now mindatetime maxdatetime isdefined""".split()


def _plain(*groups: list[str]) -> dict[str, Spelling]:
    return {name: Spelling(name, _IN_ORDER) for names in groups for name in names}


READ_FUNCTIONS: Final[Mapping[str, Mapping[str, Spelling]]] = {
    V2_GRAMMAR.name: {**_plain(_V2), "substringof": Spelling("contains", (1, 0))},
    V3_GRAMMAR.name: {**_plain(_V2, _V3), "substringof": Spelling("contains", (1, 0))},
    V4_GRAMMAR.name: _plain([name for name in _V2 if name != "replace"], _V3, _V4),
}
"""By dialect and by the name there."""
