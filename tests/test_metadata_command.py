# `odata metadata`: what it prints for valid documents, how it converts, and that every invalid document gets an error
# with a line or a way in JSON and the path of the element.

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.csdl import read_csdl
from odata_core.edm import ModelError
from odata_core.errors import ODataError
from odata_core.metadata_command import add_metadata_arguments, run_metadata
from tests.conformance.corpora import path_of
from tests.csdl.test_corpora import DOCUMENTS, REFUSED, name_of
from tests.csdl.test_fuzz_read import outcome, spoiled_attributes, spoiled_objects, spoiled_texts

NORTHWIND = path_of("metadata/v2/northwind-v2.xml")
PRODUCTS = path_of("metadata/csdl-pairs/ex-csdl-16.1.xml")


def run(*words: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_metadata_arguments(parser)
    run_metadata(parser.parse_args(words))


def test_a_valid_document(capsys: pytest.CaptureFixture[str]) -> None:
    run(str(PRODUCTS))
    told = capsys.readouterr()
    assert told.out == (
        f"{PRODUCTS}: a valid model with 5 types, 4 entity sets, 1 singleton, 1 operation, 6 annotations\n"
    )
    assert told.err == ""


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--to", "xml4"), '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '),
        (("--to", "xml4", "--version", "4.01"), '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.01" '),
        (("--to", "json"), '{\n    "$Version": "4.01",'),
        (("--to", "json", "--version", "4.0"), '{\n    "$Version": "4.0",'),
        (("--to", "xml3"), '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" '),
    ],
)
def test_conversions(words: tuple[str, ...], start: str, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (NORTHWIND, PRODUCTS):
        run(str(file), *words)
        told = capsys.readouterr()
        assert told.out.startswith(start)
        assert len(read_csdl(told.out).entity_sets) == len(read_csdl(file.read_bytes()).entity_sets)


def test_openapi(capsys: pytest.CaptureFixture[str]) -> None:
    run(str(NORTHWIND), "--to", "openapi", "--server", "https://example.org/shop/")
    document = json.loads(capsys.readouterr().out)
    assert (document["openapi"], document["servers"]) == ("3.1.0", [{"url": "https://example.org/shop"}])
    assert document["paths"]["/Products({ProductID})"].keys() == {"parameters", "get", "patch", "delete"}


def test_what_is_lost_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run(str(PRODUCTS), "--to", "xml3", "--version", "2.0")
    told = capsys.readouterr()
    assert "odata: not written: Version 3 has no singletons, as 'ODataDemo.DemoService/MainSupplier' is." in told.err
    run(str(NORTHWIND), "--to", "xml4")
    assert re.search(
        r"odata: not written: Edm.DateTime is written as Edm.DateTimeOffset \([0-9]+ times\).", capsys.readouterr().err
    )


def test_references(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shared = tmp_path / "elsewhere.xml"
    schema = '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{}">{}</Schema></edmx:DataServices>'
    edmx = '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">{}<edmx:DataServices>{}'
    edmx += "</edmx:Edmx>"
    shared.write_text(edmx.format("", schema.format("Shared", '<ComplexType Name="T"/>')))
    main = tmp_path / "main.xml"
    reference = '<edmx:Reference Uri="http://x/shared"><edmx:Include Namespace="Shared"/></edmx:Reference>'
    property_of = '<ComplexType Name="T"><Property Name="P" Type="Shared.T"/></ComplexType>'
    main.write_text(edmx.format(reference, schema.format("Main", property_of)))
    with pytest.raises(ModelError, match=r"line 1: .*: The type 'Shared.T' is declared in the document"):
        run(str(main))
    run(str(main), "--reference", f"http://x/shared={shared}")
    assert capsys.readouterr().out.endswith("a valid model with 2 types\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nowhere.xml",), "The file 'nowhere.xml' cannot be read."),
        ((str(PRODUCTS), "--version", "4.0"), "'--version' says what to write, so it needs '--to'."),
        (
            (str(PRODUCTS), "--to", "json", "--version", "3.0"),
            "'--to json' cannot have the version '3.0': it is one of 4.0, 4.01.",
        ),
        ((str(PRODUCTS), "--reference", "x"), "'--reference x' must be ADDRESS=FILE."),
        ((str(PRODUCTS), "--reference", "x=nowhere"), "The file 'nowhere' cannot be read."),
        (
            (str(PRODUCTS), "--to", "xml3", "--strict"),
            "CSDL v3 cannot say",
        ),
    ],
)
def test_mistakes(words: tuple[str, ...], reason: str) -> None:
    if "--strict" in words:
        words = (str(path_of("metadata/v4/soc-TripPin.xml")), *words[1:])
    with pytest.raises(ODataError, match=re.escape(reason)):
        run(*words)


# Documents with types of others, which are no files of their folders.
NEEDS_OTHERS = {
    *(f"{name}.{suffix}" for name in ("ex-miscellaneous", "ex-miscellaneous2") for suffix in ("xml", "json")),
    *(f"Org.OData.{name}.{suffix}" for name in ("Aggregation.V1", "Temporal.V1") for suffix in ("xml", "json")),
    *(f"Org.OData.JSON.V1.Schema-sample.{suffix}" for suffix in ("xml", "json")),
    *("miscellaneous.xml", "northwind-metadata.xml", "olingo4-fit-northwind-metadata.xml"),
}


@pytest.mark.parametrize("target", ["xml3", "xml4", "json"])
@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_document(path: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Either the document is refused, or it is written, and what is written is a document again."""
    if path.name in REFUSED or path.name in NEEDS_OTHERS:
        with pytest.raises(ModelError):
            run(str(path), "--to", target)
        return
    run(str(path), "--to", target)
    written = capsys.readouterr().out
    assert json.loads(written) if target == "json" else written.startswith("<?xml")


# ------------------------------------------------------------------ errors

# `line 3: Schema S, EntityType T: ...` or `$.S.T: Schema S, EntityType T: ...`, one a line.
PLACED = re.compile(r"(- )?('[^']*', )?(line \d+: |\$)")
# What a parser of JSON says without a place: names that an object has twice, and words that are no values.
UNPLACED = re.compile(r"The document is not well-formed JSON: |- \.\.\. and ")


@settings(max_examples=300)
@given(st.one_of(spoiled_texts(), spoiled_attributes(), spoiled_objects()), st.booleans())
def test_every_error_has_a_place(document: str, strict: bool) -> None:
    found = outcome(document, strict)
    if isinstance(found, str):
        first, *others = found.splitlines()
        for line in others or [first]:
            assert PLACED.match(line) or UNPLACED.match(line), line
