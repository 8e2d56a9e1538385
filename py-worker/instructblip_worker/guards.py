"""A worker never outlives its parent.

Three guards, as each has a hole: the kernel's signal (Linux only, and it comes from the *thread* that
spawned), the check of the parent's id (the parent may have died before the signal was asked for), and the
end of stdin (works everywhere, but needs the interpreter lock). Only the standard library is imported here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from . import exit_status

_PR_SET_PDEATHSIG = 1
_STDIN = 0
_MAX_LAUNCH_LINE = 65536


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, whatever it is doing by then."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def check_parent(parent_pid: int) -> None:
    """Leave when the parent has died already: its id is no longer ours to see."""
    if os.getppid() != parent_pid:
        os._exit(exit_status.PARENT_GONE)


def read_launch_line() -> bytes:
    """The first line of stdin, read byte by byte so that nothing after it is swallowed."""
    line = bytearray()
    while len(line) < _MAX_LAUNCH_LINE:
        byte = os.read(_STDIN, 1)
        if not byte:
            os._exit(exit_status.PARENT_GONE)
        if byte == b"\n":
            break
        line += byte
    return bytes(line)


def watch_stdin() -> None:
    """Leave at the end of stdin: the parent closed it, or is gone. The read does not hold the lock."""

    def watch() -> None:
        while os.read(_STDIN, 4096):
            pass
        os._exit(exit_status.PARENT_GONE)

    threading.Thread(target=watch, name="parent", daemon=True).start()
