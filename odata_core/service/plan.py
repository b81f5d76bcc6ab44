# Method and resource -> what is to be done. A pure table: what a method means on each kind of resource, and so which
# methods a resource allows.

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final

from ..edm import Singleton
from ..errors import MethodNotAllowed, NotImplementedHere
from ..protocol import Profile
from ..query.resource import Kind, Resource
from ..records import record


class Action(Enum):
    """What is to be done with a resource."""

    __hash__ = object.__hash__  # members are looked up in tables all the time; Enum's own hash is that of the name

    SHOW_SERVICE = "show the service document"
    SHOW_METADATA = "show the metadata document"
    READ = "read"
    CREATE = "create an entity, or add a value"
    UPDATE = "change an entity"
    UPDATE_MANY = "change a collection"
    UPDATE_EACH = "change every entity of a collection"
    DELETE = "delete an entity"
    DELETE_EACH = "delete every entity of a collection"
    WRITE_PROPERTY = "change a property"
    WRITE_LINKS = "change links"
    WRITE_STREAM = "change a stream"
    CALL = "call an action"
    BATCH = "answer many requests"
    DESCRIBE = "say which methods there are"


@record
class Operation:
    """An action on a resource; `replaces` tells PUT from MERGE and PATCH."""

    action: Action
    resource: Resource
    replaces: bool = False

    @property
    def is_write(self) -> bool:
        return self.action in _WRITES


_WRITES: Final = frozenset(
    {
        *(Action.CREATE, Action.UPDATE, Action.UPDATE_MANY, Action.UPDATE_EACH, Action.DELETE, Action.DELETE_EACH),
        *(Action.WRITE_PROPERTY, Action.WRITE_LINKS, Action.WRITE_STREAM, Action.CALL),
    }
)

# UPDATE stands for every update verb of the profile.
UPDATE: Final = "UPDATE"
_PROPERTY: Final = {"GET": Action.READ, UPDATE: Action.WRITE_PROPERTY, "DELETE": Action.WRITE_PROPERTY}
# The content of a media entity is replaced; it goes with its entity (11.4.7, 11.4.8).
_CONTENT: Final = {"GET": Action.READ, "PUT": Action.WRITE_STREAM}
ACTIONS: Final[Mapping[Kind, Mapping[str, Action]]] = {
    Kind.ROOT: {"GET": Action.SHOW_SERVICE},
    Kind.METADATA: {"GET": Action.SHOW_METADATA},
    Kind.BATCH: {"POST": Action.BATCH},
    Kind.COLLECTION: {"GET": Action.READ, "POST": Action.CREATE},
    Kind.ENTITY: {"GET": Action.READ, UPDATE: Action.UPDATE, "DELETE": Action.DELETE},
    Kind.PROPERTY: _PROPERTY,
    Kind.VALUE: _PROPERTY,
    Kind.STREAM: {**_CONTENT, "DELETE": Action.WRITE_STREAM},
    Kind.MEDIA: {**_CONTENT, "DELETE": Action.DELETE},
    Kind.COUNT: {"GET": Action.READ},
    Kind.LINKS: {
        "GET": Action.READ,
        "POST": Action.WRITE_LINKS,
        UPDATE: Action.WRITE_LINKS,
        "DELETE": Action.WRITE_LINKS,
    },
    Kind.RESULT: {"GET": Action.READ},
    Kind.ACTION: {"POST": Action.CALL},
    Kind.ENTITY_ID: {"GET": Action.READ},
    Kind.ALL: {"GET": Action.READ},
    Kind.CROSSJOIN: {"GET": Action.READ},
    Kind.EACH: {"PATCH": Action.UPDATE_EACH, "DELETE": Action.DELETE_EACH},
}
# A collection of values is replaced, added to by POST and emptied; its items cannot be merged (4.01 Part 1, 11.4.9.4).
_VALUES: Final = {
    "GET": Action.READ,
    "PUT": Action.WRITE_PROPERTY,
    "DELETE": Action.WRITE_PROPERTY,
    "POST": Action.CREATE,
}
# A collection is changed by what is different (4.01 Part 1, 11.4.13).
_MANY: Final = {**ACTIONS[Kind.COLLECTION], "PATCH": Action.UPDATE_MANY}
# A singleton that is not nullable stays (4.01 Part 1, 11.4.5).
_LASTING: Final = {"GET": Action.READ, UPDATE: Action.UPDATE}
_IN_BODY: Final = {"POST": Action.READ}  # /$query, which becomes a GET before it comes here


def plan(method: str, resource: Resource, profile: Profile, without: Collection[Action] = ()) -> Operation:
    """The operation, or 405 with what is allowed. HEAD is a GET whose body the adapter keeps back (RFC 9110, 9.3.2).

    `without` are actions that a service does not offer.
    """
    if method == "OPTIONS":
        return Operation(Action.DESCRIBE, resource)
    actions, verbs = _actions(resource, profile), profile.update_verbs
    meant = UPDATE if method in verbs else "GET" if method == "HEAD" else method
    action = actions.get(method) or actions.get(meant)
    if action is None:
        raise MethodNotAllowed(
            f"The URI names {resource.kind.value}, which does not support {method[:20]} requests.",
            allow=allowed_methods(resource, profile),
        )
    if action in without:
        raise NotImplementedHere(f"{method} on {resource.kind.value} is not supported.")
    return Operation(action, resource, verbs.get(method, False))


def _actions(resource: Resource, profile: Profile) -> Mapping[str, Action]:
    if resource.is_query:
        return _IN_BODY
    if resource.kind is Kind.PROPERTY and resource.is_collection:
        return _VALUES
    if resource.kind is Kind.COLLECTION and profile.manners.changes_many:
        return _MANY
    if resource.kind is Kind.ENTITY and isinstance(resource.source, Singleton) and not resource.source.nullable:
        return ACTIONS[Kind.ENTITY] if resource.prefix else _LASTING
    return ACTIONS[resource.kind]


def allowed_methods(resource: Resource, profile: Profile) -> list[str]:
    """The methods for the Allow header."""
    names: list[str] = []
    for method in _actions(resource, profile):
        names += [*profile.update_verbs] if method == UPDATE else [method]
        if method == "GET":
            names.append("HEAD")
    return names
