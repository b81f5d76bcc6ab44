# Rows -> JSON objects, for any row and any level: derived types, annotations, dynamic properties, links, expansions.
# Strategy: a writer is compiled for a shape and a form and kept; it holds what is the same for all rows (the order of
# members, what mends their values, texts of types), and asks each row only for what it has beyond that.
# Plain rows of plain shapes have a faster way (json_structs); both give the same JSON.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from ..edm import ComplexType, EntitySet, EntityType, Property, StructuredType
from ..edm import primitives as edm
from ..edm.rows import (
    ASSOCIATION,
    CONTEXT,
    EDIT_LINK,
    ETAG,
    ID,
    LINK,
    MEDIA_CONTENT,
    MEDIA_EDIT_LINK,
    MEDIA_READ_LINK,
    MEDIA_TYPE,
    REMOVED,
    TYPE,
    Row,
)
from ..errors import InternalError
from .codec import MEDIA, Shape, own_parameters
from .json_forms import JsonForm
from .json_names import AT_EVERY_LEVEL, CONTROL
from .json_streams import base64url, inline_stream
from .json_values import MendRow, dynamic_value, is_native, many, needs_type, primitive_mend, told_type
from .links import MEDIA_SUFFIX, association_suffix, navigation_suffix, path_writer, type_segment

Out = dict[str, Any]

UNTYPED: Final = ComplexType("Edm", "Untyped", is_open=True)
"""The type of rows that no model knows: all members are dynamic, and none gets a type that JSON can do without."""

LINK_ENDINGS: Final = ("/$link", "/$deletedLink")


@lru_cache(maxsize=1024)
def row_writer(
    shape: Shape, form: JsonForm, declared: StructuredType | None = None, *, is_change: bool = False
) -> RowWriter:
    """The writer of a shape; `declared` is the type that readers expect where it is not that of the shape.

    With `is_change`, rows are those of a delta: they have what was changed.
    """
    return RowWriter(shape, form, declared or shape.type, is_change)


