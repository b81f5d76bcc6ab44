# What a path names: a chain of steps through the model, and which aspect of its end is meant. Version-free and
# storage-free: `Set(1)/$links/Nav` of v3 and `Set(1)/Nav/$ref` of v4 are the same value here.
# This module knows no syntax; `path_binder` makes these values.

from __future__ import annotations

from dataclasses import field, replace
from enum import Enum
from typing import Any, Final, assert_never

from ..edm import ComplexType, EntitySet, EntityType, Operation, OperationImport, Property, Singleton, name_of
from ..errors import NotImplementedHere
from ..records import record
from .tree import Bound, Cast, Constant, Dynamic, Follow, Source, ValueType


class Kind(Enum):
    """What a path names."""

    __hash__ = object.__hash__  # members are looked up in tables all the time; Enum's own hash is that of the name

    ROOT = "the service root"
    METADATA = "$metadata"
    BATCH = "$batch"
    ENTITY_ID = "an entity by its id"  # $entity?$id=...
    ALL = "all entities of the service"
    CROSSJOIN = "a cross join"
    COLLECTION = "a collection of entities"
    ENTITY = "an entity"
    PROPERTY = "a property"
    STREAM = "a stream"
    VALUE = "a raw value"
    MEDIA = "the media stream of an entity"
    COUNT = "a count"
    LINKS = "links"
    RESULT = "the result of a function"  # that is neither an entity, nor many, nor a stream
    ACTION = "a call of an action"
    EACH = "each member of a collection"


@record
class FromSource:
    """A key value that the path leaves out: that property of the entity before (4.01 Part 2, 4.3.3)."""

    name: str


@record
class Key:
    """One entity of a collection: values in key order, or those of an alternate key.

    Constants have their place in the decoded path as `origin`. `is_bare`: they were written as segments.
    """

    names: tuple[str, ...]
    values: tuple[Constant | FromSource, ...]
    is_alternate: bool = False
    is_bare: bool = field(default=False, compare=False)

    @property
    def plain(self) -> tuple[Any, ...] | None:
        """The values as they are; None where one is known only at run time."""
        values = [value.value for value in self.values if isinstance(value, Constant)]
        return tuple(values) if len(values) == len(self.values) else None


@record
class Invocation:
    """A call of an operation, on what the steps before name or by an import; `source` is where its entities live.

    A service operation of v2 or v3 takes its parameters from the query.
    """

    operation: Operation
    arguments: tuple[tuple[str, Bound], ...] = ()
    imported: OperationImport | None = None
    source: Source | None = None
    is_each: bool = False  # called on each member of a collection
    is_service_operation: bool = False

    @property
    def type(self) -> ValueType | None:
        return None if self.operation.returns is None else self.operation.returns.type

    @property
    def is_collection(self) -> bool:
        return self.is_each or (self.operation.returns is not None and self.operation.returns.is_collection)

    @property
    def name(self) -> str:
        """As the path says it: the name of the import, or the qualified name."""
        return self.imported.name if self.imported is not None else self.operation.qualified_name


@record
class Subset:
    """`/$filter(condition)`: the items of a collection that meet it (4.01 Part 2, 4.12)."""

    condition: Bound


@record
class Each:
    """`/$each`: what follows, or the request, applies to every item (4.01 Part 2, 4.13)."""


@record
class Ordinal:
    """An item of an ordered collection of values, counted from 0, or with a minus sign from the end (4.10)."""

    index: int


@record
class CrossJoin:
    """`$crossjoin(A,B)`: all combinations of the entities of some sets (4.15)."""

    sets: tuple[EntitySet, ...]
    type: ComplexType = field(compare=False)


Step = (
    EntitySet | Singleton | CrossJoin | Key | Follow | Property | Dynamic | Cast | Invocation | Subset | Each | Ordinal
)


@record
class Hop:
    """A place on the way where entities live: a set at first, then targets of navigation; `key` narrows it to one."""

    source: Source | None
    navigation: Any = None
    key: tuple[Any, ...] | None = None

    @property
    def entity_set(self) -> EntitySet:
        """The set; 501 where there is none."""
        if not isinstance(self.source, EntitySet):
            name = self.navigation.name if self.navigation is not None else getattr(self.source, "name", "the path")
            raise NotImplementedHere(f"The entities behind '{name}' are in no entity set of this service.")
        return self.source

    @property
    def type(self) -> EntityType | None:
        """The declared type of the entities; None for what an operation gives."""
        found = self.source.type if self.navigation is None and self.source is not None else None
        return self.navigation.target if self.navigation is not None else found

    @property
    def is_single(self) -> bool:
        if self.key is not None or isinstance(self.source, Singleton):
            return True
        return self.navigation is not None and not self.navigation.is_collection


