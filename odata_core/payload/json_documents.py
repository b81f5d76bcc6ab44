# Service documents and error bodies in JSON: what has no rows.

from __future__ import annotations

from typing import Any

from ..edm import Model
from ..errors import ODataError
from ..uri.encoding import encode_segment
from .errors import error_text


def service_items(model: Model, *, has_kinds: bool) -> list[dict[str, str]]:
    """4.01 JSON Format, 5: entity sets, singletons and function imports; version 3 knows sets only (JSON Light, 5)."""
    items = [_item(name, "EntitySet") for name, found in model.entity_sets.items() if found.in_service_document]
    if has_kinds:
        items += [_item(name, "Singleton") for name in model.singletons]
        for name, found in model.imports.items():
            if found.in_service_document and found.is_function:
                items.append(_item(name, "FunctionImport"))
        return items
    return [{"name": item["name"], "url": item["url"]} for item in items]


def _item(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "kind": kind, "url": encode_segment(name)}


def error_content(error: ODataError, *, has_language: bool) -> dict[str, Any]:
    """4.01 JSON Format, 21.1, with target and details; JSON Light 3.0, 14, with the language of the message."""
    text = _encodable(error_text(error))
    if has_language:
        return {"code": error.code, "message": {"lang": "en-US", "value": text}}
    content: dict[str, Any] = {"code": error.code or str(error.status), "message": text}
    if error.target is not None:
        content["target"] = _encodable(error.target)
    details = [error_content(detail, has_language=False) for detail in error.details]
    return {**content, "details": details} if details else content


def _encodable(text: str) -> str:
    """A lone surrogate, as in a file name of a driver's message, is no text that UTF-8 can say."""
    return text.encode("utf-8", "replace").decode("utf-8")
