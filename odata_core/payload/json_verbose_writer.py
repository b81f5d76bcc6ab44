# Verbose JSON, writing: rows -> dicts that a JSON encoder takes as they are (MS-ODATA 2.2.6.3).
# Strategy: what all rows of a shape have in common (names, types, the ends of URLs) is made once, in closures that are
# kept for the shape; a row then costs its key, one pick of its values, and mending those that JSON cannot say.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any

from ..edm import (
    ComplexType,
    EntityType,
    EnumType,
    Model,
    NavigationProperty,
    PrimitiveType,
    Property,
    StructuredType,
    rows,
)
from ..edm import primitives as edm
from ..edm.rows import Row
from ..edm.types import type_name
from ..errors import InternalError
from .codec import Shape
from .json_verbose_forms import (
    COUNT,
    DEFERRED,
    ENTITY_METADATA,
    MEDIA_METADATA,
    MEDIA_RESOURCE,
    METADATA,
    NEXT,
    OPERATIONS,
    RESULTS,
    VerboseForm,
)
from .links import MEDIA_SUFFIX, association_suffix, navigation_suffix, path_writer, type_segment
from .values_verbose import primitive_type, write_inferred

Content = dict[str, Any]
Writer = Callable[[Row, str], Content]
"""Makes the JSON object of a row; the text is the service root."""
Part = Callable[[Row, str, str | None, Content], None]
"""Adds a part of an entity to its object: row, service root, URL for links (None: unknown), object."""
ValueWriter = Callable[[Any, str], Any]


@lru_cache(maxsize=512)
def row_writer(shape: Shape, form: VerboseForm, model: Model | None) -> Writer:
    """What writes rows of a shape. `model` knows the derived types that rows may name."""
    write = _exact_writer(shape, form, model)
    declared = shape.type.qualified_name
    if model is None:
        return write

    def write_any(row: Row, root: str) -> Content:
        name = row.get(rows.TYPE)
        if name is None or name == declared:
            return write(row, root)
        kind = model.types.get(name)
        if not isinstance(kind, StructuredType):
            raise InternalError(f"A row of '{declared}' has the type '{name}', which is no structured type.")
        return row_writer(replace(shape, type=kind), form, model)(row, root)

    return write_any


def _exact_writer(shape: Shape, form: VerboseForm, model: Model | None) -> Writer:
    """What writes rows of a shape, whose type is that of the rows."""
    kind = shape.type
    metadata = _metadata_writer(shape, form) if isinstance(kind, EntityType) else _plain_metadata(kind)
    parts = [
        _properties(shape, form, model),
        *_streams(shape, form),
        *_dynamic(shape, form, model),
        *([_computed(shape, form)] if shape.computed else []),
        *([_links(shape)] if isinstance(kind, EntityType) else []),
        *[_expanded(shape, name, inner, form, model) for name, inner in shape.expand],
    ]
    first, others = parts[0], parts[1:]

    def write(row: Row, root: str) -> Content:
        out: Content = {}
        url = metadata(row, root, out)
        first(row, root, url, out)
        for part in others:
            part(row, root, url, out)
        return out

    return write


# ---------------------------------------------------------------- metadata


def _plain_metadata(kind: StructuredType) -> Callable[[Row, str, Content], None]:
    """2.2.6.3.4: a complex value says its type."""
    metadata = {"type": kind.qualified_name}

    def write(row: Row, root: str, out: Content) -> None:
        out[METADATA] = metadata if row.get(rows.TYPE) is None else {"type": row[rows.TYPE]}

    return write


def _metadata_writer(shape: Shape, form: VerboseForm) -> Callable[[Row, str, Content], str | None]:
    """2.2.6.3.3: where an entity is, what it is, its ETag and media stream, its associations and operations.

    Gives the URL that the links of the entity begin with.
    """
    kind = shape.type
    path_of = _path_of(shape, form)
    segment = type_segment(shape.source, kind, form.links) if shape.source else ""
    parts = [
        *([_media] if isinstance(kind, EntityType) and kind.has_stream else []),
        *_associations(shape, form),
        *([_operations(shape)] if form.has_operations else []),
    ]

    def write(row: Row, root: str, out: Content) -> str | None:
        get = row.get
        path = path_of(row)
        identity, url = get(rows.ID), get(rows.EDIT_LINK)
        if path is not None:
            path = root + path
            url = path + segment if url is None else url
        metadata = out[METADATA] = {}
        if identity is not None or (form.has_ids and path is not None):
            metadata["id"] = path if identity is None else identity
        url = identity if url is None else url
        if url is not None:
            metadata["uri"] = url
        metadata["type"] = get(rows.TYPE) or kind.qualified_name
        etag = get(rows.ETAG)
        if etag is not None:
            metadata["etag"] = etag
        for part in parts:
            part(row, root, url, metadata)
        return url

    return write


