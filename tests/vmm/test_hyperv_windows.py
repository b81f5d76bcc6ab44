# The Hyper-V driver on a real Windows host, which the environment names; without one, all of this is skipped.
#     HYPERV_HOST, HYPERV_USERNAME, HYPERV_PASSWORD, and as needed HYPERV_AUTH, HYPERV_SSL, HYPERV_PORT, HYPERV_CA_FILE
#     HYPERV_VM, HYPERV_OTHER_VM      two machines that nobody needs: they are switched off, their checkpoints removed
# The account needs Set-VM beside what the driver needs. Nobody has run this yet: what fails here is news.

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from odata_vmm.drivers.hyperv.check import check
from odata_vmm.drivers.suite import DriverSuite, PowerSuite, Rig
from tests.vmm.hyperv_rigs import settings_rig

from odata_vmm.drivers.hyperv.record import host_of  # isort: skip

HOST = host_of(os.environ)
NAMES = os.environ.get("HYPERV_VM", ""), os.environ.get("HYPERV_OTHER_VM", "")

if HOST is None or not all(NAMES):
    pytest.skip("HYPERV_HOST, HYPERV_VM and HYPERV_OTHER_VM name no Windows host.", allow_module_level=True)


@pytest.fixture
def windows_rig() -> Iterator[Rig]:
    assert HOST is not None
    yield from settings_rig(HOST, *NAMES)


class TestWindows(DriverSuite):
    @pytest.fixture
    def rig(self, windows_rig: Rig) -> Rig:
        return windows_rig


class TestWindowsPower(PowerSuite):
    @pytest.fixture
    def rig(self, windows_rig: Rig) -> Rig:
        return windows_rig


def test_the_check_finds_nothing_wrong() -> None:
    assert HOST is not None
    assert [finding for finding in check(HOST) if finding.severity == "error"] == []
