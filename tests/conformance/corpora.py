# The corpora: test data that others wrote, kept beside the repository. Where they are, and how they are read.
# Without them, the tests that need them are skipped on a developer's machine and fail in continuous integration.

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("ODATA_CORPORA") or REPOSITORY.parent / "shared" / "corpora")

Line = dict[str, Any]


def path_of(name: str) -> Path:
    """A file or folder of the corpora; where there is none, the test module that asks is skipped, or fails."""
    path = FOLDER / name
    if not path.exists():
        reason = f"The corpora are needed: '{path}' does not exist; ODATA_CORPORA may name another folder."
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason, allow_module_level=True)
    return path


def lines(name: str) -> list[Line]:
    """The objects of `<name>.jsonl`, in order."""
    return [json.loads(line) for line in path_of(f"{name}.jsonl").read_text("utf-8").splitlines() if line]


def constraints(name: str) -> dict[str, list[str]]:
    """`<name>.constraints.json`: the only names that each rule named there may match."""
    found: dict[str, list[str]] = json.loads(path_of(f"{name}.constraints.json").read_text("utf-8"))
    return found
