# What goes wrong with libvirt, on real machines: a daemon that dies, hangs or is not there, machines that cannot take
# checkpoints, others who work on the same machines.

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from odata_vmm.drivers.contract import DriverError, NotFound, OutcomeUnknown, Rejected, Unavailable
from odata_vmm.drivers.libvirt import LibvirtDriver, LibvirtHost
from tests.vmm.optional import require

require("libvirt", extra="libvirt")

import libvirt  # noqa: E402

from tests.vmm.libvirt_rigs import (  # noqa: E402
    PATIENCE,
    Daemon,
    Guest,
    Relay,
    flash,
    link_of,
    new_guest,
    pretend_rig,
    raw_disk,
    wait_until,
)

pytestmark = pytest.mark.xdist_group("qemu")  # one worker runs one libvirtd, for all its tests

INTERVAL, COUNT = 1, 1


@pytest.fixture
def guest(libvirtd: Daemon, guest_image: Path) -> Iterator[Guest]:
    with new_guest(libvirtd, guest_image) as guest:
        yield guest


def new_driver(daemon: Daemon, **limits: Any) -> LibvirtDriver:
    options = {"retry_after": 0, "keepalive_interval": INTERVAL, "keepalive_count": COUNT, "open_timeout": 1}
    return LibvirtDriver(LibvirtHost(daemon.uri, **{**options, **limits}))


@pytest.fixture
def driver(libvirtd: Daemon) -> Iterator[LibvirtDriver]:
    driver = new_driver(libvirtd)
    yield driver
    driver.close()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs. Objects of libvirt that are collected meanwhile would wait for it, and we with them."""
    gc.collect()
    gc.disable()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        gc.enable()


def later(work: Callable[[], object]) -> Callable[[], DriverError | None]:
    """Begins something in a thread; what it returns waits for the end, and gives the error."""
    errors: list[DriverError] = []

    def attempt() -> None:
        try:
            work()
        except DriverError as error:
            errors.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()

    def wait() -> DriverError | None:
        thread.join(PATIENCE)
        assert not thread.is_alive()
        return errors[0] if errors else None

    return wait


def answers(driver: LibvirtDriver) -> bool:
    try:
        driver.vms()
    except Unavailable:
        return False
    return True


def qemu_of(guest: Guest) -> int:
    """The process that runs a machine."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if guest.domain.UUIDString().encode("ascii") in words:
            return int(folder.name)
    raise AssertionError("The machine does not run.")


# The daemon.


def test_a_daemon_that_died_and_came_back(libvirtd: Daemon, guest: Guest, driver: LibvirtDriver) -> None:
    guest.domain.create()
    guest.count()
    first = driver.create(guest.id, "before", "why")
    # Several connections are there, as so many were needed at once.
    together = threading.Barrier(3)
    waiting = [later(lambda: driver._connections.read(lambda _call: together.wait(PATIENCE))) for _ in range(3)]
    assert [wait() for wait in waiting] == [None] * 3
    libvirtd.kill()
    libvirtd.start()
    assert driver.checkpoints(guest.id) == [first]
    libvirtd.kill()
    with pytest.raises(Unavailable, match=r"The host qemu\+unix:///session cannot be reached: "):
        driver.vms()
    with pytest.raises(Unavailable):
        driver.create(guest.id, "nobody hears this")
    libvirtd.start()
    assert driver.checkpoints(guest.id) == [first]
    guest.count()
    assert guest.read() == "R02D02"
    driver.restore(guest.id, first.id)
    assert guest.read() == "R01D01"


def test_a_daemon_that_dies_during_a_change(libvirtd: Daemon, guest: Guest, driver: LibvirtDriver) -> None:
    guest.domain.create()
    guest.read()
    driver.vms()
    with stopped(qemu_of(guest)):
        change = later(lambda: driver.create(guest.id, "a"))
        wait_for_job(libvirtd, guest)
        libvirtd.kill()
        error = change()
    assert isinstance(error, OutcomeUnknown)
    assert "was told to take a checkpoint of" in error.message
    libvirtd.start()
    # Whoever lists again knows.
    assert [checkpoint.name for checkpoint in driver.checkpoints(guest.id)] in ([], ["a"])


