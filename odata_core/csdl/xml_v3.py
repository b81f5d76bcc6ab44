# The model as a CSDL v3 document, as WCF Data Services writes its $metadata.
# Strategy: a function an element, in the order of the document; attributes are tables, where None means "not written".
# Names carry the customary prefixes, declared where WCF declares them, because old clients compare prefixes as text.
# What v3 cannot say is refused with the name of the culprit, since a document that says something else would lie.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from ..edm import (
    NOT_GIVEN,
    PRIMITIVE_TYPES,
    ComplexType,
    EntityType,
    EnumType,
    Model,
    ModelError,
    NavigationProperty,
    PrimitiveType,
    Property,
    StructuredType,
)
from .associations import Association, Constraint, association_sets, associations_of
from .xml_writing import DECLARATION, FACETS, NOT_XML, flag, sub_element, text_of

EDMX: Final = "http://schemas.microsoft.com/ado/2007/06/edmx"
METADATA: Final = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
EDM_V3: Final = "http://schemas.microsoft.com/ado/2009/11/edm"
ANNOTATION: Final = "http://schemas.microsoft.com/ado/2009/02/edm/annotation"
URL_CONVENTIONS: Final = "Com.Microsoft.Data.Services.Conventions.V1.UrlConventions"

_STREAM: Final = PRIMITIVE_TYPES["Edm.Stream"]

Navigations = Mapping[NavigationProperty, Association]


def write_xml_v3(model: Model, *, key_as_segment: bool = False) -> bytes:
    """The $metadata document of a model in OData 1.0 to 3.0, or ModelError where v3 cannot say the model.

    `key_as_segment` announces that the service understands keys as path segments (`Customers/5`).
    """
    associations = associations_of(model)
    root = ET.Element("edmx:Edmx", {"Version": "1.0", "xmlns:edmx": EDMX})
    versions = {"m:DataServiceVersion": "3.0", "m:MaxDataServiceVersion": "3.0", "xmlns:m": METADATA}
    services = ET.SubElement(root, "edmx:DataServices", versions)
    for namespace in dict.fromkeys([*(kind.namespace for kind in model.types.values()), model.namespace]):
        schema = sub_element(services, "Schema", Namespace=namespace, xmlns=EDM_V3)
        _write_types(schema, (kind for kind in model.types.values() if kind.namespace == namespace), associations)
        for association in dict.fromkeys(associations.values()):
            if association.namespace == namespace:
                _write_association(schema, association)
        if namespace == model.namespace:
            _write_container(schema, model, associations, key_as_segment)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False)
    return DECLARATION + document


def _write_types(
    schema: ET.Element, kinds: Iterable[EntityType | ComplexType | EnumType], associations: Navigations
) -> None:
    """Entity types first, then complex types, then enumerations, each in the order of the model."""
    in_order = list(kinds)
    for entity in (kind for kind in in_order if isinstance(kind, EntityType)):
        _write_entity_type(schema, entity, associations)
    for complex_type in (kind for kind in in_order if isinstance(kind, ComplexType)):
        _write_complex_type(schema, complex_type)
    for enum in (kind for kind in in_order if isinstance(kind, EnumType)):
        _write_enum_type(schema, enum)


def _write_entity_type(schema: ET.Element, kind: EntityType, associations: Navigations) -> None:
    """<EntityType Name BaseType Abstract OpenType m:HasStream> Key? Property* NavigationProperty*"""
    element = sub_element(schema, "EntityType", **_type_attributes(kind), OpenType=flag(kind.is_open))
    if kind.has_stream:
        element.set("m:HasStream", "true")
    if kind.own_key:
        key = sub_element(element, "Key")
        for name in kind.own_key:
            sub_element(key, "PropertyRef", Name=name)
    _write_properties(element, kind)
    for navigation in kind.own_navigation.values():
        association = associations[navigation]
        here, there = association.ends_from(navigation)
        sub_element(
            element,
            "NavigationProperty",
            Name=navigation.name,
            Relationship=association.qualified_name,
            ToRole=there.role,
            FromRole=here.role,
        )


def _write_complex_type(schema: ET.Element, kind: ComplexType) -> None:
    """<ComplexType Name BaseType Abstract> Property*"""
    if kind.is_open:
        raise ModelError(f"CSDL v3 cannot say that the complex type '{kind.qualified_name}' is open.")
    _write_properties(sub_element(schema, "ComplexType", **_type_attributes(kind)), kind)


