# The bound tree: an expression whose names are properties and whose values have types. No version is left in it:
# `substringof('x',Name)` of v3 and `contains(Name,'x')` of v4 are the same Invoke here.
# A closed union of slotted classes; operators and functions are values. Walk it with `match` and `assert_never`.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..edm import EnumType, PrimitiveType, Property, StructuredType

ValueType = PrimitiveType | EnumType | StructuredType


@dataclass(frozen=True, slots=True)
class Constant:
    """A value; `type` is None for null."""

    value: Any
    type: ValueType | None


@dataclass(frozen=True, slots=True)
class Path:
    """A property of the entity at hand, or of its complex properties in turn: `Owner/RoleID`."""

    properties: tuple[Property, ...]

    @property
    def type(self) -> ValueType:
        return self.properties[-1].type


@dataclass(frozen=True, slots=True)
class Compare:
    """`eq ne lt le gt ge` between two operands of one type (or null)."""

    operator: str
    left: Bound
    right: Bound


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` of two or more conditions, in three-valued logic."""

    operator: str
    operands: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition; null stays null."""

    operand: Bound


@dataclass(frozen=True, slots=True)
class Invoke:
    """A canonical function by its v4 name."""

    function: str
    arguments: tuple[Bound, ...]
    type: ValueType


Bound = Constant | Path | Compare | Logic | Not | Invoke


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One key of a sort order; null comes first when ascending (URL Conventions 5.1.4)."""

    expression: Bound
    descending: bool = False


def equalities(condition: Bound | None) -> dict[str, Any]:
    """What a condition demands of single properties: `{"VMId": ...}` for `VMId eq ... and ...`.

    A backend may use it to look in fewer places; the whole condition must still hold.
    """
    match condition:
        case Compare("eq", Path((prop,)), Constant(value)) | Compare("eq", Constant(value), Path((prop,))):
            return {prop.name: value}
        case Logic("and", operands):
            found: dict[str, Any] = {}
            for operand in operands:
                found.update(equalities(operand))
            return found
        case _:
            return {}