def test_a_daemon_that_hangs(libvirtd: Daemon, guest: Guest, driver: LibvirtDriver) -> None:
    driver.vms()
    start = time.monotonic()
    with stopped(libvirtd.pid):
        calls = [later(driver.vms) for _ in range(8)]
        change = later(lambda: driver.create(guest.id, "a"))
        for error in [call() for call in calls]:
            assert isinstance(error, Unavailable)
        # Who looks up the machine has changed nothing yet.
        assert isinstance(change(), Unavailable)
        with pytest.raises(Unavailable):
            new_driver(libvirtd).vms()
        # So many attempts hang that no more are made.
        with pytest.raises(Unavailable, match="cannot be reached: earlier attempts still hang"):
            driver.vms()
    assert time.monotonic() - start < 10
    wait_until(lambda: answers(driver))
    assert driver.checkpoints(guest.id) == []


def test_a_machine_that_hangs(libvirtd: Daemon, guest: Guest) -> None:
    driver = new_driver(libvirtd, change_timeout=0.5)
    guest.domain.create()
    guest.read()
    with stopped(qemu_of(guest)):
        with pytest.raises(OutcomeUnknown, match=r"was told to take a checkpoint of .* not answered within 0\.5 s"):
            driver.create(guest.id, "slow")
        # Its turn is still taken; everything else goes on.
        with pytest.raises(Unavailable, match="is still busy with earlier calls of this service"):
            driver.create(guest.id, "in the queue")
        assert guest.id in {vm.id for vm in driver.vms()}
    patient = new_driver(libvirtd)
    patient.create(guest.id, "next")
    assert [checkpoint.name for checkpoint in patient.checkpoints(guest.id)] == ["slow", "next"]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            driver.create(guest.id, "last")
            break
        except Unavailable:
            assert time.monotonic() < deadline


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    driver = LibvirtDriver(f"qemu+unix:///session?socket={tmp_path}/none")
    start = time.monotonic()
    for _ in range(2):
        # The second time nobody tries, as the first failure is new.
        with pytest.raises(Unavailable, match="No such file or directory"):
            driver.checkpoints(uuid4())
    assert time.monotonic() - start < 5
    driver.close()


def test_a_uri_that_libvirt_cannot_read_is_not_shown_whole() -> None:
    driver = LibvirtDriver("qemu+ssh://vmm:letmein@kvm1/system?no_tty=%zz")
    with pytest.raises(Unavailable) as raised:
        driver.vms()
    assert raised.value.message == (
        "The host qemu+ssh://vmm@kvm1/system cannot be reached: internal error: "
        "Unable to parse URI qemu+ssh://vmm@kvm1/system."
    )
    driver.close()


def test_errors_are_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unavailable):
        LibvirtDriver(f"qemu+unix:///session?socket={tmp_path}/none").vms()
    assert capfd.readouterr() == ("", "")


def wait_for_job(daemon: Daemon, guest: Guest) -> None:
    """Wait until a machine is busy with a snapshot: its disks are named in the list, or it stands still."""
    domain = daemon.connect().lookupByUUID(guest.id.bytes)
    wait_until(lambda: bool(domain.snapshotNum()))


# The network.


def test_a_network_that_breaks_between_calls(libvirtd: Daemon, guest: Guest) -> None:
    with Relay(libvirtd) as relay:
        driver = LibvirtDriver(LibvirtHost(relay.uri, retry_after=0))
        first = driver.create(guest.id, "a")
        relay.cut()
        second = driver.create(guest.id, "b")
        assert driver.checkpoints(guest.id) == [first, second]
        driver.close()


