# The model as CSDL v3 XML: the $metadata of an OData 3.0 service, in the shape that WCF Data Services writes.
# Version 3 has no navigation between types by itself: each navigation is one end of an association, which partners
# share, and which the container repeats as an association set.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from ..edm import (
    NOT_GIVEN,
    ComplexType,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    ModelError,
    NavigationProperty,
    PrimitiveType,
    Property,
    StructuredType,
)
from ..edm.primitives import V3

EDMX: Final = "http://schemas.microsoft.com/ado/2007/06/edmx"
EDM: Final = "http://schemas.microsoft.com/ado/2009/11/edm"
METADATA: Final = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
ANNOTATION: Final = "http://schemas.microsoft.com/ado/2009/02/edm/annotation"
KEY_AS_SEGMENT_TERM: Final = "Com.Microsoft.Data.Services.Conventions.V1.UrlConventions"

for _prefix, _namespace in (("edmx", EDMX), ("m", METADATA), ("annotation", ANNOTATION)):
    register_namespace(_prefix, _namespace)


@dataclass(frozen=True, slots=True)
class Association:
    """One association: the navigation that names it, and its partner's where there is one."""

    name: str
    source: EntityType
    navigation: NavigationProperty
    partner: NavigationProperty | None

    @property
    def roles(self) -> tuple[str, str]:
        """The roles of the source and of the target; distinct also where both have one type."""
        target = self.navigation.name
        return self.source.name if self.source.name != target else f"{target}_Source", target


def write_xml_v3(model: Model, *, key_as_segment: bool = False) -> bytes:
    """The document as UTF-8. ModelError for a type that version 3 does not know."""
    root = Element(f"{{{EDMX}}}Edmx", Version="1.0")
    services = SubElement(root, f"{{{EDMX}}}DataServices")
    services.set(f"{{{METADATA}}}DataServiceVersion", "3.0")
    services.set(f"{{{METADATA}}}MaxDataServiceVersion", "3.0")
    schema = SubElement(services, "Schema", xmlns=EDM, Namespace=model.namespace)
    associations = list(_associations(model))
    for kind in model.types.values():
        _write_type(schema, kind, associations, model)
    for association in associations:
        _write_association(schema, association)
    _write_container(schema, model, associations, key_as_segment=key_as_segment)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _associations(model: Model) -> Iterator[Association]:
    """One for each navigation, but one only for two that are partners."""
    done: set[tuple[EntityType, str]] = set()
    for kind in model.types.values():
        if not isinstance(kind, EntityType):
            continue
        for nav in kind.own_navigation.values():
            if (kind, nav.name) in done:
                continue
            partner = nav.target.navigation.get(nav.partner) if nav.partner is not None else None
            if partner is not None:
                done.add((nav.target, partner.name))
            yield Association(f"{kind.name}_{nav.name}", kind, nav, partner)


def _write_type(
    schema: Element, kind: EntityType | ComplexType | EnumType, associations: list[Association], model: Model
) -> None:
    match kind:
        case EnumType():
            _write_enum(schema, kind)
        case EntityType():
            element = _structured(schema, "EntityType", kind)
            if kind.has_stream:
                element.set(f"{{{METADATA}}}HasStream", "true")
            if kind.own_key:
                key = SubElement(element, "Key")
                for name in kind.own_key:
                    SubElement(key, "PropertyRef", Name=name)
            _write_properties(element, kind)
            for nav in kind.own_navigation.values():
                _write_navigation(element, kind, nav, associations, model)
        case ComplexType():
            _write_properties(_structured(schema, "ComplexType", kind), kind)


def _structured(schema: Element, tag: str, kind: StructuredType) -> Element:
    element = SubElement(schema, tag, Name=kind.name)
    if kind.base is not None:
        element.set("BaseType", kind.base.qualified_name)
    if kind.is_abstract:
        element.set("Abstract", "true")
    if kind.is_open:
        element.set("OpenType", "true")
    return element


def _write_enum(schema: Element, kind: EnumType) -> None:
    element = SubElement(schema, "EnumType", Name=kind.name, UnderlyingType=kind.underlying.name)
    if kind.is_flags:
        element.set("IsFlags", "true")
    for name, value in kind.members.items():
        SubElement(element, "Member", Name=name, Value=str(value))


