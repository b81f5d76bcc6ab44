# What clients get wrong: each mistake has a status and a sentence that says what it is, and leaves nothing behind.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import fromstring

import msgspec
import pytest

from odata_core.limits import Limits
from odata_vmm.sample import MACHINE, OTHER_MACHINE, STAMP
from tests.vmm.requests import JSON, ZERO, Client, checkpoint_path, machine_path, new_checkpoint

LIMITS = Limits(url_length=2_000, body_bytes=10_000)
GOOD = msgspec.json.encode(new_checkpoint())
UNKNOWN = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Bad:
    """A request that must be refused. `{cp}` in a path is a checkpoint that exists; a message is compared in full,
    or up to `...`."""

    name: str
    status: int
    message: str
    method: str = "POST"
    path: str = "VMCheckPoints"
    query: str = ""
    body: bytes = GOOD
    headers: Mapping[str, str | None] = field(default_factory=dict)


def posted(name: str, status: int, message: str, **values: Any) -> Bad:
    """A create with some values replaced; `...` leaves one out."""
    content = {key: value for key, value in new_checkpoint(**values).items() if value is not ...}
    return Bad(name, status, message, body=msgspec.json.encode(content))


def text(name: str, message: str, body: bytes) -> Bad:
    """A create whose body is no JSON, or not the right JSON."""
    return Bad(name, 400, message, body=body)


def asked(name: str, status: int, message: str, path: str = "VMCheckPoints", query: str = "") -> Bad:
    return Bad(name, status, message, method="GET", path=path, query=query, body=b"")


def wrote(method: str, path: str, status: int, message: str) -> Bad:
    return Bad(f"{method} {path or 'root'}", status, message, method=method, path=path, body=b'{"Name":"new"}')


GUID = "a GUID reads like 3499b02c-8dc9-4c0d-aa83-097a1340cbda"
NOT_JSON = "The body is not valid JSON: ..."
TWICE = "The body is not valid JSON: an object has two members of the same name."
DEEP = "The body is nested too deeply: the limit body_depth is 50."
ONE_SET = "The URI names {}, which does not support {} requests."

BODIES = [
    text("no body", "The request needs a body with an entity.", b""),
    text("cut off", NOT_JSON, GOOD[:-1]),
    text("more behind", NOT_JSON, GOOD + b"{}"),
    text("single quotes", NOT_JSON, b"{'Name':'x'}"),
    text("trailing comma", NOT_JSON, b'{"Name":"x",}'),
    text("NaN", NOT_JSON, b'{"Name":NaN}'),
    text("not UTF-8", NOT_JSON, b'{"Name":"\xff"}'),
    text("UTF-16", NOT_JSON, GOOD.decode().encode("utf-16")),
    text("lone surrogate", NOT_JSON, b'{"Name":"\\ud800 "}'),
    text("XML", NOT_JSON, b"<entry/>"),
    text("null", "At $: an object of type VMM.VMCheckPoint is expected.", b"null"),
    text("array", "At $: an object of type VMM.VMCheckPoint is expected.", b"[" + GOOD + b"]"),
    text("number", "At $: an object of type VMM.VMCheckPoint is expected.", b"5"),
    text("member twice", TWICE, GOOD[:-1] + b',"Name":"again"}'),
    text("member twice, escaped", TWICE, GOOD[:-1] + b',"N\\u0061me":"again"}'),
    text("annotation twice", TWICE, GOOD[:-1] + b',"odata.type":"VMM.VMCheckPoint"}'),
    text("deep arrays", DEEP, b'{"Name":' + b"[" * 60 + b"]" * 60 + b"}"),
    text("deep objects", DEEP, b'{"a":' * 60 + b"1" + b"}" * 60),
    text("deep and open", DEEP, b"[" * 9_000),
    text("brackets in a text", NOT_JSON, b'{"Name":"' + b"[" * 60),
    text("escapes without an end", NOT_JSON, b'{"Name":"' + b'\\"' * 4_000),
    Bad("too large", 413, "The body is larger than the limit body_bytes of 10000 bytes.", body=GOOD + b" " * 10_000),
]

