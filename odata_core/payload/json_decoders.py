# Plain bodies -> rows, fast: objects that have members of their type only, each in its usual form.
# Strategy: for each type a TypedDict that says of each member what JSON may hold, so that the decoder checks types,
# ranges and lengths while it parses; then what JSON cannot say is mended in place, column by column: most of the work
# of a column (dates, decimals) is done for all of its texts at once.
# Whatever is not plain, or wrong, gives None: then the general reader (json_readers) reads the body once more and knows
# the rules, or what to say. Both give the same rows: a property test holds them to it.
#
# The decoder passes over members that it does not know, and over all but the last of those that a name is given twice.
# Both are found by counting quotation marks: there are two for each name and two for each value that is a string, apart
# from those behind a backslash. Whatever was passed over had a name, so there are more than the rows can explain.

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Final, NamedTuple, Optional, TypedDict

import msgspec
from msgspec import Meta

from ..edm import Property, StructuredType
from ..edm import primitives as edm
from ..edm.rows import CONTEXT, COUNT, DELTA_LINK, ETAG, NEXT_LINK
from ..records import record
from .codec import Feed, Reading
from .json_fields import FAILURES, Field, field_of
from .json_forms import JsonForm

Rows = list[dict[str, Any]]

_MAX_DEPTH: Final = 8  # of complex values within each other; deeper ones are the general reader's
_COUNT: Final = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_COUNT_TEXT: Final = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


class _Column(NamedTuple):
    """A member whose values are mended, or count as strings."""

    name: str
    is_nullable: bool
    is_collection: bool
    field: Field | None  # or what its structured values are decoded with:
    nested: _Made | None

    def mend(self, rows: Rows, *, may_lack: bool) -> int:
        """Mend the values of all rows; how many quotation marks there are around and within them."""
        name = self.name
        if may_lack:
            rows = [row for row in rows if row.get(name) is not None]
        elif self.is_nullable:
            rows = [row for row in rows if row[name] is not None]
        if self.is_collection:
            return self._mend_lists(rows)
        if self.nested is not None:
            return self.nested.mend([row[name] for row in rows])
        field = self.field
        if rows and field is not None and field.read is not None:
            values = field.read([row[name] for row in rows])
            if values is not None:
                for row, value in zip(rows, values, strict=True):
                    row[name] = value
        return 2 * len(rows) if field is not None and field.is_text else 0

    def _mend_lists(self, rows: Rows) -> int:
        name, field = self.name, self.field
        items = [item for row in rows for item in row[name] if item is not None]
        if self.nested is not None:
            return self.nested.mend(items)
        if items and field is not None and field.read is not None:
            values = field.read(items)
            if values is not None:
                following = iter(values)
                for row in rows:
                    row[name] = [None if item is None else next(following) for item in row[name]]
        return 2 * len(items) if field is not None and field.is_text else 0


@record
class _Made:
    """What a type is decoded with: its TypedDict, with so many members, and the columns that are mended."""

    type: Any
    members: int
    columns: tuple[_Column, ...]
    etag: str | None  # its name in JSON, where it may be given
    depth: int

    def mend(self, rows: Rows) -> int:
        """Mend rows in place; how many quotation marks they account for."""
        members = sum(map(len, rows))
        quotes = 2 * members
        if self.etag is not None:
            tagged = [row for row in rows if self.etag in row]
            for row in tagged:
                row[ETAG] = row.pop(self.etag)
            quotes += 2 * len(tagged)
            members -= len(tagged)
        may_lack = members < self.members * len(rows)
        return quotes + sum([column.mend(rows, may_lack=may_lack) for column in self.columns])


@record
class _Decoders:
    entity: msgspec.json.Decoder[Any]
    feed: msgspec.json.Decoder[Any]
    made: _Made
    names: tuple[str, str, str, str]  # of context, count, next link and delta link


