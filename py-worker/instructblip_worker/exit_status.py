"""What a worker's exit status tells the pool."""

from __future__ import annotations

OK = 0
BAD_DATA = 65
"""The checkpoint's files are damaged. Starting again will not help."""
NO_MODEL = 66
"""There is no such checkpoint, or files are missing. Starting again will not help."""
INTERNAL = 70
"""A defect, or trouble that may pass."""
CUDA_FATAL = 71
"""The device is unusable for this process."""
PARENT_GONE = 75
NO_PERMISSION = 77
"""The hub does not let this user have the checkpoint. Starting again will not help."""
CONFIG = 78
"""What was asked for cannot be. Starting again will not help."""
