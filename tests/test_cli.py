# The `odata` command as a user runs it: a process, a real socket, signals, exit codes, single lines.

from __future__ import annotations

import base64
import re
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from odata_core import cli
from odata_core.service.security import print_user, read_user_file
from tests.processes import PATIENCE, Server, read_until, run_odata, running
from tests.toy import LIMIT

TOY = "tests.toy:handler"
LISTENING = r"Listening on http://[^/]+:(\d+)/"


def serving(log: Path, *options: str) -> AbstractContextManager[Server]:
    """`odata serve` of the toy on a free port."""
    return running(["-m", "odata_core.cli", "serve", TOY, "--port", "0", *options], log, LISTENING)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("serve") / "log") as running_server:
        yield running_server


def error_body(message: str) -> dict[str, Any]:
    return {"odata.error": {"code": "", "message": {"lang": "en-US", "value": message}}}


def log_lines(server: Server) -> list[str]:
    """The lines of the access log, without time and duration."""
    lines = server.log.read_text().splitlines()
    assert all(line.count(" ") > 2 for line in lines), lines
    return [line.split(" ", 1)[1].rpartition(" ")[0] for line in lines]


# On the wire -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["a%2Fb", "a%25b", "a'b", "a+b", "%C3%A9", "(x='1%2F2')", "/a", "%2e%2e/a"])
def test_raw_path_and_query_arrive_intact(server: Server, path: str) -> None:
    status, told = server.get(f"/{path}?{path}")
    assert status == 200
    assert told == {
        "method": "GET",
        "root": f"http://127.0.0.1:{server.port}/",
        "path": path,
        "query": path,
        "x-name": None,
        "body": "",
    }


def test_absolute_form(server: Server) -> None:
    assert server.get(f"http://127.0.0.1:{server.port}/a%2Fb")[1]["path"] == "a%2Fb"


def test_chunked_body(server: Server) -> None:
    status, told = server.get("/", "POST", iter([b"ab", b"c"]), Transfer_Encoding="chunked")
    assert (status, told["body"]) == (200, "abc")


def test_expect_continue(server: Server) -> None:
    head = f"POST / HTTP/1.1\r\nHost: localhost:{server.port}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode())
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert b'"body":"abc"' in read_until(connection, b"}")


@pytest.mark.parametrize("chunked", [False, True])
def test_large_body_is_refused(server: Server, chunked: bool) -> None:
    headers = {"Transfer_Encoding": "chunked"} if chunked else {}
    body: Any = iter([b"x" * LIMIT, b"x"]) if chunked else b"x" * (LIMIT + 1)
    message = f"The body is larger than the {LIMIT} bytes that this service accepts."
    assert server.get("/", "POST", body, **headers) == (413, error_body(message))


