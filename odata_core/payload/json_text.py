# JSON as text: strict decoding with bounds. msgspec decodes; what it lets pass is checked on the bytes:
# an object that names a member twice (RFC 8259, 4: the outcome would be unpredictable) and deep nesting.
# Numbers keep every digit: whole ones become int, others Decimal.

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from ..errors import BadRequest
from ..limits import Limits

# Possessive, and content with a missing end: the search never goes back, so its time is linear whatever the text.
_STRINGS = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number has an exponent out of range") from None


_DECODER: Final = msgspec.json.Decoder(float_hook=_decimal)
_ENCODER: Final = msgspec.json.Encoder()
_RESTORER: Final = msgspec.json.Encoder(decimal_format="number")


def decode_json(body: bytes, limits: Limits) -> Any:
    """The value of a JSON text; BadRequest for what is not JSON, too deep, or names a member twice."""
    text = body[3:] if body.startswith(_BOM) else body
    # Without its strings, a JSON text shows its structure: brackets are nesting, colons are members.
    structure = _STRINGS.sub(b"", text)
    _check_depth(structure, limits)
    try:
        value = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        reason = (
            str(error) if isinstance(error, msgspec.DecodeError) else "the text is not UTF-8 or a number is too large"
        )
        raise BadRequest(f"The body is not valid JSON: {reason}.") from None
    if structure.count(b":") != _count_members(value):
        raise BadRequest("The body is not valid JSON: an object has two members of the same name.")
    return value


def encode_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _ENCODER.encode(value)


def restore_json(value: Any) -> bytes:
    """What `decode_json` gave, as JSON again: its numbers are still numbers, with every digit."""
    return _RESTORER.encode(value)


def _check_depth(structure: bytes, limits: Limits) -> None:
    depth = 0
    for bracket in _BRACKETS.findall(structure):
        depth += _OPENING[bracket]
        if depth > limits.body_depth:
            raise BadRequest(f"The body is nested too deeply: the limit body_depth is {limits.body_depth}.")


def _count_members(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_members, value.values()))
    return sum(map(_count_members, value)) if isinstance(value, list) else 0
