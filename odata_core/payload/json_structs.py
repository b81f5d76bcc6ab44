# Plain rows -> JSON, fast: rows that have all members of their shape and nothing else, at the levels that add nothing.
# Strategy: for each shape a msgspec Struct with the members' names, and one generated function that makes Structs of
# many rows: it picks the members in a single expression and mends only those that JSON cannot say. The encoder knows
# the names beforehand, so it writes Structs faster than dictionaries. Rows that have more than their shape have their
# own builders, by what they have; all others go to the general writer (json_writers). All give the same JSON: property
# tests hold them to it.
# What is generated holds the names of members as literals only, quoted by `repr`; everything else is handed in.

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import msgspec

from ..edm import EnumType, PrimitiveType, Property, StructuredType
from ..edm import primitives as edm
from ..edm.rows import ETAG, TYPE, Row
from ..records import record
from ..uri.literals import print_float
from .codec import Shape
from .json_forms import JsonForm
from .json_values import many, primitive_mend
from .json_writers import UNTYPED, row_writer

RowsBuilder = Callable[[Iterable[Row], str], list[Any]]
RowBuilder = Callable[[Row | None, str], Any]

# Mends that are worth having in the expression itself; `v` is the value, never null. All others are called.
_REMEMBERED: Final = "v._text or str(v)"
_FINITE: Final = "v if v - v == 0.0 else float_text(v)"
_LONG_NOTATION: Final = 'v if "E" not in str(v) else mend_decimal(v)'


@record
class Builders:
    """What makes Structs of rows and of one row, with the service root.

    The hasty ones let decimals pass that the encoder writes with an exponent, where the form forbids that: whoever
    finds an E in the text has to use the careful ones, which cost a fifth more. Where both are the same, they are one.
    """

    rows: RowsBuilder
    row: RowBuilder
    careful_rows: RowsBuilder
    careful_row: RowBuilder


@dataclass(slots=True)
class _Parts:
    """What the functions of a shape are made of: an expression for each member, hasty and careful, and their names."""

    hasty: list[str]
    careful: list[str]
    globs: dict[str, Any]
    names: list[str]

    def add(self, hasty: str, careful: str | None = None) -> None:
        self.hasty.append(hasty)
        self.careful.append(careful or hasty)


@lru_cache(maxsize=512)
def struct_builders(shape: Shape, form: JsonForm) -> Builders | None:
    """The builders of a shape; None where its rows are never plain."""
    if not _is_plain(shape, form):
        return None
    parts = _parts_of(shape, form)
    rows, row = _compile(parts, parts.hasty, _Others(shape, form, is_careful=False))
    if parts.careful == parts.hasty:
        return Builders(rows, row, rows, row)
    return Builders(rows, row, *_compile(parts, parts.careful, _Others(shape, form, is_careful=True)))


def _parts_of(shape: Shape, form: JsonForm) -> _Parts:
    kind = shape.type
    names = [name for name in kind.properties if shape.select is None or name in shape.select]
    parts = _Parts([], [], {"float_text": print_float}, names)
    within = dict(shape.within)
    for index, name in enumerate(names):
        _add_property(kind.properties[name], index, form, within.get(name), parts)
    for name, nested in shape.expand:
        _add_nested(nested, kind.navigation[name].is_collection, name, len(names), form, parts)
        names.append(name)
    return parts


def _compile(parts: _Parts, members: list[str], others: _Others) -> tuple[RowsBuilder, RowBuilder]:
    made = f"S({', '.join(members)}) if len(r) == {len(members)} else others(r, root)"
    source = (
        f"def rows(rows, root):\n    return [{made} for r in rows]\n"
        f"def row(r, root):\n    return None if r is None else {made}\n"
    )
    found = {**parts.globs, "S": _struct(parts.names), "others": others}
    exec(compile(source, "<rows of a shape>", "exec"), found)  # noqa: S102
    return found["rows"], found["row"]


def _struct(names: list[str]) -> type:
    fields = [(f"p{index}", Any) for index in range(len(names))]
    rename = {f"p{index}": name for index, name in enumerate(names)}
    return msgspec.defstruct("Plain", fields, rename=rename, gc=False)


