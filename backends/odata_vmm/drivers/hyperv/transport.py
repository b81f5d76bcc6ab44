# What can go wrong between us and a host, as values: one function reads whatever pypsrp, requests, urllib3 and pyspnego
# throw, and says in words what it was and whether the host can have carried the command out.
# Messages are ours and name the host, never an account's secret; a host's own words are shortened.

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import requests
import spnego.exceptions
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .host import HyperVHost
from .records import one_line

Step = Literal["name", "port", "tls", "authentication", "endpoint"]
"""Where on the way to a host something failed."""

# wsmerror.h of the Windows SDK.
SHELL_GONE: Final = 0x8033805B
TIMED_OUT: Final = 0x80338029
ACCESS_DENIED: Final = 5
QUOTAS: Final = frozenset({0x803381A5, 0x803381A6, 0x803381A7, 0x803381A8, 0x803381AB, *range(0x803381E4, 0x803381EA)})
NO_CONFIGURATION: Final = frozenset({0x80338002, 0x8033803B})

Kind = TypeVar("Kind", bound=BaseException)

METHODS: Final = ("Negotiate", "Kerberos", "NTLM", "CredSSP", "Basic")

# HTTP statuses with which a request was not looked at: it was wrong, or there is nobody behind the server.
NOT_DONE: Final = frozenset({*range(400, 500), 503})


class TooMuchError(requests.RequestException):
    """A host sends more than there can be to say."""


class Allowance:
    """How many bytes a host may send: of an answer that never ends, no more is read."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def renew(self) -> None:
        """From here on it is as much as at first."""
        self._left = self._most

    def limit(self, session: requests.Session) -> None:
        """Let it count for all that comes over a session of requests, which knows no limit itself."""
        for adapter in session.adapters.values():
            adapter.build_response = self._counting(adapter.build_response)  # type: ignore[attr-defined]

    def _counting(self, build: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        def build_response(request: requests.PreparedRequest, raw: Any) -> requests.Response:
            stream = raw.stream

            def counted(*arguments: Any, **options: Any) -> Iterator[bytes]:
                for part in stream(*arguments, **options):
                    self._left -= len(part)
                    if self._left < 0:
                        raise TooMuchError
                    yield part

            raw.stream = counted
            return build(request, raw)

        return build_response


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong. `refused`: the host said no or was never reached, so that it has done nothing."""

    step: Step
    text: str
    refused: bool


def read_trouble(error: BaseException, host: HyperVHost) -> Trouble:
    """What an exception of the transport means."""
    name, port = host.address
    if isinstance(error, WSManFaultError):
        return _fault(error, host)
    if isinstance(error, AuthenticationError | spnego.exceptions.SpnegoError):
        text = f"The host '{name}' does not accept the account of the configuration ({host.auth})."
        return Trouble("authentication", text, refused=True)
    if isinstance(error, WinRMTransportError):
        text = f"The host '{name}' answers with the HTTP status {error.code} on port {port}."
        return Trouble("port", text, refused=error.code in NOT_DONE)
    if isinstance(error, TooMuchError):
        return Trouble("endpoint", f"The host '{name}' answers without an end.", refused=False)
    causes = tuple(_causes(error))
    if _first(causes, ImportError) is not None:
        text = f"Signing in with '{host.auth}' needs more packages: pip install 'pypsrp[{host.auth}]'."
        return Trouble("authentication", text, refused=True)
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate is not None:
        reason = one_line(certificate.verify_message).rstrip(".")
        text = f"The certificate of the host '{name}' is not trusted: {reason}."
        return Trouble("tls", text, refused=True)
    if _first(causes, socket.gaierror) is not None:
        return Trouble("name", f"The name of the host '{name}' cannot be resolved.", refused=True)
    if isinstance(error, requests.exceptions.SSLError) or _first(causes, ssl.SSLError) is not None:
        # It may come in the middle of an answer, too.
        return Trouble("tls", f"There is no TLS connection with the host '{name}' on port {port}.", refused=False)
    if _first(causes, NewConnectionError, ConnectTimeoutError, ConnectionRefusedError) is not None:
        return Trouble("port", f"The host '{name}' cannot be reached on port {port}.", refused=True)
    if isinstance(error, requests.RequestException | OSError | TimeoutError):
        return Trouble("port", f"The connection with the host '{name}' broke or fell silent.", refused=False)
    kind = "answer" if isinstance(error, WinRMError) else type(error).__name__
    return Trouble("port", f"The host '{name}' and this driver do not understand each other ({kind}).", False)


def offered_methods(host: HyperVHost) -> list[str]:
    """The ways of signing in that a host offers whoever comes without any; none where it cannot be asked."""
    name, port = host.address
    address = f"[{name}]" if ":" in name else name
    url = f"{'https' if host.ssl else 'http'}://{address}:{port}/wsman"
    timeouts = host.connect_timeout, host.read_timeout
    with requests.Session() as session:
        # Neither a proxy nor a password out of a .netrc.
        session.trust_env = False
        try:
            # A stream, as nobody needs what it says beside its headers.
            verify = host.ca_file or True
            with session.post(url, verify=verify, timeout=timeouts, allow_redirects=False, stream=True) as answer:
                header = answer.headers.get("WWW-Authenticate", "")
        except requests.RequestException:
            return []
    return [method for method in METHODS if re.search(rf"\b{method}\b", header, re.IGNORECASE)]


def _fault(fault: WSManFaultError, host: HyperVHost) -> Trouble:
    """A SOAP fault: the service itself answered, so authentication is behind us."""
    name = host.host
    if fault.code == SHELL_GONE:
        return Trouble("endpoint", f"The host '{name}' has ended the session.", refused=True)
    if fault.code == TIMED_OUT:
        return Trouble("endpoint", f"The host '{name}' did not answer in time.", refused=False)
    if fault.code == ACCESS_DENIED:
        text = f"The account may not use PowerShell remoting with '{host.configuration_name}' on the host '{name}'."
        return Trouble("endpoint", text, refused=True)
    if fault.code in QUOTAS:
        text = f"The host '{name}' has no session left for this account: {one_line(fault.reason or '')}"
        return Trouble("endpoint", text, refused=True)
    if fault.code in NO_CONFIGURATION:
        text = f"The host '{name}' has no session configuration '{host.configuration_name}'."
        return Trouble("endpoint", text, refused=True)
    text = f"The host '{name}' answers with the fault {fault.code}: {one_line(fault.reason or 'no reason given')}"
    return Trouble("endpoint", text, refused=False)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it was made from: requests wraps urllib3, which wraps the socket's error."""
    waiting, seen = [error], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        inner = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        waiting += [item for item in inner if isinstance(item, BaseException)]


def _first(causes: tuple[BaseException, ...], *kinds: type[Kind]) -> Kind | None:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)
