"""Making things go wrong on purpose."""

from __future__ import annotations

import builtins
import ctypes
import os
import signal
import sys
import time

from ..engine import Gauges
from ..errors import RequestError
from ._script import Fault


class OutOfMemoryError(RuntimeError):
    """Named as torch's own."""


class AcceleratorError(RuntimeError):
    """Named as torch's own."""


class Unprintable(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("no text")


_TEXT = "a /secret/path and a prompt"
"""What must not reach the pool."""
_ARGUMENTS: dict[str, tuple[object, ...]] = {
    "ExceptionGroup": (_TEXT, [ValueError(_TEXT)]),
    "UnicodeDecodeError": ("utf-8", b"\xff", 0, 1, _TEXT),
    "UnicodeEncodeError": ("utf-8", "x", 0, 1, _TEXT),
    "UnicodeTranslateError": ("x", 0, 1, _TEXT),
}
"""Of the exceptions that want more than a text."""

_leaked: list[bytearray] = []


def strike_process(fault: Fault, gauges: Gauges) -> None:
    """The faults that need no request."""
    if fault.do == "exit":
        os._exit(fault.status)
    elif fault.do == "abort":
        os.abort()
    elif fault.do == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif fault.do == "ignore_sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif fault.do == "mute_beats":
        gauges.silent = True
    elif fault.do == "flood_stderr":
        _flood(fault.bytes)
    elif fault.do == "leak":
        _leaked.append(bytearray(fault.bytes))
    elif fault.do == "hold_gil":
        # PyDLL, unlike CDLL, keeps the interpreter lock during the call.
        ctypes.PyDLL(None).usleep(int(fault.ms * 1000))
    elif fault.do == "hang":
        time.sleep(fault.ms / 1000)


def strike_request(fault: Fault) -> None:
    """The faults that are exceptions."""
    if fault.do == "error":
        raise RequestError(fault.code, "The script says that this request fails.")
    if fault.do == "oom":
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    if fault.do == "cuda_fatal":
        raise AcceleratorError("CUDA error: device-side assert triggered")
    if fault.do == "raise":
        raise _exception(fault.exception)


def _exception(name: str) -> Exception:
    if name == "Unprintable":
        return Unprintable()
    found = getattr(builtins, name, None)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        raise RequestError("INVALID_ARGUMENT", "The script names an exception that does not exist.")
    return found(*_ARGUMENTS.get(name, (_TEXT,)))


def _flood(size: int) -> None:
    line = "noise " * 20 + "\n"
    for _ in range(size // len(line) + 1):
        sys.stderr.write(line)
    sys.stderr.flush()
