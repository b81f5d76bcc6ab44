# The operations of a model as paths of OpenAPI: imports under the root, bound ones behind what they are called on.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..edm import EntityType, Model, Operation, OperationImport
from ..edm.container import Parameter
from .openapi_parts import (
    FAILURE,
    JSON,
    NOTHING,
    Item,
    Paths,
    content,
    literal,
    numbered,
    path_parameter,
    query_parameter,
)
from .openapi_schemas import Schemas


class Calls:
    """Adds operations to the paths of a document."""

    def __init__(self, model: Model, schemas: Schemas, paths: Paths) -> None:
        self.model = model
        self.schemas = schemas
        self.paths = paths

    def add_imports(self) -> None:
        """What can be called by its name under the service root."""
        for name, imported in self.model.imports.items():
            for operation in imported.operations:
                self._call(f"/{name}", (), operation, imported.name, imported)

    def add_bound(
        self, path: str, parameters: tuple[Item, ...], kind: EntityType, tag: str, *, is_collection: bool
    ) -> None:
        """What can be called on entities of a type, one or many."""
        for overloads in self.model.operations.values():
            for operation in overloads:
                first = operation.parameters[0] if operation.is_bound and operation.parameters else None
                if first is None or first.is_collection is not is_collection or not _fits(kind, first.type):
                    continue
                self._call(f"{path}/{operation.qualified_name}", parameters, operation, tag, None)

    def _call(
        self,
        path: str,
        around: tuple[Item, ...],
        operation: Operation,
        tag: str,
        imported: OperationImport | None,
    ) -> None:
        given = operation.parameters[1:] if operation.is_bound else operation.parameters
        method = "get" if operation.is_function else "post"
        parameters = list(around)
        old = imported is not None and imported.http_method is not None
        if operation.is_function and not old:
            segment, found = self._arguments(given, {parameter["name"] for parameter in around})
            path, parameters = f"{path}({segment})", [*parameters, *found]
        elif old and imported is not None and imported.http_method is not None:
            method = imported.http_method.lower()
            parameters += [query_parameter(one.name, self.schemas.of_value(one)) for one in given]
        call: Item = {
            "tags": [tag],
            "operationId": self.paths.name(path, "Call"),
            "summary": self.schemas.text(operation, "Description") or f"Invoke {operation.name}",
            "responses": {**self._result(operation), "4XX": FAILURE},
        }
        long = self.schemas.text(operation, "LongDescription")
        if long:
            call["description"] = long
        if not operation.is_function and not old and given:
            members = {one.name: self.schemas.of_value(one) for one in given}
            call["requestBody"] = {"content": {JSON: {"schema": {"type": "object", "properties": members}}}}
        item: Item = {"parameters": parameters} if parameters else {}
        if path in self.paths.found:  # an overload that differs in its types only
            return
        self.paths.add(path, {**item, method: call})

    def _arguments(self, given: Iterable[Parameter], taken: set[str]) -> tuple[str, list[Item]]:
        """Arguments in the path: simple values in their place, others by an alias, as JSON in the query."""
        texts, parameters = [], []
        for one in given:
            name = next(text for text in numbered(one.name) if text not in taken)
            taken.add(name)
            schema = self.schemas.of_value(one)
            if one.is_collection or "$ref" in schema or "anyOf" in schema:
                texts.append(f"{one.name}=@{name}")
                parameters.append(query_parameter(f"@{name}", schema, is_json=True))
            else:
                texts.append(f"{one.name}={literal(one.type, name)}")
                parameters.append(path_parameter(name, schema, self.schemas.description(one) or f"Argument {one.name}"))
        return ",".join(texts), parameters

    def _result(self, operation: Operation) -> Item:
        returns = operation.returns
        if returns is None:
            return {"204": NOTHING}
        schema = self.schemas.of_value(returns)
        if returns.is_collection or "$ref" not in (schema if not returns.nullable else schema.get("anyOf", [{}])[0]):
            schema = {"type": "object", "properties": {"value": schema}}
        answers = {"200": content("Result", schema)}
        return {**answers, "204": NOTHING} if returns.nullable and not returns.is_collection else answers


def _fits(kind: EntityType, bound: Any) -> bool:
    return isinstance(bound, EntityType) and kind.is_a(bound)
