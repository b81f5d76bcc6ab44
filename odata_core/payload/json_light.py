# JSON light of OData 3.0: entities, feeds, properties, links <-> JSON, at minimal, full and no metadata.
# Strategy: a writer is compiled for each shape (type, selection, level) to a closure that turns a row into a dict;
# names come out in model order. A reader walks what the client sent and asks the model about each name.
# Sections are those of "OData JSON Format 3.0" (JSON light).

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NoReturn

from ..edm import EntitySet, EntityType, EnumType, PrimitiveType, Property, StructuredType, accept_enum, check_facets
from ..edm import primitives as edm
from ..errors import BadRequest, NotImplementedHere, suggestion
from ..uri import V3_GRAMMAR, print_predicate
from .values import V3_LIGHT_CODECS

Row = Mapping[str, Any]
RowWriter = Callable[[Row], dict[str, Any]]


# ---------------------------------------------------------------- writing


def entity_path(entity_set: EntitySet, row: Row) -> str:
    """The canonical URL of an entity, relative to the service root."""
    return entity_set.name + print_predicate(entity_set.type, entity_set.type.key_of(row), V3_GRAMMAR)


def _value_writer(prop: Property, level: str) -> Callable[[Any], Any] | None:
    """What turns a non-null value of the property into JSON; None when the encoder takes it as it is."""
    match prop.type:
        case PrimitiveType():
            write = V3_LIGHT_CODECS[prop.type].write
        case EnumType():
            write = None
        case _:
            write = _complex_writer(prop.type, level)
    if write is None or not prop.is_collection:
        return write
    item = write
    return lambda values: [None if value is None else item(value) for value in values]


def _is_written(prop: Property) -> bool:
    return prop.type is not edm.STREAM


def _row_writer(properties: Iterable[Property], level: str) -> RowWriter:
    """Properties in their order: picked at once, then only those mended that JSON cannot say by itself."""
    written = [prop for prop in properties if _is_written(prop)]
    names = tuple(prop.name for prop in written)
    mended = [(prop.name, mend) for prop in written if (mend := _value_writer(prop, level)) is not None]
    if len(names) < 2:
        pick: Callable[[Row], tuple[Any, ...]] = lambda row: tuple(row[name] for name in names)  # noqa: E731
    else:
        pick = itemgetter(*names)

    def write(row: Row) -> dict[str, Any]:
        out = dict(zip(names, pick(row), strict=True))
        for name, mend in mended:
            value = out[name]
            if value is not None:
                out[name] = mend(value)
        return out

    return write


def _complex_writer(kind: StructuredType, level: str) -> RowWriter:
    write = _row_writer(kind.properties.values(), level)
    if level != "full":
        return write
    name = kind.qualified_name
    return lambda row: {"odata.type": name, **write(row)}


@lru_cache(maxsize=512)
def entity_writer(entity_set: EntitySet, select: tuple[str, ...] | None, level: str) -> RowWriter:
    """Row -> JSON object without its context, for one selection (None: everything) and metadata level."""
    kind = entity_set.type
    properties = [prop for name, prop in kind.properties.items() if select is None or name in select]
    write = _row_writer(properties, level)
    if level == "none":
        return write
    streams = [prop.name for prop in properties if prop.type is edm.STREAM]
    if level == "full":
        return _full_writer(entity_set, properties, write)
    return _with_streams(write, streams) if streams else write


def _with_streams(write: RowWriter, streams: Sequence[str]) -> RowWriter:
    """Section 4.5.16: a named stream shows as its media type; a row holds that type, or None for no stream."""

    def write_streams(row: Row) -> dict[str, Any]:
        out = write(row)
        for name in streams:
            if row[name] is not None:
                out[f"{name}@odata.mediaContentType"] = row[name]
        return out

    return write_streams


