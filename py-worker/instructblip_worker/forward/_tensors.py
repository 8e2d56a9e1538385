"""Tensors in and out of messages."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from ..protocol import TensorFrame

_FRACTIONS: dict[str, torch.dtype] = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def to_tensor(frame: TensorFrame, device: torch.device) -> torch.Tensor:
    """A tensor that came: fractions as they are, ids and masks as int64."""
    array = frame.numpy()
    if frame.dtype in _FRACTIONS:
        # A copy: torch takes no memory that must not be written to.
        return torch.from_numpy(array.copy()).view(_FRACTIONS[frame.dtype]).to(device)
    return torch.from_numpy(array.astype(np.int64)).to(device)


def to_frame(tensor: torch.Tensor, dtype: Literal["f32", "f16", "bf16"] | None) -> TensorFrame:
    """A tensor as it travels; fractional ones in ``dtype``, or as they are."""
    if dtype is not None and tensor.is_floating_point():
        tensor = tensor.to(_FRACTIONS[dtype])
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        # numpy has no such type: its bits travel.
        return TensorFrame.of(tensor.view(torch.uint16).numpy(), "bf16")
    return TensorFrame.of(tensor.numpy())
