"""A tensor as it travels: one frame of raw bytes and what is needed to read them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._types import WireDType

if TYPE_CHECKING:
    import numpy.typing as npt

ELEMENT_BYTES: dict[str, int] = {
    "u8": 1,
    "i8": 1,
    "i32": 4,
    "i64": 8,
    "f16": 2,
    "bf16": 2,
    "f32": 4,
    "bool": 1,
}
"""Bytes of one element, by wire dtype."""

_NUMPY: dict[str, str] = {
    "u8": "|u1",
    "i8": "|i1",
    "i32": "<i4",
    "i64": "<i8",
    "f16": "<f2",
    "bf16": "<u2",
    "f32": "<f4",
    "bool": "|b1",
}
_WIRE: dict[str, WireDType] = {
    "uint8": "u8",
    "int8": "i8",
    "int32": "i32",
    "int64": "i64",
    "float16": "f16",
    "float32": "f32",
    "bool": "bool",
}


@dataclass(frozen=True)
class TensorFrame:
    """Raw little-endian, C-contiguous elements. ``data`` is a view of the message's frame: no copy."""

    dtype: WireDType
    shape: tuple[int, ...]
    data: memoryview

    def __post_init__(self) -> None:
        wanted = math.prod(self.shape) * ELEMENT_BYTES[self.dtype]
        if self.data.nbytes != wanted:
            raise ValueError(
                f"{self.dtype} {list(self.shape)} needs {wanted} bytes, but data has {self.data.nbytes}"
            )

    @classmethod
    def of(cls, array: npt.NDArray[Any], dtype: WireDType | None = None) -> TensorFrame:
        """The frame of a numpy array; ``dtype`` is needed for bf16, whose bits come as uint16."""
        import numpy as np

        name = array.dtype.name
        code = dtype or _WIRE.get(name)
        if code is None or np.dtype(_NUMPY[code]) != array.dtype.newbyteorder("<"):
            raise ValueError(f"an array of {name} cannot be sent as {dtype or 'any wire dtype'}")
        dense = np.ascontiguousarray(array, dtype=_NUMPY[code])
        # An empty array cannot be cast by memoryview, and a scalar has no bytes view of its own.
        data = dense.reshape(-1).view("|u1").data if dense.size else memoryview(b"")
        return cls(code, array.shape, data)

    def numpy(self) -> npt.NDArray[Any]:
        """The elements as a numpy array over the same memory; bf16 comes as its bits, uint16."""
        import numpy as np

        return np.frombuffer(self.data, dtype=_NUMPY[self.dtype]).reshape(self.shape)

    def content_hash(self) -> str:
        """SHA-256 over ``<dtype>:<sizes joined by x>`` with a newline and the raw bytes, in hexadecimal."""
        digest = hashlib.sha256(f"{self.dtype}:{'x'.join(map(str, self.shape))}\n".encode())
        digest.update(self.data)
        return digest.hexdigest()
