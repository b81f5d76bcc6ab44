# JSON whose type nobody tells: annotations, and values where there is no model. Numbers with a point become doubles,
# which is what JSON says of them (4.01 JSON Format, 4.5.3); everything else stays as it is.

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..edm import primitives as edm


def plain(value: Any) -> Any:
    """The value without decimals; ValueError for a number that no double can hold."""
    if isinstance(value, Decimal):
        return float(edm.DOUBLE.accept(value))
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