VALUES = [
    posted("number for a text", 400, "At $.Name: a string is expected, for the type Edm.String.", Name=5),
    posted("list for a text", 400, "At $.Description: a string is expected, for the type Edm.String.", Description=[]),
    posted("object for a GUID", 400, "At $.VMId: a string is expected, for the type Edm.Guid.", VMId={}),
    posted("no GUID", 400, f"At $.VMId: {GUID}, for the type Edm.Guid.", VMId="vm1"),
    posted("no GUID as ID", 400, f"At $.ID: {GUID}, for the type Edm.Guid.", ID="5"),
    posted(
        "text for a flag", 400, "At $.Enabled: true or false is expected, for the type Edm.Boolean.", Enabled="true"
    ),
    posted("number for a flag", 400, "At $.Confirm: true or false is expected, for the type Edm.Boolean.", Confirm=1),
    posted("no moment", 400, "At $.AddedTime: a date and time reads like ...", AddedTime="yesterday"),
    posted("no such day", 400, "At $.AddedTime: ...", AddedTime="2013-02-30T00:00:00"),
    posted(
        "unknown property",
        400,
        "At $.Nam: the type 'VMM.VMCheckPoint' has no property 'Nam'. Did you mean 'Name'?",
        Nam="x",
    ),
    posted(
        "unknown type",
        400,
        "At $['odata.type']: 'VMM.Nothing' is not VMM.VMCheckPoint or a type derived from it.",
        **{"odata.type": "VMM.Nothing"},
    ),
    posted(
        "another type",
        400,
        "At $['odata.type']: 'VMM.Job' is not VMM.VMCheckPoint or a type derived from it.",
        **{"odata.type": "VMM.Job"},
    ),
    posted("no type", 400, "At $['odata.type']: ...", **{"odata.type": 5}),
    posted(
        "wrong annotation",
        400,
        "At $['Name@odata.type']: 'Name' is of type Edm.String, not Edm.Int32.",
        **{"Name@odata.type": "Edm.Int32"},
    ),
    posted(
        "related entity",
        501,
        "Writing related entities within 'ParentCheckPoint' is not supported.",
        ParentCheckPoint={},
    ),
    posted(
        "bound entity",
        501,
        "Binding 'ParentCheckPoint' to an existing entity is not supported.",
        **{"ParentCheckPoint@odata.bind": "x"},
    ),
    posted("VMId missing", 400, "The property 'VMId' is mandatory for a new checkpoint.", VMId=...),
    posted("VMId null", 400, "The property 'VMId' is mandatory for a new checkpoint.", VMId=None),
    posted("VMId zero", 400, "The property 'VMId' is mandatory for a new checkpoint.", VMId=ZERO),
    posted("StampId missing", 400, "The property 'StampId' is mandatory for a new checkpoint.", StampId=...),
    posted("StampId null", 400, "At $.StampId: the property 'StampId' is not nullable.", StampId=None),
    posted("StampId zero", 400, "The property 'StampId' is mandatory for a new checkpoint.", StampId=ZERO),
    posted("unknown machine", 404, f"There is no virtual machine {UNKNOWN} on the stamp {STAMP}.", VMId=UNKNOWN),
    posted("unknown stamp", 404, f"There is no virtual machine {MACHINE} on the stamp {UNKNOWN}.", StampId=UNKNOWN),
    posted(
        "a stranger's machine",
        404,
        f"There is no virtual machine {OTHER_MACHINE} on the stamp {STAMP}.",
        VMId=str(OTHER_MACHINE),
    ),
    posted(
        "action",
        400,
        "A new checkpoint cannot be restored: leave VMCheckPointAction null.",
        VMCheckPointAction="Restore",
    ),
    Bad(
        "unknown action",
        400,
        "'Jump' is no VMCheckPointAction: use Restore.",
        "MERGE",
        "{cp}",
        body=b'{"VMCheckPointAction":"Jump","Name":"n"}',
    ),
    Bad(
        "wrong type in an update",
        400,
        "At $.Name: a string is expected, for the type Edm.String.",
        "PUT",
        "{cp}",
        body=b'{"Description":"d","Name":5}',
    ),
    Bad("unknown property in an update", 400, "At $.Nam: ...", "MERGE", "{cp}", body=b'{"Description":"d","Nam":"n"}'),
    Bad(
        "null for a collection",
        400,
        "At $.GrantedToList: The value of the property 'GrantedToList' is null. ...",
        "PUT",
        machine_path(),
        body=b'{"Operation":"Stop","GrantedToList":null}',
    ),
    Bad(
        "number too large",
        400,
        "At $.CPUCount: ...",
        "PUT",
        machine_path(),
        body=b'{"Operation":"Stop","CPUCount":256}',
    ),
    Bad(
        "fraction",
        400,
        "At $.Memory: a whole number is expected, for the type Edm.Int32.",
        "PUT",
        machine_path(),
        body=b'{"Operation":"Stop","Memory":1.5}',
    ),
    Bad(
        "huge exponent",
        400,
        "At $.TotalSize: a whole number is expected, for the type Edm.Int64.",
        "PUT",
        machine_path(),
        body=b'{"Operation":"Stop","TotalSize":1e999999}',
    ),
    Bad(
        "a stream",
        400,
        "At $.VMConnection: a named stream has no value in an entity.",
        "PUT",
        machine_path(),
        body=b'{"Operation":"Stop","VMConnection":"x"}',
    ),
]

