# `odata serve csdl FILE`: any model from its CSDL document, served from memory, with rows given as JSON. The quickest
# way to mock or to try out a service.

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from odata_core.csdl import read_csdl_file
from odata_core.csdl.markup import METADATA
from odata_core.edm import Model, Property, Timestamp
from odata_core.edm.primitives import DATETIME
from odata_core.edm.rows import BIND
from odata_core.errors import BadRequest, ODataError, suggestion
from odata_core.limits import Limits
from odata_core.payload.codec import Reading
from odata_core.payload.json_codec import json_v4
from odata_core.payload.json_text import decode_json, restore_json
from odata_core.protocol.profile import DOCUMENTS, ODATA_401
from odata_core.query.path_binder import PathBinder
from odata_core.query.resource import Key
from odata_core.query.tree import Source
from odata_core.service import Handler, Service
from odata_core.service.asynchrony import Asynchronous
from odata_core.service.mounting import Mounted, WithReset
from odata_core.uri import parse_relative

from .store import MemoryBackend

VERSIONS = ("2.0", "3.0", "4.0", "4.01")
LARGE = replace(Limits(), body_bytes=1 << 30)


def handler(arguments: argparse.Namespace) -> Handler:
    """The service that the options describe."""
    model = read_csdl_file(arguments.file)
    data = {} if arguments.data is None else read_data(arguments.data, model)
    backend = MemoryBackend(model, data)
    limits = replace(Limits(), body_bytes=arguments.max_body) if arguments.max_body else Limits()
    version = arguments.default_version or version_of(model)
    service: Handler = Service(model, backend, limits=limits, default_version=version, page_size=arguments.page_size)
    service = Mounted(service, arguments.root)
    if arguments.reset_path is not None:
        service = WithReset(service, arguments.reset_path, backend.reset)
    return Asynchronous(service)


def version_of(model: Model) -> str | None:
    """The protocol version that the document of a model told; None for those of version 4, which say what all can."""
    said = model.foreign.get("$DataServices")
    told = None if said is None else said.attributes.get(f"{METADATA} DataServiceVersion")
    return DOCUMENTS.get(told or "")


def read_data(path: Path, model: Model) -> Mapping[str, Any]:
    """Rows by the names of entity sets and singletons, from `{"Products": [{...}, ...]}` in the values of v4 JSON."""
    try:
        content = decode_json(path.read_bytes(), LARGE)
    except OSError as error:
        raise BadRequest(f"The file '{path}' cannot be read: {error.strerror}.") from None
    if not isinstance(content, dict):
        raise BadRequest(f"The file '{path}' must hold an object with a member for each entity set.")
    known: dict[str, Source] = {**model.entity_sets, **model.singletons}
    found: dict[str, Any] = {}
    for name, rows in content.items():
        source = known.get(name)
        if source is None:
            raise BadRequest(f"{path}: there is no entity set or singleton '{name}'.{suggestion(name, known)}")
        found[name] = _rows(rows, source, model, f"{path}: {name}")
    return found


def _rows(value: Any, source: Source, model: Model, where: str) -> Any:
    if not isinstance(value, list):
        return _row(value, source, model, where)
    return [_row(row, source, model, f"{where}[{index}]") for index, row in enumerate(value)]


def _row(value: Any, source: Source, model: Model, where: str) -> dict[str, Any]:
    try:
        row = json_v4().read_entity(restore_json(value), source.type, Reading(model, LARGE))
        named = _with_keys(row, model)
        return {name: _local(item, source.type.properties.get(name)) for name, item in named.items()}
    except ODataError as error:
        raise BadRequest(f"{where}: {error.message}") from None


def _with_keys(row: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The row with keys instead of the URLs of what it refers to, like `Categories(1)`."""
    return {name: _keyed(name, value, model) for name, value in row.items()}


def _keyed(name: str, value: Any, model: Model) -> Any:
    if isinstance(value, list):
        return [_keyed(name, item, model) for item in value]
    if isinstance(value, dict):
        return _with_keys(value, model)
    return _key_of(value, model) if name.endswith(BIND) and value is not None else value


def _key_of(url: str, model: Model) -> tuple[Any, ...]:
    """The key in the URL of an entity, which is relative to the service root; a singleton has none."""
    profile = ODATA_401
    path = parse_relative(url, profile.grammar, LARGE).path
    *_, last = PathBinder(model, profile.grammar, LARGE, profile.rules).bind(path).steps
    return (last.plain or ()) if isinstance(last, Key) else ()


def _local(value: Any, prop: Property | None) -> Any:
    """Edm.DateTime has no zone, and v4 has no other way to write a date and time than with one."""
    if prop is None or prop.type is not DATETIME or not isinstance(value, Timestamp) or value.offset is None:
        return value
    return Timestamp(value.instant)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that only this service has."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a CSDL document: XML of version 1 to 4, or JSON")
    parser.add_argument("--data", metavar="FILE", type=Path, help='rows: {"EntitySet": [{...}, ...]}, values as in v4')
    parser.add_argument("--root", metavar="PATH", default="/", help="where the service stands (/)")
    parser.add_argument(
        "--default-version",
        choices=VERSIONS,
        help="what a request means that names no version (that of FILE; 4.01 for 4.0)",
    )
    parser.add_argument("--page-size", metavar="N", type=_size, help="largest page of a collection (no paging)")
    parser.add_argument("--reset-path", metavar="PATH", help="POST or GET there brings the initial rows back")


def _size(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError("a page has at least one entity")
    return int(text)


def paths(arguments: argparse.Namespace) -> list[str]:
    """The service root to show to the user."""
    return ["/" + arguments.root.strip("/") + "/" if arguments.root.strip("/") else "/"]


handler.add_arguments = add_arguments  # type: ignore[attr-defined]
handler.paths = paths  # type: ignore[attr-defined]
