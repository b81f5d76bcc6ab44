# Binding: names become properties, literals take the type of what they meet, and every refusal says why and where.

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odata_core.edm import Duration, EntityType, Model, ModelBuilder, Timestamp, name_of
from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.query.binder import Binder
from odata_core.query.evaluate import compile_filter, compile_order
from odata_core.query.scope import Scope
from odata_core.query.tree import Bound, Compare, Constant, Invoke, Logic, Not, OrderBy, Path
from odata_core.testing.reference import MODEL, ROWS, exact
from odata_core.uri.expressions import parse_expression
from odata_core.uri.functions import READ_FUNCTIONS
from odata_core.uri.grammars import V3_GRAMMAR, Grammar
from odata_core.uri.urls import parse_query

LIMITS = Limits()
PRODUCT = MODEL.entity_set("Products").type
EVERYTHING = MODEL.entity_set("Everything").type


def odd_model() -> Model:
    """What the reference model lacks: navigation, a stream, geography, names that are words of the language."""
    builder = ModelBuilder("Odd")
    builder.complex("Inner", properties={"Deep": "Int32"})
    builder.complex("Outer", properties={"Inner": "Inner", "List": "Collection(Int32)"})
    properties = {"ID": "Int32", "Photo": "Stream", "Place": "GeographyPoint", "Spot": "GeometryPoint"}
    builder.entity("Thing", key="ID", properties={**properties, "Outer": "Outer", "not": "Boolean", "eq": "Int32"})
    builder.entity_set("Things", "Thing")
    builder.navigation("Thing", "Parent", to="Thing")
    return builder.build()


ODD_MODEL = odd_model()
ODD = ODD_MODEL.entity_set("Things").type


def scope(kind: EntityType, grammar: Grammar = V3_GRAMMAR) -> Scope:
    model = ODD_MODEL if kind is ODD else MODEL
    return Scope(model, grammar, LIMITS, kind, next(s for s in model.entity_sets.values() if s.type is kind))


def bind(text: str, kind: EntityType = EVERYTHING, grammar: Grammar = V3_GRAMMAR) -> Bound:
    return Binder(scope(kind, grammar), text).condition(parse_expression(text, grammar, LIMITS))


def order(text: str, kind: EntityType = EVERYTHING) -> tuple[OrderBy, ...]:
    return Binder(scope(kind), text).order(
        parse_query(f"$orderby={quote(text)}", V3_GRAMMAR, LIMITS).system["$orderby"]
    )


def path(names: str, kind: EntityType = EVERYTHING) -> Path:
    first, *rest = names.split("/")
    properties = [kind.properties[first]]
    for name in rest:
        inner: Any = properties[-1].type
        properties.append(inner.properties[name])
    return Path(tuple(properties))


def constant(bound: Bound) -> tuple[Any, str]:
    """Value and type of the constant on the right of a comparison."""
    assert isinstance(bound, Compare)
    assert isinstance(bound.right, Constant)
    return exact(bound.right.value), "null" if bound.right.type is None else name_of(bound.right.type)


