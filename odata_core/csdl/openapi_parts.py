# What all parts of an OpenAPI document are made with: parameters, responses, and the paths that there are so far.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..edm import ModelError
from .openapi_schemas import Schema

Item = dict[str, Any]
JSON: Final = "application/json"
FAILURE: Final = {"$ref": "#/components/responses/error"}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
NOTHING: Final = {"description": "Success"}


def _error(**more: Schema) -> Schema:
    """An error, or a detail of one (4.01 JSON Format, 21.1)."""
    texts = {name: {"type": "string"} for name in ("code", "message", "target")}
    return {"type": "object", "required": ["code", "message"], "properties": {**texts, **more}}


ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _error(details={"type": "array", "items": _error()})},
}


def content(text: str, schema: Schema) -> Item:
    return {"description": text, "content": {JSON: {"schema": schema}}}


def path_parameter(name: str, schema: Schema, text: str) -> Item:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def query_parameter(name: str, schema: Schema, *, is_json: bool = False) -> Item:
    kind: Mapping[str, Any] = {"content": {JSON: {"schema": schema}}} if is_json else {"schema": schema}
    return {"name": name, "in": "query", **kind}


def numbered(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        yield f"{name}-{number}"
        number += 1


class Paths:
    """The paths of a document, up to a number, and the names of their operations."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found: dict[str, Item] = {}
        self.left_out = 0
        self._names: set[str] = set()

    def add(self, path: str, item: Item, *, is_needed: bool = False) -> bool:
        """Add a path that has methods. False where there are too many, which is an error for what `is_needed`."""
        if not any(method in item for method in _METHODS):
            return False
        if len(self.found) >= self.most:
            if is_needed:
                raise ModelError(f"The entity sets of the model alone have more than {self.most} paths.")
            self.left_out += 1
            return False
        self.found[path] = item
        return True

    def name(self, path: str, verb: str) -> str:
        """A name that no other operation of the document has."""
        words = "".join([letter if letter.isalnum() or letter in "._" else "-" for letter in f"{verb}{path}"])
        wanted = "-".join([word for word in words.split("-") if word])
        free = next(name for name in numbered(wanted) if name not in self._names)
        self._names.add(free)
        return free


def literal(kind: Any, name: str) -> str:
    """A value of a URL in the template: text is in quotation marks there."""
    is_text = getattr(kind, "name", "") == "Edm.String" or hasattr(kind, "members")
    return f"'{{{name}}}'" if is_text else f"{{{name}}}"
