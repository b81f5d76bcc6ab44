# Why a configuration of libvirt does not work, for the person who has to make it work.
# Strategy: the way to the machines is walked one step at a time, and each step tells what it found and, where that is
# not good, what to do about it; what cannot be tried because of it is not tried. Nothing is changed on the host.

from __future__ import annotations

import errno
import socket
from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from ..contract import DriverError
from ..findings import Finding, until_an_error
from .documents import GarbledError, obstacles
from .driver import connect
from .failures import ACCESS_DENIED, AUTH_CANCELLED, AUTH_FAILED, AUTH_UNAVAILABLE, NO_SUPPORT, Failure, read_failure
from .host import LibvirtHost

if TYPE_CHECKING:
    from .connections import Call


EXAMPLES: Final = "Write 'qemu:///system', 'qemu:///session' or 'qemu+ssh://user@host/system?no_tty=1'."

# Ways to another host, and the port that is tried first. Names of ssh may be of its own configuration: it tells itself.
PORTS: Final[Mapping[str, int | None]] = MappingProxyType(
    {"unix": None, "ssh": None, "ext": None, "libssh": 22, "libssh2": 22, "tls": 16514, "tcp": 16509}
)

START: Final = (
    "Start libvirt's daemon: systemctl enable --now libvirtd.socket, or virtqemud.socket where it is in parts. Another "
    "place of its socket is told with '?socket=/path'."
)
JOIN: Final = (
    "For qemu:///system, put this program's account into the group that may use the socket (Debian: libvirt), and "
    "start the program anew; or use qemu:///session, whose machines belong to the account."
)
SIGN_IN: Final = (
    "Locally, polkit decides (action org.libvirt.unix.manage): put the account into the group 'libvirt'. Over the "
    "network SASL does: names and passwords are in the file auth.conf, of which '?authfile=/path' tells the place."
)
NETWORK: Final = "A firewall stands between, or the host is switched off."

KEYS: Final = "The key and the known_hosts of this account must do; '?keyfile=/x' and '?known_hosts=/x' name others."

# What to do about a connection that does not come about, by the way it goes.
WAY_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ssh": "'ssh user@host true' must work from this account without a question (its key in authorized_keys, the "
        "host in known_hosts; '?no_tty=1' forbids questions), and the remote account must be in the group 'libvirt'.",
        "libssh": KEYS,
        "libssh2": KEYS,
        "tls": "Here, cacert.pem, clientcert.pem and clientkey.pem must be in /etc/pki ('?pkipath=/path' names another "
        "folder); the host's certificate must be for the name in the URI.",
        "tcp": "Let the daemon listen on TCP (libvirtd-tcp.socket), or better use TLS or ssh.",
        "ext": "The program of '?command=' must connect its input and output to the daemon's socket.",
    }
)

# The same for what the system said.
ERRNO_ADVICE: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ENOENT: START,
        errno.ECONNREFUSED: f"Its socket is there, yet nobody listens. {START}",
        errno.EACCES: JOIN,
        errno.EPERM: JOIN,
        errno.ETIMEDOUT: NETWORK,
        errno.EHOSTUNREACH: NETWORK,
        errno.ENETUNREACH: NETWORK,
    }
)

DISK_ADVICE: Final = "Convert its disks while it is off: qemu-img convert -O qcow2, then virsh edit."
FIRMWARE_ADVICE: Final = (
    "With libvirt 10.10, convert the file of its firmware's variables to qcow2 and say so: <nvram format='qcow2'>."
)
# So many machines are told one by one.
MOST_TOLD: Final = 20


def check(host: str | LibvirtHost) -> list[Finding]:
    """Walk the way to the machines of a host, as far as it goes."""
    return until_an_error(_walk(host if isinstance(host, LibvirtHost) else LibvirtHost(host)))


def _walk(host: LibvirtHost) -> Generator[Finding]:
    try:
        connections = connect(host)
    except ImportError as error:
        advice = "It is built from source: install libvirt-dev, pkg-config, gcc and python3-dev first (Debian)."
        yield Finding("packages", "error", str(error), advice)
        return
    try:
        parts = urlsplit(host.uri)
        yield from _uri(parts)
        way = way_of(parts)
        port = PORTS.get(way)
        if port is not None and parts.hostname:
            yield from _network(parts.hostname, parts.port or port, host.open_timeout)
        failure = connections.open()
        if failure is not None:
            yield Finding(
                "connection", "error", f"{host.shown} cannot be opened: {failure.text}.", _advice(failure, way)
            )
            return
        try:
            yield from connections.read(_machines)
        except DriverError as error:
            yield Finding("rights", "error", error.message, "See to the account's rights, and to the daemon's log.")
    finally:
        connections.close()


def way_of(parts: SplitResult) -> str:
    """How a URI reaches its host: what follows the plus sign, else TLS to another host and a socket to this one."""
    return parts.scheme.partition("+")[2] or ("tls" if parts.hostname else "unix")


