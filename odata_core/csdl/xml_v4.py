# The model as a CSDL XML document of version 4.0 or 4.01 (CSDL XML Representation).
# Strategy: a function an element, in the order of the document; attributes are tables, where None means "not written".
# What only version 3 has comes out as what version 4 has for it: types by a table, service operations as functions and
# actions with imports.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from ..edm import (
    NOT_GIVEN,
    PRIMITIVE_TYPES,
    ComplexType,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    ModelError,
    NavigationProperty,
    Operation,
    Property,
    ReturnType,
    Singleton,
    StructuredType,
    TypeDefinition,
)
from .defaults import print_base64url
from .xml_writing import DECLARATION, NOT_XML, flag, sub_element, text_of

EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
CORE: Final = "Org.OData.Core.V1"
CORE_URL: Final = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml"

# Types that version 4 has under another name (4.0 Protocol, "What's New": DateTime and Time are gone).
TYPES_OF_V4: Final[Mapping[str, str]] = {"Edm.DateTime": "Edm.DateTimeOffset", "Edm.Time": "Edm.Duration"}
_FACETS: Final = ("MaxLength", "Unicode", "Precision", "Scale", "SRID")
_STREAM: Final = PRIMITIVE_TYPES["Edm.Stream"]


def write_xml_v4(model: Model, *, version: str = "4.0", key_as_segment: bool = False) -> bytes:
    """The $metadata document of a model in OData 4.0 or 4.01.

    `key_as_segment` announces that the service understands keys as path segments (Capabilities.KeyAsSegmentSupported).
    """
    root = ET.Element("edmx:Edmx", {"Version": version, "xmlns:edmx": EDMX})
    for namespace, url in _VOCABULARIES:
        reference = sub_element(root, "edmx:Reference", Uri=url)
        sub_element(reference, "edmx:Include", Namespace=namespace)
    services = sub_element(root, "edmx:DataServices")
    for namespace in _namespaces(model):
        own = next((alias for alias, one in model.aliases.items() if one == namespace), None)
        schema = sub_element(services, "Schema", Namespace=namespace, Alias=own, xmlns=EDM)
        _write_schema(schema, model, namespace, key_as_segment)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False)
    return DECLARATION + document


_CAPABILITIES: Final = "Org.OData.Capabilities.V1"
_VOCABULARIES: Final = (
    (CORE, CORE_URL),
    (_CAPABILITIES, CORE_URL.replace("Core", "Capabilities")),
)


def _namespaces(model: Model) -> list[str]:
    """Every namespace that something is declared in; the one of the container comes last."""
    declared: Iterable[Any] = [
        *model.types.values(),
        *model.type_definitions.values(),
        *model.terms.values(),
        *[one for overloads in model.operations.values() for one in overloads],
    ]
    return list(
        dict.fromkeys([*[one.namespace for one in declared if one.namespace != model.namespace], model.namespace])
    )


def _write_schema(schema: ET.Element, model: Model, namespace: str, key_as_segment: bool) -> None:
    kinds = [kind for kind in model.types.values() if kind.namespace == namespace]
    for definition in model.type_definitions.values():
        if definition.namespace == namespace:
            _write_type_definition(schema, definition)
    for kind in kinds:
        _WRITERS[type(kind)](schema, kind)
    for operations in model.operations.values():
        for operation in operations:
            if operation.namespace == namespace:
                _write_operation(schema, operation)
    for term in model.terms.values():
        if term.namespace == namespace:
            attributes = {"Name": term.name, **_typed(term), "BaseTerm": term.base}
            sub_element(schema, "Term", **attributes, AppliesTo=" ".join(term.applies_to) or None)
    if namespace == model.namespace and model.container:
        _write_container(schema, model, key_as_segment)


# ------------------------------------------------------------------ types


def _write_enum(schema: ET.Element, kind: EnumType) -> None:
    """<EnumType Name UnderlyingType IsFlags> <Member Name Value>* (10)"""
    underlying = kind.underlying.name if kind.underlying.name != "Edm.Int32" else None
    element = sub_element(schema, "EnumType", Name=kind.name, UnderlyingType=underlying, IsFlags=flag(kind.is_flags))
    for name, value in kind.members.items():
        sub_element(element, "Member", Name=name, Value=str(value))


