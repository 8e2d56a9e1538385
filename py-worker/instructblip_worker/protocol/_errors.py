"""What goes wrong on the wire.

::

    ValueError
      ProtocolError    a peer's message breaks the protocol, or one of ours would
"""

from __future__ import annotations

from typing import Literal, get_args

ErrorCode = Literal[
    "INVALID_ARGUMENT",
    "IMAGE_REJECTED",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED",
    "MODEL_NOT_FOUND",
    "MODEL_LOAD_FAILED",
    "CONFIG_INVALID",
    "ENVIRONMENT_MISSING",
    "ENVIRONMENT_FAILED",
    "VERSION_MISMATCH",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "ADDRESS_IN_USE",
    "OVERLOADED",
    "POOL_UNAVAILABLE",
    "CRASH_LOOP",
    "DRAINING",
    "WORKER_LOST",
    "WORKER_HUNG",
    "CUDA_OOM",
    "CUDA_FATAL",
    "PROTOCOL",
    "OUTPUT_INVALID",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
    "CANCELLED",
    "SLOW_CONSUMER",
    "POOL_CLOSED",
    "POISON_QUARANTINED",
]
"""The stable codes that ERROR and its kin carry."""

ERROR_CODES: frozenset[str] = frozenset(get_args(ErrorCode))


class ProtocolError(ValueError):
    """A message that breaks the protocol.

    ``path`` says where: ``preamble.*`` for frame 0, ``frames`` for their number, ``header`` for its size
    or encoding, ``header.<field>`` for its content, ``tensors`` or ``tensors[i]`` for tensor frames.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(f"{message} (at {path})")
        self.path = path
