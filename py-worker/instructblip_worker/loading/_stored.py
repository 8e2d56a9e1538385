"""A model against the tensors that its files hold."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import safe_open

from ..errors import bad_data
from ..storage import Outline
from ._checkpoint import HEAD, Checkpoint

_SPOTS = ("query_tokens", "language_projection.bias", "vision_model.post_layernorm.weight", HEAD)
"""What is never quantised. The head is among them as transformers ties it on its own judgement."""


def check_shapes(checkpoint: Checkpoint, outline: Outline) -> None:
    """Raise LoadError for a tensor of another shape than config.json asks for, before gigabytes are read."""
    for weight in outline:
        stored = checkpoint.tensors.get(weight.name)
        if stored is not None and stored.shape != weight.shape:
            raise bad_data(
                f"{weight.name} is {list(stored.shape)} in {stored.file}, but config.json asks for "
                f"{list(weight.shape)}."
            )


def check_stored(model: Any, checkpoint: Checkpoint) -> None:
    """Raise LoadError when some weights are not those of the files."""
    for name in _SPOTS:
        stored = checkpoint.tensors.get(name)
        if stored is None:
            continue
        loaded = model.get_parameter(name)
        with safe_open(checkpoint.folder / stored.file, framework="pt") as file:
            # A few rows: a head has as many as the vocabulary.
            part = file.get_slice(name)[:4].to(loaded.device, loaded.dtype)
        # What is no number is told of elsewhere.
        if not torch.equal(loaded[:4].nan_to_num(), part.nan_to_num()):
            raise bad_data(f"{name} was not loaded as {stored.file} has it.")