def _path_of(shape: Shape, form: VerboseForm) -> Callable[[Row], str | None]:
    """What tells the canonical URL of a row; None where the entities live nowhere or a partial row lacks its key."""
    if shape.source is None:
        return lambda row: None
    write = path_writer(shape.source, form.links)
    if not shape.partial:
        return write

    def write_known(row: Row) -> str | None:
        try:
            return write(row)
        except (KeyError, TypeError):
            return None

    return write_known


def _media(row: Row, root: str, url: str | None, metadata: Content) -> None:
    """The stream of a media entity: its URLs are known even where nothing was stored yet."""
    for name, control in MEDIA_METADATA.items():
        if row.get(control) is not None:
            metadata[name] = row[control]
    if url is not None:
        metadata.setdefault("media_src", url + MEDIA_SUFFIX)
        metadata.setdefault("edit_media", url + MEDIA_SUFFIX)


def _shown_links(shape: Shape) -> list[str]:
    names = shape.type.navigation
    return [name for name in names if shape.links is None or name in shape.links]


def _associations(shape: Shape, form: VerboseForm) -> list[Part]:
    """2.2.6.3.6: in version 3, `properties` has the URLs of associations."""
    suffixes = {name: association_suffix(name, form.links) for name in _shown_links(shape)}
    known = [(name, name + rows.ASSOCIATION, suffix) for name, suffix in suffixes.items() if suffix is not None]

    def write(row: Row, root: str, url: str | None, metadata: Content) -> None:
        found = {}
        for name, control, suffix in known:
            link = row.get(control)
            if link is None and url is not None:
                link = url + suffix
            if link is not None:
                found[name] = {"associationuri": link}
        if found:
            metadata["properties"] = found

    return [write] if known else []


def _operations(shape: Shape) -> Part:
    """2.2.6.3.3.1: what can be called, by the URL of its metadata; rows have it by that URL's fragment."""
    expected = len(shape.type.properties)

    def write(row: Row, root: str, url: str | None, metadata: Content) -> None:
        if len(row) <= expected:  # nothing but properties
            return
        for name, value in row.items():
            if name.startswith("#"):
                offers = value if isinstance(value, list) else [value]
                for member, is_function in OPERATIONS.items():
                    found = [offer for offer in offers if bool(offer.get("isFunction")) == is_function]
                    if found:
                        targets = [{"title": offer["title"], "target": offer["target"]} for offer in found]
                        metadata.setdefault(member, {})[f"{root}$metadata{name}"] = targets

    return write


# ---------------------------------------------------------------- properties


def _selected(shape: Shape) -> list[Property]:
    select = shape.select
    return [prop for name, prop in shape.type.properties.items() if select is None or name in select]


def _properties(shape: Shape, form: VerboseForm, model: Model | None) -> Part:
    """The structural properties: picked at once, then only those mended that JSON cannot say by itself."""
    within = dict(shape.within)
    written = [prop for prop in _selected(shape) if prop.type is not edm.STREAM]
    names = tuple(prop.name for prop in written)
    writers = [(prop.name, value_writer(prop, form, model, within.get(prop.name))) for prop in written]
    mended = [(name, write) for name, write in writers if write is not None]
    if shape.partial:
        return _partial_properties(names, dict(mended))
    if len(names) < 2:
        pick: Callable[[Row], tuple[Any, ...]] = lambda row: tuple([row[name] for name in names])  # noqa: E731
    else:
        pick = itemgetter(*names)

    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        out.update(zip(names, pick(row), strict=True))
        for name, mend in mended:
            value = out[name]
            if value is not None:
                out[name] = mend(value, root)

    return write


