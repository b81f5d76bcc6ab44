# How the URL corpora write trees: translators from our trees to the notations of those who wrote them, so that
# precedence and structure are compared and not acceptance alone. Blanks and the spelling of literals do not count.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from odata_core.edm import ComplexType, EntitySet, Property, Singleton
from odata_core.limits import Limits
from odata_core.query.resource import Invocation, Kind, Resource, Step
from odata_core.query.tree import Dynamic, Follow
from odata_core.query.urls import BoundUrl
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V2_GRAMMAR, V4_GRAMMAR
from odata_core.uri.printer import print_expression
from odata_core.uri.syntax import (
    Binary,
    EnumLiteral,
    Lambda,
    Literal,
    Node,
    OrderByItem,
    Path,
    Search,
    SearchJoin,
    SearchNot,
    SearchTerm,
    Segment,
    Unary,
)

LIMITS: Final = Limits()


def _unknown(node: object) -> AssertionError:
    return AssertionError(f"no line of this corpus has a {type(node).__name__}")


# ------------------------------------------------------------------ Olingo 2: {{a eq b} and {not c}}


def braced(tree: Node | tuple[OrderByItem, ...]) -> str:
    """An expression or $orderby of v2 in braces: `{a eq b}`, `{concat('A',b)}`, `{{a/b}/c}`, `{oc({o(a, asc)})}`."""
    if isinstance(tree, tuple):
        items = [f"{{o({braced(item.expression)}, {'desc' if item.descending else 'asc'})}}" for item in tree]
        return f"{{oc({','.join(items)})}}"
    match tree:
        case Literal():
            return print_expression(tree, V2_GRAMMAR)
        case Unary(operator, operand):
            return f"{{{operator} {braced(operand)}}}"
        case Binary(operator, left, right):
            return f"{{{braced(left)} {operator} {braced(right)}}}"
        case Path((first, *rest)):
            text = _braced_segment(first)
            for segment in rest:
                text = f"{{{text}/{_braced_segment(segment)}}}"
            return text
        case _:
            raise _unknown(tree)


def _braced_segment(segment: Segment) -> str:
    if segment.arguments is None:
        return segment.name
    # The origin gives names such as testingMINMAX2 to its `concat`, to try numbers of arguments.
    name = re.sub(r"testingMINMAX\d", "concat", segment.name)
    return f"{{{name}({','.join([braced(argument.value) for argument in segment.arguments])})}}"  # type: ignore[arg-type]


def spelled_our_way(text: str) -> str:
    """The same text with literals as our printer spells them: `X'FF'` and `binary'FF'`, `1d` and `1D` are the same."""
    lexemes = V2_GRAMMAR.lexemes.findall(text)
    return "".join([_respelled(lexeme) if V2_GRAMMAR.literal.fullmatch(lexeme) else lexeme for lexeme in lexemes])


def _respelled(lexeme: str) -> str:
    return print_expression(parse_expression(lexeme, V2_GRAMMAR, LIMITS), V2_GRAMMAR)


_KINDS_OF_URI_TYPES: Final = {
    "URI0": Kind.ROOT,
    "URI1": Kind.COLLECTION,
    "URI2": Kind.ENTITY,
    "URI3": Kind.PROPERTY,
    "URI5": Kind.VALUE,
    "URI6A": Kind.ENTITY,
    "URI6B": Kind.COLLECTION,
    "URI7B": Kind.LINKS,
    "URI10": Kind.ENTITY,
    "URI10a": Kind.COLLECTION,
    "URI16": Kind.COUNT,
    "URI50A": Kind.COUNT,
    **dict.fromkeys(("URI12", "URI13", "URI14"), Kind.RESULT),
}


