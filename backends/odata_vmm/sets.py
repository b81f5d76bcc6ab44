# What the entity sets of the VMM service have in common: rows that a caller may see, and refusals for the rest.
# Each set with a life of its own is a class in a module of its own; every other one is read-only and, so far, empty.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from odata_core.backend import Key, Row
from odata_core.csdl.markup import NOT_XML
from odata_core.errors import BadRequest, MethodNotAllowed

from .unit import Unit


class ReadOnlySet:
    """A set of which a caller sees some stored rows and changes none.

    `collection_verbs` and `entity_verbs` are what 405 says is allowed.
    """

    collection_verbs: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    entity_verbs: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def __init__(self, unit: Unit, name: str) -> None:
        self.unit = unit
        self.name = name

    def is_visible(self, row: Row) -> bool:
        """Whether the caller may see a stored row. Nobody but an administrator, where no rule says more."""
        return self.unit.caller.is_administrator

    def get(self, key: Key) -> Row | None:
        """The row with this key, if the caller may see it."""
        row = self.unit.stored(self.name, key)
        return self.shown(row) if row is not None and self.is_visible(row) else None

    def rows(self, wanted: Mapping[str, Any]) -> Iterable[Row]:
        """All rows that the caller may see; `wanted` are equalities that they must fulfil, which may be used."""
        where = {"ID": wanted["ID"]} if "ID" in wanted else {}  # which clients ask for who wait for a job
        return [self.shown(row) for row in self.unit.stored_rows(self.name, **where) if self.is_visible(row)]

    def shown(self, row: Row) -> Row:
        """A stored row as it goes over the wire."""
        return row

    def insert(self, values: Row) -> Row:
        raise MethodNotAllowed(f"'{self.name}' cannot be added to.", allow=self.collection_verbs)

    def update(self, key: Key, values: Row) -> Row:
        raise MethodNotAllowed(f"'{self.name}' cannot be changed.", allow=self.entity_verbs)

    def delete(self, key: Key) -> None:
        raise MethodNotAllowed(f"'{self.name}' cannot be deleted from.", allow=self.entity_verbs)


class Clouds(ReadOnlySet):
    """The cloud of a subscription."""

    def is_visible(self, row: Row) -> bool:
        return self.unit.caller.sees_cloud(row)


def check_texts(value: Any, place: str = "$") -> None:
    """BadRequest for a text that Atom cannot show: one of them would take the whole list from whoever asks for Atom."""
    match value:
        case str():
            found = NOT_XML.search(value)
            if found is not None:
                raise BadRequest(f"The character U+{ord(found[0]):04X} is unknown to XML: leave it out.", target=place)
        case Mapping():
            for name, item in value.items():
                check_texts(item, f"{place}.{name}")
        case list() | tuple():
            for index, item in enumerate(value):
                check_texts(item, f"{place}[{index}]")