class RowWriter:
    """Writes rows of one shape."""

    def __init__(self, shape: Shape, form: JsonForm, declared: StructuredType, is_change: bool) -> None:
        kind = shape.type
        self.shape, self.form, self.kind, self.declared = shape, form, kind, declared
        self.is_entity = isinstance(kind, EntityType)
        self.is_change = is_change
        self.may_lack = is_change or shape.partial
        names = None if shape.select is None else set(shape.select)
        within = dict(shape.within)
        self.omits_nulls = shape.omits_nulls
        self.properties = [
            _PropertyWriter(prop, form, within.get(name) or _inner(prop, shape))
            for name, prop in kind.properties.items()
            if (names is None or name in names) and prop.type is not edm.STREAM
        ] + [_PropertyWriter(prop, form, None, is_declared=prop.name in kind.properties) for prop in shape.computed]
        self.streams = [
            name
            for name, prop in kind.properties.items()
            if prop.type is edm.STREAM and (names is None or name in names or name in shape.streams)
        ]
        self.expand = dict(shape.expand)
        self.known = {*kind.properties, *(prop.name for prop in shape.computed), *kind.navigation, *self.expand}
        self.dynamic = names
        self.path = path_writer(shape.source, form.links) if self.is_entity and shape.source is not None else None
        self.cast = "" if shape.source is None else type_segment(shape.source, kind, form.links)
        self.shows_links = shape.links
        self.operations = _advertised(shape)
        self.lacks_key = names is not None and self.is_entity and not names.issuperset(_key_members(kind))

    def write(self, row: Row, root: str) -> Out:
        """The JSON object of a row."""
        name = row.get(TYPE)
        if name is not None and name != self.kind.qualified_name and name in self.kind.derived:
            shape = replace(self.shape, type=self.kind.derived[name])
            return row_writer(shape, self.form, self.declared, is_change=self.is_change).write(row, root)
        out: Out = {}
        beside = _beside(row)
        path = self._own(out, row, root, name)
        self._properties(out, row, root, beside)
        if self.streams:
            self._streams(out, row, beside, path)
        if MEDIA in self.shape.streams:
            content = row.get(MEDIA_CONTENT)
            out[MEDIA] = None if content is None else base64url(content)
        if self.kind.is_open:
            self._dynamic(out, row, root, beside)
        self._navigation(out, row, root, beside, path)
        for rest in beside.values():
            self._controls(out, row, rest)
        if self.operations and self.form.has_metadata:
            self._advertise(out, row, path)
        return out

    # ------------------------------------------------------------ about the object itself

    def _own(self, out: Out, row: Row, root: str, name: str | None) -> str | None:
        """Context, type, id, ETag, links and annotations of the object; the path that its links start with."""
        form = self.form
        own = {key: value for key, value in row.items() if key[0] == "@"}
        path = self.path_of(row) if form.is_full or (self.lacks_key and form.tells_missing_keys) else None
        if form.has_metadata:
            if CONTEXT in own:
                out[form.names.of_object(CONTEXT)] = own.pop(CONTEXT)
            self._removed(out, own)
            self._type(out, name)
            self._id(out, own, root, path)
            if ETAG in own:
                out[form.names.of_object(ETAG)] = own.pop(ETAG)
        for key in (TYPE, ID, MEDIA_CONTENT):
            own.pop(key, None)
        if form.is_full and path is not None:
            own.setdefault(EDIT_LINK, path + self.cast)
            path = own[EDIT_LINK]
            if isinstance(self.kind, EntityType) and self.kind.has_stream:
                own.setdefault(MEDIA_EDIT_LINK, path + MEDIA_SUFFIX)
                own.setdefault(MEDIA_READ_LINK, path + MEDIA_SUFFIX)
        self._removed(out, own)
        self._controls(out, own, own)
        for key in row:
            if key[0] == "#":  # an operation that can be called on it (4.01 JSON Format, 16 and 17)
                out[key] = row[key]
        return path

    def _removed(self, out: Out, own: dict[str, Any]) -> None:
        """4.01 JSON Format, 15.3."""
        if REMOVED in own:
            reason = own.pop(REMOVED)
            out[self.form.names.of_object(REMOVED)] = {"reason": reason} if reason else {}

    def _type(self, out: Out, name: str | None) -> None:
        """Where it is not the declared one, or everything is told."""
        if self.kind is UNTYPED or (name is not None and name != self.kind.qualified_name):
            shown = name
        else:
            is_told = self.declared is not self.kind or (self.form.is_full and not self.shape.partial)
            shown = self.kind.qualified_name if is_told else None
        if shown is not None:
            out[self.form.names.of_object(TYPE)] = self.form.type_text(shown)

    def _id(self, out: Out, own: Mapping[str, Any], root: str, path: str | None) -> None:
        if ID in own:
            out[self.form.names.of_object(ID)] = own[ID]
        elif path is not None:
            out[self.form.names.of_object(ID)] = root + path
        elif self.shape.partial and self.is_entity and self.shape.source is None and self.form.tells_transient:
            out[self.form.names.of_object(ID)] = None

    def path_of(self, row: Row) -> str | None:
        """The canonical URL, relative to the service root; None for what has none."""
        if self.path is None or (self.shape.partial and not all(name in row for name in _key_members(self.kind))):
            return None
        try:
            return self.path(row)
        except (KeyError, TypeError):
            return None  # the row lacks its key, as the result of a query may

    def _controls(self, out: Out, row: Mapping[str, Any], keys: Sequence[str] | Mapping[str, Any]) -> None:
        """Control information and annotations by their names in the row."""
        names, shows_all = self.form.names, self.form.has_metadata
        for key in keys:
            target, _at, term = key.partition("@")
            is_control = term.startswith("odata.")
            if is_control and not shows_all and f"@{term}" not in AT_EVERY_LEVEL:
                continue
            value = row[key]
            if not is_control:
                value = dynamic_value(value, None, self.form)
            elif term == "odata.count":
                value = self.form.count(value)
            elif term == "odata.type":
                value = self.form.type_text(value)
            elif term == "odata.delta":
                value = self._delta(target, value)
            out[names.of_member(key) if target else names.of_object(key)] = value

    def _delta(self, target: str, items: Sequence[Row]) -> list[Out]:
        """4.01 JSON Format, 15.2: changes of what is related."""
        navigation = self.kind.navigation.get(target)
        shape = Shape(navigation.target if navigation is not None else UNTYPED)
        write = row_writer(shape, self.form, is_change=True).write
        return [write(item, "") for item in items]

    # ------------------------------------------------------------ members

    def _properties(self, out: Out, row: Row, root: str, beside: dict[str, list[str]]) -> None:
        for prop in self.properties:
            name = prop.name
            rest = beside.pop(name, None) if beside else None
            if rest is not None:
                self._controls(out, row, rest)
            if name not in row:
                if self.may_lack:
                    continue
                raise InternalError(f"A row of {self.kind.qualified_name} lacks the property '{name}'.")
            value = row[name]
            if value is not None:
                if prop.type_text is not None:
                    out.setdefault(prop.type_member, prop.type_text)
                if prop.mend is not None:
                    value = prop.mend(value, root)
            elif self.omits_nulls and rest is None:
                continue  # 4.01 Part 1, 8.2.8.6: only what is annotated stays
            out[name] = value

    def _streams(self, out: Out, row: Row, beside: dict[str, list[str]], path: str | None) -> None:
        """4.01 JSON Format, 9: a named stream shows as its media type; a row holds that, or None for no stream."""
        names = self.form.names
        for name in self.streams:
            media_type = row.get(name)
            own = {key: row[key] for key in beside.pop(name, ())}
            if media_type is not None:
                if path is not None:
                    own.setdefault(name + MEDIA_EDIT_LINK, path + navigation_suffix(name))
                    own.setdefault(name + MEDIA_READ_LINK, path + navigation_suffix(name))
                if self.form.has_metadata:
                    out[names.of_member(name + MEDIA_TYPE)] = media_type
            content = own.pop(name + MEDIA_CONTENT, None)
            self._controls(out, own, own)
            if name in self.shape.streams:
                out[name] = None if content is None else inline_stream(str(media_type), content)

    def _dynamic(self, out: Out, row: Row, root: str, beside: dict[str, list[str]]) -> None:
        """What an open type's row has beyond the declared members."""
        known, chosen = self.known, self.dynamic
        for name, value in row.items():
            if "@" in name or name in known or name[0] == "#":
                continue
            if chosen is not None and name not in chosen:
                beside.pop(name, None)
                continue
            rest = beside.pop(name, None)
            declared: str | None = row.get(name + TYPE)
            if rest is not None:
                self._controls(out, row, rest)
            elif self.form.has_metadata and (told := self._told(value)) is not None:
                out[self.form.names.of_member(name + TYPE)] = self.form.type_text(told)
            out[name] = self._dynamic_item(value, declared, root)

    def _told(self, value: Any) -> str | None:
        if self.kind is UNTYPED:
            items = value if isinstance(value, list) else [value]
            if all(item is None or is_native(item) for item in items):
                return None
        return told_type(value, self.form)

    def _dynamic_item(self, value: Any, declared: str | None, root: str) -> Any:
        if isinstance(value, Mapping) and not (declared or "").startswith("Edm.Geo"):
            return row_writer(Shape(UNTYPED), self.form).write(value, root)
        if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            return [self._dynamic_item(item, None, root) for item in value]
        return dynamic_value(value, declared, self.form)

    def _navigation(self, out: Out, row: Row, root: str, beside: dict[str, list[str]], path: str | None) -> None:
        form = self.form
        links = self.kind.navigation if form.is_full and path is not None else ()
        shown = [name for name in links if self.shows_links is None or name in self.shows_links]
        for name in shown:
            if name not in self.expand:
                self._links(out, row, name, path or "", beside)
        for name, nested in self.expand.items():
            if name in shown:  # what is told of a member stands right before it (4.01 JSON Format, 4.4)
                self._links(out, row, name, path or "", beside)
            rest = beside.pop(name, None)
            if rest is not None:
                self._controls(out, row, rest)
            if name not in row:
                if name not in self.kind.navigation or self.may_lack:
                    continue
                raise InternalError(f"A row of {self.kind.qualified_name} lacks the expanded '{name}'.")
            declared = self.kind.navigation[name].target if name in self.kind.navigation else None
            writer = row_writer(nested, form, declared)
            write = writer.reference if name in self.shape.references else writer.write
            value = row[name]
            if isinstance(value, list | tuple):
                out[name] = [write(item, root) for item in value]
            else:
                out[name] = None if value is None else write(value, root)

    def _advertise(self, out: Out, row: Row, path: str | None) -> None:
        """4.01 JSON Format, 16 and 17: where an operation is called need not be said where anybody can tell."""
        for name, title, ending in self.operations:
            told = {"title": title, "target": path + ending} if self.form.is_full and path is not None else {}
            out.setdefault(name, told)

    def _links(self, out: Out, row: Row, name: str, path: str, beside: dict[str, list[str]]) -> None:
        """4.01 JSON Format, 8.1 and 8.2; what the row says itself goes before."""
        rest = beside.pop(name, [])
        own = {key: row[key] for key in rest}
        own.setdefault(name + LINK, path + navigation_suffix(name))
        association = association_suffix(name, self.form.links)
        if association is not None:
            own.setdefault(name + ASSOCIATION, path + association)
        self._controls(out, own, own)

    def reference(self, row: Row, root: str) -> Out:
        """4.01 JSON Format, 14: only the URL."""
        url = row.get(ID)
        if url is None:
            path = self.path_of(row)
            if path is None:
                raise InternalError(f"A reference to {self.kind.qualified_name} has neither id nor key.")
            url = root + path
        return {self.form.reference: url}


