# Percent escapes, the path and the query as pairs of raw and decoded text.

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.uri import V3_GRAMMAR, decode, decode_query, encode_segment, split_query
from odata_core.uri.resource_paths import parse_path

LIMITS = Limits()


def split_path(raw: str, limits: Limits) -> tuple[str | None, ...]:
    """The decoded segments of a path in which any of them may be a key."""
    return tuple([segment.text for segment in parse_path(raw, V3_GRAMMAR, limits, key_as_segment=True)])


AWKWARD = st.text(alphabet="'\"/\\+%&?#$@*=,;:()<>[]{} \t\n\x00äß€😀~.-_25Ff")
TEXTS = st.text() | AWKWARD


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("", ""),
        ("Products", "Products"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%2F", "/"),
        ("%2f", "/"),
        ("%25", "%"),
        ("%2525", "%25"),
        ("some%2530value", "some%30value"),
        ("%27%27", "''"),
        ("Products%281%29", "Products(1)"),
        ("%C3%A4", "ä"),
        ("%F0%9F%98%80", "😀"),
        ("ä%20€", "ä €"),
        ("%00", "\x00"),
    ],
)
def test_decoding_happens_once(raw: str, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [("a+b", "a b"), ("a%2Bb", "a+b"), ("%2B+%2b", "+ +"), ("%252B", "%2B"), ("+", " ")],
)
def test_a_plus_sign_in_a_query_is_a_blank(raw: str, text: str) -> None:
    assert decode_query(raw) == text


@pytest.mark.parametrize(
    ("raw", "position"),
    [("%", 0), ("abc%", 3), ("a%2", 1), ("%zz", 0), ("%2G", 0), ("%20%-1", 3), ("%u00e4", 0), ("% 20", 0)],
)
def test_an_incomplete_escape_is_refused(raw: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(raw)
    assert (caught.value.message, caught.value.text, caught.value.position) == (
        "In the URL, '%' must be followed by two hexadecimal digits.",
        raw,
        position,
    )


@pytest.mark.parametrize(
    "raw", ["%FF", "a%E4b", "%C3", "%C3%28", "%ED%A0%80", "%F8%88%80%80%80", "%C0%AF", "\ud800%20"]
)
def test_bytes_that_are_not_utf_8_are_refused(raw: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(raw)
    assert caught.value.message == f"The percent-encoded text '{raw}' is not UTF-8."


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("Set", ("Set",)),
        ("Set(1)/Name/$value", ("Set(1)", "Name", "$value")),
        # Split first, decode then: an encoded slash is part of its segment.
        ("Set('a%2Fb')/Name", ("Set('a/b')", "Name")),
        ("Set('a%252Fb')", ("Set('a%2Fb')",)),
        ("Set('100%25')", ("Set('100%')",)),
        ("Set('a+b')", ("Set('a+b')",)),
        ("Set(%27O%27%27Neil%27)", ("Set('O''Neil')",)),
        ("Products%281%29/%24count", ("Products(1)", "$count")),
        ("a/../b/.", ("a", "..", "b", ".")),
        # A quoted key torn apart at its slash is made whole, also where the quotation marks were encoded.
        ("Set('a/b')", ("Set('a/b')",)),
        ("Set('a/b')/Name", ("Set('a/b')", "Name")),
        ("Set('/')", ("Set('/')",)),
        ("Set('a//b')", ("Set('a//b')",)),
        ("Set('a/b/c/')/Name", ("Set('a/b/c/')", "Name")),
        ("Set(%27a/b%27)", ("Set('a/b')",)),
        ("Set(A='x/y',B='z')", ("Set(A='x/y',B='z')",)),
        ("Set(A='x',B='y/z')/N", ("Set(A='x',B='y/z')", "N")),
        ("Set('it''s/ok')/N", ("Set('it''s/ok')", "N")),
        ("Set('a''/''b')/N", ("Set('a''/''b')", "N")),
        ("Set('a/b')/Nav('c/d')/N", ("Set('a/b')", "Nav('c/d')", "N")),
        # No parenthesis, no predicate: a quotation mark is a part of a key segment.
        ("Set/it's/Name", ("Set", "it's", "Name")),
        ("Set/5'/6'", ("Set", "5'", "6'")),
        # What opens and never closes was not torn.
        ("Set/a('b/Name", ("Set", "a('b", "Name")),
    ],
)
def test_paths_are_split_before_they_are_decoded(raw: str, segments: tuple[str, ...]) -> None:
    assert split_path(raw, LIMITS) == segments


def test_the_number_of_segments_is_limited() -> None:
    assert split_path("a/" * 64, LIMITS) == ("a",) * 64
    with pytest.raises(BadRequest) as caught:
        split_path("a/" * 65, LIMITS)
    assert caught.value.message == "The path has more than 64 segments (limit path_segments)."


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        ("", ()),
        ("&&", ()),
        ("$top=1", (("$top", "1"),)),
        ("%24filter=Name%20eq%20%27a%26b%27", (("$filter", "Name eq 'a&b'"),)),
        ("$filter=StampId+eq+guid'1'+and+B", (("$filter", "StampId eq guid'1' and B"),)),
        ("a=b=c&d&=e", (("a", "b=c"), ("d", ""), ("", "e"))),
        ("a%3Db=c%3Dd", (("a=b", "c=d"),)),
        ("a=1&a=2", (("a", "1"), ("a", "2"))),
        ("a=1;b=2", (("a", "1;b=2"),)),
        ("x=%2525", (("x", "%25"),)),
        ("x=?/#", (("x", "?/#"),)),
    ],
)
def test_queries_are_split_before_they_are_decoded(raw: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert split_query(raw) == pairs


@pytest.mark.parametrize("raw", ["a=%", "%zz=1", "a=%FF"])
def test_a_query_with_a_bad_escape_is_refused(raw: str) -> None:
    with pytest.raises(BadRequest):
        split_query(raw)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("(ID=guid'0',StampId=5)", "(ID=guid'0',StampId=5)"),
        ("a/b", "a%2Fb"),
        ("a+b c", "a%2Bb%20c"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("Größe?#", "Gr%C3%B6%C3%9Fe%3F%23"),
        ('"<>\\^`{|}[]', "%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D"),
        ("\r\n\x00", "%0D%0A%00"),
        ("a~b-c.d_e!$&*;:@", "a~b-c.d_e!$&*;:@"),
    ],
)
def test_only_what_must_be_encoded_is(text: str, raw: str) -> None:
    assert encode_segment(text) == raw
    assert decode(raw) == text


@given(TEXTS)
def test_any_text_survives_a_path_segment(text: str) -> None:
    raw = encode_segment(text)
    assert raw.isascii()
    assert "/" not in raw
    assert decode(raw) == text


@given(TEXTS)
def test_any_text_survives_a_query(text: str) -> None:
    raw = encode_segment(text).replace("&", "%26").replace("=", "%3D")
    assert split_query(f"a=1&{raw}={raw}") == (("a", "1"), (text, text))