GUID = UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")
MOMENT = Timestamp.parse("2013-08-19T15:30:00")


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        # A number takes the type of the property
        ("Byte eq 5", 5, "Edm.Byte"),
        ("SByte eq -5", -5, "Edm.SByte"),
        ("Int16 eq 5L", 5, "Edm.Int16"),
        ("Int32 eq 5", 5, "Edm.Int32"),
        ("Int64 eq 5", 5, "Edm.Int64"),
        ("Decimal eq 5", Decimal(5), "Edm.Decimal"),
        ("Double eq 5", 5.0, "Edm.Double"),
        ("Single eq 5", 5.0, "Edm.Single"),
        # Decimals are exact, whatever the literal looks like
        ("Decimal eq 1.10", Decimal("1.10"), "Edm.Decimal"),
        ("Decimal eq 1.10M", Decimal("1.10"), "Edm.Decimal"),
        ("Decimal eq 0.1234567890123456789", Decimal("0.1234567890123456789"), "Edm.Decimal"),
        ("Decimal eq 9223372036854775808", Decimal(2**63), "Edm.Decimal"),
        ("Decimal lt 1E999", Decimal("1E+999"), "Edm.Decimal"),
        # ... and doubles are the nearest double
        ("Double eq 1.10", 1.1, "Edm.Double"),
        ("Double eq 1.10M", 1.1, "Edm.Double"),
        ("Double eq 1.10d", 1.1, "Edm.Double"),
        ("Double eq 9007199254740993", 9007199254740992.0, "Edm.Double"),
        ("Single eq 0.1", 0.10000000149011612, "Edm.Single"),
        ("Double eq INF", float("inf"), "Edm.Double"),
        ("Double eq NaN", float("nan"), "Edm.Double"),
        # A single says what 32 bits can say
        ("Double eq 0.1f", 0.10000000149011612, "Edm.Double"),
        # What the type of the property cannot hold keeps its own
        ("Byte eq 256", 256, "Edm.Int32"),
        ("Byte eq -1", -1, "Edm.Int32"),
        ("Int32 lt 2147483648", 2**31, "Edm.Int64"),
        ("Int64 lt 9223372036854775808", Decimal(2**63), "Edm.Decimal"),
        ("Int32 eq 1.5", 1.5, "Edm.Double"),
        ("Int32 eq 1.5M", Decimal("1.5"), "Edm.Decimal"),
        ("Int32 eq 1.5d", 1.5, "Edm.Double"),
        ("Int32 lt INF", float("inf"), "Edm.Double"),
        ("Decimal lt 1.5d", 1.5, "Edm.Double"),
        ("Double lt 1E400", Decimal("1E+400"), "Edm.Decimal"),
        ("Single lt 1e39", 1e39, "Edm.Double"),
        # Guids may be quoted
        (f"Guid eq guid'{GUID}'", GUID, "Edm.Guid"),
        (f"Guid eq {GUID}", GUID, "Edm.Guid"),
        (f"Guid eq '{GUID}'", GUID, "Edm.Guid"),
        (f"Guid eq '{{{str(GUID).upper()}}}'", GUID, "Edm.Guid"),
        # Moments of both kinds compare
        ("DateTime eq datetime'2013-08-19T15:30'", MOMENT, "Edm.DateTime"),
        ("DateTime eq datetimeoffset'2013-08-19T15:30Z'", Timestamp(MOMENT.ticks, 0), "Edm.DateTime"),
        ("DateTimeOffset eq datetimeoffset'2013-08-19T15:30Z'", Timestamp(MOMENT.ticks, 0), "Edm.DateTimeOffset"),
        ("DateTimeOffset eq datetime'2013-08-19T15:30'", MOMENT, "Edm.DateTimeOffset"),
        ("Time eq time'PT1S'", Duration(10_000_000), "Edm.Time"),
        ("Duration eq time'PT1S'", Duration(10_000_000), "Edm.Duration"),
        # Enumerations by name, by number, by several names
        ("Color eq 'Red'", "Red", "Reference.Color"),
        ("Color eq 3", "Red", "Reference.Color"),
        ("Color eq '3'", "Red", "Reference.Color"),
        ("Color gt 'Green'", "Green", "Reference.Color"),
        ("Rights eq 'Read,Delete'", "Read,Delete", "Reference.Rights"),
        ("Rights eq 5", "Read,Delete", "Reference.Rights"),
        # The rest
        ("String eq '5'", "5", "Edm.String"),
        ("Boolean eq true", True, "Edm.Boolean"),
        ("Binary eq X'00FF'", b"\x00\xff", "Edm.Binary"),
        ("Address/Zip eq 5.0", 5.0, "Edm.Double"),
        ("length(String) eq 5L", 5, "Edm.Int32"),
        ("tolower(String) eq 'a'", "a", "Edm.String"),
        ("String eq null", None, "null"),
        ("Color ne null", None, "null"),
        ("Int32 lt null", None, "null"),
    ],
)
def test_a_literal_takes_the_type_of_what_it_meets(text: str, value: Any, kind: str) -> None:
    assert constant(bind(text)) == (exact(value), kind)


def test_a_literal_takes_its_type_on_either_side() -> None:
    assert bind("5 lt Decimal") == Compare("lt", Constant(Decimal(5), path("Decimal").type), path("Decimal"))
    assert bind("'Red' eq Color") == Compare("eq", Constant("Red", path("Color").type), path("Color"))