def _advertised(shape: Shape) -> list[tuple[str, str, str]]:
    """Name, title and end of the URL of each operation that is shown; overloads are told apart by their parameters."""
    names = [one.qualified_name for one in shape.operations]
    found = []
    for operation, name in zip(shape.operations, names, strict=True):
        given = own_parameters(operation) if operation.is_function else []
        several = f"({','.join(given)})" if given and names.count(name) > 1 else ""
        values = f"({','.join([f'{one}=@{one}' for one in given])})" if given else ""
        found.append((f"#{name}{several}", operation.name, f"/{name}{values}"))
    return found


def _inner(prop: Property, shape: Shape) -> Shape | None:
    """The shape of a complex property of which everything is written, where it is not the usual one."""
    is_other = shape.omits_nulls and isinstance(prop.type, StructuredType)
    return Shape(prop.type, omits_nulls=True) if is_other else None  # type: ignore[arg-type]  # a structured one


class _PropertyWriter:
    """How one structural property is written."""

    __slots__ = ("mend", "name", "type_member", "type_text")

    def __init__(self, prop: Property, form: JsonForm, within: Shape | None, *, is_declared: bool = True) -> None:
        self.name = prop.name
        self.mend = property_mend(prop, form, within)
        # What a query added is in no model: its type is told wherever JSON does not (4.01 JSON Format, 4.6.3).
        is_told = form.is_full if is_declared else form.has_metadata
        self.type_text = form.type_text(prop.type_name) if is_told and needs_type(prop, form) else None
        self.type_member = form.names.of_member(prop.name + TYPE)


