"""This process, as the operating system sees it."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

_STATM = Path("/proc/self/statm")


def route_signals() -> int:
    """Send SIGTERM to a file descriptor, for the control thread to poll; ignore SIGINT.

    A handler alone would wait until the main thread runs Python again, which a long kernel may put off. A
    terminal's SIGINT goes to the pool, which decides what becomes of its workers.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach())
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return reader.detach()


def terminated(signals: int) -> bool:
    """Whether SIGTERM came since the last call."""
    try:
        return signal.SIGTERM in os.read(signals, 64)
    except BlockingIOError:
        return False


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    if _STATM.exists():
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return 0
    # The peak, in bytes, is the nearest thing that macOS tells a process about itself.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
