# The wrappers: who gets in, what the others are told, and what the log says of them.

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from odata_core.errors import Conflict
from odata_core.service import security
from odata_core.service.access_log import AccessLog
from odata_core.service.messages import Handler, Headers, Request, Response
from odata_core.service.security import (
    BadSetting,
    BasicAuth,
    BodyLimit,
    LocalNames,
    TrustedProxy,
    print_user,
    read_user_file,
)

# Cheap hashes: the tests are about who gets in, not about how long a guess takes.
CHEAP = "pbkdf2:sha256:1"
USERS = {
    "anna": generate_password_hash("s3cret:with colon", CHEAP),
    "jörg": generate_password_hash("pässword", CHEAP),
}
CHALLENGE = 'Basic realm="OData", charset="UTF-8"'


class Answering:
    """Answers 200 with a body, or raises what it is told to."""

    max_body = 77

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def handle(self, request: Request) -> Response:
        if self.error:
            raise self.error
        return Response(200, (), b"welcome")


def request(headers: Mapping[str, str] | None = None, remote: str = "", root: str = "http://h/") -> Request:
    return Request("GET", root, "Things", headers=Headers(headers or {}), remote=remote)


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


# Basic authentication --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "password"), [("anna", "s3cret:with colon"), ("jörg", "pässword")])
def test_right_password(name: str, password: str) -> None:
    guard = BasicAuth(Answering(), USERS)
    for _ in range(2):
        assert guard.handle(request(basic(name, password))).body == b"welcome"


def test_scheme_is_matched_in_any_case() -> None:
    headers = {"authorization": basic("jörg", "pässword")["Authorization"].replace("Basic ", "bASIC  ")}
    assert BasicAuth(Answering(), USERS).handle(request(headers)).status == 200


WRONG = [
    {},
    basic("anna", ""),
    basic("anna", "s3cret"),
    basic("", ""),
    basic("nobody", "s3cret:with colon"),
    {"Authorization": ""},
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic \xe9"},
    {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"anna:\xff").decode()},
    {"Authorization": "Bearer abc"},
]


@pytest.mark.parametrize("headers", WRONG)
def test_wrong_credentials(headers: dict[str, str]) -> None:
    guard = BasicAuth(Answering(), USERS)
    for _ in range(2):
        response = guard.handle(request(headers))
        assert response.status == 401
        assert response.header("WWW-Authenticate") == CHALLENGE
        assert b"This service wants a user name and a password." in response.body


def test_passwords_are_hashed_once_and_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def counting(digest: str, password: str) -> bool:
        checked.append(digest)
        return check_password_hash(digest, password)

    monkeypatch.setattr(security, "check_password_hash", counting)
    guard = BasicAuth(Answering(), USERS)
    for _ in range(3):
        guard.handle(request(basic("jörg", "pässword")))
    assert checked == [USERS["jörg"]]
    assert not any("pässword".encode() in kept or "jörg".encode() in kept for kept in guard._verified)


def test_an_unknown_user_costs_a_hash_of_the_same_method(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def never_right(digest: str, password: str) -> bool:
        checked.append(digest)
        return False

    monkeypatch.setattr(security, "check_password_hash", never_right)
    guard = BasicAuth(Answering(), USERS)
    guard.handle(request(basic("anna", "wrong")))
    guard.handle(request(basic("nobody", "wrong")))
    assert [digest.partition("$")[0] for digest in checked] == [CHEAP, CHEAP]


def test_a_hash_that_fits_nobody_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "check_password_hash", lambda digest, password: True)
    assert BasicAuth(Answering(), {}).handle(request(basic("nobody", "x"))).status == 401


def test_memory_of_credentials_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "_REMEMBERED", 2)
    users = {f"user{number}": generate_password_hash("x", CHEAP) for number in range(5)}
    guard = BasicAuth(Answering(), users)
    for _ in range(2):
        for name in users:
            assert guard.handle(request(basic(name, "x"))).status == 200
            assert len(guard._verified) <= 2


# The user file ---------------------------------------------------------------------------------------------------


def test_user_file(tmp_path: Path) -> None:
    line = print_user("jörg", "pässword")
    file = tmp_path / "users"
    file.write_text(f"# people\n\n  anna:{USERS['anna']}  \n{line}\n", "utf-8")
    users = read_user_file(file)
    assert users == {"anna": USERS["anna"], "jörg": line.partition(":")[2]}
    assert BasicAuth(Answering(), users).handle(request(basic("jörg", "pässword"))).status == 200


@pytest.mark.parametrize("line", ["anna", "anna:s3cret", ":pbkdf2:sha256:1$salt$00ff", "anna:scrypt:x$y$z", "a\x07:b"])
def test_bad_line_is_named_and_not_shown(line: str, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"# people\n{line}\n")
    with pytest.raises(BadSetting) as caught:
        read_user_file(file)
    assert caught.value.message == f"Line 2 of the user file '{file}' does not read 'name:hash'."


def test_user_named_twice(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"anna:{USERS['anna']}\nanna:{USERS['jörg']}\n")
    with pytest.raises(BadSetting) as caught:
        read_user_file(file)
    assert caught.value.message == f"Line 2 of the user file '{file}' names a user for the second time."


