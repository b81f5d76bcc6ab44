# Elements from CSDL JSON.

from __future__ import annotations

from ..edm import ModelError
from .markup import Element


def read_json(document: bytes | str, name: str = "") -> Element:
    raise ModelError("CSDL JSON cannot be read yet.")
