# Expressions as trees: precedence, positions, limits, and the rule that any text gives a tree or an ODataError.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm.primitives import INT32, STRING
from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.uri import V3, parse_expression, parse_order, parse_segment, parse_select
from odata_core.uri.tree import Binary, Call, KeyPart, Literal, Member, Node, OrderByItem, Segment, Unary

LIMITS = Limits()


def shape(node: Node) -> Any:
    """A tree as nested tuples, without positions."""
    match node:
        case Literal(value):
            return value
        case Member(names):
            return "/".join(names)
        case Call(name, arguments):
            return (f"{name}()", *map(shape, arguments))
        case Unary(operator, operand):
            return (operator, shape(operand))
        case Binary(operator, left, right):
            return (shape(left), operator, shape(right))


def parse(text: str) -> Any:
    return shape(parse_expression(text, V3, LIMITS))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A", "A"),
        ("A/b/C", "A/b/C"),
        ("Größe", "Größe"),
        ("_", "_"),
        ("null", None),
        (" \t 5 \t ", 5),
        ("A eq 5", ("A", "eq", 5)),
        ("(A)eq(5)", ("A", "eq", 5)),
        ("((A)) eq ((5))", ("A", "eq", 5)),
        # Weakest first: or, and, equality, order, sums, products, not and minus
        ("A or B and C", ("A", "or", ("B", "and", "C"))),
        ("A and B or C", (("A", "and", "B"), "or", "C")),
        ("(A or B) and C", (("A", "or", "B"), "and", "C")),
        ("A and B eq C", ("A", "and", ("B", "eq", "C"))),
        ("A eq B and C", (("A", "eq", "B"), "and", "C")),
        ("A eq B lt C", ("A", "eq", ("B", "lt", "C"))),
        ("A gt B ne C", (("A", "gt", "B"), "ne", "C")),
        ("A le B add C", ("A", "le", ("B", "add", "C"))),
        ("A add B mul C", ("A", "add", ("B", "mul", "C"))),
        ("A div B sub C", (("A", "div", "B"), "sub", "C")),
        ("A mod - B", ("A", "mod", ("-", "B"))),
        ("not A eq B", (("not", "A"), "eq", "B")),
        ("not A and B", (("not", "A"), "and", "B")),
        ("not (A eq B)", ("not", ("A", "eq", "B"))),
        ("not(A)", ("not", "A")),
        ("not not A", ("not", ("not", "A"))),
        ("not true", ("not", True)),
        ("-A mul B", (("-", "A"), "mul", "B")),
        ("not startswith(A,'b') or C", (("not", ("startswith()", "A", "b")), "or", "C")),
        # Equals associate to the left
        ("A or B or C", (("A", "or", "B"), "or", "C")),
        ("A and B and C", (("A", "and", "B"), "and", "C")),
        ("A sub B sub C", (("A", "sub", "B"), "sub", "C")),
        ("A sub (B sub C)", ("A", "sub", ("B", "sub", "C"))),
        ("A eq B eq C", (("A", "eq", "B"), "eq", "C")),
        ("A lt 5 eq true", (("A", "lt", 5), "eq", True)),
        # A sign before digits belongs to the number
        ("A eq -5", ("A", "eq", -5)),
        ("A eq - 5", ("A", "eq", ("-", 5))),
        ("A eq --5", ("A", "eq", ("-", -5))),
        # Calls
        ("f()", ("f()",)),
        ("f ( A , 'b,)' , g(1) )", ("f()", "A", "b,)", ("g()", 1))),
        ("f(A or B,not C)", ("f()", ("A", "or", "B"), ("not", "C"))),
        ("f(A) eq g(B)", (("f()", "A"), "eq", ("g()", "B"))),
        ("A/b eq c/D", ("A/b", "eq", "c/D")),
        # Words are operators only where an operator can stand
        ("eq eq eq", ("eq", "eq", "eq")),
        ("and and or", ("and", "and", "or")),
        ("A and or", ("A", "and", "or")),
        ("not", "not"),
        ("not/A", "not/A"),
        ("f(not)", ("f()", "not")),
        ("f(not,A)", ("f()", "not", "A")),
        ("desc", "desc"),
        ("orange or android", ("orange", "or", "android")),
        ("truely", "truely"),
        ("nullable eq nulls", ("nullable", "eq", "nulls")),
        ("guid eq datetime", ("guid", "eq", "datetime")),
        ("A eq 'freeland and or not'", ("A", "eq", "freeland and or not")),
        ("substringof('it''s',A)", ("substringof()", "it's", "A")),
    ],
)
def test_precedence_and_shape(text: str, tree: Any) -> None:
    assert parse(text) == tree


