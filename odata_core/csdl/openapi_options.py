# The system query options that a resource has in OpenAPI, as far as its declared capabilities leave them.

from __future__ import annotations

from typing import Any, Final

from ..edm import EntityType
from ..edm.capabilities import Capabilities

Item = dict[str, Any]


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
