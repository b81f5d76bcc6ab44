# Elements from CSDL JSON: the thin front end that makes a JSON document look like the XML document of the same model,
# so that one reader serves both. Sections are those of OData CSDL JSON 4.01.
# Strategy: a member `$Name` is the attribute `Name`; what JSON says in another way, or leaves unsaid, is spelled out:
# kinds, keys, collections, and the defaults that differ (not nullable, Edm.String, a variable scale).
# This module knows nothing of models.

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ..edm import ModelError
from ..edm.geo import print_geo
from .json_expressions import add_annotations, index, number_text
from .markup import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, Element, Misread

EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"

# Members that become something else than an attribute of the same name.
_SPECIAL: Final = frozenset(
    """$Kind $Type $Collection $Key $Parameter $ReturnType $ReferentialConstraint $OnDelete
    $NavigationPropertyBinding $Annotations""".split()
)
# Olingo writes this kind for type definitions.
_KINDS: Final = {"DEFINITION": "TypeDefinition"}


def read_json(document: bytes | str, name: str = "") -> Element:
    """The root element of a CSDL JSON document; `name` is that of the document in messages."""
    content = _load(document, f"'{name}': " if name else "")
    above = Element("", "", {"Uri": name} if name else {})
    root = Element("Edmx", EDMX, {}, parent=above, step="$")
    root.attributes["Version"] = _string(root, "$Version", content.get("$Version"))
    for address, reference in _object(root, "$Reference", content.get("$Reference", {})).items():
        _reference(root, address, _object(root, address, reference))
    services = _child(root, "DataServices", {}, EDMX)
    for namespace, schema in content.items():
        if not namespace.startswith(("$", "@")):
            _schema(services, namespace, _object(root, namespace, schema))
    default = content.get("$EntityContainer")
    for schema_element in services.children:
        for container in schema_element.each("EntityContainer"):
            if default == f"{schema_element.attributes['Namespace']}.{container.attributes['Name']}":
                container.attributes["m:IsDefaultEntityContainer"] = "true"
    return root


