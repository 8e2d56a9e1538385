"""Hidden states and attentions of a pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ..eager import eager_attention
from ._watch import Watch


@contextmanager
def recording(model: Any, wanted: Collection[str], watch: Watch) -> Iterator[dict[str, bool]]:
    """What to call the model with to get the outputs that are wanted; ``watch`` sees every layer start."""
    states = any(name.endswith("hidden_states") for name in wanted)
    maps = any(name.endswith("attentions") for name in wanted)
    flags = {"output_hidden_states": states, "output_attentions": maps}
    hooks = [layer.register_forward_pre_hook(lambda *_: watch.step()) for layer in _layers(model)]
    try:
        with eager_attention(model, wanted=maps):
            yield {name: True for name, asked in flags.items() if asked}
    finally:
        for hook in hooks:
            hook.remove()


def stacked(layers: Sequence[torch.Tensor]) -> torch.Tensor:
    """[B, …] of L layers as one [L, B, …]."""
    return torch.stack(tuple(layers))


def _layers(model: Any) -> Iterator[Any]:
    for part in model.modules():
        if isinstance(part, torch.nn.ModuleList):
            yield from part
