# Names in documents: aliases <-> namespaces. A reader makes qualified names of what a document says, a writer makes
# what a document says of qualified names; both walk types, paths and signatures alike, so there is one walk.

from __future__ import annotations

import re
from collections.abc import Mapping

from ..records import record

COLLECTION = re.compile(r"Collection\((.*)\)")
# A qualified name as it stands in signatures and keys; text in quotes is none.
_QUALIFIED = re.compile(r"'(?:[^']|'')*'|(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)+")


@record
class Names:
    """Renames the qualifier of every name, by a mapping that has what is in front of the last dot."""

    qualifiers: Mapping[str, str]

    def name(self, name: str) -> str:
        """One name; without a dot, it stays as it is."""
        qualifier, dot, last = name.rpartition(".")
        return f"{self.qualifiers.get(qualifier, qualifier)}{dot}{last}"

    def type_name(self, text: str) -> str:
        """A type, perhaps in `Collection(...)`."""
        match = COLLECTION.fullmatch(text)
        return f"Collection({self.name(match[1])})" if match else self.name(text)

    def path(self, path: str) -> str:
        """A path in an annotation, or to its target: names of types and terms, also in signatures of operations."""
        start, parenthesis, rest = path.partition("(")
        steps = "/".join([self._step(step) for step in start.split("/")])
        return f"{steps}{parenthesis}{_QUALIFIED.sub(self._renamed, rest)}" if parenthesis else steps

    def _step(self, step: str) -> str:
        """`Name`, `alias.Name`, `@alias.Term#Qualifier`, `Name@alias.Term`; no qualifier has a dot."""
        name, at, term = step.partition("@")
        return f"{self.name(name)}{at}{self.name(term)}"

    def _renamed(self, match: re.Match[str]) -> str:
        return match[0] if match[0].startswith("'") else self.name(match[0])
