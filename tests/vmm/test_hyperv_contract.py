# The Hyper-V driver under the suite that all drivers share, over a fake WinRM endpoint: Basic over TLS, and Negotiate
# with encrypted messages, which is how Windows is set up. Nothing here has met a Windows host; the rig at the end does,
# where the environment names one.

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odata_vmm.drivers.suite import DriverSuite, PowerSuite, Rig
from tests.vmm.hyperv_rigs import fake_host, fake_rig, settings_rig


class TestBasicRunning(DriverSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from fake_rig("basic", tmp_path, "Running")


class TestNegotiateRunning(DriverSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from fake_rig("negotiate", tmp_path, "Running")


class TestNegotiateOff(DriverSuite):
    """The rig for a real host, tried on the fake one."""

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        with fake_host("negotiate", tmp_path, "Off") as fake:
            yield from settings_rig(fake.host, "vm1", "vm2")


class TestBasicPower(PowerSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from fake_rig("basic", tmp_path, "Off")


class TestNegotiatePower(PowerSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from fake_rig("negotiate", tmp_path, "Off")
