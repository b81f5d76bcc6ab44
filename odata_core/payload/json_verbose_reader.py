# Verbose JSON, reading: what a JSON decoder gives -> rows, checked against the model, or without one taken as it is
# (MS-ODATA 2.2.6.3). All versions are read alike: with `d` or without, `results` or bare arrays, dates in either form.
# Strategy: for each type there is a table of what reads its members, made once; a reader never builds the path of a
# place before something is wrong there: a fault gathers its path on the way out.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from ..edm import (
    EntityType,
    EnumType,
    Model,
    NavigationProperty,
    PrimitiveType,
    Property,
    StructuredType,
    accept_enum,
    check_facets,
    rows,
)
from ..edm import primitives as edm
from ..edm.types import type_name
from ..errors import suggestion
from .json_verbose_faults import NAME, SHOWN, Fault, located, step_to, within
from .json_verbose_forms import (
    CONTEXT,
    COUNT,
    DEFERRED,
    DELETED,
    ENTITY_METADATA,
    MEDIA_METADATA,
    MEDIA_RESOURCE,
    METADATA,
    NEXT,
    OPERATIONS,
    RESULTS,
)
from .values_verbose import TICKS_CODECS, primitive_type, read_inferred

Content = dict[str, Any]
MemberReader = Callable[[Any, Content], None]
"""Reads the value of a member into a row; ValueError with the reason."""

_NUMBER = re.compile(r"[0-9]{1,18}")


def reader_of(model: Model | None, is_request: bool) -> RowReader:
    """The reader for bodies with rows of a model, which keeps its tables; without a model there is nothing to keep."""
    return RowReader(None, is_request) if model is None else _model_reader(model, is_request)


@lru_cache(maxsize=64)
def _model_reader(model: Model, is_request: bool) -> RowReader:
    return RowReader(model, is_request)


