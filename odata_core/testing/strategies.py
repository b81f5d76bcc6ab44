# Hypothesis strategies for models, their values, and questions about them.
# Strategy: one row a primitive type, as in `edm.primitives`; facets narrow a row, they never filter what it draws.
# Text is all of Unicode with a leaning towards what breaks URLs, quoting and markup; times are exact to the tick.
# Edm.Stream and the geographic types have no values here.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..backend import Query, Row
from ..edm import (
    ComplexType,
    Duration,
    EntitySet,
    EntityType,
    EnumType,
    Model,
    ModelBuilder,
    PrimitiveType,
    Property,
    PropertySpec,
    StructuredType,
    TimeOfDay,
    Timestamp,
    prop,
)
from ..edm.primitives import BINARY, BOOLEAN, DOUBLE, SINGLE, STRING
from ..edm.temporal import MAX_DURATION_TICKS, MAX_OFFSET_MINUTES, MAX_TICKS, TICKS_PER_DAY
from ..query.evaluate import compile_value
from ..query.functions import TEXT_FUNCTIONS
from ..query.tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path

Facets = Mapping[str, Any]

_MAX_SIZE: Final = 20
_FLOATS: Final = frozenset({SINGLE, DOUBLE})
_TICK_DIGITS: Final = 7
_AWKWARD: Final = "'\"/\\+%&?#$@*=,;:()<>[]{} \t\n\x00äß€😀\u0301\u200b\ufeff"


def _size(facets: Facets) -> int:
    limit = facets.get("MaxLength")
    return min(limit, _MAX_SIZE) if isinstance(limit, int) else _MAX_SIZE


def _strings(facets: Facets) -> SearchStrategy[str]:
    size = _size(facets)
    return st.text(max_size=size) | st.text(alphabet=_AWKWARD, max_size=size)


def _decimals(facets: Facets) -> SearchStrategy[Decimal]:
    precision = facets.get("Precision")
    digits = precision if isinstance(precision, int) else 29
    scale = facets.get("Scale", 0 if "Precision" in facets else 10)
    numbers = st.integers(-(10**digits) + 1, 10**digits - 1)
    places = st.integers(0, min(scale, digits) if isinstance(scale, int) else digits)
    return st.builds(lambda number, place: Decimal(f"{number}E-{place}"), numbers, places)