def test_head_has_a_length_and_no_body(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
    assert re.search(rb"\r\ncontent-length: [1-9]", head)
    assert body == b""


def test_foreign_host_name_is_refused(server: Server) -> None:
    message = "This service has no authentication: it answers a browser only where the Host is 'localhost'."
    assert server.get("/", Host="rebound.example", User_Agent="Mozilla/5.0") == (403, error_body(message))


def test_failure_is_not_told(server: Server) -> None:
    assert server.get("/raise") == (500, error_body("The service failed. Its log tells why."))
    assert "a secret detail" in server.log.read_text()


# Starting and stopping -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_out_one_line_a_request_and_a_clean_end(tmp_path: Path, number: int) -> None:
    with serving(tmp_path / "log", "--colour", "blue") as server:
        assert server.get("/a?b")[0] == 200
        assert server.get("/", "POST", b"x" * (LIMIT + 1))[0] == 413
        assert server.stop(number) == 0
        assert server.process.stdout is not None
        out = "".join(server.lines) + server.process.stdout.read()
    assert out == f"Listening on http://127.0.0.1:{server.port}/blue/\n"
    assert [re.sub(r" \d+B$", "", line) for line in log_lines(server)] == [
        "127.0.0.1 GET /a?b 200",
        "127.0.0.1 POST / 413",
    ]


def test_quiet(tmp_path: Path) -> None:
    with serving(tmp_path / "log", "--quiet") as server:
        assert server.get("/a")[0] == 200
        assert server.stop(signal.SIGTERM) == 0
    assert server.log.read_text() == ""


def test_stalled_client_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    program = f"""
from odata_core import cli, server
server.GRACE = 0.2
raise SystemExit(cli.main(["serve", "{TOY}", "--port", "0"]))
"""
    with running(["-c", program], tmp_path / "log", LISTENING) as server, server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        read_until(connection, b"\r\n\r\n")
        assert server.stop(signal.SIGTERM) == 0
    assert server.log.read_text() == ""


def test_a_second_signal_ends_a_service_that_still_has_something_to_do(tmp_path: Path) -> None:
    program = f"""
import time
from odata_core import cli
from tests import toy
def close(_self):
    print("Closing", flush=True)
    time.sleep({PATIENCE})
toy.Echo.close = close
raise SystemExit(cli.main(["serve", "{TOY}", "--port", "0"]))
"""
    with running(["-c", program], tmp_path / "log", LISTENING) as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == "Closing\n"
        assert server.stop(signal.SIGTERM) == -signal.SIGTERM
    assert server.log.read_text() == ""


def test_ipv6(tmp_path: Path) -> None:
    if not socket.has_ipv6 or not ipv6_loopback():
        pytest.skip("This machine has no IPv6 loopback address.")
    with serving(tmp_path / "log", "--host", "[::1]") as server:
        server.host = "::1"
        assert server.get("/a")[1]["root"] == f"http://[::1]:{server.port}/"
        assert server.lines == [f"Listening on http://[::1]:{server.port}/red/\n"]
        assert server.stop(signal.SIGTERM) == 0


def ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_options_of_the_command(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(print_user("anna", "s3cret") + "\n")
    credentials = base64.b64encode(b"anna:s3cret").decode()
    options = ("--host", "0.0.0.0", "--basic-auth", str(users), "--max-body", "2", "--threads", "1")
    with serving(tmp_path / "log", *options) as server:
        assert server.lines == [f"Listening on http://0.0.0.0:{server.port}/red/\n"]
        assert server.get("/")[0] == 401
        assert server.get("/", Authorization=f"Basic {credentials}", Host="vmm.example")[0] == 200
        assert server.get("/", "POST", b"abc", Authorization=f"Basic {credentials}")[0] == 413
        assert server.stop(signal.SIGTERM) == 0
    assert "s3cret" not in server.log.read_text() + str(server.lines)


def test_trusted_proxy(tmp_path: Path) -> None:
    options = ("--trusted-proxy", "127.0.0.1,10.0.0.0/8", "--user-header", "X-User")
    with serving(tmp_path / "log", *options) as server:
        assert server.get("/", X_User="anna")[0] == 200
        assert server.get("/", X_Remote_User="anna")[0] == 403


# Refusals: one line, exit code 2 ---------------------------------------------------------------------------------

HELP = "(see 'odata serve --help')"
REFUSED = [
    (
        [TOY, "--host", "0.0.0.0"],
        "'--host 0.0.0.0' lets other machines in, and nothing asks who they are: add '--basic-auth FILE' "
        "(written by 'odata password FILE USER') or '--trusted-proxy ADDRESS'.",
    ),
    ([], f"the following arguments are required: NAME {HELP}"),
    ([TOY, "--port", "65536"], f"argument --port: a port is a number from 0 to 65535 {HELP}"),
    ([TOY, "--threads", "0"], f"argument --threads: a whole number from 1 on is needed {HELP}"),
    ([TOY, "--bad"], "unrecognized arguments: --bad (see 'odata --help')"),
    (["tests.none:handler"], "The service 'tests.none:handler' cannot be loaded: No module named 'tests.none'."),
    (
        ["tests.toy:none"],
        "The service 'tests.toy:none' cannot be loaded: module 'tests.toy' has no attribute 'none'.",
    ),
    ([":x"], "The service ':x' cannot be loaded: Empty module name."),
    ([TOY, "--basic-auth", "/none"], "The user file '/none' cannot be read: No such file or directory."),
    ([TOY, "--trusted-proxy", "x"], "'x' is neither an address nor a network such as '10.1.0.0/16'."),
    (
        [TOY, "--trusted-proxy", "::1", "--basic-auth", "/none"],
        f"argument --basic-auth: not allowed with argument --trusted-proxy {HELP}",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused_options(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: Any = cli.main(["serve", *options])
    except SystemExit as exit_:
        code = exit_.code
    assert (code, *capsys.readouterr()) == (2, "", f"odata: {message}\n")


def test_unknown_service() -> None:
    done = run_odata("serve", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"odata: There is no 'none' among the installed odata_core\.services: .*\n", done.stderr)


def test_taken_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_odata("serve", TOY, "--port", str(port))
    assert done.stderr == f"odata: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"
    assert (done.returncode, done.stdout) == (2, "")


def test_port_of_another_odata(server: Server) -> None:
    # granian listens with SO_REUSEPORT: without a check, both would get half of the connections.
    done = run_odata("serve", TOY, "--port", str(server.port))
    assert done.stderr == f"odata: Cannot listen on 127.0.0.1:{server.port}: Address already in use.\n"
    assert done.returncode == 2


def test_missing_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "odata_core.server", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "granian"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoGranian(), *sys.meta_path])
    assert cli.main(["serve", TOY]) == 2
    assert capsys.readouterr().err == "odata: The server is not installed: pip install 'odata-core[serve]'.\n"


class NoGranian:
    """A finder that knows that granian is not there."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name.partition(".")[0] == "granian":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for words, expected in ((["--version"], "odata-core "), (["serve", TOY, "--help"], "--colour"), (["-h"], "serve")):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == 0
        assert expected in capsys.readouterr().out


# odata password --------------------------------------------------------------------------------------------------


def test_password_adds_and_replaces(tmp_path: Path) -> None:
    file = tmp_path / "users"
    for user, password in (("anna", "one"), ("jörg", "two"), ("anna", "three")):
        done = run_odata("password", str(file), user, stdin=f"{password}\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        file.write_text(f"{file.read_text()}# after {password}\n")
    assert [line.partition(":")[0] for line in file.read_text().splitlines()] == [
        "anna",
        "# after one",
        "jörg",
        "# after two",
        "# after three",
    ]
    assert list(read_user_file(file)) == ["anna", "jörg"]
    assert "three" not in file.read_text().replace("# after three", "")


def test_password_file_is_private_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.touch(mode=0o644)
    assert run_odata("password", str(file), "anna", stdin="x\n").returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["users"]


@pytest.mark.parametrize(
    ("content", "user", "stdin", "message"),
    [
        ("", "a:b", "x\n", "The user name 'a:b' cannot be used: no ':', no leading '#', no spaces around it."),
        ("", "anna", "", "The password is empty."),
        ("anna\n", "anna", "x\n", "Line 1 of the user file '{}' does not read 'name:hash'."),
    ],
)
def test_password_refusals(tmp_path: Path, content: str, user: str, stdin: str, message: str) -> None:
    file = tmp_path / "users"
    file.write_text(content)
    done = run_odata("password", str(file), user, stdin=stdin)
    assert (done.returncode, done.stderr) == (2, f"odata: {message.format(file)}\n")
    assert file.read_text() == content


def test_password_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "none" / "users"
    done = run_odata("password", str(file), "anna", stdin="x\n")
    message = f"odata: The file '{file}' cannot be written: No such file or directory.\n"
    assert (done.returncode, done.stderr) == (2, message)


@pytest.mark.parametrize("second", ["same", "other"])
def test_password_is_asked_for_twice(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["same", second])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    file = tmp_path / "users"
    code = cli.main(["password", str(file), "anna"])
    assert (code, file.exists()) == ((0, True) if second == "same" else (2, False))
    expected = "" if second == "same" else "odata: The two passwords differ; nothing was changed.\n"
    assert capsys.readouterr().err == expected
