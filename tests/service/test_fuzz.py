# Whatever is sent, the VMM service answers: never 500, never an exception, a body that is what its Content-Type says,
# and nothing changed by reading. Requests are put together from tokens of the grammar, near misses and garbage.

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import fromstring

import msgspec
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from odata_core.protocol import ODATA_3
from odata_core.service import Headers, Request, Response
from odata_core.service.refusal import check_headers
from odata_vmm.model import vmm_model
from odata_vmm.sample import ADMIN_SUBSCRIPTION, MACHINE, OTHER_MACHINE, OTHER_SUBSCRIPTION, STAMP, SUBSCRIPTION
from tests.vmm.requests import Client, checkpoint_path, machine_path, new_checkpoint, role_path, small_site

ROOT = "https://h/"
MODEL = vmm_model()
BUILT_LATER = 501  # the one answer of the five hundreds that a request may provoke from a host that works

# Tokens ----------------------------------------------------------------------------------------------------------

GUIDS = [str(guid) for guid in (MACHINE, OTHER_MACHINE, STAMP, SUBSCRIPTION)]
TYPES = [MODEL.entity_sets[name].type for name in ("VMCheckPoints", "VirtualMachines", "Jobs", "UserRoles", "Clouds")]
NAMES = sorted({name for kind in TYPES for name in (*kind.properties, *kind.navigation)})