@pytest.mark.parametrize(
    "text",
    [
        "Byte eq Decimal",
        "Int64 lt Double",
        "Single ge SByte",
        "DateTime le DateTimeOffset",
        "Time ne Duration",
        "Guid lt Guid",
        "String gt String",
        "Boolean eq (Int32 lt 5)",
        "1 eq 1.0",
        "1.5 lt 1.5M",
        "'a' lt 'b'",
        "null eq null",
        "length(String) eq Byte",
        "indexof(String,'a') lt 1.5",
        "startswith(String,'a') eq endswith(String,'a')",
        "Boolean",
        "true",
        "null",
        "not null",
        "not Boolean and Boolean",
    ],
)
def test_these_compare(text: str) -> None:
    bind(text)


def test_shapes() -> None:
    boolean, name = path("Boolean"), path("String")
    assert bind("not Boolean") == Not(boolean)
    assert bind("Boolean and Boolean and not Boolean") == Logic("and", (boolean, boolean, Not(boolean)))
    assert bind("Boolean or Boolean and Boolean or Boolean") == Logic(
        "or", (boolean, Logic("and", (boolean, boolean)), boolean)
    )
    # Parentheses on the left are a longer chain, on the right a tree of their own.
    assert bind("(Boolean or Boolean) or Boolean") == Logic("or", (boolean, boolean, boolean))
    assert bind("Boolean or (Boolean or Boolean)") == Logic("or", (boolean, Logic("or", (boolean, boolean))))
    # The canonical function has its arguments in the canonical order.
    found = bind("substringof('x',String) and startswith(String,'y')")
    assert found == Logic(
        "and",
        (
            Invoke("contains", (name, Constant("x", name.type)), boolean.type),
            Invoke("startswith", (name, Constant("y", name.type)), boolean.type),
        ),
    )
    assert bind("Address/City eq String") == Compare("eq", path("Address/City"), name)


def test_a_long_chain_is_flat() -> None:
    bound = bind(" or ".join(["Boolean"] * 1_000))
    assert bound == Logic("or", (path("Boolean"),) * 1_000)
    mixed = bind(" or ".join(["Boolean and Boolean"] * 500))
    assert mixed == Logic("or", (Logic("and", (path("Boolean"),) * 2),) * 500)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Int32", [("Int32", False)]),
        ("Int32 desc,Address/City asc", [("Int32", True), ("Address/City", False)]),
        ("Color,Binary desc,Boolean", [("Color", False), ("Binary", True), ("Boolean", False)]),
    ],
)
def test_orderings(text: str, keys: list[tuple[str, bool]]) -> None:
    assert order(text) == tuple(OrderBy(path(name), descending) for name, descending in keys)