def facts_as_ours(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a line says about a URL, with kinds of resources by our names."""
    changed: dict[str, Any] = {"uri_type": _KINDS_OF_URI_TYPES[facts["uri_type"]]} if "uri_type" in facts else {}
    if "inlinecount" in facts:
        changed["inlinecount"] = facts["inlinecount"] == "ALLPAGES"
    return {**facts, **changed}


def facts_of(bound: BoundUrl, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same about what we understood."""
    resource, options = bound.resource, bound.options
    called = next((step.name for step in resource.steps if isinstance(step, Invocation)), None)
    known: Mapping[str, Callable[[], Any]] = {
        "entity_set": lambda: resource.entity_set.name.rpartition(".")[2],
        "function_import": lambda: called,
        # The value of what a function gives is a function to the origin.
        "uri_type": lambda: Kind.RESULT if called and resource.kind is Kind.VALUE else resource.kind,
        "keys": lambda: {index: str((resource.hops[-1].key or ())[int(index)]) for index in asked["keys"]},
        "format": lambda: options.format,
        "inlinecount": lambda: options.count,
        "skip": lambda: options.skip,
        "top": lambda: options.top,
    }
    return {name: known[name]() for name in asked}


# ------------------------------------------------------------------ Olingo 4: <<a> eq <b>>


def angled(node: Node) -> str:
    """An expression of v4 in angle brackets, without blanks.

    Keys, namespaces and arguments of the model's functions are not written, nor is a type at the very beginning.
    """
    match node:
        case Literal():
            return f"<{print_expression(node, V4_GRAMMAR)}>"
        case EnumLiteral(type_name, text):
            return f"<{type_name}<{text}>>"
        case Unary(operator, operand):
            return f"<{operator}{angled(operand)}>"
        case Binary(operator, left, right):
            return f"<{angled(left)}{operator}{angled(right)}>"
        case Path((Segment(name, arguments),)) if arguments is not None and "." not in name:
            return f"<{name}({','.join([angled(argument.value) for argument in arguments])})>"  # type: ignore[arg-type]
        case Path(segments):
            is_cast = len(segments) > 1 and segments[0].arguments is None and "." in segments[0].name
            return f"<{'/'.join([_angled_segment(segment) for segment in segments[is_cast:]])}>"
        case _:
            raise _unknown(node)


def _angled_segment(segment: Segment) -> str:
    name = segment.name
    if name in ("any", "all"):
        assert not segment.arguments, "no line of this corpus has a condition in any or all"
        return f"<{name.upper()};>"
    return name if segment.arguments is None else name.rpartition(".")[2]


def searched(search: Search) -> str:
    """$search: `{'a' AND {NOT 'b'}}`."""
    match search:
        case SearchTerm(text):
            return f"'{text}'"
        case SearchNot(operand):
            return f"{{NOT {searched(operand)}}}"
        case SearchJoin(operator, left, right):
            return f"{{{searched(left)} {operator} {searched(right)}}}"
        case _:
            assert_never(search)


_ENDINGS: Final = {Kind.COUNT: "Count", Kind.VALUE: "Value", Kind.MEDIA: "Value", Kind.LINKS: "Ref"}


def segments_of(resource: Resource) -> list[str]:
    """A path: `EntitySet:Name`, `NavProperty:Name`, `Count`; keys and types are not written."""
    found = [text for step in resource.steps for text in _segments_of(step)]
    return [*found, _ENDINGS[resource.kind]] if resource.kind in _ENDINGS else found


def _segments_of(step: Step) -> list[str]:
    match step:
        case EntitySet() | Singleton():
            return [f"{type(step).__name__}:{step.name}"]
        case Follow(navigation):
            return [f"NavProperty:{navigation.name}"]
        case Property():
            return [f"{'Complex' if isinstance(step.type, ComplexType) else 'Primitive'}Property:{step.name}"]
        case Dynamic(name):
            return [f"DynamicProperty:{name}"]
        case Invocation(operation, imported=imported):
            kind = "Function" if operation.is_function else "Action"
            call = [f"{kind}:{operation.name}"]
            return call if imported is None else [f"{kind}Import:{imported.name}", *call]
        case _:
            return []


# ------------------------------------------------------------------ Web API 3: LINQ, as .NET prints it

_INFIX: Final = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "and": "AndAlso",
    "or": "OrElse",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "%",
}
_METHODS: Final = {
    "endswith": "EndsWith",
    "startswith": "StartsWith",
    "indexof": "IndexOf",
    "trim": "Trim",
    "concat": "Concat",
    "floor": "Floor",
    "ceiling": "Ceiling",
    "round": "Round",
    "length": "Length",
}
_PARTS: Final = frozenset({"year", "month", "day", "hour", "minute", "second"})
_LITERALS: Final[Mapping[str, Callable[[object], str]]] = {
    "Edm.String": lambda value: f'"{value}"',
    "Edm.Binary": lambda value: "System.Byte[]",
}


def linq(node: Node, variables: frozenset[str] = frozenset()) -> str:
    """A condition of v3 as a LINQ expression: `($it.Name == "x")`."""
    match node:
        case Literal(None):
            return "null"
        case Literal(value, kind):
            assert kind is not None
            return _LITERALS.get(kind.name, str)(value)
        case Binary(operator, left, right):
            return f"({linq(left, variables)} {_INFIX[operator]} {linq(right, variables)})"
        case Path((Segment(name, arguments),)) if arguments:
            first, *rest = [linq(argument.value, variables) for argument in arguments]  # type: ignore[arg-type]
            if name in _PARTS:
                return f"{first}.{name.title()}"
            return f"{first}.{_METHODS[name]}({', '.join(rest)})"
        case Path(segments):
            start = "" if segments[0].name in variables else "$it."
            return start + ".".join([_linq_segment(segment, variables) for segment in segments])
        case _:
            raise _unknown(node)


def _linq_segment(segment: Segment, variables: frozenset[str]) -> str:
    if segment.arguments is None:
        return "OfType()" if "." in segment.name else segment.name
    match [argument.value for argument in segment.arguments]:
        case []:
            return f"{segment.name.title()}()"
        case [Lambda(variable, body)]:
            return f"{segment.name.title()}({variable} => {linq(body, variables | {variable})})"
        case _:
            raise _unknown(segment)


def without_conversions(text: str) -> str:
    """A LINQ expression without what only .NET needs: conversions between its types, and values of nullables."""
    text = text.removeprefix("$it => ").replace(".Value", "").replace(".ToArray()", "")
    return re.sub(r"(?:Convert|new String)\(([^()]*)\)", r"\1", text)