def _full_writer(entity_set: EntitySet, properties: Sequence[Property], write: RowWriter) -> RowWriter:
    """Section 4.5: type, id and links of the entity, types of what JSON does not tell, links of navigation."""
    kind = entity_set.type
    typed = {prop.name: prop.type_name for prop in properties if _needs_type(prop)}
    streams = [prop.name for prop in properties if prop.type is edm.STREAM]

    def write_full(row: Row) -> dict[str, Any]:
        path = entity_path(entity_set, row)
        out: dict[str, Any] = {"odata.type": kind.qualified_name, "odata.id": path, "odata.editLink": path}
        for name in kind.navigation:
            out[f"{name}@odata.navigationLinkUrl"] = f"{path}/{name}"
            out[f"{name}@odata.associationLinkUrl"] = f"{path}/$links/{name}"
        for name, value in write(row).items():
            if name in typed and value is not None:
                out[f"{name}@odata.type"] = typed[name]
            out[name] = value
        for name in streams:
            if row[name] is not None:
                out[f"{name}@odata.mediaReadLink"] = f"{path}/{name}"
                out[f"{name}@odata.mediaContentType"] = row[name]
        return out

    return write_full


def _needs_type(prop: Property) -> bool:
    if not _is_written(prop):
        return False
    if prop.is_collection or isinstance(prop.type, EnumType):
        return True
    return isinstance(prop.type, PrimitiveType) and not V3_LIGHT_CODECS[prop.type].is_inferred


def _projection(select: tuple[str, ...] | None) -> str:
    return "" if select is None else f"&$select={','.join(select)}"


def _with_context(level: str, context: str, content: dict[str, Any]) -> dict[str, Any]:
    """Section 4.5.1: `odata.metadata` comes first, and not at all without metadata."""
    return content if level == "none" else {"odata.metadata": context, **content}


