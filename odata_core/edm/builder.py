# The model in Python: a few calls that read like CSDL. Names are resolved and all rules checked once, in `build`.
# Everything may be named before it is declared; `build` reports every mistake at once.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .annotations import Annotation, expression_of
from .feeds import FeedMapping
from .kept import Kept
from .linker import link
from .model import Model
from .primitives import PRIMITIVE_TYPES
from .specs import (
    Declarations,
    ImportSpec,
    NavigationSpec,
    OperationSpec,
    Properties,
    PropertySpec,
    SourceSpec,
    TermSpec,
    as_tuple,
    spec_of,
)
from .types import ComplexType, EntityType, EnumType, TypeDefinition


class ModelBuilder:
    """Collects declarations; `build()` gives the model.

    A name without a dot belongs to `namespace`; `Other.Space.Name` and, after `alias`, `short.Name` may be declared
    and named as well. `location` is put before every problem with what is declared while it is set. With
    `bind_unasked`, a navigation property whose target type has one entity set only is bound to it. With `leave_out`,
    sets of unknown types, bindings that lead nowhere and unreadable defaults are no problems: the model lists them.

    >>> shop = ModelBuilder("Shop")
    >>> shop.entity("Product", key="ID", properties={"ID": "Int32", "Name": "String"})
    >>> shop.entity_set("Products", "Product")
    >>> shop.build().entity_set("Products").type.key
    ('ID',)
    """

    def __init__(
        self, namespace: str, *, container: str = "Container", bind_unasked: bool = True, leave_out: bool = False
    ) -> None:
        self.location = ""
        self._told = Declarations(namespace, container, bind_unasked, leave_out)

    @property
    def namespace(self) -> str:
        return self._told.namespace

    @property
    def container(self) -> str:
        return self._told.container

    @property
    def kept(self) -> Kept:
        """What a document says beyond the meaning of its model; its reader fills it in."""
        return self._told.kept

    def alias(self, alias: str, namespace: str) -> None:
        """Let `alias.Name` mean `namespace.Name`."""
        if self._told.aliases.setdefault(alias, namespace) != namespace:
            self.problem(f"The alias '{alias}' stands for two namespaces.")

    def problem(self, sentence: str) -> None:
        """Let `build` refuse the model for a reason that it cannot know."""
        self._told.report(sentence, self.location)

    def entity(
        self,
        name: str,
        *,
        key: str | Iterable[str] | Mapping[str, str] = (),
        properties: Properties,
        base: str | None = None,
        abstract: bool = False,
        open: bool = False,
        has_stream: bool = False,
        alternate_keys: Iterable[Mapping[str, str]] = (),
        feed_mappings: Iterable[FeedMapping] = (),
    ) -> None:
        """Declare an entity type.

        `key` is one property name or several in key order, or maps names to paths of properties within complex values
        (`{"Code": "Country/Code"}`). So does each alternate key. `has_stream` makes it a media entity, and
        `feed_mappings` show properties as elements of Atom entries.
        """
        namespace, last = self._told.split(name)
        paths = {part: path for part, path in key.items() if part != path} if isinstance(key, Mapping) else {}
        kind = EntityType(namespace, last, None, abstract, open, own_key=as_tuple(key), has_stream=has_stream)
        kind.own_feed_mappings = tuple(feed_mappings)
        kind.own_key_paths, kind.own_alternate_keys = paths, tuple([dict(names) for names in alternate_keys])
        self._declare(kind, properties, base)

    def complex(
        self,
        name: str,
        *,
        properties: Properties,
        base: str | None = None,
        abstract: bool = False,
        open: bool = False,
    ) -> None:
        """Declare a complex type."""
        self._declare(ComplexType(*self._told.split(name), None, abstract, open), properties, base)

    def enum(self, name: str, *, members: Mapping[str, int], underlying: str = "Int32", flags: bool = False) -> None:
        """Declare an enumeration type."""
        primitive = PRIMITIVE_TYPES.get(f"Edm.{underlying.removeprefix('Edm.')}")
        if primitive is None:
            self.problem(f"Enumeration '{name}': there is no primitive type '{underlying}'.")
            return
        self._add_type(EnumType(*self._told.split(name), dict(members), primitive, flags))

    def type_definition(self, name: str, underlying: str | PropertySpec) -> None:
        """Declare another name for a primitive type with facets: `type_definition("Code", prop("String", ...))`."""
        spec = spec_of(underlying)
        primitive = PRIMITIVE_TYPES.get(f"Edm.{spec.type.removeprefix('Edm.')}")
        if primitive is None:
            self.problem(f"Type definition '{name}': there is no primitive type '{spec.type}'.")
            return
        definition = TypeDefinition(*self._told.split(name), primitive, dict(spec.facets))
        self._claim(definition.qualified_name)
        self._told.type_definitions[definition.qualified_name] = definition
        self._told.locations[definition] = self.location

    def navigation(
        self,
        source: str,
        name: str,
        *,
        to: str,
        many: bool = False,
        nullable: bool = True,
        partner: str | None = None,
        on: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        contains: bool = False,
        on_delete: str | None = None,
    ) -> None:
        """Declare a navigation property of an entity type or a complex type.

        `on` maps properties of `source` to the equal properties of `to`. With `contains`, the entities exist only
        within their source. `on_delete` is `Cascade`, `None`, `SetNull` or `SetDefault`.
        """
        pairs = tuple(on.items() if isinstance(on, Mapping) else on or ())
        spec = NavigationSpec(source, name, to, many, nullable, partner, pairs, contains, on_delete, self.location)
        self._told.navigation.append(spec)

    def entity_set(
        self,
        name: str,
        type: str,
        *,
        bindings: Mapping[str, str] | None = None,
        concurrency: Iterable[str] | None = None,
        in_service_document: bool = True,
    ) -> None:
        """Declare an entity set. A navigation whose target type has one set only is bound to it unasked.

        `bindings` maps navigation properties, or paths to them, to entity sets, singletons or paths into containment.
        `concurrency` names the properties that an ETag stands for.
        """
        self._add_source(False, name, type, False, bindings, concurrency, in_service_document)

    def singleton(
        self,
        name: str,
        type: str,
        *,
        nullable: bool = False,
        bindings: Mapping[str, str] | None = None,
        concurrency: Iterable[str] | None = None,
    ) -> None:
        """Declare a single entity with a name of its own."""
        self._add_source(True, name, type, nullable, bindings, concurrency, True)

    def function(
        self,
        name: str,
        *,
        returns: str | PropertySpec,
        parameters: Properties | None = None,
        bound: bool = False,
        composable: bool = False,
        entity_set_path: str | None = None,
        entity_set: str | None = None,
        always_bindable: bool = True,
    ) -> None:
        """Declare one overload of a function; the first parameter of a bound one is what it is called on.

        `entity_set_path` leads from that parameter to where the returned entities live; v3 may name an `entity_set`.
        """
        self._told.operations.append(
            OperationSpec(
                name=name,
                is_function=True,
                is_bound=bound,
                is_composable=composable,
                parameters=parameters or {},
                returns=returns,
                entity_set_path=entity_set_path,
                entity_set=entity_set,
                is_always_bindable=always_bindable,
                location=self.location,
            )
        )

    def action(
        self,
        name: str,
        *,
        returns: str | PropertySpec | None = None,
        parameters: Properties | None = None,
        bound: bool = False,
        entity_set_path: str | None = None,
        entity_set: str | None = None,
        always_bindable: bool = True,
    ) -> None:
        """Declare an action; the first parameter of a bound one is what it is called on."""
        self._told.operations.append(
            OperationSpec(
                name=name,
                is_function=False,
                is_bound=bound,
                is_composable=False,
                parameters=parameters or {},
                returns=returns,
                entity_set_path=entity_set_path,
                entity_set=entity_set,
                is_always_bindable=always_bindable,
                location=self.location,
            )
        )

    def operation_import(
        self,
        name: str,
        operation: str | None = None,
        *,
        entity_set: str | None = None,
        http_method: str | None = None,
        in_service_document: bool = False,
    ) -> None:
        """Let `name` under the service root call the unbound overloads of an operation, by default of that name."""
        self._told.imports.append(
            ImportSpec(name, operation or name, entity_set, http_method, in_service_document, self.location)
        )

    def term(
        self,
        name: str,
        type: str | PropertySpec,
        *,
        base: str | None = None,
        applies_to: Iterable[str] = (),
        absent_type: str = "",
    ) -> None:
        """Declare what annotations may say. `absent_type` is the name of a type that is not at hand."""
        self._told.terms.append(TermSpec(name, spec_of(type), base, tuple(applies_to), self.location, absent_type))

    def annotate(self, target: str, term: str, value: Any = True, *, qualifier: str = "") -> None:
        """Say something about an element of the model, which a path names: `Product/Name`, `Container/Products`.

        The value is an expression (edm.annotations) or what can become one: None, bool, numbers, text, lists, mappings.
        """
        annotation = Annotation(self._told.qualified(term), expression_of(value), qualifier)
        self.add_annotation(self._told.path(target), annotation)

    def add_annotation(self, target: str, annotation: Annotation) -> None:
        """Say something about an element; all names in the path and in the annotation are qualified."""
        if not self._told.kept.annotate(target, annotation):
            self.leave_out(f"'{target}' is annotated twice with '{annotation.term}'.")

    def leave_out(self, sentence: str) -> None:
        """Something that a model can do without: `build` refuses it unless such things are left out."""
        self._told.leave_out(sentence, self.location)

    def build(self) -> Model:
        """The model, or ModelError listing every broken rule."""
        return link(self._told)

    def _add_source(
        self,
        is_singleton: bool,
        name: str,
        type: str,
        nullable: bool,
        bindings: Mapping[str, str] | None,
        concurrency: Iterable[str] | None,
        in_service_document: bool,
    ) -> None:
        paths = None if concurrency is None else tuple(concurrency)
        targets = dict(bindings or {})
        self._told.sources.append(
            SourceSpec(is_singleton, name, type, nullable, targets, paths, in_service_document, self.location)
        )

    def _declare(self, kind: EntityType | ComplexType, properties: Properties, base: str | None) -> None:
        self._add_type(kind)
        self._told.properties[kind.qualified_name] = properties
        if base is not None:
            self._told.bases[kind.qualified_name] = base

    def _add_type(self, kind: EntityType | ComplexType | EnumType) -> None:
        self._claim(kind.qualified_name)
        self._told.types[kind.qualified_name] = kind
        self._told.locations[kind] = self.location

    def _claim(self, name: str) -> None:
        if name in self._told.types or name in self._told.type_definitions:
            self.problem(f"The type '{name}' is declared twice.")
