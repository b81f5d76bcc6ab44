"""Hypervisors behind one small contract."""

from .contract import (
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
)
from .simulated import SimulatedDriver

__all__ = [
    "Checkpoint",
    "Denied",
    "Driver",
    "DriverError",
    "NotFound",
    "OutcomeUnknown",
    "Power",
    "Rejected",
    "SimulatedDriver",
    "State",
    "Unavailable",
    "Vm",
]
