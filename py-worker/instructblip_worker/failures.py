"""What an exception means for the requests it hit.

Messages never hold an exception's own text, which may name files or quote inputs; the log has it, under the
id that the message gives. Nothing here imports torch: its errors are told by name, so that a worker that runs
a script needs none.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import RequestError, WorkerError
from .log import log_exception
from .outbox import Outbox
from .request import Request

_OUT_OF_MEMORY = frozenset({"OutOfMemoryError"})
_HOST_OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "not enough memory: you tried to allocate",
)
_FATAL = (
    "CUDA error",
    "device-side assert",
    "an illegal memory access",
    "unspecified launch failure",
    "CUBLAS_STATUS",
    "CUDNN_STATUS",
    "NCCL error",
)


class DeviceLost(Exception):
    """The device failed for good: only a new process can use it."""


def explain(error: Exception) -> WorkerError:
    """The ERROR that a request gets for an exception, which is logged."""
    if isinstance(error, WorkerError):
        return error
    log_id = log_exception("request_failed", error)
    where = f"the worker's log has the details as {log_id}"
    name = type(error).__name__
    if name in _OUT_OF_MEMORY:
        return RequestError("CUDA_OOM", f"The device ran out of memory; {where}.")
    if isinstance(error, MemoryError) or _mentions(error, _HOST_OUT_OF_MEMORY):
        return RequestError("RESOURCE_EXHAUSTED", f"The worker ran out of memory; {where}.")
    if name == "AcceleratorError" or (isinstance(error, RuntimeError) and _mentions(error, _FATAL)):
        return RequestError("CUDA_FATAL", f"The device failed; {where}.")
    return RequestError("INTERNAL", f"The worker failed with {name}; {where}.")


def fail_all(outbox: Outbox, requests: Sequence[Request], error: WorkerError) -> None:
    """Fail requests that shared a computation. Raises :class:`DeviceLost` when the process is done for."""
    for request in requests:
        outbox.error(request, error)
    if error.code == "CUDA_FATAL":
        raise DeviceLost


def _mentions(error: Exception, texts: Sequence[str]) -> bool:
    try:
        message = str(error)
    except Exception:
        # An exception whose text cannot be made says nothing.
        return False
    return any(text in message for text in texts)
