# Literals of known shapes: what reads another literal in the place of one that was bound.
# Strategy: what stood there tells the row of the grammar, the type and what fitting did to it; a reader does just that
# to another text, and refuses (ValueError) whatever would have been of another row or have taken another type.

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from ..edm import PrimitiveType
from ..edm import primitives as edm
from ..errors import ODataError
from ..uri.grammars import Grammar
from ..uri.lexer import read_literal
from ..uri.literals_v4 import Unreadable
from .fitting import fit, is_number, settled
from .tree import Constant, ValueType

Reader = Callable[[str], Any]
"""The value of a literal in a certain place; ValueError where it is not of the kind and type that stood there."""


def reader_for(prefix: str, literal: str, grammar: Grammar, constants: Sequence[Constant]) -> Reader | None:
    """What reads another literal in the place of this one, which became these constants; None where nothing can."""
    wanted = {constant.type for constant in constants}
    row = _row(grammar, prefix + literal)
    if len(wanted) != 1 or None in wanted or row is None:
        return None
    try:
        value, kind = read_literal(prefix + literal, grammar.literals[row])
        if kind is edm.DOUBLE:
            kind.accept(value)  # 1e400 of v3 is none, and took another type
        reader = _reader(grammar, prefix, row, kind, constants[0].type)  # type: ignore[arg-type]  # None is not wanted
        value = reader(literal)
    except (ValueError, ArithmeticError, ODataError):
        return None
    return reader if all(_same(value, constant.value) for constant in constants) else None


def _row(grammar: Grammar, literal: str) -> int | None:
    """The row of the grammar that the lexer takes a text for; None for what is no literal."""
    found = grammar.literal.fullmatch(literal)
    return None if found is None or found.lastindex is None else found.lastindex - 1


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or one != one)


def _reader(grammar: Grammar, prefix: str, row: int, kind: PrimitiveType, wanted: ValueType) -> Reader:
    """Reads what follows the prefix of a literal of a row, which was of `kind` and took the type `wanted`."""
    if kind is wanted is edm.STRING:
        return _read_text
    form, convert = grammar.literals[row], _conversion(kind, wanted)
    matches = re.compile(form.pattern).fullmatch
    is_several = form.type.numeric_rank > 0  # a number may be of several rows, of which the first one counts
    if kind is wanted and not is_several and form.type_of is None:
        return _form_reader(prefix, matches, form.read)

    def read(text: str) -> Any:
        text = prefix + text
        if not matches(text) or (is_several and _row(grammar, text) != row):
            raise ValueError("another kind of literal")
        value, found = read_literal(text, form)
        if found is not kind or isinstance(value, Unreadable):
            raise ValueError("another kind of literal")
        return value if convert is None else convert(value)

    if form.type is kind is edm.INT32:
        return _digits_reader(Decimal if wanted is edm.DECIMAL else convert, read)
    if kind is edm.DECIMAL and wanted in (edm.DECIMAL, edm.DOUBLE) and row == _row(grammar, "0.5"):
        return _fraction_reader(Decimal if wanted is edm.DECIMAL else float, read)
    return read


def _form_reader(prefix: str, matches: Callable[[str], Any], read: Reader) -> Reader:
    """Reads literals whose spelling alone decides on their type, which is the one that they take."""

    def read_form(text: str) -> Any:
        value = read(text) if matches(text) else None
        if value is None or value.__class__ is Unreadable:
            raise ValueError("another kind of literal")
        return value

    return (lambda text: read_form(prefix + text)) if prefix else read_form


def _read_text(text: str) -> str:
    """A string. What has no quotation marks is none."""
    if text[0] != "'":
        raise ValueError("another kind of literal")
    return text[1:-1].replace("''", "'")


MAX_DIGITS: Final = 9  # which every number of 32 bits can have


def _digits_reader(convert: Callable[[Any], Any] | None, read: Reader) -> Reader:
    """Reads the most frequent numbers by itself: a few digits, no sign. `read` reads the others."""

    def read_digits(text: str) -> Any:
        if len(text) > MAX_DIGITS or not text.isdigit() or not text.isascii():
            return read(text)
        return int(text) if convert is None else convert(int(text))

    return read_digits


MAX_PLAIN: Final = 100  # digits that every type of numbers can have


def _fraction_reader(convert: Callable[[str], Any], read: Reader) -> Reader:
    """Reads the most frequent fractions by itself: digits around a point, no sign. `read` reads the others."""

    def read_fraction(text: str) -> Any:
        whole, _, digits = text.partition(".")
        is_plain = whole.isdigit() and digits.isdigit() and len(text) <= MAX_PLAIN and text.isascii()
        return convert(text) if is_plain else read(text)

    return read_fraction


def _conversion(kind: PrimitiveType, wanted: ValueType) -> Callable[[Any], Any] | None:
    """What fitting does to a value; None where it does nothing."""
    if kind is wanted and kind is not edm.DOUBLE:
        return None
    if is_number(kind) and is_number(wanted) and kind is not edm.DOUBLE:
        return wanted.accept

    def convert(value: Any) -> Any:
        fitted = settled(fit(Constant(value, kind), wanted) or Constant(value, kind))
        if not isinstance(fitted, Constant) or fitted.type is not wanted:
            raise ValueError("a literal that takes another type")
        return fitted.value

    return convert
