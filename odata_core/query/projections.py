# $select and $expand of v2 and v3, which belong together: paths lead through navigation properties, `$expand=A/B` says
# how far, and `$select=A/Name` what of it (MS-ODATA 2.2.3.6.1.3 and 2.2.3.6.1.11). What comes out is the tree that v4
# writes with nested options.
# Once there is a $select, it also decides what of $expand is left: `$select=Name&$expand=A` gives no A, and `*` stands
# for all properties and links, with nothing expanded.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..edm import EntityType
from ..edm.types import StructuredType
from ..uri.syntax import ExpandItem, Options, Segment, SelectItem
from .options import BoundOptions, Expansion, Level, Selection
from .scope import Scope
from .selections import Node, cast_to, find_member, insert
from .tree import Cast, Dynamic, Follow, Step

_Key = tuple[str, str]
Segments = tuple[Segment, ...]


@dataclass(slots=True)
class _Branch:
    """A navigation property that $expand names, and those behind it."""

    step: Follow
    cast: Cast | None
    inner: dict[_Key, _Branch] = field(default_factory=dict)


def bind_projection(
    select: tuple[SelectItem, ...] | None, expand: tuple[ExpandItem, ...], level: Level, expand_level: Level
) -> tuple[Selection | None, tuple[Expansion, ...]]:
    """What $select and $expand of v2 or v3 say together."""
    tree: dict[_Key, _Branch] = {}
    for item in expand:
        _refuse_options(item.options, item.path, expand_level)
        _insert(tree, item.path, expand_level)
    for chosen in select or ():
        _refuse_options(chosen.options, chosen.path, level)
    paths = None if select is None else [chosen.path for chosen in select]
    return _project(paths, tree, level)


def _refuse_options(options: Options | None, path: Segments, level: Level) -> None:
    if options is not None:
        level.fail(f"'{path[-1].name}' takes no options in this version of the protocol.", path[-1].position)


def _insert(tree: dict[_Key, _Branch], path: Segments, level: Level) -> None:
    """Add a path of navigation properties, with type segments of v3 between them."""
    limit = level.scope.limits.expand_depth
    cast: Cast | None = None
    depth = 0
    for segment in path:
        if "." in segment.name:
            cast = _cast(level.scope, segment, level)
            continue
        step = _navigation(level.scope, cast, segment, level)
        depth += 1
        if depth > limit:
            level.fail(f"$expand is nested too deeply: the limit expand_depth is {limit}.", segment.position)
        branch = tree.setdefault(_key(step, cast), _Branch(step, cast))
        tree, level, cast = branch.inner, level.within(_behind(level.scope, step)), None
    if cast is not None:
        level.fail("A navigation property is expected behind a type.", path[-1].position)


def _key(step: Follow, cast: Cast | None) -> _Key:
    return ("" if cast is None else cast.type.qualified_name, step.navigation.name)


def _cast(scope: Scope, segment: Segment, level: Level) -> Cast:
    target, kind = scope.model.find_type(segment.name), scope.kind
    if not isinstance(target, EntityType) or not isinstance(kind, StructuredType):
        level.fail(f"There is no entity type '{segment.name}'.", segment.position)
    if not (target.is_a(kind) or kind.is_a(target)):
        level.fail(f"'{kind.qualified_name}' cannot be a '{target.qualified_name}'.", segment.position)
    return cast_to(target, scope.model)


def _navigation(scope: Scope, cast: Cast | None, segment: Segment, level: Level) -> Follow:
    kind = scope.kind if cast is None else cast.type
    structured = kind if isinstance(kind, StructuredType) else None
    member = find_member(structured, segment, level, is_first=False)
    if not isinstance(member, Follow):
        level.fail(f"'{segment.name}' is no navigation property, so it cannot be expanded.", segment.position)
    return member


def _behind(scope: Scope, step: Follow) -> Scope:
    return scope.inner(step.type, step.target)


@dataclass(slots=True)
class _Picked:
    """A navigation property that $select names: itself, or paths behind it."""

    step: Follow
    is_whole: bool = False
    rests: list[Segments] = field(default_factory=list)


def _project(
    paths: Iterable[Segments] | None, tree: dict[_Key, _Branch], level: Level
) -> tuple[Selection | None, tuple[Expansion, ...]]:
    """The selection on one level and what is expanded on it."""
    if paths is None:
        return None, tuple([_expanded(branch, None, level) for branch in tree.values()])
    node, picked = Node(), dict[_Key, _Picked]()
    for path in paths:
        _pick(path, node, picked, level)
    expansions = []
    for key, found in picked.items():
        rests = None if found.is_whole else found.rests
        branch = tree.get(key)
        if branch is not None:
            expansions.append(_expanded(branch, rests, level))
        elif found.rests:
            _project(found.rests, {}, level.within(_behind(level.scope, found.step)))  # the names must be right
    return node.frozen(), tuple(expansions)


def _expanded(branch: _Branch, rests: list[Segments] | None, level: Level) -> Expansion:
    inner = level.within(_behind(level.scope, branch.step), 1)
    select, expand = _project(rests, branch.inner, inner)
    path: tuple[Step, ...] = () if branch.cast is None else (branch.cast,)
    return Expansion(branch.step, path, options=BoundOptions(select=select, expand=expand))


def _pick(path: Segments, node: Node, picked: dict[_Key, _Picked], level: Level) -> None:
    """One path of $select: what it names here, or a navigation property and what it names behind it."""
    cast: Cast | None = None
    for index, segment in enumerate(path):
        if segment.name == "*" and index + 1 == len(path) and cast is None:
            node.everything = node.links = True
            return
        if "." in segment.name and index + 1 < len(path):
            cast = _cast(level.scope, segment, level)
            continue
        member = None if "." in segment.name else _member(level, cast, segment)
        if not isinstance(member, Follow):
            insert(node, SelectItem(path), level, _no_options)
            return
        node.choose(member, cast).is_whole = True
        found = picked.setdefault(_key(member, cast), _Picked(member))
        if index + 1 == len(path):
            found.is_whole = True
        else:
            found.rests.append(path[index + 1 :])
        return


def _member(level: Level, cast: Cast | None, segment: Segment) -> object:
    kind = level.scope.kind if cast is None else cast.type
    structured = kind if isinstance(kind, StructuredType) else None
    found = find_member(structured, segment, level, is_first=False)
    return None if isinstance(found, Dynamic) else found


def _no_options(options: Options, level: Level) -> BoundOptions:
    raise AssertionError("options in parentheses were refused before")
