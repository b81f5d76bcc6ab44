# A schema's scope: what its names mean (aliases hold within one document), and where its declarations go.
# Owns the reading of single attributes: names, flags, numbers. It knows no element by name.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..edm import PRIMITIVE_TYPES, Annotation, ModelBuilder
from .defaults import ReadDefault
from .markup import Element, Misread
from .names import COLLECTION, Names

# Section 14.2.2: a qualified name, for an overload with the types of its parameters, and a path from there.
_NAME = r"[^\W\d][\w\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f]*"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*"
_TYPE = rf"(?:Collection\({_QUALIFIED}\)|{_QUALIFIED})"
TARGET = re.compile(rf"{_QUALIFIED}(?:\((?:{_TYPE}(?:,{_TYPE})*)?\))?(?:/[@$]?{_QUALIFIED}(?:#{_NAME})?)*")

_NUMBER = re.compile(r"[0-9]{1,9}")
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}


@dataclass(slots=True)
class Scope:
    """One schema being read into a builder.

    `annotations` has what is said about each target by term and qualifier, all names qualified.
    `known` has the namespaces that all documents declare; `absent` maps others to the addresses of the documents that
    have them and were not given.
    """

    builder: ModelBuilder
    namespace: str
    aliases: Mapping[str, str]
    read_default: ReadDefault
    annotations: Mapping[str, Mapping[tuple[str, str], Annotation]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    absent: Mapping[str, str] = field(default_factory=dict)

    def at(self, element: Element) -> ModelBuilder:
        """The builder, told that what comes next is about this element."""
        self.builder.location = element.place
        return self.builder

    def own(self, name: str) -> str:
        """The qualified name of what this schema declares."""
        return f"{self.namespace}.{name}"

    @property
    def names(self) -> Names:
        return Names(self.aliases)

    def qualified(self, name: str) -> str:
        """`alias.Name` as `Namespace.Name`; any other name as it is."""
        qualifier, dot, last = name.rpartition(".")
        return f"{self.aliases.get(qualifier, qualifier)}{dot}{last}"

    def path(self, path: str) -> str:
        """A path with every name of a type or container in it qualified."""
        return "/".join([self.qualified(part) if "." in part else part for part in path.split("/")])

    def annotation_path(self, path: str) -> str:
        """A path in an annotation, or to its target: names of terms and signatures of operations are qualified, too."""
        return self.names.path(path)

    def type_name(self, element: Element, text: str) -> str:
        """The type that a text means. A bare name is a primitive type, as old documents write it, or of this schema."""
        match = COLLECTION.fullmatch(text)
        if match:
            return f"Collection({self.type_name(element, match[1])})"
        if "." not in text:
            return f"Edm.{text}" if f"Edm.{text}" in PRIMITIVE_TYPES else self.own(text)
        name = self.qualified(text)
        address = self.absent.get(name.rpartition(".")[0])
        if address is not None:
            raise Misread(element, f"The type '{text}' is declared in the document '{address}', which is not at hand.")
        return name

    def knows(self, type_text: str) -> bool:
        """Whether a type is of a namespace that some document at hand declares."""
        match = COLLECTION.fullmatch(type_text)
        namespace, dot, _last = self.qualified(match[1] if match else type_text).rpartition(".")
        return not dot or namespace == "Edm" or namespace in self.known


def required(element: Element, name: str) -> str:
    """An attribute that must be there."""
    text = element.attributes.get(name)
    if not text:
        raise Misread(element, f"The attribute '{name}' is missing.")
    return text


def flag(element: Element, name: str, default: bool = False) -> bool:
    """An attribute that is true or false."""
    found = optional_flag(element, name)
    return default if found is None else found


def optional_flag(element: Element, name: str) -> bool | None:
    """An attribute that is true, false or not there."""
    text = element.attributes.get(name)
    if text is None:
        return None
    if text.strip() not in _FLAGS:
        raise Misread(element, f"The attribute '{name}' must be true or false, not '{text}'.")
    return _FLAGS[text.strip()]


def number(element: Element, name: str, *words: str) -> int | str | None:
    """An attribute that is a whole number or one of some words; None where it is not there."""
    text = element.attributes.get(name)
    if text is None:
        return None
    if text.lower() in words:
        return text.lower()
    if not _NUMBER.fullmatch(text.strip()):
        also = "".join([f" or '{word}'" for word in words])
        raise Misread(element, f"The attribute '{name}' must be a whole number{also}, not '{text}'.")
    return int(text)
