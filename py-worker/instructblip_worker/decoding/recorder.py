"""Looking at the scores of every step."""

from __future__ import annotations

import torch
from transformers.generation.logits_process import LogitsProcessor


class Recorder(LogitsProcessor):
    """Sees the final scores before the draw: finds rows that are not numbers, and keeps all when asked to."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self.steps: list[torch.Tensor] = []
        """By step: f32 [B, V]."""
        self._broken: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores [B, V], unchanged."""
        broken = scores.isnan().any(dim=-1)
        self._broken = broken if self._broken is None else self._broken | broken
        if self._keep:
            self.steps.append(scores)
        return scores

    def take_broken(self) -> torch.Tensor | None:
        """bool [B]: rows that had NaN among their scores since this was asked last."""
        broken, self._broken = self._broken, None
        return broken
