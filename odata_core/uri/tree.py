# The syntax tree of expressions: what the text says, before any name is known to the model.
# A closed union of slotted classes; operators are values. `position` counts characters of the option's decoded text.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..edm import PrimitiveType


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; `type` is the type that its spelling implies, None for null."""

    value: Any
    type: PrimitiveType | None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A path of names: `Owner/RoleID`."""

    names: tuple[str, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments: `startswith(Name,'vm')`."""

    name: str
    arguments: tuple[Node, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or the minus sign."""

    operator: str
    operand: Node
    position: int = 0


@dataclass(frozen=True, slots=True)
class Binary:
    """An infix operator."""

    operator: str
    left: Node
    right: Node
    position: int = 0


Node = Literal | Member | Call | Unary | Binary


@dataclass(frozen=True, slots=True)
class OrderByItem:
    """One item of $orderby."""

    expression: Node
    descending: bool


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One value of a key predicate, with its name where one was given."""

    name: str | None
    value: Literal


@dataclass(frozen=True, slots=True)
class Segment:
    """A path segment read as a name with, perhaps, a predicate in parentheses: `()` is an empty tuple, not None."""

    name: str
    predicate: tuple[KeyPart, ...] | None
