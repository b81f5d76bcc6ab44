# A second evaluator, written from the text of the standard: it walks the tree for every row, cases in the words of the
# specification, without regard to speed. Related entities are inline. What it has to say is compared with the first.

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from odata_core.edm import Duration, EnumType, PrimitiveType, TimeOfDay, Timestamp
from odata_core.edm import primitives as edm
from odata_core.edm.types import StructuredType
from odata_core.errors import BadRequest
from odata_core.query import tree
from odata_core.query.tree import UNTYPED, Bound

DAY = 864_000_000_000
RANKS = [edm.DOUBLE, edm.SINGLE, edm.DECIMAL, edm.INT64, edm.INT32, edm.INT16]
RANGES = {
    edm.BYTE: (0, 255),
    edm.SBYTE: (-128, 127),
    edm.INT16: (-(2**15), 2**15 - 1),
    edm.INT32: (-(2**31), 2**31 - 1),
    edm.INT64: (-(2**63), 2**63 - 1),
}


def evaluate(bound: Bound, row: Any, kind: Any = None) -> Any:
    """The value of an expression for a row of a declared type."""
    return value(bound, {0: (row, kind), 1: (row, kind)})


Frame = dict[int, tuple[Any, Any]]


def value(bound: Bound, frame: Frame) -> Any:
    match bound:
        case tree.Constant():
            return bound.value
        case tree.ListOf():
            return [value(item, frame) for item in bound.items]
        case tree.RecordOf():
            return {name: value(member, frame) for name, member in bound.members}
        case tree.Path():
            return path(bound, frame)
        case tree.Compare():
            return compare(bound, frame)
        case tree.Logic():
            return logic(bound, frame)
        case tree.Not():
            found = truth(bound.operand, frame)
            return None if found is None else not found
        case tree.In():
            wanted = value(bound.operand, frame)
            # All items are evaluated only where they must be.
            if isinstance(bound.items, tree.ListOf):
                return any(
                    equal(wanted, bound.operand.type, value(item, frame), item.type) for item in bound.items.items
                )
            return any(equal(wanted, bound.operand.type, item, bound.items.type) for item in items(bound.items, frame))
        case tree.Has():
            left, right = value(bound.operand, frame), value(bound.flags, frame)
            if left is None or right is None:
                return None
            one, other = number(bound.operand.type, left), number(bound.flags.type, right)
            return all(one & 1 << bit for bit in range(64) if other & 1 << bit)
        case tree.Quantifier():
            return quantifier(bound, frame)
        case tree.IsOf():
            assert bound.operand is not None
            return is_a(value(bound.operand, frame), bound.operand.type, bound.names)
        case tree.Arithmetic():
            left, right = value(bound.left, frame), value(bound.right, frame)
            if left is None or right is None:
                return None
            if UNTYPED in (bound.left.type, bound.right.type):
                return dynamic_sum(left, right)
            return arithmetic(bound.operator, left, bound.left.type, right, bound.right.type, bound.type)
        case tree.Negate():
            found = value(bound.operand, frame)
            return None if found is None else negative(found, bound.type)
        case tree.Invoke():
            arguments = [value(argument, frame) for argument in bound.arguments]
            if any(argument is None for argument in arguments):
                return None
            if UNTYPED in [argument.type for argument in bound.arguments]:
                return arguments[0].lower() if isinstance(arguments[0], str) else None
            return FUNCTIONS[bound.function](*arguments)
        case tree.Convert():
            assert bound.operand is not None
            found = value(bound.operand, frame)
            return None if found is None else cast(found, bound.operand.type, bound.type)
        case tree.Case():
            for condition, result in bound.branches:
                if truth(condition, frame) is True:
                    return value(result, frame)
            return None
        case tree.Count():
            counted = items(bound.collection, frame)
            if bound.condition is None:
                return len(counted)
            kept = [item for item in counted if truth(bound.condition, at(frame, item, bound.collection.type)) is True]
            return len(kept)
        case tree.Filtered():
            return [
                item
                for item in items(bound.collection, frame)
                if truth(bound.condition, at(frame, item, bound.collection.type)) is True
            ]
        case tree.Aggregated():
            return aggregated(bound, frame)
        case _:
            raise AssertionError(bound)


