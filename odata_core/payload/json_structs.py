# Plain rows -> JSON, fast: rows that have all members of their shape and nothing else, at the levels that add nothing.
# Strategy: for each shape a msgspec Struct with the members' names, and one generated function that makes Structs of
# many rows: it picks the members in a single expression and mends only those that JSON cannot say. The encoder knows
# the names beforehand, so it writes Structs faster than dictionaries. A row that has more or less than its shape goes
# to the general writer (json_writers), which gives the same JSON: a property test holds both to it.
# What is generated holds the names of members as literals only, quoted by `repr`; everything else is handed in.

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from ..edm import EnumType, PrimitiveType, Property, StructuredType
from ..edm import primitives as edm
from ..edm.rows import Row
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


@dataclass(frozen=True, slots=True)
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

    def add(self, hasty: str, careful: str | None = None) -> None:
        self.hasty.append(hasty)
        self.careful.append(careful or hasty)


@lru_cache(maxsize=512)
def struct_builders(shape: Shape, form: JsonForm) -> Builders | None:
    """The builders of a shape; None where its rows are never plain."""
    if not _is_plain(shape, form):
        return None
    kind = shape.type
    names = [name for name in kind.properties if shape.select is None or name in shape.select]
    parts = _Parts([], [], {"float_text": print_float})
    within = dict(shape.within)
    for index, name in enumerate(names):
        _add_property(kind.properties[name], index, form, within.get(name), parts)
    for name, nested in shape.expand:
        _add_nested(nested, kind.navigation[name].is_collection, name, len(names), form, parts)
        names.append(name)
    fields = [(f"p{index}", Any) for index in range(len(names))]
    rename = {f"p{index}": name for index, name in enumerate(names)}
    globs = parts.globs
    globs["S"] = msgspec.defstruct("Plain", fields, rename=rename, gc=False)
    globs["slow"] = row_writer(shape, form).write
    rows, row = _compile(parts.hasty, globs)
    if parts.careful == parts.hasty:
        return Builders(rows, row, rows, row)
    return Builders(rows, row, *_compile(parts.careful, globs))


def _compile(parts: list[str], globs: dict[str, Any]) -> tuple[RowsBuilder, RowBuilder]:
    made = f"S({', '.join(parts)}) if len(r) == {len(parts)} else slow(r, root)"
    source = (
        f"def rows(rows, root):\n    return [{made} for r in rows]\n"
        f"def row(r, root):\n    return None if r is None else {made}\n"
    )
    found = dict(globs)
    exec(compile(source, "<rows of a shape>", "exec"), found)  # noqa: S102
    return found["rows"], found["row"]


def _is_plain(shape: Shape, form: JsonForm) -> bool:
    """Whether rows of the shape can be written without looking at anything but their members."""
    kind = shape.type
    if form.is_full or shape.partial or shape.computed or shape.references or kind is UNTYPED:
        return False
    if any(name not in kind.navigation for name, _nested in shape.expand):
        return False
    if any(prop.type is edm.STREAM for prop in kind.properties.values()):
        return False
    return not (form.tells_missing_keys and row_writer(shape, form).lacks_key)


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
