# Client programs in other languages: what has to be installed, which cases a program has, and what a run says of each.
# Strategy: a program is run once and says a line for each of its cases (wcf/Report.cs, javascript/report.js); each case
# is a test of pytest. So that pytest knows the cases before anything runs, a test module lists them; that no case is
# without a test is a test, too.

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

FOLDER = Path(__file__).parent
INSTALLED = REPOSITORY / ".clients"
PATIENCE = 120.0

Faults = Mapping[str, str | None]
"""What was wrong with each case of a run; None: nothing."""


def demand(found: Mapping[str, bool], command: str = "bash tests/clients/install.sh") -> None:
    """Skips a test of a client that is not there as a whole, with the command that installs it.

    In continuous integration, where all clients are installed, that fails the test.
    """
    missing = [name for name, is_found in found.items() if not is_found]
    if not missing:
        return
    reason = f"Not installed: {', '.join(missing)}. This installs it: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def demand_node(package: str) -> None:
    """Skips or fails a test without Node.js or without one of the packages of package.json."""
    is_there = (INSTALLED / "node_modules" / package / "package.json").is_file()
    demand({"node": shutil.which("node") is not None, package: is_there})


def run_node(program: str, *words: str) -> Faults:
    """What a program of the folder javascript/ says."""
    return run(["node", str(FOLDER / "javascript" / program), *words], NODE_PATH=str(INSTALLED / "node_modules"))


def run(command: Sequence[str], **variables: str) -> Faults:
    """What a program says of its cases, in their order."""
    ended = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, env=os.environ | variables
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return dict(map(_read_line, ended.stdout.splitlines()))


def _read_line(line: str) -> tuple[str, str | None]:
    """line = "ok" TAB name / "failed" TAB name TAB fault"""
    verdict, name, *fault = line.split("\t", 2)
    assert (verdict, len(fault)) in (("ok", 0), ("failed", 1)), line
    return name, fault[0] if fault else None
