"""Tensors in and out of messages."""

from __future__ import annotations

from typing import Literal

import torch

from ..protocol import TensorFrame

_FRACTIONS: dict[str, torch.dtype] = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def to_frame(tensor: torch.Tensor, dtype: Literal["f32", "f16", "bf16"] | None) -> TensorFrame:
    """A tensor as it travels; fractional ones in ``dtype``, or as they are."""
    if dtype is not None and tensor.is_floating_point():
        tensor = tensor.to(_FRACTIONS[dtype])
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        # numpy has no such type: its bits travel.
        return TensorFrame.of(tensor.view(torch.uint16).numpy(), "bf16")
    return TensorFrame.of(tensor.numpy())
