# The lines of the URL corpora as we read them, and the models that they are about, by the names that lines use.

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import quote

from odata_core.csdl import read_csdl
from odata_core.edm import AnyType, EntitySet, Model, ModelBuilder, prop
from odata_core.edm.primitives import INT32
from odata_core.query.binder import Binder
from odata_core.query.option_binder import bind_options
from odata_core.query.options import BoundOptions
from odata_core.query.scope import Scope
from odata_core.query.tree import Bound
from odata_core.query.urls import BoundUrl, bind_url
from odata_core.uri.expressions import parse_expression
from odata_core.uri.syntax import Node, Options, OrderByItem
from odata_core.uri.urls import Url, parse_query, parse_relative
from tests.conformance.corpora import Line, path_of
from tests.query.paths import FAMILIES, LIMITS

# The first file is the model, the others are what it references. What is not here has no document: parse only.
DOCUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "olingo2-RefScenario-mock": ("olingo2-RefScenario-mock.xml",),
    "olingo2-TecRefScenario:EtAllTypes": ("olingo2-TecRefScenario.xml",),
    "WebApiV3-FilterBinderTests": ("webapi3-FilterBinder.xml",),
    "WebApiV3-Validation": ("webapi3-FilterBinder.xml",),
    "WebApiV3-ODataRoutingModel": ("webapi3-Routing.xml",),
    "olingo4-TecSvc": ("olingo4-TecSvc.xml",),
    "odata.net-HardCodedTestModel": (
        "odata.net-HardCodedTestModel-MainModelXml.xml",
        *(f"odata.net-HardCodedTestModel-SubModelXml{number}.xml" for number in (1, 2, 3, 4)),
    ),
}
# The type of `$it` where the name of the model says it, or all lines of a model have the same.
_CONTEXTS: Final = {"olingo2-TecRefScenario:EtAllTypes": "EtAllTypes", "WebApiV3-Validation": "Product"}


@cache
def model_of(name: str) -> Model | None:
    """The model that lines name, or None where nobody has its document."""
    files = DOCUMENTS.get(name)
    if files is None:
        return None
    main, *others = [path_of(f"metadata/models/{file}").read_bytes() for file in files]
    return read_csdl(main, references={f"http://submodel{number}": text for number, text in enumerate(others, 1)})


def context_of(line: Line) -> str | None:
    """The name of the type of `$it`; None where the line is a URL and its path tells."""
    name: str | None = line.get("context") or _CONTEXTS.get(line["model"])
    return name


def scope_of(line: Line, model: Model, version: int) -> Scope:
    """Where a line with a context is bound: rows of that type, in the first set of such rows."""
    name = context_of(line)
    kind: AnyType = next((kind for kind in model.types.values() if kind.name == name), INT32)
    source: EntitySet | None = next((found for found in model.entity_sets.values() if found.type is kind), None)
    return Scope(model, FAMILIES[version][0], LIMITS, kind, source)


@cache
def untyped_rows() -> Model:
    """Rows of an open type, in which every name is a dynamic property: for lines without a model."""
    builder = ModelBuilder("Any")
    builder.entity("Row", key="Key", properties={"Key": prop("Int32", nullable=False)}, open=True)
    return builder.build()


# ------------------------------------------------------------------ reading lines

_URLS: Final = frozenset({"uri", "path", "route"})


def parse_line(line: Line, version: int) -> Url | Options | Node:
    """A line as syntax: a URL, a query, or a lone expression."""
    grammar, text, kind = FAMILIES[version][0], line["uri"], line["kind"]
    if kind == "expression":
        return parse_expression(text, grammar, LIMITS)
    if kind in _URLS or (context_of(line) is None and "?" in text) or "path" in line:
        return parse_relative(text.removeprefix("/") if version == 2 else text, grammar, LIMITS)
    query = text if kind == "select-expand" else f"${kind}={text}"
    return parse_query(quote(query, safe="$=&,;/()'@*!:-._~+"), grammar, LIMITS)


def bind_line(line: Line, version: int) -> BoundUrl | BoundOptions | None:
    """What a line means in its model; None where it has none, so that it is only parsed."""
    grammar, rules = FAMILIES[version]
    syntax, model = parse_line(line, version), model_of(line["model"])
    if model is None:
        return None
    if isinstance(syntax, Url):
        return bind_url(syntax, model, grammar, LIMITS, rules)
    assert isinstance(syntax, Options), "lone expressions have no model"
    return bind_options(syntax, scope_of(line, model, version))


def bind_untyped(line: Line, version: int) -> Bound:
    """The expression of a line without a model, bound to rows that have any property."""
    model = untyped_rows()
    scope = Scope(model, FAMILIES[version][0], LIMITS, model.types["Any.Row"])
    return Binder(scope, line["uri"]).expression(expression_of(line, version))


def expression_of(line: Line, version: int) -> Node:
    """The syntax tree of a $filter, of the first key of $orderby, or of a lone expression."""
    tree = syntax_of(line, version)
    return tree[0].expression if isinstance(tree, tuple) else tree


def syntax_of(line: Line, version: int) -> Node | tuple[OrderByItem, ...]:
    """The syntax tree of the option that a line is about."""
    syntax = parse_line(line, version)
    options = syntax.options if isinstance(syntax, Url) else syntax
    if not isinstance(options, Options):
        return options
    tree: Node | tuple[OrderByItem, ...] = options.system[f"${line['kind']}"]
    return tree