class RowReader:
    """Reads rows of one model; with `is_request`, what a client may not set is passed over."""

    def __init__(self, model: Model | None, is_request: bool) -> None:
        self.model = model
        self.is_request = is_request
        self._members: dict[StructuredType, dict[str, MemberReader]] = {}

    # ------------------------------------------------------------ rows

    def row(self, content: Any, declared: StructuredType | None) -> Content:
        """An entity or a complex value of the declared type or of one derived from it; of any type for None."""
        if not isinstance(content, dict):
            kind_name = f" of type {declared.qualified_name}" if declared is not None else ""
            raise Fault(f"an object{kind_name} is expected")
        row: Content = {}
        kind = declared
        metadata = content.get(METADATA)
        if metadata is not None:
            try:
                kind = self._metadata(metadata, declared, row)
            except ValueError as error:
                raise within(error, f".{METADATA}") from None
        members = self._table(kind) if kind is not None else {}
        name = ""
        try:
            for name, value in content.items():
                read = members.get(name)
                if read is not None:
                    read(value, row)
                elif name != METADATA:
                    self._other(name, value, kind, row)
        except ValueError as error:
            raise within(error, step_to(name)) from None
        return row

    def items(self, value: Any, what: str) -> list[Any]:
        """The items of a collection: an array, or `results` of an object."""
        if isinstance(value, dict):
            value = value.get(RESULTS)
        if isinstance(value, list):
            return value
        raise Fault(f"an array, or an object with the array '{RESULTS}', is expected for {what}")

    def each(self, value: Any, what: str, read: Callable[[Any], Any]) -> list[Any]:
        """The items of a collection, each read."""
        items = self.items(value, what)
        found: list[Any] = []
        try:
            for item in items:
                found.append(read(item))  # noqa: PERF401  # its length tells which item is wrong
        except ValueError as error:
            inner = f".{RESULTS}" if isinstance(value, dict) else ""
            raise within(error, f"{inner}[{len(found)}]") from None
        return found

    # ------------------------------------------------------------ metadata

    def _metadata(self, metadata: Any, declared: StructuredType | None, row: Content) -> StructuredType | None:
        """The type of a row; everything else that `__metadata` says goes into the row."""
        if not isinstance(metadata, dict):
            raise Fault("an object is expected")
        kind = declared
        name = metadata.get("type")
        if name is not None:
            try:
                kind = self._type(name, declared, row)
            except ValueError as error:
                raise within(error, ".type") from None
        if not self.is_request:
            _texts(metadata, ENTITY_METADATA, row, "")
            _texts(metadata, MEDIA_METADATA, row, "")
            self._associations(metadata, row)
            for member, is_function in OPERATIONS.items():
                with located(f".{member}"):
                    _operations(metadata.get(member), is_function, row)
        return kind

    def _type(self, name: Any, declared: StructuredType | None, row: Content) -> StructuredType | None:
        """The type that a row names; it stands in the row where it is not the declared one."""
        if not isinstance(name, str):
            raise Fault("the name of a type is expected")
        if declared is not None and name == declared.qualified_name and not declared.is_abstract:
            return declared
        if self.model is None and declared is None:
            row[rows.TYPE] = name
            return None
        kind = self._find(name, declared)
        if not isinstance(kind, StructuredType) or (declared is not None and not kind.is_a(declared)):
            wanted = "a structured type of the model" if declared is None else declared.qualified_name
            derived = "" if declared is None else " or a type derived from it"
            raise Fault(f"'{name[:SHOWN]}' is not {wanted}{derived}")
        if kind.is_abstract:
            raise Fault(f"the type '{kind.qualified_name}' is abstract: nothing is of it alone")
        if kind is not declared:
            row[rows.TYPE] = kind.qualified_name
        return kind

    def _find(self, name: str, declared: StructuredType | None) -> Any:
        """The type with that name; without a model, only the declared one has a name."""
        if self.model is not None:
            return self.model.find_type(name)
        return declared if declared is not None and declared.qualified_name == name else None

    def _associations(self, metadata: Content, row: Content) -> None:
        properties = metadata.get("properties")
        if properties is None:
            return
        with located(".properties"):
            for name, value in _object(properties).items():
                with located(step_to(name)):
                    _texts(_object(value), {"associationuri": rows.ASSOCIATION}, row, _checked(name))

    # ------------------------------------------------------------ members

    def _table(self, kind: StructuredType) -> dict[str, MemberReader]:
        table = self._members.get(kind)
        if table is None:
            table = {name: self._property(prop) for name, prop in kind.properties.items()}
            table |= {name: self._navigation(navigation) for name, navigation in kind.navigation.items()}
            self._members[kind] = table
        return table

    def _property(self, prop: Property) -> MemberReader:
        name = prop.name
        if prop.type is edm.STREAM:
            return lambda value, row: self._stream(name, value, row)
        if prop.is_collection:
            read = self.value_reader(prop)
            return lambda value, row: row.__setitem__(name, read(value))
        read_item, nullable = self._item_reader(prop), prop.nullable
        skips_null = prop.is_generated and self.is_request  # null means that the client has no such value

        def read_member(value: Any, row: Content) -> None:
            if value is not None:
                row[name] = read_item(value)
            elif nullable and not skips_null:
                row[name] = None
            elif not skips_null:
                raise Fault(f"the property '{name}' is not nullable")

        return read_member

    def value_reader(self, prop: Property) -> Callable[[Any], Any]:
        """What reads the value of a property, null and collections among them."""
        read = self._item_reader(prop)
        if prop.is_collection:
            return lambda value: self._collection(value, prop, read)
        name, nullable = prop.name, prop.nullable

        def read_value(value: Any) -> Any:
            if value is None:
                if nullable:
                    return None
                raise Fault(f"the property '{name}' is not nullable")
            return read(value)

        return read_value

    def _item_reader(self, prop: Property) -> Callable[[Any], Any]:
        kind, facets = prop.type, prop.facets
        match kind:
            case PrimitiveType():
                return self.dynamic if kind not in TICKS_CODECS else _primitive_reader(kind, facets)
            case EnumType():
                return _typed(lambda value: accept_enum(kind, value), kind.name)
            case _:
                return lambda value: self.row(value, kind)

    def _collection(self, value: Any, prop: Property, read: Callable[[Any], Any]) -> list[Any]:
        if value is None:
            raise Fault(f"the property '{prop.name}' is a collection, which cannot be null")
        told = _object(value.get(METADATA) or {}).get("type") if isinstance(value, dict) else None
        if told not in (None, prop.type_name, type_name(prop.type, True)):
            with located(f".{METADATA}.type"):
                raise Fault(f"'{prop.name}' is of type {prop.type_name}, not {str(told)[:SHOWN]}")
        return self.each(value, prop.type_name, read)

    def _stream(self, name: str, value: Any, row: Content) -> None:
        """A named stream shows as its media type, or None for no stream; clients cannot set it here."""
        if self.is_request or value is None:
            return
        media = _object(_object(value).get(MEDIA_RESOURCE))
        media_type = media.get("content_type", media.get("content-type"))  # the specification has both spellings
        row[name] = media_type if media_type is not None else "" if "media_src" in media else None
        known = {member: control for member, control in MEDIA_METADATA.items() if control != rows.MEDIA_TYPE}
        _texts(media, known, row, name)

    # ------------------------------------------------------------ navigation

    def _navigation(self, navigation: NavigationProperty) -> MemberReader:
        name, target = navigation.name, navigation.target
        if navigation.is_collection:
            return lambda value, row: self._related(name, value, target, row)

        def read_one(value: Any, row: Content) -> None:
            if not self._linked(name, value, row):
                row[name] = None if value is None else self.row(value, target)

        return read_one

    def _linked(self, name: str, value: Any, row: Content) -> bool:
        """Whether a navigation property says no more than where it leads: for a client, what is to be bound."""
        if isinstance(value, dict) and DEFERRED in value:
            with located(f".{DEFERRED}"):
                url = _url(value[DEFERRED])
            row[name + (rows.BIND if self.is_request else rows.LINK)] = url
            return True
        if not self.is_request or not _is_reference(value):
            return False
        row[name + rows.BIND] = value[METADATA]["uri"]
        return True

    def _related(self, name: str, value: Any, target: EntityType | None, row: Content) -> None:
        """The entities of a collection that is expanded, or is to be created; references among them are binds."""
        if isinstance(value, dict) and DEFERRED in value:
            self._linked(name, value, row)
            if self.is_request:
                row[name + rows.BIND] = [row[name + rows.BIND]]
            return
        bound: list[str] = []

        def read(item: Any) -> Content | None:
            link: Content = {}
            if self.is_request and self._linked("", item, link):
                bound.append(link[rows.BIND])
                return None
            return self.row(item, target)

        found = self.each(value, name, read)
        if len(found) > len(bound) or not bound:
            row[name] = [item for item in found if item is not None]
        if bound:
            row[name + rows.BIND] = bound
        if isinstance(value, dict) and not self.is_request:
            if COUNT in value:
                row[name + rows.COUNT] = read_count(value)
            _texts(value, {NEXT: rows.NEXT_LINK}, row, name)

    # ------------------------------------------------------------ what no model knows

    def _other(self, name: str, value: Any, kind: StructuredType | None, row: Content) -> None:
        """A member that the type does not declare: dynamic where the type is open, anything without a model."""
        if kind is not None and not kind.is_open:
            near = suggestion(name[:SHOWN], [*kind.properties, *kind.navigation])
            raise Fault(f"the type '{kind.qualified_name}' has no property '{name[:SHOWN]}'.{near}")
        _checked(name)
        if kind is None and isinstance(value, dict) and self._untyped(name, value, row):
            return
        row[name] = self.dynamic(value)
        told = _object(value.get(METADATA) or {}).get("type") if isinstance(value, dict) else None
        if isinstance(told, str) and not (isinstance(row[name], dict) and rows.TYPE in row[name]):
            row[name + rows.TYPE] = told

    def _untyped(self, name: str, value: Content, row: Content) -> bool:
        """What shows by itself that it is a link, a stream or a page of entities."""
        if self._linked(name, value, row):
            return True
        if MEDIA_RESOURCE in value:
            self._stream(name, value, row)
            return True
        if RESULTS in value and METADATA not in value:
            items = value[RESULTS]
            if isinstance(items, list) and all(isinstance(item, dict) for item in items):
                self._related(name, value, None, row)
                return True
        return False

    def dynamic(self, value: Any) -> Any:
        """A value whose type nothing tells but itself."""
        if isinstance(value, list) or (isinstance(value, dict) and RESULTS in value):
            return self.each(value, "a collection", self.dynamic)
        if not isinstance(value, dict):
            return read_inferred(value)
        told = _object(value.get(METADATA) or {}).get("type")
        kind = primitive_type(told) if isinstance(told, str) and told.startswith("Edm.") else None
        if kind is not None and kind in TICKS_CODECS:
            return _primitive_reader(kind, {})(value)
        return self.row(value, None)

    def entity_parameter(
        self, name: str, value: Any, kind: EntityType, given: Content, *, is_collection: bool, nullable: bool
    ) -> None:
        """A parameter of an entity type: entities, or references to some, which are binds in `given`."""
        if value is None:
            if is_collection or not nullable:
                raise Fault(f"the parameter '{name}' is not nullable")
            given[name] = None
        elif is_collection:
            self._related(name, value, kind, given)
        elif not self._linked(name, value, given):
            given[name] = self.row(value, kind)