UNSUPPORTED = "Unsupported media type requested. ..."
HEADER: list[tuple[str, int, str, dict[str, str | None]]] = [
    ("text body", 415, UNSUPPORTED, {"Content-Type": "text/plain"}),
    ("form body", 415, UNSUPPORTED, {"Content-Type": "application/x-www-form-urlencoded"}),
    ("garbage type", 415, UNSUPPORTED, {"Content-Type": ";;"}),
    (
        "foreign charset",
        415,
        "The charset 'utf-16' cannot be read; send UTF-8.",
        {"Content-Type": JSON + ";charset=utf-16"},
    ),
    ("no Content-Type", 415, UNSUPPORTED, {"Content-Type": None}),
    ("empty Content-Type", 415, UNSUPPORTED, {"Content-Type": ""}),
    ("version too high", 400, "Request version '4.0' is too high for the server. ...", {"DataServiceVersion": "4.0"}),
    (
        "no version",
        400,
        "Request version 'three' specified for header 'DataServiceVersion' is not valid. ...",
        {"DataServiceVersion": "three"},
    ),
    (
        "no maximum",
        400,
        "Request version '3' specified for header 'MaxDataServiceVersion' is not valid. ...",
        {"MaxDataServiceVersion": "3"},
    ),
    (
        "maximum of nothing",
        400,
        "The MaxDataServiceVersion '0.9' is too low for the response. ...",
        {"MaxDataServiceVersion": "0.9"},
    ),
]
# What would only show in the answer, and is found out before anything is done for it.
ANSWER_HEADER: list[tuple[str, int, str, dict[str, str | None]]] = [
    ("text answer", 415, UNSUPPORTED, {"Accept": "text/plain"}),
    ("JSON refused", 415, UNSUPPORTED, {"Accept": "application/json;q=0"}),
    (
        "maximum too low",
        400,
        "The MaxDataServiceVersion '2.0' is too low for the response. ...",
        {"MaxDataServiceVersion": "2.0"},
    ),
]

HEADERS = [
    *[Bad(name, status, message, headers=headers) for name, status, message, headers in [*HEADER, *ANSWER_HEADER]],
    *[
        Bad(f"{name}, update", status, message, "MERGE", "{cp}", body=b'{"Name":"new"}', headers=headers)
        for name, status, message, headers in HEADER
    ],
    *[
        Bad(
            f"{name}, update",
            status,
            message,
            "PUT",
            machine_path(),
            body=b'{"Operation":"Stop"}',
            headers={**headers, "Prefer": "return-content"},
        )
        for name, status, message, headers in ANSWER_HEADER
    ],
    *[
        Bad(f"{name}, delete", status, message, "DELETE", "{cp}", body=b"", headers=headers)
        for name, status, message, headers in HEADER
        if "Content-Type" not in headers
    ],
]

