# CSDL 4.0 and 4.01, from XML or from JSON made into the same elements: a function an element, sections of CSDL 4.01.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..edm import NOT_GIVEN, PropertySpec
from ..edm.specs import Unread
from .annotations import concurrency, optional_default
from .containers import Container, Containers, Declare, Reading, Schemas, children, set_name
from .markup import Element, Misread
from .names import COLLECTION
from .scope import Scope, flag, required
from .structures import (
    declare_complex_type,
    declare_entity_type,
    declare_enum_type,
    declare_type_definition,
    read_typed,
)
from .targets import operation_target


def _navigation_properties(scope: Scope, owner: Element) -> None:
    """<NavigationProperty Name Type Nullable Partner ContainsTarget> ReferentialConstraint* OnDelete? (section 8)"""
    for element in owner.each("NavigationProperty"):
        name = scope.type_name(element, required(element, "Type"))
        match = COLLECTION.fullmatch(name)
        partner = element.attributes.get("Partner")
        pairs = [
            (required(pair, "Property"), required(pair, "ReferencedProperty"))
            for pair in element.each("ReferentialConstraint")
        ]
        deletion = next(element.each("OnDelete"), None)
        scope.at(element).navigation(
            scope.own(owner.attributes["Name"]),
            required(element, "Name"),
            to=match[1] if match else name,
            many=match is not None,
            nullable=match is not None or flag(element, "Nullable", True),  # of collections it says nothing (8.3)
            partner=None if partner is None else scope.path(partner),
            on=pairs,
            contains=flag(element, "ContainsTarget"),
            on_delete=None if deletion is None else required(deletion, "Action"),
        )


def _term(scope: Scope, element: Element) -> None:
    """<Term Name Type BaseTerm DefaultValue AppliesTo (facets)> (section 14.1)

    The type of a term may belong to a document that is not at hand: only annotations need it.
    """
    type_text = required(element, "Type")
    absent = "" if scope.knows(type_text) else scope.names.type_name(type_text)
    untyped = "Collection(Edm.Untyped)" if COLLECTION.fullmatch(type_text) else "Edm.Untyped"
    base = element.attributes.get("BaseTerm")
    scope.at(element).term(
        scope.own(required(element, "Name")),
        read_typed(scope, element, untyped if absent else type_text),
        absent_type=absent,
        base=None if base is None else scope.qualified(base),
        applies_to=element.attributes.get("AppliesTo", "").split(),
    )


def _function(scope: Scope, element: Element) -> None:
    """<Function Name IsBound IsComposable EntitySetPath> Parameter* ReturnType (section 12.3)"""
    returns = _returns(scope, element)
    if returns is None:
        raise Misread(element, "A function needs a return type.")
    parameters = _parameters(scope, element)
    scope.at(element).function(
        scope.own(required(element, "Name")),
        returns=returns,
        parameters=parameters,
        bound=flag(element, "IsBound"),
        composable=flag(element, "IsComposable"),
        entity_set_path=_entity_set_path(scope, element),
    )


def _action(scope: Scope, element: Element) -> None:
    """<Action Name IsBound EntitySetPath> Parameter* ReturnType? (section 12.1)"""
    parameters = _parameters(scope, element)
    returns = _returns(scope, element)
    scope.at(element).action(
        scope.own(required(element, "Name")),
        returns=returns,
        parameters=parameters,
        bound=flag(element, "IsBound"),
        entity_set_path=_entity_set_path(scope, element),
    )


def _entity_set_path(scope: Scope, element: Element) -> str | None:
    path = element.attributes.get("EntitySetPath")
    return None if path is None else scope.path(path)


def _parameters(scope: Scope, operation: Element) -> dict[str, PropertySpec]:
    """<Parameter Name Type Nullable (facets)>*, optional by the annotation Core.OptionalParameter (section 12.9)"""
    found: dict[str, PropertySpec] = {}
    target = operation_target(scope, operation)
    for element in operation.each("Parameter"):
        name = required(element, "Name")
        if name in found:
            raise Misread(element, f"The parameter '{name}' is declared twice.")
        optional, text = optional_default(scope, f"{target}/{name}")
        default = NOT_GIVEN if text is NOT_GIVEN else Unread(text, scope.read_default)
        found[name] = read_typed(scope, element, required(element, "Type"), optional=optional, default=default)
    return found


