# What a URL means in a model, for programs: options and expressions bound where they stand, and bound values as JSON
# can say them.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Final, get_args

from ..edm import (
    AnyType,
    EntitySet,
    EnumType,
    Model,
    NavigationProperty,
    Operation,
    OperationImport,
    PrimitiveType,
    Property,
    Singleton,
)
from ..edm.types import StructuredType, type_name
from ..errors import BadRequest, suggestion
from ..limits import Limits
from ..query.binder import Binder
from ..query.option_binder import bind_options
from ..query.options import BoundOptions, Form
from ..query.path_rules import V2_RULES, V3_RULES, V4_RULES, PathRules
from ..query.resource import Invocation, Kind, Resource
from ..query.scope import Scope
from ..query.tree import Bound, Follow, Root, Variable
from ..query.urls import BoundUrl, bind_url
from ..records import record
from ..uri.encoding import decode_query
from ..uri.grammars import Grammar
from ..uri.syntax import Node, Options
from ..uri.urls import Url
from .syntax import OPTION_VALUES, Asked, explain_rule, plain

PATH_RULES: Final[Mapping[str, PathRules]] = {"2.0": V2_RULES, "3.0": V3_RULES, "4.0": V4_RULES, "4.01": V4_RULES}


@record
class Reader:
    """Finds the meaning of URLs of one version in one model."""

    model: Model
    grammar: Grammar
    rules: PathRules
    limits: Limits

    def url(self, url: Url) -> BoundUrl:
        return bind_url(url, self.model, self.grammar, self.limits, self.rules)

    def answer(self, asked: Asked) -> Mapping[str, Any]:
        """What a line means, as JSON can say it; `bound` tells whether it had anything to find in the model."""
        rule, text = asked["rule"].lower(), asked["input"]
        syntax = explain_rule(rule, text, self.grammar, self.limits)
        if rule in OPTION_VALUES and not isinstance(syntax, Url):
            value = text.partition("=")[2] if _HAS_NAME.match(text) else text
            syntax = Options({f"${rule}": syntax}, texts={f"${rule}": decode_query(value)})
        match syntax:
            case Url():
                return {"bound": True, "tree": plain_meaning(self.url(syntax))}
            case Options():
                return {"bound": True, "tree": plain_meaning(self.options(syntax, _context(asked)))}
            case _ if rule == "expression":
                found = self.expression(syntax, decode_query(text), _context(asked))
                return {"bound": True, "tree": plain_meaning(found)}
        return {"bound": False, "tree": plain(syntax)}

    def options(self, options: Options, context: str) -> BoundOptions:
        """Query options, with the name of the type of the rows that they are about."""
        return bind_options(options, self._scope(context))

    def expression(self, node: Node, text: str, context: str) -> Bound:
        return Binder(self._scope(context), text).expression(node)

    def _scope(self, context: str) -> Scope:
        kind = self._type(context)
        sets = [found for found in self.model.entity_sets.values() if found.type is kind]
        return Scope(self.model, self.grammar, self.limits, kind, sets[0] if len(sets) == 1 else None)

    def _type(self, name: str) -> AnyType:
        """A type by its qualified name, or by its last part where only one has it."""
        found = self.model.find_type(name)
        named = [found] if found is not None else [kind for kind in self.model.types.values() if kind.name == name]
        match named:
            case [StructuredType() | EnumType() | PrimitiveType() as kind]:
                return kind
            case []:
                near = suggestion(name[:100], [*self.model.types, *[kind.name for kind in self.model.types.values()]])
                raise BadRequest(f"There is no type '{name[:100]}'.{near}")
            case _:
                raise BadRequest(f"'{name[:100]}' is no single type: the qualified name of one is needed.")


_HAS_NAME: Final = re.compile(r"\$?[A-Za-z]+=")


def _context(asked: Asked) -> str:
    if "context" not in asked:
        raise BadRequest("The line must name the type of $it in 'context'.")
    return asked["context"]


# ------------------------------------------------------------------ as plain values

_TYPES: Final = (StructuredType, EnumType, PrimitiveType)
_NAMED: Final = (EntitySet, Singleton, Property, NavigationProperty, OperationImport)
_UNSHOWN: Final = frozenset(
    {"shape", "computed", "source", "target", "prefix", "is_collection"}
)  # what follows from the rest


def plain_meaning(value: Any) -> Any:
    """A bound value as JSON can say it: members of the model are names, `type` is that of an expression's value."""
    if isinstance(value, _TYPES):
        return type_name(value, is_collection=False)
    if isinstance(value, Operation):
        return value.qualified_name
    if isinstance(value, _NAMED):
        return value.name
    if isinstance(value, Mapping):
        return {name: plain_meaning(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain_meaning(item) for item in value]
    if isinstance(value, Kind | Form):
        return value.value
    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith(_QUERY):
        return _plain_parts(value)
    return plain(value)


_QUERY: Final = BoundUrl.__module__.rpartition(".")[0]


def _plain_parts(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"node": type(value).__name__}
    for part in fields(value):
        content = getattr(value, part.name)
        if part.compare and part.name not in _UNSHOWN and not is_default(content, part):
            found[part.name] = plain_meaning(content)
    if isinstance(value, _TYPED):
        found["type"] = type_of(value)
    return found


def is_default(content: Any, part: Field[Any]) -> bool:
    """What says nothing because it was not given."""
    default = part.default_factory() if part.default_factory is not MISSING else part.default
    return default is not MISSING and type(content) is type(default) and content == default


_TYPED: Final = (*get_args(Bound), Variable, Root, Resource, Invocation, Follow)


def type_of(value: Any) -> str:
    """The type of what has one: an expression, a resource, a member."""
    return "null" if value.type is None else type_name(value.type, value.is_collection)