def fast_entity(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> dict[str, Any] | None:
    """The row of a plain body; None for all others."""
    decoders = _decoders(kind, form, reading.is_request)
    if decoders is None or decoders.made.depth > reading.limits.body_depth:
        return None
    try:
        row: dict[str, Any] = decoders.entity.decode(body)
        quotes = 0 if row.pop(decoders.names[0], None) is None else 4
        return row if _count_quotes(body) == decoders.made.mend([row]) + quotes else None
    except FAILURES:
        return None


def fast_feed(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> Feed | None:
    """The rows of a plain collection; None for all others."""
    decoders = _decoders(kind, form, reading.is_request)
    if decoders is None or decoders.made.depth + 2 > reading.limits.body_depth:
        return None
    try:
        return _feed(body, decoders)
    except FAILURES:
        return None


def _count_quotes(body: bytes) -> int:
    """The quotation marks around names and strings. Backslashes count in pairs, from the left, as they are read."""
    if b"\\" not in body:
        return body.count(b'"')
    without = body.replace(b"\\\\", b"")
    return without.count(b'"') - without.count(b'\\"')


def _feed(body: bytes, decoders: _Decoders) -> Feed | None:
    """The feed if its rows explain all quotation marks."""
    _context, count, next_link, delta_link = decoders.names
    found = decoders.feed.decode(body)
    rows: Rows = found["value"]
    own = 2 * len(found) + sum(2 for value in found.values() if isinstance(value, str))
    if _count_quotes(body) != own + decoders.made.mend(rows):
        return None
    number = found.get(count)
    return Feed(rows, None if number is None else int(number), found.get(next_link), found.get(delta_link))


# ---------------------------------------------------------------- made once for a type


@lru_cache(maxsize=256)
def _decoders(kind: StructuredType, form: JsonForm, is_request: bool) -> _Decoders | None:
    made = _make(kind, form, is_request, 1)
    if made is None:
        return None
    context, count, next_link, delta_link = (
        form.names.of_object(name) for name in (CONTEXT, COUNT, NEXT_LINK, DELTA_LINK)
    )
    number = _COUNT_TEXT if form.counts_are_strings else _COUNT  # in another form, it is the general reader's
    links = {context: str, count: number, next_link: str, delta_link: str}
    many: Any = list
    feed = TypedDict("PlainFeed", {**links, "value": many[made.type]}, total=False)  # type: ignore[misc]
    entity = TypedDict("PlainEntity", {**made.type.__annotations__, context: str}, total=False)  # type: ignore[misc]
    return _Decoders(
        msgspec.json.Decoder(entity), msgspec.json.Decoder(feed), made, (context, count, next_link, delta_link)
    )


def _make(kind: StructuredType, form: JsonForm, is_request: bool, depth: int) -> _Made | None:
    """What a type is decoded with; None where it has members for the general reader only."""
    if kind.is_open or kind.is_abstract or depth > _MAX_DEPTH:
        return None
    types: dict[str, Any] = {}
    columns: list[_Column] = []
    inner = 0  # the depth of values
    for prop in kind.properties.values():
        if prop.type is edm.STREAM:
            continue  # shows by its control information only
        column, types[prop.name] = _column(prop, form, is_request, depth)
        if column is None:
            return None
        inner = max(inner, prop.is_collection + (0 if column.nested is None else column.nested.depth))
        if column.field is None or column.field.is_text or column.field.read is not None:
            columns.append(column)
    members = len(types)
    etag = None if is_request else form.names.of_object(ETAG)
    if etag is not None:
        types[etag] = str
    shape = TypedDict("PlainObject", types, total=False)  # type: ignore[misc]
    return _Made(shape, members, tuple(columns), etag, inner + 1)


def _column(prop: Property, form: JsonForm, is_request: bool, depth: int) -> tuple[_Column | None, Any]:
    """The column of a property, and the type that the decoder is told; None where there is no plain form."""
    # A null that the reader passes over is his business: a generated value that a client does not have.
    is_nullable = prop.nullable and not (prop.is_generated and is_request and not prop.is_collection)
    nested = _make(prop.type, form, is_request, depth + 1) if isinstance(prop.type, StructuredType) else None
    field = None if isinstance(prop.type, StructuredType) else field_of(prop.type, prop.facets, form)
    found: Any = nested.type if nested is not None else field.type if field is not None else None
    if found is None:
        return None, None
    column = _Column(prop.name, is_nullable and not prop.is_collection, prop.is_collection, field, nested)
    found = Optional[found] if is_nullable else found  # noqa: UP045
    many: Any = list
    return column, many[found] if prop.is_collection else found
