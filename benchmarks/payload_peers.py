# The peers of the benchmark of payloads, each with what it needs before the time runs.
# odatapy writes and reads JSON of version 4. pyodata is a client of version 2: it reads verbose JSON, and writes none
# that has more than one entity in it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

import msgspec

from benchmarks.payload_rows import ROOT, V2_VERBOSE, V4, Row, products
from odata_core.csdl import write_xml_v3

ODATAPY: Final = f"odatapy {version('odatapy')}"
PYODATA: Final = f"pyodata {version('pyodata')}"


def _odatapy_parts() -> tuple[Any, Any]:
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
            for name in products(0, None)[0]
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


def odatapy_writer(rows: list[Row]) -> Callable[[Any], bytes]:
    """Writes these rows, which are entities of odatapy beforehand, whatever it is given."""
    from odatapy.server.serializer.json_serializer import EntityCollectionSerializerOptions, ODataJsonSerializer

    edm, kind = _odatapy_parts()
    entities = odatapy_reader()(V4.body(rows))
    options = EntityCollectionSerializerOptions(context_url=f"{ROOT}$metadata#Products")

    def write(_given: Any) -> bytes:
        body: str = ODataJsonSerializer().entity_collection(edm, kind, entities, options)
        return body.encode()

    return write


def odatapy_reader() -> Callable[[bytes], Any]:
    """Reads a body of version 4."""
    from odatapy.server.deserializer.json_deserializer import ODataJsonDeserializer

    edm, kind = _odatapy_parts()
    return lambda body: ODataJsonDeserializer().entity_collection(edm, kind, body)


@dataclass(frozen=True, slots=True)
class _Answer:
    """As much of an HTTP response as pyodata looks at."""

    content: bytes
    status_code: int = 200
    url: str = ROOT
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """With the fastest decoder there is, so that what is measured is pyodata."""
        return msgspec.json.decode(self.content)


@dataclass(slots=True)
class _Connection:
    """In place of a session of requests: whatever is asked, the answer is this body."""

    body: bytes = b""

    def request(self, _method: str, _url: str, **_options: Any) -> _Answer:
        return _Answer(self.body)


def pyodata_reader() -> Callable[[bytes], list[Any]]:
    """Reads a body of version 2: a request for the whole entity set, without the network."""
    import pyodata
    from pyodata.v2.model import Config

    connection = _Connection()
    # Without retain_null, pyodata makes up a value for each null.
    config = Config(retain_null=True)
    client = pyodata.Client(ROOT, connection, config=config, metadata=write_xml_v3(V2_VERBOSE.model))

    def read(body: bytes) -> list[Any]:
        connection.body = body
        entities: list[Any] = client.entity_sets.Products.get_entities().execute()
        return entities

    return read
