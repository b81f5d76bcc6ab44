# A model as an OpenAPI 3.1 document, after "OData to OpenAPI Mapping 1.0" (OASIS committee note): the paths that a
# service has, and the schemas of what goes over them.
# Strategy: a resource is a path with what is known of it; each kind of resource is one function that gives path items.
# What a model says of capabilities decides which methods and options there are.
# A model with cycles has endless paths, so they are bounded: sets first, then what lies behind them, level by level,
# until there are enough. What was left out is said in the description.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec

from ..edm import EntitySet, EntityType, Model, NavigationProperty, Singleton
from ..edm.annotations import value_of
from ..edm.capabilities import Capabilities
from ..records import record
from .openapi_calls import Calls
from .openapi_options import count_parameters, list_parameters, shape_parameters
from .openapi_parts import ERROR, FAILURE, JSON, NOTHING, Item, Paths, content, literal, numbered, path_parameter
from .openapi_schemas import COUNT, Purpose, Schemas

MAX_PATHS: Final = 2_000
MAX_DEPTH: Final = 2
"""How many navigation properties a path may have behind its set."""


def write_openapi(
    model: Model,
    *,
    server: str = "/",
    title: str | None = None,
    version: str | None = None,
    max_paths: int = MAX_PATHS,
    max_depth: int = MAX_DEPTH,
) -> bytes:
    """The OpenAPI 3.1 document of a model as JSON. `server` is the URL of the service root.

    ModelError where the entity sets alone have more than `max_paths` paths; those of navigation properties are left
    out beyond, which the description says.
    """
    return msgspec.json.format(
        msgspec.json.encode(_Document(model, max_paths, max_depth).write(server, title, version)), indent=2
    )


@record
class _Place:
    """A resource: its path, the parameters in that, and what is there. `target` is what capabilities are said of."""

    path: str
    kind: EntityType
    tag: str
    capabilities: Capabilities
    parameters: tuple[Item, ...] = ()
    source: EntitySet | Singleton | None = None
    depth: int = 0
    seen: tuple[NavigationProperty, ...] = ()

    def below(self, segment: str, *parameters: Item, **changes: Any) -> _Place:
        return replace(self, path=f"{self.path}{segment}", parameters=(*self.parameters, *parameters), **changes)