def _ticks(facets: Facets, low: int, high: int) -> SearchStrategy[int]:
    """Whole units of the last digit that Precision allows, from `low` up to, and without, `high`."""
    precision = facets.get("Precision")
    unit = 10 ** (_TICK_DIGITS - min(precision, _TICK_DIGITS)) if isinstance(precision, int) else 1
    return st.integers(-(-low // unit), (high - 1) // unit).map(lambda count: count * unit)


def _timestamps(offsets: SearchStrategy[int | None]) -> Callable[[Facets], SearchStrategy[Timestamp]]:
    return lambda facets: st.builds(Timestamp, _ticks(facets, 0, MAX_TICKS), offsets)


_OFFSETS: Final = st.just(0) | st.integers(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES)

_VALUES: Final[Mapping[str, Callable[[Facets], SearchStrategy[Any]]]] = {
    "Edm.Binary": lambda facets: st.binary(max_size=_size(facets)),
    "Edm.Boolean": lambda facets: st.booleans(),
    "Edm.Byte": lambda facets: st.integers(0, 2**8 - 1),
    "Edm.SByte": lambda facets: st.integers(-(2**7), 2**7 - 1),
    "Edm.Int16": lambda facets: st.integers(-(2**15), 2**15 - 1),
    "Edm.Int32": lambda facets: st.integers(-(2**31), 2**31 - 1),
    "Edm.Int64": lambda facets: st.integers(-(2**63), 2**63 - 1),
    "Edm.Single": lambda facets: st.floats(width=32),
    "Edm.Double": lambda facets: st.floats(),
    "Edm.Decimal": _decimals,
    "Edm.String": _strings,
    "Edm.Guid": lambda facets: st.uuids(allow_nil=True),
    "Edm.DateTime": _timestamps(st.none() | _OFFSETS),
    "Edm.DateTimeOffset": _timestamps(_OFFSETS),
    "Edm.Time": lambda facets: _ticks(facets, 0, TICKS_PER_DAY).map(Duration),
    "Edm.Date": lambda facets: st.dates(),
    "Edm.TimeOfDay": lambda facets: _ticks(facets, 0, TICKS_PER_DAY).map(TimeOfDay),
    "Edm.Duration": lambda facets: _ticks(facets, -MAX_DURATION_TICKS, MAX_DURATION_TICKS + 1).map(Duration),
}

VALUE_TYPES: Final = tuple(_VALUES)
"""The names of the primitive types that strategies here have values for."""


def values_of(prop: Property) -> SearchStrategy[Any]:
    """Values that the property accepts, in their Python form; null and empty collections among them."""
    items = _items_of(prop)
    if prop.is_collection:
        return st.lists(items, max_size=3)
    return st.none() | items if prop.nullable else items


def keys_of(kind: EntityType) -> SearchStrategy[tuple[Any, ...]]:
    """Keys of an entity type. NaN is none: it differs from itself."""
    return st.tuples(*[_keys_of(kind.properties[name]) for name in kind.key])


def rows_of(kind: StructuredType) -> SearchStrategy[dict[str, Any]]:
    """Complete rows in model order; of a complex type: complete values."""
    key = kind.key if isinstance(kind, EntityType) else ()
    members = [_keys_of(prop) if name in key else values_of(prop) for name, prop in kind.properties.items()]
    # Not `fixed_dictionaries`, which draws the order of the names as well.
    return st.tuples(*members).map(lambda values: dict(zip(kind.properties, values, strict=True)))


def tables_of(kind: EntityType, *, max_size: int = 8) -> SearchStrategy[list[dict[str, Any]]]:
    """Rows of one entity set: no key twice."""
    return st.lists(rows_of(kind), max_size=max_size, unique_by=kind.key_of)


def _keys_of(prop: Property) -> SearchStrategy[Any]:
    values = _items_of(prop)
    return values.map(lambda value: 0.0 if value != value else value) if prop.type in _FLOATS else values


def _items_of(prop: Property) -> SearchStrategy[Any]:
    match prop.type:
        case PrimitiveType(name):
            return _VALUES[name](prop.facets)
        case EnumType():
            return _members_of(prop.type)
        case ComplexType():
            return rows_of(prop.type)


def _members_of(enum: EnumType) -> SearchStrategy[str]:
    names = st.sampled_from(list(enum.members))
    if not enum.is_flags:
        return names
    return st.sets(names, min_size=1).map(lambda chosen: ",".join(name for name in enum.members if name in chosen))


# Models. Names are few, so that those of different kinds meet; two are not ASCII.
_NAMES: Final = ("ID", "Name", "A", "b", "_", "Größe", "名前", "value", "Type", "null", "and", "Long" * 10)
_KEY_TYPES: Final = tuple(name for name in VALUE_TYPES if name not in ("Edm.Single", "Edm.Double"))


@st.composite
def models(draw: st.DrawFn, *, types: Sequence[str] = VALUE_TYPES) -> Model:
    """Small valid models: an enumeration, a complex type and up to three entity types, each with a set.

    `types` are the names of the primitive types to use.
    """
    builder = ModelBuilder(draw(st.sampled_from(["Test", "Contoso.Test", "Ä.b"])))
    members = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True))
    flags = draw(st.booleans())
    builder.enum("Enum", members={name: 2**i if flags else i for i, name in enumerate(members)}, flags=flags)
    builder.complex("Complex", properties=draw(_properties([*types, "Enum"], min_size=1)))
    keys = [name for name in _KEY_TYPES if name in types] or ["Edm.Int32"]
    for index in range(draw(st.integers(1, 3))):
        names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True))
        key = {name: prop(draw(st.sampled_from(keys))) for name in names}
        others = draw(_properties([*types, "Enum", "Complex"], min_size=0))
        builder.entity(
            f"Entity{index}", key=names, properties={**key, **{k: v for k, v in others.items() if k not in key}}
        )
        builder.entity_set(f"Set{index}", f"Entity{index}")
        if index and draw(st.booleans()):
            builder.navigation(f"Entity{index}", f"To{index}", to=f"Entity{index - 1}", many=draw(st.booleans()))
    return builder.build()


