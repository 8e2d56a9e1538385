"""Limits that hold for every message, on both sides of every socket."""

from __future__ import annotations

MAX_INT = 2**53 - 1
"""Largest magnitude of an integer: what a JavaScript number holds exactly."""

HEADER_BYTES = 16 * 1024
"""Bytes of a header frame, but for the kinds below."""

LARGE_HEADER_BYTES = 64 * 1024
"""Bytes of a header frame that describes many items or many tensors."""

LARGE_HEADER_KINDS = frozenset(
    {"LOAD", "BEAT", "SUBMIT", "CHUNK", "RESULT", "ASSETS_REPLY", "ADMIN", "ADMIN_REPLY"}
)

DEPTH = 8
"""Nesting of maps and arrays in a header; the header itself is the first level."""

ITEMS = 4096
"""Map entries and array items in a header, all together."""

KEY_BYTES = 48
"""UTF-8 bytes of a map key."""

TENSORS = 255
"""Tensor frames of a message (one byte counts them)."""

RANK = 8
"""Dimensions of a tensor."""

TENSOR_BYTES = 64 * 1024 * 1024
"""Bytes of all tensor frames of a message."""

PART_BYTES = 16 * 1024 * 1024
"""Bytes of the tensor of a PART."""

OUTPUT_BYTES = 1024 * 1024 * 1024
"""Bytes of all outputs of a request."""

BATCH = 64
"""Requests in one SUBMIT."""

ERROR_MESSAGE_BYTES = 512
"""UTF-8 bytes of an error's message, as a sender cuts it."""