def _type_attributes(kind: StructuredType) -> dict[str, str | None]:
    base = kind.base.qualified_name if kind.base is not None else None
    return {"Name": kind.name, "BaseType": base, "Abstract": flag(kind.is_abstract)}


def _write_enum_type(schema: ET.Element, kind: EnumType) -> None:
    """<EnumType Name IsFlags UnderlyingType> <Member Name Value>*"""
    underlying = kind.underlying.name if kind.underlying.name != "Edm.Int32" else None
    element = sub_element(schema, "EnumType", Name=kind.name, IsFlags=flag(kind.is_flags), UnderlyingType=underlying)
    for name, value in kind.members.items():
        sub_element(element, "Member", Name=name, Value=str(value))


def _write_properties(element: ET.Element, kind: StructuredType) -> None:
    for prop in kind.own_properties.values():
        _write_property(element, prop, f"{kind.qualified_name}.{prop.name}")


def _write_property(element: ET.Element, prop: Property, where: str) -> None:
    """<Property Name Type Nullable DefaultValue (facets) annotation:StoreGeneratedPattern>"""
    if isinstance(prop.type, PrimitiveType) and "v3" not in prop.type.families:
        raise ModelError(f"CSDL v3 cannot say the property '{where}': the type {prop.type.name} came with v4.")
    # WCF writes every named stream as not nullable, although reading one may well answer 204.
    required = not prop.nullable or prop.type is _STREAM
    facets = {name: text_of(prop.facets[name]) for name in FACETS if name in prop.facets}
    written = sub_element(
        element,
        "Property",
        Name=prop.name,
        Type=prop.type_name,
        Nullable="false" if required else None,
        DefaultValue=_default(prop, where),
        **facets,
    )
    if prop.is_generated:
        written.set("annotation:StoreGeneratedPattern", "Identity")
        written.set("xmlns:annotation", ANNOTATION)


def _default(prop: Property, where: str) -> str | None:
    """The default as text. Null needs none, and v3 has no spelling for collections, complex values and places."""
    value = None if prop.default is NOT_GIVEN else prop.accept(prop.default)
    if value is None or isinstance(value, list | Mapping):
        return None
    text = text_of(value)
    if NOT_XML.search(text):
        raise ModelError(f"The default of the property '{where}' has a character that XML cannot hold.")
    return text


def _write_association(schema: ET.Element, association: Association) -> None:
    """<Association Name> <End Type Role Multiplicity> twice, ReferentialConstraint?"""
    element = sub_element(schema, "Association", Name=association.name)
    for end in association.ends:
        sub_element(element, "End", Type=end.type.qualified_name, Role=end.role, Multiplicity=end.multiplicity)
    if association.constraint is not None:
        _write_constraint(element, association.constraint)


def _write_constraint(association: ET.Element, constraint: Constraint) -> None:
    """<ReferentialConstraint> <Principal Role> PropertyRef+, <Dependent Role> PropertyRef+"""
    element = sub_element(association, "ReferentialConstraint")
    sides = (
        ("Principal", constraint.principal, constraint.principal.type.key),
        ("Dependent", constraint.dependent, constraint.dependent_properties),
    )
    for tag, end, names in sides:
        side = sub_element(element, tag, Role=end.role)
        for name in names:
            sub_element(side, "PropertyRef", Name=name)


def _write_container(schema: ET.Element, model: Model, associations: Navigations, key_as_segment: bool) -> None:
    """<EntityContainer Name m:IsDefaultEntityContainer> EntitySet* AssociationSet* ValueAnnotation?"""
    container = sub_element(schema, "EntityContainer", Name=model.container)
    container.set("m:IsDefaultEntityContainer", "true")
    for entity_set in model.entity_sets.values():
        sub_element(container, "EntitySet", Name=entity_set.name, EntityType=entity_set.type.qualified_name)
    for name, association, sets in association_sets(model, associations):
        element = sub_element(container, "AssociationSet", Name=name, Association=association.qualified_name)
        for end, bound in zip(association.ends, sets, strict=True):
            sub_element(element, "End", Role=end.role, EntitySet=bound.name)
    if key_as_segment:
        sub_element(container, "ValueAnnotation", Term=URL_CONVENTIONS, String="KeyAsSegment")