def test_an_ordering_may_be_computed() -> None:
    text = path("String")
    assert order("length(String) desc,String eq 'a'") == (
        OrderBy(Invoke("length", (text,), path("Int32").type), True),
        OrderBy(Compare("eq", text, Constant("a", text.type)), False),
    )


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("kind", "text", "message", "position"),
    [
        (
            PRODUCT,
            "ID eq 1 and Nme eq 'x'",
            "Could not find a property named 'Nme' on type 'Reference.Product'. Did you mean 'Name'?",
            12,
        ),
        (PRODUCT, "Xyzzy eq 1", "Could not find a property named 'Xyzzy' on type 'Reference.Product'.", 0),
        (
            PRODUCT,
            "name eq 'x'",
            "Could not find a property named 'name' on type 'Reference.Product'. Did you mean 'Name'?",
            0,
        ),
        (
            PRODUCT,
            "not (Maker/Citty eq 'x')",
            "Could not find a property named 'Citty' on type 'Reference.Address'. Did you mean 'City'?",
            11,
        ),
        (
            PRODUCT,
            "Name/Length eq 1",
            "'Name' of type Edm.String has no properties, so 'Length' cannot follow it.",
            5,
        ),
        (
            PRODUCT,
            "Name eq 5",
            "'eq' cannot compare 'Name' of type Edm.String with the value 5 of type Edm.Int32.",
            5,
        ),
        (
            PRODUCT,
            "Stock eq 'x'",
            "'eq' cannot compare 'Stock' of type Edm.Int32 with the value x of type Edm.String.",
            6,
        ),
        (
            PRODUCT,
            "Stock eq true",
            "'eq' cannot compare 'Stock' of type Edm.Int32 with the value True of type Edm.Boolean.",
            6,
        ),
        (
            PRODUCT,
            "Discontinued eq 1",
            "'eq' cannot compare 'Discontinued' of type Edm.Boolean with the value 1 of type Edm.Int32.",
            13,
        ),
        (
            PRODUCT,
            "Color eq 'Pink'",
            "'eq' cannot compare 'Color' of type Reference.Color with the value Pink of type Edm.String.",
            6,
        ),
        (
            PRODUCT,
            "Color eq 99",
            "'eq' cannot compare 'Color' of type Reference.Color with the value 99 of type Edm.Int32.",
            6,
        ),
        (
            PRODUCT,
            "Maker eq 'x'",
            "'eq' cannot compare 'Maker' of type Reference.Address with the value x of type Edm.String.",
            6,
        ),
        (
            PRODUCT,
            "Maker lt null",
            "'lt' cannot compare 'Maker' of type Reference.Address with a value of type null.",
            6,
        ),
        (
            EVERYTHING,
            "Guid eq 'x'",
            "'eq' cannot compare 'Guid' of type Edm.Guid with the value x of type Edm.String.",
            5,
        ),
        (
            EVERYTHING,
            "DateTime lt time'PT1S'",
            "'lt' cannot compare 'DateTime' of type Edm.DateTime with a value of type Edm.Time.",
            9,
        ),
        (
            EVERYTHING,
            "Color eq Rights",
            "'eq' cannot compare 'Color' of type Reference.Color with 'Rights' of type Reference.Rights.",
            6,
        ),
        (
            EVERYTHING,
            "Binary lt X'00'",
            "'lt' cannot compare 'Binary' of type Edm.Binary with a value of type Edm.Binary.",
            7,
        ),
        (
            ODD,
            "Place gt Place",
            "'gt' cannot compare 'Place' of type Edm.GeographyPoint with 'Place' of type Edm.GeographyPoint.",
            6,
        ),
        (
            ODD,
            "Photo le Photo",
            "'le' cannot compare 'Photo' of type Edm.Stream with 'Photo' of type Edm.Stream.",
            6,
        ),
        (
            EVERYTHING,
            "Address/City ne Int32",
            "'ne' cannot compare 'Address/City' of type Edm.String with 'Int32' of type Edm.Int32.",
            13,
        ),
        (PRODUCT, "Name", "A condition is expected, but the expression is 'Name' of type Edm.String.", 0),
        (PRODUCT, "not Name", "A condition is expected, but the expression is 'Name' of type Edm.String.", 4),
        (PRODUCT, "not Name eq 'x'", "A condition is expected, but the expression is 'Name' of type Edm.String.", 4),
        (
            PRODUCT,
            "Discontinued and 5",
            "A condition is expected, but the expression is the value 5 of type Edm.Int32.",
            17,
        ),
        (
            PRODUCT,
            "length(Name)",
            "A condition is expected, but the expression is a value of type Edm.Int32.",
            0,
        ),
        (PRODUCT, "length()", "The function 'length' does not take ().", 0),
        (
            PRODUCT,
            "startswith(Name)",
            "The function 'startswith' does not take ('Name' of type Edm.String).",
            0,
        ),
        (
            PRODUCT,
            "substringof('x')",
            "The function 'substringof' does not take (the value x of type Edm.String).",
            0,
        ),
        (
            PRODUCT,
            "substringof(Name,5)",
            "The function 'substringof' does not take ('Name' of type Edm.String, the value 5 of type Edm.Int32).",
            0,
        ),
        (
            PRODUCT,
            "substring(Name,1.5) eq 'x'",
            "The function 'substring' does not take ('Name' of type Edm.String, the value 1.5 of type Edm.Double).",
            0,
        ),
        (
            PRODUCT,
            "substring(Name,2147483648) eq 'x'",
            "The function 'substring' does not take "
            "('Name' of type Edm.String, the value 2147483648 of type Edm.Int64).",
            0,
        ),
        (
            PRODUCT,
            "trim(Name,Name,Name) eq 'x'",
            "The function 'trim' does not take ('Name' of type Edm.String, 'Name' of type Edm.String, "
            "'Name' of type Edm.String).",
            0,
        ),
    ],
)
def test_refusals_say_what_and_where(kind: EntityType, text: str, message: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        bind(text, kind)
    assert (caught.value.message, caught.value.text, caught.value.position) == (message, text, position)


@pytest.mark.parametrize(
    ("kind", "text", "message", "position"),
    [
        (PRODUCT, "ID,Maker desc", "The result cannot be sorted by 'Maker' of type Reference.Address.", 3),
        (PRODUCT, "null", "The result cannot be sorted by a value of type null.", 0),
        (ODD, "Place", "The result cannot be sorted by 'Place' of type Edm.GeographyPoint.", 0),
        (ODD, "Photo desc", "The result cannot be sorted by 'Photo' of type Edm.Stream.", 0),
        (
            PRODUCT,
            "ID,Nam",
            "Could not find a property named 'Nam' on type 'Reference.Product'. Did you mean 'Name'?",
            3,
        ),
    ],
)
def test_refusals_of_orderings(kind: EntityType, text: str, message: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        order(text, kind)
    assert (caught.value.message, caught.value.text, caught.value.position) == (message, text, position)


def test_names_that_are_words_of_the_language() -> None:
    assert bind("not", ODD) == path("not", ODD)
    assert bind("eq eq eq", ODD) == Compare("eq", path("eq", ODD), path("eq", ODD))
    assert bind("Outer/Inner/Deep eq 1", ODD) == Compare(
        "eq", path("Outer/Inner/Deep", ODD), Constant(1, path("eq", ODD).type)
    )


@pytest.mark.parametrize("text", ["Boolean" + " eq Boolean" * 100, "Boolean" + " eq Boolean" * 900])
def test_the_depth_of_a_bound_tree_is_limited(text: str) -> None:
    bind("Boolean" + " eq Boolean" * 99)
    with pytest.raises(BadRequest) as caught:
        bind(text)
    assert caught.value.message == "The expression is nested too deeply: the limit expression_depth is 100."


# ---------------------------------------------------------------- any text

NAMES = (*EVERYTHING.properties, "Address/City", "Address/Zip", "Key", "Nme", "Address/Nope", "Address")
LITERALS = (
    *("null", "true", "0", "-1", "256", "5L", "9223372036854775807", "9223372036854775808", "1.10", "1E999", "1.5M"),
    *("1.5f", "1e-300d", "INF", "-INF", "NaN", "''", "'O''Neil'", "'Red'", "'Read,Write'", "X''", "binary'00FF'"),
    *(f"guid'{GUID}'", f"'{GUID}'", "datetime'2013-08-19T15:30'", "datetimeoffset'0001-01-01T00:00+14:00'"),
    *("time'PT23H59M59.9999999S'", "'\uffff'", "'5'"),
)
OPERANDS = st.sampled_from(NAMES + LITERALS)
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted(V3_GRAMMAR.precedence)), inner).map(" ".join),
        st.tuples(OPERANDS, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), OPERANDS).map(" ".join),
        st.tuples(st.sampled_from([*READ_FUNCTIONS[V3_GRAMMAR.name], "nope"]), st.lists(inner, max_size=3)).map(
            lambda call: f"{call[0]}({','.join(call[1])})"
        ),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=8,
)


