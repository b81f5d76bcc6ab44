# Canonical functions of collections (4.01 Part 2, 5.1.1.5 and 5.1.1.6). A collection is a sequence of Python values.
# Items are equal as `eq` has it (5.1.1.1.1): null equals null, NaN equals nothing. Python's own tests of lists take an
# object for equal to itself, so a part with NaN is answered before they are asked.

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ..errors import BadRequest
from .text_functions import span

Items = Sequence[Any]
MAX_ITEMS: Final = 100_000


def _never_found(part: Items) -> bool:
    return any(item != item for item in part)  # NaN is what differs from itself


def concat(first: Items, second: Items) -> list[Any]:
    if len(first) + len(second) > MAX_ITEMS:
        raise BadRequest(f"The result of the function 'concat' has more than {MAX_ITEMS} items.")
    return [*first, *second]


def indexof(whole: Items, part: Items) -> int:
    if _never_found(part):
        return -1
    items, wanted = list(whole), list(part)
    starts = range(len(items) - len(wanted) + 1)
    return next((start for start in starts if items[start : start + len(wanted)] == wanted), -1)


def contains(whole: Items, part: Items) -> bool:
    return indexof(whole, part) >= 0


def startswith(whole: Items, part: Items) -> bool:
    return not _never_found(part) and list(whole[: len(part)]) == list(part)


def endswith(whole: Items, part: Items) -> bool:
    return len(part) <= len(whole) and startswith(whole[len(whole) - len(part) :], part)


def substring(items: Items, start: int, length: int | None = None) -> list[Any]:
    first, last = span(len(items), start, length)
    return list(items[first:last])


def hassubset(whole: Items, part: Items) -> bool:
    """Whether every item of `part` is in `whole`, and at least as often (5.1.1.6.1)."""
    if _never_found(part):
        return False
    try:
        return Counter(part) <= Counter(whole)
    except TypeError:  # complex values are mappings, which have no hash
        left = list(whole)
        for item in part:
            if item not in left:
                return False
            left.remove(item)
        return True


def hassubsequence(whole: Items, part: Items) -> bool:
    """Whether the items of `part` are in `whole` in this order, others in between or not (5.1.1.6.2)."""
    rest = iter(whole)
    return not _never_found(part) and all(any(item == found for found in rest) for item in part)
