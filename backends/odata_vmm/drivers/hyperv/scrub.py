# Takes out of recorded answers what names a host, its machines and its people.
# Strategy: what is known (host, account, machines) and what stands in properties that name things is replaced wherever
# it stands; ids, addresses, paths, security identifiers and whatever is quoted are replaced by their form. The same
# thing gets the same replacement everywhere, so that an answer still refers to what it referred to. What is left, a
# person has to find: nobody knows what a host writes into its messages.

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

# Properties whose values name things of the host.
NAMING: Final = frozenset(
    {"Name", "VMName", "ComputerName", "PSComputerName", "MachineName", "Path", "ErrorCategory_TargetName"}
)

# The names of the checkpoints that are made here may stay.
OURS: Final = "recorded checkpoint"

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PATTERNS: Final = (
    (re.compile(r"S-1-5(?:-\d+)+"), "S-1-5-21"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?!\.)"), "192.0.2.1"),
    (re.compile(r"[A-Za-z]:\\[^<>\"|*?\r\n]*"), r"C:\\PATH"),
    (re.compile(r"\\\\[^\s<>\"|*?]+"), r"\\\\SERVER\\PATH"),
    (re.compile(r"""(?<!\w)(['"])(?!NAME)[^'"]+\1"""), r"\1QUOTED\1"),
)


class Scrubber:
    """Replaces what names a host and its machines; the same thing gets the same replacement everywhere."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        for name in names:
            self._learn_name(name)

    def learn(self, clixml: str) -> None:
        """Remember what properties of a message name."""
        for element in _parse(clixml).iter():
            if element.get("N") in NAMING:
                self._learn_name(element.text or "")

    def scrub_step(self, step: dict[str, Any]) -> dict[str, Any]:
        messages = [{**message, "clixml": self.scrub(message["clixml"])} for message in step["messages"]]
        commands = [
            [{"name": item["name"], "parameters": self._scrub_value(item["parameters"])} for item in pipeline]
            for pipeline in step["commands"]
        ]
        return {**step, "commands": commands, "messages": messages}

    def scrub(self, clixml: str) -> str:
        root = _parse(clixml)
        for element in root.iter():
            # A version of four numbers looks like an address.
            if element.text and not element.tag.endswith("Version"):
                element.text = self.scrub_text(element.text)
        return ET.tostring(root, encoding="unicode")

    def scrub_text(self, text: str) -> str:
        if text.lower() in self._names:
            return self._names[text.lower()]
        # Ids come first: a name may be a part of one by chance.
        around, ids = GUID.split(text), [self._id(found) for found in GUID.findall(text)]
        return "".join([part for pair in zip(map(self._scrub_words, around), [*ids, ""], strict=True) for part in pair])

    def _scrub_words(self, text: str) -> str:
        for name in sorted(self._names, key=len, reverse=True):
            # A name of one or two letters would be found everywhere.
            if len(name) > 2:
                text = re.sub(re.escape(name), self._names[name], text, flags=re.IGNORECASE)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def _scrub_value(self, value: Any) -> Any:
        match value:
            case str():
                return self.scrub_text(value)
            case list():
                return value
            case dict():
                return {name: self._scrub_value(item) for name, item in value.items()}
        return value

    def _learn_name(self, text: str) -> None:
        if text and not text.startswith(OURS):
            self._names.setdefault(text.lower(), f"NAME{len(self._names) + 1}")

    def _id(self, text: str) -> str:
        return self._ids.setdefault(text.lower(), str(UUID(int=len(self._ids) + 1)))


def _parse(clixml: str) -> ET.Element:
    # pypsrp has read the same text with the same parser before.
    return ET.fromstring(clixml)  # noqa: S314
