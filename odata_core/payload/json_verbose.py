# Verbose JSON of OData 1.0, 2.0 and 3.0: the codec (MS-ODATA 2.2.6.3). What surrounds a value is said here: `d`,
# `results`, counts and next links, service documents, errors. Rows are the business of the writer and the reader.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from ..edm import EntityType, Model, Operation, Parameter, Property, StructuredType, rows
from ..edm.rows import Row
from ..edm.types import NOT_GIVEN
from ..errors import ODataError, suggestion
from .codec import About, Feed, Reading, Shape, refuse_count
from .errors import error_text
from .json_text import decode_json, encode_json
from .json_verbose_faults import Fault, located
from .json_verbose_forms import CONTEXT, COUNT, DELETED, DELTA, METADATA, NEXT, RESULTS, V1, V2, V3, V3_ISO, VerboseForm
from .json_verbose_reader import RowReader, read_count, read_deleted, read_urls, reader_of
from .json_verbose_writer import check_plain, row_writer, value_writer

__all__ = ["V1", "V2", "V3", "V3_ISO", "VerboseForm", "VerboseJson"]

Read = TypeVar("Read")

_BATCH: Final = 50  # rows that are encoded at a time
_CHUNK: Final = 64 * 1024  # bytes from which on a chunk is given away


class VerboseJson:
    """The codec of one version. `model` knows the derived types that rows name when they are written.

    Without a model, what a row of a derived type has beyond the declared one is written by its Python type.
    """

    def __init__(self, form: VerboseForm, model: Model | None = None) -> None:
        self.form = form
        self.model = model

    # ------------------------------------------------------------ writing

    def write_entity(self, shape: Shape, row: Row, about: About) -> bytes:
        """2.2.6.3.3; a complex value by itself is 2.2.6.3.4."""
        return encode_json({"d": row_writer(shape, self.form, self.model)(row, about.root)})

    def write_feed(self, shape: Shape, rows: Iterable[Row], about: About) -> Iterator[bytes]:
        """2.2.6.3.2. A chunk has at most `_BATCH` rows more than fit into `_CHUNK` bytes."""
        write = row_writer(shape, self.form, self.model)
        root, deleted = about.root, self._deleted(shape)
        start, end = self._feed_ends(about)
        chunk = bytearray(start)
        source, is_first = iter(rows), True
        while batch := list(islice(source, _BATCH)):
            items = [deleted(row) or write(row, root) for row in batch]
            chunk += b"" if is_first else b","
            chunk += encode_json(items)[1:-1]
            is_first = False
            if len(chunk) >= _CHUNK:
                yield bytes(chunk)
                chunk.clear()
        yield bytes(chunk + end)

    def _feed_ends(self, about: About) -> tuple[bytes, bytes]:
        """What stands before and behind the entities."""
        if not self.form.has_results:
            check_plain(about.count, about.next_link or about.delta_link)
            return b'{"d":[', b"]}"
        count = b"" if about.count is None else b'"%s":"%d",' % (COUNT.encode(), about.count)
        links = {NEXT: about.next_link, DELTA: about.delta_link}
        told = {name: link for name, link in links.items() if link is not None}
        more = b"," + encode_json(told)[1:-1] if told else b""
        return b'{"d":{%s"%s":[' % (count, RESULTS.encode()), b"]%s}}" % more

    def _deleted(self, shape: Shape) -> Callable[[Row], dict[str, Any] | None]:
        """What writes an entity that is gone, as others extend this format; None for all others."""
        name = shape.source.name if shape.source is not None else shape.type.name

        def write(row: Row) -> dict[str, Any] | None:
            if rows.REMOVED not in row:
                return None
            return {CONTEXT: f"$metadata#{name}{DELETED}", "id": row[rows.ID]}

        return write

    def write_property(self, prop: Property, value: Any, about: About) -> bytes:
        """2.2.6.3.8, or 2.2.6.3.4 to 7: `{"d": {"Name": value}}`.

        A collection that is the result of an operation has no name: `{"d": {"results": [...]}}`, an array in version 1.
        """
        refuse_count(about)
        write = value_writer(prop, self.form, self.model)
        content = value if write is None or value is None else write(value, about.root)
        is_bare = prop.is_collection and (about.is_result or not prop.name)
        return encode_json({"d": content if is_bare else {prop.name: content}})

    def write_links(self, urls: Sequence[str], about: About, *, is_collection: bool) -> bytes:
        """2.2.6.3.10."""
        links = [{"uri": url} for url in urls]
        if not is_collection:
            return encode_json({"d": links[0]})
        start, end = self._feed_ends(about)
        return start + encode_json(links)[1:-1] + end

    def write_service(self, model: Model, about: About) -> bytes:
        """2.2.6.3.12: the names of the entity sets."""
        names = [name for name, found in model.entity_sets.items() if found.in_service_document]
        return encode_json({"d": {"EntitySets": names}})

    def write_error(self, error: ODataError) -> bytes:
        """2.2.6.3.13: no `d` around it."""
        # A lone surrogate, as in a file name of a driver's message, is no text that UTF-8 can say.
        text = error_text(error).encode("utf-8", "replace").decode("utf-8")
        return encode_json({"error": {"code": error.code, "message": {"lang": "en-US", "value": text}}})

    # ------------------------------------------------------------ reading

    def read_entity(self, body: bytes, kind: StructuredType | None, reading: Reading) -> dict[str, Any]:
        """A row; the type that `__metadata` names decides, if it is `kind` or derives from it."""
        return self._read(body, reading, lambda reader, content: reader.row(content, kind))

    def read_feed(self, body: bytes, kind: StructuredType | None, reading: Reading) -> Feed:
        """The rows of `results` or of an array."""
        return self._read(body, reading, lambda reader, content: _read_feed(reader, content, kind))

    def read_property(self, body: bytes, prop: Property | None, reading: Reading) -> Any:
        """`{"Name": value}`; a collection or a complex value may come without its name, as some clients send it."""
        return self._read(body, reading, lambda reader, content: _read_property(reader, content, prop))

    def read_links(self, body: bytes, reading: Reading) -> list[str]:
        """One `{"uri": ...}` or many."""
        return self._read(body, reading, _read_links)

    def read_parameters(self, body: bytes, operation: Operation, reading: Reading) -> dict[str, Any]:
        """2.2.3.6.5: what is not given is null; a body is not needed where nothing is given."""
        parameters = operation.parameters[1:] if operation.is_bound else operation.parameters
        read = lambda reader, content: _read_parameters(reader, content, parameters)  # noqa: E731
        return self._read(body or b"{}", reading, read)

    def read_service(self, body: bytes, reading: Reading) -> list[str]:
        """The names of the entity sets of a service document."""
        return self._read(body, reading, _read_service)

    def _read(self, body: bytes, reading: Reading, read: Callable[[RowReader, Any], Read]) -> Read:
        content, start = decode_json(body, reading.limits), "$"
        # Answers are in `d` (2.2.6.3), and clients that send back what they got leave it there.
        if isinstance(content, dict) and len(content) == 1 and isinstance(content.get("d"), dict | list):
            content, start = content["d"], "$.d"
        try:
            return read(reader_of(reading.model, reading.is_request), content)
        except ValueError as error:
            fault = error if isinstance(error, Fault) else Fault(str(error))
            raise fault.to_error(start) from None


