# Values as bare text, without quotation marks or prefixes: what a JSON string or a key segment of v4 holds, by type.

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from ..edm import Duration, TimeOfDay
from .literals import SEGMENT_READERS
from .literals_v4 import read_base64url

VALUE_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **SEGMENT_READERS,
    "Edm.Binary": read_base64url,
    "Edm.Date": date.fromisoformat,
    "Edm.Duration": Duration.parse,
    "Edm.TimeOfDay": TimeOfDay.parse,
}
"""The reader of each primitive type, by its name; ValueError or KeyError for text that is none."""
