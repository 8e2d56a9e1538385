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


def check_stored(model: Any, checkpoint: Checkpoint) -> list[str]:
    """Raise LoadError when some weights are not those of the files. Returns what is worth a warning."""
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
    return _scaled_head(model, checkpoint)


def _scaled_head(model: Any, checkpoint: Checkpoint) -> list[str]:
    """T5 before its version 1.1 shares its embeddings with its head, and scales what it puts into it."""
    language_model = model.language_model
    embeddings = language_model.get_input_embeddings().weight
    shares = language_model.get_output_embeddings().weight is embeddings
    scales = getattr(language_model.config, "scale_decoder_outputs", False)
    if not checkpoint.has_own_head or shares or not scales:
        return []
    return [
        "The T5 has a head of its own, but config.json does not say so (text_config.tie_word_embeddings is "
        "not false): its scores are scaled as for a shared one."
    ]
