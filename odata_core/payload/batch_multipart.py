# Multipart batches (3.0 "Batch Processing"; 4.01 Part 1, 11.7): MIME parts that hold HTTP messages, change sets being
# multiparts within.
# Read leniently, since clients write CRLF or LF, blanks behind boundaries, a blank line before the first, no
# Content-Length; written strictly: CRLF everywhere, and exactly the MIME headers that each version's clients count.

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import groupby
from typing import Final

from werkzeug.http import parse_options_header

from ..errors import BadRequest, UnsupportedMediaType
from ..limits import Limits
from .batch import BatchAnswer, BatchRequest

_LINE: Final = re.compile(rb"\r?\n")
_BLANK: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_REQUEST: Final = re.compile(r"([A-Za-z]+) +(.+?)(?: +HTTP/\d\.\d)?[ \t]*")
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*")


def read_multipart(body: bytes, content_type: str, limits: Limits) -> list[BatchRequest]:
    """The requests of a batch in their order. BadRequest says which part is wrong, counted from 1."""
    requests: list[BatchRequest] = []
    for number, part in enumerate(_parts(body, _boundary(content_type)), 1):
        headers, content = _head(part, f"part {number}")
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            for inner, one in enumerate(_parts(content, _boundary(kind)), 1):
                where = f"part {number}, change set, part {inner}"
                mime, message = _head(one, where)
                requests.append(replace(_request(mime, message, where), group=f"changeset {number}"))
        else:
            requests.append(_request(headers, content, f"part {number}"))
        if len(requests) > limits.batch_parts:
            raise BadRequest(f"The batch has too many requests: the limit batch_parts is {limits.batch_parts}.")
    return requests


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind.lower() != "multipart/mixed":
        raise UnsupportedMediaType("A batch is sent as multipart/mixed with a boundary.")
    if not 0 < len(boundary) <= 200:
        raise BadRequest("The Content-Type of a batch or a change set needs a boundary of at most 200 characters.")
    return boundary.encode("latin-1", "replace")


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the boundary lines; the line break before a boundary belongs to it (RFC 2046, 5.1.1)."""
    marks = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    start: int | None = None
    for mark in marks.finditer(body):
        if start is not None:
            yield body[start : mark.start()]
        start = mark.end()
        if mark[1]:
            return
    if start is None:
        raise BadRequest(f"The boundary '{boundary.decode('latin-1')[:100]}' is nowhere in the body.")
    raise BadRequest(f"The body ends without the closing boundary '{boundary.decode('latin-1')[:100]}--'.")


def _head(part: bytes, where: str) -> tuple[dict[str, str], bytes]:
    """The headers of a part or message and what follows the blank line behind them."""
    start = _LINE.match(part)
    text = part[start.end() :] if start is not None else part
    if _LINE.match(text):  # no headers at all
        found = _LINE.match(text)
        return {}, text[found.end() :] if found is not None else text
    blank = _BLANK.search(text)
    head, rest = (text, b"") if blank is None else (text[: blank.start()], text[blank.end() :])
    return _headers(_LINE.split(head), where), rest


def _headers(lines: Sequence[bytes], where: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        if not line.strip():
            continue
        match = _HEADER.fullmatch(line.decode("latin-1"))
        if match is None:
            raise BadRequest(f"In {where} of the batch, '{line[:100].decode('latin-1')}' is no header.")
        name = match[1].lower()
        headers[name] = f"{headers[name]}, {match[2]}" if name in headers else match[2]
    return headers


def _request(mime: dict[str, str], message: bytes, where: str) -> BatchRequest:
    """An HTTP request; its Content-ID stands among the MIME headers (v4) or its own (v1 to v3)."""
    if not mime.get("content-type", "application/http").lower().startswith("application/http"):
        raise BadRequest(f"In {where} of the batch, the Content-Type must be application/http.")
    text = message.lstrip(b"\r\n")
    line = _LINE.search(text)
    first, rest = (text, b"") if line is None else (text[: line.start()], text[line.start() :])
    match = _REQUEST.fullmatch(first.decode("utf-8", "replace"))
    if match is None:
        raise BadRequest(f"In {where} of the batch, '{first[:100].decode('latin-1')}' is no request line.")
    headers, body = _head(rest, where)
    length = headers.pop("content-length", "")
    if length.isascii() and length.isdigit() and int(length) <= len(body):
        body = body[: int(length)]
    content_id = headers.pop("content-id", None) or mime.get("content-id")
    return BatchRequest(match[1].upper(), match[2], headers, body, content_id)


# ------------------------------------------------------------------ writing


def write_multipart(answers: Sequence[BatchAnswer], boundary: str, *, id_in_mime: bool) -> bytes:
    """The answers in their order, those of a change set together. `id_in_mime` is where version 4 has Content-ID."""
    parts = [_whole(list(group), boundary, name, id_in_mime) for name, group in groupby(answers, _set_of)]
    return b"".join([f"--batchresponse_{boundary}\r\n".encode() + part for part in parts]) + (
        f"--batchresponse_{boundary}--\r\n".encode()
    )


def _set_of(answer: BatchAnswer) -> str | None:
    return answer.group


def _whole(answers: Sequence[BatchAnswer], boundary: str, group: str | None, id_in_mime: bool) -> bytes:
    if group is None:
        return f"--batchresponse_{boundary}\r\n".encode().join([_part(answer, id_in_mime) for answer in answers])
    # Kendo looks for a name of small letters, digits and hyphens behind the underscore.
    name = f"changesetresponse_{boundary}-{group.rpartition(' ')[2]}"
    head = f"Content-Type: multipart/mixed; boundary={name}\r\n\r\n".encode()
    inner = b"".join([f"--{name}\r\n".encode() + _part(answer, id_in_mime) for answer in answers])
    return head + inner + f"--{name}--\r\n".encode()


def _part(answer: BatchAnswer, id_in_mime: bool) -> bytes:
    mime = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    own = [f"{name}: {value}" for name, value in answer.headers]
    if answer.id is not None:
        (mime if id_in_mime else own).append(f"Content-ID: {answer.id}")
    if answer.body:
        own.append(f"Content-Length: {len(answer.body)}")
    status = f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"
    head = "\r\n".join([*mime, "", status, *own, "", ""])
    return head.encode("latin-1", "replace") + answer.body + b"\r\n"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
