"""The head of a safetensors file: eight bytes of length, then JSON, then the tensors."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import LoadError, bad_data

_MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""
_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
_BYTES |= {"I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a file describes it."""

    file: str
    dtype: str
    """In the format's words: `F32`, `BF16`, …"""
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def read_header(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a file by name. Raises LoadError when it is cut short or not of this format."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if size < 8 or header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise bad_data(f"{path.name} is cut short, or not a safetensors file.")
        entries = _entries(file.read(header_bytes), path.name)
    end = 0
    for name, tensor, (start, stop) in sorted(entries, key=lambda entry: entry[2]):
        wanted = tensor.size * _BYTES[tensor.dtype]
        if start != end or stop - start != wanted:
            raise bad_data(
                f"The head of {path.name} is wrong: {name} is {tensor.dtype} {list(tensor.shape)}, which "
                f"takes {wanted} bytes from {end}, but it has {start} to {stop}."
            )
        end = stop
    if 8 + header_bytes + end != size:
        described = 8 + header_bytes + end
        raise bad_data(
            f"{path.name} has {size} bytes, but its head describes {described}. Download it again."
        )
    tensors = {name: tensor for name, tensor, _ in entries}
    if len(tensors) != len(entries):
        raise bad_data(f"The head of {path.name} has a name twice.")
    return tensors


def _entries(header: bytes, file: str) -> list[tuple[str, StoredTensor, tuple[int, int]]]:
    try:
        pairs = json.loads(header, object_pairs_hook=list)
        return [_entry(name, dict(fields), file) for name, fields in pairs if name != "__metadata__"]
    except LoadError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise bad_data(f"The head of {file} cannot be read.") from error


def _entry(name: str, fields: dict[str, Any], file: str) -> tuple[str, StoredTensor, tuple[int, int]]:
    start, stop = map(int, fields["data_offsets"])
    tensor = StoredTensor(file, str(fields["dtype"]), tuple(map(int, fields["shape"])))
    if min(tensor.shape, default=0) < 0:
        raise ValueError("a negative size")
    if tensor.dtype not in _BYTES:
        raise bad_data(f"{name} in {file} is of the type {tensor.dtype}, which no InstructBLIP has.")
    return name, tensor, (start, stop)
