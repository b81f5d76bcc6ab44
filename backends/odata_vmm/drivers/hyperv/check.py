# Why a configuration of a Hyper-V host does not work, for the person who has to make it work.
# Strategy: the way to a host is walked one step at a time, and each step tells what it found and, where that is not
# good, what to do about it; what cannot be tried because of it is not tried. Nothing is changed on the host.

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..contract import Denied, DriverError, Unavailable
from ..findings import Finding, until_an_error
from .cmdlets import NEEDED, NEEDED_FOR_POWER, Cmdlet, hyper_v, select
from .driver import open_session
from .host import HyperVHost

if TYPE_CHECKING:
    from .session import Session


ENABLE_HTTP: Final = "On the host, as an administrator: Enable-PSRemoting -Force."
ENABLE_TLS: Final = (
    "On the host, as an administrator: New-Item -Path WSMan:\\localhost\\Listener -Transport HTTPS -Address * "
    "-CertificateThumbPrint ..., and open port 5986 in its firewall."
)

# What OpenSSL says about a certificate, as X509_V_ERR_*: expired, for another name or address, of an unknown authority.
CERTIFICATE_ADVICE: Final[Mapping[int, str]] = MappingProxyType(
    {
        9: "The certificate is not valid yet: compare the clocks of both machines.",
        7: "It was not signed by the authority of 'ca_file': give the certificate of the one that did.",
        10: "The certificate has expired: renew it on the host and bind the new one to the listener.",
        18: "The certificate is signed by itself: export it from the host and give its file as 'ca_file'.",
        19: "Its authority is not known here: give the authority's certificate as 'ca_file'.",
        20: "Its authority is not known here: give the authority's certificate as 'ca_file'.",
        62: "Use the name that stands in the certificate as 'host', or let the certificate name this one.",
        64: "Use the name that stands in the certificate as 'host', or let the certificate name this address.",
    }
)

# What a host says in WWW-Authenticate where it offers a way of signing in.
METHODS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "negotiate": frozenset({"Negotiate", "NTLM"}),
        "kerberos": frozenset({"Kerberos", "Negotiate"}),
        "credssp": frozenset({"CredSSP"}),
        "basic": frozenset({"Basic"}),
    }
)

ACCOUNT_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "basic": "Check user name and password; Basic needs a local account, and must be switched on: "
        "Set-Item WSMan:\\localhost\\Service\\Auth\\Basic $true.",
        "certificate": "Map the certificate to an account: New-Item WSMan:\\localhost\\ClientCertificate ..., and "
        "Set-Item WSMan:\\localhost\\Service\\Auth\\Certificate $true.",
        "credssp": "Check user name and password; the host must accept CredSSP: Enable-WSManCredSSP -Role Server. "
        "Here, pypsrp[credssp] must be installed.",
        "kerberos": "Check user name (user@REALM) and password or ticket (klist), the clocks of both machines, and "
        "that 'host' is the name in the host's service principal. Here, pypsrp[kerberos] must be installed.",
        "negotiate": "Check user name (DOMAIN\\user or host\\user) and password, and whether the account is locked or "
        "disabled.",
    }
)

ENDPOINT_ADVICE: Final = (
    "The account must be in the host's group 'Remote Management Users', or be allowed by the session configuration: "
    "Get-PSSessionConfiguration lists the names and permissions."
)
STRANGER_ADVICE: Final = (
    "Something else may listen there: correct 'port' (5985, with TLS 5986), or look whether WinRM answers: "
    "Test-WSMan. A slow host needs a longer 'read_timeout'."
)
CMDLET_ADVICE: Final = (
    "List them in the role capability of the session configuration (VisibleCmdlets), or, where the host has no module "
    "Hyper-V: Install-WindowsFeature Hyper-V-PowerShell."
)
RIGHTS_ADVICE: Final = "Put the account into the host's group 'Hyper-V Administrators', and sign in anew."


def check(host: HyperVHost) -> list[Finding]:
    """Walk the way to a host, as far as it goes."""
    return until_an_error(_walk(host))


def _walk(host: HyperVHost) -> Generator[Finding]:
    try:
        session = open_session(host)
    except ImportError as error:
        yield Finding("packages", "error", str(error), "Install it into the environment that runs this program.")
        return
    yield from _files(host)
    yield _name(host)
    yield _port(host)
    yield _tls(host)
    try:
        yield from _sign_in(session)
        yield from _cmdlets(session)
        yield _rights(session)
    finally:
        session.close()


def _files(host: HyperVHost) -> Iterator[Finding]:
    unreadable = host.unreadable_file()
    if unreadable is not None:
        advice = "Correct the path, or let this program's account read the file."
        yield Finding("files", "error", unreadable, advice)
    if host.auth == "certificate" and host.certificate_file is not None:
        try:
            password = host.certificate_key_password or ""
            ssl.create_default_context().load_cert_chain(host.certificate_file, host.certificate_key_file, password)
        except ssl.SSLError:
            text = f"The files '{host.certificate_file}' and '{host.certificate_key_file}' give no certificate."
            advice = "They are a certificate and its own key in the PEM format; look at 'certificate_key_password'."
            yield Finding("files", "error", text, advice)


