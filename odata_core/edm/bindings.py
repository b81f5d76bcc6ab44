# Bindings: in which entity set or singleton the targets of each navigation property live (CSDL 4.01, section 13.4).
# Strategy: a path is followed through the types of the model; a target is a name, or a path into containment.

from __future__ import annotations

from typing import Any

from .container import EntitySet, Singleton
from .model import Model
from .specs import Declarations, SourceSpec
from .types import NavigationProperty, Property, StructuredType


class Bindings:
    """The bindings of one entity set or singleton."""

    def __init__(self, model: Model, told: Declarations, source: EntitySet | Singleton, spec: SourceSpec) -> None:
        self.model = model
        self.told = told
        self.source = source
        self.spec = spec

    def bind(self) -> None:
        for path, target in self.spec.bindings.items():
            self._bind(path, target)
        if self.told.binds_unasked:
            self._bind_unasked()

    def _bind(self, path: str, target: str) -> None:
        key = "/".join(self.told.qualified(part) if "." in part else part for part in path.split("/"))
        navigation = self._follow(key)
        # A target may be named with its container, which is the only one.
        name = target.removeprefix(f"{self.model.namespace}.{self.model.container}/")
        found = self.model.entity_sets.get(name) or self.model.singletons.get(name)
        start = name.partition("/")[0]
        if navigation is None or (found is None and (start == name or not self._is_source(start))):
            self._fail(path, target, "unknown name")
        elif found is None:
            self.source.other_bindings[key] = name
        elif not (navigation.target.is_a(found.type) or found.type.is_a(navigation.target)):
            self._fail(path, target, "types differ")
        elif isinstance(found, Singleton):
            self.source.other_bindings[key] = found
        else:
            self.source.bindings[key] = found

    def _is_source(self, name: str) -> bool:
        return name in self.model.entity_sets or name in self.model.singletons

    def _follow(self, path: str) -> NavigationProperty | None:
        """The navigation property at the end of a path through types, complex and navigation properties."""
        kind: Any = self.source.type
        member: Property | NavigationProperty | None = None
        for part in path.split("/"):
            if "." in part:
                kind, member = self.model.types.get(part), None
                continue
            if not isinstance(kind, StructuredType):
                return None
            member = kind.navigation.get(part) or kind.properties.get(part)
            if member is None:
                return None
            kind = member.target if isinstance(member, NavigationProperty) else member.type
        return member if isinstance(member, NavigationProperty) else None

    def _fail(self, path: str, target: str, reason: str) -> None:
        where = f"{self.spec.kind.capitalize()} '{self.source.name}'"
        self.told.leave_out(f"{where} cannot bind '{path}' to '{target}': {reason}.", self.spec.location)

    def _bind_unasked(self) -> None:
        for navigation in self.source.type.navigation.values():
            candidates = [other for other in self.model.entity_sets.values() if navigation.target.is_a(other.type)]
            bound = navigation.name in self.source.bindings or navigation.name in self.source.other_bindings
            if not bound and not navigation.contains_target and len(candidates) == 1:
                self.source.bindings[navigation.name] = candidates[0]
