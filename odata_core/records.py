# Immutable values whose making costs little: a request makes some dozens of them.
# A frozen dataclass takes about five times as long to make as a plain one with slots, since it goes by way of
# `object.__setattr__` for each field. So type checkers see frozen ones here, and Python gets plain ones.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(kind: type[T]) -> type[T]:
    """A class decorator like `dataclass(frozen=True, slots=True)`; only type checkers see to it that nothing is set."""
    return dataclass(slots=True, unsafe_hash=True)(kind)
