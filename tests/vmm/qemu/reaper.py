# Runs a daemon and collects whatever processes it leaves behind: where nobody else does so at once (containers),
# libvirt waits about two seconds for each QEMU that ended. Nothing of the tests is imported, as it runs alone:
#     python reaper.py PROGRAM ARGUMENT...
# SIGHUP starts the daemon again where it is gone; SIGTERM, or the end of whoever started this, ends everything.

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SIGNALS = {signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT}


def spawn(command: list[str]) -> int:
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.execvp(command[0], command)
    return pid


def collect() -> set[int]:
    """The children that have ended since it was last asked."""
    ended: set[int] = set()
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.add(pid)


def children() -> list[int]:
    own = os.getpid()
    return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text("ascii").split()]


def main(command: list[str]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    daemon = spawn(command)
    while True:
        match signal.sigwait(SIGNALS):
            case signal.SIGCHLD:
                daemon = 0 if daemon in collect() else daemon
            case signal.SIGHUP:
                daemon = daemon or spawn(command)
            case _:
                break
    while True:
        left = children()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        if not left:
            break
        signal.sigtimedwait(SIGNALS, 0.1)
        collect()


if __name__ == "__main__":
    main(sys.argv[1:])
