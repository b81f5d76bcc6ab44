# JSON batches (4.01 JSON Format, 19): {"requests": [{"id", "method", "url", "headers", "body", ...}, ...]}.

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from ..errors import BadRequest
from ..limits import Limits
from .batch import BatchAnswer, BatchRequest
from .json_text import decode_json, encode_json, restore_json

_MEMBERS = frozenset({"id", "method", "url", "headers", "body", "atomicityGroup", "dependsOn", "if"})


def read_json_batch(body: bytes, limits: Limits) -> list[BatchRequest]:
    """The requests of a batch in their order. BadRequest says where it is wrong, as a JSON path."""
    content = decode_json(body, limits)
    requests = content.get("requests") if isinstance(content, dict) else None
    if not isinstance(requests, list):
        _fail("$.requests", "an array of requests is expected")
    if len(requests) > limits.batch_parts:
        raise BadRequest(f"The batch has too many requests: the limit batch_parts is {limits.batch_parts}.")
    found = [_request(item, f"$.requests[{index}]") for index, item in enumerate(requests)]
    _check_ids(found)
    return found


def _request(item: Any, path: str) -> BatchRequest:
    if not isinstance(item, dict):
        _fail(path, "an object is expected")
    unknown = next((name for name in item if name not in _MEMBERS and "@" not in name), None)
    if unknown is not None:
        _fail(f"{path}.{unknown}", f"a request has no member '{unknown[:50]}'")
    headers = item.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        _fail(f"{path}.headers", "an object of strings is expected")
    low = {name.lower(): value for name, value in headers.items()}
    if item.get("body") is not None:
        low.setdefault("content-type", "application/json")  # other media types have to be told (19.1)
    depends = item.get("dependsOn", [])
    if not isinstance(depends, list) or not all(isinstance(one, str) for one in depends):
        _fail(f"{path}.dependsOn", "an array of ids is expected")
    group = item.get("atomicityGroup")
    return BatchRequest(
        _text(item, "method", path).upper(),
        _text(item, "url", path),
        low,
        _body(item, low, path),
        _text(item, "id", path),
        None if group is None else _text(item, "atomicityGroup", path),
        tuple(depends),
        "if" in item,
    )


def _text(item: Mapping[str, Any], name: str, path: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        _fail(f"{path}.{name}", "a string is expected")
    return value


def _body(item: Mapping[str, Any], headers: Mapping[str, str], path: str) -> bytes:
    """JSON as it is, text as UTF-8, anything else as base64url."""
    if item.get("body") is None:
        return b""
    body, kind = item["body"], headers.get("content-type", "application/json").lower()
    if "json" in kind:
        return restore_json(body)
    if not isinstance(body, str):
        _fail(f"{path}.body", "a string is expected, since the Content-Type is not JSON")
    if kind.startswith("text/"):
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        _fail(f"{path}.body", "base64url is expected")


def _check_ids(requests: Sequence[BatchRequest]) -> None:
    """Ids and groups are names of their own, and requests depend on earlier ones only."""
    known: set[str] = set()
    groups = {request.group for request in requests if request.group is not None}
    last: str | None = None
    closed: set[str] = set()
    for index, request in enumerate(requests):
        path, name = f"$.requests[{index}]", request.id or ""
        if name in known or name in groups:
            _fail(f"{path}.id", f"the id '{name[:50]}' is taken")
        missing = next((one for one in request.depends_on if one not in known), None)
        if missing is not None:
            _fail(f"{path}.dependsOn", f"there is no earlier request or group '{missing[:50]}'")
        if request.group != last and last is not None:
            closed.add(last)
        if request.group in closed:
            _fail(f"{path}.atomicityGroup", "the requests of a group must follow each other")
        last = request.group
        known.add(name)
        known |= {request.group} if request.group is not None else set()


def _fail(path: str, reason: str) -> NoReturn:
    raise BadRequest(f"At {path[:200]} of the batch: {reason}.", target=path)


def write_json_batch(answers: Sequence[BatchAnswer]) -> bytes:
    """The answers in their order."""
    return encode_json({"responses": [_answer(answer) for answer in answers]})


def _answer(answer: BatchAnswer) -> dict[str, Any]:
    found: dict[str, Any] = {"id": answer.id}
    if answer.group is not None:
        found["atomicityGroup"] = answer.group
    found["status"] = answer.status
    if answer.headers:
        found["headers"] = {name.lower(): value for name, value in answer.headers}
    if answer.body:
        kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
        found["body"] = _content(answer.body, kind.lower())
    return found


def _content(body: bytes, kind: str) -> Any:
    if "json" in kind:
        return msgspec.Raw(body)
    if kind.startswith("text/") or "xml" in kind:
        return body.decode("utf-8", "replace")
    return base64.urlsafe_b64encode(body).decode("ascii").rstrip("=")