def _write_type_definition(schema: ET.Element, definition: TypeDefinition) -> None:
    """<TypeDefinition Name UnderlyingType (facets)> (11)"""
    underlying = TYPES_OF_V4.get(definition.underlying.name, definition.underlying.name)
    sub_element(schema, "TypeDefinition", Name=definition.name, UnderlyingType=underlying, **_facets(definition.facets))


def _write_entity_type(schema: ET.Element, kind: EntityType) -> None:
    """<EntityType Name BaseType Abstract OpenType HasStream> Key? Property* NavigationProperty* (6)"""
    own_stream = kind.has_stream and not (kind.base is not None and kind.base.has_stream)
    element = sub_element(schema, "EntityType", **_structured(kind), HasStream=flag(own_stream))
    if kind.own_key:
        key = sub_element(element, "Key")
        for name in kind.own_key:
            path = kind.own_key_paths.get(name)
            sub_element(key, "PropertyRef", Name=path or name, Alias=name if path is not None else None)
    _write_members(element, kind)
    for alternate in kind.own_alternate_keys:
        _write_alternate_key(element, alternate)


def _write_alternate_key(element: ET.Element, key: Mapping[str, str]) -> None:
    """Core.AlternateKeys, one annotation for all of them."""
    term = f"{CORE}.AlternateKeys"
    annotation = next((one for one in element.findall("Annotation") if one.get("Term") == term), None)
    if annotation is None:
        annotation = sub_element(element, "Annotation", Term=term)
        sub_element(annotation, "Collection")
    record = sub_element(annotation[0], "Record")
    parts = sub_element(sub_element(record, "PropertyValue", Property="Key"), "Collection")
    for name, path in key.items():
        part = sub_element(parts, "Record")
        sub_element(part, "PropertyValue", Property="Name", PropertyPath=path)
        sub_element(part, "PropertyValue", Property="Alias", String=name)


def _write_complex_type(schema: ET.Element, kind: ComplexType) -> None:
    """<ComplexType Name BaseType Abstract OpenType> (9)"""
    _write_members(sub_element(schema, "ComplexType", **_structured(kind)), kind)


_WRITERS: Final[Mapping[type, Any]] = {
    EnumType: _write_enum,
    EntityType: _write_entity_type,
    ComplexType: _write_complex_type,
}


def _structured(kind: StructuredType) -> dict[str, str | None]:
    own_open = kind.is_open and not (kind.base is not None and kind.base.is_open)
    return {
        "Name": kind.name,
        "BaseType": kind.base.qualified_name if kind.base is not None else None,
        "Abstract": flag(kind.is_abstract),
        "OpenType": flag(own_open),
    }


def _write_members(element: ET.Element, kind: StructuredType) -> None:
    for prop in kind.own_properties.values():
        _write_property(element, prop, f"{kind.qualified_name}.{prop.name}")
    for navigation in kind.own_navigation.values():
        _write_navigation(element, navigation)


def _write_property(element: ET.Element, prop: Property, where: str) -> None:
    """<Property Name Type Nullable DefaultValue (facets)> (7)"""
    written = sub_element(element, "Property", Name=prop.name, **_typed(prop), DefaultValue=_default(prop, where))
    if prop.is_generated:
        sub_element(written, "Annotation", Term=f"{CORE}.Computed", Bool="true")


def _typed(typed: Any) -> dict[str, str | None]:
    """Type, Nullable and facets of properties, parameters, results and terms."""
    facets = {} if typed.type_definition is not None else typed.facets
    required = not typed.nullable and not typed.is_collection
    return {"Type": _type_name(typed), "Nullable": "false" if required else None, **_facets(facets)}


def _type_name(typed: Any) -> str:
    name: str = typed.type_name
    if typed.is_collection:
        return f"Collection({TYPES_OF_V4.get(name[11:-1], name[11:-1])})"
    return TYPES_OF_V4.get(name, name)


def _facets(facets: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: text_of(facets[name]) for name in _FACETS if name in facets}


def _default(prop: Property, where: str) -> str | None:
    value = None if prop.default is NOT_GIVEN else prop.accept(prop.default)
    if value is None or isinstance(value, list | Mapping):
        return None
    text = print_base64url(value) if isinstance(value, bytes) else text_of(value)
    if NOT_XML.search(text):
        raise ModelError(f"The default of the property '{where}' has a character that XML cannot hold.")
    return text


