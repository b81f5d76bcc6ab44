# Rows: entities and complex values as plain mappings, in the one form that backends give, payload writers take and
# payload readers make. A row says what JSON of version 4 says, with Python values, whatever format it comes from.
#
#   "Name"                          a property: its value in the Python form of its type, a row, or a list of these
#   "Nav"                           a navigation property that is there: a row, None, or a list of rows
#   TYPE                            the qualified name of the row's type, where it is not the declared one
#   ID, ETAG, READ_LINK, EDIT_LINK  of an entity, where they are known and not what the key says
#   MEDIA_TYPE, MEDIA_ETAG, MEDIA_READ_LINK, MEDIA_EDIT_LINK   of the stream of a media entity
#   "Stream" of type Edm.Stream     its media type, or None for no stream; "Stream" + MEDIA_ETAG and so on as above,
#                                   and where it is expanded "Stream" + MEDIA_CONTENT: its bytes
#   "Nav" + BIND                    references to entities that exist: a URL, or a list of URLs
#   "Nav" + COUNT, + NEXT_LINK      of an expanded collection
#   "Nav" + LINK, + ASSOCIATION     URLs of a navigation property, where they are known and not what the key says
#   "Dynamic" + TYPE                the type of a dynamic property, where its Python value does not tell
#   "@Namespace.Term", "Name@Namespace.Term"   annotations
#   "Nav" + DELTA                   what is different in what is related: rows, with REMOVED in those that go
#   REMOVED                         in a delta: the reason ("changed" or "deleted") why an entity is gone
#
# No member of a model can be called so: names begin with a letter or an underscore and have no @ in them.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]


class KeptRow(dict[str, Any]):
    """A row that nobody ever changes, nor anything within it: what was written of it may be kept with it.

    A store in memory hands such rows out. `written` belongs to whoever writes them: a token of a shape and a form, and
    the text of the row in it.
    """

    __slots__ = ("written",)
    written: tuple[object, Any]

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.written = (None, None)


TYPE: Final = "@odata.type"
ID: Final = "@odata.id"
ETAG: Final = "@odata.etag"
READ_LINK: Final = "@odata.readLink"
EDIT_LINK: Final = "@odata.editLink"
MEDIA_TYPE: Final = "@odata.mediaContentType"
MEDIA_ETAG: Final = "@odata.mediaEtag"
MEDIA_READ_LINK: Final = "@odata.mediaReadLink"
MEDIA_EDIT_LINK: Final = "@odata.mediaEditLink"
MEDIA_CONTENT: Final = "@odata.mediaContent"
BIND: Final = "@odata.bind"
DELTA: Final = "@odata.delta"
COUNT: Final = "@odata.count"
NEXT_LINK: Final = "@odata.nextLink"
DELTA_LINK: Final = "@odata.deltaLink"
LINK: Final = "@odata.navigationLink"
ASSOCIATION: Final = "@odata.associationLink"
REMOVED: Final = "@odata.removed"
CONTEXT: Final = "@odata.context"
