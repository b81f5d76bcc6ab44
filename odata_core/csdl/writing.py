# Writing: a model on its way into a document. Owns what every writer shares: the names that things have in the
# document, what a version can say (a row of data), annotations and foreign attributes at their places, and the list of
# what is lost.
# Strategy: a writer makes elements (markup) by one walk of the model; XML and JSON are made of the same elements.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar

from ..edm import (
    NOT_GIVEN,
    Annotation,
    EntitySet,
    EntityType,
    Model,
    ModelError,
    Operation,
    OperationImport,
    Property,
    Singleton,
    TypeDefinition,
)
from ..edm.annotations import Constant, Foreign, ForeignElement
from ..edm.model import Term
from ..records import record
from .markup import NOT_XML, Element, attribute_name
from .names import COLLECTION, Names

Item = TypeVar("Item")
MAX_TOLD: Final = 200
_NOT_FINITE: Final = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}


@record
class Language:
    """What the documents of some versions can say.

    `types` maps the names of primitive types to those that these versions have for them, None where they have none.
    `foreign` tells whether foreign attributes have a place, and `documentation` by which terms the documentation of
    older versions is said, by the names of its parts; without any, it is as it stood.
    """

    name: str
    namespace: str
    types: Mapping[str, str | None]
    facets: tuple[str, ...]
    write_default: Callable[[Any, Any], str]
    foreign: bool = True
    documentation: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Writing:
    """A model, how its document says things, and what it cannot say.

    `wrong` has what belongs to the meaning of the model, `lost` what is said beside it.
    """

    model: Model
    language: Language
    names: Names
    write_annotation: Callable[[Writing, Element, str, Annotation], None]
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    renamed: dict[str, int] = field(default_factory=dict)  # types that have another name here -> how often
    said: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)  # namespaces of terms that the writer itself used
    apart: dict[str, list[Annotation]] = field(default_factory=dict)  # what has no place in its own element, by target

    def beside(self, element: Element, path: str) -> None:
        """Put what is said about an element of the model into its element."""
        self.said.add(path)
        self._foreign_to(element, path, self.model.foreign.get(path, Foreign()))
        for annotation in self.model.annotations.get(path, ()):
            if not annotation.apart:
                self.write_annotation(self, element, path, annotation)

    def _foreign_to(self, element: Element, path: str, foreign: Foreign) -> None:
        """What a document said in namespaces of its own, as far as it has a place here."""
        others = [one for one in foreign.elements if not self._documented(element, path, one)]
        if self.language.foreign:
            element.attributes.update({attribute_name(name): text for name, text in foreign.attributes.items()})
            for one in others:
                self._foreign(element, one)
        elif foreign.attributes or others:
            names = [*foreign.attributes, *[one.name for one in others]]
            self.lost.append(f"'{path}' has what {self.language.name} has no place for: {', '.join(names)}.")

    def _documented(self, element: Element, path: str, foreign: ForeignElement) -> bool:
        """Whether an element is documentation that this language says by terms; they are said now."""
        terms = self.language.documentation
        is_plain = not foreign.attributes and all(
            child.name in terms and not child.children and not child.attributes for child in foreign.children
        )
        if not terms or (foreign.namespace, foreign.name) != ("Edm", "Documentation") or not is_plain:
            return False
        for child in foreign.children:
            annotation = Annotation(terms[child.name], Constant("String", child.text))
            if not any(one.term == annotation.term for one in self.model.annotations.get(path, ())):
                self.write_annotation(self, element, path, annotation)
        return True

    def tag(self, element: Element, path: str, term: str, value: str | None = "true") -> Element | None:
        """What the model means and this language says by an annotation, unless the model has that annotation anyway."""
        if any(one.term == term and not one.qualifier for one in self.model.annotations.get(path, ())):
            return None
        self.used.add(term.rpartition(".")[0])
        return element.add("Annotation", Term=self.names.name(term), Bool=value)

    def _foreign(self, parent: Element, foreign: ForeignElement) -> None:
        # Documentation is of the vocabulary of the document itself, whichever version that is.
        namespace = parent.namespace if foreign.namespace == "Edm" else foreign.namespace
        made = Element(foreign.name, namespace, dict(foreign.attributes), parent=parent, text=foreign.text)
        parent.children.append(made)
        for child in foreign.children:
            self._foreign(made, child)

    def typed(self, typed: Any) -> dict[str, str | None]:
        """Type, Nullable and facets of properties, parameters, results and terms.

        A single value may be null unless a document says otherwise; whether items may be, it has to say (7.2.1: "a
        collection-valued property MUST specify a value for the Nullable attribute"), but of entities (12.8).
        """
        nullable = _unless(typed.nullable)
        if typed.is_collection:
            nullable = None if isinstance(typed.type, EntityType) else "false" if not typed.nullable else "true"
        return {"Type": self.type_name(typed.type_name), "Nullable": nullable, **self.facets(_own_facets(typed))}

    def type_name(self, text: str) -> str:
        """A type by the name that it has here; ValueError where it has none."""
        match = COLLECTION.fullmatch(text)
        name = match[1] if match else text
        here = self.language.types.get(name, name)
        if here is None:
            raise ValueError(f"there is no type {name}")
        if here != name:
            self.renamed[f"{name} is written as {here}"] = self.renamed.get(f"{name} is written as {here}", 0) + 1
        here = self.names.name(here)
        return f"Collection({here})" if match else here

    def facets(self, facets: Mapping[str, Any]) -> dict[str, str | None]:
        """The facets that this language knows."""
        for name in facets:
            if name not in self.language.facets:
                self.lost.append(f"{self.language.name} has no facet {name}.")
        return {name: text_of(facets[name]) for name in self.language.facets if name in facets}

    def default(self, prop: Property, where: str) -> str | None:
        """The default as text. Null needs none, and CSDL has no spelling for collections and complex values."""
        value = None if prop.default is NOT_GIVEN else prop.accept(prop.default)
        if value is None:
            return None
        try:
            text = self.language.write_default(value, prop.type)
        except ValueError as error:
            self.lost.append(f"The default of the property '{where}' is not written: {error}.")
            return None
        if NOT_XML.search(text):
            raise ModelError(f"The default of the property '{where}' has a character that XML cannot hold.")
        return text

    def left_out(self) -> list[str]:
        """What the document does not say, in sentences."""
        notes = [f"{what} ({count} times)." for what, count in self.renamed.items()]
        return [*self.wrong, *dict.fromkeys(self.lost), *notes]

    def finish(self, *, strict: bool, left_out: list[str] | None) -> None:
        """Tell what is lost; ModelError where a strict caller would lose what the model means."""
        if strict and self.wrong:
            told = self.wrong[:MAX_TOLD]
            more = [f"... and {len(self.wrong) - MAX_TOLD} more."] if len(self.wrong) > MAX_TOLD else []
            raise ModelError(
                told[0] if len(self.wrong) == 1 else "\n".join(["The model cannot be written:", *told, *more])
            )
        if left_out is not None:
            left_out += self.left_out()