def test_nodes_know_where_they_stand() -> None:
    assert parse_expression(" not f(A, 'x') and B/c eq 5", V3, LIMITS) == Binary(
        "and",
        Unary("not", Call("f", (Member(("A",), 7), Literal("x", STRING, 10)), 5), 1),
        Binary("eq", Member(("B", "c"), 19), Literal(5, INT32, 26), 23),
        15,
    )


@pytest.mark.parametrize(
    ("text", "expected", "found", "position"),
    [
        ("", "an expression", "the end", 0),
        ("   ", "an expression", "the end", 3),
        ("A eq", "an expression", "the end", 4),
        ("A B", "the end", "'B'", 2),
        ("A eq 5 5", "the end", "'5'", 7),
        ("A EQ 5", "the end", "'EQ'", 2),
        ("A = 5", "the end", "'='", 2),
        ("(A", "')'", "the end", 2),
        ("A)", "the end", "')'", 1),
        ("()", "an expression", "')'", 1),
        ("f(A", "')'", "the end", 3),
        ("f(A B)", "')'", "'B'", 4),
        ("f(,A)", "an expression", "','", 2),
        ("f(A,)", "an expression", "')'", 4),
        ("A/", "a property name", "the end", 2),
        ("A//b", "a property name", "'/'", 2),
        ("A/5", "a property name", "'5'", 2),
        ("/A", "an expression", "'/'", 0),
        ("5/A", "the end", "'/'", 1),
        ("null()", "the end", "'('", 4),
        ("A in (1,2)", "the end", "'in'", 2),
        ("Tags/any(t:t eq 'x')", "the end", "'('", 8),
        ("Test.Color'Red'", "the end", "''Red''", 10),
        ("not and A", "the end", "'A'", 8),
    ],
)
def test_syntax_errors_name_what_is_expected_and_where(text: str, expected: str, found: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3, LIMITS)
    error = caught.value
    assert (error.message, error.text, error.position) == (
        f"Syntax error: {expected} is expected, but {found} was found.",
        text,
        position,
    )


@pytest.mark.parametrize(
    ("text", "character", "position"),
    [("A eq 'x", "'", 5), ('A eq "x"', '"', 5), ("A && B", "&", 2), ("$it", "$", 0), ("A\n", "\n", 1), ("A;B", ";", 1)],
)
def test_characters_outside_the_language_are_refused(text: str, character: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3, LIMITS)
    error = caught.value
    assert (error.message, error.text, error.position) == (
        f"The character '{character}' is not understood here.",
        text,
        position,
    )


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("A eq", "A eq\n    ^"),
        ("A B", "A B\n  ^"),
        ("A\teq", "A eq\n    ^"),
        # Of a long text, what stands around the place
        ("A or " * 20 + ")", "..." + ("A or " * 20)[40:] + ")\n" + " " * 63 + "^"),
        ("A B" + "x" * 200, ("A B" + "x" * 200)[:100] + "\n  ^"),
    ],
)
def test_a_caret_shows_the_place(text: str, picture: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3, LIMITS)
    assert caught.value.render().split("\n", 1)[1] == picture


# ---------------------------------------------------------------- limits

