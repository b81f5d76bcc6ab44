# Capabilities that a model declares (the Capabilities vocabulary), and the system query options that they leave.
# What is not said is allowed, as the vocabulary has it. What a set does not say, its container may; what lies behind a
# navigation property is restricted by NavigationRestrictions of the set.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..edm import EntityType, Model
from ..edm.annotations import value_of

_TERMS: Final = "Org.OData.Capabilities.V1."
Item = dict[str, Any]


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


def _option(name: str, schema: Item, text: str, *, is_list: bool = False) -> Item:
    style = {"style": "form", "explode": False} if is_list else {}
    return {"name": name, "in": "query", "description": text, **style, "schema": schema}


def _names(names: list[str]) -> Item:
    return {"type": "array", "uniqueItems": True, "items": {"type": "string", "enum": names}}


_NUMBER: Final[Item] = {"type": "integer", "minimum": 0}
_TEXT: Final[Item] = {"type": "string"}


def list_parameters(kind: EntityType, capabilities: Capabilities) -> list[Item]:
    """The options of a collection of entities."""
    found: list[Item] = []
    if capabilities.allows("TopSupported"):
        found.append(_option("$top", _NUMBER, "Show only the first items"))
    if capabilities.allows("SkipSupported"):
        found.append(_option("$skip", _NUMBER, "Skip the first items"))
    found += count_parameters(capabilities)
    if capabilities.allows("CountRestrictions", "Countable"):
        found.append(_option("$count", {"type": "boolean"}, "Include the count of all items"))
    if capabilities.allows("SortRestrictions", "Sortable"):
        fixed = capabilities.paths("SortRestrictions", "NonSortableProperties")
        names = [name for name, prop in kind.properties.items() if name not in fixed and _is_plain(prop)]
        if names:
            sorts = [text for name in names for text in (name, f"{name} desc")]
            found.append(_option("$orderby", _names(sorts), "Order items by property values", is_list=True))
    return [*found, *shape_parameters(kind, capabilities)]


def count_parameters(capabilities: Capabilities) -> list[Item]:
    """The options that choose items, which a count has as well."""
    found: list[Item] = []
    if capabilities.allows("SearchRestrictions", "Searchable"):
        found.append(_option("$search", _TEXT, "Search items by phrases"))
    if capabilities.allows("FilterRestrictions", "Filterable"):
        fixed = capabilities.paths("FilterRestrictions", "NonFilterableProperties")
        needed = capabilities.paths("FilterRestrictions", "RequiredProperties")
        text = "Filter items by property values"
        text += f"; not by {', '.join(fixed)}" if fixed else ""
        text += f"; {', '.join(needed)} must be restricted" if needed else ""
        is_needed = capabilities.allows("FilterRestrictions", "RequiresFilter", default=False)
        found.append({**_option("$filter", _TEXT, text), **({"required": True} if is_needed else {})})
    return found


def shape_parameters(kind: EntityType, capabilities: Capabilities) -> list[Item]:
    """The options that say which members are shown."""
    found: list[Item] = []
    if capabilities.allows("SelectSupport", "Supported") and kind.properties:
        found.append(_option("$select", _names(list(kind.properties)), "Select properties to be shown", is_list=True))
    if capabilities.allows("ExpandRestrictions", "Expandable"):
        fixed = capabilities.paths("ExpandRestrictions", "NonExpandableProperties")
        names = [name for name in kind.navigation if name not in fixed]
        if names:
            found.append(_option("$expand", _names(["*", *names]), "Expand related entities", is_list=True))
    return found


def _is_plain(prop: Any) -> bool:
    """Whether values of a property have an order: single values of primitive types and enumerations."""
    return not prop.is_collection and not hasattr(prop.type, "properties")
