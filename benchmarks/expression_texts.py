# 60,000 distinct filter expressions in four classes, the same in every run, and the model that they are about.
# They use only what every parser compared here reads: OData 4.0, in lower case, one blank between words.

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

EACH: Final = 15_000

# Property -> type, of the entity type Order; its lines and their tags are collections.
PROPERTIES: Final[Mapping[str, Mapping[str, str]]] = {
    "Order": {
        "ID": "Int32",
        "Customer": "String",
        "City": "String",
        "Total": "Decimal",
        "Placed": "DateTimeOffset",
        "Due": "Date",
        "Reference": "Guid",
        "Paid": "Boolean",
    },
    "Line": {"ID": "Int32", "Product": "String", "Quantity": "Int32", "Price": "Decimal"},
    "Tag": {"ID": "Int32", "Label": "String", "Rank": "Int32"},
}
COLLECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Order": {"Lines": "Line", "Tags": "Tag"},
    "Line": {"Tags": "Tag"},
    "Tag": {},
}

_WORDS: Final = "amber birch cedar delta ember flint grove harbor island juniper kestrel linden marble north".split()
_COMPARISONS: Final = ("eq", "ne", "gt", "ge", "lt", "le")


def _word(rng: random.Random) -> str:
    return f"{rng.choice(_WORDS)} {rng.randrange(10_000)}"


_LITERALS: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "Int32": lambda rng: str(rng.randrange(1_000_000)),
    "String": lambda rng: f"'{_word(rng)}'",
    "Decimal": lambda rng: f"{rng.randrange(10_000)}.{rng.randrange(1, 100):02d}",
    "DateTimeOffset": lambda rng: f"{_date(rng)}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z",
    "Date": lambda rng: _date(rng),
    "Guid": lambda rng: f"{rng.getrandbits(32):08x}-1dc0-41b6-a7c0-{rng.getrandbits(48):012x}",
    "Boolean": lambda rng: rng.choice(("true", "false")),
}


def _date(rng: random.Random) -> str:
    return f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"


def _comparison(rng: random.Random, entity: str = "Order", before: str = "", operators: tuple[str, ...] = ()) -> str:
    name, kind = rng.choice(tuple(PROPERTIES[entity].items()))
    operator = "eq" if kind == "Boolean" else rng.choice(operators or _COMPARISONS)
    return f"{before}{name} {operator} {_LITERALS[kind](rng)}"


def _one(rng: random.Random) -> str:
    return _comparison(rng, operators=("eq",))


def _four(rng: random.Random) -> str:
    first, second, third, fourth = (_comparison(rng) for _ in range(4))
    outer, inner = rng.choice((("and", "or"), ("or", "and")))
    return f"{first} {outer} ({second} {inner} {third}) {outer} not ({fourth})"


_FUNCTIONS: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda rng: f"contains(tolower(Customer),'{_word(rng)}')",
    lambda rng: f"startswith(City,'{_word(rng)}')",
    lambda rng: f"endswith(trim(Customer),'{_word(rng)}')",
    lambda rng: f"length(Customer) gt {rng.randrange(10_000)}",
    lambda rng: f"indexof(toupper(City),'{_word(rng)}') ge {rng.randrange(5)}",
    lambda rng: f"substring(Customer,{rng.randrange(5)},{rng.randrange(5, 9)}) eq '{_word(rng)}'",
    lambda rng: f"concat(concat(City,', '),Customer) ne '{_word(rng)}'",
    lambda rng: f"year(Placed) eq {rng.randrange(1990, 2040)}",
    lambda rng: f"round(Total) le {rng.randrange(10_000)}.{rng.randrange(1, 100):02d}",
    lambda rng: f"floor(Total) mul {rng.randrange(2, 99)} gt {rng.randrange(10_000)}",
)


def _functions(rng: random.Random) -> str:
    first, second, third = (rng.choice(_FUNCTIONS)(rng) for _ in range(3))
    return f"{first} and ({second} or {third})"


def _lambdas(rng: random.Random) -> str:
    outer, inner = rng.choice(("any", "all")), rng.choice(("any", "all"))
    line, tag = _comparison(rng, "Line", "l/"), _comparison(rng, "Tag", "t/")
    return f"Lines/{outer}(l:{line} and l/Tags/{inner}(t:{tag})) or Tags/any(g:{_comparison(rng, 'Tag', 'g/')})"


CLASSES: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "one eq": _one,
    "four comparisons": _four,
    "functions": _functions,
    "nested lambdas": _lambdas,
}


def expressions(title: str) -> list[str]:
    """The expressions of a class: distinct, and the same in every run."""
    rng, found = random.Random(f"expressions: {title}"), dict[str, None]()
    while len(found) < EACH:
        found[CLASSES[title](rng)] = None
    return list(found)
