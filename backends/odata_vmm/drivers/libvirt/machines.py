# What a machine of libvirt is doing, and how to make it do something else.
# Here a machine is libvirt's own object (virDomain), so that nothing of this module needs libvirt to be imported.

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..contract import State
from .failures import NO_SUPPORT, read_failure

BLOCKED, PAUSED, SHUTTING_DOWN, SHUT_OFF, CRASHED, ASLEEP, RUNNING = 2, 3, 4, 5, 6, 7, 1

# virDomainState. A machine that crashed and was kept for a look at it is neither running nor off; it can be stopped.
STATES: Final[Mapping[int, State]] = MappingProxyType(
    {
        RUNNING: "Running",
        BLOCKED: "Running",
        PAUSED: "Paused",
        SHUTTING_DOWN: "Running",
        SHUT_OFF: "Off",
        CRASHED: "Other",
        ASLEEP: "Saved",
    }
)

# virDomainPausedReason: libvirt itself holds the machine, until a migration, a save, a dump, a shutdown, a snapshot, a
# start is done.
PASSING: Final = frozenset({2, 3, 4, 8, 9, 11, 12})


def read_state(domain: Any) -> State:
    """What a machine is doing; Saved is one whose memory waits on disk, or that sleeps (S3)."""
    state, reason = domain.state()
    if state == PAUSED and reason in PASSING:
        return "Other"
    if state == SHUT_OFF and has_saved_memory(domain):
        return "Saved"
    return STATES.get(state, "Other")


def has_saved_memory(domain: Any) -> bool:
    """Whether the next start would go on with memory that was saved (virsh managedsave)."""
    try:
        return bool(domain.hasManagedSaveImage(0))
    except Exception as error:
        if read_failure(error).code == NO_SUPPORT:
            return False
        raise


def _wake(domain: Any) -> None:
    if domain.isActive():
        domain.pMWakeup(0)
    else:
        domain.create()


def _forget(domain: Any) -> None:
    if domain.isActive():
        domain.destroy()
    else:
        domain.managedSaveRemove(0)


def _reset_and_go_on(domain: Any) -> None:
    domain.reset(0)
    domain.resume()


Act = Callable[[Any], object]

# What carries out an action in a state; a state that is not listed forbids it.
POWER: Final[Mapping[str, Mapping[State, Act]]] = MappingProxyType(
    {
        "start": {"Off": lambda domain: domain.create(), "Saved": _wake},
        "stop": {
            "Running": lambda domain: domain.destroy(),
            "Paused": lambda domain: domain.destroy(),
            "Saved": _forget,
            "Other": lambda domain: domain.destroy(),
        },
        "shutdown": {"Running": lambda domain: domain.shutdown()},
        "reset": {"Running": lambda domain: domain.reset(0), "Paused": _reset_and_go_on},
        "suspend": {"Running": lambda domain: domain.suspend()},
        "resume": {"Paused": lambda domain: domain.resume()},
    }
)
