# What a URL means in a model, for people: its resource, and each option as a tree of expressions with their types.
# Expressions are shown in the language of 4.01, whatever version they were written in; only literals that 4.01 has no
# form for keep that of 3.0.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final, assert_never, get_args

from ..edm import AnyType, EntitySet, Operation, Property, Singleton, name_of
from ..errors import NotImplementedHere
from ..query.apply_tree import Applied
from ..query.options import BoundOptions, Expansion, Form, Selection
from ..query.resource import CrossJoin, Each, FromSource, Invocation, Key, Ordinal, Resource, Step, Subset
from ..query.tree import (
    Bound,
    Call,
    Case,
    Cast,
    Computed,
    Constant,
    Dynamic,
    Follow,
    ListOf,
    OrderBy,
    Path,
    RecordOf,
    Variable,
)
from ..query.unbinder import unbind
from ..query.urls import BoundUrl
from ..uri.grammars import V3_GRAMMAR, V4_GRAMMAR
from ..uri.option_printer import print_search
from ..uri.printer import print_expression
from ..uri.syntax import Search
from .meaning import is_default, type_of
from .syntax import Paint

# ------------------------------------------------------------------ resources


def show_meaning(bound: BoundUrl, paint: Paint) -> list[str]:
    """The resource with its steps, then each option with its tree."""
    return [*_resource(bound.resource, paint), *show_options(bound.options, paint)]


def _resource(resource: Resource, paint: Paint) -> list[str]:
    kind = "" if resource.type is None else f" : {paint('kind', type_of(resource))}"
    what = resource.kind.value + (", its options in the body" if resource.is_query else "")
    steps = [line for step in resource.steps for line in _step(step, paint)]
    return [paint("label", "resource"), f"  {what}{kind}", *_indented(steps, 2)]


def _step(step: Step, paint: Paint) -> list[str]:
    """One step of a path, with the trees of what stands in its parentheses."""
    name = type(step).__name__
    match step:
        case EntitySet() | Singleton() | Property() | Dynamic():
            return [f"{name} {paint('value', step.name)}"]
        case Follow(navigation, target):
            lives = "" if target is None else f", in {target.name}"
            return [f"{name} {paint('value', navigation.name)}{lives}"]
        case Cast(kind):
            return [f"{name} {paint('kind', kind.qualified_name)}"]
        case Key(names, values):
            pairs = zip(names, values, strict=True)
            return [f"{name} {', '.join([f'{name}={_key_value(value, paint)}' for name, value in pairs])}"]
        case Invocation(_, arguments):
            return [f"{name} {paint('value', step.name)}", *_indented(_arguments(arguments, paint))]
        case Subset(condition):
            return [name, *_indented(_tree(condition, paint))]
        case Ordinal(index):
            return [f"{name} {paint('value', str(index))}"]
        case Each():
            return [name]
        case CrossJoin(sets):
            return [f"{name} {paint('value', ', '.join([source.name for source in sets]))}"]
        case _:
            assert_never(step)


def _key_value(value: Constant | FromSource, paint: Paint) -> str:
    return f"that of the entity before, {value.name}" if isinstance(value, FromSource) else _typed(value, paint)


def _arguments(arguments: tuple[tuple[str, Bound], ...], paint: Paint) -> list[str]:
    return [f"{name} = {line}" if first else line for name, value in arguments for first, line in _first(value, paint)]


def _first(value: Bound, paint: Paint) -> Iterator[tuple[bool, str]]:
    for number, line in enumerate(_tree(value, paint)):
        yield number == 0, line


def _indented(lines: Iterable[str], levels: int = 1) -> list[str]:
    return ["  " * levels + line for line in lines]


# ------------------------------------------------------------------ options for people


def show_options(options: BoundOptions, paint: Paint) -> list[str]:
    """Each option under its name, in the order in which they apply."""
    lines: list[str] = []
    for part in fields(options):
        content = getattr(options, part.name)
        show = _OPTIONS.get(part.name)
        if show is not None and not is_default(content, part):
            lines += [paint("label", _LABELS.get(part.name, f"${part.name}")), *_indented(show(content, paint))]
    for name, value in options.custom:
        lines += [paint("label", name) + " (custom)", f"  {paint('value', value)}"]
    return lines


def _tree(bound: Bound, paint: Paint) -> list[str]:
    """An expression with its type, and below it the expressions that it is made of."""
    return [_typed(bound, paint), *_indented([line for part in parts_of(bound) for line in _tree(part, paint)])]


def parts_of(bound: Bound) -> list[Bound]:
    """The expressions that one is made of, but for what its own text says: a path, a constant, a list."""
    match bound:
        case Constant() | ListOf() | RecordOf() | Path():
            return []
        case Case(branches):
            return [part for branch in branches for part in branch]
        case Call(_, arguments, binding):
            return [*([] if binding is None else [binding]), *[value for _name, value in arguments]]
    found: list[Bound] = []
    for part in fields(bound):
        content = getattr(bound, part.name)
        found += [item for item in (content if isinstance(content, tuple) else (content,)) if isinstance(item, _BOUND)]
    return found