class _Document:
    """One document in the making."""

    def __init__(self, model: Model, max_paths: int, max_depth: int) -> None:
        self.model = model
        self.max_depth = max_depth
        self.schemas = Schemas(model)
        self.container = Capabilities(model, model.default_container if model.container else None)
        self.paths = Paths(max_paths)
        self.calls = Calls(model, self.schemas, self.paths)

    def write(self, server: str, title: str | None, version: str | None) -> Item:
        schema_text = self._schema_text("Description"), self._schema_text("LongDescription")
        self._sets()
        self.calls.add_imports()
        self._batch()
        description = schema_text[1] or f"This service is located at {server}"
        if self.paths.left_out:
            description += f"\n\n{self.paths.left_out} paths behind navigation properties are left out."
        return {
            "openapi": "3.1.0",
            "info": {
                "title": title or schema_text[0] or f"Service for namespace {self.model.namespace}",
                "description": description,
                "version": version or self._schema_text("SchemaVersion") or "",
            },
            "servers": [{"url": server.removesuffix("/") or "/"}],
            "tags": [self._tag(name, source) for name, source in self._sources()],
            "paths": dict(sorted(self.paths.found.items())),
            "components": {
                "responses": {"error": content("Error", self.schemas.shared("error", ERROR))},
                "schemas": self.schemas.finish(),
            },
        }

    def _schema_text(self, term: str) -> str | None:
        found = value_of(self.model.annotation(f"{self.model.namespace}/$Schema", f"Org.OData.Core.V1.{term}"))
        return found if isinstance(found, str) else None

    def _sources(self) -> Iterable[tuple[str, EntitySet | Singleton]]:
        return [*self.model.entity_sets.items(), *self.model.singletons.items()]

    def _tag(self, name: str, source: EntitySet | Singleton) -> Item:
        text = self.schemas.text(source, "Description")
        return {"name": name, **({"description": text} if text else {})}

    # ------------------------------------------------------------ paths

    def _sets(self) -> None:
        level: list[_Place] = []
        for name, source in self._sources():
            capabilities = Capabilities(self.model, source, self.container)
            place = _Place(f"/{name}", source.type, name, capabilities, source=source)
            if isinstance(source, EntitySet):
                self.paths.add(place.path, self._collection(place), is_needed=True)
                self.paths.add(f"{place.path}/$count", self._count(place), is_needed=True)
                self.calls.add_bound(place.path, place.parameters, place.kind, place.tag, is_collection=True)
                if not source.type.key or not capabilities.allows("IndexableByKey", default=True):
                    continue
                place = self._by_key(place)
            self.paths.add(place.path, self._entity(place, is_single=isinstance(source, Singleton)), is_needed=True)
            level.append(place)
        for place in level:
            self.calls.add_bound(place.path, place.parameters, place.kind, place.tag, is_collection=False)
        while level:
            level = [further for place in level for further in self._behind(place)]

    def _behind(self, place: _Place) -> Iterator[_Place]:
        """One navigation property further; what it gives are entities, whose own are the next level."""
        self._streams(place)
        for navigation in place.kind.navigation.values():
            if place.depth >= self.max_depth or navigation in place.seen:
                continue
            capabilities = place.capabilities.behind(navigation.name)
            if not capabilities.is_navigable:
                continue
            bound = place.source.bindings.get(navigation.name) if place.source is not None else None
            there = place.below(
                f"/{navigation.name}",
                kind=navigation.target,
                capabilities=capabilities,
                source=None if navigation.contains_target else bound,
                depth=place.depth + 1,
                seen=(*place.seen, navigation),
            )
            if not navigation.is_collection:
                item = self._entity(there, is_single=True, is_link=not navigation.contains_target)
                if self.paths.add(there.path, item) and navigation.contains_target:
                    yield there
                continue
            if not self.paths.add(there.path, self._collection(there)):
                continue
            self.paths.add(f"{there.path}/$count", self._count(there))
            if navigation.contains_target and navigation.target.key:
                one = self._by_key(there)
                if self.paths.add(one.path, self._entity(one, is_single=False)):
                    yield one

    def _by_key(self, place: _Place) -> _Place:
        used = {parameter["name"] for parameter in place.parameters}
        parts, parameters = [], []
        for name in place.kind.key:
            free = next(text for text in numbered(name) if text not in used)
            used.add(free)
            prop = place.kind.key_property(name)
            schema = self.schemas.of_value(prop)
            parameters.append(path_parameter(free, schema, self.schemas.description(prop) or f"Key: {name}"))
            parts.append((name, literal(prop.type, free)))
        if self.container.keys_are_segments:
            return place.below("".join([f"/{{{parameter['name']}}}" for parameter in parameters]), *parameters)
        inner = parts[0][1] if len(parts) == 1 else ",".join([f"{name}={text}" for name, text in parts])
        return place.below(f"({inner})", *parameters)

    # ------------------------------------------------------------ resources

    def _collection(self, place: _Place) -> Item:
        item: Item = _item(place)
        if place.capabilities.allows("ReadRestrictions", "Readable"):
            options = list_parameters(place.kind, place.capabilities)
            entities = {
                "type": "object",
                "title": f"Collection of {place.kind.name}",
                "properties": {
                    "@count": self.schemas.shared("count", COUNT),
                    "value": {"type": "array", "items": self.schemas.of_type(place.kind)},
                },
            }
            item["get"] = self._operation(
                place, "List", "ReadRestrictions", {"200": content("Entities", entities)}, options
            )
        if place.capabilities.allows("InsertRestrictions", "Insertable") and not place.kind.is_abstract:
            made = content("Created entity", self.schemas.of_type(place.kind))
            item["post"] = self._operation(place, "Create", "InsertRestrictions", {"201": made, "204": NOTHING})
            item["post"]["requestBody"] = self._sent(place.kind, Purpose.CREATE, "New entity")
        return item

    def _entity(self, place: _Place, *, is_single: bool, is_link: bool = False) -> Item:
        """An entity by its key, a singleton, or behind a navigation property; what is only linked is only read."""
        item, capabilities = _item(place), place.capabilities
        if capabilities.allows("ReadRestrictions", "Readable") and capabilities.reads_by_key:
            options = shape_parameters(place.kind, capabilities)
            read = content("Entity", self.schemas.of_type(place.kind))
            answers = {"200": read, "204": NOTHING} if is_link else {"200": read}
            item["get"] = self._operation(place, "Get", "ReadRestrictions", answers, options)
        if is_link:
            return item
        if capabilities.allows("UpdateRestrictions", "Updatable"):
            method = capabilities.update_method
            changed = content("Changed entity", self.schemas.of_type(place.kind))
            item[method] = self._operation(place, "Update", "UpdateRestrictions", {"200": changed, "204": NOTHING})
            item[method]["requestBody"] = self._sent(place.kind, Purpose.UPDATE, "New values")
        can_go = not is_single or (isinstance(place.source, Singleton) and place.source.nullable)
        if can_go and capabilities.allows("DeleteRestrictions", "Deletable"):
            item["delete"] = self._operation(place, "Delete", "DeleteRestrictions", {"204": NOTHING})
        return item

    def _count(self, place: _Place) -> Item:
        if not place.capabilities.allows("CountRestrictions", "Countable"):
            return {}
        text = {"description": "The count", "content": {"text/plain": {"schema": self.schemas.shared("count", COUNT)}}}
        options = count_parameters(place.capabilities)
        return {**_item(place), "get": self._operation(place, "Count", "ReadRestrictions", {"200": text}, options)}

    def _streams(self, place: _Place) -> None:
        """The content of a media entity, and of stream properties."""
        names = [name for name, prop in place.kind.properties.items() if prop.type_name == "Edm.Stream"]
        segments = [*(["$value"] if place.kind.has_stream else []), *names]
        anything = {"*/*": {"schema": {"type": "string", "contentMediaType": "*/*"}}}
        for segment in segments:
            item = _item(place)
            read: Item = {"200": {"description": "Content", "content": anything}}
            item["get"] = self._operation(place, f"Get {segment} of", "ReadRestrictions", read)
            if place.capabilities.allows("UpdateRestrictions", "Updatable"):
                item["put"] = self._operation(place, f"Set {segment} of", "UpdateRestrictions", {"204": NOTHING})
                item["put"]["requestBody"] = {"required": True, "content": anything}
            self.paths.add(f"{place.path}/{segment}", item)

    def _operation(
        self, place: _Place, verb: str, restrictions: str, answers: Item, options: Iterable[Item] = ()
    ) -> Item:
        text = place.capabilities.text(restrictions, "Description") or f"{verb} {place.kind.name}"
        found: Item = {
            "tags": [place.tag],
            "operationId": self.paths.name(place.path, verb),
            "summary": text,
            "parameters": list(options),
            "responses": {**answers, "4XX": FAILURE},
        }
        more = place.capabilities.text(restrictions, "LongDescription")
        if more:
            found["description"] = more
        return found if found["parameters"] else {name: value for name, value in found.items() if name != "parameters"}

    def _sent(self, kind: EntityType, purpose: Purpose, text: str) -> Item:
        return {
            "required": True,
            "description": text,
            "content": {JSON: {"schema": self.schemas.of_type(kind, purpose)}},
        }

    def _batch(self) -> None:
        if not self.container.allows("BatchSupported", default=True):
            return
        requests = {"type": "object", "properties": {"requests": {"type": "array", "items": {"type": "object"}}}}
        answers = {"type": "object", "properties": {"responses": {"type": "array", "items": {"type": "object"}}}}
        bodies = {"multipart/mixed": {"schema": {"type": "string"}}, JSON: {"schema": requests}}
        post = {
            "tags": ["Batch Requests"],
            "operationId": self.paths.name("/$batch", "Send"),
            "summary": "Send several requests at once",
            "requestBody": {"required": True, "content": bodies},
            "responses": {"200": content("Answers", answers), "4XX": FAILURE},
        }
        self.paths.add("/$batch", {"post": post})


def _item(place: _Place) -> Item:
    return {"parameters": list(place.parameters)} if place.parameters else {}
