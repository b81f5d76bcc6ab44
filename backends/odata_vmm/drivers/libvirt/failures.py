# What libvirt's errors mean to a caller, by their number; the words are for people only, and may be in any language.
# The numbers are part of libvirt's ABI (virErrorNumber, virErrorDomain in libvirt/virterror.h), so that this table
# needs no libvirt.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..contract import Denied, DriverError, NotFound, Rejected, Unavailable

INTERNAL_ERROR: Final = 1
NO_SUPPORT: Final = 3
INVALID_CONNECTION: Final = 6
OPERATION_DENIED: Final = 29
SYSTEM_ERROR: Final = 38
RPC: Final = 39
GNUTLS: Final = 40
NO_DOMAIN: Final = 42
AUTH_FAILED: Final = 45
NO_SNAPSHOT: Final = 72
AUTH_CANCELLED: Final = 79
SSH: Final = 85
ACCESS_DENIED: Final = 88
AUTH_UNAVAILABLE: Final = 94
LIBSSH: Final = 98

FROM_RPC: Final = 7
FROM_REMOTE: Final = 13

# What is not listed was refused: the state forbids it, a disk cannot, the machine is busy, QEMU gave up.
MEANING: Final[Mapping[int, type[DriverError]]] = MappingProxyType(
    {
        NO_DOMAIN: NotFound,
        NO_SNAPSHOT: NotFound,
        OPERATION_DENIED: Denied,
        ACCESS_DENIED: Denied,
        AUTH_FAILED: Unavailable,
        AUTH_CANCELLED: Unavailable,
        AUTH_UNAVAILABLE: Unavailable,
    }
)

# From the layer that carries calls, these say that the connection broke, not what became of the call.
LOST: Final = frozenset({INTERNAL_ERROR, INVALID_CONNECTION, SYSTEM_ERROR, RPC, GNUTLS, SSH, LIBSSH})


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of libvirt as numbers and words; `errno` is that of the system where it is a SYSTEM_ERROR, or 0."""

    code: int
    origin: int
    text: str
    errno: int = 0

    @property
    def lost(self) -> bool:
        """Whether the connection broke."""
        return self.code == INVALID_CONNECTION or (self.origin in (FROM_RPC, FROM_REMOTE) and self.code in LOST)

    @property
    def meaning(self) -> type[DriverError]:
        """What it is to a caller."""
        return Unavailable if self.lost else MEANING.get(self.code, Rejected)


def read_failure(error: BaseException) -> Failure:
    """A libvirt.libvirtError; one without numbers comes from an object that has been closed."""
    numbers = getattr(error, "err", None)
    text = " ".join(str(error).split()).rstrip(".")
    if not numbers:
        return Failure(INVALID_CONNECTION, 0, text)
    # (code, domain, message, level, str1, str2, str3, int1, int2)
    code, origin, errno = numbers[0], numbers[1], numbers[7]
    return Failure(code, origin, text, errno if code == SYSTEM_ERROR and errno > 0 else 0)
