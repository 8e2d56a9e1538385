"""What there is of a model to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Parts:
    """All of InstructBLIP, or one of its encoders alone. The modules are transformers' own."""

    model: Any
    """What was loaded: the whole, or the one encoder."""
    vision: Any | None = None
    """InstructBlipVisionModel."""
    qformer: Any | None = None
    """InstructBlipQFormerModel."""
    whole: Any | None = None
    """InstructBlipForConditionalGeneration: only this has queries, projection and language model."""

    @classmethod
    def of(cls, model: Any) -> Parts:
        """The parts of a model of one of the three classes."""
        kind = type(model).__name__
        if kind == "InstructBlipVisionModel":
            return cls(model, vision=model)
        if kind == "InstructBlipQFormerModel":
            return cls(model, qformer=model)
        return cls(model, vision=model.vision_model, qformer=model.qformer, whole=model)

    @property
    def ops(self) -> list[str]:
        """The operations that can be asked of it."""
        if self.whole is not None:
            return ["generate", "rank", "forward", "vision_forward", "qformer_forward", "image_features"]
        return ["vision_forward" if self.vision is not None else "qformer_forward"]

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        device: torch.device = next(self.model.parameters()).device
        return device
