"""Whether a model can fit, before gigabytes are read to find out."""

from __future__ import annotations

from pathlib import Path

import torch

from ..errors import LoadError
from ..protocol import Quantization
from ..storage import DType

_BYTES: dict[str, float] = {"float32": 4, "bfloat16": 2, "float16": 2}
_QUANTISED: dict[str, float] = {"none": 1.0, "int8": 0.5, "nf4": 0.25}
"""Share of the bytes that is left when all of a 16-bit model is quantised: what a load takes at least."""


def refuse_if_too_large(
    parameters: int, dtype: DType, quantization: Quantization, device: torch.device
) -> None:
    """Raise LoadError when the weights alone are larger than the free memory."""
    needed = int(parameters * _BYTES[dtype] * _QUANTISED[quantization])
    free = _free_bytes(device)
    if free is not None and needed > free:
        raise LoadError(
            "RESOURCE_EXHAUSTED",
            f"{parameters / 1e9:.2f} billion parameters in {dtype} (quantization {quantization}) take at "
            f"least {needed / 1e9:.1f} GB, but {device} has {free / 1e9:.1f} GB free.",
        )


def _free_bytes(device: torch.device) -> int | None:
    """Free memory, as far as it can be known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    meminfo = Path("/proc/meminfo")
    if device.type == "cpu" and meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
