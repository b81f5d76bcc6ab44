# The model as a CSDL JSON document (CSDL JSON 4.01): the elements of XML of version 4 as objects, a function an
# element. The reverse of json_elements. Strategy: an attribute `Name` is the member `$Name`; what JSON says in another
# way, or leaves unsaid, is a table: kinds, keys, collections, and the defaults that differ (7.1, 7.2).

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec

from ..edm import Model, ModelError, PrimitiveType, TypeDefinition
from ..edm.geo import plane_of, read_geo
from ..edm.primitives import GEO_TYPES
from ..records import record
from .elements_v4 import V4, elements_v4
from .expressions import json_address
from .json_expressions import annotations_of, facet_value, number_value
from .markup import Element
from .names import COLLECTION

JSON: Final = replace(V4, name="CSDL JSON", foreign=False)

_NUMBERS: Final = frozenset(f"Edm.{name}" for name in "Byte SByte Int16 Int32 Int64 Decimal Double Single".split())
_TEMPORAL: Final = frozenset({"Edm.DateTimeOffset", "Edm.Duration", "Edm.TimeOfDay"})
_FLAGS: Final = ("Abstract", "OpenType", "HasStream", "IsFlags", "IsBound", "IsComposable", "ContainsTarget")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_LARGEST: Final = 2**63

TYPE_NAMES: Final = {"4.0": "@odata.type"}  # 4.01 lets the prefix go

Object = dict[str, Any]


def write_json(
    model: Model,
    *,
    version: str = "4.01",
    key_as_segment: bool = False,
    strict: bool = False,
    left_out: list[str] | None = None,
) -> bytes:
    """The $metadata document of a model as CSDL JSON.

    What it cannot say is added to `left_out` in full sentences; a `strict` caller gets a ModelError where that changes
    what the model means.
    """
    root, writing = elements_v4(model, JSON, version=version, key_as_segment=key_as_segment)
    writing.finish(strict=strict, left_out=left_out)
    addresses = {include.namespace: one.uri for one in reversed(model.references) for include in one.includes}
    document = _Document(model, TYPE_NAMES.get(version, "@type"), addresses).root(root)
    try:
        return msgspec.json.format(_ENCODER.encode(_encodable(document)), indent=4)
    except UnicodeEncodeError:
        raise ModelError("The model has a text with half of a surrogate pair, which no document can hold.") from None


def _encodable(value: Any) -> Any:
    """The same with numbers that the encoder takes; others are decimals of as many digits."""
    match value:
        case dict():
            return {name: _encodable(item) for name, item in value.items()}
        case list():
            return [_encodable(item) for item in value]
        case bool():
            return value
        case int() if not -_LARGEST <= value < _LARGEST:
            return Decimal(value)
    return value


