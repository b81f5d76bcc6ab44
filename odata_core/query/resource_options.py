# Which system query options may stand on which resource, to read it, to write it, or to call it: two tables over the
# shape of what the request gives (4.01 Part 1, 11.2 and 11.4; Part 2, 5.1; MS-ODATA 2.2.3.6.1).
# Which options a version has at all is the parser's business; this module knows no values.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from ..errors import BadRequest
from .resource import Kind, Resource, is_entity, is_structured
from .tree import UNTYPED


class Use(Enum):
    """What a request does with a resource. A call reads what the operation gives."""

    READ = "read"
    INSERT = "add to"
    UPDATE = "change"
    DELETE = "delete"


class Shape(Enum):
    """What a request gives, as far as options are concerned."""

    SERVICE = "the service document"
    METADATA = "the metadata document"
    BATCH = "a batch"
    ENTITIES = "a collection of entities"
    ENTITY = "an entity"
    COMPLEXES = "a collection of complex values"
    COMPLEX = "a complex value"
    VALUES = "a collection of primitive values"
    VALUE = "a primitive value"
    DYNAMIC = "the value of a dynamic property"
    RAW = "a raw value"
    STREAM = "a stream"
    COUNT = "a count"
    COUNT_OF_ONE = "the count of a single entity"
    REFERENCES = "references"
    REFERENCE = "a reference"
    CROSSJOIN = "a cross join"
    ENTITY_ID = "an entity by its id"
    NOTHING = "nothing"


_FORMAT: Final = frozenset({"$format"})
_MOMENTS: Final = frozenset({"$at", "$from", "$to", "$toinclusive"})  # Temporal Data 4.0, 4.2
_MEMBERS: Final = frozenset({"$select", "$expand", "$compute"}) | _FORMAT  # 11.2.5
_ITEMS: Final = frozenset(  # 11.2.6; $search on any collection: Part 2, 5.1.7
    {"$filter", "$search", "$orderby", "$top", "$skip", "$count", "$inlinecount", "$skiptoken"} | _FORMAT
)

_READ: Final[Mapping[Shape, frozenset[str]]] = {
    Shape.SERVICE: _FORMAT,
    Shape.METADATA: _FORMAT,
    Shape.BATCH: _FORMAT,
    Shape.ENTITIES: _ITEMS | _MEMBERS | _MOMENTS | {"$apply", "$deltatoken"},
    Shape.ENTITY: _MEMBERS | _MOMENTS | {"$deltatoken"},  # 11.3: change-tracking of a single entity
    Shape.COMPLEXES: _ITEMS | _MEMBERS | {"$apply"},
    Shape.COMPLEX: _MEMBERS,
    Shape.VALUES: _ITEMS,
    Shape.VALUE: _FORMAT,
    Shape.DYNAMIC: _ITEMS | _MEMBERS,  # only the instance knows
    Shape.RAW: _FORMAT,
    Shape.STREAM: frozenset(),
    # 11.2.10: what chooses items counts; what only shapes a page or its representation has no meaning.
    Shape.COUNT: frozenset({"$filter", "$search"}),
    Shape.COUNT_OF_ONE: frozenset(),
    # 11.2.8: the representation of a reference is fixed.
    Shape.REFERENCES: _ITEMS,
    Shape.REFERENCE: _FORMAT,
    Shape.CROSSJOIN: _ITEMS | _MEMBERS | {"$apply"},
    Shape.ENTITY_ID: _FORMAT | {"$id"},
    Shape.NOTHING: frozenset(),
}

# 11.4.1: what a write returns may be shaped by $select and $expand, and filtered where it is a collection.
_WRITE: Final[Mapping[Shape, frozenset[str]]] = {
    Shape.ENTITIES: frozenset({"$select", "$expand", "$filter"}) | _FORMAT,
    Shape.ENTITY: frozenset({"$select", "$expand"}) | _FORMAT,
    Shape.COMPLEXES: frozenset({"$select", "$expand", "$filter"}) | _FORMAT,
    Shape.COMPLEX: frozenset({"$select", "$expand"}) | _FORMAT,
    Shape.VALUES: frozenset({"$filter"}) | _FORMAT,
    Shape.VALUE: _FORMAT,
    Shape.DYNAMIC: frozenset({"$select", "$expand", "$filter"}) | _FORMAT,
    Shape.BATCH: _FORMAT,
}
_ORDERED: Final = frozenset({Shape.ENTITIES, Shape.COMPLEXES, Shape.VALUES, Shape.DYNAMIC})


def _rows(use: Use) -> Mapping[Shape, frozenset[str]]:
    """$schemaversion may stand in every request (11.2.12), $index where something is added to a collection (11.4.11),
    and $id where a reference is removed (11.4.6.2)."""
    written = {shape: _WRITE.get(shape, frozenset()) for shape in Shape}
    tables: Mapping[Use, Mapping[Shape, frozenset[str]]] = {
        Use.READ: _READ,
        Use.INSERT: {  # it gives one item, so there is nothing to filter
            shape: (row | {"$index"} if shape in _ORDERED else row) - {"$filter"} for shape, row in written.items()
        },
        Use.UPDATE: written,
        Use.DELETE: {shape: frozenset({"$id"} if shape is Shape.REFERENCES else ()) for shape in Shape},
    }
    return {shape: row | {"$schemaversion"} for shape, row in tables[use].items()}


APPLICABLE: Final[Mapping[Use, Mapping[Shape, frozenset[str]]]] = {use: _rows(use) for use in Use}
"""The options that may be given, by what a request does and by the shape of what it gives."""

_FIXED: Final[Mapping[Kind, Shape]] = {
    Kind.ROOT: Shape.SERVICE,
    Kind.METADATA: Shape.METADATA,
    Kind.BATCH: Shape.BATCH,
    Kind.CROSSJOIN: Shape.CROSSJOIN,
    Kind.VALUE: Shape.RAW,
    Kind.MEDIA: Shape.STREAM,
    Kind.STREAM: Shape.STREAM,
}


def shape_of_result(resource: Resource) -> Shape:
    """The shape of what a request for a resource gives."""
    fixed = _FIXED.get(resource.kind)
    if fixed is not None:
        return fixed
    many = resource.is_collection
    match resource.kind:
        case Kind.COUNT:
            return Shape.COUNT if many else Shape.COUNT_OF_ONE
        case Kind.LINKS:
            return Shape.REFERENCES if many else Shape.REFERENCE
        case Kind.ENTITY_ID:
            return Shape.ENTITY_ID
    if resource.type is None:
        return Shape.NOTHING
    if is_entity(resource.type):
        return Shape.ENTITIES if many else Shape.ENTITY
    if is_structured(resource.type):
        return Shape.COMPLEXES if many else Shape.COMPLEX
    if resource.type is UNTYPED:
        return Shape.DYNAMIC
    return Shape.VALUES if many else Shape.VALUE


def applicable_options(resource: Resource, use: Use) -> frozenset[str]:
    """The system query options that a request may have."""
    found = APPLICABLE[use][shape_of_result(resource)]
    if resource.kind is Kind.ENTITY_ID and resource.steps:
        return found | {"$select", "$expand"}  # with a type it is known what can be selected (Part 2, 4.3.4)
    return found


def check_options(names: Iterable[str], resource: Resource, use: Use) -> None:
    """BadRequest for the first option that has no meaning in a request."""
    allowed = applicable_options(resource, use)
    for name in names:
        if name not in allowed:
            what = shape_of_result(resource).value
            whole = what if use is Use.READ else f"a request to {use.value} {what}"
            raise BadRequest(f"The query option '{name}' cannot be applied to {whole}.", target=name)