ADDRESSES = [
    asked("too long a path", 414, "The URL is 2025 characters long; the limit url_length is 2000.", "a" * 2_024 + "/"),
    asked(
        "unknown set",
        404,
        "Resource not found for the segment 'VMCheckPoint'. Did you mean 'VMCheckPoints'?",
        "VMCheckPoint",
    ),
    asked(
        "other case",
        404,
        "Resource not found for the segment 'vmcheckpoints'. Did you mean 'VMCheckPoints'?",
        "vmcheckpoints",
    ),
    asked("Stamps", 404, "Resource not found for the segment 'Stamps'....", "Stamps"),
    asked("bad escape", 400, "In the URL, '%' must be followed by two hexadecimal digits. ...", "VMCheck%Points"),
    asked("escape cut off", 400, "In the URL, '%' must be followed by two hexadecimal digits. ...", "VMCheckPoints%2"),
    asked("escape of no UTF-8", 400, "The percent-encoded text 'VMCheckPoints%FF' is not UTF-8.", "VMCheckPoints%FF"),
    asked(
        "escape in the query",
        400,
        "In the URL, '%' must be followed by two hexadecimal digits. ...",
        query="$filter=Name eq '100%'",
    ),
    asked("no UTF-8 in the query", 400, "The percent-encoded text ''%C3'' is not UTF-8.", query="x='%C3'"),
    asked("key twice", 400, "The key 'ID' is given twice. ...", f"VMCheckPoints(ID=guid'{ZERO}',ID=guid'{ZERO}')"),
    asked(
        "key missing",
        400,
        "The number of keys specified in the URI does not match number of key properties for ...",
        f"VMCheckPoints(ID=guid'{ZERO}')",
    ),
    asked(
        "key without names",
        400,
        "Segments with multiple key values must specify them in 'name=value' form. ...",
        f"VMCheckPoints(guid'{ZERO}',guid'{ZERO}')",
    ),
    asked(
        "key of another name",
        400,
        "'Stamp' is no key of 'VMCheckPoints'. Did you mean 'StampId'? ...",
        f"VMCheckPoints(ID=guid'{ZERO}',Stamp=guid'{ZERO}')",
    ),
    asked(
        "key of another type",
        400,
        "The key 'ID' of type Edm.Guid was given a value of type Edm.Int32. ...",
        f"VMCheckPoints(ID=5,StampId=guid'{ZERO}')",
    ),
    asked("quotation without end", 400, "...", f"VMCheckPoints(ID=guid'{ZERO},StampId=1)/x"),
    asked("parenthesis without end", 400, "Syntax error: ...", f"VMCheckPoints(ID=guid'{ZERO}',StampId=guid'{ZERO}'"),
    asked("many segments", 400, "The path has more than 64 segments (limit path_segments).", "a/" * 65),
    asked(
        "property of a set",
        400,
        "The segment 'Name' is not a key value for 'ID' of type Edm.Guid: ...",
        "VMCheckPoints/Name/x",
    ),
    asked(
        "unknown property in a path",
        404,
        "Resource not found for the segment 'Nam': 'VMM.VMCheckPoint' has no such property. ...",
        "{cp}/Nam",
    ),
    asked("media of an entity", 404, "'VMM.VMCheckPoint' is not a media entity and has no $value.", "{cp}/$value"),
    asked("behind $metadata", 404, "Nothing can stand before or behind '$metadata' in a path.", "$metadata/x"),
    asked(
        "null as a raw value",
        404,
        "The property 'VMCheckPointAction' is null, so it has no raw value.",
        "{cp}/VMCheckPointAction/$value",
    ),
]

