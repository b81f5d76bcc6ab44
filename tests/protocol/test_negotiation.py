# What the headers settle: formats, versions, tunnelled methods, preferences, as tables read in both directions.

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_core.errors import ODataError
from odata_core.protocol import ODATA_3, Exchange, check_content_type, choose_format, error_format, negotiate
from odata_core.service import Headers


def exchange(method: str = "GET", **headers: str) -> Exchange:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return negotiate(ODATA_3, method, named, key_as_segment=True)


def chosen(accept: str | None, option: str | None = None, content: str = "entity") -> str:
    headers = {} if accept is None else {"Accept": accept}
    return choose_format(exchange(**headers), content, option).name


LEVELS = ("json-light-minimal", "json-light-full", "json-light-none")
HEADER_PARTS = (
    *("application/json", "*/*", "application/*", "text/html", "application/atom+xml", ";", ",", "=", '"', "\\", " "),
    *(
        "odata",
        "odata=",
        "odata*=utf-8''x",
        "odata*0=full",
        "verbose",
        "fullmetadata",
        "q=0.5",
        "q=nan",
        "q=",
        "charset=",
    ),
    *("3.0", "2.0", "4.0", ";NetFx", "return-content", "\x00", "ä"),
)


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json-light-minimal"),
        ("", "json-light-minimal"),
        ("*/*", "json-light-minimal"),
        ("application/*", "json-light-minimal"),
        ("application/json", "json-light-minimal"),
        ("application/json;odata=minimalmetadata", "json-light-minimal"),
        ("application/json;odata=light", "json-light-minimal"),
        ("application/json; odata=FullMetadata; charset=utf-8", "json-light-full"),
        ('Application/JSON;streaming=true;odata="nometadata"', "json-light-none"),
        ("application/json;odata=nometadata;q=0.1, application/json;odata=fullmetadata;q=0.2", "json-light-full"),
        ("*/*;q=0.1, application/json;odata=nometadata;q=0.5", "json-light-none"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json-light-minimal"),
        ("application/atom+xml, application/json;q=0.5", "atom-3-entry"),
        ("application/atom+xml,application/xml", "atom-3-entry"),
        ("application/json;odata=verbose", "json-verbose-3"),
        ("*/*, application/json;odata=fullmetadata", "json-light-full"),
        ("application/*, */*, application/json;odata=nometadata", "json-light-none"),
        ("application/json;ODATA=FULLMETADATA;Q=1.0", "json-light-full"),
        ("application/json;odata=minimalmetadata;streaming=true;charset=utf-8", "json-light-minimal"),
        ('application/json;note="a,b;odata=verbose";odata=fullmetadata', "json-light-full"),
        ("application/json;odata=verbose, */*;q=0.01", "json-verbose-3"),
        ("application/json;odata=verbose;q=0.9, application/json;q=0.8", "json-verbose-3"),
        ("application/json;q=0, */*", "atom-3-entry"),
        ("application/json;odata=minimalmetadata;q=0, */*", "json-light-full"),
        ("application/json;q=half, */*;q=0.1", "json-light-minimal"),
        ("application/json;odata=fullmetadata;q=nan, */*;q=0.1", "json-light-minimal"),
        (", ,application/json,", "json-light-minimal"),
        ("nonsense, application/json", "json-light-minimal"),
    ],
)
def test_accept(accept: str | None, name: str) -> None:
    assert chosen(accept) == name


@pytest.mark.parametrize(
    "accept",
    [
        "application/json;odata=unheard-of",
        "text/html",
        "application/json;q=0",
        "application/json;q=-1",
        "application/json;q=nan",
        "*/*;q=0",
        "json",
        "nonsense",
        ";;;",
        "/",
    ],
)
def test_nothing_that_is_accepted(accept: str) -> None:
    with pytest.raises(ODataError) as caught:
        chosen(accept)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("json", "json-light-minimal"),
        ("JSON", "json-light-minimal"),
        ("application/json;odata=fullmetadata", "json-light-full"),
        ("atom", "atom-3-entry"),
        ("application/atom xml", "atom-3-entry"),
    ],
)
def test_format_option_beats_accept(option: str, name: str) -> None:
    assert chosen("text/html", option) == name


@pytest.mark.parametrize(("option", "status"), [("text/html", 415), ("x", 400)])
def test_format_option_refused(option: str, status: int) -> None:
    with pytest.raises(ODataError) as caught:
        chosen("application/json", option)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("content", "accept", "name"),
    [
        ("service", "application/atomsvc+xml", "service-xml"),
        ("service", "application/xml", "service-xml"),
        ("service", "application/atom+xml,application/xml", "service-xml"),
        ("service", "application/json;q=0, */*", "service-xml"),
        ("service", "application/json;q=0.5, application/xml;q=0.9", "service-xml"),
        ("service", None, "json-light-minimal"),
        ("metadata", "text/html", "xml"),
        ("binary", "image/png", "binary"),
        ("metadata", "application/json", "xml"),
        ("count", "application/json;odata=minimalmetadata", "count"),
        ("value", "*/*", "text"),
    ],
)
def test_other_contents(content: str, accept: str | None, name: str) -> None:
    assert chosen(accept, None, content) == name


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "json-light-minimal"),
        ({"Accept": "application/json;odata=fullmetadata"}, "json-light-full"),
        ({"Accept": "application/atom+xml,application/xml"}, "xml-error"),
        ({"Accept": "application/json;odata=verbose"}, "json-verbose-3"),
        ({"Accept": "application/json", "MaxDataServiceVersion": "2.0"}, "xml-error"),
        ({"Accept": "application/json", "MaxDataServiceVersion": "nonsense"}, "json-light-minimal"),
    ],
)
def test_format_of_errors(headers: dict[str, str], name: str) -> None:
    assert error_format(ODATA_3, Headers(headers), None).name == name


