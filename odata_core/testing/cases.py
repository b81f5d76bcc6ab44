# The questions that every backend is asked about the reference rows: a table, so that coverage can be counted.
# Strategy: the answers are not written down; the reference evaluator gives them.

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..backend import Query
from ..edm import PrimitiveType, Timestamp
from ..edm import primitives as edm
from ..query.functions import TEXT_FUNCTIONS
from ..query.tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path, ValueType
from ..records import record
from .reference import MODEL


@record
class ReadCase:
    """One question to one entity set."""

    name: str
    query: Query


def _path(set_name: str, path: str) -> Path:
    properties = MODEL.entity_set(set_name).type.properties
    found = []
    for name in path.split("/"):
        found.append(properties[name])
        properties = getattr(found[-1].type, "properties", {})
    return Path(tuple(found))


def _constant(value: Any, kind: ValueType | None) -> Constant:
    return Constant(value, None if value is None else kind)


def _compare(set_name: str, operator: str, path: str, value: Any) -> Compare:
    left = _path(set_name, path)
    return Compare(operator, left, _constant(value, left.type))


def _call(name: str, *arguments: Bound) -> Invoke:
    return Invoke(name, arguments, TEXT_FUNCTIONS[name].result)


def _text(value: str | None) -> Constant:
    return _constant(value, edm.STRING)


def _number(value: int) -> Constant:
    return Constant(value, edm.INT32)


_NAME: Final = _path("Products", "Name")
_TRUE: Final = Compare("ge", _path("Products", "Discontinued"), Constant(False, edm.BOOLEAN))
_FALSE: Final = Not(_TRUE)
_UNKNOWN: Final = _call("contains", _NAME, Constant(None, None))

_COMPARED: Final[tuple[tuple[str, str, tuple[Any, ...]], ...]] = (
    ("Products", "ID", (2, 0, None)),
    ("Products", "Name", ("Milk", "", "\uffff", "a\x00b", None)),
    ("Products", "Price", (Decimal("1.2"), Decimal("-99999999.99"), None)),
    ("Products", "Weight", (1.5, 0.0, float("nan"), float("inf"), None)),
    ("Products", "Stock", (5, None)),
    ("Products", "Discontinued", (True, False, None)),
    ("Products", "Color", ("Blue", None)),
    ("Products", "Maker/City", ("Bern", None)),
    ("Products", "Maker/Zip", (1, None)),
    ("Lines", "Text", ("b", "it's")),
    ("Lines", "Amount", (2**53 + 1, 2**63 - 1)),
    ("Everything", "Guid", (UUID(int=2**128 - 1), UUID(int=1))),
    ("Everything", "DateTimeOffset", (Timestamp.parse("2013-08-19T17:02:36.8185926-05:00"),)),
    ("Everything", "Rights", ("Read,Delete", "Delete,Read")),
)

_CONDITIONS: Final[Mapping[str, Bound]] = {
    **{
        f"{path} {operator} {value}": _compare(set_name, operator, path, value)
        for set_name, path, values in _COMPARED
        if set_name == "Products"
        for value in values
        for operator in ("eq", "ne", "lt", "le", "gt", "ge")
    },
    **{
        f"{first_name} {operator} {second_name}": Logic(operator, (first, second))
        for operator in ("and", "or")
        for first_name, first in (("true", _TRUE), ("false", _FALSE), ("null", _UNKNOWN))
        for second_name, second in (("true", _TRUE), ("false", _FALSE), ("null", _UNKNOWN))
    },
    "not true": Not(_TRUE),
    "not false": Not(_FALSE),
    "not null": Not(_UNKNOWN),
    "not (null or false)": Not(Logic("or", (_UNKNOWN, _FALSE))),
    "not (Price lt 2)": Not(_compare("Products", "lt", "Price", Decimal(2))),
    "not (Name lt 'M')": Not(_compare("Products", "lt", "Name", "M")),
    "not (Maker/Zip ge 2)": Not(_compare("Products", "ge", "Maker/Zip", 2)),
    "Price eq Price": Compare("eq", _path("Products", "Price"), _path("Products", "Price")),
    "Stock lt ID": Compare("lt", _path("Products", "Stock"), _path("Products", "ID")),
    "5 eq Stock": Compare("eq", _number(5), _path("Products", "Stock")),
    "a boolean property": _path("Products", "Discontinued"),
    "three conditions": Logic(
        "and",
        (
            _compare("Products", "ne", "Name", None),
            Logic("or", (_compare("Products", "eq", "Stock", 5), _path("Products", "Discontinued"))),
            Not(_compare("Products", "eq", "ID", 7)),
        ),
    ),
    "the key": _compare("Products", "eq", "ID", 7),
    "the key and more": Logic("and", (_compare("Products", "eq", "ID", 7), _compare("Products", "eq", "Stock", 1))),
    "the key twice": Logic("and", (_compare("Products", "eq", "ID", 7), _compare("Products", "eq", "ID", 2))),
    "two keys": Logic("or", (_compare("Products", "eq", "ID", 7), _compare("Products", "eq", "ID", 2))),
}

