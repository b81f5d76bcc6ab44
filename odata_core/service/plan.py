# Method and resource -> operation. A pure table: what a method means on each kind of resource, and so which methods
# a resource allows. What the protocol knows and this library does not yet do is in the table too, and answers 501.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..errors import MethodNotAllowed, NotImplementedHere
from ..query.resource import Kind, Resource


class Action(Enum):
    """What is to be done with a resource."""

    SHOW_SERVICE = "show the service document"
    SHOW_METADATA = "show the metadata document"
    READ_COLLECTION = "read a collection"
    READ_ENTITY = "read an entity"
    READ_PROPERTY = "read a property"
    READ_VALUE = "read a raw value"
    READ_COUNT = "count entities"
    READ_LINKS = "read links"
    CREATE = "create an entity"
    UPDATE = "change an entity"
    DELETE = "delete an entity"
    NOT_BUILT = "known to the protocol, not supported here"


@dataclass(frozen=True, slots=True)
class Operation:
    """An action on a resource; `replaces` tells PUT from MERGE and PATCH."""

    action: Action
    resource: Resource
    replaces: bool = False

    @property
    def is_write(self) -> bool:
        return self.action in _WRITES


_WRITES: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})

# UPDATE stands for every update verb of the profile.
UPDATE: Final = "UPDATE"
ACTIONS: Final[Mapping[Kind, Mapping[str, Action]]] = {
    Kind.ROOT: {"GET": Action.SHOW_SERVICE},
    Kind.METADATA: {"GET": Action.SHOW_METADATA},
    Kind.BATCH: {"POST": Action.NOT_BUILT},
    Kind.COLLECTION: {"GET": Action.READ_COLLECTION, "POST": Action.CREATE},
    Kind.ENTITY: {"GET": Action.READ_ENTITY, UPDATE: Action.UPDATE, "DELETE": Action.DELETE},
    Kind.PROPERTY: {"GET": Action.READ_PROPERTY, UPDATE: Action.NOT_BUILT, "DELETE": Action.NOT_BUILT},
    Kind.STREAM: {"GET": Action.READ_PROPERTY, UPDATE: Action.NOT_BUILT, "DELETE": Action.NOT_BUILT},
    Kind.MEDIA: {"GET": Action.NOT_BUILT, UPDATE: Action.NOT_BUILT, "DELETE": Action.NOT_BUILT},
    Kind.RESULT: {"GET": Action.NOT_BUILT},
    Kind.ACTION: {"POST": Action.NOT_BUILT},
    Kind.ENTITY_ID: {"GET": Action.NOT_BUILT},
    Kind.ALL: {"GET": Action.NOT_BUILT},
    Kind.CROSSJOIN: {"GET": Action.NOT_BUILT},
    Kind.EACH: {UPDATE: Action.NOT_BUILT, "DELETE": Action.NOT_BUILT},
    Kind.VALUE: {"GET": Action.READ_VALUE, UPDATE: Action.NOT_BUILT, "DELETE": Action.NOT_BUILT},
    Kind.COUNT: {"GET": Action.READ_COUNT},
    Kind.LINKS: {
        "GET": Action.READ_LINKS,
        "POST": Action.NOT_BUILT,
        UPDATE: Action.NOT_BUILT,
        "DELETE": Action.NOT_BUILT,
    },
}


def plan(method: str, resource: Resource, update_verbs: Mapping[str, bool]) -> Operation:
    """The operation, or 405 with what is allowed. HEAD is a GET whose body the adapter keeps back (RFC 9110, 9.3.2)."""
    actions = ACTIONS[resource.kind]
    meant = UPDATE if method in update_verbs else "GET" if method == "HEAD" else method
    action = actions.get(meant)
    if action is None:
        raise MethodNotAllowed(
            f"The URI names {resource.kind.value}, which does not support {method[:20]} requests.",
            allow=allowed_methods(resource.kind, update_verbs),
        )
    for words in resource.beyond_hops:
        raise NotImplementedHere(f"{words[0].upper()}{words[1:]} is not supported.")
    if action is Action.NOT_BUILT:
        raise NotImplementedHere(f"{method} on {resource.kind.value} is not supported.")
    return Operation(action, resource, update_verbs.get(method, False))


def allowed_methods(kind: Kind, update_verbs: Mapping[str, bool]) -> list[str]:
    """The methods for the Allow header."""
    names: list[str] = []
    for method in ACTIONS[kind]:
        names += [*update_verbs] if method == UPDATE else [method]
        if method == "GET":
            names.append("HEAD")
    return names
