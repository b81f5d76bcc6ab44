# Resource paths of one dialect in another: key values by their types, and the links between entities, which v2 and v3
# write `Orders(1)/$links/Items` and v4 `Orders(1)/Items/$ref`. Names are not known here, so a path whose parts cannot
# be told apart by their form is refused.

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from ..constructs import PATH_SEGMENTS, has, unsayable
from ..grammars import Grammar
from ..syntax import Segment
from .expressions import Translator

Steps = tuple[Segment, ...]

_NAME: Final = re.compile(r"[^\W\d]\w*")


def translate_path(segments: Steps, source: Grammar, target: Grammar) -> Steps:
    """The segments with keys and links as the target writes them."""
    translator = Translator(source, target)
    translated = tuple([replace(translator.step(segment), text="") for segment in segments])
    names = [segment.name for segment in segments]
    if "$links" in names and not has(PATH_SEGMENTS, "$links", target):
        return _references(translated, names.index("$links"), target)
    if "$ref" in names and not has(PATH_SEGMENTS, "$ref", target):
        return _links(translated, target)
    return translated


def _references(segments: Steps, links: int, target: Grammar) -> Steps:
    """`$links/Items` as `Items/$ref`. How many there are is asked of the entities themselves."""
    before, behind = segments[:links], segments[links + 1 :]
    tail = [segment.name for segment in behind if segment.name.startswith("$")]
    if tail not in ([], ["$count"]) or not behind or behind[0].name == "$count":
        raise unsayable("this path of links", "a navigation property, and a key or $count, must follow $links", target)
    return (*before, *behind) if tail else (*before, *behind, Segment("$ref"))


def _links(segments: Steps, target: Grammar) -> Steps:
    """`Items/$ref` as `$links/Items`, where what stands before $ref is a navigation property by its form."""
    steps = segments[:-1]
    if segments[-1].name != "$ref":
        raise unsayable(f"{segments[-1].name} behind $ref", "nothing can follow links", target)
    place = len(steps) - (1 if steps and _is_name(steps[-1]) else 2)
    if place < 1 or not _is_name(steps[place]) or not _is_entity(steps[:place]):
        raise unsayable("references that are no links", "$links stands between an entity and a property of it", target)
    return (*steps[:place], Segment("$links"), *steps[place:])


def _is_name(segment: Segment) -> bool:
    return _NAME.fullmatch(segment.name) is not None


def _is_entity(before: Steps) -> bool:
    """Whether an entity, and not a set, surely stands here: `Me/A/$ref` could be a key of Me.

    With a key in parentheses somewhere before, no key is a segment; else the segment right before must be a key.
    """
    steps = [segment for segment in before if "." not in segment.name or segment.arguments is not None]
    return any(segment.arguments for segment in steps) or (bool(steps) and not _is_name(steps[-1]))
