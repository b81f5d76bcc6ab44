# Expressions of annotations: elements <-> values of the model, both ways, a row a form (CSDL XML 4.01, chapter 14).
# Documents in JSON become the same elements (json_expressions), and so do the vocabulary annotations of v3.
# Strategy: what stands in an attribute of its holder may as well stand in an element within it; constants and paths are
# written as attributes where they can be.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, TypeGuard, assert_never

from ..edm import Annotation, Expression
from ..edm.annotations import (
    CONSTANTS,
    OPERATORS,
    PATHS,
    Apply,
    Calculation,
    Cast,
    Collection,
    Constant,
    EnumValue,
    If,
    Include,
    IncludeAnnotations,
    IsOf,
    LabeledElement,
    LabeledElementReference,
    Null,
    Path,
    PropertyValue,
    Record,
    Reference,
    UrlRef,
)
from .markup import Element, Misread
from .names import COLLECTION, Names
from .scope import Scope, number, required
from .writing import text_of

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_DIGITS = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,12})?)?"
_DAY = r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}"
_TEXTS: Final[Mapping[str, re.Pattern[str]]] = {
    "Binary": re.compile(r"[A-Za-z0-9_+/-]*={0,2}"),
    "Date": re.compile(_DAY),
    "DateTime": re.compile(rf"{_DAY}T{_DIGITS}"),
    "DateTimeOffset": re.compile(rf"{_DAY}T{_DIGITS}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?"),
    "Duration": re.compile(r"-?P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"),
    "Guid": re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"),
    "Time": re.compile(_DIGITS),
    "TimeOfDay": re.compile(_DIGITS),
}
_WORDS: Final[Mapping[str, Any]] = {"INF": "Infinity", "-INF": "-Infinity", "NaN": "NaN"}
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}

VOCABULARIES: Final = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/"
HOLDERS: Final = frozenset({"Annotation", "ValueAnnotation", "TypeAnnotation"})
"""Elements that are annotations: in v4 all are of one kind, in v3 of two."""
_KINDS: Final = CONSTANTS | {"DateTime", "Time"}
_INLINE: Final = (*sorted(_KINDS), *PATHS, "EnumMember", "UrlRef")
_FACETS: Final = ("MaxLength", "Precision", "Scale", "SRID", "Unicode")


# ------------------------------------------------------------------ reading


def read_annotation(scope: Scope, element: Element, qualifier: str = "", apart: str = "") -> Annotation:
    """<Annotation Term Qualifier> Annotation* expression (14.3); in v3 <ValueAnnotation> or <TypeAnnotation>."""
    term = scope.qualified(required(element, "Term"))
    value = _type_annotation(scope, element, term) if element.name == "TypeAnnotation" else read_value(scope, element)
    own = element.attributes.get("Qualifier", qualifier)
    return Annotation(term, value, own, read_annotations(scope, element), apart)


def read_annotations(scope: Scope, element: Element) -> tuple[Annotation, ...]:
    """The annotations within an element, which may be of the vocabulary of documents, as references are."""
    return tuple([read_annotation(scope, child) for child in element.children if child.name in HOLDERS])


def xml_address(uri: str) -> str:
    """The address of a document in XML: the standard vocabularies are published in both formats."""
    is_vocabulary = uri.startswith(VOCABULARIES) and uri.endswith(".json")
    return f"{uri.removesuffix('.json')}.xml" if is_vocabulary else uri


def json_address(uri: str) -> str:
    """The address of a document in JSON, the reverse of `xml_address`."""
    is_vocabulary = uri.startswith(VOCABULARIES) and uri.endswith(".xml")
    return f"{uri.removesuffix('.xml')}.json" if is_vocabulary else uri


def read_reference(scope: Scope, element: Element) -> Reference:
    """<edmx:Reference Uri> <edmx:Include Namespace Alias>* <edmx:IncludeAnnotations>* Annotation* (4.1 to 4.3)"""
    includes = [
        Include(required(one, "Namespace"), one.attributes.get("Alias", ""), read_annotations(scope, one))
        for one in element.each("Include")
    ]
    others = [
        IncludeAnnotations(
            required(one, "TermNamespace"),
            one.attributes.get("Qualifier", ""),
            one.attributes.get("TargetNamespace", ""),
        )
        for one in element.each("IncludeAnnotations")
    ]
    return Reference(
        xml_address(required(element, "Uri")), tuple(includes), tuple(others), read_annotations(scope, element)
    )


