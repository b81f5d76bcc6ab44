# JSON as text: strict where leniency would lose or invent something, bounded where hostile text would cost.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.payload.json_text import decode_json

LIMITS = Limits(body_depth=5)
TWICE = "The body is not valid JSON: an object has two members of the same name."
DEEP = "The body is nested too deeply: the limit body_depth is 5."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1.10}', {"a": Decimal("1.10")}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1e5", Decimal("1e5")),
        ('\ufeff{"a":true}', {"a": True}),
        ('{"a:b":{"c\\":d":[1]}}', {"a:b": {'c":d': [1]}}),
        ('"]]]]]]]]{{{{{{{{"', "]]]]]]]]{{{{{{{{"),
        ("[[[[[]]]]]", [[[[[]]]]]),
        ("18446744073709551616", 2**64),
        ("1E-999", Decimal("1E-999")),
        ('"\\ud83d\\ude00\\u0000"', "😀\x00"),
        ('["", "\\\\"]', ["", "\\"]),
    ],
)
def test_what_is_read(text: str, value: Any) -> None:
    assert decode_json(text.encode(), LIMITS) == value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a":1,"a":1}', TWICE),
        (b'{"a":{"b":1,"b":2}}', TWICE),
        (b'[{"x":1},{"x":1,"\\u0078":2}]', TWICE),
        (b"[[[[[[]]]]]]", DEEP),
        (b"[" * 1_000_000, DEEP),
        (b'{"a":' * 6 + b"1" + b"}" * 6, DEEP),
        (b"", None),
        (b" ", None),
        (b"\xef\xbb\xbf", None),
        (b"9" * 5_000, None),
        (b"01", None),
        (b"-Infinity", None),
        (b'"\xed\xa0\x80"', None),
        (b'{"\\ud800":1}', None),
        (b'"' + b'\\"' * 1_000_000, None),
        (b"{", None),
        (b"NaN", None),
        (b"'a'", None),
        (b'{"a":1,}', None),
        (b'"\xff"', None),
        (b'"\\ud800"', None),
        (b"1e999999999999999999999", None),
        (b"{} {}", None),
        (b"\xff\xfe{\x00}\x00", None),
    ],
)
def test_what_is_refused(body: bytes, message: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_json(body, LIMITS)
    assert caught.value.message.startswith("The body is ")
    assert message is None or caught.value.message == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_any_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    limits = Limits(body_depth=100)
    assert decode_json(json.dumps(value).encode(), limits) == value
    assert decode_json(json.dumps(value, ensure_ascii=False).encode(), limits) == value


@given(st.binary() | st.text(alphabet='{}[]",:\\ut1 ').map(str.encode))
def test_anything_else_is_a_bad_request(body: bytes) -> None:
    try:
        value = decode_json(body, LIMITS)
    except BadRequest:
        return
    assert value == json.loads(body.decode("utf-8-sig"), parse_float=Decimal)
