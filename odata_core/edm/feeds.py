# Feed customizations of versions 1 to 3: which properties show as elements of an Atom entry, such as its title, and
# whether they stand among the properties all the same ([MC-CSDL] 2.1.2 and 2.1.3, MS-ODATA 2.2.3.7.2.1).

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..records import record

SYNDICATION: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        f"Syndication{who}{what}": (who.lower(), what.lower())
        for who in ("Author", "Contributor")
        for what in ("Name", "Email", "Uri")
    },
    **{f"Syndication{what}": (what.lower(),) for what in ("Title", "Summary", "Rights", "Published", "Updated")},
}
"""The elements of an entry (RFC 4287) by the names that customizations have for them."""


@record
class FeedMapping:
    """A property, by the way to it, and the way to its element within an entry.

    `namespace` is that of an element of one's own, whose last part may be an attribute (`@name`), and empty for one of
    Atom. `keeps` says whether the property is among the properties of the content as well.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    keeps: bool = True
    namespace: str = ""
    prefix: str = ""
    kind: str = "text"  # or html, of an element of Atom