TOO_DEEP = "The expression is nested too deeply: the limit expression_depth is 100."
TOO_LARGE = "The expression is too large: the limit expression_nodes is 2000."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 100_000, TOO_LARGE),
        ("(" * 1_000 + "A" + ")" * 1_000, TOO_DEEP),
        ("(" * 100 + "A" + ")" * 100, TOO_DEEP),
        ("f(" * 100 + "A" + ")" * 100, TOO_DEEP),
        ("not " * 100 + "A", TOO_DEEP),
        ("not " * 100_000 + "A", TOO_LARGE),
        ("- " * 100 + "A", TOO_DEEP),
        ("not(" * 60 + "A" + ")" * 60, TOO_DEEP),
        ("A" + " or A" * 2_001, TOO_LARGE),
        ("f(" + "A," * 2_000 + "A)", TOO_LARGE),
        ("A" + "/A" * 2_001, TOO_LARGE),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_too_deep_or_too_large_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3, LIMITS)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 99 + "A" + ")" * 99,
        "f(" * 99 + "A" + ")" * 99,
        "not " * 99 + "A",
        "(" * 100 + "5" + ")" * 100,
        "A" + " or A" * 1_999,
        "A" + " eq A" * 1_999,
        "f(" + "A," * 1_998 + "A)",
        " or ".join(["(A eq 5)"] * 600),
        "A" + " " * 100_000,
    ],
    ids=lambda value: value[:12],
)
def test_what_is_within_the_limits_is_parsed(text: str) -> None:
    parse_expression(text, V3, LIMITS)


def test_siblings_do_not_add_to_the_depth() -> None:
    text = " and ".join(["((A) eq (B))"] * 150)
    parse_expression(text, V3, Limits(expression_depth=3))


def test_a_chain_of_2000_items_is_one_left_deep_tree() -> None:
    node, length = parse_expression("A" + " or A" * 1_999, V3, LIMITS), 1
    while isinstance(node, Binary):
        assert (node.operator, shape(node.right)) == ("or", "A")
        node, length = node.left, length + 1
    assert (node, length) == (Member(("A",), 0), 2_000)


# ---------------------------------------------------------------- orderings, selections, segments


def test_orderings() -> None:
    assert parse_order("Name desc, A/b,length(Name) asc,desc desc", V3, LIMITS) == (
        OrderByItem(Member(("Name",), 0), True),
        OrderByItem(Member(("A", "b"), 11), False),
        OrderByItem(Call("length", (Member(("Name",), 22),), 15), False),
        OrderByItem(Member(("desc",), 32), True),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("*", ("*",)),
        ("A", ("A",)),
        (" A , b/C,*,A ", ("A", "b/C", "*", "A")),
        ("null,and", ("null", "and")),
        ("Test.Type/A", ("Test.Type/A",)),
    ],
)
def test_selections(text: str, names: tuple[str, ...]) -> None:
    assert parse_select(text, V3, LIMITS) == names


def part(name: str | None, value: Any, position: int) -> KeyPart:
    return KeyPart(name, Literal(value, STRING if isinstance(value, str) else INT32, position))


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("Set", Segment("Set", None)),
        ("Set()", Segment("Set", ())),
        ("Test.Type", Segment("Test.Type", None)),
        ("Set(5)", Segment("Set", (part(None, 5, 4),))),
        ("Set('a''b')", Segment("Set", (part(None, "a'b", 4),))),
        ("Set(b='x',a=-2)", Segment("Set", (part("b", "x", 6), part("a", -2, 12)))),
        ("Set( a = 1 , 2 )", Segment("Set", (part("a", 1, 9), part(None, 2, 13)))),
        ("Set(null=1,and=2,guid=3)", Segment("Set", (part("null", 1, 9), part("and", 2, 15), part("guid", 3, 22)))),
    ],
)
def test_segments(text: str, segment: Segment) -> None:
    assert parse_segment(text, V3, LIMITS) == segment