garbage = st.text(max_size=12)
ascii_garbage = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
guids = st.sampled_from([f"guid'{guid}'" for guid in GUIDS] + ["guid'x'", "guid'{" + GUIDS[0] + "}'", f"'{GUIDS[0]}'"])
literals = guids | st.sampled_from(
    "null true false 5 -5 5L 1.5 1.5m 1e400 1e400d NaN INF -INF 'a' 'it''s' 'open '%25' X'FF' X'F' time'PT1S' "
    "datetime'2013-08-19T15:02:36.8185926-07:00' datetime'x' datetimeoffset'2013-08-19T15:02:36Z' 0.0f "
    "datetime'9999-12-31T23:59:59-14:00' datetime'0001-01-01T00:00:00+14:00' geography'x' 99999999999999999999".split(
        " "
    )
)
names = st.sampled_from(NAMES) | st.sampled_from(["Owner/RoleID", "OperatingSystemInstance/Name", "x", "$it", "Name/x"])
functions = st.sampled_from(
    "substringof startswith endswith indexof length substring tolower toupper trim concat round year contains x".split()
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from("eq ne lt le gt ge and or add sub mul div mod has xx".split())
    return st.one_of(
        st.builds("{} {} {}".format, inner, operators, inner),
        st.builds("({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds("-{}".format, inner),
        st.builds("{}({})".format, functions, inner),
        st.builds("{}({},{})".format, functions, inner, inner),
        st.builds("substring({},{},{})".format, inner, inner, inner),
    )


expressions = st.recursive(names | literals, _grown, max_leaves=8)
options = st.one_of(
    st.builds("$filter={}".format, expressions),
    st.builds("$orderby={} {}".format, expressions, st.sampled_from(["", "asc", "desc", "asc desc", ",Name", ","])),
    st.builds("$select={}".format, st.lists(names, max_size=3).map(",".join)),
    st.builds(
        "{}={}".format,
        st.sampled_from(["$top", "$skip"]),
        st.sampled_from(["0", "1", "-1", "2147483647", "2147483648", "9" * 99, "x", "", "1.0", " 1 ", "٣"]),
    ),
    st.sampled_from(
        "$inlinecount=allpages $inlinecount=none $inlinecount=x $expand=VMCheckpoints $skiptoken=x $x $ $=1 = & && "
        "RunAsynchronously=1 RunAsynchronously=0 RunAsynchronously=x a=b %24top=1 $format=json $format=xml "
        "$format=atom $format=x $format=application/json;odata=fullmetadata $format=*/* $filter %".split()
    ),
    garbage,
)
queries = st.lists(options, max_size=3).map("&".join)

predicates = st.one_of(
    st.just(""),
    st.just("()"),
    st.builds("(ID={},StampId={})".format, guids, guids),
    st.builds("(StampId={},ID={})".format, guids, guids),
    st.builds("({})".format, literals),
    st.builds("({}={},{}={})".format, names, literals, names, literals),
    st.sampled_from(["(", ")", "('", "(ID=", "((", "(,)", "(''/", "(ID=guid'"]),
)
segments = st.one_of(
    st.builds("{}{}".format, st.sampled_from(list(MODEL.entity_sets)), predicates),
    st.builds("{}{}".format, names, predicates),
    st.sampled_from([*GUIDS, "{cp}", "{cp}/ParentCheckPoint", machine_path(), role_path(SUBSCRIPTION)]),
    st.sampled_from(
        "$value $count $links $metadata $batch $ $$ $x . .. %2F %00 %ff % %zz + ; VMM.VMCheckPoint".split()
    ),
    garbage,
)
# Most paths begin where there is something to find.
inner_paths = st.tuples(st.integers(0, 3), st.lists(segments, max_size=4)).map(
    lambda pair: "/".join([*([] if pair[0] else ["VirtualMachines"]), *pair[1]])
)
roots = st.sampled_from(
    [f"{guid}/services/systemcenter/vmm/" for guid in (SUBSCRIPTION, OTHER_SUBSCRIPTION, ADMIN_SUBSCRIPTION)] * 8
    + [f"SC2012R2/VMM/{SUBSCRIPTION}/Microsoft.Management.Odata.svc/", f"{STAMP}/services/systemcenter/vmm/", ""]
)

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        garbage,
        st.sampled_from(
            [*GUIDS, "Restore", "Set", "Start", "Stop", "2013-08-19T15:02:36-07:00", "VMM.VMCheckPoint", "5"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names, inner, max_size=3)
        | st.fixed_dictionaries({"StampId": st.just(str(STAMP)), "Permission": st.lists(inner, max_size=2)})
    ),
    max_leaves=5,
)
members = st.one_of(
    st.sampled_from(
        "Name Description VMId StampId ID VMCheckPointAction Operation Tag PermissionInput AddMember".split()
    ),
    names,
    st.sampled_from(
        ["odata.type", "Name@odata.type", "PermissionInput@odata.type", "Cloud@odata.bind", "x@y", "", "@"]
    ),
    garbage,
)
stamps = st.just(str(STAMP)) | values
permission_lists = st.lists(st.just("Start") | values, max_size=2) | values
permission_inputs = st.lists(
    st.fixed_dictionaries({}, optional={"StampId": stamps, "Permission": permission_lists}), max_size=3
)
contents = st.one_of(
    st.dictionaries(members, values, max_size=4),
    st.fixed_dictionaries({"PermissionInput": permission_inputs}, optional={"AddMember": permission_lists}),
    st.builds(lambda more: {**new_checkpoint(), **more}, st.dictionaries(members, values, max_size=2)),
    st.just({"VMCheckPointAction": "Restore"}),
    st.just({"Operation": "Stop"}),
    values,
)
bodies = st.one_of(
    contents.map(msgspec.json.encode),
    st.just(b""),
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"{",
            b"[" * 99,
            b'{"Name":"\\ud800"}',
            b'{"Name":"a","Name":"b"}',
            b'{"Memory":1e99999}',
            b'{"TotalSize":' + b"9" * 99 + b"}",
        ]
    ),
    st.builds(lambda text, cut: text[:cut], contents.map(msgspec.json.encode), st.integers(0, 200)),
)
accepts = st.one_of(
    st.sampled_from(
        "application/json|application/json;odata=minimalmetadata|application/json;odata=fullmetadata|*/*|text/plain|"
        "application/json;odata=nometadata|application/json;odata=verbose|application/atom+xml,application/xml|text/*|"
        'application/xml|application/atomsvc+xml|image/png|;|,|*/*;q=0|*/*;q=x|application/json;q=nan|a/b;c="d'.split(
            "|"
        )
    ),
    ascii_garbage,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept": accepts,
        "Content-Type": st.just("application/json") | accepts,
        "DataServiceVersion": st.sampled_from(["3.0;NetFx", "1.0", "2.0", "4.0", "x", "", "9" * 99]) | ascii_garbage,
        "MaxDataServiceVersion": st.sampled_from(["3.0;NetFx", "1.0", "2.0", "0.5", "4.0", "x", ""]) | ascii_garbage,
        "DataServiceUrlConventions": st.sampled_from(["KeyAsSegment", "x"]),
        "Prefer": st.sampled_from(
            ["return-content", "return-no-content", "x", ',;="', "return-content,return-no-content"]
        ),
        "If-Match": st.sampled_from(["*", '"1"', ""]),
        "X-HTTP-Method": st.sampled_from(["MERGE", "DELETE", "PUT", "GET", "", "x"]),
        "x-ms-principal-id": st.sampled_from(["user@contoso.com", "%ff", "%00", "[name]", ""]) | ascii_garbage,
    },
)
methods = st.sampled_from("GET GET GET POST POST PUT MERGE PATCH DELETE HEAD OPTIONS get X".split()) | ascii_garbage

