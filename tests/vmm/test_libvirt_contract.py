# The libvirt driver under the suites that all drivers share: over libvirt's own pretend hypervisor, and over real QEMU,
# whose guest counts in memory and on disk.

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odata_vmm.drivers.suite import DriverSuite, PowerSuite, Rig
from tests.vmm.optional import require

require("libvirt", extra="libvirt")

from tests.vmm.libvirt_rigs import Daemon, pretend_rig, qemu_rig  # noqa: E402

qemu = pytest.mark.xdist_group("qemu")  # one worker runs one libvirtd, for all its tests


class TestPretendRunning(DriverSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from pretend_rig(tmp_path, "Running")


class TestPretendPower(PowerSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        yield from pretend_rig(tmp_path, "Off")


@qemu
class TestQemuRunning(DriverSuite):
    @pytest.fixture
    def rig(self, libvirtd: Daemon, guest_image: Path) -> Iterator[Rig]:
        yield from qemu_rig(libvirtd, guest_image, "Running")


@qemu
class TestQemuOff(DriverSuite):
    @pytest.fixture
    def rig(self, libvirtd: Daemon, guest_image: Path) -> Iterator[Rig]:
        yield from qemu_rig(libvirtd, guest_image, "Off")


@qemu
class TestQemuPower(PowerSuite):
    @pytest.fixture
    def rig(self, libvirtd: Daemon, guest_image: Path) -> Iterator[Rig]:
        yield from qemu_rig(libvirtd, guest_image, "Off")
