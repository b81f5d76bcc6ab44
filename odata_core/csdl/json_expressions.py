# Annotations in CSDL JSON <-> the elements of XML that say the same: a row a form (CSDL JSON 4.01, chapter 14).
# JSON does not tell text from dates, members and paths: such values become text here, and what they are by the type of
# their term once the model is known (typing).
# This module knows nothing of models.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ..edm.annotations import OPERATORS, PATHS
from .markup import MAX_DEPTH, Element, Misread
from .names import COLLECTION

Index = Mapping[str, Mapping[str, Any]]
"""The annotations in an object: what they are about (a member, another annotation, "" for itself) -> term -> value."""

_FACETS: Final = ("MaxLength", "Precision", "Scale", "SRID", "Unicode")
_TYPE: Final = ("@type", "@odata.type")


def index(body: Mapping[str, Any]) -> Index:
    """The members of an object that are annotations, `@Term#Qualifier`, `Name@Term` or `@Term@Other`."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in body.items():
        about, at, term = name.rpartition("@")
        if at and name not in _TYPE:
            found.setdefault(about, {})[term] = value
    return found


def add_annotations(element: Element, annotations: Index, about: str = "", depth: int = 0) -> None:
    """What an object says about one of its members, or about itself, as <Annotation> elements."""
    for name, value in annotations.get(about, {}).items():
        term, _, qualifier = name.partition("#")
        made = element.add("Annotation", Term=term, Qualifier=qualifier or None)
        made.step = f".{about}@{name}"
        add_annotations(made, annotations, f"{about}@{name}", depth)
        _add(made, value, depth)


# ------------------------------------------------------------------ JSON to elements


def _add(parent: Element, value: Any, depth: int) -> None:
    """An expression as an element within another."""
    if depth > MAX_DEPTH:
        raise Misread(parent, f"Expressions are nested more than {MAX_DEPTH} deep.")
    match value:
        case None:
            parent.add("Null")
        case bool():
            parent.add("Bool").text = "true" if value else "false"
        case int():
            parent.add("Int").text = number_text(parent, value)
        case Decimal() | float():
            parent.add("Decimal").text = str(value)
        case str():
            parent.add("String").text = value
        case list():
            _add_all(parent.add("Collection"), value, depth)
        case dict():
            _add_object(parent, value, depth)
        case _:
            raise Misread(parent, "It has a value that is no expression.")


def number_text(element: Element, value: int) -> str:
    """A whole number; Python refuses to print those of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        raise Misread(element, "It has too large a number.") from None


def _add_all(element: Element, values: Any, depth: int) -> None:
    if not isinstance(values, list):
        raise Misread(element, f"'{element.name}' needs an array.")
    for value in values:
        _add(element, value, depth + 1)


def _add_object(parent: Element, body: Mapping[str, Any], depth: int) -> None:
    """A dynamic expression, told by its `$Name`, or a record."""
    kind = next((name for name in body if name in _OBJECTS), None)
    unknown = next((name for name in body if name.startswith("$") and name not in _MEMBERS), None)
    if unknown is not None:
        raise Misread(parent, f"There is no expression '{unknown}'.")
    made = _OBJECTS[kind](parent, body, depth) if kind is not None else _add_record(parent, body, depth)
    add_annotations(made, index(body), "", depth + 1)