def _type_annotation(scope: Scope, element: Element, term: str) -> Record:
    """<TypeAnnotation Term> PropertyValue*, which says that the target is of a type as well (v3, 2.1.32)"""
    return Record(_property_values(scope, element), term)


def read_value(scope: Scope, holder: Element) -> Expression:
    """What an annotation or a property value says: in an attribute, or in an element within it; else it is true."""
    inline = [name for name in _INLINE if name in holder.attributes]
    inner = list(_operands(holder))
    if len(inline) + len(inner) > 1:
        raise Misread(holder, "It has more than one value.")
    if not inline:
        return read_expression(scope, inner[0]) if inner else Constant("Bool", True)
    name, text = inline[0], holder.attributes[inline[0]]
    return UrlRef(Constant("String", text)) if name == "UrlRef" else _simple(scope, holder, name, text)


def _operands(element: Element) -> Iterator[Element]:
    return (child for child in element.children if child.namespace == element.namespace and child.name not in HOLDERS)


def read_expression(scope: Scope, element: Element) -> Expression:
    """An element as an expression; Misread where it is none."""
    name = element.name
    if name in _SIMPLE:
        blank = name == "String"
        return _simple(scope, element, name, element.text if blank else element.text.strip())
    if name in OPERATORS:
        operands = _expressions(scope, element, OPERATORS[name], OPERATORS[name])
        return Calculation(name, operands, read_annotations(scope, element))
    if name not in _READERS:
        raise Misread(element, f"There is no expression '{name}'.")
    return _READERS[name](scope, element)


def _simple(scope: Scope, element: Element, name: str, text: str) -> Expression:
    """A constant, members of an enumeration, or a path."""
    if name == "EnumMember":
        return _enum_value(scope, element, text)
    if name in PATHS:
        return Path(scope.annotation_path(text), name)
    return Constant(name, _constant(element, name, text))


def _constant(element: Element, kind: str, text: str) -> Any:
    try:
        return read_constant(kind, text)
    except ValueError as error:
        raise Misread(element, f"{error}.") from None


def read_constant(kind: str, text: str) -> Any:
    """The value of a constant (14.3); ValueError where the text is none."""
    try:
        match kind:
            case "String":
                return text
            case "Bool" if text in _BOOLEANS:
                return _BOOLEANS[text]
            case "Int" if _INTEGER.fullmatch(text):
                return int(text)
            case "Decimal" if text in _WORDS or _NUMBER.fullmatch(text):
                return Decimal(_WORDS.get(text, text))
            case "Float" if text in _WORDS or _NUMBER.fullmatch(text):
                return float(_WORDS.get(text, text))
            case _ if kind in _TEXTS and _TEXTS[kind].fullmatch(text):
                return text
    except ArithmeticError:
        pass
    raise ValueError(f"'{text[:100]}' is no value of {kind}")


def _enum_value(scope: Scope, element: Element, text: str) -> EnumValue:
    """Members with the path of their type, separated by blanks (14.3.7)"""
    found = [part.rpartition("/") for part in text.split()]
    types = {scope.qualified(kind) for kind, _slash, _member in found}
    if len(types) != 1 or "" in types:
        raise Misread(element, f"'{text[:100]}' is no member, nor several, of one enumeration.")
    return EnumValue(types.pop(), tuple([member for _kind, _slash, member in found]))


def _expressions(scope: Scope, element: Element, fewest: int = 0, most: int | None = None) -> tuple[Expression, ...]:
    found = [read_expression(scope, child) for child in _operands(element)]
    if len(found) < fewest or (most is not None and len(found) > most):
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise Misread(element, f"'{element.name}' needs {wanted} operands, not {len(found)}.")
    return tuple(found)