_CALLS: Final[Mapping[str, Bound]] = {
    **{
        f"{name}(Name,'{part}')": _call(name, _NAME, _text(part))
        for name in ("contains", "startswith", "endswith")
        for part in ("", "M", "m", "%", "_", "'", "\x00", "😀", "\u2003", "b")
    },
    "contains(null,'')": _call("contains", Constant(None, None), _text("")),
    "not contains": Not(_call("contains", _NAME, _text("i"))),
    "contains eq null": Compare("eq", _call("contains", _NAME, _text("i")), Constant(None, None)),
    "length": Compare("eq", _call("length", _NAME), _number(4)),
    "length of what a zero splits": Compare("eq", _call("length", _NAME), _number(3)),
    "indexof": Compare("ge", _call("indexof", _NAME, _text("l")), _number(2)),
    "indexof of nothing": Compare("eq", _call("indexof", _NAME, _text("")), _number(0)),
    "indexof beyond the plane": Compare("eq", _call("indexof", _NAME, _text("a_")), _number(2)),
    "indexof without find": Compare("eq", _call("indexof", _NAME, _text("?")), _number(-1)),
    "substring": Compare("eq", _call("substring", _NAME, _number(1)), _text("ilk")),
    "substring with length": Compare("eq", _call("substring", _NAME, _number(1), _number(2)), _text("il")),
    "substring beyond the end": Compare("eq", _call("substring", _NAME, _number(99)), _text("")),
    "substring from the end": Compare("eq", _call("substring", _NAME, _number(-2)), _text("lk")),
    "tolower": Compare("eq", _call("tolower", _NAME), _text(" müller\u2003")),
    "toupper": Compare("eq", _call("toupper", _NAME), _text(" MÜLLER\u2003")),
    "trim": Compare("eq", _call("trim", _NAME), _text("Müller")),
    "concat": Compare("eq", _call("concat", _NAME, _text("!")), _text("Milk!")),
    "concat with null": Compare("eq", _call("concat", _NAME, Constant(None, None)), Constant(None, None)),
}


def _order(set_name: str, *keys: str) -> tuple[OrderBy, ...]:
    return tuple(OrderBy(_path(set_name, key.removeprefix("-")), key.startswith("-")) for key in keys)


_ORDERS: Final[tuple[tuple[str, ...], ...]] = (
    *[("Products", f"{sign}{name}") for name in ("ID", "Name", "Price", "Weight", "Stock", "Discontinued", "Color")
      for sign in ("", "-")],
    ("Products", "Stock", "-Name"),
    ("Products", "-Discontinued", "Stock", "-Price"),
    ("Products", "Maker/City"),
    ("Products", "-Maker/Zip"),
    ("Lines", "-Text"),
    ("Lines", "Amount"),
    *[("Everything", f"{sign}{prop.name}") for prop in MODEL.entity_set("Everything").type.properties.values()
      if not prop.is_collection and isinstance(prop.type, PrimitiveType) and prop.type is not edm.BINARY
      for sign in ("", "-")],
)  # fmt: skip

_PAGES: Final = ((0, None), (0, 0), (0, 3), (2, None), (2, 3), (8, 5), (99, 1))


def _read_cases() -> list[ReadCase]:
    sets = MODEL.entity_sets
    products = sets["Products"]
    some = _compare("Products", "ge", "Stock", 0)
    cases = [ReadCase(f"all {name}", Query(entity_set)) for name, entity_set in sets.items()]
    cases += [ReadCase(name, Query(products, filter=bound)) for name, bound in {**_CONDITIONS, **_CALLS}.items()]
    cases += [
        ReadCase(
            f"{set_name}: {path} {operator} {value}", Query(sets[set_name], _compare(set_name, operator, path, value))
        )
        for set_name, path, values in _COMPARED
        if set_name != "Products"
        for value in values
        for operator in ("eq", "ne", "lt", "le", "gt", "ge")
    ]
    cases += [
        ReadCase(f"{set_name} by {', '.join(keys)}", Query(sets[set_name], order=_order(set_name, *keys)))
        for set_name, *keys in _ORDERS
    ]
    cases += [
        ReadCase(
            f"skip {skip} top {top}{' with count' if count else ''}{' ordered' if keys else ''}",
            Query(products, filter=some, order=_order("Products", *keys), skip=skip, top=top, count=count),
        )
        for skip, top in _PAGES
        for count in (False, True)
        for keys in ((), ("-Stock",))
    ]
    by_call = (OrderBy(_call("length", _NAME), True),)
    cases.append(ReadCase("ordered by a function", Query(products, order=by_call, top=4, count=True)))
    called = _call("endswith", _NAME, _text("k"))
    cases.append(ReadCase("a page of a function's finds", Query(products, filter=called, skip=1, top=1, count=True)))
    return cases


READ_CASES: Final = tuple(_read_cases())
