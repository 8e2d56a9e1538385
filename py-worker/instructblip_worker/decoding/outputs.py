"""Scores and the like as tensors that can be sent."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..protocol import TensorFrame


def floats(values: torch.Tensor) -> TensorFrame:
    """f32 of any shape."""
    return TensorFrame.of(values.float().cpu().numpy())


def by_row(steps: Sequence[torch.Tensor], rows: slice, length: int) -> TensorFrame:
    """f32 [rows, length, V] of scores [B, V] by step."""
    return floats(torch.stack([step[rows] for step in steps[:length]], dim=1))


def beam_indices(indices: torch.Tensor, first: int) -> TensorFrame:
    """i32 [rows, tokens]: which of the request's own beams each token came from; -1 after the end."""
    own = torch.where(indices >= 0, indices - first, indices)
    return TensorFrame.of(own.to(torch.int32).cpu().numpy())
