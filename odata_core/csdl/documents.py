# Documents: from text to a model. Owns the choice of a format and a version, the documents that refer to each other,
# and the order in which schemas and containers are declared. What an element means stands in v3, v4 and structures.

from __future__ import annotations

import posixpath
from collections import ChainMap, Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..edm import Annotation, Model, ModelBuilder, ModelError
from ..edm.annotations import Foreign
from ..errors import suggestion
from ..records import record
from . import v3, v4
from .containers import Container, Reading, Schemas, children
from .defaults import ReadDefault, read_default_v3, read_default_v4
from .expressions import read_reference
from .json_elements import read_json
from .markup import EDM_V3, EDM_V4, EDMX_V3, EDMX_V4, MAX_BYTES, Element, Misread, read_markup
from .scope import Scope, flag, required
from .targets import foreign_attributes, gather
from .term_types import type_annotations

References = Mapping[str, bytes]
MAX_DOCUMENTS: Final = 200


@record
class Family:
    """What the documents of some versions have in common."""

    namespaces: frozenset[str]
    read_default: ReadDefault
    reading: Callable[[Schemas], Reading]


_V3: Final = Family(EDM_V3, read_default_v3, v3.reading)
_V4: Final = Family(frozenset({EDM_V4}), read_default_v4, v4.reading)
_ROOTS: Final = {
    (EDMX_V3, "1.0"): _V3,
    (EDMX_V4, "4.0"): _V4,
    (EDMX_V4, "4.01"): _V4,
}
# Elements of a schema that say nothing to declare by themselves, or are declared apart.
_READ_ELSEWHERE: Final = frozenset(
    """Annotation Annotations Association Documentation EntityContainer
    TypeAnnotation Using ValueAnnotation ValueTerm""".split()
)


@dataclass(slots=True)
class Document:
    """One document: its schemas, what its aliases mean, and which documents it refers to."""

    address: str
    family: Family
    schemas: list[Element] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)  # address -> the namespaces that it has
    elements: list[Element] = field(default_factory=list)  # those of the references
    services: Element | None = None
    is_json: bool = False


def read_csdl(document: bytes | str, *, references: References | None = None, strict: bool = False) -> Model:
    """The model that a CSDL document describes, XML of any version or JSON; ModelError where it is not valid.

    `references` has the documents that this one refers to by the addresses that it names. What is not there is
    missed only where it is needed. Documents of real services have bindings that lead nowhere, sets of unknown types
    and defaults that are no values: what can be left out by itself is listed in `left_out` of the model. Be `strict`
    with a document that is yours.
    """
    given = references or {}
    return _model(_Library(lambda address, _base: (address, given.get(address))).documents(document, ""), strict)


def read_csdl_file(path: str | Path, *, strict: bool = False, references: References | None = None) -> Model:
    """The model that a file describes, with what it refers to by relative addresses in its folder, and nowhere else.

    `references` has documents by other addresses.
    """
    given = references or {}
    path = Path(path)
    folder = path.parent.resolve()

    def fetch(address: str, base: str) -> tuple[str, bytes | None]:
        if address in given:
            return address, given[address]
        relative = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(address)))
        return relative, _file_within(folder, relative)

    content = _file_within(folder, path.name)
    if content is None:
        raise ModelError(f"The file '{path}' cannot be read.")
    return _model(_Library(fetch).documents(content, path.name), strict)


def _file_within(folder: Path, relative: str) -> bytes | None:
    """The content of a file in a folder; None where there is none, or it leads out of the folder."""
    try:
        path = (folder / relative).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            return None
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"'{relative}': The document has more than {MAX_BYTES} bytes.")
        return path.read_bytes()
    except (OSError, ValueError):
        return None


