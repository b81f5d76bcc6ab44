# The model in Python: a few calls that read like CSDL. Names are resolved and all rules checked once, in `build`.
# Everything may be named before it is declared; `build` reports every mistake at once.

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import suggestion
from .container import EntitySet
from .model import Model
from .primitives import PRIMITIVE_TYPES
from .rules import broken_rules
from .types import (
    NOT_GIVEN,
    ComplexType,
    EntityType,
    EnumType,
    ModelError,
    NavigationProperty,
    Property,
    StructuredType,
)

_COLLECTION = re.compile(r"Collection\((.+)\)")


@dataclass(frozen=True, slots=True)
class PropertySpec:
    """What `prop` returns: a property whose type is still a name."""

    type: str
    nullable: bool | None
    default: Any
    facets: Mapping[str, Any]
    is_generated: bool


def prop(
    type: str,
    *,
    nullable: bool | None = None,
    default: Any = NOT_GIVEN,
    generated: bool = False,
    max_length: int | None = None,
    precision: int | None = None,
    scale: int | None = None,
) -> PropertySpec:
    """A property with more to say than its type.

    `type` is `"String"`, `"Edm.String"`, `"Namespace.Type"` or any of them in `"Collection(...)"`. Key properties and
    collections are never nullable, others are unless `nullable=False`. `generated` marks a value that the server
    makes on creation.
    """
    facets = {"MaxLength": max_length, "Precision": precision, "Scale": scale}
    return PropertySpec(type, nullable, default, {k: v for k, v in facets.items() if v is not None}, generated)


@dataclass(frozen=True, slots=True)
class _NavigationSpec:
    source: str
    name: str
    target: str
    is_collection: bool
    nullable: bool
    partner: str | None
    on: tuple[tuple[str, str], ...]


