# Filter expressions a second, side by side with the two Python libraries that parse them: odata-query 0.10 (by a
# parser generator) and odatapy 5.3.0 (hand-written). Run: `python -m benchmarks.expressions`, with the extra `bench`.
# Every contender first parses all 60,000 expressions, and must give a tree for each. Then, in each round, they take
# turns at slices of a class, so that a machine whose speed drifts treats all alike; a yardstick that never changes
# runs between the slices and shows how much it drifts. No expression occurs twice, so nothing can be remembered.

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final, get_args

from benchmarks.expression_texts import CLASSES, COLLECTIONS, PROPERTIES, expressions
from benchmarks.rounds import Spread
from odata_core.edm import ModelBuilder
from odata_core.limits import Limits
from odata_core.query.binder import Binder
from odata_core.query.prepared import Prepared, PreparedQueries
from odata_core.query.scope import Scope
from odata_core.query.tree import Bound
from odata_core.uri.expressions import parse_expression
from odata_core.uri.grammars import V4_GRAMMAR
from odata_core.uri.syntax import Tree

ROUNDS: Final = 5
SLICE: Final = 250
LIMITS: Final = Limits()

Parse = Callable[[str], Any]


# ------------------------------------------------------------------ contenders


def parsers() -> Mapping[str, Parse]:
    """Text to syntax tree, names not looked up; the first is what the others are compared with."""
    from odata_query.grammar import ODataLexer, ODataParser
    from odatapy.server.uri.expression_parser import ExpressionParser

    lexer, parser = ODataLexer(), ODataParser()
    return {
        f"odatapy {version('odatapy')}": ExpressionParser.parse_string,
        f"odata-query {version('odata-query')}": lambda text: parser.parse(lexer.tokenize(text)),
        "odata-core": lambda text: parse_expression(text, V4_GRAMMAR, LIMITS),
    }


def binders() -> Mapping[str, Parse]:
    """Text to a tree whose names are members of the model, by entity type Order. odata-query has no such thing."""
    from odatapy.server.uri.expression_parser import ExpressionParser

    edm, order = odatapy_model()
    scope, prepared = own_scope(), PreparedQueries(size=100_000)

    def bind(texts: Mapping[str, str]) -> Any:
        text = texts["$filter"]
        return Binder(scope, text).condition(parse_expression(text, V4_GRAMMAR, LIMITS))

    return {
        f"odatapy {version('odatapy')}": lambda text: ExpressionParser.parse_string(text, edm, order),
        "odata-core, first": lambda text: bind({"$filter": text}),
        # `check` shows every shape once; what is measured then are texts with a known shape.
        "odata-core, known": lambda text: prepared.prepare({"$filter": text}, V4_GRAMMAR, scope.kind, bind),
    }


def own_scope() -> Scope:
    """The same model in this library, for expressions over Order."""
    shop = ModelBuilder("Shop")
    for name, properties in PROPERTIES.items():
        shop.entity(name, key="ID", properties=properties)
        shop.entity_set(f"{name}s", name)
        for collection, target in COLLECTIONS[name].items():
            shop.navigation(name, collection, to=target, many=True)
    model = shop.build()
    orders = model.entity_set("Orders")
    return Scope(model, V4_GRAMMAR, LIMITS, orders.type, orders)


def odatapy_model() -> tuple[Any, Any]:
    """The model of expression_texts.py as odatapy has it, and its entity type Order."""
    from odatapy.edm import csdl, model, names

    kinds = [
        csdl.CsdlEntityType(
            name=name,
            key=[csdl.CsdlPropertyRef(name="ID")],
            properties=[csdl.CsdlProperty(name=prop, type=f"Edm.{kind}") for prop, kind in properties.items()],
            navigation_properties=[
                csdl.CsdlNavigationProperty(name=prop, type=f"Shop.{target}", collection=True)
                for prop, target in COLLECTIONS[name].items()
            ],
        )
        for name, properties in PROPERTIES.items()
    ]
    container = csdl.CsdlEntityContainer(
        name="Container", entity_sets=[csdl.CsdlEntitySet(name=f"{name}s", type=f"Shop.{name}") for name in PROPERTIES]
    )
    schema = csdl.CsdlSchema(namespace="Shop", entity_types=kinds, entity_container=container)

    class Provider(csdl.CsdlAbstractEdmProvider):
        def get_schemas(self) -> list[Any]:
            return [schema]

    edm = model.Edm.from_provider(Provider())
    return edm, edm.get_entity_type(names.FullQualifiedName.parse("Shop.Order"))


# ------------------------------------------------------------------ measuring


def check(contenders: Mapping[str, Parse], texts: Iterable[str]) -> None:
    """Every contender gives a tree for every text."""
    from odata_query.ast import _Node
    from odatapy.server.uri.expression import Expression

    trees = (Expression, _Node, Tree, Prepared, *get_args(Bound))
    for text in texts:
        for name, parse in contenders.items():
            tree = parse(text)
            if not isinstance(tree, trees):
                raise AssertionError(f"{name} gives {tree!r} for {text}")


def yardstick() -> float:
    """Seconds for the same work as ever."""
    started = time.perf_counter()
    sum(number * number for number in range(2_000))
    return time.perf_counter() - started


def turn(contenders: Mapping[str, Parse], texts: list[str], marks: list[float]) -> dict[str, float]:
    """The rate of each contender on the same texts, slice by slice."""
    seconds = dict.fromkeys(contenders, 0.0)
    gc.collect()
    for start in range(0, len(texts), SLICE):
        part = texts[start : start + SLICE]
        marks.append(yardstick())
        for name, parse in contenders.items():
            started = time.perf_counter()
            for text in part:
                parse(text)
            seconds[name] += time.perf_counter() - started
    return {name: len(texts) / spent for name, spent in seconds.items()}


def report(title: str, contenders: Mapping[str, Parse]) -> None:
    """Rounds over all classes: rates, and how many times the rate of the first contender the others reach."""
    print(f"\n{title}: expressions a second, median of {ROUNDS} rounds (lowest to highest)")
    marks: list[float] = []
    base = next(iter(contenders))
    for kind in CLASSES:
        texts = expressions(kind)
        rounds = [turn(contenders, texts, marks) for _ in range(ROUNDS)]
        print(f"  {kind} ({len(texts):,} of them)")
        for name in contenders:
            rate = Spread.of([one[name] for one in rounds])
            ratio = Spread.of([one[name] / one[base] for one in rounds])
            print(
                f"    {name:<20} {rate.median:>9,.0f}/s ({rate.low:,.0f} to {rate.high:,.0f})"
                f"   {ratio.median:.2f} times {base} ({ratio.low:.2f} to {ratio.high:.2f})"
            )
    tenths = statistics.quantiles(marks, n=10)
    print(
        f"  noise: the yardstick took {statistics.median(marks) * 1e6:.0f} us, "
        f"8 of 10 times between {tenths[0] * 1e6:.0f} and {tenths[-1] * 1e6:.0f}"
    )


def main() -> None:
    print(f"Python {platform.python_version()} on {platform.machine()}")
    everything = [text for kind in CLASSES for text in expressions(kind)]
    assert len(set(everything)) == 60_000
    check(parsers(), everything)
    report("Parsing alone", parsers())
    contenders = binders()
    check(contenders, everything)
    report("Parsing and binding", contenders)


if __name__ == "__main__":
    main()
