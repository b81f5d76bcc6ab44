# Types -> JSON schemas of OpenAPI 3.1: what is read, what is sent to create, and what is sent to change.
# Strategy: who refers to a type asks for it by name and purpose; what was asked for is written once, and what that
# refers to after it, until nothing is left. So a document has the schemas that its paths lead to, and no others.
# The mapping of types is that of "OData to OpenAPI Mapping 1.0", 4.6, with null as a type of its own, as 3.1 has it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from ..edm import ComplexType, EntityType, EnumType, Model, NavigationProperty, PrimitiveType, Property
from ..edm.annotations import value_of
from ..edm.container import ReturnType
from ..edm.types import NOT_GIVEN, StructuredType, TypeDefinition

Schema = dict[str, Any]

CORE: Final = "Org.OData.Core.V1."


class Purpose(Enum):
    """What a schema is for; the value is behind the name of the type."""

    READ = ""
    CREATE = "-create"
    UPDATE = "-update"


def _integer(low: int, high: int, form: str) -> Schema:
    return {"type": "integer", "format": form, "minimum": low, "maximum": high}


_NUMBER: Final = ["number", "string"]  # INF and NaN are strings; with IEEE754Compatible large numbers are, too
_PRIMITIVES: Final[Mapping[str, Schema]] = {
    "Edm.Binary": {"type": "string", "contentEncoding": "base64url"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Byte": _integer(0, 255, "uint8"),
    "Edm.SByte": _integer(-128, 127, "int8"),
    "Edm.Int16": _integer(-(2**15), 2**15 - 1, "int16"),
    "Edm.Int32": {"type": "integer", "format": "int32"},
    "Edm.Int64": {"type": ["integer", "string"], "format": "int64"},
    "Edm.Decimal": {"type": _NUMBER, "format": "decimal"},
    "Edm.Single": {"type": _NUMBER, "format": "float"},
    "Edm.Double": {"type": _NUMBER, "format": "double"},
    "Edm.String": {"type": "string"},
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTime": {"type": "string", "format": "date-time"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.Time": {"type": "string", "format": "duration"},
    "Edm.TimeOfDay": {"type": "string", "format": "time"},
    "Edm.Duration": {"type": "string", "format": "duration"},
    "Edm.Stream": {"type": "string", "contentEncoding": "base64url"},
}
GEO_JSON: Final[Schema] = {
    "title": "A value of GeoJSON (RFC 7946)",
    "type": "object",
    "properties": {"type": {"type": "string"}, "coordinates": {"type": "array", "items": {}}},
    "required": ["type"],
}
COUNT: Final[Schema] = {
    "type": ["integer", "string"],
    "format": "int64",
    "description": "The number of entities, whatever page is shown.",
}


class Schemas:
    """The schemas of a document in the making, by their names among its components."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.found: dict[str, Schema] = {}
        self._open: list[tuple[str, Callable[[], Schema]]] = []

    def finish(self) -> dict[str, Schema]:
        """Everything that was asked for, and what it leads to, by name."""
        while self._open:
            name, write = self._open.pop()
            self.found[name] = write()
        return dict(sorted(self.found.items()))

    def shared(self, name: str, schema: Schema) -> Schema:
        """A reference to a schema that is no type of the model."""
        return self._ask(name, lambda: schema)

    def of_type(self, kind: Any, purpose: Purpose = Purpose.READ) -> Schema:
        """The schema of single values that are not null: a reference, where the type has a name in the model."""
        if isinstance(kind, StructuredType) and kind.namespace == "Edm":
            return {"type": "object"}  # of any type
        if isinstance(kind, StructuredType):
            used = purpose if isinstance(kind, EntityType) else Purpose.READ
            return self._ask(f"{kind.qualified_name}{used.value}", lambda: self._structured(kind, used))
        if isinstance(kind, EnumType):
            return self._ask(kind.qualified_name, lambda: self._enum(kind))
        if isinstance(kind, TypeDefinition):
            return self._ask(
                kind.qualified_name, lambda: self._told(kind, self._primitive(kind.underlying, kind.facets))
            )
        return self._primitive(kind, {})

    def of_value(self, value: Property | ReturnType) -> Schema:
        """The schema of a property, a parameter or a result."""
        definition = value.type_definition
        item = self.of_type(definition) if definition is not None else self._item(value)
        if value.is_collection:
            return {"type": "array", "items": or_null(item) if value.nullable and not _is_entity(value) else item}
        return or_null(item) if value.nullable else item

    def _item(self, value: Property | ReturnType) -> Schema:
        if isinstance(value.type, PrimitiveType):
            return self._primitive(value.type, value.facets)
        return self.of_type(value.type)

    def _ask(self, name: str, write: Callable[[], Schema]) -> Schema:
        name = _FOREIGN.sub(lambda letter: f"_x{ord(letter[0]):X}_", name)
        if name not in self.found:
            self.found[name] = {}  # so that it is asked for once
            self._open.append((name, write))
        return {"$ref": f"#/components/schemas/{name}"}

    # ------------------------------------------------------------ types

    def _primitive(self, kind: PrimitiveType, facets: Mapping[str, Any]) -> Schema:
        if kind.name.startswith(("Edm.Geo", "Edm.Geometry")):
            return self.shared("geoJSON", GEO_JSON)
        schema = dict(_PRIMITIVES.get(kind.name, {}))  # what is not there may be anything
        length, precision, scale = facets.get("MaxLength"), facets.get("Precision"), facets.get("Scale")
        if isinstance(length, int):
            schema["maxLength"] = length if kind.name == "Edm.String" else -(-4 * length // 3)
        if kind.name == "Edm.Decimal" and isinstance(scale, int) and scale > 0:
            schema["multipleOf"] = float(Decimal(1).scaleb(-scale))
        if kind.name == "Edm.Decimal" and isinstance(precision, int) and precision < 16:
            top = float(Decimal(10) ** precision - 1) / 10 ** (scale if isinstance(scale, int) else 0)
            schema |= {"minimum": -top, "maximum": top}
        return schema

    def _enum(self, kind: EnumType) -> Schema:
        names = list(kind.members)
        if not kind.is_flags:
            return self._told(kind, {"type": "string", "enum": names})
        return self._told(kind, {"type": "string", "description": f"One or more of {', '.join(names)}, with commas."})

    def _structured(self, kind: StructuredType, purpose: Purpose) -> Schema:
        base = kind.base
        own = self._object(kind, purpose)
        if base is None:
            return self._told(kind, own)
        return self._told(kind, {"allOf": [self.of_type(base, purpose), own]})

    def _object(self, kind: StructuredType, purpose: Purpose) -> Schema:
        members: dict[str, Schema] = {}
        required = []
        key = kind.key if isinstance(kind, EntityType) else ()
        for name, prop in kind.own_properties.items():
            if not self._takes(prop, name in key, purpose):
                continue
            members[name] = self._property(prop)
            if purpose is Purpose.CREATE and _must_be_given(prop):
                required.append(name)
        for name, navigation in kind.own_navigation.items():
            if purpose is not Purpose.UPDATE:
                members |= self._navigation(name, navigation, purpose)
        schema: Schema = {"type": "object", "title": f"{kind.name}{_TITLES[purpose]}"}
        if members:
            schema["properties"] = members
        if required:
            schema["required"] = required
        return schema

    def _takes(self, prop: Property, is_key: bool, purpose: Purpose) -> bool:
        """Whether a property is there for a purpose: neither what the server computes, nor what never changes."""
        if purpose is Purpose.READ:
            return True
        permissions = value_of(self.model.annotation(prop, CORE + "Permissions"))
        if self.says(prop, "Computed") or permissions in ("Read", "None"):
            return False
        return purpose is Purpose.CREATE or not (is_key or self.says(prop, "Immutable"))

    def _property(self, prop: Property) -> Schema:
        schema = self.of_value(prop)
        if isinstance(prop.default, str | bool | int | float):
            schema = {**schema, "default": prop.default}
        return self._told(prop, schema)

    def _navigation(self, name: str, navigation: NavigationProperty, purpose: Purpose) -> dict[str, Schema]:
        target = self.of_type(navigation.target, purpose)
        if not navigation.is_collection:
            return {name: self._told(navigation, or_null(target) if navigation.nullable else target)}
        found = {name: self._told(navigation, {"type": "array", "items": target})}
        return {**found, f"{name}@count": self.shared("count", COUNT)} if purpose is Purpose.READ else found

    # ------------------------------------------------------------ annotations

    def says(self, element: object, term: str) -> bool:
        """Whether a term of the Core vocabulary, whose default is true, is said of an element."""
        found = self.model.annotation(element, CORE + term)
        return found is not None and value_of(found) is not False

    def text(self, element: object, term: str) -> str | None:
        """A text that the Core vocabulary has for an element."""
        found = value_of(self.model.annotation(element, CORE + term))
        return found if isinstance(found, str) else None

    def description(self, element: object) -> str | None:
        """What the model says of an element in words."""
        texts = [text for text in (self.text(element, "Description"), self.text(element, "LongDescription")) if text]
        return "\n\n".join(texts) or None

    def _told(self, element: object, schema: Schema) -> Schema:
        described = self.description(element)
        return schema if described is None else {**schema, "description": described}


def _must_be_given(prop: Property) -> bool:
    is_left_out = prop.nullable or prop.is_collection or prop.is_generated or prop.type_name == "Edm.Stream"
    return not is_left_out and prop.default is NOT_GIVEN


# The names of components are ASCII (OpenAPI 3.1, 4.8.7.1).
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9._-]")
_TITLES: Final = {Purpose.READ: "", Purpose.CREATE: " (for create)", Purpose.UPDATE: " (for update)"}


def or_null(schema: Schema) -> Schema:
    """The schema, or null."""
    kind = schema.get("type")
    if "$ref" in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if kind is None:
        return schema
    return {**schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}


def _is_entity(value: Property | ReturnType) -> bool:
    return isinstance(value.type, EntityType | ComplexType)
