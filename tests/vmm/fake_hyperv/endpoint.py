# A fake WinRM endpoint on 127.0.0.1: HTTP/1.1 with or without TLS; Basic, a client's certificate, or Negotiate (SPNEGO
# with NTLM) with the messages encrypted; WS-Management actions for the shells of a fake Hyper-V host; accidents.
# Strategy: one thread a connection. A Negotiate context belongs to its connection, as http.sys keeps it: that is what
# shows a client that shares one between threads, or goes on with it after the connection broke.

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self, cast
from uuid import UUID, uuid4

import spnego

from .certificates import Certificate
from .cmdlets import Role
from .machines import Site
from .shells import NothingYet, Shell
from .soap import (
    ACCESS_DENIED,
    CONFIGURATIONS,
    NO_CONFIGURATION,
    SHELL_GONE,
    TIMED_OUT,
    Fault,
    Request,
    read_command_id,
    read_data,
    read_request,
    write_answer,
    write_created,
    write_fault,
    write_received,
)

SOAP = "application/soap+xml;charset=UTF-8"
BOUNDARY = b"--Encrypted Boundary"
ENCRYPTED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
OCTETS = b"\tContent-Type: application/octet-stream\r\n"

# What a client says that signs in by its certificate (DSP0226, C.3.1: wsman:secprofile/https/mutual).
BY_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
CONNECTED = "<rsp:State>Connected</rsp:State>"

USERNAME = "svc-vmm"
PASSWORD = 'Pa$$word<&"0815'


