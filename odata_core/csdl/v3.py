# CSDL 1.0 to 3.0: a function an element, sections of [MC-CSDL]. What v4 says in one place is spread over several here:
# navigation over associations and association sets, operations over function imports and attributes of [MS-ODATA].

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..edm import ModelBuilder, PropertySpec
from ..edm.associations import AssociationSet
from .containers import Container, Containers, Declare, Reading, Schemas, children
from .markup import Element, Misread, Unsaid
from .relationships import Relationships, gather, way_of
from .scope import Scope, flag, optional_flag, required
from .structures import declare_complex_type, declare_entity_type, declare_enum_type, read_typed

MAX_BINDINGS: Final = 100_000


def reading(schemas: Schemas) -> Reading:
    """How the schemas of a model are read."""
    relationships = gather(schemas)
    rows: Mapping[str, tuple[Declare, ...]] = {
        "EntityType": (declare_entity_type, _navigation_reader(relationships)),
        "ComplexType": (declare_complex_type,),
        "EnumType": (declare_enum_type,),
        "Function": (_function,),
    }
    return Reading(
        rows,
        lambda container, containers: _ContainerReader(container, containers, relationships).declare(),
        lambda builder: _name_associations(builder, relationships),
    )


def _name_associations(builder: ModelBuilder, relationships: Relationships) -> None:
    """Keep what the document calls its associations."""
    builder.kept.associations = tuple(relationships.named())


def _navigation_reader(relationships: Relationships) -> Declare:
    """What declares the navigation properties of an entity type."""

    def declare(scope: Scope, owner: Element) -> None:
        for element in owner.each("NavigationProperty"):
            _navigation_property(scope, element, scope.own(owner.attributes["Name"]), relationships)

    return declare


def _navigation_property(scope: Scope, element: Element, owner: str, relationships: Relationships) -> None:
    """<NavigationProperty Name Relationship FromRole ToRole> (2.1.4)"""
    way = way_of(scope, element, owner)
    association = relationships.associations.get(way.association)
    if association is None:
        raise Misread(element, f"There is no association '{way.association}'.")
    here, there = association.end(way.from_role), association.end(way.to_role)
    if here is None or there is None:
        missing = way.from_role if here is None else way.to_role
        raise Misread(element, f"The association '{way.association}' has no role '{missing}'.")
    scope.at(element).navigation(
        owner,
        way.name,
        to=there.type_name,
        many=there.multiplicity == "*",
        nullable=there.multiplicity != "1",
        partner=relationships.partner(way),
        on=association.pairs_from(way.from_role),
        on_delete=here.on_delete,
    )


def _function(scope: Scope, element: Element) -> None:
    """<Function Name ReturnType> Parameter* (2.1.22): a function of the model, which no service exposes by itself."""
    try:
        returns = _returns(scope, element)
        parameters = _parameters(scope, element)
    except Unsaid as error:
        _leave_out(scope, error)
        return
    if returns is None:
        raise Misread(element, "A function needs a return type.")
    scope.at(element).function(scope.own(required(element, "Name")), returns=returns, parameters=parameters)


def _leave_out(scope: Scope, error: Unsaid) -> None:
    scope.builder.location = ""
    scope.builder.leave_out(error.message)


def _type_text(element: Element) -> str:
    """The type of a parameter, a result or the items of a collection: an attribute, or an element within (2.1.23)."""
    text = element.attributes.get("Type") or element.attributes.get("ElementType")
    if text is not None:
        return text
    inner = next(element.each("CollectionType", "ReferenceType", "RowType", "TypeRef"), None)
    if inner is None:
        return required(element, "Type")
    if inner.name == "RowType":
        raise Unsaid(inner, "A row has a type without a name, which no model of a service has.")
    text = _type_text(inner)
    return f"Collection({text})" if inner.name == "CollectionType" else text


def _returns(scope: Scope, operation: Element) -> PropertySpec | None:
    """The attribute ReturnType, or in v3 an element of that name."""
    text = operation.attributes.get("ReturnType")
    if text is not None:
        return read_typed(scope, operation, text)
    element = next(operation.each("ReturnType"), None)
    return None if element is None else read_typed(scope, element, _type_text(element))


def _parameters(scope: Scope, operation: Element) -> dict[str, PropertySpec]:
    """<Parameter Name Type Mode Nullable (facets)>* (2.1.21)"""
    found: dict[str, PropertySpec] = {}
    for element in operation.each("Parameter"):
        name = required(element, "Name")
        if name in found:
            raise Misread(element, f"The parameter '{name}' is declared twice.")
        if element.attributes.get("Mode", "In") != "In":
            raise Unsaid(element, f"The parameter '{name}' gives something back, which no OData request can take.")
        found[name] = read_typed(scope, element, _type_text(element))
    return found


