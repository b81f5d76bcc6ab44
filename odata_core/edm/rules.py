# The rules of a valid model, each a function from the model to sentences about what breaks it, and the culprits.
# Sections are those of OData CSDL 4.01 unless said otherwise; the v3 rules are the same where both have them.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from unicodedata import category

from .container import Operation
from .model import Model
from .primitives import PrimitiveType
from .types import (
    NOT_GIVEN,
    ComplexType,
    EntityType,
    EnumType,
    Member,
    NavigationProperty,
    Property,
    StructuredType,
    TypeDefinition,
)

Broken = Iterator[tuple[object, str]]
Rule = Callable[[Model], Broken]

# odataIdentifier of the ABNF: a letter or underscore, then up to 127 letters, digits, connectors, marks or format
# characters. What Python calls a word character is all of that but marks, format characters and other connectors.
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,127}")
_ALSO: Final = frozenset({"Pc", "Mn", "Mc", "Cf"})
_ENUM_UNDERLYING = {"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"}
_GENERIC: Final = frozenset({"Edm.PrimitiveType", "Edm.Untyped"})  # they may have any value, so any facet and default
_ON_DELETE: Final = frozenset({"Cascade", "None", "SetNull", "SetDefault"})


def _structured(model: Model) -> Iterator[StructuredType]:
    return (kind for kind in model.types.values() if isinstance(kind, StructuredType))


def _entities(model: Model) -> Iterator[EntityType]:
    return (kind for kind in model.types.values() if isinstance(kind, EntityType))


def _operations(model: Model) -> Iterator[Operation]:
    return (operation for overloads in model.operations.values() for operation in overloads)


def is_identifier(name: str) -> bool:
    """odataIdentifier of the ABNF."""
    if _IDENTIFIER.fullmatch(name):
        return True
    plain = "".join(["_" if position and category(mark) in _ALSO else mark for position, mark in enumerate(name)])
    return _IDENTIFIER.fullmatch(plain) is not None


def names_are_identifiers(model: Model) -> Broken:
    """Section 17.2: simple identifiers. Property names may have periods, as those of some .NET services do."""
    names: list[tuple[str, str, object]] = [("namespace part", part, model) for part in model.namespace.split(".")]
    if model.container:
        names += [("container", model.container, model)]
    names += [("type", kind.name, kind) for kind in (*model.types.values(), *model.type_definitions.values())]
    names += [("entity set", part, kind) for name, kind in model.entity_sets.items() for part in name.split(".")]
    names += [("singleton", name, kind) for name, kind in model.singletons.items()]
    names += [
        ("property", part, p)
        for kind in _structured(model)
        for name, p in kind.own_properties.items()
        for part in name.split(".")
    ]
    names += [
        ("navigation property", name, n) for kind in _structured(model) for name, n in kind.own_navigation.items()
    ]
    names += [("operation", operation.name, operation) for operation in _operations(model)]
    names += [("operation import", part, made) for name, made in model.imports.items() for part in name.split(".")]
    for what, name, culprit in names:
        if not is_identifier(name):
            yield (
                culprit,
                f"The {what} name '{name}' is not an identifier: letters, digits and underscores, up to 128.",
            )


def property_names_are_unique(model: Model) -> Broken:
    """Sections 7 and 8: one name for one member of a type, base types included (v3: not the type's own name)."""
    for kind in _structured(model):
        inherited = {} if kind.base is None else {**kind.base.properties, **kind.base.navigation}
        members: dict[str, Member] = {**kind.own_properties, **kind.own_navigation}
        for name, member in members.items():
            if name in inherited:
                yield member, f"Property '{kind.qualified_name}.{name}' is already declared by a base type."
        for name, navigation in kind.own_navigation.items():
            if name in kind.own_properties:
                yield navigation, f"'{kind.qualified_name}.{name}' is both a property and a navigation property."


