# A model as plain values, by one walk: what two models must agree on to be the same, whatever document they come from.

from __future__ import annotations

from typing import Any

from odata_core.edm import (
    NOT_GIVEN,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    NavigationProperty,
    Operation,
    Property,
    ReturnType,
    Singleton,
    StructuredType,
    name_of,
)
from odata_core.edm.model import Term

Values = dict[str, Any]


def described(model: Model) -> Values:
    """Everything that a model says, without what is empty or usual."""
    return {
        "namespace": model.namespace,
        "container": model.container,
        "types": {name: _type(kind) for name, kind in model.types.items()},
        "type definitions": {
            name: _given(type=name_of(definition.underlying), facets=dict(definition.facets))
            for name, definition in model.type_definitions.items()
        },
        "sets": {name: _source(found) for name, found in model.entity_sets.items()},
        "singletons": {name: _source(found) for name, found in model.singletons.items()},
        "operations": {name: [_operation(one) for one in found] for name, found in model.operations.items()},
        "imports": {
            name: _given(
                operation=found.operations[0].qualified_name,
                overloads=len(found.operations),
                entity_set=found.entity_set and found.entity_set.name,
                http_method=found.http_method,
                listed=found.in_service_document,
            )
            for name, found in model.imports.items()
        },
        "terms": {name: _term(term) for name, term in model.terms.items()},
        "aliases": dict(model.aliases),
    }


def said(model: Model) -> Values:
    """What documents say beyond the meaning of a model; NaN is no value that equals itself, so values are printed."""
    return {
        "annotations": {
            target: {f"{one.term}#{one.qualifier}": repr(one) for one in values}
            for target, values in model.annotations.items()
        },
        "foreign": dict(model.foreign),
        "containers": dict(model.containers),
        "references": model.references,
        "associations": {one.name: one for one in model.associations},
    }


def brief(model: Model) -> Values:
    """The same without sections in which there is nothing."""
    return {name: part for name, part in described(model).items() if part}


def _given(**values: Any) -> Values:
    """What is neither empty nor false; NOT_GIVEN is empty, None is a value."""
    return {name: value for name, value in values.items() if value not in (None, False, "", (), [], {}, NOT_GIVEN)}


def _type(kind: Any) -> Values:
    if isinstance(kind, EnumType):
        return _given(kind="enum", members=dict(kind.members), underlying=kind.underlying.name, flags=kind.is_flags)
    assert isinstance(kind, StructuredType)
    entity = kind if isinstance(kind, EntityType) else None
    return _given(
        kind="entity" if entity else "complex",
        base=kind.base and kind.base.qualified_name,
        abstract=kind.is_abstract,
        open=kind.is_open,
        key=entity and list(entity.own_key),
        key_paths=entity and dict(entity.own_key_paths),
        alternate_keys=entity and [dict(key) for key in entity.own_alternate_keys],
        has_stream=entity and entity.has_stream,
        properties={name: _property(prop) for name, prop in kind.own_properties.items()},
        navigation={name: _navigation(way) for name, way in kind.own_navigation.items()},
    )


def _property(prop: Property) -> Values:
    found = _typed(prop)
    if prop.default is not NOT_GIVEN:
        found["default"] = prop.default
    return found | _given(generated=prop.is_generated, token=prop.is_concurrency_token)


def _typed(typed: Property | ReturnType | Term) -> Values:
    found = _given(type=typed.type_name, facets=dict(typed.facets))
    return found if typed.nullable else found | {"nullable": False}


def _navigation(way: NavigationProperty) -> Values:
    found = _given(
        to=way.type_name,
        partner=way.partner,
        on=dict(way.on),
        contains=way.contains_target,
        on_delete=way.on_delete,
    )
    return found if way.nullable else found | {"nullable": False}


def _source(source: EntitySet | Singleton) -> Values:
    others = {
        path: target if isinstance(target, str) else target.name for path, target in source.other_bindings.items()
    }
    found = _given(
        type=source.type.qualified_name,
        bindings={path: target.name for path, target in source.bindings.items()} | others,
        tokens=source.concurrency_tokens,
        nullable=isinstance(source, Singleton) and source.nullable,
    )
    return found if isinstance(source, Singleton) or source.in_service_document else found | {"listed": False}


def _operation(operation: Operation) -> Values:
    found = _given(
        kind="function" if operation.is_function else "action",
        bound=operation.is_bound,
        composable=operation.is_composable,
        parameters={one.name: _typed(one) | _given(optional=one.is_optional) for one in operation.parameters},
        returns=operation.returns and _typed(operation.returns),
        path=operation.entity_set_path,
        entity_set=operation.entity_set and operation.entity_set.name,
    )
    return found if operation.is_always_bindable else found | {"always_bindable": False}


def _term(term: Term) -> Values:
    found = _typed(term) | _given(base=term.base, applies_to=list(term.applies_to))
    return found if term.default is NOT_GIVEN else found | {"default": term.default}
