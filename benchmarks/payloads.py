# Entities a second, written and read as JSON of version 4 and as JSON light, side by side with the encoders that do
# nothing but JSON (json, orjson, msgspec: on dictionaries that are ready to be written) and with odatapy 5.3.0.
# Run: `python -m benchmarks.payloads`, with the extra `bench`.
# What is measured are 1,000 entities of the Product that all OData services show: seven properties, one of them null
# for two of three. In each round the contenders take turns, so that a machine whose speed drifts treats all alike; a
# yardstick that never changes runs between them and shows how much it drifts. What a contender needs before its turn,
# such as values that it has never seen, is made outside of the time.

from __future__ import annotations

import gc
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final

import msgspec

from benchmarks.expressions import yardstick
from benchmarks.rounds import Spread
from odata_core.edm import Model, ModelBuilder, PropertySpec, Timestamp, prop
from odata_core.edm.temporal import TICKS_PER_DAY, TICKS_PER_SECOND
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3, json_v4

ROUNDS: Final = 7
TURNS: Final = 10
CALLS: Final = 5  # of a turn
ENTITIES: Final = 1_000
MSGSPEC: Final = f"msgspec {version('msgspec')}"
ROOT: Final = "http://localhost/service/"
_FIRST_DAY: Final = Timestamp.parse("1992-01-01T00:00:00").ticks

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """`work` is timed; what it is given is made before."""

    work: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


# ------------------------------------------------------------------ what is written and read


def product_model(moment: str) -> Model:
    """The model, with one or the other type of moments."""
    demo = ModelBuilder("ODataDemo")
    properties: dict[str, str | PropertySpec] = {
        "ID": "Int32",
        "Name": "String",
        "Description": "String",
        "ReleaseDate": prop(moment, nullable=False),
        "DiscontinuedDate": moment,
        "Rating": prop("Int16", nullable=False),
        "Price": prop("Decimal", nullable=False),
    }
    demo.entity("Product", key="ID", properties=properties)
    demo.entity_set("Products", "Product")
    return demo.build()


def products(seed: int, offset: int | None) -> list[Row]:
    """Rows whose values, moments above all, are those of this seed."""
    chance = random.Random(seed)

    def moment() -> Timestamp:
        ticks = _FIRST_DAY + chance.randrange(12_000) * TICKS_PER_DAY
        return Timestamp(ticks + chance.randrange(86_400) * TICKS_PER_SECOND, offset)

    return [
        {
            "ID": number,
            "Name": f"Product {number}",
            "Description": f"What people say of product {number}, in some words",
            "ReleaseDate": moment(),
            "DiscontinuedDate": None if number % 3 else moment(),
            "Rating": number % 6,
            "Price": Decimal(chance.randrange(100_000)) / 100,
        }
        for number in range(ENTITIES)
    ]


def ready(rows: list[Row]) -> list[Row]:
    """What a JSON encoder can write: dates as text, prices as floats."""
    moments = ("ReleaseDate", "DiscontinuedDate")
    texts = [{name: None if row[name] is None else str(row[name]) for name in moments} for row in rows]
    return [{**row, **text, "Price": float(row["Price"])} for row, text in zip(rows, texts, strict=True)]


def chunks(codec: JsonCodec, model: Model, rows: list[Row]) -> Iterator[bytes]:
    """A feed."""
    shape = Shape(model.types["ODataDemo.Product"], model.entity_set("Products"))  # type: ignore[arg-type]
    return codec.write_feed(shape, rows, About(ROOT, "Products"))


def written(codec: JsonCodec, model: Model, rows: list[Row]) -> None:
    """Write a feed as a server does, which forgets a chunk when it was sent."""
    for _chunk in chunks(codec, model, rows):
        pass


def body_of(codec: JsonCodec, model: Model, rows: list[Row]) -> bytes:
    return b"".join(chunks(codec, model, rows))


# ------------------------------------------------------------------ contenders


