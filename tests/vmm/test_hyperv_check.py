# What a check of a Hyper-V configuration finds: each thing that an administrator can have wrong, as the findings that
# tell it. Whatever stands before the mistake is good, and what stands behind it is not tried.

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from odata_vmm.drivers.findings import Finding
from odata_vmm.drivers.hyperv import HyperVHost
from odata_vmm.drivers.hyperv.check import check
from odata_vmm.drivers.hyperv.cmdlets import NEEDED, NEEDED_FOR_POWER
from tests.vmm.hyperv_rigs import PASSWORD, Fake, Role, fake_host, make_certificate, stranger

GET_COMMAND = "Microsoft.PowerShell.Core\\Get-Command"
EVERYTHING = (*NEEDED, *NEEDED_FOR_POWER, GET_COMMAND)


def steps(findings: list[Finding]) -> list[str]:
    """Which steps were walked, and how they ended."""
    return [finding.step if finding.severity == "ok" else f"{finding.severity}: {finding.step}" for finding in findings]


def test_a_configuration_that_works(tmp_path: Path) -> None:
    with fake_host("basic", tmp_path) as fake:
        assert check(fake.host) == [
            Finding("name", "ok", "The name '127.0.0.1' stands for 127.0.0.1."),
            Finding("port", "ok", f"Port {fake.endpoint.port} of '127.0.0.1' accepts connections."),
            Finding("tls", "ok", "The certificate of '127.0.0.1' is trusted (TLSv1.3)."),
            Finding("authentication", "ok", "The host accepts the account (basic)."),
            Finding("endpoint", "ok", "A session of 'Microsoft.PowerShell' is open."),
            Finding("cmdlets", "ok", "The session has all cmdlets that are needed."),
            Finding("rights", "ok", "The account sees 2 virtual machines."),
        ]
        assert fake.endpoint.shells == {}


