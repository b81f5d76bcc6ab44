# What is wrong within a body, and where: a fault gathers its JSON path on the way out, so that a reader never builds
# the path of a place where nothing is wrong.

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import BadRequest

NAME: Final = re.compile(r"[^\W\d]\w{0,127}")
"""What a property can be called."""
SHOWN: Final = 100
"""Characters of what a client sent that a message repeats."""


class Fault(ValueError):
    """What is wrong, and where, seen from the value that is being read."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.path = path

    def to_error(self, start: str) -> BadRequest:
        path = (start + self.path)[:200]
        reason = str(self)
        ending = "" if reason.endswith(("?", ".")) else "."
        return BadRequest(f"At {path}: {reason}{ending}", target=path)


@contextmanager
def located(step: str) -> Iterator[None]:
    """Whatever is wrong within is so at this step of the path."""
    try:
        yield
    except ValueError as error:
        raise within(error, step) from None


def within(error: ValueError, step: str) -> Fault:
    """What is wrong, seen from one step further out."""
    return Fault(str(error), step + (error.path if isinstance(error, Fault) else ""))


def step_to(name: str) -> str:
    """The step of a path that leads to a member."""
    return f".{name[:SHOWN]}" if NAME.fullmatch(name) else f"['{name[:SHOWN]}']"