def odatapy_parts() -> tuple[Any, Any]:
    """The model as odatapy has it, and its entity type."""
    from odatapy.edm import csdl, model, names

    kinds = {"ReleaseDate": "DateTimeOffset", "DiscontinuedDate": "DateTimeOffset", "Rating": "Int16"}
    kinds |= {"ID": "Int32", "Price": "Decimal"}
    facets: dict[str, dict[str, Any]] = {"Price": {"scale": 2, "precision": 10}}
    kind = csdl.CsdlEntityType(
        name="Product",
        key=[csdl.CsdlPropertyRef(name="ID")],
        properties=[
            csdl.CsdlProperty(name=name, type=f"Edm.{kinds.get(name, 'String')}", **facets.get(name, {}))
            for name in products(0, 0)[0]
        ],
    )
    container = csdl.CsdlEntityContainer(
        name="Container", entity_sets=[csdl.CsdlEntitySet(name="Products", type="ODataDemo.Product")]
    )
    schema = csdl.CsdlSchema(namespace="ODataDemo", entity_types=[kind], entity_container=container)

    class Provider(csdl.CsdlAbstractEdmProvider):
        def get_schemas(self) -> list[Any]:
            return [schema]

    edm = model.Edm.from_provider(Provider())
    return edm, edm.get_entity_type(names.FullQualifiedName.parse("ODataDemo.Product"))


def writers() -> Mapping[str, Contender]:
    """Rows, or what a peer wants instead, to bytes."""
    import orjson
    from odatapy.server.deserializer.json_deserializer import ODataJsonDeserializer
    from odatapy.server.serializer.json_serializer import EntityCollectionSerializerOptions, ODataJsonSerializer

    v4, v3 = product_model("DateTimeOffset"), product_model("DateTime")
    rows4, rows3 = products(1, 0), products(1, None)
    dictionaries = ready(rows4)
    edm, kind = odatapy_parts()
    entities = ODataJsonDeserializer().entity_collection(edm, kind, body_of(json_v4(), v4, rows4))
    options = EntityCollectionSerializerOptions(context_url=f"{ROOT}$metadata#Products")
    return {
        MSGSPEC: Contender(lambda _given: msgspec.json.encode(dictionaries)),
        "json.dumps": Contender(lambda _given: json.dumps(dictionaries).encode()),
        f"orjson {version('orjson')}": Contender(lambda _given: orjson.dumps(dictionaries)),
        "v4": Contender(lambda _given: written(json_v4(), v4, rows4)),
        "v4, strings (IEEE754)": Contender(lambda _given: written(json_v4(ieee754=True), v4, rows4)),
        "v4, full": Contender(lambda _given: written(json_v4("full"), v4, rows4)),
        "v3": Contender(lambda _given: written(json_v3(), v3, rows3)),
        f"odatapy {version('odatapy')}": Contender(
            lambda _given: ODataJsonSerializer().entity_collection(edm, kind, entities, options).encode()
        ),
    }


def new_writers() -> Mapping[str, Contender]:
    """The same with moments that were never printed before."""
    v4, v3 = product_model("DateTimeOffset"), product_model("DateTime")
    dictionaries = ready(products(1, 0))
    return {
        MSGSPEC: Contender(lambda _given: msgspec.json.encode(dictionaries)),
        "json.dumps": Contender(lambda _given: json.dumps(dictionaries).encode()),
        "v4": Contender(lambda rows: written(json_v4(), v4, rows), lambda: products(1, 0)),
        "v3": Contender(lambda rows: written(json_v3(), v3, rows), lambda: products(1, None)),
    }


def read(codec: JsonCodec, model: Model, body: bytes) -> object:
    kind = model.types["ODataDemo.Product"]
    return codec.read_feed(body, kind, Reading(model, is_request=False))  # type: ignore[arg-type]


def readers() -> Mapping[str, Contender]:
    """Bytes to rows of Python values, checked against the model; peers give what JSON has."""
    import orjson
    from odatapy.server.deserializer.json_deserializer import ODataJsonDeserializer

    v4, v3 = product_model("DateTimeOffset"), product_model("DateTime")
    body4, body3 = body_of(json_v4(), v4, products(1, 0)), body_of(json_v3(), v3, products(1, None))
    edm, kind = odatapy_parts()
    return {
        MSGSPEC: Contender(lambda _given: msgspec.json.decode(body4)),
        "json.loads": Contender(lambda _given: json.loads(body4)),
        f"orjson {version('orjson')}": Contender(lambda _given: orjson.loads(body4)),
        "v4": Contender(lambda _given: read(json_v4(), v4, body4)),
        "v3": Contender(lambda _given: read(json_v3(), v3, body3)),
        f"odatapy {version('odatapy')}": Contender(
            lambda _given: ODataJsonDeserializer().entity_collection(edm, kind, body4)
        ),
    }


