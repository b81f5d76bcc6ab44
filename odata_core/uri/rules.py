# The start rules of the OASIS ABNF, by name in lower case: text of a URL, payload or header -> what it says.
# For `odata explain` and for the official test cases. A rule is a row: how to get at the text, and what reads it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import BadRequest
from ..limits import Limits
from . import literals_v4 as forms
from .contexts import check_context
from .encoding import decode
from .expressions import Expressions
from .grammars import Grammar
from .headers import PATTERNS, check_header
from .query_options import Piece, nested_options
from .resource_paths import parse_path
from .search import parse_search
from .syntax import EnumLiteral, Literal, Path
from .urls import parse_query, parse_relative, parse_uri

Rule = Callable[[str, Grammar, Limits], Any]


def _expression(text: str, grammar: Grammar, limits: Limits) -> Any:
    return Expressions(decode(text), grammar, limits).whole()


def _quantifier(text: str, grammar: Grammar, limits: Limits) -> Any:
    """any and all, which the grammar has only behind a path"""
    path = Expressions(f"_/{decode(text)}", grammar, limits).whole()
    return Path(path.segments[1:]) if isinstance(path, Path) and len(path.segments) > 1 else path


def _literal(text: str, grammar: Grammar, limits: Limits) -> Any:
    expressions = Expressions(decode(text), grammar, limits)
    expressions.begin()
    node = expressions.finish(expressions.operand())
    if not isinstance(node, Literal | EnumLiteral) or expressions.lexemes[0] == "(":
        raise BadRequest("A literal is expected.", text=expressions.text, position=0)
    return node


def _pattern(pattern: str, *, decoded: bool) -> Rule:
    compiled = re.compile(pattern)

    def rule(text: str, grammar: Grammar, limits: Limits) -> str:
        plain = decode(text) if decoded else text
        if not compiled.fullmatch(plain):
            raise BadRequest(f"'{plain[:100]}' does not fit the rule.", text=plain, position=0)
        return plain

    return rule


def _function_parameter(text: str, grammar: Grammar, limits: Limits) -> Any:
    expressions = Expressions(f"f({decode(text)})", grammar, limits)
    return expressions.finish(expressions.segment()).arguments


def _json_text(text: str, grammar: Grammar, limits: Limits) -> Any:
    expressions = Expressions(decode(text), grammar, limits)
    return expressions.finish(expressions.json_value())


def _query(text: str, grammar: Grammar, limits: Limits) -> Any:
    return parse_query(text, grammar, limits)


def _option(name: str) -> Rule:
    """A single system query option: the rule of that name, `$filter=...`."""

    def rule(text: str, grammar: Grammar, limits: Limits) -> Any:
        if "&" in text:
            raise BadRequest("One option is expected.", text=text, position=text.index("&"))
        options = parse_query(text, grammar, limits)
        if name not in options.system:
            raise BadRequest(f"The option {name} is expected.", text=text, position=0)
        return options.system[name]

    return rule


def _levels(text: str, grammar: Grammar, limits: Limits) -> Any:
    return nested_options(Piece(text, 0, len(text), grammar, limits, 0), "expand")


def _context(text: str, grammar: Grammar, limits: Limits) -> str:
    check_context(text, limits)
    return text


def _header(name: str) -> Rule:
    def rule(text: str, grammar: Grammar, limits: Limits) -> str:
        limits.check_length(text)
        check_header(name, text)
        return text

    return rule


_SIGNED: Final = "[+-]?"


def _integer(digits: int, sign: str) -> str:
    return rf"{sign}[0-9]{{1,{digits}}}"


_ENUM_TYPE: Final = rf"(?:{forms.NAME}\.)+{forms.NAME}"
_STRING: Final = r"'(?:[^']|'')*'"
_OFFSET_VALUE: Final = forms.DATE + "[Tt]" + forms.TIME + forms.ZONE
_NUMBER: Final = rf"(?:{forms.DECIMAL}|{forms.NAN_INFINITY})"

