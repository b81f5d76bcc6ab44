# The model as the elements of CSDL 4.0 and 4.01, of which XML and JSON are made. Sections are those of CSDL 4.01.
# Strategy: a function an element, in the order of the document; attributes are tables, where None means "not written".
# What only version 3 has comes out as what version 4 has for it: types by a table, service operations as functions and
# actions with imports, parts of ETags as an annotation of sets.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..edm import (
    NOT_GIVEN,
    Annotation,
    ComplexType,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    NavigationProperty,
    Operation,
    OperationImport,
    Parameter,
    Property,
    Singleton,
    StructuredType,
    TypeDefinition,
)
from ..edm.annotations import Include, Reference
from ..edm.model import Term
from ..edm.paths import (
    child_path,
    constraint_path,
    deletion_path,
    member_path,
    operation_path,
    return_path,
    schema_path,
)
from .annotations import ALTERNATE_KEYS, CAPABILITIES, COMPUTED, CONCURRENCY, CORE, KEY_AS_SEGMENT, OPTIONAL_PARAMETER
from .defaults import write_default_v4
from .expressions import VOCABULARIES, write_annotation
from .markup import Element
from .names import Names
from .writing import Language, Parts, Writing, flag, namespaces_of, parts_of, reversed_aliases

EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"

V4: Final = Language(
    name="CSDL v4",
    namespace=EDM,
    # Types that version 4 has under another name (4.0 Protocol, "What's New": DateTime and Time are gone).
    types={"Edm.DateTime": "Edm.DateTimeOffset", "Edm.Time": "Edm.Duration"},
    facets=("MaxLength", "Unicode", "Precision", "Scale", "SRID"),
    write_default=write_default_v4,
    # [MC-CSDL] 2.1.33 -> Core vocabulary; an annotation of the same term that is there anyway goes before.
    documentation={
        "Summary": "Org.OData.Core.V1.Description",
        "LongDescription": "Org.OData.Core.V1.LongDescription",
    },
)


def elements_v4(
    model: Model, language: Language = V4, *, version: str, key_as_segment: bool = False
) -> tuple[Element, Writing]:
    """The root element of the document of a model, and what was lost on the way."""
    writing = Writing(model, language, Names(reversed_aliases(model.aliases)), _annotate)
    root = Element("Edmx", EDMX, {"Version": version})
    services = root.add("DataServices")
    writing.beside(services, "$DataServices")
    namespaces = namespaces_of(model)
    parts = parts_of(model)
    for namespace in namespaces:
        alias = writing.names.qualifiers.get(namespace)
        schema = Element("Schema", EDM, {"Namespace": namespace} | ({"Alias": alias} if alias else {}), parent=services)
        services.children.append(schema)
        _Schema(writing, schema, namespace, parts, key_as_segment).write()
    _write_apart(writing, services)
    _write_references(writing, root, namespaces)
    return root, writing


def _annotate(writing: Writing, element: Element, _path: str, annotation: Annotation) -> None:
    write_annotation(element, annotation, writing.names)


# ------------------------------------------------------------------ what stands beside the schemas


def _write_references(writing: Writing, root: Element, namespaces: list[str]) -> None:
    """<edmx:Reference Uri> Include* IncludeAnnotations* Annotation* (4.1), before <edmx:DataServices>"""
    own = list(writing.model.references)
    known = {include.namespace for one in own for include in one.includes}
    # A model that comes from no document refers to the vocabularies that services use.
    wanted = writing.used if writing.model.schemas else {CORE, CAPABILITIES}
    missing = sorted(wanted - known - {*namespaces}, reverse=True)
    own += [Reference(f"{VOCABULARIES}{namespace}.xml", (Include(namespace),)) for namespace in missing]
    services = root.children.pop()
    for reference in own:
        element = root.add("Reference", Uri=reference.uri)
        for include in reference.includes:
            made = element.add("Include", Namespace=include.namespace, Alias=include.alias or None)
            _annotate_document(writing, made, include.annotations)
        for included in reference.include_annotations:
            element.add(
                "IncludeAnnotations",
                TermNamespace=included.term_namespace,
                Qualifier=included.qualifier or None,
                TargetNamespace=included.target_namespace or None,
            )
        _annotate_document(writing, element, reference.annotations)
    root.children.append(services)


def _annotate_document(writing: Writing, element: Element, annotations: tuple[Annotation, ...]) -> None:
    """Annotations are of the vocabulary of schemas, although what they are about is not."""
    inside = Element(element.name, EDM, {}, parent=element)
    for annotation in annotations:
        write_annotation(inside, annotation, writing.names)
    element.children += inside.children


