# The recorded HTTP scenario of a foreign v2 server: every request, in its order, from the same rows.

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import pytest

from odata_core.service import Headers, Request, Response, Service
from tests.conformance.corpora import path_of
from tests.conformance.refscenario import refscenario_service

ROOT = "http://localhost/"
LINES: list[dict[str, Any]] = [
    json.loads(line) for line in path_of("v2-http-refscenario.jsonl").read_text("utf-8").splitlines()
]
GROUPS = {name: list(lines) for name, lines in groupby(LINES, key=lambda line: str(line["group"]))}
PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "app": "http://www.w3.org/2007/app",
    "d": "http://schemas.microsoft.com/ado/2007/08/dataservices",
    "m": "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata",
    "edm": "http://schemas.microsoft.com/ado/2008/09/edm",
    "edmx": "http://schemas.microsoft.com/ado/2007/06/edmx",
}

# What is otherwise here, by group and step, and why.
KEYS = "The origin makes keys of its own for every new entity: 4, 7, 104."
EXTRA = "The body names properties that the type does not have, which the origin passes over."
ONE = "$filter has no meaning for a single entity (MS-ODATA, 2.2.3.6.1); the origin answers 404 where it does not hold."
UNKNOWN = "A name that is not there is a mistake in the request: 400. The origin answers 404."
OWN = "A policy of the origin that the corpora say to ignore."
FORMAT = "The origin calls the service document application/xml, and refuses what it cannot write with another status."
OTHERWISE: dict[tuple[str, int], str] = {
    ("ContentNegotiationTest#formatXml", 1): FORMAT,
    ("ServiceXmlTest#serviceDocumentDollarFormatXml", 1): FORMAT,
    ("ServiceXmlTest#serviceDocumentDollarFormatAtom", 1): FORMAT,
    ("ServiceXmlTest#serviceDocumentAcceptHeaderUtf8Atom", 1): FORMAT,
    ("MetadataTest#metadataDocument", 3): FORMAT,
    ("EntryJsonChangeTest#createEntryMinimal", 2): KEYS,
    **{("EntryJsonChangeTest#createEntryWithInlineFeed", step): EXTRA for step in range(1, 8)},
    ("EntryJsonCreateTest#createEntryEmployee", 2): KEYS,
    ("EntryXmlChangeTest#createMediaResource", 1): KEYS,
    ("EntryXmlChangeTest#createMediaResource", 2): KEYS,
    ("EntryXmlChangeTest#createMediaResource", 3): "The origin makes number 5; here a number is the client's to say.",
    ("EntryXmlChangeTest#createMediaResource", 4): KEYS,
    ("EntryXmlReadOnlyTest#expand", 3): UNKNOWN,
    ("EntryXmlReadOnlyTest#expand", 6): UNKNOWN,
    (
        "FeedXmlReadOnlyTest#filter",
        5,
    ): "Integers are divided as integers here, not as at the origin.",
    (
        "FeedXmlReadOnlyTest#filter",
        6,
    ): "A comparison with null is false here, and its negation true.",
    **{("FeedXmlReadOnlyTest#filter", step): ONE for step in range(11, 17)},
    ("FeedXmlReadOnlyTest#filter", 22): OWN,
    ("FunctionImportJsonTest#simpleTypeCollection", 1): "Version 2 has no types of collections (MS-ODATA 2.2.6.3.7).",
    **{("InvalidDataInScenarioTest#wrongPropertyValueWithFacets", step): OWN for step in (1, 2)},
    ("PropertyJsonChangeTest#complexProperty", 3): EXTRA,
    ("PropertyXmlReadOnlyTest#complexProperty", 4): UNKNOWN,
}


def send(service: Service, line: dict[str, Any]) -> Response:
    path, _, query = line["uri"].partition("?")
    headers = dict(line.get("headers", {}))
    body = line.get("body", "").encode()
    answer = service.handle(Request(line["method"], ROOT, path, query, Headers(headers), body))
    rest = b"" if answer.rest is None else b"".join(answer.rest)
    return Response(answer.status, answer.headers, answer.body + rest)


def media(text: str | None) -> tuple[str, ...]:
    """A media type and its parameters in any order, without the charset, which is UTF-8 in any case."""
    kind, *parameters = (text or "").replace(" ", "").lower().split(";")
    return (kind, *sorted([one for one in parameters if not one.startswith("charset")]))


def found_by(path: str, body: bytes) -> str:
    """The text that an XPath leads to, or the number of elements in `count(...)`."""
    count = re.fullmatch(r"count\((.*)\)", path)
    steps = (count[1] if count else path).removeprefix("/").split("/")
    root = ElementTree.fromstring(body)
    first = steps[0].partition("[")[0]
    prefix, _, name = first.partition(":")
    elements = [root] if root.tag == f"{{{PREFIXES[prefix]}}}{name}" else []
    rest = (count[1] if count else path).removeprefix("/").removeprefix(steps[0]).removeprefix("/")
    if rest and elements:
        elements = root.findall(rest, PREFIXES)
    return str(len(elements)) if count else "".join(elements[0].itertext()) if elements else "(nothing)"


def told(line: dict[str, Any], answer: Response) -> list[str]:
    """How an answer differs from the recorded one."""
    expect: dict[str, Any] = line.get("expect", {})
    if answer.status != line["status"]:
        return [f"status {answer.status}, not {line['status']}: {answer.body[:200]!r}"]
    wrong = []
    if "media_type" in expect and media(answer.header("Content-Type")) != media(expect["media_type"]):
        wrong.append(f"{answer.header('Content-Type')}, not {expect['media_type']}")
    if "etag" in expect and answer.header("ETag") is None:
        wrong.append("no ETag")
    text = answer.body.decode("utf-8", "replace")
    if "body_equals" in expect and not same(text, expect["body_equals"]):
        wrong.append(f"{text[:300]}, not {expect['body_equals']}")
    if expect.get("body_contains", "") not in text:
        wrong.append(f"no {expect['body_contains']}")
    wrong += [
        f"{path} is {found_by(path, answer.body)}, not {value}"
        for path, value in expect.get("xpath", ())
        if found_by(path, answer.body) != value
    ]
    return wrong


def same(text: str, expected: str) -> bool:
    return bool(json.loads(text) == json.loads(expected)) if expected.startswith("{") else text == expected


@pytest.mark.parametrize("group", GROUPS)
def test_group(group: str) -> None:
    service = refscenario_service()
    for line in GROUPS[group]:
        differences = told(line, send(service, line))
        assert bool(differences) is ((group, line["step"]) in OTHERWISE), (line["uri"], line["step"], differences)


def test_every_exception_is_of_a_line() -> None:
    assert OTHERWISE.keys() <= {(line["group"], line["step"]) for line in LINES}