def at(frame: Frame, item: Any, kind: Any) -> Frame:
    return {**frame, 0: (item, kind)}


def truth(bound: Bound, frame: Frame) -> bool | None:
    found = value(bound, frame)
    return found if isinstance(found, bool) else None


def items(bound: Bound, frame: Frame) -> list[Any]:
    found = value(bound, frame)
    return list(found) if isinstance(found, list | tuple) else []


# Paths


def path(bound: tree.Path, frame: Frame) -> Any:
    if bound.start is None:
        found, kind = frame[0]
    elif isinstance(bound.start, tree.Variable):
        found, kind = frame[bound.start.index][0], bound.start.type
    else:
        assert not isinstance(bound.start, tree.Root), "all data is inline"
        found, kind = value(bound.start, frame), bound.start.type
    many = bound.start is not None and bound.start.is_collection
    for step in bound.steps:
        if found is None:
            pass
        elif not many:
            found = behind(found, kind, step)
        else:
            gathered: list[Any] = []
            for item in found:
                got = None if item is None else behind(item, kind, step)
                if not isinstance(step, tree.Cast) and step.is_collection:
                    gathered += got or []
                elif got is not None or not isinstance(step, tree.Cast | tree.Follow):
                    gathered.append(got)
            found = gathered
        many = many or (not isinstance(step, tree.Cast) and step.is_collection)
        kind = step.type
    return found


def behind(item: Any, kind: Any, step: tree.Step) -> Any:
    if isinstance(step, tree.Cast):
        return item if is_a(item, kind, step.names) else None
    name = step.navigation.name if isinstance(step, tree.Follow) else step.name
    return item.get(name) if isinstance(item, Mapping) else None


def is_a(item: Any, declared: Any, names: frozenset[str]) -> bool:
    """ "orders of a customer that is a VIPCustomer": without a customer it is none"""
    if not isinstance(item, Mapping):
        return False
    name = item.get("@odata.type", getattr(declared, "qualified_name", None))
    return name in names


# Comparisons


def number(kind: Any, name: Any) -> Any:
    if isinstance(kind, EnumType) and isinstance(name, str):
        return sum({kind.members[part] for part in name.split(",")})
    return name


def exact(found: Any) -> Any:
    """A number as a fraction; infinities as themselves."""
    return Fraction(found) if math.isfinite(found) else float(found)


def is_number(found: Any) -> bool:
    return isinstance(found, int | float | Decimal) and not isinstance(found, bool)


def equal(left: Any, kind: Any, right: Any, other: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, list | tuple) or isinstance(right, list | tuple):
        if not isinstance(left, list | tuple) or not isinstance(right, list | tuple) or len(left) != len(right):
            return False
        return all(equal(one, kind, two, other) for one, two in zip(left, right, strict=True))
    if isinstance(left, Mapping) or isinstance(right, Mapping):
        return isinstance(left, Mapping) and isinstance(right, Mapping) and same_structure(left, kind, right, other)
    left, right = number(kind, left), number(other, right)
    if is_number(left) and is_number(right):
        return bool(exact(left) == exact(right))
    return type(left) is type(right) and bool(left == right)


def same_structure(left: Any, kind: Any, right: Any, other: Any) -> bool:
    if kind is not None and getattr(kind, "key", None):  # "both operands represent the same entity"
        return all(left.get(name) == right.get(name) and left.get(name) is not None for name in kind.key)
    names = [getattr(declared, "qualified_name", None) for declared in (kind, other)]
    if left.get("@odata.type", names[0]) != right.get("@odata.type", names[1]):
        return False
    members = kind.properties if isinstance(kind, StructuredType) else {}
    return all(
        equal(left.get(name), type_in(members, name), right.get(name), type_in(members, name))
        for name in {*left, *right}
        if "@" not in name
    )


def type_in(members: Any, name: str) -> Any:
    return members[name].type if name in members else None