def _read_feed(reader: RowReader, content: Any, kind: StructuredType | None) -> Feed:
    read = lambda item: read_deleted(item) or reader.row(item, kind)  # noqa: E731
    feed = Feed(reader.each(content, "a collection", read))
    if isinstance(content, dict):
        feed.count = read_count(content)
        feed.next_link, feed.delta_link = (_read_link(content, name) for name in (NEXT, DELTA))
    return feed


def _read_link(content: dict[str, Any], name: str) -> str | None:
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise Fault("a string is expected", f".{name}")
    return value


def _read_property(reader: RowReader, content: Any, prop: Property | None) -> Any:
    if prop is None:
        return _read_unknown(reader, content)
    read = reader.value_reader(prop)
    if isinstance(content, dict) and prop.name in content and (len(content) == 1 or _is_bare(prop)):
        with located(f".{prop.name}"):
            return read(content[prop.name])
    if prop.is_collection or not _is_bare(prop):
        return read(content)
    raise Fault(f"an object with the value of '{prop.name}' is expected")


def _is_bare(prop: Property) -> bool:
    """Whether a value is no object by itself."""
    return not isinstance(prop.type, StructuredType)


def _read_unknown(reader: RowReader, content: Any) -> Any:
    """The value of the only member, or of a collection without a name."""
    if isinstance(content, dict) and RESULTS not in content:
        names = [name for name in content if name != METADATA]
        if len(names) == 1 and METADATA not in content:
            with located(f".{names[0][:100]}"):
                return reader.dynamic(content[names[0]])
    return reader.dynamic(content)


def _read_links(reader: RowReader, content: Any) -> list[str]:
    if isinstance(content, dict) and RESULTS not in content:
        return read_urls([content])
    return read_urls(reader.items(content, "links"))


def _read_service(reader: RowReader, content: Any) -> list[str]:
    names = content.get("EntitySets") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Fault("an object with the array 'EntitySets' of strings is expected")
    return names


def _read_parameters(reader: RowReader, content: Any, parameters: Sequence[Parameter]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise Fault("an object with the parameters by name is expected")
    names = [parameter.name for parameter in parameters]
    for name in content:
        if name not in names and name != METADATA:
            raise Fault(f"there is no parameter '{name[:100]}'.{suggestion(name[:100], names)}")
    given: dict[str, Any] = {}
    for parameter in parameters:
        with located(f".{parameter.name}"):
            _read_parameter(reader, content.get(parameter.name, NOT_GIVEN), parameter, given)
    return given


def _read_parameter(reader: RowReader, value: Any, parameter: Parameter, given: dict[str, Any]) -> None:
    name, kind = parameter.name, parameter.type
    if value is NOT_GIVEN:
        if parameter.default is not NOT_GIVEN:
            given[name] = parameter.default
            return
        if parameter.is_optional:
            return
        value = None
    if isinstance(kind, EntityType):
        is_collection, nullable = parameter.is_collection, parameter.nullable
        reader.entity_parameter(name, value, kind, given, is_collection=is_collection, nullable=nullable)
        return
    prop = Property(name, kind, parameter.is_collection, parameter.nullable, facets=parameter.facets)
    given[name] = reader.value_reader(prop)(value)
