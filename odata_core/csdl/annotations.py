# Annotations: the few that change what a model means, wherever they stand. All others are left to their readers.
# Strategy: a value becomes what CSDL JSON writes for it (lists, mappings, text, flags), from either format.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..edm import NOT_GIVEN
from .markup import Element, Misread
from .scope import Scope, required

ALTERNATE_KEYS: Final = ("Org.OData.Core.V1.AlternateKeys", "OData.Community.Keys.V1.AlternateKeys")
COMPUTED: Final = "Org.OData.Core.V1.Computed"
CONCURRENCY: Final = "Org.OData.Core.V1.OptimisticConcurrency"
OPTIONAL_PARAMETER: Final = "Org.OData.Core.V1.OptionalParameter"
_WANTED: Final = frozenset({*ALTERNATE_KEYS, COMPUTED, CONCURRENCY, OPTIONAL_PARAMETER})

# Section 14.2.2: a qualified name, for an overload with the types of its parameters, and a path from there.
_NAME = r"[^\W\d][\w\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f]*"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*"
_TYPE = rf"(?:Collection\({_QUALIFIED}\)|{_QUALIFIED})"
_TARGET = re.compile(rf"{_QUALIFIED}(?:\((?:{_TYPE}(?:,{_TYPE})*)?\))?(?:/[@$]?{_QUALIFIED}(?:#{_NAME})?)*")

_TEXTS: Final = ("String", "PropertyPath", "NavigationPropertyPath", "Path", "EnumMember", "AnnotationPath")


def annotation(scope: Scope, element: Element, target: str, term: str) -> Any:
    """The value of a term on an element, written within it or apart from it; NOT_GIVEN where there is none."""
    for child in element.each("Annotation"):
        if scope.qualified(child.attributes.get("Term", "")) == term and "Qualifier" not in child.attributes:
            return _value(child)
    return scope.annotations.get(target, {}).get(term, NOT_GIVEN)


def annotations_apart(scope: Scope, schema: Element) -> dict[str, dict[str, Any]]:
    """<Annotations Target Qualifier> Annotation*: what they say by target and term (section 14.2)."""
    found: dict[str, dict[str, Any]] = {}
    for element in schema.each("Annotations"):
        target = required(element, "Target")
        if not _TARGET.fullmatch(target):
            raise Misread(element, f"The target '{target}' is not a path to an element of a model.")
        for child in element.each("Annotation"):
            term = scope.qualified(child.attributes.get("Term", ""))
            if term in _WANTED and not {"Qualifier"} & {*element.attributes, *child.attributes}:
                found.setdefault(scope.path(target), {})[term] = _value(child)
    return found


def alternate_keys(scope: Scope, element: Element, target: str) -> list[Mapping[str, str]]:
    """The alternate keys of an entity type: each maps aliases to paths (Core and Community vocabularies)."""
    keys: list[Mapping[str, str]] = []
    for term in ALTERNATE_KEYS:
        for key in _list(annotation(scope, element, target, term)):
            parts = [part for part in _list(_field(key, "Key")) if isinstance(_field(part, "Name"), str)]
            if parts:
                keys.append({str(_field(part, "Alias") or part["Name"]): part["Name"] for part in parts})
    return keys


def concurrency(scope: Scope, element: Element, target: str) -> tuple[str, ...] | None:
    """The paths that Core.OptimisticConcurrency names on an entity set or singleton."""
    value = annotation(scope, element, target, CONCURRENCY)
    return None if value is NOT_GIVEN else tuple([path for path in _list(value) if isinstance(path, str)])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _value(element: Element) -> Any:
    """An annotation's or a property value's expression; other expressions than constants and paths give None."""
    if element.value is not NOT_GIVEN:
        return element.value
    for name in _TEXTS:
        if name in element.attributes:
            return element.attributes[name]
    if "Bool" in element.attributes:
        return element.attributes["Bool"] == "true"
    inner = next(
        (child for child in element.children if child.namespace == element.namespace and child.name != "Annotation"),
        None,
    )
    return True if inner is None else _expression(inner)  # section 14.3.1: most terms default to true


def _expression(element: Element) -> Any:
    match element.name:
        case "Collection":
            return [_expression(child) for child in element.children if child.namespace == element.namespace]
        case "Record":
            return {child.attributes.get("Property", ""): _value(child) for child in element.each("PropertyValue")}
        case "Bool":
            return element.text.strip() == "true"
        case name if name in _TEXTS:
            return element.text.strip()
    return None
