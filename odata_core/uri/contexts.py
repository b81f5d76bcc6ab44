# Context URLs: the fragment behind $metadata (4.01 ABNF, section 3). Names are not looked up; the structure is checked.

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ..errors import BadRequest
from ..limits import Limits
from . import literals_v4 as forms
from .split import Outline

_NAME: Final = r"[^\W\d]\w{0,127}"
_QUALIFIED: Final = rf"{_NAME}(?:\.{_NAME})+"
_FIXED: Final = frozenset({"Collection($ref)", "$ref", "Collection(Edm.EntityType)", "Collection(Edm.ComplexType)"})
_TYPE: Final = re.compile(rf"(?:Collection\({_QUALIFIED}\)|{_QUALIFIED})")
_SET_TAIL: Final = re.compile(r"/\$(?:entity|delta|deletedEntity|link|deletedLink)\Z")
_STRING: Final = r"'(?:[^']|'')*'"
_VALUES: Final = (
    *(
        forms.ENUM_VALUE,
        _STRING,
        "(?i:true|false)",
        forms.GUID,
        forms.DATE + "[Tt]" + forms.TIME + forms.ZONE,
        forms.DATE,
        forms.TIME,
    ),
    *(forms.DECIMAL, forms.NAN_INFINITY, forms.DURATION),
)
# Atomic, since some texts are values of several kinds: a second try would double the time with every key.
_KEY_VALUE: Final = rf"(?>(?:{'|'.join(_VALUES)})(?=[,)]))"
_KEY: Final = rf"\((?:{_KEY_VALUE}|{_NAME}={_KEY_VALUE}(?:,{_NAME}={_KEY_VALUE})*)\)"
_CAST: Final = rf"(?:/{_QUALIFIED})?"
_MEMBERS: Final = rf"/{_NAME}(?:{_CAST}/{_NAME})*"
# A key leads to one entity, behind which something of it is named: singletons, then sets and properties of entities.
_CONTAINED: Final = rf"(?:{_KEY}{_CAST}{_MEMBERS})*"
_PATH: Final = rf"{_NAME}(?:{_MEMBERS}{_CONTAINED}{_CAST})?|{_NAME}{_CONTAINED}{_CAST}(?:{_KEY}{_MEMBERS})?"
_ITEM: Final = (
    rf"(?:\*|{_NAME}(?:\.{_NAME})*\.\*|(?:{_QUALIFIED}/)?"
    rf"(?:{_QUALIFIED}|@(?:{_NAME}\.)*{_NAME}(?:\#{_NAME})?|{_NAME})(?:/(?:{_QUALIFIED}|{_NAME}))*\+?)"
)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern, made when it is first needed: it takes some milliseconds, and most services never read a context."""
    return re.compile(text)


def check_context(text: str, limits: Limits) -> None:
    """BadRequest unless the text, `#` included, is a context URL's fragment."""
    limits.check_length(text)
    if not text.startswith("#"):
        raise BadRequest("A context begins with '#'.", text=text, position=0)
    if text[1:] in _FIXED:
        return
    start, end = 1, len(text)
    type_name = _TYPE.match(text, 1)
    if type_name is not None:
        start = type_name.end()
    else:
        tail = _SET_TAIL.search(text)
        end = tail.start() if tail is not None else end
        opening = _list_start(text, start, end)
        path = _pattern(_PATH).fullmatch(text, start, opening)
        if path is None:
            raise BadRequest("The name of an entity set, singleton or type is expected.", text=text, position=start)
        start = opening
    if start < end:
        _check_list(Outline(text, limits, start, end), start, end)


def _list_start(text: str, start: int, end: int) -> int:
    """Where the list of selected properties begins: the last parenthesis at the outside, as no key is at the end."""
    if text[end - 1 : end] != ")":
        return end
    depth = 0
    for position in range(end - 1, start, -1):
        depth += (text[position] == ")") - (text[position] == "(")
        if depth == 0:
            return position
    return end


def _check_list(outline: Outline, start: int, end: int) -> None:
    """selectList = "(" [ selectListItem *( "," selectListItem ) ] ")" """
    text = outline.text
    if text[start] != "(" or outline.parenthesized(start, end) is None:
        raise BadRequest("A list of properties in parentheses is expected.", text=text, position=start)
    if end - start == 2:
        return
    for first, last in outline.split(",", start + 1, end - 1):
        frame = outline.parenthesized(first, last)
        head = last if frame is None else frame[0]
        if not _pattern(_ITEM).fullmatch(text, first, head):
            raise BadRequest("The name of a property is expected.", text=text, position=first)
        if frame is not None:
            _check_list(outline, frame[0], last)
