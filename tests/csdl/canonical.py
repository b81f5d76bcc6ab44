# CSDL XML documents as trees that are equal where the documents say the same: what a tree leaves out is what CSDL lets
# everybody write as they like. It is made from the elements of a document, not from a model.
#
# A tree ignores: the order of elements in which order says nothing; attributes that say the default, or what a base
# type or being a key says anyway; aliases; comments and blanks; whether a constant stands in an attribute or in an
# element, and how its number is spelled; in how many <Annotations> a target is annotated; numbers of enumeration
# members that count from 0; whether sets of the own container are named with it; how versions 1 to 3 spell primitive
# types and collections, and the case of `Max` and `Variable`.

from __future__ import annotations

import re
from typing import Any

from odata_core.csdl.markup import Element, read_markup
from odata_core.csdl.names import Names

Tree = tuple[str, frozenset[tuple[str, str]], tuple[Any, ...]]

DEFAULTS = {
    ("*", "Nullable"): "true",
    ("*", "Unicode"): "true",
    ("*", "Abstract"): "false",
    ("*", "OpenType"): "false",
    ("*", "HasStream"): "false",
    ("*", "m:HasStream"): "false",
    ("*", "m:IsDefaultEntityContainer"): "true",
    ("*", "IsBound"): "false",
    ("*", "IsComposable"): "false",
    ("*", "IsFlags"): "false",
    ("*", "ContainsTarget"): "false",
    ("*", "ConcurrencyMode"): "None",
    ("*", "CollectionKind"): "None",
    ("*", "Mode"): "In",
    ("*", "Scale"): "0",
    ("*", "IsSideEffecting"): "true",
    ("*", "annotation:StoreGeneratedPattern"): "None",
    ("EnumType", "UnderlyingType"): "Edm.Int32",
    ("EntitySet", "IncludeInServiceDocument"): "true",
    ("FunctionImport", "IncludeInServiceDocument"): "false",
    ("ActionImport", "IncludeInServiceDocument"): "false",
    ("Singleton", "Nullable"): "false",
    ("Annotation", "Bool"): "true",
}
ORDERED = frozenset("Key Collection Apply If Function Action FunctionImport Principal Dependent".split())
CONSTANTS = frozenset(
    """Binary Bool Date DateTimeOffset Decimal Duration EnumMember Float Guid Int String TimeOfDay Path
    AnnotationPath AnyPropertyPath ModelElementPath NavigationPropertyPath PropertyPath""".split()
)
OPERANDS = CONSTANTS | frozenset("Parameter PropertyRef Null Record Collection Apply Cast IsOf If".split())
HOLDERS = frozenset({"Annotation", "ValueAnnotation", "PropertyValue", "LabeledElement"})
# Attributes with names or paths in them.
NAMED = re.compile(
    r"Type|BaseType|EntityType|Term|Target|Path|Function|Action|Extends|EntitySet|Partner|BaseTerm|EnumMember|Relationship"
    r"|Association|ReturnType|UnderlyingType|EntitySetPath|\w+Path"
)
PRIMITIVE = re.compile(r"Binary|Boolean|Byte|DateTime|Decimal|Double|Guid|Int16|Int32|Int64|Single|String|Time")


def canonical(document: bytes) -> Tree:
    """The tree of a document."""
    root = read_markup(document)
    aliases = {
        element.attributes["Alias"]: element.attributes["Namespace"]
        for element in every(root)
        if element.name in ("Schema", "Include", "Using") and "Alias" in element.attributes
    }
    names = Names(aliases)
    told = {f"{schema.attributes['Namespace']}.{kind.attributes['Name']}": kind for schema, kind in types(root)}
    for kind in told.values():
        drop_what_follows(kind, told, names)
    for container in [element for element in every(root) if element.name == "EntityContainer"]:
        name_children(container, names)
    return tree(root, names)


def name_children(container: Element, names: Names) -> None:
    """Sets of the container itself have bare names."""
    assert container.parent is not None
    own = f"{container.parent.attributes['Namespace']}.{container.attributes['Name']}/"
    for element in every(container):
        for name in ("Target", "EntitySet"):
            if name in element.attributes:
                element.attributes[name] = names.path(element.attributes[name]).removeprefix(own)


def types(root: Element) -> list[tuple[Element, Element]]:
    schemas = [element for element in every(root) if element.name == "Schema"]
    return [(schema, kind) for schema in schemas for kind in schema.each("EntityType", "ComplexType")]


def drop_what_follows(kind: Element, told: dict[str, Element], names: Names) -> None:
    """Types derived from open ones are open, those from media entities are such, and keys are not nullable."""
    keys = {ref.attributes["Name"] for key in kind.each("Key") for ref in key.each("PropertyRef")}
    for prop in kind.each("Property"):
        if prop.attributes["Name"] in keys:
            prop.attributes["Nullable"] = "false"
    base = told.get(names.name(kind.attributes.get("BaseType", "")))
    while base is not None:
        for name in ("OpenType", "HasStream"):
            if base.attributes.get(name) == "true":
                kind.attributes.pop(name, None)
        base = told.get(names.name(base.attributes.get("BaseType", "")))


def every(element: Element) -> list[Element]:
    return [element, *[inner for child in element.children for inner in every(child)]]


