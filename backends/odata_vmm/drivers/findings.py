# What the check of a host's configuration tells, one step of the way to the host at a time.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warning", "error"]
# fmt: off
Step = Literal[
    "packages", "files", "uri", "name", "port", "tls", "authentication", "connection", "endpoint", "hypervisor",
    "cmdlets", "rights", "machines",
]
# fmt: on


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found, in words; `advice` says what to do about a warning or an error."""

    step: Step
    severity: Severity
    text: str
    advice: str = ""
