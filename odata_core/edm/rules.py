# The rules of a valid model, each a function from the model to sentences about what breaks it.
# Sections are those of OData CSDL 4.01 unless said otherwise; the v3 rules are the same where both have them.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .model import Model
from .primitives import PrimitiveType
from .types import NOT_GIVEN, EntityType, EnumType, StructuredType

Rule = Callable[[Model], Iterator[str]]

# odataIdentifier of the ABNF: a letter or underscore, then up to 127 letters, digits or underscores.
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,127}")
_ENUM_UNDERLYING = {"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"}


def _structured(model: Model) -> Iterator[StructuredType]:
    return (kind for kind in model.types.values() if isinstance(kind, StructuredType))


def _entities(model: Model) -> Iterator[EntityType]:
    return (kind for kind in model.types.values() if isinstance(kind, EntityType))


def names_are_identifiers(model: Model) -> Iterator[str]:
    """Section 17.2: simple identifiers."""
    names = [("namespace part", part) for part in model.namespace.split(".")]
    names += [("container", model.container)]
    names += [("type", kind.name) for kind in model.types.values()]
    names += [("entity set", name) for name in model.entity_sets]
    names += [("property", name) for kind in _structured(model) for name in kind.own_properties]
    names += [("navigation property", name) for kind in _entities(model) for name in kind.own_navigation]
    for what, name in names:
        if not _IDENTIFIER.fullmatch(name):
            yield f"The {what} name '{name}' is not an identifier: letters, digits and underscores, up to 128."


def property_names_are_unique(model: Model) -> Iterator[str]:
    """Sections 7 and 8: one name for one member of a type, base types included (v3: not the type's own name)."""
    for kind in _structured(model):
        navigation = kind.own_navigation if isinstance(kind, EntityType) else {}
        inherited = {} if kind.base is None else {**kind.base.properties, **getattr(kind.base, "navigation", {})}
        for name in (*kind.own_properties, *navigation):
            if name in inherited:
                yield f"Property '{kind.qualified_name}.{name}' is already declared by a base type."
        for name in navigation:
            if name in kind.own_properties:
                yield f"'{kind.qualified_name}.{name}' is both a property and a navigation property."


def entity_types_have_keys(model: Model) -> Iterator[str]:
    """Section 6.5: a key is needed unless the type is abstract; a base's key is not declared again."""
    for kind in _entities(model):
        if not kind.key and not kind.is_abstract:
            yield f"Entity type '{kind.qualified_name}' needs a key."
        if kind.own_key and kind.base is not None and kind.base.key:
            yield f"Entity type '{kind.qualified_name}' declares a key, but its base type has one."


def keys_are_primitive(model: Model) -> Iterator[str]:
    """Section 6.5: key properties exist, are primitive or enumerations, single and not nullable."""
    for kind in _entities(model):
        for name in kind.own_key:
            prop = kind.properties.get(name)
            if prop is None:
                yield f"Key property '{kind.qualified_name}.{name}' does not exist."
            elif prop.is_collection or not (
                isinstance(prop.type, EnumType) or (isinstance(prop.type, PrimitiveType) and prop.type.is_key_type)
            ):
                yield f"Key property '{kind.qualified_name}.{name}' has type {prop.type_name}, which cannot be a key."
            elif prop.nullable:
                yield f"Key property '{kind.qualified_name}.{name}' must not be nullable."


def enums_are_integers(model: Model) -> Iterator[str]:
    """Section 10: the underlying type is an integer type and holds every member."""
    for kind in model.types.values():
        if isinstance(kind, EnumType):
            if kind.underlying.name not in _ENUM_UNDERLYING:
                yield f"Enumeration '{kind.qualified_name}' cannot be based on {kind.underlying.name}."
                continue
            for member, value in kind.members.items():
                try:
                    kind.underlying.accept(value)
                except ValueError as error:
                    yield f"Enumeration member '{kind.qualified_name}.{member}': {error}."


def facets_fit_types(model: Model) -> Iterator[str]:
    """Section 7.2: MaxLength is for text and bytes, Precision for decimals and times, Scale for decimals."""
    for kind in _structured(model):
        for prop in kind.own_properties.values():
            allowed = prop.type.facets if isinstance(prop.type, PrimitiveType) else frozenset()
            for facet in prop.facets:
                if facet not in allowed:
                    yield f"Property '{kind.qualified_name}.{prop.name}' of type {prop.type_name} cannot have {facet}."


def defaults_are_values(model: Model) -> Iterator[str]:
    """Section 7.2.7: a default is a value of the property's type."""
    for kind in _structured(model):
        for prop in kind.own_properties.values():
            if prop.default is not NOT_GIVEN:
                try:
                    prop.accept(prop.default)
                except ValueError as error:
                    yield f"The default of property '{kind.qualified_name}.{prop.name}' does not fit: {error}."


def navigation_is_sound(model: Model) -> Iterator[str]:
    """Sections 8.4 and 8.5: partners point at each other, constraints name properties of one type."""
    for kind in _entities(model):
        for nav in kind.own_navigation.values():
            where = f"Navigation '{kind.qualified_name}.{nav.name}'"
            if nav.partner is not None:
                partner = nav.target.navigation.get(nav.partner)
                if partner is None:
                    yield f"{where}: '{nav.target.qualified_name}' has no navigation property '{nav.partner}'."
                elif not (kind.is_a(partner.target) or partner.target.is_a(kind)):
                    yield f"{where}: its partner '{nav.partner}' does not lead back."
            for here, there in nav.on:
                mine, theirs = kind.properties.get(here), nav.target.properties.get(there)
                if mine is None or theirs is None:
                    yield f"{where}: the pair '{here}' = '{there}' names a property that does not exist."
                elif mine.type is not theirs.type or mine.is_collection or theirs.is_collection:
                    yield f"{where}: '{here}' and '{there}' differ in type."


def sets_have_keys(model: Model) -> Iterator[str]:
    """Section 13: an entity set's type has a key."""
    for entity_set in model.entity_sets.values():
        if not entity_set.type.key:
            yield f"Entity set '{entity_set.name}' has the type '{entity_set.type.qualified_name}', which has no key."


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
)


def broken_rules(model: Model) -> list[str]:
    """Every sentence of every rule, in the order of the rules."""
    return [sentence for rule in MODEL_RULES for sentence in rule(model)]
