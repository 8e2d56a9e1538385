"""Hidden states and attention maps of a ``generate`` call, its steps joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import pad

from ..protocol import GenerateOptions, TensorFrame
from .outputs import floats

_Step = Sequence[torch.Tensor]
"""One step's tensors by layer, each [R, positions, …] or [R, heads, positions, keys]."""


def states(options: GenerateOptions, output: Any, steps: int, *, reads: bool) -> dict[str, TensorFrame]:
    """What is asked for of the first ``steps`` steps, by transformers' names.

    Hidden states are f32 [layers + 1, R, positions, D], attention maps [layers, R, heads, positions, keys]; a
    layer's maps over all steps are one map, 0 where a position could not look yet. A decoder-only model has
    the prompt's positions first; one that ``reads`` with an encoder has the prompt apart, in one row.
    """
    prefix = "decoder_" if reads else ""
    found: dict[str, torch.Tensor] = {}
    if options.output_hidden_states:
        found[f"{prefix}hidden_states"] = _join(output[f"{prefix}hidden_states"][:steps])
        if reads:
            found["encoder_hidden_states"] = torch.stack(output.encoder_hidden_states)[:, :1]
    if options.output_attentions:
        found[f"{prefix}attentions"] = _join_maps(output[f"{prefix}attentions"][:steps])
        if reads:
            found["cross_attentions"] = _join(output.cross_attentions[:steps])
            found["encoder_attentions"] = torch.stack(output.encoder_attentions)[:, :1]
    return {name: floats(values) for name, values in found.items()}


def _join(steps: Sequence[_Step]) -> torch.Tensor:
    """[layers, R, …, positions, size]: positions are the last but one dimension."""
    return torch.cat([torch.stack(list(_news(step, first=step is steps[0]))) for step in steps], dim=-2)


def _join_maps(steps: Sequence[_Step]) -> torch.Tensor:
    """[layers, R, heads, positions, keys]: later steps have more keys."""
    keys = max(step[0].shape[-1] for step in steps)
    return _join([[pad(layer, (0, keys - layer.shape[-1])) for layer in step] for step in steps])


def _news(step: _Step, *, first: bool) -> _Step:
    """Without a cache every step computes all positions again: the last one is new."""
    return step if first else [layer[..., -1:, :] for layer in step]