OPTIONS = [
    asked(
        "unknown option",
        400,
        "The query parameter '$fliter' begins with a system-reserved '$' character but is not ...",
        query="$fliter=true",
    ),
    asked(
        "option in another case",
        400,
        "The query parameter '$Filter' begins with a system-reserved '$' character ...",
        query="$Filter=true",
    ),
    asked(
        "encoded unknown option",
        400,
        "The query parameter '$x' begins with a system-reserved '$' character ...",
        query="%24x=1",
    ),
    asked(
        "$skiptoken of nobody",
        400,
        "The value of $skiptoken is none that this service made for this request: follow the links between pages.",
        query="$skiptoken=x",
    ),
    asked("option twice", 400, "The query option '$top' is given more than once.", query="$top=1&%24top=1"),
    asked(
        "$filter of an entity",
        400,
        "The query option '$filter' cannot be applied to an entity.",
        "{cp}",
        "$filter=true",
    ),
    asked(
        "$top of a count",
        400,
        "The query option '$top' cannot be applied to a count.",
        "VMCheckPoints/$count",
        "$top=1",
    ),
    asked(
        "$select of the root",
        400,
        "The query option '$select' cannot be applied to the service document.",
        "",
        "$select=x",
    ),
    asked(
        "$orderby of a property",
        400,
        "The query option '$orderby' cannot be applied to a primitive value.",
        "{cp}/Name",
        "$orderby=x",
    ),
    asked("negative $top", 400, "$top must be a whole number from 0, not '-1'. ...", query="$top=-1"),
    asked("$top of no number", 400, "$top must be a whole number from 0, not 'all'. ...", query="$top=all"),
    asked(
        "$skip too large",
        400,
        "$skip must be a whole number from 0 to 2147483647.",
        query="$skip=2147483648",
    ),
    asked("Arabic digits", 400, "$top must be a whole number from 0, not '٣'. ...", query="$top=%D9%A3"),
    asked("$inlinecount", 400, "$inlinecount must be allpages or none, not 'all'. ...", query="$inlinecount=all"),
    asked("$format", 400, "'jason' is no $format: use json, xml, atom or a media type. ...", query="$format=jason"),
    asked("$format of no writer", 415, UNSUPPORTED, query="$format=text/csv"),
    asked(
        "unknown name",
        400,
        "Could not find a property named 'Nme' on type 'VMM.VMCheckPoint'. Did you mean 'Name'? ...",
        query="$filter=Nme eq 'a'",
    ),
    asked(
        "unknown name in $select",
        400,
        "Could not find a property named 'Nme' on type 'VMM.VMCheckPoint'. Did you mean 'Name'? ...",
        query="$select=Nme",
    ),
    asked(
        "unknown name in $orderby",
        400,
        "Could not find a property named 'Nme' on type 'VMM.VMCheckPoint'. Did you mean 'Name'? ...",
        query="$orderby=Nme",
    ),
    asked(
        "empty $filter", 400, "Syntax error: an expression is expected, but the end was found. ...", query="$filter="
    ),
    asked(
        "half a $filter",
        400,
        "Syntax error: a blank after 'eq' is expected, but the end was found. (At character 8 of: Name eq)",
        query="$filter=Name eq",
    ),
    asked(
        "types in a $filter",
        400,
        "'eq' cannot compare 'Name' of type Edm.String with the value 5 of type Edm.Int32. ...",
        query="$filter=Name eq 5",
    ),
    asked(
        "no condition",
        400,
        "A condition is expected, but the expression is 'Name' of type Edm.String. ...",
        query="$filter=Name",
    ),
    asked(
        "unknown function", 400, "There is no function 'contains' in OData 3.0. ...", query="$filter=contains(Name,'a')"
    ),
    asked("arithmetic", 400, "'add' cannot compute ...", query="$filter=Name add 1 eq 2"),
    asked(
        "deep $filter",
        400,
        "The expression is nested too deeply: the limit expression_depth is 100. ...",
        query="$filter=" + "(" * 500 + "true" + ")" * 500,
    ),
    Bad(
        "$filter with POST",
        400,
        "The query option '$filter' cannot be applied to a request to add to a collection of entities.",
        query="$filter=true",
    ),
    Bad(
        "unknown option with POST",
        400,
        "The query parameter '$x' begins with a system-reserved '$' character ...",
        query="$x",
    ),
    Bad("unknown $select with POST", 400, "Could not find a property named 'Nme' ...", query="$select=Nme"),
    Bad(
        "$top with DELETE",
        400,
        "The query option '$top' cannot be applied to a request to delete an entity.",
        "DELETE",
        "{cp}",
        "$top=1",
        b"",
    ),
]

