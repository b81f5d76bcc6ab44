# Expressions as trees: precedence, positions, limits, and the rule that any text gives a tree or an ODataError.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.edm.primitives import INT32, STRING
from odata_core.errors import BadRequest, ODataError
from odata_core.limits import Limits
from odata_core.uri import V3_GRAMMAR, parse_expression
from odata_core.uri.syntax import Argument, Binary, Literal, Node, Path, Segment, Unary

LIMITS = Limits()


def shape(node: Node) -> Any:
    """A tree as nested tuples, without positions."""
    match node:
        case Literal(value):
            return value
        case Path((Segment(name, tuple() as arguments),)):
            return (f"{name}()", *[shape(argument.value) for argument in arguments])
        case Path(segments):
            return "/".join([segment.name for segment in segments])
        case Unary(operator, operand):
            return (operator, shape(operand))
        case Binary(operator, left, right):
            return (shape(left), operator, shape(right))


def parse(text: str) -> Any:
    return shape(parse_expression(text, V3_GRAMMAR, LIMITS))


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


def nodes(node: Any) -> list[Any]:
    """A tree's nodes from left to right, each before its parts."""
    match node:
        case Binary(_, left, right):
            return [node, *nodes(left), *nodes(right)]
        case Unary(_, operand):
            return [node, *nodes(operand)]
        case Path((Segment(_, tuple() as arguments),)):
            return [node, *[found for argument in arguments for found in nodes(argument.value)]]
        case _:
            return [node]


def test_nodes_know_where_they_stand() -> None:
    tree = parse_expression(" not f(A, 'x') and B/c eq 5", V3_GRAMMAR, LIMITS)
    called = Path((Segment("f", (Argument(Path((Segment("A"),))), Argument(Literal("x", STRING)))),))
    assert tree == Binary(
        "and", Unary("not", called, 1), Binary("eq", Path((Segment("B"), Segment("c"))), Literal(5, INT32, 26), 23), 15
    )
    positions = [(node, node.position) for node in nodes(tree)]
    assert [position for _, position in positions] == [15, 1, 5, 7, 10, 23, 19, 26]


@pytest.mark.parametrize(
    ("text", "expected", "found", "position"),
    [
        ("", "an expression", "the end", 0),
        ("   ", "an expression", "the end", 3),
        ("A eq", "a blank after 'eq'", "the end", 4),
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
        ("A/", "a name", "the end", 2),
        ("A//b", "a name", "'/'", 2),
        ("A/5", "a name", "'5'", 2),
        ("/A", "an expression", "'/'", 0),
        ("5/A", "the end", "'/'", 1),
        ("A in (1,2)", "the end", "'in ('", 2),
    ],
)
def test_syntax_errors_name_what_is_expected_and_where(text: str, expected: str, found: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3_GRAMMAR, LIMITS)
    error = caught.value
    assert (error.message, error.text, error.position) == (
        f"Syntax error: {expected} is expected, but {found} was found.",
        text,
        position,
    )


@pytest.mark.parametrize(
    ("text", "character", "position"),
    [("A && B", "&", 2), ("A\n", "\n", 1), ("A ?", "?", 2), ("#A", "#", 0)],
)
def test_characters_outside_the_language_are_refused(text: str, character: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_expression(text, V3_GRAMMAR, LIMITS)
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
        parse_expression(text, V3_GRAMMAR, LIMITS)
    assert caught.value.render().split("\n", 1)[1] == picture


# ---------------------------------------------------------------- limits


def test_siblings_do_not_add_to_the_depth() -> None:
    text = " and ".join(["((A) eq (B))"] * 150)
    parse_expression(text, V3_GRAMMAR, Limits(expression_depth=3))


def test_a_chain_of_1000_items_is_one_left_deep_tree() -> None:
    node, length = parse_expression("A" + " or A" * 999, V3_GRAMMAR, LIMITS), 1
    while isinstance(node, Binary):
        assert (node.operator, shape(node.right)) == ("or", "A")
        node, length = node.left, length + 1
    assert (node, length) == (Path((Segment("A"),)), 1_000)


WORDS = (
    *("A", "not", "and", "or", "eq", "add", "-", "(", ")", ",", "/", "=", "*", ":", "'x'", "'", "5", "1.5M", "null"),
    *("true", "guid'", "datetime'1'", "asc", "desc", "f(", "x.y", " ", "INF", "binary''", "time'PT1S'", "😀", "$"),
)


@given(text=st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join) | st.lists(st.sampled_from(WORDS)).map("".join))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_expression(text, V3_GRAMMAR, LIMITS)
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
        st.tuples(inner, st.sampled_from(sorted(V3_GRAMMAR.precedence)), inner),
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