class _ContainerReader:
    """<EntityContainer Name Extends> EntitySet* AssociationSet* FunctionImport* (2.1.14)"""

    def __init__(self, container: Container, containers: Containers, relationships: Relationships) -> None:
        self.container = container
        self.relationships = relationships
        self.children = list(children(container, containers))
        self.types: dict[str, str] = {}
        self.bindings: dict[str, dict[str, str]] = {}
        self.imported: set[str] = set()
        self.bound = 0

    def declare(self) -> None:
        for scope, element in self._named("EntitySet"):
            self.types[required(element, "Name")] = scope.type_name(element, required(element, "EntityType"))
        for scope, element in self._named("AssociationSet"):
            self._association_set(scope, element)
        for scope, element in self._named("EntitySet"):
            self._entity_set(scope, element)
        for scope, element in self._named("FunctionImport"):
            try:
                self._function_import(scope, element)
            except Unsaid as error:
                _leave_out(scope, error)

    def _named(self, name: str) -> list[tuple[Scope, Element]]:
        return [(scope, element) for scope, element in self.children if element.name == name]

    def _entity_set(self, scope: Scope, element: Element) -> None:
        """<EntitySet Name EntityType> (2.1.15)"""
        name = required(element, "Name")
        bindings = self.bindings.get(name, {})
        scope.at(element).entity_set(self.container.named(name), self.types[name], bindings=bindings)

    def _association_set(self, scope: Scope, element: Element) -> None:
        """<AssociationSet Name Association> <End Role EntitySet> twice (2.1.17)"""
        name = scope.qualified(required(element, "Association"))
        association = self.relationships.associations.get(name)
        if association is None:
            raise Misread(element, f"There is no association '{name}'.")
        ends: dict[str, tuple[str, str]] = {}
        for end in element.each("End"):
            entity_set = required(end, "EntitySet")
            if entity_set not in self.types:
                raise Misread(end, f"There is no entity set '{entity_set}' in the container.")
            role = required(end, "Role")
            if association.end(role) is None:
                raise Misread(end, f"The association '{name}' has no role '{role}'.")
            ends[role] = (entity_set, self.types[entity_set])
        if {*ends} == {end.role for end in association.ends}:
            sets = [self.container.named(ends[end.role][0]) for end in association.ends]
            kept = AssociationSet(self.container.qualified_name, required(element, "Name"), (sets[0], sets[1]))
            self.relationships.sets.setdefault(name, []).append(kept)
        for source, path, target in self.relationships.bound(name, ends):
            self.bound += 1
            if self.bound > MAX_BINDINGS:
                raise Misread(element, f"The association sets bind more than {MAX_BINDINGS} navigation properties.")
            known = self.bindings.setdefault(source, {}).setdefault(path, self.container.named(target))
            if known != self.container.named(target):
                raise Misread(element, f"'{path}' of the entity set '{source}' is bound to '{known}' as well.")

    def _function_import(self, scope: Scope, element: Element) -> None:
        """<FunctionImport Name ReturnType EntitySet EntitySetPath IsBindable IsSideEffecting IsComposable> (2.1.20)

        With `m:HttpMethod` it is a service operation; else a function or an action, whichever IsSideEffecting says.
        """
        name = required(element, "Name")
        method = element.attributes.get("m:HttpMethod")
        target = element.attributes.get("EntitySet")
        entity_set = None if target is None else self.container.named(target)
        bound = flag(element, "IsBindable")
        operation = f"{self.container.qualified_name}.{name}" if not self.container.is_default else scope.own(name)
        returns = _returns(scope, element)
        common: dict[str, Any] = {
            "parameters": _parameters(scope, element),
            "bound": bound,
            "entity_set_path": element.attributes.get("EntitySetPath"),
            "entity_set": entity_set,
            "always_bindable": flag(element, "m:IsAlwaysBindable"),
        }
        if returns is not None and _is_function(element, method):
            composable = flag(element, "IsComposable") or method is not None
            scope.at(element).function(operation, returns=returns, composable=composable, **common)
        else:
            scope.at(element).action(operation, returns=returns, **common)
        if not bound and name not in self.imported:
            self.imported.add(name)  # overloads share one import
            scope.at(element).operation_import(
                self.container.named(name), operation, entity_set=entity_set, http_method=method
            )


def _is_function(element: Element, method: str | None) -> bool:
    """Whether it can be called by GET: a service operation says so, others are actions unless they say otherwise."""
    if method is not None:
        return method == "GET"
    side_effecting = optional_flag(element, "IsSideEffecting")
    return flag(element, "IsComposable") if side_effecting is None else not side_effecting
