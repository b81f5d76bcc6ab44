# $select and $expand: paths in v2 and v3 (`$expand=A/B&$select=A/x`), options in each other in v4 (`A($select=x;...)`).
# They differ in meaning, too. v3 (URL Conventions 5.1.4): $select also prunes what $expand brought in, `*` names every
# navigation property, and one that is named brings all below it. v4 (Part 1, 11.2.4.2): what is expanded is there,
# named or not. So a v3 expansion that $select does not name is left out, and a v4 one is named.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..constructs import CONSTRUCTS, require, unsayable
from ..grammars import Grammar
from ..syntax import ExpandItem, Options, Segment, SelectItem

Steps = tuple[Segment, ...]
Names = tuple[str, ...]
Select = tuple[SelectItem, ...] | None
Expand = tuple[ExpandItem, ...]

_STAR: Final = (Segment("*"),)
_NESTED: Final = frozenset({"$select", "$expand"})


@dataclass(slots=True)
class Branch:
    """An expanded navigation property, derived types before it included, and what is expanded below it."""

    path: Steps = ()
    branches: dict[Names, Branch] = field(default_factory=dict)


def _names(path: Steps) -> Names:
    return tuple([segment.name for segment in path])


# ------------------------------------------------------------------ paths -> nested options


def nest(select: Select, expand: Expand, source: Grammar) -> tuple[Select, Expand]:
    """The items of paths as items with options."""
    root = Branch()
    for item in expand:
        branch = root
        for hop in _hops(item, source):
            branch = branch.branches.setdefault(_names(hop), Branch(hop))
    for chosen in select or ():
        if chosen.options is not None:
            require(CONSTRUCTS, "nested options", source)
    return _nested(root.branches, None if select is None else [item.path for item in select])


def _hops(item: ExpandItem, source: Grammar) -> list[Steps]:
    """The path cut behind each navigation property; derived types go with what follows them."""
    if item.options is not None:
        require(CONSTRUCTS, "nested options", source)
    hops: list[Steps] = []
    pending: Steps = ()
    for segment in item.path:
        pending = (*pending, segment)
        if "." not in segment.name:
            hops.append(pending)
            pending = ()
    if pending:
        hops = [*hops[:-1], (*hops[-1], *pending)] if hops else [pending]
    return hops


def _nested(branches: Mapping[Names, Branch], select: Sequence[Steps] | None) -> tuple[Select, Expand]:
    items = []
    for key, branch in branches.items():
        is_whole, below = _chosen(key, select)
        if is_whole or below:
            inner = _nested(branch.branches, None if is_whole else below)
            items.append(ExpandItem(branch.path, _options(*inner)))
    return _own(select, branches), tuple(items)


def _chosen(key: Names, select: Sequence[Steps] | None) -> tuple[bool, list[Steps]]:
    """Whether all of an expansion is selected, or else which paths below it."""
    if select is None:
        return True, []
    if any(_names(path) == key for path in select):
        return True, []
    below = [path[len(key) :] for path in select if _names(path)[: len(key)] == key]
    return not below and any(_names(path) == ("*",) for path in select), below


def _own(select: Sequence[Steps] | None, branches: Mapping[Names, Branch]) -> Select:
    """The items of one level: a path that goes on below an expansion stands for the expansion."""
    if select is None:
        return None
    chosen: dict[Names, Steps] = {}
    for path in select:
        names = _names(path)
        owner = next((branch.path for key, branch in branches.items() if names[: len(key)] == key), path)
        chosen.setdefault(_names(owner), owner)
    return tuple([SelectItem(path) for path in chosen.values()])


def _options(select: Select, expand: Expand) -> Options | None:
    system: dict[str, Any] = {} if select is None else {"$select": select}
    if expand:
        system["$expand"] = expand
    return Options(system) if system else None


# ------------------------------------------------------------------ nested options -> paths


def flatten(select: Select, expand: Expand, target: Grammar) -> tuple[Select, Expand]:
    """Items with options as items of paths."""
    chosen, paths = _flat(select, expand, (), target)
    expanded = tuple([ExpandItem(path) for path in paths])
    return None if chosen is None else tuple([SelectItem(path) for path in chosen]), expanded


def _flat(select: Select, expand: Expand, before: Steps, target: Grammar) -> tuple[list[Steps] | None, list[Steps]]:
    paths: list[Steps] = []
    narrowed: dict[Names, list[Steps] | None] = {}
    for item in expand:
        _check_item(item, target)
        system = item.options.system if item.options is not None else {}
        here = (*before, *item.path)
        inner, deeper = _flat(system.get("$select"), system.get("$expand", ()), here, target)
        narrowed[_names(item.path)] = inner
        paths += deeper or [here]
    own = None if select is None else [_own_path(item, target) for item in select]
    if own is None and all(inner is None for inner in narrowed.values()):
        return None, paths
    return _selected(own or [_STAR], expand, narrowed, before), paths


def _check_item(item: ExpandItem, target: Grammar) -> None:
    if item.path[0].name == "*":
        require(CONSTRUCTS, "expand star", target)
    if item.path[-1].name.startswith("$"):
        require(CONSTRUCTS, "expand tail", target)
    if sum("." not in segment.name for segment in item.path) != 1:
        raise unsayable(
            "a path through a complex property in $expand",
            "it would be read as a path of navigation properties",
            target,
        )
    if item.options is not None:
        foreign = sorted({*item.options.system, *item.options.aliases} - _NESTED)
        if foreign:
            raise unsayable(f"{foreign[0]} within $expand", CONSTRUCTS["nested options"].absent, target)


def _own_path(item: SelectItem, target: Grammar) -> Steps:
    if item.options is not None:
        require(CONSTRUCTS, "nested options", target)
    return item.path


def _selected(
    own: Sequence[Steps], expand: Expand, narrowed: Mapping[Names, list[Steps] | None], before: Steps
) -> list[Steps]:
    """The paths of one level and of those below: an expansion is named, or the paths below it are."""
    chosen: dict[Names, Steps] = {}
    has_star = any(_names(path) == ("*",) for path in own)
    named = {_names(path) for path in own}
    silent = [item.path for item in expand if _names(item.path) not in named]
    for path in [*own, *silent]:
        below = narrowed.get(_names(path))
        if below is not None:
            chosen |= {_names(deeper): deeper for deeper in below}
        elif _names(path) in named or not has_star:
            whole = (*before, *path)
            chosen[_names(whole)] = whole
    return list(chosen.values())
