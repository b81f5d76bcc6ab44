# URLs of entities, of what they are related to and of their streams: made from where a row lives and what its key is.
# A version's way to write them is a row of data. Strategy: what is the same for all rows of a source and a type is
# text that is made once; for each row only the key is printed. All URLs are ASCII and relative to the service root.
# What a row knows better than its key (ID, EDIT_LINK, ...) is for the writers to look up first.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..edm import EntitySet, EntityType, StructuredType
from ..edm import primitives as edm
from ..edm.rows import Row
from ..query.tree import Source
from ..uri.encoding import encode_segment
from ..uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from ..uri.keys import print_key_literal


@dataclass(frozen=True, eq=False)
class LinkForm:
    """How a version writes URLs of entities. `association` has `{name}` for the navigation property."""

    grammar: Grammar
    association: str | None  # None where the version has no such links
    has_casts: bool  # whether a URL may have a type segment, and must before members of a derived type


# Associations: JSON Light 3.0, 4.5.7, and 4.01 JSON Format, 8.2. Type segments: 3.0 URL Conventions, 4.6 ("Addressing
# Derived Types"), and 4.01 JSON Format, 4.6.9: an edit link ends in the type where it is not the declared one.
V1_LINKS: Final = LinkForm(V2_GRAMMAR, None, has_casts=False)
V2_LINKS: Final = LinkForm(V2_GRAMMAR, None, has_casts=False)
V3_LINKS: Final = LinkForm(V3_GRAMMAR, "/$links/{name}", has_casts=True)
V4_LINKS: Final = LinkForm(V4_GRAMMAR, "/{name}/$ref", has_casts=True)

# Types whose literals have nothing to encode, in any version.
_PLAIN: Final = frozenset({edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64, edm.BOOLEAN, edm.GUID})

PathWriter = Callable[[Row], str]


def entity_path(source: Source, row: Row, form: LinkForm) -> str:
    """The canonical URL of an entity: `Products(1)`, or the name of a singleton. KeyError where a key is missing."""
    return path_writer(source, form)(row)


@lru_cache(maxsize=512)
def path_writer(source: Source, form: LinkForm) -> PathWriter:
    """What writes the canonical URL of each row of a source."""
    name = encode_segment(source.name)
    if not isinstance(source, EntitySet):
        return lambda row: name
    kind = source.type
    parts = [_part_writer(kind, part, form.grammar) for part in kind.key]
    if len(parts) == 1 and not kind.key_paths:
        (key,), write = kind.key, parts[0]
        return lambda row: f"{name}({write(row[key])})"
    labels = [f"{label}=" if len(parts) > 1 else "" for label in kind.key]

    def write_path(row: Row) -> str:
        values = zip(labels, parts, kind.key_of(row), strict=True)
        return f"{name}({','.join([label + write(value) for label, write, value in values])})"

    return write_path


def _part_writer(kind: EntityType, name: str, grammar: Grammar) -> Callable[[Any], str]:
    """What writes one value of the key, percent-encoded."""
    prop = kind.key_property(name)
    if prop.type in _PLAIN:
        return grammar.printers[prop.type.name]
    return lambda value: encode_segment(print_key_literal(prop, value, grammar))


def type_segment(source: Source, kind: StructuredType | str, form: LinkForm) -> str:
    """`/Shop.Food` behind the URL of an entity that is of a type derived from the declared one; else nothing.

    `kind` is the type of the entity, or its qualified name.
    """
    name = kind if isinstance(kind, str) else kind.qualified_name
    return "" if not form.has_casts or name == source.type.qualified_name else "/" + encode_segment(name)


def navigation_suffix(name: str) -> str:
    """What follows an entity's edit link in the URL of a navigation property, or of a named stream."""
    return "/" + encode_segment(name)


def association_suffix(name: str, form: LinkForm) -> str | None:
    """What follows an entity's edit link in the URL of its associations; None where the version has none."""
    return None if form.association is None else form.association.format(name=encode_segment(name))


MEDIA_SUFFIX: Final = "/$value"
"""What follows the URL of a media entity in the one of its stream (all versions)."""
