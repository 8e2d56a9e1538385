"""Ways to decode. `DECODERS["project"]` is the one place to change when the project decodes otherwise."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from transformers.generation.configuration_utils import GenerationConfig

from instructblip_worker.stages import Prompt

Decode = Callable[[Any, Prompt, int], torch.Tensor]
"""Language model, prompt of B rows, steps: i64 [B, steps], greedy, and never ending before."""


def transformers_generate(language_model: Any, prompt: Prompt, steps: int) -> torch.Tensor:
    """transformers' own loop, with a cache that grows."""
    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=steps,
        eos_token_id=None,
        pad_token_id=0,
        decoder_start_token_id=0,
        bos_token_id=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        language_model.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=None)
        tokens: torch.Tensor = language_model.generate(
            inputs_embeds=prompt.embeds, attention_mask=prompt.mask, generation_config=config
        )
    return tokens[:, -steps:]


DECODERS: dict[str, Decode] = {
    # A worker's static batches are one call of `generate`.
    "project": transformers_generate,
    "transformers": transformers_generate,
}
