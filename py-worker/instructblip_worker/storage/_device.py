"""Where a model runs, and in which numbers."""

from __future__ import annotations

from typing import Literal

import torch

from ..errors import config_invalid
from ._plan import DType

_AMPERE = (8, 0)


def choose_device(name: str) -> torch.device:
    """The device of a name: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", 0)
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise config_invalid(f"There is no device {name!r}.", path="device") from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = device.index or 0
        if index >= count:
            raise config_invalid(
                f"{name} was asked for, but PyTorch sees {count} CUDA devices.", path="device"
            )
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise config_invalid("mps was asked for, but this machine or PyTorch has none.", path="device")
    if device.type not in ("cpu", "mps"):
        raise config_invalid(f"{name} is not supported: only cpu, cuda and mps are.", path="device")
    return device


def choose_dtype(wanted: DType | Literal["auto"], device: torch.device) -> DType:
    """`auto`: bfloat16 on Ampere and later, float16 on older GPUs and mps, float32 on the CPU."""
    if wanted != "auto":
        return wanted
    if device.type == "cpu":
        return "float32"
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= _AMPERE:
        return "bfloat16"
    return "float16"