def _own_facets(typed: Any) -> Mapping[str, Any]:
    """The facets of something, without those that its type definition gives it."""
    definition = typed.type_definition
    if definition is None:
        found: Mapping[str, Any] = typed.facets
        return found
    return {name: value for name, value in typed.facets.items() if definition.facets.get(name, NOT_GIVEN) != value}


def text_of(value: Any) -> str:
    """The value of a facet or a default: decimals without exponent."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _NOT_FINITE.get(str(value), str(value))
        case Decimal():
            return f"{value:f}"
    return str(value)


def _unless(value: bool) -> str | None:
    return None if value else "false"


def flag(value: bool) -> str | None:
    return "true" if value else None


def reversed_aliases(aliases: Mapping[str, str]) -> dict[str, str]:
    """Namespace -> alias; the first alias counts."""
    found: dict[str, str] = {}
    for alias, namespace in aliases.items():
        found.setdefault(namespace, alias)
    return found


@record
class Parts:
    """What a model has, by the namespace of its schema, or by the prefix of its container: a document has many."""

    types: Mapping[str, list[Any]]
    definitions: Mapping[str, list[TypeDefinition]]
    operations: Mapping[str, list[Operation]]
    terms: Mapping[str, list[Term]]
    containers: Mapping[str, list[tuple[str, str]]]  # prefix and qualified name
    sets: Mapping[str, list[EntitySet]]
    singletons: Mapping[str, list[Singleton]]
    imports: Mapping[str, list[OperationImport]]
    imported: frozenset[int]  # the operations that something imports, by their identity


def parts_of(model: Model) -> Parts:
    """The parts of a model, each group in the order of the model."""
    prefixes = {"": model.default_container} if model.container else {}
    return Parts(
        _grouped(model.types.values(), lambda one: one.namespace),
        _grouped(model.type_definitions.values(), lambda one: one.namespace),
        _grouped([one for found in model.operations.values() for one in found], lambda one: one.namespace),
        _grouped(model.terms.values(), lambda one: one.namespace),
        _grouped((prefixes | dict(model.containers)).items(), lambda one: one[1].rpartition(".")[0]),
        _grouped(model.entity_sets.values(), lambda one: one.name.rpartition(".")[0]),
        _grouped(model.singletons.values(), lambda one: one.name.rpartition(".")[0]),
        _grouped(model.imports.values(), lambda one: one.name.rpartition(".")[0]),
        frozenset([id(operation) for found in model.imports.values() for operation in found.operations]),
    )


def _grouped(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def namespaces_of(model: Model) -> list[str]:
    """The namespaces that a document has: those of the document the model comes from, else all, in order.

    The one of the container comes last where no document says otherwise.
    """
    operations = {name.rpartition(".")[0]: None for name in model.operations}
    if model.schemas:
        # Operations of another container than the default one have it as their namespace.
        inner = [name for name in model.containers.values() if name.rpartition(".")[0] in model.schemas]
        return [*model.schemas, *[name for name in inner if name in operations and name not in model.schemas]]
    declared: Iterable[Any] = [
        *model.types.values(),
        *model.type_definitions.values(),
        *model.terms.values(),
        *[one for overloads in model.operations.values() for one in overloads],
    ]
    others = [one.namespace for one in declared if one.namespace != model.namespace]
    others += [name.rpartition(".")[0] for name in model.containers.values()]
    return list(dict.fromkeys([*[name for name in others if name != model.namespace], model.namespace]))