def _partial_properties(names: Sequence[str], mended: dict[str, ValueWriter]) -> Part:
    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        for name in names:
            if name in row:
                value = row[name]
                mend = mended.get(name)
                out[name] = value if mend is None or value is None else mend(value, root)

    return write


def _computed(shape: Shape, form: VerboseForm) -> Part:
    """Properties that a query added; their types are the query's."""
    writers = {prop.name: value_writer(prop, form, None) for prop in shape.computed}
    return _partial_properties(tuple(writers), {name: write for name, write in writers.items() if write is not None})


def value_writer(
    prop: Property, form: VerboseForm, model: Model | None, shape: Shape | None = None
) -> ValueWriter | None:
    """What turns a value of the property, which is not null, into JSON; None when JSON can say it as it is.

    `shape` says what is written of a complex value, where that is not everything.
    """
    item = _item_writer(prop.type, form, model, shape)
    if not prop.is_collection:
        return item
    wrap = collection_writer(prop, form)
    if item is None:
        return lambda values, root: wrap(list(values))
    mend = item
    return lambda values, root: wrap([None if value is None else mend(value, root) for value in values])


def _item_writer(
    kind: PrimitiveType | EnumType | ComplexType, form: VerboseForm, model: Model | None, shape: Shape | None
) -> ValueWriter | None:
    match kind:
        case PrimitiveType():
            codec = form.codecs.get(kind)
            if codec is None:  # a type that says nothing of its values
                return lambda value, root: write_inferred(value, form.codecs)
            write = codec.write
            return None if write is None else lambda value, root: write(value)
        case EnumType():
            return None
        case _:
            return _complex_writer(shape or Shape(kind), form, model)


def _complex_writer(shape: Shape, form: VerboseForm, model: Model | None) -> ValueWriter:
    """Made when the first value comes: a complex type may hold values of itself."""
    made: list[Writer] = []

    def write(value: Any, root: str) -> Content:
        if not made:
            made.append(row_writer(shape, form, model))
        return made[0](value, root)

    return write


def collection_writer(prop: Property, form: VerboseForm) -> Callable[[list[Any]], Any]:
    """2.2.6.3.5 and 2.2.6.3.7: an array in version 1, an object around it since, which says its type in version 3."""
    if not form.has_results:
        return lambda items: items
    if not form.has_collection_types:
        return lambda items: {RESULTS: items}
    metadata = {"type": type_name(prop.type, True)}
    return lambda items: {METADATA: metadata, RESULTS: items}


def _streams(shape: Shape, form: VerboseForm) -> list[Part]:
    """2.2.6.3.11: a named stream shows where it can be read and written; before version 3 there are none."""
    streams = [prop for prop in _selected(shape) if prop.type is edm.STREAM]
    return [_stream(prop.name, shape.partial) for prop in streams] if form.has_streams else []


def _stream(stream: str, is_partial: bool) -> Part:
    suffix = navigation_suffix(stream)
    controls = [(name, stream + control) for name, control in MEDIA_METADATA.items() if control != rows.MEDIA_TYPE]

    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        if is_partial and stream not in row:
            return
        media_type = row[stream]
        found = {name: row[control] for name, control in controls if row.get(control) is not None}
        if url is not None:
            found.setdefault("edit_media", url + suffix)
            if media_type is not None:
                found.setdefault("media_src", url + suffix)
        if media_type:
            found["content_type"] = media_type
        out[stream] = {MEDIA_RESOURCE: found}

    return write


# ---------------------------------------------------------------- dynamic properties


def _dynamic(shape: Shape, form: VerboseForm, model: Model | None) -> list[Part]:
    """What a row has beyond its type: dynamic properties, and without a model those of a derived type."""
    kind, select = shape.type, shape.select
    declared = {*kind.properties, *kind.navigation, *[prop.name for prop in shape.computed]}
    names = None if select is None else [name for name in select if name not in declared]
    if names == [] or (names is None and not kind.is_open and model is not None):
        return []

    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        if names is not None:
            found: Iterable[str] = [name for name in names if name in row]
        elif kind.is_open or rows.TYPE in row:
            found = [name for name in row if name not in declared and "@" not in name and name[0] != "#"]
        else:
            return
        for name in found:
            out[name] = _dynamic_value(row[name], row.get(name + rows.TYPE), root, form, model)

    return [write]


