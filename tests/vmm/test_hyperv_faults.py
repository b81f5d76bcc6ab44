# What goes wrong between the Hyper-V driver and a host, and what the driver makes of it: which of the five errors, what
# has happened on the host then, how long it takes, and that nothing tells a secret. Accidents are made, not awaited.

from __future__ import annotations

import logging
import re
import socket
import sys
import threading
import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odata_vmm.drivers.contract import Denied, DriverError, NotFound, OutcomeUnknown, Rejected, Unavailable
from odata_vmm.drivers.hyperv import HyperVDriver, HyperVHost, session
from odata_vmm.drivers.hyperv import driver as hyperv_driver
from odata_vmm.drivers.hyperv.cmdlets import NEEDED, NEEDED_FOR_POWER
from tests.vmm.hyperv_rigs import (
    KEY_PASSWORD,
    PASSWORD,
    USERNAME,
    WAYS,
    Fake,
    Role,
    Way,
    fake_host,
    make_certificate,
    stranger,
)


@pytest.fixture(params=WAYS)
def signing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fake]:
    """A host, in each way of signing in."""
    with fake_host(request.param, tmp_path) as running:
        yield running


@pytest.fixture(params=["basic", "negotiate"])
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fake]:
    """A host, with messages as they are within TLS, and encrypted: lost connections and sessions differ in that."""
    with fake_host(request.param, tmp_path) as running:
        yield running


@pytest.fixture
def simple(tmp_path: Path) -> Iterator[Fake]:
    """A host as Windows sets it up, for what makes no difference once the driver has signed in."""
    with fake_host("negotiate", tmp_path) as running:
        yield running


@pytest.fixture
def driver(simple: Fake) -> HyperVDriver:
    """A driver that keeps its session for all examples of a test."""
    return simple.driver()


def names(fake: Fake) -> list[str]:
    """What there really is on the host."""
    return [snapshot.name for snapshot in fake.machine.snapshots.values()]


def failure(call: Callable[[], object]) -> tuple[type[DriverError], str]:
    """What a call fails with; neither it nor what caused it tells a secret."""
    with pytest.raises(DriverError) as caught:
        call()
    assert secrets_in("".join(traceback.format_exception(caught.value)) + repr(caught.value)) == []
    return type(caught.value), caught.value.message


WRONG = "wr0ng Pa$$word"
SECRETS = (
    PASSWORD,
    KEY_PASSWORD,
    WRONG,
    *(b64encode(f"{USERNAME}:{word}".encode()).decode() for word in (PASSWORD, WRONG)),
)


def secrets_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text or repr(secret)[1:-1] in text]


# Sessions that end.


def test_an_idle_connection_that_the_host_dropped_is_noticed_before_it_is_used(fake: Fake) -> None:
    driver = fake.driver(idle_check=0)
    driver.vms()
    fake.endpoint.drop_connections()
    driver.create(fake.machine.id, "a")
    assert (names(fake), fake.endpoint.opened, len(fake.endpoint.shells)) == (["a"], 2, 1)


def test_a_connection_dropped_unnoticed_costs_no_read_and_doubles_no_change(fake: Fake) -> None:
    driver = fake.driver()
    driver.vms()
    fake.endpoint.drop_connections()
    assert len(driver.vms()) == 2
    fake.endpoint.drop_connections()
    driver.create(fake.machine.id, "a")
    assert names(fake) == ["a"]


@pytest.mark.parametrize("idle_check", [0, 30])
def test_a_lost_shell_is_replaced(fake: Fake, idle_check: int) -> None:
    driver = fake.driver(idle_check=idle_check)
    driver.vms()
    fake.endpoint.forget_shells()
    driver.create(fake.machine.id, "a")
    assert (names(fake), fake.endpoint.opened) == (["a"], 2)


def test_a_session_is_kept(signing: Fake) -> None:
    driver = signing.driver(idle_check=0)
    for _number in range(3):
        driver.vms()
    assert signing.endpoint.opened == 1


def test_closing_ends_the_session_on_the_host_and_a_later_call_opens_another(fake: Fake) -> None:
    driver = fake.driver()
    driver.vms()
    driver.close()
    assert fake.endpoint.shells == {}
    driver.vms()
    assert (fake.endpoint.opened, len(fake.endpoint.shells)) == (2, 1)