_BOUND: Final = get_args(Bound)


def _typed(bound: Bound, paint: Paint) -> str:
    return f"{paint('value', text_of(bound))} : {paint('kind', type_of(bound))}"


def text_of(bound: Bound) -> str:
    """An expression in the language of 4.01; literals of types that ended before, in the one of 3.0."""
    node = unbind(bound)
    try:
        return print_expression(node, V4_GRAMMAR)
    except NotImplementedHere:
        return print_expression(node, V3_GRAMMAR)


def _order(order: tuple[OrderBy, ...], paint: Paint) -> list[str]:
    lines: list[str] = []
    for item in order:
        first, *rest = _tree(item.expression, paint)
        lines += [first + (", descending" if item.descending else ""), *rest]
    return lines


def _computed(items: tuple[Computed, ...], paint: Paint) -> list[str]:
    return _arguments(tuple([(item.name, item.expression) for item in items]), paint)


def _select(selection: Selection, paint: Paint) -> list[str]:
    lines = [paint("value", "*")] if selection.everything else []
    for item in selection.members:
        cast = "" if item.cast is None else f"{item.cast.type.qualified_name}/"
        lines.append(f"{paint('value', cast + item.name)} : {paint('kind', type_of(item.member))}")
        lines += _indented([] if item.selection is None else _select(item.selection, paint))
        lines += _indented([] if item.options is None else show_options(item.options, paint))
    names = [*[operation.name for operation in selection.operations], *selection.annotations]
    return lines + [paint("value", name) for name in (*names, *[f"{schema}.*" for schema in selection.schemas])]


def _expand(items: tuple[Expansion, ...], paint: Paint) -> list[str]:
    lines: list[str] = []
    for item in items:
        casts = [] if item.cast is None else [item.cast]
        path = "/".join(map(_name, [*item.path, *([] if item.step is None else [item.step]), *casts])) or item.name
        kind = "" if item.step is None else f" : {paint('kind', type_of(item.step))}"
        form = "" if item.form is Form.ENTITIES else f", {item.form.value}"
        levels = "" if item.levels == 1 else f", {item.levels} levels"
        lines += [paint("value", path) + kind + form + levels, *_indented(show_options(item.options, paint))]
    return lines


def _name(step: Any) -> str:
    """A member, or a type, as a path says it."""
    match step:
        case Follow(navigation):
            return navigation.name
        case Cast(kind):
            return kind.qualified_name
        case Operation():
            return step.qualified_name
        case _:
            return str(step.name)


def _apply(applied: Applied, paint: Paint) -> list[str]:
    return [line for step in applied.steps for line in _transform(step, paint)]


def _transform(value: Any, paint: Paint) -> list[str]:
    """A transformation, or a part of one: its kind, what it is given in one word, and below it the rest."""
    words, below = [type(value).__name__], list[str]()
    for part in fields(value):
        content = getattr(value, part.name)
        if content is None or is_default(content, part):
            continue
        for item in content if isinstance(content, tuple) else (content,):
            if isinstance(item, _MEMBERS):
                words.append(paint("value", _name(item)))
            elif isinstance(item, _TYPES):
                words.append(f": {paint('kind', name_of(item))}")
            elif isinstance(item, str | int):
                words.append(f"{part.name}={_plain(item, paint)[0]}")
            else:
                below += _transform_part(item, paint)
    return [" ".join(words), *_indented(below)]


_MEMBERS: Final = (Property, Follow, Cast, Dynamic, Operation, Variable)
_TYPES: Final = get_args(AnyType)


def _transform_part(item: Any, paint: Paint) -> list[str]:
    match item:
        case OrderBy():
            return _order((item,), paint)
        case Computed():
            return _computed((item,), paint)
        case tuple():
            return [line for inner in item for line in _transform_part(inner, paint)]
        case _ if isinstance(item, _BOUND):
            return _tree(item, paint)
        case _ if isinstance(item, get_args(Search)):
            return _search(item, paint)
        case _:
            return _transform(item, paint)


def _search(search: Search, paint: Paint) -> list[str]:
    return [paint("value", print_search(search, V4_GRAMMAR))]


def _plain(value: Any, paint: Paint) -> list[str]:
    return [paint("value", str(value).lower() if isinstance(value, bool) else str(value))]


_LABELS: Final = {"order": "$orderby"}
_OPTIONS: Final[Mapping[str, Callable[[Any, Paint], list[str]]]] = {
    "apply": _apply,
    "compute": _computed,
    "search": _search,
    "filter": _tree,
    "order": _order,
    "select": _select,
    "expand": _expand,
    **dict.fromkeys(("count", "skip", "top", "skiptoken", "deltatoken"), _plain),
    **dict.fromkeys(("format", "id", "index", "schemaversion"), _plain),
}