# Negative lengths, numbers that a type cannot hold, division by zero, dates out of the calendar, results without end.
ONLY_ROWS_TELL = re.compile(
    r"(The length given to the function 'substring' must not|The (operator|function) '\S+' ).*", re.DOTALL
)


def outcome(run: Callable[[], Any]) -> tuple[Any, str]:
    """A result, or None with the message of the refusal."""
    try:
        return run(), ""
    except BadRequest as refusal:
        return None, refusal.message


@given(EXPRESSIONS | st.text())
@example("Decimal lt NaN")
@example("Decimal gt 1E999 or Double lt 1E999 or Single eq 1E400")
@example("substring(String,-1,0) eq ''")
@example("DateTimeOffset gt datetime'0001-01-01T00:00'")
def test_any_text_binds_or_is_refused_and_what_binds_is_computed(text: str) -> None:
    try:
        condition = bind(text)
    except ODataError:
        return
    holds = compile_filter(condition)
    for row in ROWS["Everything"]:
        found, message = outcome(partial(holds, row))
        assert found in (True, False) or ONLY_ROWS_TELL.fullmatch(message)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3).map(",".join))
def test_any_ordering_binds_or_is_refused_and_what_binds_sorts(text: str) -> None:
    try:
        keys = order(text)
    except ODataError:
        return
    result, message = outcome(lambda: compile_order(keys)(ROWS["Everything"]))
    if result is None:
        assert ONLY_ROWS_TELL.fullmatch(message)
    else:
        assert sorted(map(id, result)) == sorted(map(id, ROWS["Everything"]))