def _write_navigation(element: ET.Element, navigation: NavigationProperty) -> None:
    """<NavigationProperty Name Type Nullable Partner ContainsTarget> ReferentialConstraint* OnDelete? (8)"""
    required = not navigation.nullable and not navigation.is_collection
    written = sub_element(
        element,
        "NavigationProperty",
        Name=navigation.name,
        Type=navigation.type_name,
        Nullable="false" if required else None,
        Partner=navigation.partner,
        ContainsTarget=flag(navigation.contains_target),
    )
    for here, there in () if _is_told_by_partner(navigation) else navigation.on:
        sub_element(written, "ReferentialConstraint", Property=here, ReferencedProperty=there)
    if navigation.on_delete is not None:
        sub_element(written, "OnDelete", Action=navigation.on_delete)


def _is_told_by_partner(navigation: NavigationProperty) -> bool:
    """A constraint is said once, at the side that depends on the other one (8.5)."""
    partner = navigation.target.navigation.get(navigation.partner or "")
    return navigation.is_collection and partner is not None and bool(partner.on)


# ------------------------------------------------------------------ operations


def _write_operation(schema: ET.Element, operation: Operation) -> None:
    """<Action> and <Function> (12)"""
    element = sub_element(
        schema,
        "Function" if operation.is_function else "Action",
        Name=operation.name,
        IsBound=flag(operation.is_bound),
        EntitySetPath=operation.entity_set_path,
        IsComposable=flag(operation.is_composable and operation.is_function),
    )
    for parameter in operation.parameters:
        written = sub_element(element, "Parameter", Name=parameter.name, **_typed(parameter))
        if parameter.is_optional:
            sub_element(written, "Annotation", Term=f"{CORE}.OptionalParameter")
    if operation.returns is not None:
        _write_return(element, operation.returns)


def _write_return(element: ET.Element, returns: ReturnType) -> None:
    sub_element(element, "ReturnType", **_typed(returns))


# ------------------------------------------------------------------ the container


def _write_container(schema: ET.Element, model: Model, key_as_segment: bool) -> None:
    """<EntityContainer Name> EntitySet* Singleton* ActionImport* FunctionImport* (13)"""
    container = sub_element(schema, "EntityContainer", Name=model.container)
    for entity_set in model.entity_sets.values():
        listed = None if entity_set.in_service_document else "false"
        element = sub_element(
            container,
            "EntitySet",
            Name=entity_set.name,
            EntityType=entity_set.type.qualified_name,
            IncludeInServiceDocument=listed,
        )
        _write_source(element, entity_set)
    for singleton in model.singletons.values():
        nullable = flag(singleton.nullable)
        element = sub_element(
            container, "Singleton", Name=singleton.name, Type=singleton.type.qualified_name, Nullable=nullable
        )
        _write_source(element, singleton)
    for imported in model.imports.values():
        kind = "Function" if imported.is_function else "Action"
        element = sub_element(container, f"{kind}Import", Name=imported.name)
        element.set(kind, imported.operations[0].qualified_name)
        if imported.entity_set is not None:
            element.set("EntitySet", imported.entity_set.name)
        if imported.in_service_document:
            element.set("IncludeInServiceDocument", "true")
    if key_as_segment:
        sub_element(container, "Annotation", Term=f"{_CAPABILITIES}.KeyAsSegmentSupported", Bool="true")


def _write_source(element: ET.Element, source: EntitySet | Singleton) -> None:
    """Where the targets of navigation live (13.4), and what an ETag stands for."""
    targets = {path: target.name for path, target in source.bindings.items()}
    targets |= {
        path: target if isinstance(target, str) else target.name for path, target in source.other_bindings.items()
    }
    for path, target in targets.items():
        sub_element(element, "NavigationPropertyBinding", Path=path, Target=target)
    if source.concurrency_tokens is not None:
        annotation = sub_element(element, "Annotation", Term=f"{CORE}.OptimisticConcurrency")
        tokens = sub_element(annotation, "Collection")
        for path in source.concurrency_tokens:
            sub_element(tokens, "PropertyPath").text = path
