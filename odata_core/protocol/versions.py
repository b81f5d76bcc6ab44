# Protocol versions: the only module where one is compared with another.

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import BadRequest

# DataServiceVersion = version-number [ ";" user-agent ]: clients add their name, as in `3.0;NetFx`.
_HEADER = re.compile(r"\s*([0-9]{1,3})\.([0-9]{1,3})\s*(?:;.*)?", re.ASCII)


class Version(NamedTuple):
    """A protocol version such as 3.0."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor:02d}" if self.major > 3 and self.minor else f"{self.major}.{self.minor}"


V1_0: Final = Version(1, 0)
V2_0: Final = Version(2, 0)
V3_0: Final = Version(3, 0)
V4_0: Final = Version(4, 0)
V4_01: Final = Version(4, 1)


def parse_version(value: str, header: str) -> Version:
    """The version in a header's value, a client's name behind `;` aside."""
    match = _HEADER.fullmatch(value)
    if match is None:
        raise BadRequest(
            f"Request version '{value[:50]}' specified for header '{header}' is not valid. "
            "Please specify a valid version value, such as 3.0.",
            target=header,
        )
    return Version(int(match[1]), int(match[2]))  # "4.01" is the version after 4.0