def _dynamic_value(value: Any, told: str | None, root: str, form: VerboseForm, model: Model | None) -> Any:
    """A value by the type that the row tells of it, or by its Python type."""
    if isinstance(value, list | tuple):
        inner = told.removeprefix("Collection(").removesuffix(")") if told else None
        items = [_dynamic_value(item, inner, root, form, model) for item in value]
        metadata = {METADATA: {"type": f"Collection({inner})"}} if inner and form.has_collection_types else {}
        return {**metadata, RESULTS: items} if form.has_results else items
    kind = primitive_type(told) if told else None
    if value is not None and kind is not None and kind in form.codecs:
        write = form.codecs[kind].write
        return value if write is None else write(value)
    return (
        _dynamic_row(value, told, root, form, model)
        if isinstance(value, Mapping)
        else write_inferred(value, form.codecs)
    )


def _dynamic_row(value: Row, told: str | None, root: str, form: VerboseForm, model: Model | None) -> Content:
    """A complex value: by its type where it has one that the model knows, else member by member."""
    name = value.get(rows.TYPE) or told
    kind = model.types.get(name) if model is not None and name else None
    if isinstance(kind, StructuredType):
        return row_writer(Shape(kind), form, model)(value, root)
    out: Content = {METADATA: {"type": name}} if name else {}
    for member, item in value.items():
        if "@" not in member:
            out[member] = _dynamic_value(item, value.get(member + rows.TYPE), root, form, model)
    return out


# ---------------------------------------------------------------- navigation


def _links(shape: Shape) -> Part:
    """2.2.6.3.9: a navigation property that is not expanded shows where it leads."""
    expanded = {name for name, _inner in shape.expand}
    links = [(name, name + rows.LINK, navigation_suffix(name)) for name in _shown_links(shape) if name not in expanded]

    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        for name, control, suffix in links:
            link = row.get(control)
            if link is None and url is not None:
                link = url + suffix
            if link is not None:
                out[name] = {DEFERRED: {"uri": link}}

    return write


def _expanded(shape: Shape, name: str, inner: Shape, form: VerboseForm, model: Model | None) -> Part:
    """2.2.6.3.9.1: related entities, in the place of the link."""
    navigation = shape.type.navigation.get(name)
    is_many = navigation.is_collection if navigation is not None else None
    write_one = _reference_writer(inner, form) if name in shape.references else row_writer(inner, form, model)
    link = name + rows.LINK
    wrap = _related_writer(navigation, name, form)

    def write(row: Row, root: str, url: str | None, out: Content) -> None:
        if shape.partial and name not in row:
            if link in row:
                out[name] = {DEFERRED: {"uri": row[link]}}
            return
        value = row[name]
        if is_many or (is_many is None and isinstance(value, list | tuple)):
            out[name] = wrap(row, [write_one(item, root) for item in value])
        else:
            out[name] = None if value is None else write_one(value, root)

    return write


def _related_writer(
    navigation: NavigationProperty | None, name: str, form: VerboseForm
) -> Callable[[Row, list[Content]], Any]:
    """What puts related entities together, with their count and the link to more of them."""
    count_key, next_key = name + rows.COUNT, name + rows.NEXT_LINK

    def write(row: Row, items: list[Content]) -> Any:
        count, link = row.get(count_key), row.get(next_key)
        if not form.has_results:
            check_plain(count, link)
            return items
        out: Content = {} if count is None else {COUNT: str(count)}
        out[RESULTS] = items
        if link is not None:
            out[NEXT] = link
        return out

    return write


def check_plain(count: int | None, link: str | None) -> None:
    """A bare array has no place for a count or a link: whoever chose version 1 for such an answer was wrong."""
    if count is not None or link is not None:
        raise InternalError("Verbose JSON of version 1 cannot say a count or the link to the next page.")


def _reference_writer(shape: Shape, form: VerboseForm) -> Writer:
    """An entity of which only its URL is shown."""
    metadata = _metadata_writer(replace(shape, links=()), form)
    kept = tuple(ENTITY_METADATA)

    def write(row: Row, root: str) -> Content:
        out: Content = {}
        metadata(row, root, out)
        return {METADATA: {name: value for name, value in out[METADATA].items() if name in (*kept, "type")}}

    return write