@record
class _Document:
    model: Model
    type_name: str
    addresses: Mapping[str, str]  # of the documents of namespaces

    # -------------------------------------------------------------- what stands beside the schemas

    def root(self, element: Element) -> Object:
        """`{"$Version", "$EntityContainer", "$Reference", namespace: schema}` (4)"""
        found: Object = {"$Version": element.attributes["Version"]}
        schemas = [schema for services in element.each("DataServices") for schema in services.children]
        for schema in schemas:
            namespace = schema.attributes["Namespace"]
            for container in schema.each("EntityContainer"):
                if f"{namespace}.{container.attributes['Name']}" == self.model.default_container:
                    found["$EntityContainer"] = self.model.default_container
        references = {json_address(one.attributes["Uri"]): self._reference(one) for one in element.each("Reference")}
        if references:
            found["$Reference"] = references
        return found | {schema.attributes["Namespace"]: self._schema(schema) for schema in schemas}

    def _reference(self, element: Element) -> Object:
        """`{"$Include": [{"$Namespace", "$Alias"}], "$IncludeAnnotations": [...]}` (4.1 to 4.3)"""
        found: Object = {}
        for kind in ("Include", "IncludeAnnotations"):
            items = [self._members(one) | self._said(one) for one in element.each(kind)]
            if items:
                found[f"${kind}"] = items
        return found | self._said(element)

    def _members(self, element: Element) -> Object:
        return {f"${name}": text for name, text in element.attributes.items()}

    def _said(self, element: Element, about: str = "") -> Object:
        """The annotations within an element, which of references are of another vocabulary than itself."""
        inside = Element("", "", {})
        inside.children = [child for child in element.children if child.name == "Annotation"]
        inside.namespace = inside.children[0].namespace if inside.children else ""
        return annotations_of(inside, self._type_member, about)

    def _type_member(self, name: str) -> tuple[str, str]:
        """`"@type": "#alias.Type"`, with the address of the document before it where that is another one (14.4.11)."""
        namespace = self.model.qualified(name).rpartition(".")[0]
        return self.type_name, f"{self.addresses.get(namespace, '')}#{name}"

    # -------------------------------------------------------------- schemas

    def _schema(self, schema: Element) -> Object:
        """`{"$Alias", "$Annotations": {target: annotations}, name: element}`; operations in arrays (5)"""
        found: Object = {}
        if "Alias" in schema.attributes:
            found["$Alias"] = schema.attributes["Alias"]
        for element in schema.children:
            name = element.attributes.get("Name", "")
            if element.name in ("Action", "Function"):
                found.setdefault(name, []).append(self._operation(element))
            elif element.name in self._rows():
                found[name] = {"$Kind": element.name} | self._rows()[element.name](element) | self._said(element)
        apart: dict[str, Object] = {}
        for element in schema.each("Annotations"):
            apart.setdefault(element.attributes["Target"], {}).update(self._said(element))
        if apart:
            found["$Annotations"] = apart
        return found | self._said(schema)

    def _rows(self) -> Mapping[str, Callable[[Element], Object]]:
        return {
            "EntityType": self._structured,
            "ComplexType": self._structured,
            "EnumType": self._enum,
            "TypeDefinition": self._type_definition,
            "Term": self._term,
            "EntityContainer": self._container,
        }

    def _flags(self, element: Element) -> Object:
        return {f"${name}": True for name in _FLAGS if element.attributes.get(name) == "true"}

    def _given(self, element: Element, *names: str) -> Object:
        return {f"${name}": element.attributes[name] for name in names if name in element.attributes}

    def _structured(self, element: Element) -> Object:
        """`{"$BaseType", "$Key": ["ID", {"alias": "path"}], name: member}` (6, 9)"""
        found = self._given(element, "BaseType") | self._flags(element)
        for key in element.each("Key"):
            parts = [ref.attributes for ref in key.each("PropertyRef")]
            found["$Key"] = [{part["Alias"]: part["Name"]} if "Alias" in part else part["Name"] for part in parts]
        for prop in element.each("Property"):
            found[prop.attributes["Name"]] = self._typed(prop) | self._said(prop)
        for navigation in element.each("NavigationProperty"):
            found[navigation.attributes["Name"]] = self._navigation(navigation)
        return found

    def _navigation(self, element: Element) -> Object:
        """`{"$Kind", "$Type", "$Partner", "$ReferentialConstraint": {here: there}, "$OnDelete"}` (8)"""
        found: Object = {"$Kind": "NavigationProperty"} | self._typed(element)
        found |= self._given(element, "Partner") | self._flags(element)
        pairs: Object = {}
        for pair in element.each("ReferentialConstraint"):
            here = pair.attributes["Property"]
            pairs |= {here: pair.attributes["ReferencedProperty"]} | self._said(pair, here)
        if pairs:
            found["$ReferentialConstraint"] = pairs
        for deletion in element.each("OnDelete"):
            found |= {"$OnDelete": deletion.attributes["Action"]} | self._said(deletion, "$OnDelete")
        return found | self._said(element)

    def _enum(self, element: Element) -> Object:
        """`{"$UnderlyingType", "$IsFlags", member: number}` (10)"""
        found = self._given(element, "UnderlyingType") | self._flags(element)
        for member in element.each("Member"):
            name = member.attributes["Name"]
            found |= {name: int(member.attributes["Value"])} | self._said(member, name)
        return found

    def _type_definition(self, element: Element) -> Object:
        """`{"$UnderlyingType", facets}` (11)"""
        kind = element.attributes["UnderlyingType"]
        return {"$UnderlyingType": kind} | self._facets(element, kind)

    def _term(self, element: Element) -> Object:
        """`{"$Type", "$BaseTerm", "$DefaultValue", "$AppliesTo": [...]}` (14.1)"""
        found: Object = self._typed(element) | self._given(element, "BaseTerm")
        if "AppliesTo" in element.attributes:
            found["$AppliesTo"] = element.attributes["AppliesTo"].split()
        return found

    def _operation(self, element: Element) -> Object:
        """`{"$Kind", "$IsBound", "$Parameter": [...], "$ReturnType": {...}}` (12)"""
        found: Object = {"$Kind": element.name} | self._given(element, "EntitySetPath") | self._flags(element)
        parameters = [
            {"$Name": one.attributes["Name"]} | self._typed(one) | self._said(one) for one in element.each("Parameter")
        ]
        if parameters:
            found["$Parameter"] = parameters
        for returns in element.each("ReturnType"):
            found["$ReturnType"] = self._typed(returns) | self._said(returns)
        return found | self._said(element)

    def _container(self, element: Element) -> Object:
        """`{set: {"$Collection": true, "$Type"}, singleton: {"$Type"}, import: {"$Function"}}` (13)"""
        found: Object = self._given(element, "Extends")
        for child in element.children:
            if child.name == "Annotation":
                continue
            name = child.attributes["Name"]
            kind = child.attributes.get("EntityType") or child.attributes.get("Type")
            said: Object = {"$Collection": True} if child.name == "EntitySet" else {}
            said |= {"$Type": kind} if kind is not None else {}
            said |= self._given(child, "Action", "Function", "EntitySet")
            for flag in ("Nullable", "IncludeInServiceDocument"):
                if flag in child.attributes:
                    said[f"${flag}"] = child.attributes[flag] == "true"
            bindings = {b.attributes["Path"]: b.attributes["Target"] for b in child.each("NavigationPropertyBinding")}
            said |= {"$NavigationPropertyBinding": bindings} if bindings else {}
            found[name] = said | self._said(child)
        return found

    # -------------------------------------------------------------- what has a type

    def _typed(self, element: Element) -> Object:
        """`$Type` unless it is Edm.String, `$Collection`, `$Nullable` where it is true, facets, `$DefaultValue` (7)"""
        text = element.attributes["Type"]
        match = COLLECTION.fullmatch(text)
        kind = match[1] if match else text
        found: Object = {"$Collection": True} if match else {}
        if kind != "Edm.String" or element.name == "NavigationProperty":
            found["$Type"] = kind
        # XML: what is single may be null unless it says otherwise; of collections of entities nothing is said.
        nullable = element.attributes.get("Nullable", "false" if match else "true") == "true"
        if nullable and not (match and element.name == "NavigationProperty"):
            found["$Nullable"] = True
        found |= self._facets(element, kind)
        if "DefaultValue" in element.attributes:
            found["$DefaultValue"] = self._default(kind, element.attributes["DefaultValue"])
        return found

    def _facets(self, element: Element, kind: str) -> Object:
        """Facets as numbers and flags, those of JSON's defaults left out and those of XML's spelled out (7.2)."""
        found = {name: facet_value(element.attributes[name]) for name in V4.facets if name in element.attributes}
        if kind == "Edm.Decimal":
            found.setdefault("Scale", 0)
        if kind in _TEMPORAL:
            found.setdefault("Precision", 0)
        usual = {"Scale": "variable", "MaxLength": "max", "Unicode": True}
        return {f"${name}": value for name, value in found.items() if usual.get(name) != value}

    def _default(self, kind: str, text: str) -> Any:
        """A default as JSON has values of its type."""
        found = self.model.find_type(kind)
        primitive = found.underlying if isinstance(found, TypeDefinition) else found
        name = primitive.name if isinstance(primitive, PrimitiveType) else ""
        if name in _NUMBERS:
            return number_value(text)
        if primitive in GEO_TYPES:
            return read_geo(text, plane_of(primitive))[1]  # GeoJSON (4.01 JSON Format, 7.1)
        return text == "true" if name == "Edm.Boolean" else text
