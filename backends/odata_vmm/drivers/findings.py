# What the check of a host's configuration tells, one step of the way to the host at a time.

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
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


def until_an_error(steps: Generator[Finding]) -> list[Finding]:
    """What the steps of a way find, up to the first error: what comes behind it cannot be tried."""
    found: list[Finding] = []
    with closing(steps):
        for finding in steps:
            found.append(finding)
            if finding.severity == "error":
                break
    return found
