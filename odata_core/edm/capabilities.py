# Capabilities that a model declares (the Capabilities vocabulary): what may be done with its sets.
# What is not said is allowed, as the vocabulary has it. What a set does not say, its container may; what lies behind a
# navigation property is restricted by NavigationRestrictions of the set.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .annotations import value_of
from .model import Model

_TERMS: Final = "Org.OData.Capabilities.V1."


class Capabilities:
    """What may be done with one resource."""

    def __init__(
        self,
        model: Model,
        element: object | None,
        container: Capabilities | None = None,
        own: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = model
        self._element = element
        self._container = container
        self._own = own  # of a navigation property: what NavigationRestrictions say

    def value(self, term: str) -> Any:
        """What is said by a term; None where nothing is."""
        if self._own is not None:
            return self._own.get(term)
        found = None if self._element is None else value_of(self._model.annotation(self._element, _TERMS + term))
        return self._container.value(term) if found is None and self._container is not None else found

    def allows(self, term: str, name: str | None = None, *, default: bool = True) -> bool:
        """Whether a restriction has that member true, or a plain term is true."""
        found = self.value(term)
        if name is not None:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, bool) else default

    def text(self, term: str, name: str) -> str | None:
        """A text that a restriction has."""
        found = self.value(term)
        text = found.get(name) if isinstance(found, Mapping) else None
        return text if isinstance(text, str) else None

    def paths(self, term: str, name: str) -> list[str]:
        """The properties that a restriction lists."""
        found = self.value(term)
        listed = found.get(name) if isinstance(found, Mapping) else None
        return [str(path) for path in listed] if isinstance(listed, list) else []

    @property
    def reads_by_key(self) -> bool:
        found = self.value("ReadRestrictions")
        inner = found.get("ReadByKeyRestrictions") if isinstance(found, Mapping) else None
        return not (isinstance(inner, Mapping) and inner.get("Readable") is False)

    @property
    def update_method(self) -> str:
        """The method that changes an entity: PATCH, unless only PUT is declared."""
        found = self.value("UpdateRestrictions")
        told = found.get("UpdateMethod") if isinstance(found, Mapping) else None
        return "put" if told == "PUT" else "patch"

    @property
    def keys_are_segments(self) -> bool:
        return self.allows("KeyAsSegmentSupported", default=False)

    @property
    def is_navigable(self) -> bool:
        """Whether the navigation property can be followed in a URL."""
        told = None if self._own is None else self._own.get("Navigability")
        return told != "None"

    def behind(self, name: str) -> Capabilities:
        """What may be done behind a navigation property."""
        told = self.value("NavigationRestrictions")
        listed = told.get("RestrictedProperties") if isinstance(told, Mapping) else None
        for record in listed if isinstance(listed, list) else ():
            if isinstance(record, Mapping) and record.get("NavigationProperty") == name:
                return Capabilities(self._model, None, None, record)
        return Capabilities(self._model, None, None, {})