def test_without_tls_nothing_proves_who_the_host_is(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        found = check(fake.host)
    assert steps(found) == ["name", "port", "warning: tls", "authentication", "endpoint", "cmdlets", "rights"]


def test_a_name_that_nobody_knows() -> None:
    host = HyperVHost(host="hv01.invalid", username="svc", password="x")
    advice = "Correct 'host', or see to the name service of this machine."
    assert check(host) == [Finding("name", "error", "The name 'hv01.invalid' cannot be resolved.", advice)]


def test_a_port_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    found = check(HyperVHost(host="127.0.0.1", port=port, ssl=False))[-1]
    assert (found.step, found.text) == ("port", f"Nothing listens on port {port} of '127.0.0.1'.")
    assert "Enable-PSRemoting" in found.advice


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = check(HyperVHost(host="127.0.0.1", ca_file=str(tmp_path / "none.pem")))
    assert [(item.step, item.severity) for item in found] == [("files", "error")]
    assert found[0].text == f"The file '{tmp_path}/none.pem' of 'ca_file' cannot be read: No such file or directory."


@pytest.mark.parametrize(
    ("address", "own_authority", "advice"),
    [("127.0.0.1", False, "give the authority's certificate as 'ca_file'"), ("10.0.0.1", True, "Use the name that")],
)
def test_a_certificate_that_is_not_trusted(tmp_path: Path, address: str, own_authority: bool, advice: str) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with fake_host("basic", tmp_path, address=address) as fake:
        authority = fake.host.ca_file if own_authority else str(other.authority)
        found = check(fake.changed(ca_file=authority))
    assert steps(found) == ["name", "port", "error: tls"]
    assert advice in found[-1].advice


def test_a_key_that_does_not_open(tmp_path: Path) -> None:
    with fake_host("certificate", tmp_path) as fake:
        assert steps(check(fake.host))[:3] == ["name", "port", "tls"]
        found = check(fake.changed(certificate_key_password="wrong"))
    assert [(item.step, item.severity) for item in found] == [("files", "error")]
    assert "look at 'certificate_key_password'" in found[0].advice


def test_a_way_of_signing_in_that_the_host_does_not_offer(tmp_path: Path) -> None:
    with fake_host("negotiate over TLS", tmp_path) as fake:
        found = check(fake.changed(auth="basic"))[-1]
    text = "The host does not offer 'basic', but Negotiate."
    assert (found.step, found.severity, found.text) == ("authentication", "error", text)


def test_a_file_that_holds_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with fake_host("basic", tmp_path) as fake:
        found = check(fake.changed(ca_file=str(tmp_path / "empty.pem")))[-1]
    assert (found.step, found.text) == (
        "tls",
        f"The file '{tmp_path}/empty.pem' holds no certificate of an authority.",
    )


def test_a_port_without_tls(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        found = check(fake.changed(ssl=True))
    assert steps(found) == ["name", "port", "error: tls"]
    assert found[-1].text == f"Port {fake.endpoint.port} of '127.0.0.1' does not speak TLS."


@pytest.mark.parametrize("way", ["basic", "negotiate"])
def test_a_wrong_password(tmp_path: Path, way: str) -> None:
    with fake_host("basic" if way == "basic" else "negotiate", tmp_path) as fake:
        found = check(fake.changed(password="wrong"))
    assert found[-1].step == "authentication"
    assert found[-1].text == f"The host '127.0.0.1' does not accept the account of the configuration ({way})."
    assert "Check user name" in found[-1].advice


def last(fake: Fake, **changes: object) -> tuple[str, str, str]:
    found = check(fake.changed(**changes))[-1]
    return found.step, found.severity, found.text


def test_an_account_that_may_not_use_remoting(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        fake.endpoint.may_remote = False
        text = "The account may not use PowerShell remoting with 'Microsoft.PowerShell' on the host '127.0.0.1'."
        assert last(fake) == ("endpoint", "error", text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answers with the HTTP status 404 on port"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "do not understand each other"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "broke or fell silent"),
    ],
)
def test_a_port_of_something_else(answer: bytes, text: str) -> None:
    with stranger(answer) as port:
        options = {"username": "svc", "password": PASSWORD, "ssl": False}
        found = check(HyperVHost(host="127.0.0.1", port=port, **options))[-1]  # type: ignore[arg-type]
    assert (found.step, found.severity, text in found.text) == ("endpoint", "error", True)
    assert found.advice.startswith("Something else may listen there: correct 'port'")


def test_a_session_configuration_that_is_not_there(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        text = "The host '127.0.0.1' has no session configuration 'Checkpoints'."
        assert last(fake, configuration_name="Checkpoints") == ("endpoint", "error", text)


@pytest.mark.parametrize("missing", [*NEEDED[:3], NEEDED[-1], NEEDED_FOR_POWER[0], NEEDED_FOR_POWER[-1]])
def test_a_role_that_lacks_a_cmdlet(tmp_path: Path, missing: str) -> None:
    role = Role(name for name in EVERYTHING if name != missing)
    with fake_host("negotiate", tmp_path, configurations={"Checkpoints": role}) as fake:
        found = {item.step: item for item in check(fake.changed(configuration_name="Checkpoints"))}
    severity = "error" if missing in NEEDED else "warning"
    assert (found["cmdlets"].severity, missing in found["cmdlets"].text) == (severity, True)


def test_a_role_in_which_cmdlets_cannot_be_looked_up(tmp_path: Path) -> None:
    role = Role(name for name in EVERYTHING if name != GET_COMMAND)
    with fake_host("negotiate", tmp_path, configurations={"Checkpoints": role}) as fake:
        found = check(fake.changed(configuration_name="Checkpoints"))
    assert steps(found)[-2:] == ["warning: cmdlets", "rights"]


def test_a_denied_account(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        fake.endpoint.site.denied = True
        found = check(fake.host)[-1]
    assert (found.step, found.severity, "Hyper-V Administrators" in found.advice) == ("rights", "error", True)


def test_a_host_whose_management_service_does_not_run(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        fake.endpoint.site.service_runs = False
        found = check(fake.host)[-1]
    assert (found.step, found.severity, "vmms" in found.advice) == ("rights", "error", True)


def test_a_host_without_machines(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        fake.endpoint.site.machines.clear()
        text = "The account sees no virtual machines. There are none, or it may not see them."
        assert last(fake) == ("rights", "warning", text)


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "odata_vmm.drivers.hyperv.session", None)
    assert steps(check(HyperVHost(host="hv01"))) == ["error: packages"]


def test_no_finding_tells_the_password(tmp_path: Path) -> None:
    with fake_host("negotiate", tmp_path) as fake:
        fake.endpoint.site.denied = True
        findings = [*check(fake.host), *check(fake.changed(password="wr0ng Pa$$word"))]
        assert [item for item in findings if PASSWORD in repr(item) or "wr0ng" in repr(item)] == []