class Endpoint:
    """`with Endpoint(site, ...) as endpoint:` serves at `endpoint.port` until the block ends."""

    def __init__(
        self,
        site: Site,
        *,
        auth: Literal["Basic", "Certificate", "Negotiate"] = "Negotiate",
        certificate: Certificate | None = None,
        configurations: dict[str, Role] | None = None,
        port: int = 0,
    ) -> None:
        self.site = site
        self.auth = auth
        self.configurations = configurations or {"Microsoft.PowerShell": Role()}
        self.may_remote = True
        self.garbles: dict[str, bytes] = {}
        self.encrypts = auth == "Negotiate" and certificate is None
        self.shells: dict[str, Shell] = {}
        self.opened = 0
        self.requests = 0
        self._connections: set[socket.socket] = set()
        self._receiving = 0
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Connection)
        self._server.endpoint = self
        self._server.tls = None
        if certificate is not None:
            self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(certificate.chain)
            if auth == "Certificate":
                self._server.tls.load_verify_locations(certificate.authority)
                self._server.tls.verify_mode = ssl.CERT_OPTIONAL
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.drop_connections()

    # Accidents.

    def drop_connections(self) -> None:
        """All connections break, and what runs goes on."""
        with self._changed:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def forget_shells(self) -> None:
        """The service has been restarted."""
        with self._changed:
            self.shells.clear()

    def await_receive(self) -> None:
        """Until the client waits for the output of a pipeline."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._receiving, timeout=10)

    # What connections do.

    def connected(self, connection: socket.socket) -> None:
        with self._changed:
            self._connections.add(connection)

    @contextmanager
    def receiving(self) -> Iterator[None]:
        with self._changed:
            self._receiving += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._receiving -= 1

    def answer(self, request: Request) -> str:
        """The body of the answer to a request."""
        if not self.may_remote:
            raise Fault(ACCESS_DENIED, "w:AccessDenied", "Access is denied.")
        if request.verb == "Create":
            return self._create(request)
        with self._changed:
            shell = self.shells.get(request.shell_id)
        if shell is None:
            reason = f"The request for the Windows Remote Shell with ShellId {request.shell_id} failed."
            raise Fault(SHELL_GONE, "w:InvalidSelectors", reason)
        return self._act(request, shell)

    def _create(self, request: Request) -> str:
        name = request.resource.removeprefix(CONFIGURATIONS)
        if name not in self.configurations:
            reason = f"Cannot find the {name} session configuration in the WSMan: drive on the computer."
            raise Fault(NO_CONFIGURATION, "w:InvalidResourceURI", reason)
        shell_id = (request.find("rsp:Shell").get("ShellId") or str(uuid4())).upper()
        shell = Shell(self.site, self.configurations[name])
        with self._changed:
            self.shells[shell_id] = shell
            self.opened += 1
        shell.feed(read_data(request.find("rsp:Shell/pwsh:creationXml")))
        return write_created(request, shell_id)

    def _act(self, request: Request, shell: Shell) -> str:
        match request.verb:
            case "Command":
                line = request.find("rsp:CommandLine")
                command_id = UUID(line.get("CommandId"))
                shell.start(command_id, read_data(request.find("rsp:CommandLine/rsp:Arguments")))
                answer = f"<rsp:CommandId>{str(command_id).upper()}</rsp:CommandId>"
                return f"<rsp:CommandResponse>{answer}</rsp:CommandResponse>"
            case "Send":
                for stream in request.body.iter("{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}Stream"):
                    shell.feed(read_data(stream), read_command_id(stream))
                return "<rsp:SendResponse/>"
            case "Receive":
                return self._receive(request, shell)
            case "Signal":
                code = request.find("rsp:Signal/rsp:Code").text or ""
                shell.signal(UUID(request.find("rsp:Signal").get("CommandId")), terminate=code.endswith("erminate"))
                return "<rsp:SignalResponse/>"
            case "Get":
                return f"<rsp:Shell><rsp:ShellId>{request.shell_id}</rsp:ShellId>{CONNECTED}</rsp:Shell>"
            case "Delete":
                with self._changed:
                    del self.shells[request.shell_id]
                return ""
        raise Fault(0x80338000, "a:ActionNotSupported", f"The action {request.verb} is not supported.")

    def _receive(self, request: Request, shell: Shell) -> str:
        command_id = read_command_id(request.find("rsp:Receive/rsp:DesiredStream"))
        with self.receiving():
            try:
                data, done = shell.receive(command_id, request.timeout)
            except NothingYet:
                reason = "The WS-Management service cannot complete the operation within the time of OperationTimeout."
                raise Fault(TIMED_OUT, "w:TimedOut", reason) from None
        return write_received(command_id, data, done=done)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: Endpoint
    tls: ssl.SSLContext | None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            # The handshake happens in the thread of the connection, so that one client cannot stop the others.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break here all the time; tests see it at the other end."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    context: spnego.ContextProxy | None = None

    @property
    def endpoint(self) -> Endpoint:
        return cast(_Server, self.server).endpoint

    def setup(self) -> None:
        super().setup()
        self.endpoint.connected(self.connection)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.endpoint.requests += 1
        token = self._authenticate()
        if token is None:
            return
        headers = {"WWW-Authenticate": f"Negotiate {token}"} if token else {}
        if not body:
            # The client's way to sign in before it has anything encrypted to say.
            self._reply(200, b"", headers)
            return
        try:
            text = self._decrypt(body)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is a bad request
            self._reply(400, b"", headers)
            return
        request = read_request(text)
        if request.verb in self.endpoint.garbles:
            self._garble(self.endpoint.garbles[request.verb])
            return
        try:
            status, answer = 200, write_answer(request, self.endpoint.answer(request))
        except Fault as fault:
            status, answer = 500, write_fault(request, fault)
        self._reply(status, answer, headers)

    def _authenticate(self) -> str | None:
        """The token that ends the exchange, empty where there is none; None where the answer has been given."""
        authorization = self.headers.get("Authorization", "")
        if self.endpoint.auth == "Basic":
            account = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
            if authorization == f"Basic {account}":
                return ""
            self._challenge('Basic realm="WSMAN"')
            return None
        if self.endpoint.auth == "Certificate":
            if authorization == BY_CERTIFICATE and self.connection.getpeercert():
                return ""
            self._reply(401, b"", {})
            return None
        if self.context is not None and self.context.complete and not authorization:
            return ""
        if not authorization.startswith("Negotiate "):
            self._challenge("Negotiate")
            return None
        if self.context is None or self.context.complete:
            options = spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.wrapping_winrm
            self.context = spnego.server(protocol="negotiate", options=options)
        try:
            token = self.context.step(b64decode(authorization.removeprefix("Negotiate ")))
        except spnego.exceptions.SpnegoError:
            self.context = None
            self._challenge("Negotiate")
            return None
        text = b64encode(token or b"").decode()
        if self.context.complete:
            return text
        self._challenge(f"Negotiate {text}")
        return None

    def _garble(self, body: bytes) -> None:
        """Answer with something else, as it is."""
        self.send_response(200)
        self.send_header("Content-Type", SOAP)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _challenge(self, value: str) -> None:
        self._reply(401, b"", {"WWW-Authenticate": value})

    def _decrypt(self, body: bytes) -> bytes:
        """MS-WSMV 2.2.9.1: two parts, of which the second holds a length, a header of that length, and the message."""
        if not self.endpoint.encrypts:
            return body
        assert self.context is not None
        part = body.split(BOUNDARY)[2].removeprefix(b"\r\n").removeprefix(OCTETS)
        (length,) = struct.unpack("<i", part[:4])
        return self.context.unwrap_winrm(part[4 : 4 + length], part[4 + length :])

    def _encrypt(self, body: bytes) -> bytes:
        assert self.context is not None
        header, message, padding = self.context.wrap_winrm(body)
        first = (
            b"\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            + f"\tOriginalContent: type={SOAP};Length={len(body) + padding}\r\n".encode()
        )
        second = OCTETS + struct.pack("<i", len(header)) + header + message
        return BOUNDARY + b"\r\n" + first + BOUNDARY + b"\r\n" + second + BOUNDARY + b"--\r\n"

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        encrypted = bool(body) and self.endpoint.encrypts
        content = self._encrypt(body) if encrypted else body
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", ENCRYPTED if encrypted else SOAP)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


@contextmanager
def account(folder: Path) -> Iterator[None]:
    """The account that Negotiate knows: pyspnego's acceptor reads it from a file that the environment names."""
    file = folder / "ntlm"
    file.write_text(f":{USERNAME}:{PASSWORD}\n", "utf-8")
    before = os.environ.get("NTLM_USER_FILE")
    os.environ["NTLM_USER_FILE"] = str(file)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NTLM_USER_FILE"]
        else:
            os.environ["NTLM_USER_FILE"] = before