WRITES = [
    *[
        wrote(method, path, 405, ONE_SET.format(what, method))
        for path, what in (("", "the service root"), ("$metadata", "$metadata"), ("VMCheckPoints/$count", "a count"))
        for method in ("POST", "PUT", "MERGE", "PATCH", "DELETE", "get")
    ],
    *[
        wrote(method, "VMCheckPoints", 405, ONE_SET.format("a collection of entities", method))
        for method in ("PUT", "MERGE", "PATCH", "DELETE", "QUERY")
    ],
    *[
        wrote(method, path, 501, f"{method} on {what} is not supported.")
        for path, what in (
            ("{cp}/Name", "a property"),
            ("{cp}/Name/$value", "a raw value"),
            (machine_path() + "/$links/VMCheckpoints", "links"),
        )
        for method in ("PUT", "MERGE", "DELETE")
    ],
    wrote("POST", "{cp}", 405, ONE_SET.format("an entity", "POST")),
    wrote("POST", "{cp}/Name", 405, ONE_SET.format("a property", "POST")),
    wrote("POST", "$batch", 501, "POST on $batch is not supported."),
    wrote("GET", "$batch", 405, ONE_SET.format("$batch", "GET")),
]

CASES = [*BODIES, *VALUES, *HEADERS, *ADDRESSES, *OPTIONS, *WRITES]


def test_the_names_of_the_cases_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_refused(case: Bad) -> None:
    client = Client(limits=LIMITS)
    checkpoint = checkpoint_path(client.create()["ID"])
    before = client.photograph()
    path = case.path.replace("{cp}", checkpoint)
    # The complaint is read in JSON, whatever the request asked of a success.
    answer = client.send(case.method, path, case.query, body=case.body, headers=case.headers)
    assert answer.status == case.status
    message = (
        answer.message if (answer.header("Content-Type") or "").startswith("application/json") else xml(answer.body)
    )
    beginning, cut, _rest = case.message.partition("...")
    assert (message[: len(beginning)] if cut else message) == beginning
    assert answer.header("x-ms-request-id") is None
    assert client.photograph() == before


def xml(body: bytes) -> str:
    """The message of an XML error."""
    return next(element.text or "" for element in fromstring(body) if element.tag.endswith("}message"))


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("", "GET, HEAD"),
        ("$metadata", "GET, HEAD"),
        ("$batch", "POST"),
        ("VMCheckPoints", "GET, HEAD, POST"),
        ("VMCheckPoints/$count", "GET, HEAD"),
        (checkpoint_path(ZERO), "GET, HEAD, PUT, MERGE, PATCH, DELETE"),
        (checkpoint_path(ZERO) + "/Name", "GET, HEAD, PUT, MERGE, PATCH, DELETE"),
    ],
)
def test_405_says_what_is_allowed(path: str, allow: str) -> None:
    answer = Client().send("TRACE", path)
    assert (answer.status, answer.header("Allow")) == (405, allow)


def test_a_body_and_a_url_of_just_the_limit() -> None:
    client = Client(limits=LIMITS)
    answer = client.send("POST", "VMCheckPoints", body=GOOD + b" " * (LIMITS.body_bytes - len(GOOD)))
    assert answer.status == 201
    query = "x=" + "a" * (LIMITS.url_length - len("VMCheckPointsx="))
    assert client.get("VMCheckPoints", query).status == 200
    assert client.get("VMCheckPoints", query + "a").status == 414


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json;odata=fullmetadata", "text/html, */*;q=0.1"]
)
def test_what_is_accepted_after_all(accept: str | None) -> None:
    client = Client()
    headers = {
        "Accept": accept,
        "DataServiceVersion": None,
        "MaxDataServiceVersion": None,
        "Content-Type": "application/json",
    }
    assert client.send("POST", "VMCheckPoints", body=b"\xef\xbb\xbf" + GOOD, headers=headers).status == 201
