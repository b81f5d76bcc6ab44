# Operations in a path: calls of imports under the service root, and of what is bound to the place at hand.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from ..edm import EntityType, Operation, OperationImport, StructuredType
from ..edm import primitives as edm
from ..uri.syntax import Segment
from .overloads import find_bound
from .path_keys import pick
from .resource import Invocation, Kind, Resource
from .scope import bound_source
from .tree import Source
from .walk import Walk, fail


def call_import(walk: Walk, imported: OperationImport, segment: Segment) -> Resource:
    """A call of what an import names."""
    if imported.http_method is not None and walk.rules.has_service_operations:
        return _call_service_operation(walk, imported, segment)
    operation, arguments = walk.calls.called(imported.operations, segment, walk.origin, is_last=walk.is_last)
    call = Invocation(operation, arguments, imported, imported.entity_set)
    return _called(walk, Resource(Kind.ROOT), call, (), segment)


def _call_service_operation(walk: Walk, imported: OperationImport, segment: Segment) -> Resource:
    """`Op(5)` is the entity with key 5 of what `Op` gives; parameters are options (MS-ODATA 2.2.3.1)."""
    key = segment.key
    if segment.arguments and _takes_key(imported.operations[0], segment):
        segment, key = replace(segment, arguments=()), segment.arguments
    operation, arguments = walk.calls.service_operation(imported, segment)
    call = Invocation(operation, arguments, imported, imported.entity_set, is_service_operation=True)
    return _called(walk, Resource(Kind.ROOT), call, (), replace(segment, key=key))


def _takes_key(operation: Operation, segment: Segment) -> bool:
    """Whether parentheses behind a service operation can hold a key: where it gives entities and names no parameter."""
    result = operation.returns
    if result is None or not result.is_collection or not isinstance(result.type, EntityType):
        return False
    names = {parameter.name for parameter in operation.parameters}
    return not any(argument.name in names for argument in segment.arguments or ())


def call_bound(walk: Walk, segment: Segment, namespaces: Iterable[str] | None = None) -> Resource | None:
    """A bound operation on what is at hand; None where there is none of that name."""
    place = walk.place
    is_each = place.kind is Kind.EACH
    found = find_bound(
        walk.model,
        segment.name,
        place.type,
        is_collection=place.is_collection and not is_each,
        namespaces=namespaces,
    )
    if not found:
        return None
    if len({operation.namespace for operation in found}) > 1:
        names = ", ".join(dict.fromkeys(operation.qualified_name for operation in found))
        fail(f"'{segment.name}' is ambiguous: write {names}.", segment)
    operation, arguments = walk.calls.called(found, segment, walk.origin, is_last=walk.is_last)
    source, prefix = _returned_source(walk, operation)
    return _called(walk, place, Invocation(operation, arguments, None, source, is_each), prefix, segment)


def _returned_source(walk: Walk, operation: Operation) -> tuple[Source | None, tuple[str, ...]]:
    """Where the entities live that an operation returns: its set, or its path from the binding parameter."""
    if operation.entity_set is not None:
        return operation.entity_set, ()
    path = operation.entity_set_path
    if path is None:
        return None, ()
    source, prefix = walk.place.source, walk.place.prefix
    kind: Any = walk.place.type
    for name in path.split("/")[1:]:
        if "." in name:
            kind, prefix = walk.model.find_type(name), (*prefix, walk.model.qualified(name))
            continue
        navigation = kind.navigation.get(name) if isinstance(kind, StructuredType) else None
        prop = kind.properties.get(name) if isinstance(kind, StructuredType) else None
        if navigation is None and prop is None:
            return None, ()
        kind = navigation.target if navigation is not None else prop.type if prop is not None else None
        if navigation is not None and not navigation.contains_target:
            source, prefix = bound_source(source, prefix, navigation), ()
        else:
            prefix = (*prefix, name)
    return source, prefix


def _called(walk: Walk, place: Resource, call: Invocation, prefix: tuple[str, ...], segment: Segment) -> Resource:
    """What a call gives, or the entity of it that a second pair of parentheses picks."""
    kind = Kind.ACTION if not call.operation.is_function else _kind_of(call)
    steps = (*place.steps, call)
    result = Resource(kind, steps, call.type, call.is_collection, call.source, prefix)
    if segment.key is None:
        return result
    if not (call.operation.is_composable or call.is_service_operation):
        fail(f"The function '{call.name}' is not composable, so no key can follow it.", segment)
    return pick(walk, result, segment.key, segment, call.name, {})


def _kind_of(call: Invocation) -> Kind:
    """What a function gives."""
    if isinstance(call.type, EntityType):
        return Kind.COLLECTION if call.is_collection else Kind.ENTITY
    return Kind.STREAM if call.type is edm.STREAM and not call.is_collection else Kind.RESULT