def test_closing_does_not_wait_for_a_command(simple: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odata_vmm.drivers.hyperv.session.SHORT", 0.1)
    driver, done = simple.driver(), threading.Event()
    simple.endpoint.site.hooks["Get-VM"] = lambda: (done.wait(10), None)[1]
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(len(driver.vms())))
    thread.start()
    simple.endpoint.await_receive()
    driver.close()
    assert told == []
    done.set()
    thread.join()
    assert told == [2]


def test_closing_does_not_wait_for_a_host_that_is_gone(simple: Fake) -> None:
    driver = simple.driver()
    driver.vms()
    simple.endpoint.__exit__()
    driver.close()
    driver.close()


# Commands that are cut.


def test_a_cut_in_the_middle_of_a_create_leaves_the_outcome_unknown_and_listing_tells_it(fake: Fake) -> None:
    def cut() -> None:
        fake.endpoint.await_receive()
        fake.endpoint.drop_connections()

    driver = fake.driver()
    fake.endpoint.site.hooks["Checkpoint-VM"] = cut
    kind, message = failure(lambda: driver.create(fake.machine.id, "a"))
    assert (kind, message) == (
        OutcomeUnknown,
        "The connection with the host '127.0.0.1' broke or fell silent. "
        "Whether the command was carried out is unknown.",
    )
    wait_for(lambda: names(fake) == ["a"])
    assert [checkpoint.name for checkpoint in driver.checkpoints(fake.machine.id)] == ["a"]


def test_a_cut_in_the_middle_of_a_list_is_read_again(fake: Fake) -> None:
    cuts: list[int] = []

    def cut() -> None:
        if not cuts:
            cuts.append(1)
            fake.endpoint.await_receive()
            fake.endpoint.drop_connections()

    driver = fake.driver()
    fake.endpoint.site.hooks["Get-VM"] = cut
    assert (len(driver.vms()), cuts, fake.endpoint.opened) == (2, [1], 2)


def test_a_slow_host_may_take_longer_than_one_answer(simple: Fake) -> None:
    driver = simple.driver(operation_timeout=1)
    simple.endpoint.site.hooks["Checkpoint-VM"] = lambda: time.sleep(1.5)
    assert driver.create(simple.machine.id, "slow").name == "slow"


def test_a_host_that_never_finishes_is_given_up(simple: Fake) -> None:
    done = threading.Event()
    simple.endpoint.site.hooks["Checkpoint-VM"] = lambda: (done.wait(10), None)[1]
    driver = simple.driver(operation_timeout=1, command_timeout=1)
    kind, message = failure(lambda: driver.create(simple.machine.id, "a"))
    done.set()
    assert (kind, message.split(";")[0]) == (
        OutcomeUnknown,
        "The host '127.0.0.1' has not finished the command within 1 s and 100000 rows. "
        "Whether the command was carried out is unknown.",
    )
    wait_for(lambda: names(simple) == ["a"])


def test_who_waits_for_a_busy_host_is_told_so(simple: Fake) -> None:
    driver = simple.driver(command_timeout=1, operation_timeout=1)
    started, done = threading.Event(), threading.Event()

    def linger() -> None:
        started.set()
        done.wait(10)

    simple.endpoint.site.hooks["Checkpoint-VM"] = linger
    driver.vms()
    with driver._session.turn():
        told: list[tuple[type[DriverError], str]] = []
        thread = threading.Thread(target=lambda: told.append(failure(driver.vms)))
        thread.start()
        thread.join()
    assert told == [(Unavailable, "The host '127.0.0.1' is busy with other commands of this service.")]