# Literals stand in URLs and are percent-decoded; values stand in payloads and are not.
_LITERALS: Final[Mapping[str, str]] = {
    "binaryliteral": rf"(?i:binary)'{forms.BASE64URL}'",
    "boolean": "(?i:true|false)",
    "byte": "[0-9]{1,3}",
    "date": forms.DATE,
    "datetimeoffsetliteral": forms.DATE + "[Tt]" + forms.TIME + forms.ZONE,
    "datetimeoffsetvalueinurl": _OFFSET_VALUE,
    "decimalliteral": _NUMBER,
    "doubleliteral": _NUMBER,
    "durationliteral": rf"(?i:duration)?'{forms.DURATION}'",
    "enumliteral": rf"(?:{_ENUM_TYPE})?'{forms.ENUM_VALUE}'",
    "guid": forms.GUID,
    "int16literal": _integer(5, _SIGNED),
    "int32literal": _integer(10, _SIGNED),
    "int64literal": _integer(19, _SIGNED),
    "null": "null",
    "sbyteliteral": _integer(3, _SIGNED),
    "singleliteral": _NUMBER,
    "stringliteral": _STRING,
    "timeofdayliteral": forms.TIME,
}
_SHAPES: Final = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "Collection")
_GEO: Final[Mapping[str, str]] = {
    f"{plane}{shape}".lower(): rf"(?i:{plane})'{forms.geo(shape)}'"
    for plane in ("geography", "geometry")
    for shape in _SHAPES
}
_VALUES: Final[Mapping[str, str]] = {
    "binaryvalue": forms.BASE64URL,
    "booleanvalue": "(?i:true|false)",
    "bytevalue": "[0-9]{1,3}",
    "datetimeoffsetvalue": _OFFSET_VALUE,
    "datevalue": forms.DATE,
    "decimalvalue": _NUMBER,
    "doublevalue": _NUMBER,
    "durationvalue": forms.DURATION,
    "enumvalue": forms.ENUM_VALUE,
    "guidvalue": forms.GUID,
    "int16value": _integer(5, _SIGNED),
    "int32value": _integer(10, _SIGNED),
    "int64value": _integer(19, _SIGNED),
    "sbytevalue": _integer(3, _SIGNED),
    "singlevalue": _NUMBER,
    "timeofdayvalue": forms.TIME,
}
_IDENTIFIERS: Final = """odataIdentifier entitySetName singletonEntity entityTypeName complexTypeName typeDefinitionName
    enumerationTypeName enumerationMember termName action actionImport function parameterName primitiveProperty
    complexProperty navigationProperty computedProperty lambdaVariableExpr""".lower().split()
_OPTIONS: Final[Mapping[str, str]] = {
    **{
        name: f"${name}"
        for name in """compute deltatoken expand filter format id orderby schemaversion search select skip skiptoken top
            index apply""".split()
    },
    "inlinecount": "$count",
}
_EXPRESSIONS: Final = """commonExpr boolCommonExpr primitiveLiteral rootExpr firstMemberExpr memberExpr propertyPathExpr
    notExpr negateExpr isofExpr castExpr functionExpr boundFunctionExpr methodCallExpr boolMethodCallExpr parenExpr
    annotationExpr inscopeVariableExpr keyPropertyValue""".lower().split()

_ANY_VALUE: Final = "(?:" + "|".join([*_VALUES.values(), forms.GEO]) + ")"

RULES: Final[Mapping[str, Rule]] = {
    **{name: _pattern(pattern, decoded=True) for name, pattern in {**_LITERALS, **_GEO}.items()},
    **{name: _pattern(pattern, decoded=False) for name, pattern in _VALUES.items()},
    **{name: _pattern(forms.NAME, decoded=True) for name in _IDENTIFIERS},
    **dict.fromkeys(_EXPRESSIONS, _expression),
    "allexpr": _quantifier,
    "anyexpr": _quantifier,
    "primitiveliteral": _literal,
    "keypropertyvalue": _literal,
    **{name: _option(option) for name, option in _OPTIONS.items()},
    **{name: _header(name) for name in PATTERNS},
    "aliasandvalue": _query,
    "arrayorobject": _json_text,
    "context": _context,
    "customqueryoption": _query,
    "functionparameter": _function_parameter,
    "levels": _levels,
    "nameandvalue": _query,
    "odatarelativeuri": parse_relative,
    "odatauri": parse_uri,
    "parametervalue": _json_text,
    "primitivevalue": _pattern(_ANY_VALUE, decoded=False),
    "queryoptions": _query,
    "resourcepath": parse_path,
    "searchexpr": lambda text, grammar, limits: parse_search(decode(text), limits),
    "stringinurl": _json_text,
    "systemqueryoption": _query,
}
"""What reads each start rule. Every one raises ODataError for text that the rule does not describe."""

# The names that older editions of the ABNF used.
RENAMED: Final[Mapping[str, str]] = {
    "binary": "binaryliteral",
    "duration": "durationliteral",
    "enum": "enumliteral",
    "nullvalue": "null",
    "string": "stringliteral",
}


def find_rule(name: str) -> Rule:
    """The reader of a start rule, whatever the case of its name; BadRequest for an unknown one."""
    folded = name.lower()
    rule = RULES.get(RENAMED.get(folded, folded))
    if rule is None:
        raise BadRequest(f"There is no rule '{name[:100]}'.")
    return rule
