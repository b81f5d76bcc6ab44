# How Hypothesis searches: without a time limit for one example, as tests here are never timed, and in continuous
# integration the same examples every time, so that a change is judged by what it does. Elsewhere each run searches on.
# And one libvirtd for all tests of a process that want real virtual machines.

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.vmm.libvirt_rigs import Daemon

settings.register_profile("project", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("project")


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Daemon]:
    """Tests that use it belong to xdist_group("qemu"), so that one worker runs one libvirtd."""
    from tests.vmm.libvirt_rigs import running_daemon

    with running_daemon() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def guest_image(libvirtd: Daemon) -> Path:
    """The disk of a guest without an operating system (vmm/qemu/boot.S)."""
    from tests.vmm.libvirt_rigs import build_guest

    return build_guest(libvirtd.folder)