# ---------------------------------------------------------------- pieces


def _primitive_reader(kind: PrimitiveType, facets: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Reads values of a type, which facets may narrow."""
    read, accept = TICKS_CODECS[kind].read, kind.accept
    if kind is edm.STRING and not facets:

        def read_text(value: Any) -> Any:
            return value if value.__class__ is str else read_value(value)

        read_value = _typed(read, kind.name)
        return read_text
    if not facets:
        return _typed(lambda value: accept(read(value)), kind.name)
    return _typed(lambda value: check_facets(accept(read(value)), facets), kind.name)


def _typed(read: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    """Reads, and tells the type where something is wrong."""

    def read_typed(value: Any) -> Any:
        try:
            return read(value)
        except (ValueError, ArithmeticError) as error:
            _fail_typed(error, name)

    return read_typed


def _fail_typed(error: Exception, name: str) -> NoReturn:
    reason = str(error) if isinstance(error, ValueError) else "the value is out of range"
    raise Fault(f"{reason}, for the type {name}") from None


def _object(value: Any) -> Content:
    if not isinstance(value, dict):
        raise Fault("an object is expected")
    return value


def _checked(name: str) -> str:
    """A name that a property can have. No other of a client gets into a row, where names with @ mean something."""
    if not NAME.fullmatch(name):
        raise Fault("no property can be called so")
    return name


def _texts(content: Content, names: Mapping[str, str], row: Content, prefix: str) -> None:
    """Copies control information that is text."""
    for name, control in names.items():
        value = content.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise Fault("a string is expected", f".{name}")
            row[prefix + control] = value


def _url(value: Any) -> str:
    url = _object(value).get("uri")
    if not isinstance(url, str):
        raise Fault("the string 'uri' is expected")
    return url


def _is_reference(value: Any) -> bool:
    """`{"__metadata": {"uri": ...}}`: nothing but the URL of an entity that exists."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    metadata = value.get(METADATA)
    return isinstance(metadata, dict) and isinstance(metadata.get("uri"), str)


def _operations(value: Any, is_function: bool, row: Content) -> None:
    """Operations that an entity offers, by the fragment of the URL of their metadata."""
    if value is None:
        return
    for name, offers in _object(value).items():
        with located(step_to(name)):
            if not isinstance(offers, list):
                raise Fault("an array is expected")
            key = "#" + name.rpartition("#")[2]
            found = row.setdefault(key, [])
            for index, offer in enumerate(offers):
                with located(f"[{index}]"):
                    found.append({member: _member_text(offer, member) for member in ("title", "target")})
                    if is_function:
                        found[-1]["isFunction"] = True


def _member_text(content: Any, name: str) -> str:
    value = _object(content).get(name)
    if not isinstance(value, str):
        raise Fault("a string is expected", f".{name}")
    return value


def read_count(content: Content) -> int | None:
    """`__count`, a number that is written as a string."""
    value = content.get(COUNT)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    raise Fault("a whole number is expected", f".{COUNT}")


def read_deleted(content: Any) -> Content | None:
    """What a delta says of an entity that is gone; None for an entity."""
    context = content.get(CONTEXT) if isinstance(content, dict) else None
    if not isinstance(context, str) or not context.endswith(DELETED):
        return None
    return {rows.ID: _member_text(content, "id"), rows.REMOVED: "deleted"}


def read_urls(items: Iterable[Any]) -> list[str]:
    """The URLs of links, each in an object of its own (2.2.6.3.10)."""
    found = []
    for index, item in enumerate(items):
        with located(f"[{index}]"):
            found.append(_url(item))
    return found
