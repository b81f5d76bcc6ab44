# Elements: what a CSDL document says, each with its place, whether it came as XML or as JSON; read and written as XML.
# Owns the reading of untrusted XML: no document type, so no entities; bounded size, depth and number of elements.
# Strategy of reading: expat of the standard library with handlers of our own. It measured as fast as defusedxml, which
# wraps the same parser but keeps neither lines nor depth, and faster than lxml with a walk that gathers lines
# (pyproject.toml).
# Strategy of writing: namespaces are declared where they are first needed, after the attributes of that element.
# This module knows nothing of models.

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from ..edm import ModelError

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ELEMENTS: Final = 500_000
MAX_DEPTH: Final = 100

METADATA: Final = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
ANNOTATION: Final = "http://schemas.microsoft.com/ado/2009/02/edm/annotation"
EDMX_V3: Final = "http://schemas.microsoft.com/ado/2007/06/edmx"
EDMX_V4: Final = "http://docs.oasis-open.org/odata/ns/edmx"
EDM_V4: Final = "http://docs.oasis-open.org/odata/ns/edm"
EDM_V3: Final = frozenset(
    f"http://schemas.microsoft.com/ado/{month}/edm"
    for month in ("2006/04", "2007/05", "2008/01", "2008/09", "2009/08", "2009/11")
)
# Attributes of these namespaces say something about the model; they are known by their customary prefixes.
_PREFIXES: Final = {METADATA: "m:", ANNOTATION: "annotation:"}
_NAMESPACES: Final = {prefix: namespace for namespace, prefix in _PREFIXES.items()}
# What others are called in documents that are written; any other namespace gets a number.
_CUSTOMARY: Final = {
    METADATA: "m",
    ANNOTATION: "annotation",
    EDMX_V3: "edmx",
    EDMX_V4: "edmx",
    "http://schemas.microsoft.com/ado/2007/08/dataservices": "d",
    "http://www.sap.com/Protocols/SAPData": "sap",
    "http://www.w3.org/2005/Atom": "atom",
}
_XML: Final = "http://www.w3.org/XML/1998/namespace"

# Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]     (XML 1.0, section 2.2)
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"""[^\s<>&"'=/:]+""")
_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_VALUE: Final = _TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#09;"})

# What a place calls an element: the first of these attributes that it has.
_LABELS: Final = ("Name", "Namespace", "Target", "Term", "Role", "Uri", "Path")


@dataclass(slots=True, eq=False)
class Element:
    """One element. Attributes of known foreign namespaces are named like `m:HasStream`, others `<namespace> name`."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int = 0
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    text: str = ""
    step: str = ""  # of a JSON document: the way from the parent

    def add(self, name: str, /, **attributes: str | None) -> Element:
        """A new child of the same vocabulary; attributes that are None are not there."""
        given = {key: text for key, text in attributes.items() if text is not None}
        made = Element(name, self.namespace, given, parent=self)
        self.children.append(made)
        return made

    def each(self, *names: str) -> Iterator[Element]:
        """The children of these names that belong to the same vocabulary."""
        return (child for child in self.children if child.name in names and child.namespace == self.namespace)

    @property
    def place(self) -> str:
        """`line 12: Schema Shop, EntityType Product`, with the document before it where that is a referenced one.

        In JSON there is the way instead of a line: `$.Shop.Product: Schema Shop, EntityType Product`.
        """
        steps: list[str] = []
        way = ""
        current: Element | None = self
        document = ""
        while current is not None:
            label = next((current.attributes[name] for name in _LABELS if name in current.attributes), "")
            if current.name == "":
                document = label
            elif current.name not in ("Edmx", "DataServices"):
                steps.append(f"{current.name} {label}".rstrip())
            way = current.step + way
            current = current.parent
        path = ", ".join(reversed(steps)) or self.name
        line = f"line {self.line}: " if self.line else f"{way}: " if way else ""
        return f"'{document}', {line}{path}" if document else f"{line}{path}"


class Misread(ModelError):
    """An element that cannot be understood; the message begins with its place."""

    def __init__(self, element: Element, sentence: str) -> None:
        super().__init__(f"{element.place}: {sentence}")


class Unsaid(Misread):
    """An element that says what a model has no place for, and can do without."""


def read_markup(document: bytes | str, name: str = "") -> Element:
    """The root element of an XML document; `name` is that of the document in messages."""
    if len(document) > MAX_BYTES:
        raise ModelError(f"{_start(name)}The document has more than {MAX_BYTES} bytes.")
    return _Reading(name).read(document)


def _start(name: str) -> str:
    return f"'{name}': " if name else ""


class _Reading:
    """One run of the parser: a stack of open elements, each with the pieces of its text."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.above = Element("", "", {"Uri": name} if name else {})
        self.stack: list[tuple[Element, list[str]]] = [(self.above, [])]
        self.count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.document_type

    def read(self, document: bytes | str) -> Element:
        try:
            self.parser.Parse(document, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "not well-formed")
            self.refuse(f"The document is not well-formed XML: {reason} (column {error.offset + 1}).", error.lineno)
        except (LookupError, ValueError) as error:  # an encoding that Python has not, or that is not one byte a letter
            raise ModelError(f"{_start(self.name)}The encoding of the document cannot be read: {error}.") from None
        return self.above.children[0]

    def refuse(self, sentence: str, line: int) -> None:
        document = f"'{self.name}', " if self.name else ""
        raise ModelError(f"{document}line {line}: {sentence}")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.count += 1
        if self.count > MAX_ELEMENTS:
            self.refuse(f"The document has more than {MAX_ELEMENTS} elements.", line)
        if len(self.stack) > MAX_DEPTH:
            self.refuse(f"The elements of the document are nested more than {MAX_DEPTH} deep.", line)
        namespace, _, name = tag.rpartition(" ")
        parent = self.stack[-1][0]
        element = Element(
            name, namespace, {attribute_name(key): text for key, text in attributes.items()}, line, parent
        )
        parent.children.append(element)
        self.stack.append((element, []))

    def end(self, _tag: str) -> None:
        element, pieces = self.stack.pop()
        element.text = "".join(pieces)

    def characters(self, text: str) -> None:
        self.stack[-1][1].append(text)

    def document_type(self, *_declaration: object) -> None:
        self.refuse("A document type is not allowed here: it could define entities.", self.parser.CurrentLineNumber)