def new_readers() -> Mapping[str, Contender]:
    """The same with moments and prices that were never read before."""
    v4, v3 = product_model("DateTimeOffset"), product_model("DateTime")
    seeds = iter(range(2, 10**9))

    def body(codec: JsonCodec, model: Model, offset: int | None) -> bytes:
        return body_of(codec, model, products(next(seeds), offset))

    return {
        MSGSPEC: Contender(msgspec.json.decode, lambda: body(json_v4(), v4, 0)),
        "json.loads": Contender(json.loads, lambda: body(json_v4(), v4, 0)),
        "v4": Contender(lambda given: read(json_v4(), v4, given), lambda: body(json_v4(), v4, 0)),
        "v3": Contender(lambda given: read(json_v3(), v3, given), lambda: body(json_v3(), v3, None)),
    }


# ------------------------------------------------------------------ measuring


def check() -> None:
    """What is written is read back, and is what the peers read and write."""
    for codec, model, offset in (
        (json_v4(), product_model("DateTimeOffset"), 0),
        (json_v3(), product_model("DateTime"), None),
    ):
        rows = products(1, offset)
        body = body_of(codec, model, rows)
        kind = model.types["ODataDemo.Product"]
        assert codec.read_feed(body, kind, Reading(model, is_request=False)).rows == rows  # type: ignore[arg-type]
    own = json.loads(body_of(json_v4(), product_model("DateTimeOffset"), products(1, 0)))
    assert own["value"] == ready(products(1, 0))
    peer = writers()[f"odatapy {version('odatapy')}"].work(None)
    assert isinstance(peer, bytes)
    assert len(json.loads(peer)["value"]) == ENTITIES


def turns(contenders: Mapping[str, Contender], marks: list[float]) -> dict[str, float]:
    """Entities a second of each contender, turn by turn; slow ones take fewer turns."""
    seconds = dict.fromkeys(contenders, 0.0)
    calls = dict.fromkeys(contenders, 0)
    gc.collect()
    for number in range(TURNS):
        marks.append(yardstick())
        for name, contender in contenders.items():
            if number and seconds[name] > 0.2:
                continue
            given = [contender.prepare() for _ in range(CALLS)]
            started = time.perf_counter()
            for one in given:
                contender.work(one)
            seconds[name] += time.perf_counter() - started
            calls[name] += CALLS
    return {name: ENTITIES * calls[name] / spent for name, spent in seconds.items()}


def report(title: str, contenders: Mapping[str, Contender]) -> None:
    """Rates, and how many times the first contender's and the second one's time the others take."""
    print(f"\n{title}: entities a second, median of {ROUNDS} rounds (lowest to highest)")
    marks: list[float] = []
    turns(contenders, [])  # warm caches
    gc.collect()
    gc.freeze()  # what one contender holds is not looked through in another's time
    rounds = [turns(contenders, marks) for _ in range(ROUNDS)]
    first, second = list(contenders)[:2]
    for name in contenders:
        rate = Spread.of([one[name] for one in rounds])
        times = Spread.of([one[first] / one[name] for one in rounds])
        faster = Spread.of([one[name] / one[second] for one in rounds])
        print(
            f"  {name:<22} {rate.median:>11,.0f}/s ({rate.low:,.0f} to {rate.high:,.0f})"
            f"   {times.median:.2f} times the time of {first} ({times.low:.2f} to {times.high:.2f})"
            f"   {faster.median:.2f} times the rate of {second} ({faster.low:.2f} to {faster.high:.2f})"
        )
    tenths = statistics.quantiles(marks, n=10)
    print(
        f"  noise: the yardstick took {statistics.median(marks) * 1e6:.0f} us, "
        f"8 of 10 times between {tenths[0] * 1e6:.0f} and {tenths[-1] * 1e6:.0f}"
    )


def main() -> None:
    print(f"Python {platform.python_version()} on {platform.machine()}")
    check()
    report("Writing", writers())
    report("Writing values that are new", new_writers())
    report("Reading", readers())
    report("Reading values that are new", new_readers())


if __name__ == "__main__":
    main()
