# Refusals: the answer to a request that no service saw, or that broke the service. One place, one format.
# Which OData version the client speaks is told by its headers or not at all. Without the headers of version 4 the body
# is the JSON error of version 3, which people can read; with them it is that of 4.0, which all its clients can.

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Final

from ..errors import InternalError, ODataError
from ..payload.errors import write_json_error
from ..payload.json_documents import error_content
from ..payload.json_text import encode_json
from .messages import Handler, Request, Response

LOG = logging.getLogger("odata.service")

# token = 1*tchar; a field value is visible latin-1 text, spaces and tabs   (RFC 9110, 5.6.2 and 5.5)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_OF_VERSION_4: Final = ("OData-Version", "OData-MaxVersion")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def refusal(error: ODataError, request: Request | None = None) -> Response:
    """The response that tells a client about an error: status, the headers that belong to it, and a JSON body."""
    if request is not None and any(name in request.headers for name in _OF_VERSION_4):
        headers = (("Content-Type", "application/json;charset=utf-8"), ("OData-Version", "4.0"), *error.headers)
        return Response(error.status, headers, encode_json({"error": error_content(error, has_language=False)}))
    headers = (("Content-Type", "application/json;charset=utf-8"), *error.headers)
    return Response(error.status, headers, write_json_error(error))


def answer(handler: Handler, request: Request) -> Response:
    """What `handler` answers, or the refusal that stands for what it raised. Never raises, never tells details."""
    try:
        response = handler.handle(request)
        check_headers(response)
    except ODataError as error:
        return refusal(error, request)
    except Exception:
        LOG.exception("The service failed on %s %s", printable(request.method), printable(request.path))
        return refusal(InternalError("The service failed. Its log tells why."), request)
    return response


def answer_whole(handler: Handler, request: Request) -> Response:
    """The same with all of the body, for who answers later: what fails late is a refusal, too."""
    try:
        return answer(handler, request).whole()
    except Exception:
        LOG.exception("The service failed on %s %s", printable(request.method), printable(request.path))
        return refusal(InternalError("The service failed. Its log tells why."), request)


def check_headers(response: Response) -> None:
    """A header that would break the framing of HTTP (CR, LF) or cannot be sent at all is a bug of the service."""
    for name, value in response.headers:
        if not _can_be_sent(name, value):
            raise ValueError(f"The response header '{name}' cannot be sent with the value {value!r}.")


@lru_cache(maxsize=1_024)
def _can_be_sent(name: str, value: str) -> bool:
    """Whether it is a header; most are the same in all answers."""
    return _NAME.fullmatch(name) is not None and _VALUE.fullmatch(value) is not None


def printable(text: str) -> str:
    """`text` as one line of visible ASCII of at most 500 characters, for logs."""
    shown = _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text[:501])
    return shown if len(shown) <= 500 else f"{shown[:497]}..."