def attribute_name(name: str) -> str:
    """What an element calls an attribute that is called `namespace name`."""
    namespace, separator, last = name.rpartition(" ")
    prefix = _PREFIXES.get(namespace)
    return name if not separator or prefix is None else f"{prefix}{last}"


def write_markup(root: Element) -> bytes:
    """An element and what is in it as a document; ModelError where XML has no spelling for something in it."""
    pieces = ['<?xml version="1.0" encoding="utf-8"?>']
    _write(root, {_XML: "xml"}, None, pieces)
    return "".join(pieces).encode()


def _write(element: Element, prefixes: dict[str, str], default: str | None, pieces: list[str]) -> None:
    """One element; `prefixes` and `default` are the namespaces that are declared around it."""
    declared: dict[str, str] = {}
    known = dict(prefixes)

    def prefixed(namespace: str, name: str) -> str:
        prefix = known.get(namespace)
        if prefix is None:
            prefix = _CUSTOMARY.get(namespace, "")
            if not prefix or prefix in known.values():
                prefix = f"ns{len(known)}"
            known[namespace] = prefix
            declared[f"xmlns:{prefix}"] = namespace
        return f"{prefix}:{_checked(element, name, _NAME)}"

    customary = element.namespace in _CUSTOMARY or element.namespace in known
    if customary and element.namespace != default:
        tag = prefixed(element.namespace, element.name)
    else:
        tag = _checked(element, element.name, _NAME)
        if element.namespace != (default or ""):
            default = declared["xmlns"] = element.namespace
    attributes = {}
    for key, text in element.attributes.items():
        namespace, _, name = key.rpartition(" ")
        start, colon, rest = key.partition(":")
        if not namespace and colon:
            namespace, name = _NAMESPACES.get(f"{start}:", ""), rest
        attributes[prefixed(namespace, name) if namespace else _checked(element, name, _NAME)] = text
    written = [f' {name}="{_spelled(element, text, _VALUE)}"' for name, text in (attributes | declared).items()]
    pieces.append(f"<{tag}{''.join(written)}")
    if not element.children and not element.text:
        pieces.append(" />")
        return
    pieces.append(f">{_spelled(element, element.text, _TEXT)}")
    for child in element.children:
        _write(child, known, default, pieces)
    pieces.append(f"</{tag}>")


def _checked(element: Element, name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name) or NOT_XML.search(name):
        raise Misread(element, f"XML cannot have the name '{name}'.")
    return name


def _spelled(element: Element, text: str, table: dict[int, str]) -> str:
    if NOT_XML.search(text):
        raise Misread(element, "It has a character that XML cannot hold.")
    return text.translate(table)
