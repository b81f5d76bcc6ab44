# The syntax tree of the whole URL language: what the text says, before any name is known to the model.
# A closed union of slotted classes; operators are values. One Segment serves paths of resources and of expressions,
# since both are names, perhaps with something in parentheses. `position` counts characters of the decoded text and
# does not count when trees are compared.
# msgspec's structs, because a tree is a few dozen nodes: one is made in 45 ns, where a frozen dataclass takes 490.

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

from msgspec import Struct, field

from ..edm import PrimitiveType


class Tree(Struct, frozen=True, eq=False, gc=False):
    """What all nodes share: they do not change, and are equal where all that is compared is. No cycles: `gc` is off."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"position"})

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        compared = _compared(type(self))
        return bool(compared(self) == compared(other))

    def __ne__(self, other: object) -> bool:
        return not self == other  # a struct's own compares identities

    def __hash__(self) -> int:
        return hash(_compared(type(self))(self))


@cache
def _compared(kind: type[Tree]) -> attrgetter[Any]:
    """What of a node counts when it is compared with another."""
    return attrgetter(*[name for name in kind.__struct_fields__ if name not in kind.uncompared])


class Literal(Tree, frozen=True):
    """A value as written. `type` is the type that its spelling implies, None for null."""

    value: Any
    type: PrimitiveType | None
    position: int = 0


class EnumLiteral(Tree, frozen=True):
    """`Sales.Pattern'Yellow'`: members or numbers of a named enumeration."""

    type_name: str
    text: str
    position: int = 0


class Argument(Tree, frozen=True):
    """What stands in parentheses behind a name: a key value, a function's argument, a lambda."""

    value: Node | Lambda | Aggregate
    name: str | None = None


class Segment(Tree, frozen=True):
    """`Products`, `Products(1)`, `NS.Type`, `$count`, `$it`, `@alias`, `contains(Name,'x')`, `any(d:d gt 1)`.

    `arguments` is None without parentheses and empty for `()`; `options` are those of `$count($filter=...)`; `key` is a
    second pair of parentheses, which picks an entity from what a function returns: `Best(n=2)(5)`. `text` is the whole
    decoded segment of a resource path, which may be a key after all.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"position", "text"})

    name: str
    arguments: tuple[Argument, ...] | None = None
    options: Options | None = None
    position: int = 0
    key: tuple[Argument, ...] | None = None
    text: str = ""


class Path(Tree, frozen=True):
    """Segments joined by slashes."""

    segments: tuple[Segment, ...]

    @property
    def position(self) -> int:
        return self.segments[0].position


class Unary(Tree, frozen=True):
    """`not` or the minus sign."""

    operator: str
    operand: Node
    position: int = 0


class Binary(Tree, frozen=True):
    """An infix operator, in lower case."""

    operator: str
    left: Node
    right: Node
    position: int = 0


class Case(Tree, frozen=True):
    """`case(condition:value,...)`."""

    branches: tuple[tuple[Node, Node], ...]
    position: int = 0


class Items(Tree, frozen=True):
    """A list: `(1,2)` behind `in`, or the JSON array `[1,2]`."""

    items: tuple[Node, ...]
    is_json: bool
    position: int = 0


class Members(Tree, frozen=True):
    """A JSON object."""

    members: tuple[tuple[str, Node], ...]
    position: int = 0


class Lambda(Tree, frozen=True):
    """`variable:condition`, the argument of `any` and `all`."""

    variable: str
    body: Node
    position: int = 0


Node = Literal | EnumLiteral | Path | Unary | Binary | Case | Items | Members


# ------------------------------------------------------------------ query options


class OrderByItem(Tree, frozen=True):
    """One key of $orderby."""

    expression: Node
    descending: bool = False


class ComputeItem(Tree, frozen=True):
    """`expression as name`."""

    expression: Node
    name: str


class SelectItem(Tree, frozen=True):
    """A path of $select; `*` and `NS.*` are names too. `options` are those in parentheses."""

    path: tuple[Segment, ...]
    options: Options | None = None


class ExpandItem(Tree, frozen=True):
    """A path of $expand, its last segment perhaps `$ref`, `$count` or `$value`."""

    path: tuple[Segment, ...]
    options: Options | None = None


class SearchTerm(Tree, frozen=True):
    """A word, or a phrase in quotation marks."""

    text: str
    is_phrase: bool = False
    position: int = 0


class SearchNot(Tree, frozen=True):
    operand: Search


class SearchJoin(Tree, frozen=True):
    """`AND` (also by mere succession) or `OR`."""

    operator: str
    left: Search
    right: Search


Search = SearchTerm | SearchNot | SearchJoin


class Aggregate(Tree, frozen=True):
    """One item of aggregate(...): `expression with method as name`, `$count as name`, `Custom as name`."""

    expression: Node | None
    method: str | None
    alias: str | None
    from_items: tuple[tuple[tuple[Segment, ...], str | None], ...] = ()


class Rollup(Tree, frozen=True):
    """`rollup(a,b,c)` or `rolluprecursive(...)` within groupby."""

    name: str
    arguments: tuple[Any, ...]


class Transformation(Tree, frozen=True):
    """A step of $apply. What `arguments` holds is told by `name`."""

    name: str
    arguments: tuple[Any, ...] = ()
    position: int = 0


class Options(Tree, frozen=True):
    """Query options by canonical name (`$filter`), parameter aliases by name with `@`, and custom options."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"texts"})

    system: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, Node] = field(default_factory=dict)
    custom: tuple[tuple[str, str], ...] = ()
    repeated: tuple[str, ...] = ()  # options given more than once: grammatical, and refused by who binds them
    # What the positions in a value count in: the decoded text of each outermost option and alias, by name.
    texts: Mapping[str, str] = field(default_factory=dict)