class _Others:
    """Makes Structs of rows that have more than their shape: an ETag, a derived type, members that nobody wants.

    A builder is made for each combination of members and type that occurs, up to a bound; rows that have something
    else, such as annotations, dynamic properties or too little, go to the general writer.
    """

    __slots__ = ("builders", "form", "is_careful", "shape", "write")

    def __init__(self, shape: Shape, form: JsonForm, *, is_careful: bool) -> None:
        self.shape, self.form, self.is_careful = shape, form, is_careful
        self.write = row_writer(shape, form).write
        self.builders: dict[tuple[Any, ...], RowBuilder] = {}

    def __call__(self, row: Row, root: str) -> Any:
        key = (row.get(TYPE), *row)
        build = self.builders.get(key)
        if build is None:
            if len(self.builders) >= _MAX_LAYOUTS:
                return self._write(row, root)
            build = self.builders[key] = self._make(row) or self._write
        return build(row, root)

    def _write(self, row: Row | None, root: str) -> Any:
        return None if row is None else self.write(row, root)

    def _make(self, row: Row) -> RowBuilder | None:
        shape, told = self.shape, None
        name = row.get(TYPE)
        if name is not None and name != shape.type.qualified_name:
            if name not in shape.type.derived:
                return None
            shape, told = replace(shape, type=shape.type.derived[name]), name
        if not _is_plain(shape, self.form):
            return None
        parts = _parts_of(shape, self.form)
        extra = row.keys() - set(parts.names)
        if len(extra) + len(parts.names) != len(row) or not self._is_plain_beyond(shape, extra):
            return None
        control = {TYPE: repr(self.form.type_text(told))} if told is not None else {}
        control |= {ETAG: f"r[{ETAG!r}]"} if ETAG in extra else {}
        control = control if self.form.has_metadata else {}
        members = [*control.values(), *(parts.careful if self.is_careful else parts.hasty)]
        names = [*map(self.form.names.of_object, control), *parts.names]
        source = f"def row(r, root):\n    return S({', '.join(members)})\n"
        found = {**parts.globs, "S": _struct(names)}
        exec(compile(source, "<rows of a layout>", "exec"), found)  # noqa: S102
        build: RowBuilder = found["row"]
        return build

    def _is_plain_beyond(self, shape: Shape, extra: Iterable[str]) -> bool:
        """Whether the members that a row has beyond its shape are an ETag, its type, or not written."""
        kind = shape.type
        for name in extra:
            if name in (TYPE, ETAG):
                continue
            is_declared = name in kind.properties or name in kind.navigation
            if "@" in name or name[:1] == "#" or (kind.is_open and not is_declared):
                return False
        return True


_MAX_LAYOUTS: Final = 64


def _is_plain(shape: Shape, form: JsonForm) -> bool:
    """Whether rows of the shape can be written without looking at anything but their members."""
    kind = shape.type
    if form.is_full or shape.partial or shape.omits_nulls or shape.computed or shape.references or kind is UNTYPED:
        return False
    if shape.streams or shape.operations or any(not _is_declared(kind, name, nested) for name, nested in shape.expand):
        return False
    if any(prop.type is edm.STREAM for prop in kind.properties.values()):
        return False
    return not (form.tells_missing_keys and row_writer(shape, form).lacks_key)


def _is_declared(kind: StructuredType, name: str, nested: Shape) -> bool:
    """Whether something expanded is as the type says: what is known to derive from that tells its own type."""
    return name in kind.navigation and kind.navigation[name].target is nested.type


def _add_property(prop: Property, index: int, form: JsonForm, within: Shape | None, parts: _Parts) -> None:
    value = f"r[{prop.name!r}]"
    if isinstance(prop.type, StructuredType):
        _add_nested(within or Shape(prop.type), prop.is_collection, prop.name, index, form, parts)
        return
    mend = primitive_mend(prop.type, form)
    if mend is None:
        parts.add(value)
        return
    test = f"None if (v := {value}) is None else "
    if prop.type is edm.DECIMAL and not prop.is_collection:
        parts.globs["mend_decimal"] = mend
        parts.add(value, test + f"({_LONG_NOTATION})")
        return
    text = None if prop.is_collection else _inline(prop.type, form)
    if text is None:
        parts.globs[f"m{index}"] = many(mend) if prop.is_collection else mend
        text = f"m{index}(v)"
    # A value that is null against the model is no text, and no number: what fails is for the general writer.
    if text == _REMEMBERED and not prop.nullable:
        parts.add(f"(v := {value})._text or str(v)")
        return
    parts.add(f"{test}({text})")


def _inline(kind: PrimitiveType | EnumType, form: JsonForm) -> str | None:
    """The expression that does the same as the mend of a type."""
    if kind is edm.DATETIME_OFFSET or (kind is edm.DATETIME and form.codecs[kind].write is str):
        return _REMEMBERED
    if kind is edm.DOUBLE:
        return _FINITE
    return None


def _add_nested(nested: Shape, is_collection: bool, name: str, index: int, form: JsonForm, parts: _Parts) -> None:
    """A structured value or related entities, or lists of these."""
    builders = None if _contains_itself(nested.type) else struct_builders(nested, form)
    if builders is None:
        write = row_writer(nested, form).write
        parts.globs[f"m{index}"] = lambda values, root: [None if item is None else write(item, root) for item in values]
        parts.globs[f"o{index}"] = lambda value, root: None if value is None else write(value, root)
    else:
        parts.globs.update({f"m{index}": builders.rows, f"o{index}": builders.row})
        parts.globs.update({f"cm{index}": builders.careful_rows, f"co{index}": builders.careful_row})
    value = f"r[{name!r}]"
    form_of = (
        f"None if (v := {value}) is None else {{}}m{index}(v, root)"
        if is_collection
        else f"{{}}o{index}({value}, root)"
    )
    is_same = builders is None or builders.rows is builders.careful_rows
    parts.add(form_of.format(""), form_of.format("" if is_same else "c"))


def _contains_itself(kind: StructuredType) -> bool:
    """Whether values of a complex type may hold values of the same type, so that Structs would have no end."""
    seen: set[StructuredType] = set()
    waiting = [kind]
    while waiting:
        for prop in waiting.pop().properties.values():
            if prop.type is kind:
                return True
            if isinstance(prop.type, StructuredType) and prop.type not in seen:
                seen.add(prop.type)
                waiting.append(prop.type)
    return False
