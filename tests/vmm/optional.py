# Packages that tests need and users need not have: a test module without them is skipped, with a reason; in continuous
# integration, where all of them must be, it fails.

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


def require(*packages: str, extra: str = "dev") -> None:
    """Skip the module that is being collected unless all packages are here."""
    missing = [package for package in packages if find_spec(package) is None]
    if not missing:
        return
    reason = f"These tests need {' and '.join(missing)}: pip install -e '.[{extra}]'."
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