def test_an_explicit_format_of_what_has_one_representation_must_fit() -> None:
    assert chosen(None, "application/xml", "metadata") == "xml"
    with pytest.raises(ODataError) as caught:
        chosen(None, "json", "metadata")
    assert (caught.value.status, caught.value.message) == (
        415,
        "Unsupported media type requested. 'application/json' cannot be written here; what can is: "
        "application/xml;charset=utf-8.",
    )


@given(st.text() | st.lists(st.sampled_from(HEADER_PARTS)).map("".join))
def test_any_accept_header_and_content_type_is_understood_or_refused(value: str) -> None:
    for settle in (lambda: chosen(value), lambda: chosen(None, value), lambda: check_content_type(ODATA_3, value)):
        try:
            settle()
        except ODataError as refusal:
            error = refusal
        else:
            continue
        assert error.status in (400, 415)
    assert error_format(ODATA_3, Headers({"Accept": value}), value).name in ("xml-error", *LEVELS)
    try:
        exchange(DataServiceVersion=value, MaxDataServiceVersion=value, Prefer=value)
    except ODataError as refusal:
        error = refusal
    else:
        return
    assert error.status == 400


@pytest.mark.parametrize("value", ["3.0", "3.0;NetFx", "2.0; pyslet 0.7", " 1.0 ", "1.0;NetFx"])
def test_versions_that_are_understood(value: str) -> None:
    assert str(exchange(DataServiceVersion=value).maximum) == "3.0"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"DataServiceVersion": "4.0"},
            "Request version '4.0' is too high for the server. "
            "Please specify a request version less than or equal to '3.0'.",
        ),
        (
            {"DataServiceVersion": "three"},
            "Request version 'three' specified for header 'DataServiceVersion' is not valid. "
            "Please specify a valid version value, such as 3.0.",
        ),
        (
            {"MaxDataServiceVersion": "x"},
            "Request version 'x' specified for header 'MaxDataServiceVersion' is not valid. "
            "Please specify a valid version value, such as 3.0.",
        ),
    ],
)
def test_versions_that_are_not(headers: dict[str, str], message: str) -> None:
    with pytest.raises(ODataError) as caught:
        exchange(**headers)
    assert (caught.value.status, caught.value.message) == (400, message)


def test_a_maximum_that_is_too_low_for_json_light() -> None:
    with pytest.raises(ODataError) as caught:
        choose_format(exchange(MaxDataServiceVersion="2.0;NetFx"), "data", None)
    assert caught.value.status == 400
    assert caught.value.message.startswith("The MaxDataServiceVersion '2.0' is too low for the response.")


def test_a_higher_maximum_is_the_servers_own() -> None:
    assert str(exchange(MaxDataServiceVersion="4.0").maximum) == "3.0"


@pytest.mark.parametrize(
    ("method", "headers", "meant"),
    [
        ("GET", {}, "GET"),
        ("POST", {"X-HTTP-Method": "MERGE"}, "MERGE"),
        ("POST", {"X-HTTP-Method-Override": " delete "}, "DELETE"),
        ("POST", {"X-HTTP-Method": "PATCH"}, "PATCH"),
    ],
)
def test_tunnelling(method: str, headers: dict[str, str], meant: str) -> None:
    assert exchange(method, **headers).method == meant


@pytest.mark.parametrize(
    ("method", "value"), [("GET", "MERGE"), ("PUT", "MERGE"), ("POST", "GET"), ("POST", "POST"), ("POST", "x")]
)
def test_tunnelling_refused(method: str, value: str) -> None:
    with pytest.raises(ODataError) as caught:
        exchange(method, X_HTTP_Method=value)
    assert (caught.value.status, caught.value.target) == (400, "X-HTTP-Method")


@pytest.mark.parametrize(
    ("value", "wish"),
    [
        ("return-content", True),
        ("return-no-content", False),
        ("Return-Content", True),
        ("respond-async, return-no-content", False),
        ("x=1;y, return-content;z", True),
        ("return=minimal", None),
        ("", None),
    ],
)
def test_prefer(value: str, wish: bool | None) -> None:
    assert exchange(Prefer=value).return_content is wish


@pytest.mark.parametrize(("value", "holds"), [("KeyAsSegment", True), ("keyassegment", False), ("Default", False)])
def test_key_convention_is_compared_exactly(value: str, holds: bool) -> None:
    assert exchange(DataServiceUrlConventions=value).key_as_segment is holds


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "application/json;odata=minimalmetadata",
        "application/json; odata=fullmetadata; charset=UTF-8",
        "APPLICATION/JSON;odata=light;streaming=true",
        "application/atom+xml;type=entry",
        "application/json;odata=verbose",
    ],
)
def test_bodies_that_are_read(value: str) -> None:
    assert check_content_type(ODATA_3, value).can_read


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/json;odata=unheard-of",
        "application/json;charset=utf-16",
    ],
)
def test_bodies_that_are_not(value: str | None) -> None:
    with pytest.raises(ODataError) as caught:
        check_content_type(ODATA_3, value)
    assert caught.value.status == 415
