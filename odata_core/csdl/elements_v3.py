# The model as the elements of CSDL 1.0 to 3.0. Sections are those of [MC-CSDL].
# Strategy: a function an element, in the order that WCF Data Services writes. What version 4 says on navigation
# properties is spread over associations and association sets; operations are function imports.
# What version 3 has under another name is a table (V3.types); what it cannot say at all is listed.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..edm import (
    PRIMITIVE_TYPES,
    Annotation,
    ComplexType,
    EntityType,
    EnumType,
    Model,
    NavigationProperty,
    PrimitiveType,
    Property,
    StructuredType,
)
from ..edm.annotations import Record
from ..edm.paths import member_path, operation_path, return_path, schema_path
from .associations import Association, Associations, Constraint, associations_of
from .containers_v3 import Containers, Wishes, typed_of, write_parameters, write_return
from .defaults import write_default_v3
from .expressions import is_of_v3, write_annotation, write_property_values, write_value
from .markup import EDM_V4, EDMX_V3, EDMX_V4, METADATA, Element
from .names import Names
from .writing import Language, Parts, Writing, flag, namespaces_of, parts_of, reversed_aliases

EDM: Final = "http://schemas.microsoft.com/ado/2009/11/edm"
EDM_V2: Final = "http://schemas.microsoft.com/ado/2008/09/edm"

V3: Final = Language(
    name="CSDL v3",
    namespace=EDM,
    # A date is a moment at midnight; a duration of less than a day is a time, as a time of day is.
    types={
        "Edm.Date": "Edm.DateTime",
        "Edm.Duration": "Edm.Time",
        "Edm.TimeOfDay": "Edm.Time",
        **dict.fromkeys(
            """Edm.PrimitiveType Edm.Untyped Edm.AnnotationPath Edm.AnyPropertyPath Edm.ModelElementPath
            Edm.NavigationPropertyPath Edm.PropertyPath""".split()
        ),
    },
    facets=("MaxLength", "FixedLength", "Unicode", "Precision", "Scale", "SRID", "Collation"),
    write_default=write_default_v3,
)
# Places, streams and enumerations came with version 3.
V2: Final = replace(
    V3,
    name="CSDL v2",
    namespace=EDM_V2,
    types={**V3.types, **dict.fromkeys(n for n in PRIMITIVE_TYPES if n == "Edm.Stream" or n.startswith("Edm.Geo"))},
)
LANGUAGES: Final[Mapping[str, Language]] = {"1.0": V2, "2.0": V2, "3.0": V3}

_STREAM: Final = PRIMITIVE_TYPES["Edm.Stream"]


def elements_v3(
    model: Model, *, version: str | None = None, key_as_segment: bool = False, strict: bool = True
) -> tuple[Element, Writing]:
    """The root element of the document of a model, and what was lost on the way.

    Without a version, it is what the document said that the model comes from, else 3.0.
    """
    said = model.foreign.get("$DataServices")
    own = None if said is None else said.attributes.get(f"{METADATA} DataServiceVersion")
    language = _language_of(model, own or "3.0") if version is None else LANGUAGES[version]
    writing = Writing(model, language, Names({}), _annotate)
    root = Element("Edmx", EDMX_V3, {"Version": "1.0"})
    services = root.add("DataServices")
    if version is None and own is not None:
        writing.beside(services, "$DataServices")
    else:
        last = version or "3.0"
        services.attributes |= {"m:DataServiceVersion": last, "m:MaxDataServiceVersion": "3.0"}
        writing.said.add("$DataServices")
    associations = associations_of(model)
    writing.lost += associations.lost
    wishes = Wishes(key_as_segment, strict, version is not None and language is V2)
    aliases = reversed_aliases(model.aliases)
    parts = parts_of(model)
    by_namespace: dict[str, list[Association]] = {}
    for association in associations.all:
        by_namespace.setdefault(association.namespace, []).append(association)
    for namespace in _namespaces(model, parts):
        alias = {"Alias": aliases[namespace]} if namespace in aliases else {}
        schema = Element("Schema", language.namespace, {"Namespace": namespace} | alias, parent=services)
        services.children.append(schema)
        _Schema(writing, schema, namespace, parts, associations, wishes).write(by_namespace.get(namespace, []))
    _write_apart(writing, services)
    _write_references(writing, root)
    return root, writing