def test_who_lists_machines_does_not_wait_for_a_host_that_is_busy_with_one(
    simple: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are on other hosts; who asks about one machine waits for its turn."""
    monkeypatch.setattr(hyperv_driver, "PATIENCE", 0.05)
    driver = simple.driver()
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(len(driver.checkpoints(simple.machine.id))))
    told: list[tuple[type[DriverError], str]] = []
    listing = threading.Thread(target=lambda: told.append(failure(driver.vms)))
    with driver._session.turn():
        asking.start()
        listing.start()
        listing.join(10)
    asking.join(10)
    assert told == [(Unavailable, "The host '127.0.0.1' is busy with other commands of this service.")]
    assert found == [0]


def test_a_host_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = HyperVHost(
            host="127.0.0.1",
            port=silent.getsockname()[1],
            username="svc",
            password="secret",
            ssl=False,
            connect_timeout=1,
            operation_timeout=1,
            read_timeout=2,
        )
        before = time.monotonic()
        kind, message = failure(HyperVDriver(host).vms)
    assert (kind, message) == (Unavailable, "The connection with the host '127.0.0.1' broke or fell silent.")
    assert time.monotonic() - before < 5


# Hosts that cannot be reached or do not let anyone in.


@pytest.mark.parametrize("way", ["basic", "negotiate", "negotiate over TLS"])
def test_a_wrong_password_is_said_and_not_tried_again_soon(tmp_path: Path, way: Way) -> None:
    with fake_host(way, tmp_path) as fake:
        check_wrong_password(fake)


def check_wrong_password(fake: Fake) -> None:
    driver = fake.driver(password=WRONG, refused_after=60)
    way = fake.host.auth
    told = Unavailable, f"The host '127.0.0.1' does not accept the account of the configuration ({way})."
    assert failure(driver.vms) == told
    asked = fake.endpoint.requests
    assert failure(driver.vms) == told
    assert (fake.endpoint.requests, fake.endpoint.opened) == (asked, 0)


def test_an_unreachable_host_is_not_tried_again_at_once_and_comes_back(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as gone:
        port = gone.endpoint.port
        patient, eager = gone.driver(retry_after=60), gone.driver()
    told = Unavailable, f"The host '127.0.0.1' cannot be reached on port {port}."
    assert [failure(patient.vms), failure(eager.vms)] == [told, told]
    with fake_host("negotiate", tmp_path, port=port):
        assert failure(patient.vms) == told
        assert len(eager.vms()) == 2


def test_a_client_whose_certificate_nobody_signed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with fake_host("certificate", tmp_path) as fake:
        files = {"certificate_file": str(other.client), "certificate_key_file": str(other.client_key)}
        assert failure(fake.driver(**files).vms)[0] == Unavailable
        assert failure(fake.driver(certificate_key_password="wrong").vms)[0] == Unavailable
        missing = str(tmp_path / "none.pem")
        assert failure(fake.driver(certificate_file=missing).vms) == (
            Unavailable,
            f"The file '{missing}' of 'certificate_file' cannot be read: No such file or directory.",
        )


@pytest.mark.parametrize("auth", ["kerberos", "credssp"])
def test_a_way_of_signing_in_whose_packages_are_missing(simple: Fake, auth: str) -> None:
    package = {"kerberos": "gssapi", "credssp": "requests_credssp"}[auth]
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed.")
    assert failure(simple.driver(auth=auth).vms) == (
        Unavailable,
        f"Signing in with '{auth}' needs more packages: pip install 'pypsrp[{auth}]'.",
    )


def test_a_name_that_nobody_knows(simple: Fake) -> None:
    driver = simple.driver(host="hv01.invalid")
    assert failure(driver.vms) == (Unavailable, "The name of the host 'hv01.invalid' cannot be resolved.")


def test_an_untrusted_certificate(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with fake_host("basic", tmp_path) as fake:
        driver = fake.driver(ca_file=str(make_certificate(other).authority))
        kind, message = failure(driver.vms)
        assert (kind, fake.endpoint.requests) == (Unavailable, 0)
        assert message.startswith("The certificate of the host '127.0.0.1' is not trusted: ")
        kind, message = failure(fake.driver(ca_file=None).vms)
        assert (kind, fake.endpoint.requests) == (Unavailable, 0)


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    with fake_host("basic", tmp_path, address="10.0.0.1") as fake:
        assert failure(fake.driver().vms) == (
            Unavailable,
            "The certificate of the host '127.0.0.1' is not trusted: "
            "IP address mismatch, certificate is not valid for '127.0.0.1'.",
        )


def test_plain_http_where_tls_is_expected(simple: Fake) -> None:
    kind, message = failure(simple.driver(ssl=True).vms)
    assert (kind, message) == (
        Unavailable,
        f"There is no TLS connection with the host '127.0.0.1' on port {simple.endpoint.port}.",
    )


def test_an_account_without_remoting(simple: Fake) -> None:
    simple.endpoint.may_remote = False
    assert failure(simple.driver().vms) == (
        Unavailable,
        "The account may not use PowerShell remoting with 'Microsoft.PowerShell' on the host '127.0.0.1'.",
    )


def test_a_session_configuration_that_is_not_there(simple: Fake) -> None:
    assert failure(simple.driver(configuration_name="Checkpoints").vms) == (
        Unavailable,
        "The host '127.0.0.1' has no session configuration 'Checkpoints'.",
    )


def test_proxies_of_the_environment_are_not_used(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert len(fake.driver().vms()) == 2


# What speaks HTTP and is no WinRM, or speaks nothing that anyone understands.
STRANGERS = {
    "closes": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a web page": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "nothing": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n<",
    "not found": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "overloaded": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "no way to sign in": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "a broken token": b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate ####\r\nContent-Length: 0\r\n\r\n",
    "a wrong token": b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate AAAA\r\nContent-Length: 0\r\n\r\n",
    "a circle": b"HTTP/1.1 307 Elsewhere\r\nLocation: /wsman\r\nContent-Length: 0\r\n\r\n",
    "no cipher": b'HTTP/1.1 200 OK\r\nContent-Type: multipart/encrypted;boundary="x"\r\nContent-Length: 3\r\n\r\n--x',
}


@pytest.mark.parametrize("answer", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_on_the_port(simple: Fake, answer: bytes) -> None:
    with stranger(answer) as port:
        assert failure(simple.driver(port=port).vms)[0] == Unavailable


def test_nobody_is_sent_elsewhere_to_sign_in(simple: Fake) -> None:
    elsewhere = f"http://127.0.0.1:{simple.endpoint.port}/wsman"
    answer = f"HTTP/1.1 307 Elsewhere\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
    with stranger(answer.encode()) as port:
        assert failure(simple.driver(port=port).vms)[0] == Unavailable
    assert simple.endpoint.requests == 0


GARBAGE = (b"", b"<html>", b"\xff\xfe\x00", b"<a/>", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


@pytest.mark.parametrize("verb", ["Command", "Receive"])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_answer_that_is_garbage_leaves_the_outcome_unknown(simple: Fake, verb: str, garbage: bytes) -> None:
    driver = simple.driver()
    driver.vms()
    simple.endpoint.garbles[verb] = garbage
    assert failure(lambda: driver.create(simple.machine.id, "a"))[0] == OutcomeUnknown
    assert failure(driver.vms)[0] == Unavailable
    simple.endpoint.garbles.clear()
    assert len(driver.vms()) == 2


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_without_an_end_is_not_read_to_it(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", 200_000)
    with fake_host(way, tmp_path) as fake:
        driver = fake.driver()
        for _number in range(5):
            assert len(driver.vms()) == 2  # as much for each command
        fake.endpoint.garbles["Receive"] = b" " * 300_000
        told = "The host '127.0.0.1' answers without an end."
        unknown = f"{told} Whether the command was carried out is unknown."
        assert failure(lambda: driver.create(fake.machine.id, "a")) == (OutcomeUnknown, unknown)
        assert failure(driver.vms) == (Unavailable, told)
        fake.endpoint.garbles.clear()
        assert len(driver.vms()) == 2


# Hosts that say no.


def test_a_denied_account(simple: Fake) -> None:
    simple.endpoint.site.denied = True
    driver, machine = simple.driver(), simple.machine.id
    calls = (driver.vms, lambda: driver.checkpoints(machine), lambda: driver.create(machine, "a"))
    assert [failure(call)[0] for call in calls] == [Denied] * 3
    assert failure(driver.vms)[1] == (
        "The host '127.0.0.1' answers: You do not have the required permission to complete this task. Contact the "
        "administrator of the authorization policy for the computer 'HV01'. (AccessDenied)"
    )
    assert names(simple) == []


def test_an_error_that_did_not_end_the_pipeline_is_seen(simple: Fake) -> None:
    simple.endpoint.site.lenient = simple.endpoint.site.denied = True
    driver = simple.driver()
    assert failure(driver.vms)[0] == Denied
    assert failure(lambda: driver.create(simple.machine.id, "a"))[0] == Denied


def test_a_failure_without_an_error_is_no_success(simple: Fake) -> None:
    simple.endpoint.site.wordless = simple.endpoint.site.denied = True
    driver = simple.driver()
    told = "The command failed on the host '127.0.0.1', which does not tell why."
    assert failure(driver.vms) == (Unavailable, told)
    unknown = f"{told} Whether the command was carried out is unknown."
    assert failure(lambda: driver.create(simple.machine.id, "a")) == (OutcomeUnknown, unknown)
    simple.endpoint.site.denied = False
    assert len(driver.vms()) == 2


def test_every_command_has_its_module_and_stops_at_errors(simple: Fake) -> None:
    driver, machine = simple.driver(), simple.machine.id
    checkpoint = driver.create(machine, "a")
    driver.rename(machine, checkpoint.id, "A")
    driver.restore(machine, checkpoint.id)
    driver.remove(machine, checkpoint.id, subtree=True)
    driver.power(machine, "stop")
    driver.vms()
    sent = simple.endpoint.site.commands
    assert {(name in NEEDED_FOR_POWER or name in NEEDED, parameters["ErrorAction"]) for name, parameters in sent} == {
        (True, "Stop")
    }
    assert {name for name, _parameters in sent} == {*NEEDED, "Hyper-V\\Stop-VM"}


def test_a_host_whose_management_service_does_not_run(simple: Fake) -> None:
    simple.endpoint.site.service_runs = False
    driver = simple.driver()
    assert failure(driver.vms)[0] == Unavailable
    assert failure(lambda: driver.checkpoints(simple.machine.id))[0] == Unavailable


def test_a_machine_without_checkpoints(simple: Fake) -> None:
    simple.machine.checkpoint_type = "Disabled"
    kind, message = failure(lambda: simple.driver().create(simple.machine.id, "a"))
    assert (kind, message) == (
        Rejected,
        "The host '127.0.0.1' answers: Checkpoint operation failed. Checkpoints have been disabled for this virtual "
        "machine. (OperationFailed)",
    )


def test_a_constrained_session_needs_the_listed_cmdlets_and_no_others(tmp_path: Path) -> None:
    role = Role((*NEEDED, *NEEDED_FOR_POWER))
    with fake_host("negotiate", tmp_path, configurations={"Checkpoints": role}) as fake:
        driver, machine = fake.driver(configuration_name="Checkpoints"), fake.machine.id
        first, second = driver.create(machine, "a"), driver.create(machine, "b")
        driver.rename(machine, first.id, "A")
        driver.restore(machine, first.id)
        driver.remove(machine, second.id)
        states = [driver.power(machine, action).state for action in ("suspend", "resume", "reset", "shutdown", "start")]
        assert (names(fake), states) == (["A"], ["Paused", "Running", "Running", "Off", "Running"])
        driver.power(machine, "stop")
        fake.machine.state = "Saved"
        assert driver.power(machine, "stop").state == "Off"


@pytest.mark.parametrize("missing", [*NEEDED, *NEEDED_FOR_POWER])
def test_each_listed_cmdlet_is_needed(tmp_path: Path, missing: str) -> None:
    role = Role(name for name in (*NEEDED, *NEEDED_FOR_POWER) if name != missing)
    with fake_host("negotiate", tmp_path, configurations={"Checkpoints": role}) as fake:
        driver, machine = fake.driver(configuration_name="Checkpoints"), fake.machine.id

        def everything() -> None:
            checkpoint = driver.create(machine, "a")
            driver.rename(machine, checkpoint.id, "A")
            driver.restore(machine, checkpoint.id)
            driver.remove(machine, checkpoint.id)
            for action in ("suspend", "resume", "reset", "stop", "start"):
                driver.power(machine, action)
            fake.machine.state = "Saved"
            driver.power(machine, "stop")

        kind, message = failure(everything)
        assert (kind, f"The term '{missing}' is not recognized" in message) == (Denied, True)


# What the host does otherwise than one might think.


def test_the_state_after_a_restore_is_what_the_host_says(simple: Fake) -> None:
    """A production checkpoint holds no memory: the machine is off afterwards."""
    simple.machine.checkpoint_type = "Production"
    driver = simple.driver()
    checkpoint = driver.create(simple.machine.id, "a")
    driver.restore(simple.machine.id, checkpoint.id)
    vm = next(vm for vm in driver.vms() if vm.id == simple.machine.id)
    assert (vm.state, vm.current) == ("Off", checkpoint.id)


def test_a_checkpoint_that_vanishes_before_it_is_restored_is_not_found(simple: Fake) -> None:
    driver = simple.driver()
    checkpoint = driver.create(simple.machine.id, "a")
    simple.machine.contents = "late"
    looks: list[int] = []

    def vanish() -> None:
        looks.append(1)
        if len(looks) == 2:
            simple.machine.snapshots.clear()
            simple.machine.current = None

    simple.endpoint.site.hooks["Get-VMSnapshot"] = vanish
    kind, message = failure(lambda: driver.restore(simple.machine.id, checkpoint.id))
    missing = f"The virtual machine {simple.machine.id} has no checkpoint {checkpoint.id}."
    assert (kind, message, simple.machine.contents) == (NotFound, missing, "late")


@pytest.mark.parametrize("call", ["power", "restore"])
def test_a_host_that_is_gone_after_a_change_leaves_the_outcome_unknown(simple: Fake, call: str) -> None:
    """It is looked at three times: before, for the change, and afterwards."""
    driver, machine = simple.driver(), simple.machine
    checkpoint = driver.create(machine.id, "a")
    machine.contents = "late"
    looks: list[int] = []

    def fall_ill() -> None:
        looks.append(1)
        simple.endpoint.site.service_runs = len(looks) < 3

    simple.endpoint.site.hooks["Get-VM"] = fall_ill
    if call == "power":
        kind, message = failure(lambda: driver.power(machine.id, "suspend"))
    else:
        kind, message = failure(lambda: driver.restore(machine.id, checkpoint.id))
    assert (kind, message.endswith("What became of the machine is unknown.")) == (OutcomeUnknown, True)
    assert (machine.state, machine.contents) == (("Paused", "late") if call == "power" else ("Running", ""))


def test_power_actions_that_hyper_v_would_pass_over_are_rejected(simple: Fake) -> None:
    """Start-VM on a running machine only warns, and on a paused one it resumes."""
    driver = simple.driver()
    assert failure(lambda: driver.power(simple.machine.id, "start")) == (
        Rejected,
        "The virtual machine 'vm1' is Running: it cannot start.",
    )
    driver.power(simple.machine.id, "suspend")
    assert failure(lambda: driver.power(simple.machine.id, "start"))[0] == Rejected
    assert simple.machine.state == "Paused"


# Threads, names, secrets.


def test_eight_threads_share_a_driver(signing: Fake) -> None:
    driver = signing.driver(idle_check=0)
    start, failures = threading.Barrier(8), list[BaseException]()

    def work(number: int) -> None:
        start.wait()
        try:
            for turn in range(2):
                checkpoint = driver.create(signing.machine.id, f"{number}.{turn}")
                driver.vms()
                assert checkpoint in driver.checkpoints(signing.machine.id)
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost otherwise
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(names(signing)) == sorted(f"{number}.{turn}" for number in range(8) for turn in range(2))
    assert signing.endpoint.opened == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.sampled_from(["_x0041_", "_x", "\r\n"]))
def test_any_name_arrives_as_it_was_sent(simple: Fake, driver: HyperVDriver, name: str) -> None:
    simple.machine.snapshots.clear()
    assert (driver.create(simple.machine.id, name).name, names(simple)) == (name, [name])


def test_half_a_character_is_rejected(simple: Fake) -> None:
    assert failure(lambda: simple.driver().create(simple.machine.id, "a\ud800"))[0] == Rejected
    assert names(simple) == []


def test_nothing_tells_a_secret(signing: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "certificate_key_password" if signing.host.auth == "certificate" else "password"
    driver, wrong = signing.driver(), signing.driver(**{secret: WRONG})
    failure(wrong.vms)
    driver.create(signing.machine.id, "a")
    signing.endpoint.forget_shells()
    driver.vms()
    signing.endpoint.site.denied = True
    failure(driver.vms)
    driver.close()
    signing.endpoint.__exit__()
    failure(driver.vms)
    assert "Sending message" in caplog.text
    shown = [repr(thing) for thing in (driver.host, wrong.host, driver, driver._session)]
    assert secrets_in(caplog.text + "".join(shown)) == []


def test_without_the_packages_the_driver_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pypsrp", "pypsrp.wsman", "pypsrp.powershell", "pypsrp.exceptions", "pypsrp.complex_objects"):
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("session", "transport"):
        monkeypatch.delitem(sys.modules, f"odata_vmm.drivers.hyperv.{module}", raising=False)
    with pytest.raises(ImportError, match=re.escape("needs pypsrp: pip install 'odata-core[vmm]'.")):
        HyperVDriver(HyperVHost(host="hv01"))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
