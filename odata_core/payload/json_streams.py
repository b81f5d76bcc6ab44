# Streams within JSON, where they are expanded: what is JSON is there as it is, text is a string, and everything else is
# base64url (4.01 JSON Format, 9).

from __future__ import annotations

import base64
from typing import Any

import msgspec
from werkzeug.http import parse_options_header


def inline_stream(media_type: str, content: bytes) -> Any:
    """The content of a stream as JSON has it. What is not what its media type says is bytes."""
    kind, options = parse_options_header(media_type)
    top, _, sub = kind.strip().lower().partition("/")
    try:
        if (top, sub) == ("application", "json") or sub.endswith("+json"):
            return msgspec.json.decode(content)
        if top == "text":
            return content.decode(options.get("charset", "utf-8"))
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, RecursionError):
        pass
    return base64url(content)


def base64url(content: bytes) -> str:
    """The content of the stream of a media entity (4.01 JSON Format, 10), and of any that is no text."""
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")