def write_entity(
    root: str, entity_set: EntitySet, row: Row, *, level: str, select: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """An entity by itself (section 6.2)."""
    content = entity_writer(entity_set, select, level)(row)
    if level == "full":
        content["odata.id"] = root + content["odata.id"]
    return _with_context(level, f"{root}$metadata#{entity_set.name}/@Element{_projection(select)}", content)


def write_feed(
    root: str,
    entity_set: EntitySet,
    rows: Iterable[Row],
    *,
    level: str,
    select: tuple[str, ...] | None = None,
    count: int | None = None,
) -> dict[str, Any]:
    """A collection of entities (section 6.1); the count is a string, being an Int64."""
    write = entity_writer(entity_set, select, level)
    entities = [write(row) for row in rows]
    if level == "full":
        for entity in entities:
            entity["odata.id"] = root + entity["odata.id"]
    counted = {} if count is None else {"odata.count": str(count)}
    context = f"{root}$metadata#{entity_set.name}{_projection(select)}"
    return _with_context(level, context, {**counted, "value": entities})


def write_property(root: str, prop: Property, value: Any, *, level: str) -> dict[str, Any]:
    """A single property (section 7): a complex value is the object itself, anything else is its `value`."""
    if value is None:
        return _with_context(level, f"{root}$metadata#Edm.Null", {"odata.null": True})
    write = _value_writer(prop, level)
    content = value if write is None else write(value)
    if not isinstance(prop.type, StructuredType) or prop.is_collection:
        content = {"value": content}
    return _with_context(level, f"{root}$metadata#{prop.type_name}", content)


def write_links(
    root: str, source: EntitySet, name: str, urls: Sequence[str], *, is_collection: bool, level: str
) -> dict[str, Any]:
    """Links to related entities (section 8)."""
    context = f"{root}$metadata#{source.name}/$links/{name}"
    if is_collection:
        return _with_context(level, context, {"value": [{"url": url} for url in urls]})
    return _with_context(level, f"{context}/@Element", {"url": urls[0]})


def write_service(root: str, names: Iterable[str], *, level: str) -> dict[str, Any]:
    """The service document (section 5)."""
    return _with_context(level, f"{root}$metadata", {"value": [{"name": name, "url": name} for name in names]})


# ---------------------------------------------------------------- reading


def read_entity(content: Any, kind: EntityType, types: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that a client gave, checked against the model, in their Python forms.

    `odata.type` may stand anywhere. Annotations are ignored unless they contradict the model (section 4.5). BadRequest
    names the place as a JSON path.
    """
    return _read_structured(content, kind, types, "$")


def _read_structured(content: Any, declared: StructuredType, types: Mapping[str, Any], path: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        _refuse(path, f"an object of type {declared.qualified_name} is expected")
    kind = _instance_type(content, declared, types, path)
    row: dict[str, Any] = {}
    for name, value in content.items():
        prop = kind.properties.get(name)
        if prop is not None:
            if value is None and prop.is_generated:
                continue  # a key that the server makes: null means that the client has none
            row[name] = _read_property(value, prop, types, f"{path}.{name}")
        elif "@" in name:
            _check_annotation(name, value, kind, path)
        elif not name.startswith("odata."):
            _refuse_member(name, kind, path)
    return row


def _instance_type(
    content: Mapping[str, Any], declared: StructuredType, types: Mapping[str, Any], path: str
) -> StructuredType:
    """The type that `odata.type` names, with or without `#`; it must be the declared one or derive from it."""
    name = content.get("odata.type")
    if name is None:
        return declared
    kind = types.get(name.removeprefix("#")) if isinstance(name, str) else None
    if not isinstance(kind, StructuredType) or not kind.is_a(declared) or kind.is_abstract:
        shown = name[:100] if isinstance(name, str) else name
        _refuse(f"{path}['odata.type']", f"'{shown}' is not {declared.qualified_name} or a type derived from it")
    return kind


def _read_property(value: Any, prop: Property, types: Mapping[str, Any], path: str) -> Any:
    if prop.type is edm.STREAM:
        _refuse(path, "a named stream has no value in an entity")
    if prop.is_collection:
        if value is None:
            _refuse(
                path,
                f"The value of the property '{prop.name}' is null. "
                "Properties that are a collection type of primitive or complex types cannot be null",
            )
        if not isinstance(value, list):
            _refuse(path, f"an array for {prop.type_name} is expected")
        return [_read_item(item, prop, types, f"{path}[{index}]") for index, item in enumerate(value)]
    if value is None:
        if not prop.nullable:
            _refuse(path, f"the property '{prop.name}' is not nullable")
        return None
    return _read_item(value, prop, types, path)


def _read_item(value: Any, prop: Property, types: Mapping[str, Any], path: str) -> Any:
    try:
        match prop.type:
            case PrimitiveType():
                read = V3_LIGHT_CODECS[prop.type].read
                return check_facets(prop.type.accept(read(value)), prop.facets)
            case EnumType():
                return accept_enum(prop.type, value)
    except ValueError as error:
        _refuse(path, f"{error}, for the type {prop.type.name}")
    return _read_structured(value, prop.type, types, path)


def _check_annotation(name: str, value: Any, kind: StructuredType, path: str) -> None:
    target, _at, term = name.partition("@")
    if term == "odata.bind":
        raise NotImplementedHere(f"Binding '{target}' to an existing entity is not supported.", target=f"{path}.{name}")
    prop = kind.properties.get(target)
    if term != "odata.type" or prop is None:
        return
    if not isinstance(value, str) or value.replace("Edm.", "") != prop.type_name.replace("Edm.", ""):
        shown = value[:100] if isinstance(value, str) else "this"
        _refuse(f"{path}['{name}']", f"'{target}' is of type {prop.type_name}, not {shown}")


def _refuse_member(name: str, kind: StructuredType, path: str) -> NoReturn:
    if isinstance(kind, EntityType) and name in kind.navigation:
        raise NotImplementedHere(f"Writing related entities within '{name}' is not supported.", target=f"{path}.{name}")
    if kind.is_open:
        raise NotImplementedHere(f"Dynamic properties such as '{name}' are not supported.", target=f"{path}.{name}")
    _refuse(
        f"{path}.{name}",
        f"the type '{kind.qualified_name}' has no property '{name[:100]}'.{suggestion(name[:100], kind.properties)}",
    )


def _refuse(path: str, reason: str) -> NoReturn:
    ending = "" if reason.endswith(("?", ".")) else "."
    raise BadRequest(f"At {path[:200]}: {reason}{ending}", target=path)
