# Context URLs: `$metadata#Products(Name)/$entity`, which tells a client what it reads. A version's way is a row.
# Strategy: About.path says what is there, Shape says which of its members; a form puts the list of members and what
# tells one from many where its version wants them.
# 4.01 Part 1, section 10 (rows 10.1 to 10.20), with what it says of 4.0; JSON Light 3.0, 4.5.1 and 9 to 13.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..edm import EntityType, Singleton, StructuredType
from ..records import record
from .codec import About, Shape

_DELTA: Final = "/$delta"


@record
class ContextForm:
    """How a version writes context URLs."""

    one: str  # behind a collection for a single entity of it
    opening: str  # before the list of members, and
    closing: str  # behind it
    nests: bool  # whether what is expanded has its own list in parentheses; else paths: `Orders/Date`
    bare_expansion: str | None  # how something expanded whole is listed, `{}` for its name; None: it is not
    list_is_last: bool  # whether the list stands behind everything else
    names_properties: bool  # whether a property is told by its path; else by its type
    reference: str | None  # the context of a single reference, and
    references: str | None  # of many; None where they are told by the path


# JSON Light 3.0: the list is a query option behind the fragment.
V3_CONTEXTS: Final = ContextForm("/@Element", "&$select=", "", False, "{}", True, False, None, None)
# 4.0: "omitted from the select-list if it does not contain a nested $select or $expand" (4.01 Part 1, 10.9).
V4_CONTEXTS: Final = ContextForm("/$entity", "(", ")", True, None, False, True, "$ref", "Collection($ref)")
V401_CONTEXTS: Final = ContextForm("/$entity", "(", ")", True, "{}()", False, True, "$ref", "Collection($ref)")


def entity_context(shape: Shape, about: About, form: ContextForm) -> str | None:
    """The context URL of a single structured value (10.3, 10.4, 10.6, 10.8, 10.10; 10.13 and 10.15 where complex)."""
    return _context(shape, about, form, form.one if _is_one_of_many(shape, about) else "")


def _is_one_of_many(shape: Shape, about: About) -> bool:
    """Whether the path names a collection: that of a singleton, of a complex value or of a bare type does not."""
    if not isinstance(shape.type, EntityType) or isinstance(shape.source, Singleton):
        return False
    return shape.source is not None or "." not in about.path.partition("/")[0].partition("(")[0]


def feed_context(shape: Shape, about: About, form: ContextForm) -> str | None:
    """The context URL of a collection (10.2, 10.5, 10.7, 10.9, 10.14, 10.17 to 10.20)."""
    return _context(shape, about, form, "")


def _context(shape: Shape, about: About, form: ContextForm, ending: str) -> str | None:
    if not about.path:
        return None
    path = about.path.removesuffix(_DELTA)
    ending = _DELTA if path != about.path else ending
    items = select_list(shape, form)
    members = f"{form.opening}{','.join(items)}{form.closing}" if items else ""
    tail = ending + members if form.list_is_last else members + ending
    return f"{about.root}$metadata#{path}{tail}"


def property_context(type_name: str, about: About, form: ContextForm) -> str | None:
    """The context URL of a property or of the result of an operation (10.13 to 10.16)."""
    if not about.path:
        return None
    return f"{about.root}$metadata#{about.path if form.names_properties else type_name}"


def links_context(about: About, form: ContextForm, *, is_collection: bool) -> str | None:
    """The context URL of references (10.11, 10.12)."""
    if not about.path:
        return None
    fragment = form.references if is_collection else form.reference
    if fragment is None:
        fragment = about.path if is_collection else about.path + form.one
    return f"{about.root}$metadata#{fragment}"


def select_list(shape: Shape, form: ContextForm) -> tuple[str, ...]:
    """The members that a shape is limited to; empty for all structural ones with nothing that is worth saying."""
    if shape.select is None and not (shape.links or shape.expand or shape.within or shape.operations or shape.computed):
        return ()
    return tuple(dict.fromkeys([*_selected(shape, form), *_expanded(shape, form)]))


def _selected(shape: Shape, form: ContextForm) -> Iterator[str]:
    if shape.select is None:
        more = [*[prop.name for prop in shape.computed], *(shape.links or ()), *_names(shape)]
        yield from ["*", *more] if more else ()
        return
    within = dict(shape.within)
    for name in shape.select:
        path = _prefix(shape, name, form) + name
        if name not in within:
            yield path
        else:
            yield from _paths(path, _selected(within[name], form)) or (() if within[name].expand else (path,))
    yield from [prop.name for prop in shape.computed]
    yield from shape.links or ()
    yield from _names(shape)


def _names(shape: Shape) -> Iterator[str]:
    yield from [one.qualified_name for one in shape.operations]


def _expanded(shape: Shape, form: ContextForm) -> Iterator[str]:
    """What is expanded, here or within complex values; references are not told (10.9)."""
    for name, nested in shape.expand:
        if name in shape.references:
            continue
        recursive = any(inner == name for inner, _shape in nested.expand)
        items = select_list(_without(nested, name) if recursive else nested, form)
        if nested.type is not _declared(shape, name):
            items = tuple([f"{nested.type.qualified_name}/{item}" for item in items])
        prefix = _prefix(shape, name, form)
        if items and form.nests:
            yield f"{prefix}{name}{'+' if recursive else ''}({','.join(items)})"
        elif items:
            yield from _paths(name, items)
        elif form.bare_expansion is not None and (form.nests or shape.select is not None):
            yield form.bare_expansion.format(f"{prefix}{name}{'+' if recursive and form.nests else ''}")
    for name, nested in shape.within:
        yield from _paths(name, _expanded(nested, form))


def _declared(shape: Shape, name: str) -> StructuredType:
    """The type that a navigation property leads to; what was narrowed to a derived one is told by this (10.9)."""
    navigation = shape.type.navigation.get(name)
    return dict(shape.expand)[name].type if navigation is None else navigation.target


def _prefix(shape: Shape, name: str, form: ContextForm) -> str:
    """The type that declares a member, where that is derived from the shape's (4.01 ABNF, selectListItem)."""
    kind = shape.type
    if not form.nests or name in kind.properties or name in kind.navigation:
        return ""
    found = [one for one in kind.derived.values() if name in one.properties or name in one.navigation]
    first = next((one for one in found if one.base not in found), None)
    return "" if first is None else f"{first.qualified_name}/"


def _without(shape: Shape, name: str) -> Shape:
    """The shape of one level of a recursive expansion."""
    expand = tuple([(inner, nested) for inner, nested in shape.expand if inner != name])
    return Shape(
        type=shape.type, select=shape.select, expand=expand, links=shape.links, references=shape.references,
        within=shape.within,
    )  # fmt: skip


def _paths(name: str, items: Iterable[str]) -> list[str]:
    """`Address/Street` for each item within a member."""
    return [f"{name}/{item}" for item in items]
