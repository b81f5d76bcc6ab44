"""Hypervisor drivers: a contract, and what fulfils it. Drivers know neither OData nor HTTP."""

from .contract import (
    Action,
    Checkpoint,
    Denied,
    Driver,
    DriverError,
    NotFound,
    OutcomeUnknown,
    Power,
    Rejected,
    State,
    Unavailable,
    Vm,
    parents_first,
)

__all__ = [
    "Action",
    "Checkpoint",
    "Denied",
    "Driver",
    "DriverError",
    "NotFound",
    "OutcomeUnknown",
    "Power",
    "Rejected",
    "State",
    "Unavailable",
    "Vm",
    "parents_first",
]
