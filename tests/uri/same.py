# Whether two trees say the same. Trees compare by `==`, but for NaN, which differs from itself, and for positions and
# texts, which do not count.

from __future__ import annotations

import dataclasses
from typing import Any

from odata_core.edm import Timestamp
from odata_core.uri.syntax import Tree
from odata_core.uri.urls import Url


def same(left: Any, right: Any) -> bool:
    """As `==` of trees, with NaN equal to itself and points in time equal to the letter."""
    if type(left) is not type(right):
        return False
    match left:
        case float():
            return bool(left == right or (left != left and right != right))
        case Timestamp(ticks, offset):
            return (ticks, offset) == (right.ticks, right.offset)
        case tuple() | list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict():
            return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, Tree):
        compared = [name for name in left.__struct_fields__ if name not in left.uncompared]
    elif isinstance(left, Url):
        compared = [field.name for field in dataclasses.fields(left)]
    else:
        return bool(left == right)
    return all(same(getattr(left, name), getattr(right, name)) for name in compared)
