# Feed customizations in documents of versions 1 to 3: `m:FC_TargetPath` and the attributes beside it, on a property or,
# with `m:FC_SourcePath`, on an entity type, whose further ones are numbered: `m:FC_TargetPath_1` ([MC-CSDL] 2.1.2).

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..edm.feeds import SYNDICATION, FeedMapping
from .markup import Element, Misread

MAX_MAPPINGS: Final = 100  # of one element
_NAME: Final = re.compile(r"@?[^\W\d][\w.-]{0,127}")
_KINDS: Final = ("text", "html")


def feed_mappings(element: Element) -> tuple[FeedMapping, ...]:
    """The mappings of an <EntityType> and its properties; Misread for one that means nothing."""
    found = list(_mappings(element, ()))
    for prop in element.each("Property"):
        found += _mappings(prop, (prop.attributes.get("Name", ""),))
    targets = [(one.namespace, one.target) for one in found]
    twice = next((target for _, target in targets if sum(target == other for _, other in targets) > 1), None)
    if twice is not None and len(set(targets)) < len(targets):
        raise Misread(element, f"Two properties are mapped to the element '{'/'.join(twice)}'.")
    return tuple(found)


def _mappings(element: Element, owner: tuple[str, ...]) -> Iterator[FeedMapping]:
    for number in range(MAX_MAPPINGS):
        suffix = f"_{number}" if number else ""
        target = element.attributes.get(f"m:FC_TargetPath{suffix}")
        if target is None and number:
            return
        if target is not None:
            yield _mapping(element, owner, target, suffix)


def _mapping(element: Element, owner: tuple[str, ...], target: str, suffix: str) -> FeedMapping:
    def told(name: str, default: str = "") -> str:
        return element.attributes.get(f"m:FC_{name}{suffix}", default)

    within = told("SourcePath")
    source = (*owner, *(within.split("/") if within else ()))
    if not source:
        raise Misread(element, f"The attribute 'FC_TargetPath{suffix}' of a type needs an 'FC_SourcePath{suffix}'.")
    keeps = told("KeepInContent", "true").strip().lower() in ("true", "1")
    if target in SYNDICATION:
        kind = told("ContentKind", "text").lower()
        if kind not in _KINDS:
            raise Misread(element, f"'{kind[:50]}' is no FC_ContentKind here: use text or html.")
        return FeedMapping(source, SYNDICATION[target], keeps, kind=kind)
    way, namespace, prefix = tuple(target.split("/")), told("NsUri"), told("NsPrefix")
    is_named = all(_NAME.fullmatch(step) for step in way) and not any(step[:1] == "@" for step in way[:-1])
    if not namespace or not is_named or len(way) > 10 or way[0][:1] == "@":
        raise Misread(
            element,
            f"'{target[:100]}' is no FC_TargetPath: use {', '.join(SYNDICATION)}, "
            "or the way to an element of your own with an FC_NsUri.",
        )
    return FeedMapping(source, way, keeps, namespace, prefix)