def tree(element: Element, names: Names) -> Tree:
    attributes = {name: named(name, text, names) for name, text in element.attributes.items()}
    for name in ("MaxLength", "SRID", "Scale"):
        if name in attributes:
            attributes[name] = attributes[name].lower()
    children = [child for child in element.children if child.name not in ("Using",)]
    text = element.text.strip() if element.name != "String" else element.text
    if element.name in HOLDERS:
        inner = [child for child in children if child.name in CONSTANTS]
        if len(inner) == 1 and not inner[0].children:
            attributes[inner[0].name] = spelled(inner[0].name, inner[0].text, names)
            children.remove(inner[0])
        if [child.name for child in children] == ["UrlRef"] and [one.name for one in children[0].children] == [
            "String"
        ]:
            attributes["UrlRef"] = children[0].children[0].text
            children = []
    for returns in [child for child in children if child.name == "ReturnType" and element.name == "FunctionImport"]:
        if {*returns.attributes} == {"Type"}:
            attributes["ReturnType"] = named("Type", returns.attributes["Type"], names)
            children.remove(returns)
    if attributes.get("CollectionKind", "None") != "None":
        attributes["Type"] = f"Collection({attributes['Type']})"
        del attributes["CollectionKind"]
    if element.name == "EnumType":
        for number, member in enumerate(child for child in children if child.name == "Member"):
            member.attributes.setdefault("Value", str(number))
    found = [tree(child, names) for child in merged(children, names) if child.name != "Annotations" or child.children]
    # Parameters are in order, annotations beside them are not.
    found.sort(key=lambda child: (child[0] in OPERANDS, "" if child[0] in OPERANDS else repr(child)))
    if element.name not in ORDERED:
        found.sort(key=repr)
    if text:
        attributes["text()"] = spelled(element.name, text, names)
    return f"{vocabulary(element)}{element.name}", frozenset(kept(element, attributes)), tuple(found)


def merged(children: list[Element], names: Names) -> list[Element]:
    """One <Annotations> for each target; a qualifier of it is one of each annotation."""
    found: list[Element] = []
    known: dict[tuple[str, str], Element] = {}
    for child in children:
        if child.name != "Annotations":
            found.append(child)
            continue
        qualifier = child.attributes.pop("Qualifier", None)
        for annotation in child.children if qualifier is not None else ():
            annotation.attributes.setdefault("Qualifier", qualifier or "")
        first = known.setdefault((child.namespace, names.path(child.attributes["Target"])), child)
        if first is child:
            found.append(child)
        else:
            first.children += child.children
    return found


def kept(element: Element, attributes: dict[str, str]) -> list[tuple[str, str]]:
    """The attributes that say something; whether items may be null is not told by default."""
    defaults = dict(DEFAULTS)
    if attributes.get("Type", attributes.get("ReturnType", "")).startswith("Collection("):
        defaults["*", "Nullable"] = "false"
    return [
        (name, text)
        for name, text in attributes.items()
        if text not in (defaults.get(("*", name)), defaults.get((element.name, name)))
        or ((element.name, name) in defaults and text != defaults[element.name, name])
    ]


def named(name: str, text: str, names: Names) -> str:
    if name == "DefaultValue" and re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
        return str(float(text))
    if not NAMED.fullmatch(name) and name not in ("Float", "Decimal"):
        return text
    match = re.fullmatch(r"(Collection\()?(\w+)(\))?", text)
    if name in ("Type", "ReturnType", "UnderlyingType") and match and PRIMITIVE.fullmatch(match[2]):
        text = f"{match[1] or ''}Edm.{match[2]}{match[3] or ''}"
    return spelled(name, text, names)


def spelled(name: str, text: str, names: Names) -> str:
    """A text in which names are qualified, where it has any, and numbers are those of Python."""
    if name in ("Float", "Decimal"):
        return str(float(text))
    if name == "EnumMember":
        return " ".join([f"{names.name(part.rpartition('/')[0])}/{part.rpartition('/')[2]}" for part in text.split()])
    if name.startswith("Type") or name == "ReturnType":
        return names.type_name(text)
    return names.path(text) if NAMED.fullmatch(name) or name == "LabeledElementReference" else text


def vocabulary(element: Element) -> str:
    """Which vocabulary an element is of; those of CSDL differ by year only."""
    return "" if re.search(r"/edmx?$", element.namespace) else f"{element.namespace} "


def differences(one: Tree, other: Tree, path: str = "") -> list[str]:
    """Where two trees differ, in sentences."""
    where = f"{path}/{one[0]}[{dict(one[1]).get('Name', dict(one[1]).get('Target', dict(one[1]).get('Term', '')))}]"
    if one[0] != other[0]:
        return [f"{where}: {other[0]}"]
    found = [f"{where}: {sorted(one[1] - other[1])} is not {sorted(other[1] - one[1])}"] if one[1] != other[1] else []
    mine, theirs = list(one[2]), list(other[2])
    for child in list(mine):
        if child in theirs:
            mine.remove(child)
            theirs.remove(child)
    for left, right in zip(mine, theirs, strict=False):
        found += differences(left, right, where)
    found += [f"{where}: {child!r:.200} is new" for child in mine[len(theirs) :]]
    found += [f"{where}: {child!r:.200} is lost" for child in theirs[len(mine) :]]
    return found