def _write_properties(element: Element, kind: StructuredType) -> None:
    for prop in kind.own_properties.values():
        if isinstance(prop.type, PrimitiveType) and not prop.type.families & V3:
            raise ModelError(
                f"OData 3.0 has no type {prop.type.name}, which '{kind.qualified_name}.{prop.name}' is of."
            )
        written = SubElement(element, "Property", Name=prop.name, Type=prop.type_name)
        if not prop.nullable:
            written.set("Nullable", "false")
        if prop.default is not NOT_GIVEN:
            written.set("DefaultValue", _default_text(prop))
        for facet, value in prop.facets.items():
            written.set(facet, str(value))
        if prop.is_generated:
            written.set(f"{{{ANNOTATION}}}StoreGeneratedPattern", "Identity")


def _default_text(prop: Property) -> str:
    value = prop.default
    return str(value).lower() if isinstance(value, bool) else str(value)


def _write_navigation(
    element: Element, kind: EntityType, nav: NavigationProperty, associations: list[Association], model: Model
) -> None:
    for association in associations:
        source, target = association.roles
        if association.navigation is nav and association.source is kind:
            break
        if association.partner is nav:
            source, target = target, source
            break
    else:
        raise AssertionError(f"{nav.name} is in no association")
    SubElement(
        element,
        "NavigationProperty",
        Name=nav.name,
        Relationship=f"{model.namespace}.{association.name}",
        FromRole=source,
        ToRole=target,
    )


def _multiplicity(nav: NavigationProperty | None) -> str:
    """How many entities a navigation leads to; without one, any number (CSDL 3.0, 8.2.2)."""
    if nav is None or nav.is_collection:
        return "*"
    return "0..1" if nav.nullable else "1"


def _write_association(schema: Element, association: Association) -> None:
    source, target = association.roles
    nav, partner = association.navigation, association.partner
    # A to-many navigation by constraint comes from the one principal; without a partner to say so, the pairs do.
    source_many = _multiplicity(partner) if partner is not None or not nav.is_collection else "0..1" if nav.on else "*"
    element = SubElement(schema, "Association", Name=association.name)
    SubElement(element, "End", Type=association.source.qualified_name, Role=source, Multiplicity=source_many)
    SubElement(element, "End", Type=nav.target.qualified_name, Role=target, Multiplicity=_multiplicity(nav))
    ends = ((source, association.source, [a for a, _ in nav.on]), (target, nav.target, [b for _, b in nav.on]))
    for (role, kind, names), (other_role, _kind, other_names) in (ends, ends[::-1]):
        # The principal is the end whose whole key the pairs name (CSDL 3.0, 8.3).
        if nav.on and set(names) == set(kind.key):
            constraint = SubElement(element, "ReferentialConstraint")
            pairs = sorted(zip(names, other_names, strict=True), key=lambda pair: kind.key.index(pair[0]))
            _write_role(constraint, "Principal", role, [pair[0] for pair in pairs])
            _write_role(constraint, "Dependent", other_role, [pair[1] for pair in pairs])
            return


def _write_role(constraint: Element, tag: str, role: str, names: list[str]) -> None:
    element = SubElement(constraint, tag, Role=role)
    for name in names:
        SubElement(element, "PropertyRef", Name=name)


def _write_container(schema: Element, model: Model, associations: list[Association], *, key_as_segment: bool) -> None:
    container = SubElement(schema, "EntityContainer", Name=model.container)
    container.set(f"{{{METADATA}}}IsDefaultEntityContainer", "true")
    for entity_set in model.entity_sets.values():
        SubElement(container, "EntitySet", Name=entity_set.name, EntityType=entity_set.type.qualified_name)
    for association in associations:
        for source in _sets_of(model.entity_sets, association):
            _write_association_set(container, model, association, source)
    if key_as_segment:
        SubElement(container, "ValueAnnotation", Term=KEY_AS_SEGMENT_TERM, String="KeyAsSegment")


def _sets_of(sets: Mapping[str, EntitySet], association: Association) -> list[EntitySet]:
    return [
        entity_set
        for entity_set in sets.values()
        if entity_set.type.is_a(association.source) and association.navigation.name in entity_set.bindings
    ]


def _write_association_set(container: Element, model: Model, association: Association, source: EntitySet) -> None:
    target: Any = source.bindings[association.navigation.name]
    roles = association.roles
    element = SubElement(
        container,
        "AssociationSet",
        Name=f"{source.name}_{association.name}",
        Association=f"{model.namespace}.{association.name}",
    )
    SubElement(element, "End", Role=roles[0], EntitySet=source.name)
    SubElement(element, "End", Role=roles[1], EntitySet=target.name)
