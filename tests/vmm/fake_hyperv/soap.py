# WS-Management envelopes of the fake endpoint: requests are read into plain values, answers written as text.
# Only what PowerShell remoting uses (MS-WSMV 3.1.4): Create, Command, Send, Receive, Signal, Get, Delete.

from __future__ import annotations

import xml.etree.ElementTree as ET
from base64 import b64decode, b64encode
from dataclasses import dataclass
from uuid import UUID, uuid4
from xml.sax.saxutils import escape, quoteattr

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": SHELL,
    "pwsh": "http://schemas.microsoft.com/powershell",
}
FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
CONFIGURATIONS = "http://schemas.microsoft.com/powershell/"

TIMED_OUT = 0x80338029
SHELL_GONE = 0x8033805B
NO_CONFIGURATION = 0x80338002
ACCESS_DENIED = 5


class Fault(Exception):
    """A refusal of the service itself."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `verb` is the last part of its action."""

    verb: str
    action: str
    message_id: str
    shell_id: str
    resource: str
    timeout: float
    body: ET.Element

    def find(self, path: str) -> ET.Element:
        found = self.body.find(path, NAMES)
        assert found is not None, f"A {self.verb} has a {path}."
        return found


def read_request(text: bytes) -> Request:
    root = ET.fromstring(text)

    def header(path: str) -> str:
        return root.findtext(f"s:Header/{path}", "", NAMES)

    action = header("a:Action")
    body = root.find("s:Body", NAMES)
    assert body is not None, "An envelope has a body."
    timeout = float(header("w:OperationTimeout").removeprefix("PT").removesuffix("S"))
    shell_id = header("w:SelectorSet/w:Selector").upper()
    verb = action.rpartition("/")[2]
    return Request(verb, action, header("a:MessageID"), shell_id, header("w:ResourceURI"), timeout, body)


def read_data(element: ET.Element) -> bytes:
    return b64decode(element.text or "")


def read_command_id(element: ET.Element) -> UUID | None:
    text = element.get("CommandId")
    return UUID(text) if text else None


def write_answer(request: Request, body: str) -> bytes:
    return _envelope(request, f"{request.action}Response", body)


def write_fault(request: Request, fault: Fault) -> bytes:
    reason = escape(fault.reason)
    detail = (
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
        f'Code="{fault.code}" Machine="HV01"><f:Message>{reason}</f:Message></f:WSManFault>'
    )
    code = f"<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
    text = f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
    return _envelope(request, FAULT, f"<s:Fault>{code}{text}<s:Detail>{detail}</s:Detail></s:Fault>")


def write_created(request: Request, shell_id: str) -> str:
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    resource = f"<w:ResourceURI>{escape(request.resource)}</w:ResourceURI>"
    reference = f"<a:ReferenceParameters>{resource}{selector}</a:ReferenceParameters>"
    return (
        f"<x:ResourceCreated><a:Address>http://hv01/wsman</a:Address>{reference}</x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>"
    )


def write_received(command_id: UUID | None, data: bytes, *, done: bool) -> str:
    command = "" if command_id is None else f" CommandId={quoteattr(str(command_id).upper())}"
    stream = f'<rsp:Stream Name="stdout"{command}>{b64encode(data).decode()}</rsp:Stream>'
    state = f'<rsp:CommandState{command} State="{SHELL}/CommandState/{"Done" if done else "Running"}"/>'
    return f"<rsp:ReceiveResponse>{stream}{state if command else ''}</rsp:ReceiveResponse>"


def _envelope(request: Request, action: str, body: str) -> bytes:
    names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
    header = (
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:{uuid4()}</a:MessageID>"
        f"<a:RelatesTo>{request.message_id}</a:RelatesTo>"
    )
    return f"<s:Envelope {names}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()
