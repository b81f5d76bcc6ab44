# What a URL, or any part of one, says: path, options, tree. For people, and by the line for programs. Without a model
# names are whatever they are; what they mean in one is found by a `Reader` (explain.meaning).

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ..edm import PrimitiveType
from ..errors import BadRequest, ODataError
from ..limits import Limits
from ..uri.encoding import decode_query
from ..uri.expressions import parse_expression
from ..uri.grammars import V2_GRAMMAR, V3_GRAMMAR, V4_GRAMMAR, Grammar
from ..uri.literals_v4 import Unreadable
from ..uri.query_options import Piece, read_option
from ..uri.rules import RENAMED, RULES
from ..uri.syntax import Options, Tree
from ..uri.urls import Url, parse_query, parse_relative, parse_uri

GRAMMARS: Final[Mapping[str, Grammar]] = {
    "2.0": V2_GRAMMAR,
    "3.0": V3_GRAMMAR,
    "4.0": V4_GRAMMAR,
    "4.01": V4_GRAMMAR,
}


def explain_url(text: str, grammar: Grammar, limits: Limits) -> Url:
    """An absolute URL, or one relative to the service root, with or without a slash before it."""
    if text.startswith(("http://", "https://")):
        return parse_uri(text, grammar, limits)
    return parse_relative(text.removeprefix("/"), grammar, limits)


# ------------------------------------------------------------------ by the line

# Kinds of the URI collections that are no rules of the ABNF: a value of an option, a URL, a query.
OPTION_VALUES: Final = frozenset(
    {"filter", "orderby", "search", "apply", "select", "expand", "top", "skip", "compute", "inlinecount"}
)
_URLS: Final = frozenset({"uri", "path", "route"})


def explain_rule(rule: str, text: str, grammar: Grammar, limits: Limits) -> Any:
    """What `text` says by a start rule of the ABNF, or by a kind such as `uri`, `path`, `filter`, `select-expand`."""
    kind = rule.lower()
    if kind in _URLS:
        return explain_url(text, grammar, limits)
    if kind in ("query", "select-expand"):
        is_query = text.startswith("$") and "?" not in text.partition("=")[0]  # `$all?$top=1` is a URL
        return parse_query(text, grammar, limits) if is_query else explain_url(text, grammar, limits)
    if kind == "expression":
        return parse_expression(decode_query(text), grammar, limits)
    if kind in OPTION_VALUES and not text.lower().startswith((f"${kind}=", f"{kind}=")):
        if f"?${kind}=" in text or f"&${kind}=" in text:
            return explain_url(text, grammar, limits)
        value = decode_query(text)
        return read_option(f"${kind}", Piece(value, 0, len(value), grammar, limits, 0))
    reader = RULES.get(RENAMED.get(kind, kind))
    if reader is None:
        raise BadRequest(f"There is no rule '{rule[:100]}'.")
    return reader(text, grammar, limits)


TOO_DEEP: Final = "It is understood, but its tree is too deep to be shown."
Asked = Mapping[str, str]
"""What a line asks: `rule`, `input`, and perhaps `context`, the type of the rows that an option is about."""


def explain_lines(
    lines: Iterable[str], grammar: Grammar, limits: Limits, answer: Callable[[Asked], Mapping[str, Any]] | None = None
) -> Iterator[bytes]:
    """One JSON object for each line of JSON: `ok` with `tree`, or not, with `error` and `position`.

    `answer` has more to say about what a line asks than its syntax: what it means.
    """
    encoder = msgspec.json.Encoder()
    for line in lines:
        if not line.strip():
            continue
        try:
            asked = _asked(line)
            if answer is not None:
                found = {"ok": True, **answer(asked)}
            else:
                found = {"ok": True, "tree": plain(explain_rule(asked["rule"], asked["input"], grammar, limits))}
            yield encoder.encode(found) + b"\n"
        except RecursionError:
            # A chain such as `1 add 1 add 1` is as deep a tree as it is long, and JSON of that depth is of no use.
            yield encoder.encode({"ok": True, "tree": None, "error": TOO_DEEP}) + b"\n"
        except ODataError as error:
            yield encoder.encode({"ok": False, "error": error.message, "position": error.position}) + b"\n"


