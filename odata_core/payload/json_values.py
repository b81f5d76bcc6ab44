# Values of properties -> what the JSON encoder takes, by the model's types or, for dynamic ones, by Python's.
# Strategy: a mend is what turns a value that is not null into JSON, chosen once for a type; None where the encoder
# takes the value as it is. A type is told beside a dynamic value where JSON does not tell it (4.01 JSON Format, 4.5.3).

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ..edm import ABSTRACT_TYPES, EnumType, PrimitiveType, Property, ReturnType
from ..query.conversions import type_of_value
from .json_forms import JsonForm, built_in, item_name

Mend = Callable[[Any], Any]
MendRow = Callable[[Any, str], Any]  # takes the service root, too


def primitive_mend(kind: PrimitiveType | EnumType, form: JsonForm) -> Mend | None:
    """What turns a value of a primitive or enumeration type into JSON."""
    if isinstance(kind, EnumType):
        return None
    if kind.name in ABSTRACT_TYPES:
        return lambda value: dynamic_value(value, None, form)
    return form.codecs[kind].write


def many(mend: Mend | None) -> Mend | None:
    """The same for a list of values, among which there may be nulls."""
    if mend is None:
        return None
    return lambda values: [None if value is None else mend(value) for value in values]


def needs_type(prop: Property | ReturnType, form: JsonForm) -> bool:
    """Whether full metadata tells the type of a declared property: JSON does not."""
    kind = prop.type
    if prop.is_collection or isinstance(kind, EnumType):
        return True
    return isinstance(kind, PrimitiveType) and kind in form.codecs and not form.codecs[kind].is_inferred


def told_type(value: Any, form: JsonForm) -> str | None:
    """The type that is told beside a dynamic value; None where JSON tells it, or nobody can."""
    if isinstance(value, list | tuple):
        names = {_name(item) for item in value if item is not None}
        return f"Collection({names.pop()})" if len(names) == 1 and None not in names else None
    if is_native(value) and (not isinstance(value, int) or isinstance(value, bool) or value in form.native_int):
        return None
    return _name(value)


def is_native(value: Any) -> bool:
    """Whether JSON has such values."""
    return isinstance(value, bool | str | int) or (isinstance(value, float) and math.isfinite(value))


def _name(value: Any) -> str | None:
    kind = type_of_value(value)
    return None if kind is None else kind.name


def dynamic_value(value: Any, name: str | None, form: JsonForm) -> Any:
    """The JSON of a value of a primitive type that a row names, or that its Python type tells; lists alike."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        inner = None if name is None else item_name(name)
        return [dynamic_value(item, inner, form) for item in value]
    if isinstance(value, Mapping):
        return {key: dynamic_value(item, None, form) for key, item in value.items()}
    kind = built_in(name) if name is not None else _kind(value, form)
    codec = None if kind is None else form.codecs.get(kind)
    return value if codec is None or codec.write is None else codec.write(value)


def _kind(value: Any, form: JsonForm) -> PrimitiveType | None:
    if isinstance(value, int) and (isinstance(value, bool) or value in form.native_int):
        return None
    return type_of_value(Decimal(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value)
