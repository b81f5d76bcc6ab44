# Skip tokens: where the next page begins, told by the sort values and the key of the last row of this one (4.01 Part 1,
# 11.2.6.7). A token is text that means nothing to a client; read back, it is a condition on rows like any other, so a
# backend can push it down.
# Order and equality are those of sorting: null comes first when ascending, and NaN before all other numbers.

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..backend import Row
from ..edm import EnumType, PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest
from ..query.conditions import both
from ..query.evaluate import Relations, compile_value
from ..query.tree import UNTYPED, Bound, Compare, Constant, Logic, OrderBy
from ..uri.grammars import V3_GRAMMAR, V4_GRAMMAR
from ..uri.values import VALUE_READERS

_PRINTERS: Final = {**V3_GRAMMAR.printers, **V4_GRAMMAR.printers}
_LOWEST: Final = float("-inf")
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(list[str | None])


def token_of(row: Row, order: Sequence[OrderBy], kind: Any, relations: Relations) -> str:
    """The token of the page behind this row."""
    texts = [
        _text(compile_value(item.expression, relations=relations, kind=kind)(row), item.expression.type)
        for item in order
    ]
    return base64.urlsafe_b64encode(_ENCODER.encode(texts)).decode("ascii").rstrip("=")


def _text(value: Any, kind: Any) -> str | None:
    if value is None:
        return None
    if isinstance(kind, PrimitiveType) and kind in (edm.STRING, UNTYPED):
        return str(value)
    if isinstance(kind, PrimitiveType):
        return _PRINTERS[kind.name](value)
    return str(value)


def after(token: str, order: Sequence[OrderBy], *, text: str = "$skiptoken") -> Bound | None:
    """The condition that rows come behind the one that a token was made of. BadRequest for what is no token of ours."""
    values = _values(token, order, text)
    found: Bound | None = None
    for item, value in reversed(list(zip(order, values, strict=True))):
        behind, equal = _behind(item, value), _equal(item.expression, value)
        tied = None if found is None else both(equal, found)
        parts = tuple([part for part in (behind, tied) if part is not None])
        found = _NEVER if not parts else parts[0] if len(parts) == 1 else Logic("or", parts)
    return found


_NEVER: Final = Constant(False, edm.BOOLEAN)


def _behind(item: OrderBy, value: Any) -> Bound | None:
    """Rows whose value sorts behind this one; None where there can be none."""
    expression, kind = item.expression, item.expression.type
    is_null, is_some = (Compare(operator, expression, Constant(None, None)) for operator in ("eq", "ne"))
    if value is None:
        return None if item.descending else is_some
    if value != value:
        return is_null if item.descending else Compare("ge", expression, Constant(_LOWEST, kind))
    if not item.descending:
        return Compare("gt", expression, Constant(value, kind))
    lower: list[Bound] = [Compare("lt", expression, Constant(value, kind)), is_null]
    if kind in (edm.DOUBLE, edm.SINGLE):
        lower.append(Compare("ne", expression, expression))
    return Logic("or", tuple(lower))


def _equal(expression: Bound, value: Any) -> Bound:
    if value is not None and value != value:
        return Compare("ne", expression, expression)
    return Compare("eq", expression, Constant(value, None if value is None else expression.type))


def _values(token: str, order: Sequence[OrderBy], text: str) -> list[Any]:
    try:
        texts = _DECODER.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if len(texts) != len(order):
            raise ValueError("another order")
        return [_value(given, item.expression.type) for given, item in zip(texts, order, strict=True)]
    except (ValueError, ArithmeticError, KeyError, TypeError, binascii.Error, msgspec.MsgspecError):
        raise BadRequest(
            "The value of $skiptoken is none that this service made for this request: follow the links between pages.",
            target=text,
        ) from None


def _value(text: str | None, kind: Any) -> Any:
    if text is None:
        return None
    if isinstance(kind, EnumType) or kind in (edm.STRING, UNTYPED):
        return text
    if isinstance(kind, PrimitiveType):
        return VALUE_READERS[kind.name](_bare(text))
    raise ValueError("a value that cannot be sorted by")


def _bare(text: str) -> str:
    """A literal without its prefix and quotation marks, as values are written."""
    return text[text.index("'") + 1 : -1] if text.endswith("'") else text
