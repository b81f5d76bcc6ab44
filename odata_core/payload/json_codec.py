# JSON of version 4 and JSON light of version 3 as codecs: what stands around values. Objects are the business of
# writers (json_writers, json_structs) and readers (json_readers, json_decoders); contexts are those of context_urls.
# Strategy: a feed is written batch by batch, so that memory is bounded and what fails, fails between two chunks.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from ..edm import Model, Operation, Property, StructuredType
from ..edm.rows import CONTEXT, COUNT, DELTA_LINK, ID, NEXT_LINK, REMOVED, TYPE, KeptRow, Row
from ..edm.types import NOT_GIVEN
from ..errors import ODataError, suggestion
from .codec import About, Feed, Reading, Shape
from .context_urls import entity_context, feed_context, links_context, property_context
from .json_decoders import fast_entity, fast_feed
from .json_documents import error_content, service_items
from .json_forms import JsonForm, Level, item_name, qualified_name, v3_form, v4_form
from .json_names import NULL
from .json_readers import JsonReader, Typed, read_removed_40, refuse
from .json_structs import Builders, struct_builders
from .json_text import decode_json
from .json_values import needs_type
from .json_writers import is_link, property_mend, removed_40, row_writer

_FIRST_BATCH: Final = 100  # rows; later ones are as many as fit into a chunk
_MAX_BATCH: Final = 1_000
_MAX_KEPT: Final = 2_048  # bytes of a row whose text is kept
_CHUNK: Final = 64 * 1024  # bytes that a chunk is meant to have: below what the system has to map anew each time
_EXPONENT: Final = re.compile(rb"E[+-][0-9]")  # of a decimal, or something in a string that looks like one
_DELTA: Final = "/$delta"
_DELETED: Final = "/$deletedEntity"

# What shows that a row is not as its shape says: members are missing, or null against the model.
_NOT_PLAIN: Final = (KeyError, TypeError, AttributeError)

WriteBatch = Callable[[bytearray, list[Row], str], bytes | memoryview]
"""Writes rows, with commas between them: into a text that may be written over, or into one of its own."""


@lru_cache(maxsize=512)
def _opening(codec: JsonCodec, context: str | None) -> bytes:
    """The beginning of an object with a context; most answers have one of a few. Empty for none."""
    head = codec.head(context)
    return codec.form.encode(head)[:-1] if head else b""


def _behind(opening: bytes, body: bytes) -> bytes:
    """An object with more members at its beginning."""
    if not opening:
        return body
    return opening + (b"," + body[1:] if len(body) > 2 else b"}")