def _asked(line: str) -> Asked:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequest("The line is not JSON.") from None
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) for name in ("rule", "input")):
        raise BadRequest("The line must be an object with 'rule' and 'input'.")
    if not isinstance(asked.get("context", ""), str):
        raise BadRequest("The 'context' of a line must be the name of a type.")
    return asked


# ------------------------------------------------------------------ trees as plain values


def plain(node: Any) -> Any:
    """A tree as JSON can say it: a node is an object whose `node` is its kind; what is empty is left out."""
    if isinstance(node, Tree | Url | Unreadable):
        # What does not count in comparisons says where something stands, or says it again in raw text.
        hidden = node.uncompared - {"position"} if isinstance(node, Tree) else frozenset()
        members = {name: getattr(node, name) for name in type(node).__match_args__ if name not in hidden}
        shown = {name: plain(value) for name, value in members.items() if not _is_absent(name, value)}
        return {"node": type(node).__name__, **shown}
    if isinstance(node, Mapping):
        return {str(name): plain(value) for name, value in node.items()}
    if isinstance(node, tuple | list):
        return [plain(item) for item in node]
    if isinstance(node, bytes):
        return node.hex()
    if isinstance(node, PrimitiveType):
        return node.name
    if node is None or isinstance(node, str | bool | int):
        return node
    return str(node)  # floats too, since JSON has no INF; decimals, dates and times in their own spelling


def _is_absent(name: str, value: Any) -> bool:
    """What says nothing: no parentheses, no options. A null value says something, and so does an empty list."""
    return (value is None and name != "value") or value == {} or (value == () and name not in ("arguments", "items"))


# ------------------------------------------------------------------ for people

Paint = Callable[[str, str], str]
_COLOURS: Final[Mapping[str, str]] = {"kind": "36", "value": "33", "label": "1", "error": "31"}


def painter(*, colour: bool) -> Paint:
    """What marks a text by its role, with the colours of a terminal or not at all."""
    if not colour:
        return lambda _role, text: text
    return lambda role, text: f"\x1b[{_COLOURS[role]}m{text}\x1b[0m"


def show_url(url: Url, paint: Paint) -> list[str]:
    """A URL as lines: its segments, then each option with its tree."""
    try:
        return _url(url, paint)
    except RecursionError:
        raise BadRequest(TOO_DEEP) from None


def _url(url: Url, paint: Paint) -> list[str]:
    lines = [paint("label", "path")]
    lines += [line for segment in url.path for line in _tree(plain(segment), paint, 1)] or ["  (the service root)"]
    lines += show_options(url.options, paint)
    if url.fragment is not None:
        lines += [paint("label", "context"), f"  {url.fragment}"]
    return lines


def show_options(options: Options, paint: Paint) -> list[str]:
    """Each option with its tree."""
    lines: list[str] = []
    for name, value in [*options.system.items(), *options.aliases.items()]:
        lines += [paint("label", name), *_tree(plain(value), paint, 1)]
    for name, value in options.custom:
        lines += [paint("label", name) + " (custom)", f"  {paint('value', value)}"]
    lines += [paint("error", f"{name} is given more than once") for name in options.repeated]
    return lines


def _tree(value: Any, paint: Paint, depth: int, label: str = "") -> list[str]:
    indent = "  " * depth + (f"{label}: " if label else "")
    if isinstance(value, list):
        if not value:
            return [indent + "()"]
        head = [indent.rstrip()] if label else []
        return head + [line for item in value for line in _tree(item, paint, depth + bool(label))]
    if not isinstance(value, dict):
        return [indent + paint("value", json.dumps(value, ensure_ascii=False))]
    kind = value.get("node")
    rest = {name: item for name, item in value.items() if name not in ("node", "position")}
    if kind is None:
        return [line for name, item in rest.items() for line in _tree(item, paint, depth, name)]
    scalars = {name: item for name, item in rest.items() if not isinstance(item, dict | list)}
    words = " ".join(f"{name}={paint('value', json.dumps(v, ensure_ascii=False))}" for name, v in scalars.items())
    lines = [f"{indent}{paint('kind', kind)} {words}".rstrip()]
    for name, item in rest.items():
        if name not in scalars:
            lines += _tree(item, paint, depth + 1, name)
    return lines