def test_a_network_that_breaks_during_a_change(libvirtd: Daemon, guest: Guest) -> None:
    guest.domain.create()
    guest.read()
    with Relay(libvirtd) as relay:
        driver = LibvirtDriver(LibvirtHost(relay.uri, retry_after=0))
        with stopped(qemu_of(guest)):
            change = later(lambda: driver.create(guest.id, "a"))
            wait_for_job(libvirtd, guest)
            relay.cut()
            error = change()
        assert isinstance(error, OutcomeUnknown)
        assert error.message.startswith("The connection to qemu+tcp://127.0.0.1:")
        # It was carried out all the same.
        wait_until(lambda: driver.vm(guest.id).state == "Running")
        assert [checkpoint.name for checkpoint in driver.checkpoints(guest.id)] == ["a"]
        driver.close()


def test_a_network_that_swallows_everything(libvirtd: Daemon, guest: Guest) -> None:
    guest.domain.create()
    guest.read()
    with Relay(libvirtd) as relay:
        driver = LibvirtDriver(
            LibvirtHost(relay.uri, keepalive_interval=INTERVAL, keepalive_count=COUNT, open_timeout=0.5)
        )
        with stopped(qemu_of(guest)):
            change = later(lambda: driver.create(guest.id, "a"))
            wait_for_job(libvirtd, guest)
            relay.swallows = True
            assert isinstance(change(), OutcomeUnknown)
        with pytest.raises(Unavailable, match=r"there is no answer within 0\.5 s"):
            driver.vms()
        driver.close()


def test_ssh_to_another_host(libvirtd: Daemon, guest: Guest, tmp_path: Path) -> None:
    """There is no ssh here: what libvirt runs in its place gets to the daemon's socket directly."""
    program = tmp_path / "ssh"
    program.write_text(f"#!{sys.executable}\n{SSH.format(socket=libvirtd.socket)}")
    program.chmod(0o755)
    driver = LibvirtDriver(f"qemu+ssh://root@hv01.example.org/session?no_tty=1&command={program}")
    made = driver.create(guest.id, "a")
    assert driver.checkpoints(guest.id) == [made]
    driver.close()


SSH = """
import os, socket, threading
line = socket.socket(socket.AF_UNIX)
line.connect("{socket}")
def send():
    while part := os.read(0, 65536):
        line.sendall(part)
    os._exit(0)
threading.Thread(target=send).start()
while part := line.recv(65536):
    os.write(1, part)
os._exit(0)
"""


# Machines that cannot.


def test_raw_disks_are_refused(libvirtd: Daemon, guest_image: Path, driver: LibvirtDriver, tmp_path: Path) -> None:
    with new_guest(libvirtd, guest_image, raw_disk(tmp_path / "x")) as guest:
        for _ in ("off", "running"):
            with pytest.raises(Rejected, match="Its disk 'vda' is of the format 'raw': a checkpoint needs qcow2"):
                driver.create(guest.id, "a")
            assert driver.checkpoints(guest.id) == []
            if not guest.domain.isActive():
                guest.domain.create()


def test_uefi_is_refused(libvirtd: Daemon, guest_image: Path, driver: LibvirtDriver) -> None:
    with new_guest(libvirtd, guest_image, flash(libvirtd)) as guest:
        with pytest.raises(Rejected, match="It starts with UEFI firmware"):
            driver.create(guest.id, "a")
        assert driver.checkpoints(guest.id) == []


# Others at work.