def entity_types_have_keys(model: Model) -> Broken:
    """Section 6.5: contained entities are told apart by a key, as those of a set; no type has a second key."""
    for kind in _structured(model):
        for way in kind.own_navigation.values():
            if way.contains_target and way.is_collection and not way.target.key:
                name = f"'{kind.qualified_name}.{way.name}'"
                yield way, f"Entity type '{way.target.qualified_name}' needs a key, because {name} contains many of it."
    for kind in _entities(model):
        if kind.own_key and kind.base is not None and kind.base.key:
            yield kind, f"Entity type '{kind.qualified_name}' declares a key, but its base type has one."


def keys_are_primitive(model: Model) -> Broken:
    """Section 6.5: key properties exist, are primitive or enumerations, single and not nullable."""
    for kind in _entities(model):
        paths = {name: kind.own_key_paths.get(name, name) for name in kind.own_key}
        for path in paths.values():
            where = f"Key property '{kind.qualified_name}.{path}'"
            prop = _end(kind, path)
            if prop is None:
                yield kind, f"{where} does not exist."
            elif prop.is_collection or not _can_be_key(prop):
                yield kind, f"{where} has type {prop.type_name}, which cannot be a key."
            elif prop.nullable:
                yield kind, f"{where} must not be nullable."
        for key in kind.own_alternate_keys:
            for path in key.values():
                if _end(kind, path) is None:
                    yield kind, f"Alternate key property '{kind.qualified_name}.{path}' does not exist."


def _end(kind: StructuredType, path: str) -> Property | None:
    way = kind.members(path)
    last = way[-1] if way else None
    return last if isinstance(last, Property) else None


def _can_be_key(prop: Property) -> bool:
    return isinstance(prop.type, EnumType) or (isinstance(prop.type, PrimitiveType) and prop.type.is_key_type)


def enums_are_integers(model: Model) -> Broken:
    """Section 10: the underlying type is an integer type and holds every member."""
    for kind in model.types.values():
        if isinstance(kind, EnumType):
            if kind.underlying.name not in _ENUM_UNDERLYING:
                yield kind, f"Enumeration '{kind.qualified_name}' cannot be based on {kind.underlying.name}."
                continue
            for member, value in kind.members.items():
                try:
                    kind.underlying.accept(value)
                except ValueError as error:
                    yield kind, f"Enumeration member '{kind.qualified_name}.{member}': {error}."


def facets_fit_types(model: Model) -> Broken:
    """Section 7.2: MaxLength is for text and bytes, Precision for decimals and times, Scale for decimals."""
    for kind in _structured(model):
        for prop in kind.own_properties.values():
            for facet in _foreign_facets(prop):
                where = f"Property '{kind.qualified_name}.{prop.name}' of type {prop.type_name}"
                yield prop, f"{where} cannot have {facet}."
    for definition in model.type_definitions.values():
        for facet in _foreign_facets(definition):
            name = f"Type definition '{definition.qualified_name}' of {definition.underlying.name}"
            yield definition, f"{name} cannot have {facet}."


def _foreign_facets(typed: Property | TypeDefinition) -> list[str]:
    kind = typed.underlying if isinstance(typed, TypeDefinition) else typed.type
    if isinstance(kind, PrimitiveType) and kind.name in _GENERIC:
        return []
    allowed = kind.facets if isinstance(kind, PrimitiveType) else frozenset()
    return [facet for facet in typed.facets if facet not in allowed]


def defaults_are_values(model: Model) -> Broken:
    """Section 7.2.7: a default is a value of the property's type."""
    for kind in _structured(model):
        for prop in kind.own_properties.values():
            if prop.default is not NOT_GIVEN:
                try:
                    prop.accept(prop.default)
                except ValueError as error:
                    yield prop, f"The default of property '{kind.qualified_name}.{prop.name}' does not fit: {error}."