def property_mend(prop: Any, form: JsonForm, within: Shape | None = None) -> MendRow | None:
    """What turns a value that is not null of a property, or a result, into JSON; None where nothing has to be done."""
    kind = prop.type
    if isinstance(kind, StructuredType):
        shape = within or Shape(kind)
        if prop.is_collection:
            return lambda values, root: [
                None if value is None else row_writer(shape, form).write(value, root) for value in values
            ]
        return lambda value, root: row_writer(shape, form).write(value, root)
    mend = primitive_mend(kind, form)
    mend = many(mend) if prop.is_collection else mend
    return None if mend is None else lambda value, root: mend(value)


def _beside(row: Row) -> dict[str, list[str]]:
    """The names of control information and annotations beside members, by member."""
    found: dict[str, list[str]] = {}
    for key in row:
        target, at, _term = key.partition("@")
        if at and target:
            found.setdefault(target, []).append(key)
    return found


def _key_members(kind: StructuredType) -> set[str]:
    assert isinstance(kind, EntityType), "only entities have keys"
    return {kind.key_paths[name][0].name if name in kind.key_paths else name for name in kind.key}


def removed_40(row: Row, shape: Shape, form: JsonForm) -> Out:
    """4.01 JSON Format, 15.3, for 4.0: a deleted entity is told by its context, and its id is a member."""
    source = shape.source
    name = source.name if isinstance(source, EntitySet) else shape.type.name
    context = row.get(CONTEXT) or f"#{name}/$deletedEntity"
    url = row[ID] if ID in row else row_writer(shape, form).path_of(row)
    out: Out = {form.names.of_object(CONTEXT): context, "id": url, "reason": row[REMOVED] or "deleted"}
    out.update({key: row[key] for key in row if key[0] == "@" and not key.startswith(CONTROL)})
    return out


def is_link(row: Row) -> bool:
    """Whether a row of a delta is an added or deleted link."""
    context = row.get(CONTEXT)
    return isinstance(context, str) and context.endswith(LINK_ENDINGS)
