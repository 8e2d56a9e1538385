"""A warm-up followed by half a cosine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


def rate(step: int, steps: int, peak: float, warmup: int = 100, floor: float = 0.02) -> float:
    """The learning rate at `step` of `steps`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def optimizer(*shares: tuple[Iterable[nn.Parameter], float]) -> torch.optim.AdamW:
    """AdamW whose groups each take a share of the rate; vectors (norms, biases) do not decay."""
    groups: list[dict[str, Any]] = []
    for parameters, share in shares:
        kept = list(parameters)
        groups.append({"params": [p for p in kept if p.ndim > 1], "weight_decay": 0.02, "share": share})
        groups.append({"params": [p for p in kept if p.ndim <= 1], "weight_decay": 0.0, "share": share})
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-8)


def set_rate(target: torch.optim.Optimizer, value: float) -> None:
    """Writes the learning rate into every group."""
    for group in target.param_groups:
        group["lr"] = value * group["share"]