def _returns(scope: Scope, operation: Element) -> PropertySpec | None:
    """<ReturnType Type Nullable (facets)> (section 12.8); a draft of 4.0 had it as an attribute."""
    element = next(operation.each("ReturnType"), None)
    if element is not None:
        return read_typed(scope, element, required(element, "Type"))
    text = operation.attributes.get("ReturnType")
    return None if text is None else read_typed(scope, operation, text)


_ROWS: Final[Mapping[str, tuple[Declare, ...]]] = {
    "EntityType": (declare_entity_type, _navigation_properties),
    "ComplexType": (declare_complex_type, _navigation_properties),
    "EnumType": (declare_enum_type,),
    "TypeDefinition": (declare_type_definition,),
    "Term": (_term,),
    "Function": (_function,),
    "Action": (_action,),
}


def reading(_schemas: Schemas) -> Reading:
    """How the schemas of a model are read."""
    return Reading(_ROWS, lambda container, containers: _ContainerReader(container, containers).declare())


class _ContainerReader:
    """<EntityContainer Name Extends> EntitySet* Singleton* ActionImport* FunctionImport* (section 13)"""

    def __init__(self, container: Container, containers: Containers) -> None:
        self.container = container
        self.containers = containers

    def declare(self) -> None:
        rows: Mapping[str, Callable[[Scope, Element], Any]] = {
            "EntitySet": self._entity_set,
            "Singleton": self._singleton,
            "FunctionImport": self._function_import,
            "ActionImport": self._action_import,
        }
        for scope, element in children(self.container, self.containers):
            if element.name in rows:
                rows[element.name](scope, element)

    def _entity_set(self, scope: Scope, element: Element) -> None:
        """<EntitySet Name EntityType IncludeInServiceDocument> NavigationPropertyBinding* (section 13.2)"""
        name = required(element, "Name")
        type_name = scope.type_name(element, required(element, "EntityType"))
        scope.at(element).entity_set(
            self.container.named(name),
            type_name,
            bindings=self._bindings(scope, element),
            concurrency=concurrency(scope, f"{self.container.qualified_name}/{name}"),
            in_service_document=flag(element, "IncludeInServiceDocument", True),
        )

    def _singleton(self, scope: Scope, element: Element) -> None:
        """<Singleton Name Type Nullable> NavigationPropertyBinding* (section 13.3)"""
        name = required(element, "Name")
        type_name = scope.type_name(element, required(element, "Type"))
        scope.at(element).singleton(
            self.container.named(name),
            type_name,
            nullable=flag(element, "Nullable"),
            bindings=self._bindings(scope, element),
            concurrency=concurrency(scope, f"{self.container.qualified_name}/{name}"),
        )

    def _bindings(self, scope: Scope, source: Element) -> dict[str, str]:
        """<NavigationPropertyBinding Path Target>* (section 13.4)"""
        found: dict[str, str] = {}
        for element in source.each("NavigationPropertyBinding"):
            path = scope.path(required(element, "Path"))
            target = set_name(self.container, self.containers, scope, required(element, "Target"))
            if found.setdefault(path, target) != target:
                raise Misread(element, f"The path '{path}' is bound to '{found[path]}' as well.")
        return found

    def _function_import(self, scope: Scope, element: Element) -> None:
        """<FunctionImport Name Function EntitySet IncludeInServiceDocument> (section 13.6)"""
        self._import(scope, element, required(element, "Function"))

    def _action_import(self, scope: Scope, element: Element) -> None:
        """<ActionImport Name Action EntitySet> (section 13.5)"""
        self._import(scope, element, required(element, "Action"))

    def _import(self, scope: Scope, element: Element, operation: str) -> None:
        target = element.attributes.get("EntitySet")
        scope.at(element).operation_import(
            self.container.named(required(element, "Name")),
            scope.qualified(operation) if "." in operation else scope.own(operation),
            entity_set=None if target is None else set_name(self.container, self.containers, scope, target),
            in_service_document=flag(element, "IncludeInServiceDocument"),
        )