def _write_apart(writing: Writing, services: Element) -> None:
    """<Annotations Target> Annotation* (14.2.1): what a schema says apart, and what has no element to stand in."""
    schemas = {schema.attributes["Namespace"]: schema for schema in services.children}
    first = next(iter(schemas.values()))
    for target, said in writing.model.annotations.items():
        written: dict[str, Element] = {}
        for annotation in said:
            if not annotation.apart and target in writing.said:
                continue
            schema = schemas.get(annotation.apart) if annotation.apart else first
            if schema is None or not _is_ours(target, schemas, annotation):
                continue
            if schema.attributes["Namespace"] not in written:
                element = schema.add("Annotations", Target=writing.names.path(target))
                written[schema.attributes["Namespace"]] = element
            write_annotation(written[schema.attributes["Namespace"]], annotation, writing.names)
    for target in writing.model.foreign:
        if target not in writing.said and _namespace(target) in schemas:
            writing.lost.append(f"What is said in foreign namespaces about '{target}' has no place.")


def _is_ours(target: str, schemas: Mapping[str, Element], annotation: Annotation) -> bool:
    """Whether a document has to say something; what other documents say about themselves is theirs."""
    return bool(annotation.apart) or _namespace(target) in schemas


def _namespace(target: str) -> str:
    first = target.partition("(")[0].partition("/")[0]
    return first if target.endswith("/$Schema") else first.rpartition(".")[0]


def _said_by_partner(navigation: NavigationProperty) -> bool:
    """Whether the way back has the same constraint, as of models of version 3, where it belongs to both."""
    partner = navigation.target.navigation.get(navigation.partner or "")
    return partner is not None and {*partner.on} == {(there, here) for here, there in navigation.on}


# ------------------------------------------------------------------ schemas