def _property_values(scope: Scope, element: Element) -> tuple[PropertyValue, ...]:
    """<PropertyValue Property> Annotation* expression (14.4.11)"""
    found: dict[str, PropertyValue] = {}
    for child in element.each("PropertyValue"):
        name = required(child, "Property")
        if name in found:
            raise Misread(child, f"The property '{name}' has two values.")
        found[name] = PropertyValue(name, read_value(scope, child), read_annotations(scope, child))
    return tuple(found.values())


def _record(scope: Scope, element: Element) -> Record:
    kind = element.attributes.get("Type")
    name = "" if kind is None else scope.qualified(kind)
    return Record(_property_values(scope, element), name, read_annotations(scope, element))


def _cast(scope: Scope, element: Element) -> Cast:
    return Cast(*_typed(scope, element))


def _is_of(scope: Scope, element: Element) -> IsOf:
    return IsOf(*_typed(scope, element))


def _typed(scope: Scope, element: Element) -> tuple[str, Expression, dict[str, Any], tuple[Annotation, ...]]:
    """A type with facets, and an expression (14.4.5, 14.4.8)"""
    text = element.attributes.get("Type") or element.attributes.get("Collection") or required(element, "Type")
    facets = {
        "MaxLength": number(element, "MaxLength", "max"),
        "Precision": number(element, "Precision"),
        "Scale": number(element, "Scale", "variable", "floating"),
        "SRID": number(element, "SRID", "variable"),
        "Unicode": _BOOLEANS.get(element.attributes.get("Unicode", "")),
    }
    match = COLLECTION.fullmatch(text)
    name = f"Collection({scope.qualified(match[1])})" if match else scope.qualified(text)
    (value,) = _expressions(scope, element, 1, 1)
    given = {facet: found for facet, found in facets.items() if found is not None}
    return name, value, given, read_annotations(scope, element)


def _if(scope: Scope, element: Element) -> If:
    condition, then, *otherwise = _expressions(scope, element, 2, 3)
    return If(condition, then, otherwise[0] if otherwise else None, read_annotations(scope, element))


def _labeled(scope: Scope, element: Element) -> LabeledElement:
    name = required(element, "Name")
    return LabeledElement(name, read_value(scope, element), read_annotations(scope, element))


def _url_ref(scope: Scope, element: Element) -> UrlRef:
    (url,) = _expressions(scope, element, 1, 1)
    return UrlRef(url, read_annotations(scope, element))


def _apply(scope: Scope, element: Element) -> Apply:
    function = required(element, "Function")
    return Apply(scope.qualified(function), _expressions(scope, element), read_annotations(scope, element))


_SIMPLE: Final = _KINDS | {*PATHS, "EnumMember"}
_READERS: Final[Mapping[str, Callable[[Scope, Element], Expression]]] = {
    "Null": lambda scope, element: Null(read_annotations(scope, element)),
    "Collection": lambda scope, element: Collection(_expressions(scope, element)),
    "Record": _record,
    "Apply": _apply,
    "Cast": _cast,
    "AssertType": _cast,  # v3
    "IsOf": _is_of,
    "IsType": _is_of,  # v3
    "If": _if,
    "LabeledElement": _labeled,
    "LabeledElementReference": lambda scope, element: LabeledElementReference(scope.qualified(element.text.strip())),
    "UrlRef": _url_ref,
}


# ------------------------------------------------------------------ writing


def write_annotation(parent: Element, annotation: Annotation, names: Names) -> None:
    """An annotation within its target, or within <Annotations>."""
    element = parent.add("Annotation", Term=names.name(annotation.term), Qualifier=annotation.qualifier or None)
    write_annotations(element, annotation.annotations, names)
    write_value(element, annotation.value, names)


def write_annotations(parent: Element, annotations: tuple[Annotation, ...], names: Names) -> None:
    for annotation in annotations:
        write_annotation(parent, annotation, names)


def write_value(holder: Element, expression: Expression, names: Names) -> None:
    """What an annotation or a property value says, in an attribute where it can stand there."""
    found = simple_text(expression, names)
    if found is not None:
        holder.attributes[found[0]] = found[1]
    elif isinstance(expression, UrlRef) and _is_text(expression.url) and not expression.annotations:
        holder.attributes["UrlRef"] = expression.url.value
    else:
        write_expression(holder, expression, names)


