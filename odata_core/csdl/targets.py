# Targets: everything that a schema says about its elements beyond what they mean, by the path of the element
# (edm.paths): annotations within it and apart from it, attributes and elements of foreign namespaces, documentation.
# Strategy: one walk through the elements of a schema, before anything is declared; each step of a path is a row.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ..edm import Annotation
from ..edm.annotations import Foreign, ForeignElement
from .expressions import HOLDERS, read_annotation
from .markup import ANNOTATION, EDM_V3, EDM_V4, METADATA, Element, Misread
from .scope import TARGET, Scope, required

Said = Mapping[str, Mapping[tuple[str, str], Annotation]]
"""Annotations by target, term and qualifier."""

VOCABULARIES: Final = EDM_V3 | {EDM_V4}

# Foreign attributes that the model says itself.
_MEANT: Final = frozenset(
    """m:HasStream m:HttpMethod m:IsAlwaysBindable m:IsDefaultEntityContainer
    annotation:StoreGeneratedPattern""".split()
)
_PREFIXES: Final = {"m": METADATA, "annotation": ANNOTATION}


def _child(scope: Scope, element: Element, _parent: str) -> str:
    return scope.own(required(element, "Name"))


def operation_target(scope: Scope, element: Element, _parent: str = "") -> str:
    """An overload is told by the types of its parameters, an action by that of the binding one."""
    name = scope.own(required(element, "Name"))
    types = [scope.names.type_name(parameter.attributes.get("Type", "")) for parameter in element.each("Parameter")]
    if element.name == "Action":
        types = types[: element.attributes.get("IsBound", "") in ("true", "1")]
    return f"{name}({','.join(types)})"


def _named(_scope: Scope, element: Element, parent: str) -> str:
    return f"{parent}/{required(element, 'Name')}"


def _called(label: str) -> Callable[[Scope, Element, str], str]:
    """A step that has no name in paths of CSDL: `$End/Role`, `$OnDelete`."""

    def step(_scope: Scope, element: Element, parent: str) -> str:
        name = element.attributes.get(label, "")
        return f"{parent}/${element.name}/{name}" if name else f"{parent}/${element.name}"

    return step


_STEPS: Final[Mapping[str, Callable[[Scope, Element, str], str]]] = {
    **dict.fromkeys(
        ("Association", "ComplexType", "EntityContainer", "EntityType", "EnumType", "Term", "TypeDefinition"), _child
    ),
    **dict.fromkeys(("Action", "Function"), operation_target),
    **dict.fromkeys(
        """ActionImport AssociationSet EntitySet FunctionImport Member NavigationProperty Parameter Property
        Singleton""".split(),
        _named,
    ),
    "PropertyRef": _called("Name"),
    "End": _called("Role"),
    "Principal": _called("Role"),
    "Dependent": _called("Role"),
    "ReferentialConstraint": _called("Property"),
    "NavigationPropertyBinding": _called("Path"),
    **dict.fromkeys(("Key", "OnDelete", "ReturnType"), _called("")),
}


def gather(scope: Scope, schema: Element, said: dict[str, dict[tuple[str, str], Annotation]]) -> None:
    """Put what a schema says into `said` and the builder; what cannot be understood is left out."""
    _Gathering(scope, said).visit(schema, f"{scope.namespace}/$Schema")


class _Gathering:
    def __init__(self, scope: Scope, said: dict[str, dict[tuple[str, str], Annotation]]) -> None:
        self.scope = scope
        self.said = said

    def visit(self, element: Element, path: str) -> None:
        """An element and what is in it."""
        attributes = foreign_attributes(element)
        others: list[ForeignElement] = []
        for child in element.children:
            if child.name == "Documentation" and child.namespace == element.namespace:
                others.append(foreign_element(child, documentation=True))
            elif child.name == "Annotations" and child.namespace in VOCABULARIES and path.endswith("/$Schema"):
                self._apart(child, borrowed=child.namespace != element.namespace)
            elif child.namespace != element.namespace:
                others.append(foreign_element(child))
            elif child.name in HOLDERS:
                self.annotate(path, child)
            elif child.name in _STEPS:
                self._descend(child, path)
        if attributes or others:
            self.scope.builder.kept.foreign.setdefault(path, Foreign(attributes, tuple(others)))

    def _descend(self, element: Element, parent: str) -> None:
        try:
            path = _STEPS[element.name](self.scope, element, parent)
        except Misread:
            return  # whoever declares it tells
        self.visit(element, path)

    def _apart(self, element: Element, *, borrowed: bool) -> None:
        """<Annotations Target Qualifier> Annotation* (14.2.1); SAP has those of version 4 in documents of version 2."""
        target = required(element, "Target")
        if not TARGET.fullmatch(target):
            raise Misread(element, f"The target '{target}' is not a path to an element of a model.")
        for child in element.each(*HOLDERS):
            qualifier = element.attributes.get("Qualifier", "")
            self.annotate(self.scope.annotation_path(target), child, qualifier, self.scope.namespace, borrowed=borrowed)

    def annotate(
        self, target: str, element: Element, qualifier: str = "", apart: str = "", *, borrowed: bool = False
    ) -> None:
        builder = self.scope.builder
        try:
            annotation = read_annotation(self.scope, element, qualifier, apart)
            annotation = replace(annotation, borrowed=borrowed) if borrowed else annotation
        except Misread as error:
            builder.location = ""
            builder.leave_out(error.message)
            return
        self.scope.at(element).add_annotation(target, annotation)
        self.said.setdefault(target, {}).setdefault((annotation.term, annotation.qualifier), annotation)


def foreign_attributes(element: Element) -> dict[str, str]:
    """The attributes of foreign namespaces that say nothing about the model, called `namespace name`."""
    found: dict[str, str] = {}
    for name, text in element.attributes.items():
        prefix, colon, last = name.partition(":")
        if " " in name:
            found[name] = text
        elif colon and prefix in _PREFIXES and (name not in _MEANT or text == "Computed"):
            found[f"{_PREFIXES[prefix]} {last}"] = text
    return found


def foreign_element(element: Element, *, documentation: bool = False) -> ForeignElement:
    """An element as it stands, with everything in it."""
    attributes = {}
    for name, text in element.attributes.items():
        prefix, colon, last = name.partition(":")
        attributes[f"{_PREFIXES[prefix]} {last}" if colon and prefix in _PREFIXES else name] = text
    children = tuple([foreign_element(child, documentation=documentation) for child in element.children])
    text = element.text if element.text.strip() or not children else ""
    return ForeignElement("Edm" if documentation else element.namespace, element.name, attributes, children, text)