class _Library:
    """A document and those it refers to, each read once."""

    def __init__(self, fetch: Callable[[str, str], tuple[str, bytes | None]]) -> None:
        self.fetch = fetch
        self.found: dict[str, Document] = {}
        self.contents: set[bytes] = set()
        self.absent: dict[str, str] = {}

    def documents(self, content: bytes | str, address: str) -> _Library:
        self._read(content, address)
        waiting = [address]
        while waiting:
            document = self.found[waiting.pop(0)]
            for reference, namespaces in document.references.items():
                target, text = self.fetch(reference, document.address)
                if text is None:
                    self.absent.update(dict.fromkeys(namespaces, reference))
                elif target not in self.found and text not in self.contents:
                    if len(self.found) >= MAX_DOCUMENTS:
                        raise ModelError(f"More than {MAX_DOCUMENTS} documents refer to each other.")
                    self._read(text, target)
                    waiting.append(target)
        for document in self.found.values():
            for schema in document.schemas:
                self.absent.pop(required(schema, "Namespace"), None)
        return self

    def _read(self, content: bytes | str, address: str) -> None:
        self.contents.add(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        is_json = _is_json(content)
        read = read_json if is_json else read_markup
        self.found[address] = _document(read(content, address), address)
        self.found[address].is_json = is_json


def _is_json(content: bytes | str) -> bool:
    """JSON begins with a brace, after a byte order mark and blanks."""
    start = (
        content[:1000] if isinstance(content, str) else content[:1000].decode("latin-1").removeprefix("\xef\xbb\xbf")
    )
    return start.removeprefix("\ufeff").lstrip().startswith("{")


def _document(root: Element, address: str) -> Document:
    """<edmx:Edmx Version> Reference* <edmx:DataServices> Schema* (section 3); old tools write a Schema alone."""
    family = _ROOTS.get((root.namespace, root.attributes.get("Version", ""))) if root.name == "Edmx" else None
    schemas = [schema for services in root.each("DataServices") for schema in services.children]
    if root.name == "Schema":
        family, schemas = next((known for known in (_V3, _V4) if root.namespace in known.namespaces), None), [root]
    if family is None:
        raise Misread(root, "This is not a CSDL document of a known version: Edmx 1.0, 4.0 or 4.01 is expected.")
    found = Document(address, family, services=next(root.each("DataServices"), None))
    for reference in root.children:
        if reference.name != "Reference" or reference.namespace not in (EDMX_V3, EDMX_V4):
            continue
        found.elements.append(reference)
        # Documents of SAP's version 2 refer to vocabularies of version 4, which are no part of the model.
        known = found.references if reference.namespace == root.namespace else {}
        includes = known.setdefault(required(reference, "Uri"), [])
        for include in reference.each("Include"):
            includes.append(required(include, "Namespace"))
            if "Alias" in include.attributes:
                _alias(found.aliases, include, include.attributes["Alias"])
    for schema in schemas:
        if schema.name == "Schema" and schema.namespace in family.namespaces:
            required(schema, "Namespace")
            found.schemas.append(schema)
        elif schema.name == "Schema":
            raise Misread(schema, f"The schema is of a version that the document is not of: '{schema.namespace}'.")
    if not found.schemas and not found.references:
        raise Misread(root, "The document has no schema.")
    return found


def _alias(aliases: dict[str, str], element: Element, alias: str) -> None:
    namespace = required(element, "Namespace")
    if aliases.setdefault(alias, namespace) != namespace:
        raise Misread(element, f"The alias '{alias}' stands for two namespaces.")


def _model(library: _Library, strict: bool) -> Model:
    documents = list(library.found.values())
    main = documents[0]
    if any(document.family is not main.family for document in documents):
        raise ModelError("A document refers to a document of another protocol version.")
    found = [(document, schema) for document in documents for schema in document.schemas]
    if not found:
        raise ModelError("Neither the document nor those that it refers to have a schema.")
    chosen = _default_container(found, main)
    namespace = (chosen[0] if chosen else found[0][1]).attributes["Namespace"]
    container = chosen[1].attributes["Name"] if chosen else ""
    builder = ModelBuilder(namespace, container=container, bind_unasked=False, leave_out=not strict)
    said: dict[str, dict[tuple[str, str], Annotation]] = {}
    known = frozenset([schema.attributes["Namespace"] for _document, schema in found])
    schemas: list[tuple[Scope, Element]] = []
    shared = {document.address: _shared_aliases(document) for document in documents}
    for document, schema in found:
        aliases = _aliases(shared[document.address], schema)
        own = schema.attributes["Namespace"]
        schemas.append((Scope(builder, own, aliases, main.family.read_default, said, known, library.absent), schema))
    for alias, meant in schemas[0][0].aliases.items():
        builder.alias(alias, meant)
    for scope, schema in schemas:
        gather(scope, schema, said)
    _keep_document(builder, main, schemas[0][0], (chosen[1] if chosen else found[0][1]).place)
    reading = main.family.reading(schemas)
    for scope, schema in schemas:
        _declare_schema(scope, schema, reading)
    _declare_containers(builder, schemas, chosen[1] if chosen else None, reading)
    model = builder.build()
    if main.is_json:
        type_annotations(model)
    return model


def _keep_document(builder: ModelBuilder, main: Document, scope: Scope, location: str) -> None:
    """What a document says about itself and others."""
    references = []
    for element in main.elements:
        try:
            references.append(read_reference(scope, element))
        except Misread as error:
            builder.location = ""
            builder.leave_out(error.message)
    builder.kept.references = tuple(references)
    builder.kept.schemas = tuple(dict.fromkeys([schema.attributes["Namespace"] for schema in main.schemas]))
    builder.kept.location = location
    attributes = {} if main.services is None else foreign_attributes(main.services)
    if attributes:
        builder.kept.foreign["$DataServices"] = Foreign(attributes)


def _shared_aliases(document: Document) -> dict[str, str]:
    """What holds in every schema of a document: what it includes, and the aliases of its schemas."""
    found = dict(document.aliases)
    for schema in document.schemas:
        if "Alias" in schema.attributes:
            found.setdefault(schema.attributes["Alias"], schema.attributes["Namespace"])
    return found


def _aliases(shared: dict[str, str], schema: Element) -> Mapping[str, str]:
    """What holds in a schema: its own alias and `Using` (v3) before those of its document."""
    own: dict[str, str] = {}
    for element in (schema, *schema.each("Using")):
        if "Alias" in element.attributes:
            _alias(own, element, element.attributes["Alias"])
    differs = any(shared.get(alias) != namespace for alias, namespace in own.items())
    return ChainMap(own, shared) if differs else shared


def _declare_schema(scope: Scope, schema: Element, reading: Reading) -> None:
    for element in schema.children:
        if element.namespace != schema.namespace or element.name in _READ_ELSEWHERE:
            continue
        try:
            if element.name not in reading.rows:
                raise Misread(
                    element, f"A schema has no element '{element.name}'.{suggestion(element.name, reading.rows)}"
                )
            for declare in reading.rows[element.name]:
                declare(scope, element)
        except Misread as error:
            _report(scope.builder, error)


def _taken_over(container: Container, containers: Mapping[str, Container]) -> list[str]:
    own = {id(element) for element in container.element.children}
    try:
        found = [element for _scope, element in children(container, containers) if id(element) not in own]
    except Misread:
        return []  # whoever declares the container tells
    return [element.attributes.get("Name", "") for element in found]


def _report(builder: ModelBuilder, error: Misread) -> None:
    builder.location = ""
    builder.problem(error.message)


def _default_container(found: list[tuple[Document, Element]], main: Document) -> tuple[Element, Element] | None:
    """Schema and element of the container that a service is: the one that says so, else the first of the document."""
    containers = [
        (document, schema, container)
        for document, schema in found
        for container in schema.each("EntityContainer")
        if required(container, "Name")
    ]
    ranked = sorted(
        containers,
        key=lambda item: (
            item[0] is not main,
            not flag(item[2], "m:IsDefaultEntityContainer"),
            "Extends" not in item[2].attributes,
        ),
    )
    return (ranked[0][1], ranked[0][2]) if ranked else None


def _declare_containers(builder: ModelBuilder, schemas: Schemas, default: Element | None, reading: Reading) -> None:
    containers: dict[str, Container] = {}
    elements = [(scope, element) for scope, schema in schemas for element in schema.each("EntityContainer")]
    count = Counter(element.attributes["Name"] for _scope, element in elements)
    for scope, element in elements:
        name = element.attributes["Name"]
        prefix = scope.own(name) if count[name] > 1 else name
        made = Container(scope, element, element is default, prefix)
        if made.qualified_name in containers:
            raise Misread(element, f"The container '{made.qualified_name}' is declared twice.")
        containers[made.qualified_name] = made
    extended = {container.extends for container in containers.values()}
    for container in containers.values():
        if container.is_default or container.qualified_name not in extended:
            if not container.is_default:
                builder.kept.containers[container.prefix] = container.qualified_name
            elif container.extends is not None:
                builder.kept.extends = container.extends
                builder.kept.inherited = frozenset(_taken_over(container, containers))
            try:
                reading.declare_container(container, containers)
            except Misread as error:
                _report(builder, error)
    reading.finish(builder)