@record
class Resource:
    """A bound path.

    `type` and `is_collection` tell what the steps lead to: for COUNT what is counted, for VALUE and LINKS what is
    read or linked. Entities, and complex values within entities, live in `source`; `prefix` leads from its entities
    to what lies within them. `is_query`: the path ends in /$query, so the body holds query options.
    """

    kind: Kind
    steps: tuple[Step, ...] = ()
    type: ValueType | None = None
    is_collection: bool = False
    source: Source | None = None
    prefix: tuple[str, ...] = ()
    is_query: bool = False

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps that lead to entities, with the keys that narrow them."""
        hops: list[Hop] = []
        for step in self.steps:
            match step:
                case EntitySet() | Singleton():
                    hops.append(Hop(step))
                case Follow(navigation, target):
                    hops.append(Hop(target, navigation))
                case Invocation(source=source):
                    hops.append(Hop(source))
                case Key() if hops:
                    hops[-1] = replace(hops[-1], key=step.plain)
        return tuple(hops)

    @property
    def properties(self) -> tuple[Property, ...]:
        """The declared properties behind the last hop."""
        found: tuple[Property, ...] = ()
        for step in self.steps:
            if isinstance(step, Property):
                found = (*found, step)
            elif isinstance(step, Follow | Invocation):
                found = ()
        return found

    @property
    def entity_set(self) -> EntitySet:
        """The set of the last hop; 501 where there is none."""
        hops = self.hops
        return hops[-1].entity_set if hops else Hop(None).entity_set

    @property
    def entity_type(self) -> EntityType:
        """The type of the entities of the last hop's set."""
        return self.entity_set.type

    @property
    def invocation(self) -> Invocation | None:
        """The call that the path ends in, if it does."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, Invocation) else None

    @property
    def beyond_hops(self) -> tuple[str, ...]:
        """What the path has beside sets, keys, navigation between sets and declared properties, in words.

        Who only follows hops must refuse a resource where this is not empty.
        """
        words = [text for step in self.steps if (text := _beyond(step)) is not None]
        if self.is_query:
            words.append("'$query' in a path")
        if self.kind in _BEYOND:
            words.append(_BEYOND[self.kind])
        elif self.kind is Kind.LINKS and len(self.hops) < 2:
            words.append("'$ref' without a navigation property")
        return tuple(words)


_BEYOND: Final = {
    Kind.ENTITY_ID: "'$entity'",
    Kind.ALL: "'$all'",
    Kind.MEDIA: "the media stream of an entity",
}


def _beyond(step: Step) -> str | None:
    """A step that leads elsewhere than from set to set, in words; None for one that does not."""
    match step:
        case EntitySet() | Property():
            return None
        case Singleton():
            return f"the singleton '{step.name}'"
        case CrossJoin():
            return "'$crossjoin'"
        case Key():
            if step.is_alternate:
                return f"the alternate key ({', '.join(step.names)})"
            return None if step.plain is not None else "a key that leaves out what the path before it says"
        case Follow(navigation, target):
            if navigation.contains_target:
                return f"the contained entities behind '{navigation.name}'"
            if not isinstance(target, EntitySet):
                return f"the navigation property '{navigation.name}', whose entities are in no entity set,"
            return None
        case Dynamic(name):
            return f"the dynamic property '{name}'"
        case Cast():
            return f"the type cast '{name_of(step.type)}' in a path"
        case Invocation():
            return f"the operation '{step.name}'"
        case Subset():
            return "'$filter' in a path"
        case Each():
            return "'$each' in a path"
        case Ordinal():
            return "a place in an ordered collection"
        case _:
            assert_never(step)


def is_entity(kind: ValueType | None) -> bool:
    """Whether values of the type are entities."""
    return isinstance(kind, EntityType)


def is_structured(kind: ValueType | None) -> bool:
    """Whether values of the type have members."""
    return isinstance(kind, EntityType | ComplexType)