@dataclass(frozen=True, eq=False)
class JsonCodec:
    """One version of JSON at one level of metadata."""

    form: JsonForm

    # ------------------------------------------------------------ writing

    def write_entity(self, shape: Shape, row: Row, about: About) -> bytes:
        """4.01 JSON Format, 6 and 7.2; JSON Light 3.0, 6.2."""
        head = _opening(self, entity_context(shape, about, self.form.contexts))
        builders = struct_builders(shape, self.form)
        if builders is not None:
            try:
                return _behind(head, self.form.encode(builders.careful_row(row, about.root)))
            except _NOT_PLAIN:
                pass
        return _behind(head, self.form.encode(row_writer(shape, self.form).write(row, about.root)))

    def write_feed(self, shape: Shape, rows: Iterable[Row], about: About) -> Iterator[bytes]:
        """4.01 JSON Format, 13 and 15; JSON Light 3.0, 6.1."""
        encode, count = self.form.encode, about.count
        head = self.head(feed_context(shape, about, self.form.contexts))
        if count is not None:
            head[self.form.names.of_object(COUNT)] = self.form.count(count)
        tail = {
            self.form.names.of_object(name): link
            for name, link in ((NEXT_LINK, about.next_link), (DELTA_LINK, about.delta_link))
            if link is not None
        }
        start = (encode(head)[:-1] + b"," if head else b"{") + b'"value":['
        write = self._changes_writer(shape) if about.path.endswith(_DELTA) else self._rows_writer(shape)
        source, size, text = iter(rows), _FIRST_BATCH, bytearray()
        while batch := list(islice(source, size)):
            chunk = start + write(text, batch, about.root)
            yield chunk
            start, size = b",", max(1, min(_MAX_BATCH, size * _CHUNK // len(chunk)))
        end = b"]," + encode(tail)[1:] if tail else b"]}"
        yield end if start == b"," else start + end

    def _rows_writer(self, shape: Shape) -> WriteBatch:
        """What writes an array of rows over a text."""
        builders = struct_builders(shape, self.form)
        if builders is not None:
            return _PlainWriter(builders, shape, self.form)
        write = row_writer(shape, self.form).write
        return lambda text, batch, root: self._items(text, [write(row, root) for row in batch])

    def _changes_writer(self, shape: Shape) -> WriteBatch:
        """Rows of a delta: changed entities have what was changed, and there are deleted ones and links."""
        write = row_writer(shape, self.form, is_change=True).write

        def change(row: Row, root: str) -> dict[str, Any]:
            if is_link(row):
                return {self.form.names.of_object(name) if name == CONTEXT else name: row[name] for name in row}
            if REMOVED in row and not self.form.removed_as_object:
                return removed_40(row, shape, self.form)
            return write(row, root)

        return lambda text, batch, root: self._items(text, [change(row, root) for row in batch])

    def _items(self, text: bytearray, items: list[Any]) -> memoryview:
        self.form.encode_into(text, items)
        return memoryview(text)[1:-1]  # an array, whose brackets are not needed

    def write_property(self, prop: Property, value: Any, about: About) -> bytes:
        """4.01 JSON Format, 11; JSON Light 3.0, 7: a complex value is the object itself, others are its `value`."""
        form = self.form
        if value is None:
            name = form.null_context or form.context_type(prop.type_name)
            head = self.head(property_context(name, about, form.contexts))
            return form.encode({**head, **form.null_body})
        head = self.head(property_context(form.context_type(prop.type_name), about, form.contexts))
        mend = property_mend(prop, form)
        content = value if mend is None else mend(value, about.root)
        if isinstance(prop.type, StructuredType) and not prop.is_collection:
            return _behind(form.encode(head)[:-1] if head else b"", form.encode(content))
        if form.is_full and needs_type(prop, form):
            head[form.names.of_object(TYPE)] = form.type_text(prop.type_name)
        if about.count is not None:
            head[form.names.of_object(COUNT)] = form.count(about.count)
        return form.encode({**head, "value": content})

    def write_links(self, urls: Sequence[str], about: About, *, is_collection: bool) -> bytes:
        """4.01 JSON Format, 14; JSON Light 3.0, 8."""
        form = self.form
        head = self.head(links_context(about, form.contexts, is_collection=is_collection))
        if not is_collection:
            return form.encode({**head, form.reference: urls[0]})
        if about.count is not None:
            head[form.names.of_object(COUNT)] = form.count(about.count)
        content = {**head, "value": [{form.reference: url} for url in urls]}
        if about.next_link is not None:
            content[form.names.of_object(NEXT_LINK)] = about.next_link
        return form.encode(content)

    def write_service(self, model: Model, about: About) -> bytes:
        """4.01 JSON Format, 5; JSON Light 3.0, 5."""
        head = self.head(f"{about.root}$metadata")
        return self.form.encode({**head, "value": service_items(model, has_kinds=self.form.has_kinds)})

    def write_error(self, error: ODataError) -> bytes:
        """4.01 JSON Format, 21.1; JSON Light 3.0, 14."""
        return self.form.encode({self.form.error: error_content(error, has_language=self.form.error_has_language)})

    def head(self, context: str | None) -> dict[str, Any]:
        """The context comes first, and not at all without metadata (4.01 JSON Format, 4.5.1)."""
        if context is None or not self.form.has_metadata:
            return {}
        return {self.form.names.of_object(CONTEXT): context}

    # ------------------------------------------------------------ reading

    def read_entity(self, body: bytes, kind: StructuredType | None, reading: Reading) -> dict[str, Any]:
        """An entity or a complex value, with its control information in any order."""
        if kind is not None:
            row = fast_entity(body, kind, self.form, reading)
            if row is not None:
                return row
        return JsonReader(self.form, reading).row(decode_json(body, reading.limits), kind)

    def read_feed(self, body: bytes, kind: StructuredType | None, reading: Reading) -> Feed:
        """A collection, or a delta; links of a delta are dictionaries with CONTEXT, `source` and so on."""
        if kind is not None:
            feed = fast_feed(body, kind, self.form, reading)
            if feed is not None:
                return feed
        content = decode_json(body, reading.limits)
        reader = JsonReader(self.form, reading)
        feed = Feed([])
        for index, item in enumerate(_items(content)):
            self._read_item(feed, item, kind, reader, f"$.value[{index}]")
        for name in content:
            control = self.form.names.read(name)
            if control == COUNT:
                feed.count = reader.count(content[name], f"$['{name}']")
            elif control == NEXT_LINK:
                feed.next_link = _text(content[name], f"$['{name}']")
            elif control == DELTA_LINK:
                feed.delta_link = _text(content[name], f"$['{name}']")
        return feed

    def _read_item(self, feed: Feed, item: Any, kind: StructuredType | None, reader: JsonReader, path: str) -> None:
        names = item if isinstance(item, dict) else ()
        name = next((name for name in names if self.form.names.read(name) == CONTEXT), None)
        context = None if name is None else item[name]
        if name is None or not isinstance(context, str):
            feed.rows.append(reader.row(item, kind, path))
        elif is_link({CONTEXT: context}):
            rest = {key: value for key, value in item.items() if key != name}
            feed.links.append({CONTEXT: context, **reader.row(rest, None, path)})
        elif context.endswith(_DELETED) and not any(self.form.names.read(key) == REMOVED for key in item):
            feed.rows.append(read_removed_40(item, name))
        else:
            feed.rows.append(reader.row(item, _kind_of(context, reader.reading.model) or kind, path))

    def read_property(self, body: bytes, prop: Property | None, reading: Reading) -> Any:
        """A property, or the result of an operation."""
        content = decode_json(body, reading.limits)
        reader = JsonReader(self.form, reading)
        if not isinstance(content, dict):
            refuse("$", "an object is expected")
        controls = {control: value for name, value in content.items() if (control := self.form.names.read(name))}
        if controls.get(NULL) is True:
            return None
        if prop is not None and isinstance(prop.type, StructuredType) and not prop.is_collection:
            if content.get("value", content) is None and "value" not in prop.type.properties:
                return None
            return reader.row(content, prop.type)
        if "value" not in content:
            if prop is None:
                return reader.row(content, None)
            refuse("$", "an object with the member 'value' is expected")
        if prop is not None:
            return reader.value(content["value"], prop, "$.value", prop.name)
        told = controls.get(TYPE) or controls.get("value" + TYPE) or _type_in(controls.get(CONTEXT))
        row = reader.row({"value": content["value"], **_told(self.form, told)}, None)
        return row["value"]

    def read_links(self, body: bytes, reading: Reading) -> list[str]:
        """References to entities, one or many."""
        content = decode_json(body, reading.limits)
        if isinstance(content, dict) and isinstance(content.get("value"), list):
            return [self._url(item, f"$.value[{index}]") for index, item in enumerate(content["value"])]
        return [self._url(content, "$")]

    def _url(self, item: Any, path: str) -> str:
        if isinstance(item, dict):
            for name, url in item.items():
                if (name == self.form.reference or self.form.names.read(name) == ID) and isinstance(url, str):
                    return url
        refuse(path, f"an object with the member '{self.form.reference}' is expected")

    def read_parameters(self, body: bytes, operation: Operation, reading: Reading) -> dict[str, Any]:
        """4.01 JSON Format, 18: what is not given is null, or its default where it is optional."""
        content = decode_json(body, reading.limits) if body.strip() else {}
        if not isinstance(content, dict):
            refuse("$", "an object with the parameters is expected")
        reader = JsonReader(self.form, reading)
        own = operation.parameters[1:] if operation.is_bound else operation.parameters
        known = {parameter.name: parameter for parameter in own}
        found: dict[str, Any] = {}
        for name, value in content.items():
            if name in known:
                found[name] = _parameter(reader, known[name], value)
            elif self.form.names.read(name) is None:
                hint = suggestion(name[:100], known)
                refuse(f"$.{name[:100]}", f"'{operation.name}' has no parameter '{name[:100]}'.{hint}")
        for name, parameter in known.items():
            if name in found or parameter.is_optional:
                continue
            if parameter.default is not NOT_GIVEN:
                found[name] = parameter.default
            elif parameter.nullable and not parameter.is_collection:
                found[name] = None
            else:
                refuse(f"$.{name}", f"the parameter '{name}' of '{operation.name}' is missing")
        return found


@lru_cache(maxsize=256)
def _token(_shape: Shape, _form: JsonForm, _root: str) -> object:
    """What stands for all that the text of a row depends on beside the row itself."""
    return object()


class _PlainWriter:
    """Writes batches of rows that are plain, and those that are not with the general writer.

    Rows that never change keep their text from the second time on that a batch which begins with the same row is
    written alike: writing rows one by one takes longer than writing a batch, which is lost where nobody asks again.
    """

    __slots__ = ("builders", "form", "is_hasty", "shape")

    def __init__(self, builders: Builders, shape: Shape, form: JsonForm) -> None:
        self.builders, self.shape, self.form = builders, shape, form
        self.is_hasty = builders.rows is not builders.careful_rows

    def __call__(self, text: bytearray, batch: list[Row], root: str) -> bytes | memoryview:
        first = batch[0]
        if first.__class__ is KeptRow:
            token = _token(self.shape, self.form, root)
            if token in first.written:
                return self._kept(batch, root, token)
            first.written = (None, token)  # was written once
        self._batch(text, batch, root)
        return memoryview(text)[1:-1]  # an array, whose brackets are not needed

    def _batch(self, text: bytearray, batch: list[Row], root: str) -> None:
        builders, encode = self.builders, self.form.encode_into
        try:
            if self.is_hasty:
                encode(text, builders.rows(batch, root))
                first = text.find(b"E")  # which takes no time, and most texts have none
                if first < 0 or _EXPONENT.search(text, first) is None:
                    return
                self.is_hasty = False  # where there is one, there are more
            items = builders.careful_rows(batch, root)
        except _NOT_PLAIN:
            # Rows that lack members or have nulls within lists: the general writer knows what to do, or what to say.
            write = row_writer(self.shape, self.form).write
            items = [write(row, root) for row in batch]
        encode(text, items)

    def _kept(self, batch: Sequence[Any], root: str, token: object) -> bytes:
        """The texts that rows keep, where they have the one that is wanted."""
        return b",".join(
            [
                written[1]
                if row.__class__ is KeptRow and (written := row.written)[0] is token
                else self._alone(row, root, token)
                for row in batch
            ]
        )

    def _alone(self, row: Row, root: str, token: object) -> bytes:
        try:
            (item,) = self.builders.careful_rows([row], root)
        except _NOT_PLAIN:
            item = row_writer(self.shape, self.form).write(row, root)
        text: bytes = self.form.encode(item)
        if row.__class__ is KeptRow and len(text) <= _MAX_KEPT:
            row.written = (token, text)
        return text


def _items(content: Any) -> list[Any]:
    if not isinstance(content, dict) or not isinstance(content.get("value"), list):
        refuse("$.value" if isinstance(content, dict) else "$", "an object with an array 'value' is expected")
    items: list[Any] = content["value"]
    return items


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        refuse(path, "a URL is expected")
    return value


def _kind_of(context: str, model: Model | None) -> StructuredType | None:
    """The type of the entity set or singleton that a context URL names."""
    if model is None:
        return None
    name = context.rpartition("#")[2].partition("/")[0].partition("(")[0]
    source = model.entity_sets.get(name) or model.singletons.get(name)
    return None if source is None else source.type


def _type_in(context: Any) -> str | None:
    """The built-in type that a context URL names."""
    fragment = context.rpartition("#")[2] if isinstance(context, str) else ""
    name = qualified_name(fragment)
    return name if (item_name(name) or name).startswith("Edm.") and "." in fragment else None


def _told(form: JsonForm, name: Any) -> Mapping[str, Any]:
    return {form.names.of_member("value" + TYPE): name} if isinstance(name, str) else {}


def _parameter(reader: JsonReader, parameter: Typed, value: Any) -> Any:
    name = getattr(parameter, "name", "")
    return reader.value(value, parameter, f"$.{name}", name)


@lru_cache(maxsize=64)
def json_v4(
    level: Level = "minimal", *, ieee754: bool = False, short_names: bool = False, is_401: bool = False
) -> JsonCodec:
    """OData JSON Format 4.0, or 4.01 with its context URLs and decimals, perhaps with its shorter names.

    `ieee754` makes Int64, Decimal and counts strings (IEEE754Compatible=true).
    """
    return JsonCodec(v4_form(level, ieee754=ieee754, short_names=short_names, is_401=is_401))


@lru_cache(maxsize=8)
def json_v3(level: Level = "minimal") -> JsonCodec:
    """OData JSON Format 3.0 (JSON light)."""
    return JsonCodec(v3_form(level))