def compare(bound: tree.Compare, frame: Frame) -> bool:
    left, right = value(bound.left, frame), value(bound.right, frame)
    kinds = bound.left.type, bound.right.type
    if bound.operator in ("eq", "ne"):
        return equal(left, kinds[0], right, kinds[1]) is (bound.operator == "eq")
    left, right = number(kinds[0], left), number(kinds[1], right)
    if left is None or right is None or isinstance(left, Mapping | list) or isinstance(right, Mapping | list):
        return False
    if is_number(left) and is_number(right):
        if math.isnan(left) or math.isnan(right):
            return False
        left, right = exact(left), exact(right)
    elif type(left) is not type(right):
        return False
    return bool({"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}[bound.operator])


def logic(bound: tree.Logic, frame: Frame) -> bool | None:
    decisive = bound.operator == "or"
    unknown = False
    for operand in bound.operands:
        found = truth(operand, frame)
        if found is decisive:
            return decisive
        unknown = unknown or found is None
    return None if unknown else not decisive


def quantifier(bound: tree.Quantifier, frame: Frame) -> bool:
    found = items(bound.collection, frame)
    if bound.condition is None or bound.variable is None:
        return found != []
    for item in found:
        inner = {**frame, bound.variable.index: (item, bound.variable.type)}
        holds = truth(bound.condition, inner) is True
        if holds is (bound.name == "any"):
            return holds
    return bound.name == "all"


def aggregated(bound: tree.Aggregated, frame: Frame) -> Any:
    reached: list[Any] = []
    key = getattr(bound.collection.type, "key", None)
    for item in items(bound.collection, frame):
        if not key or not any(all(item[name] == other[name] for name in key) for other in reached):
            reached.append(item)
    assert bound.expression is not None
    found = [value(bound.expression, at(frame, item, bound.collection.type)) for item in reached]
    found = [item for item in found if item is not None]
    if bound.method == "countdistinct":
        distinct: list[Any] = []
        for item in found:
            if not any(equal(item, bound.expression.type, other, bound.expression.type) for other in distinct):
                distinct.append(item)
        return len(distinct)
    if not found:
        return None
    if bound.method == "sum":
        return as_decimal(sum(map(Fraction, found), Fraction(0)))
    not_numbers = [item for item in found if item != item]
    found = [item for item in found if item == item]
    if not_numbers and (bound.method == "min" or not found):
        return not_numbers[0]
    return min(found) if bound.method == "min" else max(found)


# Arithmetic


def as_decimal(number: Fraction) -> Decimal:
    """Exactly; denominators are powers of ten here."""
    places = 0
    while number.denominator != 1:
        number, places = number * 10, places + 1
    digits = tuple(map(int, str(abs(number.numerator))))
    return Decimal((int(number < 0), digits, -places))


def single(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def arithmetic(name: str, left: Any, one: Any, right: Any, other: Any, result: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        moved = with_times(name, left, right)
        if result is edm.TIME and not 0 <= moved.ticks < DAY:
            raise BadRequest("no time of day")
        return moved
    kind = next((kind for kind in RANKS if kind in (one, other)), edm.INT16)
    if kind in (edm.DOUBLE, edm.SINGLE):
        to = single if kind is edm.SINGLE else float
        return to(floats(name, to(float(left)), to(float(right))))
    if name in ("div", "mod") and right == 0:
        raise BadRequest("zero")
    a, b = Fraction(left), Fraction(right)
    computed = {"add": lambda: a + b, "sub": lambda: a - b, "mul": lambda: a * b}
    if name in computed:
        exactly = computed[name]()
    else:
        times = math.trunc(a / b)
        exactly = Fraction(times) if name == "div" else a - b * times
    if kind is edm.DECIMAL:
        if abs(exactly) >= 10**1001:
            raise BadRequest("too large")
        return as_decimal(exactly)
    low, high = RANGES[kind]
    if not low <= exactly <= high:
        raise BadRequest("range")
    return int(exactly)


def floats(name: str, left: float, right: float) -> float:
    if name == "mod":
        if right == 0:
            raise BadRequest("zero")
        return math.nan if math.isinf(left) else math.fmod(left, right)
    if name in ("div", "divby"):
        if right == 0:
            return math.nan if left == 0 or left != left else math.copysign(math.inf, left) * math.copysign(1, right)
        return left / right
    return {"add": left + right, "sub": left - right, "mul": left * right}[name]


def with_times(name: str, left: Any, right: Any) -> Any:
    try:
        if isinstance(left, Timestamp) and isinstance(right, Timestamp):
            return Duration(left.instant - right.instant)
        if isinstance(left, date) and isinstance(right, date):
            return Duration((left - right).days * DAY)
        if isinstance(right, Duration) and isinstance(left, date | Timestamp | Duration):
            span = right.ticks if name == "add" else -right.ticks
            if isinstance(left, date):  # "today minus a positive duration smaller than one day is yesterday"
                return left + timedelta(days=span // DAY)
            return Timestamp(left.ticks + span, left.offset) if isinstance(left, Timestamp) else spanned(left, span)
        whole, factor = (left, right) if isinstance(left, Duration) else (right, left)
        if not math.isfinite(factor) or (name != "mul" and factor == 0):
            raise ValueError
        exactly = whole.ticks * Fraction(factor) if name == "mul" else whole.ticks / Fraction(factor)
        return Duration(away_from_zero(exactly))
    except (ValueError, OverflowError):
        raise BadRequest("no such time") from None


def spanned(left: Duration, span: int) -> Duration:
    return Duration(left.ticks + span)


def away_from_zero(number: Fraction) -> int:
    whole = math.floor(abs(number) + Fraction(1, 2))
    return whole if number > 0 else -whole


def negative(found: Any, kind: Any) -> Any:
    if isinstance(found, Duration):
        return Duration(-found.ticks)
    if kind in RANGES and not RANGES[kind][0] <= -found <= RANGES[kind][1]:
        raise BadRequest("range")
    return found.copy_negate() if isinstance(found, Decimal) else -found


def dynamic_sum(left: Any, right: Any) -> Any:
    kinds = {bool: None, int: edm.INT64, float: edm.DOUBLE, Decimal: edm.DECIMAL, date: edm.DATE}
    one, other = kinds.get(type(left)), kinds.get(type(right))
    if one in (None, edm.DATE) or other in (None, edm.DATE):
        return None
    return arithmetic("add", left, one, right, other, None)


# Functions


def substring(whole: Any, start: int, length: int | None = None) -> Any:
    if length is not None and length < 0:
        raise BadRequest("A negative length M is a bad request.")
    start = start if start >= 0 else max(0, len(whole) + start)
    rest = whole[start:]
    return rest if length is None else rest[:length]


def same_items(left: Any, right: Any) -> bool:
    return equal(list(left), None, list(right), None)


def places(whole: Any, part: Any) -> list[int]:
    return [i for i in range(len(whole) - len(part) + 1) if same_items(whole[i : i + len(part)], part)]


def remove_all(whole: Any, part: Any) -> bool:
    left = list(whole)
    for item in part:
        index = next((i for i, other in enumerate(left) if equal(item, None, other, None)), None)
        if index is None:
            return False
        del left[index]
    return True


def in_turn(whole: Any, part: Any) -> bool:
    if not part:
        return True
    for index, item in enumerate(whole):
        if equal(item, None, part[0], None):
            return in_turn(whole[index + 1 :], part[1:])
    return False


def rounded(found: Any, whole: Any) -> Any:
    if isinstance(found, float):
        return math.copysign(float(whole(Fraction(found))), found) if math.isfinite(found) else found
    if isinstance(found, Decimal):
        return Decimal(whole(Fraction(found)))
    return float(found)


def clock(moment: Any) -> int:
    return int(moment.ticks % DAY)


def day_of(moment: Any) -> date:
    return moment if isinstance(moment, date) else date(1, 1, 1) + timedelta(days=moment.ticks // DAY)


FUNCTIONS: dict[str, Any] = {
    "concat": lambda a, b: a + b if isinstance(a, str) else [*a, *b],
    "contains": lambda a, b: places(a, b) != [],
    "endswith": lambda a, b: len(a) - len(b) in places(a, b),
    "startswith": lambda a, b: 0 in places(a, b),
    "indexof": lambda a, b: (places(a, b) or [-1])[0],
    "length": len,
    "substring": substring,
    "hassubset": remove_all,
    "hassubsequence": in_turn,
    "replace": lambda text, old, new: new.join(text.split(old)) if old else text,
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": lambda text: text.strip(" "),
    "date": day_of,
    "time": lambda moment: TimeOfDay(clock(moment)),
    "year": lambda moment: day_of(moment).year,
    "month": lambda moment: day_of(moment).month,
    "day": lambda moment: day_of(moment).day,
    "hour": lambda moment: clock(moment) // 36_000_000_000,
    "minute": lambda moment: clock(moment) // 600_000_000 % 60,
    "second": lambda moment: clock(moment) // 10_000_000 % 60,
    "fractionalseconds": lambda moment: Decimal(clock(moment) % 10_000_000) / 10_000_000,
    "totaloffsetminutes": lambda moment: moment.offset,
    "totalseconds": lambda span: as_decimal(Fraction(span.ticks, 10_000_000)),
    "mindatetime": lambda: Timestamp.parse("0001-01-01T00:00:00Z"),
    "maxdatetime": lambda: Timestamp.parse("9999-12-31T23:59:59.9999999Z"),
    "round": lambda found: rounded(found, away_from_zero),
    "floor": lambda found: rounded(found, math.floor),
    "ceiling": lambda found: rounded(found, math.ceil),
}


# Casts


def cast(found: Any, source: Any, target: Any) -> Any:
    if source is target:
        return found
    if is_number(found) and target in [*RANGES, edm.DECIMAL, edm.DOUBLE, edm.SINGLE]:
        return cast_number(found, target)
    if target is edm.STRING:
        return text_of(found, source)
    if isinstance(found, str):
        return from_text(found, target)
    if source is edm.DATETIME_OFFSET and target is edm.DATE:
        return day_of(found)
    return None


def cast_number(found: Any, target: PrimitiveType) -> Any:
    if target in RANGES:
        if not math.isfinite(found):
            return None
        whole = away_from_zero(Fraction(found))
        return whole if RANGES[target][0] <= whole <= RANGES[target][1] else None
    if target is edm.DECIMAL:
        return Decimal(str(found)) if math.isfinite(found) else None
    converted = float(found)
    if target is edm.SINGLE and math.isfinite(converted):
        converted = single(converted)
    return None if math.isinf(converted) and not math.isinf(found) else converted


def text_of(found: Any, source: Any) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float) and not math.isfinite(found):
        return "NaN" if found != found else "INF" if found > 0 else "-INF"
    if isinstance(found, Decimal):
        return f"{found:f}"
    return str(found)


def from_text(text: str, target: PrimitiveType) -> Any:
    """Of the texts in these trials only numbers, truth values and what casts have printed."""
    if target is edm.BOOLEAN:
        return {"true": True, "false": False}.get(text.lower())
    if target in (edm.DATE, edm.DATETIME_OFFSET):
        try:
            moment = Timestamp.parse(text + "T00:00:00" if target is edm.DATE else text.upper())
        except ValueError:
            return None
        if target is edm.DATE:
            return day_of(moment) if text == day_of(moment).isoformat() else None
        return Timestamp(moment.ticks, 0 if moment.offset is None else moment.offset)
    if target in (edm.DOUBLE, edm.SINGLE) and text in ("INF", "-INF", "NaN"):
        return float(text.replace("INF", "inf"))
    digits = text.removeprefix("-").replace(".", "", 1).replace("e+", "", 1).replace("e-", "", 1)
    if not digits.isascii() or not digits.isdigit() or text[-1] == ".":
        return None
    if target in RANGES:
        return cast_number(int(text), target) if text.removeprefix("-").isdigit() else None
    return cast_number(Decimal(text), target)