def _language_of(model: Model, said: str) -> Language:
    """That of the document of a model: of an older year where nothing in it came with version 3."""
    members = [
        prop
        for kind in model.types.values()
        if isinstance(kind, StructuredType)
        for prop in kind.own_properties.values()
    ]
    is_new = any(isinstance(kind, EnumType) for kind in model.types.values()) or any(
        prop.is_collection or V2.types.get(prop.type_name, "") is None for prop in members
    )
    return V3 if is_new else replace(V3, namespace=LANGUAGES.get(said, V3).namespace)


def _namespaces(model: Model, parts: Parts) -> list[str]:
    """All namespaces of the document; operations of other containers are function imports of them.

    What belongs to other documents comes along where it is needed: documents of version 3 refer to none.
    """
    if model.schemas:
        found = dict.fromkeys(model.schemas)
        waiting = list(model.schemas)
        while waiting:
            more = _needed(model, parts, waiting.pop())
            waiting += [name for name in more if name not in found]
            found |= dict.fromkeys(more)
        return list(found)
    inner = set(model.containers.values())
    kinds = [kind.namespace for kind in model.types.values()]
    return list(dict.fromkeys([*kinds, *[name for name in namespaces_of(model) if name not in inner]]))


def _needed(model: Model, parts: Parts, namespace: str) -> list[str]:
    """The namespaces of the types that a schema names."""
    kinds: list[Any] = []
    for kind in parts.types.get(namespace, ()):
        if isinstance(kind, StructuredType):
            kinds += [kind.base, *[prop.type for prop in kind.own_properties.values()]]
            kinds += [way.target for way in kind.own_navigation.values()]
    for operation in parts.operations.get(namespace, ()):
        kinds += [one.type for one in (*operation.parameters, operation.returns) if one is not None]
    if namespace == model.namespace:
        kinds += [source.type for source in model.entity_sets.values()]
    return [kind.namespace for kind in kinds if isinstance(kind, StructuredType | EnumType) and kind.namespace != "Edm"]


# ------------------------------------------------------------------ what stands beside the schemas


def _write_references(writing: Writing, root: Element) -> None:
    """<edmx:Reference Uri> Include* as SAP has them in documents of version 2: in the vocabulary of version 4."""
    found = []
    for reference in writing.model.references:
        element = Element("Reference", EDMX_V4, {"Uri": reference.uri}, parent=root)
        for include in reference.includes:
            element.add("Include", Namespace=include.namespace, Alias=include.alias or None)
        found.append(element)
    root.children[:0] = found


def _annotate(writing: Writing, element: Element, path: str, annotation: Annotation) -> None:
    """<ValueAnnotation Term Qualifier> or <TypeAnnotation>; what they cannot say is borrowed from version 4, apart."""
    term, value = annotation.term, annotation.value
    if annotation.annotations or not is_of_v3(value):
        writing.apart.setdefault(path, []).append(replace(annotation, borrowed=True))
        return
    names = writing.names
    qualifier = annotation.qualifier or None
    if isinstance(value, Record) and value.type == term:
        made = element.add("TypeAnnotation", Term=names.name(term), Qualifier=qualifier)
        write_property_values(made, value, names)
    else:
        made = element.add("ValueAnnotation", Term=names.name(term), Qualifier=qualifier)
        write_value(made, value, names)


def _write_apart(writing: Writing, services: Element) -> None:
    """<Annotations Target>: those of version 3, and those that are borrowed from version 4"""
    schemas = {schema.attributes["Namespace"]: schema for schema in services.children}
    first = next(iter(schemas.values()))
    for target, said in writing.model.annotations.items():
        here = writing.apart.pop(target, [])
        for annotation in said:
            if annotation.apart in schemas or (
                not annotation.apart and target not in writing.said and _is_ours(target, schemas)
            ):
                fits = not annotation.annotations and is_of_v3(annotation.value)
                here.append(annotation if fits else replace(annotation, borrowed=True))
        written: dict[tuple[str, bool], Element] = {}
        for annotation in here:
            schema = schemas.get(annotation.apart, first)
            key = (schema.attributes["Namespace"], annotation.borrowed)
            if key not in written:
                namespace = EDM_V4 if annotation.borrowed else schema.namespace
                written[key] = Element("Annotations", namespace, {"Target": target}, parent=schema)
                schema.children.append(written[key])
            if annotation.borrowed:
                write_annotation(written[key], annotation, writing.names)
            else:
                _annotate(writing, written[key], target, annotation)
    for target in writing.model.foreign:
        if target not in writing.said and _is_ours(target, schemas):
            writing.lost.append(f"What is said in foreign namespaces about '{target}' has no place.")