@pytest.mark.parametrize(
    ("parser", "text", "expected", "found", "position"),
    [
        (parse_order, "", "an expression", "the end", 0),
        (parse_order, "A,", "an expression", "the end", 2),
        (parse_order, "A up", "the end", "'up'", 2),
        (parse_order, "A DESC", "the end", "'DESC'", 2),
        (parse_order, "A desc asc", "the end", "'asc'", 7),
        (parse_select, "", "a property name or *", "the end", 0),
        (parse_select, "A,,B", "a property name or *", "','", 2),
        (parse_select, "A/*", "a property name", "'*'", 2),
        (parse_select, "A B", "the end", "'B'", 2),
        (parse_segment, "", "a name", "the end", 0),
        (parse_segment, "5", "a name", "'5'", 0),
        (parse_segment, "Set(", "a literal", "the end", 4),
        (parse_segment, "Set(5", "')'", "the end", 5),
        (parse_segment, "Set(5)(6)", "the end", "'('", 6),
        (parse_segment, "Set(5)x", "the end", "'x'", 6),
        (parse_segment, "Set(,5)", "a literal", "','", 4),
        (parse_segment, "Set(5,)", "a literal", "')'", 6),
        (parse_segment, "Set(ID)", "a literal", "'ID'", 4),
        (parse_segment, "Set(ID=)", "a literal", "')'", 7),
        (parse_segment, "Set(ID=null)", "a literal", "'null'", 7),
        (parse_segment, "Set(5=5)", "')'", "'='", 5),
        (parse_segment, "Set(ID=(5))", "a literal", "'('", 7),
    ],
)
def test_syntax_errors_elsewhere(
    parser: Callable[..., Any], text: str, expected: str, found: str, position: int
) -> None:
    with pytest.raises(BadRequest) as caught:
        parser(text, V3, LIMITS)
    assert (caught.value.message, caught.value.position) == (
        f"Syntax error: {expected} is expected, but {found} was found.",
        position,
    )


WORDS = (
    *("A", "not", "and", "or", "eq", "add", "-", "(", ")", ",", "/", "=", "*", ":", "'x'", "'", "5", "1.5M", "null"),
    *("true", "guid'", "datetime'1'", "asc", "desc", "f(", "x.y", " ", "INF", "binary''", "time'PT1S'", "😀", "$"),
)


@pytest.mark.parametrize("parser", [parse_expression, parse_order, parse_select, parse_segment])
@given(text=st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join) | st.lists(st.sampled_from(WORDS)).map("".join))
def test_any_text_is_parsed_or_refused(parser: Callable[..., Any], text: str) -> None:
    try:
        parser(text, V3, LIMITS)
    except ODataError as refusal:
        error = refusal
    else:
        return
    assert error.status == 400
    assert error.render().startswith(error.message)
    assert error.position is None or 0 <= error.position <= len(text)


TREES = st.recursive(
    st.sampled_from(["A", "B/c", 5, "'x'", None, True]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted(V3.precedence)), inner),
        st.tuples(st.sampled_from(["not", "-"]), inner),
        st.tuples(st.just("f()"), inner, inner),
    ),
    max_leaves=20,
)


def printed(tree: Any) -> str:
    """A tree with every pair of parentheses."""
    match tree:
        case ("f()", *arguments):
            return f"f({','.join(map(printed, arguments))})"
        case (operator, operand):
            return f"({operator} {printed(operand)})"
        case (left, operator, right):
            return f"({printed(left)} {operator} {printed(right)})"
        case None:
            return "null"
        case bool():
            return "true" if tree else "false"
        case _:
            return str(tree)


def unquoted(tree: Any) -> Any:
    if isinstance(tree, tuple):
        return tuple(map(unquoted, tree))
    return tree.strip("'") if isinstance(tree, str) else tree


@given(TREES)
def test_parentheses_decide(tree: Any) -> None:
    assert parse(printed(tree)) == unquoted(tree)
