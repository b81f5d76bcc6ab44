# How control information is called: the names in rows (edm.rows) <-> those of each version of JSON.
# Strategy: one table a version, for names on an object and for those behind the name of a member; what the table does
# not list has the version's prefix. Readers know all spellings of their family, writers use one.
# Names: 4.01 JSON Format, 4.5 (without `odata.` in 4.01); JSON Light 3.0, 4.5 (no `@` on objects, links called URLs).

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..edm import rows

CONTROL: Final = "@odata."
_MAX_KNOWN: Final = 4_096
_MAX_NAME: Final = 256
DELTA: Final = rows.DELTA  # behind the name of a navigation property: changes of what is related (4.01, 4.5.6)
NULL: Final = "@odata.null"
METADATA_ETAG: Final = "@odata.metadataEtag"


@dataclass(frozen=True, eq=False)
class Names:
    """One version's names. `special` maps what follows `@odata.` in rows to what stands there on the wire."""

    on_object: str  # the prefix on an object, in place of `@odata.`
    on_member: str  # the same behind the name of a member
    special: Mapping[str, str] = field(default_factory=dict)
    other_prefixes: tuple[str, ...] = ()  # that readers take as well
    annotation: str = "@"  # before `Namespace.Term` on an object
    _reading: Mapping[str, str] = field(init=False, repr=False)
    _known: dict[str, str | None] = field(init=False, repr=False, default_factory=dict)  # names that were read before

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reading", {wire.casefold(): name for name, wire in self.special.items()})

    def of_object(self, name: str) -> str:
        """`@odata.type` or `@Namespace.Term` as a member of an object."""
        if name.startswith(CONTROL):
            term = name[len(CONTROL) :]
            return self.on_object + self.special.get(term, term)
        return self.annotation + name[1:]

    def of_member(self, name: str) -> str:
        """`Name@odata.type` or `Name@Namespace.Term` beside the member of an object."""
        target, _at, term = name.partition("@")
        if term.startswith("odata."):
            return f"{target}{self.on_member}{self.special.get(term[6:], term[6:])}"
        return name

    def read(self, name: str) -> str | None:
        """The name in rows of control information or an annotation, on an object or a member; None for all others."""
        known = self._known.get(name, "")
        if known != "":
            return known
        found = self._read(name)
        if len(self._known) < _MAX_KNOWN and len(name) <= _MAX_NAME:
            self._known[name] = found
        return found

    def _read(self, name: str) -> str | None:
        target, at, term = name.partition("@")
        if at:
            return self._read_term(target, term)
        if self.annotation:
            return None
        if name.startswith(self.on_object):
            return CONTROL + self._canonical(name[len(self.on_object) :])
        return f"@{name}" if "." in name and not name.startswith("#") else None

    def _read_term(self, target: str, term: str) -> str:
        if term.startswith("odata."):
            return f"{target}{CONTROL}{self._canonical(term[6:])}"
        if "@" in self.other_prefixes and "." not in term.partition("@")[0]:
            return f"{target}{CONTROL}{self._canonical(term)}"
        return f"{target}@{term}"

    def _canonical(self, term: str) -> str:
        return self._reading.get(term.casefold(), term)


# JSON Light 3.0, 4.5: the names that differ from version 4.
_V3_TERMS: Final = {
    "context": "metadata",
    "navigationLink": "navigationLinkUrl",
    "associationLink": "associationLinkUrl",
    "mediaEtag": "mediaETag",
}

V3_NAMES: Final = Names("odata.", "@odata.", _V3_TERMS, annotation="")
# Version 4.0 has no names without a dot, so a reader can take those of 4.01 in every payload.
V4_NAMES: Final = Names("@odata.", "@odata.", other_prefixes=("@",))
V401_NAMES: Final = Names("@", "@", other_prefixes=("@",))

# What stands before everything else in an object, in the order that streaming wants (4.01 JSON Format, 4.4).
FIRST: Final = (rows.CONTEXT, rows.REMOVED, rows.TYPE, rows.ID, rows.ETAG)
# What is written at every level: parts of the data rather than metadata (4.01 JSON Format, 3.1.3 and 15.3).
AT_EVERY_LEVEL: Final = frozenset({rows.COUNT, rows.NEXT_LINK, rows.DELTA_LINK, rows.REMOVED, rows.BIND, DELTA, NULL})
# What a request may have; the rest is for answers (4.01 JSON Format, 4.5: unknown control information is no error).
IN_REQUESTS: Final = frozenset({rows.TYPE, rows.ID, rows.ETAG, rows.BIND, rows.REMOVED, DELTA, NULL})
