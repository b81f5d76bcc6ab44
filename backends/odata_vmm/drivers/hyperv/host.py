# How to reach one Hyper-V host: what an administrator writes down, checked before anything is sent.
# Secrets never appear in a repr. Nothing of the transport is imported here: a configuration can be read without it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Literal, get_args

Auth = Literal["negotiate", "kerberos", "certificate", "credssp", "basic"]

# Whoever gives no name here is known by something else: Kerberos by a ticket, a certificate by itself.
NEEDS_PASSWORD: Final = frozenset({"basic", "credssp"})

# Host names and addresses, IPv6 too; no URL, no port, no space.
HOST: Final = re.compile(r"[A-Za-z0-9._:%-]{1,255}")
# The name of a session configuration is a part of the resource's URI.
CONFIGURATION: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")


LONGEST_WAIT: Final = 1_000_000

# The types of options, and how a person calls them.
TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
    "Auth": (str, "a text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperVHost:
    """One host and the account to use there; times are seconds.

    `configuration_name` names a session configuration, such as one made for Just Enough Administration. Without
    `ssl` the messages themselves are encrypted (negotiate, kerberos, credssp), yet only Kerberos proves who the host
    is.
    """

    host: str
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    auth: Auth = "negotiate"
    ssl: bool = True
    ca_file: str | None = None
    certificate_file: str | None = None
    certificate_key_file: str | None = None
    certificate_key_password: str | None = field(default=None, repr=False)
    configuration_name: str = "Microsoft.PowerShell"
    # Until a connection stands; until the host answers within a command; until a command is done.
    connect_timeout: int = 10
    operation_timeout: int = 20
    read_timeout: int = 30
    command_timeout: int = 900
    # After so much silence the connection is looked at before it is used; after so much, the host ends the session.
    idle_check: int = 30
    idle_timeout: int = 900
    # So long a host that could not be reached is not tried again; one that refused the account, `refused_after`, since
    # Windows locks accounts for which wrong passwords are tried.
    retry_after: int = 5
    refused_after: int = 60

    def __post_init__(self) -> None:
        problem = self._wrong_type() or next((text for wrong, text in self._problems() if wrong), None)
        if problem is not None:
            raise ValueError(f"The configuration of the Hyper-V host '{self.host}' is wrong: {problem}")

    @property
    def address(self) -> tuple[str, int]:
        """Name and port that are called."""
        return self.host, self.port or (5986 if self.ssl else 5985)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any message."""
        return tuple(text for text in (self.password, self.certificate_key_password) if text)

    def unreadable_file(self) -> str | None:
        """What is wrong with the first of its files that cannot be read."""
        for option in ("ca_file", "certificate_file", "certificate_key_file"):
            path = getattr(self, option)
            try:
                if path is not None:
                    with open(path, "rb"):
                        pass
            except OSError as error:
                return f"The file '{path}' of '{option}' cannot be read: {error.strerror}."
        return None

    def _wrong_type(self) -> str | None:
        """A configuration comes from a file: what is a number there may be a text here."""
        for option in fields(self):
            value, kind = getattr(self, option.name), str(option.type).removesuffix(" | None")
            if value is None and str(option.type).endswith("None"):
                continue
            python, words = TYPES[kind]
            if type(value) is not python:
                return f"'{option.name}' is {words}."
        return None

    def _problems(self) -> list[tuple[bool, str]]:
        certificates = self.certificate_file, self.certificate_key_file
        return [
            (not HOST.fullmatch(self.host), "'host' is a name or an address, without a scheme, port or path."),
            (self.port is not None and not 0 < self.port < 65536, "'port' is a number from 1 to 65535."),
            (self.auth not in get_args(Auth), f"'auth' is one of {', '.join(get_args(Auth))}."),
            (
                self.auth in NEEDS_PASSWORD and not (self.username and self.password),
                f"'{self.auth}' needs 'username' and 'password'.",
            ),
            (self.password is not None and not self.username, "there is a 'password' without a 'username'."),
            (
                self.auth == "basic" and not self.ssl,
                "'basic' sends the password as it is and needs 'ssl'; 'negotiate' works without.",
            ),
            (
                # Which bytes other characters become is not agreed on (RFC 7617, 2.1); a colon ends the name.
                self.auth == "basic" and not f"{self.username}{self.password}".isascii(),
                "'basic' carries a name and a password of ASCII characters only.",
            ),
            (self.auth == "basic" and ":" in (self.username or ""), "with 'basic' there is no ':' in 'username'."),
            (
                self.auth == "certificate" and not (self.ssl and all(certificates)),
                "'certificate' needs 'ssl', 'certificate_file' and 'certificate_key_file'.",
            ),
            (self.auth != "certificate" and any(certificates), f"'{self.auth}' uses no certificate of the client."),
            (self.ca_file is not None and not self.ssl, "there is a 'ca_file', and 'ssl' is off."),
            (
                not CONFIGURATION.fullmatch(self.configuration_name),
                "'configuration_name' holds letters, digits, '.', '_' and '-' only.",
            ),
            (
                min(self.connect_timeout, self.operation_timeout, self.command_timeout) < 1,
                "'connect_timeout', 'operation_timeout' and 'command_timeout' are at least 1 second.",
            ),
            (
                max(self.connect_timeout, self.read_timeout, self.command_timeout) > LONGEST_WAIT,
                f"'connect_timeout', 'read_timeout' and 'command_timeout' are {LONGEST_WAIT} seconds at most.",
            ),
            (
                min(self.idle_check, self.retry_after, self.refused_after) < 0,
                "'idle_check', 'retry_after' and 'refused_after' are no negative numbers.",
            ),
            (
                self.read_timeout <= self.operation_timeout,
                "'read_timeout' is longer than 'operation_timeout', as the host answers when the latter has passed.",
            ),
            # New-PSSessionOption: the minimum is one minute.
            (
                self.idle_timeout < max(60, self.idle_check),
                "'idle_timeout' is at least 60, and not below 'idle_check'.",
            ),
        ]
