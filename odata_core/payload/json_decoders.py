# Plain bodies -> rows, fast.
from __future__ import annotations

from typing import Any

from ..edm import StructuredType
from .codec import Feed, Reading
from .json_forms import JsonForm


def fast_entity(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> dict[str, Any] | None:
    return None


def fast_feed(body: bytes, kind: StructuredType, form: JsonForm, reading: Reading) -> Feed | None:
    return None