def _name(host: HyperVHost) -> Finding:
    name, port = host.address
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        text = f"The name '{name}' cannot be resolved."
        return Finding("name", "error", text, "Correct 'host', or see to the name service of this machine.")
    addresses = sorted({str(address[0]) for *_kind, address in found})
    return Finding("name", "ok", f"The name '{name}' stands for {', '.join(addresses)}.")


def _port(host: HyperVHost) -> Finding:
    name, port = host.address
    try:
        with socket.create_connection(host.address, timeout=host.connect_timeout):
            return Finding("port", "ok", f"Port {port} of '{name}' accepts connections.")
    except ConnectionRefusedError:
        text = f"Nothing listens on port {port} of '{name}'."
        return Finding("port", "error", text, ENABLE_TLS if host.ssl else ENABLE_HTTP)
    except TimeoutError:
        text = f"Port {port} of '{name}' does not answer within {host.connect_timeout} s."
        return Finding("port", "error", text, "A firewall stands between, or the host is switched off.")
    except OSError as error:
        text = f"Port {port} of '{name}' cannot be reached: {error.strerror}."
        return Finding("port", "error", text, "See to the network between this machine and the host.")


def _tls(host: HyperVHost) -> Finding:
    if not host.ssl:
        text = "There is no TLS; the messages themselves are encrypted."
        if host.auth == "kerberos":
            return Finding("tls", "ok", f"{text} Kerberos proves who the host is.")
        advice = "Switch 'ssl' on, or use 'kerberos', outside of a network that you trust."
        return Finding("tls", "warning", f"{text} Nothing proves that this is the host.", advice)
    name, port = host.address
    try:
        context = ssl.create_default_context(cafile=host.ca_file)
    except ssl.SSLError:
        text = f"The file '{host.ca_file}' holds no certificate of an authority."
        return Finding("tls", "error", text, "'ca_file' is a text file in the PEM format: export as Base64.")
    try:
        with (
            socket.create_connection(host.address, timeout=host.connect_timeout) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return Finding("tls", "ok", f"The certificate of '{name}' is trusted ({secure.version()}).")
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of '{name}' is not trusted: {error.verify_message.rstrip('.')}."
        return Finding("tls", "error", text, CERTIFICATE_ADVICE.get(error.verify_code, "See to the certificate."))
    except OSError:
        text = f"Port {port} of '{name}' does not speak TLS."
        return Finding("tls", "error", text, f"Correct 'port', or set 'ssl' to false. {ENABLE_TLS}")


def _sign_in(session: Session) -> Iterator[Finding]:
    from .transport import offered_methods

    host = session.host
    offered = [] if host.auth == "certificate" else offered_methods(host)
    if offered and not METHODS[host.auth] & frozenset(offered):
        text = f"The host does not offer '{host.auth}', but {', '.join(offered)}."
        yield Finding("authentication", "error", text, f"Choose another 'auth'. {ACCOUNT_ADVICE[host.auth]}")
        return
    trouble = session.open()
    if trouble is None:
        yield Finding("authentication", "ok", f"The host accepts the account ({host.auth}).")
        yield Finding("endpoint", "ok", f"A session of '{host.configuration_name}' is open.")
    elif trouble.step == "authentication":
        yield Finding("authentication", "error", trouble.text, ACCOUNT_ADVICE[host.auth])
    else:
        advice = ENDPOINT_ADVICE if trouble.step == "endpoint" else STRANGER_ADVICE
        yield Finding("endpoint", "error", trouble.text, advice)


def _cmdlets(session: Session) -> Iterator[Finding]:
    missing: list[str] = []
    for name in (*NEEDED, *NEEDED_FOR_POWER):
        look = Cmdlet("Get-Command", {"Name": name})
        try:
            session.read((look, select("Name")))
        except DriverError as error:
            # It may be Get-Command or Select-Object, too, which the session lacks; names are the same in all languages.
            if isinstance(error, Denied) and name in error.message:
                missing.append(name)
                continue
            if not missing:
                text = f"The cmdlets cannot be looked up. {error.message}"
                yield Finding("cmdlets", "warning", text, "Add Get-Command to the role capability, for this check.")
                return
            break
    essential = [name for name in missing if name in NEEDED]
    if essential:
        yield Finding("cmdlets", "error", f"The session lacks {', '.join(missing)}.", CMDLET_ADVICE)
    elif missing:
        text = f"The session lacks {', '.join(missing)}: not everything about switching machines will work."
        yield Finding("cmdlets", "warning", text, CMDLET_ADVICE)
    else:
        yield Finding("cmdlets", "ok", "The session has all cmdlets that are needed.")


def _rights(session: Session) -> Finding:
    try:
        machines = session.read((hyper_v("Get-VM"), select("Id")))
    except Denied as error:
        return Finding("rights", "error", error.message, RIGHTS_ADVICE)
    except Unavailable as error:
        advice = f"Start the service Hyper-V Virtual Machine Management (vmms). {RIGHTS_ADVICE}"
        return Finding("rights", "error", error.message, advice)
    except DriverError as error:
        return Finding("rights", "error", error.message, RIGHTS_ADVICE)
    if not machines:
        text = "The account sees no virtual machines. There are none, or it may not see them."
        return Finding("rights", "warning", text, RIGHTS_ADVICE)
    return Finding("rights", "ok", f"The account sees {len(machines)} virtual machines.")
