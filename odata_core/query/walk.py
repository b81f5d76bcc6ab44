# A walk along the segments of a path: where it stands, what the segments so far name, and how it refuses the next one.
# The modules path_* move it; this one knows no grammar of paths.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from ..edm import ENTITY_TYPE, EntitySet, Model, Singleton, StructuredType, name_of
from ..errors import BadRequest, NotFound
from ..uri.syntax import Segment
from .call_binder import CallBinder
from .keys import Implied, implied_by
from .path_rules import PathRules
from .resource import Invocation, Kind, Resource, Step, Subset
from .scope import Scope
from .tree import Cast, Follow, ValueType


@dataclass(slots=True)
class Walk:
    """One path. `at` is the next segment, `place` what the segments before it name.

    `offset` is where the segment that was taken last stands in the decoded path, and `base` what the path's first
    character counts as among the origins of literals.
    """

    model: Model
    rules: PathRules
    key_as_segment: bool
    default_namespaces: frozenset[str]
    segments: Sequence[Segment]
    scope: Scope
    calls: CallBinder
    base: int = 0
    at: int = 0
    offset: int = 0
    place: Resource = field(default=Resource(Kind.ROOT))

    @property
    def has_more(self) -> bool:
        return self.at < len(self.segments)

    @property
    def next_name(self) -> str:
        """The name of the next segment, '' at the end."""
        return self.segments[self.at].name if self.has_more else ""

    @property
    def is_last(self) -> bool:
        """Whether nothing follows the segment that was taken, but perhaps /$query."""
        return not self.has_more or self.next_name == "$query"

    def take(self) -> Segment:
        """The next segment."""
        if self.at:
            self.offset += len(text_of(self.segments[self.at - 1])) + 1
        self.at += 1
        return self.segments[self.at - 1]

    @property
    def origin(self) -> int:
        """The origin of a literal at the beginning of the segment that was taken last."""
        return self.base + self.offset


def written(segments: Sequence[Segment]) -> list[Segment]:
    """The segments without empty ones (`Set//Name`), which servers and proxies drop as well."""
    return [segment for segment in segments if segment.name or segment.arguments is not None]


def decoded_path(segments: Sequence[Segment]) -> str:
    """The text in which the origins of a path's literals count."""
    return "/".join([text_of(segment) for segment in written(segments)])


def text_of(segment: Segment) -> str:
    """A segment as it was written."""
    return segment.text or segment.name


def shown(segment: Segment) -> str:
    """A segment for a message."""
    return text_of(segment)[:100]


def is_reserved(segment: Segment) -> bool:
    """Whether a segment begins with one dollar sign, and so is never a key; two stand for one of the key's own."""
    return segment.name.startswith("$") and not segment.name.startswith("$$")


def owner_of(steps: Sequence[Step]) -> str:
    """The name of the collection that steps lead to, for a message."""
    for step in reversed(steps):
        match step:
            case Follow(navigation):
                return navigation.name
            case EntitySet() | Singleton() | Invocation():
                return step.name
    return "$all"


def implied_here(steps: Sequence[Step]) -> Implied:
    """What a path tells of the key of the entities that its steps lead to."""
    for index in range(len(steps) - 1, -1, -1):
        match steps[index]:
            case Cast() | Subset():
                continue
            case Follow(navigation):
                return implied_by(steps[:index], _type_of(steps[:index]), navigation)
            case _:
                return {}
    return {}


def _type_of(steps: Sequence[Step]) -> StructuredType:
    """The type that steps lead to, which is structured where a navigation property follows."""
    for step in reversed(steps):
        kind: ValueType | None = getattr(step, "type", None)
        if isinstance(kind, StructuredType):
            return kind
    return ENTITY_TYPE


# ------------------------------------------------------------------ refusals


def fail(message: str, segment: Segment) -> NoReturn:
    """Refuse a segment that is wrong in itself or in its place."""
    raise BadRequest(message, text=text_of(segment), position=segment.position)


def not_found(segment: Segment, ending: str = "") -> NoReturn:
    """Refuse a segment whose name nothing has."""
    name = segment.name if segment.arguments is not None else shown(segment)
    # Without a place: the whole segment is wrong, and the message names it.
    raise NotFound(f"Resource not found for the segment '{name}'.{ending}")


def cannot_follow(place: Resource, segment: Segment, reason: str) -> NoReturn:
    """Refuse a segment that what stands before it cannot have."""
    kind = "" if place.type is None else f" of type {type_text(place)}"
    fail(f"'{shown(segment)}' cannot follow {place.kind.value}{kind}: {reason}.", segment)


def type_text(place: Resource) -> str:
    """The type of what a path leads to, as in CSDL."""
    if place.type is None:
        return "null"
    return f"Collection({name_of(place.type)})" if place.is_collection else name_of(place.type)
