# Plain bodies -> rows, fast: objects that have members of their type only, each in its usual form.
# Strategy: for each type a TypedDict that says of each member what JSON may hold, so that the decoder checks types,
# ranges and lengths while it parses, and one generated function that mends in place what JSON cannot say. Texts of
# dates, decimals and the like are remembered with their values, since they occur again and again.
# Whatever is not plain, or wrong, gives None: then the general reader (json_readers) reads the body once more and knows
# the rules, or what to say. Both give the same rows: a property test holds them to it.
#
# The decoder passes over members that it does not know, and over all but the last of those that a name is given twice.
# Both are found by counting quotation marks: there are two for each name and two for each value that is a string, apart
# from those behind a backslash. Whatever was passed over had a name, so there are more than the rows can explain.
#
# What is generated holds the names of members as literals only, quoted by `repr`; everything else is handed in.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, Optional, TypedDict

import msgspec
from msgspec import Meta

from ..edm import Property, StructuredType
from ..edm import primitives as edm
from ..edm.rows import CONTEXT, COUNT, DELTA_LINK, ETAG, NEXT_LINK
from .codec import Feed, Reading
from .json_fields import FAILURES, Field, field_of
from .json_forms import JsonForm

Rows = list[dict[str, Any]]

_MAX_DEPTH: Final = 8  # of complex values within each other; deeper ones are the general reader's
_COUNT: Final = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_COUNT_TEXT: Final = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a type is decoded with.

    `mend` mends rows and gives the number of quotation marks that they account for. `mend_whole` does so in less time
    for rows that have all members, none of them structured or a list.
    """

    type: Any
    mend: Callable[[Rows], int]
    mend_whole: Callable[[Rows], int] | None
    depth: int


@dataclass(frozen=True, slots=True)
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
    quotes = _count_quotes(body)
    for mend in (decoders.made.mend_whole, decoders.made.mend):
        feed = None if mend is None else _feed(body, decoders, mend, quotes)
        if feed is not None:
            return feed
    return None


def _count_quotes(body: bytes) -> int:
    """The quotation marks around names and strings. Backslashes count in pairs, from the left, as they are read."""
    if b"\\" not in body:
        return body.count(b'"')
    without = body.replace(b"\\\\", b"")
    return without.count(b'"') - without.count(b'\\"')


def _feed(body: bytes, decoders: _Decoders, mend: Callable[[Rows], int], quotes: int) -> Feed | None:
    """The feed if its rows explain so many quotation marks."""
    _context, count, next_link, delta_link = decoders.names
    try:
        found = decoders.feed.decode(body)
        rows: Rows = found["value"]
        own = 2 * len(found) + sum(2 for value in found.values() if isinstance(value, str))
        if quotes != own + mend(rows):
            return None
        number = found.get(count)
        number = None if number is None else int(number)
    except FAILURES:
        return None
    return Feed(rows, number, found.get(next_link), found.get(delta_link))


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
    code = _Code()
    for prop in kind.properties.values():
        if prop.type is edm.STREAM:
            continue  # shows by its control information only
        made = _add(prop, form, is_request, depth, code)
        if made is None:
            return None
        types[prop.name] = made
    etag = form.names.of_object(ETAG)
    if not is_request:
        types[etag] = str
        code.add_etag(etag)
    shape = TypedDict("PlainObject", types, total=False)  # type: ignore[misc]
    mend, mend_whole = code.compile(len(types) - (not is_request))
    return _Made(shape, mend, mend_whole if code.is_flat else None, code.depth + 1)


def _add(prop: Property, form: JsonForm, is_request: bool, depth: int, code: _Code) -> Any:
    """Add a property to the code, and give the type that the decoder is told; None where there is no plain form."""
    # A null that the reader passes over is his business: a generated value that a client does not have.
    found: Any
    is_nullable = prop.nullable and not (prop.is_generated and is_request and not prop.is_collection)
    if isinstance(prop.type, StructuredType):
        made = _make(prop.type, form, is_request, depth + 1)
        if made is None:
            return None
        code.add_nested(prop, made)
        found = made.type
    else:
        field = field_of(prop.type, prop.facets, form)
        if field is None:
            return None
        code.add_field(prop, field)
        found = field.type
    if prop.is_collection:
        many: Any = list
        return many[Optional[found]] if prop.nullable else many[found]  # noqa: UP045
    return Optional[found] if is_nullable else found  # noqa: UP045


class _Code:
    """The text of the two functions that mend rows of a type, and what it refers to."""

    def __init__(self) -> None:
        self.exact: list[str] = []
        self.whole: list[str] = []
        self.globs: dict[str, Any] = {}
        self.texts = 0  # members that are strings, unless they are null
        self.is_flat = True
        self.depth = 0

    def _index(self, mend: Any) -> int:
        index = len(self.globs)
        self.globs[f"m{index}"] = mend
        return index

    def add_field(self, prop: Property, field: Field) -> None:
        index = self._index(field.mend)
        name, mended = repr(prop.name), _MENDED[field.how].format(index=index)
        if prop.is_collection:
            self._add_list(name, mended, field)
            return
        self.texts += field.is_text
        put = _PUT[field.how].format(name=name, mended=mended)
        if field.is_text or field.how != "keep":
            self.exact += [f"if (x := r.get({name})) is not None:", f"    {'q += 2' if field.is_text else 'pass'}"]
            self.exact += [f"    {put}"]
        if prop.nullable and field.is_text:
            self.whole += [f"if (x := r[{name}]) is None: z += 1", f"else: {put}"]
        elif prop.nullable and field.how != "keep":
            self.whole += [f"if (x := r[{name}]) is not None:", f"    {put}"]
        elif field.how != "keep":
            self.whole += [f"x = r[{name}]", put]

    def _add_list(self, name: str, mended: str, field: Field) -> None:
        self.is_flat = False
        self.depth = max(self.depth, 1)
        self.exact += [f"if (v := r.get({name})) is not None:"]
        if field.is_text:
            self.exact += ["    q += 2 * (len(v) - v.count(None))"]
        if field.how == "check":
            self.exact += [
                "    for x in v:",
                "        if x is not None:",
                f"            {_CHECK.format(mended=mended)}",
            ]
        elif field.how != "keep":
            self.exact += [f"    r[{name}] = [None if x is None else {mended} for x in v]"]
        else:
            self.exact += ["    pass"]

    def add_nested(self, prop: Property, made: _Made) -> None:
        self.is_flat = False
        index = self._index(made.mend)
        values = "[x for x in v if x is not None]" if prop.is_collection else "[v]"
        self.exact += [f"if (v := r.get({prop.name!r})) is not None:", f"    q += m{index}({values})"]
        self.depth = max(self.depth, made.depth + prop.is_collection)

    def add_etag(self, wire: str) -> None:
        """An ETag, which is a string, under its name in rows."""
        self.globs.update(etag=wire, row_etag=ETAG)
        self.exact += ["if (x := r.get(etag)) is not None:", "    q += 2", "    del r[etag]", "    r[row_etag] = x"]

    def compile(self, members: int) -> tuple[Callable[[Rows], int], Callable[[Rows], int]]:
        source = ["def exact(rows):", "    q = 0", "    for r in rows:", "        q += 2 * len(r)"]
        source += [f"        {line}" for line in self.exact]
        source += ["    return q", "def whole(rows):", "    z = 0", "    for r in rows:"]
        source += [f"        {line}" for line in self.whole or ["pass"]]
        source += [
            f"    if sum(map(len, rows)) != {members} * len(rows):",
            "        return -1",
            f"    return 2 * ({members + self.texts} * len(rows) - z)",
        ]
        found = dict(self.globs)
        exec(compile("\n".join(source), "<rows of a type>", "exec"), found)  # noqa: S102
        return found["exact"], found["whole"]


# How a value `x` is mended, and what is done with that. NaN and infinity pass all checks of decimals but this one.
_MENDED: Final[Mapping[str, str]] = {
    "keep": "x",
    "look up": "m{index}[x]",
    "call": "m{index}(x)",
    "check": "m{index}(x)",
}
_CHECK: Final = "if not x.is_finite() or {mended} is None: raise ValueError"
_PUT: Final[Mapping[str, str]] = {
    "keep": "pass",
    "look up": "r[{name}] = {mended}",
    "call": "r[{name}] = {mended}",
    "check": _CHECK,
}
