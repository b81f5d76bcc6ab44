# What every format can do: one `Codec` for each format and metadata level, with the same methods, so that a service
# never asks which format it speaks. What is written are rows (edm.rows) in a `Shape`; `About` says what is around them.
# Strategy: a codec compiles what it needs for a shape once and keeps it; then it runs over rows.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from ..edm import Model, Operation, Property, StructuredType
from ..edm.rows import Row
from ..errors import NotImplementedHere, ODataError
from ..limits import Limits
from ..query.tree import Source
from ..records import record

MEDIA: Final = "$value"
"""The stream of a media entity among the streams of a shape (4.01 JSON Format, 10)."""


@record
class Shape:
    """Which members of structured values of a type are written. Equal shapes are written alike, so it is a key.

    `source` is where entities of the type live, which gives their ids and links; None for complex values and for
    entities that live nowhere. `select` has the names of the structural properties, in any order; None stands for
    all of them, the dynamic ones too. `links` are the navigation properties whose links full metadata shows; None
    for all. `expand` are the navigation properties whose entities are in the rows; `references` those of them that
    show as references only. `streams` are stream properties that are expanded, MEDIA for that of a media entity.
    `operations` are those that are shown with each entity. `within` are the complex properties of which not
    everything is written. `computed` are properties that a query added, and `partial` says that this is not the
    type's own form (after $apply): what the row does not have is not written then, rather than being an error. With
    `omits_nulls` null properties are left out.
    """

    type: StructuredType
    source: Source | None = None
    select: tuple[str, ...] | None = None
    expand: tuple[tuple[str, Shape], ...] = ()
    links: tuple[str, ...] | None = None
    references: frozenset[str] = frozenset()
    within: tuple[tuple[str, Shape], ...] = ()
    computed: tuple[Property, ...] = ()
    partial: bool = False
    omits_nulls: bool = False
    streams: frozenset[str] = frozenset()
    operations: tuple[Operation, ...] = ()

    def without_nulls(self) -> Shape:
        """The same, with null properties left out everywhere."""
        expand, within = [
            tuple([(name, shape.without_nulls()) for name, shape in nested]) for nested in (self.expand, self.within)
        ]
        return replace(self, expand=expand, within=within, omits_nulls=True)


@record
class About:
    """What stands around a value in an answer.

    `root` is the service root, with a slash at its end. `path` is what the context URL names, without a select list
    and without what tells one entity from many (each codec adds these as its version wants): `Products`,
    `Customers(1)/Orders`, `Products/Shop.Food`, `Products(1)/Name`, `Collection(Shop.Address)`; "" for no context.
    `url` is the URL of the request, for formats in which a feed has an id. `updated` is an ISO date for Atom.
    `is_result`: the value is what an operation gave, rather than a property.
    """

    root: str
    path: str = ""
    url: str = ""
    count: int | None = None
    next_link: str | None = None
    delta_link: str | None = None
    updated: str = ""
    is_result: bool = False


@record
class Reading:
    """What reading needs: the model that names are looked up in (None: nothing is checked), the bounds, the root.

    With `is_request` what a client may not set (links, media types) is passed over, and what it may do (bind) is kept;
    without, every piece of control information is in the rows.
    """

    model: Model | None
    limits: Limits = field(default_factory=Limits)
    root: str = ""
    is_request: bool = True


@dataclass(slots=True)
class Feed:
    """A collection that was read."""

    rows: list[dict[str, Any]]
    count: int | None = None
    next_link: str | None = None
    delta_link: str | None = None
    links: list[dict[str, Any]] = field(default_factory=list)  # added and deleted links of a delta


class Codec(Protocol):
    """A format at one metadata level. Writers give whole bodies; collections come in chunks of bounded size."""

    def write_entity(self, shape: Shape, row: Row, about: About) -> bytes:
        """An entity, or a complex value, by itself."""

    def write_feed(self, shape: Shape, rows: Iterable[Row], about: About) -> Iterator[bytes]:
        """A collection of entities or complex values; with `about.delta_link` perhaps a delta."""

    def write_property(self, prop: Property, value: Any, about: About) -> bytes:
        """A property, or the result of an operation as one: primitive, enum, complex, or a collection of these."""

    def write_links(self, urls: Sequence[str], about: About, *, is_collection: bool) -> bytes:
        """References to entities: `$links` of version 3, `$ref` of version 4."""

    def write_service(self, model: Model, about: About) -> bytes:
        """The service document."""

    def write_error(self, error: ODataError) -> bytes:
        """The body of an answer that is an error."""

    def read_entity(self, body: bytes, kind: StructuredType | None, reading: Reading) -> dict[str, Any]:
        """A row. BadRequest says what is wrong and where: a JSON path, or a line."""

    def read_feed(self, body: bytes, kind: StructuredType | None, reading: Reading) -> Feed:
        """A collection of rows, or a delta."""

    def read_property(self, body: bytes, prop: Property | None, reading: Reading) -> Any:
        """The value of a property."""

    def read_links(self, body: bytes, reading: Reading) -> list[str]:
        """The URLs of references, one or many."""

    def read_parameters(self, body: bytes, operation: Operation, reading: Reading) -> dict[str, Any]:
        """The parameters of an action by name, without the binding parameter."""


def refuse_count(about: About) -> None:
    """The formats before version 4 have no place for the number of values in a collection that is a property."""
    if about.count is not None:
        raise NotImplementedHere("A count of values cannot be written in this format.", target="$inlinecount")


def own_parameters(operation: Operation) -> list[str]:
    """The names of the parameters, without that of what a bound operation is called on."""
    return [one.name for one in (operation.parameters[1:] if operation.is_bound else operation.parameters)]