def _properties(types: Sequence[str], *, min_size: int) -> SearchStrategy[dict[str, PropertySpec]]:
    return st.dictionaries(st.sampled_from(_NAMES), _specs(types), min_size=min_size, max_size=6)


@st.composite
def _specs(draw: st.DrawFn, types: Sequence[str]) -> PropertySpec:
    name = draw(st.sampled_from(types))
    facets: dict[str, Any] = {}
    if name in ("Edm.String", "Edm.Binary") and draw(st.booleans()):
        facets = {"max_length": draw(st.integers(1, 50))}
    if name == "Edm.Decimal" and draw(st.booleans()):
        precision = draw(st.integers(1, 29))
        facets = {"precision": precision, "scale": draw(st.integers(0, precision))}
    if draw(st.integers(0, 4)) == 0:
        return prop(f"Collection({name})", **facets)
    return prop(name, nullable=draw(st.booleans()), **facets)


# Questions: conditions bind by construction, because both sides of a comparison come from one property.
_EQUALITY: Final = ("eq", "ne")
_COMPARISONS: Final = ("eq", "ne", "lt", "le", "gt", "ge")


def paths_of(kind: StructuredType) -> list[Path]:
    """Every single property that an expression may name, members of complex ones included."""
    return [path for prop in kind.properties.values() if not prop.is_collection for path in _paths_from(prop)]


def _paths_from(prop: Property) -> list[Path]:
    if isinstance(prop.type, ComplexType):
        return [Path((prop, *path.steps)) for path in paths_of(prop.type)]
    return [Path((prop,))]


def conditions_of(kind: EntityType, rows: Iterable[Row] = ()) -> SearchStrategy[Bound]:
    """Conditions over an entity type; with `rows`, many constants are values that occur in them."""
    return st.recursive(
        st.one_of([_comparisons(path, list(rows)) for path in paths_of(kind)] + _tests_of_text(kind)),
        lambda inner: st.one_of(
            inner.map(Not),
            st.builds(Logic, st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


def queries_of(entity_set: EntitySet, rows: Iterable[Row] = ()) -> SearchStrategy[Query]:
    """Whole queries: condition, order, page and count in every combination."""
    keys = st.builds(OrderBy, st.sampled_from(paths_of(entity_set.type)), st.booleans())
    return st.builds(
        Query,
        st.just(entity_set),
        filter=st.none() | conditions_of(entity_set.type, rows),
        order=st.lists(keys, max_size=3).map(tuple),
        skip=st.integers(0, 3),
        top=st.none() | st.integers(0, 5),
        count=st.booleans(),
    )


def _comparisons(path: Path, rows: list[Row]) -> SearchStrategy[Bound]:
    last = path.steps[-1]
    assert isinstance(last, Property)
    read = compile_value(path)
    occurring = [value for row in rows if (value := read(row)) is not None]
    values = _items_of(last) | st.sampled_from(occurring) if occurring else _items_of(last)
    constants = st.builds(Constant, values, st.just(last.type)) | st.just(Constant(None, None))
    operators = _EQUALITY if last.type is BINARY else _COMPARISONS
    return st.builds(Compare, st.sampled_from(operators), st.just(path), constants)


def _tests_of_text(kind: EntityType) -> list[SearchStrategy[Bound]]:
    """Functions of text that give a truth value, for every text property."""
    tests = [row for row in TEXT_FUNCTIONS.values() if row.result is BOOLEAN and (STRING, STRING) in row.signatures]
    parts = st.builds(Constant, _strings({"MaxLength": 2}), st.just(STRING))
    return [
        st.builds(Invoke, st.just(row.name), st.tuples(st.just(path), parts), st.just(row.result))
        for path in paths_of(kind)
        if path.type is STRING
        for row in tests
    ]