def _add_record(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
    """`{"@type": "#Type", "Property": value, "Property@Term": value}` (14.4.11)"""
    kind = next((body[name] for name in _TYPE if name in body), None)
    record = parent.add("Record", Type=None if kind is None else _string(parent, "@type", kind).rpartition("#")[2])
    annotations = index(body)
    for name, value in body.items():
        if "@" not in name:
            made = record.add("PropertyValue", Property=name)
            made.step = f".{name}"
            add_annotations(made, annotations, name, depth + 1)
            _add(made, value, depth + 1)
    return record


def _string(element: Element, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Misread(element, f"'{name}' must be a string.")
    return value


def _add_path(parent: Element, body: Mapping[str, Any], _depth: int) -> Element:
    made = parent.add("Path")
    made.text = _string(parent, "$Path", body["$Path"])
    return made


def _add_reference(parent: Element, body: Mapping[str, Any], _depth: int) -> Element:
    made = parent.add("LabeledElementReference")
    made.text = _string(parent, "$LabeledElementReference", body["$LabeledElementReference"])
    return made


def _add_apply(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
    made = parent.add("Apply", Function=_string(parent, "$Function", body.get("$Function")))
    _add_all(made, body["$Apply"], depth)
    return made


def _add_labeled(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
    made = parent.add("LabeledElement", Name=_string(parent, "$Name", body.get("$Name")))
    _add(made, body["$LabeledElement"], depth + 1)
    return made


def _typed(tag: str) -> Callable[[Element, Mapping[str, Any], int], Element]:
    def add(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
        """`{"$Cast": value, "$Type": "Edm.Decimal", "$Collection": true, "$Precision": 30}` (14.4.5, 14.4.8)"""
        kind = _string(parent, "$Type", body.get("$Type", "Edm.String"))
        facets = {name: _facet(parent, body[f"${name}"]) for name in _FACETS if f"${name}" in body}
        many = body.get("$Collection", False) is True
        made = parent.add(tag, Type=f"Collection({kind})" if many else kind, **facets)
        _add(made, body[f"${tag}"], depth + 1)
        return made

    return add


def _facet(element: Element, value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return number_text(element, value)
        case str():
            return value
    raise Misread(element, "A facet must be a number, a word, true or false.")


def _single(tag: str) -> Callable[[Element, Mapping[str, Any], int], Element]:
    def add(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
        made = parent.add(tag)
        _add(made, body[f"${tag}"], depth + 1)
        return made

    return add


def _several(tag: str) -> Callable[[Element, Mapping[str, Any], int], Element]:
    def add(parent: Element, body: Mapping[str, Any], depth: int) -> Element:
        made = parent.add(tag)
        _add_all(made, body[f"${tag}"], depth)
        return made

    return add


_OBJECTS: Final[Mapping[str, Callable[[Element, Mapping[str, Any], int], Element]]] = {
    "$Path": _add_path,
    "$Null": lambda parent, _body, _depth: parent.add("Null"),
    "$Apply": _add_apply,
    "$Cast": _typed("Cast"),
    "$IsOf": _typed("IsOf"),
    "$If": _several("If"),
    "$LabeledElement": _add_labeled,
    "$LabeledElementReference": _add_reference,
    "$UrlRef": _single("UrlRef"),
    **{f"${name}": (_several if count > 1 else _single)(name) for name, count in OPERATORS.items()},
}
_MEMBERS: Final = frozenset(
    {*_OBJECTS, "$Function", "$Name", "$Type", "$Collection", *(f"${name}" for name in _FACETS)}
)


# ------------------------------------------------------------------ elements to JSON

TypeMember = Callable[[str], tuple[str, str]]
"""The member that tells the type of a record: `@type` with the address of its document, a hash sign and the name."""


def annotations_of(element: Element, type_member: TypeMember, about: str = "") -> dict[str, Any]:
    """The annotations within an element as members of an object."""
    found: dict[str, Any] = {}
    for child in element.each("Annotation"):
        qualifier = child.attributes.get("Qualifier")
        name = f"{about}@{child.attributes['Term']}" + ("" if qualifier is None else f"#{qualifier}")
        found |= annotations_of(child, type_member, name)
        found[name] = value_of(child, type_member)
    return found


def value_of(holder: Element, type_member: TypeMember) -> Any:
    """What an annotation, a property value or a labeled element says."""
    for name in holder.attributes:
        if name in _SIMPLE:
            return _SIMPLE[name](holder.attributes[name])
        if name == "UrlRef":
            return {"$UrlRef": holder.attributes[name]}
    inner = next(_operands(holder), None)
    return True if inner is None else _value(inner, type_member)


def _operands(element: Element) -> Iterator[Element]:
    return (child for child in element.children if child.name != "Annotation")


def _value(element: Element, type_member: TypeMember) -> Any:
    """An element as an expression."""
    if element.name in _SIMPLE:
        return _SIMPLE[element.name](element.text)
    said = annotations_of(element, type_member)
    if element.name == "Null" and not said:
        return None
    if element.name == "Collection":
        return [_value(child, type_member) for child in _operands(element)]
    if element.name == "Record":
        return said | _record(element, type_member)
    return said | _object(element, type_member)


def _record(element: Element, type_member: TypeMember) -> dict[str, Any]:
    found: dict[str, Any] = dict([type_member(element.attributes["Type"])]) if "Type" in element.attributes else {}
    for child in element.each("PropertyValue"):
        name = child.attributes["Property"]
        found |= annotations_of(child, type_member, name)
        found[name] = value_of(child, type_member)
    return found


def _object(element: Element, type_member: TypeMember) -> dict[str, Any]:
    """An expression that is told by its `$Name`."""
    key = f"${element.name}"
    match element.name:
        case "Null":
            return {key: None}
        case "LabeledElementReference":
            return {key: element.text}
        case "LabeledElement":
            return {key: value_of(element, type_member), "$Name": element.attributes["Name"]}
        case "Cast" | "IsOf":
            return _type_members(element) | {key: _value(next(_operands(element)), type_member)}
    is_typed = element.name not in OPERATORS and element.name != "Apply"
    operands = [(_value if is_typed else _operand)(child, type_member) for child in _operands(element)]
    function = {"$Function": element.attributes["Function"]} if element.name == "Apply" else {}
    alone = element.name == "UrlRef" or OPERATORS.get(element.name) == 1
    return function | {key: operands[0] if alone else operands}


def _operand(element: Element, type_member: TypeMember) -> Any:
    """An operand has no declared type, so members of an enumeration tell theirs."""
    value = _value(element, type_member)
    if element.name != "EnumMember":
        return value
    return {"$Cast": value, "$Type": element.text.split()[0].rpartition("/")[0]}


def _type_members(element: Element) -> dict[str, Any]:
    """Type and facets; text needs no type."""
    match = COLLECTION.fullmatch(element.attributes["Type"])
    kind = match[1] if match else element.attributes["Type"]
    found: dict[str, Any] = {"$Collection": True} if match else {}
    if kind != "Edm.String":
        found["$Type"] = kind
    return found | {f"${name}": facet_value(element.attributes[name]) for name in _FACETS if name in element.attributes}


def facet_value(text: str) -> Any:
    """A facet as JSON has it: numbers and flags are no text."""
    return {"true": True, "false": False}.get(text, int(text) if text.isdecimal() else text)


def number_value(text: str) -> Any:
    """A number; infinities and NaN are text (7.2.7)."""
    number = Decimal(text) if text not in ("INF", "-INF", "NaN") else None
    return text if number is None else number


_SIMPLE: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(
        ("Binary", "Date", "DateTimeOffset", "Duration", "Guid", "String", "TimeOfDay", *PATHS[1:]), lambda text: text
    ),
    "Path": lambda text: {"$Path": text},
    "Bool": lambda text: text == "true",
    "Int": int,
    "Decimal": number_value,
    "Float": number_value,
    "EnumMember": lambda text: ",".join([part.rpartition("/")[2] for part in text.split()]),
}