# Properties ------------------------------------------------------------------------------------------------------


def site() -> tuple[Client, str]:
    """A client of a fresh service, and a checkpoint."""
    client = Client(small_site())
    client.create()
    return client, checkpoint_path(client.create(Name="second")["ID"])


SHARED, CHECKPOINT = site()


def send(client: Client, method: str, path: str, query: str, given: dict[str, str], body: bytes) -> Response:
    return client.service.handle(Request(method, ROOT, path, query, Headers(given), body))


def check(response: Response) -> None:
    """What holds for every answer."""
    assert response.status < 500 or response.status == BUILT_LATER, response
    check_headers(response)
    assert response.header("Cache-Control") == "no-cache"
    content_type = response.header("Content-Type")
    if response.status == 204:
        assert (content_type, response.body) == (None, b"")
        return
    assert content_type is not None
    kind = content_type.partition(";")[0]
    if kind == "application/json":
        content = msgspec.json.decode(response.body)
        assert isinstance(content, dict)
        assert ("odata.error" in content or "error" in content) is (response.status >= 400)
    elif kind in ("application/xml", "application/atomsvc+xml", "application/atom+xml"):
        root = fromstring(response.body.decode("utf-8"))
        assert root.tag.endswith("}error") is (response.status >= 400)
    else:
        assert (kind, response.status) == ("text/plain", 200)
        response.body.decode("utf-8")
    if response.status == 405:
        assert response.header("Allow")
    if response.status == 201:
        assert response.header("Location")


@settings(deadline=None, max_examples=400)
@given(root=roots, path=inner_paths, query=queries, given_headers=headers)
def test_reading(root: str, path: str, query: str, given_headers: dict[str, str]) -> None:
    given_headers = {name: value for name, value in given_headers.items() if name != "X-HTTP-Method"}
    before = SHARED.photograph()
    check(send(SHARED, "GET", root + path.replace("{cp}", CHECKPOINT), query, given_headers, b""))
    assert SHARED.photograph() == before


@settings(deadline=None, max_examples=400)
@given(condition=expressions, order=expressions, name=st.sampled_from(sorted(MODEL.entity_sets)))
@example(condition="ID eq 1e400d", order="ID", name="Jobs")
@example(condition="Memory lt NaN", order="TotalSize desc", name="VirtualMachines")
def test_expressions(condition: str, order: str, name: str) -> None:
    root = f"{ADMIN_SUBSCRIPTION}/services/systemcenter/vmm/"
    for query in (
        f"$filter={condition}",
        f"$orderby={order}",
        f"$filter={condition}&$orderby={order}&$inlinecount=allpages",
    ):
        check(send(SHARED, "GET", root + name, query.replace("%", "%25"), {"Accept": "application/json"}, b""))


