# What all tests of the VMM service share.

from __future__ import annotations

import pytest

from odata_vmm import jobs


@pytest.fixture(autouse=True)
def asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts are asked again without waiting: those of tests have nothing left to do."""
    monkeypatch.setattr(jobs, "ASK_AGAIN", (0, 0))