def _is_text(expression: Expression) -> TypeGuard[Constant]:
    return isinstance(expression, Constant) and expression.kind == "String"


def simple_text(expression: Expression, names: Names) -> tuple[str, str] | None:
    """Name and text of a constant, of members or a path; None for what needs an element."""
    match expression:
        case Constant():
            return expression.kind, constant_text(expression)
        case EnumValue():
            kind = names.name(expression.type)
            return "EnumMember", " ".join([f"{kind}/{member}" for member in expression.members])
        case Path():
            return expression.kind, names.path(expression.path)
    return None


def constant_text(constant: Constant) -> str:
    """A constant as XML has it."""
    value = constant.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        words = {"inf": "INF", "infinity": "INF", "-inf": "-INF", "-infinity": "-INF", "nan": "NaN"}
        return words.get(str(value).lower(), str(value))
    return str(value)


def write_expression(parent: Element, expression: Expression, names: Names) -> None:
    """An expression as an element."""
    found = simple_text(expression, names)
    if found is not None:
        parent.add(found[0]).text = found[1]
        return
    match expression:
        case Constant() | EnumValue() | Path():
            raise AssertionError("They are simple.")
        case Null():
            write_annotations(parent.add("Null"), expression.annotations, names)
        case Collection():
            _write_all(parent.add("Collection"), expression.items, names)
        case Record():
            _write_record(parent, expression, names)
        case Apply():
            element = parent.add("Apply", Function=names.name(expression.function))
            write_annotations(element, expression.annotations, names)
            _write_all(element, expression.arguments, names)
        case Cast() | IsOf():
            _write_typed(parent, expression, names)
        case If():
            element = parent.add("If")
            write_annotations(element, expression.annotations, names)
            last = () if expression.otherwise is None else (expression.otherwise,)
            _write_all(element, (expression.condition, expression.then, *last), names)
        case LabeledElement():
            element = parent.add("LabeledElement", Name=expression.name)
            write_annotations(element, expression.annotations, names)
            write_value(element, expression.value, names)
        case LabeledElementReference():
            parent.add("LabeledElementReference").text = names.name(expression.name)
        case UrlRef():
            element = parent.add("UrlRef")
            write_annotations(element, expression.annotations, names)
            write_expression(element, expression.url, names)
        case Calculation():
            element = parent.add(expression.operator)
            write_annotations(element, expression.annotations, names)
            _write_all(element, expression.operands, names)
        case _:
            assert_never(expression)


def _write_all(element: Element, expressions: tuple[Expression, ...], names: Names) -> None:
    for expression in expressions:
        write_expression(element, expression, names)


def _write_record(parent: Element, record: Record, names: Names) -> None:
    element = parent.add("Record", Type=names.name(record.type) if record.type else None)
    write_annotations(element, record.annotations, names)
    write_property_values(element, record, names)


def write_property_values(element: Element, record: Record, names: Names) -> None:
    """<PropertyValue Property> Annotation* expression, for each property of a record"""
    for value in record.values:
        written = element.add("PropertyValue", Property=value.name)
        write_annotations(written, value.annotations, names)
        write_value(written, value.value, names)


def is_of_v3(expression: Expression) -> bool:
    """Whether version 3 has the same expression ([MC-CSDL], 2.1.29)."""
    match expression:
        case Constant():
            return expression.kind not in ("Date", "Duration", "TimeOfDay")
        case Path():
            return expression.kind == "Path"
        case Collection():
            return all(is_of_v3(item) for item in expression.items)
        case Record(annotations=()):
            return all(is_of_v3(item.value) and not item.annotations for item in expression.values)
        case Apply(annotations=()):
            return all(is_of_v3(item) for item in expression.arguments)
        case Null(annotations=()) | LabeledElementReference():
            return True
        case LabeledElement(annotations=()):
            return is_of_v3(expression.value)
    return False


def _write_typed(parent: Element, expression: Cast | IsOf, names: Names) -> None:
    facets = {name: text_of(expression.facets[name]) for name in _FACETS if name in expression.facets}
    element = parent.add(type(expression).__name__, Type=names.type_name(expression.type), **facets)
    write_annotations(element, expression.annotations, names)
    write_expression(element, expression.value, names)