def test_a_machine_that_goes(libvirtd: Daemon, guest_image: Path, driver: LibvirtDriver) -> None:
    with new_guest(libvirtd, guest_image) as guest:
        gone, kept = guest.id, driver.create(guest.id, "a")
    calls: list[Callable[[], object]] = [
        lambda: driver.checkpoints(gone),
        lambda: driver.vm(gone),
        lambda: driver.create(gone, "b"),
        lambda: driver.restore(gone, kept.id),
        lambda: driver.remove(gone, kept.id),
        lambda: driver.power(gone, "start"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=f"has no virtual machine {gone}"):
            call()
    assert gone not in {vm.id for vm in driver.vms()}


def test_machines_that_come_and_go_while_they_are_listed(
    libvirtd: Daemon, guest_image: Path, driver: LibvirtDriver
) -> None:
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            with new_guest(libvirtd, guest_image) as guest:
                new_driver(libvirtd).create(guest.id, "a")

    with new_guest(libvirtd, guest_image) as kept:
        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(30):
                assert kept.id in {vm.id for vm in driver.vms()}
        finally:
            stop.set()
            thread.join(PATIENCE)


def test_a_list_that_is_read_while_checkpoints_go(libvirtd: Daemon, guest: Guest, driver: LibvirtDriver) -> None:
    for number in range(12):
        driver.create(guest.id, str(number))
    others = new_driver(libvirtd)
    middle = others.checkpoints(guest.id)[1:-1]

    def remove() -> None:
        for checkpoint in middle:
            others.remove(guest.id, checkpoint.id)

    removing = later(remove)
    for _ in range(40):
        found = driver.checkpoints(guest.id)
        assert {item.parent_id for item in found} <= {None, *(item.id for item in found)}
    assert removing() is None
    assert [checkpoint.name for checkpoint in driver.checkpoints(guest.id)] == ["0", "11"]


SNAPSHOT = "<domainsnapshot><name>{}</name><description>{}</description></domainsnapshot>"


def test_snapshots_of_other_tools(guest: Guest, driver: LibvirtDriver) -> None:
    guest.write_sector("x")
    first = guest.read_sector()
    shouted = str(uuid4()).upper()
    for name, text in (("by hand &amp; &lt;quick&gt;", "two\nlines"), (shouted, ""), (str(uuid4()), "a\nb")):
        guest.domain.snapshotCreateXML(SNAPSHOT.format(name, text), 0)
        guest.write_sector("xx")
    by_hand, shouting, guid = driver.checkpoints(guest.id)
    assert (by_hand.name, by_hand.description) == ("by hand & <quick>", "two\nlines")
    assert (shouting.name, shouting.description) == (shouted, "")
    assert (guid.name, guid.description) == ("a", "b")
    assert (by_hand.id, shouting.id) == (uuid5(guest.id, "by hand & <quick>"), uuid5(guest.id, shouted))
    assert shouting.id != UUID(shouted)

    renamed = driver.rename(guest.id, by_hand.id, "another")
    assert (renamed.id, renamed.name, renamed.description) == (by_hand.id, "another", "two\nlines")
    driver.restore(guest.id, by_hand.id)
    assert guest.read_sector() == first
    driver.remove(guest.id, by_hand.id)
    assert [checkpoint.parent_id for checkpoint in driver.checkpoints(guest.id)] == [None, shouting.id]


def test_snapshots_outside_of_the_disks_are_not_touched(guest: Guest, driver: LibvirtDriver) -> None:
    """Other tools take those, "external" ones; libvirt 9 can neither restore nor remove them."""
    root = driver.create(guest.id, "root")
    guest.domain.snapshotCreateXML(SNAPSHOT.format("outside", ""), libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    leaf, second = driver.create(guest.id, "leaf"), driver.create(guest.id, "second")
    outside = driver.checkpoints(guest.id)[1]
    assert (outside.name, leaf.parent_id, outside.parent_id) == ("outside", outside.id, root.id)
    for call in (driver.restore, driver.remove):
        with pytest.raises(Rejected, match=f"checkpoint {outside.id} of|the checkpoint {outside.id}"):
            call(guest.id, outside.id)
    assert second in driver.checkpoints(guest.id)
    with pytest.raises(
        Rejected, match=f"checkpoint outside was not removed: .* 2 of those below {root.id} are"
    ) as caught:
        driver.remove(guest.id, root.id, subtree=True)
    assert caught.value.message.endswith(".")
    assert driver.checkpoints(guest.id) == [root, outside]


def test_saved_memory_goes_with_the_disks_that_it_belongs_to(guest: Guest, driver: LibvirtDriver) -> None:
    guest.domain.create()
    guest.count()
    checkpoint = driver.create(guest.id, "a")
    guest.count()
    guest.domain.managedSave(0)
    assert driver.vm(guest.id).state == "Saved"
    with pytest.raises(Rejected, match="is Saved: a checkpoint would not hold its memory"):
        driver.create(guest.id, "b")
    driver.restore(guest.id, checkpoint.id)
    assert guest.read() == "R01D01"
    assert not guest.domain.hasManagedSaveImage(0)
    guest.count()
    guest.domain.managedSave(0)
    assert driver.power(guest.id, "start").state == "Running"
    assert guest.read() == "R02D02"
    guest.domain.managedSave(0)
    assert driver.power(guest.id, "stop").state == "Off"
    assert not guest.domain.hasManagedSaveImage(0)


def test_power_of_a_running_machine(guest: Guest, driver: LibvirtDriver) -> None:
    driver.power(guest.id, "start")
    guest.count()
    driver.power(guest.id, "suspend")
    paused = driver.create(guest.id, "paused")
    # It boots again, from the disk as it is.
    assert driver.power(guest.id, "reset").state == "Running"
    assert guest.read() == "R00D01"
    driver.restore(guest.id, paused.id)
    assert driver.vm(guest.id).state == "Paused"
    assert driver.power(guest.id, "resume").state == "Running"
    assert guest.read() == "R01D01"
    # This guest does not listen to the button.
    assert driver.power(guest.id, "shutdown").state == "Running"


# Threads and processes.


def test_eight_threads_do_everything_at_once(libvirtd: Daemon, guest_image: Path, driver: LibvirtDriver) -> None:
    with new_guest(libvirtd, guest_image) as one, new_guest(libvirtd, guest_image) as two:

        def work(guest: Guest, number: int) -> None:
            made = driver.create(guest.id, f"{number}", f"of thread {number}")
            driver.vms()
            driver.rename(guest.id, made.id, f"{number}!")
            driver.restore(guest.id, made.id)
            assert made.id in {checkpoint.id for checkpoint in driver.checkpoints(guest.id)}
            if number % 2:
                driver.remove(guest.id, made.id)

        running = [later(lambda number=number: work((one, two)[number // 4], number)) for number in range(8)]  # type: ignore[misc]
        assert [wait() for wait in running] == [None] * 8
        left = [sorted(item.name for item in driver.checkpoints(guest.id)) for guest in (one, two)]
        assert left == [["0!", "2!"], ["4!", "6!"]]


def test_a_long_chain_goes_at_once(tmp_path: Path) -> None:
    """Deeper than Python's stack allows: descendants are removed one by one, without recursion."""
    for rig in pretend_rig(tmp_path, "Running"):
        root = rig.driver.create(rig.vm, "0")
        for number in range(1, 1100):
            rig.driver.create(rig.vm, str(number))
        assert [item.name for item in rig.driver.checkpoints(rig.vm)] == [str(number) for number in range(1100)]
        rig.driver.remove(rig.vm, root.id, subtree=True)
        assert rig.driver.checkpoints(rig.vm) == []


def test_a_process_that_forks_opens_a_connection_of_its_own(guest: Guest, driver: LibvirtDriver) -> None:
    checkpoint = driver.create(guest.id, "parent's")
    link = link_of(driver)
    pid = os.fork()
    if pid == 0:
        # On a connection of its parent it would wait for ever.
        signal.alarm(int(PATIENCE))
        try:
            driver.rename(guest.id, checkpoint.id, "child's")
            os._exit(0 if link_of(driver) is not link else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [item.name for item in driver.checkpoints(guest.id)] == ["child's"]


def test_what_is_closed_opens_again(guest: Guest, driver: LibvirtDriver) -> None:
    made = driver.create(guest.id, "a")
    driver.close()
    assert driver.checkpoints(guest.id) == [made]


def test_nothing_is_lost_when_a_connection_breaks_between_calls(guest: Guest, driver: LibvirtDriver) -> None:
    link_of(driver).close()
    assert driver.create(guest.id, "a").parent_id is None
