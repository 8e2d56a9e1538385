"""The head of a safetensors file: eight bytes of length, then JSON, then the tensors."""

from __future__ import annotations

import json
import math
from pathlib import Path

from ..errors import bad_data

_MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""


def count_parameters(path: Path) -> int:
    """How many numbers a file holds. Raises LoadError when it is cut short or not of this format."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if size < 8 or header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise bad_data(f"{path.name} is cut short, or not a safetensors file.")
        try:
            header = json.loads(file.read(header_bytes))
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            end = max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
            parameters = sum(math.prod(entry["shape"]) for entry in tensors)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise bad_data(f"The head of {path.name} cannot be read.") from error
    wanted = 8 + header_bytes + end
    if wanted != size:
        raise bad_data(f"{path.name} has {size} bytes, but its head describes {wanted}. Download it again.")
    return int(parameters)
