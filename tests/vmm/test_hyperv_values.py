# The parts of the Hyper-V driver that need no host and no packages: what a configuration may say, and how answers of
# PowerShell are read.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from odata_vmm.drivers.contract import (
    Checkpoint,
    Denied,
    DriverError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    Vm,
)
from odata_vmm.drivers.hyperv import HyperVHost
from odata_vmm.drivers.hyperv.records import Failure, one_line, read_checkpoint, read_moment, read_vm, understand
from tests.vmm.optional import require


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_packages_skip_tests_except_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    require("pytest")
    with pytest.raises(outcome, match="These tests need nothing_of_this_name: "):
        require("pytest", "nothing_of_this_name")


ACCOUNT: Mapping[str, Any] = {"username": "svc", "password": "secret"}
CERTIFICATES: Mapping[str, Any] = {"certificate_file": "c.pem", "certificate_key_file": "k.pem"}


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, ("hv01", 5986)),
        ({"ssl": False}, ("hv01", 5985)),
        ({"ssl": False, "port": 80, **ACCOUNT}, ("hv01", 80)),
        ({"auth": "kerberos"}, ("hv01", 5986)),
        ({"auth": "kerberos", "username": "svc@EXAMPLE.ORG", "ssl": False}, ("hv01", 5985)),
        ({"auth": "basic", **ACCOUNT, "ca_file": "ca.pem"}, ("hv01", 5986)),
        ({"auth": "credssp", **ACCOUNT}, ("hv01", 5986)),
        ({"auth": "certificate", **CERTIFICATES}, ("hv01", 5986)),
        ({"host": "fe80::1%eth0"}, ("fe80::1%eth0", 5986)),
    ],
)
def test_configurations_that_are_right(options: dict[str, Any], address: tuple[str, int]) -> None:
    assert HyperVHost(**{"host": "hv01", **options}).address == address


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"host": "https://hv01"}, "'host' is a name or an address"),
        ({"host": "hv01/wsman"}, "'host' is a name or an address"),
        ({"host": ""}, "'host' is a name or an address"),
        ({"port": 0}, "'port' is a number from 1 to 65535"),
        ({"port": 65536}, "'port' is a number from 1 to 65535"),
        ({"auth": "ntlm"}, "'auth' is one of negotiate, kerberos, certificate, credssp, basic"),
        ({"auth": "basic"}, "'basic' needs 'username' and 'password'"),
        ({"auth": "credssp", "username": "svc"}, "'credssp' needs 'username' and 'password'"),
        ({"password": "secret"}, "there is a 'password' without a 'username'"),
        ({"auth": "basic", "ssl": False, **ACCOUNT}, "'basic' sends the password as it is and needs 'ssl'"),
        ({"auth": "basic", "username": "svc", "password": "pässword"}, "ASCII characters only"),
        ({"auth": "basic", "username": "a:b", "password": "c"}, "there is no ':' in 'username'"),
        ({"auth": "certificate"}, "'certificate' needs 'ssl', 'certificate_file' and 'certificate_key_file'"),
        ({"auth": "certificate", "ssl": False, **CERTIFICATES}, "'certificate' needs 'ssl'"),
        ({**CERTIFICATES}, "'negotiate' uses no certificate of the client"),
        ({"ssl": False, "ca_file": "ca.pem"}, "there is a 'ca_file', and 'ssl' is off"),
        ({"configuration_name": "a/../b"}, "'configuration_name' holds letters"),
        ({"port": "5985"}, "'port' is a whole number"),
        ({"port": True}, "'port' is a whole number"),
        ({"ssl": "false"}, "'ssl' is true or false"),
        ({"username": 7}, "'username' is a text"),
        ({"host": None}, "'host' is a text"),
        ({"idle_check": 1.5}, "'idle_check' is a whole number"),
        ({"auth": None}, "'auth' is a text"),
        ({"connect_timeout": 0}, "are at least 1 second"),
        ({"command_timeout": 10**12}, "are 1000000 seconds at most"),
        ({"idle_check": -1}, "are no negative numbers"),
        ({"operation_timeout": 30}, "'read_timeout' is longer than 'operation_timeout'"),
        ({"idle_timeout": 59}, "'idle_timeout' is at least 60"),
        ({"idle_timeout": 60, "idle_check": 61}, "not below 'idle_check'"),
    ],
)
def test_configurations_that_are_wrong(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        HyperVHost(**{"host": "hv01", **options})
    message = str(caught.value)
    assert message.startswith("The configuration of the Hyper-V host '")
    assert problem in message
    assert "secret" not in message


def test_secrets_are_not_shown() -> None:
    host = HyperVHost(host="hv01", auth="certificate", certificate_key_password="sesame", **CERTIFICATES)
    assert "sesame" not in repr(host)
    assert "secret" not in repr(HyperVHost(host="hv01", **ACCOUNT))


COMMANDS = "Microsoft.HyperV.PowerShell.Commands"


@pytest.mark.parametrize(
    ("error_id", "category", "kind"),
    [
        (f"InvalidParameter,{COMMANDS}.GetVM", 5, NotFound),
        (f"InvalidParameter,{COMMANDS}.GetVMCommand", 5, NotFound),  # Windows Server 2012
        (f"InvalidParameter,{COMMANDS}.CheckpointVM", 5, Rejected),
        (f"ObjectNotFound,{COMMANDS}.GetVM", 13, Unavailable),
        (f"ObjectNotFound,{COMMANDS}.GetVMSnapshot", 13, NotFound),
        (f"AccessDenied,{COMMANDS}.GetVM", 18, Denied),
        (f"OperationFailed,{COMMANDS}.CheckpointVM", 0, Rejected),
        (f"OperationFailed,{COMMANDS}.CheckpointVM", 18, Denied),
        (f"InvalidState,{COMMANDS}.SuspendVM", 7, Rejected),
        ("CommandNotFoundException", 13, Denied),
        ("NamedParameterNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand", 5, Rejected),
        ("", 0, Rejected),
    ],
)
def test_error_records_are_judged_by_id_and_category(error_id: str, category: int, kind: type[DriverError]) -> None:
    """The message says the contrary, in a language that nobody here reads."""
    error = Failure(error_id, category, "Zugriff verweigert: nicht gefunden").error("hv01")
    name = error_id.partition(",")[0] or "no error id"
    told = f"The host 'hv01' answers: Zugriff verweigert: nicht gefunden ({name})"
    assert (type(error), error.message) == (kind, told)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\r\n  b\x1b[31m\tc", "a b [31m c"), ("x" * 301, "x" * 299 + "…"), ("x" * 300, "x" * 300), ("", "")],
)
def test_foreign_texts_become_part_of_a_sentence(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:30:15.1234567+01:00", datetime(2026, 3, 1, 11, 30, 15, 123456, UTC)),
        ("2026-03-01T12:30:15Z", datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)),
        ("2026-03-01T00:30:15-05:00", datetime(2026, 3, 1, 5, 30, 15, tzinfo=UTC)),
        ("2026-03-01T12:30:15.5", datetime(2026, 3, 1, 12, 30, 15, 500000, UTC)),
        ("0001-01-01T00:00:00.0000000+01:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999-08:00", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_moments_are_utc(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.mark.parametrize(
    ("parents", "current"),
    [
        ({"ParentCheckpointId": TWO, "ParentSnapshotId": TWO}, TWO),
        ({"ParentCheckpointId": None, "ParentSnapshotId": TWO}, TWO),  # Windows Server 2012 R2
        ({"ParentCheckpointId": str(TWO), "ParentSnapshotId": None}, TWO),
        ({"ParentCheckpointId": None, "ParentSnapshotId": None}, None),
        ({"ParentCheckpointId": UUID(int=0), "ParentSnapshotId": None}, None),
    ],
)
def test_parents_have_two_names(parents: dict[str, object], current: UUID | None) -> None:
    assert read_vm({"Id": ONE, "Name": "vm1", "State": "Running", **parents}) == Vm(ONE, "vm1", "Running", current)
    row = {"Id": THREE, "Name": "a", "VMId": ONE, "CreationTime": "2026-03-01T12:00:00Z", **parents}
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert read_checkpoint(row) == Checkpoint(THREE, ONE, "a", current, noon)


@pytest.mark.parametrize(
    ("row", "held"),
    [
        ({}, "nothing"),
        ({"Name": "vm1", "Id": None, "State": None}, "Name"),
        ({"Id": "no guid", "Name": "vm1", "State": "Off"}, "Id, Name, State"),
    ],
)
def test_an_answer_that_lacks_something_is_the_given_error(row: Mapping[str, object], held: str) -> None:
    for kind in (Unavailable, OutcomeUnknown):
        with pytest.raises(kind, match=f"The host's answer is incomplete: it holds {held}."):
            understand(read_vm, row, kind)


@pytest.mark.parametrize(
    ("name", "state"),
    [("Off", "Off"), ("Saved", "Saved"), ("Starting", "Other"), ("RunningCritical", "Other"), (None, "Other")],
)
def test_states_that_pass_or_are_critical_are_others(name: str | None, state: str) -> None:
    row = {"Id": ONE, "Name": "vm1", "State": name, "ParentCheckpointId": None, "ParentSnapshotId": None}
    assert read_vm(row).state == state