def _is_ours(target: str, schemas: Mapping[str, Element]) -> bool:
    first = target.partition("(")[0].partition("/")[0]
    return (first if target.endswith("/$Schema") else first.rpartition(".")[0]) in schemas


# ------------------------------------------------------------------ schemas


class _Schema:
    """One schema: entity types, complex types, enumerations, associations, functions, containers."""

    def __init__(
        self,
        writing: Writing,
        element: Element,
        namespace: str,
        parts: Parts,
        associations: Associations,
        wishes: Wishes,
    ) -> None:
        self.writing = writing
        self.element = element
        self.namespace = namespace
        self.parts = parts
        self.associations = associations
        self.wishes = wishes

    def write(self, associations: list[Association]) -> None:
        own = self.parts.types.get(self.namespace, [])
        rows: tuple[tuple[type, Callable[[Any], None]], ...] = (
            (EntityType, self._entity_type),
            (ComplexType, self._complex_type),
            (EnumType, self._enum),
        )
        for python, write in rows:
            for kind in own:
                if isinstance(kind, python):
                    write(kind)
        for association in associations:
            self._association(association)
        self._functions()
        Containers(self.writing, self.element, self.namespace, self.parts, self.associations, self.wishes).write()
        for term in self.parts.terms.get(self.namespace, ()):
            self.writing.lost.append(f"Version 3 does not declare the term '{term.qualified_name}'.")
        self.writing.beside(self.element, schema_path(self.namespace))

    def _entity_type(self, kind: EntityType) -> None:
        """<EntityType Name BaseType Abstract OpenType m:HasStream> Key? Property* NavigationProperty* (2.1.2)"""
        element = self.element.add("EntityType", **_structured(kind), OpenType=flag(kind.is_open))
        if kind.has_stream:
            element.attributes["m:HasStream"] = "true"
        if kind.own_key:
            key = element.add("Key")
            for name in kind.own_key:
                ref = key.add("PropertyRef", Name=name)
                self.writing.beside(ref, f"{kind.qualified_name}/$Key/$PropertyRef/{name}")
                if name in kind.own_key_paths:
                    self.writing.wrong.append(
                        f"CSDL v3 cannot say that the key '{kind.qualified_name}.{name}' is a path."
                    )
        self._properties(element, kind)
        for navigation in kind.own_navigation.values():
            self._navigation(element, kind, navigation)
        self.writing.beside(element, kind.qualified_name)

    def _navigation(self, parent: Element, owner: EntityType, navigation: NavigationProperty) -> None:
        """<NavigationProperty Name Relationship ToRole FromRole> (2.1.4)"""
        association = self.associations.of[navigation]
        here, there = association.ends_from(navigation)
        element = parent.add(
            "NavigationProperty",
            Name=navigation.name,
            Relationship=association.qualified_name,
            ToRole=there.role,
            FromRole=here.role,
        )
        path = f"{owner.qualified_name}/{navigation.name}"
        if navigation.contains_target:
            self.writing.lost.append(f"Version 3 has no containment, as '{path}' is.")
        self.writing.beside(element, path)

    def _complex_type(self, kind: ComplexType) -> None:
        """<ComplexType Name BaseType Abstract> Property* (2.1.7)"""
        if kind.is_open:
            self.writing.wrong.append(f"CSDL v3 cannot say that the complex type '{kind.qualified_name}' is open.")
        for name in kind.own_navigation:
            self.writing.lost.append(f"Version 3 has no navigation from complex types, as '{kind.name}/{name}' is.")
        element = self.element.add("ComplexType", **_structured(kind))
        self._properties(element, kind)
        self.writing.beside(element, kind.qualified_name)

    def _enum(self, kind: EnumType) -> None:
        """<EnumType Name IsFlags UnderlyingType> <Member Name Value>* (2.1.41)"""
        if self.writing.language is V2:
            self.writing.wrong.append(f"CSDL v2 has no enumerations, as '{kind.qualified_name}' is.")
        underlying = kind.underlying.name if kind.underlying.name != "Edm.Int32" else None
        element = self.element.add("EnumType", Name=kind.name, IsFlags=flag(kind.is_flags), UnderlyingType=underlying)
        for name, value in kind.members.items():
            member = element.add("Member", Name=name, Value=str(value))
            self.writing.beside(member, member_path(kind.qualified_name, name))
        self.writing.beside(element, kind.qualified_name)

    def _properties(self, element: Element, kind: StructuredType) -> None:
        for prop in kind.own_properties.values():
            self._property(element, prop, kind.qualified_name)

    def _property(self, parent: Element, prop: Property, owner: str) -> None:
        """<Property Name Type Nullable DefaultValue (facets) ConcurrencyMode StoreGeneratedPattern> (2.1.3)"""
        where = f"{owner}.{prop.name}"
        is_new = isinstance(prop.type, PrimitiveType) and "v3" not in prop.type.families
        if is_new and (self.wishes.strict or self.writing.language.types.get(prop.type.name, "") is None):
            reason = f"the type {prop.type.name} came with v4"
            self.writing.wrong.append(f"CSDL v3 cannot say the property '{where}': {reason}.")
            return
        # WCF writes every named stream as not nullable, although reading one may well answer 204.
        required = not prop.nullable or prop.type is _STREAM
        typed = typed_of(self.writing, prop)
        if typed is None:
            self.writing.wrong.append(f"{self.writing.language.name} cannot say the property '{where}'.")
            return
        if prop.is_collection and self.writing.language is V2:
            self.writing.wrong.append(f"CSDL v2 has no collections, as the property '{where}' is.")
        facets = {name: text for name, text in typed.items() if name != "Type"}
        element = parent.add(
            "Property",
            Name=prop.name,
            Type=typed["Type"],
            Nullable="false" if required else None,
            DefaultValue=self.writing.default(prop, where),
            **facets,
            ConcurrencyMode="Fixed" if prop.is_concurrency_token else None,
        )
        self.writing.beside(element, f"{owner}/{prop.name}")
        if prop.is_generated:
            element.attributes.setdefault("annotation:StoreGeneratedPattern", "Identity")

    # -------------------------------------------------------------- associations

    def _association(self, association: Association) -> None:
        """<Association Name> <End Type Role Multiplicity> OnDelete? twice, ReferentialConstraint? (2.1.12)"""
        element = self.element.add("Association", Name=association.name)
        path = association.qualified_name
        for end in association.ends:
            made = element.add("End", Type=end.type_name, Role=end.role, Multiplicity=end.multiplicity)
            if end.on_delete is not None:
                made.add("OnDelete", Action=end.on_delete)
            self.writing.beside(made, f"{path}/$End/{end.role}")
        if association.constraint is not None:
            self._constraint(element, association.constraint, path)
        self.writing.beside(element, path)

    def _constraint(self, parent: Element, constraint: Constraint, path: str) -> None:
        """<ReferentialConstraint> <Principal Role> PropertyRef+, <Dependent Role> PropertyRef+ (2.1.15)"""
        element = parent.add("ReferentialConstraint")
        sides = (
            ("Principal", constraint.principal, constraint.principal_properties),
            ("Dependent", constraint.dependent, constraint.dependent_properties),
        )
        for tag, end, names in sides:
            side = element.add(tag, Role=end.role)
            for name in names:
                side.add("PropertyRef", Name=name)
        self.writing.beside(element, f"{path}/$ReferentialConstraint")

    # -------------------------------------------------------------- functions of the model

    def _functions(self) -> None:
        """<Function Name> Parameter* ReturnType (2.1.22): functions that nothing exposes"""
        for operation in self.parts.operations.get(self.namespace, ()):
            if operation.is_bound or id(operation) in self.parts.imported:
                continue
            if not operation.is_function:
                name = operation.qualified_name
                self.writing.lost.append(f"Version 3 has no place for '{name}', which nothing imports.")
                continue
            path = operation_path(operation)
            element = self.element.add("Function", Name=operation.name)
            if operation.returns is not None:
                write_return(self.writing, element, operation.returns, return_path(path))
            write_parameters(self.writing, element, operation.parameters, path)
            self.writing.beside(element, path)


def _structured(kind: StructuredType) -> dict[str, str | None]:
    base = kind.base.qualified_name if kind.base is not None else None
    return {"Name": kind.name, "BaseType": base, "Abstract": flag(kind.is_abstract)}
