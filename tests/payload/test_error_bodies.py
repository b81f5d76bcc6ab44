# Error bodies: each format's shape, and nothing in them that the format cannot hold.

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from odata_core.errors import BadRequest
from odata_core.payload.errors import write_json_error, write_xml_error

METADATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"


def test_json() -> None:
    error = BadRequest("No \"such\" 'thing'.", code="Nope")
    assert msgspec.json.decode(write_json_error(error)) == {
        "odata.error": {"code": "Nope", "message": {"lang": "en-US", "value": "No \"such\" 'thing'."}}
    }


@pytest.mark.parametrize(("message", "shown"), [("\x00\x07\r\n", "\x00\x07\r\n"), ("a\ud800b", "a?b"), ("😀", "😀")])
def test_json_holds_any_message(message: str, shown: str) -> None:
    body = write_json_error(BadRequest(message))
    assert msgspec.json.decode(body)["odata.error"]["message"]["value"] == shown


def test_a_syntax_error_tells_its_place() -> None:
    error = BadRequest("Syntax error.", text="Name eq", position=7)
    value = msgspec.json.decode(write_json_error(error))["odata.error"]["message"]["value"]
    assert value == "Syntax error. (At character 8 of: Name eq)"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("<a> & b", "<a> & b"),
        ("bell \x07 and null \x00", "bell \ufffd and null \ufffd"),
        ("\ud800 x \uffff", "\ufffd x \ufffd"),
    ],
)
def test_xml(message: str, shown: str) -> None:
    root = ElementTree.fromstring(write_xml_error(BadRequest(message, code="C")))
    told = root.find(f"{METADATA}message")
    assert told is not None
    assert (root.tag, root.findtext(f"{METADATA}code"), told.text) == (f"{METADATA}error", "C", shown)
    assert told.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-US"
