# The syntax tree of the whole URL language: what the text says, before any name is known to the model.
# A closed union of slotted classes; operators are values. One Segment serves paths of resources and of expressions,
# since both are names, perhaps with something in parentheses. `position` counts characters of the decoded text and
# does not count when trees are compared.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..edm import PrimitiveType


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written. `type` is the type that its spelling implies, None for null."""

    value: Any
    type: PrimitiveType | None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class EnumLiteral:
    """`Sales.Pattern'Yellow'`: members or numbers of a named enumeration."""

    type_name: str
    text: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands in parentheses behind a name: a key value, a function's argument, a lambda."""

    value: Node | Lambda | Aggregate
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """`Products`, `Products(1)`, `NS.Type`, `$count`, `$it`, `@alias`, `contains(Name,'x')`, `any(d:d gt 1)`.

    `arguments` is None without parentheses and empty for `()`; `options` are those of `$count($filter=...)`; `key` is a
    second pair of parentheses, which picks an entity from what a function returns: `Best(n=2)(5)`.
    """

    name: str
    arguments: tuple[Argument, ...] | None = None
    options: Options | None = None
    position: int = field(default=0, compare=False)
    key: tuple[Argument, ...] | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """Segments joined by slashes."""

    segments: tuple[Segment, ...]

    @property
    def position(self) -> int:
        return self.segments[0].position


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or the minus sign."""

    operator: str
    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An infix operator, in lower case."""

    operator: str
    left: Node
    right: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """`case(condition:value,...)`."""

    branches: tuple[tuple[Node, Node], ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list: `(1,2)` behind `in`, or the JSON array `[1,2]`."""

    items: tuple[Node, ...]
    is_json: bool
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object."""

    members: tuple[tuple[str, Node], ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lambda:
    """`variable:condition`, the argument of `any` and `all`."""

    variable: str
    body: Node
    position: int = field(default=0, compare=False)


Node = Literal | EnumLiteral | Path | Unary | Binary | Case | Items | Members


# ------------------------------------------------------------------ query options


@dataclass(frozen=True, slots=True)
class OrderByItem:
    """One key of $orderby."""

    expression: Node
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ComputeItem:
    """`expression as name`."""

    expression: Node
    name: str


@dataclass(frozen=True, slots=True)
class SelectItem:
    """A path of $select; `*` and `NS.*` are names too. `options` are those in parentheses."""

    path: tuple[Segment, ...]
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class ExpandItem:
    """A path of $expand, its last segment perhaps `$ref`, `$count` or `$value`."""

    path: tuple[Segment, ...]
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A word, or a phrase in quotation marks."""

    text: str
    is_phrase: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SearchNot:
    operand: Search


@dataclass(frozen=True, slots=True)
class SearchJoin:
    """`AND` (also by mere succession) or `OR`."""

    operator: str
    left: Search
    right: Search


Search = SearchTerm | SearchNot | SearchJoin


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One item of aggregate(...): `expression with method as name`, `$count as name`, `Custom as name`."""

    expression: Node | None
    method: str | None
    alias: str | None
    from_items: tuple[tuple[tuple[Segment, ...], str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Rollup:
    """`rollup(a,b,c)` or `rolluprecursive(...)` within groupby."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Transformation:
    """A step of $apply. What `arguments` holds is told by `name`."""

    name: str
    arguments: tuple[Any, ...] = ()
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Options:
    """Query options by canonical name (`$filter`), parameter aliases by name with `@`, and custom options."""

    system: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, Node] = field(default_factory=dict)
    custom: tuple[tuple[str, str], ...] = ()
    repeated: tuple[str, ...] = ()  # options given more than once: grammatical, and refused by who binds them
    # What the positions in a value count in: the decoded text of each outermost option and alias, by name.
    texts: Mapping[str, str] = field(default_factory=dict, compare=False)
