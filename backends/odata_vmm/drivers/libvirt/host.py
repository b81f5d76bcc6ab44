# Where a libvirt is, and how long its answers may take.

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class LibvirtHost:
    """A libvirt by its URI: qemu:///system, qemu:///session, qemu+ssh://user@host/system, test:///default.

    Times are in seconds. A connection whose other end says nothing to `keepalive_count` questions in a row, one each
    `keepalive_interval`, counts as broken, and with it the calls that wait for an answer.
    """

    uri: str = "qemu:///system"
    open_timeout: float = 10
    """How long a connection may take."""
    read_timeout: float = 60
    """How long a question may take that changes nothing."""
    change_timeout: float = 900
    """How long a change may take, until its outcome is unknown: memory goes to disk with a checkpoint."""
    keepalive_interval: int = 5
    keepalive_count: int = 3
    retry_after: float = 5
    """How long a host that could not be reached is left alone."""

    def __post_init__(self) -> None:
        # A configuration's file gives values of any type.
        if type(self.uri) is not str or not self.uri:
            raise ValueError("The URI of libvirt is empty: give one such as 'qemu:///system'.")
        try:
            urlsplit(self.uri).port  # noqa: B018 - raises where it is no number
        except ValueError:
            # What is wrong may be a part of the password.
            raise ValueError("The URI of libvirt cannot be read: its host or its port is no such thing.") from None
        for option in fields(self)[1:]:
            value, least = getattr(self, option.name), 0 if option.name == "retry_after" else 0.001
            if option.type == "int" and type(value) is not int:
                raise ValueError(f"Of a libvirt host, '{option.name}' is a whole number, not {value!r}.")
            if type(value) not in (int, float) or not least <= value < threading.TIMEOUT_MAX:
                raise ValueError(f"Of a libvirt host, '{option.name}' is a positive number, not {value!r}.")

    @property
    def is_pretended(self) -> bool:
        """Whether the machines are those of test:///, which live in this process, and in one connection."""
        return self.uri.startswith("test:")

    @property
    def shown(self) -> str:
        """The URI as messages show it: without what follows the path, and without a password."""
        parts = urlsplit(self.uri)
        user, _, place = parts.netloc.rpartition("@")
        name = user.partition(":")[0]
        return f"{parts.scheme}://{f'{name}@' if name else ''}{place}{parts.path}"
