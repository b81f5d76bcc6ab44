# Elements: what a CSDL document says, each with its place, whether it came as XML or as JSON.
# Owns the reading of untrusted XML: no document type, so no entities; bounded size, depth and number of elements.
# Strategy: expat of the standard library with handlers of our own. It measured as fast as defusedxml, which wraps the
# same parser but keeps neither lines nor depth, and faster than lxml with a walk that gathers lines (pyproject.toml).
# This module knows nothing of models.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from ..edm import NOT_GIVEN, ModelError

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ELEMENTS: Final = 500_000
MAX_DEPTH: Final = 100

METADATA: Final = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
ANNOTATION: Final = "http://schemas.microsoft.com/ado/2009/02/edm/annotation"
# Attributes of these namespaces say something about the model; they are known by their customary prefixes.
_PREFIXES: Final = {METADATA: "m:", ANNOTATION: "annotation:"}

# What a place calls an element: the first of these attributes that it has.
_LABELS: Final = ("Name", "Namespace", "Target", "Term", "Role", "Uri", "Path")


@dataclass(slots=True, eq=False)
class Element:
    """One element. Attributes of known foreign namespaces are named like `m:HasStream`, others `<namespace> name`.

    `value` is what an annotation says, where the document is JSON.
    """

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int = 0
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    text: str = ""
    value: Any = NOT_GIVEN

    def each(self, *names: str) -> Iterator[Element]:
        """The children of these names that belong to the same vocabulary."""
        return (child for child in self.children if child.name in names and child.namespace == self.namespace)

    @property
    def place(self) -> str:
        """`line 12: Schema Shop, EntityType Product`, with the document before it where that is a referenced one."""
        steps: list[str] = []
        current: Element | None = self
        document = ""
        while current is not None:
            label = next((current.attributes[name] for name in _LABELS if name in current.attributes), "")
            if current.name == "":
                document = label
            elif current.name not in ("Edmx", "DataServices"):
                steps.append(f"{current.name} {label}".rstrip())
            current = current.parent
        path = ", ".join(reversed(steps)) or self.name
        line = f"line {self.line}: " if self.line else ""
        return f"'{document}', {line}{path}" if document else f"{line}{path}"


class Misread(ModelError):
    """An element that cannot be understood; the message begins with its place."""

    def __init__(self, element: Element, sentence: str) -> None:
        super().__init__(f"{element.place}: {sentence}")


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
        element = Element(name, namespace, {_attribute(key): text for key, text in attributes.items()}, line, parent)
        parent.children.append(element)
        self.stack.append((element, []))

    def end(self, _tag: str) -> None:
        element, pieces = self.stack.pop()
        element.text = "".join(pieces)

    def characters(self, text: str) -> None:
        self.stack[-1][1].append(text)

    def document_type(self, *_declaration: object) -> None:
        self.refuse("A document type is not allowed here: it could define entities.", self.parser.CurrentLineNumber)


def _attribute(name: str) -> str:
    namespace, separator, last = name.rpartition(" ")
    prefix = _PREFIXES.get(namespace)
    return name if not separator or prefix is None else f"{prefix}{last}"