@settings(deadline=None, max_examples=400)
@given(method=methods, root=roots, path=inner_paths, query=queries, given_headers=headers, body=bodies)
def test_anything(method: str, root: str, path: str, query: str, given_headers: dict[str, str], body: bytes) -> None:
    client, checkpoint = site()
    before = client.photograph()
    response = send(client, method, root + path.replace("{cp}", checkpoint), query, given_headers, body)
    check(response)
    if response.status >= 400 and response.header("x-ms-request-id") is None:
        assert client.photograph() == before


_TARGETS = [
    ("POST", "VMCheckPoints"),
    ("POST", machine_path() + "/VMCheckpoints"),
    *[
        (method, path)
        for method in ("MERGE", "PUT")
        for path in ("{cp}", machine_path(), role_path(SUBSCRIPTION), role_path(ADMIN_SUBSCRIPTION))
    ],
]


@settings(deadline=None, max_examples=400)
@given(target=st.sampled_from(_TARGETS), body=bodies, prefer=st.sampled_from(["return-content", "return-no-content"]))
def test_bodies(target: tuple[str, str], body: bytes, prefer: str) -> None:
    """Straight at what can be written, by a caller who may write it all."""
    client, checkpoint = site()
    before = client.photograph()
    method, path = target
    root = f"{ADMIN_SUBSCRIPTION}/services/systemcenter/vmm/"
    given_headers = {"Content-Type": "application/json", "Prefer": prefer}
    response = send(client, method, root + path.replace("{cp}", checkpoint), "", given_headers, body)
    check(response)
    if response.status >= 400 and response.header("x-ms-request-id") is None:
        assert client.photograph() == before
    # Whatever was stored can be read again.
    for name in ("VMCheckPoints", "VirtualMachines", "UserRoles", "Jobs"):
        for level in ("minimalmetadata", "fullmetadata"):
            again = send(client, "GET", root + name, "", {"Accept": f"application/json;odata={level}"}, b"")
            check(again)
            assert again.status == 200


@settings(deadline=None)
@given(
    path=garbage | inner_paths,
    query=garbage,
    body=st.binary(max_size=50),
    given_headers=st.dictionaries(ascii_garbage, garbage),
)
def test_garbage(path: str, query: str, body: bytes, given_headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "DELETE"):
        check(send(SHARED, method, path, query, given_headers, body))
        check(send(SHARED, method, f"{STAMP}/services/systemcenter/vmm/{path}", query, given_headers, body))


@settings(deadline=None)
@given(text=garbage | st.text(st.characters(max_codepoint=0x9F), max_size=5), accept=st.sampled_from(["xml", "json"]))
def test_any_text_fits_into_an_error(text: str, accept: str) -> None:
    """A message repeats what was sent, which XML, for one, cannot always hold."""
    assume(f"${text}" not in ODATA_3.options)
    root, written = f"{SUBSCRIPTION}/services/systemcenter/vmm/", quote(text)
    for path, query in (
        (f"x{written}", ""),
        (f"Jobs(ID='{written}')", ""),
        ("Jobs", f"${written}=1"),
        ("Jobs", f"$filter={written} eq"),
        ("Jobs", f"$filter='{written}' eq 1"),
        ("Jobs", f"$top={written}x"),
    ):
        response = send(SHARED, "GET", root + path, query, {"Accept": f"application/{accept}"}, b"")
        check(response)
        assert response.status in (400, 404)


def test_there_is_something_to_find() -> None:
    """The other tests would test little if the shared site had nothing to show."""
    assert len(SHARED.get("VMCheckPoints").rows) == 2
    assert SHARED.get(CHECKPOINT).status == 200