class ModelBuilder:
    """Collects declarations; `build()` gives the model.

    >>> shop = ModelBuilder("Shop")
    >>> shop.entity("Product", key="ID", properties={"ID": "Int32", "Name": "String"})
    >>> shop.entity_set("Products", "Product")
    >>> shop.build().entity_set("Products").type.key
    ('ID',)
    """

    def __init__(self, namespace: str, *, container: str = "Container") -> None:
        self.namespace = namespace
        self.container = container
        self._types: dict[str, EntityType | ComplexType | EnumType] = {}
        self._properties: dict[str, Mapping[str, str | PropertySpec]] = {}
        self._bases: dict[str, str] = {}
        self._navigation: list[_NavigationSpec] = []
        self._sets: list[tuple[str, str, Mapping[str, str]]] = []
        self._problems: list[str] = []

    def entity(
        self,
        name: str,
        *,
        key: str | Iterable[str] = (),
        properties: Mapping[str, str | PropertySpec],
        base: str | None = None,
        abstract: bool = False,
        open: bool = False,
    ) -> None:
        """Declare an entity type; `key` is one property name or several in key order."""
        keys = (key,) if isinstance(key, str) else tuple(key)
        kind = EntityType(self.namespace, name, None, abstract, open, own_key=keys)
        self._declare(kind, properties, base)

    def complex(
        self,
        name: str,
        *,
        properties: Mapping[str, str | PropertySpec],
        base: str | None = None,
        abstract: bool = False,
        open: bool = False,
    ) -> None:
        """Declare a complex type."""
        self._declare(ComplexType(self.namespace, name, None, abstract, open), properties, base)

    def enum(self, name: str, *, members: Mapping[str, int], underlying: str = "Int32", flags: bool = False) -> None:
        """Declare an enumeration type."""
        primitive = PRIMITIVE_TYPES.get(f"Edm.{underlying.removeprefix('Edm.')}")
        if primitive is None:
            self._problems.append(f"Enumeration '{name}': there is no primitive type '{underlying}'.")
            return
        self._add_type(EnumType(self.namespace, name, dict(members), primitive, flags))

    def navigation(
        self,
        source: str,
        name: str,
        *,
        to: str,
        many: bool = False,
        nullable: bool = True,
        partner: str | None = None,
        on: Mapping[str, str] | None = None,
    ) -> None:
        """Declare a navigation property; `on` maps properties of `source` to the equal properties of `to`."""
        pairs = tuple((on or {}).items())
        self._navigation.append(_NavigationSpec(source, name, to, many, nullable, partner, pairs))

    def entity_set(self, name: str, type: str, *, bindings: Mapping[str, str] | None = None) -> None:
        """Declare an entity set. A navigation whose target type has one set only is bound to it unasked."""
        self._sets.append((name, type, dict(bindings or {})))

    def build(self) -> Model:
        """The model, or ModelError listing every broken rule."""
        problems = list(self._problems)
        self._link_bases(problems)
        for kind in _bases_first(self._types.values(), problems):
            kind.own_properties = self._resolve_properties(kind, problems)
            kind.seal()
        for spec in self._navigation:
            self._resolve_navigation(spec, problems)
        for kind in _bases_first(self._types.values(), []):
            kind.seal()
        sets = self._resolve_sets(problems)
        model = Model(self.namespace, self.container, dict(self._types), sets)
        problems += broken_rules(model)
        if problems:
            raise ModelError("The model is not valid:\n" + "\n".join(f"- {problem}" for problem in problems))
        return model

    def _declare(
        self, kind: EntityType | ComplexType, properties: Mapping[str, str | PropertySpec], base: str | None
    ) -> None:
        self._add_type(kind)
        self._properties[kind.qualified_name] = properties
        if base is not None:
            self._bases[kind.qualified_name] = base

    def _add_type(self, kind: EntityType | ComplexType | EnumType) -> None:
        if kind.qualified_name in self._types:
            self._problems.append(f"The type '{kind.qualified_name}' is declared twice.")
        self._types[kind.qualified_name] = kind

    def _find(self, name: str, where: str, problems: list[str]) -> Any:
        kind: Any = self._types.get(name) or self._types.get(f"{self.namespace}.{name}")
        if kind is None:
            kind = PRIMITIVE_TYPES.get(name) or PRIMITIVE_TYPES.get(f"Edm.{name}")
        if kind is None:
            known = [*self._types, *PRIMITIVE_TYPES]
            if "." not in name:
                known = [qualified.rpartition(".")[2] for qualified in known]
            problems.append(f"{where}: there is no type '{name}'.{suggestion(name, known)}")
        return kind

    def _link_bases(self, problems: list[str]) -> None:
        for name, base_name in self._bases.items():
            kind, base = self._types[name], self._find(base_name, f"Type '{name}'", problems)
            if isinstance(kind, EntityType | ComplexType) and isinstance(base, type(kind)):
                kind.base = base
            elif base is not None:
                problems.append(f"Type '{name}' cannot derive from '{base_name}', which is of another kind.")

    def _resolve_properties(self, kind: StructuredType, problems: list[str]) -> dict[str, Property]:
        specs = {
            name: spec if isinstance(spec, PropertySpec) else prop(spec)
            for name, spec in self._properties[kind.qualified_name].items()
        }
        key = kind.own_key if isinstance(kind, EntityType) else ()
        resolved = {}
        for name, spec in specs.items():
            match = _COLLECTION.fullmatch(spec.type)
            found = self._find(match[1] if match else spec.type, f"Property '{kind.qualified_name}.{name}'", problems)
            if isinstance(found, EntityType):
                problems.append(
                    f"Property '{kind.qualified_name}.{name}': '{spec.type}' is an entity type; use navigation."
                )
            elif found is not None:
                nullable = spec.nullable if spec.nullable is not None else name not in key and match is None
                resolved[name] = Property(
                    name, found, match is not None, nullable, spec.default, spec.facets, spec.is_generated
                )
        return resolved

    def _resolve_navigation(self, spec: _NavigationSpec, problems: list[str]) -> None:
        where = f"Navigation '{spec.source}.{spec.name}'"
        source, target = self._find(spec.source, where, problems), self._find(spec.target, where, problems)
        if source is None or target is None:
            return
        if not isinstance(source, EntityType) or not isinstance(target, EntityType):
            problems.append(f"{where} must lead from an entity type to an entity type.")
            return
        if spec.name in source.own_navigation:
            problems.append(f"{where} is declared twice.")
        source.own_navigation[spec.name] = NavigationProperty(
            spec.name, target, spec.is_collection, spec.nullable, spec.partner, spec.on
        )

    def _resolve_sets(self, problems: list[str]) -> dict[str, EntitySet]:
        sets: dict[str, EntitySet] = {}
        for name, type_name, _bindings in self._sets:
            kind = self._find(type_name, f"Entity set '{name}'", problems)
            if name in sets:
                problems.append(f"The entity set '{name}' is declared twice.")
            if isinstance(kind, EntityType):
                sets[name] = EntitySet(name, kind)
            elif kind is not None:
                problems.append(f"Entity set '{name}': '{type_name}' is not an entity type.")
        for name, _type, bindings in self._sets:
            if name in sets:
                _bind(sets[name], bindings, sets, problems)
        return sets


def _bind(
    entity_set: EntitySet, bindings: Mapping[str, str], sets: Mapping[str, EntitySet], problems: list[str]
) -> None:
    for nav_name, set_name in bindings.items():
        nav, target = entity_set.type.navigation.get(nav_name), sets.get(set_name)
        if nav is not None and target is not None and not nav.target.is_a(target.type):
            problems.append(f"Entity set '{entity_set.name}' cannot bind '{nav_name}' to '{set_name}': types differ.")
        elif nav is not None and target is not None:
            entity_set.bindings[nav_name] = target
        else:
            problems.append(f"Entity set '{entity_set.name}' cannot bind '{nav_name}' to '{set_name}': unknown name.")
    for nav in entity_set.type.navigation.values():
        candidates = [other for other in sets.values() if nav.target.is_a(other.type)]
        if nav.name not in entity_set.bindings and len(candidates) == 1:
            entity_set.bindings[nav.name] = candidates[0]


def _bases_first(types: Iterable[Any], problems: list[str]) -> list[Any]:
    """Structured types with every base before what derives from it; a cycle is a problem and is cut."""
    ordered: dict[StructuredType, None] = {}
    for kind in types:
        if not isinstance(kind, StructuredType):
            continue
        chain: list[StructuredType] = []
        current: Any = kind
        while current is not None and current not in ordered:
            if current in chain:
                problems.append(f"Type '{current.qualified_name}' derives from itself.")
                current.base = None
                break
            chain.append(current)
            current = current.base
        ordered.update(dict.fromkeys(reversed(chain)))
    return list(ordered)