def _uri(parts: SplitResult) -> Iterator[Finding]:
    driver = parts.scheme.partition("+")[0]
    way = way_of(parts)
    if not driver:
        yield Finding("uri", "error", "The URI of libvirt begins with no name of a hypervisor.", EXAMPLES)
    elif way not in PORTS:
        text = f"The URI of libvirt names an unknown way to a host, '{way}'."
        yield Finding("uri", "error", text, f"It is one of {', '.join(PORTS)}, after a plus sign. {EXAMPLES}")
    elif driver == "qemu" and parts.path not in ("/system", "/session", "/embed"):
        text = f"For QEMU, the path in the URI is '/system' or '/session', not '{parts.path}'."
        yield Finding("uri", "error", text, EXAMPLES)
    elif driver == "test":
        yield Finding("uri", "warning", "The machines of 'test' are pretended.", EXAMPLES)
    elif driver != "qemu":
        yield Finding("uri", "warning", f"With the hypervisor '{driver}' nobody has tried this.", EXAMPLES)
    elif way == "tcp":
        text = "Over TCP nothing is encrypted, and nothing proves that this is the host."
        yield Finding("uri", "warning", text, "Use ssh or TLS outside of a network that you trust.")
    elif way == "ssh" and parse_qs(parts.query).get("no_tty") != ["1"]:
        text = "If ssh asks a question (a password, an unknown host), nobody is there to answer it."
        yield Finding("uri", "warning", text, "Add '?no_tty=1' to the URI.")
    else:
        yield Finding("uri", "ok", f"The URI means {driver} by {way}.")


def _network(name: str, port: int, timeout: float) -> Iterator[Finding]:
    try:
        socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        text = f"The name '{name}' cannot be resolved."
        yield Finding("name", "error", text, "Correct the host in the URI, or see to the name service of this machine.")
        return
    yield Finding("name", "ok", f"The name '{name}' can be resolved.")
    try:
        with socket.create_connection((name, port), timeout=timeout):
            yield Finding("port", "ok", f"Port {port} of '{name}' accepts connections.")
    except ConnectionRefusedError:
        text = f"Nothing listens on port {port} of '{name}'."
        yield Finding("port", "error", text, "Let the host's libvirtd listen there, or correct the port in the URI.")
    except OSError:
        text = f"Port {port} of '{name}' cannot be reached within {timeout:g} s."
        yield Finding("port", "error", text, NETWORK)


def _advice(failure: Failure, way: str) -> str:
    if failure.code in (AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE, ACCESS_DENIED):
        return SIGN_IN
    if way in WAY_ADVICE:
        return WAY_ADVICE[way]
    return ERRNO_ADVICE.get(failure.errno, f"See to the daemon's log. {EXAMPLES}")


def _machines(call: Call) -> list[Finding]:
    """What can be told about a host that answers."""
    domains = call.link.listAllDomains(0)
    if domains and not knows_snapshots(domains[0]):
        text = f"The hypervisor '{call.link.getType()}' knows no snapshots."
        return [Finding("hypervisor", "error", text, "Checkpoints need QEMU, or another one that has them.")]
    version = call.link.getLibVersion()
    number = f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
    findings = [Finding("hypervisor", "ok", f"libvirt {number} with {call.link.getType()} answers.")]
    if not domains:
        text = "The account sees no virtual machines. There are none, or they belong to another account."
        findings.append(Finding("rights", "warning", text, "qemu:///system and qemu:///session have machines each."))
    else:
        findings.append(Finding("rights", "ok", f"The account sees {len(domains)} virtual machines."))
    told = [finding for domain in domains for finding in _hindered(domain)]
    if len(told) > MOST_TOLD:
        more = Finding("machines", "warning", f"So it is with {len(told) - MOST_TOLD} others.", DISK_ADVICE)
        told = [*told[:MOST_TOLD], more]
    return findings + told


def knows_snapshots(domain: Any) -> bool:
    """Whether a machine's hypervisor has snapshots."""
    try:
        domain.listAllSnapshots(0)
    except Exception as error:
        if read_failure(error).code == NO_SUPPORT:
            return False
        raise
    return True


def _hindered(domain: Any) -> Iterator[Finding]:
    try:
        reasons = obstacles(domain.XMLDesc(0))
    except GarbledError as error:
        yield Finding(
            "machines", "warning", f"Of '{domain.name()}' nothing can be told. {error}", "Look at it: virsh dumpxml."
        )
        return
    if reasons:
        text = f"'{domain.name()}' may not take checkpoints. {' '.join(reasons)}"
        advice = " ".join(FIRMWARE_ADVICE if "UEFI" in reason else DISK_ADVICE for reason in reasons[:2])
        yield Finding("machines", "warning", text, advice)