def _load(document: bytes | str, start: str) -> dict[str, Any]:
    if len(document) > MAX_BYTES:
        raise ModelError(f"{start}The document has more than {MAX_BYTES} bytes.")
    try:
        text = document if isinstance(document, str) else document.decode("utf-8-sig")
        content = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise ModelError(f"{start}The document is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        sentence = f"The document is not well-formed JSON: {error.msg} (column {error.colno})."
        raise ModelError(f"{start}line {error.lineno}: {sentence}") from None
    except (RecursionError, ArithmeticError):
        raise ModelError(f"{start}The document is nested too deep, or has a number that is too large.") from None
    except ValueError as error:
        raise ModelError(f"{start}The document is not well-formed JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ModelError(f"{start}The document is not a JSON object.")
    _check_size(content, start)
    return content


def _check_size(content: Any, start: str) -> None:
    """Elements are made of values, so there are no more of them, and they are nested no deeper."""
    level, count = [content], 0
    for _ in range(MAX_DEPTH):
        inner = [item.values() if isinstance(item, dict) else item for item in level]
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
        count += sum(map(len, inner))
        if count > MAX_ELEMENTS:
            raise ModelError(f"{start}The document has more than {MAX_ELEMENTS} values.")
        if not level:
            return
    raise ModelError(f"{start}The values of the document are nested more than {MAX_DEPTH} deep.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name has two values; Olingo says some bindings twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and not (isinstance(value, str) and found[name] == value):
            raise ValueError(f"the name '{name}' has two values in one object")
        found[name] = value
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"'{text}' is no value of JSON")


def _object(element: Element, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misread(element, f"'{name}' must be an object.")
    return value


def _items(element: Element, name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Misread(element, f"'{name}' must be an array.")
    return value


def _string(element: Element, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Misread(element, f"'{name}' must be a string.")
    return value


def _text(element: Element, name: str, value: Any) -> str:
    """A value as XML writes it in an attribute; $AppliesTo is a list of words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return number_text(element, value)
    if isinstance(value, Decimal):
        return str(value)
    if name == "$AppliesTo" and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return " ".join(value)
    if name == "$DefaultValue" and isinstance(value, dict):
        try:
            return print_geo(value)
        except ValueError as error:
            raise Misread(element, f"'{name}' is no place: {error}.") from None
    raise Misread(element, f"'{name}' must be a string, a number, true or false.")


def _child(
    parent: Element, kind: str, attributes: Mapping[str, str], namespace: str = EDM, *, step: str = ""
) -> Element:
    """A new element; `step` is the way to it in the JSON document."""
    made = Element(kind, namespace, dict(attributes), parent=parent, step=step)
    parent.children.append(made)
    return made


def _reference(root: Element, address: str, body: Mapping[str, Any]) -> None:
    """section 4.1: `"$Reference": {uri: {"$Include": [{"$Namespace", "$Alias"}], "$IncludeAnnotations": [...]}}`"""
    reference = _child(root, "Reference", {"Uri": address}, EDMX, step=f".$Reference.{address}")
    add_annotations(reference, index(body))
    for kind in ("Include", "IncludeAnnotations"):
        for include in _items(reference, f"${kind}", body.get(f"${kind}", [])):
            element = _child(reference, kind, {}, EDMX, step=f".${kind}")
            _attributes(element, _object(reference, f"${kind}", include))


def _attributes(element: Element, body: Mapping[str, Any]) -> None:
    """The members `$Name` as attributes, `@Term` as annotations."""
    for name, value in body.items():
        if name.startswith("$") and "@" not in name and name not in _SPECIAL and value is not None:
            element.attributes[name[1:]] = _text(element, name, value)
    add_annotations(element, index(body))


def _named(element: Element, body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members that are named by the model, and neither `$Name` nor annotations."""
    return ((name, value) for name, value in body.items() if not name.startswith("$") and "@" not in name)


def _schema(services: Element, namespace: str, body: Mapping[str, Any]) -> None:
    """section 5: members by name; overloads of an operation in an array"""
    schema = _child(services, "Schema", {"Namespace": namespace}, step=f".{namespace}")
    _attributes(schema, body)
    for name, value in _named(schema, body):
        if isinstance(value, list):
            for number, overload in enumerate(value):
                _operation(schema, name, number, _object(schema, name, overload))
            continue
        member = _object(schema, name, value)
        kind = _string(schema, f"{name}/$Kind", member.get("$Kind"))
        kind = _KINDS.get(kind, kind)
        element = _child(schema, kind, {"Name": name}, step=f".{name}")
        _attributes(element, member)
        if kind in _MEMBERS:
            _MEMBERS[kind](element, member)
    for target, terms in _object(schema, "$Annotations", body.get("$Annotations", {})).items():
        element = _child(schema, "Annotations", {"Target": target}, step=f".$Annotations.{target}")
        _attributes(element, _object(schema, target, terms))


def _operation(schema: Element, name: str, number: int, body: Mapping[str, Any]) -> None:
    """section 12: `"$Kind": "Action"` or `"Function"`, `$Parameter`, `$ReturnType`"""
    kind = _string(schema, f"{name}/$Kind", body.get("$Kind"))
    if kind not in ("Action", "Function"):
        raise Misread(schema, f"'{name}' is an array, so each of its items must be an Action or a Function.")
    operation = _child(schema, kind, {"Name": name}, step=f".{name}[{number}]")
    _attributes(operation, body)
    for place, parameter in enumerate(_items(operation, "$Parameter", body.get("$Parameter", []))):
        member = _object(operation, "$Parameter", parameter)
        element = _child(operation, "Parameter", {}, step=f".$Parameter[{place}]")
        _attributes(element, member)
        _typed(element, member)
    if "$ReturnType" in body:
        member = _object(operation, "$ReturnType", body["$ReturnType"])
        element = _child(operation, "ReturnType", {}, step=".$ReturnType")
        _attributes(element, member)
        _typed(element, member)


def _typed(element: Element, body: Mapping[str, Any]) -> None:
    """sections 7.1 and 7.2: a type is Edm.String and not nullable unless the document says otherwise"""
    name = _string(element, "$Type", body.get("$Type", "Edm.String"))
    element.attributes["Type"] = f"Collection({name})" if _is_collection(element, body) else name
    element.attributes.setdefault("Nullable", "false")
    if name == "Edm.Decimal":
        element.attributes.setdefault("Scale", "variable")


def _is_collection(element: Element, body: Mapping[str, Any]) -> bool:
    value = body.get("$Collection", False)
    if not isinstance(value, bool):
        raise Misread(element, "'$Collection' must be true or false.")
    return value


def _structured_type(element: Element, body: Mapping[str, Any]) -> None:
    """sections 6 and 9: `$Key`, properties and navigation properties"""
    if "$Key" in body:
        key = _child(element, "Key", {}, step=".$Key")
        for part in _items(element, "$Key", body["$Key"]):
            names = part if isinstance(part, dict) else {None: part}
            for alias, path in names.items():
                ref = _child(key, "PropertyRef", {"Name": _string(key, "$Key", path)})
                if alias is not None:
                    ref.attributes["Alias"] = alias
    for name, value in _named(element, body):
        member = _object(element, name, value)
        kind = _string(element, f"{name}/$Kind", member.get("$Kind", "Property"))
        if kind not in ("Property", "NavigationProperty"):
            raise Misread(element, f"'{name}' must be a Property or a NavigationProperty, not '{kind}'.")
        made = _child(element, kind, {"Name": name}, step=f".{name}")
        _attributes(made, member)
        if kind == "NavigationProperty":
            _string(made, "$Type", member.get("$Type"))
            _navigation_property(made, member)
        _typed(made, member)


def _navigation_property(element: Element, body: Mapping[str, Any]) -> None:
    """section 8: `$ReferentialConstraint`, `$OnDelete`"""
    pairs = _object(element, "$ReferentialConstraint", body.get("$ReferentialConstraint", {}))
    annotations = index(pairs)
    for here, there in _named(element, pairs):
        names = {"Property": here, "ReferencedProperty": _string(element, here, there)}
        add_annotations(
            _child(element, "ReferentialConstraint", names, step=f".$ReferentialConstraint.{here}"), annotations, here
        )
    if "$OnDelete" in body:
        action = _string(element, "$OnDelete", body["$OnDelete"])
        deletion = _child(element, "OnDelete", {"Action": action}, step=".$OnDelete")
        add_annotations(deletion, index(body), "$OnDelete")


def _enum_type(element: Element, body: Mapping[str, Any]) -> None:
    """section 10: members and their values"""
    annotations = index(body)
    for name, value in _named(element, body):
        member = _child(element, "Member", {"Name": name, "Value": _text(element, name, value)}, step=f".{name}")
        add_annotations(member, annotations, name)


def _type_definition(element: Element, _body: Mapping[str, Any]) -> None:
    """section 11"""
    if element.attributes.get("UnderlyingType") == "Edm.Decimal":
        element.attributes.setdefault("Scale", "variable")


def _container(element: Element, body: Mapping[str, Any]) -> None:
    """section 13: entity sets are collections, singletons are not, imports name an operation"""
    for name, value in _named(element, body):
        member = _object(element, name, value)
        kind = member.get("$Kind") or _container_kind(element, member)
        made = _child(element, _string(element, f"{name}/$Kind", kind), {"Name": name}, step=f".{name}")
        _attributes(made, member)
        if "$Type" in member:
            made.attributes["EntityType" if kind == "EntitySet" else "Type"] = _string(made, "$Type", member["$Type"])
        bindings = member.get("$NavigationPropertyBinding", {})
        for path, target in _object(made, "$NavigationPropertyBinding", bindings).items():
            names = {"Path": path, "Target": _string(made, path, target)}
            _child(made, "NavigationPropertyBinding", names, step=f".$NavigationPropertyBinding.{path}")


def _container_kind(element: Element, member: Mapping[str, Any]) -> str:
    if "$Action" in member:
        return "ActionImport"
    if "$Function" in member:
        return "FunctionImport"
    return "EntitySet" if _is_collection(element, member) else "Singleton"


_MEMBERS: Final[Mapping[str, Callable[[Element, Mapping[str, Any]], None]]] = {
    "EntityType": _structured_type,
    "ComplexType": _structured_type,
    "EnumType": _enum_type,
    "TypeDefinition": _type_definition,
    "Term": _typed,
    "EntityContainer": _container,
}