def navigation_is_sound(model: Model) -> Broken:
    """Sections 8.4 and 8.5: partners point at each other, constraints name properties of one type."""
    for kind in _structured(model):
        for nav in kind.own_navigation.values():
            where = f"Navigation '{kind.qualified_name}.{nav.name}'"
            if nav.partner is not None:
                partner = _navigation_end(model, nav.target, nav.partner)
                if partner is None:
                    yield nav, f"{where}: '{nav.target.qualified_name}' has no navigation property '{nav.partner}'."
                elif not (isinstance(kind, ComplexType) or _meet(kind, partner.target)):
                    yield nav, f"{where}: its partner '{nav.partner}' does not lead back."
            for here, there in nav.on:
                mine, theirs = _end(kind, here), _end(nav.target, there)
                if mine is None or theirs is None:
                    yield nav, f"{where}: the pair '{here}' = '{there}' names a property that does not exist."
                elif mine.type is not theirs.type or mine.is_collection or theirs.is_collection:
                    yield nav, f"{where}: '{here}' and '{there}' differ in type."
            if nav.on_delete is not None and nav.on_delete not in _ON_DELETE:
                yield nav, f"{where}: '{nav.on_delete}' is nothing that can be done on delete."


def _navigation_end(model: Model, kind: StructuredType, path: str) -> NavigationProperty | None:
    """The navigation property that a partner's path ends in; the path may go through derived types."""
    current: StructuredType | None = kind
    *ways, last = path.split("/")
    for name in ways:
        cast = model.types.get(model.qualified(name)) if "." in name else None
        member = None if current is None else current.properties.get(name)
        target = cast if cast is not None else member.type if member is not None else None
        current = target if isinstance(target, StructuredType) else None
    return None if current is None else current.navigation.get(last)


def _meet(one: StructuredType, other: StructuredType) -> bool:
    return one.is_a(other) or other.is_a(one)


def sets_have_keys(model: Model) -> Broken:
    """Section 13: an entity set's type has a key."""
    for entity_set in model.entity_sets.values():
        if not entity_set.type.key:
            name = f"Entity set '{entity_set.name}'"
            yield entity_set, f"{name} has the type '{entity_set.type.qualified_name}', which has no key."


def container_names_are_unique(model: Model) -> Broken:
    """Section 13: entity sets, singletons and imports share the names under the service root."""
    taken: set[str] = set()
    for children in (model.entity_sets, model.singletons, model.imports):
        for name, child in children.items():
            if name in taken:
                yield child, f"The name '{name}' under the service root is taken."
        taken |= set(children)


def operations_are_sound(model: Model) -> Broken:
    """Section 12: who is bound has a binding parameter, and overloads can be told apart."""
    for overloads in model.operations.values():
        seen = set()
        for operation in overloads:
            where = f"{'Function' if operation.is_function else 'Action'} '{operation.qualified_name}'"
            binding = operation.binding
            if operation.is_bound and binding is None:
                yield operation, f"{where} is bound, so it needs a parameter to be bound to."
            names = frozenset(parameter.name for parameter in operation.parameters)
            told_apart_by = names if operation.is_function else None
            identity = (operation.is_function, binding and binding.type_name, told_apart_by)
            types = tuple(parameter.type_name for parameter in operation.parameters)
            if identity in seen and (not operation.is_function or (identity, types) in seen):
                yield operation, f"{where} has two overloads that nobody can tell apart."
            seen |= {identity, (identity, types)}
        if len({operation.is_function for operation in overloads}) > 1:
            yield overloads[0], f"'{overloads[0].qualified_name}' is both an action and a function."


MODEL_RULES: tuple[Rule, ...] = (
    names_are_identifiers,
    property_names_are_unique,
    entity_types_have_keys,
    keys_are_primitive,
    enums_are_integers,
    facets_fit_types,
    defaults_are_values,
    navigation_is_sound,
    sets_have_keys,
    container_names_are_unique,
    operations_are_sound,
)


def broken_rules(model: Model) -> list[tuple[object, str]]:
    """Every sentence of every rule with the part of the model that it is about, in the order of the rules."""
    return [found for rule in MODEL_RULES for found in rule(model)]
