"""The format of a script: JSON text, every field optional, unknown fields refused.

An answer is the request's own input ids, repeated until there are ``tokens`` of them, then the end id; no
more than ``max_new_tokens`` in all. So every test knows what to expect, and every answer tells its request::

    {"tokens": 8, "token_ms": 5, "faults": [{"do": "exit", "status": 3, "token": 7, "after_tokens": 2}]}

A fault strikes every request, or only those whose first input id is ``token``; at once, or once
``after_tokens`` of the answer are out; always, or only while more than ``batch_above`` requests run. With
``at: "load"`` or ``"ready"`` it strikes before or after the load instead.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..errors import config_invalid
from ..protocol import ErrorCode

Action = Literal[
    # The process
    "exit",  # leaves with `status`, without a word
    "abort",  # SIGABRT, as a failed assertion in C does
    "stop",  # SIGSTOP: alive, but nothing runs
    "ignore_sigterm",
    "mute_beats",  # no BEAT from here on
    "flood_stderr",  # writes `bytes` to stderr
    "leak",  # keeps `bytes` for good
    # The interpreter
    "hold_gil",  # computes `ms` with the interpreter lock held
    "hang",  # computes `ms` without the lock and without progress
    # The request
    "raise",  # raises `exception`, a builtin's name, or "Unprintable", whose text cannot be made
    "error",  # fails with `code`
    "oom",  # every running request fails as when the device's memory is full
    "cuda_fatal",  # ... as when the device is lost
    "lose",  # never answers
    # The protocol
    "stale_epoch",  # answers with another worker epoch
    "duplicate_result",  # answers twice
    "stray_result",  # answers a request that nobody sent, too
    "skip_chunk",  # leaves a gap in the chunks' numbers
    "garbage",  # sends frames that are no message
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong, and when."""

    do: Action
    at: Literal["load", "ready", "request"] = "request"
    token: int | None = None
    after_tokens: int = 0
    batch_above: int = 0
    status: int = 1
    ms: float = 3_600_000
    bytes: int = 1_000_000
    exception: str = "ValueError"
    code: ErrorCode = "INTERNAL"


class LoadFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A load that fails as a real one does: an ERROR, then the exit status."""

    code: ErrorCode = "MODEL_LOAD_FAILED"
    message: str = "The script says that this load fails."
    exit_status: int = 66


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the scripted engine does."""

    load_ms: float = 0
    """The load takes so long, with PROGRESS on the way."""
    load_error: LoadFailure | None = None
    service_ms: float = 0
    """Every request takes so long before its first token. Requests in different slots run side by side."""
    token_ms: float = 0
    """Time between tokens; 0 gives all of them at once, in one CHUNK."""
    tokens: int | None = None
    """Length of an answer before its end id; by default that of the input."""
    reply_bytes: int = 0
    """Size of an additional u8 tensor `payload` in every RESULT."""
    assets: str | None = None
    """A checkpoint folder whose processor files are served."""
    facts: dict[str, Any] = {}
    """Fields of READY's `model` that differ from the scripted engine's own."""
    faults: list[Fault] = []

    @classmethod
    def parse(cls, text: str) -> Script:
        """The script of a LOAD."""
        try:
            return msgspec.json.decode(text.encode(), type=cls)
        except msgspec.DecodeError as error:
            raise config_invalid(f"The script is not valid: {error}", path="source.script") from error