class _Schema:
    """One schema: what is declared in a namespace, in the order of the model."""

    def __init__(self, writing: Writing, element: Element, namespace: str, parts: Parts, key_as_segment: bool) -> None:
        self.writing = writing
        self.parts = parts
        self.element = element
        self.namespace = namespace
        self.key_as_segment = key_as_segment

    def write(self) -> None:
        self.writing.beside(self.element, schema_path(self.namespace))
        rows: Mapping[type, Callable[[Any], None]] = {
            EnumType: self._enum,
            EntityType: self._entity_type,
            ComplexType: self._complex_type,
        }
        for definition in self.parts.definitions.get(self.namespace, ()):
            self._type_definition(definition)
        for kind in self.parts.types.get(self.namespace, ()):
            rows[type(kind)](kind)
        for operation in self.parts.operations.get(self.namespace, ()):
            self._operation(operation)
        for term in self.parts.terms.get(self.namespace, ()):
            self._term(term)
        self._containers()

    def _enum(self, kind: EnumType) -> None:
        """<EnumType Name UnderlyingType IsFlags> <Member Name Value>* (10)"""
        underlying = kind.underlying.name if kind.underlying.name != "Edm.Int32" else None
        element = self.element.add("EnumType", Name=kind.name, UnderlyingType=underlying, IsFlags=flag(kind.is_flags))
        self.writing.beside(element, kind.qualified_name)
        for name, value in kind.members.items():
            member = element.add("Member", Name=name, Value=str(value))
            self.writing.beside(member, member_path(kind.qualified_name, name))

    def _type_definition(self, definition: TypeDefinition) -> None:
        """<TypeDefinition Name UnderlyingType (facets)> (11)"""
        underlying = self.writing.type_name(definition.underlying.name)
        facets = self.writing.facets(definition.facets)
        element = self.element.add("TypeDefinition", Name=definition.name, UnderlyingType=underlying, **facets)
        self.writing.beside(element, definition.qualified_name)

    def _term(self, term: Term) -> None:
        """<Term Name Type BaseTerm DefaultValue AppliesTo (facets)> (14.1)"""
        element = self.element.add("Term", Name=term.name, **self.writing.typed(term))
        if term.base is not None:
            element.attributes["BaseTerm"] = self.writing.names.name(term.base)
        if term.default is not NOT_GIVEN and term.default is not None:
            element.attributes["DefaultValue"] = write_default_v4(term.default, term.type)
        if term.applies_to:
            element.attributes["AppliesTo"] = " ".join(term.applies_to)
        self.writing.beside(element, term.qualified_name)

    def _entity_type(self, kind: EntityType) -> None:
        """<EntityType Name BaseType Abstract OpenType HasStream> Key? Property* NavigationProperty* (6)"""
        own_stream = kind.has_stream and not (kind.base is not None and kind.base.has_stream)
        element = self.element.add("EntityType", **self._structured(kind), HasStream=flag(own_stream))
        if kind.own_key:
            key = element.add("Key")
            for name in kind.own_key:
                path = kind.own_key_paths.get(name)
                ref = key.add("PropertyRef", Name=path or name, Alias=name if path is not None else None)
                self.writing.beside(ref, f"{kind.qualified_name}/$Key/$PropertyRef/{path or name}")
        self._members(element, kind)
        self.writing.beside(element, kind.qualified_name)
        said = [one.term for one in self.writing.model.annotations.get(kind.qualified_name, ())]
        if kind.own_alternate_keys and not {*ALTERNATE_KEYS} & {*said}:
            self._alternate_keys(element, kind)

    def _alternate_keys(self, element: Element, kind: EntityType) -> None:
        """Core.AlternateKeys, one annotation for all of them."""
        annotation = self.writing.tag(element, kind.qualified_name, ALTERNATE_KEYS[0], None)
        assert annotation is not None
        keys = annotation.add("Collection")
        for key in kind.own_alternate_keys:
            parts = keys.add("Record").add("PropertyValue", Property="Key").add("Collection")
            for name, path in key.items():
                part = parts.add("Record")
                part.add("PropertyValue", Property="Name", PropertyPath=path)
                part.add("PropertyValue", Property="Alias", String=name)

    def _complex_type(self, kind: ComplexType) -> None:
        """<ComplexType Name BaseType Abstract OpenType> (9)"""
        element = self.element.add("ComplexType", **self._structured(kind))
        self._members(element, kind)
        self.writing.beside(element, kind.qualified_name)

    def _structured(self, kind: StructuredType) -> dict[str, str | None]:
        own_open = kind.is_open and not (kind.base is not None and kind.base.is_open)
        return {
            "Name": kind.name,
            "BaseType": self.writing.names.name(kind.base.qualified_name) if kind.base is not None else None,
            "Abstract": flag(kind.is_abstract),
            "OpenType": flag(own_open),
        }

    def _members(self, element: Element, kind: StructuredType) -> None:
        for prop in kind.own_properties.values():
            self._property(element, prop, kind.qualified_name)
        for navigation in kind.own_navigation.values():
            self._navigation(element, navigation, f"{kind.qualified_name}/{navigation.name}")

    def _property(self, parent: Element, prop: Property, owner: str) -> None:
        """<Property Name Type Nullable DefaultValue (facets)> (7)"""
        default = self.writing.default(prop, f"{owner}.{prop.name}")
        element = parent.add("Property", Name=prop.name, **self.writing.typed(prop), DefaultValue=default)
        path = f"{owner}/{prop.name}"
        self.writing.beside(element, path)
        if prop.is_generated:
            self.writing.tag(element, path, COMPUTED)

    def _navigation(self, parent: Element, navigation: NavigationProperty, path: str) -> None:
        """<NavigationProperty Name Type Nullable Partner ContainsTarget> ReferentialConstraint* OnDelete? (8)"""
        names = self.writing.names
        required = not navigation.nullable and not navigation.is_collection
        element = parent.add(
            "NavigationProperty",
            Name=navigation.name,
            Type=names.type_name(navigation.type_name),
            Nullable="false" if required else None,
            Partner=None if navigation.partner is None else names.path(navigation.partner),
            ContainsTarget=flag(navigation.contains_target),
        )
        for here, there in () if navigation.is_collection and _said_by_partner(navigation) else navigation.on:
            pair = element.add("ReferentialConstraint", Property=here, ReferencedProperty=there)
            self.writing.beside(pair, constraint_path(path, here))
        if navigation.on_delete is not None:
            self.writing.beside(element.add("OnDelete", Action=navigation.on_delete), deletion_path(path))
        self.writing.beside(element, path)

    # -------------------------------------------------------------- operations

    def _operation(self, operation: Operation) -> None:
        """<Action> and <Function> (12)"""
        names = self.writing.names
        path = operation_path(operation)
        entities = operation.entity_set_path
        element = self.element.add(
            "Function" if operation.is_function else "Action",
            Name=operation.name,
            IsBound=flag(operation.is_bound),
            EntitySetPath=None if entities is None else names.path(entities),
            IsComposable=flag(operation.is_composable and operation.is_function),
        )
        if operation.entity_set is not None and operation.is_bound:
            self.writing.lost.append(f"Version 4 cannot say that '{path}' returns entities of one set.")
        if operation.is_bound and not operation.is_always_bindable:
            self.writing.lost.append(f"Version 4 has no place for '{path}' not being bindable at every time.")
        for parameter in operation.parameters:
            self._parameter(element, parameter, f"{path}/{parameter.name}")
        if operation.returns is not None:
            returns = element.add("ReturnType", **self.writing.typed(operation.returns))
            self.writing.beside(returns, return_path(path))
        self.writing.beside(element, path)

    def _parameter(self, parent: Element, parameter: Parameter, path: str) -> None:
        element = parent.add("Parameter", Name=parameter.name, **self.writing.typed(parameter))
        self.writing.beside(element, path)
        if not parameter.is_optional:
            return
        default = None if parameter.default is NOT_GIVEN else parameter.default
        tag = self.writing.tag(element, path, OPTIONAL_PARAMETER, None)
        if tag is None:
            return
        record = tag.add("Record")
        if default is not None:
            value = record.add("PropertyValue", Property="DefaultValue")
            value.attributes["String"] = write_default_v4(default, parameter.type)

    # -------------------------------------------------------------- containers

    def _containers(self) -> None:
        """<EntityContainer Name> EntitySet* Singleton* ActionImport* FunctionImport* (13)"""
        model = self.writing.model
        for prefix, name in self.parts.containers.get(self.namespace, ()):
            element = self.element.add("EntityContainer", Name=name.rpartition(".")[2])
            if not prefix and self._extends():
                element.attributes["Extends"] = self.writing.names.name(model.extends)
            self._children(element, prefix)
            self.writing.beside(element, name)
            if self.key_as_segment and not prefix:
                self.writing.tag(element, name, KEY_AS_SEGMENT)

    def _extends(self) -> bool:
        """Whether the children that the container takes over from another one stand in another document (13.1)."""
        model = self.writing.model
        return bool(model.extends) and model.extends.rpartition(".")[0] not in namespaces_of(model)

    def _children(self, container: Element, prefix: str) -> None:
        model = self.writing.model
        others = model.inherited if not prefix and self._extends() else frozenset()
        for entity_set in self.parts.sets.get(prefix, ()):
            if entity_set.name not in others:
                self._entity_set(container, entity_set)
        for singleton in self.parts.singletons.get(prefix, ()):
            if singleton.name not in others:
                self._singleton(container, singleton)
        for imported in self.parts.imports.get(prefix, ()):
            if imported.name not in others:
                self._import(container, imported, prefix)

    def _entity_set(self, container: Element, entity_set: EntitySet) -> None:
        element = container.add(
            "EntitySet",
            Name=entity_set.name.rpartition(".")[2],
            EntityType=self.writing.names.name(entity_set.type.qualified_name),
            IncludeInServiceDocument=None if entity_set.in_service_document else "false",
        )
        self._source(element, entity_set)

    def _singleton(self, container: Element, singleton: Singleton) -> None:
        element = container.add(
            "Singleton",
            Name=singleton.name.rpartition(".")[2],
            Type=self.writing.names.name(singleton.type.qualified_name),
            Nullable=flag(singleton.nullable),
        )
        self._source(element, singleton)

    def _source(self, element: Element, source: EntitySet | Singleton) -> None:
        """Where the targets of navigation live (13.4), and what an ETag stands for."""
        path = child_path(self.writing.model, source.name)
        prefix = source.name.rpartition(".")[0]
        targets: dict[str, str] = {way: target.name for way, target in source.bindings.items()}
        for way, other in source.other_bindings.items():
            targets[way] = other if isinstance(other, str) else other.name
        for way, target in targets.items():
            names = self.writing.names
            binding = element.add(
                "NavigationPropertyBinding", Path=names.path(way), Target=self._target(prefix, target)
            )
            self.writing.beside(binding, f"{path}/$NavigationPropertyBinding/{way}")
        self.writing.beside(element, path)
        if source.concurrency_tokens is not None:
            annotation = self.writing.tag(element, path, CONCURRENCY, None)
            tokens = annotation.add("Collection") if annotation is not None else Element("", "", {})
            for token in source.concurrency_tokens:
                tokens.add("PropertyPath").text = token

    def _target(self, prefix: str, name: str) -> str:
        """A set or singleton as it is called in a container: with its own one where that is another."""
        first, slash, rest = name.partition("/")
        container, _, last = first.rpartition(".")
        if container == prefix:
            return f"{last}{slash}{self.writing.names.path(rest) if slash else ''}"
        model = self.writing.model
        other = model.containers.get(container, container) if container else model.default_container
        return self.writing.names.path(f"{other}/{last}{slash}{rest}")

    def _import(self, container: Element, imported: OperationImport, prefix: str) -> None:
        kind = "Function" if imported.is_function else "Action"
        element = container.add(f"{kind}Import", Name=imported.name.rpartition(".")[2])
        element.attributes[kind] = self.writing.names.name(imported.operations[0].qualified_name)
        path = child_path(self.writing.model, imported.name)
        if imported.entity_set is not None:
            element.attributes["EntitySet"] = self._target(prefix, imported.entity_set.name)
        if imported.in_service_document:
            element.attributes["IncludeInServiceDocument"] = "true"
        if imported.http_method not in (None, "GET" if imported.is_function else "POST"):
            self.writing.lost.append(f"Version 4 cannot say that '{path}' is called by {imported.http_method}.")
        self.writing.beside(element, path)
