# OData's own header fields and preferences as text (4.01 ABNF, section 8), for checking and for `odata explain`.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..errors import BadRequest

_NAME: Final = r"[^\W\d]\w*"
_EQ: Final = r"[ \t]*=[ \t]*"
_TERM: Final = rf"-?(?:\*|{_NAME}(?:\.{_NAME})*\.(?:{_NAME}|\*))(?:\#{_NAME})?"
_URI: Final = r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}]+"

PREFERENCES: Final[Mapping[str, str]] = {
    "allowentityreferencespreference": r"(?:odata\.)?allow-entityreferences",
    "callbackpreference": rf'(?:odata\.)?callback[ \t]*;[ \t]*url{_EQ}"{_URI}"',
    "continueonerrorpreference": rf"(?:odata\.)?continue-on-error(?:{_EQ}(?i:true|false))?",
    "includeannotationspreference": rf'(?:odata\.)?include-annotations{_EQ}"{_TERM}(?:,{_TERM})*"',
    "maxpagesizepreference": rf"(?:odata\.)?maxpagesize{_EQ}[1-9][0-9]*",
    "omitvaluespreference": rf"omit-values{_EQ}(?:nulls|defaults)",
    "respondasyncpreference": "respond-async",
    "returnpreference": rf"return{_EQ}(?:representation|minimal)",
    "trackchangespreference": r"(?:odata\.)?track-changes",
    "waitpreference": rf"wait{_EQ}[0-9]+",
}
_PREFERENCE: Final = "(?:" + "|".join(PREFERENCES.values()) + ")"
_REQUEST_ID: Final = r"[A-Za-z0-9._~-]+"

HEADERS: Final[Mapping[str, str]] = {
    "asyncresult": r"(?i:AsyncResult):[ \t]*[0-9]{3}",
    "content-id": rf"(?i:Content-ID):[ \t]*{_REQUEST_ID}",
    "isolation": r"(?i:(?:OData-)?Isolation):[ \t]*(?i:snapshot)",
    "odata-entityid": r"(?i:OData-EntityID):[ \t]*[\x21-\x7e\x80-\U0010ffff]+",
    "odata-error": r'(?i:OData-Error):[ \t]*\{"code":[\x20-\x7e]*',
    "odata-maxversion": r"(?i:OData-MaxVersion):[ \t]*[0-9]+\.[0-9]+",
    "odata-version": r"(?i:OData-Version):[ \t]*4\.0[1-9]?",
    "prefer": rf"(?i:Prefer):[ \t]*{_PREFERENCE}(?:[ \t]*,[ \t]*{_PREFERENCE})*",
}

PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        **HEADERS,
        **PREFERENCES,
        "header": "(?:" + "|".join(HEADERS.values()) + ")",
        "preference": _PREFERENCE,
        "request-id": _REQUEST_ID,
    }.items()
}


def check_header(rule: str, text: str) -> None:
    """BadRequest unless the text is what the rule, a key of PATTERNS, describes."""
    if not PATTERNS[rule].fullmatch(text):
        raise BadRequest(f"'{text[:100]}' is no {rule}.", text=text, position=0)
