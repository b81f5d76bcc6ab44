# Paths in the evaluator: from a row step by step to a value.
# Null on the way makes the whole path null (4.01 Part 2, 5.1.1.15). Behind a collection, a step is taken from each item
# and what it gives is gathered in one list: collections are flattened, related entities that are not there are left
# out, and values of single properties stay, null too.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, assert_never

from ..edm import EntitySet, Property
from ..edm.rows import TYPE, Row
from ..edm.types import StructuredType
from .compiler import HERE, RELATIONS, Closure, Compiler, Frame
from .relations import Relations, key_reader, no_data, no_rows
from .tree import Cast, Dynamic, Follow, Path, Root, Step, ValueType, Variable

Take = Callable[[Frame, Any], Any]
"""One step: from the frame and a value that is not null to what is behind it."""


def items_of(value: Any) -> Sequence[Any]:
    """The items of a collection: none where it is null, or where a dynamic value is no collection at all."""
    return value if isinstance(value, list | tuple) else ()


def compile_path(compiler: Compiler, path: Path) -> Closure:
    value, kind, many = _start(compiler, path)
    for step in path.steps:
        if not many and isinstance(step, Property | Dynamic):
            value = _member(value, step.name)
        else:
            take = _taker(compiler, step, kind)
            value = _each(value, take, step) if many else _through(value, take)
        kind = step.type
        many = many or (not isinstance(step, Cast) and step.is_collection)
    return value


def _start(compiler: Compiler, path: Path) -> tuple[Closure, ValueType | None, bool]:
    """Where a path begins: the value, its type, and whether it is many."""
    start = path.start
    match start:
        case None:
            return _place(HERE), compiler.here, False
        case Variable(index=index):
            return _place(compiler.reserve(index)), start.type, start.is_collection
        case Root():
            return compile_root(compiler, start), start.type, start.is_collection
        case _:
            return compiler.value(start), start.type, start.is_collection


def _row_at_hand(frame: Frame) -> Any:
    return frame[HERE]


def _place(index: int) -> Closure:
    return _row_at_hand if index == HERE else lambda frame: frame[index]


def _member(previous: Closure, name: str) -> Closure:
    """A member of a value; null where the value has none of that name, as open types and grouped rows may lack it."""
    if previous is _row_at_hand:

        def member_here(frame: Frame) -> Any:
            try:
                return frame[0][name]
            except (KeyError, TypeError):
                return None

        return member_here

    def member(frame: Frame) -> Any:
        value = previous(frame)
        if value is None:
            return None
        try:
            return value[name]
        except (KeyError, TypeError):  # a dynamic value that has no members
            return None

    return member


def _through(previous: Closure, take: Take) -> Closure:
    def through(frame: Frame) -> Any:
        value = previous(frame)
        return None if value is None else take(frame, value)

    return through


def _each(previous: Closure, take: Take, step: Step) -> Closure:
    """A step from each item of a collection."""
    if not isinstance(step, Cast) and step.is_collection:

        def flattened(frame: Frame) -> Any:
            items = previous(frame)
            if items is None:
                return None
            found: list[Any] = []
            for item in items_of(items):
                if item is not None:
                    found.extend(items_of(take(frame, item)))
            return found

        return flattened
    keeps_null = isinstance(step, Property | Dynamic)

    def each(frame: Frame) -> Any:
        items = previous(frame)
        if items is None:
            return None
        found = [None if item is None else take(frame, item) for item in items_of(items)]
        return found if keeps_null else [value for value in found if value is not None]

    return each


def _taker(compiler: Compiler, step: Step, kind: ValueType | None) -> Take:
    match step:
        case Property(name=name) | Dynamic(name=name):
            return lambda frame, value: value.get(name) if isinstance(value, Mapping) else None
        case Cast():
            is_of = type_test(step.type, step.names, kind)
            return lambda frame, value: value if is_of(value) else None
        case Follow():
            return _follow(compiler, step)
        case _:
            assert_never(step)


def type_test(target: StructuredType, names: frozenset[str], declared: ValueType | None) -> Callable[[Any], bool]:
    """Whether a structured value is of a type or of one that derives from it.

    A value that does not tell its type is of the declared one. Where that is not known either, it is not of the type:
    what everything is, nobody asks.
    """
    accepted = names or frozenset((target.qualified_name,))
    by_default = isinstance(declared, StructuredType) and (declared.is_a(target) or declared.qualified_name in accepted)

    def is_of(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return False
        name = value.get(TYPE)
        return by_default if name is None else name in accepted

    return is_of


# ------------------------------------------------------------------ related entities


def _follow(compiler: Compiler, step: Follow) -> Take:
    name = step.navigation.name
    nothing: Any = () if step.navigation.is_collection else None

    def follow(frame: Frame, row: Any) -> Any:
        if not isinstance(row, Mapping):
            return None
        if name in row:
            return row[name]
        if getattr(row, "is_transient", False):  # $apply aggregated it away (Data Aggregation 4.0, 3.7)
            return nothing
        relations: Relations | None = frame[RELATIONS]
        if relations is None:
            raise no_data(step)
        return relations.follow(row, step)

    if step.key is None:
        return follow
    find = _find_key(compiler, step.key, key_reader(step.navigation.target))
    return lambda frame, row: find(frame, items_of(follow(frame, row)))


def _find_key(
    compiler: Compiler, key: tuple[Any, ...], read_key: Callable[[Row], Any]
) -> Callable[[Frame, Iterable[Row]], Row | None]:
    read_wanted = _key(compiler, key)

    def find(frame: Frame, rows: Iterable[Row]) -> Row | None:
        wanted = read_wanted(frame)
        return None if wanted is None else next((row for row in rows if read_key(row) == wanted), None)

    return find


def _key(compiler: Compiler, key: tuple[Any, ...]) -> Closure:
    """The values of a key, as `key_reader` gives them."""
    parts = [compiler.value(part) for part in key]
    if len(parts) == 1:
        return parts[0]

    def values(frame: Frame) -> Any:
        found = tuple([part(frame) for part in parts])
        return None if None in found else found

    return values


def compile_root(compiler: Compiler, root: Root) -> Closure:
    source = root.source
    read_key = None if root.key is None else tuple([compiler.value(part) for part in root.key])

    def read(frame: Frame) -> Any:
        relations: Relations | None = frame[RELATIONS]
        if relations is None:
            raise no_rows(source)
        if read_key is not None:
            return relations.find(source, tuple([part(frame) for part in read_key]))
        rows = relations.rows(source)
        if isinstance(source, EntitySet):
            return rows
        return rows[0] if rows else None

    return read


# ------------------------------------------------------------------ isdefined


def compile_defined(compiler: Compiler, path: Path) -> Closure:
    """Whether a path leads to something, be it null: a property that grouping took away is not there."""
    if not path.steps:
        return lambda frame: True
    if len(path.steps) == 1:
        before: Closure = lambda frame: True  # noqa: E731
    else:
        before = compile_defined(compiler, Path(path.steps[:-1], path.start))
    step = path.steps[-1]
    if isinstance(step, Cast | Follow):
        return before
    name = step.name
    holder = (
        compile_path(compiler, Path(path.steps[:-1], path.start)) if len(path.steps) > 1 else _start(compiler, path)[0]
    )

    def defined(frame: Frame) -> bool:
        if not before(frame):
            return False
        value = holder(frame)
        return not isinstance(value, Mapping) or name in value

    return defined
