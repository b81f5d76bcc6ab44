# Annotations: the few that change what a model means, wherever they stand. All others are kept for their readers.
# Strategy: targets gathers all of them; here values become lists, mappings and text.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..edm import NOT_GIVEN, Expression
from ..edm.annotations import Constant, value_of
from .scope import Scope

CORE: Final = "Org.OData.Core.V1"
CAPABILITIES: Final = "Org.OData.Capabilities.V1"
ALTERNATE_KEYS: Final = (f"{CORE}.AlternateKeys", "OData.Community.Keys.V1.AlternateKeys")
COMPUTED: Final = f"{CORE}.Computed"
CONCURRENCY: Final = f"{CORE}.OptimisticConcurrency"
OPTIONAL_PARAMETER: Final = f"{CORE}.OptionalParameter"
KEY_AS_SEGMENT: Final = f"{CAPABILITIES}.KeyAsSegmentSupported"


def annotation(scope: Scope, target: str, term: str) -> Expression | None:
    """The value of a term on an element, written within it or apart from it; None where there is none.

    What is said about an operation without the types of its parameters is about every overload (14.2.2).
    """
    found = scope.annotations.get(target, {}).get((term, ""))
    start, parenthesis, rest = target.partition("(")
    if found is None and parenthesis:
        found = scope.annotations.get(start + rest.rpartition(")")[2], {}).get((term, ""))
    return None if found is None else found.value


def is_true(scope: Scope, target: str, term: str) -> bool:
    """Whether a tag is on an element."""
    return annotation(scope, target, term) == Constant("Bool", True)


def alternate_keys(scope: Scope, target: str) -> list[Mapping[str, str]]:
    """The alternate keys of an entity type: each maps aliases to paths (Core and Community vocabularies)."""
    keys: list[Mapping[str, str]] = []
    for term in ALTERNATE_KEYS:
        for key in _list(value_of(annotation(scope, target, term))):
            parts = [part for part in _list(_field(key, "Key")) if isinstance(_field(part, "Name"), str)]
            if parts:
                keys.append({str(_field(part, "Alias") or part["Name"]): part["Name"] for part in parts})
    return keys


def concurrency(scope: Scope, target: str) -> tuple[str, ...] | None:
    """The paths that Core.OptimisticConcurrency names on an entity set or singleton."""
    value = annotation(scope, target, CONCURRENCY)
    return None if value is None else tuple([path for path in _list(value_of(value)) if isinstance(path, str)])


def optional_default(scope: Scope, target: str) -> tuple[bool, Any]:
    """Whether a parameter may be left out, and the text of what it then is, NOT_GIVEN where nobody says (12.9)."""
    value = annotation(scope, target, OPTIONAL_PARAMETER)
    default = _field(value_of(value), "DefaultValue")
    return value is not None, default if isinstance(default, str) else NOT_GIVEN


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