def test_user_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file or directory"):
        read_user_file(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(BadSetting, match="cannot be read: it is not UTF-8 text"):
        read_user_file(tmp_path / "latin")


@pytest.mark.parametrize("name", ["", "a:b", "#a", " a", "a\n", "a\x00"])
def test_bad_user_name(name: str) -> None:
    with pytest.raises(BadSetting):
        print_user(name, "password")


# The trusted proxy -----------------------------------------------------------------------------------------------

NAMED = {"x-remote-user": "anna"}


@pytest.mark.parametrize(
    ("remote", "headers", "status"),
    [
        ("10.0.0.7", NAMED, 200),
        ("::ffff:10.0.0.7", NAMED, 200),
        ("10.1.2.3", NAMED, 200),
        ("fd00::5", NAMED, 200),
        ("10.0.0.8", NAMED, 403),
        ("", NAMED, 403),
        ("unix:", NAMED, 403),
        ("10.0.0.7", {}, 403),
        ("10.0.0.7", {"X-Remote-User": "  "}, 403),
        ("10.0.0.7", {"X_Remote_User": "anna"}, 403),
    ],
)
def test_trusted_proxy(remote: str, headers: dict[str, str], status: int) -> None:
    guard = TrustedProxy(Answering(), ["10.0.0.7", " 10.1.0.0/16", "fd00::/8"])
    assert guard.handle(request(headers, remote)).status == status


def test_user_header_can_be_named() -> None:
    guard = TrustedProxy(Answering(), ["10.0.0.7"], "Remote-User")
    assert guard.handle(request({"Remote-User": "anna"}, "10.0.0.7")).status == 200
    assert guard.handle(request(NAMED, "10.0.0.7")).status == 403


@pytest.mark.parametrize("address", ["", "proxy", "10.0.0.7/8", "10.0.0.300"])
def test_bad_proxy_address(address: str) -> None:
    with pytest.raises(BadSetting) as caught:
        TrustedProxy(Answering(), [address])
    assert caught.value.message == f"'{address}' is neither an address nor a network such as '10.1.0.0/16'."


# Local names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "status"),
    [
        ("http://localhost/", 200),
        ("http://LOCALHOST:30005/", 200),
        ("http://vmm.localhost/", 200),
        ("http://127.0.0.1:30005/m/", 200),
        ("http://127.8.9.1/", 200),
        ("http://[::1]:30005/", 200),
        ("http://[::ffff:127.0.0.1]/", 200),
        ("http://attacker.example/", 403),
        ("http://localhost.attacker.example/", 403),
        ("http://127.0.0.1.attacker.example/", 403),
        ("http://10.0.0.7/", 403),
        ("http://0.0.0.0/", 403),
    ],
)
def test_local_names(root: str, status: int) -> None:
    browser = Request("GET", root, "", headers=Headers({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}))
    assert LocalNames(Answering()).handle(browser).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"User-Agent": "Microsoft ADO.NET Data Services"}, 200),
        ({"User-Agent": "curl/8.5.0"}, 200),
        ({"Origin": "http://attacker.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
def test_local_names_bind_browsers_only(headers: dict[str, str], status: int) -> None:
    asked = Request("GET", "http://spfn-457:8090/", "", headers=Headers(headers))
    assert LocalNames(Answering()).handle(asked).status == status


# The limit and the log -------------------------------------------------------------------------------------------


def test_wrappers_pass_the_limit_on() -> None:
    inner = Answering()
    wrappers: list[Handler] = [
        BasicAuth(inner, USERS),
        TrustedProxy(inner, ["::1"]),
        LocalNames(inner),
        AccessLog(inner),
    ]
    assert [wrapper.max_body for wrapper in wrappers] == [77, 77, 77, 77]
    limited = BodyLimit(inner, 5)
    assert (limited.max_body, limited.handle(request()).body) == (5, b"welcome")


def logged(handler: AccessLog, asked: Request, caplog: pytest.LogCaptureFixture) -> tuple[int, list[str]]:
    """The status, and the lines of the access log without the milliseconds at their end."""
    with caplog.at_level(logging.INFO, "odata.access"):
        response = handler.handle(asked)
    lines = [record.getMessage() for record in caplog.records if record.name == "odata.access"]
    assert all(line.endswith("ms") for line in lines)
    return response.status, [line.rpartition(" ")[0] for line in lines]


def test_log_line(caplog: pytest.LogCaptureFixture) -> None:
    asked = Request("GET", "http://h:1/m/", "a%2Fb", "x=%0A", Headers(basic("anna", "x")), b"body", "10.0.0.7")
    assert logged(AccessLog(Answering()), asked, caplog) == (200, ["10.0.0.7 GET /m/a%2Fb?x=%0A 200 7B"])


def test_log_of_head_counts_what_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    assert logged(AccessLog(Answering()), Request("HEAD", "http://h/", ""), caplog) == (200, ["- HEAD / 200 0B"])


def test_log_line_cannot_be_forged_or_flooded(caplog: pytest.LogCaptureFixture) -> None:
    shown = r"/a\r\nb\x1b[2J\u2028"
    asked = Request("GET", "http://h/", "a\r\nb\x1b[2J\u2028" + "c" * 1000)
    status, lines = logged(AccessLog(Answering()), asked, caplog)
    assert (status, lines) == (200, [f"- GET {shown}{'c' * (497 - len(shown))}... 200 7B"])


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (BasicAuth(Answering(), USERS), 401),
        (Answering(Conflict("Taken.")), 409),
        (Answering(KeyError("secret")), 500),
    ],
)
def test_failures_are_logged_too(handler: Answering, status: int, caplog: pytest.LogCaptureFixture) -> None:
    answered, lines = logged(AccessLog(handler), request(), caplog)
    assert answered == status
    assert [line.rpartition(" ")[0] for line in lines] == [f"- GET /Things {status}"]
