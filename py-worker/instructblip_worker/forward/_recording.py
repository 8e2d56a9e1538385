"""Hidden states and attentions of a pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def recording(model: Any, wanted: Collection[str]) -> Iterator[dict[str, bool]]:
    """What to call the model with to get the outputs that are wanted.

    Only eager attention has maps to show: the fused kernels never make them. It is switched on for as long as
    the pass takes, in every configuration that a part of the model reads, as T5's two stacks have their own.
    """
    flags = {}
    if any(name.endswith("hidden_states") for name in wanted):
        flags["output_hidden_states"] = True
    if not any(name.endswith("attentions") for name in wanted):
        yield flags
        return
    found = (getattr(part, "config", None) for part in model.modules())
    configs = {id(config): config for config in found if config is not None}
    before = {key: config._attn_implementation for key, config in configs.items()}
    try:
        for config in configs.values():
            config._attn_implementation = "eager"
        yield {**flags, "output_attentions": True}
    finally:
        for key, config in configs.items():
            config._attn_implementation = before[key]


def stacked(layers: Sequence[torch.Tensor]) -> torch.Tensor:
    """[B, …] of L layers as one [L, B, …]."""
    return torch.stack(tuple(layers))
