# `odata metadata`: validates a CSDL document, and writes its model in another format or version.
# Strategy: a row a target says which versions it has and what writes it. What a document says wrong but can do without,
# and what the target cannot say, goes to stderr in sentences; a document that describes no model is an ODataError.

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from .csdl import read_csdl_file, write_json, write_xml_v3, write_xml_v4
from .csdl.markup import MAX_BYTES
from .edm import Model, ModelError
from .records import record

Write = Callable[[Model, argparse.Namespace, list[str]], bytes]


@record
class Target:
    """What a model can be written as. Without a version the writer takes its usual one."""

    write: Write
    versions: tuple[str, ...]


def _xml_v3(model: Model, options: argparse.Namespace, left_out: list[str]) -> bytes:
    return write_xml_v3(model, version=options.version, strict=options.strict, left_out=left_out)


def _xml_v4(model: Model, options: argparse.Namespace, left_out: list[str]) -> bytes:
    return write_xml_v4(model, version=options.version or "4.0", strict=options.strict, left_out=left_out)


def _json(model: Model, options: argparse.Namespace, left_out: list[str]) -> bytes:
    return write_json(model, version=options.version or "4.01", strict=options.strict, left_out=left_out)


def _openapi(model: Model, options: argparse.Namespace, _left_out: list[str]) -> bytes:
    from .csdl.openapi import write_openapi

    return write_openapi(model, server=options.server)


TARGETS: Final[Mapping[str, Target]] = {
    "xml3": Target(_xml_v3, ("1.0", "2.0", "3.0")),
    "xml4": Target(_xml_v4, ("4.0", "4.01")),
    "json": Target(_json, ("4.0", "4.01")),
    "openapi": Target(_openapi, ()),
}


def add_metadata_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `odata metadata`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a CSDL document: XML of any version, or JSON")
    parser.add_argument("--to", choices=tuple(TARGETS), help="write the model as this; without it, only validate")
    parser.add_argument("--version", metavar="V", help="of the document that is written: 1.0, 2.0, 3.0, 4.0 or 4.01")
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="ADDRESS=FILE",
        help="a document that FILE refers to by an address that is no file of its folder",
    )
    parser.add_argument("--server", metavar="URL", default="/", help="where the service is, for OpenAPI (%(default)s)")
    parser.add_argument("--strict", action="store_true", help="refuse what could be left out as well")


def run_metadata(options: argparse.Namespace, _service: object = None) -> None:
    """Validates the document, and writes it as the target; ODataError where it describes no model."""
    target = None if options.to is None else TARGETS[options.to]
    _check_version(options.to, target, options.version)
    model = read_csdl_file(options.file, strict=options.strict, references=_references(options.reference))
    for sentence in model.left_out:
        print(f"odata: not read: {sentence}", file=sys.stderr)
    if target is None:
        print(f"{options.file}: {summary(model)}")
        return
    left_out: list[str] = []
    document = target.write(model, options, left_out)
    for sentence in left_out:
        print(f"odata: not written: {sentence}", file=sys.stderr)
    sys.stdout.buffer.write(document + b"\n")
    sys.stdout.flush()


def _check_version(name: str | None, target: Target | None, wanted: str | None) -> None:
    if wanted is None:
        return
    if target is None:
        raise ModelError("'--version' says what to write, so it needs '--to'.")
    if wanted not in target.versions:
        known = f"it is one of {', '.join(target.versions)}" if target.versions else "it has none"
        raise ModelError(f"'--to {name}' cannot have the version '{wanted}': {known}.")


def _references(given: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for text in given:
        address, equals, file = text.rpartition("=")
        if not equals or not address:
            raise ModelError(f"'--reference {text}' must be ADDRESS=FILE.")
        try:
            path = Path(file)
            if path.stat().st_size > MAX_BYTES:
                raise ModelError(f"The file '{file}' has more than {MAX_BYTES} bytes.")
            found[address] = path.read_bytes()
        except (OSError, ValueError):
            raise ModelError(f"The file '{file}' cannot be read.") from None
    return found


def summary(model: Model) -> str:
    """What a model has, in a line."""
    counts: Mapping[str, Any] = {
        "type": [*model.types, *model.type_definitions],
        "entity set": model.entity_sets,
        "singleton": model.singletons,
        "operation": [one for overloads in model.operations.values() for one in overloads],
        "term": model.terms,
        "annotation": [one for said in model.annotations.values() for one in said],
    }
    told = [f"{len(items)} {what}{'' if len(items) == 1 else 's'}" for what, items in counts.items() if items]
    return f"a valid model with {', '.join(told)}" if told else "a valid model with nothing in it"
