# What was written, for clients that want only what has changed: for each set the entities in the order in which they
# were written last, each once. The number kept is bounded, so what is told is complete or refused.

from __future__ import annotations

import secrets

from odata_core.backend import Key, Row

MOST = 10_000
"""Entities of one set that are remembered."""


class History:
    """The writes since a store was filled; moments of other fillings and of other processes mean nothing in it."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(8)
        self._number = 0
        self._written: dict[str, dict[Key, tuple[int, Row, bool]]] = {}
        self._forgotten: dict[str, int] = {}  # the number of the last write of a set that is not remembered

    def note(self, name: str, key: Key, row: Row, *, is_gone: bool) -> None:
        """An entity of a set was written, or deleted: then `row` is what it was last."""
        self._number += 1
        written = self._written.setdefault(name, {})
        written.pop(key, None)
        written[key] = (self._number, row, is_gone)
        if len(written) > MOST:
            first = next(iter(written))
            self._forgotten[name] = written.pop(first)[0]

    def moment(self) -> str:
        """Now, as text."""
        return f"{self._name}-{self._number}"

    def since(self, name: str, moment: str) -> list[tuple[Row, bool]] | None:
        """What was written since; None where that is not known."""
        whose, _, text = moment.partition("-")
        if whose != self._name or not (text.isascii() and text.isdigit() and len(text) < 20):
            return None
        number = int(text)
        if number > self._number or number < self._forgotten.get(name, 0):
            return None
        found: list[tuple[Row, bool]] = []
        for when, row, is_gone in reversed(self._written.get(name, {}).values()):
            if when <= number:
                break
            found.append((row, is_gone))
        return found[::-1]
